"""Products: what NumPy's arguments mean, traps, and closed forms of nobody here."""

import numpy as np
import pytest
import scipy.signal

import tinygrad_reg as tg


def tensor(*shape, seed=0):
    values = np.random.default_rng(seed).uniform(-1, 1, shape)
    return tg.Tensor(values, requires_grad=True)


def gradients(f, *arrays):
    return tg.grad(lambda *xs: np.sum(np.sin(f(*xs))), range(len(arrays)))(*arrays)


def random(*shape, seed=1):
    return np.random.default_rng(seed).uniform(-1, 1, shape)


# -- einsum --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subscripts", "shapes", "same"),
    [
        ("ij,jk->ik", [(2, 3), (3, 4)], lambda a, b: a @ b),
        ("ij,jk", [(2, 3), (3, 4)], lambda a, b: a @ b),
        ("ba", [(2, 3)], lambda a: a.T),
        ("ii", [(3, 3)], lambda a: np.sum(a * np.eye(3))),
        ("ii->i", [(3, 3)], lambda a: np.sum(a * np.eye(3), axis=0)),
        ("ij->", [(2, 3)], np.sum),
        ("i,i,i->i", [(3,), (3,), (3,)], lambda a, b, c: a * b * c),
        ("...j,...j->...", [(2, 1, 3), (2, 3)], lambda a, b: np.sum(a * b, axis=-1)),
        ("ij,jk->ik", [(2, 1), (3, 4)], lambda a, b: np.broadcast_to(a, (2, 3)) @ b),
    ],
)
@pytest.mark.parametrize("optimize", [False, True, "optimal"])
def test_einsum_has_the_gradients_of_what_it_spells_out(subscripts, shapes, same, optimize):
    arrays = [random(*shape, seed=i) for i, shape in enumerate(shapes)]
    found = gradients(lambda *xs: np.einsum(subscripts, *xs, optimize=optimize), *arrays)
    for a, b in zip(found, gradients(same, *arrays), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)


def test_einsum_by_lists_orders_the_result_as_numpy_does():
    a, b = random(2, 3), random(3, 4)
    for labels in ([27, 2], [2, 27], [51, 0]):
        expected = np.einsum(a, labels, b, [labels[1], 30])
        found = np.einsum(tg.Tensor(a, requires_grad=True), labels, b, [labels[1], 30])
        np.testing.assert_array_equal(found.data, expected)


def test_einsum_by_lists_is_einsum_by_letters():
    a, b = random(2, 3), random(3, 4)
    by_lists = gradients(lambda a, b: np.einsum(a, [0, 1], b, [1, 2], [2, 0]), a, b)
    by_letters = gradients(lambda a, b: np.einsum("ij,jk->ki", a, b), a, b)
    np.testing.assert_array_equal(by_lists[0], by_letters[0])
    np.testing.assert_array_equal(by_lists[1], by_letters[1])


def test_einsum_follows_a_path_given_as_a_list():
    arrays = [random(2, 3), random(3, 4), random(4, 2)]
    path = ["einsum_path", (1, 2), (0, 1)]
    found = gradients(lambda *xs: np.einsum("ij,jk,kl->il", *xs, optimize=path), *arrays)
    expected = gradients(lambda a, b, c: a @ b @ c, *arrays)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_a_path_for_the_operands_is_not_used_for_those_of_the_derivative():
    a, b = random(2, 3), random(3, 4)
    found = tg.grad(lambda a: np.einsum("ij,jk->", a, b, optimize=["einsum_path", (0, 1)]))(a)
    np.testing.assert_allclose(found, np.broadcast_to(b.sum(axis=1), (2, 3)))


def test_einsum_of_a_constant_and_a_tensor_differentiates_the_tensor():
    a, b = random(2, 3), tensor(3)
    np.sum(np.einsum("ij,j->i", a, b)).backward()
    np.testing.assert_allclose(b.grad, a.sum(axis=0))


