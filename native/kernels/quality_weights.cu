// K4 on a GPU: quality weights from running statistics, and the row norms that serve as qualities.
// B rows, D columns.
#include "core/cuda_norms.cuh"
#include "core/loss_arrays.h"
#include "core/loss_options.h"

namespace cd::cuda {
namespace {

constexpr int kNormBlock = 256;
constexpr int kQualityBlock = 1024;

// Rows of one side, a warp for each.
template <class T>
struct RowNorms {
  const T* x;
  int64_t dim;
  int64_t stride;
  bool wide;
  Accumulator<T>* norms;

  explicit RowNorms(const Embeddings& side)
      : x(static_cast<const T*>(side.x)),
        dim(side.dim),
        stride(side.stride),
        wide(is_wide(x, stride)),
        norms(static_cast<Accumulator<T>*>(side.norms)) {}

  __device__ void write(int64_t i) const {
    const WarpRow<T> row = {x + i * stride, dim, wide};
    const double norm = row.norm();
    if (threadIdx.x % kWarp == 0) norms[i] = static_cast<Accumulator<T>>(norm);
  }
};

// Number of the calling thread's warp in the grid.
template <int kThreads>
__device__ inline int64_t warp_of_grid() {
  return int64_t{blockIdx.x} * (kThreads / kWarp) + threadIdx.x / kWarp;
}

template <class T>
__global__ void __launch_bounds__(kNormBlock) row_norms(RowNorms<T> side, int64_t rows) {
  const int64_t i = warp_of_grid<kNormBlock>();
  if (i < rows) side.write(i);
}

template <class T>
struct QualityWeights {
  using A = Accumulator<T>;

  int64_t rows;
  const T* qualities[2];  // of the student, of the teacher: [B] each
  int32_t mode;
  double slope;
  double h;
  double alpha;
  bool update;
  double* statistics;  // [CD_QUALITY_STATISTICS]
  A* weights;          // [B]
};

struct Statistics {
  double mean;
  double deviation;
};

__device__ inline bool is_finite(Statistics statistics) {
  const double sum = statistics.mean + statistics.deviation;
  return sum - sum == 0;
}

// Of the batch; the threads of the one block share the work.
template <class T>
__device__ Statistics batch_statistics(const T* values, int64_t rows) {
  double sum[1] = {0}, squares[1] = {0};
  for (int64_t i = threadIdx.x; i < rows; i += kQualityBlock) {
    sum[0] += static_cast<double>(widen(values[i]));
  }
  block_sum<kQualityBlock>(sum);
  const double mean = sum[0] / static_cast<double>(rows);
  for (int64_t i = threadIdx.x; i < rows; i += kQualityBlock) {
    const double difference = static_cast<double>(widen(values[i])) - mean;
    squares[0] += difference * difference;
  }
  block_sum<kQualityBlock>(squares);
  return {mean, rows > 1 ? sqrt(squares[0] / static_cast<double>(rows - 1)) : 0};
}

// The running statistics of one side after this batch; NaN where there was none.
template <class T>
__device__ Statistics next_statistics(const QualityWeights<T>& call, int side) {
  const bool hold_batch = call.statistics[4] != 0;
  const Statistics running = {call.statistics[2 * side], call.statistics[2 * side + 1]};
  if (!call.update || call.rows == 0)
    return {hold_batch ? running.mean : not_a_number<double>(), running.deviation};
  const Statistics batch = batch_statistics(call.qualities[side], call.rows);
  if (!hold_batch) return batch;
  return {running.mean + call.alpha * (batch.mean - running.mean),
          running.deviation + call.alpha * (batch.deviation - running.deviation)};
}

// NaN stays NaN.
__device__ inline double clamp(double x, double least, double most) {
  return x < least ? least : x > most ? most : x;
}

__device__ inline double weight_of(int32_t mode, double k, double student, double teacher) {
  switch (mode) {
    case CD_QUALITY_DIFFERENCE:
      return clamp(1 + k * (teacher - student), 0, 2);
    case CD_QUALITY_TEACHER:
      return clamp(1 + k * teacher, 0, 2);
    case CD_QUALITY_STUDENT:
      return clamp(1 + k * student, 0, 2);
    case CD_QUALITY_PRODUCT:
      return clamp((1 + k * teacher) * (1 + k * student), 0, 4);
    default:
      return 1;
  }
}

// By all threads of one block.
template <class T>
__device__ void write_weights(const QualityWeights<T>& call) {
  using A = Accumulator<T>;
  Statistics used[2];
  for (int side = 0; side < 2; ++side) used[side] = next_statistics(call, side);
  __syncthreads();  // all have read the statistics
  // A batch that is not finite must not spoil the running statistics.
  const bool finite = is_finite(used[0]) && is_finite(used[1]);
  if (threadIdx.x == 0 && call.update && call.rows > 0 && finite) {
    for (int side = 0; side < 2; ++side) {
      call.statistics[2 * side] = used[side].mean;
      call.statistics[2 * side + 1] = used[side].deviation;
    }
    call.statistics[4] = 1;
  }
  for (int64_t i = threadIdx.x; i < call.rows; i += kQualityBlock) {
    double q[2];
    for (int side = 0; side < 2; ++side) {
      const double quality = static_cast<double>(widen(call.qualities[side][i]));
      const double z = (quality - used[side].mean) / (used[side].deviation + 1e-3);
      q[side] = clamp(call.h * z, -1, 1);
    }
    call.weights[i] = static_cast<A>(weight_of(call.mode, call.slope, q[0], q[1]));
  }
}

template <class T>
__global__ void __launch_bounds__(kQualityBlock) quality_weights(QualityWeights<T> call) {
  write_weights(call);
}

// Whether all other blocks have come here before; what they have written until then is read after
// it. Leaves the ticket at 0 for the next launch, as it was before the first.
__device__ inline bool is_last_block(uint32_t* ticket) {
  CD_SHARED(bool, last);
  __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();
    last = atomicInc(ticket, gridDim.x - 1) == gridDim.x - 1;
    __threadfence();
  }
  __syncthreads();
  return last;
}

// A warp for each row of either side, in blocks as large as the one that makes the weights, so that
// those have the bits that quality_weights gives them, whichever block is the last.
template <class T>
__global__ void __launch_bounds__(kQualityBlock)
    embedding_weights(RowNorms<T> student, RowNorms<T> teacher, uint32_t* ticket,
                      QualityWeights<Accumulator<T>> call) {
  const int64_t i = warp_of_grid<kQualityBlock>();
  const bool of_student = i < call.rows;
  const RowNorms<T> side = of_student ? student : teacher;
  if (i < 2 * call.rows) side.write(of_student ? i : i - call.rows);
  if (is_last_block(ticket)) write_weights(call);
}

}  // namespace
}  // namespace cd::cuda

