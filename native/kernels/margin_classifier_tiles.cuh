// What K2 does with its matrix products on a GPU: tiles of rows against tiles of classes, and of
// their gradients. B rows, C classes, D columns; z^ rows and v^ classes as they enter the logits.
//
// f32 and f64 are multiplied by multiply-adds, and their rows are packed as z^ and v^. 16-bit types
// are multiplied by tensor cores and must not be rounded on the way there: their rows are packed as
// they are, times a power of two, and the rest of 1 / |z| and 1 / |v| multiplies the logits in
// float. The gradients of the logits are multiplied by both rests, too, and rounded to T once, for
// both products that follow:
//   h_ij = unit g_ij rest_i rest_j,  dz^_i = sum_j h_ij packed(v_j) / (unit rest_i),
// and likewise dv^_j; `unit`, a power of two, brings the largest h_ij into the range of T.
#pragma once

#include "kernels/margin_classifier_mma.cuh"

namespace cd::cuda {

template <class T>
constexpr bool kIsNarrow = sizeof(T) == 2;

template <class T>
using Tile = std::conditional_t<kIsNarrow<T>, MmaTile<T>, FmaTile<T>>;

// How a row is packed: packed(x) = T(factor x), and factor * rest is 1 / |x| (softmax: 1).
struct Packing {
  double factor;
  double rest;
};

// Narrow rows that are normalised get lengths from 2^kPackedLength on: in f16 the range below is
// needed for their small elements, and 2^15 is the largest power of two.
template <class T>
constexpr int kPackedLength = std::is_same_v<T, __half> ? 14 : 0;

template <class T>
__device__ inline Packing packing_of(double inverse_norm, bool normalized) {
  if (!kIsNarrow<T> || !normalized) return {inverse_norm, 1};
  if (!(inverse_norm > 0)) return {0, inverse_norm};  // without direction, or not finite
  const double factor = scalbn(1.0, kPackedLength<T> - ilogb(1 / inverse_norm));
  return {factor, inverse_norm / factor};
}

// `unit` above. `peak` bounds |g_ij rest_i| over all rows; rests of classes are at most
// 2^-kPackedLength, or 1.
template <class T>
__device__ inline float slope_unit(double peak, bool normalized) {
  if (!kIsNarrow<T> || !(peak > 0) || peak - peak != 0) return 1;
  const int exponent = 14 + (normalized ? kPackedLength<T> : 0) - ilogb(peak);
  return scalbnf(1.0f, exponent < -120 ? -120 : exponent > 120 ? 120 : exponent);
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
  A rest;         // of the row's packing
  A gradient;     // of p_ij: weight * grad_scale / n * scale * rest
  A target;       // the gradient of the target's cosine, times rest
};

template <class T>
struct LogitTiles {
  using A = Accumulator<T>;

  const T* rows;         // packed z [padded B, pitch], from the chunk's first row on
  const T* classes;      // packed v [padded chunk, pitch]
  const A* class_rests;  // [padded chunk]
  int64_t pitch;         // elements from line to line
  int64_t steps;         // of kDepth, along D
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
template <class T>
__device__ inline TilePosition tile_position(unsigned row_tiles) {
  constexpr int64_t kSide = Tile<T>::kSide;
  return {blockIdx.x % row_tiles * kSide, blockIdx.x / row_tiles * kSide};
}

template <class T>
using Sums = typename Tile<T>::Sums;

template <class T>
__device__ inline void clear(Sums<T>& sums) {
#pragma unroll
  for (auto& line : sums) {
#pragma unroll
    for (auto& sum : line) sum = 0;
  }
}

// The rests of the thread's columns, a pack of T; 1 where there are none.
template <class T>
struct ClassRests {
  using A = Accumulator<T>;
  A at[Tile<T>::kMicro];

