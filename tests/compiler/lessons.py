"""Functions a learner would write, with arguments: their programs are kept in `golden`."""

from collections import namedtuple

import numpy as np

import tinygrad_reg as tg


def entries(*shape, seed=0):
    """Numbers with two decimals, which are short to read."""
    return np.round(np.random.default_rng(seed).normal(size=shape), 2)


X = entries(3, 4)
Y = np.array([[1.0, 0.0, 1.0, 1.0]])
m = X.shape[1]
lambd = 0.7


# -- the lesson ------------------------------------------------------------------------------------


def logistic_regression(w, b, lambd):
    Z = w @ X + b
    losses = tg.binary_cross_entropy(Z, Y)
    J = np.sum(losses) / m + tg.l2(w, lambd, m)
    return J


def two_layers(W1, b1, W2, b2):
    Z1 = W1 @ X + b1
    A1 = np.tanh(Z1)
    Z2 = W2 @ A1 + b2
    losses = tg.binary_cross_entropy(Z2, Y)
    return np.sum(losses) / m + tg.l2([W1, W2], lambd, m)


def network(parameters, X, Y, lambd):
    m = X.shape[1]
    L = len(parameters) // 2
    A = X
    for layer in range(1, L):
        Z = parameters[f"W{layer}"] @ A + parameters[f"b{layer}"]
        A = tg.relu(Z)
    Z = parameters[f"W{L}"] @ A + parameters[f"b{L}"]
    losses = tg.binary_cross_entropy(Z, Y)
    weights = [parameters[f"W{layer}"] for layer in range(1, L + 1)]
    return np.sum(losses) / m + tg.l2(weights, lambd, m)


def training_step(parameters, X, Y, lambd, alpha):
    J, gradients = tg.value_and_grad(network)(parameters, X, Y, lambd)
    parameters = dict(parameters)
    for key in parameters:
        parameters[key] = parameters[key] - alpha * gradients[key]
    return J, parameters


def log_loss_by_hand(w, b, X, Y, lambd):
    m = X.shape[1]
    A = tg.sigmoid(w @ X + b)
    losses = -(Y * np.log(A) + (1 - Y) * np.log(1 - A))
    return (1 / m) * np.sum(losses) + (lambd / (2 * m)) * np.sum(np.square(w))


# -- beyond it -------------------------------------------------------------------------------------


def softmax_classifier(layers, X, classes, lambd, alpha):
    (W1, b1), (W2, b2) = layers
    H = tg.relu(W1 @ X + b1)
    Z = W2 @ H + b2
    return np.mean(tg.softmax_cross_entropy(Z, classes)) + tg.elastic_net(
        [W1, W2], lambd, X.shape[1], alpha
    )


def many_layers(Ws, bs, X):
    A = X
    for W, b in zip(Ws, bs, strict=True):
        Z = W @ A + b
        A = np.tanh(Z)
    return np.mean((A - 1) ** 2) + tg.l1(Ws, 0.01, X.shape[1])


def descent(w, X, alpha):
    for _ in range(2):
        w = w - alpha * tg.grad(lambda w: np.sum((w @ X - 1) ** 2) / 2)(w)
    return w


def momentum(w, v, X, alpha, beta):
    dw = tg.grad(lambda w: np.sum((w @ X - 1) ** 2) / 2)(w)
    v = beta * v + (1 - beta) * dw
    w = w - alpha * v
    return w, v


def batch_norm(Z, gamma, beta):
    mu = np.mean(Z, axis=1, keepdims=True)
    sigma = np.sqrt(np.var(Z, axis=1, keepdims=True) + 1e-8)
    normalized = (Z - mu) / sigma
    return np.sum(np.tanh(gamma * normalized + beta) ** 2)


def recurrent(Wh, Wx, xs):
    h = np.zeros((2, 1))
    for t in range(len(xs)):
        h = np.tanh(Wh @ h + Wx @ xs[t])
    return np.sum(h**2)


def hessian_times(w, v):
    def J(w):
        A = np.tanh(w @ X)
        return np.sum(A**2) / 2

    return tg.hvp(J, (w,), (v,))


def along(w, v):
    def layer(w):
        Z = w @ X
        A = np.tanh(Z)
        return A

    return tg.jvp(layer, (w,), (v,))


def embedding(E, W):
    words = E[np.array([0, 2, 2])]
    scores = words @ W.T
    return np.sum(scores[:, 1:] ** 2)


def gaussian(S, y):
    sign, log_det = np.linalg.slogdet(S)
    u = np.linalg.solve(S, y)
    return sign * log_det + np.sum(y * u)


Split = namedtuple("Split", "left right")


def odds_and_ends(x, options, how="sum"):
    left, right = np.split(x.astype(np.float32), 2)
    scaled = options["scale"] * np.where(x > 0, x, -x) ** -0.5
    total = np.sum(scaled) if how == "sum" else np.mean(scaled)
    return {"same": x, "total": total, "parts": Split(left.T, [right, left.T])}


TWO = {"W1": entries(2, 3), "b1": np.zeros((2, 1)), "W2": entries(1, 2), "b2": np.zeros((1, 1))}
LAYERS = [(entries(2, 3), np.zeros((2, 1))), (entries(3, 2), np.zeros((3, 1)))]

BIAS = np.zeros((1, 1))
of = tg.value_and_grad

# The name of each file: a function, and what it is called with.
LESSONS = {
    "logistic_regression": (of(logistic_regression, (0, 1)), (entries(1, 3), BIAS, 0.7)),
    "log_loss_by_hand": (of(log_loss_by_hand, (0, 1)), (entries(1, 3), BIAS, X, Y, 0.7)),
    "two_layers": (of(two_layers, range(4)), tuple(TWO.values())),
    "network": (of(network), (TWO, X, Y, 0.7)),
    "training_step": (training_step, (TWO, X, Y, 0.7, 0.1)),
    "softmax_classifier": (
        of(softmax_classifier),
        (LAYERS, X, np.eye(3)[:, [0, 1, 2, 1]], 0.7, 0.5),
    ),
    "many_layers": (
        of(many_layers, (0, 1)),
        ([entries(3, 3, seed=s) for s in range(6)], [np.zeros((3, 1))] * 6, X),
    ),
    "descent": (descent, (entries(1, 3), X, 0.1)),
    "momentum": (momentum, (entries(1, 3), np.zeros((1, 3)), X, 0.1, 0.9)),
    "batch_norm": (
        tg.grad(batch_norm, (0, 1, 2)),
        (entries(2, 4), np.ones((2, 1)), np.zeros((2, 1))),
    ),
    "recurrent": (of(recurrent, (0, 1)), (entries(2, 2), entries(2, 3), entries(3, 3, 1))),
    "hessian_times": (hessian_times, (entries(2, 3), entries(2, 3, seed=1))),
    "along": (along, (entries(2, 3), entries(2, 3, seed=1))),
    "embedding": (tg.grad(embedding, (0, 1)), (entries(3, 2), entries(4, 2))),
    "gaussian": (
        of(gaussian, (0, 1)),
        (entries(3, 3) @ entries(3, 3).T + np.eye(3), entries(3, 1)),
    ),
    "odds_and_ends": (odds_and_ends, (entries(4), {"scale": np.float32(0.1)}, "sum")),
}
