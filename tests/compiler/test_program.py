"""`tg.compile` as a function: what it takes, what it returns, what it keeps."""

import sys
import threading
from collections import OrderedDict, namedtuple
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import optree
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_reg as tg
from tinygrad_reg.testing import strategies

from .test_every_line import assert_same

rng = np.random.default_rng(0)
X = rng.normal(size=(4, 20))
Y = (rng.random((1, 20)) > 0.5).astype(float)
PARAMETERS = {
    "W1": rng.normal(size=(3, 4)),
    "b1": np.zeros((3, 1)),
    "W2": rng.normal(size=(1, 3)),
    "b2": np.zeros((1, 1)),
}


def cost(parameters, X, Y, lambd):
    m = X.shape[1]
    Z1 = parameters["W1"] @ X + parameters["b1"]
    A1 = np.tanh(Z1)
    Z2 = parameters["W2"] @ A1 + parameters["b2"]
    losses = tg.binary_cross_entropy(Z2, Y)
    return np.sum(losses) / m + tg.l2([parameters["W1"], parameters["W2"]], lambd, m)


def other(parameters, seed):
    random = np.random.default_rng(seed)
    return {key: random.normal(size=x.shape).astype(x.dtype) for key, x in parameters.items()}


def in_float32(nested):
    return {key: x.astype(np.float32) for key, x in nested.items()}


# -- the lesson's formulas, typed by hand ----------------------------------------------------------


def cost_by_hand(parameters, X, Y, lambd):
    """The lesson's two-layer network: its cost and its gradients."""
    W1, b1, W2, b2 = (parameters[key] for key in ("W1", "b1", "W2", "b2"))
    m = X.shape[1]
    A1 = np.tanh(W1 @ X + b1)
    A2 = 1 / (1 + np.exp(-(W2 @ A1 + b2)))
    losses = -(Y * np.log(A2) + (1 - Y) * np.log(1 - A2))
    J = (1 / m) * np.sum(losses) + (lambd / (2 * m)) * (np.sum(W1**2) + np.sum(W2**2))
    dZ2 = A2 - Y
    dZ1 = (W2.T @ dZ2) * (1 - A1**2)
    return J, {
        "W1": (1 / m) * dZ1 @ X.T + (lambd / m) * W1,
        "b1": (1 / m) * np.sum(dZ1, axis=1, keepdims=True),
        "W2": (1 / m) * dZ2 @ A1.T + (lambd / m) * W2,
        "b2": (1 / m) * np.sum(dZ2, axis=1, keepdims=True),
    }


def test_the_lessons_formulas_agree():
    program = tg.compile(tg.value_and_grad(cost))
    for seed, lambd in ((1, 0.7), (2, 0.0), (3, 10.0)):
        given = other(PARAMETERS, seed)
        J, gradient = program(given, X, Y, lambd)
        expected_J, expected = cost_by_hand(given, X, Y, lambd)
        assert abs(J - expected_J) <= 1e-12 * abs(expected_J)
        for key in expected:
            np.testing.assert_allclose(gradient[key], expected[key], rtol=1e-12, atol=1e-12)
    assert program.cache_info().misses == 1


# -- random programs -------------------------------------------------------------------------------


def total(program):
    return lambda *arrays: sum(np.sum(y) for y in optree.tree_leaves(program(*arrays)))


def gradient(program):
    return tg.value_and_grad(total(program), argnums=range(len(program.arguments)))


def second(program):
    indices = range(len(program.arguments))

    def of_gradients(*arrays):
        return sum(np.sum(g * 0.3) for g in tg.grad(total(program), indices)(*arrays))

    return tg.grad(of_gradients, indices)


def product(program):
    def of_arrays(*arrays):
        return tg.hvp(total(program), arrays, [np.ones(x.shape, x.dtype) for x in arrays])

    return of_arrays


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("derivative", [total, gradient, second, product], ids=lambda f: f.__name__)
@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=lambda dtype: dtype.__name__)
@settings(max_examples=15)
@given(strategies.programs(), st.integers(0, 2**16))
def test_random_programs_equal_the_engine_also_from_several_threads(
    dtype, derivative, random_program, seed
):
    f = derivative(random_program)
    arrays = [x.astype(dtype) for x in random_program.arguments]
    random = np.random.default_rng(seed)
    moved = [(x * random.uniform(0.9, 1.1, x.shape)).astype(dtype) for x in arrays]
    program = tg.compile(f)
    tolerance = (1e-9, 1e-9) if dtype is np.float64 else (2e-3, 2e-3)
    expected = [f(*given_arrays) for given_arrays in (arrays, moved)]
    for given_arrays, wanted in zip((arrays, moved), expected, strict=True):
        assert_close(program(*given_arrays), wanted, *tolerance)
    assert_close(run_source(program, random_program, arrays), expected[0], *tolerance)
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda given: program(*given), [arrays, moved] * 3))
    for i, result in enumerate(results):
        assert_close(result, expected[i % 2], *tolerance)


