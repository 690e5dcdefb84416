"""A graph as steps: which call of NumPy computes each node, and what it reads and writes.

Every kind of operation has a function here that finds its quickest form, or none; what has none is
called as it stands in the graph.
"""

from __future__ import annotations

import math
import operator
from collections import Counter
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from tinygrad_reg.compiler.fast.names import Names
from tinygrad_reg.compiler.fast.nans import to_be_checked
from tinygrad_reg.compiler.fast.values import Part, Step, Value, contiguous_strides
from tinygrad_reg.compiler.graph import INFIX, Graph, Node, astype, length_of, nodes_in, operands, part

__all__ = ["Lowering", "lower"]

Parts = tuple[Part, ...]

SMALL = 16 * 1024  # bytes of a result that is cheaper to copy than to check by itself
SHORT = 16 * 1024  # entries that a product with ones adds up as exactly as NumPy's sum
HAND_OVER = "raise FloatingPointError"  # the engine has to do this call
FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
SYMBOLS = {
    np.add: "+", np.subtract: "-", np.multiply: "*", np.divide: "/", np.floor_divide: "//",
    np.remainder: "%", operator.pow: "**", np.less: "<", np.less_equal: "<=", np.greater: ">",
    np.greater_equal: ">=", np.equal: "==", np.not_equal: "!=", np.bitwise_and: "&",
    np.bitwise_or: "|", np.bitwise_xor: "^",
}  # fmt: skip
PREFIXES = {np.negative: "-", np.positive: "+", np.absolute: "abs", np.invert: "~"}
# With these, a Python number stands for a number of the arrays' own dtype.
ARITHMETIC = {
    np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum, np.power, np.less,
    np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal, np.hypot, np.arctan2,
    np.logaddexp, np.copysign, np.fmax, np.fmin, np.remainder, np.floor_divide,
}  # fmt: skip


