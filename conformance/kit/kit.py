"""C conformance of an implementation of Python's C API: buffers, memoryviews, bytes and what belongs to them.

    python kit.py build OUT [--include DIR] [--cc COMPILER]   compiles the cases, with the headers of this interpreter or those in DIR
    python kit.py run OUT [RESULT]      runs them in this interpreter, and compares with CPython's lines; RESULT gets the counts as JSON
    python kit.py show PROGRAM GROUP    prints the expected lines of a group
    python kit.py expect OUT            makes the lines of this interpreter the expected ones; with --check compares them
    python kit.py sources               whether the twin programs are those that the expected lines are of
    python kit.py table RESULT...       prints tables of results: by group, and by function

The cases are the twin programs (../../c-tests/twins), each as an extension module. A group of cases is a function that a program's
main calls, and has a process of its own; one that does not call functions in turn is a group as a whole ("main"). A function that the
headers do not declare is missing: cases that call it end the group there, and a program that cannot do without it does not compile.

Which functions a line is about is what the program called since the line before: each call writes a mark with its name, which is taken out
of the line again. A function that is a macro with arguments in the headers has no marks.
"""

import argparse
import collections
import difflib
import hashlib
import importlib.machinery
import importlib.util
import itertools
import json
import lzma
import os
import pathlib
import re
import subprocess
import sys
import sysconfig

HERE = pathlib.Path(__file__).resolve().parent
TWINS = HERE.parent.parent / "c-tests" / "twins"
EXPECTED = HERE / "expected.xz"
# Of the twin programs that the expected lines are of.
SOURCES = HERE / "expected.sha256"
# The programs print what this version does, whatever they run on.
NEWEST = "0x030f00"
SECONDS = 300
# Ended by this where a function is missing.
MISSING = 77
# Around the name of a function that is called; no program prints them.
MARKS = "\\001", "\\002"
MARK = re.compile("\001(\\w+)\002")

MODULE = """
/* Generated: {program}.c as an extension module. */
#define Py_Initialize() ((void)0)
#define Py_Finalize() ((void)0)
#define main twin_main
#include "{path}"
#undef main
static PyObject *run(PyObject *module, PyObject *argument)
{{
    long group = PyLong_AsLong(argument);
    (void)module;
    twin_start();
    switch (group) {{
{cases}
    default: break;
    }}
    fflush(stdout);
    return PyLong_FromLong(0);
}}
static PyMethodDef kit_methods[] = {{{{"run", run, METH_O, NULL}}, {{NULL, NULL, 0, NULL}}}};
static struct PyModuleDef kit_definition = {{PyModuleDef_HEAD_INIT, "kit_{program}", NULL, -1, kit_methods, NULL, NULL, NULL, NULL}};
PyMODINIT_FUNC PyInit_kit_{program}(void)
{{
    return PyModule_Create(&kit_definition);
}}
"""


def programs():
    return sorted(path.stem for path in TWINS.glob("*.c"))


def groups(program):
    """The functions that main calls one after the other, or "main" where it does other things, too."""
    source = (TWINS / (program + ".c")).read_text()
    body = re.search(r"^int main\(void\)\n\{\n(.*?)^\}", source, re.M | re.S).group(1)
    names = []
    for line in body.splitlines():
        line = line.strip()
        call = re.fullmatch(r"(\w+)\(\);", line)
        if call and not call.group(1).startswith(("Py_", "twin_")):
            names.append(call.group(1))
        elif line and not re.fullmatch(r"(Py_\w+|twin_\w+)\(\);|return 0;", line):
            return ["main"]
    return names or ["main"]


def names_used(program):
    text = (TWINS / (program + ".c")).read_text() + (TWINS / "twin.h").read_text() + (TWINS / "exporter.h").read_text()
    return set(re.findall(r"\b(_?Py[A-Z]?[A-Za-z]*_[A-Za-z_]+|_?Py_[A-Za-z]+)\(", text))


