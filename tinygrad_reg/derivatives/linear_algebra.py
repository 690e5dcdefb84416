"""Lines for inverses, determinants and decompositions of matrices, and of stacks of matrices.

Most state the differential of the operation, a linear map of the change dA of the matrix, and
beside it the adjoint of that map. An operation with several results is recorded as one operation
that gives all of them in a row (`factorization`), from which they are cut out again.

Where singular vectors or eigenvectors belong to equal values, any rotation among them would do,
and they have no derivative. That is an error in reverse mode and NaN in forward mode, but only if
the vectors matter: a cotangent of 0 contributes 0, so what depends on the values alone has a
gradient there as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from tinygrad_reg.derivatives.elementwise import quotient
from tinygrad_reg.derivatives.products import as_operand, transposed
from tinygrad_reg.derivatives.reduction import setting
from tinygrad_reg.derivatives.table import composition, constant, derivative
from tinygrad_reg.tensor import plain, record, rules

# The types of results that come with names, such as S in np.linalg.svd(A).S.
EighResult: Any = type(np.linalg.eigh(np.eye(1)))
SVDResult: Any = type(np.linalg.svd(np.eye(1)))
QRResult: Any = type(np.linalg.qr(np.eye(1)))
EigResult: Any = type(np.linalg.eig(np.eye(1)))
SlogdetResult: Any = type(np.linalg.slogdet(np.eye(1)))


# -- how lines are entered -----------------------------------------------------------------------


def scalar_of_matrix(op: Any, local_derivative: Any, kinks: dict[str, str] | None = None) -> Any:
    """Enter an operation with one number for each matrix, by the derivative in every entry."""

    def pull(cotangent: Any, y: Any, a: Any) -> Any:
        return cotangent[..., None, None] * local_derivative(y, a)

    def push(tangent: Any, y: Any, a: Any) -> Any:
        return np.sum(local_derivative(y, a) * tangent, axis=(-1, -2))

    return derivative(op, pullbacks=[pull], pushforwards=[push], kinks=kinks)


def factorization(
    op: Callable[..., Any],
    shapes: Callable[..., Sequence[tuple[int, ...]]],
    differential: Callable[..., Any],
    adjoint: Callable[..., Any],
    kinks: dict[str, str] | None = None,
) -> Callable[..., list[Any]]:
    """Enter an operation with several results, by its differential and the adjoint of that.

    `shapes(a, **keywords)` tells the shapes of the results for one matrix. Both maps get the
    results, the matrix and the keywords after what they map: `differential(tangent, results, a)`
    gives the tangents of all results, `adjoint(cotangents, results, a)` the cotangent of `a`.
    """

    def in_a_row(results: Sequence[Any], a: Any, keywords: dict[str, Any]) -> Any:
        parts = zip(results, shapes(a, **keywords), strict=True)
        stack = a.shape[:-2]
        return np.concatenate([np.reshape(x, (*stack, prod(s))) for x, s in parts], axis=-1)

    def cut(row: Any, a: Any, keywords: dict[str, Any]) -> list[Any]:
        results, start = [], 0
        for shape in shapes(a, **keywords):
            piece = row[..., start : start + prod(shape)]
            results.append(np.reshape(piece, (*row.shape[:-1], *shape)))
            start += prod(shape)
        return results

    def packed(a: Any, **keywords: Any) -> Any:
        return in_a_row(op(a, **keywords), a, keywords)

    def pull(cotangent: Any, y: Any, a: Any, **keywords: Any) -> Any:
        return adjoint(cut(cotangent, a, keywords), cut(y, a, keywords), a, **keywords)

    def push(tangent: Any, y: Any, a: Any, **keywords: Any) -> Any:
        results = cut(y, a, keywords)
        return in_a_row(differential(tangent, results, a, **keywords), a, keywords)

    packed.__name__ = op.__name__
    packed.__doc__ = f"All results of {op.__name__}, in a row."
    recorded = derivative(packed, pullbacks=[pull], pushforwards=[push], kinks=kinks)
    return lambda a, **keywords: cut(recorded(a, **keywords), a, keywords)


def is_square(a: Any) -> bool:
    """Whether it is a square matrix, or a stack of them; what is not gets NumPy's own error."""
    return bool(a.ndim >= 2 and a.shape[-1] == a.shape[-2])


