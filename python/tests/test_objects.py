"""The package's memoryview, ndarray and tensors; and how consumers are tried."""

import array
import ctypes
import gc
import hashlib
import io
import sys
import unittest
import weakref
import zlib

import pybuffer

try:
    import numpy as np
except ImportError:
    np = None


class View(unittest.TestCase):
    def setUp(self):
        self.cube = pybuffer.memoryview(array.array("i", range(24))).cast("B").cast("i", (2, 3, 4))

    def test_parts(self):
        view = self.cube
        self.assertEqual(view[1, 2, 3], 23)
        self.assertEqual(view[1].shape, (3, 4))
        self.assertEqual(view[1, ::2, ...].tolist(), [[12, 13, 14, 15], [20, 21, 22, 23]])
        self.assertEqual(view[..., None, 0].tolist(), [[[0], [4], [8]], [[12], [16], [20]]])
        self.assertEqual(view[::-1, 0, 0].tolist(), [12, 0])
        self.assertEqual(view.select("1, ::-2, 0").tolist(), [20, 12])
        self.assertEqual([row.shape for row in view], [(3, 4), (3, 4)])
        self.assertEqual(view.transpose().shape, (4, 3, 2))
        self.assertEqual(view.transpose((1, 0, 2))[2, 1].tolist(), view[1, 2].tolist())
        self.assertEqual(view.reshape((6, -1))[5].tolist(), [20, 21, 22, 23])
        self.assertEqual(view.flip(0)[0, 0, 0], 12)
        self.assertEqual(view[0, 0].broadcast((2, 4)).tolist(), [[0, 1, 2, 3]] * 2)
        for key in [(0, 0, 0, 0), 2, (0, 5), 1.5, (..., ...), b"x", "x", (0,) * 200]:
            with self.subTest(key), self.assertRaises((IndexError, TypeError)):
                view[key]

    def test_written_parts(self):
        view = self.cube
        view[0, 1:, ::2] = 100
        self.assertEqual(view[0].tolist(), [[0, 1, 2, 3], [100, 5, 100, 7], [100, 9, 100, 11]])
        view[1] = view[0]
        self.assertEqual(view[1].tolist(), view[0].tolist())
        view[0, 0, 0] = -5
        self.assertEqual(view[0, 0, 0], -5)
        with self.assertRaises(TypeError):
            view.toreadonly()[0] = 1
        with self.assertRaises(TypeError):
            view[0] = "text"
        with self.assertRaises(ValueError):
            view[0] = view[0, 0]
        with self.assertRaises(TypeError):
            del view[0]

    def test_records(self):
        view = pybuffer.zeros((2, 2), "T{i:number:=d:real:3s:name:}")
        view[0, 1] = 3, 4.5, b"abc"
        self.assertEqual(view[0, 1], (3, 4.5, b"abc"))
        self.assertEqual(view["number"].tolist(), [[0, 3], [0, 0]])
        view["real"] = pybuffer.zeros((2, 2), "d")
        self.assertEqual(view[0, 1], (3, 0.0, b"abc"))
        self.assertEqual(view[1].tolist(), [(0, 0.0, b"\0\0\0")] * 2)
        self.assertEqual(list(view[0]), [(0, 0.0, b"\0\0\0"), (3, 0.0, b"abc")])
        with self.assertRaises(ValueError):
            view[0, 0] = 1, 2

    def test_formats_that_the_interpreters_does_not_know(self):
        for code, value in [(">i", -2), ("<q", 5), ("g", 0.5), ("3f", (1.0, 2.0, 3.0)), ("Zd", 1 + 2j), ("T{hh}", (1, 2)), ("w", "\u20ac")]:
            with self.subTest(code):
                view = pybuffer.zeros(2, code)
                view[1] = value
                self.assertEqual(view[1], value)

    def test_conversions(self):
        self.assertEqual(self.cube.astype(">d")[1, 2, 3], 23.0)
        target = pybuffer.zeros((2, 3, 4), "h")
        target.convert(self.cube)
        self.assertTrue(target.equal(self.cube))
        self.cube[0, 0, 0] = 1 << 20
        with self.assertRaises(OverflowError):
            target.convert(self.cube)

    def test_it_is_a_memoryview(self):
        ours, theirs = pybuffer.memoryview(b"abcdef"), memoryview(b"abcdef")
        self.assertEqual(ours, theirs)
        self.assertEqual(hash(ours), hash(theirs))
        self.assertEqual(ours.hex(":"), theirs.hex(":"))
        self.assertEqual(ours[::2].tobytes(), b"ace")
        self.assertEqual((ours.index(99), ours.count(97)), (2, 1))
        with ours:
            pass
        with self.assertRaises(ValueError):
            ours[0]

    def test_it_keeps_its_exporter(self):
        class Bytes(bytearray):
            pass

        data = Bytes(b"abc")
        alive = weakref.ref(data)
        part = pybuffer.memoryview(data)[1:][None]
        del data
        gc.collect()
        self.assertIsNotNone(alive())
        del part
        self.assertIsNone(alive())

    @unittest.skipUnless(np, "no NumPy")
    def test_tensors(self):
        view = pybuffer.zeros((2, 3), "f")
        tensor = np.from_dlpack(view)
        view[1, 2] = 5
        self.assertEqual(tensor[1, 2], 5)
        back = pybuffer.from_dlpack(np.arange(6.0).reshape(2, 3))
        self.assertEqual(back.tolist(), [[0, 1, 2], [3, 4, 5]])
        self.assertEqual(view.__dlpack_device__(), (1, 0))
        view.__dlpack__()
        for bad in [object(), 3]:
            with self.assertRaises(AttributeError):
                pybuffer.from_dlpack(bad)

        class Wrong:
            def __dlpack__(self, **options):
                return 3

        with self.assertRaises(TypeError):
            pybuffer.from_dlpack(Wrong())
        with self.assertRaises(BufferError):
            pybuffer.memoryview(b"abc").__dlpack__()

    @unittest.skipUnless(np, "no NumPy")
    def test_numpy(self):
        array = np.arange(24, dtype=">i2").reshape(2, 3, 4)[:, ::-1]
        self.assertEqual(pybuffer.memoryview(array).tolist(), array.tolist())
        self.assertTrue((np.asarray(pybuffer.memoryview(array)) == array).all())


