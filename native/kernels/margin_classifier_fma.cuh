// K2's matrix products by multiply-adds, for f32 and f64: one tile by a block of 256 threads.
//
// All operands lie in the workspace, padded with zeros to whole tiles, so that no tile has an edge.
// A thread has two packs of its rows times two packs of its columns in registers.
#pragma once

#include "core/cuda_util.cuh"

namespace cd::cuda {

constexpr int kTileThreads = 256;

template <class T>
struct FmaTile {
  using A = T;
  static constexpr int kPack = Pack<T>::kCount;
  static constexpr int kMicro = 2 * kPack;         // rows, and columns, of a thread
  static constexpr int kSharing = 16;              // neighbouring threads that share their rows
  static constexpr int kSide = kSharing * kMicro;  // 128 for float, 64 for double
  static constexpr int kDepth = 16;
  static constexpr int kSlots = 1;             // parts of a row, by different warps
  static constexpr int kLine = kSide + kPack;  // keeps packs aligned, spreads the banks
  using Sums = A[kMicro][kMicro];

  struct Storage {
    alignas(16) T left[2][kDepth][kLine];
    alignas(16) T right[2][kDepth][kLine];
  };

  // Where the thread's rows and columns lie in the tile.
  __device__ static int row_of(int m) { return position(thread() / kSharing, m); }
  __device__ static int logit_column(int n) { return position(thread() % kSharing, n); }
  __device__ static int gradient_column(int n) { return position(thread() % kSharing, n); }
  __device__ static int slot() { return 0; }

  // sums += left * right over `steps` steps of kDepth. kLeftAlong, kRightAlong: the lines of the
  // operand run along the depth of the product, otherwise along the side of the tile. `pitch`:
  // elements from line to line.
  template <bool kLeftAlong, bool kRightAlong>
  __device__ static void multiply(const T* left_corner, int64_t left_pitch, const T* right_corner,
                                  int64_t right_pitch, int steps, Sums& sums) {
    CD_SHARED(Storage, shared);
    Operand<kLeftAlong> left(left_corner, left_pitch);
    Operand<kRightAlong> right(right_corner, right_pitch);
    if (steps == 0) return;
    left.copy(shared.left[0]);
    right.copy(shared.right[0]);
    for (int step = 0; step < steps; ++step) {
      const int now = step % 2;
      wait_for_copies();
      __syncthreads();  // this step is there, and the step before it is done with
      if (step + 1 < steps) {
        left.copy(shared.left[1 - now]);
        right.copy(shared.right[1 - now]);
      }
      multiply_step(shared.left[now], shared.right[now], sums);
    }
  }

  // Columns lie in packs already.
  __device__ static void gather(Sums&) {}

 private:
  using Lines = T[kDepth][kLine];

  template <bool kAlong>
  class Operand {
   public:
    __device__ Operand(const T* corner, int64_t pitch) : pitch_(pitch) {
      line_ = thread() / kPacksOfLine;
      column_ = thread() % kPacksOfLine * kPack;
      at_ = corner + line_ * pitch + column_;
    }

    // Starts to copy one step into shared memory, indexed by depth and side, and goes one step
    // deeper.
    __device__ void copy(Lines& shared) {
#pragma unroll
      for (int i = 0; i < kPacks; ++i) {
        const int line = line_ + i * kLines;
        const T* from = at_ + i * kLines * pitch_;
        if constexpr (kAlong) {
#pragma unroll
          for (int k = 0; k < kPack; ++k) {
            __pipeline_memcpy_async(&shared[column_ + k][line], from + k, sizeof(T));
          }
        } else {
          __pipeline_memcpy_async(&shared[line][column_], from, sizeof(Pack<T>));
        }
      }
      at_ += kAlong ? kDepth : kDepth * pitch_;
    }

   private:
    static constexpr int kPacksOfLine = (kAlong ? kDepth : kSide) / kPack;
    static constexpr int kLines = kTileThreads / kPacksOfLine;
    static constexpr int kPacks = kDepth * kSide / kPack / kTileThreads;

    const T* at_;
    int64_t pitch_;
    int line_;
    int column_;
  };

  __device__ static int thread() { return static_cast<int>(threadIdx.x); }

  __device__ static int position(int number, int m) {
    return m / kPack * (kSide / 2) + number * kPack + m % kPack;
  }

  __device__ static void multiply_step(const Lines& left, const Lines& right, Sums& sums) {
#pragma unroll
    for (int k = 0; k < kDepth; ++k) {
      Pack<T> l[2], r[2];
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        l[half] = *reinterpret_cast<const Pack<T>*>(&left[k][row_of(half * kPack)]);
        r[half] = *reinterpret_cast<const Pack<T>*>(&right[k][logit_column(half * kPack)]);
      }
#pragma unroll
      for (int m = 0; m < kMicro; ++m) {
#pragma unroll
        for (int n = 0; n < kMicro; ++n) {
          sums[m][n] += l[m / kPack].at[m % kPack] * r[n / kPack].at[n % kPack];
        }
      }
    }
  }
};

}  // namespace cd::cuda
