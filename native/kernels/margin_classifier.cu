// K2, the quality-weighted margin classifier loss on a GPU: the C functions and their launches.
//
// The logits are computed twice, in chunks of classes: once for each row's log-sum-exp, once more,
// chunk by chunk, for the gradients.
#include <algorithm>
#include <vector>

#include "core/loss_arrays.h"
#include "core/loss_options.h"
#include "kernels/margin_classifier_gradients.cuh"
#include "kernels/margin_classifier_plan.cuh"

namespace cd::cuda {
namespace {

// One call, in the order of its launches.
template <class T>
class MarginClassifier {
 public:
  using A = Accumulator<T>;

  MarginClassifier(const ClassifierMatrix<T>& matrix, const ClassifierOptions& options,
                   const std::vector<ClassifierSet<T>>& sets, const Plan& plan,
                   const Space<T>& space, void* stream)
      : matrix_(matrix),
        options_(options),
        sets_(sets),
        plan_(plan),
        space_(space),
        stream_(stream) {}

  // Before all else. The norms of both sides are those that the rows are divided by, and the one
  // block that makes the first set's divisor makes the weights: nothing more is launched.
  void weigh_by(const cd_quality& quality) {
    const int64_t rows = sets_[0].rows;
    sets_[0].norms_or_null = space_.norms;
    sets_[1].norms_or_null = space_.norms + rows;
    quality_ = {{rows,
                 {space_.norms, space_.norms + rows},
                 quality.mode,
                 quality.slope,
                 quality.h,
                 quality.alpha,
                 quality.update != 0,
                 quality.statistics,
                 static_cast<A*>(quality.weights)},
                quality.offset,
                quality.factor,
                space_.row_weights};
  }

  void losses(int64_t* bad_row) {
    prepare_rows(bad_row);
    for_each_chunk([&](int64_t first) {
      stage_classes(first, true);
      const LogitTiles<T> call = logit_tiles(first, 0, plan_.padded_rows);
      launch<kTileThreads>("classifier logits", {int64_t{call.row_tiles} * class_tiles()}, stream_,
                           classifier_logits<T>, call, space_.parts, slots());
    });
    for (size_t s = 0; s < sets_.size(); ++s) {
      launch<kClassifierBlock>("classifier targets", warps(sets_[s].rows), stream_,
                               classifier_targets<T>, sets_[s], matrix_, options_,
                               space_.divisors + s, space_.parts, slots(), space_.rows);
      launch<kClassifierBlock>("classifier loss", {1}, stream_, classifier_loss<T>, sets_[s],
                               space_.rows, space_.divisors + s, options_.reduction, s == 0,
                               space_.peak);
    }
  }

  void gradients(const ClassifierGradients<T>& out) {
    const bool of_classes = out.classifier_or_null != nullptr || out.bias_or_null != nullptr;
    bool of_rows = false;
    for (const auto& set : sets_) of_rows |= set.grad_embeddings_or_null != nullptr;
    if (!of_classes && !of_rows) return;
    launch<kClassifierBlock>("classifier chains", warps(plan_.rows), stream_, classifier_chains<T>,
                             space_.rows, plan_.rows, space_.classes.first_precise);
    for_each_chunk([&](int64_t first) {
      // A single chunk is still there from the losses.
      if (plan_.chunk_classes < matrix_.classes) stage_classes(first, false);
      for (int64_t row = 0; row < plan_.rows; row += plan_.chunk_rows) {
        multiply_gradients(first, row, of_rows, of_classes);
      }
      if (of_classes) finish_classes(first, out);
    });
    for (const auto& set : sets_) {
      if (set.grad_embeddings_or_null == nullptr) continue;
      const UnitGradients<T> sums = {space_.row_sums, plan_.row_splits,
                                     plan_.padded_rows * plan_.pitch, plan_.pitch, space_.peak};
      launch<kClassifierBlock>("classifier row gradients", warps(set.rows), stream_,
                               classifier_row_gradients<T>, set, matrix_, options_.normalized,
                               space_.rows, sums);
    }
  }

