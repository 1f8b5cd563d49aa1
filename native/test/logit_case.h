// What the tests of the losses on the logits of student and teacher share.
#pragma once

#include <algorithm>

#include "reference_logits.h"
#include "regimes.h"
#include "test_arrays.h"

// Arguments of a call; Options have a temperature, a reduction and a grad_scale.
template <class Options>
struct LogitCase {
  int32_t dtype = CD_F64;
  int64_t rows = 0;
  int64_t classes = 0;
  std::vector<double> student, teacher, weights;
  std::vector<int64_t> labels;
  Options options;
  int64_t extra_stride = 0;
  int32_t threads = 0;

  void fill(uint64_t seed, int32_t type, int64_t row_count, int64_t class_count, double spread) {
    Random random(seed);
    dtype = type;
    rows = row_count;
    classes = class_count;
    student = random.array(dtype, rows * classes, spread);
    teacher = random.array(dtype, rows * classes, spread);
    weights = random.weights(rows);
    for (int64_t i = 0; i < rows; ++i) {
      labels.push_back(random.below(classes));
      if (random.below(6) == 0) labels.back() = CD_IGNORE_LABEL;
    }
    options.reduction = static_cast<int32_t>(seed % 3);
    options.temperature = seed % 2 == 0 ? 4 : 0.7;
    options.grad_scale = seed % 5 == 0 ? -2 : 0.75;
  }
};

// The inputs as arrays.
struct LogitInputs {
  TestMatrix student, teacher, weights;

  template <class Options>
  explicit LogitInputs(const LogitCase<Options>& c)
      : student(c.dtype, c.rows, c.classes, c.student, 3 * c.extra_stride),
        teacher(c.dtype, c.rows, c.classes, c.teacher, c.extra_stride),
        weights(accumulator_of(c.dtype), c.rows, 1, c.weights) {}
};

struct LogitAnswer {
  TestMatrix loss, rows, grad_student, grad_teacher, grad_weights;

  template <class Options>
  explicit LogitAnswer(const LogitCase<Options>& c)
      : loss(accumulator_of(c.dtype), 1, 1),
        rows(accumulator_of(c.dtype), c.rows, 1),
        grad_student(c.dtype, c.rows, c.classes, c.extra_stride),
        grad_teacher(c.dtype, c.rows, c.classes, 2 * c.extra_stride),
        grad_weights(accumulator_of(c.dtype), c.rows, 1) {}

  bool intact() {
    return loss.intact() && rows.intact() && grad_student.intact() && grad_teacher.intact() &&
           grad_weights.intact();
  }
  bool untouched() const {
    return loss.untouched() && rows.untouched() && grad_student.untouched() &&
           grad_teacher.untouched() && grad_weights.untouched();
  }
  std::vector<std::vector<unsigned char>> bits() {
    return {loss.bits(), rows.bits(), grad_student.bits(), grad_teacher.bits(),
            grad_weights.bits()};
  }
};

// How much larger the rows' losses are than their distances from the weighted mean, which the
// gradients of the weights are then made of: so much larger is the relative error of these.
template <class Options>
double cancellation(const LogitCase<Options>& c, const reference::Kd& e) {
  if (c.options.reduction != CD_WEIGHTED_MEAN) return 1;
  double whole = 0, rest = 0;
  for (size_t i = 0; i < e.rows.size(); ++i) {
    if (c.labels[i] == CD_IGNORE_LABEL) continue;
    whole += e.rows[i] * e.rows[i];
    rest += (e.rows[i] - e.loss) * (e.rows[i] - e.loss);
  }
  return rest > 0 ? std::max(1.0, std::sqrt(whole / rest)) : 1;
}

template <class Options>
void expect_near(const LogitCase<Options>& c, LogitAnswer& a, const reference::Kd& e) {
  const double scalar = tolerance_of(c.dtype), gradient = rounding_of(c.dtype);
  EXPECT_LE(error_of(a.loss.values(), {e.loss}), scalar);
  EXPECT_LE(error_of(a.rows.values(), e.rows), scalar);
  EXPECT_LE(error_of(a.grad_student.values(), e.grad_student), gradient);
  EXPECT_LE(error_of(a.grad_teacher.values(), e.grad_teacher), gradient);
  EXPECT_LE(error_of(a.grad_weights.values(), e.grad_weights), scalar * cancellation(c, e));
  EXPECT_TRUE(a.intact());
}

