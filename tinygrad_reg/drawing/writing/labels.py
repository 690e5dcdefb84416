"""What stands in a node: the operation as a person writes it, the name, the shape, numbers.

Everything that comes from the user is text to `escaped`, never markup.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from html import escape
from textwrap import wrap
from typing import Any

import numpy as np

from tinygrad_reg.derivatives import penalties
from tinygrad_reg.derivatives.losses import cross_entropy
from tinygrad_reg.derivatives.shapes import concatenated, stacked
from tinygrad_reg.drawing.picture import Node
from tinygrad_reg.tensor import Rule, Tensor, plain, rules

__all__ = [
    "COMMUTATIVE",
    "INFIX",
    "PENALTIES",
    "SYMBOLS",
    "escaped",
    "extent_of",
    "label",
    "node_label",
    "operation_of",
    "place_of_argument",
    "operation_lines",
    "symbol_of",
    "with_name",
    "written",
]

LONGEST = 40
LINE_END = '<BR ALIGN="LEFT"/>'

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


def node_label(node: Node) -> str:
    """An HTML-like label: the operation, then name and shape, then the norm of the gradient."""
    lines = []
    if node.symbol and node.role == "penalty":
        lines.append(sized(14, escaped(node.symbol)))
        if node.options:
            lines.append(sized(10, escaped(", ".join(node.options))))
    elif node.symbol:
        lines += operation_lines(node.symbol, list(node.options))
    lines = with_name(lines, node.name, extent(node), not node.symbol)
    if node.gradient is not None:
        norm = float(np.linalg.norm(np.ravel(plain(node.gradient))))
        lines.append(sized(10, f"‖∂‖ = {number(norm)}"))
    return label(lines)


def with_name(lines: list[str], name: str | None, extent: str, is_leaf: bool) -> list[str]:
    """The lines of an operation, with its name and shape under them; of a leaf, these alone."""
    if name:
        shown = f"<B>{escaped(name)}</B>"
        lines.append(f"{shown} {extent}" if lines else f"{sized(14, shown)}")
    if not (lines and name) or is_leaf:
        lines.append(extent)
    return lines


def label(lines: list[str]) -> str:
    """Lines as an HTML-like label."""
    # Aligned left: Graphviz without Pango takes signs such as ‖ for wider than they are, and would
    # centre them badly.
    return f"<{''.join(line + LINE_END for line in lines)}>"


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
    operands = ["" if type(x) is Tensor else written(x) for x in node.args[:arity]]
    options = [written(x) for x in node.args[arity:]]
    options += [f"{key}={written(x)}" for key, x in node.kwargs.items()]
    return symbol_of(rule, rule.name, operands), tuple(options)


def symbol_of(rule: Rule | None, name: str, operands: list[str]) -> str:
    """What a person writes for an operation; operands that have an edge are empty texts."""
    if rule in INFIX and len(operands) == 2:
        return f"{operands[0]} {INFIX[rule]} {operands[1]}".strip()
    symbol = SYMBOLS[rule] if rule in SYMBOLS else name.replace("_", " ")
    return f"{symbol}({', '.join(x or '·' for x in operands)})" if any(operands) else symbol


def operation_lines(symbol: str, options: list[str], width: int = 14) -> Iterator[str]:
    """The lines of an operation, with its options in small print."""
    *lines, last = wrap(shortened(symbol), width) or [symbol]
    yield from (sized(14, escaped(line)) for line in lines)
    tail = escaped(", ".join(options))
    yield sized(14, escaped(last)) + (sized(10, f" {tail}") if tail else "")


def place_of_argument(node: Tensor, position: int) -> str:
    """What tells arguments apart: λ or m of a penalty, else the place where that matters."""
    if node.rule in PENALTIES:
        letters = PENALTY_LETTERS[node.rule]
        return letters[position] if position < len(letters) else ""
    several = sum(type(x) is Tensor for x in node.args) > 1
    return str(position + 1) if several and node.rule not in COMMUTATIVE else ""


def extent(node: Node) -> str:
    """The value of a single number, the shape of anything else; the dtype if it is not float64."""
    return extent_of(node.value)


def extent_of(value: Any) -> str:
    """What is shown of a value: itself if it is a single number, else its shape."""
    if isinstance(value, np.ndarray | np.generic) and value.shape == ():
        words = [f"= {number(value)}" if value.dtype.kind == "f" else f"= {value}"]
    else:
        words = [str(value.shape)]
    if value.dtype != np.float64:
        words.append(str(value.dtype))
    return escaped(" ".join(words))


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


def number(x: Any) -> str:
    """A number in four digits."""
    return f"{float(x):.4g}".replace("-", "−")


def shortened(text: str) -> str:
    """Text of at most 40 characters, with … for what was left out."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def escaped(text: str) -> str:
    """Text that stands for itself in an HTML-like label; what has no glyph is spelled out."""
    spelled = (
        c if c.isprintable() or c == "\u200d" else c.encode("unicode_escape").decode()
        for c in shortened(text)
    )
    # Graphviz puts the node's id for \N even here, unless the backslash is doubled.
    return escape("".join(spelled)).replace("\\", "\\\\")


def sized(points: int, markup: str) -> str:
    """Markup in a font size."""
    return f'<FONT POINT-SIZE="{points}">{markup}</FONT>'
