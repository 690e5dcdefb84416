"""The penalties, from the lesson's formulas: ordinary operations, one node each in a graph.

Every penalty takes one array of weights of any shape, or a list of them (all layers), and can be
differentiated with respect to the weights and to `lambd`. Like the lesson, they divide by the
number of examples `m`.
"""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from tinygrad_reg.derivatives.elementwise import over
from tinygrad_reg.derivatives.table import Each, about, enter, total
from tinygrad_reg.tensor import Rule, Tensor, as_plain, plain

__all__ = ["elastic_net", "group_lasso", "l1", "l2"]


def l1(W: Any, lambd: Any, m: Any) -> Any:
    """`(lambd/m)·Σ|w|`: the penalty that makes weights exactly zero.

    Parameters
    ----------
    W : array or Tensor, or a list of them
        Weights of any shape; no biases.
    lambd : float or scalar Tensor
        Strength λ, at least 0; the penalty is differentiable in it.
    m : int
        Number of training examples, at least 1.

    Returns
    -------
    float or Tensor
        A single number, in the unit of the cost. Its gradient is `(lambd/m)·sign(W)`: the
        subgradient at w = 0 (and -0.0) is 0.

    Raises
    ------
    ValueError
        If `lambd` is negative or not finite, `m` is less than 1, one of them is an array, or `W` is
        an empty list.
    TypeError
        If `lambd`, `m` or the weights are not real numbers.

    See Also
    --------
    l2 : The penalty that makes weights small.
    elastic_net : Both at once.
    tinygrad_reg.training.soft_threshold : Its proximal operator, with which weights reach 0.

    References
    ----------
    The lesson, *L1 Regularization*; Tibshirani, "Regression shrinkage and selection via the lasso",
    *Journal of the Royal Statistical Society B* 58, 1996.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> w = np.array([-3.0, 0.0, 1.0])
    >>> float(tg.l1(w, lambd=2.0, m=4))
    2.0
    >>> tg.grad(tg.l1)(w, 2.0, 4)
    array([-0.5,  0. ,  0.5])
    """
    return l1_(*strength("l1", lambd, m), *weights_of("l1", W))


def l2(W: Any, lambd: Any, m: Any) -> Any:
    """`(lambd/2m)·Σw²`: the penalty behind weight decay; for a matrix, of its Frobenius norm.

    Parameters
    ----------
    W : array or Tensor, or a list of them
        Weights of any shape; no biases. In a list, one entry for each layer, `(n_l, n_{l-1})`.
    lambd : float or scalar Tensor
        Strength λ, at least 0; the penalty is differentiable in it.
    m : int
        Number of training examples, at least 1.

    Returns
    -------
    float or Tensor
        A single number, in the unit of the cost. Its gradient is `(lambd/m)·W`.

    Raises
    ------
    ValueError
        If `lambd` is negative or not finite, `m` is less than 1, one of them is an array, or `W` is
        an empty list.
    TypeError
        If `lambd`, `m` or the weights are not real numbers.

    See Also
    --------
    l1 : The penalty that makes weights exactly zero.
    elastic_net : Both at once.
    tinygrad_reg.training.weight_decay_step : The step that it comes to.

    References
    ----------
    The lesson, *L2 Regularization* and *The Frobenius Norm*; Hoerl and Kennard, "Ridge regression:
    biased estimation for nonorthogonal problems", *Technometrics* 12, 1970.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> W1, W2 = np.array([[1.0, 2.0]]), np.array([[3.0]])
    >>> float(tg.l2([W1, W2], lambd=1.0, m=7))
    1.0
    >>> tg.grad(tg.l2)(W1, 7.0, 7)
    array([[1., 2.]])
    """
    return l2_(*strength("l2", lambd, m), *weights_of("l2", W))


