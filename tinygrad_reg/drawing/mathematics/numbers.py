"""What a rule says of one entry of an argument, in the numbers of a node."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tinygrad_reg.drawing.mathematics import expressions as make
from tinygrad_reg.drawing.mathematics.expressions import Combination, Expression, Letter, Number
from tinygrad_reg.drawing.mathematics.letters import derivative_sign
from tinygrad_reg.drawing.mathematics.values import Here
from tinygrad_reg.drawing.mathematics.writing import (
    Math,
    Sign,
    Signs,
    as_math,
    operator,
    rounded,
    row,
    words,
    wrapped_math,
)

__all__ = ["numbers_of"]


MOST_TERMS = 4


def numbers_of(
    expression: Expression | None,
    here: Here,
    entry: tuple[int, ...],
    signs: Signs,
    of: str,
    equals: Math,
) -> Math | None:
    """The same statement for one entry of the argument, in numbers."""
    try:
        result = here.contribution()[entry]
    except (ValueError, TypeError, IndexError):
        return None
    sign = signs[str(here.position)]
    if here.x.ndim:
        sign = Sign(row(sign.math, words(f"[{', '.join(map(str, entry))}]")), "")
    left = derivative_sign(of, sign)
    terms, more = ([], 0) if expression is None else terms_of(expression, here, entry)
    value = Number(float(result), is_value=True)
    if not terms or (len(terms) == 1 and isinstance(terms[0], Number)):
        return row(left, equals, as_math(value, signs))
    exact = not more and is_true_as_shown(terms, rounded(result))
    shown = as_math(terms[0], signs)
    for term in terms[1:]:
        shown = row(shown, operator("+"), wrapped_math(term, 3, signs))
    if more:
        shown = row(shown, operator("+"), words("…"))
    return row(left, equals, shown, operator("=" if exact else "≈"), as_math(value, signs))


def is_true_as_shown(terms: list[Expression], result: float) -> bool:
    """Whether the sum of terms is the result also with every number as it is shown."""
    total = sum(float(make.value_of(as_shown(term), {})) for term in terms)
    return total == result or abs(total - result) < 1e-12 * abs(result)


def as_shown(expression: Expression) -> Expression:
    """An expression with every number as it is shown."""
    if isinstance(expression, Number):
        return expression if expression.sign else Number(np.float64(rounded(expression.value)))
    if isinstance(expression, Letter):
        return expression
    return replace(expression, parts=tuple([as_shown(part) for part in expression.parts]))


def terms_of(
    expression: Expression, here: Here, entry: tuple[int, ...]
) -> tuple[list[Expression], int]:
    """The terms whose sum is one entry of the contribution, at most four, and how many are left."""
    if here.rule.is_local:
        return local_terms(expression, here, entry)
    if make.is_kind(expression, "product"):
        return product_terms(expression, here, entry)
    if make.is_by_entry(expression) and not here.summed_axes():
        shape = here.full_shape()
        values = {key: at(x, shape, entry) for key, x in here.values.items()}
        used = {part.key for part in make.walk(expression) if isinstance(part, Letter)}
        if all(values[key] is not None for key in used):
            return [make.with_numbers(expression, values)], 0
    return [], 0


def at(x: Any, shape: tuple[int, ...], place: tuple[int, ...]) -> Any:
    """The entry of an array, broadcast to a shape, at a place; None if there is none."""
    try:
        return np.broadcast_to(np.asarray(x, float), shape)[place]
    except (ValueError, TypeError, IndexError):
        return None


def local_terms(
    expression: Expression, here: Here, entry: tuple[int, ...]
) -> tuple[list[Expression], int]:
    """Cotangent times local derivative, at every place that the entry was broadcast to."""
    shape = here.full_shape()
    local = here.spread_local()
    cotangent = np.broadcast_to(here.cotangent, shape)
    extra = len(shape) - here.x.ndim
    summed = here.summed_axes()
    ranges = [
        range(n) if i in summed else [entry[i - extra] if here.x.shape[i - extra] > 1 else 0]
        for i, n in enumerate(shape)
    ]
    number = int(np.prod([len(each) for each in ranges]))
    places: list[tuple[int, ...]] = [()]
    for each in ranges:
        places = [(*place, i) for place in places for i in list(each)[:MOST_TERMS]]
    places = places[:MOST_TERMS]
    if number != 1:
        # in the order of the array, which the loops keep
        return [
            factors(float(cotangent[p]), Number(float(local[p]), is_value=True), expression)
            for p in places
        ], number - len(places)
    [place] = places
    if cotangent[place] == 0 and not np.isfinite(local[place]):
        return [], 0  # what does not arrive contributes 0, and not 0 · ∞
    inner: Expression = Number(float(local[place]), is_value=True)
    if make.is_by_entry(expression):
        values = {key: at(x, shape, place) for key, x in here.values.items()}
        used = {part.key for part in make.walk(expression) if isinstance(part, Letter)}
        if all(values[key] is not None for key in used):
            inner = make.with_numbers(expression, values)
    return [factors(float(cotangent[place]), inner, expression)], 0


def factors(cotangent: float, local: Expression, expression: Expression) -> Expression:
    """Cotangent times local derivative, without a factor that is always 1 or -1."""
    if make.is_number(expression, 0, 1, -1):
        product = cotangent * float(expression.value)  # type: ignore[union-attr]
        return Number(product, is_value=True)
    return Combination("times", (Number(cotangent, is_value=True), local))


def product_terms(
    expression: Expression, here: Here, entry: tuple[int, ...]
) -> tuple[list[Expression], int]:
    """Row times column, for a product of two matrices, or of a matrix and a vector."""
    left, right = (np.asarray(make.value_of(p, here.values)) for p in make.parts_of(expression))
    if here.full_shape() != here.x.shape:
        return [], 0
    match left.ndim, right.ndim, len(entry):
        case 2, 2, 2:
            pairs = [*zip(left[entry[0]], right[:, entry[1]], strict=True)]
        case 2, 1, 1:
            pairs = [*zip(left[entry[0]], right, strict=True)]
        case 1, 1, 2:
            pairs = [(left[entry[0]], right[entry[1]])]
        case _:
            return [], 0
    shown = [
        Combination("times", (Number(float(a), is_value=True), Number(float(b), is_value=True)))
        for a, b in pairs[:MOST_TERMS]
    ]
    return [*shown], len(pairs) - len(shown)
