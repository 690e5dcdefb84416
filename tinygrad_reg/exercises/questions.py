"""What a proof is made of: questions to the learner's function, and the mistakes people make.

What is right is not taken from a solution. Every question says by a definition what it expects:
by differences, by unit vectors, by the point where a cost is smallest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

__all__ = [
    "Array",
    "Claim",
    "Examples",
    "Finding",
    "Mistake",
    "Question",
    "adjoint_by_unit_vectors",
    "array_of",
    "examples",
    "lengths",
    "number",
    "positive",
    "shapes",
]

Array = np.ndarray[Any, Any]
Examples = st.SearchStrategy[dict[str, Any]]


@dataclass(frozen=True)
class Mistake:
    """A wrong way to do it, and what to say to someone who did that.

    `wrong` takes what the learner's function takes; the hint is given where both give the same on
    many examples. `fits` is for mistakes that are not seen in a result: it takes the learner's
    function and the examples.
    """

    hint: str
    wrong: Callable[..., Any] | None = None
    fits: Callable[[Callable[..., Any], list[dict[str, Any]]], bool] | None = None


@dataclass(frozen=True)
class Finding:
    """What is wrong, and what to do about it."""

    finding: str
    hint: str


@dataclass(frozen=True)
class Claim:
    """What is asked of a function as a whole, without examples: None if it holds."""

    function: str
    check: Callable[[Callable[..., Any]], Finding | None]


@dataclass(frozen=True)
class Question:
    """One property of a right answer.

    Parameters
    ----------
    call : str
        How the learner's function is called, with the names of its arguments: `f(x, y)`.
    examples : strategy
        Draws the arguments, a dict in the order of the call.
    expected : callable
        Called with the same arguments by name: what must come out, by the definition.
    source : str
        Where that comes from, to be read after "expected".
    mistakes : tuple of Mistake
        The usual ones, the most particular first.
    pointer : str
        What to think about if none of them fits.
    parts : tuple of str
        What the results are called, where there are several; the keys, where they are a dict.
    tolerance : float
        How far a result may be off, relative to the largest expected entry, or to 1.
    of, ask : str and callable, optional
        The name of the learner's function, and `(that function, **arguments) -> result`, where
        the call is not simply one of it.
    """

    call: str
    examples: Examples
    expected: Callable[..., Any]
    source: str
    mistakes: tuple[Mistake, ...]
    pointer: str
    parts: tuple[str, ...] = ()
    tolerance: float = 1e-6
    of: str = ""
    ask: Callable[..., Any] | None = None

    @property
    def function(self) -> str:
        """The name of the learner's function."""
        return self.of or self.call.partition("(")[0]

    def put(self, f: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
        """The result for some arguments."""
        return self.ask(f, **arguments) if self.ask else f(*arguments.values())


def examples(**strategies: st.SearchStrategy[Any]) -> Examples:
    """Draws the arguments of a call, in their order."""
    names = tuple(strategies)
    return st.tuples(*strategies.values()).map(lambda drawn: dict(zip(names, drawn, strict=True)))


# Small numbers and arrays: what stands first in a list is what a counterexample shrinks to.

MOST = 3  # entries along an axis
SIMPLE = (0.0, 1.0, 2.0, -1.0, 3.0, -2.0, 0.5, -0.5, 4.0, -3.0, 1.5)


def number(*among: float) -> st.SearchStrategy[float]:
    """One of some numbers, by default of small ones."""
    return st.sampled_from(among or SIMPLE)


def positive() -> st.SearchStrategy[float]:
    """A small number above 0."""
    return st.sampled_from((1.0, 2.0, 0.5, 3.0))


def lengths(most: int = MOST) -> st.SearchStrategy[int]:
    """The length of an axis."""
    return st.integers(1, most)


def shapes(most_axes: int = 2, most: int = MOST) -> st.SearchStrategy[tuple[int, ...]]:
    """The shape of an array that fits on a line or two."""
    return st.lists(lengths(most), max_size=most_axes).map(tuple)


def array_of(shape: tuple[int, ...], *among: float, most: int = MOST) -> st.SearchStrategy[Array]:
    """An array of small numbers, of a shape of lengths up to `most`.

    It is cut out of one that is drawn in full, last entry first: so that a shape may shrink while
    all other numbers stay what they are, and what is not 0 comes to stand where nothing is cut.
    """
    full = arrays(np.float64, (most,) * len(shape), elements=number(*among), fill=st.nothing())
    kept = tuple(slice(n) for n in shape)
    return full.map(lambda drawn: np.array(np.flip(drawn)[kept]))


def adjoint_by_unit_vectors(f: Callable[[Array], Array], shape: Any, cotangent: Any) -> Array:
    """The adjoint of a linear function by its definition: entry i is <cotangent, f(unit i)>."""
    adjoint = np.zeros(shape)
    for i in np.ndindex(adjoint.shape):
        unit = np.zeros(shape)
        unit[i] = 1
        adjoint[i] = np.sum(cotangent * f(unit))
    return adjoint
