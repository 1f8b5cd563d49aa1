package org.crossdistill.kernel;

import java.util.Optional;

/** A setting from a system property or, without one, from an environment variable. */
final class Settings {

  private Settings() {}

  static Optional<String> get(String property, String environment) {
    String value = System.getProperty(property);
    if (value == null || value.isEmpty()) {
      value = System.getenv(environment);
    }
    return Optional.ofNullable(value).filter(text -> !text.isEmpty());
  }
}
