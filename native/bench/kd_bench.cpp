// K3, the temperature divergence: bytes = 3 B C e, 4 with the teacher's gradient. The roofline is a
// loop that reads two arrays and writes two.
#include "bench/bench_util.h"

namespace {

void kd(benchmark::State& state) {
  const int32_t dtype = static_cast<int32_t>(state.range(0));
  const int64_t rows = state.range(1), classes = state.range(2);
  const bool both = state.range(3) != 0;
  const int32_t threads = static_cast<int32_t>(state.range(4));
  BenchArray s(dtype, rows * classes, 1), t(dtype, rows * classes, 2);
  BenchArray gs(dtype, rows * classes, 3), gt(dtype, both ? rows * classes : 1, 4);
  const double bytes = (both ? 4 : 3) * static_cast<double>(s.bytes());
  const int64_t far = far_elements();
  BenchArray a(CD_F32, far, 1), b(CD_F32, far, 2), c(CD_F32, far, 3), d(CD_F32, far, 4);
  float loss[2];
  std::vector<double> copy_rates, rates, ratios;
  for (auto _ : state) {
    copy_rates.push_back(copy_rate(state, threads, a, b, c, d));
    const double seconds = time_of(threads, [&] {
      check(state, cd_kd(dtype, rows, classes, s.data(), classes, t.data(), classes, nullptr,
                         nullptr, CD_TARGET_KEPT, 4, CD_MEAN, 1, loss, nullptr, gs.data(), classes,
                         both ? gt.data() : nullptr, classes, nullptr, threads));
    });
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

BENCHMARK(kd)
    ->ArgNames({"dtype", "B", "C", "both", "threads"})
    ->ArgsProduct({{CD_F32, CD_BF16}, {256}, {1000}, {0, 1}, {1, 0}})
    ->ArgsProduct({{CD_F32}, {4096}, {32000}, {0}, {1, 0}})
    ->Iterations(10)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
