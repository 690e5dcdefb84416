"""grad, value_and_grad, vjp, jvp, jacobian, hessian and hvp: structures, nesting, errors."""

import gc
from collections import OrderedDict, namedtuple
from itertools import pairwise

import numpy as np
import optree
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_reg as tg
from tinygrad_reg.testing import check_gradients, numerical_jvp

X = np.random.default_rng(0).normal(size=(3, 5))
Y = np.random.default_rng(1).integers(0, 2, size=(1, 5))


def network(parameters, X=X):
    A = X
    for layer in parameters["layers"][:-1]:
        A = np.tanh(layer["W"] @ A + layer["b"])
    last = parameters["layers"][-1]
    Z = last["W"] @ A + last["b"]
    weights = [layer["W"] for layer in parameters["layers"]]
    return np.mean(tg.binary_cross_entropy(Z, Y)) + tg.l2(weights, parameters["lambd"], X.shape[1])


def parameters_of(seed):
    random = np.random.default_rng(seed)
    sizes = [3, 4, 2, 1]
    layers = [
        {"W": random.normal(size=(n, k)), "b": random.normal(size=(n, 1))}
        for k, n in pairwise(sizes)
    ]
    return {"layers": layers, "lambd": 0.7}


@given(st.integers(0, 2**32 - 1))
def test_a_regularized_network_agrees_with_differences(seed):
    parameters, tangents = parameters_of(seed), parameters_of(seed + 1)
    expected, error = numerical_jvp(network, (parameters,), (tangents,), with_error=True)
    gradient = tg.grad(network)(parameters)
    pairs = zip(optree.tree_leaves(gradient), optree.tree_leaves(tangents), strict=True)
    assert abs(sum(np.sum(g * t) for g, t in pairs) - expected) <= 10 * error + 1e-12
    assert abs(tg.jvp(network, (parameters,), (tangents,))[1] - expected) <= 10 * error + 1e-12


# Argument trees


def test_the_gradient_has_the_structure_of_the_argument():
    Pair = namedtuple("Pair", "W b")
    arguments = {
        "list": [np.ones(2), (3.0, np.ones((1, 2), np.float32))],
        "pair": Pair(np.ones(1), 2.0),
        "ordered": OrderedDict(z=1.0, a=2.0),
        "empty": [],
        "none": None,
    }

    def f(p):
        one, (two, three) = p["list"]
        total = np.sum(one) * two + np.sum(three) * p["pair"].b * np.sum(p["pair"].W)
        return total + p["ordered"]["z"] * 10 + p["ordered"]["a"] ** 2

    value, gradient = tg.value_and_grad(f)(arguments)
    assert float(value) == 6 + 4 + 10 + 4
    assert set(gradient) == set(arguments)
    np.testing.assert_array_equal(gradient["list"][0], [3, 3])
    assert gradient["list"][1][0] == 2
    np.testing.assert_array_equal(gradient["list"][1][1], [[2, 2]])
    assert gradient["list"][1][1].dtype == np.float32
    assert type(gradient["pair"]).__name__ == "Pair"
    assert (gradient["pair"].W, gradient["pair"].b) == (4, 2)
    assert list(gradient["ordered"].items()) == [("z", 10), ("a", 4)]
    assert gradient["empty"] == []
    assert gradient["none"] is None


def test_argnums_chooses_arguments_and_keywords_are_passed_on():
    f = lambda x, y, *, power=1: np.sum(x * y**power)
    x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    np.testing.assert_array_equal(tg.grad(f, 1)(x, y), x)
    np.testing.assert_array_equal(tg.grad(f, -1)(x, y, power=2), 2 * x * y)
    both = tg.grad(f, (1, 0))(x, y)
    assert type(both) is tuple
    np.testing.assert_array_equal(both, [x, y])
    assert tg.grad(f).__name__ == f.__name__
    np.testing.assert_array_equal(tg.grad(f, -2)(x, y), y)
    for position in (2, -3):
        with pytest.raises(TypeError, match=f"no argument {position} among the 2 given"):
            tg.grad(f, position)(x, y)


