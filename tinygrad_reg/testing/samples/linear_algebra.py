"""What inverses, determinants and decompositions of matrices are called with.

Matrices are free of kinks by construction: a multiple of the identity, or of different numbers on
the diagonal, is added to small entries. Signs of singular vectors and eigenvectors are a matter of
taste, so that products of them are looked at.
"""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_reg.testing.samples.layouts import REAL, UNIT, Case, fixed, with_keywords
from tinygrad_reg.testing.samples.products import on_matrices, squares


def regular(a):
    """A matrix with an inverse."""
    return a + 4 * np.eye(*a.shape[-2:], dtype=a.dtype)


def positive(a):
    """A symmetric positive definite matrix."""
    return a @ np.swapaxes(a, -1, -2) + np.eye(a.shape[-1], dtype=a.dtype)


def apart(a):
    """A matrix with different singular values, and eigenvalues if it is square."""
    m, n = a.shape[-2:]
    return 0.2 * a + np.diag(np.arange(1.0, max(m, n) + 1))[:m, :n].astype(a.dtype)


def products_of(left, right):
    """Each column of `left` times the same column of `right`, all entries with all."""
    return left[..., :, None, :] * right[..., None, :, :]


def solve(a, b):
    return np.linalg.solve(regular(a), b)


@st.composite
def for_solve(draw, smallest):
    """A vector, a matrix or a stack of matrices on the right side, with broadcasting."""
    found = draw(
        hnp.mutually_broadcastable_shapes(
            signature="(i,i),(i,j)->(i,j)", max_dims=1, min_side=smallest, max_side=2
        )
    )
    a, b = found.input_shapes
    return ((a, (a[-1],)) if draw(st.booleans()) else (a, b)), {}


def eigh(a, **keywords):
    w, V = np.linalg.eigh(apart(a), **keywords)
    return w, products_of(V, V)


def eig(a):
    w, V = map(np.real, np.linalg.eig(apart(a)))  # NumPy 2.5 makes them complex in any case
    return w, products_of(V, V)


def svd(a, **keywords):
    U, s, Vh = np.linalg.svd(apart(a), **keywords)
    k = s.shape[-1]
    V = np.swapaxes(Vh, -1, -2)
    U, rest_u, V, rest_v = U[..., :k], U[..., k:], V[..., :k], V[..., k:]
    rests = [x @ np.swapaxes(x, -1, -2) for x in (rest_u, rest_v)]
    return s, products_of(U, V), products_of(U, U), *rests


def singular_values(a, **keywords):
    return np.linalg.svd(apart(a), compute_uv=False, **keywords)


def orthogonal_and_rest(Q, R, k):
    """Q and R, with the projection in place of the columns that complete Q."""
    rest = Q[..., k:]
    return Q[..., :k], rest @ np.swapaxes(rest, -1, -2), R


@st.composite
def for_lstsq(draw, smallest):
    """Tall, square and wide matrices, and a vector or a matrix."""
    m, n = draw(st.integers(smallest, 3)), draw(st.integers(smallest, 3))
    right = draw(st.sampled_from([(), (1,), (2,)]))
    return ((m, n), (m, *right)), {}


def lstsq(a, b, **keywords):
    x, residuals, _, s = np.linalg.lstsq(apart(a), b, **keywords)
    return x, residuals, s


def of_low_rank(operation):
    """A function of matrices of rank 1, which stay so."""
    return lambda a, b: operation(a[:, None] * b)


on_squares = {"layout": squares, "domains": (UNIT,)}
on_any = {"layout": on_matrices(), "domains": (REAL,)}
triangles = with_keywords(squares, {}, {"UPLO": "L"}, {"UPLO": "U"})
vectors = fixed((((3,), (2,)), {}), (((2,), (3,)), {}), (((2,), (2,)), {}), (((1,), (2,)), {}))

