"""What somebody found who tried programs knowing only the documentation."""

import functools
import threading

import numpy as np
import pytest

import tinygrad_reg as tg

s = np.arange(9.0).reshape(3, 3)
normal = np.random.default_rng(0).normal
draw = functools.partial(np.random.default_rng(0).normal, 0.0, 1.0)


class Model:
    def __init__(self):
        self.settings = {"random": [np.random.default_rng(1)]}


model = Model()


def same(f, *calls):
    """The program equals the function in a row of calls."""
    program = tg.compile(f)
    for arguments in calls:
        with np.errstate(all="ignore"):
            np.testing.assert_allclose(program(*arguments), f(*arguments))
    return program


def test_a_nan_of_a_gradient_is_noticed_before_it_is_compared():
    gradient = tg.grad(lambda w: np.sqrt(np.sum((w - 1.0) ** 2)))
    calls = (np.array([2.0, 3.0]),), (np.array([1.0, 1.0]),)
    same(lambda w: (gradient(w) > -1) * 1.0, *calls)
    same(lambda w: (gradient(w) * 0.1 > -1) * 1.0, *calls)


@pytest.mark.parametrize("alpha", [0.01, 0.5])
def test_a_proximal_step_after_a_nan_gradient(alpha):
    gradient = tg.grad(lambda w: np.sqrt(np.sum((w - 1.0) ** 2)))

    def step(w, alpha):
        v = w - alpha * gradient(w)
        return np.where(np.abs(v) > 0.01, v - 0.01 * np.sign(v), 0.0)

    same(step, (np.array([2.0, 3.0]), alpha), (np.array([1.0, 1.0]), alpha))


SHAPES = {
    "repeat": lambda x, n: np.repeat(x, n),
    "reshape": lambda x, n: np.reshape(x, (n, -1)),
    "method": lambda x, n: x.reshape(n, -1),
    "tile": lambda x, n: np.tile(x, n),
    "concatenate": lambda x, n: np.expand_dims(x, n),
    "argmax": lambda x, n: np.argmax(x, axis=n),
    "sum": lambda x, n: x.sum(n),
    "mean": lambda x, n: np.mean(x, axis=n),
    "reduce": lambda x, n: np.add.reduce(x, axis=n),
    "zeros": lambda x, n: x * np.zeros(n),
    "softmax": lambda x, n: tg.softmax(x, axis=n),
    "logsumexp": lambda x, n: tg.logsumexp(x, axis=n),
    "gradient": lambda x, n: tg.grad(lambda x: np.sum(np.max(x, axis=n)))(x),
    "group_lasso": lambda x, n: tg.group_lasso(x, 0.1, 3, n),
    "set": lambda x, n: x * 2 if n in {1, 2} else x,
    "dict": lambda x, n: x * {1: 10.0, 2: 20.0}.get(n, 0.0),
    "key": lambda x, n: {"W1": x}[f"W{n}"],
    "text": lambda x, n: {"W1": x}["W" + str(n)],
    "list": lambda x, n: np.stack([x] * n),
}


@pytest.mark.parametrize("f", SHAPES.values(), ids=SHAPES)
def test_a_number_that_decides_a_shape_a_key_or_an_axis_has_to_be_static(f):
    with pytest.raises(tg.TracingError, match=r"test_found_by_users.py, line \d+: .*static"):
        tg.compile(f)(s, 1)
    try:
        expected = f(s, 1)
    except ValueError:
        return
    np.testing.assert_array_equal(tg.compile(f, static=1)(s, 1), expected)


def test_weak_integers_are_quantities_elsewhere():
    same(lambda x, n: np.where(x > n, x, n) * n + np.clip(x, n, None), (s, 2), (s, 3))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * normal(),
        lambda x: x * draw(),
        lambda x: x * model.settings["random"][0].random(),
    ],
)
def test_draws_by_methods_kept_elsewhere_are_noticed(f):
    with pytest.raises(tg.TracingError, match="random"):
        tg.compile(f)(s)


def test_other_threads_may_draw():
    stop = threading.Event()

    def work():
        while not stop.is_set():
            np.random.rand(10)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for _ in range(20):
            tg.compile(tg.grad(lambda x: np.sum(x**2)))(s)
    finally:
        stop.set()
        thread.join()


def test_a_refusal_that_is_caught_is_raised_all_the_same():
    def f(x):
        try:
            k = float(np.sum(x))
        except TypeError:
            k = 0.0
        return x * k

    with pytest.raises(tg.TracingError, match="float"):
        tg.compile(f)(s)


def test_what_was_written_to_is_named():
    kept = []

    def f(x):
        kept.append(x * 2)
        return x

    with pytest.raises(tg.TracingError, match="'kept'"):
        tg.compile(f)(s)


def test_empty_arrays():
    x = np.ones((0, 3))
    assert tg.compile(lambda x: x**2)(x).shape == (0, 3)
    value, gradient = tg.compile(tg.value_and_grad(lambda x: np.sum(x**2)))(x)
    assert value == 0
    assert gradient.shape == (0, 3)
    assert tg.compile(lambda W: tg.l2(W, 1.0, 3))(x) == 0


def test_a_number_in_the_code_does_not_go_by_the_name_of_a_variable():
    m = 7
    k = 7

    def two_names(x):
        return np.sum(x**2) / m * k

    def literal(x):
        return np.sum(x) / 7 * k

    for f in (two_names, literal):
        source = tg.compile(f).trace(s).source
        assert "m" not in source.split("def ")[1].split("(x):")[1].replace("sum", "")
        assert "k" not in source.split("(x):")[1]


def test_a_zero_that_was_added_keeps_its_sign():
    same(tg.grad(lambda x: np.sum(np.sqrt(x))), (np.array([1.0]),), (np.array([-0.0]),))


def test_second_derivatives_beside_a_nan():
    A = np.array
    product = tg.hvp(lambda x: np.sum(1 / (1 + x * x)), (A([0.0, np.inf]),), (A([1.0, 1.0]),))
    np.testing.assert_array_equal(product, [-2, 0])
    product = tg.hvp(lambda x: np.sum(x**2), (A([0.0, np.nan]),), (A([1.0, 1.0]),))
    assert product[0] == 2
