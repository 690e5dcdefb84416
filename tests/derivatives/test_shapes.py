"""Moving, copying and picking entries: what is special, what is refused, and what is said then."""

import copy
import math
import operator
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_reg as tg
from tinygrad_reg.testing import check_gradients

X = np.arange(1.0, 7.0).reshape(2, 3)
windows = np.lib.stride_tricks.sliding_window_view


def tensor(array=X, name="t"):
    return tg.Tensor(array, requires_grad=True, name=name)


def equal(found, expected):
    np.testing.assert_array_equal(found, expected)


def gradient(f, x):
    """∇Σf, weighted so that no two entries of the result count alike."""

    def weighted(x):
        y = f(x)
        return np.sum(y * np.arange(1.0, y.size + 1).reshape(y.shape))

    return tg.grad(weighted)(x)


# Where entries go


@given(st.integers(0, 2**16), st.sampled_from([1, 2, 3]))
def test_a_moving_operation_times_weights_is_the_sum_of_entries_times_gradients(seed, n):
    x = np.random.default_rng(seed).normal(size=(n, n + 1))
    for f in (
        lambda x: np.tile(x, 2),
        lambda x: np.repeat(x, 2, axis=1),
        lambda x: np.pad(x, n, "wrap"),
        lambda x: np.resize(x, (3, 4)),
        lambda x: windows(x, 2, axis=1),
        lambda x: np.take(x, [0, 0, -1], axis=1),
    ):
        y = f(x)
        value = np.sum(y * np.arange(1.0, y.size + 1).reshape(y.shape))
        np.testing.assert_allclose(np.sum(gradient(f, x) * x), value, rtol=1e-10, atol=1e-10)


def test_entries_that_are_copied_collect_from_every_copy_and_dropped_ones_get_nothing():
    x = np.ones(3)
    total = lambda f: tg.grad(lambda x: np.sum(f(x)))(x)
    equal(total(lambda x: np.repeat(x, [0, 1, 3])), [0, 1, 3])
    equal(total(lambda x: np.tile(x, (2, 2))), [4, 4, 4])
    equal(total(lambda x: np.resize(x, 4)), [2, 1, 1])
    equal(total(lambda x: np.delete(x, [0, 0])), [0, 1, 1])
    equal(total(lambda x: windows(x, 2)), [1, 2, 1])
    equal(total(lambda x: np.pad(x, (0, 2), "edge")), [1, 1, 3])
    equal(total(lambda x: np.pad(x, (1, 0), "mean")), [4 / 3] * 3)
    equal(total(lambda x: np.pad(x, (2, 0), "reflect", reflect_type="odd")), [5, 0, 0])
    equal(total(np.tril), [3, 2, 1])
    equal(total(lambda x: np.choose([2, 0, 2], x)), [1, 0, 2])
    equal(total(lambda x: x[((0, 0),)]), [2, 0, 0])
    equal(total(lambda x: x[range(2)]), [1, 1, 0])


