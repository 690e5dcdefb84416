"""What is probably wrong with a gradient that differs from finite differences.

Every mistake that is known here predicts what it makes of the right gradient: seven times it, its
transpose, the gradient without (λ/m)·W. A prediction counts where it meets every entry of what was
found, within the error of the differences. What a prediction needs to know beyond the right
gradient, such as the penalty in a cost, is asked of the function itself, by differences as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from tinygrad_reg.testing import differences

__all__ = ["Entry", "diagnose"]

Array = np.ndarray[Any, Any]
Penalty = dict[str, float]  # kind of penalty -> its coefficient in the gradient

LARGE = 500  # entries; asking for the gradient of a larger array takes too long


@dataclass(frozen=True)
class Entry:
    """One array among the differentiated arguments, and two opinions on its gradient.

    Attributes
    ----------
    place : str
        Where it is among the arguments: `0['W']`.
    name : str
        What the function calls it: `parameters['W']`.
    value : array
        The values that the gradient was taken at.
    found : array
        The gradient that the rules gave.
    expected : array
        The gradient by finite differences.
    tolerance : array
        How far the two may differ.
    """

    place: str
    name: str
    value: Array
    found: Array
    expected: Array
    tolerance: Array


@dataclass(frozen=True)
class Case:
    """A wrong gradient: the function, all its arrays, and the positions of those concerned."""

    f: Callable[..., Any]
    entries: list[Entry]
    wrong: list[int]
    penalties: dict[int, list[Penalty]] = field(default_factory=dict)  # found so far

    def slope(self, i: int, replaced: dict[int, Array]) -> Array | None:
        """The gradient in array i by differences, with some arrays replaced, if there is one."""
        arrays = [replaced.get(j, entry.value) for j, entry in enumerate(self.entries)]
        if arrays[i].size > LARGE:
            return None
        try:
            with np.errstate(all="ignore"):
                found = differences.numerical_gradient(self.value, *arrays, argnums=i)
        except Exception:  # the user's function may raise anything where it is not at home
            return None
        return np.asarray(found) if np.all(np.isfinite(found)) else None

    def slope_along(self, i: int, replaced: dict[int, Array], direction: Array) -> float:
        """The slope in one direction of array i; NaN where the function has none."""
        arrays = [replaced.get(j, entry.value) for j, entry in enumerate(self.entries)]

        def moved(t: Any) -> float:
            return self.value(*arrays[:i], arrays[i] + t * direction, *arrays[i + 1 :])

        try:
            with np.errstate(all="ignore"):
                return float(differences.numerical_gradient(moved, 0.0))
        except Exception:
            return np.nan

    def value(self, *arrays: Any) -> float:
        """The function, which is given arrays of its own, since it may write into them."""
        return float(self.f(*[np.array(array) for array in arrays]))

    def value_with(self, i: int, array: Array) -> float:
        """The function with one array replaced; NaN where it raises."""
        arrays = [entry.value for entry in self.entries]
        try:
            with np.errstate(all="ignore"):
                return self.value(*arrays[:i], array, *arrays[i + 1 :])
        except Exception:
            return np.nan

    @cached_property
    def numbers(self) -> dict[float, list[str]]:
        """The numbers that a gradient may be multiplied or divided by, each with what it is."""
        return numbers(self)

    def names(self, which: Iterable[int]) -> str:
        """The names of some arrays, as a list in a sentence."""
        *most, last = [self.entries[i].name for i in which]
        return f"{', '.join(most)} and {last}" if most else last


@dataclass(frozen=True)
class Explanation:
    """A mistake that fits: the positions of the arrays that it explains, and what to say."""

    explained: frozenset[int]
    sentence: str


def diagnose(f: Callable[..., Any], entries: Sequence[Entry]) -> str | None:
    """The most likely mistake in a wrong gradient.

    Parameters
    ----------
    f : callable
        The function that was differentiated: takes the values of all entries, in their order, as
        plain float64 arrays, and returns a number.
    entries : sequence of Entry
        All arrays that it was differentiated by, also those where the gradient is right.

    Returns
    -------
    str or None
        One or two sentences, the most likely mistake first; None where nothing fits.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_reg.testing.diagnosis import Entry, diagnose
    >>> W = np.array([[1.0, 2.0, 4.0]])
    >>> wrong = Entry("0", "W", W, found=W / 3, expected=W, tolerance=1e-9 * np.ones((1, 3)))
    >>> print(diagnose(lambda W: np.sum(W * W) / 2, [wrong]))  # doctest: +NORMALIZE_WHITESPACE
    The gradient of W is 1/3 of the right one, where 3 is the length of axis 1 of W: is there a
    mean in place of a sum, or a division too many?
    """
    entries = [as_arrays(entry) for entry in entries]
    case = Case(f, entries, [i for i, entry in enumerate(entries) if is_wrong(entry)])
    fitting: list[Explanation] = []
    for group in LIKELIEST_FIRST if case.wrong else ():
        for mistake in group:
            fitting += mistake(case)
        if frozenset().union(*[x.explained for x in fitting]) >= set(case.wrong):
            break
    return in_words(fitting)


def in_words(fitting: list[Explanation]) -> str | None:
    """The explanation of most arrays, and one more: of other arrays, or fitting just as well."""
    if not fitting:
        return None
    first = max(fitting, key=lambda explanation: len(explanation.explained))
    for other in fitting:
        if other.explained - first.explained:
            return f"{first.sentence} {other.sentence}"
    for other in fitting:
        if other.explained == first.explained and other is not first:
            return f"{first.sentence} What fits as well: {other.sentence}"
    return first.sentence


# -- comparing ---------------------------------------------------------------------------------


def as_arrays(entry: Entry) -> Entry:
    """An entry whose numbers are arrays of one shape, in float64."""
    shape = np.shape(entry.value)
    parts = (entry.value, entry.found, entry.expected, entry.tolerance)
    return Entry(
        entry.place,
        entry.name,
        *[np.broadcast_to(np.asarray(part, dtype=float), shape) for part in parts],
    )


def is_wrong(entry: Entry) -> bool:
    """Whether two gradients differ by clearly more than differences err."""
    if not (np.all(np.isfinite(entry.found)) and np.all(np.isfinite(entry.expected))):
        return False
    return bool(np.any(np.abs(entry.found - entry.expected) > 5 * room(entry, entry.expected)))


def room(entry: Entry, prediction: Array, tolerance: Any = 0) -> Array:
    """How far a prediction may be from what was found, entry by entry."""
    largest = np.max(np.abs(prediction), initial=0)
    return 2 * entry.tolerance + 2 * tolerance + 1e-8 * largest  # type: ignore[no-any-return]


def fits(entry: Entry, prediction: Array | None, tolerance: Any = 0) -> bool:
    """Whether a prediction meets what was found in every entry, and the right gradient does not.

    `tolerance` is the error of the prediction, where it is not that of the entry.
    """
    if prediction is None or not np.all(np.isfinite(prediction)):
        return False
    allowed = room(entry, prediction, tolerance)
    met = np.abs(entry.found - prediction) <= allowed
    return bool(np.all(met) and np.any(np.abs(entry.found - entry.expected) > 5 * allowed))


def multiple_in(entry: Entry, direction: Array, difference: Array) -> float | None:
    """The number c for which a difference is c·direction, if it is known to three digits."""
    square = np.sum(direction * direction)
    if not square:
        return None
    c = float(np.sum(difference * direction) / square)
    error = np.sum(2 * entry.tolerance * np.abs(direction)) / square
    return c if error <= 1e-3 * abs(c) else None


# -- factors and their meanings ----------------------------------------------------------------


def numbers(case: Case) -> dict[float, list[str]]:
    """The numbers that a gradient may be multiplied or divided by, each with what it is."""
    scalars, lengths, sizes = [], [], []
    for entry in case.entries:
        shape = entry.value.shape
        if not shape and entry.value > 0:
            scalars.append((float(entry.value), entry.name))
        for axis, length in enumerate(shape):
            lengths.append((float(length), f"the length of axis {axis} of {entry.name}"))
        if len(shape) > len(ones(shape)) + 1:
            sizes.append((float(entry.value.size), f"the number of entries of {entry.name}"))
    meanings: dict[float, list[str]] = {}
    for number, text in scalars + lengths + sizes:
        if number not in (0, 1):
            meanings.setdefault(number, []).append(text)
    for i, entry in enumerate(case.entries):  # lengths of arrays that the function closes over
        for spread in broadcasts(case, i) if ones(entry.value.shape) else ():
            for axis in ones(entry.value.shape) if spread.ndim == entry.value.ndim else ():
                text = f"the length that axis {axis} of {entry.name} is broadcast to"
                if spread.shape[axis] > 1:
                    meanings.setdefault(float(spread.shape[axis]), [text])
    return meanings


def factors(case: Case) -> dict[float, list[str]]:
    """The numbers by which a gradient is often wrong, and what to say of each."""
    said = {
        -1.0: ["-1 times the right one: is a sign wrong?"],
        2.0: [
            "twice the right one: is something counted twice, or a square differentiated without "
            "its 1/2?"
        ],
        0.5: [
            "half of the right one: is there a 1/2 too many, or is one of two equal uses detached?"
        ],
    }
    many = "is a division missing, or is there a sum in place of a mean?"
    few = "is there a mean in place of a sum, or a division too many?"
    for k, twice in ((1, ""), (2, "2·")):
        for number, meanings in case.numbers.items():
            n = f"{number:.6g}"
            times = f"{2 * number:.6g} = {twice}{n}" if twice else n
            below = f"({twice}{n})" if twice else n
            what = f"the right one, where {n} is {' and '.join(meanings[:2])}"
            said.setdefault(k * number, []).append(f"{times} times {what}: {many}")
            said.setdefault(1 / (k * number), []).append(f"1/{below} of {what}: {few}")
    said.pop(1.0, None)
    return said


def factor_of(case: Case, entry: Entry, part: Array) -> float | None:
    """The factor with a meaning that a part of the right gradient was multiplied with."""
    c = multiple_in(entry, part, entry.found - entry.expected + part)
    if not c:
        return None
    whole = [float(round(c)) if abs(c) >= 1 else 1 / round(1 / c)]
    near = [factor for factor in [*factors(case), *whole] if abs(factor - c) <= 1e-3 * abs(c)]
    for factor in near if 1 / 1000 <= abs(c) <= 1000 else ():
        if fits(entry, entry.expected + (factor - 1) * part):
            return factor
    return None


def meaning(case: Case, factor: float) -> str:
    """What is said of a factor; both, where two readings come to the same."""
    times = f"{factor:.6g} times" if abs(factor) > 1 else f"1/{1 / factor:.6g} of"
    unknown = [f"{times} the right one: is there a length, a count or an exponent too many?"]
    if abs(factor) < 1:
        unknown = [f"{times} the right one: is there a length, a count or an exponent missing?"]
    texts = factors(case).get(factor, unknown)
    return texts[0] if len(texts) == 1 else f"{texts[0]} Or {texts[1]}"


# -- the penalty in a function, found out by calling it ----------------------------------------


def slopes_of_penalties(W: Array) -> dict[str, Array]:
    """The derivative of every kind of penalty, of strength 1."""
    slopes = {"w": W, "sign(w)": np.sign(W)}
    for axis in range(W.ndim if W.ndim > 1 else 0):
        length = np.sqrt(np.sum(W * W, axis=axis, keepdims=True))
        slopes[f"w/‖w‖ along axis {axis}"] = W / np.where(length == 0, 1, length)
    return slopes


def gradient_of(penalty: Penalty, W: Array) -> Array:
    """The gradient of a penalty at W."""
    slopes = slopes_of_penalties(W)
    return sum((c * slopes[kind] for kind, c in penalty.items()), np.zeros(W.shape))


def penalties_in(case: Case, i: int) -> list[Penalty]:
    """The penalties on array i that the function has, as far as its values tell."""
    if not case.entries[i].value.size:
        return []
    if i not in case.penalties:
        found = [*switched_off(case, i), *alone(case, i), *far_out(case, i)]
        case.penalties[i] = [penalty for penalty in found if penalty]
    return case.penalties[i]


def switched_off(case: Case, i: int) -> Iterator[Penalty]:
    """A scalar argument such as lambd at 0 takes the penalty away; what it took is compared."""
    for j, strength in enumerate(case.entries):
        if strength.value.ndim or j == i or not strength.value:
            continue

        def taken(W: Array, j: int = j) -> Array | None:
            whole = case.slope(i, {i: W})
            rest = case.slope(i, {i: W, j: np.array(0.0)}) if whole is not None else None
            return None if whole is None or rest is None else whole - rest

        yield form_of(taken, case.entries[i].value)


def alone(case: Case, i: int) -> Iterator[Penalty]:
    """With all other arrays at 0, the penalty is what is left."""
    zeros = {
        j: np.zeros(entry.value.shape)
        for j, entry in enumerate(case.entries)
        if entry.value.ndim and j != i
    }
    if zeros:
        yield form_of(lambda W: case.slope(i, {**zeros, i: W}), case.entries[i].value)


def form_of(gradient: Callable[[Array], Array | None], W: Array) -> Penalty:
    """The penalty that a function is the gradient of; an empty one if it is not one."""
    random = np.random.default_rng(0)
    places = [
        random.choice([-1, 1], W.shape) * random.uniform(0.5, 2, W.shape)
        for _ in range(3 if W.size < 4 else 2)  # at least 3 numbers for 2 coefficients
    ]
    found = []
    for place in places:
        at_place = gradient(place)
        if at_place is None or not np.any(at_place):
            return {}
        found.append(at_place)
    sought = np.concatenate([x.ravel() for x in found])
    kinds = list(slopes_of_penalties(W))
    for attempt in ([kinds[0]], [kinds[1]], kinds[:2], *([kind] for kind in kinds[2:])):
        columns = np.stack(
            [
                np.concatenate([slopes_of_penalties(place)[kind].ravel() for place in places])
                for kind in attempt
            ],
            axis=1,
        )
        c = np.linalg.lstsq(columns, sought)[0]
        off = np.max(np.abs(columns @ c - sought))
        if off <= 1e-6 * np.max(np.abs(sought)) and np.all(c > 1e-5 * np.max(np.abs(sought))):
            return dict(zip(attempt, c.tolist(), strict=True))
    return {}


def far_out(case: Case, i: int) -> Iterator[Penalty]:
    """Far from the origin, w² outgrows a loss that grows like |w|; at w = 0, |w| has its kink.

    The curvature far out has to be the same in all directions, and every kink equally large.
    """
    shape = case.entries[i].value.shape
    random = np.random.default_rng(0)
    far = 1e5
    curvatures = []
    for _ in range(3):
        direction = random.choice([-1, 1], shape) * random.uniform(0.5, 2, shape)
        at = [case.value_with(i, far * k * direction) for k in (1, 2, 3)]
        curvatures.append((at[2] - 2 * at[1] + at[0]) / far**2 / np.sum(direction**2))
    kinks = [kink(case, i, entry) for entry in list(np.ndindex(shape))[:8]]
    penalty = {}
    for kind, coefficients in (("w", curvatures), ("sign(w)", kinks)):
        c = float(np.mean(coefficients)) if coefficients else 0.0
        if c > 1e-7 and np.ptp(coefficients) <= 1e-6 * c:
            penalty[kind] = c
    if case.entries[i].value.size > 1:  # a single number has one direction only
        yield penalty


def kink(case: Case, i: int, entry: tuple[int, ...]) -> float:
    """Half of the jump of the slope where an entry passes through 0."""

    def jump(h: float) -> float:
        at = []
        for x in (-h, 0.0, h):
            array = np.array(case.entries[i].value)
            array[entry] = x
            at.append(case.value_with(i, array))
        return (at[2] - 2 * at[1] + at[0]) / (2 * h)

    return 2 * jump(0.5e-3) - jump(1e-3)  # a smooth part gives h·f'', which this takes out


def formula(case: Case, penalty: Penalty) -> str:
    """A penalty's gradient in letters: (lambd/m)·w, or 0.1·w where the letters are not known."""
    return " + ".join(f"{letters(case, c)}·{kind}" for kind, c in penalty.items())


