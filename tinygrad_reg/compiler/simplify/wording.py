"""What a person would write, for programs to read."""

from __future__ import annotations

import operator
from fractions import Fraction
from typing import Any

import numpy as np

from tinygrad_reg.compiler.formulas import sigmoid
from tinygrad_reg.compiler.graph import Node, operation
from tinygrad_reg.compiler.simplify.building import (
    call,
    floating,
    inside,
    made_by,
    operation_of,
    unnamed_number,
)


def square(node: Node) -> Node | None:
    """x * x -> x**2."""
    x, y = node.args
    return call(operator.pow, x, 2) if x is y and floating(node) else None


def sigmoid_by_name(node: Node) -> Node | None:
    """1 / (1 + exp(-Z)) -> sigmoid(Z), 1 / (1 + exp(Z)) -> sigmoid(-Z)."""
    one, below = node.args
    terms = made_by(below, np.add)
    if not terms or not is_one(one):
        return None
    for term, power in (terms, terms[::-1]):
        exponent = made_by(power, np.exp)
        if exponent and is_one(term):
            minus = made_by(exponent[0], np.negative)
            Z = minus[0] if minus else call(np.negative, exponent[0])
            named = operation(sigmoid, Z, shape=node.shape, dtype=node.dtype)
            named.body = sigmoid_of(Z)
            return named
    return None


def is_one(x: Node) -> bool:
    """Whether an operand is the number 1."""
    return unnamed_number(x) and x.value == 1


def sigmoid_of(like: Node) -> tuple[list[Node], Node]:
    """The parameter and the result of the formula of a sigmoid."""
    Z = Node("input", shape=like.shape, dtype=like.dtype, weak=like.weak)
    return [Z], call(np.divide, 1, call(np.add, 1, call(np.exp, call(np.negative, Z))))


def penalty_last(node: Node) -> Node | None:
    """lambd / m * W + dZ @ X.T -> dZ @ X.T + lambd / m * W."""
    one, two = node.args
    if one.penalty and not two.penalty and one.kind == "operation":
        return call(np.add, two, one)
    return None


def derivative_first(node: Node) -> Node | None:
    """(1 - A**2) * dA -> dA * (1 - A**2)."""
    one, two = node.args
    if two.derivative_of is None or one.derivative_of is not None or not one.shape:
        return None
    if inside(one) is None or (two.op is np.matmul and not two.derivative_of[1].names):
        return None
    return call(np.multiply, two, one)


def whole_number(node: Node) -> Node | None:
    """2.0 * X -> 2 * X."""
    for i, x in enumerate(node.args):
        if unnamed_number(x) and type(x.value) is float and x.value in SMALL:
            args = (*node.args[:i], int(x.value), *node.args[i + 1 :])
            return call(operation_of(node), *args) if floating(node) else None
    return None


def fraction(node: Node) -> Node | None:
    """The number 0.05 that the mean of 20 entries is multiplied by -> 1 / 20."""
    kind: Any = type(node.value)
    if node.names or not issubclass(kind, float | np.floating):
        return None
    value = float(node.value)
    if not 1 / LONG < abs(value) < 1:
        return None
    above, below = 1 if value > 0 else -1, round(1 / abs(value))
    if kind(above) / below != node.value and len(repr(value)) >= MANY_DIGITS:
        exact = Fraction(value).limit_denominator(LONG)
        above, below = exact.numerator, exact.denominator
    if kind(above) / below != node.value or below < 3:
        return None
    return call(np.divide, above if kind is float else kind(above), below)


SMALL = range(-1000, 1001)
LONG = 1_000_000
MANY_DIGITS = 12


def number_first(node: Node) -> Node | None:
    """X * 2 -> 2 * X."""
    one, two = node.args
    if two.kind == "number" and one.shape:
        return call(np.multiply, two, one)
    return None
