// K3, the temperature divergence of two rows of logits, with gradients by both sides. Letters as in
// core/softmax_pair.h; B rows.
#include <algorithm>

#include "core/loss_arrays.h"
#include "core/loss_options.h"
#include "core/norms.h"
#include "core/parallel.h"
#include "core/reduction.h"
#include "core/softmax_pair.h"
#include "core/tensor_check.h"

namespace cd {

struct Kd {
  int32_t dtype;
  int64_t rows;
  int64_t classes;
  const void* student;
  int64_t student_stride;
  const void* teacher;
  int64_t teacher_stride;
  const int64_t* labels_or_null;
  const void* weights_or_null;
  int32_t target;
  double temperature;
  double gradient_factor;  // grad_scale / n
  void* row_losses_or_null;
  void* grad_student_or_null;
  int64_t grad_student_stride;
  void* grad_teacher_or_null;
  int64_t grad_teacher_stride;
  double* exact_losses_or_null;  // [B]: l_i before rounding
  int64_t rows_per_task;
  double* task_sums;  // sum of w_i l_i of each task
  char* slots;        // [threads][slot_bytes]
  int64_t slot_bytes;
};

CD_FOR_EACH_ISA(void kd_task(const Kd& call, int64_t task, int32_t slot))

namespace CD_TARGET {
namespace {

template <class E>
struct RowPointers {
  const E* s;
  const E* t;
  E* gs;
  E* gt;
};

// gs = factor (q - p)
template <class T, class E>
void write_student(const SoftmaxPair<T>& pair, const T* e_t, const T* e_s, int64_t classes,
                   double factor, E* gs) {
  const Vector<T> p = broadcast(static_cast<T>(factor / pair.sum_t));
  const Vector<T> q = broadcast(static_cast<T>(factor / pair.sum_s));
  for_each_vector<T>(
      0, classes, [&](int64_t j, int64_t n, int) __attribute__((always_inline)) {
        const Vector<T> et = read<Vector<T>>(e_t + j), es = read<Vector<T>>(e_s + j);
        store<T>(gs + j, q * es - p * et, n);
      });
}

// gt = factor p (delta - sum p delta)
template <class T, class E>
void write_teacher(const SoftmaxPair<T>& pair, const RowPointers<E>& row, const T* e_t,
                   int64_t classes, double inverse_temperature, double factor) {
  const Vector<T> p = broadcast(static_cast<T>(factor / pair.sum_t));
  const Vector<T> at_top = broadcast(pair.top_t - pair.s_at_top);
  const Vector<T> inverse = broadcast(static_cast<T>(inverse_temperature));
  const Vector<T> mean = broadcast(static_cast<T>(pair.sum_t_delta / pair.sum_t));
  for_each_vector<T>(
      0, classes, [&](int64_t j, int64_t n, int) __attribute__((always_inline)) {
        const Vector<T> apart = load<T>(row.t + j, n) - load<T>(row.s + j, n);
        const Vector<T> centred = multiply_add(apart - at_top, inverse, -mean);
        store<T>(row.gt + j, p * read<Vector<T>>(e_t + j) * centred, n);
      });
}

template <class E>
void write_zeros(E* row_or_null, int64_t classes) {
  if (row_or_null == nullptr) return;
  __builtin_memset(row_or_null, 0, static_cast<size_t>(classes) * sizeof(E));
}

// Loss of a row, and its gradients times `factor`.
template <class T, class E>
double finish_row(const Kd& call, const RowPointers<E>& row, int64_t label, double factor,
                  T* scratch) {
  if (call.target == CD_TARGET_EXCLUDED && call.classes == 1) {
    write_zeros(row.gs, 1);
    write_zeros(row.gt, 1);
    return 0 * (to_double(row.s[0]) + to_double(row.t[0]));  // NaN where a logit is not finite
  }
  T *e_t = scratch, *e_s = scratch + padded_classes<T>(call.classes);
  const SoftmaxPair<T> pair =
      softmax_pair(row.t, row.s, call.classes, label, call.target, call.temperature, e_t, e_s);
  const double inverse = 1 / call.temperature;
  if (row.gs != nullptr) write_student(pair, e_t, e_s, call.classes, factor, row.gs);
  if (row.gt != nullptr) write_teacher(pair, row, e_t, call.classes, inverse, factor);
  if (call.target != CD_TARGET_KEPT) {
    if (row.gs != nullptr) write_zeros(row.gs + label, 1);
    if (row.gt != nullptr) write_zeros(row.gt + label, 1);
  }
  return call.temperature * call.temperature * pair.kl_of_t_to_s(inverse);
}

template <class T, class E>
void task_rows(const Kd& call, int64_t task, int32_t slot) {
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
      const double factor = weight * call.gradient_factor * call.temperature;
      loss = finish_row<T>(call, row, label, factor, scratch);
      sum += weight * loss;
    }
    if (call.row_losses_or_null != nullptr) {
      static_cast<T*>(call.row_losses_or_null)[i] = static_cast<T>(loss);
    }
    if (call.exact_losses_or_null != nullptr) call.exact_losses_or_null[i] = loss;
  }
  call.task_sums[task] = sum;
}

}  // namespace

