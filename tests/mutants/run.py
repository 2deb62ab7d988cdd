"""Which changes of the library the tests notice: mutation testing of layout, format, the choice of kernels and buffer.

    run.py [--minutes M] [--seconds S] [--again] [FILTER...]

pybuffer-mutants writes all mutants into one copy of the library (target/mutants/copy), which is compiled once, with checks of
overflow; PYBUFFER_MUTANT chooses one. Each test program first runs on the library itself, to see how long it takes and which
mutants it reaches. Then each mutant is tried, in an order that is random but always the same, by the programs that reach it, the
cheapest first and at most S seconds of them in all (default: 20), until one fails, crashes or takes five times as long. The outcomes
are kept (target/mutants/outcomes.tsv), so the next run continues; --again tries those that survived once more. After M minutes it
stops. Only mutants whose line in the list has a FILTER in it are tried.

survivors.txt beside this file names those that survive, each below the reason why no test can tell it from the library, or as open. A
survivor that is not there is printed, and so is what is there and does not survive.
"""

import argparse
import collections
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
OUT = ROOT / "target/mutants"
COPY, BUILD, LIBRARY = OUT / "copy", OUT / "build", OUT / "build/debug/deps"
MODULES = ["src/layout", "src/format", "src/buffer", "src/kernels/copy/strategy.rs"]
# Threads are not what is tried here; the stack that mutants take is not the library's.
QUIET = {"PYBUFFER_TEST_OPERATIONS": "2000", "PYBUFFER_TEST_STACK": "0", "PYBUFFER_RANDOM_SECONDS": "60"}
OPTIONS = ["-j2", "--config", "profile.dev.opt-level=1", "--config", "profile.dev.debug=0", "--config", "profile.dev.incremental=false"]
CARGO = {"RUSTC_BOOTSTRAP": "1", "RUSTFLAGS": "--cap-lints=allow", "RUSTUP_AUTO_INSTALL": "0"}


def sources():
    files = []
    for module in MODULES:
        path = ROOT / module
        files += [path] if path.is_file() else sorted(path.rglob("*.rs"))
    return sorted(str(file.relative_to(ROOT)) for file in files if not file.name.endswith("tests.rs"))


def put(source, target):
    """Copies a file, if it is another one, so that Cargo compiles only what has changed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists() or target.read_bytes() != source.read_bytes():
        shutil.copyfile(source, target)


def write_mutants(excluded):
    """The copy with its mutants; returns them, the number's place in the list first."""
    fresh = OUT / "fresh"
    shutil.rmtree(fresh, ignore_errors=True)
    for name in ["src", "tests/common", "tests/model", "tests/tools.sh", "c-tests/support", "fuzz/corpus", "fuzz/shared.rs"]:
        path = ROOT / name
        shutil.copytree(path, fresh / name) if path.is_dir() else put(path, fresh / name)
    for name in ["Cargo.toml", "Cargo.lock", "build.rs"]:
        put(ROOT / name, fresh / name)
    # The programs that need these are not tried.
    manifest = re.sub(r"(?m)^(bindgen|cbindgen) .*\n", "", (ROOT / "Cargo.toml").read_text())
    (fresh / "Cargo.toml").write_text(manifest)
    (OUT / "except").write_text("".join(f"{name}\n" for name in sorted(excluded)))
    tool = OUT / "tool/debug/pybuffer-mutants"
    listed = subprocess.run([tool, ROOT, fresh, OUT / "except", *sources()], check=True, capture_output=True, text=True).stdout
    for path in fresh.rglob("*"):
        if path.is_file():
            put(path, COPY / path.relative_to(fresh))
    for path in (COPY / "src").rglob("*.rs"):
        if not (fresh / path.relative_to(COPY)).exists():
            path.unlink()
    return [line.partition("\t")[2] for line in listed.splitlines()]


def compile_mutants():
    """Builds the copy without the mutants that do not compile, which the compiler tells one error after the other."""
    subprocess.run(
        ["cargo", "build", "--quiet", "--manifest-path", ROOT / "tests/mutants/Cargo.toml", "--target-dir", OUT / "tool"], check=True
    )
    path = OUT / "excluded"
    excluded = set(path.read_text().splitlines()) if path.exists() else set()
    while True:
        mutants = write_mutants(excluded)
        command = ["cargo", "test", "--lib", "--test", "model", "--no-run", "--target-dir", BUILD, "--message-format=json", *OPTIONS]
        done = subprocess.run(command, cwd=COPY, env={**os.environ, **CARGO}, capture_output=True, text=True)
        programs, errors = {}, []
        for line in done.stdout.splitlines():
            message = json.loads(line)
            if message["reason"] == "compiler-artifact" and message.get("executable"):
                programs["lib" if message["target"]["name"] == "pybuffer" else message["target"]["name"]] = message["executable"]
            elif message["reason"] == "compiler-message" and message["message"]["level"] == "error":
                errors += [span for span in message["message"]["spans"] if span["is_primary"]]
        if done.returncode == 0:
            return mutants, programs
        found = set()
        for span in errors:
            line = (COPY / span["file_name"]).read_text().split("\n")[span["line_start"] - 1]
            found.update(mutants[int(number) - 1] for number in re.findall(r"mutants::is\((\d+)\)", line))
        if not found - excluded:
            sys.exit(done.stderr)
        excluded |= found
        path.write_text("".join(f"{name}\n" for name in sorted(excluded)))


