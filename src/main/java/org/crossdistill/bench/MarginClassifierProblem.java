package org.crossdistill.bench;

import java.util.EnumSet;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.Kernels;
import org.crossdistill.loss.MarginClassifierLoss;
import org.crossdistill.loss.MarginClassifierLoss.Options;
import org.crossdistill.loss.MarginClassifierLoss.Output;

/** The weighted classifier loss of one row set, its gradients by rows and classes; B x C x D. */
final class MarginClassifierProblem implements Problem {

  private static final EnumSet<Output> GRADIENTS =
      EnumSet.of(Output.GRAD_EMBEDDINGS, Output.GRAD_CLASSIFIER);

  private final Options options;
  private final DType dtype;
  private final Tensor embeddings;
  private final Tensor classifier;
  private final Tensor labels;
  private final Tensor weights;
  private final Tensor loss;
  private final Tensor gradEmbeddings;
  private final Tensor gradClassifier;

  private MarginClassifierProblem(
      Options options,
      DType dtype,
      Tensor embeddings,
      Tensor classifier,
      Tensor labels,
      Tensor weights) {
    this.options = options;
    this.dtype = dtype;
    this.embeddings = embeddings;
    this.classifier = classifier;
    this.labels = labels;
    this.weights = weights;
    loss = Inputs.blank(dtype.accumulation(), 1);
    gradEmbeddings = Inputs.blankLike(embeddings);
    gradClassifier = Inputs.blankLike(classifier);
  }

  static MarginClassifierProblem of(Options options, DType dtype, long... sizes) {
    Inputs inputs = new Inputs();
    return new MarginClassifierProblem(
        options,
        dtype,
        inputs.normal(dtype, sizes[0], sizes[2]),
        inputs.normal(dtype, sizes[1], sizes[2]),
        inputs.labels(sizes[0], sizes[1]),
        inputs.weights(sizes[0]));
  }

  @Override
  public DType dtype() {
    return dtype;
  }

  @Override
  public void call(int threads) {
    Kernels.Classifier shared =
        new Kernels.Classifier(
            dtype,
            classifier.size(0),
            classifier.size(1),
            Inputs.matrix(classifier),
            null,
            options.kind().code(),
            options.scale(),
            options.margin(),
            options.easyMargin(),
            options.reduction().code(),
            Inputs.matrix(gradClassifier),
            null);
    Kernels.marginClassifier(shared, List.of(rowSet()), null, threads);
  }

  private Kernels.RowSet rowSet() {
    return new Kernels.RowSet(
        embeddings.size(0),
        Inputs.matrix(embeddings),
        labels.data_ptr(),
        weights.data_ptr(),
        1,
        loss.data_ptr(),
        null,
        null,
        Inputs.matrix(gradEmbeddings),
        null);
  }

  @Override
  public List<Tensor> outputs() {
    return List.of(gradEmbeddings, gradClassifier);
  }

  @Override
  public List<Tensor> reference() {
    MarginClassifierLoss.Result result =
        new MarginClassifierLoss(options, Backend.REFERENCE)
            .forward(
                classifier,
                null,
                List.of(new MarginClassifierLoss.RowSet(embeddings, labels, weights, 1)),
                GRADIENTS);
    return List.of(result.gradEmbeddings(), result.gradClassifier());
  }

  /** Of f64, which nothing is compared in, none. */
  @Override
  public Runnable productsOrNull() {
    return dtype == DType.F64 ? null : new ChunkedProducts(embeddings, classifier);
  }

  /** All of it: every gradient depends on every row. */
  @Override
  public Problem part(DType type) {
    return new MarginClassifierProblem(
        options,
        type,
        Inputs.as(type, embeddings),
        Inputs.as(type, classifier),
        labels,
        Inputs.as(type.accumulation(), weights));
  }

  @Override
  public Limit limit() {
    return Limit.PRODUCTS;
  }

  @Override
  public long bytes() {
    return 2 * (embeddings.numel() + classifier.numel()) * dtype.bytes();
  }

  /** The logits twice, as the gradients need the final sums of exponentials. */
  @Override
  public Long flops() {
    return 8 * embeddings.numel() * classifier.size(0);
  }

  @Override
  public long largestArray() {
    return embeddings.size(0) * classifier.size(0);
  }
}
