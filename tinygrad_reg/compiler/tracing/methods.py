"""The operators and methods of traced arrays: those of NumPy's arrays."""

from __future__ import annotations

import operator
from typing import Any, NoReturn

import numpy as np

from tinygrad_reg.compiler.graph import astype
from tinygrad_reg.compiler.tracing.traced import Traced, describe, is_traced, users
from tinygrad_reg.tensor import Tensor

NUMBERS = (int, float, complex, np.generic)


def infix_of_traced(ufunc: Any) -> tuple[Any, Any]:
    """The two methods of a traced array behind an infix operator."""

    def method(self: Traced, other: Any) -> Any:
        if type(other) is Tensor or not isinstance(other, (*OPERANDS, *NUMBERS)):
            return NotImplemented
        return self.tracer.record(ufunc, (self, as_operand(other)), {})

    def reflected(self: Traced, other: Any) -> Any:
        if type(other) is Tensor or not isinstance(other, (*OPERANDS, *NUMBERS)):
            return NotImplemented
        return self.tracer.record(ufunc, (as_operand(other), self), {})

    return method, reflected


def prefix_of_traced(ufunc: Any) -> Any:
    """The method of a traced array behind a prefix operator."""
    return lambda self: self.tracer.record(ufunc, (self,), {})


def as_operand(x: Any) -> Any:
    """Lists next to an infix operator as arrays."""
    if isinstance(x, list | tuple) and is_traced(x):
        users(
            "it uses an infix operator on a list of traced arrays",
            "Write np.stack(list) for an array of them; to repeat a list, mark the number static",
        )
    return np.array(x) if isinstance(x, list | tuple) else x


def refuse_in_place(symbol: str) -> Any:
    """The method behind `x += y`, which would change an array that has other names too."""

    def method(self: Traced, other: Any) -> NoReturn:
        users(
            f"`{symbol}=` writes into {describe(self)}",
            f"Write x = x {symbol} y, which makes a new array",
        )

    return method


OPERANDS = (Traced, np.ndarray, list, tuple)
for symbol, names, ufunc in (
    ("+", "add", np.add),
    ("-", "sub", np.subtract),
    ("*", "mul", np.multiply),
    ("/", "truediv", np.divide),
    ("//", "floordiv", np.floor_divide),
    ("%", "mod", np.remainder),
    ("@", "matmul", np.matmul),
    ("**", "pow", operator.pow),
    ("&", "and", np.bitwise_and),
    ("|", "or", np.bitwise_or),
    ("^", "xor", np.bitwise_xor),
):
    method, reflected = infix_of_traced(ufunc)
    setattr(Traced, f"__{names}__", method)
    setattr(Traced, f"__r{names}__", reflected)
    setattr(Traced, f"__i{names}__", refuse_in_place(symbol))
for names, ufunc in (
    ("lt", np.less),
    ("le", np.less_equal),
    ("gt", np.greater),
    ("ge", np.greater_equal),
    ("eq", np.equal),
    ("ne", np.not_equal),
):
    setattr(Traced, f"__{names}__", infix_of_traced(ufunc)[0])
for names, ufunc in (
    ("neg", np.negative),
    ("pos", np.positive),
    ("abs", np.absolute),
    ("invert", np.invert),
):
    setattr(Traced, f"__{names}__", prefix_of_traced(ufunc))


def quotient_and_rest(self: Any, other: Any) -> Any:
    """Both results of an integer division."""
    return np.divmod(self, other)


def reflected_quotient_and_rest(self: Any, other: Any) -> Any:
    """The same with the traced array on the right."""
    return np.divmod(other, self)


def method_of(function: Any) -> Any:
    """A method of arrays that does what a function of NumPy does."""

    def method(self: Traced, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    return method


for name in (
    "sum", "mean", "var", "std", "prod", "max", "min", "argmax", "argmin", "any", "all", "round",
    "clip", "ravel", "swapaxes", "squeeze", "repeat", "take", "cumsum", "cumprod", "dot", "trace",
    "diagonal", "argsort", "copy", "searchsorted", "choose", "nonzero", "argpartition",
):  # fmt: skip
    setattr(Traced, name, method_of(getattr(np, name)))


def several(shape: tuple[Any, ...]) -> Any:
    """A shape or axes given one by one or as one tuple."""
    return shape[0] if len(shape) == 1 and not isinstance(shape[0], int | np.integer) else shape


def reshape(self: Traced, *shape: Any, **keywords: Any) -> Any:
    """The same entries in another shape."""
    return np.reshape(self, several(shape), **keywords)


def transpose(self: Traced, *axes: Any) -> Any:
    """The axes in another order."""
    return np.transpose(self, several(axes) if axes else None)


def as_type(self: Traced, dtype: Any, *args: Any, **kwargs: Any) -> Any:
    """The entries in another dtype."""
    dtype = np.dtype(dtype)
    if dtype == self.dtype and not self.node.weak:
        return self
    return self.tracer.record(astype, (self, dtype), {})


for name, function in (
    ("__divmod__", quotient_and_rest),
    ("__rdivmod__", reflected_quotient_and_rest),
    ("reshape", reshape),
    ("transpose", transpose),
    ("astype", as_type),
    ("flatten", method_of(np.ravel)),
    ("compress", lambda self, condition, axis=None: np.compress(condition, self, axis)),
    ("conj", lambda self: self),
    ("conjugate", lambda self: self),
):
    setattr(Traced, name, function)


def write_method(name: str) -> Any:
    """A method of arrays that changes them."""

    def method(self: Traced, *args: Any, **kwargs: Any) -> NoReturn:
        self.no_writing(f".{name}()", f"x = np.{name}(x)" if hasattr(np, name) else "a new array")

    return method


for name in ("sort", "partition", "fill", "put", "resize", "itemset", "setflags", "byteswap"):
    setattr(Traced, name, write_method(name))
