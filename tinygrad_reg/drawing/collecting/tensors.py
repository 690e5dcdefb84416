"""The graph behind tensors as a picture: one node for every tensor, one edge for every argument."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_reg.drawing.collecting.names import Scope, names_of
from tinygrad_reg.drawing.picture import Edge, Node, Picture
from tinygrad_reg.drawing.writing.labels import PENALTIES, operation_of, place_of_argument
from tinygrad_reg.sweeps import ancestors, reverse
from tinygrad_reg.tensor import ALIAS, Tensor

__all__ = ["picture_of_tensors"]

Seen = dict[int, Tensor]  # `id` of the array or tensor that the user has -> its first copy


def picture_of_tensors(roots: list[Tensor], scopes: Iterable[Scope]) -> Picture:
    """Every tensor behind the roots as one node, numbered from 0 after its arguments."""
    seen: Seen = {}
    roots = [original(root, seen) for root in roots]
    tensors = history(roots, seen)
    names = names_of(tensors, scopes)
    gradients = gradients_of(tensors, roots)
    keys = {id(tensor): str(i) for i, tensor in enumerate(tensors)}
    picture = Picture()
    for tensor in tensors:
        symbol, options = operation_of(tensor)
        value = tensor.current()
        node = Node(
            keys[id(tensor)], role_of(tensor, roots), symbol, options, names.get(id(tensor)),
            value.shape, str(value.dtype), value, gradients.get(id(tensor)), tensor=tensor,
        )  # fmt: skip
        place = getattr(tensor, "place", None)
        if place is not None:
            node.place = (place.path, place.line)
        picture.nodes.append(node)
        for position, x in enumerate(tensor.args):
            if type(x) is Tensor:
                tail = keys[id(original(x, seen))]
                said = place_of_argument(tensor, position)
                picture.edges.append(Edge(tail, node.key, said, argument=position))
    return picture


def role_of(node: Tensor, roots: list[Tensor]) -> str:
    """The role of a tensor in the picture: a key of ROLES."""
    if node.rule is None:
        return "parameter" if node.number else "data"
    if node.rule in PENALTIES:
        return "penalty"
    return "output" if any(node is root for root in roots) else "operation"


def original(tensor: Tensor, seen: Seen) -> Tensor:
    """The tensor that stands for another in the picture: of an alias, what it is a copy of; of
    data that enters several operations, the first copy.
    """
    while tensor.rule is ALIAS:
        tensor = tensor.args[0]
    if tensor.rule is None and not tensor.number:
        user_has = tensor.source if tensor.source is not None and not tensor.shared else tensor
        return seen.setdefault(id(user_has), tensor)
    return tensor


def history(roots: list[Tensor], seen: Seen) -> list[Tensor]:
    """Everything that tensors were made from and themselves, each after its arguments."""
    found: list[Tensor] = []
    visited: set[int] = set()
    todo = [(root, False) for root in reversed(roots)]
    while todo:
        node, arguments_done = todo.pop()
        if arguments_done:
            found.append(node)
        elif id(node) not in visited:
            visited.add(id(node))
            todo.append((node, True))
            todo += [(original(x, seen), False) for x in reversed(node.args) if type(x) is Tensor]
    return found


def gradients_of(tensors: list[Tensor], roots: list[Tensor]) -> dict[int, Any]:
    """∂(what is drawn)/∂(each tensor), by its `id`, if `backward()` has left a gradient in a leaf.

    Of a leaf, its `grad`. The values between can only be given a gradient if a single number is
    drawn, where a sweep can start.
    """
    gradients = {id(tensor): tensor.grad for tensor in tensors if tensor.grad is not None}
    if gradients and len(roots) == 1 and roots[0].shape == () and roots[0].rule is not None:
        gradients = cotangents(roots[0]) | gradients
    return gradients


def cotangents(root: Tensor) -> dict[int, Any]:
    """∂root/∂(each tensor behind it), by its `id`: a reverse sweep taken one tensor at a time."""
    found: dict[Tensor, Any] = {root: root.dtype.type(1)}
    for node in reversed(ancestors([root], 0)[0]):
        if node.rule is not None and node in found:
            for x, part in reverse([(node, found[node])], last=node.number - 1).items():
                found[x] = found[x] + part if x in found else part
    return {id(node): cotangent for node, cotangent in found.items()}
