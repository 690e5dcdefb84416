"""How many arguments an operation has, and whether it was given rules for them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from inspect import Parameter, signature
from math import inf
from typing import Any

import numpy as np

from tinygrad_reg.tensor import Rule

Operation = Callable[..., Any]


@cache
def parameters_of(op: Operation) -> list[str]:
    """The names of the arguments that can be given by position, as far as Python knows them."""
    try:
        parameters = signature(op).parameters.values()
    except ValueError:
        return []
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def most_arguments(op: Operation) -> float:
    """How many arguments an operation takes by position, as far as Python knows."""
    if isinstance(op, np.ufunc):
        return op.nin
    try:
        kinds = [p.kind for p in signature(op).parameters.values()]
    except ValueError:
        return inf
    return inf if Parameter.VAR_POSITIONAL in kinds else max(len(parameters_of(op)), 1)


def check_arity(op: Operation, rule: Rule) -> None:
    """Raise if the number of rules cannot be right."""
    if not callable(op):
        raise TypeError(f"the operation is {op!r}: expected a function of arrays")
    given = len(rule.entries)
    if not isinstance(rule.entries, tuple):  # one for each of any number of arguments
        return
    least, most = 1, most_arguments(op)
    if isinstance(op, np.ufunc):
        least = op.nin
    if not least <= given <= most:
        expected = f"{least}" if least == most else f"{least} to {most}"
        raise TypeError(
            f"{name_of(op)} was given {given} rules: expected {expected}, one for each argument "
            "that has a derivative"
        )
    for i, entry in enumerate(rule.entries):
        if not (callable(entry) or entry is None or isinstance(entry, int)):
            raise TypeError(
                f"{name_of(op)} was given {entry!r} as its rule for argument {i}: expected a "
                "function, an int for a constant derivative, or None"
            )


def name_of(op: Operation) -> str:
    """What an operation is called in messages."""
    return getattr(op, "__name__", repr(op))
