"""The text of a fast program: a function that makes a workspace, and in it the program."""

from __future__ import annotations

import numpy as np

from tinygrad_reg.compiler.fast.blocks import Loop, in_blocks, values_of
from tinygrad_reg.compiler.fast.lowering import FLOATS, HAND_OVER, Lowering
from tinygrad_reg.compiler.fast.memory import plan
from tinygrad_reg.compiler.fast.names import is_safe
from tinygrad_reg.compiler.fast.values import Step, Value

__all__ = ["emit"]

HEAD = '''\
"""{name}, with memory that is used again: workspace({parameters}) makes the program."""

import numpy as np


def memory(nbytes):
    """Memory that begins where a line of the cache does."""
    block = np.zeros(nbytes + 63, np.uint8)
    start = -block.ctypes.data % 64
    return block[start : start + nbytes]


def parts(length, step):
    """Slices of a block each."""
    return [slice(i, min(i + step, length)) for i in range(0, length, step)]


def workspace({parameters}):
    """A program for one call at a time: its constants and its memory."""
'''
TAB = "    "


class Emission:
    """The lines of a program, while they are being written."""

    def __init__(self, lowering: Lowering) -> None:
        self.lowering = lowering
        self.defined: set[int] = set()
        self.functions: list[str] = []
        self.setup: list[str] = []
        self.lines: list[str] = []
        self.block_shapes: dict[Value, tuple[int, ...]] = {}
        self.same: dict[str, Value] = {}  # how an array is made -> who has it
        returned = [x for parts, _ in lowering.returned for x in parts if isinstance(x, Value)]
        returned += [x for _, x in lowering.returned if x is not None]
        steps = in_blocks(lowering.steps)
        self.memory = plan(steps, returned)
        for step in steps:
            self.write(step)
        self.write_checks()
        self.write_return()

    # -- lines -------------------------------------------------------------------------------------

    def write(self, step: Step) -> None:
        """The line of a step, after whatever it needs."""
        if isinstance(step, Loop):
            self.write_loop(step)
        elif step.copy and any(is_same(step.out, x) for x in step.in_place):
            self.define(step.out)
        else:
            self.lines.append(f"{self.text(step.parts)}{shape_of(step.out)}")

    def write_loop(self, loop: Loop) -> None:
        """A loop over the blocks of some arrays."""
        cut = Cut(self, loop)
        totals = [step.out for step in loop.body if step.terms and step.out is not None]
        lines = []
        for step in loop.body:
            names = {x: cut.name(x) for x in values_of(step)}
            if step.terms:
                lines.append(f"{self.text((step.out,))} += {self.sum_of(step, names, loop)}")
            elif not (step.copy and any(is_same(step.out, x) for x in step.in_place)):
                lines.append("".join([x if isinstance(x, str) else names[x] for x in step.parts]))
        part = cut.part
        length = f"{part}.stop - {part}.start"
        inner = "".join(f", {name}[: {length}]" for name in cut.blocks)
        pieces = f"parts({loop.length}, {loop.block[0]})"
        name = self.lowering.names.unique("loop")
        pieces = f"[({part}{inner}) for {part} in {pieces}]" if inner else pieces
        self.setup.append(f"{name} = {pieces}")
        self.lines += [f"{x.name} = 0.0" for x in totals]
        self.lines.append(f"for {', '.join([part, *cut.blocks])} in {name}:  # {loop.shape}")
        self.lines += [f"{TAB}{inner} = {outer}[{part}]" for outer, inner in cut.slices.items()]
        self.lines += [f"{TAB}{line}" for line in lines]
        for x in totals:
            if x.dtype != np.float64:
                self.lines.append(f"{x.name} = np.{x.dtype.name}({x.name})")

    def sum_of(self, step: Step, names: dict[Value, str], loop: Loop) -> str:
        """The sum over a block."""
        given = [names[x] for x in step.terms]
        if len(given) == 1:
            text = f"{self.text((self.lowering.function(np.add.reduce),))}({given[0]}, None)"
        else:
            dot = self.text((self.lowering.function(np.dot if loop.is_flat else np.vdot),))
            text = f"{dot}({given[0]}, {given[1]})"
        return text if step.terms[0].dtype == np.float64 else f"float({text})"

    def text(self, parts: tuple[str | Value, ...]) -> str:
        """Text and names of values."""
        written = []
        for x in parts:
            if isinstance(x, Value):
                self.define(x)
                written.append(x.text)
            else:
                written.append(x)
        return "".join(written)

    def write_checks(self) -> None:
        """Hand over to the engine if there is a NaN in a result."""
        conditions = [
            self.kept_has_nan(dtype)
            for dtype in self.memory.kept
            if dtype in ("float32", "float64")
        ]
        for _, value in self.lowering.returned:
            if value is not None and (value.place != "kept" or value.dtype not in FLOATS):
                conditions.append(self.text(self.lowering.has_nan(value)))
        conditions = list(dict.fromkeys(conditions))
        if conditions:
            self.lines.append(f"if {' or '.join(conditions)}:")
            self.lines.append(f"{TAB}{HAND_OVER}")

    def kept_has_nan(self, dtype: str) -> str:
        """The condition that there is a NaN in the kept results of a dtype."""
        dot = self.text((self.lowering.function(np.dot),))
        whole = f"kept_{dtype}"
        return f"(n := {dot}({whole}, {whole})) != n"

    def write_return(self) -> None:
        """The results."""
        texts = [self.text(parts) for parts, _ in self.lowering.returned]
        self.lines.append(f"return ({''.join(f'{text}, ' for text in texts)})".replace(", )", ",)"))

    # -- definitions -------------------------------------------------------------------------------

    def define(self, value: Value | None) -> None:
        """Write what a value needs, and the value itself if no step computes it."""
        todo = [value] if value is not None else []
        while todo:
            top = todo[-1]
            missing = [
                x for x in top.definition if isinstance(x, Value) and id(x) not in self.defined
            ]
            if id(top) in self.defined:
                todo.pop()
            elif missing:
                todo += missing
            else:
                todo.pop()
                self.defined.add(id(top))
                self.define_itself(top)

    def define_itself(self, value: Value) -> None:
        """The line that makes a constant, a view or memory."""
        place = value.root.place
        if value.definition:
            text = "".join(x if isinstance(x, str) else x.text for x in value.definition)
            if value.place == "constant" and value.dtype is None:
                self.functions.append(f"{value.name} = {text}")
            elif place in ("constant", "memory", "kept"):
                self.setup.append(f"{value.name} = {text}")
            else:
                self.lines.append(f"{value.name} = {text}")
        elif place == "result" and value.array is value:
            self.lines.append(f"{value.name} = np.empty({value.shape}, np.{value.dtype.name})")
        elif place == "result":
            self.define(value.owner)
        else:
            self.define_memory(value)

    def define_memory(self, value: Value) -> None:
        """The line that makes an array in a piece of memory, once for a shape and dtype."""
        if value.place in ("memory", "kept", "block"):
            first = self.first(value)
            if first is value:
                self.setup.append(f"{value.name} = {self.in_memory(value)}")
            elif value.is_named:
                self.setup.append(f"{value.name} = {first.text}")
            else:
                value.array = first

    def in_memory(self, value: Value) -> str:
        """The expression for an array in a piece of memory."""
        kept = value.place == "kept"
        block = f"kept_{value.dtype.name}" if kept else value.slot.name
        offset = f", {value.offset}" if value.offset else ""
        shape = self.block_shapes[value] if value.place == "block" else value.shape
        return f"np.ndarray({shape}, np.{value.dtype.name}, {block}{offset})"

    def first(self, value: Value) -> Value:
        """The value that was the first in the same memory, with the same shape and dtype."""
        if value.place not in ("memory", "kept", "block"):
            return value.owner
        return self.same.setdefault(self.in_memory(value), value)

    # -- the whole ---------------------------------------------------------------------------------

    def source(self) -> str:
        """The module."""
        blocks = [f"{slot.name} = memory({slot.nbytes})" for slot in self.memory.slots]
        for dtype in self.memory.kept:
            size = self.memory.kept_bytes(dtype)
            blocks.append(f"kept_{dtype} = memory({size}).view(np.{dtype})")
        parameters = ", ".join(self.lowering.constants)
        inputs = ", ".join([x.name for x in self.lowering.inputs])
        head = HEAD.format(name=title_of(self.lowering.graph.name), parameters=parameters)
        inner = "".join(f"{TAB}{TAB}{line}\n" for line in self.lines)
        outer = "".join(f"{TAB}{line}\n" for line in [*self.functions, *blocks, *self.setup])
        return f"{head}{outer}\n{TAB}def program({inputs}):\n{inner}\n{TAB}return program\n"


