"""The derivative table, one file for each family of operations. Importing this fills it."""

from tinygrad_reg.derivatives import (
    elementwise,
    indexing,
    losses,
    methods,
    penalties,
    products,
    reductions,
    shapes,
)

__all__ = [
    "elementwise",
    "indexing",
    "losses",
    "methods",
    "penalties",
    "products",
    "reductions",
    "shapes",
]
