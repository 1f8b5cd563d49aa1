// Matrix products on packed panels. For kernel sources (see simd.h).
//
// A panel is W = 2 vectors of sums wide. A matrix [R, K] is packed as K / W panels of [R, W] ("row
// panels": element (r, k) at ((k / W) * R + r) * W + k % W), or, transposed, as R / W panels of
// [K, W]. K and R are padded with zeros.
//
// P is what a factor is made of: T itself, or two Bf16 that follow each other along the dimension
// that is summed, so that a panel [K, W] of them has K / 2 rows of W pairs.
#pragma once

#include "core/norms.h"
#include "core/transpose.h"
#if defined(CD_COMPILE_AMX)
#include "core/amx.h"
#endif

namespace cd {
namespace CD_TARGET {

struct Bf16Pair {
  uint32_t bits;  // the first one is the lower half
};

template <class P>
struct Factor {
  using Sum = P;
  using Element = P;
  using Lanes = Vector<P>;
  static constexpr int kElements = 1;
};

template <>
struct Factor<Bf16Pair> {
  using Sum = float;
  using Element = Bf16;
  using Lanes = Vector<uint32_t>;
  static constexpr int kElements = 2;
};

// What products of elements E are computed from, when their sums are T.
template <class T, class E>
struct FactorOf {
  using type = T;
};

#if defined(CD_PRODUCTS_OF_BF16)
template <>
struct FactorOf<float, Bf16> {
  using type = Bf16Pair;
};
#endif

template <class T>
inline constexpr int kPanelWidth = 2 * kLanes<T>;

template <class P>
inline constexpr bool kOfPairs = Factor<P>::kElements == 2;

// Whether products are made in AMX's registers.
#if defined(CD_COMPILE_AMX)
template <class P>
inline constexpr bool kOnAmx = kOfPairs<P>;
#else
template <class P>
inline constexpr bool kOnAmx = false;
#endif

// What a task holds while it multiplies.
template <class P>
struct ProductScope {
  ProductScope() {}
};
#if defined(CD_COMPILE_AMX)
template <>
struct ProductScope<Bf16Pair> {
  AmxRegisters registers;
};
#endif

// Rows of a register tile of kTileRows x W: 24 accumulators of 32 registers, or 12 of 16; of AMX
// four tile registers.
template <class P>
inline constexpr int kTileRows = kOnAmx<P>               ? 32
                                 : CD_VECTOR_BYTES == 64 ? 12
                                                         : 6;

template <class P>
CD_INLINE typename Factor<P>::Lanes broadcast_factor(P value) {
  if constexpr (kOfPairs<P>) {
    return broadcast(value.bits);
  } else {
    return broadcast(value);
  }
}

// sum + a b (of pairs: see simd.h).
CD_INLINE Vector<float> add_products(Vector<float> a, Vector<float> b, Vector<float> sum) {
  return multiply_add(a, b, sum);
}

CD_INLINE Vector<double> add_products(Vector<double> a, Vector<double> b, Vector<double> sum) {
  return multiply_add(a, b, sum);
}

// C[m][w] (+)= sum_k A(m, k) B[k][w] for m < kRows, where k runs over `chunks` chunks of kInner,
// A(m, k) = a[chunk * a_chunk + m * kRowStep + (k % kInner) * kStep], B and C are rows of W. What C
// holds is added last: added first, it would cost each product the digits by which it is larger.
template <class P, int kRows, int kInner, int kRowStep, int kStep, bool kAccumulate>
CD_INLINE void register_tile(int64_t chunks, const P* a, int64_t a_chunk, const P* b,
                             typename Factor<P>::Sum* c) {
  using T = typename Factor<P>::Sum;
  using Lanes = typename Factor<P>::Lanes;
  constexpr int kVector = kLanes<T>, kWidth = kPanelWidth<T>;
  Vector<T> sum[kRows][2];
#pragma GCC unroll 16
  for (int m = 0; m < kRows; ++m) {
    sum[m][0] = Vector<T>{};
    sum[m][1] = Vector<T>{};
  }
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
#pragma GCC unroll 8
    for (int k = 0; k < kInner; ++k) {
      const Lanes b0 = read<Lanes>(b + k * kWidth);
      const Lanes b1 = read<Lanes>(b + k * kWidth + kVector);
#pragma GCC unroll 16
      for (int m = 0; m < kRows; ++m) {
        const Lanes am = broadcast_factor(a[m * kRowStep + k * kStep]);
        sum[m][0] = add_products(am, b0, sum[m][0]);
        sum[m][1] = add_products(am, b1, sum[m][1]);
      }
    }
    a += a_chunk;
    b += kInner * kWidth;
  }
#pragma GCC unroll 16
  for (int m = 0; m < kRows; ++m) {
    if constexpr (kAccumulate) {
      sum[m][0] += read<Vector<T>>(c + m * kWidth);
      sum[m][1] += read<Vector<T>>(c + m * kWidth + kVector);
    }
    write(c + m * kWidth, sum[m][0]);
    write(c + m * kWidth + kVector, sum[m][1]);
  }
}

// C [rows, W] (+)= A B: A [rows, chunks * W] in row panels a_panel apart, B [chunks * W, W].
template <class P, bool kAccumulate>
void multiply_row_panels(int64_t rows, int64_t chunks, const P* a, int64_t a_panel, const P* b,
                         typename Factor<P>::Sum* c) {
  constexpr int kWidth = kPanelWidth<typename Factor<P>::Sum>;
  constexpr int kInner = kWidth / Factor<P>::kElements, kRows = kTileRows<P>;
  for (int64_t r = 0; r < rows; r += kRows) {
#if defined(CD_COMPILE_AMX)
    if constexpr (kOnAmx<P>) {
      amx_tile<kAccumulate>(chunks, a + r * kInner, a_panel, b, c + r * kWidth);
    } else
#endif
    {
      register_tile<P, kRows, kInner, kInner, 1, kAccumulate>(chunks, a + r * kInner, a_panel, b,
                                                              c + r * kWidth);
    }
  }
}

// Columns that the panels of both factors, W wide, leave room for in the first-level cache.
template <class P>
inline constexpr int64_t kDepthChunks = kOnAmx<P> ? INT64_MAX  // whose sums need not be read again
                                                  : 16384 * Factor<P>::kElements /
                                                        (kPanelWidth<typename Factor<P>::Sum> *
                                                         kPanelWidth<typename Factor<P>::Sum> *
                                                         static_cast<int64_t>(sizeof(P)));

// C [rows, W] = A B as multiply_row_panels has them, for any depth.
template <class P>
CD_INLINE void multiply_deep_row_panels(int64_t rows, int64_t chunks, const P* a, int64_t a_panel,
                                        const P* b, typename Factor<P>::Sum* c) {
  constexpr int64_t kWidth = kPanelWidth<typename Factor<P>::Sum>;
  constexpr int64_t kInner = kWidth / Factor<P>::kElements;
  constexpr int64_t kMost = kDepthChunks<P>;
  for (int64_t chunk = 0, left = chunks;; chunk += kMost, left -= kMost) {
    const int64_t depth = left < kMost ? left : kMost;
    const P* columns = b + chunk * kInner * kWidth;
    if (chunk == 0) {
      multiply_row_panels<P, false>(rows, depth, a, a_panel, columns, c);
    } else {
      multiply_row_panels<P, true>(rows, depth, a + chunk * a_panel, a_panel, columns, c);
    }
    if (left <= kMost) return;
  }
}

// Brings A [depth, W] into the form in which multiply_transposed_panel takes it: AMX reads both
// factors along rows, so that there its blocks of W rows are transposed.
template <class P>
CD_INLINE void prepare_transposed([[maybe_unused]] int64_t depth, [[maybe_unused]] P* a) {
#if defined(CD_COMPILE_AMX)
  if constexpr (kOnAmx<P>) {
    constexpr int64_t kVector = kLanes<float>, kBlock = 2 * kVector * kVector;
    for (int64_t d = 0; d < depth; d += kTileRows<P>, a += kBlock) {
      uint32_t block[kBlock];
      __builtin_memcpy(block, a, sizeof block);
      uint32_t* const to = reinterpret_cast<uint32_t*>(a);
      transpose_block(block, 2 * kVector, to, kVector);
      transpose_block(block + kVector, 2 * kVector, to + kVector * kVector, kVector);
    }
  }
#endif
}

// C [W, W] (+)= A^T B: A [depth, W], prepared; B [depth, W]; depth is a multiple of kTileRows.
template <class P, bool kAccumulate>
void multiply_transposed_panel(int64_t depth, const P* a, const P* b, typename Factor<P>::Sum* c) {
  constexpr int kWidth = kPanelWidth<typename Factor<P>::Sum>;
  if constexpr (kOnAmx<P>) {
    constexpr int64_t kBlock = kWidth * kWidth / 2;
    multiply_row_panels<P, kAccumulate>(kWidth, depth / kWidth, a, kBlock, b, c);
  } else {
    constexpr int kInner = kTileRows<P> / Factor<P>::kElements;
    constexpr int kRows = CD_VECTOR_BYTES == 64 ? 8 : kWidth == 16 ? 6 : 4, kRest = kWidth % kRows;
    const int64_t chunks = depth / kTileRows<P>;
    int m = 0;
    for (; m + kRows <= kWidth; m += kRows) {
      register_tile<P, kRows, kInner, 1, kWidth, kAccumulate>(chunks, a + m, kInner * kWidth, b,
                                                              c + m * kWidth);
    }
    if constexpr (kRest != 0) {
      register_tile<P, kRest, kInner, 1, kWidth, kAccumulate>(chunks, a + m, kInner * kWidth, b,
                                                              c + m * kWidth);
    }
  }
}

// Two vectors of floats as one of Bf16, to nearest, ties to even; numbers below 2^-126 become 0.
CD_INLINE void narrow_pair(Bf16* p, Vector<float> first, Vector<float> second) {
#if defined(__AVX512BF16__)
  write(p, _mm512_cvtne2ps_pbh((__m512)second, (__m512)first));
#else
  narrow<kLanes<float>>(p, first);
  narrow<kLanes<float>>(p + kLanes<float>, second);
#endif
}

// |x|: runs of exact products are summed in float, and the runs in double.
CD_INLINE double norm_of_pairs(const Bf16* x, int64_t dim) {
  constexpr int64_t kStep = 2 * kLanes<float>, kRun = 4 * kStep;
  const auto squares = [](const Bf16* p, Vector<float> sum) __attribute__((always_inline)) {
    const auto bits = read<Vector<uint32_t>>(p);
    return add_products(bits, bits, sum);
  };
  WideSum<float> total;
  int64_t d = 0;
  for (; d + kRun <= dim; d += kRun) {
    const Vector<float> a = squares(x + d + kStep, squares(x + d, Vector<float>{}));
    const Vector<float> b = squares(x + d + 3 * kStep, squares(x + d + 2 * kStep, Vector<float>{}));
    total.add(a + b);
  }
  for (; d + kStep <= dim; d += kStep) total.add(squares(x + d, Vector<float>{}));
  if (d < dim) {
    Bf16 rest[kStep] = {};
    __builtin_memcpy(rest, x + d, static_cast<size_t>(dim - d) * sizeof(Bf16));
    total.add(squares(rest, Vector<float>{}));
  }
  // What is so small or large that a float loses it is measured in double.
  const double square = total.total();
  return square >= 1e-24 && square <= 1e36 ? __builtin_sqrt(square) : row_norm<double>(x, dim);
}

// Pairs up the elements of rows 2r and 2r + 1 of [rows, W]; `pairs` may be `from`.
CD_INLINE void pair_up_rows(const Bf16* from, int64_t rows, Bf16Pair* pairs) {
  constexpr int kVector = kLanes<float>;
  for (int64_t r = 0; r < rows; r += 2) {
    const Bf16* row = from + r * 2 * kVector;
    const Vector<uint32_t> a0 = read_16_bits<kVector>(row);
    const Vector<uint32_t> a1 = read_16_bits<kVector>(row + kVector);
    const Vector<uint32_t> b0 = read_16_bits<kVector>(row + 2 * kVector);
    const Vector<uint32_t> b1 = read_16_bits<kVector>(row + 3 * kVector);
    write(pairs + r * kVector, a0 | (b0 << 16));
    write(pairs + r * kVector + kVector, a1 | (b1 << 16));
  }
}

// Packs x [dim] times `factor` as row `row` of row panels with `rows` rows; pads with zeros to
// padded_dim. The product is taken in double, so that a unit vector's errors are those of rounding.
template <class P, class E>
CD_INLINE void pack_row(const E* x, int64_t dim, int64_t padded_dim, double factor, int64_t row,
                        int64_t rows, typename Factor<P>::Element* panels) {
  using D = double;
  constexpr int kWidth = kPanelWidth<typename Factor<P>::Sum>;
  const Vector<D> scale = broadcast(factor);
  for (int64_t d = 0; d < padded_dim; d += kLanes<D>) {
    const int64_t left = dim - d;
    Vector<D> v = {};
    if (left > 0) v = (left >= kLanes<D> ? load<D>(x + d) : load_some<D>(x + d, left)) * scale;
    store<D>(panels + (d / kWidth * rows + row) * kWidth + d % kWidth, v);
  }
}

// The same for pairs, times a power of two: exact, but for numbers below 2^-126.
CD_INLINE void pack_pairs(const Bf16* x, int64_t dim, int64_t padded_dim, float power, int64_t row,
                          int64_t rows, Bf16* panels) {
  constexpr int kVector = kLanes<float>, kWidth = kPanelWidth<float>;
  const Vector<float> factor = broadcast(power);
  for (int64_t d = 0; d < padded_dim; d += kWidth) {
    Vector<float> parts[2] = {};
    for (int part = 0; part < 2; ++part) {
      const int64_t at = d + part * kVector, left = dim - at;
      if (left > 0) parts[part] = load<float>(x + at, left < kVector ? left : kVector) * factor;
    }
    narrow_pair(panels + (d / kWidth * rows + row) * kWidth, parts[0], parts[1]);
  }
}

}  // namespace CD_TARGET
}  // namespace cd