extern "C" int32_t cd_row_norms_cuda(int32_t dtype, int64_t rows, int64_t dim, const void* x,
                                     int64_t stride, void* norms, void* stream) {
  return cd::guarded([&] {
    cd::element_bytes(dtype);
    cd::check_size("rows", rows, 0);
    cd::check_size("dim", dim, 0);
    cd::ArrayCheck check;
    cd::check_row_norms_arrays(check, dtype, rows, dim, x, stride, norms);
    check.check_aliasing();
    cd::cuda::with_element_type(dtype, [&](auto type) {
      using T = decltype(type);
      const cd::cuda::RowNorms<T> side(cd::Embeddings{dim, x, stride, norms});
      const int64_t blocks = cd::cuda::ceil_divide(rows, cd::cuda::kNormBlock / cd::cuda::kWarp);
      cd::cuda::launch<cd::cuda::kNormBlock>("row norms", {blocks}, stream, cd::cuda::row_norms<T>,
                                             side, rows);
    });
  });
}

extern "C" int32_t cd_quality_weights_cuda(int32_t dtype, int64_t rows, const void* quality_student,
                                           const void* quality_teacher, int32_t mode, double slope,
                                           double h, double alpha, int32_t update,
                                           double* statistics, void* weights, void* stream) {
  return cd::guarded([&] {
    cd::element_bytes(dtype);
    cd::check_size("rows", rows, 0);
    cd::check_quality_options(mode, slope, h, alpha, update);
    cd::ArrayCheck check;
    cd::check_quality_arrays(check, dtype, rows, quality_student, quality_teacher, statistics,
                             weights);
    check.check_aliasing();
    cd::cuda::with_element_type(dtype, [&](auto type) {
      using T = decltype(type);
      using A = cd::cuda::Accumulator<T>;
      const cd::cuda::QualityWeights<T> call = {
          rows,
          {static_cast<const T*>(quality_student), static_cast<const T*>(quality_teacher)},
          mode,
          slope,
          h,
          alpha,
          update != 0,
          statistics,
          static_cast<A*>(weights)};
      cd::cuda::launch<cd::cuda::kQualityBlock>("quality weights", {1}, stream,
                                                cd::cuda::quality_weights<T>, call);
    });
  });
}

extern "C" int32_t cd_embedding_weights_cuda(
    int32_t dtype, int64_t rows, int64_t student_dim, int64_t teacher_dim, const void* student,
    int64_t student_stride, const void* teacher, int64_t teacher_stride, int32_t mode, double slope,
    double h, double alpha, int32_t update, double* statistics, void* norms_student,
    void* norms_teacher, void* weights, uint32_t* ticket, void* stream) {
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
    check.output("ticket", ticket, 1, 1, 1, sizeof(uint32_t));
    check.check_aliasing();
    cd::cuda::with_element_type(dtype, [&](auto type) {
      using T = decltype(type);
      using A = cd::cuda::Accumulator<T>;
      const cd::cuda::RowNorms<T> of_student(call.student), of_teacher(call.teacher);
      const cd::cuda::QualityWeights<A> of_norms = {rows,
                                                    {of_student.norms, of_teacher.norms},
                                                    mode,
                                                    slope,
                                                    h,
                                                    alpha,
                                                    update != 0,
                                                    statistics,
                                                    static_cast<A*>(weights)};
      const int64_t blocks =
          cd::cuda::ceil_divide(2 * rows, cd::cuda::kQualityBlock / cd::cuda::kWarp);
      cd::cuda::launch<cd::cuda::kQualityBlock>("embedding weights", {blocks}, stream,
                                                cd::cuda::embedding_weights<T>, of_student,
                                                of_teacher, ticket, of_norms);
    });
  });
}
