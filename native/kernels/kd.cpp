// K3, the temperature divergence of two rows of logits, and the same decoupled, with gradients by
// both sides. Letters as in core/softmax_pair.h and core/target_class.h; B rows.
#include "core/logit_rows.h"
#include "core/norms.h"
#include "core/softmax_pair.h"
#include "core/target_class.h"
#include "core/tensor_check.h"

namespace cd {

CD_FOR_EACH_ISA(void kd_task(const LogitRows& call, const KdTerms& terms, int64_t task,
                             int32_t slot))

namespace CD_TARGET {
namespace {

template <class T, class E>
TargetClass target_class_of(const LogitRows& call, const KdTerms& terms, const RowPointers<E>& row,
                            int64_t label, const SoftmaxPair<T>& pair) {
  if (!terms.decoupled) return {};
  const double inverse = 1 / call.temperature;
  const double top_s = static_cast<double>(pair.top_s), top_t = static_cast<double>(pair.top_t);
  return target_class(log_odds(to_double(row.s[label]), top_s, pair.sum_s, inverse),
                      log_odds(to_double(row.t[label]), top_t, pair.sum_t, inverse), terms.alpha);
}

// Loss of a row, and its gradients times `factor`.
template <class T, class E>
double finish_row(const LogitRows& call, const KdTerms& terms, const RowPointers<E>& row,
                  int64_t label, double factor, T* scratch) {
  if (terms.target == CD_TARGET_EXCLUDED && call.classes == 1) {
    write_zeros(row.gs, 1);
    write_zeros(row.gt, 1);
    return 0 * (to_double(row.s[0]) + to_double(row.t[0]));  // NaN where a logit is not finite
  }
  T *e_t = scratch, *e_s = scratch + padded_classes<T>(call.classes);
  const SoftmaxPair<T> pair =
      softmax_pair(row.t, row.s, call.classes, label, terms.target, call.temperature, e_t, e_s);
  const TargetClass own = target_class_of(call, terms, row, label, pair);
  const bool constant = terms.target != CD_TARGET_KEPT;
  const double inverse = 1 / call.temperature, beta = terms.beta;
  if (row.gs != nullptr) {
    write_student(pair, e_t, e_s, call.classes, factor * beta, e_s,
                  -(factor * own.by_s) / pair.sum_s, row.gs);
    if (constant) write_label<T>(row.gs, label, factor * own.by_s);
  }
  if (row.gt != nullptr) {
    write_teacher(pair, row.t, row.s, e_t, call.classes, inverse, factor, beta, own.by_t, row.gt);
    if (constant) write_label<T>(row.gt, label, factor * own.by_t);
  }
  return call.temperature * call.temperature * (own.loss + beta * pair.kl_of_t_to_s(inverse));
}

template <class T, class E>
void task_rows(const LogitRows& call, const KdTerms& terms, int64_t task, int32_t slot) {
  row_losses_of_task<T, E>(
      call, task, slot, [&](const RowPointers<E>& row, int64_t label, double factor, T* scratch) {
        return finish_row(call, terms, row, label, factor * call.temperature, scratch);
      });
}

}  // namespace

void kd_task(const LogitRows& call, const KdTerms& terms, int64_t task, int32_t slot) {
  CD_FOR_DTYPE(call.dtype, task_rows, call, terms, task, slot)
}

}  // namespace CD_TARGET

#if defined(CD_COMPILE_PORTABLE)
namespace {

void check_and_run(const LogitArguments& arguments, const KdTerms& terms, int32_t threads) {
  ArrayCheck check;
  check_kd_arguments(check, arguments, terms);
  const auto task_function = CD_OF_ACTIVE_ISA(kd_task);
  run_logit_rows(check, arguments, threads, 2,
                 [&](const LogitRows& call, int64_t task, int32_t slot) {
                   task_function(call, terms, task, slot);
                 });
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
    cd::check_and_run({dtype, rows, classes, student, student_stride, teacher, teacher_stride,
                       labels_or_null, weights_or_null, temperature, reduction, grad_scale, loss,
                       row_losses_or_null, grad_student_or_null, grad_student_stride,
                       grad_teacher_or_null, grad_teacher_stride, grad_weights_or_null},
                      cd::divergence_with(target), threads);
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
    cd::check_and_run({dtype, rows, classes, student, student_stride, teacher, teacher_stride,
                       labels, weights_or_null, temperature, reduction, grad_scale, loss,
                       row_losses_or_null, grad_student_or_null, grad_student_stride,
                       grad_teacher_or_null, grad_teacher_stride, grad_weights_or_null},
                      cd::decoupled(alpha, beta), threads);
  });
}
#endif
