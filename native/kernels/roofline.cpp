// What this machine can do at best, to be timed beside a kernel: memory traffic and multiply-adds.
#include <algorithm>
#include <vector>

#include "core/panels.h"
#include "core/parallel.h"
#include "core/simd.h"
#include "core/tensor_check.h"

namespace cd {

// One task of a loop that reads `size` floats of a and b and writes c and d past the caches.
CD_FOR_EACH_ISA(void roofline_stream(const float* a, const float* b, float* c, float* d,
                                     int64_t size))

// Independent fused multiply-adds; returns the operations, 2 per multiply-add and lane. `sink`
// keeps the compiler from dropping them.
CD_FOR_EACH_ISA(int64_t roofline_multiply_adds(int32_t dtype, int64_t rounds, double* sink))

namespace CD_TARGET {
namespace {

constexpr int kChains = 12;  // enough to hide the latency on two ports

template <class T>
int64_t multiply_adds(int64_t rounds, double* sink) {
  Vector<T> sums[kChains];
  const Vector<T> a = broadcast(static_cast<T>(sink[0])), b = broadcast(static_cast<T>(sink[1]));
  for (int k = 0; k < kChains; ++k) sums[k] = broadcast(static_cast<T>(k));
  for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
    for (int k = 0; k < kChains; ++k) sums[k] = multiply_add(a, b, sums[k]);
  }
  Vector<T> total = sums[0];
  for (int k = 1; k < kChains; ++k) total += sums[k];
  sink[2] = static_cast<double>(sum<T>(total));
  return rounds * kChains * kLanes<T> * 2;
}

#if defined(CD_COMPILE_AMX)
// Products of tiles into six others, at 16 cycles each instead of half a cycle: fewer rounds, which
// take about as long.
int64_t bf16_products(int64_t wanted_rounds, double* sink) {
  const int64_t rounds = (wanted_rounds + 15) / 16;
  const AmxRegisters registers;
  alignas(64) Bf16Pair factor[256];
  alignas(64) float sums[256];
  for (Bf16Pair& pair : factor) pair = {0x3f003f00};  // 0.5 twice
  finish_stores();
  CD_TILE_LOAD(6, factor, 64);
  CD_TILE_LOAD(7, factor, 64);
  CD_TILE_ZERO(0);
  CD_TILE_ZERO(1);
  CD_TILE_ZERO(2);
  CD_TILE_ZERO(3);
  CD_TILE_ZERO(4);
  CD_TILE_ZERO(5);
  for (int64_t round = 0; round < rounds; ++round) {
    CD_TILE_MULTIPLY(0, 6, 7);
    CD_TILE_MULTIPLY(1, 6, 7);
    CD_TILE_MULTIPLY(2, 6, 7);
    CD_TILE_MULTIPLY(3, 6, 7);
    CD_TILE_MULTIPLY(4, 6, 7);
    CD_TILE_MULTIPLY(5, 6, 7);
  }
  CD_TILE_STORE(0, sums, 64);
  sink[2] = static_cast<double>(sums[0]);
  return rounds * 6 * 16 * 16 * 32 * 2;
}
#elif defined(CD_COMPILE_AVX512BF16)
// Each lane of 32 bits adds the products of two pairs.
int64_t bf16_products(int64_t rounds, double* sink) {
  Vector<float> sums[kChains];
  const Vector<uint32_t> a = broadcast(uint32_t{0x3f003f00});  // 0.5 in all lanes
  for (int k = 0; k < kChains; ++k) sums[k] = broadcast(static_cast<float>(sink[0]));
  for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
    for (int k = 0; k < kChains; ++k) sums[k] = add_products(a, a, sums[k]);
  }
  Vector<float> total = sums[0];
  for (int k = 1; k < kChains; ++k) total += sums[k];
  sink[2] = static_cast<double>(sum<float>(total));
  return rounds * kChains * kLanes<float> * 4;
}
#endif

}  // namespace

