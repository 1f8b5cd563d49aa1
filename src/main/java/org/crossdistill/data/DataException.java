package org.crossdistill.data;

import org.crossdistill.CrossdistillException;

/** A file, a data set or an option of one is not as it must be. */
public class DataException extends CrossdistillException {

  /**
   * @param message one line: the file, sample or column; what was expected; what was found
   */
  public DataException(String message) {
    super(message);
  }

  /**
   * @param message one line: the file, sample or column; what was expected; what was found
   * @param cause what led to it
   */
  public DataException(String message, Throwable cause) {
    super(message, cause);
  }

  /** Fails with what a key expects and what was found, unless that is in [least, most]. */
  static void requireRange(String key, int value, int least, int most) {
    require(value >= least && value <= most, key, "from " + least + " to " + most, value);
  }

  /** Fails with what a key expects and what was found, unless that is in [0, 1]. */
  static void requireShare(String key, double value) {
    require(value >= 0 && value <= 1, key, "a number in [0, 1]", value);
  }

  /** Fails with what a key expects and what was found, unless it holds. */
  static void require(boolean holds, String key, String expected, Object found) {
    if (!holds) {
      throw new DataException(key + ": expected " + expected + ", found " + found);
    }
  }
}
