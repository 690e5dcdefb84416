"""Where everything stands: the sizes of boxes, and the places of what is in a group.

The inside of each group is laid out for itself, as if the groups in it were folded, so that the
page can fold and unfold without laying out anew.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any, NamedTuple

from graphviz.backend import dot_command

from tinygrad_reg.drawing.explorer.steps import is_penalty
from tinygrad_reg.drawing.picture import Group, Node, Picture
from tinygrad_reg.drawing.symbols import spelled
from tinygrad_reg.drawing.writing.renderer import choose_renderer
from tinygrad_reg.drawing.writing.widths import width_of

__all__ = ["Children", "children_of", "group_box", "layouts_of", "node_box"]

LINE_HEIGHT = 1.3
PADDING = (11, 7)  # left and right, above and below
SMALLEST = (44, 32)
GAP = (34, 20)  # between columns, and between boxes of a column
MARGIN = 12
STRAIGHT, BENT = 8, 2
LABEL = 9  # points of the local derivative on an arrow
ROOM = 20  # points of an arrow that are free for it in any case
MOST_LABELLED = 60  # children of a group among whose arrows room is made
LARGEST_DRAWN = 400  # children of a group that are laid out with Graphviz
GRAPH = 'rankdir=LR nodesep="0.26" ranksep="0.5" nslimit=4 nslimit1=4'
BLANK = '<<TABLE BORDER="0" FIXEDSIZE="TRUE" WIDTH="{}" HEIGHT="1"><TR><TD></TD></TR></TABLE>>'

Line = dict[str, Any]
Box = dict[str, Any]
Edges = dict[tuple[str, str], "Way"]  # tail and head -> what leads from one to the other
Children = dict[str, list[str]]  # key of a group, "" for the whole -> keys of what is in it


class Way(NamedTuple):
    """How straight an arrow should be, and how many points what is written on it takes."""

    weight: int
    room: int


# -- boxes -----------------------------------------------------------------------------------------


def node_box(node: Node) -> Box:
    """The box of a node: the operation, its options, then name and shape. The page adds numbers."""
    lines = []
    if node.symbol:
        lines.append(line(node.symbol, 14))
    if node.options:
        lines.append(line(", ".join(node.options), 10))
    if node.name:
        lines.append(line(node.name, 12 if lines else 14, bold=True))
    dtype = "" if node.dtype == "float64" else node.dtype
    shape = str(tuple(node.shape)) if node.shape else "" if lines else "number"
    if shape or dtype:
        lines.append(line(f"{shape} {dtype}".strip(), 10))
    return box_of(lines)


def group_box(group: Group) -> Box:
    """The box of a folded group: its title, its formula, and how many there are in it."""
    lines = [line(group.title or group.kind, 13, bold=True)]
    if group.formula:
        lines.append(line(group.formula, 11))
    if group.count > 1 and not group.title.startswith(f"{group.count} ×"):
        lines.append(line(f"{group.count} ×", 11))
    return box_of(lines)


def line(text: str, size: int, bold: bool = False) -> Line:
    """A line of text in a box."""
    return {"text": spelled(text), "size": size, "bold": bold}


def box_of(lines: list[Line]) -> Box:
    """A box as large as its lines."""
    width = max((width_of(each["text"], each["size"], each["bold"]) for each in lines), default=0)
    height = sum(LINE_HEIGHT * each["size"] for each in lines)
    return {
        "width": max(SMALLEST[0], round(width) + 2 * PADDING[0]),
        "height": max(SMALLEST[1], round(height) + 2 * PADDING[1]),
        "lines": lines,
    }


# -- what is in what -------------------------------------------------------------------------------


def children_of(picture: Picture) -> Children:
    """The groups and nodes that stand in each group, without those in groups inside of it."""
    children: Children = {key: [] for key in ("", *(group.key for group in picture.groups))}
    for group in picture.groups:
        children[group.parent or ""].append(group.key)
    for node in picture.nodes:
        children[node.group or ""].append(node.key)
    return children


def inner_edges(picture: Picture) -> dict[str, Edges]:
    """For each group the pairs of its children that an edge leads between, or between insides.

    The way of the data from operation to operation should be straight, while leaves and above all
    penalties may stand aside.
    """
    penalties = {node.key for node in picture.nodes if is_penalty(node)}
    made = {edge.head for edge in picture.edges}
    around: dict[str, list[str]] = {"": []}  # key of a group -> keys from the outside to itself
    for group in picture.groups:
        around[group.key] = [*around[group.parent or ""], group.key]
    path = {node.key: [*around[node.group or ""], node.key] for node in picture.nodes}
    found: dict[str, Edges] = {key: {} for key in around}
    for edge in picture.edges:
        weight = STRAIGHT if edge.tail in made else BENT
        weight = 1 if {edge.tail, edge.head} & penalties else weight
        room = max(0, round(width_of(edge.local, LABEL)) - ROOM) if edge.local else 0
        inside = ""
        for tail, head in zip(path[edge.tail], path[edge.head], strict=False):
            if tail != head:
                before = found[inside].get((tail, head), Way(0, 0))
                is_direct = (tail, head) == (edge.tail, edge.head)
                found[inside][tail, head] = Way(
                    max(weight, before.weight), max(room * is_direct, before.room)
                )
                break
            inside = tail
    return found


# -- places ----------------------------------------------------------------------------------------


def layouts_of(picture: Picture, boxes: dict[str, Box]) -> dict[str, Any]:
    """Where the children of the whole picture ("") and of each group stand: centres, in points.

    Raises
    ------
    NoRendererError
        If there is no Graphviz on this machine.
    """
    children = children_of(picture)
    edges = inner_edges(picture)
    drawn = {
        group: dot_of(keys, edges[group], boxes)
        for group, keys in children.items()
        if 1 < len(keys) <= LARGEST_DRAWN
    }
    placed = dict(zip(drawn, rendered(list(drawn.values())), strict=True))
    layouts = {}
    for group, keys in children.items():
        places = placed.get(group) or columns(keys, edges[group], boxes)
        layouts[group] = framed(keys, places, boxes)
    return layouts


def dot_of(keys: list[str], edges: Edges, boxes: dict[str, Box]) -> str:
    """A graph of empty boxes, numbered in the order of the keys."""
    numbers = {key: i for i, key in enumerate(keys)}
    lines = [
        f"{i} [width={boxes[key]['width'] / 72:.4f} height={boxes[key]['height'] / 72:.4f}]"
        for key, i in numbers.items()
    ]
    for (tail, head), way in edges.items():
        wide = way.room if len(keys) <= MOST_LABELLED else 0
        label = f" label={BLANK.format(wide)}" if wide else ""
        lines.append(f"{numbers[tail]} -> {numbers[head]} [weight={way.weight}{label}]")
    body = "\n".join(lines)
    return f'digraph {{\ngraph [{GRAPH}]\nnode [shape=box fixedsize=true label=""]\n{body}\n}}\n'


def rendered(graphs: list[str]) -> Iterator[list[tuple[float, float]]]:
    """The centres of the boxes of each graph, in the order of their numbers; one run for all."""
    choose_renderer()
    if not graphs:
        return
    done = subprocess.run(
        [dot_command.DOT_BINARY, "-Tplain"],
        input="".join(graphs), capture_output=True, text=True, check=True, encoding="utf-8",
    )  # fmt: skip
    height = 0.0
    places: dict[int, tuple[float, float]] = {}
    for words in map(str.split, done.stdout.splitlines()):
        if words[0] == "graph":
            height, places = 72 * float(words[3]), {}
        elif words[0] == "node":
            places[int(words[1])] = (72 * float(words[2]), height - 72 * float(words[3]))
        elif words[0] == "stop":
            yield [places[i] for i in range(len(places))]


def columns(keys: list[str], edges: Edges, boxes: dict[str, Box]) -> list[tuple[float, float]]:
    """Centres in columns: each child right of everything that leads to it."""
    depths = depths_of(keys, edges)
    by_depth: dict[int, list[str]] = {}
    for key in keys:
        by_depth.setdefault(depths[key], []).append(key)
    places: dict[str, tuple[float, float]] = {}
    left = 0.0
    for depth in sorted(by_depth):
        column = by_depth[depth]
        width = max(boxes[key]["width"] for key in column)
        top = -(sum(boxes[key]["height"] for key in column) + GAP[1] * (len(column) - 1)) / 2
        for key in column:
            places[key] = (left + width / 2, top + boxes[key]["height"] / 2)
            top += boxes[key]["height"] + GAP[1]
        left += width + GAP[0]
    return [places[key] for key in keys]


def depths_of(keys: list[str], edges: Edges) -> dict[str, int]:
    """The length of the longest way to each child; ways in a circle end where they began."""
    heads: dict[str, list[str]] = {key: [] for key in keys}
    waiting = dict.fromkeys(keys, 0)
    for tail, head in edges:
        heads[tail].append(head)
        waiting[head] += 1
    depths = dict.fromkeys(keys, 0)
    ready = [key for key in keys if not waiting[key]]
    for key in ready:
        for head in heads[key]:
            depths[head] = max(depths[head], depths[key] + 1)
            waiting[head] -= 1
            if not waiting[head]:
                ready.append(head)
    return depths


def framed(keys: list[str], places: list[tuple[float, float]], boxes: dict[str, Box]) -> Any:
    """Places moved so that all boxes stand inside of a frame that begins at the origin."""
    if not keys:
        return {"width": 0, "height": 0, "items": {}}
    found = [(x, y, boxes[key]) for key, (x, y) in zip(keys, places, strict=True)]
    left = min(x - box["width"] / 2 for x, _, box in found) - MARGIN
    top = min(y - box["height"] / 2 for _, y, box in found) - MARGIN
    right = max(x + box["width"] / 2 for x, _, box in found) + MARGIN
    bottom = max(y + box["height"] / 2 for _, y, box in found) + MARGIN
    return {
        "width": round(right - left, 1),
        "height": round(bottom - top, 1),
        "items": {
            key: [round(x - left, 1), round(y - top, 1)]
            for key, (x, y) in zip(keys, places, strict=True)
        },
    }
