// K2, version 1: the logits in one array [B, C], and every element of every product by a thread of
// its own that reads a whole row and a whole column. Neighbouring threads read the same numbers
// again and again; the array of logits takes B C numbers of memory.
#include "lab/classifier.cuh"

namespace lab {
namespace {

__global__ void logits(Classifier p, float* out) {
  const int64_t at = int64_t{blockIdx.x} * kBlock + threadIdx.x;
  if (at >= p.rows * p.classes) return;
  const float *z = p.z + at / p.classes * p.dim, *v = p.v + at % p.classes * p.dim;
  float sum = 0;
  for (int64_t d = 0; d < p.dim; ++d) sum += z[d] * v[d];
  out[at] = p.scale * sum;
}

// A thread a row: its loss, and its logits become their gradients.
__global__ void softmax(Classifier p, float* logits) {
  const int64_t i = int64_t{blockIdx.x} * kBlock + threadIdx.x;
  if (i >= p.rows) return;
  float* row = logits + i * p.classes;
  Running all = {-INFINITY, 0};
  for (int64_t j = 0; j < p.classes; ++j) all = merge(all, {row[j], 1});
  const float log_sum = all.largest + logf(all.sum);
  p.losses[i] = log_sum - row[p.labels[i]];
  for (int64_t j = 0; j < p.classes; ++j) {
    row[j] = slope_of(p, row[j], log_sum, j == p.labels[i]);
  }
}

__global__ void rows(Classifier p, const float* slopes) {
  const int64_t at = int64_t{blockIdx.x} * kBlock + threadIdx.x;
  if (at >= p.rows * p.dim) return;
  const int64_t i = at / p.dim, d = at % p.dim;
  float sum = 0;
  for (int64_t j = 0; j < p.classes; ++j) sum += slopes[i * p.classes + j] * p.v[j * p.dim + d];
  p.grad_z[at] = sum;
}

__global__ void classes(Classifier p, const float* slopes) {
  const int64_t at = int64_t{blockIdx.x} * kBlock + threadIdx.x;
  if (at >= p.classes * p.dim) return;
  const int64_t j = at / p.dim, d = at % p.dim;
  float sum = 0;
  for (int64_t i = 0; i < p.rows; ++i) sum += slopes[i * p.classes + j] * p.z[i * p.dim + d];
  p.grad_v[at] = sum;
}

int64_t extra_bytes(const Classifier& p) { return 4 * p.rows * p.classes; }

void run(const Classifier& p, void* extra, cudaStream_t stream) {
  float* memory = static_cast<float*>(extra);
  const auto threads = [](int64_t count) { return cd::cuda::Grid{ceil_divide(count, kBlock)}; };
  launch<kBlock>("k2 logits", threads(p.rows * p.classes), stream, logits, p, memory);
  launch<kBlock>("k2 softmax", threads(p.rows), stream, softmax, p, memory);
  launch<kBlock>("k2 rows", threads(p.rows * p.dim), stream, rows, p, memory);
  launch<kBlock>("k2 classes", threads(p.classes * p.dim), stream, classes, p, memory);
}

}  // namespace

const Version<Classifier> k2_naive = {"1 naive", "a thread an element, B x C logits", 1e-5,
                                      extra_bytes, run};

}  // namespace lab
