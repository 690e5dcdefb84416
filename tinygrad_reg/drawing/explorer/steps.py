"""A computation one step at a time: forward as it was written, then backward by the chain rule.

The engine's own sweep is taken one operation at a time, and every argument stands for itself, so
that each contribution is seen apart: `x * x` makes two. Contributions are added in the order in
which the engine adds them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from tinygrad_reg.derivatives.shapes import concatenated, stacked
from tinygrad_reg.drawing.picture import Node, Picture
from tinygrad_reg.drawing.symbols import PENALTIES, PENALTY_LETTERS, symbol_of
from tinygrad_reg.modes import switched
from tinygrad_reg.sweeps import ancestors, reverse, scalar_seed
from tinygrad_reg.tensor import ALIAS, Tensor, leaf, rules

__all__ = [
    "Flow",
    "Walk",
    "forward_order",
    "is_penalty",
    "result_of",
    "settings_behind",
    "undivided",
    "values_used",
    "walk",
]

# Through these a penalty is still added to the rest: sums, and what only moves entries.
SUMS = {
    rules[op]
    for op in (
        np.add, np.subtract, np.negative, np.positive, np.sum, np.mean, np.reshape, np.transpose,
        operator.getitem, concatenated, stacked,
    )
}  # fmt: skip
SCALED = {rules[np.multiply]: (0, 1), rules[np.divide]: (0,)}  # which argument, by a constant

Step = dict[str, Any]
Keep = Callable[[Any], Any]


class Flow(NamedTuple):
    """∂J/∂(a value), and the parts of it that come through the data term and through penalties.

    Both parts are None where no penalty's gradient arrives.
    """

    total: Any
    data: Any = None
    penalty: Any = None

    def __add__(self, other: Flow) -> Flow:  # type: ignore[override]
        """Where two contributions arrive, they add up: the whole and each part."""
        total = self.total + other.total
        if self.penalty is None and other.penalty is None:
            return Flow(total)
        one, two = self.apart(), other.apart()
        return Flow(total, one.data + two.data, one.penalty + two.penalty)

    def apart(self) -> Flow:
        """The same with its parts, if need be a zero."""
        if self.penalty is not None:
            return self
        return Flow(self.total, self.total, np.zeros_like(self.total))


@dataclass(slots=True)
class Walk:
    """All steps, the gradients that they lead to, and why there are none backward.

    Attributes
    ----------
    steps : list of dict
        As the page reads them, with what `keep` made of each array.
    flows : dict
        The gradient of every node that one arrives at, by its key.
    no_backward : str or None
        Why nothing is differentiated.
    undivided : str or None
        Why gradients are not told apart into the data term's part and the penalties'.
    """

    steps: list[Step] = field(default_factory=list)
    flows: dict[str, Flow] = field(default_factory=dict)
    no_backward: str | None = None
    undivided: str | None = None


def walk(picture: Picture, keep: Keep = lambda array: array) -> Walk:
    """Walk through a picture's computation forward and, if it ends in a single number, backward.

    `keep` is given every array of the steps, and what it returns stands in its place.
    """
    walked = Walk([{"kind": "forward", "node": node.key} for node in forward_order(picture)])
    walked.no_backward = reason_against(picture)
    if walked.no_backward is not None:
        return walked
    try:
        # An anomaly is what the page is for, and nothing of this belongs into the user's graph.
        with switched(watching=False, recording=False, scopes=None, tracer=None):
            walked.undivided = undivided(picture)
            backward = list(backward_steps(picture, keep, walked.flows, not walked.undivided))
    except Exception as error:
        walked.flows.clear()
        walked.undivided = None
        walked.no_backward = f"The reverse sweep failed: {type(error).__name__}: {error}"
    else:
        walked.steps += backward
    return walked


# -- forward ---------------------------------------------------------------------------------------


def forward_order(picture: Picture) -> list[Node]:
    """Every node in the order of the computation; leaves just before their first use."""
    by_key = {node.key: node for node in picture.nodes}
    tails: dict[str, list[str]] = {}
    for edge in picture.edges:
        tails.setdefault(edge.head, []).append(edge.tail)
    order: dict[str, Node] = {}
    for node in sorted(filter(is_operation, picture.nodes), key=number_of):
        for key in tails.get(node.key, ()):
            if not is_operation(by_key[key]):
                order.setdefault(key, by_key[key])
        order[node.key] = node
    for node in picture.nodes:
        order.setdefault(node.key, node)
    return list(order.values())


def is_penalty(node: Node) -> bool:
    """Whether a node is a penalty, whatever else it may be."""
    return node.tensor is not None and node.tensor.rule in PENALTIES


def is_operation(node: Node) -> bool:
    """Whether a node was computed from others."""
    return node.tensor is not None and node.tensor.rule is not None


def number_of(node: Node) -> int:
    """When the value of a node was computed."""
    return node.tensor.number if node.tensor is not None else 0


def values_used(picture: Picture) -> dict[str, Any]:
    """The value that each node had in the computation, by its key; a leaf may have others now."""
    tensors = [node.tensor for node in picture.nodes if node.tensor is not None]
    used = {id(x.args[0]): x.value for x in ancestors(tensors, 0)[0] if x.rule is ALIAS}
    return {
        node.key: node.value
        if node.tensor is None
        else used.get(id(node.tensor), node.tensor.value)
        for node in picture.nodes
    }


# -- backward --------------------------------------------------------------------------------------


def result_of(picture: Picture) -> Node | None:
    """The node that the picture is of; None if it is of several.

    Of a function's value and its gradient, the value.
    """
    used = {edge.tail for edge in picture.edges}
    results = [node for node in picture.nodes if node.role == "output"]
    results = results or [node for node in picture.nodes if node.key not in used]
    if len(results) > 1:
        results = [node for node in results if node.part == picture.nodes[0].part]
    return results[0] if len(results) == 1 else None


def reason_against(picture: Picture) -> str | None:
    """Why there is no reverse sweep; None if there is one."""
    result = result_of(picture)
    if result is None:
        return "There are several results. The reverse sweep starts from one, such as a loss."
    if result.tensor is None or not result.tensor.number:
        return (
            "The result has no graph, so there is nothing to differentiate: nothing that it was "
            "made from has requires_grad=True."
        )
    if result.tensor.rule is None:
        return "This is a leaf: no operation has made it, so there is nothing to walk back through."
    if result.tensor.size != 1:
        return (
            f"The result has shape {result.shape}. The reverse sweep starts from a single number, "
            "such as a loss: take np.sum or np.mean of it."
        )
    return None


def undivided(picture: Picture) -> str | None:
    """Why the result is not a data term plus penalties, in words; None if it is, or has no penalty.

    Only then is the rest of it a cost of its own, whose gradient is the rest of the gradient.
    """
    result = result_of(picture)
    culprit = None if result is None or result.tensor is None else obstacle(result.tensor)
    if culprit is None:
        return None
    through = symbol_of(culprit.rule, "" if culprit.rule is None else culprit.rule.name, ["", ""])
    return (
        f"A penalty is not simply added to the rest (it goes through {through}), so cost and "
        "gradients are not told apart into a data term and a penalty."
    )


def obstacle(root: Tensor) -> Tensor | None:
    """The first operation through which a penalty is more than added to the rest."""
    carrying: set[int] = set()  # numbers of what a penalty has entered
    for tensor in ancestors([root], 0)[0]:
        entered = [x.number in carrying if type(x) is Tensor else False for x in tensor.args]
        if any(entered) and not adds_up(tensor, entered):
            return tensor
        if any(entered) or tensor.rule in PENALTIES:
            carrying.add(tensor.number)
    return None


def adds_up(tensor: Tensor, entered: list[bool]) -> bool:
    """Whether an operation is a sum of its arguments, or a constant times the one marked."""
    if tensor.rule in SUMS:
        return True
    if tensor.rule not in SCALED:
        return False
    changing = [i for i, x in enumerate(tensor.args) if type(x) is Tensor and x.number]
    return len(changing) == 1 and changing[0] in SCALED[tensor.rule] and entered[changing[0]]


def settings_behind(penalties: list[Tensor]) -> dict[Tensor, str]:
    """The leaves that λ, m and other settings of penalties were made from, and which of them.

    One that weights were made from too is a setting only where it is one as it stands.
    """
    found: dict[Tensor, str] = {}
    weights = [
        x
        for penalty in penalties
        for x in penalty.args[len(letters_of(penalty)) :]
        if type(x) is Tensor
    ]
    penalized = leaves_behind(weights)
    for letter in ("λ", "m", "r"):
        given = [
            penalty.args[letters_of(penalty).index(letter)]
            for penalty in penalties
            if letter in letters_of(penalty)
        ]
        tensors = [x.args[0] if x.rule is ALIAS else x for x in given if type(x) is Tensor]
        direct = set(tensors)
        for x in leaves_behind(tensors):
            if x in direct or x not in penalized:
                found.setdefault(x, letter)
    return found


def letters_of(penalty: Tensor) -> tuple[str, ...]:
    """The settings of a penalty, which are its first arguments."""
    assert penalty.rule is not None
    return PENALTY_LETTERS[penalty.rule]


def leaves_behind(tensors: list[Tensor]) -> dict[Tensor, None]:
    """The leaves that some tensors were made from, in the order of their numbers."""
    return dict.fromkeys(x for x in ancestors(tensors, 0)[0] if x.rule is None)


def backward_steps(
    picture: Picture, keep: Keep, flows: dict[str, Flow], apart: bool
) -> Iterator[Step]:
    """The reverse sweep by falling number, with the sums and the contributions of every node.

    `apart` tells apart what comes through the data term and what through penalties.
    """
    result = result_of(picture)
    assert result is not None
    assert result.tensor is not None
    root = result.tensor
    settings = settings_behind([x for x in ancestors([root], 0)[0] if x.rule in PENALTIES])
    nodes = {id(node.tensor): node for node in picture.nodes if node.tensor is not None}
    edges = {(edge.head, edge.argument): i for i, edge in enumerate(picture.edges)}
    tails = [edge.tail for edge in picture.edges]
    parts: dict[str, list[tuple[int, Any]]] = {}  # what has arrived where, by which edge
    pending = {root.number: Flow(scalar_seed(root, "explore"))}
    yield {"kind": "seed", "node": result.key, "cotangent": keep(pending[root.number].total)}
    for tensor in reversed(ancestors([root], 0)[0]):
        flow = pending.pop(tensor.number, None)
        if flow is None:
            continue
        node = nodes.get(id(tensor))
        if node is not None:
            flows[node.key] = flow
            cotangent = keep(flow.total)
            arrived = [{"edge": i, "contribution": kept} for i, kept in parts.pop(node.key, ())]
            if len(arrived) > 1:
                yield {"kind": "sum", "node": node.key, "parts": arrived, "total": cotangent}
            if tensor.rule is None:
                yield {
                    "kind": "leaf", "node": node.key, "cotangent": cotangent,
                    "setting": settings.get(tensor),
                }  # fmt: skip
        contributions = []
        for position, contribution in contributions_of(tensor, flow, apart):
            x = tensor.args[position]
            earlier = pending.get(x.number)
            pending[x.number] = contribution if earlier is None else earlier + contribution
            edge = None if node is None else edges.get((node.key, position))
            if edge is not None:
                kept = keep(contribution.total)
                data = None if contribution.data is None else keep(contribution.data)
                contributions.append({"edge": edge, "contribution": kept, "data": data})
                parts.setdefault(tails[edge], []).append((edge, kept))
        if node is not None and tensor.rule is not None:
            yield {
                "kind": "backward", "node": node.key, "cotangent": cotangent,
                "contributions": contributions,
            }  # fmt: skip


def contributions_of(tensor: Tensor, flow: Flow, apart: bool) -> list[tuple[int, Flow]]:
    """What an operation hands to each of its arguments that need a gradient, by position."""
    if tensor.rule is None:
        return []
    if tensor.rule is ALIAS:
        return [(0, flow)]
    totals = pulled(tensor, flow.total)
    if apart and tensor.rule in PENALTIES:
        return [(i, Flow(total, np.zeros_like(total), total)) for i, total in totals]
    if flow.penalty is None:
        return [(i, Flow(total)) for i, total in totals]
    data, penalties = pulled(tensor, flow.data), pulled(tensor, flow.penalty)
    return [
        (i, Flow(total, part, penalty))
        for (i, total), (_, part), (_, penalty) in zip(totals, data, penalties, strict=True)
    ]


def pulled(tensor: Tensor, cotangent: Any) -> list[tuple[int, Any]]:
    """The engine's sweep over a single operation, whose arguments are leaves of their own."""
    copies = [
        leaf(x.value, position) if type(x) is Tensor and x.number else x
        for position, x in enumerate(tensor.args, 1)
    ]
    alone = leaf(tensor.value, len(copies) + 1)
    alone.rule, alone.args, alone.kwargs = tensor.rule, tuple(copies), tensor.kwargs
    found = reverse([(alone, cotangent)])
    return [
        (i, found[copy]) for i, copy in enumerate(copies) if type(copy) is Tensor and copy in found
    ]
