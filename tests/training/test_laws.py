"""The laws of regularization: what the penalties do to steps, to solutions, and to each other.

Costs are the lesson's: J = (1/m)·Σ loss + penalty, with examples as columns; for regression the
loss is half the squared error, as scikit-learn has it.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import ElasticNet, Lasso, LogisticRegression, Ridge

import tinygrad_reg as tg
from tinygrad_reg.training import (
    descent,
    elastic_net_threshold,
    gradient_step,
    group_threshold,
    initial_parameters,
    network_logits,
    soft_threshold,
    trained,
    weight_decay_step,
)

from ..deep import shared

strengths = st.floats(0.01, 20, allow_subnormal=False)
ratios = st.floats(0, 1, allow_subnormal=False)
counts = st.integers(1, 1000)
seeds = st.integers(0, 2**32 - 1)
PENALTIES = {
    "l1": tg.l1,
    "l2": tg.l2,
    "elastic net": tg.elastic_net,
    "group lasso": tg.group_lasso,
}
penalties = pytest.mark.parametrize("penalty", PENALTIES.values(), ids=PENALTIES)
one_of_the_penalties = shared(len(PENALTIES))


def normal(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape)


def regression(seed, m=12):
    """Inputs whose rows are not far from uncorrelated, noisy outputs, and how many inputs."""
    random = np.random.default_rng(seed)
    n = int(random.integers(1, 4))
    X = random.standard_normal((n, m))
    X -= X.mean(axis=1, keepdims=True)
    Y = random.standard_normal((1, n)) @ X + random.standard_normal((1, m))
    return X, Y, n


def half_squared_error(X, Y):
    """The data term (1/2m)·Σ(w·x - y)²."""
    return lambda W: np.sum((W @ X - Y) ** 2) / (2 * X.shape[1])


# Steps


@given(seeds, st.floats(0.001, 0.3), strengths, st.integers(2, 20), st.integers(1, 4))
def test_minibatch_steps_with_l2_are_minibatch_steps_with_weight_decay(
    seed, alpha, lambd, m, batch
):
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((3, m)), rng.standard_normal((2, m))
    one = other = initial_parameters([3, 4, 2], rng)
    for start in range(0, m, batch):
        some = slice(start, start + batch)

        def J0(parameters, some=some):
            errors = np.tanh(network_logits(parameters, X[:, some])) - Y[:, some]
            return np.mean(np.sum(errors**2, axis=0))

        def J(parameters, J0=J0):
            return J0(parameters) + tg.l2(parameters["W"], lambd, m)

        one = gradient_step(one, tg.grad(J)(one), alpha)
        other = weight_decay_step(other, tg.grad(J0)(other), alpha, lambd, m)
    for key in one:
        for a, b in zip(one[key], other[key], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10 * np.max(np.abs(a)))


def momentum(W, gradients, decays, alpha, beta=0.9):
    """Steps along a running sum of gradients; decay is applied to W outside of that sum."""
    velocity = np.zeros_like(W)
    for gradient, decay in zip(gradients, decays, strict=True):
        velocity = beta * velocity + gradient(W)
        W = decay * W - alpha * velocity
    return W


def adam(W, gradients, decays, alpha, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """Kingma & Ba's steps; decay is applied to W outside of the running means."""
    mean, square = np.zeros_like(W), np.zeros_like(W)
    for t, (gradient, decay) in enumerate(zip(gradients, decays, strict=True), 1):
        dW = gradient(W)
        mean, square = beta1 * mean + (1 - beta1) * dW, beta2 * square + (1 - beta2) * dW**2
        corrected = np.sqrt(square / (1 - beta2**t)) + epsilon
        W = decay * W - alpha * mean / (1 - beta1**t) / corrected
    return W


@pytest.mark.parametrize("optimizer", [momentum, adam])
@given(seeds, st.floats(0.01, 0.05), st.floats(0.5, 5))
def test_with_momentum_and_adam_l2_is_not_weight_decay(optimizer, seed, alpha, lambd):
    X, Y, _ = regression(seed)
    m, steps = X.shape[1], 5
    J0 = half_squared_error(X, Y)
    start = 2 + np.abs(normal(seed, *(Y @ X.T).shape))

    def J(W):
        return J0(W) + tg.l2(W, lambd, m)

    penalized = optimizer(start, [tg.grad(J)] * steps, [1.0] * steps, alpha)
    decayed = optimizer(start, [tg.grad(J0)] * steps, [1 - alpha * lambd / m] * steps, alpha)
    assert np.max(np.abs(penalized - decayed)) > 1e-3 * alpha * lambd / m
    # and plain steps from the same place are the same
    plain = trained(J, start, lambda W, dW: gradient_step(W, dW, alpha), steps)
    W = start
    for _ in range(steps):
        W = (1 - alpha * lambd / m) * W - alpha * tg.grad(J0)(W)
    np.testing.assert_allclose(plain, W, rtol=1e-12, atol=1e-12)


