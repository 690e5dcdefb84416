"""The module of a program, put together: imports, functions, the program's own, constants."""

from __future__ import annotations

import heapq
import operator
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygrad_reg.compiler.graph import Graph, Interface, Node, astype, length_of, operands, part
from tinygrad_reg.compiler.readable.arguments import (
    Results,
    children,
    is_container,
    labels_in,
    static_lines,
    taken_apart,
)
from tinygrad_reg.compiler.readable.conditions import conditions
from tinygrad_reg.compiler.readable.definitions import Definitions, library_name
from tinygrad_reg.compiler.readable.folding import Folding, Line, Piece, uses_of
from tinygrad_reg.compiler.readable.layout import aligned, ordered, section_lines, statement
from tinygrad_reg.compiler.readable.literals import (
    array_text,
    number_text,
    static_text,
    uniform_text,
)
from tinygrad_reg.compiler.readable.names import BUILTINS, Names, Namespace, identifier, usable
from tinygrad_reg.compiler.readable.sharing import owners
from tinygrad_reg.compiler.readable.spelling import ATOM, Speller, Text, atom

__all__ = ["Readable", "readable"]

WIDTH = 88
LARGEST_LITERAL = 1000  # larger arrays are given by name
# Smaller ones without a name are written where they are used, if that is once, or wherever it is.
SMALLEST_NAMED, SMALLEST_REPEATED = 7, 3
# Names that the text of a function may use.
WRITTEN = frozenset({"abs", "bool", "complex", "float", "int", "namedtuple", "np", "slice"})
# These are no calls of functions.
SPELLED = (operator.getitem, operator.pow, part, astype, length_of)


@dataclass
class Readable:
    """A program to read.

    Attributes
    ----------
    source : str
        The module: one function, with what it needs.
    constants : dict
        Arrays that are too large to be written out, which the function takes by name.
    """

    source: str
    constants: dict[str, Any] = field(default_factory=dict)


def readable(graph: Graph, interface: Interface) -> Readable:
    """Write a program down as a module that runs with NumPy alone.

    Parameters
    ----------
    graph : Graph
        What it computes.
    interface : Interface
        How its function is called, and what it returns.

    Raises
    ------
    UnreadableError
        If it does something that can neither be written down nor imported.
    """
    return Module(graph, interface).written()


