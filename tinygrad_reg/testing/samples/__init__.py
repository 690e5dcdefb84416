"""What every line of the derivative table is called with when it is tested, family by family."""

from tinygrad_reg.testing.samples import (
    elementwise,
    linear_algebra,
    losses,
    networks,
    ordering,
    penalties,
    products,
    reductions,
    scans,
    shapes,
    special,
)
from tinygrad_reg.testing.samples.layouts import Case, entries, examples, on_lattice

__all__ = ["CASES", "Case", "entries", "examples", "on_lattice"]

CASES: list[Case] = [
    *elementwise.CASES,
    *reductions.CASES,
    *scans.CASES,
    *products.CASES,
    *linear_algebra.CASES,
    *shapes.CASES,
    *ordering.CASES,
    *losses.CASES,
    *networks.CASES,
    *penalties.CASES,
    *special.CASES,
]
