"""What the lines of `derivatives/networks.py` are called with."""

import numpy as np
from hypothesis import strategies as st

from tinygrad_reg.derivatives import networks
from tinygrad_reg.testing.samples.layouts import (
    POSITIVE,
    REAL,
    SHARE,
    Case,
    fixed,
    together,
)


def of_images(*variants):
    """Given shapes and keywords; where arrays may be empty, without examples as well."""

    def layout(smallest):
        chosen = st.sampled_from(variants)
        if smallest:
            return chosen
        empty = chosen.map(lambda found: (((0, *found[0][0][1:]), *found[0][1:]), found[1]))
        return st.one_of(chosen, empty)

    return layout


def dropped(X, rate):
    return networks.dropout(X, rate, np.random.default_rng(5))


def with_statistics(X, gamma, beta, mean, variance):
    return networks.batch_norm(X, gamma, beta, mean=mean, variance=variance)


POOLED = (
    (((1, 1, 2, 4),), {"size": 2}),
    (((2, 1, 3, 4),), {"size": (2, 3), "stride": 1}),
    (((1, 2, 3, 3),), {"size": 2, "stride": (2, 1), "padding": 1}),
)

CASES: list[Case] = [
    Case(
        "tg.conv2d",
        networks.conv2d,
        of_images(
            (((1, 1, 2, 2), (1, 1, 2, 1)), {}),
            (((1, 1, 2, 3), (2, 1, 1, 2)), {"padding": "valid"}),
            (((2, 1, 3, 4), (2, 1, 2, 3)), {"stride": (1, 2), "padding": "valid"}),
            (((1, 2, 3, 3), (1, 2, 2, 2)), {"padding": "same", "dilation": (2, 1)}),
            (((1, 2, 3, 3), (4, 1, 2, 2)), {"stride": 2, "padding": (1, 0), "groups": 2}),
        ),
        (REAL, REAL),
        networks.conv2d,
        tries=10,
    ),
    Case(
        "tg.conv2d with a bias",
        networks.conv2d,
        of_images(
            (((1, 1, 2, 2), (2, 1, 1, 1), (2,)), {}),
            (((2, 1, 2, 2), (2, 1, 2, 2), (2,)), {"padding": 1, "stride": 2}),
        ),
        (REAL, REAL, REAL),
        networks.conv2d,
        tries=10,
    ),
    Case(
        "tg.max_pool2d",
        networks.max_pool2d,
        of_images(*POOLED, (((1, 1, 3, 3),), {"size": 2, "dilation": 2})),
        (REAL,),
        networks.max_pool2d,
        tries=10,
    ),
    Case(
        "tg.avg_pool2d",
        networks.avg_pool2d,
        of_images(
            *POOLED, (((1, 1, 3, 2),), {"size": 2, "padding": 1, "count_include_pad": False})
        ),
        (REAL,),
        networks.avg_pool2d,
        tries=10,
    ),
    Case(
        "tg.dropout",
        dropped,
        fixed((((2, 3),), {"rate": 0.5}), (((4,),), {"rate": 0.25}), (((),), {"rate": 0})),
        (REAL,),
        networks.dropout,
        tries=5,
    ),
    Case(
        "tg.batch_norm",
        networks.batch_norm,
        of_images(
            (((2, 4), (2, 1), (2, 1)), {}),
            (((2, 3), (), (2, 1)), {"axis": 1, "epsilon": 0.1}),
            (((2, 2, 1, 2), (2, 1, 1), (1, 2, 1, 1)), {"axis": (0, 2, 3)}),
        ),
        (REAL, REAL, REAL),
        networks.batch_norm,
        tries=10,
    ),
    Case(
        "tg.batch_norm with given statistics",
        with_statistics,
        of_images((((2, 3), (2, 1), (2, 1), (2, 1), (2, 1)), {})),
        (REAL, REAL, REAL, REAL, POSITIVE),
        networks.batch_norm,
        tries=10,
    ),
    Case(
        "tg.layer_norm",
        networks.layer_norm,
        of_images(
            (((4, 2), (4, 1), (4, 1)), {}),
            (((2, 3), (3,), ()), {"axis": -1, "epsilon": 0.1}),
            (((2, 2, 2), (2, 2), (1, 2, 2)), {"axis": (1, 2)}),
        ),
        (REAL, REAL, REAL),
        networks.layer_norm,
        tries=10,
    ),
    Case("tg.leaky_relu", networks.leaky_relu, together(1), (REAL,), networks.leaky_relu),
    Case(
        "tg.leaky_relu with a slope",
        networks.leaky_relu,
        together(2),
        (REAL, SHARE),
        networks.leaky_relu,
    ),
    Case("tg.elu", networks.elu, together(1), (REAL,), networks.elu),
    Case("tg.elu with alpha", networks.elu, together(2), (REAL, POSITIVE), networks.elu),
    Case("tg.selu", networks.selu, together(1), (REAL,), networks.selu),
    Case("tg.silu", networks.silu, together(1), (REAL,), networks.silu),
    Case("tg.gelu", networks.gelu, together(1), (REAL,), networks.gelu),
    Case(
        "tg.gelu by tanh",
        lambda x: networks.gelu(x, approximate=True),
        together(1),
        (REAL,),
        networks.gelu,
    ),
]
