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
}