@pytest.mark.parametrize("keywords", [{"dtype": float}, {"out": np.zeros(2)}, {"order": "F"}])
def test_einsum_names_the_argument_it_does_not_take(keywords):
    with pytest.raises(TypeError, match=f"einsum.*{next(iter(keywords))}"):
        np.einsum("ij,j->i", tensor(2, 3), random(3), **keywords)


def test_einsum_gives_numpys_own_error_for_subscripts_that_do_not_fit():
    with pytest.raises(ValueError, match="einsum"):
        np.einsum("ijk,j->i", tensor(2, 3), random(3))


def test_einsum_path_is_a_constant():
    path, _ = np.einsum_path("ij,jk->ik", tensor(2, 3), random(3, 4))
    assert path == ["einsum_path", (0, 1)]


# -- traps ---------------------------------------------------------------------------------------


def test_a_zero_cotangent_of_a_product_contributes_zero_through_infinity():
    a = np.array([[np.inf, 1.0], [2.0, 3.0]])

    def f(x):
        return np.where([True, False], 0.0, np.einsum("ji,j->i", a, x))[0] + np.sum(x)

    np.testing.assert_array_equal(tg.grad(f)(np.ones(2)), [1.0, 1.0])


def test_a_list_of_axes_may_change_after_tensordot():
    a, b = tensor(2, 3), random(3, 2)
    axes = [[0, 1], [1, 0]]
    y = np.tensordot(a, b, axes)
    axes[0].reverse()
    y.backward()
    np.testing.assert_array_equal(a.grad, b.T)


@pytest.mark.parametrize("lengths", [(2, 2), (2, 3), (3, 2)])
def test_cross_products_in_the_plane_warn_as_numpy_does(lengths):
    a, b = tensor(lengths[0]), random(lengths[1])
    try:
        with pytest.warns(DeprecationWarning, match="2-dimensional"):
            expected = np.cross(a.data, b)
    except ValueError:  # a later NumPy has given them up
        with pytest.raises(ValueError, match=r"."):
            np.cross(a, b)
        return
    with pytest.warns(DeprecationWarning, match="2-dimensional"):
        y = np.cross(a, b)
    np.testing.assert_array_equal(y.data, expected)
    if lengths == (2, 2):
        y.backward()  # and not once more
        np.testing.assert_array_equal(a.grad, [b[1], -b[0]])


def test_cross_products_of_other_lengths_are_numpys_own_errors():
    with pytest.raises(ValueError, match="dimension"):
        np.cross(tensor(4), random(4))
    with pytest.raises(ValueError, match=r"dimension|3"):
        np.linalg.cross(tensor(2), random(2))


def test_the_power_0_of_a_matrix_is_the_identity_and_constant():
    a = np.array([[np.inf, 1.0], [0.0, 2.0]])
    value, gradient = tg.value_and_grad(lambda a: np.sum(np.linalg.matrix_power(a, 0)))(a)
    assert value == 2
    np.testing.assert_array_equal(gradient, np.zeros((2, 2)))


def test_a_power_of_a_matrix_that_is_not_square_is_numpys_own_error():
    with pytest.raises(np.linalg.LinAlgError, match="square"):
        np.linalg.matrix_power(tensor(2, 3), 2)
    with pytest.raises(TypeError, match="integer"):
        np.linalg.matrix_power(tensor(2, 2), 0.5)


def test_multi_dot_takes_no_out():
    with pytest.raises(TypeError, match=r"multi_dot.*out"):
        np.linalg.multi_dot([tensor(2, 2), random(2, 2)], out=np.zeros((2, 2)))


def test_kron_of_numbers_is_their_product():
    assert np.kron(tg.Tensor(2.0, requires_grad=True), 3.0).item() == 6


