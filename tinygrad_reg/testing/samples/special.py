"""What the lines of `derivatives/special.py` are called with."""

from tinygrad_reg.testing.samples.layouts import Case

CASES: list[Case] = []
