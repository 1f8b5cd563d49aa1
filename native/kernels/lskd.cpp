// K3, distillation on standardised logits: the temperature divergence of two rows that are brought
// to mean 0 and deviation 1 first, with gradients by both sides. Letters as in core/softmax_pair.h;
// z a row of logits, z' the same standardised.
#include "core/logit_rows.h"
#include "core/norms.h"
#include "core/softmax_pair.h"
#include "core/tensor_check.h"

namespace cd {

CD_FOR_EACH_ISA(void lskd_task(const LogitRows& call, int64_t task, int32_t slot))

namespace CD_TARGET {
namespace {

constexpr double kFloor = 1e-7;               // added to the deviation
constexpr double kSmallestDeviation = 1e-15;  // below it a row is constant

struct Scale {
  double inverse;  // 1 / (deviation + kFloor)
  double share;    // deviation / (deviation + kFloor); of a constant row 0
};

// Writes z' [Cp], 0 beyond the classes. Measured from the first logit, so that a constant row is
// exactly 0: the sum of squares of these differences is at most C times that about the mean, which
// bounds what is lost when it is made from them. In double: no square of a float leaves the range.
template <class T, class E>
Scale standardise(const E* z, int64_t classes, T* standardised) {
  const int64_t padded = padded_classes<T>(classes);
  widen_logits<T>(z, classes, 0, CD_TARGET_KEPT, standardised);
  const Vector<double> origin = broadcast(to_double(z[0]));
  Sums<double> sums, squares;
  for_each_vector<double>(
      0, padded, [&](int64_t j, int64_t n, int k) __attribute__((always_inline)) {
        const Vector<double> apart = load<double>(standardised + j, n) - origin;
        sums.part[k] += apart;
        squares.part[k] = multiply_add(apart, apart, squares.part[k]);
      });
  const double count = static_cast<double>(classes), sum = sums.total();
  const double square = squares.total() - sum * (sum / count);
  const Vector<double> mean = broadcast(sum / count);
  const auto write_times = [&](double factor) {
    const Vector<double> scale = broadcast(factor);
    for_each_vector<double>(
        0, padded, [&](int64_t j, int64_t n, int) __attribute__((always_inline)) {
          const Vector<double> apart = load<double>(standardised + j, n) - origin;
          store<double>(standardised + j, (apart - mean) * scale, n);
        });
    for (int64_t j = classes; j < padded; ++j) standardised[j] = 0;
  };
  double norm = std::sqrt(square);
  if (!(square >= 1e-280 && square <= 1e300)) {
    write_times(1);
    norm = scaled_norm(standardised, static_cast<const T*>(nullptr), classes);
    widen_logits<T>(z, classes, 0, CD_TARGET_KEPT, standardised);
  }
  const double deviation = norm / std::sqrt(count - 1);
  const bool constant = deviation <= kSmallestDeviation;
  const double inverse = 1 / ((constant ? kSmallestDeviation : deviation) + kFloor);
  write_times(inverse);
  return {inverse, constant ? 0 : deviation * inverse};
}

// The gradient by z from g, that by z': g without its mean and without its part along z', as far as
// the deviation goes along with z. In double: of two classes, nothing is left but rounding. Both
// rows are 0 beyond the classes.
template <class T, class E>
void write_gradient(const T* g, const T* z, const Scale& scale, int64_t classes, E* gradient) {
  Sums<double> sum, along, squares;
  for_each_vector<double>(
      0,
      padded_classes<T>(classes), [&](int64_t j, int64_t n, int k) __attribute__((always_inline)) {
        const Vector<double> vg = load<double>(g + j, n), vz = load<double>(z + j, n);
        sum.part[k] += vg;
        along.part[k] = multiply_add(vg, vz, along.part[k]);
        squares.part[k] = multiply_add(vz, vz, squares.part[k]);
      });
  const double square = squares.total();
  const double part = square > 0 ? scale.share * along.total() / square : 0;
  const Vector<double> mean = broadcast(sum.total() / static_cast<double>(classes));
  const Vector<double> less = broadcast(-part), inverse = broadcast(scale.inverse);
  for_each_vector<double>(
      0, classes, [&](int64_t j, int64_t n, int) __attribute__((always_inline)) {
        const Vector<double> centred = load<double>(g + j) - mean;
        const Vector<double> across = multiply_add(load<double>(z + j), less, centred);
        store<double>(gradient + j, across * inverse, n);
      });
}

// Loss of a row, and its gradients times `factor`.
template <class T, class E>
double finish_row(const LogitRows& call, const RowPointers<E>& row, double factor, T* scratch) {
  const int64_t classes = call.classes, padded = padded_classes<T>(classes);
  T *t = scratch, *s = t + padded, *e_t = s + padded, *e_s = e_t + padded;
  const Scale scale_t = standardise(row.t, classes, t), scale_s = standardise(row.s, classes, s);
  const SoftmaxPair<T> pair =
      softmax_pair<T, T>(t, s, classes, 0, CD_TARGET_KEPT, call.temperature, e_t, e_s);
  const double inverse = 1 / call.temperature, slope = factor * call.temperature;
  // The gradients by z' take the place of the exponentials that are needed no more; with those,
  // they are 0 beyond the classes.
  if (row.gs != nullptr) {
    write_student(pair, e_t, e_s, padded, slope, e_s, 0, e_s);
    write_gradient(e_s, s, scale_s, classes, row.gs);
  }
  if (row.gt != nullptr) {
    write_teacher<T, T>(pair, t, s, e_t, padded, inverse, slope, 1, 0, e_t);
    write_gradient(e_t, t, scale_t, classes, row.gt);
  }
  return call.temperature * call.temperature * pair.kl_of_t_to_s(inverse);
}

template <class T, class E>
void task_rows(const LogitRows& call, int64_t task, int32_t slot) {
  row_losses_of_task<T, E>(call, task, slot,
                           [&](const RowPointers<E>& row, int64_t, double factor, T* scratch) {
                             return finish_row(call, row, factor, scratch);
                           });
}

}  // namespace

void lskd_task(const LogitRows& call, int64_t task, int32_t slot) {
  CD_FOR_DTYPE(call.dtype, task_rows, call, task, slot)
}

}  // namespace CD_TARGET
}  // namespace cd

#if defined(CD_COMPILE_PORTABLE)
extern "C" int32_t cd_lskd(int32_t dtype, int64_t rows, int64_t classes, const void* student,
                           int64_t student_stride, const void* teacher, int64_t teacher_stride,
                           const int64_t* labels_or_null, const void* weights_or_null,
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
                                          labels_or_null,
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
    cd::check_logit_arguments(check, arguments, 2, false);
    cd::run_logit_rows(check, arguments, threads, 4, CD_OF_ACTIVE_ISA(lskd_task));
  });
}
#endif
