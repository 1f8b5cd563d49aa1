#include "simt.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "stack_switch.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
// The simulator's own state is shared by all fibers on purpose.
#define SIMT_UNCHECKED __attribute__((no_sanitize("thread"), noinline))
#define SIMT_RELEASE(object) __tsan_release(object)
#define SIMT_ACQUIRE(object) __tsan_acquire(object)
#else
#define SIMT_UNCHECKED
#define SIMT_RELEASE(object)
#define SIMT_ACQUIRE(object)
#endif

thread_local simt::Index threadIdx;
thread_local simt::Index blockIdx;
thread_local simt::Index blockDim;
thread_local simt::Index gridDim;

namespace simt {

thread_local int thread_number = -1;

namespace {

constexpr size_t kStackBytes = size_t{256} << 10;
constexpr int kMostWarps = kMostThreads / kWarpThreads;
constexpr int kMostShared = 16;
constexpr int kMostCopies = 64;
constexpr size_t kMostSharedBytes = size_t{48} << 10;

enum class State { kReady, kAtBlockBarrier, kAtWarpBarrier, kReturned };

struct Copy {
  void* to;
  const void* from;
  size_t bytes;
  size_t group;
};

struct Fiber {
  Index thread;
  State state;
  Copy copies[kMostCopies];
  int copy_count;
  size_t committed;  // groups of copies
  int exchanges;     // which of the two halves of the warp's slots is next
  char* stack;
  void* stack_pointer;
  void* address_sanitizer;  // its fake stack
  void* thread_sanitizer;   // its fiber
};

struct Shared {
  const void* key;
  char* memory;
};

// Everything of one host thread that launches kernels.
struct Device {
  Fiber fibers[kMostThreads] = {};
  int threads = 0;
  int at_block_barrier = 0;
  int at_warp_barrier[kMostWarps] = {};
  Slot* slots[kMostWarps] = {};  // [2, kWarpThreads] of each warp that exchanges
  Shared shared[kMostShared];
  int shared_count = 0;
  size_t shared_bytes = 0;
  size_t dynamic_bytes = 0;
  void (*body)(void*) = nullptr;
  void* context = nullptr;
  Fiber host = {};
  const void* host_stack = nullptr;
  size_t host_stack_bytes = 0;
  Order order = Order::kForward;
  char failure[200] = "";

  ~Device();
};

thread_local Device device;

void give_up_fibers(Device& d) {
  for (Fiber& fiber : d.fibers) {
#if defined(__SANITIZE_THREAD__)
    if (fiber.thread_sanitizer != nullptr) __tsan_destroy_fiber(fiber.thread_sanitizer);
#endif
    std::free(fiber.stack);
    fiber = Fiber{};
  }
}

Device::~Device() { give_up_fibers(*this); }

SIMT_UNCHECKED Fiber& running() { return device.fibers[thread_number]; }

SIMT_UNCHECKED void switch_fiber(Fiber& from, Fiber& to, const void* to_stack, size_t to_bytes) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&from.address_sanitizer, to_stack, to_bytes);
#else
  (void)to_stack;
  (void)to_bytes;
#endif
#if defined(__SANITIZE_THREAD__)
  __tsan_switch_to_fiber(to.thread_sanitizer, __tsan_switch_to_fiber_no_sync);
#endif
  simt_switch_stack(&from.stack_pointer, to.stack_pointer);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(from.address_sanitizer, nullptr, nullptr);
#endif
}

// From the running fiber back to the host, which picks the next one.
SIMT_UNCHECKED void yield() {
  switch_fiber(running(), device.host, device.host_stack, device.host_stack_bytes);
}

SIMT_UNCHECKED void fiber_main() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &device.host_stack, &device.host_stack_bytes);
#endif
  for (;;) {
    SIMT_ACQUIRE(&device.context);
    device.body(device.context);
    SIMT_RELEASE(&device.body);
    running().state = State::kReturned;
    yield();
  }
}

