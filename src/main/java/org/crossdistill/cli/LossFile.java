package org.crossdistill.cli;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.CrossdistillException;
import org.crossdistill.data.Safetensors;
import org.crossdistill.data.TensorData;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.KernelException;
import org.crossdistill.loss.NamedLoss;
import org.crossdistill.loss.NamedTensors;
import org.crossdistill.loss.TensorException;
import org.crossdistill.train.ConfigBinder;

/**
 * A request to a loss, and maybe its answer, in a safetensors file: the metadata hold the loss's
 * name and parameters, tensors {@code in.*} its inputs, {@code out.*} the answers.
 *
 * @param content of the file
 * @param loss that the metadata name
 */
record LossFile(Safetensors content, NamedLoss<?> loss) {

  private static final String LOSS = "loss";
  private static final String INPUT = "in.";
  private static final String OUTPUT = "out.";

  /**
   * Reads a file.
   *
   * @throws CrossdistillException if it cannot be read or names no known loss
   */
  static LossFile read(Path file) {
    Safetensors content = Safetensors.read(file);
    String name = content.metadata().get(LOSS);
    Map<String, NamedLoss<?>> losses = losses();
    NamedLoss<?> loss = name == null ? null : losses.get(name);
    if (loss == null) {
      String found = name == null ? "no metadata 'loss'" : "unknown loss '" + name + "'";
      throw new CrossdistillException(found + "; expected one of " + losses.keySet());
    }
    return new LossFile(content, loss);
  }

  private static Map<String, NamedLoss<?>> losses() {
    Map<String, NamedLoss<?>> losses = new TreeMap<>();
    for (NamedLoss<?> loss : ServiceLoader.load(NamedLoss.class)) {
      losses.put(loss.name(), loss);
    }
    return losses;
  }

  /** The answers that the file holds, without their prefix. */
  Map<String, TensorData> expected() {
    return withPrefix(OUTPUT);
  }

  /** A file with the same request and these answers. */
  Safetensors answered(Map<String, TensorData> answers) {
    Map<String, TensorData> tensors = new HashMap<>();
    answers.forEach((name, data) -> tensors.put(OUTPUT + name, data));
    return new Safetensors(content.metadata(), tensors);
  }

  /**
   * Computes the loss.
   *
   * @return answers by name, without their prefix
   * @throws CrossdistillException naming the parameter or tensor that is wrong; also where an
   *     answer is not finite though none such is expected
   */
  Map<String, TensorData> compute(Backend backend, DType dtype) {
    if (!loss.dtypes().contains(dtype)) {
      throw new CrossdistillException(
          loss.name() + " computes in " + loss.dtypes() + ", not in " + dtype.label());
    }
    Map<String, TensorData> answers;
    try {
      answers = compute(loss, backend, dtype);
    } catch (KernelException | TensorException e) {
      throw new CrossdistillException(asNamedHere(e.getMessage()), e);
    }
    Map<String, TensorData> expected = expected();
    answers.forEach(
        (name, answer) -> {
          TensorData wanted = expected.get(name);
          if (whyNotFinite(name, answer) != null
              && (wanted == null || whyNotFinite(name, wanted) == null)) {
            throw new CrossdistillException(cause(OUTPUT + name, answer));
          }
        });
    return answers;
  }

  /** The argument that a message begins with, as the file calls it. */
  private String asNamedHere(String message) {
    String argument = message.substring(0, Math.max(0, message.indexOf(':')));
    String last = argument.substring(argument.lastIndexOf('.') + 1).replace('_', '-');
    String name = last.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    boolean known = loss.inputs().containsKey(name);
    return known ? INPUT + name + message.substring(argument.length()) : message;
  }

  /** The first input that is not finite, or else the answer itself. */
  private String cause(String answerName, TensorData answer) {
    for (Map.Entry<String, TensorData> input : withPrefix(INPUT).entrySet()) {
      String why = whyNotFinite(INPUT + input.getKey(), input.getValue());
      if (why != null) {
        return why;
      }
    }
    return whyNotFinite(answerName, answer);
  }

  /** Null for numbers that are all finite. */
  private static String whyNotFinite(String name, TensorData data) {
    double[] values = data.toDoubles();
    for (int i = 0; i < values.length; i++) {
      if (!Double.isFinite(values[i])) {
        long rows = data.shape().length == 0 ? 1 : data.shape()[0];
        long row = i / (values.length / rows);
        return name + ": expected finite numbers, found " + values[i] + " in row " + row;
      }
    }
    return null;
  }

  private <O extends Record> Map<String, TensorData> compute(
      NamedLoss<O> typed, Backend backend, DType dtype) {
    @SuppressWarnings("unchecked") // the defaults are an O
    Class<O> type = (Class<O>) typed.defaults().getClass();
    O options = ConfigBinder.bind(type, parameters(), "");
    try (PointerScope scope = new PointerScope()) {
      NamedTensors inputs = new NamedTensors(inputs(dtype));
      Map<String, Tensor> answers = typed.compute(options, inputs, backend);
      Map<String, TensorData> data = new TreeMap<>();
      answers.forEach((name, tensor) -> data.put(name, TensorFiles.data(tensor)));
      return data;
    }
  }

  private Map<String, Object> parameters() {
    Map<String, Object> parameters = new LinkedHashMap<>();
    content
        .metadata()
        .forEach(
            (name, text) -> {
              if (!name.equals(LOSS)) {
                parameters.put(name, value(text));
              }
            });
    return parameters;
  }

  /** Metadata are text: what looks like a truth value or a number is one. */
  private static Object value(String text) {
    if (text.equals("true") || text.equals("false")) {
      return text.equals("true");
    }
    try {
      return Double.valueOf(text);
    } catch (NumberFormatException e) {
      return text;
    }
  }

  private Map<String, Tensor> inputs(DType dtype) {
    Map<String, TensorData> given = withPrefix(INPUT);
    Set<String> known = new TreeSet<>(loss.inputs().keySet());
    for (String name : given.keySet()) {
      if (!known.contains(name)) {
        throw new CrossdistillException(
            INPUT + name + ": unknown input of " + loss.name() + "; expected " + known);
      }
    }
    Map<String, Tensor> inputs = new HashMap<>();
    given.forEach((name, data) -> inputs.put(name, input(name, data, dtype)));
    return inputs;
  }

  private static Tensor input(String name, TensorData data, DType dtype) {
    Tensor tensor = TensorFiles.tensor(data);
    if (!data.dtype().isFloating()) {
      return tensor;
    }
    return tensor.to(scalarType(name.equals("weights") ? dtype.accumulation() : dtype));
  }

  private static ScalarType scalarType(DType dtype) {
    return switch (dtype) {
      case F64 -> ScalarType.Double;
      case F32 -> ScalarType.Float;
      case BF16 -> ScalarType.BFloat16;
      case F16 -> ScalarType.Half;
    };
  }

  private Map<String, TensorData> withPrefix(String prefix) {
    Map<String, TensorData> tensors = new TreeMap<>();
    content
        .tensors()
        .forEach(
            (name, data) -> {
              if (name.startsWith(prefix)) {
                tensors.put(name.substring(prefix.length()), data);
              }
            });
    return tensors;
  }
}
