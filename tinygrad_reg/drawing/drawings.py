"""`tg.draw`: from what the user gives to a drawing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import graphviz

from tinygrad_reg.drawing.collecting.targets import collected
from tinygrad_reg.drawing.folding import folded
from tinygrad_reg.drawing.grouping import grouped
from tinygrad_reg.drawing.picture import Picture
from tinygrad_reg.drawing.writing.dot import drawing_of
from tinygrad_reg.drawing.writing.renderer import NoRendererError
from tinygrad_reg.sweeps import ancestors
from tinygrad_reg.tensor import Tensor

__all__ = ["draw", "svg"]

LARGEST_SHOWN = 200  # tensors in a graph that a notebook shows unasked


def draw(
    target: Any,
    *example_args: Any,
    detail: str | None = None,
    depth: int | None = None,
    expand: Sequence[str] = (),
    theme: str = "light",
) -> graphviz.Digraph:
    """Draw the graph behind a tensor, behind what a function returns, or of a compiled program.

    Reads from left to right. A value goes by the learner's name for it: the tensor's own, else
    that of a variable that holds it where `draw` is called, or, while it runs, in the function:
    Z1, Z2, … where it holds several. In a formula, · stands for what the edges bring, in the order
    of their numbers. In gradients, dZ is ∂(result)/∂Z, d²x a second derivative, ∂dx/∂Z that of dx.

    Parameters
    ----------
    target : Tensor, callable, program or its graph
        What to draw: a tensor; several tensors in lists, tuples and dicts; a function, which is
        called with the example arguments; a program of `tinygrad_reg.compile`, as it was last
        called or for the example arguments.
    *example_args : array_like or Tensor
        Arguments for the function; nested dicts, lists and tuples are allowed. Floats and arrays
        of floats become parameters, named after the function's own; everything else is passed on
        as it is. `tg.Tensor(X)` makes data of X.
    detail : {"shape", "values", "gradients"}, optional
        What is said of each value: its shape, its entries (or a summary of many) as well, or also
        the gradient of the number that is drawn and, at the edges, local derivatives. Without it,
        "gradients" where `backward()` has left some, else "shape".
    depth : int, optional
        How many levels of groups are open. Without it, as many as fit into a picture that can be
        looked at.
    expand : sequence of str, optional
        Titles of groups to open in any case, `["layer 1"]`. Calls of functions of this package,
        such as `tg.conv2d`, are closed in all but small pictures.
    theme : {"light", "dark"}, optional
        The colours.

    Returns
    -------
    tinygrad_reg.drawing.Drawing
        A `graphviz.Digraph`. `.source` is the DOT text, `.mermaid` that for GitHub,
        `.render(outfile="graph.svg")` writes a picture, and a notebook shows it by itself.

    Raises
    ------
    TypeError
        If the target is none of these, the function returns something else than tensors, depth
        is not a whole number, or expand holds something else than texts.
    ValueError
        If there is no such detail, theme or group, depth is negative, the graph was changed or its
        values were freed, or a program has not been called yet and there are no example arguments.

    See Also
    --------
    explore : A page in which to walk through the same.
    scope : Groups of your own.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> W = tg.Tensor([[3.0, 4.0]], requires_grad=True)
    >>> J = tg.l2(W, lambd=0.5, m=1)
    >>> J.backward()
    >>> drawing = tg.draw(J)
    >>> "∂" in drawing.source
    True
    >>> "λ/2m ‖·‖²" in tg.draw(lambda W: tg.l2(W, 0.5, 1), np.ones((2, 3))).source
    True
    >>> "third derivative" in tg.draw(tg.grad(tg.grad(tg.grad(np.tanh))), 0.5).source
    True
    >>> program = tg.compile(tg.grad(lambda w: np.sum(np.tanh(w))))
    >>> "1 − ·²" in tg.draw(program, np.ones(3)).source
    True
    """
    asked = detail == "gradients"
    picture = grouped(collected(target, example_args, differentiated=asked))
    if detail is None:
        detail = "gradients" if has_gradients(picture) else "shape"
    picture = folded(picture, depth, expand)
    for node in picture.nodes:
        node.tensor = None  # all is said of it, and a drawing can be copied and stored
    return drawing_of(picture, detail, theme)


def has_gradients(picture: Picture) -> bool:
    """Whether `backward()` has left gradients in what is drawn."""
    return any(node.gradient is not None for node in picture.nodes)


def svg(tensor: Tensor) -> str | None:
    """Draw the graph behind a tensor as SVG, for notebooks.

    None where there is no renderer, and for graphs too large to look at: a notebook then shows
    the values.

    Examples
    --------
    >>> import tinygrad_reg as tg
    >>> text = svg(tg.Tensor([1.0], name="x"))
    >>> text is None or "</svg>" in text
    True
    """
    if len(ancestors([tensor], 0)[0]) > LARGEST_SHOWN:
        return None
    try:
        return draw(tensor).pipe("svg", encoding="utf-8")  # type: ignore[no-any-return]
    except NoRendererError:
        return None
