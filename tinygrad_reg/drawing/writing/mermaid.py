"""A picture as Mermaid text, which GitHub draws.

Identifiers are numbered; everything that comes from the user stands in quotes, with each sign that
could mean something written as its number, `#60;` for <.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tinygrad_reg.drawing.picture import Edge, Group, Node, Picture
from tinygrad_reg.drawing.symbols import spelled
from tinygrad_reg.drawing.writing.labels import is_folded, lines_of, look_of
from tinygrad_reg.drawing.writing.looks import ROLES, SHAPES, Theme, theme_called
from tinygrad_reg.drawing.writing.markup import Grid, Line
from tinygrad_reg.drawing.writing.nesting import penalties_in, walked

__all__ = ["mermaid_of"]

BRACKETS = {
    "parameter": ("[", "]"), "data": ("[/", "/]"), "penalty": ("{{", "}}"), "output": ("([", "])"),
    "group": ("[[", "]]"),
}  # fmt: skip
ROUND = ("(", ")")
LINE_END = "<br/>"
INDENT = "    "
ZERO_WIDTH = "#8203;"  # parts signs that mean something together, even written as numbers:
MEANINGFUL = frozenset(("#92;", "#36;", "#58;"))  # a backslash and n, two dollars, an icon's fa:
LONGEST_TITLE = 30  # Mermaid wraps longer ones, and writes the second line over the boxes
DECIMAL_POINT = re.compile("(?<=[0-9])#46;(?=[0-9])")
PLAIN = frozenset(" @/,=()‖∂·×÷−…√∛²³¹₁₂")


def mermaid_of(picture: Picture, detail: str = "shape", theme: str = "light") -> str:
    """The picture as a Mermaid flowchart.

    Examples
    --------
    >>> nodes = [Node("0", "data", name="x"), Node("1", "output", "exp")]
    >>> print(mermaid_of(Picture(nodes, [Edge("0", "1")])))
    flowchart LR
        n0[/"x<br/>()"/]
        n1(["exp<br/>()"])
        n0 --> n1
        classDef data fill:#d3efe4,stroke:#00795a,color:#1a1a1a
        class n0 data
        classDef output fill:#fdf0b5,stroke:#8a6d00,color:#1a1a1a
        class n1 output
    <BLANKLINE>
    """
    colours = theme_called(theme)
    identifiers = {node.key: f"n{i}" for i, node in enumerate(picture.nodes)}
    lines = ["%%{init: {'theme': 'dark'}}%%"] if theme == "dark" else []
    lines += ["flowchart LR", *boxes_of(picture, detail, identifiers, colours)]
    lines += edges_of(picture, detail, identifiers, colours)
    lines += classes_of(picture, identifiers, colours)
    return "\n".join(lines) + "\n"


def boxes_of(
    picture: Picture, detail: str, identifiers: dict[str, str], theme: Theme
) -> Iterator[str]:
    """The lines of boxes and subgraphs, then the colours of the subgraphs."""
    frames: dict[str, Group] = {}
    depth = 1
    for what, item in walked(picture):
        if isinstance(item, Node):
            left, right = BRACKETS.get("group" if is_folded(item) else item.role, ROUND)
            text = LINE_END.join(map(said, lines_of(item, detail)))
            yield f'{INDENT * depth}{identifiers[item.key]}{left}"{text}"{right}'
        elif what == "open":
            yield f'{INDENT * depth}subgraph s{len(frames)}["{title_of_frame(item)}"]'
            frames[f"s{len(frames)}"] = item
            depth += 1
        else:
            depth -= 1
            yield f"{INDENT * depth}end"
    for identifier, group in frames.items():
        is_penalty = group.kind == "penalty"
        fill = theme.penalty_panel if is_penalty else theme.panel
        line = theme.lines["penalty"] if is_penalty else theme.frame
        ink = theme.tones["ink"]
        yield f"{INDENT}style {identifier} fill:{fill},stroke:{line},color:{ink}"


def title_of_frame(group: Group) -> str:
    """The title of a group, with the formula where there is room for it."""
    title = group.counted_title
    both = f"{title} = {group.formula}" if group.formula else title
    return escaped(both if len(both) <= LONGEST_TITLE else title) or " "


def edges_of(
    picture: Picture, detail: str, identifiers: dict[str, str], theme: Theme
) -> Iterator[str]:
    """The lines of edges, then the colour of those at penalties."""
    penalties = penalties_in(picture)
    coloured = []
    for i, edge in enumerate(picture.edges):
        text = text_of_edge(edge, detail)
        arrow = f'-->|"{text}"|' if text else "-->"
        yield f"{INDENT}{identifiers[edge.tail]} {arrow} {identifiers[edge.head]}"
        if edge.tail in penalties or edge.head in penalties:
            coloured.append(str(i))
    if coloured:
        line = theme.lines["penalty"]
        yield f"{INDENT}linkStyle {','.join(coloured)} stroke:{line},stroke-width:2px"


def classes_of(picture: Picture, identifiers: dict[str, str], theme: Theme) -> Iterator[str]:
    """The lines that give each role its colours."""
    members: dict[str, list[str]] = {}
    for node in picture.nodes:
        members.setdefault(look_of(node), []).append(identifiers[node.key])
    for role in ROLES:
        if role in members:
            look = f"fill:{theme.fills[role]},stroke:{theme.lines[role]},color:{theme.tones['ink']}"
            if "penwidth" in SHAPES[role]:
                look += ",stroke-width:2px"
            if "dashed" in SHAPES[role].get("style", ""):
                look += ",stroke-dasharray:5 3"
            yield f"{INDENT}classDef {role} {look}"
            yield f"{INDENT}class {','.join(members[role])} {role}"


def text_of_edge(edge: Edge, detail: str) -> str:
    """What is written at an edge: its place, and the local derivative."""
    local = edge.local if detail == "gradients" else ""
    return escaped(f"({edge.place}) {local}" if edge.place and local else edge.place or local)


def said(line: Line) -> str:
    """A line of a box as one text."""
    rows = line.rows if isinstance(line, Grid) else [line]
    return LINE_END.join(
        " ".join(escaped(span.text) for span in row if span.text) or " " for row in rows
    )


def escaped(text: str) -> str:
    r"""Text that stands for itself in Mermaid's quotes.

    Examples
    --------
    >>> print(escaped("a < b"))
    a #60; b
    """
    signs = (c if c.isalnum() or c in PLAIN else f"#{ord(c)};" for c in spelled(text))
    parted = "".join(sign + ZERO_WIDTH if sign in MEANINGFUL else sign for sign in signs)
    return DECIMAL_POINT.sub(".", parted)
