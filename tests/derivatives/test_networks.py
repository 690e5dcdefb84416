"""Layers, activations and losses of networks: values, gradients, kinks, saturation, bad input."""

import warnings
from itertools import product

import numpy as np
import pytest
import scipy.signal
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_reg as tg
from tinygrad_reg.derivatives.networks import SELU_ALPHA, SELU_SCALE, normal_distribution_
from tinygrad_reg.tensor import Tensor, rules

SEEDS = st.integers(0, 2**16)
INF = np.inf


def close(found, expected, tolerance=1e-12):
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def equal(found, expected):
    np.testing.assert_array_equal(found, expected)


def normal(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def every_order(f, x, weights=None):
    """∇Σ(weights·f) and its derivative along ones, which have to agree in all modes and nestings.

    Entries of f that are infinite carry no weight.
    """
    x = np.asarray(x)
    y = f(x)
    weights = np.where(np.isfinite(y), np.arange(1, y.size + 1).reshape(np.shape(y)), 0)
    weights = weights.astype(x.dtype)
    ones = np.ones_like(x)

    def total(x):
        return np.sum(weights * np.where(weights == 0, 0, f(x)))

    def slope(x):
        return tg.jvp(total, (x,), (ones,))[1]

    with np.errstate(all="ignore"):
        gradient = tg.grad(total)(x)
        second = tg.jvp(tg.grad(total), (x,), (ones,))[1]
        tolerance = 1e-10 if x.dtype == np.float64 else 1e-5
        close(slope(x), np.sum(gradient), tolerance)
        close(tg.grad(slope)(x), second, tolerance)
        close(tg.grad(lambda x: np.sum(tg.grad(total)(x)))(x), second, tolerance)
        close(tg.jvp(slope, (x,), (ones,))[1], np.sum(second), tolerance)
    for array in (y, gradient, second):
        assert array.dtype == x.dtype
        assert not np.isnan(array).any()
    return gradient / np.where(weights == 0, 1, weights) if y.shape == x.shape else gradient, second


# Convolution


def spread_out(kernel, dilation):
    """A kernel with zeros between its entries."""
    high, wide = kernel.shape
    result = np.zeros(((high - 1) * dilation[0] + 1, (wide - 1) * dilation[1] + 1))
    result[:: dilation[0], :: dilation[1]] = kernel
    return result


def by_scipy(X, W, stride, padding, dilation, groups=1):
    """A convolution channel by channel."""
    X = np.pad(X, ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2))
    inputs, outputs = X.shape[1] // groups, W.shape[0] // groups
    return np.array(
        [
            [
                sum(
                    scipy.signal.correlate2d(
                        image[k // outputs * inputs + c],
                        spread_out(W[k, c], dilation),
                        mode="valid",
                    )[:: stride[0], :: stride[1]]
                    for c in range(inputs)
                )
                for k in range(W.shape[0])
            ]
            for image in X
        ]
    )


@given(
    SEEDS,
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.integers(0, 2), st.integers(0, 2)),
    st.tuples(st.integers(1, 2), st.integers(1, 2)),
    st.integers(1, 2),
)
def test_conv2d_is_the_cross_correlation_of_scipy(seed, stride, padding, dilation, groups):
    X, W, b = normal(seed, 2, 2, 6, 5), normal(seed + 1, 4, 2 // groups, 3, 2), normal(seed + 2, 4)
    expected = by_scipy(X, W, stride, padding, dilation, groups)
    found = tg.conv2d(X, W, b, stride, padding, dilation, groups)
    close(found, expected + b[:, None, None])
    close(tg.conv2d(X, W, None, stride, padding, dilation, groups), expected)


@given(SEEDS)
def test_gradients_of_conv2d_are_convolutions(seed):
    X, W, b = normal(seed, 1, 1, 5, 6), normal(seed + 1, 1, 1, 2, 3), normal(seed + 2, 1)
    _, pullback = tg.vjp(tg.conv2d, X, W, b)
    cotangent = normal(seed + 3, 1, 1, 4, 4)
    dX, dW, db = pullback(cotangent)
    close(dX[0, 0], scipy.signal.convolve2d(cotangent[0, 0], W[0, 0]))
    close(dW[0, 0], scipy.signal.correlate2d(X[0, 0], cotangent[0, 0], mode="valid"))
    close(db, [np.sum(cotangent)])


@pytest.mark.parametrize(("size", "dilation"), [((3, 3), 1), ((2, 3), 2), ((2, 4), (3, 1))])
def test_same_padding_keeps_the_shape_with_the_spare_zeros_behind(size, dilation):
    X, W = normal(0, 2, 1, 5, 6), normal(1, 3, 1, *size)
    found = tg.conv2d(X, W, padding="same", dilation=dilation)
    assert found.shape == (2, 3, 5, 6)
    spare = [d * (k - 1) for d, k in zip(np.broadcast_to(dilation, 2), size, strict=True)]
    around = [(0, 0), (0, 0), *((n // 2, n - n // 2) for n in spare)]
    close(found, tg.conv2d(np.pad(X, around), W, padding="valid", dilation=dilation))


def test_a_convolution_of_no_examples_or_no_channels():
    W = normal(0, 3, 2, 2, 2)
    assert tg.conv2d(np.ones((0, 2, 4, 4)), W).shape == (0, 3, 3, 3)
    equal(tg.conv2d(np.ones((1, 0, 2, 2)), np.ones((2, 0, 1, 1))), np.zeros((1, 2, 2, 2)))
    assert tg.grad(lambda W: np.sum(tg.conv2d(np.ones((0, 2, 4, 4)), W)))(W).shape == W.shape


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X": np.ones((3, 3))}, r"conv2d.*\(3, 3\).*\(N, C, H, W\)"),
        ({"W": np.ones((1, 2, 2, 2))}, r"conv2d.*\(1, 1, 3, 3\).*\(1, 2, 2, 2\)"),
        ({"W": np.ones((2, 2))}, r"conv2d.*kernels of shape \(2, 2\)"),
        ({"W": np.ones((1, 1, 2))}, r"conv2d.*kernels of shape \(1, 1, 2\)"),
        ({"W": np.ones((1, 1, 2, 2, 2))}, r"conv2d.*kernels of shape \(1, 1, 2, 2, 2\)"),
        ({"W": np.ones((1, 1, 4, 2))}, r"conv2d.*windows of 4 by 2.*3 by 3"),
        ({"b": np.ones((1, 1))}, r"conv2d.*b of shape \(1, 1\).*\(1,\)"),
        ({"stride": 0}, r"stride=0.*at least 1"),
        ({"stride": (1, 2, 3)}, r"stride=\(1, 2, 3\).*pair"),
        ({"stride": 1.5}, r"stride=1.5.*whole number"),
        ({"padding": -1}, r"padding=-1.*at least 0"),
        ({"padding": "full"}, r"padding='full'"),
        ({"padding": "same", "stride": 2}, r"padding='same' with stride=\(2, 2\).*stride 1"),
        ({"dilation": 0}, r"dilation=0"),
        ({"groups": 0}, r"in 0 groups"),
        ({"groups": 2}, r"in 2 groups"),
    ],
)
def test_conv2d_says_what_does_not_fit(change, message):
    given_ = {"X": np.ones((1, 1, 3, 3)), "W": np.ones((1, 1, 2, 2))} | change
    with pytest.raises(ValueError, match=message):
        tg.conv2d(**given_)


# Pooling


def windows(X, size, stride, padding, dilation, number):
    """The windows of one image at every place, one by one."""
    X = np.pad(X, [(padding, padding)] * 2, constant_values=number)
    reach = dilation * (size - 1) + 1
    rows, columns = (range(0, n - reach + 1, stride) for n in X.shape)
    return {
        (i, j): X[y : y + reach : dilation, x : x + reach : dilation]
        for (i, y), (j, x) in product(enumerate(rows), enumerate(columns))
    }


@given(SEEDS, st.integers(1, 3), st.integers(1, 3), st.booleans(), st.integers(1, 2))
def test_pooling_takes_the_maximum_and_the_mean_of_every_window(
    seed, size, stride, padded, dilation
):
    padding = size // 2 if padded else 0
    X = normal(seed, 2, 2, 6, 7)
    largest = tg.max_pool2d(X, size, stride, padding, dilation)
    mean = tg.avg_pool2d(X, size, stride, padding)
    real = tg.avg_pool2d(X, size, stride, padding, count_include_pad=False)
    for n, c in np.ndindex(2, 2):
        for place, window in windows(X[n, c], size, stride, padding, dilation, -INF).items():
            assert largest[n, c][place] == window.max()
        for place, window in windows(X[n, c], size, stride, padding, 1, 0.0).items():
            close(mean[n, c][place], window.mean())
        for place, window in windows(X[n, c], size, stride, padding, 1, np.nan).items():
            close(real[n, c][place], np.nanmean(window))


def test_the_mean_of_ones_is_one_where_padding_does_not_count():
    ones = np.ones((3, 3, 4, 5))
    equal(tg.avg_pool2d(ones, 3, 1, padding=1, count_include_pad=False), ones)


def test_the_stride_of_pooling_is_the_size_of_a_window():
    X = normal(0, 1, 1, 6, 6)
    for pool in (tg.max_pool2d, tg.avg_pool2d):
        equal(pool(X, (2, 3)), pool(X, (2, 3), stride=(2, 3)))


def test_ties_in_max_pool2d_share_equally_also_where_windows_overlap():
    X = np.array([[[[1.0, 1.0, 0.0], [1.0, 1.0, 0.0]]]])
    gradient = every_order(lambda X: tg.max_pool2d(X, 2, stride=1), X)[0]
    equal(gradient, [[[[0.25, 1.25, 0], [0.25, 1.25, 0]]]])  # windows of weight 1 and 2
    lowest = np.full((1, 1, 2, 2), -INF)
    equal(tg.grad(lambda X: np.sum(tg.max_pool2d(X, 2)))(lowest), np.full((1, 1, 2, 2), 0.25))


def test_padding_gets_no_share_of_the_maximum():
    X = -np.ones((1, 1, 2, 2))
    equal(tg.max_pool2d(X, 2, padding=1), X)
    equal(tg.grad(lambda X: np.sum(tg.max_pool2d(X, 2, padding=1)))(X), np.ones((1, 1, 2, 2)))


@pytest.mark.parametrize("pool", [tg.max_pool2d, tg.avg_pool2d])
def test_pooling_says_what_does_not_fit(pool):
    X = np.ones((1, 1, 3, 3))
    with pytest.raises(ValueError, match=rf"{pool.__name__}.*\(3,\).*N, C, H, W"):
        pool(np.ones(3), 2)
    with pytest.raises(ValueError, match=rf"{pool.__name__}.*windows of 4 by 4.*3 by 3"):
        pool(X, 4)
    with pytest.raises(ValueError, match=rf"{pool.__name__}.*padding=\(2, 2\).*half"):
        pool(X, 3, padding=2)
    with pytest.raises(ValueError, match=rf"{pool.__name__}.*size=0"):
        pool(X, 0)


# Dropout


@given(SEEDS, st.sampled_from([0.1, 0.5, 0.9]))
def test_dropout_sets_to_zero_and_divides_the_rest(seed, rate):
    X = normal(seed, 40, 50)
    found = tg.dropout(X, rate, np.random.default_rng(seed))
    dropped = found == 0
    close(found[~dropped], X[~dropped] / (1 - rate))
    assert abs(dropped.mean() - rate) < 0.06
    f = lambda X: np.sum(tg.dropout(X, rate, np.random.default_rng(seed)))
    close(tg.grad(f)(X), np.where(dropped, 0, 1 / (1 - rate)))


def test_dropout_keeps_the_mean_and_draws_anew_from_its_generator():
    generator = np.random.default_rng(0)
    draws = [tg.dropout(np.ones(1000), 0.3, generator) for _ in range(50)]
    assert abs(np.mean(draws) - 1) < 0.02
    assert (draws[0] != draws[1]).any()


def test_dropout_at_the_ends_and_outside_of_training():
    X = np.array([1.0, INF, -2.0])
    generator = np.random.default_rng(0)
    equal(tg.dropout(X, 0, generator), X)
    equal(tg.dropout(X, 0.5, generator, training=False), X)
    equal(tg.dropout(X, 1, generator), np.zeros(3))
    equal(tg.grad(lambda X: np.sum(tg.dropout(X, 1.0, generator)))(X), np.zeros(3))
    equal(tg.grad(lambda X: np.sum(tg.dropout(X, 0, generator)))(X), np.ones(3))


@pytest.mark.parametrize("generator", [None, 0, np.random])
def test_dropout_without_a_generator_says_how_to_make_one(generator):
    with pytest.raises(TypeError, match=r"dropout.*np.random.default_rng\(seed\)"):
        tg.dropout(np.ones(2), 0.5, generator)


@pytest.mark.parametrize("rate", [-0.1, 1.5, np.nan])
def test_dropout_with_a_rate_that_is_no_probability(rate):
    with pytest.raises(ValueError, match=r"dropout.*rate.*from 0 to 1"):
        tg.dropout(np.ones(2), rate, np.random.default_rng(0))


# Normalization


@given(SEEDS)
def test_batch_norm_and_its_gradient_by_the_closed_formula(seed):
    X, gamma, beta, epsilon = (
        normal(seed, 3, 5),
        normal(seed + 1, 3, 1),
        normal(seed + 2, 3, 1),
        0.1,
    )
    deviation = np.sqrt(np.var(X, axis=1, keepdims=True) + epsilon)
    X_hat = (X - np.mean(X, axis=1, keepdims=True)) / deviation
    y, pullback = tg.vjp(lambda *xs: tg.batch_norm(*xs, epsilon=epsilon), X, gamma, beta)
    close(y, gamma * X_hat + beta)
    G = normal(seed + 3, 3, 5)
    dX, dgamma, dbeta = pullback(G)
    mean = lambda x: np.mean(x, axis=1, keepdims=True)
    close(dX, gamma / deviation * (G - mean(G) - X_hat * mean(G * X_hat)), 1e-11)
    close(dgamma, np.sum(G * X_hat, axis=1, keepdims=True))
    close(dbeta, np.sum(G, axis=1, keepdims=True))


@given(SEEDS)
def test_layer_norm_is_batch_norm_with_examples_and_features_exchanged(seed):
    X = normal(seed, 3, 5)
    close(tg.layer_norm(X, 1.0, 0.0), tg.batch_norm(X.T, 1.0, 0.0).T)
    gamma, beta = normal(seed + 1, 3, 1), normal(seed + 2, 3, 1)
    close(tg.layer_norm(X, gamma, beta), gamma * tg.layer_norm(X, 1.0, 0.0) + beta)


def test_batch_norm_of_images_treats_channels_apart():
    X = normal(0, 2, 3, 4, 5)
    found = tg.batch_norm(X, np.ones((3, 1, 1)), np.zeros((3, 1, 1)), axis=(0, 2, 3))
    rows = np.moveaxis(X, 1, 0).reshape(3, -1)
    close(np.moveaxis(found, 1, 0).reshape(3, -1), tg.batch_norm(rows, 1.0, 0.0))


def test_batch_norm_with_given_statistics_does_not_look_at_the_examples():
    X, mean, variance = normal(0, 2, 3), np.array([[1.0], [2.0]]), np.array([[4.0], [0.0]])
    found = tg.batch_norm(X, 2.0, 1.0, mean=mean, variance=variance)
    close(found, 2 * (X - mean) / np.sqrt(variance + 1e-5) + 1)
    f = lambda X: np.sum(tg.batch_norm(X, 1.0, 0.0, mean=mean, variance=variance))
    close(tg.grad(f)(X), np.broadcast_to(1 / np.sqrt(variance + 1e-5), (2, 3)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [0.0, 0.1, 16777.217, 1e30, 1.7e38, -3e38])
def test_normalizing_a_constant_gives_zero_and_a_finite_gradient(dtype, value):
    X = np.full((1, 7), value, dtype)
    f = lambda X: tg.batch_norm(X, 1.0, 0.0)
    equal(f(X), np.zeros((1, 7)))
    equal(tg.layer_norm(X.T, 1.0, 0.0), np.zeros((7, 1)))
    G = np.arange(7, dtype=dtype)
    gradient = tg.grad(lambda X: np.sum(G * f(X)))(X)
    close(gradient * np.sqrt(1e-5), [G - 3], 1e-5)
    second = tg.hvp(lambda X: np.sum(G * f(X)), (X,), (np.ones_like(X),))
    assert np.isfinite(second).all()


@pytest.mark.parametrize(("dtype", "large"), [(np.float32, 3e38), (np.float64, 1.7e308)])
def test_normalizing_does_not_overflow(dtype, large):
    X = np.array([[large, -large, large, -large], [1, 2, 3, 4]], dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        close(tg.batch_norm(X, 1.0, 0.0)[0], [1, -1, 1, -1], 1e-6)
        close(tg.batch_norm(X, 1.0, 0.0)[1], tg.batch_norm(X[1:], 1.0, 0.0)[0], 1e-6)
    gradient = every_order(lambda X: tg.batch_norm(X, 1.0, 0.0), X)[0]
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize(
    ("dtype", "powers"),
    [
        (np.float32, [-10, -3, 0, 8, 13, 15, 18, 25, 30, 36]),
        (np.float64, [-100, -3, 0, 100, 120, 132, 150, 240, 300]),
    ],
)
def test_normalizing_is_precise_at_every_scale_beside_what_overflows(dtype, powers):
    largest = np.finfo(dtype).max
    rows = np.array([1, 2, 3, 4]) * np.array([[10.0**power] for power in powers], np.longdouble)
    X = np.concatenate([[[largest, -largest, largest, -largest]], rows]).astype(dtype)
    deviations = X.astype(np.longdouble) - np.mean(X, axis=1, keepdims=True, dtype=np.longdouble)
    variance = np.mean(deviations**2, axis=1, keepdims=True)
    expected = deviations / np.sqrt(variance + np.longdouble(1e-5))
    found = tg.batch_norm(X, 1.0, 0.0)
    np.testing.assert_allclose(found, expected.astype(dtype), rtol=1e-5)


def test_normalizing_keeps_nan_and_empty_arrays():
    assert np.isnan(tg.batch_norm(np.array([[1.0, np.nan], [1.0, 2.0]]), 1.0, 0.0)[0]).all()
    for axis in (0, 1):
        assert tg.batch_norm(np.ones((3, 0)), 1.0, 0.0, axis=axis).shape == (3, 0)
        assert tg.layer_norm(np.ones((0, 3)), 1.0, 0.0, axis=axis).shape == (0, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda X: tg.batch_norm(X, np.ones(3), 0.0),
            r"batch_norm.*gamma of shape \(3,\).*\(3, 1\)",
        ),
        (lambda X: tg.batch_norm(X, 1.0, np.ones((1, 3))), r"beta of shape \(1, 3\).*\(3, 1\)"),
        (lambda X: tg.batch_norm(X, np.ones((2, 1)), 0.0), r"gamma of shape \(2, 1\)"),
        (
            lambda X: tg.layer_norm(X, 1.0, np.ones(3)),
            r"layer_norm.*beta of shape \(3,\).*\(3, 1\)",
        ),
        (lambda X: tg.batch_norm(X, 1.0, 0.0, epsilon=0), r"batch_norm.*epsilon=0.*above 0"),
        (lambda X: tg.layer_norm(X, 1.0, 0.0, epsilon=-1), r"layer_norm.*epsilon=-1.*above 0"),
        (lambda X: tg.batch_norm(X, 1.0, 0.0, mean=0.0), r"batch_norm.*expected both, or neither"),
    ],
)
def test_normalization_says_what_does_not_fit(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.ones((3, 3)))


# Activations and losses: values


def test_the_normal_distribution_function_is_precise_to_the_last_digits():
    x = np.linspace(-37, 9, 4001)
    expected = scipy.special.erfc(-x / np.sqrt(2)) / 2
    # The argument's own rounding error counts x² times in the tail.
    error = np.abs(normal_distribution_(x) / expected - 1)
    assert (error <= 1e-15 * (1 + x * x / 2)).all()
    expected = np.exp(scipy.special.log_ndtr(x[x < 0]))
    close(normal_distribution_(x[x < 0]) / expected, 1, 3e-13)


@given(SEEDS, st.sampled_from([1.0, 10.0]))
def test_activations_have_the_values_of_their_formulas(seed, scale):
    x = normal(seed, 4, 5) * scale
    close(tg.leaky_relu(x, 0.2), np.maximum(x, 0.2 * x))
    close(tg.elu(x, 0.7), np.where(x > 0, x, 0.7 * (np.exp(x) - 1)))
    close(tg.selu(x), SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * (np.exp(x) - 1)))
    close(tg.silu(x), x * scipy.special.expit(x))
    close(tg.gelu(x), x * scipy.special.ndtr(x))
    u = np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)
    close(tg.gelu(x, approximate=True), x * (1 + np.tanh(u)) / 2)
    close(tg.log_sigmoid(x), scipy.special.log_expit(x))
    for axis in (0, -1, None, (0, 1)):
        close(tg.log_softmax(x, axis), scipy.special.log_softmax(x, axis))
        close(tg.softmax(x, axis), scipy.special.softmax(x, axis))