def proximal_objective(penalty, V, lambd, **keywords):
    """½·‖W - V‖² + penalty(W), which the proximal operator minimizes."""
    return lambda W: np.sum((W - V) ** 2) / 2 + penalty(W, lambd, 1, **keywords)


@given(seeds, strengths, ratios)
def test_proximal_operators_minimize_what_they_are_defined_by(seed, lambd, ratio):
    rng = np.random.default_rng(seed)
    V = 5 * rng.standard_normal((3, 2))
    for penalty, found, keywords in (
        (tg.l1, soft_threshold(V, lambd), {}),
        (tg.elastic_net, elastic_net_threshold(V, lambd, ratio), {"l1_ratio": ratio}),
        (tg.group_lasso, group_threshold(V, lambd), {"axis": 0}),
        (tg.group_lasso, group_threshold(V, lambd, axis=(0, 1)), {"axis": (0, 1)}),
        (tg.group_lasso, group_threshold(V, lambd, axis=None), {"axis": None}),
    ):
        objective = proximal_objective(penalty, V, lambd, **keywords)
        least = objective(found)
        for size in (1e-3, 0.1, 1.0, 10.0):
            for _ in range(4):
                assert least <= objective(found + size * rng.standard_normal(V.shape)) + 1e-9
        assert least <= objective(np.zeros_like(V)) + 1e-9


@given(seeds, st.floats(0, 3), ratios)
def test_elastic_net_threshold_is_the_soft_threshold_and_then_decay(seed, threshold, ratio):
    V = 2 * normal(seed, 4)
    by_hand = np.sign(V) * np.maximum(np.abs(V) - ratio * threshold, 0)
    by_hand /= 1 + (1 - ratio) * threshold
    np.testing.assert_allclose(elastic_net_threshold(V, threshold, ratio), by_hand, rtol=1e-12)
    np.testing.assert_array_equal(
        elastic_net_threshold(V, threshold, 1), soft_threshold(V, threshold)
    )
    np.testing.assert_allclose(elastic_net_threshold(V, threshold, 0), V / (1 + threshold))


@given(seeds, st.floats(0.5, 3), st.sampled_from([0, 1, -1]))
def test_group_lasso_zeroes_whole_groups_and_nothing_else(seed, threshold, axis):
    W = normal(seed, 3, 4) * np.logspace(-1, 1, 4)
    W[:, 0] = 0
    found = group_threshold(W, threshold, axis)
    lengths = np.sqrt(np.sum(W**2, axis=axis))
    zero = np.all(found == 0, axis=axis)
    np.testing.assert_array_equal(zero, lengths <= threshold)
    some = np.any(found == 0, axis=axis) & np.any(W == 0, axis=axis) | zero
    np.testing.assert_array_equal(np.any(found == 0, axis=axis), some)
    shortened = np.sqrt(np.sum(found**2, axis=axis))
    np.testing.assert_allclose(shortened, np.maximum(lengths - threshold, 0), atol=1e-12)


@pytest.mark.parametrize("step", [elastic_net_threshold, group_threshold])
def test_thresholds_refuse_what_they_cannot_use(step):
    with pytest.raises(ValueError, match=r"threshold=-1"):
        step(np.ones(2), -1.0)
    with pytest.raises(ValueError, match=r"l1_ratio=1\.5"):
        elastic_net_threshold(np.ones(2), 1.0, 1.5)


# lambd


@penalties
@one_of_the_penalties
@given(seeds, counts)
def test_lambd_zero_is_no_penalty(penalty, seed, m):
    X, Y, n = regression(seed)
    J0 = half_squared_error(X, Y)
    W = normal(seed, 1, n)
    value, gradient = tg.value_and_grad(lambda W: J0(W) + penalty(W, 0.0, m))(W)
    assert value == J0(W)
    np.testing.assert_array_equal(gradient, tg.grad(J0)(W))


