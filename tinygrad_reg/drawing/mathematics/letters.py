"""What is written for the letters of a rule: the nodes' own names, where they have any."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any

import numpy as np

from tinygrad_reg.drawing.mathematics.expressions import COTANGENT, RESULT
from tinygrad_reg.drawing.mathematics.reading import parameter_names
from tinygrad_reg.drawing.mathematics.writing import Math, Sign, operator, row, sign_of
from tinygrad_reg.drawing.symbols import PENALTY_LETTERS
from tinygrad_reg.tensor import Rule, Tensor, rules

__all__ = [
    "Names",
    "NamesOfPicture",
    "derivative_sign",
    "name_in",
    "signs_of",
]


class NamesOfPicture:
    """What the tensors of a picture are called: `name_of` one, and `all_names`, as they are shown.

    No letter that stands in for a missing name may look like one of these.
    """

    def __init__(
        self, name_of: Callable[[Tensor], str | None], all_names: Iterable[str | None]
    ) -> None:
        self.name_of = name_of
        self.shown = frozenset(sign_of(name).text for name in all_names if name)

    def __call__(self, tensor: Tensor) -> str | None:
        """The name of a tensor, if it has one."""
        return self.name_of(tensor)


Names = Callable[[Tensor], "str | None"] | Mapping[int, str] | None

SIGNS = {"e", "π", "σ", "ψ", "Φ", "φ"}  # which stand for themselves in formulas


def name_in(names: Names, tensor: Any) -> str | None:
    """The name of a tensor, if it has one."""
    if type(tensor) is not Tensor or names is None:
        return None
    return names.get(id(tensor)) if isinstance(names, Mapping) else names(tensor)


def signs_of(node: Tensor, position: int, names: Names, of: str) -> dict[str, Sign]:
    """What is written for the result, for each argument and for the cotangent."""
    rule = node.rule
    assert rule is not None
    given = {RESULT: name_in(names, node)} | {
        str(i): name_in(names, x) for i, x in enumerate(node.args)
    }
    letters = {RESULT: "y"} | fallback_letters(rule, position, len(node.args))
    known = names.values() if isinstance(names, Mapping) else given.values()
    taken = {sign_of(name).text for name in {*known, of} if name} | SIGNS
    elsewhere = names.shown if isinstance(names, NamesOfPicture) else frozenset()
    seen: dict[int, str] = {}
    signs = {}
    for key, name in given.items():
        x = node if key == RESULT else node.args[int(key)]
        if not name:
            name = seen.get(id(x)) or free_letter(letters[key], taken, elsewhere)
            taken.add(name)
            if type(x) is Tensor:
                seen[id(x)] = name
        signs[key] = sign_of(name)
    whole = f"∂{sign_of(of).text}/∂{signs[RESULT].text}"
    signs[COTANGENT] = Sign(derivative_sign(of, signs[RESULT]), whole, is_atom=False)
    return signs


def free_letter(letter: str, taken: Set[str], elsewhere: Set[str]) -> str:
    """A letter, with primes until it stands for nothing else."""
    while sign_of(letter).text in taken or sign_of(letter).text in elsewhere:
        letter += "′"
    return letter


def derivative_sign(of: str, sign: Sign) -> Math:
    """∂J/∂x."""
    above = row(operator("∂"), sign_of(of).math)
    return ["mfrac", above, row(operator("∂"), sign.math)]


def fallback_letters(rule: Rule, position: int, number: int) -> dict[str, str]:
    """Letters for arguments that have no name: those of the rule."""
    if rule in PENALTY_LETTERS:
        known = PENALTY_LETTERS[rule]
        return {str(i): known[i] if i < len(known) else "W" for i in range(number)}
    said = rule.entries[position]
    names: tuple[str, ...] = ()
    if callable(said):
        names = parameter_names(said)[1 if rule.is_local else 2 :]
    if rule is rules[np.matmul]:
        names = ("A", "B")
    if not names or names[0].startswith("*"):
        names = ("x",) if number == 1 else tuple("abcdefgh")
    found = {}
    for i in range(number):
        found[str(i)] = names[i] if i < len(names) and names[i][0] != "*" else f"x{i + 1}"
    return found
