// Timing for the benchmarks: every iteration times the roofline and then the kernel, so that both
// see the same machine, and the table shows medians and the kernel's share of the roofline.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

#include "bench/isa/roofline.h"
#include "core/parallel.h"
#include "crossdistill.h"

// Seconds: the thread's own processor time for one thread (other programs do not count), else wall.
inline double seconds_now(int32_t threads) {
  timespec now;
  clock_gettime(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

template <class Body>
double time_of(int32_t threads, const Body& body) {
  const double begin = seconds_now(threads);
  body();
  return seconds_now(threads) - begin;
}

inline double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(q * static_cast<double>(values.size() - 1) + 0.5)];
}

// Memory on its own cache lines, filled with small numbers of the type.
class BenchArray {
 public:
  BenchArray(int32_t dtype, int64_t size, unsigned seed)
      : bytes_(size * (dtype == CD_F64   ? 8
                       : dtype == CD_F32 ? 4
                                         : 2)),
        buffer_(bytes_ + 64) {
    unsigned state = seed * 2654435761u + 1;
    for (int64_t i = 0; i < size; ++i) {
      state = state * 1664525u + 1013904223u;
      const float x = static_cast<float>(state >> 8) * 0x1p-23f - 1;
      uint32_t bits;
      std::memcpy(&bits, &x, 4);
      // The upper half of a float is a bf16; as an f16 the same bits are a small number as well.
      const uint16_t half = static_cast<uint16_t>(bits >> 16);
      const double wide = static_cast<double>(x);
      if (dtype == CD_F64) std::memcpy(static_cast<char*>(buffer_.get()) + 8 * i, &wide, 8);
      if (dtype == CD_F32) std::memcpy(static_cast<char*>(buffer_.get()) + 4 * i, &x, 4);
      if (dtype >= CD_BF16) std::memcpy(static_cast<char*>(buffer_.get()) + 2 * i, &half, 2);
    }
  }

  char* data() { return static_cast<char*>(buffer_.get()); }
  int64_t bytes() const { return bytes_; }

 private:
  int64_t bytes_;
  cd::Buffer buffer_;
};

// Splits the copy of `bytes` into tasks as the kernels split theirs.
inline void copy_on(int32_t threads, const char* a, const char* b, char* c, char* d, int64_t bytes,
                    bool streaming) {
  const auto copy = CD_OF_ACTIVE_ISA(roofline_copy);
  const int64_t part = 128 << 10, tasks = (bytes + part - 1) / part;
  const auto body = [&](int64_t task, int32_t) {
    const int64_t at = task * part;
    copy(a + at, b + at, c + at, d + at, std::min(part, bytes - at), streaming);
  };
  cd::portable::parallel_for(tasks, cd::threads_for(tasks, threads), body);
}

// Operations per second of multiply-adds on `threads` threads.
template <class T, class Function>
double peak_of(int32_t threads, Function* function) {
  const int32_t slots = cd::threads_for(1 << 20, threads);
  std::vector<T> sinks(static_cast<size_t>(slots) * 64, static_cast<T>(0.5));
  const int64_t rounds = 4000000;
  std::vector<int64_t> operations(static_cast<size_t>(slots), 0);
  const auto body = [&](int64_t task, int32_t) {
    operations[static_cast<size_t>(task)] =
        function(rounds, &sinks[static_cast<size_t>(task) * 64]);
  };
  const double seconds = time_of(threads, [&] { cd::portable::parallel_for(slots, slots, body); });
  int64_t total = 0;
  for (int64_t count : operations) total += count;
  return static_cast<double>(total) / seconds;
}

inline double peak_flops(int32_t dtype, int32_t threads) {
  return dtype == CD_F64 ? peak_of<double>(threads, CD_OF_ACTIVE_ISA(roofline_fma_f64))
                         : peak_of<float>(threads, CD_OF_ACTIVE_ISA(roofline_fma_f32));
}

inline void check(benchmark::State& state, int32_t status) {
  if (status != CD_OK) state.SkipWithError(cd_last_error());
}