class Lowering:
    """The steps of a program, while they are being found."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.names = Names()
        self.nodes = in_order(graph)
        self.checked = to_be_checked(graph)
        self.steps: list[Step] = []
        self.constants: dict[str, Any] = {}  # what the text cannot say
        self.values: dict[int, Part] = {}
        self.shared: dict[Any, Value] = {}  # functions, numbers and views that several steps use
        self.uses = Counter(id(x) for node in self.nodes for x in set(operands(node)))
        self.uses.update(id(x) for x in [*graph.outputs, *(node for node, _ in graph.guards)])
        self.guards = {id(node): expected for node, expected in graph.guards}
        self.never_changing = never_changing(self.nodes)
        self.absorbed: set[int] = set()
        self.results = {
            id(node): place_of_result(node)
            for node in graph.outputs
            if node.shape and node.kind == "operation"
        }
        self.inputs = [self.input(node) for node in graph.inputs]
        self.absorb()
        self.bundle = 0
        for node in self.nodes:
            self.bundle += 1
            self.lower(node)
        self.returned = [self.returned_part(node, i) for i, node in enumerate(graph.outputs)]

    # -- nodes -------------------------------------------------------------------------------------

    def input(self, node: Node) -> Value:
        """The value of an input."""
        name = self.names.of(node, "x")
        value = Value(name, "input", node.shape, np.dtype(node.dtype), weak=node.weak)
        self.values[id(node)] = value
        return value

    def lower(self, node: Node) -> None:
        """Find the steps of one node."""
        if id(node) in self.values or id(node) in self.absorbed:
            return
        if node.kind == "number":
            self.values[id(node)] = self.number(node.value)
        elif node.kind == "constant":
            self.values[id(node)] = self.given(node.value, self.names.wish(node, "constant"))
        elif node.op is length_of:
            self.values[id(node)] = repr(int(node.args[0].shape[node.args[1]]))
        else:
            self.lower_operation(node)
        if id(node) in self.guards:
            expected = self.guards[id(node)]
            self.step("if bool(", self.of(node), f") is not {expected}: ", HAND_OVER)
        if id(node) in self.checked and id(node) not in self.never_changing:
            self.check(node)

    def lower_operation(self, node: Node) -> None:
        """Find the steps of an operation."""
        if id(node) in self.never_changing:
            self.values[id(node)] = self.unchanging(node)
        elif node.weak and node.op in INFIX:
            self.scalar(node, self.infix(node))
        else:
            for form in forms_of(node):
                if form(self, node):
                    break
            else:
                self.call(node)

    def of(self, node: Node) -> Part:
        """The value of a node, or its text."""
        return self.values[id(node)]

    def unchanging(self, node: Node) -> Part:
        """A value that is computed when the workspace is made."""
        if node.weak and node.op in INFIX:
            parts = self.infix(node)
        else:
            parts = self.call_parts(node)
        return Value(
            self.names.of(node, "constant"),
            "constant",
            node.shape,
            np.dtype(node.dtype),
            definition=parts,
            weak=node.weak,
        )

    # -- steps -------------------------------------------------------------------------------------

    def step(self, *parts: Part, **about: Any) -> None:
        """Add a step."""
        self.steps.append(Step(*parts, bundle=self.bundle, **about))

    def memory(self, node: Node) -> Value:
        """Memory for the result of a node, which from now on stands for the node."""
        place = self.results.get(id(node), "memory")
        value = self.array(place, node.shape, node.dtype, self.names.of(node))
        value.is_named = bool(self.names.wish(node, ""))
        self.values[id(node)] = value
        return value

    def array(self, place: str, shape: tuple[int, ...], dtype: Any, name: str = "") -> Value:
        """Memory for an array."""
        strides = contiguous_strides(shape, dtype)
        name = name or self.names.unique("t")
        return Value(name, place, shape, np.dtype(dtype), strides=strides)

    def scalar(self, node: Node, parts: Parts) -> None:
        """A single number, as a variable."""
        value = Value(self.names.of(node), "scalar", (), np.dtype(node.dtype), weak=node.weak)
        self.values[id(node)] = value
        self.step(value, " = ", *parts, out=value)

    def check(self, node: Node) -> None:
        """Hand over if there is a NaN in a value."""
        value = self.of(node)
        if isinstance(value, Value) and np.dtype(node.dtype).kind == "f":
            self.step("if ", *self.has_nan(value), ": ", HAND_OVER)

    def has_nan(self, value: Value) -> Parts:
        """The condition that there is a NaN in a value."""
        if not value.shape:
            return (value, " != ", value)
        if value.dtype in FLOATS:
            flat = self.flat(value)
            return ("(n := ", self.function(np.dot), "(", flat, ", ", flat, ")) != n")
        return (self.function(np.isnan), "(", value, ").any()")

    # -- calls as they stand -----------------------------------------------------------------------

    def infix(self, node: Node) -> Parts:
        """Infix operators between numbers."""
        given = [self.operand_text(x) for x in node.args]
        if node.op in PREFIXES:
            return (f"{PREFIXES[node.op]}(", given[0], ")")
        return (given[0], f" {SYMBOLS[node.op]} ", given[1])

    def operand_text(self, x: Any) -> Part:
        """An operand of an infix operator; negative numbers in brackets."""
        found = self.values[id(x)]
        return f"({found})" if isinstance(found, str) and found.startswith("-") else found

    def call_parts(self, node: Node) -> Parts:
        """The call of a node as it stands in the graph."""
        if node.op is operator.getitem:
            return (*self.bracketed(node.args[0]), "[", *self.index(node.args[1]), "]")
        if node.op is part:
            return (*self.bracketed(node.args[0]), f"[{node.args[1]}]")
        if node.op is astype:
            dtype = self.argument(np.dtype(node.dtype))
            x = self.argument(node.args[0])
            return (self.function(np.asarray), "(", *x, ").astype(", *dtype, ")[()]")
        if node.op is operator.pow:
            return (self.operand_text(node.args[0]), " ** ", self.operand_text(node.args[1]))
        parts: list[Part] = [self.function(node.op), "("]
        for i, x in enumerate(node.args):
            parts += [", "] if i else []
            parts += self.argument(x)
        for i, (key, x) in enumerate(node.kwargs.items()):
            parts += [", "] if i or node.args else []
            parts += [f"{key}=" if key.isidentifier() else f"**{{{key!r}: ", *self.argument(x)]
            parts += [] if key.isidentifier() else ["}"]
        return (*parts, ")")

    def bracketed(self, x: Any) -> Parts:
        """Something that an index can follow."""
        parts = self.argument(x)
        return parts if isinstance(parts[0], Value) else ("(", *parts, ")")

    def call(self, node: Node) -> bool:
        """A call as it stands in the graph, which makes a new array."""
        parts = self.call_parts(node)
        if not node.shape and not node.weak and np.dtype(node.dtype).kind != "O":
            parts = (*parts, "" if parts[-1] == ")[()]" else "[()]")
            if node.op in SYMBOLS:
                parts = ("(", *parts[:-1], ")[()]")
            self.scalar(node, parts)
            return True
        place = "scalar" if node.weak else "fresh"
        kept = dict.fromkeys(
            root for x in parts if isinstance(x, Value) for root in x.keeps if x.place != "constant"
        )
        value = Value(
            self.names.of(node),
            place,
            node.shape,
            np.dtype(node.dtype),
            keeps=tuple(kept),
            weak=node.weak,
        )
        self.values[id(node)] = value
        self.step(value, " = ", *parts, out=value)
        return True

    def argument(self, x: Any) -> Parts:
        """The text of an argument, with nodes inside of lists, tuples and slices."""
        if isinstance(x, Node):
            return (self.of(x),)
        if isinstance(x, slice):
            inner = self.listed((x.start, x.stop, x.step))
            return ("slice(", *inner, ")")
        if type(x) is tuple:
            return ("(", *self.listed(x), ",)" if len(x) == 1 else ")")
        if type(x) is list:
            return ("[", *self.listed(x), "]")
        text = literal(x)
        return (text,) if text is not None else (self.given(x, "argument"),)

    def listed(self, xs: Any) -> Parts:
        """Arguments separated by commas."""
        parts: list[Part] = []
        for i, x in enumerate(xs):
            parts += [", "] if i else []
            parts += self.argument(x)
        return tuple(parts)

    def index(self, index: Any) -> Parts:
        """What stands between the brackets of x[...]."""
        entries = index if type(index) is tuple else (index,)
        if not entries:
            return ("()",)
        parts: list[Part] = []
        for i, x in enumerate(entries):
            parts += [", "] if i else []
            if isinstance(x, slice):
                bounds = [("",) if bound is None else self.argument(bound) for bound in
                          (x.start, x.stop, x.step)]  # fmt: skip
                parts += [*bounds[0], ":", *bounds[1]]
                parts += [":", *bounds[2]] if x.step is not None else []
            else:
                parts += self.argument(x)
        return (*parts, ",") if len(entries) == 1 and type(index) is tuple else tuple(parts)

    # -- constants ---------------------------------------------------------------------------------

    def given(self, x: Any, wish: str) -> Value:
        """An object that the text cannot say, by name."""
        key = ("given", id(x))
        if key not in self.shared:
            name = self.names.unique(wish)
            self.constants[name] = x
            is_array = isinstance(x, np.ndarray)
            self.shared[key] = Value(
                name,
                "constant",
                np.shape(x) if is_array else (),
                x.dtype if is_array else None,
                strides=x.strides if is_array else None,
                weak=type(x) in (int, float, bool, complex),
            )
        return self.shared[key]

    def function(self, op: Any) -> Value:
        """A function, under a short name."""
        key = ("function", op if op.__hash__ else id(op))
        if key not in self.shared:
            path = path_of(op)
            if path is None:
                self.shared[key] = self.given(op, wish_of(op))
            else:
                short = path.removeprefix("np.").replace(".", "_")
                name = short if hasattr(np, short) else self.names.unique(short)
                self.shared[key] = Value(name, "constant", definition=(path,))
        return self.shared[key]

    def number(self, x: Any) -> Part:
        """A number as text, or by name."""
        text = literal(x)
        if text is not None:
            return text
        if isinstance(x, np.generic) and np.isfinite(x):
            return self.defined(("number", repr(x)), (repr(x),), x.dtype)
        return self.given(x, "number")

    def defined(self, key: Any, definition: Parts, dtype: Any, shape: Any = ()) -> Value:
        """A constant that is made with the workspace, once for every key."""
        if key not in self.shared:
            self.shared[key] = Value(
                self.names.unique(key[0]),
                "constant",
                shape,
                np.dtype(dtype),
                definition=definition,
                strides=contiguous_strides(shape, dtype),
            )
        return self.shared[key]

    def number_array(self, x: Any, dtype: Any) -> Part | None:
        """A number as an array without axes, which ufuncs take quicker; None if it does not fit."""
        with np.errstate(all="ignore"):
            converted = np.array(x, dtype)
        if not np.isfinite(converted):
            return None
        text = f"({literal(converted.item())}, np.{np.dtype(dtype).name})"
        return self.defined(("number", text), ("np.array", text), dtype)

    def ones(self, n: int, dtype: Any) -> Value:
        """A vector of ones."""
        dtype = np.dtype(dtype)
        text = f"np.ones({n}, np.{dtype.name})"
        return self.defined(("ones", n, dtype), (text,), dtype, (n,))

    # -- views -------------------------------------------------------------------------------------

    def view(self, base: Value, shape: Any, strides: Any, *parts: Part, wish: str = "") -> Value:
        """A view of a value; the same for the same text."""
        key = ("view", id(base), *[x if isinstance(x, str) else x.name for x in parts])
        if key not in self.shared:
            self.shared[key] = Value(
                self.names.unique(wish or f"{base.name}_view"),
                base.place,
                tuple(shape),
                base.dtype,
                definition=parts,
                base=base,
                strides=strides,
                keeps=base.keeps,
            )
        return self.shared[key]

    def flat(self, x: Value) -> Value:
        """The entries as a vector, rows first."""
        if len(x.shape) == 1 and (x.is_contiguous or x.strides is None):
            return x
        if x.strides is not None and not x.is_contiguous and x.root.place != "constant":
            x = self.contiguous(x)
        strides = (x.dtype.itemsize,)
        return self.view(x, (x.size,), strides, x, ".ravel()", wish=f"{x.name}_flat")

    def reshaped(self, x: Value, shape: tuple[int, ...]) -> Value:
        """Entries that lie one after the other, in another shape."""
        if x.shape == shape:
            return x
        strides = contiguous_strides(shape, x.dtype)
        return self.view(x, shape, strides, x, f".reshape({shape})")

    def contiguous(self, x: Value) -> Value:
        """The same entries one after the other, in memory of their own."""
        if x.is_contiguous:
            return x
        if x.strides is None or x.root.place == "constant":
            parts = (self.function(np.ascontiguousarray), "(", x, ")")
            strides = contiguous_strides(x.shape, x.dtype)
            return self.view(x, x.shape, strides, *parts, wish=f"{x.name}_rows")
        copy = self.array("memory", x.shape, x.dtype, self.names.unique(f"{x.name}_copy"))
        self.step(copy, "[...] = ", x, out=copy)
        return copy

    # -- sums --------------------------------------------------------------------------------------

    def total(self, terms: list[Value], name: str) -> Value:
        """The sum of an array's entries, or of the products of two arrays' entries."""
        dtype, size = terms[0].dtype, terms[0].size
        parts: Parts
        if len(terms) == 2 or size <= SHORT:
            factors = [self.flat(x) for x in terms]
            factors += [self.ones(size, dtype)] if len(terms) == 1 else []
            parts = (self.function(np.dot), "(", factors[0], ", ", factors[1], ")")
        else:
            parts = (self.function(np.add.reduce), "(", terms[0], ", None)")
        out = Value(name, "scalar", (), dtype)
        self.step(out, " = ", *parts, out=out, entries=terms[0].shape, terms=tuple(terms))
        return out

    def absorb(self) -> None:
        """Leave out products and squares that are only added up: that is one product of vectors."""
        for node in self.nodes:
            if node.op in SUMS and len(node.args) == 1 and sums_everything(node):
                x = node.args[0]
                if id(x) in self.never_changing:
                    continue
                if is_product(x) and self.uses[id(x)] == 1 and id(x) not in self.checked:
                    self.absorbed.add(id(x))

    def returned_part(self, node: Node, i: int) -> tuple[Parts, Value | None]:
        """The text that returns an output, and the value in which a NaN of it shows."""
        value = self.of(node)
        if isinstance(value, str):
            return (value,), None
        if value.place in ("input", "constant"):
            return (value, "" if value.weak else ".copy()" if value.shape else "[()]"), None
        if value.shape and (value.base is not None or value.place not in ("kept", "result")):
            value = self.copied(value)
        checked = value if value.dtype.kind == "f" else None
        if value.place == "result" and value.dtype in FLOATS:
            self.bundle += 1
            checked = self.total([value, value], self.names.unique("squares"))
        if not value.shape:
            return (value,), checked
        first = next(j for j, x in enumerate(self.graph.outputs) if x is node)
        as_it_is = value.place == "result" and i == first
        return (value, "" if as_it_is else ".copy()"), checked

    def copied(self, value: Value) -> Value:
        """An output that is a view, as a result."""
        place = place_of_result(value)
        copy = self.array(place, value.shape, value.dtype, self.names.unique(f"{value.name}_copy"))
        self.step(copy, "[...] = ", value, out=copy)
        return copy


def place_of_result(x: Node | Value) -> str:
    """Small results are copied from memory that is checked as a whole, others made in the call."""
    return "kept" if x.size * np.dtype(x.dtype).itemsize <= SMALL else "result"


def lower(graph: Graph) -> Lowering:
    """The steps of a graph."""
    return Lowering(graph)


def never_changing(nodes: list[Node]) -> set[int]:
    """The operations, by `id`, that depend on constants alone."""
    found: set[int] = set()
    for node in nodes:
        if node.kind == "operation" and all(
            x.kind in ("number", "constant") or id(x) in found for x in operands(node)
        ):
            found.add(id(node))
    return found


def in_order(graph: Graph) -> list[Node]:
    """The nodes of a graph after their operands, and otherwise as the function computed them."""
    nodes = graph.nodes()
    users: dict[int, list[Node]] = {id(node): [] for node in nodes}
    missing: dict[int, int] = {}
    for node in nodes:
        given = {id(x): x for x in operands(node)}
        missing[id(node)] = len(given)
        for key in given:
            users[key].append(node)
    turn: dict[int, int] = {}
    for node in reversed(nodes):
        turn[id(node)] = min([node.number, *[turn[id(user)] for user in users[id(node)]]])
    ready = [(turn[id(n)], n.number, i, n) for i, n in enumerate(nodes) if not missing[id(n)]]
    heapify(ready)
    count = len(nodes)
    found = []
    while ready:
        node = heappop(ready)[-1]
        found.append(node)
        for user in users[id(node)]:
            missing[id(user)] -= 1
            if not missing[id(user)]:
                count += 1
                heappush(ready, (turn[id(user)], user.number, count, user))
    return found


# -- text ------------------------------------------------------------------------------------------


def literal(x: Any) -> str | None:
    """A value as Python writes it, or None."""
    if type(x) in (int, bool, str, type(None), type(Ellipsis)):
        return "..." if x is Ellipsis else repr(x)
    if type(x) is float and math.isfinite(x):
        return repr(x)
    if isinstance(x, int) and not isinstance(x, bool):
        return repr(int(x))
    if isinstance(x, np.integer):
        return repr(int(x))
    if isinstance(x, np.dtype) and getattr(np, x.name, None) is x.type and x.isnative:
        return f"np.{x.name}"
    return None


MODULES = {"np": np, "np.linalg": np.linalg, "np.fft": np.fft}


def path_of(op: Any) -> str | None:
    """Where NumPy has a function, as text."""
    ufunc = getattr(op, "__self__", None)
    if isinstance(ufunc, np.ufunc):
        inner = path_of(ufunc)
        return None if inner is None else f"{inner}.{op.__name__}"
    name = getattr(op, "__name__", "")
    for module, holder in MODULES.items():
        if getattr(holder, name, None) is op:
            return f"{module}.{name}"
    return None


def wish_of(op: Any) -> str:
    """A name for a function that is not NumPy's."""
    name = getattr(op, "__name__", "function")
    return name.rstrip("_") if name.isascii() and name.isidentifier() else "function"


