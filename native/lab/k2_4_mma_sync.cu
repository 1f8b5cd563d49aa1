// K2, version 4: the products on the tensor cores (mma.sync, bf16 in, f32 sums), and the softmax in
// the same kernels. A block computes a tile of 64 x 64 logits; for the first pass only the running
// softmax of its rows leaves the block, for the second the gradients of its logits, in bf16: the
// logits themselves never exist in memory. bf16 has 8 bits of a number: the error is 5e-3.
//
// A warp has 16 rows and 32 columns of the tile: 4 instructions side by side for every 16 of depth.
#include "core/cuda_mma.cuh"
#include "lab/halves.cuh"

namespace lab {
namespace {

constexpr int kTile = 64, kDepth = 32, kLine = kDepth + 8;  // 8: spreads the banks
constexpr int kFragments = 4;

// Both sides with their depth along the line, as the fragments want it.
struct Shared {
  alignas(16) Half a[kTile][kLine];
  alignas(16) Half b[kTile][kLine];
};

// An operand whose element (side, depth) is at[side * side_pitch + depth * depth_pitch].
struct Side {
  const Half* at;
  int64_t side_pitch, depth_pitch;
};

__device__ inline void stage(const Side& from, int64_t first_side, int64_t first_depth,
                             Half (&to)[kTile][kLine]) {
  for (int e = static_cast<int>(threadIdx.x); e < kTile * kDepth; e += kBlock) {
    const bool along = from.depth_pitch == 1;
    const int side = along ? e / kDepth : e % kTile, depth = along ? e % kDepth : e / kTile;
    to[side][depth] =
        from.at[(first_side + side) * from.side_pitch + (first_depth + depth) * from.depth_pitch];
  }
}

__device__ inline uint32_t pair_at(const Half* two) {
  uint32_t bits;
  memcpy(&bits, two, sizeof bits);
  return bits;
}

// Where this thread's numbers lie in the tile.
struct Lane {
  int row, column;  // of c[0] of the first fragment; c[2] lies 8 rows below, fragments 8 apart
  int group, pair;

  __device__ Lane() {
    const int lane = static_cast<int>(threadIdx.x) % kWarp;
    const int warp = static_cast<int>(threadIdx.x) / kWarp;
    group = lane / 4;
    pair = lane % 4;
    row = warp / 2 * 16 + group;
    column = warp % 2 * 32 + 2 * pair;
  }
};

using Sums = float[kFragments][4];

__device__ inline void multiply_tile(const Side& a, const Side& b, int64_t row, int64_t column,
                                     int64_t depth, const Lane& lane, Sums& sums) {
  CD_SHARED(Shared, shared);
  for (auto& fragment : sums) {
    for (float& x : fragment) x = 0;
  }
  for (int64_t k = 0; k < depth; k += kDepth) {
    __syncthreads();  // the step before has been read
    stage(a, row, k, shared.a);
    stage(b, column, k, shared.b);
    __syncthreads();
#pragma unroll
    for (int d = 0; d < kDepth; d += 16) {
      const Half *upper = &shared.a[lane.row][d + 2 * lane.pair],
                 *lower = &shared.a[lane.row + 8][d + 2 * lane.pair];
      const uint32_t left[4] = {pair_at(upper), pair_at(lower), pair_at(upper + 8),
                                pair_at(lower + 8)};
#pragma unroll
      for (int n = 0; n < kFragments; ++n) {
        const int line = lane.column - 2 * lane.pair + 8 * n + lane.group;
        const Half* right = &shared.b[line][d + 2 * lane.pair];
        cd::cuda::multiply_fragments<Half>(sums[n][0], sums[n][1], sums[n][2], sums[n][3], left,
                                           pair_at(right), pair_at(right + 8));
      }
    }
  }
}

// Of the 32 columns of a warp; the target's logit on the way.
__global__ void __launch_bounds__(kBlock) running(Classifier p, HalfMemory memory) {
  const int64_t row_tiles = p.rows / kTile;
  const int64_t row = int64_t{blockIdx.x} % row_tiles * kTile;
  const int64_t column = int64_t{blockIdx.x} / row_tiles * kTile;
  const Lane lane;
  Sums sums;
  multiply_tile({memory.z, p.dim, 1}, {memory.v, p.dim, 1}, row, column, p.dim, lane, sums);
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int64_t i = row + lane.row + 8 * half;
    Running all = {-INFINITY, 0};
#pragma unroll
    for (int n = 0; n < kFragments; ++n) {
#pragma unroll
      for (int k = 0; k < 2; ++k) {
        const float logit = p.scale * sums[n][2 * half + k];
        all = merge(all, {logit, 1});
        if (column + lane.column + 8 * n + k == p.labels[i]) memory.targets[i] = logit;
      }
    }
    all = merged_by_lanes(all);
    if (lane.pair == 0) {
      memory.parts[i * memory.parts_of_row + (column + lane.column) / 32] = all;
    }
  }
}

// The logits of a chunk once more, as their gradients.
__global__ void __launch_bounds__(kBlock)
    chunk_slopes(Classifier p, HalfMemory memory, int64_t first, int64_t count) {
  const int64_t row_tiles = p.rows / kTile;
  const int64_t row = int64_t{blockIdx.x} % row_tiles * kTile;
  const int64_t column = int64_t{blockIdx.x} / row_tiles * kTile;
  const Lane lane;
  Sums sums;
  multiply_tile({memory.z, p.dim, 1}, {memory.v + first * p.dim, p.dim, 1}, row, column, p.dim,
                lane, sums);
#pragma unroll
  for (int n = 0; n < kFragments; ++n) {
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      const int64_t i = row + lane.row + 8 * (k / 2), j = column + lane.column + 8 * n + k % 2;
      memory.slopes[i * count + j] = __float2bfloat16_rn(
          slope_of(p, p.scale * sums[n][k], memory.log_sums[i], first + j == p.labels[i]));
    }
  }
}

