// K4, quality weights: running statistics of the qualities of two modalities, and the row norms
// that serve as qualities. B rows, D columns.
#include "kernels/quality_weights.h"

#include <algorithm>
#include <cinttypes>
#include <limits>

#include "core/accumulator.h"
#include "core/loss_arrays.h"
#include "core/loss_options.h"
#include "core/norms.h"
#include "core/parallel.h"
#include "core/simd.h"
#include "core/tensor_check.h"

namespace cd {

// Of one side or two. Tasks go on from the rows of the first into those of the second, so that two
// small sides are one task.
struct RowNorms {
  int32_t dtype;
  int64_t rows;
  const Embeddings* sides;
  int32_t count;
  int64_t rows_per_task;
};

CD_FOR_EACH_ISA(void row_norms_task(const RowNorms& call, int64_t task))

namespace CD_TARGET {
namespace {

template <class T, class E>
void task_norms(const RowNorms& call, int64_t task) {
  int64_t first = task * call.rows_per_task, last = first + call.rows_per_task;
  for (int32_t k = 0; k < call.count; ++k, first -= call.rows, last -= call.rows) {
    const Embeddings& side = call.sides[k];
    const int64_t end = last < call.rows ? last : call.rows;
    for (int64_t i = first > 0 ? first : 0; i < end; ++i) {
      const E* x = static_cast<const E*>(side.x) + i * side.stride;
      static_cast<T*>(side.norms)[i] = static_cast<T>(row_norm<T>(x, side.dim));
    }
  }
}

}  // namespace

void row_norms_task(const RowNorms& call, int64_t task) {
  CD_FOR_DTYPE(call.dtype, task_norms, call, task)
}

}  // namespace CD_TARGET

#if defined(CD_COMPILE_PORTABLE)
namespace {

constexpr int64_t kElementsPerTask = 65536;

template <int32_t kCount>
void write_norms(int32_t dtype, int64_t rows, const Embeddings (&sides)[kCount], int32_t threads) {
  int64_t dim = 1;
  for (const Embeddings& side : sides) dim = std::max(dim, side.dim);
  const int64_t rows_per_task = std::max<int64_t>(1, kElementsPerTask / dim);
  const RowNorms call = {dtype, rows, sides, kCount, rows_per_task};
  const int64_t tasks = (kCount * rows + rows_per_task - 1) / rows_per_task;
  const auto task_function = CD_OF_ACTIVE_ISA(row_norms_task);
  const auto body = [&](int64_t task, int32_t) { task_function(call, task); };
  portable::parallel_for(tasks, threads_for(tasks, threads), body);
}

struct Statistics {
  double mean;
  double deviation;
};

double quality_at(int32_t dtype, const void* values, int64_t i) {
  switch (dtype) {
    case CD_F64:
      return static_cast<const double*>(values)[i];
    case CD_F32:
      return static_cast<double>(static_cast<const float*>(values)[i]);
    case CD_BF16:
      return portable::to_double(static_cast<const Bf16*>(values)[i]);
    default:
      return portable::to_double(static_cast<const F16*>(values)[i]);
  }
}

void check_qualities(const Qualities& qualities, int32_t dtype, int64_t rows) {
  for (int64_t i = 0; i < rows; ++i) {
    const double value = quality_at(dtype, qualities.values, i);
    if (!std::isfinite(value)) {
      fail(CD_INVALID_ARGUMENT, "%s: row %" PRId64 ": expected a finite quality, got %g",
           qualities.name, i, value);
    }
  }
}

Statistics batch_statistics(int32_t dtype, const void* values, int64_t rows) {
  double sum = 0;
  for (int64_t i = 0; i < rows; ++i) sum += quality_at(dtype, values, i);
  const double mean = sum / static_cast<double>(rows);
  double squares = 0;
  for (int64_t i = 0; i < rows; ++i) {
    const double difference = quality_at(dtype, values, i) - mean;
    squares += difference * difference;
  }
  return {mean, rows > 1 ? std::sqrt(squares / static_cast<double>(rows - 1)) : 0};
}

// Whether the running statistics hold a batch.
bool hold_batch(const double* statistics) { return statistics[4] != 0; }

// The running statistics of one side after this batch.
Statistics next_statistics(const QualityWeights& call, int side) {
  const Statistics running = {call.statistics[2 * side], call.statistics[2 * side + 1]};
  if (!call.update || call.rows == 0) return running;
  Statistics next = batch_statistics(call.dtype, call.sides[side].values, call.rows);
  if (hold_batch(call.statistics)) {
    next.mean = running.mean + call.alpha * (next.mean - running.mean);
    next.deviation = running.deviation + call.alpha * (next.deviation - running.deviation);
  }
  return next;
}

double standardised(const QualityWeights& call, double quality, Statistics statistics) {
  const double z = (quality - statistics.mean) / (statistics.deviation + 1e-3);
  return std::clamp(call.h * z, -1.0, 1.0);
}

double weight_of(const QualityWeights& call, double student, double teacher) {
  const double k = call.slope;
  switch (call.mode) {
    case CD_QUALITY_DIFFERENCE:
      return std::clamp(1 + k * (teacher - student), 0.0, 2.0);
    case CD_QUALITY_TEACHER:
      return std::clamp(1 + k * teacher, 0.0, 2.0);
    case CD_QUALITY_STUDENT:
      return std::clamp(1 + k * student, 0.0, 2.0);
    case CD_QUALITY_PRODUCT:
      return std::clamp((1 + k * teacher) * (1 + k * student), 0.0, 4.0);
    default:
      return 1;
  }
}

void check_next(const char* name, Statistics next) {
  if (!std::isfinite(next.mean) || !std::isfinite(next.deviation)) {
    fail(CD_INVALID_ARGUMENT, "%s: expected a finite mean and deviation, got %g and %g", name,
         next.mean, next.deviation);
  }
}

}  // namespace

void check_statistics(const double* statistics, bool update) {
  if (statistics[4] != 0 && statistics[4] != 1) {
    fail(CD_INVALID_ARGUMENT, "statistics[4], whether they hold a batch: expected 0 or 1, got %g",
         statistics[4]);
  }
  if (!hold_batch(statistics)) {
    if (update) return;
    fail(CD_INVALID_ARGUMENT,
         "statistics[4]: expected 1, a batch before, where update is 0, got 0");
  }
  const char* const names[] = {
      "statistics[0], student's mean", "statistics[1], student's deviation",
      "statistics[2], teacher's mean", "statistics[3], teacher's deviation"};
  for (int i = 0; i < 4; ++i) {
    const double value = statistics[i];
    if (!std::isfinite(value) || (i % 2 == 1 && value < 0)) {
      fail(CD_INVALID_ARGUMENT, "%s: expected a finite number%s, got %g", names[i],
           i % 2 == 1 ? " of at least 0" : "", value);
    }
  }
}

void write_quality_weights(const QualityWeights& call) {
  for (const Qualities& side : call.sides) check_qualities(side, call.dtype, call.rows);
  Statistics used[2];
  for (int side = 0; side < 2; ++side) {
    used[side] = next_statistics(call, side);
    check_next(call.sides[side].name, used[side]);
  }
  if (call.update && call.rows > 0) {
    for (int side = 0; side < 2; ++side) {
      call.statistics[2 * side] = used[side].mean;
      call.statistics[2 * side + 1] = used[side].deviation;
    }
    call.statistics[4] = 1;
  }
  for (int64_t i = 0; i < call.rows; ++i) {
    double q[2];
    for (int side = 0; side < 2; ++side) {
      q[side] = standardised(call, quality_at(call.dtype, call.sides[side].values, i), used[side]);
    }
    set_accumulator(call.dtype, call.weights, i, weight_of(call, q[0], q[1]));
  }
}

#endif

}  // namespace cd

