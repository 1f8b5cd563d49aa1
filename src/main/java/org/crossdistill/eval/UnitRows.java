package org.crossdistill.eval;

import java.util.Arrays;

/**
 * Embeddings [N, D] scaled to length 1, in double precision, ready for many cosines. A row shorter
 * than 1e-12 has no direction: it stays zero, and its cosine with anything is 0. Immutable, so safe
 * for any number of threads.
 */
final class UnitRows {
  private static final double SHORTEST = 1e-12;

  private final double[][] rows; // [N][D]
  private final double[][] columns; // [D][N], so that one row meets all others in a loop over N

  private UnitRows(double[][] rows, int width) {
    for (double[] row : rows) {
      normalize(row);
    }
    this.rows = rows;
    this.columns = transpose(rows, width);
  }

  /**
   * @param name what the embeddings are, for the error message
   * @param embeddings [N, D], N ≥ 1, D ≥ 1, finite
   */
  static UnitRows of(String name, float[][] embeddings) {
    int width = checkedWidth(name, embeddings);
    double[][] rows = new double[embeddings.length][width];
    for (int i = 0; i < rows.length; i++) {
      for (int d = 0; d < width; d++) {
        rows[i][d] = embeddings[i][d];
      }
    }
    return new UnitRows(rows, width);
  }

  int count() {
    return rows.length;
  }

  int width() {
    return columns.length;
  }

  /** The mean of each group's unit rows, scaled to length 1 again: one prototype a group. */
  UnitRows prototypes(int[][] groups) {
    double[][] means = new double[groups.length][width()];
    for (int g = 0; g < groups.length; g++) {
      for (int member : groups[g]) {
        for (int d = 0; d < width(); d++) {
          means[g][d] += rows[member][d];
        }
      }
    }
    return new UnitRows(means, width());
  }

  /**
   * Writes the cosines of one row with {@code others}' rows {@code from} and up into {@code out} at
   * the same positions; what stands before {@code from} stays.
   */
  void cosines(int row, UnitRows others, int from, double[] out) {
    int to = others.count();
    Arrays.fill(out, from, to, 0);
    // The inner loop runs over independent sums: the compiler vectorizes it, and each sum still
    // has one fixed order of additions.
    for (int d = 0; d < columns.length; d++) {
      double factor = rows[row][d];
      double[] column = others.columns[d];
      for (int j = from; j < to; j++) {
        out[j] += factor * column[j];
      }
    }
  }

  /** Refuses to compare embeddings of different widths. */
  static void requireSameWidth(String nameA, UnitRows a, String nameB, UnitRows b) {
    if (a.width() != b.width()) {
      throw new EvalException(
          "%s and %s must have the same width, found %d and %d"
              .formatted(nameA, nameB, a.width(), b.width()));
    }
  }

  private static int checkedWidth(String name, float[][] embeddings) {
    if (embeddings.length == 0 || embeddings[0].length == 0) {
      throw new EvalException(name + ": expected at least one row and one column, found none");
    }
    int width = embeddings[0].length;
    for (int i = 0; i < embeddings.length; i++) {
      if (embeddings[i].length != width) {
        throw new EvalException(
            "%s: row %d has %d columns, expected %d as in row 0"
                .formatted(name, i, embeddings[i].length, width));
      }
      for (int d = 0; d < width; d++) {
        if (!Float.isFinite(embeddings[i][d])) {
          throw new EvalException(
              "%s: row %d, column %d is %s, expected a finite number"
                  .formatted(name, i, d, embeddings[i][d]));
        }
      }
    }
    return width;
  }

  private static void normalize(double[] row) {
    double squares = 0;
    for (double x : row) {
      squares += x * x;
    }
    double norm = Math.sqrt(squares);
    double scale = norm < SHORTEST ? 0 : 1 / norm;
    for (int d = 0; d < row.length; d++) {
      row[d] *= scale;
    }
  }

  private static double[][] transpose(double[][] rows, int width) {
    double[][] columns = new double[width][rows.length];
    for (int i = 0; i < rows.length; i++) {
      for (int d = 0; d < width; d++) {
        columns[d][i] = rows[i][d];
      }
    }
    return columns;
  }
}
