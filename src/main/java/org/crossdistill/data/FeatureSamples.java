package org.crossdistill.data;

/**
 * Rows of features, which a network sees as they are.
 *
 * @param rows [N][features], N ≥ 1
 */
public record FeatureSamples(float[][] rows) implements Samples {

  /**
   * Checks the rows, and keeps them without a copy.
   *
   * @throws DataException if there are none, or naming the first whose length is not the others'
   */
  public FeatureSamples {
    if (rows.length == 0) {
      throw new DataException("features: expected at least one row, found none");
    }
    for (int i = 0; i < rows.length; i++) {
      if (rows[i].length != rows[0].length) {
        throw new DataException(
            "features: expected %d values in each row, found %d in row %d"
                .formatted(rows[0].length, rows[i].length, i));
      }
    }
  }

  @Override
  public int size() {
    return rows.length;
  }

  @Override
  public long[] shape() {
    return new long[] {rows[0].length};
  }

  @Override
  public void write(int sample, float[] out, int to) {
    System.arraycopy(rows[sample], 0, out, to, rows[sample].length);
  }
}
