"""Value and gradient of an L2-regularized logistic regression."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from measuring import Contestant

import tinygrad_reg as tg
from contestants import LAMBD, anp, autograd, jax, jnp, mygrad, torch


def example(dtype: type[np.floating[Any]] = np.float64) -> tuple[Any, Any, Any, Any]:
    """Weights, bias, data and labels of 10 features and 100 examples."""
    generator = np.random.default_rng(1)
    X = generator.normal(size=(10, 100)).astype(dtype)
    Y = (generator.random(size=(1, 100)) < 0.5).astype(dtype)
    return generator.normal(size=(1, 10)).astype(dtype), np.zeros((1, 1), dtype), X, Y


def by_hand(w: Any, b: Any, X: Any, Y: Any) -> Contestant:
    """The lesson's formulas, with a loss that does not overflow."""
    m = X.shape[1]

    def run() -> Any:
        Z = w @ X + b
        decay = np.exp(-np.abs(Z))
        losses = np.maximum(Z, 0) - Z * Y + np.log1p(decay)
        J = np.sum(losses) / m + LAMBD / (2 * m) * np.sum(np.square(w))
        A = np.where(Z >= 0, 1, decay) / (1 + decay)
        dZ = (A - Y) / m
        return J, dZ @ X.T + LAMBD / m * w, np.sum(dZ, axis=1, keepdims=True)

    return run


def by_products(w: Any, b: Any, X: Any, Y: Any) -> Contestant:
    """Nothing but the two matrix products, into arrays that are there already."""
    Z, dw, transposed = np.empty_like(Y), np.empty_like(w), X.T

    def run() -> None:
        np.dot(w, X, out=Z)
        np.dot(Y, transposed, out=dw)

    return run


def by_buffers(w: Any, b: Any, X: Any, Y: Any) -> Contestant:
    """`by_hand` as one writes it for speed: results live in arrays that the next call reuses."""
    m, transposed = X.shape[1], X.T
    Z, decay, dZ, losses = (np.empty_like(Y) for _ in range(4))
    positive = np.empty(Y.shape, bool)
    dw, shrinking, db = np.empty_like(w), np.empty_like(w), np.empty_like(b)

    def run() -> Any:
        np.dot(w, X, out=Z)
        np.add(Z, b, out=Z)
        np.abs(Z, out=decay)
        np.negative(decay, out=decay)
        np.exp(decay, out=decay)
        np.log1p(decay, out=losses)
        np.add(losses, np.maximum(Z, 0, out=dZ), out=losses)
        J = (np.add.reduce(losses, axis=None) - np.vdot(Z, Y)) / m
        J += LAMBD / (2 * m) * np.vdot(w, w)
        np.add(decay, 1, out=dZ)
        np.copyto(decay, 1, where=np.greater_equal(Z, 0, out=positive))
        np.divide(decay, dZ, out=dZ)
        np.subtract(dZ, Y, out=dZ)
        np.multiply(dZ, 1 / m, out=dZ)
        np.dot(dZ, transposed, out=dw)
        np.add(dw, np.multiply(w, LAMBD / m, out=shrinking), out=dw)
        np.add.reduce(dZ, axis=1, keepdims=True, out=db)
        return J, dw, db

    return run


def derivative_by_engine(X: Any, Y: Any) -> Callable[[Any, Any], Any]:
    """Value and gradient, as a user of the engine writes them."""
    m = X.shape[1]

    def cost(w: Any, b: Any) -> Any:
        losses = tg.binary_cross_entropy(w @ X + b, Y)
        return np.sum(losses) / m + tg.l2(w, LAMBD, m)

    return tg.value_and_grad(cost, argnums=(0, 1))


def by_engine(w: Any, b: Any, X: Any, Y: Any) -> Contestant:
    """This engine, run eagerly."""
    derivative = derivative_by_engine(X, Y)
    return lambda: derivative(w, b)


def by_program(w: Any, b: Any, X: Any, Y: Any) -> Contestant:
    """The program that this engine emits."""
    program = tg.compile(derivative_by_engine(X, Y))
    return lambda: program(w, b)


def by_autograd(w: Any, b: Any, X: Any, Y: Any) -> Contestant:
    """HIPS autograd."""
    m = X.shape[1]

    def cost(parameters: Any) -> Any:
        w, b = parameters
        Z = anp.dot(w, X) + b
        losses = anp.logaddexp(0, Z) - Z * Y
        return anp.sum(losses) / m + LAMBD / (2 * m) * anp.sum(w**2)

    derivative = autograd.value_and_grad(cost)
    return lambda: derivative((w, b))


def by_mygrad(w: Any, b: Any, X: Any, Y: Any) -> Contestant:
    """MyGrad."""
    m = X.shape[1]
    w, b = mygrad.tensor(w), mygrad.tensor(b)

    def run() -> Any:
        Z = w @ X + b
        losses = mygrad.logaddexp(0, Z) - Z * Y
        J = mygrad.sum(losses) / m + LAMBD / (2 * m) * mygrad.sum(w**2)
        J.backward()
        return J.item(), w.grad, b.grad

    return run


def by_torch(w: Any, b: Any, X: Any, Y: Any) -> Contestant:
    """PyTorch, eager, on the CPU."""
    m = X.shape[1]
    w, b = (torch.tensor(a, requires_grad=True) for a in (w, b))
    X, Y = torch.tensor(X), torch.tensor(Y)

    def run() -> Any:
        w.grad = b.grad = None
        Z = w @ X + b
        losses = torch.nn.functional.binary_cross_entropy_with_logits(Z, Y)
        J = losses + LAMBD / (2 * m) * torch.sum(w**2)
        J.backward()
        return J.item(), w.grad.numpy(), b.grad.numpy()

    return run


def by_jax(w: Any, b: Any, X: Any, Y: Any) -> Contestant:
    """JAX, compiled."""
    m = X.shape[1]
    w, b, X, Y = jax.device_put((w, b, X, Y))

    def cost(w: Any, b: Any) -> Any:
        Z = w @ X + b
        losses = jax.nn.softplus(Z) - Z * Y
        return jnp.sum(losses) / m + LAMBD / (2 * m) * jnp.sum(w**2)

    derivative = jax.jit(jax.value_and_grad(cost, argnums=(0, 1)))
    return lambda: jax.block_until_ready(derivative(w, b))
