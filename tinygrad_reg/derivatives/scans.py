"""Lines for running sums and products, differences, and what is built from them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_reg.derivatives.elementwise import quotient
from tinygrad_reg.derivatives.indexing import along, as_array, scatter
from tinygrad_reg.derivatives.table import composition, derivative, linear
from tinygrad_reg.tensor import Tensor, functions, plain

BACKWARDS = slice(None, None, -1)


def shifted(x: Any, axis: int, first: Any) -> Any:
    """Entries moved on by one place along an axis; `first` comes in, and the last drops out."""
    start = np.full_like(plain(along(x, axis, slice(0, 1))), first)
    return np.concatenate([start, along(x, axis, slice(0, -1))], axis=axis)


def recurrence(factors: Any, terms: Any, axis: int) -> Any:
    """r_k = terms_k + factors_k · r_{k-1} along an axis, in log₂(n) steps without any division.

    Each step replaces every r_k by what it is in terms of an r twice as far back.
    """
    reach = 1
    while reach < terms.shape[axis]:
        near, far = slice(reach, None), slice(0, -reach)
        later = along(factors, axis, near)
        grown = along(terms, axis, near) + later * along(terms, axis, far)
        later = later * along(factors, axis, far)
        start = slice(0, reach)
        terms = np.concatenate([along(terms, axis, start), grown], axis=axis)
        factors = np.concatenate([along(factors, axis, start), later], axis=axis)
        reach *= 2
    return terms


# -- running sums and products -----------------------------------------------------------------


def back_summed(cotangent: Any, y: Any, x: Any, axis: int) -> Any:
    """The adjoint of a running sum: the running sum from the other end."""
    return along(np.cumsum(along(cotangent, axis, BACKWARDS), axis), axis, BACKWARDS)


def pull_of_cumprod(cotangent: Any, y: Any, x: Any, axis: int) -> Any:
    """The product before an entry, times all that follows from it: r_k = ȳ_k + x_{k+1}·r_{k+1}."""
    before = shifted(y, axis, 1)
    following = shifted(along(x, axis, BACKWARDS), axis, 0)
    later = recurrence(following, along(cotangent, axis, BACKWARDS), axis)
    return before * along(later, axis, BACKWARDS)


def push_of_cumprod(tangent: Any, y: Any, x: Any, axis: int) -> Any:
    """The product rule, step by step: ẏ_k = ẋ_k·y_{k-1} + x_k·ẏ_{k-1}."""
    return recurrence(x, tangent * shifted(y, axis, 1), axis)


linear(np.cumsum, back_summed)
derivative(np.cumprod, pullbacks=[pull_of_cumprod], pushforwards=[push_of_cumprod])
recorded = {op: functions[op] for op in (np.cumsum, np.cumprod)}


def running(op: Any, x: Any, axis: Any, dtype: Any, out: Any) -> Any:
    """A running sum or product; of all entries in a row, if the axis is None."""
    if dtype is not None or out is not None:
        raise TypeError(
            f"{op.__name__} of a tensor does not take dtype= and out=: write t.astype(...) for "
            "dtype=, y = ... for out="
        )
    return recorded[op](np.ravel(x), 0) if axis is None else recorded[op](x, int(axis))


@composition(np.cumsum)
def cumsum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    """Running sums along an axis."""
    return running(np.cumsum, a, axis, dtype, out)


@composition(np.cumprod)
def cumprod(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    """Running products along an axis."""
    return running(np.cumprod, a, axis, dtype, out)


composition(np.add.accumulate)(cumsum)
composition(np.multiply.accumulate)(cumprod)


@composition(np.nancumsum)
def nancumsum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    """Running sums, to which a NaN adds nothing."""
    return cumsum(np.where(np.isnan(plain(a)), 0, a), axis, dtype, out)


@composition(np.nancumprod)
def nancumprod(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    """Running products, which a NaN leaves as they are."""
    return cumprod(np.where(np.isnan(plain(a)), 1, a), axis, dtype, out)


def with_initial(op: Any, neutral: int) -> None:
    """Enter the running sum or product of the array API standard."""
    name = "cumulative_sum" if op is np.cumsum else "cumulative_prod"

    @composition(getattr(np, name))
    def cumulative(
        x: Any,
        /,
        *,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        include_initial: bool = False,
    ) -> Any:
        """np.cumsum or np.cumprod along one axis; with 0 or 1 in front if `include_initial`."""
        if axis is None and x.ndim > 1:
            raise ValueError(f"{name} of an array of shape {x.shape} was given no axis")
        axis = 0 if axis is None else int(axis)
        x = x if x.ndim else np.reshape(x, (1,))
        y = running(op, x, axis, dtype, out)
        if not include_initial:
            return y
        shape = [1 if i == axis % x.ndim else n for i, n in enumerate(x.shape)]
        return np.concatenate([np.full(shape, neutral, x.dtype), y], axis=axis)


with_initial(np.cumsum, 0)
with_initial(np.cumprod, 1)

# -- differences -------------------------------------------------------------------------------


@composition(np.diff)
def diff(
    a: Any, n: int = 1, axis: int = -1, prepend: Any = np._NoValue, append: Any = np._NoValue
) -> Any:
    """Differences of neighbours along an axis, taken n times."""
    a = as_array(a)
    if n < 0 or a.ndim == 0:
        raise ValueError(
            f"diff was given n={n} and an array of shape {a.shape}: expected n ≥ 0 and an axis"
        )
    if n == 0:
        return a
    parts = [
        part if part is a else at_the_end(part, a, axis)
        for part in (prepend, a, append)
        if part is not np._NoValue
    ]
    a = np.concatenate(parts, axis=axis) if len(parts) > 1 else a
    for _ in range(n):
        a = along(a, axis, slice(1, None)) - along(a, axis, slice(0, -1))
    return a


def at_the_end(part: Any, a: Any, axis: int) -> Any:
    """What is joined to an array: a single number is repeated as often as it takes."""
    part = as_array(part)
    if part.ndim:
        return part
    return np.broadcast_to(
        part, tuple(1 if i == axis % a.ndim else n for i, n in enumerate(a.shape))
    )


@composition(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """Differences of neighbours of all entries in a row, with entries before and after them."""
    ary = np.ravel(as_array(ary))
    parts = [ary[1:] - ary[:-1]]
    if to_begin is not None:
        parts.insert(0, like(ary, to_begin, "to_begin"))
    if to_end is not None:
        parts.append(like(ary, to_end, "to_end"))
    return np.concatenate(parts)


def like(ary: Any, part: Any, name: str) -> Any:
    """Entries in a row, in the dtype of an array."""
    part = np.ravel(as_array(part))
    if not np.can_cast(part.dtype, ary.dtype, "same_kind"):
        raise TypeError(
            f"ediff1d was given {name} of dtype {part.dtype}, which does not go into {ary.dtype}: "
            "convert one of the two with .astype(...)"
        )
    return part if part.dtype == ary.dtype else part.astype(ary.dtype)


# -- slopes and areas of sampled functions -----------------------------------------------------


@composition(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Slopes along each axis: central differences, and one-sided ones at the edges."""
    f = as_array(f)
    f = f.astype(np.float64) if f.dtype.kind in "iub" else f
    chosen = range(f.ndim) if axis is None else np.atleast_1d(np.array(axis, int)).tolist()
    if edge_order not in (1, 2):
        raise ValueError(f"gradient was given edge_order={edge_order!r}: expected 1 or 2")
    if len(varargs) == 1 and np.ndim(plain(varargs[0])) == 0:
        varargs *= len(chosen)
    if varargs and len(varargs) != len(chosen):
        raise TypeError(
            f"gradient was given {len(varargs)} spacings for {len(chosen)} axes: expected one "
            "number for all, or a number or coordinates for each"
        )
    spacings = varargs or (1.0,) * len(chosen)
    slopes = tuple(
        slope_along(f, i, spacing, edge_order) for i, spacing in zip(chosen, spacings, strict=True)
    )
    return slopes[0] if len(slopes) == 1 else slopes


