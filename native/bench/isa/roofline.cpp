#include "bench/isa/roofline.h"

#include "core/simd.h"

namespace cd {
namespace CD_TARGET {
namespace {

template <class T>
int64_t multiply_adds(int64_t rounds, T* sink) {
  constexpr int kChains = 12;
  Vector<T> sums[kChains];
  const Vector<T> a = broadcast(sink[0]), b = broadcast(sink[1]);
  for (int k = 0; k < kChains; ++k) sums[k] = broadcast(static_cast<T>(k));
  for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
    for (int k = 0; k < kChains; ++k) sums[k] = multiply_add(a, b, sums[k]);
  }
  Vector<T> total = sums[0];
  for (int k = 1; k < kChains; ++k) total += sums[k];
  sink[2] = sum<T>(total);
  return rounds * kChains * kLanes<T> * 2;
}

}  // namespace

void roofline_copy(const char* a, const char* b, char* c, char* d, int64_t bytes, bool streaming) {
  using T = float;
  const int64_t n = bytes / static_cast<int64_t>(sizeof(T));
  const T *from_a = reinterpret_cast<const T*>(a), *from_b = reinterpret_cast<const T*>(b);
  T *to_c = reinterpret_cast<T*>(c), *to_d = reinterpret_cast<T*>(d);
  for_each_vector<T>(
      0, n, [&](int64_t i, int64_t, int) __attribute__((always_inline)) {
        const Vector<T> x = read<Vector<T>>(from_a + i), y = read<Vector<T>>(from_b + i);
        if (streaming) {
          stream(to_c + i, x - y);
          stream(to_d + i, y - x);
        } else {
          write(to_c + i, x - y);
          write(to_d + i, y - x);
        }
      });
  if (streaming) stream_fence();
}

int64_t roofline_fma_f32(int64_t rounds, float* sink) { return multiply_adds(rounds, sink); }

int64_t roofline_fma_f64(int64_t rounds, double* sink) { return multiply_adds(rounds, sink); }

}  // namespace CD_TARGET
}  // namespace cd
