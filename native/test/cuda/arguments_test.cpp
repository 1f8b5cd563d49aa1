// Arguments that the device functions refuse, before anything is launched or written.
//
// Nothing is dereferenced on the way there, so the arrays lie in host memory and no device is
// needed.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "crossdistill.h"

namespace {

// Memory of some elements of T.
template <class T>
struct Memory {
  explicit Memory(int64_t count) : elements(static_cast<size_t>(count), T{7}) {}
  T* data() { return elements.data(); }
  std::vector<T> elements;
};

// Calls `call` on a copy of `good` after each change; expects the named line, and nothing written.
template <class Call>
struct Wrong {
  const char* text;
  std::function<void(Call&)> change;
};

template <class Call>
void expect_refused(const Call& good, const std::vector<Wrong<Call>>& wrongs) {
  for (const auto& wrong : wrongs) {
    Call call = good;
    wrong.change(call);
    EXPECT_EQ(call(), CD_INVALID_ARGUMENT) << wrong.text;
    EXPECT_NE(std::string(cd_last_error()).find(wrong.text), std::string::npos)
        << wrong.text << " is not in: " << cd_last_error();
  }
}

struct FeatureMarginCall {
  int32_t dtype = CD_F32;
  int64_t rows = 2, dim = 3;
  const void* student;
  int64_t student_stride = 3;
  const void* teacher;
  int64_t teacher_stride = 3;
  int32_t distance = CD_DISTANCE_NORMALIZED;
  double margin = 0.5;
  int32_t reduction = CD_MEAN;
  double grad_scale = 1;
  void* loss;
  void* grad_student;
  int64_t grad_stride = 3;
  void* workspace;
  int64_t workspace_bytes;

  int32_t operator()() const {
    return cd_feature_margin_cuda(dtype, rows, dim, student, student_stride, teacher,
                                  teacher_stride, nullptr, distance, margin, reduction, grad_scale,
                                  loss, nullptr, nullptr, grad_student, grad_stride, nullptr, 0,
                                  nullptr, workspace, workspace_bytes, nullptr);
  }
};

char* past(void* p, int bytes) { return static_cast<char*>(p) + bytes; }

TEST(CudaArguments, featureMarginNamesWhatIsWrong) {
  Memory<float> student(6), teacher(6), loss(1), grad(6);
  int64_t bytes = 0;
  ASSERT_EQ(cd_feature_margin_cuda_workspace(CD_F32, 2, 3, &bytes), CD_OK);
  Memory<char> workspace(bytes);
  FeatureMarginCall good;
  good.student = student.data();
  good.teacher = teacher.data();
  good.loss = loss.data();
  good.grad_student = grad.data();
  good.workspace = workspace.data();
  good.workspace_bytes = bytes;
  expect_refused<FeatureMarginCall>(
      good, {
                {"dtype", [](auto& c) { c.dtype = 4; }},
                {"rows", [](auto& c) { c.rows = -1; }},
                {"dim", [](auto& c) { c.dim = -1; }},
                {"student", [](auto& c) { c.student = nullptr; }},
                {"student", [&](auto& c) { c.student = past(student.data(), 1); }},
                {"student", [](auto& c) { c.student_stride = 2; }},
                {"student", [](auto& c) { c.student_stride = int64_t{1} << 62; }},
                {"teacher", [](auto& c) { c.teacher = nullptr; }},
                {"distance", [](auto& c) { c.distance = 5; }},
                {"margin", [](auto& c) { c.margin = -1; }},
                {"margin", [](auto& c) { c.margin = 2; }},
                {"margin", [](auto& c) { c.margin = std::nan(""); }},
                {"reduction", [](auto& c) { c.reduction = -1; }},
                {"grad_scale", [](auto& c) { c.grad_scale = INFINITY; }},
                {"loss", [](auto& c) { c.loss = nullptr; }},
                {"grad_student", [&](auto& c) { c.grad_student = student.data(); }},
                {"grad_student", [](auto& c) { c.grad_stride = 1; }},
                {"workspace", [](auto& c) { c.workspace = nullptr; }},
                {"workspace", [](auto& c) { c.workspace_bytes -= 300; }},
                {"workspace", [](auto& c) { c.workspace_bytes = -1; }},
                {"workspace", [&](auto& c) { c.workspace = grad.data(); }},
            });
  EXPECT_EQ(cd_feature_margin_cuda_workspace(CD_F32, 2, 3, nullptr), CD_INVALID_ARGUMENT);
  EXPECT_EQ(cd_feature_margin_cuda_workspace(7, 2, 3, &bytes), CD_INVALID_ARGUMENT);
  EXPECT_EQ(cd_feature_margin_cuda_workspace(CD_F32, INT64_MAX, 3, &bytes), CD_INVALID_ARGUMENT);
  EXPECT_EQ(cd_feature_margin_cuda_workspace(CD_F32, 2, INT64_MAX, &bytes), CD_INVALID_ARGUMENT);
  EXPECT_EQ(grad.elements, std::vector<float>(6, 7));
}

struct MarginClassifierCall {
  int64_t classes = 2, dim = 3;
  const void* classifier;
  const void* bias = nullptr;
  cd_row_set set;
  const cd_row_set* sets;
  int32_t set_count = 1;
  const cd_quality* quality = nullptr;
  int32_t kind = CD_CLASSIFIER_AAM;
  double scale = 32, margin = 0.2;
  int32_t easy_margin = 0;
  void* grad_classifier;
  int64_t* bad_row;
  void* workspace;
  int64_t workspace_bytes;

