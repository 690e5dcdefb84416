"""What the core says when something is not possible: each error in full, out of the code's way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def describe(tensor: Any) -> str:
    """A tensor in an error message: its name or its operation, and its shape."""
    what = f"tensor {tensor.name!r}" if tensor.name is not None else "a tensor"
    if tensor.rule is not None:
        what += f" (the result of {tensor.rule.name})"
    return f"{what} of shape {tensor.shape}"


def made_twice(tensor: Any) -> TypeError:
    """A tensor was to be made of one that requires gradients."""
    return TypeError(
        f"Tensor(...) was given {describe(tensor)}, which already carries gradients: use it as it "
        "is, or pass t.data (or t.detach()) to start anew"
    )


def no_new_data(tensor: Any) -> AttributeError:
    """The data of a result was to be replaced."""
    return AttributeError(
        f"{describe(tensor)} was computed from other tensors: only the data of a leaf can be "
        "replaced. Make a new tensor with tg.Tensor(array) instead"
    )


def another_shape(tensor: Any, array: Any) -> ValueError:
    """The data of a leaf was to be replaced by an array that does not fit."""
    return ValueError(
        f"the data of {describe(tensor)} cannot be replaced by an array of shape {array.shape}: "
        f"the shape stays {tensor.shape}"
    )


def becomes_array(tensor: Any) -> TypeError:
    """A tensor was to leave the graph as an array."""
    return TypeError(
        f"{describe(tensor)} was about to become a plain array and lose its gradient. Use t.data "
        "where that is meant; np.stack([t1, t2]) where np.array([t1, t2]) was written; a NumPy "
        "function where math, list or scipy functions were used"
    )


def becomes_float(tensor: Any) -> TypeError:
    """A tensor was to leave the graph as a number."""
    return TypeError(
        f"{describe(tensor)} was about to become a Python float and lose its gradient (by float(t) "
        "or a function of the math module). Use t.item() where that is meant, np.sin(t) and the "
        "like where it is not"
    )


def no_assignment(tensor: Any) -> TypeError:
    """Something was to be written into a tensor by its index."""
    return TypeError(
        f"{describe(tensor)} does not support item assignment: the graph needs the old values. Use "
        "np.where(mask, new, t), or write to the data of a leaf: t.data[index] = new"
    )


def no_writing(name: str, instead: str) -> TypeError:
    """A tensor was to be written into an array, or anything into a tensor."""
    return TypeError(
        f"{name} cannot write a tensor into an existing array (out=, or an in-place operator such "
        f"as a += t), nor into a tensor, whose values its graph needs: write {instead}"
    )


def no_such_argument(name: str, arguments: Iterable[str]) -> TypeError:
    """A ufunc was given keyword arguments that have no derivative."""
    return TypeError(
        f"{name} of a tensor does not take {', '.join(arguments)}: use np.where for where=, "
        "t.astype(...) for dtype="
    )


def not_real(name: str, dtype: Any) -> TypeError:
    """An operation left the real floating numbers."""
    return TypeError(
        f"{name} of a tensor gave dtype {dtype}, which carries no gradient: tensors that require "
        "gradients must stay real and floating"
    )


def no_derivative(name: str, argument: object, tensor: Any) -> TypeError:
    """A tensor that requires gradients is an argument that has no rule."""
    return TypeError(
        f"{name} has no derivative in its argument {argument!r}, but that is {describe(tensor)}, "
        "which requires gradients: pass t.data if it is a constant, or give the operation one "
        "more rule"
    )


def no_line(name: str, tensor: Any) -> TypeError:
    """A function that is not in the table was given a tensor that requires gradients."""
    return TypeError(
        f"{name} has no line in the derivative table, and {describe(tensor)} requires gradients. "
        "Write it with operations that have one, enter it with tg.elementwise, tg.linear or "
        "tg.derivative, or pass t.data if it is a constant"
    )
