"""The checker: exporters that keep the rules have no findings, and each rule, broken, is found under its name."""

import array
import ctypes
import gc
import hashlib
import io
import json
import mmap
import os
import pathlib
import pickle
import re
import subprocess
import sys
import tempfile
import unittest

import pybuffer

try:
    import numpy as np
except ImportError:
    np = None
try:
    from PIL import Image
except ImportError:
    Image = None


def rules(obj, **options):
    return [finding.rule for finding in pybuffer.check(obj, **options)]


def arrays():
    """Arrays for mutants: writable, read-only, strided, behind pointers."""
    numbers, writable = list(range(12)), pybuffer.ND_WRITABLE
    yield pybuffer.ndarray(numbers[:6], shape=[2, 3], format="h", flags=writable)
    yield pybuffer.ndarray(numbers[:6], shape=[2, 3], format="h")
    yield pybuffer.ndarray(numbers, shape=[2, 3], strides=[12, 4], format="h", flags=writable)
    yield pybuffer.ndarray(numbers[:6], shape=[2, 3], format="h", flags=writable | pybuffer.ND_PIL)


class Good(unittest.TestCase):
    def assert_good(self, obj):
        before = sys.getrefcount(obj)
        self.assertEqual(pybuffer.check(obj), [])
        self.assertEqual(sys.getrefcount(obj), before)

    def test_the_interpreters_own(self):
        mapped = mmap.mmap(-1, 100)
        for obj in [
            b"", b"abc", bytearray(), bytearray(5), array.array("d"), array.array("i", [1, 2]), memoryview(b"abcdef")[::-2],
            memoryview(bytearray(24)).cast("i", (2, 3)), io.BytesIO(b"abc").getbuffer(), pickle.PickleBuffer(b"abc"), mapped,
        ]:
            with self.subTest(type(obj).__name__):
                self.assert_good(obj)

    def test_the_packages(self):
        for number, obj in enumerate(arrays()):
            with self.subTest(number):
                self.assert_good(obj)
                self.assert_good(pybuffer.faulty(obj))
                self.assert_good(pybuffer.memoryview(obj))
        for case in pybuffer.cases(hostile=False):
            # Those that have less to say than they are asked for refuse it.
            if case.content is not None and not case.name.startswith("an answer to"):
                with self.subTest(case.name):
                    self.assert_good(case.make())

    @unittest.skipUnless(np, "no NumPy")
    def test_numpys(self):
        cube = np.arange(24, dtype="i4").reshape(2, 3, 4)
        for number, obj in enumerate(
            [cube, cube.T, cube[:, ::-2], np.broadcast_to(cube, (2, 2, 3, 4)), np.array(3.5), np.zeros(3, "c16"),
             np.zeros((3, 0)), np.zeros(3, [("x", "<i4"), ("y", ">f8", (2,))])]
        ):  # fmt: skip
            with self.subTest(number):
                # It refuses with ValueError, and nothing else is wrong with it.
                self.assertEqual(rules(obj, ignore=["other-error"]), [])
        self.assertEqual(rules(cube.T), ["other-error"])

    @unittest.skipUnless(Image and np, "no Pillow or no NumPy")
    def test_an_array_of_an_image(self):
        image = Image.new("RGB", (5, 3))
        self.assertEqual(rules(np.asarray(image), ignore=["other-error"]), [])

    def test_a_class(self):
        if sys.version_info < (3, 12):
            self.skipTest("PEP 688 came with CPython 3.12")

        class Plain:
            def __init__(self):
                self.data = bytearray(b"data")

            def __buffer__(self, flags):
                return memoryview(self.data)

        class Frozen(Plain):
            """New bytes for each request."""

            def __buffer__(self, flags):
                return memoryview(bytes(self.data))

        class Caching(Plain):
            """Keeps itself, for each request once."""

            def __init__(self):
                super().__init__()
                self.cache = {}

            def __buffer__(self, flags):
                self.cache[flags] = self, flags
                return memoryview(self.data)

        class Remembering(Plain):
            """Keeps the last exception, and with it a frame that has the object."""

            def __buffer__(self, flags):
                try:
                    return memoryview(b"frozen").__buffer__(flags)
                except BufferError as error:
                    self.error = error
                    raise

        class Releasing(Plain):
            def __release_buffer__(self, view):
                view.release()

        for kind in Plain, Frozen, Caching, Remembering, Releasing:
            with self.subTest(kind.__name__):
                self.assertEqual(pybuffer.check(kind()), [])

    def test_a_class_that_is_wrong(self):
        if sys.version_info < (3, 12):
            self.skipTest("PEP 688 came with CPython 3.12")

        class Raising:
            def __buffer__(self, flags):
                raise KeyError(flags)

        class Different:
            count = 0

            def __buffer__(self, flags):
                self.count += 1
                return memoryview(bytes([self.count] * self.count))

        (finding,) = pybuffer.check(Raising())
        self.assertEqual(finding.rule, "other-error")
        self.assertIn("KeyError", finding.message)
        self.assertIn("differs-len", rules(Different()))


