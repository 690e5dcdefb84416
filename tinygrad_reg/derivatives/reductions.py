"""Lines for operations that reduce over axes. In a rule, `y` has the reduced axes at length 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_reg.derivatives.elementwise import over
from tinygrad_reg.derivatives.table import composition, constant, reduction
from tinygrad_reg.tensor import functions


def deviations(x: Any, axis: Any) -> Any:
    """Every entry less the mean along the axes."""
    return x - np.mean(x, axis=axis, keepdims=True)


def entries_per_result(y: Any, x: Any) -> Any:
    """How many entries each result is made from."""
    return x.size / max(y.size, 1)


def one_by(n: float) -> float:
    """1/n; infinite for 0, where the value is not a number either."""
    return 1 / n if n else np.inf


def shared(chosen: Any, axis: Any) -> Any:
    """1 where an entry was chosen as the largest or smallest; ties share it equally."""
    return chosen / np.sum(chosen, axis=axis, keepdims=True)


def products_of_others(x: Any, axis: Any) -> Any:
    """For each entry, the product of all others along the axes, without dividing by zero.

    Entries are multiplied in pairs, the products again in pairs, and so on; on the way back each
    entry of a pair receives the product of everything outside the pair, times its partner.
    """
    axes = range(x.ndim) if axis is None else np.atleast_1d(axis) % x.ndim
    order = [*(i for i in range(x.ndim) if i not in axes), *axes]
    moved = np.transpose(x, order)
    kept = moved.shape[: x.ndim - len(axes)]
    levels = [np.reshape(moved, (*kept, -1))]
    while levels[-1].shape[-1] > 1:
        level = levels[-1]
        if level.shape[-1] % 2:
            level = np.concatenate([level, np.ones((*kept, 1), x.dtype)], axis=-1)
            levels[-1] = level
        levels.append(level[..., 0::2] * level[..., 1::2])
    others: Any = np.ones_like(levels.pop())
    while levels:
        level = levels.pop()
        others = np.stack([others * level[..., 1::2], others * level[..., 0::2]], axis=-1)
        others = np.reshape(others, level.shape)
        if levels:
            others = others[..., : levels[-1].shape[-1] // 2]
    others = others[..., : x.size // max(int(np.prod(kept)), 1)]
    return np.transpose(np.reshape(others, moved.shape), np.argsort(order))


def of_product(y: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """∂(∏x)/∂x_i: the product of the other entries."""
    return y / x if np.all(x != 0) else products_of_others(x, axis)


def of_variance(y: Any, x: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """∂var/∂x = 2·(x - mean) / (n - ddof)."""
    return deviations(x, axis) * (2 * one_by(entries_per_result(y, x) - ddof))


def of_deviation(y: Any, x: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """∂std/∂x = (x - mean) / ((n - ddof)·std), and the subgradient 0 where all are equal."""
    return over(deviations(x, axis), y) * one_by(entries_per_result(y, x) - ddof)


def of_extreme(y: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """∂max/∂x: 1 at the largest entry, shared equally in a tie."""
    return shared(x == y, axis)


reduction(np.sum, 1)
reduction(np.mean, lambda y, x, **_: one_by(entries_per_result(y, x)))
reduction(np.prod, of_product)
reduction(np.var, of_variance)
reduction(np.std, of_deviation)
reduction(np.max, of_extreme)
reduction(np.min, of_extreme)
if np.amax is not np.max:
    composition(np.amax)(functions[np.max])
    composition(np.amin)(functions[np.min])

# The reduce method of a ufunc is the reduction of the same name.
for ufunc, function in (
    (np.add, np.sum),
    (np.multiply, np.prod),
    (np.maximum, np.max),
    (np.minimum, np.min),
):
    composition(ufunc)(functions[function])

constant(np.argmax, np.argmin, np.any, np.all, np.count_nonzero, np.shape, np.size, np.ndim)
