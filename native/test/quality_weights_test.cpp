#include <algorithm>

#include "regimes.h"
#include "test_arrays.h"

namespace {

using Values = std::vector<double>;

// The equations once more. Qualities of one batch in, weights out, statistics moved on.
struct Reference {
  long double mean_s = 0, deviation_s = 0, mean_t = 0, deviation_t = 0;
  bool initialized = false;

  void observe(const Values& q, double alpha, long double& mean, long double& deviation) const {
    long double sum = 0, squares = 0;
    for (double x : q) sum += x;
    const long double m = sum / q.size();
    for (double x : q) squares += (x - m) * (x - m);
    const long double d = q.size() > 1 ? std::sqrt(squares / (q.size() - 1)) : 0;
    mean = initialized ? (1 - alpha) * mean + alpha * m : m;
    deviation = initialized ? (1 - alpha) * deviation + alpha * d : d;
  }

  Values weights(const Values& s, const Values& t, int32_t mode, double k, double h, double alpha,
                 bool update) {
    if (update && !s.empty()) {
      observe(s, alpha, mean_s, deviation_s);
      observe(t, alpha, mean_t, deviation_t);
      initialized = true;
    }
    Values result;
    for (size_t i = 0; i < s.size(); ++i) {
      const auto clip = [](long double x, long double low, long double high) {
        return std::min(std::max(x, low), high);
      };
      const long double qs = clip(h * (s[i] - mean_s) / (deviation_s + 1e-3L), -1, 1);
      const long double qt = clip(h * (t[i] - mean_t) / (deviation_t + 1e-3L), -1, 1);
      const long double all[] = {clip(1 + k * (qt - qs), 0, 2), clip(1 + k * qt, 0, 2),
                                 clip(1 + k * qs, 0, 2), clip((1 + k * qt) * (1 + k * qs), 0, 4),
                                 1};
      result.push_back(static_cast<double>(all[mode]));
    }
    return result;
  }

