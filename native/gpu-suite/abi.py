"""The C ABI's device functions through ctypes; needs no package. check_abi.py holds it against the header."""

import ctypes
from ctypes import POINTER, byref, c_char_p, c_double, c_int32, c_int64, c_void_p

DTYPES = {"f64": 0, "f32": 1, "bf16": 2, "f16": 3}
REDUCTIONS = {"mean": 0, "weighted-mean": 1, "sum": 2}
DISTANCES = {"normalized": 0, "squared-normalized": 1, "cosine": 2, "euclidean": 3, "squared": 4}
KINDS = {"aam": 0, "am": 1, "normalized": 2, "softmax": 3}
TARGETS = {"kept": 0, "zero-logit": 1, "exclude": 2}
QUALITIES = {"difference": 0, "teacher": 1, "student": 2, "product": 3, "none": 4}


class RowSet(ctypes.Structure):
    """cd_row_set."""

    _fields_ = [
        ("rows", c_int64),
        ("embeddings", c_void_p),
        ("embeddings_stride", c_int64),
        ("labels", c_void_p),
        ("weights_or_null", c_void_p),
        ("grad_scale", c_double),
        ("loss", c_void_p),
        ("row_losses_or_null", c_void_p),
        ("hits_or_null", c_void_p),
        ("grad_embeddings_or_null", c_void_p),
        ("grad_embeddings_stride", c_int64),
        ("grad_weights_or_null", c_void_p),
    ]


class Quality(ctypes.Structure):
    """cd_quality."""

    _fields_ = [
        ("mode", c_int32),
        ("update", c_int32),
        ("slope", c_double),
        ("h", c_double),
        ("alpha", c_double),
        ("offset", c_double),
        ("factor", c_double),
        ("statistics", c_void_p),
        ("weights", c_void_p),
    ]


class Logits(ctypes.Structure):
    """cd_logits."""

    _fields_ = [
        ("logits", c_void_p),
        ("stride", c_int64),
        ("grad_or_null", c_void_p),
        ("grad_stride", c_int64),
    ]


class KernelError(RuntimeError):
    """A C function has returned another status than CD_OK."""


STRUCTURES = {"cd_row_set": RowSet, "cd_quality": Quality, "cd_logits": Logits}
_I, _L, _D, _P = c_int32, c_int64, c_double, c_void_p
SIGNATURES = {
    "cd_feature_margin_cuda_workspace": [_I, _L, _L, POINTER(_L)],
    "cd_feature_margin_cuda": [
        _I, _L, _L, _P, _L, _P, _L, _P, _I, _D, _I, _D,
        _P, _P, _P, _P, _L, _P, _L, _P, _P, _L, _P,
    ],
    "cd_margin_classifier_cuda_workspace": [_I, _L, _L, POINTER(RowSet), _I, POINTER(_L)],
    "cd_margin_classifier_cuda": [
        _I, _L, _L, _P, _L, _P, POINTER(RowSet), _I, POINTER(Quality), _I, _D, _D, _I, _I,
        _P, _L, _P, _P, _P, _L, _P,
    ],
    "cd_kd_cuda_workspace": [_I, _L, _L, POINTER(_L)],
    "cd_kd_cuda": [
        _I, _L, _L, _P, _L, _P, _L, _P, _P, _I, _D, _I, _D,
        _P, _P, _P, _L, _P, _L, _P, _P, _P, _L, _P,
    ],
    "cd_dkd_cuda_workspace": [_I, _L, _L, POINTER(_L)],
    "cd_dkd_cuda": [
        _I, _L, _L, _P, _L, _P, _L, _P, _P, _D, _D, _D, _I, _D,
        _P, _P, _P, _L, _P, _L, _P, _P, _P, _L, _P,
    ],
    "cd_kendall_tau_cuda_workspace": [_I, _L, _L, POINTER(_L)],
    "cd_kendall_tau_cuda": [_I, _L, _L, _P, _L, _P, _L, _D, _P, _P, _P, _L, _P],
    "cd_c2kd_cuda_workspace": [_I, _L, _L, POINTER(_L)],
    "cd_c2kd_cuda": [
        _I, _L, _L, POINTER(Logits), _P, _I, _D, _D, _D, _P, _P, _P, _P, _P, _L, _P,
    ],
    "cd_row_norms_cuda": [_I, _L, _L, _P, _L, _P, _P],
    "cd_quality_weights_cuda": [_I, _L, _P, _P, _I, _D, _D, _D, _I, _P, _P, _P],
    "cd_embedding_weights_cuda": [
        _I, _L, _L, _L, _P, _L, _P, _L, _I, _D, _D, _D, _I, _P, _P, _P, _P, _P, _P,
    ],
}


