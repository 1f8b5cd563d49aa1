#include "reference_c2kd.h"
#include "regimes.h"
#include "test_arrays.h"

namespace {

using Values = std::vector<double>;

constexpr int kNetworks = 4;
constexpr int64_t kTerms = 8;

struct Case {
  int32_t dtype = CD_F64;
  int64_t rows = 0;
  int64_t classes = 0;
  Values logits[kNetworks];  // teacher, student, proxy teacher, proxy student
  std::vector<int64_t> labels;
  int32_t target = CD_TARGET_ZERO;
  double temperature = 1;
  double threshold = 0;
  double grad_scale = 1;
  int64_t extra_stride = 0;
  int32_t threads = 0;
};

struct Answer {
  TestMatrix loss, terms, tau;
  std::vector<TestMatrix> grads;

  explicit Answer(const Case& c)
      : loss(accumulator_of(c.dtype), 1, 1),
        terms(accumulator_of(c.dtype), kTerms, 1),
        tau(accumulator_of(c.dtype), c.rows, 1) {
    for (int k = 0; k < kNetworks; ++k) {
      grads.emplace_back(c.dtype, c.rows, c.classes, c.extra_stride * k);
    }
  }

  bool all(bool (*holds)(TestMatrix&)) {
    for (TestMatrix& grad : grads) {
      if (!holds(grad)) return false;
    }
    return holds(loss) && holds(terms) && holds(tau);
  }
  bool intact() {
    return all([](TestMatrix& m) { return m.intact(); });
  }
  bool untouched() {
    return all([](TestMatrix& m) { return m.untouched(); });
  }
};

int32_t call(const Case& c, Answer& a) {
  std::vector<TestMatrix> inputs;
  cd_logits networks[kNetworks];
  for (int k = 0; k < kNetworks; ++k) {
    inputs.emplace_back(c.dtype, c.rows, c.classes, c.logits[k], c.extra_stride * (4 - k));
  }
  for (size_t k = 0; k < kNetworks; ++k) {
    networks[k] = {inputs[k].data(), inputs[k].stride(), a.grads[k].data(), a.grads[k].stride()};
  }
  return cd_c2kd(c.dtype, c.rows, c.classes, networks, c.labels.data(), c.target, c.temperature,
                 c.threshold, c.grad_scale, a.loss.data(), a.terms.data(), a.tau.data(), c.threads);
}

Case random_case(uint64_t seed, int32_t dtype, int64_t rows, int64_t classes, int32_t target,
                 double spread = 3) {
  Random random(seed);
  Case c;
  c.dtype = dtype;
  c.rows = rows;
  c.classes = classes;
  for (Values& logits : c.logits) logits = random.array(dtype, rows * classes, spread);
  for (int64_t i = 0; i < rows; ++i) {
    c.labels.push_back(random.below(classes));
    if (random.below(6) == 0) c.labels.back() = CD_IGNORE_LABEL;
  }
  c.target = target;
  c.temperature = seed % 2 == 0 ? 1 : 3;
  return c;
}

reference::C2kd expected(const Case& c) {
  return reference::c2kd({c.logits[0], c.logits[1], c.logits[2], c.logits[3]}, c.labels, c.rows,
                         c.classes, {c.target, c.temperature, c.threshold, c.grad_scale});
}

void expect_near(const Case& c) {
  SCOPED_TRACE(std::string(dtype_name(c.dtype)) + " B " + std::to_string(c.rows) + " C " +
               std::to_string(c.classes) + " target " + std::to_string(c.target));
  Answer a(c);
  ASSERT_EQ(call(c, a), CD_OK) << cd_last_error();
  const reference::C2kd e = expected(c);
  double loss = 0;
  for (double term : e.terms) loss += term;
  const double scalar = tolerance_of(c.dtype), gradient = rounding_of(c.dtype);
  EXPECT_LE(error_of(a.loss.values(), {loss}), scalar);
  EXPECT_LE(error_of(a.terms.values(), e.terms), scalar);
  for (int64_t i = 0; i < c.rows; ++i) {
    const double tau = e.tau[static_cast<size_t>(i)];
    EXPECT_TRUE(std::isnan(tau) ? std::isnan(a.tau.value(i))
                                : std::fabs(a.tau.value(i) - tau) < 1e-7);
  }
  for (size_t k = 0; k < kNetworks; ++k) {
    EXPECT_LE(error_of(a.grads[k].values(), e.grads[k]), gradient) << "network " << k;
  }
  EXPECT_TRUE(a.intact());
}

TEST(C2kd, AgreesWithTheReferenceAtEverySize) {
  uint64_t seed = 1;
  for (int32_t dtype : kDtypes) {
    for (int32_t target : {CD_TARGET_ZERO, CD_TARGET_EXCLUDED}) {
      for (int64_t size : kRegimes) {
        Case c = random_case(++seed, dtype, size, 9, target);
        c.extra_stride = size % 5;
        c.grad_scale = -1.5;
        expect_near(c);
        if (size == 0) continue;
        c = random_case(++seed, dtype, 3, size, target);
        c.threshold = -0.1;
        expect_near(c);
      }
    }
  }
}

TEST(C2kd, AgreesWithTheReferenceOnPeakedLogits) {
  for (int32_t dtype : kDtypes) {
    for (int32_t target : {CD_TARGET_ZERO, CD_TARGET_EXCLUDED}) {
      Case c = random_case(4, dtype, 9, 129, target, 60);
      c.threshold = -1;
      expect_near(c);
    }
  }
}

TEST(C2kd, RowsWithoutAgreementTeachOnlyTheirProxies) {
  Case c = random_case(4, CD_F64, 5, 9, CD_TARGET_ZERO);
  c.threshold = 1;
  Answer a(c);
  ASSERT_EQ(call(c, a), CD_OK);
  EXPECT_EQ(a.terms.value(6), 0);
  EXPECT_EQ(a.terms.value(7), 0);
  EXPECT_GT(a.terms.value(5), 0);
}

TEST(C2kd, NonFiniteLogitsMakeTheLossNonFinite) {
  for (int32_t dtype : kDtypes) {
    for (double poison : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
      for (int k = 0; k < kNetworks; ++k) {
        Case c = random_case(10, dtype, 3, 9, CD_TARGET_ZERO);
        c.labels = {0, 1, 2};
        c.logits[k][9 + 4] = poison;
        Answer a(c);
        ASSERT_EQ(call(c, a), CD_OK);
        EXPECT_FALSE(std::isfinite(a.loss.value(0)));
        EXPECT_TRUE(std::isfinite(a.grads[0].value(2, 0)));
      }
    }
  }
}

TEST(C2kd, ThreadsAndRepetitionsChangeNoBit) {
  for (int32_t dtype : kDtypes) {
    Case c = random_case(15, dtype, 300, 65, CD_TARGET_EXCLUDED);
    c.threads = 1;
    Answer one(c);
    ASSERT_EQ(call(c, one), CD_OK);
    for (int repetition = 0; repetition < (dtype == CD_F32 ? 25 : 2); ++repetition) {
      for (int32_t threads : {0, 1, 2, 5}) {
        SCOPED_TRACE(std::to_string(threads) + " threads");
        c.threads = threads;
        Answer other(c);
        ASSERT_EQ(call(c, other), CD_OK);
        ASSERT_EQ(one.loss.bits(), other.loss.bits());
        ASSERT_EQ(one.terms.bits(), other.terms.bits());
        ASSERT_EQ(one.tau.bits(), other.tau.bits());
        for (size_t k = 0; k < kNetworks; ++k) {
          ASSERT_EQ(one.grads[k].bits(), other.grads[k].bits());
        }
      }
    }
  }
}

TEST(C2kd, RejectsBadArgumentsAndWritesNothing) {
  const Case good = random_case(17, CD_F32, 3, 5, CD_TARGET_ZERO);
  const auto expect = [&](const char* part, const auto& change) {
    SCOPED_TRACE(part);
    Case c = good;
    change(c);
    Answer a(good);
    expect_rejected(call(c, a), {part});
    EXPECT_TRUE(a.untouched());
  };
  expect("dtype", [](Case& c) { c.dtype = 4; });
  expect("target: expected zero (1) or excluded (2)", [](Case& c) { c.target = CD_TARGET_KEPT; });
  expect("target: expected one of 0 to 2, got 3", [](Case& c) { c.target = 3; });
  expect("temperature", [](Case& c) { c.temperature = 0; });
  expect("temperature", [](Case& c) { c.temperature = 1e-10; });
  expect("threshold", [](Case& c) { c.threshold = std::nan(""); });
  expect("grad_scale", [](Case& c) { c.grad_scale = HUGE_VAL; });
  expect("threads", [](Case& c) { c.threads = -1; });
  expect("labels: row 1: expected a label from 0 to 4", [](Case& c) { c.labels[1] = 5; });
  TestMatrix z(CD_F32, 3, 5, good.logits[0]), loss(CD_F32, 1, 1), terms(CD_F32, 8, 1);
  cd_logits networks[kNetworks];
  const auto raw = [&](const auto& change) {
    for (cd_logits& network : networks) network = {z.data(), 5, nullptr, 5};
    change();
    return cd_c2kd(CD_F32, 3, 5, networks, good.labels.data(), CD_TARGET_ZERO, 1, 0, 1, loss.data(),
                   terms.data(), nullptr, 0);
  };
  expect_rejected(raw([&] { networks[2].logits = nullptr; }), {"networks[2].logits", "null"});
  expect_rejected(raw([&] { networks[3].stride = 4; }), {"networks[3].logits", "stride"});
  expect_rejected(raw([&] { networks[1].grad_or_null = z.data(); }),
                  {"networks[1].grad", "overlap"});
  expect_rejected(raw([&] { networks[1].grad_or_null = networks; }),
                  {"networks[1].grad", "overlaps networks"});
  expect_rejected(cd_c2kd(CD_F32, 3, 5, nullptr, good.labels.data(), CD_TARGET_ZERO, 1, 0, 1,
                          loss.data(), terms.data(), nullptr, 0),
                  {"networks", "null"});
  EXPECT_TRUE(loss.untouched() && terms.untouched());
}

}  // namespace
