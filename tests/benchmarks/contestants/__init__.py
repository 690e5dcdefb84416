"""The same derivatives by everyone's own means: one file a task, one function a contestant.

A task's `example` makes the data, and each of its `by_...` functions takes the data and returns
a function without arguments, which is what is timed. Data and targets are constants for everyone,
and so is the strength of the penalty.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from measuring import Contestant

LAMBD = 0.7


def peer(name: str) -> Any:
    """A library to compare with, or None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


torch, autograd, mygrad, jax = (peer(name) for name in ("torch", "autograd", "mygrad", "jax"))
anp = peer("autograd.numpy")
jnp = peer("jax.numpy")
if torch is not None:
    torch.set_num_threads(1)
if jax is not None:
    jax.config.update("jax_enable_x64", True)
    # On one core, handing small programs to another thread only costs: up to a third of the time.
    jax.config.update("jax_cpu_enable_async_dispatch", False)

HAND, PRODUCTS, BUFFERS = "NumPy by hand", "bare products", "with buffers"
ENGINE, PROGRAM = "this engine", "program"
AUTOGRAD, MYGRAD, TORCH, JAX = "HIPS autograd", "MyGrad", "PyTorch", "JAX jit"
BUILDERS = {  # the function of a task, and whether there is something to run it with
    HAND: ("by_hand", True),
    PRODUCTS: ("by_products", True),
    BUFFERS: ("by_buffers", True),
    ENGINE: ("by_engine", True),
    PROGRAM: ("by_program", True),
    AUTOGRAD: ("by_autograd", autograd),
    MYGRAD: ("by_mygrad", mygrad),
    TORCH: ("by_torch", torch),
    JAX: ("by_jax", jax),
}
PEERS = (AUTOGRAD, MYGRAD, TORCH, JAX)


def contestants_of(task: ModuleType, data: Any, names: Any = BUILDERS) -> dict[str, Contestant]:
    """Those among some names who are installed and know the task, on the same data."""
    return {
        name: getattr(task, builder)(*data)
        for name, (builder, installed) in BUILDERS.items()
        if name in names and installed and hasattr(task, builder)
    }
