// The tensor cores' instructions on the host: products of 16-bit numbers are exact in float, sums
// run in float.
#pragma once

#include "core/cuda_util.cuh"

namespace cd::cuda {

// One of the two numbers of a register.
template <class T>
float half_of(uint32_t pair, int half) {
  return widen(T{static_cast<uint16_t>(half == 0 ? pair : pair >> 16)});
}

// Fragments as in core/cuda_mma.cuh.
template <class T>
void multiply_fragments(float& c0, float& c1, float& c2, float& c3, const uint32_t (&a)[4],
                        uint32_t b0, uint32_t b1) {
  const uint32_t b[2] = {b0, b1};
  uint32_t all_a[kWarp][4], all_b[kWarp][2];
  const simt::Slot* slots = simt::exchange(a, sizeof a);
  for (int lane = 0; lane < kWarp; ++lane) std::memcpy(all_a[lane], slots[lane].bytes, sizeof a);
  slots = simt::exchange(b, sizeof b);
  for (int lane = 0; lane < kWarp; ++lane) std::memcpy(all_b[lane], slots[lane].bytes, sizeof b);
  const int group = simt::lane() / 4, pair = simt::lane() % 4;
  float* const c[] = {&c0, &c1, &c2, &c3};
  for (int n = 0; n < 4; ++n) {
    const int column = 2 * pair + n % 2;
    for (int k = 0; k < 16; ++k) {
      const int deep = k / 8, from = k % 8 / 2;
      *c[n] += half_of<T>(all_a[4 * group + from][2 * deep + n / 2], k % 2) *
               half_of<T>(all_b[4 * column + from][deep], k % 2);
    }
  }
}

template <bool kTransposed>
void load_matrices(uint32_t (&to)[4], const void* line) {
  const simt::Slot* lines = simt::exchange(&line, sizeof line);
  const int group = simt::lane() / 4, pair = simt::lane() % 4;
  for (int matrix = 0; matrix < 4; ++matrix) {
    uint16_t two[2];
    for (int k = 0; k < 2; ++k) {
      const int row = kTransposed ? 2 * pair + k : group;
      const int column = kTransposed ? group : 2 * pair + k;
      const char* from;
      std::memcpy(&from, lines[8 * matrix + row].bytes, sizeof from);
      std::memcpy(&two[k], from + 2 * column, 2);
    }
    std::memcpy(&to[matrix], two, sizeof two);
  }
}

}  // namespace cd::cuda
