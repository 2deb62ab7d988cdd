"""The tables of a run: how the times compare with the goals, and how both are written. Times are in nanoseconds, by
column: (level, way) is this library's at a level of instructions, where the ways are "to" contiguous memory (the only way of work
that is not a copy), "from" it, and "CopyData"; (level, "NumPy") is NumPy's without the instructions that the level lacks; all others
have the names that the programs give them, and all instructions of the machine.
"""

import collections
import re

# How far from its goal a time may be, since two runs differ by as much; and how far from a limit of the machine.
NOISE, NEAR = 0.05, 0.1

CPYTHON, NUMPY, BACK = "CPython 3.13", "NumPy", " from"
# NumPy with all instructions of the machine, whatever the level.
FULL_NUMPY = "NumPy with all instructions"
WAYS = ("to", "from", "CopyData")
# What a workload is compared with besides libraries that do the same.
BESIDE = ("memcpy", "naive C", "memcmp", "limit", "limit from", "NumPy unchecked")
UNITS = {"ns": 1, "us": 1e3, "ms": 1e6}
# Which of the goals of a line applies to a level. NEON's kernels do what AVX2's do.
PLACES = {"AVX-512": 0, "AVX2": 1, "NEON": 1, "portable": 2}

Counted = collections.namedtuple("Counted", "sentence names")


class Goal(collections.namedtuple("Goal", "name goals readme")):
    def at(self, level):
        return self.goals[PLACES[level]]


def read_goals(lines):
    goals = []
    for line in lines:
        if not line.startswith("#"):
            name, wanted, readme = (line.rstrip("\n").split("\t") + [""])[:3]
            goals.append(Goal(name, each(wanted), readme))
    return goals


def each(wanted):
    """The goals of AVX-512, AVX2 and portable: one for all, or three."""
    parts = wanted.split(" / ")
    if len(parts) not in (1, 3):
        raise ValueError(f"neither one goal nor three: {wanted}")
    return tuple(parts * 3 if len(parts) == 1 else parts)


def time(ns):
    if ns is None:
        return "-"
    unit, scale = next(((unit, scale) for unit, scale in UNITS.items() if ns < 999.5 * scale), ("ms", 1e6))
    return f"{number(ns / scale)} {unit}"


def number(value):
    """Three significant digits."""
    return f"{value:.0f}" if value >= 99.95 else f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def is_copy(times):
    return "memcpy" in times


def limits(column):
    return column in ("memcpy", "limit", "limit from")


def ours(times, level):
    """This library's times by way."""
    return {way: times[level, way] for way in WAYS if (level, way) in times}


def peers(times, way="to", level=None):
    """The times of the peers that do the same as a way does, with the instructions of a level where they have been timed with these
    alone; of all but NumPy that is never the way from contiguous memory."""
    others = {name: ns for name, ns in times.items() if isinstance(name, str) and name not in BESIDE}
    others |= {name: times[level, name] for name in (NUMPY, NUMPY + BACK) if (level, name) in times}
    if way == "from":
        return {name.removesuffix(BACK): ns for name, ns in others.items() if name.endswith(BACK)}
    return {name: ns for name, ns in others.items() if not name.endswith(BACK)}


def best_peer(times, way="to", level=None):
    """Name and time of the fastest peer; None where there is none."""
    return min(peers(times, way, level).items(), key=lambda peer: peer[1], default=None)


def best_other(times):
    others = {name: ns for name, ns in peers(times).items() if name not in (CPYTHON, NUMPY)}
    return min(others.items(), key=lambda peer: peer[1], default=None)


def limit(times, way):
    """What the machine takes for a way, where the run has measured it."""
    names = ("limit from", "limit", "memcmp") if way == "from" else ("limit", "memcmp")
    return next((times[name] for name in names if name in times), None)


def allowed(goal, times, way="to", level=None):
    """The nanoseconds that a goal allows at a level; None where there is no goal, or nothing to compare with."""
    if goal == "-":
        return None
    if goal == "peer":
        best = best_peer(times, way, level)
        return best and best[1]
    if goal == NUMPY:
        return peers(times, way, level).get(NUMPY)
    if goal == FULL_NUMPY:
        return peers(times, way).get(NUMPY)
    if goal == "limit":
        return limit(times, way)
    wanted, unit, column = re.fullmatch(r"([\d.]+) (\w+)(?: (.+))?", goal).groups()
    if unit == "x":
        ns = times.get({"CPython": CPYTHON}.get(column, column))
        return ns and float(wanted) * ns
    return times["memcpy"] / float(wanted) if unit == "xM" else float(wanted) * UNITS[unit]


def shares(goal, times, level):
    """How much of a goal a level reaches, by way: 1 is all of it."""
    found = {way: (allowed(goal, times, way, level), ns) for way, ns in ours(times, level).items()}
    return {way: most / ns for way, (most, ns) in found.items() if most}


