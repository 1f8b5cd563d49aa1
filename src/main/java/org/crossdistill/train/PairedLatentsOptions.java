package org.crossdistill.train;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.crossdistill.data.FeatureSamples;
import org.crossdistill.data.Labels;
import org.crossdistill.data.PairedLatents;
import org.crossdistill.data.Permutations;
import org.crossdistill.data.Seeds;
import org.crossdistill.data.Split;
import org.crossdistill.data.Subset;

/**
 * Generated pairs whose truth is known. The student takes the second modality, the teacher the
 * first. Wrong labels stand in the training and the validation part; the test knows the truth.
 *
 * @param name {@code paired-latents}
 * @param control whether the pairs are true or, as a control, shuffled
 * @param validationFraction share of the samples for validation, ≥ 0
 * @param testFraction share of the samples for the test, above 0
 * @param measuredQuality whether CMD's weights take the quality of each sample as it was generated,
 *     minus the standard deviation of its noise, instead of the norm of its embedding
 * @param equalLength whether each row is scaled to a mean square of 1, so that noise makes none
 *     longer
 * @param generator what is generated
 */
public record PairedLatentsOptions(
    String name,
    Control control,
    double validationFraction,
    double testFraction,
    boolean measuredQuality,
    boolean equalLength,
    PairedLatents.Options generator)
    implements DataOptions {

  static final String NAME = "paired-latents";

  /** The generator's defaults; 15 % for validation, 25 % for the test. */
  public static PairedLatentsOptions defaults() {
    return new PairedLatentsOptions(
        NAME, Control.NONE, 0.15, 0.25, false, false, PairedLatents.Options.defaults());
  }

  /** Checks the ranges. */
  public PairedLatentsOptions {
    Options.require(
        validationFraction >= 0 && testFraction > 0 && validationFraction + testFraction < 1,
        "validation-fraction, test-fraction",
        "test-fraction > 0 and a sum below 1",
        validationFraction + ", " + testFraction);
    int validation = part(validationFraction, generator);
    int test = part(testFraction, generator);
    boolean enough =
        test >= 1
            && generator.samples() - validation - test >= 2
            && (validation >= 1 || validationFraction == 0);
    Options.require(
        enough,
        "generator.samples",
        "enough for two training samples and one of each other part",
        generator.samples());
    int most = Math.min(generator.samples() - validation - test, test);
    Options.require(
        generator.classes() <= most,
        "generator.classes",
        "at most %d, so that each can have a training and a test sample".formatted(most),
        generator.classes());
  }

  private static int part(double fraction, PairedLatents.Options generator) {
    return (int) Math.round(fraction * generator.samples());
  }

  @Override
  public boolean open() {
    return false;
  }

  @Override
  public String missingLabels() {
    return null;
  }

  @Override
  public String missingPairs() {
    return null;
  }

  @Override
  public Kind kind(Role role) {
    return Kind.LATENTS;
  }

  @Override
  public Optional<long[]> shape(Role role) {
    return Optional.of(new long[] {generator.size()});
  }

  @Override
  public Optional<Function<Path, float[]>> reader(Role role) {
    return Optional.empty();
  }

  /**
   * {@inheritDoc}
   *
   * @throws ConfigException if a class has no training or no test sample
   */
  @Override
  public PreparedData prepare(long seed) {
    PairedLatents latents = PairedLatents.generate(generator, seed);
    Split split = split(latents, seed);
    int[] own = IntStream.range(0, latents.labels().length).toArray();
    PairedLatents.Truth truth = latents.truth();
    return new PreparedData(
        modality(latents.second(), split, truth.secondLow()),
        modality(latents.first(), split, truth.firstLow()),
        ExamplePairing.of(own, split, split, control, seed),
        List.of());
  }

  private Modality modality(float[][] rows, Split split, boolean[] low) {
    float[][] shown =
        equalLength
            ? Stream.of(rows).map(PairedLatentsOptions::scaled).toArray(float[][]::new)
            : rows;
    Modality modality = Modality.of(Kind.LATENTS, new FeatureSamples(shown), split);
    return measuredQuality ? modality.withQuality(generator.quality(low)) : modality;
  }

  /** A row of zeros stays one. */
  private static float[] scaled(float[] row) {
    double square = 0;
    for (float value : row) {
      square += (double) value * value;
    }
    double factor = square == 0 ? 1 : Math.sqrt(row.length / square);
    float[] scaled = new float[row.length];
    for (int j = 0; j < row.length; j++) {
      scaled[j] = (float) (factor * row[j]);
    }
    return scaled;
  }

  private Split split(PairedLatents latents, long seed) {
    int count = latents.labels().length;
    int[] order = IntStream.range(0, count).toArray();
    Permutations.shuffle(order, Seeds.random(seed, "latents-split", 0));
    int validation = part(validationFraction, generator);
    int test = part(testFraction, generator);
    Split split =
        new Split(
            part(order, validation + test, count, latents.labels()),
            part(order, 0, validation, latents.labels()),
            part(order, validation, validation + test, latents.truth().classes()));
    requireEveryClass("training", split.train());
    requireEveryClass("test", split.test());
    return split;
  }

  private void requireEveryClass(String name, Subset part) {
    long found = IntStream.of(part.labels()).distinct().count();
    Options.require(
        found == generator.classes(),
        "data.generator.classes",
        "as many as have a %s sample (%d)".formatted(name, found),
        generator.classes());
  }

  private Subset part(int[] order, int from, int to, int[] labels) {
    int[] samples = IntStream.range(from, to).map(i -> order[i]).sorted().toArray();
    List<String> classes =
        IntStream.range(0, generator.classes()).mapToObj(Integer::toString).toList();
    int[] own = IntStream.of(samples).map(sample -> labels[sample]).toArray();
    return Subset.of(samples, Labels.of(NAME, classes, own));
  }
}
