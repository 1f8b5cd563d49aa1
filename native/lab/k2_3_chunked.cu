// K2, version 3: no array [B, C]. The classes come in chunks, twice: once for the running softmax
// of each row, once more for the gradients, whose products are added up chunk by chunk. A third
// more arithmetic buys memory that does not grow with C. The products are cuBLAS's where it can be
// loaded, otherwise those of version 2.
#include <dlfcn.h>

#include <algorithm>

#include "lab/classifier.cuh"

namespace lab {
namespace {

constexpr int64_t kChunk = 4096;

// Three functions of cuBLAS, whose headers need not be there.
struct Cublas {
  int (*create)(void**) = nullptr;
  int (*set_stream)(void*, cudaStream_t) = nullptr;
  int (*sgemm)(void*, int, int, int, int, int, const float*, const float*, int, const float*, int,
               const float*, float*, int) = nullptr;
  void* handle = nullptr;

  Cublas() {
    void* library = nullptr;
    for (const char* name : {"libcublas.so.13", "libcublas.so.12", "libcublas.so"}) {
      if (library == nullptr) library = dlopen(name, RTLD_NOW);
    }
    if (library == nullptr) return;
    create = reinterpret_cast<decltype(create)>(dlsym(library, "cublasCreate_v2"));
    set_stream = reinterpret_cast<decltype(set_stream)>(dlsym(library, "cublasSetStream_v2"));
    sgemm = reinterpret_cast<decltype(sgemm)>(dlsym(library, "cublasSgemm_v2"));
    const bool found = create != nullptr && set_stream != nullptr && sgemm != nullptr;
    if (!found || create(&handle) != 0) handle = nullptr;
  }
};

// Row-major products are column-major ones with both sides exchanged.
void multiply(const Product& p, cudaStream_t stream) {
  static const Cublas cublas;
  if (cublas.handle == nullptr) return multiply_tiled(p, stream);
  const bool a_turned = p.a_depth != 1, b_turned = p.b_column != 1;
  cublas.set_stream(cublas.handle, stream);
  cublas.sgemm(cublas.handle, b_turned, a_turned, static_cast<int>(p.n), static_cast<int>(p.m),
               static_cast<int>(p.k), &p.alpha, p.b,
               static_cast<int>(b_turned ? p.b_column : p.b_depth), p.a,
               static_cast<int>(a_turned ? p.a_depth : p.a_row), &p.beta, p.c,
               static_cast<int>(p.c_pitch));
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
  return p.rows * (4 * std::min(kChunk, p.classes) + static_cast<int64_t>(sizeof(Running)) + 4);
}

void run(const Classifier& p, void* extra, cudaStream_t stream) {
  Running* states = static_cast<Running*>(extra);
  float *targets = reinterpret_cast<float*>(states + p.rows), *logits = targets + p.rows;
  const cd::cuda::Grid grid = {ceil_divide(p.rows, kBlock / kWarp)};
  const auto multiply_logits = [&](int64_t first, int64_t count) {
    multiply({p.rows, count, p.dim, p.z, p.dim, 1, p.v + first * p.dim, 1, p.dim, logits, count,
              p.scale, 0},
             stream);
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
             stream);
    multiply({count, p.dim, p.rows, logits, 1, count, p.z, p.dim, 1, p.grad_v + first * p.dim,
              p.dim, 1, 0},
             stream);
  }
}

}  // namespace

const Version<Classifier> k2_chunked = {"3 chunked", "chunks of classes, cuBLAS if it is there",
                                        1e-5, extra_bytes, run};

}  // namespace lab
