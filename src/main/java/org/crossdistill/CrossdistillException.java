package org.crossdistill;

/**
 * Base of all exceptions that this library throws on purpose. The message is one line that names
 * what was wrong, what was expected and what was found.
 */
public class CrossdistillException extends RuntimeException {

  /**
   * @param message one line: the file, row, tensor or key; what was expected; what was found
   */
  public CrossdistillException(String message) {
    super(message);
  }

  /**
   * @param message one line: the file, row, tensor or key; what was expected; what was found
   * @param cause what led to it
   */
  public CrossdistillException(String message, Throwable cause) {
    super(message, cause);
  }
}
