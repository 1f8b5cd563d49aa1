// K4: both modalities' norms and the weights of a batch in one call; bytes = 2 B D e. The roofline
// is a loop that reads two arrays and writes two.
#include "bench/bench_util.h"

namespace {

void quality_weights(benchmark::State& state) {
  const int32_t dtype = static_cast<int32_t>(state.range(0));
  const int64_t rows = state.range(1), dim = state.range(2);
  const int32_t threads = static_cast<int32_t>(state.range(3));
  BenchArray s(dtype, rows * dim, 1), t(dtype, rows * dim, 2);
  BenchArray norms_s(CD_F32, rows, 3), norms_t(CD_F32, rows, 4), weights(CD_F32, rows, 5);
  const double bytes = 2 * static_cast<double>(s.bytes());
  CopyArrays far;
  double statistics[CD_QUALITY_STATISTICS] = {};
  Rates rates;
  for (auto _ : state) {
    const double copy = far.rate(state, threads);
    const double seconds = time_of(threads, [&] {
      check(state, cd_embedding_weights(dtype, rows, dim, dim, s.data(), dim, t.data(), dim,
                                        CD_QUALITY_DIFFERENCE, 0.5, 0.33, 0.01, 1, statistics,
                                        norms_s.data(), norms_t.data(), weights.data(), threads));
    });
    state.SetIterationTime(seconds);
    rates.add(bytes / seconds, copy);
  }
  rates.report(state, "GB/s", "copy");
}

}  // namespace

BENCHMARK(quality_weights)
    ->ArgNames({"dtype", "B", "D", "threads"})
    ->ArgsProduct({{CD_F32, CD_BF16}, {64, 4096, 65536}, {512}, {1, 0}})
    ->Iterations(30)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
