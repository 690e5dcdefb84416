"""One step of training: by the gradient, by weight decay, by the proximal operator of a penalty.

Every step takes parameters and their gradient in the same structure, returns new parameters, and
changes nothing in place.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import optree

__all__ = [
    "elastic_net_threshold",
    "gradient_step",
    "group_threshold",
    "proximal_step",
    "soft_threshold",
    "weight_decay_step",
]


def gradient_step(parameters: Any, gradient: Any, alpha: float) -> Any:
    """`θ := θ - α·∂J/∂θ` for every array θ of the parameters.

    Parameters
    ----------
    parameters : array or nested arrays
        θ, of any shapes.
    gradient : array or nested arrays
        ∂J/∂θ, of the same structure and shapes.
    alpha : float
        Learning rate α.

    Returns
    -------
    array or nested arrays
        The new parameters.

    Raises
    ------
    ValueError
        If the structures differ, or shapes do not broadcast.

    See Also
    --------
    weight_decay_step : With decay.
    proximal_step : With a soft threshold.

    References
    ----------
    The lesson, *Without Regularization (Standard Update)*.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_reg.training import gradient_step
    >>> gradient_step({"W": np.array([1.0, 2.0])}, {"W": np.array([10.0, 0.0])}, alpha=0.1)
    {'W': array([0., 2.])}
    """
    return optree.tree_map(lambda p, g: moved(p, g, alpha), parameters, gradient)


def moved(theta: Any, slope: Any, alpha: float) -> Any:
    """θ - α·∂J/∂θ of one array."""
    if np.shape(theta) != np.shape(slope):
        raise ValueError(
            f"gradient_step was given parameters of shape {np.shape(theta)} and a gradient of "
            f"shape {np.shape(slope)}: expected the same shape"
        )
    return theta - alpha * slope


def weight_decay_step(
    parameters: dict[str, Any], gradient: dict[str, Any], alpha: float, lambd: float, m: int
) -> dict[str, Any]:
    """`W := (1 - α·lambd/m)·W - α·∂J/∂W`, and `b := b - α·∂J/∂b`: the lesson's weight decay.

    The same as `gradient_step` on a cost with `tg.l2`, to rounding error.

    Parameters
    ----------
    parameters : dict
        `"W"` holds what decays, every other key what does not: arrays or nested arrays.
    gradient : dict
        Of the cost *without* its penalty, in the same structure.
    alpha : float
        Learning rate α.
    lambd : float
        Strength λ of the penalty.
    m : int
        Number of training examples.

    Returns
    -------
    dict
        The new parameters.

    Raises
    ------
    ValueError
        If the structures differ, or shapes do not broadcast.
    KeyError
        If there is no `"W"`.

    See Also
    --------
    tinygrad_reg.l2 : The penalty that it comes from.

    References
    ----------
    The lesson, *Expanding the Update Rule*; Krogh and Hertz, "A simple weight decay can improve
    generalization", 1992.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_reg.training import weight_decay_step
    >>> theta, zero = {"W": np.array([8.0]), "b": np.array([8.0])}, np.array([0.0])
    >>> weight_decay_step(theta, {"W": zero, "b": zero}, alpha=0.5, lambd=1.0, m=2)
    {'W': array([6.]), 'b': array([8.])}
    """
    factor = 1 - alpha * lambd / m
    decayed = {**parameters, "W": optree.tree_map(lambda W: factor * W, parameters["W"])}
    return gradient_step(decayed, gradient, alpha)  # type: ignore[no-any-return]


def soft_threshold(W: Any, threshold: float) -> Any:
    """The proximal operator of `threshold·|w|`: argmin over w of `½(w - v)² + threshold·|w|`.

    Moves every entry towards 0 by `threshold`; entries that would cross 0 become exactly 0.

    Parameters
    ----------
    W : array or Tensor
        v, of any shape.
    threshold : float
        At least 0, in the unit of the weights.

    Returns
    -------
    array or Tensor
        Of the shape of `W`.

    Raises
    ------
    ValueError
        If `threshold` is negative.

    See Also
    --------
    tinygrad_reg.l1 : The penalty that it belongs to.
    proximal_step : A step of training with it.

    References
    ----------
    Donoho and Johnstone, "Ideal spatial adaptation by wavelet shrinkage", *Biometrika* 81, 1994;
    Parikh and Boyd, "Proximal algorithms", 2014, section 6.5.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_reg.training import soft_threshold
    >>> soft_threshold(np.array([-3.0, -0.5, 0.0, 0.5, 3.0]), threshold=1.0)
    array([-2.,  0.,  0.,  0.,  2.])
    """
    check_threshold("soft_threshold", threshold)
    return W - np.clip(W, -threshold, threshold)


def elastic_net_threshold(W: Any, threshold: float, l1_ratio: float = 0.5) -> Any:
    """The proximal operator of `threshold·(r·|w| + (1-r)/2·w²)`: first the one of l1, then decay.

    Parameters
    ----------
    W : array or Tensor
        Any shape.
    threshold : float
        At least 0; for a step of size α it is `α·lambd/m`.
    l1_ratio : float
        r, from 0 (only decay) to 1 (only the soft threshold).

    Returns
    -------
    array or Tensor
        `soft_threshold(W, r·threshold) / (1 + (1-r)·threshold)`, of the shape of `W`.

    Raises
    ------
    ValueError
        If `threshold` is negative, or `l1_ratio` not between 0 and 1.

    See Also
    --------
    tinygrad_reg.elastic_net : The penalty that it belongs to.

    References
    ----------
    Parikh and Boyd, "Proximal algorithms", *Foundations and Trends in Optimization* 1, 2014,
    section 6.5.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_reg.training import elastic_net_threshold
    >>> elastic_net_threshold(np.array([-3.0, -0.5, 2.0]), threshold=2.0, l1_ratio=0.5)
    array([-1. ,  0. ,  0.5])
    """
    check_threshold("elastic_net_threshold", threshold)
    if not 0 <= l1_ratio <= 1:
        raise ValueError(
            f"elastic_net_threshold was given l1_ratio={l1_ratio}: expected a number from 0 to 1"
        )
    return soft_threshold(W, l1_ratio * threshold) / (1 + (1 - l1_ratio) * threshold)


def group_threshold(W: Any, threshold: float, axis: int | tuple[int, ...] | None = 0) -> Any:
    """The proximal operator of `threshold·Σ_g ‖w_g‖₂`: groups shorter than that become exactly 0.

    Parameters
    ----------
    W : array or Tensor
        Any shape.
    threshold : float
        At least 0, in the unit of the weights.
    axis : int, tuple of int or None
        Along which the weights of a group lie, as for `tg.group_lasso`.

    Returns
    -------
    array or Tensor
        Every group, shortened by `threshold`; of the shape of `W`.

    Raises
    ------
    ValueError
        If `threshold` is negative, or there is no such axis.

    See Also
    --------
    tinygrad_reg.group_lasso : The penalty that it belongs to.

    References
    ----------
    Parikh and Boyd, "Proximal algorithms", *Foundations and Trends in Optimization* 1, 2014,
    section 6.5 (block soft thresholding).

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_reg.training import group_threshold
    >>> group_threshold(np.array([[3.0, 0.3], [4.0, 0.4]]), threshold=2.5)
    array([[1.5, 0. ],
           [2. , 0. ]])
    """
    check_threshold("group_threshold", threshold)
    lengths = np.sqrt(np.sum(np.square(W), axis=axis, keepdims=True))
    return W * np.maximum(1 - threshold / np.where(lengths == 0, np.inf, lengths), 0)


def check_threshold(name: str, threshold: float) -> None:
    """Raise if a threshold is negative or not a number."""
    if not threshold >= 0:
        raise ValueError(f"{name} was given threshold={threshold}: expected at least 0")


def proximal_step(
    parameters: dict[str, Any], gradient: dict[str, Any], alpha: float, lambd: float, m: int
) -> dict[str, Any]:
    """`W := soft_threshold(W - α·∂J/∂W, α·lambd/m)`, and `b := b - α·∂J/∂b`.

    One step of proximal gradient descent (ISTA) on `J + (lambd/m)·Σ|w|`.

    Parameters
    ----------
    parameters : dict
        `"W"` holds what the penalty is on, every other key what it is not on: arrays or nested
        arrays.
    gradient : dict
        Of the cost *without* its penalty, in the same structure.
    alpha : float
        Learning rate α, at least 0.
    lambd : float
        Strength λ of the penalty, at least 0.
    m : int
        Number of training examples.

    Returns
    -------
    dict
        The new parameters.

    Raises
    ------
    ValueError
        If the structures differ, shapes do not broadcast, or `alpha·lambd/m` is negative.
    KeyError
        If there is no `"W"`.

    See Also
    --------
    tinygrad_reg.l1 : The penalty, whose subgradient steps make no zeros.
    weight_decay_step : The step of `tg.l2`.

    References
    ----------
    Daubechies, Defrise and De Mol, "An iterative thresholding algorithm for linear inverse problems
    with a sparsity constraint", 2004; Beck and Teboulle, "A fast iterative shrinkage-thresholding
    algorithm for linear inverse problems", 2009.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_reg.training import proximal_step
    >>> theta, zero = {"W": np.array([8.0, 0.25]), "b": np.array([8.0])}, np.zeros(2)
    >>> proximal_step(theta, {"W": zero, "b": np.zeros(1)}, alpha=0.5, lambd=2.0, m=2)
    {'W': array([7.5, 0. ]), 'b': array([8.])}
    """
    moved = gradient_step(parameters, gradient, alpha)
    threshold = alpha * lambd / m
    return {**moved, "W": optree.tree_map(lambda W: soft_threshold(W, threshold), moved["W"])}
