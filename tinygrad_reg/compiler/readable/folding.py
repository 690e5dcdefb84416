"""Which quantities of a program have a line of their own, and which stand inside of another's.

A quantity with a name has a line. One without is written where it is used, if that is in one place
and the line does not become too long.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Container
from dataclasses import dataclass, field

import numpy as np

from tinygrad_reg.compiler.graph import (
    INFIX,
    Graph,
    Node,
    astype,
    length_of,
    nodes_in,
    operands,
    part,
)
from tinygrad_reg.compiler.readable.names import Names
from tinygrad_reg.compiler.readable.spelling import SUM, Speller, Text, is_negative, is_transpose

__all__ = ["Folding", "Line", "Piece", "uses_of"]

WIDTH = 84  # of a line without its indent
RESULT, ONE_OF_RESULTS = 76, 48  # so long a result may stand in the return statement
DEEPEST = 7
MOST_TERMS = 40
CHEAP_LENGTH = 10  # so is `1 - A1`, rather than have a name of its own
FREE_LENGTH = 24  # arithmetic with Python numbers up to this long is written where it is used


@dataclass(frozen=True, slots=True)
class Piece:
    """The expression of a quantity.

    Attributes
    ----------
    text : Text
        How it is written.
    reads : frozenset of int
        The quantities with a line that it reads, by `id`.
    penalty : bool
        Whether the derivative of a penalty is in it.
    depth : int
        How many operations are inside of each other.
    terms : tuple of Piece
        Of a sum: what is added up.
    negative : bool
        Whether a minus at its beginning may as well stand before all of it.
    """

    text: Text
    reads: frozenset[int] = frozenset()
    penalty: bool = False
    depth: int = 0
    terms: tuple[Piece, ...] = ()
    negative: bool = False


def signed(term: Piece, i: int) -> str:
    """The i-th term of a sum, with the sign before it."""
    if not i:
        return term.text.inside(SUM)
    if term.negative and term.text.text[0] == "-":
        return f" - {term.text.text[1:]}"
    return f" + {term.text.inside(SUM + 1)}"


@dataclass
class Line:
    """A line of the program: `target = text`, or `text` alone."""

    node: Node
    target: str
    text: str
    reads: frozenset[int]
    penalty: bool
    defines: list[Node] = field(default_factory=list)
    phase: str = ""
    renews: bool = False  # the value of an argument
    replaces: Node | None = None  # the argument whose name the new value takes

    def __post_init__(self) -> None:
        self.phase = self.phase or self.node.phase


def uses_of(graph: Graph, nodes: list[Node]) -> Counter[int]:
    """How often each quantity is used, by `id`."""
    uses = Counter(id(x) for node in nodes for x in operands(node))
    uses.update(id(node) for node in graph.outputs)
    uses.update(id(node) for node, _ in graph.guards)
    return uses


class Folding:
    """The lines of a program, in no particular order.

    Parameters
    ----------
    graph : Graph
        The program.
    nodes : list of Node
        Its nodes, each after its operands.
    uses : Counter
        How often each is used, by `id`.
    names : Names
        What quantities are called.
    speller : Speller
        How operations are written.
    given : callable
        The expression of a node that is no operation.
    converted : set of int
        The quantities that are an argument which has been given another dtype, by `id`.
    """

    def __init__(
        self,
        graph: Graph,
        nodes: list[Node],
        uses: Counter[int],
        names: Names,
        speller: Speller,
        given: Callable[[Node], Text],
        converted: Container[int] = (),
    ) -> None:
        self.names = names
        self.speller = speller
        self.given = given
        self.converted = converted
        self.lines: dict[int, Line] = {}
        self.pieces: dict[int, Piece] = {}
        self.uses = uses
        self.free: set[int] = set()  # Python numbers, and what is computed from them alone
        self.lengths: set[int] = set()  # lengths of axes, and what is computed from them alone
        self.ids = {node.number: id(node) for node in nodes}
        self.parts: dict[int, list[Node]] = {}
        self.results = {id(node) for node in graph.outputs}
        self.longest_result = RESULT if len(graph.outputs) == 1 else ONE_OF_RESULTS
        self.sectioned = len({node.phase for node in nodes}) > 1
        self.unused: str | None = None
        for node in nodes:
            if node.op is part:
                self.parts.setdefault(id(node.args[0]), []).append(node)
        for node in nodes:
            self.fold(node)

    # -- one quantity after the other -------------------------------------------------------------

    def fold(self, node: Node) -> None:
        """Write a quantity down, and give it a line if it needs one."""
        if node.kind != "operation":
            if node.kind == "number" or (node.kind == "input" and node.weak):
                self.free.add(id(node))
            if node.kind == "number":
                self.lengths.add(id(node))
            self.pieces[id(node)] = Piece(self.given(node), frozenset({id(node)}))
            return
        if id(node) in self.pieces:  # one of several results, which came with the others
            return
        if id(node) in self.converted:
            self.free.add(id(node))
            self.pieces[id(node)] = self.pieces[id(node.args[0])]
            return
        if self.is_arithmetic(node, self.free):
            self.free.add(id(node))
            if self.is_arithmetic(node, self.lengths):
                self.lengths.add(id(node))
        piece = self.shortened(node)
        self.pieces[id(node)] = piece
        if id(node) in self.parts and self.unpack(node, piece):
            return
        if self.needs_line(node, piece):
            self.give_line(node)

    def is_arithmetic(self, node: Node, known: set[int]) -> bool:
        """Whether it is computed from lengths and known numbers alone: `lambd / m`."""
        if node.op is length_of:
            return True
        if node.op not in INFIX and node.op is not astype:
            return False
        numbers = all(id(x) in known for x in operands(node))
        return numbers and not node.shape and node.op is not part

    def shortened(self, node: Node) -> Piece:
        """The expression of an operation; operands get lines as long as it is too long."""
        limit = WIDTH - len(" = ") - self.names.length(node)
        while True:
            piece = self.piece(node)
            too_long = len(piece.text.text) > limit
            if not too_long and piece.depth <= DEEPEST:
                return piece
            longest = max((len(term.text.text) for term in piece.terms), default=0)
            if too_long and 1 < len(piece.terms) <= MOST_TERMS and longest <= limit:
                return piece  # a long sum is written on several lines
            movable = {id(x): x for x in operands(node) if self.is_movable(x)}
            if not movable:
                return piece
            weights = {
                x: len(self.pieces[x].text.text) if too_long else self.pieces[x].depth
                for x in movable
            }
            self.give_line(movable[max(weights, key=lambda x: weights[x])])

    def is_movable(self, node: Node) -> bool:
        """Whether a quantity that stands inside of another could have a line."""
        return (
            node.kind == "operation"
            and id(node) not in self.lines
            and self.pieces[id(node)].depth > 0
            and node.op is not length_of
            and node.dtype != object
        )

    def piece(self, node: Node) -> Piece:
        """The expression of an operation with its operands as they are written now."""
        inner = [self.pieces[id(x)] for x in operands(node)]
        text = self.speller.spell(node, lambda x: self.pieces[id(x)].text)
        reads = frozenset().union(*[x.reads for x in inner]) if inner else frozenset()
        penalty = node.penalty or any(x.penalty for x in inner)
        depth = 1 + max([x.depth for x in inner], default=0)
        if is_transpose(node) or node.op in (np.negative, length_of):
            depth -= 1
        terms: tuple[Piece, ...] = ()
        if node.op is np.add and text.level == SUM:
            terms, text = self.sum(node, inner, text)
            if len(terms) > 2:
                depth = 1 + max([x.depth for x in terms])
        return Piece(text, reads, penalty, depth, terms, is_negative(node))

    def sum(self, node: Node, inner: list[Piece], text: Text) -> tuple[tuple[Piece, ...], Text]:
        """The terms of a sum, what comes from penalties last."""
        left, right = inner
        if len(node.args) != 2 or any(x.dtype != node.dtype or x.weak for x in node.args):
            return (), text
        terms = (*(left.terms or (left,)), *(right.terms or (right,)))
        # The gradient of W: what comes from a penalty, or from W alone, after the data's part.
        whose = self.ids.get(node.derivative_of[1].number) if node.derivative_of else None
        ordered = tuple(sorted(terms, key=lambda term: (term.penalty, whose in term.reads)))
        return ordered, Text("".join(signed(term, i) for i, term in enumerate(ordered)), SUM)

    def needs_line(self, node: Node, piece: Piece) -> bool:
        """Whether a quantity has a line."""
        if node.dtype == object:
            return self.uses[id(node)] > 1
        free = id(node) in self.free
        if id(node) in self.names.named or self.is_value(node):
            return True
        if free and len(piece.text.text) <= FREE_LENGTH:
            return False
        if not free and self.names.has_name(node):
            return True
        if id(node) in self.results and len(piece.text.text) > self.longest_result:
            return True
        return self.uses[id(node)] > 1 and not self.is_cheap(node)

    def is_value(self, node: Node) -> bool:
        """Whether it is a result of the forward pass in a program that also has a backward pass."""
        return id(node) in self.results and self.sectioned and id(node) not in self.names.derived

    def is_cheap(self, node: Node) -> bool:
        """Whether a person writes it again wherever it is used: `X.T`, `x[0]`, `1 - A`."""
        if node.op in (length_of, part):
            return True
        if is_transpose(node):
            return self.pieces[id(node.args[0])].depth == 0
        if node.op is operator.getitem and any(nodes_in(node.args[1])):
            return False
        infix = node.op in INFIX and node.op not in (np.matmul, np.absolute)
        short = len(self.pieces[id(node)].text.text) <= CHEAP_LENGTH
        return short and (infix or node.op is operator.getitem) and self.pieces[id(node)].depth <= 1

    def give_line(self, node: Node) -> None:
        """Let a quantity be written on a line of its own."""
        piece = self.pieces[id(node)]
        name = self.names.give_one(node)
        line = Line(node, name, piece.text.text, piece.reads, piece.penalty, [node])
        line.renews = id(node) in self.names.renewed
        line.replaces = self.names.updates.get(id(node))
        self.lines[id(node)] = line
        self.pieces[id(node)] = Piece(Text(name), frozenset({id(node)}), node.penalty)

    # -- several results --------------------------------------------------------------------------

    def unpack(self, node: Node, piece: Piece) -> bool:
        """Give all results of an operation their names at once, if more than one is used."""
        parts = {x.args[1]: x for x in self.parts[id(node)]}
        count = max(parts) + 1
        others = self.uses[id(node)] > len(self.parts[id(node)])
        if len(parts) == 1 or others or any(x.dtype == object for x in parts.values()):
            return False
        complete = results_of(node) == count
        if not complete or len(parts) < count:
            self.unused = self.unused or self.names.namespace.claim("_")
        names = [self.names.give_one(parts[i]) if i in parts else self.unused for i in range(count)]
        rest = "" if complete else f", *{self.unused}"
        target = ", ".join(map(str, names)) + rest
        defined = list(parts.values())
        self.lines[id(node)] = Line(
            node, target, piece.text.text, piece.reads, piece.penalty, defined
        )
        for i, x in parts.items():
            self.pieces[id(x)] = Piece(Text(str(names[i])), frozenset({id(node)}))
        for x in self.parts[id(node)]:
            self.pieces[id(x)] = self.pieces[id(parts[x.args[1]])]
        return True


def results_of(node: Node) -> int | None:
    """How many results an operation has, where that is known."""
    if isinstance(node.op, np.ufunc):
        return node.op.nout
    if node.op in (np.split, np.array_split) and len(node.args) > 1:
        sections = node.args[1]
        if isinstance(sections, int | np.integer):
            return int(sections)
        return len(sections) + 1 if isinstance(sections, list | tuple) else None
    name = str(getattr(node.op, "__name__", ""))
    return RESULTS.get(name) if len(node.args) == 1 and not node.kwargs else None


RESULTS = {"eigh": 2, "eig": 2, "slogdet": 2, "svd": 3, "qr": 2}
