package org.crossdistill.bench;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.QualityKernels;
import org.crossdistill.kernel.QualityKernels.Embeddings;
import org.crossdistill.loss.QualityWeights;
import org.crossdistill.loss.QualityWeights.Options;

/** The norms of both modalities' embeddings and the weights of a first batch; B x D. */
final class QualityWeightsProblem implements Problem {

  private final Options options;
  private final DType dtype;
  private final Tensor student;
  private final Tensor teacher;
  private final Tensor studentNorms;
  private final Tensor teacherNorms;
  private final Tensor statistics;
  private final Tensor weights;

  private QualityWeightsProblem(Options options, DType dtype, Tensor student, Tensor teacher) {
    this.options = options;
    this.dtype = dtype;
    this.student = student;
    this.teacher = teacher;
    studentNorms = Inputs.blank(dtype.accumulation(), student.size(0));
    teacherNorms = Inputs.blankLike(studentNorms);
    weights = Inputs.blankLike(studentNorms);
    statistics = Inputs.blank(DType.F64, QualityKernels.QUALITY_STATISTICS).zero_();
  }

  static QualityWeightsProblem of(Options options, DType dtype, long... sizes) {
    Inputs inputs = new Inputs();
    return new QualityWeightsProblem(
        options,
        dtype,
        inputs.normal(dtype, sizes[0], sizes[1]),
        inputs.normal(dtype, sizes[0], sizes[1]));
  }

  @Override
  public DType dtype() {
    return dtype;
  }

  @Override
  public void call(int threads) {
    QualityKernels.embeddingWeights(
        new QualityKernels.EmbeddingWeights(
            dtype,
            student.size(0),
            side(student, studentNorms),
            side(teacher, teacherNorms),
            new QualityKernels.QualityRule(
                options.quality().code(), options.k(), options.h(), options.alpha()),
            true,
            statistics.data_ptr(),
            weights.data_ptr()),
        threads);
  }

  private static Embeddings side(Tensor embeddings, Tensor norms) {
    return new Embeddings(Inputs.matrix(embeddings), embeddings.size(1), norms.data_ptr());
  }

  @Override
  public List<Tensor> outputs() {
    return List.of(weights);
  }

  @Override
  public List<Tensor> reference() {
    QualityWeights reference = new QualityWeights(options, Backend.REFERENCE);
    return List.of(reference.ofEmbeddings(student, teacher, true));
  }

  /** All of it: every weight depends on the statistics of all rows. */
  @Override
  public Problem part(DType type) {
    return new QualityWeightsProblem(
        options, type, Inputs.as(type, student), Inputs.as(type, teacher));
  }

  @Override
  public long bytes() {
    return 2 * student.numel() * dtype.bytes();
  }

  @Override
  public long largestArray() {
    return student.numel();
  }
}
