// K2, version 3: no array [B, C]. The classes come in chunks, twice: once for the running softmax
// of each row, once more for the gradients, whose products are added up chunk by chunk. A third
// more arithmetic buys memory that does not grow with C. The products are cuBLASLt's, in f32.
#include <algorithm>
#include <memory>

#include "core/status.h"
#include "lab/classifier.cuh"
#include "lab/cublas_lt.h"

namespace lab {
namespace {

#ifndef CD_LAB_CHUNK  // lowered by the simulator's tests, so that small shapes have several chunks
#define CD_LAB_CHUNK 4096
#endif
constexpr int64_t kChunk = CD_LAB_CHUNK;
constexpr int64_t kWorkspace = 8 << 20;  // for what the library adds up across blocks

void check(int status, const char* what) {
  if (status == 0) return;
  cd::fail(CD_DEVICE_ERROR, "cuBLASLt, %s: %s", what, cublas_lt()->get_status_string(status));
}

using Descriptor = std::unique_ptr<void, int (*)(void*)>;

Descriptor layout(int64_t rows, int64_t columns, int64_t ld) {
  void* made = nullptr;
  check(cublas_lt()->layout_create(&made, CublasLt::kF32, static_cast<uint64_t>(rows),
                                   static_cast<uint64_t>(columns), ld),
        "layout");
  return {made, cublas_lt()->layout_destroy};
}

Descriptor operation(bool a_turned, bool b_turned) {
  void* made = nullptr;
  check(cublas_lt()->desc_create(&made, CublasLt::kComputeF32, CublasLt::kF32), "operation");
  Descriptor desc(made, cublas_lt()->desc_destroy);
  const auto turn = [&](int attribute, bool turned) {
    const int32_t value = turned ? CublasLt::kTransposed : CublasLt::kAsItIs;
    check(cublas_lt()->desc_set_attribute(made, attribute, &value, sizeof value), "transposition");
  };
  turn(CublasLt::kTransposeA, a_turned);
  turn(CublasLt::kTransposeB, b_turned);
  return desc;
}

// The library's matrices are column-major: C^T [n, m] = B^T A^T, and a row-major B is the
// column-major B^T as it lies there.
void multiply(const Product& p, void* workspace, cudaStream_t stream) {
  const bool a_turned = p.a_depth != 1, b_turned = p.b_column != 1;
  const Descriptor desc = operation(b_turned, a_turned);
  const Descriptor b = b_turned ? layout(p.k, p.n, p.b_column) : layout(p.n, p.k, p.b_depth);
  const Descriptor a = a_turned ? layout(p.m, p.k, p.a_depth) : layout(p.k, p.m, p.a_row);
  const Descriptor c = layout(p.n, p.m, p.c_pitch);
  check(cublas_lt()->matmul(cublas_lt()->handle, desc.get(), &p.alpha, p.b, b.get(), p.a, a.get(),
                            &p.beta, p.c, c.get(), p.c, c.get(), nullptr, workspace, kWorkspace,
                            stream),
        "product");
}

// A warp a row: merges a chunk into the row's running softmax; the last chunk makes the loss of it.
__global__ void run_on(Classifier p, const float* logits, int64_t first, int64_t count,
                       Running* states, float* targets) {
  const int64_t i = int64_t{blockIdx.x} * (kBlock / kWarp) + threadIdx.x / kWarp;
  if (i >= p.rows) return;
  const Running chunk = running_of(logits + i * count, count);
  if (threadIdx.x % kWarp != 0) return;
  const Running all = first == 0 ? chunk : merge(states[i], chunk);
  states[i] = all;
  const int64_t label = p.labels[i];
  if (label >= first && label < first + count) targets[i] = logits[i * count + label - first];
  if (first + count == p.classes) p.losses[i] = all.largest + logf(all.sum) - targets[i];
}

__global__ void slopes(Classifier p, float* logits, int64_t first, int64_t count,
                       const Running* states) {
  const int64_t i = int64_t{blockIdx.x} * (kBlock / kWarp) + threadIdx.x / kWarp;
  if (i >= p.rows) return;
  const float log_sum = states[i].largest + logf(states[i].sum);
  for (int64_t j = threadIdx.x % kWarp; j < count; j += kWarp) {
    float& logit = logits[i * count + j];
    logit = slope_of(p, logit, log_sum, first + j == p.labels[i]);
  }
}

int64_t extra_bytes(const Classifier& p) {
  return kWorkspace +
         p.rows * (4 * std::min(kChunk, p.classes) + static_cast<int64_t>(sizeof(Running)) + 4);
}

void run(const Classifier& p, void* extra, cudaStream_t stream) {
  Running* states = reinterpret_cast<Running*>(static_cast<char*>(extra) + kWorkspace);
  float *targets = reinterpret_cast<float*>(states + p.rows), *logits = targets + p.rows;
  const cd::cuda::Grid grid = {ceil_divide(p.rows, kBlock / kWarp)};
  const auto multiply_logits = [&](int64_t first, int64_t count) {
    multiply({p.rows, count, p.dim, p.z, p.dim, 1, p.v + first * p.dim, 1, p.dim, logits, count,
              p.scale, 0},
             extra, stream);
  };
  for (int64_t first = 0; first < p.classes; first += kChunk) {
    const int64_t count = std::min(kChunk, p.classes - first);
    multiply_logits(first, count);
    launch<kBlock>("k2 running", grid, stream, run_on, p, logits, first, count, states, targets);
  }
  for (int64_t first = 0; first < p.classes; first += kChunk) {
    const int64_t count = std::min(kChunk, p.classes - first);
    multiply_logits(first, count);
    launch<kBlock>("k2 slopes", grid, stream, slopes, p, logits, first, count, states);
    multiply({p.rows, p.dim, count, logits, count, 1, p.v + first * p.dim, p.dim, 1, p.grad_z,
              p.dim, 1, first == 0 ? 0.0f : 1.0f},
             extra, stream);
    multiply({count, p.dim, p.rows, logits, 1, count, p.z, p.dim, 1, p.grad_v + first * p.dim,
              p.dim, 1, 0},
             extra, stream);
  }
}

const char* missing() {
  return cublas_lt() != nullptr ? nullptr
                                : "not available: no cuBLASLt of CUDA 13 or 12 can be used";
}

}  // namespace

const Version<Classifier> k2_chunked = {
    "3 chunked", "chunks of classes, products by cuBLASLt", 1e-5, extra_bytes, run, missing};

}  // namespace lab
