package org.crossdistill.train;

import java.util.List;
import org.crossdistill.data.PairedSample;

/**
 * The samples of unseen classes as a trained model sees them.
 *
 * @param samples N pairs
 * @param labels class of each, an index into {@code classes}
 * @param classes names
 * @param pictures embeddings of the pictures, [N][D]
 * @param texts the teacher's embeddings of the texts in the same space, [N][D]
 */
public record OpenSetGallery(
    List<PairedSample> samples,
    int[] labels,
    List<String> classes,
    float[][] pictures,
    float[][] texts) {}
