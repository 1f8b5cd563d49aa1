// K1 `normalized`: bytes = 4 B D e. The roofline is a loop that reads two arrays and writes two.
#include "bench/bench_util.h"

namespace {

void feature_margin(benchmark::State& state) {
  const int32_t dtype = static_cast<int32_t>(state.range(0));
  const int64_t rows = state.range(1), dim = state.range(2);
  const int32_t threads = static_cast<int32_t>(state.range(3));
  BenchArray s(dtype, rows * dim, 1), t(dtype, rows * dim, 2);
  BenchArray gs(dtype, rows * dim, 3), gt(dtype, rows * dim, 4);
  const double bytes = 4 * static_cast<double>(s.bytes());
  // Out of the caches the copy is timed on the same arrays; in them, on arrays too large for them.
  const bool streaming = bytes > static_cast<double>(cd_streaming_bytes());
  CopyArrays far(streaming ? 16 : far_elements());
  // Enough calls for the clock.
  const int calls = static_cast<int>(std::max(1.0, 4e6 / bytes));
  float loss[2];
  Rates rates;
  for (auto _ : state) {
    const double copy =
        streaming ? copy_rate(state, threads, s, t, gs, gt) : far.rate(state, threads);
    check(state, cd_feature_margin(dtype, rows, dim, s.data(), dim, t.data(), dim, nullptr,
                                   CD_DISTANCE_NORMALIZED, 0.5, CD_MEAN, 1, loss, nullptr, nullptr,
                                   gs.data(), dim, gt.data(), dim, nullptr, threads));
    const double seconds =
        time_of(threads,
                [&] {
                  for (int call = 0; call < calls; ++call) {
                    check(state, cd_feature_margin(dtype, rows, dim, s.data(), dim, t.data(), dim,
                                                   nullptr, CD_DISTANCE_NORMALIZED, 0.5, CD_MEAN, 1,
                                                   loss, nullptr, nullptr, gs.data(), dim,
                                                   gt.data(), dim, nullptr, threads));
                  }
                }) /
        calls;
    state.SetIterationTime(seconds);
    rates.add(bytes / seconds, copy);
  }
  rates.report(state, "GB/s", "copy");
}

}  // namespace

BENCHMARK(feature_margin)
    ->ArgNames({"dtype", "B", "D", "threads"})
    ->ArgsProduct({{CD_F32, CD_BF16, CD_F16}, {65536}, {512}, {1, 0}})
    ->ArgsProduct({{CD_F32, CD_BF16}, {16384}, {512}, {1, 0}})
    ->ArgsProduct({{CD_F32, CD_BF16, CD_F16}, {48}, {512, 1024}, {1}})
    ->Iterations(30)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
