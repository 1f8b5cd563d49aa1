// K3, Kendall's tau-b on a GPU: the C functions.
#include "core/loss_arrays.h"
#include "core/loss_options.h"
#include "kernels/kendall_tau_kernel.cuh"

extern "C" int32_t cd_kendall_tau_cuda_workspace(int32_t dtype, int64_t rows, int64_t classes,
                                                 int64_t* bytes) {
  return cd::guarded([&] {
    cd::element_bytes(dtype);
    cd::check_size("rows", rows, 0);
    cd::cuda::check_classes_of_tau(classes);
    cd::cuda::check_bytes(bytes);
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
    cd::element_bytes(dtype);
    cd::check_size("rows", rows, 0);
    cd::cuda::check_classes_of_tau(classes);
    cd::check_threshold(threshold);
    cd::ArrayCheck check;
    cd::check_kendall_tau_arrays(check, dtype, rows, classes, a, a_stride, b, b_stride, tau,
                                 mask_or_null);
    cd::cuda::check_workspace(check, workspace, workspace_bytes);
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
