"""What a program relies on, as assertions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_reg.compiler.graph import Graph, Node
from tinygrad_reg.compiler.readable.literals import number_text
from tinygrad_reg.compiler.readable.names import usable
from tinygrad_reg.compiler.readable.spelling import Text

__all__ = ["conditions"]

# x > 0 is written 0 < x, so that both bounds of a number stand in one line.
LOW = {np.greater_equal: "<=", np.greater: "<"}
HIGH = {np.less_equal: "<=", np.less: "<"}


def conditions(
    graph: Graph, text_of: Callable[[Node], Text], is_free: Callable[[Node], bool]
) -> list[tuple[Node, str]]:
    """The conditions of a program as code, each with the node that is looked at.

    `text_of` gives the expression of a node; `is_free` says whether it depends on Python numbers
    in the arguments alone. Two bounds of such a number are written as `0 <= lambd < np.inf`.
    """
    found: list[tuple[Node, str]] = []
    bounds: dict[int, Bounds] = {}
    seen: set[tuple[int, bool]] = set()
    for node, truth in graph.guards:
        if (id(node), truth) in seen:
            continue
        seen.add((id(node), truth))
        if truth and is_bound(node) and is_free(node.args[0]):
            x = node.args[0]
            bounds.setdefault(id(x), Bounds(node, text_of(x).inside(1))).add(node)
        else:
            text = text_of(node).text
            found.append((node, f"assert {text}" if truth else f"assert not {text}"))
    return [pair for some in bounds.values() for pair in some.texts()] + found


def is_bound(node: Node) -> bool:
    """Whether a condition compares something with a number."""
    if node.op not in LOW and node.op not in HIGH:
        return False
    x, number = node.args
    known = isinstance(number, Node) and number.kind == "number" and not usable(number.names)
    return known and isinstance(x, Node)


class Bounds:
    """The bounds of a number in the arguments."""

    def __init__(self, node: Node, name: str) -> None:
        self.node = node
        self.name = name
        self.low: dict[str, None] = {}
        self.high: dict[str, None] = {}

    def add(self, node: Node) -> None:
        """Add a bound."""
        op: Any = node.op
        value = number_text(node.args[1].value)
        if op in LOW:
            self.low[f"{value} {LOW[op]} "] = None
        else:
            self.high[f" {HIGH[op]} {value}"] = None

    def texts(self) -> list[tuple[Node, str]]:
        """As few assertions as it takes."""
        low, high = list(self.low), list(self.high)
        count = max(len(low), len(high))
        low += [""] * (count - len(low))
        high += [""] * (count - len(high))
        return [
            (self.node, f"assert {a}{self.name}{b}" if a else f"assert {self.name}{b}")
            for a, b in zip(low, high, strict=True)
        ]
