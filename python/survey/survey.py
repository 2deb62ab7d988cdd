"""Checks the exporters of a list, and writes what another program confirms:

    python survey.py LIST OUTPUT

Runs in an environment with the package and those of the list. Each target is checked by the command line of the package, and its findings
are confirmed by confirm.py, each in a process of its own.
"""

import importlib.metadata
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SECONDS = 120
# The package that is installed from here.
PACKAGE = next(iter(re.findall(r'^NAME = "(.*)"', (HERE.parent / "setup.py").read_text(), re.M)))


def lines(path):
    for line in pathlib.Path(path).read_text().splitlines():
        if line and not line.startswith("#"):
            package, _, text = line.partition("\t")
            if text:
                yield package, text


def run(arguments, folder, stdin=None):
    """The JSON that a program writes; None where it does not."""
    try:
        result = subprocess.run(
            [sys.executable, "-W", "ignore", *arguments], input=stdin, capture_output=True, text=True, timeout=SECONDS,
            cwd=folder,
        )
        # What a package says at its import comes before.
        return json.loads(result.stdout[re.search(r"^[\[{]", result.stdout, re.M).start() :])
    except (subprocess.TimeoutExpired, json.JSONDecodeError, AttributeError):
        return None


def version_of(package):
    if package == "-":
        return f"CPython {platform.python_version()}"
    try:
        return f"{package} {importlib.metadata.version(package)}"
    except importlib.metadata.PackageNotFoundError:
        return None


def escaped(text):
    return text.replace("|", "\\|")


def main(source, output):
    rows, clean, unchecked, unconfirmed = [], [], [], 0
    with tempfile.TemporaryDirectory() as folder:
        for package, text in lines(source):
            version = version_of(package)
            if version is None:
                unchecked.append(f"{package} (`{text}`): not installed")
                continue
            checked = run(["-m", PACKAGE, "check", "--json", text], folder)
            entry = checked["results"][0] if checked else {"error": "no answer", "findings": []}
            if entry["error"] is not None:
                unchecked.append(f"{version} (`{text}`): {entry['error']}")
                continue
            found = entry["findings"]
            confirmed = run([str(HERE / "confirm.py"), text], folder, json.dumps(found)) if found else []
            confirmed = confirmed or [None] * len(found)
            unconfirmed += confirmed.count(None)
            kept = [(finding, how) for finding, how in zip(found, confirmed) if how is not None]
            rows += [(version, text, finding, how) for finding, how in kept]
            if not found:
                clean.append((version, text))
            print(f"{text}: {len(found)} findings, {len(kept)} confirmed", flush=True)
    severe = [row for row in rows if row[2]["severity"] in ("crash", "wrong-bytes")]
    others = [row for row in rows if row not in severe]
    total = len({(row[0], row[1]) for row in rows}) + len(clean)
    out = [
        "# A survey of exporters",
        "",
        "What the checker of the [Python package](../python/README.md) says of exporters of CPython and of packages of PyPI. Only what"
        " a second program confirms is here, one that uses nothing of this library (`python/survey/confirm.py`): a plain call of the"
        " standard library, or ctypes, which shows the answer as it is. `make survey` writes this page from the list"
        " `python/survey/exporters.txt`.",
        "",
        f"{total} exporters, {len(rows)} confirmed findings, {unconfirmed} that are not confirmed and left out.",
    ]
    for title, some in ("Wrong bytes, and what may crash a consumer", severe), ("Other rules", others):
        out += ["", f"## {title}", "", "| package | exporter | finding | confirmed by |", "| --- | --- | --- | --- |"]
        for version, text, finding, how in some:
            said = f"{finding['severity']}, {finding['rule']}: {finding['message']} ({finding['reference']})"
            out.append(f"| {version} | `{escaped(text)}` | {escaped(said)} | {escaped(how)} |")
    out += ["", "## Without findings", ""]
    out += [f"* {version}: `{text}`" for version, text in clean]
    if unchecked:
        out += ["", "## Not checked", ""]
        out += [f"* {line}" for line in unchecked]
    pathlib.Path(output).write_text("\n".join(out) + "\n")


if __name__ == "__main__":
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    main(*sys.argv[1:3])
