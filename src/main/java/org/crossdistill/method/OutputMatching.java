package org.crossdistill.method;

import java.util.List;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.loss.KdLoss;
import org.crossdistill.loss.KdLoss.Target;
import org.crossdistill.loss.MarginClassifierLoss;
import org.crossdistill.loss.MarginClassifierLoss.RowSet;
import org.crossdistill.loss.Reduction;

/**
 * Output matching, the classical baseline (Hinton et al., 2015): the student's logits scale·cos(s,
 * V) follow those of the teacher's classifier, L = λ_id·L_id + λ_kd·KD(z_s, z_t).
 */
public final class OutputMatching extends IdentityMethod {

  /**
   * The switches.
   *
   * @param temperature T of the softmax, from 1e-9 to 1e9
   * @param lambdaId weight of the identity loss, ≥ 0
   * @param lambdaKd weight of the distillation term, ≥ 0
   */
  public record Options(double temperature, double lambdaId, double lambdaKd) {

    /** T = 4, λ_id = 0.1, λ_kd = 0.9. */
    public static Options defaults() {
      return new Options(4, 0.1, 0.9);
    }

    /** Checks the ranges. */
    public Options {
      loss(temperature);
      require(lambdaId >= 0, "lambda-id", "a finite number >= 0", lambdaId);
      require(lambdaKd >= 0, "lambda-kd", "a finite number >= 0", lambdaKd);
    }

    /** The loss's options, which check the temperature. */
    private static KdLoss.Options loss(double temperature) {
      return new KdLoss.Options(Target.KEPT, temperature, Reduction.MEAN);
    }

    private static void require(boolean holds, String key, String expected, double found) {
      if (!holds || Double.isInfinite(found)) {
        throw new MethodException(key + ": expected " + expected + ", found " + found);
      }
    }
  }

  private static final Set<KdLoss.Output> STUDENT_GRADIENT = Set.of(KdLoss.Output.GRAD_STUDENT);

  private final Options options;
  private final KdLoss kdLoss;

  /**
   * @param context whose identity loss gives the scale of the logits; a step needs the teacher's
   *     logits in its batch, the teacher itself is not used
   */
  public OutputMatching(Options options, MethodContext context) {
    super(context, new MarginClassifierLoss(context.identityLoss()));
    this.options = options;
    kdLoss = new KdLoss(Options.loss(options.temperature()));
  }

  @Override
  public List<Tensor> outputs(Batch batch) {
    Tensor s = student.forward(batch.studentInput());
    return List.of(s, logits(s));
  }

  @Override
  public Objective step(Batch batch) {
    Tensor s = student.forward(batch.studentInput()); // [B, D]
    Tensor v = classifier.weight(); // [C, D]
    Tensor logits = logits(s); // [B, C]

    var rows = new RowSet(s, batch.labels(), null, options.lambdaId());
    var identity = identityLoss.forward(v, List.of(rows));
    var kd =
        kdLoss.forward(
            logits, batch.teacherLogits(), null, null, options.lambdaKd(), STUDENT_GRADIENT);

    return new Objective()
        .term("identity", identity.loss())
        .gradient(s, identity.gradEmbeddings())
        .gradient(v, identity.gradClassifier())
        .term("kd", kd.loss())
        .gradient(logits, kd.gradStudent());
  }
}
