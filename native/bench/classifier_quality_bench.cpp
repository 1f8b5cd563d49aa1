// K4 beside K2 `aam` of a student's and a teacher's rows: in a call of its own before, and with the
// norms that K2 has at hand. Every iteration times K2 without it and both; the counters are medians
// of what each adds to it, and of the ratio of the whole times.
#include "bench/bench_util.h"

namespace {

constexpr int kCalls = 20;  // of an iteration

struct Problem {
  int64_t rows, classes, dim;
  int32_t dtype, threads;
  BenchArray s{dtype, rows*dim, 1}, t{dtype, rows*dim, 2}, v{dtype, classes*dim, 3};
  BenchArray gs{dtype, rows*dim, 4}, gt{dtype, rows*dim, 5}, gv{dtype, classes*dim, 6};
  BenchArray norms_s{CD_F32, rows, 7}, norms_t{CD_F32, rows, 8};
  std::vector<float> of_quality = std::vector<float>(static_cast<size_t>(rows), 1);
  std::vector<float> weights = of_quality;
  std::vector<int64_t> labels = std::vector<int64_t>(static_cast<size_t>(rows));
  double statistics[CD_QUALITY_STATISTICS] = {};
  float losses[2] = {};

  cd_row_set row_set(BenchArray& embeddings, BenchArray& gradient, float& loss) {
    cd_row_set set = {};
    set.rows = rows;
    set.embeddings = embeddings.data();
    set.embeddings_stride = dim;
    set.labels = labels.data();
    set.grad_scale = 1;
    set.loss = &loss;
    set.grad_embeddings_or_null = gradient.data();
    set.grad_embeddings_stride = dim;
    return set;
  }

  int32_t classify(const void* weights_or_null, const cd_quality* quality_or_null) {
    cd_row_set sets[] = {row_set(s, gs, losses[0]), row_set(t, gt, losses[1])};
    sets[0].weights_or_null = weights_or_null;
    return cd_margin_classifier(dtype, classes, dim, v.data(), dim, nullptr, sets, 2,
                                quality_or_null, CD_CLASSIFIER_AAM, 32, 0.2, 0, CD_MEAN, gv.data(),
                                dim, nullptr, threads);
  }

  int32_t apart() {
    const int32_t status = cd_embedding_weights(
        dtype, rows, dim, dim, s.data(), dim, t.data(), dim, CD_QUALITY_DIFFERENCE, 1, 0.333, 0.01,
        1, statistics, norms_s.data(), norms_t.data(), of_quality.data(), threads);
    if (status != CD_OK) return status;
    for (size_t i = 0; i < weights.size(); ++i) weights[i] = 1 + of_quality[i];
    return classify(weights.data(), nullptr);
  }

  int32_t in_one() {
    const cd_quality quality = {CD_QUALITY_DIFFERENCE, 1, 1, 0.333, 0.01, 1, 1, statistics,
                                of_quality.data()};
    return classify(nullptr, &quality);
  }
};

void classifier_quality(benchmark::State& state) {
  Problem problem = {state.range(0), state.range(1), state.range(2),
                     static_cast<int32_t>(state.range(3)), 1};
  for (size_t i = 0; i < problem.labels.size(); ++i) {
    problem.labels[i] = static_cast<int64_t>(i) * 7919 % problem.classes;
  }
  const auto microseconds = [&](const auto& call) {
    return 1e6 / kCalls * time_of(problem.threads, [&] {
             for (int k = 0; k < kCalls; ++k) check(state, call());
           });
  };
  std::vector<double> of_apart, of_one, ratios;
  for (auto _ : state) {
    const double plain =
        microseconds([&] { return problem.classify(problem.weights.data(), nullptr); });
    const double apart = microseconds([&] { return problem.apart(); });
    const double one = microseconds([&] { return problem.in_one(); });
    state.SetIterationTime(1e-6 * one);
    of_apart.push_back(apart - plain);
    of_one.push_back(one - plain);
    ratios.push_back(one / apart);
  }
  state.counters["apart_us"] = quantile(of_apart, 0.5);
  state.counters["in_one_us"] = quantile(of_one, 0.5);
  state.counters["in_one_us_p20"] = quantile(of_one, 0.2);
  state.counters["in_one_us_p80"] = quantile(of_one, 0.8);
  state.counters["one_over_apart"] = quantile(ratios, 0.5);
}

}  // namespace

BENCHMARK(classifier_quality)
    ->ArgNames({"B", "C", "D", "dtype"})
    ->ArgsProduct({{64}, {2, 69}, {128}, {CD_F32, CD_BF16}})
    ->ArgsProduct({{256}, {69}, {512}, {CD_F32, CD_BF16}})
    ->Iterations(200)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
