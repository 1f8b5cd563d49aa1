package org.crossdistill.train;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.crossdistill.eval.Metric;

/** What a model's card says: how it was made and what was measured; no dates and no times. */
final class Card {

  private Card() {}

  static Map<String, Object> of(
      String name,
      Experiment experiment,
      long seed,
      Provenance provenance,
      Map<Metric, Double> metrics,
      Map<Metric, Double> chance) {
    Map<String, Object> card = new LinkedHashMap<>();
    card.put("name", name);
    card.put("version", provenance.version());
    card.put("backend", provenance.backend());
    card.put("seed", seed);
    card.put("test", byKey(metrics));
    card.put("chance", byKey(chance));
    card.put("config", experiment.table());
    return card;
  }

  private static Map<String, Double> byKey(Map<Metric, Double> metrics) {
    Map<String, Double> numbers = new TreeMap<>();
    metrics.forEach((metric, value) -> numbers.put(metric.key(), value));
    return numbers;
  }
}
