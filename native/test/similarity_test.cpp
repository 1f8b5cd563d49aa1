#include "regimes.h"
#include "test_arrays.h"

namespace {

using Values = std::vector<double>;
using Real = long double;
using Reals = std::vector<Real>;

constexpr int32_t kKinds[] = {CD_SIMILARITY_PKT, CD_SIMILARITY_SP};

struct Case {
  int32_t dtype = CD_F64, kind = CD_SIMILARITY_PKT;
  int64_t rows = 0, student_dim = 0, teacher_dim = 0;
  Values student, teacher;
  double grad_scale = 1;
  int64_t extra_stride = 0;
  int32_t threads = 0;
};

// ---- the definition ----

// One side: rows as they are multiplied, similarities divided by `lengths` of their rows.
struct Side {
  int32_t kind;
  int64_t rows, dim;
  Reals x, inverse_norms, matrix, inverse_lengths;

  Side(int32_t kind, const Values& values, int64_t rows, int64_t dim)
      : kind(kind), rows(rows), dim(dim), x(values.begin(), values.end()) {
    if (kind == CD_SIMILARITY_PKT) {
      for (int64_t i = 0; i < rows; ++i) normalise(i);
    }
    for (int64_t i = 0; i < rows; ++i) measure(i);
  }

  size_t at(int64_t i, int64_t d) const { return static_cast<size_t>(i * dim + d); }
  size_t pair(int64_t i, int64_t j) const { return static_cast<size_t>(i * rows + j); }

  void normalise(int64_t i) {
    Real square = 0;
    for (int64_t d = 0; d < dim; ++d) square += x[at(i, d)] * x[at(i, d)];
    const Real norm = std::sqrt(square);
    inverse_norms.push_back(norm < Real{1e-12} ? 0 : 1 / norm);
    for (int64_t d = 0; d < dim; ++d) x[at(i, d)] *= inverse_norms.back();
  }

  void measure(int64_t i) {
    Real sum = 0, square = 0;
    for (int64_t j = 0; j < rows; ++j) {
      Real product = 0;
      for (int64_t d = 0; d < dim; ++d) product += x[at(i, d)] * x[at(j, d)];
      if (kind == CD_SIMILARITY_PKT) product = (product + 1) / 2;
      matrix.push_back(product);
      sum += product;
      square += product * product;
    }
    const Real length = kind == CD_SIMILARITY_PKT ? sum : std::sqrt(square);
    inverse_lengths.push_back(length < Real{1e-12} ? 0 : 1 / length);
    for (int64_t j = 0; j < rows; ++j) matrix[pair(i, j)] *= inverse_lengths.back();
  }

