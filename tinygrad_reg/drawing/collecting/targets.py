"""From what the user gives to a picture: tensors, a function with example arguments, a program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from inspect import Parameter, Signature, signature
from typing import Any

import optree

from tinygrad_reg.drawing.collecting.names import callers_scopes
from tinygrad_reg.drawing.collecting.programs import graph_of, picture_of_graph
from tinygrad_reg.drawing.collecting.tensors import picture_of_tensors
from tinygrad_reg.drawing.collecting.watching import Observer, watched
from tinygrad_reg.drawing.picture import Picture
from tinygrad_reg.modes import TracingError, thread
from tinygrad_reg.tensor import Tensor
from tinygrad_reg.transforms import young_generation

__all__ = ["collected"]

EXPECTED = (
    "expected a tensor (or a list, tuple or dict of tensors), a function and example arguments, "
    "or a compiled program"
)


def collected(
    target: Any,
    example_args: tuple[Any, ...] = (),
    asked: str = "draw",
    *,
    differentiated: bool = False,
) -> Picture:
    """The picture of a tensor, of tensors, of what a function returns, or of a program.

    `asked` is what messages call the function that was asked for it. `differentiated` asks for
    the gradient of a single number also where `backward()` has not been called.

    Raises
    ------
    TypeError
        If it is none of these, or the function returns something else than tensors.
    ValueError
        If the graph was changed or its values were freed, or a program has not been called yet.
    """
    graph = graph_of(target, example_args)
    if graph is not None:
        return picture_of_graph(graph)
    if callable(target):
        return picture_of_function(target, example_args, asked, differentiated)
    tensors = tensors_in(target) if isinstance(target, Tensor | list | tuple | dict) else []
    strange = next((x for x in tensors if type(x) is not Tensor), None)
    if example_args or not tensors or strange is not None:
        raise TypeError(
            f"{asked} was given {described(target, strange, len(example_args))}: {EXPECTED}"
        )
    keys = keys_of(target)
    return picture_of_tensors(tensors, callers_scopes(), differentiated=differentiated, keys=keys)


def described(target: Any, strange: Any, more: int) -> str:
    """What was given, in words."""
    what = "a tensor" if type(target) is Tensor else repr(type(target))
    if strange is not None:
        what = f"a {type(target).__name__} with {type(strange).__name__} in it"
    elif isinstance(target, list | tuple | dict) and not more:
        what = f"a {type(target).__name__} without tensors"
    return f"{what} and {more} more" if more else what


def picture_of_function(
    function: Callable[..., Any], example_args: tuple[Any, ...], asked: str, differentiated: bool
) -> Picture:
    """The graph behind what a function returns for example arguments."""
    if thread.tracer is not None and not isinstance(thread.tracer, Observer):
        raise TracingError(
            f"{asked} was called with a function while another one is being compiled: call it "
            "outside of the function that is compiled"
        )
    called = getattr(function, "__name__", "a function")
    try:
        bound = signature_of(function, len(example_args)).bind(*example_args)
    except TypeError as error:
        raise TypeError(
            f"{asked} was given {called} and {len(example_args)} example arguments: {error}. "
            "Expected one for each parameter of the function"
        ) from error
    bound.arguments.update(as_leaves(dict(bound.arguments)))
    with young_generation, watched() as observer:
        result = function(*bound.args, **bound.kwargs)
    tensors = tensors_in(result)
    strange = next((x for x in tensors if type(x) is not Tensor), None)
    if strange is not None or not tensors:
        returned = type(result).__name__
        if strange is not None and strange is not result:
            returned += f" with {type(strange).__name__} in it"
        raise TypeError(
            f"{asked} was given {called}, which returned {returned}: expected a tensor, or a "
            "list, tuple or dict of tensors. Return nothing else, and give floating example "
            "arguments (3.0, not 3)"
        )
    scopes = [*reversed(observer.scopes), *callers_scopes()]
    keys = keys_of(result)
    return picture_of_tensors(tensors, scopes, observer, differentiated=differentiated, keys=keys)


def signature_of(function: Callable[..., Any], number: int) -> Signature:
    """The parameters of a function; of one that does not tell, such as a ufunc, x or x1, x2, …"""
    try:
        return signature(function)
    except ValueError:
        names = ["x"] if number == 1 else [f"x{i + 1}" for i in range(number)]
        return Signature([Parameter(name, Parameter.POSITIONAL_ONLY) for name in names])


def tensors_in(nested: Any) -> list[Any]:
    """The leaves of nested lists, tuples and dicts, in order."""
    return [nested] if type(nested) is Tensor else optree.tree_leaves(nested)


def keys_of(nested: Any) -> list[str | None]:
    """The key that each leaf of nested lists, tuples and dicts goes by; None in lists."""
    if type(nested) is Tensor:
        return [None]
    paths, _, _ = optree.tree_flatten_with_path(nested)
    return [path[-1] if path and isinstance(path[-1], str) else None for path in paths]


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
