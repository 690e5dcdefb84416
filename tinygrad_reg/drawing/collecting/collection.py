"""Which tensors of a graph are shown, what they are called and which part they belong to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tinygrad_reg.drawing.collecting.history import FORWARD, UPDATE, History
from tinygrad_reg.drawing.collecting.names import Scope
from tinygrad_reg.drawing.collecting.naming import (
    Target,
    learners_names,
    name_derivatives,
    targets_by_derivative,
    tell_apart,
)
from tinygrad_reg.drawing.collecting.simplifying import simplify
from tinygrad_reg.drawing.collecting.watching import Sweep
from tinygrad_reg.drawing.symbols import PENALTIES
from tinygrad_reg.tensor import ALIAS, Tensor

__all__ = ["Collection"]


class Collection:
    """What is shown of the graph behind some tensors.

    Attributes
    ----------
    roots : list of Tensor
        What is asked for.
    tensors : list of Tensor
        Those that have a node, each after its arguments.
    names, parts, gradient_of : dict
        By the `id` of a tensor: its name, the part that it belongs to, and the `id` of the tensor
        whose gradient it is.
    numbers : dict
        By the `id` of a tensor and the position of an argument: the number written in its place.
    """

    def __init__(self, roots: list[Tensor], scopes: Iterable[Scope], history: History) -> None:
        self.history = history
        self.first_copies: dict[int, Tensor] = {}  # `id` of what the user has -> its first copy
        self.stand_ins: dict[int, Tensor] = {}  # `id` of what is left out -> what stands for it
        self.made_up: set[int] = set()  # the `id` of those of them that no operation has recorded
        self.kept: list[Tensor] = []  # as long as a tensor is here, no other has its `id`
        self.numbers: dict[tuple[int, int], Any] = {}
        self.known_operands: dict[int, list[tuple[int, Tensor]]] = {}
        self.reached: set[Sweep | None] = set()  # the sweeps that what is shown was made by

        self.roots = unique(map(self.original, roots))
        self.are_roots = {id(root) for root in self.roots}
        starts = self.starts_of_sweeps()
        everything = self.behind([*starts, *self.roots])
        self.names = learners_names(self, everything, scopes)
        self.named_by_learner = {*self.names}
        self.forward_leaves = self.leaves_used_forward(everything)
        self.targets = targets_by_derivative(self)
        simplify(self, everything)

        self.roots = unique(map(self.original, self.roots))
        self.are_roots = {id(root) for root in self.roots}
        self.tensors = self.behind([*map(self.original, starts), *self.roots])
        self.known_operands = {id(tensor): self.operands(tensor) for tensor in self.tensors}
        self.targets = targets_by_derivative(self)
        tell_apart(self)
        self.learners_names = {*self.names.values()}
        self.parts = self.parts_of_tensors()
        self.gradient_of: dict[int, int] = {}
        name_derivatives(self)

    # -- which tensors ----------------------------------------------------------------------------

    def original(self, tensor: Tensor) -> Tensor:
        """The tensor that stands for another: of an alias, what it is a copy of; of data that
        enters several operations, the first copy.
        """
        while True:
            if tensor.rule is ALIAS:
                tensor = tensor.args[0]
            elif id(tensor) in self.stand_ins:
                tensor = self.stand_ins[id(tensor)]
            else:
                break
        if tensor.rule is None and not tensor.number:
            user_has = tensor
            if tensor.source is not None and not tensor.shared:
                user_has = tensor.source
            first = self.first_copies.setdefault(id(user_has), tensor)
            return self.stand_ins.get(id(first), first)
        return tensor

    def operands(self, tensor: Tensor) -> list[tuple[int, Tensor]]:
        """The arguments that have a node, with their positions."""
        known = self.known_operands.get(id(tensor))
        if known is not None:
            return known
        return [
            (position, self.original(x))
            for position, x in enumerate(tensor.args)
            if type(x) is Tensor and (id(tensor), position) not in self.numbers
        ]

    def behind(self, roots: list[Tensor], visited: set[int] | None = None) -> list[Tensor]:
        """Everything that tensors were made from and themselves, each after its arguments.

        But for what was visited before: it adds to the `id` of those.
        """
        found: list[Tensor] = []
        visited = set() if visited is None else visited
        todo = [(root, False) for root in reversed(roots)]
        while todo:
            node, arguments_done = todo.pop()
            if arguments_done:
                found.append(node)
            elif id(node) not in visited:
                visited.add(id(node))
                todo.append((node, True))
                todo += [(x, False) for _, x in self.operands(node)][::-1]
        return found

    def starts_of_sweeps(self) -> list[Tensor]:
        """What was differentiated by the sweeps that the roots are made by.

        The result of a function whose gradient is drawn is shown as well, though the gradient need
        not be computed from it.
        """
        sweep_of_array = {
            id(x): sweep for sweep in reversed(self.history.orders) for _, x in sweep.arrived
        }
        visited: set[int] = set()
        starts: list[Tensor] = []

        def reach(tensors: list[Tensor]) -> None:
            for x in self.behind(tensors, visited):
                if x.rule is not None:
                    self.reached.add(self.history.sweep_of(x))
                elif not x.number:
                    self.reached.update(sweep_of_array.get(id(y)) for y in (x.source, x.value))

        reach(self.roots)
        for sweep in reversed(self.history.orders):
            if sweep in self.reached:
                derived = [self.original(x) for x in sweep.derived()]
                new = unique(x for x in derived if id(x) not in visited)
                starts = new + starts
                reach(new)
        return starts

    def leaves_used_forward(self, everything: list[Tensor]) -> set[int]:
        """The `id` of each leaf that is used outside of sweeps, also by what is not shown."""
        found: set[int] = set()
        users = [x for x in everything if self.history.sweep_of(x) is None]
        for sweep in self.history.orders:
            users += [x for x, _ in sweep.arrived if self.history.sweep_of(x) is None]
        for tensor in users:
            for x in tensor.args:
                if type(x) is Tensor and x.rule is None:
                    found.add(id(self.original(x)))
        return found

    def is_of_sweep(self, tensor: Tensor) -> bool:
        """Whether a constant exists only because a sweep has made it."""
        return (
            bool(self.history.orders)
            and tensor.rule is None
            and not tensor.number
            and id(tensor) not in self.forward_leaves
            and id(tensor) not in self.named_by_learner
        )

    def is_recorded(self, tensor: Tensor) -> bool:
        """Whether an operation has made a tensor, as far as the engine knows."""
        return tensor.rule is not None and id(tensor) not in self.made_up

    # -- what is known of them --------------------------------------------------------------------

    def name_of(self, tensor: Tensor) -> str | None:
        """What a tensor is called."""
        return self.names.get(id(self.original(tensor)))

    def targets_of(self, tensor: Tensor) -> list[Target]:
        """What a tensor is the derivative of, in the first sweep that came to it."""
        found = self.targets.get(id(tensor), [])
        if not found and self.is_of_sweep(tensor):
            for array in (tensor.source, tensor.value):
                found = found or self.targets.get(id(array), [])
        return [(sweep, target) for sweep, target in found if sweep is found[0][0]]

    def has_name_to_show(self, tensor: Tensor) -> bool:
        """Whether a tensor has a name, or is the derivative of something that has one."""
        targets = self.targets_of(tensor)
        return id(tensor) in self.names or any(self.name_of(x) is not None for _, x in targets)

    def penalty_behind(self, tensor: Tensor) -> Tensor | None:
        """The penalty whose derivative a tensor is a part of."""
        maker = self.history.maker_of(tensor)
        while maker is not None and maker.rule not in PENALTIES:
            maker = self.history.maker_of(maker)
        return maker

    def parts_of_tensors(self) -> dict[int, str]:
        """The part that each tensor belongs to.

        What is computed outside of sweeps from the result of one is an update. Parameters and data
        are there from the beginning; a constant that a sweep has made belongs to what uses it.
        """
        parts: dict[int, str] = {}
        users: dict[int, set[str]] = {}
        for tensor in self.tensors:
            operands = [x for _, x in self.operands(tensor)]
            if not self.is_recorded(tensor):
                continue
            sweep = self.history.sweep_of(tensor)
            if sweep is not None:
                part = self.history.part_of_sweep(sweep)
            else:
                behind = {parts[id(x)] for x in operands if self.is_recorded(x)}
                part = UPDATE if behind - {FORWARD} else FORWARD
            parts[id(tensor)] = part
            for x in operands:
                users.setdefault(id(x), set()).add(part)
        order = self.history.parts()
        for tensor in self.tensors:
            if not self.is_recorded(tensor):
                part = FORWARD
                if self.is_of_sweep(tensor) or id(tensor) in self.made_up:
                    using = users.get(id(tensor), set())
                    using |= {self.history.part_of_sweep(x) for x, _ in self.targets_of(tensor)}
                    part = min(using, key=order.index, default=FORWARD)
                parts[id(tensor)] = part
        return parts

    def role_of(self, tensor: Tensor) -> str:
        """The role of a tensor in the picture."""
        part = self.parts[id(tensor)]
        is_root = id(tensor) in self.are_roots
        if tensor.rule is None and not self.is_of_sweep(tensor):
            return "parameter" if tensor.number else "data"
        if part == FORWARD:
            if tensor.rule in PENALTIES:
                return "penalty"
            if tensor.rule is None and not is_root:
                return "data"
        if is_root:
            return "output"
        if self.penalty_behind(tensor) is not None:
            return "penalty"
        if part in (FORWARD, UPDATE):
            return "penalty" if tensor.rule in PENALTIES else "operation"
        return "tangent" if part.endswith("tangent") else "backward"


def unique(tensors: Iterable[Tensor]) -> list[Tensor]:
    """Tensors without repetitions."""
    return [*{id(tensor): tensor for tensor in tensors}.values()]
