"""How lines are entered: the forms of a call, and constants beside differentiated arguments."""

from inspect import signature

import numpy as np
import pytest

import tinygrad_reg as tg
from tinygrad_reg.testing import check_gradients

REDUCTIONS = [np.sum, np.mean, np.prod, np.var, np.std, np.max, np.min]
reductions = pytest.mark.parametrize("reduce", REDUCTIONS, ids=lambda op: op.__name__)
X = np.array([[1.0, -2.0, 0.5, 3.0], [0.25, 4.0, -1.0, 2.0], [1.5, 0.75, 5.0, -3.0]])


# Reductions: every form of a call that NumPy knows


@reductions
@pytest.mark.parametrize("axis", [0, 1, -1, (0, 1), (1,)], ids=repr)
def test_an_axis_by_position_is_the_axis_by_name(reduce, axis):
    scale = 1 + np.arange(12).reshape(X.shape) / 8  # tells axes and entries apart
    by_position = tg.grad(lambda x: np.sum(reduce(x * scale, axis) ** 2))(X)
    by_name = tg.grad(lambda x: np.sum(reduce(a=x * scale, axis=axis) ** 2))(X)
    np.testing.assert_array_equal(by_position, by_name)
    check_gradients(lambda x: reduce(x, axis), X)


@reductions
def test_an_argument_given_as_missing_is_not_given(reduce):
    defaults = {name: p.default for name, p in signature(reduce).parameters.items()}
    missing = {name: x for name, x in defaults.items() if x is None or x is np._NoValue}
    x = tg.Tensor(X, requires_grad=True)
    for given in (missing, *({name: x} for name, x in missing.items())):
        found = reduce(x, **given | {"axis": 1})
        np.testing.assert_array_equal(found.data, reduce(X, axis=1))


# Constants beside what is differentiated


def mixed(left, right, share, turn):
    """`share` of the left and the rest of the right, turned by some places."""
    return np.roll(share * left + (1 - share) * right, turn)


def turned_back(cotangent, share, turn):
    return share * np.concatenate([cotangent[turn:], cotangent[:turn]])


mixed = tg.linear(
    mixed,
    lambda cotangent, y, left, right, share, turn: turned_back(cotangent, share, turn),
    lambda cotangent, y, left, right, share, turn: turned_back(cotangent, 1 - share, turn),
    jointly=True,
)


def test_an_operation_linear_in_some_arguments_jointly_keeps_its_constants():
    left, right = np.array([1.0, 2.0, 4.0]), np.array([0.5, -1.0, 3.0])
    check_gradients(lambda a, b: mixed(a, b, 0.25, 1), left, right)
    check_gradients(lambda a: mixed(a, right, 0.25, turn=1), left)
    check_gradients(lambda b: mixed(left, b, share=0.25, turn=1), right)


# Calls: by position, by name, and with arguments left out


def line(x, slope=2.0, offset=0.0):
    return slope * x + offset


line = tg.elementwise(line, lambda y, x, slope=2.0, offset=0.0: slope, lambda y, x, *_: x, 1)


def test_what_is_differentiated_may_be_given_by_name():
    x, slope, offset = np.array([1.0, -2.0]), np.array([3.0, 0.5]), np.array([4.0, 5.0])
    expected = line(x, slope, offset)
    for f in (
        lambda a, b, c: line(a, b, c),
        lambda a, b, c: line(a, b, offset=c),
        lambda a, b, c: line(a, offset=c, slope=b),
        lambda a, b, c: line(slope=b, offset=c, x=a),
    ):
        check_gradients(f, x, slope, offset)
        np.testing.assert_array_equal(tg.vjp(f, x, slope, offset)[0], expected)


def test_a_call_by_name_alone_is_recorded_as_the_one_operation_that_it_is():
    x = tg.Tensor(3.0, requires_grad=True)
    for y in (line(x), line(x=x), line(slope=x, x=1.0, offset=2.0)):
        assert y.rule.name == "line"


def test_an_argument_left_out_keeps_its_default():
    x = np.array([1.0, -2.0])
    y, pullback = tg.vjp(lambda x: line(x, offset=10.0), x)
    np.testing.assert_array_equal(y, 2 * x + 10)
    np.testing.assert_array_equal(pullback(np.ones(2))[0], [2, 2])


def test_numpy_functions_take_their_arguments_by_name():
    a, b = np.array([1.0, 2.0, -3.0]), np.array([0.5, 4.0])
    check_gradients(lambda a, b: np.outer(a=a, b=b), a, b)
    check_gradients(lambda a, b: np.outer(b=b, a=a), a, b)
    check_gradients(lambda a: np.swapaxes(a=a[None], axis1=0, axis2=1) * b, a)


def test_an_operation_whose_arguments_python_cannot_name_takes_keywords():
    with pytest.raises(ValueError, match="no signature"):
        signature(max)
    larger = tg.elementwise(
        max, lambda y, a, b, key: 1.0 * (a == y), lambda y, a, b, key: 1.0 * (b == y)
    )
    assert tg.grad(lambda a, b: larger(a, b, key=None), (0, 1))(3.0, 4.0) == (0, 1)


def test_a_shape_or_axes_changed_afterwards_change_no_gradient():
    A = np.arange(6.0).reshape(2, 3)
    x = tg.Tensor(A, requires_grad=True)
    axes, shift = np.array([1, 0]), np.array([3, 2])
    y = np.transpose(x, axes)
    z = np.broadcast_to(np.sum(x, 1), shift)
    axes[:] = [0, 1]
    shift[:] = [7, 7]
    weights = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    np.sum(y * weights).backward()
    np.testing.assert_array_equal(x.grad, weights.T)
    x.zero_grad()
    np.sum(z * weights).backward()
    np.testing.assert_array_equal(x.grad, [[9] * 3, [12] * 3])
