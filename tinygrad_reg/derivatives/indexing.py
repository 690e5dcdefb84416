"""Lines for taking entries out of tensors, and for putting them back where they were."""

from __future__ import annotations

import operator
from collections.abc import Callable, Container
from functools import cache
from inspect import Signature, signature
from math import prod
from sys import maxsize
from typing import Any

import numpy as np

from tinygrad_reg.derivatives.table import composition, constant, linear
from tinygrad_reg.tensor import (
    Tensor,
    as_plain,
    functions,
    in_place,
    own_copy,
    plain,
    record,
    rules,
)
from tinygrad_reg.wording import no_writing


def scatter(entries: Any, index: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """Zeros of a shape, with entries added at an index; repeated places add up."""
    result = np.zeros(shape, entries.dtype)
    add_into(result, entries, index)
    return result


def add_into(total: Any, entries: Any, index: tuple[Any, ...]) -> None:
    """Add entries to an array, in place, where the index says."""
    if any(isinstance(part, np.ndarray) and part.dtype != bool for part in index):
        np.add.at(total, index, entries)
    else:
        total[index] += entries


scatter = linear(scatter, lambda cotangent, y, entries, index, shape: cotangent[index])
linear(operator.getitem, lambda cotangent, y, x, index: scatter(cotangent, index, x.shape))
# A loop over the entries of an array would scatter each into an array of zeros; the reverse sweep
# adds all of them into one.
rules[operator.getitem].add_into = add_into


@composition(operator.getitem)
def getitem(x: Tensor, index: Any) -> Tensor:
    """Basic, boolean and integer indexing; index arrays are copied into the graph."""
    parts = index if isinstance(index, tuple) else (index,)
    return record(rules[operator.getitem], (x, tuple(map(part_of_index, parts))))


def part_of_index(part: Any) -> Any:
    """One part of an index, as something that cannot change later."""
    if part is None or part is Ellipsis or isinstance(part, int | np.generic):
        return part
    if isinstance(part, slice):
        bounds = (part.start, part.stop, part.step)
        return slice(*[None if bound is None else operator.index(bound) for bound in bounds])
    if isinstance(part, tuple):
        part = list(part)
    elif not isinstance(part, list) and not hasattr(part, "__array_function__"):
        part = operator.index(part) if hasattr(part, "__index__") else np.asarray(part)
    part = fixed(part)
    if not isinstance(part, int) and part.dtype.kind not in "biu":
        raise IndexError(f"an index array has dtype {part.dtype}: expected integers or booleans")
    return part


def fixed(argument: Any) -> Any:
    """An argument that is no quantity, such as places, as something that cannot change later."""
    if type(argument) is Tensor and not argument.requires_grad:
        argument = argument.current()
    if isinstance(argument, list):
        copy = np.array(argument)
        return copy if copy.size else copy.astype(int)
    return np.array(argument) if isinstance(argument, np.ndarray) else argument


def along(x: Any, axis: int, index: Any) -> Any:
    """`x` indexed along one axis."""
    return x[(*(slice(None),) * (axis % x.ndim), index)]


def as_array(x: Any) -> Any:
    """Tensors as they are, everything else as an array."""
    return x if hasattr(x, "__array_function__") else np.asarray(x)


# Many operations only move, copy or drop entries. Where those of an argument went is seen by
# running the operation on their numbers 1, 2, 3, ...; the adjoint adds the cotangent up at these
# places. Entries that come from elsewhere have the number 0.


def moved_back(op: Callable[..., Any], moved: Container[int], i: int) -> Callable[..., Any]:
    """The adjoint in argument i of an operation that moves entries of the arguments `moved`."""

    def adjoint(cotangent: Any, y: Any, *args: Any, **kwargs: Any) -> Any:
        """The cotangent goes back to the places where the entries came from."""
        shape = np.shape(args[i])
        size = prod(shape)
        numbered = [np.zeros(np.shape(x), int) if j in moved else x for j, x in enumerate(args)]
        numbered[i] = np.arange(1, size + 1).reshape(shape)
        places = np.ravel(op(*map(plain, numbered), **kwargs))
        total = scatter(np.ravel(cotangent), (places,), (size + 1,))
        return np.reshape(total[1:], shape)

    return adjoint


def moving(op: Callable[..., Any], *moved: int) -> None:
    """Enter a function of NumPy's that moves, copies or drops entries of its arguments."""
    moved = moved or (0,)
    adjoints = [moved_back(op, moved, i) if i in moved else None for i in range(max(moved) + 1)]
    linear(op, *adjoints, jointly=True)
    fix_arguments(op, *moved)


def moving_all(op: Callable[..., Any]) -> Callable[..., Any]:
    """Enter an operation of ours that moves, copies or drops entries of all arguments."""
    return linear(op, each=lambda i: moved_back(op, range(maxsize), i), jointly=True)


def fix_arguments(op: Callable[..., Any], *moved: int) -> None:
    """Let the graph keep copies of the arguments of `op` that say where entries go."""
    moved = moved or (0,)

    def call(*args: Any, **kwargs: Any) -> Tensor:
        given = signature_of(op).bind(*args, **kwargs).arguments
        names = list(given)[: max(moved) + 1]
        operands = [
            given.pop(name) if i in moved else fixed(given.pop(name))
            for i, name in enumerate(names)
        ]
        return record(rules[op], tuple(operands), {name: fixed(x) for name, x in given.items()})

    functions[op] = call


@cache
def signature_of(op: Callable[..., Any]) -> Signature:
    """The parameters of a function of NumPy's."""
    return signature(op)


moving(np.take_along_axis)
moving(np.delete)
moving(np.insert, 0, 2)


@composition(np.take)
def take(a: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Any:
    """Entries at places along an axis, or of all entries in a row."""
    return taken(np.take, a, axis, out, lambda places: places.take(plain(indices), mode=mode))


@composition(np.compress)
def compress(condition: Any, a: Any, axis: Any = None, out: Any = None) -> Any:
    """Entries along an axis, or of all entries in a row, for which a condition holds."""
    return taken(np.compress, a, axis, out, lambda places: np.compress(plain(condition), places))


def taken(op: Any, a: Any, axis: Any, out: Any, choice: Callable[[Any], Any]) -> Any:
    """Entries of `a` along an axis, at those of its places that are chosen."""
    if out is not None:
        raise no_writing(f"np.{op.__name__}", f"a = np.{op.__name__}(...)")
    a = as_array(a)
    if axis is None or a.ndim == 0:
        a, axis = np.ravel(a), axis or 0
    return along(a, axis, choice(np.arange(a.shape[axis])))


@composition(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    """All entries, in a row, for which a condition holds."""
    return np.ravel(as_array(arr))[np.flatnonzero(plain(condition))]


@moving_all
def choose_(*choices: Any, index: Any, mode: str) -> Any:
    """`np.choose` with the choices as arguments."""
    return np.choose(index, choices, mode=mode)  # type: ignore[call-overload]


@moving_all
def select_(default: Any, *choices: Any, conditions: Any) -> Any:
    """`np.select` with the choices as arguments."""
    return np.select(conditions, choices, default)


@composition(np.choose)
def choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    """For each entry of an index array, the entry of the choice with that number."""
    if out is not None:
        raise no_writing("np.choose", "a = np.choose(...)")
    return record(
        rules[choose_], tuple(choices), {"index": fixed(np.asarray(plain(a))), "mode": mode}
    )


@composition(np.select)
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """The entries of the first choice whose condition holds."""
    if len(condlist) != len(choicelist):
        raise ValueError(
            f"select was given {len(condlist)} conditions and {len(choicelist)} choices: expected "
            "one condition for each choice"
        )
    conditions = [own_copy(as_plain(condition)) for condition in condlist]
    return record(rules[select_], (default, *choicelist), {"conditions": conditions})


@composition(np.piecewise)
def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    """Each function of the entries for which its condition holds; the last that holds counts."""
    conditions = plain(condlist)
    if np.isscalar(conditions) or (x.ndim and not isinstance(conditions[0], list | np.ndarray)):
        conditions = [conditions]
    conditions = [*np.array(conditions, bool)]
    if len(funclist) == len(conditions) + 1:
        conditions.append(~np.any(conditions, axis=0))
    if len(funclist) != len(conditions):
        raise ValueError(
            f"piecewise was given {len(conditions)} conditions and {len(funclist)} functions: "
            "expected one function for each condition, and possibly one for everything else"
        )
    y = np.where(False, x, 0)  # zeros, but a tensor also where no function is called
    for condition, function in zip(conditions, funclist, strict=True):
        chosen = x[condition]
        if not chosen.size:
            continue
        if callable(function):
            function = function(chosen, *args, **kw)
        entries = np.broadcast_to(as_array(function), chosen.shape).astype(x.dtype)
        of_all_axes = condition.reshape(condition.shape + (1,) * (x.ndim - condition.ndim))
        y = np.where(of_all_axes, scatter(entries, (condition,), x.shape), y)
    return y


constant(np.ix_, np.nonzero, np.argwhere, np.flatnonzero)
constant(np.tril_indices_from, np.triu_indices_from, np.diag_indices_from)

in_place.update(
    {
        np.copyto: "np.where(mask, new, t)",
        np.putmask: "np.where(mask, new, t)",
        np.place: "np.where(mask, new, t)",
        np.put: "np.where(mask, new, t)",
        np.put_along_axis: "np.where(mask, new, t)",
        np.fill_diagonal: "np.where(np.eye(len(t), dtype=bool), new, t)",
    }
)
