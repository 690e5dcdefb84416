"""What a node computes, in one line and in words."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from tinygrad_reg.drawing.mathematics.expressions import RESULT
from tinygrad_reg.drawing.mathematics.letters import PENALTY_LETTERS, Names, name_in, signs_of
from tinygrad_reg.drawing.mathematics.lifting import index_text, option
from tinygrad_reg.drawing.mathematics.writing import digits, shortened
from tinygrad_reg.tensor import Rule, Tensor, rules

__all__ = ["forward_text", "words"]

INFIX: dict[Rule, str] = {
    rules[np.add]: "+",
    rules[np.subtract]: "−",
    rules[np.multiply]: "·",
    rules[np.divide]: "/",
    rules[np.matmul]: "@",
    rules[np.power]: "**",
    rules[operator.pow]: "**",
}


def forward_text(node: Tensor, names: Names = None) -> str:
    """What a node computes, in one line: `Z = W @ X`; of a leaf its name.

    An argument without a name goes by the operation that made it.

    Examples
    --------
    >>> import numpy as np, tinygrad_reg as tg
    >>> from tinygrad_reg.drawing.mathematics import forward_text
    >>> W = tg.Tensor([[1.0]], requires_grad=True, name="W")
    >>> forward_text(np.tanh(W), lambda tensor: tensor.name)
    'tanh(W)'
    """
    name = name_in(names, node)
    if node.rule is None:
        return shortened(name) if name else "constant" if not node.number else "parameter"
    made = computed(node, names)
    return f"{shortened(name)} = {made}" if name else made


def words(node: Tensor, names: Names = None) -> str:
    """How the gradient passes through an operation, and what the letters in its rule stand for.

    Examples
    --------
    >>> import tinygrad_reg as tg
    >>> from tinygrad_reg.drawing.mathematics import words
    >>> first, second = words(1 - tg.Tensor(0.5, requires_grad=True)).split(": ")
    >>> second
    'the gradient passes with a fixed factor. Here y is the result, b a parameter.'
    """
    if node.rule is None:
        return "Nothing was computed here: the gradient ends in it."
    letters = meanings_of_letters(node, node.rule, names)
    return " ".join([passing(node, node.rule, names), *letters])


def meanings_of_letters(node: Tensor, rule: Rule, names: Names) -> Iterator[str]:
    """What the letters stand for that take the place of names, in one sentence if there are any."""
    position = next((i for i, x in enumerate(node.args) if type(x) is Tensor and x.number), 0)
    signs = signs_of(node, position, names, "J")
    meanings = {}
    if not name_in(names, node):
        meanings[signs[RESULT].text] = "is the result"
    for i, x in enumerate(node.args[: rule.arity]):
        if type(x) is Tensor and not name_in(names, x):
            made = f"what {x.rule.name.strip('_')} gave" if x.rule is not None else "a parameter"
            meanings.setdefault(signs[str(i)].text, made if x.number else "a constant")
        elif isinstance(x, np.ndarray) and x.ndim:
            meanings.setdefault(signs[str(i)].text, "a constant")
    if meanings:
        first, *others = meanings.items()
        verb = "" if first[1].startswith("is ") else "is "
        said = [f"{first[0]} {verb}{first[1]}", *(f"{a} {b}" for a, b in others)]
        yield f"Here {', '.join(said)}."


def passing(node: Tensor, rule: Rule, names: Names) -> str:
    """One sentence on how the gradient passes through an operation."""
    y = shortened(name_in(names, node) or "the result")
    if rule in PENALTY_LETTERS:
        return f"{start(y)} is a penalty: its gradient pulls the weights towards zero."
    if rule.keeps_axes:
        return (
            f"{start(y)} is made from many entries: the gradient that arrives is spread out over "
            "them, each times its local derivative."
        )
    if rule.is_local and all(isinstance(entry, int) for entry in rule.entries[:2]):
        return (
            f"The local derivatives of {y} are constant: the gradient passes with a fixed factor."
        )
    if rule.is_local:
        return (
            f"Each entry of {y} depends on the entries in its place alone: the gradient is "
            "multiplied by the local derivative, entry by entry."
        )
    if rule.is_linear:
        return (
            f"{start(y)} is linear in its arguments: the gradient goes back by the transposed map."
        )
    return f"{start(y)} mixes entries: its pullback carries the gradient back to the arguments."


def start(text: str) -> str:
    """A text at the start of a sentence."""
    return "The result" if text == "the result" else text


def computed(node: Tensor, names: Names) -> str:
    """The operation with its arguments."""
    rule = node.rule
    assert rule is not None
    arity = rule.arity
    shown = [operand(x, names) for x in node.args[:arity]]
    if rule in INFIX and len(shown) == 2:
        return f"{shown[0]} {INFIX[rule]} {shown[1]}"
    if rule is rules[operator.getitem]:
        return f"{shown[0]}{index_text(node.args[1])}"
    if rule is rules[np.negative]:
        return f"−{shown[0]}"
    if rule in (rules[np.absolute], rules[np.fabs]):
        return f"|{shown[0]}|"
    if rule is rules[np.transpose] and len(node.args) == 1 and not node.kwargs:
        return f"{shown[0]}ᵀ"
    if rule in PENALTY_LETTERS:
        letters = PENALTY_LETTERS[rule]
        settings = [f"{letter}={text}" for letter, text in zip(letters, shown, strict=False)]
        shown = [*shown[len(letters) :], *settings]
    options = [option(x) for x in node.args[arity:]]
    options += [
        f"{key}={option(x)}"
        for key, x in node.kwargs.items()
        if not (x is None or x is False or (key == "ddof" and x == 0))
    ]
    return f"{rule.name.strip('_')}({', '.join([*shown, *options])})"


def operand(x: Any, names: Names) -> str:
    """An argument: its name, its number, or the operation that made it."""
    if name := name_in(names, x):
        return shortened(name)
    if type(x) is not Tensor:
        return digits(x) if isinstance(x, float | np.floating) else option(x)
    if x.rule is not None:
        return "penalty" if x.rule in PENALTY_LETTERS else x.rule.name.strip("_")
    value = x.current()
    return option(value.item() if np.size(value) == 1 else value)
