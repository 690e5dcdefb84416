"""What people report about derivatives elsewhere: `python tests/reports/reports.py` measures it.

Each line of the list below is one report from the tracker of micrograd, HIPS autograd, MyGrad, JAX
or PyTorch, as a few words of code. The script runs that code with this engine and with the library
it was reported for, as far as that is installed, and writes the table in docs/reference/reports.md.
"""

from __future__ import annotations

import functools
import importlib.metadata
import math
import platform
import re
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import scipy.special

import tinygrad_reg as tg

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "reports.md"
REPOSITORIES = {
    "micrograd": "karpathy/micrograd",
    "autograd": "HIPS/autograd",
    "mygrad": "rsokl/MyGrad",
    "jax": "jax-ml/jax",
    "pytorch": "pytorch/pytorch",
}
PACKAGES = {"pytorch": "torch"}
inf, nan = math.inf, math.nan


class Refusal(NamedTuple):
    """What this engine does not differentiate: the words of its error, and the true derivative."""

    says: str
    derivative: Any


class Report(NamedTuple):
    """One report, and the code that shows what it is about.

    Attributes
    ----------
    tracker, number : str, int
        Where it was reported; `kind` is "pull" for a pull request.
    what : str
        What was reported.
    code : str
        A function of `x`: assignments and an expression, with "; " between.
    x : array_like
        Where it is differentiated.
    right : array_like or Refusal
        The derivative of the sum of the function, of the given order (of the sum of the entries
        of the derivative before); or the TypeError to expect of this engine.
    theirs : str, optional
        The code as that library spells it, where it differs.
    order : int
        How often it is differentiated.
    between : (low, high), optional
        The subgradients at a kink: another library is right with each of them.
    forward : bool
        Whether it is about forward mode, so that the library is measured in that mode.
    modes : tuple of str
        The modes of this engine that the line is about.
    """

    tracker: str
    number: int
    what: str
    code: str
    x: Any
    right: Any
    theirs: str = ""
    order: int = 1
    between: tuple[float, float] | None = None
    kind: str = "issues"
    forward: bool = False
    modes: tuple[str, ...] = ("reverse", "forward")

    @property
    def name(self) -> str:
        """The report as people cite it."""
        return f"{REPOSITORIES[self.tracker].split('/')[1]}#{self.number}"

    @property
    def address(self) -> str:
        """Where it can be read."""
        return f"https://github.com/{REPOSITORIES[self.tracker]}/{self.kind}/{self.number}"


NORM = "np.linalg.norm(x)"
ZEROS = np.zeros(3)
SELF_DISTANCES = "np.linalg.norm(x[:, None] - np.array([[1.0, 2.0], [3.0, 4.0]]), axis=-1)"
DIAGONAL = 0.5**0.5
SINGULAR = [[1.0, 2.0], [2.0, 4.0]]
OUT_AND_BACK = "U, S, V = np.linalg.svd(x, full_matrices=False); np.linalg.norm((U * S) @ V)"
FAR_OUT = 37.42994775023705  # where a sigmoid rounds to 1

