// The limits of this machine, measured beside each kernel: memory traffic and multiply-adds.
#pragma once

#include <cstdint>

#include "core/isa.h"

namespace cd {

// One task of a loop that reads a, b and writes c, d, in bytes; past the caches if `streaming`.
CD_FOR_EACH_ISA(void roofline_copy(const char* a, const char* b, char* c, char* d, int64_t bytes,
                                   bool streaming))

// Runs `rounds` rounds of independent fused multiply-adds; returns the operations (2 per
// multiply-add and lane). `sink` keeps the compiler from dropping them.
CD_FOR_EACH_ISA(int64_t roofline_fma_f32(int64_t rounds, float* sink))
CD_FOR_EACH_ISA(int64_t roofline_fma_f64(int64_t rounds, double* sink))

}  // namespace cd
