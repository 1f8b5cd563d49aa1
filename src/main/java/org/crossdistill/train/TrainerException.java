package org.crossdistill.train;

import org.crossdistill.CrossdistillException;

/** A trainer that cannot go on, or a training set whose answers are not what was asked for. */
public final class TrainerException extends CrossdistillException {

  /**
   * @param message one line: what was expected and what was found
   */
  public TrainerException(String message) {
    super(message);
  }
}
