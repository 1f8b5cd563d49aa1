// K1, the soft-margin feature loss: row distances, loss and both gradients in one pass over memory.
// B rows, D columns; s, t rows of student and teacher; x^ = x / |x|.
//
// The gradient of the normalised distances points along t^ - c s^ with c = s^.t^. With u = s^ - t^
// and h = |u|^2 / 2 = 1 - c that is -(u - h s^), which does not cancel for nearly parallel rows.
// For c < 0 the same holds with -t^ in place of t^.
#include <algorithm>
#include <type_traits>

#include "core/norms.h"
#include "core/parallel.h"
#include "core/reduction.h"
#include "core/simd.h"
#include "core/tensor_check.h"

namespace cd {

struct FeatureMargin {
  int32_t dtype;
  int64_t rows;
  int64_t dim;
  const void* student;
  int64_t student_stride;
  const void* teacher;
  int64_t teacher_stride;
  const void* weights_or_null;
  int32_t distance;
  double margin;
  double gradient_factor;  // grad_scale / n
  void* row_losses_or_null;
  void* distances_or_null;
  void* grad_student_or_null;
  int64_t grad_student_stride;
  void* grad_teacher_or_null;
  int64_t grad_teacher_stride;
  double* exact_losses_or_null;  // [B]: l_i before rounding
  int64_t rows_per_task;
  double* task_sums;  // sum of w_i l_i of each task
  bool streaming;
};

CD_FOR_EACH_ISA(void feature_margin_task(const FeatureMargin& call, int64_t task))

namespace CD_TARGET {
namespace {

template <class T>
struct UnitRow {
  double norm_s;
  double norm_t;
  T inverse_s;
  T inverse_t;
  double apart;   // |s^ - t^|^2
  double across;  // |s^ + t^|^2
};

// From the sums of squares and products, in double. The products of narrow elements are exact
// there, so that 2 - 2 c is good enough for all but nearly (anti)parallel rows: those answer false,
// like rows that are short, not finite or out of the range of T.
template <class T, class E>
bool measure_quickly(const E* s, const E* t, int64_t dim, UnitRow<T>& row) {
  using D = double;
  Sums<D> ss, tt, st;
  for_each_vector<D>(
      0, dim, [&](int64_t d, int64_t n, int k) __attribute__((always_inline)) {
        const Vector<D> vs = load<D>(s + d, n), vt = load<D>(t + d, n);
        ss.part[k] = multiply_add(vs, vs, ss.part[k]);
        tt.part[k] = multiply_add(vt, vt, tt.part[k]);
        st.part[k] = multiply_add(vs, vt, st.part[k]);
      });
  const double squares_s = ss.total(), squares_t = tt.total();
  constexpr double kMost = sizeof(T) == 8 ? 1e300 : 1e60;
  constexpr double kLeast = kShortestNorm * kShortestNorm * 2;
  if (!(squares_s >= kLeast && squares_s <= kMost)) return false;
  if (!(squares_t >= kLeast && squares_t <= kMost)) return false;
  row.norm_s = __builtin_sqrt(squares_s);
  row.norm_t = __builtin_sqrt(squares_t);
  const double cosine = st.total() / row.norm_s / row.norm_t;
  row.inverse_s = static_cast<T>(1 / row.norm_s);
  row.inverse_t = static_cast<T>(1 / row.norm_t);
  row.apart = 2 - 2 * cosine;
  row.across = 2 + 2 * cosine;
  return row.apart > 0x1p-6 && row.across > 0x1p-6;
}

// From the unit vectors. Both products are rounded before they are subtracted, so that equal rows
// give exactly 0.
template <class E>
UnitRow<double> measure_carefully(const E* s, const E* t, int64_t dim) {
  using D = double;
  UnitRow<D> row;
  row.norm_s = row_norm<D>(s, dim);
  row.norm_t = row_norm<D>(t, dim);
  row.inverse_s = inverse_norm(row.norm_s);
  row.inverse_t = inverse_norm(row.norm_t);
  const Vector<D> is = broadcast(row.inverse_s), it = broadcast(row.inverse_t);
  Sums<D> apart, across;
  for_each_vector<D>(
      0, dim, [&](int64_t d, int64_t n, int k) __attribute__((always_inline)) {
        const Vector<D> us = load<D>(s + d, n) * is, ut = load<D>(t + d, n) * it;
        const Vector<D> difference = us - ut, together = us + ut;
        apart.part[k] = multiply_add(difference, difference, apart.part[k]);
        across.part[k] = multiply_add(together, together, across.part[k]);
      });
  row.apart = apart.total();
  row.across = across.total();
  return row;
}

// Elements before `p` is aligned to a vector of E in memory.
template <class T, class E>
CD_INLINE int64_t unaligned_head(const E* p, int64_t dim) {
  constexpr uintptr_t kBytes = kLanes<T> * sizeof(E);
  const uintptr_t past = reinterpret_cast<uintptr_t>(p) % kBytes;
  const int64_t head = past == 0 ? 0 : static_cast<int64_t>((kBytes - past) / sizeof(E));
  return head < dim ? head : dim;
}

// Writes gs[d], gt[d] = body(d, count), two vectors, for all d.
template <class T, class E, class Body>
CD_INLINE void write_pair(E* gs, E* gt, int64_t dim, bool streaming, const Body& body) {
  const auto put = [&](int64_t d, int64_t n, int) __attribute__((always_inline)) {
    Vector<T> a, b;
    body(d, n, a, b);
    if (gs != nullptr) store<T>(gs + d, a, n);
    if (gt != nullptr) store<T>(gt + d, b, n);
  };
  const int64_t head = gs != nullptr && gt != nullptr ? unaligned_head<T>(gs, dim) : dim;
  if (!streaming || head == dim || head != unaligned_head<T>(gt, dim)) {
    for_each_vector<T>(0, dim, put);
    return;
  }
  for_each_vector<T>(0, head, put);
  const int64_t whole = head + (dim - head) / kLanes<T> * kLanes<T>;
  for_each_vector<T>(
      head, whole, [&](int64_t d, int64_t, int) __attribute__((always_inline)) {
        Vector<T> a, b;
        body(d, kLanes<T>, a, b);
        stream<T>(gs + d, a);
        stream<T>(gt + d, b);
      });
  for_each_vector<T>(whole, dim, put);
}

template <class E>
struct RowPointers {
  const E* s;
  const E* t;
  E* gs;
  E* gt;
  int64_t dim;
  bool streaming;
};

template <class E>
void write_zeros(const RowPointers<E>& p) {
  using T = std::conditional_t<sizeof(E) == 8, double, float>;
  write_pair<T>(
      p.gs, p.gt, p.dim, p.streaming,
      [](int64_t, int64_t, Vector<T> & a, Vector<T> & b)
          __attribute__((always_inline)) { a = b = Vector<T>{}; });
}

// d distance / d s = slope / |s| * (u - h s^), and the mirror image for t.
template <class T, class E>
void write_unit_gradients(const RowPointers<E>& p, const UnitRow<T>& row, double slope) {
  const bool acute = row.apart <= row.across;
  const double sign = acute ? 1 : -1;
  const Vector<T> is = broadcast(row.inverse_s);
  const Vector<T> it = broadcast(static_cast<T>(sign * static_cast<double>(row.inverse_t)));
  const Vector<T> h = broadcast(static_cast<T>((acute ? row.apart : row.across) / 2));
  const Vector<T> factor_s = broadcast(static_cast<T>(sign * slope / row.norm_s));
  const Vector<T> factor_t = broadcast(static_cast<T>(-slope / row.norm_t));
  write_pair<T>(
      p.gs, p.gt, p.dim, p.streaming,
      [&](int64_t d, int64_t n, Vector<T> & a, Vector<T> & b) __attribute__((always_inline)) {
        const Vector<T> us = load<T>(p.s + d, n) * is;
        const Vector<T> ut = load<T>(p.t + d, n) * it;
        const Vector<T> u = us - ut;
        a = factor_s * multiply_add(-h, us, u);
        b = factor_t * multiply_add(h, ut, u);
      });
}

// Distance of two rows that may be too short to have a direction.
CD_INLINE double short_distance(int32_t distance, double norm_s, double norm_t) {
  const double poison = 0 * norm_s + 0 * norm_t;  // NaN where a row is not finite
  const bool both = norm_s < kShortestNorm && norm_t < kShortestNorm;
  return (both && distance != CD_DISTANCE_COSINE ? 0 : 1) + poison;
}

struct RowResult {
  double distance;
  double slope;  // factor of the gradients' direction
};

template <class T>
RowResult unit_result(int32_t distance, const UnitRow<T>& row) {
  if (row.norm_s < kShortestNorm || row.norm_t < kShortestNorm) {
    return {short_distance(distance, row.norm_s, row.norm_t), 0};
  }
  if (distance == CD_DISTANCE_SQUARED_NORMALIZED) return {row.apart, 2};
  if (distance == CD_DISTANCE_COSINE) return {row.apart / 2, 1};
  const double d = __builtin_sqrt(row.apart);
  return d < kParallel ? RowResult{0, 0} : RowResult{d, 1 / d};
}

// Loss of a row at `distance`; a distance that is not a number stays one.
CD_INLINE double soft_margin(double distance, double margin) {
  return distance <= margin ? 0 : distance - margin;
}

// The row's distance; writes its gradients where the margin is exceeded.
template <class T, class E>
double unit_row(const FeatureMargin& call, const RowPointers<E>& p, const UnitRow<T>& row,
                double coefficient) {
  const RowResult result = unit_result(call.distance, row);
  if (p.gs == nullptr && p.gt == nullptr) return result.distance;
  if (result.distance <= call.margin || result.slope == 0) {
    write_zeros(p);
  } else {
    write_unit_gradients(p, row, coefficient * result.slope);
  }
  return result.distance;
}

template <class E>
double raw_distance(int32_t kind, const RowPointers<E>& p) {
  using D = double;
  Sums<D> squares;
  for_each_vector<D>(
      0, p.dim, [&](int64_t d, int64_t n, int k) __attribute__((always_inline)) {
        const Vector<D> u = load<D>(p.s + d, n) - load<D>(p.t + d, n);
        squares.part[k] = multiply_add(u, u, squares.part[k]);
      });
  if (kind == CD_DISTANCE_SQUARED) return squares.total();
  return norm_of<D>(squares.total(), p.s, p.t, p.dim);
}

template <class T, class E>
double raw_row(const FeatureMargin& call, const RowPointers<E>& p, double coefficient) {
  const double distance = raw_distance(call.distance, p);
  if (p.gs == nullptr && p.gt == nullptr) return distance;
  if (distance <= call.margin) {
    write_zeros(p);
    return distance;
  }
  const double slope = call.distance == CD_DISTANCE_SQUARED ? 2 : 1 / distance;
  const Vector<T> factor = broadcast(static_cast<T>(coefficient * slope));
  write_pair<T>(
      p.gs, p.gt, p.dim, p.streaming,
      [&](int64_t d, int64_t n, Vector<T> & a, Vector<T> & b) __attribute__((always_inline)) {
        a = factor * (load<T>(p.s + d, n) - load<T>(p.t + d, n));
        b = -a;
      });
  return distance;
}

template <class T, class E>
double any_row(const FeatureMargin& call, const RowPointers<E>& p, double coefficient) {
  if (call.distance >= CD_DISTANCE_EUCLIDEAN) return raw_row<T>(call, p, coefficient);
  UnitRow<T> row;
  if (measure_quickly(p.s, p.t, p.dim, row)) return unit_row(call, p, row, coefficient);
  return unit_row(call, p, measure_carefully(p.s, p.t, p.dim), coefficient);
}

template <class T, class E>
void task_rows(const FeatureMargin& call, int64_t task) {
  const T* weights = static_cast<const T*>(call.weights_or_null);
  const auto at = [](void* base, int64_t row, int64_t stride) {
    return base == nullptr ? nullptr : static_cast<E*>(base) + row * stride;
  };
  const auto put = [](void* array, int64_t row, double value) {
    if (array != nullptr) static_cast<T*>(array)[row] = static_cast<T>(value);
  };
  const int64_t first = task * call.rows_per_task;
  const int64_t last =
      first + call.rows_per_task < call.rows ? first + call.rows_per_task : call.rows;
  double sum = 0;
  for (int64_t i = first; i < last; ++i) {
    const double weight = weights == nullptr ? 1 : static_cast<double>(weights[i]);
    const RowPointers<E> p = {static_cast<const E*>(call.student) + i * call.student_stride,
                              static_cast<const E*>(call.teacher) + i * call.teacher_stride,
                              at(call.grad_student_or_null, i, call.grad_student_stride),
                              at(call.grad_teacher_or_null, i, call.grad_teacher_stride),
                              call.dim,
                              call.streaming};
    const double distance = any_row<T>(call, p, weight * call.gradient_factor);
    const double loss = soft_margin(distance, call.margin);
    put(call.distances_or_null, i, distance);
    put(call.row_losses_or_null, i, loss);
    if (call.exact_losses_or_null != nullptr) call.exact_losses_or_null[i] = loss;
    sum += weight * loss;
  }
  if (call.streaming) stream_fence();
  call.task_sums[task] = sum;
}

}  // namespace

void feature_margin_task(const FeatureMargin& call, int64_t task) {
  CD_FOR_DTYPE(call.dtype, task_rows, call, task)
}

}  // namespace CD_TARGET

#if defined(CD_COMPILE_PORTABLE)
namespace {

constexpr int64_t kElementsPerTask = 32768;

void check_margin(int32_t distance, double margin) {
  check_enum("distance", distance, 5);
  const bool bounded = distance <= CD_DISTANCE_COSINE;
  const double largest = distance == CD_DISTANCE_SQUARED_NORMALIZED ? 4 : 2;
  if (!std::isfinite(margin) || margin < 0 || (bounded && margin >= largest)) {
    fail(CD_INVALID_ARGUMENT, "margin: expected a finite number, at least 0%s, got %.17g",
         !bounded       ? ""
         : largest == 4 ? " and below 4, the largest distance"
                        : " and below 2, the largest distance",
         margin);
  }
}

template <class T>
void finish(const FeatureMargin& call, int64_t tasks, int32_t reduction, double inverse_n,
            double grad_scale, void* loss, void* grad_weights_or_null) {
  double sum = 0;
  for (int64_t task = 0; task < tasks; ++task) sum += call.task_sums[task];
  *static_cast<T*>(loss) = static_cast<T>(sum * inverse_n);
  if (grad_weights_or_null == nullptr) return;
  write_weight_gradients(call.exact_losses_or_null, static_cast<const T*>(call.weights_or_null),
                         nullptr, call.rows, reduction, inverse_n, grad_scale,
                         static_cast<T*>(grad_weights_or_null));
}

void run(FeatureMargin& call, int32_t reduction, double inverse_n, double grad_scale, void* loss,
         void* grad_weights_or_null, int32_t threads) {
  const auto task_function = CD_OF_ACTIVE_ISA(feature_margin_task);
  const int64_t tasks = (call.rows + call.rows_per_task - 1) / call.rows_per_task;
  double few_sums[64];
  const Buffer many_sums(tasks > 64 ? tasks * 8 : 0);
  call.task_sums = tasks > 64 ? static_cast<double*>(many_sums.get()) : few_sums;
  const Buffer exact_losses(grad_weights_or_null == nullptr ? 0 : call.rows * 8);
  call.exact_losses_or_null = static_cast<double*>(exact_losses.get());
  const auto body = [&](int64_t task, int32_t) { task_function(call, task); };
  portable::parallel_for(tasks, threads_for(tasks, threads), body);
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
extern "C" int32_t cd_feature_margin(int32_t dtype, int64_t rows, int64_t dim, const void* student,
                                     int64_t student_stride, const void* teacher,
                                     int64_t teacher_stride, const void* weights_or_null,
                                     int32_t distance, double margin, int32_t reduction,
                                     double grad_scale, void* loss, void* row_losses_or_null,
                                     void* distances_or_null, void* grad_student_or_null,
                                     int64_t grad_student_stride, void* grad_teacher_or_null,
                                     int64_t grad_teacher_stride, void* grad_weights_or_null,
                                     int32_t threads) {
  return cd::guarded([&] {
    const int64_t element = cd::element_bytes(dtype), accumulator = cd::accumulator_bytes(dtype);
    cd::check_size("rows", rows, 0);
    cd::check_size("dim", dim, 0);
    cd::check_size("threads", threads, 0);
    cd::check_margin(distance, margin);
    cd::check_enum("reduction", reduction, 3);
    cd::check_finite("grad_scale", grad_scale);
    cd::ArrayCheck check;
    check.input("student", student, rows, dim, student_stride, element);
    check.input("teacher", teacher, rows, dim, teacher_stride, element);
    check.input_or_null("weights", weights_or_null, rows, 1, 1, accumulator);
    check.output("loss", loss, 1, 1, 1, accumulator);
    check.output_or_null("row_losses", row_losses_or_null, rows, 1, 1, accumulator);
    check.output_or_null("distances", distances_or_null, rows, 1, 1, accumulator);
    check.output_or_null("grad_student", grad_student_or_null, rows, dim, grad_student_stride,
                         element);
    check.output_or_null("grad_teacher", grad_teacher_or_null, rows, dim, grad_teacher_stride,
                         element);
    check.output_or_null("grad_weights", grad_weights_or_null, rows, 1, 1, accumulator);
    check.check_aliasing();
    const double weight_sum = check.weight_sum("weights", weights_or_null, dtype, rows, nullptr);
    const double inverse_n = cd::inverse_divisor(reduction, rows, weight_sum);

    cd::FeatureMargin call = {};
    call.dtype = dtype;
    call.rows = rows;
    call.dim = dim;
    call.student = student;
    call.student_stride = student_stride;
    call.teacher = teacher;
    call.teacher_stride = teacher_stride;
    call.weights_or_null = weights_or_null;
    call.distance = distance;
    call.margin = margin;
    call.gradient_factor = grad_scale * inverse_n;
    call.row_losses_or_null = row_losses_or_null;
    call.distances_or_null = distances_or_null;
    call.grad_student_or_null = grad_student_or_null;
    call.grad_student_stride = grad_student_stride;
    call.grad_teacher_or_null = grad_teacher_or_null;
    call.grad_teacher_stride = grad_teacher_stride;
    call.rows_per_task = std::max<int64_t>(1, cd::kElementsPerTask / std::max<int64_t>(1, dim));
    call.streaming = rows * dim * 4 * element > cd::last_level_cache_bytes();
    cd::run(call, reduction, inverse_n, grad_scale, loss, grad_weights_or_null, threads);
  });
}
#endif
