"""Text with sizes and colours as an HTML-like label of Graphviz, wide enough for every font.

Everything that comes from the user is text to `escaped`, never markup.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from itertools import pairwise
from math import ceil

from tinygrad_reg.drawing.symbols import spelled
from tinygrad_reg.drawing.writing.looks import Theme
from tinygrad_reg.drawing.writing.widths import width_of

__all__ = ["Grid", "Line", "Span", "beside", "between_bars", "escaped", "label"]

GAP = 6  # points between two columns
SLACK = 6  # points, and
SHARE = 0.12  # of a text, that the widest font may take from a box's margin
TABLE = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="{}">'
SPACE = " "
LINE_END = '<BR ALIGN="LEFT"/>'
LARGE, SIZE, SMALL, EDGE_SIZE = 14, 11, 10, 9
SPACE_WIDTH = 0.278 * SIZE
BACKSLASH_WIDTH = 0.36 * SIZE


@dataclass(frozen=True, slots=True)
class Span:
    """Text in one size and one tone; `tone` is a key of `Theme.tones`."""

    text: str
    points: int = SIZE
    bold: bool = False
    tone: str = "ink"

    @property
    def width(self) -> float:
        """The width in points."""
        return width_of(spelled(self.text), self.points, self.bold)


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of texts in columns."""

    rows: list[list[Span]]


Line = list[Span] | Grid  # texts after each other, or a grid in place of a line


def label(lines: list[Line], theme: Theme, padding: int = 0) -> str:
    """Lines under each other, aligned left."""
    cells: list[str] = []
    texts: list[list[Span]] = []
    for line in [*lines, None]:
        if isinstance(line, list):
            texts.append(line)
            continue
        if texts:
            cells.append(text_cell(texts, theme))
            texts = []
        if line is not None:
            cells.append(f'<TD ALIGN="LEFT">{grid(line, theme)}</TD>')
    rows = "".join(f"<TR>{each}</TR>" for each in cells)
    return f"<{TABLE.format(padding)}{rows}</TABLE>>"


def between_bars(words: str, colour: str) -> str:
    """A label between two bars, like the matrix in ‖W‖; at least as large as other boxes."""
    left, right = (
        f'<TD BORDER="2" SIDES="{side}" COLOR="{colour}" WIDTH="9"></TD>' for side in "LR"
    )
    middle = f'<TD ALIGN="LEFT" CELLPADDING="3" WIDTH="18" HEIGHT="28">{words[1:-1]}</TD>'
    return f"<{TABLE.format(0)}<TR>{left}{middle}{right}</TR></TABLE>>"


def text_cell(lines: list[list[Span]], theme: Theme) -> str:
    """Lines in a cell that is wide enough for them in any font, but for some of the margin."""
    # Graphviz takes bold for regular, some signs for wider than they are, and every font for Arial.
    # Lines start at the left, where such errors do not show, and have room at the right.
    words, widest = "", 0.0
    for line in lines:
        words += written(line[0], theme)
        width = line[0].width
        for before, span in pairwise(line):
            spaces = spaces_after(before)
            words += SPACE * spaces + written(span, theme, always=True)
            doubled = spelled(before.text).count("\\")
            width += spaces * SPACE_WIDTH + doubled * BACKSLASH_WIDTH + span.width
        words += LINE_END
        widest = max(widest, width)
    return cell(words, widest - min(SLACK, SHARE * widest), "TEXT")


def spaces_after(span: Span) -> int:
    """How many spaces keep text clear of what follows on the line, where Graphviz puts that."""
    excess = 0.34 if span.bold else 0.22  # of its width, by which the widest font exceeds Arial
    return ceil((excess * span.width + 2) / SPACE_WIDTH)


def grid(block: Grid, theme: Theme) -> str:
    """Texts in columns as a table."""
    widths = [max(span.width for span in column) + GAP for column in zip(*block.rows, strict=True)]
    widths[-1] -= GAP
    rows = (
        "".join(cell(written(x, theme), width) for x, width in zip(row, widths, strict=True))
        for row in block.rows
    )
    return f"{TABLE.format(0)}{''.join(f'<TR>{row}</TR>' for row in rows)}</TABLE>"


def cell(words: str, width: float, align: str = "LEFT") -> str:
    """Text in a cell of at least a width."""
    return f'<TD ALIGN="{align}" WIDTH="{max(1, round(width))}">{words}</TD>'


def written(span: Span, theme: Theme, always: bool = False) -> str:
    """Text in its size and colour; `always` sets these apart from those of what stands before."""
    words = escaped(span.text)
    if span.bold:
        words = f"<B>{words}</B>"
    attributes = f' POINT-SIZE="{span.points}"' if span.points != SIZE else ""
    if span.tone != "ink" or (always and not attributes):
        attributes += f' COLOR="{theme.tones[span.tone]}"'
    return f"<FONT{attributes}>{words}</FONT>" if attributes else words


def escaped(text: str) -> str:
    """Text that stands for itself in an HTML-like label."""
    # Graphviz puts the node's id for \N even here, unless the backslash is doubled.
    return escape(spelled(text)).replace("\\", "\\\\") or " "


def beside(text: str) -> str:
    """Text at an edge: a letter or a digit as it is, else with some room around it."""
    if len(text) == 1 and text.isalnum():
        return text
    width = round(width_of(spelled(text), EDGE_SIZE))
    return f'<{TABLE.format(2)}<TR><TD WIDTH="{width}">{escaped(text)}</TD></TR></TABLE>>'
