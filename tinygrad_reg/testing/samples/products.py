"""What products of vectors and matrices are called with."""

import operator
import warnings
from functools import partial
from math import prod

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_reg.testing.samples.layouts import REAL, UNIT, Case, fixed, with_keywords


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


def einsums(*calls):
    """Subscripts with the shapes of their operands, and ways to call einsum."""

    @st.composite
    def strategy(draw, smallest):
        subscripts, *ranks = draw(st.sampled_from(calls))
        lengths = {letter: draw(st.integers(smallest, 3)) for letter in "ijkl"}
        shapes = [tuple(lengths[letter] for letter in letters) for letters in ranks]
        keywords = {"subscripts": subscripts, "optimize": draw(st.sampled_from([False, True]))}
        return tuple(shapes), keywords

    return strategy


def einsum(*operands, subscripts, optimize):
    return np.einsum(subscripts, *operands, optimize=optimize)


ONE_OPERAND = (
    ("ii", "ii"), ("ii->i", "ii"), ("ij->j", "ij"), ("ij->", "ij"), ("ji", "ij"),
    ("iij->ji", "iij"), ("iii->i", "iii"), ("...ij->...ji", "kij"), ("...ii->...", "kii"),
    ("i...", "ij"), ("->", ""),
)  # fmt: skip
TWO_OPERANDS = (
    ("ij,jk->ik", "ij", "jk"), ("ij,jk", "ij", "jk"), ("ij, ij ->", "ij", "ij"),
    ("i,j->ij", "i", "j"), ("ij,kl->jl", "ij", "kl"), ("ii,ij->j", "ii", "ij"),
    ("...ij,...jk->...ik", "lij", "jk"), ("...i,i...", "ji", "ij"), (",ij->ji", "", "ij"),
    ("ij,j->i", "ij", "j"), ("ii,jj->ij", "ii", "jj"), ("kij,k...->ij...", "kij", "kl"),
)  # fmt: skip
MORE_OPERANDS = (
    ("ij,jk,kl->il", "ij", "jk", "kl"), ("ij,jk,ki", "ij", "jk", "ki"), ("i,i,i", "i", "i", "i"),
    ("ii,ij,k->jk", "ii", "ij", "k"), ("...i,...i,i->...", "ki", "ki", "i"),
)  # fmt: skip


def sublists(a, b):
    return np.einsum(a, [0, 1], b, [1, 2], [0, 2])


def sublists_with_ellipsis(a, b):
    return np.einsum(a, [Ellipsis, 3, 7], b, (7, 1))


@st.composite
def for_tensordot(draw, smallest):
    """Two shapes and the axes that meet: a number of them, or a pair of lists."""
    met = draw(st.lists(st.integers(smallest, 3), max_size=2))
    rest_a = draw(st.lists(st.integers(smallest, 3), max_size=1))
    rest_b = draw(st.lists(st.integers(smallest, 3), max_size=1))
    if draw(st.booleans()):
        return ((*rest_a, *met), (*met, *rest_b)), {"axes": len(met)}
    a, b = (*met, *rest_a), (*rest_b, *met[::-1])
    pairs = [list(range(len(met))), [-1 - i for i in range(len(met))]]
    if len(met) == 1 and draw(st.booleans()):
        pairs = [pairs[0][0], pairs[1][0]]
    return (a, b), {"axes": draw(st.sampled_from([tuple, list]))(pairs)}


def any_two(smallest):
    """Two shapes that need not match."""
    shape = hnp.array_shapes(min_dims=0, max_dims=2, min_side=smallest, max_side=2)
    return st.tuples(st.tuples(shape, shape), st.just({}))


def for_multi_dot(smallest):
    """Chains of matrices, the ends of which may be vectors."""
    sides = st.lists(st.integers(max(smallest, 1), 3), min_size=4, max_size=4)

    def shapes(sides, left, right):
        i, j, k, n = sides
        return ((i, j)[left:], (j, k), (k, n)[: 2 - right]), {}

    return st.builds(shapes, sides, st.booleans(), st.booleans())


@st.composite
def squares(draw, smallest):
    """Square matrices and stacks of them."""
    stack = draw(hnp.array_shapes(min_dims=0, max_dims=1, min_side=smallest, max_side=2))
    n = draw(st.integers(smallest, 3))
    return ((*stack, n, n),), {}


def of_signature(signature, stacked=2):
    """Shapes for a product of vectors or matrices, or of stacks of them."""
    return lambda smallest: hnp.mutually_broadcastable_shapes(
        signature=signature, max_dims=stacked, min_side=smallest, max_side=3
    ).map(lambda found: (found.input_shapes, {}))


def sequences(smallest):
    """Two rows of numbers, and what of their convolution is kept."""
    length = st.integers(max(smallest, 1), 5)
    modes = st.sampled_from([{}, {"mode": "full"}, {"mode": "same"}, {"mode": "valid"}])
    return st.tuples(st.tuples(st.tuples(length), st.tuples(length)), modes)


def on_matrices(least=2):
    """Stacks of matrices, square or not."""
    return lambda smallest: hnp.array_shapes(
        min_dims=least, max_dims=3, min_side=smallest, max_side=3
    ).map(lambda shape: ((shape,), {}))


