"""The page's arrays: every one once, small ones in full, larger ones as averages of blocks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np

from tinygrad_reg.tensor import as_plain

__all__ = ["Arrays", "number"]

BUDGET = 4_000_000  # characters that the arrays of a page may take
SUMMARY = 250  # of which what is said of each array takes these
COLUMNS = 4  # how many times wider than high a picture of blocks may be
SMALL = 64  # entries up to which an array needs no histogram


class Level(NamedTuple):
    """How much is shown: arrays in full up to some entries, blocks on a side, bins."""

    entries: int
    side: int
    bins: int


LEVELS = (
    Level(4096, 32, 32),
    Level(1024, 16, 24),
    Level(256, 12, 16),
    Level(64, 8, 12),
    Level(16, 4, 8),
    Level(4, 1, 0),
)


@dataclass(slots=True)
class Kept:
    """What the page says of an array, and the array itself while it may still be shown in full.

    Of a larger array there are blocks and a histogram in the finest level.
    """

    summary: dict[str, Any]
    array: Any
    blocks: Any
    histogram: Any


class Arrays:
    """The arrays of a page. Equal ones are stored once.

    Examples
    --------
    >>> arrays = Arrays()
    >>> arrays.add(np.array([0.5, np.inf])), arrays.add(np.zeros(2)), arrays.add([0.5, np.inf])
    (0, 1, 0)
    >>> arrays.finished()[0][0]["entries"]
    [0.5, 'inf']
    """

    def __init__(self) -> None:
        self.kept: list[Kept] = []
        self.places: dict[tuple[str, tuple[int, ...], bytes], int] = {}

    def add(self, array: Any) -> int | None:
        """Where the page finds an array; None for None."""
        if array is None:
            return None
        array = np.asarray(as_plain(array))
        if array.dtype.kind not in "biuf":
            array = array.astype(str)
        digest = blake2b(array.tobytes(), digest_size=16).digest()
        key = (array.dtype.str, array.shape, digest)
        if key not in self.places:
            self.places[key] = len(self.kept)
            self.kept.append(kept(array))
        return self.places[key]

    def finished(self) -> tuple[list[dict[str, Any]], str | None]:
        """All arrays as the page wants them, and what there is to say about those left out.

        The more there are, the smaller the arrays that are shown in full.
        """
        level = self.level()
        shown = [as_shown(each, level) for each in self.kept]
        if all(each["entries"] is not None for each in shown):
            return shown, None
        return shown, (
            f"Arrays of more than {level.entries:,} entries are shown as averages of blocks."
        )

    def level(self) -> Level:
        """The finest level at which all arrays together fit into a page."""
        sizes = np.array([math.prod(each.summary["shape"]) for each in self.kept], float)
        for level in LEVELS:
            full = sizes <= level.entries
            blocks = np.minimum(sizes, COLUMNS * level.side**2)
            histograms = 12 * level.bins * (sizes > SMALL)
            characters = SUMMARY + np.where(full, 19 * sizes, 8 * blocks) + histograms
            if characters.sum() <= BUDGET:
                return level
        return LEVELS[-1]


def kept(array: Any) -> Kept:
    """What is kept of an array, which may change or be large."""
    finest = LEVELS[0]
    summary = summary_of(array)
    if array.size <= finest.entries:
        return Kept(summary, array.copy(), None, None)
    blocks = None if array.dtype.kind == "U" else averages(array, finest.side)
    return Kept(summary, None, blocks, histogram_of(array, finest.bins))


def as_shown(each: Kept, level: Level) -> dict[str, Any]:
    """An array as the page wants it."""
    array = each.array
    shown = each.summary | {"entries": None, "blocks": None, "histogram": None}
    if level.bins and math.prod(shown["shape"]) > SMALL:
        shown["histogram"] = each.histogram if array is None else histogram_of(array, level.bins)
    if array is not None and array.size <= level.entries:
        shown["entries"] = entries_of(array)
    elif array is None or array.dtype.kind != "U":
        blocks = each.blocks if array is None else array
        if blocks is not None:
            blocks = averages(blocks, level.side)
            shown["blocks"] = {"shape": list(blocks.shape), "entries": rounded(blocks)}
    return shown


def summary_of(array: Any) -> dict[str, Any]:
    """An array in a few numbers. The smallest and the largest are of the entries not NaN."""
    summary: dict[str, Any] = {"shape": list(array.shape), "dtype": str(array.dtype)}
    summary |= dict.fromkeys(("min", "max", "mean", "norm")) | {"zeros": 0, "nan": 0, "infinite": 0}
    if array.size == 0 or array.dtype.kind == "U":
        return summary
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        summary["nan"] = int(np.isnan(array).sum())
        summary["infinite"] = int(np.isinf(array).sum())
    with np.errstate(all="ignore"):
        all_nan = summary["nan"] == array.size
        some_nan = summary["nan"] and not all_nan
        valid = array[~np.isnan(array)] if some_nan else array
        summary["min"], summary["max"] = number(valid.min()), number(valid.max())
        summary["mean"] = number(array.mean())
        summary["norm"] = number(np.linalg.norm(array.ravel()))
    summary["zeros"] = round(1 - np.count_nonzero(array) / array.size, 6)
    return summary


def entries_of(array: Any) -> list[Any]:
    """All entries row by row, as numbers that read back exactly."""
    flat = array.ravel()
    if array.dtype == np.float64:
        entries = flat.tolist()
        return entries if np.isfinite(flat).all() else [number(x) for x in entries]
    return flat.tolist() if array.dtype.kind in "iuU" else [number(x) for x in flat]


def number(x: Any) -> Any:
    """A number that JSON has; NaN and the infinities as texts.

    Of a shorter floating type, the shortest number that reads back as the same.

    Examples
    --------
    >>> number(np.float32(0.1)), number(np.nan), number(-np.inf), number(np.True_)
    (0.1, 'nan', '-inf', 1)
    """
    if isinstance(x, int | np.integer | np.bool_):
        return int(x)
    if isinstance(x, np.longdouble):
        x = float(x)
    if not math.isfinite(x):
        return "nan" if math.isnan(x) else "inf" if x > 0 else "-inf"
    return float(x) if isinstance(x, float) else float(str(x))


def rounded(array: Any) -> list[Any]:
    """Entries in four digits, which is enough for a colour."""
    return [number(float(f"{x:.4g}")) for x in array.ravel().tolist()]


def averages(array: Any, side: int) -> Any:
    """An array as at most `side` rows of blocks, each the average of its entries."""
    width = array.shape[-1] if array.ndim else 1
    table = array.reshape(-1, width).astype(np.float64)
    with np.errstate(all="ignore"):
        for axis, most in ((0, side), (1, COLUMNS * side if len(table) < side else side)):
            length = table.shape[axis]
            if length > most:
                starts = np.arange(most) * length // most
                counts = np.diff(starts, append=length)
                sums = np.add.reduceat(table, starts, axis=axis)
                table = sums / (counts if axis else counts[:, np.newaxis])
    return table


def histogram_of(array: Any, bins: int) -> dict[str, Any] | None:
    """How many entries lie in which interval; None if none of them is finite."""
    if array.dtype.kind == "U":
        return None
    flat = array.ravel()
    with np.errstate(all="ignore"):
        flat = flat.astype(np.float64)
        flat = flat[np.isfinite(flat)]
        if not flat.size or not math.isfinite(flat.max() - flat.min()):
            return None
        try:
            counts, edges = np.histogram(flat, bins)
        except ValueError:  # entries too close to each other to be told apart by intervals
            return None
    return {"edges": [float(f"{x:.6g}") for x in edges.tolist()], "counts": counts.tolist()}
