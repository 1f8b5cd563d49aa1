package org.crossdistill.method;

import org.bytedeco.pytorch.Tensor;
import org.crossdistill.loss.MarginClassifierLoss;

/** No distillation: the student and its classifier under the identity loss L_id. The baseline. */
public final class StudentAlone extends IdentityMethod {

  /** This method has no options. */
  public record Options() {

    /** The only value. */
    public static Options defaults() {
      return new Options();
    }
  }

  /** Of the context no teacher is used. */
  public StudentAlone(Options options, MethodContext context) {
    super(context, new MarginClassifierLoss(context.identityLoss()));
  }

  @Override
  public Objective step(Batch batch) {
    Tensor s = student.forward(batch.studentInput()); // [B, D]
    Tensor v = classifier.weight(); // [C, D]

    var identity = identityLoss.forward(v, s, batch.labels());

    return new Objective()
        .term("identity", identity.loss())
        .gradient(s, identity.gradEmbeddings())
        .gradient(v, identity.gradClassifier());
  }
}
