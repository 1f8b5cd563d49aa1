#include <algorithm>

#include "regimes.h"
#include "test_arrays.h"

namespace {

using Values = std::vector<double>;
using Real = long double;

struct Case {
  int32_t dtype = CD_F64;
  int64_t rows = 0, candidates = 0, dim = 0;
  Values embeddings, memory, counts;
  std::vector<int64_t> own;
  bool counted = true;
  double temperature = 0.25, normaliser = 40, grad_scale = 1;
  int64_t negatives = 0, samples = 100;
  int64_t extra_stride = 0;
  int32_t threads = 0;

  Real count(int64_t i, int64_t j) const {
    return counted ? static_cast<Real>(counts[static_cast<size_t>(i * candidates + j)]) : 1;
  }
  Real product(int64_t i, int64_t j) const {
    Real sum = 0;
    for (int64_t d = 0; d < dim; ++d) {
      sum += static_cast<Real>(embeddings[static_cast<size_t>(i * dim + d)]) *
             static_cast<Real>(memory[static_cast<size_t>(j * dim + d)]);
    }
    return sum;
  }
};

// Rows and candidates about 1 long, counts 0 to 3, the own candidate once.
Case random_case(uint64_t seed, int32_t dtype, int64_t rows, int64_t candidates, int64_t dim) {
  Random random(seed);
  Case c;
  c.dtype = dtype;
  c.rows = rows;
  c.candidates = candidates;
  c.dim = dim;
  const double scale = 1 / std::sqrt(static_cast<double>(std::max<int64_t>(1, dim)));
  c.embeddings = random.array(dtype, rows * dim, scale);
  c.memory = random.array(dtype, candidates * dim, scale);
  for (int64_t i = 0; i < rows; ++i) {
    c.own.push_back(random.below(candidates));
    for (int64_t j = 0; j < candidates; ++j) {
      c.counts.push_back(j == c.own.back() ? 1 : static_cast<double>(random.below(4)));
    }
  }
  c.negatives = candidates + 1;
  return c;
}

struct Expected {
  double loss = 0;
  Values grad;
};

// The definition, by x = exp(g.c / T) / Z.
Expected expected(const Case& c) {
  const Real chance = static_cast<Real>(c.negatives) / static_cast<Real>(c.samples);
  const Real noise = chance + Real{1e-7}, temperature = static_cast<Real>(c.temperature);
  Expected result;
  Real loss = 0;
  for (int64_t i = 0; i < c.rows; ++i) {
    std::vector<Real> grad(static_cast<size_t>(c.dim));
    for (int64_t j = 0; j < c.candidates; ++j) {
      const Real x = std::exp(c.product(i, j) / temperature) / static_cast<Real>(c.normaliser);
      const bool own = j == c.own[static_cast<size_t>(i)];
      const Real others = c.count(i, j) - (own ? 1 : 0);
      if (own) loss -= std::log(x / (x + noise));
      loss -= others * std::log(noise / (x + noise));
      const Real slope = others * x / (x + noise) - (own ? noise / (x + noise) : 0);
      for (int64_t d = 0; d < c.dim; ++d) {
        grad[static_cast<size_t>(d)] +=
            slope * static_cast<Real>(c.memory[static_cast<size_t>(j * c.dim + d)]);
      }
    }
    // As many draws as are said, whatever the counts add up to.
    loss += static_cast<Real>(c.negatives) * std::log(noise / chance);
    for (const Real g : grad) {
      result.grad.push_back(static_cast<double>(static_cast<Real>(c.grad_scale) * g /
                                                (static_cast<Real>(c.rows) * temperature)));
    }
  }
  result.loss = c.rows == 0 ? 0 : static_cast<double>(loss / static_cast<Real>(c.rows));
  return result;
}

struct Answer {
  TestMatrix loss, grad;

  explicit Answer(const Case& c)
      : loss(accumulator_of(c.dtype), 1, 1), grad(c.dtype, c.rows, c.dim, 3 * c.extra_stride) {}