void kd_task(const Kd& call, int64_t task, int32_t slot) {
  CD_FOR_DTYPE(call.dtype, task_rows, call, task, slot)
}

}  // namespace CD_TARGET

#if defined(CD_COMPILE_PORTABLE)
namespace {

constexpr int64_t kElementsPerTask = 32768;

template <class T>
void finish(const Kd& call, int64_t tasks, int32_t reduction, double inverse_n, double grad_scale,
            void* loss, void* grad_weights_or_null) {
  double sum = 0;
  for (int64_t task = 0; task < tasks; ++task) sum += call.task_sums[task];
  *static_cast<T*>(loss) = static_cast<T>(sum * inverse_n);
  if (grad_weights_or_null == nullptr) return;
  write_weight_gradients(call.exact_losses_or_null, static_cast<const T*>(call.weights_or_null),
                         call.labels_or_null, call.rows, reduction, inverse_n, grad_scale,
                         static_cast<T*>(grad_weights_or_null));
}

void run(Kd& call, int32_t reduction, double inverse_n, double grad_scale, void* loss,
         void* grad_weights_or_null, int32_t threads) {
  const auto task_function = CD_OF_ACTIVE_ISA(kd_task);
  call.rows_per_task = std::max<int64_t>(1, kElementsPerTask / call.classes);
  const int64_t tasks = (call.rows + call.rows_per_task - 1) / call.rows_per_task;
  const int32_t slots = threads_for(tasks, threads);
  const Buffer sums(tasks * 8);
  call.task_sums = static_cast<double*>(sums.get());
  const Buffer exact_losses(grad_weights_or_null == nullptr ? 0 : call.rows * 8);
  call.exact_losses_or_null = static_cast<double*>(exact_losses.get());
  // Two rows of the accumulation type, each padded to the widest vector, on their own cache lines.
  call.slot_bytes = 2 * (call.classes * accumulator_bytes(call.dtype) / 64 + 1) * 64;
  const Buffer memory(tasks == 0 ? 0 : slots * call.slot_bytes);
  call.slots = static_cast<char*>(memory.get());
  portable::parallel_for(tasks, slots,
                         [&](int64_t task, int32_t slot) { task_function(call, task, slot); });
  if (call.dtype == CD_F64) {
    finish<double>(call, tasks, reduction, inverse_n, grad_scale, loss, grad_weights_or_null);
  } else {
    finish<float>(call, tasks, reduction, inverse_n, grad_scale, loss, grad_weights_or_null);
  }
}

}  // namespace
#endif

}  // namespace cd

#if defined(CD_COMPILE_PORTABLE)
extern "C" int32_t cd_kd(int32_t dtype, int64_t rows, int64_t classes, const void* student,
                         int64_t student_stride, const void* teacher, int64_t teacher_stride,
                         const int64_t* labels_or_null, const void* weights_or_null, int32_t target,
                         double temperature, int32_t reduction, double grad_scale, void* loss,
                         void* row_losses_or_null, void* grad_student_or_null,
                         int64_t grad_student_stride, void* grad_teacher_or_null,
                         int64_t grad_teacher_stride, void* grad_weights_or_null, int32_t threads) {
  return cd::guarded([&] {
    cd::element_bytes(dtype);
    cd::check_size("rows", rows, 0);
    cd::check_size("classes", classes, 1);
    cd::check_size("threads", threads, 0);
    cd::check_kd_options(target, temperature, reduction, grad_scale);
    cd::ArrayCheck check;
    cd::check_kd_arrays(check, dtype, rows, classes, student, student_stride, teacher,
                        teacher_stride, labels_or_null, weights_or_null, target, loss,
                        row_losses_or_null, grad_student_or_null, grad_student_stride,
                        grad_teacher_or_null, grad_teacher_stride, grad_weights_or_null);
    check.check_aliasing();
    const int64_t counted = labels_or_null == nullptr
                                ? rows
                                : check.counted_rows("labels", labels_or_null, rows, classes);
    const double weight_sum =
        check.weight_sum("weights", weights_or_null, dtype, rows, labels_or_null);
    const double inverse_n = cd::inverse_divisor(reduction, counted, weight_sum);
    cd::Kd call = {};
    call.dtype = dtype;
    call.rows = rows;
    call.classes = classes;
    call.student = student;
    call.student_stride = student_stride;
    call.teacher = teacher;
    call.teacher_stride = teacher_stride;
    call.labels_or_null = labels_or_null;
    call.weights_or_null = weights_or_null;
    call.target = target;
    call.temperature = temperature;
    call.gradient_factor = grad_scale * inverse_n;
    call.row_losses_or_null = row_losses_or_null;
    call.grad_student_or_null = grad_student_or_null;
    call.grad_student_stride = grad_student_stride;
    call.grad_teacher_or_null = grad_teacher_or_null;
    call.grad_teacher_stride = grad_teacher_stride;
    cd::run(call, reduction, inverse_n, grad_scale, loss, grad_weights_or_null, threads);
  });
}
#endif
