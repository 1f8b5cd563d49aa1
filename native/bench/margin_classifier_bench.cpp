// K2 `aam`: operations = 8 B C D. The roofline is a loop of independent fused multiply-adds.
#include "bench/bench_util.h"

namespace {

void margin_classifier(benchmark::State& state) {
  const int32_t dtype = static_cast<int32_t>(state.range(0));
  const int64_t rows = state.range(1), classes = state.range(2), dim = state.range(3);
  const int32_t threads = static_cast<int32_t>(state.range(4));
  BenchArray z(dtype, rows * dim, 1), v(dtype, classes * dim, 2);
  BenchArray gz(dtype, rows * dim, 3), gv(dtype, classes * dim, 4);
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < rows; ++i) labels.push_back(i * 7919 % classes);
  double loss = 0;
  cd_row_set set = {};
  set.rows = rows;
  set.embeddings = z.data();
  set.embeddings_stride = dim;
  set.labels = labels.data();
  set.grad_scale = 1;
  set.loss = &loss;
  set.grad_embeddings_or_null = gz.data();
  set.grad_embeddings_stride = dim;
  const double operations =
      8.0 * static_cast<double>(rows) * static_cast<double>(classes) * static_cast<double>(dim);
  Rates rates;
  for (auto _ : state) {
    const double before = peak_flops(state, dtype, threads);
    const double seconds = time_of(threads, [&] {
      check(state, cd_margin_classifier(dtype, classes, dim, v.data(), dim, nullptr, &set, 1,
                                        nullptr, CD_CLASSIFIER_AAM, 32, 0.2, 0, CD_MEAN, gv.data(),
                                        dim, nullptr, threads));
    });
    state.SetIterationTime(seconds);
    rates.add(operations / seconds, (before + peak_flops(state, dtype, threads)) / 2);
  }
  rates.report(state, "GFLOP/s", "peak");
}

}  // namespace

BENCHMARK(margin_classifier)
    ->ArgNames({"dtype", "B", "C", "D", "threads"})
    ->ArgsProduct({{CD_F32, CD_BF16, CD_F64}, {256}, {10000}, {512}, {1, 0}})
    ->ArgsProduct({{CD_F32, CD_BF16}, {512}, {100000}, {256}, {1, 0}})
    ->ArgsProduct({{CD_F32}, {64}, {1000}, {128}, {1, 0}})
    ->Iterations(7)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