class NDArray(unittest.TestCase):
    def test_the_state(self):
        nd = pybuffer.ndarray([1, 2, 3], shape=[3], format="h", flags=pybuffer.ND_VAREXPORT)
        self.assertEqual((nd.exports, nd.offset, nd.format), (0, 0, "h"))
        view = memoryview(nd)
        self.assertEqual(nd.exports, 1)
        nd.push([5], shape=[1])
        self.assertEqual(nd.tolist(), [5])
        nd.pop()
        view.release()
        self.assertEqual((nd.exports, nd.tolist()), (0, [1, 2, 3]))

    def test_as_the_interpreters_own(self):
        try:
            import _testbuffer
        except ImportError:
            self.skipTest("no _testbuffer")
        for arguments in [
            dict(shape=[2, 3]), dict(shape=[3, 2], flags=pybuffer.ND_FORTRAN), dict(shape=[2, 3], flags=pybuffer.ND_PIL),
            dict(shape=[3], strides=[-2], offset=4),
        ]:
            ours = pybuffer.ndarray([1, 2, 3, 4, 5, 6], format="B", **arguments)
            theirs = _testbuffer.ndarray([1, 2, 3, 4, 5, 6], format="B", **arguments)
            self.assertEqual(memoryview(ours), memoryview(theirs))
            self.assertEqual(ours.strides, theirs.strides)
        for name in dir(_testbuffer):
            if name.startswith(("ND_", "PyBUF_")):
                self.assertEqual(getattr(pybuffer, name), getattr(_testbuffer, name), name)

    def test_functions(self):
        nd = pybuffer.ndarray([1, 2, 3, 4], shape=[2, 2], flags=pybuffer.ND_FORTRAN)
        self.assertEqual(pybuffer.py_buffer_to_contiguous(nd, "C", pybuffer.PyBUF_FULL_RO), b"\1\3\2\4")
        self.assertTrue(pybuffer.is_contiguous(nd, "F"))
        self.assertFalse(pybuffer.is_contiguous(nd, "C"))
        self.assertEqual(pybuffer.get_pointer(nd, [1, 0]), 2)
        self.assertTrue(pybuffer.get_contiguous(nd, pybuffer.PyBUF_READ, "C").c_contiguous)

    def test_faults(self):
        self.assertEqual(pybuffer.faulty(b"abc", "leak").fault, "leak")
        self.assertEqual(bytes(pybuffer.faulty(b"abc")), b"abc")
        with self.assertRaises(ValueError):
            pybuffer.faulty(b"abc", "no such fault")
        with self.assertRaises(TypeError):
            pybuffer.faulty(3)


