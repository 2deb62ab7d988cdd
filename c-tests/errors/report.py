"""Compares the errors that the C tests have seen with those that the header names, and writes them as a table.

report.py [--write] HEADER LOG TABLE    HEADER: pybuffer.h, LOG: what recorder.py's library has noted, TABLE: docs/errors.md

Prints TAP: each error that a test has seen is named in the documentation of its function, each that is named there has been
seen, and the table is up to date.
"""

import collections
import re
import sys

TYPES = ["BufferError", "IndexError", "MemoryError", "NotImplementedError", "OverflowError", "RuntimeError", "SystemError",
         "TypeError", "ValueError"]

# These hold for all functions, says the header's first comment, so that not each one repeats them.
GENERAL = {"SystemError", "MemoryError"}

# What an exporter, slot or iterator raises may be anything; here the library's own are meant.
FOREIGN = re.compile(r"raise[sd]?\b")

# These name an OverflowError that no test can see: for bytes of nearly PY_SSIZE_T_MAX, which no memory holds.
TOO_LARGE = {"PyBytesWriter_WriteBytes", "PyBytes_Concat", "PyBytes_FromFormat", "PyBytes_FromObject", "PyBytes_Join",
             "PyBytes_Repr", "PyMemoryView_GetContiguous", "PySequence_Concat"}

# Makes an error because the caller says so.
SETTERS = re.compile(r"PyErr_|_PyErr_|pybuffer_error_|PYBUFFER_")


class Header:
    def __init__(self, text):
        self.sections = [(match.start(), match.group(1)) for match in re.finditer(r"/\* ={20,}\n(.*?)\*/", text, re.S)]
        self.own, self.at = {}, {}
        for match in re.finditer(r"/\*\*(.*?)\*/\n((?:(?!/\*\*)[^\n]+\n)+)", text, re.S):
            for name in re.findall(r"\b(\w+)\s*\(", match.group(2)):
                self.own[name] = self.own.get(name, "") + match.group(1)
                self.at[name] = match.start()

    def section(self, name):
        before = [text for start, text in self.sections if start < self.at[name]]
        return before[-1] if before else ""

    def documents(self, name):
        """The comment of a function, and those of the functions whose errors, or whole behaviour, it refers to."""
        seen, todo = [], [name]
        while todo:
            name = todo.pop()
            if name in self.own and name not in seen:
                seen.append(name)
                todo += re.findall(r"`(\w+)`", self.own[name])
        return [self.own[name] for name in seen]

    def names(self, name, error):
        """Whether the documentation of a function lets it fail with this error."""
        return any(error in text for text in [*self.documents(name), self.section(name)]) or \
            FOREIGN.search(self.own[name]) is not None


def table(seen, header):
    lines = ["# Errors", "",
             "Which errors of its own each function has made in the C tests (`make errors` runs them and writes this table). What an",
             "exporter, a slot or an allocator of the program raises is passed on and is not in it; neither are `PyErr_` functions,",
             "which make an error because they are told to. Functions that are not in it cannot fail, or have nothing to report.",
             "`pybuffer.h` says when each error is made; the test `errors` compares both.", "",
             "| function | " + " | ".join(name.removesuffix("Error") for name in TYPES) + " |",
             "| --- |" + " :-: |" * len(TYPES)]
    for name in sorted(seen, key=lambda name: (header.at.get(name, 0), name)):
        lines.append(f"| `{name}` | " + " | ".join("x" if error in seen[name] else "" for error in TYPES) + " |")
    return "\n".join(lines) + "\n"


def main(arguments):
    write = arguments[0] == "--write"
    header_path, log, table_path = arguments[write:]
    header = Header(open(header_path, encoding="utf-8").read())
    seen = collections.defaultdict(set)
    for line in open(log, encoding="utf-8"):
        name, error = line.split("\t")
        seen[name].add(error.strip())
    undocumented = [f"{name}: {error} was seen, and the header does not name it" for name in sorted(seen)
                    for error in sorted(seen[name] - GENERAL)
                    if name not in header.own or not header.names(name, error)]
    unseen = [f"{name}: {error} is named, and no test has seen it" for name in sorted(header.own) if not SETTERS.match(name)
              for error in TYPES if error not in GENERAL and f"`{error}`" in header.own[name] and error not in seen[name]
              and (error, name) not in {("OverflowError", large) for large in TOO_LARGE}]
    text = table({name: errors for name, errors in seen.items() if errors}, header)
    if write:
        open(table_path, "w", encoding="utf-8").write(text)
    try:
        stale = [] if open(table_path, encoding="utf-8").read() == text else [f"{table_path} is not up to date (make errors)"]
    except FileNotFoundError:
        stale = [f"{table_path} is missing"]
    tests = [("each error that was seen is documented", undocumented), ("each error that is documented was seen", unseen),
             ("the table is up to date", stale)]
    print(f"1..{len(tests)}")
    for number, (name, wrong) in enumerate(tests, 1):
        print("".join(f"# {line}\n" for line in wrong) + f"{'not ' if wrong else ''}ok {number} - {name}")
    return any(wrong for _, wrong in tests)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
