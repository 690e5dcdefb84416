"""Proof: finite differences, gradient checks, and the checks of whole lines of the table."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tinygrad_reg.testing.differences import numerical_gradient, numerical_jvp
from tinygrad_reg.testing.gradients import GradientMismatch, check_gradients

# What is loaded on demand is not part of `import *`, which must not need Hypothesis.
__all__ = ["GradientMismatch", "check_gradients", "numerical_gradient", "numerical_jvp"]

if TYPE_CHECKING:
    check_rule: Any
    strategies: Any


def __getattr__(name: str) -> Any:
    """What needs Hypothesis is loaded when it is first asked for."""
    if name not in ("check_rule", "strategies"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        if name == "strategies":
            found: Any = import_module("tinygrad_reg.testing.strategies")
        else:
            found = import_module("tinygrad_reg.testing.rules").check_rule
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "hypothesis":
            raise
        raise ImportError(
            f"tinygrad_reg.testing.{name} draws its examples with Hypothesis, which is not "
            "installed: python -m pip install 'tinygrad-reg[testing]'"
        ) from error
    globals()[name] = found
    return found
