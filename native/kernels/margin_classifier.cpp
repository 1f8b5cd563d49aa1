// K2, the quality-weighted margin classifier loss: first version, plain and slow.
#include <cmath>

#include "core/norms.h"
#include "core/simd.h"
#include "core/tensor_check.h"
#include "test/reference.h"

namespace cd {

#if defined(CD_COMPILE_PORTABLE)
namespace {

double element_at(int32_t dtype, const void* p, int64_t i) {
  switch (dtype) {
    case CD_F64:
      return static_cast<const double*>(p)[i];
    case CD_F32:
      return static_cast<double>(static_cast<const float*>(p)[i]);
    case CD_BF16:
      return portable::to_double(static_cast<const Bf16*>(p)[i]);
    default:
      return portable::to_double(static_cast<const F16*>(p)[i]);
  }
}

void set_element(int32_t dtype, void* p, int64_t i, double value) {
  const float narrow = static_cast<float>(value);
  switch (dtype) {
    case CD_F64:
      static_cast<double*>(p)[i] = value;
      return;
    case CD_F32:
      static_cast<float*>(p)[i] = narrow;
      return;
    case CD_BF16: {
      portable::Vector<float> v = portable::broadcast(narrow);
      portable::store_some<float>(static_cast<Bf16*>(p) + i, v, 1);
      return;
    }
    default:
      static_cast<F16*>(p)[i] = portable::to_f16(narrow);
  }
}

reference::Array gather(int32_t dtype, const void* p, int64_t rows, int64_t dim, int64_t stride) {
  reference::Array out;
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t d = 0; d < dim; ++d) out.push_back(element_at(dtype, p, i * stride + d));
  }
  return out;
}

void scatter(int32_t dtype, const reference::Array& values, void* p, int64_t rows, int64_t dim,
             int64_t stride) {
  if (p == nullptr) return;
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t d = 0; d < dim; ++d) {
      set_element(dtype, p, i * stride + d, values[static_cast<size_t>(i * dim + d)]);
    }
  }
}

void check_options(int32_t kind, double scale, double margin, int32_t easy_margin,
                   int32_t reduction) {
  check_enum("kind", kind, 4);
  check_enum("reduction", reduction, 3);
  if (kind == CD_CLASSIFIER_SOFTMAX) return;
  if (!std::isfinite(scale) || scale <= 0) {
    fail(CD_INVALID_ARGUMENT, "scale: expected a finite number above 0, got %.17g", scale);
  }
  if (kind == CD_CLASSIFIER_AM) check_range("margin", margin, 0, 2);
  if (kind != CD_CLASSIFIER_AAM) return;
  check_flag("easy_margin", easy_margin);
  if (!std::isfinite(margin) || margin < 0 || margin >= 3.141592653589793) {
    fail(CD_INVALID_ARGUMENT,
         "margin: expected a finite number, at least 0 and below pi, got %.17g", margin);
  }
}

void check_set(ArrayCheck& check, int32_t index, const cd_row_set& set, int32_t dtype,
               int64_t classes, int64_t dim) {
  const int64_t element = element_bytes(dtype), accumulator = accumulator_bytes(dtype);
  check.set_prefix("row_sets", index);
  check_size("row_sets[].rows", set.rows, 0);
  check_finite("row_sets[].grad_scale", set.grad_scale);
  check.input("embeddings", set.embeddings, set.rows, dim, set.embeddings_stride, element);
  check.input("labels", set.labels, set.rows, 1, 1, 8);
  check.input_or_null("weights", set.weights_or_null, set.rows, 1, 1, accumulator);
  check.output("loss", set.loss, 1, 1, 1, accumulator);
  check.output_or_null("row_losses", set.row_losses_or_null, set.rows, 1, 1, accumulator);
  check.output_or_null("hits", set.hits_or_null, set.rows, 1, 1, 1);
  check.output_or_null("grad_embeddings", set.grad_embeddings_or_null, set.rows, dim,
                       set.grad_embeddings_stride, element);
  check.output_or_null("grad_weights", set.grad_weights_or_null, set.rows, 1, 1, accumulator);
  check.counted_rows("labels", set.labels, set.rows, classes);
  check.weight_sum("weights", set.weights_or_null, dtype, set.rows, set.labels);
}

}  // namespace
#endif

}  // namespace cd

