// K3, all terms of customised cross-modal distillation in one pass over four rows of logits. With
// softmaxes T, S, PT, PS and, without the target, NT, NS of the proxies, the divergences in both
// directions have opposite gradients: that of KL(sg t || pt) + KL(sg pt || t) is T - PT by t and
// PT - T by pt. Letters as in core/softmax_pair.h; B rows.
#include <algorithm>
#include <cmath>
#include <vector>

#include "core/accumulator.h"
#include "core/loss_arrays.h"
#include "core/loss_options.h"
#include "core/norms.h"
#include "core/parallel.h"
#include "core/softmax_pair.h"
#include "core/tensor_check.h"
#include "kernels/kendall_tau.h"

namespace cd {

struct C2kd {
  int32_t dtype;
  int64_t rows;
  int64_t classes;
  const cd_logits* networks;
  const int64_t* labels;
  int32_t target;
  double temperature;
  double gradient_factor;  // grad_scale / n
};

// Adds one row's terms to `terms` and writes its gradients. `scratch`: six rows of the accumulation
// type, padded to 64 bytes.
CD_FOR_EACH_ISA(void c2kd_row(const C2kd& call, int64_t row, bool kept, char* scratch,
                              double* terms))

namespace CD_TARGET {
namespace {

template <class E>
E* grad_row(const cd_logits& network, int64_t row) {
  return network.grad_or_null == nullptr
             ? nullptr
             : static_cast<E*>(network.grad_or_null) + row * network.grad_stride;
}

// own [C] += factor (p - q), other [C] -= the same.
template <class T>
void add_difference(const SoftmaxPair<T>& pair, const T* e_p, const T* e_q, int64_t padded,
                    double factor, T* own, T* other) {
  const Vector<T> p = broadcast(static_cast<T>(factor / pair.sum_t));
  const Vector<T> q = broadcast(static_cast<T>(factor / pair.sum_s));
  for (int64_t j = 0; j < padded; j += kLanes<T>) {
    const Vector<T> slope = p * read<Vector<T>>(e_p + j) - q * read<Vector<T>>(e_q + j);
    write(own + j, read<Vector<T>>(own + j) + slope);
    write(other + j, read<Vector<T>>(other + j) - slope);
  }
}

// Cross-entropy at temperature 1; adds factor (softmax - one-hot) to grad [C].
template <class T, class E>
double cross_entropy(const E* logits, int64_t classes, int64_t label, double factor, T* wide,
                     T* spare, T* grad) {
  const SoftmaxPair<T> pair =
      softmax_pair(logits, logits, classes, label, CD_TARGET_KEPT, 1, wide, spare);
  const Vector<T> p = broadcast(static_cast<T>(factor / pair.sum_t));
  double others = 0;  // 1 - p at the label, which would cancel where that is nearly 1
  {
    WideSum<T> sum;
    const T own = wide[label];
    wide[label] = 0;
    for (int64_t j = 0; j < padded_classes<T>(classes); j += kLanes<T>) {
      sum.add(read<Vector<T>>(wide + j));
      write(grad + j, multiply_add(p, read<Vector<T>>(wide + j), read<Vector<T>>(grad + j)));
    }
    wide[label] = own;
    others = sum.total();
  }
  grad[label] -= static_cast<T>(factor * others / pair.sum_t);
  const double below = static_cast<double>(pair.top_t) - to_double(logits[label]);
  return below == 0 ? std::log1p(others / static_cast<double>(wide[label]))
                    : below + std::log(pair.sum_t);
}

template <class T, class E>
void row_of(const C2kd& call, int64_t row, bool kept, char* scratch, double* terms) {
  const int64_t classes = call.classes, padded = padded_classes<T>(classes);
  const int64_t label = call.labels[row];
  const E* z[kNetworks];
  T* grad[kNetworks];
  T *e_t = reinterpret_cast<T*>(scratch), *e_s = e_t + padded;
  for (int k = 0; k < kNetworks; ++k) {
    z[k] = static_cast<const E*>(call.networks[k].logits) + row * call.networks[k].stride;
    grad[k] = e_t + (2 + k) * padded;
    for (int64_t j = 0; j < padded; ++j) grad[k][j] = 0;
  }
  const double inverse = 1 / call.temperature, square = call.temperature * call.temperature;
  const double factor = call.gradient_factor * call.temperature;
  for (int k = kTeacher; k <= kStudent; ++k) {
    terms[k] += cross_entropy(z[k], classes, label, call.gradient_factor, e_t, e_s, grad[k]);
    const int proxy = k + kProxyTeacher;
    const SoftmaxPair<T> pair =
        softmax_pair(z[k], z[proxy], classes, label, CD_TARGET_KEPT, call.temperature, e_t, e_s);
    terms[2 + 2 * k] += square * pair.kl_of_t_to_s(inverse);
    terms[3 + 2 * k] += square * pair.kl_of_s_to_t(inverse);
    add_difference(pair, e_t, e_s, padded, factor, grad[k], grad[proxy]);
  }
  if (kept && !(call.target == CD_TARGET_EXCLUDED && classes == 1)) {
    const SoftmaxPair<T> pair = softmax_pair(z[kProxyTeacher], z[kProxyStudent], classes, label,
                                             call.target, call.temperature, e_t, e_s);
    terms[6] += square * pair.kl_of_t_to_s(inverse);
    terms[7] += square * pair.kl_of_s_to_t(inverse);
    e_t[label] = e_s[label] = 0;  // a constant
    add_difference(pair, e_t, e_s, padded, factor, grad[kProxyTeacher], grad[kProxyStudent]);
  }
  for (int k = 0; k < kNetworks; ++k) {
    E* out = grad_row<E>(call.networks[k], row);
    if (out == nullptr) continue;
    for_each_vector<T>(
        0, classes, [&](int64_t j, int64_t n, int) __attribute__((always_inline)) {
          store<T>(out + j, read<Vector<T>>(grad[k] + j), n);
        });
  }
}

}  // namespace

void c2kd_row(const C2kd& call, int64_t row, bool kept, char* scratch, double* terms) {
  CD_FOR_DTYPE(call.dtype, row_of, call, row, kept, scratch, terms)
}

}  // namespace CD_TARGET

#if defined(CD_COMPILE_PORTABLE)
namespace {

constexpr int64_t kElementsPerTask = 8192;

int64_t element_offset(int64_t row, int64_t stride, int32_t dtype) {
  return row * stride * element_bytes(dtype);
}

void zero_gradients(const C2kd& call, int64_t row) {
  for (int k = 0; k < kNetworks; ++k) {
    const cd_logits& network = call.networks[k];
    if (network.grad_or_null == nullptr) continue;
    char* grad = static_cast<char*>(network.grad_or_null) +
                 element_offset(row, network.grad_stride, call.dtype);
    std::fill(grad, grad + call.classes * element_bytes(call.dtype), '\0');
  }
}

// One row: tau decides whether the proxies teach each other.
void compute_row(const C2kd& call, int64_t row, double threshold, void* tau_or_null, char* scratch,
                 double* terms) {
  const auto row_function = CD_OF_ACTIVE_ISA(c2kd_row);
  const auto logits = [&](Network k) {
    return static_cast<const char*>(call.networks[k].logits) +
           element_offset(row, call.networks[k].stride, call.dtype);
  };
  const double tau =
      kendall_tau(call.dtype, logits(kProxyTeacher), logits(kProxyStudent), call.classes, scratch);
  if (tau_or_null != nullptr) set_accumulator(call.dtype, tau_or_null, row, tau);
  if (call.labels[row] == CD_IGNORE_LABEL) return zero_gradients(call, row);
  row_function(call, row, tau > threshold, scratch, terms);
}

void run(const C2kd& call, double inverse_n, double threshold, void* loss, void* terms,
         void* tau_or_null, int32_t threads) {
  const int64_t rows_per_task = std::max<int64_t>(1, kElementsPerTask / call.classes);
  const int64_t tasks = (call.rows + rows_per_task - 1) / rows_per_task;
  const int32_t slots = threads_for(tasks, threads);
  const int64_t padded_row = (call.classes * accumulator_bytes(call.dtype) / 64 + 1) * 64;
  const int64_t slot_bytes = std::max(6 * padded_row, tau_scratch_bytes(call.dtype, call.classes));
  const Buffer memory(tasks == 0 ? 0 : slots * slot_bytes);
  std::vector<double> task_terms(static_cast<size_t>(tasks * kTerms), 0.0);
  portable::parallel_for(tasks, slots, [&](int64_t task, int32_t slot) {
    char* scratch = static_cast<char*>(memory.get()) + slot * slot_bytes;
    const int64_t last = std::min(call.rows, (task + 1) * rows_per_task);
    for (int64_t i = task * rows_per_task; i < last; ++i) {
      compute_row(call, i, threshold, tau_or_null, scratch, &task_terms[task * kTerms]);
    }
  });
  double total = 0;
  for (int k = 0; k < kTerms; ++k) {
    double sum = 0;
    for (int64_t task = 0; task < tasks; ++task) sum += task_terms[task * kTerms + k];
    set_accumulator(call.dtype, terms, k, sum * inverse_n);
    total += sum * inverse_n;
  }
  set_accumulator(call.dtype, loss, 0, total);
}

}  // namespace
#endif

}  // namespace cd

