// The tensor cores' products of 16-bit matrices (sm_80 and later), as instructions of one warp.
//
// With g = lane / 4 and t = lane % 4 a lane holds, two numbers a register:
//   a[0], a[1]: rows g, g + 8 of A [16, 16] at depth 2t, 2t + 1;  a[2], a[3]: the same, 8 deeper
//   b[0], b[1]: column g of B [16, 8] at depth 2t, 2t + 1, and 8 deeper
//   c[0], c[1]: row g of C [16, 8] in columns 2t, 2t + 1;  c[2], c[3]: row g + 8
#pragma once

#include "core/cuda_util.cuh"

#if defined(CD_SIMULATED)
#include "mma.h"  // of test/simt
#else

namespace cd::cuda {

// c += a b, the sums in float; all lanes together.
template <class T>
__device__ inline void multiply_fragments(float& c0, float& c1, float& c2, float& c3,
                                          const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  if constexpr (std::is_same_v<T, __half>) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
        "{%0,%1,%2,%3};"
        : "+f"(c0), "+f"(c1), "+f"(c2), "+f"(c3)
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  } else {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, "
        "{%8,%9}, {%0,%1,%2,%3};"
        : "+f"(c0), "+f"(c1), "+f"(c2), "+f"(c3)
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  }
}

// Four matrices [8, 8] from shared memory: lane l names the line l % 8, of 16 aligned bytes, of
// matrix l / 8. A lane receives elements 2t, 2t + 1 of line g of each (kTransposed: element g of
// lines 2t, 2t + 1).
template <bool kTransposed>
__device__ inline void load_matrices(uint32_t (&to)[4], const void* line) {
  const auto address = static_cast<uint32_t>(__cvta_generic_to_shared(line));
  if constexpr (kTransposed) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(address)
                 : "memory");
  } else {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(address)
                 : "memory");
  }
}

}  // namespace cd::cuda

#endif
