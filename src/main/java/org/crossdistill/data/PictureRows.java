package org.crossdistill.data;

import java.util.List;
import java.util.random.RandomGenerator;

/**
 * The pictures of a data set as rows for a network, shrunk once and kept as ink. Immutable and
 * thread-safe.
 */
public final class PictureRows {

  private final PictureTransform transform;
  private final float[] ink;
  private final int size;

  private PictureRows(PictureTransform transform, float[] ink, int size) {
    this.transform = transform;
    this.ink = ink;
    this.size = size;
  }

  /**
   * Shrinks pictures.
   *
   * @param pictures of any sizes
   * @param transform applied to each
   * @return one row per picture
   */
  public static PictureRows of(List<Picture> pictures, PictureTransform transform) {
    int length = transform.length();
    float[] ink = new float[Math.multiplyExact(pictures.size(), length)];
    for (int i = 0; i < pictures.size(); i++) {
      System.arraycopy(transform.ink(pictures.get(i)), 0, ink, i * length, length);
    }
    return new PictureRows(transform, ink, pictures.size());
  }

  /**
   * Shrinks the pictures of a data set.
   *
   * @param samples rows come in their order
   * @param transform applied to each picture
   * @return one row per sample
   */
  public static PictureRows of(PairedSamples samples, PictureTransform transform) {
    return of(samples.samples().stream().map(PairedSample::picture).toList(), transform);
  }

  /** {@return number of pictures} */
  public int size() {
    return size;
  }

  /** {@return floats of one picture} */
  public int length() {
    return transform.length();
  }

  /**
   * Collects pictures as they are, for evaluation.
   *
   * @param pictures indices of n pictures
   * @return normalised [n, 3, side, side]
   */
  public float[] plain(int[] pictures) {
    int length = length();
    float[] rows = new float[pictures.length * length];
    for (int i = 0; i < pictures.length; i++) {
      System.arraycopy(ink, pictures[i] * length, rows, i * length, length);
    }
    transform.normalise(rows);
    return rows;
  }

  /**
   * Collects varied pictures, for training.
   *
   * @param pictures indices of n pictures
   * @param augmentation ranges of the variation
   * @param random consumed in the order of the pictures
   * @return normalised [n, 3, side, side]
   */
  public float[] augmented(
      int[] pictures, PictureAugmentation augmentation, RandomGenerator random) {
    PictureAugmenter augmenter = new PictureAugmenter(transform.size(), augmentation);
    int length = length();
    float[] rows = new float[pictures.length * length];
    for (int i = 0; i < pictures.length; i++) {
      augmenter.augment(ink, pictures[i] * length, random, rows, i * length);
    }
    transform.normalise(rows);
    return rows;
  }
}
