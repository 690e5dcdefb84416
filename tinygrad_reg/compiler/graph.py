"""The graph of a program: quantities, each with the NumPy call that makes it.

A `Node` is one quantity: an input, a constant, a number, or the result of an operation on other
nodes. Nodes never change what they compute; `simplify` makes new ones. Shapes and dtypes are known,
because a program belongs to the shapes and dtypes that it was traced for.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np

from tinygrad_reg.compiler.places import line_at

next_number = count(1).__next__

Operation = Callable[..., Any]

# What a person writes between operands, by the ufunc that it computes.
INFIX: dict[Operation, Operation] = {
    np.add: operator.add,
    np.subtract: operator.sub,
    np.multiply: operator.mul,
    np.divide: operator.truediv,
    np.floor_divide: operator.floordiv,
    np.remainder: operator.mod,
    np.matmul: operator.matmul,
    operator.pow: operator.pow,
    np.negative: operator.neg,
    np.positive: operator.pos,
    np.absolute: abs,
    np.less: operator.lt,
    np.less_equal: operator.le,
    np.greater: operator.gt,
    np.greater_equal: operator.ge,
    np.equal: operator.eq,
    np.not_equal: operator.ne,
    np.bitwise_and: operator.and_,
    np.bitwise_or: operator.or_,
    np.bitwise_xor: operator.xor,
    np.invert: operator.invert,
}


class Node:
    """One quantity of a program.

    Attributes
    ----------
    kind : str
        "input"; "constant", an array that the function closes over; "number", a Python or NumPy
        number; "operation".
    op, args, kwargs
        The call that makes it: `op(*args, **kwargs)`, with nodes for quantities, also inside of
        lists, tuples and slices. Infix operators go by their ufunc, `**` by `operator.pow`.
    value : object
        Of a constant or number, itself; of an operation None once tracing is over.
    shape, dtype
        As of an array; of a Python number () and NumPy's dtype for it.
    weak : bool
        Whether it is a Python number, which does not raise a float32 to float64.
    phase : str
        Where it was computed: "forward", "backward" (a reverse sweep), "tangent" (a forward sweep).
    penalty : bool
        Whether it was computed by the derivative of a penalty.
    names : list of str
        The learner's variables that held it, first binding first.
    derivative_of : (str, Node) or None
        ("cotangent", x) or ("tangent", x): whose derivative it is.
    place : (str, int) or None
        File and line of the learner's code that it comes from.
    number : int
        Position in the order of creation.
    body : (list of Node, Node) or None
        Of an operation that has a formula in NumPy: the parameters of the formula, and its result.
    """

    __slots__ = (
        "args",
        "body",
        "derivative_of",
        "dtype",
        "kind",
        "kwargs",
        "names",
        "number",
        "op",
        "penalty",
        "phase",
        "place",
        "shape",
        "value",
        "weak",
    )

    def __init__(
        self,
        kind: str,
        value: Any = None,
        op: Operation | None = None,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
        *,
        shape: tuple[int, ...] | None = None,
        dtype: Any = None,
        weak: bool | None = None,
    ) -> None:
        self.kind = kind
        self.op = op
        self.args = args
        self.kwargs = kwargs or {}
        self.value = value
        self.shape = np.shape(value) if shape is None else shape
        self.dtype = np.asarray(value).dtype if dtype is None else dtype
        self.weak = type(value) in (int, float, bool, complex) if weak is None else weak
        self.phase = "forward"
        self.penalty = False
        self.names: list[str] = []
        self.derivative_of: tuple[str, Node] | None = None
        self.place: tuple[str, int] | None = None
        self.body: tuple[list[Node], Node] | None = None
        self.number = next_number()

    @property
    def line(self) -> str:
        """The learner's line that it comes from, in words."""
        return line_at(self.place)

    @property
    def size(self) -> int:
        """Number of entries."""
        size = 1
        for n in self.shape:
            size *= n
        return size

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __repr__(self) -> str:
        what = getattr(self.op, "__name__", self.kind)
        return f"<node {self.number}: {what} {self.dtype} {self.shape} {self.names[:1]}>"


@dataclass
class Graph:
    """What a program computes.

    Attributes
    ----------
    inputs : list of Node
        One for each array or number in the arguments, in their order; also those that are not
        used.
    outputs : list of Node
        What the function returns.
    guards : list of (Node, bool)
        Conditions on which the engine's own code has branched, with what they were: where one is
        different, the program does not hold.
    name : str
        Of the function.
    """

    inputs: list[Node]
    outputs: list[Node]
    guards: list[tuple[Node, bool]] = field(default_factory=list)
    name: str = "program"

    def nodes(self) -> list[Node]:
        """Every node that outputs and guards need, each after its operands."""
        return ancestors([*self.outputs, *(node for node, _ in self.guards)])


