"""python -m PACKAGE check MODULE:EXPRESSION ...: checks exporters, each in a process of its own."""

import argparse
import importlib
import json
import sys

from . import __version__, checks
from .isolation import Crashed, isolated

# 0: no findings; 1: findings; 2: a target that cannot be checked.
CLEAN, FOUND, UNUSABLE = range(3)


def target(text):
    """The object of MODULE:EXPRESSION. The names of the module are those of the expression, as is the module's own name."""
    module, _, expression = text.partition(":")
    if not module or not expression:
        raise ValueError(f"a target is MODULE:EXPRESSION, not '{text}'")
    imported = importlib.import_module(module)
    names = dict(vars(imported))
    # As after "import a.b".
    names.setdefault(module.partition(".")[0], sys.modules[module.partition(".")[0]])
    return eval(compile(expression, text, "eval"), names)


def findings(text, ignore):
    """The findings of a target as dicts, in this process."""
    obj = target(text)
    return type(obj).__qualname__, [finding.as_dict() for finding in checks.check(obj, isolate=True, ignore=ignore)]


def result(text, ignore):
    """An entry of the JSON output."""
    try:
        # The import may crash, too, and what it changes is no concern of the next target.
        kind, found = isolated(lambda text: findings(text, ignore), text)
    except Crashed as error:
        return {"target": text, "type": None, "error": f"the process has {error}", "findings": []}
    except Exception as error:
        return {"target": text, "type": None, "error": str(error), "findings": []}
    return {"target": text, "type": kind, "error": None, "findings": found}


def show(entry):
    if entry["error"] is not None:
        print(f"{entry['target']}: cannot be checked: {entry['error']}")
    elif not entry["findings"]:
        print(f"{entry['target']}: ok")
    else:
        print(f"{entry['target']}: {len(entry['findings'])} findings")
        for finding in entry["findings"]:
            print(f"  {checks.Finding(**finding)}".replace("\n", "\n  "))


def main(arguments=None):
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}", description="Python's buffer protocol, checked.")
    parser.add_argument("--version", action="version", version=f"{__package__} {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser(
        "check",
        help="check exporters",
        description="Checks exporters by all rules of the buffer protocol. The status is 0 without findings, 1 with some, 2 where"
        " a target cannot be checked.",
    )
    check.add_argument("targets", nargs="+", metavar="MODULE:EXPRESSION", help='such as "numpy:arange(6).reshape(2, 3).T"')
    check.add_argument("--json", action="store_true", help="write one JSON object")
    check.add_argument("--ignore", action="append", default=[], metavar="NAME", help="a rule or severity that is left out")
    options = parser.parse_args(arguments)
    sys.path.insert(0, "")
    entries = [result(text, options.ignore) for text in options.targets]
    if options.json:
        json.dump({"version": 1, "results": entries}, sys.stdout, indent=2)
        print()
    else:
        for entry in entries:
            show(entry)
    if any(entry["error"] is not None for entry in entries):
        return UNUSABLE
    return FOUND if any(entry["findings"] for entry in entries) else CLEAN


if __name__ == "__main__":
    sys.exit(main())
