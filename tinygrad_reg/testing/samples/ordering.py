"""What operations that sort are called with."""

import numpy as np
from hypothesis import strategies as st

from tinygrad_reg.testing.samples.layouts import REAL, Case, axis_of, of_shape


def sorted_along(shape):
    axes = st.none() | axis_of(shape)
    kinds = st.sampled_from([{}, {"kind": "stable"}, {"kind": "heapsort"}, {"stable": True}])
    return st.builds(lambda axis, kind: {"axis": axis} | kind, axes, kinds) | st.just({})


def parted(shape):
    def keywords(axis, ends):
        kth = [0, -1] if ends else 0
        return {"axis": axis, "kth": kth}

    return st.builds(keywords, st.none() | axis_of(shape), st.booleans())


# Equal entries stay in their order. With three of them, the derivative of a weighted sum need not
# lie between the slopes of both sides; where it has to is tested with the conventions of sorting.
CASES: list[Case] = [
    Case("np.sort", np.sort, of_shape(sorted_along, 1), (REAL,), np.sort, ties=False),
    Case(
        "np.sort of a number",
        lambda x: np.sort(x, axis=None),
        of_shape(lambda _: st.just({})),
        (REAL,),
        np.sort,
        tries=5,
        ties=False,
    ),
    Case("np.partition", np.partition, of_shape(parted, 1), (REAL,), np.partition, ties=False),
    Case(
        "np.partition in the middle",
        lambda x: np.partition(x, np.array([2, 4])),
        lambda smallest: st.just((((2, 7),), {})),
        (REAL,),
        np.partition,
        ties=False,
    ),
    Case(
        "a gather at the places of np.argsort",
        lambda x: np.take_along_axis(x, np.argsort(x, axis=0), axis=0),
        of_shape(lambda shape: st.just({}), 1),
        (REAL,),
        np.take_along_axis,
        tries=10,
        ties=False,
    ),
]
