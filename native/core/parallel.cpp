#include "core/parallel.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <new>
#include <thread>

#include "core/status.h"

#if defined(__linux__)
#include <sys/mman.h>
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

std::align_val_t alignment_of(int64_t bytes) {
  return std::align_val_t{static_cast<size_t>(bytes >= kManyBytes ? kHugePage : 64)};
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

Buffer::Buffer(int64_t bytes)
    : bytes_(bytes),
      memory_(bytes > 0 ? ::operator new(static_cast<size_t>(bytes), alignment_of(bytes))
                        : nullptr) {
#if defined(__linux__)
  if (bytes >= kManyBytes) {  // a hint: where it is refused, all still works
    madvise(memory_, static_cast<size_t>(bytes / kHugePage * kHugePage), MADV_HUGEPAGE);
  }
#endif
}

Buffer::~Buffer() { ::operator delete(memory_, alignment_of(bytes_)); }

void* Buffer::get() const { return memory_; }

}  // namespace cd

extern "C" int32_t cd_default_threads(void) {
#if defined(CD_WITH_OPENMP)
  return omp_get_max_threads();
#else
  return static_cast<int32_t>(std::max(1u, std::thread::hardware_concurrency()));
#endif
}
