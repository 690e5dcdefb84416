"""Lines for norms of vectors and matrices. The subgradient at the origin is 0."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from tinygrad_reg.derivatives.elementwise import over
from tinygrad_reg.derivatives.indexing import as_array
from tinygrad_reg.derivatives.reduction import reduction
from tinygrad_reg.derivatives.reductions import shared
from tinygrad_reg.derivatives.table import composition
from tinygrad_reg.tensor import functions, plain


def of_norm(y: Any, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """∂‖x‖/∂x, of a vector or a matrix, for all orders but those of singular values."""
    axes = tuple(range(x.ndim)) if axis is None else axis
    axes = axes if isinstance(axes, tuple) else (axes,)
    if ord in (None, "fro", "f"):
        return of_power_norm(x, 2, ord, axis)
    if len(axes) == 2:
        return of_largest_line(x, ord, axes)
    if ord == 0:
        return np.zeros(x.shape, x.dtype)
    if ord == 1:
        return np.sign(x)
    if abs(ord) == np.inf:
        return np.sign(x) * of_largest(np.abs(plain(x)), ord, axes)
    return of_power_norm(x, ord, ord, axis)


def of_largest(sizes: Any, ord: Any, axes: Any) -> Any:
    """The share of each in the largest size; in the smallest, for a negative order."""
    if not sizes.size:
        return np.zeros(sizes.shape)
    largest = (np.max if ord > 0 else np.min)(sizes, axis=axes, keepdims=True)
    return shared(sizes == largest, axes)


def of_largest_line(x: Any, ord: Any, axes: tuple[int, ...]) -> Any:
    """∂‖X‖₁/∂X, the largest sum of sizes in a column; in a row, for an infinite order."""
    along, across = axes if abs(ord) == 1 else axes[::-1]
    sums = np.sum(np.abs(plain(x)), axis=along, keepdims=True)
    return np.sign(x) * of_largest(sums, ord, across)


def of_power_norm(x: Any, p: Any, ord: Any, axis: Any) -> Any:
    """∂(Σ|x|^p)^(1/p)/∂x = sign(x)·(|x|/‖x‖)^(p-1), which does not depend on the scale of x.

    It is computed at a scale where no power overflows or vanishes.
    """
    sizes = np.abs(plain(x))
    extreme, initial = (np.max, 0) if p > 0 else (np.min, np.inf)
    scale = extreme(sizes, axis=axis, keepdims=True, initial=initial)
    x = x / np.where((scale == 0) | ~np.isfinite(scale), 1, scale)
    y = np.linalg.norm(x, ord, axis, keepdims=True)
    if p > 0 and p % 2 == 0:
        return over(x, y) ** (int(p) - 1)
    nowhere = (x == 0) | (y == 0)
    shares = np.where(nowhere, 1, over(np.abs(x), y))
    return np.where(nowhere, 0, np.sign(x) * shares ** (p - 1))


reduction(
    np.linalg.norm,
    of_norm,
    kinks={"x = 0": "0", "ties": "all that tie share equally", "ord = 0": "jump; 0"},
)
norm_recorded = functions[np.linalg.norm]


@composition(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The norm of all entries, of vectors along an axis, or of matrices along two."""
    axes = tuple(range(x.ndim)) if axis is None else axis
    of_matrices = isinstance(axes, tuple) and len(axes) == 2
    if of_matrices and ord in (2, -2, "nuc"):
        return norm_of_singular_values(x, ord, axes, keepdims)
    axis = axis[0] if isinstance(axis, tuple) and len(axis) == 1 else axis
    return norm_recorded(x, ord=ord, axis=axis, keepdims=keepdims)


def norm_of_singular_values(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    """The largest, the smallest, or the sum of the singular values."""
    s = np.linalg.svd(np.moveaxis(x, axes, (-2, -1)), compute_uv=False)
    s = np.abs(s)  # as they are; but with the subgradient 0 where one is 0
    if ord == "nuc":
        y = np.sum(s, axis=-1)
    else:
        y = np.max(s, axis=-1, initial=0) if ord == 2 else np.min(s, axis=-1)
    kept = [1 if i in [axis % x.ndim for axis in axes] else n for i, n in enumerate(x.shape)]
    return np.reshape(y, kept) if keepdims else y


@composition(np.linalg.vector_norm)
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """The norm of all entries, or of vectors whose entries lie along any number of axes."""
    if axis is None:
        y = norm(np.ravel(x), ord, 0)
        axes = list(range(x.ndim))
    elif isinstance(axis, tuple):
        axes = [int(i) % x.ndim for i in axis]
        others = [i for i in range(x.ndim) if i not in axes]
        moved = np.transpose(x, (*axes, *others))
        rows = prod(x.shape[i] for i in axes)
        y = norm(np.reshape(moved, (rows, *(x.shape[i] for i in others))), ord, 0)
    else:
        return norm(x, ord, axis, keepdims)
    kept = [1 if i in axes else n for i, n in enumerate(x.shape)]
    return np.reshape(y, kept) if keepdims else y


@composition(np.linalg.matrix_norm)
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """The norm of the matrices in the last two axes."""
    return norm(as_array(x), ord, (-2, -1), keepdims)
