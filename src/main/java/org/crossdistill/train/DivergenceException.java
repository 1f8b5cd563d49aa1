package org.crossdistill.train;

import org.crossdistill.CrossdistillException;

/** A training whose loss is no longer a finite number. */
public final class DivergenceException extends CrossdistillException {

  /**
   * @param message one line: the epoch, the term, its value
   */
  public DivergenceException(String message) {
    super(message);
  }
}
