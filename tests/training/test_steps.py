"""The steps of training are the lesson's updates."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.optimize import minimize_scalar

import tinygrad_reg as tg
from tinygrad_reg.training import (
    descent,
    gradient_step,
    initial_parameters,
    network_logits,
    proximal_step,
    soft_threshold,
    weight_decay_step,
)

numbers = st.floats(-100, 100, allow_subnormal=False)
strengths = st.floats(0, 50, allow_subnormal=False)
rates = st.floats(1e-4, 1, allow_subnormal=False)
counts = st.integers(1, 10_000)


@st.composite
def layers(draw, most=3):
    """Parameters of some layers, and a data gradient for each of them."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=2, max_size=most + 1))
    shapes = [(n, before) for before, n in itertools.pairwise(sizes)]

    def one() -> dict[str, list[np.ndarray]]:
        return {
            "W": [draw(arrays(float, shape, elements=numbers)) for shape in shapes],
            "b": [draw(arrays(float, (shape[0], 1), elements=numbers)) for shape in shapes],
        }

    return one(), one()


def linear_cost(slopes, penalty=None):
    """A cost whose data gradient is `slopes`, whatever the parameters are."""

    def cost(parameters):
        pairs = [
            (p, s) for key in slopes for p, s in zip(parameters[key], slopes[key], strict=True)
        ]
        data = sum(np.sum(p * s) for p, s in pairs)
        return data + penalty(parameters["W"]) if penalty else data

    return cost


@given(layers(), rates, strengths, counts)
def test_l2_step_equals_weight_decay(both, alpha, lambd, m):
    parameters, slopes = both
    gradient = tg.grad(linear_cost(slopes, lambda W: tg.l2(W, lambd, m)))(parameters)
    stepped = gradient_step(parameters, gradient, alpha)
    decayed = weight_decay_step(parameters, slopes, alpha, lambd, m)
    for layer, (W, dW) in enumerate(zip(parameters["W"], slopes["W"], strict=True)):
        by_hand = (1 - alpha * lambd / m) * W - alpha * dW
        scale = np.abs(W) * (1 + alpha * lambd / m) + alpha * np.abs(dW)
        assert np.all(np.abs(stepped["W"][layer] - by_hand) <= 1e-14 * scale)
        assert np.all(np.abs(decayed["W"][layer] - by_hand) <= 1e-14 * scale)


@given(layers(), rates, strengths, counts)
def test_no_step_decays_or_thresholds_the_biases(both, alpha, lambd, m):
    parameters, slopes = both
    penalized = tg.grad(linear_cost(slopes, lambda W: tg.l2(W, lambd, m)))(parameters)
    for stepped in (
        gradient_step(parameters, penalized, alpha),
        weight_decay_step(parameters, slopes, alpha, lambd, m),
        proximal_step(parameters, slopes, alpha, lambd, m),
    ):
        for new, b, db in zip(stepped["b"], parameters["b"], slopes["b"], strict=True):
            np.testing.assert_array_equal(new, b - alpha * db)


@given(
    st.lists(st.integers(1, 4), min_size=2, max_size=4),
    st.floats(0.001, 0.5),
    st.floats(0, 5),
    st.integers(1, 12),
    st.integers(0, 2**32 - 1),
)
def test_training_a_network_with_l2_is_training_it_with_weight_decay(sizes, alpha, lambd, m, seed):
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((sizes[0], m)), rng.standard_normal((sizes[-1], m))
    start = initial_parameters(sizes, rng)

    def J0(parameters):
        return np.sum(np.tanh(network_logits(parameters, X) - Y) ** 2) / m

    def J(parameters):
        return J0(parameters) + tg.l2(parameters["W"], lambd, m)

    by_penalty = descent(J, start, lambda p, g: gradient_step(p, g, alpha), 30)
    # the other way is written out here, so that it owes nothing to weight_decay_step
    W, b = start["W"], start["b"]
    by_decay = descent(J0, start, lambda p, g: weight_decay_step(p, g, alpha, lambd, m), 30)
    gradient = tg.grad(J0)
    for one, other in zip(by_penalty, by_decay, strict=True):
        for layer in range(len(W)):
            size = 1 + np.max(np.abs(W[layer]))
            np.testing.assert_allclose(one["W"][layer], W[layer], rtol=0, atol=1e-9 * size)
            np.testing.assert_allclose(other["W"][layer], W[layer], rtol=0, atol=1e-9 * size)
            np.testing.assert_allclose(one["b"][layer], b[layer], rtol=0, atol=1e-9 * size)
        dJ0 = gradient({"W": W, "b": b})
        W = [(1 - alpha * lambd / m) * w - alpha * dw for w, dw in zip(W, dJ0["W"], strict=True)]
        b = [x - alpha * dx for x, dx in zip(b, dJ0["b"], strict=True)]


