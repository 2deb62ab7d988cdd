"""How goals are judged and times written: that a shortfall is seen, in whichever way, and noise is not one."""

import pathlib
import unittest
import xml.etree.ElementTree

import chart
import table

COPY = {"memcpy": 100.0, "libpybuffer": 100.0, "from": 100.0, "CopyData": 100.0, "naive C": 900.0, "CPython 3.13": 5e3}


class JudgeTest(unittest.TestCase):
    def verdict(self, goal, **times):
        return table.verdict(goal, {**COPY, **times})

    def test_a_copy_is_judged_by_memcpy(self):
        self.assertEqual(self.verdict("1.0 xM"), "yes")
        self.assertEqual(self.verdict("2.0 xM"), "no, 0.50")

    def test_noise_is_no_shortfall(self):
        self.assertEqual(self.verdict("1.04 xM"), "yes")
        self.assertEqual(self.verdict("1.06 xM"), "no, 0.94")

    def test_every_way_has_to_reach_the_goal(self):
        self.assertEqual(self.verdict("1.0 xM", CopyData=400.0), "no, 0.25 (CopyData)")
        self.assertEqual(self.verdict("1.0 xM", libpybuffer=200.0), "no, 0.50 (to)")

    def test_times_are_judged_as_they_are(self):
        self.assertEqual(self.verdict("0.1 us"), "yes")
        self.assertEqual(self.verdict("50 ns"), "no, 0.50")

    def test_peers_are_goals(self):
        self.assertEqual(table.verdict("NumPy", {"libpybuffer": 10.0, "NumPy": 11.0}), "yes")
        self.assertEqual(table.verdict("NumPy", {"libpybuffer": 10.0, "NumPy": 5.0}), "no, 0.50")
        self.assertEqual(table.verdict("0.95 memcmp", {"libpybuffer": 10.0, "memcmp": 10.0}), "yes")

    def test_nothing_is_said_without_a_goal_or_a_peer(self):
        self.assertEqual(table.verdict("-", COPY), "-")
        self.assertEqual(table.verdict("NumPy", {"libpybuffer": 10.0}), "-")

    def test_the_summary_names_what_is_missed(self):
        goals = [table.Goal("a", "1.0 xM", ""), table.Goal("b", "2.0 xM", ""), table.Goal("c", "-", "")]
        self.assertEqual(table.summary(goals, dict.fromkeys("abc", COPY)), ("1 of 2 goals are met", ["b"]))


class WritingTest(unittest.TestCase):
    def test_times_have_three_digits(self):
        written = [table.time(ns) for ns in (None, 1.234, 999.4, 999.6, 12345, 4.5e6, 4.5e9)]
        self.assertEqual(written, ["-", "1.23 ns", "999 ns", "1.00 us", "12.3 us", "4.50 ms", "4500 ms"])

    def test_the_limits_and_ways_are_no_peers(self):
        self.assertEqual(table.best_peer(COPY), ("CPython 3.13", 5e3))
        self.assertEqual(table.best_other(COPY), None)
        self.assertEqual(table.best_other({**COPY, "IPP": 7.0, "OpenCV": 8.0}), ("IPP", 7.0))

    def test_a_row_has_a_cell_for_each_heading(self):
        for times in (COPY, {"libpybuffer": 1.0}, {"libpybuffer": 1.0, "memcmp": 1.0}):
            self.assertEqual(len(table.cells(table.Goal("a", "-", ""), times)), len(table.HEADER))

    def test_the_readme_compares_what_it_names(self):
        lines = table.readme([table.Goal("a", "-", "copy"), table.Goal("b", "-", "")], dict.fromkeys("ab", COPY))
        self.assertEqual(lines[2:], ["| copy | 50.0 |  |"])

    def test_goals_can_be_judged_and_drawn(self):
        with open(pathlib.Path(__file__).parent / "goals.tsv") as lines:
            goals = table.read_goals(lines)
        results = {goal.name: {**COPY, "memcmp": 1.0, "NumPy": 1.0} for goal in goals}
        self.assertEqual(len(results), len(goals))
        for goal in goals:
            self.assertEqual(not table.shares(goal.goal, results[goal.name]), goal.goal == "-")
        xml.etree.ElementTree.fromstring(chart.draw(goals, results, "a machine"))


if __name__ == "__main__":
    unittest.main()
