"""What products of vectors and matrices are called with."""

import operator
from math import prod

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_reg.testing.samples.layouts import REAL, Case, fixed


def matrices(smallest):
    """Shapes for every rule of matmul."""
    return hnp.mutually_broadcastable_shapes(
        signature=np.matmul.signature, max_dims=2, min_side=smallest, max_side=3
    ).map(lambda found: (found.input_shapes, {}))


@st.composite
def for_dot(draw, smallest, axis=-2):
    """Shapes of any ranks, where the last axis of the first meets one axis of the second."""
    sides = st.integers(smallest, 3)
    a = draw(st.lists(sides, max_size=3).map(tuple))
    b = list(draw(st.lists(sides, max_size=3)))
    if a and b:
        b[max(axis, -len(b))] = a[-1]
    return (a, tuple(b)), {}


def for_inner(smallest):
    return for_dot(smallest, axis=-1)


@st.composite
def vectors(draw, smallest):
    """Two arrays of one size and different shapes."""
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=2, min_side=smallest, max_side=3))
    return (shape, (prod(shape),)), {}


CASES = [
    Case("x @ y", operator.matmul, matrices, (REAL, REAL), operator.matmul),
    Case(
        "x @ an array",
        lambda x: x @ np.array([[1.0], [2.0]]),
        fixed((((3, 2),), {}), (((2,),), {})),
        (REAL,),
    ),
    Case(
        "an array @ x",
        lambda x: np.array([[1, 2]]) @ x,
        fixed((((2, 2),), {}), (((3, 2, 1),), {}), (((2,),), {})),
        (REAL,),
    ),
    Case("np.matmul", np.matmul, matrices, (REAL, REAL), np.matmul, tries=60),
    Case("np.dot", np.dot, for_dot, (REAL, REAL), np.dot, tries=60),
    Case(
        "x.dot",
        lambda x, y: x.dot(y),
        lambda smallest: for_dot(smallest).filter(lambda found: found[0][0]),
        (REAL, REAL),
        np.dot,
    ),
    Case("np.inner", np.inner, for_inner, (REAL, REAL), np.inner, tries=60),
    Case("np.outer", np.outer, vectors, (REAL, REAL), np.outer),
    Case("np.vdot", np.vdot, vectors, (REAL, REAL), np.vdot),
]