def accumulator(dtype):
    """The dtype of losses, rows and weights."""
    return "f64" if dtype == "f64" else "f32"


class Library:
    """A loaded libcrossdistill (or the simulator's library) and the memory that it works on."""

    def __init__(self, path, memory):
        self.memory = memory
        self.functions = tuple(SIGNATURES)
        self.called = set()  # of the functions
        self._library = ctypes.CDLL(path)
        self._library.cd_last_error.restype = c_char_p
        for name, arguments in SIGNATURES.items():
            function = getattr(self._library, name)
            function.argtypes = arguments
            function.restype = c_int32

    def call(self, name, *arguments):
        self.called.add(name)
        if getattr(self._library, name)(*arguments) != 0:
            raise KernelError(f"{name}: {self._library.cd_last_error().decode()}")

    def device_count(self):
        return self._library.cd_cuda_device_count()

    def last_error(self):
        return self._library.cd_last_error().decode()

    def workspace(self, name, *arguments):
        bytes_needed = c_int64()
        self.call(name, *arguments, byref(bytes_needed))
        return self.memory.empty((bytes_needed.value,), "u8"), bytes_needed.value


class Call:
    """A device function on fixed arrays, prepared once and run often: its `outputs` by name."""

    function = None
    extra_bytes = 0

    def __call__(self):
        self._library.call(self.function, *self._arguments, self._library.memory.stream())


class FeatureMargin(Call):
    """K1."""

    function = "cd_feature_margin_cuda"

    def __init__(self, library, dtype, student, teacher, weights, distance, margin, reduction):
        m, a = library.memory, accumulator(dtype)
        rows, dim = student.shape
        self.outputs = {
            "loss": m.empty((1,), a),
            "rows": m.empty((rows,), a),
            "grad.student": m.empty((rows, dim), dtype),
            "grad.teacher": m.empty((rows, dim), dtype),
            "grad.weights": m.empty((rows,), a),
        }
        out = {name: m.pointer(array) for name, array in self.outputs.items()}
        workspace, self.extra_bytes = library.workspace(
            self.function + "_workspace", DTYPES[dtype], rows, dim)
        self._keep = (student, teacher, weights, workspace)
        self._library = library
        self._arguments = (
            DTYPES[dtype], rows, dim, m.pointer(student), dim, m.pointer(teacher), dim,
            m.pointer(weights), DISTANCES[distance], margin, REDUCTIONS[reduction], 1.0,
            out["loss"], out["rows"], None, out["grad.student"], dim, out["grad.teacher"], dim,
            out["grad.weights"], m.pointer(workspace), self.extra_bytes)


class MarginClassifier(Call):
    """K2 with one row set."""

    function = "cd_margin_classifier_cuda"

    def __init__(self, library, dtype, embeddings, classifier, labels, weights, kind, scale, margin,
                 easy_margin, reduction):
        m, a = library.memory, accumulator(dtype)
        (rows, dim), classes = embeddings.shape, classifier.shape[0]
        self.outputs = {
            "loss": m.empty((1,), a),
            "rows": m.empty((rows,), a),
            "grad.embeddings": m.empty((rows, dim), dtype),
            "grad.classifier": m.empty((classes, dim), dtype),
            "grad.weights": m.empty((rows,), a),
        }
        self.bad_row = m.empty((1,), "i64")
        out = {name: m.pointer(array) for name, array in self.outputs.items()}
        sets = (RowSet * 1)(RowSet(
            rows, m.pointer(embeddings), dim, m.pointer(labels), m.pointer(weights), 1.0,
            out["loss"], out["rows"], None, out["grad.embeddings"], dim, out["grad.weights"]))
        workspace, self.extra_bytes = library.workspace(
            self.function + "_workspace", DTYPES[dtype], classes, dim, sets, 1)
        self._keep = (embeddings, classifier, labels, weights, workspace)
        self._library = library
        self._arguments = (
            DTYPES[dtype], classes, dim, m.pointer(classifier), dim, None, sets, 1, None,
            KINDS[kind], scale, margin, int(easy_margin), REDUCTIONS[reduction],
            out["grad.classifier"], dim, None, m.pointer(self.bad_row), m.pointer(workspace),
            self.extra_bytes)


