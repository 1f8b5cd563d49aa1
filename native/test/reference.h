// The losses once more, as plainly as the equations are written: no fusing, no blocking. Every
// kernel is compared with this, computed in a wider type Real than its own.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "crossdistill.h"

namespace reference {

using Array = std::vector<double>;

constexpr double kShortest = 1e-12;

template <class Real>
Real dot(const double* a, const double* b, int64_t n) {
  Real sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += static_cast<Real>(a[i]) * static_cast<Real>(b[i]);
  return sum;
}

// x / |x|, or zeros where |x| < 1e-12; `norm` is |x|.
template <class Real>
std::vector<Real> unit(const double* x, int64_t n, Real& norm) {
  norm = std::sqrt(dot<Real>(x, x, n));
  std::vector<Real> result(static_cast<size_t>(n), 0);
  if (norm < kShortest) return result;
  for (int64_t i = 0; i < n; ++i) result[static_cast<size_t>(i)] = static_cast<Real>(x[i]) / norm;
  return result;
}

template <class Real>
Real divisor(int32_t reduction, Real rows, Real weight_sum) {
  return reduction == CD_MEAN ? rows : reduction == CD_WEIGHTED_MEAN ? weight_sum : 1;
}

// Loss and gradients of the weights from row losses; rows with counts[i] = 0 are ignored.
template <class Real>
double reduce(const Array& row_losses, const Array& weights, const std::vector<char>& counts,
              int32_t reduction, double grad_scale, Array& grad_weights, Real& n) {
  Real sum = 0, weight_sum = 0, rows = 0;
  for (size_t i = 0; i < row_losses.size(); ++i) {
    if (counts[i] == 0) continue;
    sum += static_cast<Real>(weights[i]) * static_cast<Real>(row_losses[i]);
    weight_sum += static_cast<Real>(weights[i]);
    rows += 1;
  }
  n = divisor<Real>(reduction, rows, weight_sum);
  const Real loss = n > 0 ? sum / n : 0;
  grad_weights.assign(row_losses.size(), 0);
  for (size_t i = 0; i < row_losses.size(); ++i) {
    if (counts[i] == 0 || n == 0) continue;
    const Real shift = reduction == CD_WEIGHTED_MEAN ? loss : 0;
    grad_weights[i] = static_cast<double>((static_cast<Real>(row_losses[i]) - shift) / n *
                                          static_cast<Real>(grad_scale));
  }
  return static_cast<double>(loss);
}

// ---- K1 ----

struct FeatureMargin {
  double loss;
  Array rows, distances, grad_student, grad_teacher, grad_weights;
};

template <class Real>
FeatureMargin feature_margin(const Array& student, const Array& teacher, const Array& weights,
                             int64_t rows, int64_t dim, int32_t distance, double margin,
                             int32_t reduction, double grad_scale) {
  FeatureMargin out;
  out.grad_student.assign(student.size(), 0);
  out.grad_teacher.assign(teacher.size(), 0);
  const bool raw = distance >= CD_DISTANCE_EUCLIDEAN;
  std::vector<Real> slopes;
  for (int64_t i = 0; i < rows; ++i) {
    const double *s = student.data() + i * dim, *t = teacher.data() + i * dim;
    Real norm_s = 1, norm_t = 1, square = 0, cosine = 0;
    const std::vector<Real> us = raw ? std::vector<Real>(s, s + dim) : unit<Real>(s, dim, norm_s);
    const std::vector<Real> ut = raw ? std::vector<Real>(t, t + dim) : unit<Real>(t, dim, norm_t);
    for (size_t d = 0; d < us.size(); ++d) {
      square += (us[d] - ut[d]) * (us[d] - ut[d]);
      cosine += us[d] * ut[d];
    }
    // The distance, and its derivative by |us - ut|^2 / 2 (cosine: by -us.ut).
    Real value = square, slope = 2;
    if (distance == CD_DISTANCE_NORMALIZED || distance == CD_DISTANCE_EUCLIDEAN) {
      value = std::sqrt(square);
      slope = 1 / value;
    } else if (distance == CD_DISTANCE_COSINE) {
      value = 1 - cosine;
      slope = 1;
    }
    out.distances.push_back(static_cast<double>(value));
    const Real excess = value - static_cast<Real>(margin);
    out.rows.push_back(static_cast<double>(excess > 0 || std::isnan(excess) ? excess : 0));
    slopes.push_back(excess > 0 ? slope : 0);
  }
  Real n;
  const std::vector<char> all(static_cast<size_t>(rows), 1);
  out.loss = reduce(out.rows, weights, all, reduction, grad_scale, out.grad_weights, n);
  for (int64_t i = 0; i < rows; ++i) {
    const size_t row = static_cast<size_t>(i * dim);
    if (slopes[static_cast<size_t>(i)] == 0 || n == 0) continue;
    const Real factor = slopes[static_cast<size_t>(i)] / n * static_cast<Real>(grad_scale) *
                        static_cast<Real>(weights[static_cast<size_t>(i)]);
    Real norm_s = 1, norm_t = 1, cosine = 0;
    const double *s = student.data() + row, *t = teacher.data() + row;
    const std::vector<Real> us = raw ? std::vector<Real>(s, s + dim) : unit<Real>(s, dim, norm_s);
    const std::vector<Real> ut = raw ? std::vector<Real>(t, t + dim) : unit<Real>(t, dim, norm_t);
    for (size_t d = 0; d < us.size(); ++d) cosine += us[d] * ut[d];
    for (size_t d = 0; d < us.size(); ++d) {
      Real gs = us[d] - ut[d], gt = ut[d] - us[d];
      if (!raw) {
        const bool degenerate = norm_s < kShortest || norm_t < kShortest;
        gs = degenerate ? 0 : -(ut[d] - cosine * us[d]) / norm_s;
        gt = degenerate ? 0 : -(us[d] - cosine * ut[d]) / norm_t;
      }
      out.grad_student[row + d] = static_cast<double>(factor * gs);
      out.grad_teacher[row + d] = static_cast<double>(factor * gt);
    }
  }
  return out;
}

// ---- K2 ----

struct RowSet {
  Array embeddings;
  std::vector<int64_t> labels;
  Array weights;
  double grad_scale = 1;
};

struct RowSetResult {
  double loss;
  Array rows, grad_embeddings, grad_weights;
  std::vector<uint8_t> hits;
  Array
      leads;  // how far the target's logit without margin, by the scale, is from the best other one
};

struct MarginClassifier {
  std::vector<RowSetResult> sets;
  Array grad_classifier, grad_bias;
};

struct ClassifierOptions {
  int32_t kind = CD_CLASSIFIER_AAM;
  double scale = 32;
  double margin = 0.2;
  bool easy_margin = false;
  int32_t reduction = CD_MEAN;
};

// The target's logit divided by the scale, and its derivative by the cosine.
template <class Real>
Real target_logit(const ClassifierOptions& o, Real cosine, Real sine, Real& slope) {
  slope = 1;
  const Real m = static_cast<Real>(o.margin), pi = std::acos(static_cast<Real>(-1));
  if (o.kind == CD_CLASSIFIER_AM) return cosine - m;
  if (o.kind != CD_CLASSIFIER_AAM || (o.easy_margin && cosine <= 0)) return cosine;
  if (!o.easy_margin && cosine <= std::cos(pi - m)) return cosine - m * std::sin(pi - m);
  slope = sine > 0 ? std::cos(m) + cosine / sine * std::sin(m) : 0;
  return cosine * std::cos(m) - sine * std::sin(m);
}

template <class Real>
MarginClassifier margin_classifier(const Array& classifier, const Array& bias,
                                   const std::vector<RowSet>& sets, int64_t classes, int64_t dim,
                                   const ClassifierOptions& o) {
  const bool raw = o.kind == CD_CLASSIFIER_SOFTMAX;
  const Real scale = raw ? 1 : static_cast<Real>(o.scale);
  const size_t C = static_cast<size_t>(classes), D = static_cast<size_t>(dim);
  std::vector<std::vector<Real>> v(C);
  std::vector<Real> norm_v(C, 1);
  for (size_t j = 0; j < C; ++j) {
    const double* row = classifier.data() + j * D;
    v[j] = raw ? std::vector<Real>(row, row + D) : unit<Real>(row, dim, norm_v[j]);
  }
  MarginClassifier out;
  std::vector<std::vector<Real>> grad_v(C, std::vector<Real>(D, 0));
  std::vector<Real> grad_bias(C, 0);
  for (const RowSet& set : sets) {
    const size_t B = set.labels.size();
    RowSetResult result;
    result.rows.assign(B, 0);
    result.hits.assign(B, 0);
    result.leads.assign(B, HUGE_VAL);
    result.grad_embeddings.assign(B * D, 0);
    std::vector<char> counts(B, 0);
    std::vector<std::vector<Real>> slopes(B);  // d l_i / d cos_ij
    std::vector<std::vector<Real>> cosines(B);
    for (size_t i = 0; i < B; ++i) {
      if (set.labels[i] == CD_IGNORE_LABEL) continue;
      counts[i] = 1;
      const size_t y = static_cast<size_t>(set.labels[i]);
      Real norm_z = 1;
      const double* row = set.embeddings.data() + i * D;
      const std::vector<Real> z =
          raw ? std::vector<Real>(row, row + D) : unit<Real>(row, dim, norm_z);
      std::vector<Real> logits(C), cosine(C, 0);
      for (size_t j = 0; j < C; ++j) {
        for (size_t d = 0; d < D; ++d) cosine[j] += z[d] * v[j][d];
        if (raw && !bias.empty()) cosine[j] += static_cast<Real>(bias[j]);
        logits[j] = scale * cosine[j];
      }
      size_t best = 0;
      for (size_t j = 1; j < C; ++j) best = logits[j] > logits[best] ? j : best;
      result.hits[i] = best == y;
      Real others = -std::numeric_limits<Real>::infinity();
      for (size_t j = 0; j < C; ++j) others = j == y ? others : std::max(others, cosine[j]);
      result.leads[i] = static_cast<double>(std::fabs(cosine[y] - others));
      Real target_slope = 1;
      if (!raw) {
        Real apart = 0, across = 0;
        for (size_t d = 0; d < D; ++d) {
          apart += (z[d] - v[y][d]) * (z[d] - v[y][d]);
          across += (z[d] + v[y][d]) * (z[d] + v[y][d]);
        }
        const bool short_row = norm_z < kShortest || norm_v[y] < kShortest;
        const Real sine = short_row ? 1 : std::sqrt(apart * across) / 2;
        logits[y] = scale * target_logit(o, cosine[y], sine, target_slope);
      }
      Real largest = logits[0], sum = 0;
      for (size_t j = 0; j < C; ++j) largest = std::max(largest, logits[j]);
      for (size_t j = 0; j < C; ++j) sum += std::exp(logits[j] - largest);
      result.rows[i] = static_cast<double>(largest - logits[y] + std::log(sum));
      slopes[i].resize(C);
      for (size_t j = 0; j < C; ++j) {
        const Real p = std::exp(logits[j] - largest) / sum;
        slopes[i][j] = scale * (j == y ? (p - 1) * target_slope : p);
      }
      cosines[i] = cosine;
    }
    Real n;
    result.loss = reduce(result.rows, set.weights, counts, o.reduction, set.grad_scale,
                         result.grad_weights, n);
    for (size_t i = 0; i < B && n > 0; ++i) {
      if (counts[i] == 0) continue;
      Real norm_z = 1;
      const double* row = set.embeddings.data() + i * D;
      const std::vector<Real> z =
          raw ? std::vector<Real>(row, row + D) : unit<Real>(row, dim, norm_z);
      const Real factor = static_cast<Real>(set.weights[i]) * static_cast<Real>(set.grad_scale) / n;
      for (size_t j = 0; j < C; ++j) {
        const Real g = factor * slopes[i][j], c = raw ? 0 : cosines[i][j];
        grad_bias[j] += g;
        for (size_t d = 0; d < D; ++d) {
          if (norm_z >= kShortest) {
            result.grad_embeddings[i * D + d] +=
                static_cast<double>(g * (v[j][d] - c * z[d]) / norm_z);
          }
          if (norm_v[j] >= kShortest) grad_v[j][d] += g * (z[d] - c * v[j][d]) / norm_v[j];
        }
      }
    }
    out.sets.push_back(result);
  }
  for (size_t j = 0; j < C; ++j) {
    for (size_t d = 0; d < D; ++d) out.grad_classifier.push_back(static_cast<double>(grad_v[j][d]));
    out.grad_bias.push_back(static_cast<double>(grad_bias[j]));
  }
  return out;
}

}  // namespace reference
