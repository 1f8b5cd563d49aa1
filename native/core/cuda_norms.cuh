// Euclidean norms on a GPU that neither overflow nor underflow.
#pragma once

#include "core/cuda_util.cuh"

namespace cd::cuda {

// Whether a sum of squares lies where C is precise; not so for NaN.
template <class C>
__device__ inline bool in_range(C square) {
  constexpr bool kDouble = sizeof(C) == 8;
  return square >= static_cast<C>(kDouble ? 1e-280 : 1e-30) &&
         square <= static_cast<C>(kDouble ? 1e300 : 1e37);
}

// A power of two times which the doubles x_d, given by body(s_d, t_d), have squares in range.
template <class Row, class Body>
__device__ double scale_of(const Row& row, const Body& body) {
  double flags[2];
  row.template sum<double>(flags, [&](double s, double t, double& large, double& normal) {
    const double x = fabs(body(s, t));
    if (!(x <= 0x1p500)) large = 1;
    if (x > 0x1p-500) normal = 1;
  });
  return flags[0] > 0 ? 0x1p-600 : flags[1] > 0 ? 1 : 0x1p600;
}

// |x| of doubles that leave the range.
template <class Row, class Body>
__device__ double scaled_norm(const Row& row, const Body& body) {
  const double scale = scale_of(row, body);
  double square[2];
  row.template sum<double>(square, [&](double s, double t, double& sum, double&) {
    const double x = scale * body(s, t);
    sum += x * x;
  });
  return sqrt(square[0]) / scale;
}

// 1 / norm; 0 for a row that is too short, NaN for one that is not finite.
template <class C>
__device__ inline C inverse_norm(C norm) {
  if (norm < static_cast<C>(kShortestNorm)) return 0;
  return norm - norm == 0 ? 1 / norm : not_a_number<C>();
}

// A row of T, as one lane of the warp that works on it sees it.
template <class T>
struct WarpRow {
  const T* x;
  int64_t columns;
  bool wide;

  // Sums of what body(x_d, x_d, a, b) adds to a and b in the type C; every lane receives them.
  template <class C, class Body>
  __device__ void sum(C (&sums)[2], const Body& body) const {
    sums[0] = sums[1] = 0;
    constexpr int kCount = Pack<T>::kCount;
    for (int64_t d = threadIdx.x % kWarp * kCount; d < columns; d += kWarp * kCount) {
      const Pack<T> pack = read_pack(x, d, columns, wide);
#pragma unroll
      for (int k = 0; k < kCount; ++k) {
        const C value = static_cast<C>(widen(pack.at[k]));
        body(value, value, sums[0], sums[1]);
      }
    }
    warp_sum(sums);
  }

  // The squares are added up in the row's Accumulator.
  __device__ double norm() const {
    Accumulator<T> squares[2];
    sum<Accumulator<T>>(squares, [](auto x_d, auto, auto& square, auto&) { square += x_d * x_d; });
    return in_range(squares[0]) ? sqrt(static_cast<double>(squares[0])) : precise_norm();
  }

  // The squares are added up in double.
  __device__ double precise_norm() const {
    double squares[2];
    sum<double>(squares, [](double x_d, double, double& square, double&) { square += x_d * x_d; });
    if constexpr (sizeof(T) == 8) {
      if (!in_range(squares[0])) return scaled_norm(*this, [](double x_d, double) { return x_d; });
    }
    return sqrt(squares[0]);
  }
};

}  // namespace cd::cuda
