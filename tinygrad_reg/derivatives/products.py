"""Lines for products of vectors and matrices."""

from __future__ import annotations

import operator
from math import prod
from typing import Any

import numpy as np

from tinygrad_reg.derivatives.indexing import scatter
from tinygrad_reg.derivatives.table import composition, constant, linear
from tinygrad_reg.tensor import functions, plain, record, rules


def transposed(a: Any) -> Any:
    """A matrix, or a stack of matrices, with rows and columns exchanged."""
    return a.T if a.ndim == 2 else np.swapaxes(a, -1, -2)


def to_left(cotangent: Any, y: Any, a: Any, b: Any) -> Any:
    """The cotangent of A in A @ B: G @ Bᵀ."""
    if a.ndim == 1 and b.ndim == 1:
        return cotangent * b
    if b.ndim == 1:
        return cotangent[..., None] * b
    if a.ndim == 1:
        return (b @ cotangent[..., None])[..., 0]
    return cotangent @ transposed(b)


def to_right(cotangent: Any, y: Any, a: Any, b: Any) -> Any:
    """The cotangent of B in A @ B: Aᵀ @ G."""
    if a.ndim == 1 and b.ndim == 1:
        return cotangent * a
    if a.ndim == 1:
        return a[:, None] * cotangent[..., None, :]
    if b.ndim == 1:
        return (transposed(a) @ cotangent[..., None])[..., 0]
    return transposed(a) @ cotangent


linear(np.matmul, to_left, to_right)


def rows(a: Any) -> Any:
    """An array as a matrix with the same last axis."""
    return np.reshape(a, (prod(a.shape[:-1]), a.shape[-1]))


def inner_to_left(cotangent: Any, y: Any, a: Any, b: Any) -> Any:
    """The cotangent of A in np.inner(A, B), where the last axes meet."""
    a, b = as_operand(a), as_operand(b)
    if a.ndim == 0 or b.ndim == 0:
        return cotangent * b
    b = rows(b)
    return np.reshape(np.reshape(cotangent, (prod(a.shape[:-1]), b.shape[0])) @ b, a.shape)


def inner_to_right(cotangent: Any, y: Any, a: Any, b: Any) -> Any:
    """The cotangent of B in np.inner(A, B), where the last axes meet."""
    a, b = as_operand(a), as_operand(b)
    if a.ndim == 0 or b.ndim == 0:
        return cotangent * a
    a = rows(a)
    return np.reshape(np.reshape(cotangent, (a.shape[0], prod(b.shape[:-1]))).T @ a, b.shape)


def last_axis_first(b: Any) -> Any:
    """The second operand of np.dot as np.inner takes it: the axis that is summed over is last."""
    b = as_operand(b)
    return b if b.ndim < 2 else np.swapaxes(b, -1, -2)


def dot_to_left(cotangent: Any, y: Any, a: Any, b: Any) -> Any:
    """The cotangent of A in np.dot(A, B)."""
    if as_operand(a).ndim == 0:
        return cotangent * b
    return inner_to_left(cotangent, y, a, last_axis_first(b))


def dot_to_right(cotangent: Any, y: Any, a: Any, b: Any) -> Any:
    """The cotangent of B in np.dot(A, B)."""
    if as_operand(a).ndim == 0:
        return cotangent * a
    return last_axis_first(inner_to_right(cotangent, y, a, last_axis_first(b)))


linear(np.inner, inner_to_left, inner_to_right)
linear(np.dot, dot_to_left, dot_to_right)


@composition(np.outer)
def outer(a: Any, b: Any) -> Any:
    """Every entry of `a` times every entry of `b`."""
    return np.ravel(as_operand(a))[:, None] * np.ravel(as_operand(b))


@composition(np.vdot)
def vdot(a: Any, b: Any) -> Any:
    """The inner product of all entries, in order."""
    return np.ravel(as_operand(a)) @ np.ravel(as_operand(b))


def as_operand(a: Any) -> Any:
    """Tensors and arrays as they are, lists and numbers as arrays."""
    return a if hasattr(a, "ndim") else np.asarray(a)


# -- einsum: sums over shared indices ------------------------------------------------------------

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def einsum_(*operands: Any, subscripts: str, optimize: Any = False) -> Any:
    """`np.einsum` with the subscripts as a keyword."""
    return np.einsum(subscripts, *operands, optimize=optimize)


