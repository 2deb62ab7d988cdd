"""Confirms findings of the checker without it: by the standard library alone.

    python confirm.py MODULE:EXPRESSION

Standard input has the findings as JSON. Writes a JSON list with a line for each that is confirmed, by what a plain call of a consumer
does, or by what ctypes sees in the answer of PyObject_GetBuffer; null for one that is not.
"""

import ctypes
import importlib
import json
import math
import struct
import sys
import zlib

FLAGS = {
    "SIMPLE": 0, "WRITABLE": 0x1, "FORMAT": 0x4, "ND": 0x8, "STRIDES": 0x18, "C_CONTIGUOUS": 0x38, "F_CONTIGUOUS": 0x58,
    "ANY_CONTIGUOUS": 0x98, "INDIRECT": 0x118,
}  # fmt: skip
FULL_RO = FLAGS["INDIRECT"] | FLAGS["FORMAT"]


class View(ctypes.Structure):
    """Py_buffer."""

    _fields_ = [
        ("buf", ctypes.c_void_p), ("obj", ctypes.c_void_p), ("len", ctypes.c_ssize_t), ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int), ("ndim", ctypes.c_int), ("format", ctypes.c_char_p),
        ("shape", ctypes.POINTER(ctypes.c_ssize_t)), ("strides", ctypes.POINTER(ctypes.c_ssize_t)),
        ("suboffsets", ctypes.POINTER(ctypes.c_ssize_t)), ("internal", ctypes.c_void_p),
    ]  # fmt: skip


get_buffer = ctypes.pythonapi.PyObject_GetBuffer
get_buffer.argtypes = [ctypes.py_object, ctypes.POINTER(View), ctypes.c_int]
release = ctypes.pythonapi.PyBuffer_Release
release.argtypes = [ctypes.POINTER(View)]
release.restype = None


class Answer:
    """The answer to a request, as a context; None in its place is a refusal."""

    def __init__(self, obj, flags):
        self.view = View()
        get_buffer(obj, self.view, flags)

    def __enter__(self):
        return self.view

    def __exit__(self, *error):
        release(self.view)


def target(text):
    module, _, expression = text.partition(":")
    names = dict(vars(importlib.import_module(module)))
    names.setdefault(module.partition(".")[0], sys.modules[module.partition(".")[0]])
    return eval(expression, names)


def number_of(names):
    return sum({FLAGS[name.removeprefix("PyBUF_")] for name in names.split("|")})


def array_of(pointer, ndim):
    return tuple(pointer[:ndim]) if pointer else None


def order_of(view):
    """Whether a view with shape and strides is contiguous in C order, in Fortran order."""
    shape, strides = array_of(view.shape, view.ndim), array_of(view.strides, view.ndim)

    def contiguous(axes):
        expected = view.itemsize
        for axis in axes:
            if shape[axis] > 1 and strides[axis] != expected:
                return False
            expected *= shape[axis]
        return True

    return contiguous(range(view.ndim)[::-1]), contiguous(range(view.ndim))


def shown(data):
    return data[:24].hex(" ") + (" ..." if len(data) > 24 else "")


def wrong_bytes(obj, finding):
    """By a consumer of plain bytes, if that gets other ones; else by the answer itself."""
    right = memoryview(obj).tobytes()
    try:
        checksum = zlib.crc32(obj)
    except Exception:
        checksum = None
    if checksum is not None and checksum != zlib.crc32(right):
        return f"zlib.crc32(obj) is {checksum:#x}, zlib.crc32(memoryview(obj).tobytes()) {zlib.crc32(right):#x}"
    flags = finding["flags"]
    with Answer(obj, flags) as view:
        if view.shape and view.strides and flags & FLAGS["STRIDES"] == FLAGS["STRIDES"]:
            c, fortran = order_of(view)
            asked = flags & ~(FLAGS["FORMAT"] | FLAGS["WRITABLE"])
            good = {FLAGS["C_CONTIGUOUS"]: c, FLAGS["F_CONTIGUOUS"]: fortran, FLAGS["ANY_CONTIGUOUS"]: c or fortran}
            if not good.get(asked, True):
                shape, strides = array_of(view.shape, view.ndim), array_of(view.strides, view.ndim)
                return f"ctypes: {finding['request']} is answered with shape {shape}, strides {strides}, items of {view.itemsize} bytes"
            return differs(obj, finding)
        if not view.strides:
            read = ctypes.string_at(view.buf, view.len)
            if read != right:
                return f"ctypes: the memory that {finding['request']} gives is {shown(read)}, the items {shown(right)}"
    return None


