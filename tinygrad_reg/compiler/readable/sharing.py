"""Which arrays may be views of each other, so that a program's results never share memory."""

from __future__ import annotations

import inspect
import operator

import numpy as np

from tinygrad_reg.compiler.formulas import formulas
from tinygrad_reg.compiler.graph import Node, astype, length_of, operands, part
from tinygrad_reg.derivatives.indexing import scatter

__all__ = ["owners"]

# Beside ufuncs, these always return memory of their own.
FRESH = {
    np.sum, np.prod, np.mean, np.var, np.std, np.max, np.min, np.any, np.all, np.ptp, np.median,
    np.nansum, np.nanprod, np.nanmean, np.nanvar, np.nanstd, np.nanmax, np.nanmin, np.nanmedian,
    np.quantile, np.percentile, np.argmax, np.argmin, np.argsort, np.sort, np.cumsum, np.cumprod,
    np.where, np.concatenate, np.stack, np.vstack, np.hstack, np.outer, np.dot, np.inner, np.vdot,
    np.tensordot, np.kron,
    np.trace, np.tril, np.triu, np.repeat, np.tile, np.zeros_like, np.ones_like, np.full_like,
    np.take_along_axis, np.clip, np.linalg.inv, np.linalg.det, np.linalg.solve, np.linalg.norm,
    np.linalg.cholesky, np.linalg.eigh, np.linalg.eigvalsh, np.linalg.svd, np.linalg.qr,
    np.linalg.slogdet, np.linalg.pinv, np.linalg.lstsq, operator.pow, astype, length_of,
    inspect.unwrap(scatter),
}  # fmt: skip
FRESH |= set(formulas.values())


def is_fresh(node: Node) -> bool:
    """Whether an operation returns memory of its own; if in doubt, it does not."""
    if isinstance(node.op, np.ufunc) or isinstance(getattr(node.op, "__self__", None), np.ufunc):
        return True
    if node.op is np.einsum:
        return sum(isinstance(x, Node) for x in node.args) > 1
    return node.op in FRESH


def owners(node: Node) -> tuple[list[Node], bool]:
    """The quantities whose memory a quantity may be a view of, and whether entries share it.

    Numbers own none.
    """
    found: list[Node] = []
    repeats = False
    seen: set[int] = set()
    todo = [node]
    while todo:
        x = todo.pop()
        if id(x) in seen or x.kind == "number":
            continue
        seen.add(id(x))
        inner = [y for y in operands(x) if y.kind != "number"]
        if x.kind != "operation" or is_fresh(x) or not inner:
            found.append(x)
        else:
            todo += inner[:1] if x.op in FIRST else inner
            repeats = repeats or x.op in REPEATING
    return found, repeats


REPEATING = {
    np.broadcast_to, np.broadcast_arrays, np.meshgrid, np.lib.stride_tricks.as_strided,
    np.lib.stride_tricks.sliding_window_view,
}  # fmt: skip
# These are views of their first operand alone.
FIRST = {operator.getitem, part, np.reshape, np.transpose, np.broadcast_to, np.swapaxes}
