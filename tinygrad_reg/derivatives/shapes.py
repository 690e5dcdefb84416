"""Lines for operations that move entries around, or copy them, without changing them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_reg.derivatives.indexing import (
    along,
    as_array,
    fix_arguments,
    fixed,
    moved_back,
    moving,
)
from tinygrad_reg.derivatives.table import composition, constant, derivative, linear
from tinygrad_reg.tensor import Tensor, functions, plain, record, rules
from tinygrad_reg.wording import no_writing, not_real


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
    """A tensor in another floating dtype, always a copy; whole numbers and truths are plain."""
    dtype = np.dtype(dtype)
    if dtype.kind == "c" and x.requires_grad:
        raise not_real("astype", dtype)
    return functions[astype](x, dtype) if dtype.kind == "f" else x.current().astype(dtype)


@composition(np.astype)
def astype_of_array(x: Tensor, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    """The same, as a function."""
    return astype_of_tensor(x, dtype, copy)


# Mirrored, rolled and masked

linear(np.flip, lambda cotangent, y, m, axis=None: np.flip(cotangent, axis))
linear(np.fliplr, lambda cotangent, y, m: np.fliplr(cotangent))
linear(np.flipud, lambda cotangent, y, m: np.flipud(cotangent))
linear(np.rot90, lambda cotangent, y, m, k=1, axes=(0, 1): np.rot90(cotangent, -k, axes))
linear(
    np.roll, lambda cotangent, y, a, shift, axis=None: np.roll(cotangent, np.negative(shift), axis)
)
# A vector is broadcast to a matrix first; the sweeps sum over the axis that it did not have.
linear(np.tril, lambda cotangent, y, m, k=0: np.tril(cotangent, k))
linear(np.triu, lambda cotangent, y, m, k=0: np.triu(cotangent, k))
for mirrored in (np.flip, np.rot90, np.roll, np.tril, np.triu):
    fix_arguments(mirrored)

for moved in (
    np.repeat, np.tile, np.resize, np.rollaxis, np.diag, np.diagflat, np.diagonal,
    np.lib.stride_tricks.sliding_window_view,
):  # fmt: skip
    moving(moved)


@composition(np.trace)
def trace(
    a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None
) -> Any:
    """The sum of a diagonal."""
    return np.sum(np.diagonal(a, offset, axis1, axis2), -1, dtype, out)


# Joined


def concatenated(*arrays: Any, axis: Any = 0, **conversion: Any) -> Any:
    """`np.concatenate` with the arrays as arguments."""
    return np.concatenate(arrays, axis=axis, **conversion)


def stacked(*arrays: Any, axis: int = 0, **conversion: Any) -> Any:
    """`np.stack` with the arrays as arguments."""
    return np.stack(arrays, axis=axis, **conversion)


def piece_of_concatenation(i: int) -> Any:
    """The adjoint of a concatenation in its i-th array: cut that array's piece out again."""

    def adjoint(cotangent: Any, y: Any, *arrays: Any, axis: Any = 0, **conversion: Any) -> Any:
        if axis is None:
            start = sum(x.size for x in arrays[:i])
            return np.reshape(cotangent[start : start + arrays[i].size], arrays[i].shape)
        start = sum(x.shape[axis] for x in arrays[:i])
        return along(cotangent, axis, slice(start, start + arrays[i].shape[axis]))

    return adjoint


linear(concatenated, each=piece_of_concatenation, jointly=True)
linear(
    stacked,
    each=lambda i: lambda cotangent, y, *arrays, axis=0, **_: along(cotangent, axis, i),
    jointly=True,
)


@composition(np.concatenate)
def concatenate(arrays: Any, axis: Any = 0, out: Any = None, **conversion: Any) -> Any:
    """Join arrays along an axis; flat, if it is None."""
    return joined(concatenated, "np.concatenate", arrays, out, {"axis": axis} | conversion)


@composition(np.stack)
def stack(arrays: Any, axis: int = 0, out: Any = None, **conversion: Any) -> Any:
    """Join arrays along a new axis."""
    return joined(stacked, "np.stack", arrays, out, {"axis": axis} | conversion)