@penalties
@one_of_the_penalties
@given(seeds, strengths, strengths, counts)
def test_gradients_of_penalties_are_linear_in_lambd(penalty, seed, one, other, m):
    W = normal(seed, 2, 3)
    W[0, 0] = 0
    slope = tg.grad(penalty)
    np.testing.assert_allclose(
        slope(W, one + other, m), slope(W, one, m) + slope(W, other, m), rtol=1e-12
    )
    np.testing.assert_allclose(slope(W, 3 * one, m), 3 * slope(W, one, m), rtol=1e-12)


@penalties
@one_of_the_penalties
@given(seeds, strengths, counts)
def test_derivative_in_lambd_is_the_penalty_of_strength_one(penalty, seed, lambd, m):
    W = normal(seed, 2, 3)
    by_lambd = tg.grad(penalty, argnums=1)(W, lambd, m)
    np.testing.assert_allclose(by_lambd, penalty(W, 1.0, m), rtol=1e-12)
    mixed = tg.grad(lambda lambd: np.sum(tg.grad(penalty)(W, lambd, m) * W))(lambd)
    np.testing.assert_allclose(mixed, np.sum(tg.grad(penalty)(W, 1.0, m) * W), rtol=1e-12)


@given(seeds, strengths)
def test_the_solution_of_ridge_regression_moves_with_lambd_as_implicit_differentiation_says(
    seed, lambd
):
    X, Y, n = regression(seed)
    m = X.shape[1]

    def solution(lambd):
        return np.linalg.solve(X @ X.T + lambd * np.eye(n), X @ Y.T)

    W = solution(lambd).T

    def J(W, lambd):
        return half_squared_error(X, Y)(W) + tg.l2(W, lambd, m)

    H = tg.hessian(J)(W, lambd).reshape(n, n)
    mixed = tg.jacobian(tg.grad(J), argnums=1)(W, lambd).reshape(n)
    _, moved = tg.jvp(solution, (lambd,), (1.0,))
    np.testing.assert_allclose(moved.ravel(), -np.linalg.solve(H, mixed), rtol=1e-8, atol=1e-12)


# Solutions


def step_size(X, lambd=0.0):
    """1/L for the cost (1/2m)·‖W·X - Y‖² + (lambd/2m)·‖W‖²."""
    return X.shape[1] / (np.linalg.norm(X @ X.T, 2) + lambd)


def settled(path):
    """The end of a path, or where it has come to rest."""
    W = next(path)
    for new in path:
        moved, W = np.max(np.abs(new - W)), new
        if moved < 1e-10:
            break
    return W


@given(seeds, st.floats(1, 20))
def test_ridge_regression_by_descent_solves_the_normal_equations(seed, lambd):
    X, Y, n = regression(seed)
    m = X.shape[1]
    alpha = step_size(X, lambd)
    J0 = half_squared_error(X, Y)
    path = descent(
        lambda W: J0(W) + tg.l2(W, lambd, m),
        np.zeros((1, n)),
        lambda W, dW: gradient_step(W, dW, alpha),
        2000,
    )
    W = settled(path)
    normal_equations = np.linalg.solve(X @ X.T + lambd * np.eye(n), X @ Y.T).T
    np.testing.assert_allclose(W, normal_equations, atol=1e-6)
    np.testing.assert_allclose(
        W, Ridge(alpha=lambd, fit_intercept=False).fit(X.T, Y[0]).coef_[None], atol=1e-6
    )


def proximal_descent(J0, W, alpha, threshold, least=1e-13, most=3000):
    """Proximal gradient steps with Nesterov's extrapolation, restarted where it overshoots."""
    gradient = tg.grad(J0)
    V, t = W, 1.0
    for _ in range(most):
        new = threshold(V - alpha * gradient(V))
        if np.sum((V - new) * (new - W)) > 0:
            t = 1.0
        faster = (1 + np.sqrt(1 + 4 * t * t)) / 2
        V = new + (t - 1) / faster * (new - W)
        moved = np.max(np.abs(new - W))
        W, t = new, faster
        if moved < least:
            break
    return W


@given(seeds, st.floats(0.01, 10))
def test_lasso_with_orthonormal_design_is_soft_thresholded_least_squares(seed, lambd):
    m, n = 8, 3
    X = np.linalg.qr(normal(seed, m, n))[0].T  # X @ X.T = 1
    Y = 5 * normal(seed + 1, 1, m)
    least_squares = Y @ X.T
    J0 = half_squared_error(X, Y)
    W = proximal_descent(J0, np.zeros((1, n)), m, lambda V: soft_threshold(V, lambd))
    np.testing.assert_allclose(W, soft_threshold(least_squares, lambd), atol=1e-9)


