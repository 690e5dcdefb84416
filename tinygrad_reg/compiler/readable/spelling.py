"""How one operation is written, given how its operands are written."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from inspect import signature
from typing import Any

import numpy as np

from tinygrad_reg.compiler.graph import INFIX, Node, astype, length_of, nodes_in, part
from tinygrad_reg.compiler.readable.definitions import Definitions, UnreadableError
from tinygrad_reg.compiler.readable.literals import (
    array_text,
    dtype_text,
    entry_text,
    number_text,
    quoted,
    static_text,
)

__all__ = ["Speller", "Text", "atom"]

# How strongly parts of an expression hold together, in Python.
COMPARISON, OR, XOR, AND, SUM, PRODUCT, SIGN, POWER, ATOM = range(9)

BETWEEN: dict[Any, tuple[str, int]] = {
    np.add: ("+", SUM),
    np.subtract: ("-", SUM),
    np.multiply: ("*", PRODUCT),
    np.divide: ("/", PRODUCT),
    np.floor_divide: ("//", PRODUCT),
    np.remainder: ("%", PRODUCT),
    np.matmul: ("@", PRODUCT),
    np.less: ("<", COMPARISON),
    np.less_equal: ("<=", COMPARISON),
    np.greater: (">", COMPARISON),
    np.greater_equal: (">=", COMPARISON),
    np.equal: ("==", COMPARISON),
    np.not_equal: ("!=", COMPARISON),
    np.bitwise_and: ("&", AND),
    np.bitwise_or: ("|", OR),
    np.bitwise_xor: ("^", XOR),
}
BITWISE = (AND, OR, XOR)
BEFORE: dict[Any, str] = {np.negative: "-", np.positive: "+", np.invert: "~"}
# An axis given as a tuple of one is the same to these as the axis itself.
OVER_AXES = {
    np.sum, np.prod, np.mean, np.max, np.min, np.var, np.std, np.any, np.all, np.squeeze,
    np.expand_dims, np.flip, np.median, np.ptp, np.average, np.count_nonzero, np.nansum,
    np.nanmean, np.nanmax, np.nanmin,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Text:
    """An expression: its text, and how strongly its outermost operation holds it together."""

    text: str
    level: int = ATOM

    def inside(self, level: int) -> str:
        """The text as part of another operation, in parentheses where Python needs them."""
        return self.text if self.level >= level else f"({self.text})"

    @property
    def is_simple(self) -> bool:
        """Whether it is a name, a number or an attribute."""
        return self.level == ATOM and self.text.replace(".", "").replace("_", "").isalnum()


def atom(text: str) -> Text:
    """A name, a number, or a call."""
    return Text(text, SIGN if text.startswith("-") else ATOM)


Spelled = Callable[[Node], Text]


class Speller:
    """Writes operations, and notes which functions they need."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions

    def spell(self, node: Node, of: Spelled) -> Text:
        """The expression of an operation; `of` gives that of an operand."""
        op, args = node.op, node.args
        python = node.weak or op is operator.pow  # on Python numbers, NumPy gives one of its own
        if op in INFIX and not node.kwargs and (python or not all_weak(args)):
            return self.infix(node, of)
        if op is operator.getitem:
            return Text(f"{of(args[0]).inside(ATOM)}[{self.index(args[1], of)}]")
        if op is part:
            return Text(f"{of(args[0]).inside(ATOM)}[{args[1]}]")
        if op is length_of:
            return Text(f"{of(args[0]).inside(ATOM)}.shape[{args[1]}]")
        if op is astype:
            return self.as_type(node, of)
        if is_transpose(node):
            return Text(f"{of(args[0]).inside(ATOM)}.T")
        if op is np.broadcast_to and is_number(args[0]):
            return self.filled(node, of)
        return self.call(node, of)

    # -- infix ------------------------------------------------------------------------------------

    def infix(self, node: Node, of: Spelled) -> Text:
        """`a + b`, `-a`, `a**2`, `a < b`."""
        op = node.op
        if op is np.absolute:
            name = "abs" if node.weak else "np.abs"
            return Text(f"{name}({self.operand(node, 0, of).text})")
        if op in BEFORE:
            inner = self.operand(node, 0, of)
            text = inner.inside(SIGN)
            return Text(BEFORE[op] + (f"({text})" if text[0] in "+-~" else text), SIGN)
        left, right = self.operand(node, 0, of), self.operand(node, 1, of)
        if op is operator.pow:
            exponent = node.args[1]
            if exponent.kind == "number" and type(exponent.value) is int:
                right = atom(number_text(exponent.value))  # `W**3`, whatever else is 3
            sign = "**" if left.is_simple and is_simple_power(right) else " ** "
            return Text(f"{left.inside(ATOM)}{sign}{right.inside(SIGN)}", POWER)
        sign, level = BETWEEN[op]
        if op in (np.add, np.subtract) and right.text[0] == "-" and is_negative(node.args[1]):
            level_inside = ATOM if right.level == SIGN else right.level
            sign, right = "-" if sign == "+" else "+", Text(right.text[1:], level_inside)
        before = level + 1 if level == COMPARISON else level
        if op is np.matmul and left.level == PRODUCT and not is_matmul(node.args[0]):
            before = ATOM  # `(a * b) @ c`: nobody knows this precedence by heart
        if level in BITWISE:  # nor that of these
            left, right = (
                Text(x.inside(SUM if x.level != level else level)) for x in (left, right)
            )
        return Text(f"{left.inside(before)} {sign} {right.inside(level + 1)}", level)

    def operand(self, node: Node, i: int, of: Spelled) -> Text:
        """An operand of a ufunc; a number as short as makes no difference to the result."""
        x = node.args[i]
        if not isinstance(x, Node):
            return Text(self.argument(x, of))
        if is_number(x) and len(node.args) == 2:
            other = node.args[1 - i]
            if isinstance(other, Node) and other.kind != "number" and not other.weak:
                return atom(plain_number(x.value, other.dtype))
        return of(x)

    # -- indexing and types -----------------------------------------------------------------------

    def index(self, index: Any, of: Spelled) -> str:
        """What stands between the brackets of an index."""
        if not isinstance(index, tuple):
            return self.index_part(index, of)
        if not index:
            return "()"
        return ", ".join([self.index_part(x, of) for x in index])

    def index_part(self, x: Any, of: Spelled) -> str:
        """One part of an index."""
        if isinstance(x, slice):
            bounds = ["" if b is None else self.argument(b, of) for b in (x.start, x.stop, x.step)]
            return ":".join(bounds if bounds[2] else bounds[:2])
        return repr(x.value.tolist()) if is_short_index(x) else self.argument(x, of)

    def as_type(self, node: Node, of: Spelled) -> Text:
        """A conversion to another dtype."""
        x, dtype = node.args
        text = dtype_text(dtype)
        if x.weak and text.startswith("np.") and "(" not in text:
            return Text(f"{text}({of(x).text})")
        if x.weak:
            return Text(f"np.asarray({of(x).text}).astype({text})[()]")
        return Text(f"{of(x).inside(ATOM)}.astype({text})")

    def filled(self, node: Node, of: Spelled) -> Text:
        """A number in every entry of an array."""
        x, shape = node.args[:2]
        shape = tuple(map(int, shape)) if isinstance(shape, tuple | list) else (int(shape),)
        inner = number_text(x.value.item() if isinstance(x.value, np.generic) else x.value)
        text = repr(shape[0] if len(shape) == 1 else shape)
        dtype = "" if node.dtype == np.float64 else f", dtype={dtype_text(node.dtype)}"
        if x.value == 1:
            return Text(f"np.ones({text}{dtype})")
        if x.value == 0 and not np.signbit(x.value):
            return Text(f"np.zeros({text}{dtype})")
        if not dtype and isinstance(x.value, int):
            inner = number_text(float(x.value))
        return Text(f"np.full({text}, {inner}{dtype})")

    # -- calls ------------------------------------------------------------------------------------

    def call(self, node: Node, of: Spelled) -> Text:
        """`function(a, b, option=c)`."""
        op = node.op
        assert op is not None
        args, kwargs = tidied(op, node.args, node.kwargs)
        if op is np.reshape and len(args) > 1 and isinstance(args[1], list):
            args = (args[0], tuple(args[1]), *args[2:])
        if isinstance(op, np.ufunc):
            given = [self.operand(node, i, of).text for i in range(len(args))]
        else:
            given = [self.argument(x, of) for x in args]
        given += [f"{key}={self.argument(x, of)}" for key, x in kwargs.items()]
        return Text(f"{self.definitions.name_of(op)}({', '.join(given)})")

    def argument(self, x: Any, of: Spelled) -> str:
        """An argument of a call."""
        if isinstance(x, Node):
            return of(x).text
        if isinstance(x, tuple) and any(isinstance(part, slice) for part in x):
            return f"np.s_[{self.index(x, of)}{',' * (len(x) == 1)}]"
        if isinstance(x, list | tuple):
            entries = ", ".join([self.argument(entry, of) for entry in x])
            if isinstance(x, list):
                return f"[{entries}]"
            return f"({entries},)" if len(x) == 1 else f"({entries})"
        if isinstance(x, slice):
            return f"slice({', '.join(self.argument(b, of) for b in (x.start, x.stop, x.step))})"
        if isinstance(x, np.ndarray):
            return array_text(x)
        if isinstance(x, dict):
            pairs = [f"{key_text(key)}: {self.argument(entry, of)}" for key, entry in x.items()]
            return f"{{{', '.join(pairs)}}}"
        text = static_text(x)
        if text is not None:
            return text
        if callable(x):
            return self.definitions.name_of(x)
        raise UnreadableError(
            f"the program calls an operation with an argument of type {type(x).__name__}, which "
            "cannot be written down: expected arrays, numbers, text, and lists of them"
        )


