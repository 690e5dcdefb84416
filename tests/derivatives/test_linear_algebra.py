"""Linear algebra: closed forms, SciPy's Fréchet derivatives, and matrices where care is needed."""

import itertools

import numpy as np
import pytest
import scipy.linalg

import tinygrad_reg as tg
from tinygrad_reg.testing import numerical_gradient, numerical_jvp

LinAlgError = np.linalg.LinAlgError


def random(*shape, seed=1):
    return np.random.default_rng(seed).uniform(-1, 1, shape)


def of_rank(n, rank, seed=1):
    """A square matrix that lacks rank, with no zero entries."""
    return random(n, rank, seed=seed) @ random(rank, n, seed=seed + 1)


def minors(a):
    """Cofactors by their definition: determinants without a row and a column."""
    n = len(a)
    found = np.zeros((n, n))
    for i, j in itertools.product(range(n), repeat=2):
        minor = np.delete(np.delete(a, i, 0), j, 1)
        found[i, j] = (-1) ** (i + j) * np.linalg.det(minor)
    return found


# -- values --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        np.linalg.eigh,
        lambda a: np.linalg.eigh(a, "U"),
        np.linalg.svd,
        lambda a: np.linalg.svd(a[..., :2], full_matrices=True),
        lambda a: np.linalg.svd(a, hermitian=True),
        np.linalg.qr,
        lambda a: np.linalg.qr(a[..., :2], mode="complete"),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_decompositions_are_numpys_own_with_names(f, dtype):
    a = random(2, 3, 3).astype(dtype)
    expected, found = f(a), f(tg.Tensor(a, requires_grad=True))
    assert type(found) is type(expected)
    for name in expected._fields:
        y, tensor = getattr(expected, name), getattr(found, name)
        assert tensor.dtype == y.dtype
        np.testing.assert_array_equal(tensor.data, y)


def test_eig_is_numpys_own_with_names_where_it_is_real():
    a = np.diag([1.0, 2.0, 4.0]) + 0.1 * random(3, 3)
    expected, found = np.linalg.eig(a), np.linalg.eig(tg.Tensor(a, requires_grad=True))
    assert type(found) is type(expected)
    np.testing.assert_array_equal(found.eigenvalues.data, expected.eigenvalues.real)
    np.testing.assert_array_equal(found.eigenvectors.data, expected.eigenvectors.real)


def test_complex_eigenvalues_are_an_error_that_names_eigh():
    turn = tg.Tensor([[0.0, 1.0], [-1.0, 0.0]], requires_grad=True)
    for f in (np.linalg.eig, np.linalg.eigvals):
        with pytest.raises(TypeError, match=r"np\.linalg\.eig.*np\.linalg\.eigh"):
            f(turn)


def test_slogdet_has_a_plain_sign_and_a_logarithm_with_a_gradient():
    a = np.array([[0.0, 2.0], [3.0, 1.0]])
    sign, logarithm = np.linalg.slogdet(tg.Tensor(a, requires_grad=True))
    assert (type(sign), sign) == (np.float64, -1)
    assert logarithm.item() == np.linalg.slogdet(a).logabsdet
    gradient = tg.grad(lambda a: np.linalg.slogdet(a).logabsdet)(a)
    np.testing.assert_allclose(gradient, np.linalg.inv(a).T)


def test_the_rank_is_a_constant():
    assert np.linalg.matrix_rank(tg.Tensor(of_rank(3, 2), requires_grad=True)) == 2


def test_lstsq_gives_rank_and_residuals_as_numpy_does():
    for a in (random(4, 2), random(2, 4), of_rank(3, 2)):
        b = random(len(a), seed=5)
        expected = np.linalg.lstsq(a, b)
        found = np.linalg.lstsq(tg.Tensor(a, requires_grad=True), b)
        assert found[2] == expected[2]
        assert type(found[2]) is type(expected[2])
        for i in (0, 1, 3):
            np.testing.assert_array_equal(found[i].data, expected[i])


