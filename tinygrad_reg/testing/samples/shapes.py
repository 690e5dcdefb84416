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


def chosen(*keywords, least=0):
    """One array, with one of several sets of keywords."""
    return of_shape(lambda shape: st.sampled_from(keywords), least)


def one(op, *keywords, least=0, name=None):
    """A function of one array, with one of several sets of keywords."""
    name = name or f"np.{op.__name__}"
    return Case(name, op, chosen(*(keywords or [{}]), least=least), (REAL,), op, tries=15)


def joining(op, *shapes):
    """A function of a list of arrays."""
    layout = fixed(*[(each, {}) for each in shapes])
    call = lambda *arrays, **keywords: op(arrays, **keywords)
    return Case(f"np.{op.__name__}", call, layout, (REAL,) * len(shapes[0]), op, tries=10)


def cutting(op, least):
    """A function that cuts an array into pieces."""
    choices = [{"indices_or_sections": cuts} for cuts in (1, [1], (2, 1), [0, 9])]
    return one(op, *choices, least=least)


def repeated(shape):
    axes = [None, *range(-len(shape), len(shape))]
    by_length = [{"axis": axis, "repeats": repeats_of(shape, axis)} for axis in axes]
    return st.sampled_from([{"repeats": 2}, {"repeats": [3], "axis": None}, *by_length])


def repeats_of(shape, axis):
    """0, 1 or 2 for each place."""
    return np.arange(prod(shape) if axis is None else shape[axis]) % 3


def shifts(shape):
    axes = [{"shift": 1}, {"shift": -4}, {"shift": 2, "axis": None}]
    if shape:
        axes += [{"shift": (1, 2), "axis": (0, -1)}, {"shift": [1, -1], "axis": 0}]
        axes += [{"shift": 2, "axis": -1}, {"shift": np.array([1]), "axis": np.array([0])}]
    return st.sampled_from(axes)


def taken_along(shape):
    def keywords(axis, seed):
        random = np.random.default_rng(seed)
        if axis is None:
            return {"indices": random.integers(-prod(shape), prod(shape), 4), "axis": None}
        wanted = list(shape)
        wanted[axis] = 4
        return {"indices": random.integers(-shape[axis], shape[axis], wanted), "axis": axis}

    return st.builds(keywords, st.none() | axis_of(shape), st.integers(0, 99))


def taken(shape):
    axes = range(-len(shape), len(shape))
    choices = [{"indices": np.array([], int), "axis": axis} for axis in (None, *axes)]
    if prod(shape):
        choices += [{"indices": 0}, {"indices": [[-1, 0], [0, 0]], "axis": None}]
        choices += [{"indices": np.array([5, -7, 5]), "mode": mode} for mode in ("wrap", "clip")]
        choices += [{"indices": (0, -1, 0), "axis": axis} for axis in axes]
    return st.sampled_from(choices)


def without_some(shape):
    choices = [{"obj": slice(None, None, 2), "axis": -1}, {"obj": []}]
    if prod(shape):
        choices += [{"obj": 0}, {"obj": [-1, 0], "axis": 0}]
        choices += [{"obj": np.arange(shape[-1]) == 0, "axis": -1}]
    return st.sampled_from(choices)


PADDED = [
    {"pad_width": 1},
    {"pad_width": (2, 1), "mode": "constant", "constant_values": 3.0},
    {"pad_width": ((1, 2),), "constant_values": ((0.5, -1.0),)},
    {"pad_width": ((2,), (0,)), "constant_values": np.array([4, 5])},
    {"pad_width": 2, "mode": "edge"},
    {"pad_width": 5, "mode": "wrap"},
    {"pad_width": ((0, 4), (3, 1)), "mode": "reflect"},
    {"pad_width": (5, 1), "mode": "reflect", "reflect_type": "odd"},
    {"pad_width": (1, 5), "mode": "symmetric"},
    {"pad_width": 4, "mode": "symmetric", "reflect_type": "odd"},
    {"pad_width": (3, 2), "mode": "linear_ramp"},
    {"pad_width": (0, 2), "mode": "linear_ramp", "end_values": (5.0, -2.0)},
    {"pad_width": ((2, 3), (1, 0)), "mode": "mean"},
    {"pad_width": 1, "mode": "mean", "stat_length": ((1, 2), (2, 1))},
]


def padded(shape):
    def suits(keywords):
        forms = np.shape(keywords["pad_width"]), np.shape(keywords.get("stat_length", 1))
        return len(shape) == 2 or not any(form[:1] == (2,) and form[1:] for form in forms)

    return st.sampled_from([keywords for keywords in PADDED if suits(keywords)])


