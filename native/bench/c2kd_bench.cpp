// K3, customised cross-modal distillation: bytes = 8 B C e (four matrices of logits and their
// gradients).
#include "bench/bench_util.h"

namespace {

constexpr int kNetworks = 4;

// Logits, gradients and labels of a call.
struct Networks {
  int32_t dtype;
  int64_t rows, classes;
  std::vector<BenchArray> logits, grads;
  std::vector<int64_t> labels;

  explicit Networks(const benchmark::State& state)
      : dtype(static_cast<int32_t>(state.range(0))), rows(state.range(1)), classes(state.range(2)) {
    for (unsigned k = 0; k < kNetworks; ++k) logits.emplace_back(dtype, rows * classes, k + 1);
    for (unsigned k = 0; k < kNetworks; ++k) grads.emplace_back(dtype, rows * classes, k + 5);
    for (int64_t i = 0; i < rows; ++i) labels.push_back(i * 7919 % classes);
  }
};

// call(networks, threads)
template <class Call>
void measure(benchmark::State& state, const Call& call) {
  Networks n(state);
  const int32_t threads = static_cast<int32_t>(state.range(3));
  std::vector<double> rates;
  for (auto _ : state) {
    const double seconds = time_of(threads, [&] { call(n, threads); });
    state.SetIterationTime(seconds);
    rates.push_back(2 * kNetworks * static_cast<double>(n.logits[0].bytes()) / seconds);
  }
  state.counters["GB/s"] = quantile(rates, 0.5) / 1e9;
}

void c2kd(benchmark::State& state) {
  measure(state, [&](Networks& n, int32_t threads) {
    cd_logits networks[kNetworks];
    for (int k = 0; k < kNetworks; ++k) {
      networks[k] = {n.logits[k].data(), n.classes, n.grads[k].data(), n.classes};
    }
    double loss, terms[8];
    check(state, cd_c2kd(n.dtype, n.rows, n.classes, networks, n.labels.data(), CD_TARGET_ZERO, 1,
                         0, 1, &loss, terms, nullptr, threads));
  });
}

// Tau and the six divergences by calls of their own, each over the gradient of the one before: what
// the fused call has to beat, which does the cross-entropies and adds the gradients, too.
void c2kd_apart(benchmark::State& state) {
  std::vector<double> tau(static_cast<size_t>(state.range(1)));
  measure(state, [&](Networks& n, int32_t threads) {
    const auto divergence = [&](int student, int teacher, int32_t target) {
      double loss;
      check(state, cd_kd(n.dtype, n.rows, n.classes, n.logits[student].data(), n.classes,
                         n.logits[teacher].data(), n.classes, n.labels.data(), nullptr, target, 1,
                         CD_MEAN, 1, &loss, nullptr, n.grads[student].data(), n.classes, nullptr,
                         n.classes, nullptr, threads));
    };
    check(state, cd_kendall_tau(n.dtype, n.rows, n.classes, n.logits[2].data(), n.classes,
                                n.logits[3].data(), n.classes, 0, tau.data(), nullptr, threads));
    for (int k = 0; k < 2; ++k) {
      divergence(k, k + 2, CD_TARGET_KEPT);
      divergence(k + 2, k, CD_TARGET_KEPT);
      divergence(2 + k, 3 - k, CD_TARGET_ZERO);
    }
  });
}

}  // namespace

BENCHMARK(c2kd)
    ->ArgNames({"dtype", "B", "C", "threads"})
    ->ArgsProduct({{CD_F32}, {64, 256}, {69, 309, 1000}, {1, 0}})
    ->Iterations(10)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

BENCHMARK(c2kd_apart)
    ->ArgNames({"dtype", "B", "C", "threads"})
    ->ArgsProduct({{CD_F32}, {256}, {69, 309, 1000}, {1}})
    ->Iterations(10)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
