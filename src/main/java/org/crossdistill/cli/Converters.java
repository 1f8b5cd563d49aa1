package org.crossdistill.cli;

import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import org.crossdistill.CrossdistillException;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.Labelled;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Options that are given by a label. */
final class Converters {

  private Converters() {}

  /** "cuda", "cpu", "reference". */
  static final class OfBackend implements ITypeConverter<Backend> {
    @Override
    public Backend convert(String text) {
      return parse(Backend.class, text);
    }
  }

  /** "f64", "f32", "bf16", "f16". */
  static final class OfDType implements ITypeConverter<DType> {
    @Override
    public DType convert(String text) {
      return parse(DType.class, text);
    }
  }

  /** A folder for results. The empty name, which would be the current one, is none. */
  static final class OfFolder implements ITypeConverter<Path> {
    @Override
    public Path convert(String text) {
      if (text.isBlank()) {
        throw new TypeConversionException("expected the name of a folder; found '" + text + "'");
      }
      return Path.of(text);
    }
  }

  /** "90s", "60m", "2h". */
  static final class OfDuration implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
      try {
        Duration duration = Duration.parse("PT" + text);
        if (!duration.isNegative() && !duration.isZero()) {
          return duration;
        }
      } catch (DateTimeParseException e) {
        // Said below.
      }
      throw new TypeConversionException(
          "expected a time such as 90s, 60m, 2h or 1h30m; found '" + text + "'");
    }
  }

  private static <E extends Enum<E> & Labelled> E parse(Class<E> type, String text) {
    try {
      return Labelled.parse(type, "option", text);
    } catch (CrossdistillException e) {
      throw new TypeConversionException(
          "expected one of " + Labelled.labels(type) + "; found '" + text + "'");
    }
  }
}