def used_by_all():
    """The functions that the programs share: they describe objects and errors, and are seldom what a line is about."""
    text = (TWINS / "twin.h").read_text() + (TWINS / "exporter.h").read_text()
    return set(re.findall(r"\b(_?Py[A-Z]?[A-Za-z]*_[A-Za-z_]+|_?Py_[A-Za-z]+)\(", text))


def hash_of_sources():
    digest = hashlib.sha256()
    for path in sorted(TWINS.glob("*.[ch]")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def declared_by(program):
    """The functions that a program declares itself."""
    text = (TWINS / (program + ".c")).read_text() + (TWINS / "twin.h").read_text()
    return set(re.findall(r"^\w[^={};\n]*?\b(_?Py\w+)\([^;{]*\);", text, re.M))


def compile_module(options, out, program, missing, macros, renamed, members=None):
    """The compiler's errors, or None."""
    names = groups(program)
    source = out / ("kit_" + program + ".c")
    cases = "\n".join(
        "    case {}: {}; break;".format(i, "(void)twin_main()" if name == "main" else name + "()")
        for i, name in enumerate(names)
    )
    stand_ins = "".join(
        '#define {0}(...) (kit_missing("{0}"), 0)\n'.format(name) for name in sorted((missing & names_used(program)) - declared_by(program) - {"Py_NewRef", "Py_XNewRef"})
    )
    unmarked = missing | (macros - set(renamed)) | declared_by(program) | BY_THE_MODULE
    # Declared by the name that it has here, since a program may also take its address.
    marks = "".join(
        '#undef {0}\nextern __typeof__({1}) {0} __asm__("{1}");\n'.format(name, renamed[name])
        for name in sorted((names_used(program) & set(renamed)) - unmarked)
    ) + "".join(
        '#define {0}(...) (kit_called("{0}"), {0}(__VA_ARGS__))\n'.format(name)
        for name in sorted(names_used(program) - unmarked)
    )
    source.write_text(
        "#define PY_SSIZE_T_CLEAN\n#include <Python.h>\n#include <stdio.h>\n#include <stdlib.h>\n"
        'static inline void kit_called(const char *name)\n{{\n    printf("{}%s{}", name);\n}}\n'.format(*MARKS)
        + "static inline void kit_missing(const char *name)\n"
        '{{\n    fflush(stdout);\n    fprintf(stderr, "missing %s\\n", name);\n    _Exit({});\n}}\n'.format(MISSING)
        + "#ifndef PyBUF_MAX_NDIM\n#define PyBUF_MAX_NDIM 64\n#endif\n"
        + (HELPERS if "Py_NewRef" in missing else "")
        + stand_ins
        + marks
        + MODULE.format(program=program, path=TWINS / (program + ".c"), cases=cases)
    )
    target = out / ("kit_" + program + ".so")
    result = subprocess.run(
        [
            *options.cc.split(), "-std=gnu11", "-O1", "-g", "-w", "-fPIC", "-shared", "-DTWIN_PYTHON_H",
            "-DTWIN_VERSION=" + NEWEST, *("-D{}={}".format(*pair) for pair in (members or {}).items()), "-I" + options.include, "-I" + str(TWINS), str(source), "-o", str(target),
        ],
        stderr=subprocess.PIPE, universal_newlines=True, env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
    return None if result.returncode == 0 else result.stderr


def declared_missing(options, out):
    """The functions that the programs call and the headers do not have, those that are macros, and the names that macros without
    arguments give to functions, as PyPy's headers do."""
    names = sorted(set().union(*(names_used(program) for program in programs())))
    source = out / "names.c"
    source.write_text(
        "#define PY_SSIZE_T_CLEAN\n#include <Python.h>\n"
        + "".join("#ifdef {0}\nint macro_{0};\nrenamed_{0} {0} ;\n#endif\n".format(name) for name in names)
    )
    command = [*options.cc.split(), "-I" + options.include, "-w"]
    preprocessed = subprocess.run(
        [*command, "-E", "-P", str(source)], stdout=subprocess.PIPE, universal_newlines=True
    ).stdout
    macros = set(re.findall(r"macro_(\w+)", preprocessed))
    renamed = dict(re.findall(r"renamed_(\w+) (PyPy\w+|_PyPy\w+) ?;", preprocessed))
    text = "".join("void use_{0}(void) {{ (void){0}; }}\n".format(name) for name in names if name not in macros)
    source.write_text("#define PY_SSIZE_T_CLEAN\n#include <Python.h>\n" + text)
    result = subprocess.run(
        [*command, "-fmax-errors=0", "-fsyntax-only", str(source)], stderr=subprocess.PIPE, universal_newlines=True,
        env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
    missing = set(re.findall(r"error: '(\w+)' undeclared", result.stderr))
    return missing - OF_THE_ABI - BY_THE_MODULE, macros, renamed


# The modules have no need of these.
BY_THE_MODULE = {"Py_Initialize", "Py_Finalize"}
# Exported by CPython, declared by twin.h alone.
OF_THE_ABI = {"PyObject_CheckReadBuffer", "PyObject_AsReadBuffer", "PyObject_AsWriteBuffer", "PyObject_AsCharBuffer"}


# Members of structs that only CPython has. Another one is printed in their place, which differs.
OPTIONAL = {"ob_exports", "exports", "hash"}
OTHERS = "ob_refcnt", "ob_base.ob_refcnt", "ob_base.ob_base.ob_refcnt"
# What is in no way about buffers, for headers that do not have it.
HELPERS = """
static inline PyObject *kit_newref(PyObject *object)
{
    Py_XINCREF(object);
    return object;
}
#define Py_NewRef(object) kit_newref((PyObject *)(object))
#define Py_XNewRef(object) kit_newref((PyObject *)(object))
"""


def build(options):
    out = pathlib.Path(options.out).resolve()
    out.mkdir(parents=True, exist_ok=True)
    missing, macros, renamed = declared_missing(options, out)
    state = {"missing": sorted(missing), "failed": {}, "members": {}}
    for program in programs():
        errors = compile_module(options, out, program, missing, macros, renamed)
        members = sorted(OPTIONAL & set(re.findall(r"has no member named '(\w+)'", errors or "")))
        for others in itertools.product(OTHERS, repeat=len(members)) if members else ():
            last = compile_module(options, out, program, missing, macros, renamed, dict(zip(members, others)))
            if last is None:
                errors = None
                break
        if members:
            state["members"][program] = members
        if errors is not None:
            first = re.search(r"error: (.*)", errors)
            state["failed"][program] = first.group(1) if first else errors.strip().splitlines()[-1]
    (out / "build.json").write_text(json.dumps(state, indent=1))
    print("{} programs, {} do not compile, {} functions are missing".format(len(programs()), len(state["failed"]), len(missing)))


def one(options):
    """Runs one group, in this process."""
    name = "kit_" + options.program
    path = str(pathlib.Path(options.out).resolve() / (name + ".so"))
    sys.setdlopenflags(os.RTLD_LAZY)
    # Whatever the ending of the file's name that the interpreter knows.
    loader = importlib.machinery.ExtensionFileLoader(name, path)
    spec = importlib.util.spec_from_loader(name, loader)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.stdout.flush()
    module.run(groups(options.program).index(options.group))


def lines_of(out, program, group):
    """What a group prints, with marks, and how it ended: None, or why not to the end."""
    try:
        result = subprocess.run(
            [sys.executable, str(HERE / "kit.py"), "one", str(out), program, group],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=SECONDS, env={**os.environ, "PYTHONHASHSEED": "0"},
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        return (error.stdout or b"").decode("ascii", "backslashreplace").splitlines(), "does not end"
    lines = result.stdout.decode("ascii", "backslashreplace").splitlines()
    errors = result.stderr.decode("utf-8", "replace").strip().splitlines()
    if result.returncode == 0:
        return lines, None
    if result.returncode == MISSING:
        return lines, "missing function " + (errors[-1].partition("missing ")[2] if errors else "")
    if result.returncode < 0:
        return lines, "crash by signal {}".format(-result.returncode)
    return lines, errors[-1][:100] if errors else "status {}".format(result.returncode)


def expected():
    return json.loads(lzma.decompress(EXPECTED.read_bytes()).decode())


def all_lines(out):
    state = json.loads((out / "build.json").read_text())
    for program in programs():
        for group in groups(program):
            if program in state["failed"]:
                yield program, group, [], [], "does not compile: " + state["failed"][program]
                continue
            marked, ending = lines_of(out, program, group)
            # The calls after the last line have none.
            called = [set(MARK.findall(line)) for line in marked]
            lines = [MARK.sub("", line) for line in marked]
            if lines and not lines[-1] and called[-1]:
                lines.pop()
            yield program, group, lines, called, ending


def expect(options):
    out = pathlib.Path(options.out).resolve()
    known = {}
    for program, group, lines, called, ending in all_lines(out):
        if ending is not None:
            print("{} {}: {}".format(program, group, ending))
            continue
        known.setdefault(program, {})[group] = lines
    if options.check:
        before = expected()
        places = sorted({(program, group) for lines in (before, known) for program in lines for group in lines[program]})
        others = [place for place in places if before.get(place[0], {}).get(place[1]) != known.get(place[0], {}).get(place[1])]
        for place in others:
            print("{} {}: other lines than expected".format(*place))
        print("{} of {} groups print what is expected".format(len(places) - len(others), len(places)))
        sys.exit(1 if others else 0)
    SOURCES.write_text(hash_of_sources() + "\n")
    EXPECTED.write_bytes(lzma.compress(json.dumps(known, separators=(",", ":")).encode(), preset=9 | lzma.PRESET_EXTREME))
    print("{} groups".format(sum(map(len, known.values()))))


def sources(options):
    if SOURCES.read_text().strip() != hash_of_sources():
        sys.exit("the twin programs have changed since their lines were recorded (kit.py expect)")
    print("the expected lines are of these twin programs")


def add_functions(counts, lines, called, right, ending):
    """Counts for each function the lines that are about it, and those of them that differ; and the group that ends in a call of it."""
    shared = used_by_all()
    differing = set()
    if right != lines:
        for operation, _, _, start, end in difflib.SequenceMatcher(None, right, lines, autojunk=False).get_opcodes():
            differing.update(range(start, end) if operation != "equal" else ())
    for number, names in enumerate(called):
        # Of what all programs share only where there is nothing else.
        for name in names - shared or names:
            counts[name]["lines"] += number < len(lines)
            counts[name]["differ"] += number in differing
    if ending is not None and called:
        last = re.match("missing function (\\w+)", ending)
        for name in [last.group(1)] if last else sorted(called[-1] - shared or called[-1])[:1]:
            counts[name]["ended"] += 1


def run(options):
    out = pathlib.Path(options.out).resolve()
    known = expected()
    state = json.loads((out / "build.json").read_text())
    rows, counts = [], collections.defaultdict(collections.Counter)
    for program, group, lines, called, ending in all_lines(out):
        right = known.get(program, {}).get(group)
        if right is None:
            continue
        changes = [
            line
            for line in difflib.unified_diff(right, lines, n=0, lineterm="")
            if not line.startswith(("---", "+++", "@@"))
        ] if right != lines else []
        same = len(right) - sum(line.startswith("-") for line in changes)
        case = lines[-1] if ending and lines else ""
        rows.append(
            {"program": program, "group": group, "lines": len(right), "same": same, "ending": ending, "case": case[:200],
             "first": changes[:2]}
        )  # fmt: skip
        add_functions(counts, lines, called, right, ending)
        print("{} {}: {} of {} lines{}".format(program, group, same, len(right), ", " + ending if ending else ""), flush=True)
    result = {"interpreter": version(), "missing": state["missing"], "groups": rows, "functions": counts}
    if options.result:
        pathlib.Path(options.result).write_text(json.dumps(result, indent=1) + "\n")
    print("{} of {} groups are the same".format(sum(row["lines"] == row["same"] and not row["ending"] for row in rows), len(rows)))


def version():
    name = sys.implementation.name
    if name == "pypy":
        return "PyPy {} ({}.{})".format(".".join(map(str, sys.pypy_version_info[:3])), *sys.version_info)
    return "CPython {}".format(sys.version.split()[0])


def short(row):
    ending = row["ending"] or ""
    if ending.startswith("does not compile"):
        return "does not compile"
    if not ending and row["same"] == row["lines"]:
        return "same"
    differing = row["lines"] - row["same"]
    share = "{} of {} differ".format(differing, row["lines"]) if differing else "more lines"
    return "{}; {}".format(ending, share) if ending else share


def table(options):
    results = [json.loads(pathlib.Path(path).read_text()) for path in options.results]
    print("| program | group | " + " | ".join(result["interpreter"] for result in results) + " |")
    print("| --- " * (len(results) + 2) + "|")
    places = [(row["program"], row["group"]) for row in results[0]["groups"]]
    by_place = [{(row["program"], row["group"]): row for row in result["groups"]} for result in results]
    for place in places:
        rows = [rows.get(place) for rows in by_place]
        print("| {} | {} | ".format(*place) + " | ".join("-" if row is None else short(row) for row in rows) + " |")
    for result in results:
        same = sum(short(row) == "same" for row in result["groups"])
        print("\n{}: {} of {} groups are the same.".format(result["interpreter"], same, len(result["groups"])), end="")
        if result["missing"]:
            print(" Missing functions: " + ", ".join(result["missing"]) + ".", end="")
        print()
    table_by_function(results)


def of_function(result, name):
    """A cell of the table by function."""
    if name in result["missing"]:
        return "missing"
    counts = result["functions"].get(name)
    if counts is None:
        return "not reached"
    ended = "; ends {} groups".format(counts["ended"]) if counts.get("ended") else ""
    differ = counts.get("differ", 0)
    return ("{} of {} differ".format(differ, counts["lines"]) if differ else "same") + ended


def table_by_function(results):
    names = sorted({name for result in results for name in [*result["functions"], *result["missing"]]})
    rows = [(name, [of_function(result, name) for result in results]) for name in names]
    print("\n| function | " + " | ".join(result["interpreter"] for result in results) + " |")
    print("| --- " * (len(results) + 1) + "|")
    for name, cells in rows:
        if set(cells) != {"same"}:
            print("| `{}` | ".format(name) + " | ".join(cells) + " |")
    print("\nThe other {} functions are the same everywhere.".format(sum(set(cells) == {"same"} for _, cells in rows)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command")
    command = commands.add_parser("build")
    command.add_argument("out")
    command.add_argument("--include", default=sysconfig.get_path("include"))
    command.add_argument("--cc", default=os.environ.get("CC", "cc"))
    command = commands.add_parser("run")
    command.add_argument("out")
    command.add_argument("result", nargs="?")
    command = commands.add_parser("one")
    for name in "out", "program", "group":
        command.add_argument(name)
    command = commands.add_parser("expect")
    command.add_argument("out")
    command.add_argument("--check", action="store_true")
    commands.add_parser("sources")
    command = commands.add_parser("show")
    command.add_argument("program")
    command.add_argument("group")
    command = commands.add_parser("table")
    command.add_argument("results", nargs="+")
    options = parser.parse_args()
    if options.command == "show":
        print("\n".join(expected()[options.program][options.group]))
    elif options.command is None:
        parser.print_help()
    else:
        globals()[options.command](options)


if __name__ == "__main__":
    main()