def test_the_approximation_of_gelu_is_as_good_as_it_says():
    x = np.linspace(-10, 10, 20001)
    assert 0.0004 < np.abs(tg.gelu(x) - tg.gelu(x, approximate=True)).max() < 0.0005


def test_selu_keeps_mean_zero_and_variance_one():
    x, weights = np.polynomial.hermite_e.hermegauss(200)
    weights = weights / np.sum(weights)
    assert np.sum(weights * tg.selu(x)) == pytest.approx(0, abs=1e-3)
    assert np.sum(weights * tg.selu(x) ** 2) == pytest.approx(1, abs=1e-3)


@given(SEEDS, st.floats(0.1, 3))
def test_huber_is_that_of_scipy(seed, delta):
    r = normal(seed, 4, 5) * 3
    close(tg.huber(r, delta), scipy.special.huber(delta, r))
    r = np.array([delta, -delta, 0.0, 1e300, -INF])
    close(tg.huber(r, delta), scipy.special.huber(delta, r))


@given(SEEDS, st.sampled_from([0, 1, -1]))
def test_nll_of_log_softmax_is_the_cross_entropy(seed, axis):
    logits = normal(seed, 3, 3, 3)
    classes = np.random.default_rng(seed).integers(0, 3, (3, 3))
    losses = tg.nll(tg.log_softmax(logits, axis), classes, axis)
    close(losses, tg.softmax_cross_entropy(logits, classes, axis))
    moved = np.moveaxis(scipy.special.log_softmax(logits, axis), axis, -1)
    close(losses, [[-moved[i, j, classes[i, j]] for j in range(3)] for i in range(3)])
    f = lambda z: np.sum(tg.nll(tg.log_softmax(z, axis), classes, axis))
    one_hot = np.moveaxis(np.eye(3)[classes], -1, axis)
    close(tg.grad(f)(logits), scipy.special.softmax(logits, axis) - one_hot)