  int32_t operator()() const {
    return cd_margin_classifier_cuda(CD_F32, classes, dim, classifier, 3, bias,
                                     sets == nullptr ? nullptr : &set, set_count, quality, kind,
                                     scale, margin, easy_margin, CD_MEAN, grad_classifier, 3,
                                     nullptr, bad_row, workspace, workspace_bytes, nullptr);
  }
};

TEST(CudaArguments, marginClassifierNamesWhatIsWrong) {
  Memory<float> classifier(6), rows(6), loss(1), grad(6);
  Memory<int64_t> labels(2), bad_row(1);
  MarginClassifierCall good;
  good.set = {};
  good.set.rows = 2;
  good.set.embeddings = rows.data();
  good.set.embeddings_stride = 3;
  good.set.labels = labels.data();
  good.set.grad_scale = 1;
  good.set.loss = loss.data();
  good.sets = &good.set;
  int64_t bytes = 0;
  ASSERT_EQ(cd_margin_classifier_cuda_workspace(CD_F32, 2, 3, &good.set, 1, &bytes), CD_OK);
  Memory<char> workspace(bytes);
  good.classifier = classifier.data();
  good.grad_classifier = grad.data();
  good.bad_row = bad_row.data();
  good.workspace = workspace.data();
  good.workspace_bytes = bytes;
  const cd_quality quality = {CD_QUALITY_DIFFERENCE, 1, 1, 0.333, 0.01, 1, 1, nullptr, nullptr};
  cd_quality wrong_mode = quality;
  wrong_mode.mode = 5;
  expect_refused<MarginClassifierCall>(
      good, {
                {"classes", [](auto& c) { c.classes = 0; }},
                {"dim", [](auto& c) { c.dim = -1; }},
                {"classifier", [](auto& c) { c.classifier = nullptr; }},
                {"bias", [&](auto& c) { c.bias = rows.data(); }},
                {"row_sets", [](auto& c) { c.sets = nullptr; }},
                {"row_set_count", [](auto& c) { c.set_count = 0; }},
                {"rows", [](auto& c) { c.set.rows = -1; }},
                {"row_sets[0].embeddings", [](auto& c) { c.set.embeddings = nullptr; }},
                {"row_sets[0].embeddings", [](auto& c) { c.set.embeddings_stride = 2; }},
                {"row_sets[0].labels", [](auto& c) { c.set.labels = nullptr; }},
                {"row_sets[0].loss", [](auto& c) { c.set.loss = nullptr; }},
                {"row_sets[0].grad_embeddings",
                 [&](auto& c) {
                   c.set.grad_embeddings_or_null = grad.data();
                   c.set.grad_embeddings_stride = 3;
                 }},
                {"grad_scale", [](auto& c) { c.set.grad_scale = std::nan(""); }},
                {"mode", [&](auto& c) { c.quality = &wrong_mode; }},
                {"row_set_count", [&](auto& c) { c.quality = &quality; }},
                {"kind", [](auto& c) { c.kind = 4; }},
                {"scale", [](auto& c) { c.scale = 0; }},
                {"margin", [](auto& c) { c.margin = 3.2; }},
                {"easy_margin", [](auto& c) { c.easy_margin = 2; }},
                {"bad_row", [](auto& c) { c.bad_row = nullptr; }},
                {"workspace", [](auto& c) { c.workspace = nullptr; }},
                {"workspace", [](auto& c) { c.workspace_bytes /= 2; }},
            });
}

TEST(CudaArguments, sizesWhoseWorkspaceFitsNowhereAreRefused) {
  int64_t bytes = 0;
  cd_row_set sets[2] = {};
  sets[0].rows = sets[1].rows = int64_t{1} << 33;
  EXPECT_EQ(cd_margin_classifier_cuda_workspace(CD_F64, int64_t{1} << 34, int64_t{1} << 34, sets, 2,
                                                &bytes),
            CD_INVALID_ARGUMENT);
  sets[0].rows = INT64_MAX;
  EXPECT_EQ(cd_margin_classifier_cuda_workspace(CD_F32, 2, 3, sets, 2, &bytes),
            CD_INVALID_ARGUMENT);
  EXPECT_EQ(cd_margin_classifier_cuda_workspace(CD_F32, INT64_MAX, 3, sets, 0, &bytes),
            CD_INVALID_ARGUMENT);
}

TEST(CudaArguments, qualityWeightsNameWhatIsWrong) {
  Memory<float> q(2), weights(2);
  Memory<double> statistics(CD_QUALITY_STATISTICS);
  const auto call = [&](int32_t mode, double alpha, int32_t update) {
    return cd_quality_weights_cuda(CD_F32, 2, q.data(), q.data(), mode, 1, 0.333, alpha, update,
                                   statistics.data(), weights.data(), nullptr);
  };
  EXPECT_EQ(call(5, 0.01, 1), CD_INVALID_ARGUMENT);
  EXPECT_EQ(call(0, 2, 1), CD_INVALID_ARGUMENT);
  EXPECT_EQ(call(0, 0.01, 2), CD_INVALID_ARGUMENT);
  EXPECT_STREQ(cd_last_error(), "update: expected 0 or 1, got 2");
  EXPECT_EQ(cd_row_norms_cuda(CD_F32, 2, 1, nullptr, 1, weights.data(), nullptr),
            CD_INVALID_ARGUMENT);
}

struct EmbeddingWeightsCall {
  int64_t rows = 2, student_dim = 3, teacher_dim = 1;
  const void* student;
  int64_t student_stride = 3;
  const void* teacher;
  int32_t mode = 0;
  double slope = 1, h = 0.333, alpha = 0.01;
  int32_t update = 1;
  double* statistics;
  float* outputs;
  void* weights;
  uint32_t* ticket;

