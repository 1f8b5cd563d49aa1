// Arrays for the tests: element types by their definition, strides, odd addresses, guard bytes.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "crossdistill.h"

constexpr int32_t kDtypes[] = {CD_F64, CD_F32, CD_BF16, CD_F16};

inline const char* dtype_name(int32_t dtype) {
  const char* const names[] = {"f64", "f32", "bf16", "f16"};
  return names[dtype];
}

inline int64_t bytes_of(int32_t dtype) { return dtype == CD_F64 ? 8 : dtype == CD_F32 ? 4 : 2; }

inline int32_t accumulator_of(int32_t dtype) { return dtype == CD_F64 ? CD_F64 : CD_F32; }

// Largest relative error of an array (see `error_of`) that the computation itself may cause, and
// that which rounding the result to the type may add.
inline double tolerance_of(int32_t dtype) { return dtype == CD_F64 ? 1e-11 : 2e-6; }
inline double rounding_of(int32_t dtype) {
  return dtype == CD_F64 ? 1e-11 : dtype == CD_F32 ? 2e-6 : dtype == CD_BF16 ? 4e-3 : 6e-4;
}

// x rounded to the nearest value, ties to even, with `digits` significant bits and least exponent.
inline double round_to(double x, int digits, int least_exponent) {
  if (x == 0 || !std::isfinite(x)) return x;
  int exponent = 0;
  std::frexp(x, &exponent);
  const int unit = std::max(exponent - digits, least_exponent);
  return std::ldexp(std::nearbyint(std::ldexp(x, -unit)), unit);
}

// The value that x becomes in an array of dtype.
inline double rounded(int32_t dtype, double x) {
  switch (dtype) {
    case CD_F64:
      return x;
    case CD_F32:
      return static_cast<double>(static_cast<float>(x));
    case CD_BF16: {
      const double y = round_to(x, 8, -133);
      return std::fabs(y) > std::ldexp(255, 120) ? std::copysign(HUGE_VAL, x) : y;
    }
    default: {
      const double y = round_to(x, 11, -24);
      return std::fabs(y) >= 65520 ? std::copysign(HUGE_VAL, x) : y;
    }
  }
}

inline void encode(int32_t dtype, double x, void* p) {
  const double y = rounded(dtype, x);
  const float narrow = static_cast<float>(y);
  uint32_t bits;
  std::memcpy(&bits, &narrow, 4);
  uint16_t half = static_cast<uint16_t>(bits >> 16);
  if (dtype == CD_F16) {
    const uint32_t sign = (bits >> 16) & 0x8000u;
    int exponent = 0;
    const double fraction = std::frexp(std::fabs(y), &exponent);
    uint32_t magnitude;
    if (std::isnan(y)) {
      magnitude = 0x7e00;
    } else if (std::isinf(y)) {
      magnitude = 0x7c00;
    } else if (y == 0 || exponent < -13) {
      magnitude = static_cast<uint32_t>(std::ldexp(std::fabs(y), 24));
    } else {
      magnitude = (static_cast<uint32_t>(exponent + 14) << 10) +
                  static_cast<uint32_t>(std::ldexp(fraction, 11)) - 1024;
    }
    half = static_cast<uint16_t>(sign | magnitude);
  }
  if (dtype == CD_F64) std::memcpy(p, &y, 8);
  if (dtype == CD_F32) std::memcpy(p, &narrow, 4);
  if (dtype >= CD_BF16) std::memcpy(p, &half, 2);
}

inline double decode(int32_t dtype, const void* p) {
  double wide = 0;
  float narrow = 0;
  uint16_t half = 0;
  switch (dtype) {
    case CD_F64:
      std::memcpy(&wide, p, 8);
      return wide;
    case CD_F32:
      std::memcpy(&narrow, p, 4);
      return static_cast<double>(narrow);
    case CD_BF16: {
      std::memcpy(&half, p, 2);
      const uint32_t bits = static_cast<uint32_t>(half) << 16;
      std::memcpy(&narrow, &bits, 4);
      return static_cast<double>(narrow);
    }
    default: {
      std::memcpy(&half, p, 2);
      const int exponent = (half >> 10) & 31, fraction = half & 1023;
      const double sign = (half & 0x8000) != 0 ? -1 : 1;
      if (exponent == 31) return fraction != 0 ? std::nan("") : sign * HUGE_VAL;
      if (exponent == 0) return sign * std::ldexp(fraction, -24);
      return sign * std::ldexp(fraction + 1024, exponent - 25);
    }
  }
}

// A [rows, columns] matrix of dtype in poisoned memory: columns beyond the matrix and a margin on
// both sides hold a pattern that must survive; the first element is aligned to its own size only.
class TestMatrix {
 public:
  TestMatrix(int32_t dtype, int64_t rows, int64_t columns, int64_t extra_stride = 0)
      : dtype_(dtype),
        rows_(rows),
        columns_(columns),
        stride_(columns + extra_stride),
        memory_(static_cast<size_t>(rows * stride_ * bytes_of(dtype) + 3 * kMargin), kPoison) {}

