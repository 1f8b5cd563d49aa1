package org.crossdistill.train;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.crossdistill.data.LabelledSamples;
import org.crossdistill.data.LabelledSamples.Choice;
import org.crossdistill.data.PictureSource;
import org.crossdistill.data.SoundSource;
import org.crossdistill.data.Split;

/**
 * Pictures and sounds of the same classes, such as written and spoken digits, from the user's own
 * folders. Classes are told by their names, which must be the same in both modalities.
 *
 * @param name {@code av-digits}
 * @param student which modality the student takes; the teacher takes the other one
 * @param pairing which of the other's samples stands beside which of the student's
 * @param control whether the pairs are true or, as a control, shuffled
 * @param validationFraction share of the training samples that become validation samples where the
 *     files name none, in [0, 1)
 * @param perClass training samples a class of the student's modality at most; 0 = all
 * @param otherPerClass training samples a class of the other modality at most; 0 = all
 * @param pictures where the pictures are
 * @param sounds where the sounds are
 */
public record AvDigitsOptions(
    String name,
    Student student,
    Pairs pairing,
    Control control,
    double validationFraction,
    int perClass,
    int otherPerClass,
    PictureSource pictures,
    SoundSource sounds)
    implements DataOptions {

  static final String NAME = "av-digits";

  /** The modality that the student takes. */
  public enum Student {
    PICTURE,
    SOUND
  }

  /** How samples are paired. */
  public enum Pairs {
    /** With one of the same class, drawn anew each time. */
    CLASS,
    /** With the one that the sounds' manifest names. */
    EXAMPLE,
    /** Not at all. */
    NONE
  }

  /** The student takes sounds, pairs by class, 15 % for validation, no folders. */
  public static AvDigitsOptions defaults() {
    return new AvDigitsOptions(
        NAME,
        Student.SOUND,
        Pairs.CLASS,
        Control.NONE,
        0.15,
        0,
        0,
        PictureSource.defaults(),
        SoundSource.defaults());
  }

  /** Checks the ranges. */
  public AvDigitsOptions {
    Options.require(
        validationFraction >= 0 && validationFraction < 1,
        "validation-fraction",
        "a number in [0, 1)",
        validationFraction);
    Options.require(perClass >= 0, "per-class", "at least 0", perClass);
    Options.require(otherPerClass >= 0, "other-per-class", "at least 0", otherPerClass);
    boolean anew = pairing == Pairs.CLASS && control == Control.SHUFFLED_WITHIN_CLASS;
    Options.require(
        !anew, "control", "none or shuffled, since pairs are drawn within classes", control);
    boolean named = pairing == Pairs.EXAMPLE && sounds.pairColumn().isEmpty();
    Options.require(
        pairing != Pairs.EXAMPLE || student == Student.SOUND,
        "student",
        "sound where examples are paired, since each sound names its picture",
        ConfigBinder.kebab(student));
    Options.require(
        pairing != Pairs.EXAMPLE || otherPerClass == 0,
        "other-per-class",
        "0 where examples are paired, since each brings its partner",
        otherPerClass);
    Options.require(!named, "sounds.pair-column", "the column that pairs examples", "none");
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
    return pairing == Pairs.NONE ? "data.pairing = \"none\" gives none" : null;
  }

  @Override
  public Kind kind(Role role) {
    boolean picture = (student == Student.PICTURE) == (role == Role.STUDENT);
    return picture ? Kind.PICTURE : Kind.SOUND;
  }

  @Override
  public Optional<long[]> shape(Role role) {
    return Optional.of(
        kind(role) == Kind.PICTURE
            ? new long[] {1, pictures.size(), pictures.size()}
            : new long[] {1, sounds.spectrogram().bands(), sounds.frames()});
  }

  @Override
  public Optional<Function<Path, float[]>> reader(Role role) {
    return Optional.of(kind(role) == Kind.PICTURE ? pictures::input : sounds::input);
  }

  @Override
  public PreparedData prepare(long seed) {
    LabelledSamples written = pictures.read();
    LabelledSamples spoken = sounds.read();
    written.requireClassesOf(spoken);
    spoken.requireClassesOf(written);
    boolean sound = student == Student.SOUND;
    LabelledSamples own = sound ? spoken : written;
    LabelledSamples others = sound ? written : spoken;
    Modality first = modality(Role.STUDENT, own, perClass, seed);
    if (pairing == Pairs.EXAMPLE) {
      int[] partners = own.partners(others);
      Split beside = others.splitBeside(partners, first.split());
      Modality second =
          Modality.of(kind(Role.OTHER), others.samples(), beside)
              .withQuality(others.qualityOrNull());
      Pairing pairs = ExamplePairing.of(partners, first.split(), beside, control, seed);
      return new PreparedData(first, second, pairs, List.of());
    }
    Modality second = modality(Role.OTHER, others, otherPerClass, seed);
    return new PreparedData(first, second, new ClassPairing(first, second, control), List.of());
  }

  private Modality modality(Role role, LabelledSamples all, int limit, long seed) {
    int most = limit == 0 ? Integer.MAX_VALUE : limit;
    Split split = all.split(new Choice(validationFraction, most, seed));
    return Modality.of(kind(role), all.samples(), split).withQuality(all.qualityOrNull());
  }
}
