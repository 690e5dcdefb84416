"""The groups of a picture as a tree that can be changed, and what stands in each of them.

Items are numbers: those of the nodes in the picture's order, then those of the groups. TOP stands
for the picture itself.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from tinygrad_reg.drawing.picture import Group, Node, Picture

__all__ = ["TOP", "Content", "Tree"]

TOP = -1


@dataclass(slots=True)
class Content:
    """What stands directly in a group.

    Attributes
    ----------
    items : list of int
        Each after those that lead to it, as far as groups do not lead to each other in circles.
    edges : list of (tail, head, number)
        Between two of the items, or what is inside of them; the number is that of the edge in the
        picture.
    """

    items: list[int] = field(default_factory=list)
    edges: list[tuple[int, int, int]] = field(default_factory=list)

    def neighbours(self) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
        """For every item, those that lead to it, and those that it leads to."""
        before: dict[int, list[int]] = {item: [] for item in self.items}
        after: dict[int, list[int]] = {item: [] for item in self.items}
        for tail, head, _ in self.edges:
            before[head].append(tail)
            after[tail].append(head)
        return before, after


class Tree:
    """The nodes of a picture in a tree of groups.

    Attributes
    ----------
    nodes : list of Node
        Those of the picture, which are not changed.
    groups : list of Group
        Copies of those of the picture, and new ones. `parent` counts, not `Group.parent`.
    parent : list of int
        The group around every item, or TOP.
    tails, heads : array of int
        The edges.
    """

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.nodes: list[Node] = picture.nodes
        self.groups: list[Group] = [replace(each) for each in picture.groups]
        keys = [node.key for node in picture.nodes] + [each.key for each in picture.groups]
        item_of = {key: i for i, key in enumerate(keys)}
        around = [node.group for node in picture.nodes] + [each.parent for each in picture.groups]
        self.parent = [TOP if key is None else item_of[key] for key in around]
        self.tails = np.array([item_of[edge.tail] for edge in picture.edges], dtype=np.int64)
        self.heads = np.array([item_of[edge.head] for edge in picture.edges], dtype=np.int64)
        self.item_of = item_of
        self.taken = set(item_of)
        self.number = 0

    def is_node(self, item: int) -> bool:
        """Whether an item is a node; otherwise it is a group."""
        return item < len(self.nodes)

    def group_items(self) -> range:
        """All items that are groups."""
        return range(len(self.nodes), len(self.parent))

    def group(self, item: int) -> Group:
        """The group that an item is."""
        return self.groups[item - len(self.nodes)]

    def kind(self, item: int) -> str:
        """The kind of group that an item is; "" for a node, "top" for the picture itself."""
        if item == TOP:
            return "top"
        return "" if self.is_node(item) else self.group(item).kind

    def add(self, title: str, kind: str, around: int, items: Iterable[int], count: int = 1) -> int:
        """Put items into a new group."""
        while f"g{self.number}" in self.taken:
            self.number += 1
        key = f"g{self.number}"
        self.number += 1
        self.groups.append(Group(key, title, kind, count=count))
        self.parent.append(around)
        new = len(self.parent) - 1
        for item in items:
            self.parent[item] = new
        return new

    def levels(self) -> np.ndarray:
        """How many groups are around each item."""
        parent = np.array([*self.parent, TOP])  # the entry for TOP, -1, is the last
        levels = np.zeros(len(parent), dtype=np.int64)
        ancestor = parent.copy()
        while (inside := ancestor != TOP).any():
            levels[inside] += 1
            ancestor = parent[ancestor]
        return levels

    def contents(self) -> dict[int, Content]:
        """What stands in each group, and in the picture itself."""
        contents = {TOP: Content()}
        for k in range(len(self.groups)):
            contents[len(self.nodes) + k] = Content()
        self.add_edges(contents)
        ends = self.ends()
        for item, around in enumerate(self.parent):
            contents[around].items.append(item)
        for content in contents.values():
            in_order(content, ends)
        return contents

    def add_edges(self, contents: dict[int, Content]) -> None:
        """Give every edge to the innermost group that holds both of its ends."""
        parent, levels = np.array([*self.parent, TOP]), self.levels()
        tails, heads = self.tails.copy(), self.heads.copy()
        climbing = np.flatnonzero(parent[tails] != parent[heads])
        while climbing.size:
            tail, head = tails[climbing], heads[climbing]
            difference = levels[tail] - levels[head]
            tails[climbing] = np.where(difference >= 0, parent[tail], tail)
            heads[climbing] = np.where(difference <= 0, parent[head], head)
            climbing = climbing[parent[tails[climbing]] != parent[heads[climbing]]]
        around = parent[tails]
        for i, (group, tail, head) in enumerate(
            zip(around.tolist(), tails.tolist(), heads.tolist(), strict=True)
        ):
            if tail != head:
                contents[group].edges.append((tail, head, i))

    def ends(self) -> list[int]:
        """The last node in each item, which says where it stands.

        Not the first: that may be a leaf, and a picture may begin with all leaves.
        """
        last = [*range(len(self.nodes)), *[-1] * len(self.groups)]
        for item in self.from_inside():
            around = self.parent[item]
            if around != TOP:
                last[around] = max(last[around], last[item])
        return last

    def from_inside(self) -> list[int]:
        """All items, each before the group around it."""
        return np.argsort(-self.levels()[:-1], kind="stable").tolist()  # type: ignore[no-any-return]

    def counts(self) -> list[tuple[int, int]]:
        """How many nodes there are in each item, and how many of them are operations."""
        counts = [(1, int(bool(node.symbol))) for node in self.nodes] + [(0, 0)] * len(self.groups)
        for item in self.from_inside():
            around = self.parent[item]
            if around != TOP:
                (nodes, operations), (more, more_operations) = counts[around], counts[item]
                counts[around] = (nodes + more, operations + more_operations)
        return counts

    def result(self) -> Picture:
        """A picture with the groups as they are now; groups with nothing in them are left out."""
        keys = [node.key for node in self.nodes] + [each.key for each in self.groups]
        occupied = {item for item in self.parent if item != TOP}
        nodes = []
        for node, around in zip(self.nodes, self.parent, strict=False):
            nodes.append(replace(node, group=None if around == TOP else keys[around]))
        last, levels = self.ends(), self.levels()
        items = [item for item in range(len(self.nodes), len(self.parent)) if item in occupied]
        items.sort(key=lambda item: (levels[item], last[item], item))
        groups = []
        for item in items:
            around = self.parent[item]
            parent = None if around == TOP else keys[around]
            groups.append(replace(self.group(item), parent=parent))
        edges = [replace(edge) for edge in self.picture.edges]
        return Picture(nodes, edges, groups, self.picture.turns_back)


def in_order(content: Content, ends: list[int]) -> None:
    """Sort items so that edges go forward, by their ends where there is a choice."""
    waiting = dict.fromkeys(content.items, 0)
    heads: dict[int, list[int]] = {}
    for tail, head, _ in content.edges:
        waiting[head] += 1
        heads.setdefault(tail, []).append(head)
    if all(ends[tail] < ends[head] for tail, head, _ in content.edges):
        content.items.sort(key=ends.__getitem__)
        return
    ready = [(ends[item], item) for item in content.items if waiting[item] == 0]
    heapq.heapify(ready)
    left = iter(sorted(content.items, key=ends.__getitem__))
    order: dict[int, None] = {}
    while len(order) < len(content.items):
        if ready:
            item = heapq.heappop(ready)[1]
        else:  # groups that lead to each other
            item = next(item for item in left if item not in order)
        if item in order:
            continue
        order[item] = None
        for head in heads.get(item, ()):
            waiting[head] -= 1
            if waiting[head] == 0:
                heapq.heappush(ready, (ends[head], head))
    content.items = list(order)