def elastic_net(W: Any, lambd: Any, m: Any, l1_ratio: Any = 0.5) -> Any:
    """`(lambd/m)·(r·Σ|w| + (1-r)/2·Σw²)`: `l1` and `l2` mixed in the ratio r.

    Parameters
    ----------
    W : array or Tensor, or a list of them
        Weights of any shape; no biases.
    lambd : float or scalar Tensor
        Strength λ, at least 0; the penalty is differentiable in it.
    m : int
        Number of training examples, at least 1.
    l1_ratio : float or scalar Tensor
        r, from 0 (only `l2`) to 1 (only `l1`); the penalty is differentiable in it.

    Returns
    -------
    float or Tensor
        A single number, in the unit of the cost. Its subgradient at w = 0 is 0.

    Raises
    ------
    ValueError
        If `lambd` is negative or not finite, `m` is less than 1, one of them is an array,
        `l1_ratio` is not from 0 to 1, or `W` is an empty list.
    TypeError
        If a setting or the weights are not real numbers.

    See Also
    --------
    tinygrad_reg.training.elastic_net_threshold : Its proximal operator.

    References
    ----------
    Zou and Hastie, "Regularization and variable selection via the elastic net", *Journal of the
    Royal Statistical Society B* 67, 2005. The ratio is that of Friedman, Hastie and Tibshirani,
    "Regularization paths for generalized linear models via coordinate descent", 2010, and of
    scikit-learn's ElasticNet, whose alpha is lambd/m.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> float(tg.elastic_net(np.array([-2.0]), lambd=1.0, m=1, l1_ratio=0.5))
    2.0
    """
    ratio = plain(l1_ratio)
    if not 0 <= ratio <= 1:
        raise ValueError(f"elastic_net was given l1_ratio={ratio}: expected a number from 0 to 1")
    lambd, m = strength("elastic_net", lambd, m)
    return elastic_net_(lambd, m, l1_ratio, *weights_of("elastic_net", W))


def group_lasso(W: Any, lambd: Any, m: Any, axis: Any = 0) -> Any:
    """`(lambd/m)·Σ_g ‖w_g‖₂`: the penalty that makes whole groups of weights zero.

    Parameters
    ----------
    W : array or Tensor, or a list of them
        Weights of any shape; no biases.
    lambd : float or scalar Tensor
        Strength λ, at least 0; the penalty is differentiable in it.
    m : int
        Number of training examples, at least 1.
    axis : int, tuple of int or None
        Along which the weights of a group lie; None makes one group of all. For a matrix of the
        lesson's shape `(n_l, n_{l-1})`, 0 groups the weights that leave an input, 1 those that
        enter a unit.

    Returns
    -------
    float or Tensor
        A single number, in the unit of the cost. Its gradient is `(lambd/m)·w_g / ‖w_g‖₂`; where
        all weights of a group are 0, the subgradient is 0.

    Raises
    ------
    ValueError
        If `lambd` is negative or not finite, `m` is less than 1, one of them is an array, `W` is an
        empty list, or there is no such axis.
    TypeError
        If `lambd`, `m` or the weights are not real numbers.

    See Also
    --------
    tinygrad_reg.training.group_threshold : Its proximal operator, with which groups reach 0.

    References
    ----------
    Yuan and Lin, "Model selection and estimation in regression with grouped variables", *Journal of
    the Royal Statistical Society B* 68, 2006; without its factor for the size of a group.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> W = np.array([[3.0, 0.0], [4.0, 0.0]])
    >>> float(tg.group_lasso(W, lambd=1.0, m=1, axis=0))
    5.0
    >>> tg.grad(tg.group_lasso)(W, 1.0, 1, axis=0)
    array([[0.6, 0. ],
           [0.8, 0. ]])
    """
    return group_lasso_(
        *strength("group_lasso", lambd, m), *weights_of("group_lasso", W), axis=axis
    )


# The table lines: one for each penalty, with (lambd/m)·slope(W) as its gradient.


def l1_(lambd: Any, m: Any, *weights: Any) -> Any:
    """`l1` with the weights as arguments."""
    return lambd / m * sum(np.sum(np.abs(W)) for W in weights)


def l2_(lambd: Any, m: Any, *weights: Any) -> Any:
    """`l2` with the weights as arguments."""
    return lambd / m / 2 * sum(np.vdot(W, W) for W in weights)


def elastic_net_(lambd: Any, m: Any, l1_ratio: Any, *weights: Any) -> Any:
    """`elastic_net` with the weights as arguments."""
    return l1_(lambd * l1_ratio, m, *weights) + l2_(lambd * (1 - l1_ratio), m, *weights)


def group_lasso_(lambd: Any, m: Any, *weights: Any, axis: Any) -> Any:
    """`group_lasso` with the weights as arguments."""
    return lambd / m * sum(np.sum(norms(W, axis)) for W in weights)


