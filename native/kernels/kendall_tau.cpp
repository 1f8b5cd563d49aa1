// K3, Kendall's tau-b row by row (Kendall, Biometrika 33, 1945): with n pairs of classes, n_a, n_b
// of which a row ties, tau = (concordant - discordant) / sqrt((n - n_a) (n - n_b)). All counts are
// integers, so both ways to count agree to the last bit:
//  - few classes: every pair is compared, a vector of them at once;
//  - many: sort by a, then b, and count the exchanges that sort b (Knight, JASA 61, 1966).
#include "kernels/kendall_tau.h"

#include <algorithm>
#include <cmath>

#include "core/accumulator.h"
#include "core/loss_arrays.h"
#include "core/loss_options.h"
#include "core/norms.h"
#include "core/parallel.h"
#include "core/tensor_check.h"

namespace cd {
namespace CD_TARGET {
namespace {

// Vectors pad the rows with NaN, which is neither above nor below anything.
template <class T, class E>
void widen_row(const E* row, int64_t classes, int64_t padded, T* wide) {
  for (int64_t j = 0; j < classes; ++j) wide[j] = static_cast<T>(to_double(row[j]));
  for (int64_t j = classes; j < padded; ++j) wide[j] = static_cast<T>(__builtin_nan(""));
}

template <class T, class E>
PairCounts count(const void* a, const void* b, int64_t classes, char* scratch) {
  using Flags = decltype(Vector<T>{} > Vector<T>{});  // 0 or -1 in each lane
  constexpr int64_t kVector = kLanes<T>;
  const int64_t padded = (classes + kVector - 1) / kVector * kVector;
  T *wide_a = reinterpret_cast<T*>(scratch), *wide_b = wide_a + padded;
  widen_row(static_cast<const E*>(a), classes, padded, wide_a);
  widen_row(static_cast<const E*>(b), classes, padded, wide_b);
  // Every pair once: with its larger a, or its larger b, in front.
  Flags ordered_a = {}, ordered_b = {}, alike = {};
  for (int64_t i = 0; i < classes; ++i) {
    const Vector<T> va = broadcast(wide_a[i]), vb = broadcast(wide_b[i]);
    for (int64_t j = 0; j < padded; j += kVector) {
      const Vector<T> others_a = read<Vector<T>>(wide_a + j),
                      others_b = read<Vector<T>>(wide_b + j);
      const Flags above_a = va > others_a, above_b = vb > others_b, below_b = vb < others_b;
      ordered_a -= above_a;
      ordered_b -= above_b;
      alike += above_a & (below_b - above_b);
    }
  }
  PairCounts counts = {0, 0, 0};
  for (int lane = 0; lane < kVector; ++lane) {
    counts.ordered_a += ordered_a[lane];
    counts.ordered_b += ordered_b[lane];
    counts.alike += alike[lane];
  }
  return counts;
}

}  // namespace

PairCounts count_pairs(int32_t dtype, const void* a, const void* b, int64_t classes,
                       char* scratch) {
  CD_FOR_DTYPE(dtype, count, a, b, classes, scratch)
}

}  // namespace CD_TARGET

#if defined(CD_COMPILE_PORTABLE)
namespace {

constexpr int64_t kElementsPerTask = 4096;

// Whether comparing all pairs is faster than sorting (docs/kernels.md). Both give the same bits.
bool compares_all_pairs(int32_t dtype, int64_t classes) {
  const bool many_lanes = active_vector_bytes() >= 32 && dtype != CD_F64;
  return classes <= (many_lanes ? 1000 : 512);
}

// Two integers that order as the values of a class do: first by a, then by b.
struct Keys {
  uint64_t a;
  uint64_t b;
};

bool operator<(const Keys& x, const Keys& y) { return x.a != y.a ? x.a < y.a : x.b < y.b; }

uint64_t ordered_key(double value) {
  const double positive_zero = value + 0.0;
  uint64_t bits;
  __builtin_memcpy(&bits, &positive_zero, sizeof bits);
  return (bits >> 63) != 0 ? ~bits : bits | (uint64_t{1} << 63);
}

int64_t pairs_of(int64_t n) { return n * (n - 1) / 2; }

// Pairs of equal neighbours in a sorted sequence of n, where same(i) compares i with i - 1.
template <class Same>
int64_t tied_pairs(int64_t n, const Same& same) {
  int64_t pairs = 0, run = 1;
  for (int64_t i = 1; i <= n; ++i) {
    if (i < n && same(i)) {
      ++run;
    } else {
      pairs += pairs_of(run);
      run = 1;
    }
  }
  return pairs;
}

// Merge sort; returns how many pairs stood in the wrong order.
int64_t sort_and_count(uint64_t* values, uint64_t* spare, int64_t n) {
  int64_t exchanges = 0;
  for (int64_t width = 1; width < n; width *= 2) {
    for (int64_t begin = 0; begin < n; begin += 2 * width) {
      const int64_t middle = std::min(begin + width, n), end = std::min(begin + 2 * width, n);
      int64_t left = begin, right = middle;
      for (int64_t k = begin; k < end; ++k) {
        const bool take_right = left == middle || (right < end && values[right] < values[left]);
        exchanges += take_right ? middle - left : 0;
        spare[k] = take_right ? values[right++] : values[left++];
      }
    }
    std::copy(spare, spare + n, values);
  }
  return exchanges;
}

PairCounts count_sorted(Keys* keys, int64_t n, uint64_t* values) {
  std::sort(keys, keys + n);
  const int64_t all = pairs_of(n);
  const int64_t tied_a = tied_pairs(n, [&](int64_t i) { return keys[i].a == keys[i - 1].a; });
  const int64_t tied_both = tied_pairs(n, [&](int64_t i) { return !(keys[i - 1] < keys[i]); });
  for (int64_t i = 0; i < n; ++i) values[i] = keys[i].b;
  const int64_t discordant = sort_and_count(values, values + n, n);
  const int64_t tied_b = tied_pairs(n, [&](int64_t i) { return values[i] == values[i - 1]; });
  return {all - tied_a, all - tied_b, all - tied_a - tied_b + tied_both - 2 * discordant};
}

template <class T, class E>
double value_at(const void* row, int64_t j) {
  return portable::to_double(static_cast<const E*>(row)[j]);
}

double element_at(int32_t dtype, const void* row, int64_t j) {
  CD_FOR_DTYPE(dtype, value_at, row, j)
}

bool has_nan(int32_t dtype, const void* row, int64_t classes) {
  for (int64_t j = 0; j < classes; ++j) {
    if (std::isnan(element_at(dtype, row, j))) return true;
  }
  return false;
}

}  // namespace

int64_t tau_scratch_bytes(int32_t dtype, int64_t classes) {
  return compares_all_pairs(dtype, classes)
             ? 2 * (classes * accumulator_bytes(dtype) / 64 + 1) * 64
             : (classes * static_cast<int64_t>(sizeof(Keys) + 16) / 64 + 1) * 64;
}

double kendall_tau(int32_t dtype, const void* a, const void* b, int64_t classes, char* scratch) {
  if (has_nan(dtype, a, classes) || has_nan(dtype, b, classes)) return std::nan("");
  PairCounts counts;
  if (compares_all_pairs(dtype, classes)) {
    counts = CD_OF_ACTIVE_ISA(count_pairs)(dtype, a, b, classes, scratch);
  } else {
    Keys* keys = reinterpret_cast<Keys*>(scratch);
    for (int64_t j = 0; j < classes; ++j) {
      keys[j] = {ordered_key(element_at(dtype, a, j)), ordered_key(element_at(dtype, b, j))};
    }
    counts = count_sorted(keys, classes, reinterpret_cast<uint64_t*>(keys + classes));
  }
  if (counts.ordered_a == 0 || counts.ordered_b == 0) return std::nan("");
  // The root of the product: of a square it is exact, so that rows in the same order have 1.
  return static_cast<double>(counts.alike) /
         std::sqrt(static_cast<double>(counts.ordered_a) * static_cast<double>(counts.ordered_b));
}

#endif

}  // namespace cd

