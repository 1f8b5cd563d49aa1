// K7, losses on the similarities between the samples of a batch, with gradients by both sides:
// probabilistic knowledge transfer and similarity-preserving distillation. Lanes are rows: a panel
// of W rows has its products [B, W] with all rows, which become slopes D in place. The gradient by
// row i is the sum over j of (D_ij + D_ji) times row j. Entries are computed in double.
#include <algorithm>
#include <cmath>

#include "core/accumulator.h"
#include "core/loss_arrays.h"
#include "core/parallel.h"
#include "core/rounding.h"
#include "kernels/similarity_slopes.h"

namespace cd {

// Dp: D up to whole panels.
struct SimilaritySide : RelationSide {
  int64_t padded_dim;
  double power;    // of two, that brings the longest row to about 1; NaN where a row is not finite
  void* norms;     // [B] of double
  void* packed;    // [Dp / W][height][W] of T
  void* columns;   // [panels][Dp][W] of T: the same, transposed
  void* products;  // [panels][height][W] of T, then slopes
};

struct Similarity {
  int32_t dtype, kind;
  int64_t rows;
  SimilaritySide sides[2];
  double grad_scale;

  int64_t width, panels;
  int64_t height;  // rows of a panel: B and what the register tiles read and write beyond
  int64_t depth;   // rows that the gradients sum over
  int64_t slot_bytes;
  void* row_losses;  // [B] of double
  void* slots;  // [threads][slot_bytes]: of T, D + D^T [height][W] and gradients [Dp / W][W][W]
};

CD_FOR_EACH_ISA(void similarity_norms_task(const Similarity& call, int64_t panel))
CD_FOR_EACH_ISA(void similarity_pack_task(const Similarity& call, int64_t panel))
CD_FOR_EACH_ISA(void similarity_products_task(const Similarity& call, int64_t panel))
CD_FOR_EACH_ISA(void similarity_mirror_task(const Similarity& call, int64_t panel))
CD_FOR_EACH_ISA(void similarity_slopes_task(const Similarity& call, int64_t panel))
CD_FOR_EACH_ISA(void similarity_gradient_task(const Similarity& call, int64_t panel, int32_t slot))

namespace CD_TARGET {
namespace {

template <class T>
T* panel_of(const Similarity& call, void* array, int64_t rows, int64_t panel) {
  return static_cast<T*>(array) + panel * rows * call.width;
}

int64_t rows_of(const Similarity& call, int64_t panel) {
  const int64_t left = call.rows - panel * call.width;
  return left < call.width ? left : call.width;
}

template <class E>
const E* row_of(const SimilaritySide& side, int64_t i) {
  return static_cast<const E*>(side.rows) + i * side.stride;
}

// to[w][r] = from[r][w] of [W, W].
template <class T>
void transpose_square(const T* from, T* to) {
  constexpr int64_t kVector = kLanes<T>, kWidth = kPanelWidth<T>;
  for (int64_t r = 0; r < kWidth; r += kVector) {
    for (int64_t c = 0; c < kWidth; c += kVector) {
      transpose_block(from + r * kWidth + c, kWidth, to + c * kWidth + r, kWidth);
    }
  }
}

// ---- products ----

template <class T, class E>
void panel_norms(const Similarity& call, int64_t panel) {
  const int64_t first = panel * call.width, end = first + rows_of(call, panel);
  for (const SimilaritySide& side : call.sides) {
    double* norms = static_cast<double*>(side.norms);
    for (int64_t i = first; i < end; ++i) norms[i] = row_norm<T>(row_of<E>(side, i), side.dim);
  }
}

// The last panel also packs the zeros below the rows.
template <class T, class E>
void pack_panel(const Similarity& call, int64_t panel) {
  constexpr int64_t kWidth = kPanelWidth<T>;
  const int64_t first = panel * kWidth;
  const int64_t end = panel + 1 == call.panels ? call.height : first + kWidth;
  for (const SimilaritySide& side : call.sides) {
    T* packed = static_cast<T*>(side.packed);
    for (int64_t i = first; i < end; ++i) {
      const bool real = i < call.rows;
      const double norm = real ? static_cast<const double*>(side.norms)[i] : 0;
      const double factor = call.kind == CD_SIMILARITY_PKT ? inverse_norm(norm) : side.power;
      pack_row<T>(real ? row_of<E>(side, i) : nullptr, real ? side.dim : 0, side.padded_dim, factor,
                  i, call.height, packed);
    }
    T* columns = panel_of<T>(call, side.columns, side.padded_dim, panel);
    for (int64_t d = 0; d < side.padded_dim; d += kWidth) {
      transpose_square(packed + d * call.height + first * kWidth, columns + d * kWidth);
    }
  }
}

// Those with the rows of this panel and of later ones.
template <class T, class E>
void panel_products(const Similarity& call, int64_t panel) {
  constexpr int64_t kWidth = kPanelWidth<T>;
  const int64_t first = panel * kWidth, rows = (call.panels - panel) * kWidth;
  for (const SimilaritySide& side : call.sides) {
    multiply_deep_row_panels(
        rows, side.padded_dim / kWidth, static_cast<const T*>(side.packed) + first * kWidth,
        call.height * kWidth, panel_of<T>(call, side.columns, side.padded_dim, panel),
        panel_of<T>(call, side.products, call.height, panel) + first * kWidth);
  }
}

// Those with the rows of earlier panels, which have made them.
template <class T, class E>
void mirror_panel(const Similarity& call, int64_t panel) {
  constexpr int64_t kWidth = kPanelWidth<T>;
  for (const SimilaritySide& side : call.sides) {
    T* own = panel_of<T>(call, side.products, call.height, panel);
    for (int64_t q = 0; q < panel; ++q) {
      const T* earlier = panel_of<T>(call, side.products, call.height, q);
      transpose_square(earlier + panel * kWidth * kWidth, own + q * kWidth * kWidth);
    }
  }
}

// ---- slopes ----

template <class T, class E>
void panel_slopes(const Similarity& call, int64_t panel) {
  T* s = panel_of<T>(call, call.sides[0].products, call.height, panel);
  T* t = panel_of<T>(call, call.sides[1].products, call.height, panel);
  const auto& [student, teacher] = call.sides;
  const auto shortest = [](const SimilaritySide& side) {
    return std::max(kShortestNorm * side.power * side.power, 1e-300);
  };
  const RowNumbers<T> losses =
      call.kind == CD_SIMILARITY_PKT
          ? pkt_slopes(call.rows, s, student.grad_or_null != nullptr, t,
                       teacher.grad_or_null != nullptr)
          : sp_slopes(call.rows, s, shortest(student), t, shortest(teacher));
  __builtin_memcpy(static_cast<double*>(call.row_losses) + panel * call.width, &losses,
                   static_cast<size_t>(rows_of(call, panel)) * sizeof(double));
}

// ---- gradients by the rows ----

// D + D^T, the columns of a panel; 0 below the rows, which pads what is summed.
template <class T>
void symmetrise(const Similarity& call, const SimilaritySide& side, int64_t panel, T* both) {
  constexpr int64_t kWidth = kPanelWidth<T>, kSquare = kWidth * kWidth;
  const T* own = panel_of<T>(call, side.products, call.height, panel);
  for (int64_t q = 0; q < call.panels; ++q) {
    T* square = both + q * kSquare;
    transpose_square(panel_of<T>(call, side.products, call.height, q) + panel * kSquare, square);
    for (int64_t k = 0; k < kSquare; k += kLanes<T>) {
      write(square + k, read<Vector<T>>(square + k) + read<Vector<T>>(own + q * kSquare + k));
    }
  }
  const int64_t below = (call.depth - call.rows) * kWidth;
  __builtin_memset(both + call.rows * kWidth, 0, static_cast<size_t>(below) * sizeof(T));
  // A row's cosine with itself is constant: what it adds lies along the row.
  if (call.kind != CD_SIMILARITY_PKT) return;
  for (int64_t w = 0; w < rows_of(call, panel); ++w) both[(panel * kWidth + w) * kWidth + w] = 0;
}

// Of one row: `sums` [Dp / W] numbers of W each, kSquare apart.
template <class T, class E>
void write_gradient(const Similarity& call, const SimilaritySide& side, int64_t i, const T* sums) {
  constexpr int64_t kWidth = kPanelWidth<T>, kSquare = kWidth * kWidth;
  const double count = static_cast<double>(call.rows) * static_cast<double>(call.rows);
  const bool unit = call.kind == CD_SIMILARITY_PKT;
  const double inverse = unit ? inverse_norm(static_cast<const double*>(side.norms)[i]) : 0;
  const double factor = call.grad_scale / count * (unit ? inverse : 2 * side.power);
  const E* x = row_of<E>(side, i);
  const auto sum_at = [&](int64_t d) {
    return load<double>(sums + d / kWidth * kSquare + d % kWidth);
  };
  Sums<double> along;
  if (unit) {
    for_each_vector<double>(
        0, side.dim, [&](int64_t d, int64_t n, int k) __attribute__((always_inline)) {
          along.part[k] = multiply_add(sum_at(d), load<double>(x + d, n), along.part[k]);
        });
  }
  // (g.x^) x^ = (g.x / |x|) x / |x|
  const V radial = broadcast(-along.total() * inverse * inverse), scale = broadcast(factor);
  E* grad = static_cast<E*>(side.grad_or_null) + i * side.grad_stride;
  for_each_vector<double>(
      0, side.dim, [&](int64_t d, int64_t n, int) __attribute__((always_inline)) {
        const V x_d = load<double>(x + d, n);
        store<double>(grad + d, multiply_add(radial, x_d, sum_at(d)) * scale, n);
      });
}

template <class T, class E>
void panel_gradient(const Similarity& call, int64_t panel, int32_t slot) {
  constexpr int64_t kWidth = kPanelWidth<T>, kSquare = kWidth * kWidth;
  T* both = reinterpret_cast<T*>(static_cast<char*>(call.slots) + slot * call.slot_bytes);
  T* sums = both + call.height * kWidth;
  for (const SimilaritySide& side : call.sides) {
    if (side.grad_or_null == nullptr) continue;
    symmetrise<T>(call, side, panel, both);
    for (int64_t p = 0; p < side.padded_dim / kWidth; ++p) {
      const T* x = static_cast<const T*>(side.packed) + p * call.height * kWidth;
      multiply_transposed_panel<T, false>(call.depth, both, x, sums + p * kSquare);
    }
    for (int64_t w = 0; w < rows_of(call, panel); ++w) {
      write_gradient<T, E>(call, side, panel * kWidth + w, sums + w * kWidth);
    }
  }
}

}  // namespace

void similarity_norms_task(const Similarity& call, int64_t panel) {
  CD_FOR_DTYPE(call.dtype, panel_norms, call, panel)
}

void similarity_pack_task(const Similarity& call, int64_t panel) {
  CD_FOR_DTYPE(call.dtype, pack_panel, call, panel)
}

void similarity_products_task(const Similarity& call, int64_t panel) {
  CD_FOR_DTYPE(call.dtype, panel_products, call, panel)
}

void similarity_mirror_task(const Similarity& call, int64_t panel) {
  CD_FOR_DTYPE(call.dtype, mirror_panel, call, panel)
}

void similarity_slopes_task(const Similarity& call, int64_t panel) {
  CD_FOR_DTYPE(call.dtype, panel_slopes, call, panel)
}

void similarity_gradient_task(const Similarity& call, int64_t panel, int32_t slot) {
  CD_FOR_DTYPE(call.dtype, panel_gradient, call, panel, slot)
}

}  // namespace CD_TARGET

#if defined(CD_COMPILE_PORTABLE)
namespace {

// A multiple of the register tile's rows on every instruction set.
constexpr int64_t kTileStep = 12;

// What one thread needs, roughly: products and gradients in registers, and a few quotients an
// entry.
double nanoseconds(const Similarity& call) {
  const double lanes = static_cast<double>(call.width) / 2;
  const double dims = static_cast<double>(call.sides[0].dim + call.sides[1].dim);
  const double entries = static_cast<double>(call.rows) * static_cast<double>(call.rows);
  return entries * (2 * dims / 80 + 2) * 16 / lanes;
}

double power_of(const SimilaritySide& side, int64_t rows) {
  double longest = 0;
  const double* norms = static_cast<const double*>(side.norms);
  for (int64_t i = 0; i < rows; ++i) {
    if (!(norms[i] <= longest)) longest = norms[i];
    if (!std::isfinite(longest)) return std::nan("");
  }
  if (longest == 0) return 1;
  return std::ldexp(1, std::min(-std::ilogb(longest), 1000));
}

void plan(Similarity& call, int32_t slots, Arrays& arrays) {
  const int64_t t = accumulator_bytes(call.dtype);
  int64_t most_dim = 0;
  for (SimilaritySide& side : call.sides) {
    side.padded_dim = round_up(side.dim, call.width);
    most_dim = std::max(most_dim, side.padded_dim);
    arrays.want(side.norms, call.rows * 8);
    arrays.want(side.packed, side.padded_dim * call.height * t);
    arrays.want(side.columns, side.padded_dim * call.panels * call.width * t);
    arrays.want(side.products, call.panels * call.height * call.width * t);
  }
  call.slot_bytes = round_up((call.height + most_dim) * call.width * t, 64);
  arrays.want(call.row_losses, call.rows * 8);
  arrays.want(call.slots, slots * call.slot_bytes);
  arrays.allocate();
}

double run(Similarity& call, int32_t threads) {
  call.width = 2 * active_vector_bytes() / accumulator_bytes(call.dtype);
  call.panels = ceil_divide(call.rows, call.width);
  call.height = call.panels * call.width + kTileStep;
  call.depth = round_up(call.rows, kTileStep);
  const int32_t slots = threads_for(call.panels, threads, nanoseconds(call));
  Arrays arrays;
  plan(call, slots, arrays);
  const auto for_panels = [&](const auto task) {
    portable::parallel_for(call.panels, slots, [&](int64_t panel, int32_t) { task(call, panel); });
  };
  for_panels(CD_OF_ACTIVE_ISA(similarity_norms_task));
  for (SimilaritySide& side : call.sides) side.power = power_of(side, call.rows);
  for_panels(CD_OF_ACTIVE_ISA(similarity_pack_task));
  for_panels(CD_OF_ACTIVE_ISA(similarity_products_task));
  for_panels(CD_OF_ACTIVE_ISA(similarity_mirror_task));
  for_panels(CD_OF_ACTIVE_ISA(similarity_slopes_task));
  const auto gradient = CD_OF_ACTIVE_ISA(similarity_gradient_task);
  portable::parallel_for(call.panels, slots,
                         [&](int64_t panel, int32_t slot) { gradient(call, panel, slot); });
  double sum = 0;
  const double* losses = static_cast<const double*>(call.row_losses);
  for (int64_t i = 0; i < call.rows; ++i) sum += losses[i];
  return sum / static_cast<double>(call.rows) / static_cast<double>(call.rows);
}

}  // namespace
#endif

}  // namespace cd

