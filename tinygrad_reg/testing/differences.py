"""Derivatives from the values of a function alone, each with an estimate of its own error.

Every number here is a slope at t = 0 of a function of one real number t, such as f(x + t·v). It is
taken from f at 0 and at ±h, ±h/2, ±h/4. The odd half (f(t) - f(-t)) / 2t of the values converges
to the slope, and Richardson's extrapolation takes its errors in h² and h⁴ away. The even half
(f(t) + f(-t)) / 2 - f(0) knows nothing of the slope, and so tells what else is there: a kink, a
jump, or rounding. Where the two do not settle, smaller h are tried; where they never do, the
slopes from the left and from the right, extrapolated in the same way, say why.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import optree

from tinygrad_reg.tensor import own_array

__all__ = ["numerical_gradient", "numerical_jvp"]

Array = np.ndarray[Any, Any]
Function = Callable[..., Any]
Evaluate = Callable[[Array, Array], Array]  # (which slopes, t of each) -> values of f
Problem = tuple[str, str]  # its kind, and a sentence about it

STEPS = (2.0**-7, 2.0**-10, 2.0**-13, 2.0**-17, 2.0**-21, 2.0**-26)  # of an argument of size 1
TINY_STEPS = (2.0**-7, 2.0**-11)  # of a smaller argument's size, tried last
PARTS = (1.0, 0.5, 0.25)  # of a step
NOISE = 8.0  # what rounding makes of a slope: so many units in the last place of f, over h
SETTLED = 1e-8  # relative error at which no smaller step is tried
QUIET = 1024.0  # rounding errors up to which a function is taken for a constant, with noise
ROUGH = 1e-3  # relative error up to which a slope is one at all
SAFETY = 10.0  # how many times its estimate an error may be, where something is decided


@dataclass
class Slopes:
    """Derivatives along one direction each, as far as the values of a function tell.

    `low` and `high` are the same number where the function is smooth. At a kink they are its
    one-sided slopes, the smaller one first. `problems` says for some positions, by kind and in
    words, why there is no derivative: `low` and `high` are NaN there.
    """

    low: Array
    high: Array
    error: Array
    problems: dict[int, Problem] = field(default_factory=dict)

    @property
    def middle(self) -> Array:
        """The slope, and at a kink the mean of the two."""
        return self.low + (self.high - self.low) / 2

    @property
    def reach(self) -> Array:
        """How far from `middle` a derivative may be: the error, and half of what a kink spans."""
        return self.error + np.where(self.low < self.high, (self.high - self.low) / 2, 0)


def numerical_gradient(
    f: Function, *args: Any, argnums: int | Sequence[int] = 0, with_error: bool = False
) -> Any:
    """The gradient of `f` by central differences: slow, approximate, and knowing nothing of rules.

    Parameters
    ----------
    f : callable
        Returns a single number. It is called with plain float64 arrays, six times or more for
        every entry of every argument asked for.
    *args : array or nested arrays
        Its arguments: arrays of any shapes, or nested dicts, lists and tuples of them.
    argnums : int or sequence of int
        The arguments to differentiate with respect to.
    with_error : bool
        Whether to return an estimate of the error as well.

    Returns
    -------
    gradient : array or nested arrays
        Structure and shapes of the argument, in float64; a tuple of such where `argnums` is a
        sequence. The relative error is about 1e-10 for smooth functions. At a kink it is the mean
        of the two one-sided slopes, at the border of where `f` has finite values the one-sided
        slope, and NaN where there is no derivative: at a jump, or where the slopes of both sides
        are infinite or NaN.
    error : array or nested arrays
        Where `with_error` is set, of the structure of the gradient. It covers truncation and
        rounding: hardly ever is it more than ten times too small. At a kink it includes half the
        distance between the two slopes; without a derivative it is infinite.

    Raises
    ------
    TypeError
        If an argument is not made of floating arrays, there is no such argument, or `f` does not
        return a number.
    ValueError
        If `f` returns more than a single number, gives different values when called twice, or
        writes into its arguments; if an entry of an argument is NaN or infinite.

    See Also
    --------
    check_gradients : The comparison with it.
    tinygrad_reg.grad : The gradient itself.

    References
    ----------
    Central differences at three distances, extrapolated to distance 0: Richardson, "The approximate
    arithmetical solution by finite differences of physical problems", 1911.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_reg.testing import numerical_gradient
    >>> numerical_gradient(lambda w: np.sum(w**2), np.array([1.0, -3.0])).round(8)
    array([ 2., -6.])
    >>> numerical_gradient(lambda p: p["w"] * p["b"], {"w": 2.0, "b": 3.0})["w"].round(8)
    np.float64(3.0)
    >>> slope, error = numerical_gradient(np.exp, 1.0, with_error=True)
    >>> bool(abs(slope - np.e) < error < 1e-8)
    True
    """
    what = f"numerical_gradient of {name_of(f)}"
    chosen = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    given = list(args)
    for i in chosen:
        if not -len(given) <= i < len(given):
            raise TypeError(f"{what}: there is no argument {i} among the {len(given)} given")
        given[i] = as_float64(args[i], what, i % len(given))
    leaves, tree = flattened(tuple(given[i] for i in chosen))

    def number(leaves: list[Array]) -> Any:
        for i, argument in zip(chosen, tree.unflatten(leaves), strict=True):
            given[i] = argument
        return single_number(f(*given), what)

    places = places_of(tree, [i % len(given) for i in chosen])
    centre = value_at(number, leaves, places, what)
    slopes = along_entries(number, leaves, entries_of(leaves), *flat(centre))
    gradient, error = (
        tree.unflatten(parted(x, [leaf.shape for leaf in leaves]))
        for x in (slopes.middle, slopes.reach)
    )
    if isinstance(argnums, int):
        gradient, error = gradient[0], error[0]
    return (gradient, error) if with_error else gradient


def numerical_jvp(
    f: Function, primals: Sequence[Any], tangents: Sequence[Any], with_error: bool = False
) -> Any:
    """The derivative of `f` in the direction of some tangents, by central differences.

    Parameters
    ----------
    f : callable
        Returns an array, or nested dicts, lists and tuples of arrays. It is called with plain
        float64 arrays.
    primals : tuple or list
        The arguments of `f`: arrays, or nested dicts, lists and tuples of them.
    tangents : tuple or list
        One for each primal, of the same structure and shapes.
    with_error : bool
        Whether to return an estimate of the error as well.

    Returns
    -------
    tangent : array or nested arrays
        Structure and shapes of `f(*primals)`, in float64. Kinks, borders and jumps as in
        `numerical_gradient`.
    error : array or nested arrays
        Where `with_error` is set, of the same structure.

    Raises
    ------
    TypeError
        If a primal or a tangent is not made of floating arrays, or `f` does not return numbers.
    ValueError
        If the tangents do not match the primals, `f` gives different values when called twice, or
        writes into its arguments; if an entry of a primal is NaN or infinite.

    See Also
    --------
    tinygrad_reg.jvp : The derivative itself.

    References
    ----------
    As for `numerical_gradient`.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_reg.testing import numerical_jvp
    >>> numerical_jvp(np.square, (np.array([1.0, 2.0]),), (np.array([1.0, 10.0]),)).round(8)
    array([ 2., 40.])
    >>> tangent, error = numerical_jvp(np.abs, (np.array([0.0, 3.0]),), (np.ones(2),), True)
    >>> tangent.round(8), error.round(8)
    (array([0., 1.]), array([1., 0.]))
    """
    what = f"numerical_jvp of {name_of(f)}"
    leaves, tree = flattened(tuple(as_float64(x, what, i) for i, x in enumerate(primals)))
    directions, tree_of_tangents = flattened(
        tuple(as_float64(x, what, i, "tangent") for i, x in enumerate(tangents))
    )
    shapes = [leaf.shape for leaf in leaves]
    if tree_of_tangents != tree or [direction.shape for direction in directions] != shapes:
        raise ValueError(
            f"{what} was given tangents of structure {tree_of_tangents} and shapes "
            f"{[direction.shape for direction in directions]}: expected {tree} and {shapes}"
        )
    structure: list[Any] = []

    def results(leaves: list[Array]) -> list[Any]:
        result = f(*tree.unflatten(leaves))
        structure[:] = [optree.tree_structure(result)]
        return numbers(result, what)

    centre = value_at(results, leaves, places_of(tree), what)
    slopes = along_direction(results, leaves, directions, *flat(centre), largest_of(centre))
    shapes = [x.shape for x in centre]
    tangent, error = (
        structure[0].unflatten(parted(x, shapes)) for x in (slopes.middle, slopes.reach)
    )
    return (tangent, error) if with_error else tangent


# -- slopes of a function of leaves, which are float64 arrays in a list -------------------------


def along_entries(
    f: Callable[[list[Array]], Any],
    leaves: list[Array],
    entries: Sequence[tuple[int, tuple[int, ...]]],
    value: Array,
    epsilon: Array,
    terms: Array | None = None,
) -> Slopes:
    """The derivatives of a number with respect to some entries, each (which leaf, place in it).

    `value` is the number at the leaves, `epsilon` its relative rounding error, and `terms` the size
    of the terms it is the sum of, where they are known, in arrays of 1.
    """

    def moved(which: Array, t: Array) -> Array:
        values = np.empty(len(which))
        for i, (position, step) in enumerate(zip(which.tolist(), t.tolist(), strict=True)):
            k, entry = entries[position]
            place = leaves[k].copy()
            place[entry] += step
            try:
                values[i] = f([*leaves[:k], place, *leaves[k + 1 :]])
            except np.linalg.LinAlgError:  # as outside of the domain
                values[i] = np.nan
        return values

    n = len(entries)
    size = np.array([abs(leaves[k][entry]) for k, entry in entries])
    terms = (np.abs(value) if terms is None else terms).repeat(n)
    return measure(moved, value.repeat(n), epsilon.repeat(n), terms, np.maximum(1, size), size)


def along_direction(
    f: Callable[[list[Array]], list[Any]],
    leaves: list[Array],
    directions: list[Array],
    value: Array,
    epsilon: Array,
    terms: Array | None = None,
    unit: float | None = None,
) -> Slopes:
    """The derivatives of all results in one direction.

    `value` holds all results at the leaves in a row, `epsilon` their relative rounding errors and
    `terms` the sizes of what they are computed from, where those are known. Steps start at a part
    of `unit`, or of the sizes of the entries.
    """
    n = len(value)

    def moved(which: Array, t: Array) -> Array:
        places = [leaf + t[0] * v for leaf, v in zip(leaves, directions, strict=True)]
        try:
            return flat(f(places))[0][which]
        except np.linalg.LinAlgError:
            return np.full(len(which), np.nan)

    scale = small = np.inf  # the t in which some entry moves by its size: at least 1; not 0
    for leaf, v in zip(leaves, directions, strict=True):
        moving = v != 0
        size, speed = np.abs(leaf[moving]), np.abs(v[moving])
        scale = min(scale, np.min(np.maximum(1, size) / speed, initial=np.inf))
        small = min(small, np.min(size[size > 0] / speed[size > 0], initial=np.inf))
    scale = scale if np.isfinite(scale) else 1.0
    if unit is not None:
        scale = small = unit
    terms = np.abs(value) if terms is None else terms
    return measure(moved, value, epsilon, terms, np.full(n, scale), np.full(n, small))


def measure(
    evaluate: Evaluate, value: Array, epsilon: Array, terms: Array, scale: Array, size: Array
) -> Slopes:
    """Slopes at t = 0, from `evaluate(which, t)`.

    `value` is what it gives at t = 0, `epsilon` the relative rounding error of that. Steps start
    at a part of `scale`, and end at a part of `size` where that is smaller and not 0. What changes
    by no more than rounding errors of numbers of size `terms` is a constant: of A⁻¹·A, an entry
    that is 0 is as noisy as one that is 1.
    """
    n = len(value)
    slope, error = np.full(n, np.nan), np.full(n, np.inf)
    right, left = Side(n, 1.0), Side(n, -1.0)
    todo, unclear = np.arange(n), []
    floor = np.full(n, np.inf)  # rounding errors in the largest step
    noisy: Array | None = None  # what a constant changes by, and 0 for anything else
    with np.errstate(all="ignore"):
        for h in ladder(scale, size) if n else []:
            t, f0 = h[todo], value[todo]
            ahead = [evaluate(todo, part * t) for part in PARTS]
            behind = [evaluate(todo, -part * t) for part in PARTS]
            seen = np.abs([f0, *ahead, *behind])
            largest = np.max(np.where(np.isfinite(seen), seen, 0), axis=0)
            if noisy is None:
                noise = NOISE * epsilon * largest / t
                clear = is_clear(*central(f0, ahead, behind, t, noise))
                change = np.max(np.abs([end - f0 for end in (*ahead, *behind)]), axis=0)
                rounding = epsilon * np.nan_to_num(terms, posinf=0)
                noisy = np.where(~clear & (change <= QUIET * rounding), change + rounding, 0)
            noise = NOISE * np.maximum(epsilon[todo] * largest, noisy[todo]) / t
            found, estimate = central(f0, ahead, behind, t, noise)
            better = estimate < error[todo]
            slope[todo[better]], error[todo[better]] = found[better], estimate[better]
            right.see(todo, f0, ahead, t, noise)
            left.see(todo, f0, behind, t, noise)
            floor[todo] = np.minimum(floor[todo], noise)
            settled = error[todo] <= SETTLED * np.abs(slope[todo]) + 4 * floor[todo]
            kinked = ~settled & kinks(right, left, todo, noise)
            unclear += todo[kinked].tolist()
            todo = todo[~(settled | kinked)]
            if not len(todo):
                break
        slopes = Slopes(slope, slope.copy(), error)
        for i in [*unclear, *todo.tolist()]:
            explain(slopes, i, float(value[i]), right, left, 128 * float(floor[i]))
    return slopes


def ladder(scale: Array, size: Array) -> list[Array]:
    """The steps to try, in turn: powers of 2, so that nothing of x + h is lost."""
    unit = 2.0 ** np.frexp(scale)[1] / 2
    steps = [unit * step for step in STEPS]
    tiny = (size > 0) & (size < scale * STEPS[3])
    if np.any(tiny):
        small = 2.0 ** np.frexp(np.where(tiny, size, 1))[1]
        for step in TINY_STEPS:
            steps.append(np.where(tiny, np.minimum(small * step, steps[-1] / 8), steps[-1] / 8))
    return steps


def central(
    f0: Array, right: list[Array], left: list[Array], h: Array, noise: Array
) -> tuple[Array, Array]:
    """The slope from both sides, and an estimate of its error."""
    D = [(r - s) / (2 * part * h) for r, s, part in zip(right, left, PARTS, strict=True)]
    coarse, fine = (4 * D[1] - D[0]) / 3, (4 * D[2] - D[1]) / 3
    # Of t² and t⁴ nothing is left in this sum, of k·|t| there is 7·k·h.
    E = [(r + s) / 2 - f0 for r, s in zip(right, left, strict=True)]
    uneven = np.abs(E[0] - 20 * E[1] + 64 * E[2]) / (7 * h)
    slope = (16 * fine - coarse) / 15
    error = np.abs(fine - coarse) + uneven + noise
    return slope, np.where(np.isfinite(slope) & np.isfinite(error), error, np.inf)


def is_clear(slope: Array, error: Array) -> Array:
    """Whether slopes are known well enough to be no accident of rounding."""
    clear: Array = error <= 1e-2 * np.abs(slope)
    return clear


class Side:
    """The slopes from one side as far as they are known: the best, and what the last steps gave."""

    def __init__(self, n: int, sign: float) -> None:
        self.sign = sign
        self.slope, self.error = np.full(n, np.nan), np.full(n, np.inf)
        self.size = np.full(n, np.nan)  # of the difference quotient in the largest step
        self.gap = np.full((3, n), np.nan)  # what f moves by in the smallest step, and the next two
        self.step = np.full((3, n), np.nan)

    def see(self, which: Array, f0: Array, ends: list[Array], h: Array, noise: Array) -> None:
        """Take in the values of f at h, h/2 and h/4."""
        Q = [(end - f0) / (self.sign * part * h) for end, part in zip(ends, PARTS, strict=True)]
        coarse, fine = 2 * Q[1] - Q[0], 2 * Q[2] - Q[1]
        slope, error = (4 * fine - coarse) / 3, np.abs(fine - coarse) + 4 * noise
        better = np.isfinite(slope) & (error < self.error[which])
        self.slope[which[better]], self.error[which[better]] = slope[better], error[better]
        first = ~np.isfinite(self.size[which])
        self.size[which[first]] = np.abs(Q[0][first])
        h = h * PARTS[-1]
        for kept, newest in ((self.gap, ends[-1] - f0), (self.step, h)):
            kept[1:, which] = kept[:-1, which]
            kept[0, which] = newest

    def kind(self, i: int, rough: float) -> str:
        """What there is on this side: a slope, a jump, an infinite slope, or nothing to see."""
        if not np.isfinite(self.gap[0, i]):
            return "outside"
        if self.error[i] <= max(ROUGH * abs(self.slope[i]), rough):
            return "slope"
        # |f(t) - f(0)| goes with |t|^p: 1 where there is a slope, 0 at a jump.
        gap, step = self.gap[:, i], self.step[:, i]
        p, before = np.log(np.abs(gap[:-1] / gap[1:])) / np.log(step[:-1] / step[1:])
        if p > 1.03:
            self.slope[i], self.error[i] = 0.0, np.abs(gap[0] / step[0])
            return "slope"
        if abs(p - before) > 0.2 or np.any(gap * gap[0] < 0):  # as in a wave that is too short
            return "unsettled"
        return "jump" if p < 0.2 else "infinite" if p < 0.97 else "unsettled"


def kinks(right: Side, left: Side, which: Array, noise: Array) -> Array:
    """Where the slopes of the two sides have settled on different numbers."""
    r, s = right.slope[which], left.slope[which]
    errors = right.error[which] + left.error[which]
    settled = errors <= SETTLED * np.maximum(np.abs(r), np.abs(s)) + 16 * noise
    return settled & (np.abs(r - s) > SAFETY * errors)  # type: ignore[no-any-return]


def explain(slopes: Slopes, i: int, value: float, right: Side, left: Side, rounding: float) -> None:
    """Say of a slope that has not settled what it is: a kink, a border, or none at all."""
    size = float(np.nan_to_num(np.fmax(right.size[i], left.size[i]), posinf=0))
    rough = ROUGH * size + rounding
    kinds = {"right": right.kind(i, rough), "left": left.kind(i, rough)}
    known = [
        side for side, kind in zip((right, left), kinds.values(), strict=True) if kind == "slope"
    ]
    ends = [float(side.slope[i]) for side in known]
    errors = [float(side.error[i]) for side in known]
    if not np.isfinite(value):
        problem = ("outside", f"its value there is {value}")
    elif len(known) == 2 and abs(ends[0] - ends[1]) > SAFETY * sum(errors):
        slopes.low[i], slopes.high[i], slopes.error[i] = min(ends), max(ends), max(errors)
        return
    elif len(known) == 2 and sum(errors) < slopes.error[i]:
        slopes.low[i] = slopes.high[i] = sum(ends) / 2
        slopes.error[i] = sum(errors)
        return
    elif slopes.error[i] <= max(ROUGH * abs(slopes.low[i]), rough):
        return
    elif "jump" in kinds.values():
        side = "right" if kinds["right"] == "jump" else "left"
        gap = (right if side == "right" else left).gap[0, i]
        problem = ("jump", f"it jumps there, by {gap:.6g} on the {side} side")
    elif "unsettled" in kinds.values():
        problem = ("unsettled", "its differences there do not settle in steps of any size")
    elif known:
        if "infinite" in kinds.values():
            steep = left if known[0] is right else right
            ends.append(float(np.copysign(np.inf, steep.sign * steep.gap[0, i])))
        slopes.low[i], slopes.high[i], slopes.error[i] = min(ends), max(ends), max(errors)
        return
    else:
        words = {"infinite": "grows without bound", "outside": "has no finite values"}
        parts = [f"on the {side} side it {words[kind]}" for side, kind in kinds.items()]
        both = "infinite" if "infinite" in kinds.values() else "outside"
        problem = (both, " and ".join(parts).replace("it grows", "its slope grows"))
    slopes.low[i] = slopes.high[i] = np.nan
    slopes.error[i] = np.inf
    slopes.problems[i] = problem


# -- arguments and results ---------------------------------------------------------------------


def as_float64(argument: Any, what: str, i: int, kind: str = "argument") -> Any:
    """A copy of one argument's arrays in float64, with an error where they are no numbers."""
    leaves, tree = optree.tree_flatten(argument)
    arrays = []
    for leaf, place in zip(leaves, places_of(tree, inside=i), strict=True):
        array = own_array(leaf, True, f"{what}, {kind} {place}").astype(np.float64)
        if not np.all(np.isfinite(array)):
            entry = tuple(int(k) for k in np.argwhere(~np.isfinite(array))[0])
            raise ValueError(
                f"{what}: {kind} {place}{list(entry) if entry else ''} is {array[entry]}, but "
                "there are no differences at NaN or infinity: expected finite numbers"
            )
        arrays.append(array)
    return tree.unflatten(arrays)


