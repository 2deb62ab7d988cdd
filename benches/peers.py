"""The benchmark program of the peers that are reached from Python: it has the commands of main.c.
NumPy copies in both directions.

Arguments: the file that all programs share, the library built from repeat.c, and the peers: numpy, opencv, ipp, torch. The
first line that it prints has their versions; a peer that is not installed is left out. NumPy does without the instructions whose
names NUMPY_WITHOUT matches. Every output is compared with
what the loop by hand in copies.c gave.
"""

import ctypes
import importlib
import importlib.metadata
import math
import mmap
import os
import pathlib
import re
import sys
import time

import numpy as np

MEMORY, LARGE_PAGE = 1 << 28, 1 << 21
TYPES = {1: "u1", 2: "u2", 4: "f4", 8: "f8", 16: "c16"}


def large():
    """As in main.c: memory in large pages."""
    pages = mmap.mmap(-1, MEMORY + LARGE_PAGE)
    if "SMALL_PAGES" not in os.environ:
        pages.madvise(mmap.MADV_HUGEPAGE)
    whole = np.frombuffer(pages, "u1")
    return whole[-whole.ctypes.data % LARGE_PAGE :][:MEMORY]


class Copy:
    """One of the copies of copies.c: what is read is a view of `memory`; what is written starts where `target` does."""

    def __init__(self, memory, target, name, layout):
        self.name, self.memory, self.target = name, memory, target
        itemsize, start, shape, strides = layout
        self.itemsize, self.start = int(itemsize), int(start)
        self.shape, self.strides = ([int(entry) for entry in entries.split(",")] for entries in (shape, strides))
        self.bytes = self.itemsize * math.prod(self.shape)
        self.end = self.start + self.itemsize + sum((n - 1) * max(step, 0) for n, step in zip(self.shape, self.strides))

    def source(self, shape, kind="u1", strides=None, start=0):
        return np.ndarray(shape, kind, self.memory, start, strides)

    def output(self, shape, kind="u1"):
        return np.ndarray(shape, kind, self.target)


# Conversions that do not say where a number does not fit.
UNCHECKED = "NumPy unchecked"


