package org.crossdistill.nn;

import org.crossdistill.CrossdistillException;

/** A network was built or fed in a way it cannot work with. */
public final class NetworkException extends CrossdistillException {

  /**
   * @param message one line: what was expected and what was found
   */
  public NetworkException(String message) {
    super(message);
  }
}