def test_arguments_that_change_later_do_not_change_the_gradient():
    for f, argument in (
        (lambda x, a: np.repeat(x, a), np.array([1, 0, 2])),
        (lambda x, a: np.repeat(x, repeats=a), np.array([1, 0, 2])),
        (lambda x, a: np.take(x, indices=a), np.array([1, 1, 2])),
        (lambda x, a: np.take_along_axis(x, indices=a, axis=0), np.array([1, 1, 2])),
        (lambda x, a: np.roll(x, shift=a), np.array([1])),
        (lambda x, a: np.insert(x, a, 0.0), np.array([1])),
        (lambda x, a: np.delete(x, obj=a), np.array([1])),
        (lambda x, a: np.pad(x, pad_width=a), np.array([1, 2])),
        (lambda x, a: np.choose(a, [x, 2 * x, -x]), np.array([1, 0, 2])),
        (lambda x, a: np.select([a], [x]), np.array([True, False, True])),
        (lambda x, a: np.piecewise(x, a, [np.square]), np.array([True, False, True])),
        (lambda x, a: np.compress(a, x), np.array([True, False, True])),
        (lambda x, a: x[: a[0]], [np.array(2)]),
        (lambda x, a: np.partition(x, kth=a), np.array([2])),
        (lambda x, a: np.pad(x, 1, "mean", stat_length=a), np.array([1, 2])),
    ):
        expected = gradient(lambda x, f=f, a=argument: f(x, a), np.arange(3.0))
        x = tensor(np.arange(3.0))
        y = f(x, argument)
        loss = np.sum(y * np.arange(1.0, y.size + 1))
        if isinstance(argument, list):
            argument[0][...] = 0
        else:
            argument[...] = 0
        loss.backward()
        equal(x.grad, expected)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.stack([*x]),
        lambda x: np.stack([a * b for a, b in zip(x, reversed(x), strict=True)]),
        lambda x: sum(i * row for i, row in enumerate(x)),
        lambda x: (lambda first, second: first - second**2)(*x),
        lambda x: x[np.ix_([1, 0, 1], [2, 0])],
        lambda x: x[np.ix_(np.array([True, False]), [2, 0])],
        lambda x: x[np.newaxis, ..., -1],
        lambda x: x[..., None, [0, 0]],
        lambda x: x[True],
        lambda x: x[np.array(True), 0],
        lambda x: x[tg.Tensor(np.array([1, 1])), tg.Tensor(np.array([0, 2]))],
        lambda x: x[:, tg.Tensor(np.array([0, 0]))],
        lambda x: x[(0, 1), (1, 1)],
        lambda x: x[((1, 1), (0, 0)), :2],
        lambda x: x[[True, False]],
        lambda x: x[-1][-1],
        lambda x: x[np.uint8(1), np.array(2)],
        lambda x: x[tg.Tensor(np.array(1)) :],
        lambda x: np.concat([x, x], axis=None),
        lambda x: np.permute_dims(x, [1, 0]),
        lambda x: np.take_along_axis(x, np.argsort(x, axis=1), axis=1),
        lambda x: np.concatenate([a for row in np.array_split(x, 2) for a in np.hsplit(row, 3)]),
        lambda x: np.vstack(x),
        lambda x: np.hstack([x, np.ones((2, 1)), [[1], [2]]]),
        lambda x: np.insert(np.ones((2, 3)), 1, x[0], axis=0),
        lambda x: np.insert(arr=x, obj=[0], values=x[:, :1], axis=1),
        lambda x: np.append([1.0, 2.0], x),
        lambda x: np.meshgrid(x[0], [1.0, 2.0])[0] * np.broadcast_arrays(x, 1.0)[0],
        lambda x: np.block([[x], [np.array([1.0, 2.0, 3.0])]]),
        lambda x: np.select([X > 2, X > 1], [x, 2 * x], default=x[0, 0]),
        lambda x: np.pad(x, {1: (2, 0)}) if np.lib.NumpyVersion(np.__version__) >= "2.2.0" else x,
        lambda x: x.take([0, -1], axis=1).repeat(2) * x.trace(),
        lambda x: np.array([1, 0, 1]).choose(x) if False else np.choose([1, 0, 1], x),
    ],
)
def test_forms_of_indexing_iterating_and_joining(f):
    x = np.array([[0.3, -1.2, 2.0], [1.1, 0.7, -0.4]])
    equal(f(tensor(x)).data, f(x))
    check_gradients(lambda x: np.sum(f(x) ** 3), x)


def test_an_empty_index_picks_nothing():
    for index in (
        [],
        [[]],
        ((),),
        np.array([], int),
        (slice(0, 0), None),
        np.zeros((2, 3), bool),
        False,
    ):
        found = tensor()[index]
        assert found.shape == X[index].shape
        equal(tg.grad(lambda x, index=index: np.sum(x[index]))(X), np.zeros((2, 3)))
    nothing = np.zeros((0, 3))
    mask = np.zeros((0, 3), bool)
    assert tensor(nothing)[mask].shape == nothing[mask].shape


def test_indices_that_numpy_refuses_are_refused():
    t = tensor()
    for index in (5, (0, 0, 0), [5], 1.0, [0.5], "a", t, np.ones(2), {}, [slice(1)]):
        with pytest.raises((IndexError, TypeError)):
            t[index]


