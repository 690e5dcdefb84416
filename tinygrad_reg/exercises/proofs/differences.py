"""Finite differences, against exact derivatives; and where the function was asked for values."""

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tinygrad_reg.exercises.questions import Mistake, Question, examples

__all__ = ["QUESTIONS"]

TOLERANCE = 2e-9


# Functions of plain numbers, which give their value and nothing else.


def exponential(x: Any) -> float:
    """math.exp"""
    return math.exp(x)


def sine(x: Any) -> float:
    """math.sin"""
    return math.sin(x)


def square(x: Any) -> float:
    """lambda x: x**2"""
    return float(x) ** 2


def cube(x: Any) -> float:
    """lambda x: x**3"""
    return float(x) ** 3


def root(x: Any) -> float:
    """math.sqrt"""
    return math.sqrt(x)


EXACT: dict[Any, Callable[[float], float]] = {
    exponential: math.exp,
    sine: math.cos,
    square: lambda x: 2 * x,
    cube: lambda x: 3 * x**2,
    root: lambda x: 0.5 / math.sqrt(x),
}

near = st.tuples(
    st.sampled_from((square, exponential, sine, cube)), st.sampled_from((1.0, 0.0, -1.0, 2.0))
)
far = st.tuples(st.sampled_from((square, cube, root)), st.sampled_from((1.0, 1000.0, 1e6)))
far_below = st.tuples(st.sampled_from((square, cube)), st.sampled_from((-1000.0, -1e6)))


def expected(f: Callable[..., Any], x: float) -> Any:
    """The exact slope."""
    return EXACT[f](x)


def steps_of(slope: Callable[..., Any], x: float) -> list[float]:
    """The distances from x at which a function is asked for values."""
    asked: list[float] = []

    def noting(point: Any) -> float:
        asked.append(float(point) - x)
        return square(point)

    with suppress(Exception):
        slope(noting, x)
    return asked


def wants_more_than_values(slope: Callable[..., Any], drawn: list[dict[str, Any]]) -> bool:
    """Whether a function is called with something else than a plain number."""
    asked: list[Any] = []

    def noting(point: Any) -> float:
        asked.append(point)
        return square(point)

    with suppress(Exception):
        slope(noting, 1.0)
    return any(not isinstance(point, float | int | np.number | np.ndarray) for point in asked)


def one_sided(slope: Callable[..., Any], drawn: list[dict[str, Any]]) -> bool:
    """Whether values are taken on one side of x only."""
    steps = steps_of(slope, 1.0)
    return bool(steps) and (min(steps) >= 0 or max(steps) <= 0)


def too_small(slope: Callable[..., Any], drawn: list[dict[str, Any]]) -> bool:
    """Whether rounding spoils the result already at x = 1."""
    return 0 <= max(map(abs, steps_of(slope, 1.0)), default=1.0) < 1e-7


def too_large(slope: Callable[..., Any], drawn: list[dict[str, Any]]) -> bool:
    """Whether the curve bends within a step already at x = 1."""
    return max(map(abs, steps_of(slope, 1.0)), default=0.0) > 1e-4


def fixed(slope: Callable[..., Any], drawn: list[dict[str, Any]]) -> bool:
    """Whether the step at x = 1,000,000 is still what it is at x = 1."""
    near, far = steps_of(slope, 1.0), steps_of(slope, 1e6)
    return bool(near) and bool(far) and max(map(abs, far)) < 100 * max(map(abs, near))


def relative_to_zero(slope: Callable[..., Any], drawn: list[dict[str, Any]]) -> bool:
    """Whether the step at x = 0 is 0, and only there."""
    at_zero, at_one = steps_of(slope, 0.0), steps_of(slope, 1.0)
    return bool(at_zero) and max(map(abs, at_zero)) == 0 < max(map(abs, at_one), default=0.0)


def always_zero(slope: Callable[..., Any], drawn: list[dict[str, Any]]) -> bool:
    """Whether the step is 0 at every x."""
    steps = steps_of(slope, 0.0) + steps_of(slope, 1.0)
    return bool(steps) and max(map(abs, steps)) == 0


def signed(slope: Callable[..., Any], drawn: list[dict[str, Any]]) -> bool:
    """Whether the step grows with x where it is positive, and not where it is negative."""
    above, below = steps_of(slope, 1e6), steps_of(slope, -1e6)
    return bool(above) and bool(below) and max(map(abs, below)) < max(map(abs, above)) / 100


def scaled(factor: float) -> Callable[..., bool]:
    """Whether the results are right but for a factor."""

    def fits(slope: Callable[..., Any], drawn: list[dict[str, Any]]) -> bool:
        try:
            found = [slope(*given.values()) for given in drawn]
        except Exception:
            return False
        right = [factor * expected(**given) for given in drawn]
        return bool(np.allclose(found, right, rtol=1e-3, atol=1e-6))

    return fits


QUESTIONS = (
    Question(
        call="slope(f, x)",
        examples=st.one_of(near, far, far_below).flatmap(
            lambda drawn: examples(f=st.just(drawn[0]), x=st.just(drawn[1]))
        ),
        expected=expected,
        source="the exact derivative",
        mistakes=(
            Mistake(
                "f gives its value for a plain number, and nothing else: take the slope from two "
                "of its values, without tg.grad or complex numbers.",
                fits=wants_more_than_values,
            ),
            Mistake(
                "At x = 0 your step is 0. A step of 1e-5 * max(1, abs(x)) never is.",
                fits=relative_to_zero,
            ),
            Mistake(
                "Your step is 0 for every x: the difference says nothing. Take about 1e-5.",
                fits=always_zero,
            ),
            Mistake(
                "Twice the slope: the two points are 2 * h apart, and not h.", fits=scaled(2.0)
            ),
            Mistake("Half the slope: the points are not that far apart.", fits=scaled(0.5)),
            Mistake(
                "The sign is wrong: it is what comes after x minus what comes before.",
                fits=scaled(-1.0),
            ),
            Mistake(
                "You look at one side of x only. From both sides, x + h and x - h, the error falls "
                "with the square of h.",
                fits=one_sided,
            ),
            Mistake(
                "Your step is so small that f(x + h) and f(x - h) agree in most of their digits, "
                "and the few that differ are rounding. Take it larger: about 1e-5.",
                fits=too_small,
            ),
            Mistake(
                "Your step is so large that f bends within it. Take it smaller: about 1e-5.",
                fits=too_large,
            ),
            Mistake(
                "Your step grows for large x, and not for x far below 0: let it grow with abs(x).",
                fits=signed,
            ),
            Mistake(
                "Your step is the same for every x. At x = 1000000 it is lost in the rounding of "
                "x itself: let it grow with abs(x).",
                fits=fixed,
            ),
        ),
        pointer="Print the difference to the exact slope of x**2 for steps from 1e-1 to 1e-12, and "
        "see where it is smallest.",
        tolerance=TOLERANCE,
    ),
)
