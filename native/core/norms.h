// Euclidean norms that neither overflow nor underflow. For kernel sources (see simd.h).
#pragma once

#include <cmath>

#include "core/simd.h"

namespace cd {
namespace CD_TARGET {

// Rows shorter than this normalise to 0 and have gradient 0.
inline constexpr double kShortestNorm = 1e-12;

// Unit vectors that are closer to each other, in double, differ by rounding alone.
inline constexpr double kParallel = 1e-15;

CD_INLINE double to_double(double x) { return x; }
CD_INLINE double to_double(float x) { return static_cast<double>(x); }
CD_INLINE double to_double(Bf16 x) {
  const uint32_t bits = static_cast<uint32_t>(x.bits) << 16;
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return static_cast<double>(value);
}
CD_INLINE double to_double(F16 x) { return static_cast<double>(to_float(x)); }

// |x - y| (y null: |x|), scaled by a power of two so that no square leaves the range of a double.
template <class E>
double scaled_norm(const E* x, const E* y, int64_t dim) {
  double largest = 0;
  for (int64_t d = 0; d < dim; ++d) {
    const double value = __builtin_fabs(to_double(x[d]) - (y != nullptr ? to_double(y[d]) : 0.0));
    if (!(value <= largest)) largest = value;
    if (!__builtin_isfinite(largest)) return largest;
  }
  if (largest == 0) return 0;
  int exponent = 0;
  std::frexp(largest, &exponent);
  const double scale = std::ldexp(1.0, exponent < -1000 ? 1000 : -exponent);
  double sum = 0;
  for (int64_t d = 0; d < dim; ++d) {
    const double value = (to_double(x[d]) - (y != nullptr ? to_double(y[d]) : 0.0)) * scale;
    sum += value * value;
  }
  return __builtin_sqrt(sum) / scale;
}

// The root of a sum of squares that was computed in T, or scaled_norm where that left the range in
// which T is precise.
template <class T, class E>
CD_INLINE double norm_of(T sum_of_squares, const E* x, const E* y, int64_t dim) {
  constexpr double kLeast = sizeof(T) == 8 ? 1e-280 : 1e-30;
  constexpr double kMost = sizeof(T) == 8 ? 1e300 : 1e37;
  const double square = static_cast<double>(sum_of_squares);
  if (square >= kLeast && square <= kMost) return __builtin_sqrt(square);
  return scaled_norm(x, y, dim);
}

template <class T, class E>
CD_INLINE double row_norm(const E* x, int64_t dim) {
  Sums<T> squares;
  for_each_vector<T>(
      0, dim, [&](int64_t d, int64_t n, int k) __attribute__((always_inline)) {
        const Vector<T> v = load<T>(x + d, n);
        squares.part[k] = multiply_add(v, v, squares.part[k]);
      });
  return norm_of<T>(squares.total(), x, static_cast<const E*>(nullptr), dim);
}

// 1 / norm; 0 for a row that is too short, NaN for one that is not finite.
CD_INLINE double inverse_norm(double norm) {
  if (norm < kShortestNorm) return 0;
  return norm <= 1.7976931348623157e308 ? 1 / norm : __builtin_nan("");
}

// How two rows lie to each other.
struct Directions {
  double norm_s, norm_t;
  double apart;   // |s^ - t^|^2
  double across;  // |s^ + t^|^2
};

// From the unit vectors themselves, in double. Both products are rounded before they are
// subtracted, so that equal rows are exactly 0 apart.
template <class E>
Directions measure_directions(const E* s, const E* t, int64_t dim) {
  using T = double;
  Directions pair;
  pair.norm_s = row_norm<T>(s, dim);
  pair.norm_t = row_norm<T>(t, dim);
  const Vector<T> is = broadcast(inverse_norm(pair.norm_s));
  const Vector<T> it = broadcast(inverse_norm(pair.norm_t));
  Sums<T> apart, across;
  for_each_vector<T>(
      0, dim, [&](int64_t d, int64_t n, int k) __attribute__((always_inline)) {
        const Vector<T> us = load<T>(s + d, n) * is, ut = load<T>(t + d, n) * it;
        const Vector<T> difference = us - ut, together = us + ut;
        apart.part[k] = multiply_add(difference, difference, apart.part[k]);
        across.part[k] = multiply_add(together, together, across.part[k]);
      });
  pair.apart = apart.total();
  pair.across = across.total();
  return pair;
}

}  // namespace CD_TARGET
}  // namespace cd
