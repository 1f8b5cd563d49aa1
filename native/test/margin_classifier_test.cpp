#include <algorithm>
#include <array>
#include <utility>

#include "classifier_case.h"
#include "regimes.h"

namespace {

reference::MarginClassifier expected(const Case& c) {
  const auto function = c.dtype == CD_F64 ? reference::margin_classifier<long double>
                                          : reference::margin_classifier<double>;
  return function(c.classifier, c.bias, c.sets, c.classes, c.dim, c.options);
}

// Gradients with products of bf16 come from slopes that are rounded as well.
double gradient_rounding_of(int32_t dtype) {
  int32_t isa = -1;
  EXPECT_EQ(cd_active_isa(&isa), CD_OK);
  return dtype == CD_BF16 && isa >= CD_ISA_AVX512BF16 ? 5e-3 : rounding_of(dtype);
}

void expect_near(const Case& c, double tolerance_factor = 1) {
  SCOPED_TRACE(std::string(dtype_name(c.dtype)) + " B " + std::to_string(c.sets[0].labels.size()) +
               " C " + std::to_string(c.classes) + " D " + std::to_string(c.dim) + " kind " +
               std::to_string(c.options.kind) + (c.options.easy_margin ? " easy" : ""));
  Answer a(c);
  ASSERT_EQ(a.call(c), CD_OK) << cd_last_error();
  const reference::MarginClassifier e = expected(c);
  const double scalar = tolerance_factor * tolerance_of(c.dtype);
  const double gradient = std::max(scalar, gradient_rounding_of(c.dtype));
  for (size_t s = 0; s < c.sets.size(); ++s) {
    Set& set = *a.sets[s];
    const reference::RowSetResult& r = e.sets[s];
    EXPECT_LE(error_of(set.loss.values(), {r.loss}), scalar);
    EXPECT_LE(error_of(set.rows.values(), r.rows), scalar);
    EXPECT_LE(error_of(set.grad_embeddings.values(), r.grad_embeddings), gradient);
    EXPECT_LE(error_of(set.grad_weights.values(), r.grad_weights), 2 * scalar);
    for (size_t i = 0; i < r.hits.size(); ++i) {
      if (r.leads[i] > 1e-5) {
        EXPECT_EQ(set.hits[i], r.hits[i]) << "row " << i;
      }
    }
    EXPECT_TRUE(set.intact());
  }
  EXPECT_LE(error_of(a.grad_classifier.values(), e.grad_classifier), gradient);
  EXPECT_TRUE(a.grad_classifier.intact());
  if (c.options.kind == CD_CLASSIFIER_SOFTMAX) {
    EXPECT_LE(error_of(a.grad_bias.values(), e.grad_bias), gradient);
    EXPECT_TRUE(a.grad_bias.intact());
  }
}

TEST(MarginClassifier, AgreesWithTheReferenceAtEverySize) {
  uint64_t seed = 100;
  for (int32_t dtype : kDtypes) {
    for (int kind = 0; kind < 5; ++kind) {
      // The narrow types share all but loads and stores with f32.
      if (dtype >= CD_BF16 && kind != CD_CLASSIFIER_AAM && kind != CD_CLASSIFIER_SOFTMAX) continue;
      for (int64_t size : kRegimes) {
        for (int role = 0; role < 3; ++role) {
          if (role == 1 && size == 0) continue;
          Case c = random_case(++seed, dtype, role == 0 ? size : 7, role == 1 ? size : 33,
                               role == 2 ? size : 31);
          choose_kind(c, kind);
          c.options.reduction = static_cast<int32_t>(seed % 3);
          c.sets[0].grad_scale = 0.75;
          c.extra_stride = size % 5;
          expect_near(c);
        }
      }
    }
  }
}

TEST(MarginClassifier, AgreesWithTheReferenceOverSeveralTilesAndBlocks) {
  for (int32_t dtype : {CD_F64, CD_F32, CD_BF16}) {
    for (int kind : {CD_CLASSIFIER_AAM, CD_CLASSIFIER_SOFTMAX}) {
      for (auto [rows, classes, dim] :
           {std::array<int64_t, 3>{300, 1000, 40}, {129, 257, 600}, {513, 25, 33}}) {
        Case c = random_case(7, dtype, rows, classes, dim);
        choose_kind(c, kind);
        expect_near(c);
      }
    }
  }
}

TEST(MarginClassifier, RowSetsShareTheClassifierAndKeepTheirOwnWeights) {
  for (int32_t dtype : kDtypes) {
    for (int32_t reduction : {CD_MEAN, CD_WEIGHTED_MEAN, CD_SUM}) {
      Case c = random_case(3, dtype, 33, 65, 31);
      Random random(4);
      c.sets.push_back(random_set(random, dtype, 7, 65, 31));
      c.sets.push_back(random_set(random, dtype, 0, 65, 31));
      c.sets[0].grad_scale = 0.5;
      c.sets[1].grad_scale = -3;
      c.options.reduction = reduction;
      expect_near(c);
    }
  }
}

TEST(MarginClassifier, GradientsAreTheDerivativesOfTheLoss) {
  for (int kind = 0; kind < 5; ++kind) {
    Case c = random_case(21, CD_F64, 5, 6, 4);
    choose_kind(c, kind);
    c.options.scale = 8;
    c.options.reduction = CD_WEIGHTED_MEAN;
    Random random(22);
    c.sets.push_back(random_set(random, CD_F64, 4, 6, 4));
    for (reference::RowSet& set : c.sets) {
      for (double& w : set.weights) w += 0.25;
    }
    Answer a(c);
    ASSERT_EQ(a.call(c), CD_OK);
    // Derivative of the sets' total loss by one number.
    const auto slope = [&](const auto& number) {
      const double step = 1e-6;
      double losses[2];
      for (int side = 0; side < 2; ++side) {
        Case moved = c;
        number(moved) += side == 0 ? -step : step;
        Answer b(moved);
        EXPECT_EQ(b.call(moved), CD_OK);
        losses[side] = b.sets[0]->loss.value(0) + b.sets[1]->loss.value(0);
      }
      return (losses[1] - losses[0]) / (2 * step);
    };
    for (size_t k = 0; k < 24; ++k) {
      const int64_t row = static_cast<int64_t>(k / 4), column = static_cast<int64_t>(k % 4);
      EXPECT_NEAR(a.grad_classifier.value(row, column),
                  slope([&](Case& m) -> double& { return m.classifier[k]; }), 1e-7);
      for (size_t s = 0; s < 2 && k < c.sets[s].embeddings.size(); ++s) {
        EXPECT_NEAR(a.sets[s]->grad_embeddings.value(row, column),
                    slope([&](Case& m) -> double& { return m.sets[s].embeddings[k]; }), 1e-7);
      }
      if (k < 4) {
        EXPECT_NEAR(a.sets[1]->grad_weights.value(static_cast<int64_t>(k)),
                    slope([&](Case& m) -> double& { return m.sets[1].weights[k]; }), 1e-7);
      }
      if (k < c.bias.size()) {
        EXPECT_NEAR(a.grad_bias.value(static_cast<int64_t>(k)),
                    slope([&](Case& m) -> double& { return m.bias[k]; }), 1e-7);
      }
    }
  }
}

TEST(MarginClassifier, RowsCloseToTheirClassKeepTheirDigits) {
  for (int32_t dtype : {CD_F64, CD_F32}) {
    for (int kind = 0; kind < 5; ++kind) {
      for (double step : {0.0, 1e-1, 1e-3, 1e-5}) {
        if (dtype == CD_F64 && step == 1e-5) continue;  // no wider type to go to
        for (double direction : {1.0, -1.0}) {
          Case c = random_case(31, dtype, 9, 12, 33);
          choose_kind(c, kind);
          Random random(32);
          for (size_t i = 0; i < 9; ++i) {
            if (c.sets[0].labels[i] < 0) continue;
            const size_t v = static_cast<size_t>(c.sets[0].labels[i]) * 33;
            for (size_t d = 0; d < 33; ++d) {
              c.sets[0].embeddings[i * 33 + d] =
                  rounded(dtype, direction * 2 * c.classifier[v + d] + step * random.normal());
            }
          }
          expect_near(c);
        }
      }
    }
  }
}

TEST(MarginClassifier, AConfidentRowKeepsItsSmallLoss) {
  for (int32_t dtype : {CD_F64, CD_F32}) {
    Case c = random_case(41, dtype, 1, 3, 2);
    c.classifier = {1, 0, 0, 1, -1, 0};
    c.sets[0] = {{2, 0}, {0}, {1}, 1};
    c.options.kind = CD_CLASSIFIER_NORMALIZED;
    c.options.scale = 40;
    Answer a(c);
    ASSERT_EQ(a.call(c), CD_OK);
    const double loss = std::exp(-40.0);
    EXPECT_NEAR(a.sets[0]->rows.value(0) / loss, 1, 1e-5);
    // d loss / d z = scale p_1 v_1 / |z|.
    EXPECT_NEAR(a.sets[0]->grad_embeddings.value(0, 1) / (40 * loss / 2), 1, 1e-5);
  }
}

TEST(MarginClassifier, OneClassHasNoLoss) {
  for (int32_t dtype : kDtypes) {
    for (int kind = 0; kind < 5; ++kind) {
      Case c = random_case(51, dtype, 9, 1, 8);
      choose_kind(c, kind);
      Answer a(c);
      ASSERT_EQ(a.call(c), CD_OK);
      EXPECT_EQ(a.sets[0]->rows.values(), Values(9, 0));
      EXPECT_EQ(a.sets[0]->grad_embeddings.values(), Values(72, 0));
      EXPECT_EQ(a.grad_classifier.values(), Values(8, 0));
    }
  }
}

TEST(MarginClassifier, HugeLogitsSaturate) {
  for (int32_t dtype : kDtypes) {
    Case c = random_case(61, dtype, 4, 3, 2);
    choose_kind(c, CD_CLASSIFIER_SOFTMAX);
    c.bias.clear();
    c.classifier = {100, 0, 0, 100, -100, 0};
    c.sets[0] = {{100, 0, -100, 0, 0, 100, 50, 50}, {0, 0, 1, 0}, {1, 1, 1, 1}, 1};
    expect_near(c);
  }
}

// In f32 a target of 4e9 + 129 is rounded up by more than f32's exponential holds, one of 42e12 +
// 1e6 by more than that of f64.
TEST(MarginClassifier, ALogitRoundedUpByMoreThanItsExponentialHoldsHasGradients) {
  for (const Values& target : {Values{80000, 129}, Values{840000000, 1000000}}) {
    for (double weight : {1.0, 0.0}) {
      Case c = random_case(62, CD_F32, 1, 2, 2);
      choose_kind(c, CD_CLASSIFIER_SOFTMAX);
      c.bias.clear();
      c.classifier = {target[0], target[1], 0, 0};
      c.sets[0] = {{50000, 1}, {0}, {weight}, 1};
      expect_near(c);
    }
  }
}

// Panels of rows are filled up with empty ones, whose logits are the bias alone.
TEST(MarginClassifier, ALargeBiasIsNoGradientOfRowsThatAreNotThere) {
  for (int32_t dtype : {CD_F64, CD_F32, CD_BF16, CD_F16}) {
    Case c = random_case(87, dtype, 5, 7, 9);
    choose_kind(c, CD_CLASSIFIER_SOFTMAX);
    for (double& bias : c.bias) bias *= 4096;
    expect_near(c);
  }
}

TEST(MarginClassifier, ShortRowsAndClassesHaveGradientZero) {
  for (int32_t dtype : kDtypes) {
    for (int kind = 0; kind < 5; ++kind) {
      Case c = random_case(71, dtype, 9, 5, 33);
      choose_kind(c, kind);
      c.sets[0].labels = {0, 1, 2, 3, 4, 0, 1, 2, 3};
      std::fill_n(c.sets[0].embeddings.begin(), 33, 0);  // a row of class 0
      std::fill_n(c.classifier.begin() + 33, 33, 0);     // class 1
      expect_near(c);
    }
  }
}

TEST(MarginClassifier, IdenticalRowsAndClassesShareTheProbability) {
  for (int32_t dtype : {CD_F64, CD_F32}) {
    Case c = random_case(81, dtype, 4, 65, 7);
    for (size_t k = 7; k < c.classifier.size(); ++k) c.classifier[k] = c.classifier[k % 7];
    for (size_t k = 7; k < 28; ++k) c.sets[0].embeddings[k] = c.sets[0].embeddings[k % 7];
    c.sets[0].labels = {0, 1, 64, 0};
    c.options.kind = CD_CLASSIFIER_NORMALIZED;
    Answer a(c);
    ASSERT_EQ(a.call(c), CD_OK);
    for (double loss : a.sets[0]->rows.values()) EXPECT_NEAR(loss, std::log(65.0), 1e-5);
    // All classes tie: the first of them is the arg-max.
    EXPECT_EQ(a.sets[0]->hits, (std::vector<uint8_t>{1, 0, 0, 1, 99}));
  }
}

// 32 groups of two tiles: f32 keeps one of each from the first pass to the second, f64 and bf16
// none.
TEST(MarginClassifier, TilesThatAreNotKeptAreComputedAgain) {
  for (int32_t dtype : kDtypes) {
    const Case c = random_case(86, dtype, 500, 12000, 5);
    expect_near(c);
  }
}

// Slopes of one sign, whose sum in f32 would lose a digit for each tenfold number of rows.
TEST(MarginClassifier, ManyRowsKeepTheDigitsOfTheClassesGradients) {
  for (int kind : {CD_CLASSIFIER_SOFTMAX, CD_CLASSIFIER_AAM}) {
    Case c = random_case(82, CD_F32, 40000, 8, 4);
    choose_kind(c, kind);
    for (size_t k = 0; k < c.sets[0].embeddings.size(); ++k) c.sets[0].embeddings[k] = 1;
    for (int64_t& label : c.sets[0].labels) label = 0;
    Answer a(c);
    ASSERT_EQ(a.call(c), CD_OK);
    const reference::MarginClassifier e = expected(c);
    EXPECT_LE(error_of(a.grad_classifier.values(), e.grad_classifier), 2e-6) << "kind " << kind;
    if (kind == CD_CLASSIFIER_SOFTMAX) {
      EXPECT_LE(error_of(a.grad_bias.values(), e.grad_bias), 2e-6);
    }
    EXPECT_LE(error_of(a.sets[0]->grad_embeddings.values(), e.sets[0].grad_embeddings), 2e-6);
  }
}

// The same of many classes, whose slopes have one sign in the gradient of a row.
TEST(MarginClassifier, ManyClassesKeepTheDigitsOfTheRowsGradients) {
  Case c = random_case(83, CD_F32, 2, 100000, 4);
  choose_kind(c, CD_CLASSIFIER_SOFTMAX);
  for (size_t k = 0; k < c.classifier.size(); ++k) c.classifier[k] = 1 + 0.1 * c.classifier[k];
  Answer a(c);
  ASSERT_EQ(a.call(c), CD_OK);
  const reference::MarginClassifier e = expected(c);
  EXPECT_LE(error_of(a.sets[0]->grad_embeddings.values(), e.sets[0].grad_embeddings), 5e-6);
  EXPECT_LE(error_of(a.grad_classifier.values(), e.grad_classifier), 2e-6);
}

TEST(MarginClassifier, NonFiniteRowsMakeTheLossNonFinite) {
  for (int32_t dtype : kDtypes) {
    for (int kind = 0; kind < 5; ++kind) {
      for (double poison : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
        for (bool in_classifier : {false, true}) {
          Case c = random_case(91, dtype, 4, 5, 9);
          choose_kind(c, kind);
          c.sets[0].labels = {0, 1, 2, CD_IGNORE_LABEL};
          c.sets[0].weights = {1, 0, 1, 1};
          c.classifier[9] = 1;
          (in_classifier ? c.classifier : c.sets[0].embeddings)[9] = poison;
          Answer a(c);
          ASSERT_EQ(a.call(c), CD_OK);
          EXPECT_FALSE(std::isfinite(a.sets[0]->loss.value(0)));
          EXPECT_FALSE(std::isfinite(a.sets[0]->rows.value(1)));
          if (!in_classifier) {
            EXPECT_TRUE(std::isfinite(a.sets[0]->rows.value(0)));
          }
          EXPECT_EQ(a.sets[0]->rows.value(3), 0);
          EXPECT_EQ(a.sets[0]->grad_embeddings.value(3, 0), 0);
        }
      }
    }
  }
}

TEST(MarginClassifier, IgnoredRowsCountForNothingWhateverTheyHold) {
  for (int32_t dtype : kDtypes) {
    Case c = random_case(92, dtype, 5, 7, 9);
    c.sets[0].labels = {1, CD_IGNORE_LABEL, 6, CD_IGNORE_LABEL, 0};
    Case without = c;
    std::fill_n(c.sets[0].embeddings.begin() + 9, 9, std::nan(""));
    c.sets[0].embeddings[3 * 9] = HUGE_VAL;
    Answer a(c), b(without);
    ASSERT_EQ(a.call(c), CD_OK);
    ASSERT_EQ(b.call(without), CD_OK);
    EXPECT_EQ(a.bits(), b.bits());
    EXPECT_EQ(a.sets[0]->grad_weights.value(1), 0);

    c.sets[0].labels.assign(5, CD_IGNORE_LABEL);
    Answer none(c);
    ASSERT_EQ(none.call(c), CD_OK);
    EXPECT_EQ(none.sets[0]->loss.value(0), 0);
    EXPECT_EQ(none.grad_classifier.values(), Values(63, 0));
    EXPECT_EQ(none.sets[0]->grad_embeddings.values(), Values(45, 0));
    EXPECT_EQ(none.sets[0]->hits, (std::vector<uint8_t>{0, 0, 0, 0, 0, 99}));
  }
}

TEST(MarginClassifier, WeightsOfZeroGiveZero) {
  for (int32_t reduction : {CD_MEAN, CD_WEIGHTED_MEAN, CD_SUM}) {
    Case c = random_case(93, CD_F32, 5, 7, 9);
    c.sets[0].weights.assign(5, 0);
    c.options.reduction = reduction;
    Answer a(c);
    ASSERT_EQ(a.call(c), CD_OK);
    EXPECT_EQ(a.sets[0]->loss.value(0), 0);
    EXPECT_EQ(a.grad_classifier.values(), Values(63, 0));
    EXPECT_EQ(a.sets[0]->grad_embeddings.values(), Values(45, 0));
  }
}

TEST(MarginClassifier, MarginZeroIsTheNormalizedKind) {
  for (int kind : {CD_CLASSIFIER_AAM, CD_CLASSIFIER_AM}) {
    Case c = random_case(94, CD_F32, 9, 33, 31);
    c.options.kind = kind;
    c.options.margin = 0;
    Case plain = c;
    plain.options.kind = CD_CLASSIFIER_NORMALIZED;
    Answer a(c), b(plain);
    ASSERT_EQ(a.call(c), CD_OK);
    ASSERT_EQ(b.call(plain), CD_OK);
    EXPECT_LE(error_of(a.grad_classifier.values(), b.grad_classifier.values()), 1e-7);
    EXPECT_LE(error_of(a.sets[0]->rows.values(), b.sets[0]->rows.values()), 1e-7);
  }
}

TEST(MarginClassifier, ThreadsAndRepetitionsChangeNoBit) {
  for (int32_t dtype : kDtypes) {
    Case c = random_case(95, dtype, 70, 300, 65);
    c.threads = 1;
    Answer one(c);
    ASSERT_EQ(one.call(c), CD_OK);
    const int repetitions = dtype == CD_F32 ? 25 : 2;
    for (int repetition = 0; repetition < repetitions; ++repetition) {
      for (int32_t threads : {0, 1, 2, 5}) {
        c.threads = threads;
        Answer other(c);
        ASSERT_EQ(other.call(c), CD_OK);
        ASSERT_EQ(one.bits(), other.bits()) << threads << " threads";
      }
    }
  }
}

TEST(MarginClassifier, NullOutputsChangeNoOther) {
  const Case c = random_case(96, CD_F32, 33, 65, 31);
  Answer full(c), some(c);
  ASSERT_EQ(full.call(c), CD_OK);
  cd_row_set& set = some.arguments[0];
  set.row_losses_or_null = set.grad_embeddings_or_null = set.grad_weights_or_null = nullptr;
  set.hits_or_null = nullptr;
  ASSERT_EQ(some.call(c), CD_OK);
  EXPECT_EQ(some.sets[0]->loss.bits(), full.sets[0]->loss.bits());
  EXPECT_EQ(some.grad_classifier.bits(), full.grad_classifier.bits());
  EXPECT_TRUE(some.sets[0]->rows.untouched() && some.sets[0]->grad_embeddings.untouched());

  Answer rows(c);
  ASSERT_EQ(cd_margin_classifier(CD_F32, c.classes, c.dim, rows.classifier.data(), c.dim, nullptr,
                                 rows.arguments.data(), 1, nullptr, CD_CLASSIFIER_AAM, 32, 0.2, 0,
                                 CD_MEAN, nullptr, c.dim, nullptr, 0),
            CD_OK);
  EXPECT_EQ(rows.sets[0]->grad_embeddings.bits(), full.sets[0]->grad_embeddings.bits());
}

TEST(MarginClassifier, RejectsBadArgumentsAndWritesNothing) {
  const Case good = random_case(97, CD_F32, 4, 5, 9);
  const auto expect = [&](std::initializer_list<std::string> parts, const auto& change) {
    SCOPED_TRACE(*parts.begin());
    Case c = good;
    Answer a(good);
    change(c, a);
    expect_rejected(a.call(c), parts);
    EXPECT_TRUE(a.untouched());
  };
  expect({"dtype"}, [](Case& c, Answer&) { c.dtype = -1; });
  expect({"classes: expected at least 1, got 0"}, [](Case& c, Answer&) { c.classes = 0; });
  expect({"kind"}, [](Case& c, Answer&) { c.options.kind = 4; });
  expect({"reduction"}, [](Case& c, Answer&) { c.options.reduction = -1; });
  expect({"classes: expected at most 2^34"}, [](Case& c, Answer&) { c.classes = INT64_MAX; });
  for (double scale : {0.0, -1.0, std::nan(""), HUGE_VAL, 1.1e9}) {
    expect({"scale: expected a number above 0 and at most 1e+09"},
           [&](Case& c, Answer&) { c.options.scale = scale; });
  }
  for (double margin : {-0.1, 3.15, std::nan("")}) {
    expect({"margin", "below pi"}, [&](Case& c, Answer&) { c.options.margin = margin; });
  }
  expect({"margin", "2.5"}, [](Case& c, Answer&) {
    c.options.kind = CD_CLASSIFIER_AM;
    c.options.margin = 2.5;
  });
  for (int64_t label : {int64_t{-1}, int64_t{5}, int64_t{-101}, INT64_MAX}) {
    expect({"row_sets[0].labels: row 2", "0 to 4", std::to_string(label)},
           [&](Case&, Answer& a) { a.sets[0]->labels[2] = label; });
  }
  expect({"row_sets[0].weights: row 1"}, [](Case&, Answer& a) {
    encode(CD_F32, -1, static_cast<float*>(a.sets[0]->weights.data()) + 1);
  });
  expect({"row_sets[0].rows", "-3"}, [](Case&, Answer& a) { a.arguments[0].rows = -3; });
  expect({"row_sets[0].grad_scale"},
         [](Case&, Answer& a) { a.arguments[0].grad_scale = std::nan(""); });
  expect({"row_sets[0].embeddings", "null"},
         [](Case&, Answer& a) { a.arguments[0].embeddings = nullptr; });
  expect({"row_sets[0].embeddings", "at least 9", "got 8"},
         [](Case&, Answer& a) { a.arguments[0].embeddings_stride = 8; });
  expect({"row_sets[0].labels", "null"}, [](Case&, Answer& a) { a.arguments[0].labels = nullptr; });
  expect({"row_sets[0].loss", "null"}, [](Case&, Answer& a) { a.arguments[0].loss = nullptr; });
  expect({"row_sets[0].grad_embeddings", "overlaps classifier"},
         [](Case&, Answer& a) { a.arguments[0].grad_embeddings_or_null = a.classifier.data(); });
  expect({"row_sets[0].grad_weights", "overlaps row_sets[0].row_losses"}, [](Case&, Answer& a) {
    a.arguments[0].grad_weights_or_null = a.arguments[0].row_losses_or_null;
  });
  expect({"row_sets[0].loss", "overlaps row_sets"},
         [](Case&, Answer& a) { a.arguments[0].loss = &a.arguments[0].labels; });
  expect({"row_sets[0].embeddings", "multiple of 4"}, [](Case&, Answer& a) {
    a.arguments[0].embeddings = static_cast<char*>(a.sets[0]->embeddings.data()) + 2;
  });
  expect({"threads"}, [](Case& c, Answer&) { c.threads = -1; });
  expect({"row_set_count"}, [](Case&, Answer& a) { a.arguments.clear(); });

  Answer a(good);
  expect_rejected(
      cd_margin_classifier(CD_F32, 5, 9, a.classifier.data(), 9, a.bias.data(), a.arguments.data(),
                           1, nullptr, CD_CLASSIFIER_AAM, 32, 0.2, 0, 0, nullptr, 9, nullptr, 0),
      {"bias", "softmax"});
  expect_rejected(
      cd_margin_classifier(CD_F32, 5, 9, a.classifier.data(), 9, nullptr, nullptr, 1, nullptr,
                           CD_CLASSIFIER_AAM, 32, 0.2, 0, 0, nullptr, 9, nullptr, 0),
      {"row_sets", "null"});
  expect_rejected(
      cd_margin_classifier(CD_F32, 5, 9, a.classifier.data(), 9, nullptr, a.arguments.data(), 1,
                           nullptr, CD_CLASSIFIER_AAM, 32, 0.2, 2, 0, nullptr, 9, nullptr, 0),
      {"easy_margin: expected 0 or 1, got 2"});
  EXPECT_TRUE(a.untouched());
}

}  // namespace
