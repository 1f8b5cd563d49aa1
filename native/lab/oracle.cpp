#include "lab/oracle.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace lab {

Floats normals(int64_t count, uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<float> normal;
  Floats values(static_cast<size_t>(count));
  for (float& x : values) x = normal(engine);
  return values;
}

void normalize(Floats& rows, int64_t dim) {
  const size_t n = static_cast<size_t>(dim);
  for (size_t begin = 0; begin < rows.size(); begin += n) {
    double square = 0;
    for (size_t d = 0; d < n; ++d) square += double{rows[begin + d]} * double{rows[begin + d]};
    for (size_t d = 0; d < n; ++d) {
      rows[begin + d] = static_cast<float>(double{rows[begin + d]} / std::sqrt(square));
    }
  }
}

Answer feature_answer(const Floats& s, const Floats& t, int64_t dim, double margin) {
  const size_t n = static_cast<size_t>(dim), rows = s.size() / n;
  Answer answer;
  answer.first.resize(s.size());
  answer.second.resize(s.size());
  for (size_t i = 0; i < rows; ++i) {
    double ss = 0, tt = 0, square = 0;
    for (size_t d = i * n; d < (i + 1) * n; ++d) {
      ss += double{s[d]} * double{s[d]};
      tt += double{t[d]} * double{t[d]};
    }
    for (size_t d = i * n; d < (i + 1) * n; ++d) {
      const double u = double{s[d]} / std::sqrt(ss) - double{t[d]} / std::sqrt(tt);
      square += u * u;
    }
    const double distance = std::sqrt(square), cosine = 1 - square / 2;
    answer.losses.push_back(std::max(0.0, distance - margin));
    const double factor = distance > margin ? 1 / (static_cast<double>(rows) * distance) : 0;
    for (size_t d = i * n; d < (i + 1) * n; ++d) {
      const double us = double{s[d]} / std::sqrt(ss), ut = double{t[d]} / std::sqrt(tt);
      answer.first[d] = factor * (cosine * us - ut) / std::sqrt(ss);
      answer.second[d] = factor * (cosine * ut - us) / std::sqrt(tt);
    }
  }
  return answer;
}

Answer classifier_answer(const Floats& z, const Floats& v, const std::vector<int64_t>& labels,
                         int64_t dim, double scale) {
  const size_t n = static_cast<size_t>(dim), rows = z.size() / n, classes = v.size() / n;
  Answer answer;
  answer.first.resize(z.size());
  answer.second.resize(v.size());
  std::vector<double> logits(classes);
  for (size_t i = 0; i < rows; ++i) {
    for (size_t j = 0; j < classes; ++j) {
      double sum = 0;
      for (size_t d = 0; d < n; ++d) sum += double{z[i * n + d]} * double{v[j * n + d]};
      logits[j] = scale * sum;
    }
    const double largest = *std::max_element(logits.begin(), logits.end());
    double sum = 0;
    for (const double logit : logits) sum += std::exp(logit - largest);
    const double log_sum = largest + std::log(sum);
    const size_t label = static_cast<size_t>(labels[i]);
    answer.losses.push_back(log_sum - logits[label]);
    for (size_t j = 0; j < classes; ++j) {
      const double p = std::exp(logits[j] - log_sum) - (j == label ? 1 : 0);
      const double slope = p * scale / static_cast<double>(rows);
      for (size_t d = 0; d < n; ++d) {
        answer.first[i * n + d] += slope * double{v[j * n + d]};
        answer.second[j * n + d] += slope * double{z[i * n + d]};
      }
    }
  }
  return answer;
}

double relative_error(const Floats& actual, const std::vector<double>& expected) {
  double difference = 0, norm = 0;
  for (size_t k = 0; k < expected.size(); ++k) {
    if (!std::isfinite(actual[k])) return INFINITY;
    difference += (double{actual[k]} - expected[k]) * (double{actual[k]} - expected[k]);
    norm += expected[k] * expected[k];
  }
  return std::sqrt(difference) / std::max(std::sqrt(norm), 1e-30);
}

}  // namespace lab
