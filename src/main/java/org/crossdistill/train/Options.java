package org.crossdistill.train;

/** Range checks that the option records share. */
final class Options {

  private Options() {}

  /** Fails with one line that names the key, what was expected and what was found. */
  static void require(boolean holds, String key, String expected, Object found) {
    if (!holds) {
      throw new ConfigException(key + ": expected " + expected + ", found " + found);
    }
  }
}
