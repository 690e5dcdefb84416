"""Lines for another library: entered when a program imports that library, before or after us."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

LATE = {"scipy.special": "tinygrad_reg.derivatives.special"}  # imported -> what enters its lines


class LateLines(MetaPathFinder):
    """Python asks this first where a module is; others answer, and the lines are entered."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Where a module is, if lines wait for it."""
        if name not in LATE:
            return None
        others = [finder for finder in sys.meta_path if finder is not self]
        specs = (finder.find_spec(name, path, target) for finder in others)
        spec = next((spec for spec in specs if spec is not None), None)
        if spec is not None and spec.loader is not None:
            enter_after(spec.loader)
        return spec


def enter_after(loader: Loader) -> None:
    """Let a loader enter the lines once it has run the module."""
    execute = loader.exec_module

    def execute_and_enter(module: ModuleType) -> None:
        execute(module)
        import_module(LATE[module.__name__])

    loader.exec_module = execute_and_enter  # type: ignore[method-assign]


def listen() -> None:
    """Enter lines for what has been imported, and wait for the rest."""
    for library, lines in LATE.items():
        if library in sys.modules:
            import_module(lines)
    sys.meta_path.insert(0, LateLines())
