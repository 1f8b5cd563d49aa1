"""Holds abi.py against the C header, so that neither can drift from the other.

    python3 check_abi.py HEADER

Every device function (cd_..._cuda, cd_..._cuda_workspace), structure and enumeration: as many
arguments, fields and values, of the same types. Exit code 1 with a line for each difference.
"""

import ctypes
import pathlib
import re
import sys

import abi

SCALARS = {"int32_t": ctypes.c_int32, "int64_t": ctypes.c_int64, "double": ctypes.c_double}
POINTEES = SCALARS | abi.STRUCTURES
ENUMERATIONS = {"cd_dtype": ("CD_", abi.DTYPES), "cd_reduction": ("CD_", abi.REDUCTIONS),
                "cd_distance": ("CD_DISTANCE_", abi.DISTANCES),
                "cd_classifier_kind": ("CD_CLASSIFIER_", abi.KINDS),
                "cd_target_logit": ("CD_TARGET_", abi.TARGETS),
                "cd_quality_mode": ("CD_QUALITY_", abi.QUALITIES)}


def declared(text):
    """(type, name) of `const float* x`; a pointer's type ends in *."""
    words = text.replace("const", "").replace("*", " * ").split()
    return " ".join(words[:-1]).replace(" *", "*"), words[-1]


def fits(c_type, python_type):
    """A pointer may be passed as a plain address, or as a pointer to what it points to."""
    if not c_type.endswith("*"):
        return python_type is SCALARS.get(c_type)
    pointee = POINTEES.get(c_type[:-1])
    return python_type is ctypes.c_void_p or \
        (pointee is not None and python_type is ctypes.POINTER(pointee))


def differences(place, declarations, python_types):
    """Lines about two lists: (C type, name) and ctypes."""
    if len(declarations) != len(python_types):
        yield f"{place}: {len(declarations)} in the header, {len(python_types)} in abi.py"
        return
    for (c_type, name), python_type in zip(declarations, python_types):
        if not fits(c_type, python_type):
            yield f"{place}: {name} is {c_type} in the header, {python_type.__name__} in abi.py"


def of_functions(header):
    found = re.findall(r"CD_EXPORT int32_t (cd_\w+_cuda(?:_workspace)?)\s*\(([^)]*)\)", header)
    for name in {name for name, _ in found} ^ set(abi.SIGNATURES):
        yield f"{name}: only in {'abi.py' if name in abi.SIGNATURES else 'the header'}"
    for name, arguments in found:
        if name in abi.SIGNATURES:
            yield from differences(name, [declared(a) for a in arguments.split(",")],
                                   abi.SIGNATURES[name])


def of_structures(header):
    found = dict(reversed(m) for m in re.findall(r"typedef struct \w+ \{(.*?)\} (\w+);", header, re.S))
    for name in set(found) ^ set(abi.STRUCTURES):
        yield f"{name}: only in {'abi.py' if name in abi.STRUCTURES else 'the header'}"
    for name in set(found) & set(abi.STRUCTURES):
        fields = [declared(field) for field in found[name].split(";") if field.strip()]
        mine = abi.STRUCTURES[name]._fields_
        yield from differences(name, fields, [python_type for _, python_type in mine])
        if [field for _, field in fields] != [field for field, _ in mine]:
            yield f"{name}: fields have other names or another order in abi.py"


def of_enumerations(header):
    for name, (prefix, mine) in ENUMERATIONS.items():
        body = re.search(rf"enum {name} \{{(.*?)\}}", header, re.S)
        values = dict(re.findall(r"(\w+) = (-?\d+)", body.group(1))) if body else {}
        by_value = {int(v): constant.removeprefix(prefix) for constant, v in values.items()}
        if sorted(by_value) != sorted(mine.values()):
            yield f"{name}: values {sorted(by_value)} in the header, {sorted(mine.values())} in abi.py"
            continue
        for word, value in mine.items():  # zero-logit for ZERO, exclude for EXCLUDED
            constant, word = by_value[value], word.replace("-", "_").upper()
            if not constant.startswith(word) and not word.startswith(constant):
                yield f"{name}: {value} is {constant} in the header, {word} in abi.py"


def main():
    header = re.sub(r"/\*.*?\*/", "", pathlib.Path(sys.argv[1]).read_text(), flags=re.S)
    lines = [*of_functions(header), *of_structures(header), *of_enumerations(header)]
    for line in lines:
        print(f"check_abi: {line}")
    if not lines:
        print(f"{len(abi.SIGNATURES)} device functions, as the header declares them")
    sys.exit(1 if lines else 0)


if __name__ == "__main__":
    main()