def letters(case: Case, c: float) -> str:
    """A coefficient as the quotient of scalar arguments or lengths that it is, or in digits."""
    scalars = [entry for entry in case.entries if entry.value.ndim == 0 and entry.value > 0]
    divisors = {1.0: ""} | {
        n: meanings[0] if " " not in meanings[0] else f"{n:.6g}"
        for n, meanings in case.numbers.items()
    }
    for k, twice in ((1, ""), (2, "2·")):
        for strength in scalars:
            for n, divisor in divisors.items():
                if divisor != strength.name and abs(strength.value / n / k - c) <= 1e-5 * c:
                    below = f"({twice}{divisor})" if divisor and twice else divisor or str(k)
                    return strength.name if below == "1" else f"({strength.name}/{below})"
    return f"{c:.6g}"


# -- the mistakes ------------------------------------------------------------------------------


def together(case: Case, said: dict[int, str | None], sentence: str) -> list[Explanation]:
    """One explanation for all arrays of which the same is said; `{names}` stands for them."""
    groups: dict[str, list[int]] = {}
    for i, text in said.items():
        if text is not None:
            groups.setdefault(text, []).append(i)
    return [
        Explanation(frozenset(which), sentence.format(names=case.names(which), text=text))
        for text, which in groups.items()
    ]


