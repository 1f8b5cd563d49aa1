package org.crossdistill.method;

import org.crossdistill.CrossdistillException;

/** A step that can't be computed, for a network or its data hold NaN or infinity. */
public final class NonFiniteException extends CrossdistillException {

  private final String term;

  /**
   * @param term of the loss that can't be computed
   * @param cause whose message says what was found where
   */
  public NonFiniteException(String term, CrossdistillException cause) {
    super(cause.getMessage(), cause);
    this.term = term;
  }

  /** The term of the loss that can't be computed. */
  public String term() {
    return term;
  }
}
