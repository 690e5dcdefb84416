"""Products of matrices and vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tinygrad_reg.compiler.fast.values import FLOATS, Value
from tinygrad_reg.compiler.graph import Node

if TYPE_CHECKING:
    from tinygrad_reg.compiler.fast.lowering import Lowering

__all__ = ["product"]


def product(lowering: Lowering, node: Node) -> bool:
    """A product of matrices or vectors, by np.dot where that is the same, since it is quicker."""
    if node.kwargs or len(node.args) != 2:
        return False
    a, b = node.args
    if not a.shape or not b.shape or a.weak or b.weak:
        return False
    by_blas = a.ndim <= 2 and b.ndim <= 2 and a.dtype == b.dtype == node.dtype in FLOATS
    if node.op is np.dot and not by_blas:
        return False
    left, right = written_out(lowering, a), written_out(lowering, b)
    call = lowering.function(np.dot if by_blas else np.matmul)
    if not node.shape:
        lowering.scalar(node, (call, "(", left, ", ", right, ")"))
        return True
    out = lowering.memory(node)
    lowering.step(call, "(", left, ", ", right, ", ", out, ")", out=out)
    return True


def written_out(lowering: Lowering, node: Node) -> Value:
    """An operand of a product; broadcast arrays are written out, as BLAS needs them."""
    value = lowering.array_of(node)
    if value.strides is None:
        return lowering.contiguous(value) if node.op is np.broadcast_to else value
    broadcast = any(s == 0 and n > 1 for s, n in zip(value.strides, value.shape, strict=True))
    return lowering.contiguous(value) if broadcast else value
