#include <algorithm>

#include "core/parallel.h"
#include "reference.h"
#include "regimes.h"
#include "test_arrays.h"

namespace {

using Values = std::vector<double>;

constexpr int32_t kDistances[] = {CD_DISTANCE_NORMALIZED, CD_DISTANCE_SQUARED_NORMALIZED,
                                  CD_DISTANCE_COSINE, CD_DISTANCE_EUCLIDEAN, CD_DISTANCE_SQUARED};

struct Case {
  int32_t dtype = CD_F64;
  int64_t rows = 0;
  int64_t dim = 0;
  Values student, teacher, weights;
  int32_t distance = CD_DISTANCE_NORMALIZED;
  double margin = 0;
  int32_t reduction = CD_MEAN;
  double grad_scale = 1;
  int64_t extra_stride = 0;
  int32_t threads = 0;
};

struct Answer {
  TestMatrix loss, rows, distances, grad_student, grad_teacher, grad_weights;

  explicit Answer(const Case& c)
      : loss(accumulator_of(c.dtype), 1, 1),
        rows(accumulator_of(c.dtype), c.rows, 1),
        distances(accumulator_of(c.dtype), c.rows, 1),
        grad_student(c.dtype, c.rows, c.dim, c.extra_stride),
        grad_teacher(c.dtype, c.rows, c.dim, 2 * c.extra_stride),
        grad_weights(accumulator_of(c.dtype), c.rows, 1) {}

  bool intact() {
    return loss.intact() && rows.intact() && distances.intact() && grad_student.intact() &&
           grad_teacher.intact() && grad_weights.intact();
  }

