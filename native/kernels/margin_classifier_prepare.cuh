// What K2 does on a GPU by rows and by classes before its products, a warp for each: normalising
// and packing, the weights by quality, the divisors of the losses. B rows of all sets, C classes, D
// columns; z^ = z / |z| and v^ = v / |v| (softmax: z and v themselves).
#pragma once

#include "core/cuda_labels.cuh"
#include "core/cuda_norms.cuh"
#include "kernels/margin_classifier_tiles.cuh"
#include "kernels/quality_weights.cuh"

namespace cd::cuda {

constexpr int kClassifierBlock = 256;
constexpr int kWarpsOfBlock = kClassifierBlock / kWarp;

// Beside RowFactors: what a row's own gradient needs.
struct RowState {
  const void* embedding;  // the row itself
  double inverse_norm;
  double inverse_target_norm;
  double apart;    // |z^ - v^|^2 of the target
  double across;   // |z^ + v^|^2
  double precise;  // gradient of the target's cosine where the products leave it out, otherwise 0
  double bound;    // of |g_ij rest|
  int64_t next;    // next such row with the same label, or -1
};

template <class T>
struct ClassifierSet {
  using A = Accumulator<T>;

  int64_t first;  // of its rows among all
  int64_t rows;
  const T* embeddings_or_null;  // [rows, D]; null: padding
  int64_t stride;
  bool wide;
  const int64_t* labels;     // [rows]
  const A* weights_or_null;  // [rows]
  double grad_scale;
  A* loss;                     // [1]
  A* row_losses_or_null;       // [rows]
  uint8_t* hits_or_null;       // [rows]
  T* grad_embeddings_or_null;  // [rows, D]
  int64_t grad_stride;
  bool grad_wide;
  A* grad_weights_or_null;  // [rows]
  A* norms_or_null;         // [rows]: |z|, where the weights are by quality
};

template <class T>
struct ClassifierMatrix {
  int64_t classes;
  int64_t dim;
  const T* values;  // [C, D]
  int64_t stride;
  bool wide;
  const T* bias_or_null;  // [C]
  bool has_bias_column;   // a column for the bias, or for its gradient alone
};

struct ClassifierOptions {
  int32_t kind;
  bool normalized;  // not softmax
  bool easy_margin;
  int32_t reduction;
  double scale;
  double margin;
  double cos_margin;
  double sin_margin;
};

// The workspace by rows of all sets, padded to whole tiles.
template <class T>
struct RowSpace {
  using A = Accumulator<T>;

