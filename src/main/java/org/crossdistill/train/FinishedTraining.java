package org.crossdistill.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.crossdistill.data.DataException;
import org.crossdistill.eval.Metric;

/**
 * A training that came to its end in an earlier run.
 *
 * @param metrics on the test samples
 * @param chance what a model without knowledge reaches on them
 * @param epochs the course of the training
 */
record FinishedTraining(
    Map<Metric, Double> metrics, Map<Metric, Double> chance, List<EpochReport> epochs) {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String TEST = "test";
  private static final String CHANCE = "chance";

  /** Key of the files that a training leaves, in its card. */
  static final String MODELS = "models";

  /**
   * Reads the folder of a training.
   *
   * @param folder may not be there
   * @param card of the training that is wanted, without metrics
   * @return empty if the folder holds no finished training, one of another version, backend, seed
   *     or configuration, or one that lacks a model which its card names
   * @throws DataException if a file there can't be read
   */
  static Optional<FinishedTraining> read(Path folder, Map<String, Object> card) {
    Path file = folder.resolve(RunFolder.CARD);
    if (!Files.exists(file) || !sameTraining(file, card)) {
      return Optional.empty();
    }
    JsonNode found = json(file);
    if (!hasModels(folder, found)) {
      return Optional.empty();
    }
    return Optional.of(
        new FinishedTraining(
            metrics(found.path(TEST)), metrics(found.path(CHANCE)), epochs(folder)));
  }

  private static boolean hasModels(Path folder, JsonNode card) {
    JsonNode models = card.path(MODELS);
    return !models.isEmpty()
        && models.valueStream().allMatch(name -> Files.exists(folder.resolve(name.asText())));
  }

  /** Whether a card in a file is that of the same training, whatever was measured. */
  static boolean sameTraining(Path file, Map<String, Object> card) {
    try {
      return identity(json(file)).equals(identity(JSON.readTree(ModelFile.json(card))));
    } catch (IOException e) {
      throw new IllegalStateException("cannot read back " + card, e);
    }
  }

  private static JsonNode json(Path file) {
    try {
      return JSON.readTree(file.toFile());
    } catch (IOException e) {
      throw new DataException("cannot read the training in " + file + ": " + e, e);
    }
  }

  private static JsonNode identity(JsonNode card) {
    JsonNode copy = card.deepCopy();
    if (copy instanceof ObjectNode object) {
      object.remove(List.of(TEST, CHANCE, MODELS));
    }
    return copy;
  }

  /** The course of the training in a folder, as far as it came. */
  static List<EpochReport> epochs(Path folder) {
    try {
      return readEpochs(folder);
    } catch (IOException e) {
      throw new DataException("cannot read the training in " + folder + ": " + e, e);
    }
  }

  private static List<EpochReport> readEpochs(Path folder) throws IOException {
    List<String> metrics = Files.readAllLines(folder.resolve(RunFolder.METRICS));
    List<String> timings = Files.readAllLines(folder.resolve(RunFolder.TIMINGS));
    List<EpochReport> reports = new ArrayList<>();
    for (int i = 0; i < Math.min(metrics.size(), timings.size()); i++) {
      JsonNode metric = JSON.readTree(metrics.get(i));
      JsonNode timing = JSON.readTree(timings.get(i));
      double seconds = timing.path("seconds").asDouble();
      reports.add(
          new EpochReport(
              metric.path("epoch").asInt(),
              metrics.size(),
              numbers(metric.path("train")),
              numbers(metric.path("validation")),
              metric.path("learning-rate").asDouble(),
              (int) Math.round(seconds * timing.path("samples-per-second").asDouble()),
              seconds));
    }
    return reports;
  }

  private static Map<Metric, Double> metrics(JsonNode table) {
    Map<Metric, Double> metrics = new EnumMap<>(Metric.class);
    numbers(table).forEach((key, value) -> Metric.byKey(key).ifPresent(m -> metrics.put(m, value)));
    return metrics;
  }

  private static Map<String, Double> numbers(JsonNode table) {
    Map<String, Double> numbers = new TreeMap<>();
    for (Map.Entry<String, JsonNode> entry : table.properties()) {
      numbers.put(entry.getKey(), entry.getValue().asDouble());
    }
    return numbers;
  }
}