  int32_t operator()() const {
    return cd_embedding_weights_cuda(CD_F32, rows, student_dim, teacher_dim, student,
                                     student_stride, teacher, 1, mode, slope, h, alpha, update,
                                     statistics, outputs, outputs + 2, weights, ticket, nullptr);
  }
};

TEST(CudaArguments, embeddingWeightsNameWhatIsWrong) {
  Memory<float> student(6), teacher(2), outputs(6);
  Memory<double> statistics(CD_QUALITY_STATISTICS);
  Memory<uint32_t> ticket(1);
  EmbeddingWeightsCall good;
  good.student = student.data();
  good.teacher = teacher.data();
  good.statistics = statistics.data();
  good.outputs = outputs.data();
  good.weights = outputs.data() + 4;
  good.ticket = ticket.data();
  const auto as_ticket = [](void* address) { return static_cast<uint32_t*>(address); };
  expect_refused<EmbeddingWeightsCall>(
      good,
      {
          {"rows", [](auto& c) { c.rows = -1; }},
          {"student_dim", [](auto& c) { c.student_dim = -1; }},
          {"teacher_dim", [](auto& c) { c.teacher_dim = -1; }},
          {"student:", [](auto& c) { c.student = nullptr; }},
          {"student:", [](auto& c) { c.student_stride = 2; }},
          {"teacher:", [](auto& c) { c.teacher = nullptr; }},
          {"mode", [](auto& c) { c.mode = -1; }},
          {"slope", [](auto& c) { c.slope = HUGE_VAL; }},
          {"h:", [](auto& c) { c.h = std::nan(""); }},
          {"alpha", [](auto& c) { c.alpha = 2; }},
          {"update", [](auto& c) { c.update = 2; }},
          {"statistics", [](auto& c) { c.statistics = nullptr; }},
          {"weights", [](auto& c) { c.weights = nullptr; }},
          {"weights", [](auto& c) { c.weights = c.outputs; }},
          {"ticket: expected an array, got null", [](auto& c) { c.ticket = nullptr; }},
          {"ticket: expected an address",
           [&](auto& c) { c.ticket = as_ticket(past(ticket.data(), 2)); }},
          {"ticket: expected memory of its own", [&](auto& c) { c.ticket = as_ticket(c.weights); }},
      });
  EXPECT_EQ(outputs.elements, std::vector<float>(6, 7));
  EXPECT_EQ(ticket.elements, std::vector<uint32_t>(1, 7));
}

struct KdCall {
  int32_t dtype = CD_F32;
  int64_t rows = 2, classes = 3;
  const void* student;
  int64_t student_stride = 3;
  const void* teacher;
  const int64_t* labels;
  const void* weights = nullptr;
  int32_t target = CD_TARGET_ZERO;
  double temperature = 4;
  int32_t reduction = CD_MEAN;
  double grad_scale = 1;
  void* loss;
  void* grad;
  int64_t grad_stride = 3;
  int64_t* bad_row;
  void* workspace;
  int64_t workspace_bytes;

