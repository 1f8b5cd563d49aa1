// What the CUDA kernels share: element types, aligned packs, sums over warps and blocks, launches.
//
// The same sources compile for the host against test/simt, which simulates a device.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_pipeline.h>
#include <cuda_runtime.h>

#include <climits>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "core/tensor_check.h"

// A variable that the threads of a block share, and the bytes that the launch asks for beside
// those. The simulator has definitions of its own.
#ifndef CD_SHARED
#define CD_SHARED(type, name) __shared__ type name
#define CD_DYNAMIC_SHARED(name) extern __shared__ uint4 name[]
#endif

namespace cd::cuda {

constexpr int kWarp = 32;
constexpr unsigned kAllLanes = 0xffffffffu;

// Rows shorter than this normalise to 0 and have gradient 0.
constexpr double kShortestNorm = 1e-12;

// Unit vectors that are closer to each other, in double, differ by rounding alone.
constexpr double kParallel = 1e-15;

// ---- element types: T in memory, computed in its Accumulator ----

template <class T>
using Accumulator = std::conditional_t<std::is_same_v<T, double>, double, float>;

__device__ inline double widen(double x) { return x; }
__device__ inline float widen(float x) { return x; }
__device__ inline float widen(__nv_bfloat16 x) { return __bfloat162float(x); }
__device__ inline float widen(__half x) { return __half2float(x); }

template <class T, class A>
__device__ inline T narrow(A x) {
  if constexpr (std::is_same_v<T, __nv_bfloat16>) {
    return __float2bfloat16_rn(static_cast<float>(x));
  } else if constexpr (std::is_same_v<T, __half>) {
    return __float2half_rn(static_cast<float>(x));
  } else {
    return static_cast<T>(x);
  }
}

// The elements of a 16-byte access.
template <class T>
struct alignas(16) Pack {
  static constexpr int kCount = 16 / static_cast<int>(sizeof(T));
  T at[kCount];
};

// Whether all packs of a matrix (null: no matrix) lie on multiples of 16 bytes.
template <class T>
bool is_wide(const T* matrix, int64_t stride) {
  return reinterpret_cast<uintptr_t>(matrix) % 16 == 0 && stride % Pack<T>::kCount == 0;
}

// The pack at row[column]; past `columns` it holds zeros. A row that is not wide is read element by
// element.
template <class T>
__device__ inline Pack<T> read_pack(const T* row, int64_t column, int64_t columns, bool wide) {
  if (wide && column + Pack<T>::kCount <= columns) {
    return *reinterpret_cast<const Pack<T>*>(row + column);
  }
  Pack<T> pack;
#pragma unroll
  for (int k = 0; k < Pack<T>::kCount; ++k) {
    pack.at[k] = column + k < columns ? row[column + k] : narrow<T>(0.0f);
  }
  return pack;
}

// The same into shared memory, which has it after wait_for_copies().
template <class T>
__device__ inline void copy_pack(Pack<T>* to, const T* row, int64_t column, int64_t columns,
                                 bool wide) {
  if (wide && column + Pack<T>::kCount <= columns) {
    __pipeline_memcpy_async(to, row + column, sizeof(Pack<T>));
  } else {
    *to = read_pack(row, column, columns, false);
  }
}

// Of the calling thread only. The barrier for the compiler is missing in CUDA's own functions.
__device__ inline void wait_for_copies() {
  __pipeline_commit();
  __pipeline_wait_prior(0);
  asm volatile("" ::: "memory");
}

template <class T>
__device__ inline void write_pack(T* row, int64_t column, int64_t columns, bool wide,
                                  const Pack<T>& pack) {
  if (wide && column + Pack<T>::kCount <= columns) {
    *reinterpret_cast<Pack<T>*>(row + column) = pack;
    return;
  }
#pragma unroll
  for (int k = 0; k < Pack<T>::kCount; ++k) {
    if (column + k < columns) row[column + k] = pack.at[k];
  }
}

// A product that is rounded by itself, whatever it is added to.
__device__ inline float rounded_product(float a, float b) { return __fmul_rn(a, b); }
__device__ inline double rounded_product(double a, double b) { return __dmul_rn(a, b); }

template <class A>
__device__ inline A not_a_number() {
  return static_cast<A>(NAN);
}

// A weight as it counts: one that is negative or not finite is NaN, and so is every sum with it.
template <class A>
__device__ inline A checked_weight(const A* weights_or_null, int64_t row) {
  if (weights_or_null == nullptr) return 1;
  const A weight = weights_or_null[row];
  return weight >= 0 && weight - weight == 0 ? weight : not_a_number<A>();
}

// What a sum over rows is divided by, as its gradients use it.
struct Divisor {
  double inverse_n;        // 0 where nothing counts
  double gradient_factor;  // grad_scale / n
};

// ---- sums, in an order that depends on the number of threads alone; each thread receives them
// ----

template <int kCount, class A>
__device__ inline void warp_sum(A (&values)[kCount]) {
#pragma unroll
  for (int mask = kWarp / 2; mask > 0; mask /= 2) {
#pragma unroll
    for (int k = 0; k < kCount; ++k) values[k] += __shfl_xor_sync(kAllLanes, values[k], mask);
  }
}

// merge(a, b) over the lanes, in place of a + b; merge is symmetric. V is made of words.
template <class V, class Merge>
__device__ inline V warp_merged(V value, const Merge& merge) {
  static_assert(sizeof(V) % 4 == 0);
#pragma unroll
  for (int mask = kWarp / 2; mask > 0; mask /= 2) {
    int words[sizeof(V) / 4];
    memcpy(words, &value, sizeof value);
#pragma unroll
    for (int& word : words) word = __shfl_xor_sync(kAllLanes, word, mask);
    V other;
    memcpy(&other, words, sizeof other);
    value = merge(value, other);
  }
  return value;
}

template <int kCount, int kThreads, class A>
struct BlockSumStorage {
  A of_warp[kCount][kThreads / kWarp];
};

// All threads of the block must call it.
template <int kThreads, int kCount, class A>
__device__ inline void block_sum(A (&values)[kCount]) {
  using Storage = BlockSumStorage<kCount, kThreads, A>;
  CD_SHARED(Storage, sums);
  warp_sum(values);
  __syncthreads();  // the previous call's sums have been read
#pragma unroll
  for (int k = 0; k < kCount; ++k) {
    if (threadIdx.x % kWarp == 0) sums.of_warp[k][threadIdx.x / kWarp] = values[k];
  }
  __syncthreads();
#pragma unroll
  for (int k = 0; k < kCount; ++k) {
    values[k] = 0;
    for (int warp = 0; warp < kThreads / kWarp; ++warp) values[k] += sums.of_warp[k][warp];
  }
}

// merge(a, b) over the threads of the block, in place of a + b; merge is symmetric.
template <int kThreads, class V, class Merge>
__device__ inline V block_merged(V value, const Merge& merge) {
  struct OfWarps {
    V value[kThreads / kWarp];
  };
  CD_SHARED(OfWarps, shared);
  value = warp_merged(value, merge);
  __syncthreads();  // the previous call's values have been read
  if (threadIdx.x % kWarp == 0) shared.value[threadIdx.x / kWarp] = value;
  __syncthreads();
  value = shared.value[0];
  for (int warp = 1; warp < kThreads / kWarp; ++warp) value = merge(value, shared.value[warp]);
  return value;
}

// ---- host: launches and workspaces ----

inline void check(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return;
  fail(CD_DEVICE_ERROR, "CUDA, launching the %s: %s", what, cudaGetErrorString(error));
}

struct Grid {
  int64_t blocks;
  int64_t shared_bytes = 0;
};

// Launches on `stream` with blocks of kThreads; an empty grid is no launch.
template <int kThreads, class... Parameters, class... Arguments>
void launch(const char* name, Grid grid, void* stream, void (*kernel)(Parameters...),
            Arguments... arguments) {
  const int64_t blocks = grid.blocks;
  if (blocks == 0) return;
  if (blocks > INT_MAX) {
    fail(CD_INVALID_ARGUMENT, "%s: expected at most %d blocks, the sizes ask for %lld", name,
         INT_MAX, static_cast<long long>(blocks));
  }
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(static_cast<unsigned>(blocks));
  config.blockDim = dim3(kThreads);
  config.dynamicSmemBytes = static_cast<size_t>(grid.shared_bytes);
  config.stream = static_cast<cudaStream_t>(stream);
  check(cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...), name);
}

