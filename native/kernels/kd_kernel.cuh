// K3 on a GPU, the temperature divergence and the same decoupled: a row of both sides is looked at
// once for the sums of its softmaxes and once more, from shared memory where it fits, for the
// gradients. B rows, C classes; letters as in core/cuda_softmax_pair.cuh.
#pragma once

#include "core/cuda_labels.cuh"
#include "core/cuda_softmax_pair.cuh"
#include "core/loss_arrays.h"

namespace cd::cuda {

template <class T>
struct Kd {
  using A = Accumulator<T>;

  int64_t rows;
  int64_t classes;
  const T* student;  // [B, C]
  int64_t student_stride;
  const T* teacher;  // [B, C]
  int64_t teacher_stride;
  const int64_t* labels_or_null;  // [B]
  const A* weights_or_null;       // [B]
  KdTerms terms;
  double temperature;
  bool wide;                // 16-byte accesses are possible
  bool kept;                // shared memory holds the rows
  int row_threads;          // kWarp or kRowBlock
  A* row_losses_or_null;    // [B]
  T* grad_student_or_null;  // [B, C]
  int64_t grad_student_stride;
  T* grad_teacher_or_null;  // [B, C]
  int64_t grad_teacher_stride;
  const Divisor* divisor;  // [1]
  double* losses;          // [B]: l_i
};

// A row of the teacher and the student.
template <class T>
struct KdRow : RowGroup<T, 2> {
  using A = Accumulator<T>;

  T* grad_s_or_null;
  T* grad_t_or_null;
  TargetLogit<A> target;
};

// Logits of a pack as they count, and which of them do.
template <class T>
struct KdLogits {
  using A = Accumulator<T>;

  A t[Pack<T>::kCount];
  A s[Pack<T>::kCount];
  bool live[Pack<T>::kCount];

  __device__ KdLogits(const KdRow<T>& row, int64_t column, const Pack<T> (&at)[2]) {
#pragma unroll
    for (int k = 0; k < Pack<T>::kCount; ++k) {
      t[k] = row.target.logit(column + k, widen(at[0].at[k]));
      s[k] = row.target.logit(column + k, widen(at[1].at[k]));
      live[k] = column + k < row.columns && row.target.keeps(column + k);
    }
  }
};

template <class T>
__device__ void write_gradients(const KdRow<T>& row, const PairSlopes<Accumulator<T>>& slopes) {
  if (row.grad_s_or_null == nullptr && row.grad_t_or_null == nullptr) return;
  row.for_each_pack([&](int64_t column, const Pack<T>(&at)[2]) {
    const KdLogits<T> logits(row, column, at);
    Pack<T> gs, gt;
#pragma unroll
    for (int k = 0; k < Pack<T>::kCount; ++k) {
      const bool constant = row.target.is_constant(column + k);
      gs.at[k] =
          narrow<T>(constant ? slopes.label_s : -slopes.difference(logits.t[k], logits.s[k]));
      gt.at[k] =
          narrow<T>(constant ? slopes.label_t : slopes.of_target_side(logits.t[k], logits.s[k]));
    }
    if (row.grad_s_or_null != nullptr) {
      write_pack(row.grad_s_or_null, column, row.columns, row.wide, gs);
    }
    if (row.grad_t_or_null != nullptr) {
      write_pack(row.grad_t_or_null, column, row.columns, row.wide, gt);
    }
  });
}

template <class T>
__device__ CD_TARGET::TargetClass target_class_of(const Kd<T>& call, const KdRow<T>& row,
                                                  const PairSums<Accumulator<T>>& sums) {
  if (!call.terms.decoupled) return {};
  const double inverse = 1 / call.temperature;
  const auto odds = [&](const T* logits, Accumulator<T> top, double sum) {
    const double own = static_cast<double>(widen(logits[row.target.label]));
    return CD_TARGET::log_odds(own, static_cast<double>(top), sum, inverse);
  };
  return CD_TARGET::target_class(odds(row.x[1], sums.tops.s, sums.s),
                                 odds(row.x[0], sums.tops.t, sums.t), call.terms.alpha);
}

// Loss of a row that counts; writes its gradients. The row's first thread receives the loss.
template <class T>
__device__ double finish_row(const Kd<T>& call, const KdRow<T>& row, double weight) {
  using A = Accumulator<T>;
  const double inverse = 1 / call.temperature;
  if (call.terms.target == CD_TARGET_EXCLUDED && call.classes == 1) {
    write_zeros(row, row.grad_s_or_null);
    write_zeros(row, row.grad_t_or_null);
    const A poison = 0 * (widen(row.x[0][0]) + widen(row.x[1][0]));  // NaN unless both are finite
    return static_cast<double>(poison);
  }
  SoftmaxPair<A> pair(static_cast<A>(inverse));
  row.for_each_pack([&](int64_t column, const Pack<T>(&at)[2]) {
    const KdLogits<T> logits(row, column, at);
    pair.add(logits.t, logits.s, logits.live);
  });
  const PairSums<A> sums = pair.total(row);
  const double factor = weight * call.divisor->gradient_factor * call.temperature;
  const CD_TARGET::TargetClass own = target_class_of(call, row, sums);
  const double beta = call.terms.beta;
  write_gradients(row, PairSlopes<A>(sums, static_cast<A>(inverse), factor, beta, own));
  if (!row.is_first()) return 0;
  return call.temperature * call.temperature * (own.loss + beta * sums.kl_of_t_to_s(inverse));
}

template <class T>
__global__ void __launch_bounds__(kRowBlock, 2) kd_rows(Kd<T> call) {
  using A = Accumulator<T>;
  CD_DYNAMIC_SHARED(shared);
  const int64_t i = int64_t{blockIdx.x} * (kRowBlock / call.row_threads) +
                    threadIdx.x / static_cast<unsigned>(call.row_threads);
  if (i >= call.rows) return;
  const int64_t label = kept_label(call.labels_or_null, i, call.classes);
  KdRow<T> row;
  row.x[0] = call.teacher + i * call.teacher_stride;
  row.x[1] = call.student + i * call.student_stride;
  row.grad_s_or_null = row_or_null(call.grad_student_or_null, i, call.grad_student_stride);
  row.grad_t_or_null = row_or_null(call.grad_teacher_or_null, i, call.grad_teacher_stride);
  row.target = target_logit_of<A>(call.terms.target, label);
  row.place(call.classes, call.row_threads, call.wide, call.kept ? shared : nullptr);
  double loss;
  if (label < 0) {
    write_zeros(row, row.grad_s_or_null);
    write_zeros(row, row.grad_t_or_null);
    loss = label == kIgnored ? 0 : not_a_number<double>();
  } else {
    row.keep();
    loss = finish_row(call, row, static_cast<double>(checked_weight(call.weights_or_null, i)));
  }
  if (!row.is_first()) return;
  call.losses[i] = loss;
  if (call.row_losses_or_null != nullptr) call.row_losses_or_null[i] = static_cast<A>(loss);
}

}  // namespace cd::cuda
