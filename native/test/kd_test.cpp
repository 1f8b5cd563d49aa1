#include "reference_logits.h"
#include "regimes.h"
#include "test_arrays.h"

namespace {

using Values = std::vector<double>;
using Labels = std::vector<int64_t>;

constexpr int32_t kTargets[] = {CD_TARGET_KEPT, CD_TARGET_ZERO, CD_TARGET_EXCLUDED};

struct Case {
  int32_t dtype = CD_F64;
  int64_t rows = 0;
  int64_t classes = 0;
  Values student, teacher, weights;
  Labels labels;
  reference::KdOptions options;
  int64_t extra_stride = 0;
  int32_t threads = 0;
};

struct Answer {
  TestMatrix loss, rows, grad_student, grad_teacher, grad_weights;

  explicit Answer(const Case& c)
      : loss(accumulator_of(c.dtype), 1, 1),
        rows(accumulator_of(c.dtype), c.rows, 1),
        grad_student(c.dtype, c.rows, c.classes, c.extra_stride),
        grad_teacher(c.dtype, c.rows, c.classes, 2 * c.extra_stride),
        grad_weights(accumulator_of(c.dtype), c.rows, 1) {}

  bool intact() {
    return loss.intact() && rows.intact() && grad_student.intact() && grad_teacher.intact() &&
           grad_weights.intact();
  }
  bool untouched() const {
    return loss.untouched() && rows.untouched() && grad_student.untouched() &&
           grad_teacher.untouched() && grad_weights.untouched();
  }
  std::vector<std::vector<unsigned char>> bits() {
    return {loss.bits(), rows.bits(), grad_student.bits(), grad_teacher.bits(),
            grad_weights.bits()};
  }
};

int32_t call(const Case& c, Answer& a) {
  TestMatrix student(c.dtype, c.rows, c.classes, c.student, 3 * c.extra_stride);
  TestMatrix teacher(c.dtype, c.rows, c.classes, c.teacher, c.extra_stride);
  TestMatrix weights(accumulator_of(c.dtype), c.rows, 1, c.weights);
  return cd_kd(c.dtype, c.rows, c.classes, student.data(), student.stride(), teacher.data(),
               teacher.stride(), c.labels.data(), weights.data(), c.options.target,
               c.options.temperature, c.options.reduction, c.options.grad_scale, a.loss.data(),
               a.rows.data(), a.grad_student.data(), a.grad_student.stride(), a.grad_teacher.data(),
               a.grad_teacher.stride(), a.grad_weights.data(), c.threads);
}

Case random_case(uint64_t seed, int32_t dtype, int64_t rows, int64_t classes, int32_t target,
                 double spread = 3) {
  Random random(seed);
  Case c;
  c.dtype = dtype;
  c.rows = rows;
  c.classes = classes;
  c.student = random.array(dtype, rows * classes, spread);
  c.teacher = random.array(dtype, rows * classes, spread);
  c.weights = random.weights(rows);
  for (int64_t i = 0; i < rows; ++i) {
    c.labels.push_back(random.below(classes));
    if (random.below(6) == 0) c.labels.back() = CD_IGNORE_LABEL;
  }
  c.options.target = target;
  c.options.reduction = static_cast<int32_t>(seed % 3);
  c.options.temperature = seed % 2 == 0 ? 4 : 0.7;
  c.options.grad_scale = seed % 5 == 0 ? -2 : 0.75;
  return c;
}

reference::Kd expected(const Case& c) {
  const auto function = c.dtype == CD_F64 ? reference::kd<long double> : reference::kd<double>;
  return function(c.student, c.teacher, c.labels, c.weights, c.rows, c.classes, c.options);
}

void expect_near(const Case& c) {
  SCOPED_TRACE(std::string(dtype_name(c.dtype)) + " B " + std::to_string(c.rows) + " C " +
               std::to_string(c.classes) + " target " + std::to_string(c.options.target));
  Answer a(c);
  ASSERT_EQ(call(c, a), CD_OK) << cd_last_error();
  const reference::Kd e = expected(c);
  const double scalar = tolerance_of(c.dtype), gradient = rounding_of(c.dtype);
  EXPECT_LE(error_of(a.loss.values(), {e.loss}), scalar);
  EXPECT_LE(error_of(a.rows.values(), e.rows), scalar);
  EXPECT_LE(error_of(a.grad_student.values(), e.grad_student), gradient);
  EXPECT_LE(error_of(a.grad_teacher.values(), e.grad_teacher), gradient);
  EXPECT_LE(error_of(a.grad_weights.values(), e.grad_weights), scalar);
  EXPECT_TRUE(a.intact());
}

TEST(Kd, AgreesWithTheReferenceAtEverySize) {
  uint64_t seed = 1;
  for (int32_t dtype : kDtypes) {
    for (int32_t target : kTargets) {
      for (int64_t size : kRegimes) {
        Case c = random_case(++seed, dtype, size, 33, target);
        c.extra_stride = size % 5;
        expect_near(c);
        if (size == 0) continue;
        c = random_case(++seed, dtype, 7, size, target);
        c.extra_stride = size % 3;
        expect_near(c);
      }
    }
  }
}

TEST(Kd, AgreesWithTheReferenceOnPeakedLogits) {
  for (int32_t dtype : kDtypes) {
    for (int32_t target : kTargets) {
      Case c = random_case(3, dtype, 9, 129, target, 60);
      c.options.temperature = 1;
      expect_near(c);
    }
  }
}

TEST(Kd, GradientsAreTheDerivativesOfTheLoss) {
  for (int32_t target : kTargets) {
    for (int32_t reduction : {CD_MEAN, CD_WEIGHTED_MEAN, CD_SUM}) {
      Case c = random_case(77, CD_F64, 5, 7, target);
      c.options.reduction = reduction;
      c.options.grad_scale = 1;
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
        for (int64_t j = 0; j < c.classes; ++j) {
          const size_t k = static_cast<size_t>(i * c.classes + j);
          EXPECT_NEAR(a.grad_student.value(i, j), slope(&Case::student, k), 1e-7);
          EXPECT_NEAR(a.grad_teacher.value(i, j), slope(&Case::teacher, k), 1e-7);
        }
      }
    }
  }
}

