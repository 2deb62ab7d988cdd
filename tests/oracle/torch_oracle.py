"""The library named as argument 1, with the prefix that is argument 2, and PyTorch in one process: tensors of every type and layout
that both know go out and come in by DLPack. They have the same values in the same memory; each deleter is called once; what one
side cannot have is refused by a message. Prints the number of exchanges and of refusals.
"""

import ctypes
import itertools
import pathlib
import sys
import warnings
from ctypes import byref, c_void_p

import torch

warnings.simplefilter("ignore")
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from interop_oracle import (View, capsule_new, capsule_pointer, capsule_rename, clear, decref, dlpack_export,
                            dlpack_export_unversioned, dlpack_import, dlpack_import_unversioned, function, get_buffer, message,
                            release, wrap)

to_contiguous = function("PyBuffer_ToContiguous", ctypes.c_int, c_void_p, ctypes.POINTER(View), ctypes.c_ssize_t, ctypes.c_char)

# PyTorch's types, those of this version, and the formats of their items; flags for the way out and the way in.
BFLOAT16, INTEGERS = 2, 4
TYPES = {"uint8": "B", "int8": "b", "int16": "h", "int32": "i", "int64": "q", "uint16": "H", "uint32": "I", "uint64": "Q",
         "float16": "e", "float32": "f", "float64": "d", "complex32": "Ze", "complex64": "Zf", "complex128": "Zd", "bool": "?"}
OPAQUE = {"bfloat16": ("2x", "H"), **{f"float8_{name}": ("1x", "B") for name in ("e4m3fn", "e4m3fnuz", "e5m2", "e5m2fnuz",
                                                                                 "e8m0fnu")}}
LAYOUTS = [
    lambda a: a[0, 0, 0],
    lambda a: a[:1, 0, 0],
    lambda a: a[0, 0],
    lambda a: a[:0, 0, 0],
    lambda a: a,
    lambda a: a.permute(2, 0, 1),
    lambda a: a[:, ::2, 1:],
    lambda a: a[..., ::3],
    lambda a: a[:, :0],
    lambda a: a[:1, :, :1],
    lambda a: a[1],
    lambda a: a[:, 1],
    lambda a: a[0, 0].expand(3, 4),
    lambda a: a[0].t(),
]
DELETER = ctypes.CFUNCTYPE(None, c_void_p)
# Of the two structs: the capsule's name, that of one which is used up, where the deleter stands, export and import.
VERSIONED = (b"dltensor_versioned", b"used_dltensor_versioned", 16, dlpack_export, dlpack_import)
UNVERSIONED = (b"dltensor", b"used_dltensor", 56, dlpack_export_unversioned, dlpack_import_unversioned)
exchanges = refusals = 0


def pattern(dtype):
    """2 x 3 x 4 items, of which none is a NaN; truth values are 0 and 1."""
    size = torch.empty(0, dtype=dtype).element_size()
    numbers = [i * 37 % 59 + 1 for i in range(24 * size)]
    if dtype == torch.bool:
        numbers = [number % 2 for number in numbers]
    return torch.tensor(numbers, dtype=torch.uint8).view(dtype).reshape(2, 3, 4)


def tensors(dtype):
    whole = pattern(dtype)
    return [layout(whole) for layout in LAYOUTS]


def contents(tensor):
    """The bytes of all items in C order."""
    packed = tensor.contiguous()
    return ctypes.string_at(packed.data_ptr(), packed.numel() * packed.element_size()) if packed.numel() else b""


class Counted:
    """Counts the calls of the deleter of a struct."""

    def __init__(self, pointer, kind):
        place = c_void_p.from_address(pointer + kind[2])
        original = DELETER(place.value)
        self.calls = 0

        def delete(struct):
            assert struct == pointer
            self.calls += 1
            original(struct)

        self.callback = DELETER(delete)
        place.value = ctypes.cast(self.callback, c_void_p).value

    def delete(self, pointer):
        self.callback(pointer)


