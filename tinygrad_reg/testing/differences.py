"""Derivatives from the values of a function alone, and the check of a gradient against them.

Every number here is the slope of a function of one real number t, such as f(x + t·v). It is taken
from central differences D(h) = (f(h) - f(-h)) / 2h, whose error falls with h², in the combination
(4·D(h/2) - D(h)) / 3, whose error falls with h⁴ (Richardson's extrapolation).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import optree

from tinygrad_reg.tensor import own_array
from tinygrad_reg.transforms import grad, jvp

__all__ = ["GradientMismatch", "check_gradients", "numerical_gradient", "numerical_jvp"]

Function = Callable[..., Any]

STEP = 2.0**-10  # of an argument of size 1; where truncation and rounding errors are about equal
SHRINKS = (1, 2**-4, 2**-8, 2**-12, 2**-16)  # tried in turn, near a pole, a kink or a border
RELATIVE_TOLERANCE = 1e-6
ABSOLUTE_TOLERANCE = 1e-8  # of the largest entry, and at least of 1


class GradientMismatch(AssertionError):  # noqa: N818 (it says what was found)
    """A derivative differs from finite differences."""


def numerical_gradient(f: Function, *args: Any, argnums: int | Sequence[int] = 0) -> Any:
    """The gradient of `f` by central differences: slow, approximate, and knowing nothing of rules.

    Parameters
    ----------
    f : callable
        Returns a single number. It is called with plain float64 arrays, twice or more for every
        entry of every argument asked for.
    *args : array or nested arrays
        Its arguments: arrays of any shapes, or nested dicts, lists and tuples of them.
    argnums : int or sequence of int
        The arguments to differentiate with respect to.

    Returns
    -------
    array or nested arrays
        Structure and shapes of the argument, in float64; a tuple of such where `argnums` is a
        sequence. The relative error is about 1e-10 for smooth functions. At a kink it is the mean
        of the two one-sided slopes, and NaN where `f` has no finite values nearby.

    Raises
    ------
    TypeError
        If an argument is not made of floating arrays.
    ValueError
        If `f` returns more than a single number.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_reg.testing import numerical_gradient
    >>> numerical_gradient(lambda w: np.sum(w**2), np.array([1.0, -3.0])).round(8)
    array([ 2., -6.])
    >>> numerical_gradient(lambda p: p["w"] * p["b"], {"w": 2.0, "b": 3.0})["w"].round(8)
    np.float64(3.0)
    """
    chosen = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    given = list(args)
    for position in chosen:
        given[position] = as_float64(args[position], f"numerical_gradient, argument {position}")
    gradients = [gradient_in(f, given, position) for position in chosen]
    return gradients[0] if isinstance(argnums, int) else tuple(gradients)


def numerical_jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
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

    Returns
    -------
    array or nested arrays
        Structure and shapes of `f(*primals)`, in float64.

    Raises
    ------
    TypeError, ValueError
        If the primals are not made of floating arrays, or the tangents do not match them.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_reg.testing import numerical_jvp
    >>> numerical_jvp(np.square, (np.array([1.0, 2.0]),), (np.array([1.0, 10.0]),)).round(8)
    array([ 2., 40.])
    """
    leaves, tree = optree.tree_flatten(as_float64(tuple(primals), "numerical_jvp, primals"))
    directions, tree_of_tangents = optree.tree_flatten(
        as_float64(tuple(tangents), "numerical_jvp, tangents")
    )
    shapes = [leaf.shape for leaf in leaves]
    if tree_of_tangents != tree or [direction.shape for direction in directions] != shapes:
        raise ValueError(
            f"numerical_jvp was given tangents of structure {tree_of_tangents} and shapes "
            f"{[direction.shape for direction in directions]}: expected {tree} and {shapes}"
        )
    structure: list[Any] = []

    def moved(t: float) -> list[Any]:
        places = [leaf + t * direction for leaf, direction in zip(leaves, directions, strict=True)]
        results, tree_of_results = optree.tree_flatten(f(*tree.unflatten(places)))
        structure[:] = [tree_of_results]
        return results

    speed = max(
        (
            np.max(np.abs(direction) / np.maximum(1, np.abs(leaf)), initial=0)
            for leaf, direction in zip(leaves, directions, strict=True)
        ),
        default=0,
    )
    found = slopes(moved, float(STEP / speed) if speed else STEP)
    return structure[0].unflatten(found)