def detached(case: Case) -> list[Explanation]:
    """Nothing but zeros was found."""
    said = {i: None if np.any(case.entries[i].found) else "" for i in case.wrong}
    return together(
        case,
        said,
        "No gradient arrives at {names}{text}, only zeros: is the graph cut by .data, .item(), "
        "detach() or no_grad, or does a rule return zeros?",
    )


def partly_detached(case: Case) -> list[Explanation]:
    """Zeros at some entries, and the right gradient at the others."""
    said: dict[int, str | None] = {}
    for i in case.wrong:
        entry = case.entries[i]
        cut = (entry.found == 0) & (np.abs(entry.expected) > room(entry, entry.expected))
        if fits(entry, np.where(cut, 0, entry.expected)):
            place = ", ".join(str(int(k)) for k in np.argwhere(cut)[0])
            said[i] = f"{np.count_nonzero(cut)} of the {cut.size} entries (first [{place}])"
    return together(
        case,
        said,
        "No gradient arrives at {text} of {names}, and the others are right: is a part detached, "
        "masked or overwritten?",
    )


def transposed(case: Case) -> list[Explanation]:
    """The transpose of the right gradient."""
    said: dict[int, str | None] = {}
    for i in case.wrong:
        entry = case.entries[i]
        if entry.value.ndim == 2 and entry.value.shape[0] == entry.value.shape[1]:
            said[i] = "" if fits(entry, entry.expected.T, entry.tolerance.T) else None
    return together(
        case, said, "The gradient of {names} is transposed{text}: its .T would be right."
    )


