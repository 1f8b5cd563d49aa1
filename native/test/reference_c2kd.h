// Customised cross-modal distillation once more, as plainly as its equations are written (see
// reference.h): term by term, each divergence with the gradient of its own side alone.
#pragma once

#include "reference_logits.h"

namespace reference {

struct C2kdOptions {
  int32_t target = CD_TARGET_ZERO;
  double temperature = 1;
  double threshold = 0;
  double grad_scale = 1;
};

struct C2kd {
  Array terms = Array(8, 0), tau, grads[4];
};

class C2kdTerms {
 public:
  using Real = long double;

  C2kdTerms(const std::vector<Array>& logits, int64_t classes, const C2kdOptions& options, Real n,
            C2kd& out)
      : logits_(logits), classes_(classes), options_(options), n_(n), out_(out) {}

  void add(int64_t row, int64_t label) {
    at_ = static_cast<size_t>(row * classes_);
    label_ = label;
    for (size_t k = 0; k < 2; ++k) {
      cross_entropy(k);
      divergence(2 + 2 * k, k, k + 2, CD_TARGET_KEPT);
      divergence(3 + 2 * k, k + 2, k, CD_TARGET_KEPT);
    }
    if (!(out_.tau[static_cast<size_t>(row)] > options_.threshold)) return;
    divergence(6, 2, 3, options_.target);
    divergence(7, 3, 2, options_.target);
  }

 private:
  Row<Real> log_of(size_t k, int32_t target, double temperature) const {
    return log_softmax(
        scaled_logits<Real>(&logits_[k][at_], classes_, label_, target, temperature));
  }

  void add_slope(size_t network, size_t j, Real slope) {
    out_.grads[network][at_ + j] +=
        static_cast<double>(slope / n_ * static_cast<Real>(options_.grad_scale));
  }

  void cross_entropy(size_t k) {
    const Row<Real> log_q = log_of(k, CD_TARGET_KEPT, 1);
    out_.terms[k] -= static_cast<double>(log_q[static_cast<size_t>(label_)] / n_);
    for (size_t j = 0; j < log_q.size(); ++j) {
      add_slope(k, j, std::exp(log_q[j]) - (static_cast<int64_t>(j) == label_ ? 1 : 0));
    }
  }

  void divergence(size_t term, size_t from, size_t to, int32_t target) {
    if (target == CD_TARGET_EXCLUDED && classes_ == 1) return;
    const Row<Real> p = log_of(from, target, options_.temperature),
                    q = log_of(to, target, options_.temperature);
    const Real t = static_cast<Real>(options_.temperature);
    out_.terms[term] += static_cast<double>(t * t * kl(p, q) / n_);
    for (size_t j = 0; j < p.size(); ++j) {
      if (target != CD_TARGET_KEPT && static_cast<int64_t>(j) == label_) continue;
      add_slope(to, j, t * (std::exp(q[j]) - std::exp(p[j])));
    }
  }

  const std::vector<Array>& logits_;
  int64_t classes_;
  C2kdOptions options_;
  Real n_;
  C2kd& out_;
  size_t at_ = 0;
  int64_t label_ = 0;
};

// `logits`: teacher, student, proxy teacher, proxy student, [rows, classes] each.
inline C2kd c2kd(const std::vector<Array>& logits, const std::vector<int64_t>& labels, int64_t rows,
                 int64_t classes, const C2kdOptions& options) {
  C2kd out;
  long double n = 0;
  for (int64_t label : labels) n += label != CD_IGNORE_LABEL;
  for (Array& grad : out.grads) grad.assign(static_cast<size_t>(rows * classes), 0);
  C2kdTerms terms(logits, classes, options, n, out);
  for (int64_t i = 0; i < rows; ++i) {
    const size_t at = static_cast<size_t>(i * classes);
    out.tau.push_back(kendall_tau(&logits[2][at], &logits[3][at], classes));
    const int64_t label = labels[static_cast<size_t>(i)];
    if (label != CD_IGNORE_LABEL) terms.add(i, label);
  }
  return out;
}

}  // namespace reference
