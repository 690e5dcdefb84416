"""What the tensors of a picture are called, and whose derivatives they are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tinygrad_reg.drawing.collecting.names import Scope, names_of
from tinygrad_reg.drawing.collecting.watching import Sweep
from tinygrad_reg.tensor import ALIAS, Tensor

if TYPE_CHECKING:
    from tinygrad_reg.drawing.collecting.collection import Collection

__all__ = [
    "Target",
    "learners_names",
    "name_derivatives",
    "targets_by_derivative",
    "tell_apart",
]

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


def tell_apart(shown: Collection) -> None:
    """Number the tensors that variables of one name have held, as in calls of one function.

    Names that the learner gave to the tensors themselves stay as they are.
    """
    of_name: dict[str, list[Tensor]] = {}
    for tensor in shown.tensors:
        name = shown.names.get(id(tensor))
        if name is not None:
            of_name.setdefault(name, []).append(tensor)
    for name, tensors in [*of_name.items()]:
        unnamed = [tensor for tensor in tensors if not tensor.name]
        if len(tensors) == 1 or not unnamed:
            continue
        first = 1 if len(unnamed) == len(tensors) else 2
        numbers = range(first, first + len(unnamed))
        mark = "_" if name[-1].isdigit() else ""
        while any(f"{name}{mark}{i}" in of_name for i in numbers):
            mark += "_"
        for i, tensor in zip(numbers, unnamed, strict=True):
            shown.names[id(tensor)] = f"{name}{mark}{i}"


def targets_by_derivative(shown: Collection) -> dict[int, list[Target]]:
    """By the `id` of a tensor (of a constant: of its array), what it is the derivative of."""
    found: dict[int, list[Target]] = {}
    for sweep in shown.history.orders:
        for target, derivative in complete(shown, sweep):
            if type(derivative) is Tensor:
                derivative = shown.original(derivative)
            found.setdefault(id(derivative), []).append((sweep, target))
    return found


def complete(shown: Collection, sweep: Sweep) -> list[tuple[Tensor, Any]]:
    """What a sweep came to, with the derivative.

    But for copies and repetitions of something else that it came to: what arrives there is only
    one of the contributions to the derivative of the original, or a part of it.
    """
    if sweep.kind == "tangent":
        return sweep.arrived
    came_to = {id(tensor) for tensor, _ in sweep.arrived}
    not_repeated = {id(shown.original(x)) for x, _ in sweep.arrived if id(x) not in shown.stand_ins}
    found = []
    for tensor, derivative in sweep.arrived:
        if id(tensor) in shown.stand_ins and id(shown.original(tensor)) in not_repeated:
            continue
        copied = tensor
        while copied.rule is ALIAS:
            copied = copied.args[0]
            if id(copied) in came_to:
                break
        else:
            found.append((tensor, derivative))
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
    taken: set[tuple[str, int]] = set()
    for _, tensor, targets in sorted(found, key=lambda each: each[0]):
        is_root = id(tensor) in shown.are_roots
        if is_root:
            asked_for = [x for x in targets if x[1].rule is None or x[1].rule is ALIAS]
            targets = asked_for[::-1] or targets  # sweeps come to the last argument first
        named: dict[str, Tensor] = {}
        for sweep, x in targets:
            target = shown.original(x)
            sweeps = several.get((id(target), sweep.kind, shown.history.orders[sweep]), [sweep])
            row = f"[{sweeps.index(sweep)}]" if len(sweeps) > 1 else ""  # of a Jacobian
            name = derived_name(shown, sweep, target, row)
            if name is not None and (name, id(target)) not in taken:
                named.setdefault(name, target)
        target = next(iter(named.values()), shown.original(targets[0][1]))
        shown.gradient_of[id(tensor)] = id(target)
        taken |= {(name, id(x)) for name, x in named.items()}
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


def derived_name(shown: Collection, sweep: Sweep, target: Tensor, row: str) -> str | None:
    """What the cotangent (or tangent) of a value with a name is called; None if nothing.

    dZ is ∂(result)/∂Z, and d²Z the same of dZ. What else a gradient is differentiated by is
    written out, ∂dX/∂Z. `row` tells which entry was differentiated. The derivative of a gradient
    has no short name if it is not taken by forward mode.
    """
    name = shown.names.get(id(target))
    passed = shown.history.sweep_of(target)
    if name is None or (passed is not None and passed.kind == sweep.kind):
        return None
    order = shown.history.orders[sweep]
    if sweep.kind == "tangent":
        return f"{name}_{'d' * (order - 1)}dot{row}"
    if order == 1:
        return f"∂/∂{name}{row}" if f"d{name}" in shown.learners_names else f"d{name}{row}"
    derived = {id(x): x for x in map(shown.original, sweep.derived())}
    if len(derived) != 1:
        return None
    (result,) = derived.values()
    if result.shape != () and not row:
        return None  # a sum of entries, weighted by the seed
    if is_derivative(shown, result, target, order - 1):
        return f"d{str(order).translate(SUPERSCRIPTS)}{name}{row}"
    of = shown.names.get(id(result))
    if of is None:
        return None
    return f"∂({of}){row}/∂{name}" if of.startswith("∂") else f"∂{of}{row}/∂{name}"


def is_derivative(shown: Collection, tensor: Tensor, target: Tensor, order: int) -> bool:
    """Whether a tensor is the derivative of so many sweeps, each of them by the same value."""
    while order:
        found = [
            sweep
            for sweep, x in shown.targets_of(tensor)
            if shown.original(x) is target
            and (sweep.kind, shown.history.orders[sweep]) == ("backward", order)
        ]
        derived = {id(x): x for x in map(shown.original, found[0].derived())} if found else {}
        if len(derived) != 1:
            return False
        (tensor,) = derived.values()
        order -= 1
    return True
