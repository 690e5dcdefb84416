"""Lines for taking entries out of a tensor, and for putting them back where they were."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from tinygrad_reg.derivatives.table import composition, linear
from tinygrad_reg.tensor import Tensor, record, rules


def scatter(entries: Any, index: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """Zeros of a shape, with entries added at an index; repeated places add up."""
    result = np.zeros(shape, entries.dtype)
    add_into(result, entries, index)
    return result


def add_into(total: Any, entries: Any, index: tuple[Any, ...]) -> None:
    """Add entries to an array, in place, where the index says."""
    if any(isinstance(part, np.ndarray) and part.dtype != bool for part in index):
        np.add.at(total, index, entries)
    else:
        total[index] += entries


scatter = linear(scatter, lambda cotangent, y, entries, index, shape: cotangent[index])
linear(operator.getitem, lambda cotangent, y, x, index: scatter(cotangent, index, x.shape))
# A loop over the entries of an array would scatter each into an array of zeros; the reverse sweep
# adds all of them into one.
rules[operator.getitem].add_into = add_into


@composition(operator.getitem)
def getitem(x: Tensor, index: Any) -> Tensor:
    """Basic, boolean and integer indexing; index arrays are copied into the graph."""
    parts = index if isinstance(index, tuple) else (index,)
    return record(rules[operator.getitem], (x, tuple(map(fixed, parts))))


def fixed(index: Any) -> Any:
    """One part of an index, as something that cannot change later."""
    if type(index) is Tensor:
        index = index.current()
    if isinstance(index, list | np.ndarray):
        index = np.array(index) if np.size(index) else np.array(index, dtype=int)
        if index.dtype.kind not in "biu":
            raise IndexError(
                f"an index array has dtype {index.dtype}: expected integers or booleans"
            )
    return index