def kinds(verdicts):
    return {verdict.kind for verdict in verdicts}


class Consumers(unittest.TestCase):
    def test_good_ones(self):
        for consumer in [bytes, bytearray, zlib.crc32, lambda view: memoryview(view).tobytes(), pybuffer.memoryview]:
            self.assertEqual([str(verdict) for verdict in pybuffer.try_consumer(consumer)], [])

    @unittest.skipUnless(np, "no NumPy")
    def test_numpy(self):
        self.assertEqual([str(verdict) for verdict in pybuffer.try_consumer(np.asarray)], [])

    def test_a_digest(self):
        self.assertEqual(pybuffer.try_consumer(lambda view: hashlib.sha256(view).digest()), [])

    def test_results_that_cannot_be_compared(self):
        with self.assertRaisesRegex(TypeError, "results of the type 'object' cannot be compared"):
            pybuffer.try_consumer(lambda view: object())

    def test_wrong_bytes(self):
        def careless(view):
            view = memoryview(view)
            return view.tobytes() if view.c_contiguous or view.ndim > 1 else bytes(view.nbytes)

        wrong = pybuffer.try_consumer(careless)
        self.assertEqual(kinds(wrong), {"wrong-bytes"})
        self.assertIn("reversed", [verdict.case for verdict in wrong])
        self.assertNotIn("pointers", [verdict.case for verdict in wrong])

    def test_a_leak(self):
        held = []
        wrong = pybuffer.try_consumer(lambda view: held.append(memoryview(view)) or bytes(view))
        self.assertEqual(kinds(wrong), {"leak"})

    def test_what_is_kept_once_is_no_leak(self):
        held = {}

        def caching(view):
            held["last"] = None
            return bytes(view)

        self.assertEqual(pybuffer.try_consumer(caching), [])

    def test_a_crash(self):
        wrong = pybuffer.try_consumer(
            lambda view: ctypes.string_at(0) if memoryview(view).suboffsets else bytes(view), hostile=False
        )
        self.assertEqual(kinds(wrong), {"crash"})
        self.assertIn("SIGSEGV", wrong[0].message)
        self.assertTrue(all("pointers" in verdict.case for verdict in wrong))

    def test_system_errors(self):
        def failing(view):
            raise SystemError("error return without exception set")

        self.assertEqual(kinds(pybuffer.try_consumer(failing)), {"protocol"})

    def test_chosen_cases(self):
        names = [case.name for case in pybuffer.cases()]
        self.assertEqual(len(names), len(set(names)))
        tried = []
        pybuffer.try_consumer(lambda view: tried.append(1) or bytes(view), only=lambda case: case.name == "reversed", isolate=False)
        self.assertEqual(len(tried), 2)


if __name__ == "__main__":
    unittest.main()