def norms(W: Any, axis: Any) -> Any:
    """The length of every group of weights; the axis stays, at length 1.

    Divided by their largest entry first, so that no square overflows or vanishes.
    """
    scale = np.max(np.abs(plain(W)), axis=axis, keepdims=True, initial=0)
    scale = np.where((scale == 0) | np.isinf(scale), 1, scale)
    scaled = W / scale
    return scale * np.sqrt(np.sum(scaled * scaled, axis=axis, keepdims=True))


def penalty(op: Any, slope: Any, *of_settings: Any, kinks: dict[str, str] | None = None) -> Any:
    """Enter a penalty `op(lambd, m, *settings, *weights)`, whose gradient is (lambd/m)·slope(W).

    A setting is a number besides lambd and m; `of_settings` are the derivatives by each. `kinks`
    are where `slope` is a subgradient.
    """
    numbers = 2 + len(of_settings)

    def of_lambd(cotangent: Any, y: Any, lambd: Any, m: Any, *rest: Any, **given: Any) -> Any:
        """The penalty of strength 1."""
        return cotangent * entered(1, m, *rest, **given)

    def pullback(i: int) -> Any:
        if i == 0:
            return of_lambd
        if i == 1:
            return lambda cotangent, y, lambd, m, *rest, **given: cotangent * (-y / m)
        if i < numbers:
            setting = of_settings[i - 2]
            return explained(lambda g, y, *args: g * setting(*args), "", setting)
        return explained(
            lambda g, y, lambd, m, *rest, **given: (
                g * (lambd / m) * slope(rest[i - 2], *rest[: numbers - 2], **given)
            ),
            "lambd / m * ",
            slope,
        )

    def push(tangents: Any, y: Any, args: Any, given: Any) -> Any:
        return total(
            np.sum(pullback(i)(1, y, *args, **given) * tangent)
            for i, tangent in enumerate(tangents)
            if tangent is not None
        )

    rule = Rule(op, Each(pullback), is_local=False, push=push)
    entered = enter(op, about(rule, None, kinks))
    return entered


def explained(pullback: Any, factor: str, slope: Any) -> Any:
    """A pullback that names the parts of it that a reader wants to see."""
    pullback.factor, pullback.slope = factor, slope
    return pullback


l1_ = penalty(l1_, lambda W: np.sign(W), kinks={"w = 0": "0"})
l2_ = penalty(l2_, lambda W: W)
elastic_net_ = penalty(
    elastic_net_,
    lambda W, l1_ratio: l1_ratio * np.sign(W) + (1 - l1_ratio) * W,
    lambda lambd, m, l1_ratio, *weights: l1_(lambd, m, *weights) - l2_(lambd, m, *weights),
    kinks={"w = 0": "0"},
)
group_lasso_ = penalty(
    group_lasso_, lambda W, axis: over(W, norms(W, axis)), kinks={"w_g = 0": "0"}
)


def strength(name: str, lambd: Any, m: Any) -> tuple[Any, Any]:
    """`lambd` and `m`, checked."""
    if type(lambd) is float and type(m) is int and 0 <= lambd < inf and m >= 1:
        return lambd, m  # the usual case, at once
    for what, x, least in (("lambd", plain(lambd), 0), ("m", plain(m), 1)):
        if not isinstance(x, int | float):
            if np.ndim(x):
                raise ValueError(
                    f"{name} was given {what} of shape {np.shape(x)}: expected one number"
                )
            if as_plain(x).dtype.kind not in "fiu":
                raise TypeError(f"{name} was given {what}={x!r}: expected a real number")
        if not least <= x < inf:
            expected = "a strength, finite and at least 0" if least == 0 else "at least 1 example"
            raise ValueError(f"{name} was given {what}={x}: expected {expected}")
    return lambd, m


def weights_of(name: str, W: Any) -> list[Any]:
    """One array of weights or a list of them, as a list of tensors and floating arrays."""
    if not isinstance(W, list | tuple):
        return [as_weights(name, W)]
    if not W:
        raise ValueError(f"{name} was given an empty list: expected weights")
    if all(isinstance(w, int | float) for w in W):
        return [np.asarray(W, dtype=float)]
    return [as_weights(name, w) for w in W]


def as_weights(name: str, W: Any) -> Any:
    """Tensors and floating arrays as they are, other real numbers as float64."""
    if type(W) is Tensor or (hasattr(W, "dtype") and W.dtype.kind == "f"):
        return W
    array = np.asarray(W)
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"{name} was given weights of type {type(W).__name__} and dtype {array.dtype}: "
            "expected an array or tensor of real numbers, or a list of them"
        )
    return array.astype(float)
