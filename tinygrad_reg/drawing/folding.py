"""Groups drawn as one box each, so that a large graph can be looked at.

Folding never adds or loses anything: every box is there, or inside of a folded group; every edge
is there, or inside, or joined with others between the same two boxes.
"""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from tinygrad_reg.drawing.grouping import SMALL, STEP
from tinygrad_reg.drawing.picture import Edge, Group, Node, Picture
from tinygrad_reg.drawing.symbols import is_finite

__all__ = ["folded"]

LIMIT = 150  # boxes that can still be looked at
LONGEST_ROW = 20  # equal groups that are shown one by one without being asked for
LEAST_IN_ROW = 3  # boxes in each of them
MOST_IN_PENALTY = 8  # boxes
FEW = 12  # boxes up to which calls of this package's functions are open
MOST_SYMBOLS = 5
MOST_NAMES = 4
LONGEST_NAMES = 30  # letters
MOST_TITLES = 20


def folded(
    picture: Picture, depth: int | None = None, expand: Sequence[str] = (), limit: int = LIMIT
) -> Picture:
    """A picture in which some groups are one box each, with the edges between what remains.

    Parameters
    ----------
    picture : Picture
        It stays as it is.
    depth : int or None
        How many levels of groups are open; the parts of a computation do not count. None opens
        everything in a small picture; in others level after level, as far as there are no more
        than `limit` boxes. What comes again and again stays closed then: a few equal groups each
        on its own, more in one box with their count.
    expand : sequence of str
        Titles of groups that are opened with everything around them, whatever the limit. A path
        tells groups of one title apart: `"encoder/layer 1"`.
    limit : int
        How many boxes there may be if depth is None.

    Raises
    ------
    ValueError
        If no group has a title, or depth is negative.
    TypeError
        If depth is not a whole number, or expand is no sequence of texts.

    Examples
    --------
    >>> nodes = [Node("0", "data"), Node("1", "operation", "exp", group="g0")]
    >>> picture = Picture(nodes, [Edge("0", "1")], [Group("g0", "layer 1", "scope")])
    >>> [(node.name, node.symbol) for node in folded(picture, depth=0).nodes]
    [(None, ''), ('layer 1', 'exp')]
    >>> folded(picture) == folded(picture, depth=0, expand=["layer 1"]) == picture
    True
    """
    if isinstance(expand, str):
        expand = (expand,)
    given = list(expand) if isinstance(expand, Iterable) else [expand]
    if not all(isinstance(title, str) for title in given):
        raise TypeError(f"expand={expand!r}: expected titles of groups, such as ['layer 3']")
    if depth is not None and (isinstance(depth, bool) or not hasattr(depth, "__index__")):
        raise TypeError(f"depth={depth!r}: expected a whole number of levels of groups, or None")
    if depth is not None and depth < 0:
        raise ValueError(f"depth={depth}: expected 0 (groups closed), 1, 2, …, or None")
    asked_for = around(picture, found_by_title(picture, given))
    if depth is not None:
        levels = levels_of(picture)
        opened = {each.key for each in picture.groups if levels[each.key] < depth} | asked_for
    elif len(picture.nodes) <= min(SMALL, limit):
        few = len(picture.nodes) <= FEW
        shut = {each.key for each in picture.groups if each.is_ours and not few}
        opened = {each.key for each in picture.groups} - shut | asked_for
    else:
        opened = opened_as_fits(picture, asked_for, limit)
    return contracted(picture, opened)


# -- which groups are open ------------------------------------------------------------------------


def levels_of(picture: Picture) -> dict[str, int]:
    """How many groups are around each group, by its key; parts do not count, and have -1."""
    levels: dict[str, int] = {}
    for each in picture.groups:
        above = -1 if each.parent is None else levels[each.parent]
        levels[each.key] = above if each.kind == "part" else above + 1
    return levels


