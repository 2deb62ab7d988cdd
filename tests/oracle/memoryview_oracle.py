"""Plays sequences of operations on CPython's memoryview and on the ndarray of its _testbuffer module.

Reads a sequence from each line, its operations separated by ";", and prints the results, in the same way. What is made
goes into a register with a number; an operation on a register with nothing in it is "skip". "?" stands for what CPython
does not support (NotImplementedError), "!Name" for any other exception.
"""

import ctypes
import struct
import sys
import zlib
from ctypes import c_char_p, c_int, c_ssize_t, c_void_p, POINTER

from _testbuffer import is_contiguous, ndarray, PyBUF_FULL_RO


class Buffer(ctypes.Structure):
    _fields_ = [("buf", c_void_p), ("obj", c_void_p), ("len", c_ssize_t), ("itemsize", c_ssize_t),
                ("readonly", c_int), ("ndim", c_int), ("format", c_char_p), ("shape", POINTER(c_ssize_t)),
                ("strides", POINTER(c_ssize_t)), ("suboffsets", POINTER(c_ssize_t)), ("internal", c_void_p)]


from_buffer = ctypes.pythonapi.PyMemoryView_FromBuffer
from_buffer.restype, from_buffer.argtypes = ctypes.py_object, [POINTER(Buffer)]
get_buffer = ctypes.pythonapi.PyObject_GetBuffer
get_buffer.argtypes = [ctypes.py_object, POINTER(Buffer), c_int]
release_buffer = ctypes.pythonapi.PyBuffer_Release
release_buffer.argtypes = [POINTER(Buffer)]


class Memory:
    """What a sequence starts with: an object, its address, and its bytes."""

    def __init__(self, object, keep=None):
        self.object, self.keep, self.holes = object, keep, []
        # Not every ndarray has a hash, and then no view of it has one. Here no exporter stands behind the view.
        self.has_no_hash = False
        view = Buffer()
        if keep is None:
            get_buffer(object, ctypes.byref(view), 0)
            self.address = view.buf
            release_buffer(ctypes.byref(view))
        else:
            self.address = ctypes.addressof(keep)

    def crc(self):
        content = bytearray(self.object if self.keep is None else self.keep)
        for hole in self.holes:
            content[hole:hole + 8] = bytes(8)
        return zlib.crc32(content)


def numbers(word):
    if word == "-":
        return None
    return [] if word == "()" else [int(number) for number in word.split(",")]


def tuple_text(entries):
    return ",".join(map(str, entries)) if entries else "()"


def array(entries):
    return None if entries is None else (c_ssize_t * max(len(entries), 1))(*entries)


def optional(word):
    return None if word == "-" else int(word)


def slice_of(word):
    return slice(*map(optional, word.split(":")))


def keys(word):
    keys = [] if word == "()" else word.split(",")
    return tuple(slice_of(key) if ":" in key else int(key) for key in keys)


def real(bits):
    return struct.unpack(">d", bytes.fromhex(bits))[0]


def value(word):
    kind, word = word[0], word[1:]
    if kind == "i": return int(word)
    if kind == "t": return True
    if kind == "f": return False
    if kind == "d": return real(word)
    if kind == "b": return bytes.fromhex(word)
    if kind == "c": return complex(real(word[:16]), real(word[16:]))
    if kind == "u": return chr(int(word))


def text(value):
    kind = type(value)
    if kind is list: return "[%s]" % ",".join(map(text, value))
    if kind is tuple: return "+".join(map(text, value))
    if kind is bool: return "t" if value else "f"
    if kind is int: return "i%d" % value
    if kind is float: return "d" + struct.pack(">d", value).hex()
    if kind is bytes: return "b" + value.hex()
    if kind is complex: return "c" + struct.pack(">dd", value.real, value.imag).hex()


def attempt(function, *arguments):
    try:
        return str(function(*arguments))
    except NotImplementedError:
        return "?"
    except Exception as error:
        return "!" + type(error).__name__


