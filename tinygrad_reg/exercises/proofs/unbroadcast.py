"""The adjoint of np.broadcast_to, against its definition by unit vectors."""

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
    shapes,
)

__all__ = ["QUESTIONS"]

Shape = tuple[int, ...]


def stretched(shape: Shape) -> Examples:
    """A cotangent of a shape that the small one is stretched to."""
    repeated = st.tuples(*(lengths() if n == 1 else st.just(n) for n in shape))
    large = st.tuples(shapes(most_axes=1), repeated).map(lambda parts: parts[0] + parts[1])
    return examples(cotangent=large.flatmap(array_of), shape=st.just(shape))


def expected(cotangent: Array, shape: Shape) -> Array:
    """What one entry of the small array does to <cotangent, large array>, for every entry."""
    return adjoint_by_unit_vectors(
        lambda small: np.broadcast_to(small, cotangent.shape), shape, cotangent
    )


def without_those_in_front(cotangent: Array, shape: Shape) -> Array:
    """The first half of the way."""
    return np.sum(cotangent, axis=tuple(range(cotangent.ndim - len(shape))))  # type: ignore[no-any-return]


def ones(shape: Shape) -> Shape:
    """The axes of length 1."""
    return tuple(axis for axis, length in enumerate(shape) if length == 1)


def first_entries(cotangent: Array, shape: Shape) -> Any:
    """One of the copies instead of the sum of all."""
    in_front = cotangent.ndim - len(shape)
    return cotangent[(0,) * in_front + tuple(slice(n) for n in shape)]


def means(cotangent: Array, shape: Shape) -> Any:
    """The mean of the copies."""
    summed = expected(cotangent, shape)
    return summed * summed.size / cotangent.size


QUESTIONS = (
    Question(
        call="unbroadcast(cotangent, shape)",
        examples=shapes().flatmap(stretched),
        expected=expected,
        source="moving one entry of the small array",
        mistakes=(
            Mistake(
                "The cotangent comes back as it went in. Where the small array was stretched, it "
                "has to be summed.",
                lambda cotangent, shape: cotangent,
            ),
            Mistake(
                "The axes in front are gone, and those of length 1 are still stretched: sum over "
                "them too, and keep them with keepdims=True.",
                without_those_in_front,
            ),
            Mistake(
                "The right axes are summed, but an axis of length 1 must stay in the shape: "
                "keepdims=True.",
                lambda cotangent, shape: np.sum(
                    without_those_in_front(cotangent, shape), axis=ones(shape)
                ),
            ),
            Mistake(
                "Axes of length 1 are summed as they should, but NumPy also puts whole axes in "
                "front: those the cotangent has more than `shape`. They are summed away first.",
                lambda cotangent, shape: np.sum(
                    cotangent,
                    axis=tuple(axis + cotangent.ndim - len(shape) for axis in ones(shape)),
                    keepdims=True,
                ),
            ),
            Mistake(
                "NumPy lines shapes up at their last axes. Yours are lined up at the first: count "
                "the axes of `shape` from the end.",
                lambda cotangent, shape: np.sum(cotangent, axis=ones(shape), keepdims=True),
            ),
            Mistake(
                "You take the mean of the copies. An entry that is used three times counts three "
                "times: sum.",
                means,
            ),
            Mistake(
                "You take one of the copies. The entry is used in all of them: sum.",
                first_entries,
            ),
            Mistake(
                "You sum over the first axis, whatever the shapes are. Which axes were stretched "
                "follows from `shape`.",
                lambda cotangent, shape: np.sum(cotangent, axis=0),
            ),
            Mistake(
                "Reshaping moves numbers around, and does not add the copies up: sum first.",
                lambda cotangent, shape: np.reshape(cotangent, shape),
            ),
        ),
        pointer="Write the two shapes beneath each other, at the right margin. Wherever they "
        "differ, sum.",
    ),
)
