"""Value and gradient of an L1 and an L2 penalty, and nothing else, on many weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from measuring import Contestant

import tinygrad_reg as tg
from contestants import LAMBD, anp, autograd, jax, jnp, mygrad, torch

m = 100


def example(dtype: type[np.floating[Any]], size: int) -> tuple[Any]:
    """A matrix of 1,000 columns and `size` entries, none of them 0: there, the L1 slopes differ."""
    generator = np.random.default_rng(2)
    W = generator.standard_normal(size=(size // 1000, 1000), dtype=dtype)
    return (np.where(W == 0, 1, W),)


def by_hand(W: Any) -> Contestant:
    """The lesson's formulas."""

    def run() -> Any:
        J = LAMBD / m * np.sum(np.abs(W)) + LAMBD / (2 * m) * np.sum(np.square(W))
        return J, LAMBD / m * np.sign(W) + LAMBD / m * W

    return run


def by_buffers(W: Any) -> Contestant:
    """`by_hand` as one writes it for speed: results live in arrays that the next call reuses."""
    dW = np.empty_like(W)

    def run() -> Any:
        np.sign(W, out=dW)
        J = LAMBD / m * np.vdot(dW, W) + LAMBD / (2 * m) * np.vdot(W, W)
        np.add(dW, W, out=dW)
        np.multiply(dW, LAMBD / m, out=dW)
        return J, dW

    return run


def cost_by_engine(W: Any) -> Any:
    """The two penalties, as a user of the engine writes them."""
    return tg.l1(W, LAMBD, m) + tg.l2(W, LAMBD, m)


def by_engine(W: Any) -> Contestant:
    """This engine, run eagerly."""
    derivative = tg.value_and_grad(cost_by_engine)
    return lambda: derivative(W)


def by_program(W: Any) -> Contestant:
    """The program that this engine emits."""
    program = tg.compile(tg.value_and_grad(cost_by_engine))
    return lambda: program(W)


def cost(absolute: Callable[[Any], Any], total: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The two penalties, as users of the other libraries write them."""
    return lambda W: LAMBD / m * total(absolute(W)) + LAMBD / (2 * m) * total(W**2)


def by_autograd(W: Any) -> Contestant:
    """HIPS autograd."""
    derivative = autograd.value_and_grad(cost(anp.abs, anp.sum))
    return lambda: derivative(W)


def by_mygrad(W: Any) -> Contestant:
    """MyGrad."""
    W = mygrad.tensor(W)
    penalty = cost(mygrad.abs, mygrad.sum)

    def run() -> Any:
        J = penalty(W)
        J.backward()
        return J.item(), W.grad

    return run


def by_torch(W: Any) -> Contestant:
    """PyTorch, eager, on the CPU."""
    W = torch.tensor(W, requires_grad=True)
    penalty = cost(torch.abs, torch.sum)

    def run() -> Any:
        W.grad = None
        J = penalty(W)
        J.backward()
        return J.item(), W.grad.numpy()

    return run


def by_jax(W: Any) -> Contestant:
    """JAX, compiled."""
    W = jax.device_put(W)
    derivative = jax.jit(jax.value_and_grad(cost(jnp.abs, jnp.sum)))
    return lambda: jax.block_until_ready(derivative(W))