  bool intact() { return loss.intact() && grad.intact(); }
};

int32_t call(const Case& c, Answer& answer, bool with_gradient = true) {
  TestMatrix g(c.dtype, c.rows, c.dim, c.embeddings, c.extra_stride);
  TestMatrix memory(c.dtype, c.candidates, c.dim, c.memory, 2 * c.extra_stride);
  TestMatrix counts(accumulator_of(c.dtype), c.rows, c.candidates, c.counts, c.extra_stride);
  return cd_crd(c.dtype, c.rows, c.candidates, c.dim, g.data(), g.stride(), memory.data(),
                memory.stride(), c.own.data(), c.counted ? counts.data() : nullptr, counts.stride(),
                c.temperature, c.normaliser, c.negatives, c.samples, c.grad_scale,
                answer.loss.data(), with_gradient ? answer.grad.data() : nullptr,
                answer.grad.stride(), c.threads);
}

void expect_right(const Case& c) {
  SCOPED_TRACE(std::string(dtype_name(c.dtype)) + " B " + std::to_string(c.rows) + " K " +
               std::to_string(c.candidates) + " D " + std::to_string(c.dim));
  Answer answer(c);
  ASSERT_EQ(call(c, answer), CD_OK) << cd_last_error();
  const Expected right = expected(c);
  EXPECT_LE(error_of(answer.loss.values(), {right.loss}), tolerance_of(c.dtype));
  EXPECT_LE(error_of(answer.grad.values(), right.grad),
            std::max(tolerance_of(c.dtype), rounding_of(c.dtype)));
  EXPECT_TRUE(answer.intact());
}

TEST(Crd, AgreesWithTheDefinitionAtEverySize) {
  uint64_t seed = 1;
  for (int32_t dtype : kDtypes) {
    for (int64_t size : kRegimes) {
      const int64_t some = std::max<int64_t>(1, size);
      for (Case c :
           {random_case(++seed, dtype, size, 33, 17), random_case(++seed, dtype, 7, some, 33),
            random_case(++seed, dtype, 7, 33, size)}) {
        c.extra_stride = size % 3;
        c.grad_scale = 0.5;
        expect_right(c);
        c.counted = false;
        c.extra_stride = 0;
        expect_right(c);
      }
    }
  }
}

TEST(Crd, ManyTilesAndGroups) {
  for (int32_t dtype : kDtypes) expect_right(random_case(3, dtype, 70, 2500, 130));
}

TEST(Crd, GradientsAreDerivatives) {
  Case c = random_case(4, CD_F64, 3, 9, 4);
  Answer answer(c);
  ASSERT_EQ(call(c, answer), CD_OK);
  const double step = 1e-5;
  for (size_t k = 0; k < c.embeddings.size(); ++k) {
    const double x = c.embeddings[k];
    Answer above(c), below(c);
    c.embeddings[k] = x + step;
    ASSERT_EQ(call(c, above), CD_OK);
    c.embeddings[k] = x - step;
    ASSERT_EQ(call(c, below), CD_OK);
    c.embeddings[k] = x;
    const int64_t i = static_cast<int64_t>(k);
    EXPECT_NEAR(answer.grad.value(i / 4, i % 4),
                (above.loss.value(0) - below.loss.value(0)) / (2 * step), 1e-8);
  }
}

// A row that is far closer to its own candidate than to any other has a small loss, all of whose
// digits count.
TEST(Crd, FoundCandidatesKeepTheirDigits) {
  for (int32_t dtype : {CD_F64, CD_F32}) {
    Case c = random_case(5, dtype, 4, 4, 4);
    std::fill(c.embeddings.begin(), c.embeddings.end(), 0);
    std::fill(c.memory.begin(), c.memory.end(), -1);
    for (size_t i = 0; i < 4; ++i) {
      c.own[i] = static_cast<int64_t>(i);
      c.embeddings[5 * i] = 1;
      c.memory[5 * i] = 1;
    }
    c.counted = false;
    c.temperature = 0.0625;
    Answer answer(c);
    ASSERT_EQ(call(c, answer), CD_OK);
    const double right = expected(c).loss;
    EXPECT_LT(right, 1e-4);
    EXPECT_LE(std::fabs(answer.loss.value(0) / right - 1), 10 * tolerance_of(dtype));
  }
}

// Similarities whose exponentials no type holds.
TEST(Crd, SimilaritiesOfAnySizeGiveAFiniteLoss) {
  for (int32_t dtype : kDtypes) {
    Case c = random_case(6, dtype, 1, 2, 1);
    c.embeddings = {1};
    c.memory = {-8, 64};
    c.own = {0};
    c.counts = {1, 1};
    c.temperature = 1.0 / 16;
    c.negatives = 1;
    Answer answer(c);
    ASSERT_EQ(call(c, answer), CD_OK);
    EXPECT_NEAR(answer.loss.value(0), (8 + 64) * 16, 1e-3);
    EXPECT_NEAR(answer.grad.value(0), (8 + 64) * 16, 4);
  }
}

TEST(Crd, WithoutGradientTheLossIsTheSame) {
  const Case c = random_case(7, CD_F32, 19, 140, 33);
  Answer with(c), without(c);
  ASSERT_EQ(call(c, with), CD_OK);
  ASSERT_EQ(call(c, without, false), CD_OK);
  EXPECT_EQ(with.loss.bits(), without.loss.bits());
  EXPECT_TRUE(without.grad.untouched());
}

TEST(Crd, ThreadsAndRepetitionsChangeNoBit) {
  for (int32_t dtype : kDtypes) {
    Case c = random_case(8, dtype, 64, 1047, 128);
    c.threads = 1;
    Answer one(c);
    ASSERT_EQ(call(c, one), CD_OK);
    for (int32_t threads : {0, 2, 3, 5, 1}) {
      c.threads = threads;
      Answer other(c);
      ASSERT_EQ(call(c, other), CD_OK);
      EXPECT_EQ(one.loss.bits(), other.loss.bits());
      EXPECT_EQ(one.grad.bits(), other.grad.bits());
    }
  }
}

// Wherever it stands, whether it counts or not.
TEST(Crd, NonFiniteInputMakesTheLossNonFinite) {
  for (int32_t dtype : kDtypes) {
    for (double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
      for (bool of_memory : {true, false}) {
        Case c = random_case(9, dtype, 9, 50, 5);
        (of_memory ? c.memory : c.embeddings)[13] = bad;
        for (int64_t i = 0; i < c.rows; ++i) c.counts[static_cast<size_t>(i * 50 + 2)] = 0;
        Answer answer(c);
        ASSERT_EQ(call(c, answer), CD_OK);
        EXPECT_FALSE(std::isfinite(answer.loss.value(0))) << dtype_name(dtype) << bad << of_memory;
      }
    }
  }
}

TEST(Crd, RejectsBadArgumentsAndWritesNothing) {
  TestMatrix g(CD_F32, 2, 3, Values(6, 1)), memory(CD_F32, 4, 3, Values(12, 1)),
      counts(CD_F32, 2, 4, Values(8, 1)), loss(CD_F32, 1, 1), grad(CD_F32, 2, 3);
  struct Raw {
    int32_t dtype = CD_F32;
    int64_t rows = 2, candidates = 4, dim = 3, memory_stride = 3, counts_stride = 4;
    const void* memory;
    std::vector<int64_t> own = {0, 3};
    double temperature = 0.5, normaliser = 2, grad_scale = 1;
    int64_t negatives = 3, samples = 4;
    void* loss;
    void* grad;
    int32_t threads = 0;
  };
  const auto rejected = [&](const auto& change, std::initializer_list<std::string> parts) {
    Raw r;
    r.memory = memory.data();
    r.loss = loss.data();
    r.grad = grad.data();
    change(r);
    expect_rejected(cd_crd(r.dtype, r.rows, r.candidates, r.dim, g.data(), 3, r.memory,
                           r.memory_stride, r.own.empty() ? nullptr : r.own.data(), counts.data(),
                           r.counts_stride, r.temperature, r.normaliser, r.negatives, r.samples,
                           r.grad_scale, r.loss, r.grad, 3, r.threads),
                    parts);
  };
  rejected([](Raw& r) { r.dtype = 7; }, {"dtype", "got 7"});
  rejected([](Raw& r) { r.rows = -1; }, {"rows", "-1"});
  rejected([](Raw& r) { r.candidates = 0; }, {"candidates", "got 0"});
  rejected([](Raw& r) { r.dim = -3; }, {"dim", "-3"});
  rejected([](Raw& r) { r.memory_stride = 2; }, {"memory: ", "stride", "got 2"});
  rejected([](Raw& r) { r.counts_stride = 3; }, {"counts: ", "stride", "got 3"});
  rejected([](Raw& r) { r.memory = nullptr; }, {"memory: ", "null"});
  rejected([](Raw& r) { r.own.clear(); }, {"own: ", "null"});
  rejected([](Raw& r) { r.own = {0, 4}; }, {"own: ", "from 0 to 3", "got 4 in row 1"});
  rejected([](Raw& r) { r.own = {-1, 0}; }, {"own: ", "got -1 in row 0"});
  rejected([](Raw& r) { r.temperature = 0; }, {"temperature", "got 0"});
  rejected([](Raw& r) { r.normaliser = -1; }, {"normaliser", "above 0", "got -1"});
  rejected([](Raw& r) { r.normaliser = std::nan(""); }, {"normaliser", "nan"});
  rejected([](Raw& r) { r.negatives = 0; }, {"negatives", "got 0"});
  rejected([](Raw& r) { r.samples = 0; }, {"samples", "got 0"});
  rejected([](Raw& r) { r.grad_scale = HUGE_VAL; }, {"grad_scale", "inf"});
  rejected([](Raw& r) { r.loss = nullptr; }, {"loss", "null"});
  rejected([&](Raw& r) { r.grad = g.data(); }, {"grad_embeddings", "overlaps embeddings"});
  rejected([](Raw& r) { r.threads = -1; }, {"threads", "-1"});
  EXPECT_TRUE(loss.untouched());
  EXPECT_TRUE(grad.untouched());
}

}  // namespace
