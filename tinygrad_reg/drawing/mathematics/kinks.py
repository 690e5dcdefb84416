"""Where an argument of a node stands exactly at a kink of its rule."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from inspect import signature
from typing import Any, NamedTuple

import numpy as np

from tinygrad_reg.derivatives.arity import parameters_of
from tinygrad_reg.drawing.mathematics.entries import kept_shape
from tinygrad_reg.drawing.mathematics.letters import Names, name_in
from tinygrad_reg.drawing.mathematics.reading import COMPARED, OPERATORS, parameter_names
from tinygrad_reg.drawing.mathematics.titles import forward_text
from tinygrad_reg.drawing.mathematics.writing import constant_digits, shortened
from tinygrad_reg.drawing.symbols import PENALTY_LETTERS
from tinygrad_reg.tensor import Tensor, rules

__all__ = ["Kink", "Kinks", "kinks_of"]


class Kink(NamedTuple):
    """An entry that stands at a kink: of the result, or of an argument whose entries are mixed."""

    entry: tuple[int, ...]
    text: str


class Kinks(NamedTuple):
    """The first kinks that were met, and how many there are in all."""

    found: list[Kink]
    number: int


def kinks_of(node: Tensor, names: Names = None, limit: int = 20) -> Kinks:
    """Find where arguments of a node stand exactly at a kink, and what is chosen there.

    Parameters
    ----------
    node : Tensor
        The result of an operation.
    names : callable or mapping, optional
        The name of a tensor, or None: a function of the tensor, or a mapping of its `id`.
    limit : int
        How many are listed at most.

    Examples
    --------
    >>> import tinygrad_reg as tg
    >>> from tinygrad_reg.drawing.mathematics import kinks_of
    >>> Z = tg.Tensor([-1.0, 0.0], requires_grad=True, name="Z")
    >>> kinks_of(tg.relu(Z), lambda tensor: tensor.name).found
    [Kink(entry=(1,), text='Z = 0: the subgradient chosen there is 0')]
    """
    found: list[Kink] = []
    number = 0
    if node.rule is None or not node.rule.kinks:
        return Kinks(found, number)
    with np.errstate(all="ignore"):
        for place, text in met(node, names):
            places = np.argwhere(place)
            number += len(places)
            room = max(limit - len(found), 0)
            found += [Kink(tuple(map(int, entry)), text) for entry in places[:room]]
    return Kinks(found, number)


def met(node: Tensor, names: Names) -> Iterator[tuple[Any, str]]:
    """For each kink of the rule a mask of where it is met, and what is said of it."""
    rule = node.rule
    assert rule is not None
    values = [x.value if type(x) is Tensor else x for x in node.args]
    letters = letters_of(node, values)
    for words, chosen in rule.kinks.items():
        if words in ("w = 0", "w_g = 0"):
            yield from of_weights(node, values, words, chosen, names)
            continue
        if words == "x = 0" and rule is rules[np.linalg.norm]:
            mask = of_norm(node, values)
        elif words in OF_WHOLE_ARRAYS:
            mask = OF_WHOLE_ARRAYS[words](node, values)
        else:
            mask = condition(words, letters)
            if mask is not None and rule.is_local and not rule.keeps_axes:
                mask = np.broadcast_to(mask, node.shape)
        if mask is None or not np.any(mask) or not concerns(chosen, node, letters):
            continue
        signs = in_names(node, letters, names)
        if chosen.isidentifier():
            chosen = signs.get(chosen, chosen)
        place = [replaced(part, signs) for part in words.split(", ")]
        place = [part for part in place if re.search(r"[^\W\d_]", part)]
        yield mask, said(", ".join(place), chosen)


def said(place: str, chosen: str) -> str:
    """What is said of a kink, from the words of the table."""
    if chosen.startswith("none"):
        return f"{place}: there is no derivative there{chosen[4:]}"
    if chosen.startswith("jump; "):
        slope = chosen.removeprefix("jump; ")
        taken = (
            f"the {slope} is taken" if slope.startswith("slope") else f"the slope taken is {slope}"
        )
        return f"{place}: the value jumps there, and {taken}"
    if "∞" in chosen:
        return f"{place}: the derivative taken there is {chosen}"
    if chosen.startswith("all that tie"):
        return f"a tie: {chosen}"
    if chosen.endswith(" each"):
        return f"{place}: the subgradient chosen there is {chosen.removesuffix(' each')} for each"
    if len(chosen.split()) > 4:
        return f"{place}: {chosen}"
    return f"{place}: the subgradient chosen there is {chosen}"


def concerns(chosen: str, node: Tensor, letters: Mapping[str, Any]) -> bool:
    """Whether what is chosen in some of the arguments (`0 in a`) is chosen in a tensor."""
    ends = [end for end in re.findall(r"(\S+) in (\w+)", chosen) if end[1] in letters]
    if not ends:
        return True
    tensors = [x.value for x in node.args if type(x) is Tensor]
    missing = any("none" in words for words, _ in ends)
    counted = [letter for words, letter in ends if not missing or words == "none"]
    return any(letters.get(letter) is value for letter in counted for value in tensors)


# Conditions in words


def letters_of(node: Tensor, values: list[Any]) -> dict[str, Any]:
    """The value that each letter in a rule's words stands for."""
    rule = node.rule
    assert rule is not None
    names = [("x",) if len(values) == 1 else tuple("abcdef")]
    if not isinstance(rule.op, np.ufunc):
        names.insert(0, tuple(parameters_of(rule.op)))
    for entry in rule.entries if isinstance(rule.entries, tuple) else ():
        if callable(entry):
            names.append(parameter_names(entry)[1 if rule.is_local else 2 :])
    names.append(("x",))
    found = defaults_of(rule.op) | node.kwargs
    for each in names:
        for name, x in zip(each, values, strict=False):
            if type(found.get(name)) in (int, float):
                found[name] = x
            found.setdefault(name, x)
    return found


