"""NumPy's array methods on tensors: each calls the function of the same name."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_reg.derivatives.shapes import astype_of_tensor
from tinygrad_reg.tensor import Tensor


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


for name in (
    "sum", "mean", "var", "std", "prod", "max", "min", "argmax", "argmin",
    "ravel", "swapaxes", "squeeze", "dot", "clip", "copy",
):  # fmt: skip
    setattr(Tensor, name, method(name))
for name in ("reshape", "transpose"):
    setattr(Tensor, name, unpacked(name))
setattr(Tensor, "flatten", method("ravel"))  # noqa: B010
setattr(Tensor, "astype", astype_of_tensor)  # noqa: B010
