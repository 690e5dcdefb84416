"""A rule read as mathematics: its Python is interpreted with letters in place of arrays.

What depends on shapes and constants alone is computed as Python would, so that of a matrix product
of two matrices the line for matrices is read. Functions that a rule calls are looked up in the
vocabulary, or read in turn. Whatever is not understood raises `UntranslatableError`.
"""

from __future__ import annotations

import ast
import builtins
import math
import operator
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from inspect import Parameter, signature
from types import FunctionType
from typing import Any

import numpy as np

from tinygrad_reg.derivatives.listing import definition_of
from tinygrad_reg.drawing.mathematics import expressions as make
from tinygrad_reg.drawing.mathematics.expressions import Combination, Expression, Letter, Number
from tinygrad_reg.drawing.mathematics.lifting import (
    UntranslatableError,
    applied,
    has_expression,
    indexed,
    lifted,
)
from tinygrad_reg.drawing.mathematics.vocabulary import VOCABULARY
from tinygrad_reg.tensor import rules

__all__ = ["COMPARED", "OPERATORS", "parameter_names", "read_call"]

DEEPEST = 12  # calls inside of calls


def read_call(function: Any, args: Any, kwargs: Mapping[str, Any], depth: int = 0) -> Any:
    """What a function gives, of arguments of which some are expressions."""
    if depth > DEEPEST:
        raise UntranslatableError("calls too deep")
    if isinstance(function, partial):
        return read_call(
            function.func, (*function.args, *args), {**function.keywords, **kwargs}, depth
        )
    known = VOCABULARY.get(function) if function.__hash__ else None
    if known is not None:
        return attempt(known, *args, **kwargs)
    if function in STRUCTURAL or not has_expression((args, kwargs)):
        return attempt(function, *args, **kwargs)
    if isinstance(function, np.ufunc):
        mixes_entries = function.signature is not None  # such as np.vecmat
        return applied("map" if mixes_entries else "function", function, args, kwargs)
    original = rules[function].op if function in rules else function
    if isinstance(original, FunctionType) and not (original.__module__ or "").startswith("numpy"):
        try:
            return read_body(original, args, kwargs, depth)
        except UntranslatableError:
            pass
    if (getattr(function, "__module__", None) or "").startswith("tinygrad_reg."):
        raise UntranslatableError("a function that readers do not know")
    return applied("map", function, args, kwargs)


