// K8: time by the size of the logits, with the student's gradient, as training asks for it.
#include "bench/bench_util.h"

namespace {

void dist(benchmark::State& state) {
  const int32_t dtype = static_cast<int32_t>(state.range(0));
  const int64_t rows = state.range(1), classes = state.range(2);
  const int32_t threads = static_cast<int32_t>(state.range(3));
  BenchArray s(dtype, rows * classes, 1), t(dtype, rows * classes, 2);
  BenchArray grad(dtype, rows * classes, 3);
  float loss = 0;
  std::vector<double> seconds;
  for (auto _ : state) {
    seconds.push_back(time_of(threads, [&] {
      check(state, cd_dist(dtype, rows, classes, s.data(), classes, t.data(), classes, 1, 1, 1, 1,
                           &loss, grad.data(), classes, nullptr, 0, threads));
    }));
    state.SetIterationTime(seconds.back());
  }
  const double logits = static_cast<double>(rows) * static_cast<double>(classes);
  state.counters["ns_per_logit"] = 1e9 * quantile(seconds, 0.5) / logits;
}

}  // namespace

BENCHMARK(dist)
    ->ArgNames({"dtype", "B", "C", "threads"})
    ->ArgsProduct({{CD_F32, CD_BF16}, {64, 256}, {69, 1000}, {1, 0}})
    ->Iterations(50)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
