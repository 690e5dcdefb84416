"""A factor that is exactly zero makes exactly zero, also of an infinity or a NaN.

This is what a sweep with care multiplies by: a cotangent of zero comes from a branch that was not
chosen, and whatever is behind it does not count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tinygrad_reg.tensor import plain


def check_for_nan(found: Iterable[Any]) -> None:
    """Ask for care where a quick sweep ends in NaN: 0 · NaN, which raises no flag, may be in it."""
    for x in found:
        x = plain(x)
        total = np.add.reduce(x, axis=None) if type(x) is np.ndarray else x
        if isinstance(total, np.floating) and total != total:
            raise FloatingPointError


def zero_stays_zero(direction: Any, local: Any) -> Any:
    """The product of a cotangent or tangent and a local derivative, with 0 · anything = 0."""
    product = direction * local
    lost = ~np.isfinite(plain(product))
    if not lost.any():
        return product
    is_zero = (plain(direction) == 0) | (plain(local) == 0)
    return np.where(is_zero & lost, product.dtype.type(0), product)


def zero_stays_zero_in(
    product: Callable[..., Any], direction: Any, y: Any, args: Any, result: Any
) -> Any:
    """The result of a product of `direction` and arguments, with 0 · ∞ = 0 inside its sums.

    Where the result is not finite, the product without the infinities counts, unless an infinity
    was multiplied by something other than 0: the products of 0s and 1s tell.
    """
    if np.isfinite(plain(result)).all():
        return result
    factors = [x if is_floating(x) else None for x in (direction, *args)]
    finite, infinite, nonzero = (
        [
            other if x is None else part(x)
            for x, other in zip(factors, (direction, *args), strict=True)
        ]
        for part in (
            lambda x: np.where(np.isfinite(x), x, 0),
            lambda x: 1.0 - np.isfinite(plain(x)),
            lambda x: (plain(x) != 0).astype(float),
        )
    )
    met = product(nonzero[0], plain(y), *infinite[1:]) + product(
        infinite[0], plain(y), *nonzero[1:]
    )
    return np.where(met != 0, plain(result), product(finite[0], y, *finite[1:]))


def is_floating(x: Any) -> bool:
    """Whether an argument is an array or tensor of floating numbers."""
    return hasattr(x, "dtype") and x.dtype.kind == "f"
