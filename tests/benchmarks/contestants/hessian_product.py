"""The Hessian of an L2-regularized tanh network's cost, times a vector.

By hand, the backward pass is differentiated once more: where the parameters move in the direction
(V, c), the activation A moves with the tangent tA, its slope S = 1 - A² with tS = -2 A tA, and so
on, up to the tangents of dW and db, which are the product.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from measuring import Contestant

import tinygrad_reg as tg
from contestants import LAMBD, anp, autograd, jax, network, torch


def example(
    sizes: tuple[int, ...], m: int, dtype: type[np.floating[Any]]
) -> tuple[list[Any], list[Any], list[Any], list[Any], Any, Any]:
    """Weights and biases, a direction for each, data and one-hot labels."""
    generator = np.random.default_rng(3)
    Ws, bs, X, Y = network.example(sizes, m, dtype)
    Vs, cs = ([generator.normal(size=a.shape).astype(dtype) for a in group] for group in (Ws, bs))
    return Ws, bs, Vs, cs, X, Y


def by_hand(
    Ws: list[Any], bs: list[Any], Vs: list[Any], cs: list[Any], X: Any, Y: Any
) -> Contestant:
    """The lesson's formulas, and the derivative of each in the direction."""
    m, depth = X.shape[1], len(Ws)

    def run() -> Any:
        A, activations = X, [X]
        tangents, slopes, bends = [None], [None], [None]
        for layer in range(depth):
            W, V = Ws[layer], Vs[layer]
            tZ = V @ A + cs[layer]
            if layer:
                tZ = tZ + W @ tangents[layer]
            A = np.tanh(W @ A + bs[layer])
            S = 1 - A**2
            tA = S * tZ
            activations.append(A)
            tangents.append(tA)
            slopes.append(S)
            bends.append(-2 * A * tA)
        dA, tdA = (A - Y) / m, tA / m
        tdWs, tdbs = [], []
        for layer in reversed(range(depth)):
            S, tS = slopes[layer + 1], bends[layer + 1]
            dZ, tdZ = dA * S, tdA * S + dA * tS
            tdW = tdZ @ activations[layer].T + LAMBD / m * Vs[layer]
            if layer:
                tdW = tdW + dZ @ tangents[layer].T
                dA = Ws[layer].T @ dZ
                tdA = Vs[layer].T @ dZ + Ws[layer].T @ tdZ
            tdWs.append(tdW)
            tdbs.append(np.sum(tdZ, axis=1, keepdims=True))
        return tdWs[::-1], tdbs[::-1]

    return run


def by_products(
    Ws: list[Any], bs: list[Any], Vs: list[Any], cs: list[Any], X: Any, Y: Any
) -> Contestant:
    """Nothing but the matrix products of `by_hand`, into arrays that are there already."""
    m, dtype = X.shape[1], X.dtype
    activations = [X] + [np.tanh(np.ones((len(W), m), dtype)) for W in Ws]
    Zs, dZs = ([np.ones((len(W), m), dtype) for W in Ws] for _ in range(2))
    dAs, dWs = [np.empty_like(A) for A in activations], [np.empty_like(W) for W in Ws]

    def run() -> None:
        for W, V, A, Z in zip(Ws, Vs, activations, Zs, strict=False):
            np.dot(W, A, out=Z)
            np.dot(V, A, out=Z)
            if A is not X:
                np.dot(W, A, out=Z)
        for layer in reversed(range(len(Ws))):
            W, V, A, dZ = Ws[layer], Vs[layer], activations[layer], dZs[layer]
            np.dot(dZ, A.T, out=dWs[layer])
            if layer:
                np.dot(dZ, A.T, out=dWs[layer])
                np.dot(W.T, dZ, out=dAs[layer])
                np.dot(V.T, dZ, out=dAs[layer])
                np.dot(W.T, dZ, out=dAs[layer])

    return run


