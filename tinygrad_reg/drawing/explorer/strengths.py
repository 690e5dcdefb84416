"""What other strengths of the penalties would do: the λ slider, computed beforehand.

The recorded operations are run again on a private copy of the graph, with another λ and other
weights, and differentiated by the engine's own sweep.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_reg.drawing.explorer.arrays import number
from tinygrad_reg.drawing.explorer.steps import reason_against, result_of
from tinygrad_reg.drawing.picture import Node, Picture
from tinygrad_reg.drawing.symbols import PENALTIES, PENALTY_LETTERS, spelled
from tinygrad_reg.modes import switched
from tinygrad_reg.sweeps import ancestors, reverse, scalar_seed
from tinygrad_reg.tensor import ALIAS, Tensor, as_result, leaf, plain

__all__ = ["Replay", "strengths_of"]

FACTORS = (0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)
STEPS = 50
LONGEST_NAME = 24
FEWEST_STEPS = 5  # fewer say nothing
LONGEST_STEP, SHORTEST_STEP = 2.0**20, 2.0**-40
BESIDE = 1e-30  # how far, times the gradient, beside a kink is
DECREASE = 0.5  # of what the gradient promises, that a step has to reach

# Work is counted in nanoseconds of an ordinary computer, so that it is the same on every computer.
LARGEST_WORK = 2_000_000_000  # of all steps together
LARGEST_WORK_HERE = 4_000_000_000  # of the gradients at the weights as they are
WORK_OF_AN_OPERATION = 12_000  # forward, backward and forward again
WORK_OF_AN_ENTRY = 6
WORK_OF_A_MULTIPLICATION = 0.5  # in a product of matrices

BY_FACTOR = "λ × factor"

Weights = dict[Tensor, Any]
Seeds = list[tuple[Tensor, Any]]


class Replay:
    """A private copy of the graph behind a tensor, that can be computed again.

    `copies` are the tensors by their numbers, in the order of the computation; `penalties` those of
    them that are one, and `strengths` the λ of each.
    """

    def __init__(self, root: Tensor) -> None:
        self.copies: dict[int, Tensor] = {}
        for tensor in ancestors([root], 0)[0]:
            if tensor.rule is ALIAS:  # what was computed with, whatever the leaf may be by now
                original = self.copies[tensor.number] = self.copies[tensor.args[0].number]
                if original.rule is None:
                    original.value = tensor.value
                continue
            copy = leaf(tensor.value, tensor.number, tensor.name)
            copy.rule, copy.kwargs = tensor.rule, tensor.kwargs
            copy.args = tuple(
                self.copies[x.number] if type(x) is Tensor and x.number else x for x in tensor.args
            )
            self.copies[tensor.number] = copy
        self.root = self.copies[root.number]
        self.operations = [
            copy for i, copy in self.copies.items() if copy.rule is not None and copy.number == i
        ]
        self.penalties = [copy for copy in self.operations if copy.rule in PENALTIES]
        self.strengths = [copy.args[0] for copy in self.penalties]

    def run(self, strengths: list[Any], weights: Weights, penalized: bool = True) -> Any:
        """The value at the end with other strengths and weights, or with penalties of zero."""
        for tensor, value in weights.items():
            tensor.value = value
        strength_of = dict(zip(self.penalties, strengths, strict=True))
        for node in self.operations:
            if node in strength_of:
                node.args = (strength_of[node], *node.args[1:])
            is_left_out = node in strength_of and not penalized
            node.value = np.zeros_like(node.value) if is_left_out else computed(node)
        return self.root.value

    def through_data(self) -> tuple[Weights, Seeds]:
        """∂J/∂(each leaf) without the penalties, and ∂J/∂(each penalty), at the present values.

        It is a sweep that ends in the penalties as if they were leaves.
        """
        rules = [penalty.rule for penalty in self.penalties]
        for penalty in self.penalties:
            penalty.rule = None
        found = swept([(self.root, scalar_seed(self.root, "explore"))])
        for penalty, rule in zip(self.penalties, rules, strict=True):
            penalty.rule = rule
        seeds = [(penalty, found.pop(penalty)) for penalty in self.penalties if penalty in found]
        return found, seeds

    def costs(self, strengths: list[Any], weights: Weights) -> dict[str, Any]:
        """The value at the end, what it is without the penalties, and what they add to it."""
        data_cost = np.ravel(self.run(strengths, weights, penalized=False))[0]
        cost = np.ravel(self.run(strengths, weights))[0]
        added, own = cost - data_cost, sum(np.ravel(x.value)[0] for x in self.penalties)
        if math.isclose(own, added, rel_tol=1e-9, abs_tol=1e-9 * abs(cost)):
            added = own  # they are simply added, and their own values are rounded less
        return {"cost": number(cost), "data_cost": number(data_cost), "penalty": number(added)}


def computed(node: Tensor) -> Any:
    """The value of an operation on the values that its arguments have now; NaN if it fails."""
    values = [x.value if type(x) is Tensor else x for x in node.args]
    assert node.rule is not None
    try:
        value = node.rule.op(*values, **node.kwargs)
        value = value if hasattr(value, "dtype") else as_result(node.rule, value)
        if value.shape == node.shape:
            return value
    except (ArithmeticError, ValueError):  # such as an inverse that there is not
        pass
    return np.full_like(node.value, np.nan)


def swept(seeds: Seeds) -> Weights:
    """The gradients of all leaves; NaN if a rule fails."""
    try:
        return reverse(seeds)
    except (ArithmeticError, ValueError):
        behind = leaves_behind([tensor for tensor, _ in seeds])
        return {x: np.full(x.shape, np.nan, x.dtype) for x in behind}


# -- gradient steps --------------------------------------------------------------------------------


def descended(replay: Replay, strengths: list[Any], weights: Weights, steps: int) -> Weights:
    """The weights after some gradient steps, each halved until the cost falls."""
    kinked = kinked_weights(replay)
    cost = replay.run(strengths, weights).item()
    length = 1.0
    for _ in range(steps):
        slopes = slopes_at(replay, weights, kinked)
        while length > SHORTEST_STEP:
            tried = {x: stepped(w, length, slopes.get(x), x in kinked) for x, w in weights.items()}
            promised = sum(float(np.vdot(g, weights[x] - tried[x])) for x, g in slopes.items())
            if not promised > 0:  # nothing moves, or something is NaN
                return weights
            after = replay.run(strengths, tried).item()
            if after <= cost - DECREASE * promised:
                break
            length /= 2
        else:
            return weights
        weights, cost, length = tried, after, min(2 * length, LONGEST_STEP)
    return weights


def stepped(weight: Any, length: float, slope: Any, is_kinked: bool) -> Any:
    """Weights after a step downhill; one that would cross a kink at zero stops there."""
    if slope is None:
        return weight
    moved = weight - length * slope
    return np.where(moved * weight < 0, weight.dtype.type(0), moved) if is_kinked else moved


def slopes_at(replay: Replay, weights: Weights, kinked: set[Tensor]) -> Weights:
    """The gradient of each weight; zero where it stands at a kink that holds it.

    A weight at zero is held if the penalty just beside it, where the data term wants it to be,
    pulls back more strongly.
    """
    data, seeds = replay.through_data()
    penalty = swept(seeds)
    slopes = {
        x: total_of(data.get(x), penalty.get(x)) for x in weights if x in data or x in penalty
    }
    at_kink = [x for x in kinked if x in data and x in slopes and not np.all(weights[x])]
    for x in at_kink:
        x.value = np.where(weights[x] == 0, -BESIDE * data[x], weights[x]).astype(x.dtype)
    beside = swept(seeds) if at_kink else {}
    for x in at_kink:
        x.value = weights[x]
        moving = data[x] + beside[x]
        free = np.where(moving * data[x] > 0, moving, 0)
        slopes[x] = np.where(weights[x] == 0, free, slopes[x]).astype(x.dtype)
    return slopes


def kinked_weights(replay: Replay) -> set[Tensor]:
    """The leaves that a penalty with a kink at zero is taken of."""
    return {
        x
        for penalty in replay.penalties
        if penalty.rule is not None and penalty.rule.kinks
        for x in penalty.args[len(PENALTY_LETTERS[penalty.rule]) :]
        if type(x) is Tensor and x.rule is None and x.number
    }


def work_of(replay: Replay) -> float:
    """What one gradient step costs."""
    work = 0.0
    for node in replay.operations:
        sizes = [x.size for x in node.args if type(x) is Tensor]
        work += WORK_OF_AN_OPERATION + WORK_OF_AN_ENTRY * (node.size + sum(sizes))
        if len(sizes) == 2 and node.rule is not None and not node.rule.is_local:
            work += WORK_OF_A_MULTIPLICATION * math.sqrt(node.size * sizes[0] * sizes[1])
    return work


# -- the slider ------------------------------------------------------------------------------------


def strengths_of(picture: Picture, keep: Any = lambda array: array) -> dict[str, Any] | None:
    """What the page's λ slider shows; None without a penalty, and for graphs that are too large.

    `keep` is given every array, and what it returns stands in its place.
    """
    result = result_of(picture)
    if reason_against(picture) is not None or result is None or result.tensor is None:
        return None
    replay = Replay(result.tensor)
    work = len(FACTORS) * work_of(replay)
    if not replay.penalties or work > LARGEST_WORK_HERE:
        return None
    steps = min(STEPS, int(LARGEST_WORK / work))
    steps = steps if steps >= FEWEST_STEPS else 0
    quietly = switched(watching=False, recording=False, scopes=None, tracer=None)
    with quietly, np.errstate(all="ignore"):
        return slider(picture, replay, steps, keep)


def slider(picture: Picture, replay: Replay, steps: int, keep: Any) -> dict[str, Any]:
    """Everything that is computed beforehand for every strength."""
    letter, values = scale_of(replay)
    nodes = parameters_of(picture, replay)
    settings, penalized = behind_penalties(replay)
    start = {x: x.value for x in nodes if x not in settings}
    shown = {x: node.key for x, node in nodes.items() if x in penalized and x in start}
    rows = []
    for factor in values:
        strengths = [scaled(lambd, letter, factor) for lambd in replay.strengths]
        here = replay.costs(strengths, start)
        data, seeds = replay.through_data()
        penalty = swept(seeds)
        found = {
            key: {
                "gradient_here": keep(total_of(data.get(x), penalty.get(x))),
                "data_gradient_here": keep(zero_if_none(data.get(x), x)),
                "penalty_gradient_here": keep(zero_if_none(penalty.get(x), x)),
            }
            for x, key in shown.items()
        }
        weights = descended(replay, strengths, start, steps)
        for x, key in shown.items():
            found[key] = {"weights": keep(weights[x])} | found[key]
        rows.append(replay.costs(strengths, weights) | {"here": here, "nodes": found})
    names = [nodes[x].name or f"the parameter of shape {x.shape}" for x in start]
    return {
        "letter": letter,
        "values": values,
        "current": values.index(1 if letter == BY_FACTOR else present_strength(replay)),
        "steps": steps,
        "words": words_for(letter, steps, names, bool(kinked_weights(replay))),
        "rows": rows,
        "penalized": list(shown.values()),
    }


def scale_of(replay: Replay) -> tuple[str, list[Any]]:
    """What the slider moves, and its places: λ itself if it is one, else a factor for each λ."""
    lambds = [float(plain(lambd)) for lambd in replay.strengths]
    if len(set(lambds)) > 1:
        return BY_FACTOR, list(FACTORS)
    present = present_strength(replay)
    if present == 0:
        return "λ", list(FACTORS)
    around = [float(f"{present * factor:.12g}") for factor in FACTORS]
    return "λ", [present if factor == 1 else x for factor, x in zip(FACTORS, around, strict=True)]


def present_strength(replay: Replay) -> Any:
    """The λ of the first penalty, as JSON has it."""
    return number(np.asarray(plain(replay.strengths[0]))[()])


def scaled(lambd: Any, letter: str, value: Any) -> Any:
    """The strength of a penalty at a place of the slider, of the dtype that it had."""
    strength = float(plain(lambd)) * value if letter == BY_FACTOR else value
    is_floating = type(lambd) is Tensor and lambd.dtype.kind == "f"
    return lambd.dtype.type(strength) if is_floating else float(strength)


def parameters_of(picture: Picture, replay: Replay) -> dict[Tensor, Node]:
    """The nodes of the leaves that have a gradient, by their copies, in the order of the copies."""
    nodes = {node.tensor.number: node for node in picture.nodes if node.tensor is not None}
    return {
        copy: nodes[number]
        for number, copy in replay.copies.items()
        if copy.rule is None and number in nodes
    }


def behind_penalties(replay: Replay) -> tuple[set[Tensor], set[Tensor]]:
    """The leaves behind λ, m and the other settings of penalties, and those behind the weights."""
    settings: list[Tensor] = []
    weights: list[Tensor] = []
    for penalty in replay.penalties:
        assert penalty.rule is not None
        count = len(PENALTY_LETTERS[penalty.rule])
        settings += [x for x in penalty.args[:count] if type(x) is Tensor]
        weights += [x for x in penalty.args[count:] if type(x) is Tensor]
    return leaves_behind(settings), leaves_behind(weights)


def leaves_behind(tensors: list[Tensor]) -> set[Tensor]:
    """The leaves that some tensors were made from."""
    return {x for x in ancestors(tensors, 0)[0] if x.rule is None}


def total_of(data: Any, penalty: Any) -> Any:
    """Both parts of a gradient together, or the one that there is."""
    return penalty if data is None else data if penalty is None else data + penalty


def zero_if_none(gradient: Any, tensor: Tensor) -> Any:
    """A gradient, or a zero where none arrives."""
    return np.zeros(tensor.shape, tensor.dtype) if gradient is None else gradient


def words_for(letter: str, steps: int, names: list[str], has_kinks: bool) -> str:
    """What was computed, in words."""
    which = "Every λ is multiplied by the factor. " if letter == BY_FACTOR else ""
    if not steps:
        return (
            f"{which}A gradient step through this graph takes long, so none was taken: the weights "
            "stay as they are."
        )
    moved = ", ".join(spelled(name, LONGEST_NAME) for name in names[:4]) + (
        f" and {len(names) - 4} more" if len(names) > 4 else ""
    )
    return (
        f"{which}For each λ the engine ran the recorded operations again and took {steps} gradient "
        f"steps from these weights, on {moved}. A step is halved until the cost falls"
        + ("; a weight that would cross a kink at zero stops there." if has_kinks else ".")
    )
