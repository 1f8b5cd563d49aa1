package org.crossdistill.data;

/** There is no room left for a file: what else is written there will fail, too. */
public final class FullDiskException extends DataException {

  /**
   * @param message one line: the file or folder; what was expected; what was found
   */
  public FullDiskException(String message) {
    super(message);
  }

  /**
   * @param message one line: the file or folder; what was expected; what was found
   * @param cause what led to it
   */
  FullDiskException(String message, Throwable cause) {
    super(message, cause);
  }
}
