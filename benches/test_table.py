"""How goals are judged, counted and written: that a shortfall is seen, at whichever level and in whichever way, and noise is not
one. The levels here are AVX2 and portable."""

import pathlib
import unittest
import xml.etree.ElementTree

import chart
import table

LEVELS = ["AVX2", "portable"]
COPY = {"memcpy": 100.0, "naive C": 900.0, "CPython 3.13": 5e3, "NumPy": 800.0, "NumPy from": 700.0}
COPY |= {(level, way): 100.0 for level in LEVELS for way in table.WAYS}
VALUES = {"memcmp": 90.0, "CPython 3.13": 5e3, "NumPy": 200.0, ("AVX2", "to"): 100.0, ("portable", "to"): 300.0}


def at(way, ns, level="AVX2"):
    return {(level, way): ns}


class JudgeTest(unittest.TestCase):
    def check(self, goal, says, *changes, times=COPY, level="AVX2"):
        times = dict(times)
        for change in changes:
            times |= change
        self.assertEqual(table.verdict(goal, times, level), says if says == "-" else f"{goal}: {says}")

    def test_a_copy_is_judged_by_memcpy(self):
        self.check("1.0 xM", "met")
        self.check("2.0 xM", "0.50 of it")

    def test_noise_is_no_shortfall(self):
        self.check("1.04 xM", "met")
        self.check("1.06 xM", "0.94 of it")

    def test_every_way_has_to_reach_the_goal(self):
        self.check("1.0 xM", "0.25 of it (CopyData)", at("CopyData", 400.0))
        self.check("1.0 xM", "0.50 of it (to)", at("to", 200.0))
        self.check("1.0 xM", "0.50 of it (from, CopyData)", at("from", 200.0), at("CopyData", 125.0))

    def test_every_level_is_judged_by_its_own_times(self):
        slow = at("to", 400.0, "portable")
        self.check("1.0 xM", "met", slow)
        self.check("1.0 xM", "0.25 of it (to)", slow, level="portable")

    def test_times_are_judged_as_they_are(self):
        self.check("0.1 us", "met")
        self.check("50 ns", "0.50 of it")

    def test_a_limit_is_met_within_ten_percent(self):
        self.check("limit", "met", {"limit": 91.0})
        self.check("limit", "0.89 of it", {"limit": 89.0})

    def test_a_limit_has_a_way(self):
        self.check("limit", "0.50 of it (to, CopyData)", {"limit": 50.0, "limit from": 100.0})
        self.check("limit", "0.50 of it (from)", {"limit": 100.0, "limit from": 50.0})
        self.check("limit", "met", times=VALUES)
        self.check("limit", "0.30 of it", times=VALUES, level="portable")

    def test_the_best_peer_is_the_fastest(self):
        self.check("peer", "met", {"IPP": 101.0})
        self.check("peer", "0.50 of it (to, CopyData)", {"IPP": 50.0, "OpenCV": 60.0})
        self.check("peer", "met", {"CPython 3.13": 99.0})

    def test_numpy_is_judged_both_ways(self):
        self.check("NumPy", "met")
        self.check("NumPy", "0.50 of it (to, CopyData)", {"NumPy": 50.0})
        self.check("NumPy", "0.50 of it (from)", {"NumPy from": 50.0})
        self.check("peer", "0.50 of it (from)", {"NumPy from": 50.0})
        self.check("NumPy", "0.67 of it", times=VALUES, level="portable")

    def test_numpy_has_the_instructions_of_the_level(self):
        without = {("portable", "NumPy"): 400.0}
        self.check("NumPy", "0.67 of it", times=VALUES, level="portable")
        self.check("NumPy", "met", without, times=VALUES, level="portable")
        self.check("peer", "met", without, times=VALUES, level="portable")
        self.check("NumPy", "0.50 of it", at("to", 400.0), without, times=VALUES)
        self.check("NumPy", "0.50 of it (from)", at("from", 400.0, "portable"), {("portable", "NumPy from"): 200.0}, level="portable")

    def test_limits_and_loops_are_no_peers(self):
        self.check("peer", "met", {"memcpy": 1.0, "naive C": 1.0, "limit": 1.0, "limit from": 1.0})

    def test_other_columns_are_multiplied(self):
        self.check("2 x naive C", "met", at("to", 1800.0))
        self.check("2 x naive C", "0.90 of it (to)", at("to", 2000.0))
        self.check("0.5 x CPython", "met", {"CPython 3.13": 200.0})
        self.check("0.5 x CPython", "0.50 of it", {"CPython 3.13": 100.0})

    def test_nothing_is_said_without_a_goal_or_something_to_compare_with(self):
        self.check("-", "-")
        for goal in ("NumPy", "peer", "limit", "0.5 x CPython"):
            self.check(goal, "-", times=at("to", 10.0))

    def test_a_line_has_one_goal_or_one_for_each_level(self):
        goals = table.read_goals(["# text\n", "a\tpeer\n", "b\t3 xM / 2 xM / NumPy\tcopy\n"])
        self.assertEqual([goals[0].at(level) for level in table.PLACES], ["peer"] * 4)
        found = {level: goals[1].at(level) for level in table.PLACES}
        self.assertEqual(found, {"AVX-512": "3 xM", "AVX2": "2 xM", "NEON": "2 xM", "portable": "NumPy"})
        self.assertEqual(goals[1].readme, "copy")
        self.assertRaises(ValueError, table.each, "1 xM / 2 xM")


