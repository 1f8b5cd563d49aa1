// K1, version 1: a thread does a row. Neighbouring threads read addresses a whole row apart, so
// that of every 32 bytes that memory sends 4 are used, and B threads do not fill a GPU.
#include "lab/feature.cuh"

namespace lab {
namespace {

__global__ void rows(Feature p) {
  const int64_t i = int64_t{blockIdx.x} * kBlock + threadIdx.x;
  if (i >= p.rows) return;
  const float *s = p.s + i * p.dim, *t = p.t + i * p.dim;
  double ss = 0, tt = 0, st = 0;
  for (int64_t d = 0; d < p.dim; ++d) {
    ss += double{s[d]} * double{s[d]};
    tt += double{t[d]} * double{t[d]};
    st += double{s[d]} * double{t[d]};
  }
  const Measures m(ss, tt, st);
  for (int64_t d = 0; d < p.dim; ++d) {
    gradients(p, m, s[d], t[d], p.grad_s[i * p.dim + d], p.grad_t[i * p.dim + d]);
  }
  p.losses[i] = loss_of(p, m);
}

void run(const Feature& p, void*, cudaStream_t stream) {
  launch<kBlock>("k1 naive", {cd::cuda::ceil_divide(p.rows, kBlock)}, stream, rows, p);
}

}  // namespace

const Version<Feature> k1_naive = {"1 naive", "a thread a row", 1e-5, no_extra, run};

}  // namespace lab
