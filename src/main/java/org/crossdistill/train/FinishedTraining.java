package org.crossdistill.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
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
 * @param epochs the course of the training
 */
record FinishedTraining(Map<Metric, Double> metrics, List<EpochReport> epochs) {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String CONFIG = "config";
  private static final String TEST = "test";

  /** Which other seeds run beside it makes no difference to a training. */
  private static final String SEEDS = "seeds";

  /**
   * Reads the folder of a training.
   *
   * @param card of the training that is wanted, without metrics
   * @return empty if the folder holds no finished training, or one of another version, backend,
   *     seed or configuration
   * @throws DataException if a file there can't be read
   */
  static Optional<FinishedTraining> read(RunFolder folder, Map<String, Object> card) {
    if (!Files.exists(folder.card()) || !Files.exists(folder.model())) {
      return Optional.empty();
    }
    try {
      JsonNode found = JSON.readTree(folder.card().toFile());
      if (!identity(found).equals(identity(JSON.readTree(ModelFile.json(card))))) {
        return Optional.empty();
      }
      Map<Metric, Double> metrics = new EnumMap<>(Metric.class);
      numbers(found.path(TEST))
          .forEach((key, value) -> Metric.byKey(key).ifPresent(m -> metrics.put(m, value)));
      return Optional.of(new FinishedTraining(metrics, epochs(folder)));
    } catch (IOException e) {
      throw new DataException("cannot read the training in " + folder.card() + ": " + e, e);
    }
  }

  private static JsonNode identity(JsonNode card) {
    JsonNode copy = card.deepCopy();
    if (copy instanceof ObjectNode object) {
      object.remove(TEST);
      if (object.get(CONFIG) instanceof ObjectNode config) {
        config.remove(SEEDS);
      }
    }
    return copy;
  }

  private static List<EpochReport> epochs(RunFolder folder) throws IOException {
    List<String> metrics = Files.readAllLines(folder.metrics());
    List<String> timings = Files.readAllLines(folder.timings());
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

  private static Map<String, Double> numbers(JsonNode table) {
    Map<String, Double> numbers = new TreeMap<>();
    for (Map.Entry<String, JsonNode> entry : table.properties()) {
      numbers.put(entry.getKey(), entry.getValue().asDouble());
    }
    return numbers;
  }
}
