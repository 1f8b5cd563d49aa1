/**
 * Metrics, and what is written of them: tables, {@code summary.json}, plots and picture grids.
 *
 * <p>The metrics are plain Java on {@code float[][]} embeddings in C order and {@code int[]}
 * labels, without gradients and without LibTorch; {@link org.crossdistill.eval.OpenSet} computes
 * all numbers of an open-set experiment at once. Everything is deterministic, and nothing here
 * writes a file: tables are strings, the others bytes. All fractions are between 0 and 1 until a
 * table shows them in percent.
 */
package org.crossdistill.eval;
