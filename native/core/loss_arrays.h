// Checks of the losses' arrays, the same on every backend: each adds the arrays of one call, in the
// order of the C function's parameters. What a backend has beside them (a workspace) it adds
// itself, before it asks for ArrayCheck::check_aliasing.
#pragma once

#include <cstdint>

#include "core/tensor_check.h"

namespace cd {

void check_feature_margin_arrays(ArrayCheck& check, int32_t dtype, int64_t rows, int64_t dim,
                                 const void* student, int64_t student_stride, const void* teacher,
                                 int64_t teacher_stride, const void* weights_or_null, void* loss,
                                 void* row_losses_or_null, void* distances_or_null,
                                 void* grad_student_or_null, int64_t grad_student_stride,
                                 void* grad_teacher_or_null, int64_t grad_teacher_stride,
                                 void* grad_weights_or_null);

// Also that there is a bias for `kind` softmax only.
void check_classifier_arrays(ArrayCheck& check, int32_t dtype, int64_t classes, int64_t dim,
                             int32_t kind, const void* classifier, int64_t classifier_stride,
                             const void* bias_or_null, void* grad_classifier_or_null,
                             int64_t grad_classifier_stride, void* grad_bias_or_null);

// The array that tells of a classifier's row sets.
void check_row_sets(ArrayCheck& check, const cd_row_set* row_sets, int32_t row_set_count);

// One of a classifier's row sets, and its grad_scale; names that are added next read
// "row_sets[index].name".
void check_row_set_arrays(ArrayCheck& check, int32_t index, const cd_row_set& set, int32_t dtype,
                          int64_t dim);

// The weights of a classifier's first row set by the quality of the first two, and their options.
void check_classifier_quality(ArrayCheck& check, const cd_quality& quality,
                              const cd_row_set* row_sets, int32_t row_set_count, int32_t dtype);

// What a loss on the logits of student and teacher is called with, beside its own options, on every
// backend.
struct LogitArguments {
  int32_t dtype;
  int64_t rows, classes;
  const void* student;
  int64_t student_stride;
  const void* teacher;
  int64_t teacher_stride;
  const int64_t* labels_or_null;
  const void* weights_or_null;
  double temperature;
  int32_t reduction;
  double grad_scale;
  void* loss;
  void* row_losses_or_null;
  void* grad_student_or_null;
  int64_t grad_student_stride;
  void* grad_teacher_or_null;
  int64_t grad_teacher_stride;
  void* grad_weights_or_null;
};

// Also sizes and options.
void check_logit_arguments(ArrayCheck& check, const LogitArguments& call, int64_t fewest_classes,
                           bool needs_labels);

// Which divergences of a row cd_kd and cd_dkd take: that of the softmaxes with the label's logit as
// `target` says, beta times; and that of the label's class against all others, alpha times, where
// it is `decoupled`: then the softmaxes are those without the label's logit.
struct KdTerms {
  int32_t target;
  bool decoupled;
  double alpha, beta;
};

constexpr KdTerms divergence_with(int32_t target) { return {target, false, 0, 1}; }
constexpr KdTerms decoupled(double alpha, double beta) {
  return {CD_TARGET_EXCLUDED, true, alpha, beta};
}

void check_kd_arguments(ArrayCheck& check, const LogitArguments& call, const KdTerms& terms);

void check_kendall_tau_arrays(ArrayCheck& check, int32_t dtype, int64_t rows, int64_t classes,
                              const void* a, int64_t a_stride, const void* b, int64_t b_stride,
                              void* tau, uint8_t* mask_or_null);

// The networks of customised distillation in the order in which they are given, and its terms.
enum Network { kTeacher, kStudent, kProxyTeacher, kProxyStudent, kNetworks };
constexpr int kTerms = 8;

// Also that `networks` is there.
void check_c2kd_arrays(ArrayCheck& check, int32_t dtype, int64_t rows, int64_t classes,
                       const cd_logits* networks, const int64_t* labels, void* loss, void* terms,
                       void* tau_or_null);

void check_row_norms_arrays(ArrayCheck& check, int32_t dtype, int64_t rows, int64_t dim,
                            const void* x, int64_t stride, void* norms);

void check_quality_arrays(ArrayCheck& check, int32_t dtype, int64_t rows,
                          const void* quality_student, const void* quality_teacher,
                          double* statistics, void* weights);

// Rows [B, dim] of one side, and where their gradient goes.
struct RelationSide {
  int64_t dim;
  const void* rows;
  int64_t stride;
  void* grad_or_null;
  int64_t grad_stride;
};

// Losses on relations between samples, whose memory grows with the square of the rows: type and
// sizes.
void check_relation_sizes(int32_t dtype, int64_t rows, int64_t student_dim, int64_t teacher_dim,
                          int32_t threads);

void check_relation_arrays(ArrayCheck& check, int32_t dtype, int64_t rows,
                           const RelationSide& student, const RelationSide& teacher, void* loss);

// Rows [B, dim] of one side, and where their norms go.
struct Embeddings {
  int64_t dim;
  const void* x;
  int64_t stride;
  void* norms;
};

// What cd_embedding_weights is called with, on every backend.
struct EmbeddingWeightsArguments {
  int32_t dtype;
  int64_t rows;
  Embeddings student, teacher;
  int32_t mode;
  double slope, h, alpha;
  int32_t update;
  double* statistics;
  void* weights;
};

// Also sizes and options.
void check_embedding_weights_arguments(ArrayCheck& check, const EmbeddingWeightsArguments& call);

}  // namespace cd