class Module:
    """A module in the making."""

    def __init__(self, graph: Graph, interface: Interface) -> None:
        self.graph = graph
        self.interface = interface
        self.nodes = in_order(graph.nodes())
        self.namespace = Namespace(BUILTINS | WRITTEN)
        for node in self.nodes:
            self.reserve(node)
        self.function = self.claim_learners(function_name(interface.name))
        self.parameters = self.claim_parameters()
        self.definitions = Definitions(self.namespace, self.function)
        for node in self.nodes:
            if not (node.op is None or node.op in SPELLED or is_ufunc(node.op)):
                self.definitions.name_of(node.op)
        self.numbers, self.number_lines = self.named_numbers()
        self.names = self.named_quantities()
        self.literals: list[str] = []
        self.large: dict[str, Any] = {}
        self.returned: set[int] = set()
        self.uses = uses_of(graph, self.nodes)
        self.converted = {id(node): node for node in self.nodes if self.is_converted(node)}
        speller = Speller(self.definitions)
        self.fold = Folding(
            graph, self.nodes, self.uses, self.names, speller, self.given, self.converted
        )

    # -- names ------------------------------------------------------------------------------------

    def reserve(self, node: Node) -> None:
        """Keep the names of modules that the function reads."""
        if node.op is not None and node.op not in SPELLED:
            library = library_name(node.op)
            if library is not None:
                self.namespace.taken.add(library[1].split(".")[0])

    def claim_learners(self, name: str) -> str:
        """A name that the learner has chosen, even if it hides one of Python's."""
        if name in BUILTINS - WRITTEN and name not in self.namespace.learners:
            self.namespace.taken.discard(name)
        name = self.namespace.claim(name)
        self.namespace.learners.add(name)
        return name

    def claim_parameters(self) -> list[str]:
        """The names of the function's parameters; one may be called like the function."""
        self.namespace.taken.discard(self.function)
        self.namespace.learners.clear()
        found = [self.claim_learners(identifier(name)) for name, _ in self.interface.parameters]
        self.namespace.taken.add(self.function)
        return found

    def named_numbers(self) -> tuple[dict[int, str], list[str]]:
        """Python numbers that the learner's variables held, by `id`, and the lines that set them.

        A name that stands for several numbers is not used: they are written out.
        """
        found: dict[str, dict[str, list[Node]]] = {}
        for node in self.nodes:
            if node.kind == "number" and usable(node.names):
                label = identifier(usable(node.names)[0])
                found.setdefault(label, {}).setdefault(number_text(node.value), []).append(node)
        names: dict[int, str] = {}
        lines = []
        for label, by_value in found.items():
            if len(by_value) == 1 and label not in self.namespace.taken:
                ((text, nodes),) = by_value.items()
                self.namespace.claim(label)
                names.update({id(node): label for node in nodes})
                lines.append(f"{label} = {text}")
        return names, lines

    def named_quantities(self) -> Names:
        """The names of all other quantities."""
        arguments: dict[int, str] = {}
        labels = self.result_labels()
        for name, (_, nested) in zip(self.parameters, self.interface.parameters, strict=True):
            if isinstance(nested, Node):
                arguments[id(nested)] = name
            else:
                labels |= labels_in(nested, name)
        return Names(self.graph, self.nodes, self.namespace, arguments, labels, self.function)

    def result_labels(self) -> dict[int, str]:
        """What results should be called that the learner has not named, by `id`.

        By their key; the value of a function whose derivatives are returned too, by its name.
        """
        found: dict[int, str] = {}
        for key, node in keyed(self.interface.result):
            if node.kind != "operation" or id(node) in found:
                continue
            if key is not None:
                found[id(node)] = identifier(key)
            elif node.phase == "forward" and not node.shape and not found:
                found[id(node)] = self.function if self.interface.name.isidentifier() else "value"
            else:
                found[id(node)] = "result"
        return found

    def is_converted(self, node: Node) -> bool:
        """Whether a quantity is all that is used of a Python number in the arguments.

        A number that is differentiated becomes float64 at once; it keeps its name.
        """
        if node.op is not astype:
            return False
        x = node.args[0]
        return x.kind == "input" and x.weak and self.uses[id(x)] == 1

    # -- what is no operation ---------------------------------------------------------------------

    def given(self, node: Node) -> Text:
        """The expression of an input, a constant or a number."""
        if node.kind == "input":
            return Text(self.names.names[id(node)])
        if node.kind == "number":
            return atom(self.numbers.get(id(node)) or number_text(node.value))
        return Text(self.constant(node))

    def constant(self, node: Node) -> str:
        """The name of an array that the learner's function uses, or the array itself."""
        name = self.names.names.get(id(node))
        short = uniform_text(node.value) is not None
        if name is None:
            once = self.uses[id(node)] == 1
            if short or node.size < (SMALLEST_NAMED if once else SMALLEST_REPEATED):
                return " ".join(array_text(node.value).split())
            name = self.names.keep(node, self.namespace.claim_numbered("constant"))
        if node.dtype in LITERAL and (short or node.size <= LARGEST_LITERAL):
            self.literals.append(f"{name} = {array_text(node.value, f'{name} = ')}")
        else:
            self.large[name] = node.value
        return name

    # -- the module -------------------------------------------------------------------------------

    def written(self) -> Readable:
        """The whole module."""
        lines = [*self.fold.lines.values(), *self.assertions()]
        first = {id(node) for line in lines if self.is_length(line) for node in line.defines}
        needed = {id(node) for line in lines for node in line.defines} - first
        head = [line for line in lines if self.comes_first(line) and not line.reads & needed]
        known = {id(line) for line in head}
        sections = ordered([line for line in lines if id(line) not in known])
        self.settle_updates(sections)
        results = Results(self.output, self.namespace.claim)
        returned = results.returned(self.interface.result)
        if results.definitions:
            self.definitions.import_line("from collections import namedtuple")
        start, middle = self.start(head), section_lines(sections)
        inner = [*start, *([""] if start and middle else []), *middle, *returned]
        function = "\n".join([*self.signature(), *[f"    {line}".rstrip() for line in inner]])
        module = [*self.number_lines, *results.definitions]
        opening = "\n".join([*self.imports(), *([""] if module else []), *module])
        last = ["\n".join(self.literals)] if self.literals else []
        parts = [opening, *self.definitions.texts, function, *last]
        return Readable("\n\n\n".join(parts) + "\n", self.large)

    def imports(self) -> list[str]:
        """The imports of the module: Python's, NumPy's and SciPy's, and the engine's."""

        def order(line: str) -> tuple[int, str]:
            package = line.split()[1].split(".")[0]
            return PACKAGES.index(package) if package in PACKAGES else -1, line

        lines = sorted(self.definitions.imports, key=order)
        standard = [line for line in lines if order(line)[0] < 0]
        return [*standard, *([""] if standard else []), *lines[len(standard) :]]

    def signature(self) -> list[str]:
        """The lines before the function's body."""
        parameters = self.with_defaults()
        line = f"def {self.function}({', '.join(parameters)}):"
        if len(line) <= WIDTH:
            return [line]
        return [f"def {self.function}(", *[f"    {x}," for x in parameters], "):"]

    def with_defaults(self) -> list[str]:
        """The function's parameters, with the values that the program is for as defaults."""
        found: list[str] = []
        optional = True
        pairs = zip(self.parameters, self.interface.parameters, strict=True)
        for name, (_, nested) in reversed(list(pairs)):
            text = None if isinstance(nested, Node) else static_text(nested)
            optional = optional and text is not None
            found.insert(0, f"{name}={text}" if optional else name)
        return [*found, "*", *self.large] if self.large else found

    def comes_first(self, line: Line) -> bool:
        """Whether a line may stand before the first section: it needs no array."""
        return self.is_length(line) or (not line.target and self.is_free(line.node))

    def is_length(self, line: Line) -> bool:
        """Whether a line gives a name to the length of an axis: `m = X.shape[1]`."""
        return bool(line.target) and id(line.node) in self.fold.lengths

    def is_free(self, node: Node) -> bool:
        """Whether something is computed from Python numbers in the arguments alone."""
        return id(node) in self.fold.free

    def start(self, head: list[Line]) -> list[str]:
        """The lines before the first section: arguments are taken apart, lengths get names."""
        found: list[tuple[str, tuple[int, ...]]] = []
        used = {id(node) for node in self.nodes}
        for name, (_, nested) in zip(self.parameters, self.interface.parameters, strict=True):
            if not isinstance(nested, Node):
                found += static_lines(nested, name)
                found += taken_apart(nested, name, lambda x: self.names.names[id(x)], used)
        for node in self.converted.values():
            name = self.names.names[id(node.args[0])]
            found.append((f"{name} = np.{node.dtype.name}({name})", ()))
        return aligned([*found, *map(statement, head)])

    def assertions(self) -> Iterator[Line]:
        """The lines that say what the program relies on."""
        text_of = {id(node): self.fold.pieces[id(node)].text for node in self.nodes}
        for node, text in conditions(self.graph, lambda x: text_of[id(x)], self.is_free):
            reads = self.fold.pieces[id(node)].reads
            phase = node.phase if reads & self.names.derived else "forward"
            yield Line(node, "", text, reads, False, phase=phase)

    def settle_updates(self, sections: list[tuple[str, list[Line]]]) -> None:
        """Take another name for the new value of an argument where a later line needs the old."""
        later: set[int] = set()
        for node in self.graph.outputs:
            later |= self.fold.pieces[id(node)].reads
        for line in reversed([line for _, section in sections for line in section]):
            if line.replaces is not None and id(line.replaces) in later:
                line.target = self.namespace.claim_numbered(line.target)
                self.fold.pieces[id(line.node)] = Piece(Text(line.target))
            later |= line.reads

    def output(self, node: Node) -> str:
        """An output in the return statement, copied where it would share memory."""
        text = self.fold.pieces[id(node)].text
        if node.kind == "number" or (node.weak and not node.shape):
            return text.text
        if node.kind == "constant" and id(node) not in self.names.names:
            return text.text  # written where it stands, it is new in every call
        found, repeats = owners(node)
        shared = any(id(x) in self.returned or x.kind != "operation" for x in found)
        self.returned |= {id(x) for x in found}
        return f"{text.inside(ATOM)}.copy()" if shared or repeats else text.text


