"""The elementwise family and SciPy's special functions at kinks, jumps, limits and infinities."""

import subprocess
import sys
from math import factorial, log, pi

import numpy as np
import pytest
import scipy.special
from scipy import special

import tinygrad_reg as tg
from tinygrad_reg.derivatives.elementwise import i0_derivative_, sinc_derivative_
from tinygrad_reg.tensor import Tensor, functions, rules, without_gradient


def slopes(f, *xs):
    """The gradients of Σf, which forward mode must agree with: entry by entry, or their sum."""
    xs = [np.asarray(x, float) for x in xs]
    with np.errstate(all="ignore"):
        reverse = tg.grad(lambda *xs: np.sum(f(*xs)), range(len(xs)))(*xs)
        for i, x in enumerate(xs):
            directions = [np.ones_like(z) if z is x else np.zeros_like(z) for z in xs]
            forward = tg.jvp(f, xs, directions)[1]
            expected = reverse[i] if forward.shape == x.shape else np.sum(reverse[i])
            forward = forward if forward.shape == x.shape else np.sum(forward)
            np.testing.assert_allclose(forward, expected, rtol=1e-13, atol=1e-300)
    return reverse[0] if len(xs) == 1 else reverse


def second(f, x):
    """The second derivative of f, entry by entry, in three nestings, which must agree."""
    x = np.asarray(x, float)
    ones = np.ones_like(x)
    first = tg.grad(lambda x: np.sum(f(x)))
    with np.errstate(all="ignore"):
        results = [
            tg.grad(lambda x: np.sum(first(x)))(x),
            tg.jvp(first, (x,), (ones,))[1],
            tg.jvp(lambda x: tg.jvp(f, (x,), (ones,))[1], (x,), (ones,))[1],
        ]
    for other in results[1:]:
        np.testing.assert_allclose(other, results[0], rtol=1e-12, atol=1e-300)
    return results[0]


def equal(found, expected):
    np.testing.assert_array_equal(found, expected)


def close(found, expected, tolerance=1e-14):
    np.testing.assert_allclose(found, expected, rtol=tolerance)


# The whole list of NumPy's ufuncs


NO_REAL_QUANTITIES = [
    "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not", "bitwise_invert", "bitwise_count",
    "invert", "left_shift", "right_shift", "bitwise_left_shift", "bitwise_right_shift",
    "gcd", "lcm", "isnat",
]  # fmt: skip
PRODUCTS = ["vecdot", "matvec", "vecmat"]  # of another family


def test_every_ufunc_of_numpy_has_a_line_or_a_reason():
    ufuncs = {name: op for name, op in vars(np).items() if isinstance(op, np.ufunc)}
    missing = {
        name
        for name, op in ufuncs.items()
        if op not in rules and op not in without_gradient and op not in functions
    }
    assert not missing - set(NO_REAL_QUANTITIES) - set(PRODUCTS)
    assert len(ufuncs) > 90


@pytest.mark.parametrize("name", [name for name in NO_REAL_QUANTITIES if hasattr(np, name)])
def test_ufuncs_of_integers_refuse_tensors_that_require_gradients(name):
    t = Tensor([1.0, 2.0], requires_grad=True)
    op = getattr(np, name)
    with pytest.raises(TypeError, match=rf"np\.{op.__name__} has no line"):
        op(*[t, 1][: op.nin])