constexpr int64_t ceil_divide(int64_t a, int64_t b) { return a / b + (a % b != 0 ? 1 : 0); }

// Hands out parts of a workspace; with a null start it only adds up what they need.
class Workspace {
 public:
  Workspace(void* start, int64_t bytes) : start_(static_cast<char*>(start)), bytes_(bytes) {
    skip_to_alignment();
  }

  // Room for `count` times `columns` of T.
  template <class T>
  T* take(int64_t count, int64_t columns = 1) {
    T* part = start_ == nullptr ? nullptr : reinterpret_cast<T*>(start_ + used_);
    int64_t bytes = 0;
    bool too_large = __builtin_mul_overflow(count, columns, &bytes);
    too_large |= __builtin_mul_overflow(bytes, static_cast<int64_t>(sizeof(T)), &bytes);
    too_large |= bytes > INT64_MAX - used_ - 2 * kAlignment;
    if (too_large) fail(CD_INVALID_ARGUMENT, "sizes: expected a workspace that fits into 64 bits");
    used_ += ceil_divide(bytes, kAlignment) * kAlignment;
    return part;
  }

  // Bytes for a workspace at any address.
  int64_t needed() const { return used_ + kAlignment; }

  void check_size() const {
    if (start_ != nullptr && used_ > bytes_) {
      fail(CD_INVALID_ARGUMENT, "workspace_bytes: expected at least %lld, got %lld",
           static_cast<long long>(needed()), static_cast<long long>(bytes_));
    }
    if (start_ == nullptr) fail(CD_INVALID_ARGUMENT, "workspace: expected device memory, got null");
  }

