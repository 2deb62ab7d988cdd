"""Runs test files of the interpreter that runs this, unmodified, with the library's memoryview in place of its own:

    python run.py DIRECTORY SKIPS [SUITE...]

DIRECTORY has the extension module pybuffer_binding, SKIPS is the list of tests that are Python's alone (skips.toml), SUITE is
one of suites.py (else all are run); PYTHON2_TESTS in the environment is the directory of Python 2.7's tests. The exit status says whether every test passed or is rightly in the list, and no memory of
the library's was left.
"""

import collections
import collections.abc
import fnmatch
import gc
import hashlib
import importlib.util
import os
import pathlib
import random
import sys
import test.support
import time
import types
import unittest

import tomllib

import python2
import suites


def stand_ins(binding):
    """The modules that the tests import, with the library's functions where they test the memoryview's C functions."""
    import _testbuffer
    import _testcapi

    buffer = types.ModuleType("_testbuffer")
    vars(buffer).update(vars(_testbuffer))
    for name in "get_contiguous", "py_buffer_to_contiguous", "is_contiguous", "get_pointer", "cmp_contig":
        setattr(buffer, name, Counted(getattr(binding, name)))
    # The method of the interpreter's exporter that makes memoryviews makes the library's.
    original = _testbuffer.ndarray.memoryview_from_buffer
    method = lambda nd: binding.from_buffer(original(nd))
    binding.set_method(_testbuffer.ndarray, "memoryview_from_buffer", FunctionDescriptor(method))

    capi = types.ModuleType("_testcapi")
    vars(capi).update(vars(_testcapi))
    for name in "PyBuffer_SizeFromFormat", "buffer_fill_info":
        if hasattr(capi, name):
            setattr(capi, name, Counted(getattr(binding, name)))
    return {"_testbuffer": buffer, "_testcapi": capi}


class Counted:
    """A function of the library, and how often any has been called."""

    calls = 0

    def __init__(self, function):
        self.function = function

    def __call__(self, *args):
        Counted.calls += 1
        return self.function(*args)


class FunctionDescriptor:
    """A method that is an object, so that it goes into a type as it is."""

    def __init__(self, function):
        self.function = function

    def __get__(self, instance, owner=None):
        return types.MethodType(self.function, instance)


def module_name(suite):
    return "conformance_" + suite.replace(".", "_")


def load(suite, binding, python2_tests=None):
    """The module of a suite. The name memoryview is in it before its first line runs. With a directory the suite is one of
    Python 2.7's, and the name buffer is in it as well."""
    directory = python2_tests or pathlib.Path(importlib.util.find_spec("test").origin).parent
    path = directory.joinpath(*suite.split(".")).with_suffix(".py")
    source = path.read_bytes()
    module = types.ModuleType(module_name(suite))
    module.__file__ = str(path)
    module.__package__ = f"test.{suite}".rpartition(".")[0]
    module.memoryview = binding.memoryview
    sys.modules[module.__name__] = module
    if python2_tests:
        module.buffer = binding.buffer
        python2.execute(source, path, module)
    else:
        exec(compile(source, path, "exec"), vars(module))
    if module.memoryview is not binding.memoryview:
        sys.exit(f"{suite} has a memoryview of its own")
    return module, hashlib.sha256(source).hexdigest()


class Result(unittest.TestResult):
    """The outcome of each test, by its name: passed, failed or skipped, with the reason."""

    def __init__(self, uses):
        super().__init__()
        self.outcomes = {}
        self.uses = uses
        self.before = None
        # The tests in which the library has been used.
        self.using = set()

    def startTest(self, test):
        super().startTest(test)
        self.before = self.uses()

    def stopTest(self, test):
        super().stopTest(test)
        # Some versions do not start skipped tests.
        if self.before is not None and self.uses() != self.before:
            self.using.add(self.name_of(test))
        self.before = None

    @staticmethod
    def name_of(test):
        return ".".join(test.id().split(".")[-2:])

    def note(self, test, outcome, reason=""):
        name = self.name_of(test)
        # A test with several parts has failed with the first that has.
        if self.outcomes.get(name, ("passed", ""))[0] == "passed":
            self.outcomes[name] = outcome, reason

    def raised(self, test, error):
        trace = self._exc_info_to_string(error, test)
        self.note(test, "failed", trace)

    def addSuccess(self, test):
        self.note(test, "passed")

    def addFailure(self, test, error):
        self.raised(test, error)

    addError = addFailure

    def addSkip(self, test, reason):
        self.note(test, "skipped", reason)

    def addSubTest(self, test, subtest, error):
        if error is not None:
            self.raised(test, error)


def listed(entries, suite, version, variant=""):
    """The entries of the list for this suite, or this variant of it, and interpreter."""
    return [
        entry
        for entry in entries
        if entry["suite"] == suite
        and version in entry.get("python", [version])
        and entry.get("variant", variant) == variant
    ]


