package org.crossdistill.kernel;

import org.bytedeco.javacpp.Pointer;

/**
 * Rows in native memory, or none.
 *
 * @param data first element; null for no matrix
 * @param stride elements from one row to the next
 */
public record Matrix(Pointer data, long stride) {

  /** No matrix: for an output that is not wanted. */
  public static final Matrix NONE = new Matrix(null, 0);
}
