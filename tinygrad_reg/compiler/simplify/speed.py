"""Operations that give way to faster ones, for programs to run."""

from __future__ import annotations

import operator

import numpy as np

from tinygrad_reg.compiler.graph import Node, number, operation
from tinygrad_reg.compiler.simplify.building import (
    axes_of,
    call,
    floating,
    summed,
    unnamed_number,
)


def known_length(node: Node) -> Node | None:
    """X.shape[1] -> the number."""
    x, axis = node.args
    return number(x.shape[axis])


def square(node: Node) -> Node | None:
    """x * x -> square(x)."""
    x, y = node.args
    return call(np.square, x) if x is y else None


def power(node: Node) -> Node | None:
    """x**2 -> square(x), x**3 -> square(x) * x, x**-1 -> 1 / x, x**0.5 -> sqrt(x)."""
    x, exponent = node.args
    if not unnamed_number(exponent) or not floating(node):
        return None
    if exponent.value == 2:
        return call(np.square, x)
    if exponent.value == 3:
        return call(np.multiply, call(np.square, x), x)
    if exponent.value == 4:
        return call(np.square, call(np.square, x))
    if exponent.value == -1:
        return call(np.divide, 1, x)
    if exponent.value == -2:
        return call(np.divide, 1, call(np.square, x))
    if exponent.value == 0.5 and node.op is operator.pow:
        return call(np.sqrt, x)
    return None


def mean(node: Node) -> Node | None:
    """mean(x) -> sum(x) / n."""
    found = axes_of(node, np.mean)
    if found is None:
        return None
    return mean_over(node.args[0], *found)


def mean_over(x: Node, axes: tuple[int, ...], keepdims: bool, less: int = 0) -> Node:
    """The sum over some axes, divided by the number of entries in it."""
    total = summed(x, axes, keepdims)
    return call(np.divide, total, max(x.size // max(total.size, 1) - less, 0))


def spread(node: Node) -> Node | None:
    """var(x) -> mean(square(x - mean(x))), std(x) -> its root."""
    keywords = dict(node.kwargs)
    less = keywords.pop("ddof", 0)
    like = Node("operation", None, node.op, node.args, keywords, shape=node.shape, dtype=node.dtype)
    found = axes_of(like, node.op)  # type: ignore[arg-type]
    if found is None or type(less) is not int or len(node.args) > 1:
        return None
    x, (axes, keepdims) = node.args[0], found
    apart = call(np.subtract, x, mean_over(x, axes, True))
    variance = mean_over(call(np.square, apart), axes, keepdims, less)
    return call(np.sqrt, variance) if node.op is np.std else variance


def dot_of_matrices(node: Node) -> Node | None:
    """dot(A, B) of matrices -> A @ B."""
    if len(node.args) != 2 or node.kwargs:
        return None
    if not all(type(x) is Node and x.ndim == 2 for x in node.args):
        return None
    return operation(np.matmul, *node.args, shape=node.shape, dtype=node.dtype)