def flattened(trees: tuple[Any, ...]) -> tuple[list[Array], Any]:
    """The arrays in some arguments, and how they are nested."""
    leaves, tree = optree.tree_flatten(trees)  # type: ignore[arg-type,var-annotated]
    return leaves, tree


def value_at(
    f: Callable[[list[Array]], Any], leaves: list[Array], places: list[str], what: str
) -> Any:
    """The value of a function, which has to be the same twice and to leave its arguments alone."""
    before = [leaf.copy() for leaf in leaves]
    with np.errstate(all="ignore"):
        value = f(leaves)
        for leaf, copy, place in zip(leaves, before, places, strict=True):
            if not np.array_equal(leaf, copy):
                raise ValueError(
                    f"{what}: the function writes into its argument {place}, and what it is given "
                    "next is no longer what was asked for. Work on a copy: x = x + 1 for x += 1"
                )
        again = f(leaves)
    if type(value) is not list:
        value, again = [value], [again]
    for one, other in zip(value, again, strict=True):
        size = np.max(np.abs(one), initial=0, where=np.isfinite(one))
        if not np.allclose(one, other, rtol=0, atol=1e-6 * size, equal_nan=True):
            raise ValueError(
                f"{what}: called twice with the same arguments, the function gave first "
                f"{brief(one)}, then {brief(other)}. If it draws random numbers, pass a seeded "
                "generator made inside the function: random = np.random.default_rng(0)"
            )
    return value