TEST(Kd, EqualRowsHaveLossAndGradientsZero) {
  for (int32_t dtype : kDtypes) {
    for (int32_t target : kTargets) {
      Case c = random_case(8, dtype, 3, 65, target, 20);
      c.teacher = c.student;
      Answer a(c);
      ASSERT_EQ(call(c, a), CD_OK);
      EXPECT_EQ(a.rows.values(), Values(3, 0));
      EXPECT_EQ(a.grad_student.values(), Values(3 * 65, 0));
      EXPECT_EQ(a.grad_teacher.values(), Values(3 * 65, 0));
    }
  }
}

TEST(Kd, LogitsOfTenThousandNeitherOverflowNorUnderflow) {
  for (int32_t dtype : kDtypes) {
    for (int32_t target : kTargets) {
      Case c = random_case(4, dtype, 2, 9, target);
      c.weights = {1, 1};
      c.labels = {0, 8};
      c.options.temperature = 1;
      for (size_t k = 0; k < 18; ++k) {
        c.student[k] = rounded(dtype, k % 2 == 0 ? 1e4 : -1e4);
        c.teacher[k] = rounded(dtype, k % 3 == 0 ? 1e4 : -1e4);
      }
      expect_near(c);
    }
  }
}

TEST(Kd, OneClassHasLossZero) {
  for (int32_t target : kTargets) expect_near(random_case(6, CD_F32, 3, 1, target));
}