def is_floating(node: Node) -> bool:
    """Whether a node holds numbers that BLAS computes with."""
    return np.dtype(node.dtype) in FLOATS


# -- forms -----------------------------------------------------------------------------------------

Form = Callable[[Lowering, Node], bool]


def forms_of(node: Node) -> tuple[Form, ...]:
    """The functions that know quick forms of an operation."""
    op: Any = node.op
    if op is np.matmul or op is np.dot:
        return (scalar_infix, product)
    if isinstance(op, np.ufunc) or op is operator.pow:
        return (scalar_infix, elementwise)
    if op in FORMS:
        return FORMS[op]
    if op in VIEWS:
        return (view,)
    return ()


def scalar_infix(lowering: Lowering, node: Node) -> bool:
    """Numbers: infix operators are quicker than calls."""
    if node.shape or node.kwargs or node.op is np.matmul:
        return False
    if any(isinstance(x, Node) and x.shape for x in node.args):
        return False
    if node.op not in INFIX or node.op is np.dot:
        return False
    lowering.scalar(node, lowering.infix(node))
    return True


def elementwise(lowering: Lowering, node: Node) -> bool:
    """A ufunc that writes into memory."""
    op: Any = node.op
    if node.kwargs or not node.shape or np.dtype(node.dtype).kind == "O":
        return False
    if op is operator.pow:
        return power(lowering, node)
    if op.nout != 1 or op.signature is not None:
        return False
    given = ufunc_operands(lowering, node)
    out = lowering.memory(node)
    write(lowering, op, given, out)
    return True