# -- one triangle --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "upper"),
    [
        (np.linalg.cholesky, False),
        (lambda a: np.linalg.cholesky(a, upper=True), True),
        (np.linalg.eigvalsh, False),
        (lambda a: np.linalg.eigh(a).eigenvalues, False),
        (lambda a: np.linalg.eigvalsh(a, "U"), True),
        (lambda a: np.linalg.eigh(a, UPLO="U")[0], True),
        (lambda a: np.linalg.pinv(a, hermitian=True), False),
        (lambda a: np.linalg.svd(a, compute_uv=False, hermitian=True), False),
    ],
)
def test_the_gradient_is_zero_in_the_triangle_that_numpy_does_not_read(f, upper):
    a = np.diag([3.0, 5.0, 8.0]) + random(3, 3)
    gradient = tg.grad(lambda a: np.sum(np.sin(f(a))))(a)
    unread = np.tri(3, k=-1, dtype=bool) if upper else np.tri(3, k=-1, dtype=bool).T
    np.testing.assert_array_equal(gradient[unread], 0)
    assert np.all(gradient[unread.T] != 0)
    a[unread] = np.nan  # what is not read cannot hurt
    np.testing.assert_array_equal(tg.grad(lambda a: np.sum(np.sin(f(a))))(a), gradient)


# -- determinants of singular matrices -----------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize("lost", [0, 1, 2, 3])
def test_the_gradient_of_det_is_the_matrix_of_cofactors_at_any_rank(n, lost):
    a = of_rank(n, max(n - lost, 0)) if lost else random(n, n)
    np.testing.assert_allclose(tg.grad(np.linalg.det)(a), minors(a), atol=1e-13)


def test_the_gradient_of_det_is_right_for_each_matrix_of_a_stack():
    stack = np.stack([random(3, 3), of_rank(3, 2), of_rank(3, 1), np.zeros((3, 3)), np.eye(3)])
    gradient = tg.grad(lambda a: np.sum(np.linalg.det(a)))(stack)
    np.testing.assert_allclose(gradient, [minors(a) for a in stack], atol=1e-14)


