// The tensor cores' instruction on the host: products of bf16 are exact in float, sums run in
// float.
#pragma once

#include "core/cuda_util.cuh"

namespace cd::cuda {

inline float bf16_half(uint32_t pair, int half) {
  return __bfloat162float({static_cast<uint16_t>(half == 0 ? pair : pair >> 16)});
}

// Fragments as in core/cuda_mma.cuh.
inline void mma_bf16(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  uint32_t all_a[kWarp][4], all_b[kWarp][2];
  const simt::Slot* slots = simt::exchange(a, sizeof a);
  for (int lane = 0; lane < kWarp; ++lane) std::memcpy(all_a[lane], slots[lane].bytes, sizeof a);
  slots = simt::exchange(b, sizeof b);
  for (int lane = 0; lane < kWarp; ++lane) std::memcpy(all_b[lane], slots[lane].bytes, sizeof b);
  const int group = simt::lane() / 4, pair = simt::lane() % 4;
  for (int n = 0; n < 4; ++n) {
    const int column = 2 * pair + n % 2;
    for (int k = 0; k < 16; ++k) {
      const int deep = k / 8, from = k % 8 / 2;
      c[n] += bf16_half(all_a[4 * group + from][2 * deep + n / 2], k % 2) *
              bf16_half(all_b[4 * column + from][deep], k % 2);
    }
  }
}

}  // namespace cd::cuda
