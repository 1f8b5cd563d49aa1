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

}  // extern "C"
