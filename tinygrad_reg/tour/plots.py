"""Plots in one style, as SVG text that a page can hold."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

import matplotlib
from cycler import cycler
from matplotlib.figure import Figure as Canvas

__all__ = ["COLOURS", "lambda_axis", "plot"]

# Okabe and Ito's palette, which colour-blind readers can tell apart, without its yellow.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#444444")

STYLE: Any = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#666666",
    "axes.grid": True,
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 11,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "font.size": 10.5,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "svg.fonttype": "path",
    "svg.hashsalt": "tinygrad_reg",
}


def plot(
    draw: Callable[..., None], *, columns: int = 1, height: float = 3.3, share_y: bool = False
) -> str:
    """The SVG of a plot.

    Parameters
    ----------
    draw : callable
        Takes one matplotlib Axes for each column and draws on them.
    columns : int
        How many Axes, side by side.
    height : float
        In inches; the width is 6.4.
    share_y : bool
        Whether the columns have one vertical axis.
    """
    with matplotlib.rc_context(STYLE):
        canvas = Canvas(figsize=(6.4, height))
        axes = canvas.subplots(1, columns, squeeze=False, sharey=share_y)[0]
        draw(*axes)
        file = StringIO()
        canvas.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    text = file.getvalue()
    return text[text.index("<svg") :]


def lambda_axis(axes: Any, lambds: Any) -> None:
    """A horizontal axis of λ: 0 first, then powers of ten.

    Call it after drawing, with every λ that was drawn.
    """
    smallest = min(lambd for lambd in lambds if lambd > 0)
    if 0 in lambds:
        axes.set_xscale("symlog", linthresh=smallest, linscale=0.7)
        axes.set_xlim(-0.2 * smallest, 1.5 * max(lambds))
    else:
        axes.set_xscale("log")
    axes.set_xticks(lambds, [f"{lambd:g}" for lambd in lambds])
    axes.minorticks_off()
    axes.set_xlabel("λ")
