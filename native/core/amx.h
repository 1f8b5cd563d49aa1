// AMX: eight tile registers of 16 rows of 64 bytes, and products of matrices of bf16 in them. For
// kernel sources of the set `amx` (see panels.h).
//
// A product C += A B of registers takes C as [16 rows, 16 floats], A as [16 rows, 16 pairs along
// the sum] and B as [16 pairs, 16 columns]: a block of row panels of pairs, and one of a panel of
// pairs. The sum of 32 products starts from 0 and is added to C. Subnormal numbers count as 0.
#pragma once

#include "core/simd.h"

#if defined(__AMX_TILE__) && defined(__AMX_BF16__)
#include <immintrin.h>
#define CD_TILE_ZERO(tile) _tile_zero(tile)
#define CD_TILE_LOAD(tile, memory, row_bytes) _tile_loadd(tile, memory, row_bytes)
#define CD_TILE_STORE(tile, memory, row_bytes) _tile_stored(tile, memory, row_bytes)
#define CD_TILE_MULTIPLY(sums, a, b) _tile_dpbf16ps(sums, a, b)
#else
#define CD_TILE_ZERO(tile) emulated_tiles[tile] = {}
#define CD_TILE_LOAD(tile, memory, row_bytes) emulated_tiles[tile].load(memory, row_bytes)
#define CD_TILE_STORE(tile, memory, row_bytes) emulated_tiles[tile].store(memory, row_bytes)
#define CD_TILE_MULTIPLY(sums, a, b) emulated_tiles[sums].add(emulated_tiles[a], emulated_tiles[b])
#endif

namespace cd {
namespace CD_TARGET {

inline constexpr int64_t kTileRegisterRows = 16, kTileRegisterBytes = 64;

#if defined(__AMX_TILE__) && defined(__AMX_BF16__)

// All eight registers are whole tiles. A constant, since compilers take the instruction that reads
// it to read its first bytes alone.
struct alignas(64) AmxSettings {
  uint8_t palette = 1, first_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
inline constexpr AmxSettings kAmxSettings;

// The calling thread's registers, while this lives. Another's settings are lost: who uses the
// registers sets them first.
class AmxRegisters {
 public:
  AmxRegisters() { _tile_loadconfig(&kAmxSettings); }
  ~AmxRegisters() { _tile_release(); }
  AmxRegisters(const AmxRegisters&) = delete;
  AmxRegisters& operator=(const AmxRegisters&) = delete;
};

#else

// For the tests on machines without AMX.
struct EmulatedTile {
  using Row = Vector<uint32_t>;
  Row row[kTileRegisterRows];

  void load(const void* memory, int64_t row_bytes) {
    for (int64_t r = 0; r < kTileRegisterRows; ++r) {
      row[r] = read<Row>(static_cast<const char*>(memory) + r * row_bytes);
    }
  }
  void store(void* memory, int64_t row_bytes) const {
    for (int64_t r = 0; r < kTileRegisterRows; ++r) {
      write(static_cast<char*>(memory) + r * row_bytes, row[r]);
    }
  }
  void add(const EmulatedTile& a, const EmulatedTile& b) {
    for (int64_t r = 0; r < kTileRegisterRows; ++r) {
      Vector<float> sum = {};
      for (int64_t k = 0; k < kTileRegisterRows; ++k) {
        sum = add_products(broadcast(a.row[r][k]), b.row[k], sum);
      }
      row[r] = (Row)((Vector<float>)row[r] + sum);
    }
  }
};

inline thread_local EmulatedTile emulated_tiles[8];

class AmxRegisters {
 public:
  AmxRegisters() {}
};

#endif

// What the compiler knows of the registers' loads does not say that they read memory.
CD_INLINE void finish_stores() { __asm__ volatile("" ::: "memory"); }

// C [32, 32] (+)= sum over `chunks` of 32 products: A in two blocks of 16 rows of 16 pairs, chunks
// a_chunk pairs apart, B in rows of 32 pairs.
template <bool kAccumulate, class Pair>
CD_INLINE void amx_tile(int64_t chunks, const Pair* a, int64_t a_chunk, const Pair* b, float* c) {
  constexpr int64_t kPairs = 16, kRowBytes = 128;
  float* const lower = c + kTileRegisterRows * 32;
  finish_stores();
  if constexpr (kAccumulate) {
    CD_TILE_LOAD(0, c, kRowBytes);
    CD_TILE_LOAD(1, c + 16, kRowBytes);
    CD_TILE_LOAD(2, lower, kRowBytes);
    CD_TILE_LOAD(3, lower + 16, kRowBytes);
  } else {
    CD_TILE_ZERO(0);
    CD_TILE_ZERO(1);
    CD_TILE_ZERO(2);
    CD_TILE_ZERO(3);
  }
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    CD_TILE_LOAD(6, b, kRowBytes);
    CD_TILE_LOAD(4, a, kTileRegisterBytes);
    CD_TILE_LOAD(7, b + kPairs, kRowBytes);
    CD_TILE_MULTIPLY(0, 4, 6);
    CD_TILE_LOAD(5, a + kTileRegisterRows * kPairs, kTileRegisterBytes);
    CD_TILE_MULTIPLY(1, 4, 7);
    CD_TILE_MULTIPLY(2, 5, 6);
    CD_TILE_MULTIPLY(3, 5, 7);
    a += a_chunk;
    b += kPairs * 2 * kPairs;
  }
  CD_TILE_STORE(0, c, kRowBytes);
  CD_TILE_STORE(1, c + 16, kRowBytes);
  CD_TILE_STORE(2, lower, kRowBytes);
  CD_TILE_STORE(3, lower + 16, kRowBytes);
  finish_stores();
}

}  // namespace CD_TARGET
}  // namespace cd