def checked(op: Any, a: Any, *args: Any) -> Any:
    """`a`, unless it has too few axes: then NumPy's own error."""
    if a.ndim < 2:
        op(plain(a), *args)
    return a


def symmetric(a: Any, upper: bool) -> Any:
    """The symmetric matrix that NumPy reads from one triangle of `a`.

    So the gradient in that triangle counts for both, and the gradient in the other is 0.
    """
    a = as_operand(a)
    if not is_square(a):
        return a
    *_, n = a.shape
    lower_half = np.tri(n, dtype=bool)
    return np.where(lower_half.T if upper else lower_half, a, transposed(a))


def diagonal(a: Any) -> Any:
    """The diagonal of a matrix."""
    return np.sum(a * np.eye(*a.shape[-2:], dtype=a.dtype), axis=-1)


def below(a: Any) -> Any:
    """The entries below the diagonal, and zeros elsewhere."""
    *_, n = a.shape
    return a * np.tri(n, k=-1, dtype=a.dtype)


def on_diagonal(values: Any) -> Any:
    """The diagonal matrix of some values."""
    return values[..., None] * np.eye(values.shape[-1], dtype=values.dtype)


def off_diagonal(a: Any) -> Any:
    """The entries beside the diagonal, and zeros on it."""
    return a * (1 - np.eye(*a.shape[-2:], dtype=a.dtype))


# -- inverses and equations ----------------------------------------------------------------------

# A A⁻¹ = I, so dA⁻¹ = -A⁻¹ dA A⁻¹.
derivative(
    np.linalg.inv,
    pullbacks=[lambda g, y, a: -transposed(y) @ g @ transposed(y)],
    pushforwards=[lambda t, y, a: -y @ t @ y],
)


def solve_to_left(cotangent: Any, y: Any, a: Any, b: Any) -> Any:
    """The cotangent of A in A X = B: -A⁻ᵀ G Xᵀ."""
    return -np.linalg.solve(transposed(a), cotangent) @ transposed(y)


# A X = B, so dX = A⁻¹ (dB - dA X).
derivative(
    np.linalg.solve,
    pullbacks=[solve_to_left, lambda g, y, a, b: np.linalg.solve(transposed(a), g)],
    pushforwards=[
        lambda t, y, a, b: -np.linalg.solve(a, t @ y),
        lambda t, y, a, b: np.linalg.solve(a, t),
    ],
)


@composition(np.linalg.solve)
def solve(a: Any, b: Any) -> Any:
    """X in A X = B; a `b` with one axis is one column."""
    a, b = as_operand(a), as_operand(b)
    if b.ndim == 1:
        return record(rules[np.linalg.solve], (a, b[:, None]))[..., 0]
    return record(rules[np.linalg.solve], (a, b))


def pinv_to(cotangent: Any, y: Any, a: Any, **keywords: Any) -> Any:
    """The adjoint of `pinv_differential`, term by term."""
    g, p = cotangent, y
    outside, null = complements(p, a)
    of_columns = outside @ transposed(g) @ p @ transposed(p)
    of_rows = transposed(p) @ p @ transposed(g) @ null
    return of_columns + of_rows - transposed(p) @ g @ transposed(p)


def pinv_differential(tangent: Any, y: Any, a: Any, **keywords: Any) -> Any:
    """dP = P Pᵀ dAᵀ (I - A P) + (I - P A) dAᵀ Pᵀ P - P dA P, for P = A⁺ while the rank stays."""
    p, t = y, transposed(tangent)
    outside, null = complements(p, a)
    return p @ transposed(p) @ t @ outside + null @ t @ transposed(p) @ p - p @ tangent @ p


def complements(p: Any, a: Any) -> tuple[Any, Any]:
    """I - A P and I - P A for P = A⁺: projections on what A cannot reach, and does not see."""
    m, n = a.shape[-2:]
    return np.eye(m, dtype=a.dtype) - a @ p, np.eye(n, dtype=a.dtype) - p @ a


derivative(
    np.linalg.pinv,
    pullbacks=[pinv_to],
    pushforwards=[pinv_differential],
    kinks={"the rank changes": "jump; derivative at constant rank"},
)


