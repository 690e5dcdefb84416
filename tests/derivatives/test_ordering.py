"""Sorting: values move together with their gradients, and ties stay in their order."""

import itertools

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_reg as tg
from tinygrad_reg.testing import check_gradients

seeds = st.integers(0, 2**16)


def equal(found, expected):
    np.testing.assert_array_equal(found, expected)


@given(seeds, st.sampled_from([None, 0, 1, -1]))
def test_the_gradient_of_weighted_order_statistics_is_the_weight_of_the_rank(seed, axis):
    x = np.random.default_rng(seed).normal(size=(3, 4))
    sorted_shape = np.sort(x, axis=axis).shape
    weights = np.arange(1.0, 13.0).reshape(sorted_shape)
    ranks = scipy.stats.rankdata(x, axis=axis).astype(int) - 1
    if axis is None:
        expected = weights[ranks].reshape(x.shape)
    else:
        expected = np.take_along_axis(weights, ranks, axis)
    equal(tg.grad(lambda x: np.sum(np.sort(x, axis=axis) * weights))(x), expected)


@given(seeds, st.integers(0, 8), st.sampled_from([None, 0, -1]))
def test_the_gradient_of_a_partition_at_k_is_at_the_kth_smallest(seed, k, axis):
    x = np.random.default_rng(seed).permutation(81).reshape(9, 9) / 7
    pick = lambda y: y if axis is None else np.take(y, [k], axis)
    chosen = [k] if axis is None else slice(None)
    found = tg.grad(lambda x: np.sum(pick(np.partition(x, k, axis=axis))[chosen]))(x)
    equal(found, x == pick(np.sort(x, axis=axis))[chosen])


@given(seeds, st.sampled_from([[3], [0, 5], 4, -1]))
def test_a_partition_and_its_gradient_hold_the_same_entries(seed, kth):
    random = np.random.default_rng(seed)
    x = random.integers(0, 4, size=(2, 7)).astype(float)  # many ties
    weights = random.normal(size=(2, 7))
    value, pullback = tg.vjp(lambda x: np.partition(x, kth), x)
    equal(value, np.partition(x, kth))
    (gradient,) = pullback(weights)
    equal(np.sort(gradient), np.sort(weights))
    np.testing.assert_allclose(
        np.sum(gradient * x), np.sum(weights * value), rtol=1e-12, atol=1e-12
    )


def test_entries_that_tie_stay_in_their_order():
    x = np.array([2.0, 1.0, 2.0, 1.0, 2.0])
    weights = np.arange(1.0, 6.0)
    for kind in (None, "quicksort", "heapsort", "stable"):
        f = lambda x, kind=kind: np.sum(np.sort(x, kind=kind) * weights)
        equal(tg.grad(f)(x), [3, 1, 4, 2, 5])
        equal(tg.jvp(f, (x,), (weights,))[1], np.sum(weights * [3, 1, 4, 2, 5]))
    equal(tg.grad(lambda x: np.sort(x)[-1])(np.array([0.0, -0.0])), [0, 1])


def test_many_ties_stay_in_their_order_too():
    x = np.random.default_rng(3).integers(0, 3, size=200).astype(float)
    weights = np.arange(200.0)
    expected = np.empty(200)
    expected[sorted(range(200), key=lambda i: x[i])] = weights  # Python's sort is stable
    for f in (np.sort, lambda x: np.sort(x, kind="heapsort")):
        equal(tg.grad(lambda x, f=f: np.sum(f(x) * weights))(x), expected)


@given(seeds)
def test_at_ties_the_slope_lies_between_those_on_both_sides(seed):
    """Rising weights make a convex function, for which the slopes on both sides are bounds."""
    random = np.random.default_rng(seed)
    x = random.integers(0, 3, size=6).astype(float)
    weights = np.sort(random.normal(size=6))
    f = lambda x: np.sum(np.sort(x) * weights)
    direction = random.normal(size=6)
    step = 1e-6
    right = (f(x + step * direction) - f(x)) / step
    left = (f(x) - f(x - step * direction)) / step
    assert left - 1e-6 <= tg.jvp(f, (x,), (direction,))[1] <= right + 1e-6


def test_at_a_tie_of_two_every_weighting_has_a_slope_between_those_on_both_sides():
    x = np.array([1.0, 1.0])
    for weights in itertools.product([-1.0, 0.0, 2.0], repeat=2):
        f = lambda x, weights=weights: np.sum(np.sort(x) * np.array(weights))
        for direction in ([1.0, 0.0], [0.0, 1.0], [1.0, -1.0], [1.0, 1.0]):
            ahead, behind = sorted(direction), sorted(direction, reverse=True)
            sides = sorted([np.dot(weights, ahead), np.dot(weights, behind)])
            slope = tg.jvp(f, (x,), (np.array(direction),))[1]
            assert sides[0] <= slope <= sides[1]


def test_not_a_number_and_infinities_are_sorted_as_numpy_does():
    x = np.array([np.nan, 1.0, -np.inf, np.inf, 0.0])
    t = tg.Tensor(x, requires_grad=True)
    y = np.sort(t)
    equal(y.data, np.sort(x))
    y.backward(np.arange(1.0, 6.0))
    equal(t.grad, [5, 3, 1, 4, 2])


def test_gathers_at_places_found_by_ordering_carry_the_gradient():
    x = np.array([0.3, -1.2, 2.0, 0.9])
    places = (
        np.argsort,
        lambda x: np.argpartition(x, 2),
        lambda x: np.lexsort((x,)),
        lambda x: np.searchsorted(np.array([0.0, 1.0]), x),
        lambda x: np.searchsorted(np.array([0.0, 1.0]), v=x, side="right"),
        lambda x: np.digitize(x, [0.0, 1.0]),
        lambda x: np.unique(x, return_index=True)[1],
    )
    for f in places:
        found = f(tg.Tensor(x, requires_grad=True))
        assert type(found) is np.ndarray
        equal(found, f(x))
        check_gradients(lambda x, f=f: np.sum(x[f(x)] ** 3), x)


def test_unique_values_are_constants():
    x = np.array([2.0, 1.0, 2.0])
    found = np.unique(tg.Tensor(x, requires_grad=True))
    assert type(found) is np.ndarray
    equal(found, [1, 2])
    counts = np.unique_counts(tg.Tensor(x, requires_grad=True)).counts
    equal(counts, [1, 2])
    with pytest.raises(TypeError, match="no gradient can flow"):
        tg.grad(lambda x: np.sum(np.unique(x)))(x)
    gathered = lambda x: np.sum(x[np.unique(x, return_index=True)[1]] * [3.0, 5.0])
    equal(tg.grad(gathered)(x), [5, 3, 0])


def test_histograms_of_tensors_that_need_gradients_are_refused():
    t = tg.Tensor(np.arange(3.0), requires_grad=True)
    for f in (np.histogram, lambda t: np.bincount([0, 1, 2], weights=t)):
        with pytest.raises(TypeError, match=r"no line in the derivative table.*t\.data"):
            f(t)
    assert np.histogram(t.detach(), bins=3)[0].tolist() == [1, 1, 1]


def test_python_sorts_the_rows_of_a_tensor():
    x = np.array([3.0, 1.0, 2.0])
    f = lambda x: np.sum(np.stack(sorted(x, reverse=True)) * [1.0, 2.0, 3.0])
    equal(tg.grad(f)(x), [1, 3, 2])