def another_argument(case: Case) -> list[Explanation]:
    """What was found for one argument is the gradient of another."""
    source: dict[int, int] = {}
    for i in case.wrong:
        entry = case.entries[i]
        for j, other in enumerate(case.entries):
            same_shape = j != i and other.value.shape == entry.value.shape
            if same_shape and fits(entry, other.expected, other.tolerance):
                source.setdefault(i, j)
    explanations = []
    for i, j in source.items():
        names = case.entries[i].name, case.entries[j].name
        if source.get(j) != i:
            text = "What was found for {} is the gradient of {}: is the rule of another argument "
            explanations.append(Explanation(frozenset([i]), text.format(*names) + "in its place?"))
        elif i < j:
            text = "The gradients of {} and {} are swapped: are the rules in another order than "
            explanations.append(
                Explanation(frozenset([i, j]), text.format(*names) + "the arguments?")
            )
    return explanations


def constant_factor(case: Case) -> list[Explanation]:
    """A number times the right gradient, where that number has a meaning."""
    said: dict[int, str | None] = {}
    for i in case.wrong:
        factor = factor_of(case, case.entries[i], case.entries[i].expected)
        said[i] = None if factor is None else meaning(case, factor)
    return together(case, said, "The gradient of {names} is {text}")


def factor_of_the_data_part(case: Case) -> list[Explanation]:
    """The penalty's part is right, and the rest is a number times what it should be."""
    said: dict[int, str | None] = {}
    for i in case.wrong:
        entry = case.entries[i]
        for penalty in penalties_in(case, i):
            part = entry.expected - gradient_of(penalty, entry.value)
            factor = factor_of(case, entry, part)
            if factor is not None:
                said[i] = f"{formula(case, penalty)}, and the rest is {meaning(case, factor)}"
                break
    return together(case, said, "In the gradient of {names}, the penalty's part is right, {text}")