  TestMatrix(int32_t dtype, int64_t rows, int64_t columns, const std::vector<double>& values,
             int64_t extra_stride = 0)
      : TestMatrix(dtype, rows, columns, extra_stride) {
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t d = 0; d < columns; ++d) {
        encode(dtype, values[static_cast<size_t>(i * columns + d)], at(i, d));
      }
    }
  }

  void* data() { return at(0, 0); }
  int64_t stride() const { return stride_; }

  std::vector<double> values() {
    std::vector<double> result;
    for (int64_t i = 0; i < rows_; ++i) {
      for (int64_t d = 0; d < columns_; ++d) result.push_back(decode(dtype_, at(i, d)));
    }
    return result;
  }

  double value(int64_t i, int64_t d = 0) { return decode(dtype_, at(i, d)); }

  // The elements' bytes, row after row.
  std::vector<unsigned char> bits() {
    std::vector<unsigned char> result;
    for (int64_t i = 0; i < rows_; ++i) {
      const auto* row = static_cast<const unsigned char*>(at(i, 0));
      result.insert(result.end(), row, row + columns_ * bytes_of(dtype_));
    }
    return result;
  }

  // Whether nothing outside the matrix has changed.
  bool intact() {
    std::vector<unsigned char> copy = memory_;
    for (int64_t i = 0; i < rows_; ++i) {
      const auto offset = static_cast<unsigned char*>(at(i, 0)) - memory_.data();
      std::memset(copy.data() + offset, kPoison, static_cast<size_t>(columns_ * bytes_of(dtype_)));
    }
    return copy == std::vector<unsigned char>(copy.size(), kPoison);
  }

  // Whether nothing at all has been written into a matrix that was made without values.
  bool untouched() const { return memory_ == std::vector<unsigned char>(memory_.size(), kPoison); }

 private:
  static constexpr unsigned char kPoison = 0xa5;
  static constexpr int64_t kMargin = 64;

  void* at(int64_t i, int64_t d) {
    // A multiple of the element, but of no more.
    const uintptr_t start = reinterpret_cast<uintptr_t>(memory_.data()) + kMargin;
    const uintptr_t first = (start + 63) / 64 * 64 + static_cast<uintptr_t>(bytes_of(dtype_));
    return reinterpret_cast<void*>(first +
                                   static_cast<uintptr_t>((i * stride_ + d) * bytes_of(dtype_)));
  }

  int32_t dtype_;
  int64_t rows_;
  int64_t columns_;
  int64_t stride_;
  std::vector<unsigned char> memory_;
};

// |answer - expected| / max(|expected|, 0.01), both as vectors.
inline double error_of(const std::vector<double>& answer, const std::vector<double>& expected) {
  if (answer.size() != expected.size()) return HUGE_VAL;
  long double difference = 0, norm = 0;
  for (size_t i = 0; i < answer.size(); ++i) {
    const long double a = static_cast<long double>(answer[i]),
                      e = static_cast<long double>(expected[i]);
    difference += (a - e) * (a - e);
    norm += e * e;
  }
  const long double error =
      std::sqrt(difference) / std::max(std::sqrt(norm), static_cast<long double>(0.01));
  return std::isnan(error) ? HUGE_VAL : static_cast<double>(error);
}

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  double normal() { return normal_(engine_); }
  double uniform() { return uniform_(engine_); }
  int64_t below(int64_t n) { return static_cast<int64_t>(engine_() % static_cast<uint64_t>(n)); }

  // Normal numbers, rounded to dtype.
  std::vector<double> array(int32_t dtype, int64_t size, double scale = 1) {
    std::vector<double> result;
    for (int64_t i = 0; i < size; ++i) result.push_back(rounded(dtype, scale * normal()));
    return result;
  }

  // Weights in [0.5, 2), some of them 0, that every type represents.
  std::vector<double> weights(int64_t size) {
    std::vector<double> result;
    for (int64_t i = 0; i < size; ++i) {
      result.push_back(below(8) == 0 ? 0 : rounded(CD_F16, 0.5 + 1.5 * uniform()));
    }
    return result;
  }

 private:
  std::mt19937_64 engine_;
  std::normal_distribution<double> normal_;
  std::uniform_real_distribution<double> uniform_;
};

// Expects `status` to be CD_INVALID_ARGUMENT with all `parts` in the one line of text.
inline void expect_rejected(int32_t status, std::initializer_list<std::string> parts) {
  EXPECT_EQ(status, CD_INVALID_ARGUMENT);
  const std::string text = cd_last_error();
  EXPECT_EQ(text.find('\n'), std::string::npos);
  for (const std::string& part : parts) {
    EXPECT_NE(text.find(part), std::string::npos) << "\"" << part << "\" not in \"" << text << "\"";
  }
}
