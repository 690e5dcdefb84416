"""What other strengths of the penalties would do: the λ slider, computed beforehand.

The recorded operations are run again on a private copy of the graph, with another λ and other
weights, and differentiated by the engine's own sweep.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_reg.drawing.explorer.arrays import number
from tinygrad_reg.drawing.explorer.steps import (
    leaves_behind,
    reason_against,
    result_of,
    settings_behind,
    undivided,
)
from tinygrad_reg.drawing.picture import Node, Picture
from tinygrad_reg.drawing.symbols import PENALTIES, PENALTY_LETTERS, spelled
from tinygrad_reg.modes import switched
from tinygrad_reg.sweeps import ancestors, reverse, scalar_seed
from tinygrad_reg.tensor import ALIAS, Tensor, as_result, leaf, plain, rules

__all__ = ["Replay", "strengths_of"]

FACTORS = (0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)
STEPS = 50
LONGEST_NAME = 24
FEWEST_STEPS = 5  # fewer say nothing
LONGEST_STEP, SHORTEST_STEP = 1.0, 2.0**-40
BESIDE = 1e-30  # how far, times the gradient, beside a kink is
DECREASE = 0.5  # of what the gradient promises, that a step has to reach

# Work is counted in nanoseconds of an ordinary computer, so that it is the same on every computer.
LARGEST_WORK = 2_000_000_000  # of all steps together
LARGEST_WORK_HERE = 4_000_000_000  # of the gradients at the weights as they are
WORK_OF_AN_OPERATION = 12_000  # forward, backward and forward again
WORK_OF_AN_ENTRY = 6
WORK_OF_A_MULTIPLICATION = 0.5  # in a product of matrices

BY_FACTOR = "λ × factor"
CALLED_LAMBDA = ("λ", "lambd", "lambda_", "lam", "lmbda", "lmbd", "reg_lambda")

Weights = dict[Tensor, Any]
Seeds = list[tuple[Tensor, Any]]


class Replay:
    """A private copy of the graph behind a tensor, that can be computed again.

    `copies` are the tensors by their numbers, in the order of the computation; `penalties` those of
    them that are one, and `strengths` the λ of each. `knob` is the leaf that all strengths are made
    of, if there is one and no other.
    """

    def __init__(self, root: Tensor) -> None:
        self.copies: dict[int, Tensor] = {}
        constants: dict[int, Tensor] = {}  # copies of tensors without a graph, by `id`
        for tensor in ancestors([root], 0)[0]:
            if tensor.rule is ALIAS:  # what was computed with, whatever the leaf may be by now
                original = self.copies[tensor.number] = self.copies[tensor.args[0].number]
                if original.rule is None:
                    original.value = tensor.value
                continue
            copy = leaf(tensor.value, 2 * tensor.number, tensor.name)  # with room in between
            copy.rule, copy.kwargs = tensor.rule, tensor.kwargs
            copy.args = tuple(
                x
                if type(x) is not Tensor
                else self.copies[x.number]
                if x.number
                else constants.setdefault(id(x), leaf(x.value, 0, x.name))
                for x in tensor.args
            )
            self.copies[tensor.number] = copy
        self.root = self.copies[root.number]
        self.operations = [
            copy
            for i, copy in self.copies.items()
            if copy.rule is not None and copy.number == 2 * i
        ]
        self.penalties = [copy for copy in self.operations if copy.rule in PENALTIES]
        self.strengths = [copy.args[0] for copy in self.penalties]
        self.knob = knob_of(self.strengths)
        self.present = [plain(lambd) for lambd in self.strengths]
        self.scaled: dict[Tensor, Tensor] = {}  # λ × factor, by the penalty
        for penalty, lambd in zip(self.penalties, self.strengths, strict=True):
            if self.knob is None and type(lambd) is Tensor and lambd.number:
                self.scaled[penalty] = times = leaf(lambd.value, penalty.number - 1)
                times.rule, times.args = rules[np.multiply], (lambd, lambd.dtype.type(1))
                penalty.args = (times, *penalty.args[1:])
                self.operations.append(times)
        self.operations.sort(key=lambda copy: copy.number)

    def set_strengths(self, letter: str, value: float) -> None:
        """Move the slider: the leaf wherever it is used, or the strengths of all penalties."""
        if self.knob is not None:
            self.knob.value = np.full(self.knob.shape, value, self.knob.dtype)[()]
            return
        for penalty, lambd in zip(self.penalties, self.present, strict=True):
            if penalty in self.scaled:
                times = self.scaled[penalty]
                times.args = (times.args[0], times.dtype.type(value))
            else:
                penalty.args = (scaled(lambd, letter, value), *penalty.args[1:])

    def run(self, weights: Weights, penalized: bool = True) -> Any:
        """The value at the end with other weights, or with penalties of zero."""
        for tensor, value in weights.items():
            tensor.value = value
        penalties = set(self.penalties)
        for node in self.operations:
            is_left_out = node in penalties and not penalized
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

    def costs(self, weights: Weights, is_divided: bool) -> dict[str, Any]:
        """The value at the end; if it is a sum, what penalties add to it, and the rest."""
        if not is_divided:
            cost = np.ravel(self.run(weights))[0]
            return {"cost": number(cost), "data_cost": None, "penalty": None}
        data_cost = np.ravel(self.run(weights, penalized=False))[0]
        cost = np.ravel(self.run(weights))[0]
        added, own = cost - data_cost, sum(np.ravel(x.value)[0] for x in self.penalties)
        if math.isclose(own, added, rel_tol=1e-9, abs_tol=1e-9 * abs(cost)):
            added = own  # they are simply added, and their own values are rounded less
        return {"cost": number(cost), "data_cost": number(data_cost), "penalty": number(added)}


def knob_of(strengths: list[Any]) -> Tensor | None:
    """The leaf, a single number, that all strengths are made of; None if there are others too."""
    if not strengths or any(type(x) is not Tensor for x in strengths):
        return None
    behind = leaves_behind(strengths)
    found = behind | dict.fromkeys(x for x in strengths if not x.number)
    knob = next(iter(found))
    return knob if len(found) == 1 and knob.size == 1 and knob.dtype.kind == "f" else None


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


def descended(replay: Replay, weights: Weights, steps: int) -> Weights:
    """The weights after some gradient steps, each halved until the cost falls enough."""
    kinked = kinked_weights(replay)
    cost = replay.run(weights).item()
    length = LONGEST_STEP
    for _ in range(steps):
        slopes = slopes_at(replay, weights, kinked)
        while length > SHORTEST_STEP:
            tried = {x: stepped(w, length, slopes.get(x), x in kinked) for x, w in weights.items()}
            promised = sum(float(np.vdot(g, weights[x] - tried[x])) for x, g in slopes.items())
            if not promised > 0:  # nothing moves, or something is NaN
                return weights
            after = replay.run(tried).item()
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
    present = present_strength(replay)
    letter, values = scale_of(replay, present)
    nodes = parameters_of(picture, replay)
    settings, penalized = settings_behind(replay.penalties), penalized_leaves(replay)
    reason = undivided(picture)
    start = {x: x.value for x in nodes if x not in settings}
    shown = {x: node.key for x, node in nodes.items() if x in penalized and x in start}
    rows = []
    for factor in values:
        replay.set_strengths(letter, factor)
        here = replay.costs(start, reason is None)
        data, seeds = replay.through_data()
        penalty = swept(seeds)
        found = {
            key: gradients_here(x, data, penalty, reason is None, keep) for x, key in shown.items()
        }
        weights = descended(replay, start, steps)
        for x, key in shown.items():
            found[key] = {"weights": keep(weights[x])} | found[key]
        rows.append(replay.costs(weights, reason is None) | {"here": here, "nodes": found})
    names = [nodes[x].name or f"the parameter of shape {x.shape}" for x in start]
    moved = words_of_steps(letter, steps, names, bool(kinked_weights(replay)))
    said = [words_of_slider(replay, letter), reason, moved]
    return {
        "letter": letter,
        "values": values,
        "current": values.index(1 if letter == BY_FACTOR else present),
        "steps": steps,
        "words": " ".join(filter(None, said)),
        "rows": rows,
        "penalized": list(shown.values()),
    }


def gradients_here(
    tensor: Tensor, data: Weights, penalty: Weights, is_divided: bool, keep: Any
) -> dict[str, Any]:
    """The gradient of a weight as it is and, if they are told apart, both of its parts."""
    parts = (keep(zero_if_none(part.get(tensor), tensor)) for part in (data, penalty))
    through_data, through_penalty = parts if is_divided else (None, None)
    return {
        "gradient_here": keep(total_of(data.get(tensor), penalty.get(tensor))),
        "data_gradient_here": through_data,
        "penalty_gradient_here": through_penalty,
    }


def scale_of(replay: Replay, present: Any) -> tuple[str, list[Any]]:
    """What the slider moves, and its places: λ itself if it is one, else a factor for each λ."""
    lambds = [float(np.ravel(lambd)[0]) for lambd in replay.present]
    if replay.knob is None and (replay.scaled or len(set(lambds)) > 1):
        return BY_FACTOR, list(FACTORS)
    letter = "λ" if replay.knob is None else letter_of(replay.knob, replay.strengths)
    if not isinstance(present, int | float) or present == 0:
        return letter, sorted({present, *FACTORS}, key=float)
    around = sorted(float(f"{present * factor:.12g}") for factor in FACTORS if factor != 1)
    return letter, sorted([present, *around])


def letter_of(knob: Tensor, strengths: list[Any]) -> str:
    """What is written for the leaf behind all strengths: λ if it is λ itself, else its name."""
    is_lambda = all(x is knob for x in strengths)
    if is_lambda and (not knob.name or knob.name in CALLED_LAMBDA):
        return "λ"
    return spelled(knob.name, LONGEST_NAME) if knob.name else "the number behind λ"


def present_strength(replay: Replay) -> Any:
    """Where the slider stands in the computation as it is, as JSON has it."""
    lambd = replay.present[0] if replay.knob is None else replay.knob.value
    return number(np.ravel(lambd)[0])


def scaled(lambd: Any, letter: str, value: Any) -> Any:
    """The strength of a penalty at a place of the slider, of the dtype that it had."""
    strength = float(np.ravel(lambd)[0]) * value if letter == BY_FACTOR else value
    is_floating = isinstance(lambd, np.ndarray | np.generic) and lambd.dtype.kind == "f"
    return lambd.dtype.type(strength) if is_floating else float(strength)


def parameters_of(picture: Picture, replay: Replay) -> dict[Tensor, Node]:
    """The nodes of the leaves that have a gradient, by their copies, in the order of the copies."""
    nodes = {node.tensor.number: node for node in picture.nodes if node.tensor is not None}
    return {
        copy: nodes[number]
        for number, copy in replay.copies.items()
        if copy.rule is None and number in nodes
    }


def penalized_leaves(replay: Replay) -> dict[Tensor, None]:
    """The leaves that penalties are taken of, as they stand or through other operations."""
    weights: list[Tensor] = []
    for penalty in replay.penalties:
        assert penalty.rule is not None
        count = len(PENALTY_LETTERS[penalty.rule])
        weights += [x for x in penalty.args[count:] if type(x) is Tensor]
    return leaves_behind(weights)


def used_elsewhere(replay: Replay) -> list[str]:
    """The names of what strengths were made of, and that is used for something else too."""
    behind = ancestors([x for x in replay.strengths if type(x) is Tensor], 0)[0]
    made_of = dict.fromkeys([*behind, *(x for x in replay.strengths if type(x) is Tensor)])
    scaled = set(replay.scaled.values())
    used = {
        x
        for node in replay.operations
        if node not in made_of and node not in scaled
        for x in node.args[node.rule in PENALTIES :]
        if type(x) is Tensor
    }
    return [x.name or "a λ" for x in made_of if x in used]


def total_of(data: Any, penalty: Any) -> Any:
    """Both parts of a gradient together, or the one that there is."""
    return penalty if data is None else data if penalty is None else data + penalty


def zero_if_none(gradient: Any, tensor: Tensor) -> Any:
    """A gradient, or a zero where none arrives."""
    return np.zeros(tensor.shape, tensor.dtype) if gradient is None else gradient


def words_of_slider(replay: Replay, letter: str) -> str:
    """What the slider moves, and what stays."""
    if replay.knob is not None:
        name = spelled(replay.knob.name or "", LONGEST_NAME)
        called = f" (called {name})" if name not in ("", letter) else ""
        is_lambda = all(x is replay.knob for x in replay.strengths)
        made = "" if is_lambda else ", of which the penalties' λ is made,"
        moved = f"The slider moves {letter}{called}{made} wherever it is used"
        return f"{moved}, on the branches of the code that were taken here."
    others = [spelled(name, LONGEST_NAME) for name in used_elsewhere(replay)]
    stay = f"other uses of {', '.join(others[:4])} stay as they are" if others else ""
    if letter == BY_FACTOR:
        moved = "Every penalty's λ is multiplied by the factor"
        return f"{moved}; {stay}." if stay else f"{moved}."
    stay = stay or "the same number elsewhere in the code stays"
    return f"The slider moves the λ of every penalty; {stay}."


def words_of_steps(letter: str, steps: int, names: list[str], has_kinks: bool) -> str:
    """How the weights were moved for every place of the slider, so that one could do it again."""
    if not steps:
        return (
            "A gradient step through this graph takes long, so none was taken: the weights stay as "
            "they are."
        )
    moved = ", ".join(spelled(name, LONGEST_NAME) for name in names[:4]) + (
        f" and {len(names) - 4} more" if len(names) > 4 else ""
    )
    each = "factor" if letter == BY_FACTOR else letter
    kinks = " A weight that would cross a kink at zero stops there." if has_kinks else ""
    return (
        f"For each {each} the engine took {steps} gradient steps from these weights, on {moved}. "
        "The first step has length 1 (the weights minus 1 times their gradient). A step is halved "
        "until the cost falls by at least half of what the gradient promises; the next one is "
        f"twice as long again, but never longer than 1.{kinks}"
    )
