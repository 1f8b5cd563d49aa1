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
  CopyArrays far;
  float loss[2];
  Rates rates;
  for (auto _ : state) {
    const double copy = far.rate(state, threads);
    const double seconds = time_of(threads, [&] {
      check(state, cd_kd(dtype, rows, classes, s.data(), classes, t.data(), classes, nullptr,
                         nullptr, CD_TARGET_KEPT, 4, CD_MEAN, 1, loss, nullptr, gs.data(), classes,
                         both ? gt.data() : nullptr, classes, nullptr, threads));
    });
    state.SetIterationTime(seconds);
    rates.add(bytes / seconds, copy);
  }
  rates.report(state, "GB/s", "copy");
}

}  // namespace

BENCHMARK(kd)
    ->ArgNames({"dtype", "B", "C", "both", "threads"})
    ->ArgsProduct({{CD_F32, CD_BF16}, {256}, {1000}, {0, 1}, {1, 0}})
    ->ArgsProduct({{CD_F32}, {4096}, {32000}, {0}, {1, 0}})
    ->Iterations(10)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
