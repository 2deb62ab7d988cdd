"""The chart of a run: the speed of each copy, where memcpy's is 1, on a logarithmic axis; for light and dark pages."""

import html
import math

import table

WIDTH, LEFT, RIGHT, TOP, ROW, BOTTOM = 960, 268, 28, 84, 20, 40
LOW, HIGH = 0.0007, 8

STYLE = """
    svg { background: #fff; font: 12px system-ui, sans-serif }
    text { fill: #24292f } .small { font-size: 11px; fill: #57606a } .title { font-size: 15px; font-weight: 600 }
    .grid { stroke: #d0d7de } .one { stroke: #57606a; stroke-dasharray: 4 3 } .stripe { fill: #f6f8fa }
    .ours { fill: #2f81f7 } .NumPy { fill: #d29922 } .CPython { fill: #8250df } .other { fill: #1a7f37 }
    circle { stroke: #fff }
    .naive { fill: #fff; stroke: #57606a; stroke-width: 1.5 } .goal { stroke: #cf222e; stroke-width: 2.5 }
    @media (prefers-color-scheme: dark) {
      svg { background: #0d1117 } text { fill: #e6edf3 } .small { fill: #9198a1 } .grid { stroke: #30363d }
      .one { stroke: #9198a1 } .stripe { fill: #151b23 } .ours { fill: #4493f8 } .NumPy { fill: #e3b341 }
      circle { stroke: #0d1117 } .CPython { fill: #b083f0 } .other { fill: #3fb950 }
      .naive { fill: #0d1117; stroke: #b1bac4 } .goal { stroke: #f85149 }
    }"""


def place(ratio):
    share = math.log(min(max(ratio, LOW), HIGH) / LOW) / math.log(HIGH / LOW)
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def dot(kind, x, y):
    return f'<circle class="{kind}" cx="{x}" cy="{y}" r="4"/>'


def bar(x, y, width):
    return f'<rect class="ours" x="{x}" y="{y - 5}" width="{round(width, 1)}" height="10" rx="2"/>'


def tick(x, y):
    return f'<line class="goal" x1="{x}" x2="{x}" y1="{y - 8}" y2="{y + 8}"/>'


def text(kind, x, y, words, anchor="start"):
    return f'<text class="{kind}" x="{x}" y="{y}" text-anchor="{anchor}">{html.escape(words)}</text>'


def legend():
    y, x, parts = 60, LEFT, []
    for words, width, mark in (
        ("libpybuffer", 98, lambda x: bar(x, y, 14)),
        ("goal", 60, lambda x: tick(x + 7, y)),
        ("NumPy", 76, lambda x: dot("NumPy", x + 7, y)),
        ("CPython 3.13", 112, lambda x: dot("CPython", x + 7, y)),
        ("best other peer", 124, lambda x: dot("other", x + 7, y)),
        ("naive C", 80, lambda x: dot("naive", x + 7, y)),
    ):
        parts += [mark(x), text("small", x + 20, y + 4, words)]
        x += width
    return parts


def row(goal, times, y):
    speed = lambda ns: place(times["memcpy"] / ns)
    parts = [text("", LEFT - 12, y + 4, goal.name, "end")]
    parts.append(bar(LEFT, y, speed(times[table.OURS]) - LEFT))
    other = table.best_other(times)
    for kind, ns in (
        ("naive", times.get("naive C")),
        ("CPython", times.get(table.CPYTHON)),
        ("other", other and other[1]),
        ("NumPy", times.get(table.NUMPY)),
    ):
        if ns is not None:
            parts.append(dot(kind, speed(ns), y))
    if goal.goal.endswith(" xM"):
        parts.append(tick(place(float(goal.goal.split()[0])), y))
    return parts


def draw(goals, results, about):
    """The SVG's text; copies whose goal is a multiple of memcpy's speed."""
    rows = [goal for goal in goals if goal.goal.endswith(" xM") and "memcpy" in results.get(goal.name, {})]
    end = TOP + ROW * len(rows)
    parts = [text("title", 16, 26, "Speed of copies, where memcpy of as many bytes is 1"), text("small", 16, 44, about)]
    for y in range(TOP, end, 2 * ROW):
        parts.append(f'<rect class="stripe" x="0" y="{y}" width="{WIDTH}" height="{ROW}"/>')
    for ratio in (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5):
        x = place(ratio)
        parts.append(f'<line class="{"one" if ratio == 1 else "grid"}" x1="{x}" x2="{x}" y1="{TOP}" y2="{end}"/>')
        parts.append(text("small", x, end + 18, f"{ratio:g}", "middle"))
    parts += legend()
    for at, goal in enumerate(rows):
        parts += row(goal, results[goal.name], TOP + ROW * at + ROW // 2)
    size = f'viewBox="0 0 {WIDTH} {end + BOTTOM}" width="{WIDTH}" height="{end + BOTTOM}"'
    lines = [f"  <style>{STYLE}\n  </style>", *(f"  {part}" for part in parts)]
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {size}>', *lines, "</svg>\n"])
