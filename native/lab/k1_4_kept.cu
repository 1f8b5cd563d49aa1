// K1, version 4: as version 3, but the row stays in registers between its sums and its gradients,
// so that nothing is read twice; all reads of a row are on their way before the first is needed.
// Rows longer than 512 elements go on as in version 3. (The library's kernel keeps rows in shared
// memory, which holds longer ones.)
#include "lab/feature.cuh"

namespace lab {
namespace {

using cd::cuda::kWarp;
using Four = cd::cuda::Pack<float>;
constexpr int kPacks = 4;  // of a lane

__global__ void rows(Feature p) {
  const int64_t i = int64_t{blockIdx.x} * (kBlock / kWarp) + threadIdx.x / kWarp;
  if (i >= p.rows) return;
  const int64_t lane = threadIdx.x % kWarp, packs = p.dim / 4;
  const auto *s = reinterpret_cast<const Four*>(p.s + i * p.dim),
             *t = reinterpret_cast<const Four*>(p.t + i * p.dim);
  Four a[kPacks], b[kPacks];
#pragma unroll
  for (int n = 0; n < kPacks; ++n) {
    const int64_t d = lane + n * kWarp;
    a[n] = d < packs ? s[d] : Four{};
    b[n] = d < packs ? t[d] : Four{};
  }
  float sums[3] = {0, 0, 0};
#pragma unroll
  for (int n = 0; n < kPacks; ++n) {
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      sums[0] += a[n].at[k] * a[n].at[k];
      sums[1] += b[n].at[k] * b[n].at[k];
      sums[2] += a[n].at[k] * b[n].at[k];
    }
  }
  double wide[3] = {sums[0], sums[1], sums[2]};
  cd::cuda::warp_sum(wide);
  const Measures m(wide[0], wide[1], wide[2]);
#pragma unroll
  for (int n = 0; n < kPacks; ++n) {
    const int64_t d = lane + n * kWarp;
    if (d >= packs) continue;
    Four grad_s, grad_t;
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      gradients(p, m, a[n].at[k], b[n].at[k], grad_s.at[k], grad_t.at[k]);
    }
    reinterpret_cast<Four*>(p.grad_s + i * p.dim)[d] = grad_s;
    reinterpret_cast<Four*>(p.grad_t + i * p.dim)[d] = grad_t;
  }
  if (lane == 0) p.losses[i] = loss_of(p, m);
}

void run(const Feature& p, void* extra, cudaStream_t stream) {
  if (p.dim > 4 * kWarp * kPacks) return k1_packs.run(p, extra, stream);
  launch<kBlock>("k1 kept", {cd::cuda::ceil_divide(p.rows, kBlock / kWarp)}, stream, rows, p);
}

}  // namespace

const Version<Feature> k1_kept = {"4 kept", "a row stays in registers", 1e-5, no_extra, run};

}  // namespace lab