  bool untouched() const {
    return loss.untouched() && rows.untouched() && distances.untouched() &&
           grad_student.untouched() && grad_teacher.untouched() && grad_weights.untouched();
  }
};

int32_t call(const Case& c, Answer& a) {
  TestMatrix student(c.dtype, c.rows, c.dim, c.student, 3 * c.extra_stride);
  TestMatrix teacher(c.dtype, c.rows, c.dim, c.teacher, c.extra_stride);
  TestMatrix weights(accumulator_of(c.dtype), c.rows, 1, c.weights);
  return cd_feature_margin(c.dtype, c.rows, c.dim, student.data(), student.stride(), teacher.data(),
                           teacher.stride(), weights.data(), c.distance, c.margin, c.reduction,
                           c.grad_scale, a.loss.data(), a.rows.data(), a.distances.data(),
                           a.grad_student.data(), a.grad_student.stride(), a.grad_teacher.data(),
                           a.grad_teacher.stride(), a.grad_weights.data(), c.threads);
}

Case random_case(uint64_t seed, int32_t dtype, int64_t rows, int64_t dim, int32_t distance) {
  Random random(seed);
  Case c;
  c.dtype = dtype;
  c.rows = rows;
  c.dim = dim;
  c.student = random.array(dtype, rows * dim);
  c.teacher = random.array(dtype, rows * dim);
  c.weights = random.weights(rows);
  c.distance = distance;
  return c;
}

reference::FeatureMargin expected(const Case& c) {
  const auto function = c.dtype == CD_F64 ? reference::feature_margin<long double>
                                          : reference::feature_margin<double>;
  return function(c.student, c.teacher, c.weights, c.rows, c.dim, c.distance, c.margin, c.reduction,
                  c.grad_scale);
}

void expect_near(const Case& c) {
  const std::string what = std::string(dtype_name(c.dtype)) + " B " + std::to_string(c.rows) +
                           " D " + std::to_string(c.dim) + " distance " +
                           std::to_string(c.distance) + " margin " + std::to_string(c.margin);
  SCOPED_TRACE(what);
  Answer a(c);
  ASSERT_EQ(call(c, a), CD_OK) << cd_last_error();
  const reference::FeatureMargin e = expected(c);
  const double scalar = tolerance_of(c.dtype), gradient = rounding_of(c.dtype);
  EXPECT_LE(error_of(a.loss.values(), {e.loss}), scalar);
  EXPECT_LE(error_of(a.rows.values(), e.rows), scalar);
  EXPECT_LE(error_of(a.distances.values(), e.distances), scalar);
  EXPECT_LE(error_of(a.grad_student.values(), e.grad_student), gradient);
  EXPECT_LE(error_of(a.grad_teacher.values(), e.grad_teacher), gradient);
  EXPECT_LE(error_of(a.grad_weights.values(), e.grad_weights), scalar);
  EXPECT_TRUE(a.intact());
}

// A margin in the widest gap of the distances' middle half, so that no row is on the edge.
double middle_margin(const Case& c) {
  Values d = expected(c).distances;
  if (d.size() < 2) return 0;
  std::sort(d.begin(), d.end());
  size_t best = d.size() / 2;
  for (size_t i = d.size() / 4 + 1; i <= d.size() * 3 / 4; ++i) {
    if (d[i] - d[i - 1] > d[best] - d[best - 1]) best = i;
  }
  // Cosines of single numbers are 1 or -1, and the largest distance is no margin.
  return std::min((d[best] + d[best - 1]) / 2, 1.75);
}

void expect_near_at_all_margins(Case c) {
  expect_near(c);
  c.margin = middle_margin(c);
  expect_near(c);
}

TEST(FeatureMargin, AgreesWithTheReferenceAtEverySize) {
  uint64_t seed = 1;
  for (int32_t dtype : kDtypes) {
    for (int32_t distance : kDistances) {
      for (int64_t size : kRegimes) {
        for (int64_t other : {1, 7}) {
          Case c = random_case(++seed, dtype, size, other == 1 ? 3 : 33, distance);
          c.reduction = static_cast<int32_t>(seed % 3);
          c.grad_scale = 0.75;
          c.extra_stride = size % 5;
          expect_near_at_all_margins(c);
          c = random_case(++seed, dtype, other, size, distance);
          c.reduction = static_cast<int32_t>(seed % 3);
          c.grad_scale = -2;
          c.extra_stride = size % 3;
          expect_near_at_all_margins(c);
        }
      }
    }
  }
}

TEST(FeatureMargin, GradientsAreTheDerivativesOfTheLoss) {
  for (int32_t distance : kDistances) {
    for (int32_t reduction : {CD_MEAN, CD_WEIGHTED_MEAN, CD_SUM}) {
      Case c = random_case(77, CD_F64, 5, 7, distance);
      c.reduction = reduction;
      c.margin = middle_margin(c);
      for (double& w : c.weights) w += 0.25;
      Answer a(c);
      ASSERT_EQ(call(c, a), CD_OK);
      const auto slope = [&](Values Case::*array, size_t i) {
        const double step = 1e-6;
        Case up = c, down = c;
        (up.*array)[i] += step;
        (down.*array)[i] -= step;
        Answer above(up), below(down);
        EXPECT_EQ(call(up, above) + call(down, below), CD_OK);
        return (above.loss.value(0) - below.loss.value(0)) / (2 * step);
      };
      for (int64_t i = 0; i < c.rows; ++i) {
        EXPECT_NEAR(a.grad_weights.value(i), slope(&Case::weights, static_cast<size_t>(i)), 1e-7);
        for (int64_t d = 0; d < c.dim; ++d) {
          const size_t k = static_cast<size_t>(i * c.dim + d);
          EXPECT_NEAR(a.grad_student.value(i, d), slope(&Case::student, k), 1e-7);
          EXPECT_NEAR(a.grad_teacher.value(i, d), slope(&Case::teacher, k), 1e-7);
        }
      }
    }
  }
}

TEST(FeatureMargin, NearlyParallelRowsKeepTheirDigits) {
  for (int32_t dtype : {CD_F64, CD_F32}) {
    for (int32_t distance : kDistances) {
      for (double step : {1e-1, 1e-3, 1e-5}) {
        if (dtype == CD_F64 && step < 1e-3) continue;  // no wider type to go to
        for (double direction : {1.0, -1.0}) {
          Case c = random_case(5, dtype, 4, 257, distance);
          Random random(6);
          for (size_t i = 0; i < c.teacher.size(); ++i) {
            c.teacher[i] = rounded(dtype, direction * (c.student[i] + step * random.normal()));
          }
          expect_near(c);
        }
      }
    }
  }
}

TEST(FeatureMargin, RowsThatAreParallelHaveDistanceAndGradientZero) {
  for (int32_t dtype : kDtypes) {
    for (double factor : {1.0, 2.0, 0.125, 3.0}) {
      if (dtype == CD_F64 && factor == 3) continue;  // 3 x is rounded there
      for (int32_t distance : {CD_DISTANCE_NORMALIZED, CD_DISTANCE_EUCLIDEAN}) {
        if (distance == CD_DISTANCE_EUCLIDEAN && factor != 1) continue;
        Case c = random_case(8, dtype, 3, 65, distance);
        for (size_t i = 0; i < c.teacher.size(); ++i) {
          c.student[i] = rounded(CD_BF16, std::ldexp(std::nearbyint(8 * c.student[i]), -3));
          c.teacher[i] = factor * c.student[i];
        }
        Answer a(c);
        ASSERT_EQ(call(c, a), CD_OK);
        const double allowed = factor == 3 ? 1e-13 : 0;
        for (double d : a.distances.values()) EXPECT_LE(d, allowed);
        EXPECT_EQ(a.grad_student.values(), Values(c.student.size(), 0));
        EXPECT_EQ(a.grad_teacher.values(), Values(c.student.size(), 0));
      }
    }
  }
}

TEST(FeatureMargin, ZeroRowsHaveGradientZeroAndAFixedDistance) {
  for (int32_t dtype : kDtypes) {
    for (int32_t distance : kDistances) {
      Case c = random_case(9, dtype, 3, 33, distance);
      for (size_t d = 0; d < 33; ++d) {
        c.student[d] = 0;                           // row 0: student zero
        c.teacher[33 + d] = 0;                      // row 1: teacher zero
        c.student[66 + d] = c.teacher[66 + d] = 0;  // row 2: both
      }
      expect_near(c);
    }
  }
}

TEST(FeatureMargin, NonFiniteRowsMakeTheLossNonFinite) {
  for (int32_t dtype : kDtypes) {
    for (int32_t distance : kDistances) {
      for (double poison : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
        for (bool zero_other : {false, true}) {
          Case c = random_case(10, dtype, 3, 9, distance);
          c.weights = {1, 1, 1};
          c.student[9 + 4] = poison;
          for (size_t d = 9; zero_other && d < 18; ++d) c.teacher[d] = 0;
          Answer a(c);
          ASSERT_EQ(call(c, a), CD_OK);
          EXPECT_FALSE(std::isfinite(a.loss.value(0)));
          EXPECT_FALSE(std::isfinite(a.rows.value(1)));
          EXPECT_TRUE(std::isfinite(a.rows.value(0)));
          EXPECT_TRUE(std::isfinite(a.grad_student.value(2, 0)));
        }
      }
    }
  }
}

TEST(FeatureMargin, LargeAndSmallNumbersNeitherOverflowNorUnderflow) {
  struct Scale {
    int32_t dtype;
    double student, teacher;
  };
  for (const Scale& s :
       {Scale{CD_F64, 1e300, 1e-6}, Scale{CD_F64, 1e160, 1e200}, Scale{CD_F32, 1e37, 1e-5},
        Scale{CD_F32, 1e22, 1e25}, Scale{CD_BF16, 1e30, 1e-5}, Scale{CD_F16, 6e3, 1e-3}}) {
    for (int32_t distance : {CD_DISTANCE_NORMALIZED, CD_DISTANCE_COSINE}) {
      Case c = random_case(11, s.dtype, 3, 17, distance);
      for (double& x : c.student) x = rounded(s.dtype, x * s.student);
      for (double& x : c.teacher) x = rounded(s.dtype, x * s.teacher);
      Answer a(c);
      ASSERT_EQ(call(c, a), CD_OK);
      const reference::FeatureMargin e = expected(c);
      EXPECT_LE(error_of(a.rows.values(), e.rows), tolerance_of(s.dtype));
      EXPECT_LE(error_of(a.grad_teacher.values(), e.grad_teacher), rounding_of(s.dtype));
    }
  }
  for (double scale : {1e-25, 1e25}) {
    Case c = random_case(12, CD_F32, 3, 17, CD_DISTANCE_EUCLIDEAN);
    for (Values* array : {&c.student, &c.teacher}) {
      for (double& x : *array) x = rounded(CD_F32, x * scale);
    }
    Answer a(c);
    ASSERT_EQ(call(c, a), CD_OK);
    const reference::FeatureMargin e = expected(c);
    for (int64_t i = 0; i < 3; ++i) {
      const double d = e.distances[static_cast<size_t>(i)];
      EXPECT_NEAR(a.distances.value(i) / d, 1, 1e-6);
    }
    EXPECT_LE(error_of(a.grad_student.values(), e.grad_student), 2e-6);
  }
}

TEST(FeatureMargin, NothingToAverageGivesZero) {
  for (int32_t dtype : kDtypes) {
    for (int32_t reduction : {CD_MEAN, CD_WEIGHTED_MEAN, CD_SUM}) {
      Case c = random_case(13, dtype, 4, 5, CD_DISTANCE_NORMALIZED);
      c.reduction = reduction;
      c.weights.assign(4, 0);
      Answer a(c);
      ASSERT_EQ(call(c, a), CD_OK);
      EXPECT_EQ(a.loss.value(0), 0);
      EXPECT_EQ(a.grad_student.values(), Values(20, 0));
      EXPECT_EQ(a.grad_teacher.values(), Values(20, 0));
      if (reduction == CD_WEIGHTED_MEAN) {
        EXPECT_EQ(a.grad_weights.values(), Values(4, 0));
      }
      double loss = -1;
      EXPECT_EQ(cd_feature_margin(dtype, 0, 5, nullptr, 5, nullptr, 5, nullptr, 0, 0, reduction, 1,
                                  &loss, nullptr, nullptr, nullptr, 5, nullptr, 5, nullptr, 0),
                CD_OK);
      EXPECT_EQ(decode(accumulator_of(dtype), &loss), 0);
    }
  }
}

TEST(FeatureMargin, NullOutputsChangeNoOther) {
  const Case c = random_case(14, CD_F32, 33, 65, CD_DISTANCE_NORMALIZED);
  Answer full(c);
  ASSERT_EQ(call(c, full), CD_OK);
  TestMatrix student(c.dtype, c.rows, c.dim, c.student), teacher(c.dtype, c.rows, c.dim, c.teacher);
  TestMatrix weights(CD_F32, c.rows, 1, c.weights), loss(CD_F32, 1, 1), again(CD_F32, 1, 1);
  TestMatrix grad(CD_F32, c.rows, c.dim);
  ASSERT_EQ(cd_feature_margin(c.dtype, c.rows, c.dim, student.data(), c.dim, teacher.data(), c.dim,
                              weights.data(), c.distance, 0, CD_MEAN, 1, loss.data(), nullptr,
                              nullptr, nullptr, c.dim, nullptr, c.dim, nullptr, 0),
            CD_OK);
  ASSERT_EQ(cd_feature_margin(c.dtype, c.rows, c.dim, student.data(), c.dim, teacher.data(), c.dim,
                              weights.data(), c.distance, 0, CD_MEAN, 1, again.data(), nullptr,
                              nullptr, nullptr, c.dim, grad.data(), c.dim, nullptr, 0),
            CD_OK);
  EXPECT_EQ(loss.values(), full.loss.values());
  EXPECT_EQ(again.values(), full.loss.values());
  EXPECT_EQ(grad.values(), full.grad_teacher.values());
}

bool same_bits(Answer& a, Answer& b) {
  return a.loss.bits() == b.loss.bits() && a.rows.bits() == b.rows.bits() &&
         a.distances.bits() == b.distances.bits() &&
         a.grad_student.bits() == b.grad_student.bits() &&
         a.grad_teacher.bits() == b.grad_teacher.bits() &&
         a.grad_weights.bits() == b.grad_weights.bits();
}

TEST(FeatureMargin, ThreadsAndRepetitionsChangeNoBit) {
  for (int32_t dtype : kDtypes) {
    Case c = random_case(15, dtype, 600, 129, CD_DISTANCE_NORMALIZED);
    c.reduction = CD_WEIGHTED_MEAN;
    c.threads = 1;
    Answer one(c);
    ASSERT_EQ(call(c, one), CD_OK);
    const int repetitions = dtype == CD_F32 ? 25 : 2;
    for (int repetition = 0; repetition < repetitions; ++repetition) {
      for (int32_t threads : {0, 1, 2, 5}) {
        c.threads = threads;
        Answer other(c);
        ASSERT_EQ(call(c, other), CD_OK);
        ASSERT_TRUE(same_bits(one, other)) << threads << " threads";
      }
    }
  }
}

// Large results are stored past the caches; each row must come out as in a small call.
TEST(FeatureMargin, ALargeCallHasTheBitsOfItsParts) {
  for (int64_t dim : {256, 257}) {
    const int64_t rows = cd::streaming_bytes() / (4 * 4 * dim) + 100;
    std::vector<float> s(static_cast<size_t>(rows * dim)), t(s.size()), gs(s.size()), gt(s.size());
    std::vector<float> part_s(s.size()), part_t(s.size());
    Random random(16);
    for (size_t i = 0; i < s.size(); ++i) {
      s[i] = static_cast<float>(random.below(2001) - 1000);
      t[i] = static_cast<float>(random.below(2001) - 1000);
    }
    const auto run = [&](int64_t first, int64_t count, float* a, float* b) {
      float loss = 0;
      const int64_t k = first * dim;
      return cd_feature_margin(CD_F32, count, dim, &s[static_cast<size_t>(k)], dim,
                               &t[static_cast<size_t>(k)], dim, nullptr, CD_DISTANCE_NORMALIZED,
                               1.3, CD_SUM, 1, &loss, nullptr, nullptr, a + k, dim, b + k, dim,
                               nullptr, 0);
    };
    ASSERT_EQ(run(0, rows, gs.data(), gt.data()), CD_OK);
    for (int64_t first = 0; first < rows; first += 512) {
      ASSERT_EQ(run(first, std::min<int64_t>(512, rows - first), part_s.data(), part_t.data()),
                CD_OK);
    }
    EXPECT_EQ(gs, part_s);
    EXPECT_EQ(gt, part_t);
  }
}

TEST(FeatureMargin, RejectsBadArgumentsAndWritesNothing) {
  const Case good = random_case(17, CD_F32, 3, 5, CD_DISTANCE_NORMALIZED);
  const auto expect = [&](const char* part, const auto& change) {
    SCOPED_TRACE(part);
    Case c = good;
    change(c);
    Answer a(good);
    expect_rejected(call(c, a), {part});
    EXPECT_TRUE(a.untouched());
  };
  expect("dtype: expected one of 0 to 3, got 4", [](Case& c) { c.dtype = 4; });
  expect("distance: expected one of 0 to 4, got -1", [](Case& c) { c.distance = -1; });
  expect("reduction: expected one of 0 to 2, got 3", [](Case& c) { c.reduction = 3; });
  expect("threads: expected at least 0, got -2", [](Case& c) { c.threads = -2; });
  expect("grad_scale", [](Case& c) { c.grad_scale = HUGE_VAL; });
  expect("weights: row 1: expected a finite weight", [](Case& c) { c.weights[1] = -0.5; });
  expect("weights: row 2", [](Case& c) { c.weights[2] = std::nan(""); });
  for (double margin : {-0.1, 2.0, HUGE_VAL, std::nan("")}) {
    expect("margin", [&](Case& c) { c.margin = margin; });
  }
  expect("below 4", [](Case& c) {
    c.distance = CD_DISTANCE_SQUARED_NORMALIZED;
    c.margin = 4;
  });

  TestMatrix s(CD_F32, 3, 5, good.student), t(CD_F32, 3, 5, good.teacher);
  TestMatrix loss(CD_F32, 1, 1), rows(CD_F32, 3, 1), grad(CD_F32, 3, 5);
  const auto raw = [&](int64_t b, int64_t d, void* student, int64_t stride, void* teacher,
                       void* loss_out, void* rows_out, void* grad_out, int64_t grad_stride) {
    return cd_feature_margin(CD_F32, b, d, student, stride, teacher, 5, nullptr, 0, 0, 0, 1,
                             loss_out, rows_out, nullptr, grad_out, grad_stride, nullptr, 5,
                             nullptr, 0);
  };
  char* odd = static_cast<char*>(s.data()) + 1;
  const int64_t huge = INT64_MAX / 4;
  expect_rejected(raw(-1, 5, s.data(), 5, t.data(), loss.data(), nullptr, nullptr, 5),
                  {"rows: expected at least 0, got -1"});
  expect_rejected(raw(int64_t{1} << 62, 0, nullptr, 0, nullptr, loss.data(), nullptr, nullptr, 0),
                  {"rows: expected at most 2^34"});
  expect_rejected(raw(3, -5, s.data(), 5, t.data(), loss.data(), nullptr, nullptr, 5),
                  {"dim", "-5"});
  expect_rejected(raw(3, 5, s.data(), 4, t.data(), loss.data(), nullptr, nullptr, 5),
                  {"student", "stride", "at least 5", "got 4"});
  expect_rejected(raw(3, 5, s.data(), huge, t.data(), loss.data(), nullptr, nullptr, 5),
                  {"student", "64 bits"});
  expect_rejected(raw(3, 5, odd, 5, t.data(), loss.data(), nullptr, nullptr, 5),
                  {"student", "multiple of 4"});
  expect_rejected(raw(3, 5, nullptr, 5, t.data(), loss.data(), nullptr, nullptr, 5),
                  {"student", "got null"});
  expect_rejected(raw(3, 5, s.data(), 5, t.data(), nullptr, nullptr, nullptr, 5), {"loss", "null"});
  expect_rejected(raw(3, 5, s.data(), 5, t.data(), loss.data(), nullptr, grad.data(), 3),
                  {"grad_student", "stride"});
  expect_rejected(raw(3, 5, s.data(), 5, t.data(), loss.data(), nullptr, s.data(), 5),
                  {"grad_student", "overlaps student"});
  expect_rejected(raw(3, 5, s.data(), 5, t.data(), loss.data(), loss.data(), nullptr, 5),
                  {"row_losses", "overlaps loss"});
  EXPECT_TRUE(loss.untouched() && rows.untouched() && grad.untouched());
}

TEST(FeatureMargin, OutputsMayBeColumnsOfOneMatrix) {
  const Case c = random_case(18, CD_F32, 7, 5, CD_DISTANCE_NORMALIZED);
  Answer separate(c);
  ASSERT_EQ(call(c, separate), CD_OK);
  std::vector<float> both(7 * 10), inputs(7 * 10);
  for (size_t i = 0; i < 7; ++i) {
    for (size_t d = 0; d < 5; ++d) {
      inputs[i * 10 + d] = static_cast<float>(c.student[i * 5 + d]);
      inputs[i * 10 + 5 + d] = static_cast<float>(c.teacher[i * 5 + d]);
    }
  }
  TestMatrix weights(CD_F32, 7, 1, c.weights), loss(CD_F32, 1, 1);
  ASSERT_EQ(cd_feature_margin(CD_F32, 7, 5, inputs.data(), 10, inputs.data() + 5, 10,
                              weights.data(), c.distance, 0, CD_MEAN, 1, loss.data(), nullptr,
                              nullptr, both.data(), 10, both.data() + 5, 10, nullptr, 0),
            CD_OK)
      << cd_last_error();
  for (int64_t i = 0; i < 7; ++i) {
    for (int64_t d = 0; d < 5; ++d) {
      const float* row = both.data() + i * 10;
      EXPECT_EQ(static_cast<double>(row[d]), separate.grad_student.value(i, d));
      EXPECT_EQ(static_cast<double>(row[5 + d]), separate.grad_teacher.value(i, d));
    }
  }
}

}  // namespace
