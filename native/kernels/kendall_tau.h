// Kendall's tau-b of two rows, for the kernels that need it.
#pragma once

#include <cstdint>

#include "core/isa.h"

namespace cd {

// Of the pairs of classes: those that a row orders, and those that both rows order alike minus
// those that they order differently.
struct PairCounts {
  int64_t ordered_a;
  int64_t ordered_b;
  int64_t alike;
};

// Counts pair by pair; rows without NaN. `scratch`: two rows of the accumulation type, padded to 64
// bytes.
CD_FOR_EACH_ISA(PairCounts count_pairs(int32_t dtype, const void* a, const void* b, int64_t classes,
                                       char* scratch))

// Tau-b of two rows [C] of dtype; NaN where a row is constant or holds a NaN. `scratch`:
// tau_scratch_bytes, on a cache line.
double kendall_tau(int32_t dtype, const void* a, const void* b, int64_t classes, char* scratch);
int64_t tau_scratch_bytes(int32_t dtype, int64_t classes);

}  // namespace cd
