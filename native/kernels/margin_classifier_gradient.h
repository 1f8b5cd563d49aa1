// K2, from d loss / d cosine to the gradients of a row or of a class vector. For kernel sources.
#pragma once

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

// Writes grad [D] = inverse_norm * (g - (g . x^) x^ + target), where g and x^ are row `row` of row
// panels; raw rows have no norm to differentiate. A null target is zero. In double, and with x^ as
// long as it is after rounding: where g is nearly parallel to x^, little is left of it.
template <class T, class E>
void write_gradient(const MarginClassifier& call, const T* g, const T* x, int64_t row, int64_t rows,
                    const double* target_or_null, double inverse_norm, E* grad) {
  using D = double;
  constexpr int64_t kWidth = kPanelWidth<T>;
  const auto at = [&](int64_t d) __attribute__((always_inline)) {
    return (d / kWidth * rows + row) * kWidth + d % kWidth;
  };
  Vector<D> projection = {};
  if (call.kind != CD_CLASSIFIER_SOFTMAX) {
    Vector<D> gx = {}, xx = {};
    for (int64_t d = 0; d < call.padded_dim; d += kLanes<D>) {
      const Vector<D> vx = load<D>(x + at(d));
      gx = multiply_add(load<D>(g + at(d)), vx, gx);
      xx = multiply_add(vx, vx, xx);
    }
    const double square = sum<D>(xx);
    if (square > 0) projection = broadcast(-sum<D>(gx) / square);
  }
  const Vector<D> factor = broadcast(inverse_norm);
  for_each_vector<D>(
      0, call.dim, [&](int64_t d, int64_t n, int) __attribute__((always_inline)) {
        Vector<D> total = multiply_add(projection, load<D>(x + at(d)), load<D>(g + at(d)));
        if (target_or_null != nullptr) total += read<Vector<D>>(target_or_null + d);
        store<D>(grad + d, factor * total, n);
      });
}

}  // namespace CD_TARGET
}  // namespace cd
