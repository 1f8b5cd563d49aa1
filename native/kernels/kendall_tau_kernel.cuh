// Kendall's tau-b row by row on a GPU. With n pairs of classes, n_a, n_b of which a row ties,
// tau = (concordant - discordant) / sqrt((n - n_a) (n - n_b)). All counts are integers, so both
// ways to count agree to the last bit:
//  - few classes: every pair is compared; a warp or a block has the row in shared memory;
//  - many: a block sorts by a, then b, and counts the exchanges that sort b (Knight, JASA 61,
//    1966). A merge sort in which every element finds its place by bisection: O(C log^2 C) work,
//    but nothing that one thread would have to do alone.
// B rows, C classes.
#pragma once

#include "core/cuda_rows.cuh"

namespace cd::cuda {

// Up to here all pairs are compared: a bound from counting instructions, not measured. The
// simulator's tests lower it.
#ifndef CD_MOST_PAIRED_CLASSES
#define CD_MOST_PAIRED_CLASSES 1024
#endif
constexpr int64_t kMostPairedClasses = CD_MOST_PAIRED_CLASSES;
constexpr int64_t kMostWarpClasses = 128;  // of a row that a warp compares
constexpr int64_t kSortBlocks = 1024;      // that sort at a time, each in its own memory

// Two integers that order as the values of a class do.
template <class T>
struct OrderedKeys {
  using U = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
  U a;
  U b;
};

template <class T>
struct KendallTau {
  using A = Accumulator<T>;

  int64_t rows;
  int64_t classes;
  const T* a;  // [B, C]
  int64_t a_stride;
  const T* b;  // [B, C]
  int64_t b_stride;
  double threshold;
  A* tau_or_null;         // [B]
  uint8_t* mask_or_null;  // [B]
  int row_threads;        // where pairs are compared: kWarp or kRowBlock
  OrderedKeys<T>* keys;   // where rows are sorted: [blocks, 2, C]
};

// Of the pairs of classes: those that a row orders, and those that both rows order alike minus
// those that they order differently.
struct PairCounts {
  int64_t ordered_a;
  int64_t ordered_b;
  int64_t alike;
};

template <class T>
__device__ void write_tau(const KendallTau<T>& call, int64_t i, const PairCounts& counts,
                          bool has_nan) {
  double tau = not_a_number<double>();
  if (!has_nan && counts.ordered_a != 0 && counts.ordered_b != 0) {
    // The root of the product: of a square it is exact, so that rows in the same order have 1.
    tau = static_cast<double>(counts.alike) /
          sqrt(static_cast<double>(counts.ordered_a) * static_cast<double>(counts.ordered_b));
  }
  if (call.tau_or_null != nullptr) call.tau_or_null[i] = static_cast<Accumulator<T>>(tau);
  if (call.mask_or_null != nullptr) call.mask_or_null[i] = tau > call.threshold ? 1 : 0;
}

// ---- few classes ----

template <class T>
__global__ void __launch_bounds__(kRowBlock) kendall_tau_pairs(KendallTau<T> call) {
  using A = Accumulator<T>;
  CD_DYNAMIC_SHARED(shared);
  const int threads = call.row_threads, classes = static_cast<int>(call.classes);
  const int slot = static_cast<int>(threadIdx.x) / threads;
  const int number = static_cast<int>(threadIdx.x) % threads;
  const int64_t i = int64_t{blockIdx.x} * (kRowBlock / threads) + slot;
  void* memory = shared;
  A *a = static_cast<A*>(memory) + slot * 2 * classes, *b = a + classes;
  int64_t counts[4] = {0, 0, 0, 0};  // ordered a, ordered b, alike, NaNs
  for (int j = number; i < call.rows && j < classes; j += threads) {
    a[j] = widen(call.a[i * call.a_stride + j]);
    b[j] = widen(call.b[i * call.b_stride + j]);
    counts[3] += a[j] != a[j] || b[j] != b[j];
  }
  __syncthreads();
  if (i >= call.rows) return;
  int ordered_a = 0, ordered_b = 0, alike = 0;  // at most C^2 of each
  for (int j = number; j < classes; j += threads) {
    const A own_a = a[j], own_b = b[j];
    for (int k = 0; k < classes; ++k) {
      // Every pair once: with its larger a, or its larger b, in front.
      const bool above_a = own_a > a[k];
      ordered_a += above_a;
      ordered_b += own_b > b[k];
      alike += above_a ? (own_b > b[k]) - (own_b < b[k]) : 0;
    }
  }
  counts[0] = ordered_a;
  counts[1] = ordered_b;
  counts[2] = alike;
  if (threads == kWarp) {
    warp_sum(counts);
  } else {
    block_sum<kRowBlock>(counts);
  }
  if (number == 0) write_tau(call, i, {counts[0], counts[1], counts[2]}, counts[3] != 0);
}

// ---- many classes ----

__device__ inline uint64_t ordered_bits(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return (bits >> 63) != 0 ? ~bits : bits | (uint64_t{1} << 63);
}

__device__ inline uint32_t ordered_bits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return (bits >> 31) != 0 ? ~bits : bits | (uint32_t{1} << 31);
}

// Both zeros have the same key.
template <class A>
__device__ inline auto ordered_key(A value) {
  return ordered_bits(value == 0 ? A{0} : value);
}

struct ByA {
  template <class K>
  __device__ bool operator()(const K& x, const K& y) const {
    return x.a < y.a;
  }
};
struct ByB {
  template <class K>
  __device__ bool operator()(const K& x, const K& y) const {
    return x.b < y.b;
  }
};
struct ByBoth {
  template <class K>
  __device__ bool operator()(const K& x, const K& y) const {
    return x.a != y.a ? x.a < y.a : x.b < y.b;
  }
};

