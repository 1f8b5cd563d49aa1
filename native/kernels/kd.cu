// K3, the temperature divergence on a GPU: the C functions and their launches.
#include "core/loss_arrays.h"
#include "core/loss_options.h"
#include "kernels/kd_kernel.cuh"

namespace cd::cuda {
namespace {

struct Parts {
  Divisor* divisor;  // [1]
  double* losses;    // [B]
};

Parts divide(Workspace& workspace, int64_t rows) {
  return {workspace.take<Divisor>(1), workspace.take<double>(rows)};
}

// Everything that the checked arguments ask for.
template <class T>
void run(Kd<T> call, RowLosses<Accumulator<T>> losses, Workspace& workspace, void* stream) {
  using A = Accumulator<T>;
  const Parts parts = divide(workspace, call.rows);
  workspace.check_size();
  const RowGeometry geometry = row_geometry<T>(call.rows, call.classes, 2);
  call.row_threads = geometry.row_threads;
  call.kept = geometry.grid.shared_bytes > 0;
  call.wide = is_wide(call.student, call.student_stride) &&
              is_wide(call.teacher, call.teacher_stride) &&
              is_wide(call.grad_student_or_null, call.grad_student_stride) &&
              is_wide(call.grad_teacher_or_null, call.grad_teacher_stride);
  call.divisor = losses.divisor = parts.divisor;
  call.losses = losses.losses = parts.losses;
  launch<kLabelBlock>("kd divisor", {1}, stream, row_loss_divisor<A>, losses);
  launch<kRowBlock>("kd rows", geometry.grid, stream, kd_rows<T>, call);
  launch<kLabelBlock>("kd loss", {1}, stream, row_loss_total<A>, losses);
}

}  // namespace
}  // namespace cd::cuda

extern "C" int32_t cd_kd_cuda_workspace(int32_t dtype, int64_t rows, int64_t classes,
                                        int64_t* bytes) {
  return cd::guarded([&] {
    cd::element_bytes(dtype);
    cd::check_size("rows", rows, 0);
    cd::check_size("classes", classes, 1);
    cd::cuda::check_bytes(bytes);
    cd::cuda::Workspace workspace(nullptr, 0);
    cd::cuda::divide(workspace, rows);
    *bytes = workspace.needed();
  });
}

extern "C" int32_t cd_kd_cuda(int32_t dtype, int64_t rows, int64_t classes, const void* student,
                              int64_t student_stride, const void* teacher, int64_t teacher_stride,
                              const int64_t* labels_or_null, const void* weights_or_null,
                              int32_t target, double temperature, int32_t reduction,
                              double grad_scale, void* loss, void* row_losses_or_null,
                              void* grad_student_or_null, int64_t grad_student_stride,
                              void* grad_teacher_or_null, int64_t grad_teacher_stride,
                              void* grad_weights_or_null, int64_t* bad_row, void* workspace,
                              int64_t workspace_bytes, void* stream) {
  return cd::guarded([&] {
    cd::element_bytes(dtype);
    cd::check_size("rows", rows, 0);
    cd::check_size("classes", classes, 1);
    cd::check_kd_options(target, temperature, reduction, grad_scale);
    cd::ArrayCheck check;
    cd::check_kd_arrays(check, dtype, rows, classes, student, student_stride, teacher,
                        teacher_stride, labels_or_null, weights_or_null, target, loss,
                        row_losses_or_null, grad_student_or_null, grad_student_stride,
                        grad_teacher_or_null, grad_teacher_stride, grad_weights_or_null);
    cd::cuda::check_device_arrays(check, bad_row, workspace, workspace_bytes);
    check.check_aliasing();
    cd::cuda::with_element_type(dtype, [&](auto type) {
      using T = decltype(type);
      using A = cd::cuda::Accumulator<T>;
      cd::cuda::Kd<T> call = {};
      call.rows = rows;
      call.classes = classes;
      call.student = static_cast<const T*>(student);
      call.student_stride = student_stride;
      call.teacher = static_cast<const T*>(teacher);
      call.teacher_stride = teacher_stride;
      call.labels_or_null = labels_or_null;
      call.weights_or_null = static_cast<const A*>(weights_or_null);
      call.target = target;
      call.temperature = temperature;
      call.row_losses_or_null = static_cast<A*>(row_losses_or_null);
      call.grad_student_or_null = static_cast<T*>(grad_student_or_null);
      call.grad_student_stride = grad_student_stride;
      call.grad_teacher_or_null = static_cast<T*>(grad_teacher_or_null);
      call.grad_teacher_stride = grad_teacher_stride;
      cd::cuda::RowLosses<A> losses = {};
      losses.rows = rows;
      losses.classes = classes;
      losses.labels_or_null = labels_or_null;
      losses.weights_or_null = call.weights_or_null;
      losses.reduction = reduction;
      losses.grad_scale = grad_scale;
      losses.bad_row = bad_row;
      losses.loss = static_cast<A*>(loss);
      losses.grad_weights_or_null = static_cast<A*>(grad_weights_or_null);
      cd::cuda::Workspace parts(workspace, workspace_bytes);
      cd::cuda::run(call, losses, parts, stream);
    });
  });
}
