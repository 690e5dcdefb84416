"""The order in which a program computes its nodes."""

from __future__ import annotations

from heapq import heapify, heappop, heappush

from tinygrad_reg.compiler.graph import Graph, Node, operands

__all__ = ["in_order", "never_changing"]


def in_order(graph: Graph) -> list[Node]:
    """The nodes of a graph, each after its operands, and otherwise as the function computed them.

    That is the order of their numbers, except that simplification has made new nodes, with higher
    numbers than those who need them.
    """
    nodes = graph.nodes()
    users: dict[int, list[Node]] = {id(node): [] for node in nodes}
    missing: dict[int, int] = {}
    for node in nodes:
        needed = {id(x) for x in operands(node)}
        missing[id(node)] = len(needed)
        for key in needed:
            users[key].append(node)
    turn: dict[int, int] = {}
    for node in reversed(nodes):
        turn[id(node)] = min([node.number, *[turn[id(user)] for user in users[id(node)]]])
    place = {id(node): i for i, node in enumerate(nodes)}
    ready = [(turn[id(x)], x.number, place[id(x)]) for x in nodes if not missing[id(x)]]
    heapify(ready)
    found = []
    while ready:
        node = nodes[heappop(ready)[-1]]
        found.append(node)
        for user in users[id(node)]:
            missing[id(user)] -= 1
            if not missing[id(user)]:
                heappush(ready, (turn[id(user)], user.number, place[id(user)]))
    return found


def never_changing(nodes: list[Node]) -> set[int]:
    """The operations, by `id`, that depend on constants alone."""
    found: set[int] = set()
    for node in nodes:
        if node.kind == "operation" and all(
            x.kind in ("number", "constant") or id(x) in found for x in operands(node)
        ):
            found.add(id(node))
    return found
