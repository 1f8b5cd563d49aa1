"""What is measured: for each kernel its inputs, the call, and the composition and libraries beside it.

To add a kernel: its composition in compositions.py, a class here with a line in CASES.
"""

import abi

try:
    import torch

    import compositions
except ImportError:  # which to list the cases needs nobody
    torch = compositions = None

BYTES = {"f64": 8, "f32": 4, "bf16": 2, "f16": 2}
ALL, HALF_TOO, F32 = ("f32", "bf16", "f16"), ("f32", "bf16"), ("f32",)


class Case:
    """A kernel on inputs of torch. Subclasses set: `call`; `leaves`, the inputs whose gradients
    grad.<name> are compared, or for a function without gradients its inputs; `others`, the inputs
    beside them; `composition`, which takes both by name; `bytes` that have to be moved, or `flops`
    where those take the time."""

    bytes = flops = 0
    forward_only = ()  # the call's outputs that the composition returns, of a function without gradients
    others = {}

    def __init__(self, library, dtype, shape):
        memory = library.memory
        self.dtype, self.rows, self.type = dtype, shape[0], memory.types[dtype]
        self._device = memory.device
        self._generator = torch.Generator(memory.device).manual_seed(1)

    def normal(self, *size):
        return torch.randn(*size, device=self._device, generator=self._generator)

    def uniform(self, *size):
        return torch.rand(*size, device=self._device, generator=self._generator)

    def labels(self, classes):
        return torch.randint(classes, (self.rows,), device=self._device, generator=self._generator)

    @property
    def extra_bytes(self):
        return self.call.extra_bytes

    def prepared(self, composition, dtype=None):
        """Runs the composition, and its gradients, on copies of the inputs of that dtype (of half
        types the weights, too); returns what the call's outputs have to be."""
        dtype = dtype or self.type
        leaves = {name: x.detach().to(dtype).requires_grad_(not self.forward_only)
                  for name, x in self.leaves.items()}
        others = {name: x.to(dtype) if x.is_floating_point() else x for name, x in self.others.items()}

        def run():
            for x in leaves.values():
                x.grad = None
            result = composition(**leaves, **others)
            if self.forward_only:
                return dict(zip(self.forward_only, (result,)))
            result.backward()
            return {"grad." + name.replace("_", "-"): x.grad for name, x in leaves.items()}

        return run

    def eager(self):
        return self.prepared(self.composition)

    def compiled(self):
        # Anew for each case: torch.compile gives up on a function after a few shapes, without a word.
        torch.compiler.reset()
        return self.prepared(torch.compile(self.composition, dynamic=False, fullgraph=True))

    def libraries(self):
        """(name, function that returns a run) of other libraries."""
        return ()

    def error(self):
        """Of the call against the composition in float64, relative to its norm; the worst output."""
        self.call()
        worst = 0.0
        for name, expected in self.prepared(self.composition, torch.float64)().items():
            difference = (self.call.outputs[name].double() - expected).norm() / expected.norm()
            worst = max(worst, difference.item())
        return worst


class FeatureMargin(Case):
    def __init__(self, library, variant, dtype, shape):
        super().__init__(library, dtype, shape)
        student = self.normal(*shape)
        self.leaves = {"student": student.to(self.type),
                       "teacher": (student + self.normal(*shape)).to(self.type)}
        self.others = {"weights": self.uniform(self.rows)}
        self.composition = lambda **x: compositions.feature_margin(**x, margin=0.5)
        self.call = abi.FeatureMargin(library, dtype, *self.leaves.values(), self.others["weights"],
                                      variant, 0.5, "mean")
        self.bytes = 4 * student.numel() * BYTES[dtype]


class MarginClassifier(Case):
    def __init__(self, library, variant, dtype, shape):
        super().__init__(library, dtype, shape)
        _, classes, dim = shape
        classifier = self.normal(classes, dim) * (dim ** -0.5 if variant == "softmax" else 1)
        labels = self.labels(classes)
        embeddings = self.normal(self.rows, dim) + classifier[labels]
        self.leaves = {"embeddings": embeddings.to(self.type), "classifier": classifier.to(self.type)}
        self.others = {"labels": labels, "weights": self.uniform(self.rows)}
        self.composition = lambda **x: compositions.margin_classifier(
            **x, kind=variant, scale=32.0, margin=0.2)
        self.call = abi.MarginClassifier(library, dtype, *self.leaves.values(), *self.others.values(),
                                         variant, 32.0, 0.2, False, "mean")
        self.flops = 8 * self.rows * classes * dim

    # They know neither margin nor normalisation nor weights: measured as they are, doing less,
    # against both variants.
    def libraries(self):
        yield "Liger (plain)", self._liger
        yield "CCE (plain)", self._cut_cross_entropy

    def _liger(self):
        from liger_kernel.ops.fused_linear_cross_entropy import LigerFusedLinearCrossEntropyFunction

        def loss(embeddings, classifier, labels, weights):
            result = LigerFusedLinearCrossEntropyFunction.apply(embeddings, classifier, labels)
            return result[0] if isinstance(result, tuple) else result

        return self.prepared(loss)

    def _cut_cross_entropy(self):
        from cut_cross_entropy import linear_cross_entropy

        return self.prepared(lambda embeddings, classifier, labels, weights: linear_cross_entropy(
            embeddings, classifier, labels))


