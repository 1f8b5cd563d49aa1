// K2, weights of its first row set by the quality of the embeddings, whose norms its first pass
// has.
#include "kernels/margin_classifier.h"

#if defined(CD_COMPILE_PORTABLE)

#include <cfloat>

#include "core/accumulator.h"
#include "core/tensor_check.h"
#include "kernels/quality_weights.h"

namespace cd {

void check_quality_factors(const cd_quality& quality, int32_t dtype, double weight_sum) {
  constexpr double kMostQualityWeight = 4;
  const double most = weight_sum * (quality.offset + quality.factor * kMostQualityWeight);
  if (most > (dtype == CD_F64 ? DBL_MAX : static_cast<double>(FLT_MAX))) {
    fail(CD_INVALID_ARGUMENT,
         "quality.offset and quality.factor: expected a finite sum of the weights, got %g and %g "
         "beside weights of row_sets[0] that sum to %g",
         quality.offset, quality.factor, weight_sum);
  }
}

double weigh_rows(const MarginClassifier& call, const cd_quality& quality, const cd_row_set& set,
                  void* row_weights) {
  const auto* norms = static_cast<const char*>(call.norms);
  const Qualities student = {"row_sets[0].embeddings", norms};
  const Qualities teacher = {"row_sets[1].embeddings",
                             norms + set.rows * accumulator_bytes(call.dtype)};
  write_quality_weights({call.dtype == CD_F64 ? CD_F64 : CD_F32,
                         set.rows,
                         {student, teacher},
                         quality.mode,
                         quality.slope,
                         quality.h,
                         quality.alpha,
                         quality.update != 0,
                         quality.statistics,
                         quality.weights});
  double sum = 0;
  for (int64_t i = 0; i < set.rows; ++i) {
    const bool counts = set.labels[i] != CD_IGNORE_LABEL;
    const double own = !counts ? 0
                       : set.weights_or_null == nullptr
                           ? 1
                           : accumulator_at(call.dtype, set.weights_or_null, i);
    const double of_quality = accumulator_at(call.dtype, quality.weights, i);
    set_accumulator(call.dtype, row_weights, i,
                    own * (quality.offset + quality.factor * of_quality));
    sum += accumulator_at(call.dtype, row_weights, i);
  }
  return sum;
}

}  // namespace cd

#endif
