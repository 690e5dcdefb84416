"""Lines for operations that treat entries apart: y_i depends on x_i alone (with broadcasting).

A NaN among the arguments gives a NaN in the derivative wherever that depends on the argument.
"""

from __future__ import annotations

import operator
from math import copysign, factorial, inf, log, pi
from typing import Any

import numpy as np

from tinygrad_reg.derivatives.table import composition, constant, elementwise, linear
from tinygrad_reg.tensor import functions, plain, rules

REAL = (-inf, inf)
POSITIVE = (0, inf)
UNIT = (-1, 1)
TIES = {"a = b": "1/2 each", "NaN": "NaN, but 0 for the one that fmax and fmin ignore"}


def of_base(y: Any, x: Any, p: Any) -> Any:
    """∂(x^p)/∂x = p·x^(p-1), which is 0 for p = 0 also at x = 0."""
    if isinstance(p, int | float):
        return 2 * x if p == 2 else p * x ** (p - 1) if p else 0
    at_limit = (x == 0) & (p == 0)
    return np.where(at_limit, 0, p * x ** np.where(at_limit, 1, p - 1))


def of_exponent(y: Any, x: Any, p: Any) -> Any:
    """∂(x^p)/∂p = x^p·log x, which is 0 at x = 0 for p ≥ 0."""
    return y * np.log(np.where((x == 0) & (p >= 0), 1, x))


def larger(y: Any, a: Any, b: Any) -> Any:
    """The share of `a` in max(a, b): all, none, or half in a tie; NaN where there is no order."""
    return np.where(a == b, 0.5, np.where(np.isnan(y), np.nan, a > b))


def or_number(y: Any, share: Any, b: Any) -> Any:
    """The share in fmax and fmin, which prefer anything to a NaN."""
    return np.where(np.isnan(b) & ~np.isnan(y), 1, share)


def logistic_(x: Any) -> Any:
    """1 / (1 + e^-x), without overflow."""
    decay = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, decay) / (1 + decay)


def gap(a: Any, b: Any) -> Any:
    """a - b, also where both are the same infinity."""
    return np.where(np.isinf(a) & (a == b), 0, a - b)


def quotient(a: Any, b: Any, zero: Any) -> Any:
    """a / b, and 0 where `zero` says so, without dividing there."""
    return np.where(zero, 0, a / np.where(zero, 1, b))


def over(a: Any, y: Any) -> Any:
    """a / y for a norm y, with the subgradient 0 where the norm is 0."""
    return quotient(a, y, y == 0)


def direction(a: Any, b: Any) -> Any:
    """a / (a² + b²), with 0 at the origin, where there is no direction."""
    length = np.hypot(a, b)
    return over(over(a, length), length)


def sinc_derivative_(x: Any, n: int) -> Any:
    """The n-th derivative of sinc, n ≥ 1: a power series near 0, a recurrence away from it.

    n derivatives of πx·sinc x = sin πx are π·(x·sinc⁽ⁿ⁾ + n·sinc⁽ⁿ⁻¹⁾) = πⁿ·sin(πx + nπ/2).
    """
    u = pi * np.asarray(x, np.float64)
    is_small = np.abs(u) < n + 2
    first = (n + 1) // 2
    v = np.where(is_small, u, 0)
    near: Any = 0.0
    for k in range(first + 14 + 2 * n, first - 1, -1):
        near = near * v * v + (-1) ** k / ((2 * k + 1) * factorial(2 * k - n))
    near = near * v ** (2 * first - n)
    u = np.where(is_small, n + 2, u)
    far = np.sin(u) / u
    for k in range(1, n + 1):
        # sin(u + kπ/2) without rounding the angle
        wave = (np.sin, np.cos)[k % 2](u) * (1, 1, -1, -1)[k % 4]
        far = (wave - k * far) / u
    return (pi**n * np.where(is_small, near, far)).astype(x.dtype)[()]


# The nodes of a quadrature over a quarter of a circle. It is exact to rounding error for what is
# smooth and periodic, as long as I0 itself does not overflow.
COSINES = np.cos(pi * (np.arange(64) + 0.5) / 128).tolist()


def i0_derivative_(x: Any, n: int) -> Any:
    """The n-th derivative of I0: the mean of cosⁿθ·e^(x·cos θ) over the circle.

    Opposite points of the circle are taken together, so that all terms have the same sign.
    """
    together = np.sinh if n % 2 else np.cosh
    return sum(node**n * together(x * node) for node in COSINES) / len(COSINES)


def fraction_(x: Any) -> Any:
    """What follows the point, with the sign of x."""
    return np.modf(x)[0]


