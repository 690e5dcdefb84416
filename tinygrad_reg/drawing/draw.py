"""`tg.draw`: from what the user gives to a drawing."""

from __future__ import annotations

from collections import Counter
from inspect import signature
from typing import Any

import graphviz
import optree

from tinygrad_reg.drawing.collecting.names import callers_scopes, recorded_scopes
from tinygrad_reg.drawing.collecting.programs import graph_of, picture_of_program
from tinygrad_reg.drawing.collecting.tensors import picture_of_tensors
from tinygrad_reg.drawing.writing.dot import drawing_of
from tinygrad_reg.drawing.writing.renderer import NoRendererError
from tinygrad_reg.modes import switched
from tinygrad_reg.sweeps import ancestors
from tinygrad_reg.tensor import Tensor

__all__ = ["draw", "svg"]

LARGEST_SHOWN = 200  # tensors in a graph that a notebook shows unasked


def draw(target: Any, *example_args: Any) -> graphviz.Digraph:
    """Draw the graph behind a tensor, behind what a function returns, or of a compiled program.

    Reads from left to right. A value goes by the learner's name for it: the tensor's own, else
    that of a variable that holds it where `draw` is called (or, while it runs, in the function).
    After `backward()` each node shows ‖∂‖, the norm of its gradient: of a leaf's `grad`, and for
    the values in between of ∂(what is drawn)/∂(the value).

    Of a program, the forward part is drawn from left to right and the backward part under it from
    right to left, with dZ under Z. Where a box holds a formula, · stands for what its edges bring,
    in the order of their numbers.

    Parameters
    ----------
    target : Tensor, callable, program or its graph
        What to draw. A function is called with the example arguments. A program of
        `tinygrad_reg.compile` is drawn as it was last called, or for the example arguments.
    *example_args : array_like or Tensor
        Arguments for the function; nested dicts, lists and tuples are allowed. Floats and arrays
        of floats become parameters, named after the function's own; everything else is passed on
        as it is. `tg.Tensor(X)` makes data of X.

    Returns
    -------
    graphviz.Digraph
        `.source` is the DOT text, `.render(outfile="graph.svg")` writes a picture, and a notebook
        shows it by itself.

    Raises
    ------
    TypeError
        If the target is neither tensor, function nor program, or the function returns no tensor.
    ValueError
        If it is a program that has not been called yet, without example arguments.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> W = tg.Tensor([[3.0, 4.0]], requires_grad=True)
    >>> J = tg.l2(W, lambd=0.5, m=1)
    >>> J.backward()
    >>> drawing = tg.draw(J)
    >>> "‖∂‖ = 2.5" in drawing.source
    True
    >>> "λ/2m ‖·‖²" in tg.draw(lambda W: tg.l2(W, 0.5, 1), np.ones((2, 3))).source
    True
    >>> program = tg.compile(tg.grad(lambda w: np.sum(np.tanh(w))))
    >>> "1 − ·²" in tg.draw(program, np.ones(3)).source
    True
    """
    graph = graph_of(target, example_args)
    if graph is not None:
        return picture_of_program(graph)
    if type(target) is Tensor and not example_args:
        return drawing_of(picture_of_tensors([target], callers_scopes()))
    if type(target) is Tensor or not callable(target):
        what = "a tensor" if type(target) is Tensor else type(target).__name__
        given = f"{what} and {len(example_args)} more" if example_args else repr(type(target))
        raise TypeError(
            f"draw was given {given}: expected one tensor, a function and example "
            "arguments, or a compiled program"
        )
    called = getattr(target, "__name__", "a function")
    try:
        bound = signature(target).bind(*example_args)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"draw was given {called} and {len(example_args)} example arguments: {error}. "
            "Expected one for each parameter of a Python function"
        ) from error
    bound.arguments.update(as_leaves(dict(bound.arguments)))
    with recorded_scopes() as scopes, switched(recording=True):
        result = target(*bound.args, **bound.kwargs)
    if type(result) is not Tensor:
        raise TypeError(
            f"draw was given {called}, which returned {type(result).__name__}: expected a tensor. "
            "Return a single one, and give floating example arguments (3.0, not 3)"
        )
    return drawing_of(picture_of_tensors([result], [*reversed(scopes), *callers_scopes()]))


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
        drawing = drawing_of(picture_of_tensors([tensor], callers_scopes()))
        return drawing.pipe("svg", encoding="utf-8")  # type: ignore[no-any-return]
    except NoRendererError:
        return None


def as_leaves(arguments: Any) -> Any:
    """The arguments with every float and array of floats as a leaf, named by where it stands.

    An entry of a dict goes by its key, `W1`, unless two places share it; then it is called in
    full, `parameters['W1']`.
    """
    paths, values, tree = optree.tree_flatten_with_path(arguments)
    full = [path[0] + "".join(f"[{key!r}]" for key in path[1:]) for path in paths]
    short = [
        path[-1] if isinstance(path[-1], str) else name
        for path, name in zip(paths, full, strict=True)
    ]
    occurrences = Counter(short)
    leaves = [
        Tensor(x, requires_grad=True, name=brief if occurrences[brief] == 1 else name)
        if is_floating(x)
        else x
        for x, brief, name in zip(values, short, full, strict=True)
    ]
    return tree.unflatten(leaves)


def is_floating(x: Any) -> bool:
    """Whether an argument is a float or an array of floats, and not yet a tensor."""
    if type(x) is Tensor:
        return False
    return isinstance(x, float) or getattr(getattr(x, "dtype", None), "kind", "") == "f"
