// Sizes at which the kernels' loops take another way.
//
//   0            nothing to do
//   1, 2, 3      less than any vector
//   7            a vector of 4 (portable) and a rest
//   31, 33       a register tile or a panel less and more one
//   63, 65       four vectors of 16 less and more one; more than one panel on every instruction set
//   127, 129     two such
//   511, 513     more than one block in depth
//   1000, 1025   several tiles of classes and blocks of rows, none of them whole
#pragma once

#include <cstdint>

constexpr int64_t kRegimes[] = {0, 1, 2, 3, 7, 31, 33, 63, 65, 127, 129, 511, 513, 1000, 1025};
