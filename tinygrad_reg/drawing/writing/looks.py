"""How pictures look: themes, and in each the colours of roles, text and frames.

Colours are from Okabe and Ito's palette, which colour-blind people can tell apart. Shape and border
tell the roles apart as well, for prints in grey.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FONT", "FONTS", "ROLES", "SHAPES", "THEMES", "Theme", "theme_called"]

FONT = "Arial"  # of the fonts that stand in for each other, the one whose widths Graphviz knows
FONTS = "Arial,Helvetica,Liberation Sans,sans-serif"

# The shape and the border of each role; the colours are the theme's.
ROUNDED = {"style": "rounded,filled"}
SHAPES: dict[str, dict[str, str]] = {
    "parameter": {"penwidth": "2"},
    "data": {"shape": "note"},
    "operation": ROUNDED,
    "forward": ROUNDED,
    "update": ROUNDED,
    "backward": ROUNDED | {"penwidth": "1.6"},
    "tangent": {"style": "rounded,filled,dashed"},
    # Between two bars, which `markup.between_bars` draws: no room but theirs.
    "penalty": {"margin": "0.05,0", "width": "0", "height": "0", "penwidth": "1.6"},
    "output": ROUNDED | {"peripheries": "2"},
    "group": {"shape": "folder", "penwidth": "2"},
}
ROLES = tuple(SHAPES)


@dataclass(frozen=True)
class Theme:
    """The colours of a picture.

    Attributes
    ----------
    canvas : str
        Behind everything; empty leaves the page as it is.
    fills, lines : dict
        Of each role, inside and at the border.
    tones : dict
        Of text: "ink", "quiet" for what matters less, "gradient", "penalty", "alarm" for NaN.
    frame, panel : str
        Border and inside of groups.
    penalty_panel : str
        Inside of a penalty's group; its border has the penalty's colour.
    edge, edge_text : str
        Of arrows, and of what is written at them.
    """

    canvas: str
    fills: dict[str, str]
    lines: dict[str, str]
    tones: dict[str, str]
    frame: str
    panel: str
    penalty_panel: str
    edge: str
    edge_text: str


def each_role(
    parameter: str, data: str, plain: str, backward: str, tangent: str, penalty: str, output: str,
    group: str,
) -> dict[str, str]:  # fmt: skip
    """A colour for each role; operations are plain in whatever part of a program they stand."""
    plains = dict.fromkeys(("operation", "forward", "update"), plain)
    return plains | {
        "parameter": parameter, "data": data, "backward": backward, "tangent": tangent,
        "penalty": penalty, "output": output, "group": group,
    }  # fmt: skip


THEMES = {
    "light": Theme(
        canvas="#ffffff",
        fills=each_role(
            "#cfe5f5", "#d3efe4", "#f4f4f4", "#f3dfeb", "#e4f2fb", "#fbdcc8", "#fdf0b5", "#e6e6f0"
        ),
        lines=each_role(
            "#0072b2", "#00795a", "#666666", "#a0467c", "#2f7ea6", "#c25400", "#8a6d00", "#54546e"
        ),
        tones={
            "ink": "#1a1a1a", "quiet": "#555555", "gradient": "#84245f", "penalty": "#964000",
            "alarm": "#b00020",
        },
        frame="#c4c4c4",
        panel="#fafafa",
        penalty_panel="#fff4ec",
        edge="#707070",
        edge_text="#555555",
    ),
    "dark": Theme(
        canvas="#14171c",
        fills=each_role(
            "#10384f", "#0c3b2f", "#2a2f37", "#43243a", "#16323f", "#4a2a12", "#403812", "#2b2e47"
        ),
        lines=each_role(
            "#56b4e9", "#2fc39a", "#99a2ad", "#e08abd", "#7cc7ea", "#f08a3c", "#f0e442", "#b3b8e6"
        ),
        tones={
            "ink": "#f2f2f2", "quiet": "#bcc3cc", "gradient": "#f3aed6", "penalty": "#ffb27d",
            "alarm": "#ff9d90",
        },
        frame="#4b535e",
        panel="#1a1e24",
        penalty_panel="#2a1c11",
        edge="#99a2ad",
        edge_text="#bcc3cc",
    ),
}  # fmt: skip


def theme_called(name: str) -> Theme:
    """The theme with a name.

    Raises
    ------
    ValueError
        If there is none.

    Examples
    --------
    >>> theme_called("dark").canvas
    '#14171c'
    """
    if name not in THEMES:
        raise ValueError(
            f"theme={name!r} was given: expected one of {', '.join(map(repr, THEMES))}"
        )
    return THEMES[name]
