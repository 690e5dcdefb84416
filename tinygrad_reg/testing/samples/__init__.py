"""What every line of the derivative table is called with when it is tested, family by family."""

from tinygrad_reg.testing.samples import (
    elementwise,
    losses,
    penalties,
    products,
    reductions,
    shapes,
)
from tinygrad_reg.testing.samples.layouts import Case, entries, examples

__all__ = ["CASES", "Case", "entries", "examples"]

CASES: list[Case] = [
    *elementwise.CASES,
    *reductions.CASES,
    *products.CASES,
    *shapes.CASES,
    *losses.CASES,
    *penalties.CASES,
]