@composition(np.linalg.pinv)
def pinv(a: Any, rcond: Any = None, hermitian: bool = False, **cutoff: Any) -> Any:
    """The pseudoinverse; of a symmetric matrix, from its lower triangle."""
    rule = rules[np.linalg.pinv]
    cutoff = cutoff if rcond is None else cutoff | {"rcond": rcond}
    cutoff = {name: setting(x, name, rule) for name, x in cutoff.items() if x is not np._NoValue}
    if hermitian:
        a = symmetric(a, upper=False)
        cutoff["hermitian"] = True
    return record(rule, (as_operand(a),), cutoff)


# -- determinants --------------------------------------------------------------------------------


def cofactors(y: Any, a: Any) -> Any:
    """∂det(A)/∂A: det(A)·A⁻ᵀ, without dividing by what is nearly 0.

    For the smallest singular values σ_i of a matrix that is nearly singular, with vectors u_i and
    v_i, M = A + Σ δ u_i v_iᵀ is not singular, and det(A) = det(M)·det(K) with the small matrix
    K = I - δ Vᵀ M⁻¹ U. The vectors count as constants, since that holds for any of them.
    """
    if not is_square(a):
        return y
    s = np.linalg.svdvals(plain(a))
    largest = s[..., :1]
    small = s <= np.sqrt(np.finfo(s.dtype).eps) * largest
    r = int(np.max(np.sum(small, axis=-1), initial=0))
    if r == 0:
        return y[..., None, None] * transposed(np.linalg.inv(a))
    *_, n = s.shape
    u, _, vh = np.linalg.svd(plain(a))
    delta = (small * np.where(largest == 0, 1, largest))[..., n - r :]
    u, vh = u[..., n - r :], delta[..., None] * vh[..., n - r :, :]
    m = a + u @ vh
    inverse = np.linalg.inv(m)
    k = np.eye(r, dtype=a.dtype) - vh @ inverse @ u
    through_k = inverse @ u @ adjugate(k) @ vh @ inverse
    determinant = np.linalg.det(m)[..., None, None]
    return transposed(y[..., None, None] * inverse + determinant * through_k)


def adjugate(a: Any) -> Any:
    """The transposed cofactors of a small matrix, as a polynomial (Faddeev and LeVerrier)."""
    unit = np.eye(*a.shape[-2:], dtype=a.dtype)
    power: Any = np.broadcast_to(unit, a.shape)
    for i in range(1, len(unit)):
        product = a @ power
        power = np.sum(diagonal(product), axis=-1)[..., None, None] / i * unit - product
    return power


scalar_of_matrix(np.linalg.det, cofactors)


def logabsdet(a: Any) -> Any:
    """log |det A|."""
    return np.linalg.slogdet(a)[1]


logabsdet = scalar_of_matrix(
    logabsdet,
    lambda y, a: transposed(np.linalg.inv(a)),
    kinks={"A singular": "no derivative, an error"},
)


@composition(np.linalg.slogdet)
def slogdet(a: Any) -> Any:
    """The sign of the determinant, a plain array, and the logarithm of its size."""
    return SlogdetResult(np.linalg.slogdet(plain(a))[0], logabsdet(a))


# -- triangular factors --------------------------------------------------------------------------


def half_below(a: Any) -> Any:
    """The entries below the diagonal, and half of those on it."""
    *_, n = a.shape
    return a * ((np.tri(n) + np.tri(n, k=-1)) / 2).astype(a.dtype)


def cholesky_to(cotangent: Any, y: Any, a: Any, upper: bool = False) -> Any:
    """The cotangent of A = L Lᵀ: L⁻ᵀ Φ(Lᵀ G) L⁻¹."""
    L, g = (transposed(y), transposed(cotangent)) if upper else (y, cotangent)
    left = np.linalg.solve(transposed(L), half_below(transposed(L) @ g))
    return transposed(np.linalg.solve(transposed(L), transposed(left)))


def cholesky_differential(tangent: Any, y: Any, a: Any, upper: bool = False) -> Any:
    """dL = L Φ(L⁻¹ dA L⁻ᵀ), where Φ takes the entries below the diagonal and half of it."""
    L = transposed(y) if upper else y
    left = np.linalg.solve(L, tangent)
    dL = L @ half_below(np.linalg.solve(L, transposed(left)))
    return transposed(dL) if upper else dL


derivative(np.linalg.cholesky, pullbacks=[cholesky_to], pushforwards=[cholesky_differential])


