"""What every part of the tour is given."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

__all__ = ["Settings", "Track", "untracked"]

T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    """The seed of everything random, and whether to train for fewer steps."""

    seed: int = 0
    quick: bool = False

    def rng(self) -> np.random.Generator:
        """A new generator from the seed."""
        return np.random.default_rng(self.seed)

    def steps(self, full: int, quick: int) -> int:
        """How many steps to train for."""
        return quick if self.quick else full


class Track(Protocol):
    """Shows how far a loop has come."""

    def __call__(self, loop: Iterable[T], what: str) -> Iterable[T]:
        """The items of `loop`, while a progress bar named `what` moves."""
        ...


def untracked(loop: Iterable[T], what: str) -> Iterable[T]:
    """The items of `loop`, without a progress bar."""
    return loop
