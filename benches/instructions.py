"""Counts the instructions and the locked instructions of calls, and prints one table (make bench-calls).

    instructions.py [--write]

Each program of instructions.c runs under valgrind's callgrind, which says how often each instruction was executed: the
difference between 110 and 10 calls, so that only the calls are counted, with the program's own loop. objdump says
which instructions are locked: those with a lock prefix, and xchg with memory. Unlike times these figures do not depend on
the machine, but for the C library's malloc and free, which are in them. --write puts the table into docs/performance.md.

From the environment: CC, PYBUFFER_CFLAGS, PYBUFFER_LIBS, BENCH_BUILD and ORACLE, as in run.py.
"""

import argparse
import functools
import os
import pathlib
import re
import shutil
import subprocess
import sys

from programs import FLAGS, oracle, words
from run import DOCS, HERE, replace

# As in instructions.c.
FEW, MANY = 10, 110
LOCKED = re.compile(r"\s*([0-9a-f]+):\s+(?:lock\b|xchg\s.*\()")


def build(target, *flags):
    """The program, built with these flags."""
    compiler = words("CC") or ["cc"]
    subprocess.run([*compiler, *FLAGS, str(HERE / "instructions.c"), "-o", target, *flags, "-pthread"], check=True)
    return target


@functools.lru_cache(maxsize=None)
def locked_in(binary):
    """The addresses of the locked instructions of a file."""
    if not os.path.exists(binary):
        return frozenset()
    code = subprocess.run(
        ["objdump", "--disassemble", "--no-show-raw-insn", binary], capture_output=True, text=True, check=False
    ).stdout
    return frozenset(int(found[1], 16) for found in map(LOCKED.match, code.splitlines()) if found)


def executed(profile):
    """All instructions of a profile of callgrind's, and the locked ones among them."""
    total, locked, binary, is_call = 0, 0, "", False
    for line in profile.read_text().splitlines():
        if line.startswith("ob="):
            binary = line[3:]
        elif line.startswith("calls="):
            is_call = True
        elif line.startswith("0x"):
            # The line after a call says what was called; that is counted where it stands.
            if not is_call:
                address, *_, count = line.split()
                total += int(count)
                locked += int(count) if int(address, 16) in locked_in(binary) else 0
            is_call = False
    return total, locked


def count(program, directory, *arguments):
    """For each call its name, and how many instructions and locked instructions it takes."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    names = subprocess.run(
        ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={directory}/profile", "--dump-instr=yes",
         "--compress-pos=no", "--compress-strings=no", "--toggle-collect=measured", "--dump-after=measured",
         program, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True,
    ).stdout.splitlines()
    profiles = (executed(directory / f"profile.{at}") for at in range(1, 2 * len(names) + 1))
    counts = {}
    for name, few, many in zip(names, profiles, profiles):
        counts[name] = [round((more - less) / (MANY - FEW)) for less, more in zip(few, many)]
    return counts


def table(columns):
    """The table; each column has a title and, for the calls that it has, a text."""
    titles = list(columns)
    lines = ["| call | " + " | ".join(titles) + " |", "| --- |" + " ---: |" * len(titles)]
    for name in columns[titles[-1]]:
        lines.append(f"| {name} | " + " | ".join(column.get(name, "-") for column in columns.values()) + " |")
    return lines


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    missing = [tool for tool in ("valgrind", "objdump") if shutil.which(tool) is None]
    if missing:
        sys.exit(f"make bench-calls needs {' and '.join(missing)}")
    out = pathlib.Path(os.environ.get("BENCH_BUILD", "target/bench")).resolve()
    out.mkdir(parents=True, exist_ok=True)
    columns = {}
    prefix = oracle()
    if prefix is None:
        print("CPython 3.13 is missing: its column is left out", file=sys.stderr)
    else:
        include, lib = f"-I{prefix}/include/python3.13", f"{prefix}/lib"
        program = build(
            str(out / "instructions-cpython"), "-DBENCH_PYTHON_H", include, f"-L{lib}", f"-Wl,-rpath,{lib}", "-lpython3.13"
        )
        counts = count(program, out / "callgrind" / "cpython")
        columns["CPython 3.13"] = {name: f"{all_}, {locked}" for name, (all_, locked) in counts.items()}
    program = build(str(out / "instructions"), *words("PYBUFFER_CFLAGS"), *words("PYBUFFER_LIBS"))
    for title, arguments in (("one thread", []), ("with a second thread", ["threads"])):
        counts = count(program, out / "callgrind" / title.split()[-1], *arguments)
        columns[title] = {name: f"{all_}, {locked}" for name, (all_, locked) in counts.items()}
    lines = table(columns)
    print(*lines, sep="\n")
    if write:
        replace(DOCS / "performance.md", "calls", lines, "bench-calls")


if __name__ == "__main__":
    main()
