"""Which quantities of a program have a box in its picture, and what is written in each.

A quantity with a name has a box. One without a name is written in the box of the only one that
uses it, as long as the formula there stays short: `1 − ·²`, with · for what an edge brings.
Numbers, and what is computed from Python numbers alone, are written where they are used.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from tinygrad_reg.drawing.symbols import (
    COMMUTATIVE,
    HOLE,
    INFIX,
    LONGEST_FORMULA,
    SYMBOLS,
    symbol_of,
    tidied,
    written,
)
from tinygrad_reg.tensor import rules

__all__ = ["Box", "Graph", "Quantity", "boxes", "operands_of", "original"]

MOST_HOLES = 2

# How strongly the parts of a formula hold together.
COMPARISON, SUM, PRODUCT, POWER, ATOM = range(5)
LEVELS = {"+": SUM, "−": SUM, "×": PRODUCT, "÷": PRODUCT, "@": PRODUCT, "**": POWER}
COMPARISONS: dict[Any, str] = {
    np.less: "<", np.less_equal: "≤", np.greater: ">", np.greater_equal: "≥", np.equal: "=",
    np.not_equal: "≠",
}  # fmt: skip
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


class Quantity(Protocol):
    """What a picture needs to know of a node in a program's graph."""

    kind: str
    op: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    value: Any
    shape: tuple[int, ...]
    dtype: Any
    weak: bool
    phase: str
    penalty: bool
    names: list[str]
    derivative_of: tuple[str, Any] | None
    number: int


@runtime_checkable
class Graph(Protocol):
    """What a picture needs to know of a program's graph."""

    outputs: Any
    guards: Any

    def nodes(self) -> Any:
        """Every node, each after its operands."""
        ...


@dataclass(frozen=True)
class Phrase:
    """A quantity as part of a formula; `holes` are the quantities that edges bring to it."""

    text: str
    level: int = ATOM
    holes: tuple[Quantity, ...] = ()

    @property
    def is_formula(self) -> bool:
        """Whether something is computed here from what edges bring."""
        return bool(self.holes) and self.text != HOLE

    def inside(self, level: int) -> str:
        """The text inside of another formula, in parentheses where it needs them."""
        return self.text if self.level >= level else f"({self.text})"


@dataclass
class Box:
    """A quantity that is drawn: how it is computed, and from what.

    `ordered` tells whether the order of the operands matters.
    """

    node: Quantity
    symbol: str = ""
    options: list[str] = field(default_factory=list)
    operands: tuple[Quantity, ...] = ()
    ordered: bool = False


def boxes(graph: Graph, names: dict[int, str]) -> list[Box]:
    """The boxes of a program's picture, each after those that it is computed from.

    `names` are what quantities are called, by `id`.
    """
    writer = Writer(graph, names)
    found: dict[int, Box] = {}
    order: list[Box] = []
    todo = [(original(node), False) for node in reversed(graph.outputs)]
    while todo:
        node, operands_done = todo.pop()
        if operands_done:
            order.append(found[id(node)])
        elif id(node) not in found:
            box = found[id(node)] = writer.boxes.get(id(node)) or Box(node)
            todo.append((node, True))
            todo += [(x, False) for x in reversed(box.operands)]
    return order


