"""What is drawn, before anybody decides how: boxes, arrows and the groups that they stand in.

`collecting` makes pictures, `grouping` and `folding` change them, `writing` and `explorer` show
them. Everything in a picture that comes from the user is data, and is escaped where it is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tinygrad_reg.tensor import Tensor

__all__ = ["Edge", "Group", "Node", "Picture"]


@dataclass(slots=True)
class Node:
    """A box: a value, and the operation that made it.

    Attributes
    ----------
    key : str
        What tells it from every other node and group: "0", "1", … after its arguments.
    role : str
        A key of `looks.ROLES`: parameter, data, operation, penalty, output; of derivatives backward
        and tangent; forward and update in programs; group for a group that is drawn as one box.
    symbol : str
        The operation as a person writes it, `@`; empty for a leaf.
    options : tuple of str
        What is said of the operation in small print, `axis=0`.
    name : str or None
        The learner's name for the value.
    shape, dtype
        Of the value.
    value, gradient : array or None
        The value, and ∂(what is drawn)/∂(the value), where they are known.
    part : str
        The part of the computation: "forward", "gradient", "second derivative", …
    gradient_of : str or None
        The key of the node whose gradient this is.
    group : str or None
        The key of the innermost group that it stands in.
    place : tuple of (path, line) or None
        Where the operation was called.
    tensor : Tensor or None
        The tensor itself; of a program there is none.
    alarm : str
        Of a group that is drawn as one box, what is not finite inside: "2 values with NaN or ∞".
    """

    key: str
    role: str
    symbol: str = ""
    options: tuple[str, ...] = ()
    name: str | None = None
    shape: tuple[int, ...] = ()
    dtype: str = "float64"
    value: Any = None
    gradient: Any = None
    part: str = "forward"
    gradient_of: str | None = None
    group: str | None = None
    place: tuple[str, int] | None = None
    tensor: Tensor | None = None
    alarm: str = ""


@dataclass(slots=True)
class Edge:
    """An arrow from a value to an operation that uses it.

    `place` tells arguments apart where that matters (`1`, `2`, `λ`), `local` is the local
    derivative in short (`−1`, `1 − y²`), `argument` the position among the operation's arguments.
    """

    tail: str
    head: str
    place: str = ""
    local: str = ""
    argument: int = 0


@dataclass(slots=True)
class Group:
    """Boxes that belong together, and may be folded into one.

    Attributes
    ----------
    key : str
        What tells it from every other node and group: "g0", "g1", …
    title : str
        What it is called.
    kind : str
        "part" (forward, gradient, …), "scope" (a `tg.scope` block), "call" (a call of a function),
        "layer", "penalty", "repeat" (equal groups in a row) or "block" (a stretch of a graph too
        large to look at).
    parent : str or None
        The key of the group around it.
    formula : str
        Said under the title: of a penalty, its formula.
    count : int
        Of a repeat, how many equal groups there are inside.
    is_ours : bool
        Whether it is a call of a function of this package, such as `tg.conv2d`.
    """

    key: str
    title: str
    kind: str
    parent: str | None = None
    formula: str = ""
    count: int = 1

    @property
    def counted_title(self) -> str:
        """The title, with the count of equal groups inside."""
        return f"{self.title} ×{self.count:,}" if self.count > 1 else self.title

    is_ours: bool = False


@dataclass(slots=True)
class Picture:
    """Nodes (each after its arguments), the edges between them, and groups (each after its parent).

    `turns_back` says whether the parts after the first run under it from right to left, with
    gradients under what they are the gradients of.
    """

    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    turns_back: bool = False

    def around(self, group: str | None) -> Iterator[Group]:
        """A group and those around it, innermost first."""
        by_key = {each.key: each for each in self.groups}
        while group is not None:
            found = by_key[group]
            yield found
            group = found.parent