def penalty_of_the_weights(case: Case) -> list[Explanation]:
    """The data's part is right; the penalty's is missing, or a number times what it should be."""
    said: dict[int, str | None] = {}
    for i in case.wrong:
        candidates = penalties_in(case, i)
        if not looks_like_a_bias(case, i):  # all weights have the same penalty, as a rule
            weights = [j for j, x in enumerate(case.entries) if x.value.ndim and j != i]
            kinds = slopes_of_penalties(case.entries[i].value).keys()
            of_others = [p for j in weights for p in penalties_in(case, j)]
            candidates = candidates + [p for p in of_others if p.keys() <= kinds]
        texts = (wrong_penalty(case, case.entries[i], penalty) for penalty in candidates)
        said[i] = next((text for text in texts if text is not None), None)
    return together(case, said, "In the gradient of {names}, {text}")


def wrong_penalty(case: Case, entry: Entry, penalty: Penalty) -> str | None:
    """What is wrong with the penalty's part of a gradient, where that explains it."""
    parts = [penalty]
    if len(penalty) > 1:
        parts += [{kind: c} for kind, c in penalty.items()]
    for part in parts:
        gradient, text = gradient_of(part, entry.value), formula(case, part)
        if fits(entry, entry.expected - gradient):
            return (
                f"the penalty's part {text} is missing: is it left out of the rule, or computed "
                "from detached weights?"
            )
        factor = factor_of(case, entry, gradient)
        squared = part.keys() == {"w"}
        if factor == 0.5 and squared:
            return (
                f"only half of the penalty's part {text} was found: the derivative of λ/(2m)·w² "
                "is (λ/m)·w, not λ/(2m)·w."
            )
        if factor == 2 and squared:
            return (
                f"twice the penalty's part {text} was found: (λ/m)·w² was differentiated, and the "
                "function has λ/(2m)·w²."
            )
        if factor is not None:
            return f"the penalty's part {text} is {meaning(case, factor)}"
    return None