def einsum_to(i: int) -> Any:
    """The adjoint of `np.einsum` in its i-th operand."""

    def adjoint(
        cotangent: Any, y: Any, *operands: Any, subscripts: str, optimize: Any = False
    ) -> Any:
        """The cotangent summed with the other operands, to the indices of this one."""
        inputs, output = indices_of(subscripts, [np.ndim(x) for x in operands])
        x = operands[i]
        spare = (letter for letter in LETTERS if letter not in "".join([*inputs, output]))
        others = [cotangent, *operands[:i], *operands[i + 1 :]]
        terms = [output, *inputs[:i], *inputs[i + 1 :]]
        known = set("".join(terms))
        target = ""
        for letter, length in zip(inputs[i], x.shape, strict=True):
            if letter in target:
                # A repeated index stands for the diagonal: δ of it and an index of its own.
                repeated, letter = letter, next(spare, "")
                if not letter:
                    raise ValueError(f"einsum: {subscripts!r} leaves no letter for a derivative")
                others.append(np.eye(length, dtype=x.dtype))
                terms.append(repeated + letter)
            elif letter not in known:
                others.append(np.ones(length, dtype=x.dtype))  # summed over here, and nowhere else
                terms.append(letter)
            target += letter
        return np.einsum(f"{','.join(terms)}->{target}", *others, optimize=bool(optimize))

    return adjoint


def indices_of(subscripts: str, dimensions: list[int]) -> tuple[list[str], str]:
    """One letter for each axis of every operand, and of the result of an einsum."""
    given, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = given.split(",")
    spare = [letter for letter in LETTERS if letter not in subscripts]
    unnamed = [
        n - len(term) + 3 if "..." in term else 0 for term, n in zip(terms, dimensions, strict=True)
    ]
    # The axes of an ellipsis are aligned at the right, as in broadcasting.
    longest = max(unnamed)
    hidden = "".join(spare[:longest])
    terms = [
        term.replace("...", hidden[longest - n :]) for term, n in zip(terms, unnamed, strict=True)
    ]
    if not arrow:
        letters = given.replace("...", "").replace(",", "")
        output = "..." + "".join(sorted(x for x in letters if letters.count(x) == 1))
    return terms, output.replace("...", hidden)


linear(einsum_, each=einsum_to)


@composition(np.einsum)
def einsum(*operands: Any, optimize: Any = False, **others: Any) -> Any:
    """Einstein's sum over indices, in either of NumPy's two ways to write them."""
    unsupported = [name for name, x in others.items() if x is not None]
    if unsupported:
        raise TypeError(
            f"np.einsum of a tensor does not take {', '.join(unsupported)}: expected subscripts, "
            "operands and optimize; use t.astype(...) for dtype="
        )
    if isinstance(operands[0], str):
        subscripts, operands = operands[0], operands[1:]
    else:
        subscripts, operands = as_subscripts(operands)
    if isinstance(optimize, list):
        optimize = tuple(optimize)
    return record(
        rules[einsum_],
        tuple(map(as_operand, operands)),
        {"subscripts": subscripts, "optimize": optimize},
    )


