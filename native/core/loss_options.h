// Checks of the losses' options, the same on every backend.
#pragma once

#include <cstdint>

namespace cd {

// `margin` of the feature loss under a cd_distance.
void check_feature_margin_options(int32_t distance, double margin, int32_t reduction,
                                  double grad_scale);

// `scale` and `margin` of a cd_classifier_kind; softmax has neither.
void check_classifier_options(int32_t kind, double scale, double margin, int32_t easy_margin,
                              int32_t reduction);

// What becomes of the label's logit.
void check_target(int32_t target);

// The options that all losses on logits have.
void check_logit_options(double temperature, int32_t reduction, double grad_scale);
void check_temperature(double temperature);

// From 0 to 1e9.
void check_factor(const char* name, double value);

// What Kendall's tau must exceed.
void check_threshold(double threshold);

// The options of the quality weights.
void check_quality_options(int32_t mode, double slope, double h, double alpha, int32_t update);

// What a sum over rows is divided by; 0 stands for "no rows that count".
double divisor(int32_t reduction, double rows, double weight_sum);

}  // namespace cd