def short(goal, times, level):
    """The ways that do not reach the goal."""
    enough = 1 - (NEAR if goal == "limit" else NOISE)
    return {way: share for way, share in shares(goal, times, level).items() if share < enough}


def verdict(goal, times, level):
    """The goal; that it is met, or the share that is reached, with the ways that miss it where others reach it."""
    reached = shares(goal, times, level)
    if not reached:
        return "-"
    missed = short(goal, times, level)
    if not missed:
        return f"{goal}: met"
    share = f"{goal}: {min(missed.values()):.2f} of it"
    return share if len(missed) == len(reached) else f"{share} ({', '.join(missed)})"


def header(times, levels):
    """The headings of the table that a workload is in."""
    if is_copy(times):
        first = ("workload", "memcpy", "limit: to, from", "naive C", CPYTHON, "NumPy: to, from", "best other peer")
        what = "time; xM to, from, CopyData"
    else:
        first = ("workload", "memcmp, limit, naive C, NumPy unchecked", CPYTHON, NUMPY)
        what = "time; times the best peer"
    return (*first, *(cell for level in levels for cell in (f"{level}: {what}", f"{level}: goal")))


def both(*all_ns):
    """The times of two ways, those that exist."""
    return ", ".join(time(ns) for ns in all_ns if ns is not None) or "-"


def beside(times):
    """What a workload that is not a copy is compared with besides peers."""
    return ", ".join(f"{name} {time(times[name])}" for name in BESIDE if name in times) or "-"


def result(times, level):
    """A level's time, and how it compares with memcpy's or the best peer's."""
    own, best = ours(times, level), best_peer(times, level=level)
    if not own:
        return "-"
    if is_copy(times):
        ratios = [number(times["memcpy"] / ns) for ns in own.values()]
    else:
        ratios = [number(best[1] / own["to"])] if best else []
    peer = [times[level, name] for name in (NUMPY, NUMPY + BACK) if (level, name) in times]
    beside = f"NumPy {both(*peer)}" if peer else ""
    return "; ".join([time(own["to"]), *filter(None, [", ".join(ratios), beside])])


def cells(goal, times, levels):
    if is_copy(times):
        other = best_other(times)
        first = (
            time(times["memcpy"]),
            both(times.get("limit"), times.get("limit from")),
            time(times.get("naive C")),
            time(times.get(CPYTHON)),
            both(times.get(NUMPY), times.get(NUMPY + BACK)),
            f"{other[0]} {time(other[1])}" if other else "-",
        )
    else:
        first = (beside(times), time(times.get(CPYTHON)), time(times.get(NUMPY)))
    judged = (cell for level in levels for cell in (result(times, level), verdict(goal.at(level), times, level)))
    return (goal.name, *first, *judged)


LIMITS = ("workload", "memcpy", "limit: to, from", "xM: to, from")


def limit_cells(goal, times):
    """What the machine takes, and the ratio that a copy can therefore reach at most."""
    found = [times[name] for name in ("limit", "limit from") if name in times]
    ratios = ", ".join(number(times["memcpy"] / ns) for ns in found) if is_copy(times) else "-"
    return goal.name, time(times.get("memcpy")), both(*found), ratios


def line(entries):
    return f"| {' | '.join(entries)} |"


def heading(entries):
    rules = ("---:" if at and not entry.endswith(": goal") else "---" for at, entry in enumerate(entries))
    return [line(entries), line(rules)]


def summary(goals, results, levels):
    """For each level how many lines are behind NumPy, behind the best peer and off their goal, and which. NumPy has the instructions
    of the level; where that is not all of the machine's, lines behind it with all of these are counted, too."""
    counted = []
    for level in levels:
        said, names = [], []
        restricted = any((level, NUMPY) in times for times in results.values())
        for what, wanted in (
            ("behind NumPy", lambda goal: NUMPY),
            *([(f"behind {FULL_NUMPY}", lambda goal: FULL_NUMPY)] if restricted else []),
            ("behind the best peer", lambda goal: "peer"),
            ("off their goal", lambda goal: goal.at(level)),
        ):
            judged = [goal for goal in goals if shares(wanted(goal), results.get(goal.name, {}), level)]
            missed = [goal.name for goal in judged if short(wanted(goal), results[goal.name], level)]
            said.append(f"{len(missed)} of {len(judged)} {'lines ' if not said else ''}{what}")
            names.append((what, missed))
        counted.append(Counted(f"{level}: {', '.join(said)}", names))
    return counted


def readme(goals, results, level):
    """The README's table: how many times faster than CPython, and than NumPy."""
    lines = [line(("workload", "times faster than CPython", "than NumPy")), line(("---", "---:", "---:"))]
    for goal in goals:
        times = results.get(goal.name, {})
        own = ours(times, level)
        if goal.readme and own:
            faster = (times[peer] / own["to"] if peer in times else None for peer in (CPYTHON, NUMPY))
            lines.append(line((goal.readme, *("" if ratio is None else number(ratio) for ratio in faster))))
    return lines
