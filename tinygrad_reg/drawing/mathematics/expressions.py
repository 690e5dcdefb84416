"""Mathematics as small trees: numbers, letters, and what is made of them.

The functions that make trees also tidy them: `y * y` becomes a square, a factor 1 goes away. A
tree can be evaluated, which is how it is known to say the same as the rule it was read from.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import e, pi
from typing import Any

import numpy as np

__all__ = ["COTANGENT", "EULER", "PI", "RESULT", "Combination", "Expression", "Letter", "Number"]


@dataclass(frozen=True)
class Number:
    """A number; `sign` is how it is written where that is not in digits, such as π.

    `is_value` says that it is what a letter stands for here, and not a constant of the formula.
    """

    value: Any
    sign: str = ""
    is_value: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Letter:
    """What stands for an array: the result, an argument by its position, or the cotangent."""

    key: str
    shape: tuple[int, ...] = ()

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)


@dataclass(frozen=True)
class Combination:
    """Something made of parts.

    Attributes
    ----------
    kind : str
        A key of `MEANINGS`, or "function" (of entries), "map" (of whole arrays), "index",
        "placed" (entries put back into zeros), "total" (a sum), "norm".
    parts : tuple of Expression
        What it is made of.
    text : str
        The name of a function, the sign of a comparison, the axes of a sum, an index.
    options : str
        What else a function is told, as it is written: `axis=0`.
    meaning : callable, optional
        Computes it from the values of the parts, where the kind does not say how.
    """

    kind: str
    parts: tuple[Expression, ...]
    text: str = ""
    options: str = ""
    meaning: Callable[..., Any] | None = field(default=None, compare=False)


Expression = Number | Letter | Combination

PI = Number(pi, "π")
EULER = Number(e, "e")
RESULT = "y"
COTANGENT = "cotangent"


def choose(*parts: Any) -> Any:
    """The value that belongs to the first condition that holds; the last one if none does."""
    result = parts[-1]
    for value, condition in reversed([*zip(parts[:-1:2], parts[1:-1:2], strict=True)]):
        result = np.where(condition, value, result)
    return result


COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq, "≠": operator.ne, "<": operator.lt, "≤": operator.le, ">": operator.gt,
    "≥": operator.ge,
}  # fmt: skip
MEANINGS: dict[str, Callable[..., Any]] = {
    "plus": operator.add,
    "minus": operator.sub,
    "negative": operator.neg,
    "times": operator.mul,
    "product": operator.matmul,
    "over": operator.truediv,
    "power": operator.pow,
    "root": np.sqrt,
    "size": np.abs,
    "cases": choose,
    "and": np.logical_and,
    "not": np.logical_not,
    "transpose": lambda a: np.swapaxes(a, -1, -2) if np.ndim(a) > 1 else a,
}
# Kinds whose entries are each made of the entries in the same place.
BY_ENTRY = {
    "plus", "minus", "negative", "times", "over", "power", "root", "size", "cases", "and", "not",
    "compare", "function",
}  # fmt: skip


def value_of(expression: Expression, values: Mapping[str, Any]) -> Any:
    """Evaluate an expression, given the array that each letter stands for."""
    if isinstance(expression, Number):
        return expression.value
    if isinstance(expression, Letter):
        return values[expression.key]
    parts = [value_of(part, values) for part in expression.parts]
    if expression.meaning is not None:
        return expression.meaning(*parts)
    if expression.kind == "compare":
        return COMPARISONS[expression.text](*parts)
    return MEANINGS[expression.kind](*parts)


def shape_of(expression: Expression) -> tuple[int, ...]:
    """The shape of an expression, found by evaluating it with ones."""
    letters = {part for part in walk(expression) if isinstance(part, Letter)}
    with np.errstate(all="ignore"):
        return np.shape(value_of(expression, {x.key: np.ones(x.shape) for x in letters}))


def walk(expression: Expression) -> Iterator[Expression]:
    """An expression and all its parts."""
    yield expression
    if isinstance(expression, Combination):
        for part in expression.parts:
            yield from walk(part)


def has_letter(expression: Expression, key: str) -> bool:
    """Whether a letter occurs in an expression."""
    return any(isinstance(part, Letter) and part.key == key for part in walk(expression))


def is_by_entry(expression: Expression) -> bool:
    """Whether each entry of the result is made of entries in the same place."""
    return all(
        not isinstance(part, Combination)
        or (part.kind in BY_ENTRY and not (part.kind == "cases" and part.meaning))
        for part in walk(expression)
    )


def is_array(expression: Expression) -> bool:
    """Whether it has more than one entry, as far as its letters tell."""
    if isinstance(expression, Letter):
        return any(n != 1 for n in expression.shape)
    if isinstance(expression, Number):
        return False
    if expression.kind in ("total", "norm") and not expression.text:
        return False
    return any(map(is_array, expression.parts))


def with_numbers(expression: Expression, values: Mapping[str, Any]) -> Expression:
    """An expression with a number in place of every letter, and cases decided."""
    if isinstance(expression, Number):
        return expression
    if isinstance(expression, Letter):
        return Number(values[expression.key], is_value=True)
    if expression.kind in ("cases", "compare", "and", "not"):
        return Number(float(value_of(expression, values)), is_value=True)
    parts = tuple([with_numbers(part, values) for part in expression.parts])
    if expression.kind == "over" and expression.meaning and value_of(parts[1], {}) == 0:
        return Number(0)  # the subgradient that was chosen there, and not 0/0
    return replace(expression, parts=parts)


# Making them


def is_number(expression: Expression, *values: float) -> bool:
    """Whether it is a number in digits; one of these, if any are given."""
    if not isinstance(expression, Number) or expression.sign:
        return False
    return not values or expression.value in values


def is_kind(expression: Expression, *kinds: str) -> bool:
    """Whether it is a combination of one of these kinds."""
    return isinstance(expression, Combination) and expression.kind in kinds


def parts_of(expression: Expression) -> tuple[Expression, ...]:
    """What a combination is made of."""
    return expression.parts if isinstance(expression, Combination) else ()


def plus(a: Expression, b: Expression) -> Expression:
    """a + b."""
    if is_number(a, 0):
        return b
    if is_number(b, 0):
        return a
    if is_kind(b, "negative"):
        return minus(a, *parts_of(b))
    if is_number(a) and is_number(b):
        return Number(a.value + b.value)  # type: ignore[union-attr]
    if is_number(b) and b.value < 0:  # type: ignore[union-attr]
        return Combination("minus", (a, negative(b)))
    return Combination("plus", (a, b))


def minus(a: Expression, b: Expression) -> Expression:
    """a - b."""
    if is_number(b, 0):
        return a
    if is_number(a, 0):
        return negative(b)
    if is_kind(b, "negative"):
        return plus(a, *parts_of(b))
    if is_number(a) and is_number(b):
        return Number(a.value - b.value)  # type: ignore[union-attr]
    if is_number(b) and b.value < 0:  # type: ignore[union-attr]
        return Combination("plus", (a, negative(b)))
    return Combination("minus", (a, b))


def negative(a: Expression) -> Expression:
    """-a."""
    if is_number(a):
        return Number(-a.value)  # type: ignore[union-attr]
    if is_kind(a, "negative"):
        return parts_of(a)[0]
    if is_kind(a, "minus") and not is_number(parts_of(a)[0]):
        return minus(parts_of(a)[1], parts_of(a)[0])
    return Combination("negative", (a,))


def times(a: Expression, b: Expression) -> Expression:
    """a · b, entry by entry."""
    for one, other in ((a, b), (b, a)):
        if is_number(one, 0):
            return Number(0)
        if is_number(one, 1):
            return other
        if is_number(one, -1):
            return negative(other)
    if is_number(a) and is_number(b):
        return Number(a.value * b.value)  # type: ignore[union-attr]
    if is_number(b) or (is_constant(b) and not is_constant(a)):
        a, b = b, a
    if is_number(a) and a.value < 0:  # type: ignore[union-attr]
        return negative(times(negative(a), b))
    for one, other, in_order in ((a, b, False), (b, a, True)):
        if is_kind(one, "negative"):
            inner = parts_of(one)[0]
            return negative(times(other, inner) if in_order else times(inner, other))
    if is_number(a) and is_kind(b, "over") and is_number(parts_of(b)[0]):
        return over(times(a, parts_of(b)[0]), parts_of(b)[1])
    if difference := of_squares(a, b) or of_squares(b, a):
        return difference
    if a == b:
        return power(a, Number(2))
    if is_kind(a, "power") and parts_of(a)[0] == b and is_number(parts_of(a)[1]):
        return power(b, plus(parts_of(a)[1], Number(1)))
    if is_kind(a, "times") and parts_of(a)[1] == b:
        return times(parts_of(a)[0], power(b, Number(2)))
    if is_number(a) and is_kind(b, "times") and is_number(parts_of(b)[0]):
        return times(times(a, parts_of(b)[0]), parts_of(b)[1])
    return Combination("times", (a, b))


def is_constant(e: Expression) -> bool:
    """Whether it is a number or made of numbers."""
    return not any(isinstance(part, Letter) for part in walk(e))


def of_squares(a: Expression, b: Expression) -> Expression | None:
    """(1 - x)·(1 + x) = 1 - x²."""
    if is_kind(a, "minus") and is_kind(b, "plus") and parts_of(a) == parts_of(b):
        one, x = parts_of(a)
        if is_number(one, 1):
            return minus(one, power(x, Number(2)))
    return None


def over(a: Expression, b: Expression) -> Expression:
    """a / b, as a fraction."""
    if is_number(b, 1):
        return a
    if is_number(b, -1):
        return negative(a)
    if is_number(a, 0.5):
        a, b = Number(1), times(Number(2), b)
    if is_kind(a, "negative"):
        return negative(over(parts_of(a)[0], b))
    if is_kind(b, "negative"):
        return negative(over(a, parts_of(b)[0]))
    if is_number(a) and a.value < 0:  # type: ignore[union-attr]
        return negative(over(Number(-a.value), b))  # type: ignore[union-attr]
    if is_kind(a, "over"):
        return over(parts_of(a)[0], times(parts_of(a)[1], b))
    return Combination("over", (a, b))


def guarded(a: Expression, b: Expression) -> Expression:
    """a / b, and 0 where b is 0: a subgradient was chosen there."""
    made = over(a, b)
    if not is_kind(made, "over"):
        return made

    def meaning(a: Any, b: Any) -> Any:
        zero = b == 0
        return np.where(zero, 0, a / np.where(zero, 1, b))

    return Combination("over", parts_of(made), meaning=meaning)


def power(a: Expression, b: Expression) -> Expression:
    """a to the power of b."""
    if is_number(b, 0):
        return Number(1)
    if is_number(b, 1):
        return a
    return Combination("power", (a, b))


def product(a: Expression, b: Expression) -> Expression:
    """The matrix product."""
    if is_kind(a, "negative"):
        return negative(product(parts_of(a)[0], b))
    if is_kind(b, "negative"):
        return negative(product(a, parts_of(b)[0]))
    return Combination("product", (a, b))


def transpose(a: Expression) -> Expression:
    """A matrix, or stack of matrices, with rows and columns exchanged."""
    return parts_of(a)[0] if is_kind(a, "transpose") else Combination("transpose", (a,))


def compare(a: Expression, sign: str, b: Expression) -> Expression:
    """A condition."""
    return Combination("compare", (a, b), sign)


def cases(*parts: Expression) -> Expression:
    """Value, condition, value, condition, …, and the value where none of them holds."""
    if all(part == parts[-1] for part in parts[::2]):
        return parts[-1]
    return Combination("cases", parts)


def as_number(a: Expression) -> Expression:
    """A condition as 1 where it holds and 0 elsewhere; anything else as it is."""
    if is_kind(a, "compare", "and", "not"):
        return Combination("cases", (Number(1), a, Number(0)))
    return a


def function(name: str, meaning: Callable[..., Any], *parts: Expression) -> Expression:
    """A function of entries, by its name."""
    return Combination("function", parts, name, "", meaning)


def root(a: Expression) -> Expression:
    """The square root."""
    return Combination("root", (a,))


def total(a: Expression, text: str, meaning: Callable[..., Any]) -> Expression:
    """The sum of entries, along the axes in the text; of all, if it is empty."""
    return Combination("total", (a,), text, "", meaning)
