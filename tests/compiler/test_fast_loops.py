"""Work on large arrays, block by block, and what calls allocate."""

import tracemalloc

import numpy as np
import optree
import pytest

import tinygrad_reg as tg
from tinygrad_reg.compiler.fast.blocks import BLOCK, LARGE

from .fast_programs import check_program, program_of, traced

rng = np.random.default_rng(0)


def penalties(W):
    return tg.l1(W, 0.7, 5) + tg.l2(W, 0.3, 5)


SIZES = [LARGE, LARGE + 1, LARGE + BLOCK - 1, LARGE + BLOCK, LARGE + BLOCK + 1, 100_003]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_penalties_of_any_length_equal_the_engine(size, dtype):
    W = rng.normal(size=size).astype(dtype)
    function = tg.value_and_grad(penalties)
    assert "for part" in program_of(function, W).source
    check_program(function, (W,), [(W * dtype(0.5),)], 1e-12 if dtype == np.float64 else 1e-5)


SHAPES = [(LARGE,), (256, 300), (3, 30_000), (1, LARGE), (LARGE, 1), (40, 40, 50), (2, LARGE // 2)]


@pytest.mark.parametrize("shape", SHAPES)
def test_broadcasts_in_loops_equal_the_engine(shape):
    def function(x, rows, columns, c):
        y = np.tanh(x * rows + columns)
        z = np.where(y > c, y * y - x, x)
        return np.sum(z * y), z, np.exp(-np.abs(y)), np.sum(np.abs(x - c))

    x = rng.normal(size=shape)
    rows, columns = x[-1:] * 0.5, x[..., :1] + 1
    check_program(function, (x, rows, columns, 0.1), [(x + 1, rows, columns, 0.3)], 1e-11)


def test_strided_arrays_in_loops_equal_the_engine():
    W = rng.normal(size=(400, 300))
    function = tg.value_and_grad(
        lambda W: penalties(W) + np.sum(np.tanh(W) * W.T.reshape(400, 300))
    )
    others = [(np.asfortranarray(W),), (np.repeat(W, 2, 1)[:, ::2],), (W[::-1],)]
    check_program(function, (W,), others, 1e-11)


def test_a_value_that_is_needed_as_a_whole_is_whole():
    """A transpose, a sum or a product of what a loop computes waits for the end of the loop."""

    def function(x):
        y = np.tanh(x) * 2
        scaled = y / np.sum(y * y)
        return scaled + y.T, (y @ y) * scaled, np.sum(scaled)

    check_program(function, (rng.normal(size=(300, 300)),), [(np.eye(300),)], 1e-11)


@pytest.mark.parametrize("size", [1_000_000, 1_000_003])
def test_float32_sums_in_loops_are_as_exact_as_numpys(size):
    x = rng.random(size, dtype=np.float32)
    workspace = program_of(lambda x: (np.sum(x * x), np.sum(np.abs(np.tanh(x)))), x).make()
    exact = x.astype(np.float64)
    got = workspace(x)
    assert [y.dtype for y in got] == [np.float32, np.float32]
    np.testing.assert_allclose(got, [np.sum(exact**2), np.sum(np.tanh(exact))], rtol=3e-7)


def test_nan_in_a_loop_is_the_engines():
    W = rng.normal(size=100_003)
    function = tg.value_and_grad(lambda W: np.sum(np.log(W) * 0) + penalties(W))
    workspace = program_of(function, np.abs(W)).make()
    for where in (0, 50_000, 100_002):
        bad = np.abs(W)
        bad[where] = 0
        with np.errstate(all="ignore"), pytest.raises(FloatingPointError):
            workspace(bad)
    workspace(np.abs(W))


def test_a_value_in_memory_is_not_longer_than_a_block():
    """Only what comes out of a loop is an array; the rest is in a block that stays in the cache."""
    W = rng.normal(size=1_000_000)
    workspace = program_of(tg.value_and_grad(penalties), W).make()
    memory = [x for name, x in workspace.__globals__.items() if isinstance(x, np.ndarray)]
    assert sum(x.nbytes for x in memory) < 10 * BLOCK * 8


# -- what a call allocates ------------------------------------------------------------------------


def network(sizes, m):
    X, Y = rng.normal(size=(sizes[0], m)), rng.normal(size=(sizes[-1], m))

    def cost(parameters):
        A = X
        for W, b in parameters:
            A = np.tanh(W @ A + b)
        return np.sum((A - Y) ** 2) / (2 * m) + tg.l2([W for W, _ in parameters], 0.7, m)

    pairs = zip(sizes[1:], sizes, strict=False)
    return cost, [(rng.normal(size=(n, k)), np.zeros((n, 1))) for n, k in pairs]


def gradient_of_network(sizes, m):
    cost, parameters = network(sizes, m)
    return tg.value_and_grad(cost), (parameters,)


def product_of_network(sizes, m):
    cost, parameters = network(sizes, m)
    return lambda p, v: tg.hvp(cost, (p,), (v,)), (parameters, parameters)


def regression():
    X, Y = rng.normal(size=(10, 2000)), (rng.random((1, 2000)) > 0.5) * 1.0

    def cost(w, b):
        return np.mean(tg.binary_cross_entropy(w @ X + b, Y)) + tg.l2(w, 0.7, 2000)

    return tg.value_and_grad(cost, argnums=(0, 1)), (rng.normal(size=(1, 10)), np.zeros((1, 1)))


STEADY = {
    "small network": lambda: gradient_of_network((20, 40, 30), 50),
    "network": lambda: gradient_of_network((400, 300, 10), 300),
    "second order": lambda: product_of_network((30, 40, 20), 50),
    "regression": regression,
    "penalties": lambda: (tg.value_and_grad(penalties), (rng.normal(size=(300, 1001)),)),
}


@pytest.mark.parametrize("name", STEADY)
def test_calls_allocate_their_results_and_nothing_else(name):
    function, arguments = STEADY[name]()
    leaves = optree.tree_leaves(arguments)
    workspace = program_of(function, *arguments).make()
    for _ in range(3):
        results = workspace(*leaves)
    needed = sum(x.nbytes + 200 for x in results)
    del results
    tracemalloc.start()
    try:
        workspace(*leaves)
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        workspace(*leaves)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak - before < needed + 4000  # the heads of views of arguments


# -- the time it takes to write a program ---------------------------------------------------------


def test_the_text_grows_with_the_number_of_nodes():
    def chain(n):
        def function(x):
            for _ in range(n):
                x = np.tanh(x) + 0.1 * x
            return np.sum(x)

        return tg.value_and_grad(function)

    lengths = [len(program_of(chain(n), np.ones((2, 2))).source) / n for n in (50, 200)]
    assert lengths[1] < 1.2 * lengths[0]
    graph, _ = traced(chain(50), (np.ones((2, 2)),))
    assert len(graph.nodes()) > 300
