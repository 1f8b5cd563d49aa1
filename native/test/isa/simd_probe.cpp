#include "test/isa/simd_probe.h"

#include "core/simd.h"
#include "core/simd_math.h"

namespace cd {
namespace CD_TARGET {
namespace {

template <class T>
void all_exponentials(const T* x, T* y, int64_t n) {
  for_each_vector<T>(0, n, [&](int64_t i, int64_t count, int) {
    store<T>(y + i, exponential(load<T>(x + i, count)), count);
  });
}

template <class T>
void all_logistics(const T* u, T* softplus, T* sigmoid, int64_t n) {
  for_each_vector<T>(0, n, [&](int64_t i, int64_t count, int) {
    const Logistic<T> value = logistic<T>(load<T>(u + i, count));
    store<T>(softplus + i, value.softplus, count);
    store<T>(sigmoid + i, value.sigmoid, count);
  });
}

template <class To, class From>
void convert(const From* x, To* y, int64_t n) {
  for_each_vector<float>(0, n, [&](int64_t i, int64_t count, int) {
    store<float>(y + i, load<float>(x + i, count), count);
  });
}

}  // namespace

int32_t probe_vector_bytes() { return static_cast<int32_t>(sizeof(Vector<float>)); }

void probe_exponential_f32(const float* x, float* y, int64_t n) { all_exponentials(x, y, n); }

void probe_exponential_f64(const double* x, double* y, int64_t n) { all_exponentials(x, y, n); }

void probe_logarithm(const double* x, double* y, int64_t n) {
  for_each_vector<double>(0, n, [&](int64_t i, int64_t count, int) {
    store<double>(y + i, logarithm(load<double>(x + i, count)), count);
  });
}

void probe_logistic_f32(const float* u, float* softplus, float* sigmoid, int64_t n) {
  all_logistics(u, softplus, sigmoid, n);
}

void probe_logistic_f64(const double* u, double* softplus, double* sigmoid, int64_t n) {
  all_logistics(u, softplus, sigmoid, n);
}

void probe_widen(bool half, const uint16_t* bits, float* y, int64_t n) {
  if (half) {
    convert(reinterpret_cast<const F16*>(bits), y, n);
  } else {
    convert(reinterpret_cast<const Bf16*>(bits), y, n);
  }
}

void probe_narrow(bool half, const float* x, uint16_t* bits, int64_t n) {
  if (half) {
    convert(x, reinterpret_cast<F16*>(bits), n);
  } else {
    convert(x, reinterpret_cast<Bf16*>(bits), n);
  }
}

}  // namespace CD_TARGET
}  // namespace cd
