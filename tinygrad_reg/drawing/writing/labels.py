"""What stands in a box: the operation as a person writes it, the name, the shape, numbers."""

from __future__ import annotations

import operator
from textwrap import wrap
from typing import Any

import numpy as np

from tinygrad_reg.derivatives import penalties
from tinygrad_reg.derivatives.losses import cross_entropy
from tinygrad_reg.derivatives.shapes import concatenated, stacked
from tinygrad_reg.drawing.picture import Group, Node
from tinygrad_reg.drawing.writing.markup import LARGE, SMALL, Line, Span, shortened, spelled
from tinygrad_reg.drawing.writing.summaries import is_finite, number, number_lines
from tinygrad_reg.tensor import Rule, Tensor, plain, rules

__all__ = [
    "COMMUTATIVE",
    "INFIX",
    "LONGEST_FORMULA",
    "PENALTIES",
    "SYMBOLS",
    "extent_of",
    "lines_of",
    "number",
    "operation_of",
    "place_of_argument",
    "shortened",
    "symbol_of",
    "tidied",
    "title_of",
    "titled",
    "written",
]

LONGEST_FORMULA = 24

INFIX: dict[Rule, str] = {
    rules[np.add]: "+",
    rules[np.subtract]: "−",
    rules[np.multiply]: "×",
    rules[np.divide]: "÷",
    rules[np.matmul]: "@",
    rules[np.power]: "**",
    rules[operator.pow]: "**",
}
SYMBOLS: dict[Rule, str] = {
    rules[np.absolute]: "|·|",
    rules[np.cbrt]: "∛",
    rules[np.fabs]: "|·|",
    rules[np.negative]: "−",
    rules[np.prod]: "Π",
    rules[np.sqrt]: "√",
    rules[np.square]: "·²",
    rules[np.sum]: "Σ",
    rules[np.transpose]: "·ᵀ",
    rules[concatenated]: "concatenate",
    rules[stacked]: "stack",
    rules[cross_entropy]: "softmax cross entropy",
}
PENALTIES: dict[Rule, str] = {
    rules[penalties.l1_]: "λ/m ‖·‖₁",
    rules[penalties.l2_]: "λ/2m ‖·‖²",
    rules[penalties.elastic_net_]: "λ/m (r ‖·‖₁ + (1−r)/2 ‖·‖²)",
    rules[penalties.group_lasso_]: "λ/m Σ‖·‖₂",
}
PENALTY_LETTERS = dict.fromkeys(PENALTIES, ("λ", "m")) | {
    rules[penalties.elastic_net_]: ("λ", "m", "r")
}
COMMUTATIVE = {rules[op] for op in (np.add, np.multiply, np.maximum, np.minimum, np.hypot)}


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
    is_unknown = node.value is None and node.shape == ()
    if node.role == "group" or (node.role == "penalty" and node.name and is_unknown):
        return group_heading(node)
    lines: list[Line] = []
    if node.symbol:
        lines += operation_lines(node)
    extent = Span(extent_of(node), tone=tone_of(node))
    if node.name and lines:
        return [*lines, [Span(node.name, bold=True), extent]]
    if node.name:
        lines.append([Span(node.name, LARGE, bold=True)])
    return [*lines, [extent]]


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


def titled(group: Group) -> str:
    """The title of a group, with the count of equal groups inside of it."""
    return f"{group.title} ×{group.count:,}" if group.count > 1 else group.title


def tone_of(node: Node) -> str:
    """The tone of what stands at the name: shapes are quiet, and a NaN is an alarm."""
    if node.value is None or node.shape:
        return "quiet"
    return "ink" if is_finite(np.asarray(plain(node.value))) else "alarm"


def operation_of(node: Tensor) -> tuple[str, tuple[str, ...]]:
    """The operation that made a tensor as a person writes it, and its options; a leaf has none."""
    rule = node.rule
    if rule is None:
        return "", ()
    if rule in PENALTIES:
        constants = dict(zip(PENALTY_LETTERS[rule], node.args, strict=False)) | node.kwargs
        return PENALTIES[rule], tuple(
            f"{key}={written(x)}" for key, x in constants.items() if type(x) is not Tensor
        )
    if rule is rules[operator.getitem]:
        return f"[{', '.join(map(written, node.args[1]))}]", ()
    arity = len(rule.entries)
    operands = ["" if type(x) is Tensor else operand(x) for x in node.args[:arity]]
    options = [written(x) for x in node.args[arity:]]
    options += [f"{key}={written(tidied(x))}" for key, x in node.kwargs.items()]
    return symbol_of(rule, rule.name, operands), tuple(options)


def symbol_of(rule: Rule | None, name: str, operands: list[str]) -> str:
    """What a person writes for an operation; operands that have an edge are empty texts."""
    if rule in INFIX and len(operands) == 2:
        return f"{operands[0]} {INFIX[rule]} {operands[1]}".strip()
    symbol = SYMBOLS[rule] if rule in SYMBOLS else name.replace("_", " ")
    return f"{symbol}({', '.join(x or '·' for x in operands)})" if any(operands) else symbol


def place_of_argument(node: Tensor, position: int) -> str:
    """What tells arguments apart: λ or m of a penalty, else the place where that matters."""
    if node.rule in PENALTIES:
        letters = PENALTY_LETTERS[node.rule]
        return letters[position] if position < len(letters) else ""
    several = sum(type(x) is Tensor for x in node.args) > 1
    return str(position + 1) if several and node.rule not in COMMUTATIVE else ""


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


def tidied(x: Any) -> Any:
    """An axis in a tuple as the axis itself."""
    return x[0] if type(x) is tuple and len(x) == 1 and type(x[0]) is int else x


def operand(x: Any) -> str:
    """An operand that is not a tensor, with the sign of mathematics if it is a number."""
    text = written(x)
    return text.replace("-", "−") if isinstance(x, int | float | np.number) else text


def written(x: Any) -> str:
    """An argument that is not a tensor, as it is written in Python, but short."""
    if isinstance(x, float | np.floating):
        return number(x)
    if isinstance(x, slice):
        parts = ["" if part is None else written(part) for part in (x.start, x.stop)]
        return ":".join(parts if x.step is None else [*parts, written(x.step)])
    if isinstance(x, tuple):
        return f"({', '.join(map(written, x))}{',' * (len(x) == 1)})"
    if x is Ellipsis:
        return "..."
    if getattr(x, "ndim", 0):
        return f"array {x.shape}"
    return shortened(str(x))