class TwoSides(Call):
    """K2 `aam` with a student's rows and their teacher's. The student's weigh what `weights` says,
    or where that is None by `quality`: (mode, slope, h, alpha), of a first batch."""

    function = "cd_margin_classifier_cuda"

    def __init__(self, library, dtype, student, teacher, classifier, labels, scale, margin,
                 weights=None, quality=None):
        m, a = library.memory, accumulator(dtype)
        (rows, dim), classes = student.shape, classifier.shape[0]
        self.outputs = {"loss": m.empty((1,), a), "loss.teacher": m.empty((1,), a),
                        "grad.student": m.empty((rows, dim), dtype),
                        "grad.teacher": m.empty((rows, dim), dtype),
                        "grad.classifier": m.empty((classes, dim), dtype)}
        self.bad_row, statistics = m.empty((1,), "i64"), m.array([0.0] * 5, "f64")
        of_quality = m.empty((rows,), a)
        out = {name: m.pointer(array) for name, array in self.outputs.items()}
        sets = (RowSet * 2)(
            RowSet(rows, m.pointer(student), dim, m.pointer(labels),
                   None if weights is None else m.pointer(weights), 1.0, out["loss"], None, None,
                   out["grad.student"], dim, None),
            RowSet(rows, m.pointer(teacher), dim, m.pointer(labels), None, 1.0,
                   out["loss.teacher"], None, None, out["grad.teacher"], dim, None))
        by_quality = None
        if weights is None:
            mode, slope, h, alpha = quality
            by_quality = byref(Quality(QUALITIES[mode], 1, slope, h, alpha, 0.0, 1.0,
                                       m.pointer(statistics), m.pointer(of_quality)))
        workspace, self.extra_bytes = library.workspace(
            self.function + "_workspace", DTYPES[dtype], classes, dim, sets, 2)
        self._keep = (student, teacher, classifier, labels, weights, workspace, statistics,
                      of_quality)
        self._library = library
        self._arguments = (
            DTYPES[dtype], classes, dim, m.pointer(classifier), dim, None, sets, 2, by_quality,
            KINDS["aam"], scale, margin, 0, REDUCTIONS["mean"], out["grad.classifier"], dim, None,
            m.pointer(self.bad_row), m.pointer(workspace), self.extra_bytes)


class Kd(Call):
    """K3, the temperature divergence; without the teacher's gradient where `teacher_gradient` is
    false. `target` is what becomes of the label's logit, or the pair (alpha, beta) of decoupled
    distillation."""

    def __init__(self, library, dtype, student, teacher, labels, weights, target, temperature,
                 reduction, teacher_gradient=True):
        decoupled = isinstance(target, tuple)
        self.function = "cd_dkd_cuda" if decoupled else "cd_kd_cuda"
        m, a = library.memory, accumulator(dtype)
        rows, classes = student.shape
        self.outputs = {
            "loss": m.empty((1,), a),
            "rows": m.empty((rows,), a),
            "grad.student": m.empty((rows, classes), dtype),
            "grad.weights": m.empty((rows,), a),
        }
        if teacher_gradient:
            self.outputs["grad.teacher"] = m.empty((rows, classes), dtype)
        self.bad_row = m.empty((1,), "i64")
        out = {name: m.pointer(array) for name, array in self.outputs.items()}
        workspace, self.extra_bytes = library.workspace(
            self.function + "_workspace", DTYPES[dtype], rows, classes)
        self._keep = (student, teacher, labels, weights, workspace)
        self._library = library
        self._arguments = (
            DTYPES[dtype], rows, classes, m.pointer(student), classes, m.pointer(teacher), classes,
            None if labels is None else m.pointer(labels),
            None if weights is None else m.pointer(weights),
            *(target if decoupled else (TARGETS[target],)), temperature, REDUCTIONS[reduction], 1.0,
            out["loss"], out["rows"], out["grad.student"], classes, out.get("grad.teacher"),
            classes, out["grad.weights"], m.pointer(self.bad_row), m.pointer(workspace),
            self.extra_bytes)