@pytest.mark.parametrize("scale", [1e-5, 1e5])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_the_gradient_of_det_loses_no_digits_at_any_scale(rank, scale):
    a = of_rank(3, rank)
    gradient = tg.grad(np.linalg.det)(scale * a)
    np.testing.assert_allclose(gradient / scale**2, minors(a), rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize(
    "f",
    [
        np.linalg.inv,
        np.linalg.det,
        np.linalg.pinv,
        np.linalg.eigvalsh,
        np.linalg.cholesky,
        lambda a: np.linalg.eigh(a).eigenvectors ** 2,
        lambda a: np.linalg.svd(a).U ** 2,
        lambda a: np.linalg.qr(a).R ** 2,
        lambda a: np.linalg.slogdet(a).logabsdet,
        lambda a: np.linalg.solve(a, a[..., :2] ** 2),
        lambda a: np.linalg.matrix_power(a, 3),
        lambda a: np.linalg.cond(a, 1),
        lambda a: np.linalg.cond(a, -2),
    ],
)
def test_a_stack_of_stacks_has_the_gradients_of_its_matrices(f):
    stack = np.diag([2.0, 4.0, 7.0]) + random(2, 2, 3, 3) / 2

    gradient = tg.grad(lambda a: np.sum(f(a)))
    weighed = tg.grad(lambda a: np.sum(np.sin(gradient(a))))
    for i in np.ndindex(2, 2):
        np.testing.assert_allclose(gradient(stack)[i], gradient(stack[i]), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(weighed(stack)[i], weighed(stack[i]), rtol=1e-8, atol=1e-11)


def test_the_gradient_of_det_is_right_in_a_stack_of_stacks():
    stack = np.stack([of_rank(3, rank) for rank in (1, 2, 3, 2)]).reshape(2, 2, 3, 3)
    gradient = tg.grad(lambda a: np.sum(np.linalg.det(a)))(stack)
    for i in np.ndindex(2, 2):
        np.testing.assert_allclose(gradient[i], minors(stack[i]), atol=1e-13)


@pytest.mark.parametrize("rank", [0, 1, 2, 3])
def test_second_derivatives_of_det_are_polynomials_at_any_rank(rank):
    a, v = of_rank(3, rank) if rank else np.zeros((3, 3)), random(3, 3, seed=9)
    expected = (minors(a + v) - minors(a - v)) / 2  # cofactors of a 3x3 matrix are quadratic
    np.testing.assert_allclose(tg.hvp(np.linalg.det, (a,), (v,)), expected, atol=1e-13)
    backwards = tg.grad(lambda a: np.sum(tg.grad(np.linalg.det)(a) * v))(a)
    np.testing.assert_allclose(backwards, expected, atol=1e-13)


def test_third_derivatives_of_det_are_right_for_zeros():
    def along(f, v):
        return lambda a: tg.jvp(f, (a,), (v,))[1]

    v = random(3, 3)
    third = along(along(along(np.linalg.det, v), v), v)(np.zeros((3, 3)))
    np.testing.assert_allclose(third, 6 * np.linalg.det(v))


def test_a_nearly_singular_matrix_loses_no_digits():
    a = of_rank(4, 3)
    a[0, 0] += 1e-13
    np.testing.assert_allclose(tg.grad(np.linalg.det)(a), minors(a), rtol=1e-11)


def test_singular_matrices_are_errors_that_name_the_operation():
    zeros = np.zeros((2, 2))
    with pytest.raises(LinAlgError, match="Singular"):
        np.linalg.inv(tg.Tensor(zeros, requires_grad=True))
    assert np.linalg.slogdet(tg.Tensor(zeros, requires_grad=True)).logabsdet.item() == -np.inf
    with pytest.raises(ValueError, match=r"rule of logabsdet.*Singular"):
        tg.grad(lambda a: np.linalg.slogdet(a).logabsdet)(zeros)


# -- equal values --------------------------------------------------------------------------------


@pytest.mark.parametrize("a", [np.eye(3), np.diag([1.0, 2.0, 2.0]), np.zeros((3, 3))])
def test_functions_of_eigenvalues_alone_have_gradients_at_ties(a):
    for f in (np.linalg.eigvalsh, lambda a: np.linalg.eigh(a).eigenvalues):
        np.testing.assert_allclose(tg.grad(lambda a: np.sum(f(a)))(a), np.eye(3), atol=1e-15)  # noqa: B023
        squares = tg.grad(lambda a: np.sum(f(a) ** 2))(a)  # noqa: B023
        np.testing.assert_allclose(squares, 2 * a, atol=1e-15)
        v = random(3, 3)
        tangent = tg.jvp(lambda a: np.sum(f(a) ** 2), (a,), (v,))[1]  # noqa: B023
        np.testing.assert_allclose(tangent, 2 * np.trace(a @ np.tril(v)), atol=1e-14)


@pytest.mark.parametrize("f", [np.linalg.svdvals, lambda a: np.linalg.svd(a).S])
def test_the_nuclear_norm_has_its_gradient_at_ties(f):
    np.testing.assert_allclose(tg.grad(lambda a: np.sum(f(a)))(np.eye(3)), np.eye(3), atol=1e-15)


@pytest.mark.parametrize("f", [np.linalg.svdvals, lambda a: np.linalg.svd(a).S])
def test_singular_values_have_subgradient_zero_at_zero(f):
    zeros = np.zeros((2, 3))
    np.testing.assert_array_equal(tg.grad(lambda a: np.sum(f(a)))(zeros), zeros)
    np.testing.assert_array_equal(tg.jvp(f, (zeros,), (random(2, 3),))[1], [0, 0])


def exponential(a):
    """The matrix exponential of a symmetric matrix through its eigenvectors."""
    w, V = np.linalg.eigh(a)
    return (V * np.exp(w)) @ V.T


def polar(a):
    """The nearest orthogonal matrix."""
    U, _, Vh = np.linalg.svd(a)
    return U @ Vh


@pytest.mark.parametrize("f", [exponential, polar])
def test_vectors_of_equal_values_are_never_silently_wrong(f):
    # At I, dexp = e·dA: with 1/(λ_j - λ_i) replaced by 0, its part beside the diagonal got lost.
    a = np.eye(2)
    with pytest.raises(ValueError, match=r"rule of (eigh|svd).*equal.*eigvalsh"):
        tg.grad(lambda a: np.sum(f(a) * [[1.0, 2.0], [3.0, 4.0]]))(a)
    assert np.isnan(tg.jvp(f, (a,), (random(2, 2),))[1]).any()


@pytest.mark.parametrize("scale", [1e-20, 1.0, 1e20])
def test_eigenvalues_that_are_equal_up_to_rounding_count_as_equal(scale):
    Q = np.linalg.qr(random(3, 3)).Q
    vectors = lambda a: np.linalg.eigh(a).eigenvectors ** 2
    with pytest.raises(ValueError, match="equal"):
        tg.grad(lambda a: np.sum(vectors(a) * random(3, 3)))(scale * Q @ np.diag([1, 1, 2]) @ Q.T)
    # and those that differ by more do not
    a = Q @ np.diag([1.0, 1.0001, 2.0]) @ Q.T
    gradient = tg.grad(lambda a: np.sum(vectors(a) * random(3, 3)))
    np.testing.assert_allclose(scale * gradient(scale * a), gradient(a), rtol=1e-6)


def test_an_eigenvector_apart_from_the_tie_has_its_gradient():
    a, b = np.diag([1.0, 3.0, 3.0]), random(3, 3)

    def f(a):
        v = np.linalg.eigh(a).eigenvectors[:, 0]
        return np.sum(v[:, None] * v * b)

    np.testing.assert_allclose(tg.grad(f)(a), numerical_gradient(f, a), atol=1e-8)


def test_singular_vectors_of_zero_are_an_error_only_where_they_matter():
    a = np.outer([1.0, 2.0, 2.0], [3.0, 4.0])  # rank 1
    largest = tg.grad(lambda a: np.linalg.svd(a, full_matrices=False).S[0])(a)
    np.testing.assert_allclose(largest, a / 15, atol=1e-15)
    with pytest.raises(ValueError, match=r"rule of svd.*0"):
        tg.grad(lambda a: np.sum(np.linalg.svd(a, full_matrices=False).U[:, 1] ** 3))(a)


# -- closed forms --------------------------------------------------------------------------------


def test_the_exponential_through_eigenvectors_has_scipys_frechet_derivative():
    a, v = np.diag([1.0, 2.0, 4.0]) + 0.5, random(3, 3)
    v = v + v.T
    found = tg.jvp(exponential, (a,), (v,))[1]
    np.testing.assert_allclose(found, scipy.linalg.expm_frechet(a, v)[1], rtol=1e-10)


def test_the_derivative_of_a_square_root_solves_sylvesters_equation():
    a = random(3, 3)
    a = a @ a.T + np.eye(3)
    v = random(3, 3, seed=4)
    v = v + v.T

    def root(a):
        w, V = np.linalg.eigh(a)
        return (V * np.sqrt(w)) @ V.T

    y, tangent = tg.jvp(root, (a,), (v,))
    np.testing.assert_allclose(tangent, scipy.linalg.solve_sylvester(y, y, v), rtol=1e-9)


def test_the_polar_factor_has_the_derivative_of_sylvesters_equation():
    a, v = np.diag([1.0, 2.0, 4.0]) + 0.3 * random(3, 3), random(3, 3, seed=4)
    y, tangent = tg.jvp(polar, (a,), (v,))
    stretch = y.T @ a
    turn = scipy.linalg.solve_sylvester(stretch, stretch, y.T @ v - v.T @ y)
    np.testing.assert_allclose(tangent, y @ turn, rtol=1e-9)


def test_least_squares_has_the_gradient_of_the_normal_equations():
    a, b = random(5, 2), random(5, seed=3)
    weights = random(2, seed=4)
    found = tg.grad(lambda a, b: np.linalg.lstsq(a, b)[0] @ weights, (0, 1))(a, b)
    normal = tg.grad(lambda a, b: np.linalg.solve(a.T @ a, a.T @ b) @ weights, (0, 1))(a, b)
    np.testing.assert_allclose(found[0], normal[0], rtol=1e-9)
    np.testing.assert_allclose(found[1], normal[1], rtol=1e-9)


def test_orthonormal_columns_are_no_trap_for_least_squares():
    a, b = np.eye(4, 2), random(4)
    hessian = tg.hessian(lambda a: np.sum(np.linalg.lstsq(a, b)[0] ** 2))(a)
    normal = tg.hessian(lambda a: np.sum(np.linalg.solve(a.T @ a, a.T @ b) ** 2))(a)
    np.testing.assert_allclose(hessian, normal, atol=1e-12)


def test_solve_broadcasts_stacks_and_takes_one_axis_for_a_vector():
    a, b = random(3, 2, 2) + 3 * np.eye(2), random(2)
    for right in (b, b[:, None], random(3, 2, 1)):
        found = tg.grad(lambda a, b: np.sum(np.sin(np.linalg.solve(a, b))), (0, 1))(a, right)
        by_inverse = tg.grad(lambda a, b: np.sum(np.sin(np.linalg.inv(a) @ b)), (0, 1))(a, right)
        np.testing.assert_allclose(found[0], by_inverse[0], rtol=1e-10)
        np.testing.assert_allclose(found[1], by_inverse[1], rtol=1e-10)


@pytest.mark.parametrize("p", [1, -1, np.inf, -np.inf, "fro", "nuc"])
def test_condition_numbers_in_other_norms_agree_with_differences(p):
    a, v = np.diag([2.0, 3.0]) + 0.3 * random(2, 2), random(2, 2, seed=4)
    y, tangent = tg.jvp(lambda a: np.linalg.cond(a, p), (a,), (v,))
    np.testing.assert_array_equal(y, np.linalg.cond(a, p))
    difference = numerical_jvp(lambda a: np.linalg.cond(a, p), (a,), (v,))
    np.testing.assert_allclose(tangent, difference, rtol=1e-7)


def test_the_condition_number_of_zeros_is_infinite():
    stack = np.stack([np.zeros((2, 2)), np.eye(2)])
    found = np.linalg.cond(tg.Tensor(stack, requires_grad=True))
    np.testing.assert_array_equal(found.data, np.linalg.cond(stack))


# -- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["inv", "det", "slogdet", "cholesky", "eigh", "eigvalsh", "eig", "eigvals", "svd", "svdvals",
     "qr", "pinv", "cond"],
)  # fmt: skip
def test_vectors_are_numpys_own_error(name):
    with pytest.raises(LinAlgError, match=r"two-dimensional|at least two"):
        getattr(np.linalg, name)(tg.Tensor([1.0, 2.0], requires_grad=True))


