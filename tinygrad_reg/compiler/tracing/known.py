"""Python numbers that are known while tracing, and remember how they were computed.

`m = X.shape[1]` is a number that the program may rely on, since it is written for one shape; what
is computed with it is still to be read as `lambd / m` and not as a number.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from tinygrad_reg.compiler.graph import INFIX, Node, number

__all__ = ["Known", "KnownFloat", "KnownInt", "known"]


class Known:
    """A Python number that is known while tracing, and remembers how it was computed."""

    node: Node

    def plain(self) -> Any:
        """The number itself."""
        return self.__class__.__mro__[2](self)


class KnownInt(Known, int):
    """An int such as `X.shape[1]`."""


class KnownFloat(Known, float):
    """A float such as `lambd / m`."""


def known(x: Any, node: Node | None = None) -> Any:
    """A number that remembers its node."""
    if type(x) is int:
        result: Any = KnownInt(x)
    elif type(x) is float:
        result = KnownFloat(x)
    else:
        return x
    result.node = node or number(x)
    return result


def infix_of_known(ufunc: Any, infix: Any) -> tuple[Any, Any]:
    """The two methods of a Known number behind an infix operator."""

    def compute(left: Any, right: Any) -> Any:
        for x in (left, right):
            if not (isinstance(x, Known) or type(x) in (int, float)):
                return NotImplemented
        values = [x.plain() if isinstance(x, Known) else x for x in (left, right)]
        nodes = [x.node if isinstance(x, Known) else number(x) for x in (left, right)]
        result = infix(*values)
        return known(result, Node("operation", result, ufunc, tuple(nodes)))

    return compute, lambda self, other: compute(other, self)


for names, ufunc in (
    ("add", np.add),
    ("sub", np.subtract),
    ("mul", np.multiply),
    ("truediv", np.divide),
    ("floordiv", np.floor_divide),
    ("mod", np.remainder),
    ("pow", operator.pow),
):
    for kind in (KnownInt, KnownFloat):
        method, reflected = infix_of_known(ufunc, INFIX[ufunc])
        setattr(kind, f"__{names}__", method)
        setattr(kind, f"__r{names}__", reflected)
