"""no_grad and detect_anomaly."""

import linecache
import threading

import numpy as np
import pytest

import tinygrad_reg as tg


def leaf(values, name=None):
    return tg.Tensor(values, requires_grad=True, name=name)


def test_no_grad_records_nothing_and_keeps_no_parents():
    x = leaf([1.0, 2.0])
    with tg.no_grad():
        y = np.sum(x * 2)
    assert not y.requires_grad
    assert y.args == ()
    assert y.rule is None
    assert (x * 2).requires_grad


def test_no_grad_ends_with_an_error_and_nests():
    x = leaf(1.0)
    with pytest.raises(ZeroDivisionError), tg.no_grad():
        raise ZeroDivisionError
    assert (x * 2).requires_grad
    with tg.no_grad():
        with tg.no_grad():
            pass
        assert not (x * 2).requires_grad


def test_a_result_of_constants_keeps_no_parents():
    y = tg.Tensor([1.0]) * tg.Tensor([2.0])
    assert y.args == ()
    assert not y.requires_grad


def test_no_grad_holds_for_its_own_thread_only():
    x = leaf(1.0)
    inside, done = threading.Event(), threading.Event()
    recorded = []

    def other():
        inside.wait(10)
        recorded.append((x * 2).requires_grad)
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    with tg.no_grad():
        inside.set()
        assert done.wait(10)
        recorded.append((x * 2).requires_grad)
    thread.join()
    assert recorded == [True, False]


def test_transforms_inside_no_grad_still_differentiate():
    with tg.no_grad():
        assert float(tg.grad(np.sin)(0.0)) == 1.0
        assert float(tg.jvp(np.sin, (0.0,), (2.0,))[1]) == 2.0


def test_threads_do_not_disturb_each_other():
    results = {}

    def work(k):
        W = np.full((3, 3), float(k))
        results[k] = [tg.grad(lambda W: np.sum(W**2))(W) for _ in range(20)]

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k in range(4):
        for gradient in results[k]:
            np.testing.assert_array_equal(gradient, np.full((3, 3), 2.0 * k))


def test_the_operation_that_made_the_first_infinity_is_named_with_its_line():
    x = leaf([1.0, 0.0], name="x")
    says = r"log made -inf at entry \(1,\)"
    watched = pytest.raises(tg.AnomalyError, match=says)
    with np.errstate(all="ignore"), tg.detect_anomaly(), watched as caught:
        np.log(x) * 2
    assert "test_modes.py, line" in str(caught.value)
    assert "np.log(x) * 2" in str(caught.value)
    assert issubclass(tg.AnomalyError, FloatingPointError)


def test_a_nan_in_the_data_is_found_as_given():
    X = np.array([[1.0, np.nan]])
    with tg.detect_anomaly(), pytest.raises(tg.AnomalyError, match=r"given nan at entry .*data"):
        leaf([[1.0]]) @ X
    with tg.detect_anomaly(), pytest.raises(tg.AnomalyError, match="was given nan"):
        tg.grad(lambda W: np.sum(W @ X))(np.ones((1, 1)))


def test_an_infinity_of_the_reverse_sweep_is_named_with_the_line_of_its_operation():
    x = leaf([4.0, 0.0])
    with np.errstate(all="ignore"), tg.detect_anomaly():
        y = np.sqrt(x)  # this line is named
        loss = np.sum(y)
        with pytest.raises(tg.AnomalyError, match=r"cotangent of argument 0 of sqrt") as caught:
            loss.backward()
    assert "this line is named" in str(caught.value)


def test_nothing_is_watched_outside_of_the_block():
    x = leaf([0.0])
    with np.errstate(all="ignore"):
        assert np.isneginf(np.log(x).data).all()
        with tg.detect_anomaly():
            assert (x + 1).data == 1


def test_a_guarded_branch_is_an_anomaly_only_where_it_is_made():
    with tg.detect_anomaly():
        safe = lambda x: np.sum(np.where(x > 0, np.sqrt(np.where(x > 0, x, 1)), 0))
        np.testing.assert_array_equal(tg.grad(safe)(np.array([-1.0, 4.0])), [0, 0.25])


def names_of_scopes(tensor):
    return [scope.name for scope in tensor.place.scopes]


def failing_cell(b):
    """Computes something in a scope that ends with an error."""
    try:
        with tg.scope("cell"):
            c = b * 2
            raise ZeroDivisionError
    except ZeroDivisionError:
        return c


def test_scopes_nest_and_end_with_an_error_and_two_of_one_name_are_two():
    x = tg.Tensor(1.0, requires_grad=True)
    with tg.scope("outer"):
        a = x + 1
        with tg.scope("cell"):
            b = a * 2
        c = failing_cell(b)
        d = c + 1
    assert [names_of_scopes(t) for t in (a, b, c, d)] == [
        ["outer"], ["outer", "cell"], ["outer", "cell"], ["outer"]
    ]  # fmt: skip
    assert b.place.scopes[0] == c.place.scopes[0] == d.place.scopes[0]
    assert b.place.scopes[1] != c.place.scopes[1]


def test_an_operation_in_a_scope_remembers_its_line_and_others_remember_nothing():
    x = tg.Tensor([1.0], requires_grad=True)
    with tg.scope("layer"):
        y = np.tanh(x)
    assert y.place.path == __file__
    assert "y = np.tanh(x)" in linecache.getline(__file__, y.place.line)
    assert not hasattr(np.tanh(x), "place")
    with tg.scope("layer"):
        assert not hasattr(tg.Tensor(1.0) * 2, "place")


def test_a_scope_holds_for_its_own_thread_only_and_changes_no_gradient():
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    with tg.scope("mine"):
        made = []
        thread = threading.Thread(target=lambda: made.append(x * 2))
        thread.start()
        thread.join()
        np.sum(np.tanh(x)).backward()
    assert not hasattr(made[0], "place")
    assert np.array_equal(x.grad, tg.grad(lambda x: np.sum(np.tanh(x)))(x.data))


def test_a_scope_needs_a_name():
    with pytest.raises(TypeError, match="scope was given 3 of type int"), tg.scope(3):
        pass


def test_blocks_in_generators_may_end_in_any_order():
    def silent():
        with tg.no_grad():
            yield

    def grouped(name):
        with tg.scope(name):
            yield

    x = tg.Tensor(1.0, requires_grad=True)
    first, second, third = silent(), silent(), grouped("A")
    for generator in (first, second, third):
        next(generator)
    first.close()
    assert not (x * 2).requires_grad
    second.close()
    with tg.scope("B"):
        third.close()
        assert names_of_scopes(x * 2)[-1] == "B"
    assert (x * 2).requires_grad
    assert not hasattr(x * 2, "place")
