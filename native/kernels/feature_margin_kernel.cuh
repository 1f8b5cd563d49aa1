// K1 on a GPU: a row waits in shared memory between its norms and its gradients, so that memory is
// passed once. A warp works on a short row, a block on a long one; rows too long for shared memory
// are read again. B rows, D columns; s, t rows of student and teacher; x^ = x / |x|.
//
// With u = s^ - t^ and h = |u|^2 / 2 the gradients are u - h s^ and -(u + h t^) up to factors,
// which does not cancel for nearly parallel rows; for obtuse rows the same holds with -t^ in place
// of t^. Distances of rows as they are (raw) follow with s^ = s, t^ = t, h = 0. Where the rows are
// nearly (anti)parallel, or their squares leave the range of float, the row is done once more in
// double.
#pragma once

#include "core/cuda_norms.cuh"
#include "core/cuda_rows.cuh"

namespace cd::cuda {

template <class T>
struct FeatureMargin {
  using A = Accumulator<T>;

  int64_t rows;
  int64_t dim;
  const T* student;  // [B, D]
  int64_t student_stride;
  const T* teacher;  // [B, D]
  int64_t teacher_stride;
  const A* weights_or_null;  // [B]
  int32_t distance;
  bool weighted_mean;
  bool wide;        // 16-byte accesses are possible
  bool kept;        // shared memory holds the rows
  int row_threads;  // kWarp or kRowBlock
  double margin;
  Divisor divisor;
  const Divisor* device_divisor_or_null;  // takes the place of `divisor`
  A* row_losses_or_null;                  // [B]
  A* distances_or_null;                   // [B]
  T* grad_student_or_null;                // [B, D]
  int64_t grad_student_stride;
  T* grad_teacher_or_null;  // [B, D]
  int64_t grad_teacher_stride;
  A* grad_weights_or_null;  // [B]
  double* block_sums;       // [blocks]: sum of w_i l_i
};

// One row of both matrices.
template <class T>
struct RowPair : RowGroup<T, 2> {
  T* grad_s_or_null;
  T* grad_t_or_null;

  // body(column, pack of s, pack of t) for this thread's packs.
  template <class Body>
  __device__ void for_each_pack(const Body& body) const {
    RowGroup<T, 2>::for_each_pack(
        [&](int64_t column, const Pack<T>(&at)[2]) { body(column, at[0], at[1]); });
  }

  // Sums of what body(s_d, t_d, a, b) adds to a and b in the type C; every thread receives them.
  template <class C, class Body>
  __device__ void sum(C (&sums)[2], const Body& body) const {
    sums[0] = sums[1] = 0;
    for_each_pack([&](int64_t, const Pack<T>& es, const Pack<T>& et) {
#pragma unroll
      for (int k = 0; k < Pack<T>::kCount; ++k) {
        body(static_cast<C>(widen(es.at[k])), static_cast<C>(widen(et.at[k])), sums[0], sums[1]);
      }
    });
    this->total(sums);
  }

