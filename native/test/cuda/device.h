// Arrays on the device under test: a GPU, or the simulator of test/simt (CD_SIMULATED); and the
// fixture of its tests.
//
// Every array lies between guard bytes, may start at any element, and has its rows apart; whatever
// is not an element of an output must be untouched afterwards.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "crossdistill.h"

namespace device {

#if defined(CD_SIMULATED)
inline bool available() { return true; }
inline void* allocate(size_t bytes) { return std::malloc(bytes > 0 ? bytes : 1); }
inline void release(void* memory) { std::free(memory); }
inline void copy_in(void* to, const void* from, size_t bytes) {
  if (bytes > 0) std::memcpy(to, from, bytes);
}
inline void copy_out(void* to, const void* from, size_t bytes) {
  if (bytes > 0) std::memcpy(to, from, bytes);
}
#else
inline bool available() { return cd_cuda_device_count() > 0; }
inline void* allocate(size_t bytes) {
  void* memory = nullptr;
  EXPECT_EQ(cudaMalloc(&memory, bytes > 0 ? bytes : 1), cudaSuccess);
  return memory;
}
inline void release(void* memory) { cudaFree(memory); }
inline void copy_in(void* to, const void* from, size_t bytes) {
  EXPECT_EQ(cudaMemcpy(to, from, bytes, cudaMemcpyHostToDevice), cudaSuccess);
}
inline void copy_out(void* to, const void* from, size_t bytes) {
  const cudaError_t error = cudaMemcpy(to, from, bytes, cudaMemcpyDeviceToHost);
  EXPECT_EQ(error, cudaSuccess) << cudaGetErrorString(error);
}
#endif

inline constexpr int32_t kDtypes[] = {CD_F64, CD_F32, CD_BF16, CD_F16};

// Beside the cd_dtype's: what labels and flags are made of.
constexpr int32_t kInt64 = 100;
constexpr int32_t kByte = 101;

inline size_t size_of(int32_t type) {
  return type == CD_F64 || type == kInt64 ? 8 : type == CD_F32 ? 4 : type == kByte ? 1 : 2;
}

template <class T>
void put(unsigned char* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

template <class T>
T get(const unsigned char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

inline void encode(int32_t type, double value, unsigned char* at) {
  switch (type) {
    case CD_F64:
      return put(at, value);
    case CD_F32:
      return put(at, static_cast<float>(value));
    case CD_BF16:
      return put(at, __float2bfloat16_rn(static_cast<float>(value)));
    case CD_F16:
      return put(at, __float2half_rn(static_cast<float>(value)));
    case kInt64:
      return put(at, static_cast<int64_t>(value));
    default:
      return put(at, static_cast<uint8_t>(value));
  }
}

inline double decode(int32_t type, const unsigned char* at) {
  switch (type) {
    case CD_F64:
      return get<double>(at);
    case CD_F32:
      return static_cast<double>(get<float>(at));
    case CD_BF16:
      return static_cast<double>(__bfloat162float(get<__nv_bfloat16>(at)));
    case CD_F16:
      return static_cast<double>(__half2float(get<__half>(at)));
    case kInt64:
      return static_cast<double>(get<int64_t>(at));
    default:
      return get<uint8_t>(at);
  }
}

// Where a matrix lies: how far apart its rows are beyond their length, and how many elements past
// an aligned address it starts.
struct Placement {
  int64_t gap = 0;
  int64_t shift = 0;
};

class Array {
 public:
  // An input: between its rows lie NaNs.
  Array(int32_t type, const std::vector<double>& values, int64_t rows, int64_t columns,
        Placement placement = {})
      : Array(type, rows, columns, placement, 0xff) {
    for (int64_t i = 0; i < rows * columns; ++i) {
      encode(type, values[static_cast<size_t>(i)], image_.data() + position(i));
    }
    copy_in(memory_, image_.data(), image_.size());
    input_ = true;
  }

  // An output.
  Array(int32_t type, int64_t rows, int64_t columns, Placement placement = {})
      : Array(type, rows, columns, placement, 0xa5) {
    copy_in(memory_, image_.data(), image_.size());
  }

  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;
  ~Array() { release(memory_); }

  void* data() const { return static_cast<char*>(memory_) + start_; }
  template <class T>
  T* as() const {
    return static_cast<T*>(data());
  }
  int64_t rows() const { return rows_; }
  int64_t stride() const { return stride_; }

  // The elements, after a look at everything around them.
  std::vector<double> values(const std::string& name) const {
    const std::vector<unsigned char> now = download();
    std::vector<char> may_change(now.size(), 0);
    std::vector<double> result;
    for (int64_t i = 0; i < rows_ * columns_; ++i) {
      result.push_back(decode(type_, now.data() + position(i)));
      if (!input_) std::memset(&may_change[position(i)], 1, size_of(type_));
    }
    size_t touched = 0;
    for (size_t i = 0; i < now.size(); ++i) touched += now[i] != image_[i] && may_change[i] == 0;
    EXPECT_EQ(touched, 0u) << name << ": bytes changed that are none of its elements";
    return result;
  }

  std::vector<unsigned char> download() const {
    std::vector<unsigned char> now(image_.size());
    copy_out(now.data(), memory_, now.size());
    return now;
  }

 private:
  Array(int32_t type, int64_t rows, int64_t columns, Placement placement, unsigned char fill)
      : type_(type), rows_(rows), columns_(columns), stride_(columns + placement.gap) {
    const size_t size = size_of(type);
    start_ = kGuard + static_cast<size_t>(placement.shift) * size;
    const int64_t elements = rows == 0 ? 0 : (rows - 1) * stride_ + columns;
    image_.assign(start_ + static_cast<size_t>(elements) * size + kGuard, fill);
    memory_ = allocate(image_.size());
  }

  size_t position(int64_t i) const {
    return start_ + static_cast<size_t>(i / columns_ * stride_ + i % columns_) * size_of(type_);
  }

// The address sanitizer has guards of its own.
#if defined(__SANITIZE_ADDRESS__)
  static constexpr size_t kGuard = 0;
#else
  static constexpr size_t kGuard = 256;
#endif

  int32_t type_;
  int64_t rows_;
  int64_t columns_;
  int64_t stride_;
  size_t start_;
  std::vector<unsigned char> image_;
  void* memory_;
  bool input_ = false;
};

// body() twice: the simulator in both of its orders, a GPU one run after the other.
template <class Body>
auto run_both_ways(const Body& body) {
  auto first = body();
#if defined(CD_SIMULATED)
  simt::set_order(simt::Order::kBackward);
#endif
  auto second = body();
#if defined(CD_SIMULATED)
  simt::set_order(simt::Order::kForward);
#endif
  return std::make_pair(std::move(first), std::move(second));
}

inline Array label_array(const std::vector<int64_t>& labels) {
  return Array(kInt64, std::vector<double>(labels.begin(), labels.end()),
               static_cast<int64_t>(labels.size()), 1);
}

// The workspace that query(&bytes) asks for, at an address without alignment; rows() are its bytes.
template <class Query>
Array workspace(const Query& query) {
  int64_t bytes = -1;
  EXPECT_EQ(query(&bytes), CD_OK) << cd_last_error();
  return Array(kByte, bytes, 1, {0, 3});
}

inline int32_t accumulator(int32_t dtype) { return dtype == CD_F64 ? CD_F64 : CD_F32; }

inline const char* name_of(int32_t dtype) {
  const char* const names[] = {"f64", "f32", "bf16", "f16"};
  return names[dtype];
}

// |actual - expected| / max(|expected|, 0.01); infinite where one is not finite.
inline double relative_error(const std::vector<double>& actual,
                             const std::vector<double>& expected) {
  long double error = 0, norm = 0;  // its range holds the square of every double
  for (size_t i = 0; i < expected.size(); ++i) {
    if (!std::isfinite(actual[i])) return INFINITY;
    const long double a = actual[i], e = expected[i];
    error += (a - e) * (a - e);
    norm += e * e;
  }
  return static_cast<double>(std::sqrt(error) / std::max(std::sqrt(norm), 0.01L));
}

// What arrays of `type` may differ by.
inline double tolerance(int32_t type) {
  return type == CD_F64 ? 1e-10 : type == CD_F32 ? 1e-5 : type == CD_BF16 ? 5e-3 : 1e-3;
}

// Largest errors of a test, by type: what its fixture prints.
inline double worst_errors[4];

// Holds `actual`, of a cd_dtype, against the tolerance of its type.
inline void expect_near(const char* name, const std::vector<double>& actual,
                        const std::vector<double>& expected, int32_t type) {
  const double error = relative_error(actual, expected);
  EXPECT_LE(error, tolerance(type)) << name;
  worst_errors[type] = std::max(worst_errors[type], error);
}

// Where a device is there, or has to be since it was pinned; and the cases of a test one by one:
// the thread sanitizer slows the simulator so much that there one case in six has to do.
class Test : public testing::Test {
 protected:
  void SetUp() override {
    if (!available()) {
      const char* pinned = std::getenv("CROSSDISTILL_BACKEND");
      if (pinned != nullptr && std::string(pinned) == "cuda") FAIL() << cd_last_error();
      GTEST_SKIP() << cd_last_error();
    }
    std::fill_n(worst_errors, 4, 0);
  }

  void TearDown() override {
    for (const int32_t type : kDtypes) {
      if (worst_errors[type] == 0) continue;
      std::printf("  %s: error at most %.1e of %.0e\n", name_of(type), worst_errors[type],
                  tolerance(type));
    }
  }

  bool wanted() {
#if defined(__SANITIZE_THREAD__)
    return case_++ % 6 == 0;
#else
    return true;
#endif
  }

 private:
  int case_ = 0;
};

// Numbers that every dtype holds exactly: 8 significant bits.
class Numbers {
 public:
  explicit Numbers(uint64_t seed) : state_(seed) {}

  // Uniform in [0, 1).
  double uniform() {
    state_ += 0x9e3779b97f4a7c15u;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
  }

  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(6.283185307179586 * uniform());
  }

  static double rounded(double x) {
    return static_cast<double>(__bfloat162float(__float2bfloat16_rn(static_cast<float>(x))));
  }

  std::vector<double> normals(int64_t count) {
    std::vector<double> values;
    for (int64_t i = 0; i < count; ++i) values.push_back(rounded(normal()));
    return values;
  }

  // Labels, one in seven of them ignored.
  std::vector<int64_t> labels(int64_t count, int64_t classes) {
    std::vector<int64_t> values;
    for (int64_t i = 0; i < count; ++i) {
      const auto label = static_cast<int64_t>(uniform() * static_cast<double>(classes));
      values.push_back(uniform() < 0.15 ? int64_t{CD_IGNORE_LABEL} : label);
    }
    return values;
  }

  // Weights, some of them 0.
  std::vector<double> weights(int64_t count) {
    std::vector<double> values;
    for (int64_t i = 0; i < count; ++i)
      values.push_back(rounded(std::max(0.0, 2 * uniform() - 0.2)));
    return values;
  }

 private:
  uint64_t state_;
};

}  // namespace device
