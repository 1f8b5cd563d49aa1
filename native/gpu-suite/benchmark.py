"""The device functions timed beside torch and other libraries on one GPU.

    python3 benchmark.py --library PATH --out FOLDER [--quick] [--list]

Writes benchmark.json (one row per kernel, shape and dtype) and benchmark.md. Peers that cannot be
imported, or that refuse a shape, are named with the reason. Times are medians of CUDA events; before each
run a buffer larger than the second-level cache is overwritten, and the contenders take turns.
"""

import argparse
import json
import pathlib
import statistics
import subprocess

FEATURE_SHAPES = [(16384, 512), (4096, 1024), (256, 512), (65536, 256)]
CLASSIFIER_SHAPES = [(256, 10000, 512), (512, 100000, 256), (4096, 10000, 512), (64, 100, 128)]
KD_SHAPES = [(256, 1000), (4096, 32000), (4096, 1000)]
TAU_SHAPES = [(256, 309), (256, 10000)]
QUICK = 2  # shapes of each kernel with --quick
DTYPES = ("f32", "bf16", "f16")
BYTES = {"f32": 4, "bf16": 2, "f16": 2}


def cases(quick):
    """(kernel, variant, shape, dtype) of every row."""
    for shape in FEATURE_SHAPES[:QUICK if quick else None]:
        for dtype in DTYPES:
            yield "feature-margin", "normalized", shape, dtype
    for shape in CLASSIFIER_SHAPES[:QUICK if quick else None]:
        for dtype in DTYPES:
            for variant in ("aam", "softmax"):
                yield "margin-classifier", variant, shape, dtype
    for shape in KD_SHAPES[:QUICK if quick else None]:
        for dtype in DTYPES:
            yield "kd", "kept", shape, dtype
    for shape in TAU_SHAPES[:QUICK if quick else None]:
        yield "kendall-tau", None, shape, "f32"


# ---- compositions of torch: the reference, eager and compiled, and the oracle in float64 ----


def feature_margin_loss(torch, student, teacher, weights, margin):
    s = torch.nn.functional.normalize(student, dim=1)
    t = torch.nn.functional.normalize(teacher, dim=1)
    distance = torch.linalg.vector_norm(s - t, dim=1)
    return (weights * torch.relu(distance - margin)).mean()


def margin_classifier_loss(torch, embeddings, classifier, labels, weights, kind, scale, margin):
    functional = torch.nn.functional
    if kind == "softmax":
        logits = embeddings @ classifier.T
    else:
        z, v = functional.normalize(embeddings, dim=1), functional.normalize(classifier, dim=1)
        cosine = (z @ v.T).clamp(-1, 1)
        target = cosine.gather(1, labels[:, None])
        sine = (1 - target * target).clamp_min(0).sqrt()
        with_margin = torch.where(
            target > torch.cos(torch.pi - torch.tensor(margin)),
            target * torch.cos(torch.tensor(margin)) - sine * torch.sin(torch.tensor(margin)),
            target - margin * torch.sin(torch.tensor(margin)))
        logits = scale * cosine.scatter(1, labels[:, None], with_margin)
    rows = functional.cross_entropy(logits.float() if logits.dtype.itemsize < 4 else logits, labels,
                                    reduction="none")
    return (weights * rows).mean()


def kd_loss(torch, student, teacher, weights, temperature):
    functional = torch.nn.functional
    log_q = functional.log_softmax(student / temperature, dim=1)
    log_p = functional.log_softmax(teacher / temperature, dim=1)
    rows = functional.kl_div(log_q, log_p, reduction="none", log_target=True).sum(dim=1)
    return (weights * rows).mean() * temperature ** 2


def kendall_tau(torch, a, b):
    """Row by row: one row needs C x C numbers."""
    rows = []
    for x, y in zip(a, b):
        above = torch.sign(x[:, None] - x[None, :])
        below = torch.sign(y[:, None] - y[None, :])
        rows.append((above * below).sum() / (above.square().sum() * below.square().sum()).sqrt())
    return torch.stack(rows)


