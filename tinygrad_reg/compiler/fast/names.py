"""Names in a fast program: the learner's own where they are safe to write."""

from __future__ import annotations

import builtins
import keyword
from typing import Any

import numpy as np

from tinygrad_reg.compiler.graph import Node

__all__ = ["Names"]

RESERVED = {*dir(builtins), *dir(np), *keyword.kwlist, *keyword.softkwlist, "np"}
OURS = ("n", "workspace", "program", "memory", "array", "part", "parts")
LONGEST = 40


class Names:
    """Names that are taken so far."""

    def __init__(self) -> None:
        self.taken: dict[str, int] = dict.fromkeys(OURS, 1)

    def unique(self, wish: str) -> str:
        """A name of its own, made from a wish."""
        name = f"{wish}_" if wish in RESERVED else wish
        between = "_" if wish[-1].isdigit() else ""
        while name in self.taken:
            self.taken[wish] = self.taken.get(wish, 1) + 1
            name = f"{wish}{between}{self.taken[wish]}"
        self.taken.setdefault(name, 1)
        return name

    def of(self, node: Node, otherwise: str = "t") -> str:
        """A name for a quantity."""
        return self.unique(self.wish(node, otherwise))

    def wish(self, node: Node, otherwise: str) -> str:
        """What a quantity should be called: by the learner's name, or whose derivative it is."""
        if node.names and is_safe(node.names[0]):
            return node.names[0]
        if node.derivative_of is not None:
            relation, x = node.derivative_of
            if x.names and is_safe(x.names[0]):
                return {"cotangent": "d"}.get(relation, "t") + x.names[0]
        return otherwise


def is_safe(name: Any) -> bool:
    """Whether a text can stand in a program as a name, and reads as it is."""
    return (
        isinstance(name, str)
        and name.isascii()
        and name.isidentifier()
        and len(name) <= LONGEST
        and not name.startswith("__")
        and not keyword.iskeyword(name)
    )
