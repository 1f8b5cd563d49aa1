package org.crossdistill.train;

import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.loss.MarginClassifierLoss;
import org.crossdistill.method.Batch;
import org.crossdistill.method.Cmd;
import org.crossdistill.method.CmdOptions;
import org.crossdistill.method.Method;
import org.crossdistill.method.MethodContext;
import org.crossdistill.method.StudentAlone;
import org.crossdistill.nn.SmallResNet;
import org.crossdistill.nn.Tensors;

/** Small random pictures with teacher embeddings that know the class. */
final class SyntheticPairs implements TrainingSet {

  static final int CLASSES = 3;
  static final int SIZE = 8;
  private static final int EMBEDDING = 6;

  private final float[][] pictures;
  private final float[][] teacher;
  private final long[] labels;

  SyntheticPairs(int count) {
    SplittableRandom random = new SplittableRandom(3);
    pictures = new float[count][3 * SIZE * SIZE];
    teacher = new float[count][EMBEDDING];
    labels = new long[count];
    for (int i = 0; i < count; i++) {
      labels[i] = i % CLASSES;
      for (int j = 0; j < pictures[i].length; j++) {
        pictures[i][j] = (float) (random.nextGaussian() + (j % CLASSES == labels[i] ? 1 : 0));
      }
      for (int j = 0; j < EMBEDDING; j++) {
        teacher[i][j] = (float) (random.nextGaussian() + (j % CLASSES == labels[i] ? 5 : 0));
      }
    }
  }

  @Override
  public int size() {
    return labels.length;
  }

  @Override
  public Batch batch(int[] rows, int[] others, RandomGenerator random, double progress) {
    float[] input = new float[rows.length * pictures[0].length];
    float[][] embeddings = new float[rows.length][];
    long[] classes = new long[rows.length];
    for (int i = 0; i < rows.length; i++) {
      for (int j = 0; j < pictures[0].length; j++) {
        float noise = (float) (0.1 * random.nextDouble());
        input[i * pictures[0].length + j] = pictures[rows[i]][j] + noise;
      }
      embeddings[i] = teacher[others[i]];
      classes[i] = labels[rows[i]];
    }
    Tensor pictureTensor = Tensor.create(input, rows.length, 3, SIZE, SIZE);
    Tensor classTensor = Tensor.create(classes);
    Batch.Side other = Batch.Side.of(null, classTensor).with(Tensors.of(embeddings), null);
    return Batch.of(pictureTensor, classTensor, progress).with(other);
  }

  /** CMD with all defaults on a small network. */
  static Method method(long seed) {
    return new Cmd(CmdOptions.defaults(), context(seed));
  }

  /** The same network without distillation. */
  static Method alone(long seed) {
    return new StudentAlone(StudentAlone.Options.defaults(), context(seed));
  }

  private static MethodContext context(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    SmallResNet student =
        new SmallResNet(random, new SmallResNet.Options(List.of(4, 4, 8), EMBEDDING, 0.2));
    MarginClassifierLoss.Options loss = MarginClassifierLoss.Options.defaults();
    return MethodContext.of(student, CLASSES, loss, random)
        .with(MethodContext.Teacher.ofEmbeddings(EMBEDDING));
  }
}