def opened_as_fits(picture: Picture, asked_for: set[str], limit: int) -> set[str]:
    """The groups that can be open at once: all of a level, as long as they fit.

    From the first level that does not fit, groups that are alike ("layer 1", "layer 2") are opened
    together or not at all, those first that need the fewest boxes.
    """
    inside = groups_inside(picture)
    closed = better_closed(picture)
    boxes_in = Counter(node.group for node in picture.nodes)
    boxes_in.update(each.parent for each in picture.groups)
    opened: set[str] = set()
    boxes = boxes_in[None]

    def open_all(groups: Iterable[Group]) -> list[Group]:
        """Open groups, and return those that this brings to light."""
        nonlocal boxes
        for each in groups:
            opened.add(each.key)
            boxes += boxes_in[each.key] - 1
        return [inner for each in groups for inner in inside.get(each.key, ())]

    shown = inside.get(None, [])
    while found := [each for each in shown if each.key in asked_for and each.key not in opened]:
        shown = [each for each in shown if each.key not in asked_for] + open_all(found)
    parts = [each for each in shown if each.kind == "part"]
    if boxes + sum(boxes_in[each.key] - 1 for each in parts) <= limit:
        shown = [each for each in shown if each.kind != "part"] + open_all(parts)
    kinship = kinship_of(picture)
    while shown:
        families: dict[int, list[Group]] = {}
        for each in shown:
            if each.key not in closed:
                families.setdefault(kinship[each.key], []).append(each)
        costs = [sum(boxes_in[each.key] - 1 for each in family) for family in families.values()]
        shown = []
        for cost, family in sorted(zip(costs, families.values(), strict=True), key=lambda x: x[0]):
            if boxes + cost <= limit:
                shown += open_all(family)
    return opened


def better_closed(picture: Picture) -> set[str]:
    """The groups that are open only if somebody asks for them, by key.

    Equal groups in a row, of which one says what all are, and others of the same title; loops, long
    rows and rows of next to nothing, whose count says more; penalties of many terms, whose formula
    does; calls of this package's functions, whose name does.
    """
    sizes = Counter(node.group for node in picture.nodes)
    for each in reversed(picture.groups):
        sizes[each.parent] += sizes[each.key]
    closed: set[str] = set()
    in_row: set[str | None] = set()
    alike: set[tuple[str, str]] = set()
    for each in picture.groups:
        if each.parent in in_row:
            closed.add(each.key)
            if each.kind == "block":
                in_row.add(each.key)
            else:
                alike.add((each.kind, without_numbers(each.title)))
        if each.kind == "repeat":
            in_row.add(each.key)
            is_short = each.count <= LONGEST_ROW and each.title != STEP
            if not (is_short and sizes[each.key] >= LEAST_IN_ROW * each.count):
                closed.add(each.key)
        if each.kind == "penalty" and sizes[each.key] > MOST_IN_PENALTY:
            closed.add(each.key)
        if each.is_ours:
            closed.add(each.key)
    same = {
        each.key for each in picture.groups if (each.kind, without_numbers(each.title)) in alike
    }
    return closed | same


def without_numbers(title: str) -> str:
    """What titles of groups that are alike have in common: "layer #"."""
    return re.sub(r"\d+", "#", title)


def kinship_of(picture: Picture) -> dict[str, int]:
    """A number for each group, by key, that groups of alike titles in alike groups share."""
    kinship: dict[str, int] = {}
    numbers: dict[tuple[int, str, str], int] = {}
    for each in picture.groups:
        above = -1 if each.parent is None else kinship[each.parent]
        family = above, each.kind, without_numbers(each.title)
        kinship[each.key] = numbers.setdefault(family, len(numbers))
    return kinship


def groups_inside(picture: Picture) -> dict[str | None, list[Group]]:
    """The groups directly inside of each group, by its key."""
    inside: dict[str | None, list[Group]] = {}
    for each in picture.groups:
        inside.setdefault(each.parent, []).append(each)
    return inside


# -- titles that are asked for --------------------------------------------------------------------