@composition(np.linalg.cholesky)
def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    """The triangular L with A = L Lᵀ, or its transpose; reads that triangle of A alone."""
    keywords = {"upper": True} if upper else {}
    return record(rules[np.linalg.cholesky], (symmetric(a, upper),), keywords)


def qr_shapes(a: Any, mode: str) -> Any:
    """The shapes of Q and R."""
    m, n = a.shape[-2:]
    k = m if mode == "complete" else min(m, n)
    return (m, k), (k, n)


def qr_differential(tangent: Any, results: Any, a: Any, mode: str) -> Any:
    """dQ = Q Ω + (I - Q Qᵀ) dA R⁻¹ and dR = Qᵀ dA - Ω R.

    Here Ω is antisymmetric and equals Qᵀ dA R⁻¹ below the diagonal. Where R is not square, R⁻¹ is
    the inverse of the square at its left, and dA before it has only the columns that belong to it.
    """
    Q, R = results
    k = min(a.shape[-2:])
    square, basis, other = R[..., :k, :k], Q[..., :, :k], Q[..., :, k:]
    inner = transposed(basis) @ tangent
    scaled = right_divided(tangent[..., :, :k], square)
    lower = below(transposed(basis) @ scaled)
    rotation = lower - transposed(lower)
    dbasis = basis @ rotation + scaled - basis @ (transposed(basis) @ scaled)
    dR = inner - rotation @ R[..., :k, :]
    padding = np.zeros((*dR.shape[:-2], R.shape[-2] - k, R.shape[-1]), a.dtype)
    return with_complement(dbasis, basis, other), np.concatenate([dR, padding], axis=-2)


def qr_adjoint(cotangents: Any, results: Any, a: Any, mode: str) -> Any:
    """The adjoint of `qr_differential`."""
    Q, R = results
    k = min(a.shape[-2:])
    square, basis, other = R[..., :k, :k], Q[..., :, :k], Q[..., :, k:]
    gQ, gR = with_cotangent_of_complement(cotangents[0], basis, other), cotangents[1][..., :k, :]
    inner = transposed(basis) @ gQ
    x = inner - gR @ transposed(R[..., :k, :])
    to_scaled = gQ - basis @ inner + basis @ below(x - transposed(x))
    to_columns = right_divided(to_scaled, transposed(square))
    padding = np.zeros((*a.shape[:-1], a.shape[-1] - k), a.dtype)
    return basis @ gR + np.concatenate([to_columns, padding], axis=-1)


def right_divided(b: Any, a: Any) -> Any:
    """B A⁻¹."""
    return transposed(np.linalg.solve(transposed(a), transposed(b)))


def with_complement(dbasis: Any, basis: Any, other: Any) -> Any:
    """The tangent of an orthogonal matrix [U, W] from that of U: dW = -U dUᵀ W.

    W is any basis of what is orthogonal to U; of all its changes, this one turns W least.
    """
    *_, missing = other.shape
    if missing == 0:
        return dbasis
    return np.concatenate([dbasis, -basis @ (transposed(dbasis) @ other)], axis=-1)


def with_cotangent_of_complement(cotangent: Any, basis: Any, other: Any) -> Any:
    """The cotangent of U from that of an orthogonal matrix [U, W]: the adjoint of the above."""
    *_, k = basis.shape
    *_, missing = other.shape
    if missing == 0:
        return cotangent
    to_other = cotangent[..., :, k:]
    return cotangent[..., :, :k] - other @ (transposed(to_other) @ basis)


qr_recorded = factorization(
    np.linalg.qr,
    qr_shapes,
    qr_differential,
    qr_adjoint,
    kinks={"first columns dependent": "no derivative, an error"},
)


@composition(np.linalg.qr)
def qr(a: Any, mode: str = "reduced") -> Any:
    """Q with orthonormal columns and a triangular R with A = Q R."""
    if mode not in ("reduced", "complete", "r"):
        raise ValueError(
            f"np.linalg.qr of a tensor was given mode={mode!r}: expected 'reduced', 'complete' or "
            "'r'"
        )
    a = checked(np.linalg.qr, as_operand(a))
    Q, R = qr_recorded(a, mode="reduced" if mode == "r" else mode)
    return R if mode == "r" else QRResult(Q, R)


# -- eigenvalues and singular values -------------------------------------------------------------


AT_TIES = {"equal values": "vectors: an error, or NaN in forward mode"}


