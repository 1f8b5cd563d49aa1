// K3's temperature divergence on the device under test against the float64 reference.
//
// Sizes: a pack is 16 bytes (2 to 8 elements), a warp 32 packs, a block 256 threads; a pair of rows
// goes to a warp up to 5.9 KiB, to a block up to 47 KiB, and is read again beyond.
#include <algorithm>

#include "test/cuda/device.h"
#include "test/reference_logits.h"

namespace {

using device::Array;
using device::kDtypes;
using device::Numbers;
using device::Placement;

using reference::KdForm;
using reference::kKdForms;

constexpr KdForm kOnlyOthers = {"decoupled 0 to 1", CD_TARGET_EXCLUDED, true, 0, 1};

struct Case {
  int32_t dtype = CD_F32;
  int64_t rows = 0;
  int64_t classes = 0;
  reference::KdOptions options;
  Placement placement;
  std::vector<double> student, teacher, weights;
  std::vector<int64_t> labels;
};

struct Outputs {
  std::vector<double> loss, rows, grad_student, grad_teacher, grad_weights, bad_row;

  bool operator==(const Outputs& o) const {
    return loss == o.loss && rows == o.rows && grad_student == o.grad_student &&
           grad_teacher == o.grad_teacher && grad_weights == o.grad_weights && bad_row == o.bad_row;
  }
};

Case random_case(uint64_t seed, int32_t dtype, int64_t rows, int64_t classes, const KdForm& form,
                 double spread = 3) {
  Numbers numbers(seed);
  Case c;
  c.dtype = dtype;
  c.rows = rows;
  c.classes = classes;
  c.student = numbers.normals(rows * classes);
  c.teacher = numbers.normals(rows * classes);
  for (double& x : c.student) x = Numbers::rounded(spread * x);
  for (double& x : c.teacher) x = Numbers::rounded(spread * x);
  c.weights = numbers.weights(rows);
  c.labels = numbers.labels(rows, classes);
  c.options.form = form;
  c.options.reduction = static_cast<int32_t>(seed % 3);
  c.options.temperature = seed % 2 == 0 ? 4 : 0.7;
  c.options.grad_scale = seed % 5 == 0 ? -2 : 0.75;
  return c;
}

Outputs run(const Case& c) {
  const int32_t a = device::accumulator(c.dtype);
  const Array student(c.dtype, c.student, c.rows, c.classes, c.placement);
  const Array teacher(c.dtype, c.teacher, c.rows, c.classes, c.placement);
  const Array labels = device::label_array(c.labels), weights(a, c.weights, c.rows, 1);
  const Array loss(a, 1, 1), rows(a, c.rows, 1), grad_weights(a, c.rows, 1);
  const Array grad_student(c.dtype, c.rows, c.classes, c.placement);
  const Array grad_teacher(c.dtype, c.rows, c.classes, c.placement);
  const Array bad_row(device::kInt64, 1, 1);
  const Array workspace = device::workspace([&](int64_t* bytes) {
    return c.options.form.decoupled ? cd_dkd_cuda_workspace(c.dtype, c.rows, c.classes, bytes)
                                    : cd_kd_cuda_workspace(c.dtype, c.rows, c.classes, bytes);
  });
  const KdForm& form = c.options.form;
  const int32_t status =
      form.decoupled
          ? cd_dkd_cuda(c.dtype, c.rows, c.classes, student.data(), student.stride(),
                        teacher.data(), teacher.stride(), labels.as<int64_t>(), weights.data(),
                        form.alpha, form.beta, c.options.temperature, c.options.reduction,
                        c.options.grad_scale, loss.data(), rows.data(), grad_student.data(),
                        grad_student.stride(), grad_teacher.data(), grad_teacher.stride(),
                        grad_weights.data(), bad_row.as<int64_t>(), workspace.data(),
                        workspace.rows(), nullptr)
          : cd_kd_cuda(c.dtype, c.rows, c.classes, student.data(), student.stride(), teacher.data(),
                       teacher.stride(), labels.as<int64_t>(), weights.data(), form.target,
                       c.options.temperature, c.options.reduction, c.options.grad_scale,
                       loss.data(), rows.data(), grad_student.data(), grad_student.stride(),
                       grad_teacher.data(), grad_teacher.stride(), grad_weights.data(),
                       bad_row.as<int64_t>(), workspace.data(), workspace.rows(), nullptr);
  EXPECT_EQ(status, CD_OK) << cd_last_error();
  student.values("student");
  teacher.values("teacher");
  workspace.values("workspace");
  return {loss.values("loss"),
          rows.values("row_losses"),
          grad_student.values("grad_student"),
          grad_teacher.values("grad_teacher"),
          grad_weights.values("grad_weights"),
          bad_row.values("bad_row")};
}

Outputs run_twice(const Case& c) {
  const auto [first, second] = device::run_both_ways([&] { return run(c); });
  EXPECT_TRUE(first == second) << "other bits in another order";
  return first;
}

void expect_right(const Case& c) {
  SCOPED_TRACE(std::string(device::name_of(c.dtype)) + " " + std::to_string(c.rows) + "x" +
               std::to_string(c.classes) + " " + c.options.form.name);
  const Outputs out = run_twice(c);
  const reference::Kd want = reference::kd<long double>(c.student, c.teacher, c.labels, c.weights,
                                                        c.rows, c.classes, c.options);
  const int32_t a = device::accumulator(c.dtype);
  device::expect_near("loss", out.loss, {want.loss}, a);
  device::expect_near("rows", out.rows, want.rows, a);
  device::expect_near("grad_weights", out.grad_weights, want.grad_weights, a);
  device::expect_near("grad_student", out.grad_student, want.grad_student, c.dtype);
  device::expect_near("grad_teacher", out.grad_teacher, want.grad_teacher, c.dtype);
  EXPECT_EQ(out.bad_row[0], -1);
}

class KdCuda : public device::Test {};

TEST_F(KdCuda, agreesWithTheReferenceAtEveryShape) {
  const int64_t sizes[] = {1, 2, 3, 7, 31, 33, 63, 65, 127, 129, 511, 513, 1000, 1025};
  const int64_t row_counts[] = {0, 1, 7, 9, 33};
  uint64_t seed = 0;
  for (const int32_t dtype : kDtypes) {
    for (const KdForm& form : kKdForms) {
      for (const int64_t classes : sizes) {
        if (classes < form.fewest_classes()) continue;
        ++seed;
        Case c = random_case(seed, dtype, row_counts[seed % 5], classes, form);
        c.placement = {seed % 3 == 0 ? 5 : 0, seed % 7 == 0 ? 1 : 0};
        if (wanted()) expect_right(c);
      }
    }
  }
}

TEST_F(KdCuda, agreesWithTheReferenceForEveryOption) {
  for (const KdForm& form : kKdForms) {
    for (uint64_t seed = 30; seed < 36; ++seed) {
      if (wanted()) expect_right(random_case(seed, CD_F32, 9, 33, form));
    }
  }
}

TEST_F(KdCuda, longRowsGoToBlocksAndVeryLongOnesAreReadAgain) {
  for (const int32_t dtype : kDtypes) {
    for (const int64_t classes : {int64_t{3001}, int64_t{12100}}) {
      if (wanted()) expect_right(random_case(8, dtype, 3, classes, reference::kExcluded));
    }
  }
}

TEST_F(KdCuda, agreesWithTheReferenceOnPeakedLogits) {
  for (const int32_t dtype : kDtypes) {
    for (const KdForm& form : kKdForms) {
      Case c = random_case(3, dtype, 9, 129, form, 60);
      c.options.temperature = 1;
      if (wanted()) expect_right(c);
    }
  }
}

TEST_F(KdCuda, logitsOfTenThousandNeitherOverflowNorUnderflow) {
  for (const int32_t dtype : kDtypes) {
    for (const KdForm& form : kKdForms) {
      Case c = random_case(4, dtype, 2, 9, form);
      c.weights = {1, 1};
      c.labels = {0, 8};
      c.options.temperature = 1;
      for (size_t k = 0; k < 18; ++k) {
        c.student[k] = Numbers::rounded(k % 2 == 0 ? 1e4 : -1e4);
        c.teacher[k] = Numbers::rounded(k % 3 == 0 ? 1e4 : -1e4);
      }
      expect_right(c);
    }
  }
}

TEST_F(KdCuda, equalRowsHaveLossAndGradientsZero) {
  for (const int32_t dtype : kDtypes) {
    for (const KdForm& form : kKdForms) {
      Case c = random_case(8, dtype, 3, 65, form, 20);
      c.teacher = c.student;
      const Outputs out = run(c);
      EXPECT_EQ(out.rows, std::vector<double>(3, 0));
      EXPECT_EQ(out.grad_student, std::vector<double>(3 * 65, 0));
      EXPECT_EQ(out.grad_teacher, std::vector<double>(3 * 65, 0));
    }
  }
}

// Rows end where the type ends, so a row of another's pack may not be touched; nor may the place of
// a row change a bit of it.
TEST_F(KdCuda, placementDoesNotChangeABit) {
  for (const int32_t dtype : kDtypes) {
    Case c = random_case(12, dtype, 9, 72, reference::kZero);
    const Outputs aligned = run(c);
    for (const Placement placement : {Placement{8, 0}, Placement{1, 0}, Placement{0, 1}}) {
      c.placement = placement;
      EXPECT_TRUE(run(c) == aligned);
    }
  }
}

TEST_F(KdCuda, decoupledWithoutTheTargetHasTheBitsOfTheExcludedForm) {
  for (const int32_t dtype : kDtypes) {
    Case c = random_case(20, dtype, 33, 65, reference::kExcluded);
    const Outputs excluded = run(c);
    c.options.form = kOnlyOthers;
    EXPECT_TRUE(run(c) == excluded);
  }
}

TEST_F(KdCuda, whatIsNotFiniteGivesALossThatIsNot) {
  for (const int32_t dtype : kDtypes) {
    for (const double poison : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
      for (std::vector<double> Case::*array : {&Case::student, &Case::teacher}) {
        for (const size_t at : {9u, 13u, 17u}) {
          for (const KdForm& form : {reference::kKept, reference::kDecoupled, kOnlyOthers}) {
            Case c = random_case(10, dtype, 3, 9, form);
            c.weights = {1, 1, 1};
            c.labels = {0, 4, 2};
            (c.*array)[at] = poison;
            const Outputs out = run(c);
            EXPECT_FALSE(std::isfinite(out.loss[0]));
            EXPECT_FALSE(std::isfinite(out.rows[1]));
            EXPECT_TRUE(std::isfinite(out.rows[0]) && std::isfinite(out.rows[2]));
            EXPECT_TRUE(std::isfinite(out.grad_student[18]));
          }
        }
      }
    }
  }
}

TEST_F(KdCuda, aBadLabelGivesNanAndIsNamed) {
  for (const KdForm& form : kKdForms) {
    for (const int64_t label : {int64_t{-1}, int64_t{9}, int64_t{1} << 40}) {
      Case c = random_case(5, CD_F32, 40, 9, form);
      c.labels[21] = label;
      c.labels[33] = -7;
      const Outputs out = run(c);
      EXPECT_EQ(out.bad_row[0], 21);
      EXPECT_TRUE(std::isnan(out.loss[0]) && std::isnan(out.rows[21]) && std::isnan(out.rows[33]));
      EXPECT_TRUE(std::isfinite(out.rows[20]));
      for (size_t j = 0; j < 9; ++j) {
        EXPECT_EQ(out.grad_student[21 * 9 + j], 0);
        EXPECT_EQ(out.grad_teacher[21 * 9 + j], 0);
      }
    }
  }
}

TEST_F(KdCuda, aWeightThatIsNoneGivesNan) {
  for (int32_t reduction = 0; reduction < 3; ++reduction) {
    for (const double weight : {-1.0, HUGE_VAL, std::nan("")}) {
      Case c = random_case(6, CD_F32, 4, 3, reference::kKept);
      c.labels.assign(4, 1);
      c.options.reduction = reduction;
      c.weights[2] = weight;
      EXPECT_TRUE(std::isnan(run(c).loss[0]));
    }
  }
}

TEST_F(KdCuda, nothingToAverageGivesZero) {
  for (int32_t reduction = 0; reduction < 3; ++reduction) {
    Case c = random_case(13, CD_F32, 4, 5, reference::kExcluded);
    c.options.reduction = reduction;
    c.labels.assign(4, CD_IGNORE_LABEL);
    const Outputs out = run(c);
    EXPECT_EQ(out.loss[0], 0);
    EXPECT_EQ(out.grad_student, std::vector<double>(20, 0));
    EXPECT_EQ(out.grad_weights, std::vector<double>(4, 0));
    EXPECT_EQ(run(random_case(1, CD_F32, 0, 5, reference::kZero)).loss[0], 0);
  }
}

TEST_F(KdCuda, outputsThatAreNotWantedMayBeNull) {
  Case c = random_case(14, CD_F32, 9, 65, reference::kKept);
  c.weights.assign(9, 1);
  c.labels.assign(9, 3);
  const Outputs full = run(c);
  const Array student(CD_F32, c.student, 9, 65), teacher(CD_F32, c.teacher, 9, 65),
      loss(CD_F32, 1, 1), grad(CD_F32, 9, 65), bad_row(device::kInt64, 1, 1);
  int64_t bytes = 0;
  ASSERT_EQ(cd_kd_cuda_workspace(CD_F32, 9, 65, &bytes), CD_OK);
  const Array workspace(device::kByte, bytes, 1);
  ASSERT_EQ(
      cd_kd_cuda(CD_F32, 9, 65, student.data(), 65, teacher.data(), 65, nullptr, nullptr,
                 CD_TARGET_KEPT, c.options.temperature, c.options.reduction, c.options.grad_scale,
                 loss.data(), nullptr, nullptr, 65, grad.data(), 65, nullptr,
                 static_cast<int64_t*>(bad_row.data()), workspace.data(), bytes, nullptr),
      CD_OK);
  EXPECT_EQ(loss.values("loss"), full.loss);
  EXPECT_EQ(grad.values("grad_teacher"), full.grad_teacher);
}

}  // namespace
