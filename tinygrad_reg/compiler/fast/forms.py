"""The quickest form of each kind of operation.

A form is a function that finds the steps of a node, or returns False if it does not suit. What no
form suits is called as it stands in the graph.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_reg.compiler.fast import arrays, elementwise, products, reductions, views
from tinygrad_reg.compiler.graph import Node, astype

if TYPE_CHECKING:
    from tinygrad_reg.compiler.fast.lowering import Lowering

__all__ = ["forms_of"]

Form = Callable[["Lowering", Node], bool]

FORMS: dict[Any, tuple[Form, ...]] = {
    np.sum: (reductions.total,),
    np.add.reduce: (reductions.total,),
    np.max: (reductions.extreme,),
    np.min: (reductions.extreme,),
    np.matmul: (products.product,),
    np.dot: (products.product,),
    np.where: (elementwise.chosen,),
    astype: (elementwise.converted,),
    operator.pow: (elementwise.operator_of_numbers, elementwise.power),
    operator.getitem: (views.view,),
    np.concatenate: (arrays.joined,),
    np.stack: (arrays.joined,),
    **dict.fromkeys(views.VIEWS, (views.view,)),
}


def forms_of(node: Node) -> tuple[Form, ...]:
    """The forms of an operation."""
    op: Any = node.op
    if op.__hash__ is not None and op in FORMS:
        return FORMS[op]
    if isinstance(op, np.ufunc):
        return (elementwise.operator_of_numbers, elementwise.ufunc)
    return ()
