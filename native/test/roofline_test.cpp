#include <algorithm>

#include "core/isa.h"
#include "core/parallel.h"
#include "test_arrays.h"

namespace {

struct Lines {
  explicit Lines(int64_t size) : buffer(size * 4 + 64) {
    for (int64_t i = 0; i < size + 16; ++i) data()[i] = static_cast<float>(i % 1000);
  }
  float* data() { return static_cast<float*>(buffer.get()); }
  cd::Buffer buffer;
};

TEST(Roofline, StreamWritesBothDifferencesAndNothingElse) {
  for (int64_t lines : {int64_t{0}, int64_t{1}, int64_t{2047}, int64_t{2048}, int64_t{5001}}) {
    for (int32_t threads : {1, 2}) {
      const int64_t size = 16 * lines;
      Lines a(size), b(size), c(size), d(size);
      for (int64_t i = 0; i < size; ++i) b.data()[i] = static_cast<float>(3 * i % 77);
      const float guard = -7;
      c.data()[size] = d.data()[size] = guard;
      ASSERT_EQ(cd_roofline_stream(4 * size, a.data(), b.data(), c.data(), d.data(), threads),
                CD_OK)
          << cd_last_error();
      for (int64_t i = 0; i < size; ++i) {
        const float expected = static_cast<float>(i % 1000 - 3 * i % 77);
        ASSERT_EQ(c.data()[i], expected) << i;
        ASSERT_EQ(d.data()[i], -expected) << i;
      }
      EXPECT_EQ(c.data()[size], guard);
      EXPECT_EQ(d.data()[size], guard);
    }
  }
}

TEST(Roofline, CountsTheOperationsOfAllThreads) {
  int32_t isa = -1;
  ASSERT_EQ(cd_active_isa(&isa), CD_OK);
  const int lanes = isa >= CD_ISA_AVX512 ? 16 : isa == CD_ISA_AVX2 ? 8 : 4;
  double f32 = 0, f64 = 0, bf16 = 0, two = 0;
  ASSERT_EQ(cd_roofline_multiply_adds(CD_F32, 1000, 1, &f32), CD_OK);
  ASSERT_EQ(cd_roofline_multiply_adds(CD_F64, 1000, 1, &f64), CD_OK);
  ASSERT_EQ(cd_roofline_multiply_adds(CD_BF16, 1000, 1, &bf16), CD_OK);
  ASSERT_EQ(cd_roofline_multiply_adds(CD_F32, 1000, 2, &two), CD_OK);
  EXPECT_EQ(f32, 1000.0 * 12 * lanes * 2);
  EXPECT_EQ(f64, f32 / 2);
  EXPECT_EQ(two, 2 * f32);
  const double amx = 63.0 * 6 * 16 * 16 * 32 * 2;  // rounds, products, multiply-adds of each
  EXPECT_EQ(bf16, isa == CD_ISA_AMX ? amx : isa == CD_ISA_AVX512BF16 ? 2 * f32 : f32);
}

TEST(Roofline, RefusesWrongArguments) {
  Lines a(32), b(32), c(32), d(32);
  const auto stream = [&](int64_t bytes, const void* from, void* to, int32_t threads) {
    return cd_roofline_stream(bytes, from, b.data(), to, d.data(), threads);
  };
  double operations = 5;
  EXPECT_EQ(stream(-64, a.data(), c.data(), 1), CD_INVALID_ARGUMENT);
  EXPECT_EQ(stream(68, a.data(), c.data(), 1), CD_INVALID_ARGUMENT);
  EXPECT_EQ(std::string(cd_last_error()), "bytes: expected a multiple of 64, got 68");
  EXPECT_EQ(stream(64, nullptr, c.data(), 1), CD_INVALID_ARGUMENT);
  EXPECT_EQ(stream(64, a.data(), c.data() + 1, 1), CD_INVALID_ARGUMENT);
  EXPECT_EQ(stream(64, a.data(), a.data(), 1), CD_INVALID_ARGUMENT);
  EXPECT_EQ(stream(64, a.data(), c.data(), -1), CD_INVALID_ARGUMENT);
  EXPECT_EQ(c.data()[1], 1);
  EXPECT_EQ(cd_roofline_multiply_adds(9, 1, 1, &operations), CD_INVALID_ARGUMENT);
  EXPECT_EQ(cd_roofline_multiply_adds(CD_F32, -1, 1, &operations), CD_INVALID_ARGUMENT);
  EXPECT_EQ(cd_roofline_multiply_adds(CD_F32, 1, -1, &operations), CD_INVALID_ARGUMENT);
  EXPECT_EQ(cd_roofline_multiply_adds(CD_F32, 1, 1, nullptr), CD_INVALID_ARGUMENT);
  EXPECT_EQ(operations, 5);
}

TEST(Roofline, TellsTheCacheThatStoresGoPast) {
  EXPECT_EQ(cd_last_level_cache_bytes(), cd::last_level_cache_bytes());
  EXPECT_GT(cd_last_level_cache_bytes(), 0);
  EXPECT_EQ(cd_streaming_bytes(), std::min<int64_t>(cd_last_level_cache_bytes(), 48 << 20));
}

}  // namespace
