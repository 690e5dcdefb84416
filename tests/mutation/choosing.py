"""Which tests a mutant meets, and in which order: those first that are likely to kill it soon."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter, defaultdict
from pathlib import Path
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
        self.lines: dict[str, dict[str, list[str]]] = observed["lines"]
        self.trees = {path: ast.parse(source) for path, source in sources.items()}
        self.texts = {path: source.splitlines() for path, source in sources.items()}
        self.words = {test: set(words(test)) for test in self.seconds}
        self.kills: Counter[tuple[str, str]] = Counter()
        self.killers: dict[tuple[str, int], set[str]] = defaultdict(set)

    def killed(self, mutant: Mutant, test: str) -> None:
        """Remember what killed a mutant: it may kill the next one of the same line."""
        self.kills[mutant.path, function_of(test)] += 1
        self.killers[mutant.path, mutant.line].add(test)

    def against(self, mutant: Mutant) -> list[str]:
        """The tests to run. If the line runs while the package is imported, that is all of them."""
        around, in_lambda = lines_around(self.trees[mutant.path], mutant.line, mutant.column)
        running: set[str] = set()
        for line in around:
            running |= set(self.lines.get(mutant.path, {}).get(str(line), ()))
        on_import = not running or ("" in running and not in_lambda)
        chosen = set(self.seconds) if on_import else running & set(self.seconds)
        text = self.texts[mutant.path][around.start - 1 : around.stop - 1]
        wanted = set(words(" ".join(text)))
        first = self.killers[mutant.path, mutant.line]

        by_function = defaultdict(list)
        for test in chosen:
            by_function[function_of(test)].append(test)
        keys = {}
        for function, tests in by_function.items():
            likely = lambda t: (t not in running, -len(self.words[t] & wanted), self.seconds[t])
            kills = self.kills[mutant.path, function]
            for i, test in enumerate(sorted(tests, key=likely)):
                # One of each function first, then a second one of each, and so on.
                before = (test not in first, test not in running, i)
                keys[test] = (*before, -kills, self.seconds[test], test)
        return sorted(chosen, key=keys.__getitem__)


def function_of(test: str) -> str:
    """The test function of a test that may have parameters."""
    return test.partition("[")[0]


def words(text: str) -> list[str]:
    """The names in a text."""
    return re.findall(r"[A-Za-z]\w+", text)
