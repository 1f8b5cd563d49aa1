package org.crossdistill.method;

import org.bytedeco.pytorch.Tensor;

/**
 * What one training step sees: B paired samples.
 *
 * @param input the student's modality, [B, …], f32
 * @param teacherEmbedding embeddings of the paired samples by the frozen teacher, [B, D_t], f32;
 *     null where the method needs no teacher
 * @param teacherLogits logits of the teacher's classifier, [B, C], f32; null where there is none
 * @param labels class of each row, or −100 where it is not known, [B], int64
 * @param studentQuality quality of each input as the user measured it, [B], f32; null = by norm
 * @param teacherQuality quality of each teacher sample, [B], f32; null = by norm
 * @param progress share of the training that is done, in [0, 1)
 */
public record Batch(
    Tensor input,
    Tensor teacherEmbedding,
    Tensor teacherLogits,
    Tensor labels,
    Tensor studentQuality,
    Tensor teacherQuality,
    double progress) {}
