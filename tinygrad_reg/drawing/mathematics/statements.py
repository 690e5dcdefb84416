"""What a rule says about an argument of a node, as mathematics."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_reg.derivatives.listing import first_sentence, formula
from tinygrad_reg.drawing.mathematics import expressions as make
from tinygrad_reg.drawing.mathematics.entries import expression_of
from tinygrad_reg.drawing.mathematics.expressions import COTANGENT, Combination, Expression, Letter
from tinygrad_reg.drawing.mathematics.letters import Names, derivative_sign, signs_of
from tinygrad_reg.drawing.mathematics.numbers import numbers_of
from tinygrad_reg.drawing.mathematics.reading import parameter_names
from tinygrad_reg.drawing.mathematics.values import Here
from tinygrad_reg.drawing.mathematics.writing import (
    Math,
    Signs,
    as_math,
    operator,
    row,
    words,
    wrapped_math,
)
from tinygrad_reg.tensor import Tensor

__all__ = ["Statement", "rule_of_argument"]


@dataclass(frozen=True)
class Statement:
    """What a rule says about the gradient of one argument.

    Attributes
    ----------
    written : str
        The entry as it stands in the derivative table.
    formula : list
        ∂J/∂argument = …, as a tree of MathML elements.
    numbers : list or None
        The same with the numbers of this node, of one entry; where a cotangent was given.
    entry : tuple of int or None
        Which entry of the argument that is; None if it is a single number.
    local : array or None
        The local derivative as evaluated here, of the shape of what is multiplied with it.
    is_translated : bool
        Whether the formula is the rule's; else it is a sentence about it.
    """

    written: str
    formula: Math
    numbers: Math | None
    entry: tuple[int, ...] | None
    local: Any
    is_translated: bool


def rule_of_argument(
    node: Tensor,
    position: int,
    names: Names = None,
    *,
    cotangent: Any = None,
    entry: tuple[int, ...] | None = None,
    of: str = "J",
    adds: bool | None = None,
) -> Statement:
    """State the rule of a node's operation for the argument at a position.

    Parameters
    ----------
    node : Tensor
        The result of an operation.
    position : int
        Which argument.
    names : callable or mapping, optional
        The name of a tensor, or None: a function of the tensor, or a mapping of its `id`.
    cotangent : array, optional
        ∂J/∂node, of the node's shape: with it there are numbers.
    entry : tuple of int, optional
        Of which entry of the argument; by default the first.
    of : str
        What is differentiated.
    adds : bool, optional
        Whether other contributions arrive in the argument, so that this is not all of its
        gradient. By default, whether it is an argument of this node more than once.

    Raises
    ------
    ValueError
        If the node is a leaf, or the argument has no derivative.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> from tinygrad_reg.drawing.mathematics import rule_of_argument
    >>> y = np.tanh(tg.Tensor(1.0, requires_grad=True, name="x"))
    >>> statement = rule_of_argument(y, 0, lambda tensor: tensor.name)
    >>> statement.written, float(statement.local.round(4))
    ('1 - y * y', 0.42)
    """
    rule = node.rule
    if rule is None:
        raise ValueError("a leaf has no rule: expected the result of an operation")
    said = rule.entries[position]
    x = node.args[position]
    if said is None or type(x) is not Tensor:
        raise ValueError(f"{rule.name} has no derivative in argument {position}")
    signs = signs_of(node, position, names, of)
    written = formula(said) or f"{said.__name__}({', '.join(parameter_names(said))})"
    if adds is None:
        adds = sum(arg is x for arg in node.args) > 1
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as a mean of nothing gives
        here = Here(node, position, cotangent)
        expression = here.checked(expression_of(node, position))
        equals = operator("+=" if adds else "=")
        left = derivative_sign(of, signs[str(position)])
        if expression is None:
            about: Math = row(left, words(f": {first_sentence(said) or written}"))
        else:
            about = row(left, equals, right_side(expression, here, signs))
        numbers = None
        if entry is None:
            entry = (0,) * x.ndim
        if cotangent is not None and x.size:
            numbers = numbers_of(expression, here, entry, signs, of, equals)
    return Statement(
        written,
        about,
        numbers,
        entry if x.ndim and numbers is not None else None,
        here.spread_local(),
        expression is not None,
    )


def right_side(expression: Expression, here: Here, signs: Signs) -> Math:
    """What stands behind the equals sign."""
    chained = times_cotangent(expression, here.shape) if here.rule.is_local else expression
    axes = here.summed_axes()
    written = as_math(chained, signs)
    if axes:
        everything = len(axes) == len(here.full_shape())
        text = f"axis {axes[0]}" if len(axes) == 1 else f"axes {', '.join(map(str, axes))}"
        sigma = (
            operator("Σ") if everything and len(axes) > 1 else ["msub", operator("Σ"), words(text)]
        )
        written = row(sigma, wrapped_math(chained, 2, signs))
    elif (
        here.rule.keeps_axes
        and here.x.shape != here.shape
        and not make.is_number(chained)
        and not any(make.has_letter(chained, str(i)) for i in range(len(here.args)))
    ):
        written = row(written, words(" for each entry of "), signs[str(here.position)].math)
    return written


def times_cotangent(local: Expression, shape: tuple[int, ...]) -> Expression:
    """The cotangent times a local derivative, in this order."""
    cotangent = Letter(COTANGENT, shape)
    if make.is_kind(local, "negative"):
        return make.negative(times_cotangent(make.parts_of(local)[0], shape))
    if make.is_number(local, 0, 1, -1):
        return make.times(cotangent, local)
    return Combination("times", (cotangent, local))
