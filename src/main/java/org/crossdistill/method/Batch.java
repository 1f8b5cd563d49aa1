package org.crossdistill.method;

import org.bytedeco.pytorch.Tensor;
import org.crossdistill.nn.Tensors;

/**
 * What one training step sees.
 *
 * @param student rows of the modality that the student takes
 * @param teacher rows of the other modality: those paired with the student's row by row, or, for an
 *     unpaired method, some of their own; null where the method needs none
 * @param samples index of each of the student's rows among all training samples, [B], int64; null
 *     where it is not known
 * @param progress share of the training that is done, in [0, 1)
 */
public record Batch(Side student, Side teacher, Tensor samples, double progress) {

  /**
   * @throws MethodException if there are no rows of the student's modality
   */
  public Batch {
    if (student == null) {
      throw missing("student");
    }
  }

  /**
   * Rows of one modality; null for what the data or the method don't have.
   *
   * @param input of the modality's backbone, [B, …], f32
   * @param embedding of the frozen teacher, computed before, [B, D_t], f32
   * @param logits of the frozen teacher's classifier, computed before, [B, C], f32
   * @param labels class of each row, or −100 where it is not known, [B], int64
   * @param quality of each row as the user measured it, [B], f32; null = by the embedding's norm
   */
  public record Side(Tensor input, Tensor embedding, Tensor logits, Tensor labels, Tensor quality) {

    /** Rows with labels for a backbone. */
    public static Side of(Tensor input, Tensor labels) {
      return new Side(input, null, null, labels, null);
    }

    /** The same rows with what the frozen teacher says of them; either may be null. */
    public Side with(Tensor teacherEmbedding, Tensor teacherLogits) {
      return new Side(input, teacherEmbedding, teacherLogits, labels, quality);
    }

    /** The same rows with their measured quality; may be null. */
    public Side withQuality(Tensor measured) {
      return new Side(input, embedding, logits, labels, measured);
    }
  }

  /** A batch for methods that need the student's side alone. */
  public static Batch of(Tensor input, Tensor labels, double progress) {
    return new Batch(Side.of(input, labels), null, null, progress);
  }

  /** The same with another modality's rows. */
  public Batch with(Side other) {
    return new Batch(student, other, samples, progress);
  }

  /**
   * Labels of the student's rows.
   *
   * @throws MethodException if the batch holds none
   */
  public Tensor labels() {
    return held("student.labels", student.labels);
  }

  // What a method reads, each a MethodException where the batch does not hold it.

  Tensor studentInput() {
    return held("student.input", student.input);
  }

  Tensor teacherInput() {
    return held("teacher.input", other().input);
  }

  Tensor teacherEmbedding() {
    return held("teacher.embedding", other().embedding);
  }

  Tensor teacherLogits() {
    return held("teacher.logits", other().logits);
  }

  Tensor teacherLabels() {
    return held("teacher.labels", other().labels);
  }

  /** {@link #samples}, for a method that cannot do without. */
  Tensor sampleIndices() {
    return held("samples", samples);
  }

  private Side other() {
    if (teacher == null) {
      throw missing("teacher");
    }
    return teacher;
  }

  private static Tensor held(String name, Tensor tensor) {
    if (!Tensors.isGiven(tensor)) {
      throw missing(name);
    }
    return tensor;
  }

  private static MethodException missing(String name) {
    return new MethodException("batch: expected " + name + ", which the method reads, found none");
  }
}
