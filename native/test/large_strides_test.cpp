// Index arithmetic beyond 2^31 and 2^32 elements: rows so far apart that a stride, or its product
// with a row's number, fits into no 32 bits. The memory between them is mapped and never touched,
// so that few pages exist. Every output must have the bits that it has with compact arrays.
#include <sys/mman.h>

#include <functional>

#include "test_arrays.h"

namespace {

using Bytes = std::vector<unsigned char>;

constexpr int64_t kRows = 3;
constexpr int64_t kColumns = 33;
constexpr int64_t kFar = (int64_t{1} << 31) + 5;  // in bf16 4 GiB from row to row
constexpr int64_t kMostMatrices = 8;

struct Matrix {
  void* data;
  int64_t stride;
};

// The matrices [kRows, kColumns] of one call, all with the same stride.
class SparseMatrices {
 public:
  SparseMatrices(int32_t dtype, int64_t stride)
      : dtype_(dtype),
        stride_(stride),
        matrix_bytes_(((kRows - 1) * stride + kColumns) * bytes_of(dtype)) {
    void* memory = mmap(nullptr, bytes(), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory != MAP_FAILED) memory_ = static_cast<unsigned char*>(memory);
  }
  SparseMatrices(const SparseMatrices&) = delete;
  SparseMatrices& operator=(const SparseMatrices&) = delete;
  ~SparseMatrices() {
    if (mapped()) munmap(memory_, bytes());
  }

  size_t bytes() const { return static_cast<size_t>(kMostMatrices * matrix_bytes_); }
  bool mapped() const { return memory_ != nullptr; }

  Matrix output() {
    EXPECT_LT(count_, kMostMatrices);
    return {memory_ + count_++ * matrix_bytes_, stride_};
  }

  // Random numbers, the same for the same sequence of calls.
  Matrix input() {
    const Matrix matrix = output();
    for (int64_t i = 0; i < kRows; ++i) {
      for (int64_t j = 0; j < kColumns; ++j) encode(dtype_, random_.normal(), at(matrix, i, j));
    }
    return matrix;
  }

  // The elements of all matrices.
  Bytes elements() const {
    Bytes result;
    for (int64_t k = 0; k < count_; ++k) {
      for (int64_t i = 0; i < kRows; ++i) {
        const unsigned char* row = at({memory_ + k * matrix_bytes_, stride_}, i, 0);
        result.insert(result.end(), row, row + kColumns * bytes_of(dtype_));
      }
    }
    return result;
  }

 private:
  unsigned char* at(Matrix matrix, int64_t i, int64_t j) const {
    return static_cast<unsigned char*>(matrix.data) + (i * stride_ + j) * bytes_of(dtype_);
  }

  int32_t dtype_;
  int64_t stride_;
  int64_t matrix_bytes_;
  int64_t count_ = 0;
  unsigned char* memory_ = nullptr;
  Random random_{23};
};

// What a call writes beside its matrices; large enough for any of them, in either type.
struct Small {
  double loss[2] = {};
  double rows[8] = {};
  std::vector<int64_t> labels{1, 0, 2};
  uint8_t flags[kRows] = {};

