"""A number where there is one: kinks, ties, origins, zeros, infinities and guards."""

import warnings

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_reg as tg
from tinygrad_reg.testing import check_gradients


def both_modes(f, *xs):
    """The gradient of Σf in reverse mode, once more by forward mode, which must be the same."""

    def total(*xs):
        return np.sum(f(*xs))

    reverse = tg.grad(total, range(len(xs)))(*xs)
    for position, x in enumerate(xs):
        forward = tg.jacobian(f, position)(*xs)
        pushed = np.zeros(np.shape(x))
        for entry in np.ndindex(np.shape(x)):
            directions = [np.zeros(np.shape(other)) for other in xs]
            directions[position][entry] = 1
            pushed[entry] = tg.jvp(total, xs, tuple(directions))[1]
        np.testing.assert_array_equal(pushed, reverse[position])
        axes = tuple(range(forward.ndim - np.ndim(x)))
        np.testing.assert_allclose(np.sum(forward, axis=axes), reverse[position])
    return reverse[0] if len(xs) == 1 else reverse


def equal(found, expected):
    np.testing.assert_array_equal(found, expected)


# Kinks


@pytest.mark.parametrize(
    "f",
    [
        np.abs,
        np.fabs,
        abs,
        lambda w: tg.l1(w, 1.0, 1),
        lambda w: tg.elastic_net(w, 1.0, 1, l1_ratio=1.0),
    ],
)
def test_subgradient_of_the_absolute_value_at_both_zeros_is_exactly_zero(f):
    w = np.array([0.0, -0.0, 3.0, -2.0])
    equal(both_modes(f, w), [0, 0, 1, -1])
    equal(tg.hvp(lambda w: np.sum(f(w)), (w,), (np.ones(4),)), np.zeros(4))


def test_relu_has_slope_zero_at_zero():
    equal(both_modes(tg.relu, np.array([-1.0, -0.0, 0.0, 2.0])), [0, 0, 0, 1])


@pytest.mark.parametrize("f", [np.maximum, np.minimum, np.fmax, np.fmin])
def test_ties_of_two_share_equally(f):
    a, b = both_modes(f, np.array([1.0, 0.0, 2.0]), np.array([1.0, -0.0, 2.0]))
    equal(a, [0.5, 0.5, 0.5])
    equal(b, [0.5, 0.5, 0.5])


@pytest.mark.parametrize("sign", [1, -1])
def test_ties_along_an_axis_share_equally(sign):
    f = np.max if sign > 0 else np.min
    x = sign * np.array([[3.0, 3.0, 1.0], [2.0, 2.0, 2.0]])
    equal(both_modes(lambda x: f(x, axis=1), x), [[0.5, 0.5, 0], [1 / 3, 1 / 3, 1 / 3]])
    equal(both_modes(f, x), [[0.5, 0.5, 0], [0, 0, 0]])


def test_half_of_the_cotangent_passes_at_the_bounds_of_clip():
    equal(
        both_modes(lambda x: np.clip(x, -1, 1), np.array([-2.0, -1, 0, 1, 2])), [0, 0.5, 1, 0.5, 0]
    )


def test_fmax_and_fmin_prefer_anything_to_a_nan():
    a, b = np.array([np.nan, 1.0]), np.array([2.0, np.nan])
    for f in (np.fmax, np.fmin):
        equal(tg.grad(lambda a, f=f: np.sum(f(a, b)))(a), [0, 1])


# Norms at the origin


def test_norms_have_subgradient_zero_at_the_origin():
    zeros = np.zeros((2, 3))
    for f in (
        lambda w: tg.group_lasso(w, 1.0, 1),
        lambda w: tg.group_lasso(w, 1.0, 1, axis=1),
        lambda w: np.hypot(w, w),
        np.std,
        lambda w: np.std(w, axis=0),
        lambda w: np.std(w + 5.0),
    ):
        equal(both_modes(f, zeros), zeros)


def test_one_group_at_the_origin_leaves_the_others_alone():
    W = np.array([[0.0, 3.0], [0.0, 4.0]])
    equal(both_modes(lambda W: tg.group_lasso(W, 1.0, 1), W), [[0, 0.6], [0, 0.8]])


# Powers