class Feature:
    """One feature-margin case: the kernel, the peers and the oracle."""

    def __init__(self, torch, abi, library, variant, shape, dtype):
        self.torch, self.dtype = torch, dtype
        rows, dim = shape
        m = library.memory
        generator = torch.Generator("cuda").manual_seed(1)
        make = lambda: torch.randn(rows, dim, device="cuda", generator=generator)
        student = make()
        self.student = student.to(m._types[dtype])
        self.teacher = (student + make()).to(m._types[dtype])
        self.weights = torch.rand(rows, device="cuda", generator=generator)
        self.kernel = abi.FeatureMargin(library, dtype, self.student, self.teacher, self.weights,
                                        variant, 0.5, "mean")
        self.bytes = 4 * rows * dim * BYTES[dtype]
        self.flops = 0
        self.extra_bytes = self.kernel.extra_bytes
        self.gradients = ("grad.student", "grad.teacher")

    def _composition(self, loss):
        inputs = [x.detach().requires_grad_() for x in (self.student, self.teacher)]
        weights = self.weights.to(inputs[0].dtype)

        def run():
            for x in inputs:
                x.grad = None
            loss(self.torch, *inputs, weights, 0.5).backward()

        return run

    def peers(self):
        yield "torch eager", lambda: self._composition(feature_margin_loss)
        yield "torch.compile", lambda: self._composition(self.torch.compile(feature_margin_loss))

    def oracle(self):
        inputs = [x.double().requires_grad_() for x in (self.student, self.teacher)]
        feature_margin_loss(self.torch, *inputs, self.weights.double(), 0.5).backward()
        return [x.grad for x in inputs]


class Classifier:
    """One margin-classifier case."""

    def __init__(self, torch, abi, library, variant, shape, dtype):
        self.torch, self.dtype, self.kind = torch, dtype, variant
        rows, classes, dim = shape
        m = library.memory
        generator = torch.Generator("cuda").manual_seed(1)
        make = lambda *size: torch.randn(*size, device="cuda", generator=generator)
        classifier = make(classes, dim) * (1 if variant == "aam" else dim ** -0.5)
        self.labels = torch.randint(classes, (rows,), device="cuda", generator=generator)
        self.classifier = classifier.to(m._types[dtype])
        self.embeddings = (make(rows, dim) + classifier[self.labels]).to(m._types[dtype])
        self.weights = torch.rand(rows, device="cuda", generator=generator)
        self.kernel = abi.MarginClassifier(library, dtype, self.embeddings, self.classifier,
                                           self.labels, self.weights, variant, 32.0, 0.2, False,
                                           "mean")
        self.bytes = 0
        self.flops = 8 * rows * classes * dim
        self.extra_bytes = self.kernel.extra_bytes
        self.gradients = ("grad.embeddings", "grad.classifier")

    def _composition(self, loss):
        inputs = [x.detach().requires_grad_() for x in (self.embeddings, self.classifier)]
        weights = self.weights.to(inputs[0].dtype)

        def run():
            for x in inputs:
                x.grad = None
            loss(self.torch, *inputs, self.labels, weights, self.kind, 32.0, 0.2).backward()

        return run

    # Liger and CCE know neither margin nor normalisation nor weights: they are measured as they are,
    # doing less, against both variants.
    def _liger(self):
        from liger_kernel.ops.fused_linear_cross_entropy import LigerFusedLinearCrossEntropyFunction

        inputs = [x.detach().requires_grad_() for x in (self.embeddings, self.classifier)]

        def run():
            for x in inputs:
                x.grad = None
            result = LigerFusedLinearCrossEntropyFunction.apply(*inputs, self.labels)
            (result[0] if isinstance(result, tuple) else result).backward()

        return run

    def _cut_cross_entropy(self):
        from cut_cross_entropy import linear_cross_entropy

        inputs = [x.detach().requires_grad_() for x in (self.embeddings, self.classifier)]

        def run():
            for x in inputs:
                x.grad = None
            linear_cross_entropy(*inputs, self.labels).backward()

        return run

    def peers(self):
        yield "torch eager", lambda: self._composition(margin_classifier_loss)
        yield "torch.compile", lambda: self._composition(self.torch.compile(margin_classifier_loss))
        yield "Liger (plain)", self._liger
        yield "CCE (plain)", self._cut_cross_entropy

    def oracle(self):
        inputs = [x.double().requires_grad_() for x in (self.embeddings, self.classifier)]
        margin_classifier_loss(self.torch, *inputs, self.labels, self.weights.double(), self.kind,
                               32.0, 0.2).backward()
        return [x.grad for x in inputs]


