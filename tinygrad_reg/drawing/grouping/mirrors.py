"""Gradients in groups like those of the values that they are gradients of.

The gradient of a layer stands in a group of the layer's title, in the part of the picture that
computes it, and what is computed on the way to such a gradient stands with it.
"""

from __future__ import annotations

from tinygrad_reg.drawing.grouping.tree import TOP, Tree

__all__ = ["mirror_groups", "number_calls"]


def number_calls(tree: Tree) -> None:
    """Tell calls of one function apart: "block 1", "block 2", …; their gradients go by the same."""
    calls = [item for item in tree.group_items() if tree.kind(item) == "call"]
    if len(calls) < 2:
        return
    twins = twins_of(tree)
    ends = tree.ends()
    alike: dict[tuple[int, str], list[int]] = {}
    for item in calls:
        if item not in twins:
            alike.setdefault((tree.parent[item], tree.group(item).title), []).append(item)
    for same in alike.values():
        for number, item in enumerate(sorted(same, key=ends.__getitem__), 1):
            if len(same) > 1:
                tree.group(item).title += f" {number}"
    for item, twin in twins.items():
        tree.group(item).title = tree.group(twin).title


def mirror_groups(tree: Tree) -> None:
    """Group the gradients in every part after the first like the values of the first.

    Layers are mirrored; what the user has grouped is as well, unless the gradients are in such
    groups already.
    """
    if not any(tree.kind(item) in ("scope", "call", "layer") for item in tree.group_items()):
        return
    targets = targets_of(tree)
    if all(target is None for target in targets):
        return
    contents, twins = tree.contents(), twins_of(tree)
    source = next((x for x in contents[TOP].items if is_forward_part(tree, x)), TOP)
    todo = []
    for around, content in contents.items():
        like = twins.get(around)
        if around == TOP or (tree.kind(around) == "part" and around != source):
            like = source
        if like is None:
            continue
        has_groups = any(tree.kind(item) in ("scope", "call") for item in content.items)
        kinds = ("layer",) if around in twins or has_groups else ("layer", "scope", "call")
        parts: dict[str, list[int]] = {}
        for item in content.items:
            if tree.is_node(item) and tree.nodes[item].part != "forward":
                parts.setdefault(tree.nodes[item].part, []).append(item)
        _, after = content.neighbours() if parts else ({}, {})
        todo += [(around, after, items, like, kinds) for items in parts.values()]
    while todo:
        around, after, items, like, kinds = todo.pop()
        places = contents[like].items
        if all(tree.is_node(place) for place in places):
            continue
        found = mirrored(tree, after, items, like, places, targets)
        for original, inside in found.items():
            if tree.kind(original) in kinds and len(inside) > 1:
                new = tree.add(tree.group(original).title, tree.kind(original), around, inside)
                tree.group(new).is_ours = tree.group(original).is_ours
                todo.append((new, after, inside, original, kinds))


def twins_of(tree: Tree) -> dict[int, int]:
    """For groups of gradients the group of the forward part of the same title and kind.

    It is the one that holds what most of them are gradients of.
    """
    votes: dict[int, dict[int, int]] = {}
    for item, target in enumerate(targets_of(tree)):
        group = tree.parent[item]
        if (
            target is None
            or tree.nodes[item].part == "forward"
            or tree.kind(group) in ("top", "part")
        ):
            continue
        wanted = tree.group(group).title, tree.kind(group)
        twin = tree.parent[target]
        while twin != TOP and (tree.group(twin).title, tree.kind(twin)) != wanted:
            twin = tree.parent[twin]
        if twin not in (TOP, group):
            counts = votes.setdefault(group, {})
            counts[twin] = counts.get(twin, 0) + 1
    return {group: max(counts, key=counts.__getitem__) for group, counts in votes.items()}


def is_forward_part(tree: Tree, item: int) -> bool:
    """Whether an item is the group of the forward part."""
    return tree.kind(item) == "part" and tree.group(item).title == "forward"


def targets_of(tree: Tree) -> list[int | None]:
    """The node of the forward part that each node is a gradient of, of whatever order."""
    targets: list[int | None] = []
    for node in tree.nodes:
        target = None if node.gradient_of is None else tree.item_of.get(node.gradient_of)
        if target is not None and tree.nodes[target].part != "forward":
            target = targets[target] if target < len(targets) else None
        targets.append(target)
    return targets


def mirrored(
    tree: Tree,
    after: dict[int, list[int]],
    items: list[int],
    source: int,
    places: list[int],
    targets: list[int | None],
) -> dict[int, list[int]]:
    """The groups inside of a group of the forward part, and the gradients that go with each.

    A sweep from the last gradient to the first: each goes with its own value, but not before those
    that are computed from it; where it is nobody's gradient, with these. So no group of gradients
    needs a later one.
    """
    position = {item: i for i, item in enumerate(places)}
    wanted = set(items)
    rank: dict[int, int] = {}
    for item in reversed(items):
        later = [rank[user] for user in after[item] if user in wanted and user in rank]
        own = ancestor_below(tree, targets[item], source)
        if own is not None:
            later.append(position[own])
        if later:
            rank[item] = max(later)
    found: dict[int, list[int]] = {}
    for item in items:
        if item in rank and not tree.is_node(places[rank[item]]):
            found.setdefault(places[rank[item]], []).append(item)
    return found


def ancestor_below(tree: Tree, item: int | None, source: int) -> int | None:
    """The item directly inside of a group that holds a node; None if it is elsewhere."""
    while item is not None and tree.parent[item] != source:
        item = None if tree.parent[item] == TOP else tree.parent[item]
    return item
