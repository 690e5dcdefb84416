"""Whether the graph behind tensors is one that operations have recorded."""

from __future__ import annotations

from tinygrad_reg.tensor import Rule, Tensor

__all__ = ["check_graph"]


def check_graph(roots: list[Tensor]) -> None:
    """Raise where a graph was taken apart: values freed, arguments replaced, a circle.

    An operation has a greater number than its arguments, so a graph without an argument that is
    newer than its result has no circle.
    """
    todo = list(roots)
    visited = {id(root) for root in roots}
    while todo:
        tensor = todo.pop()
        if getattr(tensor, "value", None) is None:
            raise ValueError(
                "this graph cannot be shown, since values in it were freed: "
                f"{called(tensor)} has none any more. Show it while the values are there, or "
                "compute it once more"
            )
        if tensor.rule is None:
            if tensor.args:
                raise taken_apart(tensor, "has arguments, but no operation")
            continue
        if not isinstance(tensor.rule, Rule) or not isinstance(tensor.args, tuple):
            raise taken_apart(tensor, "has something in place of its operation and arguments")
        if not any(type(x) is Tensor and x.number for x in tensor.args):
            raise taken_apart(tensor, "has no argument left that is a tensor with gradients")
        for position, x in enumerate(tensor.args):
            if type(x) is not Tensor:
                continue
            if x.number >= tensor.number:
                raise taken_apart(
                    tensor,
                    f"was made before its argument {position}, {called(x)}: what it was made from "
                    "was replaced, and the graph may run in a circle",
                )
            if id(x) not in visited:
                visited.add(id(x))
                todo.append(x)


def taken_apart(tensor: Tensor, what: str) -> ValueError:
    """The error for a graph that was changed after it was recorded."""
    return ValueError(
        "this graph cannot be shown, since it was changed after it was recorded: "
        f"{called(tensor)} {what}. Leave .args and .rule alone, and compute it once more"
    )


def called(tensor: Tensor) -> str:
    """A tensor in words that need no value."""
    name = repr(tensor.name) if tensor.name else "a tensor without a name"
    made_by = getattr(tensor.rule, "name", None)
    return f"{name} (made by {made_by})" if made_by else name
