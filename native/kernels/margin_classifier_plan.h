// K2's tiles, groups and memory on a CPU.
#pragma once

#include <vector>

#include "core/parallel.h"
#include "kernels/margin_classifier.h"

namespace cd {

// Everything that one call allocates.
struct Memory {
  std::vector<ClassifierRow> rows, ignored;
  std::vector<int64_t> rows_by_label, tile_begin;
  std::vector<double> class_inverse_norms;
  int64_t weighed_rows;  // B of the first set, if quality weighs it, else 0
  void* row_weights;     // [B] of T
  Arrays arrays;
};

// Sizes that follow from the shapes alone, so that the result has the same bits for any threads;
// but no tile is kept for a second pass that will not come.
void plan_tiles(MarginClassifier& call, bool any_gradient);

// What one thread needs, roughly.
double nanoseconds(const MarginClassifier& call);

// `any_row`: whether some row has a gradient.
void plan_memory(MarginClassifier& call, Memory& memory, int32_t slots, bool any_row);

}  // namespace cd
