"""What the tour says, before it is printed or put on a page: sections made of blocks.

The terminal and the page show the same sections, so that nothing is stated twice. In texts,
`backticks` mark code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["Block", "Figure", "Finding", "Formula", "Prose", "Section", "Table"]


@dataclass(frozen=True)
class Prose:
    """A paragraph of explanation, for the page only."""

    text: str


@dataclass(frozen=True)
class Finding:
    """What was measured, in a sentence or two: for the page and the terminal."""

    text: str


@dataclass(frozen=True)
class Formula:
    """A formula of the lesson, as MathML and as text."""

    mathml: str
    text: str


@dataclass(frozen=True)
class Table:
    """Rows of texts under headers.

    `left` is the number of first columns that hold words; the others hold numbers. A `folded`
    table is opened by a click on the page and left out in the terminal. `marked` is the row to
    point out.
    """

    caption: str
    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: Sequence[int] = (0,)
    folded: bool = False
    marked: int | None = None


@dataclass(frozen=True)
class Figure:
    """A picture as SVG text, with its caption and a description for those who cannot see it.

    On narrow screens it shrinks to `smallest` (times the height of letters) and then scrolls.
    """

    svg: str
    caption: str
    description: str
    smallest: int = 26


Block = Prose | Finding | Formula | Table | Figure


@dataclass(frozen=True)
class Section:
    """One part of the tour."""

    anchor: str
    title: str
    blocks: Sequence[Block] = field(default_factory=tuple)