# fmt: off
REPORTS = [
    # Lengths and distances
    Report("autograd", 151, "norm at 0", NORM, ZEROS, ZEROS, between=(-1, 1)),
    Report("autograd", 586, "square of a norm at 0", f"{NORM} ** 2", ZEROS, ZEROS),
    Report("autograd", 617, "norms along an axis, squared", "np.linalg.norm(x, axis=-1) ** 2",
           np.zeros((1, 2)), np.zeros((1, 2))),
    Report("autograd", 183, "Gaussian of a norm", f"np.exp(-1.0 * {NORM} ** 2)", [[0.0], [0.0]],
           [[0], [0]]),
    Report("mygrad", 378, "norm of zeros", NORM, ZEROS, ZEROS, between=(-1, 1)),
    Report("mygrad", 379, "abs at 0", "np.abs(x)", [-2.0, 0.0, 2.0], [-1, 0, 1], kind="pull"),
    Report("jax", 4177, "squared norm of zeros", f"{NORM} ** 2", [0.0, 0.0], [0, 0]),
    Report("jax", 6484, "squared distance of a point from itself",
           "np.linalg.norm(x - np.array([1.0, 2.0, 3.0])) ** 2", [1.0, 2.0, 3.0], ZEROS),
    Report("jax", 26248, "‖a·b‖ in the number a where the vector b is 0",
           "np.linalg.norm(x * np.zeros(2))", 1.3, 0),
    Report("jax", 2377, "root of a sum of squares which are 0",
           "np.sqrt(np.sum(np.square(0.0 * x)))", 1.0, 0),
    Report("pytorch", 2421, "norm at 0", NORM, [0.0], [0], theirs="x.norm()", between=(-1, 1)),
    Report("pytorch", 37154, "distances, one of them 0", SELF_DISTANCES, [[1.0, 2.0], [3.0, 4.0]],
           [[-DIAGONAL, -DIAGONAL], [DIAGONAL, DIAGONAL]],
           theirs="torch.cdist(x, x.detach().clone())"),
    # Spread
    Report("jax", 11716, "std of equal numbers", "np.std(x)", [1.0, 1.0], [0, 0], between=(-1, 1)),
    Report("pytorch", 4320, "std of equal numbers (with n − 1)", "np.std(x, ddof=1)", ZEROS, ZEROS,
           theirs="torch.std(x)", between=(-1, 1)),
    Report("jax", 9040, "nanmean of a square where a number is missing", "np.nanmean(x**2)",
           [nan, 1.0, 2.0, 3.0, 4.0], [0, 0.5, 1, 1.5, 2]),
    # Angles and sinc
    Report("jax", 4893, "hypot at 0 (its review asks for a sensible gradient)",
           "np.hypot(x[0], x[1])", [0.0, 0.0], [0, 0], between=(-1, 1), kind="pull"),
    Report("jax", 1052, "arctan2(0, 0) in the branch not taken",
           "np.where(np.arange(3) == 1, 0.0, np.arctan2(x, x))", [3.0, 0.0, -5.0], ZEROS),
    Report("pytorch", 93998, "arctan2(0, 0) masked away afterwards",
           "np.arctan2(np.array([2.0, 0, 0, 0]), x)[[True, False, True, True]]",
           [1.0, 0.0, 2.0, 3.0], [-0.4, 0, 0, 0],
           theirs="torch.atan2(torch.tensor([2.0, 0, 0, 0]), x)[[True, False, True, True]]"),
    Report("pytorch", 98276, "arctan2 at the origin, where no number is wrong",
           "np.arctan2(x[0], x[1])", [0.0, 0.0], [0, 0], theirs="torch.atan2(x[0], x[1])",
           between=(-inf, inf)),
    Report("pytorch", 56760, "sinc at 0", "np.sinc(x)", 0.0, 0),
    Report("pytorch", 196703, "sinc at 0, twice", "np.sinc(x)", 0.0, -(math.pi**2) / 3, order=2),
    Report("jax", 1722, "sinc at 0", "np.sinc(x)", 0.0, 0, kind="pull"),
    Report("jax", 35305, "sinc close to 0", "np.sinc(x)", 1e-9, -(math.pi**2) / 3 * 1e-9,
           kind="pull"),
    Report("mygrad", 426, "sinc at and close to 0", "np.sinc(x)", [0.0, 1e-9],
           [0, -(math.pi**2) / 3 * 1e-9], kind="pull"),
    # Products
    Report("autograd", 378, "prod of a zero", "np.prod(x)", [0.0], [1]),
    Report("autograd", 93, "prod with one zero", "np.prod(x)", [0.0, 2.0], [2, 0]),
    Report("autograd", 257, "no cumprod (here with a zero)", "np.cumprod(x)", [2.0, 0.0, 3.0, 4.0],
           [1, 32, 0, 0]),
    Report("pytorch", 773, "prod with two zeros", "np.prod(x)", [0.0, 0, 3], [0, 0, 0]),
    Report("pytorch", 82644, "prod of a zero, along an axis", "np.prod(x, 0)", [0.0], [1]),
    Report("pytorch", 106789, "prod with two zeros, twice", "np.prod(x)", [2.0, 3.0, 0.0, 0.0],
           [0, 0, 6, 6], order=2),
    Report("pytorch", 196701, "cumprod with a zero, twice, forward",
           "np.cumprod(np.stack([2 - x, x - 1, 2 * x + 1])) * np.array([4.0, 5.0, 6.0])", 1.0, -22,
           theirs="np.cumprod(np.stack([2 - x, x - 1, 2 * x + 1]), 0) * np.tensor([4.0, 5.0, 6.0])",
           order=2, forward=True),
    # Powers
    Report("autograd", 116, "exp(−x²) at 0, four times", "np.exp(-(x**2))", 0.0, 12, order=4),
    Report("autograd", 581, "x times its root, at 0", "x * x**0.5", 0.0, 0),
    Report("jax", 12409, "0⁰ with an array", "np.power(x - np.floor(x), np.array([0]))", [1.0],
           [0]),
    Report("pytorch", 8940, "0⁰", "x**0", [0.0, 1.0], [0, 0]),
    Report("pytorch", 27134, "0ᵖ in the exponent", "np.array([0.0, 2.0]) ** x", [1.0, 1.0],
           [0, 2 * math.log(2)], theirs="torch.tensor([0.0, 2.0]) ** x"),
    Report("pytorch", 80770, "xlogy at 0", "special.xlogy(x, 2.0)", 0.0, math.log(2)),
    Report("jax", 15737, "entropy at 0", "-special.xlogy(x, x)", 0.0, inf, "special.entr(x)",
           kind="pull"),
    Report("micrograd", 17, "no gradient in the exponent", "x[0] ** x[1]", [2.0, 3.0],
           [12, 8 * math.log(2)]),
    # Exponentials that overflow
    Report("jax", 764, "tanh far out", "np.tanh(x)", [190.0, 200.0], [0, 0]),
    Report("jax", 777, "a sigmoid written out, far out", "1 / (1 + np.exp(-x))", [-800.0, 0.0],
           [0, 0.25]),
    Report("jax", 2140, "log sigmoid at 0", "tg.log_sigmoid(x)", 0.0, 0.5, "jax.nn.log_sigmoid(x)"),
    Report("jax", 40385, "sigmoid where it rounds to 1", "tg.sigmoid(x)", FAR_OUT,
           math.exp(-FAR_OUT), theirs="jax.nn.sigmoid(x)"),
    Report("jax", 40387, "softplus where the sigmoid rounds to 1, twice", "tg.softplus(x)", FAR_OUT,
           math.exp(-FAR_OUT), theirs="jax.nn.softplus(x)", order=2),
    Report("jax", 1538, "elu far out", "tg.elu(x)", 1000.0, 1, "jax.nn.elu(x)", kind="pull"),
    Report("jax", 6811, "logsumexp of −∞ only", "tg.logsumexp(x)", [-inf, -inf], [0.5, 0.5],
           theirs="special.logsumexp(x)", between=(0, 1)),
    Report("pytorch", 49724, "logaddexp of −∞ and −∞, and then more",
           "np.logaddexp(np.logaddexp(x[0], x[1]), x[2])", [-inf, -inf, 2.0], [0, 0, 1]),
    Report("pytorch", 31829, "log softmax of a forbidden class", "tg.log_softmax(x)[1:]",
           [-inf, 0.0, 0.0], [0, 0, 0], theirs="torch.log_softmax(x, 0)[1:]"),
    Report("pytorch", 196704, "logaddexp of numbers far apart, twice",
           "np.logaddexp(x / 2 - 1, 3 - x)", -800.0, 0, order=2),
    Report("mygrad", 21, "logaddexp", "np.logaddexp(x[0], x[1])", [1000.0, 0.0], [1, 0],
           kind="pull"),
    Report("mygrad", 67, "softmax far out", "tg.softmax(x)[0]", [1000.0, 0.0], [0, 0],
           theirs="mygrad.nnet.activations.softmax(x)[0]", kind="pull"),
    Report("micrograd", 29, "no tanh, and the one proposed overflows", "np.tanh(x)", 1000.0, 0,
           "x.tanh()", kind="pull"),
    Report("pytorch", 103316, "cross-entropy of a saturated sigmoid",
           "tg.binary_cross_entropy(x, np.ones(2))", [-50.0, 10.0], [-1, -1 / (1 + math.exp(10))],
           theirs="2 * torch.nn.functional.binary_cross_entropy(x.sigmoid(), torch.ones(2))"),
    Report("pytorch", 49844, "cross-entropy of the logit −∞", "tg.binary_cross_entropy(x, 0.0)",
           -inf, 0,
           theirs="torch.nn.functional.binary_cross_entropy_with_logits(x, torch.tensor(0.0))"),
    # Guards
    Report("autograd", 802, "where, a root not taken", "np.where(x >= 0, x, np.sqrt(-x))", 1.0, 1),
    Report("jax", 347, "where, the root of 0 not taken",
           "n = np.sqrt(np.sum(x**2, axis=1)); np.where(n > 0.5, n, 1.0)", [[3.0, 4.0], [0.0, 0.0]],
           [[0.6, 0.8], [0, 0]]),
    Report("jax", 2630, "where, the root of a negative number not taken",
           "np.where(x > 0, np.sqrt(x), 0.0)", [-1.0, 0.0, 4.0], [0, 0, 0.25]),
    Report("jax", 2630, "where, ∞ not taken", "np.where(x > 0, 0.0, x * np.inf)", 1.0, 0),
    Report("jax", 1722, "a sinc with one where", "np.where(x == 0, 1.0, np.sin(x) / x)",
           [0.0, math.pi], [0, -1 / math.pi], kind="pull"),
    Report("jax", 29152, "a logarithm of a negative number that is not used",
           "(x * np.log(np.cos(x)))[:2]", [6.0, 7.0, 8.0],
           [math.log(math.cos(6)) - 6 * math.tan(6), math.log(math.cos(7)) - 7 * math.tan(7), 0]),
    Report("jax", 5798, "where, the root of 0 not taken", "np.where(x < 1, x, np.sqrt(x))", 0.0, 1),
    Report("pytorch", 187297, "where, a root not taken", "np.where(x > 0, np.sqrt(x), x)",
           [-1.0, -4.0], [1, 1]),
    Report("pytorch", 68425, "where, an overflow not taken", "np.where(x <= 0, np.exp(x), 1 + x)",
           1000.0, 1),
    Report("pytorch", 18287, "where, cos(∞) not taken", "np.where(x < 1, np.cos(x), 0.0)",
           [0.0, inf], [0, 0]),
    Report("pytorch", 108618, "where, the logarithm of 0 not taken",
           "np.where(x > 2, np.log2(x), 2 * x)", [0.0, 2.0, 4.0], [2, 2, 0.25 / math.log(2)]),
    Report("pytorch", 156212, "where, NaN not taken", "np.where(x <= 10, np.exp(x), 1.0)",
           [1.0, nan, 1e10], [math.e, 0, 0]),
    Report("pytorch", 52248, "where, 1/0 not taken", "np.where(False, x / 0.0, 1.0)", 1.0, 0,
           "np.where(np.tensor(False), x / 0.0, np.tensor(1.0))"),
    Report("pytorch", 94700, "nan_to_num of NaN", "np.nan_to_num(x * np.nan)", 1.0, 0),
    # Ties
    Report("autograd", 141, "max of x and x", "np.max(np.stack([x, x]))", 1.0, 1, kind="pull"),
    Report("jax", 13600, "max of equal numbers", "np.max(x)", [1.0, 1.0], [0.5, 0.5],
           between=(0, 1)),
    Report("pytorch", 56734, "maximum(x, x)", "np.maximum(x, x)", [1.0, 2.0], [1, 1]),
    Report("pytorch", 184572, "maximum(x, 0) at 0", "np.maximum(x, 0.0)", 0.0, 0.5,
           theirs="torch.maximum(x, torch.tensor(0.0))", between=(0, 1)),
    Report("pytorch", 43519, "median of equal numbers", "np.median(x)", [1.0, 1.0, 1.0],
           [1 / 3, 1 / 3, 1 / 3], between=(0, 1), kind="pull"),
    Report("pytorch", 185543, "quantile of equal numbers", "np.quantile(x, 0.3)",
           [1.0, 1.0, 2.0, 3.0], [0.5, 0.5, 0, 0], between=(0, 1)),
    Report("pytorch", 185543, "the order of equal numbers in a sort",
           "np.sort(x) * np.array([0.0, 1.0, 2.0])", [1.0, 1.0, 1.0], [0, 1, 2],
           theirs="np.sort(x).values * np.tensor([0.0, 1.0, 2.0])", between=(0, 2)),
    # Matrices
    Report("autograd", 549, "det of zeros", "np.linalg.det(x)", np.zeros((4, 4)), np.zeros((4, 4))),
    Report("jax", 2380, "det of a singular matrix", "np.linalg.det(x)", SINGULAR,
           [[4, -2], [-2, 1]]),
    Report("jax", 2821, "det of zeros, twice", "np.linalg.det(x)", np.zeros((2, 2)),
           [[1, -1], [-1, 1]], order=2),
    Report("pytorch", 80761, "det of a zero", "np.linalg.det(x)", [[0.0]], [[1]]),
    Report("pytorch", 192521, "det of equal singular values, twice", "np.linalg.det(x)", np.eye(3),
           3 * np.eye(3) - 1, order=2),
    Report("autograd", 536, "slogdet forward", "np.linalg.slogdet(x * np.eye(4))[1]", 4.0, 1,
           forward=True),
    Report("jax", 8732, "svd with equal singular values, multiplied out (reverse mode)",
           OUT_AND_BACK, np.diag([1.0, 1.0, 2.0]), np.diag([1.0, 1.0, 2.0]) / 6**0.5,
           modes=("reverse",)),
    Report("pytorch", 194705, "singular values, some equal", "np.linalg.svdvals(x)",
           np.diag([1.0, 1.0, 2.0]), np.eye(3)),
    # Shapes and indices
    Report("autograd", 376, "einsum that broadcasts", 'np.einsum("i,i", x, np.array([2.0]))',
           [2.0, 2.0], [2, 2]),
    Report("autograd", 384, "broadcast_to", "np.broadcast_to(x, (4, 3))", [1.0, 1.0, 1.0],
           [4, 4, 4]),
    Report("autograd", 252, "repeat with counts", "np.repeat(x, [1, 0, 2])", [1.0, 2.0, 3.0],
           [1, 0, 2]),
    Report("autograd", 263, "repeated indices", "x[np.array([0, 0, 2])]", [1.0, 2.0, 3.0],
           [2, 0, 1]),
    Report("pytorch", 1787, "broadcasting not summed", "x * np.ones((5, 4))", [1.0], [20],
           "x * torch.ones(5, 4)"),
    # What cannot be differentiated has to be refused
    Report("autograd", 177, "item assignment", "y = np.zeros(2); y[0] = x[0]; np.sum(y)",
           [1.0, 2.0], Refusal("lose its gradient", [1, 0])),
    Report("autograd", 304, "an array of tensors", "np.array([x[0], x[1]], np.float64)", [1.0, 2.0],
           Refusal("np.stack", [1, 1])),
    Report("autograd", 246, "a function of the math module", "math.exp(x)", 1.0,
           Refusal("np.sin", math.e)),
    Report("autograd", 229, "whole numbers", "np.sum(x)", np.arange(4),
           Refusal("int64", [1, 1, 1, 1])),
    Report("mygrad", 340, "whole numbers", "x**2", np.array([1, 2]), Refusal("int64", [2, 4]),
           "mygrad.tensor([1, 2], constant=False) ** 2", kind="pull"),
    Report("autograd", 482, "a Python int", "x * x", 2, 4),
    Report("mygrad", 93, "item assignment", "y = +x; y[0] = 0.0; y * y", [1.0, 2.0],
           Refusal("np.where", [0, 4])),
    Report("pytorch", 9634, "in-place addition", "y = np.ones(2); y += x; y", [1.0, 2.0],
           Refusal("a = a \\+ t", [1, 1])),
    Report("pytorch", 9391, "a result written to before the reverse sweep",
           "y = 1 / (1 + np.exp(-x)); y[1] = 2.0; y", [1.0, 2.0],
           Refusal("np.where", [math.e / (1 + math.e) ** 2, 0]),
           theirs="y = x.sigmoid(); y[1] = 2.0; y"),
    Report("jax", 37830, "a constant written to before the reverse sweep",
           "A = np.ones(100); y = A * x; A[:] = 9.0; y", np.ones(100), np.ones(100),
           theirs="A = numpy.ones(100); y = jax.device_put(A) * x; A[:] = 9.0; y"),
    # Graphs and orders
    Report("autograd", 163, "float32", "x**2", np.array([1.0, 2.0], np.float32),
           np.array([2, 4], np.float32)),
    Report("micrograd", 58, "a number minus x", "2.0 - x", 1.0, -1, kind="pull"),
    Report("micrograd", 64, "a result used twice", "b = x + x; b + b", 1.0, 4, kind="pull"),
    Report("micrograd", 90, "recursion on a long graph",
           "functools.reduce(lambda y, _: y + 1.0, range(20000), x)", 1.0, 1, kind="pull"),
    Report("micrograd", 53, "backward() called twice", "twice((x + 2.0) * 5.0)", 1.0, 10),
    Report("micrograd", 3, "second derivatives", "x**3", 2.0, 12, order=2),
    Report("mygrad", 442, "second derivatives", "x**3", 2.0, 12, order=2),
    Report("pytorch", 32576, "torch.autograd.grad inside of itself, of a closure",
           "derivative(lambda y: y * (x - y), x)", 1.0, -1,
           theirs="torch.autograd.grad((lambda y: y * (x - y))(x), x, create_graph=True)[0]"),
]

