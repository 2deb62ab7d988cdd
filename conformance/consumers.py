"""Compares the library's memoryview with the interpreter's own, with everything that exports or consumes buffers in a Python process:

    python consumers.py DIRECTORY

DIRECTORY has the extension module pybuffer_binding. Each exporter gets a memoryview of either kind, and both have to answer each
question alike: with equal results, or exceptions of the same type. Each consumer gets either kind, and has to do the same with
both. NumPy and Pillow take part where they are installed. Prints how much was compared, and each difference.
"""

import array
import base64
import binascii
import ctypes
import gc
import hashlib
import io
import itertools
import lzma
import marshal
import mmap
import multiprocessing
import os
import pickle
import re
import socket
import sqlite3
import struct
import sys
import tempfile
import threading
import zlib

import _testbuffer

sys.path.insert(0, sys.argv[1])
import pybuffer_binding
from exporters import exporters

ours, theirs = pybuffer_binding.memoryview, memoryview

try:
    import numpy as np
except ImportError:
    np = None
try:
    from PIL import Image
except ImportError:
    Image = None

FIELDS = """
    nbytes readonly itemsize format ndim shape strides suboffsets c_contiguous f_contiguous contiguous
""".split()

REQUESTS = [
    getattr(_testbuffer, "PyBUF_" + name)
    for name in """
        SIMPLE WRITABLE FORMAT ND STRIDES INDIRECT C_CONTIGUOUS F_CONTIGUOUS ANY_CONTIGUOUS FULL FULL_RO RECORDS RECORDS_RO
        STRIDED STRIDED_RO CONTIG CONTIG_RO
    """.split()
]


# ----------------------------------------------------------------------------------------------------------------------
# Questions to a memoryview


def fields(view):
    """The attributes, except for the exporter."""
    return [getattr(view, name) for name in FIELDS]


def shown(result):
    """A result as something that can be compared and printed; a memoryview as its fields and bytes."""
    if isinstance(result, (ours, theirs)):
        return fields(result), result.tobytes()
    if isinstance(result, (list, tuple)):
        return repr([shown(item) for item in result])
    return repr(result)