// A call answers what the reference of its type does.
template <class Options, class Call, class Reference>
void expect_reference(const LogitCase<Options>& c, const Call& call, const Reference& reference) {
  SCOPED_TRACE(std::string(dtype_name(c.dtype)) + " B " + std::to_string(c.rows) + " C " +
               std::to_string(c.classes) + " T " + std::to_string(c.options.temperature));
  LogitAnswer a(c);
  ASSERT_EQ(call(c, a), CD_OK) << cd_last_error();
  expect_near(c, a,
              reference(c.student, c.teacher, c.labels, c.weights, c.rows, c.classes, c.options));
}

// Of losses that need two classes: every number of rows and of classes that makes a difference.
template <class Case>
void at_every_size(Case (*random_case)(uint64_t, int32_t, int64_t, int64_t, double),
                   void (*expect)(const Case&)) {
  uint64_t seed = 1;
  for (int32_t dtype : kDtypes) {
    for (int64_t size : kRegimes) {
      Case c = random_case(++seed, dtype, size, 33, 3);
      c.extra_stride = size % 5;
      expect(c);
      if (size < 2) continue;
      c = random_case(++seed, dtype, 7, size, 3);
      c.extra_stride = size % 3;
      expect(c);
    }
  }
}

// All gradients of a case in f64 are the central differences of its loss.
template <class Options, class Call>
void expect_derivatives(LogitCase<Options> c, const Call& call) {
  using Case = LogitCase<Options>;
  c.options.grad_scale = 1;
  for (double& w : c.weights) w += 0.25;
  LogitAnswer a(c);
  ASSERT_EQ(call(c, a), CD_OK);
  const auto slope = [&](std::vector<double> Case::*array, size_t i) {
    const double step = 1e-6;
    Case up = c, down = c;
    (up.*array)[i] += step;
    (down.*array)[i] -= step;
    LogitAnswer above(up), below(down);
    EXPECT_EQ(call(up, above) + call(down, below), CD_OK);
    return (above.loss.value(0) - below.loss.value(0)) / (2 * step);
  };
  for (int64_t i = 0; i < c.rows; ++i) {
    EXPECT_NEAR(a.grad_weights.value(i), slope(&Case::weights, static_cast<size_t>(i)), 1e-7);
    for (int64_t j = 0; j < c.classes; ++j) {
      const size_t k = static_cast<size_t>(i * c.classes + j);
      EXPECT_NEAR(a.grad_student.value(i, j), slope(&Case::student, k), 1e-7);
      EXPECT_NEAR(a.grad_teacher.value(i, j), slope(&Case::teacher, k), 1e-7);
    }
  }
}

// Neither the number of threads nor repeating the call changes a bit.
template <class Options, class Call>
void expect_same_bits(LogitCase<Options> c, const Call& call, int repetitions) {
  c.threads = 1;
  LogitAnswer one(c);
  ASSERT_EQ(call(c, one), CD_OK);
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    for (int32_t threads : {0, 1, 2, 5}) {
      c.threads = threads;
      LogitAnswer other(c);
      ASSERT_EQ(call(c, other), CD_OK);
      ASSERT_EQ(one.bits(), other.bits()) << threads << " threads";
    }
  }
}

// Where no row counts, everything is 0, also beside a row that is ignored and not finite.
template <class Options, class Call>
void expect_nothing_to_average(LogitCase<Options> c, const Call& call) {
  const size_t logits = static_cast<size_t>(c.rows * c.classes);
  c.labels.assign(static_cast<size_t>(c.rows), CD_IGNORE_LABEL);
  if (c.rows > 0) c.student[7] = HUGE_VAL;
  for (int32_t reduction : {CD_MEAN, CD_WEIGHTED_MEAN, CD_SUM}) {
    c.options.reduction = reduction;
    LogitAnswer a(c);
    ASSERT_EQ(call(c, a), CD_OK);
    EXPECT_EQ(a.loss.value(0), 0);
    EXPECT_EQ(a.grad_student.values(), std::vector<double>(logits, 0));
    EXPECT_EQ(a.grad_teacher.values(), std::vector<double>(logits, 0));
  }
}
