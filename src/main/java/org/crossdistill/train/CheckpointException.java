package org.crossdistill.train;

import org.crossdistill.CrossdistillException;

/** A model or checkpoint file that this version cannot use. */
public final class CheckpointException extends CrossdistillException {

  /**
   * @param message one line: the file, the tensor or key, what was expected, what was found
   */
  public CheckpointException(String message) {
    super(message);
  }
}
