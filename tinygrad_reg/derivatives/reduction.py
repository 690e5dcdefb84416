"""How a line of an operation that reduces over axes is entered."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_reg.derivatives.arity import parameters_of
from tinygrad_reg.derivatives.table import Operation, about, enter, static
from tinygrad_reg.tensor import Rule, Tensor, record
from tinygrad_reg.wording import no_derivative

__all__ = ["reduction", "setting"]


def reduction(
    op: Operation, *local_derivatives: Any, domain: Any = None, kinks: dict[str, str] | None = None
) -> Operation:
    """Enter an operation that reduces over `axis`, by its local derivatives.

    As `elementwise`, but `y` and the cotangent arrive with the reduced axes kept at length 1, and
    the keyword arguments of the call are passed on to the local derivatives. A call may have
    `axis`, `keepdims` and whatever else is an argument of a local derivative.
    """
    rule = about(Rule(op, local_derivatives, is_local=True, keeps_axes=True), domain, kinks)
    arity = len(local_derivatives)
    taken = {
        name for entry in local_derivatives if callable(entry) for name in parameters_of(entry)
    }

    def call(*args: Any, **kwargs: Any) -> Tensor:
        if len(args) != arity:
            names = parameters_of(op)
            kwargs = dict(zip(names, args, strict=False)) | kwargs
            args = tuple([kwargs.pop(name) for name in names[:arity]])
        for name in kwargs.keys() - {"axis", "keepdims"}:
            x = kwargs[name]
            if x is None or x is np._NoValue or (name == "overwrite_input" and not x):
                del kwargs[name]
            elif name in taken:
                kwargs[name] = setting(x, name, rule)
            else:
                raise TypeError(
                    f"{rule.name} of a tensor does not take {name}=: write t.astype(...) for "
                    f"dtype=, y = {rule.name}(t) for out=, np.where(mask, t, neutral) for where="
                )
        if isinstance(kwargs.get("axis"), list | np.ndarray):
            kwargs["axis"] = static(kwargs["axis"])
        return record(rule, args, kwargs)

    return enter(op, rule, call)


def setting(x: Any, name: str, rule: Rule) -> Any:
    """A keyword argument that is a constant, as something that cannot change later."""
    if type(x) is Tensor:
        if x.number:
            raise no_derivative(rule.name, name, x)
        x = x.current()
    return np.array(x) if isinstance(x, list | np.ndarray) else x
