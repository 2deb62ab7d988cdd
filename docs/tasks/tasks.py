"""The programs for docs/tasks.md: counts their lines, compiles and runs them, and writes the table.

tasks.py check            the table has the numbers of the programs' lines, and those with this library print what they should
tasks.py check all        those with the other libraries too, where these are installed
tasks.py write            writes the table

From the environment: CXX, PYBUFFER_CFLAGS, PYBUFFER_LIBS; TASKS_PYTHON, a Python 3 with NumPy, pybind11 and a shared library;
NANOARROW, a checkout of Apache's arrow-nanoarrow. xtensor is found where the compiler finds it.
"""

import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
PAGE = HERE.parent / "tasks.md"
START, END = "<!-- table: written by make tasks WRITE=1 -->\n\n", "\n<!-- end of table -->"
LIBRARIES = ("pybuffer", "pybind11", "xtensor", "nanoarrow")
# Each task: what it is, and what its programs print.
TASKS = {
    "column": ("sum a column of a matrix that the program has", "66"),
    "crop": ("copy a part out of the middle of a picture", "24 25 26 27 28 29 42 43 44 45 46 47"),
    "field": ("a field of packed records as a vector", "0.33 4.87 5.97"),
    "endian": ("big-endian floats as a vector", "0.5 -2 1e+10"),
    "export": ("let others see the memory of a C++ class", "1.5 1.5 1.5"),
    "share": ("share a vector by DLPack, and take a tensor back", "5 2 3"),
    "check": ("take any exporter, and refuse all but doubles of two axes", "34 refused refused"),
    "transpose": ("copy a matrix transposed", "11 21 31 12 22 32 13 23 33 14 24 34"),
}


def lines(path):
    """The lines that are neither blank nor comments alone; all programs are formatted alike, see `formatted`."""
    return sum(1 for line in path.read_text().splitlines() if line.strip() and not line.strip().startswith("//"))


