"""What the lines of `derivatives/scans.py` are called with."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_reg.testing.samples.layouts import (
    POSITIVE,
    REAL,
    Case,
    axis_of,
    fixed,
    functions_and_methods,
    of_shape,
    together,
)


@st.composite
def running(draw, smallest, initial=False):
    """Any axis; none at all, for all entries in a row."""
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=smallest, max_side=3))
    axes = [axis_of(shape)] if shape else []
    keywords = {"include_initial": draw(st.booleans())} if initial else {}
    if not shape or (not (initial and len(shape) > 1) and draw(st.booleans())):
        return (shape,), keywords
    return (shape,), {**keywords, "axis": draw(st.one_of(*axes))}


def running_with_initial(smallest):
    return running(smallest, initial=True)


def along_an_axis(smallest):
    return of_shape(lambda shape: st.fixed_dictionaries({"axis": axis_of(shape)}), 1)(smallest)


def differences(smallest):
    return of_shape(
        lambda shape: st.fixed_dictionaries(
            {"n": st.integers(0, 3)}, optional={"axis": axis_of(shape)}
        ),
        1,
    )(smallest)


@st.composite
def samples(draw, smallest):
    """Arrays with enough entries along the axes that slopes are taken along."""
    order = draw(st.sampled_from([1, 2]))
    shape = draw(
        hnp.array_shapes(min_dims=1, max_dims=2, min_side=max(smallest, 1) + order, max_side=4)
    )
    keywords = {"edge_order": order}
    axis = draw(st.sampled_from([None, 0, -1, (0,), tuple(range(len(shape)))[::-1]]))
    return (shape,), keywords if axis is None else {**keywords, "axis": axis}


def with_nan(op):
    """The operation on an array with a NaN before every entry."""

    def call(x, axis=None):
        nan = np.full(x.shape, np.nan, x.dtype)
        return op(np.concatenate([nan, x], axis=axis), axis=axis)

    return call


def spaced(f, *spacings, **keywords):
    """`np.gradient` over distances, or over coordinates that rise."""
    places = [np.cumsum(h) * h[0] if h.ndim else h for h in spacings]
    return np.gradient(f, *places, **keywords)


def interpolated(x, widths, fp, **keywords):
    """`np.interp` between points that rise."""
    return np.interp(x, np.cumsum(widths) - 4, fp, **keywords)


CASES = [
    *functions_and_methods("cumsum", running)[:1],
    *functions_and_methods("cumprod", running)[:1],
    Case("np.nancumsum", with_nan(np.nancumsum), along_an_axis, (REAL,), np.nancumsum),
    Case("np.nancumprod", with_nan(np.nancumprod), along_an_axis, (REAL,), np.nancumprod),
    Case("np.cumulative_sum", np.cumulative_sum, running_with_initial, (REAL,), np.cumulative_sum),
    Case(
        "np.cumulative_prod", np.cumulative_prod, running_with_initial, (REAL,), np.cumulative_prod
    ),
    *[
        Case(
            f"np.{ufunc.__name__}.accumulate",
            ufunc.accumulate,
            along_an_axis,
            (REAL,),
            ufunc.accumulate,
        )
        for ufunc in (np.add, np.multiply)
    ],
    Case("np.diff", np.diff, differences, (REAL,), np.diff),
    Case(
        "np.diff with ends",
        lambda a, before, after, **keywords: np.diff(a, prepend=before, append=after, **keywords),
        fixed(
            (((3,), (), (2,)), {}),
            (((2, 3), (2, 1), ()), {"n": 2}),
            (((2, 3), (2, 3), (1, 3)), {"axis": 0, "n": 2}),
            (((2, 2, 1), (), (2, 1, 1)), {"axis": -2}),
        ),
        (REAL,) * 3,
        np.diff,
    ),
    Case("np.ediff1d", np.ediff1d, together(1), (REAL,), np.ediff1d),
    Case(
        "np.ediff1d with ends",
        lambda x, end: np.ediff1d(x, to_begin=end, to_end=[1.5, 2.5]),
        fixed((((2, 2), ()), {}), (((3,), (2, 1)), {}), (((1,), (2,)), {})),
        (REAL, REAL),
        np.ediff1d,
    ),
    Case("np.gradient", np.gradient, samples, (REAL,), np.gradient),
    Case(
        "np.gradient with a spacing",
        spaced,
        fixed(
            (((4,), ()), {}),
            (((4,), ()), {"edge_order": 2}),
            (((4,), (4,)), {}),
            (((3,), (3,)), {"edge_order": 2}),
            (((2, 3), ()), {}),
            (((3, 2), (3,)), {"axis": 0}),
        ),
        (REAL, POSITIVE),
        np.gradient,
    ),
    Case(
        "np.gradient with spacings",
        spaced,
        fixed(
            (((3, 4), (3,), ()), {}),
            (((3, 4), (), (4,)), {"edge_order": 2}),
            (((2, 3, 2), (3,), (2,)), {"axis": (1, -1)}),
        ),
        (REAL, POSITIVE, POSITIVE),
        np.gradient,
        tries=10,
    ),
    Case("np.trapezoid", np.trapezoid, along_an_axis, (REAL,), np.trapezoid),
    Case(
        "np.trapezoid with places",
        np.trapezoid,
        fixed(
            (((3,), (3,)), {}),
            (((2, 3), (3,)), {"axis": 1}),
            (((2, 3), (2,)), {"axis": 0}),
            (((2, 3), (2, 3)), {}),
            (((0,), (0,)), {}),
        ),
        (REAL, REAL),
        np.trapezoid,
    ),
    Case(
        "np.trapezoid with a width",
        lambda y, dx, axis: np.trapezoid(y, dx=dx, axis=axis),
        fixed((((3,), ()), {"axis": -1}), (((3, 2), ()), {"axis": 0})),
        (REAL, POSITIVE),
        np.trapezoid,
    ),
    Case(
        "np.interp",
        interpolated,
        fixed(
            (((5,), (4,), (4,)), {}),
            (((2, 3), (3,), (3,)), {"left": 0.5}),
            (((), (2,), (2,)), {"right": -2.0, "left": 1}),
            (((3,), (1,), (1,)), {}),
        ),
        (REAL, POSITIVE, REAL),
        np.interp,
    ),
]