def rounding_of(values: Any) -> Any:
    """How far eigenvalues or singular values of one matrix may be wrong by rounding."""
    largest = np.max(np.abs(values), axis=-1, initial=0)
    return values.shape[-1] * np.finfo(values.dtype).eps * largest


def gaps(values: Any) -> tuple[Any, Any]:
    """values_j - values_i in row i and column j, and where that is 0 up to rounding."""
    difference = values[..., None, :] - values[..., :, None]
    tied = np.abs(plain(difference)) <= rounding_of(plain(values))[..., None, None]
    return difference, tied


def divided(a: Any, gap: Any, tied: Any) -> Any:
    """a / gap; where that is 0, 0 for a = 0 and NaN otherwise."""
    result = quotient(a, gap, tied)
    lost = tied & (plain(a) != 0)
    return np.where(lost, np.nan, result) if np.any(lost) else result


def undefined_vectors(of: str, why: str) -> np.linalg.LinAlgError:
    """The error for a gradient that needs the derivative of vectors which have none."""
    return np.linalg.LinAlgError(
        f"{why}, where {of}vectors have no derivative, since any rotation among them would do. A "
        "function of the values alone has one there (np.linalg.eigvalsh, np.linalg.svdvals). For "
        "others use np.linalg.inv, solve or cholesky, or break the tie by a small perturbation"
    )


def check_vectors(tied: Any, of: str, *cotangents: Any) -> None:
    """Raise if a gradient needs the derivative of vectors that belong to equal values."""
    if any(np.any(tied & (plain(off_diagonal(x)) != 0)) for x in cotangents):
        raise undefined_vectors(of, f"{of}values are equal (up to rounding)")


def eigh_shapes(a: Any, UPLO: str) -> Any:
    """The shapes of the eigenvalues and the eigenvectors."""
    *_, n = a.shape
    return (n,), (n, n)


def eigh_differential(tangent: Any, results: Any, a: Any, UPLO: str) -> Any:
    """dλ = diag(M) and dV = V (M_ij / (λ_j - λ_i)), where M = Vᵀ dA V."""
    w, V = results
    gap, tied = gaps(w)
    inner = transposed(V) @ tangent @ V
    return diagonal(inner), V @ divided(off_diagonal(inner), gap, tied)


def eigh_adjoint(cotangents: Any, results: Any, a: Any, UPLO: str) -> Any:
    """The adjoint of `eigh_differential`."""
    w, V = results
    gap, tied = gaps(w)
    x = transposed(V) @ cotangents[1]
    check_vectors(tied, "eigen", x)
    inner = on_diagonal(cotangents[0]) + divided(off_diagonal(x), gap, tied)
    return V @ inner @ transposed(V)


eigh_recorded = factorization(
    np.linalg.eigh, eigh_shapes, eigh_differential, eigh_adjoint, kinks=AT_TIES
)


@composition(np.linalg.eigh)
def eigh(a: Any, UPLO: str = "L") -> Any:
    """Eigenvalues and eigenvectors of a symmetric matrix; reads one triangle of it alone."""
    s = symmetric(a, UPLO.upper() == "U")
    return EighResult(*eigh_recorded(checked(np.linalg.eigh, s, UPLO), UPLO=UPLO))


# dλ_i = v_iᵀ dA v_i, also for eigenvalues that are equal.
derivative(
    np.linalg.eigvalsh,
    pullbacks=[lambda g, y, a, UPLO: spectral(np.linalg.eigh(a)[1], g)],
    pushforwards=[lambda t, y, a, UPLO: quadratic(np.linalg.eigh(a)[1], t)],
)


def spectral(V: Any, w: Any) -> Any:
    """V diag(w) Vᵀ."""
    return (V * w[..., None, :]) @ transposed(V)


def quadratic(V: Any, a: Any) -> Any:
    """The diagonal of Vᵀ A V."""
    return np.sum(V * (a @ V), axis=-2)


@composition(np.linalg.eigvalsh)
def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    """Eigenvalues of a symmetric matrix; reads one triangle of it alone."""
    s = symmetric(a, UPLO.upper() == "U")
    return record(rules[np.linalg.eigvalsh], (s,), {"UPLO": UPLO})


