// K3 on a GPU, all terms of customised cross-modal distillation in one look at four rows of logits
// and one pass that writes their gradients. With softmaxes T, S, PT, PS and, without the target,
// NT, NS of the proxies, the divergences in both directions have opposite gradients: that of
// KL(sg t || pt) + KL(sg pt || t) is T - PT by t and PT - T by pt. B rows, C classes.
#pragma once

#include "core/cuda_labels.cuh"
#include "core/cuda_softmax_pair.cuh"
#include "core/loss_arrays.h"

namespace cd::cuda {

template <class T>
struct NetworkLogits {
  const T* logits;  // [B, C]
  int64_t stride;
  T* grad_or_null;  // [B, C]
  int64_t grad_stride;
};

template <class T>
struct C2kd {
  int64_t rows;
  int64_t classes;
  NetworkLogits<T> networks[kNetworks];
  const int64_t* labels;  // [B]
  int32_t target;
  double temperature;
  bool wide;
  bool kept;
  int row_threads;
  const uint8_t* agrees;   // [B]: whether the proxies teach each other
  const Divisor* divisor;  // [1]
  double* terms;           // [B, 8]
};

// log sum exp of the logits other than the label's, in one look: l = log(1 + exp(x)) with x that
// minus the label's logit, and 1 - p of the label is its derivative.
template <class A>
class OtherLogits {
 public:
  __device__ void add(A logit) {
    if (!(logit <= top_)) raise(logit);
    sum_ += exp(logit - top_);
  }

  template <class Row>
  __device__ void total(const Row& row) {
    raise(row.merged(top_, [](A a, A b) { return a > b ? a : b; }));
    double sums[1] = {static_cast<double>(sum_)};
    row.total(sums);
    total_ = sums[0];
  }

  // The loss of the label's logit; 1 - p of it.
  __device__ double loss(double logit, double& missing) const {
    const double others = total_ == 0 ? -INFINITY : static_cast<double>(top_) + log(total_);
    const double x = others - logit, tail = exp(x > 0 ? -x : x);
    missing = x > 0 ? 1 / (1 + tail) : tail / (1 + tail);
    return (x > 0 ? x : 0) + log1p(tail) + (logit - logit);  // NaN where the logit is not finite
  }

  // Probability of another class than the label's, given 1 - p of that.
  __device__ A share(A logit, A missing) const {
    return missing * exp(logit - top_) / static_cast<A>(total_);
  }

 private:
  __device__ void raise(A top) {
    if (top_ > -INFINITY) sum_ *= exp(top_ - top);
    top_ = top;
  }

  A top_ = -INFINITY;
  A sum_ = 0;
  double total_ = 0;
};

template <class T>
struct C2kdRow : RowGroup<T, kNetworks> {
  using A = Accumulator<T>;

  T* grads_or_null[kNetworks];
  int64_t label;
  TargetLogit<A> target;  // between the proxies
};

// What the gradients of a row need.
template <class A>
struct C2kdSlopes {
  PairSlopes<A> teacher, student, proxies;
  OtherLogits<A> others[2];
  A missing[2];  // 1 - p of the label
  A factor;      // of the cross-entropies
  bool agrees;
};

// Slopes of the four networks at class j.
template <class A>
__device__ inline void slopes_at(const C2kdSlopes<A>& slopes, const TargetLogit<A>& target,
                                 int64_t label, int64_t j, const A (&z)[kNetworks],
                                 A (&grads)[kNetworks]) {
  const A teacher = slopes.teacher.difference(z[kTeacher], z[kProxyTeacher]);
  const A student = slopes.student.difference(z[kStudent], z[kProxyStudent]);
  const bool taught = slopes.agrees && !target.is_constant(j);
  const A proxies = taught ? slopes.proxies.difference(z[kProxyTeacher], z[kProxyStudent]) : 0;
#pragma unroll
  for (int k = kTeacher; k <= kStudent; ++k) {
    const A p = j == label ? -slopes.missing[k] : slopes.others[k].share(z[k], slopes.missing[k]);
    grads[k] = slopes.factor * p + (k == kTeacher ? teacher : student);
  }
  grads[kProxyTeacher] = proxies - teacher;
  grads[kProxyStudent] = -proxies - student;
}

template <class T>
__device__ void write_gradients(const C2kdRow<T>& row, const C2kdSlopes<Accumulator<T>>& slopes) {
  using A = Accumulator<T>;
  row.for_each_pack([&](int64_t column, const Pack<T>(&at)[kNetworks]) {
    Pack<T> out[kNetworks];
#pragma unroll
    for (int k = 0; k < Pack<T>::kCount; ++k) {
      A z[kNetworks], grads[kNetworks];
#pragma unroll
      for (int n = 0; n < kNetworks; ++n) z[n] = widen(at[n].at[k]);
      slopes_at(slopes, row.target, row.label, column + k, z, grads);
#pragma unroll
      for (int n = 0; n < kNetworks; ++n) out[n].at[k] = narrow<T>(grads[n]);
    }
#pragma unroll
    for (int n = 0; n < kNetworks; ++n) {
      if (row.grads_or_null[n] == nullptr) continue;
      write_pack(row.grads_or_null[n], column, row.columns, row.wide, out[n]);
    }
  });
}

// The sums of a row: the pairs teacher - proxy, student - proxy, proxy - proxy, and what the
// cross-entropies need.
template <class T>
struct C2kdSums {
  using A = Accumulator<T>;

  SoftmaxPair<A> teacher, student, proxies;
  OtherLogits<A> others[2];

  __device__ explicit C2kdSums(A inverse) : teacher(inverse), student(inverse), proxies(inverse) {}

