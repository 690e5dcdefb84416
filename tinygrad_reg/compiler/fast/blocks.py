"""Elementwise work on large arrays, block by block, so that what is in between stays in the cache.

Steps on entries of one shape that need each other's results, and sums of their entries, become one
loop. In it, every array is a slice, and what is only needed within the loop is as long as a block.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush

from tinygrad_reg.compiler.fast.values import Step, Value

__all__ = ["Loop", "in_blocks"]

LARGE = 64 * 1024  # entries from which on a loop is worth its overhead
BLOCK = 16 * 1024  # entries of a block


class Loop(Step):
    """Steps in a loop over blocks.

    Attributes
    ----------
    body : list of Step
        In order.
    entries : tuple of int
        The shape of the arrays.
    is_flat : bool
        Whether every array has this shape with its entries one after the other, so that blocks are
        slices of vectors; otherwise they are slices along the first axis.
    """

    __slots__ = ("body", "is_flat")

    def __init__(self, body: list[Step]) -> None:
        super().__init__(entries=body[0].entries)
        self.body = body
        self.parts = tuple(dict.fromkeys(x for step in body for x in values_of(step)))
        arrays = [x for step in body for x in step.arrays()]
        self.is_flat = all(can_be_flat(x, self.shape) for x in arrays)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the arrays."""
        assert self.entries is not None
        return self.entries

    @property
    def length(self) -> int:
        """The length of what is cut into blocks."""
        return size_of(self.shape) if self.is_flat else self.shape[0]

    @property
    def block(self) -> tuple[int, ...]:
        """The shape of a block."""
        if self.is_flat:
            return (min(BLOCK, self.length),)
        rows = max(1, BLOCK // size_of(self.shape[1:]))
        return (min(rows, self.length), *self.shape[1:])


class Bundle:
    """The steps of one node, which stay together.

    `users` are those who need its results, and whether they need them as a whole. Who needs the
    results of a group has a lower level than the group, unless it is in the group.
    """

    __slots__ = ("group", "level", "place", "steps", "users")

    def __init__(self, place: int) -> None:
        self.steps: list[Step] = []
        self.place = place
        self.users: list[tuple[Bundle, bool]] = []
        self.level = 0
        self.group: Group | None = None

    @property
    def entries(self) -> tuple[int, ...] | None:
        """The shape of the entries that it treats alike, if it can be cut into blocks."""
        shapes = {step.entries for step in self.steps}
        shape = shapes.pop()
        if shapes or shape is None or size_of(shape) < LARGE:
            return None
        arrays = [x for step in self.steps for x in step.arrays()]
        if all(can_be_flat(x, shape) for x in arrays) or size_of(shape[1:]) <= BLOCK:
            return shape
        return None

    def least_level(self, group: Group | None) -> int:
        """The level that those who need it ask for, if it is in a group."""
        levels = [
            user.level + (user.group is not None and (user.group is not group or as_whole))
            for user, as_whole in self.users
        ]
        return max(levels, default=0)


class Group:
    """Bundles that run in one loop."""

    def __init__(self, shape: tuple[int, ...], level: int) -> None:
        self.shape = shape
        self.level = level


def in_blocks(steps: list[Step]) -> list[Step]:
    """The same steps, with loops for work on the entries of large arrays."""
    if not any(step.entries is not None and size_of(step.entries) >= LARGE for step in steps):
        return steps
    bundles = bundled(steps)
    connect(bundles)
    find_groups(bundles)
    return ordered(bundles)


def bundled(steps: list[Step]) -> list[Bundle]:
    """Steps of one node together."""
    bundles: dict[int, Bundle] = {}
    for step in steps:
        bundles.setdefault(step.bundle, Bundle(step.bundle)).steps.append(step)
    return list(bundles.values())


def connect(bundles: list[Bundle]) -> None:
    """Tell every bundle who needs its results, and who of them as a whole, not entry by entry."""
    makers: dict[int, Bundle] = {}
    for bundle in bundles:
        found: dict[Bundle, bool] = {}
        for step in bundle.steps:
            for x in step.arrays():
                for owner in x.keeps:
                    maker = makers.get(id(owner))
                    if maker is not None:
                        as_whole = x is not owner or not x.shape
                        found[maker] = found.get(maker, False) or as_whole
        for maker, as_whole in found.items():
            maker.users.append((bundle, as_whole))
        for step in bundle.steps:
            if step.out is not None:
                makers[id(step.out)] = bundle


def find_groups(bundles: list[Bundle]) -> None:
    """Put each bundle into the group of those who need its results, or who share its operands."""
    reading = arrays_read(bundles)
    around: dict[int, list[Group]] = {}  # an array, by the `id` of what owns it -> groups with it
    for bundle in reversed(bundles):
        shape = bundle.entries
        bundle.level = bundle.least_level(None)
        if shape is None:
            continue
        near = {id(group): group for owner in reading[bundle] for group in around.get(owner, ())}
        fitting = [
            group
            for group in near.values()
            if group.shape == shape and bundle.least_level(group) <= group.level
        ]
        group = min(fitting, key=lambda group: group.level, default=None)
        if group is None:
            group = Group(shape, bundle.level)
        bundle.group, bundle.level = group, group.level
        for owner in reading[bundle]:
            if group not in around.setdefault(owner, []):
                around[owner].append(group)


def arrays_read(bundles: list[Bundle]) -> dict[Bundle, set[int]]:
    """The arrays of its own shape that a bundle reads and writes, and what those are made from."""
    made_from: dict[int, set[int]] = {}
    found: dict[Bundle, set[int]] = {}
    for bundle in bundles:
        shape = bundle.entries
        if shape is None:
            continue
        arrays = [x for step in bundle.steps for x in step.arrays() if x.shape == shape]
        owners = {id(owner) for x in arrays for owner in x.keeps}
        found[bundle] = owners.union(*[made_from.get(owner, ()) for owner in owners])
        for step in bundle.steps:
            if step.out is not None and step.out.shape == shape:
                made_from[id(step.out)] = found[bundle]
    return found


def ordered(bundles: list[Bundle]) -> list[Step]:
    """Bundles and loops, each after what it needs, and otherwise in the order they had."""
    units: dict[int, list[Bundle]] = {}
    for bundle in bundles:
        units.setdefault(id(bundle.group or bundle), []).append(bundle)
    unit_of = {id(bundle): key for key, unit in units.items() for bundle in unit}
    users = {
        key: {unit_of[id(user)] for bundle in unit for user, _ in bundle.users} - {key}
        for key, unit in units.items()
    }
    missing = dict.fromkeys(units, 0)
    for needed in users.values():
        for key in needed:
            missing[key] += 1
    turn = {key: turn_of(unit) for key, unit in units.items()}
    ready = [(turn[key], key) for key, n in missing.items() if not n]
    heapify(ready)
    steps: list[Step] = []
    while ready:
        _, key = heappop(ready)
        body = [step for bundle in units[key] for step in bundle.steps]
        steps += body if len(units[key]) == 1 else [Loop(body)]
        for user in users[key]:
            missing[user] -= 1
            if not missing[user]:
                heappush(ready, (turn[user], user))
    return steps


def turn_of(unit: list[Bundle]) -> int:
    """When it is a unit's turn: with the last of its arrays, or the last of its sums."""
    arrays = [bundle.place for bundle in unit if not any(step.terms for step in bundle.steps)]
    return max(arrays or [bundle.place for bundle in unit])


def values_of(step: Step) -> list[Value]:
    """What a step of a loop reads and writes."""
    return step.arrays() if step.out is None else [*step.arrays(), step.out]


def can_be_flat(x: Value, shape: tuple[int, ...]) -> bool:
    """Whether the blocks of an array are slices of a vector, or it is a single number."""
    return not x.shape or (x.shape == shape and (x.strides is None or x.is_contiguous))


def size_of(shape: tuple[int, ...]) -> int:
    """Number of entries."""
    size = 1
    for n in shape:
        size *= n
    return size
