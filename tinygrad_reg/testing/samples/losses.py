"""What activations and losses are called with."""

from math import prod

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_reg.derivatives import losses
from tinygrad_reg.testing.samples.layouts import (
    ABOVE_ONE,
    REAL,
    SHARE,
    UNIT,
    Case,
    axis_of,
    fixed,
    of_shape,
    over_axes,
    together,
)


def no_table(number):
    """Shapes that broadcast to the largest of them, as against a row and a column."""

    def layout(smallest):
        return together(number)(smallest).filter(
            lambda drawn: prod(np.broadcast_shapes(*drawn[0])) == max(map(prod, drawn[0]))
        )

    return layout


@st.composite
def classes(draw, smallest):
    """Logits with the classes as integers."""
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=max(1, smallest), max_side=3))
    axis = draw(axis_of(shape))
    others = tuple(np.delete(shape, axis))
    random = np.random.default_rng(draw(st.integers(0, 999)))
    return (shape,), {"targets": random.integers(0, shape[axis], others), "axis": axis}


CASES = [
    Case("tg.sigmoid", losses.sigmoid, together(1), (REAL,), losses.sigmoid),
    Case("tg.relu", losses.relu, together(1), (REAL,), losses.relu),
    Case("tg.softplus", losses.softplus, together(1), (REAL,), losses.softplus),
    Case("tg.logsumexp", losses.logsumexp, over_axes(), (REAL,), losses.logsumexp),
    Case(
        "tg.softmax",
        losses.softmax,
        over_axes(keepdims=False),
        (REAL,),
        losses.softmax,
    ),
    Case(
        "tg.softmax without axis",
        losses.softmax,
        of_shape(lambda _: st.just({}), 1),
        (REAL,),
        losses.softmax,
    ),
    Case(
        "tg.binary_cross_entropy",
        losses.binary_cross_entropy,
        no_table(2),
        (REAL, SHARE),
        losses.binary_cross_entropy,
    ),
    Case(
        "tg.binary_cross_entropy of labels",
        lambda z: losses.binary_cross_entropy(z, np.array([[1], [0]])),
        fixed((((2, 3),), {}), (((2, 1),), {})),
        (REAL,),
        losses.binary_cross_entropy,
    ),
    Case(
        "tg.softmax_cross_entropy",
        losses.softmax_cross_entropy,
        over_axes(2, single=True, keepdims=False),
        (REAL, SHARE),
        losses.softmax_cross_entropy,
    ),
    Case(
        "tg.softmax_cross_entropy of classes",
        losses.softmax_cross_entropy,
        classes,
        (REAL,),
        losses.softmax_cross_entropy,
    ),
    Case("tg.log_sigmoid", losses.log_sigmoid, together(1), (REAL,), losses.log_sigmoid),
    Case(
        "tg.log_softmax",
        losses.log_softmax,
        over_axes(keepdims=False),
        (REAL,),
        losses.log_softmax,
    ),
    Case(
        "tg.nll",
        lambda logs, targets, axis: losses.nll(logs, targets, axis=axis),
        classes,
        (REAL,),
        losses.nll,
    ),
    Case("tg.hinge", losses.hinge, no_table(2), (UNIT, UNIT), losses.hinge),
    Case(
        "tg.hinge on both sides of the margin",
        lambda scores: losses.hinge(scores, np.array([[1], [-1]])),
        fixed((((2, 3),), {}), (((2, 1),), {})),
        (ABOVE_ONE,),
        losses.hinge,
    ),
    Case("tg.huber", losses.huber, together(1), (UNIT,), losses.huber),
    Case("tg.huber of small errors", losses.huber, no_table(2), (SHARE, ABOVE_ONE), losses.huber),
    Case("tg.huber of large errors", losses.huber, no_table(2), (ABOVE_ONE, SHARE), losses.huber),
]