#if defined(CD_COMPILE_PORTABLE)
extern "C" int32_t cd_kendall_tau(int32_t dtype, int64_t rows, int64_t classes, const void* a,
                                  int64_t a_stride, const void* b, int64_t b_stride,
                                  double threshold, void* tau, uint8_t* mask_or_null,
                                  int32_t threads) {
  return cd::guarded([&] {
    const int64_t element = cd::element_bytes(dtype);
    cd::check_size("rows", rows, 0);
    cd::check_size("classes", classes, 1);
    cd::check_size("threads", threads, 0);
    cd::check_threshold(threshold);
    cd::ArrayCheck check;
    cd::check_kendall_tau_arrays(check, dtype, rows, classes, a, a_stride, b, b_stride, tau,
                                 mask_or_null);
    check.check_aliasing();
    cd::active_isa();
    const int64_t rows_per_task = std::max<int64_t>(1, cd::kElementsPerTask / classes);
    const int64_t tasks = (rows + rows_per_task - 1) / rows_per_task;
    if (tasks == 0) return;
    const int32_t slots = cd::threads_for(tasks, threads);
    const int64_t slot_bytes = cd::tau_scratch_bytes(dtype, classes);
    const cd::Buffer memory(slots * slot_bytes);
    cd::portable::parallel_for(tasks, slots, [&](int64_t task, int32_t slot) {
      char* scratch = static_cast<char*>(memory.get()) + slot * slot_bytes;
      const int64_t last = std::min(rows, (task + 1) * rows_per_task);
      for (int64_t i = task * rows_per_task; i < last; ++i) {
        const double value =
            cd::kendall_tau(dtype, static_cast<const char*>(a) + i * a_stride * element,
                            static_cast<const char*>(b) + i * b_stride * element, classes, scratch);
        cd::set_accumulator(dtype, tau, i, value);
        if (mask_or_null != nullptr) mask_or_null[i] = value > threshold;
      }
    });
  });
}
#endif
