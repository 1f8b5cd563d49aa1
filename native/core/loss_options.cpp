#include "core/loss_options.h"

#include <cmath>

#include "core/tensor_check.h"

namespace cd {

// Logits times it, and its square, are finite in f32.
constexpr double kMostFactor = 1e9;

void check_feature_margin_options(int32_t distance, double margin, int32_t reduction,
                                  double grad_scale) {
  check_enum("distance", distance, 5);
  check_enum("reduction", reduction, 3);
  check_finite("grad_scale", grad_scale);
  const bool bounded = distance <= CD_DISTANCE_COSINE;
  const double largest = distance == CD_DISTANCE_SQUARED_NORMALIZED ? 4 : 2;
  if (!std::isfinite(margin) || margin < 0 || (bounded && margin >= largest)) {
    fail(CD_INVALID_ARGUMENT, "margin: expected a finite number, at least 0%s, got %.17g",
         !bounded       ? ""
         : largest == 4 ? " and below 4, the largest distance"
                        : " and below 2, the largest distance",
         margin);
  }
}

void check_classifier_options(int32_t kind, double scale, double margin, int32_t easy_margin,
                              int32_t reduction) {
  check_enum("kind", kind, 4);
  check_enum("reduction", reduction, 3);
  if (kind == CD_CLASSIFIER_SOFTMAX) return;
  if (!std::isfinite(scale) || scale <= 0 || scale > kMostFactor) {
    fail(CD_INVALID_ARGUMENT, "scale: expected a number above 0 and at most %g, got %.17g",
         kMostFactor, scale);
  }
  if (kind == CD_CLASSIFIER_AM) check_range("margin", margin, 0, 2);
  if (kind != CD_CLASSIFIER_AAM) return;
  check_flag("easy_margin", easy_margin);
  if (!std::isfinite(margin) || margin < 0 || margin >= 3.141592653589793) {
    fail(CD_INVALID_ARGUMENT,
         "margin: expected a finite number, at least 0 and below pi, got %.17g", margin);
  }
}

void check_target(int32_t target) { check_enum("target", target, 3); }

void check_logit_options(double temperature, int32_t reduction, double grad_scale) {
  check_temperature(temperature);
  check_enum("reduction", reduction, 3);
  check_finite("grad_scale", grad_scale);
}

void check_temperature(double temperature) {
  check_range("temperature", temperature, 1 / kMostFactor, kMostFactor);
}

void check_factor(const char* name, double value) { check_range(name, value, 0, kMostFactor); }

void check_threshold(double threshold) {
  if (std::isnan(threshold)) {
    fail(CD_INVALID_ARGUMENT, "threshold: expected a number, got NaN");
  }
}

void check_quality_options(int32_t mode, double slope, double h, double alpha, int32_t update) {
  check_enum("mode", mode, 5);
  check_finite("slope", slope);
  check_finite("h", h);
  check_range("alpha", alpha, 0, 1);
  check_flag("update", update);
}

double divisor(int32_t reduction, double rows, double weight_sum) {
  return reduction == CD_MEAN ? rows : reduction == CD_WEIGHTED_MEAN ? weight_sum : 1;
}

}  // namespace cd
