"""What reductions are called with."""

import numpy as np
from hypothesis import strategies as st

from tinygrad_reg.testing.samples.layouts import REAL, Case, functions_and_methods, over_axes

CASES = [
    *functions_and_methods("sum", over_axes()),
    *functions_and_methods("mean", over_axes()),
    *functions_and_methods("prod", over_axes()),
    *functions_and_methods("max", over_axes()),
    *functions_and_methods("min", over_axes()),
    *functions_and_methods("amax", over_axes(), method="max"),
    *functions_and_methods("amin", over_axes(), method="min"),
    *functions_and_methods("var", over_axes()),
    *functions_and_methods("std", over_axes()),
    Case(
        "np.var with ddof",
        np.var,
        over_axes(least=2, ddof=st.sampled_from([0, 0.5, 1])),
        (REAL,),
        np.var,
    ),
    Case(
        "np.std with ddof",
        np.std,
        over_axes(least=2, ddof=st.sampled_from([0, 0.5, 1])),
        (REAL,),
        np.std,
    ),
    *[
        Case(f"np.{ufunc.__name__}.reduce", ufunc.reduce, over_axes(), (REAL,), ufunc)
        for ufunc in (np.add, np.multiply, np.maximum, np.minimum)
    ],
]
