package org.crossdistill.train;

import java.util.Map;

/**
 * One epoch in numbers.
 *
 * @param epoch counted from 1
 * @param epochs of the whole training
 * @param terms mean of each term of the loss over the epoch's steps
 * @param validation metrics on validation data, empty without any
 * @param learningRate of the epoch's last step
 * @param samples seen in the epoch
 * @param seconds the epoch took, validation not counted
 */
public record EpochReport(
    int epoch,
    int epochs,
    Map<String, Double> terms,
    Map<String, Double> validation,
    double learningRate,
    int samples,
    double seconds) {}
