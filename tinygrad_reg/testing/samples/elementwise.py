"""What operations that treat entries apart are called with."""

import operator

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_reg.testing.samples.layouts import (
    ABOVE_ONE,
    POSITIVE,
    REAL,
    UNIT,
    Case,
    fixed,
    together,
    with_keywords,
)


@st.composite
def choosable(draw, smallest):
    """A condition and two alternatives that broadcast together."""
    found = draw(
        hnp.mutually_broadcastable_shapes(num_shapes=3, max_dims=3, min_side=smallest, max_side=3)
    )
    condition, *shapes = found.input_shapes
    random = np.random.default_rng(draw(st.integers(0, 999)))
    return tuple(shapes), {"condition": random.random(condition) < 0.5}


def unary(domain, *ops):
    return [Case(f"np.{op.__name__}", op, together(1), (domain,), op) for op in ops]


def binary(domains, *ops):
    return [Case(f"np.{op.__name__}", op, together(2), domains, op) for op in ops]


def infix(symbol, op, domains):
    """An operator between tensors, and with numbers and arrays on either side."""
    constants = {
        "2": 2,
        "3.0": 3.0,
        "True": True,
        "np.float32": np.float32(1.5),
        "np.float64": np.float64(1.5),
        "np.int64": np.int64(2),
        "an array": np.array([[1.5], [2.5]]),
        "a float32 array": np.array([1.5, 0.5, 2.5], np.float32),
        "an array of integers": np.array([[2, 1, 3]]),
        "a 0-d array": np.array(2.5),
    }
    layout = fixed((((2, 3),), {}), (((1,),), {}), (((),), {}), (((4, 2, 1),), {}))
    cases = [Case(f"x {symbol} y", op, together(2), domains, op)]
    for name, c in constants.items():
        # The local derivative is computed from a float32 constant in float32.
        tolerance = 1e-6 if "float32" in name else 1e-7
        cases += [
            Case(
                f"x {symbol} {name}", lambda x, c=c: op(x, c), layout, domains[:1], op, tolerance, 6
            ),
            Case(
                f"{name} {symbol} x", lambda x, c=c: op(c, x), layout, domains[1:], op, tolerance, 6
            ),
        ]
    return cases


QUOTIENT_OF_TWO = ((4.3, 5.8), (2.02, 2.12))