def assert_close(actual, expected, rtol, atol):
    got, wanted = optree.tree_leaves(actual), optree.tree_leaves(expected)
    assert len(got) == len(wanted)
    for a, b in zip(got, wanted, strict=True):
        a, b = np.asarray(a), np.asarray(b)
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        size = np.max(np.abs(b), initial=0, where=np.isfinite(b))
        np.testing.assert_allclose(a, b, rtol=rtol, atol=atol * (1 + size))


def run_source(program, random_program, arrays):
    """What the readable source computes as a module of its own."""
    namespace = {"__name__": "emitted"}
    exec(compile(program.source, "<emitted>", "exec"), namespace)
    functions = [x for x in namespace.values() if getattr(x, "__module__", "") == "emitted"]
    return functions[-1](*arrays, **program.constants)


# -- arguments and results -------------------------------------------------------------------------

Layer = namedtuple("Layer", "W b")


@pytest.mark.parametrize(
    "argument",
    [
        {"W": np.ones((2, 2)), "b": np.zeros(2)},
        [np.ones((2, 2)), np.zeros(2)],
        (np.ones((2, 2)), np.zeros(2)),
        Layer(np.ones((2, 2)), np.zeros(2)),
        OrderedDict(W=np.ones((2, 2)), b=np.zeros(2)),
        {"z": [np.ones((2, 2)), {"a": np.zeros(2)}], "a": (), 3: None},
    ],
    ids=lambda x: type(x).__name__,
)
def test_nested_arguments_and_results_keep_their_structure(argument):
    def f(parameters):
        leaves = optree.tree_leaves(parameters)
        return sum(np.sum(x**2 + x) for x in leaves)

    derivative = tg.value_and_grad(f)
    program = tg.compile(derivative)
    for _ in range(2):
        value, gradient = program(argument)
        expected_value, expected = derivative(argument)
        assert value == expected_value
        assert optree.tree_structure(gradient) == optree.tree_structure(expected)
        assert_same(gradient, expected)


def test_keywords_defaults_and_partial():
    def f(w, lambd=0.5, *, m=4, power=2):
        return np.sum(w**power) * lambd / m

    w = np.arange(3.0)
    program = tg.compile(f, static="power")
    assert program(w) == f(w)
    assert program(w, 0.25) == f(w, 0.25)
    assert program(w, lambd=0.25, m=8) == f(w, lambd=0.25, m=8)
    assert program(w, power=3) == f(w, power=3)
    assert tg.compile(partial(f, lambd=2.0))(w) == f(w, 2.0)


def test_methods_are_compiled_for_each_object():
    class Model:
        def __init__(self, lambd):
            self.lambd = lambd

        @tg.compile
        def cost(self, w):
            return tg.l2(w, self.lambd, 1)

    w = np.array([3.0, 4.0])
    one, two = Model(1.0), Model(2.0)
    assert [one.cost(w), two.cost(w), one.cost(w)] == [12.5, 25, 12.5]


def test_new_numbers_need_no_new_trace_but_new_shapes_and_dtypes_do():
    program = tg.compile(tg.grad(cost))
    for lambd in (0.1, 0.2, 5.0):
        program(PARAMETERS, X, Y, lambd)
    assert program.cache_info()[:2] == (2, 1)
    program(PARAMETERS, X[:, :5], Y[:, :5], 0.1)
    assert program.cache_info()[:2] == (2, 2)
    program(in_float32(PARAMETERS), X.astype("f4"), Y.astype("f4"), 0.1)
    assert program.cache_info()[:2] == (2, 3)
    program(PARAMETERS, X, Y, 0.1)
    assert program.cache_info()[:2] == (3, 3)
    program(PARAMETERS, X, Y, 1)
    assert program.cache_info().misses == 4
    program.cache_clear()
    assert program.cache_info() == (0, 0, 64, 0)