// c [m, n] = a b, or += it.
__global__ void __launch_bounds__(kBlock)
    products(Side a, Side b, int64_t row_tiles, int64_t depth, float* c, int64_t pitch, bool adds) {
  const int64_t row = int64_t{blockIdx.x} % row_tiles * kTile;
  const int64_t column = int64_t{blockIdx.x} / row_tiles * kTile;
  const Lane lane;
  Sums sums;
  multiply_tile(a, b, row, column, depth, lane, sums);
#pragma unroll
  for (int n = 0; n < kFragments; ++n) {
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      float& out = c[(row + lane.row + 8 * (k / 2)) * pitch + column + lane.column + 8 * n + k % 2];
      out = sums[n][k] + (adds ? out : 0);
    }
  }
}

int64_t extra_bytes(const Classifier& p) {
  int64_t bytes;
  divide(p, p.classes / 32, false, nullptr, &bytes);
  return bytes;
}

void run(const Classifier& p, void* extra, cudaStream_t stream) {
  int64_t bytes;
  const HalfMemory memory = divide(p, p.classes / 32, false, extra, &bytes);
  launch_halves(p, memory, stream);
  const int64_t row_tiles = p.rows / kTile, column_tiles = p.dim / kTile;
  launch<kBlock>("k2 running", {row_tiles * (p.classes / kTile)}, stream, running, p, memory);
  launch_losses(p, memory, stream);
  for (int64_t first = 0; first < p.classes; first += kChunk) {
    const int64_t count = p.classes - first < kChunk ? p.classes - first : kChunk;
    const Half* v = memory.v + first * p.dim;
    launch<kBlock>("k2 slopes", {row_tiles * (count / kTile)}, stream, chunk_slopes, p, memory,
                   first, count);
    launch<kBlock>("k2 rows", {row_tiles * column_tiles}, stream, products,
                   Side{memory.slopes, count, 1}, Side{v, 1, p.dim}, row_tiles, count, p.grad_z,
                   p.dim, first != 0);
    launch<kBlock>("k2 classes", {count / kTile * column_tiles}, stream, products,
                   Side{memory.slopes, 1, count}, Side{memory.z, 1, p.dim}, count / kTile, p.rows,
                   p.grad_v + first * p.dim, p.dim, false);
  }
}

}  // namespace

const Version<Classifier> k2_mma_sync = {"4 mma.sync", "bf16 tensor cores, softmax in the tiles",
                                         1e-2, extra_bytes, run};

}  // namespace lab
