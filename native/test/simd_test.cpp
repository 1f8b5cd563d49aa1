#include "test/isa/simd_probe.h"
#include "test_arrays.h"

namespace {

using WidenFunction = void(bool, const uint16_t*, float*, int64_t);
using NarrowFunction = void(bool, const float*, uint16_t*, int64_t);

// Distance of y from the exact value in units of y's last place.
template <class T>
double ulps(T y, long double exact) {
  const T next = std::nextafter(static_cast<T>(exact), std::numeric_limits<T>::infinity());
  const long double ulp =
      static_cast<long double>(next) - static_cast<long double>(static_cast<T>(exact));
  return static_cast<double>(std::fabs(static_cast<long double>(y) - exact) / ulp);
}

void exponential(const float* x, float* y, int64_t n) {
  CD_OF_ACTIVE_ISA(probe_exponential_f32)(x, y, n);
}

void exponential(const double* x, double* y, int64_t n) {
  CD_OF_ACTIVE_ISA(probe_exponential_f64)(x, y, n);
}

template <class T>
double worst_ulps(double low, double high, int count) {
  std::vector<T> x, y(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    x.push_back(static_cast<T>(low + (high - low) * (i + 0.5) / count));
  }
  exponential(x.data(), y.data(), count);
  double worst = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    worst = std::max(worst, ulps(y[i], std::exp(static_cast<long double>(x[i]))));
  }
  return worst;
}

TEST(Simd, ExponentialIsWithinTwoUlps) {
  EXPECT_LE(worst_ulps<float>(-87, 88, 200001), 2);
  EXPECT_LE(worst_ulps<float>(-1e-3, 1e-3, 10001), 2);
  EXPECT_LE(worst_ulps<double>(-707, 709, 50001), 2);
  EXPECT_LE(worst_ulps<double>(-1e-3, 1e-3, 10001), 2);
}

template <class T>
void check_special_values() {
  const T infinity = std::numeric_limits<T>::infinity();
  const T x[] = {0, -infinity, std::numeric_limits<T>::lowest(), T(-1e4), T(NAN), T(-0.0)};
  T y[6];
  exponential(x, y, 6);
  EXPECT_EQ(y[0], 1);
  EXPECT_EQ(y[1], 0);
  EXPECT_EQ(y[2], 0);
  EXPECT_EQ(y[3], 0);
  EXPECT_TRUE(std::isnan(y[4]));
  EXPECT_EQ(y[5], 1);
}

TEST(Simd, ExponentialOfSpecialValues) {
  check_special_values<float>();
  check_special_values<double>();
}

void logistic(const float* u, float* softplus, float* sigmoid, int64_t n) {
  CD_OF_ACTIVE_ISA(probe_logistic_f32)(u, softplus, sigmoid, n);
}

void logistic(const double* u, double* softplus, double* sigmoid, int64_t n) {
  CD_OF_ACTIVE_ISA(probe_logistic_f64)(u, softplus, sigmoid, n);
}

template <class T>
double worst_logistic_ulps(double low, double high, int count) {
  std::vector<T> u, softplus(static_cast<size_t>(count)), sigmoid(softplus.size());
  for (int i = 0; i < count; ++i) {
    u.push_back(static_cast<T>(low + (high - low) * (i + 0.5) / count));
  }
  logistic(u.data(), softplus.data(), sigmoid.data(), count);
  double worst = 0;
  for (size_t i = 0; i < u.size(); ++i) {
    const long double e = std::exp(-std::fabs(static_cast<long double>(u[i])));
    const long double above = std::max(static_cast<long double>(u[i]), 0.0L);
    worst = std::max(worst, ulps(softplus[i], above + std::log1p(e)));
    worst = std::max(worst, ulps(sigmoid[i], (u[i] < 0 ? e : 1) / (1 + e)));
  }
  return worst;
}

TEST(Simd, LogarithmIsWithinTwoUlps) {
  std::vector<double> x = {1, 0.5, 2, std::sqrt(0.5), std::sqrt(2), 1e-300, 1e300, 1 + 1e-15};
  for (int i = 0; i < 20001; ++i) {
    x.push_back(std::exp(-20 + 40 * (i + 0.5) / 20001));
    x.push_back(1 + 1e-3 * (i - 10000) / 10000);
  }
  std::vector<double> y(x.size());
  CD_OF_ACTIVE_ISA(probe_logarithm)(x.data(), y.data(), static_cast<int64_t>(x.size()));
  for (size_t i = 0; i < x.size(); ++i) {
    ASSERT_LE(ulps(y[i], std::log(static_cast<long double>(x[i]))), 2) << x[i];
  }
}