#if defined(CD_COMPILE_PORTABLE)
extern "C" int32_t cd_similarity(int32_t dtype, int32_t kind, int64_t rows, int64_t student_dim,
                                 int64_t teacher_dim, const void* student, int64_t student_stride,
                                 const void* teacher, int64_t teacher_stride, double grad_scale,
                                 void* loss, void* grad_student_or_null,
                                 int64_t grad_student_stride, void* grad_teacher_or_null,
                                 int64_t grad_teacher_stride, int32_t threads) {
  return cd::guarded([&] {
    cd::check_relation_sizes(dtype, rows, student_dim, teacher_dim, threads);
    cd::check_enum("kind", kind, 2);
    cd::check_finite("grad_scale", grad_scale);
    cd::Similarity call = {};
    call.dtype = dtype;
    call.kind = kind;
    call.rows = rows;
    static_cast<cd::RelationSide&>(call.sides[0]) = {student_dim, student, student_stride,
                                                     grad_student_or_null, grad_student_stride};
    static_cast<cd::RelationSide&>(call.sides[1]) = {teacher_dim, teacher, teacher_stride,
                                                     grad_teacher_or_null, grad_teacher_stride};
    call.grad_scale = grad_scale;
    cd::ArrayCheck check;
    cd::check_relation_arrays(check, dtype, rows, call.sides[0], call.sides[1], loss);
    check.check_aliasing();
    cd::active_isa();
    cd::set_accumulator(dtype, loss, 0, rows == 0 ? 0 : cd::run(call, threads));
  });
}
#endif
