"""Right derivatives pass the check, at kinks and away from them; each wrong one is found."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_reg as tg
from tinygrad_reg.testing import GradientMismatch, check_gradients

from ..deep import shared

KINKED = np.array([0.0, 1.0, -2.0, 0.5])


def test_right_rules_pass_to_third_order():
    check_gradients(np.tanh, np.array([-1.0, 0.5]), order=3)
    check_gradients(lambda p: [p["W"] @ p["W"].T, np.exp(p["b"])], {"W": np.ones((2, 3)), "b": 0.1})
    check_gradients(lambda x: 3 * x, np.ones(2))
    check_gradients(np.matmul, np.ones((2, 3)), np.ones((3, 1), np.float32))
    check_gradients(lambda x, y: {"a": x * y, "b": (np.sum(x), y**3)}, np.ones(2), 2.0, order=4)


@pytest.mark.parametrize("modes", [("reverse",), ("forward",), ("forward", "reverse")])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_right_rules_pass_in_each_mode(modes, order):
    check_gradients(lambda W, b: tg.sigmoid(W @ W + b), np.eye(2), 0.3, order=order, modes=modes)


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
def test_arguments_of_any_size_can_be_checked(size):
    w = size * np.array([1.0, -2.0, 0.3])
    check_gradients(lambda w: np.sum(w**2) / size + np.sum(np.log(np.abs(w))), w)
    check_gradients(lambda w, x: np.sum(np.log(np.abs(w))) * x, w, 1.0)


def test_empty_arrays_and_ignored_arguments_among_others_pass():
    check_gradients(np.sum, np.zeros((0, 3)))
    check_gradients(lambda W, b, unused: np.sum(W**2), np.ones(2), np.zeros((0, 1)), 3.0)
    check_gradients(tg.relu, np.array([-1.0, -2.0]))  # zero, but not because it is ignored


def test_a_function_that_computes_in_float32_passes():
    check_gradients(lambda x: np.sin(x.astype(np.float32)), np.array([0.3, 0.4]))


# Kinks.


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (np.abs, [KINKED]),
        (tg.relu, [KINKED]),
        (lambda x: np.sum(tg.relu(x) ** 2), [KINKED]),
        (lambda x: x * np.abs(x), [KINKED]),
        (np.max, [np.array([1.0, 1.0, 0.0])]),
        (lambda x: np.maximum(x, x[::-1]), [np.array([1.0, 2.0, 1.0])]),
        (lambda x: np.clip(x, -2.0, 1.0), [KINKED]),
        (lambda W, lambd: tg.l1(W, lambd, 3), [KINKED, 0.7]),
        (lambda W: tg.elastic_net(W, 0.7, 3, 0.4), [KINKED]),
        (lambda W: tg.group_lasso(W, 0.7, 3, axis=0), [np.array([[0.0, 1.0], [0.0, 2.0]])]),
        (np.hypot, [np.array([0.0, 3.0]), np.array([0.0, 4.0])]),
        (lambda x: np.sqrt(np.sum(np.square(np.hypot(x, 0.0)))), [np.array([3.0, 4.0])]),
        (np.std, [np.ones(3)]),
        (lambda W, X: np.sum(tg.relu(W @ X)), [np.ones((2, 3)), np.zeros((3, 2))]),
        (lambda x: np.where(x > 0, np.sqrt(x), 0.0), [np.array([-1.0, 4.0, 0.0])]),
        (lambda x: np.sum(x) - np.max(x) - np.min(x), [np.ones(3)]),  # the middle one of three
        (lambda x: np.median(x, axis=0), [np.zeros((3, 2))]),
        (lambda x: np.median(x, axis=0), [np.zeros((5, 3))]),
        # Kinks of opposite signs in several results, or along several entries
        (lambda x: [np.abs(x), 2 * tg.relu(x), 3 * np.maximum(x, 0)], [np.zeros(3)]),
        (lambda x: np.abs(x[0]) - 2 * tg.relu(x[1]) + np.abs(x[2]), [np.zeros(3)]),
    ],
)
@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_subgradients_chosen_at_kinks_pass(f, args, order):
    check_gradients(f, *args, order=order)


def with_subgradient(at_zero, in_forward=None):
    """|x| with some derivative at 0, in forward mode another."""

    def absolute(x):
        return np.abs(x)

    def local(x, at_zero):
        x = x.data if isinstance(x, tg.Tensor) else x
        return np.where(x == 0, at_zero, np.sign(x))

    forward = at_zero if in_forward is None else in_forward
    return tg.derivative(
        absolute,
        pullbacks=[lambda cotangent, y, x: cotangent * local(x, at_zero)],
        pushforwards=[lambda tangent, y, x: tangent * local(x, forward)],
    )


@shared(2)
@given(st.floats(-1, 1), st.integers(0, 3))
def test_a_subgradient_between_the_slopes_passes(at_zero, where):
    x = np.roll(KINKED, where)
    check_gradients(with_subgradient(at_zero), x)
    check_gradients(lambda x: np.sum(with_subgradient(at_zero)(x) * [1, 2, 3, 4]), x)


@shared(2, least=6)
@given(st.floats(1.001, 100), st.sampled_from([-1, 1]), st.integers(0, 3))
def test_a_subgradient_that_is_not_between_the_slopes_is_found(size, sign, where):
    x = np.roll(KINKED, where)
    wrong = with_subgradient(sign * size)
    with pytest.raises(GradientMismatch, match=rf"0\[{where}\].*there is a kink, with slopes"):
        check_gradients(lambda x: np.sum(wrong(x)), x)
    for modes in ("reverse",), ("forward",):
        with pytest.raises(GradientMismatch, match=f"order 1, {modes[0]} mode.*there is a kink"):
            check_gradients(wrong, x, modes=modes)
    with pytest.raises(GradientMismatch, match=r"order 1, forward mode.*there is a kink"):
        check_gradients(with_subgradient(0, sign * size), x)


def test_the_smooth_entries_next_to_a_kink_stay_checked():
    def wrong(x):
        return np.abs(x) + x**2

    def local(y, x):
        slope = np.sign(x.data if isinstance(x, tg.Tensor) else x)
        return slope + 2 * (x.data if isinstance(x, tg.Tensor) else x)  # no second derivative

    wrong = tg.elementwise(wrong, local)
    check_gradients(wrong, KINKED, order=1)
    with pytest.raises(GradientMismatch, match=r"order 2, reverse mode, argument 0\[[123]\]"):
        check_gradients(wrong, KINKED)
    with pytest.raises(GradientMismatch, match=r"order 2, forward mode, result"):
        check_gradients(lambda x: np.sum(wrong(x)), KINKED, modes=("forward",))


def test_a_sum_of_subgradients_that_is_none_is_found():
    said = r"there is a kink, with slopes .*\(a sum of subgradients need not be a subgradient\)$"
    for modes in ("reverse",), ("forward",):
        with pytest.raises(GradientMismatch, match=said):
            check_gradients(lambda x: 2 * np.abs(x) - 3 * tg.relu(x), 0.0, modes=modes)


@pytest.mark.parametrize("size", [1.0, 1e-3, 1e5])
def test_sides_of_a_kink_that_no_step_leads_to_count_but_nothing_beyond_them(size):
    def middle_times(c):
        times_c = tg.elementwise(lambda x: x * 1.0, lambda y, x: c + 0 * x)
        return lambda x: times_c(np.sum(x) - np.max(x) - np.min(x))  # whose slopes are 0 and 1

    x = np.full(3, size)
    check_gradients(middle_times(2.9), x, order=1, modes=("reverse",))  # a third of it is below 1
    check_gradients(middle_times(1.0), x, order=1)
    for modes in ("reverse",), ("forward",):
        with pytest.raises(GradientMismatch, match=f"order 1, {modes[0]} mode"):
            check_gradients(middle_times(4.0), x, order=1, modes=modes)


X = np.array([0.5, -1.3, 2.0])


@pytest.mark.parametrize(
    ("f", "wrong", "x"),
    [
        (lambda x: 0.5 * x**2, lambda y, x: 2 * x, np.array([1e-7, -3e-7])),
        (lambda x: x**2, lambda y, x: 4 * x, 1e-8 * X),
        (lambda x: np.cosh(x / 1e-6), lambda y, x: 2e6 * np.sinh(x / 1e-6), 1e-6 * X),
        (lambda x: np.sin(3000 * x), lambda y, x: 3003 * np.cos(3000 * x), X),
        (lambda x: np.sin(1e6 * x), lambda y, x: 1.2e6 * np.cos(1e6 * x), X),
        (lambda x: np.maximum(x, 0), lambda y, x: 0.3 + 0 * x, np.array([5e-7])),
        (lambda x: np.maximum(x - 1, 0), lambda y, x: 0.3 + 0 * x, np.array([1 + 5e-7])),
        (lambda x: x**2, lambda y, x: 2 * x * (1 + 1e-7), X),
    ],
)
@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_curves_and_kinks_nearby_excuse_nothing(f, wrong, x, mode):
    for order in 1, 2:
        with pytest.raises(GradientMismatch, match=f"order 1, {mode} mode"):
            check_gradients(tg.elementwise(f, wrong), x, order=order, modes=(mode,))


def test_a_ratio_close_to_1_can_be_read():
    nearly = tg.elementwise(lambda x: x**2, lambda y, x: 2 * x * (1 - 1e-7))
    with pytest.raises(GradientMismatch, match=r"ratio 1 - 1\.0e-07 "):
        check_gradients(nearly, X)


@pytest.mark.parametrize(
    ("f", "shape"),
    [
        (lambda z: np.sum(tg.softmax(z)), 3),
        (lambda A: np.linalg.inv(A) @ A, (3, 3)),
        (lambda A: np.linalg.solve(A, A[:, 0]), (3, 3)),
    ],
)
@pytest.mark.parametrize("seed", [0, 3])
def test_what_is_constant_up_to_rounding_passes(f, shape, seed):
    check_gradients(f, (1 + seed) * np.random.default_rng(seed).normal(size=shape))


def test_second_derivatives_that_differences_cannot_resolve_are_left_out():
    for modes in ("reverse", "forward"), ("reverse",), ("forward",):
        check_gradients(lambda w: tg.l1(w, 0.7, 3), np.array([1e-8, 0.5]), modes=modes)
        check_gradients(lambda x: np.sum(np.abs(x)), 1e-8 * X, modes=modes)


def test_modes_agree_on_the_same_infinity():
    check_gradients(lambda x: np.sum(x**1.5), np.array([0.0, 0.5]))


def test_waves_that_differences_cannot_resolve_are_not_said_to_have_no_derivative():
    with pytest.raises(ValueError, match=r"at 0\[0\], .* differences cannot resolve the function"):
        check_gradients(np.sin, np.array([1e8]))


@pytest.mark.parametrize(
    ("f", "x", "message"),
    [
        (np.sqrt, [1.0, 0.0], r"0\[1\], which is x\[1\].*right side its slope grows without bound"),
        (np.cbrt, [0.0], "grows without bound .* grows without bound"),
        (lambda x: x + x * np.floor(x), [0.5, 1.0], r"0\[1\].*jumps there, by \S+ on the left"),
        (lambda x: np.sum(x * np.where(x < 1, 1, 2)), [1.0], "jumps there, by -1 on the left side"),
        (np.log, [-1.0], "its value there is nan"),
        (np.reciprocal, [0.0], "its value there is inf"),
    ],
)
@pytest.mark.parametrize("modes", [("reverse", "forward"), ("forward",)])
def test_where_there_is_no_finite_derivative_an_error_says_so(f, x, message, modes):
    message = message if "reverse" in modes else "no finite derivative that could be checked"
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=message):
        check_gradients(f, np.array(x), modes=modes)


def test_differences_that_prove_nothing_are_an_error():
    noisy = lambda x: np.sum(np.sin(x) + 1e-3 * (np.floor(1e9 * x) % 2))
    with pytest.raises(ValueError, match="no finite derivative that could be checked"):
        check_gradients(noisy, np.array([0.3, 0.7]))


# Wrong derivatives.


def wrong_first(x):
    return np.sin(x)


def wrong_second(x):
    return np.sin(x)


def wrong_pushforward(x):
    return x * 2.0


wrong_first = tg.elementwise(wrong_first, lambda y, x: np.where(x > 2, 2, 1) * np.cos(x))
wrong_second = tg.elementwise(
    wrong_second, lambda y, x: np.cos(x.data if type(x) is tg.Tensor else x)
)
wrong_pushforward = tg.derivative(
    wrong_pushforward,
    pullbacks=[lambda cotangent, y, x: 2 * cotangent],
    pushforwards=[lambda tangent, y, x: 3 * tangent],
)


def test_a_wrong_derivative_is_named_with_its_worst_entry():
    message = (
        r"order 1, reverse mode, argument 0\['w'\]\[1\], which is parameters\['w'\]\[1\]: the "
        r"derivative is \S+, differences give \S+, ratio 2 \(1 of 3 entries of that array differ\)"
    )

    def J(parameters, b):
        return wrong_first(parameters["w"]) + b

    with pytest.raises(GradientMismatch, match=message):
        check_gradients(J, {"w": np.array([1.0, 3.0, 0.5])}, 1.0)


def test_the_derivative_of_a_single_number_is_shown_as_it_is():
    half = tg.elementwise(lambda x: x**2, lambda y, x: x)
    with pytest.raises(GradientMismatch, match=r"derivative is 2\.0, differences give (4\.0|3\.9)"):
        check_gradients(half, 2.0)


def test_names_of_arguments_are_found_in_any_signature():
    J = lambda *arrays: np.sum(arrays[0]) + wrong_first(arrays[1])
    with pytest.raises(GradientMismatch, match=r"argument 1, which is arrays\[1\]: the"):
        check_gradients(J, np.ones(2), 3.0)


def test_a_diagnosis_is_part_of_the_message():
    half = tg.elementwise(lambda x: x**2, lambda y, x: x)
    with pytest.raises(GradientMismatch, match=r"differ\)\. The gradient.* of W is half"):
        check_gradients(lambda W: np.sum(half(W)), np.array([1.0, 2.0]))
    with pytest.raises(GradientMismatch, match=r"\. In forward mode, the gradient.* of W is"):
        check_gradients(lambda W: np.sum(half(W)), np.array([1.0, 2.0]), modes=("forward",))


@given(st.floats(1e-6, 0.5), st.sampled_from([-1, 1]), st.floats(-2, 2))
def test_a_derivative_that_is_wrong_by_little_is_found(part, sign, x):
    wrong = tg.elementwise(lambda x: np.exp(x), lambda y, x: y * (1 + sign * part))
    with pytest.raises(GradientMismatch, match=r"order 1, reverse mode, argument 0.* ratio "):
        check_gradients(wrong, np.array([x, 1.0]))
    with pytest.raises(GradientMismatch, match="order 1, forward mode"):
        check_gradients(wrong, np.array([x, 1.0]), modes=("forward",))


def test_a_wrong_second_derivative_is_found():
    check_gradients(wrong_second, np.array([1.0]), order=1)
    with pytest.raises(GradientMismatch, match="order 2, reverse mode"):
        check_gradients(wrong_second, np.array([1.0]))


def test_a_wrong_pushforward_is_found_in_forward_mode_alone():
    check_gradients(wrong_pushforward, 1.0, order=1, modes=("reverse",))
    with pytest.raises(GradientMismatch, match=r"order 1, forward mode.*ratio 1\.5"):
        check_gradients(wrong_pushforward, 1.0)


def test_modes_that_are_wrong_only_where_they_meet_are_found():
    # Both are within the error of the differences of a function in float32, but not adjoint.
    rough = tg.derivative(
        lambda x: x.astype(np.float32).astype(float),
        pullbacks=[lambda cotangent, y, x: cotangent * (1 + 1e-9)],
        pushforwards=[lambda tangent, y, x: tangent],
    )
    with pytest.raises(GradientMismatch, match=r"the modes disagree|order 1, reverse"):
        check_gradients(rough, np.array([0.3, 0.6]))


def test_second_derivatives_that_depend_on_the_mode_are_found():
    # The derivative in forward mode is right, but its own derivative in reverse mode is not.
    def cubed(x):
        return x**3

    def push(tangent, y, x):
        return tangent * 3 * (x * x.detach() if isinstance(x, tg.Tensor) else x * x)

    cubed = tg.derivative(
        cubed, pullbacks=[lambda cotangent, y, x: cotangent * 3 * x**2], pushforwards=[push]
    )
    with pytest.raises(
        GradientMismatch, match="order 2, the modes disagree: H·v in reverse over forward mode"
    ):
        check_gradients(cubed, np.array([1.0, 2.0]))


def test_a_hessian_that_is_not_symmetric_is_found():
    # A vector field with a curl, said to be the gradient of a function in both modes.
    from tinygrad_reg.testing.gradients import Check

    def curl(x):
        return np.sum(x * 0)

    curl = tg.derivative(
        curl,
        pullbacks=[lambda cotangent, y, x: cotangent * x[::-1] * np.array([1.0, -1.0])],
        pushforwards=[lambda tangent, y, x: np.sum(tangent * x[::-1] * np.array([1.0, -1.0]))],
    )
    check = Check(curl, [np.array([1.0, 2.0])])
    check.start(2, check.f)
    for both, reverse in ((True, True), (False, True), (False, False)):
        with pytest.raises(GradientMismatch, match=r"H·v in|wᵀ·H·v is|vᵀ·H·w is"):
            check.second_order(check.f, np.zeros(2, bool), both, reverse)


# Many entries.


def large_cost(W, b):
    return np.sum(np.tanh(W) * b) + tg.l1(W, 0.5, 2)


def test_of_many_entries_few_are_differenced_and_kinks_among_them_pass():
    W = np.random.default_rng(0).normal(size=(40, 30))
    W[::3] = 0
    calls = []

    def counted(W, b):
        calls.append(W)
        return large_cost(W, b)

    check_gradients(counted, W, np.ones((40, 1)))
    assert len(calls) < 5000  # of over 14,000 that one difference of every entry would take


@pytest.mark.parametrize("order", [1, 2])
def test_a_single_wrong_entry_of_many_is_found(order):
    W = np.random.default_rng(0).normal(size=(40, 30))

    def square(x):
        return x * x

    square = tg.elementwise(square, lambda y, x: np.where(np.arange(1200) == 217, 2.002, 2) * x)
    with pytest.raises(GradientMismatch, match=r"0\[7, 7\], which is W\[7, 7\].*ratio 1\.001"):
        check_gradients(lambda W: np.sum(square(np.ravel(W))), W, order=order)


# Functions and arguments that cannot be checked.


def test_unknown_modes_and_orders_are_errors():
    for modes in (("backward",), ()):
        with pytest.raises(ValueError, match="modes="):
            check_gradients(np.sin, 1.0, modes=modes)
    with pytest.raises(ValueError, match="order=0"):
        check_gradients(np.sin, 1.0, order=0)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: 3.0, "^check_gradients of <lambda>: it returned a plain float"),
        (lambda x: None, "a missing return gives None"),
        (lambda x: np.sum(x).item(), r"plain float.*without float\(\), .item\(\) or .data"),
        (lambda x: np.sum(x.data), "plain float64"),
        (lambda x: {"loss": np.sum(x), "n": 3}, "plain int"),
        (lambda x: float(np.sum(x)), "about to become a Python float"),
        (lambda x: x[0] if x[0] > 0 else "negative", "plain str"),
    ],
)
def test_a_function_that_returns_no_tensor_is_an_error(f, message):
    with pytest.raises(TypeError, match=message) as caught:
        check_gradients(f, np.array([-1.0, 2.0]))
    assert "vjp of" not in str(caught.value)


def test_a_function_that_ignores_all_arguments_is_an_error():
    J = lambda W, b: np.sum(tg.Tensor([1.0, 2.0]))
    for modes in ("reverse",), ("forward",):
        with pytest.raises(ValueError, match=r"<lambda>: the function ignores all of its .* W, b"):
            check_gradients(J, np.ones(2), 1.0, modes=modes)


def test_a_function_that_cuts_its_graph_is_a_mismatch():
    detached = lambda x: np.sum((x.detach() if type(x) is tg.Tensor else x) ** 2)
    with pytest.raises(GradientMismatch, match=r"derivative is 0\.0.*No gradient arrives"):
        check_gradients(detached, np.ones(2))


def test_a_random_function_is_an_error():
    random = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"called twice .* seeded generator made inside"):
        check_gradients(lambda x: np.sum(x * random.normal(size=3)), np.ones(3))
    check_gradients(lambda x: np.sum(x * np.random.default_rng(0).normal(size=3)), np.ones(3))


def test_a_function_that_writes_into_its_argument_is_an_error():
    def f(parameters):
        parameters["W"] += 1
        return np.sum(parameters["W"] ** 2)

    with pytest.raises(
        ValueError, match=r"check_gradients of f: .*writes into its argument 0\['W'"
    ):
        check_gradients(f, {"W": np.ones(2)})


def test_an_error_inside_the_function_says_in_which_call_it_was_raised():
    def f(W, X):
        if type(X) is tg.Tensor:
            return np.sum(W @ X)
        raise KeyError("no such key")

    with pytest.raises(KeyError) as caught:
        check_gradients(f, np.ones((1, 2)), np.ones((2, 3)))
    assert caught.value.__notes__ == [
        "raised when check_gradients of f called it for its value, with plain arrays: W of shape "
        "(1, 2), X of shape (2, 3)"
    ]
    with pytest.raises(ValueError, match="matmul") as caught:
        check_gradients(np.matmul, np.ones((1, 2)), np.ones((1, 2)))
    assert "with tensors: " in caught.value.__notes__[0]


def test_arguments_that_cannot_be_differenced_are_errors():
    with pytest.raises(ValueError, match=r"argument 0\['W'\]\[0, 1\] is nan"):
        check_gradients(lambda p: np.sum(p["W"]), {"W": np.array([[1, np.nan]])})
    with pytest.raises(TypeError, match=r"argument 1 was given an array of dtype int") as caught:
        check_gradients(lambda W, y: np.sum(W[y]), np.ones(3), np.array([0, 1]))
    assert "Close over those" in caught.value.__notes__[0]


# The package without Hypothesis.


WITHOUT_HYPOTHESIS = """
import sys
sys.modules["hypothesis"] = None
from tinygrad_reg.testing import *
check_gradients(abs, 1.0)
import tinygrad_reg.testing as testing
for name in "check_rule", "strategies":
    try:
        getattr(testing, name)
    except ImportError as error:
        assert "python -m pip install 'tinygrad-reg[testing]'" in str(error), error
    else:
        raise AssertionError(name)
assert not hasattr(testing, "check_rules")
"""


def test_gradients_are_checked_without_hypothesis_and_the_rest_says_what_to_install():
    subprocess.run([sys.executable, "-c", WITHOUT_HYPOTHESIS], check=True, timeout=60)
