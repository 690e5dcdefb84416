"""The tour, the package's main job: the regularization lesson on real data, with its report."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import sklearn
from rich.console import Console

import tinygrad_reg as tg
from tinygrad_reg.tour import (
    choosing_lambd,
    cost,
    folder,
    l1_against_l2,
    not_the_bias,
    read_the_program,
    report,
    see_the_graph,
    terminal,
    weight_decay,
)
from tinygrad_reg.tour.blocks import Section
from tinygrad_reg.tour.choosing_lambd import ChoosingLambd
from tinygrad_reg.tour.cost import Cost
from tinygrad_reg.tour.folder import FolderError
from tinygrad_reg.tour.l1_against_l2 import L1AgainstL2
from tinygrad_reg.tour.not_the_bias import NotTheBias
from tinygrad_reg.tour.read_the_program import ReadTheProgram
from tinygrad_reg.tour.see_the_graph import SeeTheGraph
from tinygrad_reg.tour.settings import Settings, Track
from tinygrad_reg.tour.weight_decay import WeightDecay

__all__ = ["FolderError", "Settings", "Tour", "run"]

PARTS: dict[str, Any] = {
    "see_the_graph": see_the_graph,
    "weight_decay": weight_decay,
    "choosing_lambd": choosing_lambd,
    "l1_against_l2": l1_against_l2,
    "not_the_bias": not_the_bias,
    "read_the_program": read_the_program,
}

INTRODUCTION = (
    "Seven short experiments on real data show what the lesson on regularization says: what the "
    "penalty is, what it does to the gradient and to the weights, and how to choose its strength. "
    "Letters are the lesson's: X is `(n_x, m)` with examples as columns, W of layer l is "
    "`(n_l, n_{l-1})`, b is its bias, α the learning rate, λ the strength of the penalty (`lambd` "
    "in code). Every gradient on this page was computed by tinygrad_reg."
)


@dataclass(frozen=True)
class Tour:
    """Everything that a tour measured, and where its page is."""

    page: Path
    see_the_graph: SeeTheGraph
    weight_decay: WeightDecay
    choosing_lambd: ChoosingLambd
    l1_against_l2: L1AgainstL2
    not_the_bias: NotTheBias
    read_the_program: ReadTheProgram
    cost: Cost

    @property
    def misses(self) -> list[str]:
        """What missed its limit; empty if all is well."""
        checks = (
            ("relative error of a gradient", self.see_the_graph.largest_error, see_the_graph.LIMIT),
            (
                "difference between the two ways of training",
                self.weight_decay.largest_difference,
                weight_decay.LIMIT,
            ),
            (
                "difference between the program's gradient and the engine's",
                self.read_the_program.difference,
                read_the_program.LIMIT,
            ),
        )
        return [
            f"the largest {what} is {value:.1e}, above its limit {limit:.0e}"
            for what, value, limit in checks
            if not value <= limit
        ]


def run(out: Path, settings: Settings, console: Console) -> Tour:
    """Measure all parts, print them, and write `out/index.html`.

    Parameters
    ----------
    out : Path
        Folder of the report; made if it is not there.
    settings : Settings
        Seed, and whether to be quick.
    console : rich.console.Console
        Where to print.

    Returns
    -------
    Tour
        The measured numbers. Timings apart, they depend on the seed and on `quick` only.

    Raises
    ------
    FolderError
        If `out` is not for the tour to write to. Checked before anything is measured.
    """
    folder.prepare(out)
    console.print(f"[bold]The regularization lesson on real data[/] ({facts(settings)})")
    sections: list[Section] = []
    measured: dict[str, Any] = {}
    parts: list[tuple[str, float]] = []
    for name, part in PARTS.items():
        begin = time.perf_counter()
        measured[name], section = take(part.measure, part.section, settings, console)
        sections.append(section)
        parts.append((section.title, time.perf_counter() - begin))

    def measure_cost(settings: Settings, track: Track) -> Cost:
        return cost.measure(settings, track, parts)

    measured["cost"], section = take(measure_cost, cost.section, settings, console)
    sections.append(section)
    title = "Regularization, seen and measured"
    index = out / "index.html"
    folder.write(index, report.page(title, INTRODUCTION, facts(settings), sections))
    return Tour(page=index, **measured)


def take(
    measure: Callable[..., Any],
    section: Callable[[Any], Section],
    settings: Settings,
    console: Console,
) -> tuple[Any, Section]:
    """One part: measure it behind a progress bar, then print what it says."""
    with terminal.progress_bars(console) as track:
        measured = measure(settings, track)
        told = section(measured)
    terminal.show(told, console)
    return measured, told


def facts(settings: Settings) -> str:
    """What somebody needs to see the same numbers again."""
    return (
        f"seed {settings.seed}, {'quick' if settings.quick else 'full'} tour, "
        f"tinygrad_reg {tg.__version__}, NumPy {np.__version__}, scikit-learn "
        f"{sklearn.__version__}, matplotlib {matplotlib.__version__}, Python "
        f"{platform.python_version()}"
    )
