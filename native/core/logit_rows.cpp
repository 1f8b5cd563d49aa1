#include "core/logit_rows.h"

#include <algorithm>

#include "core/parallel.h"
#include "core/reduction.h"
#include "core/tensor_check.h"

namespace cd {
namespace {

constexpr int64_t kElementsPerTask = 32768;

template <class T>
void finish(const LogitRows& call, int64_t tasks, double inverse_n) {
  double sum = 0;
  for (int64_t task = 0; task < tasks; ++task) sum += call.task_sums[task];
  *static_cast<T*>(call.loss) = static_cast<T>(sum * inverse_n);
  if (call.grad_weights_or_null == nullptr) return;
  write_weight_gradients(call.exact_losses_or_null, static_cast<const T*>(call.weights_or_null),
                         call.labels_or_null, call.rows, call.reduction, inverse_n, call.grad_scale,
                         static_cast<T*>(call.grad_weights_or_null));
}

double checked_inverse_divisor(const ArrayCheck& check, const LogitArguments& call) {
  const int64_t* labels = call.labels_or_null;
  const int64_t counted =
      labels == nullptr ? call.rows : check.counted_rows("labels", labels, call.rows, call.classes);
  const double weight_sum =
      check.weight_sum("weights", call.weights_or_null, call.dtype, call.rows, labels);
  return inverse_divisor(call.reduction, counted, weight_sum);
}

}  // namespace

void run_logit_rows(const ArrayCheck& check, const LogitArguments& arguments, int32_t threads,
                    int64_t scratch_rows,
                    const std::function<void(const LogitRows&, int64_t, int32_t)>& task_function) {
  check_size("threads", threads, 0);
  check.check_aliasing();
  const double inverse_n = checked_inverse_divisor(check, arguments);
  LogitRows call(arguments);
  call.gradient_factor = call.grad_scale * inverse_n;
  call.rows_per_task = std::max<int64_t>(1, kElementsPerTask / call.classes);
  const int64_t tasks = (call.rows + call.rows_per_task - 1) / call.rows_per_task;
  const int32_t slots = threads_for(tasks, threads);
  const Buffer sums(tasks * 8);
  call.task_sums = static_cast<double*>(sums.get());
  const Buffer exact_losses(call.grad_weights_or_null == nullptr ? 0 : call.rows * 8);
  call.exact_losses_or_null = static_cast<double*>(exact_losses.get());
  // Rows of the accumulation type, each padded to the widest vector, on their own cache lines.
  call.slot_bytes = scratch_rows * (call.classes * accumulator_bytes(call.dtype) / 64 + 1) * 64;
  const Buffer memory(tasks == 0 ? 0 : slots * call.slot_bytes);
  call.slots = static_cast<char*>(memory.get());
  portable::parallel_for(tasks, slots,
                         [&](int64_t task, int32_t slot) { task_function(call, task, slot); });
  if (call.dtype == CD_F64) {
    finish<double>(call, tasks, inverse_n);
  } else {
    finish<float>(call, tasks, inverse_n);
  }
}

}  // namespace cd
