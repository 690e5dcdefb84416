"""A graph as steps: which call of NumPy computes each node, and what it reads and writes."""

from __future__ import annotations

import builtins
from collections import Counter
from typing import Any

import numpy as np

from tinygrad_reg.compiler.fast import reductions
from tinygrad_reg.compiler.fast.calls import Parts, call, infix, path_of
from tinygrad_reg.compiler.fast.forms import forms_of
from tinygrad_reg.compiler.fast.names import Names
from tinygrad_reg.compiler.fast.nans import to_be_checked
from tinygrad_reg.compiler.fast.order import in_order, never_changing
from tinygrad_reg.compiler.fast.values import FLOATS, Part, Step, Value, contiguous_strides
from tinygrad_reg.compiler.graph import INFIX, Graph, Node, length_of, operands
from tinygrad_reg.compiler.readable.literals import dtype_text, entry_text, number_text
from tinygrad_reg.compiler.readable.names import identifier

__all__ = ["HAND_OVER", "Lowering"]

SMALL = 32 * 1024  # bytes of a result that is cheaper to copy than to look at by itself
HAND_OVER = "raise FloatingPointError"  # the engine has to do this call


class Lowering:
    """The steps of a program.

    Attributes
    ----------
    steps : list of Step
        In order.
    constants : dict
        By name, what the text cannot say: arrays, functions that are not NumPy's.
    inputs : list of Value
        The parameters of the program.
    returned : list of (tuple of Part, Value or None)
        For each output, the text that returns it, and a value in which a NaN of it shows.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes = in_order(graph)
        self.names = Names([*graph.inputs, *self.nodes])
        self.checked = to_be_checked(graph)
        self.guards = {id(node): expected for node, expected in graph.guards}
        self.uses = Counter(id(x) for node in self.nodes for x in operands(node))
        self.uses.update(id(x) for x in graph.outputs)
        self.uses.update(self.guards)
        self.never_changing = never_changing(self.nodes)
        self.signs = {id(x.args[0]): x for x in self.nodes if x.op is np.sign and not x.kwargs}
        self.absorbed = reductions.absorbed(self)
        self.results = {
            id(x): place_of_result(x) for x in graph.outputs if x.shape and x.kind == "operation"
        }
        self.steps: list[Step] = []
        self.constants: dict[str, Any] = {}
        self.values: dict[int, Part] = {}
        self.shared: dict[Any, Value] = {}  # functions, numbers and views that several steps use
        self.bundle = 0
        self.inputs = [self.input(node) for node in graph.inputs]
        for node in self.nodes:
            if id(node) not in self.values and id(node) not in self.absorbed:
                self.lower(node)
        self.returned = [self.output(node, i) for i, node in enumerate(graph.outputs)]

    # -- nodes -------------------------------------------------------------------------------------

    def of(self, node: Node) -> Part:
        """The value of a node, or its text."""
        return self.values[id(node)]

    def array_of(self, node: Node) -> Value:
        """The value of a node that is an array."""
        value = self.values[id(node)]
        assert isinstance(value, Value)
        return value

    def input(self, node: Node) -> Value:
        """The value of an input."""
        name = self.names.of(node, "x")
        value = Value(name, "input", node.shape, np.dtype(node.dtype), weak=node.weak)
        self.values[id(node)] = value
        return value

    def lower(self, node: Node) -> None:
        """Find the steps of a node."""
        self.bundle += 1
        if node.kind == "number":
            self.values[id(node)] = self.number(node.value)
        elif node.kind == "constant":
            self.values[id(node)] = self.given(node.value, node)
        elif node.op is length_of:
            self.values[id(node)] = number_text(int(node.args[0].shape[node.args[1]]))
        elif id(node) in self.never_changing:
            self.values[id(node)] = self.unchanging(node)
        elif node.weak and node.op in INFIX:
            self.scalar(node, infix(self, node))
        elif not any(form(self, node) for form in forms_of(node)):
            self.call(node)
        if id(node) in self.guards:
            self.step("if bool(", self.of(node), f") is not {self.guards[id(node)]}: ", HAND_OVER)
        if id(node) in self.checked and id(node) not in self.never_changing:
            value = self.of(node)
            if isinstance(value, Value) and np.dtype(node.dtype).kind == "f":
                self.step("if ", *self.has_nan(value), ": ", HAND_OVER)

    def unchanging(self, node: Node) -> Part:
        """A value that is computed when the workspace is made."""
        parts = infix(self, node) if node.weak and node.op in INFIX else call(self, node)
        name = self.names.of(node, "constant")
        dtype = np.dtype(node.dtype)
        return Value(name, "constant", node.shape, dtype, definition=parts, weak=node.weak)

    def call(self, node: Node) -> None:
        """A call as it stands in the graph, which makes an array or number."""
        parts = call(self, node)
        if not node.shape and not node.weak and np.dtype(node.dtype).kind != "O":
            self.scalar(node, (*parts, "[()]"))
            return
        arrays = [x for x in parts if isinstance(x, Value) and x.place != "constant"]
        value = Value(
            self.names.of(node, "t"),
            "scalar" if node.weak else "fresh",
            node.shape,
            np.dtype(node.dtype),
            weak=node.weak,
        )
        value.keeps = (value, *dict.fromkeys(owner for x in arrays for owner in x.keeps))
        self.values[id(node)] = value
        self.step(value, " = ", *parts, out=value)

    def output(self, node: Node, i: int) -> tuple[Parts, Value | None]:
        """The text that returns an output, and a value in which a NaN of it shows."""
        self.bundle += 1
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
            checked = self.total([value, value], self.names.space.claim_numbered("squares"))
        first = next(j for j, x in enumerate(self.graph.outputs) if x is node)
        as_it_is = not value.shape or (value.place == "result" and i == first)
        return (value, "" if as_it_is else ".copy()"), checked

    def copied(self, value: Value) -> Value:
        """An output that is a view, as a result."""
        copy = self.array(place_of_result(value), value.shape, value.dtype)
        self.step(copy, "[...] = ", value, out=copy)
        return copy

    # -- steps and their results -------------------------------------------------------------------

    def step(self, *parts: Part, **about: Any) -> None:
        """Add a step."""
        self.steps.append(Step(*parts, bundle=self.bundle, **about))

    def array(self, place: str, shape: tuple[int, ...], dtype: Any, name: str = "") -> Value:
        """An array whose entries lie one after the other."""
        strides = contiguous_strides(shape, dtype)
        name = name or self.names.space.claim_numbered("t")
        return Value(name, place, shape, np.dtype(dtype), strides=strides)

    def memory(self, node: Node) -> Value:
        """An array for the result of a node, which from now on stands for the node."""
        is_named = self.names.is_named(node)
        place = self.results.get(id(node), "memory")
        value = self.array(place, node.shape, node.dtype, self.names.of(node, "t"))
        value.is_named = is_named
        self.values[id(node)] = value
        return value

    def scalar(self, node: Node, parts: Parts) -> None:
        """A number, as a variable."""
        name = self.names.of(node, "t")
        value = Value(name, "scalar", (), np.dtype(node.dtype), weak=node.weak)
        self.values[id(node)] = value
        self.step(value, " = ", *parts, out=value)

    def total(self, terms: list[Value], name: str) -> Value:
        """The sum of an array's entries, or of the products of two arrays' entries."""
        dtype, size = terms[0].dtype, terms[0].size
        out = Value(name, "scalar", (), dtype)
        parts: Parts
        if len(terms) == 2 or size <= reductions.SHORT:
            factors = [self.flat(x) for x in terms]
            factors += [self.ones(size, dtype)] if len(terms) == 1 else []
            parts = (self.function(np.dot), "(", factors[0], ", ", factors[1], ")")
        else:
            parts = (self.function(np.add.reduce), "(", terms[0], ", None)")
        self.step(out, " = ", *parts, out=out, entries=terms[0].shape, terms=tuple(terms))
        return out

    def has_nan(self, value: Value) -> Parts:
        """The condition that there is a NaN in a value."""
        if not value.shape:
            return (value, " != ", value)
        if value.dtype in FLOATS:
            flat = self.flat(value)
            return ("(n := ", self.function(np.dot), "(", flat, ", ", flat, ")) != n")
        return (self.function(np.isnan), "(", value, ").any()")

    # -- constants ---------------------------------------------------------------------------------

    def given(self, x: Any, called: str | Node) -> Value:
        """An object that the text cannot say, by name."""
        key = ("given", id(x))
        if key not in self.shared:
            if isinstance(called, Node):
                name = self.names.of(called, "constant")
            else:
                name = self.names.space.claim(called)
            self.constants[name] = x
            value = Value(name, "constant", weak=type(x) in (int, float, bool, complex))
            if isinstance(x, np.ndarray | np.generic):
                value.shape, value.dtype, value.strides = x.shape, x.dtype, x.strides
            self.shared[key] = value
        return self.shared[key]

    def function(self, op: Any) -> Value:
        """A function, under a short name."""
        key = ("function", op if op.__hash__ else id(op))
        if key not in self.shared:
            path = path_of(op)
            if path is None:
                name = identifier(getattr(op, "__name__", "").rstrip("_"), "function")
                self.shared[key] = self.given(op, name)
            else:
                short = path.removeprefix("np.").replace(".", "_")
                short = f"np_{short}" if hasattr(builtins, short) else short
                name = short if hasattr(np, short) else self.names.space.claim(short)
                self.shared[key] = Value(name, "constant", definition=(path,))
        return self.shared[key]

    def number(self, x: Any) -> Part:
        """A number: Python's as text, others by name."""
        text = number_text(x)
        return text if not isinstance(x, np.generic) else self.defined("number", text, x.dtype)

    def number_array(self, x: Any, dtype: Any) -> Part:
        """A number as an array without axes, which ufuncs take quicker."""
        with np.errstate(all="ignore"):
            entry = np.array(x, dtype)
        return self.defined(
            "number", f"np.array({entry_text(entry[()])}, {dtype_text(dtype)})", dtype
        )

    def ones(self, n: int, dtype: Any) -> Value:
        """A vector of ones."""
        return self.defined("ones", f"np.ones({n}, {dtype_text(dtype)})", dtype, (n,))

    def defined(self, wish: str, text: str, dtype: Any, shape: tuple[int, ...] = ()) -> Value:
        """A constant that is made with the workspace, once for every text."""
        key = ("defined", text)
        if key not in self.shared:
            self.shared[key] = Value(
                self.names.space.claim_numbered(wish),
                "constant",
                shape,
                np.dtype(dtype),
                definition=(text,),
                strides=contiguous_strides(shape, dtype),
            )
        return self.shared[key]

    # -- views -------------------------------------------------------------------------------------

    def view(
        self, base: Value, name: str, shape: tuple[int, ...], strides: Any, *parts: Part
    ) -> Value:
        """A view of a value."""
        return Value(
            name,
            base.place,
            shape,
            base.dtype,
            definition=parts,
            base=base,
            strides=strides,
            keeps=base.keeps,
        )

    def shared_view(self, base: Value, ending: str, shape: tuple[int, ...], *parts: Part) -> Value:
        """A view whose entries lie one after the other; the same for the same base and ending."""
        key = ("view", base, ending)
        if key not in self.shared:
            name = self.names.space.claim(f"{base.name}_{ending}")
            strides = contiguous_strides(shape, base.dtype)
            self.shared[key] = self.view(base, name, shape, strides, *parts)
        return self.shared[key]

    def flat(self, x: Value) -> Value:
        """The entries as a vector, rows first."""
        if len(x.shape) == 1 and (x.is_contiguous or x.strides is None):
            return x
        if x.strides is not None and not x.is_contiguous and x.root.place != "constant":
            x = self.contiguous(x)
        return self.shared_view(x, "flat", (x.size,), x, ".ravel()")

    def contiguous(self, x: Value) -> Value:
        """The same entries one after the other."""
        if x.is_contiguous:
            return x
        if x.strides is None or x.root.place == "constant":
            call = self.function(np.ascontiguousarray)
            return self.shared_view(x, "rows", x.shape, call, "(", x, ")")
        copy = self.array("memory", x.shape, x.dtype)
        self.step(copy, "[...] = ", x, out=copy)
        return copy


def place_of_result(x: Node | Value) -> str:
    """Small results are copied from memory that is looked at as a whole, others are their own."""
    return "kept" if x.size * np.dtype(x.dtype).itemsize <= SMALL else "result"
