"""Numbers, and functions that are known by name alone, as expressions."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_reg.drawing.mathematics.expressions import Combination, Expression, Letter, Number
from tinygrad_reg.drawing.mathematics.writing import constant_digits

__all__ = [
    "Filled",
    "UntranslatableError",
    "applied",
    "has_expression",
    "index_text",
    "indexed",
    "lifted",
    "option",
]


class UntranslatableError(Exception):
    """A rule that is not understood as mathematics."""


def has_expression(x: Any) -> bool:
    """Whether there is an expression in nested containers."""
    if isinstance(x, Number | Letter | Combination):
        return True
    if isinstance(x, Mapping):
        return any(map(has_expression, x.values()))
    return isinstance(x, tuple | list) and any(map(has_expression, x))


def lifted(x: Any) -> Expression:
    """A number as an expression, and expressions as they are."""
    if isinstance(x, Number | Letter | Combination):
        return x
    if isinstance(x, bool | np.bool_):
        return Number(int(x))
    if isinstance(x, int | float | np.number) or (isinstance(x, np.ndarray) and x.ndim == 0):
        return Number(getattr(x, "item", lambda: x)())
    raise UntranslatableError(f"no mathematics for {type(x).__name__}")


@dataclass(frozen=True)
class Filled:
    """A function with everything given but the parts of an expression."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    places: tuple[int, ...]
    kwargs: Mapping[str, Any]

    def __call__(self, *parts: Any) -> Any:
        """Call it with the parts in their places."""
        args = list(self.args)
        for place, part in zip(self.places, parts, strict=True):
            args[place] = part
        return self.function(*args, **self.kwargs)


def applied(kind: str, function: Any, args: Any, kwargs: Mapping[str, Any]) -> Expression:
    """A function of some expressions, by its name."""
    if has_expression(kwargs) or any(
        has_expression(x) for x in args if isinstance(x, tuple | list)
    ):
        raise UntranslatableError("expressions inside of options")
    name = getattr(function, "__name__", "")
    if not name.isidentifier():
        raise UntranslatableError("a function without a name")
    last = max([i for i, x in enumerate(args) if has_expression(x)])
    places = tuple(range(len(args) if kind == "function" else last + 1))
    options = [option(x) for x in args[len(places) :] if x is not None]
    options += [f"{key}={option(x)}" for key, x in kwargs.items() if x is not None]
    parts = tuple([lifted(args[place]) for place in places])
    filled = Filled(function, tuple(args), places, kwargs)
    shown = SHORT.get(name, name.strip("_"))
    return Combination(kind, parts, shown, ", ".join(options), filled)


SHORT = {"expit": "σ", "psi": "ψ"}


def option(x: Any) -> str:
    """An argument that is no expression, as it is written in Python, but short."""
    if isinstance(x, slice):
        parts = ["" if part is None else str(part) for part in (x.start, x.stop)]
        return ":".join(parts if x.step is None else [*parts, str(x.step)])
    if isinstance(x, tuple):
        return f"({', '.join(map(option, x))}{',' * (len(x) == 1)})"
    if x is Ellipsis:
        return "…"
    if isinstance(x, np.ndarray) and x.ndim:
        return f"array {x.shape}"
    is_float = isinstance(x, float | np.floating)
    text = constant_digits(x).replace("−", "-") if is_float else str(x)
    return text if len(text) <= 24 else text[:23] + "…"


def index_text(index: Any) -> str:
    """An index as it is written between brackets, with them."""
    parts = index if isinstance(index, tuple) else (index,)
    return f"[{', '.join(map(option, parts))}]"


def indexed(a: Expression, index: Any) -> Expression:
    """Entries of an array; new axes of a single number go without saying."""
    parts = index if isinstance(index, tuple) else (index,)
    if isinstance(a, Letter) and not a.shape and all(x is None or x is Ellipsis for x in parts):
        return a
    meaning = Filled(operator.getitem, (None, index), (0,), {})
    return Combination("index", (a,), index_text(index), "", meaning)