CONSTANTS = [
    np.round, np.around, np.fix, np.rint, np.trunc, np.floor, np.ceil, np.sign, np.spacing,
    np.signbit, np.isneginf, np.isposinf, np.isreal, np.iscomplex,
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:numpy.fix is deprecated")
@pytest.mark.parametrize("op", CONSTANTS)
def test_what_is_constant_almost_everywhere_gives_a_plain_array(op):
    x = np.array([-1.75, 0.5, 2.0])
    found = op(Tensor(x, requires_grad=True))
    assert type(found) is np.ndarray
    equal(found, op(x))


@pytest.mark.parametrize("keywords", [{"where": [True, False]}, {"dtype": np.float32}])
@pytest.mark.parametrize("op", [np.sin, np.modf, special.erf])
def test_arguments_of_ufuncs_that_are_not_taken_are_named(op, keywords):
    t = Tensor([1.0, 2.0], requires_grad=True)
    name = f"np.{op.__name__}" if op is not special.erf else "^erf"
    with pytest.raises(
        TypeError, match=rf"{name} of a tensor does not take {next(iter(keywords))}"
    ):
        op(t, **keywords)


# Powers and roots


@pytest.mark.parametrize("op", [np.power, np.float_power, lambda x, p: x**p])
def test_powers_at_zero_to_third_order(op):
    p = np.array([0.0, 1, 2, 3, 4])
    f = lambda x: op(x, p)
    for expected in ([0, 1, 0, 0, 0], [0, 0, 2, 0, 0], [0, 0, 0, 6, 0], [0, 0, 0, 0, 24]):
        f = lambda x, f=f: tg.grad(lambda x: np.sum(f(x)))(x)
        equal(f(np.zeros(5)), expected)
    equal(second(lambda x: op(x, p), np.zeros(5)), [0, 0, 2, 0, 0])


@pytest.mark.parametrize("p", [0, 1, 2, 3, 0.0, 1.0, 2.0, 3.0])
def test_integer_and_float_exponents_mean_the_same_at_zero(p):
    f = lambda x: x**p
    for order in range(5):
        assert float(f(0.0)) == (factorial(order) if order == p else 0)
        f = tg.grad(f)


def test_powers_of_zero_in_the_exponent():
    equal(slopes(lambda p: np.power(0.0, p), [0.0, 0.5, 2.0, -1.0]), [0, 0, 0, -np.inf])
    equal(slopes(lambda p: 0**p, [0.0, 0.5, 2.0, -1.0]), [0, 0, 0, -np.inf])
    close(second(lambda p: np.power(0.0, p), [0.5, 2.0]), [0, 0])


def test_fractional_powers_at_zero_have_their_limits():
    equal(slopes(lambda x: x**0.5, [0.0]), [np.inf])
    equal(slopes(lambda x: x ** np.array([0.5, 1.5]), [0.0, 0.0]), [np.inf, 0])
    equal(slopes(np.cbrt, [0.0, -0.0]), [np.inf, np.inf])


def test_the_root_of_both_zeros_has_slope_plus_infinity():
    equal(slopes(np.sqrt, [0.0, -0.0]), [np.inf, np.inf])


def test_float_power_computes_in_float64_and_keeps_the_dtype_of_gradients():
    x, p = np.array([1.5, 2.5], np.float32), np.float32(2.5)
    value, gradients = tg.value_and_grad(lambda x, p: np.sum(np.float_power(x, p)), (0, 1))(x, p)
    assert value.dtype == np.float64
    assert [gradient.dtype for gradient in gradients] == [np.float32, np.float32]
    close(gradients[0], 2.5 * x.astype(float) ** 1.5, 1e-6)


# Kinks and jumps


def test_the_angle_at_the_origin_has_derivative_zero():
    equal(slopes(np.arctan2, [0.0, 0.0], [0.0, 1.0]), ([0, 1], [0, 0]))
    close(slopes(np.arctan2, [1e-300], [0.0])[1], [-1e300])
    close(slopes(np.arctan2, [1e200], [1e200]), ([5e-201], [-5e-201]))


@pytest.mark.parametrize("op", [np.maximum, np.minimum])
def test_where_there_is_no_order_there_is_no_derivative(op):
    nan = np.nan
    equal(slopes(op, [nan, 1.0, nan, 2.0], [1.0, nan, nan, 2.0]), ([nan] * 3 + [0.5],) * 2)
    equal(slopes(lambda x: np.clip(x, 0, 1), [nan, 0.5]), [nan, 1])


@pytest.mark.parametrize("op", [np.fmax, np.fmin])
def test_fmax_and_fmin_pass_all_to_the_number(op):
    nan = np.nan
    equal(slopes(op, [nan, 1.0, nan], [1.0, nan, nan]), ([0, 1, nan], [1, 0, nan]))


@pytest.mark.parametrize("op", [np.maximum, np.minimum, np.fmax, np.fmin, np.logaddexp])
def test_ties_of_a_tensor_with_itself_and_of_infinities(op):
    equal(slopes(lambda x: op(x, x), [1.5, np.inf, -np.inf]), [1, 1, 1])
    equal(slopes(op, [np.inf], [np.inf]), ([0.5], [0.5]))


@pytest.mark.parametrize("op", [np.remainder, np.fmod, lambda a, b: divmod(a, b)[1]])
@pytest.mark.parametrize("a", [7.3, -7.3])
@pytest.mark.parametrize("b", [2.0, -2.0])
def test_remainders_have_the_slope_of_their_branch(op, a, b):
    whole = np.trunc(a / b) if op is np.fmod else np.floor(a / b)
    equal(slopes(op, a, b), (1, -whole))
    equal(slopes(lambda a: op(a, b), [a, 4.0, 0.0]), [1, 1, 1])
    equal(slopes(op, 6.0, 2.0)[1], -3)


def test_remainders_of_huge_quotients():
    a = 1e17 + 32
    equal(slopes(np.fmod, a, 3.0)[1], -np.rint((a - np.fmod(a, 3.0)) / 3))
    equal(slopes(np.remainder, 1.0, np.inf), (1, 0))


def test_operators_of_remainders_on_either_side():
    x = np.array([7.5, -3.25])
    t = Tensor(x, requires_grad=True)
    for found, expected in zip((*divmod(t, 2), *divmod(9, t)), (*divmod(x, 2), *divmod(9, x))):  # noqa: B905
        equal(getattr(found, "data", found), expected)
    equal((t % 2).data, x % 2)
    equal((9 % t).data, 9 % x)
    assert type(divmod(t, 2)[0]) is np.ndarray
    assert type(divmod(t, 2)[1]) is Tensor


def test_parts_of_numbers():
    x = np.array([2.5, -2.5, 0.0, 6.0])
    t = Tensor(x, requires_grad=True)
    for op in (np.modf, np.frexp):
        for found, expected in zip(op(t), op(x), strict=True):
            equal(getattr(found, "data", found), expected)
    equal(slopes(lambda x: np.modf(x)[0], x), np.ones(4))
    equal(slopes(lambda x: np.frexp(x)[0], x), [1 / 4, 1 / 4, 1, 1 / 8])
    equal(slopes(lambda x: np.ldexp(x, [1, 2, 3, -1]), x), [2, 4, 8, 0.5])


def test_signs_and_steps():
    equal(slopes(np.copysign, [2.0, -2.0, 2.0, 0.0], [1.0, 1, -1, -1])[0], [1, -1, -1, 0])
    equal(slopes(np.copysign, [2.0, -2.0], [0.0, -0.0]), ([1, 1], [0, 0]))
    equal(slopes(np.heaviside, [-1.0, 0.0, -0.0, 2.0], np.full(4, 0.5)), ([0] * 4, [0, 1, 1, 0]))
    equal(slopes(np.angle, [1.0, -1.0]), [0, 0])
    equal(slopes(np.imag, [1.0, -1.0]), [0, 0])


def test_what_replaces_no_number_has_no_slope():
    x = np.array([np.nan, np.inf, -np.inf, 3.0])
    f = lambda x: np.nan_to_num(x, True, 1.0, posinf=2.0, neginf=-2.0)
    equal(f(Tensor(x, requires_grad=True)).data, f(x))
    equal(slopes(f, x), [0, 0, 0, 1])
    with pytest.raises(TypeError, match=r"np\.nan_to_num cannot write"):
        np.nan_to_num(Tensor(x, requires_grad=True), copy=False)


# Guards whose branch that was not chosen holds a NaN, which raises no flag when it is multiplied


@pytest.mark.parametrize("x", [[-1.0, 4.0], [-1.0, 0.0, 4.0], [-1.0], [0.0]])
def test_a_guarded_root_of_negative_numbers(x):
    x = np.array(x)
    f = lambda x: np.where(x > 0, np.sqrt(x), 0)
    with np.errstate(invalid="ignore"):
        equal(slopes(f, x), np.where(x == 4, 0.25, 0))
        equal(second(f, x), np.where(x == 4, -1 / 32, 0))


@pytest.mark.parametrize("x", [[0.0, 2.0], [0.0]])
def test_a_guarded_quotient(x):
    x = np.array(x)
    f = lambda x: np.where(x == 0, 1, np.sin(x) / x)
    with np.errstate(invalid="ignore"):
        close(slopes(f, x), np.where(x == 0, 0, np.cos(2) / 2 - np.sin(2) / 4))
        close(
            second(f, x), np.where(x == 0, 0, np.sin(2) / 4 - np.cos(2) / 2 - np.sin(2) / 2), 1e-12
        )


def test_a_missing_constant_that_was_masked_out():
    c = np.array([2.0, np.nan])
    equal(slopes(lambda x: np.where(np.isnan(c), 0, x * c), [1.0, 1.0]), [2, 0])


# Accuracy: against series and other functions, where a formula would cancel


def test_sinc_at_zero_to_every_order():
    f = np.sinc
    for order in range(9):
        expected = (-1) ** (order // 2) * pi**order / (order + 1) if order % 2 == 0 else 0
        close(float(f(0.0)), expected)
        f = tg.grad(f)
    equal(slopes(np.sinc, [0.0, -0.0]), [0, 0])
    close(second(np.sinc, [0.0]), [-(pi**2) / 3])


def test_derivatives_of_sinc_near_zero_do_not_cancel():
    x = 10.0 ** -np.arange(1, 12)
    u = pi * x
    close(
        slopes(np.sinc, x),
        pi * sum((-1) ** k * 2 * k * u ** (2 * k - 1) / factorial(2 * k + 1) for k in range(1, 9)),
    )


@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_series_and_recurrence_of_sinc_meet(n):
    border = (n + 2) / pi
    x = border * np.array([1 - 1e-12, 1 + 1e-12])
    near, far = sinc_derivative_(x, n)
    assert abs(near - far) < 1e-10 * pi**n
    # sinc x is the mean of cos(πxt) over t from 0 to 1, and so are its derivatives of others
    nodes, weights = special.roots_legendre(60)
    t = (nodes + 1) / 2
    x = np.linspace(-4, 4, 41)[:, None]
    expected = np.sum(weights / 2 * (pi * t) ** n * np.cos(pi * x * t + n * pi / 2), axis=1)
    np.testing.assert_allclose(sinc_derivative_(x[:, 0], n), expected, atol=4e-14 * pi**n)


def test_derivatives_of_i0_are_those_of_scipy():
    x = np.array([-700.0, -30, -1, -1e-8, 0.0, 1e-12, 1e-3, 0.5, 8.0, 100.0, 700.0])
    close(slopes(np.i0, x), special.i1(x), 1e-13)
    close(second(np.i0, x), special.ivp(0, x, 2), 1e-13)
    close(i0_derivative_(x, 3), special.ivp(0, x, 3), 1e-13)
    assert i0_derivative_(np.float32([1.5]), 1).dtype == np.float32


def test_local_derivatives_do_not_cancel():
    close(slopes(np.expm1, [-40.0, -700.0]), np.exp([-40.0, -700.0]))
    close(slopes(special.expit, [40.0, -40.0]), [np.exp(-40.0), np.exp(-40.0)], 1e-13)
    close(slopes(special.log_expit, [40.0]), [np.exp(-40.0)])
    close(slopes(np.logaddexp, [40.0], [0.0])[1], [np.exp(-40.0)])
    close(slopes(np.logaddexp2, [60.0], [0.0])[1], [2.0**-60])
    close(slopes(np.arccosh, [1e200]), [1e-200])
    close(slopes(np.arcsinh, [1e200, -1e300]), [1e-200, 1e-300])
    close(slopes(special.exprel, [1e-12, 0.0]), [0.5, 0.5], 1e-11)
    close(slopes(special.log_ndtr, [-100.0]), [100.00999800099926], 1e-11)
    u = 1e-4
    close(slopes(special.pseudo_huber, 1.0, u)[0], u**4 / 4, 1e-7)


# Limits and infinities


@pytest.mark.parametrize("op", [np.logaddexp, np.logaddexp2])
def test_logaddexp_with_infinities_to_second_order(op):
    inf = np.inf
    a, b = np.array([-inf, 0.0, inf, inf, -inf, 1000.0]), np.array([0.0, inf, 0, inf, -inf, -1000])
    equal(slopes(op, a, b), ([0, 0, 1, 0.5, 0.5, 1], [1, 1, 0, 0.5, 0.5, 0]))
    equal(second(lambda a: op(a, b), a), np.zeros(6))
    base = np.e if op is np.logaddexp else 2
    close(second(lambda a: op(a, 3.0), [3.0]), [log(base) / 4])


@pytest.mark.parametrize("x", [1000.0, -1000.0])
def test_saturated_functions_have_finite_derivatives(x):
    f = lambda x: np.tanh(x) + special.expit(x) + np.exp(-np.abs(x)) + special.erf(x)
    assert slopes(f, x) == 0
    assert second(f, x) == 0


def test_entropies_at_zero():
    inf = np.inf
    equal(
        slopes(special.xlogy, [0.0, 0.0, 2.0], [0.0, 2.0, 4.0]),
        ([-inf, log(2), log(4)], [0, 0, 0.5]),
    )
    equal(slopes(special.xlog1py, [0.0, 2.0], [-1.0, 3.0]), ([-inf, log(4)], [0, 0.5]))
    equal(slopes(special.kl_div, 1.5, 1.5), (0, 0))
    equal(slopes(special.entr, [0.0, 1.0]), [inf, -1])
    for first, then in ((0, 1), (1, 0)):
        assert tg.jacobian(tg.grad(special.xlogy, first), then)(0.0, 2.0) == 0.5
    assert tg.grad(lambda y: tg.grad(special.xlogy, 1)(0.0, y))(2.0) == 0


# SciPy's functions that are written in Python


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 1)])
def test_logsumexp_of_scipy_has_the_softmax_as_gradient(axis):
    x = np.random.default_rng(1).normal(size=(3, 4))
    close(slopes(lambda x: special.logsumexp(x, axis=axis), x), special.softmax(x, axis), 1e-13)


