"""How operations and numbers are written: the signs a person uses, and nothing too long."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from tinygrad_reg.derivatives import penalties
from tinygrad_reg.derivatives.losses import cross_entropy
from tinygrad_reg.derivatives.shapes import concatenated, stacked
from tinygrad_reg.tensor import Rule, Tensor, rules

__all__ = [
    "COMMUTATIVE",
    "HOLE",
    "INFIX",
    "LONGEST",
    "LONGEST_FORMULA",
    "PENALTIES",
    "PENALTY_LETTERS",
    "SYMBOLS",
    "is_finite",
    "number",
    "operation_of",
    "place_of_argument",
    "shortened",
    "spelled",
    "symbol_of",
    "tidied",
    "written",
]

HOLE = "·"  # in a formula, what an edge brings
LONGEST = 40  # characters of a name or an option
LONGEST_FORMULA = 24
LONGEST_CONSTANT = 8

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
        left, right = operands
        if not left and not right:
            return INFIX[rule]
        return f"{left or HOLE} {INFIX[rule]} {right or HOLE}"
    symbol = SYMBOLS[rule] if rule in SYMBOLS else name.replace("_", " ")
    return f"{symbol}({', '.join(x or '·' for x in operands)})" if any(operands) else symbol


def place_of_argument(node: Tensor, position: int) -> str:
    """What tells arguments apart: λ or m of a penalty, else the place where that matters."""
    if node.rule in PENALTIES:
        letters = PENALTY_LETTERS[node.rule]
        return letters[position] if position < len(letters) else ""
    several = sum(type(x) is Tensor for x in node.args) > 1
    return str(position + 1) if several and node.rule not in COMMUTATIVE else ""


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
        exact = f"{float(x):g}" if float(f"{float(x):g}") == x else repr(float(x))
        return exact.replace("-", "−") if len(exact) <= LONGEST_CONSTANT else number(x)
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
    return f"{float(x):.4g}".replace("-", "−").replace("nan", "NaN").replace("inf", "∞")


def is_finite(array: Any) -> bool:
    """Whether there is no NaN and no infinity in an array; so of None, one that is not known."""
    kind = getattr(getattr(array, "dtype", None), "kind", "")
    return kind not in ("f", "c") or bool(np.isfinite(array).all())


def shortened(text: str, longest: int = LONGEST) -> str:
    """Text of at most so many characters, with … for what was left out."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def spelled(text: str, longest: int = LONGEST) -> str:
    r"""Text as it is shown: shortened, with what has no glyph spelled out.

    Examples
    --------
    >>> print(spelled("two\nlines"))
    two\nlines
    """
    return shortened(
        "".join(
            c if c.isprintable() or c == "\u200d" else c.encode("unicode_escape").decode()
            for c in shortened(text, longest)
        ),
        longest,
    )
