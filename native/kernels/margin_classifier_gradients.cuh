// The chain rule of K2 on a GPU: from the gradients by z^ and v^, as the products have left them,
// to those by z and v. Letters as in margin_classifier_rows.cuh.
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

  __device__ A at(int64_t line, int64_t d) const {
    A total = 0;
    for (int64_t split = 0; split < splits; ++split) {
      total += sums[split * split_size + line * pitch + d];
    }
    return total;
  }

  // Of the columns of one pack of T.
  __device__ void read(int64_t line, int64_t column, A (&values)[Pack<T>::kCount]) const {
    constexpr int kCount = Pack<A>::kCount;
#pragma unroll
    for (int k = 0; k < Pack<T>::kCount; ++k) values[k] = 0;
    for (int64_t split = 0; split < splits; ++split) {
      const A* start = sums + split * split_size + line * pitch + column;
#pragma unroll
      for (int k = 0; k < Pack<T>::kCount; ++k) {
        values[k] += reinterpret_cast<const Pack<A>*>(start)[k / kCount].at[k % kCount];
      }
    }
  }

  // The part of a line along its unit vector; every lane receives it.
  __device__ A along(int64_t line, const A* unit, int64_t columns) const {
    A sum[1] = {0};
    for (int64_t d = lane_number() * Pack<T>::kCount; d < columns; d += kWarp * Pack<T>::kCount) {
      A values[Pack<T>::kCount];
      read(line, d, values);
#pragma unroll
      for (int k = 0; k < Pack<T>::kCount; ++k) sum[0] += values[k] * unit[d + k];
    }
    warp_sum(sum);
    return sum[0];
  }
};

// Writes (g - along * unit + extra(d)) * inverse, g the gradient's line, to `out`.
template <class T, class Extra>
__device__ void write_gradient(const UnitGradients<T>& gradients, int64_t line,
                               const Accumulator<T>* unit, bool normalized, double inverse,
                               const Extra& extra, T* out, int64_t columns, bool wide) {
  using A = Accumulator<T>;
  const A along = normalized ? gradients.along(line, unit, columns) : 0;
  for (int64_t d = lane_number() * Pack<T>::kCount; d < columns; d += kWarp * Pack<T>::kCount) {
    A values[Pack<T>::kCount];
    gradients.read(line, d, values);
    Pack<T> pack;
#pragma unroll
    for (int k = 0; k < Pack<T>::kCount; ++k) {
      double sum = static_cast<double>(values[k] - along * unit[d + k]);
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
    const double z_d = static_cast<double>(widen(z[d])) * state.inverse_norm;
    const double v_d = static_cast<double>(widen(v[d])) * state.inverse_target_norm;
    return state.precise * across_part(v_d, z_d, state);
  };
  write_gradient(gradients, row, space.unit + row * space.pitch, normalized, state.inverse_norm,
                 target, out, matrix.dim, set.grad_wide);
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
  if (out.bias_or_null != nullptr && lane_number() == 0) {
    out.bias_or_null[j] = narrow<T>(gradients.at(line, matrix.dim));
  }
  if (out.classifier_or_null == nullptr) return;
  const auto targets = [&](int64_t d) {
    double sum = 0;
    for (int64_t row = first_row; row >= 0; row = space.states[row].next) {
      const RowState state = space.states[row];
      const T z = static_cast<const T*>(state.embedding)[d];
      sum += state.precise *
             across_part(static_cast<double>(widen(z)) * state.inverse_norm,
                         static_cast<double>(widen(v[d])) * state.inverse_target_norm, state);
    }
    return sum;
  };
  write_gradient(gradients, line, chunk.unit + line * space.pitch, normalized,
                 chunk.inverse_norms[line], targets, out.classifier_or_null + j * out.stride,
                 matrix.dim, out.wide);
}

}  // namespace cd::cuda
