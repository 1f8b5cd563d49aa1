// K2, the passes over tiles: the logits twice (dV needs the final log-sum-exp), no B x C array.
//
// The target is left out of all sums over classes and comes in by itself, in double: its margin,
// the derivative 1 / sin(theta) and 1 - p_y would cancel otherwise.
#include <cfloat>
#include <cstring>

#include "core/panels.h"
#include "core/simd_math.h"
#include "kernels/margin_classifier_gradient.h"
#include "kernels/margin_classifier_tile.h"

namespace cd {
namespace CD_TARGET {
namespace {

// Logits of one panel from the products of packed rows, and the bias.
template <class P>
void finish_logits(const MarginClassifier& call, const Tile<P>& tile, int64_t panel,
                   typename Factor<P>::Sum* logits) {
  using T = typename Factor<P>::Sum;
  constexpr int64_t kVector = kLanes<T>, kWidth = kPanelWidth<T>;
  if constexpr (kOfPairs<P>) {
    const T* scales = static_cast<const T*>(call.row_scales) + panel * kWidth;
    const Vector<T> s0 = read<Vector<T>>(scales), s1 = read<Vector<T>>(scales + kVector);
    for (int64_t j = 0; j < tile.classes; ++j) {
      T* row = logits + j * kWidth;
      const Vector<T> scale = broadcast(tile.scales[j]);
      write(row, read<Vector<T>>(row) * scale * s0);
      write(row + kVector, read<Vector<T>>(row + kVector) * scale * s1);
    }
  }
  if (call.bias_or_null == nullptr) return;
  for (int64_t j = 0; j < tile.classes; ++j) {
    for (int64_t lane = 0; lane < kWidth; ++lane) logits[j * kWidth + lane] += tile.bias[j];
  }
}

// Logits (without scale) of all the tile's classes with the panels [first, last) of rows.
template <class P>
void tile_logits(const MarginClassifier& call, const Tile<P>& tile, int64_t first, int64_t last) {
  using T = typename Factor<P>::Sum;
  constexpr int64_t kWidth = kPanelWidth<T>, kInner = kWidth / Factor<P>::kElements;
  const int64_t chunks = call.padded_dim / kWidth;
  for (int64_t panel = first; panel < last; ++panel) {
    const P* z = static_cast<const P*>(call.z_columns) + panel * chunks * kInner * kWidth;
    T* logits = panel_logits(tile, panel);
    multiply_deep_row_panels(tile.stride, chunks, tile.v, tile.stride * kInner, z, logits);
    finish_logits(call, tile, panel, logits);
  }
}

// Takes the targets out of the logits of the row panels [first, last): they become -infinity. On
// the first pass their values are kept, and what the arg-max needs of the classes before them.
template <class P>
void remove_targets(const MarginClassifier& call, const Tile<P>& tile, int64_t first, int64_t last,
                    const typename Factor<P>::Sum* largest_or_null) {
  using T = typename Factor<P>::Sum;
  constexpr int64_t kWidth = kPanelWidth<T>;
  for (int64_t k = call.tile_begin[tile.index]; k < call.tile_begin[tile.index + 1]; ++k) {
    const int64_t i = call.rows_by_label[k];
    if (i < first * kWidth || i >= last * kWidth) continue;
    ClassifierRow& row = call.row[i];
    T* column = panel_logits(tile, i / kWidth) + i % kWidth;
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
template <class P, class T>
void reduce_panel(const Tile<P>& tile, const T* logits, T scale, T* largest, T* sums) {
  constexpr int64_t kVector = kLanes<T>, kWidth = kPanelWidth<T>;
  const Vector<T> factor = broadcast(scale);
  const Vector<T> before[2] = {read<Vector<T>>(largest), read<Vector<T>>(largest + kVector)};
  Vector<T> top[2] = {before[0], before[1]}, sum[2] = {};
  for (int64_t j = 0; j < tile.classes; ++j) {
    for (int half = 0; half < 2; ++half) {
      top[half] = maximum(read<Vector<T>>(logits + j * kWidth + half * kVector), top[half]);
    }
  }
  for (int64_t j = 0; j < tile.classes; ++j) {
    for (int half = 0; half < 2; ++half) {
      const Vector<T> logit = read<Vector<T>>(logits + j * kWidth + half * kVector);
      sum[half] += exponential(factor * (logit - top[half]));
    }
  }
  for (int half = 0; half < 2; ++half) {
    const Vector<T> old = read<Vector<T>>(sums + half * kVector);
    const Vector<T> shrunk = exponential(factor * (before[half] - top[half]));
    write(sums + half * kVector, multiply_add(old, shrunk, sum[half]));
    write(largest + half * kVector, top[half]);
  }
}

template <class T, class E>
void reduce_group(const MarginClassifier& call, int64_t group, int32_t slot) {
  using P = typename FactorOf<T, E>::type;
  constexpr int64_t kWidth = kPanelWidth<T>;
  const ProductScope<P> scope;
  T* largest = static_cast<T*>(call.group_largest) + group * call.padded_rows;
  T* sums = static_cast<T*>(call.group_sums) + group * call.padded_rows;
  for (int64_t i = 0; i < call.padded_rows; ++i) {
    largest[i] = sizeof(T) == 8 ? static_cast<T>(-DBL_MAX) : -FLT_MAX;
    sums[i] = 0;
  }
  const int64_t panels = call.padded_rows / kWidth, block = call.row_block / kWidth;
  for (int64_t t = first_tile(call, group); t < first_tile(call, group + 1); ++t) {
    const Tile<P> tile = tile_of_group<P>(call, t, group, slot);
    pack_classes<P, E>(call, tile, true);
    for (int64_t first = 0; first < panels; first += block) {
      const int64_t last = first + block < panels ? first + block : panels;
      tile_logits(call, tile, first, last);
      remove_targets(call, tile, first, last, largest);
      for (int64_t panel = first; panel < last; ++panel) {
        reduce_panel(tile, panel_logits(tile, panel), static_cast<T>(call.scale),
                     largest + panel * kWidth, sums + panel * kWidth);
      }
    }
  }
}

// Slopes of rows of pairs [first, first + 2) of one panel: in place of the logits, and across.
template <class P>
CD_INLINE void write_slopes(const Tile<P>& tile, int64_t first,
                            const Vector<typename Factor<P>::Sum> (&slopes)[2][2],
                            typename Factor<P>::Sum* logits) {
  using T = typename Factor<P>::Sum;
  constexpr int64_t kVector = kLanes<T>, kWidth = kPanelWidth<T>;
  if constexpr (kOfPairs<P>) {
    // Both rows have been read: the first half as long can take their place.
    Bf16* rows = reinterpret_cast<Bf16*>(logits) + first * kWidth;
    for (int j = 0; j < 2; ++j) {
      const Vector<T> scale = broadcast(tile.scales[first + j]);
      narrow_pair(rows + j * kWidth, slopes[j][0] * scale, slopes[j][1] * scale);
    }
    pair_up_rows(rows, 2, tile.slopes_across + first / 2 * kWidth);
  } else {
    for (int j = 0; j < 2; ++j) {
      write(logits + (first + j) * kWidth, slopes[j][0]);
      write(logits + (first + j) * kWidth + kVector, slopes[j][1]);
    }
  }
}

// Sums of slopes over the rows of a panel, without the rows' scales.
template <class P>
void add_bias_gradient(const MarginClassifier& call, const Tile<P>& tile, int64_t panel, int64_t j,
                       const Vector<typename Factor<P>::Sum> (&slopes)[2]) {
  using T = typename Factor<P>::Sum;
  Vector<T> lower = slopes[0], upper = slopes[1];
  if constexpr (kOfPairs<P>) {
    const T* scales = static_cast<const T*>(call.row_scales) + panel * kPanelWidth<T>;
    const Vector<T> s0 = read<Vector<T>>(scales), s1 = read<Vector<T>>(scales + kLanes<T>);
    lower = s0 == 0 ? Vector<T>{} : lower / s0;
    upper = s1 == 0 ? Vector<T>{} : upper / s1;
  }
  tile.grad_bias[j] += static_cast<double>(sum<T>(lower + upper));
}

// Replaces one panel's logits by slopes: d loss / d logit, of pairs times both scales.
template <class P>
void differentiate_panel(const MarginClassifier& call, const Tile<P>& tile, int64_t panel,
                         typename Factor<P>::Sum* logits) {
  using T = typename Factor<P>::Sum;
  constexpr int64_t kVector = kLanes<T>, kWidth = kPanelWidth<T>;
  const Vector<T> scale = broadcast(static_cast<T>(call.scale));
  const T* shifts = static_cast<const T*>(call.shifts) + panel * kWidth;
  const T* factors = static_cast<const T*>(call.factors) + panel * kWidth;
  const Vector<T> shift[2] = {read<Vector<T>>(shifts), read<Vector<T>>(shifts + kVector)};
  const Vector<T> factor[2] = {read<Vector<T>>(factors), read<Vector<T>>(factors + kVector)};
  for (int64_t first = 0; first < tile.stride; first += 2) {
    Vector<T> slopes[2][2] = {};
    for (int64_t j = 0; j < 2 && first + j < tile.classes; ++j) {
      for (int half = 0; half < 2; ++half) {
        const Vector<T> logit = read<Vector<T>>(logits + (first + j) * kWidth + half * kVector);
        slopes[j][half] = factor[half] * exponential(scale * (logit - shift[half]));
      }
      if (call.grad_bias_or_null != nullptr) {
        add_bias_gradient(call, tile, panel, first + j, slopes[j]);
      }
    }
    write_slopes(tile, first, slopes, logits);
  }
}

// dV of one class.
template <class P, class E>
void write_class_gradient(const MarginClassifier& call, const Tile<P>& tile, int64_t j,
                          const double* target_or_null, E* grad) {
  using T = typename Factor<P>::Sum;
  using Element = typename Factor<P>::Element;
  const PanelRow<T> g = {tile.grad, j, tile.stride};
  const PanelRow<T, Element> x = {reinterpret_cast<const Element*>(tile.v), j, tile.stride};
  const double norm = call.class_inverse_norms[tile.first_class + j];
  if constexpr (!kOfPairs<P>) {
    write_gradient(call, g, 1, x, target_or_null, norm, grad);
  } else if (target_or_null != nullptr) {
    write_gradient(call, g, inverse_or_zero(static_cast<double>(tile.scales[j])), x, target_or_null,
                   norm, grad);
  } else {
    write_gradient<T>(call, g, inverse_or_zero(static_cast<double>(tile.scales[j])), x, nullptr,
                      norm, grad);
  }
}

// dV of one tile, and db.
template <class P, class E>
void write_class_gradients(const MarginClassifier& call, const Tile<P>& tile) {
  using T = typename Factor<P>::Sum;
  const bool raw = call.kind == CD_CLASSIFIER_SOFTMAX;
  int64_t k = call.tile_begin[tile.index];
  const int64_t end = call.tile_begin[tile.index + 1];
  for (int64_t d = 0; d < call.padded_dim; ++d) tile.target[d] = 0;
  for (int64_t j = 0; j < tile.classes; ++j) {
    const int64_t c = tile.first_class + j;
    const E* v = static_cast<const E*>(call.classifier) + c * call.classifier_stride;
    double grad_bias = tile.grad_bias[j];
    bool touched = false;
    for (; k < end && call.row[call.rows_by_label[k]].label == c; ++k, touched = true) {
      const ClassifierRow& row = call.row[call.rows_by_label[k]];
      add_target(v, raw ? 0 : row.sign * row.class_inverse_norm, static_cast<const E*>(row.z),
                 row.inverse_norm, row.pull, row.half_square, call.dim, tile.target);
      grad_bias += row.pull;
    }
    if (call.grad_classifier_or_null != nullptr) {
      E* grad = static_cast<E*>(call.grad_classifier_or_null) + c * call.grad_classifier_stride;
      write_class_gradient(call, tile, j, touched ? tile.target : nullptr, grad);
    }
    if (call.grad_bias_or_null != nullptr) {
      E* out = static_cast<E*>(call.grad_bias_or_null) + c;
      store<T>(out, broadcast(static_cast<T>(grad_bias)), 1);
    }
    for (int64_t d = 0; touched && d < call.padded_dim; ++d) tile.target[d] = 0;
  }
}

// sums += part; low += what rounding took from it (Knuth's sum of two numbers).
template <class T>
void add_compensated(int64_t size, const T* part, T* sums, T* low) {
  for (int64_t i = 0; i < size; i += kLanes<T>) {
    const Vector<T> a = read<Vector<T>>(sums + i), b = read<Vector<T>>(part + i);
    const Vector<T> rounded = a + b, b_part = rounded - a;
    const Vector<T> lost = (a - (rounded - b_part)) + (b - b_part);
    write(sums + i, rounded);
    write(low + i, read<Vector<T>>(low + i) + lost);
  }
}

// grad (+)= the rows' part of d loss / d v^, for the panels [first, last) of rows. Slopes of other
// classes than the own have one sign, so that in plain sums errors would grow with the rows.
template <class P>
void add_class_gradients(const MarginClassifier& call, const Tile<P>& tile, int64_t first,
                         int64_t last) {
  using T = typename Factor<P>::Sum;
  constexpr int64_t kWidth = kPanelWidth<T>, kElements = Factor<P>::kElements;
  const P* slopes = reinterpret_cast<const P*>(panel_logits(tile, first));
  for (int64_t p = 0; p < call.padded_dim / kWidth; ++p) {
    const int64_t row = p * call.padded_rows + first * kWidth;
    const P* z = static_cast<const P*>(call.z_rows) + row / kElements * kWidth;
    const int64_t panel = tile.stride * kWidth;
    T* grad = first == 0 ? tile.grad + p * panel : tile.grad_block;
    multiply_row_panels<P, false>(tile.stride, last - first, slopes, panel, z, grad);
    if (first != 0) {
      add_compensated(panel, grad, tile.grad + p * panel, tile.grad_low + p * panel);
    } else if (call.several_blocks) {
      std::memset(tile.grad_low + p * panel, 0, static_cast<size_t>(panel) * sizeof(T));
    }
  }
}

// Adds what rounding took from the sums of several blocks.
template <class P>
void finish_sums(const MarginClassifier& call, const Tile<P>& tile) {
  using T = typename Factor<P>::Sum;
  for (int64_t i = 0; i < tile.stride * call.padded_dim; i += kLanes<T>) {
    write(tile.grad + i, read<Vector<T>>(tile.grad + i) + read<Vector<T>>(tile.grad_low + i));
  }
}

// part (+)= the tile's part of d loss / d z^ for one panel of rows.
template <class P>
void add_row_gradients(const MarginClassifier& call, const Tile<P>& tile, int64_t panel, P* slopes,
                       bool fresh, typename Factor<P>::Sum* part) {
  using T = typename Factor<P>::Sum;
  constexpr int64_t kWidth = kPanelWidth<T>;
  prepare_transposed(tile.stride, slopes);
  for (int64_t p = 0; p < call.padded_dim / kWidth; ++p) {
    const P* v = tile.v_across + p * (tile.stride / Factor<P>::kElements) * kWidth;
    T* grad = part + (p * call.padded_rows + panel * kWidth) * kWidth;
    if (fresh) {
      multiply_transposed_panel<P, false>(tile.stride, slopes, v, grad);
    } else {
      multiply_transposed_panel<P, true>(tile.stride, slopes, v, grad);
    }
  }
}

template <class T, class E>
void group_gradients(const MarginClassifier& call, int64_t group, int32_t slot) {
  using P = typename FactorOf<T, E>::type;
  constexpr int64_t kWidth = kPanelWidth<T>;
  const int64_t panels = call.padded_rows / kWidth, block = call.row_block / kWidth;
  const ProductScope<P> scope;
  T* part = nullptr;
  if (call.grad_parts_or_null != nullptr) {
    part = static_cast<T*>(call.grad_parts_or_null) + group * call.padded_dim * call.padded_rows;
  }
  const int64_t begin = first_tile(call, group);
  for (int64_t t = begin; t < first_tile(call, group + 1); ++t) {
    const Tile<P> tile = tile_of_group<P>(call, t, group, slot);
    for (int64_t j = 0; j < tile.stride; ++j) tile.grad_bias[j] = 0;
    if (!tile.kept) pack_classes<P, E>(call, tile, false);
    for (int64_t first = 0; first < panels; first += block) {
      const int64_t last = first + block < panels ? first + block : panels;
      if (!tile.kept) {
        tile_logits(call, tile, first, last);
        remove_targets<P>(call, tile, first, last, nullptr);
      }
      for (int64_t panel = first; panel < last; ++panel) {
        T* logits = panel_logits(tile, panel);
        differentiate_panel(call, tile, panel, logits);
        P* slopes = kOfPairs<P> ? tile.slopes_across : reinterpret_cast<P*>(logits);
        if (part != nullptr) add_row_gradients(call, tile, panel, slopes, t == begin, part);
      }
      if (call.grad_classifier_or_null != nullptr) add_class_gradients(call, tile, first, last);
    }
    if (call.grad_classifier_or_null != nullptr && call.several_blocks) finish_sums(call, tile);
    write_class_gradients<P, E>(call, tile);
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
