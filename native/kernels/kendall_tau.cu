// K3, Kendall's tau-b on a GPU: the C functions.
#include "core/loss_options.h"
#include "kernels/kendall_tau_kernel.cuh"

extern "C" int32_t cd_kendall_tau_cuda_workspace(int32_t dtype, int64_t rows, int64_t classes,
                                                 int64_t* bytes) {
  return cd::guarded([&] {
    cd::element_bytes(dtype);
    cd::cuda::check_device_size("rows", rows, 0);
    cd::cuda::check_classes_of_tau(classes);
    if (bytes == nullptr) cd::fail(CD_INVALID_ARGUMENT, "bytes: expected a pointer, got null");
    cd::cuda::with_element_type(dtype, [&](auto element) {
      cd::cuda::Workspace workspace(nullptr, 0);
      cd::cuda::take_tau_keys<decltype(element)>(workspace, rows, classes);
      *bytes = workspace.needed();
    });
  });
}

extern "C" int32_t cd_kendall_tau_cuda(int32_t dtype, int64_t rows, int64_t classes, const void* a,
                                       int64_t a_stride, const void* b, int64_t b_stride,
                                       double threshold, void* tau, uint8_t* mask_or_null,
                                       void* workspace, int64_t workspace_bytes, void* stream) {
  return cd::guarded([&] {
    const int64_t element = cd::element_bytes(dtype);
    cd::cuda::check_device_size("rows", rows, 0);
    cd::cuda::check_classes_of_tau(classes);
    cd::check_threshold(threshold);
    cd::ArrayCheck check;
    check.input("a", a, rows, classes, a_stride, element);
    check.input("b", b, rows, classes, b_stride, element);
    check.output("tau", tau, rows, 1, 1, cd::accumulator_bytes(dtype));
    check.output_or_null("mask", mask_or_null, rows, 1, 1, 1);
    check.output("workspace", workspace, 1, workspace_bytes, workspace_bytes, 1);
    check.check_aliasing();
    cd::cuda::with_element_type(dtype, [&](auto type) {
      using T = decltype(type);
      cd::cuda::Workspace parts(workspace, workspace_bytes);
      cd::cuda::KendallTau<T> call = {};
      call.rows = rows;
      call.classes = classes;
      call.a = static_cast<const T*>(a);
      call.a_stride = a_stride;
      call.b = static_cast<const T*>(b);
      call.b_stride = b_stride;
      call.threshold = threshold;
      call.tau_or_null = static_cast<cd::cuda::Accumulator<T>*>(tau);
      call.mask_or_null = mask_or_null;
      call.keys = cd::cuda::take_tau_keys<T>(parts, rows, classes);
      parts.check_size();
      cd::cuda::launch_kendall_tau(call, stream);
    });
  });
}
