package org.crossdistill.data;

import java.util.Arrays;
import java.util.List;

/** A sparse matrix of float, row by row. Immutable. */
public final class SparseRows {

  private final int columns;
  private final int[][] indices;
  private final float[][] values;

  private SparseRows(int columns, int[][] indices, float[][] values) {
    this.columns = columns;
    this.indices = indices;
    this.values = values;
  }

  /** One row: ascending columns and their values. Takes over the arrays. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Row(int[] indices, float[] values) {}

  static SparseRows of(int columns, List<Row> rows) {
    return new SparseRows(
        columns,
        rows.stream().map(Row::indices).toArray(int[][]::new),
        rows.stream().map(Row::values).toArray(float[][]::new));
  }

  /** {@return number of rows} */
  public int rows() {
    return indices.length;
  }

  /** {@return number of columns} */
  public int columns() {
    return columns;
  }

  /**
   * Reads where a row is not zero.
   *
   * @param row index
   * @return ascending columns, a copy
   */
  public int[] indices(int row) {
    return indices[row].clone();
  }

  /**
   * Reads what a row holds there.
   *
   * @param row index
   * @return one value for each of {@link #indices}, a copy
   */
  public float[] values(int row) {
    return values[row].clone();
  }

  /** {@return [rows][columns] with all zeros} */
  public float[][] toDense() {
    float[][] dense = new float[rows()][columns];
    for (int row = 0; row < dense.length; row++) {
      for (int i = 0; i < indices[row].length; i++) {
        dense[row][indices[row][i]] = values[row][i];
      }
    }
    return dense;
  }

  @Override
  public String toString() {
    int filled = Arrays.stream(indices).mapToInt(row -> row.length).sum();
    return "sparse [" + rows() + ", " + columns + "] with " + filled + " values";
  }
}
