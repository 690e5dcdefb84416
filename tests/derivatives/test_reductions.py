"""Reductions, norms and running sums: masks, ties, zeros, empty arrays, large and small numbers."""

import warnings

import numpy as np
import pytest
import scipy.interpolate
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_reg as tg
from tinygrad_reg.testing.samples.reductions import METHODS

from ..deep import shared

NAN, INF = np.nan, np.inf


def equal(found, expected):
    np.testing.assert_array_equal(found, expected)


def close(found, expected, tolerance=1e-12):
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def gradient(f, x):
    """The gradient of Σf in reverse mode; forward mode must give the same."""
    x = np.asarray(x, float)
    total = lambda x: np.sum(f(x))
    with warnings.catch_warnings():  # NumPy warns of means of nothing, and of hidden infinities
        warnings.simplefilter("ignore")
        reverse = tg.grad(total)(x)
        forward = [tg.jvp(total, (x,), (v.reshape(x.shape),))[1] for v in np.eye(x.size)]
    np.testing.assert_allclose(np.reshape(forward, x.shape), reverse, rtol=1e-13, atol=1e-300)
    return reverse


def curvature(f, x):
    """The Hessian of Σf, reverse over forward and forward over reverse."""
    total = lambda x: np.sum(f(x))
    x = np.asarray(x, float)
    with np.errstate(all="ignore"):
        found = tg.hessian(total)(x)
        for i, v in enumerate(np.eye(x.size)):
            v = v.reshape(x.shape)
            column = tg.grad(lambda x, v=v: tg.jvp(total, (x,), (v,))[1])(x)
            expected = found.reshape(x.size, x.size)[:, i]
            np.testing.assert_allclose(column.ravel(), expected, rtol=1e-10, atol=1e-12)
    return found


# Masks


MASKED = {
    "sum": np.sum,
    "prod": np.prod,
    "max": lambda x, **keywords: np.max(x, initial=-INF, **keywords),
    "min": lambda x, **keywords: np.min(x, initial=INF, **keywords),
    "mean": np.mean,
    "var": np.var,
    "std": np.std,
    "logaddexp": np.logaddexp.reduce,
}


@pytest.mark.parametrize("name", MASKED)
@pytest.mark.parametrize("hidden", [NAN, INF, -INF, 0.0, 1e300])
def test_what_a_mask_hides_has_gradient_zero_and_changes_nothing(name, hidden):
    f = MASKED[name]
    shown = np.array([0.5, -1.5, 2.0])
    x = np.array([hidden, *shown, hidden])
    mask = np.isin(np.arange(5), [1, 2, 3])
    masked = lambda x: f(x, where=mask)
    equal(gradient(masked, x)[~mask], 0)
    close(gradient(masked, x)[mask], gradient(f, shown))
    hessian = curvature(masked, x)
    equal(hessian[~mask], 0)
    equal(hessian[:, ~mask], 0)
    close(hessian[np.ix_(mask, mask)], curvature(f, shown), 1e-11)


@pytest.mark.parametrize("name", ["sum", "prod", "max", "min", "mean", "var", "std"])
def test_nan_reductions_are_those_of_the_numbers(name):
    numbers = np.array([0.5, -1.5, 2.0])
    x = np.array([NAN, *numbers, NAN])
    f, of_numbers = getattr(np, "nan" + name), getattr(np, name)
    equal(gradient(f, x)[[0, 4]], 0)
    close(gradient(f, x)[1:4], gradient(of_numbers, numbers))
    hessian = curvature(f, x)
    equal(hessian[[0, 4]], 0)
    close(hessian[1:4, 1:4], curvature(of_numbers, numbers), 1e-11)


@pytest.mark.parametrize("name", ["sum", "prod", "max", "min", "mean", "var", "std", "median"])
def test_nan_reductions_of_nothing_but_nans_have_gradient_zero(name):
    equal(gradient(getattr(np, "nan" + name), [NAN, NAN]), [0, 0])
    table = np.array([[NAN, NAN], [1.0, NAN]])
    assert np.isfinite(gradient(lambda x: getattr(np, "nan" + name)(x, axis=1), table)[0]).all()


