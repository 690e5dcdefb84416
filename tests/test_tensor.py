"""What a tensor is as an array, what it keeps, and the errors where a gradient would be lost."""

import copy
import math
import operator

import numpy as np
import pytest

import tinygrad_reg as tg
from tinygrad_reg.tensor import Tensor


def leaf(values, name=None):
    return tg.Tensor(values, requires_grad=True, name=name)


# An array that remembers


def test_a_tensor_looks_like_its_array():
    t = leaf(np.arange(6.0).reshape(2, 3), name="W")
    assert (t.shape, t.dtype, t.ndim, t.size, len(t)) == ((2, 3), np.float64, 2, 6, 2)
    assert (t.requires_grad, t.is_leaf, t.name) == (True, True, "W")
    assert (t * 2).requires_grad
    assert not (t * 2).is_leaf
    assert [row.shape for row in t] == [(3,), (3,)]
    assert leaf(2.5).item() == 2.5
    assert f"{leaf(2.5):.2f}" == "2.50"
    for part in ("Tensor(", "name='W'", "requires_grad=True"):
        assert part in repr(t)
    assert "from multiply" in repr(t * 2)
    assert "dtype=float32" in repr(leaf(np.ones(2, np.float32)))


@pytest.mark.parametrize("number", [1, 2.5, [1, 2]])
def test_python_numbers_become_float64(number):
    assert tg.Tensor(number, requires_grad=True).dtype == np.float64
    assert float(tg.grad(lambda x: x * x)(3)) == 6.0


@pytest.mark.parametrize(
    "array", [np.arange(3), np.array([True]), np.array([1j]), [True, False], [1j], np.int64(3)]
)
def test_what_has_no_derivatives_cannot_require_gradients(array):
    with pytest.raises(TypeError, match=r"dtype .*, which has no derivatives: convert"):
        tg.Tensor(array, requires_grad=True)
    with pytest.raises(TypeError, match=r"grad of .* argument 0.* was given an array of dtype"):
        tg.grad(np.sum)(array)


@pytest.mark.parametrize("array", [np.array([1.0, None]), ["a", None], object()])
def test_object_arrays_are_refused(array):
    with pytest.raises(TypeError, match="object"):
        tg.Tensor(array)
    with pytest.raises(TypeError, match="argument 0"):
        tg.grad(lambda x: np.sum(x))(np.array([1.0, None]))


@pytest.mark.parametrize("op", [operator.lt, operator.le, operator.gt, operator.ge])
def test_comparisons_give_plain_arrays(op):
    x = np.array([1.0, 2.0, 3.0])
    for result in (op(leaf(x), 2.0), op(leaf(x), leaf(x[::-1])), op(2.0, leaf(x))):
        assert type(result) is np.ndarray
        assert result.dtype == bool
    np.testing.assert_array_equal(op(leaf(x), 2.0), op(x, 2.0))
    np.testing.assert_array_equal(op(2.0, leaf(x)), op(2.0, x))


PLAIN = [
    np.sign, np.floor, np.ceil, np.rint, np.trunc, np.isnan, np.isfinite, np.isinf, np.argmax,
    np.argmin, np.zeros_like, np.ones_like, np.shape, np.size, np.ndim, np.any, np.all,
    np.count_nonzero, np.logical_not,
    lambda x: np.equal(x, 1.0), lambda x: np.greater(x, x), lambda x: x == 1.0, lambda x: x != 1.0,
    lambda x: np.argmax(x, axis=0), lambda x: x.argmax(), lambda x: x.argmin(axis=1),
    lambda x: np.array_equal(x, x), lambda x: np.allclose(x, x), lambda x: np.full_like(x, 2),
]  # fmt: skip


@pytest.mark.parametrize("f", PLAIN)
def test_operations_without_gradient_give_numpys_plain_answer(f):
    x = np.array([[1.0, -2.5], [np.nan, 0.0]])
    found, expected = f(leaf(x)), f(x)
    assert type(found) is not Tensor
    assert type(found) is type(expected)
    np.testing.assert_array_equal(found, expected)


def test_constants_may_be_made_of_tensors():
    x = np.array([1.0, -2.0])
    np.testing.assert_array_equal(tg.grad(lambda x: np.sum(x * (x > 0)))(x), [1, 0])
    np.testing.assert_array_equal(tg.grad(lambda x: np.sum(x * np.sign(x)))(x), [1, -1])