def formatted(path):
    """At most 100 columns; one statement a line; a brace that opens a function stands alone, others end their line."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        code = re.sub(r'"[^"]*"', "", line)
        statements = 1 if re.match(r"\s*for \(", code) else code.count(";")
        inner = re.search(r"\[\]\(.*\) \{.*\}", code)
        if len(line) > 100 or "\t" in line or (statements > 1 and not inner) or line != line.rstrip():
            sys.exit(f"{path}:{number}: not formatted like the others")


def command(library, source, program):
    """How a program is compiled, or why it cannot be here."""
    compile = [*shlex.split(os.environ.get("CXX", "c++")), "-std=c++17", "-O1", "-Wall", "-Wextra", str(source), "-o", str(program)]
    python = os.environ.get("TASKS_PYTHON", "")
    nanoarrow = pathlib.Path(os.environ.get("NANOARROW", ""))
    if library == "pybuffer":
        flags = [os.environ["PYBUFFER_CFLAGS"], os.environ["PYBUFFER_LIBS"]]
        return compile + [word for flag in flags for word in shlex.split(flag)], None
    if library == "pybind11":
        script = "import numpy, pybind11, sysconfig as s; v = s.get_config_var; p = s.get_paths(); print('\\n'.join((" \
                 "'-I' + pybind11.get_include(), '-I' + p['include'], '-L' + v('LIBDIR'), '-Wl,-rpath,' + v('LIBDIR'), " \
                 "'-lpython' + v('LDVERSION'))))"
        found = subprocess.run([python or "python3", "-c", script], capture_output=True, text=True, check=False)
        return (compile + found.stdout.split(), None) if found.returncode == 0 else (None, "pybind11 and NumPy (TASKS_PYTHON)")
    if library == "xtensor":
        probe = subprocess.run([compile[0], "-std=c++17", "-fsyntax-only", "-x", "c++", "-"], input="#include <xtensor/xarray.hpp>\n",
                               capture_output=True, text=True, check=False)
        return (compile, None) if probe.returncode == 0 else (None, "xtensor (libxtensor-dev)")
    common = nanoarrow / "src/nanoarrow/common"
    if not (common / "array.c").exists():
        return None, "nanoarrow (NANOARROW)"
    config = program.parent / "nanoarrow"
    config.mkdir(exist_ok=True)
    template = (nanoarrow / "src/nanoarrow/nanoarrow_config.h.in").read_text()
    (config / "nanoarrow_config.h").write_text(re.sub(r"@\w+@", lambda found: "0" if "VERSION" in found[0] else "", template))
    include = [f"-isystem{program.parent}", f"-isystem{config}", f"-isystem{nanoarrow / 'src'}"]
    objects = [program.parent / f"{name}.o" for name in ("array", "schema", "utils", "array_stream")]
    for made in objects:
        if not made.exists():
            subprocess.run(["cc", "-c", *include, str(common / f"{made.stem}.c"), "-o", str(made)], check=True)
    return compile + include + list(map(str, objects)), None


def run(libraries):
    failures = 0
    with tempfile.TemporaryDirectory() as directory:
        program = pathlib.Path(directory) / "program"
        environment = {**os.environ, "PYTHONPATH": site_packages() if "pybind11" in libraries else ""}
        for library in libraries:
            for task, (_, expected) in TASKS.items():
                source = HERE / task / f"{library}.cpp"
                if not source.exists():
                    continue
                compile, missing = command(library, source, program)
                if missing:
                    print(f"# SKIP {library}: no {missing}")
                    break
                made = subprocess.run(compile, capture_output=True, text=True, check=False)
                result = made if made.returncode else subprocess.run([program], capture_output=True, text=True, env=environment,
                                                                     check=False)
                good = result.returncode == 0 and result.stdout.split() == expected.split()
                failures += not good
                print(f"{'ok' if good else 'not ok'} - {library}: {TASKS[task][0]}")
                if not good:
                    print(result.stdout[-500:], result.stderr[-2000:])
    return failures


def site_packages():
    script = "import numpy, os; print(os.path.dirname(os.path.dirname(numpy.__file__)))"
    return subprocess.run([os.environ.get("TASKS_PYTHON") or "python3", "-c", script], capture_output=True, text=True,
                          check=False).stdout.strip()


def table():
    rows = ["| task | " + " | ".join(LIBRARIES) + " |", "| --- |" + " ---: |" * len(LIBRARIES)]
    totals = dict.fromkeys(LIBRARIES[1:], (0, 0))
    for task, (text, _) in TASKS.items():
        sources = [HERE / task / f"{library}.cpp" for library in LIBRARIES]
        cells = []
        for library, source in zip(LIBRARIES, sources):
            cells.append(f"[{lines(source)}](tasks/{task}/{library}.cpp)" if source.exists() else "")
            if source.exists():
                formatted(source)
                if library in totals:
                    ours, theirs = totals[library]
                    totals[library] = (ours + lines(sources[0]), theirs + lines(source))
        rows.append(f"| {text} | " + " | ".join(cells) + " |")
    sums = " | ".join(f"{theirs} to {ours}" for ours, theirs in totals.values())
    whole = sum(lines(HERE / task / "pybuffer.cpp") for task in TASKS)
    rows.append(f"| all that it can do, to the same with libpybuffer | {whole} | {sums} |")
    return "\n".join(rows) + "\n"


def main(action, which=""):
    text = PAGE.read_text()
    before, rest = text.split(START)
    old, after = rest.split(END)
    if action == "write":
        PAGE.write_text(before + START + table() + END + after)
        return 0
    good = old == table()
    print(f"{'ok' if good else 'not ok'} - the table has the numbers of the programs (make tasks WRITE=1)")
    return run(LIBRARIES if which == "all" else LIBRARIES[:1]) + (not good)


sys.exit(1 if main(*sys.argv[1:]) else 0)
