"""What somebody who tried the engine for the first time found wrong, each as a test."""

import numpy as np
import pytest

import tinygrad_reg as tg
from tinygrad_reg.testing import check_gradients

X = np.arange(1.0, 7.0).reshape(2, 3)
WEIGHTS = np.arange(1.0, 7.0)


@pytest.mark.parametrize(
    "flat",
    [
        lambda z: z.flatten("F"),
        lambda z: z.ravel("F"),
        lambda z: np.ravel(z, "F"),
        lambda z: np.reshape(z, 6, "F"),
        lambda z: np.reshape(z, (6,), order="F"),
        lambda z: z.reshape(3, 2, order="F").reshape(6),
        lambda z: np.ravel(np.transpose(z, np.array([1, 0]))),
    ],
)
def test_orders_and_axes_in_every_spelling(flat):
    check_gradients(lambda z: np.sum(flat(z) ** 3 * WEIGHTS), X)


def test_an_order_that_depends_on_memory_is_an_error():
    with pytest.raises(ValueError, match=r"reshape .*order='K'"):
        tg.grad(lambda z: np.sum(z.ravel("K")))(X)


def test_elastic_net_is_differentiable_in_its_ratio():
    W = np.array([[1.0, -2.0], [0.5, 3.0]])
    penalty = lambda r: tg.elastic_net(W, 0.7, 5, r)
    expected = 0.7 / 5 * (np.sum(np.abs(W)) - np.sum(W**2) / 2)
    assert tg.grad(penalty)(0.3) == pytest.approx(expected, rel=1e-14)
    assert tg.jvp(penalty, (0.3,), (2.0,))[1] == pytest.approx(2 * expected, rel=1e-14)
    check_gradients(lambda W, r: tg.elastic_net(W, 0.7, 5, l1_ratio=r), W, 0.3)


@pytest.mark.parametrize(
    ("constant", "function"),
    [
        (np.array([200], np.uint8), np.arctan2),
        (np.array([-128], np.int8), np.arctan2),
        (np.uint8(200), np.arctan2),
        (np.array([2], np.uint8), np.power),
        (np.array([3.3], np.float32), np.power),
        (tg.Tensor(np.array([200], np.uint8)), np.arctan2),
    ],
)
def test_a_constant_of_a_small_dtype_does_not_spoil_the_derivative(constant, function):
    plain = getattr(constant, "data", constant)
    plain = np.asarray(plain if isinstance(plain, np.ndarray) else constant, dtype=float)
    got = tg.grad(lambda a: np.sum(function(constant, a)))(np.ones(1))
    expected = tg.grad(lambda a: np.sum(function(plain, a)))(np.ones(1))
    np.testing.assert_allclose(got, expected, rtol=1e-6 if function is np.power else 1e-14)


def test_a_small_integer_exponent():
    x = np.array([2.0])
    got = tg.grad(lambda a: np.sum(a ** np.array([-128], np.int8)))(x)
    np.testing.assert_allclose(got, -128 * 2.0**-129)


@pytest.mark.parametrize("size", [1e-200, 3e-162, 1.0, 1e200])
def test_group_lasso_of_tiny_and_huge_weights(size):
    w = np.array([3.0, 4.0]) * size
    value, gradient = tg.value_and_grad(lambda w: tg.group_lasso(w, 1.0, 1))(w)
    assert value == pytest.approx(5 * size, rel=1e-14)
    np.testing.assert_allclose(gradient, [0.6, 0.8], rtol=1e-14)


@pytest.mark.parametrize(
    "f",
    [
        lambda w: tg.group_lasso(w, 1.0, 1),
        lambda w: np.hypot(w[0], w[1]),
        np.std,
        lambda w: tg.l1(w, 1.0, 1),
    ],
)
def test_the_subgradient_at_the_origin_is_zero_in_every_order(f):
    np.testing.assert_array_equal(tg.grad(f)(np.zeros(2)), 0)
    np.testing.assert_array_equal(tg.hessian(f)(np.zeros(2)), 0)


def test_third_order_through_axes_and_products_with_zeros():
    f = lambda a: np.sum(np.transpose(a * np.ones((2, 2)), (1, 0)) ** 4)
    assert tg.grad(tg.grad(tg.grad(f)))(1.0) == pytest.approx(96)
    third = tg.jacobian(tg.hessian(np.prod))(np.array([0.0, 2.0, 3.0]))
    assert third[0, 1, 2] == third[2, 1, 0] == 1
    assert np.sum(third) == 6


