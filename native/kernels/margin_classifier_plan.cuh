// K2's chunks and workspace on a GPU. Nothing of the size B x C exists; a chunk's gradients of the
// logits have a bounded size. All geometry follows from the shapes, so that results do not depend
// on the device.
#pragma once

#include <algorithm>

#include "kernels/margin_classifier_rows.cuh"

namespace cd::cuda {

// Limits of a chunk; the simulator's tests lower them, so that small shapes have several.
#ifndef CD_CHUNK_ELEMENTS
#define CD_CHUNK_ELEMENTS (1 << 22)  // of its largest matrices
#define CD_CHUNK_ROWS 2048
#define CD_EXACT_PRODUCTS (1 << 24)
#endif
constexpr int64_t kChunkElements = CD_CHUNK_ELEMENTS;
constexpr int64_t kChunkRows = CD_CHUNK_ROWS;
constexpr int64_t kGradientTiles = 128;  // that a product of gradients is split into, about
constexpr int64_t kMostSplits = 16;

// Up to so many B C D the gradients of logits in 16 bits keep what rounding loses in a second
// plane. Rounding them and then the results takes up to 2^-8 of the gradient each in bf16, together
// more than its tolerance; where many numbers are added, errors average out, but not in a few. A
// problem of this size is bounded by its launches, not by the products of another plane.
constexpr double kExactProducts = CD_EXACT_PRODUCTS;

constexpr int64_t round_up(int64_t value, int64_t unit) { return ceil_divide(value, unit) * unit; }

// The sizes of everything in the workspace.
struct Plan {
  int64_t rows;           // of all sets
  int64_t padded_rows;    // whole tiles
  int64_t columns;        // D, and one for the bias
  int64_t pitch;          // whole tiles
  int64_t chunk_rows;     // whole tiles
  int64_t chunk_classes;  // whole tiles
  int64_t row_splits;     // of the sums of dZ
  int64_t class_splits;   // of the sums of dV
  int planes;             // of the gradients of the logits
};

inline int64_t splits_of(int64_t tiles, int64_t depth_tiles) {
  return std::clamp<int64_t>(kGradientTiles / tiles, 1, std::min(kMostSplits, depth_tiles));
}

template <class T>
Plan plan_of(int64_t classes, int64_t columns, int64_t rows) {
  constexpr int64_t tile = Tile<T>::kSide;
  Plan plan = {};
  plan.rows = rows;
  plan.padded_rows = std::max(tile, round_up(rows, tile));
  plan.columns = columns;
  plan.pitch = std::max(tile, round_up(columns, tile));
  plan.chunk_rows = std::min(plan.padded_rows, kChunkRows);
  const int64_t most = kChunkElements / std::max(plan.chunk_rows, plan.pitch);
  const int64_t chunks = ceil_divide(classes, std::max(tile, most / tile * tile));
  plan.chunk_classes = round_up(ceil_divide(classes, chunks), tile);
  const int64_t row_tiles = plan.chunk_rows / tile, class_tiles = plan.chunk_classes / tile;
  plan.row_splits = splits_of(row_tiles * (plan.pitch / tile), class_tiles);
  plan.class_splits = splits_of(class_tiles * (plan.pitch / tile), row_tiles);
  const double products =
      static_cast<double>(rows) * static_cast<double>(classes) * static_cast<double>(columns);
  plan.planes = kIsNarrow<T> && products <= kExactProducts ? 2 : 1;
  return plan;
}

template <class T>
struct Space {
  using A = Accumulator<T>;

  RowSpace<T> rows;
  ClassSpace<T> classes;
  RowPart<A>* parts;   // [padded rows, slots of a chunk]
  T* logit_gradients;  // [planes, chunk rows, chunk classes]
  A* row_sums;         // [row splits, padded rows, pitch]
  A* class_sums;       // [class splits, chunk classes, pitch]
  Divisor* divisors;   // [sets]
  double* peak;        // [1]: see slope_unit
  A* norms;            // [padded rows]
  A* row_weights;      // [padded rows], of the first set by quality
};

template <class T>
Space<T> divide(Workspace& workspace, const Plan& plan, int64_t classes, int64_t sets) {
  using A = Accumulator<T>;
  Space<T> space = {};
  space.rows.pitch = plan.pitch;
  space.rows.packed = workspace.take<T>(plan.padded_rows, plan.pitch);
  space.rows.factors = workspace.take<RowFactors<A>>(plan.padded_rows);
  space.rows.states = workspace.take<RowState>(plan.padded_rows);
  space.rows.products = workspace.take<double>(plan.padded_rows);
  space.classes.packed = workspace.take<T>(plan.chunk_classes, plan.pitch);
  space.classes.rests = workspace.take<A>(plan.chunk_classes);
  space.classes.inverse_norms = workspace.take<double>(plan.chunk_classes);
  space.classes.first_precise = workspace.take<int64_t>(classes);
  space.parts = workspace.take<RowPart<A>>(plan.padded_rows,
                                           plan.chunk_classes / Tile<T>::kSide * Tile<T>::kSlots);
  space.logit_gradients = workspace.take<T>(plan.planes * plan.chunk_rows, plan.chunk_classes);
  space.row_sums = workspace.take<A>(plan.row_splits * plan.padded_rows, plan.pitch);
  space.class_sums = workspace.take<A>(plan.class_splits * plan.chunk_classes, plan.pitch);
  space.divisors = workspace.take<Divisor>(sets);
  space.peak = workspace.take<double>(1);
  space.norms = workspace.take<A>(plan.padded_rows);
  space.row_weights = workspace.take<A>(plan.padded_rows);
  return space;
}

}  // namespace cd::cuda
