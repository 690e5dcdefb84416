"""`check_rule` proves right lines by itself, and finds what is planted in wrong ones."""

import numpy as np
import pytest

import tinygrad_reg as tg
from tinygrad_reg.testing import GradientMismatch, check_rule
from tinygrad_reg.testing.rules import cases_of


def swish(x):
    return x / (1 + np.exp(-x))


def root(x):
    return np.sqrt(x)


def angle_of(x):
    return np.arcsin(x)


def area(a, b):
    return np.log(a) * b


def ridge(W, lambd):
    return lambd * np.sum(W**2)


def error_of(prediction, target):
    return np.mean((prediction - target) ** 2)


def mirror(x):
    return x[::-1]


def layer(W, X):
    return W @ X


def summed(x, axis):
    return np.sum(x, axis=axis)


def normalized(x):
    return x / np.sum(x)


def inverse(A):
    return np.linalg.inv(A)


def steps(x):
    return np.abs(x) + np.maximum(x, 1)


def pull(cotangent, y, x):
    return (cotangent - np.sum(cotangent * y)) / np.sum(x)


def push(tangent, y, x):
    return (tangent - y * np.sum(tangent)) / np.sum(x)


def add_axis(cotangent, y, x, axis):
    return np.broadcast_to(np.expand_dims(cotangent, axis), x.shape)


