"""Finite differences against derivatives known in closed form and against SciPy's."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import differentiate

import tinygrad_reg as tg
from tinygrad_reg.testing import numerical_gradient, numerical_jvp
from tinygrad_reg.testing.differences import SAFETY

KNOWN = [
    (np.sin, np.cos, [0.0, 1e-12, 0.3, -2.0, 1e3]),
    (np.exp, np.exp, [-3.0, 0.0, 5.0, 30.0]),
    (np.log, np.reciprocal, [0.01, 1.0, 50.0]),
    (np.sqrt, lambda x: 0.5 / np.sqrt(x), [0.001, 1.0, 1e6]),
    (np.arctanh, lambda x: 1 / (1 - x * x), [0.0, 0.99, -0.9999]),
    (lambda x: 1e6 + x * x, lambda x: 2 * x, [0.5, 3.0]),
]


@pytest.mark.parametrize(("f", "slope", "places"), KNOWN)
def test_differences_of_smooth_functions_are_close_to_the_derivative(f, slope, places):
    for x in places:
        found = numerical_gradient(f, x)
        tolerance = 1e-9 + 1e-11 * abs(float(f(x)))  # 1e6 + x² keeps fewer digits of x²
        assert abs(found - slope(x)) <= tolerance * abs(slope(x))


def test_a_tiny_argument_gets_a_tiny_step():
    assert numerical_gradient(np.log, 1e-6) == pytest.approx(1e6, rel=1e-7)


def test_a_kink_nearby_does_not_disturb_and_a_kink_here_gives_the_mean_slope():
    assert numerical_gradient(tg.relu, 1e-5) == pytest.approx(1, rel=1e-9)
    assert numerical_gradient(tg.relu, 0.0) == pytest.approx(0.5)
    assert numerical_gradient(np.abs, 0.0) == 0


def test_outside_of_the_domain_is_nan():
    assert np.isnan(numerical_gradient(np.log, -1.0))


def test_the_gradient_has_the_structure_of_the_argument():
    def J(parameters, X):
        assert type(parameters["W"][0]) is np.ndarray
        return np.sum(parameters["W"][0] @ X) + parameters["b"] ** 2

    parameters = {"W": [np.ones((1, 2), np.float32)], "b": 3.0}
    X = np.array([[1.0, 2.0], [3.0, 4.0]])
    found = numerical_gradient(J, parameters, X)
    np.testing.assert_allclose(found["W"][0], [[3, 7]], rtol=1e-10)
    assert found["W"][0].dtype == np.float64
    assert found["b"] == pytest.approx(6)
    both = numerical_gradient(J, parameters, X, argnums=(1, 0))
    np.testing.assert_allclose(both[0], np.ones((2, 2)), rtol=1e-10)
    assert both[1]["b"] == found["b"]


def test_the_arguments_are_left_as_they_were():
    x = np.array([1.0, 2.0])
    numerical_gradient(lambda x: np.sum(x**2), x)
    np.testing.assert_array_equal(x, [1, 2])


def test_directional_derivative_of_nested_results():
    f = lambda x, y: {"product": x * y, "sum": [x + y]}
    found = numerical_jvp(f, (np.array([2.0, 3.0]), 5.0), (np.array([1.0, 0.0]), -1.0))
    np.testing.assert_allclose(found["product"], [3, -3], rtol=1e-10)
    np.testing.assert_allclose(found["sum"][0], [0, -1], atol=1e-10)


def test_bad_arguments_are_errors():
    with pytest.raises(ValueError, match=r"shape \(2,\): expected a single number"):
        numerical_gradient(np.sin, np.ones(2))
    with pytest.raises(TypeError, match=r"numerical_gradient of sum, argument 0.* dtype int64"):
        numerical_gradient(np.sum, np.arange(3))
    with pytest.raises(TypeError, match="no argument 1 among the 1 given"):
        numerical_gradient(np.sin, 1.0, argnums=1)
    with pytest.raises(ValueError, match=r"numerical_jvp of sin .*tangents of structure"):
        numerical_jvp(np.sin, (np.ones(2),), (np.ones(3),))
    W = np.array([[1, np.inf]])
    with pytest.raises(ValueError, match=r"argument 1\['W'\]\[0, 1\] is inf"):
        numerical_gradient(lambda x, p: np.sum(p["W"]), 1.0, {"W": W}, argnums=1)
    with pytest.raises(ValueError, match=r"tangent 0\[2\] is nan"):
        numerical_jvp(np.sin, (np.ones(3),), (np.array([0, 0, np.nan]),))
    with pytest.raises(
        TypeError, match=r"numerical_gradient of nothing_of_f: the function returned NoneType"
    ):
        numerical_gradient(nothing_of_f, 1.0)
    with pytest.raises(TypeError, match="returned str"):
        numerical_jvp(lambda x: "x", (1.0,), (1.0,))


def nothing_of_f(x):
    return None


def test_a_random_function_is_an_error():
    random = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"called twice .* pass a seeded generator made inside"):
        numerical_gradient(lambda x: x * random.random(), 1.0)
    with pytest.raises(ValueError, match="called twice"):
        numerical_jvp(lambda x: x * random.random(), (np.ones(2),), (np.ones(2),))


def test_a_function_that_writes_into_its_argument_is_an_error():
    def f(x, parameters):
        parameters["b"] += 1
        return np.sum(x) + np.sum(parameters["b"])

    with pytest.raises(ValueError, match=r"writes into its argument 1\['b'\]"):
        numerical_gradient(f, np.ones(2), {"a": np.ones(2), "b": np.ones(2)}, argnums=(0, 1))


SMOOTH = [
    (np.sin, np.cos, -30, 30),
    (np.exp, np.exp, -20, 20),
    (np.tanh, lambda x: 1 / np.cosh(x) ** 2, -8, 8),
    (np.log, np.reciprocal, 1e-9, 1e9),
    (np.sqrt, lambda x: 0.5 / np.sqrt(x), 1e-9, 1e9),
    (lambda x: x**5 - 3 * x**2, lambda x: 5 * x**4 - 6 * x, -1e3, 1e3),
    (lambda x: 1 / (1 + x * x), lambda x: -2 * x / (1 + x * x) ** 2, -100, 100),
    (lambda x: 1e4 + np.sin(5 * x), lambda x: 5 * np.cos(5 * x), -3, 3),
    (lambda x: np.abs(np.sin(x)), lambda x: np.cos(x) * np.sign(np.sin(x)), 0.01, 3.1),
]


@given(st.sampled_from(SMOOTH), st.floats(0, 1), st.booleans())
def test_the_error_is_within_its_estimate(known, part, close):
    f, slope, low, high = known
    x = low + (high - low) * (part**8 if close else part)  # also close to the border of the domain
    found, error = numerical_gradient(f, x, with_error=True)
    assert abs(found - slope(x)) <= SAFETY * error
    assert error <= 1e-6 * abs(slope(x)) + 1e-9 * max(1, abs(f(x)))
    tangent, along = numerical_jvp(f, (np.array([x]),), (np.array([-0.5]),), with_error=True)
    assert abs(tangent[0] + 0.5 * slope(x)) <= SAFETY * along[0]


@given(st.floats(-8, 8))
def test_the_step_follows_the_size_of_the_argument(power):
    w = 10.0**power
    found, error = numerical_gradient(lambda w: np.log(w) ** 2, w, with_error=True)
    right = 2 * np.log(w) / w
    assert abs(found - right) <= SAFETY * error
    assert error <= 1e-7 * abs(right) + 1e-9 / w


@given(st.sampled_from([np.sin, np.exp, np.arctan, np.cosh, np.expm1]), st.floats(-3, 3))
def test_differences_are_those_of_scipy(f, x):
    theirs = differentiate.derivative(f, x)
    ours, error = numerical_gradient(f, x, with_error=True)
    assume(theirs.success)  # not at the lowest point of cosh
    assert abs(ours - theirs.df) <= SAFETY * (error + theirs.error) + 1e-12 * abs(ours)


def test_a_jacobian_is_that_of_scipy():
    def f(x):
        return np.stack([x[0] * np.sin(x[1]), np.exp(x[0] - x[2]), x[1] * x[2] ** 3])

    x = np.array([0.3, -1.2, 0.8])
    theirs = differentiate.jacobian(f, x)
    for column, unit in zip(theirs.df.T, np.eye(3), strict=True):
        np.testing.assert_allclose(numerical_jvp(f, (x,), (unit,)), column, rtol=1e-9, atol=1e-11)
    for row, unit in zip(theirs.df, np.eye(3), strict=True):
        found = numerical_gradient(lambda x, unit=unit: unit @ f(x), x)
        np.testing.assert_allclose(found, row, rtol=1e-9, atol=1e-11)


@given(st.floats(-5, 5), st.floats(-5, 5))
def test_at_a_kink_the_error_reaches_from_one_slope_to_the_other(left, right):
    assume(left == right or abs(left - right) > 1e-3)
    f = lambda x: np.where(x > 0, np.sin(right * x), np.expm1(left * x))
    found, error = numerical_gradient(f, 0.0, with_error=True)
    assert abs(found - (left + right) / 2) < 1e-7
    assert abs(error - abs(left - right) / 2) < 1e-7


@pytest.mark.parametrize("f", [np.sign, np.floor, np.cbrt, np.sqrt, np.log, lambda x: 1 / x])
def test_where_there_is_no_derivative_it_is_nan_with_an_infinite_error(f):
    found, error = numerical_gradient(f, 0.0, with_error=True)
    assert np.isnan(found)
    assert error == np.inf


def test_at_the_border_of_the_domain_it_is_the_one_sided_slope():
    found, error = numerical_gradient(lambda x: np.sqrt(x) ** 3 + 2 * x, 0.0, with_error=True)
    assert abs(found - 2) <= SAFETY * error < 0.02


def test_of_a_constant_up_to_rounding_the_slope_is_about_zero_and_the_error_is_honest():
    A = np.array([[0.1, -0.1, 0.6], [0.1, -0.5, 0.4], [1.3, 0.9, -0.7]])
    z = np.array([0.5, -1.3, 2.0])
    for found, error in (
        numerical_gradient(lambda z: np.sum(tg.softmax(z)), z, with_error=True),
        numerical_jvp(lambda A: np.linalg.inv(A) @ A, (A,), (A * A,), with_error=True),
        numerical_jvp(lambda A: np.linalg.solve(A, A[:, 0]), (A,), (A + 1,), with_error=True),
    ):
        assert np.all(np.abs(found) <= SAFETY * error)
        assert np.all(error < 1e-10)


def test_a_small_result_among_large_ones_keeps_its_slope():
    x = np.array([0.0, 20.0])
    found, error = numerical_jvp(np.exp, (x,), (np.array([1.0, 0.0]),), with_error=True)
    assert abs(found[0] - 1) <= SAFETY * error[0] < 1e-9


def test_a_small_slope_among_large_numbers_is_not_taken_for_noise():
    f = lambda x: np.array([2e-5 * np.sin(x), 1e8])
    found, error = numerical_jvp(f, (0.3,), (1.0,), with_error=True)
    assert abs(found[0] - 2e-5 * np.cos(0.3)) <= SAFETY * error[0] < 1e-12


def test_float32_is_differenced_in_float64():
    def f(x):
        assert x.dtype == np.float64
        return np.sum(np.sin(x))

    x = np.array([0.3, 1.0], np.float32)
    np.testing.assert_allclose(numerical_gradient(f, x), np.cos(x.astype(float)), rtol=1e-11)


def test_the_estimate_of_a_function_that_computes_in_float32_says_so():
    found, error = numerical_gradient(lambda x: np.sin(x.astype(np.float32)), 0.3, with_error=True)
    assert abs(found - np.cos(0.3)) <= SAFETY * error
    assert 1e-6 < error < 1e-3


def test_the_error_has_the_structure_of_the_gradient():
    p = {"W": np.ones((2, 3)), "b": [1.0, np.zeros((0, 2))]}
    f = lambda p, x: np.sum(p["W"]) * p["b"][0] * x
    gradients, errors = numerical_gradient(f, p, 2.0, argnums=(0, 1), with_error=True)
    assert errors[0]["W"].shape == gradients[0]["W"].shape == (2, 3)
    assert errors[0]["b"][1].shape == gradients[0]["b"][1].shape == (0, 2)
    assert np.shape(errors[1]) == np.shape(gradients[1]) == ()


def test_a_matrix_that_is_not_positive_definite_is_outside_of_the_domain():
    f = lambda x: np.linalg.cholesky(np.stack([x, [0, 1.0]]))[0, 0]
    found = numerical_gradient(f, np.array([1e-3, 0.0]))
    np.testing.assert_allclose(found[0], 0.5 / np.sqrt(1e-3), rtol=1e-7)


def test_few_calls_are_made_for_a_smooth_function():
    calls = []

    def f(x):
        calls.append(x)
        return np.sum(np.tanh(x))

    numerical_gradient(f, np.linspace(-1, 1, 10))
    assert len(calls) == 2 + 6 * 10
