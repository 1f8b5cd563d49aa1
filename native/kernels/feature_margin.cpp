// K1, the soft-margin feature loss: row distances, loss and both gradients in one pass over memory.
// B rows, D columns; s, t rows of student and teacher; x^ = x / |x|.
//
// The gradient of the normalised distances points along t^ - c s^ with c = s^.t^. With u = s^ - t^
// and h = |u|^2 / 2 = 1 - c that is -(u - h s^), which does not cancel for nearly parallel rows.
// For c < 0 the same holds with -t^ in place of t^.
#include <algorithm>

#include "core/groups.h"
#include "core/loss_arrays.h"
#include "core/loss_options.h"
#include "core/norms.h"
#include "core/parallel.h"
#include "core/reduction.h"
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

template <class E>
struct RowPointers {
  const E* s;
  const E* t;
  E* gs;
  E* gt;
  const E* next_s;  // the rows to fetch meanwhile
  const E* next_t;
};

// What is known of a row before its gradients are written.
enum class Write { kNothing, kZeros, kCombination, kDifference, kCareful };

struct RowPlan {
  double distance;
  double loss;
  Write write;
  double factor_s[2];  // kCombination: gs = factor_s[0] s + factor_s[1] t; kDifference: [0] (s - t)
  double factor_t[2];  // kCombination: gt = factor_t[0] t + factor_t[1] s
  double coefficient;  // d total loss / d distance
};

// ---- unit vectors ----

// d distance / d s = slope / |s| * (u - h s^), and the mirror image for t, in double.
template <class E>
void write_carefully(const RowPointers<E>& p, int64_t dim, double slope) {
  using T = double;
  const Directions row = measure_directions(p.s, p.t, dim);
  const bool acute = row.apart <= row.across;
  const double sign = acute ? 1 : -1;
  const Vector<T> is = broadcast(inverse_norm(row.norm_s));
  const Vector<T> it = broadcast(sign * inverse_norm(row.norm_t));
  const Vector<T> h = broadcast((acute ? row.apart : row.across) / 2);
  const Vector<T> factor_s = broadcast(sign * slope / row.norm_s);
  const Vector<T> factor_t = broadcast(-slope / row.norm_t);
  for_each_vector<T>(
      0, dim, [&](int64_t d, int64_t n, int) __attribute__((always_inline)) {
        const Vector<T> us = load<T>(p.s + d, n) * is, ut = load<T>(p.t + d, n) * it;
        const Vector<T> u = us - ut;
        if (p.gs != nullptr) store<T>(p.gs + d, factor_s * multiply_add(-h, us, u), n);
        if (p.gt != nullptr) store<T>(p.gt + d, factor_t * multiply_add(h, ut, u), n);
      });
}

// The distance of two directions whose unit vectors are `apart` = |s^ - t^|^2 from each other;
// `slope` is the factor of the gradients' direction.
CD_INLINE double distance_apart(int32_t distance, double apart, double& slope) {
  slope = distance == CD_DISTANCE_COSINE ? 1 : 2;
  if (distance == CD_DISTANCE_SQUARED_NORMALIZED) return apart;
  if (distance == CD_DISTANCE_COSINE) return apart / 2;
  const double d = __builtin_sqrt(apart);
  slope = 1 / d;
  return d < kParallel ? 0 : d;
}

// The same for rows that may be too short to have a direction.
CD_INLINE double unit_distance(int32_t distance, const Directions& row, double& slope) {
  slope = 0;
  if (row.norm_s < kShortestNorm || row.norm_t < kShortestNorm) {
    const double poison = 0 * row.norm_s + 0 * row.norm_t;  // NaN where a row is not finite
    const bool both = row.norm_s < kShortestNorm && row.norm_t < kShortestNorm;
    return (both && distance != CD_DISTANCE_COSINE ? 0 : 1) + poison;
  }
  return distance_apart(distance, row.apart, slope);
}

// ---- rows ----

// Loss at a distance; what is not a number stays so.
CD_INLINE double soft_margin(double distance, double margin) {
  return distance <= margin ? 0 : distance - margin;
}

// Fills in what follows from the distance; `active` is how the gradients are written then.
CD_INLINE void plan_loss(const FeatureMargin& call, double slope, Write active, RowPlan& plan) {
  plan.loss = soft_margin(plan.distance, call.margin);
  const bool zero = plan.distance <= call.margin || slope == 0;
  plan.write = zero ? Write::kZeros : active;
  if (call.grad_student_or_null == nullptr && call.grad_teacher_or_null == nullptr) {
    plan.write = Write::kNothing;
  }
}

