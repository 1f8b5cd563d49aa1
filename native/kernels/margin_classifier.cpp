// K2, the quality-weighted margin classifier loss: arguments, and the row's scalar part
// between the passes of margin_classifier_tiles.cpp. Letters as in margin_classifier.h.
#include "kernels/margin_classifier.h"

#if defined(CD_COMPILE_PORTABLE)

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "core/loss_arrays.h"
#include "core/loss_options.h"
#include "core/parallel.h"
#include "core/reduction.h"
#include "core/rounding.h"
#include "core/tensor_check.h"
#include "kernels/margin_classifier_plan.h"
#include "kernels/quality_weights.h"

namespace cd {
namespace {

// What the checks of one row set find out.
struct Set {
  int64_t counted;
  double weight_sum;
  double inverse_n;
};

Set check_set(ArrayCheck& check, int32_t index, const cd_row_set& set, int32_t dtype,
              int64_t classes, int64_t dim, int32_t reduction) {
  check_row_set_arrays(check, index, set, dtype, dim);
  const int64_t counted = check.counted_rows("labels", set.labels, set.rows, classes);
  const double weight_sum =
      check.weight_sum("weights", set.weights_or_null, dtype, set.rows, set.labels);
  return {counted, weight_sum, inverse_divisor(reduction, counted, weight_sum)};
}

void zero_rows(void* data, int64_t rows, int64_t row_bytes, int64_t stride_bytes) {
  for (int64_t i = 0; i < rows; ++i) {
    std::memset(static_cast<char*>(data) + i * stride_bytes, 0, static_cast<size_t>(row_bytes));
  }
}

// The rows that count, set after set, and those that don't of the sets whose quality is asked for.
void collect_rows(int32_t dtype, const std::vector<cd_row_set>& sets, const std::vector<Set>& sums,
                  Memory& memory) {
  const int64_t element = element_bytes(dtype);
  int64_t number = 0, counted = 0;
  for (const Set& set : sums) counted += set.counted;
  memory.rows.reserve(static_cast<size_t>(counted));
  for (const cd_row_set& set : sets) {
    for (int64_t i = 0; i < set.rows; ++i, ++number) {
      const bool counts = set.labels[i] != CD_IGNORE_LABEL;
      if (!counts && number >= 2 * memory.weighed_rows) continue;
      ClassifierRow& row = (counts ? memory.rows : memory.ignored).emplace_back();
      row.number = number;
      row.z = static_cast<const char*>(set.embeddings) + i * set.embeddings_stride * element;
      if (set.grad_embeddings_or_null != nullptr) {
        row.grad_or_null = static_cast<char*>(set.grad_embeddings_or_null) +
                           i * set.grad_embeddings_stride * element;
      }
      row.label = set.labels[i];
    }
  }
}

// Gradients of ignored rows; without any row that counts, those of the classifier as well.
void write_zeros(const MarginClassifier& call, const std::vector<cd_row_set>& sets) {
  const int64_t element = element_bytes(call.dtype);
  for (const cd_row_set& set : sets) {
    if (set.grad_embeddings_or_null == nullptr) continue;
    for (int64_t i = 0; i < set.rows; ++i) {
      char* grad = static_cast<char*>(set.grad_embeddings_or_null) +
                   i * set.grad_embeddings_stride * element;
      if (set.labels[i] == CD_IGNORE_LABEL) zero_rows(grad, 1, call.dim * element, 0);
    }
  }
  if (call.rows > 0) return;
  if (call.grad_classifier_or_null != nullptr) {
    zero_rows(call.grad_classifier_or_null, call.classes, call.dim * element,
              call.grad_classifier_stride * element);
  }
  if (call.grad_bias_or_null != nullptr) {
    zero_rows(call.grad_bias_or_null, 1, call.classes * element, 0);
  }
}

// Loss of a row from its groups' sums; leaves in `row` and the arrays what the gradients need.
template <class T>
double finish_row(const MarginClassifier& call, int64_t i, double coefficient) {
  const T* largest = static_cast<const T*>(call.group_largest) + i;
  const T* sums = static_cast<const T*>(call.group_sums) + i;
  ClassifierRow& row = call.row[i];
  double top = static_cast<double>(largest[0]);
  for (int64_t g = 1; g < call.groups; ++g) {
    top = std::max(top, static_cast<double>(largest[g * call.padded_rows]));
  }
  double others = 0;  // sum of exp(scale (logit - top)) over the classes but the target
  for (int64_t g = 0; g < call.groups; ++g) {
    const double group_top = static_cast<double>(largest[g * call.padded_rows]);
    others +=
        static_cast<double>(sums[g * call.padded_rows]) * std::exp(call.scale * (group_top - top));
  }
  const double largest_logit = std::max(top, row.target);
  const double rest = others * std::exp(call.scale * (top - largest_logit));
  const double own = std::exp(call.scale * (row.target - largest_logit));
  // The factor makes up for the shift's rounding. That is beyond 1 for logits beyond 1e8, where the
  // factor might be infinite, and NaN times the exponentials of the other classes, which are 0.
  const T shift = static_cast<T>(largest_logit);
  const double rounding = std::exp(call.scale * (static_cast<double>(shift) - largest_logit));
  constexpr double kLargest = std::numeric_limits<T>::max();
  static_cast<T*>(call.shifts)[i] = shift;
  static_cast<T*>(call.factors)[i] = static_cast<T>(
      coefficient == 0 ? 0
                       : std::clamp(coefficient * call.scale / (rest + own) * row.scale * rounding,
                                    -kLargest, kLargest));
  row.pull = -coefficient * call.scale * row.slope * rest / (rest + own);
  if (!std::isfinite(row.target)) return std::nan("");
  return row.target >= top ? std::log1p(rest / own)
                           : call.scale * (top - row.target) + std::log(rest + own);
}

// Whether the target is the first of the largest logits, all without margin.
template <class T>
bool is_hit(const MarginClassifier& call, int64_t i) {
  const ClassifierRow& row = call.row[i];
  const int64_t tile = row.label / call.tile_classes;
  bool hit = row.plain_target > row.best_below;
  for (int64_t g = 0; g < call.groups; ++g) {
    const double best =
        static_cast<double>(static_cast<const T*>(call.group_largest)[g * call.padded_rows + i]);
    const bool before = call.tiles * (g + 1) / call.groups <= tile;
    hit = hit && (before ? row.plain_target > best : row.plain_target >= best);
  }
  return hit;
}

// Losses of one set and its gradients by the weights. `next` is the set's first row that counts.
template <class T>
void finish_set(const MarginClassifier& call, const cd_row_set& set, const Set& sums,
                int32_t reduction, int64_t& next) {
  const T* weights = static_cast<const T*>(set.weights_or_null);
  T* grad_weights = static_cast<T*>(set.grad_weights_or_null);
  std::vector<double> losses(static_cast<size_t>(grad_weights == nullptr ? 0 : set.rows));
  double total = 0;
  for (int64_t i = 0; i < set.rows; ++i) {
    const bool counts = set.labels[i] != CD_IGNORE_LABEL;
    const double weight = weights == nullptr ? 1 : static_cast<double>(weights[i]);
    double loss = 0;
    bool hit = false;
    if (counts) {
      loss = finish_row<T>(call, next, weight * set.grad_scale * sums.inverse_n);
      hit = set.hits_or_null != nullptr && is_hit<T>(call, next);
      ++next;
      total += weight * loss;
    }
    if (set.row_losses_or_null != nullptr) {
      static_cast<T*>(set.row_losses_or_null)[i] = static_cast<T>(loss);
    }
    if (set.hits_or_null != nullptr) set.hits_or_null[i] = hit;
    if (grad_weights != nullptr) losses[static_cast<size_t>(i)] = loss;
  }
  *static_cast<T*>(set.loss) = static_cast<T>(total * sums.inverse_n);
  if (grad_weights == nullptr) return;
  write_weight_gradients(losses.data(), weights, set.labels, set.rows, reduction, sums.inverse_n,
                         set.grad_scale, grad_weights);
}

void finish_losses(const MarginClassifier& call, const std::vector<cd_row_set>& sets,
                   const std::vector<Set>& sums, int32_t reduction) {
  // Logits of the rows that only pad hold the bias: however large it is, no exponential overflows.
  for (int64_t i = call.rows; i < call.padded_rows; ++i) {
    if (call.dtype == CD_F64) {
      static_cast<double*>(call.shifts)[i] = DBL_MAX;
      static_cast<double*>(call.factors)[i] = 0;
    } else {
      static_cast<float*>(call.shifts)[i] = FLT_MAX;
      static_cast<float*>(call.factors)[i] = 0;
    }
  }
  int64_t next = 0;
  for (size_t s = 0; s < sums.size(); ++s) {
    if (call.dtype == CD_F64) {
      finish_set<double>(call, sets[s], sums[s], reduction, next);
    } else {
      finish_set<float>(call, sets[s], sums[s], reduction, next);
    }
  }
}

AngularMargin angular_margin(double m) {
  constexpr double kPi = 3.14159265358979323846;
  return {std::cos(m), std::sin(m), std::cos(kPi - m), m * std::sin(kPi - m)};
}

// The first look at the rows. No value is refused after it.
void prepare(const MarginClassifier& call, int32_t slots, const cd_quality* quality_or_null,
             Memory& memory, std::vector<cd_row_set>& sets, std::vector<Set>& sums,
             int32_t reduction) {
  const auto prepare_panel = CD_OF_ACTIVE_ISA(prepare_rows);
  const auto measure_panel = CD_OF_ACTIVE_ISA(measure_ignored);
  const int64_t panels = call.padded_rows / call.width;
  const int64_t ignored = ceil_divide(call.ignored_rows, call.width);
  portable::parallel_for(panels + ignored, threads_for(panels + ignored, slots),
                         [&](int64_t panel, int32_t) {
                           if (panel < panels) return prepare_panel(call, panel);
                           measure_panel(call, panel - panels);
                         });
  if (quality_or_null == nullptr) return;
  const double sum = weigh_rows(call, *quality_or_null, sets[0], memory.row_weights);
  sets[0].weights_or_null = memory.row_weights;
  sums[0].inverse_n = inverse_divisor(reduction, sums[0].counted, sum);
}

void run(MarginClassifier& call, Memory& memory, const cd_quality* quality_or_null,
         std::vector<cd_row_set>& sets, std::vector<Set>& sums, int32_t reduction,
         int32_t threads) {
  const bool any_row = std::any_of(memory.rows.begin(), memory.rows.end(),
                                   [](const auto& row) { return row.grad_or_null != nullptr; });
  const bool any_gradient =
      any_row || call.grad_classifier_or_null != nullptr || call.grad_bias_or_null != nullptr;
  plan_tiles(call, any_gradient);
  const int64_t panels = call.padded_rows / call.width;
  const int32_t slots = threads_for(std::max(call.groups, panels), threads, nanoseconds(call));
  plan_memory(call, memory, slots, any_row);

  prepare(call, slots, quality_or_null, memory, sets, sums, reduction);
  write_zeros(call, sets);
  if (call.rows == 0) return finish_losses(call, sets, sums, reduction);
  const auto reduce = CD_OF_ACTIVE_ISA(reduce_logits);
  const auto differentiate = CD_OF_ACTIVE_ISA(classifier_gradients);
  const auto finish_rows = CD_OF_ACTIVE_ISA(row_gradients);
  const int32_t few = threads_for(panels, slots), many = threads_for(call.groups, slots);
  portable::parallel_for(call.groups, many,
                         [&](int64_t group, int32_t slot) { reduce(call, group, slot); });
  finish_losses(call, sets, sums, reduction);
  if (any_gradient) {
    portable::parallel_for(call.groups, many,
                           [&](int64_t group, int32_t slot) { differentiate(call, group, slot); });
  }
  if (any_row) {
    portable::parallel_for(panels, few,
                           [&](int64_t panel, int32_t slot) { finish_rows(call, panel, slot); });
  }
}

}  // namespace
}  // namespace cd

