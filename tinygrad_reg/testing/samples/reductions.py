"""What reductions and norms are called with."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_reg.testing.samples.layouts import (
    POSITIVE,
    REAL,
    Case,
    fixed,
    functions_and_methods,
    over_axes,
)


def masked(least=1, **others):
    """As `over_axes`, with a mask that lets entries through in every row along every axis."""
    plain_layout = over_axes(least=least, **others)

    @st.composite
    def strategy(draw, smallest):
        (shape,), keywords = draw(plain_layout(smallest))
        mask = draw(hnp.arrays(bool, shape))
        mask |= np.indices(shape).sum(axis=0) % min(shape, default=1) < least
        return (shape,), {**keywords, "where": mask}

    return strategy


def quantiles(*methods, tables=(), percent=1):
    """Shapes and axes with quantiles that lie between two ranks, one or several of them."""
    q = st.sampled_from([0.37, 0.81, [0.2, 0.71], (0.63,), *tables]).map(
        lambda q: np.multiply(q, percent) if np.ndim(q) else q * percent
    )
    return over_axes(q=q, method=st.sampled_from(methods))


def nan_after(op, *others):
    """The operation on an array with a NaN next to every entry, which makes no difference."""

    def call(x, *arrays, **keywords):
        axis = keywords.get("axis")
        first = axis[0] if isinstance(axis, tuple) and axis else axis
        if x.ndim == 0 or first == ():
            return op(x, *arrays, **keywords)
        along = 0 if first is None else first
        nan = np.full(x.shape, np.nan, x.dtype)
        keywords = {
            name: np.concatenate([np.broadcast_to(value, x.shape)] * 2, axis=along)
            if name == "where"
            else value
            for name, value in keywords.items()
        }
        return op(np.concatenate([nan, x], axis=along), *arrays, **keywords)

    return call


def variances(name):
    """A variance or standard deviation, with everything that it takes."""
    op = getattr(np, name)
    call = nan_after(op) if name.startswith("nan") else op
    around = lambda x, mean, **keywords: call(x, mean=mean, **keywords)
    return [
        Case(f"np.{name} with ddof", call, over_axes(least=2, ddof=DDOF), (REAL,), op),
        Case(f"np.{name} with correction", call, over_axes(least=2, correction=DDOF), (REAL,), op),
        Case(f"np.{name} with where", call, masked(least=2), (REAL,), op),
        Case(
            f"np.{name} with mean",
            around,
            fixed(
                (((2, 3), (1, 1)), {}),
                (((2, 3), (2, 1)), {"axis": 1, "keepdims": True}),
                (((3, 2), (1, 2)), {"axis": 0, "ddof": 1}),
                (((2, 2, 2), (1, 2, 1)), {"axis": (0, -1)}),
            ),
            (REAL, REAL),
            op,
        ),
    ]


def averages():
    """Weights of the array's shape, and of the axes that are averaged over."""
    pair = lambda a, weights, **keywords: np.average(a, weights=weights, **keywords)
    return [
        Case(
            "np.average",
            np.average,
            # of nothing, NumPy refuses some axes and not others
            lambda smallest: over_axes(returned=st.booleans())(max(1, smallest)),
            (REAL,),
            np.average,
        ),
        Case(
            "np.average with weights",
            pair,
            over_axes(number=2, least=2),
            (REAL, POSITIVE),
            np.average,
        ),
        Case(
            "np.average with weights of an axis",
            pair,
            fixed(
                (((2, 3), (3,)), {"axis": 1}),
                (((2, 3), (2,)), {"axis": -2, "returned": True}),
                (((2, 3, 2), (2, 2)), {"axis": (2, 0), "returned": True}),
                (((2, 3, 1), (1, 3)), {"axis": (-1, 1), "keepdims": True}),
            ),
            (REAL, POSITIVE),
            np.average,
        ),
    ]


@st.composite
def vectors(draw, smallest):
    """Vectors along one axis, of every order."""
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=max(smallest, 1), max_side=3))
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    order = draw(st.sampled_from([None, 0, 1, 2, 3, 4, 1.5, 0.5, -1, -2, np.inf, -np.inf]))
    axis = draw(st.sampled_from([axis, (axis,)]))
    return (shape,), {"ord": order, "axis": axis, "keepdims": draw(st.booleans())}


@st.composite
def matrices(draw, smallest, orders=(None, "fro", "f", 1, -1, np.inf, -np.inf)):
    """Matrices in two of the axes."""
    shape = draw(hnp.array_shapes(min_dims=2, max_dims=3, min_side=max(smallest, 1), max_side=3))
    axes = draw(st.permutations(range(len(shape))))[:2]
    axis = tuple(i - len(shape) if draw(st.booleans()) else i for i in axes)
    keywords = {"ord": draw(st.sampled_from(orders)), "keepdims": draw(st.booleans())}
    return (shape,), keywords if len(shape) == 2 and draw(st.booleans()) else {
        **keywords,
        "axis": axis,
    }