  // Writes the gradients that body(s_d, t_d, gs_d, gt_d) computes in the type C.
  template <class C, class Body>
  __device__ void write_gradients(const Body& body) const {
    for_each_pack([&](int64_t column, const Pack<T>& es, const Pack<T>& et) {
      Pack<T> gs, gt;
#pragma unroll
      for (int k = 0; k < Pack<T>::kCount; ++k) {
        C grad_s, grad_t;
        body(static_cast<C>(widen(es.at[k])), static_cast<C>(widen(et.at[k])), grad_s, grad_t);
        gs.at[k] = narrow<T>(grad_s);
        gt.at[k] = narrow<T>(grad_t);
      }
      if (grad_s_or_null != nullptr)
        write_pack(grad_s_or_null, column, this->columns, this->wide, gs);
      if (grad_t_or_null != nullptr)
        write_pack(grad_t_or_null, column, this->columns, this->wide, gt);
    });
  }
};

// Row i of the call; `shared` has room for the block's rows.
template <class T>
__device__ RowPair<T> row_pair(const FeatureMargin<T>& call, int64_t i, void* shared) {
  RowPair<T> row;
  row.x[0] = call.student + i * call.student_stride;
  row.x[1] = call.teacher + i * call.teacher_stride;
  row.grad_s_or_null = row_or_null(call.grad_student_or_null, i, call.grad_student_stride);
  row.grad_t_or_null = row_or_null(call.grad_teacher_or_null, i, call.grad_teacher_stride);
  row.place(call.dim, call.row_threads, call.wide, call.kept ? shared : nullptr);
  return row;
}

// A row's measures; for raw rows both norms and their inverses are 1.
template <class C>
struct Measured {
  C norm_s;
  C norm_t;
  C inverse_s;
  C inverse_t;
  C apart;   // |s^ - t^|^2
  C across;  // |s^ + t^|^2
};

template <class T, class C>
__device__ Measured<C> measure(const RowPair<T>& row, bool raw) {
  Measured<C> m = {1, 1, 1, 1, 0, 0};
  if (!raw) {
    C squares[2];
    row.template sum<C>(squares, [](C s, C t, C& ss, C& tt) {
      ss += s * s;
      tt += t * t;
    });
    m.norm_s = sqrt(squares[0]);
    m.norm_t = sqrt(squares[1]);
    if constexpr (sizeof(T) == 8) {
      if (!in_range(squares[0])) m.norm_s = scaled_norm(row, [](C s, C) { return s; });
      if (!in_range(squares[1])) m.norm_t = scaled_norm(row, [](C, C t) { return t; });
    }
    m.inverse_s = inverse_norm(m.norm_s);
    m.inverse_t = inverse_norm(m.norm_t);
  }
  C sums[2];
  row.template sum<C>(sums, [&](C s, C t, C& apart, C& across) {
    // Rounded before they are subtracted, so that equal rows give exactly 0.
    const C us = rounded_product(s, m.inverse_s), ut = rounded_product(t, m.inverse_t);
    apart += (us - ut) * (us - ut);
    across += (us + ut) * (us + ut);
  });
  m.apart = sums[0];
  m.across = sums[1];
  return m;
}

// Whether float loses digits.
__device__ inline bool wants_double(const Measured<float>& m, int32_t distance) {
  if (distance == CD_DISTANCE_SQUARED) return false;
  if (distance == CD_DISTANCE_EUCLIDEAN) return !in_range(m.apart);
  return !in_range(m.norm_s * m.norm_s) || !in_range(m.norm_t * m.norm_t) || m.apart < 0x1p-6f ||
         m.across < 0x1p-6f;
}

template <class C>
struct Outcome {
  C distance;
  C slope;  // factor of the gradients' direction; 0: they are zero
};

template <class T, class C>
__device__ Outcome<C> outcome_of(const RowPair<T>& row, const Measured<C>& m, int32_t distance) {
  if (m.norm_s < static_cast<C>(kShortestNorm) || m.norm_t < static_cast<C>(kShortestNorm)) {
    const C poison = 0 * m.norm_s + 0 * m.norm_t;  // NaN where a row is not finite
    const bool alike = m.norm_s < static_cast<C>(kShortestNorm) &&
                       m.norm_t < static_cast<C>(kShortestNorm) && distance != CD_DISTANCE_COSINE;
    return {(alike ? 0 : 1) + poison, 0};
  }
  if (distance == CD_DISTANCE_COSINE) return {m.apart / 2, 1};
  if (distance == CD_DISTANCE_SQUARED_NORMALIZED || distance == CD_DISTANCE_SQUARED) {
    return {m.apart, 2};
  }
  C d = sqrt(m.apart);
  if constexpr (sizeof(T) == 8) {
    const bool raw = distance == CD_DISTANCE_EUCLIDEAN;
    if (raw && !in_range(m.apart)) d = scaled_norm(row, [](C s, C t) { return s - t; });
  } else if (distance == CD_DISTANCE_NORMALIZED && d < static_cast<C>(1e-14)) {
    // Here the directions of two rows of narrow elements differ by rounding alone.
    return {0, 0};
  }
  return {d, 1 / d};
}

// The row's distance; writes its gradients.
template <class T, class C>
__device__ C finish_gradients(const RowPair<T>& row, const Measured<C>& m,
                              const FeatureMargin<T>& call, C coefficient) {
  const Outcome<C> outcome = outcome_of(row, m, call.distance);
  if (row.grad_s_or_null == nullptr && row.grad_t_or_null == nullptr) return outcome.distance;
  const bool raw = call.distance >= CD_DISTANCE_EUCLIDEAN;
  const bool zero = outcome.distance <= call.margin || outcome.slope == 0;
  const bool acute = raw || m.apart <= m.across;
  const C sign = acute ? 1 : -1;
  const C h = raw ? 0 : (acute ? m.apart : m.across) / 2;
  const C slope = coefficient * outcome.slope, inverse_t = sign * m.inverse_t;
  const C factor_s = sign * slope * m.inverse_s, factor_t = -slope * m.inverse_t;
  row.template write_gradients<C>([&](C s, C t, C& gs, C& gt) {
    const C us = rounded_product(s, m.inverse_s), ut = rounded_product(t, inverse_t);
    const C u = us - ut;
    gs = zero ? 0 : factor_s * (u - h * us);
    gt = zero ? 0 : factor_t * (u + h * ut);
  });
  return outcome.distance;
}

template <class T>
__device__ Accumulator<T> row_distance(const RowPair<T>& row, const FeatureMargin<T>& call,
                                       double coefficient) {
  const bool raw = call.distance >= CD_DISTANCE_EUCLIDEAN;
  if constexpr (sizeof(T) < 8) {
    const Measured<float> m = measure<T, float>(row, raw);
    if (!wants_double(m, call.distance)) {
      return finish_gradients(row, m, call, static_cast<float>(coefficient));
    }
  }
  const Measured<double> m = measure<T, double>(row, raw);
  return static_cast<Accumulator<T>>(finish_gradients(row, m, call, coefficient));
}

// Writes what is one number per row; returns l_i.
template <class T>
__device__ double finish_row(const FeatureMargin<T>& call, const Divisor& divisor, int64_t row,
                             Accumulator<T> distance) {
  using A = Accumulator<T>;
  const double excess = static_cast<double>(distance) - call.margin;
  const double loss = excess <= 0 ? 0 : excess;
  if (call.distances_or_null != nullptr) call.distances_or_null[row] = distance;
  if (call.row_losses_or_null != nullptr) call.row_losses_or_null[row] = static_cast<A>(loss);
  if (call.grad_weights_or_null != nullptr) {
    // In a weighted mean the loss is missing yet: see feature_margin_weights.
    const double factor = call.weighted_mean ? 1 : divisor.gradient_factor;
    call.grad_weights_or_null[row] = static_cast<A>(loss * factor);
  }
  return loss;
}

struct RowProducts {
  double of_row[kRowBlock / kWarp];
};

template <class T>
__global__ void __launch_bounds__(kRowBlock, 3) feature_margin_rows(FeatureMargin<T> call) {
  CD_DYNAMIC_SHARED(shared);
  CD_SHARED(RowProducts, products);
  const int rows = kRowBlock / call.row_threads;
  const int slot = static_cast<int>(threadIdx.x) / call.row_threads;
  const int64_t i = int64_t{blockIdx.x} * rows + slot;
  const bool first = static_cast<int>(threadIdx.x) % call.row_threads == 0;
  if (first) products.of_row[slot] = 0;
  if (i < call.rows) {
    const Divisor divisor =
        call.device_divisor_or_null != nullptr ? *call.device_divisor_or_null : call.divisor;
    const RowPair<T> row = row_pair(call, i, shared);
    row.keep();
    const double weight = static_cast<double>(checked_weight(call.weights_or_null, i));
    const Accumulator<T> distance = row_distance(row, call, weight * divisor.gradient_factor);
    if (first) products.of_row[slot] = weight * finish_row(call, divisor, i, distance);
  }
  __syncthreads();
  if (threadIdx.x != 0) return;
  double sum = 0;
  for (int k = 0; k < rows; ++k) sum += products.of_row[k];
  call.block_sums[blockIdx.x] = sum;
}

constexpr int kReduceBlock = 1024;  // threads of the one block that sums up

// The divisor of a weighted mean.
template <class A>
__global__ void __launch_bounds__(kReduceBlock)
    feature_margin_divisor(const A* weights, int64_t rows, double grad_scale, Divisor* divisor) {
  double sum[1] = {0};
  for (int64_t i = threadIdx.x; i < rows; i += kReduceBlock) {
    sum[0] += static_cast<double>(checked_weight(weights, i));
  }
  block_sum<kReduceBlock>(sum);
  if (threadIdx.x != 0) return;
  const double inverse_n = sum[0] == 0 ? 0 : 1 / sum[0];
  *divisor = {inverse_n, grad_scale * inverse_n};
}

template <class A>
__global__ void __launch_bounds__(kReduceBlock)
    feature_margin_loss(const double* block_sums, int64_t blocks, Divisor divisor,
                        const Divisor* device_divisor_or_null, A* loss) {
  double sum[1] = {0};
  for (int64_t i = threadIdx.x; i < blocks; i += kReduceBlock) sum[0] += block_sums[i];
  block_sum<kReduceBlock>(sum);
  if (threadIdx.x != 0) return;
  if (device_divisor_or_null != nullptr) divisor = *device_divisor_or_null;
  *loss = static_cast<A>(sum[0] * divisor.inverse_n);
}

// Gradients of the weights in a weighted mean: from the row losses that stand there to
// (l_i - loss) / n.
template <class A>
__global__ void __launch_bounds__(kRowBlock)
    feature_margin_weights(int64_t rows, Divisor divisor, const Divisor* device_divisor_or_null,
                           const A* loss, A* grad_weights) {
  const int64_t i = int64_t{blockIdx.x} * kRowBlock + threadIdx.x;
  if (i >= rows) return;
  if (device_divisor_or_null != nullptr) divisor = *device_divisor_or_null;
  const double difference = static_cast<double>(grad_weights[i]) - static_cast<double>(*loss);
  grad_weights[i] = static_cast<A>(difference * divisor.gradient_factor);
}

}  // namespace cd::cuda
