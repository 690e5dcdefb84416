"""The fast program of random functions equals the interpreter of its graph and the engine."""

import inspect
import sys
import threading
import tracemalloc

import numpy as np
import optree
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tinygrad_reg as tg
from tinygrad_reg.compiler.fast import blocks, fast, lowering, reductions
from tinygrad_reg.compiler.graph import run
from tinygrad_reg.compiler.simplify import simplify
from tinygrad_reg.compiler.tracing import trace
from tinygrad_reg.testing import strategies

often = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def traced(function, arguments):
    """The graph of a function, and the leaves of its arguments."""
    leaves, tree = optree.tree_flatten((arguments, {}))
    graph, _ = trace(function, tree.unflatten, leaves)
    return graph, leaves


def programs_of(function, arguments):
    """The program of a function, and its graph as traced."""
    graph, leaves = traced(function, arguments)
    return fast(simplify(graph, reading=False)), graph, leaves


def check(got, expected, tolerance):
    """Values, dtypes and shapes agree; with `expected` of larger precision, up to rounding."""
    assert len(got) == len(expected)
    for x, y in zip(got, expected, strict=True):
        assert np.shape(x) == np.shape(y)
        assert np.asarray(x).dtype == np.asarray(y).dtype
        scale = np.max(np.abs(y), initial=1) if np.all(np.isfinite(y)) else 1
        np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance * scale)


def check_program(function, arguments, others=(), tolerance=1e-11):
    """The program agrees with the interpreter and the engine, also when it is called again."""
    program, graph, leaves = programs_of(function, arguments)
    workspace = program.make()
    earlier = None
    for given_now in (arguments, *others, arguments):
        leaves = optree.tree_leaves((given_now, {}))
        before = [np.array(x) for x in leaves]
        got = workspace(*leaves)
        with np.errstate(all="ignore"):
            check(got, run(graph, leaves), tolerance)
            check(got, optree.tree_leaves(function(*given_now)), tolerance)
        for x, y in zip(leaves, before, strict=True):
            np.testing.assert_array_equal(x, y)
        check_own(got, leaves, program)
        if earlier is not None:
            for x, y in earlier:
                np.testing.assert_array_equal(x, y)
        earlier = [(x, np.array(x)) for x in got]
        for x in got:
            if isinstance(x, np.ndarray):
                x[...] = 77  # the next call does not see it
        earlier = [(x, np.array(x)) for x in got]


def check_own(results, leaves, program):
    """No result shares memory with another, an argument or a constant."""
    arrays = [x for x in results if isinstance(x, np.ndarray)]
    others = [x for x in (*leaves, *program.constants.values()) if isinstance(x, np.ndarray)]
    for i, x in enumerate(arrays):
        assert x.flags.writeable
        for y in arrays[:i] + others:
            assert not np.shares_memory(x, y)


def nudged(arguments):
    """Other arguments of the same shapes."""
    return tuple(x * np.asarray(0.75, x.dtype) for x in arguments)


def total(program):
    """A program as a function with one number."""

    def cost(*arguments):
        results = program(*arguments)
        results = results if isinstance(results, tuple) else (results,)
        terms = [np.sum(np.sin(x)) for x in results]
        return sum(terms[1:], terms[0])

    return cost


ORDERS = {
    "value": lambda program, n: program,
    "gradient": lambda program, n: tg.value_and_grad(total(program), argnums=tuple(range(n))),
    "second order": lambda program, n: (
        lambda *xs: tg.hvp(lambda *ys: total(program)(*ys), xs, tuple(np.cos(x) for x in xs))
    ),
}


@pytest.fixture(params=["as it is", "in blocks"])
def sizes(request, monkeypatch):
    """Small arrays treated as such, and as if they were large: in loops, and not copied."""
    if request.param == "in blocks":
        monkeypatch.setattr(blocks, "LARGE", 2)
        monkeypatch.setattr(blocks, "BLOCK", 3)
        monkeypatch.setattr(lowering, "SMALL", 8)
        monkeypatch.setattr(reductions, "SHORT", 2)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("order", ORDERS)
@often
@given(program=strategies.programs())
def test_random_programs(sizes, order, dtype, program):
    arguments = tuple(x.astype(dtype) for x in program.arguments)
    function = ORDERS[order](program, len(arguments))
    tolerance = 1e-9 if dtype == np.float64 else 2e-3
    try:
        check_program(function, arguments, [nudged(arguments)], tolerance)
    except FloatingPointError:
        pass  # a NaN: the engine's