# Where this engine is wrong as well: tests watch that this list is true.
LIMITS = [
    Report("autograd", 570, "a root, squared, at 0", "np.sqrt(x) ** 2", 0.0, 1),
    Report("autograd", 570, "1/(1/x) at 0", "1 / (1 / x)", 0.0, 1),
    Report("pytorch", 92075, "Gaussian of a norm at 0, twice", f"np.exp(-({NORM} ** 2))",
           [0.0, 0.0], [-2, -2], order=2),
    Report("jax", 2311, "svd with equal singular values, multiplied out (forward mode)",
           OUT_AND_BACK, np.diag([1.0, 1.0, 2.0]), np.diag([1.0, 1.0, 2.0]) / 6**0.5, forward=True,
           modes=("forward",)),
]
# fmt: on


def function(code: str, names: dict[str, Any]) -> Callable[[Any], Any]:
    """A function of `x` from its code, with modules under the names that the code uses."""
    *statements, expression = code.split("; ")

    def of_x(x: Any) -> Any:
        scope = {**names, "x": x, "math": math, "functools": functools, "numpy": np}
        for statement in statements:
            exec(statement, scope)
        return eval(expression, scope)

    return of_x


def point(x: Any) -> Any:
    """Where a report differentiates: an array, or a Python number as it is."""
    return np.array(x) if isinstance(x, list) else x


