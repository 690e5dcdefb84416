"""The inside of a loop over blocks, where arrays are slices, or as long as a block."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tinygrad_reg.compiler.fast.blocks import Loop, values_of
from tinygrad_reg.compiler.fast.values import Step, Value

if TYPE_CHECKING:
    from tinygrad_reg.compiler.fast.emission import Emission

__all__ = ["Inside"]


class Inside:
    """The lines and names inside of a loop.

    Attributes
    ----------
    part : str
        The name of the slice.
    blocks, slices : dict
        Names inside, by those outside: of arrays that are as long as a block, and of slices.
    """

    def __init__(self, emission: Emission, loop: Loop) -> None:
        self.emission = emission
        self.loop = loop
        self.part = emission.lowering.names.space.claim_numbered("part")
        self.blocks: dict[str, str] = {}
        self.slices: dict[str, str] = {}

    def lines(self) -> list[str]:
        """All lines inside."""
        lines = [self.line(step) for step in self.loop.body if not step.is_done_by_writing_over]
        return [*[f"{inner} = {x}[{self.part}]" for x, inner in self.slices.items()], *lines]

    def line(self, step: Step) -> str:
        """The line of a step."""
        names = {x: self.name(x) for x in values_of(step)}
        if step.terms and step.out is not None:
            return f"{step.out.name} += {self.sum_of(step, [names[x] for x in step.terms])}"
        return "".join([x if isinstance(x, str) else names[x] for x in step.parts])

    def sum_of(self, step: Step, terms: list[str]) -> str:
        """The sum over a block, which is added up in float64."""
        lowering = self.emission.lowering
        if len(terms) == 1:
            call = self.emission.text((lowering.function(np.add.reduce),))
            text = f"{call}({terms[0]}, None)"
        else:
            dot = lowering.function(np.dot if self.loop.is_flat else np.vdot)
            text = f"{self.emission.text((dot,))}({', '.join(terms)})"
        return text if step.terms[0].dtype == np.float64 else f"float({text})"

    def name(self, x: Value) -> str:
        """What stands for a value inside."""
        if x.root.place == "block":
            x = x.root.owner
        if x.place == "block":
            self.emission.block_shapes[x] = self.loop.block
            return self.inner(self.blocks, self.emission.text((x,)))
        if x.base is None and x.shape:
            self.emission.define(x)
            x = self.emission.first(x)  # every array once
        if self.loop.is_flat and x.shape:
            x = self.emission.lowering.flat(x)
        elif len(x.shape) < len(self.loop.shape) or x.shape[0] != self.loop.shape[0]:
            return self.emission.text((x,))
        return self.inner(self.slices, self.emission.text((x,)))

    def inner(self, names: dict[str, str], outer: str) -> str:
        """The name inside for one outside."""
        if outer not in names:
            names[outer] = self.emission.lowering.names.space.claim(f"{outer}_part")
        return names[outer]

    def variables(self) -> str:
        """What changes from block to block."""
        return ", ".join([self.part, *self.blocks.values()])

    def pieces(self) -> str:
        """The slices, each with arrays of its length, of which the last may be shorter."""
        pieces = f"parts({self.loop.length}, {self.loop.block[0]})"
        if not self.blocks:
            return pieces
        length = f"{self.part}.stop - {self.part}.start"
        arrays = "".join([f", {x}[: {length}]" for x in self.blocks])
        return f"[({self.part}{arrays}) for {self.part} in {pieces}]"
