// What the versions of K2 share: tiles of a product in shared memory, and what a softmax needs of a
// row.
#pragma once

#include "core/cuda_util.cuh"
#include "lab/lab.h"

namespace lab {

using cd::cuda::ceil_divide;
using cd::cuda::kWarp;
using cd::cuda::launch;

constexpr int kBlock = 256;

// C [m, n] = alpha A B + beta C; element (i, k) of A is a[i * a_row + k * a_depth], likewise (k, j)
// of B, so that either may be transposed.
struct Product {
  int64_t m, n, k;
  const float* a;
  int64_t a_row, a_depth;
  const float* b;
  int64_t b_depth, b_column;
  float* c;  // [m, c_pitch]
  int64_t c_pitch;
  float alpha, beta;
};

// The running softmax of a row: its largest logit, and the sum of exp(logit - largest).
struct Running {
  float largest, sum;
};

__device__ inline Running merge(const Running& a, const Running& b) {
  const float largest = a.largest > b.largest ? a.largest : b.largest;
  const float of_a = a.sum == 0 ? 0 : a.sum * expf(a.largest - largest);
  return {largest, of_a + (b.sum == 0 ? 0 : b.sum * expf(b.largest - largest))};
}

// Of `count` logits of one row, by the threads of a warp; each receives it.
__device__ inline Running running_of(const float* logits, int64_t count) {
  Running all = {-INFINITY, 0};
  for (int64_t j = threadIdx.x % kWarp; j < count; j += kWarp) all = merge(all, {logits[j], 1});
  return cd::cuda::warp_merged(all, [](const Running& a, const Running& b) { return merge(a, b); });
}

// d loss / d cosine of class j, from its logit.
__device__ inline float slope_of(const Classifier& p, float logit, float log_sum, bool is_target) {
  return (expf(logit - log_sum) - (is_target ? 1 : 0)) * p.scale / static_cast<float>(p.rows);
}

}  // namespace lab
