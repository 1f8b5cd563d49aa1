#include "core/tensor_check.h"

#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <limits>

namespace cd {

int64_t element_bytes(int32_t dtype) {
  check_enum("dtype", dtype, 4);
  return dtype == CD_F64 ? 8 : dtype == CD_F32 ? 4 : 2;
}

int64_t accumulator_bytes(int32_t dtype) { return dtype == CD_F64 ? 8 : 4; }

void check_size(const char* name, int64_t value, int64_t least) {
  if (value < least) {
    fail(CD_INVALID_ARGUMENT, "%s: expected at least %" PRId64 ", got %" PRId64, name, least,
         value);
  }
  if (value > kMostSize) {
    fail(CD_INVALID_ARGUMENT, "%s: expected at most 2^34, got %" PRId64, name, value);
  }
}

void check_range(const char* name, double value, double least, double most) {
  if (!std::isfinite(value) || value < least || value > most) {
    fail(CD_INVALID_ARGUMENT, "%s: expected a finite number from %g to %g, got %.17g", name, least,
         most, value);
  }
}

void check_finite(const char* name, double value) {
  if (!std::isfinite(value)) {
    fail(CD_INVALID_ARGUMENT, "%s: expected a finite number, got %g", name, value);
  }
}

void check_weight(const char* name, double value) {
  check_range(name, value, 0, std::numeric_limits<double>::max());
}

void check_enum(const char* name, int32_t value, int32_t count) {
  if (value < 0 || value >= count) {
    fail(CD_INVALID_ARGUMENT, "%s: expected one of 0 to %d, got %d", name, count - 1, value);
  }
}

void check_flag(const char* name, int32_t value) {
  if (value != 0 && value != 1) {
    fail(CD_INVALID_ARGUMENT, "%s: expected 0 or 1, got %d", name, value);
  }
}

void ArrayCheck::set_prefix(const char* array, int32_t index) {
  prefix_array_ = array;
  prefix_index_ = index;
}

std::string ArrayCheck::Name::text() const {
  if (array_or_null == nullptr) return name;
  return array_or_null + ("[" + std::to_string(index) + "].") + name;
}

void ArrayCheck::size(const char* name, int64_t value, int64_t least) const {
  if (value < least || value > kMostSize) check_size(full(name).text().c_str(), value, least);
}

void ArrayCheck::finite(const char* name, double value) const {
  if (!std::isfinite(value)) check_finite(full(name).text().c_str(), value);
}

void ArrayCheck::add(const char* name, const void* data, int64_t rows, int64_t columns,
                     int64_t stride, int64_t bytes, bool output) {
  Span span;
  span.name = full(name);
  if (stride < columns) {
    fail(CD_INVALID_ARGUMENT, "%s: expected a row stride of at least %" PRId64 ", got %" PRId64,
         span.name.text().c_str(), columns, stride);
  }
  if (rows == 0 || columns == 0) return;
  if (data == nullptr) {
    fail(CD_INVALID_ARGUMENT, "%s: expected an array, got null", span.name.text().c_str());
  }
  if (stride > INT64_MAX / bytes / rows) {
    fail(CD_INVALID_ARGUMENT,
         "%s: expected a size that fits into 64 bits, got %" PRId64
         " rows with a stride of %" PRId64,
         span.name.text().c_str(), rows, stride);
  }
  span.begin = reinterpret_cast<uintptr_t>(data);
  if (span.begin % static_cast<uintptr_t>(bytes) != 0) {
    fail(CD_INVALID_ARGUMENT, "%s: expected an address that is a multiple of %" PRId64 ", got %p",
         span.name.text().c_str(), bytes, data);
  }
  span.row_bytes = static_cast<uint64_t>(columns * bytes);
  span.stride_bytes = static_cast<uint64_t>(stride * bytes);
  span.end = span.begin + (static_cast<uint64_t>(rows) - 1) * span.stride_bytes + span.row_bytes;
  span.output = output;
  spans_.push_back(span);
}

void ArrayCheck::input(const char* name, const void* data, int64_t rows, int64_t columns,
                       int64_t stride, int64_t bytes) {
  add(name, data, rows, columns, stride, bytes, false);
}

void ArrayCheck::input_or_null(const char* name, const void* data, int64_t rows, int64_t columns,
                               int64_t stride, int64_t bytes) {
  if (data != nullptr) add(name, data, rows, columns, stride, bytes, false);
}

void ArrayCheck::output(const char* name, void* data, int64_t rows, int64_t columns, int64_t stride,
                        int64_t bytes) {
  add(name, data, rows, columns, stride, bytes, true);
}

void ArrayCheck::output_or_null(const char* name, void* data, int64_t rows, int64_t columns,
                                int64_t stride, int64_t bytes) {
  if (data != nullptr) add(name, data, rows, columns, stride, bytes, true);
}

bool ArrayCheck::overlap(const Span& a, const Span& b) {
  if (a.end <= b.begin || b.end <= a.begin) return false;
  if (a.stride_bytes != b.stride_bytes) return true;
  // Column windows of one wider matrix interleave without touching.
  const Span& first = a.begin <= b.begin ? a : b;
  const Span& second = a.begin <= b.begin ? b : a;
  const uint64_t shift = (second.begin - first.begin) % first.stride_bytes;
  return shift < first.row_bytes || shift + second.row_bytes > first.stride_bytes;
}

void ArrayCheck::check_aliasing() const {
  for (size_t i = 0; i < spans_.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if ((spans_[i].output || spans_[j].output) && overlap(spans_[i], spans_[j])) {
        fail(CD_INVALID_ARGUMENT, "%s: expected memory of its own, got memory that overlaps %s",
             spans_[i].name.text().c_str(), spans_[j].name.text().c_str());
      }
    }
  }
}

int64_t ArrayCheck::counted_rows(const char* name, const int64_t* labels, int64_t rows,
                                 int64_t classes) const {
  int64_t counted = 0;
  for (int64_t i = 0; i < rows; ++i) {
    if (labels[i] == CD_IGNORE_LABEL) continue;
    if (labels[i] < 0 || labels[i] >= classes) {
      fail(CD_INVALID_ARGUMENT,
           "%s: row %" PRId64 ": expected a label from 0 to %" PRId64 " or %d, got %" PRId64,
           full(name).text().c_str(), i, classes - 1, static_cast<int>(CD_IGNORE_LABEL), labels[i]);
    }
    ++counted;
  }
  return counted;
}

double ArrayCheck::weight_sum(const char* name, const void* weights_or_null, int32_t dtype,
                              int64_t rows, const int64_t* labels_or_null) const {
  // Rows without columns need no memory, and may be more than anyone can count.
  if (weights_or_null == nullptr && labels_or_null == nullptr) return static_cast<double>(rows);
  double sum = 0;
  for (int64_t i = 0; i < rows; ++i) {
    double weight = 1;
    if (weights_or_null != nullptr) {
      weight = dtype == CD_F64 ? static_cast<const double*>(weights_or_null)[i]
                               : static_cast<const float*>(weights_or_null)[i];
    }
    if (!std::isfinite(weight) || weight < 0) {
      fail(CD_INVALID_ARGUMENT,
           "%s: row %" PRId64 ": expected a finite weight of at least 0, got %.17g",
           full(name).text().c_str(), i, weight);
    }
    if (labels_or_null == nullptr || labels_or_null[i] != CD_IGNORE_LABEL) sum += weight;
  }
  if (!std::isfinite(sum)) {
    fail(CD_INVALID_ARGUMENT, "%s: expected a finite sum of the weights, got %g",
         full(name).text().c_str(), sum);
  }
  return sum;
}

}  // namespace cd
