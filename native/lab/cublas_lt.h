// What version 3 of K2 calls of cuBLASLt. Neither its header nor the library has to be there when
// the laboratory is built: signatures and constants are those of CUDA 12 and 13.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

namespace lab {

// The functions under their names without `cublasLt`; each that returns an int returns a status, 0
// for success.
struct CublasLt {
  static constexpr int kF32 = 0;             // CUDA_R_32F
  static constexpr int kComputeF32 = 68;     // CUBLAS_COMPUTE_32F, which is not TF32
  static constexpr int kTransposeA = 3;      // CUBLASLT_MATMUL_DESC_TRANSA
  static constexpr int kTransposeB = 4;      // CUBLASLT_MATMUL_DESC_TRANSB
  static constexpr int32_t kAsItIs = 0;      // CUBLAS_OP_N
  static constexpr int32_t kTransposed = 1;  // CUBLAS_OP_T

  int (*create)(void** handle);
  int (*desc_create)(void** desc, int compute_type, int scale_type);  // MatmulDescCreate ...
  int (*desc_set_attribute)(void* desc, int attribute, const void* value, size_t bytes);
  int (*desc_destroy)(void* desc);
  int (*layout_create)(void** layout, int type, uint64_t rows, uint64_t columns, int64_t ld);
  int (*layout_destroy)(void* layout);  // MatrixLayoutDestroy
  // D = alpha op(A) op(B) + beta C, column-major; without an algorithm it chooses one itself.
  int (*matmul)(void* handle, void* desc, const void* alpha, const void* a, void* a_layout,
                const void* b, void* b_layout, const void* beta, const void* c, void* c_layout,
                void* d, void* d_layout, const void* algorithm, void* workspace,
                size_t workspace_bytes, cudaStream_t stream);
  const char* (*get_status_string)(int status);

  void* handle;  // of `create`, kept until the process ends
};

// The newest that can be loaded and takes the current GPU; null where there is none.
const CublasLt* cublas_lt();

}  // namespace lab
