"""The product and the sine of dual numbers, against differences along the tangent."""

from math import cos, sin
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_reg.exercises.questions import Mistake, Question, examples, number
from tinygrad_reg.testing import numerical_gradient

__all__ = ["QUESTIONS"]

Dual = tuple[float, float]
duals = st.tuples(number(), number())


def product(a: Dual, b: Dual) -> tuple[Any, Any]:
    """Value and slope at t = 0 of the product of the moved numbers."""
    slope = numerical_gradient(lambda t: (a[0] + t * a[1]) * (b[0] + t * b[1]), 0.0)
    return a[0] * b[0], slope


def sine(a: Dual) -> tuple[Any, Any]:
    """Value and slope at t = 0 of the sine of the moved number."""
    return np.sin(a[0]), numerical_gradient(lambda t: np.sin(a[0] + t * a[1]), 0.0)


QUESTIONS = (
    Question(
        call="multiply(a, b)",
        examples=examples(a=duals, b=duals),
        expected=product,
        source="differences along the tangents",
        parts=("value", "tangent"),
        mistakes=(
            Mistake(
                "The tangents are multiplied like the values. By the product rule each value is "
                "moved on its own, while the other one stands: dx * y + x * dy.",
                lambda a, b: (a[0] * b[0], a[1] * b[1]),
            ),
            Mistake(
                "Half of the product rule: y moves as well, and that counts x * dy.",
                lambda a, b: (a[0] * b[0], a[1] * b[0]),
            ),
            Mistake(
                "Half of the product rule: x moves as well, and that counts dx * y.",
                lambda a, b: (a[0] * b[0], a[0] * b[1]),
            ),
            Mistake(
                "The tangents are added, as for a sum. In a product each is multiplied with the "
                "other value.",
                lambda a, b: (a[0] * b[0], a[1] + b[1]),
            ),
            Mistake(
                "Each tangent meets its own value. It is the other one that it is multiplied with: "
                "dx * y + x * dy.",
                lambda a, b: (a[0] * b[0], a[0] * a[1] + b[0] * b[1]),
            ),
            Mistake(
                "A minus belongs to the quotient; the product rule has a plus.",
                lambda a, b: (a[0] * b[0], a[1] * b[0] - a[0] * b[1]),
            ),
        ),
        pointer="Multiply (x + t * dx) * (y + t * dy) out: what stands beside t is the tangent.",
    ),
    Question(
        call="sine(a)",
        examples=examples(a=duals),
        expected=sine,
        source="differences along the tangent",
        parts=("value", "tangent"),
        mistakes=(
            Mistake(
                "This is the slope of sin alone. The tangent that comes in multiplies it: "
                "the chain rule.",
                lambda a: (sin(a[0]), cos(a[0])),
            ),
            Mistake(
                "The sine of the tangent: but a tangent is moved by the slope at x, linearly.",
                lambda a: (sin(a[0]), sin(a[1])),
            ),
            Mistake("The derivative of sin is cos, with a plus.", lambda a: (0, -cos(a[0]) * a[1])),
            Mistake(
                "The cosine is taken of the tangent. It is the slope at the value: cos(x).",
                lambda a: (sin(a[0]), cos(a[1])),
            ),
            Mistake(
                "The cosine is taken of x * dx. It is the slope at x, times dx.",
                lambda a: (sin(a[0]), cos(a[0] * a[1])),
            ),
            Mistake(
                "The tangent is multiplied with sin(x). The slope of sin at x is cos(x).",
                lambda a: (sin(a[0]), sin(a[0]) * a[1]),
            ),
            Mistake(
                "The tangent goes through as it came in. It is multiplied with the slope, cos(x).",
                lambda a: (sin(a[0]), a[1]),
            ),
        ),
        pointer="The value is sin(x), without tangents. The tangent is the slope of sin at x, "
        "times the tangent of x.",
    ),
)