def key_text(key: Any) -> str:
    """A key of a dict as code."""
    if isinstance(key, tuple) and type(key) is tuple:
        return f"({''.join(key_text(x) + ', ' for x in key)})"
    if isinstance(key, str):
        return quoted(key)
    text = static_text(key)
    if text is None:
        raise UnreadableError(
            f"a dict in the arguments or results has a key of type {type(key).__name__}, which "
            "cannot be written down: use text or numbers as keys"
        )
    return text


def tidied(op: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Arguments as a person gives them: `axis=1` for an axis in a tuple, nothing by default."""
    if op in OVER_AXES:
        if len(args) == 2:
            args, kwargs = args[:1], {"axis": args[-1], **kwargs}
        axis = kwargs.get("axis")
        if type(axis) is tuple and len(axis) == 1:
            kwargs = {**kwargs, "axis": axis[0]}
        if kwargs.get("keepdims") is False:
            kwargs = {key: x for key, x in kwargs.items() if key != "keepdims"}
    known = defaults_of(op)
    while len(args) > 1 and len(args) <= len(known):
        if not is_default(args[-1], [*known.values()][len(args) - 1]):
            break
        args = args[:-1]
    return args, {key: x for key, x in kwargs.items() if not is_default(x, known.get(key, missing))}


missing = getattr(np, "_NoValue", object())


def is_default(x: Any, default: Any) -> bool:
    """Whether an argument is what it would be anyway."""
    if x is None or type(x) in (bool, int, float, str):
        return type(x) is type(default) and bool(x == default)
    return x is missing


@cache
def defaults_of(op: Any) -> dict[str, Any]:
    """What the arguments of a function are if they are not given, as far as Python knows."""
    try:
        parameters = signature(op).parameters
    except (TypeError, ValueError):
        return {}
    if any(x.kind is x.VAR_POSITIONAL for x in parameters.values()):
        return {}
    return {name: x.default for name, x in parameters.items()}


def all_weak(args: tuple[Any, ...]) -> bool:
    """Whether all operands are Python numbers."""
    return all(x.weak if isinstance(x, Node) else not hasattr(x, "dtype") for x in args)


def is_number(x: Any) -> bool:
    """Whether an operand is a number without a name."""
    return isinstance(x, Node) and x.kind == "number" and not x.names


def is_short_index(x: Any) -> bool:
    """Whether a part of an index is an array that is written as a list."""
    if not isinstance(x, Node) or x.kind != "constant" or x.names:
        return False
    return x.ndim == 1 and 0 < x.size <= 8 and x.dtype in (np.int64, np.bool_)


def is_matmul(x: Any) -> bool:
    """Whether an operand is a matrix product."""
    return isinstance(x, Node) and x.op is np.matmul


def is_negative(x: Any) -> bool:
    """Whether an operand is a product whose sign may as well stand before all of it."""
    while isinstance(x, Node) and x.op in (np.multiply, np.divide, np.matmul):
        x = x.args[0]
    return is_number(x) or (isinstance(x, Node) and x.op is np.negative)


def plain_number(x: Any, dtype: Any) -> str:
    """A number next to an array: as Python's, if the result has the same dtype and values then."""
    plain = x.item() if isinstance(x, np.generic) else x
    if type(plain) not in (int, float, bool):
        return number_text(x)
    if isinstance(x, np.generic) and np.result_type(dtype, plain) != np.result_type(dtype, x.dtype):
        return number_text(x)
    if type(plain) is float and dtype.kind == "f" and dtype.itemsize < 8:
        rounded = dtype.type(plain)
        if float(rounded) == plain:
            return entry_text(rounded)  # `0.1`, which the array's dtype rounds to this
    return number_text(plain)


def is_simple_power(text: Text) -> bool:
    """Whether an exponent is written close to its base."""
    return text.is_simple or (text.level == SIGN and text.text[1:].replace(".", "").isalnum())


def is_transpose(node: Node) -> bool:
    """Whether it is the transpose of a matrix."""
    if node.op not in (np.transpose, np.swapaxes, np.matrix_transpose) or len(node.shape) != 2:
        return False
    if node.op is np.transpose:
        axes = node.args[1] if len(node.args) > 1 else node.kwargs.get("axes")
        if axes is None:
            return True
        return isinstance(axes, tuple | list) and [a % 2 for a in axes] == [1, 0]
    if node.op is np.swapaxes:
        axes = [*node.args[1:], *node.kwargs.values()]
        return len(axes) == 2 and {a % 2 for a in axes} == {0, 1}
    return True


def has_nodes(x: Any) -> bool:
    """Whether there are quantities inside of lists and tuples."""
    return next(nodes_in(x), None) is not None