PACKAGES = ("numpy", "scipy", "tinygrad_reg")
LITERAL = {
    np.dtype(x) for x in ("?", "b", "B", "h", "H", "i", "I", "l", "L", "q", "Q", "e", "f", "d")
}


def is_ufunc(op: Any) -> bool:
    """Whether an operation is one of NumPy's ufuncs."""
    return isinstance(op, np.ufunc) and getattr(np, op.__name__, None) is op


def keyed(nested: Any, key: str | None = None) -> Iterator[tuple[str | None, Node]]:
    """The outputs in a result, each with the innermost key that is text."""
    if isinstance(nested, Node):
        yield key, nested
    elif is_container(nested):
        for inner, _, x in children(nested, ""):
            yield from keyed(x, inner if isinstance(inner, str) else key)


def function_name(name: str) -> str:
    """What the program's function is called."""
    return "program" if name == "<lambda>" else identifier(name, "program")


def in_order(nodes: list[Node]) -> list[Node]:
    """Nodes in the order in which they were made, as far as each comes after its operands."""
    needs = [{id(x) for x in operands(node)} for node in nodes]
    missing = {id(node): len(some) for node, some in zip(nodes, needs, strict=True)}
    users: dict[int, list[int]] = {}
    for i, some in enumerate(needs):
        for x in some:
            users.setdefault(x, []).append(i)
    ready = [(node.number, i) for i, node in enumerate(nodes) if not missing[id(node)]]
    heapq.heapify(ready)
    found = []
    while ready:
        node = nodes[heapq.heappop(ready)[1]]
        found.append(node)
        for i in users.get(id(node), ()):
            missing[id(nodes[i])] -= 1
            if not missing[id(nodes[i])]:
                heapq.heappush(ready, (nodes[i].number, i))
    return found
