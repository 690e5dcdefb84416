"""The layers of a network that nobody marked as such.

A layer begins with the product of what comes in and a matrix of parameters (or a convolution), and
goes on with everything up to the next such product: the bias, the activation, what normalizes. The
last one ends with the last value through which everything behind it goes, before the targets come
in or a single number is left.
"""

from __future__ import annotations

import re

from tinygrad_reg.drawing.grouping.leaves import users_of
from tinygrad_reg.drawing.grouping.tree import TOP, Content, Tree
from tinygrad_reg.drawing.picture import Node

__all__ = ["first_products", "group_layers"]

PRODUCT = re.compile(r"@|\b(matmul|dot|inner|tensordot|einsum|vecdot|conv\w*)\b")
ARRANGES = re.compile(r"·ᵀ|^\[|\b(transpose|reshape|swapaxes|moveaxis|pad|windows?\b.*|squeeze)\b")
LEAST_INSIDE = {"scope": 3, "call": 3}  # layers for which a group of the user's gets groups inside
LEAST = 2
MOST_USES = 2  # of a matrix by layers; with more it belongs to a loop


def group_layers(tree: Tree, products: list[int]) -> None:
    """Group the layers in every group of the user's that has several and does not group them.

    `products` are those that layers begin with.
    """
    if len(products) < LEAST:
        return
    holding = {TOP}
    for item in products:
        around = tree.parent[item]
        while around not in holding:
            holding.add(around)
            around = tree.parent[around]
    direct: dict[int, list[int]] = {}
    for item in products:
        direct.setdefault(tree.parent[item], []).append(item)
    has_groups_with_products = {tree.parent[group] for group in holding if group != TOP}
    found = [
        around
        for around, inside in direct.items()
        if tree.kind(around) in ("top", "part", "scope", "call")
        and around not in has_groups_with_products
        and len(inside) >= LEAST_INSIDE.get(tree.kind(around), LEAST)
    ]
    if not found:
        return
    contents, users = tree.contents(), users_of(tree)
    for around in found:
        layers = layers_of(tree, contents[around], set(direct[around]), users)
        if len(layers) >= LEAST_INSIDE.get(tree.kind(around), LEAST):
            for number, items in enumerate(layers, 1):
                tree.add(f"layer {number}", "layer", around, items)


def first_products(tree: Tree) -> list[int]:
    """The products of a value and a matrix of parameters, with which layers begin."""
    arguments: list[list[int]] = [[] for _ in tree.nodes]
    for tail, head in zip(tree.tails.tolist(), tree.heads.tolist(), strict=True):
        arguments[head].append(tail)
    matrices: list[int | None] = []  # the matrix of parameters that a node is, but for its axes
    found: list[tuple[int, int]] = []
    uses: dict[int, int] = {}
    for item, node in enumerate(tree.nodes):
        own = item if node.role == "parameter" and len(node.shape) >= 2 else None
        known = [matrices[x] for x in arguments[item] if x < item]
        if node.symbol and len(known) == 1 and ARRANGES.search(node.symbol):
            own = known[0]
        matrices.append(own)
        used = [matrix for matrix in known if matrix is not None]
        if used and node.part == "forward" and len(known) > 1 and PRODUCT.search(node.symbol):
            found.append((item, used[0]))
            uses[used[0]] = uses.get(used[0], 0) + 1
    return [item for item, matrix in found if uses[matrix] <= MOST_USES]


def layers_of(
    tree: Tree, content: Content, products: set[int], users: list[list[int]]
) -> list[list[int]]:
    """The items of each layer: of what has passed one product of parameters, two, and so on."""
    before, after = content.neighbours()
    items = [item for item in content.items if belongs(tree, item)]
    passed: dict[int, int] = {}
    for item in items:
        behind = max((passed.get(x, 0) for x in before[item]), default=0)
        passed[item] = behind + (item in products)
    layer: dict[int, int] = {}
    last, lead_on = [], set()
    for item in reversed(items):
        leads_on = any(x in lead_on for x in after[item])
        if leads_on or item in products:
            lead_on.add(item)
            if passed[item]:
                layer[item] = passed[item]
            if not leads_on:
                last.append(item)
    for product in reversed(last):
        usual = symbols_of(tree, items, layer, passed[product] - 1)
        for item in last_layer(tree, product, before, after, layer, usual):
            layer.setdefault(item, passed[product])
    for item in reversed(items):
        bring_closer(tree, item, after, layer, products)
    add_leaves(tree, content.items, layer, products, users)
    found: dict[int, list[int]] = {number: [] for number in sorted(set(layer.values()))}
    for item in content.items:
        if item in layer:
            found[layer[item]].append(item)
    return [*found.values()]


