"""How run.py judges: that a failure, an unlisted skip, a listed test that passes and an entry without a test are found."""

import unittest

import run
import suites


class JudgeTest(unittest.TestCase):
    entries = [{"test": "A.test_*gc", "reason": "Python's"}, {"test": "B.test_x", "reason": "skips itself"}]

    def judged(self, **outcomes):
        return run.judge({name.replace("__", "."): outcome for name, outcome in outcomes.items()}, self.entries)

    def test_listed_tests_are_skipped_when_they_fail_or_skip(self):
        passed, skipped, wrong = self.judged(
            A__test_gc=("failed", "trace"), B__test_x=("skipped", "why"), B__test_y=("passed", "")
        )
        self.assertEqual(passed, ["B.test_y"])
        self.assertEqual(skipped, [("A.test_gc", "Python's"), ("B.test_x", "skips itself")])
        self.assertEqual(wrong, [])

    def test_an_unlisted_failure_is_wrong(self):
        wrong = self.judged(A__test_gc=("failed", ""), B__test_x=("failed", ""), B__test_y=("failed", "trace"))[2]
        self.assertEqual(wrong, [("B.test_y", "trace")])

    def test_an_unlisted_skip_is_wrong(self):
        wrong = self.judged(A__test_gc=("failed", ""), B__test_x=("failed", ""), B__test_y=("skipped", "no disk"))[2]
        self.assertEqual([name for name, _ in wrong], ["B.test_y"])
        self.assertIn("no disk", wrong[0][1])

    def test_a_listed_test_that_passes_is_wrong(self):
        passed, skipped, wrong = self.judged(A__test_gc=("passed", ""), B__test_x=("failed", ""))
        self.assertEqual((passed, [name for name, _ in wrong]), ([], ["A.test_gc"]))

    def test_an_entry_without_a_test_is_wrong(self):
        wrong = self.judged(B__test_x=("failed", ""))[2]
        self.assertEqual([name for name, _ in wrong], ["A.test_*gc"])

    def test_entries_are_for_a_suite_and_versions(self):
        entries = [{"suite": "s"}, {"suite": "s", "python": ["3.12"]}, {"suite": "t"}]
        self.assertEqual(run.listed(entries, "s", "3.12"), entries[:2])
        self.assertEqual(run.listed(entries, "s", "3.13"), entries[:1])

    def test_entries_may_be_for_a_variant(self):
        entries = [{"suite": "s"}, {"suite": "s", "variant": "v"}]
        self.assertEqual(run.listed(entries, "s", "3.13"), entries[:1])
        self.assertEqual(run.listed(entries, "s", "3.13", "v"), entries)

    def test_a_test_that_may_pass_may(self):
        entries = [{"test": "A.test_random", "reason": "R", "may_pass": True}]
        for outcome in "passed", "failed":
            judged = run.judge({"A.test_random": (outcome, "")}, entries)
            self.assertEqual(judged, ([], [("A.test_random", "R")], []))


class ResultTest(unittest.TestCase):
    def outcome(self, case, uses=lambda: 0):
        result = run.Result(uses)
        unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
        return result

    def test_a_part_that_fails_fails_the_test(self):
        class Case(unittest.TestCase):
            def test_parts(self):
                for i in range(3):
                    with self.subTest(i=i):
                        self.assertNotEqual(i, 1)

        result = self.outcome(Case)
        self.assertEqual([outcome for outcome, _ in result.outcomes.values()], ["failed"])

    def test_a_later_round_that_fails_counts(self):
        rounds = iter([True, False])

        class Case(unittest.TestCase):
            def test_round(self):
                self.assertTrue(next(rounds))

        result = run.Result(lambda: 0)
        for _ in range(2):
            unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(result)
        self.assertEqual([outcome for outcome, _ in result.outcomes.values()], ["failed"])

    def test_the_use_of_the_library_is_seen(self):
        uses = []

        class Case(unittest.TestCase):
            def test_using(self):
                uses.append(1)

            def test_without(self):
                pass

        result = self.outcome(Case, lambda: len(uses))
        self.assertEqual(result.using, {"Case.test_using"})


class SuitesTest(unittest.TestCase):
    def test_older_versions_have_fewer_suites(self):
        counts = [len(suites.users((3, minor))) for minor in (11, 12, 13)]
        self.assertEqual(counts, sorted(set(counts)))


if __name__ == "__main__":
    unittest.main()
