package org.crossdistill.method;

import org.crossdistill.CrossdistillException;

/** A method that cannot work with the data, the networks or the options it was given. */
public final class MethodException extends CrossdistillException {

  /**
   * @param message one line: the method, what it needs, what was found
   */
  public MethodException(String message) {
    super(message);
  }
}