def eig_(a: Any) -> Any:
    """`np.linalg.eig`, for real results."""
    w, V = np.linalg.eig(a)
    if w.dtype.kind == "c" and not np.any(w.imag):
        w, V = w.real, V.real  # as NumPy before 2.5 gives them
    if w.dtype.kind == "c":
        raise TypeError(
            "np.linalg.eig of a tensor found complex eigenvalues, which carry no gradient: "
            "expected a matrix with real ones. Use np.linalg.eigh if it is symmetric, or pass "
            "t.data if it is a constant"
        )
    return w, V


def eig_shapes(a: Any) -> Any:
    """The shapes of the eigenvalues and the eigenvectors."""
    *_, n = a.shape
    return (n,), (n, n)


def eig_differential(tangent: Any, results: Any, a: Any) -> Any:
    """dλ = diag(M) and dV = V C - V diag(Vᵀ V C), where M = V⁻¹ dA V, C_ij = M_ij / (λ_j - λ_i)."""
    w, V = results
    gap, tied = gaps(w)
    inner = np.linalg.solve(V, tangent @ V)
    turned = V @ divided(off_diagonal(inner), gap, tied)
    return diagonal(inner), turned - V * np.sum(V * turned, axis=-2)[..., None, :]


def eig_adjoint(cotangents: Any, results: Any, a: Any) -> Any:
    """The adjoint of `eig_differential`."""
    w, V = results
    gap, tied = gaps(w)
    lengths = np.sum(V * cotangents[1], axis=-2)[..., None, :]
    x = transposed(V) @ (cotangents[1] - V * lengths)
    check_vectors(tied, "eigen", x)
    inner = on_diagonal(cotangents[0]) + divided(off_diagonal(x), gap, tied)
    return np.linalg.solve(transposed(V), inner @ transposed(V))


eig_recorded = factorization(eig_, eig_shapes, eig_differential, eig_adjoint, kinks=AT_TIES)


@composition(np.linalg.eig)
def eig(a: Any) -> Any:
    """Eigenvalues and eigenvectors of a matrix, as long as they are real."""
    return EigResult(*eig_recorded(checked(np.linalg.eig, as_operand(a))))


@composition(np.linalg.eigvals)
def eigvals(a: Any) -> Any:
    """Eigenvalues of a matrix, as long as they are real."""
    return np.linalg.eig(a).eigenvalues


def svd_shapes(a: Any, full_matrices: bool, hermitian: bool = False) -> Any:
    """The shapes of U, S and Vh."""
    m, n = a.shape[-2:]
    k = min(m, n)
    return ((m, m), (k,), (n, n)) if full_matrices else ((m, k), (k,), (k, n))


class Singular:
    """The parts of a singular value decomposition, and where its vectors are undefined."""

    def __init__(self, results: Any) -> None:
        U, s, Vh = results
        V = transposed(Vh)
        *_, k = s.shape
        self.U, self.other_u = U[..., :, :k], U[..., :, k:]
        self.V, self.other_v = V[..., :, :k], V[..., :, k:]
        self.s = s
        self.gap, self.tied = gaps(s)
        self.total = s[..., None, :] + s[..., :, None]
        values = plain(s)
        self.zero = values <= rounding_of(values)[..., None]
        self.both_zero = self.zero[..., None, :] & self.zero[..., :, None]
        self.has_rest_u, self.has_rest_v = U.shape[-2] > k, V.shape[-2] > k


def svd_differential(tangent: Any, results: Any, a: Any, **_: Any) -> Any:
    """dU = U (S + N) + (I - U Uᵀ) dA V Σ⁻¹, dV = V (S - N) + (I - V Vᵀ) dAᵀ U Σ⁻¹, dσ = diag(M).

    M = Uᵀ dA V, and S and N are its symmetric part divided by σ_j - σ_i, and its antisymmetric part
    divided by σ_j + σ_i.
    """
    d = Singular(results)
    onto_v, onto_u = tangent @ d.V, transposed(tangent) @ d.U
    inner = transposed(d.U) @ onto_v
    flipped = transposed(inner)
    even = divided(off_diagonal(inner + flipped), 2 * d.gap, d.tied)
    odd = divided(inner - flipped, 2 * d.total, d.both_zero)
    dU, dV = d.U @ (even + odd), d.V @ (even - odd)
    if d.has_rest_u:
        dU = dU + divided(onto_v - d.U @ inner, d.s[..., None, :], d.zero[..., None, :])
    if d.has_rest_v:
        dV = dV + divided(onto_u - d.V @ flipped, d.s[..., None, :], d.zero[..., None, :])
    dU, dV = with_complement(dU, d.U, d.other_u), with_complement(dV, d.V, d.other_v)
    return dU, np.where(d.s == 0, 0, diagonal(inner)), transposed(dV)


