"""The device functions timed beside torch and other libraries on one GPU.

    python3 benchmark.py --library PATH --out FOLDER [--quick] [--only REGEX] [--minutes N]
    python3 benchmark.py --library SIMULATOR --rehearse
    python3 benchmark.py --list [--quick] [--only REGEX]

Writes benchmark.json (one row per kernel, shape and dtype) and benchmark.md, anew after each row. Peers
that cannot be imported, or that refuse a shape, are named with the reason. Times are medians of CUDA
events, of the device alone: before each run a buffer larger than the second-level cache is overwritten and
the device waits, so that Python has queued the whole run by then; the contenders take turns.
--rehearse computes small shapes of all kernels on the simulator's library instead, without times: every
kernel against the oracle of its row, and the oracle's composition in the row's own dtype.
"""

import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys
import time

import abi
from cases import CASES

QUICK_SHAPES, QUICK_DTYPES = 2, ("f32", "bf16")
TOLERANCE = {"f32": 1e-5, "bf16": 5e-3, "f16": 1e-3}
WAIT_CYCLES = 4_000_000  # about 2 ms: longer than Python takes to queue a composition


def selected(quick, only):
    """(kernel, variant, shape, dtype) of every row, the first shapes of all kernels first."""
    found = []
    for kernel, (_, variants, dtypes, shapes) in CASES.items():
        for rank, shape in enumerate(shapes[:-1][:QUICK_SHAPES if quick else None]):
            found += [(rank, (kernel, variant, shape, dtype))
                      for dtype in dtypes if not quick or dtype in QUICK_DTYPES for variant in variants]
    found.sort(key=lambda entry: entry[0])
    return [case for _, case in found if re.search(only, title(*case))]


def title(kernel, variant, shape, dtype):
    return f"{kernel} {variant} {'x'.join(map(str, shape))} {dtype}"


class Timer:
    """Medians of interleaved contenders, in nanoseconds."""

    def __init__(self, torch, repetitions):
        self.torch, self.repetitions = torch, repetitions
        cache = getattr(torch.cuda.get_device_properties(0), "L2_cache_size", 64 << 20)
        self.scrub = torch.empty(2 * cache, dtype=torch.uint8, device="cuda")

    def once(self, run):
        start, end = (self.torch.cuda.Event(enable_timing=True) for _ in range(2))
        self.scrub.zero_()
        self.torch.cuda._sleep(WAIT_CYCLES)
        start.record()
        run()
        end.record()
        end.synchronize()
        return start.elapsed_time(end) * 1e6

    def medians(self, contenders):
        times = {name: [] for name in contenders}
        for turn in range(self.repetitions + 3):
            for name, run in contenders.items():
                taken = self.once(run)
                if turn >= 3:
                    times[name].append(taken)
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


def measured_flops(torch, timer, dtype):
    """What a large product of torch reaches per second: without tensor cores in f32, on them else."""
    a = torch.randn(8192, 8192, device="cuda").to(dtype)
    median = timer.medians({"product": lambda: a @ a})["product"]["median_ns"]
    return 2 * 8192 ** 3 / median * 1e9


def contenders_of(case):
    """Runs by name, and why others are none."""
    contenders, skipped = {}, {}
    peers = {"torch eager": case.eager, "torch.compile": case.compiled, **dict(case.libraries())}
    for name, prepare in peers.items():
        try:
            run = prepare()
            run()
            contenders[name] = run
        except Exception as error:  # a peer's failure is a remark in the table, not ours
            skipped[name] = f"{type(error).__name__}: {error}".splitlines()[0][:120]
    return contenders, skipped


def measure(torch, library, timer, peaks, kernel, variant, shape, dtype):
    case = CASES[kernel][0](library, variant, dtype, shape)
    error = case.error()
    contenders, skipped = contenders_of(case)
    limit = {"copy": copy_of(torch, case.bytes)} if case.bytes else {}
    times = timer.medians({"ours": case.call, **contenders, **limit})
    ours, copy = times.pop("ours"), times.pop("copy", None)
    eager = times.get("torch eager")
    if copy is None:
        if dtype not in peaks:
            peaks[dtype] = measured_flops(torch, timer, case.type)
        share = case.flops / ours["median_ns"] * 1e9 / peaks[dtype]
    else:
        share = copy["median_ns"] / ours["median_ns"]
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