def slope_along(f: Any, axis: int, spacing: Any, edge_order: int) -> Any:
    """Slopes along one axis."""
    if f.shape[axis] < edge_order + 1:
        raise ValueError(
            f"gradient along axis {axis}, of length {f.shape[axis]}, was given "
            f"edge_order={edge_order}: expected at least {edge_order + 1} entries"
        )
    steps = steps_of(spacing, f.shape[axis])
    column = (-1, *(1,) * (f.ndim - 1 - axis % f.ndim))

    def values(*bounds: Any) -> Any:
        return along(f, axis, slice(*bounds))

    def weighted(weights: Any, *places: Any) -> Any:
        first, second, third = (values(*place) for place in places)
        a, b, c = (np.reshape(w, column) if np.ndim(plain(w)) else w for w in weights)
        return a * first + b * second + c * third

    if np.ndim(plain(steps)):
        h, k = steps[:-1], steps[1:]
        inner = weighted(weights_between(h, k), (None, -2), (1, -1), (2, None))
        left, right, ends = steps[0], steps[-1], (steps[:2], steps[-2:])
    else:
        inner = (values(2, None) - values(None, -2)) / (2.0 * steps)
        left, right, ends = steps, steps, None
    if edge_order == 1:
        first = (values(1, 2) - values(0, 1)) / left
        last = (values(-1, None) - values(-2, -1)) / right
    else:
        if ends is None:
            start = (-1.5 / steps, 2.0 / steps, -0.5 / steps)
            end = (0.5 / steps, -2.0 / steps, 1.5 / steps)
        else:
            start, end = weights_before(*ends[0]), weights_after(*ends[1])
        first = weighted(start, (0, 1), (1, 2), (2, 3))
        last = weighted(end, (-3, -2), (-2, -1), (-1, None))
    parts = [
        part if part.dtype == f.dtype else part.astype(f.dtype) for part in (first, inner, last)
    ]
    return np.concatenate(parts, axis=axis)


