// K8, correlations of the probabilities of student and teacher, within each row and within each
// class, with gradients by both sides. B rows, C classes, padded to Cp; q, p [B, Cp] the softmaxes
// of student and teacher, 0 beyond C. With a, b two rows or two columns of them less their means
// the correlation is r = a.b / (|a| |b|), and dr / da = b / (|a| |b|) - r a / |a|^2. A row's mean
// is 1 / C. All in double: where both sides are certain, a and b are nearly the same.
#include <algorithm>

#include "core/accumulator.h"
#include "core/loss_arrays.h"
#include "core/loss_options.h"
#include "core/parallel.h"
#include "core/simd_math.h"

namespace cd {

// Student or teacher.
struct DistSide : RelationSide {
  void* probabilities;  // [B, Cp] of double
};

// What the derivatives of a correlation are made of; of columns each is a row [Cp].
struct Correlation {
  double value;  // r
  double cross;  // 1 / (|a| |b|)
  double own_s;  // r / |a|^2, 0 where |a| was raised
  double own_t;
};

struct Dist {
  int32_t dtype;
  int64_t rows, classes;
  int64_t padded;
  DistSide sides[2];
  double temperature;
  double row_factor;     // beta T^2 / B
  double column_factor;  // gamma T^2 / C
  double grad_scale;
  int64_t rows_per_task;
  void* uniform;       // [Cp] of double: 1 / C, 0 beyond C
  void* correlations;  // [B] of Correlation: of the rows
  void* columns;       // [6][Cp] of double: means of q and p, then a Correlation's numbers
  void* slopes;        // [threads][Cp] of double
};

CD_FOR_EACH_ISA(void dist_rows_task(const Dist& call, int64_t task))
CD_FOR_EACH_ISA(void dist_columns_task(const Dist& call, int64_t vector))
CD_FOR_EACH_ISA(void dist_gradients_task(const Dist& call, int64_t task, int32_t slot))

namespace CD_TARGET {
namespace {

using V = Vector<double>;
constexpr int64_t kStep = kLanes<double>;
constexpr double kShortest = 1e-8;  // shorter than this a row or column counts as so long

enum Column { kMeanS, kMeanT, kValue, kCross, kOwnS, kOwnT };

CD_INLINE double* row_of(const Dist& call, const DistSide& side, int64_t i) {
  return static_cast<double*>(side.probabilities) + i * call.padded;
}

CD_INLINE double* column_row(const Dist& call, int64_t which) {
  return static_cast<double*>(call.columns) + which * call.padded;
}

template <class E>
void softmax(const E* logits, int64_t classes, int64_t padded, double inverse_temperature,
             double* p) {
  for_each_vector<double>(
      0, classes, [&](int64_t j, int64_t n, int) __attribute__((always_inline)) {
        write(p + j, load<double>(logits + j, n));
      });
  for (int64_t j = classes; j < padded; ++j) p[j] = -__builtin_huge_val();
  V tops = read<V>(p);
  for (int64_t j = kStep; j < padded; j += kStep) tops = maximum(read<V>(p + j), tops);
  double top = tops[0];
  for (int lane = 1; lane < kStep; ++lane) top = tops[lane] > top ? tops[lane] : top;
  const V shift = broadcast(top), factor = broadcast(inverse_temperature);
  Sums<double> sums;
  for_each_vector<double>(
      0, padded, [&](int64_t j, int64_t, int k) __attribute__((always_inline)) {
        const V e = exponential((read<V>(p + j) - shift) * factor);
        write(p + j, e);
        sums.part[k] += e;
      });
  const V total = broadcast(sums.total());
  for (int64_t j = 0; j < padded; j += kStep) write(p + j, read<V>(p + j) / total);
}

CD_INLINE Correlation correlate(double ab, double aa, double bb) {
  const double length_a = __builtin_sqrt(aa), length_b = __builtin_sqrt(bb);
  const double a = length_a < kShortest ? kShortest : length_a;
  const double b = length_b < kShortest ? kShortest : length_b;
  Correlation c;
  c.cross = 1 / (a * b);
  c.value = ab * c.cross;
  c.own_s = length_a < kShortest ? 0 : c.value / aa;
  c.own_t = length_b < kShortest ? 0 : c.value / bb;
  return c;
}

Correlation correlate_rows(const Dist& call, int64_t i) {
  const double *q = row_of(call, call.sides[0], i), *p = row_of(call, call.sides[1], i);
  const double* uniform = static_cast<const double*>(call.uniform);
  Sums<double> ab, aa, bb;
  for_each_vector<double>(
      0, call.padded, [&](int64_t j, int64_t, int k) __attribute__((always_inline)) {
        const V mean = read<V>(uniform + j), a = read<V>(q + j) - mean, b = read<V>(p + j) - mean;
        ab.part[k] = multiply_add(a, b, ab.part[k]);
        aa.part[k] = multiply_add(a, a, aa.part[k]);
        bb.part[k] = multiply_add(b, b, bb.part[k]);
      });
  return correlate(ab.total(), aa.total(), bb.total());
}

template <class T, class E>
void task_rows(const Dist& call, int64_t task) {
  const int64_t first = task * call.rows_per_task;
  const int64_t end = first + call.rows_per_task, last = end < call.rows ? end : call.rows;
  for (int64_t i = first; i < last; ++i) {
    for (const DistSide& side : call.sides) {
      softmax(static_cast<const E*>(side.rows) + i * side.stride, call.classes, call.padded,
              1 / call.temperature, row_of(call, side, i));
    }
    static_cast<Correlation*>(call.correlations)[i] = correlate_rows(call, i);
  }
}

template <class E>
void gradient_row(const Dist& call, int64_t i, bool of_student, double* slopes) {
  const DistSide &own = call.sides[of_student ? 0 : 1], &other = call.sides[of_student ? 1 : 0];
  if (own.grad_or_null == nullptr) return;
  const double *q = row_of(call, own, i), *p = row_of(call, other, i);
  const double* uniform = static_cast<const double*>(call.uniform);
  const double* mean_q = column_row(call, of_student ? kMeanS : kMeanT);
  const double* mean_p = column_row(call, of_student ? kMeanT : kMeanS);
  const double* cross = column_row(call, kCross);
  const double* self = column_row(call, of_student ? kOwnS : kOwnT);
  const Correlation& row = static_cast<const Correlation*>(call.correlations)[i];
  const V row_cross = broadcast(-call.row_factor * row.cross);
  const V row_own = broadcast(call.row_factor * (of_student ? row.own_s : row.own_t));
  const V by_column = broadcast(-call.column_factor);
  Sums<double> along;
  for_each_vector<double>(
      0, call.padded, [&](int64_t j, int64_t, int k) __attribute__((always_inline)) {
        const V vq = read<V>(q + j), vp = read<V>(p + j), mean = read<V>(uniform + j);
        const V in_row = row_cross * (vp - mean) + row_own * (vq - mean);
        const V in_column = read<V>(cross + j) * (vp - read<V>(mean_p + j)) -
                            read<V>(self + j) * (vq - read<V>(mean_q + j));
        const V slope = multiply_add(by_column, in_column, in_row);
        write(slopes + j, slope);
        along.part[k] = multiply_add(vq, slope, along.part[k]);
      });
  const V mean = broadcast(along.total());
  const V factor = broadcast(call.grad_scale / call.temperature);
  E* grad = static_cast<E*>(own.grad_or_null) + i * own.grad_stride;
  for_each_vector<double>(
      0, call.classes, [&](int64_t j, int64_t n, int) __attribute__((always_inline)) {
        store<double>(grad + j, factor * read<V>(q + j) * (read<V>(slopes + j) - mean), n);
      });
}

template <class T, class E>
void task_gradients(const Dist& call, int64_t task, double* slopes) {
  const int64_t first = task * call.rows_per_task;
  const int64_t end = first + call.rows_per_task, last = end < call.rows ? end : call.rows;
  for (int64_t i = first; i < last; ++i) {
    gradient_row<E>(call, i, true, slopes);
    gradient_row<E>(call, i, false, slopes);
  }
}

}  // namespace

void dist_rows_task(const Dist& call, int64_t task) {
  CD_FOR_DTYPE(call.dtype, task_rows, call, task)
}

// A vector of columns, lane by lane.
void dist_columns_task(const Dist& call, int64_t vector) {
  const int64_t at = vector * kStep;
  const double* q = row_of(call, call.sides[0], 0) + at;
  const double* p = row_of(call, call.sides[1], 0) + at;
  V sum_q = {}, sum_p = {};
  for (int64_t i = 0; i < call.rows; ++i) {
    sum_q += read<V>(q + i * call.padded);
    sum_p += read<V>(p + i * call.padded);
  }
  const V count = broadcast(static_cast<double>(call.rows));
  const V mean_q = sum_q / count, mean_p = sum_p / count;
  V ab = {}, aa = {}, bb = {};
  for (int64_t i = 0; i < call.rows; ++i) {
    const V a = read<V>(q + i * call.padded) - mean_q, b = read<V>(p + i * call.padded) - mean_p;
    ab = multiply_add(a, b, ab);
    aa = multiply_add(a, a, aa);
    bb = multiply_add(b, b, bb);
  }
  write(column_row(call, kMeanS) + at, mean_q);
  write(column_row(call, kMeanT) + at, mean_p);
  for (int64_t lane = 0; lane < kStep; ++lane) {
    const Correlation c = correlate(ab[lane], aa[lane], bb[lane]);
    column_row(call, kValue)[at + lane] = c.value;
    column_row(call, kCross)[at + lane] = c.cross;
    column_row(call, kOwnS)[at + lane] = c.own_s;
    column_row(call, kOwnT)[at + lane] = c.own_t;
  }
}

void dist_gradients_task(const Dist& call, int64_t task, int32_t slot) {
  double* slopes = static_cast<double*>(call.slopes) + slot * call.padded;
  CD_FOR_DTYPE(call.dtype, task_gradients, call, task, slopes)
}

}  // namespace CD_TARGET

#if defined(CD_COMPILE_PORTABLE)
namespace {

constexpr int64_t kMostLanes = 8;
constexpr int64_t kElementsPerTask = 8192;

void check_options(double beta, double gamma, double temperature, double grad_scale,
                   int32_t threads) {
  check_weight("beta", beta);
  check_weight("gamma", gamma);
  check_temperature(temperature);
  check_finite("grad_scale", grad_scale);
  check_size("threads", threads, 0);
}

// Of T^2 (beta (1 - mean r of the rows) + gamma (1 - mean r of the columns)).
double loss_of(const Dist& call) {
  double rows = 0, columns = 0;
  for (int64_t i = 0; i < call.rows; ++i) {
    rows += 1 - static_cast<const Correlation*>(call.correlations)[i].value;
  }
  const double* values = static_cast<const double*>(call.columns) + 2 * call.padded;
  for (int64_t j = 0; j < call.classes; ++j) columns += 1 - values[j];
  return call.row_factor * rows + call.column_factor * columns;
}

double run(Dist& call, int32_t threads) {
  if (call.rows == 0) return 0;
  call.rows_per_task = std::max<int64_t>(1, kElementsPerTask / call.padded);
  const int64_t tasks = (call.rows + call.rows_per_task - 1) / call.rows_per_task;
  const double elements = static_cast<double>(call.rows) * static_cast<double>(call.padded);
  const int32_t slots = threads_for(tasks, threads, 4 * elements);
  Arrays arrays;
  for (DistSide& side : call.sides) arrays.want(side.probabilities, call.rows * call.padded * 8);
  arrays.want(call.uniform, call.padded * 8);
  arrays.want(call.correlations, call.rows * static_cast<int64_t>(sizeof(Correlation)));
  arrays.want(call.columns, 6 * call.padded * 8);
  arrays.want(call.slopes, slots * call.padded * 8);
  arrays.allocate();
  for (int64_t j = 0; j < call.padded; ++j) {
    static_cast<double*>(call.uniform)[j] =
        j < call.classes ? 1 / static_cast<double>(call.classes) : 0;
  }
  const auto rows = CD_OF_ACTIVE_ISA(dist_rows_task);
  const auto columns = CD_OF_ACTIVE_ISA(dist_columns_task);
  const auto gradients = CD_OF_ACTIVE_ISA(dist_gradients_task);
  const int64_t vectors = call.padded * 8 / active_vector_bytes();
  portable::parallel_for(tasks, slots, [&](int64_t task, int32_t) { rows(call, task); });
  portable::parallel_for(vectors, slots, [&](int64_t vector, int32_t) { columns(call, vector); });
  if (call.sides[0].grad_or_null != nullptr || call.sides[1].grad_or_null != nullptr) {
    portable::parallel_for(tasks, slots,
                           [&](int64_t task, int32_t slot) { gradients(call, task, slot); });
  }
  return loss_of(call);
}

}  // namespace
#endif

}  // namespace cd

