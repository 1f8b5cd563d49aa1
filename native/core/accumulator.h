// Arrays of the accumulation type of a dtype, element by element: for the few numbers of a call
// that are no work of a kernel's loops. For sources that are compiled once.
#pragma once

#include <cstdint>

#include "crossdistill.h"

namespace cd {

inline double accumulator_at(int32_t dtype, const void* array, int64_t i) {
  return dtype == CD_F64 ? static_cast<const double*>(array)[i]
                         : static_cast<double>(static_cast<const float*>(array)[i]);
}

inline void set_accumulator(int32_t dtype, void* array, int64_t i, double value) {
  if (dtype == CD_F64) {
    static_cast<double*>(array)[i] = value;
  } else {
    static_cast<float*>(array)[i] = static_cast<float>(value);
  }
}

}  // namespace cd
