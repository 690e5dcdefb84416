"""The two walks over a graph: backward(), any depth, accumulation, ownership of the results."""

import gc
import weakref

import numpy as np
import pytest

import tinygrad_reg as tg

LONG = 100_000


def leaf(values, name=None):
    return tg.Tensor(values, requires_grad=True, name=name)


# backward()


def test_backward_accumulates_and_zero_grad_forgets():
    w = leaf([1.0, 2.0])
    for times in (1, 2, 3):
        np.sum(w**2).backward()
        np.testing.assert_array_equal(w.grad, times * np.array([2, 4]))
    w.zero_grad()
    assert w.grad is None


def test_backward_of_one_graph_twice_gives_the_same_twice():
    w = leaf([1.0, 2.0])
    loss = np.sum(np.exp(w))
    loss.backward()
    first = w.grad.copy()
    loss.backward()
    np.testing.assert_array_equal(w.grad, 2 * first)


def test_backward_takes_a_cotangent_for_anything_but_a_number():
    w = leaf([1.0, 2.0])
    (w * w).backward([1, 10])
    np.testing.assert_array_equal(w.grad, [2, 40])
    assert w.grad.dtype == np.float64
    half = leaf(np.ones(2, np.float32))
    (half * half).backward(np.ones(2))
    assert half.grad.dtype == np.float32


def test_backward_on_a_leaf_gives_the_cotangent():
    w = leaf(3.0)
    w.backward()
    assert w.grad == 1
    assert type(w.grad) is np.ndarray


def test_intermediate_results_keep_no_gradient():
    w = leaf([1.0, 2.0])
    y = w * 2
    np.sum(y).backward()
    assert y.grad is None


def test_backward_refuses_what_it_cannot_start_from():
    w = leaf([1.0, 2.0], name="w")
    with pytest.raises(ValueError, match=r"backward\(\) starts from .*multiply.*shape \(2,\).*sum"):
        (w * w).backward()
    with pytest.raises(ValueError, match=r"cotangent of shape \(3,\) .*expected shape \(2,\)"):
        (w * w).backward(np.ones(3))
    with pytest.raises(TypeError, match="cotangent of dtype complex128"):
        (w * w).backward(np.ones(2) * 1j)
    with pytest.raises(TypeError, match=r"no graph.*requires_grad=True.*no_grad"):
        tg.Tensor(1.0).backward()
    with tg.no_grad():
        y = np.sum(w)
    with pytest.raises(TypeError, match="no graph"):
        y.backward()
    assert w.grad is None


def test_one_tensor_used_many_times_collects_every_contribution():
    w = leaf(2.0)
    y = w * w + w * 3 + np.exp(w - w) + w / w
    y.backward()
    assert w.grad == pytest.approx(2 * 2 + 3)
    a = leaf([1.0, 2.0])
    np.sum(np.concatenate([a, a, a[:1]]) * np.array([1, 2, 3, 4, 5])).backward()
    np.testing.assert_array_equal(a.grad, [1 + 3 + 5, 2 + 4])


def test_a_branch_that_does_not_lead_to_the_output_costs_nothing_and_gives_nothing():
    w, other = leaf(2.0), leaf(3.0)
    w * other
    (w * 2).backward()
    assert other.grad is None


# Gradients belong to whoever receives them


def test_gradients_share_no_memory():
    w, b, c = leaf(np.ones((2, 2))), leaf(np.ones((2, 2))), leaf(np.ones(4))
    loss = np.sum(w + b) + np.sum(c.reshape(2, 2)) + np.sum(c.T)
    loss.backward()
    gradients = [w.grad, b.grad, c.grad]
    for i, one in enumerate(gradients):
        assert one.flags.writeable
        assert not any(np.shares_memory(one, other) for other in gradients[i + 1 :])
    before = w.grad
    loss.backward()
    np.testing.assert_array_equal(before, np.ones((2, 2)))  # accumulating does not write to it


