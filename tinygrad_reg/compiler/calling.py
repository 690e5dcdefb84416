"""The way into a program and out of it, as Python written for one nesting of the arguments.

Taking the arguments apart and comparing shapes would take longer than a small program itself, if it
were done for nestings in general.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import optree

from tinygrad_reg.compiler.graph import Node
from tinygrad_reg.tensor import Tensor

__all__ = ["Caller", "caller_of"]


class Caller:
    """How one version of a program is called.

    Attributes
    ----------
    leaves : callable
        `(args, kwargs)` -> the arrays and numbers in them, or None where they are not what this
        version is for.
    result : callable
        The outputs -> what the function returns.
    """

    def __init__(self, leaves: Callable[..., Any], result: Callable[..., Any]) -> None:
        self.leaves = leaves
        self.result = result


def caller_of(args: Any, kwargs: Any, inputs: list[Node], result: Any, tree: Any) -> Caller:
    """The caller for arguments and a result with nodes in the place of arrays."""
    writer = Writer()
    numbers = {id(node): f"x{i}" for i, node in enumerate(inputs)}
    writer.line("try:")
    writer.depth += 1
    writer.take(args, "args", numbers)
    writer.take(kwargs, "kwargs", numbers)
    writer.line(f"return ({''.join(f'x{i}, ' for i in range(len(inputs)))})")
    writer.depth -= 1
    writer.line("except (KeyError, TypeError, ValueError):")
    writer.line("    return None")
    leaves = writer.function("leaves", "args, kwargs")
    if tree is None:
        return Caller(leaves, first)
    return Caller(leaves, builder(result, tree))


def first(results: Any) -> Any:
    """The only result."""
    return results[0]


def builder(result: Any, tree: Any) -> Callable[..., Any]:
    """The function that nests outputs as the result."""
    writer = Writer()
    leaves = optree.tree_leaves(result)
    numbers = iter(range(len(leaves)))
    try:
        text = writer.built(result, numbers)
    except TypeError:
        return tree.unflatten  # type: ignore[no-any-return]
    writer.line(f"{''.join(f'y{i}, ' for i in range(len(leaves)))} = results" if leaves else "pass")
    writer.line(f"return {text}")
    return writer.function("result", "results")


class Writer:
    """Lines of a function; every object of the user's enters through its namespace."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.depth = 1
        self.names: dict[str, Any] = {
            "ndarray": np.ndarray, "array_of": array_of, "same": same,
        }  # fmt: skip
        self.count = 0

    def line(self, text: str) -> None:
        """Add a line."""
        self.lines.append("    " * self.depth + text)

    def name(self, x: Any) -> str:
        """A name for an object."""
        self.count += 1
        self.names[f"o{self.count}"] = x
        return f"o{self.count}"

    def function(self, name: str, parameters: str) -> Callable[..., Any]:
        """The function of all lines."""
        source = "\n".join([f"def {name}({parameters}):", *self.lines])
        exec(compile(source, f"<{name} of a program>", "exec"), self.names)
        return self.names[name]  # type: ignore[no-any-return]

    def take(self, nested: Any, at: str, numbers: dict[int, str]) -> None:
        """Take a nesting apart, and return None where it is another one."""
        if isinstance(nested, Node):
            self.take_leaf(nested, at, numbers[id(nested)])
        elif type(nested) is tuple or type(nested) is list:
            self.line(
                f"if type({at}) is not {type(nested).__name__} or len({at}) != {len(nested)}:"
            )
            self.line("    return None")
            for i, x in enumerate(nested):
                self.take_part(x, f"{at}[{i}]", numbers)
        elif type(nested) is dict:
            self.line(f"if type({at}) is not dict or len({at}) != {len(nested)}:")
            self.line("    return None")
            for key, x in nested.items():
                self.take_part(x, f"{at}[{self.name(key)}]", numbers)
        elif optree.tree_leaves(nested) != [nested] or any(
            isinstance(x, Node) for x in optree.tree_leaves(nested)
        ):
            self.take_registered(nested, at, numbers)
        else:
            self.line(f"if not same({at}, {self.name(nested)}):")
            self.line("    return None")

    def take_part(self, nested: Any, at: str, numbers: dict[int, str]) -> None:
        """The same for a part, which is looked up once."""
        self.count += 1
        name = f"p{self.count}"
        self.line(f"{name} = {at}")
        self.take(nested, name, numbers)

    def take_registered(self, nested: Any, at: str, numbers: dict[int, str]) -> None:
        """Take a named tuple, an ordered dict or another class that optree knows apart."""
        leaves, tree = optree.tree_flatten(nested)
        self.count += 1
        name = f"p{self.count}"
        self.line(f"{name}, tree = {self.name(optree.tree_flatten)}({at})")
        self.line(f"if tree != {self.name(tree)}:")
        self.line("    return None")
        for i, x in enumerate(leaves):
            self.take_part(x, f"{name}[{i}]", numbers)

    def take_leaf(self, node: Node, at: str, name: str) -> None:
        """Take an array or number, if it is of the right kind."""
        if node.weak:
            self.line(
                f"if type({at}) is not {(np.dtype(node.dtype).kind == 'i' and 'int') or 'float'}:"
            )
            self.line("    return None")
            self.line(f"{name} = {at}")
            return
        dtype = self.name(node.dtype)
        self.line(f"{name} = {at}")
        self.line(f"if type({name}) is not ndarray:")
        self.line(f"    {name} = array_of({name})")
        self.line(
            f"if {name}.shape != {tuple(map(int, node.shape))} or "
            f"{name}.dtype is not {dtype} and {name}.dtype != {dtype}:"
        )
        self.line("    return None")

    def built(self, nested: Any, numbers: Any) -> str:
        """The expression of a nested result, in the order in which optree has its leaves."""
        if isinstance(nested, Node):
            return f"y{next(numbers)}"
        if nested is None:
            return "None"
        if type(nested) is tuple:
            return f"({''.join(self.built(x, numbers) + ', ' for x in nested)})"
        if type(nested) is list:
            return f"[{', '.join([self.built(x, numbers) for x in nested])}]"
        if type(nested) is dict and list(nested) == sorted(nested):
            entries = [f"{self.name(key)}: {self.built(x, numbers)}" for key, x in nested.items()]
            return f"{{{', '.join(entries)}}}"
        raise TypeError


def array_of(x: Any) -> Any:
    """The values of a tensor that is not differentiated, or a NumPy number or subclass as it is."""
    if type(x) is Tensor and not x.number:
        x = x.current()
    if isinstance(x, np.ndarray | np.generic):
        return x
    raise TypeError


def same(x: Any, y: Any) -> bool:
    """Whether a static argument is what it was."""
    return type(x) is type(y) and bool(x == y)
