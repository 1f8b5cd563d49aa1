// What K2 does on a GPU between its products, a warp for each row: the target's logit and the loss.
// Letters as in margin_classifier_prepare.cuh.
//
// The gradient of a row's target cosine c points along v^ - c z^. Where z^ and v^ are nearly
// (anti)parallel that would cancel in the products, so such targets are left out there and added in
// double precision: with h = |v^ - z^|^2 / 2 = 1 - c it is (v^ - z^) + h z^, for obtuse rows the
// same with -v^.
#pragma once

#include "kernels/margin_classifier_prepare.cuh"

namespace cd::cuda {

// A row against its target, in double precision.
struct TargetMeasures {
  double inverse_target_norm;
  double apart;
  double across;
  double cosine;  // softmax: the logit
  double sine;
  bool has_angle;  // not so for a row without direction, which is at right angles to everything
};

template <class T>
__device__ TargetMeasures measure_target(const WarpRow<T>& z, const WarpRow<T>& v, double inverse_z,
                                         bool normalized, double bias) {
  TargetMeasures m = {1, 0, 0, 0, 1, false};
  m.inverse_target_norm = normalized ? inverse_norm(v.precise_norm()) : 1;
  constexpr int kCount = Pack<T>::kCount;
  double sums[3] = {0, 0, 0};
  for (int64_t d = lane_number() * kCount; d < z.columns; d += kWarp * kCount) {
    const Pack<T> ez = read_pack(z.x, d, z.columns, z.wide);
    const Pack<T> ev = read_pack(v.x, d, v.columns, v.wide);
    for (int k = 0; k < kCount; ++k) {
      const double a = rounded_product(static_cast<double>(widen(ez.at[k])), inverse_z);
      const double b = rounded_product(static_cast<double>(widen(ev.at[k])), m.inverse_target_norm);
      sums[0] += (a - b) * (a - b);
      sums[1] += (a + b) * (a + b);
      sums[2] += a * b;
    }
  }
  warp_sum(sums);
  m.apart = sums[0];
  m.across = sums[1];
  m.cosine = sums[2] + bias;
  m.has_angle = normalized && inverse_z != 0 && m.inverse_target_norm != 0;
  if (!m.has_angle) return m;
  m.cosine = m.apart <= m.across ? 1 - m.apart / 2 : m.across / 2 - 1;
  m.sine = sqrt(m.apart * m.across) / 2;
  return m;
}

// The target's logit with its margin; `slope` is its derivative by the cosine.
__device__ inline double target_logit(const ClassifierOptions& options, double cosine, double sine,
                                      double& slope) {
  const double m = options.margin, cos_m = options.cos_margin, sin_m = options.sin_margin;
  slope = options.normalized ? options.scale : 1;
  if (!options.normalized) return cosine;
  if (options.kind == CD_CLASSIFIER_AM) return options.scale * (cosine - m);
  if (options.kind == CD_CLASSIFIER_NORMALIZED) return options.scale * cosine;
  if (options.easy_margin) {
    if (cosine <= 0) return options.scale * cosine;
  } else if (cosine <= -cos_m) {
    return options.scale * (cosine - m * sin_m);
  }
  slope = sine < kParallel ? 0 : options.scale * (cos_m + cosine / sine * sin_m);
  return options.scale * (cosine * cos_m - sine * sin_m);
}

// The parts of a row's softmax put together: log sum exp over the other classes, and the arg-max.
template <class A>
__device__ RowPart<double> merge_row(const RowPart<A>* parts, int64_t slots) {
  RowPart<double> all = {-INFINITY, 0, -INFINITY, INT64_MAX};
  for (int64_t slot = lane_number(); slot < slots; slot += kWarp) {
    const RowPart<A> part = parts[slot];
    all = merge_parts(all, {static_cast<double>(part.largest), static_cast<double>(part.sum),
                            static_cast<double>(part.best), part.best_class});
  }
  for (int mask = kWarp / 2; mask > 0; mask /= 2) {
    const RowPart<double> other = {__shfl_xor_sync(kAllLanes, all.largest, mask),
                                   __shfl_xor_sync(kAllLanes, all.sum, mask),
                                   __shfl_xor_sync(kAllLanes, all.best, mask),
                                   __shfl_xor_sync(kAllLanes, all.best_class, mask)};
    all = merge_parts(all, other);
  }
  return all;
}

// Writes what is one number per row, and returns w_i l_i.
template <class T>
__device__ double write_row(const ClassifierSet<T>& set, int64_t i, double loss, bool hit,
                            double weight, double gradient_factor, int32_t reduction) {
  using A = Accumulator<T>;
  if (set.row_losses_or_null != nullptr) set.row_losses_or_null[i] = static_cast<A>(loss);
  if (set.hits_or_null != nullptr) set.hits_or_null[i] = hit ? 1 : 0;
  if (set.grad_weights_or_null != nullptr) {
    // In a weighted mean the set's loss is missing yet: see classifier_loss.
    const double factor = reduction == CD_WEIGHTED_MEAN ? 1 : gradient_factor;
    set.grad_weights_or_null[i] = static_cast<A>(loss * factor);
  }
  return weight * loss;
}

// Losses of a set's rows, and what their gradients need.
template <class T>
__global__ void __launch_bounds__(kClassifierBlock)
    classifier_targets(ClassifierSet<T> set, ClassifierMatrix<T> matrix, ClassifierOptions options,
                       const Divisor* divisor, const RowPart<Accumulator<T>>* parts, int64_t slots,
                       RowSpace<T> space) {
  using A = Accumulator<T>;
  const int64_t i = warp_number();
  if (i >= set.rows) return;
  const int64_t row = set.first + i, label = space.factors[row].label;
  const double weight = static_cast<double>(checked_weight(set.weights_or_null, i));
  const double factor = divisor->gradient_factor;
  if (label < 0) {
    const double loss = label == kIgnored ? 0 : not_a_number<double>();
    if (lane_number() != 0) return;
    const double product = write_row(set, i, loss, false, weight, factor, options.reduction);
    space.products[row] = label == kIgnored ? 0 : product;
    return;
  }
  RowState state = space.states[row];
  const WarpRow<T> z = {set.embeddings_or_null + i * set.stride, matrix.dim, set.wide};
  const WarpRow<T> v = {matrix.values + label * matrix.stride, matrix.dim, matrix.wide};
  const double bias =
      matrix.bias_or_null == nullptr ? 0 : static_cast<double>(widen(matrix.bias_or_null[label]));
  const TargetMeasures m = measure_target(z, v, state.inverse_norm, options.normalized, bias);
  const RowPart<double> others = merge_row(parts + row * slots, slots);
  if (lane_number() != 0) return;

  double slope;
  const double target = target_logit(options, m.cosine, m.sine, slope);
  // l = log(1 + exp(x)); 1 - p of the target is its derivative.
  const double x = !isfinite(target) ? not_a_number<double>()
                   : others.sum == 0 ? -INFINITY
                                     : others.largest + log(others.sum) - target;
  const double tail = exp(x > 0 ? -x : x);
  const double loss = (x > 0 ? x : 0) + log1p(tail);
  const double missing = x > 0 ? 1 / (1 + tail) : tail / (1 + tail);
  const double coefficient = weight * factor;
  const double target_gradient = coefficient == 0 ? 0 : -coefficient * missing * slope;
  const bool precise = m.has_angle && (m.apart < 0x1p-6 || m.across < 0x1p-6);
  const double rest = static_cast<double>(space.factors[row].rest);
  const double gradient = rest * coefficient * (options.normalized ? options.scale : 1);
  const double in_products = precise ? 0 : rest * target_gradient;
  space.factors[row] = {label, static_cast<A>(target + loss), static_cast<A>(rest),
                        static_cast<A>(gradient), static_cast<A>(in_products)};
  state.inverse_target_norm = m.inverse_target_norm;
  state.apart = m.apart;
  state.across = m.across;
  state.precise = precise ? target_gradient : 0;
  state.bound = fmax(fabs(gradient) * missing, fabs(in_products));
  space.states[row] = state;
  space.products[row] =
      write_row(set, i, loss, others.best_class == label, weight, factor, options.reduction);
}

// A set's loss and, in a weighted mean, the gradients of its weights; and the largest bound of all
// sets so far.
template <class T>
__global__ void __launch_bounds__(kClassifierBlock)
    classifier_loss(ClassifierSet<T> set, RowSpace<T> space, const Divisor* divisor,
                    int32_t reduction, bool first_set, double* peak) {
  using A = Accumulator<T>;
  double sum[1] = {0}, bound = 0;
  for (int64_t i = threadIdx.x; i < set.rows; i += kClassifierBlock) {
    sum[0] += space.products[set.first + i];
    bound = fmax(bound, space.states[set.first + i].bound);
  }
  block_sum<kClassifierBlock>(sum);
  bound = block_merged<kClassifierBlock>(bound, [](double a, double b) { return fmax(a, b); });
  const double loss = sum[0] * divisor->inverse_n;
  if (threadIdx.x == 0) {
    *set.loss = static_cast<A>(loss);
    *peak = first_set ? bound : fmax(*peak, bound);
  }
  if (set.grad_weights_or_null == nullptr || reduction != CD_WEIGHTED_MEAN) return;
  for (int64_t i = threadIdx.x; i < set.rows; i += kClassifierBlock) {
    const double row_loss = static_cast<double>(set.grad_weights_or_null[i]);
    const bool counts = space.factors[set.first + i].label != kIgnored;
    set.grad_weights_or_null[i] =
        counts ? static_cast<A>((row_loss - loss) * divisor->gradient_factor) : 0;
  }
}

// Chains the rows of each class whose target is done in double precision, in ascending order.
template <class T>
__global__ void __launch_bounds__(kClassifierBlock)
    classifier_chains(RowSpace<T> space, int64_t rows, int64_t* first_precise_row) {
  const int64_t row = warp_number();
  if (row >= rows || space.states[row].precise == 0) return;
  const int64_t label = space.factors[row].label;
  const auto belongs = [&](int64_t other) {
    return other < rows && space.factors[other].label == label && space.states[other].precise != 0;
  };
  bool is_first = true;
  for (int64_t start = 0; start < row && is_first; start += kWarp) {
    const int64_t other = start + lane_number();
    is_first = __ballot_sync(kAllLanes, other < row && belongs(other)) == 0;
  }
  int64_t next = -1;
  for (int64_t start = row + 1; start < rows && next < 0; start += kWarp) {
    const unsigned found = __ballot_sync(kAllLanes, belongs(start + lane_number()));
    if (found != 0) next = start + __ffs(static_cast<int>(found)) - 1;
  }
  if (lane_number() != 0) return;
  space.states[row].next = next;
  if (is_first) first_precise_row[label] = row;
}

}  // namespace cd::cuda