def test_logsumexp_of_scipy_with_infinities_and_weights():
    inf = np.inf
    equal(slopes(special.logsumexp, [-inf, 0.0]), [0, 1])
    equal(slopes(special.logsumexp, [inf, 0.0]), [1, 0])
    equal(slopes(special.logsumexp, [-inf, -inf]), [0.5, 0.5])
    close(slopes(special.logsumexp, [1e3, 1e3]), [0.5, 0.5], 1e-12)
    rows = np.array([[inf, inf, 0.3], [0.0, 0.5, -0.2], [-inf, -inf, -inf]])
    shares = [[0.5, 0.5, 0], special.softmax(rows[1]), [1 / 3, 1 / 3, 1 / 3]]
    close(slopes(lambda x: special.logsumexp(x, axis=1), rows), shares, 1e-13)
    f = lambda x, b: special.logsumexp(x, b=b)
    close(slopes(f, [0.0, inf], [2.0, 0.0])[0], [1, 0])
    signed = lambda x, b: special.logsumexp(x, b=b, return_sign=True)[0]
    close(slopes(signed, [0.0, 0.0], [1.0, -3.0]), ([-0.5, 1.5], [-0.5, -0.5]))
    size, sign = special.logsumexp(Tensor([0.0, 1.0], requires_grad=True), return_sign=True)
    assert (type(size), sign) == (Tensor, 1)
    with np.errstate(invalid="ignore"):
        assert np.isnan(f(Tensor([0.0, 0.0], requires_grad=True), np.array([1.0, -3.0])).data)
        assert np.isnan(slopes(f, [0.0, 0.0], [1.0, -3.0])).all()


