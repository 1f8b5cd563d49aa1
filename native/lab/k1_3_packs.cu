// K1, version 3: as version 2, but a lane reads and writes 16 bytes at a time: a quarter of the
// instructions, and more bytes on their way at any moment.
#include "lab/feature.cuh"

namespace lab {
namespace {

using cd::cuda::kWarp;
using Four = cd::cuda::Pack<float>;

__global__ void rows(Feature p) {
  const int64_t i = int64_t{blockIdx.x} * (kBlock / kWarp) + threadIdx.x / kWarp;
  if (i >= p.rows) return;
  const int64_t lane = threadIdx.x % kWarp;
  const auto *s = reinterpret_cast<const Four*>(p.s + i * p.dim),
             *t = reinterpret_cast<const Four*>(p.t + i * p.dim);
  float sums[3] = {0, 0, 0};
  for (int64_t d = lane; d < p.dim / 4; d += kWarp) {
    const Four a = s[d], b = t[d];
    for (int k = 0; k < 4; ++k) {
      sums[0] += a.at[k] * a.at[k];
      sums[1] += b.at[k] * b.at[k];
      sums[2] += a.at[k] * b.at[k];
    }
  }
  double wide[3] = {sums[0], sums[1], sums[2]};
  cd::cuda::warp_sum(wide);
  const Measures m(wide[0], wide[1], wide[2]);
  for (int64_t d = lane; d < p.dim / 4; d += kWarp) {
    const Four a = s[d], b = t[d];
    Four grad_s, grad_t;
    for (int k = 0; k < 4; ++k) {
      gradients(p, m, a.at[k], b.at[k], grad_s.at[k], grad_t.at[k]);
    }
    reinterpret_cast<Four*>(p.grad_s + i * p.dim)[d] = grad_s;
    reinterpret_cast<Four*>(p.grad_t + i * p.dim)[d] = grad_t;
  }
  if (lane == 0) p.losses[i] = loss_of(p, m);
}

void run(const Feature& p, void*, cudaStream_t stream) {
  launch<kBlock>("k1 packs", {cd::cuda::ceil_divide(p.rows, kBlock / kWarp)}, stream, rows, p);
}

}  // namespace

const Version<Feature> k1_packs = {"3 packs", "16 bytes an access", 1e-5, no_extra, run};

}  // namespace lab
