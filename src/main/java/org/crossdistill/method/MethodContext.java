package org.crossdistill.method;

import java.util.random.RandomGenerator;
import org.crossdistill.loss.MarginClassifierLoss;
import org.crossdistill.nn.Backbone;
import org.crossdistill.nn.Classifier;

/**
 * What a method is built on.
 *
 * @param student the backbone that is to be trained
 * @param classes C, number of classes
 * @param teacherSize D_t, size of the teacher's embeddings; 0 without a teacher
 * @param teacherClassifier the teacher's own matrix V, trained before; null without one
 * @param identityLoss options of the student's identity loss
 * @param random source of the initial values of the method's networks
 */
public record MethodContext(
    Backbone student,
    int classes,
    int teacherSize,
    Classifier teacherClassifier,
    MarginClassifierLoss.Options identityLoss,
    RandomGenerator random) {}
