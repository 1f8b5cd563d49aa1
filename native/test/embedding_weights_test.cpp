// K4 in one call: the bits of the separate calls, which quality_weights_test.cpp holds against the
// equations.
#include "regimes.h"
#include "test_arrays.h"

namespace {

using Values = std::vector<double>;
using Bits = std::vector<unsigned char>;

struct Sizes {
  int64_t rows, student_dim, teacher_dim;
};

// A batch of embeddings, and what a call makes of it.
class Batch {
 public:
  Batch(int32_t dtype, Sizes sizes, Random& random)
      : dtype_(dtype),
        sizes_(sizes),
        student_(dtype, sizes.rows, sizes.student_dim,
                 random.array(dtype, sizes.rows * sizes.student_dim), 3),
        teacher_(dtype, sizes.rows, sizes.teacher_dim,
                 random.array(dtype, sizes.rows * sizes.teacher_dim, 3)) {}

  int32_t in_one(int32_t mode, int32_t update, int32_t threads, TestMatrix& statistics) {
    return cd_embedding_weights(dtype_, sizes_.rows, sizes_.student_dim, sizes_.teacher_dim,
                                student_.data(), student_.stride(), teacher_.data(),
                                teacher_.stride(), mode, 1.25, 0.333, 0.1, update,
                                static_cast<double*>(statistics.data()), norms_student_.data(),
                                norms_teacher_.data(), weights_.data(), threads);
  }

  int32_t apart(int32_t mode, int32_t update, TestMatrix& statistics) {
    const int32_t of_student =
        cd_row_norms(dtype_, sizes_.rows, sizes_.student_dim, student_.data(), student_.stride(),
                     norms_student_.data(), 1);
    const int32_t of_teacher =
        cd_row_norms(dtype_, sizes_.rows, sizes_.teacher_dim, teacher_.data(), teacher_.stride(),
                     norms_teacher_.data(), 1);
    if (of_student != CD_OK || of_teacher != CD_OK) return CD_INTERNAL_ERROR;
    return cd_quality_weights(accumulator_of(dtype_), sizes_.rows, norms_student_.data(),
                              norms_teacher_.data(), mode, 1.25, 0.333, 0.1, update,
                              static_cast<double*>(statistics.data()), weights_.data());
  }