@pytest.mark.parametrize("shape", [(3,), (2, 1), (1, 3), ()])
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 1), (), np.int64(1), np.array(1)])
def test_masks_broadcast(shape, axis):
    x = np.arange(1.0, 7.0).reshape(2, 3)
    mask = np.resize([True, False, True], shape)
    expected = np.broadcast_to(mask, x.shape)
    axis = axis if axis is None or isinstance(axis, tuple) else int(axis)
    equal(gradient(lambda x: np.sum(x, axis=axis, where=mask), x), expected)
    equal(gradient(lambda x: np.add.reduce(x, axis=axis, where=mask), x), expected)


def test_a_mask_that_changes_later_does_not_change_the_gradient():
    mask, start = np.array([True, False]), np.array(2.0)
    x = tg.Tensor([3.0, 4.0], requires_grad=True)
    y = np.prod(x, where=mask, initial=start)
    mask[:], start[()] = False, 9
    y.backward()
    equal(x.grad, [2, 0])


def test_a_mask_may_be_a_list_a_tensor_or_a_single_truth_value():
    x = np.array([3.0, 4.0])
    equal(gradient(lambda x: np.sum(x, where=[True, False]), x), [1, 0])
    equal(gradient(lambda x: np.sum(x, where=tg.Tensor(np.array([True, False]))), x), [1, 0])
    equal(gradient(lambda x: np.sum(x, where=False), x), [0, 0])
    equal(gradient(lambda x: np.sum(x, None, None, None, False, 2.0, x > 3), x), [0, 1])


# The number that a reduction starts from


def test_the_initial_value_takes_part():
    x = np.array([2.0, 3.0, 3.0])
    equal(gradient(lambda x: np.sum(x, initial=7), x), [1, 1, 1])
    equal(gradient(lambda x: np.prod(x, initial=7), x), [63, 42, 42])
    equal(gradient(lambda x: np.prod(x, initial=0), x), [0, 0, 0])
    equal(gradient(lambda x: np.max(x, initial=4), x), [0, 0, 0])
    equal(gradient(lambda x: np.max(x, initial=3), x), [0, 1 / 3, 1 / 3])
    equal(gradient(lambda x: np.max(x, initial=1), x), [0, 0.5, 0.5])
    equal(gradient(lambda x: np.min(x, initial=2), x), [0.5, 0, 0])
    equal(gradient(lambda x: np.maximum.reduce(x, initial=3), x), [0, 1 / 3, 1 / 3])
    equal(gradient(lambda x: np.max(x, initial=3, where=x < 3), x), [0, 0, 0])


# Nothing to reduce


