// Vectors of CD_VECTOR_BYTES on the vector extensions of GCC and clang, plus the few operations
// that these lack. Included by kernel sources only, which are compiled once per instruction set;
// all names live in CD_TARGET, so that no function of one set is ever linked into another.
//
// T is the type of the computation (float, double), E the type in memory (float, double, Bf16,
// F16).
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <cstdint>

#include "core/isa.h"
#include "crossdistill.h"

// Returns function<T, E>(...) for the element type E of dtype and its type of computation T.
#define CD_FOR_DTYPE(dtype, function, ...)          \
  switch (dtype) {                                  \
    case CD_F64:                                    \
      return function<double, double>(__VA_ARGS__); \
    case CD_F32:                                    \
      return function<float, float>(__VA_ARGS__);   \
    case CD_BF16:                                   \
      return function<float, Bf16>(__VA_ARGS__);    \
    default:                                        \
      return function<float, F16>(__VA_ARGS__);     \
  }

#define CD_INLINE inline __attribute__((always_inline))

namespace cd {

struct Bf16 {
  uint16_t bits;
};

struct F16 {
  uint16_t bits;
};

namespace CD_TARGET {

template <class T, int N>
struct VectorOf {
  typedef T type __attribute__((vector_size(N * sizeof(T))));
};

template <class T>
inline constexpr int kLanes = CD_VECTOR_BYTES / static_cast<int>(sizeof(T));

template <class T, int N = kLanes<T>>
using Vector = typename VectorOf<T, N>::type;

template <class T>
CD_INLINE Vector<T> broadcast(T value) {
  return value - Vector<T>{};
}

// ---- unaligned memory ----

template <class V>
CD_INLINE V read(const void* memory) {
  V vector;
  __builtin_memcpy(&vector, memory, sizeof vector);
  return vector;
}

template <class V>
CD_INLINE void write(void* memory, V vector) {
  __builtin_memcpy(memory, &vector, sizeof vector);
}

// ---- fused multiply-add, maximum ----

CD_INLINE float multiply_add(float a, float b, float c) {
#if defined(__FMA__)
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}

CD_INLINE double multiply_add(double a, double b, double c) {
#if defined(__FMA__)
  return __builtin_fma(a, b, c);
#else
  return a * b + c;
#endif
}

#if CD_VECTOR_BYTES == 64 && defined(__AVX512F__)
CD_INLINE Vector<float> multiply_add(Vector<float> a, Vector<float> b, Vector<float> c) {
  return (Vector<float>)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}
CD_INLINE Vector<double> multiply_add(Vector<double> a, Vector<double> b, Vector<double> c) {
  return (Vector<double>)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
}
// maximum(a, b) and minimum(a, b) are b where either is NaN.
CD_INLINE Vector<float> maximum(Vector<float> a, Vector<float> b) {
  return (Vector<float>)_mm512_max_ps((__m512)a, (__m512)b);
}
CD_INLINE Vector<double> maximum(Vector<double> a, Vector<double> b) {
  return (Vector<double>)_mm512_max_pd((__m512d)a, (__m512d)b);
}
CD_INLINE Vector<double> minimum(Vector<double> a, Vector<double> b) {
  return (Vector<double>)_mm512_min_pd((__m512d)a, (__m512d)b);
}
#elif CD_VECTOR_BYTES == 32
CD_INLINE Vector<float> multiply_add(Vector<float> a, Vector<float> b, Vector<float> c) {
  return (Vector<float>)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}
CD_INLINE Vector<double> multiply_add(Vector<double> a, Vector<double> b, Vector<double> c) {
  return (Vector<double>)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
}
CD_INLINE Vector<float> maximum(Vector<float> a, Vector<float> b) {
  return (Vector<float>)_mm256_max_ps((__m256)a, (__m256)b);
}
CD_INLINE Vector<double> maximum(Vector<double> a, Vector<double> b) {
  return (Vector<double>)_mm256_max_pd((__m256d)a, (__m256d)b);
}
CD_INLINE Vector<double> minimum(Vector<double> a, Vector<double> b) {
  return (Vector<double>)_mm256_min_pd((__m256d)a, (__m256d)b);
}
#else
// The portable set, and the 64-byte vectors that the tests emulate on narrower machines.
template <class V>
CD_INLINE V multiply_add(V a, V b, V c) {
#if defined(__FMA__)
  V result;
  for (unsigned i = 0; i < sizeof(V) / sizeof(a[0]); ++i)
    result[i] = multiply_add(a[i], b[i], c[i]);
  return result;
#else
  return a * b + c;
#endif
}
template <class V>
CD_INLINE V maximum(V a, V b) {
  return a > b ? a : b;
}
template <class V>
CD_INLINE V minimum(V a, V b) {
  return a < b ? a : b;
}
#endif

// sum + the products of pairs of Bf16, lane by lane.
CD_INLINE Vector<float> add_products(Vector<uint32_t> a, Vector<uint32_t> b, Vector<float> sum) {
#if defined(__AVX512BF16__)
  return (Vector<float>)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
#else
  const auto upper = [](Vector<uint32_t> v) { return (Vector<float>)(v & 0xffff0000u); };
  const auto lower = [](Vector<uint32_t> v) { return (Vector<float>)(v << 16); };
  return multiply_add(lower(a), lower(b), multiply_add(upper(a), upper(b), sum));
#endif
}

// ---- conversions between element types ----

// F16 one by one, exactly as the hardware rounds: to nearest, ties to even.
CD_INLINE float to_float(F16 value) {
  const uint32_t sign = static_cast<uint32_t>(value.bits & 0x8000u) << 16;
  const uint32_t exponent = (value.bits >> 10) & 0x1fu;
  const uint32_t fraction = value.bits & 0x3ffu;
  uint32_t bits;
  if (exponent == 0) {  // zero or subnormal: fraction * 2^-24 is exact
    const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
    __builtin_memcpy(&bits, &magnitude, sizeof bits);
    bits |= sign;
  } else if (exponent == 31) {  // infinity, or NaN made quiet
    bits = sign | 0x7f800000u | (fraction << 13) | (fraction != 0 ? 0x400000u : 0u);
  } else {
    bits = sign | ((exponent + 112) << 23) | (fraction << 13);
  }
  float result;
  __builtin_memcpy(&result, &bits, sizeof result);
  return result;
}

CD_INLINE F16 to_f16(float value) {
  uint32_t bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  const uint32_t sign = (bits >> 16) & 0x8000u;
  bits &= 0x7fffffffu;
  uint32_t half;
  if (bits > 0x7f800000u) {  // NaN keeps its upper bits and becomes quiet
    half = 0x7e00u | ((bits >> 13) & 0x3ffu);
  } else if (bits >= 0x477ff000u) {  // rounds to 65536 or more
    half = 0x7c00u;
  } else if (bits < 0x38800000u) {  // below 2^-14: adding 0.5 leaves the rounded multiple of 2^-24
    float magnitude;
    __builtin_memcpy(&magnitude, &bits, sizeof magnitude);
    magnitude += 0.5f;
    __builtin_memcpy(&half, &magnitude, sizeof half);
    half -= 0x3f000000u;
  } else {
    half = (bits - 0x38000000u + 0xfffu + ((bits >> 13) & 1u)) >> 13;
  }
  return {static_cast<uint16_t>(sign | half)};
}

// Compilers split the generic conversions into halves or worse; so those that the kernels live on
// are spelled out.
template <int N>
CD_INLINE Vector<double, N> to_doubles(Vector<float, N> v) {
#if defined(__AVX512F__)
  if constexpr (N == 8) return (Vector<double, N>)_mm512_cvtps_pd((__m256)v);
#endif
#if defined(__AVX2__)
  if constexpr (N == 4) return (Vector<double, N>)_mm256_cvtps_pd((__m128)v);
#endif
  return __builtin_convertvector(v, Vector<double, N>);
}

template <int N>
CD_INLINE Vector<float, N> to_floats(Vector<double, N> v) {
#if defined(__AVX512F__)
  if constexpr (N == 8) return (Vector<float, N>)_mm512_cvtpd_ps((__m512d)v);
#endif
#if defined(__AVX2__)
  if constexpr (N == 4) return (Vector<float, N>)_mm256_cvtpd_ps((__m256d)v);
#endif
  return __builtin_convertvector(v, Vector<float, N>);
}

template <int N>
CD_INLINE Vector<uint32_t, N> read_16_bits(const void* p) {
#if defined(__AVX512F__)
  if constexpr (N == 16) return (Vector<uint32_t, N>)_mm512_cvtepu16_epi32(read<__m256i>(p));
#endif
#if defined(__AVX2__)
  if constexpr (N == 8) return (Vector<uint32_t, N>)_mm256_cvtepu16_epi32(read<__m128i>(p));
  if constexpr (N == 4) return (Vector<uint32_t, N>)_mm_cvtepu16_epi32(_mm_loadu_si64(p));
#endif
  return __builtin_convertvector((read<Vector<uint16_t, N>>(p)), Vector<uint32_t, N>);
}

// The low halves of numbers below 2^16.
template <int N>
CD_INLINE Vector<uint16_t, N> to_16_bits(Vector<uint32_t, N> v) {
#if defined(__AVX512F__)
  if constexpr (N == 16) return (Vector<uint16_t, N>)_mm512_cvtepi32_epi16((__m512i)v);
#endif
#if defined(__AVX2__)
  if constexpr (N == 8) {
    const __m256i packed = _mm256_packus_epi32((__m256i)v, (__m256i)v);
    return (Vector<uint16_t, N>)_mm256_castsi256_si128(_mm256_permute4x64_epi64(packed, 8));
  }
#endif
  return __builtin_convertvector(v, Vector<uint16_t, N>);
}

template <int N>
CD_INLINE Vector<float, N> widen(const float* p) {
  return read<Vector<float, N>>(p);
}

template <int N>
CD_INLINE Vector<float, N> widen(const Bf16* p) {
  return (Vector<float, N>)(read_16_bits<N>(p) << 16);
}

template <int N>
CD_INLINE Vector<float, N> widen(const F16* p) {
#if defined(__AVX512F__)
  if constexpr (N == 16) return (Vector<float, N>)_mm512_cvtph_ps(read<__m256i>(p));
#endif
#if defined(__F16C__)
  if constexpr (N == 8) return (Vector<float, N>)_mm256_cvtph_ps(read<__m128i>(p));
  if constexpr (N == 4) return (Vector<float, N>)_mm_cvtph_ps(_mm_loadu_si64(p));
#endif
  Vector<float, N> result;
  for (int i = 0; i < N; ++i) result[i] = to_float(p[i]);
  return result;
}

template <int N>
CD_INLINE void narrow(float* p, Vector<float, N> v) {
  write(p, v);
}

#if defined(__AVX512BF16__)
// The conversion to bf16 takes subnormal numbers for 0.
CD_INLINE bool any_subnormal(Vector<float> v) {
  constexpr int kSubnormal = 0x20;
  return _mm512_fpclass_ps_mask((__m512)v, kSubnormal) != 0;
}
#endif

template <int N>
CD_INLINE void narrow(Bf16* p, Vector<float, N> v) {
#if defined(__AVX512BF16__)
  if constexpr (N == 16) {
    if (__builtin_expect(!any_subnormal(v), 1)) return write(p, _mm512_cvtneps_pbh((__m512)v));
  }
#endif
  const auto bits = (Vector<uint32_t, N>)v;
  const auto rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  const auto quiet = (bits >> 16) | 0x40u;
  write(p, to_16_bits<N>(v == v ? rounded : quiet));
}

template <int N>
CD_INLINE void narrow(F16* p, Vector<float, N> v) {
#if defined(__AVX512F__)
  if constexpr (N == 16) {
    return write(p, _mm512_cvtps_ph((__m512)v, _MM_FROUND_TO_NEAREST_INT));
  }
#endif
#if defined(__F16C__)
  if constexpr (N == 8) return write(p, _mm256_cvtps_ph((__m256)v, _MM_FROUND_TO_NEAREST_INT));
#endif
  for (int i = 0; i < N; ++i) p[i] = to_f16(v[i]);
}

// ---- load and store a vector of T from and to elements E ----

template <class T, class E>
CD_INLINE Vector<T> load(const E* p) {
  if constexpr (sizeof(E) == 8) {
    static_assert(sizeof(T) == 8, "float is no type to compute doubles in");
    return read<Vector<T>>(p);
  } else if constexpr (sizeof(T) == 8) {
    return to_doubles<kLanes<T>>(widen<kLanes<T>>(p));
  } else {
    return widen<kLanes<T>>(p);
  }
}

template <class T, class E>
CD_INLINE void store(E* p, Vector<T> v) {
  if constexpr (sizeof(E) == 8) {
    write(p, v);
  } else if constexpr (sizeof(T) == 8) {
    narrow<kLanes<T>>(p, to_floats<kLanes<T>>(v));
  } else {
    narrow<kLanes<T>>(p, v);
  }
}

// The first `count` < lanes elements; the other lanes are zero.
template <class T, class E>
CD_INLINE Vector<T> load_some(const E* p, int64_t count) {
  E elements[kLanes<T>] = {};
  __builtin_memcpy(elements, p, static_cast<size_t>(count) * sizeof(E));
  return load<T>(elements);
}

template <class T, class E>
CD_INLINE void store_some(E* p, Vector<T> v, int64_t count) {
  E elements[kLanes<T>];
  store<T>(elements, v);
  __builtin_memcpy(p, elements, static_cast<size_t>(count) * sizeof(E));
}

// The first `count` <= lanes elements; a constant `count` costs nothing.
template <class T, class E>
CD_INLINE Vector<T> load(const E* p, int64_t count) {
  return count == kLanes<T> ? load<T>(p) : load_some<T>(p, count);
}

template <class T, class E>
CD_INLINE void store(E* p, Vector<T> v, int64_t count) {
  if (count == kLanes<T>) {
    store<T>(p, v);
  } else {
    store_some<T>(p, v, count);
  }
}

// Writes a whole vector past the caches; p is aligned to it.
template <class V>
CD_INLINE void stream(void* p, V vector) {
#if defined(__AVX512F__)
  if constexpr (sizeof(V) == 64) return _mm512_stream_si512((__m512i*)p, (__m512i)vector);
#endif
#if defined(__x86_64__)
  constexpr int kPart = CD_VECTOR_BYTES < 32 ? 16 : 32;
  for (size_t i = 0; i < sizeof(V); i += kPart) {
    const char* from = reinterpret_cast<const char*>(&vector) + i;
#if CD_VECTOR_BYTES < 32
    _mm_stream_si128((__m128i*)((char*)p + i), read<__m128i>(from));
#else
    _mm256_stream_si256((__m256i*)((char*)p + i), read<__m256i>(from));
#endif
  }
#else
  write(p, vector);
#endif
}

// Makes streamed stores visible before any later store.
CD_INLINE void stream_fence() {
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

// ---- sums over the lanes, halves first: the same order on every run ----

template <class T, int N>
CD_INLINE T sum_lanes(Vector<T, N> v) {
  if constexpr (N == 1) {
    return v[0];
  } else {
    Vector<T, N / 2> halves[2];
    __builtin_memcpy(halves, &v, sizeof v);
    return sum_lanes<T, N / 2>(halves[0] + halves[1]);
  }
}

template <class T>
CD_INLINE T sum(Vector<T> v) {
  return sum_lanes<T, kLanes<T>>(v);
}

// Four sums that ran side by side.
template <class T>
struct Sums {
  Vector<T> part[4] = {};

  CD_INLINE T total() const { return sum<T>((part[0] + part[1]) + (part[2] + part[3])); }
};

// A sum of vectors of T, kept in double.
template <class T>
struct WideSum {
  Vector<double> part[2] = {};

  CD_INLINE void add(Vector<T> v) {
    if constexpr (sizeof(T) == 8) {
      part[0] += v;
    } else {
      constexpr int kHalf = kLanes<T> / 2;
      Vector<T, kHalf> halves[2];
      __builtin_memcpy(halves, &v, sizeof v);
      part[0] += to_doubles<kHalf>(halves[0]);
      part[1] += to_doubles<kHalf>(halves[1]);
    }
  }

  CD_INLINE double total() const { return sum<double>(part[0] + part[1]); }
};

// Calls body(index, count, k) for the vectors that cover [begin, end): count elements from index
// on. k = 0..3 names the accumulator, so that four sums run side by side.
template <class T, class Body>
CD_INLINE void for_each_vector(int64_t begin, int64_t end, const Body& body) {
  constexpr int64_t kStep = kLanes<T>;
  int64_t i = begin;
  for (; i + 4 * kStep <= end; i += 4 * kStep) {
    body(i, kStep, 0);
    body(i + kStep, kStep, 1);
    body(i + 2 * kStep, kStep, 2);
    body(i + 3 * kStep, kStep, 3);
  }
  for (; i + kStep <= end; i += kStep) body(i, kStep, 0);
  if (i < end) body(i, end - i, 0);
}

}  // namespace CD_TARGET
}  // namespace cd
