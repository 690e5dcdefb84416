"""Part 2: gradient descent on the penalized cost and the decay rule are the same training."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

import tinygrad_reg as tg
from tinygrad_reg.tour.blocks import Figure, Finding, Prose, Section, Table
from tinygrad_reg.tour.data import Split, breast_cancer
from tinygrad_reg.tour.formulas import DECAY
from tinygrad_reg.tour.models import logistic_cost
from tinygrad_reg.tour.plots import plot
from tinygrad_reg.tour.settings import Settings, Track
from tinygrad_reg.training import descent, gradient_step, weight_decay_step

__all__ = ["LIMIT", "Run", "WeightDecay", "measure", "section"]

LIMIT = 1e-12
ALPHA = 0.25
LAMBDS = (0.0, 1.0, 10.0, 100.0)

# The lesson's example: α, λ, m, and the decay factor it prints.
LESSON_ALPHA, LESSON_LAMBD, LESSON_M, LESSON_PRINTS = 0.01, 0.01, 10_000, 0.999999


@dataclass(frozen=True)
class Run:
    """One λ: the same training done in two ways."""

    lambd: float
    factor: float
    norms: tuple[float, ...]
    largest_difference: float


@dataclass(frozen=True)
class WeightDecay:
    """What part 2 measured."""

    m: int
    steps: int
    runs: tuple[Run, ...]

    @property
    def largest_difference(self) -> float:
        """Between the two ways, over all parameters, steps and λ."""
        return max(run.largest_difference for run in self.runs)


def measure(settings: Settings, track: Track) -> WeightDecay:
    """Train with every λ in both ways, side by side."""
    split = breast_cancer(settings.seed)
    steps = settings.steps(full=3000, quick=600)
    start = {"W": settings.rng().standard_normal((1, split.X.shape[0])), "b": np.zeros((1, 1))}
    runs = tuple(
        two_ways(split, start, lambd, steps)
        for lambd in track(LAMBDS, "training in two ways, for each λ")
    )
    return WeightDecay(split.m, steps, runs)


def two_ways(split: Split, start: dict[str, Any], lambd: float, steps: int) -> Run:
    """The penalized cost by plain steps, beside the cost alone by decay steps."""
    m = split.m
    by_penalty = descent(
        logistic_cost(split, lambda parameters: tg.l2(parameters["W"], lambd, m)),
        start,
        lambda parameters, gradient: gradient_step(parameters, gradient, ALPHA),
        steps,
    )
    by_decay = descent(
        logistic_cost(split),
        start,
        lambda parameters, gradient: weight_decay_step(parameters, gradient, ALPHA, lambd, m),
        steps,
    )
    norms, largest = [], 0.0
    for one, other in zip(by_penalty, by_decay, strict=True):
        norms.append(float(np.linalg.norm(one["W"])))
        largest = max(largest, *(float(np.max(np.abs(one[key] - other[key]))) for key in one))
    return Run(lambd, 1 - ALPHA * lambd / m, tuple(norms), largest)


def section(measured: WeightDecay) -> Section:
    """Part 2 as it is told."""
    exact = 1 - LESSON_ALPHA * LESSON_LAMBD / LESSON_M
    largest = measured.largest_difference
    return Section(
        "weight-decay",
        "2. Why it is called weight decay",
        (
            Prose(
                "Put the penalty's gradient (λ/m)·W into the update `W = W - alpha * dW` and "
                "collect what stands before W. With J₀ for the cost without its penalty:"
            ),
            DECAY,
            Prose(
                "The bracket is a little less than 1: every step first shrinks W by that factor, "
                "then does what it would have done anyway. To see that nothing was lost in the "
                "algebra, the model of part 1 is trained in both ways at once, from the same "
                f"start and with the same α = {ALPHA:g}: once by plain steps on the penalized "
                "cost J, once by the rule above, which knows only the gradient of J₀."
            ),
            Finding(
                f"Over {measured.steps} steps and {len(measured.runs)} values of λ, the two ways "
                f"never differ by more than {largest:.1e} in any parameter (limit {LIMIT:.0e}): "
                + ("that is rounding." if largest <= LIMIT else "that is more than rounding.")
            ),
            Table(
                f"Both ways of training (α = {ALPHA:g}, m = {measured.m}, {measured.steps} steps)",
                (
                    "λ",
                    "1 − αλ/m",
                    "‖W‖ at the start",
                    "‖W‖ at the end",
                    "largest difference",
                ),
                tuple(
                    (
                        f"{run.lambd:g}",
                        f"{run.factor:.6f}",
                        f"{run.norms[0]:.3f}",
                        f"{run.norms[-1]:.3f}",
                        f"{run.largest_difference:.1e}",
                    )
                    for run in measured.runs
                ),
                left=(),
            ),
            Figure(
                plot(lambda axes: draw_norms(axes, measured)),
                "The length of W over the steps; 1 is the start, the same for all. A larger λ "
                "means a stronger pull towards zero in every step.",
                "Curves of the norm of W over the steps on a logarithmic axis, one for each λ.",
            ),
            Prose(
                f"The lesson's own example has α = {LESSON_ALPHA:g}, λ = {LESSON_LAMBD:g} and "
                f"m = {LESSON_M:,}. The lesson prints the factor as {LESSON_PRINTS:g}; carried "
                f"out, the division gives {exact:.8f}. Both say the same: one step takes away next "
                "to nothing. What matters is how often it is done:"
            ),
            Table(
                "The lesson's example: how long decay alone takes to halve W",
                ("", "decay factor", "steps until W is halved"),
                (
                    ("as the lesson prints it", f"{LESSON_PRINTS:.6f}", halving(LESSON_PRINTS)),
                    ("carried out", f"{exact:.8f}", halving(exact)),
                ),
            ),
        ),
    )


def halving(factor: float) -> str:
    """How often one has to multiply by a factor to arrive at ½."""
    return f"{math.log(0.5) / math.log(factor):,.0f}"


def draw_norms(axes: Any, measured: WeightDecay) -> None:
    """‖W‖ over the steps, a curve for each λ."""
    for run in measured.runs:
        axes.plot(range(1, len(run.norms) + 1), run.norms, label=f"λ = {run.lambd:g}")
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("1 + steps of gradient descent")
    axes.set_ylabel("‖W‖")
    axes.legend()
