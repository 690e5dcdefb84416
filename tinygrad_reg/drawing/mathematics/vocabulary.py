"""What functions in rules mean in mathematics, where that is not read from their source.

An entry takes what the function takes, with expressions among it, and gives an expression. Some
leave out what a rule does for safety alone; the result is compared with the rule's before it is
shown.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from tinygrad_reg.derivatives import (
    elementwise,
    indexing,
    linear_algebra,
    losses,
    networks,
    norms,
    ordering,
    penalties,
    products,
    reductions,
    scans,
)
from tinygrad_reg.drawing.mathematics import expressions as make
from tinygrad_reg.drawing.mathematics.expressions import (
    EULER,
    PI,
    Combination,
    Expression,
    Number,
)
from tinygrad_reg.drawing.mathematics.lifting import (
    Filled,
    UntranslatableError,
    applied,
    has_expression,
    index_text,
    indexed,
    lifted,
    option,
)
from tinygrad_reg.tensor import plain

__all__ = ["VOCABULARY"]

HALF = make.Combination("over", (Number(1), Number(2)))


def named(name: str, meaning: Callable[..., Any]) -> Callable[..., Expression]:
    """A function of entries that goes by a name."""
    return lambda *parts: make.function(name, meaning, *map(lifted, parts))


def first(x: Any, *_: Any, **__: Any) -> Any:
    """What is given back as it is."""
    return x


# Of entries


def exponential(x: Any) -> Expression:
    """e to the power of x."""
    return of_cases(lambda x: make.power(EULER, x), lifted(x))


def of_cases(function: Callable[[Expression], Expression], x: Expression) -> Expression:
    """A function of cases, as the cases of the function."""
    if not make.is_kind(x, "cases"):
        return function(x)
    parts = make.parts_of(x)
    last = len(parts) - 1
    return make.cases(
        *[function(part) if i % 2 == 0 or i == last else part for i, part in enumerate(parts)]
    )


def logarithm(x: Any) -> Expression:
    """The natural logarithm."""
    return make.function("ln", np.log, lifted(x))


def square_root(x: Any) -> Expression:
    """√x."""
    return make.root(PI if x == math.pi else lifted(x))


def hypotenuse(a: Any, b: Any) -> Expression:
    """√(a² + b²)."""
    squares = [make.power(lifted(x), Number(2)) for x in (a, b)]
    squares = [Number(1) if part == make.power(Number(1), Number(2)) else part for part in squares]
    return make.root(make.plus(*squares))


def size(x: Any) -> Expression:
    """|x|."""
    return Combination("size", (lifted(x),))


def chosen(condition: Any, a: Any, b: Any) -> Any:
    """np.where, as cases."""
    if condition is True or condition is False or isinstance(condition, Number | np.bool_):
        return a if getattr(condition, "value", condition) else b
    return make.cases(lifted(a), lifted(condition), lifted(b))


def larger(y: Any, a: Any, b: Any) -> Expression:
    """The share of a in max(a, b)."""
    a, b = lifted(a), lifted(b)
    above, level = make.compare(a, ">", b), make.compare(a, "=", b)
    return make.cases(Number(1), above, HALF, level, Number(0))


def clipped(x: Any, low: Any, high: Any) -> Expression:
    """x, but at least `low` and at most `high`."""
    inner, low, high = lifted(x), lifted(low), lifted(high)
    if isinstance(high, Number) and high.value >= networks.FAR:
        return inner  # far out, for safety alone
    below, above = make.compare(inner, "<", low), make.compare(inner, ">", high)
    return make.cases(low, below, high, above, inner)


def of_base(y: Any, x: Any, p: Any) -> Expression:
    """p·x^(p-1)."""
    x, p = lifted(x), lifted(p)
    if make.is_number(p, 0):
        return Number(0)
    return make.times(p, make.power(x, make.minus(p, Number(1))))


def of_exponent(y: Any, x: Any, p: Any) -> Expression:
    """y·ln x, which is 0 at x = 0."""
    safe = make.function("ln", lambda x: np.log(np.where(x == 0, 1, x)), lifted(x))
    return make.times(lifted(y), safe)


def quotient(a: Any, b: Any, zero: Any) -> Expression:
    """a / b, and 0 where b is 0."""
    return make.guarded(lifted(a), lifted(b))


def guarded(a: Any, b: Any) -> Expression:
    """a / b, and 0 where b is 0."""
    return make.guarded(lifted(a), lifted(b))


def direction(a: Any, b: Any) -> Expression:
    """a / (a² + b²)."""
    a, b = lifted(a), lifted(b)
    return make.guarded(a, make.plus(make.power(a, Number(2)), make.power(b, Number(2))))


def logistic(x: Any) -> Expression:
    """σ(x)."""
    return make.function("σ", lambda x: plain(losses.sigmoid(x)), lifted(x))


def primed(name: str, op: Callable[..., Any]) -> Callable[..., Expression]:
    """The n-th derivative of a function, with n strokes."""
    return lambda x, n: make.function(name + "′" * n, partial(op, n=n), lifted(x))


def exactly(function: Callable[..., Any], name: str) -> Callable[..., Expression]:
    """A function of entries that is computed by the package's own, and shown by its name."""
    return lambda x: make.function(name, lambda x: plain(function(x)), lifted(x))


