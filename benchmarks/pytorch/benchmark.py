"""The kernels timed beside PyTorch on one CPU; ./run starts it.

Each row is a kernel with all its gradients: our function through ctypes, torch's operators as they come
(eager), and the same function compiled by torch.compile. The compositions and their inputs are those of
native/gpu-suite. The contenders take turns; before each measurement a contender runs once unmeasured, so that
its threads are awake and its memory is its own, and the others' threads have had time to fall asleep. Times are
medians on the wall. Errors are those of the gradients against the composition in float64, relative to its norm.
"""

import argparse
import json
import pathlib
import platform
import re
import statistics
import sys
import time
from ctypes import c_int32

import torch

SUITE = pathlib.Path(__file__).resolve().parents[2] / "native" / "gpu-suite"
sys.path.insert(0, str(SUITE))

import abi  # noqa: E402
import memory  # noqa: E402
from cases import CASES  # noqa: E402

# Kernel, variant, shapes; each in f32 and bf16 but for tau-b, whose counts are the same in both.
ROWS = [
    ("feature-margin", "normalized", [(64, 128), (256, 512), (16384, 512)]),
    ("margin-classifier", "aam", [(64, 100, 128), (256, 1000, 512), (256, 10000, 512), (512, 100000, 256)]),
    ("margin-classifier", "softmax", [(128, 2, 256), (64, 100, 128), (256, 10000, 512)]),
    ("kd", "student", [(64, 100), (256, 1000), (4096, 32000)]),
    ("nontarget-kd", "student", [(256, 1000)]),
    ("dkd", "student", [(256, 1000)]),
    ("c2kd", "zero-logit", [(256, 309)]),
    ("kendall-tau", "tau-b", [(256, 309)]),
    ("quality-weights", "difference", [(256, 512), (4096, 512)]),
]
DTYPES = ("f32", "bf16")
# Arguments at the end of a device function, in place of which its host function takes `threads`.
DEVICE_ARGUMENTS = {"feature_margin": 3, "margin_classifier": 4, "kd": 4, "dkd": 4, "kendall_tau": 3,
                    "c2kd": 4, "row_norms": 1, "quality_weights": 1, "embedding_weights": 2}
WITHOUT_THREADS = ("quality_weights",)
REST = 0.003  # seconds
LEAST, MOST, SECONDS = 5, 40, 3.0  # repetitions of a row, and the time after which there are enough


class HostLibrary(abi.Library):
    """The library's host functions under the names of its device functions."""

    threads = 1

    def call(self, name, *arguments):
        kernel = name[len("cd_"):-len("_cuda")]
        host = getattr(self._library, "cd_" + kernel)
        kept = arguments[:-DEVICE_ARGUMENTS[kernel]]
        host.argtypes = abi.SIGNATURES[name][:len(kept)]
        if kernel not in WITHOUT_THREADS:
            host.argtypes += [c_int32]
            kept += (self.threads,)
        if host(*kept) != 0:
            raise abi.KernelError(f"cd_{kernel}: {self.last_error()}")

    def workspace(self, name, *arguments):
        return None, 0


class HostMemory(memory.TorchMemory):
    """Host functions need no workspace."""

    def pointer(self, array):
        return None if array is None else super().pointer(array)


def title(kernel, variant, shape, dtype, threads):
    return f"{kernel} {variant} {'x'.join(map(str, shape))} {dtype} {threads}"


def selected(only, threads):
    rows = [(kernel, variant, shape, dtype, count) for kernel, variant, shapes in ROWS
            for shape in shapes for dtype in DTYPES for count in threads
            if dtype == "f32" or kernel != "kendall-tau"]
    return [row for row in rows if re.search(only, title(*row))]


def medians(contenders):
    """Name: (median, spread) in nanoseconds; the spread is half of what lies between the fifths."""
    times = {name: [] for name in contenders}
    end = time.monotonic() + SECONDS
    for turn in range(MOST):
        if turn >= LEAST and time.monotonic() > end:
            break
        for name, run in contenders.items():
            time.sleep(REST)
            run()
            start = time.perf_counter_ns()
            run()
            times[name].append(time.perf_counter_ns() - start)
    result = {}
    for name, values in times.items():
        fifths = statistics.quantiles(values, n=5)
        median = statistics.median(values)
        result[name] = {"median_ns": median, "spread": (fifths[3] - fifths[0]) / 2 / median}
    return result