def penalty_on_the_bias(case: Case) -> list[Explanation]:
    """A penalty's gradient was added to that of a bias, which has no penalty."""
    said: dict[int, str | None] = {}
    for i in case.wrong:
        entry = case.entries[i]
        if not looks_like_a_bias(case, i):
            continue
        others = [j for j, x in enumerate(case.entries) if x.value.ndim and j != i]
        known = [item for j in others for p in penalties_in(case, j) for item in p.items()]
        own = {kind for penalty in switched_off(case, i) for kind in penalty}
        for kind in [x for x in ("w", "sign(w)") if x not in own]:
            c = surplus(entry, kind)
            if c is None or c < 0:
                continue
            as_the_weights = any(k == kind and abs(c - x) <= 1e-4 * c for k, x in known)
            if as_the_weights or is_telling(entry, kind):
                said[i] = f"{letters(case, c)}·{kind.replace('w', 'b')}"
                break
    return together(
        case,
        said,
        "The gradient of {names} has a penalty's part {text} that the function has not: is the "
        "bias penalized in the rule?",
    )


def looks_like_a_bias(case: Case, i: int) -> bool:
    """Whether an array is a bias by its name, or by its shape beside that of a weight matrix."""
    entry = case.entries[i]
    shape = entry.value.shape
    word = (re.findall(r"[A-Za-z]\w*", entry.name) or [""])[-1]
    if entry.value.size != max(shape, default=1):
        return False
    if re.fullmatch(r"b\d*|b_\w+|\w*bias(es)?\d*|intercept\w*", word):
        return True
    matrices = [x.value.shape for x in case.entries if x.value.ndim == 2 and x is not entry]
    return len(shape) == 2 and shape[1] == 1 and any(n == shape[0] and k > 1 for n, k in matrices)


def surplus(entry: Entry, kind: str) -> float | None:
    """How much of a penalty's slope was found in excess, if it is nothing else."""
    slope = slopes_of_penalties(entry.value)[kind]
    c = multiple_in(entry, slope, entry.found - entry.expected)
    return c if c is not None and fits(entry, entry.expected + c * slope) else None


def is_telling(entry: Entry, kind: str) -> bool:
    """Whether a multiple of w (or of its sign) can be told from any other difference."""
    sizes = np.abs(entry.value[entry.value != 0])
    if kind == "w":
        return sizes.size > 1 and bool(np.ptp(sizes) > 1e-3 * np.max(sizes))
    return bool(sizes.size > 2)


def multiple_of_the_weights(case: Case) -> list[Explanation]:
    """A multiple of the weights is missing or too much, and the function cannot tell which."""
    said: dict[int, str | None] = {}
    for i in case.wrong:
        entry = case.entries[i]
        if is_multiple_of_expected(entry):
            continue
        for known in ({}, *penalties_in(case, i)):
            rest = replace(entry, expected=entry.expected - gradient_of(known, entry.value))
            for kind in [x for x in slopes_of_penalties(entry.value) if x not in known]:
                c = surplus(rest, kind) if is_telling(entry, kind) else None
                if c is not None:
                    said[i] = said.get(i) or lacks_or_has(case, known, kind, c)
    return together(case, said, "The gradient of {names} {text}")


def lacks_or_has(case: Case, known: Penalty, kind: str, c: float) -> str | None:
    """What to say of a multiple c of the weights (or of their signs), and of a missing penalty."""
    half = ", or half of it is: the derivative of λ/(2m)·w² is (λ/m)·w, not λ/(2m)·w."
    twice = ", or twice the one that it has: (λ/m)·w² was differentiated in place of λ/(2m)·w²."
    if c < 0:
        text = f"lacks {formula(case, {**known, kind: -c})}: the penalty is missing"
        return text + (half if kind == "w" else ".")
    if known:
        return None
    text = f"has {formula(case, {kind: c})} too much: a penalty that the function has not"
    return text + (twice if kind == "w" else ".")


