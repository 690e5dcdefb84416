"""The graph of a compiled program as a picture: its parts, its boxes, whose gradient each is."""

from __future__ import annotations

from typing import Any

from tinygrad_reg.drawing.collecting.boxes import (
    Box,
    Graph,
    Quantity,
    boxes,
    operands_of,
    original,
)
from tinygrad_reg.drawing.picture import Edge, Group, Node, Picture

__all__ = ["graph_of", "picture_of_graph"]

PARTS = ("forward", "tangent", "backward", "update")
PREFIXES = {"cotangent": ("d", ""), "tangent": ("", "_dot")}


def graph_of(target: Any, example_args: tuple[Any, ...]) -> Graph | None:
    """The graph of a program, or what is one already; None if it is neither.

    A program is written for the example arguments first, if there are any.
    """
    if isinstance(target, Graph):
        return None if example_args else target
    if hasattr(type(target), "graph") and hasattr(target, "trace"):
        program = target.trace(*example_args) if example_args else target
        return program.graph  # type: ignore[no-any-return]
    return None


def picture_of_graph(graph: Graph) -> Picture:
    """A program as a picture: a box for every quantity with a name, and for those between them."""
    names = names_of(graph)
    drawn = boxes(graph, names)
    keys = {id(box.node): str(i) for i, box in enumerate(drawn)}
    part_of = parts_of(graph)
    found = {part_of[id(box.node)] for box in drawn}
    groups = [Group(f"g{i}", part, "part") for i, part in enumerate(PARTS) if part in found]
    picture = Picture(groups=groups if len(groups) > 1 else [])
    picture.turns_back = turns_back(drawn, found)
    group_of = {group.title: group.key for group in picture.groups}
    outputs = {id(original(node)) for node in graph.outputs}
    by_number = {box.node.number: keys[id(box.node)] for box in drawn}
    targets = {
        original(box.node.derivative_of[1]).number for box in drawn if box.node.derivative_of
    }
    for box in drawn:
        part = part_of[id(box.node)]
        role = role_of(box.node, part if group_of else "operation", outputs, targets)
        node = node_of(box, keys[id(box.node)], role, names)
        node.part, node.group = part, group_of.get(part)
        if box.node.derivative_of is not None:
            node.gradient_of = by_number.get(original(box.node.derivative_of[1]).number)
        picture.nodes.append(node)
        for position, x in enumerate(box.operands):
            place = str(position + 1) if box.ordered else ""
            picture.edges.append(Edge(keys[id(x)], node.key, place, argument=position))
    return picture


def node_of(box: Box, key: str, role: str, names: dict[int, str]) -> Node:
    """The box of a quantity; of those with a value only constants, which are known beforehand."""
    quantity = box.node
    value = quantity.value if quantity.kind != "operation" else None
    return Node(
        key, role, box.symbol, tuple(box.options), names.get(id(quantity)),
        tuple(quantity.shape), str(quantity.dtype), value,
    )  # fmt: skip


# -- parts -----------------------------------------------------------------------------------------


def parts_of(graph: Graph) -> dict[int, str]:
    """The part of a program that each quantity belongs to, by its `id`.

    What is computed outside of a sweep from the result of one is an update.
    """
    part_of: dict[int, str] = {}
    for node in graph.nodes():
        before = {part_of[id(x)] for x in operands_of(node)}
        is_update = node.phase == "forward" and before - {"forward"}
        part_of[id(node)] = "update" if is_update else node.phase
    return part_of


def turns_back(drawn: list[Box], parts: set[str]) -> bool:
    """Whether there is a single backward part, which can run under the forward one."""
    targets = [box.node.derivative_of[1] for box in drawn if box.node.derivative_of]
    is_first_order = all(x.phase == "forward" for x in targets)
    return {"forward", "backward"} <= parts <= {"forward", "backward", "update"} and is_first_order


def role_of(node: Quantity, part: str, outputs: set[int], targets: set[int]) -> str:
    """The role of a quantity in the picture: a key of ROLES."""
    if node.kind != "operation":
        return "parameter" if node.number in targets else "data"
    if id(node) in outputs:
        return "output"
    return "penalty" if node.penalty else part


# -- names -----------------------------------------------------------------------------------------


def names_of(graph: Graph) -> dict[int, str]:
    """What the quantities of a program are called, by `id`.

    As in its source, if the graph comes with these names (as `labels`).
    """
    nodes = graph.nodes()
    names: dict[int, str] = dict(getattr(graph, "labels", None) or own_names(nodes))
    for node in nodes:
        if original(node) is not node and id(node) in names:
            names.setdefault(id(original(node)), names[id(node)])
    return names


def own_names(nodes: list[Any]) -> dict[int, str]:
    """The variables that held quantities, numbered where several have one name; dZ for Z."""
    groups: dict[str, list[Quantity]] = {}
    for node in nodes:
        target = node.derivative_of[1].names if node.derivative_of else []
        usable = [name for name in node.names if name.strip("_") and name not in target]
        if usable:
            groups.setdefault(usable[0], []).append(node)
    names = {}
    for name, group in groups.items():
        group.sort(key=lambda node: node.number)
        for i, node in enumerate(group, 1):
            names[id(node)] = f"{name}{i}" if len(group) > 1 else name
    by_number = {node.number: names[id(node)] for node in nodes if id(node) in names}
    for node in nodes:
        if node.derivative_of is not None and id(node) not in names:
            relation, x = node.derivative_of
            if x.number in by_number:
                before, after = PREFIXES[relation]
                names[id(node)] = before + by_number[x.number] + after
    return names