def inverse(b: Any) -> Any:
    """1 / b, which is infinite at 0 also where that is a Python number."""
    return 1 / b if not isinstance(b, int | float) or b else copysign(inf, b)


def mantissa_(x: Any) -> Any:
    """x divided by the power of two that brings it to between 1/2 and 1."""
    return np.frexp(x)[0]


logistic_ = elementwise(logistic_, lambda y, x: y * logistic_(-x))
sinc_derivative_ = elementwise(sinc_derivative_, lambda y, x, n: sinc_derivative_(x, n + 1), None)
i0_derivative_ = elementwise(i0_derivative_, lambda y, x, n: i0_derivative_(x, n + 1), None)
fraction_ = elementwise(fraction_, 1, kinks={"x whole": "jump; 1"})
mantissa_ = elementwise(mantissa_, lambda y, x: np.ldexp(np.ones_like(x), -np.frexp(plain(x))[1]))

# Arithmetic
elementwise(np.add, 1, 1)
elementwise(np.subtract, 1, -1)
elementwise(np.multiply, lambda y, a, b: b, lambda y, a, b: a)
elementwise(np.divide, lambda y, a, b: inverse(b), lambda y, a, b: -y / b, kinks={"b = 0": "none"})
elementwise(np.negative, -1)
elementwise(np.positive, 1)
for op in (np.power, operator.pow, np.float_power):
    elementwise(
        op,
        of_base,
        of_exponent,
        domain=[POSITIVE, REAL],
        kinks={
            "a = 0, b = 0": "0 in a",
            "a = 0, b >= 0": "0 in b",
            "a < 0": "b·a^(b-1) in a, none in b",
        },
    )
elementwise(np.square, lambda y, x: 2 * x)
elementwise(np.reciprocal, lambda y, x: -y * y, kinks={"x = 0": "none"})
# 0.5 / -0.0 would be -∞: adding 0.0 makes +0.0 of the root of -0.0.
elementwise(np.sqrt, lambda y, x: 0.5 / (y + 0.0), domain=POSITIVE, kinks={"x = 0": "∞, the limit"})
elementwise(np.cbrt, lambda y, x: 1 / (3 * y * y), kinks={"x = 0": "∞, the limit"})
elementwise(np.deg2rad, lambda y, x: pi / 180)
elementwise(np.radians, lambda y, x: pi / 180)
elementwise(np.rad2deg, lambda y, x: 180 / pi)
elementwise(np.degrees, lambda y, x: 180 / pi)

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
elementwise(np.expm1, lambda y, x: np.exp(x))
elementwise(np.log, lambda y, x: 1 / x, domain=POSITIVE)
elementwise(np.log2, lambda y, x: 1 / log(2) / x, domain=POSITIVE)
elementwise(np.log10, lambda y, x: 1 / log(10) / x, domain=POSITIVE)
elementwise(np.log1p, lambda y, x: 1 / (1 + x), domain=(-1, inf))
elementwise(
    np.logaddexp,
    lambda y, a, b: logistic_(gap(a, b)),
    lambda y, a, b: logistic_(gap(b, a)),
    kinks={"a = b = ±∞": "1/2"},
)
elementwise(
    np.logaddexp2,
    lambda y, a, b: logistic_(log(2) * gap(a, b)),
    lambda y, a, b: logistic_(log(2) * gap(b, a)),
    kinks={"a = b = ±∞": "1/2"},
)
elementwise(np.i0, lambda y, x: i0_derivative_(x, 1))

# Angles
elementwise(np.sin, lambda y, x: np.cos(x))
elementwise(np.cos, lambda y, x: -np.sin(x))
elementwise(np.tan, lambda y, x: 1 + y * y)
elementwise(np.sinc, lambda y, x: sinc_derivative_(x, 1))
elementwise(np.arcsin, lambda y, x: 1 / np.sqrt((1 - x) * (1 + x)), domain=UNIT)
elementwise(np.arccos, lambda y, x: -1 / np.sqrt((1 - x) * (1 + x)), domain=UNIT)
elementwise(np.arctan, lambda y, x: 1 / (1 + x * x))
elementwise(
    np.arctan2,
    lambda y, a, b: direction(b, a),
    lambda y, a, b: -direction(a, b),
    kinks={"a = b = 0": "0", "a = 0, b < 0": "jump; slope of the branch"},
)
elementwise(np.sinh, lambda y, x: np.cosh(x))
elementwise(np.cosh, lambda y, x: np.sinh(x))
elementwise(np.tanh, lambda y, x: 1 - y * y)
elementwise(np.arcsinh, lambda y, x: 1 / np.hypot(1, x))
elementwise(np.arccosh, lambda y, x: 1 / np.sqrt(x - 1) / np.sqrt(x + 1), domain=(1, inf))
elementwise(np.arctanh, lambda y, x: 1 / ((1 - x) * (1 + x)), domain=UNIT)
elementwise(np.unwrap, 1, kinks={"a step of half a period": "jump; slope of the branch"})