class Writer:
    """Writes every quantity of a graph: in a box of its own, or as part of another's formula."""

    def __init__(self, graph: Graph, names: dict[int, str]) -> None:
        self.names = names
        self.boxes: dict[int, Box] = {}
        self.phrases: dict[int, Phrase] = {}  # of what is written inside of other boxes
        self.outputs = {id(original(node)) for node in graph.outputs}
        nodes = graph.nodes()
        self.uses = Counter(id(x) for node in nodes for x in operands_of(node))
        for node in nodes:
            if node.kind == "operation":
                self.write(node)
            elif node.kind == "number" or (node.weak and id(node) in names):
                text = names.get(id(node)) or written(node.value).replace("-", "−")
                self.phrases[id(node)] = Phrase(text)

    def write(self, node: Quantity) -> None:
        """Write an operation whose operands are written already."""
        operands = [self.operand(node, x) for x in operands_of(node)]
        is_kept = id(node) in self.names or id(node) in self.outputs
        is_free = not any(x.holes for x in operands)
        if is_length(node):
            text = self.names.get(id(node)) or f"{self.name(node.args[0])}.shape[{node.args[1]}]"
            self.phrases[id(node)] = Phrase(text)
            return
        formula = self.shortened(node, operands)
        if is_free and (is_kept or not node.weak or formula is None):
            # It has a box, and a box wants an edge.
            operands = [
                Phrase(HOLE, ATOM, (x,)) if x.kind == "input" else phrase
                for x, phrase in zip(operands_of(node), operands, strict=True)
            ]
            formula = self.shortened(node, operands)
        if formula is not None and any(x.is_formula for x in operands):
            several = len(formula.holes) > 1
            self.boxes[id(node)] = Box(node, formula.text, [], formula.holes, several)
        else:
            self.boxes[id(node)] = plain_box(node, operands)
        if formula is not None and not is_kept and (is_free or self.may_stand_inside(node)):
            self.phrases[id(node)] = formula

    def name(self, node: Quantity) -> str:
        """What a quantity is called in a formula."""
        return self.names.get(id(node), HOLE)

    def operand(self, node: Quantity, x: Quantity) -> Phrase:
        """An operand, written out unless something speaks against that."""
        known = self.phrases.get(id(x))
        if known is None or original(x) is not x:
            return Phrase(HOLE, ATOM, (original(x),))
        same_part = (x.phase, x.penalty) == (node.phase, node.penalty)
        if known.is_formula and not same_part and not is_transpose(x):
            return Phrase(HOLE, ATOM, (x,))
        return known

    def may_stand_inside(self, node: Quantity) -> bool:
        """Whether a quantity without a name may be written in the box of the one that uses it."""
        if is_transpose(node):
            return True
        is_entrywise = isinstance(node.op, np.ufunc) and node.op is not np.matmul
        return self.uses[id(node)] == 1 and (
            is_entrywise or node.op is operator.pow or node.op is np.sum
        )

    def shortened(self, node: Quantity, operands: list[Phrase]) -> Phrase | None:
        """A quantity as a formula; operands that would make it too long are left to edges.

        Changes `operands`. None if it is too long all the same, or is no formula at all.
        """
        while True:
            formula = spelled(node, operands)
            if formula is None:
                for i, x in enumerate(operands_of(node)):
                    if operands[i].is_formula:
                        operands[i] = Phrase(HOLE, ATOM, (x,))
                return None
            written_out = [i for i, x in enumerate(operands) if x.is_formula]
            if len(formula.text) <= LONGEST_FORMULA and len(formula.holes) <= MOST_HOLES:
                sums = [i for i in written_out if "Σ" in operands[i].text]
                if len(formula.holes) == 1 or not sums:
                    return formula
                written_out = sums
            if not written_out:
                return None
            i = max(written_out, key=lambda i: (len(operands[i].holes), len(operands[i].text)))
            operands[i] = Phrase(HOLE, ATOM, (operands_of(node)[i],))


def spelled(node: Quantity, operands: list[Phrase]) -> Phrase | None:
    """An operation as a formula; None for one that has options or takes a list."""
    if options_of(node) or len(node.args) != len(operands):
        return None
    holes = tuple(hole for x in operands for hole in x.holes)
    sign = sign_of(node)
    if sign == "**" and operands[1].text.isdigit():
        text = operands[0].inside(ATOM) + operands[1].text.translate(SUPERSCRIPTS)
        return Phrase(text, POWER, holes)
    if sign:
        level = LEVELS.get(sign, COMPARISON)
        left, right = operands[0].inside(level), operands[1].inside(level + 1)
        return Phrase(f"{left} {sign} {right}", level, holes)
    rule = rules.get(node.op)
    symbol = SYMBOLS.get(rule, "") if rule else ""
    if symbol and len(operands) == 1:
        if HOLE in symbol:
            level = COMPARISON if symbol.startswith("|") else ATOM
            return Phrase(symbol.replace(HOLE, operands[0].inside(level)), POWER, holes)
        return Phrase(symbol + operands[0].inside(POWER), POWER, holes)
    return Phrase(f"{name_of(node.op)}({', '.join(x.text for x in operands)})", ATOM, holes)


