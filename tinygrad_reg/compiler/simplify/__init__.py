"""Graphs as a person would simplify them, to be read or to be fast.

One walk over the graph, each node after its operands. A node is replaced for as long as one of the
rules of its operation applies (see `rules`); then it is the same node as an earlier one that makes
the same call with the same operands. What no result needs is gone in the end.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_reg.compiler.graph import Graph, Node, ancestors, inherit, mapped, operands
from tinygrad_reg.compiler.simplify.building import DifferentError, Rule, reshaped
from tinygrad_reg.compiler.simplify.constants import folded
from tinygrad_reg.compiler.simplify.reductions import twin
from tinygrad_reg.compiler.simplify.rules import rules_for
from tinygrad_reg.compiler.simplify.wording import fraction
from tinygrad_reg.transforms import young_generation

__all__ = ["simplify"]

ENOUGH = 100  # replacements of one node


def simplify(graph: Graph, reading: bool) -> Graph:
    """A graph that computes the same in fewer steps.

    Values are the same up to rounding (and the sign of zeros), shapes and dtypes are the same.
    Inputs are the same nodes, also those that are not used any more; other nodes are new.

    Parameters
    ----------
    graph : Graph
        What was traced; it does not change.
    reading : bool
        True for a program to read: what has a name stays a line of its own, named numbers and
        formulas stay, and so does how the learner wrote the forward pass. False for a program to
        run: formulas become what they are made of, known numbers are computed beforehand, and
        operations give way to faster ones.
    """
    with young_generation:
        once = Walk(reading).over(graph)
        return Walk(reading, uses_of(once)).over(once)


def uses_of(graph: Graph) -> dict[int, int]:
    """How many operations and outputs use a node, by `id`."""
    uses: dict[int, int] = {}
    for node in graph.outputs:
        uses[id(node)] = uses.get(id(node), 0) + 1
    for node in graph.nodes():
        for x in operands(node):
            uses[id(x)] = uses.get(id(x), 0) + 1
    return uses


# The name, while a walk knows how often nodes are used, of what is used more than once: `inside`
# takes it for a line of its own.
SHARED = ["used more than once"]
# Reductions of which the program may have the one with the axes kept, and the one without.
TWINS = {np.sum, np.max, np.min}
# What costs next to nothing.
FREE = {np.transpose, np.reshape, np.broadcast_to, np.swapaxes}


class Walk:
    """One walk over a graph.

    Some rules do harm where an operand is needed for something else as well, which is known of a
    graph without common subexpressions: the first walk makes one, the second one has `uses`.
    """

    def __init__(self, reading: bool, uses: dict[int, int] | None = None) -> None:
        self.reading = reading
        self.uses = uses
        self.now: dict[int, Node] = {}  # id of a node of the graph -> the node it has become
        self.done: dict[int, Node] = {}  # id -> a node that is as simple as it gets
        self.calls: dict[Any, Node] = {}  # key of a call -> its node
        self.names: dict[int, list[str]] = {}  # id of a node -> names that are set aside
        self.same: set[int] = set()  # ids of nodes that are as they were
        self.literals: set[float] = set()  # numbers of the forward pass
        self.arrays: dict[Any, list[tuple[Any, Node]]] = {}  # constants by some of their entries

    def over(self, graph: Graph) -> Graph:
        """The graph that this walk makes of another one."""
        nodes = ancestors(sorted(graph.nodes(), key=lambda node: node.number))
        for node in graph.inputs:
            self.now[id(node)] = self.done[id(node)] = node
            self.same.add(id(node))
        if self.reading:
            self.literals = literals_of(nodes)
        for node in nodes:
            if id(node) not in self.now:
                self.visit(node)
        self.finish(graph)
        return Graph(
            graph.inputs,
            [self.now[id(node)] for node in graph.outputs],
            [guard for guard in self.guards(graph) if not always_holds(*guard)],
            graph.name,
        )

    def guards(self, graph: Graph) -> list[tuple[Node, bool]]:
        """The conditions that the program relies on, each once."""
        found = {
            id(self.now[id(node)]): (self.now[id(node)], truth) for node, truth in graph.guards
        }
        return list(found.values())

    def visit(self, node: Node) -> None:
        """Simplify a node of the graph."""
        if node.body is not None and not self.reading:
            simple = self.expanded(node)
        else:
            simple = self.settled(self.copied(node, self.now), self.is_tried(node))
        if node.names and not self.reading:
            self.names.setdefault(id(simple), node.names)
        self.now[id(node)] = simple

    def copied(self, node: Node, now: dict[int, Node]) -> Node:
        """A node with simplified operands."""
        args = mapped(lambda x: now[id(x)], node.args)
        kwargs = {key: mapped(lambda x: now[id(x)], x) for key, x in node.kwargs.items()}
        copy = Node(
            node.kind, node.value, node.op, args, kwargs,
            shape=node.shape, dtype=node.dtype, weak=node.weak,
        )  # fmt: skip
        copy.body = node.body
        inherit(copy, node)
        if not self.reading:
            copy.names = []
        if not copy.names and self.is_shared(node):
            copy.names = SHARED
        return copy

    def is_shared(self, node: Node) -> bool:
        """Whether a node is known to have more than one use that would have to compute it."""
        if self.uses is None or not node.shape or node.op in FREE:
            return False
        return self.uses.get(id(node), 0) > 1

    def expanded(self, node: Node) -> Node:
        """The formula of a node with its operands in the place of the parameters."""
        assert node.body is not None
        parameters, result = node.body
        given = [self.now[id(x)] for x in operands(node)]
        now = {id(x): y for x, y in zip(parameters, given, strict=True)}
        for x in ancestors([result]):
            if id(x) not in now:
                copy = self.copied(x, now)
                copy.phase, copy.penalty, copy.place = node.phase, node.penalty, node.place
                now[id(x)] = self.settled(copy)
        return now[id(result)]

    def settled(self, node: Node, tried_before: bool = False) -> Node:
        """What a node with simplified operands becomes."""
        if node.kind == "number" and self.reading and node.value not in self.literals:
            node = self.settled_fraction(node)
        before, first = node, key_of(node)
        key = first
        for _ in range(ENOUGH):
            if node.kind != "operation" or key in self.calls:
                break
            new = self.replaced(node, tried_before and node is before)
            if new is None:
                break
            if id(new) in self.done:
                self.take_over(new, node)
                node = new
                break
            node = inherit(new, node)
            self.settle_operands(node)
            key = key_of(node)
        if id(node) not in self.done:
            node = self.shared(self.known(node), key)
            if node is before:
                self.same.add(id(node))
        if first is not None:
            self.calls[first] = node
        return node

    def known(self, node: Node) -> Node:
        """A node, or what the program knows under another key."""
        if node.kind == "constant":
            return self.same_array(node.value, node)
        if node.op is np.transpose and node.args[0].kind == "constant" and len(node.args) == 1:
            return self.same_array(node.args[0].value.T, node)
        if node.op in TWINS and not self.reading and self.uses is None:
            return self.by_twin(node)
        return node

    def by_twin(self, node: Node) -> Node:
        """A sum as the reshaped sum that the program has anyway."""
        other = twin(node)
        earlier = None if other is None else self.calls.get(key_of(other))
        if earlier is None:
            return node
        new = inherit(reshaped(earlier, node.shape), node)
        return self.calls.get(key_of(new), new)

    def same_array(self, array: Any, node: Node) -> Node:
        """A constant, or the earlier one (or its transpose) of the same entries."""
        if not array.size:
            return node
        some = [repr(array.flat[i]) for i in (0, array.size // 2, -1)]
        known = self.arrays.setdefault((array.shape, array.dtype, *some), [])
        for earlier_array, earlier in known:
            if same_entries(array, earlier_array) and (not node.names or node.kind == "operation"):
                return earlier
        known.append((array, node))
        return node

    def settled_fraction(self, node: Node) -> Node:
        """A number as the fraction that it came from, if it did."""
        new = applied(fraction, node)
        if new is None:
            return node
        inherit(new, node)
        self.settle_operands(new)
        return new

    def is_tried(self, node: Node) -> bool:
        """Whether the first walk has tried its rules on a node with the operands it has now."""
        if self.uses is None:
            return False
        return all(id(self.now[id(x)]) in self.same for x in operands(node))

    def replaced(self, node: Node, tried_before: bool) -> Node | None:
        """What the first rule that applies makes of a node."""
        new = None if tried_before else folded(node, self.reading)
        if new is not None:
            return new
        for rule in rules_for(node, self.reading, self.uses is not None, tried_before):
            new = applied(rule, node)
            if new is not None:
                return new
        return None

    def settle_operands(self, node: Node) -> None:
        """Simplify what a rule has made for a node to work on."""

        def settle(x: Node) -> Node:
            if id(x) in self.done:
                return x
            x.phase, x.penalty, x.place = node.phase, node.penalty, node.place
            x.number = node.number
            self.settle_operands(x)
            return self.settled(x)

        node.args = mapped(settle, node.args)
        node.kwargs = {key: mapped(settle, x) for key, x in node.kwargs.items()}

    def shared(self, node: Node, key: Any) -> Node:
        """A node, or the earlier one that is the same."""
        earlier = node if key is None else self.calls.setdefault(key, node)
        if earlier is not node:
            self.take_over(earlier, node)
        self.done[id(earlier)] = earlier
        return earlier

    def take_over(self, simple: Node, node: Node) -> None:
        """Let a node that stands for another one as well be called like it, if it has no name."""
        if simple.kind != "operation":
            return
        if not simple.names or simple.names is SHARED:
            if simple.derivative_of is None and simple.phase != "forward":
                simple.derivative_of = node.derivative_of
            simple.names = node.names or simple.names

    def finish(self, graph: Graph) -> None:
        """Let derivatives be those of nodes of the new graph, and give names back."""
        before = {id(node): node for node in graph.inputs}
        for node in self.done.values():
            if node.names is SHARED:
                node.names = []
            if node.derivative_of is not None:
                relation, x = node.derivative_of
                simple = self.now.get(id(x))
                if simple is not None and simple.number == x.number:
                    node.derivative_of = relation, simple
            if id(node) in self.names and id(node) not in before:
                node.names = self.names[id(node)]


def always_holds(condition: Node, truth: bool) -> bool:
    """Whether a condition does not depend on any input."""
    return condition.kind == "number" and bool(condition.value) == truth


def literals_of(nodes: list[Node]) -> set[float]:
    """The known numbers that the forward pass computes with."""
    return {
        x.value
        for node in nodes
        if node.kind == "operation" and node.phase == "forward"
        for x in operands(node)
        if x.kind == "number"
    }


def same_entries(one: Any, two: Any) -> bool:
    """Whether two arrays of one shape and dtype are the same, also in the signs of zeros."""
    return np.array_equal(one, two) and np.array_equal(np.signbit(one), np.signbit(two))


def applied(rule: Rule, node: Node) -> Node | None:
    """What a rule makes of a node; None also for what is of another shape or dtype."""
    try:
        new = rule(node)
    except DifferentError:
        return None
    if new is None or new.shape != node.shape or new.dtype != node.dtype or new.weak != node.weak:
        return None
    return new


def key_of(node: Node) -> Any:
    """What equal nodes have in common; None for what is never the same."""
    if node.kind == "operation":
        try:
            key = (node.op, frozen(node.args), frozen_keywords(node.kwargs), node.weak)
            hash(key)
        except TypeError:
            return None
        return key
    if node.kind == "number":
        return type(node.value), repr(node.value), *node.names[:1]
    return None


def frozen_keywords(kwargs: dict[str, Any]) -> Any:
    """Keyword arguments in an order that does not depend on the call."""
    return tuple([(key, frozen(kwargs[key])) for key in sorted(kwargs)]) if kwargs else ()


def frozen(x: Any) -> Any:
    """An argument as a key: nodes by identity, 1 and 1.0 and True are different."""
    if type(x) is Node:
        return id(x)
    if isinstance(x, tuple | list):
        return type(x), *[frozen(entry) for entry in x]
    if isinstance(x, slice):
        return slice, frozen(x.start), frozen(x.stop), frozen(x.step)
    if isinstance(x, float):
        return type(x), repr(x)
    return type(x), x