SIMT_UNCHECKED void start_fiber(Device& d, Fiber& fiber) {
  fiber.state = State::kReady;
  fiber.exchanges = 0;
  fiber.copy_count = 0;
  fiber.committed = 0;
  if (fiber.stack != nullptr) return;
  fiber.stack = static_cast<char*>(std::malloc(kStackBytes));
  if (fiber.stack == nullptr) std::abort();
  fiber.stack_pointer = prepare_stack(fiber.stack, kStackBytes, &fiber_main);
#if defined(__SANITIZE_THREAD__)
  fiber.thread_sanitizer = __tsan_create_fiber(0);
  d.host.thread_sanitizer = __tsan_get_current_fiber();
#else
  (void)d;
#endif
}

SIMT_UNCHECKED void release(Device& d, int first, int count, State waiting) {
  for (int i = first; i < first + count; ++i) {
    if (d.fibers[i].state == waiting) d.fibers[i].state = State::kReady;
  }
}

// A barrier of `count` threads from `first` on; `arrived` counts them.
SIMT_UNCHECKED void barrier(int first, int count, int& arrived, State waiting) {
  Fiber& fiber = running();
  SIMT_RELEASE(&arrived);
  if (++arrived == count) {
    arrived = 0;
    release(device, first, count, waiting);
  } else {
    fiber.state = waiting;
    yield();
  }
  SIMT_ACQUIRE(&arrived);
}

SIMT_UNCHECKED bool explain_stall(Device& d) {
  int count[4] = {};
  for (int i = 0; i < d.threads; ++i) ++count[static_cast<int>(d.fibers[i].state)];
  std::snprintf(
      d.failure, sizeof d.failure,
      "block %u: %d threads wait at a block barrier and %d at a warp barrier, %d returned",
      blockIdx.x, count[static_cast<int>(State::kAtBlockBarrier)],
      count[static_cast<int>(State::kAtWarpBarrier)], count[static_cast<int>(State::kReturned)]);
  give_up_fibers(d);
  return false;
}

SIMT_UNCHECKED bool take_turns(Device& d) {
  for (int returned = 0; returned < d.threads;) {
    bool progress = false;
    for (int turn = 0; turn < d.threads; ++turn) {
      const int i = d.order == Order::kForward ? turn : d.threads - 1 - turn;
      Fiber& fiber = d.fibers[i];
      if (fiber.state != State::kReady) continue;
      thread_number = i;
      threadIdx = fiber.thread;
      switch_fiber(d.host, fiber, fiber.stack, kStackBytes);
      progress = true;
      if (fiber.state == State::kReturned) ++returned;
    }
    if (!progress) return explain_stall(d);
  }
  return true;
}

SIMT_UNCHECKED bool run_block(Device& d, Index block, Index at) {
  blockIdx = at;
  d.at_block_barrier = 0;
  std::memset(d.at_warp_barrier, 0, sizeof d.at_warp_barrier);
  for (int i = 0; i < d.threads; ++i) {
    const unsigned n = static_cast<unsigned>(i);
    start_fiber(d, d.fibers[i]);
    d.fibers[i].thread = {n % block.x, n / block.x % block.y, n / block.x / block.y};
  }
  const bool ended = take_turns(d);
  SIMT_ACQUIRE(&d.body);
  for (int i = 0; i < d.shared_count; ++i) std::free(d.shared[i].memory);
  for (Slot*& slots : d.slots) {
    std::free(slots);
    slots = nullptr;
  }
  d.shared_count = 0;
  d.shared_bytes = 0;
  return ended;
}

SIMT_UNCHECKED bool refuse(Device& d, const char* reason) {
  std::snprintf(d.failure, sizeof d.failure, "%s", reason);
  return false;
}

}  // namespace

void set_order(Order order) { device.order = order; }

const char* last_failure() { return device.failure; }