class NumPy:
    column = "NumPy"

    def __init__(self, memory, target):
        self.version = np.__version__

    def copy(self, copy):
        # As bytes where NumPy has no number of that size.
        kind = TYPES.get(copy.itemsize, f"V{copy.itemsize}")
        source, output = copy.source(copy.shape, kind, copy.strides, copy.start), copy.output(copy.shape, kind)
        return lambda: np.copyto(output, source)

    def back(self, copy):
        """The copy from contiguous memory; None where items share memory."""
        if 0 in copy.strides:
            return None
        kind = TYPES.get(copy.itemsize, f"V{copy.itemsize}")
        source, output = copy.source(copy.shape, kind, copy.strides, copy.start), copy.output(copy.shape, kind)
        return lambda: np.copyto(source, output)

    def other(self, name):
        for pattern, make in self.WORK.items():
            found = re.fullmatch(pattern, name)
            if found:
                return make(self, *found.groups())
        return None

    @staticmethod
    def dtype(text):
        return np.dtype(",".join((text[0] if text[0] in "<>" else "") + code for code in text.lstrip("<>")))

    def items(self, text, stride):
        numbers = np.zeros(1_000_000 * stride, self.dtype(text))
        for field in numbers.dtype.names or [...]:
            numbers[::stride][field] = np.arange(1_000_000) % 100
        return numbers[::stride]

    def equality(self, a, stride, b):
        left, right = (self.items(text, 2 if stride else 1) for text in (a, b or a))

        def work():
            if not (left == right).all():
                sys.exit("NumPy: equal items are not equal")

        return work

    def records(self, text):
        work = self.equality(text, None, None)
        return work, 1_000_000

    def fields(self, to, text, only=None):
        """Fields of records to doubles, or doubles to them, field by field."""
        records = self.items(text, 1)
        names = [only] if only else records.dtype.names
        doubles = np.repeat(np.arange(1_000_000, dtype="f8") % 100, len(names)).reshape(-1, len(names))
        pairs = [(doubles[:, at], records[name]) for at, name in enumerate(names)]
        pairs = pairs if to else [(field, column) for column, field in pairs]
        for output, _ in pairs:
            output[...] = 0

        def work():
            for output, source in pairs:
                np.copyto(output, source, casting="unsafe")

        work()
        if not all(np.array_equal(output, np.arange(1_000_000) % 100) for output, _ in pairs):
            sys.exit("NumPy: a field is converted wrongly")
        return work

    def conversion(self, to, text, layout):
        doubles = np.arange(1_000_000, dtype="f8") % 100
        numbers = self.items(text, 2 if layout == ", stride 2," else 1)
        if layout == ", transposed,":
            numbers, doubles = numbers.reshape(1000, 1000).T, doubles.reshape(1000, 1000)
        output, source = (doubles, numbers) if to else (numbers, doubles)
        output[...] = 0
        np.copyto(output, source, casting="unsafe")
        if not np.array_equal(output, source):
            sys.exit("NumPy: a number is converted wrongly")
        return self.cast(output, source)

    def between(self, text, other):
        source, output = self.items(text, 1), np.zeros(1_000_000, self.dtype(other))
        np.copyto(output, source, casting="unsafe")
        return self.cast(output, source)

    def cast(self, output, source):
        """To integers that not all numbers fit there are two ways: one that says so, and one that writes something else then."""

        def unchecked():
            np.copyto(output, source, casting="unsafe")

        def checked():
            # To a new array: copyto cannot do that.
            source.astype(output.dtype, casting="same_value")

        if output.dtype.names or output.dtype.kind not in "iu" or np.can_cast(source.dtype, output.dtype):
            return unchecked
        return {self.column: checked, UNCHECKED: unchecked}

    def size(self, text):
        from numpy._core._internal import _dtype_from_pep3118 as parse

        return lambda: parse(text).itemsize

    def parse(self, text):
        from numpy._core._internal import _dtype_from_pep3118 as parse

        return lambda: parse(text)

    def new_transpose(self, side):
        matrix = np.zeros((int(side), int(side)), "f4").T
        return lambda: matrix.copy("C")

    WORK = {
        r"== 1,000,000 `([^`]*)`(, stride 2)?(?: against `([^`]*)`)?": equality,
        r"== `([^`]*)` records, each": records,
        r"1,000,000 `([^`]*)` records to doubles": lambda self, text: self.fields(True, text),
        r"doubles to 1,000,000 `([^`]*)` records": lambda self, text: self.fields(False, text),
        r"one field of 1,000,000 `([^`]*)` records to doubles": lambda self, text: self.fields(True, text, "f2"),
        r"convert 1,000,000 `([^`]*)` to `([^`]*)`": between,
        r"1,000,000 `([^`]*)`(,.*,)? to doubles": lambda self, *found: self.conversion(True, *found),
        r"1,000,000 doubles to `([^`]*)`": lambda self, *found: self.conversion(False, *found, None),
        r"SizeFromFormat `([^`]*)`": size,
        r"parse `([^`]*)`": parse,
        r"new object: transpose f32 (\d+)x\d+": new_transpose,
    }


# A picture of 1080p, and the type and channels of an item that OpenCV and IPP know by those.
ROWS, COLUMNS, PIXELS = 1080, 1920, 1080 * 1920
ITEMS = {1: ("u1", 1), 2: ("u2", 1), 3: ("u1", 3), 4: ("f4", 1), 8: ("f8", 1), 12: ("f4", 3), 16: ("f4", 4)}