class SummaryTest(unittest.TestCase):
    GOALS = [table.Goal("a", table.each("2.0 xM / 1.0 xM / 2.0 xM"), ""), table.Goal("b", table.each("limit"), "")]
    RESULTS = {"a": {**COPY, "IPP": 50.0}, "b": VALUES}

    def counted(self, **changes):
        return table.summary(self.GOALS, {**self.RESULTS, **changes}, LEVELS)

    def test_each_level_is_counted(self):
        sentences = [counted.sentence for counted in self.counted()]
        self.assertEqual(
            sentences,
            [
                "AVX2: 0 of 2 lines behind NumPy, 1 of 2 behind the best peer, 0 of 2 off their goal",
                "portable: 1 of 2 lines behind NumPy, 2 of 2 behind the best peer, 2 of 2 off their goal",
            ],
        )

    def test_numpy_with_all_instructions_is_counted_too(self):
        restricted = {**VALUES, ("portable", "NumPy"): 400.0}
        counted = self.counted(b=restricted)
        self.assertTrue(counted[0].sentence.startswith("AVX2: 0 of 2 lines behind NumPy, 1 of 2 behind the best peer"))
        self.assertEqual(
            counted[1].sentence,
            "portable: 0 of 2 lines behind NumPy, 1 of 2 behind NumPy with all instructions, 1 of 2 behind the best peer, "
            "2 of 2 off their goal",
        )
        self.assertEqual(counted[1].names[1], ("behind NumPy with all instructions", ["b"]))

    def test_what_falls_short_is_named(self):
        names = [("behind NumPy", ["b"]), ("behind the best peer", ["a", "b"]), ("off their goal", ["a", "b"])]
        self.assertEqual(self.counted()[1].names, names)

    def test_one_slow_way_is_enough(self):
        slow = {**COPY, ("AVX2", "from"): 1e3}
        self.assertIn("AVX2: 1 of 2 lines behind NumPy, 1 of 2", self.counted(a=slow)[0].sentence)

    def test_what_was_not_timed_is_not_counted(self):
        counted = table.summary(self.GOALS, {"b": {("AVX2", "to"): 1.0}}, ["AVX2"])
        self.assertIn("0 of 0 lines behind NumPy, 0 of 0 behind the best peer, 0 of 0", counted[0].sentence)
        one_level = {key: ns for key, ns in VALUES.items() if key != ("portable", "to")}
        self.assertIn("portable: 0 of 1 lines behind NumPy, 1 of 1", self.counted(b=one_level)[1].sentence)