def defaults_of(op: Any) -> dict[str, Any]:
    """The numbers that an operation takes where nothing else is given."""
    try:
        parameters = signature(op).parameters.values()
    except (TypeError, ValueError):
        return {}
    return {p.name: p.default for p in parameters if type(p.default) in (int, float)}


def condition(words: str, letters: Mapping[str, Any]) -> Any:
    """Where a condition such as `a = 0, b < 0` holds; None if it is not understood."""
    found: Any = True
    for part in words.split(", "):
        if part.endswith(" whole"):
            value = evaluated(part.removesuffix(" whole"), letters)
            mask = None if value is None else np.isfinite(value) & (np.floor(value) == value)
        elif part.endswith(" = ±∞"):
            equal = part.removesuffix(" = ±∞")
            infinite = evaluated(equal.split(" = ")[0], letters)
            mask = evaluated(equal, letters) if " = " in equal else True
            mask = None if mask is None or infinite is None else mask & np.isinf(infinite)
        else:
            mask = evaluated(part, letters)
        if mask is None or np.asarray(mask).dtype != bool:
            return None
        found = found & mask
    return found


def evaluated(words: str, letters: Mapping[str, Any]) -> Any:
    """The value of an equation or an expression in letters; None if it is not understood."""
    text = re.sub(r"(?<![<>=!])=(?!=)", "==", words.replace("·", "*").replace("≥", ">="))
    try:
        return value_of(ast.parse(text, mode="eval").body, letters)
    except (SyntaxError, KeyError, TypeError, ValueError):
        return None


def value_of(node: ast.expr, letters: Mapping[str, Any]) -> Any:
    """The value of a part of a condition."""
    match node:
        case ast.Name(id=name):
            return letters[name]
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -value_of(inner, letters)
        case ast.BinOp(left=a, op=op, right=b):
            return OPERATORS[type(op)](value_of(a, letters), value_of(b, letters))
        case ast.Compare(left=first, ops=ops, comparators=others):
            values = [value_of(part, letters) for part in (first, *others)]
            found: Any = True
            for a, sign, b in zip(values[:-1], ops, values[1:], strict=True):
                found = found & np.asarray(COMPARED[type(sign)][1](a, b))
            return found
    raise ValueError(f"not understood: {type(node).__name__}")


