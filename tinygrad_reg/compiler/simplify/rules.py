"""Which rules are tried for which operation, in which order."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from tinygrad_reg.compiler.graph import Node, Operation, astype, length_of
from tinygrad_reg.compiler.simplify import (
    identities,
    products,
    reductions,
    shapes,
    speed,
    sums,
    wording,
)
from tinygrad_reg.compiler.simplify.building import Rule

Table = dict[Operation, tuple[Rule, ...]]

# In every program.
ALWAYS: Table = {
    np.multiply: (identities.times_one, identities.times_zero),
    np.divide: (identities.divided_by_one,),
    np.add: (identities.plus_zero, identities.plus_minus),
    np.subtract: (
        identities.minus_zero,
        identities.zero_minus,
        identities.minus_minus_something,
        identities.difference_of_the_same,
    ),
    np.negative: (identities.minus_minus,),
    np.positive: (identities.positive,),
    np.absolute: (identities.sign_lost,),
    np.square: (identities.sign_lost,),
    operator.pow: (identities.power_of_one, identities.power_of_zero),
    np.power: (identities.power_of_one, identities.power_of_zero),
    np.maximum: (identities.twice_the_same,),
    np.minimum: (identities.twice_the_same,),
    np.where: (identities.either_way,),
    astype: (identities.same_dtype,),
    np.transpose: (
        shapes.transposed_nothing,
        shapes.transposed_twice,
        shapes.transposed_broadcast,
    ),
    np.swapaxes: (shapes.transposed_nothing, shapes.transposed_twice),
    np.reshape: (
        shapes.reshaped_nothing,
        shapes.reshaped_twice,
        shapes.reshaped_broadcast,
    ),
    np.sum: (reductions.sum_of_one, reductions.sum_of_broadcast),
    np.broadcast_to: (shapes.broadcast_nothing, shapes.broadcast_twice),
}
# Of every ufunc that works on entries.
ENTRYWISE: tuple[Rule, ...] = (
    identities.uniform_operand,
    shapes.broadcast_of_all,
    shapes.broadcast_by_itself,
    identities.cast_of_number,
    identities.python_number,
)


# In programs to run, and after the forward pass in programs to read.
REARRANGED: Table = {
    np.add: (sums.twice, sums.multiples_together),
    np.subtract: (sums.multiples_together,),
    np.multiply: (identities.times_minus_one,),
    np.sum: (reductions.axes_as_written,),
    np.max: (reductions.axes_as_written,),
    np.min: (reductions.axes_as_written,),
    np.mean: (reductions.axes_as_written,),
}
# There as well, where what they look into has no other use.
USED_ONCE: Table = {
    np.add: (sums.terms_together, products.common_factor),
    np.subtract: (sums.terms_together, products.common_factor),
    np.multiply: (products.times_reciprocal,),
    np.divide: (products.divided_by_quotient,),
    np.negative: (identities.minus_difference,),
    np.sum: (reductions.sum_of_sum, reductions.sum_of_all, reductions.sum_of_multiple),
    np.reshape: (reductions.reshaped_sum,),
    np.transpose: (shapes.transposed_product,),
}
READ: Table = {
    np.multiply: (
        products.product_to_read,
        wording.square,
        wording.whole_number,
        wording.derivative_first,
        wording.number_first,
    ),
    np.divide: (wording.sigmoid_by_name, products.product_to_read),
    np.negative: (products.product_to_read,),
    np.add: (wording.penalty_last,),
}
RUN: Table = {
    np.multiply: (speed.square, products.product_to_run),
    np.divide: (products.product_to_run,),
    np.negative: (products.product_to_run,),
    operator.pow: (speed.power,),
    np.power: (speed.power,),
    np.mean: (speed.mean,),
    np.var: (speed.spread,),
    np.std: (speed.spread,),
    np.dot: (speed.dot_of_matrices,),
    length_of: (speed.known_length,),
}
RUN_USED_ONCE: Table = {
    np.multiply: (sums.distributed,),
}


def combined(*tables: Table) -> Table:
    """Some tables as one."""
    result: Table = {}
    for table in tables:
        for op, rules in table.items():
            result[op] = result.get(op, ()) + rules
    return result


FORWARD: tuple[Table, ...] = (ALWAYS, ALWAYS, {})
BACKWARD: tuple[Table, ...] = (
    combined(ALWAYS, REARRANGED, READ),
    combined(ALWAYS, REARRANGED, USED_ONCE, READ),
    USED_ONCE,
)
FAST: tuple[Table, ...] = (
    combined(ALWAYS, REARRANGED, RUN),
    combined(ALWAYS, REARRANGED, USED_ONCE, RUN_USED_ONCE, RUN),
    combined(USED_ONCE, RUN_USED_ONCE),
)


def rules_for(node: Node, reading: bool, uses_known: bool, tried_before: bool) -> tuple[Rule, ...]:
    """The rules of a node's operation; without those that were tried on it before."""
    op: Any = node.op
    tables = FAST if not reading else FORWARD if node.phase == "forward" else BACKWARD
    if tried_before:
        return tables[2].get(op, ())
    rules = tables[uses_known].get(op, ())
    if works_on_entries(op) and not node.kwargs and not node.weak:
        return ENTRYWISE + rules
    return rules


def works_on_entries(op: Any) -> bool:
    """Whether an operation is a ufunc that takes entries, not vectors or matrices."""
    return op is operator.pow or (isinstance(op, np.ufunc) and op.signature is None)
