// K6, the noise-contrastive estimation of contrastive representation distillation, of candidates
// that all rows share: value and gradient in one sweep over the candidates, tile by tile. Lanes are
// rows: a tile's products u [candidates, W] with a panel of W rows become slopes in place, which
// are multiplied into the rows' gradient. No B x K array but the caller's counts.
//
// The own candidate counts once less than n says, as -log sigmoid(u) instead: n softplus(u) - u
// would cancel where it is found.
#include <algorithm>
#include <cmath>

#include "core/accumulator.h"
#include "core/loss_options.h"
#include "core/panels.h"
#include "core/parallel.h"
#include "core/rounding.h"
#include "core/simd_math.h"
#include "core/tensor_check.h"

namespace cd {

// W: a panel's width; Bp, Dp: B, D up to whole panels. Tiles are dealt to groups; a group is a task
// and owns a part of the gradient and of the rows' losses.
struct Crd {
  int32_t dtype;
  int64_t rows, candidates, dim;
  const void* embeddings;
  int64_t embeddings_stride;
  const void* memory;
  int64_t memory_stride;
  const int64_t* own;
  const void* counts_or_null;
  int64_t counts_stride;
  double inverse_temperature;
  double offset;
  double grad_factor;
  void* grad_or_null;
  int64_t grad_stride;