def missing(obj, finding):
    field = finding["rule"].partition("-")[2]
    with Answer(obj, finding["flags"]) as view:
        value = getattr(view, field)
        if not value and view.ndim:
            return f"ctypes: {finding['request']} is answered with {field} NULL and ndim {view.ndim}"
    return None


def unasked(obj, finding):
    field = finding["rule"].partition("-")[2]
    with Answer(obj, finding["flags"]) as view:
        value = getattr(view, field)
        if value:
            value = value.decode() if field == "format" else array_of(value, view.ndim)
            return f"ctypes: {finding['request']} is answered with {field} {value}"
    return None


def differs(obj, finding):
    field = finding["rule"].partition("-")[2]
    values = []
    for flags in FULL_RO, finding["flags"]:
        with Answer(obj, flags) as view:
            value = getattr(view, field)
            if field in ("shape", "strides", "suboffsets"):
                value = array_of(value, view.ndim)
            values.append(value)
    if values[0] != values[1]:
        return f"ctypes: {field} is {values[0]} in the answer to PyBUF_FULL_RO, {values[1]} with {finding['request']}"
    return None


def other_error(obj, finding):
    try:
        with Answer(obj, finding["flags"]):
            return None
    except BufferError:
        return None
    except Exception as error:
        return f"ctypes: {finding['request']} raises {type(error).__name__}: {str(error)[:60]}"


def refused(obj, finding):
    stronger = finding["message"].partition("though ")[2].partition(",")[0]
    try:
        with Answer(obj, finding["flags"]):
            return None
    except BufferError as error:
        try:
            with Answer(obj, number_of(stronger)):
                return f"ctypes: {finding['request']} raises BufferError: {str(error)[:60]}; {stronger} is answered"
        except (BufferError, KeyError):
            return None


def writable(obj, finding):
    with Answer(obj, finding["flags"]) as view:
        return f"ctypes: {finding['request']} is answered with readonly {view.readonly}" if view.readonly else None


def format_itemsize(obj, finding):
    view = memoryview(obj)
    size = struct.calcsize(view.format)
    return f"struct.calcsize({view.format!r}) is {size}, itemsize {view.itemsize}" if size != view.itemsize else None


def invalid_format(obj, finding):
    view = memoryview(obj)
    try:
        import numpy
    except ImportError:
        return None
    try:
        numpy.asarray(view)
    except Exception as error:
        return f"numpy.asarray(memoryview(obj)) raises {type(error).__name__}: {str(error)[:80]}"
    return None


def len_of_shape(obj, finding):
    with Answer(obj, finding["flags"]) as view:
        shape = array_of(view.shape, view.ndim)
        product = math.prod(shape) * view.itemsize
        return f"ctypes: len is {view.len}, shape {shape}, itemsize {view.itemsize}" if product != view.len else None


def references(obj, finding):
    before = sys.getrefcount(obj)
    for _ in range(100):
        try:
            with Answer(obj, finding["flags"]):
                pass
        except Exception:
            pass
    change = sys.getrefcount(obj) - before
    return f"sys.getrefcount(obj) changes by {change} in 100 requests {finding['request']}" if abs(change) >= 100 else None


HOW = {
    "contiguous": wrong_bytes, "suboffsets-needed": wrong_bytes, "contents": wrong_bytes, "other-error": other_error,
    "refused": refused, "writable": writable, "format-itemsize": format_itemsize, "format": invalid_format,
    "len-of-shape": len_of_shape, "leak": references, "reference-dropped": references,
}  # fmt: skip
KINDS = {"missing": missing, "unasked": unasked, "differs": differs}


def confirm(obj, finding):
    how = HOW.get(finding["rule"]) or KINDS.get(finding["rule"].partition("-")[0])
    if how is None:
        return None
    try:
        return how(obj, finding)
    except Exception:
        return None


if __name__ == "__main__":
    findings = json.load(sys.stdin)
    result = [confirm(target(sys.argv[1]), finding) for finding in findings]
    json.dump(result, sys.stdout)
