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
