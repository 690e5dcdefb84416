"""Sums and differences: what is added several times is multiplied instead."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_reg.compiler.graph import Node, number
from tinygrad_reg.compiler.simplify.building import (
    call,
    floating,
    inside,
    made_by,
    may_raise,
    operation_of,
    unnamed_number,
)

SUMS = (np.add, np.subtract)
DEEP = 3  # sums in sums in sums


def twice(node: Node) -> Node | None:
    """x + x -> 2 * x."""
    x, y = node.args
    return call(np.multiply, 2, x) if x is y and floating(node) else None


def multiples_together(node: Node) -> Node | None:
    """a * x + b * x -> (a + b) * x for numbers a and b, also where one of them is 1."""
    if not node.shape or not floating(node):
        return None
    (a, x), (b, y) = multiple(node.args[0]), multiple(node.args[1])
    if x is not y:
        return None
    if unnamed_number(a) and unnamed_number(b) and node.op(a.value, b.value) == 0:  # type: ignore[misc]
        return None
    return call(np.multiply, call(operation_of(node), a, b), x)


def multiple(x: Node) -> tuple[Node, Node]:
    """An operand as a number times an array."""
    if given := made_by(x, np.multiply):
        for factor, array in (given, given[::-1]):
            if factor.shape == () and array.shape:
                return factor, array
    if given := made_by(x, np.negative):
        return number(-1), given[0]
    given = made_by(x, np.divide)
    if given and given[0].shape and given[1].shape == () and not may_raise(given[1]):
        return call(np.divide, 1, given[1]), given[0]
    return number(1), x


def terms_together(node: Node) -> Node | None:
    """(a * x + y) - b * x -> (a - b) * x + y for known numbers a and b."""
    if not node.shape or not floating(node):
        return None
    terms: list[tuple[Any, Node]] = []
    gather_both(node, 1, DEEP, terms)
    together: dict[int, tuple[Any, Node]] = {}
    for factor, x in terms:
        before = together.get(id(x))
        together[id(x)] = (factor + before[0] if before else factor), x
    if len(together) == len(terms) or not all(factor for factor, _ in together.values()):
        return None
    result: Node | None = None
    for factor, x in together.values():
        result = plus(result, factor, x)
    return result


def gather_both(total: Node, factor: Any, depth: int, terms: list[tuple[Any, Node]]) -> None:
    """Add the terms of both operands of a sum or difference."""
    gather(total.args[0], factor, depth - 1, terms)
    sign = -1 if total.op is np.subtract else 1
    gather(total.args[1], sign * factor, depth - 1, terms)


def gather(x: Node, factor: Any, depth: int, terms: list[tuple[Any, Node]]) -> None:
    """Add the terms of a sum, each with the known number that it is multiplied by."""
    opened = inside(x) if depth else None
    if opened is not None and opened.op in SUMS and not opened.kwargs:
        gather_both(opened, factor, depth, terms)
        return
    a, array = multiple(x)
    if unnamed_number(a):
        terms.append((a.value * factor, array))
    else:
        terms.append((factor, x))


def plus(total: Node | None, factor: Any, x: Node) -> Node:
    """total + factor * x."""
    if total is None:
        return x if factor == 1 else call(np.multiply, factor, x)
    term = x if abs(factor) == 1 else call(np.multiply, abs(factor), x)
    return call(np.add if factor > 0 else np.subtract, total, term)


def distributed(node: Node) -> Node | None:
    """a * (b * x + c * y) -> (a * b) * x + (a * c) * y for numbers."""
    if not floating(node) or not node.shape:
        return None
    for factor, total in (node.args, node.args[::-1]):
        opened = inside(total)
        if factor.shape != () or opened is None or opened.op not in SUMS or opened.kwargs:
            continue
        (a, x), (b, y) = multiple(opened.args[0]), multiple(opened.args[1])
        known = unnamed_number(a) and unnamed_number(b) and 1 not in (abs(a.value), abs(b.value))
        if known:
            one = call(np.multiply, call(np.multiply, factor, a), x)
            two = call(np.multiply, call(np.multiply, factor, b), y)
            return call(operation_of(opened), one, two)
    return None
