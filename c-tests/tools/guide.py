"""The programs and commands of a chapter of the guide (docs/guide/*.md), compiled, run, and their output compared.

guide.py CHAPTER TOOL             exits with a message where something differs
guide.py CHAPTER TOOL --write     writes the drawings that its commands make to docs/guide/drawings

A block ```c or ```cpp is a program, or without a main() a plug-in, ./plugin.so, for the one after it; the block ```text after it is what it prints. A block ```console has commands after "$ ", which
are run one after the other in one folder, with what they print. The folder has the data of the examples, and `drawings/`.
PYBUFFER_CFLAGS and PYBUFFER_LIBS say where the library is.
"""

import difflib
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

root = pathlib.Path(__file__).resolve().parents[2]
drawings = root / "docs/guide/drawings"


def blocks(text):
    for match in re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.M | re.S):
        yield match.group(1), match.group(2), text.count("\n", 0, match.start()) + 1


def differ(where, got, expected):
    if got != expected:
        sys.exit(where + "\n" + "\n".join(difflib.unified_diff(expected.splitlines(), got.splitlines(), "written", "got", lineterm="")))


def run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=120, **options)


def compile_and_run(language, program, where, folder, environment):
    source = folder / f"program.{language}"
    source.write_text(program, encoding="utf-8")
    compiler = [*shlex.split(os.environ.get("CC", "cc")), "-std=c99"] if language == "c" else [*shlex.split(os.environ.get("CXX", "c++")), "-std=c++17"]
    flags = ["-O1", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror", "-pthread"]
    is_plugin = "main(" not in program
    output = ["-shared", "-fPIC", "-o", folder / "plugin.so"] if is_plugin else ["-o", folder / "program", "-ldl"]
    made = run([*compiler, *flags, *shlex.split(os.environ["PYBUFFER_CFLAGS"]), source, *shlex.split(os.environ["PYBUFFER_LIBS"]), *output])
    if made.returncode:
        sys.exit(f"{where}: does not compile:\n{made.stdout}")
    if is_plugin:
        return None
    done = run([folder / "program"], cwd=folder, env=environment)
    if done.returncode:
        sys.exit(f"{where}: status {done.returncode}: {done.stdout}")
    return done.stdout


def main(chapter, tool, *options):
    chapter = pathlib.Path(chapter)
    text = chapter.read_text(encoding="utf-8")
    checked = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "drawings").mkdir()
        for file in (root / "examples/data").iterdir():
            if file.suffix in (".npy", ".wav", ".ppm"):
                shutil.copy(file, folder)
        environment = {**os.environ, "PATH": f"{pathlib.Path(tool).resolve().parent}:{os.environ['PATH']}"}
        printed = None
        for language, block, line in blocks(text):
            where = f"{chapter.name}:{line}"
            if language in ("c", "cpp"):
                if printed is not None:
                    sys.exit(f"{where}: the program before it has no output")
                printed = compile_and_run(language, block, where, folder, environment)
            elif language == "text" and printed is not None:
                differ(where, printed, block)
                printed = None
                checked += 1
            elif language == "console":
                for command in re.split(r"^\$ ", block, flags=re.M)[1:]:
                    command, _, expected = command.partition("\n")
                    differ(f"{where}: {command}", run(["bash", "-c", command], cwd=folder, env=environment).stdout, expected)
                    checked += 1
            else:
                sys.exit(f"{where}: a block of {language} that is not checked")
        if printed is not None:
            sys.exit(f"{chapter.name}: the last program has no output")
        for made in sorted((folder / "drawings").iterdir()):
            if "--write" in options:
                shutil.copy(made, drawings)
            elif not (drawings / made.name).exists() or (drawings / made.name).read_text() != made.read_text():
                sys.exit(f"{chapter.name}: docs/guide/drawings/{made.name} is not up to date: make drawings")
        for image in re.findall(r"!\[[^\]]*\]\(drawings/([^)]*)\)", text):
            if not (folder / "drawings" / image).exists():
                sys.exit(f"{chapter.name}: no command makes {image}")
        for link in re.findall(r"\]\(([^)#:]*)[^)]*\)", text):
            if link and not (chapter.parent / link).exists():
                sys.exit(f"{chapter.name}: {link} is not there")
    print(checked, "programs and commands")


if __name__ == "__main__":
    main(*sys.argv[1:])