  Values statistics() const {
    return {static_cast<double>(mean_s), static_cast<double>(deviation_s),
            static_cast<double>(mean_t), static_cast<double>(deviation_t), initialized ? 1.0 : 0.0};
  }
};

TEST(QualityWeights, FollowTheRunningStatistics) {
  for (int32_t dtype : kDtypes) {
    for (int32_t mode = CD_QUALITY_DIFFERENCE; mode <= CD_QUALITY_NONE; ++mode) {
      for (int64_t size : kRegimes) {
        Random random(static_cast<uint64_t>(size) + 1);
        Reference reference;
        TestMatrix statistics(CD_F64, CD_QUALITY_STATISTICS, 1, {0, 0, 0, 0, 0});
        for (int batch = 0; batch < 4; ++batch) {
          const bool update = batch != 2;
          if (!update && !reference.initialized) continue;
          Values s = random.array(dtype, size), t = random.array(dtype, size, 3);
          for (double& x : s) x = rounded(dtype, std::fabs(x) + 2);
          const Values expected = reference.weights(s, t, mode, 1.25, 0.333, 0.1, update);
          TestMatrix qs(dtype, size, 1, s), qt(dtype, size, 1, t);
          TestMatrix weights(accumulator_of(dtype), size, 1);
          ASSERT_EQ(
              cd_quality_weights(dtype, size, qs.data(), qt.data(), mode, 1.25, 0.333, 0.1, update,
                                 static_cast<double*>(statistics.data()), weights.data()),
              CD_OK)
              << cd_last_error();
          EXPECT_LE(error_of(weights.values(), expected), tolerance_of(dtype));
          EXPECT_LE(error_of(statistics.values(), reference.statistics()), tolerance_of(CD_F64));
          EXPECT_TRUE(weights.intact() && statistics.intact());
        }
      }
    }
  }
}

TEST(QualityWeights, MoveAsTheModesPromise) {
  // Rows: a bad student's sample, a bad teacher's sample, good ones.
  const double student[] = {-5, 5, 5, 5}, teacher[] = {5, -5, 5, 5};
  const auto weights = [&](int32_t mode) {
    double statistics[] = {0, 1, 0, 1, 1};
    Values result(4);
    EXPECT_EQ(cd_quality_weights(CD_F64, 4, student, teacher, mode, 1, 0.333, 0.01, 0, statistics,
                                 result.data()),
              CD_OK);
    return result;
  };
  EXPECT_EQ(weights(CD_QUALITY_DIFFERENCE), (Values{2, 0, 1, 1}));
  EXPECT_EQ(weights(CD_QUALITY_TEACHER), (Values{2, 0, 2, 2}));
  EXPECT_EQ(weights(CD_QUALITY_STUDENT), (Values{0, 2, 2, 2}));
  EXPECT_EQ(weights(CD_QUALITY_PRODUCT), (Values{0, 0, 4, 4}));
  EXPECT_EQ(weights(CD_QUALITY_NONE), (Values{1, 1, 1, 1}));
}

TEST(QualityWeights, OneRowHasNoDeviation) {
  const double student = 3, teacher = 5;
  double statistics[] = {9, 9, 9, 9, 0}, weight = -1;
  ASSERT_EQ(cd_quality_weights(CD_F64, 1, &student, &teacher, CD_QUALITY_DIFFERENCE, 1, 0.333, 0.01,
                               1, statistics, &weight),
            CD_OK);
  EXPECT_EQ(Values(statistics, statistics + 5), (Values{3, 0, 5, 0, 1}));
  EXPECT_EQ(weight, 1);
}

TEST(QualityWeights, RejectBadArgumentsAndWriteNothing) {
  float student[] = {1, 2, 3}, teacher[] = {3, 2, 1}, weights[] = {-7, -7, -7};
  double statistics[] = {1, 1, 1, 1, 1};
  const auto call = [&](int32_t dtype, int64_t rows, int32_t mode, double slope, double h,
                        double alpha, int32_t update) {
    return cd_quality_weights(dtype, rows, student, teacher, mode, slope, h, alpha, update,
                              statistics, weights);
  };
  const auto call_with = [&](int i, double value, int32_t update) {
    const double before = statistics[i];
    statistics[i] = value;
    const int32_t status = call(CD_F32, 3, 0, 1, 0.3, 0.01, update);
    statistics[i] = before;
    return status;
  };
  expect_rejected(call(9, 3, 0, 1, 0.3, 0.01, 1), {"dtype"});
  expect_rejected(call(CD_F32, -1, 0, 1, 0.3, 0.01, 1), {"rows", "-1"});
  expect_rejected(call(CD_F32, 3, 5, 1, 0.3, 0.01, 1), {"mode", "5"});
  expect_rejected(call(CD_F32, 3, 0, HUGE_VAL, 0.3, 0.01, 1), {"slope"});
  expect_rejected(call(CD_F32, 3, 0, 1, std::nan(""), 0.01, 1), {"h:"});
  expect_rejected(call(CD_F32, 3, 0, 1, 0.3, 1.5, 1), {"alpha", "1.5"});
  expect_rejected(call(CD_F32, 3, 0, 1, 0.3, 0.01, 2), {"update"});
  expect_rejected(call_with(4, 0, 0), {"statistics[4]", "a batch before", "got 0"});
  expect_rejected(call_with(4, 2, 1), {"statistics[4]", "0 or 1", "got 2"});
  expect_rejected(call_with(4, std::nan(""), 1), {"statistics[4]", "0 or 1", "nan"});
  expect_rejected(call_with(3, -1, 1), {"statistics[3]", "-1"});
  expect_rejected(call_with(0, HUGE_VAL, 0), {"statistics[0]", "inf"});
  teacher[1] = HUGE_VALF;
  expect_rejected(call(CD_F32, 3, 0, 1, 0.3, 0.01, 1), {"quality_teacher: row 1"});
  teacher[1] = 2;
  expect_rejected(
      cd_quality_weights(CD_F32, 3, student, teacher, 0, 1, 0.3, 0.01, 1, statistics, student),
      {"weights", "overlaps quality_student"});
  expect_rejected(
      cd_quality_weights(CD_F32, 3, student, nullptr, 0, 1, 0.3, 0.01, 1, statistics, weights),
      {"quality_teacher", "null"});
  expect_rejected(
      cd_quality_weights(CD_F32, 3, student, teacher, 0, 1, 0.3, 0.01, 1, nullptr, weights),
      {"statistics", "null"});
  const double huge[] = {-1.7e308, 1.7e308, 1.7e308};
  double wide[3];
  expect_rejected(cd_quality_weights(CD_F64, 3, huge, huge, 0, 1, 0.3, 0.01, 1, statistics, wide),
                  {"quality_student", "finite mean and"});
  for (double x : statistics) EXPECT_EQ(x, 1);
  for (float x : weights) EXPECT_EQ(x, -7);
}

TEST(RowNorms, AgreeWithTheDefinition) {
  for (int32_t dtype : kDtypes) {
    for (int64_t size : kRegimes) {
      for (auto [rows, dim] : {std::pair<int64_t, int64_t>{size, 33}, {7, size}}) {
        Random random(static_cast<uint64_t>(size));
        const Values x = random.array(dtype, rows * dim);
        TestMatrix matrix(dtype, rows, dim, x, 3), norms(accumulator_of(dtype), rows, 1);
        ASSERT_EQ(cd_row_norms(dtype, rows, dim, matrix.data(), matrix.stride(), norms.data(), 0),
                  CD_OK);
        Values expected;
        for (int64_t i = 0; i < rows; ++i) {
          long double sum = 0;
          for (int64_t d = 0; d < dim; ++d) {
            const long double value = x[static_cast<size_t>(i * dim + d)];
            sum += value * value;
          }
          expected.push_back(static_cast<double>(std::sqrt(sum)));
        }
        EXPECT_LE(error_of(norms.values(), expected), tolerance_of(dtype));
        EXPECT_TRUE(norms.intact());
      }
    }
  }
}

TEST(RowNorms, NeitherOverflowNorUnderflow) {
  const double wide[] = {3e300, 4e300, 3e-300, 4e-300, HUGE_VAL, 1, NAN, 1};
  double norms[4];
  ASSERT_EQ(cd_row_norms(CD_F64, 4, 2, wide, 2, norms, 0), CD_OK);
  EXPECT_NEAR(norms[0] / 5e300, 1, 1e-14);
  EXPECT_NEAR(norms[1] / 5e-300, 1, 1e-14);
  EXPECT_EQ(norms[2], HUGE_VAL);
  EXPECT_TRUE(std::isnan(norms[3]));
  const float narrow[] = {3e37f, 4e37f, 3e-44f, 4e-44f};
  float answers[2];
  ASSERT_EQ(cd_row_norms(CD_F32, 2, 2, narrow, 2, answers, 0), CD_OK);
  EXPECT_NEAR(static_cast<double>(answers[0]) / 5e37, 1, 1e-6);
  EXPECT_NEAR(static_cast<double>(answers[1]) / 5e-44, 1, 0.05);
}

TEST(RowNorms, RejectBadArguments) {
  const float x[] = {1, 2, 3, 4};
  float norms[2] = {-1, -1};
  expect_rejected(cd_row_norms(4, 2, 2, x, 2, norms, 0), {"dtype"});
  expect_rejected(cd_row_norms(CD_F32, -2, 2, x, 2, norms, 0), {"rows"});
  expect_rejected(cd_row_norms(CD_F32, 2, -2, x, 2, norms, 0), {"dim"});
  expect_rejected(cd_row_norms(CD_F32, 2, 2, x, 1, norms, 0), {"x", "stride"});
  expect_rejected(cd_row_norms(CD_F32, 2, 2, nullptr, 2, norms, 0), {"x", "null"});
  expect_rejected(cd_row_norms(CD_F32, 2, 2, x, 2, nullptr, 0), {"norms", "null"});
  expect_rejected(cd_row_norms(CD_F32, 2, 2, norms, 2, norms, 0), {"norms", "overlaps x"});
  EXPECT_EQ(norms[0], -1);
}

}  // namespace
