"""Part 4: which penalty, and which step, makes weights exactly zero."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import tinygrad_reg as tg
from tinygrad_reg.tour.blocks import Figure, Finding, Prose, Section, Table
from tinygrad_reg.tour.data import Split, breast_cancer
from tinygrad_reg.tour.formulas import PROXIMAL, SOFT_THRESHOLD
from tinygrad_reg.tour.models import logistic_cost, logistic_error
from tinygrad_reg.tour.plots import COLOURS, lambda_axis, plot
from tinygrad_reg.tour.settings import Settings, Track
from tinygrad_reg.training import descent, gradient_step, proximal_step

__all__ = ["WAYS", "Fit", "L1AgainstL2", "measure", "section"]

LAMBDS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
PICTURED = 10.0
ALPHA = 0.25
TAIL = 60  # steps at the end of training that are drawn

SUBGRADIENT, PROXIMAL_WAY, SMOOTH = "L1, subgradient", "L1, proximal", "L2"
WAYS = (SUBGRADIENT, PROXIMAL_WAY, SMOOTH)


@dataclass(frozen=True)
class Fit:
    """One way of training with one λ; `tail` holds the last steps' weights, `(TAIL, n_x)`."""

    way: str
    lambd: float
    weights: Any
    bias: float
    tail: Any
    dev_error: float

    @property
    def zeros(self) -> int:
        """How many weights are exactly zero."""
        return int(np.count_nonzero(self.weights == 0))

    @property
    def smallest(self) -> float:
        """The smallest absolute weight."""
        return float(np.min(np.abs(self.weights)))


@dataclass(frozen=True)
class L1AgainstL2:
    """What part 4 measured."""

    m: int
    steps: int
    features: tuple[str, ...]
    fits: tuple[Fit, ...]

    @property
    def n_x(self) -> int:
        """Number of weights."""
        return len(self.features)

    def fit(self, way: str, lambd: float) -> Fit:
        """The fit of one way with one λ."""
        return next(fit for fit in self.fits if (fit.way, fit.lambd) == (way, lambd))

    def zeros(self, way: str) -> list[int]:
        """How many weights are exactly zero, for every λ."""
        return [self.fit(way, lambd).zeros for lambd in LAMBDS]


def measure(settings: Settings, track: Track) -> L1AgainstL2:
    """Train logistic regression in all ways with every λ, always from the same start."""
    split = breast_cancer(settings.seed)
    steps = settings.steps(full=3000, quick=700)
    n_x = split.X.shape[0]
    start = {"W": settings.rng().standard_normal((1, n_x)) / np.sqrt(n_x), "b": np.zeros((1, 1))}
    fits = tuple(
        train(split, start, way, lambd, steps)
        for lambd in track(LAMBDS, "training with l1 and l2, for each λ")
        for way in WAYS
    )
    return L1AgainstL2(split.m, steps, split.features, fits)


def train(split: Split, start: dict[str, Any], way: str, lambd: float, steps: int) -> Fit:
    """One way of training with one λ."""
    cost, step = cost_and_step(split, way, lambd)
    path = descent(cost, start, step, steps)
    weights = []
    for step_number, parameters in enumerate(path):
        if step_number > steps - TAIL:
            weights.append(parameters["W"][0])
    error = logistic_error(parameters, split.X_dev, split.Y_dev)
    bias = float(parameters["b"][0, 0])
    return Fit(way, lambd, weights[-1], bias, np.stack(weights), error)


def cost_and_step(
    split: Split, way: str, lambd: float
) -> tuple[Callable[[Any], Any], Callable[[Any, Any], Any]]:
    """What is differentiated, and what is done with the gradient."""
    m = split.m

    def plain(parameters: Any, gradient: Any) -> Any:
        return gradient_step(parameters, gradient, ALPHA)

    def proximal(parameters: Any, gradient: Any) -> Any:
        return proximal_step(parameters, gradient, ALPHA, lambd, m)

    if way == PROXIMAL_WAY:
        return logistic_cost(split), proximal
    penalty = tg.l1 if way == SUBGRADIENT else tg.l2
    return logistic_cost(split, lambda parameters: penalty(parameters["W"], lambd, m)), plain


