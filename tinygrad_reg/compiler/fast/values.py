"""What a fast program is made of: values that live somewhere, and steps that compute them."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["FLOATS", "Part", "Step", "Value", "contiguous_strides", "is_contiguous"]

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))  # what BLAS computes with


class Value:
    """An array, number or function under a name of the program.

    Attributes
    ----------
    place : str
        Where it lives: "input"; "constant", made when a workspace is; "memory", which later values
        use again; "kept", the workspace's memory for small results; "result", made in the call and
        returned; "block", memory for a block of a loop; "fresh", whatever a function returned,
        possibly a view of its arguments; "scalar".
    definition : tuple of Part
        Of constants and views: the expression, with other values in it.
    base : Value or None
        Of a view: what it is a view of.
    strides : tuple of int or None
        Bytes from entry to entry, where they are known.
    keeps : tuple of Value
        What has to stay as it is for as long as this value is used.
    array : Value
        The value in whose array it is, if it is computed there.
    alias : Value
        The value whose name the text has for the same array.
    is_named : bool
        Whether the learner has named it.
    slot : Slot or None
        Of "memory" and "kept", after planning: which piece of memory.
    """

    __slots__ = (
        "alias", "array", "base", "definition", "dtype", "is_named", "keeps", "name", "offset",
        "place", "shape", "slot", "strides", "weak",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        place: str,
        shape: tuple[int, ...] = (),
        dtype: Any = None,
        *,
        definition: tuple[Part, ...] = (),
        base: Value | None = None,
        strides: tuple[int, ...] | None = None,
        keeps: tuple[Value, ...] = (),
        weak: bool = False,
    ) -> None:
        self.name = name
        self.place = place
        self.shape = shape
        self.dtype = dtype
        self.definition = definition
        self.base = base
        self.strides = strides
        self.keeps = keeps or (self,)
        self.weak = weak
        self.array = self
        self.alias = self
        self.is_named = False
        self.slot: Any = None
        self.offset = 0

    @property
    def root(self) -> Value:
        """What owns the memory."""
        value = self
        while value.base is not None:
            value = value.base
        return value

    @property
    def owner(self) -> Value:
        """The value that stands for the array it is in."""
        value = self
        while value.array is not value:
            value = value.array
        return value

    @property
    def text(self) -> str:
        """The name that the text has for it."""
        return self.owner.alias.name

    @property
    def size(self) -> int:
        """Number of entries."""
        size = 1
        for n in self.shape:
            size *= n
        return size

    @property
    def nbytes(self) -> int:
        """Bytes of all entries."""
        return int(self.size * self.dtype.itemsize)

    @property
    def is_contiguous(self) -> bool:
        """Whether the entries are known to lie one after the other, rows first."""
        return self.strides is not None and is_contiguous(self.shape, self.strides, self.dtype)

    def needs(self) -> list[Value]:
        """The values in its definition, or that stand for it."""
        if self.array is not self:
            return [self.array]
        return [x for x in self.definition if isinstance(x, Value)]

    def is_in_place_of(self, other: Value) -> bool:
        """Whether it would be the other's memory, entry by entry, if it had the same."""
        return (
            self.shape == other.shape
            and self.dtype == other.dtype
            and self.is_contiguous
            and other.is_contiguous
            and other.nbytes == other.root.nbytes
        )

    def __repr__(self) -> str:
        return f"<{self.place} {self.name} {self.shape}>"


Part = str | Value


class Step:
    """One line of the program.

    Attributes
    ----------
    parts : tuple of Part
        The line.
    out : Value or None
        What it computes.
    in_place : tuple of Value
        Operands that the result may be written over, if they are not needed later.
    copy : bool
        Whether it only copies such an operand, and is left out where it is written over.
    entries : tuple of int or None
        Of a step that treats entries alike and apart (or adds them up): the shape of the arrays.
    terms : tuple of Value
        Of a sum: the arrays whose products, entry by entry, are added up.
    bundle : int
        Steps of one bundle belong to one node.
    """

    __slots__ = ("bundle", "copy", "entries", "in_place", "out", "parts", "terms")

    def __init__(
        self,
        *parts: Part,
        out: Value | None = None,
        in_place: tuple[Part, ...] = (),
        copy: bool = False,
        entries: tuple[int, ...] | None = None,
        terms: tuple[Value, ...] = (),
        bundle: int = 0,
    ) -> None:
        self.parts = parts
        self.out = out
        self.in_place = tuple([x for x in in_place if isinstance(x, Value)])
        self.copy = copy
        self.entries = entries
        self.terms = terms
        self.bundle = bundle

    @property
    def is_done_by_writing_over(self) -> bool:
        """Whether it is a copy of an array to itself."""
        if not self.copy or self.out is None:
            return False
        out, given = self.out.owner, [x.root.owner for x in self.in_place]
        return any(x is out or (x.slot is not None and x.slot is out.slot) for x in given)

    def values(self) -> list[Value]:
        """The values in it."""
        return [x for x in self.parts if isinstance(x, Value)]

    def arrays(self) -> list[Value]:
        """What it works on block by block."""
        return list(self.terms) if self.terms else self.values()

    def __repr__(self) -> str:
        return "".join([x if isinstance(x, str) else x.name for x in self.parts])


def contiguous_strides(shape: tuple[int, ...], dtype: Any) -> tuple[int, ...]:
    """Bytes from entry to entry of an array whose rows lie one after the other."""
    strides = []
    step = np.dtype(dtype).itemsize
    for n in reversed(shape):
        strides.append(step)
        step *= n
    return tuple(reversed(strides))


def is_contiguous(shape: tuple[int, ...], strides: tuple[int, ...], dtype: Any) -> bool:
    """Whether rows lie one after the other; along an axis of length 1, any stride will do."""
    expected = contiguous_strides(shape, dtype)
    return 0 in shape or all(
        have == want or n == 1 for n, have, want in zip(shape, strides, expected, strict=True)
    )
