// Matrix products on packed panels. For kernel sources (see simd.h).
//
// A panel is W = 2 vectors wide. A matrix [R, K] is packed as K / W panels of [R, W] ("row panels":
// element (r, k) at ((k / W) * R + r) * W + k % W), or, transposed, as R / W panels of [K, W].
// K and R are padded with zeros.
#pragma once

#include "core/simd.h"

namespace cd {
namespace CD_TARGET {

template <class T>
inline constexpr int kPanelWidth = 2 * kLanes<T>;

// Rows of a register tile of kTileRows x W: 24 accumulators of 32 registers, or 12 of 16.
inline constexpr int kTileRows = CD_VECTOR_BYTES == 64 ? 12 : 6;

// C[m][w] (+)= sum_k A(m, k) B[k][w] for m < kRows, where k runs over `chunks` chunks of kInner,
// A(m, k) = a[chunk * a_chunk + m * kRowStep + (k % kInner) * kStep], B and C are rows of W.
template <class T, int kRows, int kInner, int kRowStep, int kStep, bool kAccumulate>
CD_INLINE void register_tile(int64_t chunks, const T* a, int64_t a_chunk, const T* b, T* c) {
  constexpr int kVector = kLanes<T>, kWidth = kPanelWidth<T>;
  Vector<T> sum[kRows][2];
#pragma GCC unroll 16
  for (int m = 0; m < kRows; ++m) {
    sum[m][0] = kAccumulate ? read<Vector<T>>(c + m * kWidth) : Vector<T>{};
    sum[m][1] = kAccumulate ? read<Vector<T>>(c + m * kWidth + kVector) : Vector<T>{};
  }
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
#pragma GCC unroll 8
    for (int k = 0; k < kInner; ++k) {
      const Vector<T> b0 = read<Vector<T>>(b + k * kWidth);
      const Vector<T> b1 = read<Vector<T>>(b + k * kWidth + kVector);
#pragma GCC unroll 16
      for (int m = 0; m < kRows; ++m) {
        const Vector<T> am = broadcast(a[m * kRowStep + k * kStep]);
        sum[m][0] = multiply_add(am, b0, sum[m][0]);
        sum[m][1] = multiply_add(am, b1, sum[m][1]);
      }
    }
    a += a_chunk;
    b += kInner * kWidth;
  }
#pragma GCC unroll 16
  for (int m = 0; m < kRows; ++m) {
    write(c + m * kWidth, sum[m][0]);
    write(c + m * kWidth + kVector, sum[m][1]);
  }
}

// C [rows, W] (+)= A B: A [rows, chunks * W] in row panels of a_rows rows each, B [chunks * W, W].
template <class T, bool kAccumulate>
void multiply_row_panels(int64_t rows, int64_t chunks, const T* a, int64_t a_rows, const T* b,
                         T* c) {
  constexpr int kWidth = kPanelWidth<T>;
  for (int64_t r = 0; r < rows; r += kTileRows) {
    register_tile<T, kTileRows, kWidth, kWidth, 1, kAccumulate>(chunks, a + r * kWidth,
                                                                a_rows * kWidth, b, c + r * kWidth);
  }
}

// C [W, W] (+)= A^T B: A [depth, W], B [depth, W]; depth is a multiple of kTileRows.
template <class T, bool kAccumulate>
void multiply_transposed_panel(int64_t depth, const T* a, const T* b, T* c) {
  constexpr int kWidth = kPanelWidth<T>, kInner = kTileRows;
  constexpr int kRows = CD_VECTOR_BYTES == 64 ? 8 : kWidth == 16 ? 6 : 4, kRest = kWidth % kRows;
  const int64_t chunks = depth / kInner;
  int m = 0;
  for (; m + kRows <= kWidth; m += kRows) {
    register_tile<T, kRows, kInner, 1, kWidth, kAccumulate>(chunks, a + m, kInner * kWidth, b,
                                                            c + m * kWidth);
  }
  if constexpr (kRest != 0) {
    register_tile<T, kRest, kInner, 1, kWidth, kAccumulate>(chunks, a + m, kInner * kWidth, b,
                                                            c + m * kWidth);
  }
}

// Packs x [dim] times `factor` as row `row` of row panels with `rows` rows; pads with zeros to
// padded_dim. The product is taken in double, so that a unit vector's errors are those of rounding.
template <class T, class E>
CD_INLINE void pack_row(const E* x, int64_t dim, int64_t padded_dim, double factor, int64_t row,
                        int64_t rows, T* panels) {
  using D = double;
  constexpr int kWidth = kPanelWidth<T>;
  const Vector<D> scale = broadcast(factor);
  for (int64_t d = 0; d < padded_dim; d += kLanes<D>) {
    const int64_t left = dim - d;
    Vector<D> v = {};
    if (left > 0) v = (left >= kLanes<D> ? load<D>(x + d) : load_some<D>(x + d, left)) * scale;
    store<D>(panels + (d / kWidth * rows + row) * kWidth + d % kWidth, v);
  }
}

}  // namespace CD_TARGET
}  // namespace cd