def questions(make):
    """Functions of a memoryview of what `make` makes, with a name each."""
    yield "fields", fields
    # For one of the interpreter's own memoryviews, only another of its own has the same exporter.
    if not isinstance(make(), theirs):
        yield "obj", lambda v: [type(v.obj).__name__, v[:].obj is v.obj]
    # Before 3.11 the interpreter hashes by SipHash-2-4, and so bytes have another hash than the library's, which is that of later ones.
    hashes = [hash] if sys.hash_info.algorithm == "siphash13" else []
    for function in len, bytes, bytearray, list, *hashes, iter, repr, bool, str:
        if function in (iter, repr, str):
            yield function.__name__, lambda v, f=function: re.sub("0x[0-9a-f]+|_iterator|^<.*>$", "", str(f(v)))
        else:
            yield function.__name__, function
    for order in None, "C", "F", "A", "X", 7:
        yield f"tobytes {order}", lambda v, order=order: v.tobytes(order)
    for arguments in [(), (":",), (b"-", 2), ("_", -3), ("ab",), (1,), ("é",), (":", 0)]:
        yield f"hex {arguments}", lambda v, arguments=arguments: v.hex(*arguments)
    yield "tolist", lambda v: v.tolist()
    yield "reversed", lambda v: list(reversed(v))
    yield "in", lambda v: [1 in v, b"x" in v, None in v]
    keys = [0, 1, -1, 2, 99, 2**64, True, 1.0, None, "a", (), (0,), (0, 0), (1, 2), (0, 0, 0), (-1, -1), (0, 99), (5,) * 70]
    keys += [..., (..., 0), slice(None), slice(1, None), slice(None, None, -1), slice(0, 0), slice(None, None, 2)]
    keys += [slice(-2**70, 2**70), slice(2**70, -2**70, -3), slice(0, 1, 0), slice("a"), slice(5, 1, -2), slice(-3, -1)]
    keys += [(slice(None),), (slice(None), slice(1, 2)), (0, slice(None)), (slice(None), 0), (None, 0)]
    for key in keys:
        yield f"[{key}]", lambda v, key=key: v[key]
        yield f"del [{key}]", lambda v, key=key: v.__delitem__(key)
    for format in "BbcihfdQnP?eg", "@B", "@i", "<i", "i", "c", "x", "", "ii", "T{i:a:}", "Zd":
        for code in format if format.startswith("Bb") else [format]:
            yield f"cast {code}", lambda v, code=code: v.cast(code)
            yield f"cast to bytes and {code}", lambda v, code=code: v.cast("B").cast(code)
    yield "cast é", lambda v: type(v)(b"abc").cast("é")
    for shape in [], [1], [2, 3], [6], (3, 2), [-1], [0], [2, "a"], {}, 3, [1] * 64, [1] * 65, [2**40, 2**40]:
        yield f"cast B {shape}", lambda v, shape=shape: v.cast("B", shape)
        yield f"cast to bytes and B {shape}", lambda v, shape=shape: v.cast("B").cast("B", shape)
        yield f"cast to bytes and h {shape}", lambda v, shape=shape: v.cast("B").cast("h", shape=shape)
    yield "toreadonly", lambda v: v.toreadonly()
    yield "readonly of a toreadonly", lambda v: type(v)(v.toreadonly()).readonly
    yield "equals its exporter", lambda v: [v == peer(v, make), peer(v, make) == v, v != peer(v, make), v == v]
    yield "equals its bytes", lambda v: [v == v.tobytes(), v == 3, v == None]
    yield "equals itself reversed", lambda v: [v == v[::-1], v[::-1] == v[::-1]]
    yield "equals one of the interpreter's", lambda v: [v == theirs(make()), theirs(make()) == v]
    yield "order", lambda v: v < v
    yield "with", lambda v: enter(v)
    yield "released", lambda v: [v.release(), v.release(), repr(v)[:9]]
    # Not iter(), of which the interpreter's own makes a SystemError.
    for question in "v.obj", "v.nbytes", "v[0]", "v[:]", "len(v)", "v.tolist()", "v.cast('B')", "hash(v)", "v == v":
        yield f"released, {question}", lambda v, q=compile(question, "", "eval"): (v.release(), eval(q))
    for flags in REQUESTS:
        yield f"request {flags:#x}", lambda v, flags=flags: consumer(v, flags)
        yield f"request {flags:#x} of a part", lambda v, flags=flags: consumer(v[::-1], flags)
    for value in 0, 1, -1, 255, 256, 2**31, 2**64, -2**70, 1.5, 1e300, float("nan"), b"x", b"xy", "x", None, True, (1, 2), 1j, []:
        for key in 0, (0, 0), (), ..., slice(0, 1):
            yield f"[{key}] = {value}", lambda v, key=key, value=value: (v.__setitem__(key, value), v)
    yield "[:] = its exporter", lambda v: (v.__setitem__(slice(None), make()), v)
    yield "[::-1] = itself", lambda v: (v.__setitem__(slice(None, None, -1), v), v)
    yield "[1:] = itself[:-1]", lambda v: (v.__setitem__(slice(1, None), v[:-1]), v)
    yield "[:] = of another format", lambda v: (v.__setitem__(slice(None), v.cast("B").cast("b")), v)
    yield "pickle", pickle.dumps
    yield "copied by _testbuffer", lambda v: pybuffer_binding.get_pointer(v, [0] * v.ndim)


def peer(view, make):
    """What is compared with a memoryview: the exporter that `make` makes. The interpreter's own crashes on ctypes arrays, which
    have no strides to show, so that it gets another memoryview there."""
    other = make()
    return theirs(other) if type(view) is theirs and isinstance(other, ctypes.Array) else other


def enter(view):
    with view as entered:
        inside = entered is view, view.nbytes
    try:
        return inside, view.nbytes
    except ValueError:
        return inside, "released"


def consumer(view, flags):
    """The answer to a request of _testbuffer's ndarray, as the fields that it shows."""
    nd = _testbuffer.ndarray(view, getbuf=flags)
    return fields(nd), nd.obj is view, nd.tobytes()


# ----------------------------------------------------------------------------------------------------------------------
# Consumers: functions of a memoryview of a bytearray of 64 bytes, which may write to it.


def through_socket(view):
    left, right = socket.socketpair()
    with left, right:
        sent = left.send(view[:16]), left.sendmsg([view[16:24], view[30:32]])
        received = right.recv_into(view[32:48]), right.recvmsg_into([view[48:52], view[52:58]])[0]
    return sent, received


def through_loopback(view):
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        other = server.accept()[0]
        with other:
            client.sendall(view[:32])
            return other.recv_into(view[32:], 32, socket.MSG_WAITALL)


def through_file(view):
    with tempfile.TemporaryFile(buffering=0) as file:
        written = file.write(view[:20]), os.writev(file.fileno(), [view[20:24], view[24:32]])
        file.seek(0)
        read = file.readinto(view[32:40]), os.readv(file.fileno(), [view[40:44], view[44:64]])
        return written, read, os.pwrite(file.fileno(), view[::1], 3)


