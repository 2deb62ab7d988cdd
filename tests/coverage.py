"""The table of what the tests reach, from what llvm-cov exports (tests/coverage.sh).

    coverage.py EXPORT LIST [--lines]

A line or a branch counts as reached if any instantiation of it, in any of the programs, was reached. A branch is one outcome of a
condition: each `if`, `&&`, `||`, `if let` and guard has two. Tests inside the sources are left out.

At least LEAST of the lines and of the branches of each module must be reached. LIST names what is not reached though it must be: in
the modules that must be reached completely all of it, in others what would be too much; below the reason for it:

    [reason]
    file | function | true | condition
    file | function | line | first of the adjacent lines

What must be reached, is not, and is not in LIST, fails, and so does what LIST names but is reached. With --lines all lines that are not reached
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
# The share of each module that must be reached or listed.
LEAST = 0.9
# What this machine has not; the files are compiled, but cannot run.
AVX512 = ("src/kernels/copy/transpose/avx512.rs", "src/kernels/copy/transpose/avx512_strips.rs")
UNREACHABLE = "AVX-512, which cannot run here"
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
        """Outcomes that were not seen and lines that were not reached, as LIST names them: where, how many lines, and the name."""
        for (span, side), count in sorted(self.sides().items()):
            if count == 0 and sum(self.branches[span]) > 0:
                yield span[0], 0, f"{self.path} | {self.function(span[0])} | {['true', 'false'][side]} | {self.source(span)}"
        # Adjacent lines are one entry.
        lines = sorted(line for line, count in self.lines().items() if count == 0)
        for first in lines:
            if first - 1 not in lines:
                count = next(count for count in range(1, len(lines) + 1) if first + count not in lines)
                yield first, count, f"{self.path} | {self.function(first)} | line | {self.text[first - 1].strip()}"


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
        return UNREACHABLE
    if parts[1] in ("kernels", "objects") and len(parts) > 3:
        return "::".join(parts[1:3])
    return parts[1].removesuffix(".rs")


def share(reached, all_):
    return f"{100 * reached / all_:.1f} %" if all_ else "-"


def main():
    export, list_ = sys.argv[1:3]
    files = read(export)
    known, reason = {}, ""
    path = pathlib.Path(list_)
    for line in path.read_text().splitlines() if path.exists() else []:
        if line.startswith("["):
            reason = line.strip("[]")
        elif line and not line.startswith("#"):
            known[line] = reason

    # Of each module: lines reached, all, listed; the same of branches.
    table = collections.defaultdict(lambda: [0] * 6)
    missing, open_ = set(), []
    for path, file in sorted(files.items()):
        rows = [table[folder(path)]]
        if folder(path) != UNREACHABLE:
            rows.append(table["~all"])
        lines, sides = file.lines(), file.sides()
        listed = [0, 0]
        for line, count, what in file.missing():
            missing.add(what)
            if known.get(what):
                listed[not count] += count or 1
            elif path.startswith(COMPLETE):
                open_.append(f"not reached, and not listed ({path}:{line}): {what}")
        for row in rows:
            row[0] += sum(count > 0 for count in lines.values())
            row[1] += len(lines)
            row[2] += listed[0]
            row[3] += sum(count > 0 for count in sides.values())
            row[4] += len(sides)
            row[5] += listed[1]

    print("| | lines | reached | listed | branches | reached | listed |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, (lines, all_lines, listed_lines, sides, all_sides, listed_sides) in sorted(table.items()):
        if name != UNREACHABLE:
            for kind, reached, all_ in ("lines", lines + listed_lines, all_lines), ("branches", sides + listed_sides, all_sides):
                if reached < LEAST * all_:
                    open_.append(f"less than {100 * LEAST:.0f} % of the {kind} of {name.strip('~')} are reached or listed")
        name = "all but AVX-512" if name == "~all" else name
        print(f"| {name} | {all_lines} | {share(lines, all_lines)} | {listed_lines} | {all_sides} | {share(sides, all_sides)} | {listed_sides} |")

    if "--lines" in sys.argv:
        for path, file in sorted(files.items()):
            for line, count in sorted(file.lines().items()):
                if not count:
                    print(f"{path}:{line}: {file.text[line - 1].strip()}")

    open_ += [f"listed, but reached: {what}" for what in known if what not in missing]
    print("\n".join(open_ + [f"{len(known)} outcomes and lines that are not reached are listed with reasons"]))
    sys.exit(bool(open_))


main()
