"""Groups where the user gave none: layers, equal things in a row, stretches of what is left.

They are there so that large graphs can be folded and any part of them opened. Groups that the user
made, with `tg.scope` or by calling functions, stay as they are. Small pictures get layers only.
"""

from __future__ import annotations

from tinygrad_reg.drawing.grouping.blocks import cut
from tinygrad_reg.drawing.grouping.layers import first_products, group_layers
from tinygrad_reg.drawing.grouping.leaves import move_leaves
from tinygrad_reg.drawing.grouping.mirrors import mirror_groups, number_calls
from tinygrad_reg.drawing.grouping.repeats import STEP, Run, group_run, runs
from tinygrad_reg.drawing.grouping.structure import Row, rows
from tinygrad_reg.drawing.grouping.tree import Tree
from tinygrad_reg.drawing.picture import Picture

__all__ = ["SMALL", "STEP", "grouped"]

SMALL = 60  # boxes up to which a picture is read as it is
FEW = 10  # leaves used all along a row that are left beside it


def grouped(picture: Picture) -> Picture:
    """The picture with groups around what belongs together; the one that is given stays as it is.

    Examples
    --------
    >>> from tinygrad_reg.drawing.picture import Edge, Node
    >>> nodes = [Node(str(i), "operation", "tanh") for i in range(100)]
    >>> edges = [Edge(str(i), str(i + 1)) for i in range(99)]
    >>> groups = grouped(Picture(nodes, edges)).groups
    >>> groups[0].title, groups[0].count, groups[1].title
    ('step', 100, 'step 1–10')
    """
    tree = Tree(picture)
    products = first_products(tree)
    move_leaves(tree, products)
    group_layers(tree, products)
    number_calls(tree)
    mirror_groups(tree)
    if len(picture.nodes) > SMALL:
        group_rows(tree)
    return tree.result()


def group_rows(tree: Tree) -> None:
    """Find what comes again and again, and cut what is still too long, in every group."""
    contents = tree.contents()
    counts = tree.counts()
    parts = sum(each.kind == "part" for each in tree.groups)
    most = min(SMALL, 2 * SMALL // max(parts, 1))
    for around, row in rows(tree, contents).items():
        group_row(tree, around, row, counts, most)


def group_row(tree: Tree, around: int, row: Row, counts: list[tuple[int, int]], most: int) -> None:
    """Group what comes again and again in a row, and cut it into stretches if it is too long."""
    boxes = [counts[item][0] for item in row.items]
    operations = [counts[item][1] for item in row.items]
    todo = [(around, 0, len(row.items))]
    while todo:
        parent, start, stop = todo.pop()
        # What will stand in the group, and how many operations there are in each.
        children: dict[int, int] = {}
        if parent == around and len(row.spread) > FEW:
            children.update(dict.fromkeys(row.spread, 0))
        at = start
        for run in [*runs(row, start, stop, boxes), Run(stop, 0, 0)]:
            for i in range(at, run.start):
                children.update(dict.fromkeys(row.beside.pop(i, ()), 0))
                children[row.items[i]] = operations[i]
            at = run.stop
            if run.times:
                for i in range(run.start, run.stop):
                    children.update(dict.fromkeys(row.beside.pop(i, ()), 0))
                repeat, steps = group_run(tree, parent, row, run)
                children[repeat] = sum(operations[run.start : run.stop])
                todo += steps
        if len(children) > most:
            cut(tree, parent, [*children], "operations", [*children.values()])
