"""Names for the quantities of a program: the learner's own, made safe and unique.

Names are data. What an argument, a dict's key or a variable is called may be any text at all; what
comes out of `identifier` can be written into code.
"""

from __future__ import annotations

import builtins
import keyword
import unicodedata
from collections import Counter
from collections.abc import Iterable

import numpy as np

from tinygrad_reg.compiler.graph import Graph, Node, astype, operands

__all__ = ["Names", "Namespace", "identifier"]

LONGEST = 40
DEEPEST = 10  # derivatives of derivatives are named up to here
BUILTINS = frozenset(dir(builtins))
PREFIXES = {"cotangent": ("d", ""), "tangent": ("", "_dot")}


def identifier(text: str, otherwise: str = "x") -> str:
    """Any text as a name in Python that is not a keyword; `otherwise` if nothing of it is left.

    Examples
    --------
    >>> identifier("x); import os"), identifier("class"), identifier("λ"), identifier("2nd")
    ('x_import_os', 'class_', 'λ', 'x2nd')
    """
    text = unicodedata.normalize("NFKC", text[: 4 * LONGEST])
    kept = "".join(c if f"x{c}".isidentifier() else " " for c in text)
    name = "_".join(kept.split())[:LONGEST]
    if not name.strip("_"):
        return name if name.isidentifier() and name == text else otherwise
    if not name.isidentifier():
        name = otherwise + name
    # Python itself normalizes names: two that differ only in this would be one variable.
    name = unicodedata.normalize("NFKC", name)
    if not name.isidentifier():
        return otherwise
    return name + "_" if keyword.iskeyword(name) or name == "__debug__" else name


def numbered(name: str, i: int) -> str:
    """A name with a number after it: `Z2`, but `W1_2`."""
    return f"{name}_{i}" if name[-1].isdigit() else f"{name}{i}"