class Cut:
    """The names of arrays inside of a loop, where they are slices or blocks of their own.

    Attributes
    ----------
    part : str
        The name of the slice.
    blocks : dict
        The names of arrays that are as long as a block.
    slices : dict
        Arrays outside, by the names that they have there, and the names of their slices.
    """

    def __init__(self, emission: Emission, loop: Loop) -> None:
        self.emission = emission
        self.loop = loop
        self.part = emission.lowering.names.unique("part")
        self.blocks: dict[str, None] = {}
        self.slices: dict[str, str] = {}

    def name(self, x: Value) -> str:
        """What stands for a value in the loop."""
        if x.root.place == "block":
            x = x.root.owner
        if x.place == "block":
            self.emission.block_shapes[x] = self.loop.block
            self.emission.define(x)
            self.blocks[x.text] = None
            return x.text
        if x.base is None and x.shape:
            self.emission.define(x)
            x = self.emission.first(x)
        if self.loop.is_flat and x.shape:
            x = self.emission.lowering.flat(x)
        elif len(x.shape) < len(self.loop.shape) or x.shape[0] != self.loop.shape[0]:
            return self.emission.text((x,))
        outer = self.emission.text((x,))
        if outer not in self.slices:
            self.slices[outer] = self.emission.lowering.names.unique(f"{outer}_part")
        return self.slices[outer]


def is_same(out: Value | None, operand: Value) -> bool:
    """Whether a value was written over an operand."""
    if out is None:
        return False
    one, other = out.owner, operand.root.owner
    return one is other or (one.slot is not None and one.slot is other.slot)


def shape_of(out: Value | None) -> str:
    """A comment with the shape of what a line computes."""
    return f"  # {out.shape}" if out is not None and out.shape else ""


def title_of(name: str) -> str:
    """A function's name, if it can stand in a text."""
    return name if is_safe(name) else "A program"


def emit(lowering: Lowering) -> str:
    """The text of a program."""
    return Emission(lowering).source()
