"""The layers of the lesson's networks: Z = W·A + b, with examples as columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

__all__ = ["initial_parameters", "network_logits"]


def initial_parameters(sizes: Sequence[int], rng: np.random.Generator) -> dict[str, list[Any]]:
    """Random weights of variance `1/n_{l-1}` and zero biases for a network of several layers.

    Parameters
    ----------
    sizes : sequence of int
        `n_0` (inputs), `n_1`, ..., `n_L` (outputs): one more than there are layers.
    rng : numpy.random.Generator
        Where the weights are drawn from: `np.random.default_rng(seed)`.

    Returns
    -------
    dict
        `"W"`: list of arrays `(n_l, n_{l-1})`; `"b"`: list of arrays `(n_l, 1)`. Both are empty for
        less than two sizes.

    See Also
    --------
    network_logits : The network that they are for.

    References
    ----------
    LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_reg.training import initial_parameters
    >>> parameters = initial_parameters([64, 32, 10], np.random.default_rng(0))
    >>> [W.shape for W in parameters["W"]], [b.shape for b in parameters["b"]]
    ([(32, 64), (10, 32)], [(32, 1), (10, 1)])
    """
    pairs = list(zip(sizes[1:], sizes[:-1], strict=True))
    return {
        "W": [rng.standard_normal((n, before)) / np.sqrt(before) for n, before in pairs],
        "b": [np.zeros((n, 1)) for n, _ in pairs],
    }


def network_logits(
    parameters: dict[str, list[Any]], X: Any, activation: Callable[[Any], Any] = np.tanh
) -> Any:
    """`Z` of the last layer: `Z = W·A + b` in every layer, `A = activation(Z)` between the layers.

    Parameters
    ----------
    parameters : dict
        As `initial_parameters` makes them: lists of the same length, at least 1; arrays or tensors.
    X : array
        Examples as columns, `(n_x, m)`.
    activation : callable
        Applied after every layer but the last.

    Returns
    -------
    array or Tensor
        `(n_L, m)`: logits, which `tg.binary_cross_entropy` and `tg.softmax_cross_entropy` take.

    Raises
    ------
    ValueError
        If shapes do not fit each other, or there are not as many biases as weights, or none.
    KeyError
        If `"W"` or `"b"` is missing.

    See Also
    --------
    initial_parameters : Parameters to start from.

    References
    ----------
    The lesson, *L2 Regularization for Neural Networks*.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_reg.training import network_logits
    >>> W, b = [np.array([[1.0]]), np.array([[2.0]])], [np.array([[0.0]]), np.array([[1.0]])]
    >>> network_logits({"W": W, "b": b}, np.array([[0.0, 0.5]]), activation=np.square)
    array([[1. , 1.5]])
    """
    *hidden, last = zip(parameters["W"], parameters["b"], strict=True)
    A = X
    for W, b in hidden:
        A = activation(W @ A + b)
    W, b = last
    return W @ A + b
