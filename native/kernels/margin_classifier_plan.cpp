#include "kernels/margin_classifier_plan.h"

#if defined(CD_COMPILE_PORTABLE)

#include <algorithm>

#include "core/rounding.h"
#include "core/tensor_check.h"

namespace cd {
namespace {

// Bytes of the packed classes of a tile: they stay in the second-level cache beside its logits.
constexpr int64_t kTileBytes = 192 << 10;
// Rows of a block of logits.
constexpr int64_t kRowBlock = 256;
// Classes of a tile: a multiple of the register tile's rows, on AMX and on all other sets.
constexpr int64_t kAmxClassStep = 32, kClassStep = 12;
constexpr int64_t kLeastTileClasses = 24, kMostTileClasses = 192;
// Most memory for tiles whose factors and logits are kept from the first pass to the second: all
// tiles of a small classifier, a constant beside a large one's. Products of bf16 cost less time, so
// that less memory pays.
constexpr int64_t kKeptBytes = 16 << 20, kKeptBytesOfPairs = 8 << 20;
// Groups: as many as memory for the parts of dZ allows.
constexpr int64_t kMostGroups = 32, kFewGroups = 8, kPartsBytes = 8 << 20;

// Memory of a tile's factors and of its logits with some rows.
int64_t factors_bytes(const MarginClassifier& call, int64_t rows) {
  const int64_t per_class = call.padded_dim + 1 + (call.pairs ? 1 : 0) + rows;
  return round_up(call.tile_classes * per_class * accumulator_bytes(call.dtype), 64);
}

// Memory of its gradients.
int64_t sums_bytes(const MarginClassifier& call) {
  const int64_t per_class = call.padded_dim + (call.pairs ? call.width / 2 : 0) +
                            (call.several_blocks ? call.padded_dim + call.width : 0);
  const int64_t doubles = call.padded_dim + call.tile_classes;
  return round_up(doubles * 8 + call.tile_classes * per_class * accumulator_bytes(call.dtype), 64);
}

}  // namespace

void plan_tiles(MarginClassifier& call, bool any_gradient) {
  const int64_t t = accumulator_bytes(call.dtype);
  call.width = 2 * active_vector_bytes() / t;
  call.pairs = call.dtype == CD_BF16 && active_isa() >= CD_ISA_AVX512BF16;
  const int64_t step = call.pairs && active_isa() == CD_ISA_AMX ? kAmxClassStep : kClassStep;
  call.padded_rows = round_up(call.rows, call.width);
  call.padded_dim = round_up(call.dim, call.width);
  call.row_block = std::min(kRowBlock, call.padded_rows);
  call.several_blocks = call.padded_rows > call.row_block;
  int64_t tile = kTileBytes / std::max<int64_t>(1, call.padded_dim * t);
  tile = std::min(tile, ceil_divide(call.classes, kFewGroups));  // work for several threads
  tile = std::max(std::clamp(tile, kLeastTileClasses, kMostTileClasses) / step * step, step);
  call.tile_classes = std::min(tile, round_up(call.classes, step));
  call.tiles = ceil_divide(call.classes, call.tile_classes);
  const int64_t part_bytes = std::max<int64_t>(1, call.padded_rows * call.padded_dim * t);
  call.groups = std::clamp(kPartsBytes / part_bytes, kFewGroups, kMostGroups);
  call.groups = std::min(call.groups, call.tiles);
  call.slot_sums_bytes = sums_bytes(call);
  call.slot_bytes = call.slot_sums_bytes + factors_bytes(call, call.row_block);
  call.kept_bytes = factors_bytes(call, call.padded_rows);
  const int64_t kept = !any_gradient ? 0 : call.pairs ? kKeptBytesOfPairs : kKeptBytes;
  call.kept_tiles = std::min(ceil_divide(call.tiles, call.groups),
                             kept / (call.groups * std::max<int64_t>(1, call.kept_bytes)));
}

void plan_memory(MarginClassifier& call, Memory& memory, int32_t slots, bool any_row) {
  const int64_t t = accumulator_bytes(call.dtype);
  call.row = memory.rows.data();
  call.ignored = memory.ignored.data();
  call.ignored_rows = static_cast<int64_t>(memory.ignored.size());
  memory.rows_by_label.resize(memory.rows.size());
  for (size_t i = 0; i < memory.rows.size(); ++i) memory.rows_by_label[i] = static_cast<int64_t>(i);
  std::stable_sort(memory.rows_by_label.begin(), memory.rows_by_label.end(),
                   [&](int64_t a, int64_t b) { return call.row[a].label < call.row[b].label; });
  memory.tile_begin.assign(static_cast<size_t>(call.tiles) + 1, 0);
  for (const ClassifierRow& row : memory.rows) {
    ++memory.tile_begin[static_cast<size_t>(row.label / call.tile_classes) + 1];
  }
  for (size_t i = 1; i < memory.tile_begin.size(); ++i) {
    memory.tile_begin[i] += memory.tile_begin[i - 1];
  }
  memory.class_inverse_norms.resize(static_cast<size_t>(call.classes));
  call.rows_by_label = memory.rows_by_label.data();
  call.tile_begin = memory.tile_begin.data();
  call.class_inverse_norms = memory.class_inverse_norms.data();

  const int64_t matrix = call.padded_rows * call.padded_dim, row = call.padded_rows * t;
  Arrays& arrays = memory.arrays;
  arrays.want(call.z_columns, matrix * (call.pairs ? 2 : t));
  arrays.want(call.z_rows, matrix * (call.pairs ? 2 : t));
  arrays.want(call.group_largest, call.groups * row);
  arrays.want(call.group_sums, call.groups * row);
  arrays.want(call.row_scales, row);
  arrays.want(call.shifts, row);
  arrays.want(call.factors, row);
  arrays.want(call.slots, slots * call.slot_bytes);
  if (call.kept_tiles > 0) {
    arrays.want(call.kept_or_null, call.groups * call.kept_tiles * call.kept_bytes);
  }
  if (any_row) arrays.want(call.grad_parts_or_null, call.groups * matrix * t);
  call.norm_rows = 2 * memory.weighed_rows;
  arrays.want(call.norms, call.norm_rows * t);
  arrays.want(memory.row_weights, memory.weighed_rows * t);
  arrays.allocate();
}

double nanoseconds(const MarginClassifier& call) {
  const double lanes = static_cast<double>(call.width) / 2;  // of f32 16 on AVX-512
  const double logits = static_cast<double>(call.rows) * static_cast<double>(call.classes);
  return logits * (8 * static_cast<double>(call.dim) / 100 + 1) * 16 / lanes;
}

}  // namespace cd

#endif
