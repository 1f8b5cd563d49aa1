// Plays cuBLASLt on the simulator, as the laboratory calls it: what the library would refuse is
// refused here, and every descriptor has to be given back. lab_test.cpp holds the version that is
// built on it against double precision.
#include "lab/cublas_lt.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "core/status.h"
#include "lab/lab.h"

namespace {

using lab::CublasLt;

constexpr int kNotInitialized = 1, kInvalidValue = 7;  // cublasStatus_t

struct Layout {
  int64_t rows, columns, ld;
};

struct Operation {
  bool a_turned = false, b_turned = false;
};

int descriptors = 0;     // that have not been given back
int products_left = -1;  // before products are refused; negative: never

char the_handle;

int create(void** handle) {
  *handle = &the_handle;
  return 0;
}

int desc_create(void** desc, int compute_type, int scale_type) {
  if (compute_type != CublasLt::kComputeF32 || scale_type != CublasLt::kF32) return kInvalidValue;
  *desc = new Operation();
  ++descriptors;
  return 0;
}

int desc_set_attribute(void* desc, int attribute, const void* value, size_t bytes) {
  auto* operation = static_cast<Operation*>(desc);
  const int32_t turned = *static_cast<const int32_t*>(value);
  if (bytes != sizeof turned || turned < 0 || turned > 1) return kInvalidValue;
  if (attribute != CublasLt::kTransposeA && attribute != CublasLt::kTransposeB)
    return kInvalidValue;
  (attribute == CublasLt::kTransposeA ? operation->a_turned : operation->b_turned) = turned == 1;
  return 0;
}

template <class T>
int destroy(void* descriptor) {
  delete static_cast<T*>(descriptor);
  --descriptors;
  return 0;
}

int layout_create(void** layout, int type, uint64_t rows, uint64_t columns, int64_t ld) {
  const auto height = static_cast<int64_t>(rows);
  if (type != CublasLt::kF32 || ld < height) return kInvalidValue;
  *layout = new Layout{height, static_cast<int64_t>(columns), ld};
  ++descriptors;
  return 0;
}

// Element (i, j) of a column-major matrix, or of its transpose.
float at(const void* matrix, const Layout& layout, bool turned, int64_t i, int64_t j) {
  return static_cast<const float*>(matrix)[turned ? j + i * layout.ld : i + j * layout.ld];
}

int matmul(void* handle, void* desc, const void* alpha, const void* a, void* a_layout,
           const void* b, void* b_layout, const void* beta, const void* c, void* c_layout, void* d,
           void* d_layout, const void* algorithm, void* workspace, size_t workspace_bytes,
           cudaStream_t) {
  if (handle != &the_handle) return kNotInitialized;
  if (products_left >= 0 && products_left-- == 0) return kInvalidValue;
  const Operation turned = *static_cast<Operation*>(desc);
  const Layout of_a = *static_cast<Layout*>(a_layout), of_b = *static_cast<Layout*>(b_layout),
               of_d = *static_cast<Layout*>(d_layout);
  const int64_t depth = turned.a_turned ? of_a.rows : of_a.columns;
  const bool fits = (turned.a_turned ? of_a.columns : of_a.rows) == of_d.rows &&
                    (turned.b_turned ? of_b.columns : of_b.rows) == depth &&
                    (turned.b_turned ? of_b.rows : of_b.columns) == of_d.columns;
  const bool in_place = c == d && c_layout == d_layout;
  if (!fits || !in_place || algorithm != nullptr ||
      (workspace == nullptr) != (workspace_bytes == 0)) {
    return kInvalidValue;
  }
  const float by = *static_cast<const float*>(alpha), kept = *static_cast<const float*>(beta);
  for (int64_t j = 0; j < of_d.columns; ++j) {
    for (int64_t i = 0; i < of_d.rows; ++i) {
      float sum = 0;
      for (int64_t k = 0; k < depth; ++k) {
        sum += at(a, of_a, turned.a_turned, i, k) * at(b, of_b, turned.b_turned, k, j);
      }
      float& out = static_cast<float*>(d)[i + j * of_d.ld];
      out = kept == 0 ? by * sum : by * sum + kept * out;  // C is not read where beta is 0
    }
  }
  return 0;
}

const char* get_status_string(int status) {
  return status == kInvalidValue ? "invalid value" : "another status";
}

constexpr CublasLt kSimulated = {
    create,          desc_create, desc_set_attribute, destroy<Operation>, layout_create,
    destroy<Layout>, matmul,      get_status_string,  &the_handle};

// A run of the chunked version whose products are refused after the first `products` of them.
int32_t run(int products) {
  constexpr int64_t kRows = 64, kClasses = 192, kDim = 64;
  std::vector<float> z(kRows * kDim, 0.125f), v(kClasses * kDim, 0.125f);
  std::vector<float> losses(kRows), grad_z(z.size()), grad_v(v.size());
  const std::vector<int64_t> labels(kRows, 5);
  const lab::Classifier p = {kRows,         kClasses,     kDim,          32,
                             z.data(),      v.data(),     labels.data(), losses.data(),
                             grad_z.data(), grad_v.data()};
  std::vector<char> extra(static_cast<size_t>(lab::k2_chunked.extra_bytes(p)));
  products_left = products;
  const int32_t status = cd::guarded([&] { lab::k2_chunked.run(p, extra.data(), nullptr); });
  products_left = -1;
  return status;
}

TEST(CublasLt, everyDescriptorIsGivenBack) {
  EXPECT_EQ(run(-1), CD_OK) << cd_last_error();
  EXPECT_EQ(descriptors, 0);
}

TEST(CublasLt, aRefusedProductIsAnErrorAndLeavesNothingBehind) {
  for (const int products : {0, 1, 3, 4}) {
    EXPECT_EQ(run(products), CD_DEVICE_ERROR);
    EXPECT_EQ(std::string(cd_last_error()), "cuBLASLt, product: invalid value");
    EXPECT_EQ(descriptors, 0);
  }
}

}  // namespace

const lab::CublasLt* lab::cublas_lt() { return &kSimulated; }
