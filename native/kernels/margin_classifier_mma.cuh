// K2's matrix products on the tensor cores, for bf16 and f16: one tile of 128 x 128 by a block of 8
// warps, a warp 64 x 32 of it; operands as in margin_classifier_fma.cuh.
//
// Steps of 32 in depth come by asynchronous copies of 16 bytes, two steps ahead, into three stages
// of shared memory (48 KiB, of which every device holds two). They lie there as in memory, in lines
// along the depth or along the side, but for the order of the packs in a line, which is such that
// neither the copies nor ldmatrix meet in a bank; ldmatrix transposes what lies along the side.
#pragma once

#include "core/cuda_mma.cuh"
#include "kernels/margin_classifier_fma.cuh"

namespace cd::cuda {

template <class T>
struct MmaTile {
  using A = float;
  static constexpr int kMicro = 8;    // rows, and columns, of a thread
  static constexpr int kSharing = 4;  // neighbouring threads that share their rows
  static constexpr int kSide = 128;
  static constexpr int kDepth = 32;
  static constexpr int kSlots = 4;  // parts of a row, by different warps
  using Sums = A[kMicro][kMicro];

  static constexpr int kStages = 3;
  static constexpr int kPacks = kSide * kDepth / Pack<T>::kCount;  // of an operand's step

  struct Storage {
    Pack<T> left[kStages][kPacks];
    Pack<T> right[kStages][kPacks];
  };

  // Where the thread's rows and columns lie in the tile: logits in one pack of T, gradients after
  // gather() in packs of A.
  __device__ static int row_of(int m) {
    return slot_row() * 64 + m / 2 * 16 + m % 2 * 8 + lane() / 4;
  }
  __device__ static int logit_column(int n) { return slot() * 32 + lane() % 4 * 8 + n; }
  __device__ static int gradient_column(int n) {
    return slot() * 32 + n / 4 * 16 + lane() % 2 * 8 + lane() % 4 / 2 * 4 + n % 4;
  }
  __device__ static int slot() { return warp() % kSlots; }

  // sums += left * right over `steps` steps of kDepth, as FmaTile does it.
  template <bool kLeftAlong, bool kRightAlong>
  __device__ static void multiply(const T* left_corner, int64_t left_pitch, const T* right_corner,
                                  int64_t right_pitch, int steps, Sums& sums) {
    CD_SHARED(Storage, shared);
    Operand<kLeftAlong, false> left(left_corner, left_pitch);
    Operand<kRightAlong, kRightAlong> right(right_corner, right_pitch);
    for (int step = 0; step < kStages - 1; ++step) {
      if (step < steps) {
        left.copy(shared.left[step]);
        right.copy(shared.right[step]);
      }
      __pipeline_commit();
    }
    int stage = 0, next = kStages - 1;
    for (int step = 0; step < steps; ++step) {
      __pipeline_wait_prior(kStages - 2);
      __syncthreads();  // this step is there, and the step before it is done with
      if (step + kStages - 1 < steps) {
        left.copy(shared.left[next]);
        right.copy(shared.right[next]);
      }
      __pipeline_commit();  // an empty group, too: the groups count the steps
      multiply_step<kLeftAlong, kRightAlong>(shared.left[stage], shared.right[stage], sums);
      stage = stage + 1 == kStages ? 0 : stage + 1;
      next = next + 1 == kStages ? 0 : next + 1;
    }
  }

  // A thread has two columns in each of 4 blocks of 8; its neighbour has the next two. They trade,
  // so that each has 4 in every other block: a pack of A.
  __device__ static void gather(Sums& sums) {
    const bool odd = lane() % 2 != 0;
#pragma unroll
    for (int m = 0; m < kMicro; ++m) {
#pragma unroll
      for (int n = 0; n < kMicro; n += 4) {
#pragma unroll
        for (int k = 0; k < 2; ++k) {
          const float first = sums[m][n + k], second = sums[m][n + 2 + k];
          const float other = __shfl_xor_sync(kAllLanes, odd ? first : second, 1);
          sums[m][n + k] = odd ? other : first;
          sums[m][n + 2 + k] = odd ? second : other;
        }
      }
    }
  }

