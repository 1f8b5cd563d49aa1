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
  const bool streaming = bytes > static_cast<double>(cd_last_level_cache_bytes());
  const int64_t far = streaming ? 16 : far_elements();
  BenchArray far_s(CD_F32, far, 1), far_t(CD_F32, far, 2);
  BenchArray far_gs(CD_F32, far, 3), far_gt(CD_F32, far, 4);
  // Enough calls for the clock.
  const int calls = static_cast<int>(std::max(1.0, 4e6 / bytes));
  float loss[2];
  std::vector<double> copy_rates, rates, ratios;
  for (auto _ : state) {
    copy_rates.push_back(streaming ? copy_rate(state, threads, s, t, gs, gt)
                                   : copy_rate(state, threads, far_s, far_t, far_gs, far_gt));
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
    rates.push_back(bytes / seconds);
    ratios.push_back(rates.back() / copy_rates.back());
  }
  state.counters["GB/s"] = quantile(rates, 0.5) / 1e9;
  state.counters["copy_GB/s"] = quantile(copy_rates, 0.5) / 1e9;
  state.counters["of_copy"] = quantile(ratios, 0.5);
  state.counters["of_copy_p20"] = quantile(ratios, 0.2);
  state.counters["of_copy_p80"] = quantile(ratios, 0.8);
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