def section(measured: L1AgainstL2) -> Section:
    """Part 4 as it is told."""
    n_x = measured.n_x
    return Section(
        "l1-against-l2",
        "4. L1 against L2",
        (
            Prose(
                "The lesson says that L1 makes W sparse and L2 makes it small. The model of part 1 "
                f"again, its {n_x} weights counted: how many are exactly zero, that is, "
                "`np.count_nonzero(W == 0)` with no tolerance?"
            ),
            Prose(
                "For L1 it depends on the step. The derivative of (λ/m)|w| is ±λ/m however small w "
                "is, so a plain step moves w by the same αλ/m each time, jumps over zero, and "
                "comes back the next time. (At 0 itself any slope from −λ/m to λ/m would do: "
                "these are the subgradients, of which the engine takes 0.) A proximal step does "
                "the data's part first and then shortens every weight by αλ/m, stopping at zero. "
                "That is the soft threshold S:"
            ),
            PROXIMAL,
            SOFT_THRESHOLD,
            Prose(
                "L2 never has to stop: it takes away a share of w, (λ/m)·w, and a share of "
                "something never takes all of it."
            ),
            Finding(counts(measured)),
            Table(
                f"Weights that are exactly zero, of {n_x}; α = {ALPHA:g}, {measured.steps} steps",
                (
                    "λ",
                    *(f"zeros, {way}" for way in WAYS),
                    *(f"dev error (%), {way}" for way in WAYS[1:]),
                ),
                tuple(
                    (
                        f"{lambd:g}",
                        *(str(measured.fit(way, lambd).zeros) for way in WAYS),
                        *(f"{100 * measured.fit(way, lambd).dev_error:.1f}" for way in WAYS[1:]),
                    )
                    for lambd in LAMBDS
                ),
                left=(),
            ),
            jumping(measured),
            Figure(
                plot(lambda *axes: draw_paths(axes, measured), columns=2, height=3.9, share_y=True),
                "Every weight over λ. Where a line meets the axis, its weight is exactly zero; the "
                "lines that are left name the measurements that L1 would keep. The coloured "
                "weights are the largest under L1 with "
                f"λ = {PICTURED:g}.",
                "Two plots of all weights over λ, one for L1 with proximal steps, one for L2.",
            ),
            Table(
                f"The weights that L1 keeps at λ = {PICTURED:g}, and the same weights under L2",
                ("measurement", "L1, proximal", "L2"),
                tuple(
                    (
                        measured.features[j],
                        f"{measured.fit(PROXIMAL_WAY, PICTURED).weights[j]:+.3f}",
                        f"{measured.fit(SMOOTH, PICTURED).weights[j]:+.3f}",
                    )
                    for j in largest(measured)
                    if measured.fit(PROXIMAL_WAY, PICTURED).weights[j] != 0
                ),
                folded=True,
            ),
            Figure(
                plot(
                    lambda *axes: draw_histograms(axes, measured),
                    columns=3,
                    height=2.9,
                    share_y=True,
                ),
                f"The {n_x} weights at λ = {PICTURED:g}. Orange: exactly zero.",
                "Three histograms of the weights, one for each way of training.",
            ),
        ),
    )


def counts(measured: L1AgainstL2) -> str:
    """How many zeros there are, in words."""
    spans = {
        way: f"{min(zeros)} to {max(zeros)}" if min(zeros) < max(zeros) else f"{min(zeros)}"
        for way in WAYS
        for zeros in [measured.zeros(way)]
    }
    return (
        f"Exact zeros over all λ, of {measured.n_x} weights: {spans[SUBGRADIENT]} with L1 by "
        f"subgradient steps, {spans[PROXIMAL_WAY]} with L1 by proximal steps, {spans[SMOOTH]} "
        f"with L2. At λ = {PICTURED:g} the smallest weight is "
        f"{measured.fit(SUBGRADIENT, PICTURED).smallest:.1e} after subgradient steps and "
        f"{measured.fit(SMOOTH, PICTURED).smallest:.1e} with L2."
    )