  int32_t operator()() const {
    return cd_kd_cuda(dtype, rows, classes, student, student_stride, teacher, 3, labels, weights,
                      target, temperature, reduction, grad_scale, loss, nullptr, grad, grad_stride,
                      nullptr, 3, nullptr, bad_row, workspace, workspace_bytes, nullptr);
  }
};

TEST(CudaArguments, kdNamesWhatIsWrong) {
  Memory<float> student(6), teacher(6), loss(1), grad(6);
  Memory<int64_t> labels(2), bad_row(1);
  int64_t bytes = 0;
  ASSERT_EQ(cd_kd_cuda_workspace(CD_F32, 2, 3, &bytes), CD_OK);
  Memory<char> workspace(bytes);
  KdCall good;
  good.student = student.data();
  good.teacher = teacher.data();
  good.labels = labels.data();
  good.loss = loss.data();
  good.grad = grad.data();
  good.bad_row = bad_row.data();
  good.workspace = workspace.data();
  good.workspace_bytes = bytes;
  expect_refused<KdCall>(good,
                         {
                             {"dtype", [](auto& c) { c.dtype = -1; }},
                             {"rows", [](auto& c) { c.rows = -1; }},
                             {"rows", [](auto& c) { c.rows = INT64_MAX; }},
                             {"classes", [](auto& c) { c.classes = 0; }},
                             {"classes", [](auto& c) { c.classes = INT64_MAX; }},
                             {"student", [](auto& c) { c.student = nullptr; }},
                             {"student", [&](auto& c) { c.student = past(student.data(), 1); }},
                             {"student", [](auto& c) { c.student_stride = 2; }},
                             {"student", [](auto& c) { c.student_stride = int64_t{1} << 62; }},
                             {"teacher", [](auto& c) { c.teacher = nullptr; }},
                             {"labels", [](auto& c) { c.labels = nullptr; }},
                             {"weights", [&](auto& c) { c.weights = past(teacher.data(), 2); }},
                             {"target", [](auto& c) { c.target = 3; }},
                             {"temperature", [](auto& c) { c.temperature = 0; }},
                             {"temperature", [](auto& c) { c.temperature = std::nan(""); }},
                             {"reduction", [](auto& c) { c.reduction = 3; }},
                             {"grad_scale", [](auto& c) { c.grad_scale = HUGE_VAL; }},
                             {"loss", [](auto& c) { c.loss = nullptr; }},
                             {"grad_student", [&](auto& c) { c.grad = student.data(); }},
                             {"grad_student", [](auto& c) { c.grad_stride = 2; }},
                             {"bad_row", [](auto& c) { c.bad_row = nullptr; }},
                             {"workspace", [](auto& c) { c.workspace = nullptr; }},
                             {"workspace", [](auto& c) { c.workspace_bytes = 16; }},
                             {"workspace", [&](auto& c) { c.workspace = grad.data(); }},
                         });
  const auto decoupled = [&](int64_t classes, const int64_t* y, double alpha, double beta) {
    return cd_dkd_cuda(CD_F32, 2, classes, student.data(), 3, teacher.data(), 3, y, nullptr, alpha,
                       beta, 4, CD_MEAN, 1, loss.data(), nullptr, grad.data(), 3, nullptr, 3,
                       nullptr, bad_row.data(), workspace.data(), bytes, nullptr);
  };
  const auto refused = [](int32_t status, const char* text) {
    EXPECT_EQ(status, CD_INVALID_ARGUMENT) << text;
    EXPECT_EQ(std::string(cd_last_error()).find(text), 0) << cd_last_error();
  };
  refused(decoupled(1, labels.data(), 1, 8), "classes: expected at least 2");
  refused(decoupled(3, nullptr, 1, 8), "labels");
  refused(decoupled(3, labels.data(), -1, 8), "alpha");
  refused(decoupled(3, labels.data(), 1, HUGE_VAL), "beta");
  EXPECT_EQ(cd_dkd_cuda_workspace(CD_F32, 2, 3, nullptr), CD_INVALID_ARGUMENT);
  EXPECT_EQ(cd_dkd_cuda_workspace(CD_F32, 2, 1, &bytes), CD_INVALID_ARGUMENT);
  EXPECT_EQ(cd_kd_cuda_workspace(CD_F32, 2, 3, nullptr), CD_INVALID_ARGUMENT);
  EXPECT_EQ(cd_kd_cuda_workspace(4, 2, 3, &bytes), CD_INVALID_ARGUMENT);
  EXPECT_EQ(cd_kd_cuda_workspace(CD_F32, -1, 3, &bytes), CD_INVALID_ARGUMENT);
  EXPECT_EQ(cd_kd_cuda_workspace(CD_F32, INT64_MAX, 3, &bytes), CD_INVALID_ARGUMENT);
  EXPECT_EQ(grad.elements, std::vector<float>(6, 7));
  EXPECT_EQ(loss.elements[0], 7);
}

struct TauCall {
  int32_t dtype = CD_F32;
  int64_t rows = 2, classes = 2000;
  const void* a;
  int64_t a_stride = 2000;
  const void* b;
  double threshold = 0;
  void* tau;
  uint8_t* mask = nullptr;
  void* workspace;
  int64_t workspace_bytes;

