"""Counts the instructions that copies take for each item, at each level and on AArch64, and prints one table (make bench-counts).

    counts.py [--write] LIBRARY [AARCH64-LIBRARY]

The copies are those of between.c, up to 256 KB. On x86-64 callgrind counts; a library for AArch64 runs under qemu, which
steps and writes a line for each instruction, so that time does not matter. Each copy is made once and three times: half of the difference is
its own. A level at which a copy takes far more instructions than its bytes explain stands out beside the others: there the plan has
fallen to a kernel that was not meant for it. --write puts the table into docs/performance.md.

From the environment: CC, CROSS_CC (for AArch64), PYBUFFER_CFLAGS, BENCH_BUILD.
"""

import argparse
import os
import pathlib
import re
import shlex
import subprocess
import sys

import table
from programs import words
from run import DOCS, HERE, replace

FEW, MANY = 1, 3
# The most bytes that a copy has: each instruction is a line of text under qemu.
MOST = 1 << 18
SYSTEM = "/usr/aarch64-linux-gnu"


def build(target, compiler):
    subprocess.run([*compiler, "-O2", *words("PYBUFFER_CFLAGS"), str(HERE / "between.c"), "-o", target, "-ldl"], check=True)
    return target


def by_callgrind(program, level):
    def count(name, library, rounds):
        # The level by the environment; what cannot be had is another one, which the caller has found out.
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, "one", name, library, str(rounds)],
            env={**os.environ, "PYBUFFER_CPU": level}, capture_output=True, text=True, check=True,
        )
        return int(re.search(r"Collected : (\d+)", done.stderr)[1])

    return count


def by_qemu(program):
    def count(name, library, rounds):
        emulator = ["qemu-aarch64", "-L", SYSTEM, "-singlestep", "-d", "nochain,exec", "-D", "/dev/stdout"]
        command = [*emulator, program, "one", name, library, str(rounds)]
        # Lines are counted by a program, since there are millions.
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", f"{shlex.join(command)} | grep -c ^Trace"],
            stdout=subprocess.PIPE, text=True, check=True,
        )
        return int(done.stdout)

    return count


def copies(program):
    """The names of the copies, with how many items each has."""
    lines = subprocess.run([program, "list"], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    for name, size, itemsize in (line.split("\t") for line in lines):
        if int(size) <= MOST:
            yield name, int(size) // int(itemsize)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    parser.add_argument("library")
    parser.add_argument("aarch64", nargs="?")
    options = parser.parse_args()
    directory = pathlib.Path(os.environ.get("BENCH_BUILD", "target/bench"))
    directory.mkdir(parents=True, exist_ok=True)
    program = str(directory / "counted")
    build(program, words("CC") or ["cc"])
    columns = [
        ("portable", by_callgrind(program, "portable"), options.library),
        ("AVX2", by_callgrind(program, "avx2"), options.library),
    ]
    if options.aarch64:
        cross = build(str(directory / "counted-aarch64"), words("CROSS_CC") or ["aarch64-linux-gnu-gcc"])
        columns.append(("AArch64 (NEON)", by_qemu(cross), options.aarch64))
    heading = ["instructions for each item", *(name for name, _, _ in columns)]
    lines = list(table.heading(heading))
    for name, items in copies(program):
        cells = [
            f"{(count(name, library, MANY) - count(name, library, FEW)) / (MANY - FEW) / items:.2f}"
            for _, count, library in columns
        ]
        lines.append(table.line([name, *cells]))
        print(lines[-1], file=sys.stderr)
    print(*lines, sep="\n")
    if options.write:
        replace(DOCS / "performance.md", "counts", lines, "bench-counts")


main()
