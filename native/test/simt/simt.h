// A CUDA device simulated on the host: each thread of a block is a fiber with a stack of its own;
// the blocks of a grid run one after another. Kernels compile unchanged against the headers
// cuda_runtime.h, cuda_bf16.h and cuda_fp16.h of this folder.
//
// What it finds: a thread that misses a barrier (the launch fails, as a hang would be hard to
// read), reads of shared memory before a write (it is filled with NaN for each block) or before an
// asynchronous copy into it has been waited for, and, built with the
// sanitizers, accesses outside shared or global memory (address, undefined) and races between the
// threads of a block (thread: fibers are switched without synchronising, barriers synchronise).
// What it does not: timing, the memory model between blocks (such as a missing fence), the device's
// own exp and sqrt.
#pragma once

#include <cstddef>
#include <cstdint>

namespace simt {

struct Index {
  unsigned x, y, z;
};

inline constexpr int kWarpThreads = 32;
inline constexpr int kMostThreads = 1024;

// Number within its block of the thread that is running.
extern thread_local int thread_number;

// Order in which blocks, and the threads between two barriers, take their turns. A kernel that is
// free of races gives the same bits in either.
enum class Order { kForward, kBackward };
void set_order(Order order);

// Runs body(context) for each thread of the grid. Returns false, with the reason in last_failure(),
// where not all threads could come to their end.
bool launch(Index grid, Index block, size_t shared_bytes, void (*body)(void*), void* context);
const char* last_failure();

// __syncthreads and __syncwarp (all lanes).
void block_barrier();
void warp_barrier();

// atomicInc: adds 1, or starts again at 0 after `most`; gives the value before.
unsigned atomic_increment(unsigned* counter, unsigned most);

// The lanes' exchange: every lane of the warp gives `bytes` <= 16 and receives the 32 slots with
// what each has given. They hold until the lane's next but one exchange.
struct Slot {
  alignas(16) char bytes[16];
};
const Slot* exchange(const void* given, size_t bytes);

// Memory of `bytes` that is the same for all threads of a block, for each `key` another.
void* shared_memory(const void* key, size_t bytes);

// The shared memory that the launch has asked for.
void* dynamic_shared_memory();

// Copies that are made when the running thread waits for them: all but those of the `groups` that
// it has committed last, and of those that it has not committed.
void copy_later(void* to, const void* from, size_t bytes);
void commit_copies();
void wait_for_copies(size_t groups);

}  // namespace simt

// The built-in variables of the thread that is running.
extern thread_local simt::Index threadIdx;
extern thread_local simt::Index blockIdx;
extern thread_local simt::Index blockDim;
extern thread_local simt::Index gridDim;
