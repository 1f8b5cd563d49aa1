#include "core/parallel.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <memory>
#include <thread>

#include "core/status.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

#if defined(CD_WITH_OPENMP)
#include <omp.h>
#else
#include <vector>
#endif

namespace cd {
namespace {

// From four huge pages on, memory is asked for in huge pages: touching one for the first time costs
// about as much as touching a small one.
constexpr int64_t kHugePage = 2 << 20, kManyBytes = 4 * kHugePage;

#if defined(CD_EVERY_THREAD)
constexpr double kLeastNanoseconds = 0;
#else
constexpr double kLeastNanoseconds = 1e5;
#endif

// What lies between two arrays of a block, so that the address sanitizer sees who leaves his own.
constexpr int64_t kGap = 64;

int64_t place_bytes(int64_t bytes) { return (bytes + 63) / 64 * 64 + kGap; }

// For the address sanitizer: nothing may be there.
void forbid([[maybe_unused]] const char* begin, [[maybe_unused]] const char* end) {
#if defined(__SANITIZE_ADDRESS__)
  __asan_poison_memory_region(begin, static_cast<size_t>(end - begin));
#endif
}

void work(int64_t tasks, std::atomic<int64_t>& next, void (*body)(const void*, int64_t, int32_t),
          const void* context, int32_t slot) {
  for (int64_t task = next++; task < tasks; task = next++) body(context, task, slot);
}

}  // namespace

int32_t threads_for(int64_t tasks, int32_t threads) {
  static const int64_t most = std::max<int64_t>(16, std::thread::hardware_concurrency());
  const int64_t wanted = threads > 0 ? threads : cd_default_threads();
  const int64_t allowed = std::min(wanted, most);
  return static_cast<int32_t>(std::max<int64_t>(1, std::min(allowed, tasks)));
}

int32_t threads_for(int64_t tasks, int32_t threads, double nanoseconds) {
  return threads_worth(threads_for(tasks, threads), nanoseconds, kLeastNanoseconds);
}

int32_t threads_worth(int32_t allowed, double nanoseconds, double least) {
  if (nanoseconds >= allowed * least) return allowed;
  return std::max(1, static_cast<int32_t>(nanoseconds / least));
}

void run_tasks(int64_t tasks, int32_t threads, void (*body)(const void*, int64_t, int32_t),
               const void* context) {
  if (threads <= 1) {
    for (int64_t task = 0; task < tasks; ++task) body(context, task, 0);
    return;
  }
  std::atomic<int64_t> next{0};
#if defined(CD_WITH_OPENMP)
#pragma omp parallel num_threads(threads)
  work(tasks, next, body, context, omp_get_thread_num());
#else
  std::vector<std::thread> others;
  for (int32_t slot = 1; slot < threads; ++slot) {
    others.emplace_back([&, slot] { work(tasks, next, body, context, slot); });
  }
  work(tasks, next, body, context, 0);
  for (std::thread& other : others) other.join();
#endif
}

int64_t last_level_cache_bytes() {
  static const int64_t bytes = [] {
    // What Linux says of the first CPU; sysconf adds up the caches of all dies.
    int64_t largest = 0;
    for (int index = 0; index < 5; ++index) {
      char path[80];
      std::snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/size", index);
      std::FILE* file = std::fopen(path, "r");
      if (file == nullptr) continue;
      long long kibibytes = 0;
      if (std::fscanf(file, "%lldK", &kibibytes) == 1) {
        largest = std::max<int64_t>(largest, kibibytes << 10);
      }
      std::fclose(file);
    }
    return largest > 0 ? largest : int64_t{32} << 20;
  }();
  return bytes;
}

// A larger cache is shared with other programs, or with other virtual machines, whose host tells
// the size of the whole.
int64_t streaming_bytes() { return std::min(last_level_cache_bytes(), int64_t{48} << 20); }

// Aligned by hand: what glibc cuts off in front of an aligned block it may not join again, so that
// the heap creeps.
Buffer::Buffer(int64_t bytes) {
  if (bytes <= 0) return;
  const size_t alignment = static_cast<size_t>(bytes >= kManyBytes ? kHugePage : 64);
  size_t space = static_cast<size_t>(bytes) + alignment;
  allocated_.reset(new char[space]);
  memory_ = allocated_.get();
  const char* const end = allocated_.get() + space;
  std::align(alignment, static_cast<size_t>(bytes), memory_, space);
  forbid(static_cast<const char*>(memory_) + bytes, end);
#if defined(__linux__)
  if (bytes >= kManyBytes) {  // a hint: where it is refused, all still works
    madvise(memory_, static_cast<size_t>(bytes / kHugePage * kHugePage), MADV_HUGEPAGE);
  }
#endif
}

void* Buffer::get() const { return memory_; }

void Arrays::want(void*& array, int64_t bytes) { wanted_.push_back({&array, bytes}); }

void Arrays::allocate() {
  int64_t bytes = 0;
  for (const Wanted& wanted : wanted_) bytes += place_bytes(wanted.bytes);
  block_ = Buffer(bytes);
  char* next = static_cast<char*>(block_.get());
  for (const Wanted& wanted : wanted_) {
    *wanted.array = next;
    forbid(next + wanted.bytes, next + place_bytes(wanted.bytes));
    next += place_bytes(wanted.bytes);
  }
}

}  // namespace cd

extern "C" int32_t cd_default_threads(void) {
#if defined(CD_WITH_OPENMP)
  return omp_get_max_threads();
#else
  return static_cast<int32_t>(std::max(1u, std::thread::hardware_concurrency()));
#endif
}
