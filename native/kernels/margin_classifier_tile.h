// K2: a tile of classes, its place in the memory of a task slot, and how classes are packed into
// it.
#pragma once

#include "core/norms.h"
#include "core/panels.h"
#include "kernels/margin_classifier_gradient.h"

namespace cd {
namespace CD_TARGET {

// One tile of classes; P is what factors are made of
// (core/panels.h), n = 2 for pairs of bf16, otherwise 1. Where n = 1, v and v_across are one array,
// and so are the logits and both slopes.
template <class P>
struct Tile {
  using T = typename Factor<P>::Sum;
  int64_t index;
  bool kept;  // whether the second pass finds v to scales and the logits as the first left them
  int64_t first_class;
  int64_t classes;    // of the matrix
  int64_t stride;     // classes, padded for the register tiles
  P* v;               // [Dp / W][stride][W / n]: v^
  P* v_across;        // [Dp / W][stride / n][W]: v^, pairs of classes
  T* grad;            // [Dp / W][stride][W]: d loss / d v^
  T* grad_low;        // the same: what rounding took from grad, and
  T* grad_block;      // [stride][W]: the part of one block of rows; both for several blocks only
  int64_t rows;       // whose logits there is memory for: a block of them, or all
  T* logits;          // [rows / W][stride][W], transposed: lanes are rows. Then slopes: their
                      //   first half [stride][W / n], pairs of rows
  P* slopes_across;   // [stride / n][W] of one panel, pairs of classes
  T* scales;          // [stride]: v^ = scale * the packed row
  T* bias;            // [stride]
  double* grad_bias;  // [stride]
  double* target;     // [Dp]
};

// Number of a group's first tile.
CD_INLINE int64_t first_tile(const MarginClassifier& call, int64_t group) {
  return call.tiles * group / call.groups;
}

// A tile of a group, as the task in a slot sees it.
template <class P>
Tile<P> tile_of_group(const MarginClassifier& call, int64_t index, int64_t group, int32_t slot) {
  using T = typename Factor<P>::Sum;
  Tile<P> tile;
  tile.index = index;
  tile.first_class = index * call.tile_classes;
  const int64_t left = call.classes - tile.first_class;
  tile.classes = left < call.tile_classes ? left : call.tile_classes;
  tile.stride = (tile.classes + kTileRows<P> - 1) / kTileRows<P> * kTileRows<P>;
  const int64_t capacity = call.tile_classes * call.padded_dim;

  char* const sums = static_cast<char*>(call.slots) + slot * call.slot_bytes;
  tile.target = reinterpret_cast<double*>(sums);
  tile.grad_bias = tile.target + call.padded_dim;
  tile.grad = reinterpret_cast<T*>(tile.grad_bias + call.tile_classes);
  T* rest = tile.grad + capacity;
  tile.slopes_across = reinterpret_cast<P*>(rest);
  if (kOfPairs<P>) rest += call.tile_classes * kPanelWidth<T> / 2;
  tile.grad_low = call.several_blocks ? rest : nullptr;
  tile.grad_block = call.several_blocks ? rest + capacity : nullptr;

  const int64_t place = index - first_tile(call, group);
  tile.kept = place < call.kept_tiles;
  char* const factors = tile.kept ? static_cast<char*>(call.kept_or_null) +
                                        (group * call.kept_tiles + place) * call.kept_bytes
                                  : sums + call.slot_sums_bytes;
  tile.v = reinterpret_cast<P*>(factors);
  tile.v_across = kOfPairs<P> ? tile.v + capacity / 2 : tile.v;
  tile.rows = tile.kept ? call.padded_rows : call.row_block;
  tile.logits = reinterpret_cast<T*>(factors) + capacity;
  tile.bias = tile.logits + tile.rows * call.tile_classes;
  tile.scales = kOfPairs<P> ? tile.bias + call.tile_classes : nullptr;
  return tile;
}

// The logits of a panel of rows.
template <class P>
CD_INLINE typename Factor<P>::Sum* panel_logits(const Tile<P>& tile, int64_t panel) {
  constexpr int64_t kWidth = kPanelWidth<typename Factor<P>::Sum>;
  return tile.logits + panel % (tile.rows / kWidth) * tile.stride * kWidth;
}

// Packs class c as row j of the tile.
template <class P, class E>
CD_INLINE void pack_class(const MarginClassifier& call, const Tile<P>& tile, int64_t j, const E* v,
                          bool first_pass) {
  using T = typename Factor<P>::Sum;
  using Element = typename Factor<P>::Element;
  const bool raw = call.kind == CD_CLASSIFIER_SOFTMAX;
  double& inverse = call.class_inverse_norms[tile.first_class + j];
  Element* packed = reinterpret_cast<Element*>(tile.v);
  if constexpr (kOfPairs<P>) {
    double length_inverse = inverse;
    if (first_pass || raw) length_inverse = inverse_norm(norm_of_pairs(v, call.dim));
    if (first_pass) inverse = raw ? 1 : length_inverse;
    const double factor = packing_factor(length_inverse);
    tile.scales[j] = static_cast<T>(inverse / factor);
    pack_pairs(v, call.dim, call.padded_dim, static_cast<float>(factor), j, tile.stride, packed);
  } else {
    if (first_pass) inverse = raw ? 1 : inverse_norm(row_norm<double>(v, call.dim));
    pack_row<P>(v, call.dim, call.padded_dim, inverse, j, tile.stride, packed);
  }
}

template <class P, class E>
void pack_classes(const MarginClassifier& call, const Tile<P>& tile, bool first_pass) {
  using T = typename Factor<P>::Sum;
  using Element = typename Factor<P>::Element;
  const E* bias = static_cast<const E*>(call.bias_or_null);
  Element* packed = reinterpret_cast<Element*>(tile.v);
  for (int64_t j = 0; j < tile.stride; ++j) {
    const bool real = j < tile.classes;
    const int64_t c = tile.first_class + j;
    if (real) {
      const E* v = static_cast<const E*>(call.classifier) + c * call.classifier_stride;
      pack_class(call, tile, j, v, first_pass);
    } else {
      pack_row<P>(static_cast<const E*>(nullptr), 0, call.padded_dim, 0, j, tile.stride, packed);
      if (kOfPairs<P>) tile.scales[j] = 0;
    }
    tile.bias[j] = real && bias != nullptr ? static_cast<T>(to_double(bias[c])) : 0;
  }
  if constexpr (kOfPairs<P>) {
    pair_up_rows(packed, call.padded_dim / kPanelWidth<T> * tile.stride, tile.v_across);
  }
}

}  // namespace CD_TARGET
}  // namespace cd
