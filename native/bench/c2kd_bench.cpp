// K3, customised cross-modal distillation: bytes = 8 B C e (four matrices of logits and their
// gradients).
#include "bench/bench_util.h"

namespace {

void c2kd(benchmark::State& state) {
  const int32_t dtype = static_cast<int32_t>(state.range(0));
  const int64_t rows = state.range(1), classes = state.range(2);
  const int32_t threads = static_cast<int32_t>(state.range(3));
  BenchArray z0(dtype, rows * classes, 1), z1(dtype, rows * classes, 2),
      z2(dtype, rows * classes, 3), z3(dtype, rows * classes, 4);
  BenchArray g0(dtype, rows * classes, 5), g1(dtype, rows * classes, 6),
      g2(dtype, rows * classes, 7), g3(dtype, rows * classes, 8);
  const cd_logits networks[] = {{z0.data(), classes, g0.data(), classes},
                                {z1.data(), classes, g1.data(), classes},
                                {z2.data(), classes, g2.data(), classes},
                                {z3.data(), classes, g3.data(), classes}};
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < rows; ++i) labels.push_back(i * 7919 % classes);
  double loss, terms[8];
  std::vector<double> rates;
  for (auto _ : state) {
    const double seconds = time_of(threads, [&] {
      check(state, cd_c2kd(dtype, rows, classes, networks, labels.data(), CD_TARGET_ZERO, 1, 0, 1,
                           &loss, terms, nullptr, threads));
    });
    state.SetIterationTime(seconds);
    rates.push_back(8 * static_cast<double>(z0.bytes()) / seconds);
  }
  state.counters["GB/s"] = quantile(rates, 0.5) / 1e9;
}

}  // namespace

BENCHMARK(c2kd)
    ->ArgNames({"dtype", "B", "C", "threads"})
    ->ArgsProduct({{CD_F32}, {64, 256}, {309, 1000}, {1, 0}})
    ->Iterations(10)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
