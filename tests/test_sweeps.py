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
