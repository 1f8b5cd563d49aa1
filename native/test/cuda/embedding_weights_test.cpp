// K4 in one launch on the device under test: the bits of the separate launches, which
// quality_weights_test.cpp holds against the formulas.
//
// Sizes: a block takes 32 rows, so there are one to many of them, and a block with rows of both
// sides.
#include "test/cuda/device.h"

namespace {

using device::Array;
using device::kDtypes;
using device::Numbers;

struct Sizes {
  int64_t rows, student_dim, teacher_dim;
};

struct Outputs {
  std::vector<double> norms_student, norms_teacher, weights, statistics;
};

bool operator==(const Outputs& a, const Outputs& b) {
  return a.norms_student == b.norms_student && a.norms_teacher == b.norms_teacher &&
         a.weights == b.weights && a.statistics == b.statistics;
}

// One call's arrays.
struct Batch {
  Batch(int32_t type, Sizes s, const std::vector<double>& x_student,
        const std::vector<double>& x_teacher)
      : dtype(type),
        sizes(s),
        student(type, x_student, s.rows, s.student_dim, {3, 1}),
        teacher(type, x_teacher, s.rows, s.teacher_dim),
        norms_student(device::accumulator(type), s.rows, 1),
        norms_teacher(device::accumulator(type), s.rows, 1),
        weights(device::accumulator(type), s.rows, 1) {}

  void in_one(int32_t mode, int32_t update, const Array& statistics, const Array& ticket) const {
    EXPECT_EQ(cd_embedding_weights_cuda(
                  dtype, sizes.rows, sizes.student_dim, sizes.teacher_dim, student.data(),
                  student.stride(), teacher.data(), teacher.stride(), mode, 0.75, 0.333, 0.25,
                  update, statistics.as<double>(), norms_student.data(), norms_teacher.data(),
                  weights.data(), ticket.as<uint32_t>(), nullptr),
              CD_OK)
        << cd_last_error();
  }

  void apart(int32_t mode, int32_t update, const Array& statistics) const {
    EXPECT_EQ(cd_row_norms_cuda(dtype, sizes.rows, sizes.student_dim, student.data(),
                                student.stride(), norms_student.data(), nullptr),
              CD_OK);
    EXPECT_EQ(cd_row_norms_cuda(dtype, sizes.rows, sizes.teacher_dim, teacher.data(),
                                teacher.stride(), norms_teacher.data(), nullptr),
              CD_OK);
    EXPECT_EQ(cd_quality_weights_cuda(device::accumulator(dtype), sizes.rows, norms_student.data(),
                                      norms_teacher.data(), mode, 0.75, 0.333, 0.25, update,
                                      statistics.as<double>(), weights.data(), nullptr),
              CD_OK);
  }

  Outputs outputs(const Array& statistics) const {
    return {norms_student.values("norms_student"), norms_teacher.values("norms_teacher"),
            weights.values("weights"), statistics.values("statistics")};
  }

  int32_t dtype;
  Sizes sizes;
  Array student, teacher, norms_student, norms_teacher, weights;
};

// Running statistics that hold no batch.
class NewStatistics : public Array {
 public:
  NewStatistics() : Array(CD_F64, CD_QUALITY_STATISTICS, 1) {
    const double none[CD_QUALITY_STATISTICS] = {};
    device::copy_in(data(), none, sizeof none);
  }
};

// Bytes that must be 0 again whenever they are looked at.
Array new_ticket() { return Array(device::kByte, {0, 0, 0, 0}, 4, 1); }

// What three batches give, of which the last updates nothing.
template <class Run>
std::vector<Outputs> over_batches(int32_t dtype, Sizes sizes, const Run& run) {
  std::vector<Outputs> all;
  const NewStatistics statistics;
  Numbers numbers(static_cast<uint64_t>(sizes.rows));
  for (int batch = 0; batch < 3; ++batch) {
    const std::vector<double> s = numbers.normals(sizes.rows * sizes.student_dim);
    const std::vector<double> t = numbers.normals(sizes.rows * sizes.teacher_dim);
    const Batch arrays(dtype, sizes, s, t);
    run(arrays, batch < 2 ? 1 : 0, statistics);
    all.push_back(arrays.outputs(statistics));
  }
  return all;
}

using EmbeddingWeightsCuda = device::Test;

TEST_F(EmbeddingWeightsCuda, haveTheBitsOfTheSeparateLaunches) {
  for (const int32_t dtype : kDtypes) {
    int32_t mode = 0;
    // Seven, so that wanted(), where it takes one case in six, takes each of them in turn.
    for (const Sizes sizes : {Sizes{48, 9, 513}, Sizes{1, 7, 0}, Sizes{2, 33, 5}, Sizes{16, 8, 8},
                              Sizes{17, 130, 64}, Sizes{33, 3, 4}, Sizes{131, 16, 33}}) {
      if (!wanted()) continue;
      SCOPED_TRACE(std::string(device::name_of(dtype)) + " rows " + std::to_string(sizes.rows));
      mode = (mode + 1) % 5;
      const auto apart = over_batches(dtype, sizes, [&](auto& batch, int32_t update, auto& state) {
        batch.apart(mode, update, state);
      });
      const Array ticket = new_ticket();
      const auto in_one = device::run_both_ways([&] {
        return over_batches(dtype, sizes, [&](auto& batch, int32_t update, auto& state) {
          batch.in_one(mode, update, state, ticket);
          ticket.values("ticket");
        });
      });
      EXPECT_TRUE(in_one.first == apart);
      EXPECT_TRUE(in_one.second == apart);
    }
  }
}

TEST_F(EmbeddingWeightsCuda, aBatchThatIsNotFiniteLeavesTheStatistics) {
  const Sizes sizes = {40, 3, 2};
  Numbers numbers(7);
  const std::vector<double> s = numbers.normals(40 * 3), t = numbers.normals(40 * 2);
  const std::vector<double> before = {1, 2, 3, 4, 1};
  for (const bool of_student : {true, false}) {
    std::vector<double> bad_s = s, bad_t = t;
    (of_student ? bad_s : bad_t)[77] = std::nan("");
    const Array statistics(CD_F64, before, CD_QUALITY_STATISTICS, 1), ticket = new_ticket();
    const Batch batch(CD_F32, sizes, bad_s, bad_t);
    batch.in_one(CD_QUALITY_DIFFERENCE, 1, statistics, ticket);
    const Outputs out = batch.outputs(statistics);
    EXPECT_TRUE(std::isnan(out.weights[0]) && std::isnan(out.weights[39]));
    EXPECT_EQ(out.statistics, before);
    ticket.values("ticket");
  }
}

TEST_F(EmbeddingWeightsCuda, noRowsLaunchNothing) {
  const NewStatistics statistics;
  const Array ticket = new_ticket();
  const Batch batch(CD_BF16, {0, 3, 2}, {}, {});
  batch.in_one(CD_QUALITY_DIFFERENCE, 1, statistics, ticket);
  EXPECT_EQ(batch.outputs(statistics).statistics, std::vector<double>(CD_QUALITY_STATISTICS, 0));
  ticket.values("ticket");
}

}  // namespace
