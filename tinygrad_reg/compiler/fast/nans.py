"""Which operations pass a NaN on, so that it is noticed in a result.

Programs multiply without care: where 0 · ∞ happened in a backward pass, there is a NaN, and the
engine has to do the call. It shows in the results unless something on the way there looks at it
without keeping it, like a comparison; what goes into those is looked at before.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from tinygrad_reg.compiler.graph import Graph, Node, astype, operands, part

__all__ = ["to_be_checked"]

# Every NaN among the operands gives a NaN in the result, or is dropped together with its entry.
PASSING = {
    np.add, np.subtract, np.multiply, np.divide, np.negative, np.positive, np.absolute, np.fabs,
    np.square, np.sqrt, np.cbrt, np.reciprocal, np.exp, np.exp2, np.expm1, np.log, np.log2,
    np.log10, np.log1p, np.sin, np.cos, np.tan, np.arcsin, np.arccos, np.arctan, np.sinh, np.cosh,
    np.tanh, np.arcsinh, np.arccosh, np.arctanh, np.arctan2, np.maximum, np.minimum, np.sign,
    np.logaddexp, np.logaddexp2, np.floor, np.ceil, np.rint, np.trunc, np.deg2rad, np.rad2deg,
    np.degrees, np.radians, np.remainder, np.fmod, np.matmul, np.dot, np.vdot, np.inner, np.outer,
    np.einsum, np.tensordot, np.sum, np.mean, np.prod, np.max, np.min, np.amax, np.amin, np.cumsum,
    np.cumprod, np.var, np.std, np.trace, np.diagonal, np.diag, np.tril, np.triu, np.transpose,
    np.swapaxes, np.moveaxis, np.reshape, np.ravel, np.squeeze, np.expand_dims, np.broadcast_to,
    np.concatenate, np.stack, np.where, np.repeat, np.tile, np.roll, np.flip, np.diff, np.clip,
    np.sinc, np.real, np.copy, operator.getitem, part, np.kron, np.ldexp,
}  # fmt: skip
# These can make an infinity of what is finite. A factor may have come out of a backward pass.
MAKING = {
    np.divide,
    np.reciprocal,
    np.log,
    np.log2,
    np.log10,
    np.power,
    np.float_power,
    operator.pow,
}
REDUCED = {np.add, np.multiply, np.maximum, np.minimum}
REDUCE = ("reduce", "accumulate", "reduceat", "outer")


def to_be_checked(graph: Graph) -> set[int]:
    """The nodes, by `id`, in which a NaN from a backward pass could go unnoticed.

    That some infinity of the function itself is looked at as well does no harm.
    """
    made_later: set[int] = set()
    found: set[int] = set()
    for node in graph.nodes():
        given = list(operands(node))
        is_operation = node.kind == "operation"
        starts = is_operation and (node.phase != "forward" or node.op in MAKING)
        if starts or any(id(x) in made_later for x in given):
            made_later.add(id(node))
        if is_operation and not passes_on(node):
            found.update(id(x) for x in given if id(x) in made_later and may_be_nan(x))
    return found


def may_be_nan(node: Node) -> bool:
    """Whether a node holds floating numbers (or several results, which may)."""
    return np.dtype(node.dtype).kind in "fO"


def passes_on(node: Node) -> bool:
    """Whether a NaN in any operand is noticed in the result."""
    op: Any = node.op
    if op is operator.pow or op is np.power or op is np.float_power:
        exponent = node.args[1]
        return bool(exponent.kind == "number" and exponent.value != 0)
    if op is astype:
        return np.dtype(node.dtype).kind == "f"
    ufunc = getattr(op, "__self__", None)
    if isinstance(ufunc, np.ufunc):
        return ufunc in REDUCED and op.__name__ in REDUCE
    if np.dtype(node.dtype).kind not in "fO":
        return False
    try:
        return op in PASSING
    except TypeError:
        return False
