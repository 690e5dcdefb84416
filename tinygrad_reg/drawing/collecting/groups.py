"""The groups that the nodes of a picture stand in: parts, scopes, calls and penalties.

Every node has a place in a tree of frames. Operations bring their own; leaves stand in the
innermost frame that holds everything that uses them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tinygrad_reg.drawing.collecting.formulas import (
    formula_of_gradients,
    formula_of_penalties,
    is_weight,
)
from tinygrad_reg.drawing.collecting.history import FORWARD, GRADIENT, UPDATE
from tinygrad_reg.drawing.picture import Group, Picture
from tinygrad_reg.drawing.symbols import PENALTIES
from tinygrad_reg.modes import Scope
from tinygrad_reg.tensor import Tensor, rules

if TYPE_CHECKING:
    from tinygrad_reg.drawing.collecting.collection import Collection

__all__ = ["add_groups"]

ADD = rules[np.add]
FEWEST_IN_CALL = 2


class Part(NamedTuple):
    """A part of the computation, as something that a frame can be for."""

    name: str


class Penalty(NamedTuple):
    """The penalties of a part, as something that a frame can be for."""

    formula: str


class Frame:
    """A group that nodes may stand in: for a part, a scope, a call or penalties."""

    def __init__(self, around: Frame | None = None, what: Any = None) -> None:
        self.around = around
        self.what = what
        self.depth: int = around.depth + 1 if around is not None else 0
        self.inner: dict[Any, Frame] = {}
        self.operations = 0  # inside of it, and of what is inside
        self.is_open = True  # whether it becomes a group

    def frame(self, what: Any) -> Frame:
        """The frame inside of this one for something."""
        if what not in self.inner:
            self.inner[what] = Frame(self, what)
        return self.inner[what]


def add_groups(picture: Picture, shown: Collection) -> None:
    """Add the groups to a picture, and put its nodes into them."""
    there_are = [part for part in shown.history.parts() if part in shown.parts.values()]
    root = Frame()
    several = len(there_are) > 1
    tops = {part: root.frame(Part(part)) if several else root for part in there_are}
    frames = frames_of_operations(shown, tops)
    for part in there_are:
        frame_penalties(shown, part, frames)
    close_small_calls(shown, frames)
    frame_leaves(shown, tops, frames)
    keys: dict[Frame, str] = {}
    for part in there_are if several else ():
        add_group(picture, tops[part], keys, shown)
    for node, tensor in zip(picture.nodes, shown.tensors, strict=True):
        node.group = add_group(picture, frames[id(tensor)], keys, shown)
    is_first_order = there_are[:2] == [FORWARD, GRADIENT] and there_are[2:] in ([], [UPDATE])
    picture.turns_back = is_first_order and not gradient_of_update(shown)


def frames_of_operations(shown: Collection, tops: dict[str, Frame]) -> dict[int, Frame]:
    """The frame of each operation: that of the forward one for what its rule has made."""
    frames: dict[int, Frame] = {}
    for tensor in shown.tensors:
        if shown.is_recorded(tensor):
            frame = tops[shown.parts[id(tensor)]]
            for scope in scopes_of(shown.history.source_of(tensor), shown):
                frame = frame.frame(scope)
            frames[id(tensor)] = frame
    return frames


def scopes_of(tensor: Tensor, shown: Collection) -> Iterable[Scope]:
    """The `tg.scope` blocks and the calls that a tensor was made in, outermost first."""
    place = getattr(tensor, "place", None)
    blocks: tuple[Scope, ...] = place.scopes if place is not None else ()
    calls = shown.history.moment_of(tensor).calls
    if not calls:
        return blocks
    found: list[Scope] = []
    done = 0
    for call in calls:
        found += blocks[done : call.depth]
        done = max(done, min(call.depth, len(blocks)))
        found.append(call.scope)
    return [*found, *blocks[done:]]


def frame_penalties(shown: Collection, part: str, frames: dict[int, Frame]) -> None:
    """Put the penalties of a part into a frame of their own, with sums of nothing but penalties."""
    members: dict[int, Tensor] = {}
    makers: dict[int, Tensor] = {}
    for tensor in shown.tensors:
        if shown.parts[id(tensor)] != part:
            continue
        maker = shown.penalty_behind(tensor)
        if tensor.rule in PENALTIES or maker is not None:
            members[id(tensor)] = tensor
            if maker is not None:
                makers[id(maker)] = maker
        elif shown.is_recorded(tensor):
            operands = [x for _, x in shown.operands(tensor)]
            if part == FORWARD:
                operands = [x for x in operands if x.number]
            elif tensor.rule is not ADD:
                continue
            if operands and all(id(x) in members for x in operands):
                members[id(tensor)] = tensor
    if not members:
        return
    formula = ""
    if part == FORWARD:
        formula = formula_of_penalties(shown)
    elif part == GRADIENT:
        formula = formula_of_gradients([*makers.values()], [*members.values()], shown)
    around = common([frames[key] for key in members if key in frames])
    if around is None:  # nothing but constants
        return
    frame = around.frame(Penalty(formula))
    for key in members:
        frames[key] = frame


def close_small_calls(shown: Collection, frames: dict[int, Frame]) -> None:
    """Make no group of a call in which there are fewer than two operations, or only penalties.

    Nor of what the gradient of a call takes if the call, of a function of ours, takes only one.
    """
    beside_penalties: set[Frame] = set()
    for tensor in shown.tensors:
        frame = frames[id(tensor)] if shown.is_recorded(tensor) else None
        is_penalty = frame is not None and isinstance(frame.what, Penalty)
        while frame is not None:
            frame.operations += 1
            if not is_penalty:
                beside_penalties.add(frame)
            frame = frame.around
    forward: Counter[Scope] = Counter()
    for tensor in shown.tensors:
        if shown.is_recorded(tensor) and shown.history.sweep_of(tensor) is None:
            forward.update({*scopes_of(tensor, shown)})
    for outermost in {*frames.values()}:
        frame = outermost
        while frame is not None:
            if isinstance(frame.what, Scope) and frame.what.is_call:
                frame.is_open = frame.operations >= FEWEST_IN_CALL and frame in beside_penalties
                if shown.history.is_ours(frame.what) and forward[frame.what] < FEWEST_IN_CALL:
                    frame.is_open = False
            frame = frame.around


def frame_leaves(shown: Collection, tops: dict[str, Frame], frames: dict[int, Frame]) -> None:
    """Put each leaf into the innermost frame that holds all operations of its part that use it.

    Weights stay outside of their penalty, so that one sees which are penalized.
    """
    users: dict[int, list[Frame]] = {}
    for tensor in shown.tensors:
        if not shown.is_recorded(tensor):
            continue
        for position, x in shown.operands(tensor):
            if not shown.is_recorded(x) and shown.parts[id(x)] == shown.parts[id(tensor)]:
                frame = frames[id(tensor)]
                if is_weight(tensor, position):
                    frame = frame.around or frame
                users.setdefault(id(x), []).append(frame)
    for tensor in shown.tensors:
        if id(tensor) not in frames:
            around = common(users.get(id(tensor), []))
            frames[id(tensor)] = around or tops[shown.parts[id(tensor)]]


def common(frames: list[Frame]) -> Frame | None:
    """The innermost frame around all of some frames."""
    if not frames:
        return None
    found = frames[0]
    for frame in frames[1:]:
        while frame is not found:
            if frame.depth > found.depth:
                frame = frame.around  # type: ignore[assignment]
            else:
                found = found.around  # type: ignore[assignment]
    return found


def add_group(
    picture: Picture, frame: Frame, keys: dict[Frame, str], shown: Collection
) -> str | None:
    """The key of a frame's group, which is added if it is not there, as are those around it."""
    missing: list[Frame] = []
    around: Frame | None = frame
    while around is not None and around not in keys:
        if around.is_open and around.what is not None:
            missing.append(around)
        around = around.around
    key = keys[around] if around is not None else None
    for each in reversed(missing):
        parent, key = key, f"g{len(keys)}"
        keys[each] = key
        picture.groups.append(group_for(each.what, key, parent, shown))
    return key


def group_for(what: Any, key: str, parent: str | None, shown: Collection) -> Group:
    """The group for a part, a scope, a call or penalties."""
    if isinstance(what, Part):
        return Group(key, what.name, "part", parent)
    if isinstance(what, Penalty):
        return Group(key, "penalty", "penalty", parent, what.formula)
    kind = "call" if what.is_call else "scope"
    return Group(key, what.name, kind, parent, is_ours=shown.history.is_ours(what))


def gradient_of_update(shown: Collection) -> bool:
    """Whether a gradient was taken after an update."""
    return any(
        shown.parts[id(x)] == UPDATE and shown.parts[id(tensor)] != UPDATE
        for tensor in shown.tensors
        for _, x in shown.operands(tensor)
    )