  int32_t operator()() const {
    return cd_kendall_tau_cuda(dtype, rows, classes, a, a_stride, b, classes, threshold, tau, mask,
                               workspace, workspace_bytes, nullptr);
  }
};

TEST(CudaArguments, kendallTauNamesWhatIsWrong) {
  Memory<float> a(4000), b(4000), tau(2);
  int64_t bytes = 0;
  ASSERT_EQ(cd_kendall_tau_cuda_workspace(CD_F32, 2, 2000, &bytes), CD_OK);
  Memory<char> workspace(bytes);
  TauCall good;
  good.a = a.data();
  good.b = b.data();
  good.tau = tau.data();
  good.workspace = workspace.data();
  good.workspace_bytes = bytes;
  expect_refused<TauCall>(
      good, {
                {"dtype", [](auto& c) { c.dtype = 9; }},
                {"rows", [](auto& c) { c.rows = -1; }},
                {"classes", [](auto& c) { c.classes = 0; }},
                {"classes", [](auto& c) { c.classes = int64_t{1} << 31; }},
                {"a", [](auto& c) { c.a = nullptr; }},
                {"a", [](auto& c) { c.a_stride = 1999; }},
                {"b", [&](auto& c) { c.b = past(b.data(), 3); }},
                {"threshold", [](auto& c) { c.threshold = std::nan(""); }},
                {"tau", [](auto& c) { c.tau = nullptr; }},
                {"tau", [&](auto& c) { c.tau = a.data(); }},
                {"mask", [&](auto& c) { c.mask = reinterpret_cast<uint8_t*>(tau.data()); }},
                {"workspace", [](auto& c) { c.workspace_bytes /= 2; }},
            });
  EXPECT_EQ(cd_kendall_tau_cuda_workspace(CD_F32, 2, 0, &bytes), CD_INVALID_ARGUMENT);
  EXPECT_EQ(cd_kendall_tau_cuda_workspace(CD_F32, 2, 3, nullptr), CD_INVALID_ARGUMENT);
  EXPECT_EQ(tau.elements, std::vector<float>(2, 7));
}

struct C2kdCall {
  int64_t rows = 2, classes = 3;
  cd_logits networks[4];
  bool has_networks = true;
  const int64_t* labels;
  int32_t target = CD_TARGET_ZERO;
  double temperature = 1, threshold = 0, grad_scale = 1;
  void* loss;
  void* terms;
  int64_t* bad_row;
  void* workspace;
  int64_t workspace_bytes;