def inserted(shape):
    """The shape of the array and of what is inserted, and where."""
    m, n = shape
    return [
        ((shape, ()), {"obj": 1}),
        ((shape, (3,)), {"obj": [0, 1, 1]}),
        ((shape, (m,)), {"obj": n, "axis": 1}),
        ((shape, (2, n)), {"obj": np.array([0, m]), "axis": 0}),
        ((shape, (1,)), {"obj": slice(0, None, 2), "axis": -1}),
        ((shape, (m, 0)), {"obj": np.array([], int), "axis": 1}),
    ]


CASES = [
    one(np.flip, {}, {"axis": None}, {"axis": 0}, {"axis": (-1, 0)}, {"axis": [1]}, least=2),
    one(np.flip, name="np.flip of any array"),
    one(np.fliplr, least=2),
    one(np.flipud, least=1),
    one(np.rot90, {}, {"k": 2}, {"k": -3, "axes": (1, 0)}, {"axes": [-1, 0]}, least=2),
    Case("np.roll", np.roll, of_shape(shifts), (REAL,), np.roll),
    one(np.rollaxis, {"axis": 0}, {"axis": -1}, {"axis": 1, "start": 2}, least=2),
    one(np.tril, {}, {"k": 1}, {"k": -1}, least=1),
    one(np.triu, {}, {"k": 1}, {"k": -1}, least=1),
    Case(
        "np.diag",
        np.diag,
        fixed(
            *[(((shape),), {"k": k}) for shape in ((3,), (0,), (2, 3), (3, 1)) for k in (0, 1, -2)]
        ),
        (REAL,),
        np.diag,
    ),
    one(np.diagflat, {}, {"k": 1}, {"k": -2}),
    *functions_and_methods(
        "diagonal", chosen({}, {"offset": 1}, {"offset": -1, "axis1": 1, "axis2": 0}, least=2)
    ),
    *functions_and_methods(
        "trace", chosen({}, {"offset": 1}, {"offset": -1, "axis1": -1, "axis2": 0}, least=2)
    ),
    *functions_and_methods("repeat", of_shape(repeated)),
    one(np.tile, *[{"reps": reps} for reps in (2, (), (2, 1), [1, 2, 3], np.array([3]), 0)]),
    one(np.resize, *[{"new_shape": shape} for shape in (5, (2, 3), (0,), (), [4, 1])]),
    one(
        np.lib.stride_tricks.sliding_window_view,
        {"window_shape": 1, "axis": 0},
        {"window_shape": (1, 1), "axis": (0, -1)},
        {"window_shape": np.array([1, 1]), "axis": (1, 1)},
        least=2,
    ),
    Case(
        "np.lib.stride_tricks.sliding_window_view of wide windows",
        np.lib.stride_tricks.sliding_window_view,
        fixed((((5,),), {"window_shape": 3}), (((3, 4),), {"window_shape": (2, 3)})),
        (REAL,),
        np.lib.stride_tricks.sliding_window_view,
    ),
    one(np.atleast_1d),
    one(np.atleast_2d),
    one(np.atleast_3d),
    Case("np.atleast_3d of several", np.atleast_3d, together(2), (REAL,) * 2, np.atleast_3d),
    Case("np.broadcast_arrays", np.broadcast_arrays, together(3), (REAL,) * 3, np.broadcast_arrays),
    Case(
        "np.meshgrid",
        np.meshgrid,
        fixed(
            (((2,), (3,), (1,)), {}),
            (((2,), (), (0,)), {"indexing": "ij", "copy": False}),
            (((2,), (3,), (2,)), {"sparse": True}),
        ),
        (REAL,) * 3,
        np.meshgrid,
    ),
    joining(np.vstack, ((2,), (1, 2)), ((), ()), ((1, 2, 2), (3, 2, 2)), ((0, 3), (2, 3))),
    joining(np.hstack, ((2,), (1,)), ((), ()), ((2, 2), (2, 3)), ((0,), (3,))),
    joining(np.dstack, ((2,), (1, 2)), ((), ()), ((2, 1, 2), (2, 1, 3)), ((2, 3), (2, 3))),
    joining(np.column_stack, ((2,), (2,)), ((), ()), ((2, 1), (2,)), ((3, 0), (3, 2))),
    Case(
        "np.append",
        np.append,
        fixed((((2, 1), (3,)), {}), (((), ()), {"axis": None}), (((2, 1), (2, 2)), {"axis": -1})),
        (REAL,) * 2,
        np.append,
    ),
    Case(
        "np.block",
        lambda a, b, c: np.block([[a, b], [c, np.full((1, 2), 7.0)]]),
        fixed((((2, 1), (2, 2), ()), {}), (((), (2,), (1, 1)), {}), (((0, 1), (0, 2), (1,)), {})),
        (REAL,) * 3,
        np.block,
    ),
    Case("np.block of one array", lambda a: np.block(a), together(1), (REAL,), np.block, tries=5),
    cutting(np.array_split, 1),
    Case("np.array_split along axes", np.array_split, splittable, (REAL,), np.array_split),
    cutting(np.hsplit, 1),
    cutting(np.vsplit, 2),
    cutting(np.dsplit, 3),
    Case(
        "np.unstack",
        np.unstack,
        fixed((((2, 3),), {}), (((2, 3),), {"axis": -1}), (((1,),), {"axis": 0})),
        (REAL,),
        np.unstack,
        tries=10,
    ),
    Case("np.pad", np.pad, of_shape(padded, 1), (REAL,), np.pad, tries=50),
    Case(
        "np.pad with a tensor around",
        lambda x, value: np.pad(x, 1, constant_values=value),
        fixed((((2, 3), ()), {}), (((2,), (1,)), {})),
        (REAL,) * 2,
        np.pad,
        tries=5,
    ),
    *functions_and_methods("take", of_shape(taken)),
    Case(
        "np.take_along_axis",
        np.take_along_axis,
        lambda smallest: of_shape(taken_along, 1)(1),
        (REAL,),
        np.take_along_axis,
    ),
    Case(
        "np.compress",
        lambda x, **axis: np.compress(np.array([0, 1]), x, **axis),
        fixed((((4,),), {}), (((2, 3),), {"axis": 0}), (((1, 2),), {"axis": -1})),
        (REAL,),
        np.compress,
    ),
    Case(
        "x.compress",
        lambda x: x.compress([True, False, True], axis=1),
        fixed((((2, 3),), {})),
        (REAL,),
        np.compress,
    ),
    Case(
        "np.extract",
        lambda x: np.extract(np.arange(x.size).reshape(x.shape) % 2 == 0, x),
        together(1),
        (REAL,),
        np.extract,
        tries=10,
    ),
    Case("np.delete", np.delete, of_shape(without_some, 1), (REAL,), np.delete),
    Case(
        "np.insert",
        lambda x, values, **places: np.insert(x, values=values, **places),
        fixed(*inserted((2, 3)), *inserted((1, 2))),
        (REAL,) * 2,
        np.insert,
    ),
    Case(
        "np.choose",
        lambda x, y, **mode: np.choose([[0, 2], [1, -1]], [x, y, 5.0], **mode),
        fixed((((2, 2), ()), {"mode": "wrap"}), (((1, 2), (2, 1)), {"mode": "clip"})),
        (REAL,) * 2,
        np.choose,
    ),
    Case(
        "np.choose among rows",
        lambda x: np.choose(np.array([1, 0, 1]), x),
        fixed((((2, 3),), {})),
        (REAL,),
        np.choose,
        tries=5,
    ),
    Case(
        "np.select",
        lambda x, y, default: np.select([x > 1, y < 0], [x, y], default),
        together(3),
        (REAL,) * 3,
        np.select,
    ),
    Case(
        "np.select with numbers",
        lambda x: np.select([x > 1, [True]], [3.0, x]),
        of_shape(lambda shape: st.just({}), 1),
        (REAL,),
        np.select,
        tries=10,
    ),
    Case(
        "np.piecewise",
        lambda x: np.piecewise(x, [x > 1, x < 0], [lambda x: x**3, lambda x: -x, np.exp]),
        together(1),
        (REAL,),
        np.piecewise,
    ),
    Case(
        "np.piecewise with a number and an argument",
        lambda x, scale: np.piecewise(x, [x > 0], [lambda x, by: by * x, 7], scale),
        fixed((((4,), ()), {}), (((2, 2), (1,)), {})),
        (REAL,) * 2,
        np.piecewise,
    ),
    Case("np.astype", lambda x: np.astype(x, np.float64), together(1), (REAL,), np.astype, tries=5),
    Case("x.real", lambda x: x.real, together(1), (REAL,), tries=5),
    Case("x.mT", lambda x: x.mT, chosen({}, least=2), (REAL,), tries=5),
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
