"""The formula of the penalties in a graph, and of their gradients, with the learner's names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinygrad_reg.derivatives import penalties
from tinygrad_reg.drawing.collecting.history import FORWARD, UPDATE
from tinygrad_reg.drawing.symbols import HOLE, PENALTIES, written
from tinygrad_reg.tensor import Rule, Tensor, rules

if TYPE_CHECKING:
    from tinygrad_reg.drawing.collecting.collection import Collection

__all__ = ["formula_of_gradients", "formula_of_penalties", "is_weight", "slope_of"]

L1, L2, ELASTIC_NET, GROUP_LASSO = (
    rules[op]
    for op in (penalties.l1_, penalties.l2_, penalties.elastic_net_, penalties.group_lasso_)
)
MOST_TERMS = 4
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")

Terms = dict[tuple[Any, ...], list[str]]  # rule, λ, m (and r) -> names of weights


def formula_of_penalties(shown: Collection) -> str:
    """`λ/2m (‖W1‖² + ‖W2‖²)  λ=0.7, m=20`: the sum of the penalties, and what is in it."""
    terms: Terms = {}
    for node in penalties_of(shown):
        terms.setdefault(settings_of(node, shown), []).extend(weights_of(node, shown))
    letters = strengths(shown)
    texts = [penalty_text(of[0], letters[of[1]], names) for of, names in terms.items()]
    return f"{' + '.join(shortened(texts))}  {legend(terms, letters)}".strip()


def formula_of_gradients(makers: list[Tensor], members: list[Tensor], shown: Collection) -> str:
    """`λ/m W1, λ/m W2  λ=0.7, m=20`: what some penalties add to gradients."""
    used = {id(x) for tensor in members for _, x in shown.operands(tensor)}
    terms: Terms = {}
    for node in sorted(makers, key=lambda node: node.number):
        for x, name in zip(weights_in(node), weights_of(node, shown), strict=True):
            if node.rule is L1 or id(shown.original(x)) in used:
                terms.setdefault(settings_of(node, shown), []).append(name)
    letters = strengths(shown)
    texts = [slope_text(of[0], letters[of[1]], x) for of, names in terms.items() for x in names]
    return f"{', '.join(shortened(texts))}  {legend(terms, letters)}".strip()


def slope_of(node: Tensor, shown: Collection) -> str:
    """What a penalty adds to the gradient of weights, where these are not known."""
    names = weights_of(node, shown)
    name = names[0] if len(names) == 1 else HOLE
    rule, lambd, *_ = settings_of(node, shown)
    return slope_text(rule, strengths(shown)[lambd], name)


def penalties_of(shown: Collection) -> list[Tensor]:
    """The penalties in the forward part."""
    return [
        x for x in shown.tensors if x.rule in PENALTIES and shown.parts[id(x)] in (FORWARD, UPDATE)
    ]


def settings_of(node: Tensor, shown: Collection) -> tuple[Any, ...]:
    """The rule of a penalty, and λ, m and r as they are written."""
    said = []
    for position, x in enumerate(node.args[: numbers_of(node)]):
        number = shown.numbers.get((id(node), position))
        if number is None and type(x) is Tensor:
            said.append(shown.names.get(id(shown.original(x)), ""))
        else:
            said.append(written(x if number is None else number))
    return (node.rule, *said)


def weights_in(node: Tensor) -> list[Any]:
    """The weights of a penalty."""
    return [*node.args[numbers_of(node) :]]


def numbers_of(node: Tensor) -> int:
    """How many arguments of a penalty are numbers: λ, m and r. The others are weights."""
    return 3 if node.rule is ELASTIC_NET else 2


def is_weight(node: Tensor, position: int) -> bool:
    """Whether an argument of an operation is a weight that the operation penalizes."""
    return node.rule in PENALTIES and position >= numbers_of(node)


def weights_of(node: Tensor, shown: Collection) -> list[str]:
    """What the weights of a penalty are called."""
    return [
        shown.names.get(id(shown.original(x)), HOLE) if type(x) is Tensor else HOLE
        for x in weights_in(node)
    ]


def strengths(shown: Collection) -> dict[str, str]:
    """The letter of each strength: λ, or λ₁, λ₂, … where they differ."""
    found = [*dict.fromkeys(settings_of(node, shown)[1] for node in penalties_of(shown))]
    if len(found) < 2:
        return dict.fromkeys(found, "λ")
    return {x: f"λ{str(i).translate(SUBSCRIPTS)}" for i, x in enumerate(found, 1)}


def legend(terms: Terms, letters: dict[str, str]) -> str:
    """What the letters stand for, `λ=0.7, m=20`; those that stand for several things are left."""
    said: dict[str, set[str]] = {}
    for _, lambd, *others in terms:
        said.setdefault(letters[lambd], set()).add(lambd)
        for letter, x in zip(("m", "r"), others, strict=False):
            said.setdefault(letter, set()).add(x)
    in_order = sorted(said, key=lambda letter: (not letter.startswith("λ"), letter))
    texts = [(letter, *said[letter]) for letter in in_order if len(said[letter]) == 1]
    return ", ".join(f"{letter}={x}" for letter, x in texts if x not in ("", letter))


def penalty_text(rule: Rule, strength: str, names: list[str]) -> str:
    """A penalty on some weights."""
    absolute = joined([f"‖{name}‖₁" for name in names])
    squares = joined([f"‖{name}‖²" for name in names])
    if rule is L1:
        return f"{strength}/m {absolute}"
    if rule is L2:
        return f"{strength}/2m {squares}"
    if rule is ELASTIC_NET:
        return f"{strength}/m (r {absolute} + (1−r)/2 {squares})"
    return f"{strength}/m {joined([f'Σ‖{name}‖₂' for name in names])}"


def slope_text(rule: Rule, strength: str, name: str) -> str:
    """What a penalty adds to the gradient of some weights."""
    if rule is L1:
        return f"{strength}/m sign({name})"
    if rule is L2:
        return f"{strength}/m {name}"
    if rule is ELASTIC_NET:
        return f"{strength}/m (r sign({name}) + (1−r) {name})"
    return f"{strength}/m {name}/‖{name}‖₂"


def joined(terms: list[str]) -> str:
    """A sum, in parentheses where it needs them."""
    terms = shortened(terms)
    return terms[0] if len(terms) == 1 else f"({' + '.join(terms)})"


def shortened(terms: list[str]) -> list[str]:
    """The first and the last of many terms, with … between them."""
    return terms if len(terms) <= MOST_TERMS else [*terms[: MOST_TERMS - 2], "…", terms[-1]]