def in_names(node: Tensor, letters: Mapping[str, Any], names: Names) -> dict[str, str]:
    """What each letter of a rule is called: by the name of an argument, or its number."""
    found = {}
    for letter, value in letters.items():
        for x in node.args:
            if (x.value if type(x) is Tensor else x) is value or x is value:
                if name := name_in(names, x):
                    found[letter] = shortened(name)
                elif type(x) is Tensor and x.rule is not None:
                    found[letter] = forward_text(x, names)
                elif type(x) is not Tensor and np.ndim(x) == 0:
                    found[letter] = constant_digits(x)
                break
        if letter not in found and type(value) in (int, float):
            found[letter] = constant_digits(value)
    return found


def replaced(words: str, signs: Mapping[str, str]) -> str:
    """Words with names in place of letters."""
    is_compared = re.fullmatch(r"\w+ = [\w.−-]+", words) is not None  # and needs no parentheses

    def sign(found: re.Match[str]) -> str:
        text = signs.get(found[0], found[0])
        return text if is_compared or " " not in text else f"({text})"

    return re.sub(r"[^\W\d]\w*", sign, words)


# Kinks of whole arrays


def of_weights(
    node: Tensor, values: list[Any], words: str, chosen: str, names: Names
) -> Iterator[tuple[Any, str]]:
    """Weights of a penalty that are 0, or groups of them."""
    rule = node.rule
    assert rule is not None
    for i in range(len(PENALTY_LETTERS.get(rule, ())), len(values)):
        W = np.asarray(values[i])
        weights = node.args[i]
        name = shortened(name_in(names, weights) or "W")
        if name == "W" and type(weights) is Tensor and weights.rule is not None:
            name = forward_text(weights, names)
        mask = W == 0
        if words == "w_g = 0":
            mask = np.all(mask, axis=node.kwargs.get("axis"), keepdims=True)
            mask, name = np.broadcast_to(mask, W.shape), f"a group of {name}"
        yield mask, said(f"{name} = 0", chosen)


def kept(node: Tensor, x: Any) -> Any:
    """The result of a reduction with the reduced axes at length 1."""
    return np.asarray(node.value).reshape(kept_shape(node))


def ties(node: Tensor, values: list[Any]) -> Any:
    """Entries that are chosen together with others."""
    x, axis = np.asarray(values[0]), node.kwargs.get("axis")
    if node.rule is rules[np.linalg.norm]:
        order = node.kwargs.get("ord")
        if not (isinstance(order, float) and np.isinf(order)) or isinstance(axis, tuple):
            return None
        x = np.abs(x)
    chosen = x == kept(node, x)
    return chosen & (np.sum(chosen, axis=axis, keepdims=True) > 1)


def all_equal(node: Tensor, values: list[Any]) -> Any:
    """Results whose entries are all equal."""
    return np.asarray(node.value) == 0


def of_norm(node: Tensor, values: list[Any]) -> Any:
    """Vectors of length 0; for the sum of sizes, entries that are 0."""
    if node.kwargs.get("ord") == 1 and not isinstance(node.kwargs.get("axis"), tuple):
        return np.asarray(values[0]) == 0
    return np.asarray(node.value) == 0


def equal_neighbours(node: Tensor, values: list[Any]) -> Any:
    """Entries of a sorted result that equal another."""
    if node.rule is not rules[np.sort]:
        return None
    axis = node.kwargs.get("axis", -1)
    y = np.moveaxis(np.asarray(node.value), axis, -1)
    same = y[..., 1:] == y[..., :-1]
    edge = np.zeros((*y.shape[:-1], min(1, y.shape[-1])), bool)
    mask = np.concatenate([edge, same], -1) | np.concatenate([same, edge], -1)
    return np.moveaxis(mask, -1, axis)


def at_points(node: Tensor, values: list[Any]) -> Any:
    """Where an interpolation is asked for at one of its points."""
    return np.isin(np.asarray(values[0]), np.asarray(values[1]))


OF_WHOLE_ARRAYS: dict[str, Callable[[Tensor, list[Any]], Any]] = {
    "ties": ties,
    "all entries equal": all_equal,
    "x_i = x_j": equal_neighbours,
    "x at a point of xp": at_points,
}
