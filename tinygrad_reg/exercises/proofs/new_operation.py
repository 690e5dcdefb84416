"""A line of the derivative table, against differences, and by all properties of check_rule."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import tinygrad_reg as tg
from tinygrad_reg.exercises.questions import (
    Array,
    Claim,
    Finding,
    Mistake,
    Question,
    array_of,
    examples,
    shapes,
)
from tinygrad_reg.tensor import rules
from tinygrad_reg.testing import check_rule, numerical_gradient

__all__ = ["QUESTIONS"]

Operation = Callable[..., Any]
points = examples(x=shapes().flatmap(lambda shape: array_of(shape, 1.0, 2.0, 0.5, 4.0, 0.25, 3.0)))


def definition(x: Any) -> Any:
    """The value of the operation."""
    return np.abs(np.log(x))


def by_the_rule(x: Any) -> Any:
    """The derivative asked for."""
    return np.sign(np.log(x)) / x


def gradient(abs_log: Operation, x: Array) -> Any:
    """What the engine makes of the line."""
    return tg.grad(lambda x: np.sum(abs_log(x)))(x)


def expected(x: Array) -> Any:
    """Differences of the definition; at the kink, the middle of both slopes."""
    return numerical_gradient(lambda x: np.sum(definition(x)), x)


def is_entered(abs_log: Operation) -> Finding | None:
    """Whether there is a line in the table."""
    if abs_log in rules and rules[abs_log].op is not abs_log:  # not the bare function
        return None
    return Finding(
        "abs_log has no line in the derivative table yet.",
        "abs_log = tg.elementwise(abs_log, ...) enters it, and gives back the function that is "
        "recorded: keep it under the name abs_log.",
    )


def is_another_number(taken: Any) -> bool:
    """Whether what is said to be taken at the kink is a number that is not 0."""
    try:
        return float(taken) != 0
    except (TypeError, ValueError):  # words, which are not judged
        return False


def says_where(abs_log: Operation) -> Finding | None:
    """Whether the line says where there is a derivative, and what is taken at the kink."""
    rule = rules[abs_log]
    low, high = map(float, rule.domain[0])
    if np.isinf(low) and np.isinf(high):
        return Finding(
            "The derivative is right. The line does not say its domain yet.",
            "log(x) is a number only for x above 0. Tests draw from the domain, and without one "
            "they draw negative numbers too: domain=(0, np.inf).",
        )
    if (low, high) != (0, np.inf):
        return Finding(
            f"The derivative is right. The domain is ({low:g}, {high:g}), which is not all of it.",
            "There is a derivative, or a subgradient, for every x above 0, also below 1: "
            "domain=(0, np.inf).",
        )
    if not isinstance(rule.kinks, Mapping) or not all(isinstance(key, str) for key in rule.kinks):
        return Finding(
            f"The derivative is right. The kinks are {rule.kinks!r}: expected a dict of texts.",
            'Where, and what is taken there, in words: kinks={"x = 1": "0"}.',
        )
    if not any("1" in where for where in rule.kinks):
        said = f"says {rule.kinks}" if rule.kinks else "names no kinks"
        return Finding(
            f"The derivative is right. The line {said}, and there is one at x = 1.",
            'The slope is -1 on its left and 1 on its right, and you take 0: kinks={"x = 1": "0"}.',
        )
    if any(is_another_number(taken) for taken in rule.kinks.values()):
        return Finding(
            f"The derivative is right. The line says {rule.kinks}, and it gives 0 at x = 1.",
            'The words stand for what your derivative gives there: kinks={"x = 1": "0"}.',
        )
    return None


def is_proven(abs_log: Operation) -> Finding | None:
    """Whether all properties of check_rule hold."""
    try:
        check_rule(abs_log, tries=10)
    except Exception as error:
        first = str(error).splitlines()[0]
        return Finding(
            f"The gradient is right, but check_rule finds something: {first}",
            "check_rule also asks for forward mode, second derivatives, other dtypes and empty "
            "arrays. Write the local derivative with NumPy functions of x and y alone, which work "
            "for tensors too.",
        )
    return None


QUESTIONS = (
    Question(
        call="abs_log(x)",
        examples=points,
        expected=definition,
        source="the definition, np.abs(np.log(x))",
        mistakes=(
            Mistake("The outer np.abs was lost.", lambda x: np.log(x)),
            Mistake("This is its derivative. abs_log itself stays |log(x)|.", by_the_rule),
        ),
        pointer="The function was right as it was copied: only its line was missing.",
    ),
    Claim("abs_log", is_entered),
    Question(
        call="tg.grad(abs_log)(x)",
        of="abs_log",
        ask=gradient,
        examples=points,
        expected=expected,
        source="differences; at the kink, the middle of both slopes",
        mistakes=(
            Mistake(
                "This is the derivative of log(x). Where log(x) is negative, the abs turns it "
                "around: its sign is a factor.",
                lambda x: 1 / x,
            ),
            Mistake(
                "This is the slope of the abs alone. The chain rule multiplies it with that of "
                "the log, 1 / x.",
                lambda x: np.sign(np.log(x)),
            ),
            Mistake(
                "Right everywhere but at x = 1, where the slopes of both sides meet: 0 is to be "
                "taken there, which np.sign gives by itself.",
                lambda x: np.where(np.log(x) > 0, 1, -1) / x,
            ),
            Mistake(
                "Right everywhere but at x = 1, where the slopes of both sides meet: 0 is to be "
                "taken there, which np.sign gives by itself.",
                lambda x: np.where(np.log(x) >= 0, 1, -1) / x,
            ),
            Mistake(
                "At x = 1, 0 is divided by 0. np.sign(np.log(x)) is the same, and 0 there.",
                lambda x: np.log(x) / np.abs(np.log(x)) / x,
            ),
            Mistake(
                "y is |log(x)|, how far off it is. The slope needs the sign of log(x) alone.",
                lambda x: np.abs(np.log(x)) / x,
            ),
            Mistake(
                "log(x) / x has the whole logarithm, where its sign alone belongs.",
                lambda x: np.log(x) / x,
            ),
            Mistake(
                "The sign of x is always 1 here: it is the sign of log(x) that turns the slope.",
                lambda x: np.sign(x) / x,
            ),
            Mistake(
                "A local derivative is called with the result first, and then the argument: "
                "lambda y, x: ...",
                lambda x: np.sign(np.log(definition(x))) / definition(x),
            ),
            Mistake(
                "A local derivative is called with the result first, and then the argument: "
                "lambda y, x: ...",
                lambda x: np.sign(definition(x) - 1) / definition(x),
            ),
            Mistake(
                "x was multiplied, where the slope of the log divides by it.",
                lambda x: np.sign(np.log(x)) * x,
            ),
        ),
        pointer="|u| has the slope sign(u), log(x) has 1 / x: multiply them.",
    ),
    Claim("abs_log", says_where),
    Claim("abs_log", is_proven),
)