class WritingTest(unittest.TestCase):
    def test_times_have_three_digits(self):
        written = [table.time(ns) for ns in (None, 1.234, 999.4, 999.6, 12345, 4.5e6, 4.5e9)]
        self.assertEqual(written, ["-", "1.23 ns", "999 ns", "1.00 us", "12.3 us", "4.50 ms", "4500 ms"])

    def test_other_peers_are_neither_cpython_nor_numpy(self):
        self.assertEqual(table.best_peer(COPY), ("NumPy", 800.0))
        self.assertEqual(table.best_other(COPY), None)
        self.assertEqual(table.best_other({**COPY, "IPP": 7.0, "OpenCV": 8.0}), ("IPP", 7.0))

    def test_what_does_less_is_no_peer(self):
        times = {**VALUES, "NumPy unchecked": 1.0}
        self.assertEqual(table.best_peer(times), table.best_peer(VALUES))
        self.assertEqual(table.allowed("NumPy", times), table.allowed("NumPy", VALUES))
        self.assertIn("NumPy unchecked 1.00 ns", table.beside(times))

    def test_a_row_has_a_cell_for_each_heading(self):
        for times in (COPY, VALUES, {("AVX2", "to"): 1.0}, {"limit": 1.0}, {"memcpy": 1.0, "limit": 1.0}):
            for levels in (LEVELS, ["AVX-512", "AVX2", "portable"], []):
                cells = table.cells(table.Goal("a", table.each("peer"), ""), times, levels)
                self.assertEqual(len(cells), len(table.header(times, levels)))

    def test_a_copy_is_written_in_multiples_of_memcpy(self):
        cells = table.cells(table.Goal("a", table.each("1.0 xM"), ""), {**COPY, **at("from", 50.0)}, ["AVX2"])
        self.assertEqual(cells[5], "800 ns, 700 ns")
        self.assertEqual(cells[-2:], ("100 ns; 1.00, 2.00, 1.00", "1.0 xM: met"))

    def test_anything_else_is_written_in_multiples_of_the_best_peer(self):
        cells = table.cells(table.Goal("a", table.each("NumPy"), ""), VALUES, LEVELS)
        written = ("100 ns; 2.00", "NumPy: met", "300 ns; 0.67", "NumPy: 0.67 of it")
        self.assertEqual(cells, ("a", "memcmp 90.0 ns", "5.00 us", "200 ns", *written))

    def test_the_times_of_numpy_at_a_level_stand_beside_ours(self):
        restricted = {**VALUES, ("portable", "NumPy"): 400.0}
        cells = table.cells(table.Goal("a", table.each("NumPy"), ""), restricted, LEVELS)
        self.assertEqual(cells[3:6:2], ("200 ns", "NumPy: met"))
        self.assertEqual(cells[6:], ("300 ns; 1.33; NumPy 400 ns", "NumPy: met"))

    def test_limits_are_written_in_multiples_of_memcpy(self):
        goal = table.Goal("a", table.each("limit"), "")
        cells = table.limit_cells(goal, {"memcpy": 100.0, "limit": 50.0, "limit from": 200.0})
        self.assertEqual(cells, ("a", "100 ns", "50.0 ns, 200 ns", "2.00, 0.50"))
        self.assertEqual(table.limit_cells(goal, {"limit": 2.5}), ("a", "-", "2.50 ns", "-"))
        self.assertEqual(len(cells), len(table.LIMITS))

    def test_the_readme_compares_what_it_names(self):
        goals = [table.Goal("a", table.each("-"), "copy"), table.Goal("b", table.each("-"), "")]
        lines = table.readme(goals, dict.fromkeys("ab", {**COPY, **at("to", 50.0)}), "AVX2")
        self.assertEqual(lines[2:], ["| copy | 100 | 16.0 |"])

    def test_goals_can_be_judged_and_drawn(self):
        with open(pathlib.Path(__file__).parent / "goals.tsv") as lines:
            goals = table.read_goals(lines)
        levels = ["AVX-512", *LEVELS]
        times = {**COPY, "memcmp": 1.0, "limit": 1.0, **{("AVX-512", way): 50.0 for way in table.WAYS}}
        results = {goal.name: times for goal in goals}
        self.assertEqual(len(results), len(goals))
        for goal in goals:
            for level in (*levels, "NEON"):
                judged = table.allowed(goal.at(level), times)
                self.assertEqual(judged is None, goal.at(level) == "-", f"{goal.name}, {level}")
        drawing = xml.etree.ElementTree.fromstring(chart.draw(goals, results, levels, "a machine"))
        bars = [rect.get("class") for rect in drawing.iter("{http://www.w3.org/2000/svg}rect")]
        for kind in chart.BARS:
            self.assertEqual(bars.count(kind), len(goals) + 1, kind)


if __name__ == "__main__":
    unittest.main()
