// K3, normalised distillation: the cross-entropies of the label's class and among all others, with
// gradients by both sides. Letters as in core/softmax_pair.h and core/target_class.h; B rows.
#include "core/logit_rows.h"
#include "core/loss_options.h"
#include "core/norms.h"
#include "core/softmax_pair.h"
#include "core/target_class.h"
#include "core/tensor_check.h"

namespace cd {

CD_FOR_EACH_ISA(void nkd_task(const LogitRows& call, double gamma, int64_t task, int32_t slot))

namespace CD_TARGET {
namespace {

// Both softmaxes over the classes but the label's.
template <class T>
struct Others {
  const T* e_t;
  const T* e_s;
  SoftmaxPair<T> pair;
};

// -p_y log q_y; its derivative by the label's logit of either side, -1 times that by all others
// together.
struct TargetTerm {
  double loss, by_s, by_t;
};

// The class's probability; NaN where a logit is not finite.
inline TwoClasses class_of(double logit, double top, double sum) {
  const double odds = log_odds(logit, top, sum, 1);
  return TwoClasses(odds + 0 * odds);
}

template <class T, class E>
TargetTerm target_term(const RowPointers<E>& row, int64_t label, const SoftmaxPair<T>& pair) {
  const TwoClasses q =
      class_of(to_double(row.s[label]), static_cast<double>(pair.top_s), pair.sum_s);
  const TwoClasses p =
      class_of(to_double(row.t[label]), static_cast<double>(pair.top_t), pair.sum_t);
  return {-p.own * q.log_own, -p.own * q.other, -q.log_own * (p.own * p.other)};
}

// The mean by p of s / T relative to its value at the largest t, as delta is, and for its reason.
template <class T, class E>
double mean_of_student(const Others<T>& others, const E* s, int64_t classes,
                       double inverse_temperature) {
  const Vector<T> at_top = broadcast(others.pair.s_at_top);
  const Vector<T> slope = broadcast(static_cast<T>(inverse_temperature));
  WideSum<T> sum;
  for_each_vector<T>(
      0, classes, [&](int64_t j, int64_t n, int) __attribute__((always_inline)) {
        sum.add(read<Vector<T>>(others.e_t + j) * ((load<T>(s + j, n) - at_top) * slope));
      });
  return sum.total() / others.pair.sum_t;
}

// gt = factor p (s / T - mean) + own e_own, s / T and its mean as above.
template <class T, class E>
void write_teacher(const Others<T>& others, const E* s, int64_t classes, double inverse_temperature,
                   double mean, double factor, const T* e_own, double own, E* gt) {
  const Vector<T> p = broadcast(static_cast<T>(factor / others.pair.sum_t));
  const Vector<T> at_top = broadcast(others.pair.s_at_top);
  const Vector<T> slope = broadcast(static_cast<T>(inverse_temperature));
  const Vector<T> shift = broadcast(static_cast<T>(-mean)), share = broadcast(static_cast<T>(own));
  for_each_vector<T>(
      0, classes, [&](int64_t j, int64_t n, int) __attribute__((always_inline)) {
        const Vector<T> centred = multiply_add(load<T>(s + j, n) - at_top, slope, shift);
        const Vector<T> spread = p * read<Vector<T>>(others.e_t + j) * centred;
        store<T>(gt + j, multiply_add(share, read<Vector<T>>(e_own + j), spread), n);
      });
}

// Loss of a row, and its gradients times `factor`.
template <class T, class E>
double finish_row(const LogitRows& call, double gamma, const RowPointers<E>& row, int64_t label,
                  double factor, T* scratch) {
  const int64_t classes = call.classes, padded = padded_classes<T>(classes);
  const auto others_at = [&](double temperature, T* e_t) -> Others<T> {
    T* e_s = e_t + padded;
    return {e_t, e_s,
            softmax_pair(row.t, row.s, classes, label, CD_TARGET_EXCLUDED, temperature, e_t, e_s)};
  };
  const Others<T> soft = others_at(call.temperature, scratch);
  const Others<T> plain = call.temperature == 1 ? soft : others_at(1, scratch + 2 * padded);
  const TargetTerm own = target_term(row, label, plain.pair);
  const double inverse = 1 / call.temperature, slope = gamma * call.temperature;
  const double mean = mean_of_student(soft, row.s, classes, inverse);
  if (row.gs != nullptr) {
    write_student(soft.pair, soft.e_t, soft.e_s, classes, factor * slope, plain.e_s,
                  -(factor * own.by_s) / plain.pair.sum_s, row.gs);
    write_label<T>(row.gs, label, factor * own.by_s);
  }
  if (row.gt != nullptr) {
    write_teacher(soft, row.s, classes, inverse, mean, -factor * slope, plain.e_t,
                  -(factor * own.by_t) / plain.pair.sum_t, row.gt);
    write_label<T>(row.gt, label, factor * own.by_t);
  }
  const double behind =
      static_cast<double>(soft.pair.top_s) - static_cast<double>(soft.pair.s_at_top);
  const double entropy = std::log(soft.pair.sum_s) + behind * inverse - mean;
  // A class of which the teacher is sure that it is none adds nothing, whatever its logits are;
  // this sum is NaN or infinite where one is not finite.
  const double check = 0 * soft.pair.sum_t_delta;
  return own.loss + slope * call.temperature * (entropy < 0 ? 0 : entropy) + check;
}

template <class T, class E>
void task_rows(const LogitRows& call, double gamma, int64_t task, int32_t slot) {
  row_losses_of_task<T, E>(
      call, task, slot, [&](const RowPointers<E>& row, int64_t label, double factor, T* scratch) {
        return finish_row(call, gamma, row, label, factor, scratch);
      });
}

}  // namespace

void nkd_task(const LogitRows& call, double gamma, int64_t task, int32_t slot) {
  CD_FOR_DTYPE(call.dtype, task_rows, call, gamma, task, slot)
}

}  // namespace CD_TARGET
}  // namespace cd

#if defined(CD_COMPILE_PORTABLE)
extern "C" int32_t cd_nkd(int32_t dtype, int64_t rows, int64_t classes, const void* student,
                          int64_t student_stride, const void* teacher, int64_t teacher_stride,
                          const int64_t* labels, const void* weights_or_null, double gamma,
                          double temperature, int32_t reduction, double grad_scale, void* loss,
                          void* row_losses_or_null, void* grad_student_or_null,
                          int64_t grad_student_stride, void* grad_teacher_or_null,
                          int64_t grad_teacher_stride, void* grad_weights_or_null,
                          int32_t threads) {
  return cd::guarded([&] {
    const cd::LogitArguments arguments = {dtype,
                                          rows,
                                          classes,
                                          student,
                                          student_stride,
                                          teacher,
                                          teacher_stride,
                                          labels,
                                          weights_or_null,
                                          temperature,
                                          reduction,
                                          grad_scale,
                                          loss,
                                          row_losses_or_null,
                                          grad_student_or_null,
                                          grad_student_stride,
                                          grad_teacher_or_null,
                                          grad_teacher_stride,
                                          grad_weights_or_null};
    cd::ArrayCheck check;
    cd::check_factor("gamma", gamma);
    cd::check_logit_arguments(check, arguments, 2, true);
    const auto task_function = CD_OF_ACTIVE_ISA(nkd_task);
    // Without the second softmax there is no use for its rows.
    cd::run_logit_rows(check, arguments, threads, temperature == 1 ? 2 : 4,
                       [&](const cd::LogitRows& call, int64_t task, int32_t slot) {
                         task_function(call, gamma, task, slot);
                       });
  });
}
#endif