  __device__ ClassRests(const LogitTiles<T>& call, int64_t column) {
#pragma unroll
    for (int n = 0; n < Tile<T>::kMicro; ++n) {
      at[n] = kIsNarrow<T> ? call.class_rests[column + Tile<T>::logit_column(n)] : 1;
    }
  }
};

template <class T>
__device__ inline void compute_logits(const LogitTiles<T>& call, const TilePosition& at,
                                      Sums<T>& logits) {
  using A = Accumulator<T>;
  clear<T>(logits);
  Tile<T>::template multiply<true, true>(call.rows + at.row * call.pitch, call.pitch,
                                         call.classes + at.column * call.pitch, call.pitch,
                                         static_cast<int>(call.steps), logits);
  const ClassRests<T> rests(call, at.column);
#pragma unroll
  for (int m = 0; m < Tile<T>::kMicro; ++m) {
    const A rest = kIsNarrow<T> ? call.factors[at.row + Tile<T>::row_of(m)].rest : 1;
#pragma unroll
    for (int n = 0; n < Tile<T>::kMicro; ++n) {
      const A x = kIsNarrow<T> ? logits[m][n] * (rest * rests.at[n]) : logits[m][n];
      // NaN stays NaN.
      logits[m][n] = call.normalized ? call.scale * (x > 1 ? 1 : x < -1 ? -1 : x) : x;
    }
  }
}

// Over the threads of a warp that share the rows.
template <class T, class V, class Merge>
__device__ inline V merge_columns(V value, const Merge& merge) {
#pragma unroll
  for (int mask = Tile<T>::kSharing / 2; mask > 0; mask /= 2) {
    value = merge(value, __shfl_xor_sync(kAllLanes, value, mask));
  }
  return value;
}

// The part of a row that lies in this warp's columns.
template <class T>
__device__ inline RowPart<Accumulator<T>> part_of(const Accumulator<T> (&logits)[Tile<T>::kMicro],
                                                  int64_t first_class, int64_t class_count,
                                                  int64_t label) {
  using A = Accumulator<T>;
  A largest = -INFINITY, best = -INFINITY;
  int best_column = INT_MAX;
#pragma unroll
  for (int n = 0; n < Tile<T>::kMicro; ++n) {
    const int column = Tile<T>::logit_column(n);
    if (first_class + column >= class_count) continue;
    if (logits[n] > best) {
      best = logits[n];
      best_column = column;
    }
    if (first_class + column != label && logits[n] > largest) largest = logits[n];
  }
  largest = merge_columns<T>(largest, [](A a, A b) { return a > b ? a : b; });
  A sum = 0;
#pragma unroll
  for (int n = 0; n < Tile<T>::kMicro; ++n) {
    const int64_t j = first_class + Tile<T>::logit_column(n);
    // A logit that is not finite makes the sum NaN.
    if (j < class_count && j != label) sum += exp(logits[n] - largest) + (logits[n] - logits[n]);
  }
  sum = merge_columns<T>(sum, [](A a, A b) { return a + b; });
  const A row_best = merge_columns<T>(best, [](A a, A b) { return a > b ? a : b; });
  const int column = merge_columns<T>(best == row_best ? best_column : INT_MAX,
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

// parts[row][slot], slot = warp's columns within the chunk: what the first chunk leaves there is
// merged with by the later ones.
template <class T>
__global__ void __launch_bounds__(kTileThreads, 2)
    classifier_logits(LogitTiles<T> call, RowPart<Accumulator<T>>* parts, int64_t slots) {
  using A = Accumulator<T>;
  const TilePosition at = tile_position<T>(call.row_tiles);
  Sums<T> logits;
  compute_logits(call, at, logits);
  const int64_t slot = at.column / Tile<T>::kSide * Tile<T>::kSlots + Tile<T>::slot();
#pragma unroll
  for (int m = 0; m < Tile<T>::kMicro; ++m) {
    const int64_t row = at.row + Tile<T>::row_of(m);
    const RowPart<A> part = part_of<T>(logits[m], call.first_class + at.column, call.class_count,
                                       call.factors[row].label);
    if (threadIdx.x % Tile<T>::kSharing != 0) continue;
    RowPart<A>& to = parts[row * slots + slot];
    to = call.first_class == 0 ? part : merge_parts(to, part);
  }
}

// gradients[plane][row][class of the chunk] = h_ij of the logits. T rounds them (f32 and f64 do
// not): where there is a second plane, it has what the first has lost.
template <class T>
struct LogitGradients {
  T* planes;
  int count;
  int64_t size;   // elements from plane to plane
  int64_t pitch;  // elements from line to line
  const double* peak;
};

template <class T>
__global__ void __launch_bounds__(kTileThreads, 2)
    classifier_logit_gradients(LogitTiles<T> call, LogitGradients<T> gradients) {
  using A = Accumulator<T>;
  constexpr int kCount = Pack<T>::kCount;
  const TilePosition at = tile_position<T>(call.row_tiles);
  Sums<T> logits;
  compute_logits(call, at, logits);
  const A unit = kIsNarrow<T> ? slope_unit<T>(*gradients.peak, call.normalized) : 1;
  const ClassRests<T> rests(call, at.column);
#pragma unroll
  for (int m = 0; m < Tile<T>::kMicro; ++m) {
    const int64_t row = at.row + Tile<T>::row_of(m);
    const RowFactors<A> factors = call.factors[row];
    T* const line = gradients.planes + row * gradients.pitch + at.column;
#pragma unroll
    for (int first = 0; first < Tile<T>::kMicro; first += kCount) {
      Pack<T> pack, lost = {};
#pragma unroll
      for (int k = 0; k < kCount; ++k) {
        const int n = first + k;
        const int64_t j = call.first_class + at.column + Tile<T>::logit_column(n);
        const bool counts = factors.gradient != 0 && j < call.class_count;
        A slope = counts ? factors.gradient * exp(logits[m][n] - factors.log_sum) : 0;
        if (j == factors.label) slope = factors.target;
        if constexpr (kIsNarrow<T>) slope *= unit * rests.at[n];
        pack.at[k] = narrow<T>(slope);
        if constexpr (kIsNarrow<T>) lost.at[k] = narrow<T>(slope - widen(pack.at[k]));
      }
      T* const to = line + Tile<T>::logit_column(first);
      *reinterpret_cast<Pack<T>*>(to) = pack;
      if (kIsNarrow<T> && gradients.count > 1) {
        *reinterpret_cast<Pack<T>*>(to + gradients.size) = lost;
      }
    }
  }
}

// ---- gradients of rows and classes ----

template <class T>
struct GradientTiles {
  using A = Accumulator<T>;

  const T* left;  // the logits' gradients: [side, depth] or [depth, side]
  int64_t left_pitch;
  int planes;  // of the left operand
  int64_t plane_size;
  const T* right;  // [depth, D]
  int64_t right_pitch;
  unsigned row_tiles;
  unsigned column_tiles;
  unsigned steps;   // of kDepth, all splits together
  unsigned splits;  // of the depth, each into a matrix of its own
  A* sums;          // [splits, split_size]: rows of right_pitch elements
  int64_t split_size;
  bool overwrites;  // otherwise adds
};

// kAlong: the left operand's lines run along the depth.
template <class T, bool kAlong>
__global__ void __launch_bounds__(kTileThreads, 2) classifier_gradients(GradientTiles<T> call) {
  using A = Accumulator<T>;
  // Numbers of 32 bits: 64 would cost registers beside the sums.
  const unsigned row_tile = blockIdx.x % call.row_tiles;
  const unsigned column_tile = blockIdx.x / call.row_tiles % call.column_tiles;
  const unsigned split = blockIdx.x / call.row_tiles / call.column_tiles;
  const int64_t row = int64_t{row_tile} * Tile<T>::kSide;
  const int64_t column = int64_t{column_tile} * Tile<T>::kSide;
  const unsigned first = call.steps * split / call.splits;
  const unsigned last = call.steps * (split + 1) / call.splits;
  const int64_t depth = int64_t{first} * Tile<T>::kDepth;
  const T* left =
      call.left + (kAlong ? row * call.left_pitch + depth : depth * call.left_pitch + row);
  const T* right = call.right + depth * call.right_pitch + column;
  Sums<T> sums;
  clear<T>(sums);
  for (int plane = 0; plane < (kIsNarrow<T> ? call.planes : 1); ++plane) {
    if (plane > 0) __syncthreads();  // the plane before is done with
    Tile<T>::template multiply<kAlong, false>(left + plane * call.plane_size, call.left_pitch,
                                              right, call.right_pitch,
                                              static_cast<int>(last - first), sums);
  }
  Tile<T>::gather(sums);
#pragma unroll
  for (int m = 0; m < Tile<T>::kMicro; ++m) {
    A* line = call.sums + split * call.split_size + (row + Tile<T>::row_of(m)) * call.right_pitch +
              column;
#pragma unroll
    for (int n = 0; n < Tile<T>::kMicro; n += Pack<A>::kCount) {
      auto* at = reinterpret_cast<Pack<A>*>(line + Tile<T>::gradient_column(n));
      Pack<A> pack = {};
      if (!call.overwrites) pack = *at;
#pragma unroll
      for (int k = 0; k < Pack<A>::kCount; ++k) pack.at[k] += sums[m][n + k];
      *at = pack;
    }
  }
}

}  // namespace cd::cuda
