package org.crossdistill.train;

import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.data.PictureAugmentation;
import org.crossdistill.method.Batch;
import org.crossdistill.method.Batch.Side;
import org.crossdistill.nn.Tensors;

/**
 * The student's training samples, varied anew in every epoch, with what the teacher says of their
 * partners.
 */
final class PairedSet implements TrainingSet {

  /** What a batch holds of the other modality. */
  enum Other {
    NOTHING,
    /** What the teacher says of its samples. */
    ANSWERS,
    /** That, where there is a teacher, and the samples themselves. */
    INPUTS
  }

  private final PreparedData data;
  private final Teacher teacher;
  private final Other contents;
  private final PictureAugmentation augmentation;
  private final int[] train;
  private final int[] otherTrain;

  /**
   * @param teacherOrNull null where the method needs none
   */
  PairedSet(
      PreparedData data, Teacher teacherOrNull, Other contents, PictureAugmentation augmentation) {
    this.data = data;
    this.teacher = teacherOrNull;
    this.contents = contents;
    this.augmentation = augmentation;
    train = data.student().train();
    otherTrain = data.other().train();
  }

  @Override
  public int size() {
    return train.length;
  }

  @Override
  public int otherSize() {
    return otherTrain.length;
  }

  @Override
  public int[] partners(int[] rows, RandomGenerator random) {
    return contents == Other.NOTHING ? rows : data.pairing().partners(rows, random);
  }

  @Override
  public Batch batch(int[] rows, int[] others, RandomGenerator random, double progress) {
    int[] samples = IntStream.of(rows).map(row -> train[row]).toArray();
    Modality modality = data.student();
    Tensor input = SampleTensors.varied(modality.samples(), samples, augmentation, random);
    Side student = side(modality, samples, input);
    Side other = contents == Other.NOTHING ? null : other(others, random);
    Tensor indices = Tensor.create(IntStream.of(rows).asLongStream().toArray());
    return new Batch(student, other, indices, progress);
  }

  private Side other(int[] rows, RandomGenerator random) {
    int[] samples = IntStream.of(rows).map(row -> otherTrain[row]).toArray();
    Modality modality = data.other();
    return other(
        samples, () -> SampleTensors.varied(modality.samples(), samples, augmentation, random));
  }

  private Side other(int[] samples, Supplier<Tensor> input) {
    Side side = side(data.other(), samples, contents == Other.INPUTS ? input.get() : null);
    return teacher == null
        ? side
        : side.with(select(teacher.embeddings(), samples), select(teacher.logits(), samples));
  }

  /**
   * Samples of any part of data whose two modalities are numbered alike, as they are.
   *
   * @param samples indices among all of the data's samples
   */
  Batch plain(int[] samples) {
    Tensor input = SampleTensors.plain(data.student().samples(), samples);
    Side student = side(data.student(), samples, input);
    Side other = other(samples, () -> SampleTensors.plain(data.other().samples(), samples));
    return new Batch(student, other, null, 0);
  }

  private static Side side(Modality modality, int[] samples, Tensor input) {
    return Side.of(input, SampleTensors.labels(modality, samples))
        .withQuality(SampleTensors.qualityOrNull(modality, samples));
  }

  private static Tensor select(float[][] rowsOrNull, int[] indices) {
    return rowsOrNull == null
        ? null
        : Tensors.of(IntStream.of(indices).mapToObj(i -> rowsOrNull[i]).toArray(float[][]::new));
  }
}