class Kd:
    """One temperature divergence, gradient of the student."""

    def __init__(self, torch, abi, library, variant, shape, dtype):
        self.torch, self.dtype = torch, dtype
        rows, classes = shape
        generator = torch.Generator("cuda").manual_seed(1)
        make = lambda: (3 * torch.randn(rows, classes, device="cuda", generator=generator)).to(
            library.memory._types[dtype])
        self.student, self.teacher = make(), make()
        self.weights = torch.rand(rows, device="cuda", generator=generator)
        self.kernel = abi.Kd(library, dtype, self.student, self.teacher, None, self.weights,
                             variant, 4.0, "mean", teacher_gradient=False)
        self.bytes = 3 * rows * classes * BYTES[dtype]
        self.flops = 0
        self.extra_bytes = self.kernel.extra_bytes
        self.gradients = ("grad.student",)

    def _composition(self, loss):
        student = self.student.detach().requires_grad_()
        weights = self.weights.to(student.dtype)

        def run():
            student.grad = None
            loss(self.torch, student, self.teacher, weights, 4.0).backward()

        return run

    def _liger(self):
        from liger_kernel.ops.kl_div import LigerKLDivergenceFunction

        student = self.student.detach().requires_grad_()

        def run():
            student.grad = None
            log_q = self.torch.nn.functional.log_softmax(student / 4, dim=1)
            log_p = self.torch.nn.functional.log_softmax(self.teacher / 4, dim=1)
            LigerKLDivergenceFunction.apply(log_q, log_p, "batchmean", True).backward()

        return run

    def peers(self):
        yield "torch eager", lambda: self._composition(kd_loss)
        yield "torch.compile", lambda: self._composition(self.torch.compile(kd_loss))
        yield "Liger (plain)", self._liger

    def oracle(self):
        student = self.student.double().requires_grad_()
        kd_loss(self.torch, student, self.teacher.double(), self.weights.double(), 4.0).backward()
        return [student.grad]


class Tau:
    """One Kendall's tau-b; what it compares, not what it moves, takes its time."""

    def __init__(self, torch, abi, library, variant, shape, dtype):
        self.torch = torch
        generator = torch.Generator("cuda").manual_seed(1)
        self.a, self.b = (torch.randn(*shape, device="cuda", generator=generator) for _ in range(2))
        self.kernel = abi.KendallTau(library, dtype, self.a, self.b)
        self.bytes = 2 * self.a.numel() * BYTES[dtype]
        self.flops = 0
        self.extra_bytes = self.kernel.extra_bytes
        self.gradients = ("tau",)

    def peers(self):
        yield "torch eager", lambda: lambda: kendall_tau(self.torch, self.a, self.b)

    def oracle(self):
        return [kendall_tau(self.torch, self.a.double(), self.b.double())]


KINDS = {"feature-margin": Feature, "margin-classifier": Classifier, "kd": Kd, "kendall-tau": Tau}


# ---- timing ----


class Timer:
    """Medians of interleaved contenders, in nanoseconds."""

    def __init__(self, torch, repetitions):
        self.torch, self.repetitions = torch, repetitions
        cache = getattr(torch.cuda.get_device_properties(0), "L2_cache_size", 64 << 20)
        self.scrub = torch.empty(2 * cache, dtype=torch.uint8, device="cuda")

    def once(self, run):
        start, end = (self.torch.cuda.Event(enable_timing=True) for _ in range(2))
        self.scrub.zero_()
        start.record()
        run()
        end.record()
        end.synchronize()
        return start.elapsed_time(end) * 1e6

    def medians(self, contenders):
        times = {name: [] for name in contenders}
        for turn in range(self.repetitions + 3):
            for name, run in contenders.items():
                time = self.once(run)
                if turn >= 3:
                    times[name].append(time)
        result = {}
        for name, values in times.items():
            low, _, high = statistics.quantiles(values, n=4)
            median = statistics.median(values)
            result[name] = {"median_ns": median, "spread": (high - low) / median}
        return result


