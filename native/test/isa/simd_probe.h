// Parts of core/ that have no function of their own in the C ABI, on the active instruction set.
#pragma once

#include <cstdint>

#include "core/isa.h"

namespace cd {

CD_FOR_EACH_ISA(int32_t probe_vector_bytes())
// y = exp(x) in the vector type of float or double.
CD_FOR_EACH_ISA(void probe_exponential_f32(const float* x, float* y, int64_t n))
CD_FOR_EACH_ISA(void probe_exponential_f64(const double* x, double* y, int64_t n))
// y = log(x).
CD_FOR_EACH_ISA(void probe_logarithm(const double* x, double* y, int64_t n))
// log(1 + exp(u)) and 1 / (1 + exp(-u)), likewise.
CD_FOR_EACH_ISA(void probe_logistic_f32(const float* u, float* softplus, float* sigmoid, int64_t n))
CD_FOR_EACH_ISA(void probe_logistic_f64(const double* u, double* softplus, double* sigmoid,
                                        int64_t n))
// From and to the bits of bf16 (half = false) or f16.
CD_FOR_EACH_ISA(void probe_widen(bool half, const uint16_t* bits, float* y, int64_t n))
CD_FOR_EACH_ISA(void probe_narrow(bool half, const float* x, uint16_t* bits, int64_t n))

}  // namespace cd