def test_functions_of_scipy_stay_as_they_were_for_arrays():
    import inspect
    import pickle

    for f in (special.logsumexp, special.softmax, special.polygamma):
        assert pickle.loads(pickle.dumps(f)) is f
        assert "line" not in inspect.signature(f).parameters
    assert special.logsumexp([0.0, 0.0]) == pytest.approx(log(2))
    assert type(special.softmax([0.0, 0.0])) is np.ndarray
    assert special.zeta(2) == pytest.approx(pi**2 / 6)
    with pytest.raises(TypeError):
        special.logsumexp()


def test_an_argument_without_a_derivative_is_named():
    t = Tensor(2.0, requires_grad=True)
    for f in (special.zeta, lambda s: special.zeta(s, 2.0), lambda n: special.jv(n, 1.0)):
        with pytest.raises(TypeError, match="no derivative in its argument 0"):
            f(t).backward()
    with pytest.raises(TypeError, match="dawsn has no line"):
        special.dawsn(t)


IMPORTS = {
    "SciPy first": "from scipy.special import logsumexp, erf; import tinygrad_reg as tg",
    "SciPy last": "import tinygrad_reg as tg; from scipy.special import logsumexp, erf",
    "SciPy in the function": "import tinygrad_reg as tg; import scipy",
}


@pytest.mark.parametrize("order", IMPORTS)
def test_functions_of_scipy_take_tensors_whatever_is_imported_first(order):
    names = "from scipy.special import logsumexp, erf" if "function" in order else "pass"
    program = f"""
{IMPORTS[order]}
def f(x):
    {names}
    return logsumexp([0.0, 0.0]) + logsumexp(x) + erf(x).sum()
import numpy as np
print(*tg.grad(f)(np.zeros(2)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = [float(number) for number in done.stdout.split()]
    np.testing.assert_allclose(found, [0.5 + 2 / pi**0.5] * 2)


def test_importing_the_package_does_not_import_scipy():
    program = "import sys, tinygrad_reg; sys.exit(any(m.startswith('scipy') for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


@pytest.mark.parametrize("n", [0, 1, 2])
def test_digamma_and_gammaln_to_higher_orders(n):
    x = np.array([0.3, 1.0, 4.5, -0.5, 30.0])
    f = special.gammaln
    for _ in range(n + 1):
        f = lambda x, f=f: tg.grad(lambda x: np.sum(f(x)))(x)
    close(f(x), scipy.special.polygamma(n, x), 1e-13)