def test_nll_of_one_example_and_with_classes_as_tensors():
    logs = np.log([0.25, 0.75])
    assert tg.nll(logs, 1) == -logs[1]
    equal(tg.nll(logs[:, None], tg.Tensor(np.array([0]))), [-logs[0]])
    logits, classes = normal(0, 3, 2), np.array([2, 0])
    equal(
        tg.softmax_cross_entropy(logits, tg.Tensor(classes)),
        tg.softmax_cross_entropy(logits, classes),
    )


def test_hinge_is_zero_beyond_the_margin():
    s, t = np.array([2.0, 1.0, 0.5, -3.0]), np.array([1, 1, 1, 1])
    equal(tg.hinge(s, t), [0, 0, 0.5, 4])
    equal(tg.hinge(-s, -t), [0, 0, 0.5, 4])


# Kinks


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_slopes_at_zero_are_the_ones_that_are_written_down(zero):
    x = np.array(zero)
    assert every_order(lambda x: tg.leaky_relu(x, 0.2), x)[0] == 0.2
    assert every_order(lambda x: tg.elu(x, 0.7), x) == (0.7, 0.7)
    assert every_order(tg.elu, x) == (1, 1)
    close(every_order(tg.selu, x), [SELU_SCALE * SELU_ALPHA] * 2)
    assert every_order(tg.silu, x) == (0.5, 0.5)
    close(every_order(tg.gelu, x), (0.5, np.sqrt(2 / np.pi)))


