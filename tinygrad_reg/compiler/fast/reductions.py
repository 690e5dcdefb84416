"""Sums as products with ones, and largest and smallest entries."""

from __future__ import annotations

import operator
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_reg.compiler.fast.values import FLOATS, Value
from tinygrad_reg.compiler.graph import Node

if TYPE_CHECKING:
    from tinygrad_reg.compiler.fast.lowering import Lowering

__all__ = ["absorbed", "extreme", "total"]

SHORT = 16 * 1024  # entries that a product with ones adds up as exactly as NumPy's sum

Axes = tuple[int, ...]


def axes_of(node: Node) -> tuple[Axes, bool] | None:
    """The axes that a reduction takes away, and whether they stay at length 1; None if unclear."""
    given = dict(zip(("x", "axis"), node.args, strict=False)) | node.kwargs
    if len(node.args) > 2 or not given.keys() <= {"x", "axis", "keepdims"}:
        return None
    x, keepdims = given["x"], given.get("keepdims", False)
    axis = given.get("axis", 0 if node.op == np.add.reduce else None)
    keepdims = False if keepdims is np._NoValue else keepdims
    if not isinstance(x, Node) or not x.shape or x.weak or not isinstance(keepdims, bool):
        return None
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if not all(isinstance(i, int | np.integer) for i in axes):
        return None
    return tuple(sorted(int(i) % x.ndim for i in axes)), keepdims


def total(lowering: Lowering, node: Node) -> bool:
    """A sum, as a product with ones where that is as exact."""
    found = axes_of(node)
    if found is None or node.dtype not in FLOATS or node.args[0].dtype != node.dtype:
        return False
    x, (axes, keepdims) = node.args[0], found
    if not x.size:
        return False
    if len(axes) < x.ndim:
        sum_along(lowering, node, x, axes, keepdims)
        return True
    name = lowering.names.space.claim_numbered("t") if node.shape else lowering.names.of(node, "t")
    terms = factors(lowering, x) if id(x) in lowering.absorbed else [x]
    value = lowering.total([lowering.array_of(term) for term in terms], name)
    lowering.values[id(node)] = value
    if node.shape:
        out = lowering.memory(node)
        lowering.step(out, "[...] = ", value, out=out)
    return True


def sum_along(lowering: Lowering, node: Node, x: Node, axes: Axes, keepdims: bool) -> None:
    """A sum along some axes: the first or the last, as a product of a matrix and ones."""
    value = lowering.array_of(x)
    n, ndim = len(axes), x.ndim
    length = prod(x.shape[i] for i in axes)
    first, last = axes == tuple(range(n)), axes == tuple(range(ndim - n, ndim))
    is_matrix = ndim == 2 and (value.strides is None or 0 not in value.strides)
    out = lowering.memory(node)
    if length > SHORT or not (first or last) or not (is_matrix or value.is_contiguous):
        reduce(lowering, np.add, value, axes, keepdims, out)
        return
    ones = lowering.ones(length, x.dtype)
    if ndim != 2:
        shape = (length, x.size // length) if first else (x.size // length, length)
        value = lowering.shared_view(value, f"by{length}", shape, value, f".reshape({shape})")
    pair = (ones, ", ", value) if first else (value, ", ", ones)
    vector = lowering.flat(out)
    lowering.step(lowering.function(np.dot), "(", *pair, ", ", vector, ")", out=out)


def reduce(
    lowering: Lowering, ufunc: Any, x: Value, axes: Axes, keepdims: bool, out: Value
) -> None:
    """The step of a reduction along axes."""
    axis = axes[0] if len(axes) == 1 else axes
    call = lowering.function(ufunc.reduce)
    lowering.step(call, "(", x, f", {axis}, None, ", out, f", {keepdims})", out=out)


def extreme(lowering: Lowering, node: Node) -> bool:
    """A largest or smallest entry."""
    found = axes_of(node)
    if found is None or not node.args[0].size:
        return False
    ufunc = np.maximum if node.op is np.max else np.minimum
    value = lowering.array_of(node.args[0])
    if node.shape:
        reduce(lowering, ufunc, value, *found, lowering.memory(node))
    else:
        lowering.scalar(node, (lowering.function(ufunc.reduce), "(", value, ", None)"))
    return True


# -- products that are added up --------------------------------------------------------------------


def absorbed(lowering: Lowering) -> set[int]:
    """Products, by `id`, that nobody needs but a sum of all their entries.

    That is one product of vectors. |x| counts as one where sign(x) is needed anyway.
    """
    found = set()
    for node in lowering.nodes:
        if node.op in (np.sum, np.add.reduce) and (axes := axes_of(node)) is not None:
            x = node.args[0]
            alone = lowering.uses[id(x)] == 1 and len(axes[0]) == x.ndim
            kept = id(x) in lowering.checked or id(x) in lowering.never_changing
            if x.size and alone and not kept and is_product(lowering, x):
                found.add(id(x))
    return found


def is_product(lowering: Lowering, node: Node) -> bool:
    """Whether a node is a product of arrays of one shape and dtype."""
    if node.kind != "operation" or node.dtype not in FLOATS or node.kwargs:
        return False
    if node.op is operator.pow:
        if node.args[1].kind != "number" or node.args[1].value != 2:
            return False
    elif node.op is np.absolute:
        if id(node.args[0]) not in lowering.signs:
            return False
    elif node.op not in (np.multiply, np.square):
        return False
    return all(
        x.shape == node.shape and x.dtype == node.dtype and x.op is not np.broadcast_to
        for x in (node.args if node.op is np.multiply else node.args[:1])
    )


def factors(lowering: Lowering, node: Node) -> list[Node]:
    """The two factors of a product."""
    if node.op is np.multiply:
        return list(node.args)
    x = node.args[0]
    if node.op is not np.absolute:
        return [x, x]
    sign = lowering.signs[id(x)]
    if id(sign) not in lowering.values:
        lowering.lower(sign)
    return [sign, x]
