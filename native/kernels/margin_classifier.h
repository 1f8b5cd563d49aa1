// What the two sources of K2 share: one call, planned and on its way.
//
// The factors of the products are packed. As T they are the unit vectors z^, v^. As pairs of bf16
// (see core/panels.h) they are z and v times powers of two, and thus exact; the logits are
// multiplied by the rest of both norms, and the slopes, which are rounded to bf16, by the same
// numbers: the products then sum slope z and slope v, and the gradients are divided by the row's
// own number.
//
// N rows that count (those of all row sets, ignored ones left out), padded to Np; C classes; D
// columns, padded to Dp; W the panel width of core/panels.h; T the accumulation type.
#pragma once

#include <cstdint>

#include "core/isa.h"
#include "crossdistill.h"

namespace cd {

struct ClassifierRow {
  int64_t number;      // among the rows of all sets, ignored ones counted
  const void* z;       // [D] of dtype
  void* grad_or_null;  // [D] of dtype
  int64_t label;

  // Filled by prepare_rows. "Logit" stands for the logit without its scale: a cosine.
  double inverse_norm;        // 1 / |z|; 0 for a short row, 1 for softmax
  double class_inverse_norm;  // the same for the row's own class vector
  double target;              // the target's logit, margin included
  double slope;               // its derivative by the cosine
  double sign;                // of the cosine with the own class vector v
  double half_square;         // |z^ - sign v^|^2 / 2
  double scale;               // z^ = scale * the packed row

  // Filled by reduce_logits.
  double plain_target;  // the target's logit without margin, in the arithmetic of all others
  double best_below;    // largest logit of the classes before the target in the target's group

  double pull;  // d loss / d cosine with the own class
};

// Of `aam`, of the margin m.
struct AngularMargin {
  double cosine, sine;
  double least_cosine;  // cos(pi - m): from here on down the target's cosine
  double beyond;        // loses m sin(pi - m)
};

struct MarginClassifier {
  int32_t dtype;
  int64_t classes;
  int64_t dim;
  const void* classifier;
  int64_t classifier_stride;
  const void* bias_or_null;
  int32_t kind;
  double scale;
  double margin;
  AngularMargin angular_margin;
  bool easy_margin;
  void* grad_classifier_or_null;
  int64_t grad_classifier_stride;
  void* grad_bias_or_null;

  // The plan. Class tiles are dealt to groups; a group is a task and owns one part of dZ.
  int64_t rows;
  int64_t padded_rows;
  int64_t padded_dim;
  int64_t width;
  int64_t row_block;
  int64_t tile_classes;
  int64_t tiles;
  int64_t groups;
  int64_t kept_tiles;  // of a group, its first: what the second pass finds as the first left it
  int64_t kept_bytes, slot_bytes, slot_sums_bytes;
  bool several_blocks;  // of rows

  ClassifierRow* row;            // [N]
  const ClassifierRow* ignored;  // [ignored_rows], only their numbers and embeddings
  int64_t ignored_rows;          // those whose norms are asked for
  int64_t norm_rows;             // the first rows of all, whose norms are asked for
  void* norms;                   // [norm_rows] of T: |z|
  const int64_t* rows_by_label;  // [N]
  const int64_t* tile_begin;     // [tiles + 1]: the rows of a tile's labels in rows_by_label
  double* class_inverse_norms;   // [C]
  bool pairs;                    // whether the factors are pairs of bf16
  void* z_columns;               // [Np / W][Dp][W] of T or [Np / W][Dp / 2][W] pairs: z, transposed
  void* z_rows;                  // [Dp / W][Np][W] of T or [Dp / W][Np / 2][W] pairs: z
  void* row_scales;              // [Np] of T: ClassifierRow::scale
  void* group_largest;           // [groups][Np] of T: largest logit but the target's
  void* group_sums;              // [groups][Np] of T: sum of exp(scale (logit - largest))
  void* shifts;                  // [Np] of T: d loss / d cosine_j =
  void* factors;                 // [Np] of T:   factor * exp(scale (cosine_j - shift)), here times
                                 //   the row's scale
  void* grad_parts_or_null;      // [groups][Dp / W][Np][W] of T: d loss / d z^ without targets
  void* kept_or_null;            // [groups][kept_tiles][kept_bytes]: factors and logits of a Tile
  void* slots;                   // [threads][slot_bytes]: a Tile's sums, doubles first, and its
                                 //   factors and logits if they are not kept
};

// One panel of rows: norms, targets, packed z^.
CD_FOR_EACH_ISA(void prepare_rows(const MarginClassifier& call, int64_t panel))

// As many ignored rows: norms.
CD_FOR_EACH_ISA(void measure_ignored(const MarginClassifier& call, int64_t panel))

// One group of classes: largest logit and sum of exponentials for each row.
CD_FOR_EACH_ISA(void reduce_logits(const MarginClassifier& call, int64_t group, int32_t slot))

// One group of classes: dV, and the group's part of dZ.
CD_FOR_EACH_ISA(void classifier_gradients(const MarginClassifier& call, int64_t group,
                                          int32_t slot))

// One panel of rows: dZ.
CD_FOR_EACH_ISA(void row_gradients(const MarginClassifier& call, int64_t panel, int32_t slot))

// That the weights of the first set, of which its own sum to `weight_sum`, can't overflow.
void check_quality_factors(const cd_quality& quality, int32_t dtype, double weight_sum);

// Once all norms are there: the quality weights, and from them `row_weights` [B] of T of the first
// set, 0 for rows that don't count. Returns their sum. Fails before it writes.
double weigh_rows(const MarginClassifier& call, const cd_quality& quality, const cd_row_set& set,
                  void* row_weights);

}  // namespace cd
