package org.crossdistill.method;

import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.crossdistill.method.Method.SingleModal;
import org.crossdistill.nn.Backbone;
import org.crossdistill.nn.Classifier;

/**
 * What it takes to rebuild the networks of a saved model, before their values are read.
 *
 * @param student makes the student's backbone
 * @param classes C
 * @param embeddingSize D, the columns of the classifier's matrix
 */
public record ModelShape(
    Function<RandomGenerator, Backbone> student, int classes, int embeddingSize) {

  /** The student and a margin classifier: what most methods leave. */
  SingleModal plain(RandomGenerator random) {
    Backbone backbone = student.apply(random);
    return new SingleModal(backbone, new Classifier(random, classes, embeddingSize));
  }
}
