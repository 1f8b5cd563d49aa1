package org.crossdistill.eval;

import org.crossdistill.CrossdistillException;

/**
 * Something that cannot be measured, read back or drawn: the one-line message says what and why.
 */
public class EvalException extends CrossdistillException {

  /**
   * @param message one line: what was expected and what was found
   */
  public EvalException(String message) {
    super(message);
  }

  /**
   * @param message one line: what was expected and what was found
   * @param cause what led to it
   */
  public EvalException(String message, Throwable cause) {
    super(message, cause);
  }
}
