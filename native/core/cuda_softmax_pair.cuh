// Two rows of logits and the divergence of their softmaxes, in one look at both rows.
//
// t, s the logits of the two sides, T the temperature, p = softmax(t / T), q = softmax(s / T);
// delta = (t - s) / T relative to its value at the largest t: the gradient by t,
// p (delta - sum p delta), is exact there, where p may be nearly 1. All sums follow the largest
// logits met so far: when a larger one comes, they are rescaled.
#pragma once

#include "core/cuda_rows.cuh"
#include "core/target_class.h"

namespace cd::cuda {

// What becomes of the logit of a row's label.
template <class A>
struct TargetLogit {
  int64_t label;  // negative: all classes are kept as they are
  bool excluded;  // otherwise replaced by 0

  // Whether class j takes part.
  __device__ bool keeps(int64_t j) const { return !(excluded && j == label); }
  __device__ A logit(int64_t j, A value) const { return j == label && !excluded ? 0 : value; }
  __device__ bool is_constant(int64_t j) const { return j == label; }
};

template <class A>
__device__ TargetLogit<A> target_logit_of(int32_t target, int64_t label) {
  return {target == CD_TARGET_KEPT ? -1 : label, target == CD_TARGET_EXCLUDED};
}

// The largest logits, and s at the largest t; at equal t the larger s, so that all threads agree.
template <class A>
struct PairTops {
  A t, s_at_t, s;
};

template <class A>
__device__ inline PairTops<A> merge_tops(const PairTops<A>& a, const PairTops<A>& b) {
  const bool first = a.t > b.t || (a.t == b.t && a.s_at_t > b.s_at_t);
  return {first ? a.t : b.t, first ? a.s_at_t : b.s_at_t, a.s > b.s ? a.s : b.s};
}

// Sums of the whole row.
template <class A>
struct PairSums {
  PairTops<A> tops;
  double t, s, t_delta, s_delta;

  // log p - log q - delta, which is the same for all classes.
  __device__ double offset(double inverse_temperature) const {
    const double apart = static_cast<double>(tops.s) - static_cast<double>(tops.s_at_t);
    return log(s / t) + apart * inverse_temperature;
  }
  static __device__ double divergence(double value) { return value < 0 ? 0 : value; }
  __device__ double kl_of_t_to_s(double inverse_temperature) const {
    return divergence(t_delta / t + offset(inverse_temperature));
  }
  __device__ double kl_of_s_to_t(double inverse_temperature) const {
    return divergence(-s_delta / s - offset(inverse_temperature));
  }
};

// One thread's share of a row; the sums of it are of type A.
template <class A>
class SoftmaxPair {
 public:
  __device__ explicit SoftmaxPair(A inverse_temperature) : inverse_(inverse_temperature) {}

  // Adds the classes with live[k].
  template <int kCount>
  __device__ void add(const A (&t)[kCount], const A (&s)[kCount], const bool (&live)[kCount]) {
    PairTops<A> tops = tops_;
#pragma unroll
    for (int k = 0; k < kCount; ++k) {
      if (live[k]) tops = merge_tops(tops, {t[k], s[k], s[k]});
    }
    raise(tops);
#pragma unroll
    for (int k = 0; k < kCount; ++k) {
      if (!live[k]) continue;
      const A e_t = exp((t[k] - tops_.t) * inverse_), e_s = exp((s[k] - tops_.s) * inverse_);
      const A delta = ((t[k] - s[k]) - (tops_.t - tops_.s_at_t)) * inverse_;
      sum_t_ += e_t;
      sum_s_ += e_s;
      sum_t_delta_ += e_t * delta;
      sum_s_delta_ += e_s * delta;
    }
  }

  // Of all threads of the row; each receives it.
  template <class Row>
  __device__ PairSums<A> total(const Row& row) {
    raise(row.merged(tops_,
                     [](const PairTops<A>& a, const PairTops<A>& b) { return merge_tops(a, b); }));
    double sums[4] = {static_cast<double>(sum_t_), static_cast<double>(sum_s_),
                      static_cast<double>(sum_t_delta_), static_cast<double>(sum_s_delta_)};
    row.total(sums);
    return {tops_, sums[0], sums[1], sums[2], sums[3]};
  }

 private:
  __device__ void raise(const PairTops<A>& tops) {
    const bool same = tops.t == tops_.t && tops.s_at_t == tops_.s_at_t && tops.s == tops_.s;
    if (!same && tops_.t > -INFINITY) {
      const A factor_t = exp((tops_.t - tops.t) * inverse_);
      const A factor_s = exp((tops_.s - tops.s) * inverse_);
      const A shift = ((tops.t - tops.s_at_t) - (tops_.t - tops_.s_at_t)) * inverse_;
      sum_t_delta_ = factor_t * (sum_t_delta_ - shift * sum_t_);
      sum_s_delta_ = factor_s * (sum_s_delta_ - shift * sum_s_);
      sum_t_ *= factor_t;
      sum_s_ *= factor_s;
    }
    tops_ = tops;
  }

  A inverse_;
  PairTops<A> tops_ = {-INFINITY, -INFINITY, -INFINITY};
  A sum_t_ = 0, sum_s_ = 0, sum_t_delta_ = 0, sum_s_delta_ = 0;
};

// The gradients of one pair's divergences, class by class: beta times that of the softmaxes and,
// where the divergence of the label's class is added to it, that one's.
template <class A>
struct PairSlopes {
  PairTops<A> tops;
  A inverse_temperature;
  A p, q;              // factor beta / sum of each side
  A own;               // factor by_s / sum of s
  A p_of_target_side;  // factor / sum
  A slope;             // beta / T
  A mean;              // beta sum p delta + by_t
  A label_s, label_t;  // gradients by the label's logits where they are no part of the softmaxes

  __device__ PairSlopes(const PairSums<A>& sums, A inverse, double factor, double beta = 1,
                        const CD_TARGET::TargetClass& target = {})
      : tops(sums.tops),
        inverse_temperature(inverse),
        p(static_cast<A>(factor * beta) / static_cast<A>(sums.t)),
        q(static_cast<A>(factor * beta) / static_cast<A>(sums.s)),
        own(static_cast<A>(factor * target.by_s) / static_cast<A>(sums.s)),
        p_of_target_side(static_cast<A>(factor) / static_cast<A>(sums.t)),
        slope(static_cast<A>(beta) * inverse),
        mean(static_cast<A>(beta) * (static_cast<A>(sums.t_delta) / static_cast<A>(sums.t)) +
             static_cast<A>(target.by_t)),
        label_s(static_cast<A>(factor * target.by_s + 0.0)),
        label_t(static_cast<A>(factor * target.by_t + 0.0)) {}

  // factor (beta (p_j - q_j) + by_s q_j); the first is 0 for equal rows, since both products are
  // rounded by themselves, and the second, which may be far below them, is added last.
  __device__ A difference(A t, A s) const {
    const A e_s = exp((s - tops.s) * inverse_temperature);
    return rounded_product(p, exp((t - tops.t) * inverse_temperature)) - rounded_product(q, e_s) +
           own * e_s;
  }

  // factor p_j (beta (delta_j - sum p delta) - by_t)
  __device__ A of_target_side(A t, A s) const {
    const A delta = ((t - s) - (tops.t - tops.s_at_t)) * slope;
    return p_of_target_side * exp((t - tops.t) * inverse_temperature) * (delta - mean);
  }
};

}  // namespace cd::cuda