  int64_t width, padded_rows, padded_dim;
  int64_t tile_candidates, tiles, groups;
  int64_t slot_bytes;
  void* columns;     // [Bp / W][Dp][W] of T: g, transposed
  void* grad_parts;  // [groups][Dp / W][Bp][W] of T
  void* row_losses;  // [groups][Bp] of double
  void* slots;       // [threads][slot_bytes]: CrdTile
};

CD_FOR_EACH_ISA(void crd_prepare_task(const Crd& call, int64_t panel))
CD_FOR_EACH_ISA(void crd_group_task(const Crd& call, int64_t group, int32_t slot))
CD_FOR_EACH_ISA(void crd_gradient_task(const Crd& call, int64_t panel))

namespace CD_TARGET {
namespace {

// Of one task slot.
template <class T>
struct CrdTile {
  int64_t first;       // candidate
  int64_t candidates;  // of the matrix
  int64_t stride;      // candidates, padded for the register tiles
  T* packed;           // [Dp / W][stride][W]: c
  T* products;         // [stride][W], then slopes
  T* counts;           // [stride][W]
};

template <class T>
CrdTile<T> crd_tile(const Crd& call, int64_t index, int32_t slot) {
  CrdTile<T> tile;
  tile.first = index * call.tile_candidates;
  const int64_t left = call.candidates - tile.first;
  tile.candidates = left < call.tile_candidates ? left : call.tile_candidates;
  tile.stride = (tile.candidates + kTileRows<T> - 1) / kTileRows<T> * kTileRows<T>;
  tile.packed = reinterpret_cast<T*>(static_cast<char*>(call.slots) + slot * call.slot_bytes);
  tile.products = tile.packed + call.tile_candidates * call.padded_dim;
  tile.counts = tile.products + call.tile_candidates * kPanelWidth<T>;
  return tile;
}

template <class T, class E>
void prepare_panel(const Crd& call, int64_t panel) {
  constexpr int64_t kWidth = kPanelWidth<T>;
  T* columns = static_cast<T*>(call.columns) + panel * call.padded_dim * kWidth;
  __builtin_memset(columns, 0, static_cast<size_t>(call.padded_dim * kWidth) * sizeof(T));
  const int64_t left = call.rows - panel * kWidth, rows = left < kWidth ? left : kWidth;
  for (int64_t lane = 0; lane < rows; ++lane) {
    const E* row =
        static_cast<const E*>(call.embeddings) + (panel * kWidth + lane) * call.embeddings_stride;
    for_each_vector<T>(
        0, call.dim, [&](int64_t d, int64_t n, int) __attribute__((always_inline)) {
          T elements[kLanes<T>];
          write(elements, load<T>(row + d, n));
          for (int64_t k = 0; k < n; ++k) columns[(d + k) * kWidth + lane] = elements[k];
        });
  }
}

template <class T, class E>
void pack_candidates(const Crd& call, const CrdTile<T>& tile) {
  for (int64_t j = 0; j < tile.stride; ++j) {
    const bool real = j < tile.candidates;
    const E* row =
        real ? static_cast<const E*>(call.memory) + (tile.first + j) * call.memory_stride : nullptr;
    pack_row<T>(row, real ? call.dim : 0, call.padded_dim, 1, j, tile.stride, tile.packed);
  }
}

// Counts of a tile with a panel of rows, transposed; 0 for what pads either.
template <class T>
void transpose_counts(const Crd& call, const CrdTile<T>& tile, int64_t first_row, int64_t rows) {
  constexpr int64_t kWidth = kPanelWidth<T>;
  __builtin_memset(tile.counts, 0, static_cast<size_t>(tile.stride * kWidth) * sizeof(T));
  const T* counts = static_cast<const T*>(call.counts_or_null);
  for (int64_t lane = 0; lane < rows; ++lane) {
    const T* row =
        counts == nullptr ? nullptr : counts + (first_row + lane) * call.counts_stride + tile.first;
    for (int64_t j = 0; j < tile.candidates; ++j) {
      tile.counts[j * kWidth + lane] = row == nullptr ? 1 : row[j];
    }
  }
}

// The products of a panel become slopes; its rows' losses are added to.
template <class T>
void differentiate(const Crd& call, const CrdTile<T>& tile, double* row_losses) {
  constexpr int64_t kVector = kLanes<T>, kWidth = kPanelWidth<T>;
  const Vector<T> factor = broadcast(static_cast<T>(call.inverse_temperature));
  const Vector<T> offset = broadcast(static_cast<T>(-call.offset));
  Vector<T> losses[2] = {};
  for (int64_t j = 0; j < tile.stride; ++j) {
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      T* const at = tile.products + j * kWidth + half * kVector;
      const Vector<T> count = read<Vector<T>>(tile.counts + j * kWidth + half * kVector);
      const Vector<T> u = multiply_add(read<Vector<T>>(at), factor, offset);
      const Logistic<T> value = logistic<T>(u);
      // 0 u is NaN where u is -infinity, of which nothing else would tell.
      const Vector<T> loss = multiply_add(u, Vector<T>{}, value.softplus);
      losses[half] = multiply_add(count, loss, losses[half]);
      write(at, count * value.sigmoid);
    }
  }
  T sums[kWidth];
  write(sums, losses[0]);
  write(sums + kVector, losses[1]);
  for (int64_t lane = 0; lane < kWidth; ++lane) row_losses[lane] += static_cast<double>(sums[lane]);
}

template <class T>
void sweep_panel(const Crd& call, const CrdTile<T>& tile, int64_t panel, double* row_losses) {
  constexpr int64_t kWidth = kPanelWidth<T>;
  const int64_t first_row = panel * kWidth, left = call.rows - first_row;
  const int64_t rows = left < kWidth ? left : kWidth;
  const T* columns = static_cast<const T*>(call.columns) + panel * call.padded_dim * kWidth;
  multiply_deep_row_panels(tile.stride, call.padded_dim / kWidth, tile.packed, tile.stride * kWidth,
                           columns, tile.products);
  transpose_counts(call, tile, first_row, rows);
  double own_u[kWidth];
  const auto own_at = [&](int64_t lane) {
    const int64_t j = call.own[first_row + lane] - tile.first;
    return j < 0 || j >= tile.candidates ? -1 : j * kWidth + lane;
  };
  for (int64_t lane = 0; lane < rows; ++lane) {
    const int64_t at = own_at(lane);
    if (at < 0) continue;
    own_u[lane] = static_cast<double>(tile.products[at]) * call.inverse_temperature - call.offset;
    tile.counts[at] -= 1;
  }
  differentiate(call, tile, row_losses);
  for (int64_t lane = 0; lane < rows; ++lane) {
    const int64_t at = own_at(lane);
    if (at < 0) continue;
    const double u = own_u[lane], e = std::exp(-std::fabs(u));
    row_losses[lane] += std::log1p(e) + (u < 0 ? -u : 0) + 0 * u;
    tile.products[at] -= static_cast<T>((u < 0 ? 1 : e) / (1 + e));
  }
}

template <class T, class E>
void sweep_group(const Crd& call, int64_t group, int32_t slot) {
  constexpr int64_t kWidth = kPanelWidth<T>;
  T* part = static_cast<T*>(call.grad_parts) + group * call.padded_dim * call.padded_rows;
  double* row_losses = static_cast<double*>(call.row_losses) + group * call.padded_rows;
  for (int64_t i = 0; i < call.padded_rows; ++i) row_losses[i] = 0;
  const int64_t begin = call.tiles * group / call.groups;
  const int64_t end = call.tiles * (group + 1) / call.groups;
  for (int64_t t = begin; t < end; ++t) {
    const CrdTile<T> tile = crd_tile<T>(call, t, slot);
    pack_candidates<T, E>(call, tile);
    for (int64_t panel = 0; panel < call.padded_rows / kWidth; ++panel) {
      sweep_panel(call, tile, panel, row_losses + panel * kWidth);
      if (call.grad_or_null == nullptr) continue;
      for (int64_t p = 0; p < call.padded_dim / kWidth; ++p) {
        const T* c = tile.packed + p * tile.stride * kWidth;
        T* grad = part + (p * call.padded_rows + panel * kWidth) * kWidth;
        if (t == begin) {
          multiply_transposed_panel<T, false>(tile.stride, tile.products, c, grad);
        } else {
          multiply_transposed_panel<T, true>(tile.stride, tile.products, c, grad);
        }
      }
    }
  }
}

template <class T, class E>
void panel_gradient(const Crd& call, int64_t panel) {
  constexpr int64_t kWidth = kPanelWidth<T>;
  const int64_t part = call.padded_dim * call.padded_rows;
  const Vector<T> factor = broadcast(static_cast<T>(call.grad_factor));
  for (int64_t i = panel * kWidth; i < (panel + 1) * kWidth && i < call.rows; ++i) {
    E* grad = static_cast<E*>(call.grad_or_null) + i * call.grad_stride;
    for_each_vector<T>(
        0, call.dim, [&](int64_t d, int64_t n, int) __attribute__((always_inline)) {
          const T* sum = static_cast<const T*>(call.grad_parts) +
                         (d / kWidth * call.padded_rows + i) * kWidth + d % kWidth;
          Vector<T> total = read<Vector<T>>(sum);
          for (int64_t group = 1; group < call.groups; ++group) {
            total += read<Vector<T>>(sum + group * part);
          }
          store<T>(grad + d, factor * total, n);
        });
  }
}

}  // namespace

void crd_prepare_task(const Crd& call, int64_t panel) {
  CD_FOR_DTYPE(call.dtype, prepare_panel, call, panel)
}

void crd_group_task(const Crd& call, int64_t group, int32_t slot) {
  CD_FOR_DTYPE(call.dtype, sweep_group, call, group, slot)
}

void crd_gradient_task(const Crd& call, int64_t panel) {
  CD_FOR_DTYPE(call.dtype, panel_gradient, call, panel)
}

}  // namespace CD_TARGET

