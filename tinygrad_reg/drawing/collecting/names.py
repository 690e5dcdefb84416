"""The learner's own names for tensors and arrays, found by identity where they are in scope."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from types import FrameType
from typing import Any

from tinygrad_reg.modes import NUMPY, PACKAGE
from tinygrad_reg.tensor import Tensor

__all__ = ["callers_scopes", "names_of"]

Scope = Mapping[str, Any]


def names_of(
    nodes: Iterable[Tensor],
    scopes: Iterable[Scope],
    copies: Iterable[tuple[Tensor, Tensor]] = (),
) -> dict[int, str]:
    """Find a name for each tensor, by its `id`: its own, else that of a variable that holds it.

    A constant that was copied into the graph goes by the name of the array it was copied from, and
    a tensor by that of a copy of it: `copies` are pairs of copy and original. Scopes are searched
    in order. In a scope a variable counts before an entry of a dictionary, which goes by its key;
    names that start with an underscore are private and do not count.
    """
    names: dict[int, str] = {}
    wanted: dict[int, list[int]] = {}
    for node in nodes:
        if node.name:
            names[id(node)] = str(node.name)
            continue
        wanted.setdefault(id(node), []).append(id(node))
        if node.rule is None and not node.number and node.source is not None:
            wanted.setdefault(id(node.source), []).append(id(node))
    for copy, node in copies:
        if id(node) not in names:
            wanted.setdefault(id(copy), []).append(id(node))
    seen: dict[int, Scope] = {}
    for scope in scopes:
        if not wanted:
            break
        if id(scope) in seen:  # the global variables of many functions
            continue
        seen[id(scope)] = scope
        for name, x in variables(scope):
            for key in wanted.pop(id(x), ()):
                names.setdefault(key, name)
    return names


def variables(scope: Scope) -> Iterator[tuple[str, Any]]:
    """The variables of a scope with public names, then the entries of those that are dicts."""
    found = [
        (name, x)
        for name, x in list(scope.items())
        if name.isidentifier() and not name.startswith("_")
    ]
    yield from found
    for _, x in found:
        if type(x) is dict:
            for key, entry in list(x.items()):
                if isinstance(key, str) and not key.startswith("_"):
                    yield key, entry


def shows_results(frame: FrameType) -> bool:
    """Whether a frame is the notebook's own, whose variables hold what it shows."""
    return str(frame.f_globals.get("__name__")).partition(".")[0] == "IPython"


def callers_scopes() -> Iterator[Scope]:
    """The scopes outside of this package that are running now, innermost first."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        ours = frame.f_code.co_filename.startswith((PACKAGE, NUMPY))
        if not ours and not shows_results(frame):
            yield frame.f_locals
            yield frame.f_globals
        frame = frame.f_back
    # A notebook displays a result after its cell has run, when no frame of the cell is left.
    yield vars(sys.modules["__main__"])
