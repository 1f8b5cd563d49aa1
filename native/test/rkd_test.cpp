#include "regimes.h"
#include "test_arrays.h"

namespace {

using Values = std::vector<double>;
using Real = long double;
using Reals = std::vector<Real>;

// ---- the definition, with unit vectors in place of the law of cosines ----

struct Relations {
  int64_t rows, dim;
  Reals apart;  // x_j - x_i at [i, j]
  Reals distances, raised;
  Real mean = 0;

  Relations(const Values& x, int64_t rows, int64_t dim) : rows(rows), dim(dim) {
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < rows; ++j) {
        Real square = 0;
        for (int64_t d = 0; d < dim; ++d) {
          apart.push_back(at(x, j, d) - at(x, i, d));
          square += apart.back() * apart.back();
        }
        distances.push_back(std::sqrt(square));
        raised.push_back(i == j ? 0 : std::max(distances.back(), Real{1e-6}));
        mean += raised.back() / static_cast<Real>(rows * (rows - 1));
      }
    }
  }

  Real at(const Values& x, int64_t i, int64_t d) const {
    return static_cast<Real>(x[static_cast<size_t>(i * dim + d)]);
  }
  size_t pair(int64_t i, int64_t j) const { return static_cast<size_t>(i * rows + j); }
  Real distance(int64_t i, int64_t j) const { return distances[pair(i, j)]; }
  Real raised_distance(int64_t i, int64_t j) const { return raised[pair(i, j)]; }

  // Element d of the unit vector from i to j.
  Real unit(int64_t i, int64_t j, int64_t d) const {
    const Real length = distance(i, j);
    return length < Real{1e-12}
               ? 0
               : apart[pair(i, j) * static_cast<size_t>(dim) + static_cast<size_t>(d)] / length;
  }

  Real cosine(int64_t i, int64_t j, int64_t k) const {
    Real c = 0;
    for (int64_t d = 0; d < dim; ++d) c += unit(i, j, d) * unit(i, k, d);
    return c;
  }

  // grad += slope * d raised_distance(i, j)
  void add_distance(int64_t i, int64_t j, Real slope, Reals& grad) const {
    if (distance(i, j) < Real{1e-6}) return;
    for (int64_t d = 0; d < dim; ++d) {
      grad[static_cast<size_t>(j * dim + d)] += slope * unit(i, j, d);
      grad[static_cast<size_t>(i * dim + d)] -= slope * unit(i, j, d);
    }
  }

  // grad += slope * d cosine(i, j, k)
  void add_cosine(int64_t i, int64_t j, int64_t k, Real slope, Reals& grad) const {
    if (distance(i, j) < Real{1e-12} || distance(i, k) < Real{1e-12}) return;
    const Real c = cosine(i, j, k);
    for (int64_t d = 0; d < dim; ++d) {
      const Real ej = unit(i, j, d), ek = unit(i, k, d);
      const Real by_j = (ek - c * ej) / distance(i, j), by_k = (ej - c * ek) / distance(i, k);
      grad[static_cast<size_t>(j * dim + d)] += slope * by_j;
      grad[static_cast<size_t>(k * dim + d)] += slope * by_k;
      grad[static_cast<size_t>(i * dim + d)] -= slope * (by_j + by_k);
    }
  }
};

Real huber(Real x) { return std::fabs(x) < 1 ? x * x / 2 : std::fabs(x) - Real{0.5}; }
Real huber_slope(Real x) { return std::fabs(x) < 1 ? x : std::copysign(Real{1}, x); }

struct Case {
  int32_t dtype = CD_F64;
  int64_t rows = 0, student_dim = 0, teacher_dim = 0;
  Values student, teacher;
  double distance_weight = 25, angle_weight = 50, grad_scale = 1;
  int64_t extra_stride = 0;
  int32_t threads = 0;
};

struct Expected {
  double loss = 0;
  Values grad_student, grad_teacher;
};

Values doubles(const Reals& values, double scale) {
  Values result;
  for (Real value : values) result.push_back(static_cast<double>(static_cast<Real>(scale) * value));
  return result;
}