def in_plane(function, *arrays, **keywords):
    """A function of vectors in the plane, which NumPy means to give up."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return function(*arrays, **keywords)


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
    Case("einsum of one", einsum, einsums(*ONE_OPERAND), (REAL,), np.einsum, tries=60),
    Case("einsum of two", einsum, einsums(*TWO_OPERANDS), (REAL, REAL), np.einsum, tries=60),
    Case("einsum of three", einsum, einsums(*MORE_OPERANDS), (REAL,) * 3, np.einsum, tries=30),
    Case(
        "einsum with broadcasting",
        lambda a, b: np.einsum("...ij,...kj->ik...", a, b),
        fixed((((2, 1, 1, 2), (3, 2, 2)), {}), (((2, 1), (2, 2, 3)), {})),
        (REAL, REAL),
        np.einsum,
    ),
    Case(
        "einsum by lists",
        sublists,
        of_signature("(i,j),(j,k)->()", stacked=0),
        (REAL, REAL),
        np.einsum,
    ),
    Case(
        "einsum by lists with Ellipsis",
        sublists_with_ellipsis,
        fixed((((2, 2, 3), (3, 2)), {}), (((2, 1), (1, 3)), {})),
        (REAL, REAL),
        np.einsum,
    ),
    Case("np.tensordot", np.tensordot, for_tensordot, (REAL, REAL), np.tensordot, tries=60),
    Case(
        "np.linalg.tensordot", np.linalg.tensordot, for_tensordot, (REAL, REAL), np.linalg.tensordot
    ),
    Case("np.kron", np.kron, any_two, (REAL, REAL), np.kron, tries=40),
    Case(
        "np.cross",
        np.cross,
        fixed(
            (((3,), (3,)), {}),
            (((2, 3), (3,)), {}),
            (((3, 2), (2, 3)), {"axisa": 0}),
            (((2, 3), (3, 1)), {"axisb": 0, "axisc": 0}),
            (((3, 2), (3, 2)), {"axis": 0}),
            (((0, 3), (3,)), {}),
        ),
        (REAL, REAL),
        np.cross,
    ),
    Case(
        "np.cross in the plane",
        partial(in_plane, np.cross),
        fixed(
            (((2,), (2,)), {}),
            (((2,), (3,)), {}),
            (((3,), (2, 2)), {"axisc": 0}),
            (((2, 2), (2,)), {"axisa": 0}),
        ),
        (REAL, REAL),
        np.cross,
    ),
    Case(
        "np.linalg.cross",
        np.linalg.cross,
        fixed((((3,), (2, 3)), {}), (((3, 2), (3, 2)), {"axis": 0})),
        (REAL, REAL),
        np.linalg.cross,
    ),
    Case(
        "np.linalg.outer",
        np.linalg.outer,
        of_signature("(i),(j)->()", stacked=0),
        (REAL, REAL),
        np.linalg.outer,
    ),
    Case(
        "np.linalg.multi_dot",
        lambda *xs: np.linalg.multi_dot(xs),
        for_multi_dot,
        (REAL,) * 3,
        np.linalg.multi_dot,
    ),
    Case(
        "np.linalg.multi_dot of two and four",
        lambda a, b: np.linalg.multi_dot([a, b]) @ np.linalg.multi_dot([b.T, a.T, a, b]),
        of_signature("(i,j),(j,i)->()", stacked=0),
        (REAL, REAL),
        np.linalg.multi_dot,
        tolerance=1e-6,
    ),
    Case(
        "np.linalg.matrix_power",
        np.linalg.matrix_power,
        with_keywords(squares, *({"n": n} for n in range(8))),
        (UNIT,),
        np.linalg.matrix_power,
        tries=40,
    ),
    Case(
        "np.linalg.matrix_power of the inverse",
        lambda a, n: np.linalg.matrix_power(a + 3 * np.eye(a.shape[-1], dtype=a.dtype), n),
        with_keywords(squares, {"n": -1}, {"n": -2}, {"n": -3}),
        (UNIT,),
        np.linalg.matrix_power,
    ),
    Case("np.linalg.matmul", np.linalg.matmul, matrices, (REAL, REAL), np.linalg.matmul),
    Case("np.matrix_transpose", np.matrix_transpose, on_matrices(), (REAL,), np.matrix_transpose),
    Case(
        "np.linalg.matrix_transpose",
        np.linalg.matrix_transpose,
        on_matrices(),
        (REAL,),
        np.linalg.matrix_transpose,
    ),
    Case("np.vecdot", np.vecdot, of_signature(np.vecdot.signature), (REAL, REAL), np.vecdot),
    Case(
        "np.linalg.vecdot",
        np.linalg.vecdot,
        fixed(
            (((2, 3), (3,)), {}), (((3, 2), (3, 2)), {"axis": 0}), (((3, 0), (3, 1)), {"axis": 0})
        ),
        (REAL, REAL),
        np.linalg.vecdot,
    ),
    *(
        Case(f"np.{op.__name__}", op, of_signature(op.signature), (REAL, REAL), op)
        for op in (getattr(np, name, None) for name in ("matvec", "vecmat"))  # since NumPy 2.2
        if op is not None
    ),
    Case("np.convolve", np.convolve, sequences, (REAL, REAL), np.convolve, tries=40),
    Case("np.correlate", np.correlate, sequences, (REAL, REAL), np.correlate, tries=40),
    Case(
        "np.linalg.trace",
        np.linalg.trace,
        with_keywords(on_matrices(), {}, {"offset": 1}, {"offset": -1}),
        (REAL,),
        np.linalg.trace,
    ),
    Case(
        "np.linalg.diagonal",
        np.linalg.diagonal,
        with_keywords(on_matrices(), {}, {"offset": 1}, {"offset": -1}),
        (REAL,),
        np.linalg.diagonal,
    ),
]
