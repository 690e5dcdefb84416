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
    with pytest.raises(TypeError, match="fft, which has no line"):
        check_rule(np.fft.fft)

    def choosy(x):
        raise ValueError("never")

    f = tg.elementwise(choosy, lambda y, x: 1)
    with pytest.raises(TypeError, match="choosy found no arrays that it can be called with"):
        check_rule(f)
