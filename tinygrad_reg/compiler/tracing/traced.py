"""Arrays that remember what was computed with them.

A function that is called with `Traced` arguments runs as usual, on the values it was first called
with, and every NumPy call it makes leaves a node in the tracer. The engine takes traced arrays as
it takes those of any other library that speaks NumPy's protocols, so that the rules of a sweep are
traced like the function itself: forward and backward are one graph.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from tinygrad_reg.compiler.graph import Node, astype, length_of
from tinygrad_reg.compiler.places import asked_by_engine, in_engine, learners_line
from tinygrad_reg.compiler.tracing.known import known
from tinygrad_reg.modes import NUMPY, TracingError, thread
from tinygrad_reg.tensor import Tensor, in_place

if TYPE_CHECKING:
    from tinygrad_reg.compiler.tracing.tracer import Tracer

__all__ = ["NotTraceableError", "Traced", "describe", "is_traced"]

# Answered at once: they depend on shapes and dtypes alone.
STATIC = {
    np.shape, np.ndim, np.size, np.result_type, np.iscomplexobj, np.isrealobj, np.zeros_like,
    np.ones_like, np.empty_like, np.broadcast_shapes, np.may_share_memory, np.shares_memory,
}  # fmt: skip
# What they return has a shape that depends on values.
SHAPED_BY_VALUES = {
    np.nonzero: "np.where(condition, x, 0)",
    np.flatnonzero: "np.where(condition, x, 0)",
    np.argwhere: "np.where(condition, x, 0)",
    np.extract: "np.where(condition, x, 0)",
    np.compress: "np.where(condition, x, 0)",
    np.unique: "the distinct values as an argument",
    np.union1d: "the result as an argument",
    np.intersect1d: "the result as an argument",
    np.setdiff1d: "the result as an argument",
    np.setxor1d: "the result as an argument",
    np.trim_zeros: "a slice of a fixed length",
}  # fmt: skip
for name in ("unique_all", "unique_counts", "unique_inverse", "unique_values"):
    SHAPED_BY_VALUES[getattr(np, name)] = "the distinct values as an argument"


# Functions whose arguments are all quantities.
QUANTITIES = {
    np.where, np.clip, np.dot, np.vdot, np.inner, np.outer, np.full_like, np.interp, np.concatenate,
    np.stack, np.allclose, np.isclose, np.array_equal, np.select,
}  # fmt: skip


class NotTraceableError(Exception):
    """Code of the engine needs a value: the operation it belongs to is called as a whole."""


def check_static(function: Any, given: Any) -> None:
    """Raise for a Python integer of the arguments where an axis, a shape or a count may stand."""
    for x in given:
        if type(x) is list or type(x) is tuple:
            check_static(function, x)
        elif type(x) is Traced and x.node.weak and x.dtype.kind in "ib":
            users(
                f"{getattr(function, '__name__', function)} is given {describe(x)}, where a shape "
                "or an axis may depend on its value",
                "Mark the argument static; if it is a quantity, write float(...) outside",
                always=True,
            )


def is_traced(x: Any) -> bool:
    """Whether an argument is traced, or holds something that is."""
    if type(x) is list or type(x) is tuple:
        return any(map(is_traced, x))
    return type(x) is Traced


def users(what: str, instead: str, always: bool = False) -> NoReturn:
    """Raise for something that would be baked into the program.

    The tracer remembers it, in case the learner's code, or NumPy, catches it. Where the engine
    does such a thing, its operation is called as a whole, unless it is meant `always`.
    """
    if not always and asked_by_engine():
        raise NotTraceableError
    error = TracingError(f"{learners_line()}: {what}. {instead}")
    if thread.tracer is not None and thread.tracer.refusal is None:
        thread.tracer.refusal = error
    raise error


class Traced:
    """An array in a function that is being traced: `node` is what the tracer knows of it."""

    __slots__ = ("__weakref__", "node", "tracer")

    def __init__(self, node: Node, tracer: Tracer) -> None:
        self.node = node
        self.tracer = tracer

    # -- shapes and dtypes are known --------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes, which remember where they come from."""
        if self.node.kind != "input":
            return self.node.shape
        return tuple([known(n, self.length(axis)) for axis, n in enumerate(self.node.shape)])

    def length(self, axis: int) -> Node:
        """The node of the length of an axis."""
        return Node("operation", self.node.shape[axis], length_of, (self.node, axis))

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy's type of the entries."""
        return self.node.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.node.shape)

    @property
    def size(self) -> int:
        """Number of entries."""
        return self.node.size

    @property
    def itemsize(self) -> int:
        """Bytes of an entry."""
        return self.node.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all entries."""
        return self.size * self.itemsize

    @property
    def T(self) -> Any:
        """The transpose: all axes in reverse order."""
        return self if self.ndim < 2 else np.transpose(self)

    @property
    def mT(self) -> Any:
        """The transpose of the last two axes."""
        return np.swapaxes(self, -1, -2)

    @property
    def real(self) -> Any:
        """The real part: itself."""
        return self

    @property
    def imag(self) -> Any:
        """The imaginary part: zeros."""
        return np.zeros(self.node.shape, self.node.dtype)

    @property
    def flat(self) -> NoReturn:
        """Entries one by one: baked in."""
        users("it iterates over the entries of a traced array", WHOLE)

    @property
    def data(self) -> NoReturn:
        """The memory: baked in."""
        users(
            f"it reads .data of {describe(self)}, which would be the value of this one call", DATA
        )

    def __len__(self) -> int:
        if not self.node.shape:
            raise TypeError("len() of unsized object")
        return self.node.shape[0]

    def as_leaf(self) -> Any:
        """What a graph keeps of it as a leaf: Python numbers become float64."""
        if self.node.weak:
            return self.tracer.record(astype, (self, np.dtype(np.float64)), {})
        return self

    # -- operators and NumPy's calls --------------------------------------------------------------

    def __getitem__(self, index: Any) -> Any:
        parts = index if isinstance(index, tuple) else (index,)
        for x in parts:
            if type(x) is Traced and x.dtype == bool:
                users(
                    f"it selects entries of {describe(self)} by a condition on values, so that the "
                    "shape depends on them",
                    "Write np.where(condition, x, 0), which keeps the shape",
                )
            if type(x) is slice and any(map(is_traced, (x.start, x.stop, x.step))):
                users(
                    f"it slices {describe(self)} from or up to a value, so that the shape depends "
                    "on it",
                    "Write np.where(np.arange(n) < value, x, 0), or mark the argument static",
                )
        index = tuple([np.array(x) if type(x) is list and not is_traced(x) else x for x in parts])
        return self.tracer.record(operator.getitem, (self, index), {})

    def __iter__(self) -> Iterator[Any]:
        if in_engine(1, NUMPY):
            return iter([self[i] for i in range(len(self))])
        if self.node.weak:
            users(
                f"it takes {describe(self)} for a shape or iterates over it",
                "Mark the argument static",
            )
        users(f"it iterates over the values of {describe(self)}", WHOLE)

    def __contains__(self, x: Any) -> bool:
        users(f"it looks for a value in {describe(self)}", "Write np.any(x == value)")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if any(type(x) is Tensor for x in inputs):
            return NotImplemented
        if "out" in kwargs or method == "at":
            self.no_writing(f"np.{ufunc.__name__}", "a = a + b")
        op = ufunc if method == "__call__" else getattr(ufunc, method)
        check_static(op, tuple(kwargs.values()))
        if method != "__call__":
            check_static(op, inputs)
        if kwargs.get("where") is True:
            del kwargs["where"]
        return self.tracer.record(op, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if Tensor in types:
            return NotImplemented
        if kwargs.get("out", 0) is None:
            del kwargs["out"]
        if "out" in kwargs or function in in_place:
            name = f"np.{function.__name__}"
            self.no_writing(name, in_place.get(function, f"a = {name}(...)"))
        if function in STATIC:
            values = mapped_traced(lambda x: x.node.value, (args, kwargs))
            return function(*values[0], **values[1])
        one_argument = function is np.where and len(args) == 1
        if (function in SHAPED_BY_VALUES and is_traced(args[0])) or one_argument:
            if in_engine(1):
                raise NotTraceableError
            instead = SHAPED_BY_VALUES.get(function, "np.where(condition, x, 0)")
            users(
                f"np.{function.__name__} of {describe(self)} has a shape that depends on values",
                f"Write {instead}",
            )
        if function not in QUANTITIES:
            check_static(function, (args, tuple(kwargs.values())))
        if function is np.real and not kwargs:
            return args[0].real
        if function is np.imag and not kwargs:
            return args[0].imag
        return self.tracer.record(function, args, kwargs)

    def no_writing(self, name: str, instead: str) -> NoReturn:
        """Raise for a call that would write into an array."""
        users(f"{name} writes into an array, which a program cannot repeat", f"Write {instead}")

    def __setitem__(self, index: Any, new: Any) -> NoReturn:
        users(
            f"it writes into entries of {describe(self)}",
            "Write x = np.where(mask, new, x), or build the array with np.concatenate or np.stack",
        )

    # -- what would be baked in -------------------------------------------------------------------

    def __bool__(self) -> bool:
        if in_engine(1):
            return self.tracer.guard(self.node)
        users(
            f"it branches on {describe(self)}, as `if`, `while`, `and`, `or`, `not` and `assert` "
            "do; the program would keep the branch that these values take",
            "Write np.where(condition, a, b) for `if`, np.logical_and for `and`, np.maximum for "
            "max; or mark the argument static",
        )

    def __float__(self) -> float:
        return float(self.number("float()"))

    def __int__(self) -> int:
        return int(self.number("int()"))

    def __index__(self) -> int:
        return operator.index(self.number("using it as an index, a length or a count"))

    def __complex__(self) -> complex:
        return complex(self.number("complex()"))

    def number(self, how: str) -> Any:
        """The value as a number for the engine's code, which the program then relies on."""
        if not in_engine(2) or self.node.shape:
            self.leave(how, 3)
        value = self.node.value
        same = self.tracer.record(np.equal, (self, value), {})
        self.tracer.guard(same.node)
        return value

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        return self.leave("turning it into a plain array")

    def __round__(self, ndigits: int | None = None) -> Any:
        return np.round(self, ndigits or 0)

    def item(self, *index: Any) -> NoReturn:
        """An entry as a Python number: baked in."""
        self.leave(".item()")

    def tolist(self) -> NoReturn:
        """Entries as Python numbers: baked in."""
        self.leave(".tolist()")

    def leave(self, how: str, depth: int = 2) -> NoReturn:
        """Raise because a value would leave the trace."""
        if in_engine(depth):
            raise NotTraceableError
        users(
            f"{how} takes the value of {describe(self)} out of the program, which would keep the "
            "value of this one call",
            "Compute with the array itself, return it, or mark the argument static if it is one",
        )

    def __hash__(self) -> int:
        users(
            f"it looks up {describe(self)} in a set or dict, which depends on its value",
            "Mark the argument static",
        )

    def __format__(self, specification: str) -> str:
        return str(self)

    def __str__(self) -> str:
        if self.node.weak:
            users(f"it makes text of {describe(self)}", "Mark the argument static")
        return repr(self)

    def __repr__(self) -> str:
        return f"Traced(dtype={self.dtype}, shape={self.node.shape})"


WHOLE = (
    "Compute with the whole array, or write `for i in range(len(x))` and use x[i], which the "
    "program then repeats for every i"
)
DATA = "Compute with the array itself, or return it"


def describe(x: Traced) -> str:
    """A traced array in words."""
    node = x.node
    name = f"{node.names[0]!r}, " if node.names else ""
    what = "a traced number" if not node.shape else "a traced array"
    where = f" computed at {node.line}" if node.line else ""
    shape = f" of shape {node.shape}" if node.shape else ""
    return f"{name}{what}{shape}{where}"


def mapped_traced(function: Callable[[Any], Any], nested: Any) -> Any:
    """The same nesting with `function(x)` for every traced array."""
    if type(nested) is Traced:
        return function(nested)
    if type(nested) is dict:
        return {key: mapped_traced(function, x) for key, x in nested.items()}
    if type(nested) is list or type(nested) is tuple:
        return type(nested)([mapped_traced(function, x) for x in nested])
    return nested
