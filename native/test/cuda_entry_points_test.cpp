// The device functions on a machine that cannot run them: a status and a line of text, no crash.
// (What they compute is tested in test/cuda, on the simulator and on a GPU.)
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "crossdistill.h"

namespace {

// Valid calls of every device function on host memory, which no launch may reach.
class CudaEntryPoints : public testing::Test {
 protected:
  void SetUp() override {
    if (cd_cuda_device_count() > 0) GTEST_SKIP() << "there is a GPU";
    set_.rows = 1;
    set_.embeddings = in_.data();
    set_.embeddings_stride = 2;
    set_.labels = labels_.data();
    set_.grad_scale = 1;
    set_.loss = out_.data();
  }

  void expect_refusal(int32_t status) const {
    if (cd_cuda_built() == 0) {
      EXPECT_EQ(status, CD_UNSUPPORTED);
      EXPECT_NE(std::string(cd_last_error()).find("without CUDA"), std::string::npos);
    } else {
      EXPECT_EQ(status, CD_DEVICE_ERROR);
      EXPECT_NE(std::string(cd_last_error()).find("CUDA"), std::string::npos);
    }
    EXPECT_EQ(out_, std::vector<float>(4, 7));
  }

  std::vector<float> in_ = {1, 2, 3, 4}, out_ = std::vector<float>(4, 7);
  std::vector<int64_t> labels_ = {0}, bad_row_ = {7};
  std::vector<char> workspace_ = std::vector<char>(16 << 20);
  cd_row_set set_ = {};
};

TEST_F(CudaEntryPoints, theDeviceCountIsZeroForAReason) {
  EXPECT_EQ(cd_cuda_device_count(), 0);
  EXPECT_NE(std::string(cd_last_error()).find("CUDA"), std::string::npos) << cd_last_error();
}

TEST_F(CudaEntryPoints, versionsAreToldWithoutADevice) {
  int32_t driver = -1, built_with = -1;
  const int32_t status = cd_cuda_versions(&driver, &built_with);
  if (cd_cuda_built() == 0) {
    EXPECT_EQ(status, CD_UNSUPPORTED);
    EXPECT_EQ(driver, -1);
  } else {
    EXPECT_EQ(status, CD_OK) << cd_last_error();
    EXPECT_GE(driver, 0);
    EXPECT_GE(built_with, 11000);
    EXPECT_EQ(cd_cuda_versions(nullptr, &built_with), CD_INVALID_ARGUMENT);
  }
}

TEST_F(CudaEntryPoints, featureMarginRefuses) {
  expect_refusal(cd_feature_margin_cuda(CD_F32, 1, 2, in_.data(), 2, in_.data() + 2, 2, nullptr,
                                        CD_DISTANCE_NORMALIZED, 0.1, CD_MEAN, 1, out_.data(),
                                        nullptr, nullptr, nullptr, 2, nullptr, 2, nullptr,
                                        workspace_.data(), int64_t{16} << 20, nullptr));
}

TEST_F(CudaEntryPoints, marginClassifierRefuses) {
  expect_refusal(cd_margin_classifier_cuda(CD_F32, 2, 2, in_.data(), 2, nullptr, &set_, 1, nullptr,
                                           CD_CLASSIFIER_AAM, 32, 0.2, 0, CD_MEAN, nullptr, 2,
                                           nullptr, bad_row_.data(), workspace_.data(),
                                           int64_t{16} << 20, nullptr));
}

TEST_F(CudaEntryPoints, theLossesOnLogitsRefuse) {
  expect_refusal(cd_kd_cuda(CD_F32, 1, 2, in_.data(), 2, in_.data() + 2, 2, labels_.data(), nullptr,
                            CD_TARGET_KEPT, 4, CD_MEAN, 1, out_.data(), nullptr, nullptr, 2,
                            nullptr, 2, nullptr, bad_row_.data(), workspace_.data(),
                            int64_t{16} << 20, nullptr));
  expect_refusal(cd_dkd_cuda(CD_F32, 1, 2, in_.data(), 2, in_.data() + 2, 2, labels_.data(),
                             nullptr, 1, 8, 4, CD_MEAN, 1, out_.data(), nullptr, nullptr, 2,
                             nullptr, 2, nullptr, bad_row_.data(), workspace_.data(),
                             int64_t{16} << 20, nullptr));
  expect_refusal(cd_kendall_tau_cuda(CD_F32, 1, 2, in_.data(), 2, in_.data() + 2, 2, 0, out_.data(),
                                     nullptr, workspace_.data(), int64_t{16} << 20, nullptr));
  std::vector<float> terms(8, 7);
  cd_logits networks[4];
  for (cd_logits& network : networks) network = {in_.data(), 2, nullptr, 2};
  expect_refusal(cd_c2kd_cuda(CD_F32, 1, 2, networks, labels_.data(), CD_TARGET_ZERO, 1, 0, 1,
                              out_.data(), terms.data(), nullptr, bad_row_.data(),
                              workspace_.data(), int64_t{16} << 20, nullptr));
  EXPECT_EQ(terms, std::vector<float>(8, 7));
}

TEST_F(CudaEntryPoints, rowNormsAndQualityWeightsRefuse) {
  expect_refusal(cd_row_norms_cuda(CD_F32, 1, 2, in_.data(), 2, out_.data(), nullptr));
  std::vector<double> statistics(CD_QUALITY_STATISTICS, 1);
  expect_refusal(cd_quality_weights_cuda(CD_F32, 1, in_.data(), in_.data() + 1,
                                         CD_QUALITY_DIFFERENCE, 1, 0.333, 0.01, 1,
                                         statistics.data(), out_.data(), nullptr));
  uint32_t ticket = 0;
  expect_refusal(cd_embedding_weights_cuda(
      CD_F32, 1, 2, 2, in_.data(), 2, in_.data() + 2, 2, CD_QUALITY_DIFFERENCE, 1, 0.333, 0.01, 1,
      statistics.data(), out_.data(), out_.data() + 1, out_.data() + 2, &ticket, nullptr));
  EXPECT_EQ(statistics, std::vector<double>(CD_QUALITY_STATISTICS, 1));
}

TEST_F(CudaEntryPoints, workspacesAreToldWithoutADevice) {
  int64_t bytes = -1;
  const int32_t expected = cd_cuda_built() == 0 ? CD_UNSUPPORTED : CD_OK;
  EXPECT_EQ(cd_feature_margin_cuda_workspace(CD_F32, 1, 2, &bytes), expected);
  EXPECT_EQ(cd_margin_classifier_cuda_workspace(CD_F32, 2, 2, &set_, 1, &bytes), expected);
  EXPECT_EQ(bytes > 0, expected == CD_OK);
  EXPECT_EQ(cd_kd_cuda_workspace(CD_F32, 1, 2, &bytes), expected);
  EXPECT_EQ(cd_dkd_cuda_workspace(CD_F32, 1, 2, &bytes), expected);
  EXPECT_EQ(cd_kendall_tau_cuda_workspace(CD_F32, 1, 2, &bytes), expected);
  EXPECT_EQ(cd_c2kd_cuda_workspace(CD_F32, 1, 2, &bytes), expected);
}

}  // namespace
