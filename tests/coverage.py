"""The table of what the tests reach, from what llvm-cov exports (tests/coverage.sh).

    coverage.py EXPORT LIST [--lines]

A line or a branch counts as reached if any instantiation of it, in any of the programs, was reached. A branch is one outcome of a
condition: each `if`, `&&`, `||`, `if let` and guard has two. Tests inside the sources are left out.

LIST names what is not reached in the modules that must be reached completely, below the reason for it:

    [reason]
    file | function | true | condition
    file | function | line | first of the adjacent lines

What is not reached and not in LIST fails, and so does what LIST names but is reached. With --lines all lines that are not reached
follow the table.
"""

import collections
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Must be reached completely, or listed.
COMPLETE = ("src/layout/", "src/format/", "src/kernels/copy/strategy.rs")
# What this machine has not; the files are compiled, but cannot run.
AVX512 = ("src/kernels/copy/transpose/avx512.rs", "src/kernels/copy/transpose/avx512_strips.rs")
CODE, GAP = 0, 3


def has_avx512():
    try:
        return "avx512_vbmi" in pathlib.Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


class File:
    def __init__(self, path):
        self.path = path
        self.text = (ROOT / path).read_text().split("\n")
        self.regions = collections.Counter()
        self.branches = {}
        self.tests = self.find_tests()

    def find_tests(self):
        """The lines of items that are only compiled for tests: from the attribute to where the braces are closed."""
        lines, at = set(), 0
        while at < len(self.text):
            if not self.text[at].strip().startswith("#[cfg(test)]"):
                at += 1
                continue
            indent = len(self.text[at]) - len(self.text[at].lstrip())
            end = at + 1
            while self.text[end].strip().startswith("#"):
                end += 1
            if not self.text[end].rstrip().endswith(";"):
                while self.text[end] != " " * indent + "}":
                    end += 1
            lines.update(range(at + 1, end + 2))
            at = end + 1
        return lines

    def lines(self):
        """Of each line with code how often it was reached, by llvm-cov's rule."""
        wrapped, entered = {}, {}
        for (start, column, end, end_column, kind), count in sorted(
            self.regions.items(), key=lambda item: (item[0][:2], -item[0][2], -item[0][3])
        ):
            for line in range(start + 1, end + 1):
                wrapped[line] = (kind, count)
            if kind == CODE:
                entered[start] = max(entered.get(start, 0), count)
        result = {}
        for line in set(wrapped) | set(entered):
            kind, count = wrapped.get(line, (GAP, 0))
            known = [entered[line]] if line in entered else []
            if kind == CODE and (known or self.text[line - 1].strip() not in ("", "}", "{", "};", ")", "});", "})")):
                known.append(count)
            if known and line not in self.tests and not self.text[line - 1].strip().startswith("//"):
                result[line] = max(known)
        return result

    def sides(self):
        """Of each outcome of each condition how often it was seen."""
        return {
            (span, side): counts[side]
            for span, counts in self.branches.items()
            if span[0] not in self.tests
            for side in (0, 1)
        }

    def function(self, line):
        for at in range(line - 1, -1, -1):
            found = re.match(r"\s*(?:pub(?:\([a-z: ]*\))? )?(?:const )?(?:unsafe )?(?:extern \"C\" )?fn (\w+)", self.text[at])
            if found:
                return found[1]
        return "-"

    def source(self, span):
        start, column, end, end_column = span[:4]
        lines = self.text[start - 1 : end]
        lines[-1] = lines[-1].encode()[: end_column - 1].decode(errors="replace")
        lines[0] = lines[0].encode()[column - 1 :].decode(errors="replace")
        return " ".join(" ".join(lines).split())

    def missing(self):
        """Outcomes that were not seen and lines that were not reached, as LIST names them."""
        for (span, side), count in sorted(self.sides().items()):
            if count == 0 and sum(self.branches[span]) > 0:
                yield span[0], f"{self.path} | {self.function(span[0])} | {['true', 'false'][side]} | {self.source(span)}"
        # Adjacent lines are one entry.
        last = -1
        for line, count in sorted(self.lines().items()):
            if count == 0 and line != last + 1:
                yield line, f"{self.path} | {self.function(line)} | line | {self.text[line - 1].strip()}"
            if count == 0:
                last = line


def read(export):
    files = {}
    for part in json.loads(pathlib.Path(export).read_text())["data"]:
        for function in part["functions"]:
            for number, name in enumerate(function["filenames"]):
                _, slash, path = name.partition("/src/")
                if not slash or not name.startswith(str(ROOT)):
                    continue
                path = "src/" + path
                if path.endswith("tests.rs"):
                    continue
                if path not in files:
                    files[path] = File(path)
                file = files[path]
                for *span, count, where, _, kind in function["regions"]:
                    if where == number and kind in (CODE, GAP):
                        file.regions[(*span, kind)] += count
                for *span, yes, no, where, _, _ in function["branches"]:
                    if where == number:
                        counts = file.branches.setdefault(tuple(span), [0, 0])
                        counts[0] += yes
                        counts[1] += no
    return files


def folder(path):
    parts = path.split("/")
    if path == "src/kernels/copy/strategy.rs":
        return "kernels::copy::strategy"
    if path in AVX512 and not has_avx512():
        return "AVX-512, which cannot run here"
    if parts[1] in ("kernels", "objects") and len(parts) > 3:
        return "::".join(parts[1:3])
    return parts[1].removesuffix(".rs")


def share(reached, all_):
    return f"{100 * reached / all_:.1f} %" if all_ else "-"


def main():
    export, list_ = sys.argv[1:3]
    files = read(export)
    table = collections.defaultdict(lambda: [0, 0, 0, 0])
    for path, file in files.items():
        rows = [table[folder(path)]]
        if folder(path) != "AVX-512, which cannot run here":
            rows.append(table["~all"])
        lines, sides = file.lines(), file.sides()
        for row in rows:
            row[0] += sum(count > 0 for count in lines.values())
            row[1] += len(lines)
            row[2] += sum(count > 0 for count in sides.values())
            row[3] += len(sides)
    print("| | lines | reached | branches | reached |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, (lines, all_lines, sides, all_sides) in sorted(table.items()):
        name = "all but AVX-512" if name == "~all" else name
        print(f"| {name} | {all_lines} | {share(lines, all_lines)} | {all_sides} | {share(sides, all_sides)} |")

    if "--lines" in sys.argv:
        for path, file in sorted(files.items()):
            for line, count in sorted(file.lines().items()):
                if not count:
                    print(f"{path}:{line}: {file.text[line - 1].strip()}")

    known = {}
    path = pathlib.Path(list_)
    reason = ""
    for line in path.read_text().splitlines() if path.exists() else []:
        if line.startswith("["):
            reason = line.strip("[]")
        elif line and not line.startswith("#"):
            known[line] = reason
    missing = {}
    for path_, file in sorted(files.items()):
        if path_.startswith(COMPLETE):
            for line, what in file.missing():
                missing.setdefault(what, f"{path_}:{line}")
    failed = False
    for what, where in missing.items():
        if not known.get(what):
            print(f"not reached, and not listed ({where}): {what}")
            failed = True
    for what in known:
        if what not in missing:
            print(f"listed, but reached: {what}")
            failed = True
    print(f"{len(missing)} outcomes and lines of layout, format and strategy are not reached, {sum(1 for what in missing if known.get(what))} listed with reasons")
    reached, all_ = table["~all"][:2]
    if reached < 0.9 * all_:
        print("less than 90 % of the lines are reached")
        failed = True
    sys.exit(failed)


main()