def error_of(outputs, expected):
    return max(((outputs[name].double() - x).norm() / x.norm()).item() for name, x in expected.items())


def measure(library, kernel, variant, shape, dtype, threads):
    torch.set_num_threads(threads)
    library.threads = threads
    case = CASES[kernel][0](library, variant, dtype, shape)
    expected = case.prepared(case.composition, torch.float64)()
    contenders, errors, skipped = {"ours": case.call}, {}, {}
    case.call()
    errors["ours"] = error_of(case.call.outputs, expected)
    for name, prepare in (("eager", case.eager), ("compiled", case.compiled)):
        try:
            run = prepare()
            errors[name] = error_of(run(), expected)
            contenders[name] = run
        except Exception as error:  # a peer's failure is a remark in the table, not ours
            skipped[name] = f"{type(error).__name__}: {error}".splitlines()[0][:120]
    del expected
    times = medians(contenders)
    return {"kernel": kernel, "variant": variant, "backend": "cpu", "shape": "x".join(map(str, shape)),
            "dtype": dtype, "threads": threads, **times.pop("ours"), "error_vs_f64": errors.pop("ours"),
            "peers": {name: {**times[name], "error_vs_f64": errors[name]} for name in times},
            "skipped_peers": skipped}


def duration(nanoseconds):
    for unit, size in (("s", 1e9), ("ms", 1e6)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.2f} {unit}"
    return f"{nanoseconds / 1e3:.1f} µs"


def table(rows):
    lines = ["| kernel | shape | type | threads | ours | ± | eager | | torch.compile | | error | eager's | compiled's |",
             "|" + "---|" * 13]
    for row in rows:
        cells = [f"{row['kernel']} {row['variant']}", row["shape"], row["dtype"], str(row["threads"]),
                 duration(row["median_ns"]), f"{row['spread']:.0%}"]
        for name in ("eager", "compiled"):
            peer = row["peers"].get(name)
            cells += ["–", ""] if peer is None else \
                [duration(peer["median_ns"]), f"{peer['median_ns'] / row['median_ns']:.1f}×"]
        cells += [f"{row['error_vs_f64']:.1e}"]
        cells += [f"{row['peers'][n]['error_vs_f64']:.1e}" if n in row["peers"] else "–"
                  for n in ("eager", "compiled")]
        lines.append("| " + " | ".join(cells) + " |")
    reasons = {(name, reason) for row in rows for name, reason in row["skipped_peers"].items()}
    return "\n".join(lines + [""] + [f"- {name} was not measured everywhere: {reason}"
                                     for name, reason in sorted(reasons)])


def processor():
    try:
        text = pathlib.Path("/proc/cpuinfo").read_text()
        return re.search(r"model name\s*:\s*(.*)", text).group(1)
    except (OSError, AttributeError):
        return platform.processor() or platform.machine()


def main():
    parser = argparse.ArgumentParser(prog="benchmarks/pytorch/run", description=__doc__.splitlines()[0])
    parser.add_argument("--library", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--only", default="", help="rows that match a regular expression")
    parser.add_argument("--threads", type=int, action="append", help="may be repeated (1 and all)")
    parser.add_argument("--json", type=pathlib.Path, help="also writes the rows to this file")
    parser.add_argument("--list", action="store_true", help="only says what would be measured")
    arguments = parser.parse_args()
    threads = arguments.threads or sorted({1, torch.get_num_threads()})
    if min(threads) < 1:
        parser.error(f"--threads: expected 1 or more, got {min(threads)}")
    wanted = selected(arguments.only, threads)
    if arguments.list:
        print("\n".join(title(*row) for row in wanted))
        return 0
    if not wanted:
        parser.error(f"--only: no row matches '{arguments.only}'; --list shows them")
    library = HostLibrary(arguments.library, HostMemory("cpu"))
    rows = []
    for row in wanted:
        print(title(*row), file=sys.stderr, flush=True)
        rows.append(measure(library, *row))
    print(f"{processor()}, PyTorch {torch.__version__}\n\n{table(rows)}")
    if arguments.json:
        fingerprint = {"cpu": processor(), "torch": torch.__version__, "python": platform.python_version()}
        arguments.json.write_text(json.dumps({"fingerprint": fingerprint, "rows": rows}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
