"""What the tensors of a picture are called, and whose derivatives they are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tinygrad_reg.drawing.collecting.names import Scope, names_of
from tinygrad_reg.drawing.collecting.watching import Sweep
from tinygrad_reg.tensor import ALIAS, Tensor

if TYPE_CHECKING:
    from tinygrad_reg.drawing.collecting.collection import Collection

__all__ = ["Target", "learners_names", "name_derivatives", "targets_by_derivative"]

SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")

Target = tuple[Sweep, Tensor]


def learners_names(
    shown: Collection, everything: list[Tensor], scopes: Iterable[Scope]
) -> dict[int, str]:
    """The learner's own names, also for tensors that only sweeps came to."""
    came_to = [x for sweep in shown.history.orders for x, _ in sweep.arrived]
    aliases = [x for x in came_to if x.rule is ALIAS]
    for tensor in everything:
        aliases += [x for x in tensor.args if type(x) is Tensor and x.rule is ALIAS]
    copies = []
    for alias in aliases:
        while alias.rule is ALIAS:
            copies.append((alias, shown.original(alias)))
            alias = alias.args[0]
    tensors = {id(x): x for x in (*everything, *map(shown.original, came_to))}
    return names_of(tensors.values(), scopes, copies)


def targets_by_derivative(shown: Collection) -> dict[int, list[Target]]:
    """By the `id` of a tensor (of a constant: of its array), what it is the derivative of."""
    found: dict[int, list[Target]] = {}
    for sweep in shown.history.orders:
        for target, derivative in sweep.arrived:
            if type(derivative) is Tensor:
                derivative = shown.original(derivative)
            found.setdefault(id(derivative), []).append((sweep, target))
    return found


def name_derivatives(shown: Collection) -> None:
    """Note whose gradient tensors are, and call them after it: dZ, of what is asked for dW."""
    order = {sweep: i for i, sweep in enumerate(shown.history.orders)}
    several = sweeps_by_target(shown)
    found = []
    for tensor in shown.tensors:
        if shown.history.sweep_of(tensor) is not None or shown.is_of_sweep(tensor):
            targets = shown.targets_of(tensor)
            if targets:
                found.append((order[targets[0][0]], tensor, targets))
    for _, tensor, targets in sorted(found, key=lambda each: each[0]):
        is_root = id(tensor) in shown.are_roots
        if is_root:
            asked_for = [x for x in targets if x[1].rule is None or x[1].rule is ALIAS]
            targets = asked_for[::-1] or targets  # sweeps come to the last argument first
        named: dict[str, Tensor] = {}
        for sweep, x in targets:
            target = shown.original(x)
            name = derived_name(shown, sweep, target)
            sweeps = several[id(target), sweep.kind, shown.history.orders[sweep]]
            if name is not None and len(sweeps) > 1:
                name += f"[{sweeps.index(sweep)}]"  # a row of a Jacobian
            if name is not None:
                named.setdefault(name, target)
        target = next(iter(named.values()), shown.original(targets[0][1]))
        shown.gradient_of[id(tensor)] = id(target)
        if named and id(tensor) not in shown.names:
            shown.names[id(tensor)] = " = ".join([*named] if is_root else [*named][:1])


def sweeps_by_target(shown: Collection) -> dict[tuple[int, str, int], list[Sweep]]:
    """The sweeps that are shown and have come to a tensor, by its `id`, their kind and order."""
    found: dict[tuple[int, str, int], list[Sweep]] = {}
    for sweep, order in shown.history.orders.items():
        if sweep in shown.reached:
            for key in {id(shown.original(target)) for target, _ in sweep.arrived}:
                found.setdefault((key, sweep.kind, order), []).append(sweep)
    return found


def derived_name(shown: Collection, sweep: Sweep, target: Tensor) -> str | None:
    """What the cotangent (or tangent) of a value with a name is called: dZ, d²Z; None if nothing.

    The derivative of a gradient that is not taken by forward mode has no short name.
    """
    name = shown.names.get(id(target))
    passed = shown.history.sweep_of(target)
    if name is None or (passed is not None and passed.kind == sweep.kind):
        return None
    order = shown.history.orders[sweep]
    if sweep.kind == "tangent":
        return f"{name}_{'d' * (order - 1)}dot"
    return f"d{str(order).translate(SUPERSCRIPTS) if order > 1 else ''}{name}"
