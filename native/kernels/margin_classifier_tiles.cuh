// The matrix products of K2 on a GPU: tiles of rows against tiles of classes, and of their
// gradients. B rows, C classes, D columns; z^ rows and v^ classes as they enter the logits.
//
// All operands lie in the workspace, in the type A of the computation, padded with zeros to whole
// tiles, so that no tile has an edge. A block of 256 threads computes one tile; a thread has two
// packs of its rows times two packs of its columns in registers.
#pragma once

#include "core/cuda_util.cuh"

namespace cd::cuda {

constexpr int kTileThreads = 256;
constexpr int kTileSide = 16;  // threads along each side of a tile
constexpr int kTileDepth = 16;

template <class A>
constexpr int kMicro = 2 * Pack<A>::kCount;  // rows, and columns, of a thread

template <class A>
constexpr int kTile = kTileSide* kMicro<A>;  // 128 for float, 64 for double

template <class A>
struct TileStorage {
  static constexpr int kLine =
      kTile<A> + Pack<A>::kCount;  // keeps packs aligned, spreads the banks
  alignas(16) A left[2][kTileDepth][kLine];
  alignas(16) A right[2][kTileDepth][kLine];
};

// One operand of a product: kAlongDepth: lines of memory run along the depth of the product,
// otherwise along the side of the tile.
template <class A, bool kAlongDepth>
class Operand {
 public:
  // `corner`: the tile's first element; `pitch`: elements from line to line.
  __device__ Operand(const A* corner, int64_t pitch) : pitch_(pitch) {
    const int number = static_cast<int>(threadIdx.x);
    line_ = number / kPacksOfLine;
    column_ = number % kPacksOfLine * Pack<A>::kCount;
    at_ = corner + line_ * pitch + column_;
  }

  // Starts to copy one step into shared memory, indexed by depth and side, and goes one step
  // deeper.
  __device__ void copy(A (&shared)[kTileDepth][TileStorage<A>::kLine]) {
#pragma unroll
    for (int i = 0; i < kPacks; ++i) {
      const int line = line_ + i * kLines;
      const A* from = at_ + i * kLines * pitch_;
      if constexpr (kAlongDepth) {
#pragma unroll
        for (int k = 0; k < Pack<A>::kCount; ++k) {
          __pipeline_memcpy_async(&shared[column_ + k][line], from + k, sizeof(A));
        }
      } else {
        __pipeline_memcpy_async(&shared[line][column_], from, sizeof(Pack<A>));
      }
    }
    at_ += kAlongDepth ? kTileDepth : kTileDepth * pitch_;
  }

 private:
  static constexpr int kPacksOfLine = (kAlongDepth ? kTileDepth : kTile<A>) / Pack<A>::kCount;
  static constexpr int kLines = kTileThreads / kPacksOfLine;
  static constexpr int kPacks = kTileDepth * kTile<A> / Pack<A>::kCount / kTileThreads;

  const A* at_;
  int64_t pitch_;
  int line_;
  int column_;
};

// Where the thread's rows (or columns) m = 0 ... kMicro - 1 lie in the tile.
template <class A>
__device__ inline int micro_position(int thread, int m) {
  constexpr int kCount = Pack<A>::kCount;
  return m / kCount * (kTile<A> / 2) + thread * kCount + m % kCount;
}

__device__ inline int tile_row_thread() { return static_cast<int>(threadIdx.x) / kTileSide; }
__device__ inline int tile_column_thread() { return static_cast<int>(threadIdx.x) % kTileSide; }

template <class A>
using Sums = A[kMicro<A>][kMicro<A>];

template <class A>
__device__ inline void multiply_step(const A (&left)[kTileDepth][TileStorage<A>::kLine],
                                     const A (&right)[kTileDepth][TileStorage<A>::kLine],
                                     Sums<A>& sums) {
  constexpr int kCount = Pack<A>::kCount;
#pragma unroll
  for (int k = 0; k < kTileDepth; ++k) {
    Pack<A> l[2], r[2];
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int start = half * (kTile<A> / 2);
      l[half] = *reinterpret_cast<const Pack<A>*>(&left[k][start + tile_row_thread() * kCount]);
      r[half] = *reinterpret_cast<const Pack<A>*>(&right[k][start + tile_column_thread() * kCount]);
    }
#pragma unroll
    for (int m = 0; m < kMicro<A>; ++m) {
#pragma unroll
      for (int n = 0; n < kMicro<A>; ++n) {
        sums[m][n] += l[m / kCount].at[m % kCount] * r[n / kCount].at[n % kCount];
      }
    }
  }
}

// sums = left * right over `steps` steps of kTileDepth.
template <class A, class Left, class Right>
__device__ void multiply_tile(Left& left, Right& right, int steps, Sums<A>& sums) {
  CD_SHARED(TileStorage<A>, shared);
#pragma unroll
  for (int m = 0; m < kMicro<A>; ++m) {
#pragma unroll
    for (int n = 0; n < kMicro<A>; ++n) sums[m][n] = 0;
  }
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
    multiply_step<A>(shared.left[now], shared.right[now], sums);
  }
}