def test_hinge_has_subgradient_zero_at_the_margin():
    equal(every_order(lambda s: tg.hinge(s, 1), [1.0, 0.0, 2.0])[0], [0, -1, 0])
    equal(
        every_order(lambda t: tg.hinge(np.array([1.0, 0.5, 2.0]), t), np.ones(3))[0], [0, -0.5, 0]
    )


def test_huber_where_the_square_ends_has_slope_delta_and_half_of_the_second_derivative():
    gradient, second = every_order(lambda r: tg.huber(r, 1.5), np.array([1.5, -1.5, 1.0, 2.0]))
    equal(gradient, [1.5, -1.5, 1.0, 1.5])
    equal(second, [0.5, 1.0, 3.0, 0.0])  # weighted by 1, 2, 3, 4
    by_delta = tg.grad(lambda delta: np.sum(tg.huber(np.array([1.0, 1.5, 4.0]), delta)))
    assert by_delta(1.5) == 2.5


@pytest.mark.parametrize(
    "line", [tg.relu, tg.leaky_relu, tg.elu, tg.hinge], ids=lambda line: line.__name__
)
def test_kinks_are_stated_in_the_table(line):
    assert list(rules[line].kinks.values()) in (["0"], ["slope"], ["alpha"])


# Saturation


LARGE = {np.float64: [1e3, 1e308, INF], np.float32: [1e3, 1e38, INF]}
SATURATED = {  # the slopes far to the left and far to the right
    "sigmoid": (tg.sigmoid, 0, 0),
    "tanh": (np.tanh, 0, 0),
    "relu": (tg.relu, 0, 1),
    "softplus": (tg.softplus, 0, 1),
    "log_sigmoid": (tg.log_sigmoid, 1, 0),
    "leaky_relu": (lambda x: tg.leaky_relu(x, 0.25), 0.25, 1),
    "elu": (tg.elu, 0, 1),
    "selu": (tg.selu, 0, SELU_SCALE),
    "silu": (tg.silu, 0, 1),
    "gelu": (tg.gelu, 0, 1),
    "gelu by tanh": (lambda x: tg.gelu(x, approximate=True), 0, 1),
    "huber": (tg.huber, -1, 1),
    "hinge": (lambda x: tg.hinge(x, 1.0), -1, 0),
    "cross-entropy of 0": (lambda x: tg.binary_cross_entropy(x, 0.0), 0, 1),
    "cross-entropy of 1": (lambda x: tg.binary_cross_entropy(x, 1), -1, 0),
    "cross-entropy of a share": (lambda x: tg.binary_cross_entropy(x, 0.25), -0.25, 0.75),
    "cross-entropy of classes": (
        lambda x: tg.softmax_cross_entropy(np.stack([x, 0 * np.sign(x)]), np.array([0] * 3)),
        -1,
        0,
    ),
}