def by_buffers(
    Ws: list[Any], bs: list[Any], Vs: list[Any], cs: list[Any], X: Any, Y: Any
) -> Contestant:
    """`by_hand` as one writes it for speed: results live in arrays that the next call reuses."""
    m, dtype, depth = X.shape[1], X.dtype, len(Ws)

    def one_a_layer() -> list[Any]:
        return [np.empty((len(W), m), dtype) for W in Ws]

    activations, tangents = [X, *one_a_layer()], [X, *one_a_layer()]
    slopes, bends, spare = one_a_layer(), one_a_layer(), one_a_layer()
    dZs, tdZs = one_a_layer(), one_a_layer()
    tdWs, decays = ([np.empty_like(W) for W in Ws] for _ in range(2))
    tdbs = [np.empty_like(b) for b in bs]

    def run() -> Any:
        for layer in range(depth):
            W, A_before = Ws[layer], activations[layer]
            A, tA, S, tS = activations[layer + 1], tangents[layer + 1], slopes[layer], bends[layer]
            np.dot(Vs[layer], A_before, out=tA)
            tA += cs[layer]
            if layer:
                tA += np.dot(W, tangents[layer], out=S)
            np.dot(W, A_before, out=A)
            A += bs[layer]
            np.tanh(A, out=A)
            np.square(A, out=S)
            np.subtract(1, S, out=S)
            tA *= S
            np.multiply(A, tA, out=tS)
            tS *= -2
        dA, tdA = dZs[-1], tdZs[-1]
        np.subtract(A, Y, out=dA)
        dA *= 1 / m
        np.multiply(tA, 1 / m, out=tdA)
        for layer in reversed(range(depth)):
            W, V, tdW = Ws[layer], Vs[layer], tdWs[layer]
            dZ, tdZ, S = dZs[layer], tdZs[layer], slopes[layer]  # they hold dA and tdA so far
            tdZ *= S
            tdZ += np.multiply(dZ, bends[layer], out=spare[layer])
            dZ *= S
            np.dot(tdZ, activations[layer].T, out=tdW)
            if layer:
                tdW += np.dot(dZ, tangents[layer].T, out=decays[layer])
                np.dot(W.T, dZ, out=dZs[layer - 1])
                np.dot(V.T, dZ, out=tdZs[layer - 1])
                tdZs[layer - 1] += np.dot(W.T, tdZ, out=spare[layer - 1])
            tdW += np.multiply(V, LAMBD / m, out=decays[layer])
            np.add.reduce(tdZ, axis=1, keepdims=True, out=tdbs[layer])
        return tdWs, tdbs

    return run


def product_by_engine(X: Any, Y: Any) -> Callable[[Any, Any, Any, Any], Any]:
    """The product, as a user of the engine writes it."""
    cost = network.cost_by_engine(X, Y)
    return lambda Ws, bs, Vs, cs: tg.hvp(cost, (Ws, bs), (Vs, cs))


def by_engine(
    Ws: list[Any], bs: list[Any], Vs: list[Any], cs: list[Any], X: Any, Y: Any
) -> Contestant:
    """This engine, run eagerly: forward mode over reverse mode."""
    product = product_by_engine(X, Y)
    return lambda: product(Ws, bs, Vs, cs)


def by_program(
    Ws: list[Any], bs: list[Any], Vs: list[Any], cs: list[Any], X: Any, Y: Any
) -> Contestant:
    """The program that this engine emits."""
    program = tg.compile(product_by_engine(X, Y))
    return lambda: program(Ws, bs, Vs, cs)


def by_autograd(
    Ws: list[Any], bs: list[Any], Vs: list[Any], cs: list[Any], X: Any, Y: Any
) -> Contestant:
    """HIPS autograd: reverse mode over reverse mode."""
    m = X.shape[1]

    def cost(parameters: Any) -> Any:
        Ws, bs = parameters
        A = network.layers(Ws, bs, X, anp.tanh, anp.dot)
        penalty = LAMBD / (2 * m) * sum(anp.sum(W**2) for W in Ws)
        return anp.sum((A - Y) ** 2) / (2 * m) + penalty

    at = autograd.differential_operators.make_hvp(cost)
    return lambda: at((Ws, bs))[0]((Vs, cs))


def by_torch(
    Ws: list[Any], bs: list[Any], Vs: list[Any], cs: list[Any], X: Any, Y: Any
) -> Contestant:
    """PyTorch, eager, on the CPU: reverse mode over reverse mode."""
    m, depth = X.shape[1], len(Ws)
    parameters = [torch.tensor(a, requires_grad=True) for a in [*Ws, *bs]]
    direction = [torch.tensor(a) for a in [*Vs, *cs]]
    data, targets = torch.tensor(X), torch.tensor(Y)

    def run() -> Any:
        Ws, bs = parameters[:depth], parameters[depth:]
        A = network.layers(Ws, bs, data, torch.tanh, torch.matmul)
        penalty = LAMBD / (2 * m) * sum(torch.sum(W**2) for W in Ws)
        J = torch.sum((A - targets) ** 2) / (2 * m) + penalty
        gradients = torch.autograd.grad(J, parameters, create_graph=True)
        products = torch.autograd.grad(gradients, parameters, direction)
        return [product.numpy() for product in products]

    return run


def by_jax(
    Ws: list[Any], bs: list[Any], Vs: list[Any], cs: list[Any], X: Any, Y: Any
) -> Contestant:
    """JAX, compiled: forward mode over reverse mode."""
    gradient = jax.grad(network.cost_by_jax(X, Y), argnums=(0, 1))

    @jax.jit
    def product(primals: Any, tangents: Any) -> Any:
        return jax.jvp(gradient, primals, tangents)[1]

    primals, tangents = jax.device_put(((Ws, bs), (Vs, cs)))
    return lambda: jax.block_until_ready(product(primals, tangents))
