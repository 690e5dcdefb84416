"""Operations on numbers and constants, done beforehand."""

from __future__ import annotations

import types
from typing import Any

import numpy as np

from tinygrad_reg.compiler.graph import Node, constant, evaluated, number, operands

# What a program may be larger by for a constant that is larger than what it is made from.
SMALL = 1024


def folded(node: Node, reading: bool) -> Node | None:
    """The number or constant that an operation on numbers and constants comes to."""
    size = 0
    for x in operands(node):
        if x.kind not in ("number", "constant") or (reading and (x.names or x.kind == "constant")):
            return None
        size += x.size
    if not foldable(node) or (node.size > SMALL and node.size > size):
        return None
    if reading and keeps_its_form(node):
        return None
    values = {id(x): x.value for x in operands(node)}
    try:
        with np.errstate(all="ignore"):
            value = evaluated(node, values)
    except Exception:  # what NumPy makes of it belongs to the call of the program
        return None
    return known_value(value, node)


def foldable(node: Node) -> bool:
    """Whether a node is an operation of NumPy with one array as its result."""
    if node.dtype == object or node.op is np.broadcast_to:
        return False
    return isinstance(node.op, np.ufunc | types.BuiltinFunctionType) or (
        getattr(node.op, "__module__", "") or ""
    ).startswith(("numpy", "tinygrad_reg.compiler"))


def known_value(value: Any, node: Node) -> Node | None:
    """A value as a node, if it is of the shape and dtype that it should have."""
    if node.weak:
        return number(value) if type(value) in (int, float, bool) else None
    if not isinstance(value, np.ndarray | np.generic):
        return None
    if value.shape != node.shape or value.dtype != node.dtype:
        return None
    if not value.shape:
        return number(np.asarray(value)[()])
    return constant(value)


def keeps_its_form(node: Node) -> bool:
    """Whether a fraction says more than its digits: 2 / 30, and not 0.06666666666666667."""
    if node.op is not np.divide:
        return False
    a, b = [x.value for x in node.args]
    return bool(b and a % b)
