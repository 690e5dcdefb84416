"""Lines for operations that reduce over axes. In a rule, `y` has the reduced axes at length 1."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from tinygrad_reg.derivatives.elementwise import over
from tinygrad_reg.derivatives.indexing import as_array
from tinygrad_reg.derivatives.reduction import reduction
from tinygrad_reg.derivatives.table import composition, constant
from tinygrad_reg.tensor import Tensor, functions, plain

TIES_SHARE = {"ties": "all that tie share equally"}
EQUAL = {"all entries equal": "0"}

# -- sums and means ----------------------------------------------------------------------------


def number_of_entries(y: Any, x: Any, axis: Any, where: Any) -> Any:
    """How many entries each result is made from."""
    if where is True:
        return x.size / max(y.size, 1)
    return np.sum(np.broadcast_to(where, x.shape), axis=axis, keepdims=True)


def one_by(n: Any) -> Any:
    """1/n; infinite where n is not positive, and the value is not a number either."""
    if type(n) is float:
        return 1 / n if n > 0 else np.inf
    return 1 / np.maximum(n, 0)


def kept(where: Any, local: Any) -> Any:
    """A local derivative where a mask holds, and exactly 0 elsewhere."""
    return local if where is True else np.where(where, local, 0)


def of_mean(y: Any, x: Any, axis: Any = None, keepdims: bool = False, where: Any = True) -> Any:
    """∂mean/∂x = 1/n."""
    return kept(where, one_by(number_of_entries(y, x, axis, where)))


def of_masked_sum(
    y: Any, x: Any, axis: Any = None, keepdims: bool = False, initial: Any = 0, where: Any = True
) -> Any:
    """∂(Σx)/∂x: 1 where the mask holds. What the sum starts from does not matter."""
    return kept(where, 1.0)


def masked_sum(x: Any, **keywords: Any) -> Any:
    """`np.sum` with a mask, or with a number to start from."""
    return np.sum(x, **keywords)


reduction(np.sum, 1)
reduction(masked_sum, of_masked_sum)
reduction(np.mean, of_mean)
unmasked_sum = functions[np.sum]
BEFORE_MASKS = ("a", "axis", "dtype", "out", "keepdims")


@composition(np.sum)
def sum_of(*args: Any, **kwargs: Any) -> Any:
    """The sum of all entries, or of those that a mask lets through."""
    if (kwargs and ("where" in kwargs or "initial" in kwargs)) or len(args) > len(BEFORE_MASKS):
        kwargs |= zip((*BEFORE_MASKS, "initial", "where"), args, strict=False)
        return functions[masked_sum](kwargs.pop("a"), **kwargs)
    return unmasked_sum(*args, **kwargs)


# -- products ----------------------------------------------------------------------------------


def axes_last(x: Any, axis: Any) -> tuple[Any, list[int]]:
    """`x` with the given axes moved to the end, and the order of the axes that does it."""
    axes = range(x.ndim) if axis is None else np.atleast_1d(np.array(axis, int)) % max(x.ndim, 1)
    order = [*(i for i in range(x.ndim) if i not in axes), *map(int, axes)]
    return np.transpose(x, order), order


def products_of_others(x: Any, axis: Any) -> Any:
    """For each entry, the product of all others along the axes, without dividing by zero.

    Entries are multiplied in pairs, the products again in pairs, and so on; on the way back each
    entry of a pair receives the product of everything outside the pair, times its partner.
    """
    if not x.ndim:
        return np.ones_like(x)
    moved, order = axes_last(x, axis)
    together = x.ndim if axis is None else np.size(axis)
    kept = moved.shape[: x.ndim - together]
    length = int(np.prod(moved.shape[x.ndim - together :]))
    levels = [np.reshape(moved, (*kept, length))]
    while levels[-1].shape[-1] > 1:
        level = levels[-1]
        if level.shape[-1] % 2:
            level = np.concatenate([level, np.ones((*kept, 1), x.dtype)], axis=-1)
            levels[-1] = level
        levels.append(level[..., 0::2] * level[..., 1::2])
    others: Any = np.ones_like(levels.pop())
    while levels:
        level = levels.pop()
        others = np.stack([others * level[..., 1::2], others * level[..., 0::2]], axis=-1)
        others = np.reshape(others, level.shape)
        if levels:
            others = others[..., : levels[-1].shape[-1] // 2]
    return np.transpose(np.reshape(others[..., :length], moved.shape), np.argsort(order))


def of_product(
    y: Any, x: Any, axis: Any = None, keepdims: bool = False, initial: Any = 1, where: Any = True
) -> Any:
    """∂(∏x)/∂x_i: the product of the other entries."""
    x = x if where is True else np.where(where, x, 1)
    safe = np.all(np.isfinite(y) & (y != 0))
    return kept(where, y / x if safe else products_of_others(x, axis) * initial)


reduction(np.prod, of_product)


# -- variance and standard deviation -----------------------------------------------------------


def center(x: Any, axis: Any, where: Any) -> Any:
    """The mean along the axes, of the entries where the mask holds."""
    mask = {} if where is True else {"where": where}
    return np.mean(x, axis=axis, keepdims=True, **mask)


def of_variance_around(
    y: Any,
    x: Any,
    mean: Any,
    axis: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    where: Any = True,
) -> Any:
    """∂var/∂x = 2·(x - mean) / (n - ddof) for a given mean."""
    n = number_of_entries(y, x, axis, where)
    return kept(where, (kept(where, x) - mean) * (2 * one_by(n - ddof)))


def of_variance(
    y: Any, x: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False, where: Any = True
) -> Any:
    """∂var/∂x = 2·(x - mean) / (n - ddof): that the mean moves with x contributes nothing."""
    return of_variance_around(y, x, center(x, axis, where), axis, ddof, keepdims, where)


def of_deviation_around(
    y: Any,
    x: Any,
    mean: Any,
    axis: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    where: Any = True,
) -> Any:
    """∂std/∂x = (x - mean) / ((n - ddof)·std), and the subgradient 0 where std is 0."""
    n = number_of_entries(y, x, axis, where)
    return kept(where, over(kept(where, x) - mean, y) * one_by(n - ddof))


def of_deviation(
    y: Any, x: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False, where: Any = True
) -> Any:
    """∂std/∂x = (x - mean) / ((n - ddof)·std), and 0 where all entries are equal.

    Equal numbers count as such, also where rounding parts them from their mean.
    """
    values = plain(x)
    bounds = {"axis": axis, "keepdims": True, "where": where}
    largest = np.max(values, initial=-np.inf, **bounds)
    smallest = np.min(values, initial=np.inf, **bounds)
    y = np.where(largest == smallest, 0, y)
    return of_deviation_around(y, x, center(x, axis, where), axis, ddof, keepdims, where)


def opposite(local: Callable[..., Any]) -> Callable[..., Any]:
    """A local derivative with its sign turned."""

    @wraps(local)
    def turned(*args: Any, **kwargs: Any) -> Any:
        return -local(*args, **kwargs)

    return turned


def of_numbers(local: Callable[..., Any]) -> Callable[..., Any]:
    """The local derivative of a reduction that ignores NaNs: a mask lets all others through."""

    @wraps(local)
    def masked(y: Any, x: Any, *args: Any, where: Any = True, **kwargs: Any) -> Any:
        return local(y, x, *args, where=where & ~np.isnan(plain(x)), **kwargs)

    return masked


def spread_line(op: Any, local: Callable[..., Any], around: Callable[..., Any]) -> None:
    """Enter a variance or standard deviation: around its own mean, and around a given one."""

    def around_mean(x: Any, mean: Any, **keywords: Any) -> Any:
        return op(x, mean=mean, **keywords)

    around_mean.__name__ = op.__name__
    reduction(op, local, kinks=EQUAL if op in (np.std, np.nanstd) else None)
    reduction(around_mean, around, opposite(around))
    of_own_mean, of_given_mean = functions[op], functions[around_mean]

    @composition(op)
    def call(
        a: Any,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        ddof: Any = 0,
        keepdims: Any = False,
        **kwargs: Any,
    ) -> Any:
        correction = kwargs.pop("correction", np._NoValue)
        mean = kwargs.pop("mean", np._NoValue)
        if correction is not np._NoValue:
            if ddof != 0:
                raise ValueError(
                    f"{op.__name__} was given ddof={ddof} and correction={correction}: expected "
                    "one of the two, which mean the same"
                )
            ddof = correction
        kwargs |= {"axis": axis, "dtype": dtype, "out": out, "ddof": ddof}
        kwargs["keepdims"] = keepdims is True
        if mean is np._NoValue:
            return of_own_mean(a, **kwargs)
        return of_given_mean(as_array(a), as_array(mean), **kwargs)


spread_line(np.var, of_variance, of_variance_around)
spread_line(np.std, of_deviation, of_deviation_around)
spread_line(np.nanvar, of_numbers(of_variance), of_numbers(of_variance_around))
spread_line(np.nanstd, of_numbers(of_deviation), of_numbers(of_deviation_around))

# -- the largest and the smallest --------------------------------------------------------------


def shared(chosen: Any, axis: Any, others: Any = 0) -> Any:
    """1 where an entry was chosen; all of them, and some others, share it equally."""
    return chosen / np.maximum(np.sum(chosen, axis=axis, keepdims=True) + others, 1)


def same(x: Any, y: Any) -> Any:
    """Where entries are equal; a NaN is the same as another NaN."""
    return (x == y) | (np.isnan(x) & np.isnan(y))


def of_extreme(
    y: Any,
    x: Any,
    axis: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """∂max/∂x: 1 at the largest entry, shared equally in a tie, also with the initial value."""
    return shared(same(x, y) & where, axis, 0 if initial is None else initial == y)


def of_logaddexp(
    y: Any,
    x: Any,
    axis: Any = 0,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """∂log(Σe^x)/∂x = e^(x-y); where y is infinite, the entries that are y share equally."""
    finite = np.isfinite(y)
    below = kept(where, x) - np.where(finite, y, 0)
    ties = of_extreme(y, x, axis, keepdims, initial, where)
    return kept(where, np.where(finite, np.exp(np.where(finite, below, 0)), ties))


reduction(np.max, of_extreme, kinks=TIES_SHARE)
reduction(np.min, of_extreme, kinks=TIES_SHARE)
reduction(np.logaddexp.reduce, of_logaddexp)
if np.amax is not np.max:
    composition(np.amax)(functions[np.max])
    composition(np.amin)(functions[np.min])

reduction(np.nansum, of_numbers(of_masked_sum))
reduction(np.nanmean, of_numbers(of_mean))
reduction(np.nanprod, of_numbers(of_product))
reduction(np.nanmax, of_numbers(of_extreme), kinks=TIES_SHARE)
reduction(np.nanmin, of_numbers(of_extreme), kinks=TIES_SHARE)

# The reduce method of a ufunc is the reduction of the same name.
for ufunc, function in (
    (np.add, np.sum),
    (np.multiply, np.prod),
    (np.maximum, np.max),
    (np.minimum, np.min),
):
    composition(ufunc.reduce)(functions[function])


@composition(np.ptp)
def peak_to_peak(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    """The largest entry less the smallest."""
    keywords = {"axis": axis, "out": out, "keepdims": keepdims is True}
    return np.subtract(functions[np.max](a, **keywords), functions[np.min](a, **keywords))


# -- quantiles ---------------------------------------------------------------------------------


def of_quantile(op: Any) -> Callable[..., Any]:
    """∂quantile/∂x of an operation that interpolates between two neighbours in sorted order.

    Where the operation lies between the ranks is what it says of the ranks themselves: the
    quantile 2.25 of 0, 1, 2, ... is three quarters of the entry of rank 2 and a quarter of that of
    rank 3. Entries equal to one of the two share equally.
    """

    def local(
        y: Any, x: Any, q: Any = None, axis: Any = None, keepdims: bool = False, method: Any = None
    ) -> Any:
        """The weights of the two entries in sorted order that the quantile lies between."""
        if not x.size:
            return np.zeros_like(x)
        moved, _ = axes_last(plain(x), axis)
        ordered = np.sort(np.reshape(moved, (max(y.size, 1), -1)), axis=-1)  # NaNs come last
        ranks = np.where(np.isnan(ordered), np.nan, np.arange(ordered.shape[-1])).astype(x.dtype)
        given = {"q": q, "method": method}
        given = {name: x for name, x in given.items() if x is not None}
        place = op(ranks, axis=-1, keepdims=True, **given)
        rank = np.where(np.isnan(place), 0, np.floor(place)).astype(int)
        share = np.where(np.isnan(place), 0, place - rank)
        following = np.minimum(rank + 1, ordered.shape[-1] - 1)
        lower, upper = (
            np.where(np.isnan(place), np.nan, np.take_along_axis(ordered, at, -1))
            for at in (rank, following)
        )
        lower, upper, share = (np.reshape(part, y.shape) for part in (lower, upper, share))
        values = plain(x)
        below, above = shared(same(values, lower), axis), shared(same(values, upper), axis)
        return (1 - share) * below + share * above

    return local


def of_numbers_only(local: Callable[..., Any]) -> Callable[..., Any]:
    """The local derivative of a quantile that ignores NaNs: 0 at a NaN."""

    @wraps(local)
    def masked(y: Any, x: Any, **kwargs: Any) -> Any:
        return np.where(np.isnan(plain(x)), 0, local(y, x, **kwargs))

    return masked


def for_each_quantile(op: Any) -> None:
    """Let an operation take several quantiles at once, as the first axes of its result."""
    single = functions[op]

    @composition(op)
    def call(
        a: Any,
        q: Any,
        axis: Any = None,
        out: Any = None,
        overwrite_input: bool = False,
        method: str = "linear",
        keepdims: Any = False,
        *,
        weights: Any = None,
    ) -> Any:
        keywords = {
            "axis": axis,
            "out": out,
            "overwrite_input": overwrite_input,
            "method": method,
            "keepdims": keepdims is True,
            "weights": weights,
        }
        if type(q) is not Tensor and np.ndim(q):
            q = np.asarray(q)
            if not q.size:
                return Tensor(op(plain(a), q, axis=axis, method=method, keepdims=keepdims is True))
            results = [single(a, np.asarray(each), **keywords) for each in q.ravel()]
            return np.reshape(np.stack(results), q.shape + results[0].shape)
        return single(a, q, **keywords)


for op in (np.median, np.quantile, np.percentile):
    reduction(op, of_quantile(op), kinks=TIES_SHARE)
for op in (np.nanmedian, np.nanquantile, np.nanpercentile):
    reduction(op, of_numbers_only(of_quantile(op)), kinks=TIES_SHARE)
for op in (np.quantile, np.percentile, np.nanquantile, np.nanpercentile):
    for_each_quantile(op)


# -- weighted means ----------------------------------------------------------------------------


@composition(np.average)
def average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False
) -> Any:
    """Σ(w·a) / Σw along axes; on request with Σw."""
    keepdims = keepdims is True
    if weights is None:
        mean = np.mean(a, axis=axis, keepdims=keepdims)
        total: Any = Tensor(np.full(mean.shape, a.size / max(mean.size, 1), mean.dtype)[()])
    else:
        a = as_array(a)
        weights = along_axes(as_array(weights), a, axis)
        dtype = np.result_type(a.dtype, weights.dtype, *["f8"] * (a.dtype.kind in "biu"))
        total = np.sum(weights.astype(dtype), axis=axis, keepdims=keepdims)
        if np.any(plain(total) == 0):
            raise ZeroDivisionError("average was given weights that sum to zero")
        mean = np.sum(np.multiply(a, weights).astype(dtype), axis=axis, keepdims=keepdims) / total
        total = total if type(total) is Tensor else Tensor(total)
    return (mean, np.broadcast_to(total, mean.shape)) if returned else mean


def along_axes(weights: Any, a: Any, axis: Any) -> Any:
    """Weights of the shape of `a`, or one for each place along the axes."""
    if weights.shape == a.shape:
        return weights
    if axis is None:
        raise TypeError(
            f"average of {a.shape} was given weights of shape {weights.shape} and no axis: "
            "expected one weight for each entry, or axis="
        )
    axes = [int(i) % a.ndim for i in np.atleast_1d(axis)]
    expected = tuple(a.shape[i] for i in axes)
    if weights.shape != expected:
        raise ValueError(
            f"average of {a.shape} was given weights of shape {weights.shape}: expected "
            f"{a.shape}, or {expected} for axis={axis}"
        )
    weights = np.transpose(weights, np.argsort(axes).tolist())
    return np.reshape(weights, [n if i in axes else 1 for i, n in enumerate(a.shape)])


constant(
    np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.any, np.all, np.count_nonzero,
    np.shape, np.size, np.ndim,
)  # fmt: skip
