"""Lines for the functions of `scipy.special`.

Nothing here imports SciPy for those who do not use it: `derivatives/late.py` imports this file as
soon as a program imports `scipy.special`.
"""

from __future__ import annotations

from inspect import signature, unwrap
from math import inf, log, pi, sqrt
from types import FunctionType
from typing import Any

import numpy as np
from scipy import special

from tinygrad_reg.derivatives.elementwise import gap, quotient
from tinygrad_reg.derivatives.losses import log_softmax_pull, log_softmax_push, softmax_product
from tinygrad_reg.derivatives.reduction import reduction
from tinygrad_reg.derivatives.table import derivative, elementwise
from tinygrad_reg.modes import switches, thread
from tinygrad_reg.tensor import Tensor, plain

POSITIVE = (0, inf)
UNIT = (-1, 1)
SHARE = (0, 1)
REAL = (-inf, inf)
POLES = {"x = 0, -1, -2, …": "none: poles"}

Operation = Any


# SciPy writes some functions in Python. These make plain arrays of their arguments and never ask
# a tensor, so they have to be told to look for tensors.


def apart(function: Operation) -> Operation:
    """A copy of a Python function of SciPy, to be entered into the table."""
    function = unwrap(function)
    copy = FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    copy.__module__ = special.__name__
    copy.__doc__ = function.__doc__
    return copy


def whole(function: Operation) -> Operation:
    """A function of plain arrays that is a single operation where a program is compiled."""

    def called(*args: Any, **kwargs: Any) -> Any:
        if switches.active and thread.tracer is not None:
            return thread.tracer.call(None, function, args, kwargs)
        return function(*args, **kwargs)

    return called


def through(*args: Any, line: Operation, **kwargs: Any) -> Any:
    """All that is left of a Python function of SciPy: the rest was moved to `line`."""
    return line(*args, **kwargs)


def look_for_tensors(function: Operation, line: Operation) -> None:
    """Make a Python function of SciPy call `line` when it is given tensors.

    The function itself is changed and not the name in its module, so that it does not matter what
    is imported first: `from scipy.special import logsumexp` or `tinygrad_reg`.
    """
    function = unwrap(function)
    original = whole(apart(function))

    def either(*args: Any, **kwargs: Any) -> Any:
        has_tensors = any(type(x) is Tensor for x in (*args, *kwargs.values()))
        return (line if has_tensors else original)(*args, **kwargs)

    function.__signature__ = signature(function)
    function.__defaults__ = None
    function.__kwdefaults__ = {"line": either}
    function.__code__ = through.__code__


def ratio(x: Any, y: Any) -> Any:
    """x / y, with 0 / 0 = 0."""
    return quotient(x, y, (x == 0) & (y == 0))


# The error function and its relatives
elementwise(special.erf, lambda y, x: 2 / sqrt(pi) * np.exp(-x * x))
elementwise(special.erfc, lambda y, x: -2 / sqrt(pi) * np.exp(-x * x))
elementwise(special.erfi, lambda y, x: 2 / sqrt(pi) * np.exp(x * x))
elementwise(special.erfinv, lambda y, x: sqrt(pi) / 2 * np.exp(y * y), domain=UNIT)
elementwise(special.erfcinv, lambda y, x: -sqrt(pi) / 2 * np.exp(y * y), domain=(0, 2))
elementwise(special.ndtr, lambda y, x: np.exp(-x * x / 2) / sqrt(2 * pi))
elementwise(special.ndtri, lambda y, x: np.exp(y * y / 2) * sqrt(2 * pi), domain=SHARE)
elementwise(special.log_ndtr, lambda y, x: np.exp(-x * x / 2 - y) / sqrt(2 * pi))

# The logistic function and its relatives
elementwise(special.expit, lambda y, x: y * special.expit(-x))
elementwise(special.log_expit, lambda y, x: special.expit(-x))
elementwise(special.logit, lambda y, x: 1 / (x * (1 - x)), domain=SHARE)

# Exponentials, logarithms and roots; SciPy has its own besides NumPy's.
elementwise(special.exp2, lambda y, x: y * log(2))
elementwise(special.exp10, lambda y, x: y * log(10))
elementwise(special.expm1, lambda y, x: np.exp(x))
elementwise(special.log1p, lambda y, x: 1 / (1 + x), domain=(-1, inf))
elementwise(special.cosm1, lambda y, x: -np.sin(x))
elementwise(special.cbrt, lambda y, x: 1 / (3 * y * y), kinks={"x = 0": "∞, the limit"})
elementwise(special.exprel, lambda y, x: special.hyp1f1(2, 3, x) / 2)
elementwise(special.hyp1f1, None, None, lambda y, a, b, x: a / b * special.hyp1f1(a + 1, b + 1, x))
elementwise(special.expi, lambda y, x: np.exp(x) / x, kinks={"x = 0": "none: a pole"})
elementwise(special.exp1, lambda y, x: -np.exp(-x) / x, domain=POSITIVE)