def write(lowering: Lowering, op: Any, given: list[Part], out: Value) -> None:
    """The step of a ufunc."""
    parts: list[Part] = [lowering.function(op), "("]
    for x in given:
        parts += [x, ", "]
    keyword = "out=" if op in (np.maximum, np.minimum) else ""  # NumPy wants it with these two
    lowering.step(
        *parts, keyword, out, ")", out=out, in_place=tuple(given), entries=out.shape
    )


def power(lowering: Lowering, node: Node) -> bool:
    """x**p; small whole powers as products."""
    x, p = node.args
    if not x.shape or p.kind != "number" or type(p.value) not in (int, float):
        lowering_ok = x.kind != "number" and not x.weak and not p.weak
        if not lowering_ok:
            return False
        write_pair = ufunc_operands(lowering, node)
        write(lowering, np.power, write_pair, lowering.memory(node))
        return True
    if np.dtype(x.dtype) not in FLOATS or x.dtype != node.dtype:
        return False
    operand = lowering.of(x)
    exponent = p.value
    if exponent in (2, 3, 4):
        out = lowering.memory(node)
        write(lowering, np.square, [operand], out)
        if exponent == 3:
            write(lowering, np.multiply, [out, operand], out)
        elif exponent == 4:
            write(lowering, np.square, [out], out)
        return True
    for special, ufunc in ((0.5, np.sqrt), (1, np.positive), (-1, np.reciprocal)):
        if exponent == special:
            write(lowering, ufunc, [operand], lowering.memory(node))
            return True
    number = lowering.number_array(exponent, node.dtype)
    if number is None:
        return False
    write(lowering, np.power, [operand, number], lowering.memory(node))
    return True


