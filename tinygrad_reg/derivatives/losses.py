"""Activations and losses that NumPy lacks, each in a form that neither overflows nor cancels.

Every function takes arrays or tensors, and keeps the dtype of floating arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_reg.derivatives.elementwise import logistic_
from tinygrad_reg.derivatives.reduction import reduction
from tinygrad_reg.derivatives.table import derivative, elementwise
from tinygrad_reg.tensor import Tensor, as_plain

__all__ = [
    "binary_cross_entropy",
    "hinge",
    "huber",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "nll",
    "relu",
    "sigmoid",
    "softmax",
    "softmax_cross_entropy",
    "softplus",
]


def sigmoid(x: Any) -> Any:
    """The logistic function `σ(x) = 1 / (1 + e^-x)`, entry by entry.

    Parameters
    ----------
    x : array or Tensor
        Any shape.

    Returns
    -------
    array or Tensor
        Shape of `x`, between 0 and 1. Its derivative is `σ(x)·σ(-x)`, which does not cancel where
        σ(x) is close to 1.

    Raises
    ------
    TypeError
        If `x` is complex.

    See Also
    --------
    log_sigmoid : Its logarithm, without underflow.
    binary_cross_entropy : The loss that contains it.

    References
    ----------
    Bishop, *Pattern Recognition and Machine Learning*, Springer 2006, section 4.2.

    Examples
    --------
    >>> import tinygrad_reg as tg
    >>> float(tg.sigmoid(0.0)), float(tg.sigmoid(-1000.0))
    (0.5, 0.0)
    """
    return logistic_(as_floats(x))


def relu(x: Any) -> Any:
    """`max(x, 0)`, entry by entry, with the subgradient 0 at 0.

    Parameters
    ----------
    x : array or Tensor
        Any shape.

    Returns
    -------
    array or Tensor
        Shape of `x`.

    Raises
    ------
    TypeError
        If `x` is complex.

    See Also
    --------
    leaky_relu : With a slope on the left as well.
    softplus : Without the kink.

    References
    ----------
    Glorot, Bordes and Bengio, "Deep sparse rectifier neural networks", 2011.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> tg.relu(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    """
    return np.maximum(as_floats(x), 0)


def softplus(x: Any) -> Any:
    """`log(1 + e^x)`, entry by entry: a smooth relu.

    Parameters
    ----------
    x : array or Tensor
        Any shape.

    Returns
    -------
    array or Tensor
        Shape of `x`. Its derivative is the sigmoid.

    Raises
    ------
    TypeError
        If `x` is complex.

    See Also
    --------
    log_sigmoid : `-softplus(-x)`.
    numpy.logaddexp : What it is computed with.

    References
    ----------
    Dugas et al., "Incorporating second-order functional knowledge for better option pricing", 2000.

    Examples
    --------
    >>> import tinygrad_reg as tg
    >>> float(tg.softplus(1000.0))
    1000.0
    """
    return np.logaddexp(0, as_floats(x))


def log_sigmoid(x: Any) -> Any:
    """`log σ(x) = -log(1 + e^-x)`, entry by entry, also where σ(x) is too small for a number.

    Parameters
    ----------
    x : array or Tensor
        Any shape.

    Returns
    -------
    array or Tensor
        Shape of `x`, at most 0, in nats.

    Raises
    ------
    TypeError
        If `x` is complex.

    See Also
    --------
    sigmoid : What it is the logarithm of.
    log_softmax : For more than two classes.

    References
    ----------
    Bishop, *Pattern Recognition and Machine Learning*, Springer 2006, section 4.2.

    Examples
    --------
    >>> import tinygrad_reg as tg
    >>> float(tg.log_sigmoid(-1000.0))
    -1000.0
    """
    return -softplus(-as_floats(x))


def binary_cross_entropy(logits: Any, targets: Any) -> Any:
    """`-t·log σ(z) - (1 - t)·log(1 - σ(z))`, entry by entry, from the logits z.

    Parameters
    ----------
    logits : array or Tensor
        z, before the sigmoid; any shape.
    targets : array or Tensor
        t, each between 0 and 1, which is not checked; of the shape of the logits, or broadcast to
        it.

    Returns
    -------
    array or Tensor
        One loss for each entry, in nats: the lesson's L(ŷ, y) with ŷ = σ(z).

    Raises
    ------
    TypeError
        If `logits` is complex.
    ValueError
        If logits and targets do not broadcast, or would broadcast to a table, as a row and a column
        do.

    See Also
    --------
    softmax_cross_entropy : For more than two classes.
    hinge : Another loss for two classes.

    References
    ----------
    The lesson, *Standard Logistic Regression Cost Function*; Bishop, *Pattern Recognition and
    Machine Learning*, Springer 2006, section 4.3.2.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> tg.binary_cross_entropy(np.array([0.0, 1000.0]), np.array([1.0, 1.0])).round(4)
    array([0.6931, 0.    ])
    """
    z = as_floats(logits)
    targets = as_targets(targets, z)
    with np.errstate(invalid="ignore", over="ignore"):
        losses = np.maximum(z, 0) - z * targets + np.log1p(np.exp(-np.abs(z)))
        check_pairs(losses, logits=z, targets=targets)
        if np.isfinite(losses.sum()):
            return losses
        of_zero, of_one = np.logaddexp(0, z), np.logaddexp(0, -z)
        losses = np.where(targets == 1, 0, (1 - targets) * of_zero)
        return losses + np.where(targets == 0, 0, targets * of_one)


def hinge(scores: Any, targets: Any) -> Any:
    """`max(0, 1 - t·s)`, entry by entry: the loss of a support vector machine.

    Parameters
    ----------
    scores : array or Tensor
        s, of any shape; its sign is the predicted class.
    targets : array or Tensor
        t, each -1 or +1; of the shape of the scores, or broadcast to it. Of other numbers only 0 is
        refused.

    Returns
    -------
    array or Tensor
        One loss for each entry, in the unit of the scores. Its subgradient at the margin, t·s = 1,
        is 0.

    Raises
    ------
    TypeError
        If `scores` is complex.
    ValueError
        If a target is 0, or scores and targets do not broadcast, or would broadcast to a table, as
        a row and a column do.

    See Also
    --------
    binary_cross_entropy : The smooth loss for two classes.

    References
    ----------
    Cortes and Vapnik, "Support-vector networks", *Machine Learning* 20, 1995.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> tg.hinge(np.array([2.0, 0.5, 0.5]), np.array([1, 1, -1]))
    array([0. , 0.5, 1.5])
    """
    s = as_floats(scores)
    targets = as_targets(targets, s)
    if np.any(targets == 0):
        raise ValueError(
            "hinge was given a target 0: expected -1 and +1, 2·t - 1 for labels 0 and 1"
        )
    losses = np.maximum(0, 1 - targets * s)
    check_pairs(losses, scores=s, targets=targets)
    return losses


def huber(errors: Any, delta: Any = 1.0) -> Any:
    """`r²/2` where `|r| ≤ delta`, and `delta·(|r| - delta/2)` beyond, entry by entry.

    Parameters
    ----------
    errors : array or Tensor
        r, what was predicted less what is; any shape.
    delta : float or Tensor
        Where the square ends and the straight line begins, above 0, in the unit of the errors; one
        number, or broadcast to their shape. The loss is differentiable in it.

    Returns
    -------
    array or Tensor
        One loss for each entry, in the squared unit of the errors. Its second derivative jumps at
        `|r| = delta`, where half of it is taken.

    Raises
    ------
    TypeError
        If `errors` is complex.
    ValueError
        If `delta` is not above 0 and finite, or would broadcast the errors to a table.

    References
    ----------
    Huber, "Robust estimation of a location parameter", *Annals of Mathematical Statistics* 35,
    1964. The same as SciPy's `scipy.special.huber(delta, errors)`.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> tg.huber(np.array([0.5, -3.0]))
    array([0.125, 2.5  ])
    """
    r = as_floats(errors)
    if not np.all((as_plain(delta) > 0) & np.isfinite(delta)):
        raise ValueError(f"huber was given delta={delta}: expected a finite number above 0")
    length = np.abs(r)
    near = np.minimum(length, delta)
    losses = near * (length - near / 2)
    check_pairs(losses, errors=r, delta=delta)
    return losses


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """`log Σ e^x` along axes, without overflow.

    Parameters
    ----------
    x : array or Tensor
        Any shape.
    axis : int, tuple of int or None
        The axes to sum over; None is all of them.
    keepdims : bool
        Whether these axes stay, at length 1.

    Returns
    -------
    array or Tensor
        Shape of `x` without the axes; -inf for a sum of no entries. Its gradient is the softmax.

    Raises
    ------
    TypeError
        If `x` is complex.
    ValueError
        If there is no such axis.

    See Also
    --------
    softmax, log_softmax : What goes with it.

    References
    ----------
    Blanchard, Higham and Higham, "Accurately computing the log-sum-exp and softmax functions", *IMA
    Journal of Numerical Analysis* 41, 2021.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> float(tg.logsumexp(np.array([1000.0, 1000.0])).round(4))
    1000.6931
    """
    x = as_floats(x)
    top = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore", over="ignore"):
        result = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return result if keepdims else np.squeeze(result, axis=axis)[()]


def softmax(x: Any, axis: Any = -1) -> Any:
    """`e^x / Σ e^x` along an axis: positive numbers that sum to 1.

    Parameters
    ----------
    x : array or Tensor
        Logits, of any shape. A logit of -inf is a class that is ruled out.
    axis : int, tuple of int or None
        Where the classes are; None is all axes. In the lesson's orientation, `(n_classes, m)`, it
        is 0.

    Returns
    -------
    array or Tensor
        Shape of `x`. Where the largest logit is infinite, those that equal it share equally: so do
        all of a row of -inf.

    Raises
    ------
    TypeError
        If `x` is complex.
    ValueError
        If there is no such axis.

    See Also
    --------
    log_softmax : Its logarithm, without underflow.
    softmax_cross_entropy : The loss that contains it.

    References
    ----------
    Bishop, *Pattern Recognition and Machine Learning*, Springer 2006, section 4.2.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> tg.softmax(np.array([0.0, 0.0, 1000.0]))
    array([0., 0., 1.])
    """
    powers = np.exp(below_largest(as_floats(x), axis))
    return powers / powers.sum(axis=axis, keepdims=True)


def log_softmax(x: Any, axis: Any = -1) -> Any:
    """`x - log Σ e^x` along an axis: the logarithm of `softmax`, also where that is 0 in floats.

    Parameters
    ----------
    x : array or Tensor
        Logits, of any shape. A logit of -inf is a class that is ruled out.
    axis : int, tuple of int or None
        Where the classes are; None is all axes.

    Returns
    -------
    array or Tensor
        Shape of `x`, in nats. Where the largest logit is infinite, those that equal it share
        equally.

    Raises
    ------
    TypeError
        If `x` is complex.
    ValueError
        If there is no such axis.

    See Also
    --------
    nll : The loss that takes it.
    log_sigmoid : For two classes.

    References
    ----------
    Blanchard, Higham and Higham, "Accurately computing the log-sum-exp and softmax functions", *IMA
    Journal of Numerical Analysis* 41, 2021.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> tg.log_softmax(np.array([0.0, -1000.0]))
    array([    0., -1000.])
    """
    z = below_largest(as_floats(x), axis)
    with np.errstate(divide="ignore"):  # of no entries
        return z - np.log(np.exp(z).sum(axis=axis, keepdims=True))


def nll(log_probabilities: Any, classes: Any, axis: int = 0) -> Any:
    """`-log p` of the right class: the negative log likelihood, one for each example.

    Parameters
    ----------
    log_probabilities : array or Tensor
        From `log_softmax` for example; shape `(n_classes, m)` in the lesson's orientation.
    classes : array of int
        The right classes, from 0 on; of the same shape without `axis`, that is `(m,)`.
    axis : int
        Where the classes are.

    Returns
    -------
    array or Tensor
        Shape of the classes, in nats.

    Raises
    ------
    TypeError
        If the classes are not integers.
    ValueError
        If they have another shape, or name a class that there is not.
    IndexError
        If there is no such axis.

    See Also
    --------
    softmax_cross_entropy : The same from logits.

    References
    ----------
    Bishop, *Pattern Recognition and Machine Learning*, Springer 2006, section 4.3.4.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> logits = np.array([[2.0, 0.0], [0.0, 0.0]])
    >>> tg.nll(tg.log_softmax(logits, axis=0), np.array([0, 1])).round(4)
    array([0.1269, 0.6931])
    """
    logs = as_floats(log_probabilities)
    classes = as_plain(classes)
    if classes.dtype.kind not in "iu":
        raise TypeError(f"nll was given classes of dtype {classes.dtype}: expected integers")
    expected = np.delete(logs.shape, axis)
    if classes.shape != tuple(expected):
        raise ValueError(
            f"nll of log probabilities of shape {logs.shape} was given classes of shape "
            f"{classes.shape}: expected that shape without axis {axis}"
        )
    check_classes("nll", classes, logs.shape[axis])
    place = list(np.indices(classes.shape, sparse=True))
    place.insert(axis % logs.ndim, classes)
    return -logs[tuple(place)]


def softmax_cross_entropy(logits: Any, targets: Any, axis: int = 0) -> Any:
    """`-Σ t·log softmax(z)` along an axis: one loss for each example, from the logits z.

    Parameters
    ----------
    logits : array or Tensor
        z, before the softmax; shape `(n_classes, m)` in the lesson's orientation.
    targets : array or Tensor
        t, of the same shape, one-hot or probabilities, which is not checked; or the classes as
        integers, of shape `(m,)`.
    axis : int
        Where the classes are.

    Returns
    -------
    array or Tensor
        Shape of the logits without `axis`, in nats.

    Raises
    ------
    TypeError
        If `logits` is complex.
    ValueError
        If the targets have another shape, or name a class that there is not.
    IndexError
        If there is no such axis.

    See Also
    --------
    binary_cross_entropy : For two classes and one logit.
    nll : The same from logarithms of probabilities.

    References
    ----------
    Bishop, *Pattern Recognition and Machine Learning*, Springer 2006, section 4.3.4.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> logits = np.array([[2.0, 0.0], [0.0, 0.0]])
    >>> tg.softmax_cross_entropy(logits, np.array([0, 1])).round(4)
    array([0.1269, 0.6931])
    """
    z = as_floats(logits)
    if type(targets) is not Tensor or targets.dtype.kind != "f":
        targets = one_hot(as_plain(targets), z, axis)
    if targets.shape != z.shape:
        raise ValueError(
            f"softmax_cross_entropy of logits of shape {z.shape} was given targets of shape "
            f"{targets.shape}: expected the same shape, or integer classes without axis {axis}"
        )
    return cross_entropy(z, targets, axis=axis)


def one_hot(targets: Any, logits: Any, axis: int) -> Any:
    """Integer classes as columns with a single 1; anything else as it is."""
    if targets.dtype.kind not in "iu" or targets.ndim != logits.ndim - 1:
        return as_targets(targets, logits)
    classes = logits.shape[axis]
    check_classes("softmax_cross_entropy", targets, classes)
    columns = np.take(np.eye(classes, dtype=logits.dtype), targets, axis=0)
    return np.moveaxis(columns, -1, axis)


def check_classes(name: str, classes: Any, number: int) -> None:
    """Raise if there is a class that there is not."""
    if classes.size and (classes.min() < 0 or classes.max() >= number):
        raise ValueError(
            f"{name} was given classes from {classes.min()} to {classes.max()}: expected 0 to "
            f"{number - 1}, since there are {number}"
        )


def check_pairs(losses: Any, **operands: Any) -> None:
    """Raise if two operands were broadcast to a table of which neither has the size."""
    if all(losses.size > np.size(x) for x in operands.values()):
        given = " and ".join(f"{name} of shape {np.shape(x)}" for name, x in operands.items())
        left, right = (name.removesuffix("s") for name in operands)
        raise ValueError(
            f"{given} would give losses of shape {losses.shape}: expected one {right} for each "
            f"{left}"
        )


def cross_entropy(logits: Any, targets: Any, axis: int = 0) -> Any:
    """-Σ t·log softmax(z) along an axis, for targets of the logits' shape."""
    z = below_largest(as_floats(logits), axis)
    log_sums = np.log(np.exp(z).sum(axis=axis))
    if not np.isfinite(z).all():  # a class was ruled out by a logit of -inf
        z = np.where(targets == 0, 0, z)
    chosen = targets * z
    return targets.sum(axis=axis) * log_sums - chosen.sum(axis=axis)


def below_largest(x: Any, axis: Any) -> Any:
    """Every entry less the largest along an axis; entries that equal an infinite one become 0."""
    largest = x.max(axis=axis, keepdims=True, initial=-np.inf)
    with np.errstate(invalid="ignore", over="ignore"):
        z = x - largest
    return z if np.isfinite(largest).all() else np.where(x == largest, 0, z)


def as_floats(x: Any) -> Any:
    """Anything as a floating array, floating arrays in their own dtype."""
    if not hasattr(x, "dtype"):
        x = np.asarray(x)
    return x if x.dtype.kind == "f" else real(x).astype(np.float64)


def real(x: Any) -> Any:
    """An array that is not complex.

    Raises
    ------
    TypeError
        If it is: there would be nothing left of its imaginary part.
    """
    if x.dtype.kind == "c":
        raise TypeError(
            f"a complex array of shape {x.shape} was given: expected real numbers; "
            "take its .real, or its .imag, first"
        )
    return x


def as_targets(targets: Any, x: Any) -> Any:
    """Targets as an array, integers and booleans in the dtype of `x`; Python numbers stay."""
    if not hasattr(targets, "dtype"):
        if isinstance(targets, int | float):
            return targets
        targets = np.asarray(targets)
    return targets if targets.dtype.kind == "f" else real(targets).astype(x.dtype)


def logistic(x: Any) -> Any:
    """The sigmoid for rules: on arrays the quickest form, on tensors a single node."""
    return sigmoid(x) if type(x) is Tensor else 1 / (1 + np.exp(-x))


def softmax_product(direction: Any, y: Any, x: Any, axis: Any = -1) -> Any:
    """The Jacobian of softmax times a vector. It is symmetric: the same in both modes."""
    weighted = direction * y
    return weighted - y * np.sum(weighted, axis=axis, keepdims=True)


def log_softmax_pull(cotangent: Any, y: Any, x: Any, axis: Any = -1) -> Any:
    """The cotangent of x in log_softmax(x): G - softmax(x)·ΣG."""
    return cotangent - np.exp(y) * np.sum(cotangent, axis=axis, keepdims=True)


def log_softmax_push(tangent: Any, y: Any, x: Any, axis: Any = -1) -> Any:
    """The tangent of log_softmax(x): what the entries gain more than the average does."""
    return tangent - np.sum(np.exp(y) * tangent, axis=axis, keepdims=True)


def of_logits(y: Any, z: Any, t: Any, axis: int = 0) -> Any:
    """∂(cross-entropy)/∂z = Σt·softmax(z) - t."""
    return t.sum(axis=axis, keepdims=True) * softmax(z, axis=axis) - t


sigmoid = elementwise(sigmoid, lambda y, x: y * logistic(-x))  # where y is near 1, 1 - y cancels
relu = elementwise(relu, lambda y, x: x > 0, kinks={"x = 0": "0"})
softplus = elementwise(softplus, lambda y, x: logistic(x))
binary_cross_entropy = elementwise(
    binary_cross_entropy, lambda y, z, t: logistic(z) - t, lambda y, z, t: -z
)
hinge = elementwise(
    hinge,
    lambda y, s, t: np.where(y > 0, -t, 0),
    lambda y, s, t: np.where(y > 0, -s, 0),
    kinks={"t·s = 1": "0"},
)
huber = elementwise(
    huber,
    lambda y, r, delta=1.0: np.clip(r, -delta, delta),
    lambda y, r, delta: np.maximum(np.abs(r) - delta, 0),
    domain=[(-np.inf, np.inf), (0, np.inf)],
)
logsumexp = reduction(logsumexp, lambda y, x, axis=None, keepdims=False: softmax(x, axis=axis))
softmax = derivative(softmax, pullbacks=[softmax_product], pushforwards=[softmax_product])
log_softmax = derivative(log_softmax, pullbacks=[log_softmax_pull], pushforwards=[log_softmax_push])
cross_entropy = reduction(
    cross_entropy, of_logits, lambda y, z, t, axis=0: -log_softmax(z, axis=axis)
)