void roofline_stream(const float* a, const float* b, float* c, float* d, int64_t size) {
  using T = float;
  for_each_vector<T>(
      0, size, [&](int64_t i, int64_t, int) __attribute__((always_inline)) {
        const Vector<T> x = read<Vector<T>>(a + i), y = read<Vector<T>>(b + i);
        stream(c + i, x - y);
        stream(d + i, y - x);
      });
  stream_fence();
}

int64_t roofline_multiply_adds(int32_t dtype, int64_t rounds, double* sink) {
#if defined(CD_PRODUCTS_OF_BF16)
  if (dtype == CD_BF16) return bf16_products(rounds, sink);
#endif
  return dtype == CD_F64 ? multiply_adds<double>(rounds, sink) : multiply_adds<float>(rounds, sink);
}

}  // namespace CD_TARGET
}  // namespace cd

#if defined(CD_COMPILE_PORTABLE)
namespace {

constexpr int64_t kLine = 64, kTaskBytes = 128 << 10;

// Whole vectors only: the loop shall not measure remainders.
void check_lines(const char* name, const void* array) {
  if (reinterpret_cast<uintptr_t>(array) % kLine != 0) {
    cd::fail(CD_INVALID_ARGUMENT, "%s: expected an address that is a multiple of 64, got %p", name,
             array);
  }
}

}  // namespace

extern "C" {

int64_t cd_last_level_cache_bytes(void) { return cd::last_level_cache_bytes(); }

int64_t cd_streaming_bytes(void) { return cd::streaming_bytes(); }

int32_t cd_roofline_stream(int64_t bytes, const void* a, const void* b, void* c, void* d,
                           int32_t threads) {
  return cd::guarded([&] {
    cd::check_size("bytes", bytes, 0);
    cd::check_size("threads", threads, 0);
    if (bytes % kLine != 0) {
      cd::fail(CD_INVALID_ARGUMENT, "bytes: expected a multiple of 64, got %lld",
               static_cast<long long>(bytes));
    }
    cd::ArrayCheck check;
    const int64_t size = bytes / 4;
    check.input("a", a, 1, size, size, 4);
    check.input("b", b, 1, size, size, 4);
    check.output("c", c, 1, size, size, 4);
    check.output("d", d, 1, size, size, 4);
    check.check_aliasing();
    check_lines("c", c);
    check_lines("d", d);
    const auto task_function = CD_OF_ACTIVE_ISA(roofline_stream);
    const int64_t part = kTaskBytes / 4, tasks = (size + part - 1) / part;
    cd::portable::parallel_for(tasks, cd::threads_for(tasks, threads), [&](int64_t task, int32_t) {
      const int64_t at = task * part;
      task_function(static_cast<const float*>(a) + at, static_cast<const float*>(b) + at,
                    static_cast<float*>(c) + at, static_cast<float*>(d) + at,
                    std::min(part, size - at));
    });
  });
}

int32_t cd_roofline_multiply_adds(int32_t dtype, int64_t rounds, int32_t threads,
                                  double* operations) {
  return cd::guarded([&] {
    cd::element_bytes(dtype);
    cd::check_size("rounds", rounds, 0);
    cd::check_size("threads", threads, 0);
    if (operations == nullptr) {
      cd::fail(CD_INVALID_ARGUMENT, "operations: expected a pointer, got null");
    }
    const auto task_function = CD_OF_ACTIVE_ISA(roofline_multiply_adds);
    const int32_t slots = cd::threads_for(INT32_MAX, threads);
    std::vector<double> sinks(static_cast<size_t>(slots) * 8, 0.5);  // a cache line for each
    std::vector<int64_t> counts(static_cast<size_t>(slots), 0);
    cd::portable::parallel_for(slots, slots, [&](int64_t task, int32_t) {
      const size_t slot = static_cast<size_t>(task);
      counts[slot] = task_function(dtype, rounds, &sinks[slot * 8]);
    });
    *operations = 0;
    for (int64_t count : counts) *operations += static_cast<double>(count);
  });
}

}  // extern "C"
#endif