def ufunc_operands(lowering: Lowering, node: Node) -> list[Part]:
    """The operands of a ufunc: without broadcasts that it does by itself, numbers as arrays."""
    args = list(node.args)
    for i, x in enumerate(args):
        if x.op is np.broadcast_to and id(x) not in lowering.absorbed:
            inner = x.args[0]
            if isinstance(inner, Node) and id(inner) in lowering.values:
                shorter = [*args[:i], inner, *args[i + 1 :]]
                if np.broadcast_shapes(*[y.shape for y in shorter]) == node.shape:
                    if not inner.weak and any(y.shape for y in shorter):
                        args = shorter
    arrays = {np.dtype(x.dtype) for x in args if not x.weak}
    given: list[Part] = []
    for x in args:
        found: Part | None = None
        if x.kind == "number":
            if not x.weak and np.dtype(x.value.dtype) in FLOATS:
                found = lowering.number_array(x.value, x.value.dtype)
            elif x.weak and node.op in ARITHMETIC and len(arrays) == 1 and arrays <= {*FLOATS}:
                if type(x.value) in (int, float):
                    found = lowering.number_array(x.value, next(iter(arrays)))
        given.append(lowering.of(x) if found is None else found)
    return given


# -- products --------------------------------------------------------------------------------------


def product(lowering: Lowering, node: Node) -> bool:
    """A product of matrices or vectors."""
    a, b = node.args[:2]
    if node.kwargs or len(node.args) != 2 or not a.shape or not b.shape:
        return False
    alike = is_floating(node) and a.dtype == b.dtype == node.dtype
    if a.weak or b.weak or np.dtype(node.dtype).kind not in "fiub":
        return False
    given = [materialized(lowering, x) for x in (a, b)]
    by_blas = alike and a.ndim <= 2 and b.ndim <= 2
    call = lowering.function(np.dot if by_blas or node.op is np.dot else np.matmul)
    if not node.shape:
        lowering.scalar(node, (call, "(", given[0], ", ", given[1], ")"))
        return True
    if node.op is np.dot and not by_blas:
        return False
    out = lowering.memory(node)
    lowering.step(call, "(", given[0], ", ", given[1], ", ", out, ")", out=out)
    return True