#if defined(CD_COMPILE_PORTABLE)
extern "C" int32_t cd_c2kd(int32_t dtype, int64_t rows, int64_t classes, const cd_logits* networks,
                           const int64_t* labels, int32_t target, double temperature,
                           double threshold, double grad_scale, void* loss, void* terms,
                           void* tau_or_null, int32_t threads) {
  return cd::guarded([&] {
    cd::element_bytes(dtype);
    cd::check_size("rows", rows, 0);
    cd::check_size("classes", classes, 1);
    cd::check_size("threads", threads, 0);
    cd::check_target(target);
    cd::check_logit_options(temperature, CD_MEAN, grad_scale);
    if (target == CD_TARGET_KEPT) {
      cd::fail(CD_INVALID_ARGUMENT, "target: expected zero (1) or excluded (2), got kept (0)");
    }
    cd::check_threshold(threshold);
    cd::ArrayCheck check;
    cd::check_c2kd_arrays(check, dtype, rows, classes, networks, labels, loss, terms, tau_or_null);
    check.check_aliasing();
    const int64_t counted = check.counted_rows("labels", labels, rows, classes);
    cd::active_isa();
    const double inverse_n = counted > 0 ? 1 / static_cast<double>(counted) : 0;
    const cd::C2kd call = {dtype,  rows,   classes,     networks,
                           labels, target, temperature, grad_scale * inverse_n};
    cd::run(call, inverse_n, threshold, loss, terms, tau_or_null, threads);
  });
}
#endif
