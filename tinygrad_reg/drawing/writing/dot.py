"""A picture as DOT, the language of Graphviz."""

from __future__ import annotations

from tinygrad_reg.drawing.picture import Picture
from tinygrad_reg.drawing.writing.labels import node_label
from tinygrad_reg.drawing.writing.looks import ROLES, add_legend, new_drawing
from tinygrad_reg.drawing.writing.renderer import Drawing

__all__ = ["drawing_of"]


def drawing_of(picture: Picture) -> Drawing:
    """The picture as a drawing that Graphviz renders."""
    drawing = new_drawing()
    for node in picture.nodes:
        drawing.node(node.key, node_label(node), **ROLES[node.role])
    for edge in picture.edges:
        drawing.edge(edge.tail, edge.head, headlabel=edge.place or None)
    add_legend(drawing, {node.role for node in picture.nodes})
    return drawing