def materialized(lowering: Lowering, node: Node) -> Part:
    """An operand of a product: broadcast arrays are written out, which BLAS asks for."""
    value = lowering.of(node)
    if isinstance(value, Value) and value.strides is not None:
        if any(s == 0 and n > 1 for s, n in zip(value.strides, value.shape, strict=True)):
            return lowering.contiguous(value)
    return value


def is_product(node: Node) -> bool:
    """Whether a node is x*y or x**2 of arrays of one shape and dtype, neither broadcast."""
    if not is_floating(node) or node.kind != "operation" or not node.shape or node.kwargs:
        return False
    if node.op is operator.pow:
        x, p = node.args
        return p.kind == "number" and p.weak and p.value == 2 and same_kind(x, node)
    if node.op is np.multiply or node.op is np.square:
        return all(same_kind(x, node) for x in node.args)
    return False


def same_kind(x: Node, node: Node) -> bool:
    """Whether two nodes have one shape and dtype, and no broadcast is in between."""
    return x.shape == node.shape and x.dtype == node.dtype and x.op is not np.broadcast_to


def factors(node: Node) -> tuple[Node, Node]:
    """The two factors of a product or square."""
    return (node.args[0], node.args[1] if node.op is np.multiply else node.args[0])


# -- reductions ------------------------------------------------------------------------------------

SUMS = {np.sum, np.add.reduce}


def axes_of(node: Node) -> tuple[tuple[int, ...], bool] | None:
    """The axes that a reduction takes away, and whether they stay at length 1; None if unknown."""
    given = dict(zip(("x", "axis"), node.args, strict=False)) | node.kwargs
    if len(node.args) > 2 or not set(given) <= {"x", "axis", "keepdims"}:
        return None
    default = 0 if getattr(node.op, "__name__", "") == "reduce" else None
    axis, keepdims = given.get("axis", default), given.get("keepdims", False)
    if keepdims is np._NoValue:
        keepdims = False
    if not isinstance(keepdims, bool) or not isinstance(given["x"], Node):
        return None
    ndim = given["x"].ndim
    if axis is None or ndim == 0:
        return tuple(range(ndim)), keepdims
    axes = axis if isinstance(axis, tuple) else (axis,)
    if not all(isinstance(i, int | np.integer) for i in axes):
        return None
    return tuple(sorted(int(i) % ndim for i in axes)), keepdims


def sums_everything(node: Node) -> bool:
    """Whether a sum is over all entries."""
    found = axes_of(node)
    return found is not None and not node.shape and len(found[0]) == node.args[0].ndim > 0


