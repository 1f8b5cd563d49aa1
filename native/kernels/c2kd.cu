// K3, customised cross-modal distillation on a GPU: the C functions and their launches.
#include "core/loss_arrays.h"
#include "core/loss_options.h"
#include "kernels/c2kd_kernel.cuh"
#include "kernels/kendall_tau_kernel.cuh"

namespace cd::cuda {
namespace {

template <class T>
struct Parts {
  Divisor* divisor;      // [1]
  double* terms;         // [B, 8]
  uint8_t* agrees;       // [B]
  OrderedKeys<T>* keys;  // of Kendall's tau
};

template <class T>
Parts<T> divide(Workspace& workspace, int64_t rows, int64_t classes) {
  return {workspace.take<Divisor>(1), workspace.take<double>(rows, kTerms),
          workspace.take<uint8_t>(rows), take_tau_keys<T>(workspace, rows, classes)};
}

template <class T>
void launch_tau(const C2kd<T>& call, double threshold, Accumulator<T>* tau_or_null,
                const Parts<T>& parts, void* stream) {
  KendallTau<T> tau = {};
  tau.rows = call.rows;
  tau.classes = call.classes;
  tau.a = call.networks[kProxyTeacher].logits;
  tau.a_stride = call.networks[kProxyTeacher].stride;
  tau.b = call.networks[kProxyStudent].logits;
  tau.b_stride = call.networks[kProxyStudent].stride;
  tau.threshold = threshold;
  tau.tau_or_null = tau_or_null;
  tau.mask_or_null = parts.agrees;
  tau.keys = parts.keys;
  launch_kendall_tau(tau, stream);
}

// Everything that the checked arguments ask for.
template <class T>
void run(C2kd<T> call, RowLosses<Accumulator<T>> labels, double threshold,
         Accumulator<T>* tau_or_null, Accumulator<T>* terms, Workspace& workspace, void* stream) {
  using A = Accumulator<T>;
  const Parts<T> parts = divide<T>(workspace, call.rows, call.classes);
  workspace.check_size();
  const RowGeometry geometry = row_geometry<T>(call.rows, call.classes, kNetworks);
  call.row_threads = geometry.row_threads;
  call.kept = geometry.grid.shared_bytes > 0;
  call.wide = true;
  for (const NetworkLogits<T>& network : call.networks) {
    call.wide = call.wide && is_wide(network.logits, network.stride) &&
                is_wide(network.grad_or_null, network.grad_stride);
  }
  call.agrees = parts.agrees;
  call.divisor = labels.divisor = parts.divisor;
  call.terms = parts.terms;
  launch<kLabelBlock>("c2kd divisor", {1}, stream, row_loss_divisor<A>, labels);
  launch_tau(call, threshold, tau_or_null, parts, stream);
  launch<kRowBlock>("c2kd rows", geometry.grid, stream, c2kd_rows<T>, call);
  launch<kLabelBlock>("c2kd loss", {1}, stream, c2kd_loss<A>, parts.terms, call.rows, parts.divisor,
                      terms, labels.loss);
}

}  // namespace
}  // namespace cd::cuda

extern "C" int32_t cd_c2kd_cuda_workspace(int32_t dtype, int64_t rows, int64_t classes,
                                          int64_t* bytes) {
  return cd::guarded([&] {
    cd::element_bytes(dtype);
    cd::check_size("rows", rows, 0);
    cd::cuda::check_classes_of_tau(classes);
    cd::cuda::check_bytes(bytes);
    cd::cuda::with_element_type(dtype, [&](auto element) {
      cd::cuda::Workspace workspace(nullptr, 0);
      cd::cuda::divide<decltype(element)>(workspace, rows, classes);
      *bytes = workspace.needed();
    });
  });
}

extern "C" int32_t cd_c2kd_cuda(int32_t dtype, int64_t rows, int64_t classes,
                                const cd_logits* networks, const int64_t* labels, int32_t target,
                                double temperature, double threshold, double grad_scale, void* loss,
                                void* terms, void* tau_or_null, int64_t* bad_row, void* workspace,
                                int64_t workspace_bytes, void* stream) {
  return cd::guarded([&] {
    cd::element_bytes(dtype);
    cd::check_size("rows", rows, 0);
    cd::cuda::check_classes_of_tau(classes);
    cd::check_target(target);
    cd::check_logit_options(temperature, CD_MEAN, grad_scale);
    if (target == CD_TARGET_KEPT) {
      cd::fail(CD_INVALID_ARGUMENT, "target: expected zero (1) or excluded (2), got kept (0)");
    }
    cd::check_threshold(threshold);
    cd::ArrayCheck check;
    cd::check_c2kd_arrays(check, dtype, rows, classes, networks, labels, loss, terms, tau_or_null);
    cd::cuda::check_device_arrays(check, bad_row, workspace, workspace_bytes);
    check.check_aliasing();
    cd::cuda::with_element_type(dtype, [&](auto type) {
      using T = decltype(type);
      using A = cd::cuda::Accumulator<T>;
      cd::cuda::C2kd<T> call = {};
      call.rows = rows;
      call.classes = classes;
      for (int k = 0; k < cd::kNetworks; ++k) {
        call.networks[k] = {static_cast<const T*>(networks[k].logits), networks[k].stride,
                            static_cast<T*>(networks[k].grad_or_null), networks[k].grad_stride};
      }
      call.labels = labels;
      call.target = target;
      call.temperature = temperature;
      cd::cuda::RowLosses<A> counted = {};
      counted.rows = rows;
      counted.classes = classes;
      counted.labels_or_null = labels;
      counted.reduction = CD_MEAN;
      counted.grad_scale = grad_scale;
      counted.bad_row = bad_row;
      counted.loss = static_cast<A*>(loss);
      cd::cuda::Workspace parts(workspace, workspace_bytes);
      cd::cuda::run(call, counted, threshold, static_cast<A*>(tau_or_null), static_cast<A*>(terms),
                    parts, stream);
    });
  });
}
