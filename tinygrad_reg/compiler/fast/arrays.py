"""Arrays put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinygrad_reg.compiler.fast.calls import listed
from tinygrad_reg.compiler.graph import Node

if TYPE_CHECKING:
    from tinygrad_reg.compiler.fast.lowering import Lowering

__all__ = ["joined"]


def joined(lowering: Lowering, node: Node) -> bool:
    """np.concatenate and np.stack of arrays."""
    arrays, axis = node.args[0], node.kwargs.get("axis", 0)
    if len(node.args) > 1 or not node.kwargs.keys() <= {"axis"} or type(axis) is not int:
        return False
    if not isinstance(arrays, list | tuple):
        return False
    if not all(isinstance(x, Node) and x.shape for x in arrays):
        return False
    given = listed(lowering, arrays)
    out = lowering.memory(node)
    call = lowering.function(node.op)
    lowering.step(call, "((", *given, f",), {axis}, ", out, ")", out=out)
    return True
