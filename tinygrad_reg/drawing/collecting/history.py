"""What an observer has seen, as answers about single tensors: which sweep, whose rule, which part.

A tensor that a sweep has recorded belongs to the part of that sweep: the gradient, the second
derivative where the sweep came through a gradient, and so on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tinygrad_reg.drawing.collecting.watching import Moment, Observer, Sweep
from tinygrad_reg.modes import Scope
from tinygrad_reg.tensor import Tensor

__all__ = ["FORWARD", "GRADIENT", "UPDATE", "History"]

FORWARD, GRADIENT, UPDATE = "forward", "gradient", "update"
ORDINALS = ("", "", "second ", "third ")
NOTHING = Moment()


class History:
    """What an observer has seen. Without one, everything is forward.

    Attributes
    ----------
    orders : dict
        How many derivatives of its kind a sweep takes, counting those it came through.
    """

    def __init__(self, observer: Observer | None) -> None:
        self.observer = observer
        self.orders: dict[Sweep, int] = {}
        for sweep in observer.sweeps if observer is not None else ():
            passed = {self.sweep_of(tensor) for tensor, _ in sweep.arrived}
            same = [self.orders[x] for x in passed if x is not None and x.kind == sweep.kind]
            self.orders[sweep] = 1 + max(same, default=0)

    def moment_of(self, tensor: Tensor) -> Moment:
        """What was going on when a tensor was recorded."""
        if self.observer is None or not tensor.number or tensor.rule is None:
            return NOTHING
        return self.observer.moment_of(tensor) or NOTHING

    def sweep_of(self, tensor: Tensor) -> Sweep | None:
        """The sweep that recorded a tensor."""
        return self.moment_of(tensor).sweep

    def part_of_sweep(self, sweep: Sweep) -> str:
        """The part of the computation that a sweep makes."""
        order = self.orders[sweep]
        ordinal = ORDINALS[order] if order < len(ORDINALS) else f"{order}th "
        if sweep.kind == "tangent":
            return f"{ordinal}tangent"
        return f"{ordinal}derivative" if order > 1 else GRADIENT

    def parts(self) -> list[str]:
        """All parts that there can be, in the order in which they are shown."""
        made = [self.part_of_sweep(sweep) for sweep in self.orders]
        return [*dict.fromkeys([FORWARD, *made, UPDATE])]

    def source_of(self, tensor: Tensor) -> Tensor:
        """The tensor outside of all sweeps whose rule has made this, or has made what made it."""
        moment = self.moment_of(tensor)
        while moment.sweep is not None and moment.node is not None:
            tensor = moment.node
            moment = self.moment_of(tensor)
        return tensor

    def is_ours(self, scope: Scope) -> bool:
        """Whether a scope is a call of one of this package's own functions."""
        return self.observer is not None and scope.serial in self.observer.ours

    def maker_of(self, tensor: Tensor) -> Tensor | None:
        """The tensor whose rule, run by a sweep, has made this one; a constant by its array."""
        if tensor.rule is not None:
            moment = self.moment_of(tensor)
            return moment.node if moment.in_rule else None
        if tensor.number or self.observer is None:
            return None
        array = array_of(tensor)
        kept, maker = self.observer.contributions.get(id(array), (None, None))
        return maker if kept is array else None

    def local_derivative(self, constant: Tensor) -> tuple[Tensor, int] | None:
        """The tensor, and the position of its argument, whose local derivative a constant is."""
        array = array_of(constant)
        if self.observer is None or id(array) not in self.observer.local_derivatives:
            return None
        _, tensor, entry = self.observer.local_derivatives[id(array)]
        return tensor, position_of(entry, tensor)

    def local_derivatives(self) -> Iterator[tuple[Any, Tensor, int]]:
        """Every local derivative that is an array, its tensor, and the position of the argument."""
        known = self.observer.local_derivatives if self.observer is not None else {}
        for array, tensor, entry in known.values():
            yield array, tensor, position_of(entry, tensor)


def position_of(entry: Any, tensor: Tensor) -> int:
    """The argument that an entry of a tensor's rule is for."""
    assert tensor.rule is not None
    entries = zip(tensor.rule.entries, tensor.args, strict=False)
    return next(i for i, (each, _) in enumerate(entries) if each is entry)


def array_of(constant: Tensor) -> Any:
    """The array that a constant was made from."""
    return constant.source if constant.source is not None else constant.value
