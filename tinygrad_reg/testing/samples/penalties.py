"""What penalties are called with."""

from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_reg.derivatives import penalties
from tinygrad_reg.testing.samples.layouts import (
    ABOVE_ONE,
    POSITIVE,
    REAL,
    Case,
    fixed,
    over_axes,
    together,
)


def weights(number):
    """`lambd`, `m` and weights of layers."""
    return lambda smallest: st.tuples(
        *[hnp.array_shapes(min_dims=0, max_dims=3, min_side=max(smallest, 1), max_side=3)] * number
    ).map(lambda shapes: (((), (), *shapes), {}))


def of_layers(penalty, **keywords):
    return lambda lambd, m, *layers: penalty(list(layers), lambd, m, **keywords)


def of_one(penalty):
    return lambda lambd, m, W, **keywords: penalty(W, lambd, m, **keywords)


def for_groups(smallest):
    return over_axes(keepdims=False, single=True)(max(smallest, 1)).map(
        lambda found: (((), (), *found[0]), found[1])
    )


CASES = [
    *[
        case
        for penalty in (penalties.l1, penalties.l2, penalties.elastic_net)
        for case in (
            Case(
                f"tg.{penalty.__name__}",
                of_one(penalty),
                weights(1),
                (POSITIVE, ABOVE_ONE, REAL),
                penalty,
            ),
            Case(
                f"tg.{penalty.__name__} of layers",
                of_layers(penalty),
                weights(2),
                (POSITIVE, ABOVE_ONE, REAL, REAL),
                penalty,
            ),
        )
    ],
    Case(
        "tg.elastic_net in a ratio",
        lambda lambd, W: penalties.elastic_net(W, lambd, 3, l1_ratio=0.2),
        lambda smallest: together(1)(max(1, smallest)).map(lambda found: (((), *found[0]), {})),
        (POSITIVE, REAL),
        penalties.elastic_net,
    ),
    Case(
        "tg.group_lasso",
        of_one(penalties.group_lasso),
        for_groups,
        (POSITIVE, ABOVE_ONE, REAL),
        penalties.group_lasso,
    ),
    Case(
        "tg.group_lasso of layers",
        of_layers(penalties.group_lasso, axis=1),
        fixed((((), (), (2, 3), (1, 2)), {})),
        (POSITIVE, ABOVE_ONE, REAL, REAL),
        penalties.group_lasso,
    ),
    Case(
        "tg.group_lasso over all axes",
        of_one(penalties.group_lasso),
        fixed((((), (), (2, 3)), {"axis": (0, 1)}), (((), (), (2, 3)), {"axis": None})),
        (POSITIVE, ABOVE_ONE, REAL),
        penalties.group_lasso,
    ),
]
