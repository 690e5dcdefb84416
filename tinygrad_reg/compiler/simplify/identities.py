"""Operations that change nothing, or that another one undoes."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_reg.compiler.graph import Node, astype
from tinygrad_reg.compiler.simplify.building import (
    broadcast,
    call,
    finite,
    floating,
    inside,
    is_number,
    made_by,
    operation_of,
    uniform,
    zeros_are_positive,
)


def times_one(node: Node) -> Node | None:
    """x * 1 -> x."""
    a, b = node.args
    return a if is_number(b, 1) else b if is_number(a, 1) else None


def divided_by_one(node: Node) -> Node | None:
    """x / 1 -> x."""
    return node.args[0] if is_number(node.args[1], 1) else None


def plus_zero(node: Node) -> Node | None:
    """x + 0 -> x; x + 0.0, which makes 0.0 out of -0.0, only where x is never -0.0."""
    given: list[Node] = list(node.args)
    for zero, x in (given, given[::-1]):
        if is_number(zero, 0):
            deliberate = type(zero.value) is not int  # -0.0 + 0.0 is 0.0, by which one may divide
            return None if deliberate and not zeros_are_positive(x) else x
    return None


def minus_zero(node: Node) -> Node | None:
    """x - 0 -> x."""
    return node.args[0] if is_number(node.args[1], 0) else None


def zero_minus(node: Node) -> Node | None:
    """0 - x -> -x in derivatives; the learner's 0 - x stays, which is 0.0 where -x is -0.0."""
    if node.phase == "forward" or not is_number(node.args[0], 0):
        return None
    return call(np.negative, node.args[1])


def times_zero(node: Node) -> Node | None:
    """x * 0 -> 0 where x can be neither NaN nor infinite."""
    for zero, x in (node.args, node.args[::-1]):
        if is_number(zero, 0) and finite(x) and not node.weak:
            return uniform(0, node)
    return None


def power_of_one(node: Node) -> Node | None:
    """x ** 1 -> x."""
    return node.args[0] if is_number(node.args[1], 1) else None


def power_of_zero(node: Node) -> Node | None:
    """x ** 0 -> 1, as NumPy has it also for NaN."""
    return uniform(1, node) if is_number(node.args[1], 0) and not node.weak else None


def minus_minus(node: Node) -> Node | None:
    """-(-x) -> x."""
    given = made_by(node.args[0], np.negative)
    return given[0] if given else None


def minus_difference(node: Node) -> Node | None:
    """-(a - b) -> b - a in derivatives; where a is b, the one is -0.0 and the other 0.0."""
    given = made_by(node.args[0], np.subtract)
    return call(np.subtract, given[1], given[0]) if given and node.phase != "forward" else None


def plus_minus(node: Node) -> Node | None:
    """a + -b -> a - b."""
    a, b = node.args
    if given := made_by(b, np.negative):
        return call(np.subtract, a, given[0])
    if given := made_by(a, np.negative):
        return call(np.subtract, b, given[0])
    return None


def minus_minus_something(node: Node) -> Node | None:
    """a - -b -> a + b."""
    given = made_by(node.args[1], np.negative)
    return call(np.add, node.args[0], given[0]) if given else None


def positive(node: Node) -> Node | None:
    """+x -> x."""
    return node.args[0]  # type: ignore[no-any-return]


def times_minus_one(node: Node) -> Node | None:
    """x * -1 -> -x."""
    for minus_one, x in (node.args, node.args[::-1]):
        if is_number(minus_one, -1):
            return call(np.negative, x)
    return None


def sign_lost(node: Node) -> Node | None:
    """|-x| -> |x|, (-x)² -> x²."""
    if not floating(node):
        return None
    for op in (np.negative, np.absolute):
        if given := made_by(node.args[0], op):
            return call(operation_of(node), given[0])
    return None


def twice_the_same(node: Node) -> Node | None:
    """max(x, x) -> x."""
    return node.args[0] if node.args[0] is node.args[1] else None


def difference_of_the_same(node: Node) -> Node | None:
    """x - x -> 0 where x can be neither NaN nor infinite."""
    x, y = node.args
    return uniform(0, node) if x is y and finite(x) and not node.weak else None


def either_way(node: Node) -> Node | None:
    """where(condition, x, x) -> x."""
    if len(node.args) != 3 or node.args[1] is not node.args[2]:
        return None
    x = node.args[1]
    if type(x) is not Node or x.shape == node.shape:
        return x  # type: ignore[no-any-return]
    return broadcast(x, node.shape)


def same_dtype(node: Node) -> Node | None:
    """astype(x, dtype of x) -> x."""
    x = node.args[0]
    return x if type(x) is Node and x.dtype == node.dtype else None


def cast_of_number(node: Node) -> Node | None:
    """A cast of a number that NumPy does by itself: float64(1) * lambd beside an array."""
    for i, x in enumerate(node.args):
        weak = weak_inside(x)
        if weak is not None and another_has_dtype(node, x):
            args = (*node.args[:i], weak, *node.args[i + 1 :])
            return call(operation_of(node), *args)
    return None


def another_has_dtype(node: Node, number: Node) -> bool:
    """Whether another operand makes NumPy compute in the dtype of a number anyway."""
    return any(
        x is not number and not x.weak and np.promote_types(x.dtype, number.dtype) == x.dtype
        for x in node.args
        if x.kind != "number"
    )


def weak_inside(x: Node) -> Node | None:
    """The Python number that an operand has made a NumPy number of."""
    if x.shape or x.weak or x.kind != "operation":
        return None
    if x.op is astype:
        return x.args[0] if x.args[0].weak else None
    if x.op is np.multiply and inside(x) is not None:
        for one, y in (x.args, x.args[::-1]):
            if is_number(one, 1) and y.weak:
                return y  # type: ignore[no-any-return]
    return None


def python_number(node: Node) -> Node | None:
    """A NumPy number beside an array -> a Python number, where it is the same."""
    for i, x in enumerate(node.args):
        if isinstance(x.value, np.floating | np.integer) and another_has_dtype(node, x):
            replaced = Node("number", x.value.item())
            replaced.names = x.names
            args = (*node.args[:i], replaced, *node.args[i + 1 :])
            return call(operation_of(node), *args)
    return None


def uniform_operand(node: Node) -> Node | None:
    """An operand that is the same number everywhere -> the number."""
    for i, x in enumerate(node.args):
        if x.kind == "constant" and not x.names and x.size:
            value = uniform_value(x.value)
            if value is not None:
                return call(operation_of(node), *node.args[:i], value, *node.args[i + 1 :])
    return None


def uniform_value(array: Any) -> Any:
    """The number that all entries of an array are."""
    first = array.flat[0]
    if array.flat[-1] != first or not np.all(array.flat[:100] == first):
        return None
    if not np.all(array == first) or np.any(np.signbit(array) != np.signbit(first)):
        return None
    return first