def as_subscripts(operands: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """The subscripts of `np.einsum(a, [0, 1], b, [1, 2], [0, 2])` in letters, and the operands."""
    pairs = len(operands) // 2
    terms = [in_letters(operands[2 * i + 1]) for i in range(pairs)]
    result = "->" + in_letters(operands[-1]) if len(operands) % 2 else ""
    return ",".join(terms) + result, operands[: 2 * pairs : 2]


def in_letters(indices: Any) -> str:
    """A list of whole numbers and Ellipsis as letters and dots."""
    return "".join("..." if i is Ellipsis else LETTERS[i] for i in indices)


constant(np.einsum_path)


# -- products along chosen axes ------------------------------------------------------------------


def tensordot_indices(a: Any, b: Any, axes: Any) -> tuple[list[int], list[int], list[int]]:
    """A number for each axis of `a`, of `b` and of their tensordot."""
    of_a = list(range(a.ndim))
    of_b = list(range(a.ndim, a.ndim + b.ndim))
    for i, j in zip(*axes, strict=True):
        of_b[j] = of_a[i]
    met = [of_a[i] for i in axes[0]]
    return of_a, of_b, [i for i in (*of_a, *of_b) if i not in met]


def tensordot_to_left(cotangent: Any, y: Any, a: Any, b: Any, axes: Any) -> Any:
    """The cotangent of `a`: a sum over the axes that only `b` has."""
    of_a, of_b, of_y = tensordot_indices(a, b, axes)
    return np.einsum(cotangent, of_y, b, of_b, of_a, optimize=True)


def tensordot_to_right(cotangent: Any, y: Any, a: Any, b: Any, axes: Any) -> Any:
    """The cotangent of `b`: a sum over the axes that only `a` has."""
    of_a, of_b, of_y = tensordot_indices(a, b, axes)
    return np.einsum(a, of_a, cotangent, of_y, of_b, optimize=True)


linear(np.tensordot, tensordot_to_left, tensordot_to_right)


@composition(np.tensordot, np.linalg.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """The sum of products over given axes of both, or over the last of one, the first of other."""
    a, b = as_operand(a), as_operand(b)
    if np.ndim(axes) == 0:
        number = operator.index(axes)
        pairs = tuple(range(a.ndim - number, a.ndim)), tuple(range(number))
    else:
        first, second = axes
        pairs = as_axes(first), as_axes(second)
    return record(rules[np.tensordot], (a, b), {"axes": pairs})


def as_axes(axes: Any) -> tuple[int, ...]:
    """One axis or several, as a tuple."""
    return tuple(int(axis) for axis in np.ravel(axes).tolist())


@composition(np.kron)
def kron(a: Any, b: Any) -> Any:
    """Every entry of `a` times all of `b`, as blocks."""
    a, b = as_operand(a), as_operand(b)
    n = max(a.ndim, b.ndim)
    outer_shape = (1,) * (n - a.ndim) + a.shape
    block_shape = (1,) * (n - b.ndim) + b.shape
    lengths = [*zip(outer_shape, block_shape, strict=True)]
    blocks = np.reshape(a, [side for k, _ in lengths for side in (k, 1)]) * np.reshape(
        b, [side for _, k in lengths for side in (1, k)]
    )
    return np.reshape(blocks, [k * length for k, length in lengths])


# g·(a × b) = a·(b × g) = b·(g × a)
for op in (np.cross, np.linalg.cross):
    linear(op, lambda g, y, a, b: np.cross(b, g), lambda g, y, a, b: np.cross(g, a))


@composition(np.cross)
def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    """a × b of the vectors along given axes."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = np.moveaxis(as_operand(a), axisa, -1), np.moveaxis(as_operand(b), axisb, -1)
    lengths = a.shape[-1], b.shape[-1]
    if lengths == (3, 3):
        y: Any = record(rules[np.cross], (a, b))
        return np.moveaxis(y, -1, axisc)
    np.cross(np.zeros(lengths[0]), np.zeros(lengths[1]))  # NumPy's own words on it
    if lengths == (2, 2):
        return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    y = plane_cross_space(a, b) if lengths == (2, 3) else -plane_cross_space(b, a)
    return np.moveaxis(y, -1, axisc)


def plane_cross_space(a: Any, b: Any) -> Any:
    """a × b, where the third component of `a` is not given, because it is 0."""
    return np.stack(
        [
            a[..., 1] * b[..., 2],
            -(a[..., 0] * b[..., 2]),
            a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0],
        ],
        axis=-1,
    )


@composition(np.linalg.cross)
def cross_in_space(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """x1 × x2 of vectors with three components."""
    a, b = np.moveaxis(as_operand(x1), axis, -1), np.moveaxis(as_operand(x2), axis, -1)
    y: Any = record(rules[np.linalg.cross], (a, b))
    return np.moveaxis(y, -1, axis)


linear(np.linalg.outer, lambda g, y, a, b: g @ b, lambda g, y, a, b: a @ g)


# -- matrices ------------------------------------------------------------------------------------


def multi_dot_(*arrays: Any) -> Any:
    """`np.linalg.multi_dot` with the arrays as arguments."""
    return np.linalg.multi_dot(arrays)


def multi_dot_to(i: int) -> Any:
    """The adjoint of a product A₁ ⋯ Aₙ in its i-th matrix: (A₁ ⋯)ᵀ @ G @ (⋯ Aₙ)ᵀ."""

    def adjoint(cotangent: Any, y: Any, *arrays: Any) -> Any:
        """The cotangent between the transposed matrices of either side."""
        first, last = arrays[0], arrays[-1]
        row = first[None, :] if first.ndim == 1 else first
        column = last[:, None] if last.ndim == 1 else last
        matrices = [row, *arrays[1:-1], column]
        g = np.reshape(cotangent, (row.shape[0], column.shape[1]))
        transposes = [matrix.T for matrix in matrices]
        product = np.linalg.multi_dot([*transposes[:i][::-1], g, *transposes[i + 1 :][::-1]])
        return np.reshape(product, arrays[i].shape)

    return adjoint


linear(multi_dot_, each=multi_dot_to)


@composition(np.linalg.multi_dot)
def multi_dot(arrays: Any) -> Any:
    """The product of several matrices, in the cheapest order."""
    return record(rules[multi_dot_], tuple(map(as_operand, arrays)))


@composition(np.linalg.matrix_power)
def matrix_power(a: Any, n: int) -> Any:
    """A @ ⋯ @ A by repeated squaring; of the inverse for negative n; the identity for n = 0."""
    n = operator.index(n)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        return np.linalg.matrix_power(plain(a), n)  # NumPy's own error
    if n == 0:
        return np.where(False, a, np.eye(a.shape[-1], dtype=a.dtype))
    if n < 0:
        a, n = np.linalg.inv(a), -n
    if n == 3:
        return (a @ a) @ a
    power, result = a, None
    while True:
        if n % 2:
            result = power if result is None else result @ power
        n //= 2
        if n == 0:
            return result
        power = power @ power


@composition(np.linalg.matmul)
def matmul(x1: Any, x2: Any, /) -> Any:
    """A @ B."""
    return np.matmul(x1, x2)


linear(np.matrix_transpose, lambda cotangent, y, x: np.matrix_transpose(cotangent))
composition(np.linalg.matrix_transpose)(functions[np.matrix_transpose])


@composition(np.linalg.trace)
def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    """The sum of the diagonal of each matrix."""
    return np.trace(x, offset=offset, axis1=-2, axis2=-1, dtype=dtype)


@composition(np.linalg.diagonal)
def diagonal(x: Any, /, *, offset: int = 0) -> Any:
    """The diagonal of each matrix."""
    return np.diagonal(x, offset=offset, axis1=-2, axis2=-1)


linear(np.vecdot, lambda g, y, a, b: g[..., None] * b, lambda g, y, a, b: g[..., None] * a)
# NumPy has these two since 2.2.
if hasattr(np, "matvec"):
    linear(
        np.matvec,
        lambda g, y, a, x: g[..., :, None] * x[..., None, :],
        lambda g, y, a, x: np.vecmat(g, a),
    )
    linear(
        np.vecmat,
        lambda g, y, x, a: np.matvec(a, g),
        lambda g, y, x, a: x[..., :, None] * g[..., None, :],
    )


def taking_axes(ufunc: np.ufunc) -> None:
    """Enter calls of a stacked product that say which axes hold the matrices and vectors."""

    @composition(ufunc)
    def call(a: Any, b: Any, /, *, axes: Any = None, axis: Any = None, **others: Any) -> Any:
        """The product with the axes moved to the end, where it expects them."""
        if axis is not None and ufunc is np.vecdot:
            axes = [axis, axis, ()]
        elif axis is not None:
            others["axis"] = axis
        if others or axes is None:
            raise TypeError(
                f"np.{ufunc.__name__} of a tensor does not take {', '.join(others)}: use "
                "np.expand_dims for keepdims=, t.astype(...) for dtype="
            )
        *inputs, output = [as_axes(part) for part in (*axes, ())[:3]]
        moved = [
            np.moveaxis(as_operand(x), places, range(-len(places), 0))
            for x, places in zip((a, b), inputs, strict=True)
        ]
        y: Any = record(rules[ufunc], tuple(moved))
        return np.moveaxis(y, range(-len(output), 0), output)


for name in ("matmul", "vecdot", "matvec", "vecmat"):
    if hasattr(np, name):
        taking_axes(getattr(np, name))


@composition(np.linalg.vecdot)
def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """The inner products of the vectors along an axis."""
    return np.vecdot(np.moveaxis(as_operand(x1), axis, -1), np.moveaxis(as_operand(x2), axis, -1))


# -- sliding products ----------------------------------------------------------------------------


def in_full(cotangent: Any, a: Any, v: Any, late: bool = False) -> Any:
    """The cotangent of a convolution with zeros where the mode has cut off its ends.

    Both "same" and "valid" cut off equally much at both ends, and an odd rest at the end; at the
    beginning, if `late`.
    """
    length = np.size(a) + np.size(v) - 1
    missing = length - cotangent.shape[0]
    start = (missing + late) // 2
    return scatter(cotangent, (slice(start, start + cotangent.shape[0]),), (length,))


def convolve_to_left(cotangent: Any, y: Any, a: Any, v: Any, mode: str = "full") -> Any:
    """The cotangent of `a` in the convolution y_k = Σ a_i v_(k-i)."""
    return np.reshape(np.correlate(in_full(cotangent, a, v), v, "valid"), a.shape)


def convolve_to_right(cotangent: Any, y: Any, a: Any, v: Any, mode: str = "full") -> Any:
    """The cotangent of `v` in the convolution y_k = Σ a_i v_(k-i)."""
    return np.reshape(np.correlate(in_full(cotangent, a, v), a, "valid"), v.shape)


def correlate_to_left(cotangent: Any, y: Any, a: Any, v: Any, mode: str = "valid") -> Any:
    """The cotangent of `a` in the correlation y_k = Σ a_(k+i) v_i."""
    g = in_full(cotangent, a, v, late=v.size > a.size)
    return np.reshape(np.convolve(g, v, "valid"), a.shape)


def correlate_to_right(cotangent: Any, y: Any, a: Any, v: Any, mode: str = "valid") -> Any:
    """The cotangent of `v` in the correlation y_k = Σ a_(k+i) v_i."""
    g = in_full(cotangent, a, v, late=v.size > a.size)
    return np.reshape(np.correlate(g, a, "valid")[::-1], v.shape)


linear(np.convolve, convolve_to_left, convolve_to_right)
linear(np.correlate, correlate_to_left, correlate_to_right)
