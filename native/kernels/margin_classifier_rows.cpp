// K2, what is done once for each row: the target's logit before the passes over the classes, dZ
// after them. The target comes in by itself, in double: its margin, the derivative 1 / sin(theta)
// and 1 - p_y would cancel otherwise.
#include "core/norms.h"
#include "core/panels.h"
#include "kernels/margin_classifier_gradient.h"

namespace cd {
namespace CD_TARGET {
namespace {

template <class E>
double dot_product(const E* z, const E* v, int64_t dim) {
  using T = double;
  Sums<T> dot;
  for_each_vector<T>(
      0, dim, [&](int64_t d, int64_t n, int k) __attribute__((always_inline)) {
        dot.part[k] = multiply_add(load<T>(z + d, n), load<T>(v + d, n), dot.part[k]);
      });
  return dot.total();
}

// The margin's effect on the target; sine = sin(theta).
CD_INLINE void apply_margin(const MarginClassifier& call, double cosine, double sine,
                            ClassifierRow& row) {
  const AngularMargin& m = call.angular_margin;
  row.target = cosine;
  row.slope = 1;
  if (call.kind == CD_CLASSIFIER_AM) {
    row.target = cosine - call.margin;
  } else if (call.kind == CD_CLASSIFIER_AAM) {
    if (call.easy_margin && cosine <= 0) return;
    if (!call.easy_margin && cosine <= m.least_cosine) {
      row.target = cosine - m.beyond;
      return;
    }
    row.target = cosine * m.cosine - sine * m.sine;
    row.slope = sine < kParallel ? 0 : m.cosine + cosine / sine * m.sine;
  }
}

// Returns |z|, but 0 for softmax.
template <class E>
double prepare_target(const MarginClassifier& call, ClassifierRow& row) {
  const E* z = static_cast<const E*>(row.z);
  const E* v = static_cast<const E*>(call.classifier) + row.label * call.classifier_stride;
  if (call.kind == CD_CLASSIFIER_SOFTMAX) {
    const E* bias = static_cast<const E*>(call.bias_or_null);
    row.inverse_norm = row.class_inverse_norm = row.sign = row.slope = 1;
    row.half_square = 0;
    row.target = dot_product(z, v, call.dim) + (bias == nullptr ? 0 : to_double(bias[row.label]));
    return 0;
  }
  const Directions pair = measure_directions(z, v, call.dim);
  row.inverse_norm = inverse_norm(pair.norm_s);
  row.class_inverse_norm = inverse_norm(pair.norm_t);
  const bool acute = pair.apart <= pair.across;
  row.sign = acute ? 1 : -1;
  row.half_square = (acute ? pair.apart : pair.across) / 2;
  double cosine = row.sign * (1 - row.half_square);
  double sine = __builtin_sqrt(pair.apart * pair.across) / 2;
  const bool is_short = pair.norm_s < kShortestNorm || pair.norm_t < kShortestNorm;
  if (is_short) {
    cosine = 0 * pair.norm_s + 0 * pair.norm_t;  // NaN where the other one is not finite
    sine = 1;
  }
  apply_margin(call, cosine, sine, row);
  if (is_short) row.slope = 0;
  return pair.norm_s;
}

// What a factor is moved as: itself, or the bits of a pair.
template <class P>
struct Moved {
  using type = P;
};
template <>
struct Moved<Bf16Pair> {
  using type = uint32_t;
};

// Writes a panel of columns from the W rows of row panels that are its lanes.
template <class P>
CD_INLINE void transpose_rows(const MarginClassifier& call, int64_t panel, P* columns) {
  using N = typename Moved<P>::type;
  constexpr int64_t kVector = kLanes<N>, kWidth = kPanelWidth<typename Factor<P>::Sum>;
  constexpr int64_t kInner = kWidth / Factor<P>::kElements;
  static_assert(sizeof(N) == sizeof(P));
  const N* rows = static_cast<const N*>(call.z_rows) + panel * kWidth * kInner;
  N* to = reinterpret_cast<N*>(columns);
  for (int64_t chunk = 0; chunk < call.padded_dim / kWidth; ++chunk) {
    for (int64_t k = 0; k < kInner; k += kVector) {
      for (int64_t i = 0; i < kWidth; i += kVector) {
        transpose_block(rows + i * kInner + k, kInner, to + k * kWidth + i, kWidth);
      }
    }
    rows += call.padded_rows * kInner;
    to += kInner * kWidth;
  }
}

template <class P, class E>
void pack_rows(const MarginClassifier& call, int64_t panel) {
  using T = typename Factor<P>::Sum;
  using Element = typename Factor<P>::Element;
  constexpr int64_t kWidth = kPanelWidth<T>;
  const bool raw = call.kind == CD_CLASSIFIER_SOFTMAX;
  P* columns =
      static_cast<P*>(call.z_columns) + panel * (call.padded_dim / Factor<P>::kElements) * kWidth;
  Element* rows = static_cast<Element*>(call.z_rows);
  for (int64_t i = panel * kWidth; i < (panel + 1) * kWidth; ++i) {
    const bool real = i < call.rows;
    const E* z = nullptr;
    double factor = 0, scale = 0;
    if (real) {
      ClassifierRow& row = call.row[i];
      z = static_cast<const E*>(row.z);
      const double norm = prepare_target<E>(call, row);
      if (row.number < call.norm_rows) {
        static_cast<T*>(call.norms)[row.number] =
            static_cast<T>(raw ? row_norm<double>(z, call.dim) : norm);
      }
      factor = row.inverse_norm;
      scale = 1;
      if constexpr (kOfPairs<P>) {
        factor = packing_factor(raw ? inverse_norm(norm_of_pairs(z, call.dim)) : factor);
        scale = row.inverse_norm / factor;
      }
      row.scale = scale;
    }
    static_cast<T*>(call.row_scales)[i] = static_cast<T>(scale);
    pack_row<P>(z, real ? call.dim : 0, call.padded_dim, factor, i, call.padded_rows, rows);
  }
  transpose_rows(call, panel, columns);
  if constexpr (kOfPairs<P>) {
    for (int64_t p = 0; p < call.padded_dim / kWidth; ++p) {
      Element* block = rows + (p * call.padded_rows + panel * kWidth) * kWidth;
      pair_up_rows(block, kWidth, reinterpret_cast<Bf16Pair*>(block));
    }
  }
}

template <class P, class E>
void panel_gradients(const MarginClassifier& call, int64_t panel, int32_t slot) {
  using T = typename Factor<P>::Sum;
  constexpr int64_t kWidth = kPanelWidth<T>;
  const bool raw = call.kind == CD_CLASSIFIER_SOFTMAX;
  const int64_t part = call.padded_dim * call.padded_rows;
  T* parts = static_cast<T*>(call.grad_parts_or_null);
  double* own = reinterpret_cast<double*>(static_cast<char*>(call.slots) + slot * call.slot_bytes);
  for (int64_t i = panel * kWidth; i < (panel + 1) * kWidth && i < call.rows; ++i) {
    const ClassifierRow& row = call.row[i];
    if (row.grad_or_null == nullptr) continue;
    for (int64_t d = 0; d < call.padded_dim; d += kLanes<T>) {
      T* sum = parts + (d / kWidth * call.padded_rows + i) * kWidth + d % kWidth;
      Vector<T> total = read<Vector<T>>(sum);
      for (int64_t group = 1; group < call.groups; ++group) {
        total += read<Vector<T>>(sum + group * part);
      }
      write(sum, total);
    }
    for (int64_t d = 0; d < call.padded_dim; ++d) own[d] = 0;
    const E* z = static_cast<const E*>(row.z);
    const E* v = static_cast<const E*>(call.classifier) + row.label * call.classifier_stride;
    add_target(z, raw ? 0 : row.inverse_norm, v, row.sign * row.class_inverse_norm,
               row.sign * row.pull, row.half_square, call.dim, own);
    const PanelRow<T> g = {parts, i, call.padded_rows};
    E* grad = static_cast<E*>(row.grad_or_null);
    if constexpr (kOfPairs<P>) {
      write_gradient(call, g, inverse_or_zero(row.scale), PlainRow<E>{z, call.dim}, own,
                     row.inverse_norm, grad);
    } else {
      const PanelRow<T> x = {static_cast<const T*>(call.z_rows), i, call.padded_rows};
      write_gradient(call, g, 1, x, own, row.inverse_norm, grad);
    }
  }
}

template <class T, class E>
void measure_ignored_of(const MarginClassifier& call, int64_t panel) {
  constexpr int64_t kWidth = kPanelWidth<T>;
  for (int64_t i = panel * kWidth; i < (panel + 1) * kWidth && i < call.ignored_rows; ++i) {
    const ClassifierRow& row = call.ignored[i];
    static_cast<T*>(call.norms)[row.number] =
        static_cast<T>(row_norm<double>(static_cast<const E*>(row.z), call.dim));
  }
}

template <class T, class E>
void pack_rows_of(const MarginClassifier& call, int64_t panel) {
  pack_rows<typename FactorOf<T, E>::type, E>(call, panel);
}

template <class T, class E>
void panel_gradients_of(const MarginClassifier& call, int64_t panel, int32_t slot) {
  panel_gradients<typename FactorOf<T, E>::type, E>(call, panel, slot);
}

}  // namespace

void prepare_rows(const MarginClassifier& call, int64_t panel) {
  CD_FOR_DTYPE(call.dtype, pack_rows_of, call, panel)
}

void measure_ignored(const MarginClassifier& call, int64_t panel) {
  CD_FOR_DTYPE(call.dtype, measure_ignored_of, call, panel)
}

void row_gradients(const MarginClassifier& call, int64_t panel, int32_t slot) {
  CD_FOR_DTYPE(call.dtype, panel_gradients_of, call, panel, slot)
}

}  // namespace CD_TARGET
}  // namespace cd
