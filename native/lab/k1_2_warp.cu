// K1, version 2: a warp does a row. The 32 lanes read 32 neighbouring elements, which memory sends
// as one piece; the lanes' sums meet by shuffles, without shared memory.
#include "lab/feature.cuh"

namespace lab {
namespace {

using cd::cuda::kWarp;

__global__ void rows(Feature p) {
  const int64_t i = int64_t{blockIdx.x} * (kBlock / kWarp) + threadIdx.x / kWarp;
  if (i >= p.rows) return;
  const int64_t lane = threadIdx.x % kWarp;
  const float *s = p.s + i * p.dim, *t = p.t + i * p.dim;
  float sums[3] = {0, 0, 0};
  for (int64_t d = lane; d < p.dim; d += kWarp) {
    sums[0] += s[d] * s[d];
    sums[1] += t[d] * t[d];
    sums[2] += s[d] * t[d];
  }
  double wide[3] = {sums[0], sums[1], sums[2]};
  cd::cuda::warp_sum(wide);
  const Measures m(wide[0], wide[1], wide[2]);
  for (int64_t d = lane; d < p.dim; d += kWarp) {
    gradients(p, m, s[d], t[d], p.grad_s[i * p.dim + d], p.grad_t[i * p.dim + d]);
  }
  if (lane == 0) p.losses[i] = loss_of(p, m);
}

void run(const Feature& p, void*, cudaStream_t stream) {
  launch<kBlock>("k1 warp", {cd::cuda::ceil_divide(p.rows, kBlock / kWarp)}, stream, rows, p);
}

}  // namespace

const Version<Feature> k1_warp = {"2 warp", "a warp a row, lanes side by side", 1e-5, no_extra,
                                  run};

}  // namespace lab
