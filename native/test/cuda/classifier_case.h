// What the tests of K2 on the device under test share.
#pragma once

#include "test/cuda/device.h"
#include "test/reference.h"

namespace classifier {

using device::Array;
using device::kDtypes;
using device::Numbers;
using device::Placement;

struct Case {
  int32_t dtype = CD_F32;
  int64_t classes = 0;
  int64_t dim = 0;
  reference::ClassifierOptions options;
  bool weighted = true;
  bool biased = false;
  Placement placement;
};

struct Inputs {
  std::vector<double> classifier, bias;
  std::vector<reference::RowSet> sets;
};

struct SetOutputs {
  std::vector<double> loss, rows, hits, grad_embeddings, grad_weights;
};

struct Outputs {
  std::vector<double> of_quality, statistics;  // empty without one
  std::vector<SetOutputs> sets;
  std::vector<double> grad_classifier, grad_bias;
  int64_t bad_row;
};

// Rows that point to their classes more or less.
inline reference::RowSet row_set(Numbers& numbers, const Case& c,
                                 const std::vector<double>& classifier, int64_t rows) {
  reference::RowSet set;
  set.embeddings = numbers.normals(rows * c.dim);
  set.weights = numbers.weights(rows);
  for (int64_t i = 0; i < rows; ++i) {
    const auto label = static_cast<int64_t>(numbers.uniform() * static_cast<double>(c.classes));
    const double share = 1.5 * numbers.uniform() - 0.5;
    for (int64_t d = 0; d < c.dim; ++d) {
      double& z = set.embeddings[static_cast<size_t>(i * c.dim + d)];
      z = Numbers::rounded(z + 2 * share * classifier[static_cast<size_t>(label * c.dim + d)]);
    }
    set.labels.push_back(i % 9 == 4 ? int64_t{CD_IGNORE_LABEL} : label);
  }
  return set;
}

inline Inputs inputs(const Case& c, const std::vector<int64_t>& rows, uint64_t seed) {
  Numbers numbers(seed);
  Inputs in;
  in.classifier = numbers.normals(c.classes * c.dim);
  if (c.biased) in.bias = numbers.normals(c.classes);
  for (const int64_t count : rows) {
    in.sets.push_back(row_set(numbers, c, in.classifier, count));
    in.sets.back().grad_scale = in.sets.size() == 1 ? 1 : -0.5;
    if (!c.weighted) in.sets.back().weights.assign(static_cast<size_t>(count), 1);
  }
  return in;
}

// The arrays of one row set on the device.
struct DeviceSet {
  DeviceSet(const Case& c, const reference::RowSet& set)
      : rows(static_cast<int64_t>(set.labels.size())),
        dim(c.dim),
        a(device::accumulator(c.dtype)),
        embeddings(c.dtype, set.embeddings, rows, c.dim, c.placement),
        labels(device::label_array(set.labels)),
        weights(a, set.weights, rows, 1),
        loss(a, 1, 1),
        row_losses(a, rows, 1),
        hits(device::kByte, rows, 1),
        grad_embeddings(c.dtype, rows, c.dim, c.placement),
        grad_weights(a, rows, 1) {}

  cd_row_set arguments(bool weighted, double grad_scale) const {
    return {rows,
            dim == 0 ? nullptr : embeddings.data(),
            embeddings.stride(),
            labels.as<int64_t>(),
            weighted ? weights.data() : nullptr,
            grad_scale,
            loss.data(),
            row_losses.data(),
            hits.as<uint8_t>(),
            grad_embeddings.data(),
            grad_embeddings.stride(),
            grad_weights.data()};
  }

  SetOutputs outputs() const {
    embeddings.values("embeddings");
    labels.values("labels");
    weights.values("weights");
    return {loss.values("loss"), row_losses.values("row_losses"), hits.values("hits"),
            grad_embeddings.values("grad_embeddings"), grad_weights.values("grad_weights")};
  }

