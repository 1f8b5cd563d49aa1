package org.crossdistill.bench;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.function.BiFunction;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.LogitKernels;
import org.crossdistill.kernel.RelationKernels;
import org.crossdistill.kernel.binding.Crossdistill;
import org.crossdistill.loss.C2kdLoss;
import org.crossdistill.loss.DistLoss;
import org.crossdistill.loss.DkdLoss;
import org.crossdistill.loss.KdLoss;
import org.crossdistill.loss.LogitLoss;
import org.crossdistill.loss.LskdLoss;
import org.crossdistill.loss.MarginClassifierLoss;
import org.crossdistill.loss.NkdLoss;
import org.crossdistill.loss.PairLoss;
import org.crossdistill.loss.PktLoss;
import org.crossdistill.loss.QualityWeights;
import org.crossdistill.loss.Reduction;
import org.crossdistill.loss.RkdLoss;
import org.crossdistill.loss.SoftMarginFeatureLoss;
import org.crossdistill.loss.SpLoss;

/** The shapes that the kernels are measured at. */
public final class Suite {

  private static final List<DType> ALL = List.of(DType.F32, DType.BF16, DType.F16);
  private static final List<DType> F32_BF16 = List.of(DType.F32, DType.BF16);
  private static final List<DType> F32 = List.of(DType.F32);

  private final List<Case> cases = new ArrayList<>();
  private final List<Integer> threads;

  private Suite(List<Integer> threads) {
    this.threads = threads;
  }

  /** Every kernel, on all threads. */
  public static List<Case> quick() {
    Suite suite = new Suite(List.of(cores()));
    suite.features(SoftMarginFeatureLoss.Distance.NORMALIZED, "16384x512", F32_BF16);
    suite.classifier(MarginClassifierLoss.Kind.AAM, "256x10000x512", F32_BF16);
    suite.classifier(MarginClassifierLoss.Kind.AAM, "512x100000x256", F32);
    suite.logits(KdLoss.Target.KEPT, "256x1000", F32);
    suite.logits(KdLoss.Target.KEPT, "4096x32000", F32);
    suite.logits(KdLoss.Target.EXCLUDE, "256x1000", F32);
    suite.logits(KdLoss.Target.ZERO_LOGIT, "256x1000", F32);
    suite.rivalsOnLogits("256x1000");
    suite.c2kd("256x309", F32);
    suite.tau("256x309", F32);
    suite.quality("4096x512", F32);
    suite.relations("64x128");
    suite.crd("64x1047x128", F32);
    return suite.cases;
  }

  /** More shapes, types and variants, on one thread and on all. */
  public static List<Case> full() {
    Suite suite = new Suite(List.of(1, cores()).stream().distinct().toList());
    suite.features(SoftMarginFeatureLoss.Distance.NORMALIZED, "48x512", F32_BF16);
    suite.features(SoftMarginFeatureLoss.Distance.NORMALIZED, "16384x512", ALL);
    suite.features(SoftMarginFeatureLoss.Distance.NORMALIZED, "65536x512", F32_BF16);
    suite.features(SoftMarginFeatureLoss.Distance.COSINE, "16384x512", F32);
    suite.features(SoftMarginFeatureLoss.Distance.EUCLIDEAN, "16384x512", F32);
    suite.classifier(MarginClassifierLoss.Kind.AAM, "64x309x128", F32_BF16);
    suite.classifier(MarginClassifierLoss.Kind.AAM, "256x10000x512", ALL);
    suite.classifier(MarginClassifierLoss.Kind.AAM, "512x100000x256", F32_BF16);
    suite.classifier(MarginClassifierLoss.Kind.SOFTMAX, "256x10000x512", F32);
    suite.logits(KdLoss.Target.KEPT, "256x1000", ALL);
    suite.logits(KdLoss.Target.KEPT, "4096x32000", F32_BF16);
    suite.logits(KdLoss.Target.EXCLUDE, "256x1000", F32);
    suite.logits(KdLoss.Target.ZERO_LOGIT, "256x1000", F32);
    suite.rivalsOnLogits("64x69");
    suite.rivalsOnLogits("256x1000");
    suite.c2kd("256x309", F32_BF16);
    suite.tau("256x309", F32);
    suite.tau("256x1000", F32);
    suite.quality("4096x512", F32_BF16);
    suite.relations("64x128");
    suite.relations("256x512");
    suite.crd("64x1047x128", F32);
    suite.crd("256x16384x128", F32);
    return suite.cases;
  }