def test_an_argument_that_does_not_matter_has_gradient_zero():
    gradient = tg.grad(lambda p: np.sum(p["used"]))({"used": np.ones(2), "not": np.ones((2, 3))})
    np.testing.assert_array_equal(gradient["not"], np.zeros((2, 3)))
    _, tangent = tg.jvp(lambda x, y: x * 2, (1.0, 2.0), (0.0, 1.0))
    assert tangent == 0
    one, other = tg.jacobian(lambda x, y: x, (0, 1))(np.ones(2), np.ones(3))
    np.testing.assert_array_equal(one, np.eye(2))
    np.testing.assert_array_equal(other, np.zeros((2, 3)))


def test_an_argument_that_is_returned_has_gradient_one():
    assert tg.grad(lambda x: x)(3.0) == 1
    y, tangent = tg.jvp(lambda x: x, (3.0,), (2.0,))
    assert (y, tangent) == (3, 2)


def test_a_result_from_outside_stays_what_it_was():
    w, constant = tg.Tensor(3.0, requires_grad=True), tg.Tensor(4.0)
    y, pullback = tg.vjp(lambda x: w, 2.0)
    assert pullback(1.0)[0] == 0
    (y * y).backward()  # someone may differentiate by it
    assert w.grad == 6
    y, pullback = tg.vjp(lambda x: constant, 2.0)
    assert type(y) is not tg.Tensor  # nobody can
    assert (y, pullback(1.0)[0]) == (4, 0)
    assert tg.jvp(lambda x: [w, x], (2.0,), (1.0,))[1] == [0, 1]


def test_plain_results_are_arrays_not_tensors():
    value, gradient = tg.value_and_grad(np.sum)(np.ones(2))
    assert type(value) is np.float64
    assert type(gradient) is np.ndarray
    y, pullback = tg.vjp(np.sin, np.ones(2))
    assert type(y) is np.ndarray
    assert type(pullback(y)[0]) is np.ndarray


def test_tensors_that_carry_no_gradient_are_arguments_like_arrays():
    value, gradient = tg.value_and_grad(np.square)(tg.Tensor(3.0))
    assert type(value) is np.float64
    assert type(gradient) is np.ndarray
    assert (value, gradient) == (9, 6)


# vjp and jvp


@pytest.mark.parametrize("f", [lambda x: x, lambda x: x * x, lambda x: 2 * x])
def test_cotangents_and_tangents_are_brought_to_the_dtype_of_their_tensor(f):
    x = np.ones(2, np.float32)
    for direction in (np.array([1, 2]), np.array([1.0, 2.0]), np.array([True, False])):
        _, pullback = tg.vjp(f, x)
        assert pullback(direction)[0].dtype == np.float32
        assert tg.jvp(f, (x,), (direction,))[1].dtype == np.float32


def test_a_value_that_is_written_to_changes_no_pullback():
    x = np.array([1.0, 2.0])
    y, pullback = tg.vjp(np.exp, x)
    y[:] = 0
    np.testing.assert_array_equal(pullback(np.ones(2))[0], np.exp(x))


def test_a_pullback_can_be_used_many_times():
    f = lambda x, W: {"y": W @ x, "n": [np.sum(x)]}
    x, W = np.ones(2), np.array([[1.0, 2.0]])
    y, pullback = tg.vjp(f, x, W)
    np.testing.assert_array_equal(y["y"], [3])
    for scale in (1.0, 2.0, 1.0):
        dx, dW = pullback({"y": np.array([scale]), "n": [10.0]})
        np.testing.assert_array_equal(dx, scale * W[0] + 10)
        np.testing.assert_array_equal(dW, [scale * x])


def test_a_result_returned_twice_collects_both_cotangents():
    def f(x):
        y = x * x
        return [y, y, x]

    _, pullback = tg.vjp(f, 3.0)
    assert pullback([1.0, 10.0, 100.0])[0] == 6 + 60 + 100


