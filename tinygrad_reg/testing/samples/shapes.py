"""What operations that move or copy entries are called with."""

import operator
from math import prod

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_reg.testing.samples.layouts import (
    REAL,
    Case,
    axis_of,
    fixed,
    functions_and_methods,
    of_shape,
    together,
)


def new_shapes(shape):
    size = prod(shape)
    choices = [shape[::-1], (size,), (1, size), (size, 1, 1)]
    choices += [(-1,), -1, (1, -1)] if size else []
    choices += [(size // 2, 2), (-1, 2)] if size and size % 2 == 0 else []
    return st.builds(
        lambda shape, extra: {"shape": shape} | extra,
        st.sampled_from(choices),
        st.sampled_from([{}, {"order": "C"}, {"order": "F"}]),
    )


def permutations(shape):
    every = st.permutations(range(len(shape)))
    negative = every.map(lambda axes: [axis - len(shape) for axis in axes])
    return (st.just(None) | every.map(tuple) | negative).map(lambda axes: {"axes": axes})


def moves(shape):
    one = st.builds(lambda s, d: {"source": s, "destination": d}, axis_of(shape), axis_of(shape))
    several = st.integers(0, len(shape)).flatmap(
        lambda n: st.tuples(*[st.permutations(range(len(shape)))] * 2).map(
            lambda found: {
                "source": found[0][:n],
                "destination": [axis - len(shape) for axis in found[1][:n]],
            }
        )
    )
    return one | several


def new_axes(shape):
    choices = [0, -1, len(shape), (0, -1), (0, 1), *([(1, -1)] if shape else [])]
    return st.sampled_from([{"axis": axis} for axis in choices])


@st.composite
def squeezable(draw, smallest):
    shape = draw(st.lists(st.sampled_from([1, max(smallest, 1) + 1]), max_size=3).map(tuple))
    ones = [i for i, n in enumerate(shape) if n == 1]
    axes = [{}, {"axis": None}, {"axis": tuple(ones)}]
    axes += [{"axis": ones[-1]}, {"axis": ones[0] - len(shape)}] if ones else []
    return (shape,), draw(st.sampled_from(axes))


@st.composite
def spreadable(draw, smallest):
    found = draw(hnp.broadcastable_shapes((2, 3, 2), max_dims=3, min_side=1, max_side=3))
    shape = draw(st.sampled_from([found, tuple(1 if n == 1 else n for n in found)]))
    target = np.broadcast_shapes(shape, (2, 3, 2))
    return (shape,), {"shape": target}


@st.composite
def joinable(draw, smallest, stacked=False):
    """One to three arrays, alike except along the axis along which they are joined."""
    ndim = draw(st.integers(0 if stacked else 1, 3))
    shape = draw(hnp.array_shapes(min_dims=ndim, max_dims=ndim, min_side=smallest, max_side=3))
    if stacked:
        axis = draw(st.integers(-ndim - 1, ndim))
        return (shape, shape, shape), {"axis": axis}
    axis = draw(st.none() | st.integers(-ndim, ndim - 1))
    shapes = []
    for _ in range(3):
        own = list(shape)
        own[axis or 0] = draw(st.integers(smallest, 3))
        shapes.append(tuple(own))
    return tuple(shapes), draw(st.sampled_from([{"axis": axis}])) if axis != 0 else {}


def stackable(smallest):
    return joinable(smallest, stacked=True)


@st.composite
def splittable(draw, smallest):
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=smallest, max_side=4))
    axis = draw(axis_of(shape))
    length = shape[axis]
    sections = [n for n in (1, 2, 3, 4) if length % n == 0]
    cuts = st.lists(st.integers(0, length), max_size=2).map(sorted)
    return (shape,), {"indices_or_sections": draw(st.sampled_from(sections) | cuts), "axis": axis}


