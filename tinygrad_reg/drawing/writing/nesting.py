"""Which boxes stand in which group, and which belong to a penalty."""

from __future__ import annotations

from collections.abc import Iterator

from tinygrad_reg.drawing.picture import Group, Node, Picture

__all__ = ["penalties_in", "walked"]


def walked(picture: Picture) -> Iterator[tuple[str, Node | Group]]:
    """Every box and every group that holds one, as ("box", it), and ("open" or "close", it)."""
    contents = contents_of(picture)
    open_groups: list[tuple[Group | None, Iterator[Node | Group]]] = [(None, iter(contents[None]))]
    while open_groups:
        group, items = open_groups[-1]
        item = next(items, None)
        if item is None:
            open_groups.pop()
            if group is not None:
                yield "close", group
        elif isinstance(item, Node):
            yield "box", item
        else:
            yield "open", item
            open_groups.append((item, iter(contents[item.key])))


def contents_of(picture: Picture) -> dict[str | None, list[Node | Group]]:
    """What stands directly in each group that holds a box, and (under None) in none."""
    groups = {group.key: group for group in picture.groups}
    contents: dict[str | None, list[Node | Group]] = {None: []}
    for node in picture.nodes:
        item: Node | Group = node
        around = node.group
        while around is not None and around not in contents:
            contents[around] = [item]
            item, around = groups[around], groups[around].parent
        contents[around].append(item)
    return contents


def penalties_in(picture: Picture) -> set[str]:
    """The keys of the boxes that are penalties or stand in the group of one."""
    within: dict[str | None, bool] = {None: False}
    for group in picture.groups:
        within[group.key] = group.kind == "penalty" or within[group.parent]
    return {node.key for node in picture.nodes if node.role == "penalty" or within[node.group]}
