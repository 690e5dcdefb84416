"""A page in which to walk through a computation, forward and backward."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from tinygrad_reg.drawing.collecting.boxes import Graph
from tinygrad_reg.drawing.collecting.targets import collected
from tinygrad_reg.drawing.explorer.data import data_of
from tinygrad_reg.drawing.explorer.page import page
from tinygrad_reg.drawing.grouping import grouped
from tinygrad_reg.drawing.picture import Picture
from tinygrad_reg.files import write
from tinygrad_reg.tensor import Tensor

__all__ = ["Exploration", "explore"]

HEIGHT = 720  # pixels of the page inside a notebook


@dataclass(frozen=True)
class Exploration:
    """A page about a computation; a notebook shows it by itself. Made by `tinygrad_reg.explore`.

    Attributes
    ----------
    path : Path or None
        Where it was written to.
    html : str
        The page: one file that needs nothing else.

    See Also
    --------
    tinygrad_reg.explore : What makes it, and when it raises.

    Examples
    --------
    >>> import tinygrad_reg as tg
    >>> x = tg.Tensor(2.0, requires_grad=True, name="x")
    >>> exploration = tg.explore(x * x, path=None)
    >>> exploration.path is None, exploration.html[:15]
    (True, '<!DOCTYPE html>')
    """

    path: Path | None
    html: str = field(repr=False)

    def _repr_html_(self) -> str:
        """The page in a frame of its own, for notebooks."""
        return (
            f'<iframe srcdoc="{escape(self.html)}" sandbox="allow-scripts" width="100%" '
            f'height="{HEIGHT}" frameborder="0" title="Explorer of a computation"></iframe>'
        )


def explore(
    target: Any, *example_args: Any, path: str | os.PathLike[str] | None = "graph.html"
) -> Exploration:
    """Write a page in which to walk through a computation forward and backward, step by step.

    One HTML file that needs nothing else: it opens by double click, and works offline. It shows
    the value and the gradient of every node, the rule that is active in each step with this
    node's numbers, and what penalties add to every gradient. Nothing of the target is changed.

    Parameters
    ----------
    target : Tensor, callable
        What to explore, as for `tinygrad_reg.draw`: a tensor, or a function that is called with
        the example arguments. Of a compiled program, the function that it was made from.
    *example_args : array_like or Tensor
        Arguments for the function. Floats and arrays of floats become parameters; `tg.Tensor(X)`
        makes data of X.
    path : path-like or None
        The file to write; what a link leads to, and with the permissions of a file that is there.
        None writes nothing: the page is in `html`.

    Returns
    -------
    Exploration
        `.path` and `.html`; a notebook shows the page.

    Raises
    ------
    TypeError
        If the target is nothing that has a graph, or a program without example arguments.
    OSError
        If the file cannot be written, as FileNotFoundError or IsADirectoryError for example; what
        was there before is left as it was.
    NoRendererError
        If there is no Graphviz, by which boxes are laid out:
        `tinygrad_reg.drawing.NoRendererError`.

    See Also
    --------
    draw : A picture in place of a page.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> W = tg.Tensor([[3.0, 4.0]], requires_grad=True, name="W")
    >>> page = tg.explore(tg.l2(W, lambd=0.5, m=1), path=None)
    >>> page.html.startswith("<!DOCTYPE html>")
    True
    """
    destination = None if path is None else checked(path)
    html = page(data_of(picture_of(target, example_args), called=name_of_function(target)))
    if destination is not None:
        write(destination, html.encode(), "the page")
    return Exploration(destination, html)


def picture_of(target: Any, example_args: tuple[Any, ...]) -> Picture:
    """The computation behind a target, in groups; of a program, behind the function it is of."""
    is_program = hasattr(type(target), "graph") and hasattr(target, "trace")
    if isinstance(target, Graph) or (is_program and not example_args):
        raise TypeError(
            "explore was given a compiled program without example arguments: expected a tensor or "
            "a function. Explore the function that it was compiled from, by giving example "
            "arguments: tg.explore(program, W, b)"
        )
    target = target.function if is_program else target
    return grouped(collected(target, example_args, "explore"))


def name_of_function(target: Any) -> str | None:
    """What the user calls the function that is explored; None if it is none, or a lambda."""
    if isinstance(target, Tensor) or not callable(target):
        return None
    name = getattr(getattr(target, "function", target), "__name__", None)
    return name if isinstance(name, str) and name.isidentifier() else None


def checked(path: str | os.PathLike[str]) -> Path:
    """A path to which a file can be written, before anything is computed for it."""
    destination = Path(path)
    folder = destination.absolute().parent
    if not folder.is_dir():
        raise FileNotFoundError(
            f"the page was to be written to {str(destination)!r}, but there is no folder "
            f"{str(folder)!r}: expected one that there is"
        )
    if os.path.isdir(destination):
        raise IsADirectoryError(
            f"the page was to be written to {str(destination)!r}, which is a folder: expected a "
            "file in it, such as graph.html"
        )
    return destination
