// Instruction sets: every kernel source is compiled once for each of them (see CMakeLists.txt),
// into the namespace CD_TARGET, and the wrapper that is compiled once calls the active one.
#pragma once

#include <cstdint>

// AVX-512 with products of bf16, and the same with those of matrices (AMX).
#if defined(CD_COMPILE_AMX)
#define CD_TARGET amx
#define CD_VECTOR_BYTES 64
#define CD_PRODUCTS_OF_BF16
#elif defined(CD_COMPILE_AVX512BF16)
#define CD_TARGET avx512bf16
#define CD_VECTOR_BYTES 64
#define CD_PRODUCTS_OF_BF16
#elif defined(CD_COMPILE_AVX512)
#define CD_TARGET avx512
#define CD_VECTOR_BYTES 64
#elif defined(CD_COMPILE_AVX2)
#define CD_TARGET avx2
#define CD_VECTOR_BYTES 32
#else
#define CD_TARGET portable
#define CD_VECTOR_BYTES 16
#endif

// Declares a function in the namespace of each instruction set.
#define CD_FOR_EACH_ISA(declaration) \
  namespace portable {               \
  declaration;                       \
  }                                  \
  namespace avx2 {                   \
  declaration;                       \
  }                                  \
  namespace avx512 {                 \
  declaration;                       \
  }                                  \
  namespace avx512bf16 {             \
  declaration;                       \
  }                                  \
  namespace amx {                    \
  declaration;                       \
  }

namespace cd {

// The instruction set in use (a cd_isa); fails with CD_UNSUPPORTED where the environment asks for
// one that is unknown or that this machine lacks.
int32_t active_isa();

// Bytes of its vectors.
int64_t active_vector_bytes();

// The function of the active instruction set.
template <class Function>
Function* of_active_isa(Function* portable, Function* avx2, Function* avx512, Function* avx512bf16,
                        Function* amx) {
  Function* const table[] = {portable, avx2, avx512, avx512bf16, amx};
  return table[active_isa()];
}

}  // namespace cd

#if defined(CD_WITH_X86_ISAS)
#define CD_OF_ACTIVE_ISA(function)                                                       \
  cd::of_active_isa(&cd::portable::function, &cd::avx2::function, &cd::avx512::function, \
                    &cd::avx512bf16::function, &cd::amx::function)
#else
#define CD_OF_ACTIVE_ISA(function) (cd::active_isa(), &cd::portable::function)
#endif