def largest(measured: L1AgainstL2) -> list[int]:
    """The weights in the order of their size under L1, largest first."""
    sizes = np.abs(measured.fit(PROXIMAL_WAY, PICTURED).weights)
    return [int(j) for j in np.argsort(-sizes, kind="stable")]


def jumping(measured: L1AgainstL2) -> Figure | Prose:
    """The last steps of a weight that proximal steps made zero."""
    tail = measured.fit(SUBGRADIENT, PICTURED).tail
    crossings = np.sum(tail[1:] * tail[:-1] < 0, axis=0)
    zero = measured.fit(PROXIMAL_WAY, PICTURED).weights == 0
    if not np.any(zero & (crossings > 0)):
        return Prose(f"At λ = {PICTURED:g} no weight jumped over zero in the last {TAIL} steps.")
    j = int(np.argmax(np.where(zero, crossings, -1)))
    return Figure(
        plot(lambda axes: draw_tail(axes, measured, j), height=2.6),
        f"The weight of “{measured.features[j]}” in the last {TAIL} steps at λ = {PICTURED:g}: "
        f"subgradient steps jump over zero ({crossings[j]} times here) and never land on it; "
        "proximal steps have stopped there.",
        "A zigzag line around zero for subgradient steps, a flat line at zero for proximal steps.",
    )


def draw_tail(axes: Any, measured: L1AgainstL2, j: int) -> None:
    """One weight over the last steps, by subgradient and by proximal steps."""
    steps = range(measured.steps - TAIL + 1, measured.steps + 1)
    for way, marker in ((SUBGRADIENT, "."), (PROXIMAL_WAY, "")):
        axes.plot(
            steps,
            measured.fit(way, PICTURED).tail[:, j],
            marker=marker,
            label=way.removeprefix("L1, ") + " steps",
        )
    axes.set_xlabel("step of training")
    axes.set_ylabel("w")
    axes.legend(loc="upper right", ncols=2)
    axes.margins(y=0.3)


def draw_paths(axes: Any, measured: L1AgainstL2) -> None:
    """Every weight over λ, for L1 by proximal steps and for L2."""
    for ax, way in zip(axes, (PROXIMAL_WAY, SMOOTH), strict=True):
        weights = np.stack([measured.fit(way, lambd).weights for lambd in LAMBDS])
        order = largest(measured)
        ax.plot(LAMBDS, weights[:, order[5:]], color="#bbbbbb", linewidth=0.9)
        for j, colour in zip(order[:5], COLOURS, strict=False):
            ax.plot(LAMBDS, weights[:, j], color=colour, label=measured.features[j])
        ax.axhline(0, color="black", linewidth=0.8)
        ax.set_title(way)
        lambda_axis(ax, LAMBDS)
    axes[0].set_ylabel("w")
    lines = axes[0].get_legend_handles_labels()
    axes[0].figure.legend(*lines, loc="outside lower center", ncols=3, fontsize=9)


def draw_histograms(axes: Any, measured: L1AgainstL2) -> None:
    """The weights at one λ, for every way."""
    fits = [measured.fit(way, PICTURED) for way in WAYS]
    reach = 1.05 * max(float(np.max(np.abs(fit.weights))) for fit in fits)
    bins = np.linspace(-reach, reach, 32)
    for ax, fit in zip(axes, fits, strict=True):
        zero = fit.weights[fit.weights == 0]
        other = fit.weights[fit.weights != 0]
        ax.hist([other, zero], bins=bins, stacked=True, color=[COLOURS[0], COLOURS[4]])
        ax.set_title(f"{fit.way}\n{fit.zeros} of {measured.n_x} are zero")
        ax.set_xlabel("w")
        ax.grid(axis="x", visible=False)
    axes[0].set_ylabel("number of weights")
