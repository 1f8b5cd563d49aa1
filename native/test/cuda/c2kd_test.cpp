// Customised cross-modal distillation on the device under test against the float64 reference.
//
// Sizes as in kd_test.cpp, for four rows: a warp up to 5.9 KiB, a block up to 47 KiB, read again
// beyond.
#include <algorithm>

#include "test/cuda/device.h"
#include "test/reference_c2kd.h"

namespace {

using device::Array;
using device::kDtypes;
using device::Numbers;
using device::Placement;

constexpr int32_t kTargets[] = {CD_TARGET_ZERO, CD_TARGET_EXCLUDED};
constexpr int kNetworks = 4;

struct Case {
  int32_t dtype = CD_F32;
  int64_t rows = 0;
  int64_t classes = 0;
  reference::C2kdOptions options;
  Placement placement;
  std::vector<std::vector<double>> logits;
  std::vector<int64_t> labels;
};

struct Outputs {
  std::vector<double> loss, terms, tau, bad_row, grads[kNetworks];
};

Case random_case(uint64_t seed, int32_t dtype, int64_t rows, int64_t classes, int32_t target,
                 double spread = 3) {
  Numbers numbers(seed);
  Case c;
  c.dtype = dtype;
  c.rows = rows;
  c.classes = classes;
  for (int k = 0; k < kNetworks; ++k) {
    c.logits.push_back(numbers.normals(rows * classes));
    for (double& x : c.logits.back()) x = Numbers::rounded(spread * x);
  }
  c.labels = numbers.labels(rows, classes);
  c.options.target = target;
  c.options.temperature = seed % 2 == 0 ? 1 : 3;
  c.options.grad_scale = seed % 3 == 0 ? -1.5 : 1;
  return c;
}

Outputs run(const Case& c) {
  const int32_t a = device::accumulator(c.dtype);
  const Array labels = device::label_array(c.labels);
  const Array loss(a, 1, 1), terms(a, 8, 1), tau(a, c.rows, 1), bad_row(device::kInt64, 1, 1);
  std::vector<std::unique_ptr<Array>> inputs, grads;
  cd_logits networks[kNetworks];
  for (size_t k = 0; k < kNetworks; ++k) {
    const Placement placement = {c.placement.gap * static_cast<int64_t>(k), c.placement.shift};
    inputs.push_back(std::make_unique<Array>(c.dtype, c.logits[k], c.rows, c.classes, c.placement));
    grads.push_back(std::make_unique<Array>(c.dtype, c.rows, c.classes, placement));
    networks[k] = {inputs[k]->data(), inputs[k]->stride(), grads[k]->data(), grads[k]->stride()};
  }
  const Array workspace = device::workspace(
      [&](int64_t* bytes) { return cd_c2kd_cuda_workspace(c.dtype, c.rows, c.classes, bytes); });
  EXPECT_EQ(cd_c2kd_cuda(c.dtype, c.rows, c.classes, networks, labels.as<int64_t>(),
                         c.options.target, c.options.temperature, c.options.threshold,
                         c.options.grad_scale, loss.data(), terms.data(), tau.data(),
                         bad_row.as<int64_t>(), workspace.data(), workspace.rows(), nullptr),
            CD_OK)
      << cd_last_error();
  workspace.values("workspace");
  Outputs out = {
      loss.values("loss"), terms.values("terms"), tau.values("tau"), bad_row.values("bad_row"), {}};
  for (size_t k = 0; k < kNetworks; ++k) {
    inputs[k]->values("logits");
    out.grads[k] = grads[k]->values("grad");
  }
  return out;
}

void expect_right(const Case& c) {
  SCOPED_TRACE(std::string(device::name_of(c.dtype)) + " " + std::to_string(c.rows) + "x" +
               std::to_string(c.classes) + " target " + std::to_string(c.options.target));
  const auto [out, again] = device::run_both_ways([&] { return run(c); });
  const reference::C2kd want = reference::c2kd(c.logits, c.labels, c.rows, c.classes, c.options);
  double loss = 0;
  for (const double term : want.terms) loss += term;
  const int32_t a = device::accumulator(c.dtype);
  device::expect_near("loss", out.loss, {loss}, a);
  device::expect_near("terms", out.terms, want.terms, a);
  EXPECT_EQ(out.terms, again.terms);
  EXPECT_EQ(out.bad_row[0], -1);
  for (size_t k = 0; k < kNetworks; ++k) {
    device::expect_near("grad", out.grads[k], want.grads[k], c.dtype);
    EXPECT_EQ(out.grads[k], again.grads[k]) << "other bits in another order";
  }
}

class C2kdCuda : public device::Test {};

TEST_F(C2kdCuda, agreesWithTheReferenceAtEveryShape) {
  const int64_t sizes[] = {1, 2, 3, 7, 31, 33, 63, 65, 127, 129, 511, 513, 1000, 1025};
  const int64_t row_counts[] = {1, 7, 9, 17};
  uint64_t seed = 0;
  for (const int32_t dtype : kDtypes) {
    for (const int32_t target : kTargets) {
      for (const int64_t classes : sizes) {
        ++seed;
        Case c = random_case(seed, dtype, row_counts[seed % 4], classes, target);
        c.placement = {seed % 3 == 0 ? 5 : 0, seed % 7 == 0 ? 1 : 0};
        c.options.threshold = seed % 2 == 0 ? 0 : -0.1;
        if (wanted()) expect_right(c);
      }
    }
  }
}

TEST_F(C2kdCuda, longRowsAreReadAgain) {
  for (const int32_t dtype : kDtypes) {
    if (wanted()) expect_right(random_case(8, dtype, 2, 6100, CD_TARGET_EXCLUDED));
  }
}

TEST_F(C2kdCuda, agreesWithTheReferenceOnPeakedLogits) {
  for (const int32_t dtype : kDtypes) {
    for (const int32_t target : kTargets) {
      if (wanted()) expect_right(random_case(4, dtype, 9, 65, target, 60));
    }
  }
}

TEST_F(C2kdCuda, theProxiesTeachEachOtherAboveTheThresholdAlone) {
  Case c = random_case(20, CD_F32, 9, 33, CD_TARGET_ZERO);
  c.options.threshold = 1;
  const Outputs none = run(c);
  EXPECT_EQ(none.terms[6], 0);
  EXPECT_EQ(none.terms[7], 0);
  c.options.threshold = -1.5;
  EXPECT_GT(run(c).terms[6], 0);
}

TEST_F(C2kdCuda, whatIsNotFiniteGivesALossThatIsNot) {
  for (const double poison : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    for (size_t k = 0; k < kNetworks; ++k) {
      Case c = random_case(10, CD_F32, 3, 9, CD_TARGET_ZERO);
      c.labels = {0, 1, 2};
      c.logits[k][13] = poison;
      const Outputs out = run(c);
      EXPECT_FALSE(std::isfinite(out.loss[0]));
      EXPECT_TRUE(std::isfinite(out.grads[k][0]) && std::isfinite(out.grads[k][18]));
    }
  }
}

TEST_F(C2kdCuda, aBadLabelGivesNanAndIsNamed) {
  Case c = random_case(7, CD_F32, 12, 9, CD_TARGET_EXCLUDED);
  c.labels[5] = 9;
  const Outputs out = run(c);
  EXPECT_EQ(out.bad_row[0], 5);
  EXPECT_TRUE(std::isnan(out.loss[0]) && std::isnan(out.terms[0]));
  for (const auto& grad : out.grads) {
    for (size_t j = 45; j < 54; ++j) EXPECT_EQ(grad[j], 0);
  }
}

TEST_F(C2kdCuda, withoutRowsThatCountTheLossIsZero) {
  Case c = random_case(7, CD_F32, 3, 9, CD_TARGET_ZERO);
  c.labels.assign(3, CD_IGNORE_LABEL);
  const Outputs out = run(c);
  EXPECT_EQ(out.loss[0], 0);
  EXPECT_EQ(out.grads[2], std::vector<double>(27, 0));
  EXPECT_EQ(run(random_case(7, CD_F32, 0, 9, CD_TARGET_ZERO)).loss[0], 0);
}

}  // namespace
