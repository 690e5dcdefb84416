"""Operations that treat entries alike and apart, writing into memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_reg.compiler.fast.calls import argument, infix
from tinygrad_reg.compiler.fast.values import FLOATS, Part, Value
from tinygrad_reg.compiler.graph import INFIX, Node

if TYPE_CHECKING:
    from tinygrad_reg.compiler.fast.lowering import Lowering

__all__ = ["chosen", "converted", "operator_of_numbers", "power", "ufunc", "write"]

# With these, a Python number stands for a number of the arrays' own dtype.
ARITHMETIC = {
    np.add, np.subtract, np.multiply, np.divide, np.floor_divide, np.remainder, np.power,
    np.maximum, np.minimum, np.fmax, np.fmin, np.hypot, np.arctan2, np.logaddexp, np.copysign,
    np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal,
}  # fmt: skip
LARGEST = float(np.finfo(np.float32).max)


def operator_of_numbers(lowering: Lowering, node: Node) -> bool:
    """An operator between numbers, which is quicker than a call."""
    if node.kwargs or node.op not in INFIX or any(x.shape for x in node.args):
        return False
    lowering.scalar(node, infix(lowering, node))
    return True


def ufunc(lowering: Lowering, node: Node) -> bool:
    """A ufunc that writes into memory."""
    op: Any = node.op
    if node.kwargs or not node.shape or op.nout != 1 or op.signature is not None:
        return False
    given = operands_of(lowering, node)
    write(lowering, op, given, lowering.memory(node))
    return True


def power(lowering: Lowering, node: Node) -> bool:
    """x**p, which is the ufunc unless both could be Python's."""
    x, p = node.args
    if not node.shape:
        return False
    if p.kind == "number" and p.weak and p.value == 2 and x.dtype == node.dtype in FLOATS:
        write(lowering, np.square, [lowering.of(x)], lowering.memory(node))
        return True
    like = Node("operation", None, np.power, node.args, shape=node.shape, dtype=node.dtype)
    given = operands_of(lowering, like)
    write(lowering, np.power, given, lowering.memory(node))
    return True


def write(lowering: Lowering, op: Any, given: list[Part], out: Value) -> None:
    """The step of a ufunc."""
    parts: list[Part] = [lowering.function(op), "("]
    for x in given:
        parts += [x, ", "]
    parts += ["out="] if op in (np.maximum, np.minimum) else []  # NumPy insists, with these two
    lowering.step(*parts, out, ")", out=out, in_place=tuple(given), entries=out.shape)


def operands_of(lowering: Lowering, node: Node) -> list[Part]:
    """The operands of a ufunc: without broadcasts that it does by itself, numbers as arrays."""
    args = list(node.args)
    for i, x in enumerate(args):
        if x.op is np.broadcast_to and isinstance(x.args[0], Node) and not x.args[0].weak:
            others = [y.shape for j, y in enumerate(args) if j != i]
            if np.broadcast_shapes(x.args[0].shape, *others) == node.shape and any(others):
                args[i] = x.args[0]
    dtypes = {np.dtype(x.dtype) for x in args if not x.weak}
    return [operand(lowering, node.op, x, dtypes) for x in args]


def operand(lowering: Lowering, op: Any, x: Node, dtypes: set[Any]) -> Part:
    """An operand of a ufunc next to arrays of some dtypes."""
    if x.kind != "number":
        return lowering.of(x)
    if not x.weak:
        return lowering.number_array(x.value, x.dtype)
    is_real = type(x.value) in (int, float) and abs(x.value) < LARGEST
    if is_real and op in ARITHMETIC and len(dtypes) == 1 and dtypes <= {*FLOATS}:
        return lowering.number_array(x.value, *dtypes)
    return lowering.of(x)


def chosen(lowering: Lowering, node: Node) -> bool:
    """np.where: one operand copied over the other where the condition holds."""
    if len(node.args) != 3 or node.kwargs or not node.shape:
        return False
    condition, a, b = node.args
    if not isinstance(condition, Node) or condition.dtype != bool or not condition.shape:
        return False
    given = [argument(lowering, x) for x in (a, b)]
    if any(len(parts) != 1 for parts in given):
        return False
    (here,), (there,) = given
    out = lowering.memory(node)
    about: dict[str, Any] = {"out": out, "entries": out.shape}
    lowering.step(out, "[...] = ", there, in_place=(there,), copy=True, **about)
    copyto = lowering.function(np.copyto)
    mask = lowering.of(condition)
    lowering.step(copyto, "(", out, ", ", here, ", 'unsafe', ", mask, ")", **about)
    return True


def converted(lowering: Lowering, node: Node) -> bool:
    """An array in another dtype."""
    x = node.args[0]
    if not isinstance(x, Node) or not x.shape:
        return False
    value = lowering.of(x)
    out = lowering.memory(node)
    about: dict[str, Any] = {"out": out, "entries": out.shape}
    lowering.step(out, "[...] = ", value, in_place=(value,), copy=True, **about)
    return True
