// How row losses become one loss, for all kernels. For sources that are compiled once.
#pragma once

#include <cstdint>

#include "crossdistill.h"

namespace cd {

// 1 / n, where the loss is the weighted sum of the row losses divided by n; 0 where no row counts.
inline double inverse_divisor(int32_t reduction, int64_t counted_rows, double weight_sum) {
  const double n = reduction == CD_MEAN            ? static_cast<double>(counted_rows)
                   : reduction == CD_WEIGHTED_MEAN ? weight_sum
                                                   : 1;
  return n > 0 ? 1 / n : 0;
}

// grad[i] = grad_scale * d loss / d w_i of `rows` rows; 0 for ignored ones (labels null: none is).
// The weighted mean is subtracted relative to a row's loss, so that losses that differ little keep
// their digits.
template <class T>
void write_weight_gradients(const double* losses, const T* weights_or_null,
                            const int64_t* labels_or_null, int64_t rows, int32_t reduction,
                            double inverse_n, double grad_scale, T* grad) {
  const auto counts = [&](int64_t i) {
    return labels_or_null == nullptr || labels_or_null[i] != CD_IGNORE_LABEL;
  };
  double origin = 0, shift = 0;
  if (reduction == CD_WEIGHTED_MEAN) {
    int64_t first = 0;
    while (first < rows && !counts(first)) ++first;
    origin = first < rows ? losses[first] : 0;
    for (int64_t i = first; i < rows; ++i) {
      const double weight =
          weights_or_null == nullptr ? 1 : static_cast<double>(weights_or_null[i]);
      if (counts(i)) shift += weight * (losses[i] - origin);
    }
    shift *= inverse_n;
  }
  for (int64_t i = 0; i < rows; ++i) {
    const double slope = (losses[i] - origin - shift) * inverse_n * grad_scale;
    grad[i] = counts(i) ? static_cast<T>(slope) : 0;
  }
}

}  // namespace cd
