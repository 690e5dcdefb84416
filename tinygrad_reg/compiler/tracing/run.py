"""One run of a function on traced arguments: its graph, with the learner's names."""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_reg.compiler.graph import Graph, Node, constant, forget_values, number
from tinygrad_reg.compiler.tracing.known import Known
from tinygrad_reg.compiler.tracing.traced import NotTraceableError, Traced
from tinygrad_reg.compiler.tracing.tracer import Tracer
from tinygrad_reg.compiler.tracing.watching import watched
from tinygrad_reg.modes import TracingError, switched
from tinygrad_reg.tensor import Tensor
from tinygrad_reg.transforms import flatten, young_generation

__all__ = ["name_of", "trace"]


def trace(
    f: Callable[..., Any], arguments: Callable[[list[Any]], tuple[Any, Any]], leaves: list[Any]
) -> tuple[Graph, Any]:
    """Run `f` on traced arguments, and return its graph and the nesting of what it returns.

    Parameters
    ----------
    f : callable
        The function.
    arguments : callable
        Puts leaves in their places: `arguments(leaves)` gives `args` and `kwargs`.
    leaves : list
        Arrays and numbers, one for each input.

    Raises
    ------
    TracingError
        If the function does something that a program could not repeat.
    """
    tracer = Tracer()
    inputs = [Node("input", x) for x in leaves]
    args, kwargs = arguments([tracer.handle(node) for node in inputs])
    with switched(recording=True, tracer=tracer), watched(tracer), young_generation:
        try:
            with np.errstate(all="ignore"):
                result = f(*args, **kwargs)
        except ValueError as error:
            if isinstance(error.__cause__, TracingError):  # NumPy was given it for an entry
                raise error.__cause__ from None
            raise
        except NotTraceableError:
            raise TracingError(
                f"{name_of(f)} uses an operation whose result has a shape, or whose derivative a "
                "formula, that depends on values, which a program cannot: call it without "
                "tg.compile, or pass that result as an argument"
            ) from None
        del args, kwargs
        arrays, tree = flatten(result)
        del result
        outputs = [output_node(tracer, f, x) for x in arrays]
        del arrays
    tracer.running = False
    check_for_leaks(tracer, f)
    graph = Graph(inputs, outputs, tracer.guards, name_of(f))
    nodes = graph.nodes()
    name_numbers(nodes, tracer.numbers)
    forget_values([*inputs, *nodes])
    return graph, tree


def name_numbers(nodes: list[Node], numbers: dict[str, Any]) -> None:
    """Give Python numbers the name of the only variable that held them: floats by identity."""
    by_value: dict[Any, list[str]] = {}
    for name, x in numbers.items():
        by_value.setdefault(x if type(x) is int else id(x), []).append(name)
    for node in nodes:
        if node.kind == "number" and not node.names:
            x = node.value
            node.names = by_value.get(x if type(x) is int else id(x), [])[:1]


def name_of(f: Any) -> str:
    """What a function is called; a transform of it, by the name of what it transforms."""
    while isinstance(f, functools.partial):
        f = f.func
    return getattr(f, "__name__", type(f).__name__)


def output_node(tracer: Tracer, f: Any, x: Any) -> Node:
    """The node of one of the results."""
    if type(x) is Tensor:
        if x.number:
            raise TracingError(
                f"{name_of(f)} returned a tensor that carries a gradient, of shape {x.shape}: a "
                "program returns arrays. Differentiate inside, with tg.grad or .backward(), or "
                "return tensor.detach(); a tensor from outside with requires_grad=True has to be "
                "an argument"
            )
        x = x.value
    if type(x) is Traced:
        return x.node
    if isinstance(x, Known):
        return x.node
    if isinstance(x, np.ndarray):
        return constant(np.array(x))
    if isinstance(x, int | float | np.generic):
        return number(x)
    raise TracingError(
        f"{name_of(f)} returned {type(x).__name__}: expected arrays or numbers, also nested in "
        "dicts, lists and tuples"
    )


def check_for_leaks(tracer: Tracer, f: Any) -> None:
    """Raise if a traced array is still held by something outside of the function."""
    if not any(handle() is not None for handle in tracer.handles):
        return
    gc.collect()
    for handle in tracer.handles:
        x = handle()
        if x is not None:
            where = f"computed at {x.node.line}" if x.node.line else "an argument"
            name = f"{x.node.names[0]!r}, " if x.node.names else ""
            raise TracingError(
                f"{name_of(f)} wrote a traced value ({name}of shape {x.node.shape}, {where}) to a "
                "variable outside of the function, which a program could not repeat. Return the "
                "value instead"
            )
