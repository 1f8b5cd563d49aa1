// K5, relational distillation: distances between the samples of a batch and the angles of each
// triple, with gradients by both sides. By the law of cosines, with q_ij = |x_i - x_j|^2 and
// r_ij = 1 / sqrt(q_ij),
//  c_ijk = (q_ij + q_ik - q_jk) r_ij r_ik / 2,
// so that features are read for the B^2 distances only, and the B^3 angles have gradients by the
// distances: dc / dq_jk = -r_ij r_ik / 2 and dc / dq_ij = r_ij r_ik / 2 - c r_ij^2 / 2. B rows.
#include <algorithm>

#include "core/accumulator.h"
#include "core/loss_arrays.h"
#include "core/norms.h"
#include "core/parallel.h"

namespace cd {

// Student or teacher. Matrices are [B, padded], 0 on the diagonal and beyond B.
struct RkdSide : RelationSide {
  double* squares;    // q
  double* distances;  // sqrt(q), at least 1e-6
  double* inverse;    // r
  double* slopes;  // of the loss by q_ij as the distance from i to j; both ways make the gradient
};

struct Rkd {
  int32_t dtype;
  int64_t rows;
  int64_t padded;  // B up to whole vectors of every instruction set
  RkdSide sides[2];
  double distance_factor;  // distance_weight / B^2
  double angle_factor;     // angle_weight / B^3
  double grad_scale;
  double* row_sums;     // [B]: of the angles' h
  double* slot_slopes;  // [threads, padded]
};

CD_FOR_EACH_ISA(void rkd_squares_task(const Rkd& call, int64_t row))
CD_FOR_EACH_ISA(double rkd_distances(const Rkd& call))
CD_FOR_EACH_ISA(void rkd_angles_task(const Rkd& call, int64_t row))
CD_FOR_EACH_ISA(void rkd_gradients_task(const Rkd& call, int64_t row, int32_t slot))

namespace CD_TARGET {
namespace {

using V = Vector<double>;
constexpr int64_t kStep = kLanes<double>;
constexpr double kLeastSquare = 1e-12;  // of a distance
constexpr double kLeastDistance = 1e-6;

// ---- distances ----

template <class E>
double square_apart(const E* a, const E* b, int64_t dim) {
  Sums<double> squares;
  for_each_vector<double>(
      0, dim, [&](int64_t d, int64_t n, int k) __attribute__((always_inline)) {
        const V apart = load<double>(a + d, n) - load<double>(b + d, n);
        squares.part[k] = multiply_add(apart, apart, squares.part[k]);
      });
  return squares.total();
}

// Row i up to the diagonal, and the column that mirrors it.
template <class E>
void measure_row(const RkdSide& side, int64_t rows, int64_t padded, int64_t i) {
  const E* x = static_cast<const E*>(side.rows);
  const auto put = [&](int64_t at, double square, double distance, double inverse) {
    side.squares[at] = square;
    side.distances[at] = distance;
    side.inverse[at] = inverse;
  };
  for (int64_t k = 0; k < i; ++k) {
    const double square = square_apart(x + i * side.stride, x + k * side.stride, side.dim);
    const double root = __builtin_sqrt(square);
    const double distance = square < kLeastSquare ? kLeastDistance : root;
    const double inverse = root < kShortestNorm ? 0 : 1 / root;
    put(i * padded + k, square, distance, inverse);
    put(k * padded + i, square, distance, inverse);
  }
  put(i * padded + i, 0, 0, 0);
  for (int64_t k = rows; k < padded; ++k) put(i * padded + k, 0, 0, 0);
}

template <class T, class E>
void task_squares(const Rkd& call, int64_t row) {
  for (const RkdSide& side : call.sides) measure_row<E>(side, call.rows, call.padded, row);
}

// ---- Huber's function ----

// Its slope at x; NaN for NaN.
CD_INLINE V huber_slope(V x) { return minimum(broadcast(1.0), maximum(broadcast(-1.0), x)); }

CD_INLINE V huber(V x, V slope) { return slope * multiply_add(broadcast(-0.5), slope, x); }

CD_INLINE double sum_of(const double* values, int64_t n) {
  Sums<double> sums;
  for_each_vector<double>(
      0, n, [&](int64_t i, int64_t count, int k) __attribute__((always_inline)) {
        sums.part[k] += load<double>(values + i, count);
      });
  return sums.total();
}

// From the slopes by d_ij / mean to those by q_ij, for one side: by the distance itself and by the
// mean, of which it is a part. `along` = sum of slope times distance.
void slopes_by_squares(const RkdSide& side, int64_t n, double factor, double mean, double along,
                       double pairs, const double* slopes) {
  const V by_distance = broadcast(0.5 * factor / mean);
  const V by_mean = broadcast(along / mean / pairs);
  for_each_vector<double>(
      0, n, [&](int64_t i, int64_t, int) __attribute__((always_inline)) {
        const V square = read<V>(side.squares + i);
        const V slope = by_distance * (read<V>(slopes + i) - by_mean) * read<V>(side.inverse + i);
        write(side.slopes + i, square < broadcast(kLeastSquare) ? V{} : slope);
      });
}

// ---- angles ----

// What a row of angles reads and adds to on one side: corner i, ends j and k.
struct Corner {
  double square;     // q_ij
  double half;       // r_ij / 2
  const double* qi;  // q_ik
  const double* qj;  // q_jk
  const double* ri;  // r_ik

