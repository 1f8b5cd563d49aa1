#include <utility>

#include "logit_case.h"
#include "regimes.h"

namespace {

using Values = std::vector<double>;
using Case = LogitCase<reference::NkdOptions>;
using Answer = LogitAnswer;

int32_t call(const Case& c, Answer& a) {
  auto [student, teacher, weights] = LogitInputs(c);
  return cd_nkd(c.dtype, c.rows, c.classes, student.data(), student.stride(), teacher.data(),
                teacher.stride(), c.labels.data(), weights.data(), c.options.gamma,
                c.options.temperature, c.options.reduction, c.options.grad_scale, a.loss.data(),
                a.rows.data(), a.grad_student.data(), a.grad_student.stride(),
                a.grad_teacher.data(), a.grad_teacher.stride(), a.grad_weights.data(), c.threads);
}

// Every third seed has the temperature 1, for which one softmax serves both terms.
Case random_case(uint64_t seed, int32_t dtype, int64_t rows, int64_t classes, double spread = 3) {
  Case c;
  c.fill(seed, dtype, rows, classes, spread);
  if (seed % 3 == 0) c.options.temperature = 1;
  return c;
}

// One row, label 0, summed.
Case one_row(int32_t dtype, const Values& student, const Values& teacher) {
  Case c;
  c.dtype = dtype;
  c.rows = 1;
  c.classes = static_cast<int64_t>(student.size());
  c.student = student;
  c.teacher = teacher;
  c.weights = {1};
  c.labels = {0};
  c.options.reduction = CD_SUM;
  return c;
}

void expect_near(const Case& c) {
  expect_reference(c, call,
                   c.dtype == CD_F64 ? reference::nkd<long double> : reference::nkd<double>);
}

TEST(Nkd, AgreesWithTheReferenceAtEverySize) { at_every_size(random_case, expect_near); }

TEST(Nkd, AgreesWithTheReferenceOnPeakedLogits) {
  for (int32_t dtype : kDtypes) {
    for (double temperature : {1.0, 2.0}) {
      Case c = random_case(4, dtype, 9, 129, 60);
      c.options.temperature = temperature;
      expect_near(c);
    }
  }
}

TEST(Nkd, GradientsAreTheDerivativesOfTheLoss) {
  for (double temperature : {1.0, 4.0}) {
    for (int32_t reduction : {CD_MEAN, CD_WEIGHTED_MEAN, CD_SUM}) {
      Case c = random_case(77, CD_F64, 5, 7);
      c.options.temperature = temperature;
      c.options.reduction = reduction;
      expect_derivatives(c, call);
    }
  }
}

TEST(Nkd, LogitsOfTenThousandNeitherOverflowNorUnderflow) {
  for (int32_t dtype : kDtypes) {
    Case c = random_case(6, dtype, 2, 9);
    c.weights = {1, 1};
    c.labels = {0, 8};
    for (size_t k = 0; k < 18; ++k) {
      c.student[k] = rounded(dtype, k % 2 == 0 ? 1e4 : -1e4);
      c.teacher[k] = rounded(dtype, k % 3 == 0 ? 1e4 : -1e4);
    }
    expect_near(c);
  }
}

TEST(Nkd, AnyTemperatureIsFinite) {
  for (int32_t dtype : kDtypes) {
    for (double temperature : {1e-9, 1e9}) {
      Case c = random_case(9, dtype, 5, 33);
      c.options.temperature = temperature;
      Answer a(c);
      ASSERT_EQ(call(c, a), CD_OK);
      for (TestMatrix* array : {&a.rows, &a.grad_student, &a.grad_teacher}) {
        const bool half = dtype == CD_F16 && array != &a.rows;  // gamma T is beyond its range
        for (double x : array->values()) EXPECT_TRUE(std::isfinite(x) || half);
      }
      if (temperature < 1) expect_near(c);
    }
  }
}

// Where the label is all but certain, 1 - p_y is e^-50 or e^-45: its digits count, in the student's
// gradient as in the teacher's.
TEST(Nkd, TheTargetTermKeepsItsDigitsWhereTheLabelIsCertain) {
  Case c = one_row(CD_F64, {45, 0, 0}, {50, 0, 0});
  c.options.gamma = 0;
  Answer a(c);
  ASSERT_EQ(call(c, a), CD_OK);
  const auto rare = [](long double u) { return 1 / (1 + std::exp(u)); };
  const long double not_p = rare(50 - std::log(2.0L)), not_q = rare(45 - std::log(2.0L));
  const long double log_q = std::log1p(-not_q), p = 1 - not_p;
  const auto near = [](double answer, long double expected) {
    EXPECT_NE(expected, 0);
    EXPECT_NEAR(answer / static_cast<double>(expected), 1, 1e-13);
  };
  near(a.rows.value(0), -p * log_q);
  near(a.grad_student.value(0, 0), -p * not_q);
  near(a.grad_student.value(0, 2), p * not_q / 2);
  near(a.grad_teacher.value(0, 0), -log_q * p * not_p);
  near(a.grad_teacher.value(0, 1), log_q * p * not_p / 2);
}

// log q_y = -1e4, which q_y itself does not tell.
TEST(Nkd, AnUnlikelyLabelHasItsWholeLogarithm) {
  Case c = one_row(CD_F32, {-1e4, 0, -2e4}, {5, 0, 0});
  c.options.gamma = 0;
  Answer a(c);
  ASSERT_EQ(call(c, a), CD_OK);
  const double p = 1 / (1 + 2 * std::exp(-5.0));
  EXPECT_NEAR(a.rows.value(0) / (1e4 * p), 1, 1e-6);
  EXPECT_NEAR(a.grad_student.value(0, 0), -p, 1e-6);
  EXPECT_NEAR(a.grad_teacher.value(0, 0) / (1e4 * p * (1 - p)), 1, 1e-6);
}

TEST(Nkd, TwoClassesLeaveTheTargetTermAlone) {
  Case c = random_case(21, CD_F64, 9, 2), without = c;
  without.options.gamma = 0;
  Answer a(c), target(without);
  ASSERT_EQ(call(c, a), CD_OK);
  ASSERT_EQ(call(without, target), CD_OK);
  EXPECT_LE(error_of(a.rows.values(), target.rows.values()), 1e-14);
  EXPECT_LE(error_of(a.grad_student.values(), target.grad_student.values()), 1e-14);
  EXPECT_LE(error_of(a.grad_teacher.values(), target.grad_teacher.values()), 1e-14);
}

TEST(Nkd, NonFiniteLogitsMakeTheLossNonFinite) {
  for (int32_t dtype : kDtypes) {
    for (double poison : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
      for (Values Case::*array : {&Case::student, &Case::teacher}) {
        for (size_t at : {9u, 13u, 17u}) {  // 13: the label's logit
          for (double temperature : {1.0, 4.0}) {
            Case c = random_case(10, dtype, 3, 9);
            c.options.temperature = temperature;
            c.weights = {1, 1, 1};
            c.labels = {0, 4, 2};
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
}

TEST(Nkd, NullArgumentsChangeNothingElse) {
  Case c = random_case(15, CD_F32, 9, 65);
  c.weights.assign(9, 1);
  Answer full(c);
  ASSERT_EQ(call(c, full), CD_OK);
  auto [s, t, unused] = LogitInputs(c);
  TestMatrix loss(CD_F32, 1, 1), grad(CD_F32, 9, 65);
  ASSERT_EQ(
      cd_nkd(c.dtype, 9, 65, s.data(), 65, t.data(), 65, c.labels.data(), nullptr, c.options.gamma,
             c.options.temperature, c.options.reduction, c.options.grad_scale, loss.data(), nullptr,
             nullptr, 65, grad.data(), 65, nullptr, 0),
      CD_OK);
  EXPECT_EQ(loss.bits(), full.loss.bits());
  EXPECT_EQ(grad.bits(), full.grad_teacher.bits());
}

TEST(Nkd, NothingToAverageGivesZero) {
  for (int64_t rows : {0, 4}) expect_nothing_to_average(random_case(13, CD_F32, rows, 5), call);
}

TEST(Nkd, ThreadsAndRepetitionsChangeNoBit) {
  for (int32_t dtype : kDtypes) {
    expect_same_bits(random_case(15, dtype, 600, 129), call, 2);
    expect_same_bits(random_case(16, dtype, 600, 129), call, 2);
  }
}

TEST(Nkd, RejectsBadArgumentsAndWritesNothing) {
  const Case good = random_case(17, CD_F32, 3, 5);
  const auto expect = [&](const char* part, const auto& change) {
    SCOPED_TRACE(part);
    Case c = good;
    change(c);
    Answer a(good);
    expect_rejected(call(c, a), {part});
    EXPECT_TRUE(a.untouched());
  };
  for (double gamma : {-1e-9, 1.1e9, HUGE_VAL, std::nan("")}) {
    expect("gamma: expected a finite number", [&](Case& c) { c.options.gamma = gamma; });
  }
  for (double temperature : {0.0, 9e-10, 1.1e9, std::nan("")}) {
    expect("temperature: expected", [&](Case& c) { c.options.temperature = temperature; });
  }
  expect("dtype", [](Case& c) { c.dtype = 4; });
  expect("rows", [](Case& c) { c.rows = -1; });
  expect("classes: expected at least 2, got 1", [](Case& c) { c.classes = 1; });
  expect("labels: row 2: expected a label from 0 to 4", [](Case& c) { c.labels[2] = 5; });
  expect("weights: row 1", [](Case& c) { c.weights[1] = -0.5; });
  expect("reduction", [](Case& c) { c.options.reduction = 3; });
  expect("grad_scale", [](Case& c) { c.options.grad_scale = HUGE_VAL; });
  expect("threads", [](Case& c) { c.threads = -1; });
  auto [s, t, unused] = LogitInputs(good);
  TestMatrix loss(CD_F32, 1, 1);
  const auto raw = [&, &s = s, &t = t](void* student, int64_t stride, const int64_t* labels,
                                       void* loss_or_null, void* grad) {
    return cd_nkd(CD_F32, 3, 5, student, stride, t.data(), 5, labels, nullptr, 1, 1, CD_MEAN, 1,
                  loss_or_null, nullptr, grad, 5, nullptr, 5, nullptr, 0);
  };
  const int64_t* labels = good.labels.data();
  expect_rejected(raw(s.data(), 5, nullptr, loss.data(), nullptr), {"labels", "got null"});
  expect_rejected(raw(nullptr, 5, labels, loss.data(), nullptr), {"student", "got null"});
  expect_rejected(raw(s.data(), 4, labels, loss.data(), nullptr), {"student", "stride", "got 4"});
  expect_rejected(raw(s.data(), 5, labels, nullptr, nullptr), {"loss", "got null"});
  expect_rejected(raw(s.data(), 5, labels, loss.data(), t.data()),
                  {"grad_student", "overlaps teacher"});
  EXPECT_TRUE(loss.untouched());
}

}  // namespace
