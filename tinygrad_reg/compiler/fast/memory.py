"""Which piece of memory each value uses, and when a piece is used again."""

from __future__ import annotations

from collections.abc import Callable

from tinygrad_reg.compiler.fast.blocks import Loop, size_of, values_of
from tinygrad_reg.compiler.fast.values import Step, Value

__all__ = ["Memory", "Slot", "plan"]

LINE = 64  # bytes: pieces begin where a line of the cache does


class Slot:
    """A piece of memory."""

    __slots__ = ("name", "nbytes")

    def __init__(self, number: int) -> None:
        self.name = f"memory{number}"
        self.nbytes = LINE


class Memory:
    """The pieces of memory of a workspace, and where the kept results lie.

    Attributes
    ----------
    slots : list of Slot
        All pieces.
    free : dict
        The pieces that nobody uses now, by their size; the last used comes last.
    kept : dict
        By the name of a dtype, the results in its block.
    """

    def __init__(self) -> None:
        self.slots: list[Slot] = []
        self.free: dict[int, list[Slot]] = {}
        self.kept: dict[str, list[Value]] = {}

    def take(self, nbytes: int) -> Slot:
        """A free piece: the smallest that is large enough, else the largest, made larger."""
        largest = max([size for size, slots in self.free.items() if slots], default=0)
        slot = self.take_free(min(nbytes, largest)) if largest else None
        if slot is None:
            slot = Slot(len(self.slots))
            self.slots.append(slot)
        slot.nbytes = max(slot.nbytes, nbytes)
        return slot

    def take_free(self, nbytes: int) -> Slot | None:
        """The smallest free piece that is large enough, if there is one."""
        fitting = [size for size, slots in self.free.items() if slots and size >= nbytes]
        return self.free[min(fitting)].pop() if fitting else None

    def give_back(self, slot: Slot) -> None:
        """A piece that nobody uses any more."""
        self.free.setdefault(slot.nbytes, []).append(slot)

    def keep(self, value: Value) -> None:
        """A place among the kept results."""
        block = self.kept.setdefault(value.dtype.name, [])
        if block:
            value.offset = block[-1].offset + in_lines(block[-1].nbytes)
        block.append(value)

    def kept_bytes(self, dtype: str) -> int:
        """The size of a block of kept results."""
        last = self.kept[dtype][-1]
        return last.offset + max(in_lines(last.nbytes), LINE)