@pytest.mark.parametrize("dtype", LARGE)
@pytest.mark.parametrize("name", SATURATED)
def test_saturated_functions_have_their_limits_as_slopes_in_every_order(name, dtype):
    f, left, right = SATURATED[name]
    x = np.array(LARGE[dtype], dtype)
    for side, slope in ((-x, left), (x, right)):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            y = f(side)
        gradient, second = every_order(f, side)
        finite = np.isfinite(y)
        close(gradient[finite], np.full(3, slope)[finite], 1e-6)
        equal(second, np.zeros(3))


@pytest.mark.parametrize("name", ["elu", "selu", "silu", "gelu", "gelu by tanh"])
def test_activations_at_infinity(name):
    f = SATURATED[name][0]
    lowest = {"elu": -1, "selu": -SELU_SCALE * SELU_ALPHA}.get(name, 0)
    close(f(np.array([-INF, INF])), [lowest, INF])
    close(tg.grad(lambda x: np.sum(f(x)[1:]))(np.array([-INF, INF])), [0, SATURATED[name][2]])
    assert np.isnan(f(np.nan))


def test_binary_cross_entropy_of_infinite_logits_counts_only_what_is_wrong():
    z, t = np.array([INF, INF, INF, -INF, -INF, -INF]), np.array([0, 0.5, 1, 0, 0.5, 1])
    equal(tg.binary_cross_entropy(z, t), [INF, INF, 0, 0, INF, INF])
    equal(tg.grad(lambda z: np.sum(tg.binary_cross_entropy(z, t)))(z), [1, 0.5, 0, 0, -0.5, -1])
    finite, shares = np.array([0.3, -2.0, 5.0]), np.array([0.25, 0.5, 1.0])
    beside = tg.binary_cross_entropy(np.append(finite, INF), np.append(shares, 1.0))
    close(beside[:3], tg.binary_cross_entropy(finite, shares))
    large = np.full(2, 1e308)
    equal(tg.binary_cross_entropy(large, [0.0, 0.25]), [1e308, 0.75e308])


