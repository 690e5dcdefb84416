"""Part 5: the same fit with the bias left free and with the bias penalized."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import tinygrad_reg as tg
from tinygrad_reg.tour.blocks import Figure, Finding, Prose, Section, Table
from tinygrad_reg.tour.data import Split, breast_cancer
from tinygrad_reg.tour.formulas import BIAS
from tinygrad_reg.tour.models import logistic_cost, logistic_error
from tinygrad_reg.tour.plots import COLOURS, lambda_axis, plot
from tinygrad_reg.tour.settings import Settings, Track
from tinygrad_reg.training import gradient_step, trained

__all__ = ["Fit", "NotTheBias", "Pair", "measure", "section"]

LAMBDS = (0.1, 1.0, 10.0, 100.0, 1000.0)
USUAL = 10.0  # the lesson's typical λ goes up to here
ALPHA = 0.25


@dataclass(frozen=True)
class Fit:
    """One fit: `mean_output` is the mean of ŷ over the training set."""

    bias: float
    norm: float
    mean_output: float
    dev_error: float


@dataclass(frozen=True)
class Pair:
    """The same λ, once with the bias free and once with the bias in the penalty."""

    lambd: float
    free: Fit
    penalized: Fit


@dataclass(frozen=True)
class NotTheBias:
    """What part 5 measured; `share` is the mean of y over the training set."""

    m: int
    m_dev: int
    steps: int
    share: float
    pairs: tuple[Pair, ...]


def measure(settings: Settings, track: Track) -> NotTheBias:
    """Fit every λ twice from the same start."""
    split = breast_cancer(settings.seed)
    steps = settings.steps(full=2000, quick=600)
    pairs = tuple(
        Pair(lambd, fit(split, lambd, steps, ["W"]), fit(split, lambd, steps, ["W", "b"]))
        for lambd in track(LAMBDS, "fitting with and without the bias penalized")
    )
    return NotTheBias(split.m, split.m_dev, steps, float(np.mean(split.Y)), pairs)


def fit(split: Split, lambd: float, steps: int, penalized: list[str]) -> Fit:
    """Gradient descent from zero on the cost with some parameters in the penalty."""
    start = {"W": np.zeros((1, split.X.shape[0])), "b": np.zeros((1, 1))}

    def penalty(parameters: dict[str, Any]) -> Any:
        return tg.l2([parameters[name] for name in penalized], lambd, split.m)

    parameters = trained(
        logistic_cost(split, penalty),
        start,
        lambda parameters, gradient: gradient_step(parameters, gradient, ALPHA),
        steps,
    )
    outputs = tg.sigmoid(parameters["W"] @ split.X + parameters["b"])
    return Fit(
        float(parameters["b"][0, 0]),
        float(np.linalg.norm(parameters["W"])),
        float(np.mean(outputs)),
        logistic_error(parameters, split.X_dev, split.Y_dev),
    )


def section(measured: NotTheBias) -> Section:
    """Part 5 as it is told."""
    return Section(
        "not-the-bias",
        "5. Not the bias",
        (
            Prose(
                "The lesson leaves b out of the penalty, and adds that putting it in would hardly "
                "matter. Both can be seen. What b does is set the level: where ∂J/∂b = 0 and b is "
                "free, the outputs ŷ are right on average. With b in the penalty they are pulled "
                "off by"
            ),
            BIAS,
            Prose(
                f"In this training set {100 * measured.share:.1f} % of the tumours are benign "
                "(y = 1), so that is what the mean of ŷ ought to be. Large weights let a model "
                "follow noise; a large b only moves all outputs together, so shrinking it removes "
                "no noise. It pulls the outputs towards ½, whatever the data say. (The dev error "
                "counts only on which side of ½ an output lies, so it need not suffer from that.)"
            ),
            Finding(difference(measured)),
            Table(
                f"The same fit with b free, and (*) with b in the penalty (α = {ALPHA:g}, "
                f"{measured.steps} steps from zero)",
                (
                    "λ",
                    "b",
                    "b*",
                    "‖W‖",
                    "‖W‖*",
                    "mean ŷ (%)",
                    "mean ŷ* (%)",
                    "dev error (%)",
                    "dev error* (%)",
                ),
                tuple(
                    (
                        f"{pair.lambd:g}",
                        f"{pair.free.bias:.3f}",
                        f"{pair.penalized.bias:.3f}",
                        f"{pair.free.norm:.3f}",
                        f"{pair.penalized.norm:.3f}",
                        f"{100 * pair.free.mean_output:.1f}",
                        f"{100 * pair.penalized.mean_output:.1f}",
                        f"{100 * pair.free.dev_error:.1f}",
                        f"{100 * pair.penalized.dev_error:.1f}",
                    )
                    for pair in measured.pairs
                ),
                left=(),
            ),
            Figure(
                plot(lambda *axes: draw_pairs(axes, measured), columns=2, height=3.1),
                "With b free, the mean output stays on the share of benign tumours (dotted), "
                "however large λ is. With b penalized it leaves it.",
                "Two plots over λ: the mean output and the dev error, each with b free and with "
                "b penalized.",
            ),
        ),
    )


def difference(measured: NotTheBias) -> str:
    """What the penalty on b changed, for usual and for the largest λ."""
    usual = [pair for pair in measured.pairs if pair.lambd <= USUAL]
    last = measured.pairs[-1]
    dev = max(abs(pair.free.dev_error - pair.penalized.dev_error) for pair in usual)
    output = max(abs(pair.free.mean_output - pair.penalized.mean_output) for pair in usual)
    return (
        f"Up to λ = {USUAL:g}, penalizing b changes the dev error by at most "
        f"{100 * dev:.1f} percentage points ({round(dev * measured.m_dev)} of {measured.m_dev} "
        f"tumours) and the mean output by at most {100 * output:.1f}. At λ = {last.lambd:g} the "
        f"mean output is {100 * last.penalized.mean_output:.1f} % with b penalized and "
        f"{100 * last.free.mean_output:.1f} % with b free, where {100 * measured.share:.1f} % is "
        f"right; dev error {100 * last.penalized.dev_error:.1f} % against "
        f"{100 * last.free.dev_error:.1f} %."
    )


def draw_pairs(axes: Any, measured: NotTheBias) -> None:
    """The mean output and the dev error over λ."""
    lambds = [pair.lambd for pair in measured.pairs]
    for ax, quantity, label in zip(
        axes, ("mean_output", "dev_error"), ("mean of ŷ (%)", "dev error (%)"), strict=True
    ):
        for name, marker in (("free", "o-"), ("penalized", "s--")):
            values = [100 * getattr(getattr(pair, name), quantity) for pair in measured.pairs]
            ax.plot(lambds, values, marker, label=f"b {name}")
        ax.set_ylabel(label)
        lambda_axis(ax, lambds)
        ax.legend()
    axes[0].axhline(100 * measured.share, color=COLOURS[-1], linestyle=":", linewidth=1.4)
    axes[1].set_ylim(bottom=0)