def test_mixed_dtypes_give_the_dtype_that_numpy_gives():
    small = X.astype(np.float32)
    t = tensor(small)
    for f in (
        lambda x: np.insert(x, 0, np.array([2.5]), axis=1),
        lambda x: np.append(x, 2.5),
        lambda x: np.append(x, np.float32(2)),
        lambda x: np.select([X > 2], [x], 0.5),
        lambda x: np.select([X > 2], [x], np.float64(0.5)),
        lambda x: np.choose([0, 1, 0], [x, 2.0]),
        lambda x: np.block([[x], [np.ones((1, 3))]]),
        lambda x: np.pad(x, 1, constant_values=np.float64(0.1)),
        lambda x: np.pad(x, 1, "mean"),
        lambda x: np.pad(x, 2, "linear_ramp", end_values=0.3),
        lambda x: np.piecewise(x, [x > 2], [lambda x: x * np.float64(1.5)]),
        lambda x: np.vstack([x, x], dtype=np.float64, casting="safe"),
        lambda x: np.hstack([x, X], dtype=np.float32),
        lambda x: np.stack([x, x], dtype=np.float64),
        lambda x: np.concatenate([x, X], out=None, dtype=np.float32, axis=0),
    ):
        expected = f(small)
        assert f(t).dtype == expected.dtype
        equal(f(t).data, expected)
        gradient = tg.grad(lambda x, f=f: np.sum(f(x)))(small)
        assert (gradient.dtype, gradient.shape) == (np.float32, (2, 3))


def test_tensors_that_need_no_gradient_give_tensors_that_need_none():
    plain = tg.Tensor(X)
    for f in (
        np.flip,
        lambda x: np.vstack([x, x]),
        lambda x: np.take(x, [0]),
        lambda x: np.pad(x, 1),
        lambda x: np.sort(x),
        lambda x: np.insert(x, 0, 1.0),
        lambda x: np.block([x]),
    ):
        found = f(plain)
        assert type(found) is tg.Tensor
        assert not found.requires_grad
        equal(found.data, f(X))


def test_a_padding_may_be_a_tensor():
    f = lambda x, c: np.sum(np.pad(x, 1, constant_values=c) ** 2)
    slopes = tg.grad(f, (0, 1))(X, 3.0)
    equal(slopes[0], 2 * X)
    assert slopes[1] == 14 * 2 * 3.0
    single = tensor(X.astype(np.float32))
    assert np.pad(single, 1, constant_values=tensor(np.array(0.1))).dtype == np.float32
    with np.errstate(invalid="raise"):
        assert tg.grad(f, (0, 1))(np.array([np.inf, 1.0]), 3.0)[1] == 2 * 2 * 3.0


def test_piecewise_never_calls_a_function_outside_of_its_condition():
    f = lambda x: np.piecewise(x, [x > 0], [np.sqrt, lambda x: 0 * x])
    with np.errstate(all="raise"):
        equal(tg.grad(lambda x: np.sum(f(x)))(np.array([-1.0, 0.0, 4.0])), [0, 0, 0.25])


def test_piecewise_does_not_call_a_function_for_no_entries():
    f = lambda x: np.piecewise(x, [x > 9], [lambda x: 1 / 0, np.square])
    equal(tg.grad(lambda x: np.sum(f(x)))(X), 2 * X)


def test_blocks_are_joined_along_the_last_axes_of_the_largest():
    x = np.arange(12.0).reshape(2, 2, 3)
    for f in (
        lambda x: np.block([[x, -x], [2 * x, x]]),
        lambda x: np.block([[[x[0]], [x[1]]], [[x[1]], [x[0]]]]),
        lambda x: np.hstack([x]),
    ):
        equal(f(tensor(x)).data, f(x))
        equal(tg.jvp(f, (x,), (x,))[1], f(x))  # linear
        weights = np.arange(f(x).size).reshape(f(x).shape)
        gradient = tg.grad(lambda x, f=f, weights=weights: np.sum(f(x) * weights))(x)
        assert np.sum(gradient * x) == np.sum(f(x) * weights)


def test_conditions_of_piecewise_may_choose_rows():
    f = lambda x: np.piecewise(x, [[False, False], [True, False], [False, True]], [4, np.square, 7])
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    equal(f(tensor(x)).data, [[1, 4], [7, 7]])
    equal(tg.grad(lambda x: np.sum(f(x)))(x), [[2, 4], [0, 0]])


def test_a_single_number_is_taken_from():
    for axis in (None, 0, -1):
        f = lambda x, axis=axis: np.sum(np.take(x, [0, 0], axis=axis))
        assert (f(3.0), tg.grad(f)(3.0)) == (6, 2)


