// Tasks on the process's OpenMP pool, and the memory they work in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/isa.h"

namespace cd {

// Threads that `tasks` tasks run on when the caller allows `threads` (0 = the process's default):
// no more than there are processors, or 16, as a process that cannot start a thread is ended.
int32_t threads_for(int64_t tasks, int32_t threads);

// The same for tasks that one thread would need about `nanoseconds` for, all together: no more
// threads than have a tenth of a millisecond each, since waking one and waiting for it costs tens
// of microseconds. In builds for tests all that are allowed, so that small problems show races.
int32_t threads_for(int64_t tasks, int32_t threads, double nanoseconds);

// Of `allowed` threads those that have `least` nanoseconds each, 1 at least.
int32_t threads_worth(int32_t allowed, double nanoseconds, double least);

// Calls body(context, task, slot) once for each task, on `threads` >= 1 threads. A slot is a number
// below `threads` that no two tasks hold at the same time. Tasks must not throw.
void run_tasks(int64_t tasks, int32_t threads, void (*body)(const void*, int64_t, int32_t),
               const void* context);

// Size of the largest data cache in bytes.
int64_t last_level_cache_bytes();

// Where inputs and results together have more bytes, results are stored past the caches.
int64_t streaming_bytes();

// Uninitialised memory, aligned to a cache line; throws std::bad_alloc.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(int64_t bytes);

  void* get() const;

 private:
  std::unique_ptr<char[]> allocated_;
  void* memory_ = nullptr;
};

// Arrays in one block, which an allocator keeps for the next call. Many blocks it may give back to
// the system one by one, and to fetch their pages anew costs more than a small problem's
// arithmetic.
class Arrays {
 public:
  // Asks for uninitialised memory, aligned to a cache line; allocate() sets `array`.
  void want(void*& array, int64_t bytes);

  // Throws std::bad_alloc.
  void allocate();

 private:
  struct Wanted {
    void** array;
    int64_t bytes;
  };
  std::vector<Wanted> wanted_;
  Buffer block_;
};

namespace CD_TARGET {

template <class Body>
void parallel_for(int64_t tasks, int32_t threads, const Body& body) {
  run_tasks(
      tasks, threads,
      [](const void* context, int64_t task, int32_t slot) {
        (*static_cast<const Body*>(context))(task, slot);
      },
      &body);
}

}  // namespace CD_TARGET
}  // namespace cd