class OpenCV:
    column = "OpenCV"

    def __init__(self, memory, target):
        import cv2

        self.cv2, self.version = cv2, cv2.__version__
        cv2.setNumThreads(1)

    def other(self, name):
        return None

    def copy(self, copy):
        cv2, name = self.cv2, copy.name
        kind, channels = ITEMS[copy.itemsize]
        picture = (ROWS, COLUMNS, 3)
        if name.startswith("transpose ") or name == "small: 4x4 f32 transposed":
            shape = (*copy.shape, channels)[: 2 if channels == 1 else 3]
            source, output = copy.source(shape, kind), copy.output(shape, kind)
            return lambda: cv2.transpose(source, output)
        order = {
            "3-D f32 64 MB (0,2,1)": (0, 2, 1),
            "3-D f32 64 MB (2,1,0)": (2, 1, 0),
            "3-D f32 64 MB (1,2,0)": (1, 2, 0),
            "NCHW->NHWC f32": (0, 2, 3, 1),
            "NHWC->NCHW f32": (0, 3, 1, 2),
            "six odd axes f32": (3, 5, 0, 2, 4, 1),
        }.get(name)
        if order:
            shape = [copy.shape[order.index(axis)] for axis in range(len(order))]
            source, output = copy.source(shape, kind), copy.output(copy.shape, kind)
            return lambda: cv2.transposeND(source, order, output)
        if name.endswith("interleaved->planar"):
            source, planes = copy.source(picture, kind), list(copy.output((3, ROWS, COLUMNS), kind))
            return lambda: cv2.mixChannels([source], planes, [0, 0, 1, 1, 2, 2])
        if name.endswith("planar->interleaved"):
            planes, output = list(copy.source((3, ROWS, COLUMNS), kind)), copy.output(picture, kind)
            return lambda: cv2.merge(planes, output)
        line = re.fullmatch(r"1-D stride (-1|2|3) .*", name)
        if line and line[1] == "-1":
            source, output = copy.source((1, *copy.shape), kind), copy.output((1, *copy.shape), kind)
            return lambda: cv2.flip(source, 1, output)
        if line:
            # Rows, since a picture has fewer columns than 2**24.
            channels = int(line[1])
            rows = next(rows for rows in (1024, 128, 2, 1) if copy.shape[0] % rows == 0)
            source = copy.source((rows, copy.shape[0] // rows, channels), kind)
            output = copy.output((rows, copy.shape[0] // rows), kind)
            return lambda: cv2.extractChannel(source, 0, output)
        source, output = copy.source(picture), copy.output(picture)
        if name == "1080p BGR<->RGB":
            return lambda: cv2.cvtColor(source, cv2.COLOR_BGR2RGB, output)
        if name == "1080p RGB upside down":
            return lambda: cv2.flip(source, 0, output)
        if name == "1080p RGB mirrored":
            return lambda: cv2.flip(source, 1, output)
        if name == "1080p RGBA->RGB":
            source = copy.source((ROWS, COLUMNS, 4))
            return lambda: cv2.cvtColor(source, cv2.COLOR_RGBA2RGB, output)
        if name == "1080p RGB crop":
            source, output = copy.source(copy.shape, "u1", copy.strides, copy.start), copy.output(copy.shape)
            return lambda: cv2.copyTo(source, None, output)
        if name == "1080p RGB rotate 90":
            output = copy.output((COLUMNS, ROWS, 3))
            return lambda: cv2.rotate(source, cv2.ROTATE_90_COUNTERCLOCKWISE, output)
        if name.startswith(("fill", "row broadcast")):
            columns = 1 if name.startswith("fill") else 4096
            source, output = copy.source((1, columns), "f4", start=copy.start), copy.output((4096, 4096), "f4")
            return lambda: cv2.repeat(source, 4096, 4096 // columns, output)
        if name.startswith("contiguous"):
            source, output = copy.source((copy.bytes >> 12, 1 << 12)), copy.output((copy.bytes >> 12, 1 << 12))
            return lambda: cv2.copyTo(source, None, output)
        return None


class IPP:
    column = "IPP"

    def __init__(self, memory, target):
        self.version = importlib.metadata.version("ipp")
        paths = (next(pathlib.Path(sys.prefix, "lib").glob(f"lib{name}.so.*")) for name in ("ippcore", "ipps", "ippi"))
        _, self.signals, self.images = (ctypes.CDLL(path, ctypes.RTLD_GLOBAL) for path in map(str, paths))
        self.repeat = ctypes.CDLL(sys.argv[2]).repeat
        self.repeat.restype = ctypes.c_long

    def other(self, name):
        return None

    def copy(self, copy):
        self.kept = []
        call = self.call(copy)
        if call is None or not hasattr(self.images if call[0].startswith("ippi") else self.signals, call[0]):
            return None
        function = getattr(self.images if call[0].startswith("ippi") else self.signals, call[0])
        arguments = (ctypes.c_long * 7)(*call[1:], *[0] * (8 - len(call)))

        def work(count=1):
            if self.repeat(ctypes.c_long(count), function, arguments):
                sys.exit(f"IPP: {call[0]} fails")

        work.repeats = True
        return work

    def array(self, kind, *entries):
        self.kept.append((kind * len(entries))(*entries))
        return ctypes.addressof(self.kept[-1])

    def call(self, copy):
        """The name of a function, and its arguments."""
        name, source, output = copy.name, copy.memory.ctypes.data, copy.target.ctypes.data
        planes = lambda base, size: self.array(ctypes.c_void_p, *(base + plane * PIXELS * size for plane in range(3)))
        size = lambda columns, rows: columns | rows << 32
        picture = (source, COLUMNS * 3, output, COLUMNS * 3, size(COLUMNS, ROWS))
        if name.startswith("transpose ") or name == "small: 4x4 f32 transposed":
            # Items of 8 bytes are four channels of 2.
            kinds = {1: "8u_C1", 2: "16u_C1", 3: "8u_C3", 4: "32f_C1", 8: "16u_C4", 12: "32f_C3", 16: "32f_C4"}
            kind = kinds[copy.itemsize]
            step = copy.shape[0] * copy.itemsize
            return f"ippiTranspose_{kind}R", source, step, output, step, size(*copy.shape)
        found = re.fullmatch(r"1080p RGB (u8|f32) (.*)->.*", name)
        if found:
            kind, itemsize = {"u8": ("8u", 1), "f32": ("32f", 4)}[found[1]]
            packed, plane, whole = COLUMNS * 3 * itemsize, COLUMNS * itemsize, size(COLUMNS, ROWS)
            if found[2] == "interleaved":
                return f"ippiCopy_{kind}_C3P3R", source, packed, planes(output, itemsize), plane, whole
            return f"ippiCopy_{kind}_P3C3R", planes(source, itemsize), plane, output, packed, whole
        if name == "1080p BGR<->RGB":
            return "ippiSwapChannels_8u_C3R", *picture, self.array(ctypes.c_int, 2, 1, 0)
        if name in ("1080p RGB upside down", "1080p RGB mirrored"):
            return "ippiMirror_8u_C3R", *picture, int(name.endswith("mirrored"))
        if name == "1080p RGBA->RGB":
            return "ippiCopy_8u_AC4C3R", source, COLUMNS * 4, *picture[2:]
        if name == "1080p RGB crop":
            return "ippiCopy_8u_C3R", source + copy.start, COLUMNS * 3, output, 3000, size(1000, 800)
        line = re.fullmatch(r"1-D stride (-1|2|3) (.*)", name)
        if line:
            kind = {"u8": "8u", "u16": "16u", "f32": "32f", "f64": "64f"}[line[2]]
            if line[1] == "-1":
                return f"ippsFlip_{kind}", source, output, copy.shape[0]
            lengths = self.array(ctypes.c_int, 0, 0)
            factor = int(line[1])
            kind = kind.replace("u", "s")
            return f"ippsSampleDown_{kind}", source, copy.shape[0] * factor, output, lengths, factor, lengths + 4
        if name.startswith("fill"):
            return "ippsSet_32s", int(copy.memory[copy.start :][:4].view("i4")[0]), output, copy.shape[0]
        if name.startswith("contiguous"):
            return "ippsCopy_64s", source, output, copy.bytes // 8
        return None


class PyTorch:
    column = "PyTorch"

    def __init__(self, memory, target):
        # It warns at length that it was built with another NumPy, which does not matter.
        stderr, silence = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 2)
        try:
            import torch

            torch.set_num_threads(1)
            self.memory, self.target = (torch.frombuffer(array, dtype=torch.uint8) for array in (memory, target))
        finally:
            os.dup2(stderr, 2)
        self.torch, self.version = torch, torch.__version__.split("+")[0]

    def other(self, name):
        return None

    def copy(self, copy):
        if min(copy.strides) < 0:
            return None  # Not in PyTorch.
        kind = {1: "uint8", 2: "int16", 4: "float32", 8: "float64", 16: "complex128"}.get(copy.itemsize)
        shape, strides = copy.shape, [stride // copy.itemsize for stride in copy.strides]
        if kind is None:
            kind, shape, strides = "uint8", [*shape, copy.itemsize], [*copy.strides, 1]
        kind = getattr(self.torch, kind)
        source = self.memory.view(kind).as_strided(shape, strides, copy.start // copy.itemsize)
        output = self.target[: copy.bytes].view(kind).view(shape)
        return lambda: output.copy_(source)


def repeated(work, count):
    if hasattr(work, "repeats"):
        work(count)
    else:
        for _ in range(count):
            work()


class Column:
    """Times work as `sample` in main.c does."""

    def __init__(self, work, items):
        self.work, self.items, self.count = work, items, 0

    def took(self, count):
        start = time.process_time_ns()
        repeated(self.work, count)
        return time.process_time_ns() - start

    def sample(self):
        enough = 2e6
        if self.count == 0:
            count = 1
            self.took(1)
            while (first := self.took(count)) < enough / 8:
                count *= 4
            if first >= enough and count == 1:
                self.count = 1
                return first / self.items
            self.count = int(count * enough / first) + 1
        if self.count > 1:
            repeated(self.work, self.count // 4 + 1)
        return self.took(self.count) / self.count / self.items


def checked(work, target, copy, expected, what):
    """Does what fills `target`, and compares it with what the loop by hand gave."""
    target[: copy.bytes] = 0
    work()
    if not np.array_equal(target[: copy.bytes], expected[: copy.bytes]):
        sys.exit(f"{what}: {copy.name}: a copy differs from the loop by hand")


def prepare(peer, copy, name, shared):
    """What the peer does for a workload, as Columns by name, checked; none where it has no such operation."""
    if copy is None:
        work = peer.other(name)
        if isinstance(work, dict):
            return {column: Column(each, 1) for column, each in work.items()}
        return {peer.column: Column(*(work if isinstance(work, tuple) else (work, 1)))} if work else {}
    work = peer.copy(copy)
    if work is None:
        return {}
    memory, target, expected = copy.memory, copy.target, shared[MEMORY:]
    checked(work, target, copy, expected, peer.column)
    back = peer.back(copy) if hasattr(peer, "back") else None
    if back is None:
        return {peer.column: Column(work, 1)}
    # The way back is right if the way to contiguous memory finds everything where it was.
    memory[: copy.end] = 0
    back()
    checked(work, target, copy, expected, f"{peer.column} from contiguous memory")
    memory[: copy.end] = shared[: copy.end]
    return {peer.column: Column(work, 1), f"{peer.column} from": Column(back, 1)}


def restrict():
    """Starts again with NumPy told what to do without, which it reads when it is imported."""
    without = os.environ.pop("NUMPY_WITHOUT", None)
    if without:
        names = importlib.import_module("numpy._core._multiarray_umath").__cpu_dispatch__
        os.environ["NPY_DISABLE_CPU_FEATURES"] = " ".join(name for name in names if re.search(without, name))
        os.execv(sys.executable, [sys.executable, *sys.argv])


def main():
    restrict()
    with open(sys.argv[1], "r+b") as file:
        shared = np.frombuffer(mmap.mmap(file.fileno(), 2 * MEMORY), "u1")
    memory, target = large(), large()
    memory[:], target[:] = shared[:MEMORY], 1
    peers = []
    for peer in sys.argv[3:]:
        try:
            peers.append({"numpy": NumPy, "opencv": OpenCV, "ipp": IPP, "torch": PyTorch}[peer](memory, target))
        except (ImportError, OSError, StopIteration) as error:
            print(f"{peer} is left out: {error!r}", file=sys.stderr)
    print("\t".join(f"{peer.column} {peer.version}" for peer in peers), flush=True)
    for line in sys.stdin:
        command, name, *layout = line.rstrip("\n").split("\t")
        if command == "set":
            copy = Copy(memory, target, name, layout) if layout else None
            columns = {}
            for peer in peers:
                columns.update(prepare(peer, copy, name, shared))
            print("\t".join(columns), flush=True)
        else:
            print(f"{columns[name].sample():.4f}", flush=True)


main()
