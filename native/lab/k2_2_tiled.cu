// K2, version 2: the same three products by tiles. A block brings 64 rows and 64 columns, 16 deep,
// into shared memory; a thread multiplies 4 of each out of registers, so that a number that comes
// from memory is used 64 times. The softmax gets a warp a row. The array [B, C] is still there.
#include "lab/classifier.cuh"

namespace lab {
namespace {

constexpr int kTile = 64, kDepth = 16, kSide = 16, kMicro = 4;

struct Shared {
  float a[kDepth][kTile + 4];
  float b[kDepth][kTile + 4];
};

__global__ void __launch_bounds__(kBlock) tiles(Product p) {
  CD_SHARED(Shared, shared);
  const int64_t row_tiles = p.m / kTile;
  const int64_t row = int64_t{blockIdx.x} % row_tiles * kTile;
  const int64_t column = int64_t{blockIdx.x} / row_tiles * kTile;
  const int thread = static_cast<int>(threadIdx.x), ty = thread / kSide, tx = thread % kSide;
  float sums[kMicro][kMicro] = {};
  for (int64_t k = 0; k < p.k; k += kDepth) {
    for (int e = thread; e < kDepth * kTile; e += kBlock) {
      // Neighbouring threads take what lies side by side in memory.
      const int a_k = p.a_depth == 1 ? e % kDepth : e / kTile;
      const int a_i = p.a_depth == 1 ? e / kDepth : e % kTile;
      const int b_k = p.b_depth == 1 ? e % kDepth : e / kTile;
      const int b_j = p.b_depth == 1 ? e / kDepth : e % kTile;
      shared.a[a_k][a_i] = p.a[(row + a_i) * p.a_row + (k + a_k) * p.a_depth];
      shared.b[b_k][b_j] = p.b[(k + b_k) * p.b_depth + (column + b_j) * p.b_column];
    }
    __syncthreads();
#pragma unroll
    for (int d = 0; d < kDepth; ++d) {
#pragma unroll
      for (int m = 0; m < kMicro; ++m) {
#pragma unroll
        for (int n = 0; n < kMicro; ++n) {
          sums[m][n] += shared.a[d][ty * kMicro + m] * shared.b[d][tx * kMicro + n];
        }
      }
    }
    __syncthreads();
  }
  for (int m = 0; m < kMicro; ++m) {
    for (int n = 0; n < kMicro; ++n) {
      float& c = p.c[(row + ty * kMicro + m) * p.c_pitch + column + tx * kMicro + n];
      c = p.alpha * sums[m][n] + (p.beta == 0 ? 0 : p.beta * c);
    }
  }
}

__global__ void softmax(Classifier p, float* logits) {
  const int64_t i = int64_t{blockIdx.x} * (kBlock / kWarp) + threadIdx.x / kWarp;
  if (i >= p.rows) return;
  float* row = logits + i * p.classes;
  const Running all = running_of(row, p.classes);
  const float log_sum = all.largest + logf(all.sum);
  const int64_t label = p.labels[i];
  if (threadIdx.x % kWarp == 0) p.losses[i] = log_sum - row[label];
  __syncwarp();  // the loss has been taken
  for (int64_t j = threadIdx.x % kWarp; j < p.classes; j += kWarp) {
    row[j] = slope_of(p, row[j], log_sum, j == label);
  }
}

void multiply(const Product& p, cudaStream_t stream) {
  launch<kBlock>("k2 tiles", {p.m / kTile * (p.n / kTile)}, stream, tiles, p);
}

int64_t extra_bytes(const Classifier& p) { return 4 * p.rows * p.classes; }

void run(const Classifier& p, void* extra, cudaStream_t stream) {
  float* logits = static_cast<float*>(extra);
  multiply({p.rows, p.classes, p.dim, p.z, p.dim, 1, p.v, 1, p.dim, logits, p.classes, p.scale, 0},
           stream);
  launch<kBlock>("k2 softmax", {ceil_divide(p.rows, kBlock / kWarp)}, stream, softmax, p, logits);
  multiply({p.rows, p.dim, p.classes, logits, p.classes, 1, p.v, p.dim, 1, p.grad_z, p.dim, 1, 0},
           stream);
  multiply({p.classes, p.dim, p.rows, logits, 1, p.classes, p.z, p.dim, 1, p.grad_v, p.dim, 1, 0},
           stream);
}

}  // namespace

const Version<Classifier> k2_tiled = {"2 tiled", "64x64 tiles in shared memory, B x C logits", 1e-5,
                                      extra_bytes, run};

}  // namespace lab