 private:
  using Step = Pack<T>[kPacks];
  static constexpr int kCount = Pack<T>::kCount;

  __device__ static int lane() { return static_cast<int>(threadIdx.x) % kWarp; }
  __device__ static int warp() { return static_cast<int>(threadIdx.x) / kWarp; }
  __device__ static int slot_row() { return warp() / kSlots; }

  // Of the pack in `block` of a line: 8 lines one below the other have it in 8 different groups of
  // banks. Lines along the depth have 4 packs, two lines a row of all banks.
  template <bool kAlong>
  __device__ static int position(int line, int block) {
    return kAlong ? line * 4 + (block ^ (line / 2 % 4)) : line * 16 + (block ^ (line % 8));
  }

  // kDealt: lines are dealt to the places of the products' columns so that the 8 columns of a
  // thread, two of each block of 8, are neighbours in memory.
  template <bool kAlong, bool kDealt>
  class Operand {
   public:
    __device__ Operand(const T* corner, int64_t pitch) : pitch_(pitch) {
      const int number = static_cast<int>(threadIdx.x);
      const int line = number / kBlocks, block = number % kBlocks;
      at_ = corner + line * pitch + block * kCount;
      to_ = position<kAlong>(kDealt ? dealt(line) : line, block);
    }

    // Starts to copy one step into shared memory, and goes one step deeper.
    __device__ void copy(Step& shared) {
#pragma unroll
      for (int i = 0; i < kPacks / kTileThreads; ++i) {
        // The lines further down keep their order of packs: kLines is a multiple of 8.
        __pipeline_memcpy_async(&shared[to_ + i * kTileThreads], at_ + i * kLines * pitch_,
                                sizeof(Pack<T>));
      }
      at_ += kAlong ? kDepth : kDepth * pitch_;
    }

   private:
    static constexpr int kBlocks = (kAlong ? kDepth : kSide) / kCount;  // of a line
    static constexpr int kLines = kTileThreads / kBlocks;

    // Column 32 w + 8 t + 2 b + k is k of thread t's two in block b.
    __device__ static int dealt(int column) {
      return column / 32 * 32 + column / 2 % 4 * 8 + column / 8 % 4 * 2 + column % 2;
    }

    const T* at_;
    int64_t pitch_;
    int to_;
  };

  // Matrices [8, 8], `side` and `depth` counted in them: the lane's line of its matrix.
  template <bool kAlong>
  __device__ static void load(const Step& step, int side, int depth, uint32_t (&to)[4]) {
    const int line = lane() % 8;
    const int at =
        kAlong ? position<true>(side * 8 + line, depth) : position<false>(depth * 8 + line, side);
    load_matrices<!kAlong>(to, &step[at]);
  }

  template <bool kLeftAlong, bool kRightAlong>
  __device__ static void multiply_step(const Step& left, const Step& right, Sums& sums) {
    const int low = lane() / 8 % 2, high = lane() / 16;
#pragma unroll
    for (int depth = 0; depth < kDepth / 8; depth += 2) {
      uint32_t b[2][4];  // two blocks of columns each
#pragma unroll
      for (int pair = 0; pair < 2; ++pair) {
        load<kRightAlong>(right, slot() * 4 + pair * 2 + high, depth + low, b[pair]);
      }
#pragma unroll
      for (int m = 0; m < kMicro; m += 2) {
        uint32_t a[4];
        load<kLeftAlong>(left, slot_row() * 8 + m + low, depth + high, a);
#pragma unroll
        for (int n = 0; n < kMicro; n += 2) {
          multiply_fragments<T>(sums[m][n], sums[m][n + 1], sums[m + 1][n], sums[m + 1][n + 1], a,
                                b[n / 4][n % 4], b[n / 4][n % 4 + 1]);
        }
      }
    }
  }
};

}  // namespace cd::cuda