def test_tangents_and_cotangents_must_match():
    with pytest.raises(ValueError, match=r"tangent of shape \(3,\).*expected shape \(2,\)"):
        tg.jvp(np.sin, (np.ones(2),), (np.ones(3),))
    with pytest.raises(TypeError, match="tangent has the structure"):
        tg.jvp(lambda p: p[0], ([1.0, 2.0],), ((1.0, 2.0),))
    with pytest.raises(TypeError, match=r"primals of .*tuple with one entry for each argument"):
        tg.jvp(np.sin, np.ones(2), (np.ones(2),))
    with pytest.raises(TypeError, match=r"tangents of .*tuple with one entry for each argument"):
        tg.jvp(np.sin, (np.ones(2),), np.ones(2))
    for tangents in ((), (1.0, 1.0)):
        with pytest.raises(TypeError, match=f"{len(tangents)} tangents were given, expected 1"):
            tg.jvp(np.sin, (1.0,), tangents)
    _, pullback = tg.vjp(np.sin, np.ones(2))
    with pytest.raises(ValueError, match=r"cotangent of shape \(\).*expected shape \(2,\)"):
        pullback(1.0)
    with pytest.raises(TypeError, match="cotangent has the structure"):
        pullback([np.ones(2)])


# Jacobians and Hessians


@pytest.mark.parametrize(
    "shapes", [((2,), (3, 1)), ((3, 2), ()), ((), (2, 2)), ((), ()), ((0,), (2,))]
)
def test_the_jacobian_has_the_shape_of_result_and_argument(shapes):
    y_shape, x_shape = shapes
    random = np.random.default_rng(0)
    A = random.normal(size=(*y_shape, *x_shape))
    f = lambda x: np.sum(A * x, axis=tuple(range(len(y_shape), A.ndim)))
    found = tg.jacobian(f)(random.normal(size=x_shape))
    assert found.shape == A.shape
    np.testing.assert_allclose(found, A)


@pytest.mark.parametrize(("rows", "columns"), [(2, 5), (5, 2), (1, 3), (3, 1)])
def test_the_jacobian_takes_as_few_sweeps_as_there_are_entries_on_the_smaller_side(rows, columns):
    A, pulls, pushes = np.arange(rows * columns * 1.0).reshape(rows, columns), [], []

    def pull(cotangent, y, x):
        pulls.append(1)
        return cotangent @ A

    def push(tangent, y, x):
        pushes.append(1)
        return A @ tangent

    mapped = tg.derivative(lambda x: A @ x, pullbacks=[pull], pushforwards=[push])
    np.testing.assert_array_equal(tg.jacobian(mapped)(np.ones(columns)), A)
    assert (len(pulls), len(pushes)) == ((rows, 0) if rows < columns else (0, columns))


def test_the_jacobian_of_nested_arguments_and_results():
    f = lambda p: {"sum": p["a"] + p["b"][0], "square": p["a"] ** 2}
    found = tg.jacobian(f)({"a": np.array([1.0, 2.0]), "b": [3.0]})
    np.testing.assert_array_equal(found["sum"]["a"], np.eye(2))
    np.testing.assert_array_equal(found["sum"]["b"][0], [1, 1])
    np.testing.assert_array_equal(found["square"]["a"], [[2, 0], [0, 4]])
    np.testing.assert_array_equal(found["square"]["b"][0], [0, 0])
    two = tg.jacobian(lambda x, y: x * y, (0, 1))(np.array([1.0, 2.0]), 3.0)
    np.testing.assert_array_equal(two[0], 3 * np.eye(2))
    np.testing.assert_array_equal(two[1], [1, 2])


def test_the_hessian_of_a_quadratic_form():
    A = np.random.default_rng(0).normal(size=(3, 3))
    f = lambda x: x @ A @ x
    np.testing.assert_allclose(tg.hessian(f)(np.ones(3)), A + A.T)
    v = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(tg.hvp(f, (np.ones(3),), (v,)), (A + A.T) @ v)
    W = np.ones((2, 3))
    assert tg.hessian(lambda W: np.sum(W**3))(W).shape == (2, 3, 2, 3)