def total(lowering: Lowering, node: Node) -> bool:
    """A sum or mean as a product with ones."""
    found = axes_of(node)
    x = node.args[0] if node.args else None
    if found is None or not isinstance(x, Node) or not x.shape or not is_floating(node):
        return False
    if x.dtype != node.dtype or x.weak:
        return False
    axes, _ = found
    mean = node.op is np.mean
    count = math.prod(x.shape[i] for i in axes)
    if x.size == 0:
        return False
    if len(axes) < x.ndim:
        return sum_of_axes(lowering, node, x, axes, count if mean else 0)
    found_sum = sum_of_all(lowering, x, lowering.names.of(node))
    if not node.shape and not mean:
        lowering.values[id(node)] = found_sum
    elif not node.shape:
        lowering.scalar(node, (found_sum, f" / {count}"))
    else:
        out = lowering.memory(node)
        divided = f" / {count}" if mean else ""
        lowering.step(out, "[...] = ", found_sum, divided, out=out)
    return True


def sum_of_all(lowering: Lowering, x: Node, name: str) -> Value:
    """The sum of all entries, as a number."""
    if id(x) in lowering.absorbed:
        return lowering.total([as_value(lowering.of(y)) for y in factors(x)], name)
    return lowering.total([as_value(lowering.of(x))], name)


def as_value(x: Part) -> Value:
    """A part that is known to be a value."""
    assert isinstance(x, Value)
    return x


def sum_of_axes(lowering: Lowering, node: Node, x: Node, axes: tuple[int, ...], count: int) -> bool:
    """Sums along the first or the last axes, as a product of a matrix and ones."""
    value = as_value(lowering.of(x))
    ndim, n = x.ndim, len(axes)
    length = math.prod(x.shape[i] for i in axes)
    first, last = axes == tuple(range(n)), axes == tuple(range(ndim - n, ndim))
    fits = (first or last) and length <= SHORT and (ndim == 2 or value.is_contiguous)
    out = lowering.memory(node)
    if fits:
        ones = lowering.ones(length, x.dtype)
        other = x.size // length
        matrix = value
        if ndim != 2:
            matrix = lowering.reshaped(value, (other, length) if last else (length, other))
        pair = (matrix, ", ", ones) if last else (ones, ", ", matrix)
        lowering.step(lowering.function(np.dot), "(", *pair, ", ", flat_out(lowering, out), ")",
                      out=out)  # fmt: skip
    else:
        reduce(lowering, np.add, value, axes, out, keepdims=node.ndim == ndim)
    if count:
        divisor = lowering.number_array(count, node.dtype)
        assert divisor is not None
        write(lowering, np.divide, [out, divisor], out)
    return True


def flat_out(lowering: Lowering, out: Value) -> Value:
    """A vector that writes into an array."""
    return out if len(out.shape) == 1 else lowering.flat(out)


def reduce(
    lowering: Lowering, ufunc: Any, x: Value, axes: tuple[int, ...], out: Value, keepdims: bool
) -> None:
    """The step of a reduction along axes."""
    axis = str(axes[0]) if len(axes) == 1 else str(axes)
    call = lowering.function(ufunc.reduce)
    lowering.step(call, "(", x, f", {axis}, None, ", out, f", {keepdims})", out=out)


def extreme(lowering: Lowering, node: Node) -> bool:
    """A largest or smallest entry."""
    found = axes_of(node)
    x = node.args[0] if node.args else None
    if found is None or not isinstance(x, Node) or not x.shape or x.weak or x.size == 0:
        return False
    ufunc = np.maximum if node.op in (np.max, np.amax) else np.minimum
    axes, keepdims = found
    value = as_value(lowering.of(x))
    if not node.shape:
        lowering.scalar(node, (lowering.function(ufunc.reduce), "(", value, ", None)"))
        return True
    reduce(lowering, ufunc, value, axes, lowering.memory(node), keepdims)
    return True


# -- the rest --------------------------------------------------------------------------------------


def chosen(lowering: Lowering, node: Node) -> bool:
    """np.where with three arguments: one array copied over another where the condition holds."""
    if len(node.args) != 3 or node.kwargs or not node.shape:
        return False
    condition, a, b = node.args
    if not isinstance(condition, Node) or np.dtype(condition.dtype).kind != "b":
        return False
    given = [lowering.argument(x) for x in (a, b)]
    if not condition.shape or any(len(parts) != 1 for parts in given):
        return False
    mask = lowering.of(condition)
    (chosen,), (other,) = given
    out = lowering.memory(node)
    same = isinstance(other, Value) and isinstance(b, Node) and b.shape == node.shape
    in_place = (other,) if same else ()
    lowering.step(
        out, "[...] = ", other, out=out, in_place=in_place, copy=True, entries=out.shape
    )
    call = (lowering.function(np.copyto), "(", out, ", ", chosen, ", 'unsafe', ", mask, ")")
    lowering.step(*call, out=out, entries=out.shape)
    return True


def convert(lowering: Lowering, node: Node) -> bool:
    """An array in another dtype."""
    x = node.args[0]
    if not node.shape or not isinstance(x, Node) or not x.shape:
        return False
    out = lowering.memory(node)
    value = lowering.of(x)
    if np.can_cast(x.dtype, node.dtype, "unsafe"):
        lowering.step(
            out, "[...] = ", value, out=out, in_place=(value,), copy=True, entries=out.shape
        )
    return True