ROWS = {  # logits, softmax
    "one ruled out": ([-INF, 0.0, 0.0], [0, 0.5, 0.5]),
    "all but one ruled out": ([-INF, 3.0, -INF], [0, 1, 0]),
    "all ruled out": ([-INF, -INF, -INF], [1 / 3, 1 / 3, 1 / 3]),
    "one certain": ([INF, 0.0, -INF], [1, 0, 0]),
    "two certain": ([INF, INF, 0.0], [0.5, 0.5, 0]),
    "large": ([1e308, 0.0, -1e308], [1, 0, 0]),
    "large and equal": ([1e308, 1e308, -1e308], [0.5, 0.5, 0]),
    "far apart": ([1e3, -1e3, 1e3], [0.5, 0, 0.5]),
}


@pytest.mark.parametrize("name", ROWS)
def test_softmax_and_its_relatives_with_infinite_logits(name):
    x, shares = map(np.array, ROWS[name])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        equal(tg.softmax(x), shares)
        close(np.exp(tg.log_softmax(x)), shares)
        for label in range(3):
            loss = tg.softmax_cross_entropy(x, np.array(label))
            equal(loss, -tg.log_softmax(x)[label])
            equal(loss, tg.nll(tg.log_softmax(x), label))
            if shares[label]:
                close(loss, -np.log(shares[label]))
        tg.logsumexp(x)
    equal(tg.grad(tg.logsumexp)(x), shares)
    for f in (tg.softmax, tg.log_softmax, tg.logsumexp):
        every_order(f, x)
    for label in range(3):
        chosen = np.eye(3)[label]
        for f in (
            lambda x, label=label: tg.softmax_cross_entropy(x, np.array(label)),
            lambda x, label=label: tg.nll(tg.log_softmax(x), label),
        ):
            every_order(f, x)
            close(tg.grad(f)(x), shares - chosen)
        targets = tg.grad(lambda t: tg.softmax_cross_entropy(x, t))(chosen)
        equal(targets, -tg.log_softmax(x))


