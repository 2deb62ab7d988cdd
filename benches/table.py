"""The table of a run: compares the times with the goals, and writes both. Times are medians, in nanoseconds, by
column: "libpybuffer", "from" and "CopyData" are this library's, for copies to contiguous memory, from it, by CopyData.
"""

import collections
import re

# The tolerance of goals, since two runs differ by as much.
NOISE = 0.05

OURS, CPYTHON, NUMPY = "libpybuffer", "CPython 3.13", "NumPy"
WAYS = (OURS, "from", "CopyData")
LIMITS = ("memcpy", "memcmp", "non-temporal", "naive C")
UNITS = {"ns": 1, "us": 1e3, "ms": 1e6}

HEADER = (
    "workload",
    "memcpy",
    "non-temporal",
    "naive C",
    CPYTHON,
    NUMPY,
    "best other peer",
    OURS,
    "times the best peer",
    "xM: to, from, CopyData",
    "goal",
    "met",
)

Goal = collections.namedtuple("Goal", "name goal readme")


def read_goals(lines):
    rows = [line.rstrip("\n").split("\t") for line in lines if not line.startswith("#")]
    return [Goal(*(row + [""])[:3]) for row in rows]


def time(ns):
    if ns is None:
        return "-"
    unit, scale = next(((unit, scale) for unit, scale in UNITS.items() if ns < 999.5 * scale), ("ms", 1e6))
    return f"{number(ns / scale)} {unit}"


def number(value):
    """Three significant digits."""
    return f"{value:.0f}" if value >= 99.95 else f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def ratios(times, limit):
    """This library's speed by way, where 1 is the limit's."""
    return [times[limit] / times[way] for way in WAYS if way in times]


def peers(times):
    return {column: ns for column, ns in times.items() if column not in (*WAYS, *LIMITS)}


def best_peer(times):
    """Name and time of the fastest peer; None where there is none."""
    return min(peers(times).items(), key=lambda peer: peer[1], default=None)


def best_other(times):
    others = {column: ns for column, ns in peers(times).items() if column not in (CPYTHON, NUMPY)}
    return best_peer(others)


def allowed(goal, times):
    """The nanoseconds that a goal allows; None where there is no goal, or nothing to compare with."""
    if goal == "-":
        return None
    if goal == NUMPY:
        return times.get(NUMPY)
    wanted, unit = re.fullmatch(r"([\d.]+) (\w+)", goal).groups()
    if unit in UNITS:
        return float(wanted) * UNITS[unit]
    return times[{"xM": "memcpy", "memcmp": "memcmp"}[unit]] / float(wanted)


def shares(goal, times):
    """How much of its goal a workload reaches, by way: 1 is all of it."""
    limit = allowed(goal, times)
    return {way: limit / times[way] for way in WAYS if way in times} if limit else {}


def short(goal, times):
    """The ways that do not reach the goal."""
    return {way: share for way, share in shares(goal, times).items() if share < 1 - NOISE}


def verdict(goal, times):
    """Yes, or no and the share that is reached, with the ways that miss the goal where others reach it."""
    if not shares(goal, times):
        return "-"
    missed = short(goal, times)
    if not missed:
        return "yes"
    share = f"no, {min(missed.values()):.2f}"
    if len(missed) == len(shares(goal, times)):
        return share
    return f"{share} ({', '.join(way.replace(OURS, 'to') for way in missed)})"


def cells(goal, times):
    if "memcmp" in times:
        limit, against = f"memcmp {time(times['memcmp'])}", "memcmp"
    else:
        limit, against = time(times.get("memcpy")), "memcpy"
    best, other = best_peer(times), best_other(times)
    return (
        goal.name,
        limit,
        time(times.get("non-temporal")),
        time(times.get("naive C")),
        time(times.get(CPYTHON)),
        time(times.get(NUMPY)),
        f"{other[0]} {time(other[1])}" if other else "-",
        time(times[OURS]),
        number(best[1] / times[OURS]) if best else "-",
        ", ".join(number(ratio) for ratio in ratios(times, against)) if against in times else "-",
        goal.goal,
        verdict(goal.goal, times),
    )


def line(entries):
    return f"| {' | '.join(entries)} |"


def heading():
    return [line(HEADER), line(["---"] + ["---:"] * (len(HEADER) - 2) + ["---"])]


def summary(goals, results):
    """How many goals are met, and the names of the others."""
    judged = [goal for goal in goals if goal.name in results and shares(goal.goal, results[goal.name])]
    missed = [goal.name for goal in judged if short(goal.goal, results[goal.name])]
    return f"{len(judged) - len(missed)} of {len(judged)} goals are met", missed


def readme(goals, results):
    """The README's table: how many times faster than CPython, and than NumPy."""
    lines = [line(("workload", "times faster than CPython", "than NumPy")), line(("---", "---:", "---:"))]
    for goal in goals:
        times = results.get(goal.name, {})
        if goal.readme and OURS in times:
            faster = (times[peer] / times[OURS] if peer in times else None for peer in (CPYTHON, NUMPY))
            lines.append(line((goal.readme, *("" if ratio is None else number(ratio) for ratio in faster))))
    return lines