# Entropies
elementwise(
    special.xlogy,
    lambda y, a, b: np.log(b),
    lambda y, a, b: ratio(a, b),
    domain=[REAL, POSITIVE],
    kinks={"a = b = 0": "-∞ in a, 0 in b"},
)
elementwise(
    special.xlog1py,
    lambda y, a, b: np.log1p(b),
    lambda y, a, b: ratio(a, 1 + b),
    domain=[REAL, (-1, inf)],
    kinks={"a = 0, b = -1": "-∞ in a, 0 in b"},
)
elementwise(special.entr, lambda y, x: -1 - np.log(x), domain=POSITIVE)
elementwise(
    special.rel_entr,
    lambda y, a, b: np.log(a / b) + 1,
    lambda y, a, b: -ratio(a, b),
    domain=[POSITIVE, POSITIVE],
)
elementwise(
    special.kl_div,
    lambda y, a, b: np.log(a / b),
    lambda y, a, b: ratio(b - a, b),
    domain=[POSITIVE, POSITIVE],
)

# The gamma function and its relatives. psi(n) is the n-th derivative of digamma, which is psi.
polygamma: Operation = elementwise(
    apart(special.polygamma), None, lambda y, n, x: polygamma(n + 1, x), kinks=POLES
)
zeta: Operation = elementwise(
    apart(special.zeta),
    None,
    lambda y, x, q: -x * zeta(x + 1, q),
    domain=[(1, inf), POSITIVE],
)
elementwise(special.digamma, lambda y, x: polygamma(1, x), kinks=POLES)
elementwise(special.gammaln, lambda y, x: special.digamma(x), kinks=POLES)
elementwise(special.loggamma, lambda y, x: special.digamma(x), domain=POSITIVE)
elementwise(special.gamma, lambda y, x: y * special.digamma(x), kinks=POLES)
elementwise(
    special.betaln,
    lambda y, a, b: special.digamma(a) - special.digamma(a + b),
    lambda y, a, b: special.digamma(b) - special.digamma(a + b),
    domain=[POSITIVE, POSITIVE],
)
elementwise(
    special.beta,
    lambda y, a, b: y * (special.digamma(a) - special.digamma(a + b)),
    lambda y, a, b: y * (special.digamma(b) - special.digamma(a + b)),
    domain=[POSITIVE, POSITIVE],
)
elementwise(
    special.gammainc,
    None,
    lambda y, a, x: np.exp(special.xlogy(a - 1, x) - x - special.gammaln(a)),
    domain=[POSITIVE, POSITIVE],
)
elementwise(
    special.gammaincc,
    None,
    lambda y, a, x: -np.exp(special.xlogy(a - 1, x) - x - special.gammaln(a)),
    domain=[POSITIVE, POSITIVE],
)

# Bessel functions of an order that is not differentiated by
elementwise(special.j0, lambda y, x: -special.j1(x))
elementwise(special.j1, lambda y, x: (special.j0(x) - special.jv(2, x)) / 2)
elementwise(special.y0, lambda y, x: -special.y1(x), domain=POSITIVE)
elementwise(special.y1, lambda y, x: (special.y0(x) - special.yv(2, x)) / 2, domain=POSITIVE)
elementwise(special.i0, lambda y, x: special.i1(x))
elementwise(special.i1, lambda y, x: (special.i0(x) + special.iv(2, x)) / 2)
elementwise(special.k0, lambda y, x: -special.k1(x), domain=POSITIVE)
elementwise(special.k1, lambda y, x: -(special.k0(x) + special.kv(2, x)) / 2, domain=POSITIVE)
elementwise(special.i0e, lambda y, x: special.i1e(x) - np.sign(x) * y, kinks={"x = 0": "0"})
elementwise(special.i1e, lambda y, x: (special.i0e(x) + special.ive(2, x)) / 2 - np.sign(x) * y)
elementwise(
    special.ive,
    None,
    lambda y, n, x: (special.ive(n - 1, x) + special.ive(n + 1, x)) / 2 - np.sign(x) * y,
    kinks={"x = 0": "0"},
)
elementwise(special.jv, None, lambda y, n, x: (special.jv(n - 1, x) - special.jv(n + 1, x)) / 2)
elementwise(
    special.yv,
    None,
    lambda y, n, x: (special.yv(n - 1, x) - special.yv(n + 1, x)) / 2,
    domain=[REAL, POSITIVE],
)
elementwise(special.iv, None, lambda y, n, x: (special.iv(n - 1, x) + special.iv(n + 1, x)) / 2)
elementwise(
    special.kv,
    None,
    lambda y, n, x: -(special.kv(n - 1, x) + special.kv(n + 1, x)) / 2,
    domain=[REAL, POSITIVE],
)

