"""Times what CPython's struct module and NumPy have for the workloads of bench.c, formats.c and numbers.c.

Prints the lines of one peer, named by the argument: "cpython" or "numpy". Each is the best of three rounds. "copies" times
NumPy at what copies.c lists.
"""
import struct
import sys
import time
from array import array


def report(name, call):
    count, best, rounds = 1, None, 0
    while rounds < 3:
        start = time.perf_counter_ns()
        for _ in range(count):
            call()
        took = time.perf_counter_ns() - start
        if took < 20_000_000:
            count *= 8 if took < 2_000_000 else 2
            continue
        best = took / count if best is None else min(best, took / count)
        rounds += 1
    print(f"{name}\t{best:.2f}", flush=True)


RECORDS = b"".join(struct.pack("<ihd", i, 257, i / 2) for i in range(1_000_000))


def cpython():
    def unpack():
        for _ in struct.iter_unpack("<ihd", RECORDS):
            pass

    report("unpack 1,000,000 items of '<ihd'", unpack)

    view = memoryview(RECORDS)[:1_000_000]
    doubles = memoryview(array("d", (i / 7 for i in range(1_000_000))))
    for kind in "ifd":
        numbers = memoryview(array(kind, range(1_000_000)))
        copy = memoryview(array(kind, range(1_000_000)))
        report(f"== of 1,000,000 items of '{kind}'", lambda: numbers == copy)
        report(f"== of 500,000 items of '{kind}', strided", lambda: numbers[::2] == copy[::2])
    numbers = memoryview(array("i", range(1_000_000)))
    report("hex of 1,000,000 bytes", view.hex)
    report("hex of 1,000,000 bytes with colons", lambda: view.hex(":"))
    report("text of 1,000,000 items of 'i'", lambda: repr(numbers.tolist()))
    report("text of 1,000,000 items of 'd'", lambda: repr(doubles.tolist()))


def numpy():
    import numpy as np
    from numpy._core._internal import _dtype_from_pep3118 as parse

    report("SizeFromFormat 'B'", lambda: parse("B").itemsize)
    report("SizeFromFormat '<i4x2d'", lambda: parse("<i4x2d").itemsize)
    report("size of 'T{<i:x:<d:y:}'", lambda: parse("T{<i:x:<d:y:}").itemsize)
    report("parse 'T{<i:x:<d:y:}'", lambda: parse("T{<i:x:<d:y:}"))

    records = np.frombuffer(RECORDS, "<i4,<i2,<f8")
    columns = [np.empty(len(records), kind) for kind in ("i8", "i8", "f8")]

    def unpack():
        for column, name in zip(columns, records.dtype.names):
            column[:] = records[name]

    report("unpack 1,000,000 items of '<ihd'", unpack)

    def copies(name, strided):
        packed = np.empty(strided.shape, strided.dtype)
        report(name, lambda: np.copyto(packed, strided))
        report(name + ", back", lambda: np.copyto(strided, packed))

    image = np.zeros((1080, 1920, 3), "u1")
    copies("copy 4x4 f32 transposed", np.zeros((4, 4), "f4").T)
    copies("copy 512x512 f32 transposed", np.zeros((512, 512), "f4").T)
    copies("copy 512x512 u8 transposed", np.zeros((512, 512), "u1").T)
    copies("copy 1080p RGB upside down", image[::-1])
    copies("copy 1080p RGB mirrored", image[:, ::-1])
    copies("copy 1080p RGB to planes", image.transpose(2, 0, 1))
    def conversions(name, strided):
        doubles = np.arange(1_000_000, dtype="f8").reshape(strided.shape) % 100
        strided[...] = doubles
        report(f"1,000,000 {name} to doubles", lambda: np.copyto(doubles, strided, casting="unsafe"))
        report(f"1,000,000 doubles to {name}", lambda: np.copyto(strided, doubles, casting="unsafe"))

    for code in "dfeqihB":
        conversions(f"'{code}'", np.zeros(1_000_000, code))
    conversions("'>i'", np.zeros(1_000_000, ">i4"))
    conversions("'>d'", np.zeros(1_000_000, ">f8"))
    conversions("'i', strided", np.zeros(2_000_000, "i4")[::2])
    conversions("'i', transposed", np.zeros((1000, 1000), "i4").T)
    conversions("'d', transposed", np.zeros((1000, 1000), "f8").T)

    a = np.zeros(1_000_000, "u1")
    b = a.copy()
    report("== of 1,000,000 bytes", lambda: (a == b).all())
    little = np.arange(1_000_000, dtype="<i4")
    big = little.astype(">i4")
    same = records.copy()
    for kind in "ifd":
        numbers = np.arange(1_000_000).astype(kind)
        copy = numbers.copy()
        report(f"== of 1,000,000 items of '{kind}'", lambda: (numbers == copy).all())
        report(f"== of 500,000 items of '{kind}', strided", lambda: (numbers[::2] == copy[::2]).all())
    report("== of 1,000,000 items of '<i' and '>i'", lambda: (little == big).all())
    report("== of 1,000,000 items of '<ihd'", lambda: (records == same).all())


def copies():
    """The workloads that copies.c lists on standard input, in its words: no time of memcpy, the copy's, no ratio."""
    import numpy as np

    memory, target = np.zeros(1 << 28, "u1"), np.ones(1 << 28, "u1")
    for line in sys.stdin:
        name, itemsize, start, shape, strides, directions = line.rstrip("\n").split("\t")
        shape, strides = ([int(entry) for entry in entries.split(",")] for entries in (shape, strides))
        # As bytes where NumPy has no number of that size.
        kind = {1: "u1", 2: "u2", 4: "f4", 8: "f8"}.get(int(itemsize), "V" + itemsize)
        view = np.ndarray(shape, kind, memory, int(start), strides)
        packed = np.ndarray(shape, kind, target)
        for direction in directions.split():
            to, source = (packed, view) if direction == "to" else (view, packed)
            times = []
            while len(times) < 5 or (sum(times) < 1e7 and len(times) < 1000):
                begin = time.perf_counter_ns()
                np.copyto(to, source)
                times.append(time.perf_counter_ns() - begin)
            print(f"{name}, {direction}\t-\t{sorted(times)[len(times) // 2] / 1e3:.3f}\t-", flush=True)


{"cpython": cpython, "numpy": numpy, "copies": copies}[sys.argv[1]]()
