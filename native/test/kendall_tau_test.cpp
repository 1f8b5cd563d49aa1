#include "reference_logits.h"
#include "regimes.h"
#include "test_arrays.h"

namespace {

using Values = std::vector<double>;

struct Case {
  int32_t dtype = CD_F64;
  int64_t rows = 0;
  int64_t classes = 0;
  Values a, b;
  int64_t extra_stride = 0;
  double threshold = 0;
  int32_t threads = 0;
};

struct Answer {
  TestMatrix tau;
  std::vector<uint8_t> mask;

  explicit Answer(const Case& c)
      : tau(accumulator_of(c.dtype), c.rows, 1), mask(static_cast<size_t>(c.rows) + 1, 7) {}
};

int32_t call(const Case& c, Answer& answer) {
  TestMatrix a(c.dtype, c.rows, c.classes, c.a, c.extra_stride);
  TestMatrix b(c.dtype, c.rows, c.classes, c.b, 2 * c.extra_stride);
  return cd_kendall_tau(c.dtype, c.rows, c.classes, a.data(), a.stride(), b.data(), b.stride(),
                        c.threshold, answer.tau.data(), answer.mask.data(), c.threads);
}

// Rows with ties: multiples of `step`.
Case random_case(uint64_t seed, int32_t dtype, int64_t rows, int64_t classes, double step) {
  Random random(seed);
  Case c;
  c.dtype = dtype;
  c.rows = rows;
  c.classes = classes;
  for (int64_t k = 0; k < rows * classes; ++k) {
    const double a = random.normal(), b = a + random.normal();
    c.a.push_back(rounded(dtype, step * std::nearbyint(a / step)));
    c.b.push_back(rounded(dtype, step * std::nearbyint(b / step)));
  }
  return c;
}

void expect_exact(const Case& c) {
  SCOPED_TRACE(std::string(dtype_name(c.dtype)) + " B " + std::to_string(c.rows) + " C " +
               std::to_string(c.classes));
  Answer answer(c);
  ASSERT_EQ(call(c, answer), CD_OK) << cd_last_error();
  for (int64_t i = 0; i < c.rows; ++i) {
    const size_t at = static_cast<size_t>(i * c.classes);
    const double tau = reference::kendall_tau(&c.a[at], &c.b[at], c.classes);
    const double found = answer.tau.value(i);
    if (std::isnan(tau)) {
      EXPECT_TRUE(std::isnan(found));
    } else {
      EXPECT_NEAR(found, tau, c.dtype == CD_F64 ? 4e-16 : 6e-8);
    }
    EXPECT_EQ(answer.mask[static_cast<size_t>(i)], tau > c.threshold ? 1 : 0);
  }
  EXPECT_EQ(answer.mask.back(), 7);
  EXPECT_TRUE(answer.tau.intact());
}

TEST(KendallTau, AgreesWithTheReferenceAtEverySize) {
  uint64_t seed = 1;
  for (int32_t dtype : kDtypes) {
    for (int64_t size : kRegimes) {
      for (double step : {0x1p-6, 0.5, 4.0}) {  // few ties, many, nearly constant rows
        if (size > 0) {
          Case c = random_case(++seed, dtype, 3, size, step);
          c.extra_stride = size % 4;
          expect_exact(c);
        }
        Case c = random_case(++seed, dtype, size % 100, 5, step);
        c.threshold = 0.25;
        expect_exact(c);
      }
    }
  }
}

// Around the size from which on rows are sorted.
TEST(KendallTau, SortingAndComparingAllPairsAgree) {
  for (int64_t classes : {511, 512, 513, 999, 1000, 1001, 1024}) {
    for (double step : {0x1p-6, 0.5}) {
      expect_exact(random_case(static_cast<uint64_t>(classes), CD_F32, 4, classes, step));
      expect_exact(random_case(static_cast<uint64_t>(classes), CD_F64, 4, classes, step));
    }
  }
}

TEST(KendallTau, KnownValues) {
  struct Known {
    Values a, b;
    double tau;
  };
  const std::vector<Known> known = {
      {{1, 2, 2, 3}, {1, 3, 2, 2}, 0.4},
      {{2, 0.5, -1, 0}, {1, -0.2, 0.3, 0.4}, 1.0 / 3},
      {{1, 2, 3, 4}, {10, 20, 30, 40}, 1},
      {{1, 2, 3, 4}, {4, 3, 2, 1}, -1},
      {{0.0, -0.0, 1, 2}, {0, 0, 5, 7}, 1},  // the zeros tie
      {{-HUGE_VAL, 0, HUGE_VAL, 1}, {-1, 0, 2, 1}, 1},
  };
  for (const Known& k : known) {
    Case c;
    c.rows = 1;
    c.classes = 4;
    c.a = k.a;
    c.b = k.b;
    Answer answer(c);
    ASSERT_EQ(call(c, answer), CD_OK);
    EXPECT_DOUBLE_EQ(answer.tau.value(0), k.tau);
  }
}

TEST(KendallTau, RowsInTheSameOrderHaveExactlyOneAndConstantOnesNone) {
  for (int32_t dtype : kDtypes) {
    for (int64_t classes : {2, 100, 600}) {
      Case c = random_case(5, dtype, 4, classes, 0x1p-6);
      for (int64_t j = 0; j < classes; ++j) {
        const size_t at = static_cast<size_t>(j), n = static_cast<size_t>(classes);
        c.b[at] = c.a[at] = static_cast<double>(j % 64);
        c.b[n + at] = -(c.a[n + at] = static_cast<double>(j % 64));
        c.a[2 * n + at] = 3;
        if (j == 1) c.b[3 * n + at] = std::nan("");
      }
      Answer answer(c);
      ASSERT_EQ(call(c, answer), CD_OK);
      EXPECT_EQ(answer.tau.value(0), 1);
      EXPECT_EQ(answer.tau.value(1), -1);
      EXPECT_TRUE(std::isnan(answer.tau.value(2)));
      EXPECT_TRUE(std::isnan(answer.tau.value(3)));
      EXPECT_EQ(answer.mask, (std::vector<uint8_t>{1, 0, 0, 0, 7}));
    }
  }
}

// Rows of which all pairs are compared, and rows that are sorted.
TEST(KendallTau, ThreadsAndRepetitionsChangeNoBit) {
  for (int64_t classes : {97, 600}) {
    for (int32_t dtype : kDtypes) {
      Case c = random_case(9, dtype, 20000 / classes, classes, 0.25);
      c.threads = 1;
      Answer one(c);
      ASSERT_EQ(call(c, one), CD_OK);
      for (int repetition = 0; repetition < (dtype == CD_F32 ? 25 : 2); ++repetition) {
        for (int32_t threads : {0, 1, 2, 5}) {
          c.threads = threads;
          Answer other(c);
          ASSERT_EQ(call(c, other), CD_OK);
          ASSERT_EQ(one.tau.bits(), other.tau.bits()) << threads << " threads";
          ASSERT_EQ(one.mask, other.mask) << threads << " threads";
        }
      }
    }
  }
}

TEST(KendallTau, RejectsBadArgumentsAndWritesNothing) {
  TestMatrix a(CD_F32, 3, 5, Values(15, 1)), b(CD_F32, 3, 5, Values(15, 1)), tau(CD_F32, 3, 1);
  const auto raw = [&](int32_t dtype, int64_t rows, int64_t classes, void* first, int64_t stride,
                       double threshold, void* out, int32_t threads) {
    return cd_kendall_tau(dtype, rows, classes, first, stride, b.data(), 5, threshold, out, nullptr,
                          threads);
  };
  expect_rejected(raw(4, 3, 5, a.data(), 5, 0, tau.data(), 0), {"dtype", "got 4"});
  expect_rejected(raw(CD_F32, -1, 5, a.data(), 5, 0, tau.data(), 0), {"rows", "-1"});
  expect_rejected(raw(CD_F32, 3, 0, a.data(), 5, 0, tau.data(), 0), {"classes", "got 0"});
  expect_rejected(raw(CD_F32, 3, 5, a.data(), 4, 0, tau.data(), 0), {"a: ", "stride", "got 4"});
  expect_rejected(raw(CD_F32, 3, 5, nullptr, 5, 0, tau.data(), 0), {"a: ", "null"});
  expect_rejected(raw(CD_F32, 3, 5, a.data(), 5, std::nan(""), tau.data(), 0), {"threshold"});
  expect_rejected(raw(CD_F32, 3, 5, a.data(), 5, 0, nullptr, 0), {"tau", "null"});
  expect_rejected(raw(CD_F32, 3, 5, a.data(), 5, 0, b.data(), 0), {"tau", "overlaps b"});
  expect_rejected(raw(CD_F32, 3, 5, a.data(), 5, 0, tau.data(), -1), {"threads", "-1"});
  EXPECT_TRUE(tau.untouched());
}

}  // namespace
