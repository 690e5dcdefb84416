"""The quick way to meet a mutant: its code is put into the functions of a package that is there.

Importing the package and collecting the tests takes a second, most tests take milliseconds. So the
tests are collected once, and every child process begins as a copy of that one. This works for
what is inside of functions that do not run while the package is imported.
"""

from __future__ import annotations

import gc
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest
from choosing import pytest_options, quick_hypothesis
from mutants import Mutant

RUNS_WHEN_CALLED = 1  # a flag of code objects: that of a function, not of a module or class


class Collected:
    """A pytest plugin that calls `work` in place of running the tests that were collected."""

    def __init__(self, work: Callable[[Collected], None]) -> None:
        self.work = work

    def pytest_configure(self) -> None:
        quick_hypothesis()

    def pytest_runtestloop(self, session: Any) -> bool:
        self.config = session.config
        self.items = {item.nodeid: item for item in session.items}
        self.functions = defaultdict(list)
        for function in gc.get_objects():
            if type(function) is FunctionType:
                self.functions[identity(function.__code__)].append(function)
        gc.freeze()
        self.work(self)
        return True

    def run(self, runner: Any, names: Iterable[str]) -> None:
        """Run some tests, with another plugin watching."""
        self.config.pluginmanager.register(runner)
        items = [self.items[name] for name in names if name in self.items]
        for item, following in zip(items, [*items[1:], None], strict=True):
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)

    def swap(self, mutant: Mutant) -> None:
        """Put the code of a mutant into every function that has the code it is made from."""
        for old, new in changed(mutant) or ():
            for function in self.functions[identity(old)]:
                function.__code__ = new


def with_collected(configured: dict[str, Any], work: Callable[[Collected], None]) -> None:
    """Collect the tests and do some work where they are at hand."""
    pytest.main(
        [*pytest_options(configured), "-s", *configured["tests"]], plugins=[Collected(work)]
    )


def can_be_swapped(mutant: Mutant) -> bool:
    """Whether all that a mutant changes is inside of functions."""
    return changed(mutant) is not None


def changed(mutant: Mutant) -> list[tuple[CodeType, CodeType]] | None:
    """The code that a mutant replaces and what by, or None if some of it is not in a function."""
    path = os.path.abspath(mutant.path)
    return differences(compiled(path), compile(mutant.source, path, "exec"))


@cache
def compiled(path: str) -> CodeType:
    """The code of a file as it is."""
    return compile(Path(path).read_text(encoding="utf-8"), path, "exec")


def differences(old: CodeType, new: CodeType) -> list[tuple[CodeType, CodeType]] | None:
    """The pairs of code objects that differ, outer ones first."""
    if old.co_flags & RUNS_WHEN_CALLED:
        pairs = list(zip(inside(old), inside(new), strict=False))
        same_closures = all(one.co_freevars == other.co_freevars for one, other in pairs)
        return pairs if len(list(inside(new))) == len(pairs) and same_closures else None
    olds, news = parts(old), parts(new)
    if len(olds) != len(news) or itself(old) != itself(new):
        return None
    found = []
    for one, other in zip(olds, news, strict=True):
        if (identity(one), list(map(itself, inside(one)))) != (
            identity(other),
            list(map(itself, inside(other))),
        ):
            pairs = differences(one, other)
            if pairs is None:
                return None
            found += pairs
    return found


def parts(code: CodeType) -> list[CodeType]:
    """The code objects directly inside of one."""
    return [part for part in code.co_consts if isinstance(part, CodeType)]


def inside(code: CodeType) -> Iterator[CodeType]:
    """A code object and all that are inside of it."""
    yield code
    for part in parts(code):
        yield from inside(part)


def itself(code: CodeType) -> tuple[Any, ...]:
    """What a code object does, apart from those inside of it and from where it is written."""
    constants = [repr(part) for part in code.co_consts if not isinstance(part, CodeType)]
    return code.co_name, code.co_code, constants, code.co_names, code.co_varnames


def identity(code: CodeType) -> tuple[Any, ...]:
    """Where a code object is written."""
    return code.co_filename, code.co_name, code.co_firstlineno, tuple(code.co_positions())