  CD_INLINE V cosines(int64_t k, V inverse) const {
    const V sides = broadcast(square) + read<V>(qi + k) - read<V>(qj + k);
    return sides * inverse * broadcast(half);
  }
};

// Sums over k on one side.
struct CornerSlopes {
  V inverse = {};  // slope times r_ik
  V cosine = {};   // slope times c

  CD_INLINE void add(const Corner& corner, double factor, V slope, V inverse_k, V cosines,
                     double* slopes_k) {
    const V by_inverse = slope * inverse_k;
    inverse += by_inverse;
    cosine = multiply_add(slope, cosines, cosine);
    const V opposite = broadcast(-factor * corner.half);
    write(slopes_k, multiply_add(opposite, by_inverse, read<V>(slopes_k)));
  }

  double by_square(double factor, double inverse_ij) const {
    return factor * inverse_ij * (sum<double>(inverse) - inverse_ij * sum<double>(cosine));
  }
};

// All angles with an end at row j; kGradients: of none, of the student, of both. Everything that is
// written belongs to row j.
template <int kGradients>
double angles_of_row(const Rkd& call, int64_t j) {
  const RkdSide &s = call.sides[0], &t = call.sides[1];
  const auto corner = [&](const RkdSide& side, int64_t i) -> Corner {
    const double* qi = side.squares + i * call.padded;
    const double* ri = side.inverse + i * call.padded;
    return {qi[j], 0.5 * ri[j], qi, side.squares + j * call.padded, ri};
  };
  double *slopes_s = s.slopes + j * call.padded, *slopes_t = t.slopes + j * call.padded;
  const double factor = call.angle_factor;
  V total = {};
  for (int64_t i = 0; i < call.rows; ++i) {
    if (i == j) continue;
    const Corner at_s = corner(s, i), at_t = corner(t, i);
    CornerSlopes sum_s, sum_t;
    for (int64_t k = 0; k < call.padded; k += kStep) {
      const V inverse_s = read<V>(at_s.ri + k), inverse_t = read<V>(at_t.ri + k);
      const V cosine_s = at_s.cosines(k, inverse_s), cosine_t = at_t.cosines(k, inverse_t);
      const V apart = cosine_s - cosine_t, slope = huber_slope(apart);
      total += huber(apart, slope);
      if (kGradients > 0) sum_s.add(at_s, factor, slope, inverse_s, cosine_s, slopes_s + k);
      if (kGradients > 1) sum_t.add(at_t, factor, -slope, inverse_t, cosine_t, slopes_t + k);
    }
    if (kGradients > 0) slopes_s[i] += sum_s.by_square(factor, 2 * at_s.half);
    if (kGradients > 1) slopes_t[i] += sum_t.by_square(factor, 2 * at_t.half);
  }
  return sum<double>(total);
}

// ---- gradients by the features ----

// kWide vectors from column d on, n elements of each, of grad_i = sum_k slopes_k (x_i - x_k).
template <int kWide, class E>
CD_INLINE void gradient_columns(const RkdSide& side, int64_t rows, int64_t i, const double* slopes,
                                int64_t d, int64_t n) {
  const E* x = static_cast<const E*>(side.rows) + d;
  V own[kWide], sum[kWide] = {};
  for (int v = 0; v < kWide; ++v) own[v] = load<double>(x + i * side.stride + v * kStep, n);
  for (int64_t k = 0; k < rows; ++k) {
    const V slope = broadcast(slopes[k]);
    for (int v = 0; v < kWide; ++v) {
      const V apart = own[v] - load<double>(x + k * side.stride + v * kStep, n);
      sum[v] = multiply_add(slope, apart, sum[v]);
    }
  }
  E* grad = static_cast<E*>(side.grad_or_null) + i * side.grad_stride + d;
  for (int v = 0; v < kWide; ++v) store<double>(grad + v * kStep, sum[v], n);
}

template <class E>
void gradient_row(const Rkd& call, const RkdSide& side, int64_t i, double* slopes) {
  if (side.grad_or_null == nullptr) return;
  for (int64_t k = 0; k < call.rows; ++k) {
    const double both = side.slopes[i * call.padded + k] + side.slopes[k * call.padded + i];
    slopes[k] = k == i ? 0 : 2 * call.grad_scale * both;
  }
  constexpr int kWide = 4;
  int64_t d = 0;
  for (; d + kWide * kStep <= side.dim; d += kWide * kStep) {
    gradient_columns<kWide, E>(side, call.rows, i, slopes, d, kStep);
  }
  for (; d < side.dim; d += kStep) {
    const int64_t n = side.dim - d < kStep ? side.dim - d : kStep;
    gradient_columns<1, E>(side, call.rows, i, slopes, d, n);
  }
}

template <class T, class E>
void task_gradients(const Rkd& call, int64_t row, double* slopes) {
  for (const RkdSide& side : call.sides) gradient_row<E>(call, side, row, slopes);
}

}  // namespace

void rkd_squares_task(const Rkd& call, int64_t row) {
  CD_FOR_DTYPE(call.dtype, task_squares, call, row)
}

// The loss of the distances; leaves their gradient in the slopes.
double rkd_distances(const Rkd& call) {
  const RkdSide &s = call.sides[0], &t = call.sides[1];
  const int64_t n = call.rows * call.padded;
  const double pairs = static_cast<double>(call.rows) * static_cast<double>(call.rows - 1);
  const double mean_s = sum_of(s.distances, n) / pairs, mean_t = sum_of(t.distances, n) / pairs;
  const V scale_s = broadcast(1 / mean_s), scale_t = broadcast(1 / mean_t);
  Sums<double> total, along_s, along_t;
  for_each_vector<double>(
      0, n, [&](int64_t i, int64_t, int k) __attribute__((always_inline)) {
        const V ds = read<V>(s.distances + i), dt = read<V>(t.distances + i);
        const V apart = ds * scale_s - dt * scale_t, slope = huber_slope(apart);
        total.part[k] += huber(apart, slope);
        along_s.part[k] = multiply_add(slope, ds, along_s.part[k]);
        along_t.part[k] = multiply_add(slope, dt, along_t.part[k]);
        write(s.slopes + i, slope);
      });
  const double factor = call.distance_factor;
  slopes_by_squares(t, n, -factor, mean_t, along_t.total(), pairs, s.slopes);
  slopes_by_squares(s, n, factor, mean_s, along_s.total(), pairs, s.slopes);
  return factor * total.total();
}

void rkd_angles_task(const Rkd& call, int64_t row) {
  const bool both = call.sides[1].grad_or_null != nullptr;
  const bool any = both || call.sides[0].grad_or_null != nullptr;
  call.row_sums[row] = both  ? angles_of_row<2>(call, row)
                       : any ? angles_of_row<1>(call, row)
                             : angles_of_row<0>(call, row);
}

void rkd_gradients_task(const Rkd& call, int64_t row, int32_t slot) {
  CD_FOR_DTYPE(call.dtype, task_gradients, call, row, call.slot_slopes + slot * call.padded)
}

}  // namespace CD_TARGET

#if defined(CD_COMPILE_PORTABLE)
namespace {

constexpr int64_t kMostLanes = 8;

// What one thread needs, roughly: 0.4 a triple, 0.08 a difference of two numbers.
double nanoseconds(const Rkd& call) {
  const double rows = static_cast<double>(call.rows);
  const int64_t columns = call.sides[0].dim + call.sides[1].dim;
  return rows * rows * (0.4 * rows + 0.08 * static_cast<double>(columns));
}

double run(Rkd& call, int32_t threads) {
  const int64_t rows = call.rows, entries = rows * call.padded;
  const int32_t slots = threads_for(rows, threads, nanoseconds(call));
  const Buffer memory((8 * entries + rows + slots * call.padded) * 8);
  double* next = static_cast<double*>(memory.get());
  const auto take = [&](int64_t count) {
    double* const taken = next;
    next += count;
    return taken;
  };
  for (RkdSide& side : call.sides) {
    side.squares = take(entries);
    side.distances = take(entries);
    side.inverse = take(entries);
    side.slopes = take(entries);
  }
  call.slot_slopes = take(slots * call.padded);
  call.row_sums = take(rows);
  const auto squares = CD_OF_ACTIVE_ISA(rkd_squares_task);
  portable::parallel_for(rows, slots, [&](int64_t row, int32_t) { squares(call, row); });
  double loss = CD_OF_ACTIVE_ISA(rkd_distances)(call);
  if (call.angle_factor > 0) {
    const auto angles = CD_OF_ACTIVE_ISA(rkd_angles_task);
    portable::parallel_for(rows, slots, [&](int64_t row, int32_t) { angles(call, row); });
    double sum = 0;
    for (int64_t row = 0; row < rows; ++row) sum += call.row_sums[row];
    loss += call.angle_factor * sum;
  }
  if (call.sides[0].grad_or_null != nullptr || call.sides[1].grad_or_null != nullptr) {
    const auto gradients = CD_OF_ACTIVE_ISA(rkd_gradients_task);
    portable::parallel_for(rows, slots,
                           [&](int64_t row, int32_t slot) { gradients(call, row, slot); });
  }
  return loss;
}

// One row has no relations.
double zero_gradients(const Rkd& call) {
  for (const RkdSide& side : call.sides) {
    if (call.rows == 0 || side.grad_or_null == nullptr) continue;
    const int64_t bytes = side.dim * element_bytes(call.dtype);
    __builtin_memset(side.grad_or_null, 0, static_cast<size_t>(bytes));
  }
  return 0;
}

}  // namespace
#endif

}  // namespace cd