def in_lines(nbytes: int) -> int:
    """A number of bytes, rounded up to whole lines."""
    return -(-nbytes // LINE) * LINE


def plan(steps: list[Step], returned: list[Value]) -> Memory:
    """Give every value its memory.

    A value may be written over an operand of the same shape that is not needed any more; and what
    is written over to become a result is computed in the result's array from the beginning.
    """
    return Plan(steps, returned).memory


class Plan:
    """Memory, while it is being given to values.

    Attributes
    ----------
    last : dict
        For everything that owns memory, by `id`, the last step that needs it.
    ending : dict
        For each step, the values in memory that no later step needs.
    """

    def __init__(self, steps: list[Step], returned: list[Value]) -> None:
        self.memory = Memory()
        self.last = last_uses(steps)
        self.last.update((id(owner), len(steps)) for x in returned for owner in x.keeps)
        self.ending: dict[int, list[Value]] = {}
        self.first = {id(step.out): i for i, step in first_writes(steps)}
        for i, step in enumerate(steps):
            if isinstance(step, Loop):
                self.settle(step, i)
        for i in reversed(range(len(steps))):
            self.into_results(steps[i], i)
        for i, step in enumerate(steps):
            if isinstance(step, Loop):
                self.give_loop(step, i)
            elif self.first.get(id(step.out)) == i:
                self.give(step, i)
            for value in self.ending.pop(i, ()):
                self.memory.give_back(value.slot)

    # -- steps -------------------------------------------------------------------------------------

    def give(self, step: Step, i: int) -> None:
        """Memory for the result of a step."""
        out = step.out
        assert out is not None
        if out.place == "kept":
            self.memory.keep(out)
        elif out.place == "memory":
            operand = self.overwritten(step, i)
            if operand is None:
                out.slot = self.memory.take(out.nbytes)
            else:
                self.hand_on(operand.root, out, i)
            self.ending.setdefault(self.last[id(out)], []).append(out)

    def hand_on(self, old: Value, new: Value, i: int) -> None:
        """Let a value have the memory of one that ends here."""
        new.slot = old.slot
        self.ending[i].remove(old)

    def overwritten(
        self,
        step: Step,
        i: int,
        inner: dict[int, int] | None = None,
        j: int = 0,
        places: tuple[str, ...] = ("memory", "block"),
    ) -> Value | None:
        """The operand that the result of a step can be written over.

        In a loop, `inner` is the last use of everything within the loop, and `j` the step in it;
        there, the operand has to be an array and not a view.
        """
        for operand in reversed(step.in_place):
            root = operand.root
            if root.place not in places or (inner is not None and operand is not root):
                continue
            ends = self.last[id(root)] == i if root.place == "memory" else root.place == "block"
            if inner is not None:
                ends = ends and inner[id(root)] == j
            if ends and can_be_written(step, operand):
                return operand
        return None

    def into_results(self, step: Step, i: int) -> None:
        """Let what becomes a result in place be computed in the result's own array."""
        if not isinstance(step, Loop) and (step.out is None or step.out.place != "result"):
            return
        body = step.body if isinstance(step, Loop) else [step]
        inner = last_uses(body, values_of)
        begun: set[int] = set()
        for j, first in first_writes(body):
            assert first.out is not None
            array = first.out.array
            if array.place != "result" or id(array) in begun:
                continue
            begun.add(id(array))
            if not isinstance(step, Loop) and self.first[id(first.out)] != i:
                continue
            operand = self.overwritten(first, i, inner, j)
            if operand is not None and operand.root.place == "memory":
                operand.root.place = "result"
                operand.root.array = array

    # -- loops -------------------------------------------------------------------------------------

    def settle(self, loop: Loop, i: int) -> None:
        """Find what is only needed block by block, and what of it becomes an array in place."""
        inner = last_uses(loop.body, values_of)
        for step in loop.body:
            if step.out is not None and step.out.place == "memory" and self.last[id(step.out)] == i:
                step.out.place = "block"
        for j, step in reversed(first_writes(loop.body)):
            out = step.out
            assert out is not None
            is_whole = out.place != "block" or out.array is not out
            if is_whole and self.overwritten(step, i, inner, j, ("memory",)) is None:
                operand = self.overwritten(step, i, inner, j, ("block",))
                if operand is not None:
                    operand.root.array = out.array

    def give_loop(self, loop: Loop, i: int) -> None:
        """Memory for the arrays and the blocks of a loop.

        Arrays come first: a piece that blocks have used is not free before the loop has ended.
        """
        inner = last_uses(loop.body, values_of)
        for j, step in first_writes(loop.body):
            out = step.out
            assert out is not None
            array = out.array
            operand = self.overwritten(step, i, inner, j)
            if array.place == "kept" and array is out:
                self.memory.keep(out)
            elif array.place == "memory" and array.slot is None:
                if operand is None or operand.root.place != "memory":
                    array.slot = self.memory.take(array.nbytes)
                else:
                    self.hand_on(operand.root, array, i)
                self.ending.setdefault(self.last[id(array)], []).append(array)
            elif array.place == "block" and operand is not None:
                out.array = operand.root.array
        self.give_blocks(loop)

    def give_blocks(self, loop: Loop) -> None:
        """Memory for what is as long as a block."""
        last: dict[Value, int] = {}
        for j, step in enumerate(loop.body):
            last.update((x.root.array, j) for x in values_of(step))
        nbytes = size_of(loop.block)
        unused = Memory()  # within the loop
        ending: dict[int, list[Slot]] = {}
        for j, step in enumerate(loop.body):
            array = step.out.array if step.out is not None else None
            if array is not None and array.place == "block" and array.slot is None:
                needed = nbytes * array.dtype.itemsize
                array.slot = unused.take_free(needed) or self.memory.take(needed)
                ending.setdefault(last[array], []).append(array.slot)
            for slot in ending.pop(j, ()):
                unused.give_back(slot)
        for slots in unused.free.values():
            for slot in slots:
                self.memory.give_back(slot)


def last_uses(
    steps: list[Step], values: Callable[[Step], list[Value]] = Step.values
) -> dict[int, int]:
    """For everything that owns memory, by `id`, the last step that needs it."""
    last: dict[int, int] = {}
    for i, step in enumerate(steps):
        for value in values(step):
            for owner in value.keeps:
                last[id(owner)] = i
    return last


def first_writes(steps: list[Step]) -> list[tuple[int, Step]]:
    """The steps that begin to write an array, and where they are."""
    found: dict[int, tuple[int, Step]] = {}
    for i, step in enumerate(steps):
        if step.out is not None and step.out.place != "scalar":
            found.setdefault(id(step.out), (i, step))
    return list(found.values())


def can_be_written(step: Step, operand: Value) -> bool:
    """Whether the result of a step may be written over one of its operands."""
    assert step.out is not None
    return step.out.is_in_place_of(operand) and all(
        x.is_in_place_of(operand) for x in step.values() if operand.root in x.keeps
    )