  /** Not the default of OpenMP: LibTorch changes that, here and there to less. */
  private static int cores() {
    return Runtime.getRuntime().availableProcessors();
  }

  private void features(SoftMarginFeatureLoss.Distance distance, String shape, List<DType> dtypes) {
    SoftMarginFeatureLoss.Options defaults = SoftMarginFeatureLoss.Options.defaults();
    SoftMarginFeatureLoss.Options options =
        new SoftMarginFeatureLoss.Options(distance, defaults.margin(), defaults.reduction());
    add(
        "feature-margin",
        distance.label(),
        shape,
        dtypes,
        (dtype, sizes) -> FeatureMarginProblem.of(options, dtype, sizes));
  }

  private void classifier(MarginClassifierLoss.Kind kind, String shape, List<DType> dtypes) {
    MarginClassifierLoss.Options defaults = MarginClassifierLoss.Options.defaults();
    MarginClassifierLoss.Options options =
        new MarginClassifierLoss.Options(
            kind,
            defaults.scale(),
            kind == MarginClassifierLoss.Kind.AAM ? defaults.margin() : 0,
            defaults.easyMargin(),
            defaults.reduction());
    add(
        "margin-classifier",
        kind.label(),
        shape,
        dtypes,
        (dtype, sizes) -> MarginClassifierProblem.of(options, dtype, sizes));
  }

  private void logits(KdLoss.Target target, String shape, List<DType> dtypes) {
    KdLoss.Options defaults = KdLoss.Options.defaults();
    KdLoss.Options options =
        new KdLoss.Options(target, defaults.temperature(), defaults.reduction());
    String kernel =
        switch (target) {
          case KEPT -> "kd";
          case EXCLUDE -> "nontarget-kd";
          case ZERO_LOGIT -> "zero-logit-kd";
        };
    KdLoss composition = new KdLoss(options, Backend.REFERENCE);
    LogitProblem.Loss loss =
        new LogitProblem.Loss(
            options.temperature(),
            options.reduction(),
            target != KdLoss.Target.KEPT,
            (in, out, threads) -> LogitKernels.kd(in, target.code(), out, threads),
            (student, teacher, labels) ->
                composition
                    .forward(
                        student, teacher, labels, null, 1, EnumSet.of(KdLoss.Output.GRAD_STUDENT))
                    .gradStudent());
    add(kernel, "student", shape, dtypes, (dtype, sizes) -> LogitProblem.of(loss, dtype, sizes));
  }

  /** Losses on logits that people compare with. */
  private void rivalsOnLogits(String shape) {
    logits("dkd", shape, dkd());
    logits("nkd", shape, nkd());
    logits("lskd", shape, lskd());
    pair("dist", "student", shape, dist());
  }

  private void logits(String kernel, String shape, LogitProblem.Loss loss) {
    add(kernel, "student", shape, F32, (dtype, sizes) -> LogitProblem.of(loss, dtype, sizes));
  }

  private static LogitProblem.Loss dkd() {
    DkdLoss.Options options = DkdLoss.Options.defaults();
    return logits(
        options.temperature(),
        options.reduction(),
        (in, out, threads) -> LogitKernels.dkd(in, options.alpha(), options.beta(), out, threads),
        new DkdLoss(options, Backend.REFERENCE));
  }

