// The losses on logits once more, as plainly as the equations are written (see reference.h).
#pragma once

#include <algorithm>

#include "reference.h"

namespace reference {

template <class Real>
using Row = std::vector<Real>;

// The logits that the softmax is taken of: divided by the temperature, the target's kept, replaced
// by 0, or -infinity.
template <class Real>
Row<Real> scaled_logits(const double* z, int64_t classes, int64_t label, int32_t target,
                        double temperature) {
  Row<Real> result;
  for (int64_t j = 0; j < classes; ++j) {
    Real value = static_cast<Real>(z[j]) / static_cast<Real>(temperature);
    if (target == CD_TARGET_ZERO && j == label) value = 0;
    if (target == CD_TARGET_EXCLUDED && j == label) value = -std::numeric_limits<Real>::infinity();
    result.push_back(value);
  }
  return result;
}

template <class Real>
Row<Real> log_softmax(Row<Real> z) {
  const Real top = *std::max_element(z.begin(), z.end());
  Real sum = 0;
  for (Real x : z) sum += std::exp(x - top);
  for (Real& x : z) x = x - top - std::log(sum);
  return z;
}

template <class Real>
Row<Real> exponentials(Row<Real> z) {
  for (Real& x : z) x = std::exp(x);
  return z;
}

template <class Real>
Real kl(const Row<Real>& log_p, const Row<Real>& log_q) {
  Real sum = 0;
  for (size_t j = 0; j < log_p.size(); ++j) {
    const Real p = std::exp(log_p[j]);
    if (p > 0) sum += p * (log_p[j] - log_q[j]);
  }
  return sum;
}

struct Kd {
  double loss;
  Array rows, grad_student, grad_teacher, grad_weights;
};

// What becomes of the label's logit; decoupled distillation excludes it and adds the divergence of
// the label's class against all others.
struct KdForm {
  const char* name;
  int32_t target;
  bool decoupled = false;
  double alpha = 0, beta = 1;

