// K4 from the qualities of both sides on, for the kernels that have them at hand.
#pragma once

#include <cstdint>

namespace cd {

// One side's, [B], and the argument that they come from.
struct Qualities {
  const char* name;
  const void* values;
};

struct QualityWeights {
  int32_t dtype;  // of the qualities
  int64_t rows;
  Qualities sides[2];  // of the student, of the teacher
  int32_t mode;
  double slope;
  double h;
  double alpha;
  bool update;
  double* statistics;
  void* weights;  // [B] of the accumulation type
};

void check_statistics(const double* statistics, bool update);

// With statistics that have been checked. Fails, before it writes, on qualities that are not
// finite.
void write_quality_weights(const QualityWeights& call);

}  // namespace cd
