"""Layers that NumPy lacks: convolution, pooling, normalization, dropout, and activations.

Images are arrays of shape `(N, C, H, W)`: examples, channels, rows, columns, as in PyTorch. The
windows that a kernel sees are laid out as the columns of a matrix; from there on a convolution is
the lesson's `W @ X + b`, and pooling is a maximum or a mean.
"""

from __future__ import annotations

from functools import cache
from math import pi, prod, sqrt
from typing import Any

import numpy as np

from tinygrad_reg.derivatives.losses import as_floats, sigmoid
from tinygrad_reg.derivatives.table import elementwise, linear
from tinygrad_reg.tensor import plain

__all__ = [
    "avg_pool2d",
    "batch_norm",
    "conv2d",
    "dropout",
    "elu",
    "gelu",
    "layer_norm",
    "leaky_relu",
    "max_pool2d",
    "selu",
    "silu",
]

# -- convolution and pooling -------------------------------------------------------------------


def conv2d(
    X: Any,
    W: Any,
    b: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """Slide kernels over images: at each place, the sum of products of kernel and window.

    Like PyTorch's, this is a cross-correlation: the kernel is not flipped.

    Parameters
    ----------
    X : array or Tensor
        Images, shape `(N, C, H, W)`.
    W : array or Tensor
        Kernels, shape `(C_out, C / groups, kernel_H, kernel_W)`.
    b : array or Tensor, optional
        Bias, shape `(C_out,)`.
    stride : int or pair
        Steps from one window to the next, down and to the right, in pixels.
    padding : int, pair, "valid" or "same"
        Rows and columns of zeros around each image, on either side; "valid" is none, "same" as
        many as keep the shape.
    dilation : int or pair
        Steps from one entry of a window to the next, in pixels.
    groups : int
        Into how many groups the channels fall; each group has its own kernels.

    Returns
    -------
    array or Tensor
        Shape `(N, C_out, H_out, W_out)` with
        `H_out = (H + 2·padding - dilation·(kernel_H - 1) - 1) // stride + 1`.

    Raises
    ------
    ValueError
        If shapes do not fit each other, a window is larger than the padded image, a setting is
        not what is described above, or padding is "same" with a stride.

    See Also
    --------
    max_pool2d, avg_pool2d : What often follows.

    References
    ----------
    Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016,
    `arXiv:1603.07285 <https://arxiv.org/abs/1603.07285>`_.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> X = np.arange(9.0).reshape(1, 1, 3, 3)
    >>> difference = np.array([[[[-1.0, 1.0]]]])
    >>> tg.conv2d(X, difference, b=np.array([0.5]))
    array([[[[1.5, 1.5],
             [1.5, 1.5],
             [1.5, 1.5]]]])
    """
    X, W = images("conv2d", X), as_floats(W)
    if W.ndim != 4 or groups < 1 or X.shape[1] != W.shape[1] * groups or W.shape[0] % groups:
        raise ValueError(
            f"conv2d of images of shape {X.shape} in {groups} groups was given kernels of shape "
            f"{W.shape}: expected (C_out, {X.shape[1]} / groups, rows, columns), with a C_out that "
            "is a multiple of groups"
        )
    kernels, size = W.shape[0], W.shape[2:]
    if b is not None and np.shape(b) != (kernels,):
        raise ValueError(
            f"conv2d with {kernels} kernels was given b of shape {np.shape(b)}: expected "
            f"({kernels},)"
        )
    stride, dilation = pair("conv2d", "stride", stride), pair("conv2d", "dilation", dilation)
    X = padded(X, margins("conv2d", padding, size, stride, dilation), 0)
    windows = windows_of("conv2d", X, size, stride, dilation)
    places = windows.shape[3:]
    entries = size[0] * size[1] * W.shape[1]
    columns = np.reshape(windows, (groups, entries, prod(places)))
    rows = np.reshape(W, (groups, kernels // groups, entries))
    Z = np.reshape(rows @ columns, (kernels, *places))
    if b is not None:
        Z = Z + np.reshape(as_floats(b), (kernels, 1, 1, 1))
    return np.swapaxes(Z, 0, 1)


def max_pool2d(X: Any, size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1) -> Any:
    """The largest entry of every window of images. Where several are largest, they share equally.

    Parameters
    ----------
    X : array or Tensor
        Images, shape `(N, C, H, W)`.
    size : int or pair
        Rows and columns of a window.
    stride : int or pair, optional
        Steps from one window to the next, in pixels; as large as the window if it is not given.
    padding : int or pair
        Rows and columns of -inf around each image, at most half of a window.
    dilation : int or pair
        Steps from one entry of a window to the next, in pixels.

    Returns
    -------
    array or Tensor
        Shape `(N, C, H_out, W_out)`, as `conv2d` has it.

    Raises
    ------
    ValueError
        If X is not of shape `(N, C, H, W)`, a window is larger than the padded image, or a setting
        is not what is described above.

    See Also
    --------
    avg_pool2d : The mean in place of the largest.

    References
    ----------
    Boureau, Ponce and LeCun, "A theoretical analysis of feature pooling in visual recognition",
    2010.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> X = np.array([[[[1.0, 2.0, 5.0, 5.0], [3.0, 0.0, 4.0, 4.0]]]])
    >>> tg.max_pool2d(X, 2)
    array([[[[3., 5.]]]])
    >>> tg.grad(lambda X: np.sum(tg.max_pool2d(X, 2)))(X)
    array([[[[0. , 0. , 0.5, 0.5],
             [1. , 0. , 0. , 0. ]]]])
    """
    windows = pooled_windows("max_pool2d", X, size, stride, padding, dilation, -np.inf)
    return np.swapaxes(np.max(windows, axis=(1, 2)), 0, 1)


def avg_pool2d(
    X: Any, size: Any, stride: Any = None, padding: Any = 0, count_include_pad: bool = True
) -> Any:
    """The mean of every window of images.

    Parameters
    ----------
    X : array or Tensor
        Images, shape `(N, C, H, W)`.
    size : int or pair
        Rows and columns of a window.
    stride : int or pair, optional
        Steps from one window to the next, in pixels; as large as the window if it is not given.
    padding : int or pair
        Rows and columns of zeros around each image, at most half of a window.
    count_include_pad : bool
        Whether the zeros of the padding count as entries.

    Returns
    -------
    array or Tensor
        Shape `(N, C, H_out, W_out)`, as `conv2d` has it.

    Raises
    ------
    ValueError
        If X is not of shape `(N, C, H, W)`, a window is larger than the padded image, or a setting
        is not what is described above.

    See Also
    --------
    max_pool2d : The largest in place of the mean.

    References
    ----------
    Boureau, Ponce and LeCun, "A theoretical analysis of feature pooling in visual recognition",
    2010.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> tg.avg_pool2d(np.arange(8.0).reshape(1, 1, 2, 4), 2)
    array([[[[2.5, 4.5]]]])
    """
    X = images("avg_pool2d", X)
    windows = pooled_windows("avg_pool2d", X, size, stride, padding, 1, 0)
    if count_include_pad:
        means = np.mean(windows, axis=(1, 2))
    else:
        ones = np.ones((1, 1, *X.shape[2:]), X.dtype)
        real = pooled_windows("avg_pool2d", ones, size, stride, padding, 1, 0)
        means = np.sum(windows, axis=(1, 2)) / np.sum(real, axis=(1, 2))
    return np.swapaxes(means, 0, 1)


def pooled_windows(
    name: str, X: Any, size: Any, stride: Any, padding: Any, dilation: Any, around: float
) -> Any:
    """Every window of images that are surrounded by a number."""
    X = images(name, X)
    size = pair(name, "size", size)
    stride = size if stride is None else pair(name, "stride", stride)
    dilation = pair(name, "dilation", dilation)
    padding = pair(name, "padding", padding, least=0)
    if any(2 * p > d * (k - 1) + 1 for p, k, d in zip(padding, size, dilation, strict=True)):
        raise ValueError(
            f"{name} was given padding={padding} for windows of size {size}: expected at most half "
            "of a window"
        )
    X = padded(X, margins(name, padding, size, stride, dilation), around)
    return windows_of(name, X, size, stride, dilation)


def images(name: str, X: Any) -> Any:
    """Images as floats, or an error."""
    X = as_floats(X)
    if X.ndim != 4:
        raise ValueError(
            f"{name} was given images of shape {X.shape}: expected (N, C, H, W), that is examples, "
            "channels, rows, columns"
        )
    return X


def pair(name: str, what: str, given: Any, least: int = 1) -> tuple[int, int]:
    """A setting for rows and columns: a whole number for both, or one for each."""
    numbers = (given, given) if isinstance(given, int | np.integer) else given
    if (
        not isinstance(numbers, list | tuple)
        or len(numbers) != 2
        or not all(isinstance(n, int | np.integer) and n >= least for n in numbers)
    ):
        raise ValueError(
            f"{name} was given {what}={given!r}: expected a whole number of at least {least}, or a "
            "pair of them for rows and columns"
        )
    return int(numbers[0]), int(numbers[1])


def margins(name: str, padding: Any, size: Any, stride: Any, dilation: Any) -> Any:
    """How many rows and columns to put around an image: (above, below), (left, right)."""
    if padding == "valid":
        padding = 0
    elif padding == "same":
        if stride != (1, 1):
            raise ValueError(
                f"{name} was given padding='same' with stride={stride}: expected stride 1, since "
                "the result cannot keep the shape otherwise"
            )
        spare = [d * (k - 1) for k, d in zip(size, dilation, strict=True)]
        return tuple((n // 2, n - n // 2) for n in spare)
    return tuple((n, n) for n in pair(name, "padding", padding, least=0))


def padded(X: Any, around: Any, number: float) -> Any:
    """Images with rows and columns of a number around them."""
    if not np.any(around):
        return X
    return np.pad(X, ((0, 0), (0, 0), *around), constant_values=number)


def windows_of(name: str, X: Any, size: Any, stride: Any, dilation: Any) -> Any:
    """Every window of images, shape `(C, *size, N, H_out, W_out)`, or an error."""
    reach = spans(size, dilation)
    if min(size) < 1 or any(n < span for n, span in zip(X.shape[2:], reach, strict=True)):
        raise ValueError(
            f"{name} was given windows of {reach[0]} by {reach[1]} (with dilation) for images of "
            f"{X.shape[2]} by {X.shape[3]} (with padding): expected windows that fit into them"
        )
    return windows_(X, size=size, stride=stride, dilation=dilation)


def spans(size: Any, dilation: Any) -> tuple[int, ...]:
    """From the first to the last entry of a window, in rows and in columns."""
    return tuple(d * (k - 1) + 1 for k, d in zip(size, dilation, strict=True))


def windows_(X: Any, size: Any, stride: Any, dilation: Any) -> Any:
    """The windows of images: entry `[c, i, j, n, y, x]` is entry (i, j) of window (y, x)."""
    views = np.lib.stride_tricks.sliding_window_view(X, spans(size, dilation), axis=(2, 3))
    views = views[:, :, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]
    return np.ascontiguousarray(views.transpose(1, 4, 5, 0, 2, 3))


def images_(windows: Any, shape: Any, stride: Any, dilation: Any) -> Any:
    """The sums of all entries of windows that came from the same entry of an image."""
    sums = np.zeros((shape[1], shape[0], *shape[2:]), windows.dtype)
    high, wide = windows.shape[4:]
    for i, j in np.ndindex(*windows.shape[1:3]):
        top, left = i * dilation[0], j * dilation[1]
        bottom, right = top + (high - 1) * stride[0] + 1, left + (wide - 1) * stride[1] + 1
        sums[:, :, top : bottom : stride[0], left : right : stride[1]] += windows[:, i, j]
    return sums.swapaxes(0, 1)


# Taking windows and adding them up are each other's adjoint.
windows_ = linear(
    windows_,
    lambda cotangent, y, X, size, stride, dilation: images_(
        cotangent, shape=X.shape, stride=stride, dilation=dilation
    ),
)
images_ = linear(
    images_,
    lambda cotangent, y, windows, shape, stride, dilation: windows_(
        cotangent, size=windows.shape[1:3], stride=stride, dilation=dilation
    ),
)

# -- dropout and normalization -----------------------------------------------------------------


def dropout(X: Any, rate: float, generator: np.random.Generator, training: bool = True) -> Any:
    """Set entries to 0 at random, and divide the others by 1 - rate, which keeps the expectation.

    Parameters
    ----------
    X : array or Tensor
        Activations, of any shape.
    rate : float
        The probability with which an entry is set to 0, from 0 to 1.
    generator : numpy.random.Generator
        Where the random numbers come from: `np.random.default_rng(seed)`.
    training : bool
        Whether to drop anything; otherwise X is returned as it is.

    Returns
    -------
    array or Tensor
        Shape of `X`. The gradient passes where the entries did, with the same factor.

    Raises
    ------
    TypeError
        If there is no generator.
    ValueError
        If the rate is not from 0 to 1.

    See Also
    --------
    l2 : A penalty to the same end.

    References
    ----------
    Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", *Journal
    of Machine Learning Research* 15, 2014; in the form in which nothing has to be rescaled
    afterwards ("inverted dropout").

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> tg.dropout(np.ones(6), rate=0.5, generator=np.random.default_rng(1))
    array([2., 2., 0., 2., 0., 0.])
    """
    if not isinstance(generator, np.random.Generator):
        raise TypeError(
            f"dropout was given generator={generator!r}: expected np.random.default_rng(seed), "
            "made once and passed to every call"
        )
    if not 0 <= rate <= 1:
        raise ValueError(f"dropout was given rate={rate}: expected a probability, from 0 to 1")
    X = as_floats(X)
    if not training or rate == 0:
        return X
    kept = generator.random(X.shape) >= rate
    return np.where(kept, X / (1 - rate if rate < 1 else 1), 0)


def batch_norm(
    X: Any,
    gamma: Any,
    beta: Any,
    axis: Any = -1,
    epsilon: float = 1e-5,
    mean: Any = None,
    variance: Any = None,
) -> Any:
    """`gamma·(X - mean) / √(variance + epsilon) + beta`: every feature brought to one scale.

    Parameters
    ----------
    X : array or Tensor
        Features are rows and examples are columns, shape `(n, m)`; or any shape, see `axis`.
    gamma, beta : float, array or Tensor
        The new deviation and mean of each feature: shape of `X` with `axis` at length 1, that is
        `(n, 1)`, or one number.
    axis : int or tuple of int
        The axes of the examples, over which mean and variance are taken; (0, 2, 3) for images of
        shape `(N, C, H, W)`, with a gamma of shape `(C, 1, 1)`.
    epsilon : float
        Keeps the root from 0, which it would be for a feature that is constant; above 0, in the
        squared unit of X.
    mean, variance : array, optional
        Of each feature, shaped like gamma. Not given while training: then they are those of `X`
        (the variance divided by m), and are differentiated as well.

    Returns
    -------
    array or Tensor
        Shape of `X`.

    Raises
    ------
    ValueError
        If a shape does not fit, only one of mean and variance is given, epsilon is not above 0, or
        there is no such axis.

    See Also
    --------
    layer_norm : Along the features of each example.

    References
    ----------
    Ioffe and Szegedy, "Batch normalization: accelerating deep network training by reducing internal
    covariate shift", 2015, `arXiv:1502.03167 <https://arxiv.org/abs/1502.03167>`_.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> X = np.array([[1.0, 3.0], [5.0, 5.0]])
    >>> tg.batch_norm(X, gamma=1.0, beta=np.array([[0.0], [2.0]])).round(4)
    array([[-1.,  1.],
           [ 2.,  2.]])
    """
    X = as_floats(X)
    check_features("batch_norm", X, axis, gamma=gamma, beta=beta, mean=mean, variance=variance)
    check_epsilon("batch_norm", epsilon)
    if (mean is None) != (variance is None):
        raise ValueError(
            "batch_norm was given a mean or a variance: expected both, or neither while training"
        )
    if mean is None:
        return gamma * standardized(X, axis, epsilon) + beta
    return gamma * ((X - mean) / np.sqrt(variance + epsilon)) + beta


def layer_norm(X: Any, gamma: Any, beta: Any, axis: Any = 0, epsilon: float = 1e-5) -> Any:
    """`gamma·(X - mean) / √(variance + epsilon) + beta`: every example brought to one scale.

    Parameters
    ----------
    X : array or Tensor
        Features are rows and examples are columns, shape `(n, m)`; or any shape, see `axis`.
    gamma, beta : float, array or Tensor
        The new deviation and mean of each feature: shape of `X` with all axes but `axis` at length
        1, that is `(n, 1)`, or one number.
    axis : int or tuple of int
        The axes of the features, over which mean and variance are taken.
    epsilon : float
        Keeps the root from 0, which it would be for an example that is constant; above 0, in the
        squared unit of X.

    Returns
    -------
    array or Tensor
        Shape of `X`.

    Raises
    ------
    ValueError
        If a shape does not fit, epsilon is not above 0, or there is no such axis.

    See Also
    --------
    batch_norm : Along the examples of each feature.

    References
    ----------
    Ba, Kiros and Hinton, "Layer normalization", 2016, `arXiv:1607.06450
    <https://arxiv.org/abs/1607.06450>`_.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> X = np.array([[1.0, 50.0], [3.0, 10.0]])
    >>> tg.layer_norm(X, gamma=1.0, beta=0.0).round(4)
    array([[-1.,  1.],
           [ 1., -1.]])
    """
    X = as_floats(X)
    features = {i % X.ndim for i in np.atleast_1d(axis).tolist()}
    examples = tuple(i for i in range(X.ndim) if i not in features)
    check_features("layer_norm", X, examples, gamma=gamma, beta=beta)
    check_epsilon("layer_norm", epsilon)
    return gamma * standardized(X, axis, epsilon) + beta


def standardized(X: Any, axis: Any, epsilon: float) -> Any:
    """Deviations from the mean along axes, divided by √(variance + epsilon)."""
    if X.size == 0:
        return X
    with np.errstate(over="ignore", invalid="ignore"):
        deviations = centered(X, axis)
        variance = np.mean(deviations * deviations, axis=axis, keepdims=True)
    if np.isfinite(variance).all() or not np.isfinite(X).all():
        return deviations / np.sqrt(variance + epsilon)
    return standardized_with_care(X, axis, epsilon)


def standardized_with_care(X: Any, axis: Any, epsilon: float) -> Any:
    """The same where sums or squares overflow: everything is made small first.

    Small deviations return to their own size, at which epsilon counts. Beside large ones it is
    nothing, and their size cancels.
    """
    exponent = np.finfo(X.dtype).maxexp
    small = 2.0 ** (-5 * exponent // 8)
    deviations = centered(X * small, axis)
    largest = np.max(np.abs(plain(deviations)), axis=axis, keepdims=True)
    large = largest > 2.0 ** (-exponent // 4)
    deviations = deviations * np.where(large, 1, 1 / small).astype(X.dtype)
    variance = np.mean(deviations * deviations, axis=axis, keepdims=True)
    return deviations / np.sqrt(variance + np.where(large, 0, epsilon).astype(X.dtype))


def centered(X: Any, axis: Any) -> Any:
    """Deviations from the mean along axes: exactly 0 where all entries are equal."""
    X = X - np.min(plain(X), axis=axis, keepdims=True)
    return X - np.mean(X, axis=axis, keepdims=True)


def check_features(name: str, X: Any, examples: Any, **parameters: Any) -> None:
    """Raise if parameters of features do not have the shape of X with `examples` at length 1."""
    axes = np.atleast_1d(examples).astype(int) % max(X.ndim, 1)
    expected = tuple(1 if i in axes else n for i, n in enumerate(X.shape))
    for what, x in parameters.items():
        if x is None:
            continue
        try:
            fits = np.broadcast_shapes(np.shape(x), expected) == expected
        except ValueError:
            fits = False
        if not fits:
            raise ValueError(
                f"{name} of X of shape {X.shape} was given {what} of shape {np.shape(x)}: expected "
                f"{expected}, one number for each feature, or a single number"
            )


def check_epsilon(name: str, epsilon: float) -> None:
    """Raise if the root of a variance of 0 would be 0."""
    if not epsilon > 0:
        raise ValueError(f"{name} was given epsilon={epsilon}: expected a number above 0")


# -- activations -------------------------------------------------------------------------------

# Where selu's activations keep mean 0 and variance 1 (Klambauer et al. 2017, equation 14).
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946

ROOT_OF_2_PI = sqrt(2 * pi)
FAR = 40  # beyond, the normal density is 0 in floats, and so is what it is multiplied by
SATURATED = 800  # beyond, the exponential of -x is 0 in floats


def leaky_relu(x: Any, slope: Any = 0.01) -> Any:
    """x where x > 0, and slope·x elsewhere, entry by entry; at 0 its subgradient is the slope.

    Parameters
    ----------
    x : array or Tensor
        Any shape.
    slope : float or Tensor
        Of the left branch. A tensor makes it a parameter, one number or broadcast to `x`.

    Returns
    -------
    array or Tensor
        Shape of `x`. With slope 0 it is `relu`.

    See Also
    --------
    elu : A left branch that levels off.

    References
    ----------
    Maas, Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic models", 2013; as
    a parameter: He et al., "Delving deep into rectifiers", 2015, `arXiv:1502.01852
    <https://arxiv.org/abs/1502.01852>`_.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> tg.leaky_relu(np.array([-2.0, 3.0]), slope=0.1)
    array([-0.2,  3. ])
    """
    x = as_floats(x)
    return np.where(x > 0, x, slope * x)


def elu(x: Any, alpha: Any = 1.0) -> Any:
    """x where x > 0, and `alpha·(e^x - 1)` elsewhere, entry by entry; at 0 its slope is alpha.

    Parameters
    ----------
    x : array or Tensor
        Any shape.
    alpha : float or Tensor
        The left branch falls to -alpha. A tensor makes it a parameter, one number or broadcast to
        `x`.

    Returns
    -------
    array or Tensor
        Shape of `x`.

    See Also
    --------
    selu : With constants that keep mean and variance.

    References
    ----------
    Clevert, Unterthiner and Hochreiter, "Fast and accurate deep network learning by exponential
    linear units", 2015, `arXiv:1511.07289 <https://arxiv.org/abs/1511.07289>`_.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> tg.elu(np.array([-1000.0, 3.0]))
    array([-1.,  3.])
    """
    x = as_floats(x)
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def selu(x: Any) -> Any:
    """`elu(x, alpha)` times a number, both chosen so that activations keep mean 0 and variance 1.

    Parameters
    ----------
    x : array or Tensor
        Any shape.

    Returns
    -------
    array or Tensor
        Shape of `x`. At 0 its subgradient is the slope from the left, 1.7581.

    See Also
    --------
    elu : With a number of your choice.

    References
    ----------
    Klambauer et al., "Self-normalizing neural networks", 2017, `arXiv:1706.02515
    <https://arxiv.org/abs/1706.02515>`_.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> tg.selu(np.array([-1000.0, 1.0])).round(4)
    array([-1.7581,  1.0507])
    """
    return SELU_SCALE * elu(x, SELU_ALPHA)


def silu(x: Any) -> Any:
    """`x·σ(x)`, entry by entry, also known as swish; 0 at -inf.

    Parameters
    ----------
    x : array or Tensor
        Any shape.

    Returns
    -------
    array or Tensor
        Shape of `x`.

    See Also
    --------
    gelu : With the normal distribution in place of σ.

    References
    ----------
    Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units for neural network function
    approximation in reinforcement learning", 2017, `arXiv:1702.03118
    <https://arxiv.org/abs/1702.03118>`_.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> tg.silu(np.array([-1000.0, 0.0, 1000.0]))
    array([  -0.,    0., 1000.])
    """
    x = as_floats(x)
    return np.maximum(x, -SATURATED) * sigmoid(x)


def gelu(x: Any, approximate: bool = False) -> Any:
    """`x·Φ(x)`, entry by entry, with the normal distribution function Φ; 0 at -inf.

    Parameters
    ----------
    x : array or Tensor
        Any shape.
    approximate : bool
        Whether to take `(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2` in place of Φ(x), which is quicker
        and differs by less than 0.0005 in the result.

    Returns
    -------
    array or Tensor
        Shape of `x`.

    See Also
    --------
    silu : With σ in place of the normal distribution.

    References
    ----------
    Hendrycks and Gimpel, "Gaussian error linear units", 2016, `arXiv:1606.08415
    <https://arxiv.org/abs/1606.08415>`_.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> tg.gelu(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.1587,  0.    ,  0.8413])
    """
    return gelu_tanh_(x) if approximate else gelu_(x)


def gelu_(x: Any) -> Any:
    """`gelu` with Φ itself."""
    x = as_floats(x)
    return np.maximum(x, -40) * normal_distribution_(x)


def gelu_tanh_(x: Any) -> Any:
    """`gelu` with (1 + tanh u)/2 = σ(2u) in place of Φ."""
    x = as_floats(x)
    return np.maximum(x, -30) * sigmoid(twice_u(np.clip(x, -FAR, FAR)))


def twice_u(x: Any) -> Any:
    """2·√(2/π)·(x + 0.044715·x³)."""
    return sqrt(8 / pi) * x * (1 + 0.044715 * x * x)


def normal_distribution_(x: Any) -> Any:
    """Φ(x) = erfc(-x/√2)/2, to double precision also where it is small.

    From scaled_erfc by Φ(-|x|) = e^(-x²/2)·scaled_erfc(|x|/√2)/2. The exponent is cut into a
    part whose square is exact and a small rest, as its rounding error would count.
    """
    distance = np.minimum(np.abs(x).astype(np.float64), 40)
    rounded = np.trunc(16 * distance) / 16
    rest = (distance - rounded) * (distance + rounded) / 2
    powers = np.exp(-rounded * rounded / 2) * np.exp(-rest)
    tail = powers * scaled_erfc(distance / sqrt(2)) / 2
    return np.where(x > 0, 1 - tail, tail).astype(x.dtype)


def scaled_erfc(x: Any) -> Any:
    """e^(x²)·erfc(x) for x ≥ 0, to double precision.

    J. A. C. Weideman, "Computation of the complex error function", SIAM Journal on Numerical
    Analysis 31, 1994, equation 38 on the imaginary axis.
    """
    length, coefficients = weideman(40)
    Z = (length - x) / (length + x)
    return (2 * np.polyval(coefficients, Z) / (length + x) + 1 / sqrt(pi)) / (length + x)


@cache
def weideman(number: int) -> tuple[float, Any]:
    """The length L and the coefficients, highest power first, of Weideman's polynomial.

    They are the Fourier coefficients of e^(-t²)·(L² + t²) in the angle θ of t = L·tan(θ/2), by the
    midpoint rule.
    """
    length = sqrt(number / sqrt(2))
    angles = (np.arange(4 * number) + 0.5) * pi / (4 * number)
    t = length * np.tan(angles / 2)
    values = np.exp(-t * t) * (length**2 + t * t)
    powers = np.arange(number - 1, 0, -1)
    return length, np.cos(np.outer(powers, angles)) @ values / len(angles)


def normal_density(x: Any) -> Any:
    """The normal density e^(-x²/2)/√2π, with x bounded to where it is not 0 in floats."""
    bounded = np.clip(x, -FAR, FAR)
    return np.exp(-0.5 * bounded * bounded) / ROOT_OF_2_PI


def of_gelu(y: Any, x: Any) -> Any:
    """∂(x·Φ(x))/∂x = Φ(x) + x·φ(x)."""
    return normal_distribution_(x) + np.clip(x, -FAR, FAR) * normal_density(x)


def of_gelu_tanh(y: Any, x: Any) -> Any:
    """∂(x·σ(v))/∂x = σ(v) + x·σ(v)·(1 - σ(v))·v' with v = 2u."""
    x = np.clip(x, -FAR, FAR)
    share = sigmoid(twice_u(x))
    return share + x * share * (1 - share) * sqrt(8 / pi) * (1 + 3 * 0.044715 * x * x)


def of_silu(y: Any, x: Any) -> Any:
    """∂(x·σ(x))/∂x = σ(x) + x·σ(x)·(1 - σ(x))."""
    share = sigmoid(x)
    return share + np.clip(x, -SATURATED, SATURATED) * share * (1 - share)


def left_slope_of_elu(x: Any) -> Any:
    """e^x where x ≤ 0."""
    return np.exp(np.where(x > 0, 0, x))


leaky_relu = elementwise(
    leaky_relu,
    lambda y, x, slope=0.01: np.where(x > 0, 1, slope),
    lambda y, x, slope: np.where(x > 0, 0, x),
    kinks={"x = 0": "slope"},
)
elu = elementwise(
    elu,
    lambda y, x, alpha=1.0: np.where(x > 0, 1, alpha * left_slope_of_elu(x)),
    lambda y, x, alpha: np.expm1(np.where(x > 0, 0, x)),
    kinks={"x = 0": "alpha"},
)
silu = elementwise(silu, of_silu)
normal_distribution_ = elementwise(normal_distribution_, lambda y, x: normal_density(x))
gelu_ = elementwise(gelu_, of_gelu)
gelu_tanh_ = elementwise(gelu_tanh_, of_gelu_tanh)
