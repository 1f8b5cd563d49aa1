"""What the device functions compute, out of torch's operators: the peers, eager and compiled, and in
float64 the oracle. B rows, C classes, D embedding size; gradients are torch's own."""

import math

import torch
from torch.nn import functional

MOST_COMPARISONS = 1 << 27  # of one step of kendall_tau


def feature_margin(student, teacher, weights, margin):
    s, t = functional.normalize(student, dim=1), functional.normalize(teacher, dim=1)
    distance = torch.linalg.vector_norm(s - t, dim=1)
    return (weights * torch.relu(distance - margin)).mean()


def with_margin(cosine, margin):
    """cos(theta + margin), and a line beyond theta = pi - margin."""
    sine = (1 - cosine * cosine).clamp_min(0).sqrt()
    return torch.where(cosine > math.cos(math.pi - margin),
                       cosine * math.cos(margin) - sine * math.sin(margin),
                       cosine - margin * math.sin(margin))


def margin_classifier(embeddings, classifier, labels, weights, kind, scale, margin):
    if kind == "softmax":
        logits = embeddings @ classifier.T
    else:
        z, v = functional.normalize(embeddings, dim=1), functional.normalize(classifier, dim=1)
        cosine = (z @ v.T).clamp(-1, 1)
        target = cosine.gather(1, labels[:, None])
        logits = scale * cosine.scatter(1, labels[:, None], with_margin(target, margin))
    rows = functional.cross_entropy(logits if logits.dtype.itemsize >= 4 else logits.float(), labels,
                                    reduction="none")
    return (weights * rows).mean()


def without_target(logits, labels, target):
    """Logits with the label's as in cd_target_logit."""
    if target == "kept":
        return logits
    # Half of the lowest number has probability 0, too, and differences of it stay finite.
    value = 0 if target == "zero-logit" else torch.finfo(logits.dtype).min / 2
    return logits.scatter(1, labels[:, None], value)


def divergence(student, teacher, temperature):
    """T^2 KL(teacher || student) of each row."""
    log_q = functional.log_softmax(student / temperature, dim=1)
    log_p = functional.log_softmax(teacher / temperature, dim=1)
    rows = functional.kl_div(log_q, log_p, reduction="none", log_target=True).sum(dim=1)
    return rows * temperature ** 2


def kd(student, teacher, labels, weights, target, temperature):
    rows = divergence(without_target(student, labels, target),
                      without_target(teacher, labels, target), temperature)
    return (weights * rows).mean()


def dkd(student, teacher, labels, weights, alpha, beta, temperature):
    def target_and_others(logits):
        """[B, 2]: the label's logit and, as one, all others."""
        others = without_target(logits, labels, "exclude") / temperature
        return torch.stack((logits.gather(1, labels[:, None])[:, 0],
                            temperature * others.logsumexp(dim=1)), dim=1)

    target = divergence(target_and_others(student), target_and_others(teacher), temperature)
    others = divergence(without_target(student, labels, "exclude"),
                        without_target(teacher, labels, "exclude"), temperature)
    return (weights * (alpha * target + beta * others)).mean()


def kendall_tau(a, b):
    """Compares all pairs: C x C numbers a row, so many rows at a time as fit."""
    rows, classes = a.shape
    step = max(1, min(rows, MOST_COMPARISONS // classes ** 2))
    taus = []
    for x, y in zip(a.split(step), b.split(step)):
        above = torch.sign(x[:, :, None] - x[:, None, :])
        below = torch.sign(y[:, :, None] - y[:, None, :])
        pairs = (above.abs().sum((1, 2)) * below.abs().sum((1, 2))).sqrt()
        taus.append((above * below).sum((1, 2)) / pairs)
    return torch.cat(taus)


def c2kd(teacher, student, proxy_teacher, proxy_student, labels, target, temperature, threshold):
    def pull(to, what):
        return divergence(what, to.detach(), temperature)

    alike = kendall_tau(proxy_teacher.detach(), proxy_student.detach()) > threshold
    other_teacher = without_target(proxy_teacher, labels, target)
    other_student = without_target(proxy_student, labels, target)
    rows = pull(teacher, proxy_teacher) + pull(proxy_teacher, teacher) + \
        pull(student, proxy_student) + pull(proxy_student, student) + \
        alike * (pull(other_teacher, other_student) + pull(other_student, other_teacher))
    return functional.cross_entropy(teacher, labels) + functional.cross_entropy(student, labels) + \
        rows.mean()


def row_norms(x):
    return torch.linalg.vector_norm(x, dim=1, dtype=torch.promote_types(x.dtype, torch.float32))


def two_sides(student, teacher, classifier, labels, scale, margin, slope, h):
    """The student's rows weigh by quality, without a gradient through it; the teacher's 1."""
    weights = quality_weights(student.detach(), teacher.detach(), slope, h)
    options = {"kind": "aam", "scale": scale, "margin": margin}
    return margin_classifier(student, classifier, labels, weights, **options) + \
        margin_classifier(teacher, classifier, labels, 1.0, **options)


def quality_weights(student, teacher, slope, h):
    """Of a first batch of embeddings, by the difference of their lengths."""
    def quality(x):
        norms = row_norms(x)
        return (h * (norms - norms.mean()) / (norms.std() + 1e-3)).clamp(-1, 1)

    return (1 + slope * (quality(teacher) - quality(student))).clamp(0, 2)
