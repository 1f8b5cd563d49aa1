// Groups of elements that fill one vector in memory: one vector of T where T = E, two of float
// where E has 16 bits. For kernels that are limited by memory. For kernel sources (see simd.h).
//
// The order of the elements inside a group of Bf16 is not that of memory: even ones come first.
#pragma once

#include "core/simd.h"

namespace cd {
namespace CD_TARGET {

template <class T, class E>
inline constexpr int kParts = sizeof(T) / sizeof(E);

template <class T, class E>
inline constexpr int64_t kGroup = kLanes<T>* kParts<T, E>;

template <class T, class E>
struct Group {
  Vector<T> part[kParts<T, E>];
};

template <class T, class E>
CD_INLINE Group<T, E> load_group(const E* p) {
  static_assert(sizeof(T) == sizeof(E), "Bf16 and F16 have functions of their own");
  return {{read<Vector<T>>(p)}};
}

template <class T>
CD_INLINE Group<T, Bf16> load_group(const Bf16* p) {
  const auto bits = read<Vector<uint32_t>>(p);
  return {{(Vector<float>)(bits << 16), (Vector<float>)(bits & 0xffff0000u)}};
}

template <class T>
CD_INLINE Group<T, F16> load_group(const F16* p) {
  return {{load<float>(p), load<float>(p + kLanes<float>)}};
}

template <class T, class E>
CD_INLINE Group<T, E> load_group(const E* p, int64_t count) {
  if (count == kGroup<T, E>) return load_group<T>(p);
  E elements[kGroup<T, E>] = {};
  __builtin_memcpy(elements, p, static_cast<size_t>(count) * sizeof(E));
  return load_group<T>(elements);
}

// Calls body(index, count, k) for the groups that cover [begin, end). k < kUnroll names the
// accumulator, so that as many sums run side by side.
template <class T, class E, int kUnroll, class Body>
CD_INLINE void for_each_group(int64_t begin, int64_t end, const Body& body) {
  constexpr int64_t kStep = kGroup<T, E>;
  int64_t i = begin;
  for (; i + kUnroll * kStep <= end; i += kUnroll * kStep) {
#pragma GCC unroll 4
    for (int k = 0; k < kUnroll; ++k) body(i + k * kStep, kStep, k);
  }
  for (; i + kStep <= end; i += kStep) body(i, kStep, 0);
  if (i < end) body(i, end - i, 0);
}

// ---- sums of products ----

// A group as a factor of products: one of Bf16 stays packed.
template <class T, class E>
CD_INLINE Group<T, E> load_factors(const E* p, int64_t count) {
  return load_group<T>(p, count);
}

template <class T>
CD_INLINE Vector<uint32_t> load_factors(const Bf16* p, int64_t count) {
  if (count == kGroup<T, Bf16>) return read<Vector<uint32_t>>(p);
  Bf16 elements[kGroup<T, Bf16>] = {};
  __builtin_memcpy(elements, p, static_cast<size_t>(count) * sizeof(Bf16));
  return read<Vector<uint32_t>>(elements);
}

template <class T, class E>
CD_INLINE Vector<T> add_products(const Group<T, E>& a, const Group<T, E>& b, Vector<T> sum) {
  for (int k = 0; k < kParts<T, E>; ++k) sum = multiply_add(a.part[k], b.part[k], sum);
  return sum;
}

struct Products {
  double ss, tt, st;
};

// |s|^2, |t|^2 and s.t: runs of groups are summed in T, and the runs in double.
template <class T, class E>
CD_INLINE Products measure(const E* s, const E* t, int64_t dim) {
  constexpr int64_t kRun = 16 * kGroup<T, E>;
  constexpr int kChains = 4;  // side by side, to hide the latency of a sum
  WideSum<T> ss, tt, st;
  for (int64_t begin = 0; begin < dim; begin += kRun) {
    Vector<T> sum_ss[kChains] = {}, sum_tt[kChains] = {}, sum_st[kChains] = {};
    for_each_group<T, E, kChains>(
        begin, begin + kRun < dim ? begin + kRun : dim,
        [&](int64_t d, int64_t n, int k) __attribute__((always_inline)) {
          const auto a = load_factors<T>(s + d, n), b = load_factors<T>(t + d, n);
          sum_ss[k] = add_products(a, a, sum_ss[k]);
          sum_tt[k] = add_products(b, b, sum_tt[k]);
          sum_st[k] = add_products(a, b, sum_st[k]);
        });
    ss.add((sum_ss[0] + sum_ss[1]) + (sum_ss[2] + sum_ss[3]));
    tt.add((sum_tt[0] + sum_tt[1]) + (sum_tt[2] + sum_tt[3]));
    st.add((sum_st[0] + sum_st[1]) + (sum_st[2] + sum_st[3]));
  }
  return {ss.total(), tt.total(), st.total()};
}

// ---- stores ----

// The group as it lies in memory.
template <class T, class E>
CD_INLINE Vector<T> packed(const Group<T, E>& group) {
  static_assert(sizeof(T) == sizeof(E), "Bf16 and F16 have functions of their own");
  return group.part[0];
}

// To the nearest Bf16, ties to even, in the upper halves. Not for NaN.
CD_INLINE Vector<uint32_t> rounded_to_bf16(Vector<float> v) {
  const auto bits = (Vector<uint32_t>)v;
  return bits + 0x7fffu + ((bits >> 16) & 1u);
}

#if defined(__AVX512BF16__)
// [even elements | odd elements] in the order of memory.
CD_INLINE Vector<uint32_t> interleaved(__m512bh halves) {
  using Indices = VectorOf<uint16_t, 32>::type;
  constexpr Indices kOrder = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                              8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  return (Vector<uint32_t>)_mm512_permutexvar_epi16((__m512i)kOrder, (__m512i)halves);
}
#endif

CD_INLINE Vector<uint32_t> packed(const Group<float, Bf16>& group) {
#if defined(__AVX512BF16__)
  // What became 0 may have been subnormal.
  const auto bits = interleaved(_mm512_cvtne2ps_pbh((__m512)group.part[1], (__m512)group.part[0]));
  const bool zeros = _mm512_testn_epi16_mask((__m512i)bits, _mm512_set1_epi16(0x7fff)) != 0;
  if (__builtin_expect(!zeros, 1)) return bits;
  if (!any_subnormal(group.part[0]) && !any_subnormal(group.part[1])) return bits;
#endif
  const Vector<uint32_t> even = rounded_to_bf16(group.part[0]) >> 16;
  const Vector<uint32_t> odd = rounded_to_bf16(group.part[1]);
#if CD_VECTOR_BYTES == 32
  return (Vector<uint32_t>)_mm256_blend_epi16((__m256i)even, (__m256i)odd, 0xaa);
#else
  return even | (odd & 0xffff0000u);
#endif
}

CD_INLINE Vector<uint32_t> packed(const Group<float, F16>& group) {
#if defined(__AVX512F__)
  const auto half = [&](int k) {
    return _mm512_cvtps_ph((__m512)group.part[k], _MM_FROUND_TO_NEAREST_INT);
  };
  return (Vector<uint32_t>)_mm512_inserti64x4(_mm512_castsi256_si512(half(0)), half(1), 1);
#elif CD_VECTOR_BYTES == 32
  const auto half = [&](int k) {
    return _mm256_cvtps_ph((__m256)group.part[k], _MM_FROUND_TO_NEAREST_INT);
  };
  return (Vector<uint32_t>)_mm256_set_m128i(half(1), half(0));
#else
  F16 elements[kGroup<float, F16>];
  store<float>(elements, group.part[0]);
  store<float>(elements + kLanes<float>, group.part[1]);
  return read<Vector<uint32_t>>(elements);
#endif
}

template <class T, class E>
CD_INLINE void store_group(E* p, const Group<T, E>& group, int64_t count) {
  const auto bits = packed(group);
  if (count == kGroup<T, E>) {
    write(p, bits);
  } else {
    __builtin_memcpy(p, &bits, static_cast<size_t>(count) * sizeof(E));
  }
}

// Elements before `p` is aligned to a group, at most dim.
template <class T, class E>
CD_INLINE int64_t unaligned_head(const E* p, int64_t dim) {
  const uintptr_t past = reinterpret_cast<uintptr_t>(p) % CD_VECTOR_BYTES;
  const int64_t head = past == 0 ? 0 : static_cast<int64_t>((CD_VECTOR_BYTES - past) / sizeof(E));
  return head < dim ? head : dim;
}

// Writes a[d], b[d], either of which may be null, from the groups that body(d, count, group_a,
// group_b) computes for all d; past the caches if `streaming` and both are aligned alike. Then the
// rows at next_a, next_b are fetched meanwhile: a processor that waits for its streamed stores
// would not start to read them by itself.
template <class T, class E, class Body>
CD_INLINE void write_pair(E* a, E* b, int64_t dim, bool streaming, const E* next_a, const E* next_b,
                          const Body& body) {
  const auto put = [&](int64_t d, int64_t n, int) __attribute__((always_inline)) {
    Group<T, E> group_a, group_b;
    body(d, n, group_a, group_b);
    if (a != nullptr) store_group(a + d, group_a, n);
    if (b != nullptr) store_group(b + d, group_b, n);
  };
  const int64_t head = a != nullptr && b != nullptr ? unaligned_head<T>(a, dim) : dim;
  if (!streaming || head == dim || head != unaligned_head<T>(b, dim)) {
    return for_each_group<T, E, 2>(0, dim, put);
  }
  if (head > 0) put(0, head, 0);
  const int64_t whole = head + (dim - head) / kGroup<T, E> * kGroup<T, E>;
  for_each_group<T, E, 2>(
      head, whole, [&](int64_t d, int64_t, int) __attribute__((always_inline)) {
        Group<T, E> group_a, group_b;
        body(d, kGroup<T, E>, group_a, group_b);
        stream(a + d, packed(group_a));
        stream(b + d, packed(group_b));
        __builtin_prefetch(next_a + d);
        __builtin_prefetch(next_b + d);
      });
  if (whole < dim) put(whole, dim - whole, 0);
}

}  // namespace CD_TARGET
}  // namespace cd
