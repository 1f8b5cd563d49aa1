package org.crossdistill.data;

/**
 * Rows of features, which a network sees as they are.
 *
 * @param rows [N][features]
 */
public record FeatureSamples(float[][] rows) implements Samples {

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