// ---- logits ----

// What the softmax of a row needs of some of its classes: the target is in `best` only.
template <class A>
struct RowPart {
  A largest;           // of the logits; -infinity: none
  A sum;               // of exp(logit - largest)
  A best;              // largest logit without margin, the target's too
  int64_t best_class;  // the lowest that has it; INT64_MAX: none
};

// What the gradients of a row's logits need.
template <class A>
struct RowFactors {
  int64_t label;  // negative: the row counts for nothing
  A log_sum;      // log sum exp of the logits, with margin
  A gradient;     // of p_ij: weight * grad_scale / n * scale
  A target;       // the gradient of the target's cosine
};

template <class A>
struct LogitTiles {
  const A* rows;     // z^ [padded B, pitch], from the chunk's first row on
  const A* classes;  // v^ [padded chunk, pitch]
  int64_t pitch;     // elements from line to line
  int64_t steps;     // of kTileDepth, along D
  unsigned row_tiles;
  int64_t first_class;  // of the chunk
  int64_t class_count;  // C
  bool normalized;      // logits are scale * cosine
  A scale;
  const RowFactors<A>* factors;  // [padded B], from the chunk's first row on
};

struct TilePosition {
  int64_t row;     // first of the tile
  int64_t column;  // first of the tile
};

// Neighbouring blocks share a tile of columns.
template <class A>
__device__ inline TilePosition tile_position(unsigned row_tiles) {
  return {int64_t{blockIdx.x % row_tiles} * kTile<A>, int64_t{blockIdx.x / row_tiles} * kTile<A>};
}

template <class A>
__device__ inline TilePosition compute_logits(const LogitTiles<A>& call, Sums<A>& logits) {
  const TilePosition at = tile_position<A>(call.row_tiles);
  Operand<A, true> rows(call.rows + at.row * call.pitch, call.pitch);
  Operand<A, true> classes(call.classes + at.column * call.pitch, call.pitch);
  multiply_tile<A>(rows, classes, call.steps, logits);
#pragma unroll
  for (int m = 0; m < kMicro<A>; ++m) {
#pragma unroll
    for (int n = 0; n < kMicro<A>; ++n) {
      const A x = logits[m][n];
      // NaN stays NaN.
      if (call.normalized) logits[m][n] = call.scale * (x > 1 ? 1 : x < -1 ? -1 : x);
    }
  }
  return at;
}

// Over the kTileSide threads that share the rows.
template <class A, class Merge>
__device__ inline A merge_columns(A value, const Merge& merge) {
#pragma unroll
  for (int mask = kTileSide / 2; mask > 0; mask /= 2) {
    value = merge(value, __shfl_xor_sync(kAllLanes, value, mask));
  }
  return value;
}

// The part of a row that lies in this tile.
template <class A>
__device__ inline RowPart<A> part_of(const A (&logits)[kMicro<A>], int64_t first_class,
                                     int64_t class_count, int64_t label) {
  A largest = -INFINITY, best = -INFINITY;
  int best_column = INT_MAX;
#pragma unroll
  for (int n = 0; n < kMicro<A>; ++n) {
    const int column = micro_position<A>(tile_column_thread(), n);
    if (first_class + column >= class_count) continue;
    if (logits[n] > best) {
      best = logits[n];
      best_column = column;
    }
    if (first_class + column != label && logits[n] > largest) largest = logits[n];
  }
  largest = merge_columns(largest, [](A a, A b) { return a > b ? a : b; });
  A sum = 0;
#pragma unroll
  for (int n = 0; n < kMicro<A>; ++n) {
    const int64_t j = first_class + micro_position<A>(tile_column_thread(), n);
    // A logit that is not finite makes the sum NaN.
    if (j < class_count && j != label) sum += exp(logits[n] - largest) + (logits[n] - logits[n]);
  }
  sum = merge_columns(sum, [](A a, A b) { return a + b; });
  const A row_best = merge_columns(best, [](A a, A b) { return a > b ? a : b; });
  const int column = merge_columns(best == row_best ? best_column : INT_MAX,
                                   [](int a, int b) { return a < b ? a : b; });
  return {largest, sum, row_best, column == INT_MAX ? INT64_MAX : first_class + column};
}

// The parts' union.
template <class A>
__device__ inline RowPart<A> merge_parts(const RowPart<A>& a, const RowPart<A>& b) {
  RowPart<A> both = a.largest > b.largest ? a : b;
  const A sum_a = a.sum == 0 ? 0 : a.sum * exp(a.largest - both.largest);
  const A sum_b = b.sum == 0 ? 0 : b.sum * exp(b.largest - both.largest);
  both.sum = sum_a + sum_b;
  const bool second = b.best > a.best || (b.best == a.best && b.best_class < a.best_class);
  both.best = second ? b.best : a.best;
  both.best_class = second ? b.best_class : a.best_class;
  return both;
}