SIMT_UNCHECKED bool launch(Index grid, Index block, size_t shared_bytes, void (*body)(void*),
                           void* context) {
  Device& d = device;
  const uint64_t threads = uint64_t{block.x} * block.y * block.z;
  const uint64_t blocks = uint64_t{grid.x} * grid.y * grid.z;
  if (threads == 0 || threads > kMostThreads) return refuse(d, "threads of a block: not 1 to 1024");
  if (threads % kWarpThreads != 0) return refuse(d, "threads of a block: not a multiple of 32");
  if (blocks == 0 || grid.x > INT32_MAX || grid.y > UINT16_MAX || grid.z > UINT16_MAX) {
    return refuse(d, "grid: outside the device's limits");
  }
  if (shared_bytes > kMostSharedBytes) return refuse(d, "shared memory: more than 48 KiB");
  d.dynamic_bytes = shared_bytes;
  d.threads = static_cast<int>(threads);
  blockDim = block;
  gridDim = grid;
  d.body = body;
  d.context = context;
  SIMT_RELEASE(&d.context);
  for (uint64_t turn = 0; turn < blocks; ++turn) {
    const uint64_t b = d.order == Order::kForward ? turn : blocks - 1 - turn;
    const Index at = {static_cast<unsigned>(b % grid.x), static_cast<unsigned>(b / grid.x % grid.y),
                      static_cast<unsigned>(b / grid.x / grid.y)};
    if (!run_block(d, block, at)) return false;
  }
  return true;
}

SIMT_UNCHECKED void block_barrier() {
  barrier(0, device.threads, device.at_block_barrier, State::kAtBlockBarrier);
}

SIMT_UNCHECKED void warp_barrier() {
  const int warp = thread_number / kWarpThreads;
  barrier(warp * kWarpThreads, kWarpThreads, device.at_warp_barrier[warp], State::kAtWarpBarrier);
}

SIMT_UNCHECKED unsigned atomic_increment(unsigned* counter, unsigned most) {
  const unsigned before = *counter;
  *counter = before >= most ? 0 : before + 1;
  return before;
}

SIMT_UNCHECKED const Slot* exchange(const void* given, size_t bytes) {
  // Memory of a block's own: blocks are not ordered, and the thread sanitizer shall not see them
  // meet here.
  Slot*& slots_of_warp = device.slots[thread_number / kWarpThreads];
  if (slots_of_warp == nullptr) {
    slots_of_warp = static_cast<Slot*>(std::malloc(2 * kWarpThreads * sizeof(Slot)));
    if (slots_of_warp == nullptr) std::abort();
    SIMT_RELEASE(slots_of_warp);
  }
  SIMT_ACQUIRE(slots_of_warp);
  // Two halves: a lane can be at most one exchange ahead of the others.
  Slot* slots = slots_of_warp + running().exchanges++ % 2 * kWarpThreads;
  std::memcpy(slots[thread_number % kWarpThreads].bytes, given, bytes);
  warp_barrier();
  return slots;
}

SIMT_UNCHECKED void* shared_memory(const void* key, size_t bytes) {
  Device& d = device;
  for (int i = 0; i < d.shared_count; ++i) {
    if (d.shared[i].key != key) continue;
    SIMT_ACQUIRE(d.shared[i].memory);
    return d.shared[i].memory;
  }
  d.shared_bytes += bytes;
  if (d.shared_count == kMostShared || d.shared_bytes > kMostSharedBytes) std::abort();
  // The exact size on the heap, so that the address sanitizer sees its ends; all ones are NaN.
  char* memory = static_cast<char*>(std::malloc(bytes));
  if (memory == nullptr) std::abort();
  std::memset(memory, 0xff, bytes);
  SIMT_RELEASE(memory);
  d.shared[d.shared_count++] = {key, memory};
  return memory;
}

SIMT_UNCHECKED void* dynamic_shared_memory() {
  return shared_memory(&device.dynamic_bytes, device.dynamic_bytes);
}

namespace {

// Those of the first `groups` groups; the others stay.
void make_copies(Fiber& fiber, size_t groups) {
  int left = 0;
  for (int i = 0; i < fiber.copy_count; ++i) {
    const Copy copy = fiber.copies[i];
    if (copy.group < groups) {
      std::memcpy(copy.to, copy.from, copy.bytes);
    } else {
      fiber.copies[left++] = copy;
    }
  }
  fiber.copy_count = left;
}

}  // namespace

void copy_later(void* to, const void* from, size_t bytes) {
  Fiber& fiber = running();
  if (fiber.copy_count == kMostCopies) make_copies(fiber, SIZE_MAX);
  fiber.copies[fiber.copy_count++] = {to, from, bytes, fiber.committed};
}

void commit_copies() { ++running().committed; }

void wait_for_copies(size_t groups) {
  Fiber& fiber = running();
  make_copies(fiber, fiber.committed > groups ? fiber.committed - groups : 0);
}

}  // namespace simt