def test_powers_at_zero_give_what_the_limit_gives():
    zero = np.array(0.0)
    for p, slope in ((0, 0), (0.0, 0), (1, 1), (2, 0), (3, 0), (1.5, 0)):
        equal(both_modes(lambda x, p=p: x**p, zero), slope)
        equal(both_modes(lambda x, p=p: np.power(x, p), zero), slope)
        equal(both_modes(lambda x, p=p: x ** np.array(p), zero), slope)
    equal(both_modes(lambda p: 0.0**p, np.array(2.0)), 0)
    equal(both_modes(lambda p: np.power(0.0, p), np.array(0.5)), 0)
    equal(both_modes(np.power, zero, np.array(2.0)), (0, 0))
    equal(both_modes(np.power, zero, np.array(0.0))[0], 0)


@pytest.mark.parametrize("p", [0, 1, 2, 3])
def test_higher_derivatives_of_powers_at_zero(p):
    f = lambda x: x**p
    expected = [float(p == 0), float(p == 1), 2.0 * (p == 2), 6.0 * (p == 3), 0.0]
    for value in expected:
        assert float(f(0.0)) == value
        f = tg.grad(f)


def test_negative_bases_have_a_derivative_in_the_base():
    x = np.array([-2.0, -0.5])
    np.testing.assert_allclose(both_modes(lambda x: x**3, x), 3 * x**2)
    np.testing.assert_allclose(both_modes(lambda x: x**-1.0, x), -1 / x**2)


# Products


def brute_force(x, skipped):
    return np.prod([value for i, value in enumerate(x) if i not in skipped])


@pytest.mark.parametrize(
    "x", [[2.0, 0.0, 3.0], [0.0, 5.0, 0.0], [0.0] * 3, [0.0], [0, 2, 3, 4, 5.0]]
)
def test_product_with_zeros_to_second_order(x):
    x = np.array(x)
    n = len(x)
    equal(both_modes(np.prod, x), [brute_force(x, {i}) for i in range(n)])
    expected = [[0 if i == j else brute_force(x, {i, j}) for j in range(n)] for i in range(n)]
    equal(tg.hessian(np.prod)(x), expected)


@given(st.integers(0, 2**16), st.sampled_from([None, 0, -1, (0, 1), (2, 0), (0, 1, 2)]))
def test_product_along_axes_with_zeros(seed, axis):
    random = np.random.default_rng(seed)
    x = random.normal(size=(2, 3, 2)) * (random.random((2, 3, 2)) < 0.6)
    check_gradients(lambda x: np.prod(x, axis=axis), x)


# Infinities and large numbers


def test_logsumexp_and_logaddexp_are_never_nan_where_the_derivative_exists():
    low = -np.inf
    equal(both_modes(tg.logsumexp, np.array([low, 0.0])), [0, 1])
    for large in (1000.0, -1000.0):
        halves = both_modes(tg.logsumexp, np.array([large, large]))
        np.testing.assert_allclose(halves, [0.5, 0.5], rtol=1e-12)
    equal(both_modes(tg.logsumexp, np.array([np.inf, 0.0])), [1, 0])
    assert np.isfinite(both_modes(tg.logsumexp, np.array([low, low]))).all()
    equal(both_modes(np.logaddexp, np.array(low), np.array(0.0)), (0, 1))
    equal(both_modes(np.logaddexp, np.array(0.0), np.array(1000.0)), (0, 1))
    equal(both_modes(np.logaddexp, np.array(low), np.array(low)), (0.5, 0.5))


