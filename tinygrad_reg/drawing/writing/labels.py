"""What stands in a box: the operation as a person writes it, the name, the shape, numbers."""

from __future__ import annotations

from textwrap import wrap

import numpy as np

from tinygrad_reg.drawing.picture import Node
from tinygrad_reg.drawing.symbols import LONGEST_FORMULA, is_finite, number, spelled
from tinygrad_reg.drawing.writing.markup import LARGE, SMALL, Line, Span
from tinygrad_reg.drawing.writing.summaries import number_lines
from tinygrad_reg.tensor import plain

__all__ = ["extent_of", "is_folded", "lines_of", "look_of", "title_of"]


def lines_of(node: Node, detail: str) -> list[Line]:
    """The lines of a box: operation, name and extent, then value and gradient as detail asks."""
    value = gradient = None
    if detail != "shape" and node.value is not None:
        value = np.asarray(plain(node.value))
    if detail == "gradients" and node.gradient is not None:
        gradient = np.asarray(plain(node.gradient))
    return [*heading(node), *number_lines(value, gradient)]


def heading(node: Node) -> list[Line]:
    """The operation, and under it the name and the shape of what it makes."""
    if is_folded(node):
        alarm: list[Line] = [[Span(node.alarm, tone="alarm", bold=True)]] if node.alarm else []
        return [*group_heading(node), *alarm]
    lines: list[Line] = []
    if node.symbol:
        lines += operation_lines(node)
    extent = Span(extent_of(node), tone=tone_of(node))
    if node.name and lines:
        return [*lines, [Span(node.name, bold=True), extent]]
    if node.name:
        lines.append([Span(node.name, LARGE, bold=True)])
    return [*lines, [extent]]


def is_folded(node: Node) -> bool:
    """Whether a box is a group that is drawn as one box."""
    return node.role == "group" or (node.role == "penalty" and node.key.startswith("g"))


def look_of(node: Node) -> str:
    """The role whose colours a box has: its own, but a folded group has those of its part."""
    if node.role != "group" or node.part in ("forward", "update"):
        return node.role
    return "tangent" if node.part.endswith("tangent") else "backward"


def group_heading(node: Node) -> list[Line]:
    """What is said of a folded group: its title, its formula, and how much is inside."""
    lines: list[Line] = [[Span(node.name or "", LARGE, bold=True)]]
    if node.symbol:
        lines.append([Span(node.symbol)])
    return [*lines, *([Span(option, SMALL, tone="quiet")] for option in node.options)]


def operation_lines(node: Node) -> list[Line]:
    """The lines of an operation, with its options in small print; of a penalty, under it."""
    said = ", ".join(node.options)
    if node.role == "penalty":
        return [[Span(node.symbol, LARGE)], *([[Span(said)]] if said else [])]
    options = [Span(said, SMALL)] if said else []
    width = 14 if node.symbol.replace(" ", "").isalpha() else LONGEST_FORMULA
    *lines, last = wrap(spelled(node.symbol), width) or [node.symbol]
    return [*([Span(line, LARGE)] for line in lines), [Span(last, LARGE), *options]]


def title_of(node: Node) -> str:
    """A box in one line, for those who point at it or cannot see it."""
    operation = " ".join((node.symbol, *node.options)).strip()
    return " = ".join(filter(None, (node.name, operation))) or extent_of(node)


def tone_of(node: Node) -> str:
    """The tone of what stands at the name: shapes are quiet, and a NaN is an alarm."""
    if node.value is None or node.shape:
        return "quiet"
    return "ink" if is_finite(np.asarray(plain(node.value))) else "alarm"


def extent_of(node: Node) -> str:
    """The value of a single number, the shape of anything else; the dtype if it is not float64."""
    value = None if node.value is None else plain(node.value)
    if value is not None and np.shape(value) == ():
        is_real = np.asarray(value).dtype.kind == "f"
        words = [f"= {number(value) if is_real else value}"]
    else:
        words = [str(tuple(node.shape))]
    if node.dtype != "float64":
        words.append(node.dtype)
    return " ".join(words)
