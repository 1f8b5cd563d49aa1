// K2's weights by quality: those of cd_embedding_weights, in the call that has the norms.
#include <algorithm>

#include "classifier_case.h"
#include "regimes.h"

namespace {

using Values = std::vector<double>;

// A student's rows, their teacher's, and a set that has nothing to do with them.
Case two_sides(uint64_t seed, int32_t dtype, int64_t rows, int64_t classes, int64_t dim) {
  Case c = random_case(seed, dtype, rows, classes, dim);
  Random random(seed + 1);
  c.sets.push_back(random_set(random, dtype, rows, classes, dim));
  for (double& x : c.sets[1].embeddings) x = rounded(dtype, 3 * x);
  c.sets.push_back(random_set(random, dtype, 3, classes, dim));
  c.extra_stride = rows % 3;
  return c;
}

// Arguments and outputs of the weights.
struct Quality {
  TestMatrix statistics, weights;
  cd_quality arguments = {CD_QUALITY_DIFFERENCE, 1, 1.25, 0.333, 0.1, 0.5, 1.5, nullptr, nullptr};

  Quality(const Case& c, const Values& held)
      : statistics(CD_F64, CD_QUALITY_STATISTICS, 1, held),
        weights(accumulator_of(c.dtype), Set::size(c.sets[0]), 1) {
    arguments.statistics = static_cast<double*>(statistics.data());
    arguments.weights = weights.data();
  }

