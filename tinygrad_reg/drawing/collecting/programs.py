"""The graph of a compiled program as a picture: out along the forward part, back along the other.

The forward part runs from left to right. The backward part runs under it from right to left, with
the gradient of each quantity under the quantity. A program with other parts, or with gradients of
gradients, runs from left to right as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tinygrad_reg.drawing.collecting.boxes import (
    LONGEST_FORMULA,
    Box,
    Graph,
    Quantity,
    boxes,
    operands_of,
    original,
)
from tinygrad_reg.drawing.writing.labels import escaped, extent_of, label, operation_lines, with_name
from tinygrad_reg.drawing.writing.looks import CLUSTER, ROLES, add_legend, new_drawing
from tinygrad_reg.drawing.writing.renderer import Drawing

__all__ = ["graph_of", "picture_of_program"]

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


def picture_of_program(graph: Graph) -> Drawing:
    """Draw a program: one box for every quantity that has a name, and for those between them."""
    names = names_of(graph)
    drawn = boxes(graph, names)
    numbers = {id(box.node): str(i) for i, box in enumerate(drawn)}
    part_of = parts_of(graph)
    parts = {part_of[id(box.node)] for box in drawn}
    turns = turns_back(drawn, parts)
    drawing = new_drawing(newrank="true") if turns else new_drawing()
    roles = add_boxes(drawing, graph, drawn, numbers, names, part_of)
    add_edges(drawing, drawn, numbers, part_of, turns)
    if turns:
        forward_on_top(drawing, drawn, numbers)
        align(drawing, drawn, numbers, part_of)
    add_legend(drawing, roles)
    return drawing


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


def members_of(drawn: list[Box], part_of: dict[int, str]) -> Iterator[tuple[str, list[Box]]]:
    """The parts that there are, with their boxes; if there is one alone, it needs no name."""
    names = {part_of[id(box.node)] for box in drawn}
    for part in PARTS:
        if part in names:
            members = [box for box in drawn if part_of[id(box.node)] == part]
            yield part if len(names) > 1 else "", members


def turns_back(drawn: list[Box], parts: set[str]) -> bool:
    """Whether there is a single backward part, which can run under the forward one."""
    targets = [box.node.derivative_of[1] for box in drawn if box.node.derivative_of]
    is_first_order = all(x.phase == "forward" for x in targets)
    return {"forward", "backward"} <= parts <= {"forward", "backward", "update"} and is_first_order


# -- boxes, edges and where they go ----------------------------------------------------------------


def add_boxes(
    drawing: Drawing,
    graph: Graph,
    drawn: list[Box],
    numbers: dict[int, str],
    names: dict[int, str],
    part_of: dict[int, str],
) -> set[str]:
    """Add every box to its part of the picture, and return the roles that there are."""
    outputs = {id(original(node)) for node in graph.outputs}
    targets = {
        original(box.node.derivative_of[1]).number for box in drawn if box.node.derivative_of
    }
    roles = set()
    for part, members in members_of(drawn, part_of):
        with drawing.subgraph(name=f"cluster_{part}" if part else None) as cluster:
            cluster.attr(label=part, **CLUSTER)
            for box in members:
                role = role_of(box.node, part, outputs, targets)
                roles.add(role)
                cluster.node(numbers[id(box.node)], text_of(box, names), **ROLES[role])
    return roles


def add_edges(
    drawing: Drawing,
    drawn: list[Box],
    numbers: dict[int, str],
    part_of: dict[int, str],
    turns: bool,
) -> None:
    """Add an edge for every operand of a box; those of parts that run back are given reversed."""
    for box in drawn:
        goes_back = turns and part_of[id(box.node)] != "forward"
        for position, x in enumerate(box.operands, 1):
            tail, head = numbers[id(x)], numbers[id(box.node)]
            text = str(position) if box.ordered else None
            if goes_back and part_of[id(x)] != "forward":
                drawing.edge(head, tail, dir="back", taillabel=text)
            else:
                drawing.edge(tail, head, headlabel=text, constraint="false" if goes_back else None)


def forward_on_top(drawing: Drawing, drawn: list[Box], numbers: dict[int, str]) -> None:
    """Put the forward part over the others: each hangs on one of two points, one over the other."""
    phases = [box.node.phase for box in drawn]
    first = drawn[phases.index("forward")]
    last = drawn[len(drawn) - 1 - phases[::-1].index("backward")]
    for point, box in (("above", first), ("below", last)):
        drawing.node(point, "", style="invis", width="0", height="0", fixedsize="true")
        drawing.edge(point, numbers[id(box.node)], style="invis", weight="10")
    with drawing.subgraph() as column:
        column.attr(rank="same")
        column.edge("above", "below", style="invis")


def align(
    drawing: Drawing, drawn: list[Box], numbers: dict[int, str], part_of: dict[int, str]
) -> None:
    """Put gradients under what they are the gradients of, and data over what alone uses them."""
    by_number = {box.node.number: numbers[id(box.node)] for box in drawn}
    users: dict[int, list[Box]] = {}
    for box in drawn:
        for x in box.operands:
            users.setdefault(id(x), []).append(box)
    for box in drawn:
        above = None
        if box.node.derivative_of is not None:
            above = by_number.get(original(box.node.derivative_of[1]).number)
        elif box.node.kind != "operation":
            using = users.get(id(box.node), [])
            if using and all(part_of[id(user.node)] != "forward" for user in using):
                above = numbers[id(using[0].node)]
        if above is not None and above != numbers[id(box.node)]:
            with drawing.subgraph() as column:
                column.attr(rank="same")
                column.node(above)
                column.node(numbers[id(box.node)])


# -- what is in a box ------------------------------------------------------------------------------


def role_of(node: Quantity, part: str, outputs: set[int], targets: set[int]) -> str:
    """The role of a quantity in the picture: a key of ROLES."""
    if node.kind != "operation":
        return "parameter" if node.number in targets else "data"
    if id(node) in outputs:
        return "output"
    if node.penalty:
        return "penalty"
    return part if part in ROLES else "operation"


def text_of(box: Box, names: dict[int, str]) -> str:
    """The label of a box."""
    node = box.node
    width = 14 if box.symbol.replace(" ", "").isalpha() else LONGEST_FORMULA
    lines = list(operation_lines(box.symbol, box.options, width)) if box.symbol else []
    return label(with_name(lines, names.get(id(node)), extent(node), node.kind != "operation"))


def extent(node: Quantity) -> str:
    """The shape, and the dtype if it is not float64; of a constant number, its value."""
    if node.kind != "operation" and node.value is not None:
        return extent_of(node.value)
    dtype = "" if node.dtype == "float64" else f" {node.dtype}"
    return escaped(f"{tuple(node.shape)}{dtype}")


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