@pytest.mark.parametrize("f", [np.sum, np.prod, np.mean, np.var, np.std, np.nansum, np.nanmean])
@pytest.mark.parametrize(("shape", "axis"), [((0,), None), ((0, 2), 0), ((2, 0), 0), ((2, 0), 1)])
def test_reductions_of_empty_arrays_are_those_of_numpy(f, shape, axis):
    x = np.zeros(shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        y = f(tg.Tensor(x, requires_grad=True), axis=axis)
        expected = f(x, axis=axis)
        assert tg.grad(lambda x: np.sum(f(x, axis=axis)))(x).shape == shape
    assert y.shape == np.shape(expected)
    equal(y.data, expected)


@pytest.mark.parametrize("f", [np.max, np.min, np.ptp])
def test_the_largest_of_nothing_raises_unless_it_has_an_initial_value(f):
    x = tg.Tensor(np.zeros((0, 2)), requires_grad=True)
    with pytest.raises(ValueError, match="zero-size"):
        f(x, axis=0)
    assert f(x, axis=1).shape == (0,)
    equal(np.max(x, axis=0, initial=1.0).data, [1, 1])


# Variances and deviations of equal numbers


@pytest.mark.parametrize("name", ["var", "std", "nanvar", "nanstd"])
@pytest.mark.parametrize("number", [0.0, 0.1, -3.3, 1e200, 1e-200, 1e-310])
def test_spread_of_equal_numbers_has_gradient_zero(name, number):
    f = getattr(np, name)
    x = np.full(3, number)
    if name.endswith("std"):
        equal(gradient(f, x), [0, 0, 0])
        equal(curvature(f, x), np.zeros((3, 3)))
        table = np.array([[number] * 3, [1.0, 2.0, 4.0]])
        equal(gradient(lambda x: f(x, axis=1), table)[0], [0, 0, 0])
    else:
        close(gradient(f, x), [0, 0, 0], 1e-12 * max(1, number))
        close(curvature(f, x), 2 / 3 * (np.eye(3) - 1 / 3))


def test_a_given_mean_is_an_argument_like_any_other():
    x = np.array([1.0, 2.0, 6.0])
    own = lambda x: np.std(x, mean=np.mean(x, keepdims=True))
    close(gradient(own, x), gradient(np.std, x))
    fixed = lambda x: np.var(x, mean=np.array([2.0]))
    close(gradient(fixed, x), 2 / 3 * (x - 2))
    close(tg.grad(lambda mean: np.var(x, mean=mean))(np.array([2.0])), [-2.0])
    equal(gradient(lambda x: np.std(x, mean=np.array([2.0])), [2.0, 2.0]), [0, 0])


# Products


def test_products_with_infinite_or_vanishing_results_have_the_gradients_that_exist():
    equal(gradient(np.prod, [INF, 2.0]), [2, INF])
    equal(gradient(np.prod, [1e-200, 1e-200, 4.0]), [4e-200, 4e-200, 0])
    equal(gradient(np.prod, [1e200, 1e200, 0.0]), [0, 0, INF])
    equal(
        gradient(lambda x: np.prod(x, initial=2, where=[True, True, False]), [0.0, 3, NAN]),
        [6, 0, 0],
    )


def running_products(x):
    """∂(Πx up to k)/∂x_i, and its derivative by x_j, by multiplying without these."""
    n = len(x)
    without = lambda k, *skipped: np.prod([x[i] for i in range(k + 1) if i not in skipped])
    first = [[without(k, i) if i <= k else 0 for i in range(n)] for k in range(n)]
    second = [
        [[without(k, i, j) if i != j and max(i, j) <= k else 0 for j in range(n)] for i in range(n)]
        for k in range(n)
    ]
    return np.array(first), np.array(second)


@pytest.mark.parametrize(
    "x", [[2.0, 3, 4], [2.0, 0, 3, 5], [0.0, 2, 0, 3], [0.0, 0, 0], [0.0], [1.0, 2, 3, 0, 4, 5, 6]]
)
def test_running_products_with_zeros_to_second_order(x):
    x = np.array(x)
    first, second = running_products(x)
    equal(tg.jacobian(np.cumprod)(x), first)
    pushed = [tg.jvp(np.cumprod, (x,), (v,))[1] for v in np.eye(len(x))]
    equal(np.transpose(pushed), first)
    weights = np.arange(1.0, len(x) + 1)
    equal(curvature(lambda x: np.cumprod(x) * weights, x), np.tensordot(weights, second, 1))


@given(st.integers(0, 2**16), st.sampled_from([0, 1, -1, None]))
def test_running_products_along_axes_with_zeros(seed, axis):
    random = np.random.default_rng(seed)
    x = random.normal(size=(3, 4)) * (random.random((3, 4)) < 0.6)
    slope = lambda row: np.sum(running_products(row)[0], axis=0)
    expected = np.reshape(slope(x.ravel()), x.shape) if axis is None else None
    if expected is None:
        expected = np.apply_along_axis(slope, axis, x)
    close(gradient(lambda x: np.cumprod(x, axis=axis), x), expected)


# Ties


def test_ties_share_equally_in_every_function_that_picks_entries():
    x = np.array([1.0, 3.0, 3.0, 1.0, 1.0])
    third = 1 / 3
    equal(gradient(np.nanmax, x), [0, 0.5, 0.5, 0, 0])
    equal(gradient(np.ptp, x), [-third, 0.5, 0.5, -third, -third])
    equal(gradient(np.median, x), [third, 0, 0, third, third])
    equal(gradient(lambda x: np.quantile(x, 0.9), x), [0, 0.5, 0.5, 0, 0])
    close(gradient(lambda x: np.quantile(x, 0.6), x), [0.2, 0.2, 0.2, 0.2, 0.2])
    equal(gradient(np.ptp, [2.0, 2.0]), [0, 0])
    equal(gradient(np.median, [[2.0, 2.0], [2.0, 2.0]]), np.full((2, 2), 0.25))


def test_a_nan_that_makes_the_result_takes_the_whole_gradient():
    x = np.array([NAN, 1.0, 5.0, NAN])
    for f in (np.max, np.min, np.median, lambda x: np.quantile(x, 0.3)):
        equal(gradient(f, x), [0.5, 0, 0, 0.5])


# Quantiles


@pytest.mark.parametrize("method", METHODS)
@shared(len(METHODS))
@given(st.integers(0, 2**16), st.integers(1, 9), st.floats(0, 1))
def test_a_quantile_is_the_mean_of_the_entries_weighted_by_its_gradient(method, seed, n, q):
    x = np.random.default_rng(seed).normal(size=n)
    f = lambda x: np.quantile(x, q, method=method)
    weights = tg.grad(f)(x)
    assert np.all(weights >= 0)
    assert np.count_nonzero(weights) <= 2
    close(np.sum(weights), 1)
    close(np.sum(weights * x), f(x))
    equal(tg.hvp(f, (x,), (np.ones(n),)), np.zeros(n))
    equal(gradient(lambda x: np.nanquantile(x, q, method=method), np.append(x, NAN))[:-1], weights)


@pytest.mark.parametrize("f", [np.quantile, np.percentile, np.nanquantile, np.nanpercentile])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_quantiles_have_the_dtype_and_shape_of_numpy(f, dtype):
    x = np.arange(12, dtype=dtype).reshape(3, 4)
    for q in (0.3, np.float64(0.3), np.array(0.3), [0.3, 0.5], np.array([0.3]), 1, []):
        for axis in (None, 0, (1, 0)):
            y = f(tg.Tensor(x, requires_grad=True), q, axis=axis)
            expected = f(x, q, axis=axis)
            assert (y.dtype, y.shape) == (expected.dtype, expected.shape)
            equal(y.data, expected)


# Norms


ORDERS = [None, 0.5, 1, 1.5, 2, 3, 4, INF, -1, -INF, 0]
MATRIX_ORDERS = ["fro", 1, -1, INF, -INF]


@pytest.mark.parametrize("ord", ORDERS)
def test_norms_have_subgradient_zero_at_the_origin_in_every_order(ord):
    f = lambda x: np.linalg.norm(x, ord, axis=0)
    with np.errstate(divide="ignore"):
        equal(gradient(f, np.zeros((3, 2))), np.zeros((3, 2)))
        equal(curvature(f, np.zeros(3)), np.zeros((3, 3)))
        equal(gradient(lambda x: f(x) ** 2, np.zeros(3)), np.zeros(3))
        equal(gradient(lambda x: f(x - x[::-1]), np.ones(2)), np.zeros(2))


@pytest.mark.parametrize("ord", MATRIX_ORDERS)
def test_matrix_norms_have_subgradient_zero_at_the_origin(ord):
    f = lambda X: np.linalg.norm(X, ord)
    equal(gradient(f, np.zeros((2, 3))), np.zeros((2, 3)))
    equal(curvature(f, np.zeros((2, 2))), np.zeros((2, 2, 2, 2)))


@pytest.mark.parametrize("ord", ["nuc", 2, -2])
def test_norms_of_singular_values_have_subgradient_zero_where_these_are_zero(ord):
    f = lambda X: np.linalg.norm(X, ord)
    equal(gradient(f, np.zeros((2, 3))), np.zeros((2, 3)))
    close(gradient(f, np.diag([3.0, 1.0])), np.diag({"nuc": [1, 1], 2: [1, 0], -2: [0, 1]}[ord]))


@pytest.mark.parametrize("ord", [o for o in ORDERS if o != 0])
@shared(len(ORDERS) - 1)
@given(st.integers(0, 2**16))
def test_a_norm_is_what_its_gradient_says_of_the_vector_itself(ord, seed):
    x = np.random.default_rng(seed).normal(size=5)
    f = lambda x: np.linalg.norm(x, ord, axis=0)
    slope = tg.grad(f)(x)
    close(slope @ x, f(x))
    close(tg.grad(f)(-x), -slope)
    if ord is not None and ord >= 1:  # the norm of the gradient is 1, in the dual order
        dual = INF if ord == 1 else 1 if ord == INF else ord / (ord - 1)
        close(np.linalg.norm(slope, dual), 1)


@pytest.mark.parametrize("ord", [None, 1, 1.5, 2, 3, 4, INF])
@pytest.mark.parametrize("scale", [1e300, 1e-300, 1e-310])
def test_gradients_of_norms_do_not_depend_on_the_scale(ord, scale):
    x = np.array([3.0, -1.0, 2.0, 0.0])
    f = lambda x: np.linalg.norm(x, ord, axis=0)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(gradient(f, x * scale), gradient(f, x), rtol=1e-9)
        if ord is None:
            np.testing.assert_allclose(gradient(np.linalg.norm, x * scale), gradient(f, x))


@pytest.mark.parametrize("ord", MATRIX_ORDERS)
def test_matrix_norms_add_up_to_themselves_along_any_two_axes(ord):
    X = np.random.default_rng(0).normal(size=(2, 3, 4))
    for axis in ((0, 1), (2, 0), (-1, -2)):
        f = lambda X, axis=axis: np.linalg.norm(X, ord, axis=axis)
        close(np.sum(gradient(f, X) * X, axis=axis), f(X))
    last = lambda X: np.linalg.matrix_norm(X, ord=ord)
    equal(gradient(last, X), gradient(lambda X: np.linalg.norm(X, ord, axis=(1, 2)), X))


def test_a_tuple_of_one_axis_is_that_axis():
    X = np.random.default_rng(0).normal(size=(2, 3))
    for order in (None, 1, 3, -2):
        one, same = (lambda X, a=a, o=order: np.linalg.norm(X, o, axis=a) for a in ((1,), 1))
        equal(one(tg.Tensor(X, requires_grad=True)).data, same(X))
        equal(gradient(one, X), gradient(same, X))


@pytest.mark.parametrize("ord", [-1, -2, -4, -0.5])
def test_a_norm_of_negative_order_that_is_zero_has_subgradient_zero(ord):
    f = lambda x: np.linalg.norm(x, ord, axis=0)
    with np.errstate(divide="ignore"):
        equal(gradient(f, np.array([0.0, 3.0, -4.0])), np.zeros(3))


def test_norms_of_wrong_orders_and_shapes_raise_as_in_numpy():
    for shape, order, axis in (((2,), "nuc", None), ((2, 2), 3, None), ((2, 2, 2), 1, None)):
        with pytest.raises(ValueError, match=r"[Nn]orm|norm"):
            np.linalg.norm(tg.Tensor(np.ones(shape), requires_grad=True), order, axis)


# Running sums, slopes and areas


@pytest.mark.parametrize(
    ("places", "axis"), [((3,), 0), ((3, 1), 0), ((3, 4), 0), ((4,), 1), ((3, 4), 1), ((4,), -1)]
)
def test_areas_are_proportional_to_heights_and_to_widths(places, axis):
    y, x = (
        np.random.default_rng(0).normal(size=(3, 4)),
        np.random.default_rng(1).normal(size=places),
    )
    f = lambda y, x: np.trapezoid(y, x, axis=axis)
    equal(f(tg.Tensor(y, requires_grad=True), x).data, f(y, x))
    for f_of_one, z in ((lambda y: f(y, x), y), (lambda x: f(y, x), x)):
        close(np.sum(gradient(f_of_one, z) * z), np.sum(f(y, x)))


def test_slopes_and_areas_of_straight_lines():
    x = np.array([0.0, 1.0, 3.0, 3.5])
    rise = lambda slope: np.gradient(slope * x, x)
    close(tg.jacobian(rise)(np.array(2.0)), np.ones(4))
    area = lambda slope: np.trapezoid(slope * x, x)
    close(tg.grad(area)(np.array(2.0)), 3.5**2 / 2)
    close(tg.grad(lambda x: np.trapezoid(np.ones(4), x))(x), [-1, 0, 0, 1])


def test_slopes_along_several_axes_are_a_tuple_as_in_numpy():
    f = tg.Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    assert [type(np.gradient(f)), len(np.gradient(f))] == [tuple, 2]
    assert type(np.gradient(f, axis=(0,))) is tg.Tensor
    assert np.gradient(f, axis=()) == ()


def test_interpolation_has_the_slope_of_the_line_that_scipy_finds():
    xp, fp = np.array([0.0, 1.0, 3.0]), np.array([2.0, 5.0, 1.0])
    x = np.array([0.0, 0.2, 1.0, 2.9])  # at a point, the line to its right
    lines = scipy.interpolate.PPoly([np.diff(fp) / np.diff(xp), fp[:-1]], xp)
    close(gradient(lambda x: np.interp(x, xp, fp), x), lines.derivative()(x))
    equal(gradient(lambda x: np.interp(x, xp, fp), [-1.0, 3.0, 4.0]), [0, 0, 0])
    ends = np.array([-1.0, 4.0])
    equal(gradient(lambda fp: np.interp(ends, xp, fp), fp), [1, 0, 1])
    equal(gradient(lambda fp: np.interp(ends, xp, fp, left=0.0), fp), [0, 0, 1])
    equal(gradient(lambda fp: np.interp(ends, xp, fp, right=0.0), fp), [1, 0, 0])


# What carries no gradient, and what is an error


def test_logical_reductions_and_counts_give_plain_results():
    x = tg.Tensor([[0.0, 2.0], [NAN, 1.0]], requires_grad=True)
    for f in (
        np.any, np.all, np.count_nonzero, np.argmax, np.argmin, np.nanargmax, np.nanargmin,
        np.logical_and.reduce, np.logical_or.reduce,
    ):  # fmt: skip
        found, expected = f(x, axis=1), f(x.data, axis=1)
        assert type(found) is np.ndarray
        equal(found, expected)


x = tg.Tensor(np.ones((2, 2)), requires_grad=True)
t = tg.Tensor(0.5, requires_grad=True)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: np.sum(x, dtype=np.float32), r"sum .*dtype=.*astype"),
        (lambda: np.nanmean(x, out=np.ones(())), r"nanmean .*out="),
        (lambda: np.var(x, 0, np.float32), r"var .*dtype="),
        (lambda: np.cumsum(x, dtype=np.float32), r"cumsum .*dtype="),
        (lambda: np.cumulative_prod(x, axis=0, dtype=int), r"cumprod .*dtype="),
        (lambda: np.median(x, overwrite_input=True), r"median .*overwrite_input="),
        (
            lambda: np.quantile(x, 0.5, method="inverted_cdf", weights=x.data),
            r"quantile .*weights=",
        ),
        (lambda: np.quantile(x, t), r"quantile .*'q'.*t\.data"),
        (lambda: np.sum(x, initial=t), r"sum .*'initial'.*t\.data"),
        (lambda: np.average(x, weights=x[0]), r"average .*axis="),
        (lambda: np.interp(x, [0, 1], [0, 1], period=1), r"interp .*period="),
        (lambda: np.interp(x, [0, 1], [0, 1], t), r"interp .*3.*t\.data"),
        (lambda: np.ediff1d(np.arange(3), to_end=t), r"ediff1d .*to_end .*astype"),
    ],
)
def test_what_is_not_supported_is_said(call, says):
    with pytest.raises(TypeError, match=says):
        call()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: np.var(x, ddof=1, correction=1), "ddof=1 and correction=1"),
        (lambda: np.average(x, axis=0, weights=np.ones(3)), r"weights of shape \(3,\)"),
        (lambda: np.diff(t), r"diff .*shape \(\)"),
        (lambda: np.diff(x, n=-1), "n=-1"),
        (lambda: np.gradient(x, edge_order=2), "edge_order=2"),
        (lambda: np.gradient(x, edge_order=3), "edge_order=3"),
        (lambda: np.gradient(x, np.ones(3), axis=0), r"coordinates of shape \(3,\)"),
        (lambda: np.cumulative_sum(x), "no axis"),
        (lambda: np.sum(x, axis=2), "out of bounds"),
    ],
)
def test_what_makes_no_sense_raises_as_in_numpy(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_weights_that_sum_to_zero_raise_as_in_numpy():
    with pytest.raises(ZeroDivisionError, match="average"):
        np.average(x, axis=1, weights=np.array([1.0, -1.0]))
