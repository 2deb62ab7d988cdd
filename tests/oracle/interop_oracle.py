"""The bridges of the library named as argument 1 with NumPy, and with PyArrow where it is there, in one process: arrays of every
type and layout go out and come in, and are the same there. Prints the number of exchanges with each.

The library is loaded where it finds its own names first, not CPython's. Argument 2, where it is given, stands before all names:
those of `make prefixed`. torch_oracle.py uses the functions here.
"""

import ctypes
import os
import sys
from ctypes import POINTER, byref, c_char_p, c_int, c_int64, c_size_t, c_ssize_t, c_void_p, py_object

import numpy as np

try:
    import pyarrow as pa
except ImportError:
    pa = None

library = ctypes.CDLL(sys.argv[1], mode=os.RTLD_NOW | os.RTLD_LOCAL | os.RTLD_DEEPBIND)


prefix = sys.argv[2] if len(sys.argv) > 2 else ""


def function(name, result, *arguments):
    found = library[prefix + name]
    found.restype, found.argtypes = result, arguments
    return found


wrap = function("pybuffer_memoryview_wrap", c_void_p, c_void_p, c_char_p, c_int, POINTER(c_ssize_t), POINTER(c_ssize_t), c_int,
                c_void_p, c_void_p)
decref = function("Py_DecRef", None, c_void_p)
message = function("pybuffer_error_message", c_char_p)
clear = function("PyErr_Clear", None)
dlpack_export = function("pybuffer_dlpack_export", c_void_p, c_void_p, c_int)
dlpack_export_unversioned = function("pybuffer_dlpack_export_unversioned", c_void_p, c_void_p, c_int)
dlpack_import = function("pybuffer_dlpack_import", c_void_p, c_void_p, c_int)
dlpack_import_unversioned = function("pybuffer_dlpack_import_unversioned", c_void_p, c_void_p, c_int)
array_interface_export = function("pybuffer_array_interface_export", c_void_p, c_void_p)
array_interface_import = function("pybuffer_array_interface_import", c_void_p, c_void_p, c_void_p, c_void_p)
arrow_export = function("pybuffer_arrow_export", c_int, c_void_p, c_void_p, c_void_p)
arrow_import = function("pybuffer_arrow_import", c_void_p, c_void_p, c_void_p)

python = ctypes.pythonapi
capsule_new = python.PyCapsule_New
capsule_new.restype, capsule_new.argtypes = py_object, (c_void_p, c_char_p, c_void_p)
capsule_pointer = python.PyCapsule_GetPointer
capsule_pointer.restype, capsule_pointer.argtypes = c_void_p, (py_object, c_char_p)
capsule_rename = python.PyCapsule_SetName
capsule_rename.restype, capsule_rename.argtypes = c_int, (py_object, c_char_p)


class View(ctypes.Structure):
    _fields_ = [("buf", c_void_p), ("obj", c_void_p), ("len", c_ssize_t), ("itemsize", c_ssize_t), ("readonly", c_int),
                ("ndim", c_int), ("format", c_char_p), ("shape", POINTER(c_ssize_t)), ("strides", POINTER(c_ssize_t)),
                ("suboffsets", c_void_p), ("internal", c_void_p)]


get_buffer = function("PyObject_GetBuffer", c_int, c_void_p, POINTER(View), c_int)
release = function("PyBuffer_Release", None, POINTER(View))


class Tensor(ctypes.Structure):
    _fields_ = [("major", ctypes.c_uint32), ("minor", ctypes.c_uint32), ("context", c_void_p),
                ("deleter", ctypes.CFUNCTYPE(None, c_void_p))]


def of(array, format):
    """The library's memoryview of an array's memory."""
    ints = c_ssize_t * max(array.ndim, 1)
    data = array.__array_interface__["data"][0]
    view = wrap(data, format.encode(), array.ndim, ints(*array.shape), ints(*array.strides), not array.flags.writeable, None, None)
    assert view, message()
    return view


def check(view, array, writable=None, data=True):
    """The memoryview, which is dropped, is of the array's memory."""
    assert view, message()
    got = View()
    assert get_buffer(view, byref(got), 0x11C) == 0, message()
    ndim = got.ndim
    assert (ndim, got.itemsize) == (array.ndim, array.itemsize), (ndim, got.itemsize, array.dtype)
    assert tuple(got.shape[:ndim]) == array.shape, (got.shape[:ndim], array.shape)
    if array.size:
        assert not data or got.buf == array.__array_interface__["data"][0]
        used = [axis for axis in range(ndim) if array.shape[axis] > 1]
        assert [got.strides[axis] for axis in used] == [array.strides[axis] for axis in used], array.strides
    assert bool(got.readonly) == (not (array.flags.writeable if writable is None else writable)), array.flags
    format = got.format.decode()
    release(byref(got))
    decref(view)
    return format


