"""What the rules are written with: calls as nodes, and questions about nodes.

A rule is a function of a node: it returns what the node can be replaced by, or None where it does
not apply. It looks at the operands through `inside`, so that what has a name stays a line of its
own, and it need not care about dtypes and shapes: a replacement that has others is not taken.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from tinygrad_reg.compiler.graph import INFIX, Node, Operation, number, operation

Rule = Callable[[Node], Node | None]

PYTHON = {"b": bool, "i": int, "u": int, "O": int, "f": float, "c": complex}
FLOAT = {np.dtype(np.float32), np.dtype(np.float64)}


class DifferentError(Exception):
    """NumPy refuses a call that a rule has thought of: the rule does not apply."""


# -- calls -----------------------------------------------------------------------------------------


def call(op: Operation, *args: Any) -> Node:
    """The node of a ufunc or an infix operator of nodes and numbers, as NumPy computes it."""
    nodes = tuple([x if type(x) is Node else number(x) for x in args])
    if op in INFIX and all(x.weak for x in nodes):
        dtype = weak_dtype(op, nodes)
        return operation(op, *nodes, shape=(), dtype=dtype, weak=True)
    dtype = dtype_of_ufunc(op, tuple([type_of(x) for x in nodes]))
    return operation(op, *nodes, shape=shape_of(nodes), dtype=dtype)


def operation_of(node: Node) -> Any:
    """The operation of a node that has one."""
    return node.op


def type_of(x: Node) -> Any:
    """What NumPy's promotion looks at: the dtype, or the type of a Python number."""
    return PYTHON[x.dtype.kind] if x.weak and x.dtype.kind != "b" else x.dtype


@cache
def dtype_of_ufunc(op: Any, types: tuple[Any, ...]) -> Any:
    """The dtype of the result of a ufunc."""
    ufunc = np.power if op is operator.pow else op
    try:
        return ufunc.resolve_dtypes((*types, *[None] * ufunc.nout))[len(types)]
    except TypeError as error:
        raise DifferentError from error


def weak_dtype(op: Operation, nodes: tuple[Node, ...]) -> Any:
    """The dtype that stands for the result of infix operators between Python numbers."""
    dtypes = {x.dtype for x in nodes}
    integers = all(x.kind in "iu" for x in dtypes)
    if op in (np.add, np.subtract, np.multiply, np.negative) and integers:
        return np.dtype(np.int64)
    if any(x.kind not in "iuf" for x in dtypes):
        raise DifferentError
    return np.dtype(np.float64)


def shape_of(nodes: tuple[Node, ...]) -> tuple[int, ...]:
    """The common shape of operands."""
    shapes = {x.shape for x in nodes} - {()}
    if len(shapes) < 2:
        return shapes.pop() if shapes else ()
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError as error:
        raise DifferentError from error


def reshaped(x: Node, shape: tuple[int, ...]) -> Node:
    """The node of `np.reshape`."""
    return operation(np.reshape, x, shape, shape=shape, dtype=x.dtype)


def broadcast(x: Node, shape: tuple[int, ...]) -> Node:
    """The node of `np.broadcast_to`."""
    return operation(np.broadcast_to, x, shape, shape=shape, dtype=x.dtype)


def transposed(x: Node, axes: tuple[int, ...]) -> Node:
    """The node of `np.transpose`."""
    shape = tuple([x.shape[axis] for axis in axes])
    if axes == tuple(reversed(range(len(axes)))):
        return operation(np.transpose, x, shape=shape, dtype=x.dtype)
    return operation(np.transpose, x, axes, shape=shape, dtype=x.dtype)


def summed(x: Node, axes: tuple[int, ...], keepdims: bool = False, op: Operation = np.sum) -> Node:
    """The node of `np.sum`, or another reduction, of floating entries along some axes."""
    kept = [1 if axis in axes else n for axis, n in enumerate(x.shape)]
    shape = tuple(kept if keepdims else [n for i, n in enumerate(kept) if i not in axes])
    keywords: dict[str, Any] = {}
    if len(axes) < x.ndim:
        keywords["axis"] = axes[0] if len(axes) == 1 else axes
    if keepdims and axes:
        keywords["keepdims"] = True
    return operation(op, x, shape=shape, dtype=x.dtype, **keywords)


def uniform(x: Any, node: Node) -> Node:
    """A number everywhere, in the shape and dtype of a node."""
    value = number(node.dtype.type(x))
    return broadcast(value, node.shape) if node.shape else value


# -- questions -------------------------------------------------------------------------------------


def inside(x: Any) -> Any:
    """An operand whose own operands a rule may look at, else None.

    What has a name stays as it is. So does the derivative of what has a name, unless it is the
    same number everywhere.
    """
    if type(x) is not Node or x.kind != "operation" or x.names:
        return None
    if x.derivative_of is not None and x.shape and x.derivative_of[1].names:
        return x if x.op is np.broadcast_to and x.args[0].shape == () else None
    return x


