// K3, Kendall's tau-b: time of a row by the number of classes, around the size from which on rows
// are sorted.
#include "bench/bench_util.h"

namespace {

void kendall_tau(benchmark::State& state) {
  const int64_t rows = state.range(0), classes = state.range(1);
  const int32_t threads = static_cast<int32_t>(state.range(2));
  BenchArray a(CD_F32, rows * classes, 1), b(CD_F32, rows * classes, 2);
  std::vector<float> tau(static_cast<size_t>(rows));
  std::vector<double> seconds;
  for (auto _ : state) {
    seconds.push_back(time_of(threads, [&] {
      check(state, cd_kendall_tau(CD_F32, rows, classes, a.data(), classes, b.data(), classes, 0,
                                  tau.data(), nullptr, threads));
    }));
    state.SetIterationTime(seconds.back());
  }
  const double per_row = quantile(seconds, 0.5) / static_cast<double>(rows);
  state.counters["us_per_row"] = 1e6 * per_row;
  state.counters["ns_per_pair"] =
      1e9 * per_row / (0.5 * static_cast<double>(classes) * static_cast<double>(classes - 1));
}

}  // namespace

BENCHMARK(kendall_tau)
    ->ArgNames({"B", "C", "threads"})
    ->ArgsProduct({{256}, {10, 100, 309, 512, 513, 1000, 10000}, {1}})
    ->Args({256, 309, 0})
    ->Iterations(5)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
