#include <utility>

#include "logit_case.h"
#include "regimes.h"

namespace {

using Values = std::vector<double>;

using reference::kDecoupled;
using reference::KdForm;
using reference::kKdForms;

constexpr KdForm kOnlyOthers = {"decoupled 0 to 1", CD_TARGET_EXCLUDED, true, 0, 1};
constexpr KdForm kOnlyTarget = {"decoupled 1 to 0", CD_TARGET_EXCLUDED, true, 1, 0};

using Case = LogitCase<reference::KdOptions>;
using Answer = LogitAnswer;

int32_t call(const Case& c, Answer& a) {
  auto [student, teacher, weights] = LogitInputs(c);
  const KdForm& form = c.options.form;
  if (form.decoupled) {
    return cd_dkd(c.dtype, c.rows, c.classes, student.data(), student.stride(), teacher.data(),
                  teacher.stride(), c.labels.data(), weights.data(), form.alpha, form.beta,
                  c.options.temperature, c.options.reduction, c.options.grad_scale, a.loss.data(),
                  a.rows.data(), a.grad_student.data(), a.grad_student.stride(),
                  a.grad_teacher.data(), a.grad_teacher.stride(), a.grad_weights.data(), c.threads);
  }
  return cd_kd(c.dtype, c.rows, c.classes, student.data(), student.stride(), teacher.data(),
               teacher.stride(), c.labels.data(), weights.data(), form.target,
               c.options.temperature, c.options.reduction, c.options.grad_scale, a.loss.data(),
               a.rows.data(), a.grad_student.data(), a.grad_student.stride(), a.grad_teacher.data(),
               a.grad_teacher.stride(), a.grad_weights.data(), c.threads);
}

Case random_case(uint64_t seed, int32_t dtype, int64_t rows, int64_t classes, const KdForm& form,
                 double spread = 3) {
  Case c;
  c.fill(seed, dtype, rows, classes, spread);
  c.options.form = form;
  return c;
}

reference::Kd expected(const Case& c) {
  const auto function = c.dtype == CD_F64 ? reference::kd<long double> : reference::kd<double>;
  return function(c.student, c.teacher, c.labels, c.weights, c.rows, c.classes, c.options);
}

void expect_near(const Case& c) {
  SCOPED_TRACE(std::string(dtype_name(c.dtype)) + " B " + std::to_string(c.rows) + " C " +
               std::to_string(c.classes) + " " + c.options.form.name);
  Answer a(c);
  ASSERT_EQ(call(c, a), CD_OK) << cd_last_error();
  expect_near(c, a, expected(c));
}

TEST(Kd, AgreesWithTheReferenceAtEverySize) {
  uint64_t seed = 1;
  for (int32_t dtype : kDtypes) {
    for (const KdForm& form : kKdForms) {
      for (int64_t size : kRegimes) {
        Case c = random_case(++seed, dtype, size, 33, form);
        c.extra_stride = size % 5;
        expect_near(c);
        if (size < form.fewest_classes()) continue;
        c = random_case(++seed, dtype, 7, size, form);
        c.extra_stride = size % 3;
        expect_near(c);
      }
    }
  }
}

TEST(Kd, AgreesWithTheReferenceOnPeakedLogits) {
  for (int32_t dtype : kDtypes) {
    for (const KdForm& form : kKdForms) {
      Case c = random_case(3, dtype, 9, 129, form, 60);
      c.options.temperature = 1;
      expect_near(c);
    }
  }
}

TEST(Kd, GradientsAreTheDerivativesOfTheLoss) {
  for (const KdForm& form : kKdForms) {
    for (int32_t reduction : {CD_MEAN, CD_WEIGHTED_MEAN, CD_SUM}) {
      Case c = random_case(77, CD_F64, 5, 7, form);
      c.options.reduction = reduction;
      expect_derivatives(c, call);
    }
  }
}

TEST(Kd, EqualRowsHaveLossAndGradientsZero) {
  for (int32_t dtype : kDtypes) {
    for (const KdForm& form : kKdForms) {
      Case c = random_case(8, dtype, 3, 65, form, 20);
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
    for (const KdForm& form : kKdForms) {
      Case c = random_case(4, dtype, 2, 9, form);
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
  for (const KdForm& form : kKdForms) {
    if (form.fewest_classes() == 1) expect_near(random_case(6, CD_F32, 3, 1, form));
  }
}

// Losses and gradients of cd_kd, and of cd_dkd where that is the same sum.
TEST(Kd, DecoupledWithoutTheTargetHasTheBitsOfTheExcludedForm) {
  for (int32_t dtype : kDtypes) {
    Case c = random_case(20, dtype, 33, 65, reference::kExcluded);
    Answer excluded(c), decoupled(c);
    ASSERT_EQ(call(c, excluded), CD_OK);
    c.options.form = kOnlyOthers;
    ASSERT_EQ(call(c, decoupled), CD_OK);
    EXPECT_EQ(excluded.bits(), decoupled.bits());
  }
}

TEST(Kd, DecoupledOfTwoClassesIsTheDivergenceOfThose) {
  Case c = random_case(21, CD_F64, 9, 2, kOnlyTarget);
  expect_near(c);
  Answer decoupled(c), kept(c);
  ASSERT_EQ(call(c, decoupled), CD_OK);
  c.options.form = reference::kKept;
  ASSERT_EQ(call(c, kept), CD_OK);
  EXPECT_LE(error_of(decoupled.rows.values(), kept.rows.values()), 1e-14);
  EXPECT_LE(error_of(decoupled.grad_student.values(), kept.grad_student.values()), 1e-14);
  EXPECT_LE(error_of(decoupled.grad_teacher.values(), kept.grad_teacher.values()), 1e-14);
}

// Where both sides are certain, 1 - p_y and 1 - q_y are e^-50 and e^-45: all digits of them count.
// So do they beside the divergence among the others, which is 0 here.
TEST(Kd, DecoupledKeepsItsDigitsWhereBothSidesAreCertain) {
  for (auto [sign, form] : {std::pair(1.0, kOnlyTarget), std::pair(-1.0, kOnlyTarget),
                            std::pair(1.0, kDecoupled), std::pair(-1.0, kDecoupled)}) {
    SCOPED_TRACE(form.name);
    Case c = random_case(22, CD_F64, 1, 3, form);
    c.options.temperature = c.options.grad_scale = 1;
    c.options.reduction = CD_SUM;
    c.labels = {1};
    c.weights = {1};
    c.teacher = {0, sign * 50, 0};
    c.student = {0, sign * 45, 0};
    Answer a(c);
    ASSERT_EQ(call(c, a), CD_OK);
    const long double u_t = sign * 50 - std::log(2.0L), u_s = sign * 45 - std::log(2.0L);
    const auto rare = [&](long double u) { return 1 / (1 + std::exp(sign * u)); };
    const auto likely = [&](long double u) { return 1 / (1 + std::exp(-sign * u)); };
    const auto near = [](double answer, long double expected) {
      EXPECT_NE(expected, 0);
      EXPECT_NEAR(answer / static_cast<double>(expected), 1, 1e-13);
    };
    const long double by_s = sign * (rare(u_t) - rare(u_s));
    const long double by_t = rare(u_t) * likely(u_t) * (u_t - u_s);
    near(a.rows.value(0), rare(u_t) * (std::log(rare(u_t)) - std::log(rare(u_s))) +
                              likely(u_t) * (std::log1p(-rare(u_t)) - std::log1p(-rare(u_s))));
    near(a.grad_student.value(0, 1), by_s);
    near(a.grad_student.value(0, 0), -by_s / 2);
    near(a.grad_teacher.value(0, 1), by_t);
    near(a.grad_teacher.value(0, 2), -by_t / 2);
  }
}

TEST(Kd, NonFiniteLogitsMakeTheLossNonFinite) {
  for (int32_t dtype : kDtypes) {
    for (double poison : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
      for (Values Case::*array : {&Case::student, &Case::teacher}) {
        for (size_t at : {9u, 13u, 17u}) {
          for (const KdForm& form : {reference::kKept, reference::kDecoupled, kOnlyOthers}) {
            Case c = random_case(10, dtype, 3, 9, form);
            c.weights = {1, 1, 1};
            c.labels = {0, 4, 2};
            (c.*array)[at] = poison;
            Answer a(c);
            ASSERT_EQ(call(c, a), CD_OK);
            EXPECT_FALSE(std::isfinite(a.loss.value(0)));
            EXPECT_FALSE(std::isfinite(a.rows.value(1)));
            EXPECT_TRUE(std::isfinite(a.rows.value(0)));
            EXPECT_TRUE(std::isfinite(a.grad_student.value(2, 0)));
            const bool whole_row = form.decoupled && at == 13;  // the label's logit
            EXPECT_TRUE(!whole_row || !std::isfinite(a.grad_student.value(1, 0)));
          }
        }
      }
    }
  }
}

TEST(Kd, NullArgumentsChangeNothingElse) {
  Case c = random_case(14, CD_F32, 9, 65, reference::kKept);
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
  for (const KdForm& form : {reference::kExcluded, reference::kDecoupled}) {
    for (int64_t rows : {0, 4}) {
      expect_nothing_to_average(random_case(13, CD_F32, rows, 5, form), call);
    }
  }
  for (int32_t reduction : {CD_MEAN, CD_WEIGHTED_MEAN, CD_SUM}) {
    float loss = -1;
    EXPECT_EQ(cd_kd(CD_F32, 0, 5, nullptr, 5, nullptr, 5, nullptr, nullptr, CD_TARGET_KEPT, 4,
                    reduction, 1, &loss, nullptr, nullptr, 5, nullptr, 5, nullptr, 0),
              CD_OK);
    EXPECT_EQ(loss, 0);
  }
}

TEST(Kd, ThreadsAndRepetitionsChangeNoBit) {
  for (int32_t dtype : kDtypes) {
    Case c = random_case(15, dtype, 600, 129, reference::kDecoupled);
    expect_same_bits(c, call, dtype == CD_F32 ? 25 : 2);
  }
}

TEST(Kd, RejectsBadArgumentsAndWritesNothing) {
  const Case good = random_case(17, CD_F32, 3, 5, reference::kExcluded);
  const auto expect = [&](const char* part, const auto& change) {
    SCOPED_TRACE(part);
    Case c = good;
    change(c);
    Answer a(good);
    expect_rejected(call(c, a), {part});
    EXPECT_TRUE(a.untouched());
  };
  expect("dtype: expected one of 0 to 3, got 4", [](Case& c) { c.dtype = 4; });
  expect("target: expected one of 0 to 2, got 3", [](Case& c) { c.options.form.target = 3; });
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

TEST(Kd, DecoupledRejectsBadArgumentsAndWritesNothing) {
  const Case good = random_case(17, CD_F32, 3, 5, reference::kDecoupled);
  const auto expect = [&](const char* part, const auto& change) {
    SCOPED_TRACE(part);
    Case c = good;
    change(c);
    Answer a(good);
    expect_rejected(call(c, a), {part});
    EXPECT_TRUE(a.untouched());
  };
  for (double weight : {-1e-9, 1.1e9, HUGE_VAL, std::nan("")}) {
    expect("alpha: expected a finite number", [&](Case& c) { c.options.form.alpha = weight; });
    expect("beta: expected a finite number", [&](Case& c) { c.options.form.beta = weight; });
  }
  expect("dtype", [](Case& c) { c.dtype = -1; });
  expect("classes: expected at least 2, got 1", [](Case& c) { c.classes = 1; });
  expect("labels: row 1", [](Case& c) { c.labels[1] = 5; });
  expect("weights: row 2", [](Case& c) { c.weights[2] = HUGE_VAL; });
  expect("temperature", [](Case& c) { c.options.temperature = 0; });
  expect("reduction", [](Case& c) { c.options.reduction = 3; });
  expect("grad_scale", [](Case& c) { c.options.grad_scale = std::nan(""); });
  expect("threads", [](Case& c) { c.threads = -1; });
  TestMatrix s(CD_F32, 3, 5, good.student), t(CD_F32, 3, 5, good.teacher), loss(CD_F32, 1, 1);
  const auto raw = [&](void* student, int64_t stride, const int64_t* labels, void* loss_or_null,
                       void* grad) {
    return cd_dkd(CD_F32, 3, 5, student, stride, t.data(), 5, labels, nullptr, 1, 1, 1, CD_MEAN, 1,
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