# Values are safe from later changes


OPERATIONS = [
    lambda W, X: np.sum(W * X),
    lambda W, X: np.sum(X * W),
    lambda W, X: W @ X,
    lambda W, X: np.sum(np.multiply(X, W)),
    lambda W, X: np.sum(np.where(X > 0, W * X, 0)),
    lambda W, X: np.sum(np.where(X > 0, W, X)) * X[0],
    lambda W, X: np.sum(np.concatenate([W, X]) * np.concatenate([X, X])),
    lambda W, X: np.dot(np.maximum(W, X), X),
    lambda W, X: np.sum(tg.binary_cross_entropy(W, X)),
]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_user_arrays_changed_after_the_forward_pass_do_not_change_the_gradient(operation):
    X, W = np.array([1.0, 2.0]), leaf([3.0, 4.0])
    expected = tg.grad(lambda W: operation(W, X))(W.data.copy())
    loss = operation(W, X)
    X *= 100
    loss.backward()
    np.testing.assert_array_equal(W.grad, expected)


def test_user_arrays_are_not_written_to():
    X = np.array([1.0, 2.0])
    for operation in OPERATIONS:
        tg.grad(lambda W, operation=operation: operation(W, X))(np.ones(2))
    np.testing.assert_array_equal(X, [1, 2])


def test_a_condition_changed_later_does_not_change_the_gradient():
    condition = np.array([True, False])
    W = leaf([3.0, 4.0])
    loss = np.sum(np.where(condition, W, 2 * W))
    condition[:] = False
    loss.backward()
    np.testing.assert_array_equal(W.grad, [1, 2])


def test_the_array_that_a_leaf_was_made_from_is_not_shared():
    array = np.ones(2)
    W = leaf(array)
    array[:] = 5
    np.testing.assert_array_equal(W.data, [1, 1])


def test_data_changed_between_forward_and_backward_does_not_change_the_gradient():
    for take_before in (True, False):
        W = leaf([1.0, 2.0])
        data = W.data if take_before else None
        loss = np.sum(W**2)
        if take_before:
            data[:] = 100
        else:
            W.data[:] = 100
            W.data -= 1
        loss.backward()
        np.testing.assert_array_equal(W.grad, [2, 4])


def test_data_can_be_updated_in_place_and_replaced():
    W = leaf([1.0, 2.0])
    loss = np.sum(W**2)
    loss.backward()
    W.data -= 0.5 * W.grad
    np.testing.assert_array_equal(W.data, [0, 0])
    W.data = np.array([3.0, 4.0])
    W.zero_grad()
    assert W.grad is None
    later = np.sum(W**2)
    later.backward()
    np.testing.assert_array_equal(W.grad, [6, 8])
    np.testing.assert_array_equal(W.data, [3, 4])
    assert float(later.data) == 25
    with pytest.raises(ValueError, match=r"shape \(3,\): the shape stays \(2,\)"):
        W.data = np.ones(3)
    with pytest.raises(AttributeError, match="only the data of a leaf can be replaced"):
        loss.data = 1.0


def test_data_of_a_result_is_read_only():
    y = leaf([1.0, 2.0]) * 2
    with pytest.raises(ValueError, match="read-only"):
        y.data[0] = 3


def test_detach_starts_anew():
    W = leaf([1.0, 2.0])
    assert not W.detach().requires_grad
    np.testing.assert_array_equal(tg.grad(lambda w: np.sum(w * tg.Tensor(3.0)))(np.ones(2)), [3, 3])
    loss = np.sum(W * W.detach())
    loss.backward()
    np.testing.assert_array_equal(W.grad, [1, 2])


# Never silently wrong