class Unit:
    def __init__(self, name, command, **env):
        self.name, self.command, self.env = name, [str(word) for word in command], env
        self.seconds, self.reached = 0.0, b""

    def run(self, mutant, limit=0, **env):
        """Whether it passes, and the processor time that it took."""

        def bounded():
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_DATA, (6 << 30, 6 << 30))
            if limit:
                resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))

        env = {**os.environ, **QUIET, **self.env, "LD_LIBRARY_PATH": str(LIBRARY), "PYBUFFER_MUTANT": str(mutant), **env}
        process = subprocess.Popen(
            self.command, env=env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
            preexec_fn=bounded, start_new_session=True,
        )
        # What waits for a lock takes no processor time.
        timer = threading.Timer(60 + 20 * limit, lambda: os.killpg(process.pid, 9))
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        try:
            os.killpg(process.pid, 9)
        except ProcessLookupError:
            pass
        return process.returncode == 0, usage.ru_utime + usage.ru_stime


def build_units(programs):
    link = ["CFLAGS_plain=-O0", "PYBUFFER_CFLAGS=-I" + str(ROOT / "include"), f"PYBUFFER_LIBS=-L{LIBRARY} -Wl,-rpath,{LIBRARY} -lpybuffer"]
    soname = LIBRARY / "libpybuffer.so.0"
    if not soname.is_symlink():
        soname.symlink_to("libpybuffer.so")
    left_out = {"identity", "library", "single_thread", "stack", "threads"}
    names = sorted(
        path.stem for path in [*(ROOT / "c-tests/api").glob("*.c"), *(ROOT / "c-tests/robustness").glob("*.c")] if path.stem not in left_out
    )
    tests = OUT / "c-tests"
    make = ["make", "--no-print-directory", "-s", "-j2", "-C"]
    subprocess.run([*make, ROOT / "c-tests", *link, f"BUILD={tests}", *(tests / "plain" / name for name in names)], check=True)
    subprocess.run([*make, ROOT / "c-tests/random", *link, f"BUILD={tests}", tests / "random-plain"], check=True)
    units = [Unit(f"c-tests/{name}", [tests / "plain" / name]) for name in names]
    listed = subprocess.run([programs["lib"], "--list"], check=True, capture_output=True, text=True).stdout
    for module in sorted({name.rpartition("::")[0] for name in re.findall(r"(\S+): test", listed)}):
        units.append(Unit(f"unit tests/{module}", [programs["lib"], f"{module}::"]))
    for path in sorted((ROOT / "tests/model").glob("*.rs")):
        if path.stem != "main":
            # At one level: the mutants are not in the kernels.
            units.append(Unit(f"model/{path.stem}", [programs["model"], f"{path.stem}::", "--skip", "at_every_level"]))
    text = "".join(path.read_text() for path in (ROOT / "c-tests/random").glob("*.c"))
    for family in sorted(re.findall(r'const Family \w+ = \{"(\w+)"', text)):
        command = [tests / "random-plain", "--families", family, "--levels", "avx2", "--steps", "4000", "--seed", "1", "--failures", "1"]
        units.append(Unit(f"random/{family}", command))
    return units


def survey(units, count):
    """How long each unit takes, and which mutants it reaches; those that fail on the library itself are left out."""
    kept = OUT / "survey.json"
    known = json.loads(kept.read_text()) if kept.exists() else {}
    files = {unit.command[0] for unit in units} | {str(LIBRARY / "libpybuffer.so")}
    stamps = {file: hashlib.sha256(pathlib.Path(file).read_bytes()).hexdigest() for file in files}
    library = stamps[str(LIBRARY / "libpybuffer.so")]
    for unit in units:
        # Programs in Rust have the library inside.
        stamp = f"{library} {stamps[unit.command[0]]}"
        if known.get(unit.name, {}).get("stamp") != stamp:
            file = OUT / "reached"
            file.write_bytes(bytes(count + 1))
            passed, seconds = unit.run("reached", PYBUFFER_MUTANTS_REACHED=str(file))
            reached = [number for number, byte in enumerate(file.read_bytes()) if byte]
            print(f"{unit.name}: {seconds:.1f} s, reaches {len(reached)}{'' if passed else ', FAILS'}", flush=True)
            known[unit.name] = {"stamp": stamp, "passed": passed, "seconds": seconds, "reached": reached}
            kept.write_text(json.dumps(known))
        found = known[unit.name]
        unit.seconds, unit.reached = found["seconds"], set(found["reached"])
    return [unit for unit in units if known[unit.name]["passed"]]