CASES = [
    *infix("+", operator.add, (REAL, REAL)),
    *infix("-", operator.sub, (REAL, REAL)),
    *infix("*", operator.mul, (REAL, REAL)),
    *infix("/", operator.truediv, (POSITIVE, POSITIVE)),
    *infix("**", operator.pow, (POSITIVE, REAL)),
    Case("-x", operator.neg, together(1), (REAL,), operator.neg),
    Case("+x", operator.pos, together(1), (REAL,), operator.pos),
    Case("abs(x)", abs, together(1), (REAL,), abs),
    *[
        Case(f"x ** {p}", lambda x, p=p: x**p, together(1), (REAL,), operator.pow)
        for p in (0, 1, 3, -1, -2)
    ],
    Case("x ** 0.5", lambda x: x**0.5, together(1), (POSITIVE,), operator.pow),
    Case(
        "x ** an array of integers",
        lambda x: np.power(x, np.array([0, 1, 2, 3, -1])),
        fixed((((5,),), {}), (((2, 1),), {})),
        (REAL,),
        np.power,
    ),
    *binary((REAL, REAL), np.add, np.subtract, np.multiply, np.maximum, np.minimum),
    *binary((REAL, REAL), np.fmax, np.fmin, np.logaddexp, np.hypot, np.arctan2),
    *binary((REAL, POSITIVE), np.divide),
    *binary((POSITIVE, REAL), np.power),
    *unary(REAL, np.negative, np.positive, np.exp, np.exp2, np.expm1, np.square, np.cbrt),
    *unary(REAL, np.sin, np.cos, np.arctan, np.sinh, np.cosh, np.tanh, np.arcsinh),
    *unary(REAL, np.absolute, np.fabs),
    *unary(POSITIVE, np.reciprocal, np.sqrt, np.log, np.log2, np.log10, np.log1p),
    *unary(UNIT, np.tan, np.arcsin, np.arccos, np.arctanh),
    *unary(ABOVE_ONE, np.arccosh),
    *unary(REAL, np.deg2rad, np.rad2deg, np.degrees, np.radians, np.sinc, np.i0),
    *unary(REAL, np.real, np.imag, np.conjugate, np.real_if_close, np.angle, np.nan_to_num),
    *binary((REAL, REAL), np.logaddexp2, np.copysign, np.heaviside, np.nextafter),
    *binary((POSITIVE, REAL), np.float_power),
    *binary(QUOTIENT_OF_TWO, np.remainder, np.fmod),
    *[
        Case(f"{op.__name__} of {name}", call, together(2), QUOTIENT_OF_TWO, op, tries=6)
        for op in (np.remainder, np.fmod)
        for name, call in {
            "-x and y": lambda x, y, op=op: op(-x, y),
            "x and -y": lambda x, y, op=op: op(x, -y),
            "5 and y": lambda x, y, op=op: op(5, y) * x,
        }.items()
    ],
    Case("x % y", operator.mod, together(2), QUOTIENT_OF_TWO, operator.mod),
    Case("5 % y", lambda y: 5 % y, together(1), QUOTIENT_OF_TWO[1:], operator.mod, tries=6),
    Case(
        "np.divmod",
        lambda x, y: np.divmod(x, y)[1],
        together(2),
        QUOTIENT_OF_TWO,
        np.divmod,
        tries=6,
    ),
    Case("divmod", lambda x, y: divmod(x, y)[1], together(2), QUOTIENT_OF_TWO, divmod, tries=6),
    Case("np.modf", lambda x: np.modf(x)[0], together(1), ((-1.9, -1.1),), np.modf, tries=6),
    Case("np.frexp", lambda x: np.frexp(x)[0], together(1), ((5.0, 7.0),), np.frexp, tries=6),
    Case(
        "np.ldexp",
        lambda x, power: np.ldexp(x, power),
        with_keywords(fixed((((2, 3),), {}), (((1,),), {})), {"power": 3}, {"power": [-2, 0, 1]}),
        (REAL,),
        np.ldexp,
    ),
    Case(
        "np.angle in degrees",
        lambda x: np.angle(x, deg=True),
        together(1),
        (REAL,),
        np.angle,
        tries=6,
    ),
    Case(
        "np.nan_to_num of what is no number",
        lambda x, **keywords: np.nan_to_num(x * np.array([1.0, np.nan, np.inf]), **keywords),
        with_keywords(
            fixed((((2, 3),), {}), (((3,),), {}), (((),), {})),
            {"nan": 5.0, "posinf": 2, "neginf": -3},
            {"posinf": 1.0, "neginf": np.float64(2)},
            {"copy": True, "nan": np.array([1.0, 2.0, 3.0]), "posinf": 3, "neginf": 0},
        ),
        (REAL,),
        np.nan_to_num,
        tries=6,
    ),
    Case(
        "np.unwrap",
        lambda x, **keywords: np.unwrap(x + np.array([0.0, 5.0, 15.0]), **keywords),
        with_keywords(
            fixed((((2, 3),), {}), (((3,),), {})),
            {},
            {"axis": 0, "discont": 4.0},
            {"period": 4, "axis": -1},
        ),
        ((-0.2, 0.2),),
        np.unwrap,
    ),
    Case(
        "np.where",
        lambda x, y, condition: np.where(condition, x, y),
        choosable,
        (REAL, REAL),
        np.where,
    ),
    Case(
        "np.where with a number",
        lambda x: np.where(np.array([True, False]), 0, x),
        fixed((((2,),), {}), (((3, 1),), {})),
        (REAL,),
        np.where,
    ),
    Case("np.clip", np.clip, together(3), (REAL, (-1.9, 0.1), (0.2, 1.9)), np.clip),
    Case(
        "np.clip with numbers",
        np.clip,
        with_keywords(
            together(1),
            {"a_min": -1.0, "a_max": 1.005},
            {"a_min": None, "a_max": 0.5},
            {"a_min": 0, "a_max": None},
            {"min": -0.5},
            {"max": 0.25, "min": -1},
        ),
        (REAL,),
        np.clip,
    ),
    Case("x.clip", lambda x: x.clip(-1, 1), together(1), (REAL,), np.clip),
]