def test_second_derivatives_of_softplus_are_numbers_where_the_exponential_overflows():
    curvature = tg.jvp(lambda x: tg.jvp(tg.softplus, (x,), (1.0,))[1], (-1000.0,), (1.0,))[1]
    assert curvature == 0
    loss = lambda z: tg.binary_cross_entropy(z, 0.0)
    assert tg.jvp(lambda x: tg.jvp(loss, (x,), (1.0,))[1], (-1000.0,), (1.0,))[1] == 0


# Types and shapes


ELEMENTWISE = [
    tg.leaky_relu, tg.elu, tg.selu, tg.silu, tg.gelu, tg.log_sigmoid, tg.huber, tg.log_softmax,
    lambda x: tg.gelu(x, approximate=True), lambda x: tg.hinge(x, 1.0),
    lambda x: tg.dropout(x, 0.5, np.random.default_rng(0)),
    lambda x: tg.batch_norm(x, 1.0, 0.0), lambda x: tg.layer_norm(x, 1.0, 0.0),
]  # fmt: skip


@pytest.mark.parametrize("f", ELEMENTWISE)
def test_arrays_give_arrays_and_tensors_give_tensors(f):
    x = np.array([[1.0, -2.0], [0.5, 4.0]])
    assert isinstance(f(x), np.ndarray)
    equal(f(x.tolist()), f(x))
    equal(f(np.array([[1, -2], [3, 4]])), f(np.array([[1.0, -2.0], [3.0, 4.0]])))
    assert f(x.astype(np.float32)).dtype == np.float32
    assert type(f(tg.Tensor(x, requires_grad=True))) is Tensor
    assert f(np.ones((2, 0))).shape == (2, 0)


