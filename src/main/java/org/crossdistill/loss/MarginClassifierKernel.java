package org.crossdistill.loss;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.CudaKernels;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.Kernels;
import org.crossdistill.kernel.QualityKernels.RowQuality;
import org.crossdistill.loss.MarginClassifierLoss.Kind;
import org.crossdistill.loss.MarginClassifierLoss.Options;
import org.crossdistill.loss.MarginClassifierLoss.Output;
import org.crossdistill.loss.MarginClassifierLoss.Result;
import org.crossdistill.loss.MarginClassifierLoss.RowSet;
import org.crossdistill.loss.MarginClassifierLoss.SetResult;

/** {@link MarginClassifierLoss} on the native kernel: tensors to pointers and back. */
final class MarginClassifierKernel {

  private final Options options;
  private final DType dtype;
  private final Set<Output> outputs;

  /** Memory of a row set's inputs, held while the kernel runs. */
  private record Inputs(NativeArray embeddings, NativeArray labels, NativeArray weights)
      implements AutoCloseable {

    static Inputs of(RowSet set) {
      return new Inputs(
          NativeArray.matrix(set.embeddings()),
          NativeArray.vector(set.labels()),
          NativeArray.vector(set.weightsOrNull()));
    }

    @Override
    public void close() {
      embeddings.close();
      labels.close();
      weights.close();
    }
  }

  MarginClassifierKernel(Options options, DType dtype, Set<Output> outputs) {
    this.options = options;
    this.dtype = dtype;
    this.outputs = outputs;
  }

  /** Arguments as in {@link MarginClassifierLoss#forward}, checked but for the values. */
  Result forward(
      Tensor classifier,
      Tensor biasOrNull,
      List<RowSet> rowSets,
      QualityWeighting weightingOrNull) {
    Result result = allocate(classifier, biasOrNull, rowSets, weightingOrNull != null);
    List<Inputs> inputs = new ArrayList<>();
    try (NativeArray weight = NativeArray.matrix(classifier);
        NativeArray bias = NativeArray.vector(biasOrNull);
        NativeArray statistics = statistics(weightingOrNull)) {
      List<Kernels.RowSet> sets = new ArrayList<>();
      for (int i = 0; i < rowSets.size(); i++) {
        Inputs set = Inputs.of(rowSets.get(i));
        inputs.add(set);
        sets.add(pointers(rowSets.get(i), set, result.sets().get(i)));
      }
      Kernels.Classifier shared = pointers(classifier, weight, bias, result);
      RowQuality quality = pointers(weightingOrNull, statistics, result);
      NativeCall.run(
          classifier,
          threads -> Kernels.marginClassifier(shared, sets, quality, threads),
          launch -> CudaKernels.marginClassifier(shared, sets, quality, launch));
    } finally {
      inputs.forEach(Inputs::close);
    }
    return result;
  }

  private static NativeArray statistics(QualityWeighting weightingOrNull) {
    return NativeArray.vector(
        weightingOrNull == null ? null : weightingOrNull.quality().statistics());
  }

  private Result allocate(
      Tensor classifier, Tensor biasOrNull, List<RowSet> rowSets, boolean byQuality) {
    List<SetResult> sets = new ArrayList<>();
    for (RowSet set : rowSets) {
      sets.add(allocate(classifier, set.embeddings().size(0)));
    }
    boolean gradBias = biasOrNull != null && outputs.contains(Output.GRAD_BIAS);
    return new Result(
        sets,
        outputs.contains(Output.GRAD_CLASSIFIER)
            ? Blank.tensor(classifier, dtype, classifier.size(0), classifier.size(1))
            : null,
        gradBias ? Blank.tensor(classifier, dtype, classifier.size(0)) : null,
        byQuality ? numbers(classifier, rowSets.get(0).embeddings().size(0)) : null);
  }

  private SetResult allocate(Tensor classifier, long rows) {
    return new SetResult(
        numbers(classifier),
        outputs.contains(Output.ROWS) ? numbers(classifier, rows) : null,
        outputs.contains(Output.HITS) ? Blank.booleans(classifier, rows) : null,
        outputs.contains(Output.GRAD_EMBEDDINGS)
            ? Blank.tensor(classifier, dtype, rows, classifier.size(1))
            : null,
        outputs.contains(Output.GRAD_WEIGHTS) ? numbers(classifier, rows) : null);
  }

  private Tensor numbers(Tensor classifier, long... shape) {
    return Blank.tensor(classifier, dtype.accumulation(), shape);
  }

  private static RowQuality pointers(
      QualityWeighting weightingOrNull, NativeArray statistics, Result result) {
    if (weightingOrNull == null) {
      return null;
    }
    return new RowQuality(
        weightingOrNull.quality().rule(),
        weightingOrNull.training(),
        weightingOrNull.offset(),
        weightingOrNull.factor(),
        statistics.data(),
        Blank.data(result.qualityWeights()));
  }

  private static Kernels.RowSet pointers(RowSet set, Inputs inputs, SetResult result) {
    return new Kernels.RowSet(
        set.embeddings().size(0),
        inputs.embeddings.matrix(),
        inputs.labels.data(),
        inputs.weights.data(),
        set.gradScale(),
        Blank.data(result.loss()),
        Blank.data(result.rows()),
        Blank.data(result.hits()),
        Blank.matrix(result.gradEmbeddings()),
        Blank.data(result.gradWeights()));
  }

  private Kernels.Classifier pointers(
      Tensor classifier, NativeArray weight, NativeArray bias, Result result) {
    return new Kernels.Classifier(
        dtype,
        classifier.size(0),
        classifier.size(1),
        weight.matrix(),
        bias.data(),
        options.kind().code(),
        options.kind() == Kind.SOFTMAX ? 1 : options.scale(),
        options.kind().hasMargin() ? options.margin() : 0,
        options.easyMargin(),
        options.reduction().code(),
        Blank.matrix(result.gradClassifier()),
        Blank.data(result.gradBias()));
  }
}
