// binary16 on the host, with the names of CUDA's header.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

struct __half {
  uint16_t bits;
};

inline float __half2float(__half value) {
  const float sign = (value.bits & 0x8000u) != 0 ? -1.0f : 1.0f;
  const uint32_t exponent = (value.bits >> 10) & 0x1fu, fraction = value.bits & 0x3ffu;
  if (exponent == 0) return sign * static_cast<float>(fraction) * 0x1p-24f;
  if (exponent < 31) {
    const uint32_t bits = (exponent + 112) << 23 | fraction << 13;
    float magnitude;
    std::memcpy(&magnitude, &bits, sizeof magnitude);
    return sign * magnitude;
  }
  return fraction == 0 ? sign * std::numeric_limits<float>::infinity()
                       : std::numeric_limits<float>::quiet_NaN();
}

inline __half __float2half_rn(float value) {
  if (value != value) return {0x7fff};
  const uint16_t sign = std::signbit(value) ? 0x8000u : 0;
  const float magnitude = std::fabs(value);
  if (magnitude >= 65520.0f) return {static_cast<uint16_t>(sign | 0x7c00u)};
  int exponent = 0;
  std::frexp(magnitude, &exponent);  // magnitude = m 2^exponent, 0.5 <= m < 1
  exponent = magnitude < 0x1p-14f ? -13 : exponent;
  // Units of the last place: 2^(exponent - 11); ties go to even.
  const int units = static_cast<int>(std::nearbyint(std::ldexp(magnitude, 11 - exponent)));
  // A fraction that rounds up to 2048 carries into the exponent by itself.
  const int bits = magnitude < 0x1p-14f ? units : ((exponent + 13) << 10) + units;
  return {static_cast<uint16_t>(sign | bits)};
}