def brief(array: Any) -> str:
    """An array in a message: a few of its entries."""
    return np.array2string(np.asarray(array), threshold=6, edgeitems=2).replace("\n", "")


def single_number(result: Any, what: str) -> Any:
    """What a function returned, if it is a single number."""
    array = numbers(result, what)
    if len(array) != 1 or array[0].shape != ():
        shapes = " and ".join(str(x.shape) for x in array) or "()"
        raise ValueError(
            f"{what}: the function returned an array of shape {shapes}: expected a single number "
            "such as a loss (take np.sum or np.mean, or numerical_jvp for an array)"
        )
    return array[0]


def numbers(result: Any, what: str) -> list[Any]:
    """The arrays that a function returned, if they are arrays of real numbers."""
    leaves = optree.tree_leaves(result)
    arrays = [x if type(x) is np.ndarray else np.asarray(x) for x in leaves]
    if result is None or any(x.dtype.kind not in "fiub" for x in arrays):
        kind = type(result).__name__ if len(leaves) != 1 else type(leaves[0]).__name__
        raise TypeError(
            f"{what}: the function returned {kind}: expected a number or an array of real "
            "numbers (a missing return gives None)"
        )
    return arrays


def flat(arrays: Sequence[Any]) -> tuple[Array, Array]:
    """All entries of some arrays in one row, and the relative rounding error of each."""
    if not arrays:
        return np.zeros(0), np.zeros(0)
    rows = [np.ravel(x).astype(np.float64) for x in arrays]
    epsilons = [
        np.full(len(row), np.finfo(x.dtype if x.dtype.kind == "f" else np.float64).eps)
        for x, row in zip(arrays, rows, strict=True)
    ]
    return np.concatenate(rows), np.concatenate(epsilons)


