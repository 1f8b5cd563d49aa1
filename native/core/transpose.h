// Transposes square blocks of numbers, as many on a side as a vector has lanes. For kernel sources
// (see simd.h).
#pragma once

#include <utility>

#include "core/simd.h"

namespace cd {
namespace CD_TARGET {

// One of two rows that trade lanes: of the upper one `step` lanes further down, of the lower one
// as far up, where the bit `step` of the lane's number says so.
template <int kStep, bool kUpper, class V, int... kLane>
CD_INLINE V traded(V upper, V lower, std::integer_sequence<int, kLane...>) {
  constexpr int kCount = sizeof...(kLane);
#if defined(__has_builtin) && __has_builtin(__builtin_shufflevector)
  return __builtin_shufflevector(upper, lower,
                                 ((kLane & kStep) != 0 ? kCount + kLane - (kUpper ? kStep : 0)
                                                       : kLane + (kUpper ? 0 : kStep))...);
#else
  const auto lane = [&](int from) { return from < kCount ? upper[from] : lower[from - kCount]; };
  return V{lane((kLane & kStep) != 0 ? kCount + kLane - (kUpper ? kStep : 0)
                                     : kLane + (kUpper ? 0 : kStep))...};
#endif
}

// Halves of the block change places, then the halves of each quarter, down to single numbers.
template <int kStep, class V, int kCount>
CD_INLINE void trade_halves(V (&row)[kCount]) {
  if constexpr (kStep > 0) {
    constexpr auto kLanesOfV = std::make_integer_sequence<int, kCount>{};
#pragma GCC unroll 16
    for (int r = 0; r < kCount; ++r) {
      if ((r & kStep) != 0) continue;
      const V upper = row[r], lower = row[r + kStep];
      row[r] = traded<kStep, true>(upper, lower, kLanesOfV);
      row[r + kStep] = traded<kStep, false>(upper, lower, kLanesOfV);
    }
    trade_halves<kStep / 2>(row);
  }
}

// to[k * to_row + r] = from[r * from_row + k] for all r and k below kLanes<N>.
template <class N>
CD_INLINE void transpose_block(const N* from, int64_t from_row, N* to, int64_t to_row) {
  Vector<N> row[kLanes<N>];
#pragma GCC unroll 16
  for (int r = 0; r < kLanes<N>; ++r) row[r] = read<Vector<N>>(from + r * from_row);
  trade_halves<kLanes<N> / 2>(row);
#pragma GCC unroll 16
  for (int r = 0; r < kLanes<N>; ++r) write(to + r * to_row, row[r]);
}

}  // namespace CD_TARGET
}  // namespace cd
