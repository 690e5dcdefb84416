"""NumPy's array methods on tensors: each calls the function of the same name."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from tinygrad_reg.derivatives.shapes import astype_of_tensor
from tinygrad_reg.tensor import Tensor
from tinygrad_reg.wording import describe, no_writing


def method(name: str) -> Any:
    """The method that calls `np.name`."""
    function = getattr(np, name)

    def call(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    call.__name__ = name
    call.__doc__ = f"`np.{name}` of this tensor."
    return call


def unpacked(name: str) -> Any:
    """The method that calls `np.name` with its numbers as one tuple: `t.reshape(2, 3)`."""
    function = getattr(np, name)

    def call(self: Tensor, *numbers: Any, **kwargs: Any) -> Any:
        if len(numbers) > 1:
            numbers = (numbers,)
        return function(self, *numbers, **kwargs)

    call.__name__ = name
    call.__doc__ = f"`np.{name}` of this tensor, given a tuple or several numbers."
    return call


def writing(name: str, instead: str) -> Any:
    """The method that would write into this tensor, and raises."""

    def call(self: Tensor, *args: Any, **kwargs: Any) -> NoReturn:
        raise no_writing(f"t.{name}(...)", instead)

    call.__name__ = name
    call.__doc__ = f"Raises: write {instead}."
    return call


def whole(function: Callable[[Any], int]) -> Any:
    """The method behind a Python function that gives whole numbers, which carry no gradient."""
    return lambda self: function(self.item())


def compress(self: Tensor, condition: Any, axis: Any = None, out: Any = None) -> Any:
    """`np.compress` of this tensor."""
    return np.compress(condition, self, axis, out)


def tolist(self: Tensor) -> Any:
    """The entries as nested lists of Python numbers, if no gradient gets lost.

    Returns
    -------
    list, float, int or bool
        As `numpy.ndarray.tolist` gives it: nested as deep as there are axes.

    Raises
    ------
    TypeError
        If the tensor needs a gradient: `t.data.tolist()` is meant then.

    Examples
    --------
    >>> import tinygrad_reg as tg
    >>> tg.Tensor([[1.0, 2.0]]).tolist()
    [[1.0, 2.0]]
    """
    if self.requires_grad:
        raise TypeError(
            f"{describe(self)} was about to become a list of numbers and lose its gradient: use "
            "t.data.tolist() where that is meant, list(t) for a list of tensors"
        )
    return self.current().tolist()


def contains(self: Tensor, x: Any) -> bool:
    """Whether an entry equals `x`."""
    return bool(np.any(self == x))


def rounded(self: Tensor, digits: int | None = None) -> Any:
    """The nearest whole number, or the nearest with so many digits: constants."""
    return round(self.item()) if digits is None else np.round(self, digits)


def rebuilt(self: Tensor) -> Any:
    """How to copy and how to store this tensor: as a new leaf, without its gradient and graph."""
    if self.requires_grad and not self.is_leaf:
        raise TypeError(
            f"{describe(self)} was about to be copied or stored without the graph it hangs on: "
            "use t.detach() where that is meant, t.copy() to go on computing with it"
        )
    return Tensor, (self.current(), self.requires_grad, self.name)


for name in (
    "sum", "mean", "var", "std", "prod", "max", "min", "argmax", "argmin", "all", "any", "round",
    "cumsum", "cumprod", "trace", "diagonal", "ravel", "swapaxes", "squeeze", "repeat", "take",
    "choose", "dot", "clip", "copy", "conj", "conjugate",
    "argsort", "argpartition", "searchsorted", "nonzero",
):  # fmt: skip
    setattr(Tensor, name, method(name))
for name in ("reshape", "transpose"):
    setattr(Tensor, name, unpacked(name))
for name, instead in (
    ("sort", "np.sort(t)"),
    ("partition", "np.partition(t, kth)"),
    ("fill", "np.full_like(t, value)"),
    ("put", "np.where(mask, new, t)"),
    ("setfield", "np.where(mask, new, t)"),
    ("resize", "t[:n] or np.pad(t, width)"),
):
    setattr(Tensor, name, writing(name, instead))
for name, attribute in (
    ("flatten", method("ravel")),
    ("astype", astype_of_tensor),
    ("compress", compress),
    ("tolist", tolist),
    ("real", property(np.real, doc="`np.real` of this tensor: itself.")),
    ("imag", property(np.imag, doc="`np.imag` of this tensor: zeros.")),
    ("mT", property(np.matrix_transpose, doc="The last two axes in reverse order.")),
    ("__contains__", contains),
    ("__reduce__", rebuilt),
    ("__copy__", method("copy")),
    ("__round__", rounded),
    ("__floor__", whole(math.floor)),
    ("__ceil__", whole(math.ceil)),
    ("__trunc__", whole(math.trunc)),
    ("__index__", lambda self: operator.index(self.current())),
):
    setattr(Tensor, name, attribute)
