// K2 on the device under test against the float64 reference.
//
// Sizes: tiles are 128 x 128 (64 x 64 for f64) and 16 deep; hence one less, as many and one more in
// each direction, primes, one row, one class. Chunks of classes and of rows need larger shapes: two
// cases.
#include "test/cuda/classifier_case.h"

namespace {

using namespace classifier;
using device::expect_near;

void check(const Case& c, const Inputs& in, const Outputs& out) {
  const auto want = reference::margin_classifier<long double>(in.classifier, in.bias, in.sets,
                                                              c.classes, c.dim, c.options);
  const int32_t scalars = device::accumulator(c.dtype);
  for (size_t s = 0; s < in.sets.size(); ++s) {
    const SetOutputs& set = out.sets[s];
    expect_near("loss", set.loss, {want.sets[s].loss}, scalars);
    expect_near("rows", set.rows, want.sets[s].rows, scalars);
    expect_near("grad_weights", set.grad_weights, want.sets[s].grad_weights, scalars);
    expect_near("grad_embeddings", set.grad_embeddings, want.sets[s].grad_embeddings, c.dtype);
    const std::vector<double> hits(want.sets[s].hits.begin(), want.sets[s].hits.end());
    EXPECT_EQ(set.hits, hits);
  }
  expect_near("grad_classifier", out.grad_classifier, want.grad_classifier, c.dtype);
  if (c.biased) expect_near("grad_bias", out.grad_bias, want.grad_bias, c.dtype);
  EXPECT_EQ(out.bad_row, -1);
}

std::string describe(const Case& c, const Inputs& in) {
  std::string text = std::string(device::name_of(c.dtype)) + " C " + std::to_string(c.classes) +
                     " D " + std::to_string(c.dim) + " kind " + std::to_string(c.options.kind) +
                     " reduction " + std::to_string(c.options.reduction) + " rows";
  for (const auto& set : in.sets) text += " " + std::to_string(set.labels.size());
  return text;
}

void run_and_check(const Case& c, const Inputs& in) {
  SCOPED_TRACE(describe(c, in));
  check(c, in, run_twice(c, in));
}

class MarginClassifierCuda : public device::Test {};

TEST_F(MarginClassifierCuda, agreesWithTheReferenceAtEveryShape) {
  struct Shape {
    std::vector<int64_t> rows;
    int64_t classes, dim;
  };
  const Shape shapes[] = {{{1}, 1, 1},           {{3}, 2, 3},        {{7, 0}, 7, 2},
                          {{31}, 33, 31},        {{33, 31}, 63, 17}, {{63}, 65, 16},
                          {{64, 1}, 64, 33},     {{127}, 129, 7},    {{129}, 127, 65},
                          {{2, 2, 2}, 257, 127}, {{5}, 9, 129},      {{130, 60}, 66, 64}};
  int number = 0;
  for (const int32_t dtype : kDtypes) {
    for (const Shape& shape : shapes) {
      ++number;
      if (!wanted()) continue;
      Case c;
      c.dtype = dtype;
      c.classes = shape.classes;
      c.dim = shape.dim;
      c.options.kind = number % 4;
      c.options.reduction = number % 3;
      c.options.scale = number % 2 == 0 ? 32 : 64;
      c.options.easy_margin = number % 5 == 0;
      c.weighted = number % 4 != 1;
      c.biased = c.options.kind == CD_CLASSIFIER_SOFTMAX && number % 8 == 3;
      c.placement = {number % 3 == 0 ? 5 : 0, number % 7 == 0 ? 1 : 0};
      run_and_check(c, inputs(c, shape.rows, static_cast<uint64_t>(number)));
    }
  }
}

TEST_F(MarginClassifierCuda, agreesWithTheReferenceForEveryOption) {
  for (const int32_t dtype : kDtypes) {
    for (int32_t kind = 0; kind < 4; ++kind) {
      for (int32_t reduction = 0; reduction < 3; ++reduction) {
        Case c;
        c.dtype = dtype;
        c.classes = 13;
        c.dim = 21;
        c.options.kind = kind;
        c.options.reduction = reduction;
        c.options.margin = 0.5;
        c.biased = kind == CD_CLASSIFIER_SOFTMAX;
        for (const bool easy_margin : {false, true}) {
          c.options.easy_margin = easy_margin;
          if (easy_margin && kind != CD_CLASSIFIER_AAM) continue;
          if (!wanted()) continue;
          run_and_check(c, inputs(c, {19, 5}, 7));
        }
      }
    }
  }
}

// More classes and more rows than a chunk holds.
TEST_F(MarginClassifierCuda, agreesWithTheReferenceInChunks) {
#if defined(CD_SIMULATED)
  const int64_t classes = 2 * CD_CHUNK_ELEMENTS / 128 + 5, rows = CD_CHUNK_ROWS + 30;
#else
  const int64_t classes = 33000, rows = 2100;  // 2^22 / 128 and 2048
#endif
  for (const int32_t dtype : kDtypes) {
    Case c;
    c.dtype = dtype;
    c.dim = 2;
    c.classes = classes;
    run_and_check(c, inputs(c, {3}, 5));
    c.classes = 3;
    c.options.kind = CD_CLASSIFIER_AM;
    run_and_check(c, inputs(c, {rows - 40, 40}, 5));
  }
}

// Rows on, or close to, their class or its opposite: the target's gradient must not cancel.
TEST_F(MarginClassifierCuda, rowsNearTheirClass) {
  for (const int32_t dtype : kDtypes) {
    for (int32_t kind = 0; kind < 4; ++kind) {
      if (!wanted()) continue;
      Case c;
      c.dtype = dtype;
      c.classes = 5;
      c.dim = 12;
      c.options.kind = kind;
      c.options.scale = 4;
      Inputs in = inputs(c, {12, 3}, 3);
      auto& set = in.sets[0];
      for (int64_t i = 0; i < 12; ++i) {
        const int64_t label = i % 2 == 0 ? 1 : i % 5;
        set.labels[static_cast<size_t>(i)] = label;
        for (int64_t d = 0; d < c.dim; ++d) {
          const double v = in.classifier[static_cast<size_t>(label * c.dim + d)];
          double& z = set.embeddings[static_cast<size_t>(i * c.dim + d)];
          if (i < 6) z = d == i ? Numbers::rounded(v * 1.01) : v;
          if (i == 6) z = v;
          if (i == 7) z = 2 * v;
          if (i == 8) z = d == 2 ? Numbers::rounded(v * -1.01) : -v;
          if (i == 9) z = -v;
        }
      }
      run_and_check(c, in);
    }
  }
}

TEST_F(MarginClassifierCuda, rowsAndClassesWithoutLength) {
  for (const int32_t dtype : kDtypes) {
    for (int32_t kind = 0; kind < 4; ++kind) {
      if (!wanted()) continue;
      Case c;
      c.dtype = dtype;
      c.classes = 4;
      c.dim = 6;
      c.options.kind = kind;
      Inputs in = inputs(c, {6}, 8);
      for (int64_t d = 0; d < c.dim; ++d) {
        in.sets[0].embeddings[static_cast<size_t>(d)] = 0;
        in.sets[0].embeddings[static_cast<size_t>(2 * c.dim + d)] = 0;
        in.classifier[static_cast<size_t>(3 * c.dim + d)] = 0;
      }
      in.sets[0].labels = {0, 3, 3, 1, CD_IGNORE_LABEL, 2};
      run_and_check(c, in);
    }
  }
}

// f16 holds numbers from 2^-24 to 2^16, and gradients of logits leave that range: rows near their
// classes have small ones, which a large grad_scale brings back, and the lengths of rows count,
// too.
TEST_F(MarginClassifierCuda, slopesBelowTheRangeOfTheirType) {
  for (const int32_t dtype : {CD_BF16, CD_F16}) {
    for (int32_t kind = 0; kind < 4; ++kind) {
      for (const double length : {0x1p-12, 1.0, 0x1p8}) {
        if (!wanted()) continue;
        Case c;
        c.dtype = dtype;
        c.classes = 40;
        c.dim = 24;
        c.options.kind = kind;
        c.options.scale = 32;
        c.options.margin = 0.1;
        Inputs in = inputs(c, {13}, 11);
        auto& set = in.sets[0];
        for (int64_t i = 0; i < 13; ++i) {
          const int64_t label = i * 3;
          set.labels[static_cast<size_t>(i)] = label;
          for (int64_t d = 0; d < c.dim; ++d) {
            double& z = set.embeddings[static_cast<size_t>(i * c.dim + d)];
            const double v = in.classifier[static_cast<size_t>(label * c.dim + d)];
            z = std::nearbyint(0x1p24 * Numbers::rounded(length * (v + z / 4))) * 0x1p-24;
          }
        }
        // Brings the gradients' norm near 1.
        set.grad_scale = 1;
        const auto want = reference::margin_classifier<long double>(in.classifier, in.bias, in.sets,
                                                                    c.classes, c.dim, c.options);
        double square = 0;
        for (const double g : want.grad_classifier) square += g * g;
        set.grad_scale = 1 / std::max(std::sqrt(square), 1e-30);
        run_and_check(c, in);
      }
    }
  }
}

TEST_F(MarginClassifierCuda, equalClassesHitTheFirst) {
  Case c;
  c.classes = 140;
  c.dim = 3;
  Inputs in = inputs(c, {2}, 4);
  for (int64_t j = 0; j < 140; ++j) {
    for (int64_t d = 0; d < 3; ++d) in.classifier[static_cast<size_t>(3 * j + d)] = 1 + 2 * d;
  }
  in.sets[0].labels = {0, 139};
  const Outputs out = run(c, in);
  EXPECT_EQ(out.sets[0].hits, (std::vector<double>{1, 0}));
}

TEST_F(MarginClassifierCuda, hugeLogitsStayExact) {
  for (const int32_t dtype : {CD_F64, CD_F32, CD_BF16}) {
    Case c;
    c.dtype = dtype;
    c.classes = 5;
    c.dim = 4;
    c.options.kind = CD_CLASSIFIER_SOFTMAX;
    Inputs in = inputs(c, {6}, 6);
    for (double& z : in.sets[0].embeddings) z *= 4096;
    run_and_check(c, in);
  }
}

TEST_F(MarginClassifierCuda, hugeAndTinyRows) {
  for (const int32_t dtype : {CD_F64, CD_F32, CD_BF16}) {
    Case c;
    c.dtype = dtype;
    c.classes = 5;
    c.dim = 4;
    Inputs in = inputs(c, {6}, 6);
    for (double& z : in.sets[0].embeddings) z *= dtype == CD_F64 ? 0x1p600 : 0x1p90;
    for (double& v : in.classifier) v *= 0x1p-30;
    in.sets[0].grad_scale = 0x1p-20;
    run_and_check(c, in);
  }
}

TEST_F(MarginClassifierCuda, withoutRowsLossesAndGradientsAreZero) {
  Case c;
  c.classes = 3;
  c.dim = 2;
  const Outputs empty = run(c, inputs(c, {0, 0}, 1));
  EXPECT_EQ(empty.sets[0].loss[0], 0);
  EXPECT_EQ(empty.sets[1].loss[0], 0);
  EXPECT_EQ(empty.grad_classifier, std::vector<double>(6, 0));
}

// Without columns there is nothing to point to, and yet the rows count.
TEST_F(MarginClassifierCuda, rowsWithoutColumnsMayBeNull) {
  for (const int32_t dtype : kDtypes) {
    for (const bool biased : {false, true}) {
      Case c;
      c.dtype = dtype;
      c.classes = 5;
      c.options.kind = CD_CLASSIFIER_SOFTMAX;
      c.biased = biased;
      run_and_check(c, inputs(c, {6}, 4));
    }
  }
}

// Rows that are multiples of their class vectors, though not by a power of two: whatever angle is
// measured between the two is rounding.
TEST_F(MarginClassifierCuda, aParallelTargetHasNoGradientOfItsOwn) {
  for (const int32_t dtype : {CD_F64, CD_F32}) {
    Case c;
    c.dtype = dtype;
    c.classes = 2;
    c.dim = 128;
    c.options.scale = 2;
    c.options.margin = 0.5;
    c.weighted = false;
    for (uint64_t seed = 1; seed <= 8; ++seed) {
      Inputs in = inputs(c, {1}, seed);
      in.sets[0].labels = {0};
      double zz = 0, vv = 0, zv = 0;
      for (size_t d = 0; d < 128; ++d) {
        const double z = 3 * in.classifier[d], v = in.classifier[128 + d];
        in.sets[0].embeddings[d] = z;
        zz += z * z;
        vv += v * v;
        zv += z * v;
      }
      const double cosine = zv / std::sqrt(zz * vv), scale = c.options.scale;
      const double p = 1 / (1 + std::exp(scale * (std::cos(c.options.margin) - cosine)));
      std::vector<double> want;
      for (size_t d = 0; d < 128; ++d) {
        const double v_d = in.classifier[128 + d] / std::sqrt(vv);
        const double z_d = in.sets[0].embeddings[d] / std::sqrt(zz);
        want.push_back(scale * p * (v_d - cosine * z_d) / std::sqrt(zz));
      }
      const Outputs out = run(c, in);
      EXPECT_LE(device::relative_error(out.sets[0].grad_embeddings, want), 1e-5);
    }
  }
}

TEST_F(MarginClassifierCuda, ignoredRowsCountForNothingWhateverTheyHold) {
  for (int32_t reduction = 0; reduction < 3; ++reduction) {
    Case c;
    c.classes = 4;
    c.dim = 3;
    c.options.reduction = reduction;
    Inputs in = inputs(c, {3}, 2);
    in.sets[0].labels = {1, CD_IGNORE_LABEL, 2};
    Inputs poisoned = in;
    poisoned.sets[0].embeddings[4] = std::nan("");
    const Outputs out = run(c, poisoned);
    expect_same(run(c, in), out);
    EXPECT_EQ(out.sets[0].rows[1], 0);
    EXPECT_EQ(out.sets[0].grad_weights[1], 0);
    in.sets[0].labels = {CD_IGNORE_LABEL, CD_IGNORE_LABEL, CD_IGNORE_LABEL};
    EXPECT_EQ(run(c, in).sets[0].loss[0], 0);
  }
}

TEST_F(MarginClassifierCuda, aBadLabelGivesNanAndIsNamed) {
  for (const int64_t label : {int64_t{4}, int64_t{-1}, int64_t{1} << 40}) {
    Case c;
    c.classes = 4;
    c.dim = 3;
    Inputs in = inputs(c, {3, 4}, 2);
    in.sets[1].labels[1] = label;
    in.sets[1].labels[3] = -7;
    const Outputs out = run(c, in);
    EXPECT_EQ(out.bad_row, 4);
    EXPECT_TRUE(std::isfinite(out.sets[0].loss[0]));
    EXPECT_TRUE(std::isnan(out.sets[1].loss[0]));
    EXPECT_TRUE(std::isnan(out.sets[1].rows[1]));
    EXPECT_TRUE(std::isfinite(out.sets[1].rows[0]));
    for (const double g : out.grad_classifier) EXPECT_TRUE(std::isfinite(g));
    for (int d = 0; d < 3; ++d)
      EXPECT_EQ(out.sets[1].grad_embeddings[static_cast<size_t>(3 + d)], 0);
  }
}

TEST_F(MarginClassifierCuda, whatIsNotFiniteGivesALossThatIsNot) {
  for (const int32_t dtype : kDtypes) {
    for (int32_t kind = 0; kind < 4; ++kind) {
      for (const double value : {std::nan(""), static_cast<double>(INFINITY)}) {
        if (!wanted()) continue;
        Case c;
        c.dtype = dtype;
        c.classes = 4;
        c.dim = 3;
        c.options.kind = kind;
        Inputs in = inputs(c, {3}, 2);
        in.sets[0].embeddings[4] = value;
        SCOPED_TRACE(describe(c, in));
        const Outputs out = run(c, in);
        EXPECT_FALSE(std::isfinite(out.sets[0].loss[0]));
        EXPECT_FALSE(std::isfinite(out.sets[0].rows[1]));
        EXPECT_TRUE(std::isfinite(out.sets[0].rows[0]));
      }
    }
  }
}

TEST_F(MarginClassifierCuda, aTargetThatIsNotFiniteGivesALossThatIsNot) {
  for (const int32_t dtype : kDtypes) {
    for (const int64_t classes : {int64_t{1}, int64_t{4}}) {
      Case c;
      c.dtype = dtype;
      c.classes = classes;
      c.dim = 3;
      c.options.kind = CD_CLASSIFIER_SOFTMAX;
      Inputs in = inputs(c, {2}, 2);
      in.sets[0].labels = {0, CD_IGNORE_LABEL};
      in.sets[0].embeddings[0] = 1;
      in.classifier[0] = INFINITY;
      SCOPED_TRACE(describe(c, in));
      EXPECT_FALSE(std::isfinite(run(c, in).sets[0].loss[0]));
      in.classifier[0] = 1;
      in.sets[0].embeddings[1] = std::nan("");
      EXPECT_FALSE(std::isfinite(run(c, in).sets[0].loss[0]));
    }
  }
}

TEST_F(MarginClassifierCuda, aWeightThatIsNoneGivesNan) {
  for (int32_t reduction = 0; reduction < 3; ++reduction) {
    Case c;
    c.classes = 4;
    c.dim = 3;
    c.options.reduction = reduction;
    Inputs in = inputs(c, {3}, 2);
    in.sets[0].weights[1] = -1;
    EXPECT_TRUE(std::isnan(run(c, in).sets[0].loss[0]));
  }
}

}  // namespace
