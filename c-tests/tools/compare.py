"""The program pybuffer compared with NumPy: compare.py CASE TOOL DIRECTORY. Exits with a message where they differ."""

import contextlib
import functools
import io
import json
import os
import pathlib
import pty
import resource
import signal
import subprocess
import sys
import time
import warnings
import wave
import xml.etree.ElementTree

import numpy as np
from numpy._core import _internal

warnings.simplefilter("ignore")  # about version 3.0 of .npy
tool, directory = sys.argv[2], pathlib.Path(sys.argv[3])


def run(*arguments, status=0, **options):
    result = subprocess.run([tool, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **options)
    if result.returncode != status:
        sys.exit(f"{arguments}: status {result.returncode}: {result.stderr.decode(errors='replace')}")
    if status and (result.stdout or result.stderr.count(b"\n") != 1 or not result.stderr.startswith(b"pybuffer: ")):
        sys.exit(f"{arguments}: not one line of error: {result.stderr}, {result.stdout}")
    return result.stdout if status == 0 else result.stderr


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def same(name, got, expected):
    if got != expected:
        at = next((i for i, (a, b) in enumerate(zip(got, expected)) if a != b), min(len(got), len(expected)))
        sys.exit(f"{name}: {len(got)} bytes, {len(expected)} expected; the first difference is at {at}: "
                 f"{got[at:at + 80]} {expected[at:at + 80]}\n{got[:200]}\n{expected[:200]}")


def laid_out(array, order):
    """The array in this order. NumPy copies records field by field, and leaves what is between them to chance."""
    if array.dtype.names is None:
        return np.array(array, order=order)
    return np.array(array.view(f"V{array.dtype.itemsize}"), order=order).view(array.dtype)


def converted(source, out, *arguments):
    path = directory / out
    path.unlink(missing_ok=True)
    run("convert", source, path, *arguments)
    return path.read_bytes()


TYPES = ["?", "i1", "u1", "<i2", ">i2", "<u2", ">u4", "<i4", "<i8", ">i8", "<u8", "<f2", ">f2", "<f4", "<f8", ">f8", "<c8", ">c16",
         "<f16", "S1", "S7", "<U1", "<U5", ">U3", "V3",
         [("x", "<i4"), ("y", "<f8")], [("x", "<i4"), ("y", "<f8", (2, 3))], [("a", [("b", "<u2"), ("c", "S3")], (2,)), ("d", ">c8")],
         {"names": ["x", "y"], "formats": ["u1", "<f8"], "offsets": [0, 8], "itemsize": 24}, np.dtype("i1,f8,i2", align=True),
         [("it's", "<i4"), ('a"b', "<i4"), ("caf\xe9", "<i4")], [("\u540d", "<i4"), ("y", "<f4")],
         np.dtype([("x", "<i4"), ("in", np.dtype("i1,f8", align=True))]), [(f"field{i}", "<i4") for i in range(200)],
         # A header of more than 64 KB.
         [(f"{i:0100}", "<i4") for i in range(700)]]


def arrays():
    rng = np.random.default_rng(1)
    for kind in TYPES:
        dtype = np.dtype(kind)
        for shape in [(), (1,), (5,), (3, 4), (2, 3, 4), (0,), (3, 0, 2), (1, 1)]:
            count = int(np.prod(shape)) * dtype.itemsize
            if dtype.kind == "U":
                array = np.array(["aé\u540d\U0001f40d"[i % 4] for i in range(int(np.prod(shape)))], dtype).reshape(shape)
            elif dtype.kind == "b":
                array = rng.integers(0, 2, shape).astype(dtype)
            else:
                array = np.frombuffer(rng.integers(0, 120, count, "u1").tobytes(), dtype).reshape(shape) if count else np.zeros(shape, dtype)
            for order in "CF" if len(shape) > 1 else "C":
                yield kind, laid_out(array, order)
            if len(shape) == 3:
                yield kind, laid_out(array.transpose(1, 0, 2), "C").transpose(1, 0, 2)


def npy_is_copied():
    for kind, array in arrays():
        path = directory / "in.npy"
        path.write_bytes(npy(array))
        array = np.load(path, max_header_size=10**6)
        same((kind, array.shape, array.flags.f_contiguous), converted(path, "out.npy"), path.read_bytes())
        same((kind, array.shape, "raw"), converted(path, "out.raw"), laid_out(array, "C").tobytes())
        same((kind, array.shape, "raw F"), converted(path, "out.bin", "--order", "F"), laid_out(array, "F").ravel("K").tobytes())
        same((kind, array.shape, "C"), converted(path, "out.npy", "--order", "C"), npy(laid_out(array, "C")))
        same((kind, array.shape, "F"), converted(path, "out.npy", "--order", "F"), npy(laid_out(array, "F")))


SELECTIONS = ["1", "::-1", "1:, ::2", "..., 0", "2, 1:3", "::-1, ::-2, 1", "None, 1", "5:2", "-1, ..., ::-1", "1:2, 0:0"]


def parts_are_selected():
    rng = np.random.default_rng(2)
    array = rng.integers(-1000, 1000, (4, 5, 6)).astype(">i4")
    path = directory / "in.npy"
    for order in "CF":
        array = np.array(array, order=order)
        np.save(path, array)
        for text in SELECTIONS:
            part = eval(f"array[{text}]")
            # A single number becomes a scalar in NumPy.
            same((order, text), converted(path, "out.npy", "--select", text), npy(np.asarray(part, array.dtype)))
            same((order, text, "raw"), converted(path, "out.raw", "--select", text), part.tobytes())
    planets = np.load("examples/data/planets.npy")
    for field, part in {"mass": planets["mass"], "orbit.range": planets["orbit"]["range"], "name": planets["name"],
                        "diameter": planets["diameter"], "orbit": planets["orbit"]}.items():
        if field == "orbit":
            # Planets are written by one assignment, with 0 between the fields.
            part = np.frombuffer(planets.tobytes(), [("", "V48"), ("orbit", "V32"), ("", "V8")])["orbit"].view(part.dtype)
        same(field, converted("examples/data/planets.npy", "out.raw", "--field", field), laid_out(part, "C").tobytes())
        same(field, converted("examples/data/planets.npy", "out.npy", "--field", field, "--select", "::-2"), npy(laid_out(part[::-2], "C")))


def values_are_converted():
    rng = np.random.default_rng(3)
    codes = {"b": "i1", "B": "u1", "<h": "<i2", ">H": ">u2", "<i": "<i4", ">q": ">i8", "<e": "<f2", "<f": "<f4", ">d": ">f8", "?": "?", "<Zd": "<c16"}
    path = directory / "in.npy"
    for source in ["i1", "u1", "<i2", ">u4", "<i8", "<f2", "<f4", ">f8", "?"]:
        array = (rng.random((7, 9)) * 100).astype(source)
        np.save(path, array)
        for code, wanted in codes.items():
            for order in "CF":
                same((source, code), converted(path, "out.npy", "--astype", code, "--order", order), npy(np.array(array.astype(wanted), order=order)))
    records = np.zeros(5, [("x", "<i4"), ("y", "<f4")])
    records["x"], records["y"] = range(5), np.arange(5) / 2
    np.save(path, records)
    same("records", converted(path, "out.npy", "--astype", "T{<d:x:>h:y:}"), npy(records.astype([("x", "<f8"), ("y", ">i2")])))
    # More than one chunk.
    large = np.arange(9_000_000, dtype="<i4").reshape(3000, 3000)
    np.save(path, large)
    same("large", converted(path, "out.npy", "--astype", "d", "--order", "F", "--select", "::-1, 1:"), npy(np.asfortranarray(large[::-1, 1:].astype("f8"))))
    np.save(path, np.array([1e10, 300.0]))
    for code in ("B", "i", "e"):
        before = set(os.listdir(directory))
        if code == "e":
            same("inf", converted(path, "out.npy", "--astype", "e"), npy(np.array([np.inf, 300], "f2")))
        else:
            run("convert", path, directory / "new.npy", "--astype", code, status=1)
            same("nothing is left", set(os.listdir(directory)), before)


def raw_memory_is_read():
    rng = np.random.default_rng(4)
    memory = rng.integers(0, 256, 1000, "u1").tobytes()
    path = directory / "in.bin"
    path.write_bytes(memory)
    for offset, format, dtype, shape, strides in [
            (0, "B", "u1", (1000,), None), (3, "<i", "<i4", (2, 3), None), (500, ">d", ">f8", (3, 4), (-24, 8)), (8, "<h", "<i2", (4, 5), (0, 2)),
            (100, "T{<i:x:(2,3)d:y:}", [("x", "<i4"), ("y", "<f8", (2, 3))], (4,), (60,)), (990, "c", "S1", (5, 2), (-100, 7)),
            (0, "(2,3)<i", ("<i4", (2, 3)), (5,), None), (0, "(2)T{<hB}", ([("f0", "<i2"), ("f1", "u1")], (2,)), (4, 3), None)]:
        array = np.ndarray(shape, dtype, memory, offset, strides)
        options = ["--format", format, "--offset", offset, "--shape", ",".join(map(str, shape))]
        if strides:
            options += ["--strides", ",".join(map(str, strides))]
        same(options, converted(path, "out.npy", "--order", "C", *options), npy(np.array(array, order="C")))
        same(options, run("convert", "-", "-", "--to", "raw", *options, input=memory), array.tobytes())
    same("-1", converted(path, "out.npy", "--format", "<i", "--shape", "3,-1"), npy(np.frombuffer(memory, "<i4")[:249].reshape(3, 83)))
    array = np.arange(12, dtype="<f4").reshape(3, 4)
    np.save(directory / "a.npy", array)
    same("a pipe", run("convert", "-", "-", "--to", "npy", input=npy(array)), npy(array))
    with open(directory / "a.npy", "rb") as file:
        file.seek(128)
        same("from here on", run("convert", "-", "-", "--to", "raw", "--format", "<f", stdin=file), array.tobytes())


def pictures_are_converted():
    cat = directory / "cat.npy"
    run("convert", "examples/data/chelsea.ppm", cat)
    original = pathlib.Path("examples/data/chelsea.ppm").read_bytes()
    pixels = np.frombuffer(original[15:], "u1").reshape(300, 451, 3)
    same("ppm to npy", cat.read_bytes(), npy(pixels))
    same("npy to ppm", converted(cat, "out.ppm"), original)
    same("one channel", converted(cat, "out.pgm", "--select", "::-1, ::2, 1"), b"P5\n226 300\n255\n" + pixels[::-1, ::2, 1].tobytes())
    same("16 bits", converted(cat, "out.ppm", "--astype", "H"), b"P6\n451 300\n65535\n" + pixels.astype(">u2").tobytes())
    (directory / "m.pgm").write_bytes(b"P5 2 1 1000 " + np.array([7, 999], ">u2").tobytes())
    same("the maximum is kept", converted(directory / "m.pgm", "out.pgm"), b"P5\n2 1\n1000\n" + np.array([7, 999], ">u2").tobytes())
    # A BMP: rows from the bottom, blue first, padded to 4 bytes.
    rows = np.arange(18, dtype="u1").reshape(2, 3, 3)
    body = b"".join(row[:, ::-1].tobytes() + b"\0\0\0" for row in rows[::-1])
    head = b"BM" + b"".join(n.to_bytes(s, "little") for n, s in [(54 + len(body), 4), (0, 4), (54, 4), (40, 4), (3, 4), (2, 4), (1, 2), (24, 2)]) + bytes(24)
    (directory / "b.bmp").write_bytes(head + body)
    same("bmp", converted(directory / "b.bmp", "out.npy", "--order", "C"), npy(rows))
    for bad in (["--select", "0"], ["--astype", "f"], ["--select", "..., :2"]):
        run("convert", cat, directory / "bad.ppm", *bad, status=1)
    if (directory / "bad.ppm").exists():
        sys.exit("bad.ppm exists")


def sounds_are_converted():
    with wave.open("examples/data/rock-hit.wav") as file:
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    same("wav to npy", converted("examples/data/rock-hit.wav", "out.npy"), npy(frames))
    np.save(directory / "s.npy", frames)
    for name, options, expected, width, rate in [
            ("npy to wav", ["--rate", "96000"], frames, 2, 96000), ("big-endian", ["--rate", "8000", "--astype", ">h"], frames, 2, 8000),
            ("one channel", ["--rate", "8000", "--select", "::-1, 1"], frames[::-1, 1], 2, 8000),
            ("32 bits", ["--rate", "8000", "--astype", "i"], frames.astype("<i4"), 4, 8000)]:
        converted(directory / "s.npy", "out.wav", *options)
        with wave.open(str(directory / "out.wav")) as file:
            same(name, file.readframes(file.getnframes()), expected.tobytes())
            same(name, (file.getsampwidth(), file.getframerate(), file.getnchannels()), (width, rate, 1 if expected.ndim == 1 else 2))
    bytes_ = np.arange(7, dtype="u1")
    np.save(directory / "b.npy", bytes_)
    if len(converted(directory / "b.npy", "odd.wav", "--rate", "8000")) != 44 + 8:
        sys.exit("an odd number of bytes is padded")
    same("the rate of the sound", converted("examples/data/rock-hit.wav", "out.wav")[24:28], (96000).to_bytes(4, "little"))
    run("convert", directory / "s.npy", directory / "out2.wav", status=2)
    run("convert", directory / "s.npy", directory / "out2.wav", "--rate", "1", "--astype", "Q", status=1)


FORMATS = ["b", "<i", ">d", "?", "5s", "<3w", "Zf", "<Zd", "e", "3x", "(2,3)<i", "3d", "T{<i:x:(2,3)d:y:}", "T{b:a:d:b:}", "^T{b:a:d:b:}", "ib", "bi",
           "T{T{b:x:h:y:}:in:l:z:}", "T{<b:x:3x>i:y:}", "T{(2)T{<hB}:r:5s:n:}", "T{3xb:x:}", "c", "T{?:a:Zd:c:g:l:}", "hhl", "T{i:a:xx}", "(2,2)T{b:a:i:b:}"]


def dtypes_agree():
    for text in FORMATS:
        described = json.loads(run("format", text, "--json"))
        theirs = _internal._dtype_from_pep3118(text)
        ours = np.dtype(eval(described["numpy"]))
        # NumPy pads a format as a whole, which the struct module does not.
        if text not in ("ib",):
            same(text, described["itemsize"], theirs.itemsize)
            if ours != theirs and np.dtype((np.void, 3)) != ours:
                sys.exit(f"{text}: {ours!r}, not {theirs!r}")
        same((text, "itemsize"), ours.itemsize, described["itemsize"])
    for text in ("3t", "u", "T{i:a:d:a:}", "&<i", "5p"):
        if json.loads(run("format", text, "--json"))["numpy"] is not None:
            sys.exit(f"{text} has a dtype")


def fields_of(item, start=0, path=()):
    """The fields of a format's JSON that a C struct has, with their offsets."""
    for number, field in enumerate(item.get("fields", [])):
        if field["code"] != "t" and field["itemsize"] and 0 not in field.get("shape", []):
            name = field.get("name", f"f{number}")
            yield path + (name,), start + field["offset"]
            if "shape" not in field:
                yield from fields_of(field, start + field["offset"], path + (name,))


def structs_compile():
    source, checks = ["#include <stddef.h>", "#include <stdint.h>"], []
    for number, text in enumerate(FORMATS + ["3t:a:5t:b:i:c:", "(2)t:a:b:b:", "T{b:x:(9)3t:y:t:z:>2t:v:i:w:}", "(20)t", "T{&<i:p:X{}:f:O:o:}", "5p", "@T{b:x:u:y:5w:z:}", "T{i:int:d:a-b:}", "0sT{0i:a:b:b:}", "F", "Ze"]):
        described = json.loads(run("format", text, "--json"))
        declaration = run("format", text).decode().split("\nC:\n")[1].split("\n\n")[0].replace("item", f"item{number}")
        source.append(declaration)
        for path, offset in fields_of(described["item"] if "shape" not in described["item"] else {}):
            if all(part.isidentifier() and part != "int" for part in path):
                checks.append(f'_Static_assert(offsetof(item{number}, {".".join(path)}) == {offset}, "{text} {path}");')
    (directory / "structs.c").write_text("\n".join(source + checks) + "\n")
    if len(checks) < 30:
        sys.exit("too few fields")
    result = subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-Wall", "-Werror", "-fsyntax-only", directory / "structs.c"],
                            stderr=subprocess.PIPE, check=False)
    if result.returncode:
        sys.exit(result.stderr.decode())


