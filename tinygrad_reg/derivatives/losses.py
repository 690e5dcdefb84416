"""Activations and losses that NumPy lacks, each in a form that neither overflows nor cancels.

Every function takes arrays or tensors, and keeps the dtype of floating arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_reg.derivatives.table import derivative, elementwise, reduction
from tinygrad_reg.tensor import Tensor

__all__ = [
    "binary_cross_entropy",
    "logsumexp",
    "relu",
    "sigmoid",
    "softmax",
    "softmax_cross_entropy",
    "softplus",
]


def sigmoid(x: Any) -> Any:
    """The logistic function 1 / (1 + e^-x), entry by entry.

    Examples
    --------
    >>> import tinygrad_reg as tg
    >>> float(tg.sigmoid(0.0)), float(tg.sigmoid(-1000.0))
    (0.5, 0.0)
    """
    x = as_floats(x)
    decay = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, decay) / (1 + decay)


def relu(x: Any) -> Any:
    """max(x, 0), entry by entry, with the subgradient 0 at 0.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> tg.relu(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    """
    return np.maximum(as_floats(x), 0)


def softplus(x: Any) -> Any:
    """log(1 + e^x), entry by entry: a smooth relu.

    Examples
    --------
    >>> import tinygrad_reg as tg
    >>> float(tg.softplus(1000.0))
    1000.0
    """
    return np.logaddexp(0, as_floats(x))


def binary_cross_entropy(logits: Any, targets: Any) -> Any:
    """-t·log σ(z) - (1 - t)·log(1 - σ(z)), entry by entry, from the logits z.

    Parameters
    ----------
    logits : array or Tensor
        z, before the sigmoid; any shape.
    targets : array or Tensor
        t, each between 0 and 1; of the shape of the logits, or broadcast to it.

    Returns
    -------
    array or Tensor
        One loss for each entry, in nats: the lesson's L(ŷ, y) with ŷ = σ(z).

    Raises
    ------
    ValueError
        If logits and targets, a row and a column for example, would broadcast to a table.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> tg.binary_cross_entropy(np.array([0.0, 1000.0]), np.array([1.0, 1.0])).round(4)
    array([0.6931, 0.    ])
    """
    z = as_floats(logits)
    losses = np.maximum(z, 0) - z * targets + np.log1p(np.exp(-np.abs(z)))
    if losses.size > z.size and losses.size > np.size(targets):
        raise ValueError(
            f"logits of shape {z.shape} and targets of shape {np.shape(targets)} would give losses "
            f"of shape {losses.shape}: expected one target for each logit"
        )
    if np.isfinite(losses.sum()):
        return losses
    of_zero, of_one = np.logaddexp(0, z), np.logaddexp(0, -z)
    return np.where(targets == 0, of_zero, np.where(targets == 1, of_one, losses))


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """log Σ e^x along axes, without overflow.

    Parameters
    ----------
    x : array or Tensor
        Any shape.
    axis : int, tuple of int or None
        The axes to sum over; None is all of them.
    keepdims : bool
        Whether these axes stay, at length 1.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> float(tg.logsumexp(np.array([1000.0, 1000.0])).round(4))
    1000.6931
    """
    x = as_floats(x)
    top = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):
        result = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return result if keepdims else np.squeeze(result, axis=axis)[()]


def softmax(x: Any, axis: Any = -1) -> Any:
    """e^x / Σ e^x along an axis: positive numbers that sum to 1.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> tg.softmax(np.array([0.0, 0.0, 1000.0]))
    array([0., 0., 1.])
    """
    x = as_floats(x)
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def softmax_cross_entropy(logits: Any, targets: Any, axis: int = 0) -> Any:
    """-Σ t·log softmax(z) along an axis: one loss for each example, from the logits z.

    Parameters
    ----------
    logits : array or Tensor
        z, before the softmax; shape `(n_classes, m)` in the lesson's orientation.
    targets : array or Tensor
        t, of the same shape, one-hot or probabilities; or the classes as integers, of shape
        `(m,)`.
    axis : int
        Where the classes are.

    Returns
    -------
    array or Tensor
        Shape of the logits without `axis`, in nats.

    Raises
    ------
    ValueError
        If the targets have another shape, or name a class that there is not.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> logits = np.array([[2.0, 0.0], [0.0, 0.0]])
    >>> tg.softmax_cross_entropy(logits, np.array([0, 1])).round(4)
    array([0.1269, 0.6931])
    """
    if type(targets) is not Tensor:
        targets = one_hot(np.asarray(targets), logits, axis)
    if targets.shape != logits.shape:
        raise ValueError(
            f"softmax_cross_entropy of logits of shape {logits.shape} was given targets of shape "
            f"{targets.shape}: expected the same shape, or integer classes without axis {axis}"
        )
    return cross_entropy(logits, targets, axis=axis)


def one_hot(targets: Any, logits: Any, axis: int) -> Any:
    """Integer classes as columns with a single 1; anything else as it is."""
    if targets.dtype.kind not in "iu" or targets.ndim != logits.ndim - 1:
        return targets
    classes = logits.shape[axis]
    if targets.size and (targets.min() < 0 or targets.max() >= classes):
        raise ValueError(
            f"softmax_cross_entropy was given classes from {targets.min()} to {targets.max()}: "
            f"expected 0 to {classes - 1}, the length of axis {axis} of the logits"
        )
    return np.moveaxis(np.eye(classes, dtype=logits.dtype)[targets], -1, axis)


def cross_entropy(logits: Any, targets: Any, axis: int = 0) -> Any:
    """-Σ t·log softmax(z) along an axis, for targets of the logits' shape."""
    z = as_floats(logits)
    z = z - z.max(axis=axis, keepdims=True)
    log_sums = np.log(np.exp(z).sum(axis=axis))
    chosen = targets * z
    if not np.isfinite(z).all():
        chosen[targets == 0] = 0  # a class that was ruled out by a logit of -inf
    return targets.sum(axis=axis) * log_sums - chosen.sum(axis=axis)


def as_floats(x: Any) -> Any:
    """Anything as a floating array, floating arrays in their own dtype."""
    if not hasattr(x, "dtype"):
        x = np.asarray(x)
    return x if x.dtype.kind == "f" else x.astype(np.float64)


def of_logsumexp(y: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """∂logsumexp/∂x = softmax(x); where y is infinite, the entries that are y share equally."""
    infinite = np.isinf(y)
    if not np.any(infinite):
        return np.exp(x - y)
    at_limit = x == y
    share = at_limit / np.maximum(np.sum(at_limit, axis=axis, keepdims=True), 1)
    return np.where(infinite, share, np.exp(x - np.where(infinite, 0, y)))


def softmax_product(direction: Any, y: Any, x: Any, axis: Any = -1) -> Any:
    """The Jacobian of softmax times a vector. It is symmetric: the same in both modes."""
    weighted = direction * y
    return weighted - y * np.sum(weighted, axis=axis, keepdims=True)


def of_logits(y: Any, z: Any, t: Any, axis: int = 0) -> Any:
    """∂(cross-entropy)/∂z = Σt·softmax(z) - t."""
    return t.sum(axis=axis, keepdims=True) * softmax(z, axis=axis) - t


sigmoid = elementwise(sigmoid, lambda y, x: y * (1 - y))
relu = elementwise(relu, lambda y, x: x > 0)
softplus = elementwise(softplus, lambda y, x: 1 / (1 + np.exp(-x)))
binary_cross_entropy = elementwise(
    binary_cross_entropy, lambda y, z, t: 1 / (1 + np.exp(-z)) - t, lambda y, z, t: -z
)
logsumexp = reduction(logsumexp, of_logsumexp)
softmax = derivative(softmax, pullbacks=[softmax_product], pushforwards=[softmax_product])
cross_entropy = reduction(
    cross_entropy, of_logits, lambda y, z, t, axis=0: logsumexp(z, axis, keepdims=True) - z
)
