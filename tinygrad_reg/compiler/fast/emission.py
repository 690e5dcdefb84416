"""The text of a fast program: a module of its memory, and the program in it.

Memory is global and not in a closure, because Python takes a time that grows with the square of
their number to compile the variables of a closure.
"""

from __future__ import annotations

import numpy as np

from tinygrad_reg.compiler.fast.blocks import Loop, in_blocks
from tinygrad_reg.compiler.fast.loops import Inside
from tinygrad_reg.compiler.fast.lowering import HAND_OVER, Lowering
from tinygrad_reg.compiler.fast.memory import plan
from tinygrad_reg.compiler.fast.values import FLOATS, Part, Step, Value
from tinygrad_reg.compiler.readable.literals import dtype_text
from tinygrad_reg.compiler.readable.names import identifier

__all__ = ["Emission"]

TAB = "    "
HEAD = '''\
"""{title}, with memory that every call uses again."""

import numpy as np


def memory(nbytes):
    """Memory that begins where a line of the cache does."""
    block = np.zeros(nbytes + 63, np.uint8)
    start = -block.ctypes.data % 64
    return block[start : start + nbytes]


def parts(length, step):
    """Slices, one after the other."""
    return [slice(i, min(i + step, length)) for i in range(0, length, step)]


'''


class Emission:
    """The lines of a program.

    Attributes
    ----------
    functions, setup : list of str
        What is done once: functions under short names; constants, memory and views of it.
    lines : list of str
        The program itself.
    """

    def __init__(self, lowering: Lowering) -> None:
        self.lowering = lowering
        self.defined: set[int] = set()
        self.functions: list[str] = []
        self.setup: list[str] = []
        self.lines: list[str] = []
        self.block_shapes: dict[Value, tuple[int, ...]] = {}
        self.same: dict[object, Value] = {}  # how an array is made -> the first that is made so
        needed = [x for parts, _ in lowering.returned for x in parts if isinstance(x, Value)]
        needed += [x for _, x in lowering.returned if x is not None]
        steps = in_blocks(lowering.steps)
        self.memory = plan(steps, needed)
        for step in steps:
            self.write(step)
        self.write_checks()
        texts = [self.text(parts) for parts, _ in lowering.returned]
        self.lines.append(f"return {', '.join(texts)}," if texts else "return ()")

    # -- lines -------------------------------------------------------------------------------------

    def write(self, step: Step) -> None:
        """The line of a step, after whatever it needs."""
        if isinstance(step, Loop):
            self.write_loop(step)
        elif step.is_done_by_writing_over:
            self.define(step.out)
        else:
            self.lines.append(self.text(step.parts) + shape_of(step.out))

    def write_loop(self, loop: Loop) -> None:
        """A loop over the blocks of some arrays."""
        inside = Inside(self, loop)
        lines = inside.lines()
        name = self.lowering.names.space.claim_numbered("loop")
        self.setup.append(f"{name} = {inside.pieces()}")
        totals = [step.out for step in loop.body if step.terms and step.out is not None]
        self.lines += [f"{x.name} = 0.0" for x in totals]
        self.lines.append(f"for {inside.variables()} in {name}:  # {loop.shape}")
        self.lines += [TAB + line for line in lines]
        for x in totals:
            if x.dtype != np.float64:
                self.lines.append(f"{x.name} = {dtype_text(x.dtype)}({x.name})")

    def write_checks(self) -> None:
        """Hand over to the engine if there is a NaN in a result."""
        conditions: list[str] = []
        dot = self.lowering.function(np.dot)
        for dtype in self.memory.kept:
            if dtype in FLOATS:
                conditions.append(
                    self.text(("(n := ", dot, f"({kept(dtype)}, {kept(dtype)})) != n"))
                )
        for _, value in self.lowering.returned:
            if value is not None and not (value.place == "kept" and value.dtype in FLOATS):
                conditions.append(self.text(self.lowering.has_nan(value)))
        if conditions:
            self.lines.append(f"if {' or '.join(dict.fromkeys(conditions))}:")
            self.lines.append(TAB + HAND_OVER)

    def text(self, parts: tuple[Part, ...]) -> str:
        """Text and names, after what they stand for has been defined."""
        written = []
        for x in parts:
            if isinstance(x, Value):
                self.define(x)
            written.append(x if isinstance(x, str) else x.text)
        return "".join(written)

    # -- definitions -------------------------------------------------------------------------------

    def define(self, value: Value | None) -> None:
        """Write what a value needs, and the value itself if no step computes it."""
        todo = [] if value is None else [value]
        while todo:
            top = todo.pop()
            if id(top) in self.defined:
                continue
            missing = [x for x in top.needs() if id(x) not in self.defined]
            if missing:
                todo += [top, *missing]
            else:
                self.defined.add(id(top))
                self.define_itself(top)

    def define_itself(self, value: Value) -> None:
        """The line that makes a constant, a view or memory."""
        place = value.root.place
        if value.definition:
            line = f"{value.name} = {self.text(value.definition)}"
            if place == "constant" and value.dtype is None:
                self.functions.append(line)
            else:
                (self.setup if place in ("constant", *MEMORY) else self.lines).append(line)
        elif place == "result" and value.array is value:
            dtype = dtype_text(value.dtype)
            self.lines.append(f"{value.name} = np.empty({value.shape}, {dtype})")
        elif place in MEMORY:
            self.define_memory(value)

    def define_memory(self, value: Value) -> None:
        """The line that makes an array in a piece of memory, once for a shape and dtype."""
        first = self.first(value)
        if first is value:
            self.setup.append(f"{value.name} = {self.in_memory(value)}")
        elif value.is_named:
            self.setup.append(f"{value.name} = {first.name}")
        else:
            value.alias = first

    def first(self, value: Value) -> Value:
        """The value that was the first in the same memory, with the same shape and dtype."""
        if value.place not in MEMORY:
            return value.owner
        return self.same.setdefault((self.in_memory(value), value.shape), value)

    def in_memory(self, value: Value) -> str:
        """The expression for an array in a piece of memory."""
        dtype = dtype_text(value.dtype)
        if value.place == "kept":
            start = f", {value.offset}" if value.offset else ""
            return f"np.ndarray({value.shape}, {dtype}, {kept(value.dtype)}{start})"
        shape = self.block_shapes.get(value, value.shape)
        return f"np.ndarray({shape}, {dtype}, {value.slot.name})"

    # -- the whole ---------------------------------------------------------------------------------

    def source(self) -> str:
        """The module."""
        blocks = [f"{slot.name} = memory({slot.nbytes})" for slot in self.memory.slots]
        for dtype in self.memory.kept:
            size = self.memory.kept_bytes(dtype)
            blocks.append(f"{kept(dtype)} = memory({size}).view({dtype_text(dtype)})")
        given = ", ".join(self.lowering.constants)
        title = identifier(self.lowering.graph.name, "program")
        inputs = ", ".join([x.name for x in self.lowering.inputs])
        return "".join(
            [
                HEAD.format(title=title),
                f"# Given: {given}\n" if given else "",
                *[f"{line}\n" for line in (*self.functions, *blocks, *self.setup)],
                f"\n\ndef program({inputs}):\n",
                *[f"{TAB}{line}\n" for line in self.lines],
            ]
        )


MEMORY = ("memory", "kept", "block")


def kept(dtype: object) -> str:
    """The name of the memory for small results of a dtype."""
    return f"kept_{np.dtype(dtype).name}"  # type: ignore[call-overload]


def shape_of(out: Value | None) -> str:
    """A comment with the shape of what a line computes."""
    return f"  # {out.shape}" if out is not None and out.shape else ""
