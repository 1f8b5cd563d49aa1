// K4 on the device under test against the CPU's formulas in double.
#include "test/cuda/device.h"

namespace {

using device::Array;
using device::kDtypes;
using device::Numbers;
using device::Placement;

struct Statistics {
  double mean = 0;
  double deviation = 0;
};

struct Running {
  Statistics student, teacher;
};

Statistics updated(Statistics running, const std::vector<double>& q, bool initialized,
                   double alpha) {
  double sum = 0, squares = 0;
  for (const double x : q) sum += x;
  const double n = static_cast<double>(q.size()), mean = sum / n;
  for (const double x : q) squares += (x - mean) * (x - mean);
  const double deviation = q.size() > 1 ? std::sqrt(squares / (n - 1)) : 0;
  if (!initialized) return {mean, deviation};
  return {(1 - alpha) * running.mean + alpha * mean,
          (1 - alpha) * running.deviation + alpha * deviation};
}

double clipped(double x, double least, double most) { return std::min(std::max(x, least), most); }

std::vector<double> weights_of(const std::vector<double>& qs, const std::vector<double>& qt,
                               const Running& r, int32_t mode, double k, double h) {
  std::vector<double> weights;
  for (size_t i = 0; i < qs.size(); ++i) {
    const double s = clipped(h * (qs[i] - r.student.mean) / (r.student.deviation + 1e-3), -1, 1);
    const double t = clipped(h * (qt[i] - r.teacher.mean) / (r.teacher.deviation + 1e-3), -1, 1);
    const double by_mode[] = {clipped(1 + k * (t - s), 0, 2), clipped(1 + k * t, 0, 2),
                              clipped(1 + k * s, 0, 2), clipped((1 + k * t) * (1 + k * s), 0, 4),
                              1};
    weights.push_back(by_mode[mode]);
  }
  return weights;
}

using QualityWeightsCuda = device::Test;

TEST_F(QualityWeightsCuda, agreeWithTheFormulasOverThreeBatches) {
  for (const int32_t dtype : kDtypes) {
    for (int32_t mode = 0; mode < 5; ++mode) {
      for (const int64_t rows : {1, 2, 33, 1025}) {
        if (!wanted()) continue;
        Numbers numbers(static_cast<uint64_t>(rows));
        const int32_t a = device::accumulator(dtype);
        const Array statistics(CD_F64, CD_QUALITY_STATISTICS, 1);
        const double none[CD_QUALITY_STATISTICS] = {};
        device::copy_in(statistics.data(), none, sizeof none);
        Running running;
        for (int batch = 0; batch < 3; ++batch) {
          const std::vector<double> qs = numbers.normals(rows), qt = numbers.normals(rows);
          const Array student(dtype, qs, rows, 1), teacher(dtype, qt, rows, 1), weights(a, rows, 1);
          const int32_t update = batch < 2 ? 1 : 0;
          ASSERT_EQ(cd_quality_weights_cuda(dtype, rows, student.data(), teacher.data(), mode, 0.75,
                                            0.333, 0.25, update, statistics.as<double>(),
                                            weights.data(), nullptr),
                    CD_OK)
              << cd_last_error();
          if (update != 0) {
            running.student = updated(running.student, qs, batch > 0, 0.25);
            running.teacher = updated(running.teacher, qt, batch > 0, 0.25);
          }
          SCOPED_TRACE(std::string(device::name_of(dtype)) + " rows " + std::to_string(rows));
          const double tolerance = device::tolerance(a);
          EXPECT_LE(device::relative_error(weights.values("weights"),
                                           weights_of(qs, qt, running, mode, 0.75, 0.333)),
                    tolerance);
          EXPECT_LE(device::relative_error(statistics.values("statistics"),
                                           {running.student.mean, running.student.deviation,
                                            running.teacher.mean, running.teacher.deviation, 1}),
                    tolerance);
        }
      }
    }
  }
}

// Weights on given statistics.
std::vector<double> weights_on(const Array& statistics, const std::vector<double>& qs,
                               const std::vector<double>& qt, int32_t update,
                               int32_t mode = CD_QUALITY_DIFFERENCE) {
  const int64_t rows = static_cast<int64_t>(qs.size());
  const Array student(CD_F32, qs, rows, 1), teacher(CD_F32, qt, rows, 1), weights(CD_F32, rows, 1);
  EXPECT_EQ(cd_quality_weights_cuda(CD_F32, rows, student.data(), teacher.data(), mode, 1, 0.333,
                                    0.01, update, statistics.as<double>(), weights.data(), nullptr),
            CD_OK);
  return weights.values("weights");
}

TEST_F(QualityWeightsCuda, rowsThatAreNotFiniteWeighNanInEveryMode) {
  const std::vector<double> finite = {1, 2, 3};
  const Array statistics(CD_F64, {1, 2, 3, 4, 1}, CD_QUALITY_STATISTICS, 1);
  for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    for (int32_t mode = CD_QUALITY_DIFFERENCE; mode <= CD_QUALITY_NONE; ++mode) {
      for (const bool of_student : {false, true}) {
        const std::vector<double> other = {1, bad, 3};
        const std::vector<double> weights = of_student
                                                ? weights_on(statistics, other, finite, 0, mode)
                                                : weights_on(statistics, finite, other, 0, mode);
        EXPECT_TRUE(std::isnan(weights[1])) << mode;
        EXPECT_TRUE(std::isfinite(weights[0]) && std::isfinite(weights[2])) << mode;
      }
    }
  }
}

