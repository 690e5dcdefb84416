"""All that the page shows, as one dictionary for JSON. It is the page's only source."""

from __future__ import annotations

import linecache
from collections import Counter
from functools import cache
from itertools import chain
from pathlib import PurePath
from typing import Any

from tinygrad_reg.derivatives.listing import Line, name_of, of_rule
from tinygrad_reg.drawing.explorer.arrays import Arrays
from tinygrad_reg.drawing.explorer.layout import group_box, layouts_of, node_box
from tinygrad_reg.drawing.explorer.steps import Flow, Walk, is_penalty, result_of, values_used, walk
from tinygrad_reg.drawing.explorer.strengths import strengths_of
from tinygrad_reg.drawing.folding import opened_as_fits
from tinygrad_reg.drawing.mathematics import (
    NamesOfPicture,
    edge_text,
    forward_text,
    kinks_of,
    rule_of_argument,
    words,
)
from tinygrad_reg.drawing.picture import Edge, Group, Node, Picture
from tinygrad_reg.drawing.symbols import spelled
from tinygrad_reg.tensor import Rule, Tensor, rules

__all__ = ["data_of"]

LETTERS = ("J", "L", "cost", "result")  # of what has no name of its own
MOST_OPEN = 60  # boxes that are seen at first
MOST_STATED = 4000  # arguments up to which every rule is shown with its numbers
BRIEFLY = "The graph is large: rules are shown without numbers."

Data = dict[str, Any]


def data_of(picture: Picture, called: str | None = None) -> Data:
    """Everything about a picture's computation, as the page reads it.

    `called` is the name of the function that it is of.

    Raises
    ------
    NoRendererError
        If there is no Graphviz, by which boxes are laid out.
    """
    arrays = Arrays()
    walked = walk(picture, arrays.add)
    values = values_used(picture)
    boxes = {node.key: node_box(node) for node in picture.nodes}
    boxes |= {group.key: group_box(group) for group in picture.groups}
    opened = open_groups(picture)
    title = title_of(picture, called)
    said = Sayings(picture, walked, arrays, title)
    data = {
        "title": title,
        "notice": None,
        "no_backward": walked.no_backward,
        "nodes": [
            described(node)
            | {"value": arrays.add(values[node.key])}
            | gradients(walked.flows.get(node.key), arrays)
            | said.about(node)
            | {"box": boxes[node.key]}
            for node in picture.nodes
        ],
        "edges": edges_of(picture, said),
        "groups": [grouped(group, group.key in opened, boxes) for group in picture.groups],
        "layouts": layouts_of(picture, boxes),
        "steps": walked.steps,
        "strengths": strengths_of(picture, arrays.add),
    }
    data["arrays"], about_arrays = arrays.finished()
    notices = [BRIEFLY if said.is_brief else None, walked.undivided, about_arrays]
    data["notice"] = " ".join(filter(None, notices)) or None
    return data


# -- nodes, edges, groups --------------------------------------------------------------------------


def title_of(picture: Picture, called: str | None = None) -> str:
    """What the page is called, and what is differentiated, by a name that no other value has.

    The name of the result, else that of the function whose value it is, else J.
    """
    result = result_of(picture)
    taken = {spelled(node.name) for node in picture.nodes if node.name and node is not result}
    named = [] if result is None or not result.name else [spelled(result.name)]
    if called and (result is None or result.part == "forward"):
        named.append(spelled(called))
    numbered = (f"J{i}" for i in range(1, len(taken) + 2))
    return next(name for name in chain(named, LETTERS, numbered) if name not in taken)


def described(node: Node) -> Data:
    """A node without its numbers."""
    return {
        "key": node.key,
        "role": node.role,
        "symbol": spelled(node.symbol),
        "options": spelled(", ".join(node.options)),
        "name": spelled(node.name) if node.name else None,
        "shape": list(node.shape),
        "dtype": node.dtype,
        "group": node.group,
        "place": place_of(node),
    }


def place_of(node: Node) -> Data | None:
    """The line that made a value, with the name of its file but not of the folders around it."""
    if node.place is None:
        return None
    path, line = node.place
    source = linecache.getline(path, line).strip()
    file = PurePath(path)
    in_notebook = file.parent.name.startswith("ipykernel_")  # a cell has a file that nobody sees
    return {
        "file": "this cell" if in_notebook else file.name,
        "line": line,
        "source": spelled(source, 200),
    }


def gradients(flow: Flow | None, arrays: Arrays) -> Data:
    """The gradient of a node, and its parts where a penalty's arrives."""
    total, data, penalty = map(arrays.add, flow if flow is not None else (None, None, None))
    return {"gradient": total, "data_gradient": data, "penalty_gradient": penalty}


