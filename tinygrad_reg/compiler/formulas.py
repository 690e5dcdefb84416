"""Operations of ours as a person writes them in NumPy, for the programs that use them.

Where an operation of the engine also looks after infinities, these do not: a program that meets one
hands over to the engine. Each is a few lines of NumPy without a branch, and is tested to be equal
to the operation for finite numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_reg.derivatives import elementwise, losses, penalties

__all__ = ["INLINE", "formulas"]


def sigmoid(Z: Any) -> Any:
    """1 / (1 + e^-Z)."""
    return 1 / (1 + np.exp(-Z))


def binary_cross_entropy(Z: Any, Y: Any) -> Any:
    """-Y·log σ(Z) - (1 - Y)·log(1 - σ(Z)), from the logits."""
    return np.maximum(Z, 0) - Z * Y + np.log1p(np.exp(-np.abs(Z)))


def softmax(Z: Any, axis: Any = -1) -> Any:
    """e^Z / Σe^Z along an axis."""
    powers = np.exp(Z - np.max(Z, axis=axis, keepdims=True))
    return powers / np.sum(powers, axis=axis, keepdims=True)


def log_softmax(Z: Any, axis: Any = -1) -> Any:
    """Z - log Σe^Z along an axis."""
    Z = Z - np.max(Z, axis=axis, keepdims=True)
    return Z - np.log(np.sum(np.exp(Z), axis=axis, keepdims=True))


def softmax_cross_entropy(Z: Any, Y: Any, axis: Any = 0) -> Any:
    """-ΣY·log softmax(Z) along an axis, from the logits."""
    Z = Z - np.max(Z, axis=axis, keepdims=True)
    return np.sum(Y, axis=axis) * np.log(np.sum(np.exp(Z), axis=axis)) - np.sum(Y * Z, axis=axis)


def relu(Z: Any) -> Any:
    """max(Z, 0)."""
    return np.maximum(Z, 0)


def softplus(Z: Any) -> Any:
    """log(1 + e^Z)."""
    return np.logaddexp(0, Z)


def l1(lambd: Any, m: Any, *weights: Any) -> Any:
    """lambd/m · Σ|w|."""
    return lambd / m * total([np.sum(np.abs(W)) for W in weights])


def l2(lambd: Any, m: Any, *weights: Any) -> Any:
    """lambd/2m · Σw²."""
    return lambd / (2 * m) * total([np.sum(W**2) for W in weights])


def total(terms: list[Any]) -> Any:
    """The sum of some terms, without a zero to start from."""
    result = terms[0]
    for term in terms[1:]:
        result = result + term
    return result


# An operation's own function -> its formula.
formulas: dict[Any, Any] = {
    original.__wrapped__: formula  # type: ignore[union-attr]
    for original, formula in (
        (losses.sigmoid, sigmoid),
        (elementwise.logistic_, sigmoid),
        (losses.binary_cross_entropy, binary_cross_entropy),
        (losses.softmax, softmax),
        (losses.log_softmax, log_softmax),
        (losses.cross_entropy, softmax_cross_entropy),
        (losses.relu, relu),
        (losses.softplus, softplus),
        (penalties.l1_, l1),
        (penalties.l2_, l2),
    )
}
# Those that a person writes out where they stand.
INLINE = {relu, softplus, l1, l2}