#if defined(CD_COMPILE_PORTABLE)
namespace {

constexpr double kEpsilon = 1e-7;
// Bytes of a tile's packed candidates: they stay in the first two caches beside its products.
constexpr int64_t kTileBytes = 48 << 10;
// Candidates of a tile: a multiple of the register tile's rows on every instruction set.
constexpr int64_t kCandidateStep = 12;
constexpr int64_t kLeastTile = 24, kMostTile = 192;
constexpr int64_t kMostGroups = 16;
// Products of two numbers that a group has at least: about a tenth of a millisecond.
constexpr double kGroupProducts = 4e6;

void check_own(const int64_t* own, int64_t rows, int64_t candidates) {
  for (int64_t i = 0; i < rows; ++i) {
    if (own[i] >= 0 && own[i] < candidates) continue;
    fail(CD_INVALID_ARGUMENT, "own: expected a candidate from 0 to %lld, got %lld in row %lld",
         static_cast<long long>(candidates - 1), static_cast<long long>(own[i]),
         static_cast<long long>(i));
  }
}

// Sizes that follow from the shapes alone, so that the result has the same bits for any threads.
void plan_tiles(Crd& call) {
  const int64_t t = accumulator_bytes(call.dtype);
  call.width = 2 * active_vector_bytes() / t;
  call.padded_rows = round_up(call.rows, call.width);
  call.padded_dim = round_up(call.dim, call.width);
  const int64_t fits = kTileBytes / std::max<int64_t>(1, call.padded_dim * t);
  const int64_t tile = std::clamp(fits, kLeastTile, kMostTile) / kCandidateStep * kCandidateStep;
  const double products = static_cast<double>(call.padded_rows) *
                          static_cast<double>(call.candidates) *
                          static_cast<double>(call.padded_dim);
  const double worth = std::min(products / kGroupProducts, static_cast<double>(kMostGroups));
  call.tiles = ceil_divide(call.candidates, tile);
  call.groups = std::clamp<int64_t>(static_cast<int64_t>(worth), 1, call.tiles);
  // As many tiles for each group, all of them about as large.
  call.tiles = round_up(call.tiles, call.groups);
  call.tile_candidates = round_up(ceil_divide(call.candidates, call.tiles), kCandidateStep);
  call.tiles = ceil_divide(call.candidates, call.tile_candidates);
  call.groups = std::min(call.groups, call.tiles);
}

// What one thread needs, roughly.
double nanoseconds(const Crd& call) {
  const double lanes = static_cast<double>(call.width) / 2;  // of f32 16 on AVX-512
  const double products = static_cast<double>(call.rows) * static_cast<double>(call.candidates);
  return products * (4 * static_cast<double>(call.dim) / 160 + 0.8) * 16 / lanes;
}

double run(Crd& call, int32_t threads) {
  plan_tiles(call);
  const int64_t t = accumulator_bytes(call.dtype);
  const int64_t panels = call.padded_rows / call.width;
  const int32_t slots = threads_for(call.groups, threads, nanoseconds(call));
  call.slot_bytes = round_up(call.tile_candidates * (call.padded_dim + 2 * call.width) * t, 64);
  Arrays arrays;
  arrays.want(call.columns, call.padded_rows * call.padded_dim * t);
  arrays.want(call.grad_parts, call.groups * call.padded_rows * call.padded_dim * t);
  arrays.want(call.row_losses, call.groups * call.padded_rows * 8);
  arrays.want(call.slots, slots * call.slot_bytes);
  arrays.allocate();
  const auto prepare = CD_OF_ACTIVE_ISA(crd_prepare_task);
  const auto sweep = CD_OF_ACTIVE_ISA(crd_group_task);
  const auto finish = CD_OF_ACTIVE_ISA(crd_gradient_task);
  for (int64_t panel = 0; panel < panels; ++panel) prepare(call, panel);
  portable::parallel_for(call.groups, slots,
                         [&](int64_t group, int32_t slot) { sweep(call, group, slot); });
  if (call.grad_or_null != nullptr) {
    for (int64_t panel = 0; panel < panels; ++panel) finish(call, panel);
  }
  double sum = 0;
  const double* losses = static_cast<const double*>(call.row_losses);
  for (int64_t group = 0; group < call.groups; ++group) {
    for (int64_t i = 0; i < call.rows; ++i) sum += losses[group * call.padded_rows + i];
  }
  return sum;
}

void check_positive(const char* name, double value) {
  if (std::isfinite(value) && value > 0) return;
  fail(CD_INVALID_ARGUMENT, "%s: expected a finite number above 0, got %.17g", name, value);
}

void check_arrays(const Crd& call, void* loss) {
  const int64_t element = element_bytes(call.dtype), accumulator = accumulator_bytes(call.dtype);
  ArrayCheck check;
  check.input("embeddings", call.embeddings, call.rows, call.dim, call.embeddings_stride, element);
  check.input("memory", call.memory, call.candidates, call.dim, call.memory_stride, element);
  check.input("own", call.own, 1, call.rows, call.rows, 8);
  check.input_or_null("counts", call.counts_or_null, call.rows, call.candidates, call.counts_stride,
                      accumulator);
  check.output("loss", loss, 1, 1, 1, accumulator);
  check.output_or_null("grad_embeddings", call.grad_or_null, call.rows, call.dim, call.grad_stride,
                       element);
  check.check_aliasing();
  check_own(call.own, call.rows, call.candidates);
}

}  // namespace
#endif

}  // namespace cd

