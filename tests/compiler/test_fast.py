"""Fast programs equal the engine, own their results, and hand over what they cannot do."""

import contextlib
import threading

import numpy as np
import optree
import pytest
from hypothesis import HealthCheck, given, settings
from numpy.testing import assert_array_equal

import tinygrad_reg as tg
from tinygrad_reg.compiler.fast import blocks, fast, lowering, reductions
from tinygrad_reg.compiler.graph import Graph, Node, constant, number, operation, run
from tinygrad_reg.testing import strategies

from .fast_programs import called, check_equal, check_program, program_of, traced

rng = np.random.default_rng(0)
A = rng.normal(size=(3, 4))
B = rng.normal(size=(4, 3))
v = rng.normal(size=4)
POSITIVE = np.abs(A) + 0.1


def total(program):
    """A program as a function with one number."""

    def cost(*arguments):
        results = program(*arguments)
        results = results if isinstance(results, tuple) else (results,)
        terms = [np.sum(np.sin(x)) for x in results]
        return sum(terms[1:], terms[0])

    return cost


def gradient(program, n):
    return tg.value_and_grad(total(program), argnums=tuple(range(n)))


def second_order(program, n):
    return lambda *xs: tg.hvp(total(program), xs, tuple(np.cos(x) for x in xs))


ORDERS = {"value": lambda program, n: program, "gradient": gradient, "second": second_order}