def svd_adjoint(cotangents: Any, results: Any, a: Any, **_: Any) -> Any:
    """The adjoint of `svd_differential`."""
    d = Singular(results)
    gU = with_cotangent_of_complement(cotangents[0], d.U, d.other_u)
    gV = with_cotangent_of_complement(transposed(cotangents[2]), d.V, d.other_v)
    x, z = transposed(d.U) @ gU, transposed(d.V) @ gV
    check_vectors(d.tied, "singular ", x, z)
    even = divided(off_diagonal(x + z), 2 * d.gap, d.tied)
    odd = divided(off_diagonal(x - z), 2 * d.total, d.both_zero)
    inner = even + transposed(even) + odd - transposed(odd)
    result = d.U @ (inner + on_diagonal(np.where(d.s == 0, 0, cotangents[1]))) @ transposed(d.V)
    if d.has_rest_u:
        result = result + over_values(gU - d.U @ x, gU, d) @ transposed(d.V)
    if d.has_rest_v:
        result = result + d.U @ transposed(over_values(gV - d.V @ z, gV, d))
    return result


def over_values(rest: Any, cotangent: Any, d: Singular) -> Any:
    """What of a cotangent of vectors points out of their span, divided by the singular values."""
    zero = d.zero[..., None, :]
    if np.any(zero & (plain(cotangent) != 0)):
        raise undefined_vectors("singular ", "singular values are 0 (up to rounding)")
    return quotient(rest, d.s[..., None, :], zero)


svd_recorded = factorization(
    np.linalg.svd, svd_shapes, svd_differential, svd_adjoint, kinks={"σ = 0": "0"} | AT_TIES
)


def svdvals_(a: Any, hermitian: bool = False) -> Any:
    """`np.linalg.svdvals`, also from the eigenvalues of a symmetric matrix."""
    return np.linalg.svd(a, compute_uv=False, hermitian=hermitian)


def svdvals_to(cotangent: Any, y: Any, a: Any, hermitian: bool = False) -> Any:
    """The cotangent of A from that of its singular values: U diag(g) Vᵀ."""
    U, s, Vh = np.linalg.svd(a, full_matrices=False)
    return (U * np.where(s == 0, 0, cotangent)[..., None, :]) @ Vh


def svdvals_differential(tangent: Any, y: Any, a: Any, hermitian: bool = False) -> Any:
    """dσ_i = u_iᵀ dA v_i."""
    U, s, Vh = np.linalg.svd(a, full_matrices=False)
    return np.where(s == 0, 0, np.sum(U * (tangent @ transposed(Vh)), axis=-2))


svdvals_ = derivative(
    svdvals_,
    pullbacks=[svdvals_to],
    pushforwards=[svdvals_differential],
    kinks={"σ = 0": "0"},
)


@composition(np.linalg.svd)
def svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    """U, S and Vh with A = U diag(S) Vh; of a symmetric matrix, from its lower triangle."""
    a = symmetric(a, upper=False) if hermitian else as_operand(a)
    keywords = {"hermitian": True} if hermitian else {}
    if not compute_uv:
        return svdvals_(a, **keywords)
    a = checked(np.linalg.svd, a)
    return SVDResult(*svd_recorded(a, full_matrices=bool(full_matrices), **keywords))


@composition(np.linalg.svdvals)
def svdvals(x: Any, /) -> Any:
    """The singular values, largest first."""
    return svdvals_(as_operand(x))


