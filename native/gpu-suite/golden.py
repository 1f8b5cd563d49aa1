"""Golden files against the device functions: every file, every dtype, worst error per loss.

    python3 golden.py --library PATH --golden FOLDER [--memory torch|host] [--json FILE]

Error of an array: |answer - expected| / max(|expected|, 0.01). Exit code 1 beyond the tolerance.
"""

import argparse
import json
import pathlib
import struct
import sys

import numpy as np

import abi
import memory

TOLERANCE = {"f64": 1e-10, "f32": 1e-5, "f16": 1e-3, "bf16": 5e-3}
WIDE = ("f64", "f32")  # of the losses on logits, whose files have a tolerance for these alone


def read(path):
    """The metadata and the tensors (float64) of a safetensors file."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    metadata = header.pop("__metadata__", {})
    types = {"F64": np.float64, "F32": np.float32, "I64": np.int64, "I32": np.int32}
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        flat = np.frombuffer(data[8 + length + begin:8 + length + end], types[entry["dtype"]])
        tensors[name] = flat.reshape(entry["shape"])
    return metadata, tensors


def feature_margin(library, dtype, options, tensors):
    m, a = library.memory, abi.accumulator(dtype)
    call = abi.FeatureMargin(
        library, dtype, m.array(tensors["in.student"], dtype), m.array(tensors["in.teacher"], dtype),
        m.array(tensors["in.weights"], a), options.get("distance", "normalized"),
        float(options.get("margin", 0)), options.get("reduction", "mean"))
    call()
    return call.outputs


def margin_classifier(library, dtype, options, tensors):
    m, a = library.memory, abi.accumulator(dtype)
    call = abi.MarginClassifier(
        library, dtype, m.array(tensors["in.embeddings"], dtype),
        m.array(tensors["in.classifier"], dtype), m.array(tensors["in.labels"], "i64"),
        m.array(tensors["in.weights"], a), options.get("kind", "aam"),
        float(options.get("scale", 32)), float(options.get("margin", 0.2)),
        options.get("easy-margin", "false") == "true", options.get("reduction", "mean"))
    return checked(library, call)


def quality_weights(library, dtype, options, tensors):
    """From the qualities and, where they can be norms, from rows of one element that have them."""
    qualities = [tensors["in.quality-student"], tensors["in.quality-teacher"]]
    outputs = weights_of_batches(library, dtype, options, abi.QualityWeights, *qualities)
    if min(q.min() for q in qualities) >= 0:
        from_rows = weights_of_batches(library, dtype, options, abi.EmbeddingWeights,
                                       *(q[..., None] for q in qualities))
        for name, array in outputs.items():
            if not np.array_equal(array, from_rows[name]):
                raise abi.KernelError(f"{name}: not the same from qualities and from embeddings")
    return outputs


def weights_of_batches(library, dtype, options, make_call, students, teachers):
    m = library.memory
    statistics, weights, history = None, [], []
    for student, teacher in zip(students, teachers):
        call = make_call(
            library, dtype, m.array(student, dtype), m.array(teacher, dtype),
            options.get("quality", "difference"), float(options.get("k", 1)),
            float(options.get("h", 0.333)), float(options.get("alpha", 0.01)), statistics)
        call()
        statistics = call.outputs["statistics"]
        weights.append(m.values(call.outputs["weights"]))
        history.append(m.values(statistics)[:4].copy())
    return {"weights": np.stack(weights), "statistics": np.stack(history)}


def checked(library, call):
    """Runs a call whose rows have labels."""
    call()
    bad_row = library.memory.values(call.bad_row)[0]
    if bad_row != -1:
        raise abi.KernelError(f"bad_row: expected -1, got {bad_row:.0f}")
    return call.outputs


def kd(library, dtype, options, tensors):
    m, a = library.memory, abi.accumulator(dtype)
    if options["loss"] == "dkd":
        target = float(options.get("alpha", 1)), float(options.get("beta", 8))
    else:
        target = {"nontarget-kd": "exclude", "zero-logit-kd": "zero-logit"}.get(options["loss"], "kept")
    labels = tensors.get("in.labels")
    return checked(library, abi.Kd(
        library, dtype, m.array(tensors["in.student"], dtype), m.array(tensors["in.teacher"], dtype),
        None if labels is None else m.array(labels, "i64"), m.array(tensors["in.weights"], a),
        target, float(options.get("temperature", 4)), options.get("reduction", "mean")))


def kendall_tau(library, dtype, options, tensors):
    m = library.memory
    call = abi.KendallTau(library, dtype, m.array(tensors["in.a"], dtype),
                          m.array(tensors["in.b"], dtype))
    call()
    return call.outputs


def c2kd(library, dtype, options, tensors):
    m = library.memory
    logits = {name: m.array(tensors["in." + name], dtype) for name in abi.C2kd.NETWORKS}
    return checked(library, abi.C2kd(
        library, dtype, logits, m.array(tensors["in.labels"], "i64"),
        options.get("non-target", "zero-logit"), float(options.get("temperature", 1)),
        float(options.get("krc", 0))))


RUN = {"feature-margin": feature_margin, "margin-classifier": margin_classifier,
       "quality-weights": quality_weights, "kd": kd, "nontarget-kd": kd, "zero-logit-kd": kd,
       "dkd": kd, "c2kd": c2kd, "kendall-tau": kendall_tau}
LOGITS = ("kd", "nontarget-kd", "zero-logit-kd", "dkd", "c2kd", "kendall-tau")


def error_of(actual, expected):
    """Relative to the norm; a NaN that is expected must be there, and no other."""
    known = ~np.isnan(expected)
    if not np.array_equal(known, ~np.isnan(actual)):
        return np.inf
    return np.linalg.norm(actual[known] - expected[known]) / \
        max(np.linalg.norm(expected[known]), 0.01)


def check(library, path, dtype):
    """The file's loss and its worst error as a share of the tolerance."""
    options, tensors = read(path)
    outputs = RUN[options["loss"]](library, dtype, options, tensors)
    library.memory.synchronize()
    worst = 0.0
    for name, expected in tensors.items():
        if not name.startswith("out."):
            continue
        array = outputs[name[4:]]
        actual = array if isinstance(array, np.ndarray) and array.dtype == np.float64 else \
            library.memory.values(array)
        worst = max(worst, error_of(actual, expected) / TOLERANCE[dtype])
    return options["loss"], worst


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", required=True)
    parser.add_argument("--golden", required=True, type=pathlib.Path)
    parser.add_argument("--memory", choices=("torch", "host"), default="torch")
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    library = abi.Library(
        arguments.library,
        memory.TorchMemory() if arguments.memory == "torch" else memory.HostMemory())
    if library.device_count() == 0:
        sys.exit(f"golden: {library.last_error()}")
    files = [p for loss in RUN for p in sorted((arguments.golden / loss).glob("*.safetensors"))]
    if not files:
        sys.exit(f"golden: {arguments.golden}: expected golden files of {', '.join(RUN)}, found none")
    rows = {}
    for path in files:
        for dtype in WIDE if path.parent.name in LOGITS else TOLERANCE:
            loss, share = check(library, path, dtype)
            row = rows.setdefault((loss, dtype), {"loss": loss, "dtype": dtype, "files": 0,
                                                  "worst_share": 0.0, "worst_file": ""})
            row["files"] += 1
            if not share <= row["worst_share"]:
                row["worst_share"], row["worst_file"] = float(share), path.name
    print(f"| loss | dtype | files | worst error / tolerance ({library.memory.name}) | in |\n|---|---|---|---|---|")
    for row in rows.values():
        print("| {loss} | {dtype} | {files} | {worst_share:.3f} | {worst_file} |".format(**row))
    if arguments.json:
        arguments.json.write_text(json.dumps(list(rows.values()), indent=1))
    sys.exit(0 if all(row["worst_share"] <= 1 for row in rows.values()) else 1)


if __name__ == "__main__":
    main()