def test_labels_that_are_integers_or_booleans_keep_float32():
    z = np.array([1.0, -2.0], np.float32)
    for labels in (np.array([1, 0]), np.array([True, False])):
        assert tg.binary_cross_entropy(z, labels).dtype == np.float32
        assert tg.softmax_cross_entropy(z, labels).dtype == np.float32
        close(tg.softmax_cross_entropy(z, labels), -tg.log_softmax(z)[0], 1e-6)
    assert tg.hinge(z, np.array([1, -1])).dtype == np.float32
    equal(tg.binary_cross_entropy(z, [1, 0]), tg.binary_cross_entropy(z, np.array([1.0, 0.0])))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: tg.hinge(np.ones((3, 1)), np.ones(3)), ValueError, "one target for each score"),
        (lambda: tg.hinge(np.ones(2), np.array([0, 1])), ValueError, r"target 0.*-1 and \+1"),
        (lambda: tg.huber(np.ones((3, 1)), np.ones(3)), ValueError, "one delta for each error"),
        (lambda: tg.huber(np.ones(3), 0.0), ValueError, "delta=0.0.*above 0"),
        (lambda: tg.huber(np.ones(3), -1.0), ValueError, "delta=-1.0.*above 0"),
        (lambda: tg.huber(np.ones(3), INF), ValueError, "delta=inf.*finite"),
        (lambda: tg.nll(np.ones((2, 3)), np.ones(3)), TypeError, "dtype float64.*integers"),
        (lambda: tg.nll(np.ones((2, 3)), np.array([0, 1, 2])), ValueError, "from 0 to 2.*0 to 1"),
        (lambda: tg.nll(np.ones((2, 3)), np.array([0, -1, 0])), ValueError, "from -1 to 0"),
        (
            lambda: tg.nll(np.ones((2, 3)), np.array([0, 1])),
            ValueError,
            r"\(2, 3\).*\(2,\).*axis 0",
        ),
        (
            lambda: tg.softmax_cross_entropy(np.ones((2, 3)), np.array([0, 1, 2])),
            ValueError,
            "softmax_cross_entropy.*from 0 to 2.*0 to 1",
        ),
        (
            lambda: tg.softmax_cross_entropy(np.ones((2, 3)), np.ones((3, 2))),
            ValueError,
            r"\(2, 3\).*\(3, 2\)",
        ),
    ],
)
def test_losses_say_what_does_not_fit(call, error, message):
    with pytest.raises(error, match=message):
        call()


# Penalties


def test_penalties_state_their_kinks():
    stated = {}
    for penalty in (tg.l1, tg.l2, tg.elastic_net, tg.group_lasso):
        node = penalty(tg.Tensor([1.0], requires_grad=True), 1.0, 1)
        stated[penalty.__name__] = node.rule.kinks
    assert stated == {
        "l1": {"w = 0": "0"},
        "l2": {},
        "elastic_net": {"w = 0": "0"},
        "group_lasso": {"w_g = 0": "0"},
    }


@pytest.mark.parametrize("size", [1e-300, 1e-150, 1e150, 1e300])
def test_group_lasso_neither_overflows_nor_vanishes(size):
    W = np.array([[3.0, 0.0], [4.0, 0.0]]) * size
    close(tg.group_lasso(W, 1.0, 1) / size, 5)
    gradient, _ = every_order(lambda W: tg.group_lasso(W, 1.0, 1), W)
    close(gradient, [[0.6, 0], [0.8, 0]])


@pytest.mark.parametrize("f", [tg.leaky_relu, tg.elu])
@pytest.mark.parametrize("x", [-1.3, 0.0, 0.7])
def test_mixed_second_derivatives_do_not_depend_on_the_order(f, x):
    by_x_first = tg.grad(lambda slope: tg.grad(f)(x, slope))(0.3)
    by_slope_first = tg.grad(lambda x: tg.grad(f, 1)(x, 0.3))(x)
    close(by_x_first, by_slope_first)
