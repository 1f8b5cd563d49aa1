// The laboratory: K1 and K2 in numbered files, from the plainest version to the fastest. All
// versions of a kernel compute the same, in f32, and differ in nothing but the way of the data, so
// that two neighbouring files show what one idea is worth. main.cpp checks each against double
// precision and times it; one that the GPU cannot run says so.
//
// To be read, not to be linked: the library's kernels in ../kernels do more (distances, margins,
// weights, dtypes, edges).
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <vector>

namespace lab {

// K1: l_i = max(0, |s^ - t^| - margin) and the gradients of their mean.
struct Feature {
  int64_t rows;
  int64_t dim;  // a multiple of 4
  float margin;
  const float* s;  // [B, D]
  const float* t;  // [B, D]
  float* losses;   // [B]
  float* grad_s;   // [B, D]
  float* grad_t;   // [B, D]
};

// K2: l_i = logsumexp_j(scale z_i . v_j) - scale z_i . v_y and the gradients of their mean, of rows
// that are normalised already.
struct Classifier {
  int64_t rows;
  int64_t classes;
  int64_t dim;  // all three multiples of 64
  float scale;
  const float* z;         // [B, D]
  const float* v;         // [C, D]
  const int64_t* labels;  // [B]
  float* losses;          // [B]
  float* grad_z;          // [B, D]
  float* grad_v;          // [C, D]
};

template <class Problem>
struct Version {
  const char* name;
  const char* idea;
  double tolerance;  // relative error of the gradients
  int64_t (*extra_bytes)(const Problem&);
  void (*run)(const Problem&, void* extra, cudaStream_t stream);
  const char* (*missing)() = nullptr;  // why the current GPU cannot run it; null: it can
};

// In the order in which they are to be read.
std::vector<Version<Feature>> feature_versions();
std::vector<Version<Classifier>> classifier_versions();

extern const Version<Feature> k1_naive, k1_warp, k1_packs, k1_kept;
extern const Version<Classifier> k2_naive, k2_tiled, k2_chunked, k2_mma_sync, k2_wgmma;

}  // namespace lab
