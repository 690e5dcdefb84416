"""The loss of logistic regression from logits, against its definition in 400 digits."""

from decimal import Context, Decimal
from functools import cache
from typing import Any

import numpy as np

from tinygrad_reg.exercises.questions import (
    Array,
    Examples,
    Mistake,
    Question,
    array_of,
    examples,
    shapes,
)

__all__ = ["QUESTIONS"]

DIGITS = Context(prec=400)
LOGITS = (0.0, 1.0, -1.0, 2.0, -3.0, 40.0, -40.0, 800.0, -800.0)


def expected(Z: Array, Y: Array) -> Array:
    """-(Y log A + (1 - Y) log(1 - A)), with so many digits that nothing is rounded away."""
    return np.reshape([loss(*pair) for pair in zip(Z.flat, Y.flat, strict=True)], Z.shape)


@cache
def loss(z: float, y: float) -> float:
    """The loss of one logit."""
    A = DIGITS.divide(Decimal(1), DIGITS.add(Decimal(1), DIGITS.exp(-Decimal(z))))
    return -float(DIGITS.ln(A if y else DIGITS.subtract(Decimal(1), A)))


def sigmoid(Z: Array) -> Any:
    """A, as it is written in the task."""
    return 1 / (1 + np.exp(-Z))


def logits_and_labels(shape: tuple[int, ...]) -> Examples:
    """Logits, some of them large, and labels."""
    return examples(Z=array_of(shape, *LOGITS), Y=array_of(shape, 0.0, 1.0))


def as_written(A: Array, Y: Array) -> Any:
    """The definition, with floats."""
    return -(Y * np.log(A) + (1 - Y) * np.log(1 - A))


def stable(Z: Array, Y: Array) -> Any:
    """The formula asked for."""
    return np.maximum(Z, 0) + np.log1p(np.exp(-np.abs(Z))) - Y * Z


def bounded(edge: float) -> Mistake:
    """A sigmoid that is kept away from 0 and 1."""
    return Mistake(
        "A was kept away from 0 and 1. This stops the overflow, and makes the loss wrong: it "
        "stays the same from there on, and has gradient 0 where the mistake is largest.",
        lambda Z, Y: as_written(np.clip(sigmoid(Z), edge, 1 - edge), Y),
    )


def added(edge: float) -> Mistake:
    """A small number inside of the logarithms."""
    return Mistake(
        "A small number was added inside of the logarithms. This stops the overflow, and makes "
        "the loss wrong: it does not grow any more where the mistake is largest.",
        lambda Z, Y: -(Y * np.log(sigmoid(Z) + edge) + (1 - Y) * np.log(1 - sigmoid(Z) + edge)),
    )


AS_IT_STANDS = (
    "This is the definition as it stands. Where A is rounded to 0 or 1, a logarithm of 0 is taken; "
    "use the form without A."
)

QUESTIONS = (
    Question(
        call="losses(Z, Y)",
        examples=shapes().flatmap(logits_and_labels),
        expected=expected,
        source="the definition, computed with 400 digits",
        mistakes=(
            Mistake(AS_IT_STANDS, lambda Z, Y: as_written(sigmoid(Z), Y)),
            Mistake(AS_IT_STANDS, lambda Z, Y: -np.log(np.where(Y, sigmoid(Z), 1 - sigmoid(Z)))),
            Mistake(
                "exp(Z) is too large for a float from Z = 710 on. Take max(Z, 0) out of the "
                "logarithm first, so that the exponent is -abs(Z).",
                lambda Z, Y: np.log(1 + np.exp(Z)) - Y * Z,
            ),
            Mistake(
                "exp(-Z) is too large for a float from Z = -710 down. Take max(Z, 0) out of the "
                "logarithm first, so that the exponent is -abs(Z).",
                lambda Z, Y: np.log(1 + np.exp(-Z)) + (1 - Y) * Z,
            ),
            *(bounded(10.0**-digits) for digits in range(6, 17)),
            *(added(10.0**-digits) for digits in range(6, 17)),
            Mistake(
                "The labels are the wrong way round: with Y = 1 a large Z must cost nothing.",
                lambda Z, Y: stable(Z, 1 - Y),
            ),
            Mistake(
                "The part with Y has a plus. With Y = 1 a large Z must cost nothing: - Y * Z.",
                lambda Z, Y: stable(Z, -Y),
            ),
            Mistake(
                "The logarithm is missing: max(Z, 0) - Y * Z is right only far from 0.",
                lambda Z, Y: np.maximum(Z, 0) - Y * Z,
            ),
            Mistake(
                "The part with Y is missing: this is the loss of the label 0.",
                lambda Z, Y: stable(Z, 0 * Y),
            ),
            Mistake(
                "The exponent is abs(Z), and grows. It should be -abs(Z).",
                lambda Z, Y: np.maximum(Z, 0) + np.log(1 + np.exp(np.abs(Z))) - Y * Z,
            ),
            Mistake(
                "The exponent is -Z, which grows for negative logits. It should be -abs(Z).",
                lambda Z, Y: np.maximum(Z, 0) + np.log(1 + np.exp(-Z)) - Y * Z,
            ),
            Mistake(
                "np.max(Z, 0) is the largest entry along axis 0. The larger one of two, entry by "
                "entry, is np.maximum(Z, 0).",
                lambda Z, Y: stable(Z, Y) - np.maximum(Z, 0) + np.max(Z, 0),
            ),
            Mistake(
                "The part max(Z, 0) is missing, which was taken out of the logarithm.",
                lambda Z, Y: stable(Z, Y) - np.maximum(Z, 0),
            ),
            Mistake(
                "This is the mean of the losses. What is asked for is one loss for each entry.",
                lambda Z, Y: np.mean(stable(Z, Y)),
            ),
            Mistake(
                "This is the sum of the losses. What is asked for is one loss for each entry.",
                lambda Z, Y: np.sum(stable(Z, Y)),
            ),
        ),
        pointer="Put in Z = 0, Z = 800 and Z = -800 by hand, for both labels: log(2), 800 or 0.",
    ),
)