def test_the_cache_is_bounded_and_forgets_what_was_not_used_for_longest():
    program = tg.compile(np.sum, cache_size=2)
    for n in (1, 2, 1, 3):
        program(np.ones(n))
    assert program.cache_info().currsize == 2
    misses = program.cache_info().misses
    program(np.ones(1))
    assert program.cache_info().misses == misses
    program(np.ones(2))
    assert program.cache_info().misses == misses + 1


def test_float32_stays_float32():
    parameters = in_float32(PARAMETERS)
    J, gradient = tg.compile(tg.value_and_grad(cost))(
        parameters, X.astype("f4"), Y.astype("f4"), 0.7
    )
    assert J.dtype == np.float32
    assert {x.dtype for x in gradient.values()} == {np.dtype(np.float32)}


def test_inputs_may_have_any_strides_and_overlap():
    base = rng.normal(size=(6, 6))
    f = tg.value_and_grad(lambda a, b: np.sum(np.tanh(a @ b) * a), argnums=(0, 1))
    program = tg.compile(f)
    a, b = base[::2, ::-2], base.T[1::2, ::2]
    for _ in range(2):
        assert_same(program(a, b), f(a, b))
    assert_same(program(base[:3, :3], base[:3, :3]), f(base[:3, :3], base[:3, :3]))


def test_what_is_not_differentiated_is_compiled_as_well():
    program = tg.compile(lambda x: {"sum": np.sum(x), "rows": [np.argmax(x, axis=1), x > 0]})
    x = rng.normal(size=(2, 3))
    result = program(x)
    assert result["sum"] == np.sum(x)
    assert result["rows"][0].tolist() == np.argmax(x, axis=1).tolist()
    assert result["rows"][1].tolist() == (x > 0).tolist()
    assert result["rows"][1].dtype == bool


# -- results are the caller's ----------------------------------------------------------------------


def test_results_never_alias_buffers_inputs_constants_or_each_other():
    constant = np.arange(3.0)

    def f(x):
        y = x * 2
        return x, y, y.T, y[:1], constant, y, np.broadcast_to(x, (2, 3))

    program = tg.compile(f)
    x = np.ones(3)
    first = program(x)
    kept = [np.array(y) for y in first]
    second = program(np.full(3, 5.0))
    for y, before in zip(first, kept, strict=True):
        np.testing.assert_array_equal(y, before)
    everything = [*first, *second]
    for i, a in enumerate(everything):
        assert a.flags.writeable
        assert not np.shares_memory(a, x)
        assert not np.shares_memory(a, constant)
        assert not any(np.shares_memory(a, b) for b in everything[i + 1 :])
    for y in everything:
        y[...] = np.nan
    np.testing.assert_array_equal(program(x)[1], [2, 2, 2])
    assert x.tolist() == [1, 1, 1]
    assert constant.tolist() == [0, 1, 2]


# -- threads ---------------------------------------------------------------------------------------


def test_one_program_in_many_threads_gives_everyone_their_own_answer():
    program = tg.compile(tg.value_and_grad(cost))
    barrier = threading.Barrier(8)
    wrong = []

    def work(seed):
        given = other(PARAMETERS, seed)
        expected = cost_by_hand(given, X, Y, 0.7)
        barrier.wait()
        for _ in range(60):
            J, gradient = program(given, X, Y, 0.7)
            if abs(J - expected[0]) > 1e-10 or any(
                np.abs(gradient[key] - expected[1][key]).max() > 1e-10 for key in gradient
            ):
                wrong.append(seed)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert not wrong
    assert program.cache_info().misses == 1


# -- where the engine takes over -------------------------------------------------------------------


def guarded(x):
    return np.sum(np.where(x > 0, np.sqrt(np.abs(x)) * np.log(np.abs(x)), 0))


def test_zero_times_infinity_is_zero_as_in_the_engine():
    program = tg.compile(tg.grad(guarded))
    for x in (np.array([1.0, 2.0]), np.array([1.0, 0.0, -1.0]), np.array([0.0, 0.0])):
        with np.errstate(all="ignore"):
            np.testing.assert_allclose(program(x), tg.grad(guarded)(x))


def test_nan_and_infinity_in_the_data_are_treated_as_by_the_engine():
    f = tg.value_and_grad(lambda x: np.sum(np.where(np.isnan(x), 0, x * x)))
    program = tg.compile(f)
    program(np.ones(3))
    with np.errstate(all="ignore"):
        for entry in (np.nan, np.inf, -np.inf):
            x = np.array([1.0, entry, 2.0])
            assert_same(program(x), f(x))


