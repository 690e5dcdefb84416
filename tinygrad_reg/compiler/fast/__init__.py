"""The program that runs: NumPy with memory allocated once, used again and again.

`lowering` finds the calls, in the quickest of the `forms` of each kind of operation; `blocks` makes
loops of the work on large arrays; `memory` finds pieces of memory to write to; `emission` writes
down the whole.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable
from dataclasses import dataclass, field
from types import CodeType
from typing import Any
from weakref import finalize

from tinygrad_reg.compiler.fast.emission import Emission
from tinygrad_reg.compiler.fast.lowering import Lowering
from tinygrad_reg.compiler.graph import Graph

__all__ = ["Fast", "fast"]


@dataclass
class Fast:
    """A program with its memory.

    Attributes
    ----------
    source : str
        A module of NumPy, with a function `program`.
    constants : dict
        What the module is given, by name: arrays and functions that the text cannot say.
    """

    source: str
    constants: dict[str, Any]
    code: CodeType = field(init=False, repr=False)

    def __post_init__(self) -> None:
        path = f"<fast program {id(self)}>"
        self.code = compile(self.source, path, "exec")
        linecache.cache[path] = (len(self.source), None, self.source.splitlines(True), path)
        finalize(self, linecache.cache.pop, path, None)

    def make(self) -> Callable[..., tuple[Any, ...]]:
        """A program with memory of its own, for one call at a time: leaves to outputs."""
        namespace = dict(self.constants)
        exec(self.code, namespace)
        return namespace["program"]  # type: ignore[no-any-return]


def fast(graph: Graph) -> Fast:
    """The program of a graph that runs fast.

    Parameters
    ----------
    graph : Graph
        Simplified for speed.

    Returns
    -------
    Fast
        Its workspaces raise FloatingPointError where a result is NaN, or a guard of the graph is
        different: then the engine has to do the call.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_reg.compiler.graph import Graph, Node, operation
    >>> x = Node("input", np.ones(3))
    >>> y = operation(np.exp, x, shape=(3,), dtype=x.dtype)
    >>> program = fast(Graph([x], [y])).make()
    >>> program(np.array([0.0, 1.0, 2.0]))[0].round(3)
    array([1.   , 2.718, 7.389])
    """
    lowering = Lowering(graph)
    return Fast(Emission(lowering).source(), lowering.constants)