 private:
  static constexpr int64_t kAlignment = 256;

  void skip_to_alignment() {
    const auto past = static_cast<int64_t>(reinterpret_cast<uintptr_t>(start_) % kAlignment);
    if (past != 0) used_ = kAlignment - past;
  }

  char* start_;
  int64_t bytes_;
  int64_t used_ = 0;
};

// Where a workspace's size is to be written.
inline void check_bytes(int64_t* bytes) {
  ArrayCheck check;
  check.output("bytes", bytes, 1, 1, 1, 8);
}

// The arrays that a device function has beside those of its CPU's: see core/loss_arrays.h.
inline void check_workspace(ArrayCheck& check, void* workspace, int64_t workspace_bytes) {
  check.output("workspace", workspace, 1, workspace_bytes, workspace_bytes, 1);
}
inline void check_device_arrays(ArrayCheck& check, int64_t* bad_row, void* workspace,
                                int64_t workspace_bytes) {
  check.output("bad_row", bad_row, 1, 1, 1, 8);
  check_workspace(check, workspace, workspace_bytes);
}

// Calls body(T{}) with the element type of `dtype`.
template <class Body>
void with_element_type(int32_t dtype, const Body& body) {
  switch (dtype) {
    case CD_F64:
      return body(double{});
    case CD_F32:
      return body(float{});
    case CD_BF16:
      return body(__nv_bfloat16{});
    default:
      return body(__half{});
  }
}

}  // namespace cd::cuda
