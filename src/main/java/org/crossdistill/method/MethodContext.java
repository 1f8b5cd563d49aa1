package org.crossdistill.method;

import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.crossdistill.loss.MarginClassifierLoss;
import org.crossdistill.nn.Backbone;
import org.crossdistill.nn.Classifier;

/**
 * What a method is built on.
 *
 * @param student the backbone that is to be trained
 * @param teacher what there is of the other modality's teacher; never null
 * @param encoders new backbones of both modalities, for a method that has its own; null without
 * @param classes C, number of classes
 * @param samples number of training samples
 * @param identityLoss options of the student's identity loss
 * @param random source of the initial values of the method's networks
 */
public record MethodContext(
    Backbone student,
    Teacher teacher,
    Encoders encoders,
    int classes,
    int samples,
    MarginClassifierLoss.Options identityLoss,
    RandomGenerator random) {

  /**
   * The teacher, trained before.
   *
   * @param embeddingSize D_t, size of its embeddings; 0 without a teacher
   * @param classifier its matrix V; null without one
   * @param backbone its network, which takes {@link Batch.Side#input()}; null without one
   */
  public record Teacher(int embeddingSize, Classifier classifier, Backbone backbone) {

    /** No teacher. */
    public static final Teacher NONE = new Teacher(0, null, null);

    /** Embeddings alone. */
    public static Teacher ofEmbeddings(int size) {
      return new Teacher(size, null, null);
    }
  }

  /**
   * Makes untrained backbones.
   *
   * @param student for the student's modality
   * @param teacher for the other modality
   */
  public record Encoders(
      Function<RandomGenerator, Backbone> student, Function<RandomGenerator, Backbone> teacher) {}

  /** A student alone. */
  public static MethodContext of(
      Backbone student,
      int classes,
      MarginClassifierLoss.Options identityLoss,
      RandomGenerator random) {
    return new MethodContext(student, Teacher.NONE, null, classes, 0, identityLoss, random);
  }

  /** The same with a teacher. */
  public MethodContext with(Teacher other) {
    return new MethodContext(student, other, encoders, classes, samples, identityLoss, random);
  }

  /** The same for a number of training samples. */
  public MethodContext withSamples(int count) {
    return new MethodContext(student, teacher, encoders, classes, count, identityLoss, random);
  }

  /** The same with backbones for methods that make their own. */
  public MethodContext with(Encoders makers) {
    return new MethodContext(student, teacher, makers, classes, samples, identityLoss, random);
  }

  /** Fails unless there are two classes at least: with one, nothing can be told apart. */
  void requireClasses(String method) {
    require(classes >= 2, method, "at least two classes", classes);
  }

  /** D_t of the teacher's embeddings, which there must be. */
  int requireTeacherEmbedding(String method) {
    require(teacher.embeddingSize >= 1, method, Need.TEACHER_EMBEDDING.words(), "none");
    return teacher.embeddingSize;
  }

  /** The teacher's trained network, which must have a classifier of as many classes. */
  Backbone requireTeacher(String method) {
    require(teacher.backbone != null, method, Need.TEACHER_BACKBONE.words(), "none");
    requireTeacherClassifier(method);
    return teacher.backbone;
  }

  /** The teacher's classifier, which must have as many classes. */
  Classifier requireTeacherClassifier(String method) {
    require(teacher.classifier != null, method, Need.TEACHER_CLASSIFIER.words(), "none");
    long found = teacher.classifier.weight().size(0);
    require(found == classes, method, "a teacher of " + classes + " classes", "one of " + found);
    return teacher.classifier;
  }

  static void require(boolean holds, String method, String needs, Object found) {
    if (!holds) {
      throw new MethodException(method + " needs " + needs + ", found " + found);
    }
  }
}
