"""One list of operations, with what to call them with, from which all properties are tested.

Every case is a function of arrays that is also a function of tensors. Its layout is a strategy of
shapes for the arrays and of keyword arguments; its domains say between which bounds the entries
lie. All entries of all arrays of an example differ, by more than finite differences move them.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_reg as tg

REAL = (-2.1, 2.0)
POSITIVE = (0.3, 2.5)
UNIT = (-0.9, 0.85)
SHARE = (0.05, 0.95)
ABOVE_ONE = (1.3, 3.0)


@dataclass(frozen=True)
class Case:
    """An operation under test: `call(*arrays, **keywords)`."""

    name: str
    call: Callable[..., Any]
    layout: Callable[[int], st.SearchStrategy]  # smallest length of an axis -> (shapes, keywords)
    domains: tuple[tuple[float, float], ...]
    operation: Any = None  # of NumPy or of the package
    tolerance: float = 1e-7
    tries: int = 20

    def __repr__(self) -> str:
        return self.name


@st.composite
def examples(draw, case, smallest=1):
    """Arrays of float64 and keywords to call a case with."""
    shapes, keywords = draw(case.layout(smallest))
    seed = draw(st.integers(0, 2**16))
    return entries(shapes, case.domains, seed), keywords


def entries(shapes, domains, seed=0):
    """Arrays of the given shapes, all of whose entries differ and none of which is near 0."""
    random = np.random.default_rng(seed)
    sizes = [prod(shape) for shape in shapes]
    total = sum(sizes)
    order = random.permutation(total)
    places = (order + 0.5 + random.uniform(-0.2, 0.2, total)) / max(total, 1)
    arrays, start = [], 0
    for shape, size, (low, high) in zip(shapes, sizes, domains, strict=True):
        values = low + (high - low) * places[start : start + size]
        start += size
        values += np.where(np.abs(values) < 0.01, 0.02, 0)
        arrays.append(values.reshape(shape))
    return arrays


# Layouts


def together(number):
    """Shapes that broadcast."""

    def layout(smallest):
        if number == 1:
            shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=smallest, max_side=3)
            return shapes.map(lambda shape: ((shape,), {}))
        shapes = hnp.mutually_broadcastable_shapes(
            num_shapes=number, max_dims=3, min_side=smallest, max_side=3
        )
        return shapes.map(lambda found: (found.input_shapes, {}))

    return layout


def with_keywords(layout, *choices):
    """A layout with one of several sets of keywords."""
    return lambda smallest: st.tuples(
        layout(smallest).map(lambda found: found[0]), st.sampled_from(choices)
    )


def no_table(number):
    """Shapes that broadcast to the largest of them, as against a row and a column."""

    def layout(smallest):
        return together(number)(smallest).filter(
            lambda drawn: prod(np.broadcast_shapes(*drawn[0])) == max(map(prod, drawn[0]))
        )

    return layout


def fixed(*variants):
    """Given shapes and keywords."""
    return lambda smallest: st.sampled_from([(shapes, keywords) for shapes, keywords in variants])


def over_axes(number=1, least=1, single=False, keepdims=True, **others):
    """Shapes with axes to reduce over: None, an integer or a tuple, from either end."""

    @st.composite
    def strategy(draw, smallest):
        shape = draw(
            hnp.array_shapes(
                min_dims=int(single or least > 1),
                max_dims=3,
                min_side=max(smallest, least),
                max_side=3,
            )
        )
        keywords = {name: draw(choice) for name, choice in others.items()}
        kinds = []
        if shape:
            kinds.append(st.integers(-len(shape), len(shape) - 1))
        if not single:
            kinds += [st.none()]
            if shape:
                kinds += [hnp.valid_tuple_axes(len(shape), min_size=least - 1)]
        axis = draw(st.one_of(kinds))
        if single or axis is not None or draw(st.booleans()):
            keywords["axis"] = axis
        if keepdims and draw(st.booleans()):
            keywords["keepdims"] = draw(st.booleans())
        return (shape,) * number, keywords

    return strategy


def matrices(smallest):
    """Shapes for every rule of matmul."""
    return hnp.mutually_broadcastable_shapes(
        signature=np.matmul.signature, max_dims=2, min_side=smallest, max_side=3
    ).map(lambda found: (found.input_shapes, {}))


@st.composite
def for_dot(draw, smallest, axis=-2):
    """Shapes of any ranks, where the last axis of the first meets one axis of the second."""
    sides = st.integers(smallest, 3)
    a = draw(st.lists(sides, max_size=3).map(tuple))
    b = list(draw(st.lists(sides, max_size=3)))
    if a and b:
        b[max(axis, -len(b))] = a[-1]
    return (a, tuple(b)), {}


def for_inner(smallest):
    return for_dot(smallest, axis=-1)


@st.composite
def vectors(draw, smallest):
    """Two arrays of one size and different shapes."""
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=2, min_side=smallest, max_side=3))
    return (shape, (prod(shape),)), {}


def of_shape(keywords_of, least=0):
    """One array of at least `least` axes, and keywords that depend on its shape."""

    @st.composite
    def strategy(draw, smallest):
        shape = draw(hnp.array_shapes(min_dims=least, max_dims=3, min_side=smallest, max_side=3))
        return (shape,), draw(keywords_of(shape))

    return strategy


def axis_of(shape):
    return st.integers(-len(shape), len(shape) - 1)


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


@st.composite
def choosable(draw, smallest):
    """A condition and two alternatives that broadcast together."""
    found = draw(
        hnp.mutually_broadcastable_shapes(num_shapes=3, max_dims=3, min_side=smallest, max_side=3)
    )
    condition, *shapes = found.input_shapes
    random = np.random.default_rng(draw(st.integers(0, 999)))
    return tuple(shapes), {"condition": random.random(condition) < 0.5}


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


@st.composite
def classes(draw, smallest):
    """Logits with the classes as integers."""
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=max(1, smallest), max_side=3))
    axis = draw(axis_of(shape))
    others = tuple(np.delete(shape, axis))
    random = np.random.default_rng(draw(st.integers(0, 999)))
    return (shape,), {"targets": random.integers(0, shape[axis], others), "axis": axis}


def unary(domain, *ops):
    return [Case(f"np.{op.__name__}", op, together(1), (domain,), op) for op in ops]


def binary(domains, *ops):
    return [Case(f"np.{op.__name__}", op, together(2), domains, op) for op in ops]


def infix(symbol, op, domains):
    """An operator between tensors, and with numbers and arrays on either side."""
    constants = {
        "2": 2,
        "3.0": 3.0,
        "True": True,
        "np.float32": np.float32(1.5),
        "np.float64": np.float64(1.5),
        "np.int64": np.int64(2),
        "an array": np.array([[1.5], [2.5]]),
        "a float32 array": np.array([1.5, 0.5, 2.5], np.float32),
        "an array of integers": np.array([[2, 1, 3]]),
        "a 0-d array": np.array(2.5),
    }
    layout = fixed((((2, 3),), {}), (((1,),), {}), (((),), {}), (((4, 2, 1),), {}))
    cases = [Case(f"x {symbol} y", op, together(2), domains, op)]
    for name, c in constants.items():
        # The local derivative is computed from a float32 constant in float32.
        tolerance = 1e-6 if "float32" in name else 1e-7
        cases += [
            Case(
                f"x {symbol} {name}", lambda x, c=c: op(x, c), layout, domains[:1], op, tolerance, 6
            ),
            Case(
                f"{name} {symbol} x", lambda x, c=c: op(c, x), layout, domains[1:], op, tolerance, 6
            ),
        ]
    return cases


def functions_and_methods(name, layout, domain=REAL, method=None):
    """A reduction or a change of shape as `np.name(x)` and as `x.name()`."""
    op = getattr(np, name)

    def call_method(x, **keywords):
        return getattr(x, method or name)(**keywords)

    return [
        Case(f"np.{name}", op, layout, (domain,), op),
        Case(f"x.{method or name}", call_method, layout, (domain,), op),
    ]


CASES = [
    *infix("+", operator.add, (REAL, REAL)),
    *infix("-", operator.sub, (REAL, REAL)),
    *infix("*", operator.mul, (REAL, REAL)),
    *infix("/", operator.truediv, (POSITIVE, POSITIVE)),
    *infix("**", operator.pow, (POSITIVE, REAL)),
    Case("x @ y", operator.matmul, matrices, (REAL, REAL), operator.matmul),
    Case(
        "x @ an array",
        lambda x: x @ np.array([[1.0], [2.0]]),
        fixed((((3, 2),), {}), (((2,),), {})),
        (REAL,),
    ),
    Case(
        "an array @ x",
        lambda x: np.array([[1, 2]]) @ x,
        fixed((((2, 2),), {}), (((3, 2, 1),), {}), (((2,),), {})),
        (REAL,),
    ),
    Case("-x", operator.neg, together(1), (REAL,), operator.neg),
    Case("+x", operator.pos, together(1), (REAL,), operator.pos),
    Case("abs(x)", abs, together(1), (REAL,), abs),
    *[
        Case(f"x ** {p}", lambda x, p=p: x**p, together(1), (REAL,), operator.pow)
        for p in (0, 1, 3, -1, -2)
    ],
    Case("x ** 0.5", lambda x: x**0.5, together(1), (POSITIVE,), operator.pow),
    Case(
        "x ** an array of integers",
        lambda x: np.power(x, np.array([0, 1, 2, 3, -1])),
        fixed((((5,),), {}), (((2, 1),), {})),
        (REAL,),
        np.power,
    ),
    *binary((REAL, REAL), np.add, np.subtract, np.multiply, np.maximum, np.minimum),
    *binary((REAL, REAL), np.fmax, np.fmin, np.logaddexp, np.hypot, np.arctan2),
    *binary((REAL, POSITIVE), np.divide),
    *binary((POSITIVE, REAL), np.power),
    *unary(REAL, np.negative, np.positive, np.exp, np.exp2, np.expm1, np.square, np.cbrt),
    *unary(REAL, np.sin, np.cos, np.arctan, np.sinh, np.cosh, np.tanh, np.arcsinh),
    *unary(REAL, np.absolute, np.fabs),
    *unary(POSITIVE, np.reciprocal, np.sqrt, np.log, np.log2, np.log10, np.log1p),
    *unary(UNIT, np.tan, np.arcsin, np.arccos, np.arctanh),
    *unary(ABOVE_ONE, np.arccosh),
    Case("np.matmul", np.matmul, matrices, (REAL, REAL), np.matmul, tries=60),
    Case("np.dot", np.dot, for_dot, (REAL, REAL), np.dot, tries=60),
    Case(
        "x.dot",
        lambda x, y: x.dot(y),
        lambda smallest: for_dot(smallest).filter(lambda found: found[0][0]),
        (REAL, REAL),
        np.dot,
    ),
    Case("np.inner", np.inner, for_inner, (REAL, REAL), np.inner, tries=60),
    Case("np.outer", np.outer, vectors, (REAL, REAL), np.outer),
    Case("np.vdot", np.vdot, vectors, (REAL, REAL), np.vdot),
    Case(
        "np.where",
        lambda x, y, condition: np.where(condition, x, y),
        choosable,
        (REAL, REAL),
        np.where,
    ),
    Case(
        "np.where with a number",
        lambda x: np.where(np.array([True, False]), 0, x),
        fixed((((2,),), {}), (((3, 1),), {})),
        (REAL,),
        np.where,
    ),
    Case("np.clip", np.clip, together(3), (REAL, (-1.9, 0.1), (0.2, 1.9)), np.clip),
    Case(
        "np.clip with numbers",
        np.clip,
        with_keywords(
            together(1),
            {"a_min": -1.0, "a_max": 1.005},
            {"a_min": None, "a_max": 0.5},
            {"a_min": 0, "a_max": None},
            {"min": -0.5},
            {"max": 0.25, "min": -1},
        ),
        (REAL,),
        np.clip,
    ),
    Case("x.clip", lambda x: x.clip(-1, 1), together(1), (REAL,), np.clip),
    *functions_and_methods("sum", over_axes()),
    *functions_and_methods("mean", over_axes()),
    *functions_and_methods("prod", over_axes()),
    *functions_and_methods("max", over_axes()),
    *functions_and_methods("min", over_axes()),
    *functions_and_methods("amax", over_axes(), method="max"),
    *functions_and_methods("amin", over_axes(), method="min"),
    *functions_and_methods("var", over_axes()),
    *functions_and_methods("std", over_axes()),
    Case(
        "np.var with ddof",
        np.var,
        over_axes(least=2, ddof=st.sampled_from([0, 0.5, 1])),
        (REAL,),
        np.var,
    ),
    Case(
        "np.std with ddof",
        np.std,
        over_axes(least=2, ddof=st.sampled_from([0, 0.5, 1])),
        (REAL,),
        np.std,
    ),
    *[
        Case(f"np.{ufunc.__name__}.reduce", ufunc.reduce, over_axes(), (REAL,), ufunc)
        for ufunc in (np.add, np.multiply, np.maximum, np.minimum)
    ],
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
    Case("tg.sigmoid", tg.sigmoid, together(1), (REAL,), tg.sigmoid),
    Case("tg.relu", tg.relu, together(1), (REAL,), tg.relu),
    Case("tg.softplus", tg.softplus, together(1), (REAL,), tg.softplus),
    Case("tg.logsumexp", tg.logsumexp, over_axes(), (REAL,), tg.logsumexp),
    Case("tg.softmax", tg.softmax, over_axes(single=True, keepdims=False), (REAL,), tg.softmax),
    Case(
        "tg.softmax without axis",
        tg.softmax,
        of_shape(lambda _: st.just({}), 1),
        (REAL,),
        tg.softmax,
    ),
    Case(
        "tg.binary_cross_entropy",
        tg.binary_cross_entropy,
        no_table(2),
        (REAL, SHARE),
        tg.binary_cross_entropy,
    ),
    Case(
        "tg.binary_cross_entropy of labels",
        lambda z: tg.binary_cross_entropy(z, np.array([[1], [0]])),
        fixed((((2, 3),), {}), (((2, 1),), {})),
        (REAL,),
        tg.binary_cross_entropy,
    ),
    Case(
        "tg.softmax_cross_entropy",
        tg.softmax_cross_entropy,
        over_axes(2, single=True, keepdims=False),
        (REAL, SHARE),
        tg.softmax_cross_entropy,
    ),
    Case(
        "tg.softmax_cross_entropy of classes",
        tg.softmax_cross_entropy,
        classes,
        (REAL,),
        tg.softmax_cross_entropy,
    ),
    *[
        case
        for penalty in (tg.l1, tg.l2, tg.elastic_net)
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
        lambda lambd, W: tg.elastic_net(W, lambd, 3, l1_ratio=0.2),
        lambda smallest: together(1)(max(1, smallest)).map(lambda found: (((), *found[0]), {})),
        (POSITIVE, REAL),
        tg.elastic_net,
    ),
    Case(
        "tg.group_lasso",
        of_one(tg.group_lasso),
        for_groups,
        (POSITIVE, ABOVE_ONE, REAL),
        tg.group_lasso,
    ),
    Case(
        "tg.group_lasso of layers",
        of_layers(tg.group_lasso, axis=1),
        fixed((((), (), (2, 3), (1, 2)), {})),
        (POSITIVE, ABOVE_ONE, REAL, REAL),
        tg.group_lasso,
    ),
    Case(
        "tg.group_lasso over all axes",
        of_one(tg.group_lasso),
        fixed((((), (), (2, 3)), {"axis": (0, 1)}), (((), (), (2, 3)), {"axis": None})),
        (POSITIVE, ABOVE_ONE, REAL),
        tg.group_lasso,
    ),
]
