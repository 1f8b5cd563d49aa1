// What the tests of the margin classifier share.
#pragma once

#include <memory>

#include "reference.h"
#include "test_arrays.h"

using Values = std::vector<double>;
using Options = reference::ClassifierOptions;

struct Case {
  int32_t dtype = CD_F64;
  int64_t classes = 0;
  int64_t dim = 0;
  Values classifier, bias;  // bias empty: none
  std::vector<reference::RowSet> sets;
  Options options;
  int64_t extra_stride = 0;
  int32_t threads = 0;
};

// Arrays of one row set.
struct Set {
  TestMatrix embeddings, weights, loss, rows, grad_embeddings, grad_weights;
  std::vector<int64_t> labels;
  std::vector<uint8_t> hits;

  Set(const Case& c, const reference::RowSet& set)
      : embeddings(c.dtype, size(set), c.dim, set.embeddings, c.extra_stride),
        weights(accumulator_of(c.dtype), size(set), 1, set.weights),
        loss(accumulator_of(c.dtype), 1, 1),
        rows(accumulator_of(c.dtype), size(set), 1),
        grad_embeddings(c.dtype, size(set), c.dim, 2 * c.extra_stride),
        grad_weights(accumulator_of(c.dtype), size(set), 1),
        labels(set.labels),
        hits(set.labels.size() + 1, 99) {}

  static int64_t size(const reference::RowSet& set) {
    return static_cast<int64_t>(set.labels.size());
  }

  cd_row_set argument(double grad_scale) {
    cd_row_set set = {};
    set.rows = static_cast<int64_t>(labels.size());
    set.embeddings = embeddings.data();
    set.embeddings_stride = embeddings.stride();
    set.labels = labels.data();
    set.weights_or_null = weights.data();
    set.grad_scale = grad_scale;
    set.loss = loss.data();
    set.row_losses_or_null = rows.data();
    set.hits_or_null = hits.data();
    set.grad_embeddings_or_null = grad_embeddings.data();
    set.grad_embeddings_stride = grad_embeddings.stride();
    set.grad_weights_or_null = grad_weights.data();
    return set;
  }

  bool intact() {
    return loss.intact() && rows.intact() && grad_embeddings.intact() && grad_weights.intact() &&
           hits.back() == 99;
  }

  bool untouched() const {
    return loss.untouched() && rows.untouched() && grad_embeddings.untouched() &&
           grad_weights.untouched() && hits == std::vector<uint8_t>(hits.size(), 99);
  }
};

// Memory of one call.
struct Answer {
  TestMatrix classifier, bias, grad_classifier, grad_bias;
  std::vector<std::unique_ptr<Set>> sets;
  std::vector<cd_row_set> arguments;

  explicit Answer(const Case& c)
      : classifier(c.dtype, c.classes, c.dim, c.classifier, c.extra_stride),
        bias(c.dtype, c.bias.empty() ? 0 : c.classes, 1, c.bias),
        grad_classifier(c.dtype, c.classes, c.dim, c.extra_stride),
        grad_bias(c.dtype, c.classes, 1) {
    for (const reference::RowSet& set : c.sets) {
      sets.push_back(std::make_unique<Set>(c, set));
      arguments.push_back(sets.back()->argument(set.grad_scale));
    }
  }

  int32_t call(const Case& c, const cd_quality* quality_or_null = nullptr) {
    const bool softmax = c.options.kind == CD_CLASSIFIER_SOFTMAX;
    return cd_margin_classifier(c.dtype, c.classes, c.dim, classifier.data(), classifier.stride(),
                                c.bias.empty() ? nullptr : bias.data(), arguments.data(),
                                static_cast<int32_t>(arguments.size()), quality_or_null,
                                c.options.kind, c.options.scale, c.options.margin,
                                c.options.easy_margin ? 1 : 0, c.options.reduction,
                                grad_classifier.data(), grad_classifier.stride(),
                                softmax ? grad_bias.data() : nullptr, c.threads);
  }

  bool untouched() const {
    bool result = grad_classifier.untouched() && grad_bias.untouched();
    for (const auto& set : sets) result = result && set->untouched();
    return result;
  }

  // All outputs' bits, one after the other.
  std::vector<unsigned char> bits() {
    std::vector<unsigned char> result = grad_classifier.bits();
    for (const auto& set : sets) {
      for (TestMatrix* m : {&set->loss, &set->rows, &set->grad_embeddings, &set->grad_weights}) {
        const std::vector<unsigned char> more = m->bits();
        result.insert(result.end(), more.begin(), more.end());
      }
      result.insert(result.end(), set->hits.begin(), set->hits.end());
    }
    return result;
  }
};

inline reference::RowSet random_set(Random& random, int32_t dtype, int64_t rows, int64_t classes,
                                    int64_t dim) {
  reference::RowSet set;
  set.embeddings = random.array(dtype, rows * dim);
  set.weights = random.weights(rows);
  for (int64_t i = 0; i < rows; ++i) {
    set.labels.push_back(random.below(classes));
    if (random.below(6) == 0) set.labels.back() = CD_IGNORE_LABEL;
  }
  return set;
}

inline Case random_case(uint64_t seed, int32_t dtype, int64_t rows, int64_t classes, int64_t dim) {
  Random random(seed);
  Case c;
  c.dtype = dtype;
  c.classes = classes;
  c.dim = dim;
  c.classifier = random.array(dtype, classes * dim, 0.5);
  c.sets.push_back(random_set(random, dtype, rows, classes, dim));
  return c;
}

// Sets kind and easy_margin: 0..3 as cd_classifier_kind, 4 = aam with the easy margin.
inline void choose_kind(Case& c, int kind) {
  c.options.kind = kind == 4 ? CD_CLASSIFIER_AAM : kind;
  c.options.easy_margin = kind == 4;
  if (kind == CD_CLASSIFIER_SOFTMAX) {
    for (int64_t j = 0; j < c.classes; ++j) {
      c.bias.push_back(static_cast<double>(j % 5) / 4 - 0.5);
    }
  }
}