def test_the_cotangent_given_is_not_shared():
    cotangent = np.ones(2)
    w = leaf(np.ones(2))
    (w + 0).backward(cotangent)
    assert not np.shares_memory(w.grad, cotangent)
    _, pullback = tg.vjp(lambda x: x, np.ones(2))
    assert not np.shares_memory(pullback(cotangent)[0], cotangent)
    tangent = np.ones(2)
    _, pushed = tg.jvp(lambda x: x, (np.ones(2),), (tangent,))
    assert not np.shares_memory(pushed, tangent)


def test_results_of_transforms_share_no_memory():
    x = np.ones(3)
    f = lambda a, b: np.sum(a + b)
    one, two = tg.grad(f, (0, 1))(x, x)
    assert not np.shares_memory(one, two)
    y, _ = tg.vjp(lambda x: x, x)
    assert not np.shares_memory(y, x)
    _, (one, two) = tg.value_and_grad(lambda p: np.sum(p[0] * p[1]))([x, 2 * x])
    one[:] = 7
    np.testing.assert_array_equal(two, np.ones(3))
    np.testing.assert_array_equal(x, np.ones(3))


def test_gradients_beside_one_that_is_a_tensor_share_no_memory_either():
    w, x = tg.Tensor(3.0, requires_grad=True), np.ones(3)
    f = lambda x, y, z: np.sum(x + y) + w * np.sum(z)
    by_z, by_x, by_y = tg.grad(f, (2, 0, 1))(x, x, x)
    assert type(by_z) is tg.Tensor
    assert type(by_x) is type(by_y) is np.ndarray
    assert not np.shares_memory(by_x, by_y)


def test_broadcast_gradients_can_be_written_to():
    gradient = tg.grad(np.sum)(np.ones((2, 3)))
    gradient += 1
    np.testing.assert_array_equal(gradient, np.full((2, 3), 2.0))


# Depth


def chain(x):
    for _ in range(LONG):
        x = x + 1e-5
    return x * x


def test_a_long_chain_in_both_modes():
    assert float(tg.grad(chain)(1.0)) == pytest.approx(4.0)
    assert float(tg.jvp(chain, (1.0,), (1.0,))[1]) == pytest.approx(4.0)


def test_a_long_chain_on_objects_is_differentiated_and_freed():
    w = leaf(1.0)
    y = chain(w)
    y.backward()
    assert float(w.grad) == pytest.approx(4.0)
    ends = [weakref.ref(y), weakref.ref(y.args[0])]
    gc.disable()
    try:
        del y  # freed at once: no cycles, and no recursion however long the chain
        assert [end() for end in ends] == [None, None]
    finally:
        gc.enable()


def test_a_long_chain_to_second_order():
    def short(x):
        for _ in range(3000):
            x = x * 1.0001
        return x * x

    factor = 1.0001**3000
    assert float(tg.grad(tg.grad(short))(1.0)) == pytest.approx(2 * factor**2)
    assert float(tg.hvp(short, (1.0,), (1.0,))) == pytest.approx(2 * factor**2)


def test_a_graph_of_many_paths_takes_no_longer_than_its_nodes():
    def doubled(x):
        for _ in range(200):  # 2^200 paths
            x = x + x
        return x

    assert float(tg.grad(doubled)(1.0)) == 2.0**200
    assert float(tg.jvp(doubled, (1.0,), (1.0,))[1]) == 2.0**200


# Rules that are wrong are caught


def misshapen(x):
    return np.sum(x)


def integral(x):
    return x * 1.0


misshapen = tg.linear(misshapen, lambda cotangent, y, x: np.ones(7))
integral = tg.elementwise(integral, lambda y, x: np.ones(x.shape, complex))


def test_a_rule_that_gives_the_wrong_shape_or_dtype_is_named():
    with pytest.raises(ValueError, match=r"rule of misshapen gave .*shape \(7,\).*shape \(3,\)"):
        tg.grad(misshapen)(np.ones(3))
    with pytest.raises(TypeError, match="rule of integral gave a derivative of dtype complex128"):
        tg.grad(lambda x: np.sum(integral(x)))(np.ones(3))