def large_files_open_at_once():
    path = directory / "large.npy"
    count = 50 * 2**30 // 8
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (count // 1000, 1000)})
        start = file.tell()
        file.truncate(start + count // 1000 * 8000)
        file.seek(-8, 2)
        file.write(np.float64(2.5).tobytes())
    text = run("show", path, "--select", "-1, -3:").decode()
    if "2.5" not in text or "mapped" not in text:
        sys.exit(text)
    run("show", path)
    run("draw", path, "--select", "::-2, 1:3")
    same("the end", converted(path, "out.npy", "--select", "-1, -3:"), npy(np.array([0, 0, 2.5])))
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    limit = 64 if "checked" not in tool else 400
    if used > limit * 1024:
        sys.exit(f"{used} KB of memory")


def waits_until(condition):
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.02)
    sys.exit("nothing happens")


def interrupted_work_leaves_nothing():
    path = directory / "in.npy"
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (2**31,)})
        file.truncate(file.tell() + 2**34)
    folder = directory / "folder"
    folder.mkdir(exist_ok=True)
    (folder / "out.raw").write_bytes(b"old")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # What started the tests may have ignored it.
        default = functools.partial(signal.signal, number, signal.SIG_DFL)
        with subprocess.Popen([tool, "convert", path, folder / "out.raw", "--astype", "b"], preexec_fn=default) as process:
            waits_until(lambda: len(os.listdir(folder)) == 2)
            process.send_signal(number)
            process.wait()
        same(number, process.returncode, -number)
        same("what is there", (os.listdir(folder), (folder / "out.raw").read_bytes()), (["out.raw"], b"old"))
    # A limit of the size of files, as a full disk.
    small = directory / "small.npy"
    np.save(small, np.zeros(100000))
    run("convert", small, folder / "out.raw", status=1, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)))
    same("what is there", (os.listdir(folder), (folder / "out.raw").read_bytes()), (["out.raw"], b"old"))
    run("convert", small, "/dev/full", "--to", "raw", status=1)
    with open("/dev/full", "wb") as full:
        if subprocess.run([tool, "show", small], stdout=full, stderr=subprocess.DEVNULL, check=False).returncode != 1:
            sys.exit("a full standard output is no error")
    # The mode is that of the old file, or what the mask leaves.
    (folder / "out.raw").chmod(0o640)
    run("convert", small, folder / "out.raw")
    run("convert", small, folder / "new.raw", umask=0o027)
    same("modes", [oct((folder / name).stat().st_mode & 0o777) for name in ("out.raw", "new.raw")], ["0o640", "0o640"])
    (folder / "link.raw").symlink_to("out.raw")
    run("convert", small, folder / "link.raw")
    same("a link stays", (folder / "link.raw").is_symlink(), True)
    run("convert", small, small)
    same("onto itself", small.read_bytes(), npy(np.zeros(100000)))


