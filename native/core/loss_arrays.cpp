#include "core/loss_arrays.h"

#include <cinttypes>

#include "core/loss_options.h"

namespace cd {

void check_feature_margin_arrays(ArrayCheck& check, int32_t dtype, int64_t rows, int64_t dim,
                                 const void* student, int64_t student_stride, const void* teacher,
                                 int64_t teacher_stride, const void* weights_or_null, void* loss,
                                 void* row_losses_or_null, void* distances_or_null,
                                 void* grad_student_or_null, int64_t grad_student_stride,
                                 void* grad_teacher_or_null, int64_t grad_teacher_stride,
                                 void* grad_weights_or_null) {
  const int64_t element = element_bytes(dtype), accumulator = accumulator_bytes(dtype);
  check.input("student", student, rows, dim, student_stride, element);
  check.input("teacher", teacher, rows, dim, teacher_stride, element);
  check.input_or_null("weights", weights_or_null, rows, 1, 1, accumulator);
  check.output("loss", loss, 1, 1, 1, accumulator);
  check.output_or_null("row_losses", row_losses_or_null, rows, 1, 1, accumulator);
  check.output_or_null("distances", distances_or_null, rows, 1, 1, accumulator);
  check.output_or_null("grad_student", grad_student_or_null, rows, dim, grad_student_stride,
                       element);
  check.output_or_null("grad_teacher", grad_teacher_or_null, rows, dim, grad_teacher_stride,
                       element);
  check.output_or_null("grad_weights", grad_weights_or_null, rows, 1, 1, accumulator);
}

void check_classifier_arrays(ArrayCheck& check, int32_t dtype, int64_t classes, int64_t dim,
                             int32_t kind, const void* classifier, int64_t classifier_stride,
                             const void* bias_or_null, void* grad_classifier_or_null,
                             int64_t grad_classifier_stride, void* grad_bias_or_null) {
  const int64_t element = element_bytes(dtype);
  if (kind != CD_CLASSIFIER_SOFTMAX && (bias_or_null != nullptr || grad_bias_or_null != nullptr)) {
    fail(CD_INVALID_ARGUMENT,
         "bias and grad_bias: expected null unless kind is softmax, got kind %d", kind);
  }
  check.input("classifier", classifier, classes, dim, classifier_stride, element);
  check.input_or_null("bias", bias_or_null, classes, 1, 1, element);
  check.output_or_null("grad_classifier", grad_classifier_or_null, classes, dim,
                       grad_classifier_stride, element);
  check.output_or_null("grad_bias", grad_bias_or_null, classes, 1, 1, element);
}

void check_row_sets(ArrayCheck& check, const cd_row_set* row_sets, int32_t row_set_count) {
  constexpr int64_t kWords = sizeof(cd_row_set) / 8;
  check_size("row_set_count", row_set_count, 1);
  check.input("row_sets", row_sets, row_set_count, kWords, kWords, 8);
}

void check_row_set_arrays(ArrayCheck& check, int32_t index, const cd_row_set& set, int32_t dtype,
                          int64_t dim) {
  const int64_t element = element_bytes(dtype), accumulator = accumulator_bytes(dtype);
  check.set_prefix("row_sets", index);
  check.size("rows", set.rows, 0);
  check.finite("grad_scale", set.grad_scale);
  check.input("embeddings", set.embeddings, set.rows, dim, set.embeddings_stride, element);
  check.input("labels", set.labels, set.rows, 1, 1, 8);
  check.input_or_null("weights", set.weights_or_null, set.rows, 1, 1, accumulator);
  check.output("loss", set.loss, 1, 1, 1, accumulator);
  check.output_or_null("row_losses", set.row_losses_or_null, set.rows, 1, 1, accumulator);
  check.output_or_null("hits", set.hits_or_null, set.rows, 1, 1, 1);
  check.output_or_null("grad_embeddings", set.grad_embeddings_or_null, set.rows, dim,
                       set.grad_embeddings_stride, element);
  check.output_or_null("grad_weights", set.grad_weights_or_null, set.rows, 1, 1, accumulator);
}

void check_classifier_quality(ArrayCheck& check, const cd_quality& quality,
                              const cd_row_set* row_sets, int32_t row_set_count, int32_t dtype) {
  constexpr int64_t kWords = sizeof(cd_quality) / 8;
  check.set_prefix(nullptr, 0);
  check.input("quality", &quality, 1, kWords, kWords, 8);
  check_quality_options(quality.mode, quality.slope, quality.h, quality.alpha, quality.update);
  check_factor("quality.offset", quality.offset);
  check_factor("quality.factor", quality.factor);
  if (row_set_count < 2) {
    fail(CD_INVALID_ARGUMENT, "row_set_count: expected at least 2 with a quality, got %d",
         row_set_count);
  }
  if (row_sets[1].rows != row_sets[0].rows) {
    fail(CD_INVALID_ARGUMENT,
         "row_sets[1].rows: expected %" PRId64 ", as in row_sets[0], with a quality, got %" PRId64,
         row_sets[0].rows, row_sets[1].rows);
  }
  check.output("quality.statistics", quality.statistics, CD_QUALITY_STATISTICS, 1, 1,
               sizeof(double));
  check.output("quality.weights", quality.weights, row_sets[0].rows, 1, 1,
               accumulator_bytes(dtype));
}

void check_logit_arguments(ArrayCheck& check, const LogitArguments& call, int64_t fewest_classes,
                           bool needs_labels) {
  const int64_t element = element_bytes(call.dtype), accumulator = accumulator_bytes(call.dtype);
  const int64_t rows = call.rows, classes = call.classes;
  check_size("rows", rows, 0);
  check_size("classes", classes, fewest_classes);
  check_logit_options(call.temperature, call.reduction, call.grad_scale);
  check.input("student", call.student, rows, classes, call.student_stride, element);
  check.input("teacher", call.teacher, rows, classes, call.teacher_stride, element);
  if (needs_labels) {
    check.input("labels", call.labels_or_null, rows, 1, 1, 8);
  } else {
    check.input_or_null("labels", call.labels_or_null, rows, 1, 1, 8);
  }
  check.input_or_null("weights", call.weights_or_null, rows, 1, 1, accumulator);
  check.output("loss", call.loss, 1, 1, 1, accumulator);
  check.output_or_null("row_losses", call.row_losses_or_null, rows, 1, 1, accumulator);
  check.output_or_null("grad_student", call.grad_student_or_null, rows, classes,
                       call.grad_student_stride, element);
  check.output_or_null("grad_teacher", call.grad_teacher_or_null, rows, classes,
                       call.grad_teacher_stride, element);
  check.output_or_null("grad_weights", call.grad_weights_or_null, rows, 1, 1, accumulator);
}

void check_kd_arguments(ArrayCheck& check, const LogitArguments& call, const KdTerms& terms) {
  check_target(terms.target);
  check_factor("alpha", terms.alpha);
  check_factor("beta", terms.beta);
  check_logit_arguments(check, call, terms.decoupled ? 2 : 1, terms.target != CD_TARGET_KEPT);
}

void check_kendall_tau_arrays(ArrayCheck& check, int32_t dtype, int64_t rows, int64_t classes,
                              const void* a, int64_t a_stride, const void* b, int64_t b_stride,
                              void* tau, uint8_t* mask_or_null) {
  const int64_t element = element_bytes(dtype);
  check.input("a", a, rows, classes, a_stride, element);
  check.input("b", b, rows, classes, b_stride, element);
  check.output("tau", tau, rows, 1, 1, accumulator_bytes(dtype));
  check.output_or_null("mask", mask_or_null, rows, 1, 1, 1);
}

void check_c2kd_arrays(ArrayCheck& check, int32_t dtype, int64_t rows, int64_t classes,
                       const cd_logits* networks, const int64_t* labels, void* loss, void* terms,
                       void* tau_or_null) {
  const int64_t element = element_bytes(dtype), accumulator = accumulator_bytes(dtype);
  constexpr int64_t kWords = sizeof(cd_logits) / 8;
  check.input("networks", networks, kNetworks, kWords, kWords, 8);
  check.input("labels", labels, rows, 1, 1, 8);
  check.output("loss", loss, 1, 1, 1, accumulator);
  check.output("terms", terms, kTerms, 1, 1, accumulator);
  check.output_or_null("tau", tau_or_null, rows, 1, 1, accumulator);
  for (int32_t k = 0; k < kNetworks; ++k) {
    const cd_logits& network = networks[k];
    check.set_prefix("networks", k);
    check.input("logits", network.logits, rows, classes, network.stride, element);
    check.output_or_null("grad", network.grad_or_null, rows, classes, network.grad_stride, element);
  }
  check.set_prefix(nullptr, 0);
}

void check_row_norms_arrays(ArrayCheck& check, int32_t dtype, int64_t rows, int64_t dim,
                            const void* x, int64_t stride, void* norms) {
  check.input("x", x, rows, dim, stride, element_bytes(dtype));
  check.output("norms", norms, rows, 1, 1, accumulator_bytes(dtype));
}

void check_quality_arrays(ArrayCheck& check, int32_t dtype, int64_t rows,
                          const void* quality_student, const void* quality_teacher,
                          double* statistics, void* weights) {
  const int64_t element = element_bytes(dtype);
  check.input("quality_student", quality_student, rows, 1, 1, element);
  check.input("quality_teacher", quality_teacher, rows, 1, 1, element);
  check.output("statistics", statistics, CD_QUALITY_STATISTICS, 1, 1, sizeof(double));
  check.output("weights", weights, rows, 1, 1, accumulator_bytes(dtype));
}

void check_relation_sizes(int32_t dtype, int64_t rows, int64_t student_dim, int64_t teacher_dim,
                          int32_t threads) {
  constexpr int64_t kMostRows = 65536;
  element_bytes(dtype);
  check_size("rows", rows, 0);
  if (rows > kMostRows) {
    fail(CD_INVALID_ARGUMENT, "rows: expected at most %" PRId64 ", got %" PRId64, kMostRows, rows);
  }
  check_size("student_dim", student_dim, 0);
  check_size("teacher_dim", teacher_dim, 0);
  check_size("threads", threads, 0);
}

void check_relation_arrays(ArrayCheck& check, int32_t dtype, int64_t rows,
                           const RelationSide& student, const RelationSide& teacher, void* loss) {
  const int64_t element = element_bytes(dtype);
  check.input("student", student.rows, rows, student.dim, student.stride, element);
  check.input("teacher", teacher.rows, rows, teacher.dim, teacher.stride, element);
  check.output("loss", loss, 1, 1, 1, accumulator_bytes(dtype));
  check.output_or_null("grad_student", student.grad_or_null, rows, student.dim, student.grad_stride,
                       element);
  check.output_or_null("grad_teacher", teacher.grad_or_null, rows, teacher.dim, teacher.grad_stride,
                       element);
}

void check_embedding_weights_arguments(ArrayCheck& check, const EmbeddingWeightsArguments& call) {
  const int64_t element = element_bytes(call.dtype), accumulator = accumulator_bytes(call.dtype);
  const int64_t rows = call.rows;
  const Embeddings& student = call.student;
  const Embeddings& teacher = call.teacher;
  check_size("rows", rows, 0);
  check_size("student_dim", student.dim, 0);
  check_size("teacher_dim", teacher.dim, 0);
  check_quality_options(call.mode, call.slope, call.h, call.alpha, call.update);
  check.input("student", student.x, rows, student.dim, student.stride, element);
  check.input("teacher", teacher.x, rows, teacher.dim, teacher.stride, element);
  check.output("statistics", call.statistics, CD_QUALITY_STATISTICS, 1, 1, sizeof(double));
  check.output("norms_student", student.norms, rows, 1, 1, accumulator);
  check.output("norms_teacher", teacher.norms, rows, 1, 1, accumulator);
  check.output("weights", call.weights, rows, 1, 1, accumulator);
}

}  // namespace cd
