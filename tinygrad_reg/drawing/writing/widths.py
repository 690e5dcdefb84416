"""How wide text is, without a browser or a font at hand: never less than what will be seen.

A picture is made here and seen elsewhere, where Arial, Helvetica, Liberation Sans or DejaVu Sans
stands in for the font that is asked for. Each width is that of the widest of them.
"""

from __future__ import annotations

from functools import lru_cache
from unicodedata import combining, decomposition, east_asian_width

__all__ = ["width_of"]

FIRST = ord(" ")

# Of the printable ASCII characters in their order, in hundredths of the font's size.
REGULAR = (
    32, 41, 46, 84, 64, 96, 78, 28, 40, 40, 50, 84, 32, 37, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 34, 34, 84, 84, 84, 56, 102, 69, 69, 73, 78, 67, 62, 78, 76, 30, 50, 67, 56, 87, 75,
    79, 67, 79, 73, 67, 62, 74, 69, 99, 69, 67, 69, 40, 34, 40, 84, 56, 50, 62, 64, 55, 64, 62, 36,
    64, 64, 28, 28, 58, 28, 98, 64, 62, 64, 64, 42, 53, 40, 64, 60, 82, 60, 60, 53, 64, 34, 64, 84,
)  # fmt: skip
BOLD = (
    35, 46, 53, 84, 70, 101, 88, 31, 46, 46, 53, 84, 38, 42, 38, 37, 70, 70, 70, 70, 70, 70, 70,
    70, 70, 70, 40, 40, 84, 84, 84, 62, 100, 78, 77, 74, 84, 69, 69, 83, 84, 38, 56, 78, 64, 100,
    84, 86, 74, 86, 78, 73, 69, 82, 78, 111, 78, 73, 73, 46, 37, 46, 84, 56, 50, 68, 72, 60, 72,
    68, 44, 72, 72, 35, 35, 67, 35, 105, 72, 69, 72, 72, 50, 60, 48, 72, 66, 93, 65, 66, 59, 72,
    37, 72, 84,
)  # fmt: skip

# Of signs that pictures are full of.
SIGNS = {
    sign: width
    for width, signs in {
        44: "·′¹²³⁰⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉ᵀ⟨⟩ₙⁿ‹›’‘",
        56: "‖–‑¯°₊₋⁺⁻",
        69: "λ∂√∛∇“”«»",
        88: "−×÷±≤≥≠≈∈∉⊙",
        100: "…—→←↔",
    }.items()
    for sign in signs
}

# Of the other scripts: the first and the last code point, the width of the widest letters.
SCRIPTS = (
    (0x00A1, 0x00FF, 102),
    (0x0100, 0x024F, 142),
    (0x0250, 0x02FF, 110),
    (0x0370, 0x03FF, 94),
    (0x1F00, 0x1FFF, 111),
    (0x2070, 0x209F, 67),
    (0x2200, 0x22D7, 107),
)
OTHER = 145  # Cyrillic and Arabic have a few letters as wide as this
EMOJI = 160


def width_of(text: str, points: float, bold: bool = False) -> float:
    """The width of text in a sans-serif font of a size, in points.

    Examples
    --------
    >>> width_of("loss", 10) < width_of("loss", 10, bold=True) < width_of("losses", 10)
    True
    >>> round(width_of("10", 10), 2)
    12.8
    """
    return sum(hundredths(character, bold) for character in text) * points / 100


@lru_cache(maxsize=4096)
def hundredths(character: str, bold: bool) -> int:
    """The width of a character in hundredths of the font's size."""
    code = ord(character)
    if FIRST <= code < FIRST + len(REGULAR):
        return (BOLD if bold else REGULAR)[code - FIRST]
    if character in SIGNS:
        return SIGNS[character] + 3 * bold
    if character == "\N{NO-BREAK SPACE}":
        return hundredths(" ", bold)
    letter, *marks = decomposition(character).split() or [""]
    is_latin = code < 0x0250 or 0x1E00 <= code < 0x1F00
    if is_latin and len(marks) == 1 and combining(chr(int(marks[0], 16))):
        return hundredths(chr(int(letter, 16)), bold) + 13
    if code >= 0x1F000 or east_asian_width(character) in "WF":
        return EMOJI if code >= 0x1F000 else 105
    for first, last, width in SCRIPTS:
        if first <= code <= last:
            return width + 15 * bold
    return OTHER
