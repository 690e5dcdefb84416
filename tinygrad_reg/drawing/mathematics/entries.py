"""The entry of a node's rule for one of its arguments, as an expression."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any

import numpy as np

from tinygrad_reg.derivatives.reductions import of_numbers
from tinygrad_reg.drawing.mathematics import expressions as make
from tinygrad_reg.drawing.mathematics.expressions import (
    COTANGENT,
    RESULT,
    Combination,
    Expression,
    Letter,
    Number,
)
from tinygrad_reg.drawing.mathematics.lifting import UntranslatableError, lifted
from tinygrad_reg.drawing.mathematics.reading import read_call
from tinygrad_reg.drawing.mathematics.vocabulary import VOCABULARY
from tinygrad_reg.drawing.symbols import PENALTY_LETTERS
from tinygrad_reg.tensor import Tensor

__all__ = ["expression_of", "ignores_nan", "kept_shape"]


def expression_of(node: Tensor, position: int) -> Expression | None:
    """The local derivative, or the cotangent of an argument, as an expression; None if unknown."""
    rule = node.rule
    assert rule is not None
    said = rule.entries[position]
    if isinstance(said, int):
        return Number(said)
    if ignores_nan(said):
        said = said.__wrapped__
    arity = rule.arity
    letters = len(PENALTY_LETTERS.get(rule, ()))
    args = tuple([argument(i, x, i < letters) if i < arity else x for i, x in enumerate(node.args)])
    y = Letter(RESULT, kept_shape(node))
    options = tuple(node.kwargs.items())
    try:
        hash((said, args, options))
    except TypeError:
        return read_entry(said, rule.is_local, y, args, options)
    return read_once(said, rule.is_local, y, args, options)


def ignores_nan(said: Any) -> bool:
    """Whether an entry is another one with a mask that leaves out NaNs."""
    return getattr(said, "__code__", None) in of_numbers.__code__.co_consts


def argument(i: int, x: Any, is_letter: bool) -> Any:
    """An argument as a letter, or as the number that it is."""
    if type(x) is Tensor or is_letter:
        return Letter(str(i), np.shape(x.value if type(x) is Tensor else x))
    if isinstance(x, np.ndarray | np.generic) and not x.shape and x.dtype.kind in "fiu":
        return x.item()
    return Letter(str(i), x.shape) if isinstance(x, np.ndarray) else x


def read_entry(
    said: Any, is_local: bool, y: Letter, args: tuple[Any, ...], options: tuple[Any, ...]
) -> Expression | None:
    """An entry of the table with letters for its arguments."""
    given = (y, *args) if is_local else (Letter(COTANGENT, y.shape), y, *args)
    try:
        known = VOCABULARY.get(said)
        made = (known or partial(read_call_of, said))(*given, **dict(options))
        return make.as_number(lifted(made))
    except (UntranslatableError, TypeError, ValueError, AttributeError, RecursionError):
        return None


def read_call_of(said: Any, *args: Any, **kwargs: Any) -> Any:
    """What an entry gives, read from its source and in no other way."""
    found = read_call(said, args, kwargs)
    if isinstance(found, Combination) and found.kind == "map" and found.text == said.__name__:
        raise UntranslatableError("the entry itself")
    return found


read_once = lru_cache(maxsize=4096, typed=True)(read_entry)


def kept_shape(node: Tensor) -> tuple[int, ...]:
    """The shape of the result as the rule sees it: with reduced axes at length 1."""
    assert node.rule is not None
    if not node.rule.keeps_axes:
        return node.shape
    x = node.args[0]
    axis = node.kwargs.get("axis")
    if len(node.shape) == len(x.shape):
        return node.shape
    axes = range(len(x.shape)) if axis is None else np.atleast_1d(axis) % len(x.shape)
    return tuple([1 if i in axes else n for i, n in enumerate(x.shape)])