def test_a_loop_over_entries_takes_linear_time_and_adds_everything_up():
    def f(x):
        total = np.sum(x**2)
        for i in range(len(x)):
            total = total + x[i] * x[-1 - i]
        return total + np.sum(x[[0, 0, 1]]) + np.sum(np.sin(x)) + np.sum(x[x > 0])

    n = 3000
    x = np.linspace(-1, 1, n)
    expected = 2 * x + 2 * x[::-1] + np.cos(x) + (x > 0)
    expected[0] += 2
    expected[1] += 1
    with np.errstate(all="raise"):
        np.testing.assert_allclose(tg.grad(f)(x), expected, rtol=1e-12, atol=1e-12)


def test_indexing_hands_out_no_array_of_its_own_twice():
    x = tg.Tensor(np.ones(3), requires_grad=True)
    y = tg.Tensor(np.ones(3), requires_grad=True)
    s = x + y
    (s[0] + s[1]).backward()
    np.testing.assert_array_equal(x.grad, [1, 1, 0])
    x.grad[:] = 7
    np.testing.assert_array_equal(y.grad, [1, 1, 0])


# Zero contributes zero, also inside the sums of a product


INF = np.inf


@pytest.mark.parametrize("chosen", [[1, 0], [0, 1], [1, 1], [0, 0]], ids=repr)
def test_a_zero_cotangent_of_a_product_does_not_meet_its_infinite_factor(chosen):
    X = np.array([[1.0, INF], [2.0, 3.0]])
    W = np.array([[0.5, 0.25]])
    mask = np.array([chosen], bool)
    f = lambda W: np.sum(np.where(mask, W @ X, 0.0))
    expected = [[chosen[0] * 1 + (INF if chosen[1] else 0), chosen[0] * 2 + chosen[1] * 3]]
    np.testing.assert_array_equal(tg.grad(f)(W), expected)
    pushed = tg.jvp(f, (W,), (np.array([[1.0, 10.0]]),))[1]
    np.testing.assert_array_equal(pushed, expected[0][0] + 10 * expected[0][1])


def test_an_infinite_factor_that_is_met_stays_infinite_with_its_sign():
    X = np.array([[-INF, 1.0], [2.0, 3.0]])
    gradient = tg.grad(lambda W: np.sum(W @ X))(np.ones((1, 2)))
    np.testing.assert_array_equal(gradient, [[-INF, 5]])
    # the other factor infinite, and the cotangent zero in one place only
    masked = tg.grad(lambda X: np.sum(np.where([[True, False]], np.array([[INF, 1.0]]) @ X, 0)))
    np.testing.assert_array_equal(masked(np.ones((2, 2))), [[INF, 0], [1, 0]])


def test_a_zero_tangent_does_not_meet_an_infinite_derivative():
    x, v = np.array([0.0, 4.0]), np.array([0.0, 1.0])
    np.testing.assert_array_equal(tg.jvp(np.sqrt, (x,), (v,))[1], [0, 0.25])
    assert tg.jvp(lambda x: np.sqrt(x) * 3, (0.0,), (0.0,))[1] == 0


def test_zero_contributes_zero_to_second_order():
    def f(x):
        return np.sum(np.where(x > 0, np.sqrt(x), 0.0))

    x = np.array([4.0, 0.0])
    np.testing.assert_array_equal(tg.grad(f)(x), [0.25, 0])
    np.testing.assert_array_equal(tg.hessian(f)(x), [[-1 / 32, 0], [0, 0]])
    np.testing.assert_array_equal(tg.jvp(f, (x,), (np.ones(2),))[1], 0.25)


def test_infinite_derivatives_stay_infinite_where_they_are_asked_for():
    for y in (tg.grad(np.sqrt)(0.0), tg.jvp(np.sqrt, (0.0,), (1.0,))[1]):
        assert y == INF
    np.testing.assert_array_equal(
        tg.grad(lambda x: np.sum(np.sqrt(x) * [1.0, 0.0]))(np.zeros(2)), [INF, 0]
    )


