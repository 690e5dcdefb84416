"""Names in a fast program: the learner's own, with numbers where several quantities share one."""

from __future__ import annotations

import builtins
import keyword
from collections import Counter

import numpy as np

from tinygrad_reg.compiler.graph import Node
from tinygrad_reg.compiler.readable.names import DEEPEST, PREFIXES, Namespace, identifier

__all__ = ["Names"]

OURS = ("workspace", "program", "memory", "parts", "n")
RESERVED = {*dir(builtins), *dir(np), *keyword.kwlist, *keyword.softkwlist, "np", *OURS}


class Names:
    """The names of a program's quantities."""

    def __init__(self, nodes: list[Node]) -> None:
        self.space = Namespace(RESERVED)
        self.given: dict[int, str] = {}  # the number of a node -> its name
        named = {node.number: node for node in nodes if usable(node)}
        self.shared = Counter(usable(node) for node in named.values())

    def of(self, node: Node, otherwise: str) -> str:
        """A name for a quantity: the learner's, or whose derivative it is, or a numbered letter."""
        wish = usable(node)
        if wish and self.shared[wish] == 1:
            name = self.space.claim(wish)
        elif wish:
            name = self.space.claim_numbered(wish)
        elif (derivative := self.of_derivative(node)) is not None:
            name = self.space.claim(derivative)
        else:
            return self.space.claim_numbered(otherwise)
        self.given.setdefault(node.number, name)
        return name

    def of_derivative(self, node: Node) -> str | None:
        """What a derivative is called: `dZ1` for that of `Z1`; None if it is of nothing named."""
        around: list[tuple[str, str]] = []
        while node.derivative_of is not None and len(around) < DEEPEST:
            relation, node = node.derivative_of
            around.append(PREFIXES[relation])
            if node.number in self.given:
                name = self.given[node.number]
                for before, after in reversed(around):
                    name = before + name + after
                return name
        return None

    def is_named(self, node: Node) -> bool:
        """Whether a reader knows a quantity by its name."""
        return bool(usable(node)) or self.of_derivative(node) is not None


def usable(node: Node) -> str:
    """The learner's name for a quantity, or nothing."""
    name = next((name for name in node.names if name.strip("_")), "")
    return identifier(name) if name else ""
