"""Operations whose result is a view, which for arrays in memory is made once for all calls."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from tinygrad_reg.compiler.fast.calls import Parts, call
from tinygrad_reg.compiler.fast.values import Value
from tinygrad_reg.compiler.graph import Node, nodes_in

if TYPE_CHECKING:
    from tinygrad_reg.compiler.fast.lowering import Lowering

__all__ = ["VIEWS", "view"]

VIEWS = {
    np.transpose, np.swapaxes, np.moveaxis, np.reshape, np.ravel, np.squeeze, np.expand_dims,
    np.broadcast_to, np.flip,
}  # fmt: skip


def view(lowering: Lowering, node: Node) -> bool:
    """A view of an array, or a copy where there is none."""
    x = node.args[0]
    if not isinstance(x, Node) or not node.shape or not is_static(node):
        return False
    value = lowering.of(x)
    if not isinstance(value, Value):
        return False
    if not x.shape:
        return filled(lowering, node, value)
    strides = None if value.strides is None else strides_of_view(value, node)
    if strides is None and (value.strides is not None or node.op is np.broadcast_to):
        return copied(lowering, node, value)
    text = text_of(lowering, node, value)
    name = lowering.names.of(node, f"{value.name}_{'T' if text[-1] == '.T' else 'view'}")
    found = lowering.view(value, name, node.shape, strides, *text)
    lowering.values[id(node)] = found
    return True


def is_static(node: Node) -> bool:
    """Whether only the array changes from call to call, and an index asks for a view."""
    if any(True for _ in nodes_in((node.args[1:], list(node.kwargs.values())))):
        return False
    if node.op is operator.getitem:
        index = node.args[1]
        return all(
            x is None or x is Ellipsis or isinstance(x, slice)
            or (isinstance(x, int | np.integer) and not isinstance(x, bool))
            for x in (index if isinstance(index, tuple) else (index,))
        )  # fmt: skip
    return node.kwargs.get("order", "C") == "C" and "copy" not in node.kwargs


def text_of(lowering: Lowering, node: Node, value: Value) -> Parts:
    """The expression for a view."""
    if node.op is np.transpose and len(node.args) == 1 and not node.kwargs:
        return (value, ".T")
    if node.op in (np.reshape, np.ravel):
        return (value, f".reshape({tuple(map(int, node.shape))})")
    return call(lowering, node)


def strides_of_view(value: Value, node: Node) -> tuple[int, ...] | None:
    """The strides of a view, found on a stand-in; None if NumPy would have to copy."""
    op: Any = node.op
    standin = as_strided(np.empty(1, value.dtype), value.shape, value.strides)
    if op in (np.reshape, np.ravel):
        try:
            return standin.reshape(node.shape, copy=False).strides
        except ValueError:
            return None
    return op(standin, *node.args[1:], **node.kwargs).strides  # type: ignore[no-any-return]


def copied(lowering: Lowering, node: Node, value: Value) -> bool:
    """A copy, where there is no view."""
    out = lowering.memory(node)
    target = out
    if node.op is not np.broadcast_to:
        target = lowering.shared_view(out, "before", value.shape, out, f".reshape({value.shape})")
    lowering.step(target, "[...] = ", value, out=out)
    return True


def filled(lowering: Lowering, node: Node, value: Value) -> bool:
    """An array of any shape that holds one number."""
    if node.op is operator.getitem:
        return False
    out = lowering.memory(node)
    lowering.step(out, ".fill(", value, ")", out=out)
    return True