// The first place in [begin, end) whose key is not before(key).
template <class K, class Before>
__device__ inline int64_t bisect(const K* keys, int64_t begin, int64_t end, const Before& before) {
  while (begin < end) {
    const int64_t middle = begin + (end - begin) / 2;
    if (before(keys[middle])) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

// Merges neighbouring sorted runs of `width`; returns this thread's share of the pairs that stood
// in the wrong order.
template <class K, class Less>
__device__ int64_t merge_runs(const K* from, K* to, int64_t n, int64_t width, const Less& less) {
  int64_t exchanges = 0;
  for (int64_t p = threadIdx.x; p < n; p += kRowBlock) {
    const int64_t begin = p & ~(2 * width - 1);
    const int64_t middle = begin + width < n ? begin + width : n;
    const int64_t end = middle + width < n ? middle + width : n;
    const K own = from[p];
    int64_t place;
    if (p < middle) {
      const int64_t below = bisect(from, middle, end, [&](const K& x) { return less(x, own); });
      place = p + (below - middle);
    } else {
      const int64_t above = bisect(from, begin, middle, [&](const K& x) { return !less(own, x); });
      place = p - (middle - above);
      exchanges += middle - above;
    }
    to[place] = own;
  }
  __syncthreads();
  return exchanges;
}

// Sorts `keys` with the help of `spare`, all threads of the block together; they trade places as
// often as needed.
template <class K, class Less>
__device__ int64_t sort_keys(K*& keys, K*& spare, int64_t n, const Less& less) {
  int64_t exchanges = 0;
  for (int64_t width = 1; width < n; width *= 2) {
    exchanges += merge_runs(keys, spare, n, width, less);
    K* const sorted = spare;
    spare = keys;
    keys = sorted;
  }
  return exchanges;
}

// This thread's share of the pairs that tie among sorted keys.
template <class K, class Less>
__device__ int64_t tied_pairs(const K* keys, int64_t n, const Less& less) {
  int64_t pairs = 0;
  for (int64_t p = threadIdx.x; p < n; p += kRowBlock) {
    const K own = keys[p];
    pairs += p - bisect(keys, 0, p, [&](const K& x) { return less(x, own); });
  }
  return pairs;
}

template <class T>
__global__ void __launch_bounds__(kRowBlock) kendall_tau_sorted(KendallTau<T> call) {
  using Keys = OrderedKeys<T>;
  const int64_t n = call.classes, all = n * (n - 1) / 2;
  for (int64_t i = blockIdx.x; i < call.rows; i += gridDim.x) {
    Keys *keys = call.keys + int64_t{blockIdx.x} * 2 * n, *spare = keys + n;
    int64_t counts[5] = {0, 0, 0, 0, 0};  // ties of a, of b, of both; discordant; NaNs
    for (int64_t j = threadIdx.x; j < n; j += kRowBlock) {
      const auto a = widen(call.a[i * call.a_stride + j]), b = widen(call.b[i * call.b_stride + j]);
      counts[4] += a != a || b != b;
      keys[j] = {ordered_key(a), ordered_key(b)};
    }
    __syncthreads();
    sort_keys(keys, spare, n, ByBoth{});
    counts[0] = tied_pairs(keys, n, ByA{});
    counts[2] = tied_pairs(keys, n, ByBoth{});
    __syncthreads();
    counts[3] = sort_keys(keys, spare, n, ByB{});
    counts[1] = tied_pairs(keys, n, ByB{});
    block_sum<kRowBlock>(counts);
    if (threadIdx.x == 0) {
      const int64_t alike = all - counts[0] - counts[1] + counts[2] - 2 * counts[3];
      write_tau(call, i, {all - counts[0], all - counts[1], alike}, counts[4] != 0);
    }
    __syncthreads();  // the next row takes the same memory
  }
}

// ---- host ----

// Pairs of classes are counted in 64 bits.
inline void check_classes_of_tau(int64_t classes) {
  check_size("classes", classes, 1);
  if (classes > INT32_MAX) {
    fail(CD_INVALID_ARGUMENT, "classes: expected at most %d, got %lld", INT32_MAX,
         static_cast<long long>(classes));
  }
}

// Room for the blocks that sort; none where pairs are compared.
template <class T>
OrderedKeys<T>* take_tau_keys(Workspace& workspace, int64_t rows, int64_t classes) {
  const bool sorts = classes > kMostPairedClasses;
  const int64_t blocks = sorts ? (rows < kSortBlocks ? rows : kSortBlocks) : 0;
  return workspace.take<OrderedKeys<T>>(2 * blocks, classes);
}

// `call` with everything but row_threads.
template <class T>
void launch_kendall_tau(KendallTau<T> call, void* stream) {
  if (call.classes > kMostPairedClasses) {
    const int64_t blocks = call.rows < kSortBlocks ? call.rows : kSortBlocks;
    launch<kRowBlock>("kendall tau, sorted", {blocks}, stream, kendall_tau_sorted<T>, call);
    return;
  }
  call.row_threads = call.classes <= kMostWarpClasses ? kWarp : kRowBlock;
  const int64_t slots = kRowBlock / call.row_threads;
  const int64_t bytes = slots * 2 * call.classes * static_cast<int64_t>(sizeof(Accumulator<T>));
  launch<kRowBlock>("kendall tau, pairs", {ceil_divide(call.rows, slots), bytes}, stream,
                    kendall_tau_pairs<T>, call);
}

}  // namespace cd::cuda