class Kd(Case):
    """A temperature divergence with the student's gradient alone."""

    target = "kept"

    def __init__(self, library, variant, dtype, shape):
        super().__init__(library, dtype, shape)
        student, teacher = ((3 * self.normal(*shape)).to(self.type) for _ in range(2))
        labels, weights = self.labels(shape[1]), self.uniform(self.rows)
        self.leaves = {"student": student}
        self.others = {"teacher": teacher, "labels": labels, "weights": weights}
        self.composition = lambda **x: compositions.kd(**x, target=self.target, temperature=4.0)
        self.call = abi.Kd(library, dtype, student, teacher,
                           None if self.target == "kept" else labels, weights, self.target, 4.0,
                           "mean", teacher_gradient=False)
        self.bytes = 3 * student.numel() * BYTES[dtype]

    def libraries(self):
        if self.target == "kept":
            yield "Liger (plain)", self._liger

    def _liger(self):
        from liger_kernel.ops.kl_div import LigerKLDivergenceFunction

        def loss(student, teacher, labels, weights):
            log_q = torch.nn.functional.log_softmax(student / 4, dim=1)
            log_p = torch.nn.functional.log_softmax(teacher / 4, dim=1)
            return LigerKLDivergenceFunction.apply(log_q, log_p, "batchmean", True)

        return self.prepared(loss)


class NontargetKd(Kd):
    target = "exclude"


class ZeroLogitKd(Kd):
    target = "zero-logit"


class Dkd(Kd):
    target = (1.0, 8.0)

    def __init__(self, library, variant, dtype, shape):
        super().__init__(library, variant, dtype, shape)
        alpha, beta = self.target
        self.composition = lambda **x: compositions.dkd(**x, alpha=alpha, beta=beta, temperature=4.0)


class KendallTau(Case):
    """What it compares, not what it moves, takes its time."""

    forward_only = ("tau",)

    def __init__(self, library, variant, dtype, shape):
        super().__init__(library, dtype, shape)
        self.leaves = {"a": self.normal(*shape).to(self.type), "b": self.normal(*shape).to(self.type)}
        self.composition = compositions.kendall_tau
        self.call = abi.KendallTau(library, dtype, *self.leaves.values())
        self.bytes = 2 * self.leaves["a"].numel() * BYTES[dtype]

    def compiled(self):
        classes = self.leaves["a"].shape[1]
        if self.rows * classes ** 2 > 4 * compositions.MOST_COMPARISONS:
            raise ValueError("a long loop over the rows is not compiled")
        return super().compiled()


class C2kd(Case):
    def __init__(self, library, variant, dtype, shape):
        super().__init__(library, dtype, shape)
        shared = self.normal(*shape)  # so that the order of about half of the rows agrees
        logits = {name: (shared + 3 * self.normal(*shape)).to(self.type) for name in abi.C2kd.NETWORKS}
        labels = self.labels(shape[1])
        self.leaves = {name.replace("-", "_"): x for name, x in logits.items()}
        self.others = {"labels": labels}
        self.composition = lambda **x: compositions.c2kd(
            **x, target=variant, temperature=1.0, threshold=0.05)
        self.call = abi.C2kd(library, dtype, logits, labels, variant, 1.0, 0.05)
        self.bytes = 8 * shared.numel() * BYTES[dtype]


class RowNorms(Case):
    forward_only = ("norms",)

    def __init__(self, library, variant, dtype, shape):
        super().__init__(library, dtype, shape)
        self.leaves = {"x": self.normal(*shape).to(self.type)}
        self.composition = compositions.row_norms
        self.call = abi.RowNorms(library, dtype, self.leaves["x"])
        self.bytes = self.leaves["x"].numel() * BYTES[dtype]