def edges_of(picture: Picture, said: Sayings) -> list[Data]:
    """All edges; those that lead to a penalty or away from one say so."""
    penalties = {node.key for node in picture.nodes if is_penalty(node)}
    return [
        {
            "tail": edge.tail,
            "head": edge.head,
            "place": edge.place,
            "local": spelled(edge.local or said.local_of(edge)),
            "penalty": edge.head in penalties or edge.tail in penalties,
        }
        for edge in picture.edges
    ]


def grouped(group: Group, is_open: bool, boxes: dict[str, Any]) -> Data:
    """A group, and its box when it is folded."""
    return {
        "key": group.key,
        "parent": group.parent,
        "title": spelled(group.title),
        "kind": group.kind,
        "formula": spelled(group.formula),
        "count": group.count,
        "open": is_open,
        "box": boxes[group.key],
    }


def open_groups(picture: Picture) -> set[str]:
    """The groups that are open at first: all of them in a small picture, else as many as fit."""
    if len(picture.nodes) <= MOST_OPEN:
        return {group.key for group in picture.groups}
    return opened_as_fits(picture, set(), MOST_OPEN)


# -- what is said of an operation ------------------------------------------------------------------


class Sayings:
    """What is said of the nodes of a picture, by the names that they have there."""

    def __init__(self, picture: Picture, walked: Walk, arrays: Arrays, title: str) -> None:
        self.flows = walked.flows
        self.arrays = arrays
        self.edges: dict[str, list[Edge]] = {}
        names: dict[int, str] = {}  # `id` of a tensor, or of a copy that stands for it
        self.arriving: Counter[str] = Counter()  # contributions, by the key of a node
        self.result = title
        self.is_brief = len(picture.edges) > MOST_STATED
        self.nodes = {node.key: node for node in picture.nodes}
        for node in picture.nodes:
            if node.name:
                names[id(node.tensor)] = node.name
        for edge in picture.edges:
            self.edges.setdefault(edge.head, []).append(edge)
            head, name = self.nodes[edge.head], self.nodes[edge.tail].name
            if head.tensor is not None and name:
                names[id(head.tensor.args[edge.argument])] = name
            if edge.head in self.flows:
                self.arriving[edge.tail] += 1
        self.called = NamesOfPicture(lambda tensor: names.get(id(tensor)), names.values())

    def about(self, node: Node) -> Data:
        """The title, the rule and the kinks of a node."""
        if node.tensor is None:
            title = node.name or " ".join((node.symbol, *node.options))
            return {"title": spelled(title), "rule": None, "kinks": [], "more_kinks": 0}
        title = spelled(forward_text(node.tensor, self.called), 120)
        if node.tensor.rule is None:
            return {"title": title, "rule": None, "kinks": [], "more_kinks": 0}
        found, number = kinks_of(node.tensor, self.called)
        return {
            "title": title,
            "rule": self.rule_of(node.key, node.tensor, node.tensor.rule),
            "kinks": [{"entry": list(kink.entry), "text": kink.text} for kink in found],
            "more_kinks": number - len(found),
        }

    def rule_of(self, key: str, tensor: Tensor, rule: Rule) -> Data:
        """The rule of an operation, for each argument through which a gradient goes."""
        line = line_of(rule)
        return {
            "operation": spelled(line.operation),
            "form": line.form,
            "words": "" if self.is_brief else words(tensor, self.called),
            "arguments": [
                self.argument_of(tensor, edge, self.flows[key].total)
                for edge in self.edges.get(key, ())
                if key in self.flows and edge.tail in self.flows
            ],
        }

    def argument_of(self, tensor: Tensor, edge: Edge, cotangent: Any) -> Data:
        """What the rule says of one argument."""
        said = {"node": edge.tail, "position": edge.argument}
        statement = rule_of_argument(
            tensor, edge.argument, self.called, cotangent=None if self.is_brief else cotangent,
            of=self.result, adds=self.arriving[edge.tail] > 1,
        )  # fmt: skip
        return said | {
            "written": statement.written,
            "formula": statement.formula,
            "numbers": statement.numbers,
            "entry": None if statement.entry is None else list(statement.entry),
            "local": None if self.is_brief else self.arrays.add(statement.local),
        }

    def local_of(self, edge: Edge) -> str:
        """The local derivative in short, if it is short; only of edges that a gradient passes."""
        tensor = self.nodes[edge.head].tensor
        if self.is_brief or tensor is None or not {edge.head, edge.tail} <= self.flows.keys():
            return ""
        return edge_text(tensor, edge.argument, self.called)


@cache
def line_of(rule: Rule) -> Line:
    """The line of the derivative table that an operation was differentiated by."""
    names = (name_of(op) for op, known in rules.items() if known is rule)
    return of_rule(next(filter(None, names), rule.name), rule)
