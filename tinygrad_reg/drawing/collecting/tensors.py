"""The graph behind tensors as a picture: one node for every tensor, one edge for every argument.

Three things have no node of their own. Copies that the engine makes stand for their originals,
numbers without a name are written where they are used, and a product of a derivative with the
cotangent 1 that a sweep starts from is the derivative.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tinygrad_reg.drawing.collecting.collection import Collection
from tinygrad_reg.drawing.collecting.formulas import slope_of
from tinygrad_reg.drawing.collecting.groups import add_groups
from tinygrad_reg.drawing.collecting.history import History
from tinygrad_reg.drawing.collecting.names import Scope
from tinygrad_reg.drawing.collecting.simplifying import simplified, single_number
from tinygrad_reg.drawing.collecting.soundness import check_graph
from tinygrad_reg.drawing.collecting.watching import Observer
from tinygrad_reg.drawing.mathematics import NamesOfPicture, edge_text
from tinygrad_reg.drawing.picture import Edge, Node, Picture
from tinygrad_reg.drawing.symbols import (
    PENALTIES,
    operation_of,
    place_of_argument,
    written,
)
from tinygrad_reg.sweeps import ancestors, reverse
from tinygrad_reg.tensor import Tensor
from tinygrad_reg.transforms import young_generation

__all__ = ["picture_of_tensors"]

MOST_ENTRIES = 4  # of a constant, to write them in its box
MOST_ARGUMENTS = 16  # of an operation, to write local derivatives at its edges


def picture_of_tensors(
    roots: list[Tensor],
    scopes: Iterable[Scope],
    observer: Observer | None = None,
    *,
    differentiated: bool = False,
    keys: Iterable[str | None] = (),
) -> Picture:
    """Every tensor behind the roots as one node, numbered from 0 after its arguments.

    The scopes are where names are looked for; the observer has watched while the roots were made.
    `differentiated` asks for gradients, also where `backward()` has not left any. Roots without a
    name go by their `keys` in a dict.
    """
    check_graph(roots)
    with young_generation:
        shown = Collection(roots, scopes, History(observer))
        for root, key in zip(roots, keys, strict=False):
            tensor = shown.original(root)
            is_forward = shown.history.sweep_of(tensor) is None and not shown.is_of_sweep(tensor)
            if key is not None and is_forward:
                shown.names.setdefault(id(tensor), key)
        return picture_of(shown, differentiated)


def picture_of(shown: Collection, differentiated: bool) -> Picture:
    """The picture of what is shown."""
    gradients = gradients_of(shown.tensors, shown.roots, differentiated)
    keys = {id(tensor): str(i) for i, tensor in enumerate(shown.tensors)}
    names = NamesOfPicture(shown.name_of, map(shown.name_of, shown.tensors))
    picture = Picture()
    for tensor in shown.tensors:
        simple = simplified(tensor, shown)
        symbol, options = operation_of(simple)
        if shown.is_of_sweep(tensor):
            symbol = text_of_constant(tensor, shown)
        value, key = value_of(tensor), id(tensor)
        node = Node(
            keys[key], shown.role_of(tensor), symbol, options, shown.name_of(tensor), value.shape,
            str(value.dtype), value, gradients.get(key), part=shown.parts[key], tensor=tensor,
            gradient_of=keys.get(shown.gradient_of.get(key, 0)),
        )  # fmt: skip
        place = getattr(shown.history.source_of(tensor), "place", None)
        if place is not None:
            node.place = (place.path, place.line)
        picture.nodes.append(node)
        for position, x in shown.operands(tensor):
            edge = Edge(keys[id(x)], node.key, argument=position)
            say(edge, simple, x, names)
            picture.edges.append(edge)
            if id(x) in shown.made_up:
                made_up = picture.nodes[int(edge.tail)]
                made_up.place = made_up.place or node.place
    add_groups(picture, shown)
    return picture


def value_of(tensor: Tensor) -> Any:
    """The value of a tensor; of an array of booleans that floats were made of, the booleans."""
    value = tensor.current()
    is_constant = tensor.rule is None and not tensor.number and not tensor.shared
    if is_constant and getattr(getattr(tensor.source, "dtype", None), "kind", "") == "b":
        return value.astype(bool)
    return value


def say(edge: Edge, simple: Tensor, x: Tensor, names: NamesOfPicture) -> None:
    """Write at an edge which argument it is for, and the local derivative if there are few."""
    is_one_of_many = len(simple.args) > MOST_ARGUMENTS
    if is_one_of_many and simple.rule not in PENALTIES:
        edge.place = str(edge.argument + 1)
    else:
        edge.place = place_of_argument(simple, edge.argument)
    if x.number and not is_one_of_many:
        edge.local = edge_text(simple, edge.argument, names)


def text_of_constant(constant: Tensor, shown: Collection) -> str:
    """What is written in the box of a constant that a sweep has made."""
    penalty = shown.penalty_behind(constant)
    if penalty is not None:
        return slope_of(penalty, shown)
    number = single_number(constant)
    if number is not None:
        return written(number)
    if constant.ndim == 1 and constant.size <= MOST_ENTRIES:
        return f"[{', '.join(written(x) for x in constant.value)}]"
    return "constant"


def gradients_of(
    tensors: list[Tensor], roots: list[Tensor], differentiated: bool
) -> dict[int, Any]:
    """∂(what is drawn)/∂(each tensor), by its `id`, if `backward()` has left a gradient in a leaf.

    Of a leaf, its `grad`. The values between can only be given a gradient if a single number is
    drawn, where a sweep can start; there they are given one also if it is asked for.
    """
    gradients = {id(tensor): tensor.grad for tensor in tensors if tensor.grad is not None}
    if (
        (gradients or differentiated)
        and len(roots) == 1
        and roots[0].shape == ()
        and roots[0].rule is not None
    ):
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
