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
import org.crossdistill.eval.Accuracy;
import org.crossdistill.eval.RidgeProbe;
import org.crossdistill.method.Batch;
import org.crossdistill.method.DiscomKd;
import org.crossdistill.method.DisentangledFeatures;
import org.crossdistill.nn.Layer;
import org.crossdistill.nn.Tensors;

/**
 * What a linear probe reads out of DisCoM-KD's features of test samples, once it has learnt from
 * those of training samples: the factors and the class within each modality (the mean of both), and
 * which of the two modalities the features are of, beside what the method's own head says of that.
 * The same of the inputs, and of the networks before the training.
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
    rows.add(row("inputs", both(Function.identity(), Function.identity()), null));
    rows.addAll(features("untrained "));
    return rows;
  }

  @Override
  List<ProbeRow> trained() {
    return features("");
  }

  private List<ProbeRow> features(String when) {
    return List.of(
        row(when + "invariant", of(DisentangledFeatures::inv), method.adversarial()),
        row(when + "informative", of(DisentangledFeatures::inf), method.domainInformative()),
        row(when + "irrelevant", of(DisentangledFeatures::irr), method.domainIrrelevant()));
  }

  private List<View> of(Function<DisentangledFeatures, Tensor> part) {
    return both(
        input -> part.apply(method.otherFeatures(input)),
        input -> part.apply(method.studentFeatures(input)));
  }

  /** Modality 1 and modality 2. */
  private List<View> both(Function<Tensor, Tensor> first, Function<Tensor, Tensor> second) {
    Batch learn = run().batch(split().train().samples());
    Batch ask = run().batch(split().test().samples());
    return List.of(
        view(first, learn.teacher().input(), ask.teacher().input(), truth().firstFactors()),
        view(second, learn.student().input(), ask.student().input(), truth().secondFactors()));
  }

  private static View view(
      Function<Tensor, Tensor> features, Tensor train, Tensor test, PairedLatents.Factors factors) {
    return new View(
        Tensors.rows(features.apply(train)), Tensors.rows(features.apply(test)), factors);
  }

  /**
   * What is read out of both modalities' features.
   *
   * @param headOrNull the method's own, which tells the modality by them
   */
  private ProbeRow row(String name, List<View> views, Layer headOrNull) {
    Map<String, Double> values = new LinkedHashMap<>();
    for (View view : views) {
      within(view).forEach((key, value) -> values.merge(key, value / 2, Double::sum));
    }
    values.put("modality", modality(views.get(0), views.get(1)));
    values.put("by the own head", headOrNull == null ? Double.NaN : modality(views, headOrNull));
    return new ProbeRow(name, values);
  }

  private static double modality(List<View> views, Layer head) {
    float[][] test = joined(views.get(0).test, views.get(1).test);
    return Accuracy.top1(
        Embedder.map(test, head::forward), domains(views.get(0).test.length, test.length));
  }

  private Map<String, Double> within(View view) {
    int[] train = split().train().samples();
    int[] test = split().test().samples();
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
    RidgeProbe probe = new RidgeProbe(joined(one.train, two.train));
    float[][] test = joined(one.test, two.test);
    int[] trainDomains = domains(one.train.length, one.train.length + two.train.length);
    return probe.accuracy(trainDomains, 2, test, domains(one.test.length, test.length));
  }

  private static float[][] joined(float[][] one, float[][] two) {
    return Stream.of(one, two).flatMap(Stream::of).toArray(float[][]::new);
  }

  /** 1 for the rows of modality 1, which come first, 0 for the others: as the method counts. */
  private static int[] domains(int first, int all) {
    return IntStream.range(0, all).map(i -> i < first ? 1 : 0).toArray();
  }

  private static int[] chosen(int[] values, int[] samples) {
    return IntStream.of(samples).map(i -> values[i]).toArray();
  }

  private static float[][] chosen(float[][] rows, int[] samples) {
    return IntStream.of(samples).mapToObj(i -> rows[i]).toArray(float[][]::new);
  }
}
