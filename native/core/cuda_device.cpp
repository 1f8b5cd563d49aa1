// Which CUDA devices there are.
#include <cuda_runtime.h>

#include "core/status.h"

extern "C" {

int32_t cd_cuda_built(void) { return 1; }

int32_t cd_cuda_device_count(void) {
  int count = 0;
  const int32_t status = cd::guarded([&] {
    const cudaError_t error = cudaGetDeviceCount(&count);
    if (error != cudaSuccess) {
      cd::fail(CD_DEVICE_ERROR, "no CUDA device can be used: %s", cudaGetErrorString(error));
    }
    if (count == 0) cd::fail(CD_DEVICE_ERROR, "no CUDA device can be used: the driver lists none");
  });
  return status == CD_OK ? count : 0;
}

int32_t cd_cuda_versions(int32_t* driver, int32_t* built_with) {
  return cd::guarded([&] {
    if (driver == nullptr || built_with == nullptr) {
      cd::fail(CD_INVALID_ARGUMENT, "driver, built_with: expected pointers, got null");
    }
    const cudaError_t error = cudaDriverGetVersion(driver);
    if (error != cudaSuccess) {
      cd::fail(CD_DEVICE_ERROR, "CUDA, asking for the driver: %s", cudaGetErrorString(error));
    }
    *built_with = CUDART_VERSION;
  });
}

}  // extern "C"