def table(rows, fingerprint, remarks):
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
            f"| {row['kernel']} | {row['variant']} | {row['shape']} | {row['dtype']} | "
            f"{row['median_ns'] / 1e3:.1f} | {row['spread']:.0%} | {rate} | {row['roofline_share']:.0%} | "
            f"{row['error_vs_f64']:.1e} | {row['extra_bytes'] / 1e6:.1f} | " + " | ".join(ratios) + " |")
    reasons = {(p, r) for row in rows for p, r in row["skipped_peers"].items()}
    lines += ["", "roofline: bytes against a copy of as many, operations against a product of torch.", ""]
    lines += [f"- {peer} was not measured everywhere: {reason}" for peer, reason in sorted(reasons)]
    return "\n".join(lines + [f"- {remark}" for remark in remarks]) + "\n"


def output_of(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.strip().split("\n")[0]
    except OSError:
        return ""


def fingerprint_of(torch):
    return {"gpu": torch.cuda.get_device_name(0),
            "driver": output_of("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"),
            "cuda": torch.version.cuda, "torch": torch.__version__,
            "commit": output_of("git", "rev-parse", "--short", "HEAD")}


def write(folder, rows, fingerprint, remarks):
    rows = sorted(rows, key=lambda row: list(CASES).index(row["kernel"]))
    (folder / "benchmark.json").write_text(
        json.dumps({"fingerprint": fingerprint, "rows": rows}, indent=1))
    (folder / "benchmark.md").write_text(table(rows, fingerprint, remarks))


def measure_all(arguments, torch, library):
    """What failed; the table says that, too, and what was left out for lack of time."""
    timer, peaks, rows = Timer(torch, 20 if arguments.quick else 50), {}, []
    failures, remarks = [], []
    fingerprint = fingerprint_of(torch)
    wanted = selected(arguments.quick, arguments.only)
    end = time.monotonic() + 60 * arguments.minutes
    arguments.out.mkdir(parents=True, exist_ok=True)
    for done, case in enumerate(wanted):
        late = time.monotonic() > end
        if late:
            remarks.append(f"{len(wanted) - done} rows were left out after {arguments.minutes:g} minutes, "
                           f"from {title(*case)} on")
        else:
            try:
                rows.append(measure(torch, library, timer, peaks, *case))
                print(f"{title(*case)}: {rows[-1]['median_ns'] / 1e3:.1f} µs", flush=True)
            except Exception as error:  # the next row may still work
                failures.append(f"{title(*case)} failed: {type(error).__name__}: {error}".splitlines()[0])
            torch.cuda.empty_cache()
        write(arguments.out, rows, fingerprint, failures + remarks)
        if late:
            print(f"benchmark: {remarks[0]}", file=sys.stderr)
            break
    return failures


def rehearse(library):
    """Lines about what is wrong."""
    wrong = []
    for kernel, (make, variants, dtypes, shapes) in CASES.items():
        for variant in variants:
            for dtype in dtypes:
                case = make(library, variant, dtype, shapes[-1])
                case.eager()()
                error = case.error()
                print(f"{title(kernel, variant, shapes[-1], dtype)}: error {error:.1e}")
                if not error <= TOLERANCE[dtype]:
                    wrong.append(f"{kernel} {variant} {dtype}: error {error:.1e}, "
                                 f"at most {TOLERANCE[dtype]:.0e} expected")
    missing = sorted({name for name in library.functions if name not in library.called})
    return wrong + [f"{name} is in no row" for name in missing]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library")
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true", help="two shapes of each kernel, f32 and bf16")
    parser.add_argument("--only", default="", help="rows that match a regular expression")
    parser.add_argument("--minutes", type=float, default=60, help="starts no row after that")
    parser.add_argument("--rehearse", action="store_true", help="on the simulator, without times")
    parser.add_argument("--list", action="store_true", help="only says what would be measured")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(title(*case) for case in selected(arguments.quick, arguments.only)))
        return 0
    import torch

    import memory

    device = "cpu" if arguments.rehearse else "cuda"
    library = abi.Library(arguments.library, memory.TorchMemory(device))
    problems = rehearse(library) if arguments.rehearse else \
        measure_all(arguments, torch, library)
    for problem in problems:
        print(f"benchmark: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
