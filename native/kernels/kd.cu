// K3, the temperature divergence and the same decoupled, on a GPU: the C functions and their
// launches.
#include "core/loss_arrays.h"
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

void check_and_run(const LogitArguments& arguments, const KdTerms& terms, int64_t* bad_row,
                   void* workspace, int64_t workspace_bytes, void* stream) {
  ArrayCheck check;
  check_kd_arguments(check, arguments, terms);
  check_device_arrays(check, bad_row, workspace, workspace_bytes);
  check.check_aliasing();
  with_element_type(arguments.dtype, [&](auto type) {
    using T = decltype(type);
    using A = Accumulator<T>;
    Kd<T> call = {};
    call.rows = arguments.rows;
    call.classes = arguments.classes;
    call.student = static_cast<const T*>(arguments.student);
    call.student_stride = arguments.student_stride;
    call.teacher = static_cast<const T*>(arguments.teacher);
    call.teacher_stride = arguments.teacher_stride;
    call.labels_or_null = arguments.labels_or_null;
    call.weights_or_null = static_cast<const A*>(arguments.weights_or_null);
    call.terms = terms;
    call.temperature = arguments.temperature;
    call.row_losses_or_null = static_cast<A*>(arguments.row_losses_or_null);
    call.grad_student_or_null = static_cast<T*>(arguments.grad_student_or_null);
    call.grad_student_stride = arguments.grad_student_stride;
    call.grad_teacher_or_null = static_cast<T*>(arguments.grad_teacher_or_null);
    call.grad_teacher_stride = arguments.grad_teacher_stride;
    RowLosses<A> losses = {};
    losses.rows = arguments.rows;
    losses.classes = arguments.classes;
    losses.labels_or_null = arguments.labels_or_null;
    losses.weights_or_null = call.weights_or_null;
    losses.reduction = arguments.reduction;
    losses.grad_scale = arguments.grad_scale;
    losses.bad_row = bad_row;
    losses.loss = static_cast<A*>(arguments.loss);
    losses.grad_weights_or_null = static_cast<A*>(arguments.grad_weights_or_null);
    Workspace parts(workspace, workspace_bytes);
    run(call, losses, parts, stream);
  });
}

int64_t workspace_bytes_of(int32_t dtype, int64_t rows, int64_t classes, int64_t fewest_classes) {
  element_bytes(dtype);
  check_size("rows", rows, 0);
  check_size("classes", classes, fewest_classes);
  Workspace workspace(nullptr, 0);
  divide(workspace, rows);
  return workspace.needed();
}

}  // namespace
}  // namespace cd::cuda

extern "C" int32_t cd_kd_cuda_workspace(int32_t dtype, int64_t rows, int64_t classes,
                                        int64_t* bytes) {
  return cd::guarded([&] {
    cd::cuda::check_bytes(bytes);
    *bytes = cd::cuda::workspace_bytes_of(dtype, rows, classes, 1);
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
    cd::cuda::check_and_run({dtype, rows, classes, student, student_stride, teacher, teacher_stride,
                             labels_or_null, weights_or_null, temperature, reduction, grad_scale,
                             loss, row_losses_or_null, grad_student_or_null, grad_student_stride,
                             grad_teacher_or_null, grad_teacher_stride, grad_weights_or_null},
                            cd::divergence_with(target), bad_row, workspace, workspace_bytes,
                            stream);
  });
}

extern "C" int32_t cd_dkd_cuda_workspace(int32_t dtype, int64_t rows, int64_t classes,
                                         int64_t* bytes) {
  return cd::guarded([&] {
    cd::cuda::check_bytes(bytes);
    *bytes = cd::cuda::workspace_bytes_of(dtype, rows, classes, 2);
  });
}

extern "C" int32_t cd_dkd_cuda(int32_t dtype, int64_t rows, int64_t classes, const void* student,
                               int64_t student_stride, const void* teacher, int64_t teacher_stride,
                               const int64_t* labels, const void* weights_or_null, double alpha,
                               double beta, double temperature, int32_t reduction,
                               double grad_scale, void* loss, void* row_losses_or_null,
                               void* grad_student_or_null, int64_t grad_student_stride,
                               void* grad_teacher_or_null, int64_t grad_teacher_stride,
                               void* grad_weights_or_null, int64_t* bad_row, void* workspace,
                               int64_t workspace_bytes, void* stream) {
  return cd::guarded([&] {
    cd::cuda::check_and_run({dtype, rows, classes, student, student_stride, teacher, teacher_stride,
                             labels, weights_or_null, temperature, reduction, grad_scale, loss,
                             row_losses_or_null, grad_student_or_null, grad_student_stride,
                             grad_teacher_or_null, grad_teacher_stride, grad_weights_or_null},
                            cd::decoupled(alpha, beta), bad_row, workspace, workspace_bytes,
                            stream);
  });
}
