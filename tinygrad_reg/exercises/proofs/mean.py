"""The pullback of np.mean, against its definition by unit vectors."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_reg.exercises.questions import (
    Array,
    Examples,
    Mistake,
    Question,
    adjoint_by_unit_vectors,
    array_of,
    examples,
    lengths,
)

__all__ = ["QUESTIONS"]

Axis = int | None


def means(drawn: tuple[tuple[int, ...], Axis]) -> Examples:
    """An array to take means of, and a cotangent of them."""
    shape, axis = drawn
    left = () if axis is None else shape[:axis] + shape[axis + 1 :]
    return examples(cotangent=array_of(left), x=array_of(shape), axis=st.just(axis))


shapes = st.one_of(st.tuples(lengths()), st.tuples(lengths(), lengths()))
chosen = shapes.flatmap(
    lambda shape: st.tuples(st.just(shape), st.sampled_from((None, *range(len(shape)))))
)


def expected(cotangent: Array, x: Array, axis: Axis) -> Array:
    """What one entry of x does to <cotangent, mean>, for every entry."""
    return adjoint_by_unit_vectors(
        lambda unit: np.asarray(np.mean(unit, axis=axis)), x.shape, cotangent
    )


def spread(cotangent: Any, x: Array, axis: Axis) -> Any:
    """The pullback of a sum."""
    along = cotangent if axis is None else np.expand_dims(cotangent, axis)
    return np.broadcast_to(along, x.shape)


def count(x: Array, axis: Axis) -> int:
    """How many entries each mean is taken of."""
    return x.size if axis is None else x.shape[axis]


STRETCHED = (
    "The cotangent is stretched along the last axis, whatever `axis` is. Put the axis back with "
    "length 1 first: np.expand_dims(cotangent, axis)."
)

QUESTIONS = (
    Question(
        call="mean_pullback(cotangent, x, axis)",
        examples=chosen.flatmap(means),
        expected=expected,
        source="moving one entry of x",
        mistakes=(
            Mistake("This is the pullback of a sum. A mean is divided by n.", spread),
            Mistake(
                "You divide by the number of all entries of x. Along an axis, each mean is taken "
                "of x.shape[axis] entries.",
                lambda cotangent, x, axis: spread(cotangent, x, axis) / x.size,
            ),
            Mistake(
                "You divide by the length of the first axis, whatever the axis is: each mean is "
                "taken of x.shape[axis] entries, or of x.size if axis is None.",
                lambda cotangent, x, axis: spread(cotangent, x, axis) / x.shape[0],
            ),
            Mistake(
                "You divide by the length of the first axis, also along the second one: each mean "
                "is taken of x.shape[axis] entries.",
                lambda cotangent, x, axis: (
                    spread(cotangent, x, axis) / (x.size if axis is None else x.shape[0])
                ),
            ),
            Mistake(
                STRETCHED,
                lambda cotangent, x, axis: np.broadcast_to(cotangent, x.shape) / count(x, axis),
            ),
            Mistake(STRETCHED, lambda cotangent, x, axis: (cotangent + 0 * x) / count(x, axis)),
            Mistake(
                "Divided as it should be, but not handed out: every entry of x gets its part, so "
                "the result has the shape of x. np.broadcast_to stretches it.",
                lambda cotangent, x, axis: (
                    (cotangent if axis is None else np.expand_dims(cotangent, axis))
                    / count(x, axis)
                ),
            ),
            Mistake(
                "Divided as it should be, but not handed out: every entry of x gets its part, so "
                "the result has the shape of x.",
                lambda cotangent, x, axis: cotangent / count(x, axis),
            ),
            Mistake(
                "Multiplied with n, where it is to be divided by n.",
                lambda cotangent, x, axis: spread(cotangent, x, axis) * count(x, axis),
            ),
            Mistake(
                "x itself is a factor of what you give. How far y moves does not depend on what x "
                "is, only on how many entries share it.",
                lambda cotangent, x, axis: spread(cotangent, x, axis) * x / count(x, axis),
            ),
        ),
        pointer="Take x with three entries and move one of them by 3: the mean moves by 1.",
    ),
)