def through_buffered_file(view):
    with tempfile.TemporaryFile() as file:
        file.write(view)
        file.seek(5)
        return file.readinto(view[8:24]), file.readinto1(view[24:])


def through_pipe(view):
    one, other = multiprocessing.Pipe()
    with one, other:
        one.send_bytes(view[:8])
        return other.recv_bytes_into(view[16:32])


def through_pickle(view):
    """Out of band, and back."""
    buffers = []
    data = pickle.dumps(pickle.PickleBuffer(view), protocol=5, buffer_callback=buffers.append)
    back = pickle.loads(data, buffers=buffers)
    result = bytes(back), len(buffers), theirs(back).readonly
    return result


def through_sqlite(view):
    with sqlite3.connect(":memory:") as database:
        row = database.execute("select ?, length(?), hex(?)", (view, view[:3], view[4:6])).fetchone()
    database.close()
    return row


def through_threads(view):
    """Reads from several threads at once, each with views of its own."""
    results = [None] * 4

    def work(number):
        results[number] = sum(sum(view[i:]) + len(type(view)(view)[::-1]) for i in range(64))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


class Buffer(ctypes.Structure):
    _fields_ = [("a", ctypes.c_int), ("b", ctypes.c_char * 12)]


def through_ctypes(view):
    shared = Buffer.from_buffer(view, 8)
    shared.a = 0x01020304
    copied = Buffer.from_buffer_copy(view, 4)
    return shared.b, copied.a, copied.b


def through_mmap(view):
    with mmap.mmap(-1, 64) as memory:
        memory[:64] = view
        memory.write(view[10:20])
        return memory[:], memory.find(view[20:22])


def array_of(view):
    items = array.array("h")
    items.frombytes(view[:16])
    return items, items.__iadd__(array.array("h", view[:4].tobytes()))


