"""How pictures look: the roles of nodes, their colours, fonts, and the legend."""

from __future__ import annotations

from collections.abc import Iterable

from tinygrad_reg.drawing.writing.renderer import Drawing

__all__ = ["CLUSTER", "ROLES", "add_legend", "new_drawing"]

# Shape and border tell the roles apart without colour. Colours are from Okabe and Ito's palette.
ROLES = {
    "parameter": {"shape": "box", "fillcolor": "#cfe5f5", "color": "#0072b2", "penwidth": "1.8"},
    "data": {"shape": "note", "fillcolor": "#d3efe4", "color": "#00795a"},
    "operation": {"style": "rounded,filled", "fillcolor": "#f4f4f4", "color": "#666666"},
    "forward": {"style": "rounded,filled", "fillcolor": "#f4f4f4", "color": "#666666"},
    "update": {"style": "rounded,filled", "fillcolor": "#f4f4f4", "color": "#666666"},
    "backward": {"style": "rounded,filled", "fillcolor": "#f3dfeb", "color": "#a0467c"},
    "tangent": {"style": "rounded,filled,dashed", "fillcolor": "#e4f2fb", "color": "#2f7ea6"},
    "penalty": {"shape": "octagon", "margin": "0", "fillcolor": "#fbdcc8", "color": "#c25400"},
    "output": {
        "style": "rounded,filled",
        "fillcolor": "#fdf0b5",
        "color": "#8a6d00",
        "peripheries": "2",
    },
}
FONT = {"fontname": "Arial", "fontsize": "11", "fontcolor": "#1a1a1a"}
GRAPH = {"rankdir": "LR", "nodesep": "0.25", "ranksep": "0.4", "pad": "0.15", **FONT}
LEGEND = {"labelloc": "b", "labeljust": "l"}
CLUSTER = {
    "style": "rounded", "color": "#c8c8c8", "margin": "10", "labelloc": "t", "labeljust": "l",
    "fontsize": "12", "fontcolor": "#555555",
}  # fmt: skip
NODES = {"shape": "box", "style": "filled", "height": "0.4", "margin": "0.12,0.06", **FONT}
EDGES = {
    "color": "#707070", "arrowsize": "0.6", "labeldistance": "1.9", "labelangle": "-22",
    **FONT, "fontsize": "9", "fontcolor": "#555555",
}  # fmt: skip


def new_drawing(**attributes: str) -> Drawing:
    """A drawing without nodes."""
    return Drawing(
        filename="graph.gv",
        format="svg",
        graph_attr=GRAPH | attributes,
        node_attr=NODES,
        edge_attr=EDGES,
    )


def add_legend(drawing: Drawing, roles: Iterable[str]) -> None:
    """Show the colour and the border of each role that occurs, in one row."""
    found = set(roles)
    cells = ""
    for role, look in ROLES.items():
        if role not in found:
            continue
        border = round(float(look.get("penwidth", 1)))
        style = "rounded" if "rounded" in look.get("style", "") else "solid"
        if "dashed" in look.get("style", ""):
            style += ",dashed"
        cells += (
            f'<TD BORDER="{border}" STYLE="{style}" COLOR="{look["color"]}" '
            f'BGCOLOR="{look["fillcolor"]}">{role}</TD>'
        )
    row = f'<<TABLE BORDER="0" CELLSPACING="8" CELLPADDING="4"><TR>{cells}</TR></TABLE>>'
    drawing.attr(label=row, **LEGEND)
