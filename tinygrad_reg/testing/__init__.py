"""Finite differences, and checks of derivatives against them."""

from tinygrad_reg.testing.differences import (
    GradientMismatch,
    check_gradients,
    numerical_gradient,
    numerical_jvp,
)

__all__ = ["GradientMismatch", "check_gradients", "numerical_gradient", "numerical_jvp"]
