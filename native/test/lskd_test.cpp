#include <utility>

#include "logit_case.h"
#include "regimes.h"

namespace {

using Values = std::vector<double>;
using Case = LogitCase<reference::LskdOptions>;
using Answer = LogitAnswer;

int32_t call(const Case& c, Answer& a) {
  auto [student, teacher, weights] = LogitInputs(c);
  return cd_lskd(c.dtype, c.rows, c.classes, student.data(), student.stride(), teacher.data(),
                 teacher.stride(), c.labels.data(), weights.data(), c.options.temperature,
                 c.options.reduction, c.options.grad_scale, a.loss.data(), a.rows.data(),
                 a.grad_student.data(), a.grad_student.stride(), a.grad_teacher.data(),
                 a.grad_teacher.stride(), a.grad_weights.data(), c.threads);
}

Case random_case(uint64_t seed, int32_t dtype, int64_t rows, int64_t classes, double spread = 3) {
  Case c;
  c.fill(seed, dtype, rows, classes, spread);
  return c;
}

void expect_near(const Case& c) {
  expect_reference(c, call,
                   c.dtype == CD_F64 ? reference::lskd<long double> : reference::lskd<double>);
}

TEST(Lskd, AgreesWithTheReferenceAtEverySize) { at_every_size(random_case, expect_near); }

TEST(Lskd, GradientsAreTheDerivativesOfTheLoss) {
  for (int32_t reduction : {CD_MEAN, CD_WEIGHTED_MEAN, CD_SUM}) {
    Case c = random_case(77, CD_F64, 5, 7);
    c.options.reduction = reduction;
    expect_derivatives(c, call);
  }
}

TEST(Lskd, EqualRowsHaveLossAndGradientsZero) {
  for (int32_t dtype : kDtypes) {
    Case c = random_case(8, dtype, 3, 65, 20);
    c.teacher = c.student;
    Answer a(c);
    ASSERT_EQ(call(c, a), CD_OK);
    EXPECT_EQ(a.rows.values(), Values(3, 0));
    EXPECT_EQ(a.grad_student.values(), Values(3 * 65, 0));
    EXPECT_EQ(a.grad_teacher.values(), Values(3 * 65, 0));
  }
}

// Constant, that is 0, on either side or both, whatever the value is in binary.
TEST(Lskd, ConstantRowsPassTheGradientOfTheirMeanAlone) {
  for (int32_t dtype : kDtypes) {
    Case c = random_case(12, dtype, 3, 11);
    c.weights = {1, 1, 1};
    c.labels = {0, 0, 0};
    c.options.grad_scale = 1e-6;  // the gradients are 1e7 times the usual ones
    for (size_t k = 0; k < 33; ++k) {
      if (k < 22) c.student[k] = rounded(dtype, 0.1);
      if (k >= 11) c.teacher[k] = rounded(dtype, 1e4 / 3);
    }
    expect_near(c);
    Answer a(c);
    ASSERT_EQ(call(c, a), CD_OK);
    EXPECT_GT(a.rows.value(0), 0);
    EXPECT_EQ(a.rows.value(1), 0);
  }
}

TEST(Lskd, LocationAndScaleOfARowDoNotCount) {
  for (int32_t dtype : {CD_F64, CD_F32}) {
    Case c = random_case(14, dtype, 5, 33);
    Answer a(c);
    ASSERT_EQ(call(c, a), CD_OK);
    for (double& x : c.student) x *= 1024;
    Answer scaled(c);
    ASSERT_EQ(call(c, scaled), CD_OK);
    EXPECT_LE(error_of(scaled.rows.values(), a.rows.values()), dtype == CD_F64 ? 1e-6 : 2e-6);
    for (double& x : c.student) x = rounded(dtype, x + 1e4);
    Answer moved(c);
    ASSERT_EQ(call(c, moved), CD_OK);
    EXPECT_LE(error_of(moved.rows.values(), a.rows.values()), dtype == CD_F64 ? 1e-6 : 2e-6);
  }
}

// Logits whose squares leave the range of their type.
TEST(Lskd, LargeLogitsDoNotOverflow) {
  for (auto [dtype, size] : {std::pair(CD_F32, 1e30), std::pair(CD_F64, 1e200)}) {
    Case c = random_case(16, dtype, 5, 33);
    for (Values* array : {&c.student, &c.teacher}) {
      for (double& x : *array) x = rounded(dtype, x * size);
    }
    expect_near(c);
    Case small = c;
    for (Values* array : {&small.student, &small.teacher}) {
      for (double& x : *array) x /= size;
    }
    Answer a(c), b(small);
    ASSERT_EQ(call(c, a), CD_OK);
    ASSERT_EQ(call(small, b), CD_OK);
    EXPECT_LE(error_of(a.rows.values(), b.rows.values()), 3e-6);
    EXPECT_GT(std::fabs(a.rows.value(0) + a.rows.value(1)), 0.01);
  }
}

TEST(Lskd, AnyTemperatureIsFinite) {
  for (int32_t dtype : kDtypes) {
    for (double temperature : {1e-9, 1e9}) {
      Case c = random_case(9, dtype, 5, 33);
      c.options.temperature = temperature;
      Answer a(c);
      ASSERT_EQ(call(c, a), CD_OK);
      for (TestMatrix* array : {&a.rows, &a.grad_student, &a.grad_teacher}) {
        for (double x : array->values()) EXPECT_TRUE(std::isfinite(x));
      }
      if (temperature < 1) expect_near(c);
    }
  }
}

TEST(Lskd, NonFiniteLogitsMakeTheLossNonFinite) {
  for (int32_t dtype : kDtypes) {
    for (double poison : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
      for (Values Case::*array : {&Case::student, &Case::teacher}) {
        for (size_t at : {9u, 13u, 17u}) {
          Case c = random_case(10, dtype, 3, 9);
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

TEST(Lskd, NullArgumentsChangeNothingElse) {
  Case c = random_case(15, CD_F32, 9, 65);
  c.weights.assign(9, 1);
  c.labels.assign(9, 3);
  Answer full(c);
  ASSERT_EQ(call(c, full), CD_OK);
  auto [s, t, unused] = LogitInputs(c);
  TestMatrix loss(CD_F32, 1, 1), grad(CD_F32, 9, 65);
  ASSERT_EQ(cd_lskd(c.dtype, 9, 65, s.data(), 65, t.data(), 65, nullptr, nullptr,
                    c.options.temperature, c.options.reduction, c.options.grad_scale, loss.data(),
                    nullptr, nullptr, 65, grad.data(), 65, nullptr, 0),
            CD_OK);
  EXPECT_EQ(loss.bits(), full.loss.bits());
  EXPECT_EQ(grad.bits(), full.grad_teacher.bits());
}

TEST(Lskd, NothingToAverageGivesZero) {
  for (int64_t rows : {0, 4}) expect_nothing_to_average(random_case(13, CD_F32, rows, 5), call);
}

TEST(Lskd, ThreadsAndRepetitionsChangeNoBit) {
  for (int32_t dtype : kDtypes) {
    expect_same_bits(random_case(15, dtype, 600, 129), call, 2);
  }
}

TEST(Lskd, RejectsBadArgumentsAndWritesNothing) {
  const Case good = random_case(17, CD_F32, 3, 5);
  const auto expect = [&](const char* part, const auto& change) {
    SCOPED_TRACE(part);
    Case c = good;
    change(c);
    Answer a(good);
    expect_rejected(call(c, a), {part});
    EXPECT_TRUE(a.untouched());
  };
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
    return cd_lskd(CD_F32, 3, 5, student, stride, t.data(), 5, labels, nullptr, 1, CD_MEAN, 1,
                   loss_or_null, nullptr, grad, 5, nullptr, 5, nullptr, 0);
  };
  const int64_t* labels = good.labels.data();
  expect_rejected(raw(nullptr, 5, labels, loss.data(), nullptr), {"student", "got null"});
  expect_rejected(raw(s.data(), 4, labels, loss.data(), nullptr), {"student", "stride", "got 4"});
  expect_rejected(raw(s.data(), 5, labels, nullptr, nullptr), {"loss", "got null"});
  expect_rejected(raw(s.data(), 5, labels, loss.data(), t.data()),
                  {"grad_student", "overlaps teacher"});
  EXPECT_TRUE(loss.untouched());
}

}  // namespace
