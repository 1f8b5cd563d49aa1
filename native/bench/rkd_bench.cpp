// K5: time by the number of rows, whose third power the angles grow with, and of columns. A triple
// is one of the B^3 angles, with the gradients by both sides.
#include "bench/bench_util.h"

namespace {

void rkd(benchmark::State& state) {
  const int32_t dtype = static_cast<int32_t>(state.range(0));
  const int64_t rows = state.range(1), dim = state.range(2);
  const int32_t threads = static_cast<int32_t>(state.range(3));
  BenchArray s(dtype, rows * dim, 1), t(dtype, rows * dim, 2);
  BenchArray grad_s(dtype, rows * dim, 3), grad_t(dtype, rows * dim, 4);
  float loss = 0;
  std::vector<double> seconds;
  for (auto _ : state) {
    seconds.push_back(time_of(threads, [&] {
      check(state, cd_rkd(dtype, rows, dim, dim, s.data(), dim, t.data(), dim, 25, 50, 1, &loss,
                          grad_s.data(), dim, grad_t.data(), dim, threads));
    }));
    state.SetIterationTime(seconds.back());
  }
  const double triples = static_cast<double>(rows) * static_cast<double>(rows * rows);
  state.counters["ns_per_triple"] = 1e9 * quantile(seconds, 0.5) / triples;
}

}  // namespace

BENCHMARK(rkd)
    ->ArgNames({"dtype", "B", "D", "threads"})
    ->ArgsProduct({{CD_F32, CD_BF16}, {32, 64, 256}, {128, 512}, {1, 0}})
    ->Iterations(20)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
