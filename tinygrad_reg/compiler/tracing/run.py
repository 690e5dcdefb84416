"""One run of a function on traced arguments: its graph, with the learner's names."""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np

from tinygrad_reg.compiler.graph import Graph, Node, constant, forget_values, number
from tinygrad_reg.compiler.places import is_learners, line_at
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
        except NotTraceableError as error:
            raise (tracer.refusal or depends_on_values(f, error)) from None
        except Exception as error:
            if tracer.refusal not in (None, error):  # something has caught it
                raise tracer.refusal from None
            raise
        if tracer.refusal is not None:
            raise tracer.refusal
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


def depends_on_values(f: Any, error: BaseException) -> TracingError:
    """What is wrong with a function that NumPy or the engine cannot compute without values."""
    line = ""
    at = error.__traceback__
    while at is not None:
        if is_learners(at.tb_frame.f_code.co_filename):
            line = line_at((at.tb_frame.f_code.co_filename, at.tb_lineno))
        at = at.tb_next
    return TracingError(
        f"{line or name_of(f)}: it uses an operation whose result has a shape, or whose derivative "
        "a formula, that depends on values, which a program cannot: call the function without "
        "tg.compile, or pass that result as an argument"
    )


def name_numbers(nodes: list[Node], numbers: dict[Any, Any]) -> None:
    """Give Python numbers the name of the only variable that held them: floats by identity.

    Small integers are the same object everywhere: one that two variables held, or that is also
    written in the code, has no name.
    """
    by_value: dict[Any, list[str]] = {}
    for name, x in numbers.items():
        by_value.setdefault(x if type(x) is int else id(x), []).append(name)
    for node in nodes:
        if node.kind == "number" and not node.names:
            x = node.value
            names = by_value.get(x if type(x) is int else id(x), [])
            node.names = names if len(names) == 1 and type(names[0]) is str else []


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
                f"{name_of(f)} wrote a traced value ({name}of shape {x.node.shape}, {where}) to "
                f"{holder_of(x, f)}, which a program could not repeat. Return the value instead"
            )


def holder_of(x: Traced, f: Any) -> str:
    """The variable outside of a function that holds a traced array, as far as it can be found."""
    seen = {id(x)} | {id(tensor) for tensor in gc.get_referrers(x) if type(tensor) is Tensor}
    for name, found in outer_variables(f):
        inside = list(found.values()) if isinstance(found, dict) else found
        inside = inside if isinstance(inside, list | tuple) else [found]
        inside = [*inside, *vars(found).values()] if hasattr(found, "__dict__") else inside
        if any(id(entry) in seen for entry in (found, *inside)):
            return f"{name!r}, a variable outside of the function"
    return "a variable outside of the function"


def outer_variables(f: Any) -> Iterator[tuple[str, Any]]:
    """The global variables and those of closures that a function, or one inside of it, uses."""
    todo, seen = [f], set()
    while todo:
        function = todo.pop()
        code = getattr(function, "__code__", None)
        if id(function) in seen or code is None:
            continue
        seen.add(id(function))
        found = [(key, function.__globals__.get(key)) for key in code.co_names]
        for key, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            with suppress(ValueError):  # not filled yet
                found.append((key, cell.cell_contents))
        yield from found
        todo += [x for _, x in found if callable(x)]
