"""What a run of a function has computed so far, and how the engine tells of it."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from tinygrad_reg.compiler.formulas import INLINE, formulas
from tinygrad_reg.compiler.graph import (
    INFIX,
    Node,
    Operation,
    ancestors,
    constant,
    forget_values,
    mapped,
    number,
    operation,
    part,
)
from tinygrad_reg.compiler.places import in_engine, learners_line, learners_place
from tinygrad_reg.compiler.tracing.known import Known, known
from tinygrad_reg.compiler.tracing.traced import (
    DATA,
    NotTraceableError,
    Traced,
    check_static,
    describe,
    is_traced,
    users,
)
from tinygrad_reg.derivatives.indexing import scatter
from tinygrad_reg.derivatives.penalties import elastic_net_, group_lasso_, l1_, l2_
from tinygrad_reg.modes import TracingError
from tinygrad_reg.tensor import Tensor, rules

__all__ = ["Tracer"]

NUMBERS = (int, float, complex, np.generic)
PENALTIES = {rules[op] for op in (l1_, l2_, elastic_net_, group_lasso_)}
# Called as a whole: they write into an array of their own.
WHOLE_CALLS = {rules[scatter].op}


class Tracer:
    """What one run of a function has computed so far.

    `call` is what the engine calls operations and rules through while this is the thread's
    tracer; `phase` and `arrived` are told by the sweeps.
    """

    def __init__(self) -> None:
        self.phase = "forward"
        self.penalty = False
        self.guards: list[tuple[Node, bool]] = []
        self.constants: dict[Any, Node] = {}
        self.copied: dict[int, tuple[Any, Node]] = {}  # id of an array -> it, its node
        self.handles: list[weakref.ref[Traced]] = []
        self.numbers: dict[Any, Any] = {}  # of the learner's variables that hold Python numbers
        self.refusal: TracingError | None = None  # the first thing that could not be repeated
        self.running = True

    # -- values in and out ------------------------------------------------------------------------

    def handle(self, node: Node) -> Traced:
        """The array that stands for a node in the function's code."""
        traced = Traced(node, self)
        self.handles.append(weakref.ref(traced))
        return traced

    def node_of(self, x: Any, numbers: bool = False) -> Any:
        """An argument of a call as the graph keeps it: arrays as nodes; numbers, if asked for."""
        if type(x) is Traced:
            if x.tracer is not self:
                raise TracingError(
                    f"{learners_line()}: it uses an array that was traced by another call of "
                    "tg.compile, and has outlived it. Return the array, and pass it as an argument"
                )
            return x.node
        if isinstance(x, Known):
            return x.node if numbers else x.plain()
        if type(x) is np.ndarray:
            return self.constant_of(x)
        if numbers and isinstance(x, NUMBERS):
            return number(x)
        if numbers and isinstance(x, list | tuple) and not is_traced(x):
            return self.constant_of(np.array(x))
        if type(x) is list or type(x) is tuple:
            return type(x)([self.node_of(entry, numbers) for entry in x])
        if type(x) is slice:
            return slice(*[self.node_of(bound) for bound in (x.start, x.stop, x.step)])
        return x

    def constant_of(self, array: Any) -> Node:
        """The node of an array from outside, copied; the same for arrays of the same entries."""
        known = self.copied.get(id(array))
        if known is not None:
            return known[1]
        if array.dtype.kind not in "biuf":
            raise TracingError(
                f"{learners_line()}: it computes with an array of dtype {array.dtype}: expected "
                "real numbers"
            )
        base = array.base
        if (
            type(base) is np.ndarray
            and (base.shape, base.dtype) == (array.T.shape, array.dtype)
            and array.T.flags.c_contiguous > array.flags.c_contiguous
        ):  # a rule has transposed it before it met a traced array
            whole = self.constant_of(array.T)
            node = operation(np.transpose, whole, shape=array.shape, dtype=array.dtype)
            node.value = array.copy()
            self.copied[id(array)] = (array, node)
            return node
        key = (array.shape, array.dtype.str, array.tobytes())
        if key not in self.constants:
            copy = np.array(array, order="C")
            copy.flags.writeable = False
            self.constants[key] = constant(copy)
        self.copied[id(array)] = (array, self.constants[key])
        return self.constants[key]

    def record(self, op: Operation, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Compute an operation on the values of its arguments, and remember it."""
        if not self.running:
            raise TracingError(
                f"{learners_line()}: it uses an array that was traced by tg.compile and has "
                "outlived the call. Return the array from the function instead"
            )
        numbers = op in INFIX or isinstance(op, np.ufunc)
        given = tuple([self.node_of(x, numbers) for x in args])
        values = [x.value if type(x) is Node else mapped(value_of, x) for x in given]
        keywords = {key: self.node_of(x) for key, x in kwargs.items()}
        if op in INFIX and all(type(x) in (int, float, bool, complex) for x in values):
            value = INFIX[op](*values)
        else:
            value = op(*values, **{key: mapped(value_of, x) for key, x in keywords.items()})
        return self.results(op, given, keywords, value)

    def results(self, op: Operation, args: Any, kwargs: Any, value: Any) -> Any:
        """The traced result of a call; several results as they were nested."""
        if isinstance(value, tuple | list):
            whole = self.placed(Node("operation", None, op, args, kwargs, shape=(), dtype=object))
            parts = [self.results(part, (whole, i), {}, x) for i, x in enumerate(value)]
            if hasattr(value, "_fields"):
                return type(value)(*parts)
            return type(value)(parts)
        if value is None or isinstance(value, str) or not hasattr(np.asarray(value), "dtype"):
            raise NotTraceableError
        node = Node("operation", value, op, args, kwargs)
        return self.handle(self.placed(node))

    def placed(self, node: Node) -> Node:
        """A node that knows where it was computed."""
        node.phase = self.phase
        node.penalty = self.penalty
        node.place = learners_place()
        return node

    # -- called by the engine ---------------------------------------------------------------------

    def call(self, rule: Any, function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """Run an operation or a rule of the engine: as one node, or as what it is made of."""
        if not any(map(is_traced, (*args, *kwargs.values()))):
            return function(*args, **kwargs)
        if isinstance(function, np.ufunc) or of_numpy(function):
            return function(*args, **kwargs)
        before = self.penalty
        self.penalty = before or rule in PENALTIES
        guards = len(self.guards)
        try:
            check_static(function, tuple(kwargs.values()))
            if rule is not None and function is rule.op:
                check_static(function, args[rule.arity :])
            if function in WHOLE_CALLS:
                return self.opaque(function, args, kwargs)
            formula = formulas.get(function)
            if formula is not None and formula not in INLINE:
                return self.composite(formula, args, kwargs)
            return (formula or function)(*map(self.known, args), **kwargs)
        except Exception as error:
            if error is self.refusal or any(type(x) is Tensor for x in args):
                raise
            del self.guards[guards:]
            try:
                return self.opaque(function, args, kwargs)
            except Exception:
                raise error from None
        finally:
            self.penalty = before

    def opaque(self, function: Any, args: Any, kwargs: Any) -> Any:
        """An operation or rule as one call, because it looks at values."""
        given = self.node_of(tuple(args))
        keywords = {key: self.node_of(x) for key, x in kwargs.items()}
        with np.errstate(all="ignore"):
            value = function(
                *mapped(value_of, given),
                **{key: mapped(value_of, x) for key, x in keywords.items()},
            )
        return self.results(function, given, keywords, value)

    def rule(self, rule: Any, entry: Any) -> Any:
        """A rule that runs through `call`."""

        def called(*args: Any, **kwargs: Any) -> Any:
            return self.call(rule, entry, args, kwargs)

        return called

    def push(self, rule: Any, given: Any, y: Any, xs: Any, kwargs: Any) -> Any:
        """A pushforward that runs through `call`, as does the operation it may call again."""

        def pushed(y: Any, given: Any, *xs: Any) -> Any:
            return rule.push(given, y, xs, kwargs)

        return self.call(rule, pushed, (y, list(given), *xs), {})

    def sweep(self, sweep: Any, recording: bool, outside: type[Exception]) -> Any:
        """Run a sweep once: the program has its own way of noticing 0 · ∞."""
        before = self.phase
        try:
            return sweep(recording, True)
        except outside:
            return sweep(True, True)
        except NotTraceableError:
            raise TracingError(
                f"{learners_line()}: a derivative of higher order of an operation in it looks at "
                "values, which a program cannot. Call this function without tg.compile"
            ) from None
        finally:
            self.phase = before

    def begin(self, phase: str, seeds: list[tuple[Tensor, Any]]) -> list[tuple[Tensor, Any]]:
        """Told by a sweep that it starts: what it starts from belongs to the trace."""
        self.phase = phase
        return [(tensor, self.seed(derivative)) for tensor, derivative in seeds]

    def seed(self, derivative: Any) -> Any:
        """A cotangent or tangent that is a NumPy number, as a node."""
        if isinstance(derivative, np.generic):
            return self.handle(self.placed(number(derivative)))
        return derivative

    def check_read(self, tensor: Tensor) -> None:
        """Raise where `.data` of a tensor in the trace is read."""
        if type(tensor.value) is Traced and not in_engine(2):
            users(f"it reads .data of {describe(tensor.value)}, the value of this one call", DATA)

    def composite(self, formula: Any, args: Any, kwargs: Any) -> Any:
        """An operation of ours as one node that knows its formula."""
        given = [self.node_of(x, numbers=True) for x in args]
        parameters = [
            Node("input", x.value, shape=x.shape, dtype=x.dtype, weak=x.weak)
            if isinstance(x, Node)
            else x
            for x in given
        ]
        handles = [self.handle(x) if isinstance(x, Node) else x for x in parameters]
        with np.errstate(all="ignore"):
            result = formula(*handles, **kwargs)
        inner = result.node
        node = Node("operation", inner.value, formula, tuple(given), dict(kwargs))
        forget_values(ancestors([inner]))
        node.body = ([x for x in parameters if isinstance(x, Node)], inner)
        return self.handle(self.placed(node))

    def known(self, x: Any) -> Any:
        """A Python number as one that remembers what is computed with it."""
        return known(x) if type(x) in (int, float) else x

    def arrived(self, tensor: Tensor, relation: str, derivative: Any) -> None:
        """Told by a sweep: this is the cotangent (or tangent) of that tensor."""
        x = tensor.value
        derivative = derivative.value if type(derivative) is Tensor else derivative
        if type(x) is not Traced or type(derivative) is not Traced:
            return
        node = derivative.node
        if node.kind == "operation" and not node.names and node.derivative_of is None:
            node.derivative_of = (relation, x.node)

    def guard(self, node: Node) -> bool:
        """The truth of a condition in the engine's code, which the program then relies on."""
        truth = bool(node.value)
        self.guards.append((node, truth))
        return truth


def value_of(node: Node) -> Any:
    """The value of a node while tracing."""
    return node.value


def of_numpy(function: Any) -> bool:
    """Whether NumPy's dispatch brings a call of this function to `Traced`."""
    module = getattr(function, "__module__", None) or ""
    return module.split(".")[0] in ("numpy", "_operator")