  int64_t rows;
  int64_t dim;
  int32_t a;
  Array embeddings, labels, weights, loss, row_losses, hits, grad_embeddings, grad_weights;
};

// Weights of the first set by quality, from statistics that hold something or nothing.
struct Quality {
  int32_t mode, update;
  std::vector<double> statistics;
};

constexpr double kSlope = 0.75, kH = 0.333, kAlpha = 0.25, kOffset = 0.5, kFactor = 1.5;

inline Outputs run(const Case& c, const Inputs& in, const Quality* quality_or_null = nullptr) {
  std::vector<std::unique_ptr<DeviceSet>> sets;
  std::vector<cd_row_set> arguments;
  for (const reference::RowSet& set : in.sets) {
    sets.push_back(std::make_unique<DeviceSet>(c, set));
    arguments.push_back(sets.back()->arguments(c.weighted, set.grad_scale));
  }
  const auto set_count = static_cast<int32_t>(sets.size());
  const Array classifier(c.dtype, in.classifier, c.classes, c.dim, c.placement);
  const Array bias(c.dtype, in.bias, c.biased ? c.classes : 0, 1);
  const Array grad_classifier(c.dtype, c.classes, c.dim, c.placement);
  const Array grad_bias(c.dtype, c.biased ? c.classes : 0, 1);
  const Array bad_row(device::kInt64, 1, 1);
  const Array statistics(CD_F64, CD_QUALITY_STATISTICS, 1);
  const Array of_quality(device::accumulator(c.dtype), arguments[0].rows, 1);
  cd_quality quality = {};
  if (quality_or_null != nullptr) {
    device::copy_in(statistics.data(), quality_or_null->statistics.data(),
                    CD_QUALITY_STATISTICS * sizeof(double));
    quality = {
        quality_or_null->mode,   quality_or_null->update, kSlope, kH, kAlpha, kOffset, kFactor,
        statistics.as<double>(), of_quality.data()};
  }
  const Array workspace = device::workspace([&](int64_t* bytes) {
    return cd_margin_classifier_cuda_workspace(c.dtype, c.classes, c.dim, arguments.data(),
                                               set_count, bytes);
  });
  const int32_t status = cd_margin_classifier_cuda(
      c.dtype, c.classes, c.dim, classifier.data(), classifier.stride(),
      c.biased ? bias.data() : nullptr, arguments.data(), set_count,
      quality_or_null == nullptr ? nullptr : &quality, c.options.kind, c.options.scale,
      c.options.margin, c.options.easy_margin ? 1 : 0, c.options.reduction, grad_classifier.data(),
      grad_classifier.stride(), c.biased ? grad_bias.data() : nullptr, bad_row.as<int64_t>(),
      workspace.data(), workspace.rows(), nullptr);
  EXPECT_EQ(status, CD_OK) << cd_last_error();
  Outputs out;
  for (const auto& set : sets) out.sets.push_back(set->outputs());
  classifier.values("classifier");
  workspace.values("workspace");
  out.grad_classifier = grad_classifier.values("grad_classifier");
  out.grad_bias = grad_bias.values("grad_bias");
  if (quality_or_null != nullptr) {
    out.of_quality = of_quality.values("quality.weights");
    out.statistics = statistics.values("quality.statistics");
  }
  out.bad_row = static_cast<int64_t>(bad_row.values("bad_row")[0]);
  return out;
}

inline void expect_same(const Outputs& a, const Outputs& b) {
  for (size_t s = 0; s < a.sets.size(); ++s) {
    EXPECT_EQ(a.sets[s].loss, b.sets[s].loss);
    EXPECT_EQ(a.sets[s].rows, b.sets[s].rows);
    EXPECT_EQ(a.sets[s].hits, b.sets[s].hits);
    EXPECT_EQ(a.sets[s].grad_embeddings, b.sets[s].grad_embeddings);
    EXPECT_EQ(a.sets[s].grad_weights, b.sets[s].grad_weights);
  }
  EXPECT_EQ(a.of_quality, b.of_quality);
  EXPECT_EQ(a.statistics, b.statistics);
  EXPECT_EQ(a.grad_classifier, b.grad_classifier);
  EXPECT_EQ(a.grad_bias, b.grad_bias);
}

// The same bits in both orders of the simulator, and from run to run on a GPU.
inline Outputs run_twice(const Case& c, const Inputs& in,
                         const Quality* quality_or_null = nullptr) {
  const auto [first, second] = device::run_both_ways([&] { return run(c, in, quality_or_null); });
  expect_same(first, second);
  return first;
}

}  // namespace classifier
