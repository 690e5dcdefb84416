"""The local derivative in short, as it stands on an edge of a picture."""

from __future__ import annotations

import numpy as np

from tinygrad_reg.drawing.mathematics import expressions as make
from tinygrad_reg.drawing.mathematics.entries import expression_of, ignores_nan
from tinygrad_reg.drawing.mathematics.expressions import (
    COTANGENT,
    Combination,
    Expression,
    Letter,
    Number,
)
from tinygrad_reg.drawing.mathematics.letters import Names, signs_of
from tinygrad_reg.drawing.mathematics.writing import Signs, as_text, digits
from tinygrad_reg.tensor import Tensor

__all__ = ["edge_text"]


LONGEST_EDGE = 16


def edge_text(node: Tensor, position: int, names: Names = None) -> str:
    """The local derivative in at most 16 characters: a number, or a short formula; else nothing.

    What a matrix product multiplies with stands on the side where it does so: `· Xᵀ`, `Wᵀ ·`.

    Examples
    --------
    >>> import tinygrad_reg as tg
    >>> from tinygrad_reg.drawing.mathematics import edge_text
    >>> x = tg.Tensor([1.0, 2.0], requires_grad=True)
    >>> edge_text(x - 3.0, 0), edge_text(3.0 - x, 1), edge_text(x**2, 0)
    ('1', '−1', '2x')
    """
    rule = node.rule
    if rule is None or type(node.args[position]) is not Tensor:
        return ""
    said = rule.entries[position]
    if said is None:
        return ""
    if isinstance(said, int):
        return digits(said)
    if ignores_nan(said):
        return ""
    expression = expression_of(node, position)
    is_constant = isinstance(expression, Number)
    if rule.is_local and not is_constant and not node.shape and not node.args[position].shape:
        return number_on_edge(node, position)
    if expression is None:
        return ""
    signs = signs_of(node, position, names, "J")
    text = as_text(expression, signs) if rule.is_local else factor_text(expression, signs)
    text = text.removesuffix(", else 0")
    return text if len(text) <= LONGEST_EDGE else ""


def number_on_edge(node: Tensor, position: int) -> str:
    """The local derivative of a number by a number."""
    assert node.rule is not None
    args = [x.value if type(x) is Tensor else x for x in node.args]
    with np.errstate(all="ignore"):
        try:
            return digits(node.rule.entries[position](node.value, *args, **node.kwargs))
        except Exception:
            return ""


def factor_text(expression: Expression, signs: Signs) -> str:
    """A pullback as what it does to the cotangent."""
    if isinstance(expression, Letter) and expression.key == COTANGENT:
        return "1"
    if isinstance(expression, Combination):
        parts = expression.parts
        cotangents = [i for i, part in enumerate(parts) if make.has_letter(part, COTANGENT)]
        if len(cotangents) != 1:
            return ""
        [i] = cotangents
        alone = isinstance(parts[i], Letter)
        others = [as_text(part, signs) for j, part in enumerate(parts) if j != i]
        if expression.kind == "product" and alone:
            return f"{others[0]} ·" if i else f"· {others[0]}"
        if expression.kind in ("times", "negative"):
            inner = without_cotangent(expression)
            return "" if inner is None else as_text(inner, signs)
        if expression.kind == "transpose" and alone:
            return "transposed"
        if expression.kind == "index" and alone:
            return expression.text
        if expression.kind == "cases" and alone and len(parts) == 3 and make.is_number(parts[2], 0):
            return f"1 if {as_text(parts[1], signs)}"
        if expression.kind == "map" and alone:
            return "" if "_" in expression.text else expression.text
        if expression.kind == "placed" and alone:
            return expression.text
    return ""


def without_cotangent(expression: Expression) -> Expression | None:
    """The other factors of a product with the cotangent."""
    if isinstance(expression, Letter) and expression.key == COTANGENT:
        return Number(1)
    if not make.has_letter(expression, COTANGENT):
        return expression
    if make.is_kind(expression, "times"):
        a, b = map(without_cotangent, make.parts_of(expression))
        return None if a is None or b is None else make.times(a, b)
    if make.is_kind(expression, "negative"):
        inner = without_cotangent(make.parts_of(expression)[0])
        return None if inner is None else make.negative(inner)
    return None
