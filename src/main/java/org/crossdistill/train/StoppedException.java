package org.crossdistill.train;

import org.crossdistill.CrossdistillException;

/** Work that was asked to stop, where there is nothing to resume. */
public final class StoppedException extends CrossdistillException {

  /**
   * @param message one line: what there is in spite of it
   */
  StoppedException(String message) {
    super(message);
  }
}
