"""Pictures of the graph behind a tensor, drawn by Graphviz."""

from tinygrad_reg.drawing.picture import draw, svg

__all__ = ["draw", "svg"]
