"""Lines for sorting and for finding entries by rank."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_reg.derivatives.indexing import as_array
from tinygrad_reg.derivatives.table import composition, constant, derivative
from tinygrad_reg.tensor import record, rules

TIES = {"x_i = x_j": "entries that tie stay in their order"}


def by_rank(x: Any, axis: int) -> Any:
    """The places of the entries along an axis, from the smallest to the largest."""
    return np.argsort(x, axis, kind="stable")


def ranks(x: Any, axis: int) -> Any:
    """The rank of each entry along an axis."""
    return np.argsort(by_rank(x, axis), axis)


def origins(y: Any, x: Any, axis: int) -> Any:
    """For each entry of y, a rearrangement of x along an axis, its place in x: that of its rank."""
    return np.take_along_axis(by_rank(x, axis), ranks(y, axis), axis)


derivative(
    np.sort,
    pullbacks=[
        lambda cotangent, y, x, axis, **_: np.take_along_axis(cotangent, ranks(x, axis), axis)
    ],
    pushforwards=[
        lambda tangent, y, x, axis, **_: np.take_along_axis(tangent, by_rank(x, axis), axis)
    ],
    kinks=TIES,
)
derivative(
    np.partition,
    pullbacks=[
        lambda cotangent, y, x, axis, **_: np.take_along_axis(cotangent, origins(x, y, axis), axis)
    ],
    pushforwards=[
        lambda tangent, y, x, axis, **_: np.take_along_axis(tangent, origins(y, x, axis), axis)
    ],
    kinks=TIES,
)


@composition(np.sort)
def sort(
    a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: bool | None = None
) -> Any:
    """The entries along an axis from the smallest to the largest; all of them, if it is None."""
    a, axis = (np.ravel(a), -1) if axis is None else (a, axis)
    keywords = {"axis": axis, "kind": kind, "order": order, "stable": stable}
    return record(rules[np.sort], (a,), keywords)


@composition(np.partition)
def partition(
    a: Any, kth: Any, axis: Any = -1, kind: str = "introselect", order: Any = None
) -> Any:
    """The k-th smallest entry at its place, smaller ones before it and larger ones behind."""
    a, axis = (np.ravel(a), -1) if axis is None else (a, axis)
    keywords = {"axis": axis, "kth": kth, "kind": kind, "order": order}
    return record(rules[np.partition], (as_array(a),), keywords)


# Places and counts stay the same when entries change a little. The values that np.unique gives do
# not, and are constants all the same: t[np.unique(t, return_index=True)[1]] carries their gradient.
constant(
    np.argsort, np.argpartition, np.lexsort, np.searchsorted, np.digitize, np.isin,
    np.unique, np.unique_all, np.unique_counts, np.unique_inverse, np.unique_values,
)  # fmt: skip
