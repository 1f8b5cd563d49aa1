// The rows of a loss on the logits of student and teacher: tasks, ignored rows, weights and sums,
// the same for all such losses. What is left to a loss is one row. For kernel sources (see simd.h).
#pragma once

#include <functional>

#include "core/loss_arrays.h"
#include "core/softmax_pair.h"

namespace cd {

// A call and its plan.
struct LogitRows : LogitArguments {
  explicit LogitRows(const LogitArguments& arguments) : LogitArguments(arguments) {}

  double gradient_factor = 0;              // grad_scale / n
  double* exact_losses_or_null = nullptr;  // [B]: l_i before rounding
  int64_t rows_per_task = 0;
  double* task_sums = nullptr;  // sum of w_i l_i of each task
  char* slots = nullptr;        // [threads][slot_bytes]
  int64_t slot_bytes = 0;
};

// Runs `task` (row_losses_of_task with a task and a slot) for all rows, with memory for
// `scratch_rows` rows a slot, and writes what is made of the rows' losses. Does the checks that are
// left once the arrays are in `check`, so that nothing is written where one fails.
void run_logit_rows(const ArrayCheck& check, const LogitArguments& arguments, int32_t threads,
                    int64_t scratch_rows,
                    const std::function<void(const LogitRows&, int64_t, int32_t)>& task);

namespace CD_TARGET {

template <class E>
struct RowPointers {
  const E* s;
  const E* t;
  E* gs;
  E* gt;
};

template <class E>
void write_zeros(E* row_or_null, int64_t classes) {
  if (row_or_null == nullptr) return;
  __builtin_memset(row_or_null, 0, static_cast<size_t>(classes) * sizeof(E));
}

// The gradient by the label's logit; + 0.0 makes 0 of -0.
template <class T, class E>
void write_label(E* row, int64_t label, double gradient) {
  store<T>(row + label, broadcast(static_cast<T>(gradient + 0.0)), 1);
}

// finish_row(row, label, factor, scratch) returns the loss of a row and writes its gradients times
// `factor`; each row of `scratch` takes padded_classes elements.
template <class T, class E, class FinishRow>
void row_losses_of_task(const LogitRows& call, int64_t task, int32_t slot,
                        const FinishRow& finish_row) {
  const T* weights = static_cast<const T*>(call.weights_or_null);
  T* scratch = reinterpret_cast<T*>(call.slots + slot * call.slot_bytes);
  const int64_t first = task * call.rows_per_task;
  const int64_t end = first + call.rows_per_task, last = end < call.rows ? end : call.rows;
  double sum = 0;
  for (int64_t i = first; i < last; ++i) {
    const auto at = [&](void* base, int64_t stride) {
      return base == nullptr ? nullptr : static_cast<E*>(base) + i * stride;
    };
    const RowPointers<E> row = {static_cast<const E*>(call.student) + i * call.student_stride,
                                static_cast<const E*>(call.teacher) + i * call.teacher_stride,
                                at(call.grad_student_or_null, call.grad_student_stride),
                                at(call.grad_teacher_or_null, call.grad_teacher_stride)};
    const int64_t label = call.labels_or_null == nullptr ? 0 : call.labels_or_null[i];
    const double weight = weights == nullptr ? 1 : static_cast<double>(weights[i]);
    double loss = 0;
    if (label == CD_IGNORE_LABEL) {
      write_zeros(row.gs, call.classes);
      write_zeros(row.gt, call.classes);
    } else {
      loss = finish_row(row, label, weight * call.gradient_factor, scratch);
      sum += weight * loss;
    }
    if (call.row_losses_or_null != nullptr) {
      static_cast<T*>(call.row_losses_or_null)[i] = static_cast<T>(loss);
    }
    if (call.exact_losses_or_null != nullptr) call.exact_losses_or_null[i] = loss;
  }
  call.task_sums[task] = sum;
}

}  // namespace CD_TARGET
}  // namespace cd