def consumers():
    yield "bytes", bytes
    yield "bytearray +=", lambda v: bytearray(b"ab").__iadd__(v)
    yield "bytearray slice", lambda v: assigned(bytearray(b"abcd"), v)
    yield "join", lambda v: b"-".join([v, b"x", v[1:2]])
    yield "+", lambda v: b"a" + v
    yield "in bytes", lambda v: (v[3:5] in bytes(v), bytes(v).find(v[9:10]), bytes(v).startswith(bytes(v[:2])))
    yield "bytes %", lambda v: b"%b" % v[65 - 60 : 9]
    yield "bytes.translate", lambda v: bytes(v).translate(None, v[:8])
    yield "str", lambda v: str(v, "latin-1")
    yield "int.from_bytes", lambda v: int.from_bytes(v[:9], "big")
    yield "int", lambda v: int(type(v)(b"123"))
    yield "float", lambda v: float(type(v)(b"1.5"))
    yield "eval", lambda v: eval(bytes(type(v)(b"1+2")))
    yield "struct.unpack", lambda v: struct.unpack("<iqd", v[:20])
    yield "struct.unpack_from", lambda v: struct.unpack_from(">hB", v, 5)
    yield "struct.iter_unpack", lambda v: list(struct.iter_unpack("4i", v))
    yield "struct.pack_into", lambda v: struct.pack_into("<id", v, 7, -5, 2.5)
    yield "BytesIO", lambda v: io.BytesIO(v).getvalue()
    yield "BytesIO.write", lambda v: io.BytesIO().write(v[::1])
    yield "BytesIO.readinto", lambda v: io.BytesIO(b"from here").readinto(v[4:20])
    yield "BytesIO.writelines", lambda v: io.BytesIO().writelines([v, v[2:]])
    yield "TextIOWrapper", lambda v: io.TextIOWrapper(io.BytesIO(v), "latin-1").read()
    yield "file", through_file
    yield "buffered file", through_buffered_file
    yield "socketpair", through_socket
    yield "loopback", through_loopback
    yield "pipe", through_pipe
    for name in sorted(hashlib.algorithms_guaranteed - {"shake_128", "shake_256"}):
        yield f"hashlib.{name}", lambda v, name=name: hashlib.new(name, v).hexdigest()
    yield "hashlib.file_digest", lambda v: hashlib.file_digest(io.BytesIO(v), "md5").digest()
    yield "zlib", lambda v: zlib.decompress(zlib.compress(v))
    yield "zlib.crc32, adler32", lambda v: (zlib.crc32(v), zlib.adler32(v[::1]))
    yield "zlib stream", lambda v: zlib.decompressobj().decompress(zlib.compress(v)[::1])
    yield "lzma", lambda v: lzma.decompress(lzma.compress(v))
    yield "binascii", lambda v: (binascii.hexlify(v, ":"), binascii.crc_hqx(v, 1), binascii.b2a_base64(v))
    yield "base64", lambda v: (base64.b64encode(v), base64.b85encode(v), base64.b32encode(v))
    yield "re", lambda v: [m.span() for m in re.finditer(rb"[\x05-\x09]{2}", v)]
    yield "marshal", lambda v: marshal.loads(type(v)(marshal.dumps([1, "a"])))
    yield "pickle.loads", lambda v: pickle.loads(type(v)(pickle.dumps([1, "a"])))
    yield "pickle, out of band", through_pickle
    yield "sqlite3", through_sqlite
    yield "ctypes", through_ctypes
    yield "mmap", through_mmap
    yield "array.frombytes", array_of
    yield "array", lambda v: array.array("b", bytes(v))
    yield "threads", through_threads
    yield "os.urandom-like readinto", lambda v: io.FileIO("/dev/zero").readinto(v[3:30])
    yield "the interpreter's memoryview", lambda v: (fields(theirs(v)), theirs(v)[::-3].tobytes())
    yield "the library's memoryview", lambda v: (ours(v)[::-3].tobytes(), ours(v).cast("i").tolist())
    yield "released while in use", lambda v: released_in_use(v)
    yield "non-contiguous, refused", lambda v: io.BytesIO().write(v[::2])
    yield "non-contiguous, to bytes", lambda v: bytes(v[::-2])
    yield "read-only, refused", lambda v: io.BytesIO(b"x").readinto(v.toreadonly())
    yield "_testbuffer", lambda v: _testbuffer.ndarray(v, getbuf=_testbuffer.PyBUF_FULL).tolist()
    if np is not None:
        yield "numpy.frombuffer", lambda v: np.frombuffer(v, "<i4").tolist()
        yield "numpy.asarray", lambda v: (np.asarray(v).tolist(), np.asarray(v).flags.writeable, np.asarray(v).dtype)
        yield "numpy.asarray, of two axes", lambda v: np.asarray(v.cast("h", (4, 8))).T.tolist()
        yield "numpy.asarray, strided", lambda v: np.asarray(v[60::-5]).strides
        yield "numpy.array", lambda v: np.array(v, copy=True).sum()
        yield "numpy, written to", lambda v: np.asarray(v.cast("i")).__setitem__(slice(2, 5), -1)
        yield "numpy.copyto", lambda v: np.copyto(np.asarray(v)[::-1], np.arange(64, dtype="u1"))
        yield "numpy.asarray, read-only", lambda v: np.asarray(v.toreadonly()).flags.writeable
        yield "numpy arithmetic", lambda v: (np.ones(64, "u1") + v).tolist()
        yield "numpy.save", lambda v: np.load(saved(v)).tolist()
    if Image is not None:
        yield "PIL.Image.frombytes", lambda v: Image.frombytes("L", (8, 8), bytes(v)).getpixel((3, 3))
        yield "PIL.Image.frombuffer", lambda v: Image.frombuffer("L", (8, 8), v, "raw", "L", 0, 1).tobytes()
        yield "PIL.Image.frombuffer RGBA", lambda v: Image.frombuffer("RGBA", (4, 4), v, "raw", "RGBA", 0, 1).rotate(90).tobytes()
        yield "PIL.Image.putpalette", lambda v: Image.new("P", (2, 2)).putpalette(v[:48])
        yield "PIL.Image.open", lambda v: Image.open(io.BytesIO(type(v)(png()))).convert("RGB").tobytes()
        yield "PIL.Image, written and shown", lambda v: v.__setitem__(slice(0, 12), Image.new("RGB", (2, 2), (1, 2, 3)).tobytes())


def assigned(target, view):
    target[1:2] = view
    return target


def saved(view):
    file = io.BytesIO()
    np.save(file, np.asarray(view))
    file.seek(0)
    return file


def png():
    file = io.BytesIO()
    Image.new("RGB", (3, 2), (10, 20, 30)).save(file, "PNG")
    return file.getvalue()


def released_in_use(view):
    """The exporter and the memoryview refuse a resize or release while a consumer holds a view, but not afterwards."""
    held = _testbuffer.ndarray(view, getbuf=_testbuffer.PyBUF_FULL)
    try:
        view.release()
        first = "released"
    except BufferError:
        first = "BufferError"
    del held
    return first, view.release()