def test_activations_neither_overflow_nor_cancel():
    z = np.array([-1000.0, -40.0, 40.0, 1000.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for f in (tg.sigmoid, tg.softplus, lambda z: tg.binary_cross_entropy(z, 0.5)):
            assert np.isfinite(f(z)).all()
            assert np.isfinite(both_modes(f, z)).all()
        assert np.isfinite(both_modes(tg.softmax, z)).all()
        losses = lambda z: tg.softmax_cross_entropy(z, np.array(0))
        assert np.isfinite(both_modes(losses, z)).all()
    assert tg.sigmoid(-40.0) == pytest.approx(np.exp(-40.0), rel=1e-12)
    assert tg.softplus(-40.0) == pytest.approx(np.exp(-40.0), rel=1e-12)


@given(st.integers(0, 2**16), st.sampled_from([0, 1, -1]))
def test_losses_have_the_values_of_scipy(seed, axis):
    x = np.random.default_rng(seed).normal(scale=10, size=(3, 4))
    np.testing.assert_allclose(tg.sigmoid(x), scipy.special.expit(x), rtol=1e-13)
    np.testing.assert_allclose(
        tg.logsumexp(x, axis=axis), scipy.special.logsumexp(x, axis=axis), rtol=1e-13, atol=1e-13
    )
    np.testing.assert_allclose(tg.softmax(x, axis), scipy.special.softmax(x, axis), rtol=1e-12)
    t = np.random.default_rng(seed + 1).random((3, 4))
    expected = -np.sum(t * scipy.special.log_softmax(x, axis=axis), axis=axis)
    np.testing.assert_allclose(tg.softmax_cross_entropy(x, t, axis), expected, rtol=1e-11)
    np.testing.assert_allclose(
        tg.binary_cross_entropy(x, t),
        -t * scipy.special.log_expit(x) - (1 - t) * scipy.special.log_expit(-x),
        rtol=1e-10,
        atol=1e-12,
    )


# Guards: the branch that was not chosen contributes exactly zero


GUARDED = {
    "sqrt": (
        lambda x: np.where(x > 0, np.sqrt(x), 0),
        [-1.0, 0.0, 4.0],
        [0, 0, 0.25],
        [0, 0, -0.25 / 8],
    ),
    "log": (lambda x: np.where(x > 0, np.log(x), x), [-1.0, 0.0, 2.0], [1, 1, 0.5], [0, 0, -0.25]),
    "sinc": (
        lambda x: np.where(x == 0, 1, np.sin(x) / np.where(x == 0, 1, x)),
        [0.0, np.pi],
        [0, -1 / np.pi],
        [0, 2 / np.pi**2],
    ),
    "unguarded sinc": (
        lambda x: np.where(x == 0, 1, np.sin(x) / x),
        [0.0, np.pi],
        [0, -1 / np.pi],
        [0, 2 / np.pi**2],
    ),
    "reciprocal": (lambda x: np.where(x == 0, 0, 1 / x), [0.0, 2.0], [0, -0.25], [0, 0.25]),
    "nested": (
        lambda x: np.where(x > 0, np.sqrt(np.log(x + 1)) ** 2, 0),
        [-3.0, 0.0, 1.0],
        [0, 0, 0.5],
        [0, 0, -0.25],
    ),
    "exp": (lambda x: np.where(x < 700, 0, np.exp(-x) * 0), [0.0, 800.0], [0, 0], [0, 0]),
    "overflow": (lambda x: np.where(x > 0, x, np.exp(x * x)), [100.0, 0.0], [1, 0], [0, 2]),
}


@pytest.mark.parametrize("name", GUARDED)
def test_a_guard_has_the_gradient_of_the_chosen_branch(name):
    f, x, first, second = GUARDED[name]
    x = np.array(x)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(both_modes(f, x), first, atol=1e-15)
        total = lambda x: np.sum(f(x))
        by_forward = tg.jvp(tg.grad(total), (x,), (np.ones(x.shape),))[1]
        np.testing.assert_allclose(by_forward, second, atol=1e-15)
        by_reverse = tg.grad(lambda x: np.sum(tg.grad(total)(x)))(x)
        np.testing.assert_allclose(by_reverse, second, atol=1e-15)


# Indexing, in particular


def test_repeated_places_add_up():
    x = np.arange(3.0)
    equal(both_modes(lambda x: x[[0, 2, 0, 0]], x), [3, 0, 1])
    equal(both_modes(lambda x: x[np.array([[-1, 2], [2, 1]])], x), [0, 1, 3])
    equal(both_modes(lambda x: np.concatenate([x, x[::-1], x[1:]]), x), [2, 3, 3])


def test_an_index_array_that_changes_later_does_not_change_the_gradient():
    index = np.array([0, 1])
    x = tg.Tensor(np.arange(3.0), requires_grad=True)
    y = np.sum(x[index])
    index[:] = 2
    y.backward()
    equal(x.grad, [1, 1, 0])


def test_conversions_carry_gradients_between_float_types_only():
    x = np.arange(3, dtype=np.float32)
    total = lambda x: np.sum(x.astype(np.float64) ** 2)
    value, gradient = tg.value_and_grad(total)(x)
    assert (value.dtype, gradient.dtype) == (np.float64, np.float32)
    equal(gradient, [0, 2, 4])
    y, tangent = tg.jvp(lambda x: x.astype(np.float32), (np.ones(2),), (np.ones(2),))
    assert (y.dtype, tangent.dtype) == (np.float32, np.float32)
    assert type(tg.Tensor(x, requires_grad=True).astype(int)) is np.ndarray


# The penalties: the lesson's formulas


@given(st.integers(0, 2**16), st.floats(0, 10), st.integers(1, 1000))
def test_penalties_match_the_formulas(seed, lambd, m):
    random = np.random.default_rng(seed)
    layers = [random.normal(size=(2, 3)), random.normal(size=(1, 2)), random.normal(size=(3,))]
    close = lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)
    l1 = lambda W: lambd / m * np.sum(np.abs(W))
    l2 = lambda W: lambd / (2 * m) * np.sum(W**2)
    close(tg.l1(layers, lambd, m), sum(map(l1, layers)))
    close(tg.l2(layers, lambd, m), sum(map(l2, layers)))
    close(
        tg.elastic_net(layers, lambd, m, l1_ratio=0.3),
        sum(0.3 * l1(W) + 0.7 * l2(W) for W in layers),
    )
    for W, by_l1, by_l2 in zip(
        layers,
        tg.grad(tg.l1)(layers, lambd, m),
        tg.grad(tg.l2)(layers, lambd, m),
        strict=True,
    ):
        close(by_l1, lambd / m * np.sign(W))
        close(by_l2, lambd / m * W)
    W = layers[0]
    close(tg.group_lasso(W, lambd, m, axis=1), lambd / m * np.sum(np.linalg.norm(W, axis=1)))
    close(tg.grad(tg.l2, 1)(W, lambd, m), np.sum(W**2) / (2 * m))
    close(tg.grad(tg.l1, 1)(W, lambd, m), np.sum(np.abs(W)) / m)


@pytest.mark.parametrize("penalty", [tg.l1, tg.l2, tg.elastic_net, tg.group_lasso])
def test_a_penalty_is_one_node(penalty):
    layers = [tg.Tensor(np.ones((2, 3)), requires_grad=True) for _ in range(2)]
    J = penalty(layers, 1.0, 3)
    assert [x for x in J.args if type(x) is tg.Tensor] == layers


@pytest.mark.parametrize("penalty", [tg.l1, tg.l2, tg.elastic_net, tg.group_lasso])
@pytest.mark.parametrize(
    ("lambd", "m", "says"),
    [
        (-0.1, 1, "lambd=-0.1"),
        (np.inf, 1, "lambd=inf"),
        (np.nan, 1, "lambd=nan"),
        (1.0, 0, "m=0"),
        (1.0, -3, "m=-3"),
        (1.0, np.nan, "m=nan"),
        (np.ones(2), 1, r"lambd of shape \(2,\)"),
    ],
)
def test_penalties_refuse_bad_strengths(penalty, lambd, m, says):
    with pytest.raises(ValueError, match=rf"{penalty.__name__} was given {says}"):
        penalty(np.ones((2, 2)), lambd, m)
    with pytest.raises(ValueError, match=rf"{penalty.__name__} was given {says}"):
        penalty(tg.Tensor(np.ones((2, 2)), requires_grad=True), lambd, m)


def test_penalties_refuse_nothing_and_impossible_ratios():
    with pytest.raises(ValueError, match=r"l1 was given .*"):
        tg.l1([], 1.0, 1)
    with pytest.raises(ValueError, match=r"l1_ratio=1\.5"):
        tg.elastic_net(np.ones(2), 1.0, 1, l1_ratio=1.5)


def test_a_tensor_with_gradients_does_not_become_complex_in_silence():
    with pytest.raises(TypeError, match=r"astype .*complex128, which carries no gradient"):
        tg.Tensor(np.ones(3), requires_grad=True).astype(complex)
    assert tg.Tensor(np.ones(3)).astype(complex).dtype == complex