def joined(lowering: Lowering, node: Node) -> bool:
    """Arrays one after the other."""
    arrays = node.args[0]
    rest = list(node.args[1:])
    axis = rest[0] if rest else node.kwargs.get("axis", 0)
    if len(rest) > 1 or set(node.kwargs) - {"axis"} or not isinstance(axis, int):
        return False
    if not all(isinstance(x, Node) and x.shape for x in arrays):
        return False
    listed = lowering.listed(arrays)
    out = lowering.memory(node)
    lowering.step(lowering.function(node.op), "((", *listed, f",), {axis}, ", out, ")", out=out)
    return True


# -- views -----------------------------------------------------------------------------------------


def transpose_text(x: Any, node: Node) -> str | None:
    """The quickest way to write a transpose."""
    if node.op is np.transpose and len(node.args) == 1 and not node.kwargs:
        return ".T"
    return None


def view(lowering: Lowering, node: Node) -> bool:
    """Operations whose result is a view."""
    x = node.args[0]
    static = not any(True for y in node.args[1:] for _ in nodes_of(y)) and not any(
        True for y in node.kwargs.values() for _ in nodes_of(y)
    )
    if not isinstance(x, Node) or not static:
        return False
    value = lowering.of(x)
    if not x.shape:
        return spread_number(lowering, node, value)
    if not node.shape or not isinstance(value, Value):
        return False
    op: Any = node.op
    if op is operator.getitem and not is_basic(node.args[1]):
        return False
    if node.kwargs.get("order", "C") != "C" or "copy" in node.kwargs:
        return False
    if value.strides is None:
        if op is np.broadcast_to:
            out = lowering.memory(node)
            lowering.step(out, "[...] = ", value, out=out)
            return True
        strides = None
    else:
        strides = strides_of(op, value, node)
        if strides is None:
            return copied_view(lowering, node, value)
    call: Parts
    if transpose_text(value, node):
        call = (value, ".T")
    elif op in (np.reshape, np.ravel):
        call = (value, f".reshape({shape_text(node.shape)})")
    else:
        call = lowering.call_parts(node)
    wish = lowering.names.of(node, f"{value.name}_{'T' if call[-1] == '.T' else 'view'}")
    found = Value(
        wish,
        value.place,
        node.shape,
        value.dtype,
        definition=call,
        base=value,
        strides=strides,
        keeps=value.keeps,
    )
    lowering.values[id(node)] = found
    return True


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape as text."""
    return repr(tuple(int(n) for n in shape))


def nodes_of(nested: Any) -> Any:
    """The nodes in an argument."""
    return nodes_in(nested)


def is_basic(index: Any) -> bool:
    """Whether an index gives a view: slices, numbers, None and `...`."""
    entries = index if isinstance(index, tuple) else (index,)
    return all(
        x is None or x is Ellipsis or isinstance(x, slice)
        or (isinstance(x, int | np.integer) and not isinstance(x, bool | np.bool_))
        for x in entries
    )  # fmt: skip


def strides_of(op: Any, value: Value, node: Node) -> tuple[int, ...] | None:
    """The strides of a view of a value, or None if NumPy would have to copy."""
    standin = as_strided(np.empty(1, value.dtype), value.shape, value.strides)
    if op in (np.reshape, np.ravel):
        try:
            return standin.reshape(node.shape, copy=False).strides
        except ValueError:
            return None
    return op(standin, *node.args[1:], **node.kwargs).strides  # type: ignore[no-any-return]


def copied_view(lowering: Lowering, node: Node, value: Value) -> bool:
    """A reshape that has to copy."""
    out = lowering.memory(node)
    target = lowering.reshaped(out, value.shape)
    lowering.step(target, "[...] = ", value, out=out)
    return True


def spread_number(lowering: Lowering, node: Node, value: Part) -> bool:
    """A single number, as an array of any shape."""
    if not node.shape or node.op is operator.getitem:
        return False
    if isinstance(value, str):
        return False
    out = lowering.memory(node)
    lowering.step(out, ".fill(", value, ")", out=out)
    return True


VIEWS = {
    np.transpose, np.swapaxes, np.moveaxis, np.reshape, np.ravel, np.squeeze, np.expand_dims,
    np.broadcast_to, np.flip, operator.getitem,
}  # fmt: skip
FORMS: dict[Any, tuple[Form, ...]] = {
    np.sum: (total,),
    np.mean: (total,),
    np.add.reduce: (total,),
    np.max: (extreme,),
    np.min: (extreme,),
    np.amax: (extreme,),
    np.amin: (extreme,),
    np.where: (chosen,),
    astype: (convert,),
    np.concatenate: (joined,),
    np.stack: (joined,),
}