// 2 - 2 c is precise for all rows but nearly (anti)parallel ones; those, and rows that are short,
// not finite or out of the range of T, are measured once more.
template <class T, class E>
RowPlan plan_unit(const FeatureMargin& call, const RowPointers<E>& p, const Products& sums,
                  double coefficient) {
  constexpr double kMost = sizeof(T) == 8 ? 1e150 : 1e37, kNear = 0x1p-4;
  constexpr double kLeast = 2 * kShortestNorm * kShortestNorm;
  const bool in_range =
      sums.ss >= kLeast && sums.ss <= kMost && sums.tt >= kLeast && sums.tt <= kMost;
  RowPlan plan;
  double slope;
  const double inverse = 1 / __builtin_sqrt(sums.ss * sums.tt), cosine = sums.st * inverse;
  const double apart = 2 - 2 * cosine;
  if (!in_range || !(apart > kNear && apart < 4 - kNear)) {
    plan.distance = unit_distance(call.distance, measure_directions(p.s, p.t, call.dim), slope);
    plan_loss(call, slope, Write::kCareful, plan);
    plan.coefficient = coefficient * slope;
    return plan;
  }
  plan.distance = distance_apart(call.distance, apart, slope);
  plan_loss(call, slope, Write::kCombination, plan);
  // d distance / d s = slope (c s^ - t^) / |s|; 1 / |s|^2 = |t|^2 / (|s| |t|)^2
  const double factor = coefficient * slope * inverse;
  plan.factor_s[0] = factor * cosine * (sums.tt * inverse);
  plan.factor_t[0] = factor * cosine * (sums.ss * inverse);
  plan.factor_s[1] = plan.factor_t[1] = -factor;
  return plan;
}

template <class E>
RowPlan plan_raw(const FeatureMargin& call, const RowPointers<E>& p, double coefficient) {
  using T = double;
  Sums<T> squares;
  for_each_vector<T>(
      0, call.dim, [&](int64_t d, int64_t n, int k) __attribute__((always_inline)) {
        const Vector<T> u = load<T>(p.s + d, n) - load<T>(p.t + d, n);
        squares.part[k] = multiply_add(u, u, squares.part[k]);
      });
  RowPlan plan;
  double slope = 2;
  plan.distance = squares.total();
  if (call.distance == CD_DISTANCE_EUCLIDEAN) {
    plan.distance = norm_of<T>(plan.distance, p.s, p.t, call.dim);
    slope = 1 / plan.distance;
  }
  plan_loss(call, slope, Write::kDifference, plan);
  plan.factor_s[0] = coefficient * slope;
  return plan;
}

template <class T, class E>
void write_gradients(const FeatureMargin& call, const RowPointers<E>& p, const RowPlan& plan) {
  const auto of = [](double factor) { return broadcast(static_cast<T>(factor)); };
  const E *s = p.s, *t = p.t;
  const bool streaming = call.streaming;
  if (plan.write == Write::kZeros) {
    write_pair<T>(
        p.gs, p.gt, call.dim, streaming, p.next_s, p.next_t,
        [&](int64_t, int64_t, Group<T, E> & a, Group<T, E> & b)
            __attribute__((always_inline)) { a = b = Group<T, E>{}; });
  } else if (plan.write == Write::kCombination) {
    const Vector<T> ss = of(plan.factor_s[0]), st = of(plan.factor_s[1]);
    const Vector<T> tt = of(plan.factor_t[0]), ts = of(plan.factor_t[1]);
    write_pair<T>(
        p.gs, p.gt, call.dim, streaming, p.next_s, p.next_t,
        [&](int64_t d, int64_t n, Group<T, E> & a, Group<T, E> & b) __attribute__((always_inline)) {
          const Group<T, E> gs = load_group<T>(s + d, n), gt = load_group<T>(t + d, n);
          for (int k = 0; k < kParts<T, E>; ++k) {
            a.part[k] = multiply_add(ss, gs.part[k], st * gt.part[k]);
            b.part[k] = multiply_add(tt, gt.part[k], ts * gs.part[k]);
          }
        });
  } else if (plan.write == Write::kDifference) {
    const Vector<T> factor = of(plan.factor_s[0]);
    write_pair<T>(
        p.gs, p.gt, call.dim, streaming, p.next_s, p.next_t,
        [&](int64_t d, int64_t n, Group<T, E> & a, Group<T, E> & b) __attribute__((always_inline)) {
          const Group<T, E> gs = load_group<T>(s + d, n), gt = load_group<T>(t + d, n);
          for (int k = 0; k < kParts<T, E>; ++k) {
            a.part[k] = factor * (gs.part[k] - gt.part[k]);
            b.part[k] = -a.part[k];
          }
        });
  } else if (plan.write == Write::kCareful) {
    write_carefully(p, call.dim, plan.coefficient);
  }
}