LAYOUTS = [
    lambda a: a[:1, 0, 0].reshape(()),
    lambda a: a[0, 0],
    lambda a: a[:0, 0, 0],
    lambda a: a,
    lambda a: a[::-1],
    lambda a: a[:, ::-2, 1:],
    lambda a: a.T,
    lambda a: np.asfortranarray(a),
    lambda a: a[:, :0],
    lambda a: a[:1, :, :1],
    lambda a: a[1],
    lambda a: a[:, 1],
    lambda a: np.broadcast_to(a[0, 0], (3, 4)),
]
NUMBERS = {"i1": "b", "i2": "h", "i4": "i", "i8": "q", "u1": "B", "u2": "H", "u4": "I", "u8": "Q", "f2": "e", "f4": "f", "f8": "d"}
DLPACK = {**NUMBERS, "c8": "Zf", "c16": "Zd", "?": "?"}
INTERFACE = {**DLPACK, "g": "g", "G": "Zg", "S5": "5s", "U3": "3w", "V7": "7x", ">i4": ">i", "<f8": "<d", ">c8": ">Zf", ">U2": ">2w"}
ARROW = {**NUMBERS, "S5": "5s"}


def arrays(types):
    for name, format in types.items():
        dtype = np.dtype(name)
        cube = (np.arange(24 * dtype.itemsize) % 59 + 1).astype("u1")
        cube = cube.view(dtype) if name != "?" else cube % 2 == 0
        if dtype.kind == "U":
            cube = np.array([chr(97 + i) for i in range(24)], dtype=dtype)
        for layout in LAYOUTS:
            for writable in (True, False):
                array = layout(cube.reshape(2, 3, 4))
                if array.flags.writeable and not writable:
                    array = array.view()
                    array.flags.writeable = False
                if array.flags.writeable == writable:
                    yield array, format


def same(got, array):
    assert got.dtype == array.dtype and got.shape == array.shape, (got.dtype, array.dtype, got.shape, array.shape)
    assert got.tobytes() == array.tobytes()
    if array.size:
        assert got.__array_interface__["data"][0] == array.__array_interface__["data"][0]
        assert [s for s, n in zip(got.strides, got.shape) if n > 1] == [s for s, n in zip(array.strides, array.shape) if n > 1]


class Dlpack:
    def __init__(self, pointer, name):
        self.pointer, self.name = pointer, name

    def __dlpack_device__(self):
        return (1, 0)

    def __dlpack__(self, **_):
        return capsule_new(self.pointer, self.name, None)


def with_dlpack():
    count = 0
    for array, format in arrays(DLPACK):
        view = of(array, format)
        tensor = dlpack_export(view, 0)
        assert tensor, message()
        got = np.from_dlpack(Dlpack(tensor, b"dltensor_versioned"))
        same(got, array)
        # NumPy allocates memory of no bytes itself.
        assert got.flags.writeable == array.flags.writeable or not array.size
        del got
        if array.flags.writeable:
            got = np.from_dlpack(Dlpack(dlpack_export_unversioned(view, 0), b"dltensor"))
            same(got, array)
        decref(view)
        capsule = array.__dlpack__(max_version=(1, 0))
        pointer = capsule_pointer(capsule, b"dltensor_versioned")
        capsule_rename(capsule, b"used_dltensor_versioned")
        assert check(dlpack_import(pointer, 0), array) == format
        if array.flags.writeable:
            capsule = array.__dlpack__()
            pointer = capsule_pointer(capsule, b"dltensor")
            capsule_rename(capsule, b"used_dltensor")
            assert check(dlpack_import_unversioned(pointer, 0), array) == format
        count += 1
    # Nothing is left of an import, and NumPy's array lives as long as one.
    array = np.arange(6)
    before = sys.getrefcount(array)
    capsule = array.__dlpack__(max_version=(1, 0))
    pointer = capsule_pointer(capsule, b"dltensor_versioned")
    capsule_rename(capsule, b"used_dltensor_versioned")
    view = dlpack_import(pointer, 0)
    assert sys.getrefcount(array) > before
    decref(view)
    assert sys.getrefcount(array) == before
    return count


class Again:
    def __init__(self, array):
        self.array, self.__array_struct__ = array, array.__array_struct__


class Interface:
    def __init__(self, pointer):
        self.__array_struct__ = capsule_new(pointer, None, None)


