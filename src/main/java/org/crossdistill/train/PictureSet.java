package org.crossdistill.train;

import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.data.PictureAugmenter;
import org.crossdistill.data.PictureTransform;
import org.crossdistill.method.Batch;
import org.crossdistill.method.Batch.Side;
import org.crossdistill.nn.Tensors;

/**
 * The training pictures, augmented anew in every epoch, with what the teacher says of their texts.
 */
final class PictureSet implements TrainingSet {

  private final PreparedData data;
  private final Teacher teacher;
  private final boolean withInputs;
  private final PictureAugmenter augmenter;
  private final PictureTransform transform;

  /**
   * @param teacherOrNull null where the method needs none
   * @param withInputs whether the method has networks that take the texts
   */
  PictureSet(
      PreparedData data,
      Teacher teacherOrNull,
      boolean withInputs,
      PictureAugmenter augmenter,
      PictureTransform transform) {
    this.data = data;
    this.teacher = teacherOrNull;
    this.withInputs = withInputs;
    this.augmenter = augmenter;
    this.transform = transform;
  }

  @Override
  public int size() {
    return data.train().length;
  }

  @Override
  public Batch batch(int[] rows, int[] others, RandomGenerator random, double progress) {
    int values = transform.length();
    float[] pictures = new float[rows.length * values];
    long[] labels = new long[rows.length];
    long[] samples = new long[rows.length];
    for (int i = 0; i < rows.length; i++) {
      int sample = data.train()[rows[i]];
      augmenter.augment(data.pictures()[sample], 0, random, pictures, i * values);
      labels[i] = data.labels()[sample];
      samples[i] = rows[i];
    }
    transform.normalise(pictures);
    Tensor input = Tensor.create(pictures, rows.length, 3, transform.size(), transform.size());
    Side student = Side.of(input, Tensor.create(labels));
    Side texts = teacher == null ? null : texts(others);
    return new Batch(student, texts, Tensor.create(samples), progress);
  }

  private Side texts(int[] rows) {
    int[] partners = IntStream.of(rows).map(row -> data.partner()[data.train()[row]]).toArray();
    long[] labels = IntStream.of(partners).mapToLong(sample -> data.labels()[sample]).toArray();
    Tensor input = withInputs ? select(teacher.features(), partners) : null;
    Tensor logits = teacher.logits() == null ? null : select(teacher.logits(), partners);
    return Side.of(input, Tensor.create(labels))
        .with(select(teacher.embeddings(), partners), logits);
  }

  private static Tensor select(float[][] rows, int[] indices) {
    return Tensors.of(IntStream.of(indices).mapToObj(i -> rows[i]).toArray(float[][]::new));
  }
}