// ---- tasks ----

template <class E>
RowPointers<E> pointers_of(const FeatureMargin& call, int64_t i, int64_t next) {
  const auto in = [](const void* base, int64_t at) { return static_cast<const E*>(base) + at; };
  const auto out = [](void* base, int64_t at) {
    return base == nullptr ? nullptr : static_cast<E*>(base) + at;
  };
  return {in(call.student, i * call.student_stride),
          in(call.teacher, i * call.teacher_stride),
          out(call.grad_student_or_null, i * call.grad_student_stride),
          out(call.grad_teacher_or_null, i * call.grad_teacher_stride),
          in(call.student, next * call.student_stride),
          in(call.teacher, next * call.teacher_stride)};
}

// Rows are measured, planned and written in blocks that stay in the first-level cache, so that the
// latencies of their sums, roots and quotients, which wait for each other, overlap.
template <class T, class E>
void task_rows(const FeatureMargin& call, int64_t task) {
  constexpr int64_t kMostRows = 8, kBlockBytes = 8 << 10;
  const int64_t row_bytes = std::max<int64_t>(1, 2 * call.dim * static_cast<int64_t>(sizeof(E)));
  const int64_t block = std::clamp<int64_t>(kBlockBytes / row_bytes, 1, kMostRows);
  const bool raw = call.distance >= CD_DISTANCE_EUCLIDEAN;
  const T* weights = static_cast<const T*>(call.weights_or_null);
  const auto weight_of = [&](int64_t i) {
    return weights == nullptr ? 1 : static_cast<double>(weights[i]);
  };
  const auto put = [](void* array, int64_t row, double value) {
    if (array != nullptr) static_cast<T*>(array)[row] = static_cast<T>(value);
  };
  const int64_t begin = task * call.rows_per_task;
  const int64_t end = std::min(begin + call.rows_per_task, call.rows);
  double sum = 0;
  for (int64_t first = begin; first < end; first += block) {
    const int64_t last = std::min(first + block, end);
    RowPointers<E> rows[kMostRows];
    Products sums[kMostRows];
    RowPlan plans[kMostRows];
    for (int64_t i = first; i < last; ++i) {
      rows[i - first] = pointers_of<E>(call, i, std::min(i + 2 * block, call.rows - 1));
      if (!raw) sums[i - first] = measure<T>(rows[i - first].s, rows[i - first].t, call.dim);
    }
    for (int64_t i = first; i < last; ++i) {
      const int64_t k = i - first;
      const double coefficient = weight_of(i) * call.gradient_factor;
      plans[k] = raw ? plan_raw(call, rows[k], coefficient)
                     : plan_unit<T>(call, rows[k], sums[k], coefficient);
      put(call.distances_or_null, i, plans[k].distance);
      put(call.row_losses_or_null, i, plans[k].loss);
      if (call.exact_losses_or_null != nullptr) call.exact_losses_or_null[i] = plans[k].loss;
      sum += weight_of(i) * plans[k].loss;
    }
    for (int64_t k = 0; k < last - first; ++k) write_gradients<T>(call, rows[k], plans[k]);
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
    const int64_t element = cd::element_bytes(dtype);
    cd::check_size("rows", rows, 0);
    cd::check_size("dim", dim, 0);
    cd::check_size("threads", threads, 0);
    cd::check_feature_margin_options(distance, margin, reduction, grad_scale);
    cd::ArrayCheck check;
    cd::check_feature_margin_arrays(
        check, dtype, rows, dim, student, student_stride, teacher, teacher_stride, weights_or_null,
        loss, row_losses_or_null, distances_or_null, grad_student_or_null, grad_student_stride,
        grad_teacher_or_null, grad_teacher_stride, grad_weights_or_null);
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
    call.streaming = rows * dim * 4 * element > cd::streaming_bytes();
    cd::run(call, reduction, inverse_n, grad_scale, loss, grad_weights_or_null, threads);
  });
}
#endif
