package org.crossdistill.train;

import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;
import org.crossdistill.data.Picture;
import org.crossdistill.data.PictureFiles;
import org.crossdistill.data.PictureTransform;

/**
 * Pictures of emoji, and what they are called.
 *
 * @param name {@code emoji}
 * @param label column of the labels, {@code group} or {@code subgroup}
 * @param split {@code open}: some classes are never seen in training; {@code closed}: all are
 * @param seenFraction share of the classes that an open split trains on, in (0, 1)
 * @param validationFraction share of the classes (open split) or samples (closed) for validation
 * @param testFraction share of the samples that a closed split keeps for the test
 * @param minSamples a class with fewer samples is left out
 * @param minBases a class with fewer different things (variants counted once) is left out
 * @param perClass training samples a class at most, in a closed split; 0 = all
 * @param labelled training samples a class that keep their label, in a closed split; 0 = all. The
 *     others stay as pairs
 * @param control whether the pairs are true or, as a control, shuffled
 * @param pictureSize side of the pictures that the student sees, in pixels, 8 to 1024
 */
public record EmojiOptions(
    String name,
    String label,
    Split split,
    double seenFraction,
    double validationFraction,
    double testFraction,
    int minSamples,
    int minBases,
    int perClass,
    int labelled,
    Control control,
    int pictureSize)
    implements DataOptions {

  static final String NAME = "emoji";

  /** How samples are divided. */
  public enum Split {
    /** By class: the classes of the test are not seen in training. */
    OPEN,
    /** Within each class. */
    CLOSED
  }

  /** By sub-group, open split, 60 % of the classes seen, all samples, true pairs, 32×32. */
  public static EmojiOptions defaults() {
    return new EmojiOptions(
        NAME, "subgroup", Split.OPEN, 0.6, 0.15, 0.25, 8, 5, 0, 0, Control.NONE, 32);
  }

  /** Checks the ranges. */
  public EmojiOptions {
    Options.require(
        seenFraction > 0 && seenFraction < 1, "seen-fraction", "a number in (0, 1)", seenFraction);
    boolean fractions =
        validationFraction >= 0 && testFraction > 0 && validationFraction + testFraction < 1;
    Options.require(
        fractions,
        "validation-fraction, test-fraction",
        "test-fraction > 0 and a sum below 1",
        validationFraction + ", " + testFraction);
    Options.require(minSamples >= 1, "min-samples", "at least 1", minSamples);
    Options.require(minBases >= 1, "min-bases", "at least 1", minBases);
    int most = split == Split.OPEN ? 0 : Integer.MAX_VALUE;
    String expected = split == Split.OPEN ? "0 in an open split" : "at least 0";
    Options.require(perClass >= 0 && perClass <= most, "per-class", expected, perClass);
    Options.require(labelled >= 0 && labelled <= most, "labelled", expected, labelled);
    Options.require(
        pictureSize >= 8 && pictureSize <= 1024, "picture-size", "from 8 to 1024", pictureSize);
  }

  @Override
  public boolean open() {
    return split == Split.OPEN;
  }

  @Override
  public String missingLabels() {
    return labelled == 0 ? null : "data.labelled leaves some without";
  }

  @Override
  public String missingPairs() {
    return null;
  }

  @Override
  public Kind kind(Role role) {
    return role == Role.STUDENT ? Kind.PICTURE : Kind.TEXT;
  }

  /** Texts have one feature for each frequent word and n-gram of the training texts. */
  @Override
  public Optional<long[]> shape(Role role) {
    return role == Role.STUDENT
        ? Optional.of(new long[] {Picture.CHANNELS, pictureSize, pictureSize})
        : Optional.empty();
  }

  @Override
  public Optional<Function<Path, float[]>> reader(Role role) {
    return role == Role.STUDENT ? Optional.of(this::input) : Optional.empty();
  }

  private float[] input(Path picture) {
    float[] input = transform().ink(PictureFiles.read(picture));
    transform().normalise(input);
    return input;
  }

  /** How pictures become the student's input. */
  PictureTransform transform() {
    return new PictureTransform(
        pictureSize, PictureTransform.DEFAULT.mean(), PictureTransform.DEFAULT.std());
  }

  @Override
  public PreparedData prepare(long seed) {
    return EmojiData.prepare(this, seed);
  }
}
