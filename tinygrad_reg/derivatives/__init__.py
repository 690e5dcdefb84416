"""The derivative table, one file for each family of operations. Importing this fills it."""

from tinygrad_reg.derivatives import (
    elementwise,
    indexing,
    late,
    linear_algebra,
    losses,
    methods,
    networks,
    norms,
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
    "late",
    "linear_algebra",
    "losses",
    "methods",
    "networks",
    "norms",
    "ordering",
    "penalties",
    "products",
    "reductions",
    "scans",
    "shapes",
]

late.listen()
