"""Compares how many instructions functions took with the bounds in docs/bounds.md, or writes these.

report.py [--write] TABLE (CALLS COUNTS)...    CALLS: what every.c --count has printed, COUNTS: callgrind's dump after each call

A bound is `fixed + byte * bytes + character * characters`, of what the arguments of a call and its result have. Prints TAP: no call
takes more than its bound; none takes ten times as much for four times the arguments; the table has every function. The numbers of
the table are what was measured, half as much again, rounded up to 1, 2 or 5 times a power of ten.
"""

import collections
import re
import sys

Call = collections.namedtuple("Call", "function subject n bytes characters succeeded count")

# Where a call changes to another way of doing its work, it may take more steps at once.
STEP = 40_000
ROW = re.compile(r"\| `(\w+)` \| ([\d,.]+) \| ([\d,.]+) \| ([\d,.]+) \|")
MARGIN = 1.5


def read(calls, counts):
    """The calls. The dump after the last one has nothing in it."""
    with open(counts, encoding="utf-8") as lines:
        totals = [int(line.split()[1]) for line in lines if line.startswith("totals:")]
    with open(calls, encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines]
    if len(totals) != len(rows) + 1 or not rows:
        sys.exit(f"{len(rows)} calls and {len(totals)} counts")
    return [Call(function, subject, *map(int, numbers), count) for (function, subject, *numbers), count in zip(rows, totals)]


def rounded(number):
    """Up to 1, 2 or 5 times a power of ten, from 1/100 on."""
    unit = 0.01
    while True:
        for factor in (1, 2, 5):
            if number <= unit * factor * 1.0001:
                return unit * factor
        unit *= 10


def series(calls):
    """The calls of each function with each subject that grows."""
    found = collections.defaultdict(list)
    for call in calls:
        found[call.function, call.subject].append(call)
    return [sorted(some, key=lambda call: call.n) for some in found.values() if len(some) > 1]


def fit(calls):
    """The bound of each function: a slope for bytes, one for characters, and what is left."""
    slopes = collections.defaultdict(lambda: [0.0, 0.0])
    for some in series(calls):
        first, last = some[0], some[-1]
        more = last.count - first.count
        of_bytes, of_characters = last.bytes - first.bytes, last.characters - first.characters
        which = 1 if of_characters > 0 else 0
        if more > 0 and (of_bytes > 0 or of_characters > 0):
            slope = slopes[first.function]
            slope[which] = max(slope[which], more / (of_characters if which else of_bytes))
    bounds = {}
    for call in calls:
        byte, character = slopes[call.function]
        rest = call.count - byte * call.bytes - character * call.characters
        bounds[call.function] = max(bounds.get(call.function, 0), rest)
    return {name: tuple(rounded(number * MARGIN) if number > 0 else 0
                        for number in (max(rest, 10), *slopes[name])) for name, rest in bounds.items()}


def shown(number):
    return f"{number:,.0f}" if number >= 1 or number == 0 else f"{number:.2g}"


def write(bounds, path):
    lines = ["# Bounds", "",
             "How many instructions a call of each function takes at most: a fixed number, and so many for each byte of memory and each",
             "character of text that its arguments and its result have. The memory of a view is what lies behind it, whatever its shape",
             "says; its text is its format. `make bounds` measured them with the arguments of `c-tests/robustness/subjects.h`: items",
             "of no bytes and 2**62 of them, strides of 0, windows that overlap, also of tables of pointers, 64 axes, formats that say very",
             "much. `make test` counts again and fails where a call takes more, or ten times as much for four times the arguments. The",
             "numbers are for the portable level on x86-64 and the C library's memory functions, half as much again as was measured, rounded",
             "up.", "",
             "What is left of the fixed numbers where they are large: walks of up to 4,096 pairs of items, behind pointers of up to 65,536 and",
             "of 128 for each pointer, run as they are. Where thousands are taken for each byte, they are for windows along 62 axes of any",
             "strides: some hundred for each axis and place. (What `PyBuffer_FromContiguous` takes in Fortran order behind pointers is for",
             "each line, of two items in the worst case, and its 41 axes.) `pybuffer_memoryview_index` takes so much for each part that start",
             "and stop cut out, up to two for each axis. Slots, callbacks and allocators of the program are not in them. Macros and inline",
             "functions of the header call at most one of these, or take a few instructions.", "",
             "| function | fixed | for each byte | for each character |", "| --- | ---: | ---: | ---: |"]
    for name in sorted(bounds):
        lines.append(f"| `{name}` | " + " | ".join(map(shown, bounds[name])) + " |")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def test(number, name, failures):
    print(f"{'not ' if failures else ''}ok {number} - {name}")
    for failure in failures[:40]:
        print(f"# {failure}")
    return bool(failures)


def grows_too_fast(some):
    """Whether it grew with more than the arguments: to sixteenfold, for four times the arguments, where each meets each other."""
    return some[-1].count > 10 * some[0].count + STEP


def main():
    arguments = sys.argv[1:]
    writes = arguments[0] == "--write"
    table_path, *parts = arguments[1 if writes else 0:]
    calls = [call for some, counts in zip(parts[::2], parts[1::2]) for call in read(some, counts)]
    if writes:
        write(fit(calls), table_path)
    with open(table_path, encoding="utf-8") as file:
        found = ROW.findall(file.read())
    bounds = {name: tuple(float(number.replace(",", "")) for number in numbers) for name, *numbers in found}
    functions = {call.function for call in calls}
    over = []
    for call in calls:
        fixed, byte, character = bounds.get(call.function, (0, 0, 0))
        bound = fixed + byte * call.bytes + character * call.characters
        if call.function in bounds and call.count > bound:
            over.append(f"{call.function} of {call.subject}, {call.n}: {call.count:,} instructions, not {bound:,.0f}")
    fast = [f"{some[0].function} of {some[0].subject}: {', '.join(f'{call.count:,}' for call in some)} instructions"
            for some in series(calls) if grows_too_fast(some)]
    print("1..3")
    failed = test(1, f"each of {len(calls)} calls takes at most the instructions of docs/bounds.md", over)
    failed |= test(2, "none takes ten times as many for four times the arguments", fast)
    failed |= test(3, "docs/bounds.md has every function (make bounds)", sorted(functions ^ set(bounds)))
    sys.exit(failed)


if __name__ == "__main__":
    main()
