"""What a node computes, in one line and in words."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from tinygrad_reg.drawing.mathematics.expressions import RESULT
from tinygrad_reg.drawing.mathematics.letters import Names, name_in, signs_of
from tinygrad_reg.drawing.mathematics.lifting import index_text, option
from tinygrad_reg.drawing.mathematics.writing import constant_digits, shortened
from tinygrad_reg.drawing.symbols import PENALTY_LETTERS
from tinygrad_reg.tensor import ALIAS, Rule, Tensor, rules

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


SUM, NEGATIVE, PRODUCT, POWER, ATOM = range(5)  # how tightly something holds together
LEVELS = {"+": SUM, "−": SUM, "·": PRODUCT, "/": PRODUCT, "@": PRODUCT, "**": POWER}
LONGEST_TITLE = 40
DEEPEST = 4
MOST_OPERANDS = 4

Said = tuple[str, int]  # a text, and how tightly it holds together


def forward_text(node: Tensor, names: Names = None) -> str:
    """What a node computes, in one line: `Z = W @ X`; of a leaf its name.

    An argument without a name is written out where that is short: `W1 @ X + b1`; else it is `…`.

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
    'the gradient passes with a fixed factor. Here y is the result and b is a parameter.'
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
        meanings[signs[RESULT].text] = "the result"
    for i, x in enumerate(node.args[: rule.arity]):
        if type(x) is Tensor and not name_in(names, x):
            meanings.setdefault(signs[str(i)].text, meaning_of(x, names))
        elif isinstance(x, np.ndarray) and x.ndim:
            meanings.setdefault(signs[str(i)].text, "a constant")
    if meanings:
        *others, last = [f"{letter} is {meaning}" for letter, meaning in meanings.items()]
        yield f"Here {', '.join(others)}{' and ' if others else ''}{last}."


def meaning_of(x: Tensor, names: Names) -> str:
    """What an argument without a name is: its operation if that is short, else the sign of it."""
    x = original(x, names)
    if not x.number:
        return "a constant"
    if x.rule is None:
        return "a parameter"
    text = computed(x, names)
    return f"the result of {operation_of(x.rule)}" if "…" in text else text


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


def operation_of(rule: Rule) -> str:
    """An operation without its arguments."""
    name = "−" if rule is rules[np.negative] else rule.name.strip("_")
    return "a penalty" if rule in PENALTY_LETTERS else INFIX.get(rule, name)


def original(x: Tensor, names: Names) -> Tensor:
    """A tensor; of the values that an unnamed leaf had at an earlier time, the leaf."""
    while x.rule is ALIAS and not name_in(names, x):
        x = x.args[0]
    return x


def computed(node: Tensor, names: Names) -> str:
    """The operation with its arguments, which are written out as deep as there is room."""
    for depth in range(DEEPEST, 0, -1):
        text = said_of(node, names, depth)[0]
        if len(text) <= LONGEST_TITLE:
            return text
    return said_of(node, names, 0)[0]


def said_of(node: Tensor, names: Names, depth: int) -> Said:
    """An operation, and those that made its arguments, so many deep."""
    rule = node.rule
    assert rule is not None
    arity = rule.arity
    shown = [operand(x, names, depth) for x in node.args[:arity]]
    if rule in INFIX and len(shown) == 2:
        return infix(INFIX[rule], *shown)
    if rule is rules[operator.getitem]:
        return f"{inside(shown[0], ATOM)}{index_text(node.args[1])}", ATOM
    if rule is rules[np.negative]:
        return f"−{inside(shown[0], POWER)}", NEGATIVE
    if rule in (rules[np.absolute], rules[np.fabs]):
        return f"|{shown[0][0]}|", ATOM
    if rule is rules[np.square]:
        return f"{inside(shown[0], ATOM)}²", POWER
    if rule is rules[np.transpose] and len(node.args) == 1 and not node.kwargs:
        return f"{inside(shown[0], ATOM)}ᵀ", ATOM
    texts = [text for text, _ in shown]
    settings: list[str] = []
    if rule in PENALTY_LETTERS:
        letters = PENALTY_LETTERS[rule]
        settings = [f"{letter}={text}" for letter, text in zip(letters, texts, strict=False)]
        texts = texts[len(letters) :]
    if len(texts) > MOST_OPERANDS:
        texts = [*texts[: MOST_OPERANDS - 1], "…"]
    options = [option(x) for x in node.args[arity:]]
    options += [
        f"{key}={option(x)}"
        for key, x in node.kwargs.items()
        if not (x is None or x is False or (key == "ddof" and x == 0))
    ]
    return f"{rule.name.strip('_')}({', '.join([*texts, *settings, *options])})", ATOM


def infix(sign: str, left: Said, right: Said) -> Said:
    """Two operands with a sign between them, as Python reads it."""
    level = LEVELS[sign]
    if sign == "**":
        return f"{inside(left, ATOM)}**{inside(right, POWER)}", level
    return f"{inside(left, level)} {sign} {inside(right, max(level + 1, PRODUCT))}", level


def inside(said: Said, least: int) -> str:
    """A text, in parentheses if it is looser than its surroundings."""
    text, level = said
    return f"({text})" if level < least else text


def operand(x: Any, names: Names, depth: int) -> Said:
    """An argument: its name, its number, or the operation that made it, so many deep."""
    if type(x) is Tensor:
        x = original(x, names)
    if name := name_in(names, x):
        return shortened(name), SUM if any(sign in name for sign in "+-−*·/@ ") else ATOM
    if type(x) is Tensor:
        if x.rule is not None:
            if depth:
                return said_of(x, names, depth - 1)
            return ("penalty" if x.rule in PENALTY_LETTERS else "…"), ATOM
        value = x.current()
        x = value.item() if np.size(value) == 1 else value
    is_number = isinstance(x, int | float | np.number) and not isinstance(x, bool)
    text = constant_digits(x) if is_number else option(x)
    return text, NEGATIVE if text.startswith("−") else ATOM