def with_array_interface():
    count = 0
    free = function("pybuffer_array_interface_free", None, c_void_p)
    for array, format in arrays(INTERFACE):
        view = of(array, format)
        pointer = array_interface_export(view)
        assert pointer, message()
        got = np.asarray(Interface(pointer))
        if array.dtype.kind == "U":
            # NumPy takes bytes for characters here, of its own arrays, too.
            assert got.dtype == np.asarray(Again(array)).dtype and got.strides == array.strides
        else:
            same(got, array)
        assert got.flags.writeable == array.flags.writeable
        # Its flags are NumPy's own for the same memory. (NumPy's contiguity leaves out axes of one item, and empty arrays.)
        ours, theirs = (ctypes.cast(p, POINTER(c_int * 5)).contents[4] for p in (pointer, capsule_pointer(array.__array_struct__, None)))
        mask = 0x600 if array.ndim == 0 else 0x703
        if array.size and 1 not in array.shape:
            assert ours & mask == theirs & mask, (hex(ours), hex(theirs), array.dtype, array.shape, array.strides)
        del got
        free(pointer)
        decref(view)
        capsule = array.__array_struct__
        native = array.dtype.newbyteorder("=") == array.dtype
        assert check(array_interface_import(capsule_pointer(capsule, None), None, None), array) == (format.lstrip("<") if native else format)
        count += 1
    return count


def with_arrow():
    count = 0
    for array, format in arrays(ARROW):
        view = of(array, format)
        struct, schema = ctypes.create_string_buffer(80), ctypes.create_string_buffer(72)
        places = ctypes.addressof(struct), ctypes.addressof(schema)
        if array.ndim == 0 or not array.flags.c_contiguous:
            assert arrow_export(view, *places) == -1
            clear()
            decref(view)
            continue
        assert arrow_export(view, *places) == 0, message()
        decref(view)
        got = pa.Array._import_from_c(*places)
        got.validate(full=True)
        assert len(got) == array.shape[0] and got.null_count == 0
        if array.ndim > 2:
            assert got.type.extension_name == "arrow.fixed_shape_tensor" and tuple(got.type.shape) == array.shape[1:], got.type
        expected = array.tolist()
        if array.dtype.kind == "S":
            expected = [bytes(item).ljust(5, b"\0") for item in array.reshape(-1).tolist()]
            flat = got.storage if array.ndim > 2 else got
            flat = flat.flatten() if array.ndim > 1 else flat
            assert flat.to_pylist() == expected
        elif array.ndim > 2 and array.size:
            same(got.to_numpy_ndarray(), array)
        elif array.ndim <= 2:
            assert got.to_pylist() == expected, (got, expected)
        # And back, the whole and a slice of it.
        for part, wanted in ((got, array), (got.slice(1), array[1:])):
            part._export_to_c(*places)
            assert check(arrow_import(*places), wanted, writable=False) == format
            assert struct.raw[64:72] == bytes(8) and schema.raw[56:64] == bytes(8)
        count += 1
    # Arrays of PyArrow's own.
    theirs = [
        (pa.array([1, 2, 3], pa.int16()), np.array([1, 2, 3], "i2"), "h"),
        (pa.array([1, 2, 3], pa.timestamp("ns")), np.array([1, 2, 3], "i8"), "q"),
        (pa.array([1, 2, 3], pa.date32()), np.array([1, 2, 3], "i4"), "i"),
        (pa.array([b"abc", b"def"], pa.binary(3)), np.array([b"abc", b"def"], "S3"), "3s"),
        (pa.array([[1, 2], [3, 4]], pa.list_(pa.int32(), 2)), np.array([[1, 2], [3, 4]], "i4"), "i"),
        (pa.array([[[1, 2], [3, 4]]], pa.list_(pa.list_(pa.int64(), 2), 2)), np.array([[[1, 2], [3, 4]]], "i8"), "q"),
        (pa.array([None, 1.5, 2.5], pa.float64())[1:], np.array([1.5, 2.5]), "d"),
        (pa.FixedShapeTensorArray.from_numpy_ndarray(np.arange(24).reshape(2, 3, 4)), np.arange(24).reshape(2, 3, 4), "q"),
    ]
    for array, wanted, format in theirs:
        array._export_to_c(*places)
        assert check(arrow_import(*places), wanted, writable=False, data=False) == format
        count += 1
    refused = [
        (pa.array([True, False]), "truth values are bits"), (pa.array(["text"]), "no items of one size"),
        (pa.array([1, None]), "has nulls"), (pa.array([[1, 2], None], pa.list_(pa.int32(), 2)), "has nulls"),
        (pa.array([[1, None]], pa.list_(pa.int32(), 2)), "has nulls"), (pa.array(["a", "b"]).dictionary_encode(), "dictionary"),
        (pa.nulls(3), "no items of one size"), (pa.array([{"a": 1}]), "no items of one size"),
        (pa.array([1], pa.decimal128(5)), "no items of one size"),
    ]
    before = pa.total_allocated_bytes()
    for array, reason in refused:
        array._export_to_c(*places)
        assert not arrow_import(*places) and reason in message().decode(), (array, message())
        clear()
        count += 1
    del array, got, part, theirs, refused
    assert pa.total_allocated_bytes() < before, "something is kept"
    return count


if __name__ == "__main__":
    print("DLPack", with_dlpack())
    print("array interface", with_array_interface())
    if pa is not None:
        print("Arrow", with_arrow())
