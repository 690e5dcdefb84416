"""Lines for operations that move entries around, or copy them, without changing them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_reg.derivatives.table import composition, constant, linear
from tinygrad_reg.tensor import Tensor, functions, plain, record, rules


def back(cotangent: Any, y: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
    """The adjoint of an operation that keeps entries in their order: the shape they had."""
    return np.reshape(cotangent, x.shape)


def back_in_order(cotangent: Any, y: Any, x: Any, shape: Any, order: str = "C") -> Any:
    """The adjoint of a reshape: the shape the entries had, read in the same order."""
    return np.reshape(cotangent, x.shape, order)  # type: ignore[call-overload]


def back_transposed(cotangent: Any, y: Any, x: Any, axes: Any = None) -> Any:
    """The adjoint of a permutation of the axes: the inverse permutation."""
    if axes is None:
        return np.transpose(cotangent)
    inverse = np.argsort([axis % x.ndim for axis in axes])
    return np.transpose(cotangent, tuple(inverse.tolist()))


linear(np.reshape, back_in_order)
reshape_recorded = functions[np.reshape]
linear(np.squeeze, back)
linear(np.expand_dims, back)
linear(np.transpose, back_transposed)
linear(np.swapaxes, lambda cotangent, y, x, axis1, axis2: np.swapaxes(cotangent, axis1, axis2))
linear(
    np.moveaxis,
    lambda cotangent, y, x, source, destination: np.moveaxis(cotangent, destination, source),
)
linear(np.copy, lambda cotangent, y, x, *_, **__: cotangent)
# Every sweep sums a cotangent over the axes along which its value was broadcast.
linear(np.broadcast_to, lambda cotangent, y, x, shape, **_: cotangent)


@composition(np.reshape)
def reshape(a: Any, shape: Any, order: str = "C", copy: bool | None = None) -> Any:
    """The entries in another shape, always as a copy; an order that depends on memory raises."""
    if order not in ("C", "F"):
        raise ValueError(
            f"reshape of a tensor was given order={order!r}, which depends on how an array lies in "
            "memory: expected 'C' or 'F'"
        )
    return reshape_recorded(a, shape) if order == "C" else reshape_recorded(a, shape, order)


@composition(np.ravel)
def ravel(a: Any, order: str = "C") -> Any:
    """All entries in a row."""
    return reshape(a, (-1,), order)


def astype(x: Any, dtype: Any) -> Any:
    """The entries in another dtype."""
    return x.astype(dtype)


linear(astype, lambda cotangent, y, x, dtype: cotangent.astype(x.dtype))


@composition(np.ndarray.astype)
def astype_of_tensor(x: Tensor, dtype: Any, copy: bool = True) -> Any:
    """A tensor in another floating dtype, always a copy; a plain array in any other."""
    dtype = np.dtype(dtype)
    return functions[astype](x, dtype) if dtype.kind == "f" else x.current().astype(dtype)


def concatenated(*arrays: Any, axis: Any = 0) -> Any:
    """`np.concatenate` with the arrays as arguments."""
    return np.concatenate(arrays, axis=axis)


def stacked(*arrays: Any, axis: int = 0) -> Any:
    """`np.stack` with the arrays as arguments."""
    return np.stack(arrays, axis=axis)


def piece_of_concatenation(i: int) -> Any:
    """The adjoint of a concatenation in its i-th array: cut that array's piece out again."""

    def adjoint(cotangent: Any, y: Any, *arrays: Any, axis: Any = 0) -> Any:
        if axis is None:
            start = sum(x.size for x in arrays[:i])
            return np.reshape(cotangent[start : start + arrays[i].size], arrays[i].shape)
        start = sum(x.shape[axis] for x in arrays[:i])
        return along(cotangent, axis, slice(start, start + arrays[i].shape[axis]))

    return adjoint


def along(x: Any, axis: int, index: Any) -> Any:
    """`x` indexed along one axis."""
    return x[(*(slice(None),) * (axis % x.ndim), index)]


linear(concatenated, each=piece_of_concatenation, jointly=True)
linear(
    stacked,
    each=lambda i: lambda cotangent, y, *arrays, axis=0: along(cotangent, axis, i),
    jointly=True,
)


@composition(np.concatenate)
def concatenate(arrays: Any, axis: Any = 0) -> Any:
    """Join arrays along an axis; flat, if it is None."""
    return record(rules[concatenated], tuple(map(as_array, arrays)), {"axis": axis})


@composition(np.stack)
def stack(arrays: Any, axis: int = 0) -> Any:
    """Join arrays along a new axis."""
    return record(rules[stacked], tuple(map(as_array, arrays)), {"axis": axis})


def as_array(x: Any) -> Any:
    """Tensors as they are, everything else as an array."""
    return x if type(x) is Tensor else np.asarray(x)


@composition(np.split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Cut into equal pieces, or at the given places; each piece is a slice."""
    length = ary.shape[axis]
    if isinstance(indices_or_sections, int | np.integer):
        if length % indices_or_sections:
            raise ValueError(
                f"split of an axis of length {length} into {indices_or_sections} equal pieces: "
                "the length must be a multiple of their number"
            )
        sections = int(indices_or_sections)
        cuts = [length // sections * i for i in range(1, sections)]
    else:
        cuts = [int(cut) for cut in plain(indices_or_sections)]
    edges = zip([0, *cuts], [*cuts, length], strict=True)
    return [along(ary, axis, slice(start, stop)) for start, stop in edges]


constant(np.zeros_like, np.ones_like, np.full_like, np.empty_like, np.result_type, np.iscomplexobj)