def found_by_title(picture: Picture, expand: Sequence[str]) -> set[str]:
    """The keys of the groups that have these titles or paths, or an error that lists what there is.

    A folded row of equal groups also goes by what its box says, `layer ×12`.
    """
    by_title: dict[str, list[Group]] = {}
    for each in picture.groups if expand else ():
        for title in {typed(each.title), typed(each.counted_title)}:
            by_title.setdefault(title, []).append(each)
    parents = {each.key: each for each in picture.groups}
    found = set()
    for wanted in expand:
        exact = by_title.get(typed(wanted), [])
        if not exact and not re.search(r"\d$", wanted):  # of calls that are numbered, all
            calls = [each for each in picture.groups if each.kind == "call"]
            exact = [x for x in calls if re.sub(r" \d+$", "", typed(x.title)) == typed(wanted)]
        keys = {each.key for each in exact} or {
            each.key
            for title, groups in by_title.items()
            if typed(wanted).endswith("/" + title)
            for each in groups
            if is_at(each, typed(wanted)[: -len(title) - 1], parents)
        }
        if not keys:
            raise ValueError(no_such_title(picture, wanted))
        found |= keys
    return found


def is_at(group: Group, path: str, parents: dict[str, Group]) -> bool:
    """Whether the groups of a path are around a group, in this order; others may be in between."""
    above = group.parent
    while above is not None and path:
        title = typed(parents[above].title)
        if path == title:
            return True
        if path.endswith("/" + title):
            path = path[: -len(title) - 1]
        above = parents[above].parent
    return not path


def typed(title: str) -> str:
    """A title as it is compared: a dash counts as the hyphen that people type."""
    return title.replace("–", "-").strip()


def no_such_title(picture: Picture, wanted: str) -> str:
    """What to say if no group has a title: the titles there are."""
    titles = list(dict.fromkeys(each.title for each in picture.groups))
    if not titles:
        return f"expand={wanted!r}, but there are no groups. Make some with `with tg.scope(name):`"
    listed = ", ".join(repr(title) for title in titles[:MOST_TITLES])
    more = f" and {len(titles) - MOST_TITLES} more" if len(titles) > MOST_TITLES else ""
    return f"expand={wanted!r}: no group has this title. Expected one of {listed}{more}"


def around(picture: Picture, keys: set[str]) -> set[str]:
    """The keys of groups and of all groups around them."""
    result = set(keys)
    for each in reversed(picture.groups):
        if each.key in result and each.parent is not None:
            result.add(each.parent)
    return result


# -- the picture that remains ---------------------------------------------------------------------


def contracted(picture: Picture, opened: set[str]) -> Picture:
    """The picture with every group as one box that is not open, nor inside of one that is not."""
    outermost: dict[str | None, str | None] = {None: None}
    for each in picture.groups:
        closed = None if each.key in opened else each.key
        outermost[each.key] = outermost[each.parent] or closed
    boxes = {node.key: outermost[node.group] or node.key for node in picture.nodes}
    members: dict[str, list[Node]] = {}
    for node in picture.nodes:
        members.setdefault(boxes[node.key], []).append(node)
    groups = {each.key: each for each in picture.groups}
    parameters = {node.key for node in picture.nodes if node.role == "parameter"}
    made = {edge.head for edge in picture.edges}
    made |= {node.key for node in picture.nodes if node.part == "forward"}  # else a constant
    nodes = [
        box_of(groups[key], inside, boxes, parameters, made)
        if key in groups
        else replace(inside[0])
        for key, inside in members.items()
    ]
    for node in nodes:
        hidden = node.gradient_of is not None and boxes.get(node.gradient_of) in groups
        if hidden and node.key not in groups:
            node.gradient_of = None  # it would stand under a box that is much more
    edges = joined(picture.edges, boxes, groups)
    open_groups = [replace(each) for each in picture.groups if outermost[each.key] is None]
    return Picture(in_order(nodes, edges), edges, open_groups, picture.turns_back)


