"""The backward pass of the lesson's network with two layers, against differences of its cost."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

import tinygrad_reg as tg
from tinygrad_reg.exercises.questions import (
    Array,
    Examples,
    Mistake,
    Question,
    array_of,
    examples,
    lengths,
    number,
)
from tinygrad_reg.testing import numerical_gradient

__all__ = ["QUESTIONS"]

Gradients = dict[str, Any]


def networks(drawn: tuple[int, int, int, float]) -> Examples:
    """A network of some sizes, with examples to train it on."""
    n0, n1, m, lambd = drawn
    return examples(
        W1=array_of((n1, n0), most=2),
        b1=array_of((n1, 1), most=2),
        W2=array_of((1, n1), most=2),
        b2=array_of((1, 1), most=2),
        X=array_of((n0, m), most=2),
        Y=array_of((1, m), 0.0, 1.0, most=2),
        lambd=st.just(lambd),
    )


sizes = st.tuples(lengths(2), lengths(2), lengths(2), number(0.0, 1.0, 2.0))


def J(W1: Any, b1: Any, W2: Any, b2: Any, X: Array, Y: Array, lambd: float) -> Any:
    """The cost of the lesson."""
    m = X.shape[1]
    Z2 = W2 @ np.tanh(W1 @ X + b1) + b2
    penalty = lambd / (2 * m) * (np.sum(W1**2) + np.sum(W2**2))
    return np.sum(tg.binary_cross_entropy(Z2, Y)) / m + penalty


def expected(**given: Any) -> Gradients:
    """Differences of the cost, by the names of its parameters."""
    found = numerical_gradient(J, *given.values(), argnums=(0, 1, 2, 3))
    return dict(zip(("dW1", "db1", "dW2", "db2"), found, strict=True))


def backward(
    slope: Any = lambda Z1, A1: 1 - A1**2,
    decay: Any = lambda lambd, m: lambd / m,
    bias_decay: float = 0.0,
    mean: bool = True,
) -> Any:
    """The backward pass, in which one thing is done in another way."""

    def gradients(
        W1: Array, b1: Array, W2: Array, b2: Array, X: Array, Y: Array, lambd: float
    ) -> Gradients:
        m = X.shape[1]
        Z1 = W1 @ X + b1
        A1 = np.tanh(Z1)
        dZ2 = (1 / (1 + np.exp(-(W2 @ A1 + b2))) - Y) / (m if mean else 1)
        dZ1 = W2.T @ dZ2 * slope(Z1, A1)
        return {
            "dW1": dZ1 @ X.T + decay(lambd, m) * W1,
            "db1": np.sum(dZ1, axis=1, keepdims=True) + bias_decay * lambd / m * b1,
            "dW2": dZ2 @ A1.T + decay(lambd, m) * W2,
            "db2": np.sum(dZ2, axis=1, keepdims=True) + bias_decay * lambd / m * b2,
        }

    return gradients


QUESTIONS = (
    Question(
        call="gradients(W1, b1, W2, b2, X, Y, lambd)",
        examples=sizes.flatmap(networks),
        expected=expected,
        source="differences of J",
        parts=("dW2", "db2", "dW1", "db1"),
        mistakes=(
            Mistake(
                "The bug is still there. dW2 and db2 are right; dW1 and db1 come out of dZ1. So "
                "it is in a line on the way from dZ2 to dZ1: compare each with the forward line "
                "it belongs to.",
                backward(slope=lambda Z1, A1: 1 - Z1**2),
            ),
            Mistake(
                "The right line, and almost the right repair: A1 is tanh(Z1) already, and tanh is "
                "taken a second time.",
                backward(slope=lambda Z1, A1: 1 - np.tanh(A1) ** 2),
            ),
            Mistake(
                "The right line, and almost the right repair: the square is missing.",
                backward(slope=lambda Z1, A1: 1 - A1),
            ),
            Mistake(
                "A1 * (1 - A1) is the slope of the sigmoid. The hidden layer here is a tanh.",
                backward(slope=lambda Z1, A1: A1 * (1 - A1)),
            ),
            Mistake(
                "The slope of tanh is gone altogether: dA1 goes through A1 = np.tanh(Z1) on its "
                "way to dZ1.",
                backward(slope=lambda Z1, A1: 1.0),
            ),
            Mistake(
                "This is the slope of a relu. The hidden layer here is a tanh.",
                backward(slope=lambda Z1, A1: Z1 > 0),
            ),
            Mistake(
                "The penalty was right: the gradient of lambd / (2 * m) * w**2 is lambd / m * w.",
                backward(decay=lambda lambd, m: lambd / (2 * m)),
            ),
            Mistake(
                "The penalty is gone from the gradients: it was right, lambd / m * W.",
                backward(decay=lambda lambd, m: 0.0),
            ),
            Mistake(
                "The penalty lost its m: it was right, lambd / m * W.",
                backward(decay=lambda lambd, m: lambd),
            ),
            Mistake(
                "The biases are penalized now. J has only W1 and W2 in its penalty.",
                backward(bias_decay=1.0),
            ),
            Mistake(
                "J is a mean over the examples: dZ2 was right with its division by m.",
                backward(mean=False),
            ),
        ),
        pointer="What is right ends where the bug begins: walk back from J, line by line, and ask "
        "of each which forward line it belongs to. The first of the lines whose result is wrong "
        "has the bug.",
    ),
)
