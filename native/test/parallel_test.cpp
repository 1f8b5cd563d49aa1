#include "core/parallel.h"

#include <atomic>
#include <cstring>
#include <thread>

#include "core/status.h"
#include "test_arrays.h"

namespace {

TEST(Parallel, RunsEveryTaskOnceAndSharesNoSlot) {
  for (int32_t threads : {1, 2, 5}) {
    std::vector<std::atomic<int>> runs(1000), busy(static_cast<size_t>(threads));
    std::atomic<bool> shared{false};
    const auto body = [&](int64_t task, int32_t slot) {
      if (slot < 0 || slot >= threads) std::abort();
      if (busy[static_cast<size_t>(slot)].fetch_add(1) != 0) shared = true;
      runs[static_cast<size_t>(task)].fetch_add(1);
      busy[static_cast<size_t>(slot)].fetch_sub(1);
    };
    cd::portable::parallel_for(1000, threads, body);
    for (const auto& count : runs) EXPECT_EQ(count.load(), 1);
    EXPECT_FALSE(shared);
  }
}

TEST(Parallel, NeverMoreThreadsThanTasksOrAllowed) {
  EXPECT_EQ(cd::threads_for(0, 0), 1);
  EXPECT_EQ(cd::threads_for(1, 8), 1);
  EXPECT_EQ(cd::threads_for(100, 3), 3);
  EXPECT_EQ(cd::threads_for(1 << 30, 0), cd_default_threads());
  const int64_t most = std::max<int64_t>(16, std::thread::hardware_concurrency());
  EXPECT_EQ(cd::threads_for(1 << 30, INT32_MAX), most);
  EXPECT_EQ(cd::threads_for(100, 3, 0), 3) << "here, so that small problems show races";
}

TEST(Parallel, ThreadsHaveSoMuchWorkEach) {
  EXPECT_EQ(cd::threads_worth(8, 0, 100), 1);
  EXPECT_EQ(cd::threads_worth(8, 199, 100), 1);
  EXPECT_EQ(cd::threads_worth(8, 200, 100), 2);
  EXPECT_EQ(cd::threads_worth(8, 799, 100), 7);
  EXPECT_EQ(cd::threads_worth(8, 1e30, 100), 8);
  EXPECT_EQ(cd::threads_worth(1, 1e30, 100), 1);
  EXPECT_EQ(cd::threads_worth(8, 0, 0), 8);
}

TEST(Parallel, ArraysOfABlockAreApartAndAligned) {
  cd::Arrays arrays;
  const int64_t bytes[] = {100, 0, 64, 1};
  void* at[4] = {};
  for (int i = 0; i < 4; ++i) arrays.want(at[i], bytes[i]);
  arrays.allocate();
  for (int i = 0; i < 4; ++i) {
    ASSERT_NE(at[i], nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(at[i]) % 64, 0u);
    std::memset(at[i], i + 1, static_cast<size_t>(bytes[i]));
  }
  for (int i = 0; i < 4; ++i) {
    for (int64_t j = 0; j < bytes[i]; ++j) ASSERT_EQ(static_cast<char*>(at[i])[j], i + 1);
  }
}

TEST(Parallel, CallsFromManyThreadsDoNotDisturbEachOther) {
  const int64_t rows = 200, dim = 333;
  Random random(1);
  std::vector<float> x;
  for (double value : random.array(CD_F32, rows * dim)) x.push_back(static_cast<float>(value));
  std::vector<float> expected(static_cast<size_t>(rows));
  ASSERT_EQ(cd_row_norms(CD_F32, rows, dim, x.data(), dim, expected.data(), 1), CD_OK);
  std::vector<std::thread> callers;
  std::atomic<int> wrong{0};
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&, caller] {
      for (int repetition = 0; repetition < 10; ++repetition) {
        std::vector<float> norms(static_cast<size_t>(rows));
        // Every other caller makes an error, whose text must stay its own.
        const int64_t stride = caller % 2 == 0 ? dim : dim - 1 - caller;
        const int32_t status = cd_row_norms(CD_F32, rows, dim, x.data(), stride, norms.data(), 2);
        const std::string text = cd_last_error();
        const std::string got = "got " + std::to_string(stride);
        if (caller % 2 == 0 && (status != CD_OK || norms != expected)) ++wrong;
        if (caller % 2 == 1 && text.find(got) == std::string::npos) ++wrong;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong.load(), 0);
}

TEST(Parallel, MemoryThatIsNotThereIsAnError) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's allocator ends the process where memory is not there";
#endif
  const int32_t status = cd::guarded([] { cd::Buffer buffer(INT64_MAX / 2); });
  EXPECT_EQ(status, CD_OUT_OF_MEMORY);
  EXPECT_STRNE(cd_last_error(), "");
}

}  // namespace