# ----------------------------------------------------------------------------------------------------------------------


def outcome(function, view):
    """The result, or the exception's type."""
    try:
        return shown(function(view))
    except Exception as error:
        return type(error).__name__


class Tally:
    def __init__(self):
        self.compared, self.different, self.raised = 0, [], 0

    def compare(self, name, left, right):
        self.compared += 1
        self.raised += isinstance(left, str) and left.endswith("Error")
        if left != right:
            self.different.append((name, left, right))


def contents(exporter):
    """The bytes of an exporter, which may have been written to."""
    try:
        return theirs(exporter).tobytes()
    except Exception as error:
        return type(error).__name__


def ask(tally):
    """All questions about all exporters."""
    count = 0
    for name, make in exporters():
        count += 1
        try:
            theirs(make())
        except Exception as error:
            tally.compare(f"{name}: made", type(error).__name__, outcome(ours, make()))
            continue
        for question, function in questions(make):
            left, right = make(), make()
            answers = outcome(function, ours(left)), outcome(function, theirs(right))
            tally.compare(f"{name}: {question}", *answers)
            tally.compare(f"{name}: content after {question}", contents(left), contents(right))
    return count


def feed(tally):
    """Both memoryviews to all consumers."""
    count = 0
    for name, function in consumers():
        count += 1
        left, right = bytearray(range(64)), bytearray(range(64))
        tally.compare(name, outcome(function, ours(left)), outcome(function, theirs(right)))
        tally.compare(f"{name}: content", left, right)
        gc.collect()
        for memory in left, right:
            try:
                memory.append(1)
            except BufferError:
                tally.different.append((name, "a view is still held", memory is left))
    return count


def references(tally):
    """A memoryview keeps one reference to its exporter, and drops it; so do parts and iterators."""
    for change in (
        lambda v: v, lambda v: v[1:], lambda v: v.cast("b"), lambda v: v.toreadonly(), iter, lambda v: type(v)(v),
        lambda v: theirs(v), lambda v: ours(v),
    ):
        counts = []
        for kind in ours, theirs:
            memory = bytearray(range(64))
            before = sys.getrefcount(memory)
            view = change(kind(memory))
            held = sys.getrefcount(memory) - before
            del view
            counts.append((held, sys.getrefcount(memory) - before))
        tally.compare("references", *counts)


def releases(tally):
    """A class of PEP 688 is asked once, with all flags, and told once, when the last memoryview of its buffer is destroyed."""

    class Told:
        def __init__(self):
            self.log = []

        def __buffer__(self, flags):
            self.log.append(flags)
            return theirs(bytearray(8))

        def __release_buffer__(self, view):
            self.log.append("released")

    def in_turn(kind, order):
        told = Told()
        views = [kind(told)]
        views += [views[0][2:], kind(views[0]), views[0].cast("i"), views[0].toreadonly()]
        for number in order:
            views[number].release()
            told.log.append(number)
        return told.log

    for order in itertools.permutations(range(5)):
        tally.compare(f"releases {order}", in_turn(ours, order), in_turn(theirs, order))


def main():
    if not os.environ.get("PYTHONHASHSEED", "").isdecimal():
        sys.exit("PYTHONHASHSEED has to be a number, so that the library and CPython have the same hashes")
    blocks = pybuffer_binding.blocks()
    tally = Tally()
    asked, fed = ask(tally), feed(tally)
    references(tally)
    if sys.version_info >= (3, 12):
        releases(tally)
    gc.collect()
    left = pybuffer_binding.blocks() - blocks
    with_ = ", ".join(f"{m.__name__} {m.__version__}" for m in (np, sys.modules.get("PIL")) if m is not None)
    print(
        f"CPython {sys.version.split()[0]}{' with ' + with_ if with_ else ''}: {asked} exporters, {fed} consumers,"
        f" {tally.compared} comparisons ({tally.raised} of exceptions), {len(tally.different)} different"
    )
    # Of several differences for the same question, the first one.
    groups = itertools.groupby(sorted(tally.different, key=lambda d: d[0].rpartition(": ")[2]), lambda d: d[0].rpartition(": ")[2])
    for _, group in groups:
        (name, left_answer, right_answer), *others = group
        more = f" (and {len(others)} more)" if others else ""
        print(f"  DIFFERENT {name}: {str(left_answer)[:200]}, not {str(right_answer)[:200]}{more}")
    if left:
        print(f"  FAILED {left} blocks of memory of the library are left")
    return 1 if tally.different or left else 0


if __name__ == "__main__":
    sys.exit(main())
