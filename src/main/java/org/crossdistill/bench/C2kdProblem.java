package org.crossdistill.bench;

import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.LogitKernels;
import org.crossdistill.loss.C2kdLoss;
import org.crossdistill.loss.C2kdLoss.Logits;
import org.crossdistill.loss.C2kdLoss.Options;

/** The eight terms of customised distillation and the gradients of four networks; B x C. */
final class C2kdProblem implements Problem {

  private static final int NETWORKS = 4;
  private static final int TERMS = 8;

  private final Options options;
  private final DType dtype;
  private final List<Tensor> logits;
  private final Tensor labels;
  private final Tensor loss;
  private final Tensor terms;
  private final List<Tensor> gradients;

  private C2kdProblem(Options options, DType dtype, List<Tensor> logits, Tensor labels) {
    this.options = options;
    this.dtype = dtype;
    this.logits = logits;
    this.labels = labels;
    loss = Inputs.blank(dtype.accumulation(), 1);
    terms = Inputs.blank(dtype.accumulation(), TERMS);
    gradients = logits.stream().map(Inputs::blankLike).toList();
  }

  static C2kdProblem of(Options options, DType dtype, long... sizes) {
    Inputs inputs = new Inputs();
    List<Tensor> logits =
        Stream.generate(() -> inputs.normal(dtype, sizes[0], sizes[1])).limit(NETWORKS).toList();
    return new C2kdProblem(options, dtype, logits, inputs.labels(sizes[0], sizes[1]));
  }

  @Override
  public DType dtype() {
    return dtype;
  }

  @Override
  public void call(int threads) {
    List<LogitKernels.Network> networks =
        Stream.iterate(0, i -> i + 1)
            .limit(NETWORKS)
            .map(
                i ->
                    new LogitKernels.Network(
                        Inputs.matrix(logits.get(i)), Inputs.matrix(gradients.get(i))))
            .toList();
    LogitKernels.C2kdInputs in =
        new LogitKernels.C2kdInputs(
            dtype,
            labels.size(0),
            logits.get(0).size(1),
            networks,
            labels.data_ptr(),
            options.nonTarget().code(),
            options.temperature(),
            options.krc(),
            1);
    LogitKernels.c2kd(in, loss.data_ptr(), terms.data_ptr(), null, threads);
  }

  @Override
  public List<Tensor> outputs() {
    return gradients;
  }

  @Override
  public List<Tensor> reference() {
    Logits gradients =
        new C2kdLoss(options, Backend.REFERENCE)
            .forward(
                new Logits(logits.get(0), logits.get(1), logits.get(2), logits.get(3)), labels, 1)
            .gradients();
    return List.of(
        gradients.teacher(),
        gradients.student(),
        gradients.proxyTeacher(),
        gradients.proxyStudent());
  }

  @Override
  public Problem part(DType type) {
    long columns = logits.get(0).size(1);
    return new C2kdProblem(
        options,
        type,
        logits.stream().map(z -> Inputs.as(type, Inputs.someRows(z, columns))).toList(),
        Inputs.someRows(labels, columns));
  }

  @Override
  public long bytes() {
    return 2 * NETWORKS * logits.get(0).numel() * dtype.bytes();
  }

  @Override
  public long largestArray() {
    return NETWORKS * logits.get(0).numel();
  }
}
