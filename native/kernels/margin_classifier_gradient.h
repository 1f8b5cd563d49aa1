// K2, from d loss / d cosine to the gradients of a row or of a class vector. For kernel sources.
#pragma once

#include <cmath>

#include "core/panels.h"
#include "crossdistill.h"
#include "kernels/margin_classifier.h"

namespace cd {
namespace CD_TARGET {

// out [D] += pull * ((other' - self') + h self'), the stable form of pull * (other' - cosine
// self'); the primes stand for the scales.
template <class E>
void add_target(const E* self, double self_scale, const E* other, double other_scale, double pull,
                double h, int64_t dim, double* out) {
  using T = double;
  const Vector<T> a = broadcast(self_scale), b = broadcast(other_scale);
  const Vector<T> factor = broadcast(pull), half = broadcast(h);
  for_each_vector<T>(
      0, dim, [&](int64_t d, int64_t n, int) __attribute__((always_inline)) {
        const Vector<T> us = load<T>(self + d, n) * a, uo = load<T>(other + d, n) * b;
        const Vector<T> direction = multiply_add(half, us, uo - us);
        store<T>(out + d, multiply_add(factor, direction, load<T>(out + d, n)), n);
      });
}

// A row of a plain matrix, or of row panels that are as wide as those of T; padded with zeros.
template <class E>
struct PlainRow {
  const E* elements;
  int64_t dim;

  template <class D>
  CD_INLINE Vector<D> at(int64_t d) const {
    const int64_t left = dim - d;
    return left >= kLanes<D> ? load<D>(elements + d)
           : left > 0        ? load_some<D>(elements + d, left)
                             : Vector<D>{};
  }
};

template <class T, class Element = T>
struct PanelRow {
  const Element* panels;
  int64_t row;
  int64_t rows;

  template <class D>
  CD_INLINE Vector<D> at(int64_t d) const {
    constexpr int64_t kWidth = kPanelWidth<T>;
    return load<D>(panels + (d / kWidth * rows + row) * kWidth + d % kWidth);
  }
};

// Writes grad [D] = inverse_norm * (g - (g . x^) x^ + target) with g = g_scale times a row; raw
// rows have no norm to differentiate. A null target is zero. x has the direction that the products
// saw, after rounding: where g is nearly parallel to it, little is left of g. Hence also in double,
// unless g comes from slopes that were rounded to 16 bits.
template <class D = double, class G, class X, class E>
void write_gradient(const MarginClassifier& call, const G& g, double g_scale, const X& x,
                    const double* target_or_null, double inverse_norm, E* grad) {
  Vector<D> projection = {};
  if (call.kind != CD_CLASSIFIER_SOFTMAX) {
    Vector<D> gx = {}, xx = {};
    for (int64_t d = 0; d < call.padded_dim; d += kLanes<D>) {
      const Vector<D> vx = x.template at<D>(d);
      gx = multiply_add(g.template at<D>(d), vx, gx);
      xx = multiply_add(vx, vx, xx);
    }
    const D square = sum<D>(xx);
    if (square > 0) projection = broadcast(-sum<D>(gx) / square * static_cast<D>(g_scale));
  }
  const Vector<D> factor = broadcast(static_cast<D>(inverse_norm));
  const Vector<D> scale = broadcast(static_cast<D>(g_scale));
  for_each_vector<D>(
      0, call.dim, [&](int64_t d, int64_t n, int) __attribute__((always_inline)) {
        const Vector<D> own = g.template at<D>(d) * scale;
        Vector<D> total = multiply_add(projection, x.template at<D>(d), own);
        if constexpr (sizeof(D) == 8) {
          if (target_or_null != nullptr) total += read<Vector<D>>(target_or_null + d);
        }
        store<D>(grad + d, factor * total, n);
      });
}

// Of a row that is packed as pairs: the power of two that it is multiplied by, so that its length
// comes close to 1 and no product leaves the range in which they are exact.
CD_INLINE double packing_factor(double inverse_norm) {
  if (!(inverse_norm > 0 && inverse_norm <= 1.7976931348623157e308)) return 1;
  int exponent = 0;
  std::frexp(inverse_norm, &exponent);
  return std::ldexp(1.0, exponent);
}

CD_INLINE double inverse_or_zero(double x) { return x == 0 ? 0 : 1 / x; }

}  // namespace CD_TARGET
}  // namespace cd
