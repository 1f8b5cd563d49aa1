// Times cd_feature_margin from C++ on one row of eight values, with the arguments that
// CallBenchmark passes from Java: the difference is what the binding costs.
//   c_call SAMPLES     prints the nanoseconds a call of each sample, one a line
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "crossdistill.h"

namespace {

constexpr int kDim = 8;
constexpr int kCallsPerSample = 1 << 20;

void call() {
  static const float student[kDim] = {1, 2, 3, 4, 5, 6, 7, 8};
  static const float teacher[kDim] = {8, 7, 6, 5, 4, 3, 2, 1};
  static float loss, grad_student[kDim], grad_teacher[kDim];
  const int32_t status = cd_feature_margin(
      CD_F32, 1, kDim, student, kDim, teacher, kDim, nullptr, CD_DISTANCE_NORMALIZED, 0.2, CD_MEAN,
      1.0, &loss, nullptr, nullptr, grad_student, kDim, grad_teacher, kDim, nullptr, 1);
  if (status != CD_OK) {
    std::fprintf(stderr, "%s\n", cd_last_error());
    std::exit(1);
  }
}

double nanoseconds_per_call() {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kCallsPerSample; i++) {
    call();
  }
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
  return took.count() / kCallsPerSample;
}

}  // namespace

int main(int argc, char** argv) {
  const int samples = argc > 1 ? std::atoi(argv[1]) : 10;
  nanoseconds_per_call();  // warm-up
  for (int i = 0; i < samples; i++) {
    std::printf("%.3f\n", nanoseconds_per_call());
  }
  return 0;
}