def is_multiple_of_expected(entry: Entry) -> bool:
    """Whether all of the gradient is wrong by one factor, so that no part of it stands out."""
    c = multiple_in(entry, entry.expected, entry.found)
    return c is not None and fits(entry, c * entry.expected)


def not_summed(case: Case) -> list[Explanation]:
    """One slice, or the mean, of a cotangent that had to be summed over a broadcast axis."""
    said = {i: slice_of_the_cotangent(case, i) for i in case.wrong}
    return together(case, said, "The gradient of {names} is {text}")


def slice_of_the_cotangent(case: Case, i: int) -> str | None:
    """What of the cotangent was found in place of its sum over a broadcast axis."""
    entry = case.entries[i]
    shape = entry.value.shape
    for spread in broadcasts(case, i):
        cotangent = case.slope(i, {i: spread})
        if cotangent is None:
            continue
        padded = (1,) * (spread.ndim - len(shape)) + shape
        axes = [axis for axis, n in enumerate(spread.shape) if n != padded[axis]]
        for axis in axes:
            others = tuple(k for k in axes if k != axis)
            parts = np.sum(cotangent, axis=others, keepdims=True)
            n = spread.shape[axis]
            of_axis = f"over axis {axis} of the shape {spread.shape} that it is broadcast to"
            if fits(entry, np.mean(parts, axis=axis).reshape(shape)):
                return f"the cotangent's mean {of_axis}, where its sum belongs (1/{n} of it)."
            for k in range(n):
                if fits(entry, np.take(parts, k, axis=axis).reshape(shape)):
                    return (
                        f"the cotangent's slice {k}, where its sum belongs: it is not summed "
                        f"{of_axis}."
                    )
    return None


def broadcasts(case: Case, i: int) -> Iterator[Array]:
    """An array repeated along axes that the function broadcasts it over: its value stays."""
    entry = case.entries[i]
    shape = entry.value.shape
    lengths = sorted({n for x in case.entries for n in x.value.shape if n > 1})
    shapes = [
        shape[:axis] + (n,) + shape[axis + 1 :]
        for n in lengths
        for axis, given in enumerate(shape)
        if given == 1
    ]
    shapes += [(n, *shape) for n in lengths]
    shapes += [x.value.shape for x in case.entries if x.value.ndim > len(shape)]
    whole = case.value_with(i, entry.value)

    def accepts(wanted: tuple[int, ...]) -> bool:
        try:
            spread = np.broadcast_to(entry.value, wanted)
        except ValueError:
            return False
        return abs(case.value_with(i, spread) - whole) <= 1e-10 * max(1.0, abs(whole))

    def accepts_only(wanted: tuple[int, ...]) -> bool:
        """Whether it is that length that fits, and not any, as in a mean of the entries."""
        padded = (1,) * (len(wanted) - len(shape)) + shape
        longer = tuple(n + (n != k) for n, k in zip(wanted, padded, strict=True))
        return accepts(wanted) and not accepts(longer)

    accepted = [wanted for wanted in dict.fromkeys(shapes) if accepts_only(wanted)]
    if not accepted:  # broadcast against an array that the function closes over
        tried = [shape[:k] + (n,) + shape[k + 1 :] for n in range(2, 129) for k in ones(shape)]
        accepted = [wanted for wanted in tried if accepts(wanted)]
        accepted = accepted if len(accepted) == 1 else []
    for wanted in accepted:
        yield np.array(np.broadcast_to(entry.value, wanted))


def ones(shape: tuple[int, ...]) -> list[int]:
    """The axes of length 1."""
    return [axis for axis, n in enumerate(shape) if n == 1]


def transposed_factor(case: Case) -> list[Explanation]:
    """M @ A was found where M @ A.T is right, A being another argument; or A @ M, and so on."""
    said: dict[int, str | None] = {}
    for i in case.wrong:
        entry = case.entries[i]
        known = [{}, *penalties_in(case, i)] if entry.value.ndim == 2 else []
        for other in case.entries:
            for penalty in known:
                said[i] = said.get(i) or transposed_in(entry, other, penalty)
    return together(case, said, "A factor in the gradient of {names} is transposed: {text}.")


