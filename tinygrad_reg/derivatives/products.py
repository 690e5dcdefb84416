"""Lines for products of vectors and matrices."""

from __future__ import annotations

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


@composition(np.dot)
def dot(a: Any, b: Any) -> Any:
    """Scalars multiply; otherwise the last axis of `a` meets the last but one of `b`."""
    a, b = as_operand(a), as_operand(b)
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    if b.ndim <= 2:
        return a @ b
    rows = np.reshape(np.moveaxis(b, -2, 0), (b.shape[-2], -1))
    return np.reshape(a @ rows, (*a.shape[:-1], *b.shape[:-2], b.shape[-1]))


@composition(np.inner)
def inner(a: Any, b: Any) -> Any:
    """Scalars multiply; otherwise the last axes meet."""
    a, b = as_operand(a), as_operand(b)
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    return np.dot(a, b if b.ndim == 1 else np.swapaxes(b, -1, -2))


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