def box_of(
    group: Group, inside: list[Node], boxes: dict[str, str], parameters: set[str], made: set[str]
) -> Node:
    """A group as one box: its title, what it does, and how much is inside."""
    operations = [node for node in inside if node.symbol and node.key in made]
    count = len(operations)
    formula, _, letters = group.formula.partition("  ")
    options = [letters, f"{count:,} operation{'s' * (count != 1)}" if count else ""]
    options.append(names_in(inside, parameters))
    mirrored = Counter(boxes[node.gradient_of] for node in inside if node.gradient_of in boxes)
    mirrored.pop(group.key, None)
    return Node(
        group.key,
        "penalty" if group.kind == "penalty" else "group",
        formula or symbols_of(operations),
        tuple(filter(None, options)),
        group.counted_title,
        part=inside[0].part,
        gradient_of=max(mirrored, key=mirrored.__getitem__, default=None),
        group=group.parent,
        alarm=alarm_of(inside),
    )


def alarm_of(inside: list[Node]) -> str:
    """What is not finite in a group, in words; empty if there is nothing."""
    counts = {
        "value": sum(not is_finite(node.value) for node in inside),
        "gradient": sum(not is_finite(node.gradient) for node in inside),
    }
    said = [f"{count:,} {what}{'s' * (count != 1)}" for what, count in counts.items() if count]
    return f"{' and '.join(said)} with NaN or ∞" if said else ""


def symbols_of(operations: list[Node]) -> str:
    """The operations of a group, each once."""
    symbols = list(dict.fromkeys(node.symbol for node in operations))
    shown = [*symbols[:MOST_SYMBOLS], *["…"] * (len(symbols) > MOST_SYMBOLS)]
    return (", " if any(" " in symbol for symbol in shown) else " ").join(shown)


def names_in(inside: list[Node], parameters: set[str]) -> str:
    """The parameters in a group, and the gradients of parameters, by name, or how many there are.

    Gradients without names are left out.
    """
    found = [node for node in inside if node.role == "parameter"]
    gradients = [node for node in inside if node.gradient_of in parameters and node.name]
    names = ", ".join(node.name or "" for node in [*found, *gradients])
    few = len(found) + len(gradients) <= MOST_NAMES and len(names) <= LONGEST_NAMES
    if few and all(node.name for node in found):
        return names
    return f"{len(found):,} parameter{'s' * (len(found) != 1)}" if found else ""


def joined(edges: list[Edge], boxes: dict[str, str], groups: dict[str, Group]) -> list[Edge]:
    """The edges between boxes: those with a folded group at an end once for each pair of boxes.

    What such an edge says stays if there is only one thing to say.
    """
    result: list[Edge] = []
    of_pair: dict[tuple[str, str], Edge] = {}
    for edge in edges:
        tail, head = boxes[edge.tail], boxes[edge.head]
        if tail == head:
            continue
        new = Edge(tail, head, edge.place, edge.local, edge.argument)
        if head in groups:
            new.place, new.local, new.argument = "", "", 0
        if tail not in groups and head not in groups:
            result.append(new)
            continue
        known = of_pair.setdefault((tail, head), new)
        if known is new:
            result.append(new)
        elif (known.place, known.local) != (new.place, new.local):
            known.place = known.local = ""
    return result


def in_order(nodes: list[Node], edges: list[Edge]) -> list[Node]:
    """The boxes, each after what leads to it, as far as there is such an order.

    Otherwise the order of the picture counts.
    """
    position = {node.key: i for i, node in enumerate(nodes)}
    heads: list[list[int]] = [[] for _ in nodes]
    waiting = [0] * len(nodes)
    for edge in edges:
        heads[position[edge.tail]].append(position[edge.head])
        waiting[position[edge.head]] += 1
    ready = [i for i, count in enumerate(waiting) if count == 0]
    done = [False] * len(nodes)
    order: list[Node] = []
    first_left = 0
    while len(order) < len(nodes):
        if ready:
            i = heapq.heappop(ready)
        else:  # groups that lead to each other: the first of them goes first
            while done[first_left]:
                first_left += 1
            i = first_left
        if done[i]:
            continue
        done[i] = True
        order.append(nodes[i])
        for head in heads[i]:
            waiting[head] -= 1
            if waiting[head] == 0 and not done[head]:
                heapq.heappush(ready, head)
    return order
