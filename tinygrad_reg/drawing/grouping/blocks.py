"""Long rows of boxes cut into stretches, and these into shorter ones, until each can be looked at.

Every stretch is contiguous in an order in which edges go forward, so that no stretch needs
something of a later one.
"""

from __future__ import annotations

from itertools import accumulate
from math import ceil, log

from tinygrad_reg.drawing.grouping.tree import Tree

__all__ = ["MOST_INSIDE", "cut"]

MOST_INSIDE = 40  # boxes in a group made here


def cut(tree: Tree, around: int, items: list[int], title: str, sizes: list[int]) -> None:
    """Put a row of items into groups of at most MOST_INSIDE, these again into groups, and so on.

    Groups are called by what is counted in `sizes`: "operations 1–120".
    """
    ends = [0, *accumulate(sizes)]
    todo = [(around, 0, len(items))]
    while todo:
        around, start, stop = todo.pop(0)
        size = length_of_stretch(stop - start)
        if not size:
            continue
        for low in range(start, stop, size):
            high = min(low + size, stop)
            if high - low > 1:
                said = f"{title} {ends[low] + 1}–{ends[high]}"
                if ends[high] - ends[low] == 1:
                    said = f"{title} {ends[high]}"
                elif ends[high] == ends[low]:
                    said = "inputs"
                new = tree.add(said, "block", around, items[low:high])
                todo.append((new, low, high))


def length_of_stretch(count: int) -> int:
    """How many items go into each of at most MOST_INSIDE stretches; 0 if there are few enough.

    A round number, so that people find their way: 250 of 3,000, then 20 of these.
    """
    if count <= MOST_INSIDE:
        return 0
    levels = ceil(log(count, MOST_INSIDE) - 1e-9)
    least = count ** ((levels - 1) / levels)
    magnitude = 1
    while True:
        for digit in (1, 2, 2.5, 4, 5):
            size = digit * magnitude
            if size >= least - 1e-9 and size == int(size) and size > 1:
                return int(size)
        magnitude *= 10
