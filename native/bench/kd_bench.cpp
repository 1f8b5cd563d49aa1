// K3, the losses on the logits of student and teacher: bytes = 3 B C e, 4 with the teacher's
// gradient. The roofline is a loop that reads two arrays and writes two.
#include "bench/bench_util.h"

namespace {

// call(student, teacher, loss, its gradients, the second null unless `both`, threads)
template <class Call>
void measure(benchmark::State& state, const Call& call) {
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
      check(state, call(s.data(), t.data(), loss, gs.data(), both ? gt.data() : nullptr, threads));
    });
    state.SetIterationTime(seconds);
    rates.add(bytes / seconds, copy);
  }
  rates.report(state, "GB/s", "copy");
}

void kd(benchmark::State& state) {
  const int32_t dtype = static_cast<int32_t>(state.range(0));
  const int64_t rows = state.range(1), classes = state.range(2);
  measure(state, [&](void* s, void* t, void* loss, void* gs, void* gt, int32_t threads) {
    return cd_kd(dtype, rows, classes, s, classes, t, classes, nullptr, nullptr, CD_TARGET_KEPT, 4,
                 CD_MEAN, 1, loss, nullptr, gs, classes, gt, classes, nullptr, threads);
  });
}

std::vector<int64_t> labels_of(int64_t rows, int64_t classes) {
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < rows; ++i) labels.push_back(i % classes);
  return labels;
}

void dkd(benchmark::State& state) {
  const int32_t dtype = static_cast<int32_t>(state.range(0));
  const int64_t rows = state.range(1), classes = state.range(2);
  const std::vector<int64_t> labels = labels_of(rows, classes);
  measure(state, [&](void* s, void* t, void* loss, void* gs, void* gt, int32_t threads) {
    return cd_dkd(dtype, rows, classes, s, classes, t, classes, labels.data(), nullptr, 1, 8, 4,
                  CD_MEAN, 1, loss, nullptr, gs, classes, gt, classes, nullptr, threads);
  });
}

void nkd(benchmark::State& state) {
  const int32_t dtype = static_cast<int32_t>(state.range(0));
  const int64_t rows = state.range(1), classes = state.range(2);
  const std::vector<int64_t> labels = labels_of(rows, classes);
  measure(state, [&](void* s, void* t, void* loss, void* gs, void* gt, int32_t threads) {
    return cd_nkd(dtype, rows, classes, s, classes, t, classes, labels.data(), nullptr, 1.5, 1,
                  CD_MEAN, 1, loss, nullptr, gs, classes, gt, classes, nullptr, threads);
  });
}

void lskd(benchmark::State& state) {
  const int32_t dtype = static_cast<int32_t>(state.range(0));
  const int64_t rows = state.range(1), classes = state.range(2);
  measure(state, [&](void* s, void* t, void* loss, void* gs, void* gt, int32_t threads) {
    return cd_lskd(dtype, rows, classes, s, classes, t, classes, nullptr, nullptr, 2, CD_MEAN, 1,
                   loss, nullptr, gs, classes, gt, classes, nullptr, threads);
  });
}

}  // namespace

BENCHMARK(kd)
    ->ArgNames({"dtype", "B", "C", "both", "threads"})
    ->ArgsProduct({{CD_F32, CD_BF16}, {256}, {1000}, {0, 1}, {1, 0}})
    ->ArgsProduct({{CD_F32}, {4096}, {32000}, {0}, {1, 0}})
    ->Iterations(10)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

BENCHMARK(dkd)
    ->ArgNames({"dtype", "B", "C", "both", "threads"})
    ->ArgsProduct({{CD_F32, CD_BF16}, {256}, {1000}, {0, 1}, {1, 0}})
    ->Iterations(10)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

BENCHMARK(nkd)
    ->ArgNames({"dtype", "B", "C", "both", "threads"})
    ->ArgsProduct({{CD_F32}, {64}, {69}, {0}, {1}})
    ->ArgsProduct({{CD_F32, CD_BF16}, {256}, {1000}, {0, 1}, {1, 0}})
    ->Iterations(10)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

BENCHMARK(lskd)
    ->ArgNames({"dtype", "B", "C", "both", "threads"})
    ->ArgsProduct({{CD_F32}, {64}, {69}, {0}, {1}})
    ->ArgsProduct({{CD_F32, CD_BF16}, {256}, {1000}, {0, 1}, {1, 0}})
    ->Iterations(10)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
