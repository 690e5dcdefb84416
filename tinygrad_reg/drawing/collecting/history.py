"""What an observer has seen, as answers about single tensors: which sweep, whose rule, which part.

A tensor that a sweep has recorded belongs to the part of that sweep: the gradient, the second
derivative where the sweep came through a gradient, and so on.
"""

from __future__ import annotations

from tinygrad_reg.drawing.collecting.watching import Moment, Observer, Sweep
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

    def maker_of(self, tensor: Tensor) -> Tensor | None:
        """The tensor whose rule, run by a sweep, has made this one; a constant by its array."""
        if tensor.rule is not None:
            moment = self.moment_of(tensor)
            return moment.node if moment.in_rule else None
        if tensor.number or self.observer is None:
            return None
        array = tensor.source if tensor.source is not None else tensor.value
        kept, maker = self.observer.contributions.get(id(array), (None, None))
        return maker if kept is array else None