@st.composite
def indexable(draw, smallest):
    """Basic, boolean and integer indices, with repeats, new axes, Ellipsis and mixtures."""
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=max(1, smallest), max_side=3))
    kind = draw(st.sampled_from(["basic", "integers", "mask", "mixed", "list", "row mask"]))
    random = np.random.default_rng(draw(st.integers(0, 999)))
    first = random.integers(-shape[0], shape[0], size=4)  # of at most 3 places: one repeats
    if kind == "basic":
        index = draw(hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    elif kind == "integers":
        index = draw(hnp.integer_array_indices(shape))
    elif kind == "mask":
        index = random.random(shape) < 0.5
    elif kind == "row mask":
        index = (random.random(shape[0]) < 0.7, ...)
    elif kind == "list":
        index = first.tolist()
    else:
        index = draw(
            st.sampled_from(
                [
                    (first, None),
                    (None, first),
                    (..., random.integers(0, shape[-1], 5)),
                    (first.reshape(2, 2), ...),
                    (slice(None, None, -1), *(random.integers(0, n, 3) for n in shape[1:])),
                    (first[:, None], None, ...),
                    (0, *(random.integers(0, n, (3, 1)) for n in shape[1:])),
                    (np.int64(-1), ...),
                ]
            )
        )
    return (shape,), {"index": index}


CASES = [
    Case(
        "np.reshape",
        lambda x, shape, **order: np.reshape(x, shape, **order),
        of_shape(new_shapes),
        (REAL,),
        np.reshape,
    ),
    Case(
        "x.reshape((2, 3))",
        lambda x: x.reshape((2, 3)),
        fixed((((6,),), {}), (((3, 2),), {})),
        (REAL,),
        np.reshape,
    ),
    Case(
        "x.reshape(-1, 3)",
        lambda x: x.reshape(-1, 3),
        fixed((((6,),), {}), (((3, 2),), {})),
        (REAL,),
        np.reshape,
    ),
    *functions_and_methods("ravel", of_shape(lambda shape: st.sampled_from([{}, {"order": "F"}]))),
    Case("x.flatten", lambda x: x.flatten(), together(1), (REAL,)),
    Case("np.transpose", np.transpose, of_shape(permutations), (REAL,), np.transpose),
    Case("x.T", lambda x: x.T, together(1), (REAL,), np.transpose),
    Case("x.transpose()", lambda x: x.transpose(), together(1), (REAL,), np.transpose),
    Case(
        "x.transpose(2, 0, 1)",
        lambda x: x.transpose(2, 0, 1),
        fixed((((3, 1, 2),), {})),
        (REAL,),
        np.transpose,
    ),
    Case(
        "x.transpose((1, 2, 0))",
        lambda x: x.transpose((1, 2, 0)),
        fixed((((3, 1, 2),), {})),
        (REAL,),
        np.transpose,
    ),
    Case(
        "np.swapaxes",
        np.swapaxes,
        of_shape(
            lambda s: st.builds(lambda i, j: {"axis1": i, "axis2": j}, axis_of(s), axis_of(s)), 1
        ),
        (REAL,),
        np.swapaxes,
    ),
    Case(
        "x.swapaxes", lambda x: x.swapaxes(0, -1), fixed((((3, 1, 2),), {})), (REAL,), np.swapaxes
    ),
    Case("np.moveaxis", np.moveaxis, of_shape(moves, 1), (REAL,), np.moveaxis),
    Case("np.expand_dims", np.expand_dims, of_shape(new_axes), (REAL,), np.expand_dims),
    *functions_and_methods("squeeze", squeezable),
    Case("np.broadcast_to", np.broadcast_to, spreadable, (REAL,), np.broadcast_to),
    *functions_and_methods("copy", together(1)),
    Case(
        "np.concatenate",
        lambda *arrays, **keywords: np.concatenate(arrays, **keywords),
        joinable,
        (REAL,) * 3,
        np.concatenate,
    ),
    Case(
        "np.concatenate with an array",
        lambda x: np.concatenate([np.ones((2, 1)), x, np.zeros((2, 2))], axis=1),
        fixed((((2, 3),), {})),
        (REAL,),
        np.concatenate,
    ),
    Case(
        "np.stack",
        lambda *arrays, **keywords: np.stack(arrays, **keywords),
        stackable,
        (REAL,) * 3,
        np.stack,
    ),
    Case(
        "np.stack with numbers",
        lambda x, y: np.stack([x, 2.0, y]),
        fixed((((), ()), {})),
        (REAL, REAL),
        np.stack,
    ),
    Case("np.split", np.split, splittable, (REAL,), np.split),
    Case("x[index]", lambda x, index: x[index], indexable, (REAL,), operator.getitem, tries=80),
    Case("x.astype", lambda x: x.astype(np.float64), together(1), (REAL,), np.ndarray.astype),
]
