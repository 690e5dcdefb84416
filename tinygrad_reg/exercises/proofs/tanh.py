"""The local derivative of tanh, against differences."""

import numpy as np

from tinygrad_reg.exercises.questions import Array, Mistake, Question, array_of, examples, shapes
from tinygrad_reg.testing import numerical_gradient

__all__ = ["QUESTIONS"]


def expected(y: Array) -> Array:
    """The slope of np.tanh at the x that y came from."""
    return numerical_gradient(lambda x: np.sum(np.tanh(x)), np.arctanh(y))  # type: ignore[no-any-return]


QUESTIONS = (
    Question(
        call="tanh_derivative(y)",
        examples=examples(
            y=shapes().flatmap(lambda shape: array_of(shape, 0.0, 0.5, -0.5, 0.25, -0.75))
        ),
        expected=expected,
        source="differences of np.tanh at x = np.arctanh(y)",
        mistakes=(
            Mistake(
                "You take tanh of y. But y is tanh(x) already: the x is gone, and not needed.",
                lambda y: 1 - np.tanh(y) ** 2,
            ),
            Mistake("The square is missing: it is 1 - y**2, and not 1 - y.", lambda y: 1 - y),
            Mistake(
                "Only y is squared: 1 - y**2, and not (1 - y)**2.",
                lambda y: (1 - y) ** 2,
            ),
            Mistake("The square has a plus before it. Far out, tanh is flat.", lambda y: 1 + y * y),
            Mistake("Where is the 1? At y = 0 the slope of tanh is 1.", lambda y: -(y**2)),
            Mistake("Where is the 1? At y = 0 the slope of tanh is 1.", lambda y: y**2),
            Mistake(
                "y * (1 - y) belongs to the sigmoid, whose values go from 0 to 1; those of tanh "
                "go from -1 to 1.",
                lambda y: y * (1 - y),
            ),
            Mistake(
                "This is the derivative of 1 - y**2 with respect to y. But 1 - y**2 is a "
                "derivative already.",
                lambda y: -2 * y,
            ),
        ),
        pointer="Put y = 0 into your formula by hand: the slope of tanh is 1 there. Far out, at "
        "y = 1 and at y = -1, it is 0.",
    ),
)