# Losses
elementwise(
    special.huber,
    lambda y, delta, r: np.maximum(np.abs(r) - delta, 0),
    lambda y, delta, r: np.clip(r, -delta, delta),
    domain=[POSITIVE, REAL],
    kinks={"|b| = a": "smooth; half of the second derivative"},
)


def share_of_root(delta: Any, r: Any) -> Any:
    """∂(pseudo-Huber)/∂delta = u⁴·delta / (s·(s + 1)²) for u = r / delta, s = √(1 + u²)."""
    u = r / delta
    s = np.hypot(1, u)
    return delta * (u * u / (s + 1)) ** 2 / s


elementwise(
    special.pseudo_huber,
    lambda y, delta, r: share_of_root(delta, r),
    lambda y, delta, r: r / np.hypot(1, r / delta),
    domain=[POSITIVE, REAL],
)


# Sums of exponentials
def share_of_sum(y: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """e^(x-y) for y = log Σ e^x; where y is infinite, the entries that are y share equally."""
    infinite = np.isinf(y)
    if not np.any(infinite):
        return np.exp(x - y)
    at_limit = x == y
    share = at_limit / np.maximum(np.sum(at_limit, axis=axis, keepdims=True), 1)
    return np.where(infinite, share, np.exp(x - np.where(infinite, 0, y)))


log_of_sum = apart(special.logsumexp)
log_and_sign = whole(log_of_sum)
soft_maximum = apart(special.softmax)
log_of_softmax = apart(special.log_softmax)


def log_of_weighted_sum(x: Any, b: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """log |Σ b·e^x|."""
    return log_and_sign(x, b=b, axis=axis, keepdims=keepdims, return_sign=True)[0]


def sign_of_sum(x: Any, b: Any, axis: Any, keepdims: bool = True) -> Any:
    """The sign of Σ b·e^x, a plain array."""
    x, b = plain(x), plain(b)
    return log_and_sign(x, b=b, axis=axis, keepdims=keepdims, return_sign=True)[1]


def of_exponents(y: Any, x: Any, b: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """∂(log |Σ b·e^x|)/∂x = b·e^x / Σ b·e^x, and 0 where b is 0, also if x is infinite."""
    x = np.where((plain(b) == 0) & np.isinf(x), -inf, x)
    return b * share_of_sum(y, x, axis) * sign_of_sum(x, b, axis)


def of_weights(y: Any, x: Any, b: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """∂(log |Σ b·e^x|)/∂b = e^x / Σ b·e^x."""
    return np.exp(gap(x, y)) * sign_of_sum(x, b, axis)


plain_sum = reduction(log_of_sum, share_of_sum)
weighted_sum = reduction(log_of_weighted_sum, of_exponents, of_weights)


def logsumexp(
    a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False
) -> Any:
    """log Σ b·e^a along axes; with `return_sign` that of the size of the sum, and its sign."""
    if b is None and not return_sign:
        return plain_sum(a, axis=axis, keepdims=keepdims)
    b = np.ones(np.shape(a)) if b is None else b
    shape = np.broadcast_shapes(np.shape(a), np.shape(b))
    a, b = np.broadcast_to(a, shape), np.broadcast_to(b, shape)
    sign = sign_of_sum(a, b, axis, keepdims)
    size = weighted_sum(a, b, axis=axis, keepdims=keepdims)
    if return_sign:
        return size, sign
    negative = (sign < 0) & (plain(size) > -inf)  # SciPy gives the empty sum a sign
    return size * np.where(negative, np.nan, 1).astype(size.dtype)


def over_all(product: Operation) -> Operation:
    """A product of `losses.py` with SciPy's default for the axis, which is all of them."""
    return lambda direction, y, x, axis=None: product(direction, y, x, axis)


softmax = derivative(
    soft_maximum, pullbacks=[over_all(softmax_product)], pushforwards=[over_all(softmax_product)]
)
log_softmax = derivative(
    log_of_softmax,
    pullbacks=[over_all(log_softmax_pull)],
    pushforwards=[over_all(log_softmax_push)],
)

look_for_tensors(special.polygamma, polygamma)
look_for_tensors(special.zeta, zeta)
look_for_tensors(special.logsumexp, logsumexp)
look_for_tensors(special.softmax, softmax)
look_for_tensors(special.log_softmax, log_softmax)
