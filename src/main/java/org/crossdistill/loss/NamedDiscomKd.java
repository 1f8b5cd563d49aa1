package org.crossdistill.loss;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.DType;
import org.crossdistill.loss.DiscomKdLoss.DomainTarget;
import org.crossdistill.loss.DiscomKdLoss.Modality;
import org.crossdistill.loss.DiscomKdLoss.Perp;

/** {@link DiscomKdLoss} by name, from features and the matrices of heads without bias. */
public final class NamedDiscomKd implements NamedLoss<NamedDiscomKd.Options> {

  private static final List<String> FEATURES = List.of("invariant", "informative", "irrelevant");

  /** The matrices, each with the letter of its rows and that of its columns. */
  private static final Map<String, List<String>> HEADS =
      Map.of(
          "task-1", List.of("C", "E"),
          "task-2", List.of("C", "E"),
          "auxiliary", List.of("C", "D"),
          "adversarial", List.of("M", "D"),
          "domain-informative", List.of("M", "D"),
          "domain-irrelevant", List.of("M", "D"));

  /**
   * How the loss is computed.
   *
   * @param reversal λ of the gradient reversal before the adversarial head
   * @param domainTarget of the domain terms
   * @param perp of the term that holds features apart
   */
  public record Options(double reversal, DomainTarget domainTarget, Perp perp) {

    /** Checks the value. */
    public Options {
      Arguments.finite("reversal", reversal);
    }

    /** λ = 1, {@code class-index}, {@code cosine}. */
    public static Options defaults() {
      return new Options(1, DomainTarget.CLASS_INDEX, Perp.COSINE);
    }
  }

  @Override
  public String name() {
    return "discom-kd";
  }

  @Override
  public Options defaults() {
    return Options.defaults();
  }

  @Override
  public boolean stopsGradients() {
    return true;
  }

  /** Rows A and B of the modalities, features D, joined features E = 2·D, classes C, domains M. */
  @Override
  public Map<String, List<String>> inputs() {
    Map<String, List<String>> inputs = new HashMap<>(HEADS);
    for (String feature : FEATURES) {
      inputs.put(feature + "-1", List.of("A", "D"));
      inputs.put(feature + "-2", List.of("B", "D"));
    }
    inputs.put("labels-1", List.of("A"));
    inputs.put("labels-2", List.of("B"));
    return inputs;
  }

  @Override
  public Map<String, Tensor> compute(Options options, NamedTensors inputs, Backend backend) {
    check(inputs);
    DType dtype = DTypes.of(inputs.get("invariant-1"));
    ScalarType type = DTypes.scalarType(dtype.accumulation());
    try (Results results = new Results();
        InferenceMode left = new InferenceMode(false)) {
      Map<String, Tensor> leaves = new LinkedHashMap<>();
      for (Map.Entry<String, List<String>> input : inputs().entrySet()) {
        if (!input.getKey().startsWith("labels")) {
          Tensor given = inputs.get(input.getKey());
          leaves.put(input.getKey(), Composition.leaf(given, type, true));
        }
      }
      var terms = new DiscomKdLoss.Options(options.domainTarget, options.perp);
      var loss = new DiscomKdLoss(terms, backend);
      Modality one = modality("-1", leaves, inputs.get("labels-1"));
      Modality two = modality("-2", leaves, inputs.get("labels-2"));
      Tensor total = loss.apply(one, two, heads(leaves), options.reversal);
      return answers(total, leaves, DTypes.scalarType(dtype), results);
    }
  }

  private static Map<String, Tensor> answers(
      Tensor total, Map<String, Tensor> leaves, ScalarType type, Results results) {
    Map<String, Tensor> answers = new HashMap<>();
    answers.put("loss", results.keep(total.detach().reshape(1)));
    Tensor[] gradients = Composition.gradients(total, 1, leaves.values().toArray(Tensor[]::new));
    int next = 0;
    for (String name : leaves.keySet()) {
      answers.put("grad." + name, results.keep(Composition.as(type, gradients[next++])));
    }
    return answers;
  }

  private static Modality modality(String suffix, Map<String, Tensor> tensors, Tensor labels) {
    Tensor inv = tensors.get("invariant" + suffix);
    Tensor inf = tensors.get("informative" + suffix);
    Tensor irr = tensors.get("irrelevant" + suffix);
    return new Modality(labels, inv, inf, irr, torch.cat(new TensorVector(inv, inf), 1));
  }

  private static DiscomKdLoss.Heads heads(Map<String, Tensor> tensors) {
    return new DiscomKdLoss.Heads(
        head(tensors, "task-1"),
        head(tensors, "task-2"),
        head(tensors, "auxiliary"),
        head(tensors, "adversarial"),
        head(tensors, "domain-informative"),
        head(tensors, "domain-irrelevant"));
  }

  private static DiscomKdLoss.Head head(Map<String, Tensor> tensors, String name) {
    return new DiscomKdLoss.Head(tensors.get(name), null);
  }

  private static void check(NamedTensors inputs) {
    Tensor first = inputs.get("invariant-1");
    Arguments.embeddings("invariant-1", first);
    for (String suffix : List.of("-1", "-2")) {
      Tensor invariant = inputs.get("invariant" + suffix);
      Arguments.sameColumns("invariant" + suffix, invariant, "invariant-1", first);
      for (String feature : FEATURES) {
        Tensor tensor = inputs.get(feature + suffix);
        Arguments.same(feature + suffix, tensor, "invariant" + suffix, invariant);
      }
      String labels = "labels" + suffix;
      Arguments.vector(labels, inputs.get(labels), ScalarType.Long, invariant.size(0), first);
    }
    Arguments.embeddings("task-1", inputs.get("task-1"));
    Map<String, Long> sizes =
        Map.of(
            "C", inputs.get("task-1").size(0), "D", first.size(1), "E", 2 * first.size(1), "M", 2L);
    HEADS.forEach(
        (name, letters) ->
            Arguments.matrix(
                name,
                inputs.get(name),
                sizes.get(letters.get(0)),
                sizes.get(letters.get(1)),
                first));
  }
}
