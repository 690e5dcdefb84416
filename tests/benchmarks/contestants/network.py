"""Value and gradient of an L2-regularized tanh network.

Every layer is a tanh and the loss is half the squared error, plain operations for everyone; or
the last layer is a softmax and the loss the cross-entropy, by the best each library has.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from measuring import Contestant

import tinygrad_reg as tg
from contestants import LAMBD, anp, autograd, jax, jnp, mygrad, peer, torch

NETWORKS = {  # layer sizes, examples
    "2-16-16-2, 32": ((2, 16, 16, 2), 32),
    "30-2, 569": ((30, 2), 569),
    "64-64-10, 128": ((64, 64, 10), 128),
    "784-256-128-10, 256": ((784, 256, 128, 10), 256),
}
mygrad_losses = peer("mygrad.nnet.losses")


def example(
    sizes: tuple[int, ...], m: int, dtype: type[np.floating[Any]] = np.float64
) -> tuple[list[Any], list[Any], Any, Any]:
    """Weights, biases, data and one-hot labels; one example a column."""
    generator = np.random.default_rng(0)
    pairs = list(itertools.pairwise(sizes))
    Ws = [generator.normal(size=(after, before)) / np.sqrt(before) for before, after in pairs]
    bs = [np.zeros((after, 1), dtype) for _, after in pairs]
    X = generator.normal(size=(sizes[0], m)).astype(dtype)
    Y = np.eye(sizes[-1], dtype=dtype)[:, generator.integers(sizes[-1], size=m)]
    return [W.astype(dtype) for W in Ws], bs, X, np.ascontiguousarray(Y)


def layers(Ws: Any, bs: Any, X: Any, tanh: Any, matmul: Any, softmax: bool = False) -> Any:
    """The forward pass that all libraries share: the last activation, or Z before a softmax."""
    A = X
    for i, (W, b) in enumerate(zip(Ws, bs, strict=True)):
        Z = matmul(W, A) + b
        A = Z if softmax and i == len(Ws) - 1 else tanh(Z)
    return A


def by_hand(Ws: list[Any], bs: list[Any], X: Any, Y: Any, softmax: bool = False) -> Contestant:
    """The lesson's formulas."""
    m = X.shape[1]

    def run() -> Any:
        A, activations = X, [X]
        for i, (W, b) in enumerate(zip(Ws, bs, strict=True)):
            Z = W @ A + b
            if not softmax or i < len(Ws) - 1:
                A = np.tanh(Z)
                activations.append(A)
        if softmax:
            Z = Z - np.max(Z, axis=0, keepdims=True)
            powers = np.exp(Z)
            sums = np.sum(powers, axis=0, keepdims=True)
            losses = np.log(sums) - np.sum(Y * Z, axis=0, keepdims=True)
            data_cost = np.sum(losses) / m
            dZ = (powers / sums - Y) / m
        else:
            E = A - Y
            data_cost = np.sum(E**2) / (2 * m)
            dZ = E / m * (1 - A**2)
        J = data_cost + LAMBD / (2 * m) * sum(np.sum(np.square(W)) for W in Ws)
        dWs, dbs = [], []
        for layer in reversed(range(len(Ws))):
            dWs.append(dZ @ activations[layer].T + LAMBD / m * Ws[layer])
            dbs.append(np.sum(dZ, axis=1, keepdims=True))
            if layer:
                dZ = (Ws[layer].T @ dZ) * (1 - activations[layer] ** 2)
        return J, dWs[::-1], dbs[::-1]

    return run


