"""What is wrong with a result: nothing came out, another kind of thing, a shape, a number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tinygrad_reg.exercises.questions import Array, Question
from tinygrad_reg.tensor import Tensor

__all__ = ["Difference", "as_numbers", "close", "difference", "part_of"]

NO_PART = ""


@dataclass(frozen=True)
class Difference:
    """How a result differs from what was expected; `kind` is what a hint can be chosen by.

    `came_out` and `expected` are what to show of both; `part` names the part they are.
    """

    kind: str
    finding: str
    came_out: Any
    expected: Any
    part: str = NO_PART


def difference(
    result: Any, expected: Any, question: Question, before: dict[str, Any], after: dict[str, Any]
) -> Difference | None:
    """The first thing that is wrong with a result, or with what was done to the arguments."""
    call, parts = question.call, question.parts
    if result is None or result is ...:
        return Difference("nothing", f"{call} gives {result!r}.", result, expected)
    if not parts:
        found = difference_of_part(result, expected, question, NO_PART)
    elif not has_parts(result, expected, parts):
        what = "a dict with the keys" if isinstance(expected, dict) else "a tuple of"
        finding = f"{call} gives {kind_of(result)}: expected {what} {', '.join(parts)}."
        found = Difference("parts", finding, result, expected)
    else:
        found = first_wrong_part(result, expected, question)
    return found or change_in_place(question, before, after)


def first_wrong_part(result: Any, expected: Any, question: Question) -> Difference | None:
    """The first part that is wrong, with a word about those that are right."""
    wrong, right = [], []
    for part in question.parts:
        own, other = (part_of(x, part, question.parts) for x in (result, expected))
        found = difference_of_part(own, other, question, part)
        if found is None:
            right.append(part)
        else:
            wrong.append(found)
    if not wrong:
        return None
    said = f" Right here: {', '.join(right)}." if right else ""
    return replace(wrong[0], finding=wrong[0].finding + said)


def change_in_place(
    question: Question, before: dict[str, Any], after: dict[str, Any]
) -> Difference | None:
    """An argument that is not what it was before the call."""
    for name, value in before.items():
        if isinstance(value, np.ndarray) and not np.array_equal(value, after[name]):
            return Difference(
                "in place",
                f"The result is right, but {question.call} changes its argument {name} in place.",
                after[name],
                value,
                name,
            )
    return None


def has_parts(result: Any, expected: Any, parts: tuple[str, ...]) -> bool:
    """Whether a result has the parts that it should have."""
    if isinstance(expected, dict):
        return isinstance(result, dict) and all(part in result for part in parts)
    return isinstance(result, tuple | list) and len(result) == len(parts)


def part_of(result: Any, part: str, parts: tuple[str, ...]) -> Any:
    """One part of a result, by its name."""
    if part == NO_PART:
        return result
    return result[part] if isinstance(result, dict) else result[parts.index(part)]


def difference_of_part(
    result: Any, expected: Any, question: Question, part: str
) -> Difference | None:
    """What is wrong with one array or number."""
    what = f"{question.call}: {part}" if part else question.call
    expected = np.asarray(expected, dtype=float)

    def found(kind: str, finding: str) -> Difference:
        return Difference(kind, f"{what} {finding}", result, expected, part)

    if result is None or result is ...:
        return found("nothing", f"is {result!r}.")
    numbers = as_numbers(result)
    if numbers is None:
        return found("type", f"is {kind_of(result)}: expected {of_numbers(expected)}.")
    if numbers.shape != expected.shape:
        return found("shape", f"has the shape {numbers.shape}: expected {expected.shape}.")
    if not np.all(np.isfinite(numbers)):
        return found("not finite", f"is {odd(numbers)} where there is a number.")
    if not close(numbers, expected, question.tolerance):
        return found("value", "is not what it should be.")
    return None


def odd(numbers: Array) -> str:
    """What stands in place of a number."""
    return "nan" if np.any(np.isnan(numbers)) else "inf"


def of_numbers(expected: Array) -> str:
    """What kind of thing is expected."""
    return f"an array of shape {expected.shape}" if expected.ndim else "a number"


def kind_of(result: Any) -> str:
    """What a result is, in words."""
    if isinstance(result, np.ndarray | np.generic) and np.ndim(result):
        kinds = {"b": "truth values", "c": "complex numbers", "O": "objects", "U": "texts"}
        return f"an array of {kinds.get(result.dtype.kind, 'numbers')}"
    for kinds_of_python, name in KINDS:
        if isinstance(result, kinds_of_python):
            return name
    return "a function" if callable(result) else f"a {type(result).__name__}"


KINDS: tuple[tuple[Any, str], ...] = (
    (Tensor, "a Tensor"),
    (bool | np.bool_, "a truth value"),
    (complex | np.complexfloating, "a complex number"),
    (float | int | np.number, "a number"),
    (str, "a text"),
    (tuple, "a tuple"),
    (list, "a list"),
    (dict, "a dict"),
)


def as_numbers(result: Any) -> Array | None:
    """A result as an array of floats; None if it is something else."""
    if isinstance(result, Tensor):
        return None
    try:
        array = np.asarray(result)
    except Exception:  # rows of different lengths, or a thing of the learner's own
        return None
    return array.astype(float) if array.dtype.kind in "fiu" else None


def close(one: Array, other: Array, tolerance: float) -> bool:
    """Whether two arrays are the same up to rounding; NaN and infinities count as numbers."""
    if one.shape != other.shape:
        return False
    finite = other[np.isfinite(other)]
    size = max(1.0, float(np.max(np.abs(finite), initial=0.0)))
    return bool(np.allclose(one, other, rtol=0, atol=tolerance * size, equal_nan=True))
