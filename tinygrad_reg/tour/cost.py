"""Part 7: how long the tour took, and what the penalty costs in the gradient's time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import tinygrad_reg as tg
from tinygrad_reg.tour.blocks import Finding, Prose, Section, Table
from tinygrad_reg.tour.data import breast_cancer, digits
from tinygrad_reg.tour.models import logistic_cost, network_cost
from tinygrad_reg.tour.settings import Settings, Track
from tinygrad_reg.training import initial_parameters

__all__ = ["Cost", "Timing", "measure", "section"]

CALLS = 5
SIZES = (64, 32, 10)
LARGE_SIZES = (64, 256, 128, 10)


@dataclass(frozen=True)
class Timing:
    """Seconds for one cost and its gradient, without and with the L2 penalty."""

    model: str
    without: float
    with_penalty: float

    @property
    def share(self) -> float:
        """The part of the whole that the penalty takes; noise can make it negative."""
        return 1 - self.without / self.with_penalty


@dataclass(frozen=True)
class Cost:
    """What part 7 measured; `parts` holds the other parts' titles and seconds."""

    parts: tuple[tuple[str, float], ...]
    timings: tuple[Timing, ...]

    @property
    def total(self) -> float:
        """Seconds of all parts before this one."""
        return sum(seconds for _, seconds in self.parts)


def measure(settings: Settings, track: Track, parts: Sequence[tuple[str, float]]) -> Cost:
    """Time the gradients of the tour's models without and with their penalty."""
    repeats = settings.steps(full=30, quick=12)
    timings = tuple(
        timing(name, cost, start, repeats)
        for name, cost, start in track(models(settings), "timing the penalty")
    )
    return Cost(tuple(parts), timings)


def models(settings: Settings) -> list[tuple[str, Callable[[Any], Any], dict[str, Any]]]:
    """For every model its name, its cost as a function of the penalty, and its parameters."""
    tumours, few, many = (
        breast_cancer(settings.seed),
        digits(settings.seed, 120, 0),
        digits(settings.seed, 1000, 0),
    )
    one_layer = {"W": np.full((1, 30), 0.1), "b": np.zeros((1, 1))}
    return [
        (
            f"logistic regression, m = {tumours.m}",
            lambda penalty: logistic_cost(tumours, penalty),
            one_layer,
        ),
        (
            f"network {dashed(SIZES)}, m = {few.m}",
            lambda penalty: network_cost(few, penalty),
            initial_parameters(SIZES, settings.rng()),
        ),
        (
            f"network {dashed(LARGE_SIZES)}, m = {many.m}",
            lambda penalty: network_cost(many, penalty),
            initial_parameters(LARGE_SIZES, settings.rng()),
        ),
    ]


def dashed(sizes: Sequence[int]) -> str:
    """Sizes as one word."""
    return "-".join(map(str, sizes))


def timing(name: str, cost: Callable[[Any], Any], start: Any, repeats: int) -> Timing:
    """The fastest of many calls, without and with in turn: other work on the machine only slows."""
    without = tg.value_and_grad(cost(lambda parameters: 0.0))
    with_penalty = tg.value_and_grad(cost(lambda parameters: tg.l2(parameters["W"], 1.0, 100)))
    rounds = [(seconds(without, start), seconds(with_penalty, start)) for _ in range(repeats)]
    first, second = zip(*rounds, strict=True)
    return Timing(name, min(first), min(second))


def seconds(f: Callable[[Any], Any], start: Any) -> float:
    """Of the fastest of some calls."""
    times = []
    for _ in range(CALLS):
        begin = time.perf_counter()
        f(start)
        times.append(time.perf_counter() - begin)
    return min(times)


def section(measured: Cost) -> Section:
    """Part 7 as it is told."""
    shares = [timing.share for timing in measured.timings]
    return Section(
        "what-it-cost",
        "7. What it cost",
        (
            Prose(
                "The lesson calls the cost of the penalty minimal: one more term in the gradient. "
                "Each row below (the model of parts 1, 2, 4, 5 and 6; that of part 3; a larger "
                "one) times the cost and its gradient together, without and with the L2 "
                "penalty, in turn, and takes the fastest of many. The penalty's work grows with "
                "the number of weights alone, that of the data with the number of weights times m; "
                "so its share should be smallest where there is much of both. In small models it "
                "is mostly Python, recording one more operation."
            ),
            Finding(
                f"The penalty takes {100 * min(shares):.0f} to {100 * max(shares):.0f} % of the "
                f"gradient's time. Parts 1 to 6 took {measured.total:.1f} s."
            ),
            Table(
                "One cost and its gradient (microseconds)",
                ("model", "without penalty (µs)", "with penalty (µs)", "share of the penalty (%)"),
                tuple(
                    (
                        timing.model,
                        f"{1e6 * timing.without:.0f}",
                        f"{1e6 * timing.with_penalty:.0f}",
                        f"{100 * timing.share:.1f}",
                    )
                    for timing in measured.timings
                ),
            ),
            Table(
                "Seconds for each part, with its pictures",
                ("part", "time (s)"),
                tuple((title, f"{duration:.2f}") for title, duration in measured.parts),
            ),
        ),
    )