class Bad(unittest.TestCase):
    def test_each_rule_is_found_under_its_name(self):
        for fault in pybuffer.faults:
            with self.subTest(fault):
                found = [[finding.rule for finding in pybuffer.check(pybuffer.faulty(obj, fault))] for obj in arrays()]
                self.assertTrue(any(fault in names for names in found), found)
                # Where nothing else follows from it, nothing else is said.
                if fault != "unasked-suboffsets":
                    # Other bytes at another address.
                    allowed = [[fault], ["contents", fault], [fault, "contents"]]
                    self.assertTrue(any(names in allowed for names in found), found)

    def test_every_rule_has_a_fault(self):
        """The rules are those of the library's one table, each name with the fields that have it."""
        table = pathlib.Path(__file__).resolve().parents[2] / "src/buffer/report.rs"
        if not table.exists():
            self.skipTest("the library's sources are not there")
        words = table.read_text().partition("const fn words")[2].partition("const fn bit")[0]
        named = re.findall(r'c"([a-z-]+)",\s*(None|Some\(field\)),', words)
        self.assertEqual(len(named), words.count("Self::"), "an entry that is spelled in another way")
        plain = {name for name, field in named if field == "None"}
        prefixes = {name for name, field in named if field != "None"}
        of_fields = {prefix + "-" + field for prefix, fields in self.FIELDS.items() for field in fields}
        self.assertEqual(set(self.FIELDS), prefixes)
        self.assertEqual(plain | of_fields, set(pybuffer.faults))

    # The fields that can be unset, missing and so on: those that are not pointers are never missing, and no request asks for
    # suboffsets alone.
    ALL = "buf", "len", "itemsize", "readonly", "ndim", "format", "shape", "strides", "suboffsets"
    FIELDS = {"unset": ALL, "differs": ALL, "missing": ("format", "shape", "strides"), "unasked": ("format", "shape", "strides", "suboffsets")}

    def test_a_finding_says_it_all(self):
        strided = list(arrays())[2]
        (finding,) = pybuffer.check(pybuffer.faulty(strided, "contiguous"))
        self.assertEqual(
            finding,
            pybuffer.Finding(
                rule="contiguous",
                severity="wrong-bytes",
                request="PyBUF_ND|PyBUF_FORMAT",
                flags=pybuffer.PyBUF_ND | pybuffer.PyBUF_FORMAT,
                message="PyBUF_ND|PyBUF_FORMAT: answered without strides, though the memory is not C-contiguous",
                expected="contiguous memory, or BufferError",
                reference="Python/C API, Buffer Protocol, contiguity requests",
            ),
        )
        self.assertEqual(json.loads(json.dumps(finding.as_dict()))["severity"], "wrong-bytes")

    def test_severities(self):
        for fault in pybuffer.faults:
            for obj in arrays():
                for finding in pybuffer.check(pybuffer.faulty(obj, fault)):
                    self.assertIn(finding.severity, pybuffer.SEVERITIES)
                    self.assertTrue(finding.expected and finding.reference and finding.message)

    def test_other_bytes_are_found(self):
        base = bytearray(b"abcdef")
        found = pybuffer.check(pybuffer.faulty(memoryview(base)[:5], "differs-buf"))
        self.assertEqual(found[0].severity, "wrong-bytes")
        self.assertEqual([finding.rule for finding in found], ["contents", "differs-buf"])

    def test_ignored(self):
        obj = pybuffer.faulty(b"abc", "unasked-format")
        self.assertEqual(rules(obj), ["unasked-format"])
        self.assertEqual(rules(obj, ignore=["unasked-format"]), [])
        self.assertEqual(rules(obj, ignore=["cosmetic"]), [])
        self.assertEqual(rules(obj, ignore=["protocol"]), ["unasked-format"])

    def test_ctypes(self):
        self.assertIn("missing-strides", rules((ctypes.c_int * 3)()))
        self.assertEqual(rules(ctypes.c_int()), ["unasked-format"])

    def test_what_exports_nothing(self):
        for obj in None, 3, "text", []:
            with self.assertRaisesRegex(TypeError, "a bytes-like object is required, not"):
                pybuffer.check(obj)

    def test_the_collector_is_left_as_it_is(self):
        for change in gc.disable, gc.enable:
            change()
            pybuffer.check(b"abc")
            self.assertEqual(gc.isenabled(), change is gc.enable)

    def test_assertion(self):
        self.assertIsNone(pybuffer.assert_exporter_ok(b"abc"))
        with self.assertRaisesRegex(AssertionError, r"faulty breaks 1 rules(.|\n)*\[len-of-shape\](.|\n)*expected: len is"):
            pybuffer.assert_exporter_ok(pybuffer.faulty(b"abc", "len-of-shape"))


