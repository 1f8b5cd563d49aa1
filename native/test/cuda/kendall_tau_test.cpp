// Kendall's tau-b on the device under test: the counts are exact, so tau has the reference's bits.
//
// Sizes: a warp compares rows of up to 128 classes, a block of up to 1024 (on the simulator 200),
// and sorts longer ones.
#include "test/cuda/device.h"
#include "test/reference_logits.h"

namespace {

using device::Array;
using device::kDtypes;
using device::Numbers;
using device::Placement;

struct Case {
  int32_t dtype = CD_F32;
  int64_t rows = 0;
  int64_t classes = 0;
  double threshold = 0;
  Placement placement;
  std::vector<double> a, b;
};

struct Outputs {
  std::vector<double> tau, mask;
};

// Multiples of `step`, so that a large one makes many ties; b goes partly along with a.
Case random_case(uint64_t seed, int32_t dtype, int64_t rows, int64_t classes, double step) {
  Numbers numbers(seed);
  Case c;
  c.dtype = dtype;
  c.rows = rows;
  c.classes = classes;
  for (int64_t k = 0; k < rows * classes; ++k) {
    const double x = numbers.normal();
    c.a.push_back(Numbers::rounded(step * std::nearbyint(x / step)));
    c.b.push_back(Numbers::rounded(step * std::nearbyint((x + 2 * numbers.normal()) / step)));
  }
  c.threshold = 0.25;
  return c;
}

Outputs run(const Case& c) {
  const Array a(c.dtype, c.a, c.rows, c.classes, c.placement);
  const Array b(c.dtype, c.b, c.rows, c.classes, {2 * c.placement.gap, 0});
  const Array tau(device::accumulator(c.dtype), c.rows, 1), mask(device::kByte, c.rows, 1);
  const Array workspace = device::workspace([&](int64_t* bytes) {
    return cd_kendall_tau_cuda_workspace(c.dtype, c.rows, c.classes, bytes);
  });
  EXPECT_EQ(cd_kendall_tau_cuda(c.dtype, c.rows, c.classes, a.data(), a.stride(), b.data(),
                                b.stride(), c.threshold, tau.data(), mask.as<uint8_t>(),
                                workspace.data(), workspace.rows(), nullptr),
            CD_OK)
      << cd_last_error();
  a.values("a");
  b.values("b");
  workspace.values("workspace");
  return {tau.values("tau"), mask.values("mask")};
}

void expect_exact(const Case& c) {
  SCOPED_TRACE(std::string(device::name_of(c.dtype)) + " " + std::to_string(c.rows) + "x" +
               std::to_string(c.classes));
  const auto [out, again] = device::run_both_ways([&] { return run(c); });
  EXPECT_EQ(out.mask, again.mask);
  for (int64_t i = 0; i < c.rows; ++i) {
    const size_t row = static_cast<size_t>(i), at = static_cast<size_t>(i * c.classes);
    const double want = reference::kendall_tau(&c.a[at], &c.b[at], c.classes);
    EXPECT_EQ(out.mask[row], want > c.threshold ? 1 : 0);
    if (std::isnan(want)) {
      EXPECT_TRUE(std::isnan(out.tau[row]));
      continue;
    }
    const double tolerance = c.dtype == CD_F64 ? 1e-15 : 6e-8;
    EXPECT_NEAR(out.tau[row], want, tolerance);
    EXPECT_EQ(out.tau[row], again.tau[row]);
  }
}

class KendallTauCuda : public device::Test {};

TEST_F(KendallTauCuda, agreesWithTheReferenceAtEverySize) {
  const int64_t sizes[] = {1,   2,   3,   7,   31,  33,  63,  65,   127,
                           129, 199, 200, 201, 309, 511, 513, 1000, 1025};
  uint64_t seed = 0;
  for (const int32_t dtype : kDtypes) {
    for (const int64_t classes : sizes) {
      for (const double step : {0x1p-6, 0.5}) {
        ++seed;
        Case c = random_case(seed, dtype, static_cast<int64_t>(seed % 10), classes, step);
        c.placement = {static_cast<int64_t>(seed % 4), static_cast<int64_t>(seed % 2)};
        if (wanted()) expect_exact(c);
      }
    }
  }
}

TEST_F(KendallTauCuda, aSortedRowMayBeVeryLong) {
  if (wanted()) expect_exact(random_case(3, CD_F32, 2, 5000, 0x1p-5));
}

TEST_F(KendallTauCuda, moreRowsThanBlocksThatSort) {
  if (wanted()) expect_exact(random_case(4, CD_F32, 1030, 1025, 0.25));
}

TEST_F(KendallTauCuda, knownValues) {
  struct Known {
    std::vector<double> a, b;
    double tau;
  };
  const std::vector<Known> known = {
      {{1, 2, 2, 3}, {1, 3, 2, 2}, 0.4},
      {{1, 2, 3, 4}, {10, 20, 30, 40}, 1},
      {{1, 2, 3, 4}, {4, 3, 2, 1}, -1},
      {{0.0, -0.0, 1, 2}, {0, 0, 5, 7}, 1},  // the zeros tie
      {{-HUGE_VAL, 0, HUGE_VAL, 1}, {-1, 0, 2, 1}, 1},
  };
  for (const Known& k : known) {
    Case c;
    c.dtype = CD_F64;
    c.rows = 1;
    // Once as they are, and once so often that the row is sorted: the order stays, and so does a
    // tau of 1 or -1.
    c.classes = 4;
    c.a = k.a;
    c.b = k.b;
    EXPECT_EQ(run(c).tau[0], k.tau);
  }
}

TEST_F(KendallTauCuda, zerosTieAndOrdersAreExactWhereRowsAreSorted) {
  Case c;
  c.dtype = CD_F32;
  c.rows = 2;
  c.classes = 1025;
  for (int64_t i = 0; i < 2; ++i) {
    for (int64_t j = 0; j < 1025; ++j) {
      const double x = static_cast<double>(std::abs(j - 700)) * (j % 2 == 0 ? 1 : -1);
      c.a.push_back(j < 9 ? (j % 2 == 0 ? 0.0 : -0.0) : x);
      c.b.push_back(j < 9 ? 0.0 : (i == 0 ? 3 : -3) * x);
    }
  }
  const Outputs out = run(c);
  EXPECT_EQ(out.tau[0], 1);
  EXPECT_EQ(out.tau[1], -1);
}

TEST_F(KendallTauCuda, aConstantRowOrANanHasNoTau) {
  for (const int64_t classes : {5, 150, 1025}) {
    Case c = random_case(9, CD_F32, 4, classes, 0x1p-4);
    const size_t n = static_cast<size_t>(classes);
    for (size_t j = 0; j < n; ++j) c.a[j] = c.b[n + j] = 2;
    c.b[2 * n + n - 1] = std::nan("");
    c.threshold = -2;
    const Outputs out = run(c);
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_TRUE(std::isnan(out.tau[i])) << i << " of " << classes;
      EXPECT_EQ(out.mask[i], 0);
    }
    EXPECT_FALSE(std::isnan(out.tau[3]));
    EXPECT_EQ(out.mask[3], 1);
  }
}

}  // namespace