  T* packed;  // [rows, pitch], and 1 in column D where there is a bias
  int64_t pitch;
  RowFactors<A>* factors;
  RowState* states;
  double* products;  // w_i l_i
};

// The weights of the first set's rows by quality.
template <class A>
struct ClassifierQuality {
  QualityWeights<A> from_norms;  // weights null: there is no quality
  double offset;
  double factor;
  A* row_weights;  // [rows of the set]: what its rows weigh
};

__device__ inline int64_t warp_number() {
  return int64_t{blockIdx.x} * kWarpsOfBlock + threadIdx.x / kWarp;
}
__device__ inline int lane_number() { return static_cast<int>(threadIdx.x) % kWarp; }

// Writes x * factor, then `extra` in the column behind it, then zeros up to `pitch`.
template <class T>
__device__ void write_packed(const WarpRow<T>& row, double factor, bool has_extra, double extra,
                             T* packed, int64_t pitch) {
  constexpr int kCount = Pack<T>::kCount;
  for (int64_t d = lane_number() * kCount; d < pitch; d += kWarp * kCount) {
    const Pack<T> pack = read_pack(row.x, d, row.columns, row.wide);
    Pack<T> out;
#pragma unroll
    for (int k = 0; k < kCount; ++k) {
      const bool is_extra = has_extra && d + k == row.columns;
      const double value = static_cast<double>(widen(pack.at[k])) * factor;
      out.at[k] = narrow<T>(d + k < row.columns ? value : is_extra ? extra : 0);
    }
    *reinterpret_cast<Pack<T>*>(packed + d) = out;
  }
}

// The packed rows and the labels of a set.
template <class T>
__global__ void __launch_bounds__(kClassifierBlock)
    classifier_rows(ClassifierSet<T> set, ClassifierMatrix<T> matrix, bool normalized,
                    RowSpace<T> space) {
  const int64_t i = warp_number();
  if (i >= set.rows) return;
  const int64_t row = set.first + i;
  const bool is_padding = set.labels == nullptr;  // rows without columns may be null, too
  const int64_t label = is_padding ? kIgnored : kept_label(set.labels, i, matrix.classes);
  const bool counts = label >= 0, measured = set.norms_or_null != nullptr;
  WarpRow<T> values = {nullptr, 0, false};
  if (counts || measured) {
    values = {set.embeddings_or_null + i * set.stride, matrix.dim, set.wide};
  }
  const double norm = measured || (counts && normalized) ? values.precise_norm() : 0;
  if (measured && lane_number() == 0) {
    set.norms_or_null[i] = static_cast<Accumulator<T>>(norm);
  }
  const double inverse = !counts ? 0 : normalized ? inverse_norm(norm) : 1;
  if (!counts) values = {nullptr, 0, false};  // zeros, whatever the row holds
  const Packing packing = packing_of<T>(inverse, normalized);
  write_packed(values, packing.factor, counts && matrix.has_bias_column, 1,
               space.packed + row * space.pitch, space.pitch);
  if (lane_number() != 0) return;
  space.factors[row] = {label, 0, static_cast<Accumulator<T>>(packing.rest), 0, 0};
  space.states[row] = {values.x, inverse, 0, 0, 0, 0, 0, -1};
}

// By the threads of one block: the quality weights, and from them what the rows of a set weigh. Of
// both arrays a thread reads only what it has written, here as in count_rows.
template <class T>
__device__ void weigh_rows(const ClassifierSet<T>& set,
                           const ClassifierQuality<Accumulator<T>>& quality) {
  using A = Accumulator<T>;
  write_weights<kClassifierBlock>(quality.from_norms);
  for (int64_t i = threadIdx.x; i < set.rows; i += kClassifierBlock) {
    const double own = static_cast<double>(checked_weight(set.weights_or_null, i));
    const double of_quality = static_cast<double>(quality.from_norms.weights[i]);
    // Rounded in between, as everywhere, so that the bits are those of weights that were given.
    const double share = rounded_product(quality.factor, of_quality);
    quality.row_weights[i] = static_cast<A>(own * (quality.offset + share));
  }
}

// The divisor of a set's loss, and the first row with a bad label so far; before it the weights, if
// they are of a quality.
template <class T>
__global__ void __launch_bounds__(kClassifierBlock)
    classifier_divisor(ClassifierSet<T> set, RowSpace<T> space,
                       ClassifierQuality<Accumulator<T>> quality, int32_t reduction, bool first_set,
                       Divisor* divisor, int64_t* bad_row) {
  if (quality.from_norms.weights != nullptr) {
    weigh_rows(set, quality);
    set.weights_or_null = quality.row_weights;
  }
  const CountedRows counted = count_rows<kClassifierBlock>(
      set.rows, [&](int64_t i) { return space.factors[set.first + i].label; },
      [&](int64_t i) {
        return reduction == CD_WEIGHTED_MEAN
                   ? static_cast<double>(checked_weight(set.weights_or_null, i))
                   : 1;
      });
  if (threadIdx.x != 0) return;
  *divisor = divisor_of(reduction, counted.sum, set.grad_scale);
  if (first_set) *bad_row = -1;
  if (*bad_row < 0 && counted.bad != INT64_MAX) *bad_row = set.first + counted.bad;
}

// A chunk of classes in the workspace.
template <class T>
struct ClassSpace {
  int64_t first;           // class
  T* packed;               // [chunk, pitch], and the bias in column D
  Accumulator<T>* rests;   // [chunk], of the packing
  double* inverse_norms;   // [chunk]
  int64_t* first_precise;  // [C]: first row of the class's chain, or -1
};

// A packed chunk of `padded` classes; those past the last class are zeros.
template <class T>
__global__ void __launch_bounds__(kClassifierBlock)
    classifier_classes(ClassifierMatrix<T> matrix, ClassSpace<T> chunk, int64_t padded,
                       bool normalized, int64_t pitch, bool clears_chains) {
  const int64_t line = warp_number();
  if (line >= padded) return;
  const int64_t j = chunk.first + line;
  const bool exists = j < matrix.classes, has_bias = exists && matrix.bias_or_null != nullptr;
  WarpRow<T> values = {nullptr, 0, false};
  double inverse = 0;
  if (exists) {
    values = {matrix.values + j * matrix.stride, matrix.dim, matrix.wide};
    inverse = normalized ? inverse_norm(values.norm()) : 1;
  }
  const double bias = has_bias ? static_cast<double>(widen(matrix.bias_or_null[j])) : 0;
  const Packing packing = packing_of<T>(inverse, normalized);
  write_packed(values, packing.factor, has_bias, bias, chunk.packed + line * pitch, pitch);
  if (lane_number() != 0) return;
  chunk.rests[line] = static_cast<Accumulator<T>>(packing.rest);
  chunk.inverse_norms[line] = inverse;
  if (clears_chains && exists) chunk.first_precise[j] = -1;
}

}  // namespace cd::cuda
