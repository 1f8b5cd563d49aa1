package org.crossdistill.train;

import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.data.PictureAugmenter;
import org.crossdistill.data.PictureTransform;
import org.crossdistill.method.Batch;
import org.crossdistill.nn.Tensors;

/**
 * The training pictures, augmented anew in every epoch, with what the teacher says of their texts.
 */
final class PictureSet implements TrainingSet {

  private final PreparedData data;
  private final Teacher teacher;
  private final PictureAugmenter augmenter;
  private final PictureTransform transform;

  /**
   * @param teacherOrNull null where the method needs none
   */
  PictureSet(
      PreparedData data,
      Teacher teacherOrNull,
      PictureAugmenter augmenter,
      PictureTransform transform) {
    this.data = data;
    this.teacher = teacherOrNull;
    this.augmenter = augmenter;
    this.transform = transform;
  }

  @Override
  public int size() {
    return data.train().length;
  }

  @Override
  public Batch batch(int[] rows, RandomGenerator random, double progress) {
    int values = transform.length();
    float[] pictures = new float[rows.length * values];
    float[][] embeddings = new float[rows.length][];
    float[][] logits = new float[rows.length][];
    long[] labels = new long[rows.length];
    for (int i = 0; i < rows.length; i++) {
      int sample = data.train()[rows[i]];
      augmenter.augment(data.pictures()[sample], 0, random, pictures, i * values);
      labels[i] = data.labels()[sample];
      if (teacher != null) {
        int partner = data.partner()[sample];
        embeddings[i] = teacher.embeddings()[partner];
        logits[i] = teacher.logits() == null ? null : teacher.logits()[partner];
      }
    }
    transform.normalise(pictures);
    Tensor input = Tensor.create(pictures, rows.length, 3, transform.size(), transform.size());
    return new Batch(
        input,
        teacher == null ? null : Tensors.of(embeddings),
        teacher == null || teacher.logits() == null ? null : Tensors.of(logits),
        Tensor.create(labels),
        null,
        null,
        progress);
  }
}
