"""Everything that exports buffers in a Python process, for consumers.py: a function that makes one, for each name. Two calls make
equal ones."""

import array
import ctypes
import io
import itertools
import mmap
import pickle
import sys

import _testbuffer
import pybuffer_binding

try:
    import numpy as np
except ImportError:
    np = None

theirs = memoryview


class Point(ctypes.Structure):
    _fields_ = [("x", ctypes.c_int), ("y", ctypes.c_double), ("name", ctypes.c_char * 3)]


class BigPoint(ctypes.BigEndianStructure):
    _fields_ = [("x", ctypes.c_short), ("y", ctypes.c_uint32)]


def mapped():
    memory = mmap.mmap(-1, 64)
    memory[:] = bytes(range(64))
    return memory


def structure(kind):
    return kind(1, 2)


def exporters():
    yield "bytes", lambda: b"some bytes and more"
    yield "bytes, empty", lambda: b""
    yield "bytearray", lambda: bytearray(range(24))
    yield "bytearray, empty", bytearray
    yield "mmap", mapped
    yield "BytesIO", lambda: io.BytesIO(b"some bytes").getbuffer()
    yield "PickleBuffer", lambda: pickle.PickleBuffer(bytearray(b"some bytes"))
    for code in "bBhHiIlLqQfdu":
        text = {"u": "some text"}.get(code, [0, 1, 2, 100, 7, 5, 3, 2])
        yield f"array {code}", lambda code=code, text=text: array.array(code, text)
    yield "array, empty", lambda: array.array("d")
    for name in """
        c_bool c_char c_byte c_ubyte c_short c_ushort c_int c_uint c_long c_ulong c_longlong c_float c_double c_void_p
        c_wchar py_object
    """.split():
        yield f"ctypes {name}", lambda kind=getattr(ctypes, name): kind()
        yield f"ctypes {name}[3]", lambda kind=getattr(ctypes, name): (kind * 3)()
    yield "ctypes int[2][3]", lambda: (ctypes.c_int * 3 * 2)((1, 2, 3), (4, 5, 6))
    yield "ctypes structure", lambda: structure(Point)
    yield "ctypes big-endian structure", lambda: structure(BigPoint)
    yield "ctypes structure[2]", lambda: (Point * 2)()
    for name, make in interpreters():
        yield f"the interpreter's, {name}", make
    yield from ndarrays()
    if np is not None:
        yield from numpys()
    if sys.version_info >= (3, 12):
        yield "class with __buffer__", Exporter


class Exporter:
    """PEP 688: the interpreter asks for its own memoryview here."""

    def __buffer__(self, flags):
        return theirs(b"of a class")

    def __eq__(self, other):
        return isinstance(other, Exporter) or NotImplemented

    __hash__ = None


def interpreters():
    yield "of bytes", lambda: theirs(b"some bytes")
    yield "reversed", lambda: theirs(bytearray(range(24)))[::-1]
    yield "of two axes", lambda: theirs(bytearray(range(24))).cast("h", (3, 4))
    yield "of no axes", lambda: theirs(bytes(4)).cast("i", ())
    yield "strided", lambda: theirs(array.array("d", range(9)))[1::3]


def ndarrays():
    """Exporters of any array: CPython's own for its tests, and the library's."""
    flags = {"": 0, ", Fortran": _testbuffer.ND_FORTRAN, ", pointers": _testbuffer.ND_PIL}
    values = {"c": b"x", "3s": b"abc", "BxI": (1, 2)}
    for whose, kind in {"": _testbuffer.ndarray, "the library's ": pybuffer_binding.ndarray}.items():
        for code, how, shape in itertools.product(
            ["B", "@l", "=d", ">h", "?", "c", "e", "BxI", "3s", "xL"], flags, [(6,), (2, 3), (1, 3, 2), (0, 2)]
        ):
            def make(kind=kind, code=code, how=how, shape=shape):
                return kind(
                    [values.get(code, 1)] * 6, shape=shape, format=code, flags=flags[how] | _testbuffer.ND_WRITABLE
                )

            yield f"{whose}ndarray {code} {shape}{how}", make
        yield f"{whose}ndarray of no axes", lambda kind=kind: kind(7, shape=[], format="h")
        yield f"{whose}ndarray, a part", lambda kind=kind: kind(list(range(24)), shape=[2, 3, 4])[::-1, 1:, ::2]


def numpys():
    types = "? i1 u1 i2 u2 i4 u4 i8 u8 f2 f4 f8 g c8 c16 S3 U2 >i2 >f8 V5".split()
    record = [("x", "<i4"), ("y", ">f8", (2, 3)), ("t", "S3")]
    for dtype in [*types, record, np.dtype("i4,f8", align=True)]:
        for name, change in {
            "": lambda a: a,
            ", transposed": lambda a: a.T,
            ", every other, backwards": lambda a: a[::-1, ::2],
            ", a row": lambda a: a[1],
            ", read-only": lambda a: np.broadcast_to(a, (2, *a.shape)),
            ", no axes": lambda a: a[:1, :1].reshape(()),
            ", no items": lambda a: a[:0],
            ", axes of one": lambda a: a[:1, None],
        }.items():
            def make(dtype=dtype, change=change):
                items = np.frombuffer(bytes([0, 1] * (6 * np.dtype(dtype).itemsize)), dtype)
                return change(items.copy().reshape(3, 4))

            yield f"NumPy {dtype}{name}", make
    yield "NumPy scalar", lambda: np.float64(3.5)
