"""Finite differences against derivatives known in closed form, and what the check finds."""

import numpy as np
import pytest

import tinygrad_reg as tg
from tinygrad_reg.testing import (
    GradientMismatch,
    check_gradients,
    numerical_gradient,
    numerical_jvp,
)

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
    with pytest.raises(TypeError, match=r"numerical_gradient, argument 0.* dtype int64"):
        numerical_gradient(np.sum, np.arange(3))
    with pytest.raises(ValueError, match="tangents of structure"):
        numerical_jvp(np.sin, (np.ones(2),), (np.ones(3),))
    with pytest.raises(ValueError, match="modes="):
        check_gradients(np.sin, 1.0, modes=("backward",))
    with pytest.raises(ValueError, match="order=0"):
        check_gradients(np.sin, 1.0, order=0)


def test_right_rules_pass_to_third_order():
    check_gradients(np.tanh, np.array([-1.0, 0.5]), order=3)
    check_gradients(lambda p: [p["W"] @ p["W"].T, np.exp(p["b"])], {"W": np.ones((2, 3)), "b": 0.1})
    check_gradients(lambda x: 3 * x, np.ones(2))
    check_gradients(np.matmul, np.ones((2, 3)), np.ones((3, 1), np.float32))


def wrong_first(x):
    return np.sin(x)


def wrong_second(x):
    return np.sin(x)


def wrong_pushforward(x):
    return x * 2.0


wrong_first = tg.elementwise(wrong_first, lambda y, x: np.where(x > 2, 2, 1) * np.cos(x))
wrong_second = tg.elementwise(
    wrong_second, lambda y, x: np.cos(x.data if type(x) is tg.Tensor else x)
)
wrong_pushforward = tg.derivative(
    wrong_pushforward,
    pullbacks=[lambda cotangent, y, x: 2 * cotangent],
    pushforwards=[lambda tangent, y, x: 3 * tangent],
)


def test_a_wrong_derivative_is_named_with_its_worst_entry():
    message = (
        r"order 1, reverse mode, argument 0\['w'\]\[1\]: the derivative is \S+, differences give "
        r"\S+, ratio 2 \(1 of 3 entries of that array differ\)"
    )
    with pytest.raises(GradientMismatch, match=message):
        check_gradients(lambda p: wrong_first(p["w"]), {"w": np.array([1.0, 3.0, 0.5])})


def test_a_wrong_second_derivative_is_found():
    check_gradients(wrong_second, np.array([1.0]), order=1)
    with pytest.raises(GradientMismatch, match="order 2, reverse mode"):
        check_gradients(wrong_second, np.array([1.0]))


def test_a_wrong_pushforward_is_found_in_forward_mode_alone():
    check_gradients(wrong_pushforward, 1.0, order=1, modes=("reverse",))
    with pytest.raises(GradientMismatch, match=r"order 1, forward mode.*ratio 1\.5"):
        check_gradients(wrong_pushforward, 1.0)


def test_nan_is_a_mismatch():
    with np.errstate(invalid="ignore"), pytest.raises(GradientMismatch, match="nan"):
        check_gradients(np.log, -1.0, order=1)