LOSSES_OF_A_GRADIENT = {
    "asarray": (np.asarray, TypeError, r"plain array and lose its gradient.*t\.data"),
    "array of tensors": (lambda t: np.array([t, t]), TypeError, "np.stack"),
    "float": (lambda t: float(t[0]), TypeError, r"Python float and lose its gradient.*t\.item\(\)"),
    "math": (lambda t: math.sin(t[0]), TypeError, "np.sin"),
    "assignment": (lambda t: operator.setitem(t, 0, 1.0), TypeError, "item assignment.*np.where"),
    "a += t": (lambda t: np.ones(2).__iadd__(t), TypeError, r"add cannot write.*a = a \+ t"),
    "out": (lambda t: np.exp(t, out=np.ones(2)), TypeError, "np.exp cannot write"),
    "dtype": (lambda t: np.exp(t, dtype=np.float32), TypeError, r"exp .*dtype.*astype"),
    "where": (lambda t: np.exp(t, where=np.array([True, False])), TypeError, r"exp .*where"),
    "sum dtype": (lambda t: np.sum(t, dtype=np.float32), TypeError, "sum .*dtype="),
    "sum out": (lambda t: np.sum(t, out=np.array(0.0)), TypeError, "sum .*out="),
    "function": (np.fft.fft, TypeError, r"np\.fft\.fft has no line.*requires"),
    "function of a list": (
        lambda t: np.histogramdd([t, t]),
        TypeError,
        "np.histogramdd has no line",
    ),
    "ufunc": (np.arcsinh.at, TypeError, "."),
    "ufunc without rule": (np.invert, TypeError, "np.invert has no line in the derivative table"),
    "ufunc method": (np.subtract.reduce, TypeError, "np.subtract.reduce has no line"),
    "again": (tg.Tensor, TypeError, r"already carries gradients.*t\.detach"),
    "iteration": (lambda t: list(t[0]), TypeError, "no axis to iterate over"),
    "complex": (lambda t: t * 1j, TypeError, "multiply of a tensor gave dtype complex128"),
    "matmul": (
        lambda t: t @ np.ones(3),
        ValueError,
        r"matmul of arguments of shapes \(2,\), \(3,\)",
    ),
    "add": (lambda t: t + np.ones(3), ValueError, r"add of arguments of shapes \(2,\), \(3,\)"),
    "reshape": (lambda t: t.reshape(3), ValueError, r"reshape of arguments of shapes \(2,\)"),
    "concatenate": (
        lambda t: np.concatenate([t, np.ones((1, 1))]),
        ValueError,
        r"concatenated of arguments of shapes \(2,\), \(1, 1\)",
    ),
    "dot": (lambda t: np.dot(t, np.ones(3)), ValueError, r"of arguments of shapes \(2,\), \(3,\)"),
    "index": (lambda t: t[np.array([0.5])], IndexError, "index array has dtype float64"),
    "targets": (
        lambda t: tg.softmax_cross_entropy(t, np.ones((3, 1))),
        ValueError,
        r"softmax_cross_entropy of logits of shape \(2,\) .* shape \(3, 1\)",
    ),
    "classes": (lambda t: tg.softmax_cross_entropy(t, np.array(2)), ValueError, "expected 0 to 1"),
}


@pytest.mark.parametrize("name", LOSSES_OF_A_GRADIENT)
def test_errors_name_the_operation_and_what_to_do(name):
    f, kind, says = LOSSES_OF_A_GRADIENT[name]
    with pytest.raises(kind, match=f"(?s){says}"):
        f(leaf([1.0, 2.0], name="W"))


def test_errors_name_the_tensor():
    with pytest.raises(TypeError, match=r"tensor 'W' of shape \(2,\)"):
        np.asarray(leaf([1.0, 2.0], name="W"))
    with pytest.raises(TypeError, match=r"a tensor \(the result of multiply\) of shape \(2,\)"):
        np.asarray(leaf([1.0, 2.0]) * 2)


def test_functions_without_a_line_work_on_tensors_without_gradient():
    t = tg.Tensor([1.0, 2.0])
    np.testing.assert_array_equal(np.asarray(t), [1, 2])
    np.testing.assert_array_equal(np.hstack([t, t]), [1, 2, 1, 2])
    np.testing.assert_array_equal(np.cumsum(t), [1, 3])
    assert float(tg.Tensor(2.0)) == 2.0
    assert type(np.fft.fft(t)) is np.ndarray


def test_a_tensor_where_no_derivative_is_stated_is_an_error():
    W = leaf([1.0, 2.0])
    with pytest.raises(TypeError, match="no derivative in its argument 'ddof'"):
        np.var(leaf([1.0, 2.0]), ddof=leaf(1.0)).backward()
    with pytest.raises(TypeError, match="where"):
        np.sum(np.where(W, W, 0)).backward()


def test_copies_and_booleans():
    assert bool(leaf(2.0))
    assert int(leaf(2.0)) == 2
    with pytest.raises(ValueError, match="ambiguous"):
        bool(leaf([1.0, 2.0]))
    clone = copy.copy(leaf([1.0, 2.0]))
    np.testing.assert_array_equal(clone.data, [1, 2])