# Constant local derivatives


def turned(x, y):
    return 2 * x - 3 * y


turned = tg.elementwise(turned, 2, -3)


def test_a_local_derivative_may_be_any_whole_number():
    f = lambda x, y: np.sum(turned(x * x, y * y))
    x, y = np.array([1.0, 2.0]), np.array([3.0, -1.0])
    one, other = tg.grad(f, (0, 1))(x, y)
    np.testing.assert_array_equal(one, 4 * x)
    np.testing.assert_array_equal(other, -6 * y)
    assert tg.jvp(f, (x, y), (np.ones(2), np.zeros(2)))[1] == 12
    assert tg.jvp(f, (x, y), (np.zeros(2), np.ones(2)))[1] == -12
    np.testing.assert_array_equal(tg.hessian(f)(x, y), 4 * np.eye(2))


def exploding(x):
    return 1.0 * x


def explode(direction, y, x):
    raise FloatingPointError("from the rule itself")


exploding = tg.derivative(exploding, pullbacks=[explode], pushforwards=[explode])


def test_a_floating_point_error_of_a_rule_reaches_the_caller():
    with pytest.raises(FloatingPointError, match="from the rule itself"):
        tg.grad(exploding)(1.0)
    with pytest.raises(FloatingPointError, match="from the rule itself"):
        tg.jvp(exploding, (1.0,), (1.0,))


@pytest.mark.parametrize(
    "move",
    [
        lambda x: np.reshape(x, (3, 1)),
        lambda x: np.moveaxis(x[None], 0, 1),
        lambda x: np.concatenate([x[:2], x[2:]], axis=0)[:, None],
        lambda x: x[:, None],
    ],
)
def test_infinite_cotangents_are_moved_like_others(move):
    weights = np.array([[1.0], [0.0], [-1.0]])
    gradient = tg.grad(lambda x: np.sum(np.sqrt(move(x)) * weights))(np.zeros(3))
    np.testing.assert_array_equal(gradient, [INF, 0, -INF])


def test_only_detect_anomaly_looks_for_what_is_not_finite():
    w = leaf(0.0)
    y = np.sqrt(w)
    with tg.no_grad():
        y.backward()
    assert w.grad == INF


def test_a_rule_in_full_is_called_with_the_arguments_of_the_call_and_no_others():
    met = []

    def pull(cotangent, y, x):
        met.append(x)
        return cotangent * x

    halved_square = tg.derivative(lambda x: x * x / 2, pullbacks=[pull], pushforwards=[pull])
    guarded = lambda z: np.sum(np.where(z > 1, np.sqrt(z), 0.0))  # 0 · ∞ on the way back
    x = np.array([INF, 1.0, 2.0])
    gradient = tg.grad(lambda x, z: np.sum(halved_square(x)) + guarded(z), (0, 1))(x, np.zeros(3))[
        0
    ]
    np.testing.assert_array_equal(gradient, x)
    for given in met:
        np.testing.assert_array_equal(given, x)


def test_a_tangent_of_zero_meets_an_infinity_in_a_matrix_product_as_a_cotangent_does():
    X = np.array([[1.0, np.inf], [2.0, 3.0]])
    with np.errstate(invalid="ignore"):
        _, tangent = tg.jvp(lambda W: W @ X, (np.ones((1, 2)),), (np.array([[0.0, 1.0]]),))
    np.testing.assert_array_equal(tangent, [[2, 3]])
    # and an infinite tangent meets a zero
    x = np.array([0.0, 1.0])
    slope = np.array([0.0, 1.0])
    _, tangent = tg.jvp(lambda x: np.sqrt(x) @ slope, (x,), (np.ones(2),))
    assert tangent == tg.grad(lambda x: np.sqrt(x) @ slope)(x) @ np.ones(2) == 0.5