  int32_t operator()() const {
    return cd_c2kd_cuda(CD_F32, rows, classes, has_networks ? networks : nullptr, labels, target,
                        temperature, threshold, grad_scale, loss, terms, nullptr, bad_row,
                        workspace, workspace_bytes, nullptr);
  }
};

TEST(CudaArguments, c2kdNamesWhatIsWrong) {
  Memory<float> logits(24), grads(24), loss(1), terms(8);
  Memory<int64_t> labels(2), bad_row(1);
  int64_t bytes = 0;
  ASSERT_EQ(cd_c2kd_cuda_workspace(CD_F32, 2, 3, &bytes), CD_OK);
  Memory<char> workspace(bytes);
  C2kdCall good;
  for (int k = 0; k < 4; ++k) {
    good.networks[k] = {logits.data() + 6 * k, 3, grads.data() + 6 * k, 3};
  }
  good.labels = labels.data();
  good.loss = loss.data();
  good.terms = terms.data();
  good.bad_row = bad_row.data();
  good.workspace = workspace.data();
  good.workspace_bytes = bytes;
  expect_refused<C2kdCall>(
      good, {
                {"rows", [](auto& c) { c.rows = -1; }},
                {"classes", [](auto& c) { c.classes = 0; }},
                {"networks", [](auto& c) { c.has_networks = false; }},
                {"networks[2].logits", [](auto& c) { c.networks[2].logits = nullptr; }},
                {"networks[1].logits", [](auto& c) { c.networks[1].stride = 2; }},
                {"networks[3].grad", [](auto& c) { c.networks[3].grad_stride = -1; }},
                {"networks[3].grad",
                 [](auto& c) { c.networks[3].grad_or_null = c.networks[0].grad_or_null; }},
                {"labels", [](auto& c) { c.labels = nullptr; }},
                {"target", [](auto& c) { c.target = CD_TARGET_KEPT; }},
                {"target", [](auto& c) { c.target = 7; }},
                {"temperature", [](auto& c) { c.temperature = -1; }},
                {"threshold", [](auto& c) { c.threshold = std::nan(""); }},
                {"grad_scale", [](auto& c) { c.grad_scale = std::nan(""); }},
                {"loss", [](auto& c) { c.loss = nullptr; }},
                {"terms", [](auto& c) { c.terms = nullptr; }},
                {"bad_row", [](auto& c) { c.bad_row = nullptr; }},
                {"workspace", [](auto& c) { c.workspace = nullptr; }},
                {"workspace", [](auto& c) { c.workspace_bytes = 100; }},
            });
  EXPECT_EQ(cd_c2kd_cuda_workspace(CD_F32, 2, 3, nullptr), CD_INVALID_ARGUMENT);
  EXPECT_EQ(cd_c2kd_cuda_workspace(CD_F32, INT64_MAX, 3, &bytes), CD_INVALID_ARGUMENT);
  EXPECT_EQ(grads.elements, std::vector<float>(24, 7));
  EXPECT_EQ(terms.elements, std::vector<float>(8, 7));
}

}  // namespace
