// Two rows of logits and the divergence of their softmaxes. For kernel sources (see simd.h).
//
// C classes, padded to Cp; t, s the rows of the two sides; T the temperature; p = softmax(t / T),
// q = softmax(s / T); delta = (t - s) / T relative to its value at the largest t: the gradient by
// t, p (delta - sum p delta), is exact there, where p may be nearly 1.
#pragma once

#include <cmath>

#include "core/simd_math.h"
#include "crossdistill.h"

namespace cd {
namespace CD_TARGET {

template <class T>
CD_INLINE int64_t padded_classes(int64_t classes) {
  return (classes + kLanes<T> - 1) / kLanes<T> * kLanes<T>;
}

template <class T>
struct SoftmaxPair {
  // Largest logits, and s at the largest t.
  T top_t, top_s, s_at_top;
  // Sums over the classes of e_t = exp((t - top_t) / T), e_s, e_t delta, e_s delta.
  double sum_t, sum_s, sum_t_delta, sum_s_delta;

  // log p - log q - delta, which is the same for all classes.
  double offset(double inverse_temperature) const {
    return std::log(sum_s / sum_t) +
           (static_cast<double>(top_s) - static_cast<double>(s_at_top)) * inverse_temperature;
  }
  static double divergence(double value) { return value < 0 ? 0 : value; }
  double kl_of_t_to_s(double inverse_temperature) const {
    return divergence(sum_t_delta / sum_t + offset(inverse_temperature));
  }
  double kl_of_s_to_t(double inverse_temperature) const {
    return divergence(-sum_s_delta / sum_s - offset(inverse_temperature));
  }
};

// Copies a row as T into `wide` [Cp] with the target's logit as `target` says. An excluded logit,
// and those that pad the row, become another one of the row: no maximum changes.
template <class T, class E>
CD_INLINE void widen_logits(const E* row, int64_t classes, int64_t label, int32_t target, T* wide) {
  for_each_vector<T>(
      0, classes, [&](int64_t j, int64_t n, int) __attribute__((always_inline)) {
        write(wide + j, load<T>(row + j, n));
      });
  if (target == CD_TARGET_ZERO) wide[label] = 0;
  const bool excluded = target == CD_TARGET_EXCLUDED;
  const T kept = wide[excluded && label == 0 ? 1 : 0];
  if (excluded) wide[label] = kept;
  for (int64_t j = classes; j < padded_classes<T>(classes); ++j) wide[j] = kept;
}

// A logit that exp((. - top) / T) maps to 0.
template <class T>
CD_INLINE T negligible(T top, double temperature) {
  const double wide = static_cast<double>(top);
  return static_cast<T>(wide - (1000 * temperature + __builtin_fabs(wide) / 2));
}

// The largest logits of two widened rows.
template <class T>
CD_INLINE void find_tops(const T* t, const T* s, int64_t padded, SoftmaxPair<T>& pair) {
  Vector<T> top_t = read<Vector<T>>(t), top_s = read<Vector<T>>(s), s_at_top = top_s;
  for (int64_t j = kLanes<T>; j < padded; j += kLanes<T>) {
    const Vector<T> vt = read<Vector<T>>(t + j), vs = read<Vector<T>>(s + j);
    s_at_top = vt > top_t ? vs : s_at_top;
    top_t = maximum(vt, top_t);
    top_s = maximum(vs, top_s);
  }
  pair.top_t = top_t[0];
  pair.top_s = top_s[0];
  pair.s_at_top = s_at_top[0];
  for (int lane = 1; lane < kLanes<T>; ++lane) {
    if (top_t[lane] > pair.top_t) {
      pair.top_t = top_t[lane];
      pair.s_at_top = s_at_top[lane];
    }
    if (top_s[lane] > pair.top_s) pair.top_s = top_s[lane];
  }
}

// Replaces two widened rows by e_t, e_s and returns their sums. Runs of vectors are summed in T,
// and the runs in double.
template <class T>
CD_INLINE void exponentiate(T* t, T* s, int64_t padded, double inverse_temperature,
                            SoftmaxPair<T>& pair) {
  constexpr int64_t kRun = 8 * kLanes<T>;
  const Vector<T> top_t = broadcast(pair.top_t), top_s = broadcast(pair.top_s);
  const Vector<T> at_top = broadcast(pair.top_t - pair.s_at_top);
  const Vector<T> factor = broadcast(static_cast<T>(inverse_temperature));
  WideSum<T> sum_t, sum_s, sum_t_delta, sum_s_delta;
  for (int64_t begin = 0; begin < padded; begin += kRun) {
    const int64_t end = begin + kRun < padded ? begin + kRun : padded;
    Vector<T> run_t = {}, run_s = {}, run_t_delta = {}, run_s_delta = {};
    for (int64_t j = begin; j < end; j += kLanes<T>) {
      const Vector<T> vt = read<Vector<T>>(t + j), vs = read<Vector<T>>(s + j);
      const Vector<T> delta = ((vt - vs) - at_top) * factor;
      const Vector<T> et = exponential((vt - top_t) * factor);
      const Vector<T> es = exponential((vs - top_s) * factor);
      write(t + j, et);
      write(s + j, es);
      run_t += et;
      run_s += es;
      run_t_delta = multiply_add(et, delta, run_t_delta);
      run_s_delta = multiply_add(es, delta, run_s_delta);
    }
    sum_t.add(run_t);
    sum_s.add(run_s);
    sum_t_delta.add(run_t_delta);
    sum_s_delta.add(run_s_delta);
  }
  pair.sum_t = sum_t.total();
  pair.sum_s = sum_s.total();
  pair.sum_t_delta = sum_t_delta.total();
  pair.sum_s_delta = sum_s_delta.total();
}

// Fills e_t, e_s [Cp] and returns what the divergences need. One class at least is not excluded.
template <class T, class E>
SoftmaxPair<T> softmax_pair(const E* t, const E* s, int64_t classes, int64_t label, int32_t target,
                            double temperature, T* e_t, T* e_s) {
  const int64_t padded = padded_classes<T>(classes);
  SoftmaxPair<T> pair;
  widen_logits<T>(t, classes, label, target, e_t);
  widen_logits<T>(s, classes, label, target, e_s);
  find_tops(e_t, e_s, padded, pair);
  const T gone_t = negligible(pair.top_t, temperature),
          gone_s = negligible(pair.top_s, temperature);
  if (target == CD_TARGET_EXCLUDED) {
    e_t[label] = gone_t;
    e_s[label] = gone_s;
  }
  for (int64_t j = classes; j < padded; ++j) {
    e_t[j] = gone_t;
    e_s[j] = gone_s;
  }
  exponentiate(e_t, e_s, padded, 1 / temperature, pair);
  return pair;
}

// gs = difference (q - p) + own e_own. The second is added last: it may be far below what rounding
// leaves of the first's products, which are the same where q = p.
template <class T, class E>
void write_student(const SoftmaxPair<T>& pair, const T* e_t, const T* e_s, int64_t classes,
                   double difference, const T* e_own, double own, E* gs) {
  const Vector<T> p = broadcast(static_cast<T>(difference / pair.sum_t));
  const Vector<T> q = broadcast(static_cast<T>(difference / pair.sum_s));
  const Vector<T> factor = broadcast(static_cast<T>(own));
  for_each_vector<T>(
      0, classes, [&](int64_t j, int64_t n, int) __attribute__((always_inline)) {
        const Vector<T> et = read<Vector<T>>(e_t + j), es = read<Vector<T>>(e_s + j);
        store<T>(gs + j, multiply_add(factor, read<Vector<T>>(e_own + j), q * es - p * et), n);
      });
}

// gt = factor p (beta (delta - sum p delta) - shift)
template <class T, class E>
void write_teacher(const SoftmaxPair<T>& pair, const E* t, const E* s, const T* e_t,
                   int64_t classes, double inverse_temperature, double factor, double beta,
                   double shift, E* gt) {
  const Vector<T> p = broadcast(static_cast<T>(factor / pair.sum_t));
  const Vector<T> at_top = broadcast(pair.top_t - pair.s_at_top);
  const Vector<T> slope = broadcast(static_cast<T>(beta * inverse_temperature));
  const Vector<T> mean = broadcast(static_cast<T>(beta * (pair.sum_t_delta / pair.sum_t) + shift));
  for_each_vector<T>(
      0, classes, [&](int64_t j, int64_t n, int) __attribute__((always_inline)) {
        const Vector<T> apart = load<T>(t + j, n) - load<T>(s + j, n);
        const Vector<T> centred = multiply_add(apart - at_top, slope, -mean);
        store<T>(gt + j, p * read<Vector<T>>(e_t + j) * centred, n);
      });
}

}  // namespace CD_TARGET
}  // namespace cd