#if defined(CD_COMPILE_PORTABLE)
extern "C" int32_t cd_crd(int32_t dtype, int64_t rows, int64_t candidates, int64_t dim,
                          const void* embeddings, int64_t embeddings_stride, const void* memory,
                          int64_t memory_stride, const int64_t* own, const void* counts_or_null,
                          int64_t counts_stride, double temperature, double normaliser,
                          int64_t negatives, int64_t samples, double grad_scale, void* loss,
                          void* grad_embeddings_or_null, int64_t grad_embeddings_stride,
                          int32_t threads) {
  return cd::guarded([&] {
    cd::element_bytes(dtype);
    cd::check_size("rows", rows, 0);
    cd::check_size("candidates", candidates, 1);
    cd::check_size("dim", dim, 0);
    cd::check_size("negatives", negatives, 1);
    cd::check_size("samples", samples, 1);
    cd::check_size("threads", threads, 0);
    cd::check_temperature(temperature);
    cd::check_positive("normaliser", normaliser);
    cd::check_finite("grad_scale", grad_scale);
    cd::Crd call = {};
    call.dtype = dtype;
    call.rows = rows;
    call.candidates = candidates;
    call.dim = dim;
    call.embeddings = embeddings;
    call.embeddings_stride = embeddings_stride;
    call.memory = memory;
    call.memory_stride = memory_stride;
    call.own = own;
    call.counts_or_null = counts_or_null;
    call.counts_stride = counts_stride;
    call.inverse_temperature = 1 / temperature;
    const double noise = static_cast<double>(negatives) / static_cast<double>(samples);
    call.offset = std::log(normaliser) + std::log(noise + cd::kEpsilon);
    call.grad_factor = grad_scale / (static_cast<double>(rows) * temperature);
    call.grad_or_null = grad_embeddings_or_null;
    call.grad_stride = grad_embeddings_stride;
    cd::check_arrays(call, loss);
    cd::active_isa();
    double value = 0;
    if (rows > 0) {
      value = cd::run(call, threads) / static_cast<double>(rows) +
              static_cast<double>(negatives) * std::log1p(cd::kEpsilon / noise);
    }
    cd::set_accumulator(dtype, loss, 0, value);
  });
}
#endif