def transposed_in(entry: Entry, other: Entry, penalty: Penalty) -> str | None:
    """Which product with another argument, a square matrix, was computed without or with .T."""
    A, name = other.value, other.name
    if A.ndim != 2 or A.shape[0] != A.shape[1] or len(A) < 2 or np.linalg.cond(A) > 1e6:
        return None
    part = gradient_of(penalty, entry.value)
    rest = entry.expected - part
    for wrong, right, used, belongs in (
        (A, A.T, name, f"{name}.T"),
        (A.T, A, f"{name}.T", name),
    ):
        change = np.linalg.solve(right, wrong)  # (M @ right) @ change = M @ wrong
        if rest.shape[1] == len(A):
            widened = entry.tolerance @ np.abs(change)
            if fits(entry, rest @ change + part, widened):
                return f"… @ {used} was computed where … @ {belongs} is right"
        change = np.linalg.solve(right.T, wrong.T).T  # change @ (right @ M) = wrong @ M
        if rest.shape[0] == len(A):
            widened = np.abs(change) @ entry.tolerance
            if fits(entry, change @ rest + part, widened):
                return f"{used} @ … was computed where {belongs} @ … is right"
    return None


def overwritten(case: Case) -> list[Explanation]:
    """The gradient is right for other values of an argument than those that were given."""
    for j, entry in enumerate(case.entries):
        for text, values in other_values(case, j):
            if np.array_equal(values, entry.value):
                continue
            if all(is_gradient_at(case, i, {j: values}) for i in case.wrong):
                names = case.names(case.wrong)
                sentence = (
                    f"The gradient of {names} is the right one for {text} in place of "
                    f"{entry.name}: was an array overwritten between the computation and the rule, "
                    "cut off from the graph, or another one (another branch) used there?"
                )
                return [Explanation(frozenset(case.wrong), sentence)]
    return []


def is_gradient_at(case: Case, i: int, replaced: dict[int, Array]) -> bool:
    """Whether what was found is the gradient at other values: in one direction, then in all."""
    entry = case.entries[i]
    direction = np.array(np.random.default_rng(0).uniform(0.5, 1.5, entry.value.shape))
    start = replaced.get(i, entry.value)
    slope = case.slope_along(i, {**replaced, i: start}, direction)
    found = np.sum(entry.found * direction)
    room = np.sum((2 * entry.tolerance + 1e-4 * np.abs(entry.found)) * direction)
    return bool(abs(slope - found) <= room) and fits(entry, case.slope(i, replaced))


def other_values(case: Case, j: int) -> Iterator[tuple[str, Array]]:
    """What an argument may have been overwritten with, each with its name."""
    x, name = case.entries[j].value, case.entries[j].name
    if j in (written := arrays_after(case)):
        yield f"the values that the function leaves in {name}", written[j]
    with np.errstate(all="ignore"):
        yield "zeros", np.zeros(x.shape)
        yield f"-{name}", -x
        yield f"2·{name}", 2 * x
        yield f"{name}/2", x / 2
        yield f"{name}**2", x * x
        yield f"np.tanh({name})", np.tanh(x)
        yield f"np.exp({name})", np.exp(x)
        yield f"the sigmoid of {name}", 1 / (1 + np.exp(-x))
        yield f"the relu of {name}", np.maximum(x, 0)
    for other in case.entries:
        if other.value.shape == x.shape and other.value is not x:
            yield f"the values of {other.name}", other.value


def arrays_after(case: Case) -> dict[int, Array]:
    """The arrays that the function writes into, as it leaves them."""
    arrays = [np.array(entry.value) for entry in case.entries]
    try:
        with np.errstate(all="ignore"):
            case.f(*arrays)
    except Exception:
        return {}
    pairs = enumerate(zip(arrays, case.entries, strict=True))
    return {j: x for j, (x, entry) in pairs if not np.array_equal(x, entry.value)}


def writing(case: Case) -> list[Explanation]:
    """The function writes into its arguments, so that rules see other values than it did."""
    written = arrays_after(case)
    if not written:
        return []
    sentence = (
        f"The function writes into {case.names(written)} while it runs, and its rules see what it "
        "leaves there: let it work on a copy."
    )
    return [Explanation(frozenset(case.wrong), sentence)]


# Those of one group are looked for together; a later group only where the earlier ones have left
# something unexplained.
LIKELIEST_FIRST = (
    (detached,),
    (not_summed,),
    (transposed, another_argument, constant_factor),
    (penalty_of_the_weights, penalty_on_the_bias, factor_of_the_data_part),
    (transposed_factor, partly_detached),
    (multiple_of_the_weights,),
    (overwritten,),
    (writing,),
)
