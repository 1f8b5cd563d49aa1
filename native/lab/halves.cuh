// What the versions of K2 on tensor cores share: operands in bf16, parts of the softmax by tiles.
#pragma once

#include <algorithm>

#include "lab/classifier.cuh"

namespace lab {

using Half = __nv_bfloat16;

constexpr int64_t kChunk = 4096;  // classes whose slopes are held at a time

struct HalfMemory {
  Half *z, *v;     // [B, D], [C, D]
  Running* parts;  // [B, parts of a row]
  int64_t parts_of_row;
  float* targets;   // [B]
  float* log_sums;  // [B]
  Half* slopes;     // [B, chunk]
  // For products that want their depth along the lines of both sides:
  Half *z_turned, *v_turned;  // [D, B], [D, C]
  Half* slopes_turned;        // [chunk, B]
};

inline int64_t chunk_of(const Classifier& p) { return std::min(p.classes, kChunk); }

inline HalfMemory divide(const Classifier& p, int64_t parts_of_row, bool turned, void* extra,
                         int64_t* bytes) {
  cd::cuda::Workspace workspace(extra, INT64_MAX);
  HalfMemory memory = {};
  memory.z = workspace.take<Half>(p.rows, p.dim);
  memory.v = workspace.take<Half>(p.classes, p.dim);
  memory.parts = workspace.take<Running>(p.rows, parts_of_row);
  memory.parts_of_row = parts_of_row;
  memory.targets = workspace.take<float>(p.rows);
  memory.log_sums = workspace.take<float>(p.rows);
  memory.slopes = workspace.take<Half>(p.rows, chunk_of(p));
  if (turned) {
    memory.z_turned = workspace.take<Half>(p.dim, p.rows);
    memory.v_turned = workspace.take<Half>(p.dim, p.classes);
    memory.slopes_turned = workspace.take<Half>(chunk_of(p), p.rows);
  }
  *bytes = workspace.needed();
  return memory;
}

namespace {

// to [rows, dim] = from, and turned [dim, rows] where it is wanted.
__global__ void to_halves(const float* from, Half* to, Half* turned_or_null, int64_t rows,
                          int64_t dim) {
  const int64_t at = int64_t{blockIdx.x} * kBlock + threadIdx.x;
  if (at >= rows * dim) return;
  const Half half = __float2bfloat16_rn(from[at]);
  to[at] = half;
  if (turned_or_null != nullptr) turned_or_null[at % dim * rows + at / dim] = half;
}

// A warp a row: its loss from the parts of its softmax.
__global__ void __launch_bounds__(kBlock) half_losses(Classifier p, HalfMemory memory) {
  const int64_t i = int64_t{blockIdx.x} * (kBlock / kWarp) + threadIdx.x / kWarp;
  if (i >= p.rows) return;
  const Running* parts = memory.parts + i * memory.parts_of_row;
  Running all = {-INFINITY, 0};
  for (int64_t k = threadIdx.x % kWarp; k < memory.parts_of_row; k += kWarp) {
    all = merge(all, parts[k]);
  }
  all = cd::cuda::warp_merged(all, [](const Running& a, const Running& b) { return merge(a, b); });
  if (threadIdx.x % kWarp != 0) return;
  memory.log_sums[i] = all.largest + logf(all.sum);
  p.losses[i] = memory.log_sums[i] - memory.targets[i];
}

// Over the 4 lanes that share a row of a product's fragment.
__device__ inline Running merged_by_lanes(Running all) {
#pragma unroll
  for (int mask = 1; mask < 4; mask *= 2) {
    const Running other = {__shfl_xor_sync(cd::cuda::kAllLanes, all.largest, mask),
                           __shfl_xor_sync(cd::cuda::kAllLanes, all.sum, mask)};
    all = merge(all, other);
  }
  return all;
}

inline void launch_halves(const Classifier& p, const HalfMemory& memory, cudaStream_t stream) {
  launch<kBlock>("k2 halves", {ceil_divide(p.rows * p.dim, kBlock)}, stream, to_halves, p.z,
                 memory.z, memory.z_turned, p.rows, p.dim);
  launch<kBlock>("k2 halves", {ceil_divide(p.classes * p.dim, kBlock)}, stream, to_halves, p.v,
                 memory.v, memory.v_turned, p.classes, p.dim);
}

inline void launch_losses(const Classifier& p, const HalfMemory& memory, cudaStream_t stream) {
  launch<kBlock>("k2 losses", {ceil_divide(p.rows, kBlock / kWarp)}, stream, half_losses, p,
                 memory);
}

}  // namespace

}  // namespace lab
