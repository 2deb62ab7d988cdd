"""The benchmark programs as processes: how they are built, started and asked. run.py and builds.py say what they measure.

From the environment: CC, PYBUFFER_CFLAGS, ORACLE (prefix of CPython 3.13; else the newest under PYENV_ROOT or `pyenv root`),
NUMPY_PYTHON and PEERS_PYTHON (interpreters with NumPy, and with OpenCV, IPP and PyTorch).
"""

import glob
import os
import pathlib
import platform
import re
import shlex
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
# Rounds, and how many of them for what takes longer than SLOW.
FULL, QUICK, SLOW = (15, 3), (5, 1), 50e6
SOURCES = [str(HERE / f"{name}.c") for name in ("main", "copies", "calls", "values", "limits", "bench")]
FLAGS = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
# What PYBUFFER_CPU calls the levels of an architecture, the highest first, and their usual names.
LEVELS = {
    "x86_64": {"avx512": "AVX-512", "avx2": "AVX2", "portable": "portable"},
    "aarch64": {"neon": "NEON", "portable": "portable"},
}
# NumPy's names of the instructions that levels of x86-64 lack. (It does without none on AArch64.)
BEYOND = {"AVX2": "X86_V4|AVX512", "portable": "."}
# The columns that are this library's copies: to contiguous memory and from it, and by PyObject_CopyData.
WAYS = {"libpybuffer": "to", "from": "from", "CopyData": "CopyData"}


class Program:
    """A benchmark program that runs, and answers line by line."""

    def __init__(self, arguments, level=None, **environment):
        self.level = level
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}
        )
        self.versions = self.line()

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.process.args[0]} has ended")
        return line.rstrip("\n")

    def ask(self, *words):
        print(*words, sep="\t", file=self.process.stdin, flush=True)
        return self.line()

    def list(self):
        line, lines = self.ask("list"), []
        while line:
            lines.append(line)
            line = self.line()
        return lines

    def set(self, workload):
        """Prepares a workload; the names of its columns."""
        return [name for name in self.ask("set", workload).split("\t") if name]

    def time(self, column):
        return float(self.ask("time", column))

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def stay():
    """Has this process and all that it starts use one processor, since two may differ: neighbours make one of them slower."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def words(name):
    return shlex.split(os.environ.get(name, ""))


def built(output, *arguments):
    subprocess.run([*(words("CC") or ["cc"]), *FLAGS, *arguments, "-o", str(output)], check=True)
    return str(output)


def levels():
    return LEVELS.get(platform.machine(), {"portable": "portable"})


def at_levels(arguments, **environment):
    """The program with this library, once for each level that this machine has, the highest first."""
    for cpu, level in levels().items():
        program = Program(arguments, level, PYBUFFER_CPU=cpu, **environment)
        if program.versions:
            yield program
        else:
            program.end()


def lacking(programs):
    """A note on the levels that the machine lacks."""
    had = {program.level for program in programs}
    missing = [level for level in levels().values() if level not in had]
    return f"; this machine has no {' and no '.join(missing)}" if missing else ""


def oracle():
    if "ORACLE" in os.environ:
        return os.environ["ORACLE"]
    root = os.environ.get("PYENV_ROOT")
    if not root:
        try:
            root = subprocess.run(["pyenv", "root"], capture_output=True, text=True).stdout.strip()
        except OSError:
            return None
    found = glob.glob(f"{root}/versions/3.13.*")
    return max(found, key=lambda path: [int(part) for part in re.findall(r"\d+", path)], default=None)


def peers(build, shared):
    """Starts the programs of the peers; missing ones are reported."""
    prefix = oracle()
    if prefix:
        flags = ["-DNDEBUG", "-DBENCH_PYTHON_H", "-isystem", f"{prefix}/include/python3.13"]
        libraries = [f"-L{prefix}/lib", f"-Wl,-rpath,{prefix}/lib", "-lpython3.13"]
        yield Program([built(build / "cpython", *flags, *SOURCES, *libraries), shared])
    else:
        print("no CPython 3.13 (set ORACLE or PYENV_ROOT): its column is empty", file=sys.stderr)
    for variable, peers in (("NUMPY_PYTHON", ["numpy"]), ("PEERS_PYTHON", ["opencv", "ipp", "torch"])):
        if program := from_python(variable, build, shared, peers):
            yield program
        else:
            print(f"no {' and '.join(peers)} ({variable}): the columns are empty", file=sys.stderr)


def numpy_at_levels(build, shared, levels):
    """NumPy's program without the instructions that a level lacks, for each level but the machine's highest."""
    if platform.machine() == "x86_64":
        for level in levels[1:]:
            if program := from_python("NUMPY_PYTHON", build, shared, ["numpy"], level, NUMPY_WITHOUT=BEYOND[level]):
                yield program


def from_python(variable, build, shared, peers, level=None, **environment):
    """The program of peers that are reached from a Python; None where that is missing."""
    python = os.environ.get(variable, "")
    if not python or not os.path.exists(python):
        return None
    repeat = built(build / "repeat.so", "-shared", "-fPIC", str(HERE / "repeat.c"))
    # IPP looks for parts of itself where programs do.
    libraries = str(pathlib.Path(python).parent.parent / "lib")
    arguments = [python, str(HERE / "peers.py"), shared, repeat, *peers]
    return Program(arguments, level, LD_LIBRARY_PATH=libraries, **environment)


def enough(samples, slow_rounds):
    """Whether slow work has been timed often enough."""
    return len(samples) >= slow_rounds and statistics.median(samples) >= SLOW
