// K4 on a GPU: quality weights from running statistics, and the row norms that serve as qualities.
// B rows, D columns.
#include "core/cuda_norms.cuh"
#include "core/loss_arrays.h"
#include "core/loss_options.h"
#include "kernels/quality_weights.cuh"

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
__global__ void __launch_bounds__(kQualityBlock) quality_weights(QualityWeights<T> call) {
  write_weights<kQualityBlock>(call);
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
  if (is_last_block(ticket)) write_weights<kQualityBlock>(call);
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
