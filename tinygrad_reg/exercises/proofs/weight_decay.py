"""Weight decay, against a step of gradient descent on the cost with its penalty."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_reg.exercises.questions import (
    Array,
    Examples,
    Mistake,
    Question,
    array_of,
    examples,
    number,
    shapes,
)
from tinygrad_reg.testing import numerical_gradient

__all__ = ["QUESTIONS"]


def steps(shape: tuple[int, ...]) -> Examples:
    """Weights and a gradient of one shape, and the settings of a step."""
    return examples(
        W=array_of(shape, most=2),
        dW=array_of(shape, most=2),
        alpha=number(1.0, 0.5, 0.25, 0.1),
        lambd=number(1.0, 0.0, 2.0, 0.5),
        m=st.integers(1, 5),
    )


def expected(W: Array, dW: Array, alpha: float, lambd: float, m: int) -> Any:
    """A step downhill on a cost with the slopes given, and the penalty."""
    return W - alpha * numerical_gradient(
        lambda W: np.sum(dW * W) + lambd / (2 * m) * np.sum(W**2), W
    )


QUESTIONS = (
    Question(
        call="weight_decay_step(W, dW, alpha, lambd, m)",
        examples=shapes(1, 2).flatmap(steps),
        expected=expected,
        source="a step of gradient descent on the cost with its penalty",
        mistakes=(
            Mistake(
                "alpha is missing in the decay: the penalty's gradient takes part in the step, and "
                "is multiplied with the learning rate like every gradient.",
                lambda W, dW, alpha, lambd, m: (1 - lambd / m) * W - alpha * dW,
            ),
            Mistake(
                "m is missing in the decay: the penalty is divided by the number of examples.",
                lambda W, dW, alpha, lambd, m: (1 - alpha * lambd) * W - alpha * dW,
            ),
            Mistake(
                "lambd / (2 * m) is the factor of the penalty; that of its gradient is lambd / m.",
                lambda W, dW, alpha, lambd, m: (1 - alpha * lambd / (2 * m)) * W - alpha * dW,
            ),
            Mistake(
                "The weights grow: the decay factor is 1 minus something.",
                lambda W, dW, alpha, lambd, m: (1 + alpha * lambd / m) * W - alpha * dW,
            ),
            Mistake(
                "The step was taken first, and then everything decayed, the step too. Only W "
                "decays.",
                lambda W, dW, alpha, lambd, m: (1 - alpha * lambd / m) * (W - alpha * dW),
            ),
            Mistake(
                "The weights decay, but the gradient has no part in the step: - alpha * dW.",
                lambda W, dW, alpha, lambd, m: (1 - alpha * lambd / m) * W,
            ),
            Mistake(
                "This is the step without the penalty: nothing decays.",
                lambda W, dW, alpha, lambd, m: W - alpha * dW,
            ),
            Mistake(
                "The gradient is added: downhill is against the gradient.",
                lambda W, dW, alpha, lambd, m: (1 - alpha * lambd / m) * W + alpha * dW,
            ),
            Mistake(
                "The learning rate is missing before dW.",
                lambda W, dW, alpha, lambd, m: (1 - alpha * lambd / m) * W - dW,
            ),
            Mistake(
                "The weights are multiplied with alpha * lambd / m, where they are to lose that "
                "much: 1 - alpha * lambd / m.",
                lambda W, dW, alpha, lambd, m: alpha * lambd / m * W - alpha * dW,
            ),
        ),
        pointer="Multiply W - alpha * (dW + lambd / m * W) out, and take W out of the two parts "
        "that have it.",
    ),
)