@pytest.mark.parametrize(
    "f",
    [
        lambda w: w / (1.0, 2.0),
        lambda w: w ** (1.0, 2.0),
        lambda w: np.arctan2((1.0, 2.0), w),
        lambda w: w @ ((1.0, 2.0), (3.0, 4.0)),
        lambda w: w * [1.0, 2.0],
    ],
)
def test_lists_and_tuples_as_the_other_operand(f):
    check_gradients(lambda w: np.sum(f(w)), np.array([0.5, 2.0]))


def test_a_gradient_of_one_number_stays_an_array():
    a = tg.Tensor(2.0, requires_grad=True)
    for _ in range(2):
        (a**2).backward()
    a.grad[...] = 0
    assert a.grad == 0


def test_a_loss_of_one_entry_is_a_single_number():
    w = np.array([[1.0, 2.0]])
    np.testing.assert_array_equal(tg.grad(lambda w: w @ w.T)(w), 2 * w)
    with pytest.raises(ValueError, match="not a single number"):
        tg.grad(lambda w: w)(w)


def test_cross_entropies_of_infinite_logits():
    for z, t, loss in ((np.inf, 1.0, 0), (np.inf, 0.0, np.inf), (-np.inf, 0.0, 0)):
        with np.errstate(invalid="ignore"):
            assert tg.binary_cross_entropy(z, t) == loss


def test_a_row_and_a_column_are_no_logits_and_targets():
    with pytest.raises(ValueError, match=r"\(1, 3\).*\(3, 1\).*one target for each logit"):
        tg.binary_cross_entropy(np.zeros((1, 3)), np.ones((3, 1)))


def test_refusals_that_name_what_was_given():
    t = tg.Tensor(X, requires_grad=True, name="t")
    for f, kind, says in (
        (lambda: tg.l2(np.array([1j]), 1.0, 1), TypeError, "l2 .*complex128"),
        (lambda: tg.l1({"a": X}, 1.0, 1), TypeError, "l1 .*dict"),
        (lambda: tg.l1(X, "a", 1), TypeError, "lambd='a'"),
        (lambda: np.gcd(t, 2), TypeError, "np.gcd has no line"),
        (lambda: tg.grad(lambda p: 1.0)({}), TypeError, "no arrays"),
    ):
        with pytest.raises(kind, match=says):
            f()
    nothing = tg.elementwise(lambda x: None, lambda y, x: 1.0)
    with pytest.raises(TypeError, match="returned NoneType"):
        nothing(t)


def test_rounding_down_carries_no_gradient():
    t = tg.Tensor(X, requires_grad=True)
    assert type(t // 2) is np.ndarray


def test_reductions_of_nothing_have_an_empty_gradient():
    with pytest.warns(RuntimeWarning):
        assert tg.grad(np.mean)(np.zeros(0)).shape == (0,)


def test_a_rule_of_the_wrong_shape_is_named():
    odd = tg.elementwise(
        lambda x: 2 * x,
        lambda y, x: np.ones(7),
    )
    with pytest.raises(ValueError, match=r"the rule of .* for argument 0"):
        tg.grad(lambda x: np.sum(odd(x)))(np.ones(3))


def test_an_error_inside_an_operation_stays_what_it_was():
    broken = tg.elementwise(lambda x: x.no_such_thing, lambda y, x: 1.0)
    with pytest.raises(AttributeError, match=r"no_such_thing"):
        broken(tg.Tensor(X, requires_grad=True))


@pytest.mark.parametrize("entries", [(1,), (1, None)])
def test_an_argument_without_a_derivative_keeps_its_dtype(entries):
    seen = []

    def slope(y, x, places):
        seen.append(places.dtype)
        return np.isin(np.arange(x.size), places)

    added_at = tg.elementwise(lambda x, places: np.sum(x[places]), slope, *entries[1:])
    got = tg.grad(lambda x: added_at(x, np.array([0, 2])))(np.ones(3))
    np.testing.assert_array_equal(got, [1, 0, 1])
    assert seen == [np.dtype(int)]


def test_numbers_on_the_left_of_rounding_operators():
    t = tg.Tensor(X, requires_grad=True)
    np.testing.assert_array_equal(7 // t, 7 // X)
    np.testing.assert_array_equal((7 % t).data, 7 % X)


@pytest.mark.parametrize("operation", [tg.sigmoid, tg.relu, tg.softplus, tg.gelu])
def test_an_imaginary_part_is_never_dropped(operation):
    with pytest.raises(TypeError, match=r"complex array of shape \(1,\).*real"):
        operation(np.array([1j]))
