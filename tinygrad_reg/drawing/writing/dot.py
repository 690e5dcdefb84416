"""A picture as DOT, the language of Graphviz.

A picture that turns back runs out along its forward part, from left to right, and back under it,
with the gradient of each quantity under the quantity. Every other picture runs from left to right.
"""

from __future__ import annotations

from textwrap import wrap

from tinygrad_reg.drawing.picture import Edge, Group, Node, Picture
from tinygrad_reg.drawing.symbols import LONGEST, spelled
from tinygrad_reg.drawing.writing.labels import is_folded, lines_of, look_of
from tinygrad_reg.drawing.writing.looks import FONT, ROLES, SHAPES, Theme, theme_called
from tinygrad_reg.drawing.writing.markup import (
    EDGE_SIZE,
    SIZE,
    SMALL,
    Line,
    Span,
    beside,
    between_bars,
    label,
)
from tinygrad_reg.drawing.writing.nesting import penalties_in, walked
from tinygrad_reg.drawing.writing.renderer import Drawing

__all__ = ["DETAILS", "drawing_of"]

DETAILS = ("shape", "values", "gradients")
FORWARD = "forward"
LEAVES = ("parameter", "data")
MOST_FORMULA_LINES = 3


def drawing_of(picture: Picture, detail: str = "gradients", theme: str = "light") -> Drawing:
    """The picture as a drawing that Graphviz renders.

    Raises
    ------
    ValueError
        If there is no such level of detail, or no such theme.
    """
    colours = theme_called(theme)
    if detail not in DETAILS:
        raise ValueError(
            f"detail={detail!r} was given: expected one of {', '.join(map(repr, DETAILS))}"
        )
    drawing = new_drawing(colours, picture.turns_back)
    if detail == "gradients" and any(edge.local for edge in picture.edges):
        drawing.attr(ranksep="0.8")  # a label at the middle of an edge, and one at its head
    elif any(edge.place for edge in picture.edges):
        drawing.attr(ranksep="0.6")
    add_boxes(drawing, picture, detail, colours)
    add_edges(drawing, picture, detail, colours)
    if picture.turns_back:
        forward_on_top(drawing, picture)
        align(drawing, picture)
    add_legend(drawing, picture, colours)
    drawing.shows(picture, detail, theme)
    return drawing


def new_drawing(theme: Theme, turns_back: bool) -> Drawing:
    """A drawing without boxes."""
    graph = {
        "rankdir": "LR", "nodesep": "0.25", "ranksep": "0.45", "pad": "0.15",
        "bgcolor": theme.canvas, "fontname": FONT, "fontsize": str(SIZE),
        "fontcolor": theme.tones["ink"],
    }  # fmt: skip
    if turns_back:
        graph["newrank"] = "true"  # lets boxes of different parts stand under each other
    return Drawing(
        filename="graph.gv",
        format="svg",
        graph_attr=graph,
        node_attr={
            "shape": "box", "style": "filled", "width": "0.6", "height": "0.4",
            "margin": "0.12,0.06",
            "fontname": FONT, "fontsize": str(SIZE), "fontcolor": theme.tones["ink"],
        },
        edge_attr={
            "color": theme.edge, "arrowsize": "0.6", "labeldistance": "1.4", "labelangle": "-25",
            "fontname": FONT, "fontsize": str(EDGE_SIZE), "fontcolor": theme.tones["gradient"],
            "labelfontcolor": theme.edge_text,
        },
    )  # fmt: skip


# -- boxes and the frames around them --------------------------------------------------------------


def add_boxes(drawing: Drawing, picture: Picture, detail: str, theme: Theme) -> None:
    """Add every box, inside of the frames of its groups."""
    open_frames = [drawing]
    for what, item in walked(picture):
        if isinstance(item, Node):
            role = look_of(item)
            shape = SHAPES["group" if is_folded(item) else role]
            colours = {"fillcolor": theme.fills[role], "color": theme.lines[role]}
            text = label(lines_of(item, detail), theme)
            if shape is SHAPES["penalty"]:
                text = between_bars(text, theme.lines[role])
            open_frames[-1].node(item.key, text, **shape, **colours)
        elif what == "open":
            look = frame_look(item, theme)
            open_frames.append(Drawing(f"cluster_{item.key}", graph_attr=look))
        else:
            inner = open_frames.pop()
            open_frames[-1].subgraph(inner)


def frame_look(group: Group, theme: Theme) -> dict[str, str]:
    """The attributes of the frame around a group, with its title."""
    is_penalty = group.kind == "penalty"
    return {
        "label": label(title_lines(group), theme, padding=2),
        # Weights come from the left, mostly from above, and would cross the formula there.
        "labelloc": "b" if is_penalty else "t",
        "labeljust": "r" if is_penalty else "l",
        "margin": "10",
        "style": "rounded,filled" + (",dashed" if group.kind in ("repeat", "block") else ""),
        "fillcolor": theme.penalty_panel if is_penalty else theme.panel,
        "color": theme.lines["penalty"] if is_penalty else theme.frame,
        "penwidth": "1.6" if is_penalty else "1",
    }  # fmt: skip