def check_gradients(
    f: Function, *args: Any, order: int = 2, modes: Sequence[str] = ("reverse", "forward")
) -> None:
    """Raise if the derivatives of `f` at some arguments differ from finite differences.

    Parameters
    ----------
    f : callable
        Returns an array, or nested dicts, lists and tuples of arrays, computed from arrays of
        the arguments' shapes. Where it returns more than one number, the reverse mode is checked
        on their sum with fixed pseudo-random weights.
    *args : array or nested arrays
        Where to check. Derivatives are taken with respect to all of them, in float64.
    order : int
        The highest order to check, from 1. Each order is compared with differences of the
        gradient of the order before it.
    modes : sequence of "reverse" and "forward"
        Which ways to compute the derivatives are checked.

    Raises
    ------
    GradientMismatch
        With the mode, the order, and the worst entry: its place, both values and their ratio.
    ValueError
        If there is no such mode or order.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> from tinygrad_reg.testing import check_gradients
    >>> check_gradients(np.tanh, np.array([-1.0, 0.5]))
    >>> def cubed(x):
    ...     return x**3
    >>> cubed = tg.elementwise(cubed, lambda y, x: 2 * x**2)  # wrong
    >>> check_gradients(cubed, np.array([1.0, 2.0]))
    Traceback (most recent call last):
    GradientMismatch: order 1, reverse mode, argument 0[1]: ...
    """
    unknown = [mode for mode in modes if mode not in ("reverse", "forward")]
    if unknown or order < 1:
        raise ValueError(
            f"check_gradients was given modes={modes!r}, order={order!r}: expected modes among "
            "'reverse' and 'forward', and an order of at least 1"
        )
    primals = as_float64(tuple(args), "check_gradients, arguments")
    random = np.random.default_rng(0)
    tangents = weights_like(primals, random)
    for k in range(1, order + 1):
        contracted = contraction(f, weights_like(f(*primals), random))
        every = range(len(primals))
        if "reverse" in modes:
            found = grad(contracted, every)(*primals)
            expected = numerical_gradient(contracted, *primals, argnums=every)
            compare(found, expected, f"order {k}, reverse mode, argument ")
        if "forward" in modes:
            _, pushed = jvp(f, primals, tangents)
            differences = numerical_jvp(f, primals, tangents)
            compare(pushed, differences, f"order {k}, forward mode, result")
        f = grad(contracted, every)


def gradient_in(f: Function, args: list[Any], position: int) -> Any:
    """One argument's part of `numerical_gradient`."""
    leaves, tree = optree.tree_flatten(args[position])

    def moved(which: int, entry: tuple[int, ...], t: float) -> list[Any]:
        place = leaves[which].copy()
        place[entry] += t
        argument = tree.unflatten([*leaves[:which], place, *leaves[which + 1 :]])
        return [single_number(f(*args[:position], argument, *args[position + 1 :]))]

    found = [np.zeros(leaf.shape) for leaf in leaves]
    for which, leaf in enumerate(leaves):
        for entry in np.ndindex(leaf.shape):
            step = STEP * max(1, abs(leaf[entry]))
            found[which][entry] = slopes(partial(moved, which, entry), step)[0]
    return tree.unflatten(found)


