"""The graph behind a tensor as a picture: its nodes, their roles and colours, its edges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from inspect import signature
from typing import Any

import graphviz
import numpy as np
import optree

from tinygrad_reg.drawing.labels import PENALTIES, edge_label, node_label
from tinygrad_reg.drawing.looks import ROLES, add_legend, new_drawing
from tinygrad_reg.drawing.names import Scope, callers_scopes, names_of, recorded_scopes
from tinygrad_reg.drawing.programs import graph_of, picture_of_program
from tinygrad_reg.drawing.renderer import Drawing, NoRendererError
from tinygrad_reg.modes import switched
from tinygrad_reg.sweeps import ancestors, reverse
from tinygrad_reg.tensor import ALIAS, Tensor

__all__ = ["draw", "svg"]

LARGEST_SHOWN = 200  # tensors in a graph that a notebook shows unasked

Seen = dict[int, Tensor]  # `id` of the array or tensor that the user has -> its first copy


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
        return picture(target, callers_scopes())
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
    return picture(result, [*reversed(scopes), *callers_scopes()])


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
        return picture(tensor, callers_scopes()).pipe("svg", encoding="utf-8")  # type: ignore[no-any-return]
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


def picture(target: Tensor, scopes: Iterable[Scope]) -> Drawing:
    """Draw every tensor behind the target as one node, numbered from 0 after its arguments."""
    seen: Seen = {}
    root = original(target, seen)
    nodes = history(root, seen)
    names = names_of(nodes, scopes)
    norms = gradient_norms(nodes)
    numbers = {id(node): str(i) for i, node in enumerate(nodes)}
    drawing = new_drawing()
    found = set()
    for node in nodes:
        role = role_of(node, root)
        found.add(role)
        label = node_label(node, names.get(id(node)), norms.get(id(node)))
        drawing.node(numbers[id(node)], label, **ROLES[role])
    for node in nodes:
        for position, x in enumerate(node.args):
            if type(x) is Tensor:
                ends = numbers[id(original(x, seen))], numbers[id(node)]
                drawing.edge(*ends, headlabel=edge_label(node, position))
    add_legend(drawing, found)
    return drawing


def role_of(node: Tensor, root: Tensor) -> str:
    """The role of a tensor in the picture: a key of ROLES."""
    if node.rule is None:
        return "parameter" if node.number else "data"
    if node.rule in PENALTIES:
        return "penalty"
    return "output" if node is root else "operation"


def original(tensor: Tensor, seen: Seen) -> Tensor:
    """The tensor that stands for another in the picture: of an alias, what it is a copy of; of
    data that enters several operations, the first copy.
    """
    while tensor.rule is ALIAS:
        tensor = tensor.args[0]
    if tensor.rule is None and not tensor.number:
        user_has = tensor.source if tensor.source is not None and not tensor.shared else tensor
        return seen.setdefault(id(user_has), tensor)
    return tensor


def history(root: Tensor, seen: Seen) -> list[Tensor]:
    """Everything that a tensor was made from and itself, each after its arguments."""
    found: list[Tensor] = []
    visited: set[int] = set()
    todo = [(root, False)]
    while todo:
        node, arguments_done = todo.pop()
        if arguments_done:
            found.append(node)
        elif id(node) not in visited:
            visited.add(id(node))
            todo.append((node, True))
            todo += [(original(x, seen), False) for x in reversed(node.args) if type(x) is Tensor]
    return found


def gradient_norms(nodes: list[Tensor]) -> dict[int, float]:
    """‖∂‖ of each tensor, by its `id`, if `backward()` has left a gradient in a leaf.

    The last tensor is where the sweep starts; the values between can only be given a gradient if
    that is a single number.
    """
    gradients = {id(node): node.grad for node in nodes if node.grad is not None}
    root = nodes[-1]
    if gradients and root.shape == () and root.rule is not None:
        gradients = cotangents(root) | gradients
    return {key: float(np.linalg.norm(np.ravel(g))) for key, g in gradients.items()}


def cotangents(root: Tensor) -> dict[int, Any]:
    """∂root/∂(each tensor behind it), by its `id`: a reverse sweep taken one tensor at a time."""
    found: dict[Tensor, Any] = {root: root.dtype.type(1)}
    for node in reversed(ancestors([root], 0)[0]):
        if node.rule is not None and node in found:
            for x, part in reverse([(node, found[node])], last=node.number - 1).items():
                found[x] = found[x] + part if x in found else part
    return {id(node): cotangent for node, cotangent in found.items()}
