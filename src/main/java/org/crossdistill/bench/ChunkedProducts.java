package org.crossdistill.bench;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The matrix products of the margin classifier by LibTorch's BLAS, over chunks of classes and
 * nothing between them: logits in a first sweep for their sums of exponentials, and once more with
 * both gradients in a second one. A classifier loss that is built on a BLAS and holds no B x C
 * array takes at least as long, however fast its rows are.
 */
final class ChunkedProducts implements Runnable {

  /** Logits of 256 rows take 2 MiB. */
  private static final long CLASSES = 2048;

  private final Tensor embeddings;
  private final Tensor classifier;
  private final Tensor logits;
  private final Tensor gradEmbeddings;
  private final Tensor gradClassifier;
  private final Scalar one = new Scalar(1.0);

  /** For embeddings [B, D] and classes [C, D] of one type. */
  ChunkedProducts(Tensor embeddings, Tensor classifier) {
    this.embeddings = embeddings;
    this.classifier = classifier;
    logits = torch.zeros(new long[] {embeddings.size(0), CLASSES}, embeddings.options());
    gradEmbeddings = Inputs.blankLike(embeddings);
    gradClassifier = Inputs.blankLike(classifier);
  }

  @Override
  public void run() {
    long classes = classifier.size(0);
    for (long from = 0; from < classes; from += CLASSES) {
      try (PointerScope views = new PointerScope()) {
        logitsOf(from, Math.min(CLASSES, classes - from));
      }
    }
    gradEmbeddings.zero_();
    for (long from = 0; from < classes; from += CLASSES) {
      try (PointerScope views = new PointerScope()) {
        gradientsOf(from, Math.min(CLASSES, classes - from));
      }
    }
  }

  /** As if the logits' gradients were the logits: [B, D]. */
  Tensor gradEmbeddings() {
    return gradEmbeddings;
  }

  /** The same by the classes: [C, D]. */
  Tensor gradClassifier() {
    return gradClassifier;
  }

  private Tensor logitsOf(long from, long count) {
    Tensor chunk = logits.narrow(1, 0, count);
    torch.mm_out(chunk, embeddings, classifier.narrow(0, from, count).t());
    return chunk;
  }

  private void gradientsOf(long from, long count) {
    Tensor chunk = logitsOf(from, count);
    torch.mm_out(gradClassifier.narrow(0, from, count), chunk.t(), embeddings);
    Tensor classes = classifier.narrow(0, from, count);
    torch.addmm_out(gradEmbeddings, gradEmbeddings, chunk, classes, one, one);
  }
}