// parts[row][slot], slot = tile of classes within the chunk: what the first chunk leaves there is
// merged with by the later ones.
template <class A>
__global__ void __launch_bounds__(kTileThreads, 2)
    classifier_logits(LogitTiles<A> call, RowPart<A>* parts, int64_t slots) {
  Sums<A> logits;
  const TilePosition at = compute_logits(call, logits);
#pragma unroll
  for (int m = 0; m < kMicro<A>; ++m) {
    const int64_t row = at.row + micro_position<A>(tile_row_thread(), m);
    const RowPart<A> part = part_of<A>(logits[m], call.first_class + at.column, call.class_count,
                                       call.factors[row].label);
    RowPart<A>& slot = parts[row * slots + at.column / kTile<A>];
    if (tile_column_thread() == 0) slot = call.first_class == 0 ? part : merge_parts(slot, part);
  }
}

// gradients[row][class of the chunk] = d loss / d cosine (softmax: logit).
template <class A>
__global__ void __launch_bounds__(kTileThreads, 2)
    classifier_logit_gradients(LogitTiles<A> call, A* gradients, int64_t gradient_pitch) {
  Sums<A> logits;
  const TilePosition at = compute_logits(call, logits);
#pragma unroll
  for (int m = 0; m < kMicro<A>; ++m) {
    const int64_t row = at.row + micro_position<A>(tile_row_thread(), m);
    const RowFactors<A> factors = call.factors[row];
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      Pack<A> pack;
#pragma unroll
      for (int k = 0; k < Pack<A>::kCount; ++k) {
        const int n = half * Pack<A>::kCount + k;
        const int64_t j = call.first_class + at.column + micro_position<A>(tile_column_thread(), n);
        const bool counts = factors.gradient != 0 && j < call.class_count;
        pack.at[k] = counts ? factors.gradient * exp(logits[m][n] - factors.log_sum) : 0;
        if (j == factors.label) pack.at[k] = factors.target;
      }
      const int64_t column =
          at.column + micro_position<A>(tile_column_thread(), half * Pack<A>::kCount);
      *reinterpret_cast<Pack<A>*>(gradients + row * gradient_pitch + column) = pack;
    }
  }
}

// ---- gradients of rows and classes ----

template <class A>
struct GradientTiles {
  const A* left;  // the logits' gradients: [side, depth] or [depth, side]
  int64_t left_pitch;
  const A* right;  // [depth, D]
  int64_t right_pitch;
  unsigned row_tiles;
  unsigned column_tiles;
  unsigned steps;   // of kTileDepth, all splits together
  unsigned splits;  // of the depth, each into a matrix of its own
  A* sums;          // [splits, split_size]: rows of right_pitch elements
  int64_t split_size;
  bool overwrites;  // otherwise adds
};

// kAlongDepth: of the left operand.
template <class A, bool kAlongDepth>
__global__ void __launch_bounds__(kTileThreads, 2) classifier_gradients(GradientTiles<A> call) {
  // Numbers of 32 bits: 64 would cost registers beside the sums.
  const unsigned row_tile = blockIdx.x % call.row_tiles;
  const unsigned column_tile = blockIdx.x / call.row_tiles % call.column_tiles;
  const unsigned split = blockIdx.x / call.row_tiles / call.column_tiles;
  const int64_t row = int64_t{row_tile} * kTile<A>, column = int64_t{column_tile} * kTile<A>;
  const unsigned first = call.steps * split / call.splits;
  const unsigned last = call.steps * (split + 1) / call.splits;
  const int64_t depth = int64_t{first} * kTileDepth;
  const A* corner = kAlongDepth ? call.left + row * call.left_pitch + depth
                                : call.left + depth * call.left_pitch + row;
  Operand<A, kAlongDepth> left(corner, call.left_pitch);
  Operand<A, false> right(call.right + depth * call.right_pitch + column, call.right_pitch);
  Sums<A> sums;
  multiply_tile<A>(left, right, static_cast<int>(last - first), sums);
#pragma unroll
  for (int m = 0; m < kMicro<A>; ++m) {
    A* line = call.sums + split * call.split_size +
              (row + micro_position<A>(tile_row_thread(), m)) * call.right_pitch;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int n = half * Pack<A>::kCount;
      auto* at =
          reinterpret_cast<Pack<A>*>(line + column + micro_position<A>(tile_column_thread(), n));
      Pack<A> pack = {};
      if (!call.overwrites) pack = *at;
#pragma unroll
      for (int k = 0; k < Pack<A>::kCount; ++k) pack.at[k] += sums[m][n + k];
      *at = pack;
    }
  }
}

}  // namespace cd::cuda