class Namespace:
    """Names that are taken; `learners` are those of parameters, which had to be."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.taken = set(taken)
        self.learners: set[str] = set()
        self.next: Counter[str] = Counter()

    def claim(self, name: str) -> str:
        """A name, or one like it that is still free."""
        wanted, i = name, self.next[name]
        while name in self.taken:
            i += 1
            name = f"{wanted}_" if i == 1 else f"{wanted}_{i}"
        self.next[wanted] = i
        self.taken.add(name)
        return name

    def claim_numbered(self, name: str) -> str:
        """A name with the lowest number that is still free."""
        i = self.next[name + "#"] + 1
        while numbered(name, i) in self.taken:
            i += 1
        self.next[name + "#"] = i
        return self.claim(numbered(name, i))

    def claim_all(self, name: str, count: int, others: Iterable[str] = ()) -> list[str]:
        """The same name for several quantities, told apart by numbers from 1 on.

        `others` are names that will be wanted later.
        """
        found = [numbered(name, i) for i in range(1, count + 1)]
        if not self.taken.isdisjoint(found) or not set(others).isdisjoint(found):
            found = [f"{name}_{i}" for i in range(1, count + 1)]
        return [self.claim(x) for x in found]


class Names:
    """The name of each quantity of a program.

    Parameters
    ----------
    graph : Graph
        The program.
    nodes : list of Node
        Its nodes, each after its operands.
    namespace : Namespace
        With what is taken already: modules, the function's parameters, functions of the module.
    arguments : dict
        By the `id` of an input: its name, if it is a parameter by itself.
    labels : dict
        By `id`: what an input inside of a dict, list or tuple should be called, or an output.
    function : str
        What the function is called, which variables may be called as well.
    """

    def __init__(
        self,
        graph: Graph,
        nodes: list[Node],
        namespace: Namespace,
        arguments: dict[int, str],
        labels: dict[int, str],
        function: str,
    ) -> None:
        self.namespace = namespace
        self.names = dict(arguments)
        self.by_number: dict[int, str] = {}
        self.labels = {**labels, **arguments}
        results = [x for x in graph.outputs if id(x) in labels and x.derivative_of is None]
        count = Counter(labels[id(x)] for x in results)
        self.several = {label for label in count if count[label] > 1}  # results are called so
        self.updates: dict[int, Node] = {}  # new values that take the name of the old
        self.renewed: set[int] = set()  # all new values of arguments
        self.derivatives = Counter(
            (node.derivative_of[0], itself(node.derivative_of[1]).number)
            for node in nodes
            if node.derivative_of is not None and node.kind == "operation"
        )
        everything = with_targets([*graph.inputs, *nodes])
        for node in everything:
            if id(node) in arguments:
                self.by_number[node.number] = arguments[id(node)]
        inputs = [x for x in graph.inputs if id(x) not in arguments]
        self.label_of_input = {x.number: self.labels[id(x)] for x in graph.inputs}
        self.give(inputs, [labels[id(x)] for x in inputs])
        constants = [x for x in everything if x.kind == "constant" and usable(x.names)]
        self.give(constants, labels_of(constants))
        namespace.taken.discard(function)
        namespace.taken |= set(arguments.values())
        self.derived = derived(nodes)
        others = [x for x in everything if x.kind == "operation" and self.is_named(x)]
        own = labels_of(others)
        count = Counter(own)
        # A loop's derivatives go by what they are the derivatives of: `dW1` belongs to `W1`.
        pairs = [
            (x, label)
            for x, label in zip(others, own, strict=True)
            if x.derivative_of is None or count[label] == 1
        ]
        self.named = {id(x) for x, _ in pairs}
        self.find_updates(graph, nodes, dict(pairs))
        pairs = [(x, label) for x, label in pairs if id(x) not in self.updates]
        self.give([x for x, _ in pairs], [label for _, label in pairs])

    def is_named(self, node: Node) -> bool:
        """Whether a learner's variable held it, and not only as the derivative of what it names."""
        names = usable(node.names)
        if node.derivative_of is None and itself(node) is node:
            return bool(names)
        target = itself(node) if node.derivative_of is None else itself(node.derivative_of[1])
        known = {*target.names, self.label_of_input.get(target.number)}
        return any(name not in known for name in names)

    def find_updates(self, graph: Graph, nodes: list[Node], labels: dict[Node, str]) -> None:
        """The new values that the learner gave to arguments, with the help of derivatives.

        `w = w - alpha * dw` stays so, if nothing else needs the new w, and nobody the old one.
        """
        inputs: dict[str, list[Node]] = {}
        for x in graph.inputs:
            inputs.setdefault(self.labels[id(x)], []).append(x)
        results = Counter(id(x) for x in graph.outputs)
        used = {id(x) for node in nodes for x in operands(node)}
        used |= {id(node) for node, _ in graph.guards}
        count = Counter(labels.values())
        for node, label in labels.items():
            if label not in inputs or node.phase != "forward" or id(node) not in self.derived:
                continue
            self.renewed.add(id(node))
            alone = len(inputs[label]) == count[label] == results[id(node)] == 1
            if alone and id(node) not in used and not results[id(inputs[label][0])]:
                self.updates[id(node)] = inputs[label][0]
                self.names[id(node)] = self.names[id(inputs[label][0])]

    def give(self, nodes: list[Node], labels: list[str]) -> None:
        """Name quantities; those that are called the same are numbered in their order."""
        groups: dict[str, dict[int, list[Node]]] = {}
        for node, label in zip(nodes, labels, strict=True):
            same = node.number if node.kind == "operation" else id(node)
            groups.setdefault(label, {}).setdefault(same, []).append(node)
        taken = {self.labels[x] for x in self.labels if self.names.get(x) == self.labels[x]}
        # Those that have a name for themselves come first, so that a loop's numbers avoid them.
        for label, group in sorted(groups.items(), key=lambda item: len(item[1]) > 1):
            if len(group) == 1 and label not in taken:
                found = [self.namespace.claim(label)]
            else:
                found = self.namespace.claim_all(label, len(group), groups)
            for name, members in zip(found, group.values(), strict=True):
                for node in members:
                    self.keep(node, name)

    def has_name(self, node: Node) -> bool:
        """Whether a quantity has a name of its own, or is the derivative of one that has."""
        return id(node) in self.names or self.of_derivative(node) is not None

    def of_derivative(self, node: Node) -> str | None:
        """What a derivative is called: `dZ1` for that of `Z1`; None if it is of nothing named."""
        around: list[tuple[str, str]] = []
        while node.derivative_of is not None and len(around) < DEEPEST:
            relation, node = node.derivative_of
            node = itself(node)
            around.append(PREFIXES[relation])
            name = self.names.get(id(node)) or self.by_number.get(node.number)
            if name is not None:
                for before, after in reversed(around):
                    name = before + name + after
                return name
        return None

    def length(self, node: Node) -> int:
        """About how long the name of a quantity is."""
        return len(self.names.get(id(node)) or self.of_derivative(node) or "total")

    def give_one(self, node: Node) -> str:
        """The name of a quantity that is given a line; a new one if it has none."""
        if id(node) in self.names:
            return self.names[id(node)]
        name = self.of_derivative(node)
        if name is not None and node.derivative_of is not None:
            relation, target = node.derivative_of
            if self.derivatives[relation, itself(target).number] > 1:
                return self.keep(node, self.namespace.claim_numbered(name))
            return self.keep(node, self.namespace.claim(name))
        label = self.labels.get(id(node))
        if label is not None:
            if label in self.several:
                return self.keep(node, self.namespace.claim_numbered(label))
            return self.keep(node, self.namespace.claim(label))
        if not node.shape and node.op in (np.add, np.sum) and "total" not in self.namespace.taken:
            return self.keep(node, self.namespace.claim("total"))
        letter = "d" if node.phase == "backward" else "t"
        return self.keep(node, self.namespace.claim_numbered(letter))

    def keep(self, node: Node, name: str) -> str:
        """Remember the name of a quantity."""
        self.names[id(node)] = name
        self.by_number.setdefault(node.number, name)
        return name


