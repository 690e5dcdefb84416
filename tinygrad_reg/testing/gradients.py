"""The check of a function's derivatives: against finite differences, and against each other.

What differences can tell about a point depends on the point. Where the function is smooth there, a
derivative has to be the slope, within what is known of it. At a kink it has to lie between the two
one-sided slopes. Where the gradient jumps, which it does at a kink, there is no second derivative,
and nothing to compare with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from inspect import signature
from typing import Any, NoReturn

import numpy as np
import optree

from tinygrad_reg.sweeps import ancestors
from tinygrad_reg.tensor import Tensor
from tinygrad_reg.testing.diagnosis import Entry, diagnose
from tinygrad_reg.testing.differences import (
    SAFETY,
    Slopes,
    along_direction,
    along_entries,
    as_float64,
    entries_of,
    flat,
    flattened,
    largest_of,
    name_of,
    numbers,
    parted,
    places_of,
    value_at,
)
from tinygrad_reg.transforms import grad, jvp, vjp

__all__ = ["GradientMismatch", "check_gradients"]

Array = np.ndarray[Any, Any]
Function = Callable[..., Any]

LARGE = 200  # entries, from which on not every one is checked by itself
SAMPLE = 40  # of the entries, and
DIRECTIONS = 8  # random directions instead
FEW = 2000  # entries that are all differenced to find out what went wrong
ROUNDING = 2.0**16  # rounding errors that a derivative may have, relative to the largest entry
GROWTH = 16.0  # how many times more there are in each further order
ROUGH = 1e-5  # relative error of differences up to which they tell of a side of a kink
NEIGHBOURS = (16, 64)  # points around a kink that are looked at before a subgradient is wrong,
NEARBY = (2.0**-16, 2.0**-20)  # and how far they are, relative to the size of the arguments
SAME = 0.25  # how far slopes of two such points on a ray may differ, relative to what all span,
SIDE = 1e-3  # and how far from all sides of a kink a slope is that a kink close by has spoiled
VAGUE = 1e-2  # relative error of differences at which they prove nothing


SUM_OF_SUBGRADIENTS = " (a sum of subgradients need not be a subgradient)"


class GradientMismatch(AssertionError):  # noqa: N818 (it says what was found)
    """A derivative differs from finite differences, or from the same one computed another way.

    See Also
    --------
    check_gradients, check_rule : What raise it.

    Examples
    --------
    >>> import numpy as np
    >>> import tinygrad_reg as tg
    >>> from tinygrad_reg.testing import check_gradients
    >>> def cost(w):
    ...     return w**2 + tg.l2(w, 0.5, 1).item()  # the penalty leaves the graph
    >>> check_gradients(cost, np.array(1.0))
    Traceback (most recent call last):
    tinygrad_reg.testing.gradients.GradientMismatch: order 1, reverse mode, ...
    """


def check_gradients(
    f: Function, *args: Any, order: int = 2, modes: Sequence[str] = ("reverse", "forward")
) -> None:
    """Raise if the derivatives of `f` at some arguments are wrong.

    In every order, the derivatives of both modes are compared with differences of the order before
    it: entry by entry in reverse mode, in a random direction in forward mode. The two modes have
    to be each other's adjoint, ⟨u, J·v⟩ = ⟨Jᵀ·u, v⟩, the Hessian has to be symmetric, and forward
    over reverse, reverse over forward and reverse over reverse mode have to agree, to rounding
    error.

    Parameters
    ----------
    f : callable
        Returns an array, or nested dicts, lists and tuples of arrays, computed from arrays of
        the arguments' shapes. Where it returns more than one number, the reverse mode is checked
        on their sum with fixed pseudo-random weights.
    *args : array or nested arrays
        Where to check. Derivatives are taken with respect to all of them, in float64.
    order : int
        The highest order to check, from 1.
    modes : sequence of "reverse" and "forward"
        Which ways to compute the derivatives are checked.

    Raises
    ------
    GradientMismatch
        With the order, the mode, the worst entry (its place and its name), both values and their
        ratio, and the most likely mistake where one fits.
    ValueError
        If there is no such mode or order; if an argument is NaN or infinite somewhere; if `f` has
        no finite derivative there (it jumps, or its slope is infinite) or differences cannot
        resolve it; if `f` is random, writes into an argument, or ignores all of them.
    TypeError
        If an argument is not made of floating arrays, or `f` does not return tensors when it is
        given tensors.

    See Also
    --------
    check_rule : The same and more on random arguments, for one operation.
    numerical_gradient : The differences alone.

    Notes
    -----
    How far a derivative may be from the differences follows from the estimate of their error: ten
    times that, and 1.5e-11 of the largest entry for rounding, more in higher orders. At a kink, a
    derivative may be anything from the left slope to the right one, or to the slopes close by,
    where those are not closer together at a sixteenth of the distance: where three numbers are
    equal, the middle one has more slopes than two. In the second order and above, entries are left
    out where the derivative before jumps (that is what it does at a kink), or where differences
    cannot resolve it, and only those. A sum of kinks of opposite signs, such as `2·|x| - 3·relu(x)`
    at 0, is a mismatch even though each subgradient is right: their sum is none. So is `|x²|` at 0
    in the second order, where the subgradient 0 hides that there is no kink.

    Of more than 200 entries, 40 and 8 directions through all of them are checked in reverse mode.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> from tinygrad_reg.testing import check_gradients
    >>> check_gradients(np.tanh, np.array([-1.0, 0.5]))
    >>> check_gradients(lambda W: tg.l1(W, lambd=0.5, m=10), np.array([[0.0, -2.0]]))  # a kink
    >>> def cubed(x):
    ...     return x**3
    >>> cubed = tg.elementwise(cubed, lambda y, x: 2 * x**2)  # wrong
    >>> check_gradients(cubed, np.array([1.0, 2.0]))
    Traceback (most recent call last):
    GradientMismatch: order 1, reverse mode, argument 0[1], which is x[1]: ...
    """
    unknown = [mode for mode in modes if mode not in ("reverse", "forward")]
    if unknown or not modes or order < 1:
        raise ValueError(
            f"check_gradients was given modes={modes!r}, order={order!r}: expected modes among "
            "'reverse' and 'forward', and an order of at least 1"
        )
    with np.errstate(all="ignore"), named_as_this_check(f):
        check = Check(f, args)
        both = "reverse" in modes and "forward" in modes
        before = current = check.f
        for k in range(1, order + 1):
            check.start(k, current)
            skipped = np.zeros(check.size, bool)
            if "reverse" in modes:
                skipped |= check.reverse()
            if "forward" in modes:
                left_out = check.forward()
                skipped |= left_out if both and k > 1 else False  # each entry of a gradient
            if both:
                check.adjoint()
            if k == 2:
                check.second_order(before, skipped, both, "reverse" in modes)
            before = check.contracted
            current = check.next_order("reverse" in modes)


@contextmanager
def named_as_this_check(f: Function) -> Iterator[None]:
    """Let errors of the transforms name what the user called, not vjp or jvp."""
    try:
        yield
    except (TypeError, ValueError) as error:
        if error.args and isinstance(error.args[0], str):
            name = name_of(f)
            text = error.args[0]
            for transform in "vjp", "jvp", "grad":
                if text.startswith(f"{transform} of {name}"):
                    text = f"check_gradients{text.removeprefix(transform)}"
            error.args = (text, *error.args[1:])
        raise


class Check:
    """The function to be checked, its arguments, and what is known of the order being checked."""

    def __init__(self, f: Function, args: Sequence[Any]) -> None:
        self.what = f"check_gradients of {name_of(f)}"
        self.primals = tuple(differentiable(x, self.what, i) for i, x in enumerate(args))
        self.leaves, self.tree = flattened(self.primals)
        self.entries = entries_of(self.leaves)
        self.size = len(self.entries)
        self.every = range(len(self.primals))
        self.places = places_of(self.tree)
        self.names = names_of(f, self.places, len(args))
        self.stage = "for its value"
        self.f = self.noted(f)
        self.random = np.random.default_rng(0)
        self.tangents = self.random_tangents()
        self.kinks = np.zeros(self.size, bool)
        self.terms_before = 0.0
        self.speed = 1.0  # of the arguments along the direction that is looked at, at most 1
        vjp(self.f, *self.primals)  # says what is wrong if no gradient can flow
        value = value_at(self.results_of(self.f), self.leaves, self.places, self.what)
        self.value, epsilon = flat(value)
        self.epsilon = float(np.max(epsilon, initial=np.finfo(np.float64).eps))

    def noted(self, f: Function) -> Function:
        """`f`, whose errors say in which call of it they were raised."""

        @wraps(f)
        def called(*args: Any) -> Any:
            try:
                return f(*args)
            except Exception as error:
                shapes = ", ".join(
                    f"{name} of shape {np.shape(leaf)}"
                    for name, leaf in zip(self.names, self.leaves, strict=True)
                )
                given = "tensors" if Tensor in map(type, flattened(args)[0]) else "plain arrays"
                note = f"raised when {self.what} called it {self.stage}, with {given}: {shapes}"
                if note not in getattr(error, "__notes__", ()):
                    error.add_note(note)
                raise

        return called

    def start(self, k: int, current: Function) -> None:
        """Turn to the derivatives of order k, which are those of `current`."""
        self.order, self.current = k, current
        self.stage = f"in order {k}"
        self.rounding = ROUNDING * GROWTH ** (k - 1) * self.epsilon
        results = current(*self.primals)
        arrays = numbers(results, self.what)
        self.value = flat(arrays)[0]
        self.weights = weights_like(results, self.random)
        if len(self.value) == 1:  # the derivative of a loss is shown as it is
            self.weights = optree.tree_map(np.ones_like, results)
        self.u = flat(optree.tree_leaves(self.weights))[0]
        # What a derivative is computed from may be larger than it is: p·(1 - sum(p)) is 0.
        self.terms = np.maximum(largest_of(arrays), self.terms_before)
        self.sum_of_terms = float(np.sum(np.abs(self.u * self.value))) + self.terms_before
        self.terms_before = min(1.0, self.sum_of_terms / self.size_of_arguments())
        self.result_places = places_of_results(results)
        self.shapes = [x.shape for x in arrays]
        self.contracted = contraction(current, self.weights)

    def size_of_arguments(self) -> float:
        """The size of the largest entry, at least 1."""
        return float(max(np.max(np.abs(leaf), initial=1) for leaf in self.leaves))

    def next_order(self, by_reverse: bool) -> Function:
        """The derivative whose derivatives are those of the next order."""
        if by_reverse:
            return grad(self.contracted, self.every)
        return self.slope(self.current, self.without_kinks(self.tangents))

    # -- the two modes against differences ------------------------------------------------------

    def reverse(self) -> Array:
        """Compare the gradient with differences; where it could not be is returned."""
        self.stage = f"in order {self.order}, reverse mode"
        self.speed = 1.0
        found = flat(optree.tree_leaves(grad(self.contracted, self.every)(*self.primals)))[0]
        chosen = np.arange(self.size)
        if self.size > LARGE:
            chosen = np.sort(self.random.choice(self.size, SAMPLE, replace=False))
        slopes = self.along_entries(chosen)
        if self.order == 1:
            self.kinks[chosen] = slopes.low < slopes.high
        self.refuse(slopes, lambda i: self.entry_name(int(chosen[i])))
        excess = self.excess(found[chosen], slopes)
        for i in np.argsort(-excess).tolist():
            if excess[i] > 1:
                excess[i] = self.excess_by_parts(found[chosen[i]], slopes, i, int(chosen[i]))
            if excess[i] > 1:
                self.mismatch_in_reverse(found, chosen, slopes, excess, i)
        if self.size > LARGE:
            self.random_directions(found)
        elif self.order == 1 and not np.any(found) and not np.any(slopes.middle):
            self.refuse_if_ignored()
        skipped = np.zeros(self.size, bool)
        skipped[chosen[[*slopes.problems]]] = True
        return skipped

    def forward(self) -> Array:
        """Compare a directional derivative with differences; where not is returned."""
        self.stage = f"in order {self.order}, forward mode"
        tangents = self.tangents if self.order == 1 else self.without_kinks(self.tangents)
        found = flat(optree.tree_leaves(jvp(self.current, self.primals, tangents)[1]))[0]
        slopes = self.along_direction(optree.tree_leaves(tangents))
        self.speed = min(1.0, float(np.sum(np.abs(self.row(tangents))))) or 1.0
        self.refuse(slopes, lambda i: f"result{self.result_name(i)}, along the tangents")
        excess = self.excess(found, slopes)
        if np.any(excess > 1):
            excess = self.excess_by_entries(found, tangents, slopes)
        if np.any(excess > 1):
            self.mismatch_in_forward(found, slopes, excess)
        if self.order == 1 and not (np.any(found) or np.any(slopes.middle)):
            self.refuse_if_ignored()
        if np.any(slopes.low < slopes.high) and not np.any(self.kinks) and self.size <= LARGE:
            by_entry = self.along_entries(np.arange(self.size))
            self.kinks = by_entry.low < by_entry.high
        skipped = np.zeros(len(found), bool)
        skipped[[*slopes.problems]] = True
        return skipped

    def along_entries(self, chosen: Array) -> Slopes:
        """Slopes of the contracted function with respect to some entries."""
        value = np.array([self.u @ self.value if len(self.u) else 0.0])
        return along_entries(
            lambda leaves: self.contracted(*self.tree.unflatten(leaves)),
            self.leaves,
            [self.entries[i] for i in chosen],
            value,
            np.array([self.epsilon]),
            np.array([self.sum_of_terms]),
        )

    def along_direction(self, directions: list[Array]) -> Slopes:
        """Slopes of all results in one direction."""
        epsilon = np.full(len(self.value), self.epsilon)
        results = self.results_of(self.current)
        return along_direction(results, self.leaves, directions, self.value, epsilon, self.terms)

    def results_of(self, f: Function) -> Callable[[list[Array]], list[Any]]:
        """`f` as a function of leaves that returns a list of arrays."""
        return lambda leaves: numbers(f(*self.tree.unflatten(leaves)), self.what)

    def refuse(self, slopes: Slopes, place: Callable[[int], str]) -> None:
        """Raise where there is no derivative, or none that differences could tell.

        From the second order on, such places are among the problems afterwards, and left out.
        """
        largest = np.max(np.abs(slopes.middle), initial=0, where=np.isfinite(slopes.middle))
        vague = SAFETY * slopes.error > np.maximum(VAGUE * largest, 1e-6)
        for i in np.flatnonzero(vague).tolist():
            unknown = ("unsettled", f"they tell its slope only to ±{slopes.error[i]:.3g}")
            kind, problem = slopes.problems.setdefault(i, unknown)
            if self.order > 1:
                continue
            what = "the function has no finite derivative that could be checked"
            if kind == "unsettled":
                what = "differences cannot resolve the function"
            raise ValueError(
                f"{self.what}: at {place(i)}, {what}: {problem}. Check it at other arguments"
            )

    def excess(self, found: Array, slopes: Slopes) -> Array:
        """How many times the tolerance derivatives are off; 0 where there is nothing to compare."""
        distance = np.maximum(found - slopes.high, slopes.low - found)
        excess = np.maximum(distance, 0) / self.tolerance(slopes)
        excess = np.where(np.isnan(excess) | np.isinf(found), np.inf, excess)
        excess[[*slopes.problems]] = 0
        return excess

    def tolerance(self, slopes: Slopes) -> Array:
        """How far a derivative may be off."""
        finite = np.isfinite(slopes.middle)
        largest = np.max(np.abs(slopes.middle), initial=self.speed, where=finite)
        tolerance: Array = SAFETY * slopes.error + self.rounding * largest
        return tolerance

    # -- kinks that a sum hides -----------------------------------------------------------------

    def jacobian(self, entries: Sequence[int]) -> list[Slopes]:
        """The slopes of every result with respect to some entries, one by one."""
        return [self.along_direction(self.unit_tangents(i)) for i in entries]

    def excess_by_parts(self, found: float, slopes: Slopes, i: int, entry: int) -> float:
        """The excess of an entry, where each result may have a kink of its own."""
        parts = self.jacobian([entry])[0]
        if parts.problems and self.order > 1:
            slopes.problems[i] = next(iter(parts.problems.values()))
            return 0.0
        excess = float(self.excess(np.array([found]), one(slopes, i))[0])
        if np.any(parts.low < parts.high):
            excess = min(excess, float(self.excess(np.array([found]), total(parts, self.u))[0]))
        for number in NEIGHBOURS:
            if excess > 1:
                around = self.with_sides_nearby(parts, self.unit_tangents(entry), number)
                wider = self.excess(np.array([found]), total(around, self.u))
                excess = min(excess, float(wider[0]))
        return excess

    def excess_by_entries(self, found: Array, tangents: Any, slopes: Slopes) -> Array:
        """The excess of results, where each entry of the arguments may be at a kink of its own."""
        excess = self.excess(found, slopes)
        v = self.row(tangents)
        moving = np.flatnonzero(v).tolist()
        columns = self.jacobian(moving) if len(moving) <= FEW else []
        for k in np.flatnonzero(excess > 1).tolist() if columns else []:
            if self.order > 1 and any(k in column.problems for column in columns):
                excess[k] = 0
                continue
            row = Slopes(
                np.array([column.low[k] for column in columns]),
                np.array([column.high[k] for column in columns]),
                np.array([column.error[k] for column in columns]),
            )
            if np.any(row.low < row.high):
                excess[k] = self.excess(found[k : k + 1], total(row, v[moving]))[0]
        for number in NEIGHBOURS:
            if np.any(excess > 1):
                around = self.with_sides_nearby(slopes, optree.tree_leaves(tangents), number)
                excess = np.minimum(excess, self.excess(found, around))
        return excess

    def with_sides_nearby(self, slopes: Slopes, directions: list[Array], number: int) -> Slopes:
        """Slopes of all results, where there is a kink from the least to the largest close by.

        So many points nearby are looked at.

        Next to a kink of many sides, such as the middle one of three equal numbers, other points
        tell of sides that no step in the direction itself leads to. There the slopes stay what
        they are on the way to the kink, while those of a curve all come closer to that of the
        point itself.
        """
        far, near = (self.slopes_around(distance, directions, number) for distance in NEARBY)
        error = np.fmax(far.error, near.error)
        largest = np.max(np.abs(near.middle), axis=0, initial=0, where=np.isfinite(near.middle))
        clear = SAFETY * error <= ROUGH * largest  # no other kink is within a step of that point
        low, high = spanned(near, slopes, clear)
        stays = np.abs(near.middle - far.middle) <= SAME * (high - low)
        sides = np.where(clear & stays, near.middle, np.nan)
        width = SIDE * (high - low)
        clear &= stays | (is_among(near.middle, sides, width) & is_among(far.middle, sides, width))
        low, high = spanned(near, slopes, clear)
        error = np.max(near.error, axis=0, initial=0, where=clear)
        kinked = np.all(stays | ~clear, axis=0) & (np.mean(clear, axis=0) >= 0.5)
        kinked &= high - low > SAFETY * error
        return Slopes(
            np.where(kinked, low, slopes.low),
            np.where(kinked, high, slopes.high),
            np.where(kinked, np.fmax(error, slopes.error), slopes.error),
            slopes.problems,
        )

    def slopes_around(self, distance: float, directions: list[Array], number: int) -> Slopes:
        """Slopes of all results at so many points, a row for each, on the same rays every time."""
        random = np.random.default_rng(0)
        results = self.results_of(self.current)
        sizes = [np.where(x == 0, 1, np.abs(x)) for x in self.leaves]
        pairs = zip(directions, sizes, strict=True)
        speed = max([np.max(np.abs(v) / size, initial=0) for v, size in pairs])
        epsilon = np.full(len(self.value), self.epsilon)
        rows = []
        for _ in range(number):
            leaves = [
                x + distance * size * random.uniform(-1, 1, x.shape)
                for x, size in zip(self.leaves, sizes, strict=True)
            ]
            value = flat(results(leaves))[0]
            slopes = along_direction(
                results, leaves, directions, value, epsilon, self.terms, 1 / speed if speed else 1.0
            )
            rows.append((slopes.low, slopes.high, slopes.error))
        low, high, error = (np.stack(column) for column in zip(*rows, strict=True))
        return Slopes(low, high, error)

    # -- large arguments ------------------------------------------------------------------------

    def random_directions(self, found: Array) -> None:
        """Compare the gradient in random directions through all entries at once."""
        for _ in range(DIRECTIONS):
            v = flat(optree.tree_leaves(self.random_tangents()))[0]
            if self.order > 1:
                v[self.kinks] = 0
            if self.misses(found, v):
                self.locate(found, v)

    def misses(self, found: Array, v: Array) -> bool:
        """Whether the gradient disagrees with differences in one direction."""
        slopes = along_direction(
            self.results_of(self.contracted),
            self.leaves,
            parted_arrays(v, self.leaves),
            np.array([self.u @ self.value]),
            np.array([self.epsilon]),
            np.array([self.sum_of_terms]),
        )
        if self.order > 1 and slopes.problems:
            return False
        self.refuse(slopes, lambda i: "a random direction through all arguments")
        slopes.error += self.epsilon * np.sum(np.abs(found * v))
        return bool(self.excess(np.array([found @ v]), slopes)[0] > 1)

    def locate(self, found: Array, v: Array) -> None:
        """Raise with the entry that makes a direction disagree, found by halving."""
        active = np.flatnonzero(v)
        while len(active) > 1:
            half = active[: len(active) // 2]
            masked = np.zeros_like(v)
            masked[half] = v[half]
            active = half if self.misses(found, masked) else active[len(half) :]
        slopes = self.along_entries(active)
        excess = self.excess(found[active], slopes)
        excess[0] = self.excess_by_parts(found[active[0]], slopes, 0, int(active[0]))
        if excess[0] > 1:
            self.mismatch_in_reverse(found, active, slopes, excess, 0)

    # -- the two modes against each other -------------------------------------------------------

    def adjoint(self) -> None:
        """Raise if ⟨u, J·v⟩ and ⟨Jᵀ·u, v⟩ differ by more than rounding errors."""
        self.stage = f"in order {self.order}, for the adjoint"
        pushed = flat(optree.tree_leaves(jvp(self.current, self.primals, self.tangents)[1]))[0]
        pulled = vjp(self.current, *self.primals)[1](self.weights)
        gradient, v = (
            flat(optree.tree_leaves(pulled))[0],
            flat(optree.tree_leaves(self.tangents))[0],
        )
        by_forward, by_reverse = self.u * pushed, gradient * v
        self.agree(
            "⟨u, J·v⟩ in forward mode",
            by_forward,
            "⟨Jᵀ·u, v⟩ in reverse mode",
            by_reverse,
            np.max(np.abs(self.u * self.value), initial=1),
        )

    def second_order(self, f: Function, skipped: Array, both: bool, by_reverse: bool) -> None:
        """Raise if the Hessian of a scalar function is not symmetric, or depends on the mode.

        Entries of the gradient that jump have no second derivatives: they are left out.
        """
        self.stage = "for second derivatives"
        v, w = (
            self.without_kinks(self.random_tangents()),
            self.without_kinks(self.random_tangents()),
        )
        gradient = grad(f, self.every)
        if not by_reverse:
            slopes = [self.slope(f, v), self.slope(f, w)]
            vw, wv = (jvp(s, self.primals, t)[1] for s, t in zip(slopes, (w, v), strict=True))
            self.agree("vᵀ·H·w", np.ravel(vw), "wᵀ·H·v", np.ravel(wv))
            return

        def twice_reverse(t: Any) -> Array:
            return self.row(grad(lambda *xs: product(gradient(*xs), t), self.every)(*self.primals))

        Hv, Hw = twice_reverse(v), twice_reverse(w)
        left_out = skipped | self.kinks
        if both:
            others = {
                "forward over reverse": self.row(jvp(gradient, self.primals, v)[1]),
                "reverse over forward": self.row(grad(self.slope(f, v), self.every)(*self.primals)),
            }
            for way, other in others.items():
                for i in np.flatnonzero(~left_out).tolist():
                    self.agree(
                        f"H·v in {way} mode, at argument {self.entry_name(i)},",
                        other[i : i + 1],
                        "in reverse over reverse mode",
                        Hv[i : i + 1],
                        np.max(np.abs(Hv[~left_out]), initial=1),
                    )
        if not np.any(skipped & ~self.kinks):
            v, w = self.row(v), self.row(w)
            kept = ~left_out
            self.agree("wᵀ·H·v", (w * Hv)[kept], "vᵀ·H·w", (v * Hw)[kept])

    def agree(
        self, one: str, parts: Array, other: str, other_parts: Array, size: Any = 1.0
    ) -> None:
        """Raise if two sums are not the same to rounding error."""
        a, b = float(np.sum(parts)), float(np.sum(other_parts))
        if a == b:  # also where both are infinite
            return
        for x in np.abs(parts), np.abs(other_parts):
            size = max(float(size), float(np.sum(x, where=np.isfinite(x))))
        if not abs(a - b) <= self.rounding * size:
            raise GradientMismatch(
                f"order {self.order}, the modes disagree: {one} is {a!r}, {other} is {b!r}, ratio "
                f"{ratio(a, b)}"
            )

    def slope(self, f: Function, tangents: Any) -> Function:
        """The directional derivative of `f` as a function of the primals, in forward mode."""
        return lambda *xs: jvp(f, xs, tangents)[1]

    # -- what is wrong --------------------------------------------------------------------------

    def mismatch_in_reverse(
        self, found: Array, chosen: Array, slopes: Slopes, excess: Array, worst: int
    ) -> NoReturn:
        """Raise with the worst entry of the gradient."""
        k = self.entries[chosen[worst]][0]
        same = np.array([self.entries[i][0] == k for i in chosen])
        counts = f"{np.count_nonzero(excess[same] > 1)} of {np.count_nonzero(same)}"
        checked = "checked entries" if self.size > LARGE else "entries"
        message = (
            f"order {self.order}, reverse mode, argument {self.entry_name(int(chosen[worst]))}: "
            f"{versus(found[chosen[worst]], slopes, worst)} ({counts} {checked} of that array "
            "differ)"
        )
        if is_kink(slopes, worst):
            raise GradientMismatch(message + SUM_OF_SUBGRADIENTS)
        if self.size > LARGE and self.size <= FEW and self.order == 1:
            chosen = np.arange(self.size)
            slopes = self.along_entries(chosen)
        raise GradientMismatch(message + self.diagnosis(found, chosen, slopes))

    def mismatch_in_forward(self, found: Array, slopes: Slopes, excess: Array) -> NoReturn:
        """Raise with the worst entry of the tangent."""
        worst = int(np.argmax(excess))
        ends = np.cumsum([0, *(int(np.prod(shape)) for shape in self.shapes)])
        k = int(np.searchsorted(ends, worst, side="right")) - 1
        wrong = np.count_nonzero(excess[ends[k] : ends[k + 1]] > 1)
        message = (
            f"order {self.order}, forward mode, result{self.result_name(worst)}: "
            f"{versus(found[worst], slopes, worst)} ({wrong} of {ends[k + 1] - ends[k]} entries of "
            "that array differ)"
        )
        if is_kink(slopes, worst):
            raise GradientMismatch(message + SUM_OF_SUBGRADIENTS)
        if self.size > LARGE or self.order > 1:
            raise GradientMismatch(message)
        chosen = np.arange(self.size)
        self.speed = 1.0
        units: list[Any] = [self.tree.unflatten(self.unit_tangents(i)) for i in range(self.size)]
        gradient = np.array([jvp(self.contracted, self.primals, unit)[1] for unit in units])
        raise GradientMismatch(
            message
            + self.diagnosis(gradient, chosen, self.along_entries(chosen), "In forward mode, ")
        )

    def diagnosis(self, found: Array, chosen: Array, slopes: Slopes, where: str = "") -> str:
        """The most likely mistake, where one fits, and in which mode it is, if not in reverse."""
        if self.order > 1 or len(chosen) < self.size or slopes.problems:
            return ""
        expected = np.clip(found, slopes.low, slopes.high)
        rows = [parted_arrays(x, self.leaves) for x in (found, expected, self.tolerance(slopes))]
        entries = [
            Entry(place, name, value, *parts)
            for place, name, value, *parts in zip(
                self.places, self.names, self.leaves, *rows, strict=True
            )
        ]

        def scalar(*arrays: Any) -> Any:
            return self.contracted(*self.tree.unflatten(arrays))

        text = diagnose(scalar, entries)
        if where and text:
            text = where + text[0].lower() + text[1:]
        return f". {text}" if text else ""

    def refuse_if_ignored(self) -> None:
        """Raise if no argument has a part in the result."""
        tensors = [Tensor(leaf, requires_grad=True) for leaf in self.leaves]
        outputs = optree.tree_leaves(self.f(*self.tree.unflatten(tensors)))
        reached = {id(x) for x in ancestors(outputs, 0)[0]}
        if self.size and not any(id(tensor) in reached for tensor in tensors):
            raise ValueError(
                f"{self.what}: the function ignores all of its arguments, "
                f"{', '.join(self.names)}: expected a result that is computed from them"
            )

    # -- small parts ----------------------------------------------------------------------------

    def row(self, trees: Any) -> Array:
        """All entries of nested arrays in one row."""
        return flat(optree.tree_leaves(trees))[0]

    def random_tangents(self) -> Any:
        """Pseudo-random tangents, of the sizes of the entries, or 1 where that is 0."""
        sizes = [np.where(x == 0, 1, np.clip(np.abs(x), 1e-6, 1e6)) for x in self.leaves]
        weights = weights_like(self.leaves, self.random)
        return self.tree.unflatten([w * size for w, size in zip(weights, sizes, strict=True)])

    def without_kinks(self, tangents: Any) -> Any:
        """Tangents that do not lead off a kink."""
        row = self.row(tangents)
        row[self.kinks] = 0
        return self.tree.unflatten(parted_arrays(row, self.leaves))

    def unit_tangents(self, i: int) -> list[Array]:
        """The direction of one entry."""
        directions = [np.zeros_like(leaf) for leaf in self.leaves]
        k, entry = self.entries[i]
        directions[k][entry] = 1
        return directions

    def entry_name(self, i: int) -> str:
        """An entry in a message: its place among the arguments, and what the function calls it."""
        k, entry = self.entries[i]
        index = f"[{', '.join(map(str, entry))}]" if entry else ""
        name = "" if self.names[k].startswith("argument ") else f", which is {self.names[k]}{index}"
        return f"{self.places[k]}{index}{name}"

    def result_name(self, i: int) -> str:
        """An entry of the results in a message."""
        for place, shape in zip(self.result_places, self.shapes, strict=True):
            size = int(np.prod(shape))
            if i < size:
                entry = [int(j) for j in np.unravel_index(i, shape)] if shape else []
                return f"{place}{entry or ''}"
            i -= size
        return ""


def one(slopes: Slopes, i: int) -> Slopes:
    """A single one of some slopes."""
    return Slopes(slopes.low[i : i + 1], slopes.high[i : i + 1], slopes.error[i : i + 1])


def total(slopes: Slopes, weights: Array) -> Slopes:
    """The sum of slopes, each with its weight: everything it can be between the two sides."""
    ends = np.array([slopes.low, slopes.high]) * weights
    ends = np.where(weights == 0, 0, ends)
    low, high = ends.min(axis=0).sum(), ends.max(axis=0).sum()
    error = np.sum(slopes.error * np.abs(weights))
    return Slopes(np.array([low]), np.array([high]), np.array([error]))


def spanned(near: Slopes, slopes: Slopes, chosen: Array) -> tuple[Array, Array]:
    """The least and the largest of slopes and of those of the chosen points nearby, a row each."""
    low = np.min(near.low, axis=0, initial=np.inf, where=chosen)
    high = np.max(near.high, axis=0, initial=-np.inf, where=chosen)
    return np.fmin(low, slopes.low), np.fmax(high, slopes.high)


def is_among(values: Array, sides: Array, width: Array) -> Array:
    """Which values are one of the sides, of which NaN are none; all in columns of their own."""
    return np.any(np.abs(values[:, None] - sides[None]) <= width, axis=1)  # type: ignore[no-any-return]


def is_kink(slopes: Slopes, i: int) -> bool:
    """Whether the slopes of the two sides differ."""
    return bool(slopes.low[i] < slopes.high[i])


def versus(found: float, slopes: Slopes, i: int) -> str:
    """A derivative and what it should have been."""
    low, high = float(slopes.low[i]), float(slopes.high[i])
    if low != high:
        return (
            f"the derivative is {float(found)!r}, but there is a kink, with slopes {low!r} and "
            f"{high!r} to its two sides: expected a number between them"
        )
    quotient = ratio(float(found), low)
    return f"the derivative is {float(found)!r}, differences give {low!r}, ratio {quotient}"


def ratio(a: float, b: float) -> str:
    """The quotient of two numbers in a message, also where it is close to 1."""
    if not b:
        return "none"
    quotient = a / b
    if not 0 < abs(quotient - 1) < 1e-4:
        return f"{quotient:.6g}"
    return f"1 {'+' if quotient > 1 else '-'} {abs(quotient - 1):.1e}"


def differentiable(argument: Any, what: str, i: int) -> Any:
    """One argument in float64, or an error that says what to do with labels and the like."""
    try:
        return as_float64(argument, what, i)
    except TypeError as error:
        error.add_note(
            "check_gradients differentiates by all arguments. Close over those that are not to "
            "be: check_gradients(lambda W: f(W, labels), W)"
        )
        raise


def names_of(f: Function, places: list[str], n: int) -> list[str]:
    """What the function calls the leaves of its n arguments: parameters['W']."""
    try:
        parameters = [*signature(f).parameters.values()]
    except (TypeError, ValueError):
        parameters = []
    names: list[str] = []
    for p in parameters:
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD):
            names.append(p.name)
        elif p.kind == p.VAR_POSITIONAL:
            names += [f"{p.name}[{i}]" for i in range(n - len(names))]
    names += [f"argument {i}" for i in range(len(names), n)]
    found = []
    for place in places:
        first, bracket, rest = place.partition("[")
        found.append(f"{names[int(first)]}{bracket}{rest}")
    return found


def places_of_results(results: Any) -> list[str]:
    """Where the arrays of a result are, as one would write it: ['loss']."""
    paths = optree.tree_structure(results).paths()
    return ["".join(f"[{key!r}]" for key in path) for path in paths]


def parted_arrays(row: Array, like: list[Array]) -> list[Array]:
    """A row of entries in arrays of the shapes of others."""
    return [np.array(x) for x in parted(row, [leaf.shape for leaf in like])]


def weights_like(tree: Any, random: np.random.Generator) -> Any:
    """Pseudo-random numbers in the structure and shapes of nested arrays, none close to zero."""
    return optree.tree_map(
        lambda x: np.array(
            random.choice([-1, 1], np.shape(x)) * random.uniform(0.5, 1.5, np.shape(x))
        ),
        tree,
    )


def product(left: Any, right: Any) -> Any:
    """The sum of the products of two trees' entries, one by one."""
    pairs = zip(optree.tree_leaves(left), optree.tree_leaves(right), strict=True)
    return sum(np.sum(a * b) for a, b in pairs)


def contraction(f: Function, weights: Any) -> Function:
    """`f` with its results summed up to a single number, each with its weight."""

    @wraps(f)
    def contracted(*args: Any) -> Any:
        return product(f(*args), weights)

    return contracted
