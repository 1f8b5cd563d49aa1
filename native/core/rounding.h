// Whole numbers of steps. For sizes that are not negative.
#pragma once

#include <cstdint>

namespace cd {

constexpr int64_t round_up(int64_t value, int64_t step) { return (value + step - 1) / step * step; }

constexpr int64_t ceil_divide(int64_t value, int64_t by) { return (value + by - 1) / by; }

}  // namespace cd
