package org.crossdistill.method;

import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.crossdistill.loss.CrdLoss.Candidates;
import org.crossdistill.nn.Init;
import org.crossdistill.nn.Module;
import org.crossdistill.nn.Tensors;

/**
 * What {@link Crd} remembers of every training sample: an embedding of the student and one of the
 * teacher, and the two normalisers, which the first batch sets.
 */
final class CrdMemory extends Module {

  /** The memory of the student's embeddings. */
  static final int STUDENTS = 0;

  /** The memory of the teacher's embeddings. */
  static final int TEACHERS = 1;

  private static final long PRODUCT_PAYS = 8;

  private final int samples;
  private final int negatives;
  private final double momentum;
  private final long uneven;
  private final Tensor students;
  private final Tensor teachers;
  private final Tensor normalisers;
  private GeneratorOptional generator;

  CrdMemory(RandomGenerator random, int samples, int size, int negatives, double momentum) {
    this.samples = samples;
    this.negatives = negatives;
    this.momentum = momentum;
    uneven = (1L << 32) % (samples - 1);
    students = buffer("students", Init.unitRows(random, samples, size));
    teachers = buffer("teachers", Init.unitRows(random, samples, size));
    // At a small temperature Z is beyond f32.
    TensorOptions f64 = new TensorOptions(torch.ScalarType.Double);
    normalisers = buffer("normalisers", torch.zeros(new long[] {2}, f64));
  }

  @Override
  public void randomness(Generator source) {
    generator = new GeneratorOptional(source);
    generator.retainReference();
  }

  int samples() {
    return samples;
  }

  /**
   * Whom the rows of a batch are compared with: each with itself and m others, drawn with
   * replacement. There is one of the two tensors.
   *
   * @param own the batch's samples [B], int64
   * @param counts how often each of all N samples counts, the own one once, [B, N], f32
   * @param chosen the own sample and those drawn, [B, 1 + m], int64
   */
  record Draw(Tensor own, Tensor counts, Tensor chosen) {}

  /**
   * Draws for samples [B], int64.
   *
   * @throws MethodException for one that is not among the training samples
   */
  Draw draw(Tensor own) {
    if (generator == null) {
      throw new MethodException("crd: no randomness was set before training");
    }
    Tensor seed = torch.zeros(new long[] {1}, new TensorOptions(torch.ScalarType.Long));
    SplittableRandom random = new SplittableRandom(seed.random_(generator).item_long());
    long[] samplesOfBatch = indices(own);
    if (samples <= PRODUCT_PAYS * (1 + negatives)) {
      return new Draw(own, counts(random, samplesOfBatch), null);
    }
    return new Draw(own, null, chosen(random, samplesOfBatch));
  }

  private long[] indices(Tensor own) {
    long[] indices = Tensors.longs(own);
    for (int i = 0; i < indices.length; i++) {
      if (indices[i] < 0 || indices[i] >= samples) {
        throw new MethodException(
            "crd: samples: expected 0 to "
                + (samples - 1)
                + ", found "
                + indices[i]
                + " in row "
                + i);
      }
    }
    return indices;
  }

  private Tensor counts(SplittableRandom random, long[] own) {
    float[] counts = new float[Math.multiplyExact(own.length, samples)];
    for (int i = 0; i < own.length; i++) {
      counts[i * samples + (int) own[i]] = 1;
      for (int draw = 0; draw < negatives; draw++) {
        counts[i * samples + other(random, own[i])]++;
      }
    }
    return Tensor.create(counts, own.length, samples);
  }

  private Tensor chosen(SplittableRandom random, long[] own) {
    int columns = 1 + negatives;
    long[] chosen = new long[Math.multiplyExact(own.length, columns)];
    for (int i = 0; i < own.length; i++) {
      chosen[i * columns] = own[i];
      for (int draw = 1; draw < columns; draw++) {
        chosen[i * columns + draw] = other(random, own[i]);
      }
    }
    return Tensor.create(chosen, own.length, columns);
  }

  /**
   * Any sample but one, each as likely (Lemire, ACM TOMACS 2019): the upper half of 32 random bits
   * times their number. {@code nextInt} divides, which takes most of a step's draws.
   */
  private int other(SplittableRandom random, long own) {
    long others = samples - 1L;
    long product;
    do {
      product = (random.nextLong() >>> 32) * others;
    } while ((product & 0xffff_ffffL) < uneven);
    long drawn = product >>> 32;
    return (int) (drawn < own ? drawn : drawn + 1);
  }

  /** What is remembered of the student's embeddings. */
  Candidates students(Draw draw) {
    return candidates(students, draw);
  }

  /** What is remembered of the teacher's embeddings. */
  Candidates teachers(Draw draw) {
    return candidates(teachers, draw);
  }

  /**
   * Products with all samples cost less than collecting the rows of those drawn, unless there are
   * many more samples than draws.
   */
  private Candidates candidates(Tensor memory, Draw draw) {
    if (draw.chosen == null) {
      return new Candidates(memory, draw.own, draw.counts, negatives);
    }
    long rows = draw.own.size(0);
    Tensor collected =
        memory
            .index_select(0, draw.chosen.reshape(-1))
            .reshape(rows, 1 + negatives, memory.size(1));
    return new Candidates(collected, torch.zeros_like(draw.own), null, negatives);
  }

  /** Z of a memory; the first call sets it. */
  double normaliser(int memory, DoubleSupplier first) {
    Tensor z = normalisers.select(0, memory);
    if (z.item_double() == 0) {
      z.fill_(new Scalar(first.getAsDouble()));
    }
    return z.item_double();
  }

  /** Mixes the new embeddings [B, d] into the memories. */
  void update(Tensor own, Tensor student, Tensor teacher) {
    try (NoGradGuard noGrad = new NoGradGuard()) {
      mix(students, own, student.detach());
      mix(teachers, own, teacher.detach());
    }
  }

  private void mix(Tensor memory, Tensor own, Tensor fresh) {
    Tensor mixed =
        memory
            .index_select(0, own)
            .mul(new Scalar(momentum))
            .add(fresh.mul(new Scalar(1 - momentum)));
    memory.index_copy_(0, own, Tensors.normalize(mixed));
  }
}
