"""The driver of `make bench`: builds the benchmark programs, has them do each workload in turns, and prints one table.

    run.py [--quick] [--write] [--only TEXT]

For each workload every program prepares it and checks its outputs; then each column is timed once a round, those of
all programs in turns. A time is the median of the rounds, of the processor time of its process. What takes more than 50
ms is timed less often. --write puts the table into docs/performance.md, its chart beside it, and the README's figures.

From the environment: CC, PYBUFFER_CFLAGS, PYBUFFER_LIBS, BENCH_BUILD (where to build), ORACLE (prefix of CPython 3.13;
else the newest under PYENV_ROOT or `pyenv root`), NUMPY_PYTHON and PEERS_PYTHON (interpreters with NumPy, and with
OpenCV, IPP and PyTorch). What is missing is said, and its column is empty. SMALL_PAGES leaves memory in small pages.
"""

import argparse
import glob
import os
import pathlib
import random
import re
import shlex
import statistics
import subprocess
import sys
import tempfile

import chart
import table

HERE = pathlib.Path(__file__).resolve().parent
DOCS = HERE.parent / "docs"
# Rounds, and those of columns that take longer than SLOW.
FULL, QUICK, SLOW = (15, 3), (5, 1), 50e6
SOURCES = [str(HERE / f"{name}.c") for name in ("main", "copies", "calls", "values", "bench")]
FLAGS = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]


class Program:
    """A benchmark program that runs, and answers line by line."""

    def __init__(self, arguments, **environment):
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


def words(name):
    return shlex.split(os.environ.get(name, ""))


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


def built(output, *arguments):
    subprocess.run([*(words("CC") or ["cc"]), *FLAGS, *arguments, "-o", str(output)], check=True)
    return str(output)


def programs(build, shared):
    """Starts this library's program, which is first, and those of its peers."""
    yield Program([built(build / "ours", *words("PYBUFFER_CFLAGS"), *SOURCES, *words("PYBUFFER_LIBS")), shared])
    prefix = oracle()
    if prefix:
        flags = ["-DNDEBUG", "-DBENCH_PYTHON_H", "-isystem", f"{prefix}/include/python3.13"]
        libraries = [f"-L{prefix}/lib", f"-Wl,-rpath,{prefix}/lib", "-lpython3.13"]
        yield Program([built(build / "cpython", *flags, *SOURCES, *libraries), shared])
    else:
        print("no CPython 3.13 (set ORACLE or PYENV_ROOT): its column is empty", file=sys.stderr)
    repeat = built(build / "repeat.so", "-shared", "-fPIC", str(HERE / "repeat.c"))
    for variable, peers in (("NUMPY_PYTHON", ["numpy"]), ("PEERS_PYTHON", ["opencv", "ipp", "torch"])):
        python = os.environ.get(variable, "")
        if python and os.path.exists(python):
            # IPP finds its libraries as programs do.
            libraries = str(pathlib.Path(python).parent.parent / "lib")
            yield Program([python, str(HERE / "peers.py"), shared, repeat, *peers], LD_LIBRARY_PATH=libraries)
        else:
            print(f"no {' and '.join(peers)} ({variable}): the columns are empty", file=sys.stderr)


def medians(running, workload, rounds, slow_rounds):
    """The times of a workload by column. The programs prepare it one by one; the first is the reference."""
    columns = {program: program.ask("set", workload).split("\t") for program in running}
    times = {name: [] for names in columns.values() for name in names if name}
    for _ in range(rounds):
        for program, names in columns.items():
            # The first finds the caches filled by another program, so the order rotates.
            random.shuffle(names)
            for name in filter(None, names):
                if len(times[name]) < slow_rounds or statistics.median(times[name]) < SLOW:
                    times[name].append(float(program.ask("time", name)))
    return {name: statistics.median(samples) for name, samples in times.items()}


def measure(running, goals, options):
    """All results by the name of the workload; prints the table's lines as they come."""
    listed = {line.split("\t")[0]: line for line in running[0].list()}
    differ = set(listed) ^ {goal.name for goal in goals}
    if differ:
        sys.exit(f"not both in goals.tsv and in the program: {sorted(differ)}")
    results = {}
    print(*table.heading(), sep="\n")
    for goal in goals:
        if options.only in goal.name:
            results[goal.name] = medians(running, listed[goal.name], *(QUICK if options.quick else FULL))
            print(table.line(table.cells(goal, results[goal.name])), flush=True)
    return results


def processor():
    with open("/proc/cpuinfo") as lines:
        fields = dict(re.split(r"\s*:\s*", line.strip(), maxsplit=1) for line in lines if ":" in line)
    return f"{fields.get('model name', 'an unknown processor')}, family {fields.get('cpu family', '?')}"


def replace(path, mark, lines):
    """Puts lines between the two comments of a Markdown file that bear the mark."""
    begin, end = f"<!-- {mark}: written by make bench WRITE=1 -->", f"<!-- end of {mark} -->"
    before, rest = path.read_text().split(begin)
    after = rest.split(end)[1]
    path.write_text("\n".join([before + begin, "", *lines, "", end + after]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    if options.write and options.only:
        parser.error("a part of the table is not written")
    with open(HERE / "goals.tsv") as lines:
        goals = table.read_goals(lines)
    build = pathlib.Path(os.environ.get("BENCH_BUILD", "target/bench"))
    build.mkdir(parents=True, exist_ok=True)
    # In memory if possible, so that no disk is busy meanwhile.
    with tempfile.NamedTemporaryFile(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as shared:
        running = list(programs(build, shared.name))
        versions = [version for program in running for version in program.versions.split("\t")]
        about = f"{processor()}; {', '.join(versions)}; {(QUICK if options.quick else FULL)[0]} rounds"
        results = measure(running, goals, options)
        for program in running:
            program.process.stdin.close()
            program.process.wait()
    met, missed = table.summary(goals, results)
    print(f"\n{about}. {met}{'; not those of:' if missed else '.'}", *missed, sep="\n")
    if options.write:
        rows = [table.line(table.cells(goal, results[goal.name])) for goal in goals]
        replace(DOCS / "performance.md", "table", [f"{about}. {met}.", "", *table.heading(), *rows])
        limits = subprocess.run([built(build / "limits", str(HERE / "limits.c"))], stdout=subprocess.PIPE, text=True)
        rows = ["| accesses | time | of memcpy |", "| --- | ---: | ---: |", *limits.stdout.splitlines()]
        replace(DOCS / "performance.md", "limits", rows)
        replace(HERE.parent / "README.md", "figures", table.readme(goals, results))
        (DOCS / "performance.svg").write_text(chart.draw(goals, results, about))


main()