TEST_F(QualityWeightsCuda, aBatchThatIsNotFiniteLeavesTheStatistics) {
  const std::vector<double> finite = {1, 2}, nan = {1, std::nan("")};
  for (const double held : {0.0, 1.0}) {
    const std::vector<double> before = {1, 2, 3, 4, held};
    const Array statistics(CD_F64, before, CD_QUALITY_STATISTICS, 1);
    EXPECT_TRUE(std::isnan(weights_on(statistics, finite, nan, 1)[0]));
    EXPECT_TRUE(std::isnan(weights_on(statistics, nan, finite, 1)[0]));
    EXPECT_EQ(statistics.values("statistics"), before);
  }
}

TEST_F(QualityWeightsCuda, withoutABatchThereIsNoWeight) {
  const std::vector<double> before(CD_QUALITY_STATISTICS, 0);
  const Array statistics(CD_F64, before, CD_QUALITY_STATISTICS, 1);
  for (const double w : weights_on(statistics, {1, 2}, {3, 4}, 0)) EXPECT_TRUE(std::isnan(w));
  EXPECT_EQ(statistics.values("statistics"), before);
}

TEST_F(QualityWeightsCuda, norms) {
  for (const int32_t dtype : kDtypes) {
    for (const int64_t dim : {0, 1, 7, 33, 513}) {
      const int64_t rows = 9;
      const double scale = dtype == CD_F64 ? 0x1p600 : dtype == CD_F16 ? 1 : 0x1p80;
      std::vector<double> x = Numbers(static_cast<uint64_t>(dim)).normals(rows * dim), norms;
      for (int64_t i = 0; i < rows; ++i) {
        double square = 0;
        for (int64_t d = 0; d < dim; ++d) {
          double& x_d = x[static_cast<size_t>(i * dim + d)];
          square += x_d * x_d;
          if (i == 3) x_d *= scale;
        }
        norms.push_back(std::sqrt(square) * (i == 3 ? scale : 1));
      }
      const Array matrix(dtype, x, rows, dim, {dim % 2, dim % 3});
      const Array out(device::accumulator(dtype), rows, 1);
      ASSERT_EQ(
          cd_row_norms_cuda(dtype, rows, dim, matrix.data(), matrix.stride(), out.data(), nullptr),
          CD_OK);
      const std::vector<double> actual = out.values("norms");
      for (int64_t i = 0; i < rows; ++i) {
        const size_t k = static_cast<size_t>(i);
        EXPECT_NEAR(actual[k] / std::max(norms[k], 1.0), norms[k] / std::max(norms[k], 1.0),
                    dtype == CD_F64 ? 1e-14 : 1e-6);
      }
    }
  }
}

}  // namespace
