"""The driver of `make bench`: builds the benchmark programs, has them do each workload in turns, and prints tables.

    run.py [--quick] [--write] [--only TEXT] [--limits]

The program with this library runs once for each level of instructions that the machine has (PYBUFFER_CPU), and for each but the
highest NumPy does, too, without what the level lacks. For each workload every program prepares it and checks its outputs; then each
column is timed once a round, all programs in turns. A time is the lower quartile of the rounds, of the processor time of its
process: neighbours on the machine only add to it. What takes more than 50 ms is timed less often. --write puts
the tables into docs/performance.md, the chart beside it, and the README's figures. --limits times only what limits the copies.

From the environment: what programs.py says, PYBUFFER_LIBS and BENCH_BUILD (where to build). Missing programs are reported, and
their columns are empty. SMALL_PAGES leaves memory in small pages.
"""

import argparse
import os
import pathlib
import random
import re
import sys
import tempfile

import chart
import programs
import table

HERE = pathlib.Path(__file__).resolve().parent
DOCS = HERE.parent / "docs"


def columns(program, workload, reference):
    """The columns of a program that are timed, and what the results call them. Limits and loops by hand come from one level."""
    for name in program.set(workload):
        if program.level and name in programs.WAYS:
            yield name, (program.level, programs.WAYS[name])
        elif program.level and name in (table.NUMPY, table.NUMPY + table.BACK):
            yield name, (program.level, name)
        elif not program.level or program is reference:
            yield name, name


def measured(running, workload, rounds, slow_rounds, wanted):
    """The times of a workload by column. The programs prepare it one by one: the first says what is right."""
    timed = [(program, list(columns(program, workload, running[0]))) for program in running]
    times = {key: [] for _, pairs in timed for _, key in pairs if wanted(key)}
    for _ in range(rounds):
        # The first to run finds caches that another program has filled, so they take turns.
        random.shuffle(timed)
        for program, pairs in timed:
            random.shuffle(pairs)
            for name, key in pairs:
                if key in times and not programs.enough(times[key], slow_rounds):
                    times[key].append(program.time(name))
    return {key: sorted(samples)[(len(samples) - 1) // 4] for key, samples in times.items() if samples}


def measure(running, goals, levels, options):
    """All results by the name of the workload; prints the tables' lines as they come."""
    listed = {line.split("\t")[0]: line for line in running[0].list()}
    differ = set(listed) ^ {goal.name for goal in goals}
    if differ:
        sys.exit(f"not both in goals.tsv and in the program: {sorted(differ)}")
    results, headed = {}, None
    for goal in goals:
        if options.only not in goal.name:
            continue
        wanted = table.limits if options.limits else lambda key: True
        times = measured(running, listed[goal.name], *(programs.QUICK if options.quick else programs.FULL), wanted)
        if options.limits and "limit" not in times:
            continue
        results[goal.name] = times
        header = table.LIMITS if options.limits else table.header(times, levels)
        if header != headed:
            headed = header
            print("", *table.heading(header), sep="\n")
        row = table.limit_cells(goal, times) if options.limits else table.cells(goal, times, levels)
        print(table.line(row), flush=True)
    return results


def processor():
    with open("/proc/cpuinfo") as lines:
        fields = dict(re.split(r"\s*:\s*", line.strip(), maxsplit=1) for line in lines if ":" in line)
    return f"{fields.get('model name', 'an unknown processor')}, family {fields.get('cpu family', '?')}"


def replace(path, mark, lines, target="bench"):
    """Puts lines between the two comments of a Markdown file that bear the mark and name the target of make."""
    begin, end = f"<!-- {mark}: written by make {target} WRITE=1 -->", f"<!-- end of {mark} -->"
    before, rest = path.read_text().split(begin)
    after = rest.split(end)[1]
    path.write_text("\n".join([before + begin, "", *lines, "", end + after]))


def write(goals, results, levels, about):
    counts = [f"* {counted.sentence}." for counted in table.summary(goals, results, levels)]
    replace(DOCS / "performance.md", "summary", [f"{about}.", "", *counts])
    for mark, copies in (("copies", True), ("values and calls", False)):
        chosen = [goal for goal in goals if table.is_copy(results[goal.name]) == copies]
        rows = [table.line(table.cells(goal, results[goal.name], levels)) for goal in chosen]
        replace(DOCS / "performance.md", mark, [*table.heading(table.header(results[chosen[0].name], levels)), *rows])
    replace(HERE.parent / "README.md", "figures", table.readme(goals, results, levels[0]))
    (DOCS / "performance.svg").write_text(chart.draw(goals, results, levels, about))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--limits", action="store_true")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    if options.write and (options.only or options.limits):
        parser.error("a part of the table is not written")
    with open(HERE / "goals.tsv") as lines:
        goals = table.read_goals(lines)
    programs.stay()
    build = pathlib.Path(os.environ.get("BENCH_BUILD", "target/bench"))
    build.mkdir(parents=True, exist_ok=True)
    # In memory if that can be, so that no disk is busy meanwhile.
    with tempfile.NamedTemporaryFile(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as shared:
        flags = [*programs.words("PYBUFFER_CFLAGS"), *programs.SOURCES, *programs.words("PYBUFFER_LIBS")]
        running = list(programs.at_levels([programs.built(build / "ours", *flags), shared.name]))
        levels, lacking = [program.level for program in running], programs.lacking(running)
        versions = [running[0].versions]
        if options.limits:
            for program in running[1:]:
                program.end()
            running, levels = running[:1], []
        else:
            others = list(programs.peers(build, shared.name))
            versions += [version for program in others for version in program.versions.split("\t")]
            running += others + list(programs.numpy_at_levels(build, shared.name, levels))
        rounds = (programs.QUICK if options.quick else programs.FULL)[0]
        about = f"{processor()}{lacking}; {', '.join(versions)}; {rounds} rounds"
        results = measure(running, goals, levels, options)
        for program in running:
            program.end()
    print(f"\n{about}.")
    for counted in table.summary(goals, results, levels):
        print(f"\n{counted.sentence}.", *(f"  {what}: {'; '.join(names)}" for what, names in counted.names if names), sep="\n")
    if options.write:
        write(goals, results, levels, about)


if __name__ == "__main__":
    main()