  // From the slopes by the matrix.
  Values gradient(const Reals& slopes, double scale) const {
    Reals grad(x.size());
    for (int64_t i = 0; i < rows; ++i) {
      Real along = 0;
      for (int64_t j = 0; j < rows; ++j) along += slopes[pair(i, j)] * matrix[pair(i, j)];
      for (int64_t j = 0; j < rows; ++j) {
        const bool pkt = kind == CD_SIMILARITY_PKT;
        const Real slope = (slopes[pair(i, j)] - (pkt ? along : along * matrix[pair(i, j)])) *
                           inverse_lengths[static_cast<size_t>(i)] / (pkt ? 2 : 1);
        for (int64_t d = 0; d < dim; ++d) {
          grad[at(i, d)] += slope * x[at(j, d)];
          grad[at(j, d)] += slope * x[at(i, d)];
        }
      }
    }
    Values result;
    for (int64_t i = 0; i < rows; ++i) {
      Real along = 0;
      for (int64_t d = 0; d < dim; ++d) along += grad[at(i, d)] * x[at(i, d)];
      for (int64_t d = 0; d < dim; ++d) {
        Real value = grad[at(i, d)];
        if (kind == CD_SIMILARITY_PKT) {
          value = (value - along * x[at(i, d)]) * inverse_norms[static_cast<size_t>(i)];
        }
        result.push_back(static_cast<double>(static_cast<Real>(scale) * value));
      }
    }
    return result;
  }
};

struct Expected {
  double loss = 0;
  Values grad_student, grad_teacher;
};

Expected expected(const Case& c) {
  const Side s(c.kind, c.student, c.rows, c.student_dim);
  const Side t(c.kind, c.teacher, c.rows, c.teacher_dim);
  const Real share = 1 / static_cast<Real>(std::max<int64_t>(1, c.rows * c.rows)), e = 1e-7L;
  Reals by_s, by_t;
  Real loss = 0;
  for (size_t k = 0; k < s.matrix.size(); ++k) {
    const Real q = s.matrix[k], p = t.matrix[k];
    if (c.kind == CD_SIMILARITY_PKT) {
      const Real log = std::log((p + e) / (q + e));
      loss += share * p * log;
      by_s.push_back(-share * p / (q + e));
      by_t.push_back(share * (log + p / (p + e)));
    } else {
      loss += share * (q - p) * (q - p);
      by_s.push_back(2 * share * (q - p));
      by_t.push_back(2 * share * (p - q));
    }
  }
  return {static_cast<double>(loss), s.gradient(by_s, c.grad_scale),
          t.gradient(by_t, c.grad_scale)};
}

// ---- the kernel ----

struct Answer {
  TestMatrix loss, grad_student, grad_teacher;

  explicit Answer(const Case& c)
      : loss(accumulator_of(c.dtype), 1, 1),
        grad_student(c.dtype, c.rows, c.student_dim, 3 * c.extra_stride),
        grad_teacher(c.dtype, c.rows, c.teacher_dim, c.extra_stride) {}