def key(mutant):
    """A mutant without its place, which changes with what stands above it: file, function, change, and the text of the line."""
    file, place, function, change = mutant.split("\t")
    line = (ROOT / file).read_text().split("\n")[int(place.split(":")[0]) - 1].strip()
    return f"{file} | {function} | {change} | {line}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--list", action="store_true", help="only the outcomes so far")
    parser.add_argument("filter", nargs="*", help="what one of the words is part of")
    options = parser.parse_args()
    end = time.monotonic() + 60 * options.minutes
    OUT.mkdir(parents=True, exist_ok=True)
    mutants, programs = compile_mutants()
    outcomes = OUT / "outcomes.tsv"
    known = {}
    for line in outcomes.read_text().splitlines() if outcomes.exists() else []:
        mutant, outcome = line.split("\t\t")
        if not known.get(mutant, "").startswith("killed"):
            known[mutant] = outcome
    known = {mutant: known[mutant] for mutant in mutants if mutant in known}
    if not options.list:
        units = survey(build_units(programs), len(mutants))
        order = sorted(range(1, len(mutants) + 1), key=lambda number: hashlib.sha256(mutants[number - 1].encode()).digest())
        lock = threading.Lock()
        kills = collections.Counter()

        def try_one(number):
            mutant = mutants[number - 1]
            if time.monotonic() > end or not any(word in mutant for word in options.filter or [""]):
                return
            if known.get(mutant, "").startswith("killed") or (mutant in known and not options.again):
                return
            where = mutant.split("\t")[0]
            reaching = [unit for unit in units if number in unit.reached]
            # What has killed others of this file costs less for each that it kills.
            reaching.sort(key=lambda unit: (unit.seconds + 0.02) / (1 + kills[where, unit.name]))
            spent, outcome = 0.0, "survived" if reaching else "not reached"
            for unit in reaching:
                if spent and spent + unit.seconds > options.seconds:
                    continue
                passed, _ = unit.run(number, limit=int(2 + 5 * unit.seconds))
                spent += unit.seconds
                if not passed:
                    outcome = f"killed by {unit.name}"
                    kills[where, unit.name] += 1
                    break
            with lock:
                known[mutant] = outcome
                with outcomes.open("a") as file:
                    file.write(f"{mutant}\t\t{outcome}\n")

        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            list(pool.map(try_one, order))
    report(mutants, known)


def report(mutants, known):
    listed = {}
    path = pathlib.Path(__file__).parent / "survivors.txt"
    reason = ""
    for line in path.read_text().splitlines() if path.exists() else []:
        if line.startswith("["):
            reason = line.strip("[]")
        elif line and not line.startswith("#"):
            listed[line] = reason
    excluded = OUT / "excluded"
    table = collections.defaultdict(collections.Counter)
    alive = set()
    for mutant in mutants:
        module = "strategy" if "strategy.rs" in mutant else mutant.split("/")[1]
        outcome = known.get(mutant, "not tried").split(" by ")[0]
        if outcome != "killed":
            alive.add(key(mutant))
        if outcome in ("survived", "not reached"):
            reason = listed.get(key(mutant), "")
            if reason and not reason.startswith("Open"):
                outcome = "listed"
            elif not reason:
                print(f"{outcome}: " + " ".join(mutant.split("\t")) + "\n    " + key(mutant))
        table[module][outcome] += 1
        table["~all"][outcome] += 1
    for name in sorted(listed.keys() - alive):
        print(f"listed, but killed, or no mutant: {name}")
    print("| | mutants | tried | killed | survive with a reason | survive | share killed |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for module, counts in sorted(table.items()):
        tried = sum(counts.values()) - counts["not tried"]
        other = tried - counts["killed"] - counts["listed"]
        share = f"{100 * counts['killed'] / tried:.1f} %" if tried else "-"
        name = "all" if module == "~all" else module
        print(f"| {name} | {sum(counts.values())} | {tried} | {counts['killed']} | {counts['listed']} | {other} | {share} |")
    print(f"{len(excluded.read_text().splitlines()) if excluded.exists() else 0} more do not compile")


main()
