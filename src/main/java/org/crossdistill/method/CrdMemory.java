package org.crossdistill.method;

import java.util.function.DoubleSupplier;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
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
  private final Tensor students;
  private final Tensor teachers;
  private final Tensor normalisers;
  private GeneratorOptional generator;

  CrdMemory(RandomGenerator random, int samples, int size, int negatives, double momentum) {
    this.samples = samples;
    this.negatives = negatives;
    this.momentum = momentum;
    students = buffer("students", Init.unitRows(random, samples, size));
    teachers = buffer("teachers", Init.unitRows(random, samples, size));
    normalisers = buffer("normalisers", Init.constant(0, 2));
  }

  @Override
  public void randomness(Generator source) {
    generator = new GeneratorOptional(source);
    generator.retainReference();
  }

  int samples() {
    return samples;
  }

  /** For each of B samples itself and then m others, drawn with replacement: [B, 1 + m]. */
  Tensor candidates(Tensor own) {
    if (own == null) {
      throw new MethodException("crd needs the index of each training sample, found none");
    }
    if (generator == null) {
      throw new MethodException("crd: no randomness was set before training");
    }
    Tensor first = own.unsqueeze(1);
    Tensor drawn = torch.randint(1, samples, new long[] {own.size(0), negatives}, generator);
    // A shift between 1 and N − 1 leads to any sample but itself.
    Tensor others = drawn.to(torch.ScalarType.Long).add_(first);
    others =
        others.sub_(
            others.ge(new Scalar(samples)).to(torch.ScalarType.Long).mul_(new Scalar(samples)));
    return torch.cat(new TensorVector(first, others), 1);
  }

  /** Embeddings [B, d] by what is remembered of the student at candidates [B, 1 + m]. */
  Tensor students(Tensor embeddings, Tensor candidates) {
    return similarities(embeddings, students, candidates);
  }

  /** Embeddings [B, d] by what is remembered of the teacher at candidates [B, 1 + m]. */
  Tensor teachers(Tensor embeddings, Tensor candidates) {
    return similarities(embeddings, teachers, candidates);
  }

  /**
   * Dot products [B, 1 + m]. One matrix product with all samples costs less than collecting the
   * candidates' rows, unless there are many more samples than candidates.
   */
  private Tensor similarities(Tensor embeddings, Tensor memory, Tensor candidates) {
    if (samples <= PRODUCT_PAYS * candidates.size(1)) {
      // A copy, as the memory changes before the gradients are taken.
      return embeddings.mm(memory.clone().t()).gather(1, candidates);
    }
    Tensor rows =
        memory
            .index_select(0, candidates.reshape(-1))
            .reshape(candidates.size(0), candidates.size(1), memory.size(1));
    return rows.bmm(embeddings.unsqueeze(2)).squeeze(2);
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
