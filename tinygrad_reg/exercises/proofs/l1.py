"""A subgradient of the L1 penalty, against differences, and the middle of both slopes at 0."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_reg.exercises.questions import Array, Mistake, Question, array_of, examples, shapes
from tinygrad_reg.exercises.questions import number as one_of
from tinygrad_reg.testing import numerical_gradient

__all__ = ["QUESTIONS"]


def expected(W: Array, lambd: float, m: int) -> Any:
    """The slope of the penalty, which at a kink is the mean of those of its two sides."""
    return numerical_gradient(lambda W: lambd / m * np.sum(np.abs(W)), W)


def off_zero(at_zero: float) -> Any:
    """The sign, with something else at 0."""
    return lambda W, lambd, m: lambd / m * np.where(W == 0, at_zero, np.sign(W))


AT_ZERO = (
    "At w = 0 both slopes meet, and 0 is the one to take: a weight that is 0 should not be pushed "
    "away from there. np.sign says what you need."
)

QUESTIONS = (
    Question(
        call="l1_subgradient(W, lambd, m)",
        examples=examples(
            W=shapes().flatmap(
                lambda shape: array_of(shape, 1.0, 2.0, 0.0, -0.0, -1.0, 0.5, -3.0, -0.5)
            ),
            lambd=one_of(1.0, 2.0, 0.5, 3.0),
            m=st.integers(1, 5),
        ),
        expected=expected,
        source="differences; at a kink, the middle of both slopes",
        mistakes=(
            Mistake(
                "0 is divided by 0 at w = 0. There the subgradient to take is 0, which np.sign "
                "gives by itself.",
                lambda W, lambd, m: lambd / m * W / np.abs(W),
            ),
            Mistake(AT_ZERO, off_zero(1.0)),
            Mistake(AT_ZERO, off_zero(-1.0)),
            Mistake(
                "np.copysign knows a sign of 0.0 and of -0.0. Both are 0, and have the "
                "subgradient 0.",
                lambda W, lambd, m: lambd / m * np.copysign(1.0, W),
            ),
            Mistake(
                "The penalty is divided by the number of examples, and so is its slope: lambd / m.",
                lambda W, lambd, m: lambd * np.sign(W),
            ),
            Mistake(
                "These are the signs alone: the penalty has the factor lambd / m, and so does its "
                "slope.",
                lambda W, lambd, m: np.sign(W),
            ),
            Mistake(
                "lambd / (2 * m) belongs to L2, where the square brings a 2. L1 has lambd / m.",
                lambda W, lambd, m: lambd / (2 * m) * np.sign(W),
            ),
            Mistake(
                "This is the gradient of L2, which grows with the weight. That of L1 is the same "
                "for all weights of one sign.",
                lambda W, lambd, m: lambd / m * W,
            ),
            Mistake(
                "This is the penalty's own value for each weight. What is asked for is its slope.",
                lambda W, lambd, m: lambd / m * np.abs(W),
            ),
            Mistake(
                "The sign is lost: left of 0 the penalty falls, and its slope is negative.",
                lambda W, lambd, m: lambd / m * np.where(W == 0, 0, 1),
            ),
        ),
        pointer="Draw |w|: its slope is -1 on the left and 1 on the right, times lambd / m.",
    ),
)