  bool intact() { return loss.intact() && grad_student.intact() && grad_teacher.intact(); }
};

int32_t call(const Case& c, Answer& answer, bool student = true, bool teacher = true) {
  TestMatrix s(c.dtype, c.rows, c.student_dim, c.student, c.extra_stride);
  TestMatrix t(c.dtype, c.rows, c.teacher_dim, c.teacher, 2 * c.extra_stride);
  return cd_similarity(c.dtype, c.kind, c.rows, c.student_dim, c.teacher_dim, s.data(), s.stride(),
                       t.data(), t.stride(), c.grad_scale, answer.loss.data(),
                       student ? answer.grad_student.data() : nullptr, answer.grad_student.stride(),
                       teacher ? answer.grad_teacher.data() : nullptr, answer.grad_teacher.stride(),
                       c.threads);
}

Case random_case(uint64_t seed, int32_t dtype, int32_t kind, int64_t rows, int64_t student_dim,
                 int64_t teacher_dim) {
  Random random(seed);
  Case c;
  c.dtype = dtype;
  c.kind = kind;
  c.rows = rows;
  c.student_dim = student_dim;
  c.teacher_dim = teacher_dim;
  c.student = random.array(dtype, rows * student_dim, 3);
  c.teacher = random.array(dtype, rows * teacher_dim, 0.5);
  // In f16 gradients become subnormal otherwise.
  c.grad_scale = 100 * static_cast<double>(rows * rows);
  return c;
}

// Of gradients by x as numbers that neither the size of x nor of the batch changes.
double gradient_error(const Case& c, const Values& x, const Values& answer, const Values& right) {
  double scale = 0;
  for (double value : x) scale = std::max(scale, std::fabs(value));
  scale *= static_cast<double>(c.rows * c.rows) / c.grad_scale;
  Values a, b;
  for (double value : answer) a.push_back(value * scale);
  for (double value : right) b.push_back(value * scale);
  return error_of(a, b);
}

void expect_right(const Case& c, double tolerance) {
  SCOPED_TRACE(std::string(dtype_name(c.dtype)) + " kind " + std::to_string(c.kind) + " B " +
               std::to_string(c.rows) + " D " + std::to_string(c.student_dim) + " E " +
               std::to_string(c.teacher_dim));
  Answer answer(c);
  ASSERT_EQ(call(c, answer), CD_OK) << cd_last_error();
  const Expected right = expected(c);
  const double of_gradient = std::max(tolerance, rounding_of(c.dtype));
  EXPECT_LE(error_of(answer.loss.values(), {right.loss}), tolerance);
  EXPECT_LE(gradient_error(c, c.student, answer.grad_student.values(), right.grad_student),
            of_gradient);
  EXPECT_LE(gradient_error(c, c.teacher, answer.grad_teacher.values(), right.grad_teacher),
            of_gradient);
  EXPECT_TRUE(answer.intact());
}

double tolerance(int32_t dtype) { return dtype == CD_F64 ? 1e-11 : 1e-5; }

TEST(Similarity, AgreesWithTheDefinitionAtEverySize) {
  uint64_t seed = 1;
  for (int32_t dtype : kDtypes) {
    for (int32_t kind : kKinds) {
      for (int64_t rows : kRegimes) {
        if (rows < 2 || rows > 200) continue;
        // Of a few columns some rows are all but opposite, which costs PKT digits.
        Case c = random_case(++seed, dtype, kind, rows, 20 + rows % 5, 17);
        c.extra_stride = rows % 3;
        expect_right(c, tolerance(dtype));
      }
      for (int64_t dim : kRegimes) {
        // Of one column all cosines are 1 or -1, and logarithms of rounding.
        if (dim < 2) continue;
        Case c = random_case(++seed, dtype, kind, 9, dim, dim + 2);
        c.extra_stride = dim % 4;
        expect_right(c, tolerance(dtype));
      }
    }
  }
}

TEST(Similarity, NoColumns) {
  for (int32_t kind : kKinds) {
    const Case c = random_case(2, CD_F32, kind, 5, 0, 3);
    expect_right(c, 1e-5);
  }
}

// Values of Passalis' and Tung's losses, computed in another framework.
TEST(Similarity, KnownValues) {
  const Values grads[] = {{-.00198741, .00099371, .00206229, -.01270834, .01017417, -.01017417,
                           -.00048437, -.00859625, -.0076275},
                          {-.02081041, .03313691, .00185403, -.12979763, .06317408, -.1086375,
                           -.01215062, -.09620237, -.07190114}};
  const double losses[] = {0.00904856, 0.11651654};
  for (int32_t kind : kKinds) {
    Case c;
    c.kind = kind;
    c.rows = c.student_dim = c.teacher_dim = 3;
    c.student = {1, 2, 0, 0, 1, 1, 2, -1, 1};
    c.teacher = {.5, 1, .2, 1, 0, 1, 1.5, -.5, .3};
    Answer answer(c);
    ASSERT_EQ(call(c, answer), CD_OK);
    EXPECT_NEAR(answer.loss.value(0), losses[kind], 5e-9);
    for (int64_t k = 0; k < 9; ++k) {
      EXPECT_NEAR(answer.grad_student.value(k / 3, k % 3), grads[kind][static_cast<size_t>(k)],
                  5e-9);
    }
  }
}

TEST(Similarity, GradientsAreTheDerivatives) {
  for (int32_t kind : kKinds) {
    Case c = random_case(3, CD_F64, kind, 7, 5, 4);
    c.grad_scale = 1;
    Answer answer(c);
    ASSERT_EQ(call(c, answer), CD_OK);
    const auto derivative = [&](Values Case::*side, size_t k) {
      double values[2];
      for (int up : {0, 1}) {
        Case moved = c;
        (moved.*side)[k] += up != 0 ? 1e-5 : -1e-5;
        Answer there(moved);
        EXPECT_EQ(call(moved, there, false, false), CD_OK);
        values[up] = there.loss.value(0);
      }
      return (values[1] - values[0]) / 2e-5;
    };
    const Values by_s = answer.grad_student.values(), by_t = answer.grad_teacher.values();
    for (size_t k = 0; k < by_s.size(); ++k) {
      EXPECT_NEAR(by_s[k], derivative(&Case::student, k), 1e-9);
    }
    for (size_t k = 0; k < by_t.size(); ++k) {
      EXPECT_NEAR(by_t[k], derivative(&Case::teacher, k), 1e-9);
    }
  }
}

// Rows without a direction have no gradient; equal ones have the same.
TEST(Similarity, ShortAndEqualRows) {
  for (int32_t dtype : {CD_F64, CD_F32}) {
    for (int32_t kind : kKinds) {
      Case c = random_case(4, dtype, kind, 9, 5, 6);
      for (size_t d = 0; d < 5; ++d) {
        c.student[d] = 0;
        c.student[10 + d] = rounded(dtype, 1e-13 * c.student[5 + d]);
        c.student[20 + d] = c.student[5 + d];
      }
      for (size_t d = 0; d < 6; ++d) c.teacher[18 + d] = 0;
      expect_right(c, tolerance(dtype));
      std::fill(c.teacher.begin(), c.teacher.end(), 1.5);
      std::fill(c.student.begin(), c.student.end(), 0);
      expect_right(c, tolerance(dtype));
    }
  }
}

TEST(Similarity, EqualSidesCostNothing) {
  for (int32_t dtype : kDtypes) {
    for (int32_t kind : kKinds) {
      Case c = random_case(5, dtype, kind, 40, 33, 33);
      c.teacher = c.student;
      Answer answer(c);
      ASSERT_EQ(call(c, answer), CD_OK);
      EXPECT_EQ(answer.loss.value(0), 0);
      expect_right(c, tolerance(dtype));
    }
  }
}

// Neither loss asks how long the rows of a side are.
TEST(Similarity, LargeAndSmallFeatures) {
  for (int32_t dtype : {CD_F64, CD_F32}) {
    for (int32_t kind : kKinds) {
      for (double scale : {1e-5, 1e10, 1e15, 1e30}) {
        Case c = random_case(6, dtype, kind, 12, 7, 5);
        for (double& x : c.student) x = rounded(dtype, x * scale);
        for (double& x : c.teacher) x = rounded(dtype, x * 1e17);
        expect_right(c, tolerance(dtype));
      }
    }
  }
}

TEST(Similarity, GradientsThatAreNotAskedForChangeNothing) {
  for (int32_t kind : kKinds) {
    const Case c = random_case(7, CD_F32, kind, 39, 40, 33);
    Answer all(c), student(c), teacher(c), none(c);
    ASSERT_EQ(call(c, all), CD_OK);
    ASSERT_EQ(call(c, student, true, false), CD_OK);
    ASSERT_EQ(call(c, teacher, false, true), CD_OK);
    ASSERT_EQ(call(c, none, false, false), CD_OK);
    for (Answer* one : {&student, &teacher, &none}) EXPECT_EQ(one->loss.bits(), all.loss.bits());
    EXPECT_EQ(student.grad_student.bits(), all.grad_student.bits());
    EXPECT_TRUE(student.grad_teacher.untouched());
    EXPECT_EQ(teacher.grad_teacher.bits(), all.grad_teacher.bits());
    EXPECT_TRUE(teacher.grad_student.untouched());
  }
}

TEST(Similarity, ThreadsChangeNoBit) {
  for (int32_t dtype : kDtypes) {
    for (int32_t kind : kKinds) {
      Case c = random_case(8, dtype, kind, 150, 37, 64);
      c.threads = 1;
      Answer one(c);
      ASSERT_EQ(call(c, one), CD_OK);
      for (int32_t threads : {0, 2, 5}) {
        c.threads = threads;
        Answer other(c);
        ASSERT_EQ(call(c, other), CD_OK);
        EXPECT_EQ(one.loss.bits(), other.loss.bits());
        EXPECT_EQ(one.grad_student.bits(), other.grad_student.bits());
        EXPECT_EQ(one.grad_teacher.bits(), other.grad_teacher.bits());
      }
    }
  }
}

TEST(Similarity, FewerThanTwoRowsHaveNoSimilarities) {
  for (int32_t kind : kKinds) {
    for (int64_t rows : {0, 1}) {
      const Case c = random_case(9, CD_F32, kind, rows, 3, 4);
      Answer answer(c);
      ASSERT_EQ(call(c, answer), CD_OK);
      EXPECT_NEAR(answer.loss.value(0), 0, 1e-15);
      EXPECT_LE(error_of(answer.grad_student.values(), Values(static_cast<size_t>(3 * rows), 0)),
                1e-12);
      EXPECT_LE(error_of(answer.grad_teacher.values(), Values(static_cast<size_t>(4 * rows), 0)),
                1e-12);
      EXPECT_TRUE(answer.intact());
    }
  }
}

TEST(Similarity, NonFiniteFeaturesMakeTheLossNonFinite) {
  for (int32_t dtype : kDtypes) {
    for (int32_t kind : kKinds) {
      for (double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
        for (bool of_student : {true, false}) {
          for (int64_t rows : {1, 9, 70}) {
            Case c = random_case(10, dtype, kind, rows, 5, 4);
            (of_student ? c.student : c.teacher)[3] = bad;
            Answer answer(c);
            ASSERT_EQ(call(c, answer), CD_OK);
            EXPECT_FALSE(std::isfinite(answer.loss.value(0)));
          }
        }
      }
    }
  }
}

TEST(Similarity, RejectsBadArgumentsAndWritesNothing) {
  TestMatrix s(CD_F32, 3, 5, Values(15, 1)), t(CD_F32, 3, 4, Values(12, 1)), loss(CD_F32, 1, 1),
      grad(CD_F32, 3, 5);
  struct Raw {
    int32_t dtype = CD_F32, kind = CD_SIMILARITY_SP;
    int64_t rows = 3, student_dim = 5, teacher_dim = 4, stride = 5;
    double grad_scale = 1;
    void* teacher;
    void* out;
    void* gradient;
    int32_t threads = 0;
  };
  const auto rejected = [&](const auto& change, std::initializer_list<std::string> parts) {
    Raw r;
    r.teacher = t.data();
    r.out = loss.data();
    r.gradient = grad.data();
    change(r);
    expect_rejected(
        cd_similarity(r.dtype, r.kind, r.rows, r.student_dim, r.teacher_dim, s.data(), r.stride,
                      r.teacher, 4, r.grad_scale, r.out, r.gradient, 5, nullptr, 0, r.threads),
        parts);
  };
  rejected([](Raw& r) { r.dtype = 4; }, {"dtype", "got 4"});
  rejected([](Raw& r) { r.kind = 2; }, {"kind", "got 2"});
  rejected([](Raw& r) { r.kind = -1; }, {"kind", "got -1"});
  rejected([](Raw& r) { r.rows = -1; }, {"rows", "-1"});
  rejected([](Raw& r) { r.rows = 65537; }, {"rows", "at most 65536", "65537"});
  rejected([](Raw& r) { r.student_dim = -1; }, {"student_dim", "got -1"});
  rejected([](Raw& r) { r.teacher_dim = -2; }, {"teacher_dim", "got -2"});
  rejected([](Raw& r) { r.stride = 4; }, {"student: ", "stride", "got 4"});
  rejected([](Raw& r) { r.teacher = nullptr; }, {"teacher: ", "null"});
  rejected([](Raw& r) { r.grad_scale = std::nan(""); }, {"grad_scale", "nan"});
  rejected([](Raw& r) { r.out = nullptr; }, {"loss", "null"});
  rejected([&](Raw& r) { r.gradient = s.data(); }, {"grad_student", "overlaps student"});
  rejected([](Raw& r) { r.threads = -1; }, {"threads", "-1"});
  EXPECT_TRUE(loss.untouched());
  EXPECT_TRUE(grad.untouched());
}

}  // namespace
