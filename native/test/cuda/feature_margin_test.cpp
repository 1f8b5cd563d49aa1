// K1 on the device under test against the float64 reference.
//
// Sizes: a pack is 16 bytes (2 to 8 elements), a warp 32 packs, a block 256 threads; rows go to
// warps up to 5.9 KiB for the pair, to blocks up to 47 KiB, and are read again beyond. Hence one
// element, packs and warps with one more or less, primes, and a row of each of the two longer
// kinds.
#include "test/cuda/device.h"
#include "test/reference.h"

namespace {

using device::Array;
using device::expect_near;
using device::kDtypes;
using device::Numbers;
using device::Placement;

struct Case {
  int32_t dtype = CD_F32;
  int64_t rows = 0;
  int64_t dim = 0;
  int32_t distance = CD_DISTANCE_NORMALIZED;
  int32_t reduction = CD_MEAN;
  double margin = 0;
  double grad_scale = 1;
  bool weighted = true;
  Placement placement;
};

struct Inputs {
  std::vector<double> student, teacher, weights;
};

struct Outputs {
  std::vector<double> loss, rows, distances, grad_student, grad_teacher, grad_weights;
};

// Teachers at all angles from their students.
Inputs inputs(int64_t rows, int64_t dim, uint64_t seed) {
  Numbers numbers(seed);
  Inputs in = {numbers.normals(rows * dim), numbers.normals(rows * dim), numbers.weights(rows)};
  for (int64_t i = 0; i < rows; ++i) {
    const double share = 1 - 2 * numbers.uniform();
    for (int64_t d = 0; d < dim; ++d) {
      double& t = in.teacher[static_cast<size_t>(i * dim + d)];
      t = Numbers::rounded(t + 3 * share * in.student[static_cast<size_t>(i * dim + d)]);
    }
  }
  return in;
}

reference::FeatureMargin expected(const Case& c, const Inputs& in) {
  const std::vector<double> ones(static_cast<size_t>(c.rows), 1);
  return reference::feature_margin<long double>(in.student, in.teacher,
                                                c.weighted ? in.weights : ones, c.rows, c.dim,
                                                c.distance, c.margin, c.reduction, c.grad_scale);
}

Outputs run(const Case& c, const Inputs& in) {
  const int32_t a = device::accumulator(c.dtype);
  const Array student(c.dtype, in.student, c.rows, c.dim, c.placement);
  const Array teacher(c.dtype, in.teacher, c.rows, c.dim, c.placement);
  const Array weights(a, in.weights, c.rows, 1);
  const Array loss(a, 1, 1), rows(a, c.rows, 1), distances(a, c.rows, 1),
      grad_weights(a, c.rows, 1);
  const Array grad_student(c.dtype, c.rows, c.dim, c.placement);
  const Array grad_teacher(c.dtype, c.rows, c.dim, c.placement);
  const Array workspace = device::workspace([&](int64_t* bytes) {
    return cd_feature_margin_cuda_workspace(c.dtype, c.rows, c.dim, bytes);
  });
  const int32_t status = cd_feature_margin_cuda(
      c.dtype, c.rows, c.dim, student.data(), student.stride(), teacher.data(), teacher.stride(),
      c.weighted ? weights.data() : nullptr, c.distance, c.margin, c.reduction, c.grad_scale,
      loss.data(), rows.data(), distances.data(), grad_student.data(), grad_student.stride(),
      grad_teacher.data(), grad_teacher.stride(), grad_weights.data(), workspace.data(),
      workspace.rows(), nullptr);
  EXPECT_EQ(status, CD_OK) << cd_last_error();
  student.values("student");
  teacher.values("teacher");
  weights.values("weights");
  workspace.values("workspace");
  return {loss.values("loss"),
          rows.values("row_losses"),
          distances.values("distances"),
          grad_student.values("grad_student"),
          grad_teacher.values("grad_teacher"),
          grad_weights.values("grad_weights")};
}

// The same bits in both orders of the simulator, and from run to run on a GPU.
Outputs run_twice(const Case& c, const Inputs& in) {
  const auto [first, second] = device::run_both_ways([&] { return run(c, in); });
  EXPECT_EQ(first.loss, second.loss);
  EXPECT_EQ(first.rows, second.rows);
  EXPECT_EQ(first.distances, second.distances);
  EXPECT_EQ(first.grad_student, second.grad_student);
  EXPECT_EQ(first.grad_teacher, second.grad_teacher);
  EXPECT_EQ(first.grad_weights, second.grad_weights);
  return first;
}

void check(const Case& c, const Inputs& in, const Outputs& out) {
  const reference::FeatureMargin want = expected(c, in);
  const int32_t scalars = device::accumulator(c.dtype);
  expect_near("loss", out.loss, {want.loss}, scalars);
  expect_near("rows", out.rows, want.rows, scalars);
  expect_near("distances", out.distances, want.distances, scalars);
  expect_near("grad_weights", out.grad_weights, want.grad_weights, scalars);
  expect_near("grad_student", out.grad_student, want.grad_student, c.dtype);
  expect_near("grad_teacher", out.grad_teacher, want.grad_teacher, c.dtype);
}

// A margin in a gap between two of the distances, so that rows lie on both sides of it.
double middle_margin(Case c, const Inputs& in) {
  c.margin = 0;
  std::vector<double> d = expected(c, in).distances;
  std::sort(d.begin(), d.end());
  for (size_t i = d.size() / 2; i > 0; --i) {
    if (d[i] - d[i - 1] > 1e-3) return (d[i - 1] + d[i]) / 2;
  }
  return d[0] / 2;
}

std::string describe(const Case& c) {
  return std::string(device::name_of(c.dtype)) + " " + std::to_string(c.rows) + "x" +
         std::to_string(c.dim) + " distance " + std::to_string(c.distance) + " reduction " +
         std::to_string(c.reduction) + " margin " + std::to_string(c.margin) + " gap " +
         std::to_string(c.placement.gap) + " shift " + std::to_string(c.placement.shift);
}

class FeatureMarginCuda : public device::Test {};

TEST_F(FeatureMarginCuda, agreesWithTheReferenceAtEveryShape) {
  const int64_t dims[] = {1, 2, 3, 7, 8, 31, 33, 63, 64, 65, 127, 129, 511, 513, 735, 1000, 1025};
  const int64_t row_counts[] = {1, 2, 7, 8, 9, 33};
  int number = 0;
  for (const int32_t dtype : kDtypes) {
    for (const int64_t dim : dims) {
      Case c;
      c.dtype = dtype;
      c.dim = dim;
      c.rows = row_counts[number % 6];
      c.distance = number % 5;
      c.reduction = number % 3;
      c.grad_scale = number % 2 == 0 ? 1 : -2.5;
      c.weighted = number % 4 != 0;
      c.placement = {number % 3 == 0 ? 5 : 0, number % 7 == 0 ? 1 : 0};
      const Inputs in = inputs(c.rows, dim, static_cast<uint64_t>(number));
      c.margin = number % 3 == 1 ? 0 : middle_margin(c, in);
      ++number;
      if (!wanted()) continue;
      SCOPED_TRACE(describe(c));
      check(c, in, run_twice(c, in));
    }
  }
}

TEST_F(FeatureMarginCuda, agreesWithTheReferenceForEveryOption) {
  const Inputs in = inputs(33, 65, 7);
  for (const int32_t dtype : kDtypes) {
    for (int32_t distance = 0; distance < 5; ++distance) {
      for (int32_t reduction = 0; reduction < 3; ++reduction) {
        Case c;
        c.dtype = dtype;
        c.rows = 33;
        c.dim = 65;
        c.distance = distance;
        c.reduction = reduction;
        for (const double margin : {0.0, middle_margin(c, in)}) {
          c.margin = margin;
          if (!wanted()) continue;
          SCOPED_TRACE(describe(c));
          check(c, in, run_twice(c, in));
        }
      }
    }
  }
}

TEST_F(FeatureMarginCuda, longRowsGoToBlocksAndVeryLongOnesAreReadAgain) {
  for (const int32_t dtype : kDtypes) {
    for (const int64_t dim : {int64_t{3001}, int64_t{12100}}) {
      for (const int32_t distance : {CD_DISTANCE_NORMALIZED, CD_DISTANCE_EUCLIDEAN}) {
        Case c;
        c.dtype = dtype;
        c.rows = 3;
        c.dim = dim;
        c.distance = distance;
        c.reduction = CD_WEIGHTED_MEAN;
        if (!wanted()) continue;
        const Inputs in = inputs(c.rows, dim, 11);
        SCOPED_TRACE(describe(c));
        check(c, in, run_twice(c, in));
      }
    }
  }
}

TEST_F(FeatureMarginCuda, placementDoesNotChangeABit) {
  for (const int32_t dtype : kDtypes) {
    Case c;
    c.dtype = dtype;
    c.rows = 9;
    c.dim = 72;
    c.margin = 0.5;
    const Inputs in = inputs(c.rows, c.dim, 3);
    const Outputs aligned = run(c, in);
    for (const Placement placement : {Placement{8, 0}, Placement{1, 0}, Placement{0, 1}}) {
      c.placement = placement;
      SCOPED_TRACE(describe(c));
      const Outputs moved = run(c, in);
      EXPECT_EQ(moved.loss, aligned.loss);
      EXPECT_EQ(moved.grad_student, aligned.grad_student);
      EXPECT_EQ(moved.grad_teacher, aligned.grad_teacher);
    }
  }
}

// Rows at the ends of what the formulas bear: equal, opposite, nearly both, without length, tiny,
// huge.
TEST_F(FeatureMarginCuda, edgeRows) {
  constexpr int64_t kRows = 10, kDim = 21;
  for (const int32_t dtype : kDtypes) {
    for (int32_t distance = 0; distance < 5; ++distance) {
      if (!wanted()) continue;
      Case c;
      c.dtype = dtype;
      c.rows = kRows;
      c.dim = kDim;
      c.distance = distance;
      Inputs in = inputs(kRows, kDim, 5);
      const auto row = [&](std::vector<double>& matrix, int i) {
        return &matrix[static_cast<size_t>(i * kDim)];
      };
      for (int64_t d = 0; d < kDim; ++d) {
        double *s = row(in.student, 0), *t = row(in.teacher, 0);
        t[d] = s[d];
        s = row(in.student, 1), t = row(in.teacher, 1);
        t[d] = -s[d];
        s = row(in.student, 2), t = row(in.teacher, 2);
        t[d] = d == 3 ? Numbers::rounded(s[d] * 1.01) : s[d];
        s = row(in.student, 3), t = row(in.teacher, 3);
        t[d] = d == 3 ? Numbers::rounded(s[d] * -1.01) : -s[d];
        row(in.student, 4)[d] = 0;
        row(in.student, 5)[d] = row(in.teacher, 5)[d] = 0;
        row(in.teacher, 6)[d] *= 0x1p-12;
        row(in.student, 7)[d] *= 0x1p8;
        row(in.teacher, 8)[d] = 2 * row(in.student, 8)[d];
      }
      SCOPED_TRACE(describe(c));
      check(c, in, run_twice(c, in));
    }
  }
}

// |x|^2 leaves the range of the type although |x| does not.
TEST_F(FeatureMarginCuda, hugeAndTinyRows) {
  struct Scale {
    int32_t dtype;
    double student;
    double teacher;
  };
  for (const Scale scale : {Scale{CD_F32, 0x1p90, 0x1p-30}, Scale{CD_F64, 0x1p700, 0x1p-30},
                            Scale{CD_BF16, 0x1p100, 0x1p80}}) {
    for (const int32_t distance : {CD_DISTANCE_NORMALIZED, CD_DISTANCE_EUCLIDEAN}) {
      Case c;
      c.dtype = scale.dtype;
      c.rows = 4;
      c.dim = 37;
      c.distance = distance;
      Inputs in = inputs(c.rows, c.dim, 9);
      for (double& x : in.student) x *= scale.student;
      for (double& x : in.teacher) x *= scale.teacher;
      // A gradient by a huge row is tiny: bring it into sight.
      c.grad_scale = distance == CD_DISTANCE_NORMALIZED ? std::min(scale.student, 0x1p60) : 1;
      SCOPED_TRACE(describe(c));
      check(c, in, run_twice(c, in));
    }
  }
}

TEST_F(FeatureMarginCuda, withoutRowsTheLossIsZero) {
  for (const int32_t dtype : kDtypes) {
    for (int32_t reduction = 0; reduction < 3; ++reduction) {
      Case c;
      c.dtype = dtype;
      c.dim = 5;
      c.reduction = reduction;
      EXPECT_EQ(run(c, {}).loss[0], 0);
    }
  }
}

TEST_F(FeatureMarginCuda, withoutColumnsRowsAreAlikeButForTheirAngle) {
  for (int32_t distance = 0; distance < 5; ++distance) {
    Case c;
    c.rows = 2;
    c.distance = distance;
    c.weighted = false;
    EXPECT_EQ(run(c, {{}, {}, {1, 1}}).loss[0], distance == CD_DISTANCE_COSINE ? 1 : 0);
  }
}

TEST_F(FeatureMarginCuda, weightsOfSumZeroGiveZero) {
  Case c;
  c.rows = 3;
  c.dim = 5;
  c.reduction = CD_WEIGHTED_MEAN;
  Inputs in = inputs(3, 5, 1);
  in.weights = {0, 0, 0};
  const Outputs out = run(c, in);
  EXPECT_EQ(out.loss[0], 0);
  EXPECT_EQ(out.grad_student, std::vector<double>(15, 0));
  EXPECT_EQ(out.grad_weights, std::vector<double>(3, 0));
}

TEST_F(FeatureMarginCuda, whatIsNotFiniteGivesALossThatIsNot) {
  for (const int32_t dtype : kDtypes) {
    for (int32_t distance = 0; distance < 5; ++distance) {
      for (const double value : {std::nan(""), static_cast<double>(INFINITY)}) {
        if (!wanted()) continue;
        Case c;
        c.dtype = dtype;
        c.rows = 5;
        c.dim = 9;
        c.distance = distance;
        c.margin = 1;
        Inputs in = inputs(5, 9, 2);
        in.student[13] = value;
        SCOPED_TRACE(describe(c));
        const Outputs out = run(c, in);
        EXPECT_FALSE(std::isfinite(out.loss[0]));
        EXPECT_FALSE(std::isfinite(out.rows[1]));
        EXPECT_TRUE(std::isfinite(out.rows[0]) && std::isfinite(out.rows[2]));
      }
    }
  }
}

TEST_F(FeatureMarginCuda, aWeightThatIsNoneGivesNan) {
  for (int32_t reduction = 0; reduction < 3; ++reduction) {
    for (const double weight : {-1.0, static_cast<double>(INFINITY), std::nan("")}) {
      Case c;
      c.rows = 4;
      c.dim = 3;
      c.reduction = reduction;
      Inputs in = inputs(4, 3, 4);
      in.weights[2] = weight;
      EXPECT_TRUE(std::isnan(run(c, in).loss[0]));
    }
  }
}

TEST_F(FeatureMarginCuda, outputsThatAreNotWantedMayBeNull) {
  const Inputs in = inputs(3, 6, 8);
  const Array student(CD_F32, in.student, 3, 6), teacher(CD_F32, in.teacher, 3, 6),
      loss(CD_F32, 1, 1);
  const Array grad(CD_F32, 3, 6);
  int64_t bytes = 0;
  ASSERT_EQ(cd_feature_margin_cuda_workspace(CD_F32, 3, 6, &bytes), CD_OK);
  const Array workspace(device::kByte, bytes, 1);
  Case c;
  c.rows = 3;
  c.dim = 6;
  c.weighted = false;
  const Outputs full = run(c, in);
  for (void* grad_teacher : {static_cast<void*>(nullptr), grad.data()}) {
    ASSERT_EQ(cd_feature_margin_cuda(CD_F32, 3, 6, student.data(), 6, teacher.data(), 6, nullptr,
                                     CD_DISTANCE_NORMALIZED, 0, CD_MEAN, 1, loss.data(), nullptr,
                                     nullptr, nullptr, 6, grad_teacher, 6, nullptr,
                                     workspace.data(), bytes, nullptr),
              CD_OK);
    EXPECT_EQ(loss.values("loss"), full.loss);
  }
  EXPECT_EQ(grad.values("grad_teacher"), full.grad_teacher);
}

}  // namespace
