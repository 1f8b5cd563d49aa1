package org.crossdistill.kernel;

import java.util.List;
import java.util.Optional;

/**
 * What the environment can pin: each a system property or, without one, an environment variable. An
 * empty one counts as none.
 */
public enum Settings {
  /** Whether the native library is used. */
  NATIVE(NativeLibrary.PROPERTY, NativeLibrary.ENVIRONMENT, "on, off"),
  /** What computes the losses. */
  BACKEND(Backends.PROPERTY, Backends.ENVIRONMENT, Backends.settings()),
  /** Instruction set of the CPU kernels; the native library reads it, so there is no property. */
  ISA(null, Isa.ENVIRONMENT, Labelled.labels(Isa.class));

  private final String propertyOrNull;
  private final String environment;

  /** Joined by ", ". */
  private final String known;

  Settings(String propertyOrNull, String environment, String known) {
    this.propertyOrNull = propertyOrNull;
    this.environment = environment;
    this.known = known;
  }

  /**
   * Fails if one of them has an unknown value.
   *
   * @throws SettingException naming the setting, its known values and what was found
   */
  public static void checkAll() {
    for (Settings setting : values()) {
      setting.get();
    }
  }

  /**
   * The value; empty where none is set.
   *
   * @throws SettingException if it is unknown
   */
  Optional<String> get() {
    String property = propertyOrNull == null ? null : System.getProperty(propertyOrNull);
    boolean fromProperty = property != null && !property.isEmpty();
    String value = fromProperty ? property : System.getenv(environment);
    if (value == null || value.isEmpty()) {
      return Optional.empty();
    }
    if (!List.of(known.split(", ", -1)).contains(value)) {
      throw new SettingException(
          (fromProperty ? propertyOrNull : environment)
              + ": expected one of "
              + known
              + "; found '"
              + value
              + "'");
    }
    return Optional.of(value);
  }
}