@given(seeds, st.floats(0.05, 5), ratios)
def test_lasso_and_elastic_net_agree_with_scikit_learn(seed, lambd, ratio):
    X, Y, n = regression(seed)
    m = X.shape[1]
    J0, alpha = half_squared_error(X, Y), step_size(X)
    for l1_ratio, model in (
        (1.0, Lasso(alpha=lambd / m, tol=1e-14, max_iter=100_000, fit_intercept=False)),
        (
            max(ratio, 0.05),
            ElasticNet(
                alpha=lambd / m,
                l1_ratio=max(ratio, 0.05),
                tol=1e-14,
                max_iter=100_000,
                fit_intercept=False,
            ),
        ),
    ):
        W = proximal_descent(
            J0,
            np.zeros((1, n)),
            alpha,
            lambda V, r=l1_ratio: elastic_net_threshold(V, alpha * lambd / m, r),
        )
        np.testing.assert_allclose(W[0], model.fit(X.T, Y[0]).coef_, atol=1e-6)


@given(seeds, st.floats(0.05, 20))
def test_logistic_regression_agrees_with_scikit_learn(seed, lambd):
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(1, 4)), 30
    X = rng.standard_normal((n, m))
    Y = (rng.standard_normal((1, n)) @ X + rng.standard_normal((1, m)) > 0) * 1.0
    Y[0, :2] = 0, 1

    def J(theta):
        w, b = theta[None, :n], theta[n]
        losses = tg.binary_cross_entropy(w @ X + b, Y)
        return np.sum(losses) / m + tg.l2(w, lambd, m)

    theta = np.zeros(n + 1)
    gradient, hessian = tg.grad(J), tg.hessian(J)
    for _ in range(50):
        step = np.linalg.solve(hessian(theta), gradient(theta))
        theta = theta - step / max(1, np.linalg.norm(step))
        if np.max(np.abs(step)) < 1e-12:
            break
    model = LogisticRegression(C=1 / lambd, tol=1e-10, max_iter=10_000, solver="newton-cholesky")
    model.fit(X.T, Y[0])
    np.testing.assert_allclose(theta[:n], model.coef_[0], atol=1e-6)
    np.testing.assert_allclose(theta[n], model.intercept_[0], atol=1e-6)


@given(seeds, st.floats(0.1, 5), ratios)
def test_at_the_solution_the_data_slope_is_in_the_subdifferential_of_the_penalty(
    seed, lambd, ratio
):
    X, Y, n = regression(seed)
    m = X.shape[1]
    J0, alpha = half_squared_error(X, Y), step_size(X)
    t = alpha * lambd / m
    zero = np.zeros((1, n))

    W = proximal_descent(J0, zero, alpha, lambda V: elastic_net_threshold(V, t, ratio))
    slope = -tg.grad(J0)(W) - lambd / m * (1 - ratio) * W
    bound = lambd / m * ratio
    np.testing.assert_allclose(slope[W != 0], bound * np.sign(W[W != 0]), atol=1e-7)
    assert np.all(np.abs(slope[W == 0]) <= bound + 1e-7)

    W = proximal_descent(J0, zero, alpha, lambda V: group_threshold(V, t, axis=1))
    slope, length = -tg.grad(J0)(W), np.sqrt(np.sum(W**2))
    if length > 0:
        np.testing.assert_allclose(slope, lambd / m * W / length, atol=1e-6)
    else:
        assert np.sqrt(np.sum(slope**2)) <= lambd / m + 1e-7


@given(seeds)
def test_l1_makes_zeros_by_proximal_steps_and_not_by_subgradient_steps(seed):
    X, Y, n = regression(seed)
    m, lambd = X.shape[1], 1e3  # so strong that the solution is 0
    J0, alpha = half_squared_error(X, Y), 0.01
    start = normal(seed, 1, n)
    W = proximal_descent(J0, start, step_size(X), lambda V: soft_threshold(V, lambd))
    np.testing.assert_array_equal(W, np.zeros((1, n)))
    path = descent(
        lambda W: J0(W) + tg.l1(W, lambd, m), start, lambda W, g: gradient_step(W, g, alpha), 50
    )
    assert all(np.all(W != 0) for W in path)