class Crash(unittest.TestCase):
    def test_a_crash_is_a_finding(self):
        # An address where nothing is. It is only read in a copy of the process.
        exporter = memoryview((ctypes.c_char * 16).from_address(16)).cast("B")
        (finding,) = pybuffer.check(exporter, isolate=True)
        self.assertEqual((finding.rule, finding.severity, finding.request), ("crash", "crash", "PyBUF_INDIRECT|PyBUF_FORMAT"))
        self.assertIn("the process has ended by SIGSEGV", finding.message)

    def test_without_one_the_findings_are_the_same(self):
        for obj in b"abc", pybuffer.faulty(b"abc", "leak"), pybuffer.faulty(b"abc", "obj-reference"):
            self.assertEqual(pybuffer.check(obj, isolate=True), pybuffer.check(obj))


class CommandLine(unittest.TestCase):
    def run_it(self, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            result = subprocess.run(
                [sys.executable, "-m", pybuffer.__name__, *arguments], cwd=folder, capture_output=True, text=True
            )
        return result.returncode, result.stdout, result.stderr

    def test_text(self):
        status, out, _ = self.run_it("check", "array:array('i', [1])")
        self.assertEqual((status, out), (0, "array:array('i', [1]): ok\n"))
        status, out, _ = self.run_it("check", "array:array('i', [1])", f"{pybuffer.__name__}:faulty(b'abc', 'leak')")
        self.assertEqual(status, 1)
        self.assertIn("[leak]", out)

    def test_json(self):
        status, out, _ = self.run_it("check", "--json", f"{pybuffer.__name__}:faulty(b'abc', 'leak')", "nothing:x")
        self.assertEqual(status, 2)
        output = json.loads(out)
        self.assertEqual(output["version"], 1)
        first, second = output["results"]
        self.assertEqual((first["type"], first["error"], first["findings"][0]["rule"]), ("faulty", None, "leak"))
        self.assertIn("ModuleNotFoundError", second["error"])

    def test_a_crash(self):
        status, out, _ = self.run_it("check", "ctypes:string_at(0)", "array:array('i')")
        self.assertEqual(status, 2)
        self.assertIn("cannot be checked: the process has ended by SIGSEGV", out)
        self.assertIn("array:array('i'): ok", out)

    def test_ignored(self):
        name = f"{pybuffer.__name__}:faulty(b'abc', 'leak')"
        self.assertEqual(self.run_it("check", "--ignore", "leak", name)[0], 0)
        self.assertEqual(self.run_it("check", "--ignore", "protocol", name)[0], 0)

    def test_usage(self):
        self.assertEqual(self.run_it("check")[0], 2)
        self.assertEqual(self.run_it("--version")[0], 0)
        status, out, _ = self.run_it("check", "array")
        self.assertEqual(status, 2)
        self.assertIn("a target is MODULE:EXPRESSION", out)


class KnownBad(unittest.TestCase):
    """Packages, of the versions in known_bad.txt, that hand out other bytes than those of the array."""

    def test_pyglm(self):
        try:
            import glm
        except ImportError:
            self.skipTest("no PyGLM")
        self.assertIn("contiguous", rules(glm.mat4x3(*range(12))))

    @unittest.skipUnless(np, "no NumPy")
    def test_pyarrow(self):
        try:
            import pyarrow
        except ImportError:
            self.skipTest("no pyarrow")
        turned = np.arange(6, dtype="i4").reshape(2, 3).T
        for array in turned, turned.T, np.arange(8, dtype="i4")[::2]:
            worst = pybuffer.check(pyarrow.Tensor.from_numpy(array))[0]
            self.assertEqual((worst.rule, worst.severity), ("contiguous", "wrong-bytes"))
        # What a consumer sees: the bytes of another array. (hashlib looks at ndim alone; zlib refuses strides before 3.12.)
        tensor = pyarrow.Tensor.from_numpy(np.arange(8, dtype="i4")[::2])
        self.assertNotEqual(hashlib.sha256(tensor).digest(), hashlib.sha256(memoryview(tensor).tobytes()).digest())
        # Its buffers only say more than they are asked for.
        self.assertEqual({finding.severity for finding in pybuffer.check(pyarrow.py_buffer(b"abc"))}, {"cosmetic"})

    def test_mlx(self):
        try:
            import mlx.core as mx
        except ImportError:
            self.skipTest("no mlx")
        found = rules(mx.arange(6).reshape(2, 3).T)
        self.assertIn("missing-shape", found)
        self.assertIn("contiguous", found)

    def test_pygame(self):
        os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"
        try:
            import pygame
        except ImportError:
            self.skipTest("no pygame-ce")
        worst = pybuffer.check(pygame.Surface((3, 2), depth=32).get_view("2"))
        self.assertEqual(worst[0].severity, "wrong-bytes", worst)


class Plugin(unittest.TestCase):
    def test_the_fixtures(self):
        try:
            import pytest
        except ImportError:
            self.skipTest("no pytest")
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "test_it.py"), "w") as file:
                file.write(
                    f"import {pybuffer.__name__} as package\n"
                    "def test_good(assert_exporter_ok): assert_exporter_ok(b'abc')\n"
                    "def test_bad(assert_exporter_ok): assert_exporter_ok(package.faulty(b'abc', 'leak'))\n"
                    "def test_consumer(assert_consumer_ok): assert_consumer_ok(bytes)\n"
                    "def test_bad_consumer(assert_consumer_ok): assert_consumer_ok(lambda view: b'abc')\n"
                )
            result = subprocess.run(
                [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", folder], capture_output=True, text=True
            )
        self.assertIn("2 failed, 2 passed", result.stdout)
        self.assertIn("breaks 1 rules of the buffer protocol", result.stdout)


if __name__ == "__main__":
    unittest.main()
