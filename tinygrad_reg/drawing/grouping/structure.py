"""What each item of a picture is and how it is wired, as numbers that are equal where these are.

Names do not count: two layers are equal if their operations, options, shapes and edges are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass

from tinygrad_reg.drawing.grouping.tree import TOP, Content, Tree

__all__ = ["LEAST", "Row", "rows"]

LEAST = 3  # equal things in a row that are worth a count
MANY_USES = 8
FAR = 40  # places in a row, which is more than the steps of most loops are long


@dataclass(slots=True)
class Row:
    """The items of a group in a row, and what makes them equal.

    Attributes
    ----------
    items : list of int
        Each after those that lead to it, a leaf right before what uses it.
    spread : list of int
        Leaves that are used all along the row, such as the weights of a loop; not in `items`.
    beside : dict
        Leaves of which there are too few to come again and again, such as what a loop starts with,
        by the position of the first item that uses them; not in `items`.
    kinds : list of int
        Equal for items that are the same.
    wired : list of int
        Equal for items that are the same, and get their arguments from as far back in the row. Of
        leaves, and of groups that are used all along the row, any that is the same will do.
    last_use : list of int
        The position of the last item that uses each; its own if there is none.
    """

    items: list[int]
    spread: list[int]
    beside: dict[int, list[int]]
    kinds: list[int]
    wired: list[int]
    last_use: list[int]


class Numbers:
    """A number for everything that is asked for, the same for what is equal."""

    def __init__(self) -> None:
        self.known: dict[Hashable, int] = {}

    def __call__(self, x: Hashable) -> int:
        """The number of something."""
        return self.known.setdefault(x, len(self.known))


def rows(tree: Tree, contents: dict[int, Content]) -> dict[int, Row]:
    """The row of every group, and of the picture itself."""
    numbers = Numbers()
    signatures = [numbers(signature_of(tree, i)) for i in range(len(tree.nodes))]
    signatures += [0] * len(tree.groups)
    result = {}
    for item in [*(i for i in tree.from_inside() if not tree.is_node(i)), TOP]:
        row = row_of(tree, contents[item], signatures, numbers)
        result[item] = row
        if item != TOP:
            apart = [*row.spread, *(leaf for leaves in row.beside.values() for leaf in leaves)]
            known = tuple(signatures[leaf] for leaf in apart)
            signatures[item] = numbers((tree.kind(item), tuple(row.wired), known))
    return result


def signature_of(tree: Tree, item: int) -> Hashable:
    """What a node is, without its name; the positions that an index takes do not count."""
    node = tree.nodes[item]
    symbol = re.sub(r"\d+", "#", node.symbol) if node.symbol.startswith("[") else node.symbol
    return node.role, symbol, node.options, node.shape, node.dtype, node.part


def row_of(tree: Tree, content: Content, signatures: list[int], numbers: Numbers) -> Row:
    """The items of one group in a row."""
    items, spread, beside = lined_up(tree, content, signatures)
    position = {item: i for i, item in enumerate(items)}
    far = used_all_along(tree, content, position)
    wires: list[list[tuple[int, ...]]] = [[] for _ in items]
    last_use = list(range(len(items)))
    edges, heads, tails = tree.picture.edges, tree.heads, tree.tails
    for tail, head, number in content.edges:
        if head not in position:
            continue
        at = position[head]
        if tail in position:
            last_use[position[tail]] = max(last_use[position[tail]], at)
        distance = 0 if is_leaf(tree, tail) or tail in far else at - position[tail]
        ends = signatures[heads[number]], signatures[tails[number]]
        wires[at].append((*ends, edges[number].argument, distance))
    kinds = [signatures[item] for item in items]
    wired = [numbers((kind, tuple(sorted(w)))) for kind, w in zip(kinds, wires, strict=True)]
    return Row(items, spread, beside, kinds, wired, last_use)


def used_all_along(tree: Tree, content: Content, position: dict[int, int]) -> set[int]:
    """The groups in a row that many items use, spread over more than a quarter of it."""
    uses: dict[int, list[int]] = {}
    for tail, head, _ in content.edges:
        if head in position and not tree.is_node(tail):
            uses.setdefault(tail, []).append(position[head])
    return {
        item
        for item, places in uses.items()
        if len(places) > MANY_USES and 4 * (max(places) - min(places)) > len(position)
    }


def lined_up(
    tree: Tree, content: Content, signatures: list[int]
) -> tuple[list[int], list[int], dict[int, list[int]]]:
    """The items in a row, the leaves spread over it, and those beside it: see `Row`.

    A leaf is spread over the row if what uses it is far apart.
    """
    before, after = content.neighbours()
    inner = [i for i in content.items if not (is_leaf(tree, i) and after[i])]
    position = {item: i for i, item in enumerate(inner)}
    first_use: dict[int, int] = {}
    spread = []
    for item in content.items:
        if item not in position:
            uses = [position[head] for head in after[item]]
            reach = max(uses) - min(uses)
            if reach > FAR or 4 * reach > len(inner):
                spread.append(item)
            else:
                first_use[item] = min(uses)
    there_are = Counter(signatures[leaf] for leaf in first_use)
    leaves: dict[int, list[int]] = {}
    rare: dict[int, list[int]] = {}
    for leaf, at in first_use.items():
        (leaves if there_are[signatures[leaf]] >= LEAST else rare).setdefault(at, []).append(leaf)
    items: list[int] = []
    beside: dict[int, list[int]] = {}
    for at, item in enumerate(inner):
        argument = {tail: i for i, tail in reversed([*enumerate(before[item])])}
        items += sorted(leaves.get(at, ()), key=argument.__getitem__)
        if at in rare:
            beside[len(items)] = rare[at]
        items.append(item)
    return items, spread, beside


def is_leaf(tree: Tree, item: int) -> bool:
    """Whether an item is a parameter or data."""
    return tree.is_node(item) and not tree.nodes[item].symbol