  __device__ void add(const C2kdRow<T>& row) {
    constexpr int kCount = Pack<T>::kCount;
    row.for_each_pack([&](int64_t column, const Pack<T>(&at)[kNetworks]) {
      A z[kNetworks][kCount];
      bool live[kCount];
#pragma unroll
      for (int k = 0; k < kCount; ++k) {
        live[k] = column + k < row.columns;
#pragma unroll
        for (int n = 0; n < kNetworks; ++n) z[n][k] = widen(at[n].at[k]);
        if (!live[k] || column + k == row.label) continue;
        others[kTeacher].add(z[kTeacher][k]);
        others[kStudent].add(z[kStudent][k]);
      }
      teacher.add(z[kTeacher], z[kProxyTeacher], live);
      student.add(z[kStudent], z[kProxyStudent], live);
#pragma unroll
      for (int k = 0; k < kCount; ++k) {
        live[k] = live[k] && row.target.keeps(column + k);
        z[kProxyTeacher][k] = row.target.logit(column + k, z[kProxyTeacher][k]);
        z[kProxyStudent][k] = row.target.logit(column + k, z[kProxyStudent][k]);
      }
      proxies.add(z[kProxyTeacher], z[kProxyStudent], live);
    });
  }
};

template <class A>
__device__ inline void write_divergences(const PairSums<A>& sums, double inverse, double square,
                                         double* terms) {
  terms[0] = square * sums.kl_of_t_to_s(inverse);
  terms[1] = square * sums.kl_of_s_to_t(inverse);
}

// A row that counts.
template <class T>
__device__ void finish_row(const C2kd<T>& call, const C2kdRow<T>& row, bool agrees, double* terms) {
  using A = Accumulator<T>;
  const double inverse = 1 / call.temperature, square = call.temperature * call.temperature;
  const A narrow_inverse = static_cast<A>(inverse);
  C2kdSums<T> sums(narrow_inverse);
  sums.add(row);
  const PairSums<A> teacher = sums.teacher.total(row), student = sums.student.total(row);
  const PairSums<A> proxies = sums.proxies.total(row);
  double missing[2], losses[2];
#pragma unroll
  for (int k = kTeacher; k <= kStudent; ++k) {
    sums.others[k].total(row);
    losses[k] = sums.others[k].loss(static_cast<double>(widen(row.x[k][row.label])), missing[k]);
  }
  const double factor = call.divisor->gradient_factor, warm = factor * call.temperature;
  write_gradients(row, C2kdSlopes<A>{PairSlopes<A>(teacher, narrow_inverse, warm),
                                     PairSlopes<A>(student, narrow_inverse, warm),
                                     PairSlopes<A>(proxies, narrow_inverse, warm),
                                     {sums.others[0], sums.others[1]},
                                     {static_cast<A>(missing[0]), static_cast<A>(missing[1])},
                                     static_cast<A>(factor),
                                     agrees});
  if (!row.is_first()) return;
  terms[0] = losses[kTeacher];
  terms[1] = losses[kStudent];
  write_divergences(teacher, inverse, square, terms + 2);
  write_divergences(student, inverse, square, terms + 4);
  terms[6] = terms[7] = 0;
  if (agrees) write_divergences(proxies, inverse, square, terms + 6);
}

template <class T>
__global__ void __launch_bounds__(kRowBlock, 1) c2kd_rows(C2kd<T> call) {
  CD_DYNAMIC_SHARED(shared);
  const int64_t i = int64_t{blockIdx.x} * (kRowBlock / call.row_threads) +
                    threadIdx.x / static_cast<unsigned>(call.row_threads);
  if (i >= call.rows) return;
  C2kdRow<T> row;
#pragma unroll
  for (int n = 0; n < kNetworks; ++n) {
    const NetworkLogits<T>& network = call.networks[n];
    row.x[n] = network.logits + i * network.stride;
    row.grads_or_null[n] = row_or_null(network.grad_or_null, i, network.grad_stride);
  }
  row.label = kept_label(call.labels, i, call.classes);
  row.target = target_logit_of<Accumulator<T>>(call.target, row.label);
  row.place(call.classes, call.row_threads, call.wide, call.kept ? shared : nullptr);
  double* terms = call.terms + i * kTerms;
  if (row.label >= 0) {
    row.keep();
    const bool none_left = call.target == CD_TARGET_EXCLUDED && call.classes == 1;
    return finish_row(call, row, call.agrees[i] != 0 && !none_left, terms);
  }
#pragma unroll
  for (int n = 0; n < kNetworks; ++n) write_zeros(row, row.grads_or_null[n]);
  if (!row.is_first()) return;
  for (int k = 0; k < kTerms; ++k) {
    terms[k] = row.label == kIgnored ? 0 : not_a_number<double>();
  }
}

// Their means over the rows that count, and the sum of these.
template <class A>
__global__ void __launch_bounds__(kLabelBlock)
    c2kd_loss(const double* row_terms, int64_t rows, const Divisor* divisor, A* terms, A* loss) {
  double sums[kTerms] = {};
  for (int64_t i = threadIdx.x; i < rows; i += kLabelBlock) {
#pragma unroll
    for (int k = 0; k < kTerms; ++k) sums[k] += row_terms[i * kTerms + k];
  }
  block_sum<kLabelBlock>(sums);
  if (threadIdx.x != 0) return;
  double total = 0;
  for (int k = 0; k < kTerms; ++k) {
    terms[k] = static_cast<A>(sums[k] * divisor->inverse_n);
    total += sums[k] * divisor->inverse_n;
  }
  *loss = static_cast<A>(total);
}

}  // namespace cd::cuda
