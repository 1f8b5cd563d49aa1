package org.crossdistill.loss;

import org.crossdistill.CrossdistillException;

/** An argument of a loss, a tensor or an option, is not what it must be. */
public final class TensorException extends CrossdistillException {

  /**
   * @param message one line: the argument, what was expected and what was found
   */
  public TensorException(String message) {
    super(message);
  }

  /**
   * @param message one line: the argument, what was expected and what was found
   * @param cause what led to it
   */
  public TensorException(String message, Throwable cause) {
    super(message, cause);
  }
}
