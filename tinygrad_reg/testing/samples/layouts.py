"""What operations are called with: arrays, in shapes and keywords that belong to the operation.

A case is one operation under test. Its layout is a strategy of shapes for the arrays and of keyword
arguments; its domains say between which bounds the entries lie. All entries of all arrays of an
example differ, by more than finite differences move them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

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
    ties: bool = True  # whether it is continuous where entries are equal

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


def on_lattice(shapes, domains, seed=0):
    """Arrays of whole and half numbers: many of them equal, and many where kinks are.

    In one of five, all entries are the number that is nearest to 0.
    """
    random = np.random.default_rng(seed)
    arrays = []
    for shape, (low, high) in zip(shapes, domains, strict=True):
        lattice = np.arange(np.ceil(2 * low), np.floor(2 * high) + 1) / 2
        if seed % 5 == 0:
            lattice = lattice[np.argsort(np.abs(lattice))][:1]
        arrays.append(random.choice(lattice if lattice.size else [(low + high) / 2], shape))
    return arrays


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
                min_side=max(smallest, least) if least > 1 else smallest,
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


def of_shape(keywords_of, least=0):
    """One array of at least `least` axes, and keywords that depend on its shape."""

    @st.composite
    def strategy(draw, smallest):
        shape = draw(hnp.array_shapes(min_dims=least, max_dims=3, min_side=smallest, max_side=3))
        return (shape,), draw(keywords_of(shape))

    return strategy


def axis_of(shape):
    return st.integers(-len(shape), len(shape) - 1)


def functions_and_methods(name, layout, domain=REAL, method=None):
    """A reduction or a change of shape as `np.name(x)` and as `x.name()`."""
    op = getattr(np, name)

    def call_method(x, **keywords):
        return getattr(x, method or name)(**keywords)

    return [
        Case(f"np.{name}", op, layout, (domain,), op),
        Case(f"x.{method or name}", call_method, layout, (domain,), op),
    ]
