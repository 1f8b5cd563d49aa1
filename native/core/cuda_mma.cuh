// The tensor cores' product of bf16 matrices, as one warp's instruction (mma.sync, sm_80 and
// later).
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

// c += a b; all lanes together.
__device__ inline void mma_bf16(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

}  // namespace cd::cuda

#endif