def plain_box(node: Quantity, operands: list[Phrase]) -> Box:
    """The box of a single operation on what edges bring and on numbers."""
    rest = iter(operands)

    def text(x: Any) -> str:
        """An argument; empty if edges bring it."""
        if is_node(x):
            phrase = next(rest)
            return "" if phrase.holes else phrase.text
        if isinstance(x, list | tuple) and has_nodes(x):
            entries = [text(entry) for entry in x]
            return f"[{', '.join(entry or HOLE for entry in entries)}]" if any(entries) else ""
        return written(x)

    holes = tuple(hole for x in operands for hole in x.holes)
    rule = rules.get(node.op)
    several = len(holes) > 1 and rule not in COMMUTATIVE
    sign = sign_of(node)
    if sign:
        level = LEVELS.get(sign, COMPARISON)
        if all(x.holes for x in operands):
            return Box(node, sign, [], holes, several)
        left, right = (HOLE if x.holes else x.inside(level + i) for i, x in enumerate(operands))
        return Box(node, f"{left} {sign} {right}", [], holes, several)
    if node.op is operator.getitem:
        index = node.args[1] if isinstance(node.args[1], tuple) else (node.args[1],)
        shown = ", ".join(HOLE if has_nodes(x) else written(x) for x in index)
        return Box(node, f"[{shown}]", [], holes, several)
    name = name_of(node.op)
    if name == "part":
        return Box(node, f"[{node.args[1]}]", [], holes)
    given = [text(x) for x in node.args[: arity(node)]]
    return Box(node, symbol_of(rule, name, given), options_of(node), holes, several)


def sign_of(node: Quantity) -> str:
    """The sign between two operands; empty if it is written otherwise."""
    if len(node.args) != 2 or not all(map(is_node, node.args)):
        return ""
    rule = rules.get(node.op)
    return INFIX[rule] if rule in INFIX else COMPARISONS.get(node.op, "")


def name_of(op: Any) -> str:
    """The name of an operation."""
    owner = getattr(op, "__self__", None)
    if isinstance(owner, np.ufunc):
        return f"{owner.__name__}.{op.__name__}"
    name = getattr(op, "__name__", type(op).__name__).strip("_")
    return "rule" if name == "<lambda>" else name


def arity(node: Quantity) -> int:
    """How many of the arguments are operands; the others are options."""
    rule = rules.get(node.op)
    positions = [i for i, x in enumerate(node.args) if has_nodes(x)]
    return max([i + 1 for i in positions] + ([rule.arity] if rule is not None else []), default=0)


def options_of(node: Quantity) -> list[str]:
    """The options of an operation that are not NumPy's defaults."""
    options = [written(tidied(x)) for x in node.args[arity(node) :] if x is not None]
    for key, x in node.kwargs.items():
        if x is None or x is False or x is getattr(np, "_NoValue", None):
            continue
        options.append(f"{key}={HOLE if has_nodes(x) else written(tidied(x))}")
    return options


def is_node(x: Any) -> bool:
    """Whether an argument of an operation is a quantity."""
    return hasattr(x, "derivative_of")


def is_length(node: Quantity) -> bool:
    """Whether it is the length of an axis."""
    return node.weak and name_of(node.op) == "length_of"


def is_transpose(node: Quantity) -> bool:
    """Whether it is the transpose of a matrix."""
    return node.op is np.transpose and not options_of(node)


def original(node: Quantity) -> Quantity:
    """A quantity itself; of a Python number that becomes an array, the number."""
    if node.kind == "operation" and name_of(node.op) == "astype":
        x: Quantity = node.args[0]
        if x.kind == "input" and x.weak and x.dtype == node.dtype:
            return x
    return node


def nodes_in(nested: Any) -> Iterator[Quantity]:
    """The quantities inside of lists, tuples, slices and dicts."""
    if is_node(nested):
        yield nested
    elif isinstance(nested, slice):
        yield from nodes_in((nested.start, nested.stop, nested.step))
    elif isinstance(nested, list | tuple | dict):
        entries: Iterable[Any] = nested.values() if isinstance(nested, dict) else nested
        for x in entries:
            yield from nodes_in(x)


def has_nodes(nested: Any) -> bool:
    """Whether there are quantities inside of an argument."""
    return next(nodes_in(nested), None) is not None


def operands_of(node: Quantity) -> list[Quantity]:
    """What a quantity is computed from, in the order of its arguments."""
    return list(nodes_in((node.args, node.kwargs)))