  Bytes elements() const {
    Bytes result(sizeof loss + sizeof rows + sizeof flags);
    std::memcpy(result.data(), loss, sizeof loss);
    std::memcpy(result.data() + sizeof loss, rows, sizeof rows);
    std::memcpy(result.data() + sizeof loss + sizeof rows, flags, sizeof flags);
    return result;
  }
};

using Call = std::function<int32_t(int32_t dtype, SparseMatrices& matrices, Small& small)>;

void expect_same_bits(const Call& call) {
  for (int32_t dtype : kDtypes) {
    SCOPED_TRACE(dtype_name(dtype));
    SparseMatrices compact(dtype, kColumns), sparse(dtype, kFar);
    if (!compact.mapped() || !sparse.mapped()) {
      GTEST_SKIP() << "the system maps no " << (sparse.bytes() >> 30) << " GiB of memory";
    }
    Small expected, found;
    ASSERT_EQ(call(dtype, compact, expected), CD_OK) << cd_last_error();
    ASSERT_EQ(call(dtype, sparse, found), CD_OK) << cd_last_error();
    EXPECT_EQ(found.elements(), expected.elements());
    EXPECT_NE(found.elements(), Small().elements());
    EXPECT_EQ(sparse.elements(), compact.elements());
  }
}

TEST(LargeStrides, FeatureMargin) {
  expect_same_bits([](int32_t dtype, SparseMatrices& m, Small& small) {
    const Matrix s = m.input(), t = m.input(), gs = m.output(), gt = m.output();
    return cd_feature_margin(dtype, kRows, kColumns, s.data, s.stride, t.data, t.stride, nullptr,
                             CD_DISTANCE_NORMALIZED, 0.1, CD_MEAN, 1, small.loss, small.rows,
                             nullptr, gs.data, gs.stride, gt.data, gt.stride, nullptr, 0);
  });
}

TEST(LargeStrides, MarginClassifier) {
  expect_same_bits([](int32_t dtype, SparseMatrices& m, Small& small) {
    const Matrix v = m.input(), z = m.input(), other = m.input();
    const Matrix gv = m.output(), gz = m.output(), gother = m.output();
    const cd_row_set sets[] = {
        {kRows, z.data, z.stride, small.labels.data(), nullptr, 1, &small.loss[0], small.rows,
         small.flags, gz.data, gz.stride, nullptr},
        {kRows, other.data, other.stride, small.labels.data(), nullptr, 0.5, &small.loss[1],
         &small.rows[kRows], nullptr, gother.data, gother.stride, nullptr}};
    return cd_margin_classifier(dtype, kRows, kColumns, v.data, v.stride, nullptr, sets, 2, nullptr,
                                CD_CLASSIFIER_AAM, 30, 0.2, 0, CD_MEAN, gv.data, gv.stride, nullptr,
                                0);
  });
}

TEST(LargeStrides, Kd) {
  for (int32_t target : {CD_TARGET_KEPT, CD_TARGET_ZERO, CD_TARGET_EXCLUDED}) {
    expect_same_bits([target](int32_t dtype, SparseMatrices& m, Small& small) {
      const Matrix s = m.input(), t = m.input(), gs = m.output(), gt = m.output();
      return cd_kd(dtype, kRows, kColumns, s.data, s.stride, t.data, t.stride, small.labels.data(),
                   nullptr, target, 2, CD_MEAN, 1, small.loss, small.rows, gs.data, gs.stride,
                   gt.data, gt.stride, nullptr, 0);
    });
  }
}

TEST(LargeStrides, Dkd) {
  expect_same_bits([](int32_t dtype, SparseMatrices& m, Small& small) {
    const Matrix s = m.input(), t = m.input(), gs = m.output(), gt = m.output();
    return cd_dkd(dtype, kRows, kColumns, s.data, s.stride, t.data, t.stride, small.labels.data(),
                  nullptr, 1, 8, 2, CD_MEAN, 1, small.loss, small.rows, gs.data, gs.stride, gt.data,
                  gt.stride, nullptr, 0);
  });
}

TEST(LargeStrides, Nkd) {
  expect_same_bits([](int32_t dtype, SparseMatrices& m, Small& small) {
    const Matrix s = m.input(), t = m.input(), gs = m.output(), gt = m.output();
    return cd_nkd(dtype, kRows, kColumns, s.data, s.stride, t.data, t.stride, small.labels.data(),
                  nullptr, 1.5, 2, CD_MEAN, 1, small.loss, small.rows, gs.data, gs.stride, gt.data,
                  gt.stride, nullptr, 0);
  });
}

TEST(LargeStrides, Lskd) {
  expect_same_bits([](int32_t dtype, SparseMatrices& m, Small& small) {
    const Matrix s = m.input(), t = m.input(), gs = m.output(), gt = m.output();
    return cd_lskd(dtype, kRows, kColumns, s.data, s.stride, t.data, t.stride, nullptr, nullptr, 2,
                   CD_MEAN, 1, small.loss, small.rows, gs.data, gs.stride, gt.data, gt.stride,
                   nullptr, 0);
  });
}

TEST(LargeStrides, C2kd) {
  expect_same_bits([](int32_t dtype, SparseMatrices& m, Small& small) {
    cd_logits networks[4];
    for (cd_logits& network : networks) {
      const Matrix logits = m.input(), grad = m.output();
      network = {logits.data, logits.stride, grad.data, grad.stride};
    }
    return cd_c2kd(dtype, kRows, kColumns, networks, small.labels.data(), CD_TARGET_ZERO, 2, -1, 1,
                   small.loss, small.rows, nullptr, 0);
  });
}

TEST(LargeStrides, KendallTau) {
  expect_same_bits([](int32_t dtype, SparseMatrices& m, Small& small) {
    const Matrix a = m.input(), b = m.input();
    return cd_kendall_tau(dtype, kRows, kColumns, a.data, a.stride, b.data, b.stride, 0, small.rows,
                          small.flags, 0);
  });
}

TEST(LargeStrides, RowNorms) {
  expect_same_bits([](int32_t dtype, SparseMatrices& m, Small& small) {
    const Matrix x = m.input();
    return cd_row_norms(dtype, kRows, kColumns, x.data, x.stride, small.rows, 0);
  });
}

TEST(LargeStrides, EmbeddingWeights) {
  expect_same_bits([](int32_t dtype, SparseMatrices& m, Small& small) {
    const Matrix s = m.input(), t = m.input();
    double statistics[CD_QUALITY_STATISTICS] = {}, norms_student[kRows], norms_teacher[kRows];
    return cd_embedding_weights(dtype, kRows, kColumns, kColumns, s.data, s.stride, t.data,
                                t.stride, CD_QUALITY_DIFFERENCE, 1, 0.333, 0.01, 1, statistics,
                                norms_student, norms_teacher, small.rows, 0);
  });
}

TEST(LargeStrides, Rkd) {
  expect_same_bits([](int32_t dtype, SparseMatrices& m, Small& small) {
    const Matrix s = m.input(), t = m.input(), gs = m.output(), gt = m.output();
    return cd_rkd(dtype, kRows, kColumns, kColumns, s.data, s.stride, t.data, t.stride, 25, 50, 1,
                  small.loss, gs.data, gs.stride, gt.data, gt.stride, 0);
  });
}

TEST(LargeStrides, Similarity) {
  for (int32_t kind : {CD_SIMILARITY_PKT, CD_SIMILARITY_SP}) {
    expect_same_bits([&](int32_t dtype, SparseMatrices& m, Small& small) {
      const Matrix s = m.input(), t = m.input(), gs = m.output(), gt = m.output();
      return cd_similarity(dtype, kind, kRows, kColumns, kColumns, s.data, s.stride, t.data,
                           t.stride, 1, small.loss, gs.data, gs.stride, gt.data, gt.stride, 0);
    });
  }
}

}  // namespace
