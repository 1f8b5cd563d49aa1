// The laboratory's versions on the simulator, each against double precision, in both orders.
#include "lab/lab.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "lab/oracle.h"

namespace {

using lab::Floats;

struct Result {
  Floats losses, first, second;
  std::vector<char> extra;

  Result(size_t rows, size_t of_first, size_t of_second, int64_t extra_bytes)
      : losses(rows, NAN),
        first(of_first, NAN),
        second(of_second, NAN),
        extra(static_cast<size_t>(extra_bytes), '\xff') {}
};

template <class Run>
void expect_right(const char* name, double tolerance, const lab::Answer& answer, const Run& run) {
  SCOPED_TRACE(name);
  const Result forward = run();
  simt::set_order(simt::Order::kBackward);
  const Result backward = run();
  simt::set_order(simt::Order::kForward);
  EXPECT_LE(lab::relative_error(forward.losses, answer.losses), tolerance);
  EXPECT_LE(lab::relative_error(forward.first, answer.first), tolerance);
  EXPECT_LE(lab::relative_error(forward.second, answer.second), tolerance);
  EXPECT_EQ(forward.losses, backward.losses);
  EXPECT_EQ(forward.first, backward.first);
  EXPECT_EQ(forward.second, backward.second);
}

TEST(Lab, everyFeatureVersionIsRight) {
  for (const int64_t dim : {4, 132, 512, 600}) {
    constexpr int64_t kRows = 37;
    const Floats s = lab::normals(kRows * dim, 1), t = lab::normals(kRows * dim, 2);
    const lab::Answer answer = lab::feature_answer(s, t, dim, 1.3);
    for (const auto& version : lab::feature_versions()) {
      expect_right(version.name, version.tolerance, answer, [&] {
        Result r(kRows, s.size(), t.size(), 0);
        version.run({kRows, dim, 1.3f, s.data(), t.data(), r.losses.data(), r.first.data(),
                     r.second.data()},
                    nullptr, nullptr);
        return r;
      });
    }
  }
}

TEST(Lab, everyClassifierVersionIsRight) {
  constexpr int64_t kRows = 64, kClasses = 192, kDim = 64;
  Floats z = lab::normals(kRows * kDim, 1), v = lab::normals(kClasses * kDim, 2);
  lab::normalize(z, kDim);
  lab::normalize(v, kDim);
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < kRows; ++i) labels.push_back(i * 7919 % kClasses);
  const lab::Answer answer = lab::classifier_answer(z, v, labels, kDim, 32);
  for (const auto& version : lab::classifier_versions()) {
    expect_right(version.name, version.tolerance, answer, [&] {
      lab::Classifier p = {kRows,    kClasses,      kDim,    32,      z.data(),
                           v.data(), labels.data(), nullptr, nullptr, nullptr};
      Result r(kRows, z.size(), v.size(), version.extra_bytes(p));
      p.losses = r.losses.data();
      p.grad_z = r.first.data();
      p.grad_v = r.second.data();
      version.run(p, r.extra.data(), nullptr);
      return r;
    });
  }
}

}  // namespace