def flat(view):
    """The items of a view in C order."""
    items = view.tolist()
    for _ in range(view.ndim - 1):
        items = [item for row in items for item in row]
    return items if view.ndim else [items]


def begin(view):
    """The address of the item at index 0."""
    buffer = Buffer()
    get_buffer(view, ctypes.byref(buffer), PyBUF_FULL_RO)
    address = buffer.buf
    release_buffer(ctypes.byref(buffer))
    return address


# Places among what is seen of a view.
SUBOFFSETS, CONTIGUOUS, OFFSET, IN_ANY_ORDER = 5, 7, 9, -1


class Player:
    def __init__(self):
        self.registers = {}

    def make(self, to, of, view):
        """Puts a view into a register: what is seen of it."""
        self.registers[to] = view, of
        return self.look(to)

    def look(self, register):
        object, memory = self.registers[register]
        view = object if type(object) is memoryview else memoryview(object)
        unclear = []
        try:
            view.ndim
            flags = [is_contiguous(view, order) for order in "CFA"] + [view.c_contiguous, view.f_contiguous]
            seen = ["x" + view.format.encode().hex(), view.itemsize, view.ndim, tuple_text(view.shape),
                    tuple_text(view.strides), tuple_text(view.suboffsets), int(view.readonly),
                    "".join(map(str, map(int, flags))), view.nbytes, c_ssize_t(begin(view) - memory.address).value]
            if type(object) is ndarray and view.suboffsets:
                # Where no item is, pointers lead nowhere: their suboffsets may become negative, and then stand for none.
                if 0 in view.shape:
                    unclear = [SUBOFFSETS, OFFSET, CONTIGUOUS]
                # Pointers that have been followed: the array may go, and the view be contiguous then.
                elif max(view.suboffsets) < 0:
                    unclear = [SUBOFFSETS, CONTIGUOUS, IN_ANY_ORDER]
        except ValueError:
            seen = ["released"]
        seen.append(attempt(lambda: len(view)))
        seen.append(attempt(lambda: text(object.tolist())))
        for order in "CFA":
            seen.append(attempt(lambda: "x" + view.tobytes(order).hex()))
        for at in unclear:
            seen[at] = "?"
        return " ".join(map(str, seen))

    def play(self, line):
        return ";".join(self.step(*operation.split(" ")) for operation in line.split(";"))

    def step(self, name, *arguments):
        return attempt(self.attempt, name, *arguments)

    def attempt(self, name, *arguments):
        try:
            return getattr(self, "do_" + name)(*arguments)
        except KeyError:
            return "skip"

    # What sequences start with.

    def do_bytes(self, to, content):
        self.registers[to] = (memory := Memory(bytes.fromhex(content[1:]))).object, memory
        return "ok"

    def do_bytearray(self, to, content):
        self.registers[to] = (memory := Memory(bytearray.fromhex(content[1:]))).object, memory
        return "ok"

    def do_memory(self, to, exporter, readonly, content, pointers, origin, length, itemsize, format, ndim, *axes):
        content = bytes.fromhex(content[1:])
        memory = Memory(None, ctypes.create_string_buffer(content, len(content)))
        for pointer in [] if pointers == "-" else pointers.split(","):
            at, target = map(int, pointer.split(":"))
            memory.holes.append(at)
            struct.pack_into("N", memory.keep, at, memory.address + target)
        arrays = [array(numbers(word)) for word in axes]
        format = None if format == "-" else bytes.fromhex(format[1:])
        memory.arrays = arrays, format
        info = Buffer(memory.address + int(origin), None, int(length), int(itemsize), int(readonly), int(ndim), format,
                      *arrays)
        view = from_buffer(ctypes.byref(info))
        if exporter == "ndarray":
            exporter = ndarray(view, getbuf=PyBUF_FULL_RO)
            memory.has_no_hash = attempt(hash, exporter) == "!ValueError"
            view = memoryview(exporter)
        elif exporter == "plain-ndarray":
            view = ndarray(view, getbuf=PyBUF_FULL_RO)
        return self.make(to, memory, view)

    # Parts and other views.

    def do_view(self, to, of):
        object, memory = self.registers[of]
        return self.make(to, memory, memoryview(object))

    def do_slice(self, to, of, key):
        view, memory = self.registers[of]
        return self.make(to, memory, view[slice_of(key)])

    def do_part(self, to, of, word):
        """The part of an ndarray: integers first, then slices."""
        part, memory = self.registers[of]
        key = keys(word)
        while key and type(key[0]) is int:
            part, key = part[key[0]], key[1:]
        if key:
            part = part[key]
        if type(part) is not ndarray:
            return text(part)
        return self.make(to, memory, part)

    def do_cast(self, to, of, format, shape):
        view, memory = self.registers[of]
        format = bytes.fromhex(format[1:]).decode("latin-1")
        shape = numbers(shape)
        return self.make(to, memory, view.cast(format) if shape is None else view.cast(format, shape))

    def do_readonly(self, to, of):
        view, memory = self.registers[of]
        return self.make(to, memory, view.toreadonly())

    # Items.

    def do_get(self, of, indices):
        view, _ = self.registers[of]
        indices = tuple(numbers(indices))
        return text(view[indices[0] if len(indices) == 1 else indices])

    def do_set(self, of, indices, item):
        view, memory = self.registers[of]
        indices = tuple(numbers(indices))
        view[indices[0] if len(indices) == 1 else indices] = value(item)
        return "%d %s" % (memory.crc(), self.look(of))

    def do_assign(self, of, key, source):
        view, memory = self.registers[of]
        source, _ = self.registers[source]
        key = keys(key)
        view[key[0] if len(key) == 1 else key] = source
        return "%d %s" % (memory.crc(), self.look(of))

    def do_count(self, of, item):
        view, _ = self.registers[of]
        item = value(item)
        return sum(1 for other in flat(view) if other == item)

    def do_index(self, of, item, start, stop):
        view, _ = self.registers[of]
        if view.ndim == 0:
            raise TypeError
        return flat(view).index(value(item), int(start), int(stop))

    def do_iter(self, to, of):
        view, memory = self.registers[of]
        # CPython 3.13 makes an iterator of a released memoryview, too, with an exception set: that of the length.
        len(view)
        self.registers[to] = iter(view), memory
        return "ok"

    def do_next(self, of):
        for item in self.registers[of][0]:
            return text(item)
        return "end"

    # The object.

    def do_equal(self, a, b):
        # Until 3.13.12 two native '?' are compared by byte.
        views = self.registers[a][0], self.registers[b][0]
        if sys.version_info < (3, 13, 12) and all(attempt(getattr, view, "format") in ("?", "@?") for view in views):
            return "?"
        # A comparison in which an object equals itself without being asked.
        return int(self.registers[b][0] in (self.registers[a][0],))

    def do_hash(self, of):
        view, memory = self.registers[of]
        if memory.has_no_hash:
            raise NotImplementedError
        return hash(view)

    def do_look(self, of):
        return self.look(of)

    def do_release(self, of):
        self.registers[of][0].release()
        return "ok"

    def do_export(self, to, of):
        view, memory = self.registers[of]
        self.registers[to] = ndarray(view, getbuf=PyBUF_FULL_RO), memory
        return "ok"

    def do_drop(self, of):
        del self.registers[of]
        return "ok"


def slices():
    """Prints what slices come to: their ends and the length on each line."""
    for line in sys.stdin:
        *ends, length = line.split()
        try:
            start, stop, step = slice(*map(optional, ends)).indices(int(length))
            print(start, step, len(range(start, stop, step)))
        except ValueError:
            print("!ValueError")


if __name__ == "__main__":
    if sys.argv[1:] == ["slices"]:
        slices()
    else:
        for line in sys.stdin:
            print(Player().play(line.rstrip("\n")))
