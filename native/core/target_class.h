// The label's class against all others together, in two rows of logits: what decoupled distillation
// adds to the divergence among the others. For the kernels of both backends.
//
// u = z_y / T - log sum_(j != y) exp(z_j / T) of each side; p_y = 1 / (1 + exp(-u_t)), q_y
// likewise.
#pragma once

#include <cmath>

#include "core/isa.h"

#if defined(__CUDACC__)
#define CD_ON_DEVICE __device__
#else
#define CD_ON_DEVICE
#endif

namespace cd {
namespace CD_TARGET {

// `top` and `sum` are those of the others' exponentials: their sum is `sum` exp(top / T).
CD_ON_DEVICE inline double log_odds(double logit, double top, double sum,
                                    double inverse_temperature) {
  return (logit - top) * inverse_temperature - std::log(sum);
}

// Probabilities of the class and of all others, and their logarithms: each with all its digits,
// however near to 1 the other one is.
struct TwoClasses {
  double own, other, log_own, log_other;

  CD_ON_DEVICE explicit TwoClasses(double log_odds) {
    const double ratio = std::exp(-std::fabs(log_odds)), log_sum = std::log1p(ratio);
    const double less = ratio / (1 + ratio), more = 1 / (1 + ratio);
    own = log_odds < 0 ? less : more;
    other = log_odds < 0 ? more : less;
    log_own = (log_odds < 0 ? log_odds : 0) - log_sum;
    log_other = (log_odds < 0 ? 0 : -log_odds) - log_sum;
  }
};

// alpha KL((p_y, 1 - p_y) || (q_y, 1 - q_y)) and its derivatives by u_s and u_t. With T they are
// those by the label's logits, and -q~_j or -p~_j times those by another class's: u falls with it
// by its share of the others.
struct TargetClass {
  double loss = 0, by_s = 0, by_t = 0;
};

CD_ON_DEVICE inline TargetClass target_class(double log_odds_s, double log_odds_t, double alpha) {
  if (!std::isfinite(log_odds_s) || !std::isfinite(log_odds_t)) {
    const double unknown = std::nan("");
    return {unknown, unknown, unknown};
  }
  const TwoClasses p(log_odds_t), q(log_odds_s);
  const double divergence = p.own * (p.log_own - q.log_own) + p.other * (p.log_other - q.log_other);
  const bool both_likely = log_odds_s + log_odds_t > 0;
  return {alpha * (divergence < 0 ? 0 : divergence),
          alpha * (both_likely ? p.other - q.other : q.own - p.own),
          alpha * (p.own * p.other * (log_odds_t - log_odds_s))};
}

}  // namespace CD_TARGET
}  // namespace cd