def test_the_hessian_of_nested_and_several_arguments():
    f = lambda p: np.sum(p["a"] ** 2) * p["b"]
    found = tg.hessian(f)({"a": np.array([1.0, 2.0]), "b": 3.0})
    np.testing.assert_array_equal(found["a"]["a"], 6 * np.eye(2))
    np.testing.assert_array_equal(found["a"]["b"], [2, 4])
    np.testing.assert_array_equal(found["b"]["a"], [2, 4])
    assert found["b"]["b"] == 0
    product = tg.hvp(lambda x, y: x * y * y, (1.0, 2.0), (1.0, 10.0))
    np.testing.assert_allclose(product, [40, 4 + 20])
    nested = tg.hvp(f, ({"a": np.array([1.0, 2.0]), "b": 3.0},), ({"a": np.zeros(2), "b": 1.0},))
    np.testing.assert_array_equal(nested["a"], [2, 4])


@given(st.integers(0, 2**32 - 1))
def test_jacobian_hessian_and_hvp_agree(seed):
    random = np.random.default_rng(seed)
    x, v = random.normal(size=4), random.normal(size=4)
    A = random.normal(size=(3, 4))
    f = lambda x: np.sum(np.tanh(A @ x) ** 2) * np.exp(x[0])
    H = tg.hessian(f)(x)
    np.testing.assert_allclose(H, H.T, atol=1e-12)
    np.testing.assert_allclose(H @ v, tg.hvp(f, (x,), (v,)), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(tg.jacobian(tg.grad(f))(x), H)
    wide, tall = (lambda x: np.tanh(A @ x)), (lambda x: np.tanh(A.T @ x))
    np.testing.assert_allclose(tg.jacobian(wide)(x), (1 - wide(x) ** 2)[:, None] * A)
    np.testing.assert_allclose(tg.jacobian(tall)(x[:3]), (1 - tall(x[:3]) ** 2)[:, None] * A.T)


# Nesting, closures over outer tensors: no perturbation confusion


def derivative_in_forward_mode(f):
    return lambda x: tg.jvp(f, (x,), (1.0,))[1]


def derivative_by_pullback(f):
    return lambda x: tg.vjp(f, x)[1](1.0)[0]


DERIVATIVES = [tg.grad, derivative_in_forward_mode, derivative_by_pullback, tg.jacobian]
outer_modes = pytest.mark.parametrize("outer", DERIVATIVES)
inner_modes = pytest.mark.parametrize("inner", DERIVATIVES)


@outer_modes
@inner_modes
def test_no_perturbation_confusion(outer, inner):
    # d/dx (x · d/dy (x + y) at y = 1) = 1, and 2 if perturbations are confused.
    assert outer(lambda x: x * inner(lambda y: x + y)(1.0))(1.0) == 1
    # d/dx (x · d/dy (x·y) at y = 2) = 2x
    assert outer(lambda x: x * inner(lambda y: x * y)(2.0))(3.0) == 6
    # d/dx (d/dy (x·y·y) at y = x) = d/dx 2x² = 4x, where y is not differentiated through x twice
    assert outer(lambda x: inner(lambda y: x * y * y)(x))(3.0) == 12
    # the inner function does not depend on its argument
    assert outer(lambda x: x + inner(lambda y: x * 1.0 + y * 0.0)(x))(3.0) == 1


@outer_modes
@inner_modes
def test_third_order_in_every_nesting(outer, inner):
    f = lambda x: np.sin(x) * x**2
    third = outer(inner(outer(f)))
    x = 0.7
    expected = 6 * np.cos(x) - 6 * x * np.sin(x) - x**2 * np.cos(x)
    assert float(third(x)) == pytest.approx(expected)


@outer_modes
def test_a_pullback_made_outside_can_be_called_inside(outer):
    _, pullback = tg.vjp(lambda y: y**3, 2.0)  # 12·cotangent
    assert outer(lambda x: pullback(x * x)[0])(5.0) == 120


@outer_modes
def test_the_tangent_may_be_what_is_differentiated(outer):
    assert outer(lambda x: tg.jvp(lambda y: y**3, (2.0,), (x * x,))[1])(5.0) == 120
    assert outer(lambda x: tg.jvp(lambda y: y**3, (x,), (x,))[1])(2.0) == 36


def test_closures_over_a_tensor_of_backward():
    w = tg.Tensor(3.0, requires_grad=True)
    inner = tg.grad(lambda x: w * x**2)(2.0)  # 4w, which depends on w
    (inner * w).backward()
    assert w.grad == pytest.approx(24)
    w.zero_grad()
    y, tangent = tg.jvp(lambda x: w * x, (2.0,), (1.0,))
    (y * tangent).backward()  # 2w · w
    assert w.grad == pytest.approx(12)
    w.zero_grad()
    y, pullback = tg.vjp(lambda x: w * x, 2.0)
    (y * pullback(1.0)[0]).backward()
    assert w.grad == pytest.approx(12)
    w.zero_grad()
    np.sum(tg.jacobian(lambda x: w * w * x)(np.ones(2))).backward()
    assert w.grad == pytest.approx(12)


def test_a_transform_leaves_the_gradients_of_outer_tensors_alone():
    w = tg.Tensor(3.0, requires_grad=True)
    tg.grad(lambda x: w * x)(2.0)
    assert w.grad is None


def test_a_gradient_penalty():
    def J(w):
        return np.sum(tg.grad(lambda x: np.sum(np.tanh(w * x)))(np.ones(3)) ** 2)

    check_gradients(J, np.array([0.1, -0.4, 0.9]))


def test_value_and_grad_inside_grad():
    def f(x):
        value, gradient = tg.value_and_grad(lambda y: y**2 * x)(x)
        return value + gradient  # x³ + 2x²

    assert tg.grad(f)(3.0) == 27 + 12


# Errors


@pytest.mark.parametrize(
    ("f", "kind"),
    [
        (lambda x: None, "NoneType"),
        (lambda x: 3.0, "float"),
        (lambda x: x.data, "ndarray"),
        (lambda x: [x, 1.0], "float"),
        (lambda x: [1, x, 1.0], "float and int"),
        (lambda x: (), "tuple"),
        (lambda x: np.argmax(x), "int64"),
    ],
)
def test_a_result_without_a_graph_is_an_error(f, kind):
    with pytest.raises(TypeError, match=rf"returned a plain {kind}, .*missing return"):
        tg.grad(f)(np.ones(2))


def test_the_gradient_of_more_than_one_number_is_an_error():
    with pytest.raises(ValueError, match="not a single number"):
        tg.grad(np.sin)(np.ones(2))
    with pytest.raises(ValueError, match="returned 2 tensors, expected a single number"):
        tg.grad(lambda x: [x, x])(1.0)


@pytest.mark.parametrize("leaf", ["W", object(), np.array(["a"]), {1, 2}, np.array([1.0, None])])
def test_leaves_that_are_not_arrays_are_named(leaf):
    with pytest.raises(TypeError, match=r"argument 0\['layers'\]\[1\]"):
        tg.grad(lambda p: 1.0)({"layers": [1.0, leaf]})


def test_errors_name_the_function():
    def my_loss(x):
        return None

    for transform in (tg.grad, tg.value_and_grad, tg.jacobian):
        with pytest.raises(TypeError, match="of my_loss"):
            transform(my_loss)(1.0)


@pytest.mark.parametrize("leaf", [np.array([1, 2]), np.array([True, False]), np.ones(2, complex)])
def test_arrays_without_derivatives_are_refused_as_arguments(leaf):
    with pytest.raises(TypeError, match=f"of <lambda>: argument 0 .*dtype {leaf.dtype}"):
        tg.grad(lambda x: np.sum(x * 1.0))(leaf)
    with pytest.raises(TypeError, match=rf"argument 1\['n'\] .*dtype {leaf.dtype}"):
        tg.grad(lambda x, p: np.sum(x * p["n"]), 1)(np.ones(2), {"n": leaf})


def test_there_has_to_be_something_to_differentiate_by():
    with pytest.raises(TypeError, match="no arrays in what it is to be differentiated by"):
        tg.grad(lambda p: 1.0)({"empty": []})


# What else a transform does while the function runs


@pytest.mark.parametrize("size", [1, 700, 300_000])
def test_the_garbage_collector_looks_less_often_while_a_function_runs(size):
    seen = []

    def f(x):
        seen.append(gc.get_threshold())
        return x * x

    def outer(x):
        y = x * tg.grad(f)(x)
        seen.append(gc.get_threshold())
        return y

    def failing(x):
        raise ZeroDivisionError

    usual = gc.get_threshold()
    gc.set_threshold(size, 11, 12)
    try:
        tg.grad(outer)(1.0)
        with pytest.raises(ZeroDivisionError):
            tg.grad(failing)(1.0)
        assert gc.get_threshold() == (size, 11, 12)
    finally:
        gc.set_threshold(*usual)
    assert seen == [(max(size, 100_000), 11, 12)] * 2


def test_a_garbage_collector_that_is_switched_off_stays_off():
    seen = []

    def f(x):
        seen.append(gc.get_threshold()[0])
        return x * x

    usual = gc.get_threshold()
    gc.set_threshold(0)
    try:
        tg.grad(f)(1.0)
    finally:
        gc.set_threshold(*usual)
    assert seen == [0]


def test_gradients_are_recorded_inside_no_grad_for_the_transform_alone():
    w = tg.Tensor(3.0, requires_grad=True)
    with tg.no_grad():
        gradient = tg.grad(lambda x: x * x)(w)
        assert type(gradient) is np.ndarray
        assert gradient == 6
        assert (w * w).rule is None


def test_a_single_number_may_have_axes():
    for shape in ((), (1,), (1, 1)):
        value, gradient = tg.value_and_grad(lambda x, shape=shape: np.reshape(x * x, shape))(3.0)
        assert np.shape(value) == shape
        assert (np.shape(gradient), gradient) == ((), 6)


# Operations of one's own


def cube(x):
    return x**3


def scaled(A, x):
    return A * x


def flipped(x):
    return x[::-1].copy()


def norm(x):
    return np.sqrt(np.sum(x * x))


cube = tg.elementwise(cube, lambda y, x: 3 * x**2)
scaled = tg.linear(
    scaled, lambda cotangent, y, A, x: cotangent * x, lambda cotangent, y, A, x: cotangent * A
)
flipped = tg.linear(flipped, lambda cotangent, y, x: cotangent[::-1])
norm = tg.derivative(
    norm,
    pullbacks=[lambda cotangent, y, x: cotangent * x / y],
    pushforwards=[lambda tangent, y, x: np.sum(tangent * x) / y],
)


def test_own_operations_work_in_every_mode_and_order():
    x = np.array([1.0, -2.0, 0.5])
    for f in (cube, flipped, norm, lambda x: scaled(np.array([1.0, 2.0, 3.0]), np.sin(x))):
        check_gradients(f, x, order=3)
    check_gradients(scaled, x, 2.0 + x)
    check_gradients(lambda x: norm(cube(flipped(x))), x)


def test_own_operations_on_plain_arrays_stay_plain():
    assert type(cube(np.ones(2))) is np.ndarray
    assert cube(tg.Tensor(2.0, requires_grad=True)).rule.name == "cube"
    assert cube.__name__ == "cube"


def test_own_operations_are_checked_when_they_are_entered():
    with pytest.raises(TypeError, match="was given 0 rules"):
        tg.elementwise(lambda x: x)
    with pytest.raises(TypeError, match="1 pullbacks and 0 pushforwards"):
        tg.derivative(lambda x: x, pullbacks=[None], pushforwards=[])


def half_stated(a, b):
    return a * b


half_stated = tg.elementwise(half_stated, lambda y, a, b: b, None)


def test_an_argument_without_a_rule_is_named():
    assert tg.grad(half_stated)(2.0, 3.0) == 3
    for differentiate in (
        lambda: tg.grad(half_stated, 1)(2.0, 3.0),
        lambda: tg.jvp(half_stated, (2.0, 3.0), (0.0, 1.0)),
    ):
        with pytest.raises(TypeError, match="half_stated has no derivative in its argument 1"):
            differentiate()


def test_hvp_of_primals_without_a_tuple_says_what_was_expected():
    with pytest.raises(TypeError, match=r"hvp was given primals of type float.*such as \(x,\)"):
        tg.hvp(np.sin, 1.0, (1.0,))