def largest_of(arrays: Sequence[Any]) -> Array:
    """The size of the largest finite entry of each array, for all its entries, in one row."""
    rows = [np.abs(np.ravel(x).astype(np.float64)) for x in arrays]
    largest = [np.max(row, initial=0, where=np.isfinite(row)) for row in rows]
    return np.concatenate(
        [np.zeros(0), *(np.full(len(row), x) for row, x in zip(rows, largest, strict=True))]
    )


def parted(row: Array, shapes: Sequence[tuple[int, ...]]) -> list[Any]:
    """Arrays of some shapes, filled one after the other from one row of entries."""
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    parts = np.split(row, ends[:-1]) if shapes else []
    return [part.reshape(shape)[()] for part, shape in zip(parts, shapes, strict=True)]


def entries_of(leaves: list[Array]) -> list[tuple[int, tuple[int, ...]]]:
    """Every entry of some arrays: which array, and the place in it."""
    return [(k, entry) for k, leaf in enumerate(leaves) for entry in np.ndindex(leaf.shape)]


def places_of(tree: Any, positions: Sequence[int] | None = None, inside: Any = None) -> list[str]:
    """Where the leaves of a tuple of arguments are, as one would write it: 0['W'].

    `positions` are the numbers of the arguments in that tuple; the tree may also be that of the
    one argument `inside`.
    """
    paths = tree.paths() if inside is None else [(inside, *path) for path in tree.paths()]
    return [
        f"{path[0] if positions is None else positions[path[0]]}"
        + "".join(f"[{key!r}]" for key in path[1:])
        for path in paths
    ]


def name_of(f: Function) -> str:
    """What a function is called in messages."""
    return getattr(f, "__name__", "a function")