class QualityWeights(Case):
    """The norms of both modalities' embeddings and the weights of a first batch, by the difference:
    in one launch, or `apart` in three."""

    forward_only = ("weights",)

    def __init__(self, library, variant, dtype, shape):
        super().__init__(library, dtype, shape)
        self.leaves = {"student": self.normal(*shape).to(self.type),
                       "teacher": self.normal(*shape).to(self.type)}
        self.composition = lambda **x: compositions.quality_weights(**x, slope=1.0, h=0.333)
        options = "difference", 1.0, 0.333, 0.01
        if variant == "apart":
            norms = [abi.RowNorms(library, dtype, x) for x in self.leaves.values()]
            weights = abi.QualityWeights(library, abi.accumulator(dtype),
                                         *(n.outputs["norms"] for n in norms), *options)
            self.call = Sequence(*norms, weights)
        else:
            self.call = abi.EmbeddingWeights(library, dtype, *self.leaves.values(), *options)
        self.bytes = 2 * self.leaves["student"].numel() * BYTES[dtype]


class ClassifierQuality(Case):
    """K2 with a student's rows and their teacher's, where the student's weigh by the quality of both:
    with the norms that it has at hand (`in one`), or after K4's launch (`apart`)."""

    def __init__(self, library, variant, dtype, shape):
        super().__init__(library, dtype, shape)
        _, classes, dim = shape
        classifier, labels = self.normal(classes, dim), self.labels(classes)
        self.leaves = {"student": (self.normal(self.rows, dim) + classifier[labels]).to(self.type),
                       "teacher": (self.normal(self.rows, dim) + classifier[labels]).to(self.type),
                       "classifier": classifier.to(self.type)}
        self.others = {"labels": labels}
        self.composition = lambda **x: compositions.two_sides(
            **x, scale=32.0, margin=0.2, slope=1.0, h=0.333)
        quality = "difference", 1.0, 0.333, 0.01
        sides = [self.leaves["student"], self.leaves["teacher"]]
        arguments = library, dtype, *self.leaves.values(), labels, 32.0, 0.2
        if variant == "apart":
            weights = abi.EmbeddingWeights(library, dtype, *sides, *quality)
            self.call = Sequence(
                weights, abi.TwoSides(*arguments, weights=weights.outputs["weights"]))
        else:
            self.call = abi.TwoSides(*arguments, quality=quality)
        self.flops = 16 * self.rows * classes * dim


class Sequence:
    """Calls one after another, as one; the outputs are the last one's."""

    extra_bytes = 0

    def __init__(self, *calls):
        self._calls, self.outputs = calls, calls[-1].outputs

    def __call__(self):
        for call in self._calls:
            call()


# Kernels, under the names of their golden files where they have some: class, variants, dtypes and shapes, the most important
# first; the last shape is one for the simulator.
CASES = {
    "feature-margin": (FeatureMargin, ("normalized",), ALL, [
        (16384, 512), (256, 512), (4096, 1024), (65536, 256), (33, 65)]),
    "margin-classifier": (MarginClassifier, ("aam", "softmax"), ALL, [
        (256, 10000, 512), (512, 100000, 256), (4096, 10000, 512), (64, 100, 128), (9, 33, 17)]),
    "kd": (Kd, ("student",), ALL, [(256, 1000), (4096, 32000), (4096, 1000), (9, 33)]),
    "nontarget-kd": (NontargetKd, ("student",), HALF_TOO, [(256, 1000), (4096, 32000), (9, 33)]),
    "zero-logit-kd": (ZeroLogitKd, ("student",), HALF_TOO, [(256, 1000), (4096, 32000), (9, 33)]),
    "dkd": (Dkd, ("student",), HALF_TOO, [(256, 1000), (4096, 32000), (9, 33)]),
    "c2kd": (C2kd, ("zero-logit",), HALF_TOO, [(256, 309), (256, 1000), (9, 33)]),
    "kendall-tau": (KendallTau, ("tau-b",), F32, [(256, 309), (256, 10000), (9, 33)]),
    "quality-weights": (QualityWeights, ("difference", "apart"), HALF_TOO, [(4096, 512), (16384, 512), (9, 33)]),
    "classifier-quality": (ClassifierQuality, ("in one", "apart"), HALF_TOO, [
        (64, 100, 128), (256, 1000, 512), (9, 33, 17)]),
    "row-norms": (RowNorms, ("norms",), HALF_TOO, [(16384, 512), (256, 512), (9, 33)]),
}