# Kinks. The subgradient of a norm at the origin is 0, and ties share equally.
elementwise(np.absolute, lambda y, x: np.sign(x), kinks={"x = 0": "0"})
elementwise(np.fabs, lambda y, x: np.sign(x), kinks={"x = 0": "0"})
elementwise(
    np.copysign,
    lambda y, a, b: np.sign(a) * np.copysign(1, plain(b)),
    0,
    kinks={"a = 0": "0 in a", "b = 0": "jump; 0 in b"},
)
elementwise(
    np.hypot, lambda y, a, b: over(a, y), lambda y, a, b: over(b, y), kinks={"a = b = 0": "0"}
)
elementwise(np.maximum, larger, lambda y, a, b: larger(y, b, a), kinks=TIES)
elementwise(np.minimum, lambda y, a, b: larger(y, b, a), larger, kinks=TIES)
elementwise(
    np.fmax,
    lambda y, a, b: or_number(y, larger(y, a, b), b),
    lambda y, a, b: or_number(y, larger(y, b, a), a),
    kinks=TIES,
)
elementwise(
    np.fmin,
    lambda y, a, b: or_number(y, larger(y, b, a), b),
    lambda y, a, b: or_number(y, larger(y, a, b), a),
    kinks=TIES,
)

# Jumps. Between them these are constant, or run with their argument.
elementwise(
    np.remainder,
    1,
    lambda y, a, b: -np.rint((a - y) / b),
    kinks={"a/b whole": "jump; slope of the branch"},
)
elementwise(
    np.fmod,
    1,
    lambda y, a, b: -np.rint((a - y) / b),
    kinks={"a/b whole": "jump; slope of the branch"},
)
elementwise(np.heaviside, 0, lambda y, a, b: a == 0, kinks={"a = 0": "jump; 0 in a, 1 in b"})
elementwise(np.nextafter, 1, 0, kinks={"a = b": "1 in a, 0 in b"})

# The parts of a number
elementwise(np.ldexp, lambda y, a, b: np.ldexp(np.ones_like(y), plain(b)), None)
elementwise(np.real, 1)
elementwise(np.real_if_close, 1)
elementwise(np.conjugate, 1)
elementwise(np.imag, 0)
elementwise(np.angle, 0, kinks={"x = 0": "jump; 0"})

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


@composition(np.nan_to_num)
def nan_to_num(x: Any, copy: bool = True, *args: Any, **kwargs: Any) -> Any:
    """NaN, ∞ and -∞ replaced by numbers, which have no derivative."""
    if not copy:
        raise TypeError(
            "np.nan_to_num cannot write into a tensor (copy=False): write t = np.nan_to_num(t)"
        )
    numbers = np.nan_to_num(plain(x), True, *args, **kwargs)
    return np.where(np.isfinite(plain(x)), x, numbers)


@composition(np.divmod)
def divide_with_remainder(a: Any, b: Any) -> Any:
    """The whole quotient, a plain array, and the remainder, a tensor."""
    return np.floor_divide(a, b), np.remainder(a, b)


@composition(np.modf)
def split_at_the_point(x: Any) -> Any:
    """What follows the point, a tensor, and what precedes it, a plain array."""
    return fraction_(x), np.modf(plain(x))[1]


@composition(np.frexp)
def mantissa_and_exponent(x: Any) -> Any:
    """x = mantissa · 2^exponent: a tensor and a plain array."""
    return mantissa_(x), np.frexp(plain(x))[1]


# Not here, since they take no real quantities: the ufuncs on bits, np.gcd, np.lcm and np.isnat.
constant(
    np.sign, np.floor_divide, np.floor, np.ceil, np.rint, np.trunc, np.signbit,
    np.round, np.around, np.fix, np.spacing,
    np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal,
    np.logical_and, np.logical_or, np.logical_xor, np.logical_not,
    np.isnan, np.isfinite, np.isinf, np.isneginf, np.isposinf, np.isreal, np.iscomplex,
    np.isrealobj, np.isclose, np.allclose, np.array_equal, np.array_equiv,
)  # fmt: skip