  // Of all outputs.
  Bits bits() {
    Bits all;
    for (TestMatrix* output : {&norms_student_, &norms_teacher_, &weights_}) {
      const Bits part = output->bits();
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }

  bool intact() { return norms_student_.intact() && norms_teacher_.intact() && weights_.intact(); }

 private:
  int32_t dtype_;
  Sizes sizes_;
  TestMatrix student_, teacher_;
  TestMatrix norms_student_{accumulator_of(dtype_), sizes_.rows, 1};
  TestMatrix norms_teacher_{accumulator_of(dtype_), sizes_.rows, 1};
  TestMatrix weights_{accumulator_of(dtype_), sizes_.rows, 1};
};

// Over four batches, of which the third updates nothing.
void expect_the_same_bits(int32_t dtype, Sizes sizes, int32_t mode, int32_t threads) {
  const Values none(CD_QUALITY_STATISTICS, 0);
  TestMatrix one(CD_F64, CD_QUALITY_STATISTICS, 1, none);
  TestMatrix others(CD_F64, CD_QUALITY_STATISTICS, 1, none);
  for (uint64_t batch = 0; batch < 4; ++batch) {
    const int32_t update = batch != 2 || sizes.rows == 0 ? 1 : 0;
    Random random(batch), same(batch);
    Batch in_one(dtype, sizes, random), apart(dtype, sizes, same);
    ASSERT_EQ(in_one.in_one(mode, update, threads, one), CD_OK) << cd_last_error();
    ASSERT_EQ(apart.apart(mode, update, others), CD_OK) << cd_last_error();
    EXPECT_EQ(in_one.bits(), apart.bits()) << "rows " << sizes.rows << ", batch " << batch;
    EXPECT_EQ(one.bits(), others.bits());
    EXPECT_TRUE(in_one.intact() && one.intact());
  }
}

TEST(EmbeddingWeights, HaveTheBitsOfTheSeparateCalls) {
  for (int32_t dtype : kDtypes) {
    for (int64_t size : kRegimes) {
      for (Sizes sizes : {Sizes{size, 33, 17}, Sizes{7, size, 5}, Sizes{9, 2, size}}) {
        for (int32_t threads : {1, 2}) {
          expect_the_same_bits(dtype, sizes, CD_QUALITY_DIFFERENCE, threads);
        }
      }
    }
    for (int32_t mode = CD_QUALITY_DIFFERENCE; mode <= CD_QUALITY_NONE; ++mode) {
      expect_the_same_bits(dtype, {33, 65, 7}, mode, 0);
    }
  }
}

// More elements than one thread takes; one of the tasks has rows of both sides.
TEST(EmbeddingWeights, DoNotDependOnTheThreads) {
  for (int32_t dtype : kDtypes) {
    for (int32_t threads : {1, 2, 5}) {
      expect_the_same_bits(dtype, {301, 513, 257}, CD_QUALITY_PRODUCT, threads);
    }
  }
}

TEST(EmbeddingWeights, FollowTheDefinition) {
  // Norms 5, 13 and 1, 3; their deviations are √32 and √2.
  const float student[] = {3, 4, 5, 12}, teacher[] = {0, 1, 0, 2, 2, 1};
  double statistics[CD_QUALITY_STATISTICS] = {};
  float norms_student[2], norms_teacher[2], weights[2];
  ASSERT_EQ(
      cd_embedding_weights(CD_F32, 2, 2, 3, student, 2, teacher, 3, CD_QUALITY_TEACHER, 1, 0.5,
                           0.01, 1, statistics, norms_student, norms_teacher, weights, 0),
      CD_OK);
  EXPECT_EQ(Values(norms_student, norms_student + 2), (Values{5, 13}));
  EXPECT_EQ(Values(norms_teacher, norms_teacher + 2), (Values{1, 3}));
  const double deviation = std::sqrt(2), q = 0.5 / (deviation + 1e-3);
  EXPECT_LE(error_of(Values(statistics, statistics + 5), {9, std::sqrt(32), 2, deviation, 1}),
            1e-15);
  EXPECT_LE(error_of(Values(weights, weights + 2), {1 - q, 1 + q}), 1e-7);
}

// A call on three rows of two and one elements, to be spoilt.
struct Call {
  int32_t dtype = CD_F32;
  int64_t rows = 3, student_dim = 2, teacher_dim = 1;
  float student[6] = {1, 2, 3, 4, 5, 6}, teacher[3] = {7, 8, 9};
  const void* student_at = student;
  const void* teacher_at = teacher;
  int64_t student_stride = 2, teacher_stride = 1;
  int32_t mode = 0;
  double slope = 1, h = 0.3, alpha = 0.01;
  int32_t update = 1;
  double statistics[CD_QUALITY_STATISTICS] = {1, 1, 1, 1, 1};
  double* statistics_at = statistics;
  float norms_student[3] = {-7, -7, -7}, norms_teacher[3] = {-7, -7, -7}, weights[3] = {-7, -7, -7};
  void* norms_student_at = norms_student;
  void* norms_teacher_at = norms_teacher;
  void* weights_at = weights;
  int32_t threads = 1;