def belongs(tree: Tree, item: int) -> bool:
    """Whether an item can be in a layer: an operation of the forward part that is no penalty."""
    if not tree.is_node(item):
        return tree.kind(item) in ("scope", "call")
    node = tree.nodes[item]
    return bool(node.symbol) and node.part == "forward" and node.role != "penalty"


def last_layer(
    tree: Tree,
    product: int,
    before: dict[int, list[int]],
    after: dict[int, list[int]],
    layer: dict[int, int],
    usual: list[str],
) -> list[int]:
    """A product that leads to no other, and what comes after it up to the last single value.

    Or less, if that makes it the same operations as the layer before, which are `usual`.
    """
    inside = {product: None}
    todo = [product]
    for item in todo:
        for user in after[item]:
            if user not in inside and user not in layer and goes_on(tree, user, before, inside):
                inside[user] = None
                todo.append(user)
    uses_left = {item: len(set(after[item])) for item in inside}
    needed_behind, taken, best = 0, [], [product]
    for item in inside:
        taken.append(item)
        needed_behind += 1
        for x in set(before[item]) & inside.keys():
            uses_left[x] -= 1
            needed_behind -= uses_left[x] == 0
        if needed_behind == 1:
            best = [*taken]
            if [tree.nodes[each].symbol for each in best] == usual:
                break
    return best


def symbols_of(tree: Tree, items: list[int], layer: dict[int, int], number: int) -> list[str]:
    """The operations of a layer."""
    found = [item for item in items if layer.get(item) == number and tree.is_node(item)]
    return [tree.nodes[item].symbol for item in found]


def goes_on(tree: Tree, item: int, before: dict[int, list[int]], inside: dict[int, None]) -> bool:
    """Whether an operation still belongs to the last layer: it needs nothing but that and numbers.

    Parameters, such as the bias, may come in; data would be the targets.
    """
    if not belongs(tree, item) or not tree.is_node(item) or tree.nodes[item].shape == ():
        return False
    return all(x in inside or is_parameter(tree, x, before) for x in before[item])


def is_parameter(tree: Tree, item: int, before: dict[int, list[int]]) -> bool:
    """Whether an item is a parameter, or one with its axes arranged."""
    while tree.is_node(item) and tree.nodes[item].symbol and len(before[item]) == 1:
        if not ARRANGES.search(tree.nodes[item].symbol):
            return False
        (item,) = before[item]
    return tree.is_node(item) and tree.nodes[item].role == "parameter"


def bring_closer(
    tree: Tree,
    item: int,
    after: dict[int, list[int]],
    layer: dict[int, int],
    products: set[int],
) -> None:
    """What only arranges the entries for a layer belongs to that layer, not to the one before."""
    if item in products or not tree.is_node(item) or not ARRANGES.search(tree.nodes[item].symbol):
        return
    goals = [layer.get(x) for x in after[item]]
    if goals and all(goal is not None for goal in goals):
        layer[item] = min(goal for goal in goals if goal is not None)


def add_leaves(
    tree: Tree,
    items: list[int],
    layer: dict[int, int],
    products: set[int],
    users: list[list[int]],
) -> None:
    """Put the parameters of a layer into it, and data that is not what comes in or the targets."""
    for item in items:
        if not tree.is_node(item) or tree.nodes[item].symbol or not users[item]:
            continue
        using = {item_at(tree, user, layer) for user in users[item]}
        goals = {layer.get(user) for user in using}
        is_input = is_named_data(tree.nodes[item]) and using & products
        if len(goals) == 1 and None not in goals and not is_input:
            layer[item] = goals.pop()  # type: ignore[assignment]


def item_at(tree: Tree, item: int, layer: dict[int, int]) -> int:
    """An item, or the group around it that is in a layer."""
    inner = item
    while item != TOP and item not in layer:
        item = tree.parent[item]
    return inner if item == TOP else item


def is_named_data(node: Node) -> bool:
    """Whether a leaf is data that has a name."""
    return node.role == "data" and node.name is not None
