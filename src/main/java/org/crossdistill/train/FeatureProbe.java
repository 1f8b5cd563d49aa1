package org.crossdistill.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.data.PairedLatents;
import org.crossdistill.eval.RidgeProbe;
import org.crossdistill.method.Batch;
import org.crossdistill.method.DisentangledFeatures;
import org.crossdistill.method.DiscomKd;
import org.crossdistill.nn.Tensors;

/**
 * What a linear probe reads out of DisCoM-KD's features of test samples, once it has learnt from
 * those of training samples: the factors and the class within each modality (the mean of both), and
 * which of the two modalities the features are of. The same of the inputs, and of the networks
 * before the training.
 */
final class FeatureProbe extends Probe {

  private final DiscomKd method;
  private final int classes;

  FeatureProbe(ExperimentRun run, DiscomKd method, int classes, PairedLatents.Truth truth) {
    super(run, truth);
    this.method = method;
    this.classes = classes;
  }

  /** One modality's features, [N][D], of the samples to learn from and of those to test on. */
  private record View(float[][] train, float[][] test, PairedLatents.Factors factors) {}

  @Override
  List<ProbeRow> untrained() {
    List<ProbeRow> rows = new ArrayList<>();
    rows.add(row("inputs", Function.identity(), Function.identity()));
    rows.addAll(features("untrained "));
    return rows;
  }

  @Override
  List<ProbeRow> trained() {
    return features("");
  }

  private List<ProbeRow> features(String when) {
    return List.of(
        row(when + "invariant", DisentangledFeatures::inv),
        row(when + "informative", DisentangledFeatures::inf),
        row(when + "irrelevant", DisentangledFeatures::irr));
  }

  private ProbeRow row(String name, Function<DisentangledFeatures, Tensor> part) {
    return row(
        name,
        input -> part.apply(method.otherFeatures(input)),
        input -> part.apply(method.studentFeatures(input)));
  }

  private ProbeRow row(
      String name, Function<Tensor, Tensor> first, Function<Tensor, Tensor> second) {
    int[] train = split().train().samples();
    int[] test = split().test().samples();
    Batch learn = run().batch(train);
    Batch ask = run().batch(test);
    View one =
        view(first, learn.teacher().input(), ask.teacher().input(), truth().firstFactors());
    View two =
        view(second, learn.student().input(), ask.student().input(), truth().secondFactors());
    Map<String, Double> values = new LinkedHashMap<>();
    for (View view : List.of(one, two)) {
      within(view, train, test).forEach((key, value) -> values.merge(key, value / 2, Double::sum));
    }
    values.put("modality", modality(one, two));
    return new ProbeRow(name, values);
  }

  private static View view(
      Function<Tensor, Tensor> features, Tensor train, Tensor test, PairedLatents.Factors factors) {
    return new View(
        Tensors.rows(features.apply(train)), Tensors.rows(features.apply(test)), factors);
  }

  private Map<String, Double> within(View view, int[] train, int[] test) {
    RidgeProbe probe = new RidgeProbe(view.train);
    Map<String, Double> values = new LinkedHashMap<>();
    factor(values, "shared R²", probe, view, view.factors.shared());
    factor(values, "private R²", probe, view, view.factors.own());
    factor(values, "nuisance R²", probe, view, view.factors.nuisance());
    int[] own = truth().classes();
    values.put("class", probe.accuracy(chosen(own, train), classes, view.test, chosen(own, test)));
    return values;
  }

  private void factor(
      Map<String, Double> values, String key, RidgeProbe probe, View view, float[][] factors) {
    if (factors[0].length > 0) {
      float[][] train = chosen(factors, split().train().samples());
      float[][] test = chosen(factors, split().test().samples());
      values.put(key, probe.r2(train, view.test, test));
    }
  }

  private static double modality(View one, View two) {
    RidgeProbe probe = new RidgeProbe(both(one.train, two.train));
    int[] train = domains(one.train.length, two.train.length);
    int[] test = domains(one.test.length, two.test.length);
    return probe.accuracy(train, 2, both(one.test, two.test), test);
  }

  private static float[][] both(float[][] one, float[][] two) {
    return Stream.of(one, two).flatMap(Stream::of).toArray(float[][]::new);
  }

  private static int[] domains(int one, int two) {
    return IntStream.range(0, one + two).map(i -> i < one ? 0 : 1).toArray();
  }

  private static int[] chosen(int[] values, int[] samples) {
    return IntStream.of(samples).map(i -> values[i]).toArray();
  }

  private static float[][] chosen(float[][] rows, int[] samples) {
    return IntStream.of(samples).mapToObj(i -> rows[i]).toArray(float[][]::new);
  }
}
