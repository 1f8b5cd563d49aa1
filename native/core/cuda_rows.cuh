// Rows of several matrices that a warp (short ones) or a block (long ones) works on: they wait in
// shared memory between two looks at them, so that memory is passed once; rows too long for that
// are read again.
#pragma once

#include "core/cuda_util.cuh"

namespace cd::cuda {

constexpr int kRowBlock = 256;  // threads of a block: 8 warps with a row each, or one long row
constexpr int kRowWarps = kRowBlock / kWarp;
constexpr int64_t kMostShared = int64_t{47} << 10;  // bytes of a block's rows, on every device

struct RowGeometry {
  Grid grid;
  int row_threads;  // kWarp or kRowBlock
};

// For one row each of `matrices`, from the shape alone.
template <class T>
RowGeometry row_geometry(int64_t rows, int64_t columns, int matrices) {
  const int64_t row_bytes = matrices * 16 * ceil_divide(columns, Pack<T>::kCount);
  if (kRowWarps * row_bytes <= kMostShared) {
    return {{ceil_divide(rows, kRowWarps), kRowWarps * row_bytes}, kWarp};
  }
  return {{rows, row_bytes <= kMostShared ? row_bytes : 0}, kRowBlock};
}

// Row i of a matrix; null where there is no matrix.
template <class T>
__device__ inline T* row_or_null(T* matrix_or_null, int64_t i, int64_t stride) {
  return matrix_or_null == nullptr ? nullptr : matrix_or_null + i * stride;
}

// One row of each of kRows matrices, as one of its threads sees it: every `threads`-th pack is its
// own.
template <class T, int kRows>
struct RowGroup {
  const T* x[kRows];
  int64_t columns;
  int64_t packs;
  int threads;
  int number;  // this thread's among them
  bool wide;
  Pack<T>* kept_or_null;  // [kRows, packs] in shared memory; a thread touches its own packs only

  // `shared`: room for the block's rows; null: they are not kept.
  __device__ void place(int64_t columns_of_row, int row_threads, bool is_wide,
                        void* shared_or_null) {
    columns = columns_of_row;
    packs = (columns_of_row + Pack<T>::kCount - 1) / Pack<T>::kCount;
    threads = row_threads;
    number = static_cast<int>(threadIdx.x) % row_threads;
    wide = is_wide;
    const int64_t slot = threadIdx.x / static_cast<unsigned>(row_threads);
    kept_or_null = shared_or_null == nullptr
                       ? nullptr
                       : static_cast<Pack<T>*>(shared_or_null) + slot * kRows * packs;
  }

  __device__ bool is_first() const { return number == 0; }

  __device__ void keep() const {
    if (kept_or_null == nullptr) return;
    for (int64_t p = number; p < packs; p += threads) {
#pragma unroll
      for (int r = 0; r < kRows; ++r) {
        copy_pack(kept_or_null + r * packs + p, x[r], p * Pack<T>::kCount, columns, wide);
      }
    }
    wait_for_copies();
  }

  // body(column, packs of the rows) for this thread's packs.
  template <class Body>
  __device__ void for_each_pack(const Body& body) const {
    for (int64_t p = number; p < packs; p += threads) {
      const int64_t column = p * Pack<T>::kCount;
      Pack<T> at[kRows];
#pragma unroll
      for (int r = 0; r < kRows; ++r) {
        at[r] = kept_or_null != nullptr ? kept_or_null[r * packs + p]
                                        : read_pack(x[r], column, columns, wide);
      }
      body(column, at);
    }
  }

  // Sums over the row's threads; each receives them.
  template <int kCount, class A>
  __device__ void total(A (&values)[kCount]) const {
    if (threads == kWarp) {
      warp_sum(values);
    } else {
      block_sum<kRowBlock>(values);
    }
  }

  // The same with merge(a, b) in place of a + b; merge is symmetric.
  template <class V, class Merge>
  __device__ V merged(V value, const Merge& merge) const {
    return threads == kWarp ? warp_merged(value, merge) : block_merged<kRowBlock>(value, merge);
  }
};

// Writes zeros into the row, by the threads of its group.
template <class T, int kRows>
__device__ void write_zeros(const RowGroup<T, kRows>& row, T* to_or_null) {
  if (to_or_null == nullptr) return;
  Pack<T> zeros;
#pragma unroll
  for (int k = 0; k < Pack<T>::kCount; ++k) zeros.at[k] = narrow<T>(0.0f);
  for (int64_t p = row.number; p < row.packs; p += row.threads) {
    write_pack(to_or_null, p * Pack<T>::kCount, row.columns, row.wide, zeros);
  }
}

}  // namespace cd::cuda
