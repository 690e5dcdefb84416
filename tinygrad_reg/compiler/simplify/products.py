"""Products and quotients: all numbers in them gathered, so that an array is multiplied once.

A product is taken apart into a fraction of known numbers, other scalars above and below the line,
and what is left of the arrays; and put together again, if that takes fewer operations.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_reg.compiler.graph import Node, number
from tinygrad_reg.compiler.simplify.building import (
    call,
    floating,
    inside,
    made_by,
    unnamed_number,
)

DEEP = 3  # products in products in products
MANY = 8  # factors
LARGE = 1e30  # fits float32
PRODUCTS = (np.multiply, np.divide, np.negative)


class Product:
    """above · scalars / (below · under) · arrays: what a product is made of."""

    def __init__(self, node: Node) -> None:
        self.above: Any = 1  # known numbers without a name
        self.below: Any = 1
        self.scalars: list[Node] = []
        self.under: list[Node] = []
        self.operations = 0  # that it takes on scalars
        self.on_arrays = 0  # and on arrays
        self.on_arrays_alone = 0  # of these, those that are left without the scalars
        self.mixed = False  # with arrays or scalars of another precision
        self.may_raise = False  # if NumPy's quotients became those of Python numbers
        self.dtype, self.weak = node.dtype, node.weak
        self.arrays = self.take_apart(node, False, DEEP)

    def factor(self, x: Node, inverse: bool, depth: int) -> Node | None:
        """Take a factor apart, and return what is left of its arrays."""
        opened = inside(x) if depth else None
        if opened is not None and worth_opening(opened, depth):
            return self.take_apart(opened, inverse, depth - 1)
        if not x.weak and x.dtype != self.dtype:
            self.mixed = True
        if x.shape:
            return x
        if unnamed_number(x) and type(x.value) is not bool:
            self.times_number(x.value, inverse)
        else:
            (self.under if inverse else self.scalars).append(x)
        return None

    def take_apart(self, node: Node, inverse: bool, depth: int) -> Node | None:
        """Take a product apart, and return what is left of its arrays."""
        if node.shape:
            self.on_arrays += 1
        else:
            self.operations += 1
        if node.op is np.negative:
            self.above = -self.above
            return self.factor(node.args[0], inverse, depth)
        divides = node.op is np.divide
        if divides and not node.weak and not node.args[1].shape:
            self.may_raise |= node.args[1].kind != "number"
        one = self.factor(node.args[0], inverse, depth)
        two = self.factor(node.args[1], inverse != divides, depth)
        if one is None or two is None:
            return one or two
        self.on_arrays_alone += 1
        if one is node.args[0] and two is node.args[1]:
            return node
        return call(np.divide if divides else np.multiply, one, two)

    def times_number(self, value: Any, inverse: bool) -> None:
        """Multiply by a known number, or divide by it."""
        if isinstance(value, np.generic):
            value = value.item()
        if inverse:
            self.below = self.below * value
        else:
            self.above = self.above * value

    @property
    def moderate(self) -> bool:
        """Whether there are few factors, and known numbers that are neither 0 nor extreme."""
        return len(self.scalars) + len(self.under) <= MANY and all(
            1 / LARGE < abs(x) < LARGE for x in (self.above, self.below)
        )

    def reduce(self) -> None:
        """Cancel what the known numbers have in common, and leave 2 / 30 as it is."""
        if not self.weak:
            self.above, self.below = whole(self.above), whole(self.below)
        if type(self.above) is not int or type(self.below) is not int:
            if self.above % self.below == 0:
                self.divide()
            return
        common = math.gcd(self.above, self.below)
        if common == abs(self.below) or self.scalars or self.under:
            self.above, self.below = self.above // common, self.below // common

    def divide(self) -> None:
        """Compute the fraction of the known numbers."""
        if self.below != 1:
            self.above, self.below = self.above / self.below, 1

    def must_divide(self, above: list[Node], below: list[Node]) -> bool:
        """Whether Python would raise for a fraction above / 0 that NumPy has not computed so."""
        return self.may_raise and bool(below) and all(x.weak for x in (*above, *below))

    def sides(self) -> tuple[list[Node], list[Node]]:
        """The scalars above and below the line."""
        if self.below < 0:
            self.above, self.below = -self.above, -self.below
        above = [*([] if self.above == 1 else [number(self.above)]), *self.scalars]
        below = [*([] if self.below == 1 else [number(self.below)]), *self.under]
        return above, below


def whole(x: Any) -> Any:
    """2 for 2.0, which is the same beside an array."""
    return int(x) if x in range(-1000, 1001) else x


def worth_opening(node: Node, depth: int) -> bool:
    """Whether a factor is a product with a scalar in it."""
    if node.op not in PRODUCTS or node.kwargs:
        return False
    if not node.shape or node.op is np.negative:
        return True
    if node.op is np.divide and not node.args[0].shape:
        return False  # a reciprocal
    return any(
        not x.shape or (depth > 1 and inside(x) and worth_opening(x, depth - 1)) for x in node.args
    )


def product_of(node: Node) -> Product | None:
    """The product that a node is, if it is one of floating entries with a scalar in it."""
    if not (node.weak or floating(node)) or not worth_opening(node, DEEP + 1):
        return None
    try:
        product = Product(node)
    except ArithmeticError:
        return None
    return product if product.moderate and not product.mixed else None


def product_to_read(node: Node) -> Node | None:
    """2 * (lambd / (2 * m)) * W -> lambd / m * W, 1 / m * Z -> Z / m."""
    product = product_of(node)
    if product is None:
        return None
    product.reduce()
    above, below = product.sides()
    if product.arrays is None:
        return scalar_product(product, above, below)
    divided = not above or product.must_divide(above, below)
    operations = max(0, len(above) - 1) + max(0, len(below) - 1)
    operations += 1 if below and not divided else 0
    on_arrays = product.on_arrays_alone + on_arrays_for(above, below, divided)
    if (on_arrays, operations) >= (product.on_arrays, product.operations):
        return None
    return scaled(product.arrays, above, below, divided)


def product_to_run(node: Node) -> Node | None:
    """c * (d * W) -> (c * d) * W, also through quotients and signs; W / 20 -> 0.05 * W."""
    product = product_of(node)
    if product is None:
        return None
    product.divide()
    if not 1 / LARGE < abs(product.above) < LARGE:
        return None
    above, below = product.sides()
    if product.arrays is None:
        return scalar_product(product, above, below)
    divided = not above or product.must_divide(above, below)
    on_arrays = product.on_arrays_alone + on_arrays_for(above, below, divided)
    by_known_number = node.op is np.divide and unnamed_number(node.args[1])
    if on_arrays >= product.on_arrays + by_known_number:
        return None
    return scaled(product.arrays, above, below, divided)


def on_arrays_for(above: list[Node], below: list[Node], divided: bool) -> int:
    """How many operations on arrays it takes to multiply by a fraction."""
    if divided:
        return (1 if above else 0) + (1 if below else 0)
    return 1 if above or below else 0


def scalar_product(product: Product, above: list[Node], below: list[Node]) -> Node | None:
    """The node of a product of scalars, if that takes fewer operations than it did."""
    operations = max(0, len(above) - 1) + len(below)
    if operations >= product.operations or product.must_divide(above, below):
        return None
    return fraction(above, below)


def scaled(arrays: Node, above: list[Node], below: list[Node], divided: bool) -> Node:
    """Arrays times above / below: times the fraction, or times the one and by the other."""
    if divided:
        upper = scaled(arrays, above, [], False)
        return call(np.divide, upper, multiplied(below)) if below else upper
    if not above and not below:
        return arrays
    return call(np.multiply, fraction(above, below), arrays)


def fraction(above: list[Node], below: list[Node]) -> Node:
    """The node of above / below."""
    upper = multiplied(above) if above else number(1)
    return call(np.divide, upper, multiplied(below)) if below else upper


def multiplied(nodes: list[Node]) -> Node:
    """Some nodes multiplied, from left to right."""
    result = nodes[0]
    for x in nodes[1:]:
        result = call(np.multiply, result, x)
    return result


def common_factor(node: Node) -> Node | None:
    """c * x + c * y -> c * (x + y), x / c - y / c -> (x - y) / c for scalars c."""
    if not node.shape or node.args[0].penalty != node.args[1].penalty:
        return None
    one, two = [product_of(x) if inside(x) else None for x in node.args]
    if one is None or two is None or one.arrays is None or two.arrays is None:
        return None
    if one.arrays.shape != node.shape or two.arrays.shape != node.shape:
        return None
    if one.scalars != two.scalars or one.under != two.under:
        return None
    ratio = one.above * two.below / (two.above * one.below)
    alone = one.on_arrays_alone + two.on_arrays_alone
    if abs(ratio) != 1 or alone + 1 >= one.on_arrays + two.on_arrays:
        return None
    op = np.add if (ratio > 0) == (node.op is np.add) else np.subtract
    one.reduce()
    above, below = one.sides()
    divided = not above or one.must_divide(above, below)
    return scaled(call(op, one.arrays, two.arrays), above, below, divided)


def times_reciprocal(node: Node) -> Node | None:
    """x * (c / y) -> c * x / y where c is 1, or x is a number as well."""
    for x, other in (node.args, node.args[::-1]):
        given = made_by(other, np.divide)
        if given and given[0].shape == () and floating(node) and given[1].dtype == node.dtype:
            if unnamed_number(given[0]) and given[0].value == 1:
                return call(np.divide, x, given[1])
            if x.shape == () and given[1].shape:
                return call(np.divide, call(np.multiply, x, given[0]), given[1])
    return None


def divided_by_quotient(node: Node) -> Node | None:
    """x / (a / y) -> x * y where a is 1."""
    x, other = node.args
    given = made_by(other, np.divide)
    if given and unnamed_number(given[0]) and given[0].value == 1 and floating(node):
        return call(np.multiply, x, given[1])
    return None