extern "C" int32_t cd_margin_classifier(
    int32_t dtype, int64_t classes, int64_t dim, const void* classifier, int64_t classifier_stride,
    const void* bias_or_null, const cd_row_set* row_sets, int32_t row_set_count,
    const cd_quality* quality_or_null, int32_t kind, double scale, double margin,
    int32_t easy_margin, int32_t reduction, void* grad_classifier_or_null,
    int64_t grad_classifier_stride, void* grad_bias_or_null, int32_t threads) {
  return cd::guarded([&] {
    cd::element_bytes(dtype);
    const bool softmax = kind == CD_CLASSIFIER_SOFTMAX;
    cd::check_size("classes", classes, 1);
    cd::check_size("dim", dim, 0);
    cd::check_size("threads", threads, 0);
    cd::check_classifier_options(kind, scale, margin, easy_margin, reduction);
    cd::ArrayCheck check;
    cd::check_row_sets(check, row_sets, row_set_count);
    cd::check_classifier_arrays(check, dtype, classes, dim, kind, classifier, classifier_stride,
                                bias_or_null, grad_classifier_or_null, grad_classifier_stride,
                                grad_bias_or_null);
    std::vector<cd::Set> sums;
    for (int32_t i = 0; i < row_set_count; ++i) {
      sums.push_back(cd::check_set(check, i, row_sets[i], dtype, classes, dim, reduction));
    }
    if (quality_or_null != nullptr) {
      cd::check_classifier_quality(check, *quality_or_null, row_sets, row_set_count, dtype);
      cd::check_quality_factors(*quality_or_null, dtype, sums[0].weight_sum);
    }
    check.check_aliasing();
    if (quality_or_null != nullptr) {
      cd::check_statistics(quality_or_null->statistics, quality_or_null->update != 0);
    }
    cd::active_isa();

    std::vector<cd_row_set> sets(row_sets, row_sets + row_set_count);
    cd::Memory memory = {};
    memory.weighed_rows = quality_or_null == nullptr ? 0 : row_sets[0].rows;
    cd::collect_rows(dtype, sets, sums, memory);
    cd::MarginClassifier call = {};
    call.dtype = dtype;
    call.classes = classes;
    call.dim = dim;
    call.classifier = classifier;
    call.classifier_stride = classifier_stride;
    call.bias_or_null = bias_or_null;
    call.kind = kind;
    call.scale = softmax ? 1 : scale;
    call.margin = margin;
    call.angular_margin = cd::angular_margin(margin);
    call.easy_margin = easy_margin != 0;
    call.grad_classifier_or_null = grad_classifier_or_null;
    call.grad_classifier_stride = grad_classifier_stride;
    call.grad_bias_or_null = grad_bias_or_null;
    call.rows = static_cast<int64_t>(memory.rows.size());
    cd::run(call, memory, quality_or_null, sets, sums, reduction, threads);
  });
}

#endif