def made_by(x: Any, op: Operation) -> tuple[Any, ...] | None:
    """The arguments of an operand that is a plain call of `op` without a name."""
    if type(x) is Node and x.op is op and not x.kwargs and inside(x) is not None:
        return x.args
    return None


def is_number(x: Node, value: Any) -> bool:
    """Whether an operand is this number, without a name."""
    return x.kind == "number" and x.value == value and not x.names


def is_scalar(x: Any) -> bool:
    """Whether an operand is a number, known or not."""
    return type(x) is Node and x.shape == ()


def floating(node: Node) -> bool:
    """Whether a node has float32 or float64 entries, not being a Python number."""
    return node.dtype in FLOAT and not node.weak


def unnamed_number(x: Any) -> bool:
    """Whether an operand is a known number that the learner gave no name."""
    return type(x) is Node and x.kind == "number" and not x.names


def may_raise(x: Node) -> bool:
    """Whether Python would raise where it divides by an operand that is 0, and NumPy would not."""
    return x.weak and x.kind != "number"


def axes_of(node: Node, op: Operation = np.sum) -> tuple[tuple[int, ...], bool] | None:
    """The axes of a plain reduction of floating entries, ascending, and whether they are kept."""
    if node.op is not op or len(node.args) > 2 or not node.kwargs.keys() <= {"axis", "keepdims"}:
        return None
    x = node.args[0]
    axis = node.args[1] if len(node.args) == 2 else node.kwargs.get("axis")
    if type(x) is not Node or x.dtype != node.dtype or not floating(x):
        return None
    return all_axes(axis, x.ndim), node.kwargs.get("keepdims") is True


def all_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """Axes as NumPy takes them, as a tuple in ascending order."""
    if axis is None or ndim == 0:  # NumPy takes axis=0 for a single number, too
        return tuple(range(ndim))
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    return tuple(sorted([operator.index(i) % ndim for i in axes]))


def permutation(node: Any) -> tuple[int, ...] | None:
    """The order of axes of a transposition."""
    if type(node) is not Node or node.kind != "operation" or type(node.args[0]) is not Node:
        return None
    ndim = node.args[0].ndim
    if node.op is np.transpose and len(node.args) + len(node.kwargs) < 3:
        axes = node.args[1] if len(node.args) == 2 else node.kwargs.get("axes")
        if axes is None:
            return tuple(reversed(range(ndim)))
        axes = axes if isinstance(axes, tuple | list) else (axes,)
        if any(type(i) is Node for i in axes):
            return None
        return tuple([operator.index(i) % ndim for i in axes])
    if node.op is np.swapaxes and len(node.args) == 3 and ndim:
        order = list(range(ndim))
        one, two = node.args[1] % ndim, node.args[2] % ndim
        order[one], order[two] = order[two], order[one]
        return tuple(order)
    return None


def finite(x: Any, depth: int = 4) -> bool:
    """Whether no entry can be NaN or infinite, whatever the inputs are."""
    if type(x) is not Node:
        return False
    if x.dtype.kind in "biu":
        return True
    if x.kind in ("number", "constant"):
        return x.size < 10_000 and bool(np.all(np.isfinite(x.value)))
    if x.kind == "input" or not depth or x.op not in FINITE:
        return False
    given = x.args[1:] if x.op is np.where else x.args[:1] if x.op in VIEWS else x.args
    return all(is_finite_number(y) or finite(y, depth - 1) for y in given)


def is_finite_number(x: Any) -> bool:
    """Whether an argument is a plain number, and neither NaN nor infinite."""
    return isinstance(x, int | float | np.generic) and bool(np.isfinite(x))


VIEWS = {np.transpose, np.reshape, np.broadcast_to}


# Finite where the operands are.
FINITE = {
    np.negative, np.positive, np.absolute, np.sign, np.tanh, np.sin, np.cos, np.arctan,
    np.maximum, np.minimum, np.where, *VIEWS,
}  # fmt: skip


def zeros_are_positive(x: Node, depth: int = 4) -> bool:
    """Whether no entry can be -0.0: a sum is if all terms are, NumPy's begins at 0.0."""
    if x.kind != "operation":
        return x.kind == "number" and not str(x.value).startswith("-")
    if x.op in NEVER_MINUS_ZERO:
        return x.kwargs.keys() <= {"axis", "keepdims", "ddof"}
    if x.op in (operator.pow, np.power):
        return is_number(x.args[1], 2)
    if x.op is np.add and depth:
        return any(zeros_are_positive(y, depth - 1) for y in x.args)
    return depth > 0 and x.op in (np.sqrt, *VIEWS) and zeros_are_positive(x.args[0], depth - 1)


NEVER_MINUS_ZERO = {np.sum, np.exp, np.square, np.absolute, np.var}
