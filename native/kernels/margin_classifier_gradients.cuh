// The chain rule of K2 on a GPU: from the gradients by z^ and v^, as the products have left them,
// to those by z and v. Letters as in margin_classifier_prepare.cuh.
#pragma once

#include "kernels/margin_classifier_rows.cuh"

namespace cd::cuda {

// (x - y) + h y with h = |x - y|^2 / 2 for unit x, y at an acute angle, -((-x - y) + h y) at an
// obtuse one: x less its part along y.
__device__ inline double across_part(double x, double y, const RowState& state) {
  const bool acute = state.apart <= state.across;
  const double sign = acute ? 1 : -1, h = (acute ? state.apart : state.across) / 2;
  return sign * ((sign * x - y) + h * y);
}

// Gradients by unit vectors, as the products have left them.
template <class T>
struct UnitGradients {
  using A = Accumulator<T>;

  const A* sums;  // [splits, split_size]
  int64_t splits;
  int64_t split_size;
  int64_t pitch;
  const double* peak;  // see slope_unit
};

// One of them, with the packed line that it belongs to.
template <class T>
struct UnitGradient {
  using A = Accumulator<T>;

  const A* sums;
  int64_t splits;
  int64_t split_size;
  const T* packed;
  A rest;    // of the packing
  A factor;  // that the sums miss

  __device__ UnitGradient(const UnitGradients<T>& all, const T* packed_lines, int64_t line,
                          A packing_rest, bool normalized)
      : sums(all.sums + line * all.pitch),
        splits(all.splits),
        split_size(all.split_size),
        packed(packed_lines + line * all.pitch),
        rest(packing_rest),
        factor(1) {
    if constexpr (kIsNarrow<T>) {
      factor = rest == 0 ? 0 : 1 / (rest * slope_unit<T>(*all.peak, normalized));
    }
  }

  __device__ A at(int64_t d) const {
    A total = 0;
    for (int64_t split = 0; split < splits; ++split) total += sums[split * split_size + d];
    return total * factor;
  }

  // Of the columns of one pack of T: the gradient and the unit vector.
  __device__ void read(int64_t column, A (&values)[Pack<T>::kCount],
                       A (&unit)[Pack<T>::kCount]) const {
    constexpr int kCount = Pack<A>::kCount;
    const auto line = *reinterpret_cast<const Pack<T>*>(packed + column);
#pragma unroll
    for (int k = 0; k < Pack<T>::kCount; ++k) {
      values[k] = 0;
      unit[k] = widen(line.at[k]) * rest;
    }
    for (int64_t split = 0; split < splits; ++split) {
      const A* start = sums + split * split_size + column;
#pragma unroll
      for (int k = 0; k < Pack<T>::kCount; ++k) {
        values[k] += reinterpret_cast<const Pack<A>*>(start)[k / kCount].at[k % kCount];
      }
    }
#pragma unroll
    for (int k = 0; k < Pack<T>::kCount; ++k) values[k] *= factor;
  }

  // Its part along the unit vector; every lane receives it.
  __device__ A along(int64_t columns) const {
    A sum[1] = {0};
    for (int64_t d = lane_number() * Pack<T>::kCount; d < columns; d += kWarp * Pack<T>::kCount) {
      A values[Pack<T>::kCount], unit[Pack<T>::kCount];
      read(d, values, unit);
#pragma unroll
      for (int k = 0; k < Pack<T>::kCount; ++k) sum[0] += values[k] * unit[k];
    }
    warp_sum(sum);
    return sum[0];
  }
};

// Writes (g - along * unit + extra(d)) * inverse, g the gradient, to `out`.
template <class T, class Extra>
__device__ void write_gradient(const UnitGradient<T>& gradient, bool normalized, double inverse,
                               const Extra& extra, T* out, int64_t columns, bool wide) {
  using A = Accumulator<T>;
  const A along = normalized ? gradient.along(columns) : 0;
  for (int64_t d = lane_number() * Pack<T>::kCount; d < columns; d += kWarp * Pack<T>::kCount) {
    A values[Pack<T>::kCount], unit[Pack<T>::kCount];
    gradient.read(d, values, unit);
    Pack<T> pack;
#pragma unroll
    for (int k = 0; k < Pack<T>::kCount; ++k) {
      double sum = static_cast<double>(values[k] - along * unit[k]);
      if (d + k < columns) sum += extra(d + k);
      pack.at[k] = narrow<T>(static_cast<A>(sum * inverse));
    }
    write_pack(out, d, columns, wide, pack);
  }
}

// dZ of a set.
template <class T>
__global__ void __launch_bounds__(kClassifierBlock)
    classifier_row_gradients(ClassifierSet<T> set, ClassifierMatrix<T> matrix, bool normalized,
                             RowSpace<T> space, UnitGradients<T> gradients) {
  const int64_t i = warp_number();
  if (i >= set.rows) return;
  const int64_t row = set.first + i, label = space.factors[row].label;
  T* out = set.grad_embeddings_or_null + i * set.grad_stride;
  if (label < 0) {
    for (int64_t d = lane_number(); d < matrix.dim; d += kWarp) out[d] = narrow<T>(0.0f);
    return;
  }
  const RowState state = space.states[row];
  const T* z = set.embeddings_or_null + i * set.stride;
  const T* v = matrix.values + label * matrix.stride;
  const auto target = [&](int64_t d) {
    if (state.precise == 0) return 0.0;
    const double z_d = rounded_product(static_cast<double>(widen(z[d])), state.inverse_norm);
    const double v_d = rounded_product(static_cast<double>(widen(v[d])), state.inverse_target_norm);
    return state.precise * across_part(v_d, z_d, state);
  };
  const UnitGradient<T> gradient(gradients, space.packed, row, space.factors[row].rest, normalized);
  write_gradient(gradient, normalized, state.inverse_norm, target, out, matrix.dim, set.grad_wide);
}

template <class T>
struct ClassifierGradients {
  T* classifier_or_null;  // [C, D]
  int64_t stride;
  bool wide;
  T* bias_or_null;  // [C]
};

// dV, and the gradient of the bias, of a chunk's first `count` classes.
template <class T>
__global__ void __launch_bounds__(kClassifierBlock)
    classifier_class_gradients(ClassifierMatrix<T> matrix, ClassSpace<T> chunk, int64_t count,
                               bool normalized, RowSpace<T> space, UnitGradients<T> gradients,
                               ClassifierGradients<T> out) {
  const int64_t line = warp_number();
  if (line >= count) return;
  const int64_t j = chunk.first + line, first_row = chunk.first_precise[j];
  const T* v = matrix.values + j * matrix.stride;
  const UnitGradient<T> gradient(gradients, chunk.packed, line, chunk.rests[line], normalized);
  if (out.bias_or_null != nullptr && lane_number() == 0) {
    out.bias_or_null[j] = narrow<T>(gradient.at(matrix.dim));
  }
  if (out.classifier_or_null == nullptr) return;
  const auto targets = [&](int64_t d) {
    double sum = 0;
    for (int64_t row = first_row; row >= 0; row = space.states[row].next) {
      const RowState state = space.states[row];
      const T z = static_cast<const T*>(state.embedding)[d];
      sum +=
          state.precise *
          across_part(rounded_product(static_cast<double>(widen(z)), state.inverse_norm),
                      rounded_product(static_cast<double>(widen(v[d])), state.inverse_target_norm),
                      state);
    }
    return sum;
  };
  write_gradient(gradient, normalized, chunk.inverse_norms[line], targets,
                 out.classifier_or_null + j * out.stride, matrix.dim, out.wide);
}

}  // namespace cd::cuda
