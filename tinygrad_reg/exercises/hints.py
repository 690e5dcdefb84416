"""Which hint fits: the one of the mistake that gives what the learner's function gives.

A mistake is recognized by its results on many random examples, the smallest counterexample among
them, and never by the text of the file. If none fits, what all results have in common is looked
at: a factor, a shape. If that says nothing either, no guess is made.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_reg.exercises.comparing import Difference, as_numbers, close, part_of
from tinygrad_reg.exercises.questions import Array, Question

__all__ = ["about_error", "hint_for"]

Outcome = Callable[[dict[str, Any]], Any]
FEWEST = 5  # examples with a result that a mistake must have in common with the learner

KINDS = {
    "nothing": "Is there a `return` on every way through the function?",
    "in place": "Operators like += and indexing on the left of = write into the caller's array. "
    "Make a new one: `A = A + B` in place of `A += B`.",
    "parts": "Look beside `returns` in the text at the top of the file.",
    "tuple": "A comma after a value makes a tuple of it, and some functions give one, tg.vjp and "
    "tg.jvp among them: give back the one array that is asked for.",
    "order": "The results are right, but in another order: look beside `returns` in the text at "
    "the top of the file.",
    "not finite": "Somewhere on the way a 0 is divided by, a logarithm of 0 is taken, or a "
    "number grows beyond what a float can hold. Put in the numbers given and walk through it.",
}


def hint_for(
    question: Question,
    outcome: Outcome,
    f: Callable[..., Any],
    examples: list[dict[str, Any]],
    found: Difference | None,
) -> str:
    """What to say to someone whose function fails on the first of some examples.

    `found` is None if the function raises there; then only a known mistake is worth a hint, for
    the error itself is explained elsewhere.
    """
    part = found.part if found else None
    if found is None or found.kind in ("value", "shape", "not finite", "parts"):
        for mistake in question.mistakes:
            if mistake.fits is not None and mistake.fits(f, examples):
                return mistake.hint
            if mistake.wrong is not None and coincides(
                question, mistake.wrong, outcome, examples, part
            ):
                return mistake.hint
    if found is None:
        return ""
    if found.kind == "shape" and is_boxed(found):
        return KINDS["tuple"]
    if found.kind in ("value", "shape"):
        if in_another_order(question, outcome, examples):
            return KINDS["order"]
        pairs = []
        for arguments in examples:
            own = numbers_of(trial(outcome, arguments), found.part, question)
            right = numbers_of(question.expected(**arguments), found.part, question)
            if own is None or right is None:
                return elsewhere(outcome, arguments) or question.pointer
            pairs.append((own, right, arguments))
        common = in_common(question, pairs, found.part)
        return common or f"This fits none of the usual mistakes. {question.pointer}"
    if found.kind == "not finite":
        return f"{KINDS['not finite']} {question.pointer}"
    return KINDS.get(found.kind, question.pointer)


def trial(f: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """A result, or the class of the error that is raised."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return f(*args, **kwargs)
        except BaseException as error:  # sys.exit among them
            return type(error)


def coincides(
    question: Question,
    wrong: Callable[..., Any],
    outcome: Outcome,
    examples: list[dict[str, Any]],
    part: str | None,
) -> bool:
    """Whether a mistake gives what the learner's function gives, on all of the examples.

    Where there are several results, it is about the one that was found to be wrong.
    """
    returned = 0
    for arguments in examples:
        own = trial(outcome, arguments)
        theirs = trial(wrong, **copy.deepcopy(arguments))
        if isinstance(own, type) or isinstance(theirs, type):
            if own is not theirs:
                return False
            continue
        if not same(question, own, theirs, part):
            return False
        returned += 1
    return returned >= FEWEST


def same(question: Question, own: Any, theirs: Any, part: str | None) -> bool:
    """Whether two results are the same, or the parts of them that matter."""
    compared = 0
    for name in (part,) if part is not None else question.parts or ("",):
        one, other = numbers_of(own, name, question), numbers_of(theirs, name, question)
        if other is None and part is None:  # the mistake says nothing about this part
            continue
        if one is None or other is None or not close(one, other, question.tolerance):
            return False
        compared += 1
    return compared > 0


def numbers_of(result: Any, part: str, question: Question) -> Array | None:
    """A part of a result as an array of floats; None if there is no such part, or it is no such."""
    try:
        return as_numbers(part_of(result, part, question.parts))
    except (LookupError, TypeError, ValueError):
        return None


Pair = tuple[Array, Array, dict[str, Any]]  # what came out, what is right, for these arguments


def elsewhere(outcome: Outcome, arguments: dict[str, Any]) -> str:
    """What goes wrong on another example, on which there is no result at all."""
    try:
        outcome(arguments)
    except BaseException as error:
        finding, hint = about_error(error, "It", "on other examples")
        return f"{finding} {hint}".strip()
    return ""


def is_boxed(found: Difference) -> bool:
    """Whether a tuple came out, with a result of the right shape in it."""
    return isinstance(found.came_out, tuple) and any(
        np.shape(entry) == np.shape(found.expected) for entry in found.came_out
    )


def in_another_order(question: Question, outcome: Outcome, examples: list[dict[str, Any]]) -> bool:
    """Whether the results of a function with several are right from the last to the first."""

    def turned(arguments: dict[str, Any]) -> Any:
        result = outcome(arguments)
        return result[::-1] if isinstance(result, tuple | list) else result

    return bool(question.parts) and coincides(question, question.expected, turned, examples, None)


