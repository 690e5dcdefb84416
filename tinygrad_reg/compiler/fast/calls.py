"""How a call is written: its function, its arguments, and infix operators between numbers."""

from __future__ import annotations

import operator
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_reg.compiler.fast.values import Part, Value
from tinygrad_reg.compiler.graph import Node, astype, part
from tinygrad_reg.compiler.readable.literals import static_text

if TYPE_CHECKING:
    from tinygrad_reg.compiler.fast.lowering import Lowering

__all__ = ["Parts", "argument", "call", "infix", "listed", "path_of"]

Parts = tuple[Part, ...]

BETWEEN = {
    np.add: "+", np.subtract: "-", np.multiply: "*", np.divide: "/", np.floor_divide: "//",
    np.remainder: "%", operator.pow: "**", np.less: "<", np.less_equal: "<=", np.greater: ">",
    np.greater_equal: ">=", np.equal: "==", np.not_equal: "!=", np.bitwise_and: "&",
    np.bitwise_or: "|", np.bitwise_xor: "^",
}  # fmt: skip
BEFORE = {np.negative: "-", np.positive: "+", np.absolute: "abs", np.invert: "~"}
MODULES = {"np": np, "np.linalg": np.linalg, "np.fft": np.fft}


def infix(lowering: Lowering, node: Node) -> Parts:
    """An operator between numbers, or before one."""
    given = [in_brackets(lowering.of(x)) for x in node.args]
    if node.op in BEFORE:
        return (f"{BEFORE[node.op]}(", given[0], ")")
    return (given[0], f" {BETWEEN[node.op]} ", given[1])


def in_brackets(x: Part) -> Part:
    """An operand of an operator."""
    return f"({x})" if isinstance(x, str) and x.startswith("-") else x


def call(lowering: Lowering, node: Node) -> Parts:
    """The call of a node as it stands in the graph."""
    if node.op is operator.getitem:
        return (*followed(lowering, node.args[0]), "[", *index(lowering, node.args[1]), "]")
    if node.op is part:
        return (*followed(lowering, node.args[0]), f"[{node.args[1]}]")
    if node.op is operator.pow:
        return infix(lowering, node)
    if node.op is astype:
        x, dtype = node.args
        array = lowering.function(np.asarray)
        return (array, "(", *argument(lowering, x), ").astype(", *argument(lowering, dtype), ")")
    parts: list[Part] = [*listed(lowering, node.args)]
    for key, x in node.kwargs.items():
        parts += [", "] if parts else []
        if key.isidentifier() and not iskeyword(key):
            parts += [f"{key}=", *argument(lowering, x)]
        else:
            parts += [f"**{{{key!r}: ", *argument(lowering, x), "}"]
    return (lowering.function(node.op), "(", *parts, ")")


def followed(lowering: Lowering, x: Any) -> Parts:
    """Something that brackets can follow."""
    parts = argument(lowering, x)
    return parts if isinstance(parts[0], Value) else ("(", *parts, ")")


def argument(lowering: Lowering, x: Any) -> Parts:
    """An argument, with nodes inside of lists, tuples and slices; by name if there is no text."""
    if isinstance(x, Node):
        return (lowering.of(x),)
    if isinstance(x, slice):
        return ("slice(", *listed(lowering, (x.start, x.stop, x.step)), ")")
    if type(x) is tuple:
        return ("(", *listed(lowering, x), ",)" if len(x) == 1 else ")")
    if type(x) is list:
        return ("[", *listed(lowering, x), "]")
    text = static_text(x)
    return (lowering.given(x, "argument"),) if text is None else (text,)


def listed(lowering: Lowering, xs: Any) -> Parts:
    """Arguments with commas in between."""
    parts: list[Part] = []
    for i, x in enumerate(xs):
        parts += [", "] if i else []
        parts += argument(lowering, x)
    return tuple(parts)


def index(lowering: Lowering, index: Any) -> Parts:
    """What stands in the brackets of x[...]."""
    entries = index if type(index) is tuple else (index,)
    parts: list[Part] = []
    for i, x in enumerate(entries):
        parts += [", "] if i else []
        if isinstance(x, slice):
            bounds = [() if y is None else argument(lowering, y) for y in (x.start, x.stop, x.step)]
            parts += [*bounds[0], ":", *bounds[1]]
            parts += [":", *bounds[2]] if x.step is not None else []
        else:
            parts += argument(lowering, x)
    if len(entries) == 1 and type(entries[0]) is tuple:
        parts.append(",")
    return tuple(parts) or ("()",)


def path_of(op: Any) -> str | None:
    """Where NumPy has a function; None if it is not NumPy's."""
    ufunc = getattr(op, "__self__", None)
    if isinstance(ufunc, np.ufunc):
        inner = path_of(ufunc)
        return None if inner is None else f"{inner}.{op.__name__}"
    name = getattr(op, "__name__", "")
    for module, holder in MODULES.items():
        if getattr(holder, name, None) is op:
            return f"{module}.{name}"
    return None