def ancestors(ends: list[Node]) -> list[Node]:
    """Some nodes and everything they are made from, each once and after its operands."""
    found: list[Node] = []
    seen: set[int] = set()
    todo: list[tuple[Node, bool]] = [(end, False) for end in reversed(ends)]
    while todo:
        node, operands_done = todo.pop()
        if operands_done:
            found.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            todo.append((node, True))
            todo += [(x, False) for x in reversed(operands(node)) if id(x) not in seen]
    return found


def operands(node: Node) -> list[Node]:
    """The nodes that a node is made from, in the order of its arguments."""
    found: list[Node] = []
    for x in (*node.args, *node.kwargs.values()) if node.kwargs else node.args:
        if type(x) is Node:
            found.append(x)
        elif isinstance(x, list | tuple | slice):
            found += nodes_in(x)
    return found


def nodes_in(nested: Any) -> Iterator[Node]:
    """The nodes inside of lists, tuples and slices."""
    if isinstance(nested, Node):
        yield nested
    elif isinstance(nested, list | tuple):
        for x in nested:
            yield from nodes_in(x)
    elif isinstance(nested, slice):
        yield from nodes_in((nested.start, nested.stop, nested.step))


def mapped(function: Callable[[Node], Any], nested: Any) -> Any:
    """The same nesting of lists, tuples and slices with `function(node)` for every node."""
    if isinstance(nested, Node):
        return function(nested)
    if type(nested) is tuple or type(nested) is list:
        return type(nested)([mapped(function, x) for x in nested])
    if isinstance(nested, tuple) and hasattr(nested, "_fields"):
        return type(nested)(*[mapped(function, x) for x in nested])
    if isinstance(nested, slice):
        return slice(*mapped(function, (nested.start, nested.stop, nested.step)))
    return nested


def number(x: Any) -> Node:
    """A node for a Python or NumPy number."""
    return Node("number", x)


def constant(array: Any) -> Node:
    """A node for an array that does not change."""
    return Node("constant", array)


def operation(
    op: Operation,
    *args: Any,
    shape: tuple[int, ...],
    dtype: Any,
    weak: bool = False,
    like: Node | None = None,
    **kwargs: Any,
) -> Node:
    """A node for a call; `like` is the node that it replaces, whose names and place it takes."""
    node = Node("operation", None, op, args, kwargs, shape=shape, dtype=dtype, weak=weak)
    if like is not None:
        inherit(node, like)
    return node


def inherit(node: Node, like: Node) -> Node:
    """Let a node take the names and the place of another that it stands for."""
    node.phase, node.penalty, node.place = like.phase, like.penalty, like.place
    node.names, node.derivative_of = like.names, like.derivative_of
    node.number = like.number
    return node


def part(whole: Any, i: int) -> Any:
    """The i-th of several results of an operation."""
    return whole[i]


def length_of(x: Any, axis: int) -> int:
    """The length of an axis: `x.shape[axis]`."""
    return x.shape[axis]  # type: ignore[no-any-return]


def astype(x: Any, dtype: Any) -> Any:
    """An array in another dtype."""
    return np.asarray(x).astype(dtype)[()]


def forget_values(nodes: list[Node]) -> None:
    """Drop the values that the graph was traced with, of all that is not constant."""
    depends: set[int] = set()
    for node in nodes:
        if node.kind == "input" or (
            node.op is not length_of and any(id(x) in depends for x in operands(node))
        ):
            depends.add(id(node))
            node.value = None


def evaluated(node: Node, values: dict[int, Any]) -> Any:
    """What a node is for given values of its operands, by `id`: the meaning of a node."""
    if node.kind != "operation":
        return node.value if node.kind != "input" else values[id(node)]
    args = mapped(lambda x: values[id(x)], node.args)
    kwargs = {key: mapped(lambda x: values[id(x)], x) for key, x in node.kwargs.items()}
    assert node.op is not None
    if node.weak and node.op in INFIX:
        return INFIX[node.op](*args)
    return node.op(*args, **kwargs)


def run(graph: Graph, inputs: list[Any]) -> list[Any]:
    """The outputs of a graph, one call after the other: what every emitted program must equal."""
    values = {id(node): x for node, x in zip(graph.inputs, inputs, strict=True)}
    for node in graph.nodes():
        if id(node) not in values:
            values[id(node)] = evaluated(node, values)
    return [values[id(node)] for node in graph.outputs]


@dataclass
class Interface:
    """How a function is called: its arguments and its result, with nodes in the place of arrays.

    Attributes
    ----------
    name : str
        Of the function; any text.
    parameters : list of (str, object)
        The name of each argument, any text, and its nesting of dicts, lists and tuples, with a
        `Node` of kind "input" for each array or number. Anything else in it is static: the
        program holds for this value only.
    result : object
        The nesting of what is returned, with the graph's outputs at the leaves.
    """

    name: str
    parameters: list[tuple[str, Any]]
    result: Any
