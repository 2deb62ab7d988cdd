"""The driver of `make bench-between`: what a change costs or gains, line by line, at every level.

    builds.py [--quick] [--only TEXT] BEFORE AFTER

Two builds of the shared library do all workloads in turns, in one benchmark program (built with the present header),
which runs once for each build and level. A quotient is the least time after the change divided by the least one before it. What
seems to differ is timed again by new processes, since it matters where their memory lies.
Prints one table, the worst line first.
"""

import argparse
import math
import os
import pathlib
import random
import sys
import tempfile

import programs
import table

# Quotients that are further from 1 are timed again, in at most so many passes.
DOUBTFUL, PASSES = 1.04, 5
WAYS = list(programs.WAYS)


def named(build, library, name):
    """A folder in which the library has the name that programs ask for."""
    folder = build / name
    folder.mkdir(exist_ok=True)
    link = folder / "libpybuffer.so.0"
    link.unlink(missing_ok=True)
    link.symlink_to(pathlib.Path(library).resolve(strict=True))
    return str(folder)


def is_loaded(program, library):
    maps = pathlib.Path(f"/proc/{program.process.pid}/maps").read_text()
    if str(pathlib.Path(library).resolve()) not in maps:
        sys.exit(f"{library} is not what the program has loaded")


def compare(pairs, workload, rounds, slow_rounds, times):
    """Adds the least times of a workload, by level, way and build; the builds are timed in turns."""
    ways = {}
    for level, both in pairs.items():
        # What only one of the builds has, and the limits, cannot be compared.
        names = [program.set(workload) for program in both]
        ways[level] = [way for way in WAYS if way in names[0] and way in names[1]]
    keys = [(level, way) for level in pairs for way in ways[level]]
    found = {(*key, which): [] for key in keys for which in (0, 1)}
    for _ in range(rounds):
        random.shuffle(keys)
        for level, way in keys:
            for which in random.sample((0, 1), 2):
                samples = found[level, way, which]
                if not programs.enough(samples, slow_rounds):
                    samples.append(pairs[level][which].time(way))
    for key, samples in found.items():
        times[key] = min([*samples, times.get(key, math.inf)])


def quotients(times):
    return {(level, way): ns / times[level, way, 0] for (level, way, which), ns in times.items() if which}


def doubtful(times):
    return not times or any(not 1 / DOUBTFUL < quotient < DOUBTFUL for quotient in quotients(times).values())


def one_pass(program, builds, folders, chosen, results, rounds):
    """Times all workloads that are chosen and doubtful; the programs' levels, and what to say about the others."""
    with tempfile.NamedTemporaryFile(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as shared:
        running = [list(programs.at_levels([program, shared.name], LD_LIBRARY_PATH=folder)) for folder in folders]
        for library, started in zip(builds, running):
            is_loaded(started[0], library)
        pairs = {before.level: (before, after) for before, after in zip(*running)}
        for name in [line.split("\t")[0] for line in running[0][0].list()]:
            times = results.setdefault(name, {})
            if chosen in name and doubtful(times):
                compare(pairs, name, *rounds, times)
                if times:
                    print(row(name, times, pairs), file=sys.stderr)
        for each in sum(running, []):
            each.end()
    return list(pairs), programs.lacking(running[0])


def row(workload, times, levels):
    found = quotients(times)
    level, way = max(found, key=found.get)
    before, after = (table.time(times[level, way, which]) for which in (0, 1))
    cells = [
        ", ".join(f"{found[at, way]:.2f}" if (at, way) in found else "-" for way in WAYS if any(way == key[1] for key in found))
        for at in levels
    ]
    return table.line([workload, *cells, f"{level}, {programs.WAYS[way]}: {before}, {after}"])


def summary(results, level):
    found = sorted(q for times in results.values() for (at, _), q in quotients(times).items() if at == level)
    mean = math.exp(sum(map(math.log, found)) / len(found))
    counts = f"{sum(q > 1.05 for q in found)} slower and {sum(q < 0.95 for q in found)} faster by more than 5 %"
    return f"{level}: {len(found)} times, {counts}; {found[0]:.2f} to {found[-1]:.2f}, geometric mean {mean:.3f}."


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("before")
    parser.add_argument("after")
    options = parser.parse_args()
    programs.stay()
    build = pathlib.Path(os.environ.get("BENCH_BUILD", "target/bench"))
    build.mkdir(parents=True, exist_ok=True)
    builds = (options.before, options.after)
    folders = [named(build, library, name) for library, name in zip(builds, ("before", "after"))]
    # Without a path of its own, so that the one in the environment is used.
    libraries = [f"-L{folders[1]}", "-l:libpybuffer.so.0"]
    program = programs.built(build / "either", *programs.words("PYBUFFER_CFLAGS"), *programs.SOURCES, *libraries)
    rounds = programs.QUICK if options.quick else programs.FULL
    results = {}
    for at in range(PASSES):
        if at == 0 or any(times and doubtful(times) for times in results.values()):
            levels, lacking = one_pass(program, builds, folders, options.only, results, rounds)
    results = {name: times for name, times in results.items() if times}
    if not results:
        sys.exit(f"no workload has {options.only} in its name")
    order = sorted(results, key=lambda name: -max(quotients(results[name]).values()))
    heading = ["workload", *(f"{level}: to, from, CopyData" for level in levels), "the worst: before, after"]
    print(*table.heading(heading), *(row(name, results[name], levels) for name in order), sep="\n")
    print("", *(summary(results, level) for level in levels), sep="\n")
    print(f"Least times of {rounds[0]} rounds, {builds[1]} divided by {builds[0]}{lacking}.")


main()