  static Values nothing() { return Values(CD_QUALITY_STATISTICS, 0); }
};

// What cd_embedding_weights makes of the same rows.
Values separate_weights(const Case& c, Answer& a, const cd_quality& quality, double* statistics) {
  const int64_t rows = Set::size(c.sets[0]);
  const int32_t type = accumulator_of(c.dtype);
  TestMatrix norms_student(type, rows, 1), norms_teacher(type, rows, 1), weights(type, rows, 1);
  Set& student = *a.sets[0];
  Set& teacher = *a.sets[1];
  EXPECT_EQ(cd_embedding_weights(c.dtype, rows, c.dim, c.dim, student.embeddings.data(),
                                 student.embeddings.stride(), teacher.embeddings.data(),
                                 teacher.embeddings.stride(), quality.mode, quality.slope,
                                 quality.h, quality.alpha, quality.update, statistics,
                                 norms_student.data(), norms_teacher.data(), weights.data(), 1),
            CD_OK)
      << cd_last_error();
  return weights.values();
}

void expect_close(const Values& answer, const Values& expected, double tolerance) {
  ASSERT_EQ(answer.size(), expected.size());
  for (size_t i = 0; i < answer.size(); ++i) {
    EXPECT_NEAR(answer[i], expected[i], tolerance * std::max(1.0, std::fabs(expected[i]))) << i;
  }
}

// Over three batches, of which the last updates nothing: the weights and statistics of the separate
// call, and every output with the bits that the weighted rows have in a call of their own.
void expect_the_separate_calls(int32_t dtype, int64_t rows, int64_t classes, int64_t dim, int kind,
                               int32_t mode) {
  SCOPED_TRACE(std::string(dtype_name(dtype)) + " B " + std::to_string(rows) + " C " +
               std::to_string(classes) + " D " + std::to_string(dim) + " kind " +
               std::to_string(kind) + " mode " + std::to_string(mode));
  // Norms are those of sums in double here, and of sums in the accumulation type there.
  const double tolerance = dtype == CD_F64 ? 0 : 1e-5;
  Values one = Quality::nothing(), other = Quality::nothing();
  for (uint64_t batch = 0; batch < 3; ++batch) {
    Case c = two_sides(batch + 10, dtype, rows, classes, dim);
    choose_kind(c, kind);
    c.options.reduction = static_cast<int32_t>(batch);
    Quality quality(c, one);
    quality.arguments.mode = mode;
    quality.arguments.update = batch < 2 || rows == 0;
    Answer a(c);
    ASSERT_EQ(a.call(c, &quality.arguments), CD_OK) << cd_last_error();
    const Values weights = quality.weights.values();
    expect_close(weights, separate_weights(c, a, quality.arguments, other.data()), tolerance);
    one = quality.statistics.values();
    expect_close(one, other, tolerance);
    EXPECT_TRUE(quality.weights.intact() && quality.statistics.intact());

    for (size_t i = 0; i < weights.size(); ++i) {
      c.sets[0].weights[i] = rounded(accumulator_of(dtype), c.sets[0].weights[i]) *
                             (quality.arguments.offset + quality.arguments.factor * weights[i]);
    }
    Answer apart(c);
    ASSERT_EQ(apart.call(c), CD_OK) << cd_last_error();
    EXPECT_EQ(a.bits(), apart.bits());
    for (const auto& set : a.sets) EXPECT_TRUE(set->intact());
    EXPECT_TRUE(a.grad_classifier.intact());
  }
}

TEST(ClassifierQuality, HasTheAnswersOfTheSeparateCalls) {
  for (int32_t dtype : kDtypes) {
    for (int64_t size : kRegimes) {
      expect_the_separate_calls(dtype, size, 33, 31, CD_CLASSIFIER_AAM, CD_QUALITY_DIFFERENCE);
      expect_the_separate_calls(dtype, 7, 5, size, CD_CLASSIFIER_AAM, CD_QUALITY_DIFFERENCE);
    }
    for (int kind = 0; kind < 5; ++kind) {
      expect_the_separate_calls(dtype, 33, 65, 17, kind, CD_QUALITY_PRODUCT);
    }
    for (int32_t mode = CD_QUALITY_DIFFERENCE; mode <= CD_QUALITY_NONE; ++mode) {
      expect_the_separate_calls(dtype, 65, 9, 33, CD_CLASSIFIER_AM, mode);
    }
  }
}

TEST(ClassifierQuality, DoesNotDependOnTheThreads) {
  for (int32_t dtype : kDtypes) {
    Case c = two_sides(5, dtype, 301, 129, 65);
    std::vector<unsigned char> bits, weights;
    for (int32_t threads : {1, 2, 5}) {
      c.threads = threads;
      Answer a(c);
      Quality quality(c, Quality::nothing());
      ASSERT_EQ(a.call(c, &quality.arguments), CD_OK);
      if (threads > 1) {
        EXPECT_EQ(a.bits(), bits);
        EXPECT_EQ(quality.weights.bits(), weights);
      }
      bits = a.bits();
      weights = quality.weights.bits();
    }
  }
}

// Their qualities are part of the statistics, and other losses weigh them.
TEST(ClassifierQuality, RowsWithoutALabelHaveWeights) {
  Case c = two_sides(6, CD_F32, 40, 9, 17);
  Answer labelled(c);
  Quality expected(c, Quality::nothing());
  ASSERT_EQ(labelled.call(c, &expected.arguments), CD_OK);
  for (size_t unlabelled = 1; unlabelled <= 3; ++unlabelled) {  // at last no row counts
    for (int64_t& label : c.sets[unlabelled - 1].labels) label = CD_IGNORE_LABEL;
    Answer a(c);
    Quality quality(c, Quality::nothing());
    ASSERT_EQ(a.call(c, &quality.arguments), CD_OK);
    EXPECT_EQ(quality.weights.bits(), expected.weights.bits());
    EXPECT_EQ(a.sets[0]->loss.value(0), 0);
    EXPECT_EQ(a.sets[0]->grad_embeddings.values(), Values(40 * 17, 0));
  }
}

TEST(ClassifierQuality, ARowWithoutWeightsOfItsOwnWeighsOffsetAndFactor) {
  Case c = two_sides(7, CD_F32, 9, 5, 4);
  c.options.reduction = CD_SUM;
  Answer a(c), plain(c);
  a.arguments[0].weights_or_null = plain.arguments[0].weights_or_null = nullptr;
  Quality quality(c, Quality::nothing());
  quality.arguments.mode = CD_QUALITY_NONE;
  ASSERT_EQ(a.call(c, &quality.arguments), CD_OK);
  ASSERT_EQ(plain.call(c), CD_OK);
  EXPECT_FLOAT_EQ(static_cast<float>(a.sets[0]->loss.value(0)),
                  static_cast<float>(2 * plain.sets[0]->loss.value(0)));
}

TEST(ClassifierQuality, BadArgumentsAreNamedAndNothingIsWritten) {
  Case good = two_sides(8, CD_F32, 4, 5, 9);
  good.sets[0].labels = {0, CD_IGNORE_LABEL, 2, 3};
  const auto expect = [&](std::initializer_list<const char*> parts, const auto& change) {
    SCOPED_TRACE(*parts.begin());
    Answer a(good);
    Quality quality(good, Quality::nothing());
    change(a, quality);
    const Values before = quality.statistics.values();
    const int32_t status = a.call(good, &quality.arguments);
    EXPECT_EQ(status, CD_INVALID_ARGUMENT);
    for (const char* part : parts) {
      EXPECT_NE(std::string(cd_last_error()).find(part), std::string::npos) << cd_last_error();
    }
    EXPECT_TRUE(a.untouched());
    EXPECT_TRUE(quality.weights.untouched());
    EXPECT_EQ(error_of(quality.statistics.values(), before), 0);
  };
  expect({"mode"}, [](Answer&, Quality& q) { q.arguments.mode = 5; });
  expect({"update: expected 0 or 1, got 2"}, [](Answer&, Quality& q) { q.arguments.update = 2; });
  expect({"slope"}, [](Answer&, Quality& q) { q.arguments.slope = std::nan(""); });
  expect({"alpha"}, [](Answer&, Quality& q) { q.arguments.alpha = 1.5; });
  expect({"quality.offset"}, [](Answer&, Quality& q) { q.arguments.offset = -1; });
  expect({"quality.factor", "1e+09"}, [](Answer&, Quality& q) { q.arguments.factor = 1.1e9; });
  expect({"quality.offset and quality.factor", "sum to 1e+38"}, [](Answer& a, Quality& q) {
    encode(CD_F32, 1e38, a.sets[0]->weights.data());
    q.arguments.factor = 2;
  });
  expect({"row_set_count: expected at least 2 with a quality, got 1"},
         [](Answer& a, Quality&) { a.arguments.resize(1); });
  expect({"row_sets[1].rows: expected 4", "got 3"},
         [](Answer& a, Quality&) { a.arguments[1].rows = 3; });
  expect({"quality.statistics", "null"},
         [](Answer&, Quality& q) { q.arguments.statistics = nullptr; });
  expect({"quality.weights", "null"}, [](Answer&, Quality& q) { q.arguments.weights = nullptr; });
  expect({"quality.weights", "overlaps row_sets[0].weights"},
         [](Answer& a, Quality& q) { q.arguments.weights = a.sets[0]->weights.data(); });
  expect({"quality.weights", "overlaps quality.statistics"},
         [](Answer&, Quality& q) { q.arguments.weights = q.arguments.statistics; });
  expect({"statistics[4]", "a batch before"}, [](Answer&, Quality& q) { q.arguments.update = 0; });
  expect({"statistics[4]", "0 or 1"}, [](Answer&, Quality& q) { q.arguments.statistics[4] = 3; });
  for (size_t side = 0; side < 2; ++side) {
    for (int row : {1, 2}) {  // one that counts for nothing, and one that does
      const std::string name = "row_sets[" + std::to_string(side) + "].embeddings: row " +
                               std::to_string(row) + ": expected a finite quality";
      expect({name.c_str()}, [&](Answer& a, Quality&) {
        encode(CD_F32, HUGE_VAL,
               static_cast<float*>(a.sets[side]->embeddings.data()) +
                   row * a.sets[side]->embeddings.stride());
      });
    }
  }
}

}  // namespace