def by_products(Ws: list[Any], bs: list[Any], X: Any, Y: Any) -> Contestant:
    """Nothing but the matrix products of `by_hand`, into arrays that are there already."""
    m, dtype = X.shape[1], X.dtype
    activations = [X] + [np.tanh(np.ones((len(W), m), dtype)) for W in Ws]
    transposed = [A.T for A in activations]
    dZs = [np.ones((len(W), m), dtype) for W in Ws]
    dAs = [np.empty_like(A) for A in activations]
    Zs, dWs = [np.empty_like(dZ) for dZ in dZs], [np.empty_like(W) for W in Ws]

    def run() -> None:
        for W, A, Z in zip(Ws, activations, Zs, strict=False):
            np.dot(W, A, out=Z)
        for layer in reversed(range(len(Ws))):
            np.dot(dZs[layer], transposed[layer], out=dWs[layer])
            if layer:
                np.dot(Ws[layer].T, dZs[layer], out=dAs[layer])

    return run


def by_buffers(Ws: list[Any], bs: list[Any], X: Any, Y: Any) -> Contestant:
    """`by_hand` as one writes it for speed: results live in arrays that the next call reuses."""
    m, dtype = X.shape[1], X.dtype
    activations = [X] + [np.empty((len(W), m), dtype) for W in Ws]
    transposed = [A.T for A in activations]
    dZs = [np.empty_like(A) for A in activations[1:]]
    dWs, dbs = [np.empty_like(W) for W in Ws], [np.empty_like(b) for b in bs]
    # What is used up at once shares one piece of memory, which so stays in the cache.
    scratch = np.empty(max(a.size for a in [*Ws, *activations]), dtype)
    slopes, decays = ([scratch[: a.size].reshape(a.shape) for a in g] for g in (activations, Ws))
    A_last, slope, E = activations[-1], slopes[-1], dZs[-1]
    backward = list(reversed(range(len(Ws))))

    def run() -> Any:
        for W, b, A, Z in zip(Ws, bs, activations, activations[1:], strict=False):
            np.dot(W, A, out=Z)
            Z += b
            np.tanh(Z, out=Z)
        np.subtract(A_last, Y, out=E)
        J = np.vdot(E, E) / (2 * m)
        np.square(A_last, out=slope)
        np.subtract(1, slope, out=slope)
        np.multiply(E, slope, out=E)
        np.multiply(E, 1 / m, out=E)
        squares = 0
        for layer in backward:
            W, dZ, dW = Ws[layer], dZs[layer], dWs[layer]
            squares += np.vdot(W, W)
            np.dot(dZ, transposed[layer], out=dW)
            dW += np.multiply(W, LAMBD / m, out=decays[layer])
            np.add.reduce(dZ, axis=1, keepdims=True, out=dbs[layer])
            if layer:
                dZ_before, slope_before = dZs[layer - 1], slopes[layer]
                np.dot(W.T, dZ, out=dZ_before)
                np.square(activations[layer], out=slope_before)
                np.subtract(1, slope_before, out=slope_before)
                dZ_before *= slope_before
        return J + LAMBD / (2 * m) * squares, dWs, dbs

    return run


def cost_by_engine(X: Any, Y: Any, softmax: bool = False) -> Callable[[Any, Any], Any]:
    """The cost of weights and biases, as a user of the engine writes it."""
    m = X.shape[1]

    def cost(Ws: Any, bs: Any) -> Any:
        A = layers(Ws, bs, X, np.tanh, np.matmul, softmax)
        if softmax:
            data_cost = np.sum(tg.softmax_cross_entropy(A, Y)) / m
        else:
            data_cost = np.sum((A - Y) ** 2) / (2 * m)
        return data_cost + tg.l2(Ws, LAMBD, m)

    return cost


def by_engine(Ws: list[Any], bs: list[Any], X: Any, Y: Any, softmax: bool = False) -> Contestant:
    """This engine, run eagerly."""
    derivative = tg.value_and_grad(cost_by_engine(X, Y, softmax), argnums=(0, 1))
    return lambda: derivative(Ws, bs)


def by_program(Ws: list[Any], bs: list[Any], X: Any, Y: Any, softmax: bool = False) -> Contestant:
    """The program that this engine emits."""
    program = tg.compile(tg.value_and_grad(cost_by_engine(X, Y, softmax), argnums=(0, 1)))
    return lambda: program(Ws, bs)