def judge(outcomes, entries):
    """What is right and wrong with the outcomes, by the list: the names that passed, the skips as (name, reason), and what is
    wrong as (name, why). A listed test is run as well, and must not pass."""
    passed, skipped, wrong = [], [], []
    used = set()
    for name, (outcome, reason) in sorted(outcomes.items()):
        entry = next((e for e in entries if fnmatch.fnmatchcase(name, e["test"])), None)
        if entry is not None:
            used.add(entry["test"])
            if outcome == "passed" and not entry.get("may_pass"):
                wrong.append((name, "is in the list of skips, but passes"))
            else:
                skipped.append((name, entry["reason"]))
        elif outcome == "passed":
            passed.append(name)
        elif outcome == "failed":
            wrong.append((name, reason))
        else:
            wrong.append((name, f"skips itself ({reason}), which the list of skips does not know"))
    for entry in entries:
        if entry["test"] not in used and tuple(map(int, entry.get("since", "0").split("."))) <= sys.version_info:
            wrong.append((entry["test"], "is in the list of skips, but is no test"))
    return passed, skipped, wrong


class Run:
    """A suite that has been run: the outcomes of its tests, by the list of skips."""

    def __init__(self, suite, binding, entries, version, rounds=1, variant="", python2_tests=None):
        made, blocks, start = binding.made(), binding.blocks(), time.monotonic()
        module, self.digest = load(suite, binding, python2_tests)
        result = Result(lambda: binding.made() + Counted.calls)
        # With other random numbers each time, the same ones in each run.
        for seed in range(rounds):
            random.seed(seed)
            unittest.defaultTestLoader.loadTestsFromModule(module).run(result)
        outcomes, using = result.outcomes, result.using
        if suite not in suites.WHOLE:
            outcomes = {name: outcome for name, outcome in outcomes.items() if name in using}
        self.suite = suite
        self.passed, self.skipped, self.wrong = judge(outcomes, listed(entries, suite, version, variant))
        self.without = len(set(self.passed) - using)
        self.made = binding.made() - made
        if not self.passed:
            self.wrong.append((suite, "has not used the library"))
        # Tracebacks keep the objects of failed tests alive.
        del module, result, sys.modules[module_name(suite)]
        gc.collect()
        leaked = binding.blocks() - blocks
        if leaked:
            self.wrong.append((suite, f"has left {leaked} blocks of memory of the library"))
        self.seconds = time.monotonic() - start


def report(title, runs):
    """A line for the suites together, and lines for what was skipped and what is wrong. Whether all is well."""
    print(
        f"{title}: {sum(len(run.passed) for run in runs)} passed, {sum(len(run.wrong) for run in runs)} failed,"
        f" {sum(len(run.skipped) for run in runs)} skipped ({sum(run.made for run in runs)} objects of the library,"
        f" {sum(run.without for run in runs)} tests without any, {sum(run.seconds for run in runs):.0f} s)"
    )
    reasons = collections.defaultdict(list)
    for run in runs:
        for name, reason in run.skipped:
            reasons[reason].append(name)
    for reason, names in reasons.items():
        print(f"  skipped: {reason}: {', '.join(names)}")
    for run in runs:
        for name, why in run.wrong:
            print(f"  FAILED {run.suite} {name}: {why}")
    sys.stdout.flush()
    return not any(run.wrong for run in runs)


def main(directory, skips, *named):
    if not os.environ.get("PYTHONHASHSEED", "").isdecimal():
        sys.exit("PYTHONHASHSEED has to be a number, so that the library and CPython have the same hashes")
    sys.path.insert(0, directory)
    import pybuffer_binding as binding

    with open(skips, "rb") as file:
        entries = tomllib.load(file)["skip"]
    version = "{}.{}".format(*sys.version_info)
    rounds = int(os.environ.get("REPEAT") or "3")
    sys.modules.update(stand_ins(binding))
    test.support.verbose = 0
    # No optional resources, such as the network, except for long tests.
    test.support.use_resources = ["cpu"]
    # As it does with the interpreter's own.
    collections.abc.Sequence.register(binding.memoryview)
    good = True
    for suite in named or suites.WHOLE:
        run = Run(suite, binding, entries, version, rounds)
        good &= report(f"CPython {version} {suite} (sha256 {run.digest[:12]})", [run])
        if suite == "test_buffer":
            # Again with the library's exporter instead of _testbuffer's.
            theirs = sys.modules["_testbuffer"].ndarray
            sys.modules["_testbuffer"].ndarray = binding.ndarray
            run = Run(suite, binding, entries, version, rounds, "ndarray")
            sys.modules["_testbuffer"].ndarray = theirs
            good &= report(f"CPython {version} {suite}, with the library's ndarray", [run])
    python2_tests = os.environ.get("PYTHON2_TESTS")
    if python2_tests:
        run = Run("test_buffer", binding, entries, "2.7", python2_tests=pathlib.Path(python2_tests))
        good &= report(f"CPython 2.7 test_buffer on {version} (sha256 {run.digest[:12]})", [run])
    if not named:
        runs = [Run(suite, binding, entries, version) for suite in suites.users(sys.version_info[:2])]
        good &= report(f"CPython {version}, the tests of {len(runs)} other suites that use memoryviews", runs)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