def in_common(question: Question, pairs: list[Pair], part: str) -> str:
    """What all results have in common: they are 0, transposed, reshaped, or off by a factor."""
    tolerance = question.tolerance
    if all(np.all(own == 0) for own, _, _ in pairs):
        return f"{part or 'It'} is 0, whatever is given. {question.pointer}"
    if all(own.ndim == 0 for own, _, _ in pairs) and any(right.ndim for _, right, _ in pairs):
        return (
            "It gives one number, whatever it is given: is there a sum or a mean too many? "
            f"{question.pointer}"
        )
    if all(close(own.T, right, tolerance) for own, right, _ in pairs):
        return "The numbers are right, but the array is transposed."
    if all(
        own.size == right.size and close(own.reshape(right.shape), right, tolerance)
        for own, right, _ in pairs
    ):
        return (
            "The numbers are right and the shape is not: an axis of length 1 is missing or too "
            "many. A sum keeps it with keepdims=True, and .reshape(shape) puts it back."
        )
    for says, factor_of in FACTORS:
        if all(
            (factor := factor_of(arguments)) is not None and close(own, factor * right, tolerance)
            for own, right, arguments in pairs
        ):
            return says
    return ""


FACTORS: tuple[tuple[str, Callable[[dict[str, Any]], float | None]], ...] = (
    ("Every result has the wrong sign, and is right otherwise.", lambda given: -1.0),
    ("Every result is twice what it should be.", lambda given: 2.0),
    ("Every result is half of what it should be.", lambda given: 0.5),
    (
        "Every result is m times what it should be: where is the division by m?",
        lambda given: given.get("m"),
    ),
    (
        "Every result is an m-th of what it should be: is it divided by m twice?",
        lambda given: 1 / given["m"] if "m" in given else None,
    ),
)


# Errors of the learner's file


def about_error(error: BaseException, where: str, when: str) -> tuple[str, str]:
    """What an error says, in words, and what can be done about it."""
    if isinstance(error, SystemExit):
        return (
            f"{where} ends Python {when}.",
            "Give the result back with `return`; there is no need for exit or sys.exit.",
        )
    if isinstance(error, KeyboardInterrupt):
        return f"{where} was interrupted {when}.", ""
    text = " ".join(str(error).split())
    finding = f"{where} raises {type(error).__name__} {when}" + (f": {text}" if text else "")
    if not finding.endswith((".", "?", "!")):
        finding += "."
    for kinds, words, hint in ERRORS:
        if isinstance(error, kinds) and any(word in text for word in words):
            return finding, hint
    return finding, ""


ERRORS: tuple[tuple[Any, tuple[str, ...], str], ...] = (
    (
        (UnboundLocalError, NameError),
        ("",),
        "Python does not know this name there: is it spelled right, and given a value before "
        "this line?",
    ),
    (ImportError, ("",), "The exercises need NumPy and tinygrad_reg alone, as `np` and `tg`."),
    (
        ValueError,
        ("broadcast", "matmul", "reshape", "aligned", "dimension"),
        "Two shapes do not go together. Write the shape of each factor beside the line: the "
        "inner lengths of a product must agree, and a cotangent has the shape of its value.",
    ),
    (
        ValueError,
        ("truth value of an array",),
        "`if`, `and` and max decide once for a whole array. np.where, np.maximum and the like "
        "decide for each entry.",
    ),
    (
        TypeError,
        ("<lambda>() takes",),
        "A local derivative is called with the result and then the argument: lambda y, x: ...",
    ),
    (
        TypeError,
        ("0-dimensional", "size-1 arrays"),
        "The functions of `math` take one number. Those of NumPy take arrays: np.log, np.sign.",
    ),
    (
        TypeError,
        ("unsized object", "0-d array"),
        "An array of any shape may also have no axis at all, shape (): there is no length, and "
        "nothing to loop over. NumPy's own operations work on all shapes.",
    ),
    (
        TypeError,
        ("for ^:", "bitwise_xor"),
        "In Python, ^ is an operation on bits. A power is written with **, as in y**2.",
    ),
    (
        TypeError,
        ("ellipsis",),
        "The three dots stand for what is to be filled in: replace each of them.",
    ),
    (TypeError, ("NoneType",), "Something in this line is None: with what is given here, which?"),
    (
        EOFError,
        ("",),
        "The check has no keyboard: take everything from the arguments, without input().",
    ),
    (RecursionError, ("",), "The function calls itself without coming to an end."),
    (ZeroDivisionError, ("",), "With the numbers given, something that is divided by is 0."),
    (
        IndexError,
        ("too many indices",),
        "The array has fewer axes than are asked for here; an array of any shape may have none "
        "at all, shape ().",
    ),
    (
        IndexError,
        ("",),
        "An index points beyond the end. With the arguments given, count how many entries there "
        "are.",
    ),
    (KeyError, ("",), "A dict has no such key: print its keys in the line before."),
    (
        TypeError,
        ("argument", "callable"),
        "Something is called in another way than it was made for: compare with its signature.",
    ),
    (TypeError, ("",), "Print the type of each part of this line, in the line before."),
    (AttributeError, ("module",), "The module has nothing of this name: is it spelled right?"),
    (
        AttributeError,
        ("",),
        "This thing has no such attribute: print its type in the line before.",
    ),
)
