"""What is said of an array: small ones in full, larger ones in a few numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_reg.drawing.symbols import number
from tinygrad_reg.drawing.writing.markup import SMALL, Grid, Line, Span

__all__ = ["number_lines"]

MOST_ENTRIES = 6  # of a list that is shown in full
MOST_ROWS, MOST_COLUMNS = 3, 4  # of a matrix that is
EXPLODING = 1e6  # a gradient with a norm above this is no gradient to step along


def number_lines(value: Any, gradient: Any) -> list[Line]:
    """What is said of a value and of the gradient with respect to it; None says nothing of it."""
    above = [] if value is None else value_lines(value)
    below = [] if gradient is None else gradient_lines(gradient)
    if above and below and isinstance(above[0], Grid) and isinstance(below[0], Grid):
        indented = [[Span("", SMALL), *row] for row in above[0].rows]
        return [Grid(indented + below[0].rows)]
    return [*above, *below]


def value_lines(value: Any) -> list[Line]:
    """The entries of a value, or a summary; nothing of a single number, which is at the name."""
    if value.size == 0 or value.ndim == 0 or value.dtype.kind not in "fiub":
        return []
    if is_small(value):
        return as_lines(entries(value, "ink"))
    return alarms(value) or summary(value, "quiet")


def gradient_lines(gradient: Any) -> list[Line]:
    """The gradient of what is drawn with respect to a value: `∂ = …`, or its norm and a summary."""
    if gradient.size == 0:
        return []
    tone = "alarm" if is_alarming(gradient) else "gradient"
    if gradient.size == 1:
        return [[Span(f"∂ = {number(gradient.item())}", tone=tone)]]
    if is_small(gradient):
        first, *rest = entries(gradient, tone)
        return [
            Grid([[Span("∂ =", SMALL, tone=tone), *first], *([Span(""), *row] for row in rest)])
        ]
    norm = [Span(f"‖∂‖ = {number(norm_of(gradient))}", tone=tone)]
    return [norm, *(alarms(gradient) or summary(gradient, tone))]


def as_lines(rows: list[list[Span]]) -> list[Line]:
    """Rows of entries as a grid; a single entry is a line."""
    return [rows[0]] if len(rows) == len(rows[0]) == 1 else [Grid(rows)]


def is_small(array: Any) -> bool:
    """Whether an array is shown in full: a short list, a small matrix."""
    if array.ndim == 2:
        return bool(array.shape[0] <= MOST_ROWS and array.shape[1] <= MOST_COLUMNS)
    return bool(array.ndim < 2 and array.size <= MOST_ENTRIES)


def entries(array: Any, tone: str) -> list[list[Span]]:
    """Every entry of a list or a matrix, NaN and infinity in red."""
    return [[entry(x, tone) for x in row] for row in np.atleast_2d(array).tolist()]


def entry(x: Any, tone: str) -> Span:
    """A single entry."""
    if isinstance(x, bool):
        return Span(str(x), SMALL, tone=tone)
    return Span(number(x), SMALL, tone=tone if np.isfinite(x) else "alarm")


def summary(array: Any, tone: str) -> list[Line]:
    """Smallest, largest, mean, and the share of zeros."""
    if array.dtype.kind == "b":
        return [[Span(f"{share(float(array.mean()))} True", SMALL, tone=tone)]]
    low, high = number(array.min()), number(array.max())
    if low == high:
        return [[Span(f"all {low}", SMALL, tone=tone)]]
    zeros = float((array == 0).mean())
    middle = f"mean {number(mean_of(array))}" + (f", {share(zeros)} zeros" if zeros else "")
    return [[Span(f"{low} … {high}", SMALL, tone=tone)], [Span(middle, SMALL, tone=tone)]]


def alarms(array: Any) -> list[Line]:
    """How many entries are NaN or infinite, in red, and a summary of the others; else nothing."""
    if array.dtype.kind != "f":
        return []
    counts = {
        "NaN": int(np.isnan(array).sum()),
        "∞": int((array == np.inf).sum()),
        "−∞": int((array == -np.inf).sum()),
    }
    said = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    if not said:
        return []
    found = [Span(f"{said} of {array.size}", tone="alarm", bold=True)]
    finite = array[np.isfinite(array)]
    return [found, *(summary(finite, "quiet") if finite.size else [])]


def is_alarming(gradient: Any) -> bool:
    """Whether a gradient has exploded, or holds NaN or infinity."""
    return not norm_of(gradient) <= EXPLODING


def norm_of(array: Any) -> float:
    """The Euclidean norm of all entries, also where squares would overflow."""
    array = np.abs(np.ravel(array).astype(np.float64))
    largest = float(array.max())
    if not 0 < largest < np.inf:
        return largest
    return largest * float(np.linalg.norm(array / largest))


def mean_of(array: Any) -> float:
    """The mean of finite entries, also where their sum would overflow."""
    largest = float(np.abs(array).max()) or 1.0
    return float((array / largest).mean()) * largest


def share(fraction: float) -> str:
    """A share in percent, never rounded to all or to none."""
    if 0 < fraction < 0.005:
        return "<1 %"
    if 0.995 <= fraction < 1:
        return ">99 %"
    return f"{fraction:.0%}".replace("%", " %")
