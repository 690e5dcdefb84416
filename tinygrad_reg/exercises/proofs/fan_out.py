"""The gradient of J = u * u + x with u = x * y, against differences."""

from typing import Any

from tinygrad_reg.exercises.questions import Mistake, Question, examples, number
from tinygrad_reg.testing import numerical_gradient

__all__ = ["QUESTIONS"]


def J(x: Any, y: Any) -> Any:
    """The function of the exercise."""
    u = x * y
    return u * u + x


QUESTIONS = (
    Question(
        call="fan_out_gradient(x, y)",
        examples=examples(x=number(), y=number()),
        expected=lambda x, y: numerical_gradient(J, x, y, argnums=(0, 1)),
        source="differences of J",
        parts=("dx", "dy"),
        mistakes=(
            Mistake(
                "The edge from u is there, and the one from J is missing: x also stands by itself "
                "in J = u * u + x.",
                lambda x, y: (2 * x * y * y, None),
            ),
            Mistake(
                "The edge from J is there, and the one from u is missing, or was overwritten: add "
                "to dx what arrives along each.",
                lambda x, y: (1.0, 0.0),
            ),
            Mistake(
                "u * u uses u twice, and each of the two factors sends a cotangent back: du is "
                "u + u, and not u.",
                lambda x, y: (x * y * y + 1, x * y * x),
            ),
            Mistake(
                "Two things at once: u * u sends back u + u and not u; and x also stands by "
                "itself in J.",
                lambda x, y: (x * y * y, None),
            ),
            Mistake(
                "dy got the cotangent that belongs to x alone: J uses x by itself, but not y.",
                lambda x, y: (None, 2 * x * y * x + 1),
            ),
            Mistake(
                "x and y are mixed up in u = x * y: what goes to a factor is multiplied with the "
                "other one.",
                lambda x, y: (2 * x * y * x + 1, 2 * x * y * y),
            ),
        ),
        pointer="Draw u, x, y and J with an arrow for each use, and write on every arrow what it "
        "sends back. What arrives at a value is added.",
    ),
)
