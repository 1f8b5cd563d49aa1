package org.crossdistill.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.CrossdistillException;
import org.crossdistill.data.Safetensors;
import org.crossdistill.data.TensorData;
import org.crossdistill.method.Method.SingleModal;
import org.crossdistill.nn.Init;
import org.crossdistill.nn.Tensors;

/**
 * A trained model of one modality as a safetensors file: backbone and classifier, the names of the
 * classes, and, where the method has a common space with texts, one text embedding a class, the
 * unseen classes included, for zero-shot recognition.
 *
 * @param role the student's modality, or the other one
 * @param model in inference mode
 * @param classes names of the classes that were trained, C
 * @param textClasses names of the classes with a text embedding; empty without a common space
 * @param textEmbeddings one for each of {@code textClasses}, [·][D], of length 1
 * @param config the whole configuration that the model was trained with
 */
public record ModelFile(
    Role role,
    SingleModal model,
    List<String> classes,
    List<String> textClasses,
    float[][] textEmbeddings,
    Map<String, Object> config) {

  private static final String FORMAT = "format";
  private static final String FORMAT_NAME = "crossdistill-model";
  private static final String FORMAT_VERSION = "format-version";
  private static final String VERSION = "1";
  private static final String ROLE = "role";
  private static final String CLASSES = "classes";
  private static final String TEXT_CLASSES = "text-classes";
  private static final String CONFIG = "config";
  private static final String TEXT_EMBEDDINGS = "text-embeddings";
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.USE_LONG_FOR_INTS);

  /**
   * Writes the file whole or not at all; the same model gives the same bytes.
   *
   * @throws CheckpointException naming a tensor that holds a number that is not finite
   * @throws org.crossdistill.data.DataException naming the file when it cannot be written
   */
  public void write(Path file) {
    Map<String, TensorData> tensors = new TreeMap<>();
    tensors.putAll(TensorBytes.of("student.", model.backbone().state()));
    tensors.putAll(TensorBytes.of("classifier.", model.classifier().state()));
    if (!textClasses.isEmpty()) {
      tensors.put(TEXT_EMBEDDINGS, rows(textEmbeddings));
    }
    TensorBytes.requireFinite(file.toString(), tensors);
    Map<String, String> metadata = new TreeMap<>();
    metadata.put(FORMAT, FORMAT_NAME);
    metadata.put(FORMAT_VERSION, VERSION);
    if (role == Role.OTHER) {
      metadata.put(ROLE, ConfigBinder.kebab(role));
    }
    metadata.put(CLASSES, json(classes));
    metadata.put(TEXT_CLASSES, json(textClasses));
    metadata.put(CONFIG, json(config));
    new Safetensors(metadata, tensors).write(file);
  }

  /**
   * Reads a model.
   *
   * @throws CheckpointException if the file is no model, or one of another version
   * @throws org.crossdistill.data.DataException if it is missing or damaged
   */
  public static ModelFile read(Path file) {
    Safetensors content = Safetensors.read(file);
    expect(file, content, FORMAT, FORMAT_NAME);
    expect(file, content, FORMAT_VERSION, VERSION);
    Map<String, Object> config = parse(file, content, CONFIG, new TypeReference<>() {});
    List<String> classes = parse(file, content, CLASSES, new TypeReference<>() {});
    List<String> textClasses = parse(file, content, TEXT_CLASSES, new TypeReference<>() {});
    Role role = content.metadata().containsKey(ROLE) ? Role.OTHER : Role.STUDENT;
    SingleModal model = model(file, config, role, classes.size(), columns(file, content));
    copy(file, content, "student.", model.backbone().state());
    copy(file, content, "classifier.", model.classifier().state());
    model.backbone().training(false);
    float[][] texts = texts(file, content, textClasses.size(), model.backbone().embeddingSize());
    return new ModelFile(role, model, classes, textClasses, texts, config);
  }

  private static SingleModal model(
      Path file, Map<String, Object> config, Role role, int classes, int columns) {
    try {
      return Experiment.of(config).model(role, classes, columns);
    } catch (CrossdistillException e) {
      throw new CheckpointException(file + ": " + e.getMessage());
    }
  }

  /**
   * Copies backbone and classifier of a saved student into networks of the same sizes.
   *
   * @param classes names of the classes that they tell apart
   * @throws CheckpointException if the file is no model of a student of these classes and sizes
   * @throws org.crossdistill.data.DataException if it is missing or damaged
   */
  static void copy(Path file, SingleModal into, List<String> classes) {
    Safetensors content = Safetensors.read(file);
    expect(file, content, FORMAT, FORMAT_NAME);
    expect(file, content, FORMAT_VERSION, VERSION);
    String role = content.metadata().get(ROLE);
    if (role != null) {
      throw new CheckpointException(file + ": expected the student's model, found role " + role);
    }
    List<String> own = parse(file, content, CLASSES, new TypeReference<>() {});
    if (!own.equals(classes)) {
      throw new CheckpointException(
          "%s: expected the %d classes of the data, found %s"
              .formatted(
                  file, classes.size(), own.size() == classes.size() ? "others" : own.size()));
    }
    copy(file, content, "student.", into.backbone().state());
    copy(file, content, "classifier.", into.classifier().state());
  }

  /** Columns of the classifier's matrix. */
  private static int columns(Path file, Safetensors content) {
    TensorData matrix = content.tensors().get("classifier.weight");
    if (matrix == null || matrix.shape().length != 2) {
      throw new CheckpointException(file + ": no matrix classifier.weight, found " + matrix);
    }
    if (matrix.size() == 0) {
      throw new CheckpointException(file + ": an empty matrix classifier.weight, found " + matrix);
    }
    return Math.toIntExact(matrix.shape()[1]);
  }

  private static void expect(Path file, Safetensors content, String key, String expected) {
    String found = content.metadata().get(key);
    if (!expected.equals(found)) {
      throw new CheckpointException(
          file + ": " + key + ": expected " + expected + ", found " + found);
    }
  }

  private static <T> T parse(Path file, Safetensors content, String key, TypeReference<T> type) {
    T value = null;
    try {
      value = JSON.readValue(content.metadata().getOrDefault(key, ""), type);
    } catch (JsonProcessingException e) {
      // As where it says null.
    }
    if (value == null) {
      throw new CheckpointException(file + ": metadata " + key + " is no valid JSON of its kind");
    }
    return value;
  }

  private static void copy(
      Path file, Safetensors content, String prefix, Map<String, Tensor> state) {
    TensorBytes.copy(file.toString(), content.tensors(), prefix, state);
  }

  private static float[][] texts(Path file, Safetensors content, int classes, int size) {
    if (classes == 0) {
      return new float[0][];
    }
    Tensor rows = Init.constant(0, classes, size);
    TensorBytes.copy(file.toString(), content.tensors(), "", Map.of(TEXT_EMBEDDINGS, rows));
    return Tensors.rows(rows);
  }

  private static TensorData rows(float[][] rows) {
    return TensorBytes.of("", Map.of("rows", Tensors.of(rows))).get("rows");
  }

  static String json(Object value) {
    try {
      return JSON.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cannot write as JSON: " + value, e);
    }
  }
}
