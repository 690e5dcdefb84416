"""Which tests a mutant meets, and in which order: those first that are likely to kill it soon."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from sys import intern
from typing import Any

from hypothesis import Phase, settings
from mutants import Mutant, lines_around


def configuration(root: Path) -> dict[str, Any]:
    """What configuration.toml says."""
    return tomllib.loads((root / "tests/mutation/configuration.toml").read_text(encoding="utf-8"))


def pytest_options(configured: dict[str, Any]) -> list[str]:
    """How pytest is called: one process, silent, the first failure ends it."""
    options = "-x -q --tb=no -p no:cacheprovider -p no:xdist --import-mode=importlib -o addopts="
    ignored = [f"--ignore={path}" for path in configured["not_these_tests"]]
    warning = "-Wignore::pytest.PytestAssertRewriteWarning"  # Hypothesis is there before pytest
    return [*options.split(), warning, *ignored]


def quick_hypothesis() -> None:
    """Few examples, the same in every run, and no time spent on making a failure small."""
    settings.register_profile(
        "mutation",
        parent=settings.get_profile("ci"),
        max_examples=10,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
    )
    settings.load_profile("mutation")


class Tests:
    """What is known of the tests: the lines they run, their seconds, what they have killed."""

    def __init__(self, observed: dict[str, Any], sources: dict[str, str]) -> None:
        self.seconds: dict[str, float] = observed["seconds"]
        self.lines: dict[str, dict[str, list[str]]] = {
            path: {line: list(map(intern, tests)) for line, tests in lines.items()}
            for path, lines in observed.pop("lines").items()
        }
        self.trees = {path: ast.parse(source) for path, source in sources.items()}
        self.texts = {path: source.splitlines() for path, source in sources.items()}
        self.words = {test: set(words(test)) for test in self.seconds}
        self.kills: Counter[tuple[str, str]] = Counter()
        self.killers: dict[tuple[str, int], set[str]] = defaultdict(set)

    @cache  # noqa: B019 (there is one object of this class)
    def around(self, path: str, line: int, column: int) -> tuple[range, bool]:
        """The lines that run together with a place, and whether they are the body of a lambda."""
        return lines_around(self.trees[path], line, column)

    def killed(self, path: str, line: int, test: str) -> None:
        """Remember what killed a mutant: it may kill the next one of the same line."""
        self.kills[path, group_of(test)] += 1
        self.killers[path, line].add(test)

    def running(self, mutant: Mutant) -> tuple[set[str], bool]:
        """The tests that run a mutant, and whether it runs while the package is imported."""
        around, in_lambda = self.around(mutant.path, mutant.line, mutant.column)
        running: set[str] = set()
        for line in around:
            running |= set(self.lines.get(mutant.path, {}).get(str(line), ()))
        return running, not running or ("" in running and not in_lambda)

    def runs_only_when_called(self, mutant: Mutant) -> bool:
        """Whether a mutant runs in no import, and in some test."""
        return not self.running(mutant)[1]

    def against(self, mutant: Mutant) -> list[str]:
        """The tests to run. If the line runs while the package is imported, that is all of them."""
        running, on_import = self.running(mutant)
        around, _ = self.around(mutant.path, mutant.line, mutant.column)
        chosen = set(self.seconds) if on_import else running & set(self.seconds)
        text = self.texts[mutant.path][around.start - 1 : around.stop - 1]
        wanted = set(words(" ".join(text)))
        first = self.killers[mutant.path, mutant.line]

        by_group = defaultdict(list)
        for test in chosen:
            by_group[group_of(test)].append(test)
        keys = {}
        for group, tests in by_group.items():
            likely = lambda t: (t not in running, -len(self.words[t] & wanted), self.seconds[t])
            share = 1 + self.kills[mutant.path, group]
            spent = 0.0
            for test in sorted(tests, key=likely):
                # Every group has the same time; more, if it has killed mutants of this file.
                spent += self.seconds[test] + 0.005
                keys[test] = (test not in first, test not in running, spent / share)
        return sorted(chosen, key=keys.__getitem__)


def group_of(test: str) -> str:
    """The test function of a test, and the last of its parameters, if there is more than one."""
    function, _, parameters = test.partition("[")
    return function + "-".join(parameters.split("-")[1:][-1:])


def words(text: str) -> list[str]:
    """The names in a text."""
    return re.findall(r"[A-Za-z]\w+", text)
