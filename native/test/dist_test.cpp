#include "regimes.h"
#include "test_arrays.h"

namespace {

using Values = std::vector<double>;
using Real = long double;
using Reals = std::vector<Real>;

struct Case {
  int32_t dtype = CD_F64;
  int64_t rows = 0, classes = 0;
  Values student, teacher;
  double beta = 1, gamma = 1, temperature = 1, grad_scale = 1;
  int64_t extra_stride = 0;
  int32_t threads = 0;

  size_t at(int64_t i, int64_t j) const { return static_cast<size_t>(i * classes + j); }
};

// ---- the definition ----

Reals softmaxes(const Case& c, const Values& logits) {
  Reals p;
  for (int64_t i = 0; i < c.rows; ++i) {
    Real top = -HUGE_VALL, sum = 0;
    for (int64_t j = 0; j < c.classes; ++j) top = std::max<Real>(top, logits[c.at(i, j)]);
    for (int64_t j = 0; j < c.classes; ++j) {
      p.push_back(std::exp((logits[c.at(i, j)] - top) / static_cast<Real>(c.temperature)));
      sum += p.back();
    }
    for (int64_t j = 0; j < c.classes; ++j) p[c.at(i, j)] /= sum;
  }
  return p;
}

// Adds weight (1 - r) of the numbers at `places`, and its derivatives by a and b.
Real add_unlike(const std::vector<size_t>& places, const Reals& a, const Reals& b, Real weight,
                Reals& by_a, Reals& by_b) {
  const Real n = static_cast<Real>(places.size());
  Real mean_a = 0, mean_b = 0, ab = 0, aa = 0, bb = 0;
  for (size_t k : places) {
    mean_a += a[k] / n;
    mean_b += b[k] / n;
  }
  for (size_t k : places) {
    ab += (a[k] - mean_a) * (b[k] - mean_b);
    aa += (a[k] - mean_a) * (a[k] - mean_a);
    bb += (b[k] - mean_b) * (b[k] - mean_b);
  }
  const Real length_a = std::max<Real>(std::sqrt(aa), 1e-8);
  const Real length_b = std::max<Real>(std::sqrt(bb), 1e-8);
  const Real r = ab / length_a / length_b;
  for (size_t k : places) {
    const Real x = a[k] - mean_a, y = b[k] - mean_b;
    by_a[k] -= weight * (y / length_a / length_b - (length_a > 1e-8 ? r * x / aa : 0));
    by_b[k] -= weight * (x / length_a / length_b - (length_b > 1e-8 ? r * y / bb : 0));
  }
  return weight * (1 - r);
}

// Of a derivative by the probabilities that by the logits.
Values through_softmax(const Case& c, const Reals& p, const Reals& by_p) {
  Values grad;
  for (int64_t i = 0; i < c.rows; ++i) {
    Real mean = 0;
    for (int64_t j = 0; j < c.classes; ++j) mean += p[c.at(i, j)] * by_p[c.at(i, j)];
    for (int64_t j = 0; j < c.classes; ++j) {
      const Real by_z = p[c.at(i, j)] * (by_p[c.at(i, j)] - mean);
      grad.push_back(static_cast<double>(by_z * static_cast<Real>(c.grad_scale / c.temperature)));
    }
  }
  return grad;
}

struct Expected {
  double loss = 0;
  Values grad_student, grad_teacher;
};

Expected expected(const Case& c) {
  const Reals q = softmaxes(c, c.student), p = softmaxes(c, c.teacher);
  Reals by_q(q.size()), by_p(p.size());
  const Real square = static_cast<Real>(c.temperature) * static_cast<Real>(c.temperature);
  Real loss = 0;
  for (int64_t i = 0; i < c.rows; ++i) {
    std::vector<size_t> row;
    for (int64_t j = 0; j < c.classes; ++j) row.push_back(c.at(i, j));
    loss += add_unlike(row, q, p, square * static_cast<Real>(c.beta) / static_cast<Real>(c.rows),
                       by_q, by_p);
  }
  for (int64_t j = 0; j < c.classes; ++j) {
    std::vector<size_t> column;
    for (int64_t i = 0; i < c.rows; ++i) column.push_back(c.at(i, j));
    loss +=
        add_unlike(column, q, p, square * static_cast<Real>(c.gamma) / static_cast<Real>(c.classes),
                   by_q, by_p);
  }
  return {static_cast<double>(loss), through_softmax(c, q, by_q), through_softmax(c, p, by_p)};
}

// ---- the kernel ----

struct Answer {
  TestMatrix loss, grad_student, grad_teacher;

  explicit Answer(const Case& c)
      : loss(accumulator_of(c.dtype), 1, 1),
        grad_student(c.dtype, c.rows, c.classes, 3 * c.extra_stride),
        grad_teacher(c.dtype, c.rows, c.classes, c.extra_stride) {}

