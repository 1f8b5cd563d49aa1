package org.crossdistill.loss;

import java.util.EnumMap;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.crossdistill.loss.C2kdLoss.Logits;
import org.crossdistill.loss.C2kdLoss.NonTarget;
import org.crossdistill.loss.C2kdLoss.Options;
import org.crossdistill.loss.C2kdLoss.Term;

/** {@link C2kdLoss} composed of LibTorch operations. */
final class C2kdReference {

  private final Options options;

  /** Differentiable terms; τ and m [B] are not. */
  record Graph(Map<Term, Tensor> terms, Tensor tau, Tensor kept) {

    Tensor loss() {
      return terms.values().stream().reduce(Tensor::add).orElseThrow();
    }
  }

  C2kdReference(Options options) {
    this.options = options;
  }

  /** Arguments as in {@link C2kdLoss#forward}, checked and in the accumulation type. */
  Graph graph(Logits logits, Tensor allLabels) {
    Tensor counted =
        allLabels.ne(new Scalar(MarginClassifierLoss.IGNORE_LABEL)).nonzero().select(1, 0);
    Tensor y = allLabels.index_select(0, counted);
    Tensor zt = logits.teacher().index_select(0, counted);
    Tensor zs = logits.student().index_select(0, counted);
    Tensor ut = logits.proxyTeacher().index_select(0, counted);
    Tensor us = logits.proxyStudent().index_select(0, counted);

    Tensor tau = new KendallTau(KendallTau.Options.defaults()).forward(ut, us);
    Tensor kept = tau.gt(new Scalar(options.krc())).to(zt.scalar_type().intern());

    Map<Term, Tensor> terms = new EnumMap<>(Term.class);
    terms.put(Term.CE_TEACHER, mean(Softmaxes.crossEntropy(zt, y)));
    terms.put(Term.CE_STUDENT, mean(Softmaxes.crossEntropy(zs, y)));
    terms.put(Term.TEACHER_TO_PROXY, mean(divergence(zt, ut)));
    terms.put(Term.PROXY_TO_TEACHER, mean(divergence(ut, zt)));
    terms.put(Term.STUDENT_TO_PROXY, mean(divergence(zs, us)));
    terms.put(Term.PROXY_TO_STUDENT, mean(divergence(us, zs)));
    terms.put(
        Term.PROXY_TEACHER_TO_PROXY_STUDENT,
        mean(kept.mul(divergence(nonTarget(ut, y), nonTarget(us, y)))));
    terms.put(
        Term.PROXY_STUDENT_TO_PROXY_TEACHER,
        mean(kept.mul(divergence(nonTarget(us, y), nonTarget(ut, y)))));
    Tensor none = torch.zeros_like(allLabels).to(zt.scalar_type().intern());
    Tensor noTau = none.add(new Scalar(Double.NaN));
    return new Graph(terms, noTau.index_copy(0, counted, tau), none.index_copy(0, counted, kept));
  }

  /** T²·KL(sg target ‖ follower) [B]. */
  private Tensor divergence(Tensor target, Tensor follower) {
    return Softmaxes.divergence(target.detach(), follower, options.temperature());
  }

  private Tensor nonTarget(Tensor logits, Tensor labels) {
    return options.nonTarget() == NonTarget.ZERO_LOGIT
        ? Softmaxes.withoutTarget(logits, labels)
        : Softmaxes.others(logits, labels);
  }

  /** Over the rows that count; 0 where there are none. */
  private static Tensor mean(Tensor rows) {
    return rows.sum().div(new Scalar((double) Math.max(1, rows.size(0))));
  }
}
