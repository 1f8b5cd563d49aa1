// K7: operations of the products and of the student's gradient, 6 B^2 D, and their share of what
// independent multiply-adds reach.
#include "bench/bench_util.h"

namespace {

void similarity(benchmark::State& state) {
  const int32_t dtype = static_cast<int32_t>(state.range(0));
  const int32_t kind = static_cast<int32_t>(state.range(1));
  const int64_t rows = state.range(2), dim = state.range(3);
  const int32_t threads = static_cast<int32_t>(state.range(4));
  BenchArray s(dtype, rows * dim, 1), t(dtype, rows * dim, 2), grad(dtype, rows * dim, 3);
  float loss = 0;
  const double operations = 6 * static_cast<double>(rows * rows) * static_cast<double>(dim);
  Rates rates;
  for (auto _ : state) {
    const double limit = peak_flops(state, CD_F32, threads);
    const double seconds = time_of(threads, [&] {
      check(state, cd_similarity(dtype, kind, rows, dim, dim, s.data(), dim, t.data(), dim, 1,
                                 &loss, grad.data(), dim, nullptr, 0, threads));
    });
    state.SetIterationTime(seconds);
    rates.add(operations / seconds, limit);
  }
  rates.report(state, "GFLOP/s", "peak");
}

}  // namespace

BENCHMARK(similarity)
    ->ArgNames({"dtype", "kind", "B", "D", "threads"})
    ->ArgsProduct(
        {{CD_F32, CD_BF16}, {CD_SIMILARITY_PKT, CD_SIMILARITY_SP}, {64, 256}, {128, 512}, {1, 0}})
    ->Iterations(20)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
