// K7's losses and slopes of a panel of rows from its products with all rows. For kernel sources
// (see simd.h). A panel is [B, W]; all is computed in double, a few lanes at a time.
#pragma once

#include "core/norms.h"
#include "core/panels.h"
#include "core/simd_math.h"

namespace cd {
namespace CD_TARGET {

using V = Vector<double>;

template <class T>
inline constexpr int kParts = kPanelWidth<T> / kLanes<double>;

// One number for each row of a panel.
template <class T>
struct RowNumbers {
  V part[kParts<T>] = {};
};

// Calls body(index, part) for the vectors of [rows, W].
template <class T, class Body>
CD_INLINE void for_each_entry(int64_t rows, const Body& body) {
  for (int64_t j = 0; j < rows; ++j) {
#pragma GCC unroll 4
    for (int k = 0; k < kParts<T>; ++k) body(j * kPanelWidth<T> + k * kLanes<double>, k);
  }
}

// Rounding may take the cosine of opposite rows below -1; NaN stays.
CD_INLINE V likeness(V cosine) {
  return maximum(V{}, multiply_add(cosine, broadcast(0.5), broadcast(0.5)));
}

// slopes = (slopes - mean) factor
template <class T>
void center(int64_t rows, const RowNumbers<T>& mean, const RowNumbers<T>& factor, T* slopes) {
  for_each_entry<T>(
      rows, [&](int64_t at, int k) __attribute__((always_inline)) {
        const V slope = load<double>(slopes + at) - mean.part[k];
        store<double>(slopes + at, slope * factor.part[k]);
      });
}

// Products of s and t become slopes, where they are asked for. Those by P are taken up to a
// constant, which the sum of each row of P, 1, takes out again: -p / (q + e) + 1 and log + p / (p +
// e) - 1. D is half the slope by S.
template <class T>
RowNumbers<T> pkt_slopes(int64_t rows, T* s, bool by_student, T* t, bool by_teacher) {
  const V epsilon = broadcast(1e-7), half = broadcast(0.5);
  RowNumbers<T> inverse_s, inverse_t, mean_s, mean_t, losses;
  for_each_entry<T>(
      rows, [&](int64_t at, int k) __attribute__((always_inline)) {
        inverse_s.part[k] += likeness(load<double>(s + at));
        inverse_t.part[k] += likeness(load<double>(t + at));
      });
  for (int k = 0; k < kParts<T>; ++k) {
    inverse_s.part[k] = broadcast(1.0) / inverse_s.part[k];
    inverse_t.part[k] = broadcast(1.0) / inverse_t.part[k];
  }
  for_each_entry<T>(
      rows, [&](int64_t at, int k) __attribute__((always_inline)) {
        const V q = likeness(load<double>(s + at)) * inverse_s.part[k];
        const V p = likeness(load<double>(t + at)) * inverse_t.part[k];
        const V qe = q + epsilon, pe = p + epsilon, inverse = broadcast(1.0) / qe;
        const V log = logarithm(pe / qe);
        losses.part[k] = multiply_add(p, log, losses.part[k]);
        if (by_student) {
          const V slope = (qe - p) * inverse;
          mean_s.part[k] = multiply_add(slope, q, mean_s.part[k]);
          store<double>(s + at, slope);
        }
        if (by_teacher) {
          const V slope = log - epsilon / pe;
          mean_t.part[k] = multiply_add(slope, p, mean_t.part[k]);
          store<double>(t + at, slope);
        }
      });
  for (int k = 0; k < kParts<T>; ++k) {
    inverse_s.part[k] *= half;
    inverse_t.part[k] *= half;
  }
  if (by_student) center<T>(rows, mean_s, inverse_s, s);
  if (by_teacher) center<T>(rows, mean_t, inverse_t, t);
  return losses;
}

// From the sums of squares of rows of products to 1 / length; 0 for a row that is too short.
template <class T>
void invert_lengths(double shortest, RowNumbers<T>& squares) {
  for (V& part : squares.part) {
    for (int lane = 0; lane < kLanes<double>; ++lane) {
      const double length = __builtin_sqrt(part[lane]);
      part[lane] = length < shortest ? 0 : 1 / length;
    }
  }
}

// Products become slopes, without the factor 2 of the square. Rows of products shorter than
// `shortest` have neither.
template <class T>
RowNumbers<T> sp_slopes(int64_t rows, T* s, double shortest_s, T* t, double shortest_t) {
  RowNumbers<T> inverse_s, inverse_t, along_s, along_t, losses;
  for_each_entry<T>(
      rows, [&](int64_t at, int k) __attribute__((always_inline)) {
        const V g = load<double>(s + at), h = load<double>(t + at);
        inverse_s.part[k] = multiply_add(g, g, inverse_s.part[k]);
        inverse_t.part[k] = multiply_add(h, h, inverse_t.part[k]);
      });
  invert_lengths<T>(shortest_s, inverse_s);
  invert_lengths<T>(shortest_t, inverse_t);
  for_each_entry<T>(
      rows, [&](int64_t at, int k) __attribute__((always_inline)) {
        const V n = load<double>(s + at) * inverse_s.part[k];
        const V m = load<double>(t + at) * inverse_t.part[k];
        const V apart = n - m;
        losses.part[k] = multiply_add(apart, apart, losses.part[k]);
        along_s.part[k] = multiply_add(apart, n, along_s.part[k]);
        along_t.part[k] = multiply_add(apart, m, along_t.part[k]);
      });
  for_each_entry<T>(
      rows, [&](int64_t at, int k) __attribute__((always_inline)) {
        const V n = load<double>(s + at) * inverse_s.part[k];
        const V m = load<double>(t + at) * inverse_t.part[k];
        const V apart = n - m;
        store<double>(s + at, (apart - n * along_s.part[k]) * inverse_s.part[k]);
        store<double>(t + at, (m * along_t.part[k] - apart) * inverse_t.part[k]);
      });
  return losses;
}

}  // namespace CD_TARGET
}  // namespace cd