def singular(smallest):
    return matrices(smallest, orders=(2, -2, "nuc"))


def norms():
    norm, vector_norm, matrix_norm = np.linalg.norm, np.linalg.vector_norm, np.linalg.matrix_norm
    every = over_axes(keepdims=False, single=False)
    orders = st.sampled_from([1, 2, 3, np.inf])
    return [
        Case("norm of all entries", lambda x, **_: norm(x), every, (REAL,), norm),
        Case("norm of vectors", norm, vectors, (REAL,), norm, tries=30),
        Case("norm of matrices", norm, matrices, (REAL,), norm, tries=30),
        Case("norm of singular values", norm, singular, (REAL,), norm, tolerance=1e-6),
        Case("vector_norm", vector_norm, over_axes(ord=orders), (REAL,), vector_norm),
        Case(
            "matrix_norm",
            matrix_norm,
            fixed((((2, 3),), {}), (((2, 1, 3),), {"ord": 1, "keepdims": True})),
            (REAL,),
            matrix_norm,
        ),
    ]


DDOF = st.sampled_from([0, 0.5, 1])
TABLES = (np.array([[0.3], [0.9]]),)
METHODS = (
    "inverted_cdf", "averaged_inverted_cdf", "closest_observation", "linear",
    "interpolated_inverted_cdf", "hazen", "weibull", "median_unbiased", "normal_unbiased",
    "lower", "higher", "midpoint", "nearest",
)  # fmt: skip

CASES = [
    *functions_and_methods("sum", over_axes()),
    *functions_and_methods("mean", over_axes()),
    *functions_and_methods("prod", over_axes()),
    *functions_and_methods("max", over_axes()),
    *functions_and_methods("min", over_axes()),
    *functions_and_methods("amax", over_axes(), method="max"),
    *functions_and_methods("amin", over_axes(), method="min"),
    *functions_and_methods("var", over_axes()),
    *functions_and_methods("std", over_axes()),
    *[
        Case(f"np.{op.__name__} with where and initial", op, layout, (REAL,), op)
        for op, layout in (
            (np.sum, masked(initial=st.sampled_from([0, 1.5]))),
            (np.prod, masked(initial=st.sampled_from([1, -1.5]))),
            (np.max, masked(initial=st.sampled_from([-9, 0.015]))),
            (np.min, masked(initial=st.sampled_from([9.0, -0.015]))),
            (np.mean, masked()),
        )
    ],
    *[
        Case(f"np.{op.__name__}", nan_after(op), layout, (REAL,), op)
        for op, layout in (
            (np.nansum, over_axes()),
            (np.nanmean, over_axes()),
            (np.nanprod, over_axes()),
            (np.nanmax, over_axes()),
            (np.nanmin, over_axes()),
            (np.nanmedian, over_axes()),
        )
    ],
    *[
        Case(f"np.{op.__name__} with where", nan_after(op), layout, (REAL,), op)
        for op, layout in (
            (np.nansum, masked(initial=st.sampled_from([0, 1.5]))),
            (np.nanprod, masked(initial=st.sampled_from([1, -1.5]))),
            (np.nanmean, masked()),
        )
    ],
    *[case for name in ("var", "std", "nanvar", "nanstd") for case in variances(name)],
    *[
        Case(f"np.{ufunc.__name__}.reduce", ufunc.reduce, over_axes(), (REAL,), ufunc.reduce)
        for ufunc in (np.add, np.multiply, np.maximum, np.minimum)
    ],
    Case(
        "np.logaddexp.reduce",
        np.logaddexp.reduce,
        over_axes(single=True, initial=st.sampled_from([-0.3, 0.4])),
        (REAL,),
        np.logaddexp.reduce,
    ),
    Case("np.ptp", np.ptp, over_axes(), (REAL,), np.ptp),
    Case("np.median", np.median, over_axes(), (REAL,), np.median),
    # Ties share equally. A quantile is not convex: with three that tie, this is a subgradient, but
    # need not lie between the slopes of both sides.
    Case(
        "np.quantile",
        np.quantile,
        quantiles(*METHODS, tables=TABLES),
        (REAL,),
        np.quantile,
        ties=False,
    ),
    Case(
        "np.percentile",
        np.percentile,
        quantiles("linear", percent=100),
        (REAL,),
        np.percentile,
        ties=False,
    ),
    Case(
        "np.nanquantile",
        nan_after(np.nanquantile),
        # of no entries and several q, NumPy forgets the axis of q
        lambda smallest: quantiles("linear", "hazen")(max(1, smallest)),
        (REAL,),
        np.nanquantile,
        ties=False,
    ),
    Case(
        "np.nanpercentile",
        nan_after(np.nanpercentile),
        lambda smallest: quantiles("linear", percent=100)(max(1, smallest)),
        (REAL,),
        np.nanpercentile,
        ties=False,
    ),
    *averages(),
    *norms(),
]