def title_lines(group: Group) -> list[Line]:
    """What is said at the top of a frame."""
    is_penalty = group.kind == "penalty"
    tone = "penalty" if is_penalty else "quiet"
    lines: list[Line] = [[Span(group.counted_title, bold=is_penalty, tone=tone)]]
    formula = wrap(spelled(group.formula, 3 * LONGEST), LONGEST)
    return lines + [[Span(line, SMALL)] for line in formula[:MOST_FORMULA_LINES]]


# -- edges -----------------------------------------------------------------------------------------


def add_edges(drawing: Drawing, picture: Picture, detail: str, theme: Theme) -> None:
    """Add every edge; those of parts that run back are given reversed."""
    nodes = {node.key: node for node in picture.nodes}
    penalized = penalties_in(picture)
    for edge in picture.edges:
        place = beside(edge.place) if edge.place else None
        look = {}
        if detail == "gradients" and edge.local:
            look["label"] = beside(edge.local)
        if edge.head in penalized or edge.tail in penalized:
            look |= {"color": theme.lines["penalty"], "penwidth": "1.8"}
        if not picture.turns_back or nodes[edge.head].part == FORWARD:
            drawing.edge(edge.tail, edge.head, headlabel=place, **look)
        elif nodes[edge.tail].part == FORWARD:
            drawing.edge(edge.tail, edge.head, headlabel=place, constraint="false", **look)
        else:
            drawing.edge(edge.head, edge.tail, dir="back", taillabel=place, **look)


# -- pictures that turn back -----------------------------------------------------------------------


def forward_on_top(drawing: Drawing, picture: Picture) -> None:
    """Put the forward part over the others: each hangs on one of two points, one over the other."""
    first = next((node for node in picture.nodes if node.part == FORWARD), None)
    last = next((node for node in reversed(picture.nodes) if node.part != FORWARD), None)
    if first is None or last is None:
        return
    for point, node in (("above", first), ("below", last)):
        drawing.node(point, "", style="invis", width="0", height="0", fixedsize="true")
        drawing.edge(point, node.key, style="invis", weight="10")
    with drawing.subgraph() as column:
        column.attr(rank="same")
        column.edge("above", "below", style="invis")


def align(drawing: Drawing, picture: Picture) -> None:
    """Put gradients under what they are the gradients of, and data over what alone uses them."""
    nodes = {node.key: node for node in picture.nodes}
    users: dict[str, list[Edge]] = {}
    for edge in picture.edges:
        users.setdefault(edge.tail, []).append(edge)
    for node in picture.nodes:
        above = node.gradient_of
        if above is None and node.role in LEAVES and node.key in users:
            heads = [edge.head for edge in users[node.key]]
            if all(nodes[head].part != FORWARD for head in heads):
                above = heads[0]
        if above in nodes and above != node.key:
            with drawing.subgraph() as column:
                column.attr(rank="same")
                column.node(above)
                column.node(node.key)


# -- legend ----------------------------------------------------------------------------------------


def add_legend(drawing: Drawing, picture: Picture, theme: Theme) -> None:
    """Show the colour and the border of each role that occurs, in one row."""
    found = {look_of(node) for node in picture.nodes}
    cells = "".join(legend_cell(role, theme) for role in ROLES if role in found)
    if cells:
        row = f'<<TABLE BORDER="0" CELLSPACING="8" CELLPADDING="0"><TR>{cells}</TR></TABLE>>'
        drawing.attr(label=row, labelloc="b", labeljust="l")


def legend_cell(role: str, theme: Theme) -> str:
    """A role's entry in the legend."""
    shape = SHAPES[role]
    style = "rounded" if "rounded" in shape.get("style", "") else "solid"
    style += ",dashed" if "dashed" in shape.get("style", "") else ""
    border = round(float(shape.get("penwidth", 1)))
    look = f'STYLE="{style}" COLOR="{theme.lines[role]}" BGCOLOR="{theme.fills[role]}"'
    words = f'<TD CELLPADDING="4" WIDTH="{round(Span(role).width) + 14}">{role}</TD>'
    if role == "penalty":  # as `between_bars` shows it
        bar = f'<TD BORDER="2" SIDES="{{}}" COLOR="{theme.lines[role]}" WIDTH="6"></TD>'
        words = bar.format("R") + words + bar.format("L")
    words = (
        f'<TABLE BORDER="{border}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0" {look}>'
        f"<TR>{words}</TR></TABLE>"
    )
    if "peripheries" not in shape:
        return f"<TD>{words}</TD>"
    return (
        f'<TD BORDER="1" STYLE="{style}" COLOR="{theme.lines[role]}" CELLPADDING="2">{words}</TD>'
    )
