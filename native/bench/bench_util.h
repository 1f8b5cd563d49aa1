// Timing for the benchmarks: every iteration times the roofline and then the kernel, so that both
// see the same machine, and the table shows medians and the kernel's share of the roofline.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

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

inline void check(benchmark::State& state, int32_t status) {
  if (status != CD_OK) state.SkipWithError(cd_last_error());
}

// Bytes per second of the loop that reads a, b and writes c, d.
inline double copy_rate(benchmark::State& state, int32_t threads, BenchArray& a, BenchArray& b,
                        BenchArray& c, BenchArray& d) {
  const int64_t bytes = a.bytes() / 64 * 64;
  const double seconds = time_of(threads, [&] {
    check(state, cd_roofline_stream(bytes, a.data(), b.data(), c.data(), d.data(), threads));
  });
  return 4 * static_cast<double>(bytes) / seconds;
}

// Operations per second of multiply-adds.
inline double peak_flops(benchmark::State& state, int32_t dtype, int32_t threads) {
  double operations = 0;
  const double seconds = time_of(threads, [&] {
    check(state, cd_roofline_multiply_adds(dtype, 4000000, threads, &operations));
  });
  return operations / seconds;
}

// Elements of an f32 array of which four are out of reach of the caches.
inline int64_t far_elements() { return 5 * cd_last_level_cache_bytes() / 16; }

// Arrays for that loop, beside a kernel whose own are not fit for it.
struct CopyArrays {
  BenchArray a, b, c, d;

  explicit CopyArrays(int64_t elements = far_elements())
      : a(CD_F32, elements, 1),
        b(CD_F32, elements, 2),
        c(CD_F32, elements, 3),
        d(CD_F32, elements, 4) {}

  double rate(benchmark::State& state, int32_t threads) {
    return copy_rate(state, threads, a, b, c, d);
  }
};

// A kernel's rates, each with the rate of its roofline in the same iteration.
class Rates {
 public:
  void add(double rate, double limit) {
    rates_.push_back(rate);
    limits_.push_back(limit);
    shares_.push_back(rate / limit);
  }

  // Medians in 1e9 of `unit`, and the share of the limit with its 20th and 80th percentile.
  void report(benchmark::State& state, const std::string& unit, const std::string& limit) const {
    state.counters[unit] = quantile(rates_, 0.5) / 1e9;
    state.counters[limit + "_" + unit] = quantile(limits_, 0.5) / 1e9;
    state.counters["of_" + limit] = quantile(shares_, 0.5);
    state.counters["of_" + limit + "_p20"] = quantile(shares_, 0.2);
    state.counters["of_" + limit + "_p80"] = quantile(shares_, 0.8);
  }

 private:
  std::vector<double> rates_, limits_, shares_;
};