#if defined(CD_COMPILE_PORTABLE)
extern "C" int32_t cd_margin_classifier(int32_t dtype, int64_t classes, int64_t dim,
                                        const void* classifier, int64_t classifier_stride,
                                        const void* bias_or_null, const cd_row_set* row_sets,
                                        int32_t row_set_count, int32_t kind, double scale,
                                        double margin, int32_t easy_margin, int32_t reduction,
                                        void* grad_classifier_or_null,
                                        int64_t grad_classifier_stride, void* grad_bias_or_null,
                                        int32_t threads) {
  return cd::guarded([&] {
    const int64_t element = cd::element_bytes(dtype);
    cd::check_size("classes", classes, 1);
    cd::check_size("dim", dim, 0);
    cd::check_size("row_set_count", row_set_count, 0);
    cd::check_size("threads", threads, 0);
    cd::check_options(kind, scale, margin, easy_margin, reduction);
    cd::ArrayCheck check;
    check.input("classifier", classifier, classes, dim, classifier_stride, element);
    check.input_or_null("bias", bias_or_null, classes, 1, 1, element);
    check.output_or_null("grad_classifier", grad_classifier_or_null, classes, dim,
                         grad_classifier_stride, element);
    check.output_or_null("grad_bias", grad_bias_or_null, classes, 1, 1, element);
    for (int32_t i = 0; i < row_set_count; ++i) {
      cd::check_set(check, i, row_sets[i], dtype, classes, dim);
    }
    check.check_aliasing();
    std::vector<reference::RowSet> sets;
    for (int32_t i = 0; i < row_set_count; ++i) {
      const cd_row_set& s = row_sets[i];
      reference::RowSet set;
      set.embeddings = cd::gather(dtype, s.embeddings, s.rows, dim, s.embeddings_stride);
      set.labels.assign(s.labels, s.labels + s.rows);
      set.weights.assign(static_cast<size_t>(s.rows), 1);
      if (s.weights_or_null != nullptr) {
        set.weights =
            cd::gather(dtype == CD_F64 ? CD_F64 : CD_F32, s.weights_or_null, s.rows, 1, 1);
      }
      set.grad_scale = s.grad_scale;
      sets.push_back(set);
    }
    reference::ClassifierOptions options;
    options.kind = kind;
    options.scale = scale;
    options.margin = margin;
    options.easy_margin = easy_margin != 0;
    options.reduction = reduction;
    reference::Array bias;
    if (bias_or_null != nullptr) bias = cd::gather(dtype, bias_or_null, classes, 1, 1);
    const auto out =
        reference::margin_classifier(cd::gather(dtype, classifier, classes, dim, classifier_stride),
                                     bias, sets, classes, dim, options);
    const int32_t a = dtype == CD_F64 ? CD_F64 : CD_F32;
    for (int32_t i = 0; i < row_set_count; ++i) {
      const cd_row_set& s = row_sets[i];
      const auto& r = out.sets[static_cast<size_t>(i)];
      cd::set_element(a, s.loss, 0, r.loss);
      cd::scatter(a, r.rows, s.row_losses_or_null, s.rows, 1, 1);
      cd::scatter(dtype, r.grad_embeddings, s.grad_embeddings_or_null, s.rows, dim,
                  s.grad_embeddings_stride);
      cd::scatter(a, r.grad_weights, s.grad_weights_or_null, s.rows, 1, 1);
      for (int64_t j = 0; s.hits_or_null != nullptr && j < s.rows; ++j) {
        s.hits_or_null[j] = r.hits[static_cast<size_t>(j)];
      }
    }
    cd::scatter(dtype, out.grad_classifier, grad_classifier_or_null, classes, dim,
                grad_classifier_stride);
    cd::scatter(dtype, out.grad_bias, grad_bias_or_null, classes, 1, 1);
  });
}
#endif
