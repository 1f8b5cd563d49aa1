// K4 on a GPU from the qualities of both sides on, for the kernels that have them at hand. One
// block does it. B rows.
#pragma once

#include "core/cuda_util.cuh"

namespace cd::cuda {

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
template <int kThreads, class T>
__device__ Statistics batch_statistics(const T* values, int64_t rows) {
  double sum[1] = {0}, squares[1] = {0};
  for (int64_t i = threadIdx.x; i < rows; i += kThreads) {
    sum[0] += static_cast<double>(widen(values[i]));
  }
  block_sum<kThreads>(sum);
  const double mean = sum[0] / static_cast<double>(rows);
  for (int64_t i = threadIdx.x; i < rows; i += kThreads) {
    const double difference = static_cast<double>(widen(values[i])) - mean;
    squares[0] += difference * difference;
  }
  block_sum<kThreads>(squares);
  return {mean, rows > 1 ? sqrt(squares[0] / static_cast<double>(rows - 1)) : 0};
}

// The running statistics of one side after this batch; NaN where there was none.
template <int kThreads, class T>
__device__ Statistics next_statistics(const QualityWeights<T>& call, int side) {
  const bool hold_batch = call.statistics[4] != 0;
  const Statistics running = {call.statistics[2 * side], call.statistics[2 * side + 1]};
  if (!call.update || call.rows == 0)
    return {hold_batch ? running.mean : not_a_number<double>(), running.deviation};
  const Statistics batch = batch_statistics<kThreads>(call.qualities[side], call.rows);
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

// By the kThreads threads of one block.
template <int kThreads, class T>
__device__ void write_weights(const QualityWeights<T>& call) {
  using A = Accumulator<T>;
  Statistics used[2];
  for (int side = 0; side < 2; ++side) used[side] = next_statistics<kThreads>(call, side);
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
  for (int64_t i = threadIdx.x; i < call.rows; i += kThreads) {
    double q[2];
    for (int side = 0; side < 2; ++side) {
      const double quality = static_cast<double>(widen(call.qualities[side][i]));
      const double z = (quality - used[side].mean) / (used[side].deviation + 1e-3);
      q[side] = z - z == 0 ? clamp(call.h * z, -1, 1) : z - z;
    }
    // NaN of either side, also where the mode looks at the other alone.
    const double weight = weight_of(call.mode, call.slope, q[0], q[1]) + 0 * (q[0] + q[1]);
    call.weights[i] = static_cast<A>(weight);
  }
}

}  // namespace cd::cuda