@pytest.mark.parametrize("name", ["inv", "det", "slogdet", "cholesky", "eigh", "eigvalsh", "eig"])
def test_matrices_that_are_not_square_are_numpys_own_error(name):
    with pytest.raises(ValueError, match="square"):
        getattr(np.linalg, name)(tg.Tensor(random(2, 3), requires_grad=True))


def test_the_cutoff_of_a_pseudoinverse_is_a_constant():
    a, cutoffs = random(2, 3, 3), np.array([1e-3, 1e-2])
    y = np.sum(np.linalg.pinv(tg.Tensor(a, requires_grad=True), rtol=cutoffs))
    assert y.item() == np.sum(np.linalg.pinv(a, rtol=cutoffs))
    with pytest.raises(TypeError, match=r"pinv has no derivative in its argument 'rtol'"):
        np.linalg.pinv(tg.Tensor(a, requires_grad=True), rtol=tg.Tensor(cutoffs, True))


def test_qr_names_the_modes_it_takes():
    for mode in ("raw", "economic", "nonsense"):
        with pytest.raises(ValueError, match=f"qr.*{mode}.*reduced"):
            np.linalg.qr(tg.Tensor(random(2, 2), requires_grad=True), mode)


def test_qr_of_dependent_columns_is_an_error_in_reverse_mode():
    a = np.array([[1.0, 0.0], [1.0, 0.0]])
    with pytest.raises(ValueError, match="rule of qr"):
        tg.grad(lambda a: np.sum(np.linalg.qr(a).Q))(a)


def test_lstsq_of_rows_that_do_not_match_is_numpys_own_error():
    with pytest.raises(LinAlgError, match="Incompatible"):
        np.linalg.lstsq(tg.Tensor(random(3, 2), requires_grad=True), random(2))


@pytest.mark.parametrize(
    "shapes", [((3,), (3,)), ((2, 3, 2), (2, 3)), ((3, 2), ()), ((3, 2), (3, 1, 1)), ((3, 2), (4,))]
)
def test_lstsq_of_other_shapes_is_numpys_own_error(shapes):
    arrays = [np.ones(shape) for shape in shapes]
    with pytest.raises((LinAlgError, ValueError, TypeError, IndexError)) as expected:
        np.linalg.lstsq(*arrays)
    with pytest.raises(expected.type) as found:
        np.linalg.lstsq(*[tg.Tensor(x, requires_grad=True) for x in arrays])
    assert str(found.value) == str(expected.value)


def test_indefinite_matrices_have_no_cholesky_factor():
    with pytest.raises(LinAlgError, match="positive definite"):
        np.linalg.cholesky(tg.Tensor(-np.eye(2), requires_grad=True))