def test_the_last_condition_that_holds_counts_in_piecewise():
    x = np.array([1.0, 2.0, 3.0])
    f = lambda x: np.piecewise(x, [x > 1, x > 2], [np.square, np.negative, 0.5])
    equal(f(tensor(x)).data, f(x))
    equal(tg.grad(lambda x: np.sum(f(x)))(x), [0, 4, -1])


def test_conditions_and_places_are_plain_arrays():
    t = tensor()
    for f in (np.nonzero, np.argwhere, np.flatnonzero, np.tril_indices_from, np.isrealobj):
        for found, expected in (
            zip(np.atleast_1d(*f(t)), np.atleast_1d(*f(X)), strict=True)
            if (type(f(X)) is tuple)
            else [(f(t), f(X))]
        ):
            assert type(found) is not tg.Tensor
            equal(found, expected)


# What is refused, and what is said then

REFUSED = {
    "pad maximum": (lambda t: np.pad(t, 1, "maximum"), ValueError, r"pad .*mode='maximum'.*linear"),
    "pad empty": (lambda t: np.pad(t, 1, mode="empty"), ValueError, r"pad .*mode='empty'"),
    "pad typo": (lambda t: np.pad(t, 1, mode="edges"), ValueError, r"pad .*mode='edges'"),
    "pad function": (lambda t: np.pad(t, 1, lambda *_: None), ValueError, r"pad .*mode="),
    "pad with several tensors": (
        lambda t: np.pad(t, 1, constant_values=[t[0, 0], t[0, 1]]),
        TypeError,
        "lose its gradient",
    ),
    "ramp to a tensor": (
        lambda t: np.pad(t, 1, "linear_ramp", end_values=t[0, 0]),
        TypeError,
        "'end_values'|lose its gradient",
    ),
    "select": (lambda t: np.select([X > 1], [t, t]), ValueError, r"1 conditions and 2 choices"),
    "piecewise": (lambda t: np.piecewise(t, [X > 1], [1, 2, 3]), ValueError, "1 conditions and 3"),
    "as_strided": (lambda t: np.lib.stride_tricks.as_strided(t, (2,)), Exception, "."),
    "block": (lambda t: np.block([t, [t]]), ValueError, "depths are mismatched"),
    "empty block": (lambda t: np.block([[t], []]), ValueError, "empty"),
    "take": (lambda t: np.take(t, [9]), IndexError, "index 9 is out of bounds"),
    "take by floats": (lambda t: np.take(t, np.array([0.5])), TypeError, "Cannot cast"),
    "repeat by floats": (lambda t: np.repeat(t, [0.5]), TypeError, "Cannot cast"),
    "split": (lambda t: np.split(t, 2, axis=1), ValueError, "equal division"),
    "vsplit": (lambda t: np.vsplit(t[0], 1), ValueError, "vsplit only works"),
    "dsplit": (lambda t: np.dsplit(t, 1), ValueError, "dsplit only works"),
    "hsplit": (lambda t: np.hsplit(t[0, 0], 1), ValueError, "hsplit only works"),
    "insert into integers": (
        lambda t: np.insert(np.arange(3), 0, t[0]),
        TypeError,
        "insert of a tensor gave dtype int64",
    ),
    "missing argument": (lambda t: np.roll(t), TypeError, "shift"),
    "meshgrid": (lambda t: np.meshgrid(t[0], indexing="ab"), ValueError, "indexing"),
    "column_stack": (lambda t: np.column_stack([t], dtype=float), TypeError, "dtype"),
    "concatenate": (lambda t: np.concatenate([t, t], no=1), TypeError, "no"),
    "trace dtype": (lambda t: np.trace(t, dtype=int), TypeError, "dtype"),
    "tolist": (lambda t: t.tolist(), TypeError, r"t\.data\.tolist\(\)"),
    "complex": (complex, TypeError, "."),
    "deepcopy of a result": (lambda t: copy.deepcopy(t * 2), TypeError, r"t\.detach\(\)"),
    "pickle of a result": (lambda t: pickle.dumps(t * 2), TypeError, r"t\.detach\(\)"),
    "array of two": (lambda t: np.array([t, t]), TypeError, r"np\.stack\(\[t1, t2\]\)"),
    "asarray of two": (lambda t: np.asarray([t, t]), TypeError, r"np\.stack\(\[t1, t2\]\)"),
    "array of numbers": (lambda t: np.array([*t[0]]), TypeError, r"np\.stack\(\[t1, t2\]\)"),
    "array of one": (np.array, TypeError, r"Use t\.data"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_says_what_to_do(name):
    f, kind, says = REFUSED[name]
    with pytest.raises(kind, match=says):
        f(tensor())


def in_place(f):
    """What an in-place form does to a plain array, a tensor without and one with gradients."""
    return lambda t: f(np.ones((2, 3)), t)


def add_to_entry(t):
    t[0] += 1


def add_to_view(a, t):
    a[0] += t[0]


WRITING = {
    "ufunc out": (lambda a, t: np.add(t, 1, out=a), r"np\.add .*a = a \+ t"),
    "ufunc out by position": (lambda a, t: np.add(t, 1, a), r"np\.add .*a = a \+ t"),
    "ufunc out without gradient": (lambda a, t: np.floor(t, out=a), r"np\.floor .*a = a \+ t"),
    "out is a tensor": (lambda a, t: np.add(a, 1, out=t), r"np\.add .*a = a \+ t"),
    "operator": (lambda a, t: operator.iadd(a, t), r"np\.add .*a = a \+ t"),
    "matrix operator": (lambda a, t: operator.imul(a, t), r"np\.multiply .*a = a \+ t"),
    "view": (add_to_view, r"np\.add .*a = a \+ t"),
    "at": (lambda a, t: np.add.at(a, 0, t[0]), r"np\.add .*a = a \+ t"),
    "at a tensor": (lambda a, t: np.add.at(t, 0, 1.0), r"np\.add .*a = a \+ t"),
    "function out": (lambda a, t: np.sum(t, axis=0, out=a[0]), r"np\.sum .*a = np\.sum\(\.\.\.\)"),
    "method out": (lambda a, t: t.sum(axis=0, out=a[0]), r"np\.sum .*a = np\.sum\(\.\.\.\)"),
    "take": (lambda a, t: np.take(t, 0, out=a), r"a = np\.take\(\.\.\.\)"),
    "take by position": (lambda a, t: np.take(t, [0], 0, a), r"a = np\.take\(\.\.\.\)"),
    "compress": (lambda a, t: t.compress([1], 0, a), r"a = np\.compress\(\.\.\.\)"),
    "choose": (lambda a, t: np.choose([0], [t], a), r"a = np\.choose\(\.\.\.\)"),
    "stack": (lambda a, t: np.stack([t], 0, a), r"a = np\.stack\(\.\.\.\)"),
    "concatenate": (lambda a, t: np.concatenate([t], out=a), r"a = np\.concatenate\(\.\.\.\)"),
    "dot": (lambda a, t: np.dot(t, t.T, out=a), r"a = np\.dot\(\.\.\.\)"),
    "clip": (lambda a, t: np.clip(t, 0, 1, out=a), r"a = np\.clip\(\.\.\.\)"),
    "copyto": (lambda a, t: np.copyto(a, t), r"np\.copyto .*np\.where\(mask, new, t\)"),
    "copyto a tensor": (lambda a, t: np.copyto(t, a), r"np\.copyto .*np\.where\(mask, new, t\)"),
    "putmask": (lambda a, t: np.putmask(t, a > 0, 1), r"np\.putmask .*np\.where"),
    "place": (lambda a, t: np.place(t, a > 0, 1), r"np\.place .*np\.where"),
    "put": (lambda a, t: np.put(t, 0, 1), r"np\.put .*np\.where"),
    "put_along_axis": (
        lambda a, t: np.put_along_axis(t, np.zeros((1, 3), int), 1, 0),
        r"np\.put_along_axis .*np\.where",
    ),
    "fill_diagonal": (lambda a, t: np.fill_diagonal(t, 1), r"fill_diagonal .*np\.where\(np\.eye"),
    "entry": (lambda a, t: t.__setitem__(0, 1.0), r"item assignment.*np\.where\(mask, new, t\)"),
    "entry +=": (lambda a, t: add_to_entry(t), r"item assignment.*np\.where\(mask, new, t\)"),
    "sort": (lambda a, t: t.sort(), r"t\.sort.*np\.sort\(t\)"),
    "partition": (lambda a, t: t.partition(1), r"t\.partition.*np\.partition\(t, kth\)"),
    "fill": (lambda a, t: t.fill(1.0), r"t\.fill.*np\.full_like\(t, value\)"),
    "put method": (lambda a, t: t.put(0, 1.0), r"t\.put.*np\.where"),
    "setfield": (lambda a, t: t.setfield(0, float), r"t\.setfield.*np\.where"),
    "resize": (lambda a, t: t.resize((3, 2)), r"t\.resize.*np\.pad"),
}


@pytest.mark.parametrize("name", WRITING)
@pytest.mark.parametrize("requires_grad", [True, False])
def test_forms_that_write_in_place_raise_and_name_the_functional_form(name, requires_grad):
    f, says = WRITING[name]
    a = np.ones((2, 3))
    t = tg.Tensor(X, requires_grad=requires_grad)
    with pytest.raises(TypeError, match=says):
        f(a, t)
    equal(a, np.ones((2, 3)))
    equal(t.data, X)


def test_augmented_assignment_rebinds_the_name():
    t = u = tensor()
    t += 1.0
    t *= 2.0
    assert t is not u
    equal(u.data, X)
    equal(t.data, 2 * (X + 1))
    np.sum(t).backward()
    equal(u.grad, 2 * np.ones((2, 3)))


# Methods


def test_methods_agree_with_those_of_arrays():
    t = tensor()
    for f in (
        lambda x: x.take([1, 0], axis=1),
        lambda x: x.repeat(2, axis=0),
        lambda x: x.cumsum(),
        lambda x: x.cumprod(axis=1),
        lambda x: x.trace(offset=1),
        lambda x: x.diagonal(),
        lambda x: x.conj(),
        lambda x: x.conjugate(),
        lambda x: x.real,
        lambda x: x.mT,
        lambda x: x.compress([True, False], axis=0),
        lambda x: copy.copy(x),
    ):
        found = f(t)
        assert type(found) is tg.Tensor
        assert found.requires_grad
        equal(found.data, f(X))


def test_methods_that_carry_no_gradient_give_what_arrays_give():
    t = tensor()
    for f in (
        lambda x: x.argsort(axis=0),
        lambda x: x.argpartition(1),
        lambda x: x.round(),
        lambda x: x.nonzero(),
        lambda x: x.all(axis=1),
        lambda x: x.any(),
        lambda x: x[0].searchsorted([2.5, 3.0], side="right"),
        lambda x: x.item(1, 2),
        lambda x: x.item(4),
        lambda x: 3.0 in x,
        lambda x: 9.0 in x,
    ):
        found = f(t)
        assert type(found) is type(f(X))
        equal(found, f(X))
    equal(np.asarray(getattr(t.imag, "data", t.imag)), np.zeros((2, 3)))
    number = tensor(np.array(2.5))
    found = (round(number), math.floor(number), math.ceil(number), math.trunc(number))
    assert found == (2, 2, 3, 2)
    assert all(type(n) is int for n in found)
    assert round(tensor(np.array(2.345)), 2) == pytest.approx(2.34, abs=0.011)


def test_integer_tensors_are_indices_everywhere():
    two = tg.Tensor(np.array(2))
    assert list(range(two)) == [0, 1]
    assert [5, 6, 7][two] == 7
    equal(X[:, two], X[:, 2])
    with pytest.raises(TypeError):
        [5, 6, 7][tensor(np.array(2.0))]


def test_tensors_that_need_no_gradient_become_lists():
    assert tg.Tensor(X).tolist() == X.tolist()


@pytest.mark.parametrize("name", ["itemset", "ptp", "newbyteorder"])
def test_methods_that_arrays_have_no_longer_are_missing(name):
    assert not hasattr(tensor(), name)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))])
def test_a_deep_copy_and_a_stored_leaf_are_leaves_of_their_own(copied):
    W = tensor(X.astype(np.float32), name="W")
    W.data[0, 0] = 9
    twin = copied({"W": [W]})["W"][0]
    assert (twin.name, twin.dtype, twin.requires_grad, twin.is_leaf) == ("W", "float32", True, True)
    equal(twin.data, W.data)
    np.sum(twin * W).backward()
    equal(twin.grad, W.data)
    equal(W.grad, twin.data)
    twin.data[...] = 0
    assert W.data[0, 0] == 9
    assert not copied(tg.Tensor(X)).requires_grad


def test_a_copy_passes_its_gradient_on():
    t = tensor()
    np.sum(copy.copy(t) * X).backward()
    equal(t.grad, X)
