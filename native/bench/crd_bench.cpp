// K6: operations = 4 B K D. The roofline is a loop of independent fused multiply-adds.
#include "bench/bench_util.h"

namespace {

void crd(benchmark::State& state) {
  const int32_t dtype = static_cast<int32_t>(state.range(0));
  const int64_t rows = state.range(1), candidates = state.range(2), dim = state.range(3);
  const int32_t threads = static_cast<int32_t>(state.range(4));
  BenchArray g(dtype, rows * dim, 1), memory(dtype, candidates * dim, 2);
  BenchArray counts(CD_F32, rows * candidates, 3), grad(dtype, rows * dim, 4);
  std::vector<int64_t> own;
  for (int64_t i = 0; i < rows; ++i) own.push_back(i * 7919 % candidates);
  float loss = 0;
  const double operations =
      4.0 * static_cast<double>(rows) * static_cast<double>(candidates) * static_cast<double>(dim);
  Rates rates;
  for (auto _ : state) {
    const double before = peak_flops(state, CD_F32, threads);
    const double seconds = time_of(threads, [&] {
      check(state, cd_crd(dtype, rows, candidates, dim, g.data(), dim, memory.data(), dim,
                          own.data(), counts.data(), candidates, 1, 1000, candidates, candidates, 1,
                          &loss, grad.data(), dim, threads));
    });
    state.SetIterationTime(seconds);
    rates.add(operations / seconds, (before + peak_flops(state, CD_F32, threads)) / 2);
  }
  rates.report(state, "GFLOP/s", "peak");
}

}  // namespace

BENCHMARK(crd)
    ->ArgNames({"dtype", "B", "K", "D", "threads"})
    ->ArgsProduct({{CD_F32, CD_BF16}, {64}, {1047, 16384}, {128}, {1, 0}})
    ->ArgsProduct({{CD_F32}, {256}, {16384}, {128, 512}, {1, 0}})
    ->Iterations(30)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