def nested(total: Callable[[Any], Any], order: int, step: Callable[..., Any]) -> Callable[..., Any]:
    """The derivative of the given order, if `step` makes one derivative and each is summed."""
    for _ in range(order):
        total = step(total)
    return total


# This engine


def ours(report: Report, mode: str) -> Any:
    """The derivative that this engine gives, by sweeps of one mode only."""
    if "twice" in report.code:
        return backward_twice(report)
    step = pushed if mode == "forward" else lambda f: tg.grad(lambda x: np.sum(f(x)))
    names = {"np": np, "tg": tg, "special": scipy.special}
    f = function(report.code, {**names, "derivative": lambda f, x: step(f)(x)})
    return nested(f, report.order, step)(point(report.x))


def pushed(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The gradient of Σf from forward sweeps, one for each entry of its argument."""

    def gradient(x: Any) -> Any:
        shape = np.shape(x)
        directions = np.eye(int(np.prod(shape))).reshape(-1, *shape)
        tangents = [tg.jvp(lambda x: np.sum(f(x)), (x,), (d,))[1] for d in directions]
        return np.stack(tangents).reshape(shape)

    return gradient


def backward_twice(report: Report) -> Any:
    """The gradient that two calls of `backward()` on one graph add up to."""
    x = tg.Tensor(report.x, requires_grad=True)
    result = function(report.code, {"twice": lambda result: result})(x)
    result.backward()
    result.backward()
    return x.grad


# The others. Each takes the report and returns a derivative as an array.


def with_autograd(report: Report) -> Any:
    """The derivative that HIPS autograd gives."""
    import autograd
    import autograd.numpy
    import autograd.scipy.special

    names = {"np": autograd.numpy, "special": autograd.scipy.special}
    f = function(report.theirs or report.code, names)
    step = autograd.deriv if report.forward else autograd.grad
    return nested(f, report.order, lambda f: step(lambda x: autograd.numpy.sum(f(x))))(
        point(report.x)
    )


def with_jax(report: Report) -> Any:
    """The derivative that JAX gives, in float64 where nothing else is asked for."""
    import jax
    import jax.scipy.special

    jax.config.update("jax_enable_x64", True)
    names = {"np": jax.numpy, "special": jax.scipy.special, "jax": jax}
    f = function(report.theirs or report.code, names)
    step = jax.jacfwd if report.forward else jax.grad
    return nested(f, report.order, lambda f: step(lambda x: jax.numpy.sum(f(x))))(point(report.x))


def with_mygrad(report: Report) -> Any:
    """The derivative that MyGrad gives."""
    import mygrad
    import mygrad.nnet

    if report.order > 1:
        raise NotImplementedError("gradients are plain arrays")
    x = mygrad.tensor(point(report.x))
    f = function(report.theirs or report.code, {"np": mygrad, "mygrad": mygrad})
    f(x).sum().backward()
    return x.grad


def with_pytorch(report: Report) -> Any:
    """The derivative that PyTorch gives."""
    import torch

    torch.set_default_dtype(torch.float64)
    f = function(
        report.theirs or report.code, {"np": torch, "torch": torch, "special": torch.special}
    )
    x = torch.tensor(point(report.x), requires_grad=True)
    if report.forward:
        step = lambda f: lambda x: torch.func.jvp(f, (x,), (torch.ones_like(x),))[1]
        return nested(lambda x: f(x).sum(), report.order, step)(x).detach().numpy()
    result = f(x)
    for _ in range(report.order):
        (result,) = torch.autograd.grad(result.sum(), x, create_graph=True)
    return result.detach().numpy()


def with_micrograd(report: Report) -> Any:
    """The derivative that micrograd gives."""
    from micrograd.engine import Value

    if report.order > 1:
        raise NotImplementedError("gradients are plain numbers")

    def twice(result: Any) -> Any:
        result.backward()
        return result

    x = [Value(v) for v in report.x] if isinstance(report.x, list) else Value(report.x)
    function(report.theirs or report.code, {"twice": twice})(x).backward()
    return np.array([v.grad for v in x] if isinstance(x, list) else x.grad, float)


# The table


def is_right(report: Report, answer: Any, ours: bool = False) -> bool:
    """Whether an answer is right; only others may choose another subgradient at a kink."""
    refused = isinstance(report.right, Refusal)
    if isinstance(answer, Exception):
        words = f"{answer} {answer.__cause__}"
        return refused and (not ours or re.search(report.right.says, words) is not None)
    if refused and ours:
        return False
    right = np.asarray(report.right.derivative if refused else report.right)
    answer = np.asarray(answer)
    if answer.shape != right.shape or answer.dtype.kind != "f":
        return False
    if right.dtype == np.float32 and answer.dtype != np.float32:
        return False
    if report.between and not ours:
        low, high = report.between
        return bool(np.all((low <= answer) & (answer <= high)))
    return np.allclose(answer, right, rtol=1e-6, atol=1e-30)


def attempt(measure: Callable[[], Any]) -> Any:
    """What comes out: an array, or the exception."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return measure()
        except Exception as error:
            return error


def shown(answer: Any) -> str:
    """An answer in a cell of the table."""
    if isinstance(answer, Refusal):
        return f"an error which says `{answer.says.replace(chr(92), '')}`"
    if isinstance(answer, Exception):
        first = (str(answer).splitlines() or [""])[0].replace("|", "\\|")
        first = first if len(first) < 90 else first[:86].rsplit(" ", 1)[0] + " …"
        cause = f" ({shown(answer.__cause__)})" if isinstance(answer.__cause__, TypeError) else ""
        return f"{type(answer).__name__}: {first}{cause}"
    if answer is None:
        return "None"
    values = np.asarray(answer, float) + 0.0  # no -0.0
    if values.size > 8 and np.unique(values).size == 1:
        return f"{shown(values.flat[0])} everywhere, shape {values.shape}"
    text = np.array2string(values, separator=", ", formatter={"float": "{:.4g}".format})
    return " ".join(text.split()).replace("inf", "∞").replace("nan", "NaN")


def cell(report: Report, answers: list[Any], ours: bool = False) -> tuple[bool, str]:
    """Whether all answers are right, and how the table shows them (once, if they look alike)."""
    right = all(is_right(report, answer, ours) for answer in answers)
    texts = dict.fromkeys(shown(answer) for answer in answers)
    return right, ("✓ " if right else "✗ ") + "; ".join(texts)


def our_answers(report: Report) -> list[Any]:
    """What this engine gives, in each mode that the report is about."""
    return [attempt(functools.partial(ours, report, mode)) for mode in report.modes]


def version(package: str) -> str | None:
    """The installed version of a package, or None."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def row(report: Report, counts: dict[str, list[int]]) -> str:
    """One line of the table; what is right is counted."""
    our_right, our_cell = cell(report, our_answers(report), ours=True)
    package = PACKAGES.get(report.tracker, report.tracker)
    if version(package) is None:
        their_cell = "not run here"
    else:
        measure = functools.partial(globals()[f"with_{report.tracker}"], report)
        their_right, their_cell = cell(report, [attempt(measure)])
        counts[report.tracker][0] += their_right
    counts["ours"][0] += our_right
    counts["ours"][1] += 1
    counts[report.tracker][1] += 1
    code = f"`{report.code}`" + (f", order {report.order}," if report.order > 1 else "")
    right = shown(report.right) + (" or another subgradient" if report.between else "")
    place = f"[{report.name}]({report.address}): {report.what}"
    return f"| {place} | {code} at {shown(report.x)} | {right} | {our_cell} | {their_cell} |"


def page() -> str:
    """The whole page of the documentation."""
    counts = {name: [0, 0] for name in ("ours", *REPOSITORIES)}
    header = "| report | example | right answer | ours | theirs |\n|---|---|---|---|---|\n"
    table = header + "\n".join(row(report, counts) for report in REPORTS)
    right, total = counts.pop("ours")
    measured = []
    for tracker, (good, all_of_them) in counts.items():
        package = PACKAGES.get(tracker, tracker)
        installed = version(package)
        result = f"{good} of {all_of_them}" if installed else f"{all_of_them} not run"
        measured.append(f"| {package} | {installed or 'not installed'} | {result} |")
    limits = header + "\n".join(row(r, {n: [0, 0] for n in ("ours", *counts)}) for r in LIMITS)
    return PAGE_TEXT.format(
        right=right,
        total=total,
        different=len({report.address for report in REPORTS}),
        version=tg.__version__,
        numpy=np.__version__,
        python=platform.python_version(),
        measured="\n".join(measured),
        table=table,
        limits=limits,
    )


PAGE_TEXT = """# Reports

{total} examples of {different} reports from the trackers of micrograd, HIPS autograd, MyGrad, JAX \
and PyTorch, and what comes out today. This page is written by

    pip install micrograd autograd mygrad jax torch
    python tests/reports/reports.py

and `tests/reports/test_reports.py` tests our column. Measured with Python {python} and NumPy \
{numpy}, in float64 (JAX with `jax_enable_x64`), on the CPU:

| | version | right today |
|---|---|---|
| tinygrad_reg | {version} | {right} of {total} |
{measured}

How to read the table:

- The example is a function of `x`; what is differentiated is the sum of its entries. "Order 2" \
means the derivative of the sum of the first derivative. The example is written for this engine; \
for another library it is spelled in its own way where that differs.
- Ours is measured in reverse and in forward mode, each of them nested in itself for higher \
orders; one entry means that both modes agree. Theirs is measured in reverse mode, and in forward \
mode where the report is about that.
- ✓ is right. In the last column it means that the report has been fixed since, or that this \
version does not show it on this machine. At a kink every subgradient counts as right there; the \
one in the table is ours. NaN does not count as right where a derivative or a subgradient exists. \
Some maintainers see that differently, and say so in the reports.
- Where this engine refuses to differentiate, its error has to say what to do; of the others an \
error counts as right, and so does the derivative.

{table}

## Where we are wrong as well

These contain 0·∞, whose limit cannot be seen by the rule of one operation, or go through singular \
vectors that have no derivative. Tests watch that the list is true.

{limits}
"""


def main() -> int:
    """Write the page, print what is wrong in our column, and return whether anything is."""
    PAGE.write_text(page(), encoding="utf-8")
    wrong = [r for r in REPORTS if not cell(r, our_answers(r), ours=True)[0]]
    for report in wrong:
        print(report.name, report.code, cell(report, our_answers(report), ours=True)[1], sep=" | ")
    print(f"{PAGE} written: {len(REPORTS)} reports, {len(wrong)} of our answers wrong")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