class KendallTau(Call):
    """K3, Kendall's tau-b."""

    function = "cd_kendall_tau_cuda"

    def __init__(self, library, dtype, a, b):
        m = library.memory
        rows, classes = a.shape
        self.outputs = {"tau": m.empty((rows,), accumulator(dtype))}
        workspace, self.extra_bytes = library.workspace(
            self.function + "_workspace", DTYPES[dtype], rows, classes)
        self._keep = (a, b, workspace)
        self._library = library
        self._arguments = (
            DTYPES[dtype], rows, classes, m.pointer(a), classes, m.pointer(b), classes, 0.0,
            m.pointer(self.outputs["tau"]), None, m.pointer(workspace), self.extra_bytes)


class C2kd(Call):
    """K3, all terms of customised cross-modal distillation; logits by the network's name."""

    function = "cd_c2kd_cuda"
    NETWORKS = ("teacher", "student", "proxy-teacher", "proxy-student")

    def __init__(self, library, dtype, logits, labels, target, temperature, threshold):
        m, a = library.memory, accumulator(dtype)
        rows, classes = logits["teacher"].shape
        self.outputs = {"loss": m.empty((1,), a), "terms": m.empty((8,), a),
                        "tau": m.empty((rows,), a)}
        for name in self.NETWORKS:
            self.outputs["grad." + name] = m.empty((rows, classes), dtype)
        self.bad_row = m.empty((1,), "i64")
        networks = (Logits * 4)(*(
            Logits(m.pointer(logits[name]), classes, m.pointer(self.outputs["grad." + name]),
                   classes) for name in self.NETWORKS))
        workspace, self.extra_bytes = library.workspace(
            self.function + "_workspace", DTYPES[dtype], rows, classes)
        self._keep = (logits, labels, workspace)
        self._library = library
        self._arguments = (
            DTYPES[dtype], rows, classes, networks, m.pointer(labels), TARGETS[target], temperature,
            threshold, 1.0, m.pointer(self.outputs["loss"]), m.pointer(self.outputs["terms"]),
            m.pointer(self.outputs["tau"]), m.pointer(self.bad_row), m.pointer(workspace),
            self.extra_bytes)


class RowNorms(Call):
    """K4, the lengths of rows."""

    function = "cd_row_norms_cuda"

    def __init__(self, library, dtype, x):
        m = library.memory
        rows, dim = x.shape
        self.outputs = {"norms": m.empty((rows,), accumulator(dtype))}
        self._keep = x
        self._library = library
        self._arguments = (DTYPES[dtype], rows, dim, m.pointer(x), dim,
                           m.pointer(self.outputs["norms"]))


class QualityWeights(Call):
    """K4, weights from qualities; the statistics, f64 [5], hold no batch yet unless given."""

    function = "cd_quality_weights_cuda"

    def __init__(self, library, dtype, student, teacher, quality, slope, h, alpha, statistics=None):
        m = library.memory
        (rows,) = student.shape
        if statistics is None:
            statistics = m.array([0.0] * 5, "f64")
        self.outputs = {"weights": m.empty((rows,), accumulator(dtype)), "statistics": statistics}
        self._keep = (student, teacher)
        self._library = library
        self._arguments = (
            DTYPES[dtype], rows, m.pointer(student), m.pointer(teacher), QUALITIES[quality], slope,
            h, alpha, 1, m.pointer(self.outputs["statistics"]),
            m.pointer(self.outputs["weights"]))


class EmbeddingWeights(Call):
    """K4 in one launch, from embeddings; statistics as in QualityWeights."""

    function = "cd_embedding_weights_cuda"

    def __init__(self, library, dtype, student, teacher, quality, slope, h, alpha, statistics=None):
        m, a = library.memory, accumulator(dtype)
        (rows, student_dim), (_, teacher_dim) = student.shape, teacher.shape
        if statistics is None:
            statistics = m.array([0.0] * 5, "f64")
        self.outputs = {"weights": m.empty((rows,), a), "statistics": statistics,
                        "norms.student": m.empty((rows,), a), "norms.teacher": m.empty((rows,), a)}
        ticket = m.array([0], "i64")  # of which the first half counts
        out = {name: m.pointer(array) for name, array in self.outputs.items()}
        self._keep = (student, teacher, ticket)
        self._library = library
        self._arguments = (
            DTYPES[dtype], rows, student_dim, teacher_dim, m.pointer(student), student_dim,
            m.pointer(teacher), teacher_dim, QUALITIES[quality], slope, h, alpha, 1,
            out["statistics"], out["norms.student"], out["norms.teacher"], out["weights"],
            m.pointer(ticket))