Expected expected(const Case& c) {
  const Relations s(c.student, c.rows, c.student_dim), t(c.teacher, c.rows, c.teacher_dim);
  Reals grad_s(c.student.size()), grad_t(c.teacher.size());
  const Real n = static_cast<Real>(c.rows), pairs = n * (n - 1);
  const Real by_distance = static_cast<Real>(c.distance_weight) / (n * n);
  const Real by_angle = static_cast<Real>(c.angle_weight) / (n * n * n);
  Real loss = 0, along_s = 0, along_t = 0;
  const auto slope_of = [&](int64_t i, int64_t j) {
    return s.raised_distance(i, j) / s.mean - t.raised_distance(i, j) / t.mean;
  };
  for (int64_t i = 0; i < c.rows; ++i) {
    for (int64_t j = 0; j < c.rows; ++j) {
      loss += by_distance * huber(slope_of(i, j));
      along_s += huber_slope(slope_of(i, j)) * s.raised_distance(i, j);
      along_t += huber_slope(slope_of(i, j)) * t.raised_distance(i, j);
    }
  }
  for (int64_t i = 0; i < c.rows; ++i) {
    for (int64_t j = 0; j < c.rows; ++j) {
      if (i == j) continue;
      const Real slope = by_distance * huber_slope(slope_of(i, j));
      s.add_distance(i, j, slope / s.mean - by_distance * along_s / (s.mean * s.mean * pairs),
                     grad_s);
      t.add_distance(i, j, by_distance * along_t / (t.mean * t.mean * pairs) - slope / t.mean,
                     grad_t);
      for (int64_t k = 0; k < c.rows; ++k) {
        const Real apart = s.cosine(i, j, k) - t.cosine(i, j, k);
        loss += by_angle * huber(apart);
        s.add_cosine(i, j, k, by_angle * huber_slope(apart), grad_s);
        t.add_cosine(i, j, k, -by_angle * huber_slope(apart), grad_t);
      }
    }
  }
  return {static_cast<double>(loss), doubles(grad_s, c.grad_scale), doubles(grad_t, c.grad_scale)};
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
  return cd_rkd(c.dtype, c.rows, c.student_dim, c.teacher_dim, s.data(), s.stride(), t.data(),
                t.stride(), c.distance_weight, c.angle_weight, c.grad_scale, answer.loss.data(),
                student ? answer.grad_student.data() : nullptr, answer.grad_student.stride(),
                teacher ? answer.grad_teacher.data() : nullptr, answer.grad_teacher.stride(),
                c.threads);
}

Case random_case(uint64_t seed, int32_t dtype, int64_t rows, int64_t student_dim,
                 int64_t teacher_dim) {
  Random random(seed);
  Case c;
  c.dtype = dtype;
  c.rows = rows;
  c.student_dim = student_dim;
  c.teacher_dim = teacher_dim;
  c.student = random.array(dtype, rows * student_dim, 3);
  c.teacher = random.array(dtype, rows * teacher_dim, 0.5);
  return c;
}