@pytest.mark.parametrize(
    ("op", "shapes", "keywords"),
    [
        (np.vecdot, [(3, 2), (3, 2)], {"axis": 0}),
        (np.vecdot, [(3, 2), (2, 3)], {"axes": [0, (1,), ()]}),
        (np.linalg.cross, [(2, 3, 2, 2), (2, 3, 2, 2)], {"axis": 1}),
        (np.linalg.cross, [(2, 2, 2, 3), (2, 3)], {"axis": -1}),
        (np.cross, [(3, 2, 2, 2), (2, 2, 3, 2)], {"axisa": 0, "axisb": -2, "axisc": 1}),
        (np.linalg.vecdot, [(3, 2, 2), (3, 2, 2)], {"axis": 0}),
        (np.kron, [(), (2, 3)], {}),
        (np.kron, [(2, 3), ()], {}),
        (np.kron, [(2,), (2, 3, 2)], {}),
        (np.matmul, [(2, 3, 4), (2, 5, 3)], {"axes": [(2, 1), (2, 1), (1, 2)]}),
        (np.matmul, [(2, 3), (3,)], {"axes": [(0, 1), (0,), (0,)]}),
        (np.matmul, [(3, 4), (3, 2)], {"axes": [(1, 0), (0, 1), (1, 0)]}),
    ],
)
def test_stacked_products_take_axes(op, shapes, keywords):
    a, b = (random(*shape) for shape in shapes)
    y, tangent = tg.jvp(lambda a: op(a, b, **keywords), (a,), (a,))
    np.testing.assert_array_equal(y, op(a, b, **keywords))
    np.testing.assert_allclose(tangent, y)  # linear
    gradient = tg.grad(lambda b: np.sum(op(a, b, **keywords) * y))(b)
    np.testing.assert_allclose(np.sum(gradient * b), np.sum(y * y))


def test_stacked_products_name_what_they_do_not_take():
    with pytest.raises(TypeError, match=r"matmul.*axis"):
        np.matmul(tensor(2, 2), random(2, 2), axis=0)
    with pytest.raises(TypeError, match=r"matmul.*dtype"):
        np.matmul(tensor(2, 2), random(2, 2), axes=[(0, 1)] * 3, dtype=np.float32)
    with pytest.raises(TypeError, match=r"vecdot.*keepdims"):
        np.vecdot(tensor(2), random(2), keepdims=True)


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize(("n", "k"), [(5, 2), (5, 3), (2, 5), (3, 4), (4, 4)])
def test_the_adjoint_of_a_convolution_is_scipys_correlation(mode, n, k):
    a, v = random(n), random(k, seed=2)
    y, pullback = tg.vjp(lambda a: np.convolve(a, v, mode), a)
    u = random(*y.shape, seed=3)
    columns = (
        [np.convolve(unit, v, mode) for unit in np.eye(n)]
        if n >= k or mode == "full"
        else [np.convolve(v, unit, mode) for unit in np.eye(n)]
    )
    np.testing.assert_allclose(pullback(u)[0], np.array(columns) @ u, atol=1e-15)
    if mode == "full":
        expected = scipy.signal.correlate(u, v, "valid", method="direct")
        np.testing.assert_allclose(pullback(u)[0], expected, atol=1e-15)


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize(("n", "k"), [(5, 2), (5, 3), (2, 5), (3, 4), (2, 4), (4, 4), (1, 4)])
def test_the_jacobian_of_a_correlation_is_that_of_its_columns(mode, n, k):
    a, v = random(n), random(k, seed=2)
    in_a, in_v = tg.jacobian(lambda a, v: np.correlate(a, v, mode), (0, 1))(a, v)
    columns_a = [np.correlate(unit, v, mode) for unit in np.eye(n)]
    columns_v = [np.correlate(a, unit, mode) for unit in np.eye(k)]
    np.testing.assert_allclose(in_a, np.array(columns_a).T, atol=1e-15)
    np.testing.assert_allclose(in_v, np.array(columns_v).T, atol=1e-15)
