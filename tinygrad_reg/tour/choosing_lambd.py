"""Part 3: a network that overfits, and the λ that the dev set chooses for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import tinygrad_reg as tg
from tinygrad_reg.tour.blocks import Figure, Finding, Prose, Section, Table
from tinygrad_reg.tour.data import Split, digits
from tinygrad_reg.tour.formulas import NETWORK_COST
from tinygrad_reg.tour.models import network_cost, network_error
from tinygrad_reg.tour.plots import COLOURS, lambda_axis, plot
from tinygrad_reg.tour.settings import Settings, Track
from tinygrad_reg.training import gradient_step, initial_parameters, trained

__all__ = ["ChoosingLambd", "Row", "measure", "section"]

LAMBDS = (0.0, 0.01, 0.1, 1.0, 10.0, 100.0)
M, WRONG_LABELS = 120, 12
SIZES = (64, 32, 10)
ALPHA = 0.5

OVERFITTING, JUST_RIGHT, UNDERFITTING = "overfitting", "just right", "underfitting"
REGIMES = (OVERFITTING, JUST_RIGHT, UNDERFITTING)


@dataclass(frozen=True)
class Row:
    """One λ: errors are shares of examples, `squares` is Σ‖W‖² over all layers."""

    lambd: float
    training_error: float
    dev_error: float
    squares: float


@dataclass(frozen=True)
class ChoosingLambd:
    """What part 3 measured."""

    m: int
    m_dev: int
    steps: int
    rows: tuple[Row, ...]

    @property
    def chosen(self) -> Row:
        """The row of the smallest dev error; of equal ones, that with the largest λ."""
        return min(self.rows, key=lambda row: (row.dev_error, -row.lambd))

    def regime(self, row: Row) -> str:
        """What the measured errors of a row say, in comparison with those of the chosen row."""
        chosen = self.chosen
        if row is chosen:
            return JUST_RIGHT
        if row.dev_error > chosen.dev_error:
            if row.lambd < chosen.lambd and row.training_error <= chosen.training_error:
                return OVERFITTING
            if row.lambd > chosen.lambd and row.training_error > chosen.training_error:
                return UNDERFITTING
        return "neither"

    @property
    def shown(self) -> tuple[str, ...]:
        """The regimes that the numbers show."""
        found = {self.regime(row) for row in self.rows}
        return tuple(regime for regime in REGIMES if regime in found)


def measure(settings: Settings, track: Track) -> ChoosingLambd:
    """Train the same network from the same start with every λ."""
    split = digits(settings.seed, M, WRONG_LABELS)
    steps = settings.steps(full=2000, quick=700)
    start = initial_parameters(SIZES, settings.rng())
    rows = tuple(
        train(split, start, lambd, steps)
        for lambd in track(LAMBDS, "training a network with each λ")
    )
    return ChoosingLambd(split.m, split.m_dev, steps, rows)


def learning_rate(lambd: float, m: int) -> float:
    """α, smaller where the penalty is steep: the decay factor stays at ½ or above."""
    return min(ALPHA, 0.5 * m / lambd) if lambd else ALPHA


def train(split: Split, start: dict[str, Any], lambd: float, steps: int) -> Row:
    """Gradient descent on the penalized cost, then the errors on both sets."""
    alpha = learning_rate(lambd, split.m)
    parameters = trained(
        network_cost(split, lambda parameters: tg.l2(parameters["W"], lambd, split.m)),
        start,
        lambda parameters, gradient: gradient_step(parameters, gradient, alpha),
        steps,
    )
    return Row(
        lambd,
        network_error(parameters, split.X, split.Y),
        network_error(parameters, split.X_dev, split.Y_dev),
        float(sum(np.sum(np.square(W)) for W in parameters["W"])),
    )


def section(measured: ChoosingLambd) -> Section:
    """Part 3 as it is told."""
    layers = " → ".join(map(str, SIZES))
    alphas = ", ".join(
        f"{learning_rate(row.lambd, measured.m):g} for λ = {row.lambd:g}"
        for row in measured.rows
        if learning_rate(row.lambd, measured.m) != ALPHA
    )
    return Section(
        "choosing-lambd",
        "3. Choosing λ",
        (
            Prose(
                f"Handwritten digits, 8 × 8 pixels, and a network with L = {len(SIZES) - 1} layers "
                f"({layers} units, tanh inside, softmax at the end). To make it overfit, it is "
                f"given only m = {measured.m} training examples, and {WRONG_LABELS} of those have "
                "been given a wrong label on purpose: a network that learns them by heart has "
                f"learned nonsense. The dev set is the other {measured.m_dev:,} digits, with "
                "their right labels."
            ),
            NETWORK_COST,
            Prose(
                "As the lesson advises, λ is tried over a wide range: same start, "
                f"{measured.steps} steps of gradient descent on the whole training set, "
                f"α = {ALPHA:g}"
                + (f" ({alphas}, where larger steps would overshoot)" if alphas else "")
                + ". The dev error then chooses."
            ),
            Finding(choice(measured)),
            Table(
                "Every λ, measured",
                ("λ", "training error (%)", "dev error (%)", "Σ‖W‖²", "what the numbers say"),
                tuple(
                    (
                        f"{row.lambd:g}",
                        percent(row.training_error),
                        percent(row.dev_error),
                        f"{row.squares:.3g}",
                        measured.regime(row) + (" (chosen)" if row is measured.chosen else ""),
                    )
                    for row in measured.rows
                ),
                left=(4,),
                marked=measured.rows.index(measured.chosen),
            ),
            Figure(
                plot(lambda axes: draw_errors(axes, measured)),
                "Error against λ. Grey: the gap between the two errors. Overfitting is a wide gap "
                "over a low training error; underfitting is two high errors.",
                "Two curves over λ, the training error and the dev error, and a line at the "
                "chosen λ.",
            ),
            effect_table(measured),
            Prose(
                "How the last column is read off: the chosen λ has the smallest dev error. A "
                "smaller λ with a larger dev error and a training error that is not larger "
                "overfits; a larger λ with both errors larger underfits."
            ),
        ),
    )


def percent(share: float) -> str:
    """A share of examples in percent."""
    return f"{100 * share:.1f}"


def choice(measured: ChoosingLambd) -> str:
    """The choice, what it is worth, and which of the three regimes were seen."""
    chosen, without = measured.chosen, measured.rows[0]
    missing = [regime for regime in REGIMES if regime not in measured.shown]
    gain = without.dev_error - chosen.dev_error
    worth = (
        f"The dev set chooses λ = {chosen.lambd:g}: dev error {percent(chosen.dev_error)} %, "
        f"against {percent(without.dev_error)} % without a penalty."
        if gain > 0
        else f"No λ beat λ = 0, whose dev error is {percent(without.dev_error)} %."
    )
    if missing:
        return f"{worth} These numbers do not show {' or '.join(missing)}."
    return f"{worth} The numbers show all three regimes: {', '.join(REGIMES)}."


def effect_table(measured: ChoosingLambd) -> Table:
    """The lesson's table of effects, its words replaced by measured numbers."""
    chosen, rows = measured.chosen, measured.rows
    lines = [("λ = 0", rows[0])]
    if chosen.lambd > rows[1].lambd:
        lines.append(("λ too small", rows[1]))
    lines.append(("λ optimal", chosen))
    if chosen.lambd < rows[-1].lambd:
        lines.append(("λ too large", rows[-1]))
    return Table(
        "The lesson's table “Effect of different λ values”, filled with these measurements",
        ("", "λ", "weights: Σ‖W‖²", "training error (%)", "dev error (%)", "problem"),
        tuple(
            (
                name,
                f"{row.lambd:g}",
                f"{row.squares:.3g}",
                percent(row.training_error),
                percent(row.dev_error),
                measured.regime(row),
            )
            for name, row in lines
        ),
        left=(0, 5),
        marked=next(i for i, (_, row) in enumerate(lines) if row is chosen),
    )


def draw_errors(axes: Any, measured: ChoosingLambd) -> None:
    """Both errors over λ, with the chosen one marked."""
    lambds = [row.lambd for row in measured.rows]
    training = [100 * row.training_error for row in measured.rows]
    dev = [100 * row.dev_error for row in measured.rows]
    chosen = measured.chosen
    axes.plot(lambds, training, "o-", label="training error")
    axes.plot(lambds, dev, "s-", label="dev error")
    axes.fill_between(lambds, training, dev, color=COLOURS[-1], alpha=0.08, linewidth=0)
    axes.axvline(chosen.lambd, color=COLOURS[-1], linestyle=":", linewidth=1.4)
    axes.annotate(
        f"chosen: λ = {chosen.lambd:g}",
        (chosen.lambd, 0.93),
        xycoords=("data", "axes fraction"),
        xytext=(-6, 0),
        textcoords="offset points",
        ha="right",
    )
    axes.set_ylim(0, 100)
    axes.set_ylabel("error (% of examples)")
    lambda_axis(axes, lambds)
    axes.legend(loc="center left")
