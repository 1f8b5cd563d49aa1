// What all versions of K1 compute, element by element.
#pragma once

#include "core/cuda_util.cuh"
#include "lab/lab.h"

namespace lab {

using cd::cuda::launch;

constexpr int kBlock = 256;

inline int64_t no_extra(const Feature&) { return 0; }

// A row's measures, from |s|^2, |t|^2 and s.t in double: |s^ - t^|^2 = 2 - 2 cos.
struct Measures {
  float inverse_s, inverse_t, distance, half_square;

  __device__ Measures(double ss, double tt, double st) {
    inverse_s = static_cast<float>(1 / sqrt(ss));
    inverse_t = static_cast<float>(1 / sqrt(tt));
    half_square = static_cast<float>(1 - st / sqrt(ss * tt));
    distance = sqrtf(2 * half_square);
  }
};

// With u = s^ - t^ and h = |u|^2 / 2: d|u| / ds = (u - h s^) / (|s| |u|), and -(u + h t^) / (|t|
// |u|) by t.
__device__ inline void gradients(const Feature& p, const Measures& m, float s, float t,
                                 float& grad_s, float& grad_t) {
  const float factor = m.distance > p.margin ? 1 / (static_cast<float>(p.rows) * m.distance) : 0;
  const float us = s * m.inverse_s, ut = t * m.inverse_t, u = us - ut;
  grad_s = factor * m.inverse_s * (u - m.half_square * us);
  grad_t = -factor * m.inverse_t * (u + m.half_square * ut);
}

__device__ inline float loss_of(const Feature& p, const Measures& m) {
  return m.distance > p.margin ? m.distance - p.margin : 0;
}

}  // namespace lab
