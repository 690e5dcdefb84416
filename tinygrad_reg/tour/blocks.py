"""What the tour says, before it is printed or put on a page: sections made of blocks.

The terminal and the page show the same sections, so that nothing is stated twice. In texts,
`backticks` mark code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = [
    "Block",
    "Embedded",
    "Figure",
    "Finding",
    "Formula",
    "Listing",
    "Prose",
    "Section",
    "Table",
]


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

    `left` says which columns hold words; the others hold numbers. A `folded` table is opened by a
    click on the page and left out in the terminal. `marked` is the row to point out. The cells of a
    `code` table are Python.
    """

    caption: str
    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: Sequence[int] = (0,)
    folded: bool = False
    marked: int | None = None
    code: bool = False


@dataclass(frozen=True)
class Figure:
    """A picture as SVG text, with its caption and a description for those who cannot see it.

    On narrow screens it shrinks to `smallest` (times the height of letters) and then scrolls.
    """

    svg: str
    caption: str
    description: str
    smallest: int = 26


@dataclass(frozen=True)
class Embedded:
    """A page inside of the page, complete in itself, with its caption and what it is called."""

    html: str
    caption: str
    title: str


@dataclass(frozen=True)
class Listing:
    """A Python module. A `folded` one is opened by a click, and left out in the terminal."""

    caption: str
    source: str
    folded: bool = True


Block = Prose | Finding | Formula | Table | Figure | Embedded | Listing


@dataclass(frozen=True)
class Section:
    """One part of the tour."""

    anchor: str
    title: str
    blocks: Sequence[Block] = field(default_factory=tuple)