 private:
  static constexpr int64_t kSide = Tile<T>::kSide;
  static constexpr int64_t kDepth = Tile<T>::kDepth;

  static Grid warps(int64_t count) { return {ceil_divide(count, kWarpsOfBlock)}; }
  int64_t class_tiles() const { return plan_.chunk_classes / kSide; }
  int64_t slots() const { return class_tiles() * Tile<T>::kSlots; }

  template <class Body>
  void for_each_chunk(const Body& body) {
    for (int64_t first = 0; first < matrix_.classes; first += plan_.chunk_classes) body(first);
  }

  void prepare_rows(int64_t* bad_row) {
    ClassifierSet<T> padding = {};
    padding.first = plan_.rows;
    padding.rows = plan_.padded_rows - plan_.rows;
    launch_rows(padding);
    for (const auto& set : sets_) launch_rows(set);
    for (size_t s = 0; s < sets_.size(); ++s) {
      const bool by_quality = s == 0 && quality_.from_norms.weights != nullptr;
      launch<kClassifierBlock>("classifier divisor", {1}, stream_, classifier_divisor<T>, sets_[s],
                               space_.rows, by_quality ? quality_ : ClassifierQuality<A>{},
                               options_.reduction, s == 0, space_.divisors + s, bad_row);
      if (by_quality) sets_[s].weights_or_null = quality_.row_weights;
    }
  }

  void launch_rows(const ClassifierSet<T>& set) {
    launch<kClassifierBlock>("classifier rows", warps(set.rows), stream_, classifier_rows<T>, set,
                             matrix_, options_.normalized, space_.rows);
  }

  void stage_classes(int64_t first, bool clears_chains) {
    space_.classes.first = first;
    launch<kClassifierBlock>("classifier classes", warps(plan_.chunk_classes), stream_,
                             classifier_classes<T>, matrix_, space_.classes, plan_.chunk_classes,
                             options_.normalized, plan_.pitch, clears_chains);
  }

  LogitTiles<T> logit_tiles(int64_t first_class, int64_t first_row, int64_t rows) const {
    LogitTiles<T> call = {};
    call.rows = space_.rows.packed + first_row * plan_.pitch;
    call.classes = space_.classes.packed;
    call.class_rests = space_.classes.rests;
    call.pitch = plan_.pitch;
    call.steps = ceil_divide(plan_.columns, kDepth);
    call.row_tiles = static_cast<unsigned>(rows / kSide);
    call.first_class = first_class;
    call.class_count = matrix_.classes;
    call.normalized = options_.normalized;
    call.scale = static_cast<A>(options_.scale);
    call.factors = space_.rows.factors + first_row;
    return call;
  }

  // The logits' gradients of a chunk of rows and classes, and what they add to dZ and dV.
  void multiply_gradients(int64_t first_class, int64_t first_row, bool of_rows, bool of_classes) {
    const int64_t rows = std::min(plan_.chunk_rows, plan_.padded_rows - first_row);
    const LogitTiles<T> logits = logit_tiles(first_class, first_row, rows);
    const LogitGradients<T> slopes = {space_.logit_gradients, plan_.planes,
                                      plan_.chunk_rows * plan_.chunk_classes, plan_.chunk_classes,
                                      space_.peak};
    launch<kTileThreads>("classifier logit gradients", {int64_t{logits.row_tiles} * class_tiles()},
                         stream_, classifier_logit_gradients<T>, logits, slopes);
    GradientTiles<T> call = {};
    call.left = slopes.planes;
    call.left_pitch = slopes.pitch;
    call.planes = slopes.count;
    call.plane_size = slopes.size;
    call.right_pitch = plan_.pitch;
    call.column_tiles = static_cast<unsigned>(ceil_divide(plan_.columns, kSide));
    if (of_rows) {
      call.right = space_.classes.packed;
      call.row_tiles = static_cast<unsigned>(rows / kSide);
      call.steps = static_cast<unsigned>(plan_.chunk_classes / kDepth);
      call.splits = static_cast<unsigned>(plan_.row_splits);
      call.sums = space_.row_sums + first_row * plan_.pitch;
      call.split_size = plan_.padded_rows * plan_.pitch;
      call.overwrites = first_class == 0;
      launch_gradients("classifier row products", classifier_gradients<T, true>, call);
    }
    if (of_classes) {
      call.right = space_.rows.packed + first_row * plan_.pitch;
      call.row_tiles = static_cast<unsigned>(class_tiles());
      call.steps = static_cast<unsigned>(rows / kDepth);
      call.splits = static_cast<unsigned>(plan_.class_splits);
      call.sums = space_.class_sums;
      call.split_size = plan_.chunk_classes * plan_.pitch;
      call.overwrites = first_row == 0;
      launch_gradients("classifier class products", classifier_gradients<T, false>, call);
    }
  }