def steps_of(spacing: Any, length: int) -> Any:
    """The distance between neighbours: one number, or an array where distances differ."""
    if np.ndim(plain(spacing)) == 0:
        return spacing
    spacing = as_array(spacing)
    if spacing.shape != (length,):
        raise ValueError(
            f"gradient along an axis of length {length} was given coordinates of shape "
            f"{spacing.shape}: expected ({length},), or a number"
        )
    spacing = spacing.astype(np.float64) if spacing.dtype.kind in "iu" else spacing
    steps = spacing[1:] - spacing[:-1]
    return (
        steps[0] if np.all(plain(steps) == plain(steps)[0]) and type(steps) is not Tensor else steps
    )


# The slopes of the parabola through three points, h and k apart.


def weights_between(h: Any, k: Any) -> Any:
    """At the middle one."""
    return -k / (h * (h + k)), (k - h) / (h * k), h / (k * (h + k))


def weights_before(h: Any, k: Any) -> Any:
    """At the first one."""
    return -(2.0 * h + k) / (h * (h + k)), (h + k) / (h * k), -h / (k * (h + k))


def weights_after(h: Any, k: Any) -> Any:
    """At the last one."""
    return k / (h * (h + k)), -(k + h) / (h * k), (2.0 * k + h) / (k * (h + k))


@composition(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The area under the lines between neighbours along an axis."""
    y = as_array(y)
    widths = dx
    if x is not None:
        x = as_array(x)
        widths = diff(x, axis=axis if x.ndim > 1 else -1)
        if x.ndim == 1:
            widths = np.reshape(widths, (-1, *(1,) * (y.ndim - 1 - axis % y.ndim)))
    heights = along(y, axis, slice(1, None)) + along(y, axis, slice(0, -1))
    return np.sum(widths * heights / 2.0, axis=axis)


# -- interpolation -----------------------------------------------------------------------------


def segment(x: Any, xp: Any) -> tuple[Any, Any]:
    """The points of xp before and after each x; the outermost two where it is outside."""
    last = len(xp) - 1
    after = np.clip(np.searchsorted(plain(xp), plain(x), side="right"), min(1, last), last)
    return np.maximum(after - 1, 0), after


def share_of_next(x: Any, xp: Any) -> Any:
    """How far each x is from the point before it to the point after it: from 0 to 1."""
    before, after = segment(x, xp)
    width = xp[after] - xp[before]
    low, high = plain(x) < plain(xp)[0], plain(x) > plain(xp)[-1]
    share = quotient(x - xp[before], width, plain(width) == 0)
    return np.where(low, 0, np.where(high, 1, share))


def slope_at(x: Any, xp: Any, fp: Any) -> Any:
    """The slope of the line that each x lies on, and 0 outside."""
    before, after = segment(x, xp)
    width = xp[after] - xp[before]
    slope = quotient(fp[after] - fp[before], width, plain(width) == 0)
    outside = (plain(x) < plain(xp)[0]) | (plain(x) >= plain(xp)[-1])
    return np.where(outside, 0, slope)


def follows_points(x: Any, xp: Any, left: Any, right: Any) -> Any:
    """Where the result comes from the points, and not from a value given for the outside."""
    low, high = plain(x) < plain(xp)[0], plain(x) > plain(xp)[-1]
    return ~((low & (left is not None)) | (high & (right is not None)))


def pull_of_heights(
    cotangent: Any, y: Any, x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None
) -> Any:
    """Each cotangent goes to the two points around x, in the shares that they have in y."""
    before, after = segment(x, xp)
    share = share_of_next(x, xp)
    arriving = np.where(follows_points(x, xp, left, right), cotangent, 0)
    of_previous = scatter((1 - share) * arriving, (before,), xp.shape)
    return of_previous + scatter(share * arriving, (after,), xp.shape)


def push_of_heights(
    tangent: Any, y: Any, x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None
) -> Any:
    """Between the tangents of two points, as between the points."""
    before, after = segment(x, xp)
    share = share_of_next(x, xp)
    between = (1 - share) * tangent[before] + share * tangent[after]
    return np.where(follows_points(x, xp, left, right), between, 0)


# A line through two points that move to the right by d falls by slope·d.
derivative(
    np.interp,
    pullbacks=[
        lambda cotangent, y, x, xp, fp, *_: cotangent * slope_at(x, xp, fp),
        lambda cotangent, y, x, xp, fp, *_: pull_of_heights(
            -cotangent * slope_at(x, xp, fp), y, x, xp, fp
        ),
        pull_of_heights,
    ],
    pushforwards=[
        lambda tangent, y, x, xp, fp, *_: tangent * slope_at(x, xp, fp),
        lambda tangent, y, x, xp, fp, *_: (
            -slope_at(x, xp, fp) * push_of_heights(tangent, y, x, xp, fp)
        ),
        push_of_heights,
    ],
    kinks={"x at a point of xp": "slope to its right"},
)
interp_recorded = functions[np.interp]


@composition(np.interp)
def interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Any:
    """Straight lines between the points (xp, fp)."""
    if period is not None:
        raise TypeError(
            "interp of a tensor does not take period=: write np.interp(x % period, xp, fp), with "
            "points that cover one period"
        )
    return interp_recorded(x, xp, fp, left, right)
