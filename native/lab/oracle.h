// What the versions must answer, in double precision on the host.
#pragma once

#include <cstdint>
#include <vector>

namespace lab {

using Floats = std::vector<float>;

// Normal numbers from a seed.
Floats normals(int64_t count, uint64_t seed);

// Rows of length 1.
void normalize(Floats& rows, int64_t dim);

struct Answer {
  std::vector<double> losses, first, second;  // gradients by both inputs
};

Answer feature_answer(const Floats& s, const Floats& t, int64_t dim, double margin);
Answer classifier_answer(const Floats& z, const Floats& v, const std::vector<int64_t>& labels,
                         int64_t dim, double scale);

// |actual - expected| / |expected|; infinite where a number is not finite.
double relative_error(const Floats& actual, const std::vector<double>& expected);

}  // namespace lab
