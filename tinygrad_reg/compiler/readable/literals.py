"""Arrays and numbers written out as Python that gives them back exactly."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

import numpy as np

__all__ = ["array_text", "dtype_text", "number_text", "quoted", "static_text", "uniform_text"]

WIDTH = 88


def dtype_text(dtype: Any) -> str:
    """A dtype as it is written in code."""
    return text_of_dtype(np.dtype(dtype))


@cache
def text_of_dtype(dtype: np.dtype[Any]) -> str:
    """The same, looked up."""
    if dtype == np.dtype(bool):
        return "bool"
    if dtype.isnative and getattr(np, dtype.name, None) is dtype.type:
        return f"np.{dtype.name}"
    return f"np.dtype({dtype.str!r})"


def number_text(x: Any) -> str:
    """A Python or NumPy number."""
    if isinstance(x, np.generic):
        return scalar_text(x)
    if isinstance(x, float) and not -np.inf < x < np.inf:
        return "np.nan" if x != x else "np.inf" if x > 0 else "-np.inf"
    for kind in (bool, int, float, complex):
        if isinstance(x, kind):
            return kind.__repr__(x)
    raise TypeError(f"a number was expected, given {type(x).__name__}")


def scalar_text(x: Any) -> str:
    """A NumPy number."""
    if isinstance(x, np.bool_):
        return "np.True_" if x else "np.False_"
    if isinstance(x, np.longdouble) and x.dtype != np.dtype(np.float64):
        return f"np.longdouble({str(x)!r})"
    return f"{dtype_text(x.dtype)}({entry_text(x)})"


def entry_text(x: Any) -> str:
    """An entry of an array: the shortest text that gives it back in its dtype."""
    plain = x.item()
    if isinstance(plain, float) and x.dtype.itemsize < 8 and np.isfinite(x):
        short = str(x)
        if x.dtype.type(float(short)) == x:
            return short if any(c in short for c in ".en") else f"{short}.0"
    return number_text(plain)


def array_text(array: Any, prefix: str = "") -> str:
    """An array; `prefix` is what stands before it on its first line."""
    kind = uniform_text(array)
    if kind is not None:
        return kind
    dtype = "" if array.dtype in (np.float64, np.int64) else f", dtype={dtype_text(array.dtype)}"
    if array.dtype == bool:
        dtype = ""
    before = f"{prefix}np.array("
    text = np.array2string(
        array,
        separator=", ",
        formatter={"all": lambda x: entry_text(array.dtype.type(x))},
        threshold=sys.maxsize,
        max_line_width=WIDTH,
        prefix=before,
        suffix=f"{dtype})",
        legacy=False,
    )
    return f"np.array({text}{dtype})"


def uniform_text(array: Any) -> str | None:
    """An array of one value, an identity matrix or a range, by the function that makes it."""
    dtype = "" if array.dtype == np.float64 else f", dtype={dtype_text(array.dtype)}"
    shape = number_text(array.shape[0]) if array.ndim == 1 else repr(tuple(map(int, array.shape)))
    if array.size == 0:
        return f"np.zeros({shape}{dtype})"
    first = array.reshape(-1)[:1]
    if array.ndim and array.tobytes() == first.tobytes() * array.size:
        if first.tobytes() == np.zeros(1, array.dtype).tobytes():
            return f"np.zeros({shape}{dtype})"
        if first[0] == 1:
            return f"np.ones({shape}{dtype})"
        value = entry_text(first[0])
        if array.dtype in (np.float64, np.int64, bool):
            dtype = ""
        return f"np.full({shape}, {value}{dtype})" if array.size > 2 else None
    if is_range(array):
        return f"np.arange({array.size}{'' if array.dtype == np.int64 else dtype})"
    return f"np.eye({len(array)})" if is_identity(array) else None


def is_range(array: Any) -> bool:
    """Whether an array is 0, 1, 2, 3, ..."""
    if array.dtype.kind != "i" or array.ndim != 1 or array.size < 4:
        return False
    return bool(np.array_equal(array, np.arange(array.size)))


def is_identity(array: Any) -> bool:
    """Whether an array is an identity matrix."""
    if array.dtype != np.float64 or array.ndim != 2 or array.shape[0] != array.shape[1]:
        return False
    return bool(array.tobytes() == np.eye(len(array)).tobytes())


def quoted(text: str) -> str:
    """A string as code, in double quotes where that needs no escapes."""
    code = str.__repr__(text)
    return f'"{code[1:-1]}"' if code[0] == "'" and '"' not in code else code


def static_text(x: Any) -> str | None:
    """Anything that may stand in a call beside arrays, if it can be written out; else None."""
    if isinstance(x, str):
        return quoted(x)
    if x is None or x is Ellipsis or type(x) in (bool, bytes):
        return "..." if x is Ellipsis else repr(x)
    if isinstance(x, int | float | complex | np.bool_ | np.number):
        return number_text(x)
    if isinstance(x, np.dtype) or (isinstance(x, type) and issubclass(x, np.generic)):
        return dtype_text(x)
    if x in TYPES:
        return TYPES[x]
    return None


class Types(dict[Any, str]):
    """Python's number types by name; anything unhashable is none of them."""

    def __contains__(self, x: object) -> bool:
        return isinstance(x, type) and super().__contains__(x)


TYPES = Types({float: "float", int: "int", bool: "bool", complex: "complex"})