# Of reductions


def one_by(n: Any) -> Expression:
    """1/n."""
    return make.over(Number(1), whole(n))


def whole(n: Any) -> Expression:
    """A number of entries, without a point."""
    if isinstance(n, float) and n == int(n):
        return Number(int(n))
    return lifted(n)


def kept(where: Any, local: Any) -> Any:
    """A local derivative where there is no mask."""
    if where is not True:
        raise UntranslatableError("a mask")
    return local


def of_extreme(
    y: Any, x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Expression:
    """1 where an entry is the largest (or smallest), shared in a tie."""
    if where is not True:
        raise UntranslatableError("a mask")
    if initial is not None:
        raise UntranslatableError("an initial value, which may tie as well")
    level = make.compare(lifted(x), "=", lifted(y))

    def share(value: Any, chosen: Any, other: Any) -> Any:
        return reductions.shared(chosen, axis)

    note = ", shared where several are"
    return Combination("cases", (Number(1), level, Number(0)), note, meaning=share)


def of_logaddexp(y: Any, x: Any, axis: Any = 0, keepdims: Any = False, **others: Any) -> Expression:
    """e^(x-y)."""
    return exponential(make.minus(lifted(x), lifted(y)))


def of_product(y: Any, x: Any, axis: Any = None, **others: Any) -> Expression:
    """The product of the other entries."""
    if any(value is not True for key, value in others.items() if key == "where"):
        raise UntranslatableError("a mask")
    if others.get("initial", 1) != 1:
        raise UntranslatableError("an initial value")
    meaning = partial(reductions.products_of_others, axis=axis)
    return Combination("map", (lifted(x),), "product of the others in", "", meaning)


def of_deviation(
    y: Any, x: Any, axis: Any = None, ddof: float = 0, keepdims: Any = False, where: Any = True
) -> Expression:
    """(x - mean) / (n·y)."""
    kept(where, 0)
    mean = average(x, axis=axis, keepdims=True)
    if not isinstance(x, make.Letter) or not isinstance(y, make.Letter):
        raise UntranslatableError("the deviation of something computed")
    count = float(np.prod(x.shape)) / max(int(np.prod(y.shape)), 1)
    return make.guarded(make.minus(x, mean), make.times(whole(count - ddof), y))


def axes_text(axis: Any) -> str:
    """Along which axes, in small print; nothing for all of them."""
    if axis is None or axis == ():
        return ""
    if isinstance(axis, int | np.integer):
        return f"axis {axis}"
    return f"axes {', '.join(map(str, axis))}"


def summed(x: Any, axis: Any = None, keepdims: Any = False, **others: Any) -> Expression:
    """The sum of entries."""
    if others:
        raise UntranslatableError("options of a sum")
    return make.total(lifted(x), axes_text(axis), partial(np.sum, axis=axis, keepdims=keepdims))


def average(x: Any, axis: Any = None, keepdims: Any = False, **others: Any) -> Expression:
    """The mean of entries."""
    if others:
        raise UntranslatableError("options of a mean")
    meaning = partial(np.mean, axis=axis, keepdims=keepdims)
    text = axes_text(axis).replace("axis ", "axis=").replace("axes ", "axes=")
    return Combination("map", (lifted(x),), "mean", text, meaning)


def softmax(x: Any, axis: Any = -1) -> Expression:
    """softmax(x)."""
    text = "" if axis is None else f"axis={option(axis)}"
    return Combination(
        "map", (lifted(x),), "softmax", text, lambda x: plain(losses.softmax(x, axis=axis))
    )


def log_softmax(x: Any, axis: Any = -1) -> Expression:
    """ln softmax(x)."""
    inner = softmax(x, axis)
    return make.function("ln", np.log, inner)


def together(items: Any, start: Any = 0) -> Any:
    """Python's own sum."""
    found = start
    for item in items:
        found = (
            make.plus(lifted(found), lifted(item))
            if has_expression((found, item))
            else (found + item)
        )
    return found


def of_softmax(direction: Any, y: Any, x: Any, axis: Any = -1) -> Expression:
    """y ⊙ (G - Σ G ⊙ y)."""
    direction, y = lifted(direction), lifted(y)
    mean = summed(make.times(direction, y), axis=axis, keepdims=True)
    return make.times(y, make.minus(direction, mean))


# Of norms and penalties


def of_power_norm(x: Any, p: Any, ord: Any, axis: Any) -> Expression:
    """x/‖x‖, or sign(x)·(|x|/‖x‖)^(p-1)."""
    x = lifted(x)
    length = norm(x, axis, partial(np.linalg.norm, ord=ord, axis=axis, keepdims=True))
    share = make.guarded(x, length)
    if p == 2:
        return share
    sizes = make.guarded(size(x), length)
    return make.times(
        named("sign", np.sign)(x), make.power(sizes, make.minus(lifted(p), Number(1)))
    )


def norm(x: Expression, axis: Any, meaning: Callable[..., Any]) -> Expression:
    """The length of an array, or of the vectors in it."""
    return Combination("norm", (x,), axes_text(axis), "", meaning)


def group_norms(W: Any, axis: Any) -> Expression:
    """The length of every group of weights."""
    return norm(lifted(W), axis, lambda W: penalties.norms(W, axis))


def inner_of_all(a: Any, b: Any) -> Expression:
    """The sum of products of entries."""
    return make.total(make.times(lifted(a), lifted(b)), "", np.sum)


# Of products


def left_of_product(cotangent: Any, y: Any, a: Any, b: Any) -> Expression:
    """The cotangent of A in A @ B."""
    cotangent, a, b = lifted(cotangent), lifted(a), lifted(b)
    rows, columns = dimensions(a, b)
    if (rows, columns) == (1, 1):
        return make.times(cotangent, b)
    if columns == 1:
        meaning = lambda g, b: g[..., None] * b
        return Combination("product", (cotangent, make.transpose(b)), meaning=meaning)
    if rows == 1:
        return Combination("product", (b, cotangent), meaning=matrix_times_vector)
    return make.product(cotangent, make.transpose(b))


def right_of_product(cotangent: Any, y: Any, a: Any, b: Any) -> Expression:
    """The cotangent of B in A @ B."""
    cotangent, a, b = lifted(cotangent), lifted(a), lifted(b)
    rows, columns = dimensions(a, b)
    if (rows, columns) == (1, 1):
        return make.times(cotangent, a)
    if rows == 1:
        if columns != 2:
            raise UntranslatableError("a vector times a stack of matrices")
        meaning = lambda a, g: a[:, None] * g[..., None, :]
        return Combination("product", (a, make.transpose(cotangent)), meaning=meaning)
    if columns == 1:
        turned = make.transpose(a)
        return Combination("product", (turned, cotangent), meaning=matrix_times_vector)
    return make.product(make.transpose(a), cotangent)


def matrix_times_vector(matrix: Any, vector: Any) -> Any:
    """The product of each matrix of a stack with the vector in its place."""
    return (matrix @ vector[..., None])[..., 0]


def dimensions(a: Expression, b: Expression) -> tuple[int, int]:
    """The numbers of axes of two operands."""
    if isinstance(a, make.Letter) and isinstance(b, make.Letter):
        return a.ndim, b.ndim
    raise UntranslatableError("operands that are computed")


def of_dot(side: Callable[..., Expression]) -> Callable[..., Expression]:
    """np.dot of up to two axes, which is a matrix product or a product with a number."""

    def read(cotangent: Any, y: Any, a: Any, b: Any) -> Expression:
        left, right = dimensions(lifted(a), lifted(b))
        if left == 0 or right == 0:
            return make.times(lifted(cotangent), lifted(b if side is left_of_product else a))
        if max(left, right) > 2:
            raise UntranslatableError("stacks of matrices")
        return side(cotangent, y, a, b)

    return read


def left_of_inner(cotangent: Any, y: Any, a: Any, b: Any) -> Expression:
    """The cotangent of A in np.inner(A, B)."""
    left, right = dimensions(lifted(a), lifted(b))
    if (left, right) == (1, 1) or left == 0 or right == 0:
        return make.times(lifted(cotangent), lifted(b))
    if (left, right) == (2, 2):
        return make.product(lifted(cotangent), lifted(b))
    raise UntranslatableError("operands of other shapes")


def right_of_inner(cotangent: Any, y: Any, a: Any, b: Any) -> Expression:
    """The cotangent of B in np.inner(A, B)."""
    left, right = dimensions(lifted(a), lifted(b))
    if (left, right) == (1, 1) or left == 0 or right == 0:
        return make.times(lifted(cotangent), lifted(a))
    if (left, right) == (2, 2):
        return make.product(make.transpose(lifted(cotangent)), lifted(a))
    raise UntranslatableError("operands of other shapes")


def inverse_matrix(a: Any) -> Expression:
    """A⁻¹."""
    return Combination("power", (lifted(a), Number(-1)), meaning=lambda a, _: np.linalg.inv(a))


def solved(a: Any, b: Any) -> Expression:
    """A⁻¹ B."""
    return make.product(inverse_matrix(a), lifted(b))


def cofactors(y: Any, a: Any) -> Expression:
    """The derivative of a determinant."""
    y = indexed(lifted(y), (..., None, None))
    return make.times(y, make.transpose(inverse_matrix(a)))


def product_of_all(matrices: Any) -> Expression:
    """The product of several matrices."""
    found = lifted(matrices[0])
    for matrix in matrices[1:]:
        found = make.product(found, lifted(matrix))
    return found


# Of places


def transposed_axes(x: Any, axes: Any = None) -> Expression:
    """An array with its axes in another order."""
    x = lifted(x)
    if axes is None or (len(axes) == 2 and tuple(axes) == (1, 0)):
        return Combination("transpose", (x,), meaning=np.transpose)
    return applied("map", np.transpose, (x, axes), {})


def reshaped(x: Any, shape: Any, order: str = "C") -> Expression:
    """The entries in another shape."""
    if make.shape_of(lifted(x)) == tuple(np.atleast_1d(shape).tolist()):
        return lifted(x)
    args = (x, shape) if order == "C" else (x, shape, order)
    return applied("map", np.reshape, args, {})


def along(x: Any, axis: int, index: Any) -> Expression:
    """Entries along an axis."""
    x = lifted(x)
    return indexed(x, (*(slice(None),) * (axis % len(make.shape_of(x))), index))


def scattered(entries: Any, index: Any, shape: Any) -> Expression:
    """Entries put back where they were, among zeros."""
    meaning = Filled(indexing.scatter, (None, index, shape), (0,), {})
    return Combination("placed", (lifted(entries),), f"at {index_text(index)}", "", meaning)


def back_summed(cotangent: Any, y: Any, x: Any, axis: int) -> Expression:
    """The running sum from the other end."""
    meaning = Filled(scans.back_summed, (None, y, x, axis), (0,), {})
    text = "running sum from the end"
    return Combination("map", (lifted(cotangent),), text, f"axis={axis}", meaning)


def exact_places(function: Callable[..., Any], name: str) -> Callable[..., Expression]:
    """Places in an order, by the package's own function."""
    return lambda *args: applied("map", renamed(function, name), args, {})


def renamed(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The same function by another name."""

    def called(*args: Any) -> Any:
        return function(*args)

    called.__name__ = name
    return called


VOCABULARY: dict[Any, Callable[..., Any]] = {
    # NumPy and math
    np.exp: exponential,
    np.log: logarithm,
    math.log: logarithm,
    np.sqrt: square_root,
    math.sqrt: square_root,
    np.hypot: hypotenuse,
    np.abs: size,
    np.where: chosen,
    np.clip: clipped,
    np.sum: summed,
    np.mean: average,
    np.vdot: inner_of_all,
    np.transpose: transposed_axes,
    np.matrix_transpose: lambda x: make.transpose(lifted(x)),
    np.reshape: reshaped,
    np.linalg.solve: solved,
    np.linalg.inv: inverse_matrix,
    np.linalg.multi_dot: product_of_all,
    linear_algebra.cofactors: cofactors,
    np.expm1: lambda x: of_cases(lambda x: make.minus(make.power(EULER, x), Number(1)), lifted(x)),
    np.asarray: first,
    np.log1p: lambda x: logarithm(make.plus(Number(1), lifted(x))),
    np.maximum: named("max", np.maximum),
    np.minimum: named("min", np.minimum),
    np.rint: named("round", np.rint),
    np.sign: named("sign", np.sign),
    np.ones_like: lambda x: Number(1),
    np.copysign: lambda a, b: make.times(lifted(a), named("sign", np.sign)(b)),
    np.ldexp: lambda a, b: make.times(lifted(a), make.power(Number(2.0), lifted(b))),
    sum: together,
    plain: first,
    # the package's helpers
    elementwise.larger: larger,
    elementwise.or_number: lambda y, share, b: share,
    elementwise.gap: lambda a, b: make.minus(lifted(a), lifted(b)),
    elementwise.quotient: quotient,
    elementwise.over: guarded,
    elementwise.direction: direction,
    elementwise.inverse: lambda b: make.over(Number(1), lifted(b)),
    elementwise.of_base: of_base,
    elementwise.of_exponent: of_exponent,
    elementwise.logistic_: logistic,
    elementwise.sinc_derivative_: primed("sinc", elementwise.sinc_derivative_),
    elementwise.i0_derivative_: primed("I₀", elementwise.i0_derivative_),
    losses.logistic: logistic,
    losses.sigmoid: logistic,
    losses.softmax: softmax,
    losses.softmax_product: of_softmax,
    losses.log_softmax: log_softmax,
    networks.normal_distribution_: exactly(networks.normal_distribution_, "Φ"),
    networks.normal_density: exactly(networks.normal_density, "φ"),
    networks.left_slope_of_elu: exponential,
    reductions.one_by: one_by,
    reductions.kept: kept,
    reductions.of_extreme: of_extreme,
    reductions.of_product: of_product,
    reductions.of_deviation: of_deviation,
    reductions.of_logaddexp: of_logaddexp,
    norms.of_power_norm: of_power_norm,
    penalties.norms: group_norms,
    products.transposed: lambda a: make.transpose(lifted(a)),
    products.as_operand: first,
    products.to_left: left_of_product,
    products.to_right: right_of_product,
    products.dot_to_left: of_dot(left_of_product),
    products.dot_to_right: of_dot(right_of_product),
    products.inner_to_left: left_of_inner,
    products.inner_to_right: right_of_inner,
    ordering.ranks: exact_places(ordering.ranks, "ranks"),
    ordering.origins: exact_places(ordering.origins, "origins"),
    indexing.along: along,
    indexing.scatter: scattered,
    scans.back_summed: back_summed,
}