def by_autograd(Ws: list[Any], bs: list[Any], X: Any, Y: Any, softmax: bool = False) -> Contestant:
    """HIPS autograd."""
    m = X.shape[1]

    def cost(parameters: Any) -> Any:
        Ws, bs = parameters
        A = layers(Ws, bs, X, anp.tanh, anp.dot, softmax)
        if softmax:
            Z = A - anp.max(A, axis=0, keepdims=True)
            losses = anp.log(anp.sum(anp.exp(Z), axis=0)) - anp.sum(Y * Z, axis=0)
            data_cost = anp.sum(losses) / m
        else:
            data_cost = anp.sum((A - Y) ** 2) / (2 * m)
        return data_cost + LAMBD / (2 * m) * sum(anp.sum(W**2) for W in Ws)

    derivative = autograd.value_and_grad(cost)
    return lambda: derivative((Ws, bs))


def by_mygrad(Ws: list[Any], bs: list[Any], X: Any, Y: Any, softmax: bool = False) -> Contestant:
    """MyGrad, with its own fused cross-entropy."""
    m = X.shape[1]
    tensors = [[mygrad.tensor(a) for a in group] for group in (Ws, bs)]
    labels = np.argmax(Y, axis=0)

    def run() -> Any:
        Ws, bs = tensors
        A = layers(Ws, bs, X, mygrad.tanh, mygrad.matmul, softmax)
        if softmax:
            data_cost = mygrad_losses.softmax_crossentropy(A.T, labels)
        else:
            data_cost = mygrad.sum((A - Y) ** 2) / (2 * m)
        J = data_cost + LAMBD / (2 * m) * sum(mygrad.sum(W**2) for W in Ws)
        J.backward()
        gradients = [[t.grad for t in group] for group in tensors]
        return J.item(), *gradients

    return run


def by_torch(Ws: list[Any], bs: list[Any], X: Any, Y: Any, softmax: bool = False) -> Contestant:
    """PyTorch, eager, on the CPU."""
    m = X.shape[1]
    tensors = [[torch.tensor(a, requires_grad=True) for a in group] for group in (Ws, bs)]
    data, targets = torch.tensor(X), torch.tensor(Y)
    labels = torch.argmax(targets, dim=0)

    def run() -> Any:
        Ws, bs = tensors
        for t in [*Ws, *bs]:
            t.grad = None
        A = layers(Ws, bs, data, torch.tanh, torch.matmul, softmax)
        if softmax:
            data_cost = torch.nn.functional.cross_entropy(A.T, labels)
        else:
            data_cost = torch.sum((A - targets) ** 2) / (2 * m)
        J = data_cost + LAMBD / (2 * m) * sum(torch.sum(W**2) for W in Ws)
        J.backward()
        gradients = [[t.grad.numpy() for t in group] for group in tensors]
        return J.item(), *gradients

    return run


def cost_by_jax(X: Any, Y: Any) -> Callable[[Any, Any], Any]:
    """The cost of weights and biases, as a user of JAX writes it."""
    m = X.shape[1]
    X, Y = jnp.asarray(X), jnp.asarray(Y)

    def cost(Ws: Any, bs: Any) -> Any:
        A = layers(Ws, bs, X, jnp.tanh, jnp.matmul)
        penalty = LAMBD / (2 * m) * sum(jnp.sum(W**2) for W in Ws)
        return jnp.sum((A - Y) ** 2) / (2 * m) + penalty

    return cost


def by_jax(Ws: list[Any], bs: list[Any], X: Any, Y: Any) -> Contestant:
    """JAX, compiled; parameters and results stay arrays of its own."""
    derivative = jax.jit(jax.value_and_grad(cost_by_jax(X, Y), argnums=(0, 1)))
    Ws, bs = jax.device_put((Ws, bs))
    return lambda: jax.block_until_ready(derivative(Ws, bs))
