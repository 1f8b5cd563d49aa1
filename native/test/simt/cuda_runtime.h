// What the kernels use of CUDA C++, on the simulator of simt.h.
#pragma once

#include <math.h>  // exp and its kind in float, too, as on the device

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <tuple>
#include <type_traits>

#include "simt.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))

// A variable in shared memory (on the device: __shared__ type name), and the launch's own part of
// it.
#define CD_SHARED(type, name)       \
  static const char name##_key = 0; \
  auto& name = *static_cast<type*>(simt::shared_memory(&name##_key, sizeof(type)))
#define CD_DYNAMIC_SHARED(name) void* name = simt::dynamic_shared_memory()

// ---- the runtime ----

enum cudaError_t { cudaSuccess = 0, cudaErrorInvalidValue = 1, cudaErrorLaunchFailure = 719 };
struct simt_stream;
using cudaStream_t = simt_stream*;

struct dim3 {
  unsigned x, y, z;
  dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

struct cudaLaunchConfig_t {
  dim3 gridDim;
  dim3 blockDim;
  size_t dynamicSmemBytes = 0;
  cudaStream_t stream = nullptr;
};

inline const char* cudaGetErrorString(cudaError_t error) {
  return error == cudaSuccess ? "no error" : simt::last_failure();
}

inline cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}

// Of the CUDA whose functions it has.
#define CUDART_VERSION 13000
inline cudaError_t cudaDriverGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}

template <class... Parameters, class... Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Parameters...),
                               Arguments&&... arguments) {
  const dim3 grid = config->gridDim;
  const dim3 block = config->blockDim;
  auto call = [kernel, values = std::tuple<std::decay_t<Parameters>...>(arguments...)] {
    std::apply(kernel, values);
  };
  const bool ended = simt::launch(
      {grid.x, grid.y, grid.z}, {block.x, block.y, block.z}, config->dynamicSmemBytes,
      [](void* context) { (*static_cast<decltype(call)*>(context))(); }, &call);
  return ended ? cudaSuccess : cudaErrorLaunchFailure;
}

// ---- the device's functions ----

inline void __syncthreads() { simt::block_barrier(); }
inline void __syncwarp(unsigned = ~0u) { simt::warp_barrier(); }
inline void __threadfence() {}  // blocks run one after another
inline unsigned atomicInc(unsigned* counter, unsigned most) {
  return simt::atomic_increment(counter, most);
}

namespace simt {

template <class T>
T shuffle(T value, int lane) {
  T received;
  std::memcpy(&received, exchange(&value, sizeof value)[lane].bytes, sizeof received);
  return received;
}

inline int lane() { return thread_number % kWarpThreads; }

}  // namespace simt

template <class T>
T __shfl_xor_sync(unsigned, T value, int mask, int = simt::kWarpThreads) {
  return simt::shuffle(value, simt::lane() ^ mask);
}

template <class T>
T __shfl_sync(unsigned, T value, int from, int width = simt::kWarpThreads) {
  return simt::shuffle(value, simt::lane() / width * width + from % width);
}

inline unsigned __ballot_sync(unsigned, int predicate) {
  const char given = predicate != 0;
  const simt::Slot* slots = simt::exchange(&given, 1);
  unsigned ballot = 0;
  for (int i = 0; i < simt::kWarpThreads; ++i)
    ballot |= static_cast<unsigned>(slots[i].bytes[0]) << i;
  return ballot;
}

inline int __ffs(unsigned value) { return __builtin_ffs(static_cast<int>(value)); }

// Rounded each by itself; the file is compiled with -ffp-contract=off.
inline float __fmul_rn(float a, float b) { return a * b; }
inline double __dmul_rn(double a, double b) { return a * b; }

template <class T>
T __ldg(const T* p) {
  return *p;
}