RIGHT = {
    "elementwise": lambda: tg.elementwise(swish, lambda y, x: y + tg.sigmoid(x) * (1 - y)),
    "of positive numbers": lambda: tg.elementwise(root, lambda y, x: 0.5 / y),
    "in an interval": lambda: tg.elementwise(angle_of, lambda y, x: 1 / np.sqrt(1 - x * x)),
    "of two arguments": lambda: tg.elementwise(
        area, lambda y, a, b: b / a, lambda y, a, b: np.log(a)
    ),
    "a number, of an array and a number": lambda: tg.elementwise(
        ridge, lambda y, W, lambd: 2 * lambd * W, lambda y, W, lambd: np.sum(W**2)
    ),
    "a number, of two arrays": lambda: tg.elementwise(
        error_of,
        lambda y, p, t: 2 * (p - t) / max(p.size, t.size),
        lambda y, p, t: 2 * (t - p) / max(p.size, t.size),
    ),
    "linear": lambda: tg.linear(mirror, lambda cotangent, y, x: cotangent[::-1]),
    "linear in an argument": lambda: tg.linear(summed, add_axis),
    "derivative": lambda: tg.derivative(normalized, pullbacks=[pull], pushforwards=[push]),
    "of square matrices": lambda: tg.derivative(
        inverse,
        pullbacks=[
            lambda cotangent, y, A: -np.swapaxes(y, -1, -2) @ cotangent @ np.swapaxes(y, -1, -2)
        ],
        pushforwards=[lambda tangent, y, A: -y @ tangent @ y],
    ),
    "with kinks": lambda: tg.elementwise(
        steps, lambda y, x: np.sign(x) + np.where(x == 1, 0.5, x > 1)
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_line_of_a_user_needs_nothing_more(name):
    check_rule(RIGHT[name]())


WRONG = {
    "NaN at 0": (
        lambda: tg.elementwise(swish, lambda y, x: y / x + y * (1 - y / x)),
        r"the derivative is nan, differences give",
    ),
    "a factor": (lambda: tg.elementwise(swish, lambda y, x: 2 * y), "swish|x"),
    "one of two arguments": (
        lambda: tg.elementwise(area, lambda y, a, b: b / a, lambda y, a, b: np.log(b)),
        "argument 1",
    ),
    "an adjoint": (lambda: tg.linear(mirror, lambda cotangent, y, x: cotangent), "argument 0"),
    "a pushforward": (
        lambda: tg.derivative(normalized, pullbacks=[pull], pushforwards=[lambda t, y, x: t]),
        "forward mode",
    ),
    "a pullback": (
        lambda: tg.derivative(normalized, pullbacks=[lambda c, y, x: c], pushforwards=[push]),
        "reverse mode",
    ),
    "a subgradient": (
        lambda: tg.elementwise(steps, lambda y, x: np.where(x == 0, 3, np.sign(x)) + (x >= 1)),
        "there is a kink",
    ),
    "a second derivative": (
        lambda: tg.elementwise(
            swish, lambda y, x: tg.sigmoid(plain(x)) + y * tg.sigmoid(-plain(x))
        ),
        "order 2",
    ),
}


def plain(x):
    return x.data if isinstance(x, tg.Tensor) else x


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_line_is_found(name):
    enter, message = WRONG[name]
    with pytest.raises(GradientMismatch, match=message) as caught:
        check_rule(enter())
    assert any("found by check_rule" in note for note in caught.value.__notes__)


@pytest.mark.parametrize("op", [np.tanh, np.matmul, np.clip, np.linalg.solve, tg.l1, tg.conv2d])
def test_a_line_of_the_package_is_proven_on_what_belongs_to_it(op):
    assert cases_of(op)
    check_rule(op, tries=3)


def test_samples_are_taken_where_they_are_given():
    def resized(x, shape):
        return np.reshape(x, shape)

    f = tg.linear(resized, lambda cotangent, y, x, shape: np.reshape(cotangent, x.shape))
    check_rule(f, samples=[(np.linspace(-1, 1, 6), (2, 3)), (np.ones((2, 2)), 4)])
    wrong = tg.linear(resized, lambda cotangent, y, x, shape: np.reshape(cotangent, x.shape) * 2)
    with pytest.raises(GradientMismatch, match="ratio 2"):
        check_rule(wrong, samples=[(np.linspace(-1, 1, 6), (2, 3))])
    with pytest.raises(TypeError, match="no array of floats"):
        check_rule(f, samples=[(3, (3,))])


def test_what_cannot_be_checked_is_said():
    with pytest.raises(TypeError, match="fft, which has no derivative"):
        check_rule(np.fft.fft)

    def choosy(x):
        raise ValueError("never")

    f = tg.elementwise(choosy, lambda y, x: 1)
    with pytest.raises(TypeError, match="choosy found no arrays that it can be called with"):
        check_rule(f)


def scaled(x, *, factor=2.0):
    return np.tanh(factor * x)


def flipped(x, axis=0):
    return np.flip(x, axis)


def power(x, n):
    return x**n


def masked(mask, x):
    return np.where(mask, x, 0)


def length(x):
    return np.sqrt(np.sum(x**2))


def product(A, B):
    return A @ B


OPTIONS = {
    "an option": (
        lambda: tg.elementwise(scaled, lambda y, x, factor=2.0: factor * (1 - y * y)),
        lambda: tg.elementwise(scaled, lambda y, x, factor=2.0: 2.0 * (1 - y * y)),
    ),
    "an axis": (
        lambda: tg.linear(flipped, lambda cotangent, y, x, axis=0: np.flip(cotangent, axis)),
        lambda: tg.linear(flipped, lambda cotangent, y, x, axis=0: np.flip(cotangent, 0)),
    ),
    "a constant after the array": (
        lambda: tg.elementwise(power, lambda y, x, n: n * x ** np.maximum(n - 1, 0), None),
        lambda: tg.elementwise(power, lambda y, x, n: 3 * x**2 + n, None),
    ),
    "a constant before the array": (
        lambda: tg.elementwise(masked, None, lambda y, mask, x: np.where(mask, 1.0, 0.0)),
        lambda: tg.elementwise(masked, None, lambda y, mask, x: 1.0),
    ),
    "all zeros": (
        lambda: tg.elementwise(length, lambda y, x: x / np.where(y == 0, np.inf, y)),
        lambda: tg.elementwise(length, lambda y, x: x / y),
    ),
    "matrices alone": (
        lambda: tg.linear(
            product,
            lambda c, y, A, B: c @ B.swapaxes(-1, -2),
            lambda c, y, A, B: A.swapaxes(-1, -2) @ c,
        ),
        lambda: tg.linear(product, lambda c, y, A, B: c @ B.T, lambda c, y, A, B: (c.T @ A).T * 2),
    ),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_options_constants_and_zeros_are_tried(name):
    right, wrong = OPTIONS[name]
    check_rule(right())
    with pytest.raises(GradientMismatch):
        check_rule(wrong())


def test_options_can_be_given_with_samples():
    def wave(x, kind="tanh"):
        return np.tanh(x) if kind == "tanh" else np.sin(x)

    f = tg.elementwise(wave, lambda y, x, kind="tanh": 1 - y * y)
    check_rule(f, samples=[(np.linspace(-1, 1, 3),)])
    with pytest.raises(GradientMismatch):
        check_rule(f, samples=[(np.linspace(-1, 1, 3), {"kind": "sine"})])
    with pytest.raises(ValueError, match="no samples"):
        check_rule(f, samples=[])
    with pytest.raises(TypeError, match="expected a tuple of arguments"):
        check_rule(f, samples=(1.0,))


@pytest.mark.parametrize(
    ("op", "message"),
    [
        (lambda x: np.random.default_rng().normal() * x, "is it random"),
        (lambda x: np.multiply(x, 2, out=x) if type(x) is np.ndarray else x, "writes into"),
    ],
)
def test_operations_that_are_random_or_write_into_arguments_are_named(op, message):
    op.__name__ = "careless"
    with pytest.raises(AssertionError, match=f"careless.*{message}"):
        check_rule(tg.elementwise(op, lambda y, x: 1))