def files_that_become_shorter_are_an_error():
    path = directory / "in.npy"
    for options in ([], ["--select", "::2"]):
        np.save(path, np.zeros(2**24))
        with subprocess.Popen([tool, "convert", path, "-", "--to", "raw", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdout.read(1000)
            os.truncate(path, 4096)
            _, error = process.communicate()
        same(options, (process.returncode, error), (1, b"pybuffer: a mapped file became shorter, or cannot be read\n"))


def progress_is_for_terminals():
    path = directory / "in.npy"
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": (2**25,)})
        file.truncate(file.tell() + 2**27)
    leader, follower = pty.openpty()
    written = b""
    with subprocess.Popen([tool, "convert", path, directory / "out.raw"], stderr=follower) as process:
        os.close(follower)
        # It comes in pieces; at its end the other side of the terminal is closed.
        with contextlib.suppress(OSError):
            while piece := os.read(leader, 100000):
                written += piece
    text = written.decode()
    if process.returncode or "50 %" not in text or "100 %" not in text or not text.endswith("\r\x1b[K"):
        sys.exit(repr(text))
    result = subprocess.run([tool, "convert", path, directory / "out.raw"], stderr=subprocess.PIPE, check=True)
    same("not on a terminal", result.stderr, b"")


def drawings_are_right():
    path = directory / "m.npy"
    matrix = np.arange(12, dtype="<f4").reshape(3, 4)
    np.save(path, matrix)
    for options in ([], ["--select", "::-1, ::2"], ["--pointers"], ["--pointers", "--select", "1:, ::-1"]):
        out = directory / "m.svg"
        run("draw", path, "-o", out, *options)
        root = xml.etree.ElementTree.parse(out).getroot()
        texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
        selection = eval(f"matrix[{options[-1]}]") if "--select" in options else matrix
        for index in np.ndindex(selection.shape):
            if "[" + ",".join(map(str, index)) + "]" not in texts or str(selection[index]) not in texts:
                sys.exit(f"{options}: {index} is missing")
        for axis, stride in enumerate(selection.strides):
            stride = 8 * stride // 16 if axis == 0 and "--pointers" in options else stride
            if f"strides[{axis}] = {stride}" not in texts:
                sys.exit(f"{options}: the stride {stride} of axis {axis} is missing")
    # Each cell has the value that is there, and the index of the item; what is left out is said.
    for shape in ((20000,), (100, 200), (10, 20, 100), (200, 100, 1)):
        big = np.arange(20000, dtype=">i4").reshape(shape)
        np.save(path, big)
        text = run("draw", path, "--select", "::-1").decode()
        lines = text.splitlines()
        if len(lines) > 120 or max(map(len, lines)) > 160 or "\u2026" not in text and "\u22ee" not in text:
            sys.exit(f"{shape}: {len(lines)} lines of up to {max(map(len, lines))} characters")
        seen = 0
        for values, below in zip(lines, lines[2:]):
            if "\u2502" not in values:
                continue
            for cell, value in zip(np.cumsum([len(part) + 1 for part in values.split("\u2502")]), values.split("\u2502")[1:]):
                label = below[cell:cell + len(value)].strip()
                if label.startswith("[") and value.strip().isdigit():
                    index = tuple(map(int, label.strip("[]").split(",")))
                    same((shape, label), int(value), int(big[::-1][index]))
                    seen += 1
        if seen < 30:
            sys.exit(f"{shape}: {seen} items")


def tables_are_right():
    rng = np.random.default_rng(5)
    for kind in ("<i4", ">i8", "u1", "<f4", "<f8", "<f2", "?"):
        array = (rng.standard_normal((6, 7)) * 100).astype(kind)
        np.save(directory / "in.npy", array)
        rows = run("show", directory / "in.npy").decode().split("\n\n")[1].splitlines()[1:]
        for row, expected in zip(rows, array):
            same(kind, [eval(word) if kind == "?" else array.dtype.type(word) for word in row.split()[1:]], list(expected))
        same(kind, len(rows), 6)
    text = run("show", "examples/data/planets.npy", "--limit", "3").decode()
    planets = np.load("examples/data/planets.npy")
    for planet in planets[:3]:
        row = next(line for line in text.splitlines() if repr(str(planet["name"])) in line)
        same("planet", row.split()[1:4], [repr(str(planet["name"])), repr(float(planet["mass"])), str(planet["diameter"])])


if __name__ == "__main__":
    globals()[sys.argv[1]]()