#if defined(CD_COMPILE_PORTABLE)
extern "C" int32_t cd_rkd(int32_t dtype, int64_t rows, int64_t student_dim, int64_t teacher_dim,
                          const void* student, int64_t student_stride, const void* teacher,
                          int64_t teacher_stride, double distance_weight, double angle_weight,
                          double grad_scale, void* loss, void* grad_student_or_null,
                          int64_t grad_student_stride, void* grad_teacher_or_null,
                          int64_t grad_teacher_stride, int32_t threads) {
  return cd::guarded([&] {
    cd::check_relation_sizes(dtype, rows, student_dim, teacher_dim, threads);
    cd::check_weight("distance_weight", distance_weight);
    cd::check_weight("angle_weight", angle_weight);
    cd::check_finite("grad_scale", grad_scale);
    const double n = static_cast<double>(std::max<int64_t>(rows, 1));
    cd::Rkd call = {};
    call.dtype = dtype;
    call.rows = rows;
    call.padded = (rows + cd::kMostLanes - 1) / cd::kMostLanes * cd::kMostLanes;
    static_cast<cd::RelationSide&>(call.sides[0]) = {student_dim, student, student_stride,
                                                     grad_student_or_null, grad_student_stride};
    static_cast<cd::RelationSide&>(call.sides[1]) = {teacher_dim, teacher, teacher_stride,
                                                     grad_teacher_or_null, grad_teacher_stride};
    call.distance_factor = distance_weight / n / n;
    call.angle_factor = angle_weight / n / n / n;
    call.grad_scale = grad_scale;
    cd::ArrayCheck check;
    cd::check_relation_arrays(check, dtype, rows, call.sides[0], call.sides[1], loss);
    check.check_aliasing();
    cd::active_isa();
    cd::set_accumulator(dtype, loss, 0,
                        rows < 2 ? cd::zero_gradients(call) : cd::run(call, threads));
  });
}
#endif
