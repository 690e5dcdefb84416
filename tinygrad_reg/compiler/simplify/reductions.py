"""Sums over axes."""

from __future__ import annotations

import numpy as np

from tinygrad_reg.compiler.graph import Node
from tinygrad_reg.compiler.simplify.building import (
    axes_of,
    broadcast,
    call,
    inside,
    made_by,
    operation_of,
    reshaped,
    summed,
)
from tinygrad_reg.compiler.simplify.shapes import broadcast_operand, plain_shape


def sum_of_broadcast(node: Node) -> Node | None:
    """sum(broadcast_to(x, shape)) -> n * sum(x), where every entry is there n times."""
    found, x = axes_of(node), broadcast_operand(node.args[0])
    if found is None or x is None or x.dtype != node.dtype:
        return None
    axes, keepdims = found
    wide = node.args[0].shape
    shape = (1,) * (len(wide) - x.ndim) + x.shape
    repeated = [axis for axis in axes if shape[axis] == 1]
    times = 1
    for axis in repeated:
        times *= wide[axis]
    total = summed(reshaped(x, shape), tuple([i for i in axes if i not in repeated]), True)
    if not keepdims:
        total = reshaped(total, tuple([n for i, n in enumerate(total.shape) if i not in axes]))
    factor = times if total.shape or not total.weak else node.dtype.type(times)
    return broadcast(call(np.multiply, factor, total), node.shape)


def sum_of_one(node: Node) -> Node | None:
    """A sum over axes of length 1 -> x, in the shape of the sum."""
    found = axes_of(node)
    if found is None:
        return None
    x, (axes, _) = node.args[0], found
    return reshaped(x, node.shape) if all(x.shape[i] == 1 for i in axes) else None


def sum_of_multiple(node: Node) -> Node | None:
    """sum(c * x) -> c * sum(x) for a number c."""
    found = axes_of(node)
    if found is None or node.size == node.args[0].size:
        return None
    axes, keepdims = found
    if given := made_by(node.args[0], np.multiply):
        for c, x in (given, given[::-1]):
            if c.shape == () and x.shape and x.dtype == node.dtype:
                return call(np.multiply, c, summed(x, axes, keepdims))
    given = made_by(node.args[0], np.divide)
    if given and given[1].shape == () and given[0].dtype == node.dtype:
        return call(np.divide, summed(given[0], axes, keepdims), given[1])
    if given := made_by(node.args[0], np.negative):
        return call(np.negative, summed(given[0], axes, keepdims))
    return None


def sum_of_sum(node: Node) -> Node | None:
    """sum(sum(x, axis=1), axis=0) -> sum(x)."""
    found, x = axes_of(node), inside(node.args[0])
    first = None if x is None else axes_of(x)
    if found is None or x is None or first is None:
        return None
    (axes, keepdims), (gone, kept) = found, first
    if keepdims != kept:
        return None
    if not kept:
        left = [i for i in range(x.args[0].ndim) if i not in gone]
        axes = tuple([left[i] for i in axes])
    return summed(x.args[0], tuple(sorted({*axes, *gone})), keepdims)


def sum_of_all(node: Node) -> Node | None:
    """sum(x.T), sum(reshape(x)) -> sum(x), where all entries are summed."""
    found, x = axes_of(node), inside(node.args[0])
    if found is None or x is None or node.shape or len(found[0]) != x.ndim:
        return None
    if x.op is np.transpose or plain_shape(x):
        whole = x.args[0]
        return summed(whole, tuple(range(whole.ndim)))
    return None


def reshaped_sum(node: Node) -> Node | None:
    """reshape(sum(x, axis=1), (n, 1)) -> sum(x, axis=1, keepdims=True), and the other way."""
    x = inside(node.args[0])
    found = None if x is None else axes_of(x)
    if x is None or found is None or not plain_shape(node):
        return None
    for keepdims in (False, True):
        new = summed(x.args[0], found[0], keepdims)
        if new.shape == node.shape:
            return new
    return None


def axes_as_written(node: Node) -> Node | None:
    """sum(x, axis=(1,)) -> sum(x, axis=1), and no axis where all are meant."""
    found = axes_of(node, operation_of(node))
    if found is None or len(node.args) > 1:
        return None
    new = summed(node.args[0], *found, operation_of(node))
    before, after = node.kwargs.get("axis"), new.kwargs.get("axis")
    if before == after and type(before) is type(after) and len(node.kwargs) == len(new.kwargs):
        return None
    return new


def twin(node: Node) -> Node | None:
    """The same sum with the axes kept, or dropped, where this one drops or keeps them."""
    found = axes_of(node, operation_of(node))
    if found is None or len(found[0]) == 0:
        return None
    return summed(node.args[0], found[0], not found[1], operation_of(node))
