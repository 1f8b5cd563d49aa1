// Labels of rows on a GPU, where nobody looks at them before the launch: which rows count, what
// their loss is divided by, and which label is the first that is none.
#pragma once

#include "core/cuda_util.cuh"

namespace cd::cuda {

// Labels as they are kept: a class, or
constexpr int64_t kIgnored = -1;
constexpr int64_t kBadLabel = -2;

// Labels null: every row has the label 0.
__device__ inline int64_t kept_label(const int64_t* labels_or_null, int64_t i, int64_t classes) {
  if (labels_or_null == nullptr) return 0;
  const int64_t label = labels_or_null[i];
  if (label == CD_IGNORE_LABEL) return kIgnored;
  return label >= 0 && label < classes ? label : kBadLabel;
}

struct CountedRows {
  double sum;   // of the rows' counts
  int64_t bad;  // the first row whose label is none; INT64_MAX: there is no such row
};

// Over the kThreads threads of a block: label_of(i) as above, and count_of(i) of the rows that are
// not ignored.
template <int kThreads, class LabelOf, class CountOf>
__device__ CountedRows count_rows(int64_t rows, const LabelOf& label_of, const CountOf& count_of) {
  double sums[1] = {0};
  int64_t bad = INT64_MAX;
  for (int64_t i = threadIdx.x; i < rows; i += kThreads) {
    const int64_t label = label_of(i);
    if (label == kBadLabel && bad == INT64_MAX) bad = i;
    if (label != kIgnored) sums[0] += count_of(i);
  }
  block_sum<kThreads>(sums);
  bad = block_merged<kThreads>(bad, [](int64_t a, int64_t b) { return a < b ? a : b; });
  return {sums[0], bad};
}

// What a loss over rows is divided by, given the sum of what its rows count.
__device__ inline Divisor divisor_of(int32_t reduction, double sum, double grad_scale) {
  const double n = reduction == CD_SUM ? 1 : sum;
  const double inverse_n = n == 0 ? 0 : 1 / n;
  return {inverse_n, grad_scale * inverse_n};
}

constexpr int kLabelBlock = 1024;  // threads of the one block that looks at all rows

// What the rows' losses are made one loss of. A the accumulation type.
template <class A>
struct RowLosses {
  int64_t rows;
  int64_t classes;
  const int64_t* labels_or_null;  // [B]
  const A* weights_or_null;       // [B]
  int32_t reduction;
  double grad_scale;
  int64_t* bad_row;         // [1]
  Divisor* divisor;         // [1]
  double* losses;           // [B]: l_i; 0 for ignored rows
  A* loss;                  // [1]
  A* grad_weights_or_null;  // [B]
};

// Before the rows: the divisor, and the first bad label.
template <class A>
__global__ void __launch_bounds__(kLabelBlock) row_loss_divisor(RowLosses<A> call) {
  const CountedRows counted = count_rows<kLabelBlock>(
      call.rows, [&](int64_t i) { return kept_label(call.labels_or_null, i, call.classes); },
      [&](int64_t i) {
        return call.reduction == CD_WEIGHTED_MEAN
                   ? static_cast<double>(checked_weight(call.weights_or_null, i))
                   : 1;
      });
  if (threadIdx.x != 0) return;
  *call.divisor = divisor_of(call.reduction, counted.sum, call.grad_scale);
  *call.bad_row = counted.bad == INT64_MAX ? -1 : counted.bad;
}

// After the rows: the loss, and the gradients of the weights.
template <class A>
__global__ void __launch_bounds__(kLabelBlock) row_loss_total(RowLosses<A> call) {
  double sum[1] = {0};
  const auto counts = [&](int64_t i) {
    return kept_label(call.labels_or_null, i, call.classes) != kIgnored;
  };
  for (int64_t i = threadIdx.x; i < call.rows; i += kLabelBlock) {
    if (!counts(i)) continue;
    sum[0] += static_cast<double>(checked_weight(call.weights_or_null, i)) * call.losses[i];
  }
  block_sum<kLabelBlock>(sum);
  const double loss = sum[0] * call.divisor->inverse_n;
  if (threadIdx.x == 0) *call.loss = static_cast<A>(loss);
  if (call.grad_weights_or_null == nullptr) return;
  const double shift = call.reduction == CD_WEIGHTED_MEAN ? loss : 0;
  for (int64_t i = threadIdx.x; i < call.rows; i += kLabelBlock) {
    const double slope = (call.losses[i] - shift) * call.divisor->gradient_factor;
    call.grad_weights_or_null[i] = counts(i) ? static_cast<A>(slope) : 0;
  }
}

}  // namespace cd::cuda