  int32_t operator()() const {
    return cd_embedding_weights(dtype, rows, student_dim, teacher_dim, student_at, student_stride,
                                teacher_at, teacher_stride, mode, slope, h, alpha, update,
                                statistics_at, norms_student_at, norms_teacher_at, weights_at,
                                threads);
  }
};

// The call after `change` is refused in these words, and has written no statistics and no weights;
// nor norms, unless it took those to see what is wrong.
template <class Change>
void expect_refused(std::initializer_list<std::string> parts, const Change& change,
                    bool norms_too = true) {
  Call call;
  change(call);
  const Values before(call.statistics, call.statistics + 5);
  expect_rejected(call(), parts);
  const Values untouched(3, -7);
  EXPECT_EQ(Values(call.weights, call.weights + 3), untouched);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(std::memcmp(&call.statistics[i], &before[static_cast<size_t>(i)], 8), 0);
  }
  if (!norms_too) return;
  EXPECT_EQ(Values(call.norms_student, call.norms_student + 3), untouched);
  EXPECT_EQ(Values(call.norms_teacher, call.norms_teacher + 3), untouched);
}

TEST(EmbeddingWeights, RejectBadArgumentsAndWriteNothing) {
  expect_refused({"dtype"}, [](Call& c) { c.dtype = 9; });
  expect_refused({"rows", "-1"}, [](Call& c) { c.rows = -1; });
  expect_refused({"student_dim", "-1"}, [](Call& c) { c.student_dim = -1; });
  expect_refused({"teacher_dim", "-2"}, [](Call& c) { c.teacher_dim = -2; });
  expect_refused({"student:", "null"}, [](Call& c) { c.student_at = nullptr; });
  expect_refused({"student:", "stride"}, [](Call& c) { c.student_stride = 1; });
  expect_refused({"teacher:", "null"}, [](Call& c) { c.teacher_at = nullptr; });
  expect_refused({"teacher:", "stride"}, [](Call& c) { c.teacher_stride = 0; });
  expect_refused({"teacher:", "multiple of 4"},
                 [](Call& c) { c.teacher_at = reinterpret_cast<char*>(c.teacher) + 2; });
  expect_refused({"mode", "5"}, [](Call& c) { c.mode = 5; });
  expect_refused({"slope"}, [](Call& c) { c.slope = HUGE_VAL; });
  expect_refused({"h:"}, [](Call& c) { c.h = std::nan(""); });
  expect_refused({"alpha", "1.5"}, [](Call& c) { c.alpha = 1.5; });
  expect_refused({"update"}, [](Call& c) { c.update = 2; });
  expect_refused({"threads", "-1"}, [](Call& c) { c.threads = -1; });
  expect_refused({"statistics:", "null"}, [](Call& c) { c.statistics_at = nullptr; });
  expect_refused({"norms_student:", "null"}, [](Call& c) { c.norms_student_at = nullptr; });
  expect_refused({"norms_teacher:", "null"}, [](Call& c) { c.norms_teacher_at = nullptr; });
  expect_refused({"weights:", "null"}, [](Call& c) { c.weights_at = nullptr; });
  expect_refused({"norms_student", "overlaps student"},
                 [](Call& c) { c.norms_student_at = c.student; });
  expect_refused({"norms_teacher", "overlaps norms_student"},
                 [](Call& c) { c.norms_teacher_at = c.norms_student + 1; });
  expect_refused({"weights", "overlaps norms_teacher"},
                 [](Call& c) { c.weights_at = c.norms_teacher; });
}

TEST(EmbeddingWeights, RejectBadStatisticsBeforeTheNorms) {
  expect_refused({"statistics[4]", "a batch before"}, [](Call& c) {
    c.statistics[4] = 0;
    c.update = 0;
  });
  expect_refused({"statistics[4]", "0 or 1", "nan"},
                 [](Call& c) { c.statistics[4] = std::nan(""); });
  expect_refused({"statistics[3]", "-1"}, [](Call& c) { c.statistics[3] = -1; });
}

TEST(EmbeddingWeights, RejectNormsThatAreNotFinite) {
  expect_refused(
      {"student: row 1", "nan"}, [](Call& c) { c.student[3] = std::nanf(""); }, false);
  expect_refused(
      {"teacher: row 2", "inf"}, [](Call& c) { c.teacher[2] = HUGE_VALF; }, false);
  // Elements in the range of their type, and a norm beyond it.
  expect_refused(
      {"student: row 2", "inf"}, [](Call& c) { c.student[4] = c.student[5] = 3e38f; }, false);
  const double huge[] = {1.7e308, 1.7e308, 1};
  double statistics[] = {1, 1, 1, 1, 1}, norms_student[3], norms_teacher[3],
         weights[] = {-7, -7, -7};
  expect_rejected(cd_embedding_weights(CD_F64, 3, 1, 1, huge, 1, huge, 1, 0, 1, 0.3, 0.01, 1,
                                       statistics, norms_student, norms_teacher, weights, 1),
                  {"student:", "finite mean and"});
  EXPECT_EQ(Values(statistics, statistics + 5), Values(5, 1));
  EXPECT_EQ(Values(weights, weights + 3), Values(3, -7));
}

TEST(EmbeddingWeights, NoRowsUpdateNothing) {
  double statistics[] = {1, 2, 3, 4, 1};
  ASSERT_EQ(cd_embedding_weights(CD_F32, 0, 4, 4, nullptr, 4, nullptr, 4, 0, 1, 0.3, 0.01, 1,
                                 statistics, nullptr, nullptr, nullptr, 0),
            CD_OK)
      << cd_last_error();
  EXPECT_EQ(Values(statistics, statistics + 5), (Values{1, 2, 3, 4, 1}));
}

}  // namespace
