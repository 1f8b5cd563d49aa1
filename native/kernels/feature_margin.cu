// K1, the soft-margin feature loss on a GPU: the C functions and their launches.
#include "core/loss_arrays.h"
#include "core/loss_options.h"
#include "kernels/feature_margin_kernel.cuh"

namespace cd::cuda {
namespace {

struct Parts {
  Divisor* divisor;    // [1]
  double* block_sums;  // [blocks]
};

Parts divide(Workspace& workspace, int64_t blocks) {
  return {workspace.take<Divisor>(1), workspace.take<double>(blocks)};
}

// Everything that the checked arguments ask for.
template <class T>
void run(FeatureMargin<T> call, int32_t reduction, double grad_scale, Accumulator<T>* loss,
         Workspace& workspace, void* stream) {
  using A = Accumulator<T>;
  const RowGeometry geometry = row_geometry<T>(call.rows, call.dim, 2);
  const Parts parts = divide(workspace, geometry.grid.blocks);
  workspace.check_size();
  const double rows = static_cast<double>(call.rows);
  const double n = divisor(reduction, rows, rows);
  call.divisor.inverse_n = n > 0 ? 1 / n : 0;
  call.divisor.gradient_factor = grad_scale * call.divisor.inverse_n;
  call.weighted_mean = reduction == CD_WEIGHTED_MEAN;
  call.block_sums = parts.block_sums;
  if (call.weighted_mean && call.weights_or_null != nullptr) {
    call.device_divisor_or_null = parts.divisor;
    launch<kReduceBlock>("feature margin divisor", {1}, stream, feature_margin_divisor<A>,
                         call.weights_or_null, call.rows, grad_scale, parts.divisor);
  }
  call.row_threads = geometry.row_threads;
  call.kept = geometry.grid.shared_bytes > 0;
  launch<kRowBlock>("feature margin rows", geometry.grid, stream, feature_margin_rows<T>, call);
  launch<kReduceBlock>("feature margin loss", {1}, stream, feature_margin_loss<A>, parts.block_sums,
                       geometry.grid.blocks, call.divisor, call.device_divisor_or_null, loss);
  if (call.weighted_mean && call.grad_weights_or_null != nullptr) {
    launch<kRowBlock>("feature margin weights", {ceil_divide(call.rows, kRowBlock)}, stream,
                      feature_margin_weights<A>, call.rows, call.divisor,
                      call.device_divisor_or_null, loss, call.grad_weights_or_null);
  }
}

}  // namespace
}  // namespace cd::cuda

extern "C" int32_t cd_feature_margin_cuda_workspace(int32_t dtype, int64_t rows, int64_t dim,
                                                    int64_t* bytes) {
  return cd::guarded([&] {
    cd::element_bytes(dtype);
    cd::check_size("rows", rows, 0);
    cd::check_size("dim", dim, 0);
    cd::cuda::check_bytes(bytes);
    cd::cuda::with_element_type(dtype, [&](auto element) {
      cd::cuda::Workspace workspace(nullptr, 0);
      const auto geometry = cd::cuda::row_geometry<decltype(element)>(rows, dim, 2);
      cd::cuda::divide(workspace, geometry.grid.blocks);
      *bytes = workspace.needed();
    });
  });
}

extern "C" int32_t cd_feature_margin_cuda(
    int32_t dtype, int64_t rows, int64_t dim, const void* student, int64_t student_stride,
    const void* teacher, int64_t teacher_stride, const void* weights_or_null, int32_t distance,
    double margin, int32_t reduction, double grad_scale, void* loss, void* row_losses_or_null,
    void* distances_or_null, void* grad_student_or_null, int64_t grad_student_stride,
    void* grad_teacher_or_null, int64_t grad_teacher_stride, void* grad_weights_or_null,
    void* workspace, int64_t workspace_bytes, void* stream) {
  return cd::guarded([&] {
    cd::element_bytes(dtype);
    cd::check_size("rows", rows, 0);
    cd::check_size("dim", dim, 0);
    cd::check_feature_margin_options(distance, margin, reduction, grad_scale);
    cd::ArrayCheck check;
    cd::check_feature_margin_arrays(
        check, dtype, rows, dim, student, student_stride, teacher, teacher_stride, weights_or_null,
        loss, row_losses_or_null, distances_or_null, grad_student_or_null, grad_student_stride,
        grad_teacher_or_null, grad_teacher_stride, grad_weights_or_null);
    cd::cuda::check_workspace(check, workspace, workspace_bytes);
    check.check_aliasing();
    cd::cuda::with_element_type(dtype, [&](auto type) {
      using T = decltype(type);
      using A = cd::cuda::Accumulator<T>;
      cd::cuda::FeatureMargin<T> call = {};
      call.rows = rows;
      call.dim = dim;
      call.student = static_cast<const T*>(student);
      call.student_stride = student_stride;
      call.teacher = static_cast<const T*>(teacher);
      call.teacher_stride = teacher_stride;
      call.weights_or_null = static_cast<const A*>(weights_or_null);
      call.distance = distance;
      call.margin = margin;
      call.row_losses_or_null = static_cast<A*>(row_losses_or_null);
      call.distances_or_null = static_cast<A*>(distances_or_null);
      call.grad_student_or_null = static_cast<T*>(grad_student_or_null);
      call.grad_student_stride = grad_student_stride;
      call.grad_teacher_or_null = static_cast<T*>(grad_teacher_or_null);
      call.grad_teacher_stride = grad_teacher_stride;
      call.grad_weights_or_null = static_cast<A*>(grad_weights_or_null);
      call.wide = cd::cuda::is_wide(call.student, student_stride) &&
                  cd::cuda::is_wide(call.teacher, teacher_stride) &&
                  cd::cuda::is_wide(call.grad_student_or_null, grad_student_stride) &&
                  cd::cuda::is_wide(call.grad_teacher_or_null, grad_teacher_stride);
      cd::cuda::Workspace parts(workspace, workspace_bytes);
      cd::cuda::run(call, reduction, grad_scale, static_cast<A*>(loss), parts, stream);
    });
  });
}