  void launch_gradients(const char* name, void (*kernel)(GradientTiles<T>),
                        const GradientTiles<T>& call) {
    launch<kTileThreads>(name, {int64_t{call.row_tiles} * call.column_tiles * call.splits}, stream_,
                         kernel, call);
  }

  void finish_classes(int64_t first, const ClassifierGradients<T>& out) {
    const int64_t count = std::min(plan_.chunk_classes, matrix_.classes - first);
    const int64_t splits = plan_.rows == 0 ? 0 : plan_.class_splits;
    const UnitGradients<T> sums = {space_.class_sums, splits, plan_.chunk_classes * plan_.pitch,
                                   plan_.pitch, space_.peak};
    ClassSpace<T> chunk = space_.classes;
    chunk.first = first;
    launch<kClassifierBlock>("classifier class gradients", warps(count), stream_,
                             classifier_class_gradients<T>, matrix_, chunk, count,
                             options_.normalized, space_.rows, sums, out);
  }

  ClassifierMatrix<T> matrix_;
  ClassifierOptions options_;
  std::vector<ClassifierSet<T>> sets_;
  Plan plan_;
  Space<T> space_;
  ClassifierQuality<A> quality_ = {};
  void* stream_;
};

template <class T>
ClassifierSet<T> device_set(const cd_row_set& set, int64_t first) {
  using A = Accumulator<T>;
  ClassifierSet<T> result = {};
  result.first = first;
  result.rows = set.rows;
  result.embeddings_or_null = static_cast<const T*>(set.embeddings);
  result.stride = set.embeddings_stride;
  result.wide = is_wide(result.embeddings_or_null, result.stride);
  result.labels = set.labels;
  result.weights_or_null = static_cast<const A*>(set.weights_or_null);
  result.grad_scale = set.grad_scale;
  result.loss = static_cast<A*>(set.loss);
  result.row_losses_or_null = static_cast<A*>(set.row_losses_or_null);
  result.hits_or_null = set.hits_or_null;
  result.grad_embeddings_or_null = static_cast<T*>(set.grad_embeddings_or_null);
  result.grad_stride = set.grad_embeddings_stride;
  result.grad_wide = is_wide(result.grad_embeddings_or_null, result.grad_stride);
  result.grad_weights_or_null = static_cast<A*>(set.grad_weights_or_null);
  return result;
}

int64_t checked_rows(const cd_row_set* row_sets, int32_t row_set_count) {
  ArrayCheck check;
  check_row_sets(check, row_sets, row_set_count);
  int64_t rows = 0;
  for (int32_t s = 0; s < row_set_count; ++s) {
    check.set_prefix("row_sets", s);
    check.size("rows", row_sets[s].rows, 0);
    rows += row_sets[s].rows;
    check.size("rows, with those before", rows, 0);
  }
  return rows;
}

}  // namespace
}  // namespace cd::cuda

extern "C" int32_t cd_margin_classifier_cuda_workspace(int32_t dtype, int64_t classes, int64_t dim,
                                                       const cd_row_set* row_sets,
                                                       int32_t row_set_count, int64_t* bytes) {
  return cd::guarded([&] {
    cd::element_bytes(dtype);
    cd::check_size("classes", classes, 1);
    cd::check_size("dim", dim, 0);
    const int64_t rows = cd::cuda::checked_rows(row_sets, row_set_count);
    cd::cuda::check_bytes(bytes);
    cd::cuda::with_element_type(dtype, [&](auto element) {
      using T = decltype(element);
      int64_t needed = 0;
      for (const int64_t columns : {dim, dim + 1}) {  // without and with a bias
        const auto plan = cd::cuda::plan_of<T>(classes, columns, rows);
        cd::cuda::Workspace workspace(nullptr, 0);
        cd::cuda::divide<T>(workspace, plan, classes, row_set_count);
        needed = std::max(needed, workspace.needed());
      }
      *bytes = needed;
    });
  });
}

