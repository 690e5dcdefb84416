"""Every line of the derivative table can be compiled, and the program equals the engine."""

import numpy as np
import optree
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_reg as tg
from tinygrad_reg.testing.samples import CASES, entries

# What these compute has a shape, or a formula, that depends on values.
REFUSED = ("np.piecewise",)


def value(case, keywords):
    return lambda *xs: case.call(*xs, **keywords)


def contracted(case, keywords):
    def number(*xs):
        return sum(np.sum(y * 0.7) for y in optree.tree_leaves(case.call(*xs, **keywords)))

    return number


def first(case, keywords):
    def derivative(*xs):
        return tg.value_and_grad(contracted(case, keywords), range(len(xs)))(*xs)

    return derivative


def forward(case, keywords):
    def derivative(*xs):
        return tg.jvp(contracted(case, keywords), xs, [np.ones(x.shape) for x in xs])

    return derivative


def second(case, keywords):
    def of_gradients(*xs):
        gradients = tg.grad(contracted(case, keywords), range(len(xs)))(*xs)
        return sum(np.sum(g * 1.3) for g in gradients)

    return lambda *xs: tg.grad(of_gradients, range(len(xs)))(*xs)


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("derivative", [value, first, forward, second], ids=lambda f: f.__name__)
@pytest.mark.parametrize("case", CASES, ids=repr)
def test_the_program_of_every_line_equals_the_engine(case, derivative):
    @settings(max_examples=2)
    @given(case.layout(1), st.integers(0, 2**16))
    def on_examples(layout, seed):
        shapes, keywords = layout
        arrays = [np.asarray(x, float) for x in entries(shapes, case.domains)]
        f = derivative(case, keywords)
        program = tg.compile(f)
        try:
            program.trace(*arrays)
        except tg.TracingError:
            assert repr(case).startswith(REFUSED)
            assert derivative is not value
            return
        random = np.random.default_rng(seed)
        moved = [x + random.uniform(-1e-3, 1e-3, x.shape) for x in arrays]
        for given_arrays in (arrays, moved):
            assert_same(program(*given_arrays), f(*given_arrays))

    on_examples()


def assert_same(actual, expected):
    got, wanted = optree.tree_leaves(actual), optree.tree_leaves(expected)
    assert len(got) == len(wanted)
    for a, b in zip(got, wanted, strict=True):
        b = b.data if isinstance(b, tg.Tensor) else b
        assert np.shape(a) == np.shape(b)
        assert np.asarray(a).dtype == np.asarray(b).dtype
        size = np.max(np.abs(b), initial=0, where=np.isfinite(b))
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-9 * (1 + size))