  private static LogitProblem.Loss nkd() {
    NkdLoss.Options options = NkdLoss.Options.defaults();
    return logits(
        options.temperature(),
        options.reduction(),
        (in, out, threads) -> LogitKernels.nkd(in, options.gamma(), out, threads),
        new NkdLoss(options, Backend.REFERENCE));
  }

  private static LogitProblem.Loss lskd() {
    LskdLoss.Options options = LskdLoss.Options.defaults();
    return logits(
        options.temperature(),
        options.reduction(),
        LogitKernels::lskd,
        new LskdLoss(options, Backend.REFERENCE));
  }

  private static LogitProblem.Loss logits(
      double temperature, Reduction reduction, LogitProblem.Kernel kernel, LogitLoss composition) {
    return new LogitProblem.Loss(
        temperature,
        reduction,
        composition.needsLabels(),
        kernel,
        (student, teacher, labels) ->
            composition
                .forward(
                    student, teacher, labels, null, 1, EnumSet.of(LogitLoss.Output.GRAD_STUDENT))
                .gradStudent());
  }

  private void c2kd(String shape, List<DType> dtypes) {
    C2kdLoss.Options options = C2kdLoss.Options.defaults();
    add(
        "c2kd",
        options.nonTarget().label(),
        shape,
        dtypes,
        (dtype, sizes) -> C2kdProblem.of(options, dtype, sizes));
  }

  private void tau(String shape, List<DType> dtypes) {
    add("kendall-tau", "tau-b", shape, dtypes, KendallTauProblem::of);
  }

  private void quality(String shape, List<DType> dtypes) {
    QualityWeights.Options options = QualityWeights.Options.defaults();
    add(
        "quality-weights",
        options.quality().label(),
        shape,
        dtypes,
        (dtype, sizes) -> QualityWeightsProblem.of(options, dtype, sizes));
  }

  private static PairProblem.Loss dist() {
    DistLoss.Options options = DistLoss.Options.defaults();
    return new PairProblem.Loss(
        (in, out, threads) ->
            RelationKernels.dist(
                in, options.beta(), options.gamma(), options.temperature(), out, threads),
        new DistLoss(options, Backend.REFERENCE),
        (rows, classes) -> rows * classes);
  }

  private void relations(String shape) {
    pair("rkd", "distance-angle", shape, rkd());
    PairLoss pkt = new PktLoss(PktLoss.Options.defaults(), Backend.REFERENCE);
    pair("pkt", "probabilities", shape, similarity(Crossdistill.CD_SIMILARITY_PKT, pkt));
    PairLoss sp = new SpLoss(SpLoss.Options.defaults(), Backend.REFERENCE);
    pair("sp", "products", shape, similarity(Crossdistill.CD_SIMILARITY_SP, sp));
  }

  private static PairProblem.Loss rkd() {
    RkdLoss.Options options = RkdLoss.Options.defaults();
    return new PairProblem.Loss(
        (in, out, threads) ->
            RelationKernels.rkd(in, options.distanceWeight(), options.angleWeight(), out, threads),
        new RkdLoss(options, Backend.REFERENCE),
        (rows, columns) -> rows * rows * Math.max(rows, columns));
  }

  private static PairProblem.Loss similarity(int kind, PairLoss composition) {
    return new PairProblem.Loss(
        (in, out, threads) -> RelationKernels.similarity(in, kind, out, threads),
        composition,
        (rows, columns) -> rows * Math.max(rows, columns));
  }

  private void pair(String kernel, String variant, String shape, PairProblem.Loss loss) {
    add(kernel, variant, shape, F32, (dtype, sizes) -> PairProblem.of(loss, dtype, sizes));
  }

  private void crd(String shape, List<DType> dtypes) {
    add("crd", "shared", shape, dtypes, CrdProblem::of);
  }

  private void add(
      String kernel,
      String variant,
      String shape,
      List<DType> dtypes,
      BiFunction<DType, long[], Problem> problem) {
    for (DType dtype : dtypes) {
      for (int count : threads) {
        cases.add(new Case(kernel, variant, shape, dtype, count, problem));
      }
    }
  }
}