  bool intact() { return loss.intact() && grad_student.intact() && grad_teacher.intact(); }
};

int32_t call(const Case& c, Answer& answer, bool student = true, bool teacher = true) {
  TestMatrix s(c.dtype, c.rows, c.classes, c.student, c.extra_stride);
  TestMatrix t(c.dtype, c.rows, c.classes, c.teacher, 2 * c.extra_stride);
  return cd_dist(c.dtype, c.rows, c.classes, s.data(), s.stride(), t.data(), t.stride(), c.beta,
                 c.gamma, c.temperature, c.grad_scale, answer.loss.data(),
                 student ? answer.grad_student.data() : nullptr, answer.grad_student.stride(),
                 teacher ? answer.grad_teacher.data() : nullptr, answer.grad_teacher.stride(),
                 c.threads);
}

Case random_case(uint64_t seed, int32_t dtype, int64_t rows, int64_t classes) {
  Random random(seed);
  Case c;
  c.dtype = dtype;
  c.rows = rows;
  c.classes = classes;
  c.student = random.array(dtype, rows * classes, 2);
  c.teacher = random.array(dtype, rows * classes, 3);
  return c;
}

void expect_right(const Case& c, double tolerance) {
  SCOPED_TRACE(std::string(dtype_name(c.dtype)) + " B " + std::to_string(c.rows) + " C " +
               std::to_string(c.classes));
  Answer answer(c);
  ASSERT_EQ(call(c, answer), CD_OK) << cd_last_error();
  const Expected right = expected(c);
  EXPECT_LE(error_of(answer.loss.values(), {right.loss}), tolerance);
  EXPECT_LE(error_of(answer.grad_student.values(), right.grad_student),
            std::max(tolerance, rounding_of(c.dtype)));
  EXPECT_LE(error_of(answer.grad_teacher.values(), right.grad_teacher),
            std::max(tolerance, rounding_of(c.dtype)));
  EXPECT_TRUE(answer.intact());
}

TEST(Dist, AgreesWithTheDefinitionAtEverySize) {
  uint64_t seed = 1;
  for (int32_t dtype : kDtypes) {
    for (int64_t classes : kRegimes) {
      if (classes < 2) continue;
      for (int64_t rows : {3, 5}) {
        Case c = random_case(++seed, dtype, rows, classes);
        c.extra_stride = classes % 4;
        c.grad_scale = 0.5;
        c.temperature = rows;
        expect_right(c, tolerance_of(dtype));
      }
    }
    for (int64_t rows : kRegimes) {
      if (rows < 2) continue;
      Case c = random_case(++seed, dtype, rows, 9);
      c.extra_stride = rows % 3;
      expect_right(c, tolerance_of(dtype));
    }
  }
}

TEST(Dist, EachRelationAlone) {
  for (int32_t dtype : {CD_F64, CD_F32}) {
    Case c = random_case(3, dtype, 9, 14);
    c.gamma = 0;
    expect_right(c, tolerance_of(dtype));
    c.gamma = 3;
    c.beta = 0;
    expect_right(c, tolerance_of(dtype));
  }
}

TEST(Dist, GradientsAreDerivatives) {
  Case c = random_case(4, CD_F64, 6, 5);
  c.temperature = 1.5;
  Answer answer(c);
  ASSERT_EQ(call(c, answer), CD_OK);
  const double h = 1e-5;
  for (bool of_student : {true, false}) {
    Values numeric;
    for (double& logit : of_student ? c.student : c.teacher) {
      const double before = logit;
      Answer above(c), below(c);
      logit = before + h;
      ASSERT_EQ(call(c, above), CD_OK);
      logit = before - h;
      ASSERT_EQ(call(c, below), CD_OK);
      logit = before;
      numeric.push_back((above.loss.value(0) - below.loss.value(0)) / (2 * h));
    }
    EXPECT_LE(error_of((of_student ? answer.grad_student : answer.grad_teacher).values(), numeric),
              1e-8);
  }
}

// Where both are certain, and of the same, little is left of the differences.
TEST(Dist, CertainAndNearlyEqualSides) {
  Case c = random_case(5, CD_F32, 16, 20);
  for (int64_t i = 0; i < c.rows; ++i) {
    c.student[c.at(i, i % 5)] = 14;
    c.teacher[c.at(i, i % 5)] = 15;
  }
  expect_right(c, tolerance_of(CD_F32));
}

TEST(Dist, ConstantRowsAndColumnsCorrelateWithNothing) {
  for (int32_t dtype : {CD_F64, CD_F32}) {
    Case c = random_case(6, dtype, 7, 5);
    for (int64_t j = 0; j < 5; ++j) c.student[c.at(2, j)] = c.teacher[c.at(4, j)] = 1.25;
    expect_right(c, tolerance_of(dtype));
    std::fill(c.student.begin(), c.student.end(), -2.0);
    Answer answer(c);
    ASSERT_EQ(call(c, answer), CD_OK);
    EXPECT_NEAR(answer.loss.value(0), 2, 1e-6);
    // The rounding of a column's mean, over 1e-8.
    for (double g : answer.grad_teacher.values()) EXPECT_NEAR(g, 0, 1e-7);
  }
}

TEST(Dist, OneClassOrOneRow) {
  Case one_class = random_case(7, CD_F32, 4, 1);
  Answer answer(one_class);
  ASSERT_EQ(call(one_class, answer), CD_OK);
  EXPECT_EQ(answer.loss.value(0), 2);
  EXPECT_EQ(answer.grad_student.values(), Values(4, 0));
  expect_right(random_case(8, CD_F32, 1, 12), tolerance_of(CD_F32));
}

TEST(Dist, LargeLogits) {
  for (int32_t dtype : {CD_F64, CD_F32}) {
    for (double size : {1e4, 1e30}) {
      Case c = random_case(9, dtype, 6, 11);
      for (double& z : c.student) z *= size;
      for (double& z : c.teacher) z *= size;
      Answer answer(c);
      ASSERT_EQ(call(c, answer), CD_OK);
      const Expected right = expected(c);
      EXPECT_LE(error_of(answer.loss.values(), {right.loss}), tolerance_of(dtype));
      for (double g : answer.grad_student.values()) EXPECT_TRUE(std::isfinite(g));
    }
  }
}

TEST(Dist, GradientsThatAreNotAskedForChangeNothing) {
  const Case c = random_case(10, CD_F32, 19, 40);
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

TEST(Dist, ThreadsChangeNoBit) {
  for (int32_t dtype : kDtypes) {
    Case c = random_case(11, dtype, 300, 137);
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

TEST(Dist, NoRows) {
  const Case c = random_case(12, CD_F32, 0, 4);
  Answer answer(c);
  ASSERT_EQ(call(c, answer), CD_OK);
  EXPECT_EQ(answer.loss.value(0), 0);
  EXPECT_TRUE(answer.intact());
}

TEST(Dist, NonFiniteLogitsMakeTheLossNonFinite) {
  for (int32_t dtype : kDtypes) {
    for (double bad : {std::nan(""), HUGE_VAL}) {
      for (bool of_student : {true, false}) {
        Case c = random_case(13, dtype, 9, 5);
        (of_student ? c.student : c.teacher)[7] = bad;
        Answer answer(c);
        ASSERT_EQ(call(c, answer), CD_OK);
        EXPECT_FALSE(std::isfinite(answer.loss.value(0)));
      }
    }
  }
}

// A class that is out of the question has the probability 0.
TEST(Dist, ExcludedClasses) {
  Case c = random_case(14, CD_F64, 6, 5);
  for (int64_t i = 0; i < 6; i += 2) c.student[c.at(i, 3)] = -HUGE_VAL;
  expect_right(c, 1e-10);
}

TEST(Dist, RejectsBadArgumentsAndWritesNothing) {
  TestMatrix s(CD_F32, 3, 5, Values(15, 1)), t(CD_F32, 3, 5, Values(15, 2)), loss(CD_F32, 1, 1),
      grad(CD_F32, 3, 5);
  struct Raw {
    int32_t dtype = CD_F32;
    int64_t rows = 3, classes = 5, stride = 5;
    double beta = 1, gamma = 1, temperature = 1, grad_scale = 1;
    void *teacher, *out, *gradient;
    int32_t threads = 0;
  };
  const auto refused = [&](const char* expected, auto change) {
    Raw r;
    r.teacher = t.data();
    r.out = loss.data();
    r.gradient = grad.data();
    change(r);
    const int32_t status =
        cd_dist(r.dtype, r.rows, r.classes, s.data(), r.stride, r.teacher, 5, r.beta, r.gamma,
                r.temperature, r.grad_scale, r.out, r.gradient, 5, nullptr, 0, r.threads);
    EXPECT_EQ(status, CD_INVALID_ARGUMENT) << expected;
    EXPECT_NE(std::string(cd_last_error()).find(expected), std::string::npos) << cd_last_error();
    EXPECT_TRUE(loss.untouched() && grad.untouched()) << expected;
  };
  refused("dtype", [](Raw& r) { r.dtype = 9; });
  refused("rows", [](Raw& r) { r.rows = -1; });
  refused("rows", [](Raw& r) { r.rows = int64_t{1} << 60; });
  refused("classes", [](Raw& r) { r.classes = 0; });
  refused("student", [](Raw& r) { r.stride = 4; });
  refused("teacher", [](Raw& r) { r.teacher = nullptr; });
  refused("teacher", [](Raw& r) { r.teacher = static_cast<char*>(r.teacher) + 1; });
  refused("beta", [](Raw& r) { r.beta = -1; });
  refused("gamma", [](Raw& r) { r.gamma = std::nan(""); });
  refused("temperature", [](Raw& r) { r.temperature = 0; });
  refused("grad_scale", [](Raw& r) { r.grad_scale = HUGE_VAL; });
  refused("loss", [](Raw& r) { r.out = nullptr; });
  refused("grad_student", [](Raw& r) { r.gradient = r.teacher; });
  refused("threads", [](Raw& r) { r.threads = -1; });
}

}  // namespace
