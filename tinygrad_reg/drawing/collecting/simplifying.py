"""What is left out of a picture, because it says nothing or can be said in fewer boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_reg.drawing.mathematics import edge_text
from tinygrad_reg.drawing.mathematics.entries import expression_of
from tinygrad_reg.drawing.mathematics.expressions import RESULT, has_letter
from tinygrad_reg.drawing.symbols import HOLE
from tinygrad_reg.tensor import Rule, Tensor, leaf, rules

if TYPE_CHECKING:
    from tinygrad_reg.drawing.collecting.collection import Collection

__all__ = ["simplified", "simplify", "single_number"]

MULTIPLY, RESHAPE, TRANSPOSE = (rules[op] for op in (np.multiply, np.reshape, np.transpose))


def simplify(shown: Collection, everything: list[Tensor]) -> None:
    """Find what goes without a node of its own, and note what stands for it."""
    find_transposes(shown, everything)
    find_local_derivatives(shown, everything)
    for tensor in everything:
        leave_out_repetition(shown, tensor)
    for tensor in everything:
        write_numbers(shown, tensor)


def find_transposes(shown: Collection, everything: list[Tensor]) -> None:
    """Show constants of sweeps that are views of data as what they are: Xᵀ, made from X."""
    data = {
        id(x.value): x
        for x in everything
        if x.rule is None and isinstance(x.value, np.ndarray) and not shown.is_of_sweep(x)
    }
    transposes: dict[int, Tensor] = {}
    for constant in everything:
        if not shown.is_of_sweep(constant):
            continue
        for array in (constant.value, constant.source):
            whole = data.get(id(getattr(array, "base", None)))
            if whole is not None and is_transpose(array, whole.value):
                if id(whole) not in transposes:
                    transpose = leaf(constant.value)
                    transpose.rule, transpose.args = TRANSPOSE, (whole,)
                    transposes[id(whole)] = transpose
                    shown.made_up.add(id(transpose))
                shown.stand_ins[id(constant)] = transposes[id(whole)]


def is_transpose(array: Any, whole: Any) -> bool:
    """Whether an array is the transpose of another, and looks at the same numbers."""
    turned = whole.T
    return (
        array.ndim > 1
        and (array.shape, array.strides) == (turned.shape, turned.strides)
        and array.ctypes.data == turned.ctypes.data
    )


def find_local_derivatives(shown: Collection, everything: list[Tensor]) -> None:
    """Show constants of sweeps that are local derivatives as what they are: 1 if Z > 0."""
    made: dict[tuple[int, int], Tensor] = {}
    by_argument: dict[int, list[tuple[Any, Tensor, int]]] = {}
    for array, node, position in shown.history.local_derivatives():
        argument = id(shown.original(node.args[position]))
        by_argument.setdefault(argument, []).append((array, node, position))
    for constant in everything:
        if not shown.is_of_sweep(constant) or id(constant) in shown.stand_ins:
            continue
        if single_number(constant) is not None:
            continue
        found = shown.history.local_derivative(constant)
        for _, target in shown.targets_of(constant):
            for array, node, position in by_argument.get(id(shown.original(target)), []):
                if found is None and np.array_equal(array, constant.value):  # times 1
                    found = node, position
        if found is None:
            continue
        node, position = found
        key = id(shown.original(node)), position
        if key not in made:
            made[key] = local_derivative(shown, constant, node, position)
            shown.made_up.add(id(made[key]))
        shown.stand_ins[id(constant)] = made[key]


def local_derivative(shown: Collection, constant: Tensor, node: Tensor, position: int) -> Tensor:
    """A constant as what an operation of its own has made, that goes by the formula."""
    assert node.rule is not None
    text = edge_text(node, position, lambda x: shown.name_of(x) or HOLE)
    expression = expression_of(node, position) if text else None
    operands = [
        shown.original(x)
        for i, x in enumerate(node.args)
        if type(x) is Tensor and (expression is None or has_letter(expression, str(i)))
    ]
    if expression is not None and has_letter(expression, RESULT):
        operands.append(shown.original(node))
    made = leaf(constant.value)
    made.rule = Rule(np.copy, [None] * len(operands), is_local=False)
    made.rule.name = text or f"{node.rule.name}′"
    made.args = tuple(operands)
    return made


def leave_out_repetition(shown: Collection, tensor: Tensor) -> None:
    """Let a derivative stand for what repeats it.

    What brings a value from another part of the computation into this one stays, if it is asked
    for or has a name to show.
    """
    sweep = shown.history.sweep_of(tensor)
    repeated = repeated_argument(shown, tensor) if sweep is not None else None
    if repeated is None:
        return
    is_of_this_part = shown.history.sweep_of(repeated) is sweep
    if is_of_this_part or not (id(tensor) in shown.are_roots or shown.has_name_to_show(tensor)):
        shown.stand_ins[id(tensor)] = repeated
        if id(tensor) in shown.names:
            shown.names.setdefault(id(repeated), shown.names[id(tensor)])


def repeated_argument(shown: Collection, tensor: Tensor) -> Tensor | None:
    """The argument that an operation repeats: times 1, or in the shape that it has."""
    pairs: list[tuple[Any, Any]] = []
    if tensor.rule is RESHAPE:
        pairs = [(1, tensor.args[0])]
    elif tensor.rule is MULTIPLY:
        pairs = [tensor.args, tensor.args[::-1]]
    for one, x in pairs:
        if (
            type(x) is Tensor
            and x.number
            and (x.shape, x.dtype) == (tensor.shape, tensor.dtype)
            and is_one(shown, one)
        ):
            return shown.original(x)
    return None


def is_one(shown: Collection, x: Any) -> bool:
    """Whether a factor is 1, or a constant of nothing but 1 that a sweep has made."""
    if type(x) is not Tensor:
        return isinstance(x, int | float) and x == 1
    constant = shown.original(x)
    return shown.is_of_sweep(constant) and single_number(constant) == 1


def write_numbers(shown: Collection, tensor: Tensor) -> None:
    """Note which arguments of an operation are written into its box."""
    for position, x in enumerate(tensor.args):
        if type(x) is not Tensor or x.rule is not None or x.number:
            continue
        constant = shown.original(x)
        if constant.rule is not None or id(constant) in shown.names:
            continue
        if constant.shape == () or is_said_by_a_number(shown, constant, tensor, position):
            number = single_number(constant)
            if number is not None:
                shown.numbers[id(tensor), position] = number


def is_said_by_a_number(shown: Collection, constant: Tensor, tensor: Tensor, position: int) -> bool:
    """Whether, if all entries of a constant are one number, the number would make the same."""
    return (
        shown.is_of_sweep(constant)
        and shown.penalty_behind(constant) is None
        and tensor.rule is not None
        and tensor.rule.is_local
        and len(tensor.args) == 2
        and getattr(tensor.args[1 - position], "shape", ()) == tensor.shape
    )


def single_number(constant: Tensor) -> Any:
    """The number that all entries of a constant are; None if they are not."""
    value = constant.value
    if not isinstance(value, np.ndarray | np.generic) or not value.size:
        return None
    first = value.flat[0].item()
    return first if value.shape == () or (value == first).all() else None


def simplified(tensor: Tensor, shown: Collection) -> Tensor:
    """A tensor of the same operation, with numbers in place of constants without a node."""
    if tensor.rule is None:
        return tensor
    args = [shown.numbers.get((id(tensor), i), x) for i, x in enumerate(tensor.args)]
    if tensor.rule.is_local:
        args = [float(x) if type(x) is int else x for x in args]  # −1 with the sign of numbers
    simple = leaf(tensor.value)
    simple.rule, simple.args, simple.kwargs = tensor.rule, tuple(args), tensor.kwargs
    shown.stand_ins[id(simple)] = tensor
    shown.kept.append(simple)
    return simple
