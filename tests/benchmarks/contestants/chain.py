"""The gradient of a long chain of small operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from measuring import Contestant

import tinygrad_reg as tg
from contestants import anp, autograd, mygrad, torch


def chain(y: Any, n: int, sin: Any) -> Any:
    """Compute n operations, one after the other: a ufunc, a product and a sum in turn."""
    for _ in range(n // 3):
        y = sin(y)
        y = y * 0.999
        y = y + 0.001
    for _ in range(n % 3):
        y = y + 0.001
    return y


def derivative_by_engine(n: int) -> Callable[[Any], Any]:
    """The gradient, as a user of the engine writes it."""
    return tg.grad(lambda y: np.sum(chain(y, n, np.sin)))


def by_engine(n: int) -> Contestant:
    """This engine, run eagerly."""
    derivative = derivative_by_engine(n)
    return lambda: derivative(np.ones(4))


def by_program(n: int) -> Contestant:
    """The program that this engine emits."""
    program = tg.compile(derivative_by_engine(n))
    return lambda: program(np.ones(4))


def by_autograd(n: int) -> Contestant:
    """HIPS autograd."""
    derivative = autograd.grad(lambda y: anp.sum(chain(y, n, anp.sin)))
    return lambda: derivative(np.ones(4))


def by_mygrad(n: int) -> Contestant:
    """MyGrad."""

    def run() -> Any:
        x = mygrad.tensor(np.ones(4))
        mygrad.sum(chain(x, n, mygrad.sin)).backward()
        return x.grad

    return run


def by_torch(n: int) -> Contestant:
    """PyTorch."""

    def run() -> Any:
        x = torch.ones(4, dtype=torch.float64, requires_grad=True)
        torch.sum(chain(x, n, torch.sin)).backward()
        return x.grad.numpy()

    return run