#if defined(CD_COMPILE_PORTABLE)
extern "C" {

int32_t cd_row_norms(int32_t dtype, int64_t rows, int64_t dim, const void* x, int64_t stride,
                     void* norms, int32_t threads) {
  return cd::guarded([&] {
    cd::element_bytes(dtype);
    cd::check_size("rows", rows, 0);
    cd::check_size("dim", dim, 0);
    cd::check_size("threads", threads, 0);
    cd::ArrayCheck check;
    cd::check_row_norms_arrays(check, dtype, rows, dim, x, stride, norms);
    check.check_aliasing();
    cd::write_norms(dtype, rows, {{dim, x, stride, norms}}, threads);
  });
}

int32_t cd_quality_weights(int32_t dtype, int64_t rows, const void* quality_student,
                           const void* quality_teacher, int32_t mode, double slope, double h,
                           double alpha, int32_t update, double* statistics, void* weights) {
  return cd::guarded([&] {
    cd::element_bytes(dtype);
    cd::check_size("rows", rows, 0);
    cd::check_quality_options(mode, slope, h, alpha, update);
    cd::ArrayCheck check;
    cd::check_quality_arrays(check, dtype, rows, quality_student, quality_teacher, statistics,
                             weights);
    check.check_aliasing();
    cd::check_statistics(statistics, update != 0);
    cd::active_isa();
    cd::write_quality_weights(
        {dtype,
         rows,
         {{"quality_student", quality_student}, {"quality_teacher", quality_teacher}},
         mode,
         slope,
         h,
         alpha,
         update != 0,
         statistics,
         weights});
  });
}

int32_t cd_embedding_weights(int32_t dtype, int64_t rows, int64_t student_dim, int64_t teacher_dim,
                             const void* student, int64_t student_stride, const void* teacher,
                             int64_t teacher_stride, int32_t mode, double slope, double h,
                             double alpha, int32_t update, double* statistics, void* norms_student,
                             void* norms_teacher, void* weights, int32_t threads) {
  return cd::guarded([&] {
    const cd::EmbeddingWeightsArguments call = {
        dtype,
        rows,
        {student_dim, student, student_stride, norms_student},
        {teacher_dim, teacher, teacher_stride, norms_teacher},
        mode,
        slope,
        h,
        alpha,
        update,
        statistics,
        weights};
    cd::ArrayCheck check;
    cd::check_embedding_weights_arguments(check, call);
    check.check_aliasing();
    cd::check_size("threads", threads, 0);
    cd::check_statistics(statistics, update != 0);
    cd::write_norms(dtype, rows, {call.student, call.teacher}, threads);
    cd::write_quality_weights({dtype == CD_F64 ? CD_F64 : CD_F32,
                               rows,
                               {{"student", norms_student}, {"teacher", norms_teacher}},
                               mode,
                               slope,
                               h,
                               alpha,
                               update != 0,
                               statistics,
                               weights});
  });
}

}  // extern "C"
#endif
