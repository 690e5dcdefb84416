"""The derivative table, one file for each family of operations. Importing this fills it."""

from tinygrad_reg.derivatives import (
    elementwise,
    indexing,
    linear_algebra,
    losses,
    methods,
    networks,
    ordering,
    penalties,
    products,
    reductions,
    scans,
    shapes,
)

__all__ = [
    "elementwise",
    "indexing",
    "linear_algebra",
    "losses",
    "methods",
    "networks",
    "ordering",
    "penalties",
    "products",
    "reductions",
    "scans",
    "shapes",
]