def derived(nodes: list[Node]) -> set[int]:
    """Ids of the quantities that are derivatives, or computed from some."""
    found: set[int] = set()
    for node in nodes:
        if node.phase != "forward" or any(id(x) in found for x in operands(node)):
            found.add(id(node))
    return found


def itself(node: Node) -> Node:
    """An input instead of its conversion: a Python number becomes an array to be differentiated."""
    while node.op is astype and node.args[0].kind == "input":
        node = node.args[0]
    return node


def usable(names: list[str]) -> list[str]:
    """The learner's names that say something."""
    return [name for name in names if name.strip("_")]


def labels_of(nodes: list[Node]) -> list[str]:
    """What each of some quantities is called, out of the names of the variables that held it.

    That is the first of them. But a name inside of a helper function, which all calls of it share,
    gives way to the names that its results are given outside.
    """
    names = [usable(node.names) for node in nodes]
    count = Counter(name for some in names for name in set(some))
    others = [next((x for x in some[1:] if count[x] == 1), None) for some in names]
    shared = {some[0]: True for some in names if count[some[0]] > 1}
    for some, other in zip(names, others, strict=True):
        if other is None and some[0] in shared:
            shared[some[0]] = False
    return [
        identifier(other if other and shared.get(some[0]) else some[0])
        for some, other in zip(names, others, strict=True)
    ]


def with_targets(nodes: list[Node]) -> list[Node]:
    """Some quantities and those that they are derivatives of, each once, in their order."""
    found = {id(node): node for node in nodes}
    numbers = {node.number for node in nodes}
    for node in nodes:
        while node.derivative_of is not None:
            node = itself(node.derivative_of[1])
            if node.number in numbers:
                break
            numbers.add(node.number)
            found[id(node)] = node
    return sorted(found.values(), key=lambda node: node.number)
