// K2, the passes over tiles: the logits twice (dV needs the final log-sum-exp), no B x C array.
//
// The target is left out of all sums over classes and comes in by itself, in double: its margin,
// the derivative 1 / sin(theta) and 1 - p_y would cancel otherwise.
#include <cfloat>

#include "core/norms.h"
#include "core/panels.h"
#include "core/simd_math.h"
#include "kernels/margin_classifier_gradient.h"

namespace cd {
namespace CD_TARGET {
namespace {

// Number of a group's first tile.
CD_INLINE int64_t first_tile(const MarginClassifier& call, int64_t group) {
  return call.tiles * group / call.groups;
}

// One tile of classes in the memory of one task slot.
template <class T>
struct Tile {
  int64_t index;
  int64_t first_class;
  int64_t classes;  // of the matrix
  int64_t stride;   // classes, padded for the register tiles
  T* v;             // [Dp / W][stride][W]: v^
  T* logits;        // [row_block / W][stride][W], transposed: lanes are rows
  T* grad;          // [Dp / W][stride][W]: d loss / d v^
  T* bias;          // [stride]
  T* grad_bias;     // [stride]
  double* target;   // [Dp]
};

template <class T>
Tile<T> tile_in_slot(const MarginClassifier& call, int64_t index, int32_t slot) {
  Tile<T> tile;
  tile.index = index;
  tile.first_class = index * call.tile_classes;
  const int64_t left = call.classes - tile.first_class;
  tile.classes = left < call.tile_classes ? left : call.tile_classes;
  tile.stride = (tile.classes + kTileRows - 1) / kTileRows * kTileRows;
  const int64_t capacity = call.tile_classes * call.padded_dim;
  tile.target = reinterpret_cast<double*>(static_cast<char*>(call.slots) + slot * call.slot_bytes);
  tile.v = reinterpret_cast<T*>(tile.target + call.padded_dim);
  tile.grad = tile.v + capacity;
  tile.logits = tile.grad + capacity;
  tile.bias = tile.logits + call.row_block * call.tile_classes;
  tile.grad_bias = tile.bias + call.tile_classes;
  return tile;
}

template <class T, class E>
void pack_classes(const MarginClassifier& call, const Tile<T>& tile, bool first_pass) {
  const bool raw = call.kind == CD_CLASSIFIER_SOFTMAX;
  const E* bias = static_cast<const E*>(call.bias_or_null);
  for (int64_t j = 0; j < tile.stride; ++j) {
    const bool real = j < tile.classes;
    const int64_t c = tile.first_class + j;
    const E* v =
        real ? static_cast<const E*>(call.classifier) + c * call.classifier_stride : nullptr;
    if (real && first_pass) {
      call.class_inverse_norms[c] = raw ? 1 : inverse_norm(row_norm<double>(v, call.dim));
    }
    const double factor = real ? call.class_inverse_norms[c] : 0;
    pack_row<T>(v, real ? call.dim : 0, call.padded_dim, factor, j, tile.stride, tile.v);
    tile.bias[j] = real && bias != nullptr ? static_cast<T>(to_double(bias[c])) : 0;
    tile.grad_bias[j] = 0;
  }
}

// Columns that the panels of both factors, W wide, leave room for in the first-level cache.
template <class T>
inline constexpr int64_t kDepthChunks = 16384 / (kPanelWidth<T> * kPanelWidth<T> * sizeof(T));

// Logits (without scale) of all the tile's classes with the panels [first, last) of rows.
template <class T>
void tile_logits(const MarginClassifier& call, const Tile<T>& tile, int64_t first, int64_t last) {
  constexpr int64_t kWidth = kPanelWidth<T>;
  const int64_t chunks = call.padded_dim / kWidth;
  for (int64_t panel = first; panel < last; ++panel) {
    const T* z = static_cast<const T*>(call.z_columns) + panel * call.padded_dim * kWidth;
    T* logits = tile.logits + (panel - first) * tile.stride * kWidth;
    for (int64_t chunk = 0; chunk == 0 || chunk < chunks; chunk += kDepthChunks<T>) {
      const int64_t left = chunks - chunk;
      const int64_t depth = left < kDepthChunks<T> ? left : kDepthChunks<T>;
      const T* v = tile.v + chunk * tile.stride * kWidth;
      const T* b = z + chunk * kWidth * kWidth;
      if (chunk == 0) {
        multiply_row_panels<T, false>(tile.stride, depth, v, tile.stride, b, logits);
      } else {
        multiply_row_panels<T, true>(tile.stride, depth, v, tile.stride, b, logits);
      }
    }
    if (call.bias_or_null == nullptr) continue;
    for (int64_t j = 0; j < tile.classes; ++j) {
      for (int64_t lane = 0; lane < kWidth; ++lane) logits[j * kWidth + lane] += tile.bias[j];
    }
  }
}

// Takes the targets out of the logits of the row panels [first, last): they become -infinity. On
// the first pass their values are kept, and what the arg-max needs of the classes before them.
template <class T>
void remove_targets(const MarginClassifier& call, const Tile<T>& tile, int64_t first, int64_t last,
                    const T* largest_or_null) {
  constexpr int64_t kWidth = kPanelWidth<T>;
  for (int64_t k = call.tile_begin[tile.index]; k < call.tile_begin[tile.index + 1]; ++k) {
    const int64_t i = call.rows_by_label[k];
    if (i < first * kWidth || i >= last * kWidth) continue;
    ClassifierRow& row = call.row[i];
    T* column = tile.logits + (i / kWidth - first) * tile.stride * kWidth + i % kWidth;
    const int64_t target = row.label - tile.first_class;
    if (largest_or_null != nullptr) {
      T below = largest_or_null[i];
      for (int64_t j = 0; j < target; ++j) {
        if (column[j * kWidth] > below) below = column[j * kWidth];
      }
      row.best_below = static_cast<double>(below);
      row.plain_target = static_cast<double>(column[target * kWidth]);
    }
    column[target * kWidth] = static_cast<T>(-__builtin_inf());
  }
}

// Folds one panel's logits into the running maximum and sum of exponentials of its rows.
template <class T>
void reduce_panel(const Tile<T>& tile, const T* logits, T scale, T* largest, T* sums) {
  constexpr int64_t kVector = kLanes<T>, kWidth = kPanelWidth<T>;
  const Vector<T> factor = broadcast(scale);
  for (int half = 0; half < 2; ++half) {
    const T* column = logits + half * kVector;
    const Vector<T> before = read<Vector<T>>(largest + half * kVector);
    Vector<T> top = before;
    for (int64_t j = 0; j < tile.classes; ++j) {
      top = maximum(read<Vector<T>>(column + j * kWidth), top);
    }
    Vector<T> sum = {};
    for (int64_t j = 0; j < tile.classes; ++j) {
      sum += exponential(factor * (read<Vector<T>>(column + j * kWidth) - top));
    }
    const Vector<T> old = read<Vector<T>>(sums + half * kVector);
    write(sums + half * kVector, multiply_add(old, exponential(factor * (before - top)), sum));
    write(largest + half * kVector, top);
  }
}

template <class T, class E>
void reduce_group(const MarginClassifier& call, int64_t group, int32_t slot) {
  constexpr int64_t kWidth = kPanelWidth<T>;
  T* largest = static_cast<T*>(call.group_largest) + group * call.padded_rows;
  T* sums = static_cast<T*>(call.group_sums) + group * call.padded_rows;
  for (int64_t i = 0; i < call.padded_rows; ++i) {
    largest[i] = sizeof(T) == 8 ? static_cast<T>(-DBL_MAX) : -FLT_MAX;
    sums[i] = 0;
  }
  const int64_t panels = call.padded_rows / kWidth, block = call.row_block / kWidth;
  for (int64_t t = first_tile(call, group); t < first_tile(call, group + 1); ++t) {
    const Tile<T> tile = tile_in_slot<T>(call, t, slot);
    pack_classes<T, E>(call, tile, true);
    for (int64_t first = 0; first < panels; first += block) {
      const int64_t last = first + block < panels ? first + block : panels;
      tile_logits(call, tile, first, last);
      remove_targets(call, tile, first, last, largest);
      for (int64_t panel = first; panel < last; ++panel) {
        reduce_panel(tile, tile.logits + (panel - first) * tile.stride * kWidth,
                     static_cast<T>(call.scale), largest + panel * kWidth, sums + panel * kWidth);
      }
    }
  }
}

// Replaces one panel's logits by d loss / d logit.
template <class T>
void differentiate_panel(const MarginClassifier& call, const Tile<T>& tile, int64_t panel,
                         T* logits) {
  constexpr int64_t kVector = kLanes<T>, kWidth = kPanelWidth<T>;
  const Vector<T> scale = broadcast(static_cast<T>(call.scale));
  for (int64_t half = 0; half < 2; ++half) {
    const int64_t i = panel * kWidth + half * kVector;
    const Vector<T> shift = read<Vector<T>>(static_cast<const T*>(call.shifts) + i);
    const Vector<T> factor = read<Vector<T>>(static_cast<const T*>(call.factors) + i);
    T* column = logits + half * kVector;
    for (int64_t j = 0; j < tile.classes; ++j) {
      const Vector<T> logit = read<Vector<T>>(column + j * kWidth);
      write(column + j * kWidth, factor * exponential(scale * (logit - shift)));
    }
    for (int64_t j = tile.classes; j < tile.stride; ++j) write(column + j * kWidth, Vector<T>{});
  }
  if (call.grad_bias_or_null == nullptr) return;
  for (int64_t j = 0; j < tile.classes; ++j) {
    tile.grad_bias[j] += sum<T>(read<Vector<T>>(logits + j * kWidth) +
                                read<Vector<T>>(logits + j * kWidth + kVector));
  }
}

// dV of one tile, and db.
template <class T, class E>
void write_class_gradients(const MarginClassifier& call, const Tile<T>& tile) {
  const bool raw = call.kind == CD_CLASSIFIER_SOFTMAX;
  int64_t k = call.tile_begin[tile.index];
  const int64_t end = call.tile_begin[tile.index + 1];
  for (int64_t d = 0; d < call.padded_dim; ++d) tile.target[d] = 0;
  for (int64_t j = 0; j < tile.classes; ++j) {
    const int64_t c = tile.first_class + j;
    const E* v = static_cast<const E*>(call.classifier) + c * call.classifier_stride;
    double grad_bias = static_cast<double>(tile.grad_bias[j]);
    bool touched = false;
    for (; k < end && call.row[call.rows_by_label[k]].label == c; ++k, touched = true) {
      const ClassifierRow& row = call.row[call.rows_by_label[k]];
      add_target(v, raw ? 0 : row.sign * row.class_inverse_norm, static_cast<const E*>(row.z),
                 row.inverse_norm, row.pull, row.half_square, call.dim, tile.target);
      grad_bias += row.pull;
    }
    if (call.grad_classifier_or_null != nullptr) {
      E* grad = static_cast<E*>(call.grad_classifier_or_null) + c * call.grad_classifier_stride;
      write_gradient(call, tile.grad, tile.v, j, tile.stride, touched ? tile.target : nullptr,
                     call.class_inverse_norms[c], grad);
    }
    if (call.grad_bias_or_null != nullptr) {
      E* out = static_cast<E*>(call.grad_bias_or_null) + c;
      store<T>(out, broadcast(static_cast<T>(grad_bias)), 1);
    }
    for (int64_t d = 0; touched && d < call.padded_dim; ++d) tile.target[d] = 0;
  }
}

// grad (+)= the rows' part of d loss / d v^, for the panels [first, last) of rows.
template <class T>
void add_class_gradients(const MarginClassifier& call, const Tile<T>& tile, int64_t first,
                         int64_t last) {
  constexpr int64_t kWidth = kPanelWidth<T>;
  for (int64_t p = 0; p < call.padded_dim / kWidth; ++p) {
    const T* z =
        static_cast<const T*>(call.z_rows) + (p * call.padded_rows + first * kWidth) * kWidth;
    T* grad = tile.grad + p * tile.stride * kWidth;
    if (first == 0) {
      multiply_row_panels<T, false>(tile.stride, last - first, tile.logits, tile.stride, z, grad);
    } else {
      multiply_row_panels<T, true>(tile.stride, last - first, tile.logits, tile.stride, z, grad);
    }
  }
}

// part (+)= the tile's part of d loss / d z^ for one panel of rows.
template <class T>
void add_row_gradients(const MarginClassifier& call, const Tile<T>& tile, int64_t panel,
                       const T* slopes, bool fresh, T* part) {
  constexpr int64_t kWidth = kPanelWidth<T>;
  for (int64_t p = 0; p < call.padded_dim / kWidth; ++p) {
    const T* v = tile.v + p * tile.stride * kWidth;
    T* grad = part + (p * call.padded_rows + panel * kWidth) * kWidth;
    if (fresh) {
      multiply_transposed_panel<T, false>(tile.stride, slopes, v, grad);
    } else {
      multiply_transposed_panel<T, true>(tile.stride, slopes, v, grad);
    }
  }
}

template <class T, class E>
void group_gradients(const MarginClassifier& call, int64_t group, int32_t slot) {
  constexpr int64_t kWidth = kPanelWidth<T>;
  const int64_t panels = call.padded_rows / kWidth, block = call.row_block / kWidth;
  T* part = nullptr;
  if (call.grad_parts_or_null != nullptr) {
    part = static_cast<T*>(call.grad_parts_or_null) + group * call.padded_dim * call.padded_rows;
  }
  const int64_t begin = first_tile(call, group);
  for (int64_t t = begin; t < first_tile(call, group + 1); ++t) {
    const Tile<T> tile = tile_in_slot<T>(call, t, slot);
    pack_classes<T, E>(call, tile, false);
    for (int64_t first = 0; first < panels; first += block) {
      const int64_t last = first + block < panels ? first + block : panels;
      tile_logits(call, tile, first, last);
      remove_targets<T>(call, tile, first, last, nullptr);
      for (int64_t panel = first; panel < last; ++panel) {
        T* slopes = tile.logits + (panel - first) * tile.stride * kWidth;
        differentiate_panel(call, tile, panel, slopes);
        if (part != nullptr) add_row_gradients(call, tile, panel, slopes, t == begin, part);
      }
      if (call.grad_classifier_or_null != nullptr) add_class_gradients(call, tile, first, last);
    }
    write_class_gradients<T, E>(call, tile);
  }
}

}  // namespace

void reduce_logits(const MarginClassifier& call, int64_t group, int32_t slot) {
  CD_FOR_DTYPE(call.dtype, reduce_group, call, group, slot)
}

void classifier_gradients(const MarginClassifier& call, int64_t group, int32_t slot) {
  CD_FOR_DTYPE(call.dtype, group_gradients, call, group, slot)
}

}  // namespace CD_TARGET
}  // namespace cd
