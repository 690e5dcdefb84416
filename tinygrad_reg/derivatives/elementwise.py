"""Lines for operations that treat entries apart: y_i depends on x_i alone (with broadcasting)."""

from __future__ import annotations

import operator
from math import log
from typing import Any

import numpy as np

from tinygrad_reg.derivatives.table import composition, constant, elementwise, linear
from tinygrad_reg.tensor import functions, plain, rules


def of_base(y: Any, x: Any, p: Any) -> Any:
    """∂(x^p)/∂x = p·x^(p-1), which is 0 for p = 0 also at x = 0."""
    if type(p) is int or type(p) is float:
        return 2 * x if p == 2 else p * x ** (p - 1) if p else 0
    return np.where(p == 0, 0, p * x ** np.where(p == 0, 1, p - 1))


def of_exponent(y: Any, x: Any, p: Any) -> Any:
    """∂(x^p)/∂p = x^p·log x, which is 0 at x = 0 for p > 0."""
    return y * np.log(np.where(x == 0, 1, x))


def larger(a: Any, b: Any) -> Any:
    """The share of `a` in max(a, b): all, none, or half in a tie."""
    return np.where(a == b, 0.5, a > b)


def or_number(share: Any, b: Any) -> Any:
    """The share in fmax and fmin, which prefer anything to a NaN."""
    return np.where(np.isnan(b), 1, share)


def share_of_exp(a: Any, b: Any) -> Any:
    """exp(a) / (exp(a) + exp(b)), also where both are the same infinity."""
    return 1 / (1 + np.exp(np.where(np.isinf(a) & (a == b), 0, b - a)))


def over(a: Any, y: Any) -> Any:
    """a / y for a norm y, with the subgradient 0 where the norm is 0."""
    return np.where(y == 0, 0, a / np.where(y == 0, 1, y))


# Arithmetic
elementwise(np.add, 1, 1)
elementwise(np.subtract, 1, -1)
elementwise(np.multiply, lambda y, a, b: b, lambda y, a, b: a)
elementwise(np.divide, lambda y, a, b: 1 / b, lambda y, a, b: -y / b)
elementwise(np.negative, -1)
elementwise(np.positive, 1)
elementwise(np.power, of_base, of_exponent)
elementwise(operator.pow, of_base, of_exponent)
elementwise(np.square, lambda y, x: 2 * x)
elementwise(np.reciprocal, lambda y, x: -y * y)
elementwise(np.sqrt, lambda y, x: 0.5 / y)
elementwise(np.cbrt, lambda y, x: 1 / (3 * y * y))

# The infix operators compute the same as these ufuncs, and take a tenth of the time for numbers.
for ufunc, infix in (
    (np.add, operator.add),
    (np.subtract, operator.sub),
    (np.multiply, operator.mul),
    (np.divide, operator.truediv),
):
    rules[ufunc].op = infix

# Exponentials and logarithms
elementwise(np.exp, lambda y, x: y)
elementwise(np.exp2, lambda y, x: y * log(2))
elementwise(np.expm1, lambda y, x: y + 1)
elementwise(np.log, lambda y, x: 1 / x)
elementwise(np.log2, lambda y, x: 1 / (x * log(2)))
elementwise(np.log10, lambda y, x: 1 / (x * log(10)))
elementwise(np.log1p, lambda y, x: 1 / (1 + x))
elementwise(np.logaddexp, lambda y, a, b: share_of_exp(a, b), lambda y, a, b: share_of_exp(b, a))

# Angles
elementwise(np.sin, lambda y, x: np.cos(x))
elementwise(np.cos, lambda y, x: -np.sin(x))
elementwise(np.tan, lambda y, x: 1 + y * y)
elementwise(np.arcsin, lambda y, x: 1 / np.sqrt((1 - x) * (1 + x)))
elementwise(np.arccos, lambda y, x: -1 / np.sqrt((1 - x) * (1 + x)))
elementwise(np.arctan, lambda y, x: 1 / (1 + x * x))
elementwise(
    np.arctan2,
    lambda y, a, b: b / np.hypot(a, b) / np.hypot(a, b),
    lambda y, a, b: -a / np.hypot(a, b) / np.hypot(a, b),
)
elementwise(np.sinh, lambda y, x: np.cosh(x))
elementwise(np.cosh, lambda y, x: np.sinh(x))
elementwise(np.tanh, lambda y, x: 1 - y * y)
elementwise(np.arcsinh, lambda y, x: 1 / np.hypot(1, x))
elementwise(np.arccosh, lambda y, x: 1 / np.sqrt((x - 1) * (x + 1)))
elementwise(np.arctanh, lambda y, x: 1 / ((1 - x) * (1 + x)))

# Kinks. The subgradient of a norm at the origin is 0, and ties share equally.
elementwise(np.absolute, lambda y, x: np.sign(x))
elementwise(np.fabs, lambda y, x: np.sign(x))
elementwise(np.hypot, lambda y, a, b: over(a, y), lambda y, a, b: over(b, y))
elementwise(np.maximum, lambda y, a, b: larger(a, b), lambda y, a, b: larger(b, a))
elementwise(np.minimum, lambda y, a, b: larger(b, a), lambda y, a, b: larger(a, b))
elementwise(
    np.fmax,
    lambda y, a, b: or_number(larger(a, b), b),
    lambda y, a, b: or_number(larger(b, a), a),
)
elementwise(
    np.fmin,
    lambda y, a, b: or_number(larger(b, a), b),
    lambda y, a, b: or_number(larger(a, b), a),
)

linear(
    np.where,
    None,
    lambda cotangent, y, condition, a, b: np.where(condition, cotangent, 0),
    lambda cotangent, y, condition, a, b: np.where(condition, 0, cotangent),
    jointly=True,
)
choose = functions[np.where]


@composition(np.where)
def where(condition: Any, *options: Any) -> Any:
    """The entries of one option or the other; without options, where the condition holds."""
    return choose(condition, *options) if options else np.where(plain(condition))


@composition(np.clip)
def clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    """min(max(a, lower), upper); None is no bound. At a bound, half of the cotangent passes."""
    lower = a_min if min is None else min
    upper = a_max if max is None else max
    if lower is not None:
        a = np.maximum(a, lower)
    return a if upper is None else np.minimum(a, upper)


constant(
    np.sign, np.floor_divide, np.floor, np.ceil, np.rint, np.trunc, np.signbit,
    np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal,
    np.logical_and, np.logical_or, np.logical_xor, np.logical_not,
    np.isnan, np.isfinite, np.isinf, np.isclose, np.allclose, np.array_equal,
)  # fmt: skip
