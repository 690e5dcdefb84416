"""Parameters and data go to where they are used: the weights of a layer stand in its group."""

from __future__ import annotations

from tinygrad_reg.drawing.grouping.tree import TOP, Tree

__all__ = ["move_leaves", "users_of"]

MANY = 12  # named data outside of groups that is still read one by one


def move_leaves(tree: Tree, products: list[int]) -> None:
    """Put every leaf into the innermost group that holds all that uses it.

    Uses by penalties and by other parts of the computation do not count. Named data stays outside
    where it is, unless there is too much of it. Data that goes into one of the first products of
    layers, such as the examples, stands outside of the user's groups: the first layer is like the
    others, and one sees what comes in.
    """
    users = users_of(tree)
    levels = tree.levels().tolist()
    named = []
    for item, node in enumerate(tree.nodes):
        if node.symbol or not users[item]:
            continue
        goal = goal_of(tree, item, users[item], levels)
        if goal == tree.parent[item]:
            continue
        if node.role == "data" and node.name:
            named.append((item, goal))
        else:
            tree.parent[item] = goal
    if len(named) > MANY:
        for item, goal in named:
            tree.parent[item] = goal
    starts = set(products)
    examples = [
        item
        for item, node in enumerate(tree.nodes)
        if node.role == "data" and any(user in starts for user in users[item])
    ]
    if len(examples) <= MANY:
        for item in examples:
            while tree.kind(tree.parent[item]) in ("scope", "call"):
                tree.parent[item] = tree.parent[tree.parent[item]]


def users_of(tree: Tree) -> list[list[int]]:
    """The nodes that use each node, without penalties and nodes of another part."""
    users: list[list[int]] = [[] for _ in tree.nodes]
    in_penalty = [False] * len(tree.parent)
    for item in reversed(tree.from_inside()):
        around = tree.parent[item]
        in_penalty[item] = tree.kind(item) == "penalty" or (around != TOP and in_penalty[around])
    for tail, head in zip(tree.tails.tolist(), tree.heads.tolist(), strict=True):
        node = tree.nodes[head]
        is_penalty = node.role == "penalty" or in_penalty[head]
        if not is_penalty and node.part == tree.nodes[tail].part:
            users[tail].append(head)
    return users


def goal_of(tree: Tree, leaf: int, users: list[int], levels: list[int]) -> int:
    """The innermost group around all users of a leaf, if it is inside of the leaf's own."""
    own = tree.parent[leaf]
    level = levels[leaf] - 1  # of the leaf's group; TOP has -1
    goal = tree.parent[users[0]]
    for user in users[1:]:
        other = tree.parent[user]
        while goal != other and goal != own:
            if level_of(goal, levels) >= level_of(other, levels):
                goal = tree.parent[goal]
            else:
                other = tree.parent[other]
    above = goal
    while level_of(above, levels) > level:
        above = tree.parent[above]
    return goal if above == own else own


def level_of(group: int, levels: list[int]) -> int:
    """How many groups are around a group; -1 for the picture itself."""
    return -1 if group == TOP else levels[group]
