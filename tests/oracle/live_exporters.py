"""Checks exporters of CPython and NumPy with pybuffer_check_exporter of the library named as argument 2, which argument 1
(live_exporters.c, built) has loaded beside CPython. A line for each: its name, a tab, what is wrong, with tabs between.

An exporter that raises does so in CPython, whose error indicator is not the library's: that it "fails without an error" is
left out.
"""

import array
import ctypes
import io
import mmap
import pickle
import sys

import numpy as np


class Record(ctypes.Structure):
    _fields_ = [("a", ctypes.c_int), ("b", ctypes.c_double)]


def exporters():
    yield "bytes", b"some bytes"
    yield "bytes, empty", b""
    yield "bytearray", bytearray(b"some bytes")
    yield "bytearray, empty", bytearray()
    yield "array", array.array("i", [1, 2, 3])
    yield "array, empty", array.array("d")
    yield "memoryview", memoryview(bytearray(24)).cast("i", (2, 3))
    yield "memoryview, strided", memoryview(b"some bytes")[::-2]
    yield "memoryview, empty and strided", memoryview(b"some bytes")[5:5:2]
    yield "BytesIO", io.BytesIO(b"some bytes").getbuffer()
    yield "mmap", mmap.mmap(-1, 4096)
    yield "PickleBuffer", pickle.PickleBuffer(b"some bytes")
    cube = np.arange(24, dtype="i4").reshape(2, 3, 4)
    yield "ndarray", cube
    yield "ndarray, Fortran", np.asfortranarray(cube)
    yield "ndarray, strided", cube[:, ::-2, 1:]
    yield "ndarray, read-only", np.broadcast_to(cube, (2, 2, 3, 4))
    yield "ndarray, no axes", np.array(3.5)
    yield "ndarray, empty", np.zeros((3, 0, 2))
    yield "ndarray, axes of one item", np.zeros((1, 3, 1))
    yield "ndarray, records", np.zeros(3, dtype=[("x", "<i4"), ("y", ">f8", (2, 3))])
    yield "ndarray, text", np.array(["text", "more"])
    yield "ndarray, complex", np.zeros(3, dtype="c16")
    yield "ndarray, half", np.zeros((2, 2), dtype="f2")
    yield "scalar", np.float64(3.5)
    yield "ctypes array", (ctypes.c_int * 3)()
    # Before CPython 3.12 ctypes leaves out the padding.
    padded = "x" in memoryview(Record()).format
    yield "ctypes structure" if padded else "ctypes structure, old", Record()


check = ctypes.PyDLL(sys.argv[1]).check
check.argtypes = [ctypes.c_char_p, ctypes.py_object, ctypes.c_char_p, ctypes.c_size_t]
check.restype = ctypes.c_ssize_t
for name, exporter in exporters():
    text = ctypes.create_string_buffer(8192)
    count = check(sys.argv[2].encode(), exporter, text, len(text))
    faults = text.value.decode().splitlines()
    if count != len(faults):
        sys.exit(f"{name}: {count} rules, but {faults}")
    print(name, *(fault for fault in faults if "fails without an error" not in fault), sep="\t")
