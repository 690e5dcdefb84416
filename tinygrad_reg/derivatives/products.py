"""Lines for products of vectors and matrices."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from tinygrad_reg.derivatives.table import composition, linear


def transposed(a: Any) -> Any:
    """A matrix, or a stack of matrices, with rows and columns exchanged."""
    return a.T if a.ndim == 2 else np.swapaxes(a, -1, -2)


def to_left(cotangent: Any, y: Any, a: Any, b: Any) -> Any:
    """The cotangent of A in A @ B: G @ Bᵀ."""
    if a.ndim == 1 and b.ndim == 1:
        return cotangent * b
    if b.ndim == 1:
        return cotangent[..., None] * b
    if a.ndim == 1:
        return (b @ cotangent[..., None])[..., 0]
    return cotangent @ transposed(b)


def to_right(cotangent: Any, y: Any, a: Any, b: Any) -> Any:
    """The cotangent of B in A @ B: Aᵀ @ G."""
    if a.ndim == 1 and b.ndim == 1:
        return cotangent * a
    if a.ndim == 1:
        return a[:, None] * cotangent[..., None, :]
    if b.ndim == 1:
        return (transposed(a) @ cotangent[..., None])[..., 0]
    return transposed(a) @ cotangent


linear(np.matmul, to_left, to_right)


def rows(a: Any) -> Any:
    """An array as a matrix with the same last axis."""
    return np.reshape(a, (prod(a.shape[:-1]), a.shape[-1]))


def inner_to_left(cotangent: Any, y: Any, a: Any, b: Any) -> Any:
    """The cotangent of A in np.inner(A, B), where the last axes meet."""
    a, b = as_operand(a), as_operand(b)
    if a.ndim == 0 or b.ndim == 0:
        return cotangent * b
    b = rows(b)
    return np.reshape(np.reshape(cotangent, (prod(a.shape[:-1]), b.shape[0])) @ b, a.shape)


def inner_to_right(cotangent: Any, y: Any, a: Any, b: Any) -> Any:
    """The cotangent of B in np.inner(A, B), where the last axes meet."""
    a, b = as_operand(a), as_operand(b)
    if a.ndim == 0 or b.ndim == 0:
        return cotangent * a
    a = rows(a)
    return np.reshape(np.reshape(cotangent, (a.shape[0], prod(b.shape[:-1]))).T @ a, b.shape)


def last_axis_first(b: Any) -> Any:
    """The second operand of np.dot as np.inner takes it: the axis that is summed over is last."""
    b = as_operand(b)
    return b if b.ndim < 2 else np.swapaxes(b, -1, -2)


def dot_to_left(cotangent: Any, y: Any, a: Any, b: Any) -> Any:
    """The cotangent of A in np.dot(A, B)."""
    if as_operand(a).ndim == 0:
        return cotangent * b
    return inner_to_left(cotangent, y, a, last_axis_first(b))


def dot_to_right(cotangent: Any, y: Any, a: Any, b: Any) -> Any:
    """The cotangent of B in np.dot(A, B)."""
    if as_operand(a).ndim == 0:
        return cotangent * a
    return last_axis_first(inner_to_right(cotangent, y, a, last_axis_first(b)))


linear(np.inner, inner_to_left, inner_to_right)
linear(np.dot, dot_to_left, dot_to_right)


@composition(np.outer)
def outer(a: Any, b: Any) -> Any:
    """Every entry of `a` times every entry of `b`."""
    return np.ravel(as_operand(a))[:, None] * np.ravel(as_operand(b))


@composition(np.vdot)
def vdot(a: Any, b: Any) -> Any:
    """The inner product of all entries, in order."""
    return np.ravel(as_operand(a)) @ np.ravel(as_operand(b))


def as_operand(a: Any) -> Any:
    """Tensors and arrays as they are, lists and numbers as arrays."""
    return a if hasattr(a, "ndim") else np.asarray(a)