  int64_t fewest_classes() const { return decoupled ? 2 : 1; }
};

constexpr KdForm kKept = {"kept", CD_TARGET_KEPT};
constexpr KdForm kZero = {"zero", CD_TARGET_ZERO};
constexpr KdForm kExcluded = {"excluded", CD_TARGET_EXCLUDED};
constexpr KdForm kDecoupled = {"decoupled", CD_TARGET_EXCLUDED, true, 1, 8};
constexpr KdForm kMostlyTarget = {"decoupled 3 to 0.5", CD_TARGET_EXCLUDED, true, 3, 0.5};
constexpr KdForm kKdForms[] = {kKept, kZero, kExcluded, kDecoupled, kMostlyTarget};

struct KdOptions {
  KdForm form = kKept;
  double temperature = 1;
  int32_t reduction = CD_MEAN;
  double grad_scale = 1;
};

// The loss and all gradients of a call, from the losses of its rows and their derivatives.
template <class Real, class Options>
void weigh(Kd& out, const std::vector<Row<Real>>& slopes_s, const std::vector<Row<Real>>& slopes_t,
           const std::vector<char>& counts, const Array& weights, const Options& options) {
  Real n;
  out.loss =
      reduce(out.rows, weights, counts, options.reduction, options.grad_scale, out.grad_weights, n);
  for (size_t i = 0; i < slopes_s.size(); ++i) {
    const Real scale = static_cast<Real>(options.grad_scale);
    const Real factor = n > 0 ? static_cast<Real>(weights[i]) * scale / n : 0;
    for (Real slope : slopes_s[i]) out.grad_student.push_back(static_cast<double>(factor * slope));
    for (Real slope : slopes_t[i]) out.grad_teacher.push_back(static_cast<double>(factor * slope));
  }
}

// log(p_y / (1 - p_y)), from the logarithms of the softmax over the other classes.
template <class Real>
Real log_odds(const double* z, size_t label, double temperature, const Row<Real>& log_others) {
  const size_t other = label == 0 ? 1 : 0;
  const Real apart = static_cast<Real>(z[label]) - static_cast<Real>(z[other]);
  return apart / static_cast<Real>(temperature) + log_others[other];
}

// log(1 + e^x)
template <class Real>
Real softplus(Real x) {
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

// The divergence of the label's class against all others, as if these were two classes; writes its
// derivatives by both log-odds.
template <class Real>
Real target_divergence(Real odds_t, Real odds_s, Real& by_s, Real& by_t) {
  const Real p = 1 / (1 + std::exp(-odds_t)), not_p = 1 / (1 + std::exp(odds_t));
  const Real not_q = 1 / (1 + std::exp(odds_s));
  by_s = not_p - not_q;
  by_t = p * not_p * (odds_t - odds_s);
  return p * (softplus(-odds_s) - softplus(-odds_t)) +
         not_p * (softplus(odds_s) - softplus(odds_t));
}

template <class Real>
Kd kd(const Array& student, const Array& teacher, const std::vector<int64_t>& labels,
      const Array& weights, int64_t rows, int64_t classes, const KdOptions& options) {
  Kd out;
  const Real t = static_cast<Real>(options.temperature);
  std::vector<char> counts;
  std::vector<Row<Real>> slopes_s, slopes_t;
  for (int64_t i = 0; i < rows; ++i) {
    const size_t row = static_cast<size_t>(i);
    counts.push_back(labels[row] != CD_IGNORE_LABEL);
    slopes_s.emplace_back(static_cast<size_t>(classes), Real{0});
    slopes_t.push_back(slopes_s.back());
    out.rows.push_back(0);
    const KdForm& form = options.form;
    const bool none_left = form.target == CD_TARGET_EXCLUDED && classes == 1;
    if (!counts.back() || none_left) continue;
    const double* z_s = &student[static_cast<size_t>(i * classes)];
    const double* z_t = &teacher[static_cast<size_t>(i * classes)];
    const auto log_of = [&](const double* z) {
      return log_softmax(
          scaled_logits<Real>(z, classes, labels[row], form.target, options.temperature));
    };
    const Row<Real> log_p = log_of(z_t), log_q = log_of(z_s);
    const size_t label = static_cast<size_t>(labels[row]);
    const Real beta = static_cast<Real>(form.beta), divergence = kl(log_p, log_q);
    Real loss = beta * divergence, by_s = 0, by_t = 0;
    if (form.decoupled) {
      const Real alpha = static_cast<Real>(form.alpha);
      loss +=
          alpha * target_divergence(log_odds(z_t, label, options.temperature, log_p),
                                    log_odds(z_s, label, options.temperature, log_q), by_s, by_t);
      by_s *= alpha;
      by_t *= alpha;
    }
    out.rows.back() = static_cast<double>(t * t * loss);
    for (size_t j = 0; j < log_p.size(); ++j) {
      const Real p = std::exp(log_p[j]), q = std::exp(log_q[j]);
      if (form.target != CD_TARGET_KEPT && j == label) {
        slopes_s.back()[j] = t * by_s;
        slopes_t.back()[j] = t * by_t;
        continue;
      }
      slopes_s.back()[j] = t * (beta * (q - p) - by_s * q);
      slopes_t.back()[j] = p > 0 ? t * p * (beta * (log_p[j] - log_q[j] - divergence) - by_t) : 0;
    }
  }
  weigh(out, slopes_s, slopes_t, counts, weights, options);
  return out;
}

struct NkdOptions {
  double gamma = 1.5;
  double temperature = 1;
  int32_t reduction = CD_MEAN;
  double grad_scale = 1;
};

template <class Real>
Kd nkd(const Array& student, const Array& teacher, const std::vector<int64_t>& labels,
       const Array& weights, int64_t rows, int64_t classes, const NkdOptions& options) {
  Kd out;
  const Real gamma = static_cast<Real>(options.gamma), t = static_cast<Real>(options.temperature);
  std::vector<char> counts;
  std::vector<Row<Real>> slopes_s, slopes_t;
  for (int64_t i = 0; i < rows; ++i) {
    const size_t row = static_cast<size_t>(i), label = static_cast<size_t>(labels[row]);
    counts.push_back(labels[row] != CD_IGNORE_LABEL);
    slopes_s.emplace_back(static_cast<size_t>(classes), Real{0});
    slopes_t.push_back(slopes_s.back());
    out.rows.push_back(0);
    if (!counts.back()) continue;
    const double* z_s = &student[static_cast<size_t>(i * classes)];
    const double* z_t = &teacher[static_cast<size_t>(i * classes)];
    const auto log_of = [&](const double* z, int32_t target, double temperature) {
      return log_softmax(scaled_logits<Real>(z, classes, labels[row], target, temperature));
    };
    const Row<Real> p = exponentials(log_of(z_t, CD_TARGET_KEPT, 1));
    const Row<Real> q = exponentials(log_of(z_s, CD_TARGET_KEPT, 1));
    const Row<Real> log_p = log_of(z_t, CD_TARGET_EXCLUDED, options.temperature);
    const Row<Real> log_q = log_of(z_s, CD_TARGET_EXCLUDED, options.temperature);
    const Real odds_t = log_odds(z_t, label, 1, log_of(z_t, CD_TARGET_EXCLUDED, 1));
    const Real odds_s = log_odds(z_s, label, 1, log_of(z_s, CD_TARGET_EXCLUDED, 1));
    const Real log_own = -softplus(-odds_s);
    const Real not_p = 1 / (1 + std::exp(odds_t)), not_q = 1 / (1 + std::exp(odds_s));
    Real mean = 0;
    for (size_t j = 0; j < p.size(); ++j) mean += j == label ? 0 : std::exp(log_p[j]) * log_q[j];
    out.rows.back() = static_cast<double>(-p[label] * log_own - gamma * t * t * mean);
    for (size_t j = 0; j < p.size(); ++j) {
      const Real soft_p = std::exp(log_p[j]), soft_q = std::exp(log_q[j]);
      const bool own = j == label;
      slopes_s.back()[j] =
          own ? -p[label] * not_q : p[label] * q[j] + gamma * t * (soft_q - soft_p);
      slopes_t.back()[j] = own ? -log_own * p[label] * not_p
                               : log_own * p[label] * p[j] -
                                     gamma * t * (soft_p > 0 ? soft_p * (log_q[j] - mean) : 0);
    }
  }
  weigh(out, slopes_s, slopes_t, counts, weights, options);
  return out;
}

struct LskdOptions {
  double temperature = 1;
  int32_t reduction = CD_MEAN;
  double grad_scale = 1;
};

// A row with mean 0 and deviation 1, and how its gradient follows from that by its elements.
template <class Real>
struct Standardised {
  Row<Real> z;
  Real deviation = 0, scale = 0;
  bool constant = false;

  Standardised(const double* logits, int64_t classes) {
    const Real count = static_cast<Real>(classes);
    // Relative to the first one: a constant row's mean would not be exact.
    const auto relative = [&](int64_t j) {
      return static_cast<Real>(logits[j]) - static_cast<Real>(logits[0]);
    };
    Real mean = 0, square = 0;
    for (int64_t j = 0; j < classes; ++j) mean += relative(j) / count;
    for (int64_t j = 0; j < classes; ++j) {
      z.push_back(relative(j) - mean);
      square += z.back() * z.back() / (count - 1);
    }
    constant = square <= static_cast<Real>(1e-30L);
    deviation = std::sqrt(std::max(square, static_cast<Real>(1e-30L)));
    scale = 1 / (deviation + static_cast<Real>(1e-7L));
    for (Real& x : z) x *= scale;
  }

  Row<Real> gradient(const Row<Real>& g) const {
    const Real count = static_cast<Real>(z.size());
    Real mean = 0, along = 0;
    for (size_t j = 0; j < z.size(); ++j) {
      mean += g[j] / count;
      along += constant ? 0 : g[j] * z[j] / ((count - 1) * deviation * scale);
    }
    Row<Real> result;
    for (size_t j = 0; j < z.size(); ++j) result.push_back(scale * (g[j] - mean - z[j] * along));
    return result;
  }
};

template <class Real>
Kd lskd(const Array& student, const Array& teacher, const std::vector<int64_t>& labels,
        const Array& weights, int64_t rows, int64_t classes, const LskdOptions& options) {
  Kd out;
  const Real t = static_cast<Real>(options.temperature);
  std::vector<char> counts;
  std::vector<Row<Real>> slopes_s, slopes_t;
  for (int64_t i = 0; i < rows; ++i) {
    counts.push_back(labels[static_cast<size_t>(i)] != CD_IGNORE_LABEL);
    slopes_s.emplace_back(static_cast<size_t>(classes), Real{0});
    slopes_t.push_back(slopes_s.back());
    out.rows.push_back(0);
    if (!counts.back()) continue;
    const Standardised<Real> z_s(&student[static_cast<size_t>(i * classes)], classes);
    const Standardised<Real> z_t(&teacher[static_cast<size_t>(i * classes)], classes);
    const auto log_of = [&](Row<Real> z) {
      for (Real& x : z) x /= t;
      return log_softmax(z);
    };
    const Row<Real> log_p = log_of(z_t.z), log_q = log_of(z_s.z);
    const Real divergence = kl(log_p, log_q);
    out.rows.back() = static_cast<double>(t * t * divergence);
    Row<Real> by_s, by_t;
    for (size_t j = 0; j < log_p.size(); ++j) {
      const Real p = std::exp(log_p[j]), q = std::exp(log_q[j]);
      by_s.push_back(t * (q - p));
      by_t.push_back(p > 0 ? t * p * (log_p[j] - log_q[j] - divergence) : 0);
    }
    slopes_s.back() = z_s.gradient(by_s);
    slopes_t.back() = z_t.gradient(by_t);
  }
  weigh(out, slopes_s, slopes_t, counts, weights, options);
  return out;
}

// Tau-b, pair by pair; NaN where a row is constant or holds a NaN.
inline double kendall_tau(const double* a, const double* b, int64_t classes) {
  int64_t alike = 0, ordered_a = 0, ordered_b = 0;
  for (int64_t i = 0; i < classes; ++i) {
    if (std::isnan(a[i]) || std::isnan(b[i])) return std::nan("");
    for (int64_t j = 0; j < i; ++j) {
      const int sign_a = (a[i] > a[j]) - (a[i] < a[j]), sign_b = (b[i] > b[j]) - (b[i] < b[j]);
      alike += sign_a * sign_b;
      ordered_a += sign_a != 0;
      ordered_b += sign_b != 0;
    }
  }
  return static_cast<double>(
      static_cast<long double>(alike) /
      std::sqrt(static_cast<long double>(ordered_a) * static_cast<long double>(ordered_b)));
}

}  // namespace reference
