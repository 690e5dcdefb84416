"""Rows in which the same thing happens again and again: layers, steps of a loop."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from tinygrad_reg.drawing.grouping.blocks import cut
from tinygrad_reg.drawing.grouping.structure import LEAST, Row
from tinygrad_reg.drawing.grouping.tree import Tree

__all__ = ["STEP", "Run", "group_run", "runs"]

STEP = "step"  # what a stretch is called that nobody has called anything
WORTH = 24  # boxes in all of them together; less comes about by chance
COMPARISONS = 50_000_000  # so that a second goes by at most


class Run(NamedTuple):
    """`times` equal stretches of `period` items each, from `start` on."""

    start: int
    period: int
    times: int

    @property
    def stop(self) -> int:
        """The position after the last of them."""
        return self.start + self.period * self.times


def runs(row: Row, start: int, stop: int, boxes: list[int]) -> list[Run]:
    """The equal stretches in a part of a row, none inside of another, in order.

    Those that cover most go first, and of these those of the shortest period. `boxes` says how many
    nodes there are in each item of the row.
    """
    if sum(boxes[start:stop]) < WORTH:
        return []
    wired = np.array(row.wired[start:stop])
    ends = np.cumsum([0, *boxes[start:stop]])
    found = []
    for first, period, length in repetitions(wired):
        if ends[first + length] - ends[first] >= WORTH:
            found.append((-length, period, first))
    chosen: list[Run] = []
    covered = np.zeros(stop - start, dtype=bool)
    for minus_length, period, first in sorted(found):
        last = first - minus_length
        if covered[first:last].any():
            continue
        run = aligned(row, start, stop, start + first, start + last, period)
        low, high = run.start - start, run.stop - start
        if run.times >= LEAST and not covered[low:high].any():
            covered[low:high] = True
            chosen.append(run)
    return sorted(chosen)


def repetitions(wired: np.ndarray) -> list[tuple[int, int, int]]:
    """All stretches (start, period, length) in which everything comes again after a period."""
    found = []
    count = len(wired)
    for period in range(1, min(count // LEAST, COMPARISONS // max(count, 1)) + 1):
        again = wired[period:] == wired[:-period]
        least = (LEAST - 1) * period
        if np.count_nonzero(again) < least - period:
            continue
        changes = np.flatnonzero(np.diff(again, prepend=False, append=False))
        lengths = changes[1::2] - changes[::2]
        # The first of equal stretches may get its arguments from elsewhere: see `aligned`.
        for i in np.flatnonzero(lengths >= max(least - period, 1)):
            found.append((int(changes[2 * i]), period, int(lengths[i]) + period))
    return found


def aligned(row: Row, least: int, most: int, start: int, stop: int, period: int) -> Run:
    """Where the stretches of a repetition begin: where the fewest values go from one to the next.

    The first stretch gets its arguments from elsewhere, so it need not be wired like the others.
    """
    furthest = max(least, start - period)
    while start > furthest and row.kinds[start - 1] == row.kinds[start - 1 + period]:
        start -= 1
    count, spare = divmod(stop - start, period)
    middle = start + period * max(count // 2, 1)
    passing = values_passing(row, max(least, middle - 2 * period), min(middle + period, most))
    shifts = range(period if count > LEAST else spare + 1)
    best = min(shifts, key=lambda shift: passing.get(middle + shift, 0))
    return Run(start + best, period, (stop - start - best) // period)


def values_passing(row: Row, low: int, high: int) -> dict[int, int]:
    """How many values between two positions are needed at or after each position."""
    changes = [0] * (high - low + 1)
    for i in range(low, high):
        changes[i - low] += 1
        if row.last_use[i] < high:
            changes[row.last_use[i] - low] -= 1
    return {low + i + 1: count for i, count in enumerate(accumulate(changes))}


def group_run(
    tree: Tree, around: int, row: Row, run: Run
) -> tuple[int, list[tuple[int, int, int]]]:
    """Put a run into a group of its own, and each stretch of several items into one inside of it.

    Returns the group, and those of the stretches with what they hold: (group, start, stop).
    """
    items = row.items[run.start : run.stop]
    if run.period == 1:
        title = stem(tree, items)
        repeat = tree.add(title, "repeat", around, items, run.times)
        cut(tree, repeat, items, title, [1] * len(items))
        return repeat, []
    repeat = tree.add(STEP, "repeat", around, [], run.times)
    starts = range(run.start, run.stop, run.period)
    steps = [
        tree.add(f"{STEP} {k}", "layer", repeat, row.items[start : start + run.period])
        for k, start in enumerate(starts, 1)
    ]
    cut(tree, repeat, steps, STEP, [1] * len(steps))
    return repeat, [(step, x, x + run.period) for step, x in zip(steps, starts, strict=True)]


def stem(tree: Tree, items: list[int]) -> str:
    """What equal items are called together: "layer" for "layer 1", "layer 2", …"""
    if tree.is_node(items[0]):
        node = tree.nodes[items[0]]
        return node.role if node.role == "penalty" or not node.symbol else STEP
    titles = [tree.group(item).title for item in items]
    stems = {re.sub(r"[\W_]*\d+$", "", title) for title in titles}
    (only,) = stems if len(stems) == 1 else ("",)
    return only or f"{titles[0]} … {titles[-1]}"
