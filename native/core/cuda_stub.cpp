// The CUDA functions of a library that was built without CUDA.
#include "core/status.h"

namespace {

int32_t unsupported() {
  return cd::guarded([] {
    cd::fail(CD_UNSUPPORTED, "this library was built without CUDA (no CUDA compiler was found)");
  });
}

}  // namespace

extern "C" {

int32_t cd_cuda_built(void) { return 0; }

int32_t cd_cuda_device_count(void) {
  unsupported();
  return 0;
}

int32_t cd_cuda_versions(int32_t*, int32_t*) { return unsupported(); }

int32_t cd_feature_margin_cuda_workspace(int32_t, int64_t, int64_t, int64_t*) {
  return unsupported();
}

int32_t cd_feature_margin_cuda(int32_t, int64_t, int64_t, const void*, int64_t, const void*,
                               int64_t, const void*, int32_t, double, int32_t, double, void*, void*,
                               void*, void*, int64_t, void*, int64_t, void*, void*, int64_t,
                               void*) {
  return unsupported();
}

int32_t cd_margin_classifier_cuda_workspace(int32_t, int64_t, int64_t, const cd_row_set*, int32_t,
                                            int64_t*) {
  return unsupported();
}

int32_t cd_margin_classifier_cuda(int32_t, int64_t, int64_t, const void*, int64_t, const void*,
                                  const cd_row_set*, int32_t, const cd_quality*, int32_t, double,
                                  double, int32_t, int32_t, void*, int64_t, void*, int64_t*, void*,
                                  int64_t, void*) {
  return unsupported();
}

int32_t cd_kd_cuda_workspace(int32_t, int64_t, int64_t, int64_t*) { return unsupported(); }

int32_t cd_kd_cuda(int32_t, int64_t, int64_t, const void*, int64_t, const void*, int64_t,
                   const int64_t*, const void*, int32_t, double, int32_t, double, void*, void*,
                   void*, int64_t, void*, int64_t, void*, int64_t*, void*, int64_t, void*) {
  return unsupported();
}

int32_t cd_dkd_cuda_workspace(int32_t, int64_t, int64_t, int64_t*) { return unsupported(); }

int32_t cd_dkd_cuda(int32_t, int64_t, int64_t, const void*, int64_t, const void*, int64_t,
                    const int64_t*, const void*, double, double, double, int32_t, double, void*,
                    void*, void*, int64_t, void*, int64_t, void*, int64_t*, void*, int64_t, void*) {
  return unsupported();
}

int32_t cd_kendall_tau_cuda_workspace(int32_t, int64_t, int64_t, int64_t*) { return unsupported(); }

int32_t cd_kendall_tau_cuda(int32_t, int64_t, int64_t, const void*, int64_t, const void*, int64_t,
                            double, void*, uint8_t*, void*, int64_t, void*) {
  return unsupported();
}

int32_t cd_c2kd_cuda_workspace(int32_t, int64_t, int64_t, int64_t*) { return unsupported(); }

int32_t cd_c2kd_cuda(int32_t, int64_t, int64_t, const cd_logits*, const int64_t*, int32_t, double,
                     double, double, void*, void*, void*, int64_t*, void*, int64_t, void*) {
  return unsupported();
}

int32_t cd_row_norms_cuda(int32_t, int64_t, int64_t, const void*, int64_t, void*, void*) {
  return unsupported();
}

int32_t cd_quality_weights_cuda(int32_t, int64_t, const void*, const void*, int32_t, double, double,
                                double, int32_t, double*, void*, void*) {
  return unsupported();
}

int32_t cd_embedding_weights_cuda(int32_t, int64_t, int64_t, int64_t, const void*, int64_t,
                                  const void*, int64_t, int32_t, double, double, double, int32_t,
                                  double*, void*, void*, void*, uint32_t*, void*) {
  return unsupported();
}

}  // extern "C"