def attempt(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call something that may fail."""
    try:
        return function(*args, **kwargs)
    except Exception as error:
        raise UntranslatableError(str(error)) from error


STRUCTURAL = (isinstance, type, len, zip, range, enumerate, tuple, list, reversed, dict)


# Reading a function


def read_body(function: FunctionType, args: Any, kwargs: Mapping[str, Any], depth: int) -> Any:
    """What a function in Python gives, read from its source."""
    definition = definition_of(function.__code__)
    if definition is None:
        raise UntranslatableError("no source")
    bound = attempt(signature(function, follow_wrapped=False).bind, *args, **kwargs)
    bound.apply_defaults()
    scope: dict[str, Any] = dict(bound.arguments)
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    outer = {name: attempt(getattr, cell, "cell_contents") for name, cell in cells}
    reader = Reader(scope, {**vars(builtins), **function.__globals__, **outer}, depth + 1)
    if isinstance(definition, ast.Lambda):
        return reader.read(definition.body)
    result = reader.run(definition.body)
    if result is NOTHING:
        raise UntranslatableError("no result")
    return result


NOTHING = object()
OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Mod: operator.mod,
    ast.Div: operator.truediv, ast.FloorDiv: operator.floordiv, ast.Pow: operator.pow,
    ast.MatMult: operator.matmul, ast.BitOr: operator.or_, ast.BitAnd: operator.and_,
}  # fmt: skip
MAKERS: dict[type, Callable[[Expression, Expression], Expression]] = {
    ast.Add: make.plus, ast.Sub: make.minus, ast.Mult: make.times, ast.Div: make.over,
    ast.Pow: make.power, ast.MatMult: make.product,
}  # fmt: skip
COMPARED: dict[type, tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Eq: ("=", operator.eq), ast.NotEq: ("≠", operator.ne), ast.Lt: ("<", operator.lt),
    ast.LtE: ("≤", operator.le), ast.Gt: (">", operator.gt), ast.GtE: ("≥", operator.ge),
}  # fmt: skip


class Reader:
    """The interpreter of one function, with the values of its variables."""

    def __init__(self, scope: dict[str, Any], outer: Mapping[str, Any], depth: int) -> None:
        self.scope = scope
        self.outer = outer
        self.depth = depth

    def run(self, statements: list[ast.stmt]) -> Any:
        """The result of statements, or NOTHING if they do not return."""
        for statement in statements:
            if isinstance(statement, ast.Return) and statement.value is not None:
                return self.read(statement.value)
            if isinstance(statement, ast.If):
                chosen = statement.body if self.holds(statement.test) else statement.orelse
                result = self.run(chosen)
                if result is not NOTHING:
                    return result
            elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
                self.assign(statement.targets[0], self.read(statement.value))
            elif not (
                isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
            ):
                raise UntranslatableError(type(statement).__name__)
        return NOTHING

    def assign(self, target: ast.expr, value: Any) -> None:
        """Give a variable its value, or several theirs."""
        if isinstance(target, ast.Name):
            self.scope[target.id] = value
        elif isinstance(target, ast.Tuple) and isinstance(value, tuple | list):
            for part, x in attempt(zip, target.elts, value, strict=True):
                self.assign(part, x)
        else:
            raise UntranslatableError("an assignment")

    def holds(self, test: ast.expr) -> bool:
        """Whether a condition on shapes and constants holds."""
        value = self.read(test)
        if has_expression(value):
            raise UntranslatableError("a condition on values")
        return bool(attempt(bool, value))

    def read(self, node: ast.expr) -> Any:
        """What an expression of Python gives."""
        reader = READERS.get(type(node))
        if reader is None:
            raise UntranslatableError(type(node).__name__)
        return reader(self, node)

    def read_constant(self, node: ast.Constant) -> Any:
        """A number or text."""
        return node.value

    def read_name(self, node: ast.Name) -> Any:
        """A variable."""
        if node.id in self.scope:
            return self.scope[node.id]
        if node.id in self.outer:
            return constant(self.outer[node.id])
        raise UntranslatableError(node.id)

    def read_tuple(self, node: ast.Tuple | ast.List) -> Any:
        """Several values."""
        return tuple(self.items(node.elts))

    def items(self, nodes: list[ast.expr]) -> list[Any]:
        """Values in a row, with those that are starred spread out."""
        found: list[Any] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                found += attempt(list, self.read(node.value))
            else:
                found.append(self.read(node))
        return found

    def read_dict(self, node: ast.Dict) -> Any:
        """Values by keys."""
        found: dict[Any, Any] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            found |= self.read(value) if key is None else {self.read(key): self.read(value)}
        return found

    def read_attribute(self, node: ast.Attribute) -> Any:
        """An attribute: of an array, its shape and the like."""
        base = self.read(node.value)
        if not has_expression(base):
            return constant(attempt(getattr, base, node.attr))
        if node.attr == "T":
            return make.transpose(lifted(base))
        if isinstance(base, Letter) and node.attr in ("shape", "ndim", "size"):
            size = int(np.prod(base.shape))
            return {"shape": base.shape, "ndim": base.ndim, "size": size}[node.attr]
        if node.attr == "dtype":
            return np.dtype(np.float64)
        raise UntranslatableError(f".{node.attr}")

    def read_call(self, node: ast.Call) -> Any:
        """What a call gives."""
        args = self.items(node.args)
        kwargs: dict[str, Any] = {}
        for keyword in node.keywords:
            value = self.read(keyword.value)
            kwargs |= value if keyword.arg is None else {keyword.arg: value}
        if isinstance(node.func, ast.Attribute):
            base = self.read(node.func.value)
            if isinstance(base, Number | Letter | Combination):
                if node.func.attr == "astype":
                    return base
                method = getattr(np, node.func.attr, None)
                if method is None:
                    raise UntranslatableError(node.func.attr)
                return read_call(method, (base, *args), kwargs, self.depth)
        return read_call(self.read(node.func), args, kwargs, self.depth)

    def read_bin_op(self, node: ast.BinOp) -> Any:
        """An operation of two values."""
        a, b, kind = self.read(node.left), self.read(node.right), type(node.op)
        if not has_expression((a, b)):
            if kind not in OPERATORS:
                raise UntranslatableError(kind.__name__)
            return attempt(OPERATORS[kind], a, b)
        if kind is ast.BitAnd:
            if a is True or b is True:
                return b if a is True else a
            return Combination("and", (lifted(a), lifted(b)))
        if kind not in MAKERS:
            raise UntranslatableError(kind.__name__)
        return MAKERS[kind](make.as_number(lifted(a)), make.as_number(lifted(b)))

    def read_unary_op(self, node: ast.UnaryOp) -> Any:
        """An operation of one value."""
        a = self.read(node.operand)
        if has_expression(a):
            if isinstance(node.op, ast.USub):
                return make.negative(make.as_number(lifted(a)))
            if isinstance(node.op, ast.Invert):
                return Combination("not", (lifted(a),))
            raise UntranslatableError(type(node.op).__name__)
        if isinstance(node.op, ast.USub):
            return attempt(operator.neg, a)
        if isinstance(node.op, ast.Invert):
            return attempt(operator.invert, a)
        return not a

    def read_compare(self, node: ast.Compare) -> Any:
        """One or more comparisons."""
        values = [self.read(part) for part in (node.left, *node.comparators)]
        result: Any = True
        for a, sign, b in zip(values[:-1], node.ops, values[1:], strict=True):
            result = self.compared(a, sign, b)
            if has_expression(result) and len(node.ops) > 1:
                raise UntranslatableError("a chain of comparisons")
            if not has_expression(result) and not result:
                return result
        return result

    def compared(self, a: Any, sign: ast.cmpop, b: Any) -> Any:
        """One comparison."""
        if isinstance(sign, ast.Is | ast.IsNot):
            return (a is b) == isinstance(sign, ast.Is)
        if isinstance(sign, ast.In | ast.NotIn):
            if has_expression((a, b)):
                raise UntranslatableError("in")
            return attempt(operator.contains, b, a) == isinstance(sign, ast.In)
        symbol, compute = COMPARED[type(sign)]
        if has_expression((a, b)):
            return make.compare(lifted(a), symbol, lifted(b))
        return attempt(compute, a, b)

    def read_bool_op(self, node: ast.BoolOp) -> Any:
        """The first part that decides."""
        value: Any = None
        for part in node.values:
            value = self.read(part)
            if has_expression(value):
                raise UntranslatableError("a condition on values")
            if bool(value) == isinstance(node.op, ast.Or):
                return value
        return value

    def read_if_exp(self, node: ast.IfExp) -> Any:
        """One of two values, by a condition."""
        return self.read(node.body if self.holds(node.test) else node.orelse)

    def read_slice(self, node: ast.Slice) -> Any:
        """A slice."""
        parts = (node.lower, node.upper, node.step)
        return slice(*[None if part is None else self.read(part) for part in parts])

    def read_subscript(self, node: ast.Subscript) -> Any:
        """Entries of an array or a container."""
        base, index = self.read(node.value), self.read(node.slice)
        if has_expression(index):
            raise UntranslatableError("an index that is computed")
        if isinstance(base, Number | Letter | Combination):
            return indexed(base, index)
        return attempt(operator.getitem, base, index)

    def read_list_comp(self, node: ast.ListComp | ast.GeneratorExp) -> Any:
        """A value for each item."""
        if len(node.generators) != 1:
            raise UntranslatableError("nested loops")
        [loop] = node.generators
        items = self.read(loop.iter)
        if isinstance(items, Number | Letter | Combination):
            raise UntranslatableError("a loop over an array")
        found = []
        for item in attempt(list, items):
            self.assign(loop.target, item)
            if all(self.holds(test) for test in loop.ifs):
                found.append(self.read(node.elt))
        return found


READERS: dict[type, Callable[[Reader, Any], Any]] = {
    ast.Constant: Reader.read_constant,
    ast.Name: Reader.read_name,
    ast.Tuple: Reader.read_tuple,
    ast.Dict: Reader.read_dict,
    ast.Attribute: Reader.read_attribute,
    ast.Call: Reader.read_call,
    ast.BinOp: Reader.read_bin_op,
    ast.UnaryOp: Reader.read_unary_op,
    ast.Compare: Reader.read_compare,
    ast.BoolOp: Reader.read_bool_op,
    ast.IfExp: Reader.read_if_exp,
    ast.Slice: Reader.read_slice,
    ast.Subscript: Reader.read_subscript,
    ast.ListComp: Reader.read_list_comp,
    ast.List: Reader.read_tuple,
    ast.GeneratorExp: Reader.read_list_comp,
}


def constant(x: Any) -> Any:
    """π by its sign, and any other constant as it is."""
    return make.PI if isinstance(x, float) and x == math.pi else x


@lru_cache(maxsize=4096)
def parameter_names(function: Any) -> tuple[str, ...]:
    """The names of a rule's arguments by position, with * before one that takes all others."""
    try:
        found = signature(function, follow_wrapped=False).parameters.values()
    except (TypeError, ValueError):
        return ()
    kinds = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    names = [p.name for p in found if p.kind in kinds]
    return (*names, *(f"*{p.name}" for p in found if p.kind is Parameter.VAR_POSITIONAL))
