"""Tests of the kit itself, without an implementation: marks, counts by function, the tables."""

import collections
import contextlib
import io
import unittest

import kit


class ByFunction(unittest.TestCase):
    def counted(self, lines, called, right, ending=None):
        counts = collections.defaultdict(collections.Counter)
        kit.add_functions(counts, lines, called, right, ending)
        return {name: dict(count) for name, count in counts.items()}

    def test_a_line_that_differs_is_of_the_functions_called_for_it(self):
        called = [{"PyBytes_Size"}, {"PyBytes_Concat", "PyErr_Occurred"}, set()]
        counts = self.counted(["3", "wrong", "end"], called, ["3", "right", "end"])
        self.assertEqual(counts["PyBytes_Size"], {"lines": 1, "differ": 0})
        self.assertEqual(counts["PyBytes_Concat"], {"lines": 1, "differ": 1})
        # All programs call it; the line is about the other one.
        self.assertIn("PyErr_Occurred", kit.used_by_all())
        self.assertNotIn("PyErr_Occurred", counts)

    def test_a_line_that_is_missing_does_not_shift_the_others(self):
        counts = self.counted(["1", "3"], [{"PyBytes_Size"}, {"PyBytes_Repr"}], ["1", "2", "3"])
        self.assertEqual(counts["PyBytes_Repr"], {"lines": 1, "differ": 0})

    def test_a_crash_is_of_the_last_call(self):
        counts = self.counted(["1"], [{"PyBytes_Size"}, {"PyBytes_Concat"}], ["1", "2"], "crash by signal 11")
        self.assertEqual(counts["PyBytes_Concat"]["ended"], 1)
        counts = self.counted(["1"], [{"PyBytes_Size"}], ["1", "2"], "missing function PyBytes_Join")
        self.assertEqual(counts["PyBytes_Join"], {"ended": 1})

    def test_marks_are_taken_out(self):
        line = "a \1PyBytes_Size\2b"
        self.assertEqual((kit.MARK.sub("", line), kit.MARK.findall(line)), ("a b", ["PyBytes_Size"]))

    def test_the_table(self):
        row = {"program": "p", "group": "g", "lines": 2, "same": 1, "ending": None}
        counts = {"PyA": {"lines": 2, "differ": 1}, "PyB": {"lines": 1, "differ": 0}}
        result = {"interpreter": "X 1", "missing": ["PyC"], "groups": [row], "functions": counts}
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            kit.table_by_function([result])
        text = out.getvalue()
        self.assertIn("| `PyA` | 1 of 2 differ |", text)
        self.assertIn("| `PyC` | missing |", text)
        self.assertNotIn("`PyB`", text)
        self.assertIn("The other 1 functions are the same everywhere.", text)


if __name__ == "__main__":
    unittest.main()
