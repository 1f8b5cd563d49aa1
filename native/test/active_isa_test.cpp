#include <cstdlib>
#include <cstring>

#include "test/isa/simd_probe.h"
#include "test_arrays.h"

namespace {

TEST(ActiveIsa, IsTheOneThatTheEnvironmentNames) {
  int32_t isa = -1;
  ASSERT_EQ(cd_active_isa(&isa), CD_OK) << cd_last_error();
  const char* wanted = std::getenv("CROSSDISTILL_ISA");
  if (wanted != nullptr) {
    EXPECT_STREQ(cd_isa_name(isa), wanted);
  }
  EXPECT_EQ(cd_isa_supported(isa), 1);
}

TEST(ActiveIsa, RunsOnVectorsOfItsSize) {
  int32_t isa = -1;
  ASSERT_EQ(cd_active_isa(&isa), CD_OK);
  EXPECT_EQ(CD_OF_ACTIVE_ISA(probe_vector_bytes)(), cd::active_vector_bytes());
}

TEST(ActiveIsa, NamesAndSupport) {
  EXPECT_STREQ(cd_isa_name(CD_ISA_PORTABLE), "portable");
  EXPECT_STREQ(cd_isa_name(CD_ISA_AVX2), "avx2");
  EXPECT_STREQ(cd_isa_name(CD_ISA_AVX512), "avx512");
  EXPECT_STREQ(cd_isa_name(CD_ISA_AVX512BF16), "avx512bf16");
  EXPECT_STREQ(cd_isa_name(CD_ISA_AMX), "amx");
  EXPECT_STREQ(cd_isa_name(-1), "unknown");
  EXPECT_STREQ(cd_isa_name(5), "unknown");
  EXPECT_EQ(cd_isa_supported(CD_ISA_PORTABLE), 1);
  EXPECT_EQ(cd_isa_supported(5), 0);
  EXPECT_STRNE(cd_cpu_features(), "");
  expect_rejected(cd_active_isa(nullptr), {"isa", "null"});
}

// In a process of its own, because the choice is made once.
void exit_with_answer(const char* wanted, int32_t status, const char* text) {
  setenv("CROSSDISTILL_ISA", wanted, 1);
  int32_t isa = -1;
  bool good = cd_active_isa(&isa) == status;
  if (status != CD_OK) {
    const float x = 1;
    float norm = -1;
    good = good && isa == -1 && std::strstr(cd_last_error(), text) != nullptr;
    good = good && cd_row_norms(CD_F32, 1, 1, &x, 1, &norm, 0) == status && norm == -1;
    double statistics[CD_QUALITY_STATISTICS] = {};
    float norms[3] = {-1, -1, -1};
    good = good && cd_embedding_weights(CD_F32, 1, 1, 1, &x, 1, &x, 1, 0, 1, 1, 1, 1, statistics,
                                        &norms[0], &norms[1], &norms[2], 0) == status;
    good = good && norms[0] == -1 && norms[1] == -1 && norms[2] == -1 && statistics[4] == 0;
  }
  std::exit(good ? 0 : 1);
}

TEST(ActiveIsaDeathTest, AnUnknownValueIsAnErrorOfEveryCall) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(exit_with_answer("avx1024", CD_UNSUPPORTED, "\"avx1024\""),
              testing::ExitedWithCode(0), "");
  EXPECT_EXIT(exit_with_answer("AVX2", CD_UNSUPPORTED,
                               "expected portable, avx2, avx512, avx512bf16 or amx"),
              testing::ExitedWithCode(0), "");
  EXPECT_EXIT(exit_with_answer("", CD_OK, ""), testing::ExitedWithCode(0), "");
}

TEST(ActiveIsaDeathTest, ASetThatTheCpuLacksIsAnError) {
  if (cd_isa_supported(CD_ISA_AMX) == 1) GTEST_SKIP() << "this CPU has every set";
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(exit_with_answer("amx", CD_UNSUPPORTED, "has no amx"), testing::ExitedWithCode(0),
              "");
}

TEST(Library, VersionsAndStatusTexts) {
  EXPECT_EQ(cd_abi_version(), CD_ABI_VERSION);
  EXPECT_STREQ(cd_version(), CD_VERSION);
  EXPECT_STREQ(cd_status_text(CD_OK), "ok");
  EXPECT_STREQ(cd_status_text(CD_INVALID_ARGUMENT), "invalid argument");
  EXPECT_STREQ(cd_status_text(CD_UNSUPPORTED), "unsupported");
  EXPECT_STREQ(cd_status_text(CD_OUT_OF_MEMORY), "out of memory");
  EXPECT_STREQ(cd_status_text(CD_DEVICE_ERROR), "device error");
  EXPECT_STREQ(cd_status_text(CD_INTERNAL_ERROR), "internal error");
  EXPECT_STREQ(cd_status_text(99), "unknown status");
  EXPECT_GE(cd_default_threads(), 1);
}

TEST(Library, WithoutCudaItsFunctionsSaySo) {
  if (cd_cuda_built() == 1) GTEST_SKIP() << "built with CUDA";
  EXPECT_EQ(cd_cuda_device_count(), 0);
  EXPECT_NE(std::strstr(cd_last_error(), "without CUDA"), nullptr);
  int64_t bytes = -1;
  EXPECT_EQ(cd_feature_margin_cuda_workspace(CD_F32, 1, 1, &bytes), CD_UNSUPPORTED);
  EXPECT_EQ(bytes, -1);
}

}  // namespace