CASES = [
    Case(
        "np.linalg.inv", lambda a: np.linalg.inv(regular(a)), **on_squares, operation=np.linalg.inv
    ),
    Case("np.linalg.solve", solve, for_solve, (UNIT, REAL), np.linalg.solve, tries=40),
    Case("np.linalg.det", np.linalg.det, squares, (REAL,), np.linalg.det, tries=40),
    Case(
        "np.linalg.slogdet",
        lambda a: np.linalg.slogdet(regular(a)).logabsdet,
        **on_squares,
        operation=np.linalg.slogdet,
    ),
    Case(
        "np.linalg.cholesky",
        lambda a: np.linalg.cholesky(positive(a)),
        **on_squares,
        operation=np.linalg.cholesky,
    ),
    Case(
        "np.linalg.cholesky of one triangle",
        lambda a, **keywords: np.linalg.cholesky(regular(a), **keywords),
        with_keywords(squares, {}, {"upper": True}, {"upper": False}),
        (UNIT,),
        np.linalg.cholesky,
    ),
    Case(
        "np.linalg.qr",
        lambda a, **keywords: tuple(np.linalg.qr(apart(a), **keywords)),
        with_keywords(on_matrices(), {}, {"mode": "reduced"}),
        (REAL,),
        np.linalg.qr,
        tries=40,
    ),
    Case(
        "np.linalg.qr, complete",
        lambda a: orthogonal_and_rest(*np.linalg.qr(apart(a), mode="complete"), a.shape[-1]),
        **on_any,
        operation=np.linalg.qr,
    ),
    Case(
        "np.linalg.qr, r", lambda a: np.linalg.qr(apart(a), "r"), **on_any, operation=np.linalg.qr
    ),
    Case("np.linalg.eigh", eigh, triangles, (REAL,), np.linalg.eigh, tries=40),
    Case(
        "np.linalg.eigvalsh",
        lambda a, **k: np.linalg.eigvalsh(apart(a), **k),
        triangles,
        (REAL,),
        np.linalg.eigvalsh,
    ),
    Case("np.linalg.eig", eig, **on_squares, operation=np.linalg.eig),
    Case(
        "np.linalg.eigvals",
        lambda a: np.linalg.eigvals(apart(a)),
        **on_squares,
        operation=np.linalg.eigvals,
    ),
    Case(
        "np.linalg.svd",
        svd,
        with_keywords(on_matrices(), {}, {"full_matrices": False}),
        (REAL,),
        np.linalg.svd,
        tries=40,
    ),
    Case(
        "np.linalg.svd, hermitian",
        svd,
        with_keywords(squares, {"hermitian": True}, {"hermitian": True, "full_matrices": False}),
        (REAL,),
        np.linalg.svd,
    ),
    Case("np.linalg.svd, values", singular_values, **on_any, operation=np.linalg.svd),
    Case(
        "np.linalg.svd, values, hermitian",
        lambda a: singular_values(a, hermitian=True),
        **on_squares,
        operation=np.linalg.svd,
    ),
    Case(
        "np.linalg.svdvals",
        lambda a: np.linalg.svdvals(apart(a)),
        **on_any,
        operation=np.linalg.svdvals,
    ),
    Case(
        "np.linalg.pinv",
        lambda a, **keywords: np.linalg.pinv(apart(a), **keywords),
        with_keywords(on_matrices(), {}, {"rcond": 1e-12}, {"rtol": 1e-12}),
        (REAL,),
        np.linalg.pinv,
    ),
    Case(
        "np.linalg.pinv, hermitian",
        lambda a: np.linalg.pinv(apart(a), hermitian=True),
        **on_squares,
        operation=np.linalg.pinv,
    ),
    Case(
        "np.linalg.pinv of rank 1",
        of_low_rank(lambda a: np.linalg.pinv(a, rtol=1e-5)),
        vectors,
        (REAL, REAL),
        np.linalg.pinv,
    ),
    Case(
        "np.linalg.lstsq",
        lstsq,
        for_lstsq,
        (REAL, REAL),
        np.linalg.lstsq,
        tries=40,
    ),
    Case(
        "np.linalg.lstsq of rank 1",
        lambda a, b, c: np.linalg.lstsq(a[:, None] * b, c, rcond=1e-5)[0],
        fixed((((3,), (2,), (3,)), {}), (((2,), (3,), (2, 2)), {})),
        (REAL, REAL, REAL),
        np.linalg.lstsq,
    ),
    Case(
        "np.linalg.cond",
        lambda a, **keywords: np.linalg.cond(apart(a), **keywords),
        with_keywords(on_matrices(), {}, {"p": 2}, {"p": -2}),
        (REAL,),
        np.linalg.cond,
    ),
]