extern "C" int32_t cd_margin_classifier_cuda(
    int32_t dtype, int64_t classes, int64_t dim, const void* classifier, int64_t classifier_stride,
    const void* bias_or_null, const cd_row_set* row_sets, int32_t row_set_count,
    const cd_quality* quality_or_null, int32_t kind, double scale, double margin,
    int32_t easy_margin, int32_t reduction, void* grad_classifier_or_null,
    int64_t grad_classifier_stride, void* grad_bias_or_null, int64_t* bad_row, void* workspace,
    int64_t workspace_bytes, void* stream) {
  return cd::guarded([&] {
    cd::element_bytes(dtype);
    cd::check_size("classes", classes, 1);
    cd::check_size("dim", dim, 0);
    cd::check_classifier_options(kind, scale, margin, easy_margin, reduction);
    const int64_t rows = cd::cuda::checked_rows(row_sets, row_set_count);
    cd::ArrayCheck check;
    cd::check_classifier_arrays(check, dtype, classes, dim, kind, classifier, classifier_stride,
                                bias_or_null, grad_classifier_or_null, grad_classifier_stride,
                                grad_bias_or_null);
    cd::cuda::check_device_arrays(check, bad_row, workspace, workspace_bytes);
    for (int32_t s = 0; s < row_set_count; ++s) {
      cd::check_row_set_arrays(check, s, row_sets[s], dtype, dim);
    }
    if (quality_or_null != nullptr) {
      cd::check_classifier_quality(check, *quality_or_null, row_sets, row_set_count, dtype);
    }
    check.check_aliasing();
    cd::cuda::with_element_type(dtype, [&](auto type) {
      using T = decltype(type);
      cd::cuda::ClassifierMatrix<T> matrix = {};
      matrix.classes = classes;
      matrix.dim = dim;
      matrix.values = static_cast<const T*>(classifier);
      matrix.stride = classifier_stride;
      matrix.wide = cd::cuda::is_wide(matrix.values, classifier_stride);
      matrix.bias_or_null = static_cast<const T*>(bias_or_null);
      matrix.has_bias_column = bias_or_null != nullptr || grad_bias_or_null != nullptr;
      std::vector<cd::cuda::ClassifierSet<T>> sets;
      int64_t first = 0;
      for (int32_t s = 0; s < row_set_count; ++s) {
        sets.push_back(cd::cuda::device_set<T>(row_sets[s], first));
        first += row_sets[s].rows;
      }
      const auto plan = cd::cuda::plan_of<T>(classes, dim + (matrix.has_bias_column ? 1 : 0), rows);
      cd::cuda::Workspace parts(workspace, workspace_bytes);
      const auto space = cd::cuda::divide<T>(parts, plan, classes, row_set_count);
      parts.check_size();
      const cd::cuda::ClassifierOptions options = {kind,
                                                   kind != CD_CLASSIFIER_SOFTMAX,
                                                   easy_margin != 0,
                                                   reduction,
                                                   scale,
                                                   margin,
                                                   std::cos(margin),
                                                   std::sin(margin)};
      cd::cuda::MarginClassifier<T> call(matrix, options, sets, plan, space, stream);
      if (quality_or_null != nullptr) call.weigh_by(*quality_or_null);
      call.losses(bad_row);
      auto* grad_classifier = static_cast<T*>(grad_classifier_or_null);
      call.gradients({grad_classifier, grad_classifier_stride,
                      cd::cuda::is_wide(grad_classifier, grad_classifier_stride),
                      static_cast<T*>(grad_bias_or_null)});
    });
  });
}
