"""Wrong files as learners type them, each with words of the hint that must come back.

None is copied from the mistakes that the exercises know: the same thing is thought wrongly, and
written in another way.
"""

ATTEMPTS = {
    "tanh": [
        (
            """
def tanh_derivative(y):
    one_less = 1 - y
    return one_less * one_less
""",
            "Only y is squared",
        ),
        (
            """
def tanh_derivative(y):
    return 1 - 2 * y
""",
            "at y = 1 and at y = -1, it is 0",
        ),
        (
            """
def tanh_derivative(y):
    return 1 - y ^ 2
""",
            "written with **",
        ),
        (
            """
def tanh_derivative(y):
    slopes = []
    for i in range(len(y)):
        slopes.append(1 - y[i] ** 2)
    return slopes
""",
            "no axis at all",
        ),
        (
            """
def tanh_derivative(y):
    return (1 - y * y,)
""",
            "A comma after a value makes a tuple",
        ),
        (
            """
import math
import numpy as np

def tanh_derivative(y):
    sech = 1 / np.cosh(y)
    return sech * sech
""",
            "You take tanh of y",
        ),
        (
            """
def tanh_derivative(y):
    result = 1.0
    result = result - y
    return result
""",
            "The square is missing",
        ),
        (
            """
import numpy as np

def tanh_derivative(y):
    return np.square(y) - 1
""",
            "wrong sign",
        ),
        (
            """
def tanh_derivative(y):
    return y - y * y
""",
            "belongs to the sigmoid",
        ),
        (
            """
def tanh_derivative(y):
    return 2 * (1 + y) * (1 - y)
""",
            "twice what it should be",
        ),
        (
            """
import numpy as np

def tanh_derivative(y):
    return 1 - np.sum(y * y)
""",
            "the slope of tanh is 1 there",
        ),
    ],
    "reverse_sweep": [
        (
            """
def reverse_sweep(tape):
    cotangents = [0.0] * len(tape)
    cotangents[-1] = 1.0
    for i in range(len(tape))[::-1]:
        for j, local in tape[i]:
            cotangents[j] -= cotangents[i] * local
    return cotangents
""",
            "A minus stands",
        ),
        (
            """
def reverse_sweep(tape):
    cotangents = [0.0] * len(tape)
    cotangents[-1] = 1.0
    for i in range(len(tape) - 2, -1, -1):
        for j, local in tape[i]:
            cotangents[j] += cotangents[i] * local
    return cotangents
""",
            "The last step sends nothing",
        ),
        (
            """
def reverse_sweep(tape):
    return tuple(0.0 for step in tape[1:])
""",
            "Draw the steps",
        ),
        (
            """
def reverse_sweep(tape):
    grads = {i: 0.0 for i in range(len(tape))}
    grads[len(tape) - 1] = 1.0
    i = len(tape) - 1
    while i >= 0:
        for edge in tape[i]:
            grads[edge[0]] = grads[i] * edge[1]
        i -= 1
    return [grads[i] for i in range(len(tape))]
""",
            "overwrites",
        ),
        (
            """
def reverse_sweep(tape):
    cotangents = [0.0] * len(tape)
    cotangents[-1] = 1.0
    for i, edges in enumerate(tape):
        for j, local in edges:
            cotangents[j] += cotangents[i] * local
    return cotangents
""",
            "from the first step to the last",
        ),
        (
            """
def reverse_sweep(tape):
    cotangents = [0.0] * len(tape)
    for i in range(len(tape) - 1, -1, -1):
        for j, local in tape[i]:
            cotangents[j] += cotangents[i] * local
    return cotangents
""",
            "dJ/dJ, is 1",
        ),
        (
            """
def reverse_sweep(tape):
    cotangents = [0.0] * len(tape)
    cotangents[-1] = 1.0
    for i in range(len(tape) - 1, -1, -1):
        for j, local in tape[i]:
            cotangents[j] = cotangents[j] + local
    return cotangents
""",
            "sends its local derivative alone",
        ),
        (
            """
def reverse_sweep(tape):
    cotangents = [0.0] * len(tape)
    cotangents[-1] = 1.0
    for i in range(len(tape) - 1, -1, -1):
        if tape[i]:
            j, local = tape[i][0]
            cotangents[j] += cotangents[i] * local
    return cotangents
""",
            "first edge only",
        ),
    ],
    "fan_out": [
        (
            """
def fan_out_gradient(x, y):
    du = 2 * x * y
    return du * x, du * y + 1
""",
            "in another order",
        ),
        (
            """
def fan_out_gradient(x, y):
    return 1.0
""",
            "beside `returns`",
        ),
        (
            """
def fan_out_gradient(x, y):
    u = x * y
    du = u
    dx = du * y
    dx += 1
    dy = du * x
    return dx, dy
""",
            "du is u + u",
        ),
        (
            """
def fan_out_gradient(x, y):
    u = x * y
    du = 2 * u
    return du * y, du * x
""",
            "the one from J is missing",
        ),
        (
            """
def fan_out_gradient(x, y):
    du = 2 * (x * y)
    dx = du * y
    dy = du * x
    dx = 1.0      # from J
    return dx, dy
""",
            "overwritten",
        ),
        (
            """
def fan_out_gradient(x, y):
    u = x * y
    du = u + u
    return du * x + 1, du * y
""",
            "x and y are mixed up",
        ),
    ],
    "unbroadcast": [
        (
            """
def unbroadcast(cotangent, shape):
    return cotangent[:1].reshape(shape)
""",
            "fewer axes than are asked for",
        ),
        (
            """
import numpy as np

def unbroadcast(cotangent, shape):
    while cotangent.ndim > len(shape):
        cotangent = cotangent.sum(axis=0)
    return cotangent
""",
            "those of length 1 are still stretched",
        ),
        (
            """
import numpy as np

def unbroadcast(cotangent, shape):
    while cotangent.ndim > len(shape):
        cotangent = cotangent.sum(axis=0)
    for axis in reversed(range(len(shape))):
        if shape[axis] == 1:
            cotangent = cotangent.sum(axis=axis)
    return cotangent
""",
            "must stay in the shape",
        ),
        (
            """
import numpy as np

def unbroadcast(cotangent, shape):
    while cotangent.ndim > len(shape):
        cotangent = cotangent.mean(axis=0)
    for axis, n in enumerate(shape):
        if n == 1:
            cotangent = cotangent.mean(axis=axis, keepdims=True)
    return cotangent
""",
            "the mean of the copies",
        ),
        (
            """
import numpy as np

def unbroadcast(cotangent, shape):
    for axis, n in enumerate(shape):
        if n == 1:
            cotangent = cotangent.sum(axis=axis, keepdims=True)
    return cotangent
""",
            "lined up at the first",
        ),
        (
            """
import numpy as np

def unbroadcast(cotangent, shape):
    return np.array(cotangent).reshape(shape)
""",
            "Reshaping moves numbers around",
        ),
    ],
    "matmul": [
        (
            """
import numpy as np

def matmul_pullback(cotangent, A, B):
    dA = np.dot(cotangent, B)
    dB = np.dot(np.transpose(A), cotangent)
    return dA, dB
""",
            "has to be transposed",
        ),
        (
            """
import numpy as np

def matmul_pullback(cotangent, A, B):
    dA = cotangent.dot(B.T)
    dB = cotangent.dot(A.T)
    return dA, dB
""",
            "wrong order. B stands",
        ),
        (
            """
import numpy as np

def matmul_pullback(cotangent, A, B):
    first = np.matmul(A.T, cotangent)
    second = np.matmul(cotangent, B.T)
    return first, second
""",
            "dA and dB in the wrong order",
        ),
        (
            """
import numpy as np

def matmul_pullback(cotangent, A, B):
    return np.multiply(cotangent, B.T), A.T @ cotangent
""",
            "multiplies entry by entry",
        ),
        (
            """
def matmul_pullback(cotangent, A, B):
    return B @ cotangent.T, A.T @ cotangent
""",
            "the array is transposed",
        ),
    ],
    "mean": [
        (
            """
import numpy as np

def mean_pullback(cotangent, x, axis):
    if axis is None:
        return np.full(x.shape, cotangent / x.size)
    rows = len(x)
    return np.ones(x.shape) * np.expand_dims(cotangent, axis) / rows
""",
            "also along the second one",
        ),
        (
            """
import numpy as np

def mean_pullback(cotangent, x, axis):
    if axis is None:
        return x * cotangent / x.size
    return x * np.expand_dims(cotangent, axis) / x.shape[axis]
""",
            "x itself is a factor",
        ),
        (
            """
import numpy as np

import tinygrad_reg as tg

def mean_pullback(cotangent, x, axis):
    _, pullback = tg.vjp(lambda x: np.mean(x, axis=axis), x)
    return pullback(cotangent)
""",
            "tg.vjp and tg.jvp among them",
        ),
        (
            """
import numpy as np

def mean_pullback(cotangent, x, axis):
    if axis is not None:
        cotangent = np.expand_dims(cotangent, axis)
    return cotangent * np.ones(x.shape)
""",
            "pullback of a sum",
        ),
        (
            """
import numpy as np

def mean_pullback(cotangent, x, axis):
    n = np.prod(x.shape)
    if axis is not None:
        cotangent = np.expand_dims(cotangent, axis)
    return np.ones_like(x) * (cotangent / n)
""",
            "the number of all entries",
        ),
        (
            """
import numpy as np

def mean_pullback(cotangent, x, axis):
    n = x.size if axis is None else x.shape[axis]
    return np.zeros_like(x) + cotangent / n
""",
            "np.expand_dims",
        ),
        (
            """
import numpy as np

def mean_pullback(cotangent, x, axis):
    if axis is None:
        return cotangent / np.size(x)
    return np.expand_dims(cotangent, axis) * (1 / x.shape[axis])
""",
            "not handed out",
        ),
        (
            """
import numpy as np

def mean_pullback(cotangent, x, axis):
    if axis is not None:
        cotangent = np.expand_dims(cotangent, axis)
    return cotangent * np.ones(x.shape) / len(x)
""",
            "the length of the first axis",
        ),
    ],
    "stable_loss": [
        (
            """
import numpy as np

def losses(Z, Y):
    grown = np.exp(-Z)
    return np.where(Z > 0, Z, 0) + np.log1p(grown) - Y * Z
""",
            "The exponent is -Z",
        ),
        (
            """
import numpy as np

def losses(Z, Y):
    grown = np.exp(np.fabs(Z))
    return np.where(Z > 0, Z, 0) + np.log1p(grown) - Y * Z
""",
            "The exponent is abs(Z)",
        ),
        (
            """
import numpy as np

def losses(Z, Y):
    return np.max(Z, axis=0) + np.log1p(np.exp(-abs(Z))) - Z * Y
""",
            "np.maximum(Z, 0)",
        ),
        (
            """
import numpy as np

def sigmoid(Z):
    return 1.0 / (1.0 + np.exp(-Z))

def losses(Z, Y):
    A = sigmoid(Z)
    return np.where(Y == 1, -np.log(A), -np.log(1 - A))
""",
            "the definition as it stands",
        ),
        (
            """
import numpy as np

def losses(Z, Y):
    A = 1 / (1 + np.exp(-Z))
    return -Y * np.log(A) - (1 - Y) * np.log(1 - A)
""",
            "the definition as it stands",
        ),
        (
            """
import numpy as np

def losses(Z, Y):
    eps = 1e-12
    A = np.minimum(np.maximum(1 / (1 + np.exp(-Z)), eps), 1 - eps)
    return -Y * np.log(A) - (1 - Y) * np.log(1 - A)
""",
            "kept away from 0 and 1",
        ),
        (
            """
import numpy as np

def losses(Z, Y):
    return -(Z * Y) + np.log1p(np.exp(Z))
""",
            "from Z = 710 on",
        ),
        (
            """
import numpy as np

def losses(Z, Y):
    return np.logaddexp(0, Z) + Z * Y
""",
            "has a plus",
        ),
        (
            """
import numpy as np

def losses(Z, Y):
    return (np.logaddexp(0, Z) - Z * Y).mean()
""",
            "the mean of the losses",
        ),
    ],
    "dual_numbers": [
        (
            """
import math

def multiply(a, b):
    return a[0] * b[1] + a[1] * b[0], a[0] * b[0]

def sine(a):
    return math.sin(a[0]), math.cos(a[0]) * a[1]
""",
            "in another order",
        ),
        (
            """
import math

def multiply(a, b):
    return a[0] * b[0], a[0] * b[1] + a[1] * b[0]

def sine(a):
    return math.sin(a[0]) * a[1], math.cos(a[0]) * a[1]
""",
            "The value is sin(x)",
        ),
        (
            """
import math

def multiply(a, b):
    return tuple(p * q for p, q in zip(a, b))

def sine(a):
    return math.sin(a[0]), math.cos(a[0]) * a[1]
""",
            "The tangents are multiplied",
        ),
        (
            """
import math

def multiply(a, b):
    x, dx = a
    y, dy = b
    tangent = dx * y
    return x * y, tangent

def sine(a):
    return math.sin(a[0]), math.cos(a[0]) * a[1]
""",
            "y moves as well",
        ),
        (
            """
import math

def multiply(a, b):
    (x, dx), (y, dy) = a, b
    return x * y, x * dy + y * dx

def sine(a):
    x, _ = a
    return math.sin(x), math.cos(x)
""",
            "slope of sin alone",
        ),
        (
            """
import math

def multiply(a, b):
    (x, dx), (y, dy) = a, b
    return x * y, x * dy + y * dx

def sine(a):
    x, dx = a
    return math.sin(x), -dx * math.cos(x)
""",
            "cos, with a plus",
        ),
    ],
    "hvp": [
        (
            """
import tinygrad_reg as tg

def hessian_vector_product(f, x, v):
    return tg.vjp(tg.grad(f), x)[1](v)
""",
            "tg.vjp and tg.jvp among them",
        ),
        (
            """
import tinygrad_reg as tg

def hessian_vector_product(f, x, v):
    g = tg.grad(f)
    return v * g(x)
""",
            "the gradient times v",
        ),
        (
            """
import tinygrad_reg as tg

def hessian_vector_product(f, x, v):
    gradient, moved = tg.jvp(tg.grad(f), (x,), (v,))
    return gradient
""",
            "This is the gradient",
        ),
        (
            """
import numpy as np
import tinygrad_reg as tg

def hessian_vector_product(f, x, v):
    def total(z):
        return tg.grad(f)(z).sum()
    return tg.grad(total)(x)
""",
            "v has no part in it",
        ),
        (
            """
import tinygrad_reg as tg

def hessian_vector_product(f, x, v):
    value, slope = tg.jvp(f, (x,), (v,))
    return slope
""",
            "slope of f along v",
        ),
        (
            """
import tinygrad_reg as tg

def hessian_vector_product(f, x, v):
    return tg.jvp(tg.grad(f), (x,), (v,))
""",
            "is its second part",
        ),
        (
            """
import tinygrad_reg as tg

def hessian_vector_product(f, x, v):
    H = tg.hessian(f)(x)
    return H @ v
""",
            "Build no matrix",
        ),
    ],
    "l2": [
        (
            """
def regularized_gradient(dW, db, W, b, lambd, m):
    return db, W * lambd / m + dW
""",
            "in another order",
        ),
        (
            """
def regularized_gradient(dW, db, W, b, lambd, m):
    return W * lambd / m + dW, +b
""",
            "This is b itself",
        ),
        (
            """
def regularized_gradient(dW, db, W, b, lambd, m):
    return W * lambd / m + dW, b - b
""",
            "db is 0, whatever is given",
        ),
        (
            """
def regularized_gradient(dW, db, W, b, lambd, m):
    decay = 0.5 * lambd * W / m
    return dW + decay, db
""",
            "factor of the penalty",
        ),
        (
            """
def regularized_gradient(dW, db, W, b, lambd, m):
    return dW + (lambd / m) * W, db + (lambd / m) * b
""",
            "bias was penalized",
        ),
        (
            """
import numpy as np

def regularized_gradient(dW, db, W, b, lambd, m):
    return np.add(dW, np.multiply(lambd, W)), db
""",
            "divided by the number of examples",
        ),
        (
            """
def regularized_gradient(dW, db, W, b, lambd, m):
    dW += lambd / m * W
    return dW, db
""",
            "write into the caller's array",
        ),
        (
            """
def regularized_gradient(dW, db, W, b, lambd, m):
    total = (W * W).sum()
    return dW + lambd * total / (2 * m), db
""",
            "The penalty itself was added",
        ),
    ],
    "l1": [
        (
            """
def l1_subgradient(W, lambd, m):
    return 1.0 * (W > 0) - (W < 0)
""",
            "These are the signs alone",
        ),
        (
            """
import numpy as np

def l1_subgradient(W, lambd, m):
    return (lambd / m) * (W / np.sqrt(W * W))
""",
            "0 is divided by 0",
        ),
        (
            """
import numpy as np

def l1_subgradient(W, lambd, m):
    slopes = np.full(W.shape, lambd / m)
    slopes[W < 0] = -lambd / m
    return slopes
""",
            "both slopes meet",
        ),
        (
            """
import numpy as np

def l1_subgradient(W, lambd, m):
    negative = np.signbit(W)
    return lambd / m * (1 - 2 * negative)
""",
            "np.copysign",
        ),
        (
            """
import numpy as np

def l1_subgradient(W, lambd, m):
    return lambd * ((W > 0) * 1.0 - (W < 0) * 1.0)
""",
            "so is its slope",
        ),
        (
            """
def l1_subgradient(W, lambd, m):
    return W * lambd / m
""",
            "the gradient of L2",
        ),
    ],
    "soft_threshold": [
        (
            """
def soft_threshold(v, threshold):
    large = abs(v) > threshold
    return large * (v - threshold)
""",
            "Negative entries are moved away",
        ),
        (
            """
import numpy as np

def soft_threshold(v, threshold):
    w = v.copy()
    w = np.where(v > threshold, v - threshold, w)
    return np.where(v < -threshold, v + threshold, w)
""",
            "stay as they are",
        ),
        (
            """
def soft_threshold(v, threshold):
    return v * (abs(v) >= threshold)
""",
            "hard threshold",
        ),
        (
            """
import numpy as np

def soft_threshold(v, threshold):
    return np.sign(v) * np.max(abs(v) - threshold, axis=0)
""",
            "np.maximum(a, 0)",
        ),
        (
            """
import numpy as np

def soft_threshold(v, threshold):
    w = v.copy()
    w[np.abs(w) <= threshold] = 0
    return w
""",
            "hard threshold",
        ),
        (
            """
import numpy as np

def soft_threshold(v, threshold):
    return v - threshold * np.sign(v)
""",
            "cross 0",
        ),
        (
            """
import numpy as np

def soft_threshold(v, threshold):
    return np.where(v > threshold, v - threshold, 0.0)
""",
            "Negative entries all become 0",
        ),
        (
            """
import numpy as np

def soft_threshold(v, threshold):
    return np.minimum(np.maximum(v, -threshold), threshold)
""",
            "the part that is cut away",
        ),
        (
            """
def soft_threshold(v, threshold):
    return (1 / (1 + threshold)) * v
""",
            "the step for L2",
        ),
        (
            """
def soft_threshold(v, threshold):
    if v > threshold:
        return v - threshold
    elif v < -threshold:
        return v + threshold
    return 0.0
""",
            "decide once for a whole array",
        ),
    ],
    "weight_decay": [
        (
            """
def weight_decay_step(W, dW, alpha, lambd, m):
    shrunk = W - lambd / m * W
    return shrunk - alpha * dW
""",
            "alpha is missing in the decay",
        ),
        (
            """
def weight_decay_step(W, dW, alpha, lambd, m):
    new = W - alpha * dW
    return new - new * alpha * lambd / m
""",
            "the step too",
        ),
        (
            """
def weight_decay_step(W, dW, alpha, lambd, m):
    return W * (1 - lambd * alpha) - dW * alpha
""",
            "m is missing in the decay",
        ),
        (
            """
def weight_decay_step(W, dW, alpha, lambd, m):
    W *= 1 - alpha * lambd / m
    W -= alpha * dW
    return W
""",
            "write into the caller's array",
        ),
        (
            """
def weight_decay_step(W, dW, alpha, lambd, m):
    return W + W * alpha * lambd / m - alpha * dW
""",
            "The weights grow",
        ),
    ],
    "differences": [
        (
            """
def slope(f, x):
    h = 0
    return (f(x + h) - f(x - h)) / (2 * h)
""",
            "0 for every x",
        ),
        (
            """
def slope(f, x):
    h = 1e-5 * max(x, 1)
    return (f(x + h) - f(x - h)) / (2 * h)
""",
            "not for x far below 0",
        ),
        (
            """
def slope(f, x):
    h = 1e-7 * max(1, abs(x))
    here = f(x)
    return (f(x + h) - here) / h
""",
            "one side of x only",
        ),
        (
            """
def slope(f, x):
    h = 1e-12
    return (f(x + h) - f(x - h)) / (2 * h)
""",
            "the few that differ are rounding",
        ),
        (
            """
def slope(f, x, step=1e-5):
    return (f(x + step) - f(x - step)) / (step + step)
""",
            "same for every x",
        ),
        (
            """
def slope(f, x):
    h = 0.01 * max(1, abs(x))
    return (f(x + h) - f(x - h)) / (2 * h)
""",
            "f bends within it",
        ),
        (
            """
def slope(f, x):
    h = 1e-5 * abs(x)
    return (f(x + h) - f(x - h)) / (2 * h)
""",
            "At x = 0 your step is 0",
        ),
        (
            """
def slope(f, x):
    h = 1e-5 * max(1, abs(x))
    return (f(x + h) - f(x - h)) / h
""",
            "2 * h apart",
        ),
        (
            """
import tinygrad_reg as tg

def slope(f, x):
    return tg.grad(f)(x)
""",
            "without tg.grad",
        ),
    ],
    "new_operation": [
        (
            """
import numpy as np

import tinygrad_reg as tg


def abs_log(x):
    return np.abs(np.log(x))


abs_log = tg.elementwise(
    abs_log, lambda x, y: np.sign(np.log(x)) / x, domain=(0, np.inf), kinks={"x = 1": "0"}
)
""",
            "the result first",
        ),
        (
            """
import numpy as np

import tinygrad_reg as tg


def abs_log(x):
    return np.abs(np.log(x))


abs_log = tg.elementwise(
    abs_log, lambda x, y: np.sign(x - 1) / x, domain=(0, np.inf), kinks={"x = 1": "0"}
)
""",
            "the result first",
        ),
        (
            """
import numpy as np

import tinygrad_reg as tg


def abs_log(x):
    return np.abs(np.log(x))


abs_log = tg.elementwise(
    abs_log, lambda y, x: np.sign(x - 1) / x, domain=(0, np.inf), kinks=[1]
)
""",
            "in words",
        ),
        (
            """
import numpy as np

import tinygrad_reg as tg


def abs_log(x):
    return np.abs(np.log(x))


abs_log = tg.elementwise(
    abs_log, lambda y, x: np.sign(x - 1) / x, domain=(0, np.inf), kinks={1: "0"}
)
""",
            "in words",
        ),
        (
            """
import numpy as np

import tinygrad_reg as tg


def abs_log(x):
    return np.abs(np.log(x))


abs_log = tg.elementwise(
    abs_log, lambda y, x: np.sign(x - 1) / x, domain=(0, np.inf), kinks={"x = 1": "1"}
)
""",
            "what your derivative gives there",
        ),
        (
            """
import numpy as np

import tinygrad_reg as tg


def abs_log(x):
    return np.abs(np.log(x))


abs_log = tg.elementwise(
    abs_log, lambda y, x: ..., domain=..., kinks=...
)
""",
            "three dots",
        ),
        (
            """
import numpy as np
import tinygrad_reg as tg

def abs_log(x):
    return np.abs(np.log(x))

abs_log = tg.elementwise(abs_log, lambda y, x: x**-1.0, domain=(0, np.inf), kinks={"x = 1": "0"})
""",
            "derivative of log(x)",
        ),
        (
            """
import numpy as np
import tinygrad_reg as tg

def abs_log(x):
    return np.abs(np.log(x))

def slope(y, x):
    return np.where(x > 1, 1 / x, -1 / x)

abs_log = tg.elementwise(abs_log, slope, domain=(0, np.inf), kinks={"x = 1": "0"})
""",
            "everywhere but at x = 1",
        ),
        (
            """
import numpy as np
import tinygrad_reg as tg

def abs_log(x):
    return np.abs(np.log(x))

abs_log = tg.elementwise(abs_log, lambda y, x: np.sign(x - 1) / x, kinks={"x = 1": "0"})
""",
            "domain=(0, np.inf)",
        ),
        (
            """
import numpy as np
import tinygrad_reg as tg

def abs_log(x):
    return np.abs(np.log(x))

abs_log = tg.elementwise(abs_log, lambda y, x: np.sign(x - 1) / x, domain=(0, np.inf))
""",
            'kinks={"x = 1": "0"}',
        ),
        (
            """
import numpy as np
import tinygrad_reg as tg

def abs_log(x):
    return np.abs(np.log(x))

tg.elementwise(abs_log, lambda y, x: np.sign(x - 1) / x, domain=(0, np.inf))
""",
            "keep it under the name abs_log",
        ),
        (
            """
import numpy as np
import tinygrad_reg as tg

def abs_log(x):
    return np.abs(np.log(x))

abs_log = tg.elementwise(abs_log, lambda y, x: np.sign(np.log(x)), domain=(0, np.inf))
""",
            "slope of the abs alone",
        ),
    ],
}

# Repairs of the planted bug: what is put in place of which text of the file.
REPAIRS = [
    ("(1 - Z1**2)", "(1 - Z1 * Z1)", "The bug is still there"),
    ("dA1 * (1 - Z1**2)", "dA1 / np.cosh(A1) ** 2", "taken a second time"),
    ("(1 - Z1**2)", "A1 - dA1 * A1**2", "slope of the sigmoid"),
    ("dA1 * (1 - Z1**2)", "dA1", "gone altogether"),
    ("dA1 * (1 - Z1**2)", "np.where(Z1 > 0, dA1, 0)", "slope of a relu"),
]

# What else is broken while repairing it: put in place of which text of the solution.
DAMAGES = [
    (
        "db2 = np.sum(dZ2, axis=1, keepdims=True)",
        "db2 = np.sum(dZ2, axis=1, keepdims=True) + lambd / m * b2",
        "The biases are penalized now",
    ),
    ("dW1 = dZ1 @ X.T + lambd / m * W1", "dW1 = dZ1 @ X.T", "penalty is gone"),
    ("dZ2 = (A2 - Y) / m", "dZ2 = A2 - Y", "division by m"),
]