@given(layers(), rates, strengths, counts)
def test_l1_subgradient_step_moves_every_weight_by_the_same_amount(both, alpha, lambd, m):
    parameters, slopes = both
    gradient = tg.grad(linear_cost(slopes, lambda W: tg.l1(W, lambd, m)))(parameters)
    stepped = gradient_step(parameters, gradient, alpha)
    for new, W, dW in zip(stepped["W"], parameters["W"], slopes["W"], strict=True):
        signs = np.where(W > 0, 1.0, np.where(W < 0, -1.0, 0.0))
        by_hand = W - alpha * dW - alpha * lambd / m * signs
        np.testing.assert_allclose(new, by_hand, rtol=1e-12, atol=1e-12)


@given(layers(), rates, strengths, counts)
def test_proximal_step_is_the_data_step_and_then_the_soft_threshold(both, alpha, lambd, m):
    parameters, slopes = both
    stepped = proximal_step(parameters, slopes, alpha, lambd, m)
    t = alpha * lambd / m
    for new, W, dW in zip(stepped["W"], parameters["W"], slopes["W"], strict=True):
        V = W - alpha * dW
        by_hand = np.where(t < V, V - t, np.where(-t > V, V + t, 0.0))
        np.testing.assert_array_equal(new, by_hand)


@given(arrays(float, array_shapes(min_dims=0, max_dims=3, max_side=4), elements=numbers), strengths)
def test_soft_threshold_is_its_closed_form(v, t):
    found = soft_threshold(v, t)
    assert np.shape(found) == np.shape(v)
    np.testing.assert_allclose(found, np.sign(v) * np.maximum(np.abs(v) - t, 0), atol=1e-12)
    assert np.all(found[np.abs(v) <= t] == 0)


@given(numbers, st.floats(0, 20))
def test_soft_threshold_minimizes_what_the_proximal_operator_minimizes(v, t):
    def objective(w):
        return (v - w) ** 2 / 2 + t * abs(w)

    found = float(soft_threshold(np.array([v]), t)[0])
    searched = minimize_scalar(objective, bounds=(-101, 101), method="bounded").x
    assert objective(found) <= min(objective(searched), objective(0.0)) + 1e-12 * (1 + v * v)
    assert abs(found - searched) <= 1e-2


def test_soft_threshold_refuses_a_negative_threshold():
    with pytest.raises(ValueError, match=r"threshold=-0\.5"):
        soft_threshold(np.ones(2), -0.5)


def test_steps_refuse_a_gradient_of_another_structure():
    with pytest.raises(ValueError, match="b"):
        gradient_step({"W": np.ones(2), "b": np.ones(1)}, {"W": np.ones(2)}, 0.1)


def test_steps_leave_the_given_parameters_as_they_were():
    parameters = {"W": [np.ones((2, 2))], "b": [np.ones((2, 1))]}
    for step in (weight_decay_step, proximal_step):
        step(parameters, parameters, 0.5, 1.0, 2)
    gradient_step(parameters, parameters, 0.5)
    assert all(np.all(x == 1) for key in parameters for x in parameters[key])


def test_first_layer_of_a_network_sees_the_examples_as_columns():
    parameters = initial_parameters([5, 3, 2], np.random.default_rng(0))
    parameters["b"] = [b + 0.5 for b in parameters["b"]]
    X = np.random.default_rng(1).standard_normal((5, 7))
    (W1, W2), (b1, b2) = parameters["W"], parameters["b"]
    together = network_logits(parameters, X)
    assert together.shape == (2, 7)
    one = W2 @ np.tanh(W1 @ X[:, 3] + b1[:, 0]) + b2[:, 0]
    np.testing.assert_allclose(together[:, 3], one)


def test_a_gradient_of_another_shape_is_refused_and_not_broadcast():
    with pytest.raises(ValueError, match=r"shape \(2, 1\).*shape \(2,\).*same shape"):
        gradient_step({"W": np.ones((2, 1))}, {"W": np.ones(2)}, alpha=0.1)
