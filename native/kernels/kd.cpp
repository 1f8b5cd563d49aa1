// K3, the temperature divergence of two rows of logits, and the same decoupled, with gradients by
// both sides. Letters as in core/softmax_pair.h and core/target_class.h; B rows.
#include <algorithm>

#include "core/loss_arrays.h"
#include "core/norms.h"
#include "core/parallel.h"
#include "core/reduction.h"
#include "core/softmax_pair.h"
#include "core/target_class.h"
#include "core/tensor_check.h"

namespace cd {

struct Kd : KdArguments {
  explicit Kd(const KdArguments& arguments) : KdArguments(arguments) {}

  double gradient_factor = 0;              // grad_scale / n
  double* exact_losses_or_null = nullptr;  // [B]: l_i before rounding
  int64_t rows_per_task = 0;
  double* task_sums = nullptr;  // sum of w_i l_i of each task
  char* slots = nullptr;        // [threads][slot_bytes]
  int64_t slot_bytes = 0;
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

// gs = difference (q - p) - target q. The second is added last: it may be far below what rounding
// leaves of the first's products, which are the same where q = p.
template <class T, class E>
void write_student(const SoftmaxPair<T>& pair, const T* e_t, const T* e_s, int64_t classes,
                   double difference, double target, E* gs) {
  const Vector<T> p = broadcast(static_cast<T>(difference / pair.sum_t));
  const Vector<T> q = broadcast(static_cast<T>(difference / pair.sum_s));
  const Vector<T> own = broadcast(static_cast<T>(-target / pair.sum_s));
  for_each_vector<T>(
      0, classes, [&](int64_t j, int64_t n, int) __attribute__((always_inline)) {
        const Vector<T> et = read<Vector<T>>(e_t + j), es = read<Vector<T>>(e_s + j);
        store<T>(gs + j, multiply_add(own, es, q * es - p * et), n);
      });
}

// gt = factor p (beta (delta - sum p delta) - shift)
template <class T, class E>
void write_teacher(const SoftmaxPair<T>& pair, const RowPointers<E>& row, const T* e_t,
                   int64_t classes, double inverse_temperature, double factor, double beta,
                   double shift) {
  const Vector<T> p = broadcast(static_cast<T>(factor / pair.sum_t));
  const Vector<T> at_top = broadcast(pair.top_t - pair.s_at_top);
  const Vector<T> slope = broadcast(static_cast<T>(beta * inverse_temperature));
  const Vector<T> mean = broadcast(static_cast<T>(beta * (pair.sum_t_delta / pair.sum_t) + shift));
  for_each_vector<T>(
      0, classes, [&](int64_t j, int64_t n, int) __attribute__((always_inline)) {
        const Vector<T> apart = load<T>(row.t + j, n) - load<T>(row.s + j, n);
        const Vector<T> centred = multiply_add(apart - at_top, slope, -mean);
        store<T>(row.gt + j, p * read<Vector<T>>(e_t + j) * centred, n);
      });
}

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

template <class T, class E>
TargetClass target_class_of(const Kd& call, const RowPointers<E>& row, int64_t label,
                            const SoftmaxPair<T>& pair) {
  if (!call.terms.decoupled) return {};
  const double inverse = 1 / call.temperature;
  const double top_s = static_cast<double>(pair.top_s), top_t = static_cast<double>(pair.top_t);
  return target_class(log_odds(to_double(row.s[label]), top_s, pair.sum_s, inverse),
                      log_odds(to_double(row.t[label]), top_t, pair.sum_t, inverse),
                      call.terms.alpha);
}

// Loss of a row, and its gradients times `factor`.
template <class T, class E>
double finish_row(const Kd& call, const RowPointers<E>& row, int64_t label, double factor,
                  T* scratch) {
  if (call.terms.target == CD_TARGET_EXCLUDED && call.classes == 1) {
    write_zeros(row.gs, 1);
    write_zeros(row.gt, 1);
    return 0 * (to_double(row.s[0]) + to_double(row.t[0]));  // NaN where a logit is not finite
  }
  T *e_t = scratch, *e_s = scratch + padded_classes<T>(call.classes);
  const SoftmaxPair<T> pair = softmax_pair(row.t, row.s, call.classes, label, call.terms.target,
                                           call.temperature, e_t, e_s);
  const TargetClass own = target_class_of(call, row, label, pair);
  const bool constant = call.terms.target != CD_TARGET_KEPT;
  const double inverse = 1 / call.temperature, beta = call.terms.beta;
  if (row.gs != nullptr) {
    write_student(pair, e_t, e_s, call.classes, factor * beta, factor * own.by_s, row.gs);
    if (constant) write_label<T>(row.gs, label, factor * own.by_s);
  }
  if (row.gt != nullptr) {
    write_teacher(pair, row, e_t, call.classes, inverse, factor, beta, own.by_t);
    if (constant) write_label<T>(row.gt, label, factor * own.by_t);
  }
  return call.temperature * call.temperature * (own.loss + beta * pair.kl_of_t_to_s(inverse));
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
void finish(const Kd& call, int64_t tasks, double inverse_n) {
  double sum = 0;
  for (int64_t task = 0; task < tasks; ++task) sum += call.task_sums[task];
  *static_cast<T*>(call.loss) = static_cast<T>(sum * inverse_n);
  if (call.grad_weights_or_null == nullptr) return;
  write_weight_gradients(call.exact_losses_or_null, static_cast<const T*>(call.weights_or_null),
                         call.labels_or_null, call.rows, call.reduction, inverse_n, call.grad_scale,
                         static_cast<T*>(call.grad_weights_or_null));
}

void run(Kd& call, double inverse_n, int32_t threads) {
  const auto task_function = CD_OF_ACTIVE_ISA(kd_task);
  call.gradient_factor = call.grad_scale * inverse_n;
  call.rows_per_task = std::max<int64_t>(1, kElementsPerTask / call.classes);
  const int64_t tasks = (call.rows + call.rows_per_task - 1) / call.rows_per_task;
  const int32_t slots = threads_for(tasks, threads);
  const Buffer sums(tasks * 8);
  call.task_sums = static_cast<double*>(sums.get());
  const Buffer exact_losses(call.grad_weights_or_null == nullptr ? 0 : call.rows * 8);
  call.exact_losses_or_null = static_cast<double*>(exact_losses.get());
  // Two rows of the accumulation type, each padded to the widest vector, on their own cache lines.
  call.slot_bytes = 2 * (call.classes * accumulator_bytes(call.dtype) / 64 + 1) * 64;
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

void check_and_run(const KdArguments& arguments, int32_t threads) {
  check_size("threads", threads, 0);
  ArrayCheck check;
  check_kd_arguments(check, arguments);
  check.check_aliasing();
  const int64_t* labels = arguments.labels_or_null;
  const int64_t rows = arguments.rows;
  const int64_t counted =
      labels == nullptr ? rows : check.counted_rows("labels", labels, rows, arguments.classes);
  const double weight_sum =
      check.weight_sum("weights", arguments.weights_or_null, arguments.dtype, rows, labels);
  Kd call(arguments);
  run(call, inverse_divisor(arguments.reduction, counted, weight_sum), threads);
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
    cd::check_and_run({dtype,
                       rows,
                       classes,
                       student,
                       student_stride,
                       teacher,
                       teacher_stride,
                       labels_or_null,
                       weights_or_null,
                       cd::divergence_with(target),
                       temperature,
                       reduction,
                       grad_scale,
                       loss,
                       row_losses_or_null,
                       grad_student_or_null,
                       grad_student_stride,
                       grad_teacher_or_null,
                       grad_teacher_stride,
                       grad_weights_or_null},
                      threads);
  });
}

extern "C" int32_t cd_dkd(int32_t dtype, int64_t rows, int64_t classes, const void* student,
                          int64_t student_stride, const void* teacher, int64_t teacher_stride,
                          const int64_t* labels, const void* weights_or_null, double alpha,
                          double beta, double temperature, int32_t reduction, double grad_scale,
                          void* loss, void* row_losses_or_null, void* grad_student_or_null,
                          int64_t grad_student_stride, void* grad_teacher_or_null,
                          int64_t grad_teacher_stride, void* grad_weights_or_null,
                          int32_t threads) {
  return cd::guarded([&] {
    cd::check_and_run({dtype,
                       rows,
                       classes,
                       student,
                       student_stride,
                       teacher,
                       teacher_stride,
                       labels,
                       weights_or_null,
                       cd::decoupled(alpha, beta),
                       temperature,
                       reduction,
                       grad_scale,
                       loss,
                       row_losses_or_null,
                       grad_student_or_null,
                       grad_student_stride,
                       grad_teacher_or_null,
                       grad_teacher_stride,
                       grad_weights_or_null},
                      threads);
  });
}
#endif