def copy_of(torch, size):
    """Reads and writes `size` bytes together: half of them a copy's source, half its target."""
    source = torch.empty(size // 2, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    return lambda: target.copy_(source)


def peak_memory(torch, run):
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    run()
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated() - before


def measured_flops(torch, timer):
    """What a large f32 product without tensor cores reaches, per second."""
    torch.backends.cuda.matmul.allow_tf32 = False
    a = torch.randn(8192, 8192, device="cuda")
    median = timer.medians({"product": lambda: a @ a})["product"]["median_ns"]
    return 2 * 8192 ** 3 / median * 1e9


def measure(torch, abi, library, timer, peak, kernel, variant, shape, dtype):
    case = KINDS[kernel](torch, abi, library, variant, shape, dtype)
    contenders, skipped = {"ours": case.kernel}, {}
    for name, prepare in case.peers():
        try:
            run = prepare()
            run()
            contenders[name] = run
        except Exception as error:  # a peer's failure is a remark in the table, not ours
            skipped[name] = f"{type(error).__name__}: {error}".splitlines()[0][:120]
    if case.bytes:
        contenders["copy"] = copy_of(torch, case.bytes)
    times = timer.medians(contenders)
    ours = times.pop("ours")
    copy = times.pop("copy", None)
    case.kernel()
    error = 0.0
    for name, expected in zip(case.gradients, case.oracle()):
        difference = (case.kernel.outputs[name].double() - expected).norm() / expected.norm()
        error = max(error, difference.item())
    eager = times.get("torch eager")
    share = copy["median_ns"] / ours["median_ns"] if copy else \
        case.flops / ours["median_ns"] * 1e9 / peak
    return {
        "kernel": kernel, "variant": variant, "backend": "cuda", "isa": None,
        "shape": "x".join(map(str, shape)), "dtype": dtype, "threads": None, **ours,
        "bytes": case.bytes or None, "flops": case.flops or None, "roofline_share": share,
        "speedup_vs_reference": eager["median_ns"] / ours["median_ns"] if eager else None,
        "error_vs_f64": error, "extra_bytes": case.extra_bytes,
        "reference_extra_bytes":
            peak_memory(torch, contenders["torch eager"]) if "torch eager" in contenders else None,
        "peers": times, "skipped_peers": skipped,
    }


def table(rows, fingerprint):
    peers = list(dict.fromkeys(p for row in rows for p in (*row["peers"], *row["skipped_peers"])))
    lines = [f"# Benchmarks on {fingerprint['gpu']}", "",
             ", ".join(f"{k}: {v}" for k, v in fingerprint.items()), "",
             "| kernel | variant | shape | dtype | µs | ± | GB/s or TFLOP/s | roofline | error vs f64 | "
             "extra MB | " + " | ".join(f"{p}: time / ours" for p in peers) + " |",
             "|" + "---|" * (10 + len(peers))]
    for row in rows:
        rate = f"{row['bytes'] / row['median_ns']:.0f} GB/s" if row["bytes"] else \
            f"{row['flops'] / row['median_ns'] / 1e3:.1f} TFLOP/s"
        ratios = [f"{row['peers'][p]['median_ns'] / row['median_ns']:.2f}" if p in row["peers"] else "–"
                  for p in peers]
        lines.append(
            f"| {row['kernel']} | {row['variant'] or ''} | {row['shape']} | {row['dtype']} | "
            f"{row['median_ns'] / 1e3:.1f} | {row['spread']:.0%} | {rate} | {row['roofline_share']:.0%} | "
            f"{row['error_vs_f64']:.1e} | {row['extra_bytes'] / 1e6:.1f} | " + " | ".join(ratios) + " |")
    reasons = {(p, r) for row in rows for p, r in row["skipped_peers"].items()}
    lines += [""] + [f"- {peer} was not measured: {reason}" for peer, reason in sorted(reasons)]
    return "\n".join(lines) + "\n"


def fingerprint_of(torch):
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    driver = subprocess.run(["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"],
                            capture_output=True, text=True)
    return {"gpu": torch.cuda.get_device_name(0), "driver": driver.stdout.strip().split("\n")[0],
            "cuda": torch.version.cuda, "torch": torch.__version__, "commit": commit.stdout.strip()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", required=True)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--list", action="store_true", help="only say what would be measured")
    arguments = parser.parse_args()
    if arguments.list:
        for kernel, variant, shape, dtype in cases(arguments.quick):
            print(kernel, variant or "", "x".join(map(str, shape)), dtype)
        return
    import torch

    import abi

    library = abi.Library(arguments.library, abi.TorchMemory())
    timer = Timer(torch, 20 if arguments.quick else 50)
    peak = measured_flops(torch, timer)
    fingerprint = fingerprint_of(torch) | {"measured f32 TFLOP/s": f"{peak / 1e12:.1f}"}
    rows = []
    for case in cases(arguments.quick):
        rows.append(measure(torch, abi, library, timer, peak, *case))
        print("{kernel} {variant} {shape} {dtype}: {median_ns:.0f} ns".format(**rows[-1]), flush=True)
        torch.cuda.empty_cache()
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "benchmark.json").write_text(
        json.dumps({"fingerprint": fingerprint, "rows": rows}, indent=1))
    (arguments.out / "benchmark.md").write_text(table(rows, fingerprint))


if __name__ == "__main__":
    main()