TEST(Kd, NonFiniteLogitsMakeTheLossNonFinite) {
  for (int32_t dtype : kDtypes) {
    for (double poison : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
      for (Values Case::*array : {&Case::student, &Case::teacher}) {
        for (size_t at : {9u, 13u, 17u}) {
          Case c = random_case(10, dtype, 3, 9, CD_TARGET_KEPT);
          c.weights = {1, 1, 1};
          c.labels = {0, 1, 2};
          (c.*array)[at] = poison;
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

TEST(Kd, NullArgumentsChangeNothingElse) {
  Case c = random_case(14, CD_F32, 9, 65, CD_TARGET_KEPT);
  for (size_t i = 0; i < 9; ++i) {
    c.weights[i] = 1;
    c.labels[i] = 3;
  }
  Answer full(c);
  ASSERT_EQ(call(c, full), CD_OK);
  TestMatrix s(c.dtype, 9, 65, c.student), t(c.dtype, 9, 65, c.teacher), loss(CD_F32, 1, 1);
  TestMatrix grad(CD_F32, 9, 65);
  ASSERT_EQ(cd_kd(c.dtype, 9, 65, s.data(), 65, t.data(), 65, nullptr, nullptr, CD_TARGET_KEPT,
                  c.options.temperature, c.options.reduction, c.options.grad_scale, loss.data(),
                  nullptr, nullptr, 65, grad.data(), 65, nullptr, 0),
            CD_OK);
  EXPECT_EQ(loss.bits(), full.loss.bits());
  EXPECT_EQ(grad.bits(), full.grad_teacher.bits());
}

TEST(Kd, NothingToAverageGivesZero) {
  for (int32_t reduction : {CD_MEAN, CD_WEIGHTED_MEAN, CD_SUM}) {
    Case c = random_case(13, CD_F32, 4, 5, CD_TARGET_EXCLUDED);
    c.options.reduction = reduction;
    c.labels.assign(4, CD_IGNORE_LABEL);
    Answer a(c);
    ASSERT_EQ(call(c, a), CD_OK);
    EXPECT_EQ(a.loss.value(0), 0);
    EXPECT_EQ(a.grad_student.values(), Values(20, 0));
    EXPECT_EQ(a.grad_teacher.values(), Values(20, 0));
    float loss = -1;
    EXPECT_EQ(cd_kd(CD_F32, 0, 5, nullptr, 5, nullptr, 5, nullptr, nullptr, CD_TARGET_KEPT, 4,
                    reduction, 1, &loss, nullptr, nullptr, 5, nullptr, 5, nullptr, 0),
              CD_OK);
    EXPECT_EQ(loss, 0);
  }
}

TEST(Kd, ThreadsAndRepetitionsChangeNoBit) {
  for (int32_t dtype : kDtypes) {
    Case c = random_case(15, dtype, 600, 129, CD_TARGET_EXCLUDED);
    c.threads = 1;
    Answer one(c);
    ASSERT_EQ(call(c, one), CD_OK);
    for (int repetition = 0; repetition < (dtype == CD_F32 ? 25 : 2); ++repetition) {
      for (int32_t threads : {0, 1, 2, 5}) {
        c.threads = threads;
        Answer other(c);
        ASSERT_EQ(call(c, other), CD_OK);
        ASSERT_EQ(one.bits(), other.bits()) << threads << " threads";
      }
    }
  }
}

TEST(Kd, RejectsBadArgumentsAndWritesNothing) {
  const Case good = random_case(17, CD_F32, 3, 5, CD_TARGET_EXCLUDED);
  const auto expect = [&](const char* part, const auto& change) {
    SCOPED_TRACE(part);
    Case c = good;
    change(c);
    Answer a(good);
    expect_rejected(call(c, a), {part});
    EXPECT_TRUE(a.untouched());
  };
  expect("dtype: expected one of 0 to 3, got 4", [](Case& c) { c.dtype = 4; });
  expect("target: expected one of 0 to 2, got 3", [](Case& c) { c.options.target = 3; });
  expect("reduction: expected one of 0 to 2, got -1", [](Case& c) { c.options.reduction = -1; });
  expect("threads: expected at least 0, got -2", [](Case& c) { c.threads = -2; });
  expect("grad_scale", [](Case& c) { c.options.grad_scale = HUGE_VAL; });
  expect("weights: row 1: expected a finite weight", [](Case& c) { c.weights[1] = -0.5; });
  expect("labels: row 2: expected a label from 0 to 4", [](Case& c) { c.labels[2] = 5; });
  expect("labels: row 0", [](Case& c) { c.labels[0] = -1; });
  for (double temperature : {0.0, -1.0, 9e-10, 1.1e9, HUGE_VAL, std::nan("")}) {
    expect("temperature: expected a finite number from 1e-09 to 1e+09",
           [&](Case& c) { c.options.temperature = temperature; });
  }
  TestMatrix s(CD_F32, 3, 5, good.student), t(CD_F32, 3, 5, good.teacher), loss(CD_F32, 1, 1);
  const auto raw = [&](int64_t rows, int64_t classes, void* student, int64_t stride, int32_t target,
                       void* grad) {
    return cd_kd(CD_F32, rows, classes, student, stride, t.data(), 5, nullptr, nullptr, target, 1,
                 0, 1, loss.data(), nullptr, grad, 5, nullptr, 5, nullptr, 0);
  };
  char* odd = static_cast<char*>(s.data()) + 1;
  expect_rejected(raw(-1, 5, s.data(), 5, 0, nullptr), {"rows", "-1"});
  expect_rejected(raw(3, 0, s.data(), 5, 0, nullptr), {"classes: expected at least 1, got 0"});
  expect_rejected(raw(3, 5, s.data(), 4, 0, nullptr), {"student", "stride", "got 4"});
  expect_rejected(raw(3, 5, s.data(), INT64_MAX / 4, 0, nullptr), {"student", "64 bits"});
  expect_rejected(raw(3, 5, odd, 5, 0, nullptr), {"student", "multiple of 4"});
  expect_rejected(raw(3, 5, nullptr, 5, 0, nullptr), {"student", "got null"});
  expect_rejected(raw(3, 5, s.data(), 5, CD_TARGET_ZERO, nullptr), {"labels", "got null"});
  expect_rejected(raw(3, 5, s.data(), 5, 0, s.data()), {"grad_student", "overlaps student"});
  EXPECT_TRUE(loss.untouched());
}

}  // namespace
