"""Part 1: the cost as a graph with its penalty node, and a check of its gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import tinygrad_reg as tg
from tinygrad_reg.testing import numerical_gradient
from tinygrad_reg.tour.blocks import Embedded, Figure, Finding, Prose, Section, Table
from tinygrad_reg.tour.data import breast_cancer
from tinygrad_reg.tour.formulas import LOGISTIC_COST, RELATIVE_ERROR
from tinygrad_reg.tour.models import logistic_cost
from tinygrad_reg.tour.settings import Settings, Track

__all__ = ["LIMIT", "Checked", "SeeTheGraph", "measure", "section"]

LIMIT = 1e-7
LAMBD = 10.0

# Finite differences are exact to so many digits of the cost, not of each entry: an entry that is
# smaller than this part of the largest one is measured by this part of the largest one.
SMALLEST_PART = 1e-3


@dataclass(frozen=True)
class Checked:
    """One entry of the gradient, twice."""

    parameter: str
    meaning: str
    engine: float
    differences: float
    relative_error: float


@dataclass(frozen=True)
class SeeTheGraph:
    """What part 1 measured."""

    m: int
    m_dev: int
    n_x: int
    cost: float
    mean_loss: float
    penalty: float
    entries: tuple[Checked, ...]
    picture: str
    explorer: str

    @property
    def largest_error(self) -> float:
        """The largest relative error of all entries."""
        return max(entry.relative_error for entry in self.entries)


def measure(settings: Settings, track: Track) -> SeeTheGraph:
    """Draw the cost at a random W, and compare its gradient with finite differences there."""
    split = breast_cancer(settings.seed)
    n_x, m = split.X.shape
    W = settings.rng().standard_normal((1, n_x)) / np.sqrt(n_x)
    start = {"W": W, "b": np.zeros((1, 1))}
    cost = logistic_cost(split, lambda parameters: tg.l2(parameters["W"], LAMBD, m))
    (J, gradient) = tg.value_and_grad(cost)(start)
    differences = numerical_gradient(cost, start)
    names = [f"W[0, {j}]" for j in range(n_x)] + ["b"]
    meanings = [*split.features, "the bias"]
    engine, numerical = (np.append(g["W"], g["b"]) for g in (gradient, differences))
    errors = relative_errors(engine, numerical)
    columns = zip(names, meanings, engine, numerical, errors, strict=True)
    entries = tuple(
        Checked(name, meaning, float(g), float(d), float(error))
        for name, meaning, g, d, error in track(list(columns), "checking every parameter")
    )
    penalty = float(tg.l2(W, LAMBD, m))
    graph = recorded(split, start)
    return SeeTheGraph(
        m, split.m_dev, n_x, float(J), float(J) - penalty, penalty, entries, picture(graph),
        tg.explore(graph, path=None).html,
    )  # fmt: skip


def relative_errors(engine: Any, differences: Any) -> Any:
    """How far two gradients are apart, entry by entry, relative to the size of the entry."""
    sizes = np.maximum(np.abs(engine), np.abs(differences))
    return np.abs(engine - differences) / np.maximum(sizes, SMALLEST_PART * np.max(sizes))


def recorded(split: Any, start: dict[str, Any]) -> tg.Tensor:
    """The cost after its backward pass, with every value that the lesson has a letter for named."""
    W = tg.Tensor(start["W"], requires_grad=True, name="W")
    b = tg.Tensor(start["b"], requires_grad=True, name="b")
    X, Y = tg.Tensor(split.X, name="X"), tg.Tensor(split.Y, name="Y")
    Z = W @ X + b
    Z.name = "Z"
    losses = tg.binary_cross_entropy(Z, Y)
    losses.name = "losses"
    penalty = tg.l2(W, LAMBD, split.m)
    penalty.name = "penalty"
    J: tg.Tensor = np.sum(losses) / split.m + penalty
    J.name = "J"
    J.backward()
    return J


def picture(J: tg.Tensor) -> str:
    """The graph of the cost as SVG."""
    svg: str = tg.draw(J).pipe(format="svg", encoding="utf-8")
    return svg[svg.index("<svg") :]


def section(measured: SeeTheGraph) -> Section:
    """Part 1 as it is told."""
    worst = max(measured.entries, key=lambda entry: entry.relative_error)
    checked = len(measured.entries)
    return Section(
        "see-the-graph",
        "1. See the graph",
        (
            Prose(
                f"The data: {measured.m} breast tumours to train on and {measured.m_dev} for the "
                f"dev set, each with `n_x` = {measured.n_x} measurements, standardized. Examples "
                f"are columns, so X is ({measured.n_x}, {measured.m}). The model: logistic "
                f"regression, which is one layer with one unit. Its W is (1, {measured.n_x}), the "
                f"lesson's w lying on its side. The cost is the lesson's, with λ = {LAMBD:g}:"
            ),
            LOGISTIC_COST,
            Prose(
                "Below, the same formula as the engine sees it: one node for every operation, and "
                "the penalty is a node like the others. Two paths lead from W to J. One passes "
                "through the data, the other only through the penalty; so the derivative ∂J/∂W "
                "has two terms, and the second one is (λ/m)·W. No path leads from b to the "
                "penalty."
            ),
            Figure(
                measured.picture,
                "The cost J of L2-regularized logistic regression, recorded while it was computed.",
                "A graph. W and X are multiplied, b is added, the losses are summed and divided "
                "by m; a second branch goes from W through the node l2; both are added to J.",
                smallest=43,
            ),
            Prose(
                "Backpropagation walks the same graph from right to left. Walk with it: the arrow "
                "keys step forward through the values and then backward through the gradients, a "
                "click on a box shows its numbers, and the switch at the penalty takes (λ/m)·W "
                "out of the gradient and puts it back."
            ),
            Embedded(
                measured.explorer,
                "The same cost, to be walked through. It is a file of its own, as "
                "`tg.explore(J)` writes it.",
                "Explorer of the cost of logistic regression: forward and backward, step by step",
            ),
            Table(
                "The cost and its two terms at a random W",
                ("term", "formula", "value"),
                (
                    ("mean loss", "(1/m) Σ ℒ(ŷ, y)", f"{measured.mean_loss:.6f}"),
                    ("penalty", "(λ/2m) ‖W‖²", f"{measured.penalty:.6f}"),
                    ("cost J", "their sum", f"{measured.cost:.6f}"),
                ),
                left=(0, 1),
            ),
            Prose(
                "Is the gradient right? Nudge one parameter up and down, look at how J changes, "
                "and divide: a finite difference, which needs no derivative rule at all. The two "
                "are compared for every parameter by"
            ),
            RELATIVE_ERROR,
            Prose(
                "where an entry smaller than a thousandth of the largest one counts as that "
                "thousandth, because finite differences themselves are not better than that."
            ),
            Finding(
                f"All {checked} derivatives agree with finite differences. Largest relative error: "
                f"{worst.relative_error:.1e}, for {worst.parameter} (limit {LIMIT:.0e})."
                if worst.relative_error <= LIMIT
                else f"The largest relative error is {worst.relative_error:.1e}, for "
                f"{worst.parameter}: above the limit {LIMIT:.0e}."
            ),
            Table(
                f"Every parameter's derivative, twice ({checked} rows)",
                ("parameter", "measurement", "engine", "finite differences", "relative error"),
                tuple(
                    (
                        entry.parameter,
                        entry.meaning,
                        f"{entry.engine:+.10f}",
                        f"{entry.differences:+.10f}",
                        f"{entry.relative_error:.1e}",
                    )
                    for entry in measured.entries
                ),
                left=(0, 1),
                folded=True,
            ),
        ),
    )