void expect_right(const Case& c, double tolerance) {
  SCOPED_TRACE(std::string(dtype_name(c.dtype)) + " B " + std::to_string(c.rows) + " D " +
               std::to_string(c.student_dim) + " E " + std::to_string(c.teacher_dim));
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

TEST(Rkd, AgreesWithTheDefinitionAtEverySize) {
  uint64_t seed = 1;
  for (int32_t dtype : kDtypes) {
    for (int64_t rows : {2, 3, 4, 7, 8, 9, 17, 33}) {
      Case c = random_case(++seed, dtype, rows, 1 + rows % 5, 3);
      c.extra_stride = rows % 3;
      c.grad_scale = 0.5;
      expect_right(c, tolerance_of(dtype));
    }
    for (int64_t dim : kRegimes) {
      if (dim == 0 || dim > 200) continue;
      Case c = random_case(++seed, dtype, 5, dim, dim + 2);
      c.extra_stride = dim % 4;
      expect_right(c, tolerance_of(dtype));
    }
  }
}

TEST(Rkd, EachRelationAlone) {
  for (int32_t dtype : {CD_F64, CD_F32}) {
    Case c = random_case(3, dtype, 9, 4, 6);
    c.angle_weight = 0;
    expect_right(c, tolerance_of(dtype));
    c.angle_weight = 2;
    c.distance_weight = 0;
    expect_right(c, tolerance_of(dtype));
  }
}

// Values of Park et al.'s loss with both weights 1, computed in another framework.
TEST(Rkd, KnownValues) {
  Case c;
  c.rows = 3;
  c.student_dim = c.teacher_dim = 3;
  c.student = {1, 2, 0, 0, 1, 1, 2, -1, 1};
  c.teacher = {.5, 1, .2, 1, 0, 1, 1.5, -.5, .3};
  c.distance_weight = 1;
  c.angle_weight = 0;
  Answer distances(c);
  ASSERT_EQ(call(c, distances), CD_OK);
  EXPECT_NEAR(distances.loss.value(0), 0.02667791, 5e-9);
  const Values grad = {-.01617869, -.0241116, .02014515,  -.0009134, .03723724,
                       -.01816192, .01709209, -.01312563, -.00198323};
  for (int64_t k = 0; k < 9; ++k) {
    EXPECT_NEAR(distances.grad_student.value(k / 3, k % 3), grad[static_cast<size_t>(k)], 5e-9);
  }
  c.distance_weight = 0;
  c.angle_weight = 1;
  Answer angles(c);
  ASSERT_EQ(call(c, angles), CD_OK);
  EXPECT_NEAR(angles.loss.value(0), 0.00582894, 5e-9);
}

// Samples that coincide have neither a direction nor a gradient between them.
TEST(Rkd, EqualRows) {
  Case c = random_case(4, CD_F64, 9, 5, 5);
  for (size_t d = 0; d < 5; ++d) {
    c.student[10 + d] = c.student[d];
    c.teacher[20 + d] = c.teacher[35 + d] = c.teacher[d];
  }
  expect_right(c, 1e-11);
  std::fill(c.student.begin(), c.student.end(), 1.5);
  expect_right(c, 1e-11);
  Answer answer(c);
  ASSERT_EQ(call(c, answer), CD_OK);
  EXPECT_EQ(answer.grad_student.values(), Values(45, 0));
}

// A side that is shorter than the others by 1e-5 costs as many digits.
TEST(Rkd, NeighboursCostDigitsInProportion) {
  Case c = random_case(5, CD_F64, 9, 5, 5);
  for (size_t d = 0; d < 5; ++d) c.student[d] = c.student[5 + d] + 1e-5 * c.student[d];
  expect_right(c, 1e-9);
}

TEST(Rkd, GradientsThatAreNotAskedForChangeNothing) {
  const Case c = random_case(6, CD_F32, 19, 40, 33);
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

TEST(Rkd, ThreadsChangeNoBit) {
  for (int32_t dtype : kDtypes) {
    Case c = random_case(7, dtype, 50, 37, 64);
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

TEST(Rkd, FewerThanTwoRowsHaveNoRelations) {
  for (int64_t rows : {0, 1}) {
    const Case c = random_case(8, CD_F32, rows, 3, 4);
    Answer answer(c);
    ASSERT_EQ(call(c, answer), CD_OK);
    EXPECT_EQ(answer.loss.value(0), 0);
    EXPECT_EQ(answer.grad_student.values(), Values(static_cast<size_t>(3 * rows), 0));
    EXPECT_EQ(answer.grad_teacher.values(), Values(static_cast<size_t>(4 * rows), 0));
    EXPECT_TRUE(answer.intact());
  }
}

TEST(Rkd, NonFiniteFeaturesMakeTheLossNonFinite) {
  for (int32_t dtype : kDtypes) {
    for (double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
      for (bool of_student : {true, false}) {
        for (bool angles : {true, false}) {
          Case c = random_case(9, dtype, 9, 5, 4);
          (of_student ? c.student : c.teacher)[7] = bad;
          (angles ? c.distance_weight : c.angle_weight) = 0;
          Answer answer(c);
          ASSERT_EQ(call(c, answer), CD_OK);
          EXPECT_FALSE(std::isfinite(answer.loss.value(0)));
        }
      }
    }
  }
}

TEST(Rkd, RejectsBadArgumentsAndWritesNothing) {
  TestMatrix s(CD_F32, 3, 5, Values(15, 1)), t(CD_F32, 3, 4, Values(12, 1)), loss(CD_F32, 1, 1),
      grad(CD_F32, 3, 5);
  struct Raw {
    int32_t dtype = CD_F32;
    int64_t rows = 3, student_dim = 5, teacher_dim = 4, stride = 5;
    double distance_weight = 1, angle_weight = 1, grad_scale = 1;
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
    expect_rejected(cd_rkd(r.dtype, r.rows, r.student_dim, r.teacher_dim, s.data(), r.stride,
                           r.teacher, 4, r.distance_weight, r.angle_weight, r.grad_scale, r.out,
                           r.gradient, 5, nullptr, 0, r.threads),
                    parts);
  };
  rejected([](Raw& r) { r.dtype = 4; }, {"dtype", "got 4"});
  rejected([](Raw& r) { r.rows = -1; }, {"rows", "-1"});
  rejected([](Raw& r) { r.rows = 65537; }, {"rows", "at most 65536", "65537"});
  rejected([](Raw& r) { r.student_dim = -1; }, {"student_dim", "got -1"});
  rejected([](Raw& r) { r.teacher_dim = -2; }, {"teacher_dim", "got -2"});
  rejected([](Raw& r) { r.stride = 4; }, {"student: ", "stride", "got 4"});
  rejected([](Raw& r) { r.teacher = nullptr; }, {"teacher: ", "null"});
  rejected([](Raw& r) { r.distance_weight = -1; }, {"distance_weight", "-1"});
  rejected([](Raw& r) { r.angle_weight = HUGE_VAL; }, {"angle_weight", "inf"});
  rejected([](Raw& r) { r.grad_scale = std::nan(""); }, {"grad_scale", "nan"});
  rejected([](Raw& r) { r.out = nullptr; }, {"loss", "null"});
  rejected([&](Raw& r) { r.gradient = s.data(); }, {"grad_student", "overlaps student"});
  rejected([](Raw& r) { r.threads = -1; }, {"threads", "-1"});
  EXPECT_TRUE(loss.untouched());
  EXPECT_TRUE(grad.untouched());
}

}  // namespace
