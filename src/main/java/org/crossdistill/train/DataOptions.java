package org.crossdistill.train;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Which samples a run trains on and is measured on. Each data set has a record of its own, which
 * the key {@code name} chooses.
 */
public sealed interface DataOptions permits EmojiOptions, AvDigitsOptions, PairedLatentsOptions {

  /** Which sample of the other modality stands beside which of the student's in training. */
  enum Control {
    /** The true pairs. */
    NONE,
    /** Permuted among all training samples: what remains is no transfer of knowledge. */
    SHUFFLED,
    /** Permuted among the samples of a class: what remains is transfer of the class alone. */
    SHUFFLED_WITHIN_CLASS
  }

  /** Emoji. */
  static DataOptions defaults() {
    return EmojiOptions.defaults();
  }

  /**
   * The defaults of a data set.
   *
   * @throws ConfigException if there is none of that name
   */
  static DataOptions named(Object name) {
    List<DataOptions> all =
        List.of(
            EmojiOptions.defaults(), AvDigitsOptions.defaults(), PairedLatentsOptions.defaults());
    return all.stream()
        .filter(options -> options.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new ConfigException(
                    "data.name: expected one of "
                        + String.join(", ", all.stream().map(DataOptions::name).toList())
                        + ", found "
                        + name));
  }

  /** The data set. */
  String name();

  /** Share of the samples, or of the seen classes, that is kept for validation; 0 = none. */
  double validationFraction();

  /** Whether the classes of the test are not seen in training. */
  boolean open();

  /** What leaves some training samples without a label; null where each has one. */
  String missingLabels();

  /** What leaves the samples without a partner in the other modality; null where all have one. */
  String missingPairs();

  /** What a modality is. */
  Kind kind(Role role);

  /** Shape of one sample as the modality's network takes it; empty where only the data tell. */
  Optional<long[]> shape(Role role);

  /** Turns a file into what the modality's network takes; empty where samples come from no file. */
  Optional<Function<Path, float[]>> reader(Role role);

  /**
   * Loads the data and divides them.
   *
   * @param seed of the split
   * @throws org.crossdistill.data.DataException if files are missing or not as they must be
   */
  PreparedData prepare(long seed);
}
