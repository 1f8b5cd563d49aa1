// Checks and times all versions on the current GPU, and prints a table for each kernel.
//   lab [--check]     small shapes against double precision only
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "core/status.h"
#include "lab/lab.h"
#include "lab/oracle.h"

namespace lab {
namespace {

void require(cudaError_t error) {
  if (error != cudaSuccess) cd::fail(CD_DEVICE_ERROR, "CUDA: %s", cudaGetErrorString(error));
}

// Memory on the GPU.
class Memory {
 public:
  explicit Memory(int64_t bytes) { require(cudaMalloc(&data_, static_cast<size_t>(bytes + 1))); }
  template <class T>
  explicit Memory(const std::vector<T>& values)
      : Memory(static_cast<int64_t>(values.size() * sizeof(T))) {
    require(cudaMemcpy(data_, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice));
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() { cudaFree(data_); }

  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }
  Floats floats(size_t count) const {
    Floats values(count);
    require(cudaMemcpy(values.data(), data_, 4 * count, cudaMemcpyDeviceToHost));
    return values;
  }

 private:
  void* data_ = nullptr;
};

// Median of 20 runs after 3, in microseconds.
double microseconds(const std::function<void()>& run) {
  cudaEvent_t start, end;
  require(cudaEventCreate(&start));
  require(cudaEventCreate(&end));
  std::vector<float> times;
  for (int turn = 0; turn < 23; ++turn) {
    require(cudaEventRecord(start));
    run();
    require(cudaEventRecord(end));
    require(cudaEventSynchronize(end));
    float milliseconds = 0;
    require(cudaEventElapsedTime(&milliseconds, start, end));
    if (turn >= 3) times.push_back(milliseconds);
  }
  cudaEventDestroy(start);
  cudaEventDestroy(end);
  std::sort(times.begin(), times.end());
  return 1e3 * static_cast<double>(times[times.size() / 2]);
}

// What a version has to answer, and where on the GPU its outputs lie.
struct Outputs {
  const Memory &losses, &first, &second;
  const Answer* answer;  // null: is not checked
};

// The worst relative error of the outputs.
double error_of(const Outputs& outputs) {
  const Answer& answer = *outputs.answer;
  return std::max(
      relative_error(outputs.losses.floats(answer.losses.size()), answer.losses),
      std::max(relative_error(outputs.first.floats(answer.first.size()), answer.first),
               relative_error(outputs.second.floats(answer.second.size()), answer.second)));
}

struct Measured {
  double microseconds, extra_megabytes;
  std::string error;  // as it is printed
  bool right;
};

template <class Problem>
Measured measure(const Version<Problem>& version, const Problem& problem, const Outputs& outputs) {
  const int64_t extra_bytes = version.extra_bytes(problem);
  const Memory extra(extra_bytes);
  const auto run = [&] { version.run(problem, extra.as<void>(), nullptr); };
  run();
  require(cudaDeviceSynchronize());
  Measured measured = {0, static_cast<double>(extra_bytes) * 1e-6, "-", true};
  if (outputs.answer != nullptr) {
    const double error = error_of(outputs);
    measured.right = error <= version.tolerance;
    char text[32];
    std::snprintf(text, sizeof text, "%.1e%s", error, measured.right ? "" : " WRONG");
    measured.error = text;
  }
  measured.microseconds = microseconds(run);
  return measured;
}

// One kernel's table; `work` of a run, in units of which a thousand million a second are printed. A
// version that fails has its line, and the others theirs.
template <class Problem>
bool table(const std::string& title, const std::vector<Version<Problem>>& versions,
           const Problem& problem, const Outputs& outputs, const char* unit, double work) {
  std::printf("\n%s\n| version | idea | us | x first | x before | %s | extra MB | error |\n",
              title.c_str(), unit);
  std::printf("|---|---|---|---|---|---|---|---|\n");
  double first_time = 0, before = 0;
  bool right = true;
  for (const auto& version : versions) {
    const char* missing = version.missing == nullptr ? nullptr : version.missing();
    if (missing != nullptr) {
      std::printf("| %s | %s | | | | | | |\n", version.name, missing);
      continue;
    }
    Measured m;
    if (cd::guarded([&] { m = measure(version, problem, outputs); }) != CD_OK) {
      std::printf("| %s | %s | | | | | | FAILED: %s |\n", version.name, version.idea,
                  cd_last_error());
      right = false;
      continue;
    }
    if (first_time == 0) first_time = before = m.microseconds;
    std::printf("| %s | %s | %.1f | %.2f | %.2f | %.1f | %.1f | %s |\n", version.name, version.idea,
                m.microseconds, first_time / m.microseconds, before / m.microseconds,
                work / m.microseconds * 1e-3, m.extra_megabytes, m.error.c_str());
    before = m.microseconds;
    right = right && m.right;
  }
  return right;
}

bool feature(int64_t rows, int64_t dim, bool checked) {
  const Floats s = normals(rows * dim, 1), t = normals(rows * dim, 2);
  const Memory on_s(s), on_t(t), losses(4 * rows), grad_s(4 * rows * dim), grad_t(4 * rows * dim);
  const Feature p = {rows,
                     dim,
                     0.5f,
                     on_s.as<float>(),
                     on_t.as<float>(),
                     losses.as<float>(),
                     grad_s.as<float>(),
                     grad_t.as<float>()};
  Answer answer;
  if (checked) answer = feature_answer(s, t, dim, 0.5);
  const std::string title = "K1, " + std::to_string(rows) + "x" + std::to_string(dim);
  return table(title, feature_versions(), p, {losses, grad_s, grad_t, checked ? &answer : nullptr},
               "GB/s", 16.0 * static_cast<double>(rows * dim));
}

bool classifier(int64_t rows, int64_t classes, int64_t dim, bool checked) {
  Floats z = normals(rows * dim, 1), v = normals(classes * dim, 2);
  normalize(z, dim);
  normalize(v, dim);
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < rows; ++i) labels.push_back(i * 7919 % classes);
  const Memory on_z(z), on_v(v), on_labels(labels), losses(4 * rows), grad_z(4 * rows * dim),
      grad_v(4 * classes * dim);
  const Classifier p = {rows,
                        classes,
                        dim,
                        32,
                        on_z.as<float>(),
                        on_v.as<float>(),
                        on_labels.as<int64_t>(),
                        losses.as<float>(),
                        grad_z.as<float>(),
                        grad_v.as<float>()};
  Answer answer;
  if (checked) answer = classifier_answer(z, v, labels, dim, 32);
  const std::string title =
      "K2, " + std::to_string(rows) + "x" + std::to_string(classes) + "x" + std::to_string(dim);
  return table(title, classifier_versions(), p,
               {losses, grad_z, grad_v, checked ? &answer : nullptr}, "GFLOP/s",
               8.0 * static_cast<double>(rows) * static_cast<double>(classes * dim));
}

int run(bool only_check) {
  bool right = feature(1000, 512, true);
  right = classifier(128, 1024, 128, true) && right;
  if (!only_check) {
    right = feature(16384, 512, false) && right;
    right = classifier(256, 10048, 512, false) && right;
  }
  return right ? 0 : 1;
}

}  // namespace
}  // namespace lab

int main(int count, char** arguments) {
  const bool only_check = count > 1 && std::strcmp(arguments[1], "--check") == 0;
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // lines are there even if a version crashes
  int code = 1;
  const int32_t status = cd::guarded([&] { code = lab::run(only_check); });
  if (status != CD_OK) std::fprintf(stderr, "lab: %s\n", cd_last_error());
  return status == CD_OK ? code : 1;
}