def joined(op: Any, name: str, arrays: Any, out: Any, keywords: dict[str, Any]) -> Any:
    """The arrays of a list, joined."""
    if out is not None:
        raise no_writing(name, f"a = {name}(...)")
    return record(rules[op], tuple(map(as_array, arrays)), keywords)


@composition(np.vstack)
def vstack(tup: Any, **conversion: Any) -> Any:
    """Join arrays, each of them rows, one below the other."""
    return np.concatenate([np.atleast_2d(x) for x in tup], 0, **conversion)


@composition(np.hstack)
def hstack(tup: Any, **conversion: Any) -> Any:
    """Join arrays side by side: along axis 1, or vectors along axis 0."""
    arrays = [np.atleast_1d(x) for x in tup]
    return np.concatenate(arrays, 0 if arrays[0].ndim == 1 else 1, **conversion)


@composition(np.dstack)
def dstack(tup: Any) -> Any:
    """Join arrays along axis 2."""
    return np.concatenate([np.atleast_3d(x) for x in tup], 2)


@composition(np.column_stack)
def column_stack(tup: Any) -> Any:
    """Join columns, and matrices, side by side."""
    arrays = map(as_array, tup)
    return np.concatenate([x if x.ndim > 1 else np.atleast_2d(x).T for x in arrays], 1)


@composition(np.append)
def append(arr: Any, values: Any, axis: Any = None) -> Any:
    """Join two arrays along an axis; flat, if it is None."""
    return np.concatenate([as_array(arr), as_array(values)], axis)


@composition(np.block)
def block(arrays: Any) -> Any:
    """Join arrays as nested lists show it: the innermost along the last axis."""

    def outline(part: Any) -> Any:
        if isinstance(part, list):
            return [outline(inner) for inner in part]
        return np.broadcast_to(np.int8(0), np.shape(part))

    def joined(part: Any, axis: int) -> Any:
        if isinstance(part, list):
            return np.concatenate([joined(inner, axis + 1) for inner in part], axis)
        array = as_array(part)
        return np.reshape(array, (1,) * (ndim - array.ndim) + array.shape)

    ndim = np.block(outline(arrays)).ndim  # raises where NumPy does
    return joined(arrays, -depth(arrays))


def depth(part: Any) -> int:
    """How many lists there are around the arrays in nested lists."""
    return 1 + depth(part[0]) if isinstance(part, list) else 0


# Cut