def slopes(moved: Callable[[float], list[Any]], step: float) -> list[Any]:
    """The derivatives at t = 0 of the arrays that `moved(t)` returns.

    Where two step sizes disagree by more than rounding explains, smaller ones are tried, and of all
    results the one with the smallest estimated error is kept, entry by entry.
    """
    best: list[Any] = []
    errors: list[Any] = []
    for shrink in SHRINKS:
        h = step * shrink
        with np.errstate(all="ignore"):
            ends = [[np.asarray(x) for x in moved(t)] for t in (h, -h, h / 2, -h / 2)]
            converged = True
            for i, (right, left, near_right, near_left) in enumerate(zip(*ends, strict=True)):
                epsilon = np.finfo(right.dtype if right.dtype.kind == "f" else float).eps
                coarse = (right.astype(float) - left) / (2 * h)
                fine = (near_right.astype(float) - near_left) / h
                slope = (4 * fine - coarse) / 3
                rounding = 4 * epsilon * np.maximum(np.abs(right), np.abs(left)) / h
                error = np.where(np.isfinite(slope), np.abs(fine - coarse) + rounding, np.inf)
                if i == len(best):
                    best.append(np.where(np.isfinite(slope), slope, np.nan))
                    errors.append(error)
                else:
                    better = error < errors[i]
                    best[i] = np.where(better, slope, best[i])
                    errors[i] = np.where(better, error, errors[i])
                converged &= bool(np.all(errors[i] <= 1e-6 * np.abs(best[i]) + 2 * rounding))
        if converged:
            break
    return best


def as_float64(tree: Any, owner: str) -> Any:
    """A copy of nested arrays in float64."""
    return optree.tree_map(lambda x: own_array(x, True, owner).astype(np.float64), tree)


def single_number(result: Any) -> Any:
    """What a function returned, if it is a single number."""
    if np.shape(result) != ():
        raise ValueError(
            f"the function returned an array of shape {np.shape(result)}: expected a single "
            "number such as a loss (take np.sum or np.mean, or numerical_jvp for an array)"
        )
    return result


def weights_like(tree: Any, random: np.random.Generator) -> Any:
    """Pseudo-random numbers in the structure and shapes of nested arrays, none close to zero."""
    return optree.tree_map(
        lambda x: random.choice([-1, 1], np.shape(x)) * random.uniform(0.5, 1.5, np.shape(x)),
        tree,
    )


def contraction(f: Function, weights: Any) -> Function:
    """`f` with its results summed up to a single number, each with its weight."""
    expected = optree.tree_leaves(weights)

    def contracted(*args: Any) -> Any:
        parts = zip(optree.tree_leaves(f(*args)), expected, strict=True)
        return sum(np.sum(result * weight) for result, weight in parts)

    return contracted


def compare(found: Any, expected: Any, where: str) -> None:
    """Raise with the worst entry where derivatives and differences are not the same."""
    paths, differences, _ = optree.tree_flatten_with_path(expected)
    worst: tuple[float, str] = (1.0, "")
    derivatives = optree.tree_leaves(found)
    largest = max((np.max(np.abs(d), initial=0) for d in differences), default=0)
    scale = ABSOLUTE_TOLERANCE * (max(1, largest) if np.isfinite(largest) else 1)
    for path, derivative, difference in zip(paths, derivatives, differences, strict=True):
        sizes = np.maximum(np.abs(derivative), np.abs(difference))
        with np.errstate(invalid="ignore"):
            excess = np.abs(derivative - difference) / (RELATIVE_TOLERANCE * sizes + scale)
        excess = np.where(np.isfinite(excess), excess, np.inf)
        if excess.size and not np.max(excess) <= worst[0]:
            entry = np.unravel_index(np.argmax(excess), excess.shape)
            d, n = float(derivative[entry]), float(difference[entry])
            ratio = f"{d / n:.6g}" if n else "none"
            place = place_of(path, where.endswith("argument "), entry)
            worst = (
                float(excess[entry]),
                f"{where}{place}: the derivative is {d!r}, differences give {n!r}, ratio {ratio} "
                f"({np.count_nonzero(excess > 1)} of {excess.size} entries of that array differ)",
            )
    if worst[1]:
        raise GradientMismatch(worst[1])


def place_of(path: tuple[Any, ...], names_argument: bool, entry: tuple[Any, ...]) -> str:
    """Where an entry is, as one would write it: 0['W'][1, 2]."""
    first = [str(path[0])] if names_argument else [f"[{key!r}]" for key in path[:1]]
    rest = "".join([*first, *(f"[{key!r}]" for key in path[1:])])
    return rest + (f"[{', '.join(str(int(i)) for i in entry)}]" if entry else "")
