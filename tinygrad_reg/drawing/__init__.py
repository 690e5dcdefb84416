"""Pictures of computations, and a page in which to walk through one.

Data flows one way: `collecting` makes a `picture` of what the user gives, `grouping` and `folding`
bring it to a size that can be looked at, `writing` makes DOT and Mermaid of it, and `explorer` a
page.
"""

from tinygrad_reg.drawing.drawings import draw, svg
from tinygrad_reg.drawing.explorer import Exploration, explore
from tinygrad_reg.drawing.writing.renderer import Drawing, NoRendererError

__all__ = ["Drawing", "Exploration", "NoRendererError", "draw", "explore", "svg"]
