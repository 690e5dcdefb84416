"""Transpositions, reshapes, and broadcasts that NumPy does by itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_reg.compiler.graph import Node, operation
from tinygrad_reg.compiler.simplify.building import (
    broadcast,
    call,
    inside,
    made_by,
    operation_of,
    permutation,
    reshaped,
    transposed,
)


def transposed_nothing(node: Node) -> Node | None:
    """x.T of a vector, or axes in the order they have -> x."""
    order = permutation(node)
    return node.args[0] if order is not None and order == tuple(range(len(order))) else None


def transposed_twice(node: Node) -> Node | None:
    """x.T.T -> x, and other orders of axes one after the other as one."""
    order, first = permutation(node), permutation(inside(node.args[0]))
    if order is None or first is None:
        return None
    return transposed(node.args[0].args[0], tuple([first[i] for i in order]))


def transposed_product(node: Node) -> Node | None:
    """(A @ B.T).T -> B @ A.T, (A.T @ B).T -> B.T @ A, (A.T @ B.T).T -> B @ A."""
    product = made_by(node.args[0], np.matmul)
    if product is None or permutation(node) != (1, 0) or not all(x.ndim == 2 for x in product):
        return None
    turned = [permutation(inside(x)) == (1, 0) for x in product]
    if not any(turned):
        return None
    A, B = [
        x.args[0] if done else transposed(x, (1, 0))
        for x, done in zip(product, turned, strict=True)
    ]
    return operation(np.matmul, B, A, shape=node.shape, dtype=node.dtype)


def transposed_broadcast(node: Node) -> Node | None:
    """A transposed broadcast of a number -> a broadcast of the number."""
    x = broadcast_operand(node.args[0])
    return broadcast(x, node.shape) if x is not None and x.shape == () else None


def plain_shape(node: Node) -> bool:
    """Whether a node is np.reshape(x, shape), and nothing else."""
    return node.op is np.reshape and len(node.args) == 2 and not node.kwargs


def reshaped_nothing(node: Node) -> Node | None:
    """reshape(x, the shape of x) -> x."""
    x = node.args[0]
    return x if plain_shape(node) and type(x) is Node else None


def reshaped_twice(node: Node) -> Node | None:
    """reshape(reshape(x, ...), shape) -> reshape(x, shape)."""
    x = inside(node.args[0])
    if x is None or not plain_shape(node) or not plain_shape(x):
        return None
    return reshaped(x.args[0], node.shape)


def reshaped_broadcast(node: Node) -> Node | None:
    """A reshaped broadcast of a number -> a broadcast of the number."""
    x = broadcast_operand(node.args[0])
    if x is None or x.shape != () or not plain_shape(node):
        return None
    return broadcast(x, node.shape)


def broadcast_nothing(node: Node) -> Node | None:
    """broadcast_to(x, the shape of x) -> x."""
    x = node.args[0]
    return x if type(x) is Node and x.shape == node.shape else None


def broadcast_twice(node: Node) -> Node | None:
    """broadcast_to(broadcast_to(x, ...), shape) -> broadcast_to(x, shape)."""
    x = broadcast_operand(node.args[0])
    return None if x is None else broadcast(x, node.shape)


def broadcast_operand(x: Any) -> Node | None:
    """What an operand is a broadcast of."""
    x = inside(x)
    if x is None or x.op is not np.broadcast_to or len(x.args) != 2 or x.kwargs:
        return None
    return x.args[0] if type(x.args[0]) is Node else None


def broadcast_by_itself(node: Node) -> Node | None:
    """a * broadcast_to(b, shape of a) -> a * b: the operation broadcasts by itself."""
    for i, x in enumerate(node.args):
        smaller = broadcast_operand(x)
        if smaller is not None:
            others = (*node.args[:i], smaller, *node.args[i + 1 :])
            if wide_enough(others, node.shape):
                return call(operation_of(node), *others)
    return None


def wide_enough(nodes: tuple[Any, ...], shape: tuple[int, ...]) -> bool:
    """Whether operands broadcast to a shape."""
    try:
        return np.broadcast_shapes(*[x.shape for x in nodes]) == shape
    except ValueError:
        return False


def broadcast_of_all(node: Node) -> Node | None:
    """exp(broadcast_to(x, shape)) -> broadcast_to(exp(x), shape), and so with numbers beside."""
    smaller = [broadcast_operand(x) for x in node.args]
    args = []
    for x, y in zip(node.args, smaller, strict=True):
        if y is None and x.shape:
            return None
        args.append(x if y is None else y)
    if all(x is None for x in smaller):
        return None
    return broadcast(call(operation_of(node), *args), node.shape)
