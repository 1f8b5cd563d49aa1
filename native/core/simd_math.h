// Elementary functions on vectors. For kernel sources (see simd.h).
#pragma once

#include "core/simd.h"

namespace cd {
namespace CD_TARGET {

// e^r for |r| <= ln 2 / 2.
CD_INLINE Vector<float> exponential_near_0(Vector<float> r) {
  Vector<float> p = broadcast(1.9875691500e-4f);
  p = multiply_add(p, r, broadcast(1.3981999507e-3f));
  p = multiply_add(p, r, broadcast(8.3334519073e-3f));
  p = multiply_add(p, r, broadcast(4.1665795894e-2f));
  p = multiply_add(p, r, broadcast(1.6666665459e-1f));
  p = multiply_add(p, r, broadcast(5.0000001201e-1f));
  return multiply_add(p, r * r, r) + broadcast(1.0f);
}

// e^x for x <= 88 within 2 ulp; 0 below -87.3, NaN for NaN.
CD_INLINE Vector<float> exponential(Vector<float> x) {
#if CD_VECTOR_BYTES == 64 && defined(__AVX512F__)
  const Vector<float> quotient = x * broadcast(1.44269504088896341f);
  const auto n = (Vector<float>)_mm512_roundscale_ps((__m512)quotient, _MM_FROUND_TO_NEAREST_INT);
  Vector<float> r = multiply_add(n, broadcast(-0.693359375f), x);
  r = multiply_add(n, broadcast(2.12194440e-4f), r);
  const __mmask16 kept = _mm512_cmp_ps_mask((__m512)x, _mm512_set1_ps(-87.3f), _CMP_NLT_UQ);
  const auto p = (__m512)exponential_near_0(r);
  return (Vector<float>)_mm512_maskz_scalef_ps(kept, p, (__m512)n);
#else
  using Bits = Vector<uint32_t>;
  // Adding 1.5 * 2^23 rounds x / ln 2 to the integer n, which then stands in the low bits.
  const Vector<float> magic = broadcast(12582912.0f);
  const Vector<float> shifted = multiply_add(x, broadcast(1.44269504088896341f), magic);
  const Vector<float> n = shifted - magic;
  Vector<float> r = multiply_add(n, broadcast(-0.693359375f), x);
  r = multiply_add(n, broadcast(2.12194440e-4f), r);
  const Bits exponent = ((Bits)shifted - (Bits)magic + 127u) << 23;
  const Vector<float> result = exponential_near_0(r) * (Vector<float>)exponent;
  return x < broadcast(-87.3f) ? Vector<float>{} : result;
#endif
}

// e^x for x <= 709 within 2 ulp; 0 below -708, NaN for NaN.
CD_INLINE Vector<double> exponential(Vector<double> x) {
  using Bits = Vector<uint64_t>;
  constexpr double kReciprocalFactorials[] = {
      1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320,
      1.0 / 5040,       1.0 / 720,       1.0 / 120,      1.0 / 24,      1.0 / 6,      0.5};
  const Vector<double> magic = broadcast(6755399441055744.0);
  const Vector<double> shifted = multiply_add(x, broadcast(1.4426950408889634074), magic);
  const Vector<double> n = shifted - magic;
  Vector<double> r = multiply_add(n, broadcast(-6.93145751953125e-1), x);
  r = multiply_add(n, broadcast(-1.42860682030941723212e-6), r);
  Vector<double> p = broadcast(kReciprocalFactorials[0]);
  for (int i = 1; i < 12; ++i) p = multiply_add(p, r, broadcast(kReciprocalFactorials[i]));
  p = multiply_add(p, r * r, r) + broadcast(1.0);
  const Bits exponent = ((Bits)shifted - (Bits)magic + 1023u) << 52;
  const Vector<double> result = p * (Vector<double>)exponent;
  return x < broadcast(-708.0) ? Vector<double>{} : result;
}

// log x for positive normal x within 2 ulp; x itself where it is infinite or NaN. With x = 2^n m,
// m from sqrt(1/2) to sqrt(2), and s = (m - 1) / (m + 1): log m = 2 atanh(s).
CD_INLINE Vector<double> logarithm(Vector<double> x) {
  using Bits = Vector<uint64_t>;
  constexpr int kTerms = 10;
  constexpr uint64_t kRootOfHalf = 0x3fe6a09e667f3bcd;
  const auto exponent = (Vector<int64_t>)((Bits)x - kRootOfHalf) >> 52;
  const auto m = (Vector<double>)((Bits)x - ((Bits)exponent << 52));
  const Vector<double> magic = broadcast(6755399441055744.0);
  const Vector<double> n = (Vector<double>)((Bits)exponent + (Bits)magic) - magic;
  const Vector<double> one = broadcast(1.0);
  const Vector<double> s = (m - one) / (m + one), square = s * s;
  Vector<double> series = broadcast(2.0 / (2 * kTerms + 1));
#pragma GCC unroll 16
  for (int k = kTerms - 1; k > 0; --k) {
    series = multiply_add(series, square, broadcast(2.0 / (2 * k + 1)));
  }
  const Vector<double> near = multiply_add(s * square, series, s + s);
  const Vector<double> low = multiply_add(n, broadcast(1.42860682030941723212e-6), near);
  const Vector<double> result = multiply_add(n, broadcast(6.93145751953125e-1), low);
  return x <= broadcast(1.7976931348623157e308) ? result : x;
}

template <class T>
struct Logistic {
  Vector<T> softplus;  // log(1 + e^u)
  Vector<T> sigmoid;   // 1 / (1 + e^-u)
};

// Both within 8 ulp for any u, NaN for NaN. With e = e^-|u| and s = e / (2 + e) <= 1/3,
// log(1 + e) = 2 atanh(s) = 2 s (1 + s^2 / 3 + s^4 / 5 + ...).
template <class T>
CD_INLINE Logistic<T> logistic(Vector<T> u) {
  constexpr int kTerms = sizeof(T) == 8 ? 15 : 6;
  const Vector<T> one = broadcast(static_cast<T>(1));
  const Vector<T> e = exponential(-maximum(u, -u));
  const Vector<T> e1 = one + e, e2 = one + e1;
  const Vector<T> inverse = one / (e1 * e2);  // one quotient for both
  const Vector<T> s = e * e1 * inverse, square = s * s;
  Vector<T> series = broadcast(static_cast<T>(1.0 / (2 * kTerms + 1)));
#pragma GCC unroll 16
  for (int k = kTerms - 1; k >= 0; --k) {
    series = multiply_add(series, square, broadcast(static_cast<T>(1.0 / (2 * k + 1))));
  }
  const Vector<T> upper = e2 * inverse;
  const Vector<T> zero = {};
  return {multiply_add(s + s, series, maximum(zero, u)), u < zero ? e * upper : upper};
}

}  // namespace CD_TARGET
}  // namespace cd