def check_view(view, tensor, format, readonly=False):
    got = View()
    assert get_buffer(view, byref(got), 0x11C) == 0, message()
    ndim, size = got.ndim, tensor.element_size()
    assert (ndim, got.itemsize, got.format.decode()) == (tensor.dim(), size, format), (ndim, got.itemsize, got.format, format)
    assert list(got.shape[:ndim]) == list(tensor.shape), (got.shape[:ndim], tensor.shape)
    assert bool(got.readonly) == readonly
    if tensor.numel():
        assert got.buf == tensor.data_ptr()
        used = [axis for axis in range(ndim) if tensor.shape[axis] > 1]
        assert [got.strides[axis] for axis in used] == [size * tensor.stride(axis) for axis in used]
    for turn in range(2):
        bytes = ctypes.create_string_buffer(max(got.len, 1))
        assert to_contiguous(bytes, byref(got), got.len, b"C") == 0, message()
        assert bytes.raw[:got.len] == contents(tensor)
        # The memory is shared: what PyTorch changes is changed here. (Numbers that are all bits 0 or 1.)
        if tensor.numel() and 0 not in tensor.stride():
            for at in itertools.product(*map(range, tensor.shape)):
                place = tensor.data_ptr() + size * sum(i * s for i, s in zip(at, tensor.stride()))
                ctypes.memset(place, 1 - turn, 1)
    release(byref(got))


def capsule_of(tensor, kind):
    """PyTorch's capsule, or None where this version has no such ones."""
    if kind is UNVERSIONED:
        return torch.utils.dlpack.to_dlpack(tensor)
    try:
        return tensor.__dlpack__(max_version=(1, 0))
    except TypeError as error:
        assert "max_version" in str(error), error
        return None


def refused(action, *reasons):
    """PyTorch refuses it, for one of these reasons."""
    global refusals
    try:
        action()
    except (RuntimeError, BufferError, TypeError, ValueError) as error:
        assert any(reason in str(error) for reason in reasons), error
        refusals += 1
        return
    raise AssertionError("PyTorch has taken it")


def refused_here(result, *reasons):
    """The library refuses it."""
    global refusals
    text = (message() or b"").decode()
    assert not result and any(reason in text for reason in reasons), text
    clear()
    refusals += 1


def from_torch(kind):
    """PyTorch's tensors as memoryviews."""
    global exchanges, refusals
    for name, formats in {**{name: (format, format) for name, format in TYPES.items()}, **OPAQUE}.items():
        dtype = getattr(torch, name, None)
        if dtype is None:
            continue
        for number, tensor in enumerate(tensors(dtype)):
            for flags in (0, INTEGERS):
                try:
                    capsule = capsule_of(tensor, kind)
                except (RuntimeError, BufferError) as error:
                    assert "upport" in str(error), error
                    refusals += number == 0 and flags == 0
                    continue
                if capsule is None:
                    return
                pointer = capsule_pointer(capsule, kind[0])
                capsule_rename(capsule, kind[1])
                deleter = Counted(pointer, kind)
                view = kind[4](pointer, flags)
                assert view, (name, message())
                check_view(view, tensor, formats[flags == INTEGERS])
                assert deleter.calls == 0
                decref(view)
                assert deleter.calls == 1, deleter.calls
                exchanges += 1
    # What is no plain memory; here PyTorch refuses.
    refused(torch.ones(2, requires_grad=True).__dlpack__, "require gradient", "requires grad")
    refused(torch.ones(2, 2).to_sparse().__dlpack__, "strided", "sparse", "Sparse", "layout")
    refused(torch.ones(2, dtype=torch.complex64).conj().__dlpack__, "conjugate")


class Producer:
    """An object with a capsule for torch.from_dlpack."""

    def __init__(self, pointer, name):
        self.capsule = capsule_new(pointer, name, None)

    def __dlpack_device__(self):
        return (1, 0)

    def __dlpack__(self, **_):
        return self.capsule


def taken(pointer, kind):
    """PyTorch's tensor of a struct, by each of its functions in turn."""
    producer = Producer(pointer, kind[0])
    taken.turn = not taken.turn
    if kind is UNVERSIONED and taken.turn:
        return torch.utils.dlpack.from_dlpack(producer.capsule)
    return torch.from_dlpack(producer)


taken.turn = False


def export(tensor, format, kind, flags=0, strides=None, offset=0, readonly=False):
    """A struct of the library's for the memory of a tensor, and what counts: its deleter, and the end of the memory."""
    ended = []
    destroy = DELETER(lambda _: ended.append(1))
    ints = ctypes.c_ssize_t * max(tensor.dim(), 1)
    strides = [tensor.element_size() * stride for stride in tensor.stride()] if strides is None else strides
    view = wrap(tensor.data_ptr() + offset, format.encode(), tensor.dim(), ints(*tensor.shape), ints(*strides), readonly,
                ctypes.cast(destroy, c_void_p), None)
    assert view, message()
    pointer = kind[3](view, flags)
    decref(view)
    # The callback lives as long as the list.
    ended_and_kept = (ended, destroy)
    if not pointer:
        assert ended == [1]
        return None, None, ended_and_kept
    return pointer, Counted(pointer, kind), ended_and_kept


