"""The chart of a run: the speed of each copy at each level of instructions, where memcpy's is 1, on a logarithmic axis; for light
and dark pages. A row has a bar for each level, the highest first, with a tick where its goal is a figure or a limit."""

import html
import math

import table

WIDTH, LEFT, RIGHT, TOP, BAR, GAP, BOTTOM = 960, 268, 28, 84, 6, 10, 40
LOW, HIGH = 0.0007, 8
# The colours of the levels, the highest first.
BARS = ("first", "second", "third")

STYLE = """
    svg { background: #fff; font: 12px system-ui, sans-serif }
    text { fill: #24292f } .small { font-size: 11px; fill: #57606a } .title { font-size: 15px; font-weight: 600 }
    .grid { stroke: #d0d7de } .one { stroke: #57606a; stroke-dasharray: 4 3 } .stripe { fill: #f6f8fa }
    .first { fill: #0a4fb5 } .second { fill: #2f81f7 } .third { fill: #93c2ff } .NumPy { fill: #d29922 } .CPython { fill: #8250df } .other { fill: #1a7f37 }
    circle { stroke: #fff }
    .naive { fill: #fff; stroke: #57606a; stroke-width: 1.5 } .goal { stroke: #cf222e; stroke-width: 2.5 }
    @media (prefers-color-scheme: dark) {
      svg { background: #0d1117 } text { fill: #e6edf3 } .small { fill: #9198a1 } .grid { stroke: #30363d }
      .one { stroke: #9198a1 } .stripe { fill: #151b23 } .first { fill: #79b8ff } .second { fill: #2f7fe0 } .third { fill: #1d4e89 }
      .NumPy { fill: #e3b341 }
      circle { stroke: #0d1117 } .CPython { fill: #b083f0 } .other { fill: #3fb950 }
      .naive { fill: #0d1117; stroke: #b1bac4 } .goal { stroke: #f85149 }
    }"""


def place(ratio):
    share = math.log(min(max(ratio, LOW), HIGH) / LOW) / math.log(HIGH / LOW)
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def dot(kind, x, y):
    return f'<circle class="{kind}" cx="{x}" cy="{y}" r="4"/>'


def bar(kind, x, y, width):
    return f'<rect class="{kind}" x="{x}" y="{y}" width="{round(width, 1)}" height="{BAR - 1}" rx="1"/>'


def tick(x, y):
    return f'<line class="goal" x1="{x}" x2="{x}" y1="{y - 1}" y2="{y + BAR}"/>'


def text(kind, x, y, words, anchor="start"):
    return f'<text class="{kind}" x="{x}" y="{y}" text-anchor="{anchor}">{html.escape(words)}</text>'


def legend(levels):
    y, x, parts = 60, LEFT, []
    marks = [(level, 24 + 8 * len(level), lambda x, kind=kind: bar(kind, x, y - 3, 14)) for level, kind in zip(levels, BARS)]
    marks += [
        ("goal", 60, lambda x: tick(x + 7, y - 3)),
        ("NumPy", 76, lambda x: dot("NumPy", x + 7, y)),
        ("CPython 3.13", 112, lambda x: dot("CPython", x + 7, y)),
        ("best other peer", 124, lambda x: dot("other", x + 7, y)),
        ("naive C", 80, lambda x: dot("naive", x + 7, y)),
    ]
    for words, width, mark in marks:
        parts += [mark(x), text("small", x + 20, y + 4, words)]
        x += width
    return parts


def row(goal, times, levels, top):
    speed = lambda ns: place(times["memcpy"] / ns)
    middle = top + (GAP + BAR * len(levels)) / 2
    parts = [text("", LEFT - 12, middle + 4, goal.name, "end")]
    tops = [top + GAP / 2 + BAR * at for at in range(len(levels))]
    for level, kind, y in zip(levels, BARS, tops):
        parts.append(bar(kind, LEFT, y, speed(times[level, "to"]) - LEFT))
    other = table.best_other(times)
    for kind, ns in (
        ("naive", times.get("naive C")),
        ("CPython", times.get(table.CPYTHON)),
        ("other", other and other[1]),
        ("NumPy", times.get(table.NUMPY)),
    ):
        if ns is not None:
            parts.append(dot(kind, speed(ns), middle))
    for level, y in zip(levels, tops):
        wanted = goal.at(level)
        ns = None if wanted in ("peer", table.NUMPY) else table.allowed(wanted, times)
        if ns is not None:
            parts.append(tick(speed(ns), y))
    return parts


def draw(goals, results, levels, about):
    """The SVG's text."""
    rows = [goal for goal in goals if table.is_copy(results.get(goal.name, {}))]
    height = GAP + BAR * len(levels)
    end = TOP + height * len(rows)
    parts = [text("title", 16, 26, "Speed of copies, where memcpy of as many bytes is 1"), text("small", 16, 44, about)]
    for y in range(TOP, end, 2 * height):
        parts.append(f'<rect class="stripe" x="0" y="{y}" width="{WIDTH}" height="{height}"/>')
    for ratio in (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5):
        x = place(ratio)
        parts.append(f'<line class="{"one" if ratio == 1 else "grid"}" x1="{x}" x2="{x}" y1="{TOP}" y2="{end}"/>')
        parts.append(text("small", x, end + 18, f"{ratio:g}", "middle"))
    parts += legend(levels)
    for at, goal in enumerate(rows):
        parts += row(goal, results[goal.name], levels, TOP + height * at)
    size = f'viewBox="0 0 {WIDTH} {end + BOTTOM}" width="{WIDTH}" height="{end + BOTTOM}"'
    lines = [f"  <style>{STYLE}\n  </style>", *(f"  {part}" for part in parts)]
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {size}>', *lines, "</svg>\n"])
