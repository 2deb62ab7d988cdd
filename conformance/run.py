"""Runs test files of the interpreter that runs this, unmodified, with the library's memoryview in place of its own:

    python run.py DIRECTORY SKIPS SUITE...

DIRECTORY has the extension module pybuffer_binding, SKIPS is the list of tests that are Python's alone (skips.toml), and
SUITE is test_memoryview or test_buffer. A line for each suite, each failure and each skip. The exit status says whether
every test passed or is rightly in the list.
"""

import fnmatch
import gc
import hashlib
import importlib.util
import os
import pathlib
import random
import sys
import time
import types
import unittest

import tomllib


def stand_ins(binding):
    """The modules that the tests import, with the library's functions where they test the memoryview's C functions."""
    import _testbuffer
    import _testcapi

    buffer = types.ModuleType("_testbuffer")
    vars(buffer).update(vars(_testbuffer))
    for name in "get_contiguous", "py_buffer_to_contiguous", "is_contiguous", "get_pointer":
        setattr(buffer, name, Counted(getattr(binding, name)))
    # The exporters are still the interpreter's; their method that makes memoryviews is not.
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


def load(suite, binding):
    """The module of a suite. The name memoryview is in it before its first line runs."""
    path = pathlib.Path(importlib.util.find_spec("test").origin).with_name(suite + ".py")
    source = path.read_bytes()
    module = types.ModuleType(f"conformance.{suite}")
    module.__file__ = str(path)
    module.memoryview = binding.memoryview
    sys.modules[module.__name__] = module
    exec(compile(source, path, "exec"), vars(module))
    if module.memoryview is not binding.memoryview:
        sys.exit(f"{suite} has a memoryview of its own")
    return module, hashlib.sha256(source).hexdigest()


class Result(unittest.TestResult):
    """What became of each test, by its name: passed, failed or skipped, with the reason."""

    def __init__(self, uses):
        super().__init__()
        self.outcomes = {}
        self.uses = uses
        # The tests that have passed without the library having been used at all.
        self.without = set()

    def startTest(self, test):
        super().startTest(test)
        self.before = self.uses()

    def note(self, test, outcome, reason=""):
        name = ".".join(test.id().split(".")[-2:])
        # A test with several parts has failed with the first that has.
        if self.outcomes.get(name, ("passed", ""))[0] == "passed":
            self.outcomes[name] = outcome, reason

    def raised(self, test, error):
        trace = self._exc_info_to_string(error, test)
        self.note(test, "failed", trace)

    def addSuccess(self, test):
        self.note(test, "passed")
        if self.uses() == self.before:
            self.without.add(test.id())

    def addFailure(self, test, error):
        self.raised(test, error)

    addError = addFailure

    def addSkip(self, test, reason):
        self.note(test, "skipped", reason)

    def addSubTest(self, test, subtest, error):
        if error is not None:
            self.raised(test, error)


def listed(entries, suite, version):
    """The entries of the list for this suite and interpreter."""
    return [
        entry
        for entry in entries
        if entry["suite"] == suite and version in entry.get("python", [version])
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
            if outcome == "passed":
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
        if entry["test"] not in used:
            wrong.append((entry["test"], "is in the list of skips, but is no test"))
    return passed, skipped, wrong


def run(suite, binding, entries, version, rounds):
    """Runs a suite as often as is said, with other random numbers each time."""
    made, blocks, start = binding.made(), binding.blocks(), time.monotonic()
    module, digest = load(suite, binding)
    result = Result(lambda: binding.made() + Counted.calls)
    for seed in range(rounds):
        random.seed(seed)
        unittest.defaultTestLoader.loadTestsFromModule(module).run(result)
    passed, skipped, wrong = judge(result.outcomes, listed(entries, suite, version))
    made = binding.made() - made
    if made == 0 or not passed:
        wrong.append((suite, "has not used the library"))
    del module, sys.modules[f"conformance.{suite}"]
    # What failed tests hold is in their traces.
    gc.collect()
    leaked = binding.blocks() - blocks
    if leaked:
        wrong.append((suite, f"has left {leaked} blocks of memory of the library"))
    print(
        f"CPython {version} {suite}: {len(passed)} passed, {len(wrong)} failed, {len(skipped)} skipped"
        f" ({made} memoryviews, {len(result.without)} tests without any, {time.monotonic() - start:.0f} s,"
        f" sha256 {digest[:12]})"
    )
    for reason in dict.fromkeys(reason for _, reason in skipped):
        names = [name for name, why in skipped if why == reason]
        print(f"  skipped: {reason}: {', '.join(names)}")
    for name, why in wrong:
        print(f"  FAILED {name}: {why}")
    return not wrong


def main(directory, skips, *suites):
    sys.path.insert(0, directory)
    import pybuffer_binding as binding

    with open(skips, "rb") as file:
        entries = tomllib.load(file)["skip"]
    version = "{}.{}".format(*sys.version_info)
    sys.modules.update(stand_ins(binding))
    rounds = int(os.environ.get("ROUNDS", "3"))
    good = [run(suite, binding, entries, version, rounds) for suite in suites]
    sys.stdout.flush()
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