def test_a_division_of_python_numbers_by_zero_is_left_to_the_engine():
    program = tg.compile(lambda x, n: (x, 1.0 / n))
    program(np.ones(2), 2.0)
    with pytest.raises(ZeroDivisionError):
        program(np.ones(2), 0.0)


def test_a_bad_strength_is_refused_as_by_the_engine():
    program = tg.compile(tg.grad(cost))
    program(PARAMETERS, X, Y, 0.7)
    for lambd in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="lambd"):
            program(PARAMETERS, X, Y, lambd)


def test_shapes_that_do_not_fit_are_refused_as_by_the_engine():
    program = tg.compile(tg.grad(cost))
    with pytest.raises(ValueError, match="shapes"):
        program(PARAMETERS, X[:2], Y, 0.7)


def test_a_program_can_be_differentiated_and_compiled_again():
    program = tg.compile(lambda w: np.sum(w**3))
    w = np.array([1.0, 2.0])
    program(w)
    np.testing.assert_allclose(tg.grad(program)(w), 3 * w**2)
    np.testing.assert_allclose(tg.compile(tg.grad(program))(w), 3 * w**2)
    np.testing.assert_allclose(tg.compile(lambda v: program(v) * 2)(w), 18)
    assert tg.compile(program) is program
    with tg.detect_anomaly(), np.errstate(all="ignore"), pytest.raises(tg.AnomalyError):
        tg.compile(lambda w: np.log(tg.Tensor(w)).data)(-w)


def test_tensors_without_a_gradient_are_taken_as_arrays():
    program = tg.compile(tg.grad(lambda w: np.sum(w**2)))
    np.testing.assert_array_equal(program(tg.Tensor([1.0, 2.0])), [2, 4])
    np.testing.assert_array_equal(program(tg.Tensor([3.0, 2.0])), [6, 4])


def test_the_objects_habit_compiles_too():
    def f(w, x):
        W = tg.Tensor(w, requires_grad=True)
        loss = np.sum((W * x) ** 2) + tg.l2(W, 0.5, 2)
        loss.backward()
        return W.grad

    w, x = rng.normal(size=3), rng.normal(size=3)
    program = tg.compile(f)
    for _ in range(2):
        np.testing.assert_allclose(program(w, x), 2 * w * x**2 + 0.25 * w, rtol=1e-12)


def test_nestings_of_transforms():
    x, v = rng.normal(size=3), rng.normal(size=3)

    def f(x):
        return np.sum(np.tanh(x) * x[0])

    functions = [
        lambda x, v: tg.hvp(f, (x,), (v,)),
        lambda x, v: tg.jvp(tg.grad(f), (x,), (v,)),
        lambda x, v: tg.vjp(tg.grad(f), x)[1](v),
        lambda x, v: tg.grad(lambda x: np.sum(tg.grad(f)(x) * v))(x),
        lambda x, v: tg.hessian(f)(x) @ v,
        lambda x, v: tg.jacobian(np.tanh)(x) @ v,
        lambda x, v: tg.grad(tg.grad(tg.grad(np.tanh)))(x[0]) + v,
    ]
    for g in functions:
        program = tg.compile(g)
        for _ in range(2):
            assert_same(program(x, v), g(x, v))


# -- mistakes --------------------------------------------------------------------------------------


def test_mistakes_are_named():
    with pytest.raises(TypeError, match="expected a function"):
        tg.compile(3)
    with pytest.raises(ValueError, match="cache_size"):
        tg.compile(np.sum, cache_size=0)
    with pytest.raises(TypeError, match="names or positions"):
        tg.compile(cost, static="lambda_")
    program = tg.compile(cost)
    with pytest.raises(ValueError, match="call it once"):
        program.source  # noqa: B018
    with pytest.raises(TypeError, match="hashable"):
        program(PARAMETERS, X, {1, 2}, 0.7)
    with pytest.raises(TypeError, match="real numbers"):
        tg.compile(np.sum)(np.ones(3) * 1j)


def test_a_failed_trace_leaves_nothing_behind():
    def f(w):
        if w[0] > 0:
            return np.sum(w)
        return np.sum(w)

    program = tg.compile(f)
    tracing, profiling = sys.gettrace(), sys.getprofile()
    for _ in range(2):
        with pytest.raises(tg.TracingError):
            program(np.ones(2))
    assert (sys.gettrace(), sys.getprofile()) == (tracing, profiling)
    assert program.cache_info().currsize == 0
    assert np.sum(tg.Tensor([1.0])).item() == 1