TEST(Simd, LogarithmOfSpecialValues) {
  const double x[] = {HUGE_VAL, std::nan(""), 1};
  double y[3];
  CD_OF_ACTIVE_ISA(probe_logarithm)(x, y, 3);
  EXPECT_EQ(y[0], HUGE_VAL);
  EXPECT_TRUE(std::isnan(y[1]));
  EXPECT_EQ(y[2], 0);
}

TEST(Simd, LogisticIsWithinEightUlps) {
  EXPECT_LE(worst_logistic_ulps<float>(-87, 100, 200001), 8);
  EXPECT_LE(worst_logistic_ulps<float>(-1e-3, 1e-3, 10001), 8);
  EXPECT_LE(worst_logistic_ulps<double>(-707, 800, 50001), 8);
  EXPECT_LE(worst_logistic_ulps<double>(-2, 2, 50001), 8);
}

template <class T>
void check_special_logistics() {
  const T infinity = std::numeric_limits<T>::infinity();
  const T u[] = {infinity, -infinity, std::numeric_limits<T>::max(), T(-1e4), T(NAN)};
  T softplus[5], sigmoid[5];
  logistic(u, softplus, sigmoid, 5);
  EXPECT_EQ(softplus[0], infinity);
  EXPECT_EQ(sigmoid[0], 1);
  EXPECT_EQ(softplus[1], 0);
  EXPECT_EQ(sigmoid[1], 0);
  EXPECT_EQ(softplus[2], u[2]);
  EXPECT_EQ(softplus[3], 0);
  EXPECT_EQ(sigmoid[3], 0);
  EXPECT_TRUE(std::isnan(softplus[4]));
  EXPECT_TRUE(std::isnan(sigmoid[4]));
}

TEST(Simd, LogisticOfSpecialValues) {
  check_special_logistics<float>();
  check_special_logistics<double>();
}

TEST(Simd, EveryNarrowNumberWidensExactly) {
  WidenFunction* const widen = CD_OF_ACTIVE_ISA(probe_widen);
  std::vector<uint16_t> bits(65536);
  std::vector<float> wide(bits.size());
  for (size_t i = 0; i < bits.size(); ++i) bits[i] = static_cast<uint16_t>(i);
  for (int32_t dtype : {CD_BF16, CD_F16}) {
    widen(dtype == CD_F16, bits.data(), wide.data(), 65536);
    for (size_t i = 0; i < bits.size(); ++i) {
      const double expected = decode(dtype, &bits[i]);
      if (std::isnan(expected)) {
        EXPECT_TRUE(std::isnan(wide[i])) << i;
      } else {
        EXPECT_EQ(static_cast<double>(wide[i]), expected) << i;
        EXPECT_EQ(std::signbit(wide[i]), (i & 0x8000) != 0) << i;
      }
    }
  }
}

// All narrow numbers, the middles between two of them, and what lies just beside those.
TEST(Simd, NarrowingRoundsToTheNearestEven) {
  WidenFunction* const widen = CD_OF_ACTIVE_ISA(probe_widen);
  NarrowFunction* const narrow = CD_OF_ACTIVE_ISA(probe_narrow);
  std::vector<uint16_t> bits(65536);
  for (size_t i = 0; i < bits.size(); ++i) bits[i] = static_cast<uint16_t>(i);
  for (int32_t dtype : {CD_BF16, CD_F16}) {
    std::vector<float> wide(65536), x;
    widen(dtype == CD_F16, bits.data(), wide.data(), 65536);
    for (size_t i = 0; i + 1 < wide.size(); ++i) {
      x.push_back(wide[i]);
      if (!std::isfinite(wide[i]) || !std::isfinite(wide[i + 1])) continue;
      const float middle = wide[i] / 2 + wide[i + 1] / 2;
      for (float candidate :
           {middle, std::nextafter(middle, HUGE_VALF), std::nextafter(middle, -HUGE_VALF)}) {
        x.push_back(candidate);
      }
    }
    for (float extreme :
         {65519.0f, 65520.0f, 65536.0f, 3.3895314e38f, 3.4e38f, 1e-45f, HUGE_VALF}) {
      x.push_back(extreme);
      x.push_back(-extreme);
    }
    std::vector<uint16_t> answer(x.size());
    narrow(dtype == CD_F16, x.data(), answer.data(), static_cast<int64_t>(x.size()));
    for (size_t i = 0; i < x.size(); ++i) {
      const double value = decode(dtype, &answer[i]);
      if (std::isnan(x[i])) {
        EXPECT_TRUE(std::isnan(value));
      } else {
        ASSERT_EQ(value, rounded(dtype, static_cast<double>(x[i]))) << x[i];
      }
    }
  }
}

}  // namespace