@composition(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    """The condition number: the ratio of singular values, or ‖A‖·‖A⁻¹‖ in another norm."""
    x = as_operand(x)
    if x.ndim < 2 or 0 in x.shape[-2:]:
        return np.linalg.cond(plain(x), p)  # NumPy's own error
    with np.errstate(all="ignore"):
        if p is None or p in (2, -2):
            s = np.linalg.svd(x, compute_uv=False)
            ratio = s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
        else:
            inverse = np.linalg.inv(x.astype(np.float64))
            ratio = np.linalg.norm(x, p, axis=(-2, -1)) * np.linalg.norm(inverse, p, axis=(-2, -1))
            ratio = ratio.astype(x.dtype)
    # A matrix of zeros counts as singular.
    lost = np.isnan(plain(ratio)) & ~np.any(np.isnan(plain(x)), axis=(-2, -1))
    return np.where(lost, np.asarray(np.inf, x.dtype), ratio) if np.any(lost) else ratio


constant(np.linalg.matrix_rank)


# -- least squares -------------------------------------------------------------------------------


def lstsq_(joined: Any, columns: int, rcond: Any) -> Any:
    """`np.linalg.lstsq` of A and B side by side; zeros where it gives no residuals."""
    X, residuals, rank, _ = np.linalg.lstsq(joined[:, :columns], joined[:, columns:], rcond)
    given = residuals if residuals.size else np.zeros(X.shape[1:], X.dtype)
    return X, given, np.asarray(rank, X.dtype)


def lstsq_shapes(joined: Any, columns: int, rcond: Any) -> Any:
    """The shapes of the solution, the residuals and the rank."""
    right = joined.shape[1] - columns
    return (columns, right), (right,), ()


def lstsq_parts(joined: Any, X: Any, columns: int, rcond: Any) -> tuple[Any, ...]:
    """A, what is left of B, and A⁺ with the same cutoff."""
    A, B = joined[:, :columns], joined[:, columns:]
    return A, B - A @ X, np.linalg.pinv(A, **({} if rcond is None else {"rtol": rcond}))


def lstsq_differential(tangent: Any, results: Any, joined: Any, columns: int, rcond: Any) -> Any:
    """dX = P (dB - dA X) + P Pᵀ dAᵀ R + (I - P A) dAᵀ Pᵀ X, for P = A⁺ and what is left, R.

    The residuals are the sums of the squares of R, and change as 2 R·(dB - dA X).
    """
    X, _, rank = results
    A, rest, P = lstsq_parts(joined, X, columns, rcond)
    dA, dB = tangent[:, :columns], tangent[:, columns:]
    change = dB - dA @ X
    null = dA.T @ (P.T @ X)
    dX = P @ (change + P.T @ (dA.T @ rest)) + null - P @ (A @ null)
    return dX, 2 * np.sum(rest * change, axis=0), np.zeros_like(rank)


def lstsq_adjoint(cotangents: Any, results: Any, joined: Any, columns: int, rcond: Any) -> Any:
    """The adjoint of `lstsq_differential`."""
    X = results[0]
    to_X, to_residuals, _ = cotangents
    A, rest, P = lstsq_parts(joined, X, columns, rcond)
    through_P = P.T @ to_X
    to_change = through_P + 2 * rest * to_residuals
    null = to_X - A.T @ through_P
    to_A = rest @ (P @ through_P).T + (P.T @ X) @ null.T - to_change @ X.T
    return np.concatenate([to_A, to_change], axis=1)


lstsq_recorded = factorization(
    lstsq_,
    lstsq_shapes,
    lstsq_differential,
    lstsq_adjoint,
    kinks={"the rank changes": "jump; derivative at constant rank"},
)


def lstsq_values(a: Any) -> Any:
    """The singular values that `np.linalg.lstsq` gives."""
    return np.linalg.lstsq(a, np.zeros(len(a), a.dtype))[3]


lstsq_values = derivative(
    lstsq_values,
    pullbacks=[svdvals_to],
    pushforwards=[svdvals_differential],
    kinks={"σ = 0": "0"},
)


@composition(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """The shortest X of those with least ‖A X - B‖², residuals, rank and singular values."""
    a, b = as_operand(a), as_operand(b)
    if a.ndim != 2 or b.ndim not in (1, 2) or a.shape[0] != b.shape[0]:
        return np.linalg.lstsq(plain(a), plain(b), rcond)  # NumPy's own error
    m, n = a.shape
    joined = np.concatenate([a, b[:, None] if b.ndim == 1 else b], axis=1)
    rcond = None if rcond is None else float(rcond)
    X, residuals, found = lstsq_recorded(joined, columns=n, rcond=rcond)
    rank = np.int32(int(plain(found)))
    if rank != n or m <= n:
        residuals = residuals[:0]
    return X[:, 0] if b.ndim == 1 else X, residuals, rank, lstsq_values(joined[:, :n])