#if defined(CD_COMPILE_PORTABLE)
extern "C" int32_t cd_dist(int32_t dtype, int64_t rows, int64_t classes, const void* student,
                           int64_t student_stride, const void* teacher, int64_t teacher_stride,
                           double beta, double gamma, double temperature, double grad_scale,
                           void* loss, void* grad_student_or_null, int64_t grad_student_stride,
                           void* grad_teacher_or_null, int64_t grad_teacher_stride,
                           int32_t threads) {
  return cd::guarded([&] {
    cd::check_size("rows", rows, 0);
    cd::check_size("classes", classes, 1);
    cd::check_options(beta, gamma, temperature, grad_scale, threads);
    cd::Dist call = {};
    call.dtype = dtype;
    call.rows = rows;
    call.classes = classes;
    static_cast<cd::RelationSide&>(call.sides[0]) = {classes, student, student_stride,
                                                     grad_student_or_null, grad_student_stride};
    static_cast<cd::RelationSide&>(call.sides[1]) = {classes, teacher, teacher_stride,
                                                     grad_teacher_or_null, grad_teacher_stride};
    cd::ArrayCheck check;
    cd::check_relation_arrays(check, dtype, rows, call.sides[0], call.sides[1], loss);
    check.check_aliasing();
    cd::active_isa();
    call.padded = (classes + cd::kMostLanes - 1) / cd::kMostLanes * cd::kMostLanes;
    call.temperature = temperature;
    const double square = temperature * temperature;
    call.row_factor = beta * square / static_cast<double>(std::max<int64_t>(rows, 1));
    call.column_factor = gamma * square / static_cast<double>(classes);
    call.grad_scale = grad_scale;
    cd::set_accumulator(dtype, loss, 0, cd::run(call, threads));
  });
}
#endif
