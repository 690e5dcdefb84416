"""The values around a node: what its letters stand for, and what its rule gives for them."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from tinygrad_reg.drawing.mathematics import expressions as make
from tinygrad_reg.drawing.mathematics.entries import kept_shape
from tinygrad_reg.drawing.mathematics.expressions import COTANGENT, RESULT, Expression
from tinygrad_reg.sweeps import fit
from tinygrad_reg.tensor import Rule, Tensor
from tinygrad_reg.zeros import zero_stays_zero

__all__ = ["Here"]


class Here:
    """The values around a node: what its letters stand for, and what its rule gives."""

    def __init__(self, node: Tensor, position: int, cotangent: Any) -> None:
        assert node.rule is not None
        self.node = node
        self.rule: Rule = node.rule
        self.position = position
        self.x: Tensor = node.args[position]
        self.said = self.rule.entries[position]
        self.shape = kept_shape(node)
        self.is_given = cotangent is not None
        if cotangent is None:
            cotangent = np.cos(1.0 + np.arange(node.size)).reshape(node.shape)
        self.cotangent = np.asarray(cotangent, node.dtype).reshape(self.shape)
        self.y = np.asarray(node.value).reshape(self.shape)
        self.args = [x.value if type(x) is Tensor else x for x in node.args]
        self.values = {str(i): x for i, x in enumerate(self.args)}
        self.values |= {RESULT: self.y, COTANGENT: self.cotangent}
        self.local: Any = None
        if self.rule.is_local:
            self.local = self.said
            if callable(self.said):
                self.local = self.said(self.y, *self.args, **node.kwargs)

    def checked(self, expression: Expression | None) -> Expression | None:
        """The expression, if it says here what the rule says."""
        if expression is None:
            return None
        try:
            value, given = make.value_of(expression, self.values), self.given
            if not self.rule.is_local:
                value, given = self.fitted(value), self.fitted(given)
            return expression if agree(value, given, self.node.dtype) else None
        except Exception:  # of a formula that does not suit these values, which is not shown then
            return None

    def fitted(self, contribution: Any) -> Any:
        """A contribution in the shape of the argument."""
        x = np.asarray(self.x.value)
        x = x if x.dtype.kind == "f" else x.astype(float)
        return np.asarray(fit(np.asarray(contribution, x.dtype), x, self.rule))

    @property
    def given(self) -> Any:
        """What the rule itself gives."""
        if self.rule.is_local:
            return self.local
        if not hasattr(self, "pulled"):
            pull = partial(self.said, **self.node.kwargs)
            self.pulled = pull(self.cotangent, self.y, *self.args)
        return self.pulled

    def unreduced(self) -> Any:
        """The contribution before it is summed over broadcast axes."""
        if self.rule.is_local:
            return zero_stays_zero(self.cotangent, np.asarray(self.local, self.node.dtype))
        return np.asarray(self.given)

    def contribution(self) -> Any:
        """What is added to the gradient of the argument."""
        return self.fitted(self.unreduced())

    def spread_local(self) -> Any:
        """The local derivative in the shape of what is multiplied with it."""
        if self.local is None:
            return None
        local = np.asarray(self.local, self.node.dtype)
        shapes = [local.shape, self.shape, *([self.x.shape] if self.rule.keeps_axes else [])]
        return np.broadcast_to(local, np.broadcast_shapes(*shapes))

    def full_shape(self) -> tuple[int, ...]:
        """The shape of the contribution before it is summed."""
        local = self.spread_local()
        return np.shape(self.given) if local is None else local.shape

    def summed_axes(self) -> tuple[int, ...]:
        """Axes along which the argument was broadcast, so that its cotangent is summed."""
        have, want = self.full_shape(), self.x.shape
        extra = len(have) - len(want)
        return tuple(
            [i for i, n in enumerate(have) if i < extra or (n != 1 and want[i - extra] == 1)]
        )


def agree(a: Any, b: Any, dtype: Any) -> bool:
    """Whether two computations of the same are equal but for rounding."""
    a, b = np.broadcast_arrays(np.asarray(a, float), np.asarray(b, float))
    tolerance = 1e-8 if dtype == np.float64 else 1e-3
    size = np.max(np.abs(b), initial=0, where=np.isfinite(b))
    return bool(np.allclose(a, b, rtol=tolerance, atol=tolerance * size, equal_nan=True))