def to_torch(kind):
    """Memoryviews as PyTorch's tensors."""
    global exchanges, refusals
    if kind is VERSIONED and capsule_of(torch.ones(1), kind) is None:
        return
    for name, format, flags in [*((name, format, 0) for name, format in TYPES.items()),
                                *(("bfloat16", format, BFLOAT16) for format in ("2x", "2s", "H"))]:
        dtype = getattr(torch, name, None)
        if dtype is None:
            # This version has no such numbers.
            memory = torch.zeros({"H": 1, "I": 2, "Q": 4}[format], 2, dtype=torch.uint8).view(-1)
            pointer, deleter, (ended, _) = export(memory[:1], format, kind)
            refused(lambda: taken(pointer, kind), "not supported", "Unsupported")
            deleter.delete(pointer)
            assert deleter.calls == 1 and ended == [1]
            continue
        for number, tensor in enumerate(tensors(dtype)):
            pointer, deleter, (ended, _) = export(tensor, format, kind, flags)
            assert pointer, (name, message())
            try:
                got = taken(pointer, kind)
            except (RuntimeError, BufferError) as error:
                assert "upport" in str(error), error
                # Not taken, so it is the producer's still.
                assert deleter.calls == 0
                deleter.delete(pointer)
                assert ended == [1]
                refusals += number == 0
                continue
            assert got.dtype == dtype and got.shape == tensor.shape, (got.dtype, dtype)
            if tensor.numel():
                assert got.data_ptr() == tensor.data_ptr()
                used = [axis for axis in range(tensor.dim()) if tensor.shape[axis] > 1]
                assert [got.stride(axis) for axis in used] == [tensor.stride(axis) for axis in used]
            assert contents(got) == contents(tensor)
            another = got.detach()
            del got
            assert deleter.calls == 0 and not ended
            del another
            if deleter.calls == 0 and not tensor.numel():
                # PyTorch 1.12 forgets the deleter of a tensor whose data is NULL, as DLPack wants it for one without items.
                deleter.delete(pointer)
            assert deleter.calls == 1 and ended == [1], (deleter.calls, ended)
            exchanges += 1
    # PyTorch has no negative strides. An error, not another order of the items; 1.12 ends the process.
    tensor = pattern(torch.float32)
    pointer, deleter, (ended, _) = export(tensor, "f", kind, strides=[-48, 16, 4], offset=48)
    if int(torch.__version__.split(".")[0]) >= 2:
        refused(lambda: taken(pointer, kind), "negative", "stride")
    assert deleter.calls == 0
    deleter.delete(pointer)
    assert deleter.calls == 1 and ended == [1]
    # What has no tensor is refused here.
    for format, strides, flags, reason in (("<h" if sys.byteorder == "big" else ">h", None, 0, "byte order"), ("f", [50, 16, 4], 0, "multiple"),
                                           ("2x", None, 0, "items must be"), ("f", None, BFLOAT16, "bfloat16")):
        memory = pattern(torch.int16 if "f" not in format else torch.float32)
        pointer, _, (ended, _) = export(memory, format, kind, flags, strides)
        refused_here(pointer, reason)
        assert ended == [1]
    # Read-only memory: the older struct cannot say it. PyTorch has no read-only tensors; a version that takes the memory all
    # the same has been told.
    pointer, deleter, (ended, _) = export(tensor, "f", kind, readonly=True)
    if kind is UNVERSIONED:
        refused_here(pointer, "read-only")
        return
    try:
        got = taken(pointer, kind)
        assert got.data_ptr() == tensor.data_ptr() and contents(got) == contents(tensor)
        del got
        exchanges += 1
    except (RuntimeError, BufferError) as error:
        assert "read" in str(error), error
        deleter.delete(pointer)
        refusals += 1
    assert deleter.calls == 1 and ended == [1]


for kind in (UNVERSIONED, VERSIONED):
    from_torch(kind)
    to_torch(kind)
print(f"PyTorch {torch.__version__}: {exchanges} exchanges, {refusals} refusals")
sys.exit(0 if exchanges > 400 and refusals >= 8 else "too few of them")
