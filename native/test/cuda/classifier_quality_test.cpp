// K2's weights by quality on the device under test: those of K4's own launches, in the launches
// that K2 has anyway.
#include "test/cuda/classifier_case.h"

namespace {

using namespace classifier;

const std::vector<double> kNothing(CD_QUALITY_STATISTICS, 0);

// A student's rows, their teacher's, and a set that has nothing to do with them.
Inputs two_sides(const Case& c, int64_t rows, uint64_t seed) {
  return inputs(c, {rows, rows, 3}, seed);
}

Array norms_of(const Case& c, const reference::RowSet& set) {
  const auto rows = static_cast<int64_t>(set.labels.size());
  const Array x(c.dtype, set.embeddings, rows, c.dim);
  Array norms(device::accumulator(c.dtype), rows, 1);
  EXPECT_EQ(cd_row_norms_cuda(c.dtype, rows, c.dim, x.data(), c.dim, norms.data(), nullptr), CD_OK);
  return Array(device::accumulator(c.dtype), norms.values("norms"), rows, 1);
}

// What K4's launches make of the same rows: the weights, and the statistics after them.
std::pair<std::vector<double>, std::vector<double>> apart(const Case& c, const Inputs& in,
                                                          const Quality& quality) {
  const int32_t type = device::accumulator(c.dtype);
  const Array student = norms_of(c, in.sets[0]), teacher = norms_of(c, in.sets[1]);
  const Array weights(type, student.rows(), 1), statistics(CD_F64, CD_QUALITY_STATISTICS, 1);
  device::copy_in(statistics.data(), quality.statistics.data(),
                  CD_QUALITY_STATISTICS * sizeof(double));
  EXPECT_EQ(cd_quality_weights_cuda(type, student.rows(), student.data(), teacher.data(),
                                    quality.mode, kSlope, kH, kAlpha, quality.update,
                                    statistics.as<double>(), weights.data(), nullptr),
            CD_OK)
      << cd_last_error();
  return {weights.values("weights"), statistics.values("statistics")};
}

void expect_close(const std::vector<double>& actual, const std::vector<double>& expected,
                  int32_t dtype) {
  EXPECT_LE(device::relative_error(actual, expected), dtype == CD_F64 ? 1e-13 : 2e-6);
}

// Every output with the bits that the rows have when they are given their weights.
void expect_given_weights(const Case& c, Inputs in, const Outputs& out) {
  for (size_t i = 0; i < out.of_quality.size(); ++i) {
    in.sets[0].weights[i] *= kOffset + kFactor * out.of_quality[i];
  }
  Outputs given = run(c, in);
  given.of_quality = out.of_quality;
  given.statistics = out.statistics;
  expect_same(out, given);
}

// Over three batches, of which the last updates nothing.
void expect_the_separate_launches(const Case& c, int64_t rows, int32_t mode) {
  std::vector<double> statistics = kNothing;
  for (uint64_t batch = 0; batch < 3; ++batch) {
    const Inputs in = two_sides(c, rows, batch + static_cast<uint64_t>(rows));
    const Quality quality = {mode, batch < 2 ? 1 : 0, statistics};
    const Outputs out = batch == 1 ? run_twice(c, in, &quality) : run(c, in, &quality);
    const auto [weights, next] = apart(c, in, quality);
    expect_close(out.of_quality, weights, c.dtype);
    expect_close(out.statistics, next, c.dtype);
    if (batch == 1) expect_given_weights(c, in, out);
    statistics = out.statistics;
  }
}

class ClassifierQualityCuda : public device::Test {};

TEST_F(ClassifierQualityCuda, hasTheAnswersOfTheSeparateLaunches) {
  int32_t number = 0;
  for (const int32_t dtype : kDtypes) {
    for (const int64_t rows : {1, 7, 33, 129}) {
      for (const int32_t mode : {CD_QUALITY_DIFFERENCE, CD_QUALITY_PRODUCT}) {
        ++number;
        if (!wanted()) continue;
        Case c;
        c.dtype = dtype;
        c.classes = 5 + rows % 7;
        c.dim = 9 + rows % 13;
        c.options.kind = number % 4;
        c.options.reduction = number % 3;
        c.biased = c.options.kind == CD_CLASSIFIER_SOFTMAX;
        c.placement = {number % 3 == 0 ? 5 : 0, number % 5 == 0 ? 1 : 0};
        SCOPED_TRACE(std::string(device::name_of(dtype)) + " rows " + std::to_string(rows) +
                     " kind " + std::to_string(c.options.kind));
        expect_the_separate_launches(c, rows, mode);
      }
    }
  }
}

// Their qualities are part of the statistics, and other losses weigh them.
TEST_F(ClassifierQualityCuda, rowsWithoutALabelHaveWeights) {
  Case c;
  c.classes = 7;
  c.dim = 12;
  Inputs in = two_sides(c, 40, 1);
  const Quality quality = {CD_QUALITY_DIFFERENCE, 1, kNothing};
  const Outputs labelled = run(c, in, &quality);
  for (size_t s = 0; s < 2; ++s) in.sets[s].labels.assign(40, CD_IGNORE_LABEL);
  const Outputs out = run(c, in, &quality);
  EXPECT_EQ(out.of_quality, labelled.of_quality);
  EXPECT_EQ(out.statistics, labelled.statistics);
  EXPECT_EQ(out.sets[0].loss[0], 0);
}

TEST_F(ClassifierQualityCuda, whatIsNotFiniteMakesTheLossNanAndLeavesTheStatistics) {
  for (const int32_t dtype : {CD_F64, CD_F32}) {
    Case c;
    c.dtype = dtype;
    c.classes = 7;
    c.dim = 12;
    for (size_t side = 0; side < 2; ++side) {
      Inputs in = two_sides(c, 20, 2);
      in.sets[side].embeddings[13] = INFINITY;
      const Quality quality = {CD_QUALITY_DIFFERENCE, 1, {1, 2, 3, 4, 1}};
      const Outputs out = run(c, in, &quality);
      EXPECT_TRUE(std::isnan(out.sets[0].loss[0]));
      EXPECT_EQ(out.statistics, quality.statistics);
      EXPECT_TRUE(std::isfinite(out.sets[2].loss[0]));
    }
    // Statistics that hold nothing, and no batch to be their first.
    const Quality empty = {CD_QUALITY_DIFFERENCE, 0, kNothing};
    EXPECT_TRUE(std::isnan(run(c, two_sides(c, 20, 2), &empty).sets[0].loss[0]));
  }
}

}  // namespace
