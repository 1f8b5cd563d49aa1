// Argument checks. Each fails with CD_INVALID_ARGUMENT and a line that names the argument, what was
// expected and what came. They run before anything is written.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/status.h"

namespace cd {

// Bytes of one element; fails on an unknown dtype.
int64_t element_bytes(int32_t dtype);

// Bytes of one element of the accumulation type.
int64_t accumulator_bytes(int32_t dtype);

// Far above what any machine holds, and far below what the arithmetic on sizes bears.
constexpr int64_t kMostSize = int64_t{1} << 34;

// From `least` to kMostSize.
void check_size(const char* name, int64_t value, int64_t least);
void check_range(const char* name, double value, double least, double most);
void check_finite(const char* name, double value);
void check_weight(const char* name, double value);  // finite and not negative
void check_enum(const char* name, int32_t value, int32_t count);
void check_flag(const char* name, int32_t value);

// The arrays of one call: checks each as it is added (an empty one may be null) and, in
// `check_aliasing`, that no output overlaps an input or another output.
class ArrayCheck {
 public:
  ArrayCheck() { spans_.reserve(16); }

  // Names that follow read "array[index].name"; array null = "name". They are kept as pointers.
  void set_prefix(const char* array, int32_t index);

  void size(const char* name, int64_t value, int64_t least) const;
  void finite(const char* name, double value) const;
  void input(const char* name, const void* data, int64_t rows, int64_t columns, int64_t stride,
             int64_t bytes);
  void input_or_null(const char* name, const void* data, int64_t rows, int64_t columns,
                     int64_t stride, int64_t bytes);
  void output(const char* name, void* data, int64_t rows, int64_t columns, int64_t stride,
              int64_t bytes);
  void output_or_null(const char* name, void* data, int64_t rows, int64_t columns, int64_t stride,
                      int64_t bytes);
  void check_aliasing() const;

  // Fails on a label outside [0, classes) other than CD_IGNORE_LABEL; returns the number of rows
  // that are not ignored.
  int64_t counted_rows(const char* name, const int64_t* labels, int64_t rows,
                       int64_t classes) const;

  // Fails on a weight that is negative or not finite. Returns the sum over the rows that are not
  // ignored (labels null: all rows); weights null: each is 1.
  double weight_sum(const char* name, const void* weights_or_null, int32_t dtype, int64_t rows,
                    const int64_t* labels_or_null) const;

 private:
  // Put together where a check fails only: that costs more than a small call.
  struct Name {
    const char* array_or_null;
    int32_t index;
    const char* name;

    std::string text() const;
  };

  struct Span {
    Name name;
    uintptr_t begin;
    uintptr_t end;
    uint64_t row_bytes;
    uint64_t stride_bytes;
    bool output;
  };

  Name full(const char* name) const { return {prefix_array_, prefix_index_, name}; }
  void add(const char* name, const void* data, int64_t rows, int64_t columns, int64_t stride,
           int64_t bytes, bool output);
  static bool overlap(const Span& a, const Span& b);

  const char* prefix_array_ = nullptr;
  int32_t prefix_index_ = 0;
  std::vector<Span> spans_;
};

}  // namespace cd