@pytest.fixture(params=["small", "large"])
def sizes(request, monkeypatch):
    """Small arrays treated as such, and as if they were large: in loops, and not copied."""
    if request.param == "large":
        monkeypatch.setattr(blocks, "LARGE", 2)
        monkeypatch.setattr(blocks, "BLOCK", 3)
        monkeypatch.setattr(lowering, "SMALL", 8)
        monkeypatch.setattr(reductions, "SHORT", 2)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("order", ORDERS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # it stays as it is
@given(program=strategies.programs())
def test_random_programs_equal_the_engine(sizes, order, dtype, program):
    arguments = tuple(x.astype(dtype) for x in program.arguments)
    others = tuple(x * dtype(0.75) for x in arguments)
    function = ORDERS[order](program, len(arguments))
    with contextlib.suppress(FloatingPointError):  # a NaN: the engine's
        check_program(function, arguments, [others], 1e-9 if dtype == np.float64 else 2e-3)


FUNCTIONS = {
    "sum": (lambda x: np.sum(x), A),
    "sum along rows": (lambda x: np.sum(x, axis=1), A),
    "sum of 3 axes": (lambda x: np.sum(x, axis=(0, 2)), rng.normal(size=(2, 3, 4))),
    "sum of the first axes": (lambda x: np.sum(x, axis=(0, 1)), rng.normal(size=(2, 3, 4))),
    "sum of a transposed": (lambda x: np.sum(np.tanh(x).T * v[:, None]), A),
    "sum of nothing": (lambda x: np.sum(x, axis=1), A[:, :0]),
    "sum of whole numbers": (lambda x: np.sum(x, axis=0), np.arange(6).reshape(2, 3)),
    "reduce": (lambda x: np.add.reduce(x), A),
    "mean": (lambda x: np.mean(x, axis=0, keepdims=True), A),
    "sum of products": (lambda x, y: np.sum(x * y.T), A, B),
    "sum of squares": (lambda x: np.sum(x**2) + np.sum(np.square(np.tanh(x))), A),
    "sum of magnitudes": (lambda x: (np.sum(np.abs(x)), np.sign(x)), A),
    "extremes": (lambda x: (np.max(x), np.min(x, axis=0), np.max(x, axis=1, keepdims=True)), A),
    "product": (lambda x, y: x @ y, A, B),
    "product with a vector": (lambda x, y: (x @ y, y @ x.T, y @ y), A, v),
    "products in a stack": (lambda x, y: x @ y, rng.normal(size=(2, 3, 4)), B),
    "product of broadcasts": (lambda x: np.broadcast_to(x[0], (4, 4)) @ x.T, A),
    "product of whole numbers": (lambda x: x @ x.T, np.arange(6).reshape(2, 3)),
    "product over nothing": (lambda x: x @ x.T, A[:, :0]),
    "dot": (lambda x, y: (np.dot(x, y), np.vdot(x, y.T), np.inner(x, x)), A, B),
    "where": (lambda x: np.where(x > 0, x, 0), A),
    "where over an operand": (lambda x: np.where(x > 0, x**2, np.tanh(x)), A),
    "where of rows": (lambda x: np.where(x[0] > 0, x, np.nan_to_num(x)), A),
    "conditions": (lambda x: (x > 0, x == x, (x > 0) & (x < 1), ~(x > 0)), A),
    "powers": (lambda x: (x**2, x**3, x**-1, x**0.5, x**1.5, 2**x, x**x), POSITIVE),
    "powers of whole numbers": (lambda x: (x**2, 2**x), np.arange(6).reshape(2, 3)),
    "dtypes": (lambda x: (x.astype(np.float32) * 2, x.astype(int), x.astype(bool)), A),
    "mixed dtypes": (lambda x, y: x * y + 1, A, A.astype(np.float32)),
    "whole numbers": (lambda x: (x + 1, x / 2, x // 2, x * 0.5, -x), np.arange(6).reshape(2, 3)),
    "half precision": (lambda x: (x * 2 + 1, np.sum(x)), A.astype(np.float16)),
    "long precision": (lambda x: (x * 2 + 1, np.sum(x)), A.astype(np.longdouble)),
    "views": (lambda x: (np.tanh(x).T, np.tanh(x)[1:], np.tanh(x)[::-1, None]), A),
    "views of arguments": (lambda x: (x.T, x[1:, ::2], x.reshape(4, 3), x[..., None]), A),
    "reshape that copies": (lambda x: np.exp(np.tanh(x).T.reshape(3, 4)), A),
    "an entry": (lambda x: (x[0, 1], np.tanh(x)[1, 2] * 2, x[-1]), A),
    "fancy indices": (lambda x: (x[[0, 0, 2]], x[:, np.array([1, 3])]), A),
    "joined": (lambda x, y: np.concatenate([x, y.T]) * 2, A, B),
    "stacked": (lambda x, y: np.stack([x, np.tanh(y.T)], axis=-1), A, B),
    "stacked numbers": (lambda x: np.stack([x[0, 0], np.sum(x)]), A),
    "several results": (lambda x: (*np.modf(x), np.linalg.slogdet(x @ x.T)[1]), A),
    "cumulative": (lambda x: np.cumsum(np.tanh(x), axis=1) * 2, A),
    "NumPy's views": (lambda x: np.diagonal(np.tanh(x)) * np.real(np.exp(x))[0, :3], A),
    "broadcasts": (lambda x: x + np.broadcast_to(x[:, :1], (3, 4)) * np.broadcast_to(2.0, 4), A),
    "numbers": (lambda x: (np.exp(x) * 2 - x / 3, -x, abs(x), x > 0), np.float64(0.7)),
    "float32 numbers": (lambda x: (np.exp(x) * 2 - x / 3, x**2), np.float32(0.7)),
    "an array without axes": (lambda x: (x * 2, np.broadcast_to(x, (2, 3)) * 1), np.array(0.7)),
    "a number without axes and a matrix": (lambda x, y: x * y + np.sum(y) * x, np.array(0.7), A),
    "Python numbers": (lambda x, c, n: (x * c / n, c / n, c**2 - n, -c), A, 0.5, 3),
    "nothing": (lambda x: (np.tanh(x) * 2, np.sum(x)), A[:0]),
    "arguments": (lambda x, y: (x, y, x), A, B),
    "constants": (lambda x: (A, A.T @ A + 1, 2.5, np.float32(2), x), A),
    "results twice": (lambda x: (lambda y: (y, y, y.T, y[0]))(np.tanh(x)), A),
    "an argument twice": (lambda x: x + x.T @ x * x, rng.normal(size=(3, 3))),
    "both triangles": (lambda x: np.tanh(x) + np.tanh(x).T, rng.normal(size=(3, 3))),
    "softmax": (lambda x: tg.softmax(x, axis=0), A),
    "losses": (lambda x: np.mean(tg.softmax_cross_entropy(x, np.array([0, 2, 1, 1]))), A),
    "no results": (lambda x: (), A),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_equal_numpy(sizes, name):
    function, *arguments = FUNCTIONS[name]
    others = [2 * x if isinstance(x, int | float) else x * x.dtype.type(2) for x in arguments]
    loose = any(np.asarray(x).dtype.itemsize < 8 for x in arguments) or "dtypes" in name
    check_program(function, tuple(arguments), [tuple(others)], 1e-2 if loose else 1e-12)


LAYOUTS = {
    "columns first": np.asfortranarray(A),
    "transposed": np.ascontiguousarray(A.T).T,
    "every other row and column": np.repeat(np.repeat(A, 2, 0), 2, 1)[::2, ::2],
    "backwards": A[::-1, ::-1],
    "broadcast": np.broadcast_to(A[0], A.shape),
    "not aligned": np.frombuffer(b"\0" + A.tobytes(), np.uint8)[1:].view(np.float64).reshape(3, 4),
    "read-only": np.frombuffer(A.tobytes()).reshape(3, 4),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_arguments_may_lie_in_memory_in_any_way(sizes, layout):
    def cost(W, x):
        return np.sum(np.tanh(W @ x)) + np.sum(W**2) + np.sum(np.abs(W)) + np.sum(W.T[1:])

    function = tg.value_and_grad(cost, argnums=(0, 1))
    x = np.ascontiguousarray(v)
    check_program(function, (A, x), [(LAYOUTS[layout], np.repeat(v, 2)[::2])])


def test_arguments_may_overlap(sizes):
    def function(x, y):
        return np.tanh(x) + y, x * y

    memory = rng.normal(size=13)
    check_program(function, (memory[:12], memory[1:]), [(memory[1:], memory[:12])])


def test_numbers_are_of_numpys_kinds():
    results = called(lambda x, c: (np.sum(x), x[0, 0], c / 2, np.sum(x) > 0, np.max(x)), A, 0.5)
    assert [type(x) for x in results] == [np.float64, np.float64, float, np.bool, np.float64]


# -- handing over ----------------------------------------------------------------------------------

NAN = {
    "a result": lambda x: np.log(x) * 1,
    "a number": lambda x: np.sum(np.log(x)),
    "one of many": lambda x: (x, x * 2, np.log(x)),
    "float32": lambda x: np.log(x).astype(np.float32),
    "float16": lambda x: np.log(x).astype(np.float16),
}


@pytest.mark.parametrize("name", NAN)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_nan_is_the_engines(sizes, name):
    workspace = program_of(NAN[name], POSITIVE).make()
    workspace(POSITIVE)
    with pytest.raises(FloatingPointError):
        workspace(np.where(np.arange(12).reshape(3, 4) == 7, -1, POSITIVE))
    workspace(POSITIVE)


@pytest.mark.parametrize("look", [np.sign, np.argmax, lambda x: x > 0, lambda x: x.astype(int)])
def test_zero_times_infinity_does_not_hide_behind_a_comparison(look):
    def function(x):
        slopes = tg.grad(lambda x: np.sum(np.sqrt(x) * np.array([0.0, 1.0, 1.0])))(x)
        return np.sum(np.where(look(slopes) > 0, 1.0, 2.0))

    x = np.array([4.0, 1.0, 9.0])
    workspace = program_of(function, x).make()
    with np.errstate(all="ignore"):
        check_equal(workspace(x), [function(x)], 1e-12)
        with pytest.raises(FloatingPointError):
            workspace(np.array([0.0, 1.0, 9.0]))


def test_a_guard_that_is_different_is_the_engines():
    x = Node("input", np.ones(3))
    y = operation(np.exp, x, shape=(3,), dtype=x.dtype)
    some = operation(np.sum, x, shape=(), dtype=x.dtype)
    guard = operation(np.greater, some, number(0), shape=(), dtype=np.dtype(bool))
    workspace = fast(Graph([x], [y], [(guard, True)])).make()
    assert_array_equal(workspace(np.zeros(3) + 1)[0], np.exp(np.ones(3)))
    with pytest.raises(FloatingPointError):
        workspace(-np.ones(3))


# -- memory ----------------------------------------------------------------------------------------


def test_threads_have_workspaces_of_their_own():
    def cost(W, x):
        return np.sum(np.tanh(W @ x) ** 2) + tg.l2(W, 0.7, 3)

    function = tg.value_and_grad(cost, argnums=(0, 1))
    program = program_of(function, A, B)
    wrong = []

    def work(seed):
        workspace = program.make()
        generator = np.random.default_rng(seed)
        for _ in range(200):
            W, x = generator.normal(size=A.shape), generator.normal(size=B.shape)
            got = workspace(W, x)
            expected = optree.tree_leaves(function(W, x))
            if not all(np.allclose(a, b, rtol=1e-12) for a, b in zip(got, expected, strict=True)):
                wrong.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_chain_needs_two_pieces_of_memory():
    """Values that live at once lie apart, and memory is used again as soon as it can be."""

    def function(x):
        for _ in range(50):
            x = np.tanh(x @ x)
        return x

    source = program_of(function, rng.normal(size=(3, 3))).source
    assert source.count(" = memory(") == 3  # with that of the result


def test_what_dies_is_written_over():
    source = program_of(lambda x: np.sum(np.exp(np.tanh(np.sin(x))), axis=0), A).source
    assert source.count(" = memory(") == 2


# -- text ------------------------------------------------------------------------------------------

NASTY = [
    "x); import os",
    "class",
    "λ",
    "np",
    "memory",
    "program",
    "sum",
    "min",
    "n",
    "dot",
    "_",
    "",
]


@pytest.mark.parametrize("name", NASTY)
def test_names_are_safe(name):
    x, y = Node("input", A), Node("input", A)
    total = operation(np.add, x, y, shape=A.shape, dtype=A.dtype)
    minimum = operation(np.min, total, shape=(), dtype=A.dtype, initial=3.0)
    result = operation(np.multiply, total, constant(A), shape=A.shape, dtype=A.dtype)
    for node in (x, y, total, minimum, result, *result.args):
        node.names = [name]
    program = fast(Graph([x, y], [minimum, result, total], name=name))
    assert "import os" not in program.source
    got = program.make()(A, A)
    check_equal(got, [np.min(A + A, initial=3.0), (A + A) * A, A + A], 1e-15)


def test_arguments_of_functions_cannot_break_out():
    def described(x, **keywords):
        return x * len(keywords)

    keywords = {
        "text": "'); import os; ('",
        "not a name": '"',
        "class": np.inf,
        "λ": [1, (2,), "{"],
    }
    x = Node("input", A)
    y = Node("operation", None, described, (x,), keywords, shape=A.shape, dtype=A.dtype)
    assert_array_equal(fast(Graph([x], [y])).make()(A)[0], 4 * A)


def test_the_source_is_a_module_of_numpy_alone():
    W, x = rng.normal(size=(2, 3)), A

    def cost(W, b):
        Z = W @ x + b
        return np.mean(tg.binary_cross_entropy(Z, (x[:2] > 0) * 1.0)) + tg.l2(W, 0.7, 3)

    function = tg.value_and_grad(cost, argnums=(0, 1))
    program = program_of(function, W, np.zeros((2, 1)))
    namespace = dict(program.constants)
    exec(program.source, namespace)
    assert "dZ" in program.source
    assert "import tinygrad" not in program.source
    got = namespace["program"](W, np.zeros((2, 1)))
    check_equal(got, optree.tree_leaves(function(W, np.zeros((2, 1)))), 1e-12)


def test_graphs_that_are_not_simplified_run_as_well():
    def cost(W):
        return np.mean(tg.softplus(tg.sigmoid(W @ A)) ** 2) + tg.l1(W, 0.5, 3)

    W = rng.normal(size=(2, 3))
    graph, leaves = traced(tg.value_and_grad(cost), (W,))
    check_equal(fast(graph).make()(*leaves), run(graph, leaves), 1e-12)