@composition(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Cut into nearly equal pieces, or at the given places; each piece is a slice."""
    places = np.array_split(np.arange(ary.shape[axis]), plain(indices_or_sections))
    return slices(ary, places, axis)


@composition(np.split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Cut into equal pieces, or at the given places; each piece is a slice."""
    return slices(ary, np.split(np.arange(ary.shape[axis]), plain(indices_or_sections)), axis)


def slices(ary: Any, places: list[Any], axis: int) -> list[Any]:
    """Pieces of a tensor, each from its first place along an axis to its last."""
    ends = [(piece[0], piece[-1] + 1) if piece.size else (0, 0) for piece in places]
    return [along(ary, axis, slice(start, stop)) for start, stop in ends]


@composition(np.hsplit)
def hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Cut along axis 1; a vector along axis 0."""
    np.hsplit(plain(ary), plain(indices_or_sections))  # raises where NumPy does
    return np.split(ary, indices_or_sections, 1 if ary.ndim > 1 else 0)


@composition(np.vsplit)
def vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Cut along axis 0."""
    np.vsplit(plain(ary), plain(indices_or_sections))
    return np.split(ary, indices_or_sections, 0)


@composition(np.dsplit)
def dsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Cut along axis 2."""
    np.dsplit(plain(ary), plain(indices_or_sections))
    return np.split(ary, indices_or_sections, 2)


@composition(np.unstack)
def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    """The slices along an axis."""
    return tuple(np.moveaxis(x, axis, 0))


# Brought to more axes, or to a common shape


def with_more_axes(op: Any) -> None:
    """Enter a function of NumPy's that gives each array the axes that it lacks."""

    @composition(op)
    def call(*arrays: Any) -> Any:
        """The same entries with more axes."""
        found = [np.reshape(as_array(x), op(plain(x)).shape) for x in arrays]
        return found[0] if len(found) == 1 else tuple(found)


with_more_axes(np.atleast_1d)
with_more_axes(np.atleast_2d)
with_more_axes(np.atleast_3d)


@composition(np.broadcast_arrays)
def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    """Arrays spread to their common shape."""
    shape = np.broadcast_shapes(*map(np.shape, args))
    return tuple(np.broadcast_to(as_array(x), shape) for x in args)


@composition(np.meshgrid)
def meshgrid(
    *xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy"
) -> tuple[Any, ...]:
    """The coordinates of all points of a grid."""
    like = np.meshgrid(*map(plain, xi), copy=False, sparse=True, indexing=indexing)  # type: ignore
    grids = [np.reshape(as_array(x), grid.shape) for x, grid in zip(xi, like, strict=True)]
    return tuple(grids) if sparse else np.broadcast_arrays(*grids)


# Padded


def widths(x: Any, pad_width: Any) -> tuple[tuple[int, int], ...]:
    """How many entries `np.pad` puts before and behind each axis, in whatever form it is told."""
    spot = np.pad(np.ones((1,) * x.ndim, bool), plain(pad_width))
    before = np.argwhere(spot)[0].tolist()
    return tuple((n, length - 1 - n) for n, length in zip(before, spot.shape, strict=True))


def unpadded(cotangent: Any, y: Any, x: Any, pad_width: Any, mode: str, **options: Any) -> Any:
    """The adjoint of a padding: every entry collects what was made from it."""
    if mode == "constant":
        inside = zip(pad_width, x.shape, strict=True)
        return cotangent[tuple(slice(before, before + length) for (before, _), length in inside)]
    if mode in ("edge", "wrap") or (
        mode in ("reflect", "symmetric") and options.get("reflect_type", "even") == "even"
    ):
        options |= {"pad_width": pad_width, "mode": mode}
        return moved_back(np.pad, (0,), 0)(cotangent, y, x, **options)
    for axis, width in enumerate(pad_width):
        weights = weights_along(axis, x, width, mode, **options)
        cotangent = np.moveaxis(np.moveaxis(cotangent, axis, -1) @ weights, -1, axis)
    return cotangent


def weights_along(
    axis: int, x: Any, width: Any, mode: str, stat_length: Any = None, **options: Any
) -> Any:
    """The matrix that pads one axis of x: row i says what entry i of the result is made from."""
    if stat_length is not None:
        stat_length = (np.broadcast_to(stat_length, (x.ndim, 2))[axis].tolist(), (1, 1))
        options["stat_length"] = stat_length
    options.pop("end_values", None)
    return np.pad(np.eye(x.shape[axis]), (width, (0, 0)), mode, **options)  # type: ignore


def pad_tangent(tangent: Any, y: Any, x: Any, **keywords: Any) -> Any:
    """A padding with the same weights; what is put in beside entries of x has tangent 0."""
    linear_part = {k: v for k, v in keywords.items() if k not in ("constant_values", "end_values")}
    return np.pad(tangent, **linear_part)


derivative(np.pad, pullbacks=[unpadded], pushforwards=[pad_tangent])


@composition(np.pad)
def pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    """Entries around an array: numbers, or copies, mirror images, means or ramps of its own."""
    modes = ("constant", "edge", "linear_ramp", "mean", "reflect", "symmetric", "wrap")
    if mode not in modes:
        raise ValueError(
            f"pad of a tensor was given mode={mode!r}: expected one of {', '.join(modes)} (the "
            "modes in which the result is linear in the array), or join np.max and the like to "
            "the tensor with np.concatenate"
        )
    array = as_array(array)
    value = kwargs.get("constant_values")
    if type(value) is Tensor and value.size == 1:
        inside = np.pad(np.ones(array.shape, bool), plain(pad_width))
        rest = np.reshape(value, ()).astype(array.dtype)
        return np.where(inside, np.pad(array, pad_width), rest)
    keywords = {"pad_width": widths(array, pad_width), "mode": mode}
    keywords |= {name: fixed(x) for name, x in kwargs.items()}
    return record(rules[np.pad], (array,), keywords)


constant(np.zeros_like, np.ones_like, np.full_like, np.empty_like)
constant(np.result_type, np.iscomplexobj, np.isrealobj, np.can_cast, np.common_type)
