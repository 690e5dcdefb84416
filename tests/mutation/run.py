"""Mutation testing: plant small mistakes into the derivative rules, and see a test fail for each.

    python tests/mutation/run.py                          everything
    python tests/mutation/run.py tinygrad_reg/sweeps.py   one file, or several
    python tests/mutation/run.py tinygrad_reg/sweeps.py:120-140   some lines of it

Nothing is written to the checkout: it is copied, and mutants exist only in the memory of child
processes. Ends with 1 if fewer than 99 % of the mutants were killed.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import resource
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from importlib.machinery import SourceFileLoader
from itertools import chain
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WANTED = 0.99
FIRST = 16  # tests; most mutants die here, without all test files having to be imported

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
sys.path.insert(0, str(HERE))

import pytest  # noqa: E402
from choosing import Tests, configuration, pytest_options, quick_hypothesis  # noqa: E402
from mutants import Mutant, mutants_of  # noqa: E402
from swapping import Collected, can_be_swapped, with_collected  # noqa: E402


@dataclass
class Trial:
    """A mutant in a child process, with some of its tests."""

    mutant: Mutant
    tests: list[str]
    later: list[str]
    process: int = 0
    heard: bytes = b""
    started: float = field(default_factory=time.monotonic)


def main() -> int:
    parser = argparse.ArgumentParser(description="Mutation testing of the derivative rules.")
    parser.add_argument("only", nargs="*", help="files, or file:line or file:first-last")
    parser.add_argument("--workers", type=int, default=2, help="processes at a time")
    parser.add_argument("--results", type=Path, help="a file for what became of each mutant")
    parser.add_argument("--again", action="store_true", help="only what --results has not killed")
    parser.add_argument("--observed", type=Path, help="a file to keep what the tests do in")
    arguments = parser.parse_args()
    for option in ("results", "observed"):
        if path := getattr(arguments, option):
            setattr(arguments, option, path.resolve())
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        copy = Path(folder).resolve() / "checkout"
        copied = shutil.ignore_patterns(".*", "__pycache__", "docs", "*.db")
        shutil.copytree(ROOT, copy, ignore=copied)
        os.chdir(copy)
        configured = configuration(copy)
        observed = observe(copy, arguments.observed)
        warm(observed["modules"])
        mutants = [
            m for path in files_of(configured) for m in wanted_of(path, configured, arguments)
        ]
        sources = {path: Path(path).read_text(encoding="utf-8") for path in files_of(configured)}
        tests = Tests(observed, sources)
        kept: list[dict[str, Any]] = []
        if arguments.again:
            kept, mutants = split(arguments.results.read_text().splitlines(), mutants)
        print(f"{len(mutants)} mutants, {len(tests.seconds)} tests", flush=True)
        fates = []
        with open(arguments.results or os.devnull, "w", buffering=1) as results:
            met = meet(mutants, tests, configured, arguments.workers)
            for fate in chain(kept, met):
                results.write(json.dumps(fate) + "\n")
                fates.append(fate)
        return report(fates)


def split(lines: list[str], mutants: list[Mutant]) -> tuple[list[dict[str, Any]], list[Mutant]]:
    """What was killed before and is still there; and the mutants that were not, or are new."""
    known = [json.loads(line) for line in lines]
    killed: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    alive = {(fate["path"], fate["diff"]) for fate in known if not fate["killed"]}
    for fate in known:
        killed[fate["path"], fate["diff"]].append(fate)
    kept, again = [], []
    for mutant in mutants:
        key = (mutant.path, mutant.diff)
        if key in alive or not killed[key]:
            again.append(mutant)
        else:
            kept.append(killed[key].pop(0) | {"line": mutant.line})
    return kept, again


def observe(copy: Path, kept: Path | None) -> dict[str, Any]:
    """Run the tests once as they are, in a process of their own; or read what that gave before."""
    if kept and kept.exists():
        return json.loads(kept.read_text())  # type: ignore[no-any-return]
    result = kept or copy.parent / "observed.json"
    command = [sys.executable, str(HERE / "observing.py"), str(copy), str(result)]
    environment = os.environ | {"PYTHONPATH": str(copy)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"The tests fail before anything is mutated:\n{done.stdout}\n{done.stderr}")
    return json.loads(result.read_text())  # type: ignore[no-any-return]


def warm(modules: list[str]) -> None:
    """Import what the tests will import, other than the package: children are born with it."""
    for name in modules:
        if "." not in name or name.startswith(("numpy.", "scipy.", "hypothesis.", "optree.")):
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    assert "tinygrad_reg" not in sys.modules


def files_of(configured: dict[str, Any]) -> list[str]:
    """The files that are mutated."""
    found: list[Path] = []
    for name in configured["mutated"]:
        path = Path(name)
        found += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return [path.as_posix() for path in found]


def wanted_of(path: str, configured: dict[str, Any], arguments: Any) -> list[Mutant]:
    """The mutants of a file that the command line asks for."""
    operators = [name for group in configured["operators"].values() for name in group]
    lines = [range(10**9)]
    if arguments.only:
        chosen = [word.partition(":") for word in arguments.only]
        lines = [
            range(int(part.split("-")[0]), int(part.split("-")[-1]) + 1) if part else range(10**9)
            for name, _, part in chosen
            if path == name or path.startswith(name.rstrip("/") + "/")
        ]
    if not lines:
        return []
    return [m for m in mutants_of(path, operators) if any(m.line in part for part in lines)]


def meet(
    mutants: list[Mutant], tests: Tests, configured: dict[str, Any], workers: int
) -> Iterator[dict[str, Any]]:
    """Every mutant against its tests: the quick way where it is right, else the thorough one."""
    quick = [m for m in mutants if tests.runs_only_when_called(m) and can_be_swapped(m)]
    chosen = set(map(id, quick))
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        try:
            os.close(reading)
            sys.path.insert(0, os.getcwd())

            def work(collected: Collected) -> None:
                start = partial(swapped, collected)
                for fate in run_all(quick, tests, configured, workers, start, len(tests.seconds)):
                    os.write(writing, json.dumps(fate).encode() + b"\n")

            if quick:
                with_collected(configured, work)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as fates:
        for line in fates:
            fate = json.loads(line)
            test = fate["by"].rpartition(": ")[2]
            if fate["killed"] and test in tests.seconds:
                tests.killed(fate["path"], fate["line"], test)
            yield fate
    if os.waitpid(child, 0)[1]:
        sys.exit("The tests could not be collected.")
    thorough = [m for m in mutants if id(m) not in chosen]
    yield from run_all(thorough, tests, configured, workers, imported, FIRST)


def run_all(
    mutants: list[Mutant],
    tests: Tests,
    configured: dict[str, Any],
    workers: int,
    live: Callable[[Trial, Runner, dict[str, Any]], None],
    at_once: int,
) -> Iterator[dict[str, Any]]:
    """Every mutant against its tests, some at a time. Yields what became of each."""
    todo: list[Any] = mutants[::-1]
    running = selectors.DefaultSelector()
    done = 0
    start = time.monotonic()
    while todo or running.get_map():
        while todo and len(running.get_map()) < workers:
            mutant = todo.pop()
            if isinstance(mutant, Mutant):
                chosen = tests.against(mutant)
                trial = Trial(mutant, chosen[:at_once], chosen[at_once:])
            else:
                trial = mutant
            reading = begin(trial, tests.seconds, configured, live)
            running.register(reading, selectors.EVENT_READ, trial)
        for key, _ in running.select(timeout=1):
            trial = key.data
            heard = os.read(key.fd, 65536)
            trial.heard += heard
            if heard:
                continue
            running.unregister(key.fd)
            os.close(key.fd)
            os.waitpid(trial.process, 0)
            *_, last = trial.heard.decode().splitlines() or ["importing"]
            if last == "passed" and trial.later:
                todo.append(Trial(trial.mutant, trial.later, [], started=trial.started))
                continue
            fate = fate_of(trial, last)
            done += 1
            if fate["killed"] and last.rpartition(": ")[2] in tests.seconds:
                tests.killed(trial.mutant.path, trial.mutant.line, last.rpartition(": ")[2])
            if not fate["killed"] or done % 100 == 0:
                print(f"{done} of {len(mutants)}, {time.monotonic() - start:.0f} s", flush=True)
            if not fate["killed"]:
                print(f"alive: {trial.mutant.path}:{trial.mutant.line}\n{trial.mutant.diff}")
            yield fate
        for key in list(running.get_map().values()):
            if time.monotonic() - key.data.started > 20 * configured["limits"]["seconds_of_tests"]:
                os.killpg(key.data.process, signal.SIGKILL)  # asleep: it uses no time of its own


def fate_of(trial: Trial, last: str) -> dict[str, Any]:
    """What became of a mutant, from the last line that its process has written."""
    mutant = trial.mutant
    return {
        "path": mutant.path,
        "line": mutant.line,
        "operator": mutant.operator,
        "diff": mutant.diff,
        "killed": last not in ("passed", "out of time"),
        "by": last,
        "seconds": round(time.monotonic() - trial.started, 2),
    }


def begin(
    trial: Trial,
    seconds: dict[str, float],
    configured: dict[str, Any],
    live: Callable[[Trial, Runner, dict[str, Any]], None],
) -> int:
    """Fork a child for a mutant. Returns where to read what it says."""
    reading, writing = os.pipe()
    trial.process = os.fork()
    if trial.process:
        os.close(writing)
        return reading
    status = 1
    try:
        os.setpgid(0, 0)
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silence, stream)
        limits = configured["limits"]
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        most = size + int(limits["gigabytes"] * 2**30)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        runner = Runner(trial, seconds, limits, lambda text: os.write(writing, text.encode()))
        live(trial, runner, configured)
        status = 0
    finally:
        os._exit(status)


def imported(trial: Trial, runner: Runner, configured: dict[str, Any]) -> None:
    """In the child, the thorough way: import the mutant, and run its tests until one fails."""
    sys.path.insert(0, os.getcwd())
    import_instead(os.path.abspath(trial.mutant.path), trial.mutant.source)
    files = sorted({test.partition("::")[0] for test in trial.tests})
    status = pytest.main([*pytest_options(configured), *files], plugins=[runner])
    if status == pytest.ExitCode.OK or (status == pytest.ExitCode.NO_TESTS_COLLECTED and not files):
        runner.end()
    elif not runner.failed:
        runner.say("failed while importing")


def swapped(collected: Collected, trial: Trial, runner: Runner, configured: dict[str, Any]) -> None:
    """In the child, the quick way: change the functions, and run the tests until one fails."""
    collected.swap(trial.mutant)
    collected.run(runner, trial.tests)
    runner.end()


def import_instead(path: str, source: str) -> None:
    """Have a file imported as if it had another text."""
    usual = SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, name: str) -> Any:
        if os.path.abspath(self.path) == path:
            return compile(source, path, "exec")
        return usual(self, name)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign]


class Runner:
    """A pytest plugin that runs some tests in a given order, each for a limited time."""

    def __init__(
        self, trial: Trial, seconds: dict[str, float], limits: dict[str, Any], write: Any
    ) -> None:
        self.order = {test: i for i, test in enumerate(trial.tests)}
        self.last = not trial.later
        self.seconds = seconds
        self.limits = limits
        self.write = write
        self.failed = False
        self.began = time.process_time()
        self.out_of_time = False
        signal.signal(signal.SIGPROF, signal.SIG_DFL)  # which ends the process
        signal.setitimer(signal.ITIMER_PROF, 20)

    def end(self) -> None:
        self.say("out of time" if self.out_of_time else "passed")

    def say(self, text: str) -> None:
        self.write(text + "\n")

    def pytest_configure(self) -> None:
        quick_hypothesis()

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        # A mutant may give a test another name: it is run at the end. It may also take some away.
        new = len(self.order) if self.last else -1
        place = {
            item: self.order.get(item.nodeid, -1 if item.nodeid in self.seconds else new)
            for item in items
        }
        items[:] = sorted((item for item in items if place[item] >= 0), key=place.__getitem__)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: Any) -> Any:
        if time.process_time() - self.began > self.limits["seconds_of_tests"]:
            self.out_of_time = True
            return True  # passed over
        usual = self.seconds.get(item.nodeid, 1)
        # By time spent computing, so that a busy machine kills nothing.
        signal.setitimer(signal.ITIMER_PROF, max(self.limits["seconds_of_one_test"], 20 * usual))
        self.say(f"ended or hung in: {item.nodeid}")
        return None

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.failed = True
            self.say(f"failed: {report.nodeid}")
            os._exit(0)


def explained() -> dict[tuple[str, str], str]:
    """The reasons of the survivors that are known: file and diff -> reason."""
    known = tomllib.loads((HERE / "survivors.toml").read_text(encoding="utf-8"))
    return {(s["file"], s["diff"].strip()): s["reason"] for s in known.get("survivor", [])}


def report(fates: list[dict[str, Any]]) -> int:
    """Print the table and the survivors. Returns the exit status."""
    fates.sort(key=lambda fate: (fate["path"], fate["line"]))
    mutants = Counter(fate["path"] for fate in fates)
    killed = Counter(fate["path"] for fate in fates if fate["killed"])
    width = max(map(len, [*mutants, "all"]))
    print(f"\n{'file':{width}}  mutants  killed  survived    share")
    for path in [*mutants, "all"]:
        n = mutants.total() if path == "all" else mutants[path]
        k = killed.total() if path == "all" else killed[path]
        print(f"{path:{width}}  {n:7}  {k:6}  {n - k:8}  {k / max(n, 1):6.2%}")
    reasons = explained()
    for fate in fates:
        if not fate["killed"]:
            reason = reasons.get((fate["path"], fate["diff"]), "NOT YET EXPLAINED")
            print(
                f"\n{fate['path']}:{fate['line']} ({fate['operator']})\n{fate['diff']}\n  {reason}"
            )
    ways = Counter(fate["by"].partition(":")[0] for fate in fates)
    print("\n" + ", ".join(f"{way} {n}" for way, n in ways.most_common()))
    share = killed.total() / max(mutants.total(), 1)
    return int(share < WANTED)


if __name__ == "__main__":
    sys.exit(main())
